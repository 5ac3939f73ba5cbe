-- description: Supernova candidates: one of SuperNNova's scores above 0.5, two detections or more within 90 days, no known asteroid, near a galaxy or uncatalogued.
-- origin: fink-filters, ztf/livestream/filter_sn_candidates; Möller & de Boissière 2020, MNRAS 491, 4277
SELECT * FROM alerts
WHERE (snn_snia_vs_nonia > 0.5 OR snn_sn_vs_all > 0.5)
  AND candidate.drb > 0.5
  AND candidate.classtar > 0.4
  AND candidate.jd - candidate.jdstarthist <= 90
  AND candidate.ndethist > 1
  AND roid <> 3
  AND simbad_host(cdsxmatch)
