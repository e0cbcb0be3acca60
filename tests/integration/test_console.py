"""The console: who may come in, what it says, and that garbage harms nobody."""

import re
import struct
from pathlib import Path

import psycopg
import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test

ROOT = Path(__file__).resolve().parents[2]
AS = {"user": "admin", "database": "shardward"}


def table(conn, command):
    cursor = conn.execute(command)
    return [dict(zip((c.name for c in cursor.description), row)) for row in cursor.fetchall()]


def refusal(conn, command, parameters=None):
    try:
        conn.execute(command, parameters)
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary, error.diag.message_hint
    raise AssertionError(f"{command} was not refused")


@test
def psql_logs_in_and_shows(p):
    equal(p.console_psql("-Atc", "SHOW VERSION").split()[0], "shardward")
    said = p.console_psql(stdin="\\conninfo\nshow version;\nSHOW TABLES;\n")
    assert 'connected to database "shardward" as user "admin"' in said, said
    assert "(1 row)" in said and "appointments" in said, said


@test
def several_commands_in_one_string_answer_one_after_the_other(p):
    with p.console_wire() as console:
        answers = console.query("SHOW VERSION; SET database = booking; SHOW VERSION")
        equal(wire.kinds(answers), "TDCCTDCZ")
        answers = console.query("SHOW VERSION; LOCATE nothing 1; SHOW VERSION")
        equal(wire.kinds(answers), "TDCEZ")
        answers = console.query("SHOW VERSION; FROBNICATE")
        equal(wire.kinds(answers), "EZ", "nothing runs of what cannot be read")
        equal(wire.kinds(console.query(" ; ")), "IZ")


@rows([("an unknown word", "FROBNICATE", "42601"), ("SQL", "SELECT 1", "42601"),
       ("a meta command's SQL", "SELECT n.nspname FROM pg_catalog.pg_namespace n", "42601"),
       ("a show of nothing", "SHOW NOTHING", "42601"), ("too few words", "LOCATE patients", "42601"),
       ("too many words", "SHOW VERSION NOW", "42601"), ("a transaction", "BEGIN", "42601"),
       ("an unknown setting", "SET colour = red", "42704"),
       ("an unknown database", "SET database = nowhere", "3D000"),
       ("an unknown table", "LOCATE nothing 1", "42P01"),
       ("a key that is none", "LOCATE patients x", "22P02"),
       ("a statement that is refused", "EXPLAIN UPDATE patients SET name = 1", "0A000"),
       ("a statement that is none", "EXPLAIN SELEKT", "42601")])
def what_cannot_be_done_is_an_error_and_the_console_goes_on(p, command, sqlstate):
    with p.console() as conn:
        for _ in range(2):
            equal(refusal(conn, command)[0], sqlstate)
            equal(len(table(conn, "SHOW VERSION")), 1)


@test
def an_unknown_command_is_told_of_help(p):
    with p.console() as conn:
        equal(refusal(conn, "FROB 1;")[1:], ('there is no such command: "FROB 1"',
                                             "HELP lists the commands."))
        commands = [row["command"] for row in table(conn, "HELP")]
        assert "SHOW VERSION" in commands and "EXPLAIN [database:] statement" in commands
        equal(table(conn, "SHOW HELP"), table(conn, "HELP"))


@test
def the_shows_of_the_map_tell_what_the_file_says(p):
    with p.console() as conn:
        shards = {(r["business"] or "", r["shard"]): (r["cluster"], r["dbname"], r["addr"], r["port"])
                  for r in table(conn, "SHOW SHARDS")}
        nodes = {r["node"]: (r["cluster"], r["role"], r["addr"], r["port"])
                 for r in table(conn, "SHOW NODES")}
        tables = {r["table"]: (r["business"], r["kind"], r["key"]) for r in table(conn, "SHOW TABLES")}
        users = [(r["name"], r["pool_mode"], r["pool_size"]) for r in table(conn, "SHOW USERS")]
    expected = {}
    for shard in p.clusters.shards:
        node, dbname = p.clusters.place(shard.name)
        expected[shard.business, shard.name] = (shard.cluster, dbname, node.address, node.port)
    equal(shards, expected)
    equal(nodes, {n.name: (n.cluster, "primary" if n.is_primary else "replica", n.address, n.port)
                  for n in p.clusters.nodes})
    equal(tables["appointments"], ("orders", "sharded", "patient_id"))
    equal(tables["doctors"], ("institutions", "single", None))
    equal(users, [(USER, "transaction", 20)])


