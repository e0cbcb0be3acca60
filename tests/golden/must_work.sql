-- What must answer through shardward as it does on one PostgreSQL. Every line is a psql session of
-- its own; tests/integration/test_must_work.py compares the whole output, columns and errors too.
--
-- @catalog: compared with the catalog database.

SELECT 1;
SELECT 1 AS one, 'two' AS two, NULL AS three, 4.50 AS four, true AS five;
SELECT 1; SELECT 2;
SELECT version();
SELECT current_schema();
SELECT current_database();
SELECT current_user, session_user;
SELECT current_setting('server_version_num');
SELECT pg_typeof(1), pg_typeof(1.5), pg_typeof('a'::text);
SELECT length('schön'), upper('schön'), 'a' || 'b', 7 % 3, abs(-2), round(2.567, 2);
SELECT now() = transaction_timestamp(), now() <= clock_timestamp();
SELECT date '2024-02-29' + 1, timestamptz '2024-01-01 12:00+00' + interval '1 day';
SELECT '{"a": [1, 2]}'::jsonb -> 'a' -> 0;
SELECT CASE WHEN 1 = 1 THEN 'yes' ELSE 'no' END, coalesce(NULL, 'x'), nullif(1, 1);
VALUES (1, 'a'), (2, 'b');
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(n, t) ORDER BY n DESC;
SELECT * FROM generate_series(1, 3) AS g;
SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public';
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1;
SELECT 'patients'::regclass;
SELECT (information_schema._pg_expandarray(indkey)).n, indrelid::regclass FROM pg_index WHERE indrelid = 'payments'::regclass ORDER BY 1;
COPY (SELECT 1, 'a', NULL UNION VALUES (2, E'b\tc', 'd') ORDER BY 1) TO STDOUT;
COPY (SELECT 1 AS one, 'a "b"' AS two) TO STDOUT (FORMAT csv, HEADER);
COPY (SELECT nspname FROM pg_namespace WHERE oid = 11) TO STDOUT WITH CSV;
COPY (SELECT 1) TO STDOUT (FORMAT words);
EXPLAIN SELECT 1;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT * FROM generate_series(1, 3);
EXPLAIN (VERBOSE, FORMAT json) SELECT 1 AS one, 'two' AS two;
EXPLAIN (COSTS off) SELECT nspname FROM pg_namespace WHERE oid = 1;
EXPLAIN (FORMAT words) SELECT 1;
EXPLAIN SELECT no_such_column;
BEGIN; DECLARE c SCROLL CURSOR FOR SELECT n FROM generate_series(1, 5) n; FETCH 2 c; FETCH LAST c; FETCH BACKWARD 2 c; MOVE FIRST c; FETCH ALL c; CLOSE c; FETCH c; ROLLBACK;
BEGIN; DECLARE c CURSOR FOR SELECT nspname FROM pg_namespace WHERE nspname !~ 'temp' ORDER BY 1; FETCH 3 c; FETCH PRIOR c; ROLLBACK;
BEGIN; DECLARE c CURSOR FOR SELECT no_such_column; FETCH c; COMMIT;
BEGIN; DECLARE c CURSOR FOR SELECT 1; DECLARE c CURSOR FOR SELECT 2; COMMIT;
PREPARE s (int, text) AS SELECT $1 + 1, upper($2); EXECUTE s(1, 'a'); EXECUTE s('41', 'b' || 'c'); DEALLOCATE s; EXECUTE s(1, 'a');
PREPARE s AS SELECT 1; PREPARE s AS SELECT 2; DEALLOCATE ALL; PREPARE s AS SELECT 2; EXECUTE s; DEALLOCATE PREPARE s;
PREPARE s AS SELECT no_such_column;
PREPARE s (int) AS SELECT $1; EXECUTE s; EXECUTE s(1, 2); EXECUTE s('x'); EXPLAIN (COSTS off) EXECUTE s(1);
BEGIN; PREPARE s AS SELECT 1; ROLLBACK; EXECUTE s; DISCARD PLANS; EXECUTE s; DISCARD ALL; EXECUTE s;
DISCARD SEQUENCES;
DISCARD TEMP;
CREATE TEMP TABLE t (a int PRIMARY KEY, b text DEFAULT 'x'); INSERT INTO t VALUES (1), (2); SELECT * FROM t ORDER BY 1; UPDATE t SET b = 'y' WHERE a = 1; CREATE INDEX ON t (b); SELECT count(*) FROM t WHERE b = 'y'; TRUNCATE t; DROP TABLE t;
CREATE TEMP TABLE IF NOT EXISTS t AS SELECT n, n * n AS square FROM generate_series(1, 3) n; CREATE TEMP TABLE IF NOT EXISTS t (a int); SELECT * FROM t ORDER BY 1; ALTER TABLE t RENAME TO u; SELECT sum(square) FROM u; DISCARD TEMP;
BEGIN; SELECT 1 AS one INTO TEMP t; SELECT one FROM t; ROLLBACK; BEGIN; CREATE TEMP TABLE t (a serial) ON COMMIT DROP; INSERT INTO t DEFAULT VALUES RETURNING a; COMMIT;
DECLARE c CURSOR FOR SELECT 1;
FETCH c;
CLOSE c;
CLOSE ALL;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'patients'::regclass AND attnum > 0 ORDER BY attnum;
SELECT nspname FROM pg_namespace WHERE nspname !~ 'temp' ORDER BY 1;
SHOW server_version;
SHOW server_encoding;
SHOW client_encoding;
SHOW transaction isolation level;
SHOW transaction_isolation;
SHOW standard_conforming_strings;
SHOW search_path;
SHOW max_connections;
SHOW integer_datetimes;
SHOW no_such_setting;
SET work_mem = '5MB'; SHOW work_mem; RESET work_mem; SHOW work_mem;
SET work_mem TO 12345; SHOW work_mem; SELECT current_setting('work_mem');
SET search_path TO public; SHOW search_path; RESET search_path; SHOW search_path;
SET search_path = "$user", public; SHOW search_path;
SET TimeZone = 'Europe/Berlin'; SHOW TimeZone; SELECT timestamptz '2024-07-01 12:00+00';
SET TIME ZONE 'America/New_York'; SHOW TIME ZONE; RESET TIME ZONE; SHOW TIME ZONE;
SET DateStyle = 'German'; SHOW DateStyle; SELECT date '2024-12-31'; RESET DateStyle; SELECT date '2024-12-31';
SET application_name = 'a booking'; SHOW application_name; SELECT current_setting('application_name');
SET application_name = ''; SHOW application_name;
SET statement_timeout = '7s'; SHOW statement_timeout; SET statement_timeout TO DEFAULT; SHOW statement_timeout;
SET statement_timeout = 50; SELECT pg_sleep(5);
SET extra_float_digits = 0; SHOW extra_float_digits; SELECT 0.1::float8 + 0.2::float8;
SET extra_float_digits = 3; SELECT 0.1::float8 + 0.2::float8;
SET bytea_output = 'escape'; SELECT '\x4100'::bytea;
SET IntervalStyle = 'iso_8601'; SELECT interval '1 day 2 hours';
SET SESSION work_mem = '6MB'; SHOW work_mem; RESET ALL; SHOW work_mem;
SET NAMES 'UTF8'; SHOW client_encoding;
SET work_mem = 'a lot';
SET work_mem = 1;
SET no_such_setting = 1;
SET my.own = 'x'; SHOW my.own; SELECT current_setting('my.own', true);
SET server_version = '1';
SET enable_seqscan = maybe;
RESET no_such_setting;
SELECT set_config('work_mem', '7MB', false); SHOW work_mem;
BEGIN; SELECT 1; COMMIT;
BEGIN; SELECT 1; ROLLBACK;
START TRANSACTION; SELECT 1; END;
BEGIN WORK; COMMIT WORK;
BEGIN; BEGIN; COMMIT;
COMMIT;
ROLLBACK;
BEGIN; SET LOCAL work_mem = '9MB'; SHOW work_mem; COMMIT; SHOW work_mem;
BEGIN; SET work_mem = '9MB'; ROLLBACK; SHOW work_mem;
BEGIN; SET work_mem = '9MB'; COMMIT; SHOW work_mem;
SET LOCAL work_mem = '9MB'; SHOW work_mem;
BEGIN; SET LOCAL work_mem = '9MB'; SELECT current_setting('work_mem'); ROLLBACK; SELECT current_setting('work_mem');
BEGIN; SAVEPOINT a; SET work_mem = '9MB'; ROLLBACK TO a; SHOW work_mem; COMMIT; SHOW work_mem;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SHOW transaction_isolation; SHOW transaction_read_only; COMMIT; SHOW transaction_isolation;
BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SHOW transaction_isolation; SELECT 1; COMMIT; SHOW transaction_isolation;
BEGIN READ ONLY; SHOW transaction_read_only; COMMIT;
BEGIN; SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 2; ROLLBACK;
BEGIN; SELECT 1; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SELECT 2; COMMIT;
BEGIN; SHOW work_mem; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SHOW transaction_isolation; COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 2; COMMIT;
BEGIN READ ONLY; SELECT 1; SET TRANSACTION READ WRITE; SELECT 2; ROLLBACK;
BEGIN; SELECT 1; SET TRANSACTION READ WRITE; SET TRANSACTION READ ONLY; SELECT 2; SET TRANSACTION READ WRITE; ROLLBACK;
BEGIN; SELECT 1; SET TRANSACTION DEFERRABLE; SELECT 2; ROLLBACK;
BEGIN; SELECT 1; COMMIT AND CHAIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SHOW transaction_isolation; ROLLBACK;
SET default_transaction_isolation = 'repeatable read'; BEGIN; SELECT 1; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ROLLBACK;
SET default_transaction_read_only = on; BEGIN; SELECT 1; SET TRANSACTION READ WRITE; ROLLBACK;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ; SHOW transaction_isolation; BEGIN; SHOW transaction_isolation; COMMIT;
SET default_transaction_read_only = on; SHOW transaction_read_only;
BEGIN; SAVEPOINT a; SELECT 1; ROLLBACK TO SAVEPOINT a; RELEASE SAVEPOINT a; COMMIT;
BEGIN; SAVEPOINT a; SAVEPOINT a; RELEASE a; RELEASE a; RELEASE a; COMMIT;
BEGIN; SAVEPOINT a; SELECT 1/0; SELECT 1; ROLLBACK TO a; SELECT 2; COMMIT;
BEGIN; ROLLBACK TO nowhere; COMMIT;
SAVEPOINT a;
ROLLBACK TO a;
RELEASE a;
BEGIN; SELECT 1/0; SELECT 1; COMMIT; SELECT 2;
BEGIN; SELECT 1/0; SHOW work_mem; SET work_mem = '9MB'; BEGIN; ROLLBACK; SHOW work_mem;
BEGIN; COMMIT AND CHAIN; SELECT 1; ROLLBACK;
;
SELECT;
-- a comment
/* a comment */ SELECT 1 /* and another */;
SELEC 1;
SELECT 1 FROM;
SELECT * FROM patients WHERE;
SELECT 'open;
SELECT 1/0;
SELECT no_such_column;
SELECT 'x'::int;
SELECT 1 + 'x';
SELECT 10 ^ 400;
SELECT length(1, 2);
\d
\dt
\d patients
\d appointments
\d doctors
\d no_such_table
\dn
\di
\dt pay*
\d+ payments
\du booking
\dT
\df no_such_function
\dp patients
\l booking
\echo :SERVER_VERSION_NUM :ENCODING :DBNAME :USER
\encoding
\gset

