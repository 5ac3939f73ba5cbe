-- description: Known to the Transient Name Server, with a class or without, when the alert came.
-- origin: fink-filters, rubin/livestream/filter_in_tns
SELECT * FROM alerts
WHERE xm.tns_fullname IS NOT NULL
