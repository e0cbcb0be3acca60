-- count
SELECT count(*) FROM patients;
SELECT count(*) FROM nothing;
SELECT count(*) FROM refunds;
SELECT count(name), count(city), count(*) FROM patients;
SELECT count(DISTINCT name) FROM patients;
SELECT count(DISTINCT city), count(city), count(*) FROM patients;
SELECT count(DISTINCT patient_id) FROM visits;
SELECT count(DISTINCT mood), count(DISTINCT paid), count(DISTINCT fee) FROM visits;
SELECT count(DISTINCT (mood, paid)) FROM visits;
SELECT count(DISTINCT upper(name)) FROM patients;
SELECT count(DISTINCT weight), count(DISTINCT height), count(DISTINCT wait) FROM patients;
SELECT count(visits) FROM visits;
SELECT count(NULL), count(1) FROM visits;
SELECT count(*) FROM visits WHERE patient_id IN (1, 2, 3);
SELECT count(*) FROM visits WHERE patient_id IN (1, 2) AND patient_id IN (3, 4);
SELECT count(*), count(DISTINCT mood) FROM visits WHERE false;

-- sum and avg
SELECT sum(visit_id), sum(grade), sum(fee) FROM visits;
SELECT sum(points) FROM visits;
SELECT avg(visit_id), avg(grade), avg(points), avg(fee) FROM visits;
-- float
SELECT sum(score), avg(score) FROM visits;
-- float
SELECT sum(ratio), avg(ratio) FROM visits;
-- float
SELECT sum(height), avg(height) FROM patients;
SELECT sum(weight), avg(weight) FROM patients;
SELECT sum(weight), avg(weight) FROM patients WHERE weight <> 'NaN';
SELECT sum(amount), avg(amount), sum(amount * 1.005) FROM bills;
SELECT sum(tax) FROM bills;
SELECT sum(tax), avg(tax) FROM bills WHERE tax < 1e30;
SELECT sum(term), avg(term) FROM bills;
SELECT sum(wait) FROM patients;
SELECT sum(x), avg(x), min(x), max(x) FROM nothing;
SELECT sum(amount), avg(amount) FROM refunds;
SELECT sum(visit_id) FROM visits WHERE paid IS NULL AND mood = 'Zen';
SELECT sum(DISTINCT visit_id), avg(DISTINCT visit_id), sum(DISTINCT fee) FROM visits;
SELECT sum(visit_id + 1), sum(visit_id) + 1, sum(-fee), -sum(fee) FROM visits;
SELECT sum(CASE WHEN paid THEN fee ELSE 0 END), sum(CASE WHEN paid THEN 1 END) FROM visits;
SELECT sum(paid::int), avg(paid::int) FROM visits;
SELECT sum(visit_id::bigint), sum((fee > 10)::int) FROM visits;
SELECT avg(visit_id)::numeric(10, 3), round(avg(fee), 2), trunc(avg(grade)) FROM visits;
SELECT sum(1) FROM events;
SELECT sum(1.5), avg(2) FROM events;
SELECT sum(amount) / nullif(count(*), 0), sum(amount) / count(amount) FROM bills;

-- min and max
SELECT min(visit_id), max(visit_id), min(grade), max(grade), min(points), max(points) FROM visits;
SELECT min(fee), max(fee), min(score), max(score), min(ratio), max(ratio) FROM visits;
SELECT min(at), max(at), min(remark), max(remark), min(kind), max(kind) FROM visits;
SELECT min(mood), max(mood) FROM visits;
SELECT min(codes), max(codes) FROM visits;
SELECT min(name), max(name), min(born), max(born), min(seen), max(seen) FROM patients;
-- alike
SELECT min(height), max(height), min(weight), max(weight) FROM patients;
SELECT min(due), max(due), min(due_time), max(due_time), min(currency), max(currency) FROM bills;
SELECT min(term), max(term) FROM bills;
-- alike
SELECT min(tax), max(tax) FROM bills;
SELECT min(patient_id), max(patient_id) FROM patients;
SELECT min(code), max(code), min(label), max(label) FROM wards;
SELECT min(upper(name)), max(length(name)), max(patient_id % 5) FROM patients;
SELECT greatest(max(visit_id), 3), least(min(visit_id), 3) FROM visits;
SELECT max(name) FILTER (WHERE patient_id > 5), min(name) FILTER (WHERE false) FROM patients;
SELECT min(DISTINCT visit_id) FROM visits;

-- booleans and bits
SELECT bool_and(paid), bool_or(paid), every(paid) FROM visits;
SELECT bool_and(visit_id > 0), bool_or(visit_id > 3), bool_and(fee > 0) FROM visits;
SELECT bool_and(paid), bool_or(paid) FROM visits WHERE paid IS NULL;
SELECT bit_and(visit_id), bit_or(visit_id), bit_xor(visit_id) FROM visits;
SELECT bool_or(t = '') FROM nothing;

-- stddev, variance and their kin
SELECT stddev(visit_id), stddev_pop(visit_id), stddev_samp(visit_id) FROM visits;
SELECT variance(fee), var_pop(fee), var_samp(fee) FROM visits;
-- float
SELECT stddev(score), variance(score), var_pop(score), stddev_pop(score) FROM visits;
-- float
SELECT stddev(ratio), variance(ratio) FROM visits;
SELECT stddev(amount), variance(amount) FROM refunds;
SELECT stddev(x), var_pop(x) FROM nothing;
SELECT stddev(grade), variance(points) FROM visits;
SELECT mood, stddev(visit_id), variance(fee) FROM visits GROUP BY mood;
-- float
SELECT corr(score, visit_id), covar_pop(score, visit_id), regr_slope(score, visit_id) FROM visits;
-- float
SELECT regr_count(score, visit_id), regr_avgx(score, visit_id), regr_sxx(score, visit_id) FROM visits;

