-- description: Southern supernova candidates in galaxies nearer than 200 Mpc, for the VAST survey.
-- origin: fink-filters, ztf/filter_vast_supernovae_candidates
SELECT * FROM alerts
WHERE try_cast(mangrove.lum_dist AS double) < 200
  AND candidate.dec < -10
  AND snn_sn_vs_all > 0.5
