-- What src/topology/schema.c understands, one SELECT for each kind of line. Built into the
-- program; the connection may read pg_catalog, as everybody may. Types and functions are printed
-- with their schemas, since nothing but pg_catalog is on the search_path.

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog;

WITH RECURSIVE heirs AS (
    SELECT inhparent AS ancestor, inhrelid AS heir FROM pg_inherits
    UNION
    SELECT heirs.ancestor, i.inhrelid FROM heirs JOIN pg_inherits i ON i.inhparent = heirs.heir
)
SELECT 'table', n.nspname, c.relname, c.relkind, c.relrowsecurity,
    coalesce((SELECT string_agg(quote_ident(r.rulename), ',' ORDER BY r.rulename)
        FROM pg_rewrite r
        WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN' AND r.ev_enabled <> 'D'), ''),
    (SELECT min(f.oid::regclass::text) FROM heirs JOIN pg_class f ON f.oid = heirs.heir
        WHERE heirs.ancestor = c.oid AND f.relkind = 'f')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog',
    'information_schema', 'shardward') AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE
    'pg\_temp%'
ORDER BY n.nspname, c.relname;

WITH RECURSIVE domains AS (
    SELECT oid, typbasetype AS base, typtypmod AS typmod FROM pg_type WHERE typtype = 'd'
    UNION ALL
    SELECT d.oid, t.typbasetype, greatest(d.typmod, t.typtypmod)
    FROM domains d JOIN pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
), bases AS (
    SELECT d.oid, d.base, d.typmod FROM domains d JOIN pg_type t ON t.oid = d.base
    WHERE t.typtype <> 'd'
), sequences AS (
    SELECT a.adrelid AS relid, a.adnum AS attnum, min(s.oid::regclass::text) AS name
    FROM pg_attrdef a
    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid
        AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
    GROUP BY 1, 2
    UNION ALL
    SELECT d.refobjid, d.refobjsubid::smallint, min(s.oid::regclass::text)
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.deptype = 'i'
    GROUP BY 1, 2
)
SELECT 'column', n.nspname, c.relname, a.attname, a.atttypid, coalesce(b.base, a.atttypid),
    format_type(a.atttypid, a.atttypmod), greatest(a.atttypmod, coalesce(b.typmod, -1)),
    cn.nspname || '.' || co.collname, coalesce(co.collisdeterministic, true), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated <> '', s.name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN bases b ON b.oid = a.atttypid
LEFT JOIN pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN sequences s ON s.relid = c.oid AND s.attnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog',
    'information_schema', 'shardward') AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE
    'pg\_temp%'
ORDER BY n.nspname, c.relname, a.attnum;

WITH RECURSIVE family AS (
    SELECT oid AS ancestor, oid AS heir FROM pg_class WHERE relkind IN ('r', 'p')
    UNION
    SELECT family.ancestor, i.inhrelid FROM family
    JOIN pg_inherits i ON i.inhparent = family.heir
), constraints AS (
    SELECT f.ancestor, k.conname AS name, k.contype::text AS kind,
        (SELECT string_agg(quote_ident(a.attname), ',' ORDER BY x.ord)
            FROM unnest(k.conkey) WITH ORDINALITY AS x (attnum, ord)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum
            LEFT JOIN pg_operator o ON o.oid = k.conexclop[x.ord]
            WHERE k.contype <> 'x' OR o.oprname = '=') AS columns,
        pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ' (not valid)' END
            AS definition,
        rn.nspname AS other_schema, r.relname AS other_table,
        (SELECT string_agg(quote_ident(a.attname), ',' ORDER BY x.ord)
            FROM unnest(k.confkey) WITH ORDINALITY AS x (attnum, ord)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.attnum)
            AS other_columns
    FROM family f JOIN pg_constraint k ON k.conrelid = f.heir
    LEFT JOIN pg_class r ON r.oid = k.confrelid
    LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
    WHERE k.contype IN ('p', 'u', 'x', 'f', 'c')
        AND (f.ancestor = f.heir OR (k.conparentid = 0 AND k.coninhcount = 0))
    UNION ALL
    SELECT f.ancestor, ic.relname, 'i',
        (SELECT string_agg(quote_ident(a.attname), ',' ORDER BY x.ord)
            FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS x (attnum, ord)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = x.attnum
            WHERE x.ord <= i.indnkeyatts),
        pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' (not valid)' END,
        NULL, NULL, NULL
    FROM family f JOIN pg_index i ON i.indrelid = f.heir AND i.indisunique AND i.indislive
    JOIN pg_class ic ON ic.oid = i.indexrelid
    WHERE (f.ancestor = f.heir OR NOT ic.relispartition)
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid
            AND k.contype IN ('p', 'u', 'x'))
)
SELECT 'constraint', n.nspname, c.relname, k.name, k.kind, k.columns, k.definition,
    k.other_schema, k.other_table, k.other_columns
