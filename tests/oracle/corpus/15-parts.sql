-- More than one place needs all rows: joins by something else than the key.
SELECT p.name, q.name FROM patients p JOIN patients q ON p.city = q.city;
SELECT count(*) FROM patients p, patients q;
SELECT count(*) FROM patients p CROSS JOIN visits v;
SELECT p.name, w.fee FROM patients p JOIN visits v ON v.patient_id = p.patient_id
    AND p.patient_id NOT IN (SELECT x FROM generate_series(1, 3) x) JOIN visits w ON w.mood = p.mood;
SELECT count(*) FROM patients p LEFT JOIN visits v ON v.patient_id = p.patient_id
    AND EXISTS (SELECT FROM (VALUES (1), (2)) x(n) WHERE x.n = v.grade) JOIN bills b ON b.bill_id = v.visit_id;
SELECT count(*) FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
SELECT count(*) FROM patients p LEFT JOIN visits v ON v.mood = p.mood;
SELECT count(*) FROM visits a JOIN visits b ON a.visit_id = b.visit_id;
SELECT count(*) FROM visits a JOIN visits b ON a.patient_id = b.patient_id OR a.visit_id = b.visit_id;
SELECT count(*) FROM visits a JOIN visits b ON a.patient_id <= b.patient_id;
SELECT count(*) FROM visits a JOIN visits b ON a.patient_id = b.patient_id / 2;
SELECT count(*) FROM visits a JOIN visits b ON a.patient_id::text = b.patient_id::text;
SELECT count(*) FROM visits a FULL JOIN visits b ON a.patient_id = b.visit_id;
SELECT * FROM patients p JOIN refunds r ON r.bill_id = p.patient_id;
SELECT p.*, r.amount FROM patients p LEFT JOIN refunds r ON r.bill_id = p.patient_id;
SELECT p.name, b.* FROM patients p RIGHT JOIN bills b ON b.visit_id = p.patient_id AND b.settled;
SELECT * FROM events a FULL JOIN events b ON a.n = b.n AND a.patient_id < b.patient_id;
SELECT * FROM events a FULL JOIN refunds b ON a.n = b.refund_id WHERE a.n IS NULL OR b.reason IS NOT NULL;
-- ordered
SELECT p.patient_id, q.patient_id FROM patients p JOIN patients q USING (city)
    ORDER BY p.patient_id, q.patient_id DESC LIMIT 9 OFFSET 2;
SELECT city, count(*) FROM patients p JOIN patients q USING (city) GROUP BY city;
SELECT mood, p.name, v.visit_id FROM patients p LEFT JOIN visits v USING (mood);
SELECT mood, p.name, v.visit_id FROM patients p RIGHT JOIN visits v USING (mood) WHERE mood > 'ok';
SELECT mood, p.name, v.visit_id FROM patients p FULL JOIN visits v USING (mood) WHERE mood IS NULL;
SELECT count(*) FROM patients NATURAL JOIN visits;
SELECT * FROM refunds NATURAL LEFT JOIN bills;
SELECT count(*), count(r.amount) FROM refunds r NATURAL FULL JOIN bills b;
SELECT j.* FROM (refunds r JOIN bills b ON r.amount = b.amount) AS j(a, b, c, d, e, f, g);
SELECT a, g FROM (refunds r JOIN bills b ON r.amount = b.amount) AS j(a, b, c, d, e, f, g) WHERE g = 1;
SELECT x.p, y.q FROM patients x(p) JOIN visits y(a, b, q) ON x.p = y.q;
SELECT x.*, y.visit_id FROM refunds x(k, n) JOIN visits y ON x.n = y.visit_id AND y.patient_id = 1;
SELECT p.name FROM patients p JOIN visits v ON v.visit_id = p.patient_id JOIN bills b ON b.visit_id = v.visit_id;
SELECT p.name, b.amount FROM patients p JOIN visits v ON v.patient_id = p.patient_id
    JOIN bills b ON b.visit_id = v.visit_id AND b.patient_id <> v.patient_id;
SELECT count(*) FROM patients, visits, generate_series(1, 2) g WHERE visits.visit_id = patients.patient_id;
SELECT patients.name, patients.city FROM patients, visits WHERE visits.visit_id = patients.patient_id AND fee > 10;
SELECT public.patients.name FROM patients JOIN visits ON visit_id = public.patients.patient_id;
SELECT DISTINCT p.city FROM patients p JOIN visits v ON v.mood = p.mood ORDER BY 1;
SELECT DISTINCT ON (p.city) p.city, p.patient_id, v.patient_id FROM patients p JOIN visits v ON v.mood = p.mood
    ORDER BY p.city, p.patient_id, v.patient_id, v.visit_id;
