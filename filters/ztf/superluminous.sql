-- description: Candidates for superluminous supernovae: score of 0.5 or more. The original leaves the threshold to who calls it.
-- origin: fink-filters, ztf/filter_superluminous
SELECT * FROM alerts
WHERE slsn_score >= 0.5
