-- title: Alerts a minute
-- description: All alerts by the minute of their exposure.
-- plot: lines
-- window: minute
SELECT count(*) AS alerts
FROM alerts
