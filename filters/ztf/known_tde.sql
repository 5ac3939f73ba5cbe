-- description: Brighter than the reference image within 5″ of a known tidal disruption event.
--   Needs the catalogue known_tde, and is off without it: fetch tde.parquet of fink-filters (folder fink_filters/data), then
--   ./fink catalog add tde.parquet --name known_tde --ra ra --dec dec --keep name --radius 5
--   Unlike the original: that one gives each event to one alert, the nearest of its batch. Here every alert within the radius is selected.
-- origin: fink-filters, ztf/filter_known_tde
SELECT * FROM alerts
WHERE candidate.isdiffpos IN ('t', '1')
  AND catalogue_known_tde.separation_arcsec < 5