def keys_of_the_file():
    """(source, key) of every key that the reader of the configuration takes, but those of
    placements, which are shown in one text, and those that are shown under another name."""
    under_another_name = {("admin.c", "name"), ("clusters.c", "name")}
    for source in sorted((ROOT / "src" / "config").glob("*.c")):
        if source.name == "placements.c":
            continue
        for fields in re.findall(r"_fields\[\] = \{\n(.*?)\n\};", source.read_text(), re.S):
            for key in re.findall(r'\{(?:\.name = )?"(\w+)",\s*(?:\.read = )?\w', fields):
                if key != "password_file" and (source.name, key) not in under_another_name:
                    yield source.name, key


@test
def every_key_of_the_file_is_shown(p):
    with p.another_shardward(
            ("patients: {key: patient_id, placement: by_patient}",
             "patients: {key: patient_id, placement: by_patient, unique: local, foreign_keys: local,"
             " triggers: local, row_security: local}\n          tariffs: {reference: true}\n"
             "        functions:\n          register(bigint): {key: 1, placement: by_patient}\n"
             "          greeting(text): {harmless: true}"),
            ("    pool:\n", "    read_only: true\n    businesses: [users]\n    pool:\n"),
            ("      min: 0 ", "      min: 1 "), ("lifetime: 1h", "lifetime: 2h"),
            ("users:\n  booking:", "hba: [{type: host, address: 127.0.0.0/8}]\nusers:\n  booking:"),
            ("workers: auto", "workers: 2")) as other:
        with p.console(other.port, user="stats") as conn:
            shown = {r["key"]: (r["value"], r["default"], r["changeable"])
                     for r in table(conn, "SHOW CONFIG")}
    words = {word for key, row in shown.items()
             for word in re.findall(r"\w+", key + " " + str(row[0] or ""))}
    wanted = list(keys_of_the_file())
    assert len(wanted) > 50, wanted
    equal([key for key in wanted if key[1] not in words], [])
    users, booking = "databases.booking.businesses.users", "users.booking"
    node = p.clusters.nodes[0]
    for key, row in {
            "listen": (f"127.0.0.1:{other.port}", None, "yes"),
            "admin.listen": (f"127.0.0.1:{other.port + 1}", None, "no"),
            "workers": ("2", "auto", "no"),
            "limits.statement_cache": ("67108864B", "67108864B", "no"),
            "timeouts.drain": ("30000ms", "30000ms", "yes"),
            "timeouts.query": ("0ms", "0ms", "yes"),
            "timeouts.idle_session": ("0ms", "0ms", "yes"),
            "auth": ("scram-sha-256", "scram-sha-256", "yes"),
            "hba.1": ("type: host, database: all, user: all, address: 127.0.0.0/8, method: auth",
                      None, "yes"),
            "admin.users.stats.may": ("look", "all", "yes"),
            f"clusters.c1.nodes.{node.name}": (
                f"address: {node.address}, port: {node.port}, weight: 1, cloud: east", None, "yes"),
            "clusters.c1.control.user": ("shardward", None, "yes"),
            "clusters.c1.control.password": ("****", None, "yes"),
            f"{booking}.password": ("****", None, "yes"),
            f"{booking}.databases": ("all", "all", "yes"),
            f"{booking}.businesses": ("users", "all", "yes"),
            f"{booking}.read_only": ("true", "false", "yes"),
            f"{booking}.pool.min": ("1", "0", "yes"),
            f"{booking}.pool.lifetime": ("7200000ms", "3600000ms", "yes"),
            f"{users}.shards.users_3": ("cluster: c2, dbname: users_3", None, "yes"),
            f"{users}.tables.public.patients": ("users.by_patient(patient_id)", None, "yes"),
            f"{users}.tables.public.patients.triggers": ("local", None, "yes"),
            f"{users}.tables.public.tariffs": ("reference on users_0 users_1 users_2 users_3", None, "yes"),
            f"{users}.functions.public.register(bigint)": (
                "key: 1, placement: by_patient, writes: true", None, "yes"),
            f"{users}.functions.public.greeting(text)": ("harmless: true", None, "yes"),
            f"{users}.placements.by_patient": (
                "hash bigint 1024: users_0 0-255, users_1 256-511, users_2 512-767,"
                " users_3 768-1023", None, "yes")}.items():
        equal(shown.get(key), row, key)


