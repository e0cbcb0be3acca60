SELECT patient_id FROM patients UNION ALL SELECT patient_id FROM visits;
SELECT patient_id FROM patients UNION SELECT patient_id FROM visits;
SELECT city FROM patients UNION ALL SELECT remark FROM visits;
SELECT city FROM patients UNION SELECT remark FROM visits;
SELECT city AS a FROM patients UNION SELECT remark AS b FROM visits;
SELECT mood FROM patients UNION SELECT mood FROM visits;
SELECT patient_id, mood FROM patients UNION SELECT patient_id, mood FROM visits;
SELECT 'p' AS which, patient_id FROM patients UNION ALL SELECT 'v', patient_id FROM visits;
SELECT visit_id FROM visits UNION SELECT doctor_id FROM visits;
SELECT visit_id FROM visits UNION SELECT fee FROM visits;
SELECT visit_id FROM visits UNION ALL SELECT patient_id FROM visits;
SELECT born FROM patients UNION SELECT at FROM visits;
SELECT NULL UNION SELECT city FROM patients;
SELECT 1 UNION SELECT visit_id FROM visits;
SELECT 1 UNION ALL SELECT visit_id FROM visits;
SELECT * FROM events UNION ALL SELECT * FROM events;
SELECT * FROM events UNION SELECT * FROM events;
TABLE events UNION TABLE events;
SELECT x FROM nothing UNION SELECT n FROM events;
SELECT x FROM nothing UNION ALL SELECT x FROM nothing;
VALUES (1), (2) UNION SELECT visit_id FROM visits;

SELECT patient_id FROM patients INTERSECT SELECT patient_id FROM visits;
SELECT patient_id FROM patients INTERSECT ALL SELECT patient_id FROM visits;
SELECT patient_id FROM visits INTERSECT ALL SELECT patient_id FROM bills;
SELECT mood FROM patients INTERSECT SELECT mood FROM visits;
SELECT mood FROM patients INTERSECT ALL SELECT mood FROM visits;
SELECT what, n FROM events INTERSECT ALL SELECT what, n FROM events WHERE patient_id > 3;
SELECT visit_id FROM visits INTERSECT SELECT bill_id FROM bills;
SELECT x FROM nothing INTERSECT SELECT visit_id FROM visits;

SELECT patient_id FROM patients EXCEPT SELECT patient_id FROM visits;
SELECT patient_id FROM patients EXCEPT ALL SELECT patient_id FROM visits;
SELECT patient_id FROM visits EXCEPT ALL SELECT patient_id FROM bills;
SELECT mood FROM visits EXCEPT SELECT mood FROM patients WHERE vip;
SELECT remark FROM visits EXCEPT SELECT name FROM patients;
SELECT what, n FROM events EXCEPT SELECT what, n FROM events WHERE patient_id < 3;
SELECT what, n FROM events EXCEPT ALL SELECT what, n FROM events WHERE patient_id < 3;
SELECT visit_id FROM visits EXCEPT SELECT bill_id FROM bills WHERE settled;
SELECT visit_id FROM visits EXCEPT SELECT x FROM nothing;
SELECT 1 EXCEPT SELECT visit_id FROM visits;

-- Several, with parentheses.
SELECT patient_id FROM patients UNION SELECT patient_id FROM visits EXCEPT SELECT patient_id FROM bills WHERE settled;
SELECT city FROM patients UNION SELECT remark FROM visits INTERSECT SELECT currency FROM bills;
(SELECT city FROM patients UNION SELECT remark FROM visits) INTERSECT SELECT reason FROM refunds;
SELECT patient_id FROM patients EXCEPT (SELECT patient_id FROM visits UNION SELECT 1);
SELECT city FROM patients UNION ALL (SELECT name FROM patients UNION SELECT remark FROM visits);
(SELECT patient_id FROM patients ORDER BY patient_id LIMIT 3) UNION ALL (SELECT patient_id FROM visits ORDER BY patient_id LIMIT 3);
(SELECT city FROM patients ORDER BY city LIMIT 2) UNION SELECT remark FROM visits;
SELECT count(*) FROM patients UNION ALL SELECT count(*) FROM visits;
SELECT 'patients', count(*) FROM patients UNION ALL SELECT 'visits', count(*) FROM visits UNION ALL SELECT 'bills', count(*) FROM bills;
SELECT mood, count(*) FROM visits GROUP BY mood UNION ALL SELECT mood, count(*) FROM patients GROUP BY mood;
SELECT DISTINCT city FROM patients UNION ALL SELECT DISTINCT city FROM patients;

-- Arms of some shards.
SELECT * FROM visits WHERE patient_id = 1 UNION SELECT * FROM visits WHERE patient_id = 2;
SELECT * FROM visits WHERE patient_id = 1 UNION ALL SELECT * FROM visits WHERE patient_id = 6;
SELECT name FROM patients WHERE patient_id IN (1, 2) UNION ALL SELECT remark FROM visits WHERE patient_id = 3;
SELECT name FROM patients WHERE patient_id = 1 EXCEPT SELECT name FROM patients WHERE patient_id = 3;
SELECT name FROM patients WHERE patient_id IN (1, 3) INTERSECT SELECT name FROM patients WHERE patient_id IN (2, 4, 6);
SELECT mood FROM visits WHERE patient_id = 1 UNION SELECT mood FROM visits;
SELECT patient_id FROM visits WHERE patient_id = 1 UNION ALL SELECT 99;

-- In order, and cut.
SELECT patient_id FROM patients UNION ALL SELECT patient_id FROM visits ORDER BY patient_id;
SELECT patient_id FROM patients UNION SELECT patient_id FROM visits ORDER BY 1 DESC;
SELECT city FROM patients UNION SELECT remark FROM visits ORDER BY city NULLS FIRST;
SELECT city FROM patients UNION SELECT remark FROM visits ORDER BY 1 LIMIT 4;
SELECT city FROM patients UNION SELECT remark FROM visits ORDER BY 1 LIMIT 4 OFFSET 2;
SELECT city AS c FROM patients UNION ALL SELECT remark FROM visits ORDER BY c DESC NULLS LAST LIMIT 6;
SELECT patient_id, mood FROM patients UNION SELECT patient_id, mood FROM visits ORDER BY 2, 1;
SELECT city FROM patients UNION ALL SELECT remark FROM visits LIMIT 7;
SELECT visit_id FROM visits UNION SELECT fee FROM visits ORDER BY 1;
SELECT mood FROM patients EXCEPT SELECT mood FROM visits WHERE paid ORDER BY 1;
SELECT patient_id FROM visits INTERSECT SELECT patient_id FROM bills ORDER BY 1 OFFSET 5 LIMIT 3;

-- Inside of others.
SELECT count(*) FROM (SELECT patient_id FROM patients UNION SELECT patient_id FROM visits) t;
SELECT city, count(*) FROM (SELECT city FROM patients UNION ALL SELECT city FROM patients) t GROUP BY city;
SELECT name FROM patients WHERE patient_id IN (SELECT patient_id FROM visits UNION SELECT patient_id FROM bills);
SELECT name FROM patients WHERE patient_id IN (SELECT patient_id FROM visits EXCEPT SELECT patient_id FROM bills WHERE settled);
WITH t AS (SELECT patient_id FROM visits UNION ALL SELECT patient_id FROM bills) SELECT patient_id, count(*) FROM t GROUP BY 1;
SELECT * FROM (SELECT patient_id, fee AS a FROM visits UNION ALL SELECT patient_id, amount FROM bills) t ORDER BY a, patient_id LIMIT 9;
