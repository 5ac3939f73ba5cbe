-- title: Alerts by SIMBAD type
-- description: Type of the nearest SIMBAD source within 1.5 arcsec; Unknown without one.
-- plot: bars
-- window: night
SELECT cdsxmatch AS otype, count(*) AS alerts
FROM alerts
WHERE cdsxmatch IS NOT NULL
GROUP BY cdsxmatch
