-- title: Alerts by class
-- description: What the classifier says (CATS: 11 like a supernova, 12 fast, 13 long, 21 periodic, 22 not periodic); null where it did not run.
-- plot: lines
-- window: hour
SELECT pred.main_label_classifier AS class, count(*) AS alerts
FROM alerts
GROUP BY pred.main_label_classifier
