"""The first messages of a connection, byte by byte."""

import struct

import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test

AS = {"user": USER, "database": DATABASE}

# What drivers send, in their order.
DRIVERS = [
    ("libpq", {**AS, "application_name": "psql", "client_encoding": "UTF8"}),
    ("libpq with fallback", {**AS, "options": "-c geqo=off", "application_name": "x y"}),
    ("psycopg", {**AS, "client_encoding": "UTF8"}),
    ("asyncpg", {"client_encoding": "'utf-8'", **AS}),
    ("asyncpg with settings", {"client_encoding": "'utf-8'", **AS, "jit": "off",
                               "application_name": "worker"}),
    ("jdbc", {**AS, "client_encoding": "UTF8", "DateStyle": "ISO", "TimeZone": "Europe/Berlin",
              "extra_float_digits": "2"}),
    ("node-postgres", {**AS, "client_encoding": "UTF8"}),
    ("node-postgres with settings", {**AS, "application_name": "node", "client_encoding": "UTF8",
                                     "statement_timeout": "5000",
                                     "idle_in_transaction_session_timeout": "6000"}),
    ("npgsql", {**AS, "client_encoding": "UTF8", "TimeZone": "UTC"}),
    ("go pq", {**AS, "datestyle": "ISO, MDY", "client_encoding": "UTF8", "extra_float_digits": "2"}),
    ("several options", {**AS, "options": "-c work_mem=5MB --search_path=public -cjit=off"}),
    ("an escaped blank in options", {**AS, "options": r"-c search_path=a,\ public"}),
    ("an empty application_name", {**AS, "application_name": ""}),
    ("unusual spellings", {**AS, "client_encoding": "utf8", "datestyle": "german",
                           "timezone": "europe/berlin", "IntervalStyle": "POSTGRES"}),
    ("a setting of its own", {**AS, "my.own": "1"}),
]
SHOWN = ["client_encoding", "DateStyle", "TimeZone", "extra_float_digits", "application_name",
         "work_mem", "search_path", "jit", "geqo", "statement_timeout", "IntervalStyle",
         "idle_in_transaction_session_timeout"]


@rows(DRIVERS)
def start_up_settings_are_what_they_are_at_postgresql(p, params):
    transcripts = []
    for client in (p.wire(), wire.Wire(p.main_node.address, p.main_node.port)):
        with client:
            answers = client.login(params, PASSWORD)
            equal(wire.kinds(answers), "KZ", str(answers))
            shown = [wire.rows_of(client.query(f"SHOW {name}")) for name in SHOWN]
            transcripts.append((dict(sorted(client.status.items())), shown))
    equal(transcripts[0], transcripts[1])


@test
def start_up_settings_reach_the_shards(p):
    keys = [p.new_patient(shard) for shard in p.shards("users")]
    with p.logged_in(TimeZone="Asia/Tokyo", options="-c work_mem=5MB") as client:
        for key in keys:
            got = wire.rows_of(client.query(
                "SELECT current_setting('TimeZone'), current_setting('work_mem') FROM patients"
                f" WHERE patient_id = {key}"))
            equal(got, [["Asia/Tokyo", "5MB"]])


@test
def a_request_for_tls_gets_n_and_the_plain_login_goes_on(p):
    with p.wire() as client:
        client.send(wire.SSL_REQUEST)
        equal(client.read_bytes(1), b"N")
        equal(wire.kinds(client.login(AS, PASSWORD)), "KZ")


@test
def a_request_for_gss_encryption_gets_n_also_before_one_for_tls(p):
    with p.wire() as client:
        client.send(wire.GSSENC_REQUEST)
        equal(client.read_bytes(1), b"N")
        client.send(wire.SSL_REQUEST)
        equal(client.read_bytes(1), b"N")
        equal(wire.kinds(client.login(AS, PASSWORD)), "KZ")


@test
def bytes_behind_a_request_for_tls_are_refused(p):
    with p.wire() as client:
        client.send(wire.SSL_REQUEST + wire.startup(AS))
        equal(client.read_bytes(1), b"N")
        answers = client.read_to_end()
        equal(wire.error_of(answers)["C"], "08P01")


@test
def a_start_up_message_may_come_byte_by_byte(p):
    with p.wire() as client:
        for byte in wire.startup(AS):
            client.send(bytes([byte]))
        equal(client.read().kind, "R")


@test
def a_wrong_password_and_an_unknown_user_look_the_same(p):
    seen = []
    for user in (USER, "nobody_knows_me"):
        with p.wire() as client:
            client.send(wire.startup({"user": user, "database": DATABASE}))
            first = client.read()
            equal((first.kind, first.body[:4]), ("R", struct.pack("!I", 10)))
        with p.wire() as client:
            answers = client.login({"user": user, "database": DATABASE}, "wrong")
            fields = wire.error_of(answers)
            equal((fields["S"], fields["C"]), ("FATAL", "28P01"))
            seen.append(fields["M"].replace(user, "USER"))
            equal(client.read_to_end(), [], "after the error")
    equal(seen[0], seen[1])
    equal(seen[0], 'password authentication failed for user "USER"')


@test
def the_salt_of_an_unknown_user_is_always_the_same(p):
    salts = set()
    for _ in range(3):
        with p.wire() as client:
            client.send(wire.startup({"user": "nobody_knows_me", "database": DATABASE}))
            client.read()
            first = b"n,,n=,r=abcdefghijklmnopqr"
            client.send(wire.message("p", wire.text("SCRAM-SHA-256")
                                     + struct.pack("!I", len(first)) + first))
            salts.add(client.read().body.decode().split("s=")[1])
    equal(len(salts), 1)


