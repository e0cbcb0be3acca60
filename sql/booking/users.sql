-- users: the patients, by patient_id over four shards on two clusters.
-- patient_id comes from the application; an identity column would do as well (see payments).

CREATE TABLE patients (
    patient_id bigint PRIMARY KEY,
    name       text NOT NULL,
    phone      text,
    city       text,
    visits     integer NOT NULL DEFAULT 0,
    balance    integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX patients_city ON patients (city);
