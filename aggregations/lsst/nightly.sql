-- title: Nights
-- description: Of each night: alerts, visits, objects, and how many are solar-system objects, new, or in catalogues.
-- plot: lines
-- window: night
SELECT
  count(*) AS alerts,
  count(DISTINCT diaSource.midpointMjdTai) AS visits,
  count(DISTINCT nullif(diaSource.diaObjectId, 0)) AS objects,
  count_if(pred.is_sso) AS is_sso,
  count_if(pred.is_first) AS is_first,
  count_if(pred.is_cataloged) AS is_cataloged,
  count_if(xm.tns_fullname IS NOT NULL) AS in_tns,
  count_if(diaSource.band = 'u') AS alerts_u,
  count_if(diaSource.band = 'g') AS alerts_g,
  count_if(diaSource.band = 'r') AS alerts_r,
  count_if(diaSource.band = 'i') AS alerts_i,
  count_if(diaSource.band = 'z') AS alerts_z,
  count_if(diaSource.band = 'y') AS alerts_y,
  count_if(diaSource.isDipole) AS isDipole,
  count_if(diaSource.pixelFlags_cr) AS pixelFlags_cr,
  count_if(diaSource.pixelFlags_saturated) AS pixelFlags_saturated,
  count_if(diaSource.pixelFlags_streak) AS pixelFlags_streak
FROM alerts