SELECT p.name, rank() OVER (ORDER BY p.patient_id, v.patient_id, v.visit_id) FROM patients p JOIN visits v ON v.mood = p.mood;
SELECT p.city, sum(v.fee), avg(v.grade) FROM patients p JOIN visits v ON v.mood = p.mood GROUP BY ROLLUP (p.city);
SELECT g, v.visit_id FROM generate_series(1, 9) g LEFT JOIN visits v ON v.visit_id = g;
SELECT x, p.name FROM (VALUES (1, 'a'), (2, 'b'), (77, NULL)) t(x, y) LEFT JOIN patients p ON p.patient_id = x;
SELECT x, p.name FROM unnest(ARRAY[1, 2, NULL]) x FULL JOIN patients p ON p.patient_id = x;
SELECT count(*) FROM nothing, patients;
SELECT n.x, p.name FROM nothing n RIGHT JOIN patients p ON p.patient_id = n.x;
SELECT n.x, p.name FROM nothing n JOIN patients p ON p.patient_id = n.x;
SELECT 1 FROM events a, events b;

-- Conditions of one table, which may go along or not.
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE p.vip AND v.fee > 10;
SELECT p.name, v.visit_id FROM patients p LEFT JOIN visits v ON v.visit_id = p.patient_id AND v.paid WHERE p.city = 'Oslo';
SELECT p.name, v.visit_id FROM patients p LEFT JOIN visits v ON v.visit_id = p.patient_id WHERE v.fee IS NULL;
SELECT p.name, v.visit_id FROM patients p LEFT JOIN visits v ON v.visit_id = p.patient_id AND p.vip;
SELECT p.name, v.visit_id FROM patients p RIGHT JOIN visits v ON v.visit_id = p.patient_id AND v.paid WHERE p.vip IS NOT TRUE;
SELECT p.name, v.visit_id FROM patients p FULL JOIN visits v ON v.visit_id = p.patient_id AND v.paid AND p.vip;
SELECT p.name, v.visit_id FROM patients p, visits v WHERE v.visit_id = p.patient_id AND (p.vip OR v.paid) AND NOT (v.grade = 1 OR v.grade IS NULL);
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE v.mood IN ('ok', 'happy') AND p.mood BETWEEN 'sad' AND 'happy';
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE remark LIKE '%a%' AND length(name) > 2;
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE v.kind = 'a' OR v.kind = 'b  ';
SELECT p.name, v.visit_id FROM patients p JOIN visits v USING (mood) WHERE mood = 'ok' AND fee IS NOT NULL;
SELECT p.name, v.visit_id FROM patients p LEFT JOIN visits v USING (mood) WHERE mood = 'ok';
SELECT p.name, v.visit_id FROM patients p RIGHT JOIN visits v USING (mood) WHERE mood = 'ok' OR v.paid;
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE 1 = 2;
SELECT count(*) FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE NULL;
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE v.codes = '{1,2}' OR v.codes IS NULL;
SELECT p.name FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE p.patient_id IN (1, 2, 3) AND v.patient_id IN (4, 5);
SELECT p.name FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE p.patient_id = 1;
SELECT p.name FROM patients p LEFT JOIN visits v ON v.visit_id = p.patient_id AND v.patient_id = 2 WHERE p.patient_id < 4;
SELECT p.name FROM (patients p LEFT JOIN visits v ON v.visit_id = p.patient_id) JOIN bills b ON b.visit_id = p.patient_id AND v.paid;
SELECT p.name FROM patients p LEFT JOIN (visits v JOIN bills b ON b.bill_id = v.visit_id AND b.settled) ON b.patient_id = p.patient_id % 7 AND v.paid;
SELECT name FROM patients p WHERE vip AND EXISTS (SELECT FROM visits v WHERE v.mood = p.mood AND v.fee > 10 AND v.paid);
SELECT name FROM patients p WHERE EXISTS (SELECT FROM visits v WHERE v.mood = p.mood AND fee > 10 AND city = 'Oslo');
-- $1 = numeric:10 | $2 = bool:t
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE v.fee > $1 AND p.vip = $2;
-- $1 = numeric:NULL | $2 = bool:t
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE v.fee > $1 OR p.vip = $2;
-- $1 = int8[]:{1,2,3} | $2 = mood:ok
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE p.patient_id = ANY ($1) AND v.mood <> $2;
-- $1 = int4:2 | $2 = text:Oslo
SELECT p.name, (SELECT count(*) FROM visits WHERE grade >= $1) FROM patients p WHERE city = $2;
-- $1 = timestamp:2026-03-01 08:00 | $2 = date:2026-01-01
SELECT count(*) FROM visits v JOIN bills b ON b.bill_id = v.visit_id WHERE v.at >= $1 AND b.due > $2;
-- $1 = int8:1 | $2 = int8:3
SELECT p.name, q.name FROM patients p, patients q WHERE p.patient_id = $1 AND q.patient_id = $2;
-- $1 = int4:3
SELECT name FROM patients p WHERE patient_id IN (SELECT v.visit_id FROM visits v WHERE v.grade < $1) ORDER BY patient_id LIMIT $1;
-- $1 = bytea:\x00ff | $2 = uuid:00000000-0000-0000-0000-000000000001
SELECT p.name FROM patients p JOIN visits v ON v.visit_id = p.patient_id WHERE p.photo IS DISTINCT FROM $1 AND p.token IS DISTINCT FROM $2;