-- strings, arrays, json
SELECT string_agg(name, ',' ORDER BY name) FROM patients;
SELECT string_agg(name, ',' ORDER BY name DESC NULLS LAST, patient_id) FROM patients;
SELECT string_agg(name, ',' ORDER BY patient_id) FROM patients;
SELECT string_agg(DISTINCT name, ',' ORDER BY name) FROM patients;
SELECT string_agg(name, city ORDER BY patient_id) FROM patients;
SELECT string_agg(photo, '\x2c' ORDER BY patient_id) FROM patients;
SELECT city, string_agg(name, ';' ORDER BY patient_id DESC) FROM patients GROUP BY city;
SELECT array_agg(patient_id ORDER BY patient_id) FROM patients;
SELECT array_agg(name ORDER BY patient_id) FROM patients;
SELECT array_agg(mood ORDER BY patient_id, visit_id) FROM visits;
SELECT array_agg(DISTINCT visit_id ORDER BY visit_id DESC) FROM visits;
SELECT array_agg(DISTINCT mood) FROM visits;
SELECT array_agg(x ORDER BY x) FROM nothing;
SELECT string_agg(t, ',') FROM nothing;
SELECT mood, array_agg(visit_id ORDER BY visit_id, patient_id) FROM visits GROUP BY mood;
SELECT array_agg(tags ORDER BY patient_id) FROM patients WHERE tags = '{a,b}';
SELECT (array_agg(name ORDER BY patient_id))[1], cardinality(array_agg(patient_id)) FROM patients;
SELECT json_agg(name ORDER BY patient_id) FROM patients;
SELECT jsonb_agg(visit_id ORDER BY patient_id, visit_id) FROM visits;
SELECT jsonb_agg(to_jsonb(e) ORDER BY patient_id, what, n) FROM events e;
SELECT json_object_agg(patient_id, name ORDER BY patient_id) FROM patients;
SELECT jsonb_object_agg(patient_id, name) FROM patients;
SELECT length(string_agg(name, ',')) FROM patients;
-- loose
SELECT array_agg(name) FROM patients;
-- loose
SELECT string_agg(name, ',') FROM patients;

-- ordered sets
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY visit_id) FROM visits;
SELECT percentile_disc(0.25) WITHIN GROUP (ORDER BY fee) FROM visits;
SELECT percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY fee::float8) FROM visits;
SELECT mode() WITHIN GROUP (ORDER BY kind) FROM visits WHERE kind = 'a';
SELECT rank(3) WITHIN GROUP (ORDER BY visit_id) FROM visits;
SELECT mood, percentile_disc(0.5) WITHIN GROUP (ORDER BY visit_id) FROM visits GROUP BY mood;

-- FILTER
SELECT count(*) FILTER (WHERE paid), count(*) FILTER (WHERE NOT paid), count(*) FROM visits;
SELECT sum(fee) FILTER (WHERE patient_id > 5), sum(fee) FILTER (WHERE patient_id = 1) FROM visits;
SELECT avg(fee) FILTER (WHERE mood = 'happy'), max(at) FILTER (WHERE paid) FROM visits;
SELECT mood, count(*) FILTER (WHERE paid) FROM visits GROUP BY mood;
SELECT count(DISTINCT mood) FILTER (WHERE paid) FROM visits;
SELECT string_agg(name, ',' ORDER BY name) FILTER (WHERE vip) FROM patients;

-- inside expressions
SELECT coalesce(sum(fee), 0), coalesce(max(remark), 'none') FROM visits WHERE grade = 77;
SELECT count(*) + count(fee), count(*) * 2, count(*)::text || ' rows' FROM visits;
SELECT round(avg(fee), 2), round(sum(fee) / count(*), 3), max(fee) - min(fee) FROM visits;
SELECT CASE WHEN count(*) > 10 THEN 'many' ELSE 'few' END FROM visits;
SELECT CASE WHEN bool_or(paid) THEN max(fee) ELSE min(fee) END FROM visits;
SELECT count(*) > 5 AND sum(fee) IS NOT NULL, NOT bool_and(paid), count(*) IN (1, 2) FROM visits;
SELECT upper(max(name)), length(min(name)), max(name) || min(name) FROM patients;
SELECT 1, 'x', count(*), NULL, now() IS NOT NULL FROM visits;
SELECT count(*) AS "count", count(*), sum(fee) AS s FROM visits;
SELECT ARRAY[min(visit_id), max(visit_id)], (min(fee), max(fee)) FROM visits;
SELECT (SELECT 1) + count(*) FROM visits;
SELECT extract(year FROM max(born)) - extract(year FROM min(born)) FROM patients WHERE isfinite(born);
SELECT max(born) - min(born), age(max(born), min(born)) FROM patients WHERE isfinite(born);
SELECT sum(visit_id)::float8 / count(*)::float8 AS mean FROM visits;
SELECT nullif(count(*), 0), abs(min(grade)), sqrt(count(*)) FROM visits WHERE grade > -5;
SELECT count(*) FROM visits ORDER BY count(*) LIMIT 1;
SELECT count(*) FROM visits LIMIT 0;
SELECT count(*) FROM visits OFFSET 1;
