-- A note that all of its places have is finished. It says so, and goes a month later; until then
-- a place that has lost it (as by a failover to a replica that lagged behind) can be told.

ALTER TABLE shardward.ddl ADD COLUMN finished_at timestamptz;
COMMENT ON COLUMN shardward.ddl.finished_at IS
    'when all places were seen to have it; a month later it is deleted';
