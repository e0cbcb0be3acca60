-- institutions: hospitals, their departments and doctors, and the hours that doctors keep.
-- A small business that everybody reads: single tables, all on one shard, so joins are free.

CREATE TABLE hospitals (
    hospital_id bigint PRIMARY KEY,
    name        text NOT NULL,
    city        text NOT NULL
);

CREATE TABLE departments (
    department_id bigint PRIMARY KEY,
    hospital_id   bigint NOT NULL REFERENCES hospitals,
    name          text NOT NULL
);

CREATE TABLE doctors (
    doctor_id     bigint PRIMARY KEY,
    department_id bigint NOT NULL REFERENCES departments,
    name          text NOT NULL,
    title         text NOT NULL,
    fee           numeric(10,2) NOT NULL CHECK (fee >= 0)
);

CREATE INDEX doctors_department ON doctors (department_id);

CREATE TABLE schedules (
    doctor_id bigint NOT NULL REFERENCES doctors,
    weekday   smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens_at  time NOT NULL,
    closes_at time NOT NULL CHECK (closes_at > opens_at),
    capacity  integer NOT NULL CHECK (capacity > 0),
    PRIMARY KEY (doctor_id, weekday, opens_at)
);
