-- Names that somebody else may have thought of, too.
SELECT visit_id AS c1, count(*) AS c2 FROM visits GROUP BY visit_id;
SELECT visit_id AS c1, count(*) AS c1 FROM visits GROUP BY visit_id ORDER BY 2, 1;
SELECT g.visit_id AS one, count(*) AS g FROM visits g GROUP BY g.visit_id ORDER BY g.visit_id;
SELECT one.name AS g FROM patients one ORDER BY one.name, one.patient_id LIMIT 3;
SELECT name AS "?column?", 1 AS x FROM patients ORDER BY "?column?", patient_id;
-- fails
SELECT name AS "?column?", 1 FROM patients ORDER BY "?column?", patient_id;
SELECT name AS " ", patient_id AS "a""b" FROM patients WHERE false;
SELECT name AS "a""b", patient_id AS "$1" FROM patients ORDER BY "a""b", "$1";
SELECT count(*) AS "$1", max(name) AS "x y", min(name) AS "select" FROM patients;
SELECT name AS "Ünïcödé 北京", count(*) FROM patients GROUP BY "Ünïcödé 北京";
SELECT name AS this_name_is_exactly_sixty_three_bytes_long_as_postgresql_cuts_it_x, count(*) FROM patients GROUP BY 1;
SELECT name AS this_name_is_longer_than_sixty_three_bytes_and_so_postgresql_cuts_it_off, count(*) FROM patients GROUP BY 1;
SELECT "group".name AS "order", count(*) AS "limit" FROM patients "group" GROUP BY "group".name ORDER BY "limit", "order";
SELECT "P".name FROM patients AS "P" JOIN visits AS "p" ON "P".patient_id = "p".patient_id ORDER BY "p".visit_id, 1, "P".patient_id;
SELECT x.n, count(*) FROM visits AS x (k, n) GROUP BY x.n ORDER BY x.n;
SELECT n FROM visits AS x (k, n) ORDER BY k, n LIMIT 5;
SELECT sum.sum FROM (SELECT sum(fee) FROM visits) AS sum;
SELECT count(count) FROM (SELECT patient_id AS count FROM visits) AS count;
SELECT max(t.max) FROM (SELECT visit_id AS max FROM visits) t;
SELECT patient_id AS visit_id, visit_id AS patient_id FROM visits ORDER BY visit_id, patient_id;
SELECT patient_id AS visit_id, count(*) FROM visits GROUP BY visit_id, patient_id ORDER BY 1, 2;
SELECT mood AS paid, count(*) FROM visits GROUP BY mood;
SELECT mood AS paid, count(*) FROM visits GROUP BY visits.mood ORDER BY count(*), 1;
SELECT upper(name) AS name, count(*) FROM patients GROUP BY patients.name ORDER BY 1, 2;
SELECT upper(name) AS name FROM patients ORDER BY name, patient_id;
SELECT upper(name) AS name FROM patients ORDER BY upper(name), patient_id;
SELECT -patient_id % 7 AS patient_id FROM patients WHERE patient_id > 0 ORDER BY patient_id;
SELECT city AS name, min(name) FROM patients GROUP BY city HAVING min(name) < 'b' ORDER BY name;
SELECT max(born) AS born FROM patients ORDER BY born;
SELECT DISTINCT mood::text AS mood FROM visits ORDER BY mood;

-- How it is written.
select Count(*) From VISITS Where PAID group   by MOOD;
SELECT/**/name/* of ; all */FROM/*
*/patients ORDER/**/BY/**/name,patient_id;
SELECT name -- ORDER BY 1
FROM patients -- LIMIT 1
ORDER BY patient_id -- DESC
;
SELECT count(*) FROM visits -- all of them
;
SELECT count(*) FROM visits /* all /* of */ them */;
	SELECT	city ,	count ( * )	FROM	patients	GROUP	BY	city	;
SELECT 'LIMIT 1; -- x' AS x, patient_id FROM patients ORDER BY patient_id;
SELECT E'a\'b\\' AS x, $$a'b$$ AS y, $q$ORDER BY$q$ AS z, U&'\0041' AS u FROM patients;
SELECT 'a' 
  'b' AS x, count(*) FROM patients;
SELECT name FROM patients WHERE name IN ('it''s', E'it\'s', $$it's$$) ORDER BY patient_id;
SELECT string_agg(name, $$','$$ ORDER BY patient_id) FROM patients;
SELECT remark = '\\', count(*) FROM visits GROUP BY remark = '\\';
SELECT pg_catalog.count(*), pg_catalog.max(name), "pg_catalog"."upper"('x') FROM public.patients;
SELECT CAST(visit_id AS text), visit_id::text::int, int4(visit_id) FROM visits;
SELECT name COLLATE pg_catalog."C" FROM patients ORDER BY name COLLATE pg_catalog."C", patient_id;
SELECT visit_id OPERATOR(pg_catalog.+) 1 FROM visits ORDER BY visit_id OPERATOR(pg_catalog.*) -1, patient_id;
SELECT count(*) FROM visits WHERE paid IS NOT DISTINCT FROM true AND NOT visit_id BETWEEN SYMMETRIC 3 AND 2;
SELECT extract(year FROM born), position('a' IN name), substring(name FROM 1 FOR 2), trim(BOTH 'a' FROM name), overlay(name PLACING 'x' FROM 1)
    FROM patients WHERE isfinite(born) ORDER BY born, patient_id;
SELECT 1 AS a UNION ALL (SELECT visit_id FROM visits) ORDER BY a DESC LIMIT 3;
