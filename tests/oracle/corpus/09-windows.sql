-- Windows of a key.
SELECT patient_id, visit_id, row_number() OVER (PARTITION BY patient_id ORDER BY visit_id DESC) FROM visits;
SELECT patient_id, visit_id, rank() OVER (PARTITION BY patient_id ORDER BY fee) FROM visits;
SELECT patient_id, visit_id, dense_rank() OVER (PARTITION BY patient_id ORDER BY mood DESC) FROM visits;
SELECT patient_id, visit_id, sum(fee) OVER (PARTITION BY patient_id) FROM visits;
SELECT patient_id, visit_id, sum(fee) OVER (PARTITION BY patient_id ORDER BY visit_id) FROM visits;
SELECT patient_id, visit_id, lag(visit_id, 1, -1) OVER (PARTITION BY patient_id ORDER BY visit_id) FROM visits;
SELECT patient_id, visit_id, lead(at) OVER (PARTITION BY patient_id ORDER BY visit_id) FROM visits;
SELECT patient_id, visit_id, first_value(fee) OVER w, last_value(fee) OVER w FROM visits
    WINDOW w AS (PARTITION BY patient_id ORDER BY visit_id);
SELECT patient_id, visit_id, count(*) OVER (PARTITION BY patient_id, paid) FROM visits;
SELECT patient_id, visit_id, count(*) OVER (PARTITION BY paid, patient_id ORDER BY visit_id) FROM visits;
SELECT patient_id, visit_id, ntile(2) OVER (PARTITION BY patient_id ORDER BY visit_id) FROM visits;
SELECT patient_id, visit_id, avg(grade) OVER (PARTITION BY patient_id ORDER BY visit_id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM visits;
SELECT patient_id, row_number() OVER (PARTITION BY patient_id) FROM patients;
SELECT patient_id, visit_id, row_number() OVER (PARTITION BY patient_id ORDER BY visit_id) AS n FROM visits ORDER BY n, patient_id;
SELECT * FROM (SELECT patient_id, visit_id, row_number() OVER (PARTITION BY patient_id ORDER BY visit_id DESC) AS n FROM visits) t WHERE n = 1;
SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY patient_id ORDER BY visit_id) AS n FROM visits) t WHERE n = 2;
SELECT p.name, v.visit_id, count(*) OVER (PARTITION BY v.patient_id) FROM patients p JOIN visits v USING (patient_id);
SELECT patient_id, visit_id, count(*) OVER (PARTITION BY patient_id) FROM visits ORDER BY patient_id, visit_id LIMIT 5;
SELECT patient_id, visit_id, sum(fee) OVER (PARTITION BY patient_id) FROM visits WHERE patient_id IN (1, 2, 3);

-- Windows of all rows.
SELECT patient_id, row_number() OVER (ORDER BY patient_id) FROM patients;
SELECT patient_id, rank() OVER (ORDER BY city) FROM patients;
SELECT patient_id, count(*) OVER () FROM patients;
SELECT patient_id, count(*) OVER (PARTITION BY city) FROM patients;
SELECT visit_id, sum(fee) OVER (PARTITION BY mood) FROM visits;
SELECT city, count(*), sum(count(*)) OVER () FROM patients GROUP BY city;
SELECT city, count(*), rank() OVER (ORDER BY count(*) DESC) FROM patients GROUP BY city;
SELECT patient_id, lag(patient_id) OVER (ORDER BY patient_id) FROM patients ORDER BY patient_id LIMIT 4;
SELECT patient_id, ntile(3) OVER (ORDER BY patient_id) FROM patients;
SELECT patient_id, count(*) OVER (PARTITION BY patient_id % 2) FROM patients;
SELECT patient_id, percent_rank() OVER (ORDER BY patient_id), cume_dist() OVER (ORDER BY patient_id) FROM patients;

-- LATERAL
SELECT p.name, l.n FROM patients p, LATERAL (SELECT count(*) AS n FROM visits v WHERE v.patient_id = p.patient_id) l;
SELECT p.name, l.visit_id FROM patients p, LATERAL (SELECT visit_id FROM visits v WHERE v.patient_id = p.patient_id ORDER BY visit_id DESC LIMIT 1) l;
SELECT p.name, l.visit_id FROM patients p LEFT JOIN LATERAL (SELECT visit_id FROM visits v WHERE v.patient_id = p.patient_id ORDER BY visit_id DESC LIMIT 1) l ON true;
SELECT p.name, l.visit_id FROM patients p CROSS JOIN LATERAL (SELECT visit_id FROM visits v WHERE v.patient_id = p.patient_id AND paid) l ORDER BY p.patient_id, l.visit_id;
SELECT p.name, l.x FROM patients p, LATERAL (SELECT p.patient_id * 0 AS x) l;
SELECT p.name, l.x FROM patients p, LATERAL (VALUES (1), (2)) l(x);
SELECT p.name, l.n FROM patients p, LATERAL (SELECT count(*) AS n FROM visits v) l;
SELECT p.name, l.n FROM patients p, LATERAL (SELECT count(*) AS n FROM visits v WHERE v.mood = p.mood) l;
SELECT p.patient_id, s FROM patients p, LATERAL generate_series(1, length(p.name)) s;
SELECT p.patient_id, s FROM patients p, LATERAL string_to_table(p.name, ' ') s;

-- Functions that give rows, in the output.
SELECT patient_id, unnest(tags) FROM patients;
SELECT patient_id, generate_series(1, 2) FROM patients;
SELECT unnest(codes), count(*) FROM visits GROUP BY 1;
SELECT DISTINCT unnest(codes) FROM visits ORDER BY 1;

-- What depends on the session, or on nothing.
-- loose
SELECT patient_id, current_database() FROM patients;
SELECT patient_id, current_user, current_schema FROM patients;
SELECT patient_id, now() = now(), current_date = current_date FROM patients;
SELECT patient_id, txid_current() > 0 FROM patients;
-- loose
SELECT patient_id, random() FROM patients;
-- loose
SELECT patient_id, clock_timestamp() FROM patients;
-- loose
SELECT name FROM patients ORDER BY random();
SELECT patient_id, to_char(at, 'YYYY-MM-DD') FROM visits WHERE isfinite(at);
SELECT seen::text, born::text, wait::text FROM patients;
SELECT patient_id, pg_typeof(mood), pg_typeof(kind) FROM visits;
SELECT * FROM visits TABLESAMPLE SYSTEM (100);
SELECT patient_id FROM patients FOR SHARE;
SELECT patient_id FROM patients ORDER BY patient_id FOR UPDATE;
