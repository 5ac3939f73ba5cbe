-- description: Near a galaxy and as bright as a supernova: six detections or more, peak between absolute magnitudes -23 and -13 by the photometric redshift of the Legacy Survey.
-- origin: fink-filters, rubin/livestream/filter_sn_near_galaxy_candidate
SELECT * FROM alerts
WHERE good_quality(diaSource)
  AND NOT pred.is_sso
  AND NOT gaia_star(xm)
  AND NOT vsx_star(xm.vsx_Type)
  AND abs(galactic_b(diaSource.ra, diaSource.dec)) > 20
  AND near_galaxy(xm)
  AND diaObject.nDiaSources > 5
  AND mag_ab(peak_psf_flux(diaObject)) - distance_modulus(xm.legacydr8_zphot) > -23
  AND mag_ab(peak_psf_flux(diaObject)) - distance_modulus(xm.legacydr8_zphot) < -13