@test
def an_unknown_database_is_told_only_after_the_password(p):
    with p.wire() as client:
        fields = wire.error_of(client.login({"user": USER, "database": "nowhere"}, PASSWORD))
        equal((fields["S"], fields["C"], fields["M"]),
              ("FATAL", "3D000", 'database "nowhere" does not exist'))
    with p.wire() as client:
        fields = wire.error_of(client.login({"user": USER, "database": "nowhere"}, "wrong"))
        equal(fields["C"], "28P01")


@test
def a_missing_database_is_named_as_the_user(p):
    with p.wire() as client:
        equal(wire.kinds(client.login({"user": USER}, PASSWORD)), "KZ")
    with p.wire() as client:
        equal(wire.kinds(client.login({"user": USER, "database": ""}, PASSWORD)), "KZ")


@test
def a_missing_user_is_fatal(p):
    for params in ({"database": DATABASE}, {"user": "", "database": DATABASE}):
        with p.wire() as client:
            fields = wire.error_of(client.login(params, PASSWORD))
            equal((fields["S"], fields["C"]), ("FATAL", "28000"))


@rows([("a number", {"work_mem": "a lot"}), ("an enum", {"DateStyle": "chinese"}),
       ("a time zone", {"TimeZone": "Nowhere/Land"}), ("an option", {"options": "-c work_mem=1"}),
       ("a range", {"extra_float_digits": "99"})])
def a_bad_value_in_the_start_up_message_is_fatal_22023(p, params):
    answers = []
    for client in (p.wire(), wire.Wire(p.main_node.address, p.main_node.port)):
        with client:
            fields = wire.error_of(client.login({**AS, **params}, PASSWORD))
            answers.append({letter: fields.get(letter) for letter in "SVCM"})
            equal(client.read_to_end(), [])
    equal(answers[0], answers[1])
    equal(answers[0]["C"], "22023")


@rows([("an unknown setting", {"no_such_setting": "1"}),
       ("an unknown setting in options", {"options": "-c no_such_setting=1"}),
       ("an option that is none", {"options": "-Q"})])
def an_unknown_start_up_setting_is_as_fatal_as_at_postgresql(p, params):
    answers = []
    for client in (p.wire(), wire.Wire(p.main_node.address, p.main_node.port)):
        with client:
            fields = wire.error_of(client.login({**AS, **params}, PASSWORD))
            answers.append({letter: fields.get(letter) for letter in "SVC"})
    equal(answers[0], answers[1])


@test
def another_client_encoding_is_refused(p):
    with p.wire() as client:
        fields = wire.error_of(client.login({**AS, "client_encoding": "LATIN1"}, PASSWORD))
        equal((fields["S"], fields["C"]), ("FATAL", "0A000"))


@test
def a_newer_minor_version_and_unknown_protocol_options_are_negotiated(p):
    with p.wire() as client:
        client.send(wire.startup({**AS, "_pq_.foo": "1"}, version=(3, 7)))
        answer = client.read()
        equal(answer.kind, "v")
        equal(answer.body, struct.pack("!II", 0x00030000, 1) + b"_pq_.foo\0")
        equal(client.read().kind, "R")


@rows([("2.0", (2, 0)), ("4.0", (4, 0)), ("1.0", (1, 0)), ("9999.1", (9999, 1))])
def another_major_version_is_fatal(p, version):
    with p.wire() as client:
        client.send(wire.startup(AS, version=version))
        data = b""
        while piece := client.socket.recv(4096):
            data += piece
        assert data[:1] == b"E" and b"unsupported frontend protocol" in data, data


@rows([("too short", struct.pack("!I", 3)), ("of no length", struct.pack("!II", 4, 0)),
       ("too long", struct.pack("!II", 10_001 + 8, 196608)),
       ("http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
       ("without its end", struct.pack("!II", 13, 196608) + b"user\0"),
       ("with an odd word", struct.pack("!II", 8 + 10, 196608) + b"user\0me\0x\0")])
def a_start_up_message_that_is_none_ends_the_connection(p, data):
    with p.wire() as client:
        client.send(data)
        answers = client.read_to_end()
        assert wire.kinds(answers) in ("", "E"), answers
    with p.logged_in() as client:
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@test
def a_client_that_says_nothing_and_goes_does_no_harm(p):
    for _ in range(20):
        p.wire().close()
    with p.logged_in() as client:
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@test
def a_cancel_request_with_a_wrong_key_gets_no_answer(p):
    with p.wire() as client:
        client.send(struct.pack("!IIII", 16, 80877102, 1, 2))
        equal(client.read_to_end(), [])


@test
def scram_messages_out_of_place_end_the_login(p):
    for garbage in (b"", b"x", b"n,,n=,r=", b"SCRAM-SHA-256-PLUS\0\0\0\0\4n,,n", b"MD5\0\0\0\0\0"):
        with p.wire() as client:
            client.send(wire.startup(AS))
            client.read()
            client.send(wire.message("p", garbage))
            answers = client.read_to_end()
            equal(wire.kinds(answers), "E", repr(garbage))
    with p.wire() as client:
        client.send(wire.startup(AS))
        client.read()
        client.send(wire.query("SELECT 1"))
        answers = client.read_to_end()
        equal(wire.kinds(answers), "E", "a query before the login")
