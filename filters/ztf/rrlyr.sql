-- description: RR Lyrae stars of SIMBAD.
-- origin: fink-filters, ztf/filter_rrlyr
SELECT * FROM alerts
WHERE cdsxmatch IN ('RRLyr', 'RRLyrae')
