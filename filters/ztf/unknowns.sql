-- description: What no catalogue and no classifier knows: not in SIMBAD, and no candidate for supernova, kilonova, microlensing or the solar system.
-- origin: fink-filters, ztf/livestream/filter_unknowns
WITH asked AS (
  SELECT *, candidate.jd - candidate.jdstarthist AS age, snn_snia_vs_nonia > 0.5 OR snn_sn_vs_all > 0.5 AS is_sn,
    candidate.drb > 0.5 AND candidate.classtar > 0.4 AND simbad_host(cdsxmatch) AS is_possible
  FROM alerts
)
SELECT * FROM asked
WHERE NOT simbad_known(cdsxmatch)
  AND roid NOT IN (2, 3)
  AND NOT coalesce(mulens > 0, false)
  AND NOT coalesce(is_possible AND is_sn AND candidate.ndethist > 1 AND age <= 90, false)
  AND NOT coalesce(is_possible AND is_sn AND candidate.ndethist <= 20 AND rf_snia_vs_nonia > 0.5, false)
  AND NOT coalesce(is_possible AND rf_kn_vs_nonkn > 0.5 AND candidate.ndethist < 20 AND age < 5, false)
