-- The changes of the schema that a shard has noted (see sql/shardward). Before version 4 there is
-- no finished_at.

SELECT 'ddl', id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
    (SELECT string_agg(quote_ident(p), ',' ORDER BY n) FROM unnest(places) WITH ORDINALITY x (p, n)),
    (SELECT string_agg(quote_ident(t), ',' ORDER BY n) FROM unnest(tables) WITH ORDINALITY x (t, n)),
    changes_rows, statement,
    CASE WHEN finished IS NULL THEN 'n' WHEN finished > now() - interval '30 days' THEN 'f' ELSE 'o' END
FROM shardward.ddl d, LATERAL (VALUES ((to_jsonb(d) ->> 'finished_at')::timestamptz)) f (finished)
ORDER BY at, id;
