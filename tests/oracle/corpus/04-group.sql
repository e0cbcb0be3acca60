-- By columns.
SELECT city, count(*) FROM patients GROUP BY city;
SELECT city FROM patients GROUP BY city;
SELECT count(*) FROM patients GROUP BY city;
SELECT mood, count(*), min(visit_id), max(visit_id) FROM visits GROUP BY mood;
SELECT paid, mood, count(*) FROM visits GROUP BY paid, mood;
SELECT paid, mood, count(*) FROM visits GROUP BY mood, paid;
SELECT fee, count(*) FROM visits GROUP BY fee;
SELECT at, count(*) FROM visits GROUP BY at;
SELECT codes, count(*) FROM visits GROUP BY codes;
SELECT kind, sum(grade) FROM visits GROUP BY kind;
SELECT tags, count(*) FROM patients GROUP BY tags;
SELECT note, count(*) FROM patients GROUP BY note;
SELECT due, sum(amount), avg(amount) FROM bills GROUP BY due;
SELECT what, n, count(*) FROM events GROUP BY what, n;
SELECT x, count(*) FROM nothing GROUP BY x;
SELECT reason, sum(amount) FROM refunds GROUP BY reason;
SELECT label, sum(beds) FROM wards GROUP BY label;
-- alike
SELECT weight, count(*) FROM patients GROUP BY weight;
-- alike
SELECT height, count(*) FROM patients GROUP BY height;

-- By the key, with and without more.
SELECT patient_id, count(*) FROM visits GROUP BY patient_id;
SELECT patient_id, sum(fee), avg(fee), max(at) FROM visits GROUP BY patient_id;
SELECT patient_id, paid, count(*) FROM visits GROUP BY patient_id, paid;
SELECT count(*), sum(fee) FROM visits GROUP BY patient_id;
SELECT patient_id, count(DISTINCT mood) FROM visits GROUP BY patient_id;
SELECT patient_id, string_agg(remark, ',' ORDER BY visit_id) FROM visits GROUP BY patient_id;
SELECT patient_id, array_agg(visit_id ORDER BY visit_id DESC) FROM visits GROUP BY patient_id;
SELECT patient_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY fee) FROM visits GROUP BY patient_id;
SELECT patient_id, mode() WITHIN GROUP (ORDER BY visit_id) FROM visits GROUP BY patient_id;
SELECT patient_id, count(*) FROM visits GROUP BY patient_id HAVING count(*) > 2;
SELECT patient_id, count(*) FROM visits GROUP BY patient_id ORDER BY count(*) DESC, patient_id LIMIT 5;
SELECT patient_id, name, count(*) FROM patients GROUP BY patient_id;
SELECT p.patient_id, p.name, p.mood, count(*) FROM patients p GROUP BY p.patient_id;
SELECT patient_id, sum(count(*)) OVER (PARTITION BY patient_id) FROM visits GROUP BY patient_id, mood;

-- By positions, aliases, expressions.
SELECT city, count(*) FROM patients GROUP BY 1;
SELECT count(*), city FROM patients GROUP BY 2;
SELECT city AS c, count(*) FROM patients GROUP BY c;
SELECT upper(city) AS city, count(*) FROM patients GROUP BY upper(city);
SELECT upper(city) AS u, count(*) FROM patients GROUP BY u;
SELECT visit_id % 2, count(*) FROM visits GROUP BY 1;
SELECT visit_id % 2, count(*) FROM visits GROUP BY visit_id % 2;
SELECT visit_id % 2 + 1, count(*) FROM visits GROUP BY visit_id % 2;
SELECT count(*) FROM visits GROUP BY visit_id % 2, paid IS NULL;
SELECT patient_id % 3 AS m, count(*), min(patient_id) FROM patients GROUP BY m;
SELECT date_trunc('month', at) AS month, count(*), sum(fee) FROM visits GROUP BY month;
SELECT extract(day FROM due), count(*) FROM bills WHERE due <> 'infinity' GROUP BY 1;
SELECT CASE WHEN fee > 10 THEN 'much' ELSE 'little' END, count(*) FROM visits GROUP BY 1;
SELECT coalesce(city, '?'), count(*) FROM patients GROUP BY coalesce(city, '?');
SELECT length(name) AS l, city AS c, count(*) FROM patients GROUP BY l, c;
SELECT paid IS TRUE AS p, bool_or(paid), bool_and(paid) FROM visits GROUP BY p;
SELECT city || '-' || count(*) FROM patients GROUP BY city;
SELECT city, city || '!' , upper(city) FROM patients GROUP BY city;
SELECT mood::text, count(*) FROM visits GROUP BY mood;
SELECT name = 'Ada', count(*) FROM patients GROUP BY name = 'Ada';
SELECT true, count(*) FROM visits GROUP BY 1;
SELECT count(*) FROM visits GROUP BY ();
SELECT count(*) FROM nothing GROUP BY ();
SELECT 'x' FROM visits GROUP BY mood;

