-- The tables that the corpus is about. All but wards, doctors and tariffs are placed by patient_id.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'Zen');
CREATE TABLE patients (patient_id bigint PRIMARY KEY, name text, city text, born date,
    height double precision, weight numeric, vip boolean, mood mood, tags text[], token uuid,
    seen timestamptz, wait interval, photo bytea, note jsonb);
CREATE TABLE visits (patient_id bigint NOT NULL, visit_id integer NOT NULL, doctor_id integer,
    at timestamp, fee numeric(12, 2), score double precision, ratio real, grade smallint,
    points bigint, paid boolean, mood mood, codes integer[], remark text, kind char(4),
    PRIMARY KEY (patient_id, visit_id));
CREATE TABLE bills (patient_id bigint NOT NULL, bill_id integer NOT NULL, visit_id integer,
    amount numeric(12, 2), tax numeric, currency varchar(3), due date, due_time time,
    term interval, settled boolean, PRIMARY KEY (patient_id, bill_id));
-- Of two patients only.
CREATE DOMAIN money_back AS numeric(12, 2) NOT NULL;
CREATE DOMAIN reason AS text CHECK (length(VALUE) < 9);
CREATE TABLE refunds (patient_id bigint NOT NULL, refund_id integer NOT NULL, bill_id integer,
    amount money_back, reason reason, PRIMARY KEY (patient_id, refund_id));
-- Equal rows.
CREATE TABLE events (patient_id bigint NOT NULL, what text, n integer);
CREATE TABLE nothing (patient_id bigint NOT NULL, x integer, t text);
CREATE TABLE wards (code text COLLATE "C" PRIMARY KEY, floor integer, beds integer, label text);
CREATE TABLE doctors (doctor_id integer PRIMARY KEY, name text, title text, fee numeric(12, 2));
-- A reference table: the same rows everywhere.
CREATE TABLE tariffs (kind char(4) PRIMARY KEY, price numeric(8, 2), label text);
INSERT INTO tariffs VALUES ('a', 1.50, 'first'), ('b', 6, 'second'), ('c', 6.00, NULL), ('zz', 40, 'never'), ('d', NULL, 'free');