-- Queries that know nothing of what is around them.
SELECT name FROM patients WHERE patient_id = (SELECT max(visit_id) FROM visits) OR patient_id = (SELECT min(bill_id) FROM bills);
SELECT (SELECT count(*) FROM visits) - (SELECT count(*) FROM visits WHERE paid) AS unpaid, (SELECT avg(fee) FROM visits);
SELECT name, (SELECT avg(fee) FROM visits), (SELECT max(mood) FROM visits), (SELECT min(kind) FROM visits) FROM patients;
SELECT name FROM patients WHERE mood NOT IN (SELECT mood FROM visits);
SELECT name FROM patients WHERE mood NOT IN (SELECT mood FROM visits WHERE mood = 'Zen');
SELECT name FROM patients WHERE (city, mood) IN (SELECT q.city, v.mood FROM patients q JOIN visits v USING (patient_id));
SELECT name FROM patients WHERE height >= ALL (SELECT height FROM patients WHERE height IS NOT NULL);
SELECT name FROM patients WHERE name > ANY (SELECT remark FROM visits);
SELECT name FROM patients WHERE patient_id <> ALL (SELECT visit_id FROM visits);
SELECT visit_id FROM visits WHERE fee = (SELECT fee FROM visits ORDER BY fee DESC NULLS LAST, patient_id, visit_id LIMIT 1);
SELECT visit_id FROM visits WHERE EXISTS (SELECT 1 FROM refunds WHERE amount > 1000000) OR paid;
SELECT visit_id, NOT EXISTS (SELECT FROM nothing) FROM visits WHERE (SELECT count(*) FROM nothing) = 0;
SELECT ARRAY(SELECT DISTINCT city FROM patients ORDER BY 1), ARRAY(SELECT mood FROM visits WHERE mood > 'ok' ORDER BY mood);
-- fails
SELECT name, (SELECT visit_id FROM visits) FROM patients;
-- fails
SELECT name FROM patients WHERE patient_id = (SELECT patient_id FROM visits);
SELECT count(*) FROM patients WHERE born < (SELECT max(at) FROM visits) AND weight > (SELECT avg(weight) FROM patients);
SELECT city, count(*) FROM patients GROUP BY city HAVING count(*) > (SELECT count(*) FROM refunds) / 2;
SELECT city, (SELECT count(*) FROM visits) AS n FROM patients GROUP BY city;
SELECT count(*) + (SELECT count(*) FROM bills) FROM visits;
SELECT sum(fee) / (SELECT count(*) FROM patients) FROM visits;
SELECT count(*) FILTER (WHERE fee > (SELECT avg(fee) FROM visits)) FROM visits;
SELECT name FROM patients ORDER BY patient_id LIMIT (SELECT count(*) FROM refunds);
SELECT name FROM patients ORDER BY (SELECT count(*) FROM visits), patient_id DESC LIMIT 3;
SELECT CASE WHEN EXISTS (SELECT FROM visits WHERE fee > 100) THEN 'dear' ELSE 'cheap' END, patient_id FROM patients;
SELECT coalesce((SELECT x FROM nothing LIMIT 1), -1), patient_id FROM patients;
SELECT patient_id FROM patients WHERE patient_id IN (SELECT max(patient_id) FROM visits GROUP BY mood);
SELECT patient_id FROM patients WHERE patient_id IN (SELECT patient_id FROM visits GROUP BY patient_id, mood HAVING count(*) > 1);

