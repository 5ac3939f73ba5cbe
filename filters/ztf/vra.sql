-- description: Faint and real, unknown to SIMBAD and no known asteroid, for the Virtual Research Assistant.
-- origin: fink-filters, ztf/livestream/filter_vra
SELECT * FROM alerts
WHERE cdsxmatch = 'Unknown'
  AND roid <> 3
  AND candidate.magpsf > 19.5
  AND candidate.drb > 0.5
