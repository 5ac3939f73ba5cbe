-- description: Without a host galaxy by ELEPHANT: its template image is like noise. Brighter than 21.5 mag and off the galactic plane.
-- origin: fink-filters, rubin/livestream/filter_hostless_candidate; Pessi et al. 2024, A&A 691, A181
SELECT * FROM alerts
WHERE good_quality(diaSource)
  AND abs(galactic_b(diaSource.ra, diaSource.dec)) > 20
  AND mag_ab(diaSource.psfFlux) <= 21.5
  AND clf.elephant_kstest_template < cast(0.95 AS float)