@rows([("SCRAM", "scram-sha-256", "auth: scram-sha-256, password: secret", "****"),
       ("MD5", "md5", "auth: md5, password: secret", "****"),
       ("a password", "password", "auth: password, password: secret", "****"),
       ("nothing", "trust", "auth: trust", None)])
def what_a_user_proves_is_told_as_it_is(p, name, yaml, password):
    line = f"  guest: {{{yaml}, server: {{user: booking, password: booking}}}}\n"
    with p.another_shardward(("users:\n  booking:\n", f"users:\n{line}  booking:\n")) as other:
        with p.console(other.port) as conn:
            shown = {r["key"]: r["value"] for r in table(conn, "SHOW CONFIG")}
            users = {r["name"]: r["auth"] for r in table(conn, "SHOW USERS")}
    equal((shown["users.guest.auth"], shown["users.guest.password"]), (name, password))
    equal(users, {"guest": name, "booking": "scram-sha-256"})


SECRET = "unheard_of"


def answers_of(conn, *commands):
    """All that the console says to these and to every SHOW, errors too."""
    said = []
    for command in (*[r["command"] for r in table(conn, "SHOW HELP")], *commands):
        if command.startswith("SHOW") or command in commands:
            try:
                said.append(table(conn, command))
            except psycopg.Error as error:
                said.append((str(error), error.diag.message_detail, error.diag.message_hint))
    return str(said)


@test
def no_show_no_error_and_no_log_line_holds_a_secret(p):
    verifier = f"SCRAM-SHA-256$4096:{SECRET}$StoredKey:ServerKey"
    with p.another_shardward(
            ("password: booking\n", f"password: {SECRET}_1\n"),
            ("password: admin}", f"password: {SECRET}_2}}"),
            ("{user: booking, password: booking}", f"{{user: booking, password: {SECRET}_3}}"),
            ("level: info", "level: debug")) as other:
        for password in (f"{SECRET}_1", f"{SECRET}_wrong"):
            try:
                p.connect(other.port, password=password).close()
            except psycopg.OperationalError as error:
                assert SECRET not in str(error), error
            else:
                raise AssertionError("a server took a wrong password")
        with p.console(other.port, password=f"{SECRET}_2") as conn:
            edit(other, f"password: {SECRET}_1\n", f"password: {SECRET}_4\n")
            said = answers_of(conn, "RELOAD")
            assert "password" in said and SECRET not in said, said
            for fault in (verifier, f"[{SECRET}_5]", f"{{{SECRET}_6: 1}}", f"\"{SECRET}_7"):
                good = other.config_file.read_text()
                edit(other, f"{{user: booking, password: {SECRET}_3}}",
                     f"{{user: booking, password: {fault}}}")
                said = answers_of(conn, "RELOAD")
                assert "fault" in said and SECRET not in said, said
                other.config_file.write_text(good)
        assert SECRET not in other.log(), other.log()


