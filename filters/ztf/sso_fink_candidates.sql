-- description: Candidates for new objects of the solar system, by Fink's rules.
-- origin: fink-filters, ztf/livestream/filter_sso_fink_candidates
SELECT * FROM alerts
WHERE roid = 2