-- Queries that do.
SELECT name, (SELECT count(*) FROM visits v WHERE v.mood = p.mood) FROM patients p;
SELECT name FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.mood = p.mood);
SELECT name FROM patients p WHERE NOT EXISTS (SELECT 1 FROM visits v WHERE v.patient_id <> p.patient_id);
SELECT name FROM patients p WHERE patient_id IN (SELECT visit_id FROM visits);
SELECT name FROM patients p WHERE patient_id NOT IN (SELECT visit_id FROM visits WHERE visit_id IS NOT NULL);
SELECT name, (SELECT max(name) FROM patients q WHERE q.city = p.city) FROM patients p;
SELECT name, l.n FROM patients p, LATERAL (SELECT count(*) AS n FROM visits v WHERE v.visit_id = p.patient_id) l;
SELECT name, (SELECT sum(amount) FROM bills WHERE visit_id = patient_id) FROM patients;
SELECT name, (SELECT sum(amount) FROM bills WHERE visit_id = p.patient_id) FROM patients p;
SELECT name, (SELECT max(b.amount) FROM bills b WHERE b.visit_id < p.patient_id AND b.settled = p.vip) FROM patients p;
SELECT name, l.visit_id FROM patients p LEFT JOIN LATERAL (SELECT visit_id FROM visits v WHERE v.mood > p.mood
    ORDER BY v.mood, v.patient_id, v.visit_id LIMIT 2) l ON true;
SELECT name, g FROM patients p, LATERAL generate_series(1, (SELECT count(*) FROM visits v WHERE v.grade = p.patient_id)) g;
SELECT visit_id FROM visits v WHERE fee > (SELECT avg(w.fee) FROM visits w WHERE w.mood = v.mood);
SELECT visit_id FROM visits v WHERE fee > (SELECT avg(fee) FROM visits WHERE mood = v.mood);
SELECT name FROM patients p WHERE (SELECT count(*) FROM visits v WHERE v.visit_id = p.patient_id) =
    (SELECT count(*) FROM bills b WHERE b.visit_id = p.patient_id);
SELECT name FROM patients p WHERE EXISTS (SELECT FROM visits v WHERE v.mood = p.mood AND NOT EXISTS
    (SELECT FROM bills b WHERE b.visit_id = v.visit_id AND b.patient_id <> p.patient_id));
SELECT name FROM patients p WHERE born = (SELECT min(q.born) FROM patients q WHERE q.city IS NOT DISTINCT FROM p.city);
SELECT (SELECT count(*) FILTER (WHERE p.vip)) FROM patients p;
SELECT (SELECT max(p.height)), city FROM patients p GROUP BY city;
SELECT name, ARRAY(SELECT q.patient_id FROM patients q WHERE q.city = p.city ORDER BY 1) FROM patients p;
SELECT name FROM patients p WHERE city IN (SELECT q.city FROM patients q WHERE q.patient_id < p.patient_id);

-- Derived tables, and what is named twice.
SELECT a.mood, a.n, b.m FROM (SELECT mood, count(*) n FROM visits GROUP BY mood) a
    FULL JOIN (SELECT mood, count(*) m FROM patients GROUP BY mood) b ON a.mood = b.mood;
