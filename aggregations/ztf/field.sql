-- title: Alerts by field
-- description: ZTF's field numbers.
-- plot: bars
-- window: night
SELECT candidate.field AS field, count(*) AS alerts, count(DISTINCT candidate.jd) AS exposures
FROM alerts
GROUP BY candidate.field
