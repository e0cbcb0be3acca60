"""Reference tables: each shard of a business has all their rows, which are read beside any others."""

import contextlib

import wire
from suite import equal, rows, test
from test_batches import codes, tags
from test_console import table
from test_copy import copied
from test_reload import changing
from test_scatter import SHARDS, check_all_idle
from test_transactions import sessions
from wire import SYNC, bind, execute, parse, query

PATIENTS = "          patients: {key: patient_id, placement: by_patient}"
TARIFFS = PATIENTS + """
          tariffs: {reference: true}
          claims: {key: patient_id, placement: by_patient}"""
TABLES = ["CREATE TABLE tariffs (code text PRIMARY KEY, fee integer, class text UNIQUE)",
          "CREATE TABLE claims (patient_id bigint NOT NULL, n integer NOT NULL, code text REFERENCES tariffs,"
          " PRIMARY KEY (patient_id, n))"]
ROWS = [("a", 10, "one"), ("b", 20, "two"), ("c", 20, None), ("d", None, "four"), ("e", 7, "fünf")]
CODES = ["a", "b", "b", None, "d"]


@contextlib.contextmanager
def priced(p):
    """A shardward that knows tariffs and claims; each shard has the tariffs in an order of its own."""
    with changing(p, (PATIENTS, TARIFFS)) as other, p.connect(other.port) as ours, p.oracle() as theirs:
        for sql in TABLES:
            ours.execute(sql)
            theirs.execute(sql)
        try:
            for number, shard in enumerate([*SHARDS, None]):
                with p.at_shard(shard) if shard else p.oracle() as conn:
                    for row in ROWS[number:] + ROWS[:number]:
                        conn.execute("INSERT INTO tariffs VALUES (%s, %s, %s)", row)
            for shard in SHARDS:
                for _ in range(2):
                    key = p.new_key("patients", shard)
                    for n, code in enumerate(CODES):
                        for conn in (ours, theirs):
                            conn.execute("INSERT INTO claims VALUES (%s, %s, %s)", (key, n, code))
            yield other, ours, theirs, key
        finally:
            for sql in ("DROP TABLE claims", "DROP TABLE tariffs"):
                theirs.execute(sql)
                ours.execute(sql)


READS = [
    "SELECT * FROM tariffs ORDER BY code", "SELECT count(*), sum(fee), max(class) FROM tariffs",
    "SELECT x.code, y.code FROM tariffs x, tariffs y WHERE x.fee = y.fee ORDER BY 1, 2",
    "SELECT n, c.code, fee FROM claims c JOIN tariffs t ON t.code = c.code ORDER BY patient_id, n",
    "SELECT n, c.code, fee FROM claims c LEFT JOIN tariffs t ON t.code = c.code AND fee > 15 ORDER BY patient_id, n",
    "SELECT t.code, n, patient_id FROM tariffs t LEFT JOIN claims c ON c.code = t.code ORDER BY 1, 3, 2",
    "SELECT t.code, n, patient_id FROM claims c RIGHT JOIN tariffs t ON c.code = t.code ORDER BY 1, 3, 2",
    "SELECT t.code, n, patient_id FROM claims c FULL JOIN tariffs t ON c.code = t.code ORDER BY 1, 3, 2",
    "SELECT class, count(*), sum(fee) FROM claims c JOIN tariffs t USING (code) GROUP BY class ORDER BY 1",
    "SELECT t.code, count(n) FROM tariffs t LEFT JOIN claims c USING (code) GROUP BY t.code ORDER BY 1",
    "SELECT DISTINCT fee FROM claims c, tariffs t WHERE t.code = c.code ORDER BY 1",
    "SELECT count(*) FROM claims, tariffs",
    "SELECT n, code FROM claims WHERE code IN (SELECT code FROM tariffs WHERE fee = 20) ORDER BY patient_id, n",
    "SELECT n, code FROM claims WHERE code NOT IN (SELECT code FROM tariffs WHERE fee = 20) ORDER BY patient_id, n",
    "SELECT n FROM claims c WHERE NOT EXISTS (SELECT FROM tariffs t WHERE t.code = c.code) ORDER BY patient_id",
    "SELECT n, (SELECT fee FROM tariffs t WHERE t.code = c.code) FROM claims c ORDER BY patient_id, n",
    "SELECT n, (SELECT max(fee) FROM tariffs) FROM claims ORDER BY patient_id, n",
    "SELECT n, (SELECT string_agg(code, ',' ORDER BY code) FROM tariffs) FROM claims ORDER BY patient_id, n",
    "SELECT count(DISTINCT (SELECT code FROM tariffs LIMIT 1)) FROM claims",
    "SELECT count(DISTINCT (SELECT string_agg(code, ',') FROM tariffs)) FROM claims",
    "SELECT count(DISTINCT ARRAY(SELECT code FROM tariffs)) FROM claims",
    "SELECT count(DISTINCT ARRAY(SELECT code FROM tariffs t WHERE c.code IS NOT NULL)) FROM claims c",
    "SELECT count(DISTINCT r) FROM claims c, (SELECT code, row_number() OVER () AS r FROM tariffs) x"
    " WHERE x.code = 'c'",
    "SELECT n, x.code FROM claims c, LATERAL (SELECT code FROM tariffs t WHERE t.code >= c.code ORDER BY code DESC"
    " LIMIT 1) x ORDER BY patient_id, n",
    "SELECT code FROM claims UNION SELECT code FROM tariffs ORDER BY 1",
    "SELECT code FROM claims EXCEPT SELECT code FROM tariffs WHERE fee = 10 ORDER BY 1",
    "SELECT code FROM claims UNION ALL SELECT code FROM tariffs ORDER BY 1",
    "SELECT code FROM tariffs EXCEPT SELECT code FROM claims ORDER BY 1",
    "WITH t AS (SELECT * FROM tariffs WHERE fee > 7) SELECT n, t.fee FROM claims c JOIN t USING (code)"
    " ORDER BY patient_id, n",
    "SELECT count(*) FROM patients p JOIN claims c USING (patient_id) LEFT JOIN tariffs t USING (code)",
]


