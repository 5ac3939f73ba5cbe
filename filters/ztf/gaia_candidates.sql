-- description: Objects of Gaia DR3.
--   Unlike the original: that one takes a cross-match that failed (Fail 503) for an object.
-- origin: fink-filters, ztf/filter_gaia_candidates
SELECT * FROM alerts
WHERE startswith(DR3Name, 'Gaia')