SELECT * FROM (SELECT mood, count(*) FROM visits GROUP BY mood) a NATURAL JOIN (SELECT mood, max(name) FROM patients GROUP BY mood) b;
SELECT p.name, t.n FROM patients p JOIN (SELECT visit_id, count(*) n FROM visits GROUP BY visit_id) t ON t.visit_id = p.patient_id;
SELECT p.name, t.* FROM patients p JOIN (SELECT city, count(*) n, avg(height) FROM patients GROUP BY city) t USING (city);
SELECT * FROM (SELECT patient_id FROM patients ORDER BY patient_id DESC LIMIT 3) a, (SELECT visit_id FROM visits ORDER BY visit_id, patient_id LIMIT 2) b;
SELECT count(*), max(a) FROM (SELECT p.patient_id a FROM patients p JOIN visits v ON v.visit_id = p.patient_id GROUP BY 1) t;
SELECT k, rank() OVER (ORDER BY n DESC, k) FROM (SELECT kind k, count(*) n FROM visits GROUP BY kind) t;
SELECT n, count(*) FROM (SELECT count(*) AS n FROM visits GROUP BY patient_id) t GROUP BY n;
SELECT sum(n) OVER (ORDER BY n, mood) FROM (SELECT mood, count(*) n FROM visits GROUP BY mood) t;
SELECT mood, lag(mood) OVER (ORDER BY mood) FROM (SELECT DISTINCT mood FROM visits) t;
WITH v AS (SELECT mood, count(*) n FROM visits GROUP BY mood) SELECT a.mood, b.mood FROM v a JOIN v b ON a.n > b.n;
WITH v AS (SELECT mood, count(*) n FROM visits GROUP BY mood) SELECT * FROM v UNION ALL SELECT NULL, sum(n) FROM v;
WITH v AS (SELECT * FROM visits WHERE paid) SELECT p.name, (SELECT count(*) FROM v WHERE v.visit_id = p.patient_id) FROM patients p;
WITH v AS MATERIALIZED (SELECT visit_id FROM visits), w AS (SELECT * FROM v WHERE visit_id > 2) SELECT count(*) FROM v, w;
WITH a AS (SELECT mood, count(*) AS n FROM visits GROUP BY mood) SELECT p.name, a.n FROM patients p JOIN a USING (mood);
WITH a AS (SELECT city FROM patients), b AS (SELECT currency FROM bills) SELECT * FROM a UNION SELECT * FROM b;
WITH unused AS (SELECT * FROM visits) SELECT p.name, q.name FROM patients p JOIN patients q ON p.city = q.city;
WITH RECURSIVE t AS (SELECT patient_id FROM patients WHERE patient_id = 1 UNION SELECT v.visit_id FROM visits v JOIN t ON t.patient_id = v.patient_id) SELECT * FROM t;
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT t.n, v.patient_id FROM t JOIN visits v ON v.visit_id = t.n;
WITH RECURSIVE t(n, c) AS (SELECT 1, (SELECT count(*) FROM visits) UNION ALL SELECT n + 1, c FROM t WHERE n < 3) SELECT * FROM t;
WITH t(a, b) AS (SELECT patient_id, city FROM patients) SELECT x.a, y.b FROM t x JOIN t y ON x.b = y.b AND x.a < y.a;

-- Sets.
SELECT patient_id FROM patients UNION ALL SELECT 1;
SELECT patient_id FROM patients UNION SELECT 1 UNION SELECT 77;
SELECT patient_id FROM patients EXCEPT (SELECT patient_id FROM visits UNION SELECT 1);
SELECT visit_id FROM visits EXCEPT SELECT bill_id FROM bills;
SELECT visit_id FROM visits EXCEPT ALL SELECT bill_id FROM bills;
SELECT visit_id FROM visits INTERSECT SELECT bill_id FROM bills;
SELECT visit_id FROM visits INTERSECT ALL SELECT bill_id FROM bills;
(SELECT mood FROM visits EXCEPT SELECT mood FROM patients) UNION ALL (SELECT mood FROM patients EXCEPT SELECT mood FROM visits);
(SELECT patient_id FROM patients ORDER BY patient_id LIMIT 2) UNION ALL (SELECT visit_id FROM visits ORDER BY visit_id DESC, patient_id LIMIT 2);
-- ordered
(SELECT patient_id AS n FROM patients ORDER BY patient_id LIMIT 2) UNION (SELECT 2) ORDER BY n DESC;
SELECT count(*) FROM visits UNION ALL SELECT count(*) FROM bills UNION ALL SELECT 7;
SELECT 'visits' AS what, count(*) FROM visits UNION ALL SELECT 'bills', count(*) FROM bills ORDER BY 1;
SELECT city FROM patients UNION SELECT currency FROM bills UNION SELECT NULL;
SELECT kind::text FROM visits UNION SELECT currency FROM bills;
SELECT kind FROM visits UNION ALL SELECT 'ab';
SELECT fee FROM visits UNION ALL SELECT tax FROM bills UNION ALL SELECT 1.50;
SELECT fee FROM visits UNION SELECT score::numeric(6, 1) FROM visits;
SELECT name, mood FROM patients INTERSECT SELECT p.name, v.mood FROM patients p JOIN visits v USING (patient_id);
SELECT count(*) FROM (SELECT visit_id FROM visits UNION SELECT bill_id FROM bills EXCEPT SELECT 1) t;
SELECT p.name FROM patients p WHERE p.patient_id IN (SELECT visit_id FROM visits UNION SELECT bill_id FROM bills);
SELECT p.name FROM patients p WHERE EXISTS (SELECT visit_id FROM visits WHERE visit_id = p.patient_id INTERSECT SELECT bill_id FROM bills);
VALUES (1, 'x') UNION ALL SELECT patient_id, name FROM patients;
TABLE events UNION ALL SELECT 1, 'x', NULL;
TABLE nothing EXCEPT SELECT patient_id, n, what FROM events;

