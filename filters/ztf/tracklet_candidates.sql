-- description: Parts of tracklets: space debris and glints of satellites, several in a line on one exposure.
-- origin: fink-filters, ztf/filter_tracklet_candidates; Karpov & Peloton 2022, arXiv:2202.05719
SELECT * FROM alerts
WHERE startswith(tracklet, 'TRCK_')
