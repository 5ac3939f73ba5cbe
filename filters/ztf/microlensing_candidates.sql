-- description: Microlensing candidates. Nothing computes their score mulens at present: until something does, there are none.
-- origin: fink-filters, ztf/livestream/filter_microlensing_candidates
SELECT * FROM alerts
WHERE mulens > 0
