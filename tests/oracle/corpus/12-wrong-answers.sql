-- What other proxies answer wrongly, for reads over several shards.

-- The first key = value anywhere in the tree decides.
SELECT patient_id = 1 FROM visits;
SELECT patient_id = 1 AS first, count(*) FROM visits GROUP BY 1;
SELECT CASE WHEN patient_id = 1 THEN 'one' ELSE 'other' END, visit_id FROM visits;
SELECT CASE patient_id WHEN 1 THEN 'one' WHEN 2 THEN 'two' END FROM patients;
SELECT count(*) FILTER (WHERE patient_id = 1), count(*) FROM visits;
SELECT sum(CASE WHEN patient_id = 1 THEN fee END), sum(fee) FROM visits;
SELECT p.patient_id, v.visit_id FROM patients p LEFT JOIN visits v ON v.patient_id = p.patient_id AND v.patient_id = 1;
SELECT p.patient_id, v.visit_id FROM patients p LEFT JOIN visits v ON v.patient_id = p.patient_id AND p.patient_id = 1;
SELECT count(*) FROM visits v RIGHT JOIN patients p ON v.patient_id = p.patient_id AND v.patient_id = 1;
SELECT count(*) FROM visits v FULL JOIN bills b ON v.patient_id = b.patient_id AND v.patient_id = 1 AND b.patient_id = 1;
SELECT count(*) FROM visits x LEFT JOIN visits y ON y.patient_id = 1;
SELECT count(*) FROM visits x LEFT JOIN visits y ON x.patient_id = 1;
SELECT count(*) FROM visits x LEFT JOIN visits y ON x.patient_id = 1 AND y.patient_id = 1;
SELECT name FROM patients ORDER BY patient_id = 1 DESC, patient_id;
SELECT name FROM patients ORDER BY CASE WHEN patient_id = 7 THEN 0 ELSE 1 END, patient_id LIMIT 3;
SELECT name FROM patients WHERE EXISTS (SELECT 1 FROM visits WHERE patient_id = 1);
SELECT name FROM patients WHERE NOT EXISTS (SELECT 1 FROM visits WHERE patient_id = 1 AND visit_id = 99);
SELECT name FROM patients p WHERE mood IN (SELECT mood FROM visits WHERE patient_id = 1);
SELECT name FROM patients p WHERE patient_id IN (SELECT patient_id FROM visits WHERE patient_id = 1);
SELECT name, (SELECT count(*) FROM visits WHERE patient_id = 1) FROM patients;
SELECT name FROM patients WHERE coalesce(patient_id = 1, true);
SELECT name FROM patients WHERE NOT patient_id = 1;
SELECT name FROM patients WHERE (patient_id = 1) IS NOT TRUE;
SELECT name FROM patients WHERE (patient_id = 1) = false;
SELECT name FROM patients WHERE patient_id = 1 IS FALSE OR vip;
SELECT count(*) FROM visits x, visits y WHERE x.patient_id = 1 AND (x.patient_id = y.patient_id OR x.visit_id = y.visit_id);
SELECT count(*) FROM visits x, visits y WHERE x.patient_id = 1 AND x.patient_id <> y.patient_id;
SELECT count(*) FROM visits x, visits y WHERE x.patient_id = 1 AND x.patient_id = y.patient_id / 2;
SELECT count(*) FROM visits x LEFT JOIN visits y ON x.patient_id = y.patient_id AND x.patient_id = 1 WHERE x.visit_id = 1;
SELECT name, max(patient_id) FROM patients GROUP BY name HAVING max(patient_id) = 1;
SELECT patient_id, count(*) FROM visits GROUP BY 1 HAVING patient_id = 1;
SELECT count(*) FROM visits HAVING max(patient_id) = 9223372036854775807;
SELECT count(*) FROM visits t(visit_id, patient_id) WHERE patient_id = 1;
SELECT count(*) FROM (SELECT visit_id AS patient_id FROM visits) t WHERE patient_id = 1;
WITH visits AS (SELECT visit_id AS patient_id FROM public.visits) SELECT count(*) FROM visits WHERE patient_id = 1;
SELECT DISTINCT ON (patient_id = 1) patient_id FROM patients ORDER BY patient_id = 1, patient_id;
SELECT count(*) OVER (PARTITION BY patient_id = 1), patient_id FROM patients;

