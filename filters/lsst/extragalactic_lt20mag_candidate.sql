-- description: Bright (below 20 mag), rising and perhaps extragalactic: five detections or more over more than a day, the last one above the object's mean.
-- origin: fink-filters, rubin/livestream/filter_extragalactic_lt20mag_candidate
SELECT * FROM alerts
WHERE good_quality(diaSource)
  AND NOT pred.is_sso
  AND NOT gaia_star(xm)
  AND NOT vsx_star(xm.vsx_Type)
  AND abs(galactic_b(diaSource.ra, diaSource.dec)) > 20
  AND (near_galaxy(xm) OR simbad_unknown(xm.simbad_otype))
  AND mag_ab(diaSource.psfFlux) < 20
  AND diaSource.psfFlux - psf_flux_mean(diaObject, diaSource.band) > psf_flux_mean_error(diaObject, diaSource.band)
  AND diaObject.nDiaSources > 4
  AND days_since(misc.firstDiaSourceMjdTaiFink) > 1
