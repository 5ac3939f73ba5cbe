-- description: Perhaps young supernovae of type Ia: one of SuperNNova's scores and the score of early type Ia above 0.5, at most 20 detections, near a galaxy or uncatalogued.
-- origin: fink-filters, ztf/livestream/filter_early_sn_candidates; Leoni et al. 2022, A&A 663, A13; Möller & de Boissière 2020, MNRAS 491, 4277
SELECT * FROM alerts
WHERE (snn_snia_vs_nonia > 0.5 OR snn_sn_vs_all > 0.5)
  AND rf_snia_vs_nonia > 0.5
  AND candidate.ndethist <= 20
  AND candidate.drb > 0.5
  AND candidate.classtar > 0.4
  AND simbad_host(cdsxmatch)
