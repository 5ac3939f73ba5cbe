-- description: Known objects of the solar system, which ZTF found in the lists of the Minor Planet Center.
-- origin: fink-filters, ztf/livestream/filter_sso_ztf_candidates
SELECT * FROM alerts
WHERE roid = 3
