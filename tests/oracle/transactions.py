"""transactions - reads over several shards among other statements: what a session has said before must
hold for them, on all shards.

Each is a list of statements, asked one after the other of PostgreSQL and of every layout. Nothing
stays: what is written is rolled back, what is set is reset.
"""

from families import Asked

_EVENT = "INSERT INTO events VALUES ({}, 'new', 100)"
_COUNT = "SELECT count(*), sum(n) FROM events"

SCRIPTS = [
    ("reads among reads", [
        "BEGIN", _COUNT, "SELECT name FROM patients WHERE patient_id = 1",
        "SELECT name FROM patients ORDER BY patient_id", _COUNT, "COMMIT"]),
    ("a read sees what its transaction has written", [
        "BEGIN", _EVENT.format(1), _COUNT, _EVENT.format(1), "SELECT * FROM events WHERE what = 'new'",
        "ROLLBACK", _COUNT]),
    ("a read sees what its transaction has deleted and changed", [
        "BEGIN", "DELETE FROM visits WHERE patient_id = 6", "SELECT count(*) FROM visits",
        "UPDATE visits SET fee = 7 WHERE patient_id = 6", "SELECT sum(fee), count(*) FROM visits",
        "ROLLBACK", "SELECT sum(fee), count(*) FROM visits"]),
    ("what a savepoint has undone is not seen", [
        "BEGIN", "SAVEPOINT a", _EVENT.format(2), _COUNT, "ROLLBACK TO a", _COUNT, "RELEASE a", _COUNT,
        "ROLLBACK"]),
    ("a write after reads on all shards", [
        "BEGIN", _COUNT, _EVENT.format(3), _COUNT, "ROLLBACK"]),
    ("an error fails the transaction on all shards", [
        "BEGIN", _COUNT, "SELECT 1 / (visit_id - 1) FROM visits", _COUNT, "ROLLBACK", _COUNT]),
    ("an error is undone by a savepoint", [
        "BEGIN", _COUNT, "SAVEPOINT a", "SELECT 1 / (visit_id - 1) FROM visits", "ROLLBACK TO a", _COUNT,
        "COMMIT"]),
    ("a read that begins the savepoint", [
        "BEGIN", "SAVEPOINT a", _COUNT, "SELECT no_such_column FROM visits", "ROLLBACK TO SAVEPOINT a",
        "SELECT count(*) FROM visits", "COMMIT"]),
    ("one snapshot for several shards there is not", [
        "BEGIN ISOLATION LEVEL REPEATABLE READ", _COUNT, "ROLLBACK"]),
    ("one snapshot for several shards there is not, serializable", [
        "BEGIN", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", _COUNT, "ROLLBACK"]),
    ("as a default", [
        "SET default_transaction_isolation = 'repeatable read'", _COUNT,
        "RESET default_transaction_isolation", _COUNT]),
    ("read only", [
        "BEGIN READ ONLY", _COUNT, "SELECT name FROM patients ORDER BY 1", "COMMIT"]),
    ("locks of rows", [
        "BEGIN", "SELECT patient_id FROM patients ORDER BY patient_id FOR UPDATE",
        "SELECT patient_id FROM patients WHERE patient_id = 1 FOR UPDATE", "ROLLBACK"]),
    ("a chain of transactions", ["BEGIN", _COUNT, "COMMIT AND CHAIN", _COUNT, "COMMIT"]),

    ("time zone", [
        "SET timezone = 'Asia/Shanghai'", "SELECT seen FROM patients ORDER BY seen, patient_id",
        "SELECT min(seen), max(seen) FROM patients WHERE isfinite(seen)",
        "SELECT date_trunc('day', seen), count(*) FROM patients GROUP BY 1",
        "SELECT DISTINCT seen::date FROM patients",
        "SELECT patient_id FROM patients WHERE seen < '2026-01-01 08:00'",
        "SELECT array_agg(seen ORDER BY patient_id) FROM patients", "RESET timezone"]),
    ("a time zone of one transaction", [
        "BEGIN", "SET LOCAL timezone = 'America/New_York'", "SELECT seen FROM patients ORDER BY seen, patient_id",
        "SELECT max(seen) FROM patients WHERE isfinite(seen)", "COMMIT",
        "SELECT seen FROM patients ORDER BY seen, patient_id"]),
    ("how dates look", [
        "SET datestyle = 'German, DMY'", "SELECT born, patient_id FROM patients ORDER BY born",
        "SELECT max(at), min(at) FROM visits WHERE isfinite(at)",
        "SELECT at, count(*) FROM visits GROUP BY at ORDER BY at",
        "SELECT string_agg(born::text, ',' ORDER BY born, patient_id) FROM patients",
        "SELECT patient_id FROM patients WHERE born = '29.02.2000'",
        "SELECT born::text, count(*) FROM patients GROUP BY 1 ORDER BY 1", "RESET datestyle"]),
    ("how intervals look", [
        "SET intervalstyle = 'iso_8601'", "SELECT term, bill_id FROM bills ORDER BY term",
        "SELECT sum(term), max(term) FROM bills", "SELECT avg(term) FROM bills GROUP BY settled",
        "RESET intervalstyle"]),
    ("how bytes look", [
        "SET bytea_output = 'escape'", "SELECT photo, patient_id FROM patients ORDER BY photo",
        "SELECT DISTINCT photo FROM patients", "SELECT photo, count(*) FROM patients GROUP BY photo",
        "SELECT string_agg(photo, '' ORDER BY patient_id) FROM patients", "RESET bytea_output"]),
    ("how floats look", [
        "SET extra_float_digits = -10", "SELECT score FROM visits ORDER BY score",
        "SELECT max(score / 3), min(score / 3) FROM visits",
        "SELECT score / 3, count(*) FROM visits GROUP BY 1 ORDER BY 1",
        "SELECT DISTINCT ratio / 3 FROM visits", "SELECT (max(score / 3) = 100.125::float8 / 3) FROM visits",
        "RESET extra_float_digits"]),
    ("NULL = NULL", [
        "SET transform_null_equals = on", "SELECT patient_id FROM patients WHERE name = NULL",
        "SELECT count(*) FROM patients WHERE city = NULL", "RESET transform_null_equals"]),
    ("array_nulls", [
        "SET array_nulls = off", "SELECT array_agg(city ORDER BY patient_id) FROM patients",
        "SELECT codes, count(*) FROM visits GROUP BY codes", "SELECT name FROM patients GROUP BY name",
        "RESET array_nulls"]),
    ("backslashes", [
        "SET backslash_quote = off", "SELECT remark, count(*) FROM visits GROUP BY remark",
        "SELECT string_agg(remark, ',' ORDER BY remark) FROM visits", "RESET backslash_quote"]),
    ("another search path", [
        "SET search_path = pg_catalog", "SELECT count(*) FROM public.visits", "SELECT count(*) FROM visits",
        "SELECT mood, count(*) FROM public.visits GROUP BY mood", "RESET search_path",
        "SELECT count(*) FROM visits"]),
    ("plans of other kinds", [
        "SET enable_hashagg = off", "SET enable_sort = off", "SET enable_seqscan = off",
        "SELECT mood, count(*) FROM visits GROUP BY mood", "SELECT DISTINCT city FROM patients",
        "SELECT patient_id FROM patients ORDER BY name, patient_id LIMIT 5", "RESET enable_hashagg",
        "RESET enable_sort", "RESET enable_seqscan"]),
    ("a limit of time", [
        "SET statement_timeout = '20s'", _COUNT, "SELECT name FROM patients ORDER BY patient_id",
        "RESET statement_timeout"]),

    ("statements by name", [
        "PREPARE s AS SELECT count(*) FROM visits", "EXECUTE s", "EXECUTE s", "DEALLOCATE s",
        "PREPARE s(bigint) AS SELECT name FROM patients WHERE patient_id > $1 ORDER BY patient_id",
        "EXECUTE s(3)", "EXECUTE s(77)", "EXECUTE s(NULL)", "DEALLOCATE s",
        "PREPARE s(bigint) AS SELECT name FROM patients ORDER BY patient_id LIMIT $1",
        "EXECUTE s(1)", "EXECUTE s(0)", "EXECUTE s(NULL)", "EXECUTE s(3)", "DEALLOCATE s"]),
    ("cursors", [
        "BEGIN", "DECLARE c CURSOR FOR SELECT patient_id FROM patients ORDER BY patient_id", "FETCH 3 FROM c",
        "FETCH ALL FROM c", "CLOSE c", "COMMIT"]),
    ("several in one message", [
        "SELECT count(*) FROM visits; SELECT count(*) FROM bills", "SELECT 1; SELECT name FROM patients; SELECT 2",
        "SELECT name FROM patients ORDER BY 1; SELECT 1 / (visit_id - 1) FROM visits; SELECT 1"]),
    ("COPY of a query", [
        "COPY (SELECT name FROM patients ORDER BY patient_id) TO STDOUT", "COPY (SELECT count(*) FROM visits) TO STDOUT",
        "COPY patients TO STDOUT", "COPY (SELECT 1) TO STDOUT"]),
    ("what writes what several shards say", [
        "BEGIN", "INSERT INTO events SELECT patient_id, 'copied', visit_id FROM visits", "ROLLBACK",
        "BEGIN", "INSERT INTO events SELECT 1, mood::text, count(*) FROM visits GROUP BY mood", "ROLLBACK",
        "BEGIN", "UPDATE visits SET fee = (SELECT max(fee) FROM visits) WHERE patient_id = 1", "ROLLBACK",
        "BEGIN", "DELETE FROM visits WHERE patient_id = 1 AND fee < (SELECT avg(fee) FROM visits)", "ROLLBACK",
        "BEGIN", "WITH gone AS (DELETE FROM events WHERE patient_id = 1 RETURNING *) SELECT count(*) FROM visits",
        "ROLLBACK", "BEGIN", "SELECT * INTO TEMP copied FROM visits", "ROLLBACK",
        "BEGIN", "CREATE TEMP TABLE copied AS SELECT * FROM visits", "ROLLBACK", _COUNT]),
]


def steps(script):
    title, statements = script
    return [Asked(sql, title) for sql in statements]
