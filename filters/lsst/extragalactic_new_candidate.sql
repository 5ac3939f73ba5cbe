-- description: New (below 5 days), brighter than 24 mag, near a galaxy, and fast since the last detection in its band: rising by more than 0.2 mag/day in the first 3 days, or fading by
--   more than 0.2 mag/day (r, i) or 0.5 mag/day (u, g).
-- origin: fink-filters, rubin/livestream/filter_extragalactic_new_candidate
WITH history AS (
  SELECT *, element_at(filter(prvDiaSources, p -> p.band = diaSource.band), -1) AS earlier FROM alerts
), rates AS (
  SELECT *, (mag_ab(diaSource.psfFlux) - mag_ab(earlier.psfFlux)) / days_since(earlier.midpointMjdTai) AS mag_per_day FROM history
)
SELECT * FROM rates
WHERE good_quality(diaSource)
  AND NOT pred.is_sso
  AND NOT gaia_star(xm)
  AND NOT vsx_star(xm.vsx_Type)
  AND abs(galactic_b(diaSource.ra, diaSource.dec)) > 20
  AND near_galaxy(xm)
  AND days_since(misc.firstDiaSourceMjdTaiFink) < 5
  AND mag_ab(diaSource.psfFlux) < 24
  AND psf_flux_ndata(diaObject, diaSource.band) >= 2
  AND (mag_per_day < -0.2 AND days_since(misc.firstDiaSourceMjdTaiFink) < 3
    OR mag_per_day > 0.2 AND diaSource.band IN ('r', 'i')
    OR mag_per_day > 0.5 AND diaSource.band IN ('u', 'g'))
