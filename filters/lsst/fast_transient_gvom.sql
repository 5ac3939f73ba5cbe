-- description: New (below 5 days), brighter than 21 mag, perhaps extragalactic and rising: since the last detection in its band by more than 0.3 mag/day, with a signal to noise above 3.
--   Unlike the original: that one draws a thousand random fluxes to find the rate and its error. Here they follow from the errors of both fluxes, the same whenever it is asked. It also
--   divides Gaia's error of a parallax by itself, so that it leaves out no star. Here stars are left out.
-- origin: fink-filters, rubin/livestream/filter_fast_transient_gvom
WITH history AS (
  SELECT *, element_at(filter(prvDiaSources, p -> p.band = diaSource.band), -1) AS earlier FROM alerts
)
SELECT * FROM history
WHERE good_quality(diaSource)
  AND NOT pred.is_sso
  AND NOT gaia_star(xm)
  AND NOT vsx_star(xm.vsx_Type)
  AND abs(galactic_b(diaSource.ra, diaSource.dec)) > 20
  AND (near_galaxy(xm) OR simbad_unknown(xm.simbad_otype))
  AND days_since(misc.firstDiaSourceMjdTaiFink) < 5
  AND mag_ab(diaSource.psfFlux) < 21
  AND (diaSource.psfFlux - earlier.psfFlux) / days_since(earlier.midpointMjdTai) > 0.3 * ln(10) / 2.5 * diaSource.psfFlux
  AND abs(diaSource.psfFlux - earlier.psfFlux) > 3 * sqrt(power(diaSource.psfFluxErr, 2) + power(earlier.psfFluxErr, 2))