-- HAVING
SELECT city, count(*) FROM patients GROUP BY city HAVING count(*) > 4;
SELECT city FROM patients GROUP BY city HAVING count(*) > 4;
SELECT mood, sum(fee) FROM visits GROUP BY mood HAVING sum(fee) > 100;
SELECT mood FROM visits GROUP BY mood HAVING min(fee) < 0 AND max(grade) > 3;
SELECT mood FROM visits GROUP BY mood HAVING mood > 'ok';
SELECT mood FROM visits GROUP BY mood HAVING mood IS NULL OR count(*) > 12;
SELECT mood, count(*) FROM visits GROUP BY mood HAVING count(DISTINCT remark) > 5;
SELECT mood, avg(fee) FROM visits GROUP BY mood HAVING avg(fee) IS NOT NULL;
SELECT mood FROM visits GROUP BY mood HAVING bool_or(paid);
SELECT count(*) FROM visits HAVING count(*) > 10;
SELECT count(*) FROM visits HAVING count(*) > 100000;
SELECT max(patient_id) FROM visits HAVING min(patient_id) < 0;
SELECT 1 FROM visits HAVING count(*) > 1;
SELECT 1 FROM visits HAVING true;
SELECT what, count(*) FROM events GROUP BY what HAVING count(*) = (SELECT 1);

-- In order, and cut.
SELECT city, count(*) FROM patients GROUP BY city ORDER BY city;
SELECT city, count(*) FROM patients GROUP BY city ORDER BY count(*) DESC, city;
SELECT city, count(*) AS n FROM patients GROUP BY city ORDER BY n DESC, city LIMIT 2;
SELECT city, count(*) FROM patients GROUP BY city ORDER BY 2, 1 LIMIT 2 OFFSET 1;
SELECT city FROM patients GROUP BY city ORDER BY count(*) DESC, city;
SELECT city FROM patients GROUP BY city ORDER BY max(patient_id) DESC;
SELECT mood, sum(fee) FROM visits GROUP BY mood ORDER BY sum(fee) DESC NULLS LAST;
SELECT mood, avg(fee) FROM visits GROUP BY mood ORDER BY avg(fee) LIMIT 3;
SELECT upper(name), count(*) FROM patients GROUP BY upper(name) ORDER BY upper(name) DESC NULLS LAST;
SELECT visit_id, max(score) - min(score) AS d FROM visits GROUP BY visit_id ORDER BY d, visit_id;
SELECT paid, mood, count(*) FROM visits GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 4;
SELECT mood, count(*) FROM visits GROUP BY mood HAVING count(*) > 5 ORDER BY mood LIMIT 2;
SELECT mood FROM visits GROUP BY mood LIMIT 2;
SELECT city, count(*) FROM patients GROUP BY city ORDER BY count(*) FETCH FIRST 1 ROW WITH TIES;

-- Sets of groups.
SELECT mood, paid, count(*) FROM visits GROUP BY GROUPING SETS ((mood), (paid), ());
SELECT mood, paid, count(*) FROM visits GROUP BY ROLLUP (mood, paid);
SELECT mood, paid, count(*), grouping(mood), grouping(mood, paid) FROM visits GROUP BY CUBE (mood, paid);
SELECT mood, sum(fee) FROM visits GROUP BY ROLLUP (mood) ORDER BY mood NULLS FIRST, sum(fee);
SELECT patient_id, mood, count(*) FROM visits GROUP BY patient_id, ROLLUP (mood);
SELECT city, count(*) FROM patients GROUP BY GROUPING SETS ((city), (city));
SELECT city, count(*) FROM patients GROUP BY DISTINCT GROUPING SETS ((city), (city));
SELECT x, count(*) FROM nothing GROUP BY ROLLUP (x);

-- Some shards, and groups of groups.
SELECT mood, count(*) FROM visits WHERE patient_id IN (1, 2, 3, 6, 7) GROUP BY mood;
SELECT mood, sum(fee) FROM visits WHERE patient_id > 5 AND paid GROUP BY mood;
SELECT mood, count(*) FROM visits WHERE patient_id = ANY ('{1,2}') GROUP BY 1 ORDER BY 2, 1;
SELECT n, count(*) FROM (SELECT count(*) AS n FROM visits GROUP BY patient_id) t GROUP BY n;
SELECT avg(n) FROM (SELECT patient_id, count(*) AS n FROM visits GROUP BY patient_id) t;
SELECT max(n) FROM (SELECT mood, count(*) AS n FROM visits GROUP BY mood) t;
