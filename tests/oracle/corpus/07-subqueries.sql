-- Of the same key.
SELECT name FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient_id = p.patient_id);
SELECT name FROM patients p WHERE NOT EXISTS (SELECT 1 FROM visits v WHERE v.patient_id = p.patient_id);
SELECT name FROM patients p WHERE EXISTS (SELECT FROM visits v WHERE v.patient_id = p.patient_id AND v.paid);
SELECT name FROM patients p WHERE patient_id IN (SELECT v.patient_id FROM visits v);
SELECT name FROM patients p WHERE patient_id IN (SELECT v.patient_id FROM visits v WHERE v.paid);
SELECT name FROM patients p WHERE patient_id NOT IN (SELECT v.patient_id FROM visits v);
SELECT name FROM patients p WHERE patient_id = ANY (SELECT v.patient_id FROM visits v WHERE v.fee > 10);
SELECT name FROM patients p WHERE (SELECT count(*) FROM visits v WHERE v.patient_id = p.patient_id) > 2;
SELECT name FROM patients p WHERE p.mood = (SELECT max(v.mood) FROM visits v WHERE v.patient_id = p.patient_id);
SELECT name, (SELECT count(*) FROM visits v WHERE v.patient_id = p.patient_id) FROM patients p;
SELECT name, (SELECT max(at) FROM visits v WHERE v.patient_id = p.patient_id) AS last FROM patients p;
SELECT name, EXISTS (SELECT 1 FROM refunds r WHERE r.patient_id = p.patient_id) FROM patients p;
SELECT name, ARRAY(SELECT visit_id FROM visits v WHERE v.patient_id = p.patient_id ORDER BY visit_id) FROM patients p;
SELECT name, patient_id IN (SELECT patient_id FROM refunds) FROM patients;
SELECT visit_id FROM visits v WHERE fee > (SELECT avg(fee) FROM visits w WHERE w.patient_id = v.patient_id);
SELECT visit_id FROM visits v WHERE visit_id = (SELECT max(visit_id) FROM visits w WHERE w.patient_id = v.patient_id);
SELECT visit_id FROM visits v WHERE (patient_id, visit_id) IN (SELECT patient_id, visit_id FROM bills);
SELECT visit_id FROM visits v WHERE (patient_id, visit_id) NOT IN (SELECT patient_id, bill_id FROM bills);
SELECT p.name, (SELECT sum(amount) FROM bills b WHERE b.patient_id = p.patient_id AND b.visit_id IN
    (SELECT v.visit_id FROM visits v WHERE v.patient_id = p.patient_id)) FROM patients p;
SELECT count(*) FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient_id = p.patient_id);
SELECT city, count(*) FROM patients p WHERE patient_id IN (SELECT patient_id FROM bills) GROUP BY city;
SELECT name FROM patients p WHERE EXISTS (SELECT 1 FROM visits v JOIN bills b USING (patient_id, visit_id)
    WHERE v.patient_id = p.patient_id);
SELECT name FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient_id = p.patient_id)
    ORDER BY name, patient_id LIMIT 4;
SELECT name FROM patients p ORDER BY (SELECT count(*) FROM visits v WHERE v.patient_id = p.patient_id), patient_id;
SELECT sum((SELECT count(*) FROM visits v WHERE v.patient_id = p.patient_id)) FROM patients p;
SELECT name FROM patients WHERE patient_id IN (SELECT patient_id FROM nothing);
SELECT name FROM patients WHERE patient_id NOT IN (SELECT patient_id FROM nothing);

-- Of another: of all rows at once.
SELECT name FROM patients WHERE patient_id = (SELECT max(patient_id) FROM patients);
SELECT name FROM patients WHERE patient_id < (SELECT avg(patient_id) FROM patients);
SELECT visit_id FROM visits WHERE fee > (SELECT avg(fee) FROM visits);
SELECT visit_id FROM visits WHERE fee = (SELECT max(fee) FROM visits);
SELECT count(*) FROM visits WHERE visit_id > ALL (SELECT n FROM events WHERE n IS NOT NULL);
SELECT name FROM patients WHERE mood IN (SELECT mood FROM visits WHERE paid);
SELECT name FROM patients WHERE mood NOT IN (SELECT mood FROM visits WHERE mood IS NOT NULL AND paid);
SELECT name FROM patients WHERE EXISTS (SELECT 1 FROM refunds);
SELECT name FROM patients WHERE NOT EXISTS (SELECT 1 FROM refunds);
SELECT name FROM patients WHERE EXISTS (SELECT 1 FROM nothing);
SELECT name FROM patients WHERE EXISTS (SELECT 1 FROM visits WHERE visits.visit_id = patients.patient_id);
SELECT name FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.doctor_id = p.patient_id);
SELECT (SELECT count(*) FROM visits), count(*) FROM patients;
SELECT name, (SELECT count(*) FROM visits) FROM patients;
SELECT name, (SELECT max(name) FROM patients) = name FROM patients;
SELECT (SELECT count(*) FROM visits);
SELECT (SELECT count(*) FROM visits) + (SELECT count(*) FROM bills);
SELECT EXISTS (SELECT 1 FROM visits WHERE paid), EXISTS (SELECT 1 FROM nothing);
SELECT ARRAY(SELECT patient_id FROM patients ORDER BY patient_id);
SELECT 1 WHERE 3 IN (SELECT visit_id FROM visits);
SELECT 1 WHERE EXISTS (SELECT 1 FROM visits WHERE visit_id = 99);
SELECT name FROM patients p WHERE 3 IN (SELECT count(*) FROM visits v WHERE v.patient_id = p.patient_id);
SELECT name FROM patients p WHERE born = (SELECT min(born) FROM patients q WHERE q.city = p.city);
SELECT name, (SELECT 1 FROM events LIMIT 1) FROM patients;
SELECT name FROM patients WHERE city = (SELECT city FROM patients WHERE patient_id = 1);
SELECT (SELECT name FROM patients WHERE patient_id = 1), (SELECT name FROM patients WHERE patient_id = 2);
SELECT name FROM patients WHERE patient_id IN (SELECT patient_id FROM visits ORDER BY fee DESC NULLS LAST, patient_id LIMIT 3);

