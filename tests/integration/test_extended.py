"""The extended protocol: the same flights to PostgreSQL and to shardward, and the same answers."""

import struct
import uuid

import wire
from platform_under_test import ORACLE
from suite import equal, rows, test
from wire import FLUSH, SYNC, bind, close, describe, execute, parse, query

SELECT = "SELECT name, visits FROM patients WHERE patient_id = $1"
UPDATE = "UPDATE patients SET visits = visits + 1 WHERE patient_id = $1 RETURNING visits"
INT2, INT4, INT8, TEXT, UUID = 21, 23, 20, 25, 2950


def int8(value):
    return struct.pack("!q", value)


def patient_in_both(p, shard="users_2", **columns):
    """A patient on a shard, and the same one in the oracle."""
    key = p.new_patient(shard, **columns)
    columns = {"patient_id": key, "name": "Ada", **columns}
    with p.oracle() as conn:
        conn.execute(f"INSERT INTO patients ({', '.join(columns)})"
                     f" VALUES ({', '.join(['%s'] * len(columns))})", tuple(columns.values()))
    return key


def same(p, *flights, **params):
    """
    Send each flight and read its answers, at both servers, and compare. A flight is messages
    that end with one Sync or Query, or (messages, ReadyForQuery count or kind to read until).
    """
    transcripts = []
    for client in (p.logged_in(**params), p.oracle_wire(ORACLE, **params)):
        with client:
            transcript = []
            for flight in flights:
                messages, until = flight if isinstance(flight, tuple) else (flight, 1)
                client.send(messages)
                answers = client.read_ready(until) if isinstance(until, int) else \
                    client.read_until(until)
                transcript.append(wire.readable(answers))
            transcripts.append(transcript)
    for number, (got, expected) in enumerate(zip(*transcripts)):
        equal(got, expected, f"flight {number}")
    return transcripts[0]


def kinds_of(transcript):
    return ["".join(kind for kind, _ in answers) for answers in transcript]


@test
def an_unnamed_statement_runs_in_one_flight(p):
    key = str(patient_in_both(p))
    got = same(p, parse(SELECT) + bind([key]) + describe("P") + execute() + SYNC)
    equal(kinds_of(got), ["12TDCZ"])


@test
def a_named_statement_is_used_again_for_keys_of_all_shards(p):
    keys = [str(patient_in_both(p, shard)) for shard in p.shards("users")]
    flights = [bind([key], "s") + execute() + SYNC for key in keys * 2]
    got = same(p, parse(SELECT, "s") + describe("S", "s") + SYNC, *flights,
               close("S", "s") + SYNC, bind([keys[0]], "s") + execute() + SYNC)
    equal(kinds_of(got), ["1tTZ", *["2DCZ"] * 8, "3Z", "EZ"])


@test
def an_unnamed_statement_outlives_sync(p):
    keys = [str(patient_in_both(p, shard)) for shard in p.shards("users")]
    flights = [bind([key]) + describe("P") + execute() + SYNC for key in keys]
    got = same(p, parse(SELECT) + SYNC, *flights)
    equal(kinds_of(got), ["1Z", *["2TDCZ"] * 4])


@test
def an_unnamed_statement_ends_with_a_simple_query(p):
    key = str(patient_in_both(p))
    got = same(p, parse(SELECT) + SYNC, query("SELECT 1"), bind([key]) + execute() + SYNC)
    equal(kinds_of(got), ["1Z", "TDCZ", "EZ"])


