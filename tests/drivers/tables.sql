-- What the drivers find beside the booking schema: a table of every kind of type, and types of our
-- own, whose OIDs differ from database to database.

CREATE TYPE mood AS ENUM ('sad', 'calm', 'glad');
CREATE DOMAIN score AS integer CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE visit AS (day date, mood mood, notes text[]);

CREATE TABLE kinds (
    patient_id bigint NOT NULL,
    n          integer NOT NULL,
    flag       boolean,
    small      smallint,
    number     integer,
    big        bigint,
    approx     double precision,
    exact      numeric(20,6),
    word       text,
    label      varchar(20),
    code       char(4),
    bytes      bytea,
    day        date,
    hour       time,
    moment     timestamp,
    instant    timestamptz,
    span       interval,
    token      uuid,
    doc        json,
    docb       jsonb,
    address    inet,
    period     daterange,
    numbers    integer[],
    words      text[],
    mood       mood,
    moods      mood[],
    score      score,
    visit      visit,
    visits     visit[],
    PRIMARY KEY (patient_id, n)
);
