-- description: Active nuclei of dwarf galaxies, within the galaxy's effective radius.
--   Needs the catalogue dwarf_agn, and is off without it: fetch list_dwarfs_AGN_RADEC.parquet of fink-filters (folder fink_filters/data), then
--   ./fink catalog add list_dwarfs_AGN_RADEC.parquet --name dwarf_agn --ra RA --dec DEC --keep MaNGAID,Re_arc --radius 12
--   Unlike the original: that one gives each galaxy to one alert, the nearest of its batch. Here every alert within the radius is selected.
-- origin: fink-filters, ztf/filter_dwarf_agn
SELECT * FROM alerts
WHERE catalogue_dwarf_agn.separation_arcsec < catalogue_dwarf_agn.Re_arc