FROM constraints k JOIN pg_class c ON c.oid = k.ancestor
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'shardward')
    AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
ORDER BY n.nspname, c.relname, k.name, k.definition;

WITH RECURSIVE family AS (
    SELECT oid AS ancestor, oid AS heir FROM pg_class WHERE relkind IN ('r', 'p', 'm')
    UNION
    SELECT family.ancestor, i.inhrelid FROM family
    JOIN pg_inherits i ON i.inhparent = family.heir
)
SELECT 'index', n.nspname, c.relname, xn.nspname, x.relname
FROM family f JOIN pg_index i ON i.indrelid = f.heir
JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace xn ON xn.oid = x.relnamespace
JOIN pg_class c ON c.oid = f.ancestor JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'shardward')
    AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%'
ORDER BY n.nspname, c.relname, xn.nspname, x.relname;

SELECT 'sequence', tn.nspname, t.relname, n.nspname, s.relname
FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE s.relkind = 'S' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'shardward')
    AND n.nspname NOT LIKE 'pg\_temp%'
ORDER BY n.nspname, s.relname;

WITH RECURSIVE heirs AS (
    SELECT inhparent AS ancestor, inhrelid AS heir FROM pg_inherits
    UNION
    SELECT heirs.ancestor, i.inhrelid FROM heirs JOIN pg_inherits i ON i.inhparent = heirs.heir
)
SELECT 'partition', n.nspname, c.relname, hn.nspname, h.relname
FROM heirs JOIN pg_class h ON h.oid = heirs.heir AND h.relkind IN ('r', 'p')
JOIN pg_namespace hn ON hn.oid = h.relnamespace
JOIN pg_class c ON c.oid = heirs.ancestor JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'shardward')
    AND n.nspname NOT LIKE 'pg\_temp%'
ORDER BY n.nspname, c.relname, hn.nspname, h.relname;

WITH RECURSIVE family AS (
    SELECT oid AS ancestor, oid AS heir FROM pg_class WHERE relkind IN ('r', 'p')
    UNION
    SELECT family.ancestor, i.inhrelid FROM family
    JOIN pg_inherits i ON i.inhparent = family.heir
)
SELECT 'trigger', n.nspname, c.relname, t.tgname, pn.nspname, p.proname,
    pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN family f ON f.heir = t.tgrelid
JOIN pg_class c ON c.oid = f.ancestor JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
    AND (f.ancestor = f.heir OR t.tgparentid = 0)
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'shardward')
ORDER BY n.nspname, c.relname, t.tgname;

WITH RECURSIVE family AS (
    SELECT oid AS ancestor, oid AS heir FROM pg_class WHERE relkind IN ('r', 'p')
    UNION
    SELECT family.ancestor, i.inhrelid FROM family
    JOIN pg_inherits i ON i.inhparent = family.heir
), calls AS (
    SELECT classid, objid, refobjid AS function FROM pg_depend
    WHERE refclassid = 'pg_proc'::regclass
    UNION
    SELECT d.classid, d.objid, o.oprcode FROM pg_depend d
    JOIN pg_operator o ON o.oid = d.refobjid WHERE d.refclassid = 'pg_operator'::regclass
), uses AS (
    SELECT d.adrelid AS relid, 'the default of column ' || a.attname AS purpose, k.function
    FROM calls k JOIN pg_attrdef d ON k.classid = 'pg_attrdef'::regclass AND k.objid = d.oid
    JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION
    SELECT r.conrelid, 'constraint ' || r.conname, k.function
    FROM calls k JOIN pg_constraint r ON k.classid = 'pg_constraint'::regclass
        AND k.objid = r.oid AND r.contype = 'c' AND r.conrelid <> 0
    UNION
    SELECT a.attrelid, 'the domain of column ' || a.attname, k.function
    FROM calls k JOIN pg_constraint r ON k.classid = 'pg_constraint'::regclass
        AND k.objid = r.oid AND r.contypid <> 0
    JOIN pg_attribute a ON a.atttypid = r.contypid AND NOT a.attisdropped
    UNION
    SELECT i.indrelid, 'index ' || c.relname, k.function
    FROM calls k JOIN pg_index i ON k.classid = 'pg_class'::regclass AND k.objid = i.indexrelid
    JOIN pg_class c ON c.oid = i.indexrelid
)
SELECT DISTINCT 'use', n.nspname, c.relname, u.purpose, pn.nspname, p.proname, p.provolatile,
    x.extname
