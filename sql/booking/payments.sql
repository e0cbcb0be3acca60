-- payments: what patients paid, by patient_id over two shards on two clusters.
-- appointment_id points into another business, where no foreign key can reach.

CREATE TABLE payments (
    patient_id     bigint NOT NULL,
    payment_id     bigint NOT NULL,
    appointment_id bigint NOT NULL,
    amount         numeric(10,2) NOT NULL CHECK (amount > 0),
    status         text NOT NULL DEFAULT 'paid'
                   CHECK (status IN ('paid', 'refunded', 'failed')),
    paid_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (patient_id, payment_id)
);
