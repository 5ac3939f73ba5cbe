-- description: Blazars and BL Lac objects of SIMBAD, confirmed or candidates.
-- origin: fink-filters, ztf/livestream/filter_blazar
SELECT * FROM alerts
WHERE cdsxmatch IN ('Blazar', 'Blazar_Candidate', 'BLLac', 'BLLac_Candidate')
