-- description: All but what cannot be of interest to the Dark Energy Science Collaboration: of good quality, brighter than the template, two detections or more, signal to noise above 10,
--   no known asteroid.
--   Unlike the original: that one keeps the alerts that are not of good quality, or fainter than the template, and drops the others.
-- origin: fink-filters, rubin/livestream/filter_remove_unlikely_transients
SELECT * FROM alerts
WHERE NOT pred.is_sso
  AND diaSource.snr > 10
  AND good_quality(diaSource)
  AND NOT diaSource.isNegative
  AND diaObject.nDiaSources >= 2
