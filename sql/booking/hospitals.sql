-- hospitals: messages to and from the systems of partner hospitals, in the order they must be
-- delivered. A single table on a shard of its own; message_id comes from the application.

CREATE TABLE sync_messages (
    message_id   bigint PRIMARY KEY,
    hospital_id  bigint NOT NULL,
    direction    text NOT NULL CHECK (direction IN ('in', 'out')),
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz
);

CREATE INDEX sync_messages_waiting ON sync_messages (hospital_id, message_id)
    WHERE delivered_at IS NULL;
