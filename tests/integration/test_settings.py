"""What a client has SET follows it to every backend, and follows nobody else."""

import threading

import wire
from platform_under_test import DATABASE, PASSWORD, USER
from suite import equal, rows, test

PROBE = ("SELECT current_setting('work_mem'), current_setting('TimeZone'),"
         " current_setting('search_path')")
SMALL_POOL = ("size: 20", "size: 1")


def setting(client, name, key=None):
    """A setting as a backend sees it: without a key at the catalog, with one at its shard."""
    where = "" if key is None else f" FROM patients WHERE patient_id = {key}"
    return wire.rows_of(client.query(f"SELECT current_setting('{name}'){where}"))[0][0]


def one_key_per_shard(p):
    return [p.new_patient(shard) for shard in p.shards("users")]


@test
def set_survives_to_statements_on_other_shards(p):
    keys = one_key_per_shard(p)
    with p.logged_in() as client:
        client.query("SET work_mem = '5MB'")
        client.query("SET TimeZone = 'Asia/Tokyo'")
        for key in (None, *keys):
            equal(setting(client, "work_mem", key), "5MB")
            equal(setting(client, "TimeZone", key), "Asia/Tokyo")


@test
def set_is_reported_to_the_client(p):
    with p.logged_in() as client:
        for name, given, told in (("TimeZone", "'asia/tokyo'", "Asia/Tokyo"),
                                  ("DateStyle", "german", "German, DMY"),
                                  ("application_name", "'x'", "x"),
                                  ("IntervalStyle", "iso_8601", "iso_8601")):
            client.query(f"SET {name} = {given}")
            equal(client.status[name], told)
        client.query("RESET ALL")
        equal(client.status["DateStyle"], "ISO, MDY")


@test
def a_setting_of_a_rolled_back_transaction_is_reported_back(p):
    with p.logged_in() as client:
        before = client.status["DateStyle"]
        client.query("BEGIN")
        client.query("SET DateStyle = 'German'")
        equal(client.status["DateStyle"], "German, DMY")
        client.query("ROLLBACK")
        equal(client.status["DateStyle"], before)


@test
def what_is_reported_in_a_transaction_is_what_is_in_force(p):
    """A query beside the transaction says again what was set, and rolls it back: nobody hears of that."""
    with p.logged_in() as client:
        for sql, told in (("BEGIN", "ISO, MDY"), ("SET DateStyle = 'German'", "German, DMY"),
                          ("SELECT 1", "German, DMY"), ("SAVEPOINT a", "German, DMY"),
                          ("SET DateStyle = 'ISO, MDY'", "ISO, MDY"), ("SELECT 1", "ISO, MDY"),
                          ("SET LOCAL DateStyle = 'SQL, DMY'", "SQL, DMY"), ("SELECT 1", "SQL, DMY"),
                          ("ROLLBACK TO a", "German, DMY"), ("SELECT 1", "German, DMY"), ("ROLLBACK", "ISO, MDY")):
            client.query(sql)
            equal(client.status["DateStyle"], told, sql)


@test
def set_is_rolled_back_with_its_transaction(p):
    key, *others = one_key_per_shard(p)
    with p.logged_in() as client:
        client.query("SET work_mem = '5MB'")
        client.query("BEGIN")
        client.query("SET work_mem = '6MB'")
        equal(setting(client, "work_mem", key), "6MB")
        client.query("ROLLBACK")
        for somewhere in (None, key, *others):
            equal(setting(client, "work_mem", somewhere), "5MB")


@test
def set_is_kept_by_commit(p):
    key, *others = one_key_per_shard(p)
    with p.logged_in() as client:
        client.query("BEGIN")
        equal(setting(client, "work_mem", key), "4MB")
        client.query("SET work_mem = '6MB'")
        equal(setting(client, "work_mem", key), "6MB")
        client.query("COMMIT")
        for somewhere in (None, key, *others):
            equal(setting(client, "work_mem", somewhere), "6MB")


