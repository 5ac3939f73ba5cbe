-- title: Alerts by SIMBAD type
-- description: Type of the nearest SIMBAD source.
-- plot: bars
-- window: night
SELECT xm.simbad_otype AS otype, count(*) AS alerts
FROM alerts
WHERE xm.simbad_otype IS NOT NULL
GROUP BY xm.simbad_otype