@test
def another_client_does_not_change_what_an_unnamed_statement_is(p):
    key = p.new_patient("users_0")
    with p.another_shardward(("size: 20", "size: 1")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            equal(wire.kinds(one.ask(parse(SELECT) + SYNC)), "1Z")
            equal(wire.kinds(two.ask(parse(UPDATE) + bind([str(key)]) + execute() + SYNC)), "12DCZ")
            answers = one.ask(bind([str(key)]) + execute() + SYNC)
            equal(wire.rows_of(answers), [["Ada", "1"]])
            equal(wire.rows_of(two.ask(bind([str(key)]) + execute() + SYNC)), [["2"]])


@test
def statements_of_one_name_are_different_for_different_clients(p):
    key = str(p.new_patient("users_0"))
    with p.another_shardward(("size: 20", "size: 1")) as other:
        with p.logged_in(other.port) as one, p.logged_in(other.port) as two:
            one.ask(parse("SELECT name FROM patients WHERE patient_id = $1", "s") + SYNC)
            two.ask(parse("SELECT visits FROM patients WHERE patient_id = $1", "s") + SYNC)
            for _ in range(2):
                equal(wire.rows_of(one.ask(bind([key], "s") + execute() + SYNC)), [["Ada"]])
                equal(wire.rows_of(two.ask(bind([key], "s") + execute() + SYNC)), [["0"]])


@test
def several_syncs_in_one_flight_are_answered_in_order(p):
    keys = [str(patient_in_both(p, shard)) for shard in p.shards("users")]
    flight = parse(SELECT, "s") + SYNC
    for key in keys * 5:
        flight += bind([key], "s") + execute() + SYNC
    got = same(p, (flight, 1 + 5 * len(keys)))
    equal(kinds_of(got), ["1Z" + "2DCZ" * 20])


@test
def simple_queries_in_one_flight_are_answered_in_order(p):
    keys = [patient_in_both(p, shard, name=shard) for shard in p.shards("users")]
    flight = b"".join(query(f"SELECT name FROM patients WHERE patient_id = {key}") for key in keys)
    same(p, (flight, 4))


@test
def several_statements_up_to_one_sync_are_one_transaction(p):
    key = str(patient_in_both(p))
    step = bind([key], "u") + execute()
    got = same(p, parse(UPDATE, "u") + step + step + SYNC,
               parse("SELECT 1/(visits - 4) FROM patients WHERE patient_id = $1", "z")
               + step + step + bind([key], "z") + execute() + SYNC,
               parse(SELECT) + bind([key]) + execute() + SYNC)
    equal(got[2][1], ("D", [b"Ada", b"2"])) if got[2][0][0] == "2" else equal(
        got[2][2], ("D", [b"Ada", b"2"]))


@test
def an_error_skips_everything_up_to_sync(p):
    key = str(patient_in_both(p))
    for wrong in (parse("SELEC"), bind([key], "unknown"), describe("S", "unknown"),
                  describe("P", "unknown"), execute(portal="unknown"),
                  parse(SELECT) + bind(["x"]), parse(SELECT) + bind([]),
                  parse("SELECT 1/0 FROM patients WHERE patient_id = $1") + bind([key]) + execute(),
                  parse("SELECT nothing FROM patients WHERE patient_id = $1") + bind([key])):
        rest = parse("SELECT 1", "skipped") + bind([], "skipped") + execute() + close("S", "x")
        same(p, wrong + rest + SYNC, describe("S", "skipped") + SYNC,
             parse(SELECT) + bind([key]) + execute() + SYNC)


@test
def a_refusal_of_shardward_skips_everything_up_to_sync(p):
    key = str(p.new_patient("users_1"))
    with p.logged_in() as client:
        answers = client.ask(parse("DELETE FROM patients") + bind() + execute()
                             + parse("SELECT 1", "skipped") + SYNC)
        equal(wire.error_of(answers)["C"], "0A000")
        equal(wire.kinds(answers)[-2:], "EZ")
        equal(wire.error_of(client.ask(describe("S", "skipped") + SYNC))["C"], "26000")
        answers = client.ask(parse(SELECT) + bind([key]) + execute() + SYNC)
        equal(wire.kinds(answers), "12DCZ")


@rows([("of a select", SELECT, ()), ("of an update", UPDATE, ()),
       ("without rows", "UPDATE patients SET visits = $2 WHERE patient_id = $1", ()),
       ("with a given type", SELECT, (INT4,)),
       ("without parameters", "SELECT name FROM doctors", ()),
       ("without tables", "SELECT $1::int + 1, $2::text", ()), ("of a begin", "BEGIN", ()),
       ("of a show", "SHOW work_mem", ()), ("of a set", "SET work_mem = '5MB'", ()),
       ("of nothing", "", ()),
       ("of an insert", "INSERT INTO patients (patient_id, name, visits) VALUES ($1, $2, $3)", ())])
def describe_of_a_statement_says_what_postgresql_says(p, sql, types):
    same(p, parse(sql, "s", types) + describe("S", "s") + SYNC,
         parse(sql, "", types) + describe("S") + SYNC)


@test
def describe_of_a_portal_shows_the_formats_of_its_results(p):
    key = str(patient_in_both(p))
    for results in ([], [0], [1], [0, 1]):
        same(p, parse(SELECT) + bind([key], results=results) + describe("P") + execute() + SYNC)


@test
def statement_and_portal_can_be_described_in_flights_of_their_own(p):
    key = str(patient_in_both(p))
    same(p, parse(SELECT, "s") + SYNC, describe("S", "s") + SYNC,
         bind([key], "s") + describe("P") + SYNC, bind([key], "s") + execute() + SYNC)


@rows([("int2", INT2, "!h", 7_101), ("int4", INT4, "!i", 70_101), ("int8", INT8, "!q", 7 * 10**12),
       ("a negative int2", INT2, "!h", -7_101), ("a negative int4", INT4, "!i", -70_101),
       ("a negative int8", INT8, "!q", -7 * 10**12)])
def a_binary_key_finds_its_row(p, type_oid, layout, key):
    with p.connect() as conn, p.oracle() as oracle:
        for one in (conn, oracle):
            one.execute(f"INSERT INTO patients (patient_id, name) VALUES ({key}, 'binary')")
    got = same(p, parse(SELECT, types=[type_oid])
               + bind([struct.pack(layout, key)], formats=[1], results=[1]) + execute() + SYNC)
    equal(got[0][2], ("D", [b"binary", struct.pack("!i", 0)]))
    equal(p.rows(p.locate("patients", key), "SELECT count(*) FROM patients WHERE patient_id = %s",
                 (key,)), [(1,)])


@test
def a_binary_key_of_a_type_to_be_inferred_is_a_bigint(p):
    key = patient_in_both(p)
    got = same(p, parse(SELECT) + bind([int8(key)], formats=[1]) + execute() + SYNC,
               parse(SELECT) + bind([struct.pack("!i", key)], formats=[1]) + execute() + SYNC)
    equal(kinds_of(got)[0], "12DCZ")


@test
def parameters_of_other_types_pass_unchanged(p):
    some = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    sql = "SELECT $1::uuid, $2::text, $3::int2, $4::numeric, $5::bytea, $6::bool"
    same(p, parse(sql) + bind([some.bytes, "schön", struct.pack("!h", -3), "1.50", b"\x00\xff",
                               b"\x01"], formats=[1, 0, 1, 0, 1, 1], results=[1]) + execute() + SYNC,
         parse(sql, types=[UUID, TEXT, INT2])
         + bind([str(some), None, "4", None, r"\x00", "f"]) + describe("P") + execute() + SYNC)


@test
def a_key_given_as_text_type_is_never_looked_up_on_a_wrong_shard(p):
    key = str(patient_in_both(p))
    same(p, parse("SELECT name FROM patients WHERE patient_id = $1", types=[TEXT]) + bind([key])
         + execute() + SYNC)
    sql = "SELECT name FROM patients WHERE patient_id = $1::text::bigint"
    with p.logged_in() as client:
        answers = client.ask(parse(sql) + bind([key]) + execute() + SYNC)
        if "E" in wire.kinds(answers):
            equal(wire.error_of(answers)["C"], "0A000")
        else:
            equal(wire.rows_of(answers), [["Ada"]])


@test
def a_null_key_finds_nothing(p):
    with p.logged_in() as client:
        answers = client.ask(parse(SELECT) + bind([None]) + execute() + SYNC)
        if "E" in wire.kinds(answers):
            equal(wire.error_of(answers)["C"], "0A000")
        else:
            equal(wire.kinds(answers), "12CZ")


@test
def a_portal_hands_out_its_rows_in_portions(p):
    key = p.new_key("appointments", "orders_2")
    insert = ("INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id)"
              f" SELECT {key}, n, 1, 1 FROM generate_series(1, 7) AS n")
    with p.at_shard("orders_2") as shard, p.oracle() as oracle:
        shard.execute(insert)
        oracle.execute(insert)
    sql = "SELECT appointment_id FROM appointments WHERE patient_id = $1 ORDER BY 1"
    got = same(p, parse(sql) + bind([str(key)]) + execute(3) + execute(3) + execute(3) + SYNC,
               parse(sql) + bind([str(key)]) + execute(7) + execute() + SYNC,
               execute(3) + SYNC)
    equal(kinds_of(got), ["12DDDsDDDsDCZ", "12DDDDDDDsCZ", "EZ"])


@test
def a_portal_lives_as_long_as_its_transaction(p):
    key = patient_in_both(p)
    same(p, query("BEGIN"),
         parse("SELECT generate_series(1, 5) FROM patients WHERE patient_id = $1")
         + bind([str(key)], portal="c") + execute(2, "c") + SYNC,
         execute(2, "c") + SYNC, execute(2, "c") + SYNC, close("P", "c") + SYNC,
         execute(1, "c") + SYNC, query("ROLLBACK"), execute(1, "c") + SYNC)


@test
def close_of_what_does_not_exist_is_no_error(p):
    got = same(p, close("S", "nothing") + close("P", "nothing") + close("S") + close("P") + SYNC)
    equal(kinds_of(got), ["3333Z"])


@test
def close_of_a_portal_whose_server_is_gone_is_no_error(p):
    """What needs no shard is had beside the transaction, and its portal ends with the batch."""
    got = same(p, query("BEGIN"), parse("SELECT 1") + bind() + SYNC, close("P") + SYNC, query("SELECT 2"), query("COMMIT"))
    equal(kinds_of(got), ["CZ", "12Z", "3Z", "TDCZ", "CZ"])


@test
def a_name_in_use_is_42P05_and_the_connection_lives(p):
    key = str(patient_in_both(p))
    got = same(p, parse(SELECT, "s") + SYNC, parse("SELECT 1", "s") + SYNC,
               bind([key], "s") + execute() + SYNC, close("S", "s") + parse("SELECT 1", "s") + SYNC,
               bind([], "s") + execute() + SYNC)
    equal(kinds_of(got), ["1Z", "EZ", "2DCZ", "31Z", "2DCZ"])


@test
def flush_brings_answers_before_sync(p):
    key = str(patient_in_both(p))
    same(p, (parse(SELECT, "s") + describe("S", "s") + FLUSH, "T"),
         (bind([key], "s") + describe("P") + execute() + FLUSH, "C"),
         (bind([key], "s") + execute() + FLUSH, "C"), SYNC)


@test
def sync_alone_is_answered_each_time(p):
    equal(kinds_of(same(p, (SYNC * 3, 3))), ["ZZZ"])


@test
def an_empty_query_is_answered_as_such(p):
    got = same(p, parse("") + bind() + describe("P") + execute() + SYNC, query(""), query(" ; "),
               query("-- nothing"))
    equal(kinds_of(got), ["12nIZ", "IZ", "IZ", "IZ"])


@test
def transactions_are_opened_and_closed_by_prepared_statements(p):
    key = str(patient_in_both(p))

    def flight(sql, values=()):
        return parse(sql) + bind(values) + execute() + SYNC
    got = same(p, flight("BEGIN"), flight(UPDATE, [key]), flight("SELECT 1/0"), flight(UPDATE, [key]),
               flight("ROLLBACK"), flight(SELECT, [key]),
               parse("BEGIN") + bind() + execute() + parse(UPDATE) + bind([key]) + execute() + SYNC,
               flight("COMMIT"), flight(SELECT, [key]))
    equal(kinds_of(got), ["12CZ", "12DCZ", got and kinds_of(got)[2], "EZ", "12CZ", "12DCZ",
                          "12C12DCZ", "12CZ", "12DCZ"])


@test
def settings_change_by_prepared_statements(p):
    def flight(sql):
        return parse(sql) + bind() + describe("P") + execute() + SYNC
    same(p, flight("SET work_mem = '5MB'"), flight("SHOW work_mem"), flight("RESET work_mem"),
         flight("SHOW work_mem"), flight("SET no_such_setting = 1"), flight("SHOW nothing"))


@test
def two_shards_between_two_syncs_are_refused(p):
    one, two = (str(p.new_patient(shard)) for shard in ("users_0", "users_3"))
    with p.logged_in() as client:
        answers = client.ask(parse(UPDATE, "u") + bind([one], "u") + execute()
                             + bind([two], "u") + execute() + SYNC)
        equal(wire.error_of(answers)["C"], "0A000")
        for key, shard in ((one, "users_0"), (two, "users_3")):
            equal(p.rows(shard, "SELECT visits FROM patients WHERE patient_id = %s", (key,)), [(0,)])
        answers = client.ask(bind([two], "u") + execute() + SYNC)
        equal(wire.rows_of(answers), [["1"]])


@test
def several_statements_in_one_parse_are_an_error(p):
    same(p, parse("SELECT 1; SELECT 2") + SYNC)


@test
def many_parameters_and_long_values_pass(p):
    numbers = range(1, 1001)
    sql = "SELECT " + " + ".join(f"${n}::int" for n in numbers)
    got = same(p, parse(sql) + bind([str(n) for n in numbers]) + execute() + SYNC)
    equal(got[0][2], ("D", [b"500500"]))
    key = str(patient_in_both(p))
    long = "x" * 3_000_000
    same(p, parse("UPDATE patients SET phone = $2 WHERE patient_id = $1 RETURNING length(phone)")
         + bind([key, long]) + execute() + SYNC,
         parse("SELECT phone FROM patients WHERE patient_id = $1") + bind([key]) + execute() + SYNC)


@rows([("of an unknown type", b"?\0\0\0\4"), ("too short", b"Q\0\0\0\3"),
       ("far too long", b"Q\xff\xff\xff\xff"), ("a bind of nothing", b"B\0\0\0\5\0"),
       ("a query without end", b"Q\0\0\0\6ab"), ("describe of nothing", wire.message("D", b"X\0")),
       ("a bind that counts wrong",
        parse("SELECT 1") + wire.message("B", b"\0\0\0\0\xff\xff\0\0"))])
def a_message_that_is_none_is_08P01_or_ends_the_connection(p, garbage):
    with p.logged_in() as client:
        client.send(garbage, SYNC)
        answers = []
        try:
            while not answers or answers[-1].kind != "Z":
                answers.append(client.read())
        except wire.Closed:
            assert wire.kinds(answers).lstrip("1") in ("", "E"), answers
        if "E" in wire.kinds(answers):
            equal(wire.error_of(answers)["C"], "08P01")
    with p.logged_in() as client:
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@test
def a_flight_may_come_byte_by_byte(p):
    key = str(p.new_patient("users_1"))
    with p.logged_in() as client:
        for byte in parse(SELECT) + bind([key]) + execute() + SYNC:
            client.send(bytes([byte]))
        equal(wire.rows_of(client.read_ready()), [["Ada", "0"]])


@test
def a_client_that_reads_late_gets_everything(p):
    key = str(p.new_patient("users_1", phone="x" * 10_000))
    flight = (parse("SELECT phone, generate_series(1, 2000) FROM patients WHERE patient_id = $1")
              + bind([key]) + execute() + SYNC)
    with p.logged_in() as client:
        client.send(flight)
        with p.logged_in() as other:
            for _ in range(20):
                equal(wire.rows_of(other.query("SELECT 1")), [["1"]])
        equal(wire.kinds(client.read_ready()), "12" + "D" * 2000 + "CZ")


ALL_ROWS = "SELECT name, visits FROM patients"


@rows([("all rows", ALL_ROWS), ("one of them", f"{ALL_ROWS} LIMIT 1"), ("no key", f"{ALL_ROWS} WHERE name = $1"),
       ("keys of two shards", f"{ALL_ROWS} WHERE patient_id IN (1, 2, 3, 4, 5, 6, 7, 8)"),
       ("a count", "SELECT count(*), max(name) FROM patients WHERE visits > $1"),
       ("a join", "SELECT p.name, a.word FROM patients p JOIN patients q USING (name), (SELECT $1::text) a(word)"),
       ("an error", "SELECT nothing FROM patients")])
def what_reads_several_shards_is_described(p, sql):
    same(p, parse(sql, "s") + describe("S", "s") + SYNC, parse(sql) + SYNC, describe("S") + SYNC)


@test
def describing_what_reads_several_shards_takes_no_part_in_a_transaction(p):
    key = str(patient_in_both(p))
    write = parse(UPDATE) + bind([key]) + execute() + SYNC
    look = parse(ALL_ROWS, "s") + describe("S", "s") + SYNC
    same(p, query("BEGIN"), look, close("S", "s") + SYNC, write, look, write, query("COMMIT"))


@rows([("tables that no shard has together", "SELECT 1 FROM patients, doctors"),
       ("a write", "UPDATE patients SET visits = 0"), ("a write inside", "WITH gone AS (DELETE FROM patients"
                                                       " RETURNING patient_id) SELECT * FROM gone")])
def what_no_shard_could_answer_for_all_is_refused_when_it_is_parsed(p, sql):
    with p.logged_in() as client:
        answers = client.ask(parse(sql) + SYNC)
        equal((wire.kinds(answers), wire.error_of(answers)["C"]), ("EZ", "0A000"))
