"""COPY TO STDOUT of rows that several shards have: the bytes are those of PostgreSQL."""

import wire
from guard import forget_memory_peak, has_own_memory, memory_peak
from suite import equal, rows, test
from test_batches import codes, tags
from test_cancel import ask
from test_copy import copied, extended
from test_extended import patient_in_both
from test_scatter import SHARDS, check_all_idle, crowd, locked, rows_without_end, waiting
from test_transactions import eventually
from wire import SYNC, bind, describe, execute, parse, query

MB = 1024 * 1024

# What escapes and quotes are for; a name may not be NULL, a phone may.
NASTY = ["", "\\N", "\\.", "\\", "a\tb", "a\nb", "a\rb", "a\r\nb", "\b\f\v\x01\x7f", "a,b", "'", '"', '""',
         'say "hi"', "NULL", "null", "ä北京😀", " x ", "|", "a|b\\|c", "x;y", "-", "\\t", "\\x41", "$", "a~b"]

OPTIONS = ["", "CSV", "CSV HEADER", "(FORMAT csv, FORCE_QUOTE *)", "(FORMAT csv, FORCE_QUOTE (phone, city))",
           "(FORMAT csv, NULL 'NULL')", "(FORMAT csv, NULL '-', DELIMITER ';')",
           "(FORMAT csv, QUOTE '|')", "(FORMAT csv, QUOTE '''', ESCAPE '\\')", "(FORMAT csv, ESCAPE '~')",
           "(FORMAT csv, DELIMITER '\"', QUOTE '$', HEADER true)", "(NULL 'null')", "(NULL '')",
           "(DELIMITER '|')", "(DELIMITER ',', NULL 'a.b')", "(DELIMITER E'\\x0b')", "(HEADER)", "(HEADER off)",
           "(FORMAT text, HEADER 1, ENCODING 'UTF8')", "BINARY", "(FORMAT binary)", "DELIMITER '-' NULL AS ''"]

# How rows leave: as they come; merged; cut; finished.
QUERIES = [("as they come", "SELECT {what} FROM patients WHERE city = '{city}'"),
           ("merged", "SELECT {what} FROM patients WHERE city = '{city}' ORDER BY visits"),
           ("by what is not shown", "SELECT {what} FROM patients WHERE city = '{city}' ORDER BY -visits"),
           ("cut", "SELECT {what} FROM patients WHERE city = '{city}' ORDER BY visits OFFSET 2 LIMIT 20"),
           ("finished", "SELECT {what} FROM patients WHERE city = '{city}' GROUP BY patient_id, name, phone,"
                        " city, visits ORDER BY visits"),
           ("distinct", "SELECT DISTINCT ON (visits) {what} FROM patients WHERE city = '{city}'")]

COLUMNS = ["name, phone, visits, city", "name", "phone", "phone, phone", "visits, NULL, ''", ""]


def nasty_city(p):
    """Patients with all values, on all shards and in the oracle; visits tells their order."""
    city = f"city {p.new_key()}"
    for number, name in enumerate(NASTY):
        patient_in_both(p, SHARDS[number % 4], city=city, name=name, visits=number,
                        phone=None if number % 3 == 0 else NASTY[number * 7 % len(NASTY)])
    return city