@test
def reads_are_those_of_one_postgresql(p):
    with priced(p) as (other, _, _, key):
        with p.logged_in(other.port) as client, p.oracle_wire() as oracle:
            for begin in ("", "BEGIN"):
                for sql in READS + [f"{sql} WHERE patient_id = {key} ORDER BY 1" for sql in (
                        "SELECT n, c.code, fee FROM claims c JOIN tariffs t ON t.code = c.code",
                        "SELECT count(*), max(fee) FROM tariffs t RIGHT JOIN claims c USING (code)")]:
                    for flight in (query(sql), parse(sql) + bind() + execute() + SYNC):
                        if begin:
                            client.query(begin), oracle.query(begin)
                        ours, theirs = client.ask(flight), oracle.ask(flight)
                        equal(codes(ours), [], sql)
                        equal(wire.readable(ours), wire.readable(theirs), sql)
                        client.query("ROLLBACK"), oracle.query("ROLLBACK")
    check_all_idle(p)


@test
def in_a_transaction_a_shard_that_takes_part_already_reads_it(p):
    with priced(p) as (other, *_), p.logged_in(other.port) as client:
        key = p.new_key("patients", "users_2")
        for _ in range(4):
            equal(codes(client.query("BEGIN")), [])
            equal(codes(client.query(f"INSERT INTO claims VALUES ({key}, 1, 'a')")), [])
            equal(wire.rows_of(client.query("SELECT fee FROM tariffs WHERE code = 'a'")), [["10"]])
            equal(sum(sessions(p, shard, "idle in tr%") for shard in SHARDS), 1)
            client.query("ROLLBACK")
    check_all_idle(p)


@test
def it_stands_beside_statements_of_any_shard(p):
    with priced(p) as (other, *_), p.logged_in(other.port) as client:
        fee = "SELECT fee FROM tariffs WHERE code = 'b'"
        for shard in SHARDS:
            key = p.new_key("patients", shard)
            write = f"INSERT INTO claims (patient_id, n, code) VALUES ({key}, 1, 'b')"
            read = f"SELECT code FROM claims WHERE patient_id = {key}"
            answers = client.query(f"{fee}; {write}; {fee}; {read}")
            equal((codes(answers), wire.rows_of(answers)), ([], [["20"], ["20"], ["b"]]))
            answers = client.ask(parse(fee) + bind() + execute() + parse(read) + bind() + execute() + SYNC)
            equal((codes(answers), wire.rows_of(answers)), ([], [["20"], ["b"]]))
            client.ask(parse(fee, "f") + SYNC)
            client.query("BEGIN")
            for sql in (read, "DECLARE c SCROLL CURSOR FOR SELECT code FROM tariffs ORDER BY code"):
                equal(codes(client.query(sql)), [], sql)
            equal(wire.rows_of(client.query("FETCH 2 FROM c")), [["a"], ["b"]])
            equal(wire.rows_of(client.ask(bind(statement="f") + execute() + SYNC)), [["20"]])
            equal(wire.rows_of(client.query("FETCH LAST FROM c")), [["e"]])
            client.query("COMMIT")
            equal(tags(client.query("DEALLOCATE f")), ["DEALLOCATE"])
        for sql in ("CREATE TEMP TABLE cheap AS SELECT * FROM tariffs WHERE fee < 15",
                    "CREATE TEMP TABLE alike (LIKE tariffs)", "INSERT INTO alike SELECT * FROM tariffs"):
            equal(codes(client.query(sql)), [], sql)
        equal(wire.rows_of(client.query("SELECT count(*) FROM cheap JOIN tariffs USING (code)")), [["2"]])
    check_all_idle(p)


