-- What shardward must find again on this database: under which map its rows were stored.

CREATE SCHEMA shardward;
COMMENT ON SCHEMA shardward IS 'bookkeeping of shardward; kept by shardward install';
GRANT USAGE ON SCHEMA shardward TO PUBLIC;

CREATE TABLE shardward.version (
    version      integer PRIMARY KEY,
    installed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE shardward.version IS 'the files of sql/shardward that were run here';

CREATE TABLE shardward.map (
    version     integer PRIMARY KEY,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    accepted_by text NOT NULL DEFAULT session_user,
    changes     text NOT NULL
);
COMMENT ON TABLE shardward.map IS 'the versions of the map that were accepted, and what changed';

CREATE TABLE shardward.accepted (
    what text PRIMARY KEY,
    text text NOT NULL,
    digest text NOT NULL GENERATED ALWAYS AS (md5(text)) STORED
);
COMMENT ON TABLE shardward.accepted IS
    'what decides where rows live: placements, keys, and which shard this is';
