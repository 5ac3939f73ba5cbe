-- description: Known symbiotic and cataclysmic stars, each with a radius of its own.
--   Needs the catalogue symbiotic_stars, and is off without it: fetch symbiotic_and_cataclysmic.parquet of fink-filters (folder fink_filters/data), then
--   ./fink catalog add symbiotic_and_cataclysmic.parquet --name symbiotic_stars --ra "RA(J2000)" --dec "DEC(J2000)" --keep Name,source,Radius --radius 1
--   Unlike the original: that one gives each star to one alert, the nearest of its batch. Here every alert within the radius is selected.
-- origin: fink-filters, ztf/filter_symbiotic_stars
SELECT * FROM alerts
WHERE catalogue_symbiotic_stars.separation_arcsec < catalogue_symbiotic_stars.Radius