@test
def a_password_in_a_statement_is_in_no_show_and_no_log_line(p):
    with p.another_shardward(("level: info", "level: debug"), ("slow: 0", "slow: 1ms")) as other, \
            p.console(other.port) as admin, p.connect(other.port) as conn:
        for sql in (f"ALTER ROLE nobody_here PASSWORD '{SECRET}_1'", f"SELECT '{SECRET}_2', pg_sleep(0.01)",
                    f"SET \"app.key\" = '{SECRET}_3'", f"SELECT '{SECRET}_4' FROM nowhere"):
            try:
                conn.execute(sql)
            except psycopg.Error:
                pass
        said = answers_of(admin)
        assert "pg_sleep" in said and SECRET not in said, said
        assert "slow-statement" in other.log() and SECRET not in other.log(), other.log()


@test
def explain_and_locate_say_what_the_command_line_says(p):
    key = p.new_patient("users_1")
    with p.console() as conn:
        located = table(conn, f"LOCATE patients {key}")
        equal(located, table(conn, f"locate patients '{key}' in booking"))
        equal([r["value"] for r in located if r["property"] == "shard"], [p.locate("patients", key)])
        lines = p.run(p.program, "locate", "-c", p.clusters.config_file, "patients", key).stdout
        equal([f"{r['property']}: {r['value']}" for r in located], lines.splitlines())
        sql = f"SELECT name FROM patients WHERE patient_id = {key}"
        lines = p.run(p.program, "explain", "-c", p.clusters.config_file, sql).stdout
        for command in (f"EXPLAIN {sql}", f"explain booking: {sql};"):
            equal([f"{r['property']}: {r['value']}" for r in table(conn, command)],
                  lines.splitlines())
        assert "users_1" in lines, lines


@test
def commands_can_be_prepared_with_words_as_parameters(p):
    key = p.new_patient("users_2")
    with p.console() as conn:
        for word in (key, str(key)):
            for prepare in (True, False):
                found = conn.execute("LOCATE %s %s", ("patients", word), prepare=prepare).fetchall()
                equal(dict(found)["shard"], "users_2")
        for _ in range(3):
            cursor = conn.cursor(binary=True)
            ports = [row[4] for row in cursor.execute("SHOW NODES", prepare=True).fetchall()]
            equal(ports, [node.port for node in p.clusters.nodes])


@test
def the_extended_protocol_is_postgresqls(p):
    with p.console_wire() as c:
        answers = c.ask(wire.parse("LOCATE $1 $2", "s"), wire.describe("S", "s"), wire.SYNC)
        equal(wire.kinds(answers), "1tTZ")
        answers = c.ask(wire.bind(("patients", "7"), "s"), wire.describe("P"), wire.execute(),
                        wire.SYNC)
        equal(wire.kinds(answers)[:3], "2TD")
        answers = c.ask(wire.parse("SHOW SHARDS"), wire.bind(), wire.execute(4), wire.execute(3),
                        wire.execute(), wire.execute(), wire.SYNC)
        count = len(p.clusters.shards)
        equal(wire.kinds(answers), "12" + "D" * 4 + "s" + "D" * 3 + "s" + "D" * (count - 7) + "CCZ")
        answers = c.ask(wire.parse("SET database = booking"), wire.bind(), wire.describe("P"),
                        wire.execute(), wire.parse(""), wire.bind(), wire.describe("P"),
                        wire.execute(), wire.close("S", "s"), wire.SYNC)
        equal(wire.kinds(answers), "12nC12nI3Z")


@rows([("an unknown statement", [wire.bind((), "no")], "26000"),
       ("an unknown portal", [wire.execute(0, "no")], "34000"),
       ("a description of nothing", [wire.describe("S", "no")], "26000"),
       ("two commands in one statement", [wire.parse("HELP; HELP")], "42601"),
       ("too few values", [wire.parse("LOCATE a $1"), wire.bind()], "08P01"),
       ("too many values", [wire.parse("HELP"), wire.bind(("1",))], "08P01"),
       ("a NULL", [wire.parse("LOCATE a $1"), wire.bind((None,))], "22004"),
       ("a short binary number", [wire.parse("LOCATE a $1", types=(20,)),
                                  wire.bind((b"1234",), formats=(1,))], "22P03"),
       ("a format that is none", [wire.parse("HELP"), wire.bind(results=(2,))], "22023"),
       ("formats for other columns", [wire.parse("HELP"), wire.bind(results=(0, 1))], "08P01"),
       ("a broken bind", [wire.message("B", b"\0\0\0\1")], "08P01"),
       ("bytes that are no text", [wire.message("P", b"\0SHOW \xff\0\0\0")], "22021"),
       ("a name taken", [wire.parse("HELP", "a"), wire.parse("HELP", "a")], "42P05")])