FROM uses u JOIN family f ON f.heir = u.relid
JOIN pg_class c ON c.oid = f.ancestor JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = u.function AND p.oid >= 16384
JOIN pg_namespace pn ON pn.oid = p.pronamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
LEFT JOIN pg_extension x ON x.oid = d.refobjid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'shardward')
ORDER BY 2, 3, 4, 5, 6;

SELECT 'function', n.nspname, p.proname,
    coalesce((SELECT string_agg(format_type(t, NULL), ', ' ORDER BY ord)
        FROM unnest(p.proargtypes) WITH ORDINALITY AS x (t, ord)), ''),
    p.pronargs, p.pronargdefaults, p.provariadic <> 0, p.provolatile, l.lanname, x.extname,
    EXISTS (SELECT FROM pg_proc b WHERE b.proname = p.proname AND b.oid < 16384
        AND b.pronamespace = 'pg_catalog'::regnamespace)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
LEFT JOIN pg_extension x ON x.oid = d.refobjid
WHERE (p.oid >= 16384 OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
    AND n.nspname <> 'shardward'
ORDER BY n.nspname, p.proname, 4;

SELECT 'operator', n.nspname, o.oprname, pn.nspname, p.proname, p.provolatile, x.extname
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
JOIN pg_proc p ON p.oid = o.oprcode JOIN pg_namespace pn ON pn.oid = p.pronamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid
    AND d.deptype = 'e'
LEFT JOIN pg_extension x ON x.oid = d.refobjid
WHERE o.oid >= 16384
ORDER BY n.nspname, o.oprname, o.oprleft::regtype::text, o.oprright::regtype::text;

SELECT 'cast', format_type(c.castsource, NULL), format_type(c.casttarget, NULL), pn.nspname,
    p.proname, p.provolatile, x.extname
FROM pg_cast c JOIN pg_proc p ON p.oid = c.castfunc
JOIN pg_namespace pn ON pn.oid = p.pronamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'e'
LEFT JOIN pg_extension x ON x.oid = d.refobjid
WHERE c.oid >= 16384
ORDER BY 2, 3;

WITH RECURSIVE bases AS (
    SELECT oid, oid AS base FROM pg_type
    UNION ALL
    SELECT b.oid, t.typbasetype FROM bases b JOIN pg_type t ON t.oid = b.base
    WHERE t.typtype = 'd'
)
SELECT 'type', n.nspname, t.typname, t.oid, coalesce(c.relkind, ec.relkind, 'c') <> 'c',
    t.typrelid,
    CASE p.proname WHEN 'array_send' THEN 'a' WHEN 'record_send' THEN 'c'
        WHEN 'range_send' THEN 'r' WHEN 'multirange_send' THEN 'm' ELSE 'p' END,
    coalesce(r.rngsubtype, mr.rngsubtype)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN bases ON bases.oid = t.oid JOIN pg_type b ON b.oid = bases.base AND b.typtype <> 'd'
LEFT JOIN pg_proc p ON p.oid = b.typsend AND p.pronamespace = 'pg_catalog'::regnamespace
LEFT JOIN pg_range r ON r.rngtypid = b.oid
LEFT JOIN pg_depend d ON b.typtype = 'm' AND d.classid = 'pg_type'::regclass AND d.objid = b.oid
    AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i'
LEFT JOIN pg_range mr ON mr.rngtypid = d.refobjid
LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_class ec ON ec.oid = e.typrelid
WHERE t.oid >= 16384 AND n.nspname <> 'shardward' AND n.nspname NOT LIKE 'pg\_toast%'
    AND n.nspname NOT LIKE 'pg\_temp%'
ORDER BY n.nspname, t.typname;

SELECT 'shardward', to_regclass('shardward.version') IS NOT NULL,
    to_regclass('shardward.ddl') IS NOT NULL;

COMMIT;