-- Derived tables.
SELECT * FROM (SELECT patient_id, name FROM patients) t;
SELECT * FROM (SELECT patient_id, name FROM patients) t WHERE patient_id IN (1, 2);
SELECT t.n FROM (SELECT name AS n, patient_id AS k FROM patients) t WHERE t.k > 3;
SELECT count(*) FROM (SELECT * FROM visits WHERE paid) t;
SELECT t.k, p.name FROM (SELECT patient_id AS k FROM visits WHERE paid) t JOIN patients p ON p.patient_id = t.k;
SELECT p.name, t.n FROM patients p JOIN (SELECT patient_id, count(*) AS n FROM visits GROUP BY patient_id) t USING (patient_id);
SELECT p.name, t.n FROM patients p LEFT JOIN (SELECT patient_id, count(*) AS n FROM visits GROUP BY patient_id) t
    ON t.patient_id = p.patient_id ORDER BY t.n DESC NULLS LAST, p.patient_id;
SELECT * FROM (SELECT patient_id FROM patients ORDER BY patient_id LIMIT 5) t;
SELECT * FROM (SELECT patient_id FROM patients ORDER BY patient_id LIMIT 5) t ORDER BY patient_id DESC LIMIT 2;
SELECT count(*) FROM (SELECT name FROM patients LIMIT 5) t;
SELECT * FROM (SELECT count(*) AS n FROM visits) t;
SELECT t.n + 1 FROM (SELECT count(*) AS n FROM visits) t WHERE t.n > 1;
SELECT a.n, b.n FROM (SELECT count(*) AS n FROM visits) a, (SELECT count(*) AS n FROM bills) b;
SELECT * FROM (SELECT city, count(*) AS n FROM patients GROUP BY city) t WHERE n > 2;
SELECT sum(n) FROM (SELECT city, count(*) AS n FROM patients GROUP BY city) t;
SELECT * FROM (SELECT DISTINCT city FROM patients) t WHERE city > 'I';
SELECT p.name, t.n FROM patients p, (SELECT city, count(*) AS n FROM patients GROUP BY city) t WHERE t.city = p.city;
SELECT * FROM (VALUES (1), (2)) t(k) WHERE k IN (SELECT visit_id FROM visits);
SELECT t.k FROM (SELECT k FROM (SELECT patient_id AS k, paid FROM visits) a WHERE paid) t ORDER BY k;
SELECT max(k) FROM (SELECT patient_id AS k FROM visits WHERE fee > 1) t;

-- WITH
WITH t AS (SELECT patient_id, name FROM patients) SELECT * FROM t;
WITH t AS (SELECT patient_id, name FROM patients) SELECT count(*) FROM t WHERE name > 'b';
WITH t AS MATERIALIZED (SELECT patient_id FROM visits WHERE paid) SELECT name FROM patients JOIN t USING (patient_id);
WITH t AS (SELECT patient_id, count(*) AS n FROM visits GROUP BY 1) SELECT p.name, t.n FROM patients p JOIN t USING (patient_id);
WITH t AS (SELECT patient_id, count(*) AS n FROM visits GROUP BY 1) SELECT n, count(*) FROM t GROUP BY n ORDER BY n;
WITH t AS (SELECT count(*) AS n FROM visits) SELECT * FROM t;
WITH t AS (SELECT avg(fee) AS a FROM visits) SELECT visit_id FROM visits, t WHERE fee > a;
WITH a AS (SELECT patient_id FROM patients WHERE vip), b AS (SELECT patient_id FROM a) SELECT count(*) FROM b;
WITH a AS (SELECT 1 AS one) SELECT one, patient_id FROM a, patients;
WITH a AS (SELECT patient_id, city FROM patients) SELECT x.patient_id, y.patient_id FROM a x JOIN a y USING (city);
WITH visits AS (SELECT patient_id AS k FROM bills) SELECT k FROM visits;
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT t.n, v.patient_id FROM t JOIN visits v ON v.visit_id = t.n;
WITH t AS (SELECT patient_id FROM patients ORDER BY patient_id LIMIT 3) SELECT name FROM patients JOIN t USING (patient_id);
WITH unused AS (SELECT * FROM visits) SELECT name FROM patients;
