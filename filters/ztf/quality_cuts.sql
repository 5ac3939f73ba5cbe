-- description: Real by ZTF's first score and without bad pixels: what Fink asks of each alert before anything else.
-- origin: fink-filters, ztf/filter_quality_cuts
-- quality: all
SELECT * FROM alerts
WHERE candidate.rb >= 0.55
  AND candidate.nbad = 0