@rows([("insert", "INSERT INTO tariffs VALUES ('z', 1)"), ("update", "UPDATE tariffs SET fee = 0"),
       ("delete", "DELETE FROM tariffs WHERE code = 'a'"), ("copy", "COPY tariffs FROM STDIN"),
       ("insert of a query", "INSERT INTO tariffs SELECT * FROM tariffs"),
       ("in a CTE", "WITH x AS (DELETE FROM tariffs RETURNING code) SELECT * FROM x"),
       ("upsert", "INSERT INTO tariffs VALUES ('a', 1) ON CONFLICT (code) DO UPDATE SET fee = 2"),
       ("row locks", "SELECT * FROM tariffs FOR SHARE")])
def writes_are_refused_with_a_hint(p, sql):
    with priced(p) as (other, *_), p.logged_in(other.port) as client:
        for flight in (query(sql), parse(sql) + SYNC):
            fields = wire.error_of(client.ask(flight))
            equal((fields["C"], '"tariffs"' in fields["M"], bool(fields.get("H"))), ("0A000", True, True))
        equal(wire.rows_of(client.query("SELECT count(*) FROM tariffs")), [["5"]])


@test
def what_it_decides_is_written_where_the_key_leads(p):
    with priced(p) as (_, ours, theirs, key):
        for conn in (ours, theirs):
            conn.execute("UPDATE claims c SET n = n + t.fee FROM tariffs t WHERE t.code = c.code AND t.fee IS NOT NULL"
                         " AND c.patient_id = %s", (key,))
            conn.execute("DELETE FROM claims c USING tariffs t WHERE t.code = c.code AND class = 'one'"
                         " AND c.patient_id = %s", (key,))
        sql = "SELECT n, code FROM claims WHERE patient_id = %s ORDER BY n"
        equal(ours.execute(sql, (key,)).fetchall(), theirs.execute(sql, (key,)).fetchall())


@test
def ddl_goes_to_all_shards(p):
    with priced(p) as (_, ours, theirs, _):
        for conn in (ours, theirs):
            conn.execute("ALTER TABLE tariffs ADD COLUMN note text DEFAULT 'none'")
        sql = "SELECT n, note FROM claims JOIN tariffs USING (code) ORDER BY patient_id, n"
        equal(ours.execute(sql).fetchall(), theirs.execute(sql).fetchall())
        for shard in SHARDS:
            equal(p.rows(shard, "SELECT count(note) FROM tariffs"), [(5,)])
        equal(ours.execute("SELECT count(*) FROM pg_class WHERE relname = 'tariffs'").fetchall(), [(1,)])
        ours.execute("TRUNCATE tariffs CASCADE")
        for shard in SHARDS:
            equal(p.rows(shard, "SELECT (SELECT count(*) FROM tariffs), (SELECT count(*) FROM claims)"), [(0, 0)])


@test
def numbers_of_its_own_would_differ(p):
    with priced(p) as (other, *_), p.logged_in(other.port) as client:
        for sql in ("ALTER TABLE tariffs ADD COLUMN n serial", "ALTER TABLE tariffs ADD COLUMN at timestamptz DEFAULT now()",
                    "ALTER TABLE tariffs ADD COLUMN id uuid DEFAULT gen_random_uuid()",
                    "ALTER TABLE tariffs ALTER fee TYPE integer USING (random() * 100)::integer"):
            equal(codes(client.query(sql)), ["0A000"], sql)


@test
def it_is_copied_out_once(p):
    with priced(p) as (other, *_), p.logged_in(other.port) as client:
        answers = client.query("COPY tariffs (code, fee) TO STDOUT CSV")
        equal((sorted(copied(answers).split()), tags(answers)),
              ([b"a,10", b"b,20", b"c,20", b"d,", b"e,7"], ["COPY 5"]))
        answers = client.query("COPY (SELECT code FROM claims JOIN tariffs USING (code)) TO STDOUT")
        equal((sorted(set(copied(answers).split())), tags(answers)), ([b"a", b"b", b"d"], ["COPY 32"]))


@test
def the_console_and_the_log_of_accepted_maps_know_it(p):
    with priced(p) as (other, *_), p.console(other.port) as console:
        row, = [row for row in table(console, "SHOW TABLES") if row["table"] == "tariffs"]
        equal((row["kind"], row["shards"], row["refused"] if "refused" in row else None), ("reference", 4, None))
        lines = [line for _, line in console.execute("LOCATE tariffs a").fetchall()]
        equal([shard for shard in SHARDS if shard in lines], SHARDS)
        installed = p.run(p.program, "install", "-c", other.other.config_file)
        assert "accepted table public.tariffs: reference on users_0 users_1 users_2 users_3" in installed.stdout, \
            installed.stdout


@test
def columns_that_differ_are_found(p):
    with priced(p) as (other, *_), p.logged_in(other.port) as client:
        p.change("users_3", "ALTER TABLE tariffs ADD COLUMN extra integer")
        other.reload()
        fields = wire.error_of(client.query("SELECT * FROM tariffs"))
        p.change("users_3", "ALTER TABLE tariffs DROP COLUMN extra")
        equal((fields["C"], "users_3" in str(fields)), ("0A000", True), fields)