@test
def set_in_a_transaction_that_fails_is_undone_by_its_commit(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query("SET work_mem = '6MB'")
        client.query(f"SELECT 1/0 FROM patients WHERE patient_id = {key}")
        client.query("COMMIT")
        equal(setting(client, "work_mem", key), "4MB")
        equal(setting(client, "work_mem"), "4MB")


@test
def set_local_ends_at_commit(p):
    key, *others = one_key_per_shard(p)
    with p.logged_in() as client:
        client.query("BEGIN")
        client.query("SET LOCAL work_mem = '6MB'")
        equal(setting(client, "work_mem", key), "6MB")
        client.query("COMMIT")
        for somewhere in (None, key, *others):
            equal(setting(client, "work_mem", somewhere), "4MB")


@test
def set_local_after_set_gives_way_to_it_at_commit(p):
    key = p.new_patient("users_1")
    with p.logged_in() as client:
        for sql in ("BEGIN", "SET work_mem = '6MB'", "SET LOCAL work_mem = '7MB'"):
            client.query(sql)
        equal(setting(client, "work_mem", key), "7MB")
        client.query("COMMIT")
        equal(setting(client, "work_mem", key), "6MB")
        equal(setting(client, "work_mem"), "6MB")


@test
def rollback_to_a_savepoint_undoes_what_was_set_after_it(p):
    key = p.new_patient("users_2")
    with p.logged_in() as client:
        for sql in ("BEGIN", "SET work_mem = '5MB'", "SAVEPOINT a", "SET work_mem = '6MB'"):
            client.query(sql)
        equal(setting(client, "work_mem", key), "6MB")
        client.query("ROLLBACK TO a")
        equal(setting(client, "work_mem", key), "5MB")
        client.query("COMMIT")
        equal(setting(client, "work_mem", key), "5MB")
        equal(setting(client, "work_mem"), "5MB")


@test
def reset_goes_to_the_start_up_value(p):
    key = p.new_patient("users_3")
    with p.logged_in(TimeZone="Asia/Tokyo", options="-c work_mem=5MB") as client:
        for reset in ("RESET TimeZone", "SET TimeZone TO DEFAULT", "RESET ALL"):
            client.query("SET TimeZone = 'Europe/Paris'")
            client.query("SET work_mem = '6MB'")
            equal(setting(client, "TimeZone", key), "Europe/Paris")
            client.query(reset)
            for somewhere in (None, key):
                equal(setting(client, "TimeZone", somewhere), "Asia/Tokyo", reset)
        equal(setting(client, "work_mem", key), "5MB")
        equal(wire.rows_of(client.query("SHOW work_mem")), [["5MB"]])


@rows((sql, sql) for sql in (
    "SET work_mem = 'a lot'", "SET no_such_setting = 1", "SET server_version = 1",
    "SET TimeZone = 'Nowhere'"))
def an_invalid_set_is_the_error_of_postgresql_and_changes_nothing(p, sql):
    with p.logged_in() as client, p.oracle_wire("booking") as oracle:
        got, expected = client.query(sql), oracle.query(sql)
        equal(wire.readable(got), wire.readable(expected))
        equal(setting(client, "work_mem"), "4MB")
        equal(wire.rows_of(client.query("SELECT 1")), [["1"]])


@test
def a_client_encoding_that_changes_what_bytes_mean_is_refused(p):
    with p.logged_in() as client:
        for sql in ("SET client_encoding = 'LATIN1'", "SET NAMES 'LATIN1'",
                    "SET standard_conforming_strings = off"):
            equal(wire.error_of(client.query(sql))["C"], "0A000", sql)


@rows([("SET", "SET idle_session_timeout = {0}"), ("SET LOCAL", "SET LOCAL idle_session_timeout TO '{0}ms'"),
       ("set_config", "SELECT set_config('idle_session_timeout', '{0}', false)")])
def no_client_makes_servers_end_when_they_have_nothing_to_do(p, sql):
    with p.logged_in() as client:
        equal(wire.error_of(client.ask(wire.parse(sql.format(5)) + wire.SYNC))["C"], "0A000")
        for value in (0, 5, 0, 6000):
            kinds = wire.kinds(client.query(sql.format(value)))
            equal((value, kinds[:1] == "E"), (value, value > 0))
            equal(wire.rows_of(client.query("SHOW idle_session_timeout")), [["0"]])
        equal(wire.kinds(client.query("SET idle_session_timeout TO DEFAULT")), "CZ")


@rows([("no time", "0", "Z"), ("some time", "1min", "E")])
def a_client_may_start_with_an_idle_session_timeout_of(p, value, end):
    with p.wire() as client:
        answers = client.login({"user": USER, "database": DATABASE, "idle_session_timeout": value}, PASSWORD)
        equal(answers[-1].kind, end)


ALIASES = ["abc", "alt", "koi8", "mskanji", "shiftjis", "tcvn", "tcvn5712", "unicode", "utf-8", "vscii", "win", "ISO-8859-1",
           "iso_8859_10", "Windows-1252", "windows950", "win866", "latin11", "utf16", "utf-9", "iso885911", "klingon"]


@test
def an_encoding_that_postgresql_does_not_know_is_none_here_either(p):
    with p.oracle_wire() as server, p.logged_in() as client:
        names = [row[0] for row in wire.rows_of(server.query(
            "SELECT name FROM (SELECT pg_encoding_to_char(n) AS name FROM generate_series(0, 60) n) s WHERE name <> ''"))]
        assert len(names) > 40, names
        for name in names + ALIASES:
            sql = f"SET client_encoding = '{name}'"
            there, here = server.query(sql), client.query(sql)
            for one in (server, client):
                one.query("RESET client_encoding")
            is_known = wire.kinds(there)[:1] != "E" or wire.error_of(there)["C"] != "22023"
            if is_known and wire.kinds(here)[:1] == "E":
                equal((name, wire.error_of(here)["C"]), (name, "0A000"))
            elif not is_known:
                equal([wire.error_of(here)[field] for field in "SCM"], [wire.error_of(there)[field] for field in "SCM"])


@test
def two_clients_on_one_backend_never_see_each_others_settings(p):
    keys = one_key_per_shard(p)
    wishes = [("5MB", "Asia/Tokyo", "public"), ("6MB", "Europe/Paris", '"$user", public'),
              ("4MB", "UTC", '"$user", public')]
    wrong = []

    def live(port, wish):
        try:
            with p.logged_in(port) as client:
                if wish != wishes[2]:
                    client.query(f"SET work_mem = '{wish[0]}'")
                    client.query(f"SET TimeZone = '{wish[1]}'")
                    client.query(f"SET search_path = {wish[2]}")
                for turn in range(60):
                    key = keys[turn % len(keys)]
                    where = f" FROM patients WHERE patient_id = {key}" if turn % 5 else ""
                    got = wire.rows_of(client.query(PROBE + where))
                    if got != [list(wish)]:
                        wrong.append((wish, got))
        except Exception as error:      # noqa: BLE001 - a thread has nobody to raise to
            wrong.append((wish, repr(error)))

    with p.another_shardward(SMALL_POOL) as other:
        threads = [threading.Thread(target=live, args=(other.port, wish)) for wish in wishes * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    equal(wrong[:3], [])


@test
def what_a_client_left_behind_is_gone_for_the_next_one(p):
    key = p.new_patient("users_0")
    with p.another_shardward(SMALL_POOL) as other:
        for _ in range(3):
            with p.logged_in(other.port) as client:
                equal(setting(client, "work_mem", key), "4MB")
                equal(setting(client, "TimeZone", key), "UTC")
                client.query("SET work_mem = '9MB'")
                client.query("SET TimeZone = 'Asia/Tokyo'")
                equal(setting(client, "work_mem", key), "9MB")
                client.send(wire.TERMINATE)


@test
def a_search_path_without_the_tables_is_no_way_around_the_map(p):
    key = p.new_patient("users_0")
    with p.logged_in() as client:
        client.query("SET search_path = pg_catalog")
        answers = client.query(f"SELECT name FROM patients WHERE patient_id = {key}")
        assert wire.error_of(answers)["C"] in ("0A000", "42P01"), answers


@test
def settings_that_cannot_be_read_back_stay_with_nobody(p):
    # PostgreSQL gives at most 1664 columns, so it cannot tell of so many settings at once.
    many = "; ".join(f"SET stray.n{number} = 'left behind'" for number in range(1700))
    with p.another_shardward(("size: 20", "size: 1")) as other:
        with p.logged_in(other.port) as client:
            client.send(wire.query(many))
            fatal = [answer for answer in client.read_to_end() if answer.kind == "E"]
            equal([answer.fields()["S"] for answer in fatal], ["FATAL"])
        with p.logged_in(other.port) as client:
            answers = client.query("SELECT current_setting('stray.n7', true)")
            equal(wire.rows_of(answers), [[None]])


@test
def a_statement_timeout_strikes_nobody_else(p):
    many = "; ".join(f"SET my.number_{i} = 'x'" for i in range(1500))
    with p.another_shardward(SMALL_POOL) as other:
        with p.logged_in(port=other.port) as client:
            equal(wire.kinds(client.query(many))[-2:], "CZ")
            client.query("SET statement_timeout = 1")
        with p.logged_in(port=other.port) as client:
            equal(wire.rows_of(client.query("SHOW statement_timeout")), [["0"]])


@test
def set_and_set_local_in_one_statement_are_refused(p):
    both = ("SELECT set_config('work_mem', '3MB', false), set_config('work_mem', '2MB', true)")
    with p.logged_in() as client:
        client.query("BEGIN")
        for flight in (wire.query(both), wire.parse(both) + wire.bind() + wire.execute() + wire.SYNC):
            client.send(wire.query("SAVEPOINT a") + flight + wire.query("ROLLBACK TO a"))
            equal(wire.error_of(client.read_ready(3))["C"], "0A000")
        client.query("COMMIT")
        equal(setting(client, "work_mem"), "4MB")


def prepared(client, name, sql):
    """The first value that a named statement gives, prepared anew."""
    equal(wire.kinds(client.ask(wire.parse(sql, name), wire.SYNC)), "1Z", sql)
    return executed(client, name)


def executed(client, name):
    return wire.rows_of(client.ask(wire.bind(statement=name), wire.execute(), wire.SYNC))[0][0]


@test
def literals_of_a_prepared_statement_are_read_by_the_settings_of_its_client(p):
    rows_ = (
        ("TimeZone", "SELECT timestamptz '2024-07-01 12:00' AT TIME ZONE 'UTC'",
         {"UTC": "2024-07-01 12:00:00", "Europe/Berlin": "2024-07-01 10:00:00"}),
        ("DateStyle", "SELECT date '01/02/2024' - date 'epoch'",
         {"ISO, MDY": "19724", "ISO, DMY": "19754"}),
        ("IntervalStyle", "SELECT extract(epoch FROM interval '-1 2:00:00')",
         {"postgres": "-79200.000000", "sql_standard": "-93600.000000"}))
    with p.another_shardward(SMALL_POOL) as other:
        for name, sql, values in rows_:
            for _ in range(2):
                for value, expected in values.items():
                    with p.logged_in(port=other.port, **{name: value}) as client:
                        equal(prepared(client, "s", sql), expected, f"{name} = {value}")


@test
def literals_of_a_prepared_statement_are_not_read_anew(p):
    sql = "SELECT timestamptz '2024-07-01 12:00' AT TIME ZONE 'UTC'"
    with p.logged_in(TimeZone="UTC") as client:
        equal(prepared(client, "s", sql), "2024-07-01 12:00:00")
        equal(prepared(client, "plain", "SELECT 'no moment', 7"), "no moment")
        client.query("SET TimeZone = 'Europe/Berlin'")
        answers = client.ask(wire.bind(statement="s"), wire.execute(), wire.SYNC)
        equal(wire.error_of(answers)["C"], "0A000")
        equal(executed(client, "plain"), "no moment")
        equal(prepared(client, "t", sql), "2024-07-01 10:00:00")
        client.query("SET TimeZone = 'UTC'")
        equal(executed(client, "s"), "2024-07-01 12:00:00")


@test
def a_prepared_statement_read_by_set_local_is_nobody_elses(p):
    sql = "SELECT timestamptz '2024-07-02 12:00' AT TIME ZONE 'UTC'"
    with p.another_shardward(SMALL_POOL) as other:
        with p.logged_in(port=other.port, TimeZone="UTC") as client:
            client.query("BEGIN")
            client.query("SET LOCAL TimeZone = 'Europe/Berlin'")
            equal(prepared(client, "s", sql), "2024-07-02 10:00:00")
            client.query("COMMIT")
            answers = client.ask(wire.bind(statement="s"), wire.execute(), wire.SYNC)
            equal(wire.error_of(answers)["C"], "0A000")
            equal(prepared(client, "t", sql), "2024-07-02 12:00:00")


@test
def a_prepared_statement_cannot_hold_the_moment_of_its_parse(p):
    with p.logged_in() as client:
        for sql, answer in (("SELECT 'now'::timestamptz", "EZ"),
                            ("SELECT 'a', ' Today '::date", "EZ"),
                            ("SELECT $t$tomorrow$t$::date", "EZ"),
                            ("SELECT E'\\'', 'yesterday'::date", "EZ"),
                            ("SELECT 'x', now(), 'nowhere'", "1Z"),
                            ("SELECT 'a', t.today FROM (SELECT 1 AS today) AS t", "1Z")):
            answers = client.ask(wire.parse(sql, "s"), wire.close("S", "s"), wire.SYNC)
            equal(wire.kinds(answers).replace("3", ""), answer, sql)
        equal(wire.kinds(client.ask(wire.parse("SELECT 'now'::timestamptz"), wire.SYNC)), "1Z")
