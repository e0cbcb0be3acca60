-- COPY TO STDOUT: lines, and what is around them.
COPY patients TO STDOUT;
COPY visits TO STDOUT;
COPY bills (bill_id, amount, patient_id, term) TO STDOUT;
COPY events TO STDOUT CSV;
COPY nothing TO STDOUT CSV HEADER;
COPY wards TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *);
COPY patients (name, note, tags, photo) TO STDOUT (FORMAT csv, NULL 'NULL', DELIMITER ';', QUOTE '''');
COPY patients (city) TO STDOUT (NULL '');
COPY doctors TO STDOUT;
COPY (SELECT * FROM patients) TO STDOUT;
COPY (SELECT name, city, NULL, '', '\.' FROM patients WHERE vip) TO STDOUT;
COPY (SELECT remark, codes, mood FROM visits WHERE fee > 10) TO STDOUT CSV HEADER;
COPY (SELECT p.name, v.visit_id FROM patients p LEFT JOIN visits v USING (patient_id)) TO STDOUT;
COPY (SELECT FROM events) TO STDOUT;
COPY (TABLE events) TO STDOUT;
COPY (VALUES (1, 'a'), (2, NULL)) TO STDOUT;
COPY (SELECT patient_id FROM visits WHERE patient_id = 6) TO STDOUT;
COPY (SELECT patient_id FROM patients WHERE false) TO STDOUT BINARY;
-- Those that are written here.
-- ordered
COPY (SELECT patient_id, name, born, height, vip, tags, note, token, wait, photo FROM patients ORDER BY patient_id) TO STDOUT;
-- ordered
COPY (SELECT patient_id, name, born, weight, vip, tags, note, token, wait, photo FROM patients ORDER BY patient_id) TO STDOUT CSV HEADER;
-- ordered
COPY (SELECT patient_id, name, city, born, weight FROM patients ORDER BY patient_id) TO STDOUT (FORMAT binary);
-- ordered
COPY (SELECT name, '\.' FROM patients ORDER BY patient_id DESC LIMIT 7) TO STDOUT (FORMAT csv, FORCE_QUOTE (name), NULL '-');
-- ordered
COPY (SELECT name FROM patients ORDER BY patient_id OFFSET 3) TO STDOUT (FORMAT csv, QUOTE '|', ESCAPE '~');
-- ordered
COPY (SELECT remark FROM visits ORDER BY patient_id, visit_id) TO STDOUT (DELIMITER '|', NULL 'null');
-- ordered
COPY (SELECT visit_id, kind, codes FROM visits ORDER BY patient_id, visit_id) TO STDOUT (FORMAT text, HEADER true, ENCODING 'utf-8');
COPY (SELECT DISTINCT city FROM patients) TO STDOUT;
COPY (SELECT mood, count(*), sum(fee) FROM visits GROUP BY mood) TO STDOUT CSV;
-- ordered
COPY (SELECT mood, count(*), avg(fee) FROM visits GROUP BY mood ORDER BY mood) TO STDOUT CSV;
COPY (SELECT count(*), max(name), string_agg(name, E'\t' ORDER BY patient_id) FROM patients) TO STDOUT;
-- ordered
COPY (SELECT count(*), sum(visit_id) FROM visits) TO STDOUT BINARY;
COPY (SELECT name FROM patients UNION SELECT city FROM patients) TO STDOUT;
COPY (SELECT name, (SELECT count(*) FROM visits) FROM patients) TO STDOUT;
-- ordered
COPY (WITH t AS (SELECT city, count(*) AS n FROM patients GROUP BY city) SELECT * FROM t ORDER BY n, city) TO STDOUT;
COPY (SELECT patient_id, rank() OVER (ORDER BY patient_id) FROM patients) TO STDOUT;
-- What is wrong.
-- fails
COPY patients (no_such_column) TO STDOUT;
-- fails
COPY (SELECT no_such_column FROM patients) TO STDOUT;
-- fails
COPY (SELECT name FROM patients ORDER BY name) TO STDOUT (FORMAT words);
-- fails
COPY (SELECT name FROM patients) TO STDOUT (FORMAT csv, FORCE_QUOTE (city));
-- fails
COPY (SELECT name FROM patients ORDER BY name) TO STDOUT (FORMAT csv, FORCE_QUOTE (city));
-- fails
COPY (SELECT name FROM patients ORDER BY name) TO STDOUT (DELIMITER '||');
-- fails
COPY (SELECT visit_id / (visit_id - visit_id) FROM visits) TO STDOUT;
-- fails
COPY (SELECT visit_id / (visit_id - visit_id) FROM visits ORDER BY 1) TO STDOUT;
