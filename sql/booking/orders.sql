-- orders: what can be booked (slots, by doctor_id) and what is booked (appointments, by
-- patient_id). A booking touches both, and they are on different shards more often than not.
--
-- Each unique key holds the key of its table: a shard can promise it without asking the others.

CREATE TABLE slots (
    doctor_id bigint NOT NULL,
    slot_id   bigint NOT NULL,
    starts_at timestamptz NOT NULL,
    capacity  integer NOT NULL,
    taken     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (doctor_id, slot_id),
    CHECK (taken BETWEEN 0 AND capacity)
);

CREATE TABLE appointments (
    patient_id     bigint NOT NULL,
    appointment_id bigint NOT NULL,
    doctor_id      bigint NOT NULL,
    slot_id        bigint NOT NULL,
    status         text NOT NULL DEFAULT 'booked'
                   CHECK (status IN ('booked', 'paid', 'cancelled', 'done')),
    booked_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (patient_id, appointment_id)
);

CREATE INDEX appointments_doctor ON appointments (doctor_id, slot_id);
