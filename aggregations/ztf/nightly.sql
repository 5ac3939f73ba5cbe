-- title: Nights
-- description: Of each night: alerts received, those with rb >= 0.55 and nbad = 0 (sci), and of these exposures, fields, objects of SIMBAD and possible hosts; as /api/v1/statistics.
-- plot: lines
-- window: night
SELECT
  count(*) AS raw,
  count_if(candidate.rb >= 0.55 AND candidate.nbad = 0) AS sci,
  count_if(candidate.rb >= 0.55 AND candidate.nbad = 0 AND candidate.fid = 1) AS n_g,
  count_if(candidate.rb >= 0.55 AND candidate.nbad = 0 AND candidate.fid = 2) AS n_r,
  count(DISTINCT CASE WHEN candidate.rb >= 0.55 AND candidate.nbad = 0 THEN candidate.jd END) AS exposures,
  count(DISTINCT CASE WHEN candidate.rb >= 0.55 AND candidate.nbad = 0 THEN candidate.field END) AS fields,
  count_if(candidate.rb >= 0.55 AND candidate.nbad = 0 AND coalesce(cdsxmatch, 'Unknown') NOT IN ('Unknown', 'Transient')
    AND NOT startswith(cdsxmatch, 'Fail') AND NOT startswith(cdsxmatch, 'Galaxy')) AS simbad_tot,
  count_if(candidate.rb >= 0.55 AND candidate.nbad = 0 AND coalesce(cdsxmatch, 'Unknown') IN (
    'BClG', 'BlueCompG', 'Candidate_SN*', 'ClG', 'Compact_Gr_G', 'EmG', 'Fail', 'Fail 504', 'Galaxy', 'GinCl', 'GinGroup', 'GinPair', 'GravLens_Candidate',
    'GroupG', 'HII_G', 'High_z_G', 'IG', 'LINER', 'LSB_G', 'PairG', 'PartofG', 'Possible_ClG', 'Possible_SClG', 'SN', 'SN*_Candidate', 'Seyfert',
    'Seyfert_1', 'Seyfert_2', 'StarburstG', 'SuperClG', 'Transient', 'Unknown', 'Void', 'galaxy'
  )) AS simbad_gal,
  count(DISTINCT objectId) AS objects,
  median(candidate.magpsf) AS median_magpsf
FROM alerts
