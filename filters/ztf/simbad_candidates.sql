-- description: Objects of SIMBAD, except galaxies, which are everywhere, and transients.
-- origin: fink-filters, ztf/filter_simbad_candidates
SELECT * FROM alerts
WHERE simbad_known(cdsxmatch)