-- Arms for several shards.
SELECT * FROM visits WHERE patient_id = 1 UNION SELECT * FROM visits WHERE patient_id = 3;
SELECT * FROM visits WHERE patient_id = 3 UNION SELECT * FROM visits WHERE patient_id = 1;
SELECT name FROM patients WHERE patient_id = 1 UNION ALL SELECT name FROM patients WHERE patient_id = 2 UNION ALL
    SELECT name FROM patients WHERE patient_id = 3;
SELECT mood FROM visits WHERE patient_id = 1 EXCEPT SELECT mood FROM visits WHERE patient_id = 2;
SELECT mood FROM visits WHERE patient_id = 2 INTERSECT SELECT mood FROM visits WHERE patient_id = 4;
SELECT count(*) FROM visits WHERE patient_id = 1 UNION ALL SELECT count(*) FROM visits WHERE patient_id = 2;
(SELECT name FROM patients WHERE patient_id = 1) UNION (SELECT name FROM patients WHERE patient_id = 6) ORDER BY 1 LIMIT 1;

-- LIMIT n gives n rows.
SELECT 1 FROM visits LIMIT 3;
SELECT name FROM patients WHERE patient_id IN (1, 2, 3, 4, 5, 6) LIMIT 3;
SELECT name FROM patients WHERE patient_id IN (1, 2, 3, 4, 5, 6) OFFSET 4;
SELECT name FROM patients FETCH FIRST 2 ROWS ONLY;
SELECT DISTINCT city FROM patients LIMIT 2;
SELECT city FROM patients GROUP BY city OFFSET 2;
SELECT city FROM patients UNION SELECT name FROM patients LIMIT 2;

-- Both keys of one AND count; IN drops no member.
SELECT * FROM visits WHERE patient_id = 1 AND patient_id = 2;
SELECT count(*) FROM visits WHERE patient_id = 1 AND patient_id = 2;
SELECT count(*), max(fee), bool_and(paid) FROM visits WHERE patient_id IN (1, 2) AND patient_id IN (3, 4);
SELECT * FROM visits WHERE patient_id IN (1, 2) AND patient_id = 1;
SELECT * FROM visits WHERE patient_id IN (1, abs(2));
SELECT * FROM visits WHERE patient_id IN (1, visit_id);
SELECT * FROM visits WHERE patient_id IN (1, (SELECT 2));
SELECT * FROM visits WHERE patient_id IN (1, (SELECT max(patient_id) FROM patients));
SELECT * FROM visits WHERE patient_id IN (1, NULL);
SELECT * FROM visits WHERE patient_id = 1 OR patient_id = abs(-2);
SELECT * FROM visits WHERE patient_id = 1 OR paid;
SELECT * FROM visits WHERE patient_id = ANY (ARRAY[1, abs(-2)]);
SELECT * FROM visits WHERE patient_id = ANY (ARRAY[1, visit_id]);
SELECT * FROM visits WHERE patient_id = ALL (ARRAY[1, 2]);
SELECT * FROM visits WHERE patient_id = ALL ('{}'::bigint[]);
SELECT * FROM visits WHERE patient_id NOT IN (1, NULL);

-- IN and groups; HAVING; expressions over aggregates; groups without aggregates.
SELECT mood, count(*) FROM visits WHERE patient_id IN (1, 3) GROUP BY mood;
SELECT mood, count(*) FROM visits WHERE patient_id = ANY ('{1,3}') GROUP BY mood;
SELECT mood, count(*) FROM visits GROUP BY mood HAVING count(*) > 8;
SELECT mood, count(*) FROM visits GROUP BY mood HAVING count(*) < 15;
SELECT mood FROM visits GROUP BY mood HAVING sum(fee) > 100;
SELECT paid, avg(fee) FROM visits GROUP BY paid HAVING avg(fee) < 1e9;
SELECT coalesce(sum(fee), 0) FROM visits;
SELECT round(avg(fee), 2) FROM visits;
SELECT sum(visit_id) + 1 FROM visits;
SELECT sum(visit_id) + sum(grade) FROM visits;
SELECT count(*) = 0 FROM visits;
SELECT avg(visit_id), avg(grade) FROM visits WHERE patient_id IN (1, 2, 3);
SELECT mood FROM visits GROUP BY mood;
SELECT visit_id % 2 FROM visits GROUP BY 1;
SELECT lower(city), count(*) FROM patients GROUP BY lower(city);
SELECT DISTINCT city FROM patients;
SELECT count(DISTINCT city) FROM patients;
SELECT city, count(DISTINCT mood) FROM patients GROUP BY city;
SELECT count(*) FROM (SELECT count(*) FROM visits) t;

