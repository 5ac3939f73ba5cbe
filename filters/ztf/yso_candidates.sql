-- description: Candidates for young stellar objects and T Tauri stars of SIMBAD.
-- origin: fink-filters, ztf/livestream/filter_yso_candidates
SELECT * FROM alerts
WHERE cdsxmatch IN ('Candidate_YSO', 'Candidate_TTau*', 'YSO_Candidate', 'TTau*_Candidate')
