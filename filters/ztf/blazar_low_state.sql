-- description: Monitored blazars in a low state: the last flux, and the mean of 30 days, below the blazar's threshold. Needs the list of blazars that `science.blazars` names.
-- origin: fink-filters, ztf/filter_blazar_low_state
SELECT * FROM alerts
WHERE blazar_stats.instantness_low >= 0
  AND blazar_stats.instantness_low < 1
  AND blazar_stats.robustness_low >= 0
  AND blazar_stats.robustness_low < 1
