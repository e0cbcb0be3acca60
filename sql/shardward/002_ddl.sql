-- The journal of DDL: each change of the schema leaves a row on every database that took part
-- in it, written in the same transaction. A row that stands on some of its places only tells of
-- a crash between their commits.

CREATE TABLE shardward.ddl (
    id           text PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    by           text NOT NULL,
    database     text NOT NULL,
    places       text[] NOT NULL,
    tables       text[] NOT NULL,
    changes_rows boolean NOT NULL,
    search_path  text NOT NULL,
    statement    text NOT NULL,
    digest       text NOT NULL GENERATED ALWAYS AS (md5(statement)) STORED
);
COMMENT ON TABLE shardward.ddl IS 'the changes of the schema that were made through shardward';
COMMENT ON COLUMN shardward.ddl.by IS 'the role that made it';
COMMENT ON COLUMN shardward.ddl.places IS 'the shards of the YAML that took part';
COMMENT ON COLUMN shardward.ddl.tables IS 'the tables of the YAML that it was about';
COMMENT ON COLUMN shardward.ddl.changes_rows IS 'tables of equal shape may hold other rows without it';

-- The journal is written in the transaction of whoever changes the schema.
CREATE FUNCTION shardward.note_ddl(id text, by text, database text, places text[],
                                   tables text[], changes_rows boolean, path text,
                                   statement text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO shardward.ddl (id, by, database, places, tables, changes_rows, search_path,
        statement)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
$$;
COMMENT ON FUNCTION shardward.note_ddl IS 'called by shardward before it commits DDL';
