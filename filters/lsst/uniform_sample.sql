-- description: One alert in 113 (0.885 %), whatever it is. Unlike the original's description, which says 1 %.
-- origin: fink-filters, rubin/livestream/filter_uniform_sample
-- quality: all
SELECT * FROM alerts
WHERE diaSource.diaSourceId % 113 = 0
