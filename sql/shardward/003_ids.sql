-- Ids that are unique over all shards: the sequences of the catalog database, which everybody
-- shares, are drawn from in place of those of the shards.

CREATE FUNCTION shardward.next_id(of text) RETURNS bigint
LANGUAGE plpgsql SET search_path = public, pg_catalog, pg_temp AS $$
DECLARE
    relation regclass := of::regclass;
    owned regclass[];
BEGIN
    IF (SELECT c.relkind = 'S' FROM pg_catalog.pg_class c WHERE c.oid = relation) THEN
        RETURN pg_catalog.nextval(relation);
    END IF;
    SELECT pg_catalog.array_agg(s.oid::regclass) INTO owned
      FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
       AND d.refobjid = relation AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i');
    IF owned IS NULL THEN
        RAISE EXCEPTION 'table "%" has no serial or identity column', of
            USING ERRCODE = 'undefined_object', HINT = 'Name a sequence.';
    ELSIF pg_catalog.cardinality(owned) > 1 THEN
        RAISE EXCEPTION 'table "%" has several sequences', of
            USING ERRCODE = 'ambiguous_column', HINT = 'Name one of the sequences.';
    END IF;
    RETURN pg_catalog.nextval(owned[1]);
END
$$;
COMMENT ON FUNCTION shardward.next_id IS
    'the next id of a sequence, or of the one serial or identity column of a table';