def line_by_line(answers, sql):
    """What was answered, with the rows in an order of ours if the query leaves it open."""
    messages = wire.readable(answers)
    if "ORDER BY" in sql:
        return messages
    at = [number for number, answer in enumerate(answers) if answer.kind == "d"]
    binary, header = "BINARY" in sql.upper(), any(f"HEADER{end}" in sql for end in ("", " true", " 1")) and \
        "HEADER off" not in sql
    data = [answers[number].body for number in at]
    if binary and data:
        equal((data[0][:19], data[-1][-2:]), (b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"))
        data = sorted([data[0][19:]] + data[1:])
    else:
        data = data[:header] + sorted(data[header:])
    return [one for number, one in enumerate(messages) if number not in at] + data


def same_copy(p, *flights):
    """Ask both for each (messages, sql); the answers are equal. Returns ours."""
    got = []
    with p.logged_in() as client, p.oracle_wire() as oracle:
        for flight, sql in flights:
            ours, theirs = client.ask(flight), oracle.ask(flight)
            equal(line_by_line(ours, sql), line_by_line(theirs, sql), sql)
            got.append(ours)
    return got


@rows([(name, of) for name, of in QUERIES])
def the_bytes_are_those_of_postgresql(p, of):
    city = nasty_city(p)
    for what in COLUMNS:
        if "DISTINCT" in of and not what:
            continue
        for options in OPTIONS:
            if "FORCE_QUOTE (" in options and "city" not in what:
                continue
            sql = f"COPY ({of.format(what=what, city=city)}) TO STDOUT {options}"
            got = same_copy(p, (query(sql), sql), (extended(sql), sql))
            equal(codes(got[0]), [], sql)
    check_all_idle(p)


@rows([("all columns", "COPY patients TO STDOUT"), ("some", "COPY patients (visits, name) TO STDOUT CSV HEADER"),
       ("in binary", "COPY public.patients (name, patient_id, phone) TO STDOUT (FORMAT binary)"),
       ("a bad option", "COPY patients TO STDOUT (DELIMITER 'ab')"),
       ("an option twice", "COPY patients TO STDOUT (HEADER, HEADER)"),
       ("a bad column", "COPY patients (name, no_column) TO STDOUT"),
       ("a column twice", "COPY patients (name, name) TO STDOUT"),
       ("a bad column to quote", "COPY patients TO STDOUT (FORMAT csv, FORCE_QUOTE (no_column))")])
def a_table_is_copied_whole(p, sql):
    nasty_city(p)
    with p.logged_in() as client:
        ours = client.query(sql)
    if codes(ours):
        same_copy(p, (query(sql), sql), (extended(sql), sql))
        return
    whole = []
    for shard in SHARDS:
        with p.at_shard(shard) as conn, conn.cursor().copy(sql) as copy:
            whole.append([bytes(data) for data in copy])
    count = sum(int(p.rows(shard, "SELECT count(*) FROM patients")[0][0]) for shard in SHARDS)
    equal(tags(ours), [f"COPY {count}"])
    equal(wire.kinds(ours).replace("d", ""), "HcCZ")
    got = [answer.body for answer in ours if answer.kind == "d"]
    if "binary" in sql:
        sizes = sum(len(b"".join(some)) for some in whole) - 21 * (len(SHARDS) - 1)
        equal(len(b"".join(got)), sizes)
        equal(b"".join(got)[:19], b"".join(whole[0])[:19])
    else:
        header = "HEADER" in sql
        equal(got[:header], whole[0][:header])
        equal(sorted(got[header:]), sorted(line for some in whole for line in some[header:]))


@rows([("of options", "COPY (SELECT name, visits FROM patients WHERE city = '{city}' ORDER BY 2) TO STDOUT"
        " (FORMAT words)"),
       ("of what is quoted", "COPY (SELECT name FROM patients WHERE city = '{city}' ORDER BY visits)"
        " TO STDOUT (FORMAT csv, FORCE_QUOTE (phone))"),
       ("of NULL", "COPY (SELECT name FROM patients WHERE city = '{city}' ORDER BY visits) TO STDOUT"
        " (DELIMITER ',', NULL 'a,b')"),
       ("of the delimiter", "COPY (SELECT name FROM patients WHERE city = '{city}' LIMIT 3) TO STDOUT"
        " (DELIMITER 'ab')"),
       ("of a column", "COPY (SELECT no_column FROM patients WHERE city = '{city}') TO STDOUT"),
       ("of a column, far inside", "COPY /* ä ( */ (SELECT name, ')', $$)$$, \"visits\" FROM patients"
        " WHERE city = E'\\')(' ORDER BY no_column) TO STDOUT"),
       ("of a type", "COPY (SELECT name FROM patients WHERE visits = 'x' ORDER BY name) TO STDOUT"),
       ("of a value", "COPY (SELECT 1 / (visits - 2) FROM patients WHERE city = '{city}' AND"
        " visits = 2) TO STDOUT"),
       ("of a value that is merged", "COPY (SELECT 1 / (visits - 2) FROM patients WHERE city = '{city}'"
        " AND visits = 2 ORDER BY name) TO STDOUT"),
       ("of a sum", "COPY (SELECT 1 / (sum(visits) - sum(visits)) FROM patients WHERE city = '{city}')"
        " TO STDOUT")])
def errors_are_those_of_postgresql(p, sql):
    city, _ = crowd(p)
    sql = sql.format(city=city)
    got = same_copy(p, (query(sql), sql), (extended(sql), sql), (query("SELECT 3"), "SELECT 3"))
    equal((len(codes(got[0])), codes(got[2])), (1, []), sql)
    check_all_idle(p)


@test
def there_may_be_no_row_at_all(p):
    for options in ("", "CSV HEADER", "BINARY"):
        for of in ("WHERE city = 'nowhere'", "WHERE city = 'nowhere' ORDER BY visits",
                   "WHERE false ORDER BY name"):
            sql = f"COPY (SELECT name, visits FROM patients {of}) TO STDOUT {options}"
            same_copy(p, (query(sql), sql), (extended(sql), sql))


@test
def of_aggregates_one_row_is_copied(p):
    city, _ = crowd(p)
    sql = f"COPY (SELECT count(*), sum(visits), avg(visits) FROM patients WHERE city = '{city}') TO STDOUT"
    got = same_copy(p, (query(sql), f"{sql} ORDER BY"), (query(f"{sql} BINARY"), "ORDER BY"))
    equal(copied(got[0]), b"4\t10\t2.5000000000000000\n")


@test
def a_prepared_copy_is_run_again_and_again(p):
    city, _ = crowd(p)
    sql = f"COPY (SELECT name FROM patients WHERE city = '{city}' ORDER BY name) TO STDOUT CSV"
    run = bind(statement="s") + describe("P") + execute() + SYNC
    same_copy(p, (parse(sql, "s") + describe("S", "s") + SYNC, sql), (run, sql), (run, sql),
              (bind(statement="s") + execute(1) + SYNC, sql), (bind(statement="s") + describe("P") + SYNC, sql))


@rows([("as they come", ""), ("merged", "ORDER BY visits")])
def inside_a_transaction_it_sees_what_was_written(p, order):
    city, keys = crowd(p)
    change = f"UPDATE patients SET name = 'Eve' WHERE patient_id = {keys[2]}"
    sql = f"COPY (SELECT name, visits FROM patients WHERE city = '{city}' {order}) TO STDOUT"
    got = same_copy(p, (query("BEGIN"), "BEGIN"), (query(change), change), (query(sql), sql),
                    (extended(sql), sql), (query("ROLLBACK"), "ROLLBACK"), (query(sql), sql))
    assert b"Eve" in copied(got[2]) and b"Eve" not in copied(got[5])
    check_all_idle(p)


@rows([("outside", "", "I"), ("inside", "BEGIN", "E")])
def an_error_of_one_shard_ends_it_in_the_middle(p, begin, status):
    city, keys = crowd(p, ["users_0", "users_2"])
    p.change("users_2", f"UPDATE patients SET balance = 5 WHERE patient_id = {keys[1]}")
    sql = (f"COPY (SELECT 1 / (6000 * balance - n * balance + 1 - sign(balance)), repeat('x', 1000)"
           f" FROM patients, generate_series(1, 6000) n WHERE city = '{city}') TO STDOUT")
    with p.logged_in() as client:
        if begin:
            client.query(begin)
        answers = client.query(sql)
        equal((codes(answers), wire.ready_status(answers)), (["22012"], status))
        equal(wire.kinds(answers).replace("d", ""), "HEZ")
        client.query("ROLLBACK")
        equal(wire.rows_of(client.query("SELECT 3")), [["3"]])
    check_all_idle(p)


@rows([("passed on", ""), ("written here", " ORDER BY 2")])
def a_cancel_ends_it_in_the_middle(p, order):
    city, _ = crowd(p)
    sql = (f"COPY (SELECT repeat('x', 1000), n FROM patients, generate_series(1, 200000) n"
           f" WHERE city = '{city}'{order}) TO STDOUT")
    with p.logged_in() as client:
        client.send(query(sql))
        equal(client.read().kind, "H")
        for _ in range(100):
            equal(client.read().kind, "d")
        ask(p, client)
        answers = client.read_ready()
        equal(wire.kinds(answers).lstrip("d"), "EZ")
        equal(wire.error_of(answers)["C"], "57014")
        equal(wire.rows_of(client.query("SELECT 3")), [["3"]])
    check_all_idle(p)


@test
def a_slow_client_costs_bounded_memory(p):
    city, _ = crowd(p, SHARDS)
    sql = (f"COPY (SELECT repeat('x', 1000000) FROM patients, generate_series(1, 50) n"
           f" WHERE city = '{city}') TO STDOUT")
    with p.another_shardward() as other, p.logged_in(other.port) as client:
        before = forget_memory_peak(other)
        client.send(query(sql))
        client.read_until("d")
        with p.logged_in(other.port) as bystander:
            equal(wire.kinds(bystander.query("SELECT 1")), "TDCZ")
        answers = client.read_ready()
        grown = (memory_peak(other) - before) // MB
        equal(tags(answers), ["COPY 200"])
        assert has_own_memory(p.program) or grown <= 64, f"{grown} MB more"


@test
def a_client_that_leaves_leaves_no_shard_at_work(p):
    city, _ = crowd(p)
    with locked(p, "users_3"):
        with p.logged_in() as client:
            client.send(query(f"COPY (SELECT name FROM patients WHERE city = '{city}') TO STDOUT"))
            eventually(lambda: waiting(p, "users_3") == 1, "the statement waits")
        eventually(lambda: waiting(p, "users_3") == 0, "the server has noticed")
    check_all_idle(p)


@test
def psqls_copy_writes_the_file(p):
    city = nasty_city(p)
    sql = f"(SELECT visits, name, phone FROM patients WHERE city = '{city}' ORDER BY visits)"
    ours = p.psql(f"\\copy {sql} TO STDOUT CSV HEADER", "-q")
    with p.oracle_wire() as oracle:
        theirs = copied(oracle.query(f"COPY {sql} TO STDOUT CSV HEADER")).decode()
    equal(ours, theirs.replace("\r\n", "\n").replace("\r", "\n"))   # as the output is read here


@rows([("a query that locks", "COPY (SELECT name FROM patients FOR UPDATE) TO STDOUT", "0A000"),
       ("another encoding, merged",
        "COPY (SELECT name FROM patients ORDER BY name LIMIT 1) TO STDOUT (ENCODING 'LATIN1')", "0A000"),
       ("among others", "COPY patients TO STDOUT; SELECT 1", "0A000")])
def is_refused(p, sql, code):
    with p.logged_in() as client:
        answers = client.query(sql)
        equal((codes(answers), wire.ready_status(answers)), ([code], "I"))


@test
def another_encoding_is_the_servers_affair_where_rows_are_passed_on(p):
    city, _ = crowd(p, ["users_0", "users_1"], name="Zoë")
    sql = f"COPY (SELECT name FROM patients WHERE city = '{city}') TO STDOUT (ENCODING 'LATIN1')"
    got = same_copy(p, (query(sql), sql))
    equal(copied(got[0]), b"Zo\xeb\n" * 2)
