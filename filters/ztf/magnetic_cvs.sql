-- description: Brighter than the reference image at a known magnetic cataclysmic variable, each with a radius of its own.
--   Needs the catalogue magnetic_cvs, and is off without it: fetch magnetic_cataclysmic_variables.csv of fink-filters (folder fink_filters/data), then
--   ./fink catalog add magnetic_cataclysmic_variables.csv --name magnetic_cvs --ra "RA(J2000)" --dec "DEC(J2000)" --keep Name,Radius --radius 1
--   Unlike the original: that one gives each star to one alert, the nearest of its batch. Here every alert within the radius is selected.
-- origin: fink-filters, ztf/livestream/filter_magnetic_cvs
SELECT * FROM alerts
WHERE candidate.isdiffpos IN ('t', '1')
  AND catalogue_magnetic_cvs.separation_arcsec < catalogue_magnetic_cvs.Radius
