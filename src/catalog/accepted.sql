-- What a shard with schema shardward has accepted.

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT 'installed', coalesce(max(v.version), 0),
    coalesce((SELECT max(m.version) FROM shardward.map m), 0) FROM shardward.version v;
SELECT 'accepted', what, text FROM shardward.accepted ORDER BY what;
COMMIT;