-- Values of all types, rows as a whole, and nothing but NULLs.
SELECT p.*, q.patient_id FROM patients p JOIN patients q ON q.patient_id = p.patient_id % 7;
SELECT v.*, w.patient_id FROM visits v JOIN visits w ON w.visit_id = v.visit_id AND w.patient_id > v.patient_id;
SELECT b.*, c.bill_id FROM bills b JOIN bills c ON b.due = c.due AND b.bill_id < c.bill_id;
SELECT v.kind, v.kind || '!', length(v.kind), octet_length(v.kind) FROM visits v JOIN patients p ON p.patient_id = v.visit_id;
SELECT p.tags, p.tags[1], v.codes[1:2], array_length(v.codes, 1) FROM visits v JOIN patients p ON p.patient_id = v.visit_id;
SELECT p.note, p.note -> 'a', p.photo, encode(p.photo, 'hex'), p.wait * 2, p.seen FROM patients p JOIN visits v ON p.patient_id = v.visit_id;
SELECT v.fee * 1, v.fee / 3, b.tax, b.amount + b.tax FROM visits v JOIN bills b ON b.bill_id = v.visit_id AND b.amount = v.fee;
SELECT v.mood < p.mood, v.mood::text, enum_range(v.mood, p.mood) FROM visits v JOIN patients p ON p.patient_id = v.visit_id;
SELECT to_jsonb(r) FROM refunds r JOIN visits v ON v.visit_id = r.bill_id;
SELECT row_to_json(r.*), r IS NULL FROM visits v LEFT JOIN refunds r ON v.visit_id = r.bill_id AND r.amount > 0;
SELECT count(r), count(*) FROM visits v LEFT JOIN refunds r ON v.visit_id = r.bill_id;
SELECT r::text FROM refunds r JOIN events e ON e.n = r.refund_id;
SELECT r FROM refunds r JOIN events e ON e.n = r.refund_id;
SELECT pg_typeof(r) FROM refunds r JOIN events e ON e.n = r.refund_id;
SELECT pg_typeof(r.amount), pg_typeof(e.what) FROM refunds r JOIN events e ON e.n = r.refund_id;
SELECT jsonb_agg(to_jsonb(e) ORDER BY patient_id, what, n) FROM events e;
SELECT array_agg(r.reason ORDER BY r.reason), array_agg(r.amount ORDER BY r.amount) FROM refunds r JOIN events e ON e.n = r.refund_id;
SELECT r.reason || 'x', r.amount + 1, r.reason = 'x' FROM refunds r JOIN events e ON e.n = r.refund_id;
SELECT e.n, r.amount, r.reason FROM events e LEFT JOIN refunds r ON e.n = r.refund_id AND r.reason IS NULL;
SELECT amount, reason FROM refunds UNION ALL SELECT NULL, NULL;
SELECT e.n, (SELECT max(amount) FROM refunds), (SELECT r.reason FROM refunds r ORDER BY r.reason LIMIT 1) FROM events e;
SELECT x.amount FROM patients p LEFT JOIN (SELECT patient_id, amount FROM refunds) x USING (patient_id) ORDER BY p.patient_id;
SELECT DISTINCT x.amount FROM patients p LEFT JOIN refunds x USING (patient_id);
SELECT count(DISTINCT x.amount), max(x.reason), count(*) FROM patients p LEFT JOIN refunds x USING (patient_id);
SELECT NULL, p.name FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
SELECT a.x, b.t FROM nothing a FULL JOIN nothing b ON a.x = b.x;
SELECT max(a.x), count(b.t) FROM nothing a, nothing b;
SELECT 'x', 1.5, true, p.patient_id AS "Weird Name", p.name AS p, v.visit_id AS select FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
SELECT p.patient_id, v.patient_id, p.mood, v.mood FROM patients p, visits v WHERE p.patient_id = v.visit_id;
SELECT name AS patients FROM patients JOIN visits ON visit_id = patients.patient_id;
SELECT c1, r, u FROM (SELECT p.patient_id AS c1, p.name AS r, p.city AS u FROM patients p JOIN visits v ON v.visit_id = p.patient_id) g1;
SELECT r.name, u.visit_id FROM patients r JOIN visits u ON u.visit_id = r.patient_id;
SELECT random() < 2, p.name FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
SELECT name FROM patients WHERE patient_id < (SELECT 5 + random() * 0);
-- loose
SELECT p.name FROM patients p JOIN visits v ON v.visit_id = p.patient_id ORDER BY random();

