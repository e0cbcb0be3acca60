"""COPY goes where its rows are."""

import guard
import wire
from suite import equal, rows, test
from test_cancel import ask
from wire import SYNC, bind, describe, execute, parse, query

HARBIN = "SELECT patient_id, name, phone FROM patients WHERE patient_id = {key}"


def copied(answers):
    """What CopyData brought, in one piece."""
    return b"".join(answer.body for answer in answers if answer.kind == "d")


def extended(sql):
    return parse(sql) + bind() + describe("P") + execute() + SYNC


@rows([("text", "COPY ({query}) TO STDOUT"),
       ("csv", "COPY ({query}) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)"),
       ("binary", "COPY ({query}) TO STDOUT BINARY"),
       ("old words", "COPY ({query}) TO STDOUT WITH CSV DELIMITER ';' NULL 'x'"),
       ("no table", "COPY (SELECT 1, 'a' UNION VALUES (2, E'b\\nc') ORDER BY 1) TO STDOUT"),
       ("the catalog", "COPY (SELECT nspname FROM pg_namespace WHERE oid = 11) TO STDOUT"),
       ("a bad option", "COPY ({query}) TO STDOUT (FORMAT words)"),
       ("a bad column", "COPY (SELECT no_column FROM patients WHERE patient_id = {key}) TO STDOUT"),
       ("an error among rows",
        "COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT"),
       ("several statements", "SELECT 1; COPY ({query}) TO STDOUT; COPY (SELECT 7) TO STDOUT;"
        " SELECT 2"),
       ("an error behind", "COPY ({query}) TO STDOUT; SELECT 1/0; SELECT 2")])
def rows_to_the_client_are_those_of_postgresql(p, sql):
    key = p.new_patient("users_2", name="A\tB \\ \"quoted\"\nnext", phone=None)
    with p.oracle() as oracle:
        oracle.execute("INSERT INTO patients (patient_id, name, phone) VALUES (%s, %s, %s)",
                       (key, "A\tB \\ \"quoted\"\nnext", None))
    sql = sql.format(query=HARBIN, key=key).format(key=key)
    flights = [query(sql)] if ";" in sql and "SELECT 2" in sql else [query(sql), extended(sql)]
    for flight in flights:
        with p.logged_in() as client, p.oracle_wire() as oracle:
            equal(wire.readable(client.ask(flight)), wire.readable(oracle.ask(flight)), sql)
            equal(wire.rows_of(client.query("SELECT 3")), [["3"]])


@test
def a_single_table_is_read_whole(p):
    key = p.new_key()
    for place in (p.at_shard("institutions"), p.oracle()):
        with place as conn:
            conn.execute(f"INSERT INTO hospitals VALUES ({key}, 'A', 'Harbin')")
    for sql in ("COPY hospitals TO STDOUT", "COPY public.hospitals (city, name) TO STDOUT CSV"):
        with p.logged_in() as client, p.at_shard("institutions") as shard:
            answers = client.query(sql)
            equal(wire.kinds(answers).replace("d", ""), "HcCZ")
            with shard.cursor().copy(sql) as copy:
                equal(copied(answers), b"".join(bytes(data) for data in copy))


@test
def in_a_transaction_its_shard_takes_part(p):
    one, other = p.new_patient("users_0"), p.new_patient("users_3")
    with p.logged_in() as client:
        client.query("BEGIN ISOLATION LEVEL READ COMMITTED")
        client.query(f"UPDATE patients SET name = 'Eve' WHERE patient_id = {one}")
        for key, name in ((one, b"Eve\n"), (other, b"Ada\n")):
            answers = client.query(
                f"COPY (SELECT name FROM patients WHERE patient_id = {key}) TO STDOUT")
            equal((copied(answers), wire.ready_status(answers)), (name, "T"))
        equal(wire.ready_status(client.query("COPY (SELECT 1/0) TO STDOUT")), "E")
        equal(wire.error_of(client.query("COPY hospitals TO STDOUT"))["C"], "25P02")
        equal(wire.ready_status(client.query("ROLLBACK")), "I")


@test
def parameters_are_unknown_to_it(p):
    sql = "COPY (SELECT name FROM patients WHERE patient_id = $1) TO STDOUT"
    with p.logged_in() as client:
        equal(wire.error_of(client.ask(parse(sql) + bind(["1"]) + execute() + SYNC))["C"], "42P02")


@test
def a_cancel_ends_it_in_the_middle(p):
    sql = "COPY (SELECT repeat('x', 1000), generate_series(1, 100000000)) TO STDOUT"
    with p.logged_in() as client:
        client.send(query(sql))
        equal(client.read().kind, "H")
        for _ in range(1000):
            equal(client.read().kind, "d")
        ask(p, client)
        answers = client.read_ready()
        equal(wire.kinds(answers).lstrip("d"), "EZ")
        equal(wire.error_of(answers)["C"], "57014")
        equal(wire.rows_of(client.query("SELECT 3")), [["3"]])


@test
def a_slow_reader_stops_the_server(p):
    sql = "COPY (SELECT repeat('x', 100000), generate_series(1, 2000)) TO STDOUT"
    with p.logged_in() as client, p.logged_in() as bystander:
        before = guard.forget_memory_peak(p.shardward)
        client.send(query(sql))
        equal(client.read().kind, "H")
        for _ in range(200):
            equal(wire.rows_of(bystander.query("SELECT 1")), [["1"]])
        grown = guard.memory_peak(p.shardward) - before
        assert grown < 20_000_000 or guard.has_own_memory(p.program), f"{grown} bytes"
        answers = client.read_ready()
        equal(copied(answers).count(b"\n"), 2000)