def an_error_in_a_batch_skips_to_sync(p, messages, sqlstate):
    with p.console_wire() as c:
        answers = c.ask(*messages, wire.parse("HELP"), wire.bind(), wire.execute(), wire.SYNC)
        equal(wire.error_of(answers)["C"], sqlstate)
        equal(wire.kinds(answers)[-2:], "EZ")
        equal(wire.kinds(c.query("SHOW VERSION")), "TDCZ")


@test
def many_commands_may_be_sent_ahead(p):
    count = 2000
    with p.console_wire() as c:
        c.send(*[wire.query("SHOW VERSION")] * count)
        equal(wire.kinds(c.read_ready(count)), "TDCZ" * count)
        c.send(wire.query("SHOW VERSION;" * count))
        equal(wire.kinds(c.read_ready()), "TDC" * count + "Z")


@rows([("an unknown user", "nobody", "admin"), ("a wrong password", "admin", "wrong"),
       ("an application's user", USER, PASSWORD)])
def a_stranger_does_not_come_in(p, user, password):
    with p.wire(p.port + 1) as c:
        fields = wire.error_of(c.login({"user": user, "database": "shardward"}, password))
        equal((fields["S"], fields["C"]), ("FATAL", "28P01"))


@test
def the_console_has_one_database_and_applications_do_not_have_it(p):
    with p.wire(p.port + 1) as c:
        fields = wire.error_of(c.login({"user": "admin", "database": DATABASE}, "admin"))
        equal(fields["C"], "3D000")
    with p.wire() as c:
        fields = wire.error_of(c.login({"user": USER, "database": "shardward"}, PASSWORD))
        equal(fields["C"], "3D000")


@test
def a_file_without_the_section_opens_no_port(p):
    text = p.clusters.config_file.read_text()
    begin, end = text.index("admin:\n"), text.index("# Monitoring, by")
    with p.another_shardward((text[begin:end].replace(str(p.port + 1), str(p.port + 4)), "")) as other:
        try:
            p.wire(other.port + 1).close()
        except ConnectionRefusedError:
            return
        raise AssertionError("somebody listens")


