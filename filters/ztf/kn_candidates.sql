-- description: Kilonova candidates by their light curve: score above 0.5, less than 5 days old, fewer than 20 detections, no known asteroid, near a galaxy or uncatalogued.
--   Unlike the original: that one fails for a whole batch if an alert that it selects has one detection only, because its message for Slack wants two.
-- origin: fink-filters, ztf/livestream/filter_kn_candidates; Biswas et al. 2023, A&A 677, A77
SELECT * FROM alerts
WHERE rf_kn_vs_nonkn > 0.5
  AND candidate.drb > 0.5
  AND candidate.classtar > 0.4
  AND candidate.jd - candidate.jdstarthist < 5
  AND candidate.ndethist < 20
  AND roid <> 3
  AND simbad_host(cdsxmatch)
