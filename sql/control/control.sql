-- What a managed cluster must find again on every node that may be promoted: who was made its
-- primary, and who had to confirm the commits. In the control database, once for each cluster.
-- It is run again at each `shardward install`.

CREATE SCHEMA IF NOT EXISTS shardward;
CREATE TABLE IF NOT EXISTS shardward.epoch (
    term       bigint PRIMARY KEY,
    node       text NOT NULL,
    tli        integer NOT NULL,
    switch_lsn pg_lsn NOT NULL,
    next_xid   bigint NOT NULL,
    cohort     text[] NOT NULL,
    k          integer NOT NULL,
    by         text NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE shardward.epoch IS 'a row for each primary: the first that it wrote';
COMMENT ON COLUMN shardward.epoch.node IS 'its name in the YAML';
COMMENT ON COLUMN shardward.epoch.switch_lsn IS 'the end of the timeline before it';
COMMENT ON COLUMN shardward.epoch.next_xid IS 'transactions from here on were not committed before it';
COMMENT ON COLUMN shardward.epoch.cohort IS 'the primary, and the standbys of which k confirm each commit';

CREATE TABLE IF NOT EXISTS shardward.cohort (
    term   bigint NOT NULL,
    ver    integer NOT NULL,
    cohort text[] NOT NULL,
    k      integer NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (term, ver)
);
COMMENT ON TABLE shardward.cohort IS 'how the cohort has changed since the epoch of the term';