@rows([("nothing", b""), ("zeros", b"\0" * 64), ("http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
       ("a length that is none", struct.pack("!II", 3, 196608)),
       ("an endless length", struct.pack("!II", 0x7fffffff, 196608)),
       ("version 2", struct.pack("!IHH", 8, 2, 0)),
       ("half a packet", wire.startup(AS)[:-5]), ("noise", bytes(range(256)) * 40)])
def garbage_before_the_login_ends_one_connection(p, data):
    with p.console() as conn:
        with p.wire(p.port + 1) as c:
            c.send(data)
        equal(len(table(conn, "SHOW VERSION")), 1)


@rows([("an unknown message", b"@\0\0\0\4"), ("a length below 4", b"Q\0\0\0\3"),
       ("a message too long", b"Q\x7f\xff\xff\xff"), ("noise", bytes(range(255, 0, -1)) * 40),
       ("a function call", wire.message("F", b"\0" * 20))])
def garbage_behind_the_login_is_fatal_to_one_console(p, data):
    with p.console() as conn:
        with p.console_wire() as c:
            c.send(data)
            equal(wire.error_of(c.read_to_end())["C"], "08P01")
        equal(len(table(conn, "SHOW VERSION")), 1)


@test
def a_query_without_its_end_is_an_error(p):
    with p.console_wire() as c:
        equal(wire.error_of(c.ask(wire.message("Q", b"x")))["C"], "08P01")
        equal(wire.kinds(c.query("SHOW VERSION")), "TDCZ")


@test
def one_console_too_many_is_told_so(p):
    with p.another_shardward() as other:
        consoles = [p.console_wire(other.port) for _ in range(64)]
        with p.wire(other.port + 1) as c:
            equal(wire.error_of(c.read_to_end())["C"], "53300")
        for console in consoles:
            console.close()


@test
def who_may_look_may_not_change(p):
    with p.console(user="stats") as conn:
        assert table(conn, "SHOW VERSION")
        equal(refusal(conn, "SHUTDOWN")[0], "42501")
        assert table(conn, "SHOW VERSION")


@rows([("at once", "SHUTDOWN"), ("when transactions have ended", "SHUTDOWN WAIT")])
def shutdown_ends_the_process(p, command):
    with p.another_shardward() as other:
        assert "SHUTDOWN\n" in p.run(
            "psql", "-X", "-h", "127.0.0.1", "-p", other.port + 1, "-U", "admin", "-d", "shardward",
            "-c", command, PGPASSWORD="admin").stdout
        equal(other.process.wait(10), 0)


@test
def shutdown_wait_lets_a_transaction_end(p):
    key = p.new_patient("users_1")
    with p.another_shardward() as other, p.console(other.port) as admin, \
            p.connect(other.port, autocommit=False) as conn:
        conn.execute("UPDATE patients SET name = 'kept' WHERE patient_id = %s", (key,))
        equal(refusal(admin, "SHUTDOWN LATER")[0], "42601")
        admin.execute("SHUTDOWN WAIT")
        conn.execute("UPDATE patients SET city = 'Wuhan' WHERE patient_id = %s", (key,))
        conn.commit()
        equal(other.process.wait(20), 0)
    equal(p.rows("users_1", "SELECT name, city FROM patients WHERE patient_id = %s", (key,)),
          [("kept", "Wuhan")])


def edit(other, old, new):
    text = other.config_file.read_text()
    assert old in text, old
    other.config_file.write_text(text.replace(old, new, 1))


@test
def a_good_reload_says_what_has_changed_and_the_console_follows(p):
    with p.another_shardward() as other, p.console(other.port) as admin:
        equal(table(admin, "RELOAD"), [])
        edit(other, "size: 20", "size: 7")
        edit(other, "{name: stats, password: stats, may: look}",
             "{name: later, password: later, may: look}")
        changed = [r["changed"] for r in table(admin, "RELOAD")]
        assert any("size" in line or "pool" in line for line in changed), changed
        equal([r["pool_size"] for r in table(admin, "SHOW USERS")], [7])
        with p.console(other.port, user="later") as conn:
            equal(len(table(conn, "SHOW VERSION")), 1)
        try:
            p.console(other.port, user="stats").close()
        except psycopg.OperationalError:
            pass
        else:
            raise AssertionError("a user who was taken out comes in")
        port = other.port + 1
        edit(other, f"127.0.0.1:{port}", f"127.0.0.1:{port + 1}")
        equal([r["changed"] for r in table(admin, "RELOAD")],
              ["admin.listen: takes effect at the next start"])
        p.console(other.port).close()


@test
def a_bad_reload_is_an_error_that_names_the_place_and_changes_nothing(p):
    with p.another_shardward() as other, p.console(other.port) as admin:
        edit(other, "size: 20", "size: 0")
        try:
            admin.execute("RELOAD")
        except psycopg.Error as error:
            equal(error.sqlstate, "F0000")
            assert "'size: 0'" in error.diag.message_detail, error.diag.message_detail
            assert f"{other.config_file}:" in error.diag.message_detail, error.diag.message_detail
        else:
            raise AssertionError("it was accepted")
        equal([r["pool_size"] for r in table(admin, "SHOW USERS")], [20])
        equal(refusal(admin, "FROB")[0], "42601")