-- @rows: compared with one PostgreSQL that holds all tables, where the same lines have run before.

INSERT INTO hospitals (hospital_id, name, city) VALUES (1, 'St. Mary', 'Cork'), (2, 'Charité', 'Berlin');
INSERT INTO departments (department_id, hospital_id, name) VALUES (1, 1, 'surgery'), (2, 2, 'radiology'), (3, 2, 'urology');
INSERT INTO doctors VALUES (1, 1, 'Ada', 'Dr', 50), (2, 2, 'Boris', 'Prof', 90.5), (3, 2, 'Chen', 'Dr', 60);
INSERT INTO doctors (doctor_id, department_id, name, title, fee) VALUES (4, 3, 'Dana', 'Dr', 70) RETURNING *;
INSERT INTO schedules (doctor_id, weekday, opens_at, closes_at, capacity) VALUES (1, 1, '08:00', '12:00', 5);
SELECT * FROM doctors ORDER BY doctor_id;
SELECT * FROM hospitals WHERE hospital_id = 2;
SELECT d.name, dep.name, h.name FROM doctors d JOIN departments dep USING (department_id) JOIN hospitals h USING (hospital_id) ORDER BY d.doctor_id;
SELECT h.name, count(d.doctor_id), sum(d.fee) FROM hospitals h LEFT JOIN departments dep USING (hospital_id) LEFT JOIN doctors d USING (department_id) GROUP BY h.hospital_id ORDER BY 1;
SELECT name, fee, rank() OVER (PARTITION BY department_id ORDER BY fee DESC), avg(fee) OVER () FROM doctors ORDER BY doctor_id;
WITH dear AS (SELECT * FROM doctors WHERE fee > 55) SELECT name FROM dear ORDER BY name DESC LIMIT 2;
SELECT name FROM doctors WHERE department_id IN (SELECT department_id FROM departments WHERE hospital_id = 2) ORDER BY 1;
SELECT title, count(*) FROM doctors GROUP BY title HAVING count(*) > 1;
SELECT DISTINCT title FROM doctors ORDER BY title;
SELECT name FROM doctors UNION ALL SELECT name FROM hospitals ORDER BY 1;
UPDATE doctors SET fee = fee + 5 WHERE doctor_id = 3 RETURNING doctor_id, fee;
UPDATE doctors SET fee = fee * 2;
DELETE FROM schedules WHERE doctor_id = 1 RETURNING weekday;
INSERT INTO doctors VALUES (1, 1, 'twice', 'Dr', 1);
INSERT INTO doctors VALUES (9, 99, 'nowhere', 'Dr', 1);
INSERT INTO doctors VALUES (9, 1, 'cheap', 'Dr', -1);
INSERT INTO doctors VALUES (9, 1, NULL, 'Dr', 1);
INSERT INTO doctors VALUES (1, 1, 'Ada', 'Dr', 55) ON CONFLICT (doctor_id) DO UPDATE SET fee = excluded.fee RETURNING *;
INSERT INTO doctors VALUES (1, 1, 'Ada', 'Dr', 55) ON CONFLICT DO NOTHING;
SELECT no_such_column FROM doctors;
SELECT name FROM doctors WHERE name = 1;
SELECT fee / 0 FROM doctors;
INSERT INTO sync_messages (message_id, hospital_id, direction, payload) VALUES (1, 2, 'out', '{"slot": [1, 2]}') RETURNING payload -> 'slot';
INSERT INTO patients (patient_id, name, phone, city) VALUES (1, 'Ada', '+49 1', 'Berlin');
INSERT INTO patients (patient_id, name, city, balance) VALUES (2, 'Bo', 'Cork', 10) RETURNING patient_id, name, visits, balance;
INSERT INTO patients (name, patient_id) VALUES ('Chen', 3);
INSERT INTO patients (patient_id, name) VALUES (-4, 'Dana');
INSERT INTO patients (patient_id, name) VALUES (9223372036854775807, 'Max');
INSERT INTO patients (patient_id, name) VALUES ('5', 'Text');
SELECT patient_id, name, phone, city, visits, balance FROM patients WHERE patient_id = 1;
SELECT name FROM patients WHERE patient_id = '2';
SELECT name FROM patients WHERE 3 = patient_id;
SELECT name FROM patients WHERE patient_id = -4;
SELECT name FROM patients WHERE patient_id = 9223372036854775807;
SELECT name FROM patients WHERE patient_id = 5::bigint AND city IS NULL;
SELECT name FROM patients WHERE patient_id = 12345678;
SELECT count(*), max(name), sum(balance) FROM patients WHERE patient_id = 2;
SELECT count(*) FROM patients WHERE patient_id = 1 AND name LIKE 'B%';
SELECT upper(p.name) AS loud, p.balance * 2 FROM public.patients AS p WHERE p.patient_id = 2;
UPDATE patients SET visits = visits + 1, balance = 7 WHERE patient_id = 2 RETURNING patient_id, visits, balance;
UPDATE patients SET visits = 1 WHERE patient_id = 12345678;
DELETE FROM patients WHERE patient_id = 3 RETURNING name;
DELETE FROM patients WHERE patient_id = 3;
INSERT INTO patients (patient_id, name) VALUES (1, 'again');
INSERT INTO patients (patient_id, name) VALUES (1, 'Eve') ON CONFLICT (patient_id) DO UPDATE SET name = excluded.name, visits = patients.visits + 1 RETURNING name, visits;
INSERT INTO patients (patient_id, name) VALUES (1, 'Eve') ON CONFLICT DO NOTHING;
INSERT INTO patients (patient_id, name, visits) VALUES (6, 'x', 'many');
INSERT INTO patients (patient_id, name, no_such_column) VALUES (6, 'x', 1);
INSERT INTO patients (patient_id, created_at) VALUES (6, '2024-01-01 00:00+00');
SELECT no_such_column FROM patients WHERE patient_id = 1;
SELECT name FROM patients WHERE patient_id = 1 AND name = 5;
SELECT 1/0 FROM patients WHERE patient_id = 1;
SELECT 'x'::int FROM patients WHERE patient_id = 1;
INSERT INTO slots (doctor_id, slot_id, starts_at, capacity) VALUES (1, 1, '2030-01-07 08:00+00', 2);
INSERT INTO slots (doctor_id, slot_id, starts_at, capacity) VALUES (1, 2, '2030-01-07 08:30+00', 1) RETURNING *;
SELECT slot_id, starts_at FROM slots WHERE doctor_id = 1 AND taken < capacity ORDER BY starts_at DESC LIMIT 1;
UPDATE slots SET taken = taken + 1 WHERE doctor_id = 1 AND slot_id = 2 AND taken < capacity RETURNING taken, capacity;
UPDATE slots SET taken = taken + 1 WHERE doctor_id = 1 AND slot_id = 2 AND taken < capacity RETURNING taken, capacity;
UPDATE slots SET taken = taken + 1 WHERE doctor_id = 1 AND slot_id = 2;
UPDATE slots SET taken = -1 WHERE doctor_id = 1;
SELECT *, row_number() OVER (ORDER BY starts_at) FROM slots WHERE doctor_id = 1 ORDER BY 1, 2;
SELECT sum(capacity - taken) FROM slots WHERE doctor_id = 1 GROUP BY doctor_id;
INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id, booked_at) VALUES (1, 1, 1, 1, '2024-01-01 00:00+00'), (1, 2, 1, 2, '2024-01-02 00:00+00');
INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id, status, booked_at) VALUES (1, 3, 1, 1, 'lost', '2024-01-01 00:00+00');
SELECT * FROM appointments WHERE patient_id = 1 ORDER BY appointment_id;
SELECT a.appointment_id, b.appointment_id FROM appointments a JOIN appointments b ON a.patient_id = b.patient_id WHERE a.patient_id = 1 AND a.appointment_id < b.appointment_id;
SELECT a.appointment_id FROM appointments a, appointments b WHERE a.patient_id = 1 AND b.patient_id = 1 AND a.booked_at > b.booked_at;
WITH mine AS (SELECT * FROM appointments WHERE patient_id = 1) SELECT count(*), min(booked_at) FROM mine;
SELECT * FROM (SELECT appointment_id, status FROM appointments WHERE patient_id = 1) s WHERE appointment_id = 2;
SELECT appointment_id FROM appointments WHERE patient_id = 1 AND booked_at = (SELECT max(booked_at) FROM appointments WHERE patient_id = 1);
SELECT appointment_id, lag(status) OVER (ORDER BY booked_at), count(*) OVER () FROM appointments WHERE patient_id = 1 ORDER BY 1;
SELECT appointment_id FROM appointments WHERE patient_id = 1 ORDER BY booked_at DESC LIMIT 1 OFFSET 1;
SELECT appointment_id FROM appointments WHERE patient_id = 1 FOR UPDATE;
UPDATE appointments SET status = 'cancelled' WHERE patient_id = 1 AND appointment_id = 2 RETURNING *;
INSERT INTO payments (patient_id, payment_id, appointment_id, amount, paid_at) VALUES (1, 1, 1, 0, '2024-01-01 00:00+00');
INSERT INTO payments (patient_id, payment_id, appointment_id, amount) VALUES (1, 1, 1, 80.5) RETURNING amount, status;
BEGIN; UPDATE patients SET balance = 1 WHERE patient_id = 1; SELECT balance FROM patients WHERE patient_id = 1; ROLLBACK; SELECT balance FROM patients WHERE patient_id = 1;
BEGIN; UPDATE patients SET balance = 2 WHERE patient_id = 1; COMMIT; SELECT balance FROM patients WHERE patient_id = 1;
BEGIN; UPDATE patients SET balance = 3 WHERE patient_id = 1; SAVEPOINT a; UPDATE patients SET balance = 4 WHERE patient_id = 1; ROLLBACK TO a; COMMIT; SELECT balance FROM patients WHERE patient_id = 1;
BEGIN READ ONLY; UPDATE patients SET balance = 5 WHERE patient_id = 1; COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT balance FROM patients WHERE patient_id = 1; COMMIT;
BEGIN; INSERT INTO patients (patient_id, name) VALUES (1, 'again'); SELECT 1; COMMIT; SELECT name FROM patients WHERE patient_id = 1;
SET TimeZone = 'Asia/Tokyo'; SELECT booked_at FROM appointments WHERE patient_id = 1 ORDER BY 1;
SET DateStyle = 'SQL, DMY'; SELECT booked_at FROM appointments WHERE patient_id = 1 ORDER BY 1;
SELECT name FROM patients WHERE patient_id = 2 \gdesc
SELECT name AS n FROM patients WHERE patient_id = 2 \gset
SELECT patient_id, name FROM patients WHERE patient_id = 2 \gx
\set id 2 \\ SELECT name FROM patients WHERE patient_id = :id;
DELETE FROM doctors WHERE doctor_id = 4 RETURNING name;
