-- title: Nights
-- description: Of each night: alerts received, those that pass the quality cuts, exposures, fields, objects.
-- plot: table
-- window: night
SELECT
  count(*) AS raw,
  count_if(passes_quality_cuts) AS sci,
  count_if(passes_quality_cuts AND candidate.fid = 1) AS n_g,
  count_if(passes_quality_cuts AND candidate.fid = 2) AS n_r,
  count(DISTINCT candidate.jd) AS exposures,
  count(DISTINCT candidate.field) AS fields,
  count(DISTINCT objectId) AS objects,
  median(candidate.magpsf) AS median_magpsf
FROM alerts
