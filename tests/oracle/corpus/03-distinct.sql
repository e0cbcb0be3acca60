SELECT DISTINCT city FROM patients;
SELECT DISTINCT name FROM patients;
SELECT DISTINCT name, city FROM patients;
SELECT DISTINCT mood FROM visits;
SELECT DISTINCT paid FROM visits;
SELECT DISTINCT paid, mood FROM visits;
SELECT DISTINCT fee FROM visits;
SELECT DISTINCT score FROM visits;
SELECT DISTINCT at FROM visits;
SELECT DISTINCT codes FROM visits;
SELECT DISTINCT tags FROM patients;
SELECT DISTINCT note FROM patients;
SELECT DISTINCT photo, token FROM patients;
SELECT DISTINCT kind FROM visits;
SELECT DISTINCT due, due_time FROM bills;
SELECT DISTINCT patient_id FROM visits;
SELECT DISTINCT patient_id, paid FROM visits;
SELECT DISTINCT * FROM events;
SELECT DISTINCT * FROM refunds;
SELECT DISTINCT x FROM nothing;
SELECT DISTINCT 1 FROM visits;
SELECT DISTINCT NULL FROM visits;
-- alike
SELECT DISTINCT weight FROM patients;
-- alike
SELECT DISTINCT tax FROM bills;
-- alike
SELECT DISTINCT height FROM patients;
SELECT DISTINCT visit_id % 2, paid FROM visits;
SELECT DISTINCT upper(name) FROM patients;
SELECT DISTINCT coalesce(city, 'none') FROM patients;
SELECT DISTINCT CASE WHEN fee > 10 THEN 'much' ELSE 'little' END FROM visits;
SELECT DISTINCT (paid, mood) FROM visits;
SELECT ALL city FROM patients;
SELECT DISTINCT city FROM patients WHERE patient_id IN (1, 2, 3, 4, 5);
SELECT DISTINCT what FROM events WHERE n > 1;

-- In order, and cut.
SELECT DISTINCT city FROM patients ORDER BY city;
SELECT DISTINCT city FROM patients ORDER BY city DESC NULLS LAST;
SELECT DISTINCT city FROM patients ORDER BY 1 NULLS FIRST;
SELECT DISTINCT city FROM patients ORDER BY city LIMIT 2;
SELECT DISTINCT city FROM patients ORDER BY city LIMIT 2 OFFSET 1;
SELECT DISTINCT city AS c FROM patients ORDER BY c OFFSET 3;
SELECT DISTINCT city FROM patients LIMIT 2;
SELECT DISTINCT name, city FROM patients ORDER BY city, name;
SELECT DISTINCT name, city FROM patients ORDER BY city DESC;
SELECT DISTINCT upper(name) FROM patients ORDER BY upper(name);
SELECT DISTINCT upper(name) AS n, length(name) FROM patients ORDER BY length(name), n;
SELECT DISTINCT mood FROM visits ORDER BY mood DESC LIMIT 3;
SELECT DISTINCT patient_id FROM visits ORDER BY patient_id LIMIT 7 OFFSET 3;
SELECT DISTINCT mood FROM visits ORDER BY mood FETCH FIRST 2 ROWS WITH TIES;
SELECT DISTINCT fee, paid FROM visits ORDER BY fee, paid LIMIT 6;

-- Over what is computed.
SELECT DISTINCT count(*) FROM visits GROUP BY patient_id;
SELECT DISTINCT count(*) FROM visits GROUP BY mood;
SELECT DISTINCT mood, count(*) FROM visits GROUP BY mood, paid;
SELECT DISTINCT max(visit_id) FROM visits GROUP BY patient_id ORDER BY 1;
SELECT DISTINCT count(*) OVER (PARTITION BY patient_id) FROM visits;
SELECT DISTINCT count(*) FROM visits;
SELECT count(*) FROM (SELECT DISTINCT city FROM patients) t;
SELECT count(*) FROM (SELECT DISTINCT patient_id, mood FROM visits) t;

-- DISTINCT ON: the first row of each, in a total order.
SELECT DISTINCT ON (mood) mood, patient_id FROM visits ORDER BY mood DESC, mood, patient_id, 1, visit_id;
SELECT DISTINCT ON (mood, paid) mood, paid, patient_id FROM visits ORDER BY mood, 1 DESC, paid, patient_id, visit_id;
SELECT DISTINCT ON (city) city, patient_id FROM patients ORDER BY city, patient_id;
SELECT DISTINCT ON (city) city, patient_id FROM patients ORDER BY city, patient_id DESC;
SELECT DISTINCT ON (city) patient_id FROM patients ORDER BY city DESC NULLS LAST, patient_id;
SELECT DISTINCT ON (city) city, name FROM patients ORDER BY city, born DESC, patient_id;
SELECT DISTINCT ON (patient_id) * FROM visits ORDER BY patient_id, visit_id DESC;
SELECT DISTINCT ON (patient_id) patient_id, fee FROM visits ORDER BY patient_id, fee DESC NULLS LAST;
SELECT DISTINCT ON (paid, mood) paid, mood, patient_id, visit_id FROM visits
    ORDER BY paid, mood, patient_id, visit_id;
SELECT DISTINCT ON (mood, paid) visit_id FROM visits ORDER BY paid, mood, patient_id, visit_id;
SELECT DISTINCT ON (visit_id % 2) visit_id, patient_id FROM visits
    ORDER BY visit_id % 2, visit_id, patient_id;
SELECT DISTINCT ON (1) city, patient_id FROM patients ORDER BY 1, 2;
SELECT DISTINCT ON (c) city AS c, patient_id FROM patients ORDER BY c, patient_id;
SELECT DISTINCT ON (city) city, patient_id FROM patients ORDER BY city, patient_id LIMIT 2;
SELECT DISTINCT ON (city) city, patient_id FROM patients ORDER BY city, patient_id LIMIT 2 OFFSET 1;
SELECT DISTINCT ON (upper(name)) name, patient_id FROM patients ORDER BY upper(name), patient_id;
SELECT DISTINCT ON (what) what FROM events ORDER BY what;
SELECT DISTINCT ON (what) what FROM events;
SELECT DISTINCT ON (x) x, t FROM nothing ORDER BY x, t;
SELECT DISTINCT ON (mood) mood, count(*) FROM visits GROUP BY mood, paid ORDER BY mood, count(*);
