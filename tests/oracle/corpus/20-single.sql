-- family: uncounted
-- Of one shard, whatever it is: they stay what they were when others need several.
SELECT * FROM patients WHERE patient_id = 1;
SELECT * FROM visits WHERE patient_id = 6 ORDER BY visit_id DESC LIMIT 2;
SELECT count(*), sum(fee), max(at) FROM visits WHERE patient_id = 6;
SELECT mood, count(*) FROM visits WHERE patient_id = 9 GROUP BY mood HAVING count(*) > 0 ORDER BY 1;
SELECT DISTINCT paid FROM visits WHERE patient_id = 9;
SELECT p.name, v.visit_id FROM patients p JOIN visits v USING (patient_id) WHERE p.patient_id = 9;
SELECT p.name, v.visit_id FROM patients p LEFT JOIN visits v USING (patient_id) WHERE p.patient_id = 5;
SELECT name FROM patients WHERE patient_id = 9223372036854775807;
SELECT name FROM patients WHERE patient_id = -9223372036854775808;
SELECT name FROM patients WHERE patient_id = 424242;
SELECT count(*) FROM patients WHERE patient_id = 424242;
SELECT count(*) FROM patients WHERE patient_id = NULL;
SELECT row_number() OVER (ORDER BY visit_id), visit_id FROM visits WHERE patient_id = 6;
SELECT visit_id FROM visits WHERE patient_id = 6 UNION SELECT bill_id FROM bills WHERE patient_id = 6 ORDER BY 1;
SELECT string_agg(remark, ',' ORDER BY visit_id) FROM visits WHERE patient_id = 6;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY visit_id) FROM visits WHERE patient_id = 6;
SELECT name, (SELECT count(*) FROM visits v WHERE v.patient_id = p.patient_id) FROM patients p WHERE patient_id = 6;
WITH t AS (SELECT * FROM visits WHERE patient_id = 6) SELECT count(*) FROM t;
-- $1 = int8:6
SELECT * FROM visits WHERE patient_id = $1 ORDER BY visit_id;
-- $1 = int8:NULL
SELECT * FROM visits WHERE patient_id = $1;
-- $1 = int8:6 | $2 = int8:1
SELECT visit_id FROM visits WHERE patient_id = $1 ORDER BY visit_id LIMIT $2;
SELECT * FROM wards WHERE code = '北';
SELECT * FROM doctors;
SELECT title, count(*) FROM doctors GROUP BY title ORDER BY 1;
SELECT * FROM doctors ORDER BY name DESC NULLS LAST, doctor_id LIMIT 2;
SELECT 1;
SELECT;
SELECT 1 AS a, 'b'::text AS b UNION ALL SELECT 2, NULL ORDER BY 1 DESC;
VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC;
SELECT count(*) FROM generate_series(1, 10);
SELECT g FROM generate_series(1, 10) g WHERE g % 3 = 0 ORDER BY g DESC LIMIT 2;
SELECT sum(x) FROM (VALUES (1), (2), (NULL)) t(x);
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT array_agg(n ORDER BY n) FROM t;
-- fails
SELECT 1 / 0;
-- fails
SELECT no_such_column FROM visits WHERE patient_id = 1;
-- fails
SELECT 1 / (visit_id - visit_id) FROM visits WHERE patient_id = 6;
-- fails
SELECT visit_id, count(*) FROM visits WHERE patient_id = 6;
