-- description: All transients and few others: brighter than the reference and than 19.8 mag, real, stationary, no asteroid, no variable star, not on or beside a bright star.
-- origin: fink-filters, ztf/filter_transient_complete
SELECT * FROM alerts
WHERE is_transient