-- Order: expressions, NULLS FIRST, columns that are not in the output; collations.
SELECT patient_id FROM patients ORDER BY - (patient_id / 2), patient_id;
SELECT name FROM patients ORDER BY city NULLS FIRST, patient_id;
SELECT name FROM patients ORDER BY city DESC, patient_id;
SELECT name FROM patients ORDER BY patient_id DESC LIMIT 4;
SELECT name, patient_id FROM patients ORDER BY name, patient_id;
SELECT name FROM patients ORDER BY name COLLATE "C" DESC, patient_id;
SELECT name FROM patients ORDER BY name COLLATE "en-x-icu", patient_id;
SELECT name FROM patients ORDER BY name COLLATE "und-x-icu" DESC, patient_id;
SELECT name FROM patients ORDER BY name COLLATE "C.utf8", patient_id;
SELECT min(name COLLATE "und-x-icu"), max(name COLLATE "und-x-icu") FROM patients;
SELECT DISTINCT name COLLATE "und-x-icu" FROM patients ORDER BY 1;
SELECT mood FROM visits ORDER BY mood, patient_id, visit_id;
SELECT patient_id::text FROM patients ORDER BY patient_id::text;
SELECT patient_id::text AS patient_id FROM patients ORDER BY patient_id;
SELECT fee::text FROM visits ORDER BY fee::text;
SELECT kind FROM visits ORDER BY kind DESC, patient_id, visit_id;

-- Text that looks like a number, and numbers that look like text.
SELECT name FROM patients WHERE patient_id IN ('1', ' 2 ', '03');
SELECT name FROM patients WHERE patient_id IN (1.0, 2.0);
SELECT name FROM patients WHERE patient_id IN (1.5, 2);
SELECT name FROM patients WHERE patient_id IN (1e0, 3);
SELECT label FROM wards WHERE code IN ('10', '9', '010');
SELECT name FROM patients WHERE name IN ('42', 'Ada');
SELECT code FROM wards WHERE code = '10' OR code = '9';

-- What looks complete at each shard, or means the same, and is not.
SELECT * FROM visits ORDER BY mood, fee, patient_id, visit_id LIMIT 7;
SELECT *, grade + 1 AS n FROM visits ORDER BY kind, n, patient_id, visit_id LIMIT 7;
SELECT DISTINCT ON (kind, mood) * FROM visits ORDER BY kind, mood, patient_id, visit_id;
SELECT DISTINCT * FROM (SELECT city FROM patients) t;
WITH t AS (SELECT mood FROM visits) SELECT DISTINCT * FROM t;
SELECT DISTINCT g.* FROM patients CROSS JOIN generate_series(1, 3) g;
SELECT DISTINCT r.* FROM patients p LEFT JOIN refunds r ON r.patient_id = p.patient_id;
SELECT lower(name), count(*) FROM patients GROUP BY lower(patients.name);
SELECT patient_id % 2 AS odd, count(*) FROM visits GROUP BY patient_id % 2;
SELECT count(*) OVER w, patient_id FROM patients WINDOW w AS ();
SELECT kind, count(*) FROM visits GROUP BY kind HAVING bool_or(paid);
SELECT n AS c1, what AS c2 FROM events GROUP BY n, what HAVING bool_or(what > 'a');
SELECT * FROM (patients p JOIN events e ON p.name = e.what) FULL JOIN nothing x ON x.patient_id = p.patient_id AND x.patient_id = e.patient_id;
SELECT (SELECT count(*) FILTER (WHERE p.vip)) FROM patients p;
SELECT name FROM patients p WHERE (ROW(p.name, p.patient_id), p.patient_id) IN (SELECT ROW(v.remark, v.patient_id), v.patient_id FROM visits v);
SELECT 2 AS a, kind, count(*) FROM visits GROUP BY ROLLUP (1), kind;
SELECT array_agg(t.patient_id) FROM (SELECT patient_id FROM patients ORDER BY patient_id DESC) t;
SELECT t.patient_id FROM (SELECT patient_id FROM patients ORDER BY patient_id DESC) t LIMIT 3;
