-- description: Probable flares of M dwarfs, low enough that refraction tells their temperature: u or g band at an airmass above 1.3, at least a tenth of the star's flux, red where its
--   colours are known, in Gaia if seen for the first time, and nothing in the 4 to 48 hours before.
-- origin: fink-filters, rubin/livestream/filter_mdwarf_flare
WITH quiet AS (
  SELECT *, mag_ab(array_median(filter(prvDiaSources, p -> p.band = 'r').templateFlux)) AS r,
    mag_ab(array_median(filter(prvDiaSources, p -> p.band = 'i').templateFlux)) AS i,
    mag_ab(array_median(filter(prvDiaSources, p -> p.band = 'z').templateFlux)) AS z
  FROM alerts
)
SELECT * FROM quiet
WHERE good_quality(diaSource)
  AND diaSource.band IN ('u', 'g')
  AND (diaSource.midpointMjdTai <> misc.firstDiaSourceMjdTaiFink OR gaia_star(xm))
  AND diaSource.templateFlux > 0
  AND cast(diaSource.psfFlux / diaSource.templateFlux AS float) >= cast(0.1 AS float)
  AND coalesce(size(filter(prvDiaSources, p -> days_since(p.midpointMjdTai) * 24 BETWEEN 4 AND 48)), 0) = 0
  AND coalesce(r - i > 0.53 AND i - z > 0.3, true)
  AND airmass(diaSource.ra, diaSource.dec, diaSource.midpointMjdTai, -70.7366833, -30.2407417) > 1.3
