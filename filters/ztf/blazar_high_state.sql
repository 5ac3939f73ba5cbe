-- description: Monitored blazars in a high state: the last flux, and the mean of 5 days, above the blazar's threshold. Needs the list of blazars that `science.blazars` names.
-- origin: fink-filters, ztf/filter_blazar_high_state
SELECT * FROM alerts
WHERE blazar_stats.instantness_high > 1
  AND blazar_stats.robustness_high > 1
