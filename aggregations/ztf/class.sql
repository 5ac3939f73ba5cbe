-- title: Alerts by class
-- description: Fink's class of each alert; Unknown where no rule says more.
-- plot: lines
-- window: hour
SELECT coalesce(finkclass, 'Unknown') AS class, count(*) AS alerts
FROM alerts
GROUP BY coalesce(finkclass, 'Unknown')
