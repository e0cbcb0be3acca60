-- booking - what a psql script does. Errors end it, but where they are wanted.

\echo connect: :SERVER_VERSION_NUM :ENCODING
SHOW server_version;

\echo insert:
INSERT INTO patients (patient_id, name) VALUES (:k0, 'Zoë');
\echo :ROW_COUNT row
INSERT INTO patients (patient_id, name, phone) VALUES (:k1, $$O'Brien$$, '+49 1') RETURNING name, phone;
INSERT INTO patients (patient_id, name) VALUES (:k2, E'tab\there');
INSERT INTO patients (patient_id, name) VALUES (:k3, U&'\00e9t\00e9');
\set QUIET off
INSERT INTO hospitals VALUES (:k0, 'St. Mary', 'Cork'), (:k1, 'Charité', 'Berlin');
\set QUIET on

\echo single table:
SELECT name, city FROM hospitals WHERE hospital_id IN (:k0, :k1) ORDER BY hospital_id;
SELECT count(*) AS hospitals FROM hospitals WHERE hospital_id IN (:k0, :k1) \gset
\echo :hospitals hospitals

\echo select:
SELECT name, phone, visits FROM patients WHERE patient_id = :k0;
SELECT name AS who FROM patients WHERE patient_id = :k1 \gset
\echo :'who' :"who"
SELECT patient_id IS NOT NULL AS it, name FROM patients WHERE patient_id = :k2 \gx
SELECT name, visits FROM patients WHERE patient_id = :k3 \gdesc
SELECT format('SELECT name FROM patients WHERE patient_id = %s', :k3) \gexec
SELECT 1 \; SELECT 2 \; SELECT 3;
\if :{?who}
    SELECT 'a branch';
\endif
SELECT n, m, n * m AS product FROM generate_series(1, 2) n, generate_series(1, 2) m ORDER BY 1, 2 \crosstabview

\echo update:
UPDATE patients SET visits = visits + 1 WHERE patient_id = :k1 RETURNING visits;
\echo delete:
DELETE FROM hospitals WHERE hospital_id = :k1 RETURNING name;

\echo prepared:
PREPARE visits (bigint) AS SELECT visits FROM patients WHERE patient_id = $1;
EXECUTE visits (:k0);
EXECUTE visits (:k1);
DEALLOCATE visits;

\echo batch:
\copy appointments (patient_id, appointment_id, doctor_id, slot_id) FROM PROGRAM 'seq -f "${KEYS%% *},%.0f,7,1" 1000' CSV
\echo :ROW_COUNT rows
INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES (:k0, 1001, 7, 1), (:k0, 1002, 7, 1);
\echo :ROW_COUNT rows
\set ON_ERROR_STOP off
\echo insert select:
INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id)
    SELECT :k1, n, 7, n * 2 FROM generate_series(1, 10) n;
\echo :SQLSTATE
\set ON_ERROR_STOP on

-- Behind one's back psql declares a cursor and fetches by portions.
\echo cursor:
\set FETCH_COUNT 300
SELECT appointment_id FROM appointments WHERE patient_id = :k0 ORDER BY 1 \g | tail -n 1
\echo :ROW_COUNT rows
\unset FETCH_COUNT
BEGIN;
DECLARE portions SCROLL CURSOR FOR SELECT appointment_id FROM appointments WHERE patient_id = :k0 ORDER BY 1;
FETCH 2 FROM portions;
FETCH RELATIVE 10 FROM portions;
FETCH BACKWARD 2 FROM portions;
COMMIT;

\echo transaction:
BEGIN;
UPDATE patients SET balance = 5 WHERE patient_id = :k2;
ROLLBACK;
SELECT balance FROM patients WHERE patient_id = :k2;
\set AUTOCOMMIT off
UPDATE patients SET balance = 6 WHERE patient_id = :k2;
COMMIT;
\set AUTOCOMMIT on
SELECT balance FROM patients WHERE patient_id = :k2;

-- Behind one's back psql sets a savepoint before each statement.
\echo savepoint:
\set ON_ERROR_STOP off
\set ON_ERROR_ROLLBACK on
BEGIN;
UPDATE patients SET balance = 7 WHERE patient_id = :k2;
SELECT 1/0 FROM patients WHERE patient_id = :k2;
\echo :SQLSTATE
COMMIT;
\set ON_ERROR_ROLLBACK off
SELECT balance FROM patients WHERE patient_id = :k2;
\set ON_ERROR_STOP on

\echo copy in:
\copy kinds (patient_id, n, word) FROM PROGRAM 'seq -f "${KEYS%% *},%.0f,word" 5' CSV
\echo :ROW_COUNT rows

\echo copy out:
COPY (SELECT n, word, day FROM kinds WHERE patient_id = :k0 ORDER BY n) TO STDOUT (FORMAT csv, HEADER, NULL 'none');
\echo :ROW_COUNT rows
COPY (SELECT n, word FROM kinds WHERE patient_id = :k0 ORDER BY n) TO STDOUT \g | sort -r | head -n 1

\echo types:
INSERT INTO kinds (patient_id, n, numbers, bytes, mood, moods, score, visit, period, docb, span)
    VALUES (:k1, 1, '{1,NULL}', '\x00ff', 'glad', '{sad,calm}', 7, '(2026-07-01,glad,"{x}")', '[2026-01-01,2026-02-01)',
            '{"a": [1, null]}', '1 day 2 hours')
    RETURNING numbers, bytes, mood, moods, score, visit, period, docb, span, word, (visit).mood;

\echo describe:
\d kinds
\d+ patients
\dT+ mood
\dD score
\di patients*
\dt kinds
\sf abs(integer)

\echo errors:
\set ON_ERROR_STOP off
\set VERBOSITY verbose
INSERT INTO patients (patient_id, name) VALUES (:k0, 'again');
\echo :SQLSTATE :LAST_ERROR_MESSAGE
INSERT INTO kinds (patient_id, n, score) VALUES (:k0, 9, 101);
\echo :SQLSTATE :LAST_ERROR_MESSAGE
SELECT nothing FROM patients WHERE patient_id = :k0;
\echo :SQLSTATE :LAST_ERROR_MESSAGE
SELECT * FROM no_such_table;
\echo :SQLSTATE :LAST_ERROR_MESSAGE
SELEC 1;
\echo :SQLSTATE :LAST_ERROR_MESSAGE
\set ON_ERROR_STOP on
SELECT 'goes on';

\echo settings:
SET work_mem = '7MB';
SHOW work_mem;
RESET work_mem;
SHOW work_mem;
SELECT set_config('TimeZone', 'Asia/Tokyo', false);
SELECT timestamptz '2026-07-01 00:00+00';
RESET ALL;
DISCARD ALL;
SHOW TimeZone;

\echo ddl:
CREATE TABLE notes_psql (patient_id bigint PRIMARY KEY, note text);
COMMENT ON TABLE notes_psql IS 'what was seen';
INSERT INTO notes_psql VALUES (:k3, 'seen') RETURNING note;
ALTER TABLE notes_psql ADD COLUMN at date DEFAULT '2026-07-01';
SELECT note, at FROM notes_psql WHERE patient_id = :k3;
DROP TABLE notes_psql;
