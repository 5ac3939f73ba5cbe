-- description: Objects of SIMBAD, except galaxies, fainter than 20.5 mag.
-- origin: fink-filters, ztf/filter_example
SELECT * FROM alerts
WHERE simbad_known(cdsxmatch)
  AND candidate.magpsf > 20.5
