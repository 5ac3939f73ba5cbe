-- description: Southern objects with a class in the Transient Name Server, in galaxies nearer than 200 Mpc, for the VAST survey.
-- origin: fink-filters, ztf/filter_vast_supernovae
SELECT * FROM alerts
WHERE try_cast(mangrove.lum_dist AS double) < 200
  AND candidate.dec < -10
  AND tns NOT IN ('', 'Unknown')
