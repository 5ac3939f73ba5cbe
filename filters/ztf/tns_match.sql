-- description: Objects of the Transient Name Server, seen for the first time within 30 days.
-- origin: fink-filters, ztf/livestream/filter_tns_match
SELECT * FROM alerts
WHERE tns <> ''
  AND candidate.jd - candidate.jdstarthist <= 30
