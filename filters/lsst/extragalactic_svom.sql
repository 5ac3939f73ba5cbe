-- description: New (below 5 days), brighter than 24 mag and near a galaxy, for the SVOM mission.
-- origin: fink-filters, rubin/livestream/filter_extragalactic_svom
SELECT * FROM alerts
WHERE good_quality(diaSource)
  AND NOT pred.is_sso
  AND NOT gaia_star(xm)
  AND NOT vsx_star(xm.vsx_Type)
  AND abs(galactic_b(diaSource.ra, diaSource.dec)) > 20
  AND near_galaxy(xm)
  AND days_since(misc.firstDiaSourceMjdTaiFink) < 5
  AND mag_ab(diaSource.psfFlux) < 24