-- Shapes of all kinds.
SELECT v.x FROM (SELECT fee AS x FROM visits WHERE fee IS NULL) v, LATERAL (SELECT 1 FROM bills WHERE amount = v.x OR v.x IS NULL LIMIT 1) l;
SELECT p.name FROM patients p, visits WHERE p.patient_id = visits.visit_id AND (visits).fee > 10;
SELECT (p).name, (p.*)::text FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
SELECT a FROM patients a(a) JOIN visits v ON v.visit_id = a;
SELECT visits.visit_id FROM visits, LATERAL (SELECT visits.fee * 2 AS f) x JOIN bills ON bills.amount = x.f;
SELECT * FROM visits v JOIN LATERAL (SELECT * FROM bills b WHERE b.visit_id = v.visit_id AND b.patient_id <> v.patient_id
    ORDER BY b.bill_id, b.patient_id LIMIT 1) l ON true;
SELECT e.what FROM events e WHERE (e.what, e.n) NOT IN (SELECT what, n FROM events WHERE n = 2);
SELECT e.what FROM events e WHERE (e.what, e.n) = ANY (SELECT what, n FROM events WHERE n = 2);
SELECT ARRAY(SELECT ROW(b.bill_id, b.amount)::text FROM bills b WHERE b.visit_id = v.visit_id ORDER BY 1) FROM visits v
    WHERE v.patient_id = 1 AND EXISTS (SELECT FROM refunds);
-- float
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a.fee) FROM visits a JOIN visits b ON a.mood = b.mood;
SELECT string_agg(p.name, ',' ORDER BY p.name) FILTER (WHERE p.name IN (SELECT what FROM events)) FROM patients p;
SELECT p.city, GROUPING(p.city), count(*) FROM patients p JOIN visits v ON v.mood = p.mood GROUP BY CUBE (p.city, p.mood)
    HAVING count(*) > (SELECT count(*) FROM refunds);
SELECT p.patient_id, p.name, p.tags, count(*) FROM patients p JOIN visits v ON v.mood = p.mood GROUP BY p.patient_id, ROLLUP (v.paid);
SELECT p.*, count(*) FROM patients p LEFT JOIN visits v ON v.mood = p.mood GROUP BY p.patient_id;
SELECT upper(p.name), count(*) FROM patients p JOIN visits v ON v.mood = p.mood GROUP BY p.patient_id HAVING p.vip ORDER BY p.name, p.patient_id;
SELECT p.name, v.remark, count(b.*) FROM patients p JOIN visits v ON v.visit_id = p.patient_id JOIN bills b ON b.bill_id = v.visit_id
    GROUP BY 1, p.patient_id, v.visit_id, v.patient_id;
