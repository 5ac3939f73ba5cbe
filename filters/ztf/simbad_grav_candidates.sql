-- description: Objects of SIMBAD that have to do with gravitation: lenses and what they lens, black holes, gravitational wave events.
-- origin: fink-filters, ztf/livestream/filter_simbad_grav_candidates
SELECT * FROM alerts
WHERE cdsxmatch IN ('Gravitation', 'LensingEv', 'GravLensSystem', 'GravLens', 'LensedImage', 'LensedG', 'LensedQ', 'BlackHole', 'GravWaveEvent')
