-- description: Probable supernovae by SuperNNova (0.7 or more) and CATS (class 11, 0.9 or more): of good quality, brighter than the template, two detections or more, signal to noise
--   above 10, no known asteroid.
--   Unlike the original: that one keeps the alerts that are not of good quality, or fainter than the template, and drops the others.
-- origin: fink-filters, rubin/livestream/filter_most_likely_sn; Möller & de Boissière 2020, MNRAS 491, 4277; Fraga et al. 2024, A&A 692, A208
SELECT * FROM alerts
WHERE clf.snnSnVsOthers_score >= cast(0.7 AS float)
  AND clf.cats_class = 11
  AND clf.cats_score >= cast(0.9 AS float)
  AND NOT pred.is_sso
  AND diaSource.snr > 10
  AND good_quality(diaSource)
  AND NOT diaSource.isNegative
  AND diaObject.nDiaSources >= 2