SELECT upper(name), count(*) FROM patients JOIN visits ON visits.visit_id = patients.patient_id GROUP BY upper(name);
SELECT patients.city, count(*) FROM patients JOIN visits ON visits.visit_id = patients.patient_id GROUP BY city;
SELECT sum(x) OVER w, count(*) OVER (PARTITION BY p.city) FROM patients p JOIN (SELECT visit_id AS x FROM visits) t ON t.x = p.patient_id
    WINDOW w AS (ORDER BY p.patient_id, t.x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
SELECT v.kind, p.name FROM visits v JOIN patients p ON v.kind = p.name OR v.kind = 'a'::char(4) WHERE v.kind < 'b';
SELECT x.kind || '|' FROM (SELECT kind FROM visits UNION SELECT kind FROM visits WHERE paid) x, refunds r WHERE r.refund_id = 1;
TABLE refunds EXCEPT SELECT r.* FROM refunds r JOIN events e ON e.n = r.refund_id;
SELECT (SELECT p FROM patients p ORDER BY p.patient_id LIMIT 1)::text, count(*) FROM visits;
SELECT EXISTS (TABLE nothing), EXISTS (VALUES (1)), patient_id FROM refunds;
SELECT count(*) FROM visits v WHERE (SELECT (SELECT max(b.amount) FROM bills b WHERE b.visit_id = v.visit_id) > (SELECT avg(amount) FROM refunds));
WITH x AS (SELECT city, count(*) c FROM patients GROUP BY city), y AS (SELECT c, count(*) FROM x GROUP BY c) SELECT x.city, y.* FROM x JOIN y USING (c);
WITH RECURSIVE g(n, path) AS (SELECT patient_id, ARRAY[patient_id] FROM patients WHERE patient_id = 3 UNION ALL SELECT v.visit_id, path || v.visit_id::bigint
    FROM g JOIN visits v ON v.patient_id = g.n WHERE NOT v.visit_id = ANY (path)) SELECT * FROM g;
SELECT p.patient_id FROM patients p WHERE (p.born, p.city) > ALL (SELECT q.born, q.city FROM patients q WHERE q.vip AND q.born < '2000-01-01' AND q.city IS NOT NULL);
SELECT CASE p.city WHEN 'Oslo' THEN (SELECT min(fee) FROM visits) ELSE v.fee END FROM patients p LEFT JOIN visits v ON v.grade = p.patient_id;
-- ordered
SELECT p.name COLLATE "C" AS n, v.visit_id FROM patients p JOIN visits v ON v.remark COLLATE "C" < p.name COLLATE "C"
    ORDER BY n, v.patient_id, v.visit_id, p.patient_id LIMIT 5;
SELECT min(p.name), max(v.remark) FROM patients p JOIN visits v ON v.remark > p.name;
SELECT extract(year FROM p.born), date_trunc('day', v.at), p.seen AT TIME ZONE 'UTC' FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
SELECT p.patient_id, x.* FROM patients p, unnest(p.tags) WITH ORDINALITY x, refunds r WHERE r.refund_id = p.patient_id;
SELECT p.patient_id, j.key FROM patients p, jsonb_each(CASE jsonb_typeof(p.note) WHEN 'object' THEN p.note END) j, refunds r WHERE r.refund_id <> p.patient_id;
SELECT now() = (SELECT now()), count(*) FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
SELECT name FROM patients WHERE (vip AND city = 'Oslo') IS NULL;
SELECT name FROM patients p JOIN visits v ON (v.paid OR p.vip) IS UNKNOWN AND v.visit_id = p.patient_id WHERE (NOT v.paid AND p.mood = 'ok') IS NOT TRUE;
SELECT (vip AND mood = 'ok') IS NULL AS x, count(*) FROM patients GROUP BY 1 HAVING (bool_or(vip) AND count(*) > 1) IS NOT NULL;

-- What cannot be recast in parts, and is done with the rows.
SELECT true, count(*) FROM visits GROUP BY 1;
SELECT count(*), count(DISTINCT n) FROM (SELECT now() AS n, mood, sum(fee) FROM visits GROUP BY 1, 2) g;
SELECT count(*), max(c) FROM (SELECT current_timestamp, count(*) AS c FROM visits GROUP BY 1) g;
SELECT count(*) FROM (SELECT now(), count(*) FROM nothing GROUP BY 1) g;
SELECT count(*) FROM (SELECT DISTINCT mood, now() FROM visits ORDER BY 2, 1) g;
SELECT count(DISTINCT r) FROM patients, random() r;
SELECT lower(name), count(*) FROM patients GROUP BY lower(patients.name);
SELECT (SELECT 1) + count(*) FROM visits;
SELECT DISTINCT (paid, mood) FROM visits;
SELECT name FROM patients ORDER BY name USING <;
SELECT *, count(*) OVER () FROM refunds;
SELECT city, patient_id FROM patients ORDER BY city, patient_id OFFSET 2 FETCH FIRST 3 ROWS WITH TIES;
SELECT p.*, r.* FROM patients p JOIN refunds r USING (patient_id) ORDER BY 1;
SELECT max(mood) AS city, count(*) FROM patients GROUP BY city;
-- fails
SELECT p.name, 1 / (v.visit_id - v.visit_id) FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
-- fails
SELECT p.name FROM patients p JOIN visits v ON v.visit_id = p.nothing_there;
-- fails
SELECT p.patient_id, count(*) FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
-- fails
SELECT name FROM patients JOIN visits ON visit_id = patients.patient_id WHERE patient_id = 1;
SELECT p.patient_id, p.name, count(*) FROM patients p JOIN visits v ON v.visit_id = p.patient_id GROUP BY p.patient_id;
SELECT p.name FROM patients p JOIN visits v ON v.visit_id = p.patient_id FOR UPDATE;
SELECT p.name, v.ctid IS NULL FROM patients p JOIN visits v ON v.visit_id = p.patient_id;
