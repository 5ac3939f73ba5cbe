-- title: Alerts by band
-- plot: lines
-- window: hour
SELECT diaSource.band AS band, count(*) AS alerts
FROM alerts
GROUP BY diaSource.band
