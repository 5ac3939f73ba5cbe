-- title: Matches by filter
-- description: Alerts that each filter selected.
-- plot: lines
-- window: hour
SELECT filter, count(*) AS matches
FROM matches
GROUP BY filter
