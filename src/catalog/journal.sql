-- The changes of the schema that a shard has noted (see sql/shardward).

SELECT 'ddl', id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
    (SELECT string_agg(quote_ident(p), ',' ORDER BY n) FROM unnest(places) WITH ORDINALITY x (p, n)),
    (SELECT string_agg(quote_ident(t), ',' ORDER BY n) FROM unnest(tables) WITH ORDINALITY x (t, n)),
    changes_rows, statement
FROM shardward.ddl ORDER BY at, id;
