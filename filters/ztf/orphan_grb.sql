-- description: Candidates for orphan afterglows of gamma-ray bursts: three detections within 10 days, all fainter than 18 mag, the last one fainter than the one before (from g to r: not
--   brighter by more than 0.3 mag), on average not brighter in g than in r, no known asteroid.
-- origin: fink-filters, ztf/filter_orphan_grb_candidates
WITH detections AS (
  SELECT *, filter(prv_candidates, p -> p.magpsf IS NOT NULL) AS earlier FROM alerts
), three AS (
  SELECT *, element_at(earlier, 1) AS first, element_at(earlier, 2) AS second,
    array_mean(array_append(filter(earlier, p -> p.fid = 1).magpsf, CASE WHEN candidate.fid = 1 THEN candidate.magpsf END)) AS g,
    array_mean(array_append(filter(earlier, p -> p.fid = 2).magpsf, CASE WHEN candidate.fid = 2 THEN candidate.magpsf END)) AS r
  FROM detections
)
SELECT * FROM three
WHERE candidate.jd - candidate.jdstarthist <= 30
  AND size(earlier) = 2
  AND candidate.jd - first.jd < 10
  AND candidate.magpsf > 18
  AND first.magpsf > 18
  AND second.magpsf > 18
  AND (CASE WHEN second.fid < candidate.fid THEN second.magpsf - candidate.magpsf <= 0.3 ELSE candidate.magpsf > second.magpsf END)
  AND g >= r
  AND (candidate.ssnamenr IS NULL OR candidate.ssnamenr = 'null')
  AND size(filter(earlier, p -> p.ssnamenr <> 'null')) = 0
