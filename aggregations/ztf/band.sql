-- title: Alerts by band
-- plot: lines
-- window: hour
SELECT CASE candidate.fid WHEN 1 THEN 'g' WHEN 2 THEN 'r' ELSE 'i' END AS band, count(*) AS alerts
FROM alerts
GROUP BY CASE candidate.fid WHEN 1 THEN 'g' WHEN 2 THEN 'r' ELSE 'i' END
