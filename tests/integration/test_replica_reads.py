"""Reads on replicas: who may go there, and what they see."""

import threading

import wire
from replica_lab import REPLICAS, READ, WHO, lab, paused, said, value_of, write
from server import Refused, ask, until
from suite import equal, rows, test


# --- who may go there ---

def only(*statements):
    return list(statements)


WAYS = [
    ("a read", only(WHO), "replica"),
    ("... of an aggregate", only("SELECT max(served_by()) FROM accounts WHERE id = 5"), "replica"),
    ("... with a subquery", only("SELECT served_by() FROM accounts WHERE id = 5 AND balance IN "
                                 "(SELECT balance FROM accounts WHERE id = 5)"), "replica"),
    ("... two in one string", only(f"{WHO}; {WHO}"), "replica"),
    ("a lock of rows", only(WHO + " FOR UPDATE"), "primary"),
    ("... a shared one", only(WHO + " FOR KEY SHARE"), "primary"),
    ("a write within", only("WITH w AS (UPDATE accounts SET balance = balance WHERE id = 5 RETURNING id) "
                            "SELECT served_by() FROM w"), "primary"),
    ("a write", only("UPDATE accounts SET balance = balance WHERE id = 5 RETURNING served_by()"), "primary"),
    ("a setting that is asked for", only("SELECT served_by(), current_setting('transaction_read_only') "
                                         "FROM accounts WHERE id = 5"), "primary"),
    ("no table", only("SELECT served_by()"), "primary"),
    ("a transaction that may write", only("BEGIN", WHO), "primary"),
    ("a transaction that only reads", only("BEGIN READ ONLY", WHO), "replica"),
    ("... by SET TRANSACTION", only("BEGIN", "SET TRANSACTION READ ONLY", WHO), "replica"),
    ("... by default", only("SET default_transaction_read_only = on", "BEGIN", WHO), "replica"),
    ("... unless it says otherwise", only("SET default_transaction_read_only = on",
                                          "BEGIN READ WRITE", WHO), "primary"),
    ("... with one snapshot", only("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", WHO), "replica"),
    ("... that no standby can run", only("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", WHO), "primary"),
    ("... goes on there", only("BEGIN READ ONLY", WHO, "SAVEPOINT a", WHO, "ROLLBACK TO a", WHO), "replica"),
    ("one snapshot by default", only("SET default_transaction_isolation = 'repeatable read'", WHO), "replica"),
    ("... that no standby can give", only("SET default_transaction_isolation = serializable", WHO), "primary"),
    ("settings go along", only("SET search_path = public", "SET work_mem = '5MB'", WHO), "replica"),
    ("a temporary table beside it", only("CREATE TEMP TABLE mine (a int)", WHO), "primary"),
    ("a lock of the session beside it", only("SELECT pg_advisory_lock(1)", WHO), "primary"),
    ("not by its text", only("/* shardward: primary */ " + WHO), "primary"),
    ("not by a text that nobody knows", only("/* shardward: standby */ " + WHO), "primary"),
    ("not in the session", only("SET shardward.read = 'primary'", WHO), "primary"),
    ("not in the transaction", only("BEGIN READ ONLY", "SET LOCAL shardward.read = 'primary'", WHO), "primary"),
]


@rows(WAYS)
def a_read_goes_where_it_may(p, statements, where):
    with lab(p).connect("insists") as connection:
        for statement in statements:
            found = ask(connection, statement)
        equal(said(found[0][0]), where)


BY_THE_SESSION = [
    ("SET", only("SET shardward.read = replica"), "replica"),
    ("SET, and taken back", only("SET shardward.read = replica", "RESET shardward.read"), "primary"),
    ("SET, and all taken back", only("SET shardward.read = replica", "RESET ALL"), "primary"),
    ("SET, and all taken back in vain", only("SET shardward.read = replica", "BEGIN", "RESET ALL", "ROLLBACK"), "replica"),
    ("... by its default", only("SET shardward.read = replica", "SET shardward.read TO DEFAULT"), "primary"),
    ("... with all", only("SET shardward.read = replica", "DISCARD ALL"), "primary"),
    ("rolled back", only("BEGIN", "SET shardward.read = replica", "ROLLBACK"), "primary"),
    ("committed", only("BEGIN", "SET shardward.read = replica", "COMMIT"), "replica"),
    ("rolled back to a savepoint", only("BEGIN", "SAVEPOINT a", "SET shardward.read = replica",
                                        "ROLLBACK TO a", "COMMIT"), "primary"),
    ("SET LOCAL is over with its transaction", only("BEGIN", "SET LOCAL shardward.read = replica",
                                                    "COMMIT"), "primary"),
    ("SET LOCAL", only("BEGIN READ ONLY", "SET LOCAL shardward.read = replica"), "replica"),
    ("SET LOCAL, rolled back to a savepoint", only("BEGIN READ ONLY", "SAVEPOINT a", "SET LOCAL "
                                                   "shardward.read = replica", "ROLLBACK TO a"), "primary"),
    ("SET LOCAL outside", only("SET LOCAL shardward.read = replica"), "primary"),
]


@rows(BY_THE_SESSION)
def a_session_says_where_it_reads(p, statements, where):
    with lab(p).connect("bank") as connection:
        for statement in statements:
            ask(connection, statement)
        equal(said(ask(connection, WHO)[0][0]), where)
        shown = ask(connection, "SHOW shardward.read")[0][0]
        equal("replica" if shown != "primary" else shown, where)


@test
def it_may_be_said_at_the_start(p):
    with lab(p).connect("bank", options="-c shardward.read=replica") as connection:
        equal(said(ask(connection, WHO)[0][0]), "replica")
        equal(ask(connection, "RESET shardward.read; "), [])
        equal(ask(connection, "SHOW shardward.read"), [["replica"]])
    for nonsense in ("read=standby", "token=x"):
        try:
            lab(p).connect("bank", options=f"-c shardward.{nonsense}").close()
            raise AssertionError(f"{nonsense} is taken")
        except Refused as refused:
            equal(refused.code, "22023")


REFUSED = [
    ("SET shardward.read = standby", "22023"),
    ("SET shardward.read = 1", "22023"),
    ("SET shardward.token = ''", "22023"),
    ("SET shardward.token = 'garbage'", "22023"),
    ("SET shardward.token = '1;c1'", "22023"),
    ("SET shardward.token = '1;c1=1:0/1;'", "22023"),
    ("SET shardward.token = '1;c9=1:0/1'", "22023"),
    ("SET shardward.token = '2;c1=1:0/1'", "22023"),
    ("SELECT set_config('shardward.read', 'replica', false)", "0A000"),
    ("SET shardward.read = replica; SELECT 1", "0A000"),
]


@rows([(sql, sql, code) for sql, code in REFUSED])
def nonsense_is_refused(p, sql, code):
    with lab(p).connect() as connection:
        equal(wire.error_of(connection.query(sql))["C"], code)
        equal(ask(connection, "SHOW shardward.read"), [["prefer_replica"]])
        equal(ask(connection, "SHOW shardward.token"), [["1"]])


@test
def prepared_statements_go_there_too(p):
    by_key = "SELECT served_by(), balance FROM accounts WHERE id = $1"
    with lab(p).connect() as connection:
        connection.ask(wire.parse(by_key, "s"), wire.SYNC)
        for _ in range(4):
            answers = connection.ask(wire.bind(["5"], "s"), wire.execute(), wire.SYNC)
            equal(said(wire.rows_of(answers)[0][0]), "replica")
        answers = connection.ask(wire.parse(by_key), wire.bind(["5"]), wire.describe("P"),
                                 wire.execute(), wire.SYNC)
        equal(said(wire.rows_of(answers)[0][0]), "replica")
        connection.ask(wire.parse("/* shardward: primary */ " + by_key, "t"), wire.SYNC)
        for name, where in (("t", "primary"), ("s", "replica"), ("t", "primary")):
            answers = connection.ask(wire.bind(["5"], name), wire.execute(), wire.SYNC)
            equal(said(wire.rows_of(answers)[0][0]), where)
        ask(connection, "PREPARE u AS " + by_key.replace("$1", "5"))
        equal(said(ask(connection, "EXECUTE u")[0][0]), "replica")


@test
def a_hint_does_not_go_with_the_plan(p):
    """Texts that differ in comments alone share a plan, and not the way."""
    with lab(p).connect("bank") as connection:
        ask(connection, f"/* shardward: replica */ {WHO}")
        for hint, where in (("", "primary"), ("/* shardward: replica */", "replica"), ("", "primary"),
                            ("/* shardward: prefer_replica */", "replica")):
            ask(connection, f"/* shardward: primary */ {WHO}")
            equal(said(ask(connection, f"{hint} {WHO}")[0][0]), where, hint)


@test
def a_client_is_not_told_that_it_reads_a_standby(p):
    with lab(p).connect() as connection:
        for statement in (WHO, "UPDATE accounts SET balance = balance WHERE id = 5", WHO):
            told = [m for m in connection.query(statement) if m.kind == "S"]
            equal([m.readable() for m in told if b"in_hot_standby" in m.body], [])


# --- what they see ---

@test
def a_session_sees_what_it_has_written(p):
    one = lab(p)
    with one.connect() as connection, paused(*one.replicas()):
        write(connection, 2001)
        stale = [node.query("SELECT balance FROM accounts WHERE id = 5", "s1") for node in one.replicas()]
        if ["2001"] in [row for found in stale for row in found]:
            raise AssertionError("the replicas have replayed the write: this test shows nothing")
        for _ in range(4):
            equal(ask(connection, READ), [["c1-east", "2001"]])
        with one.connect() as other:        # who has seen nothing may see what was
            equal(said(ask(other, READ)[0][0]), "replica")
    with one.connect() as connection:
        write(connection, 2002)
        until(lambda: ask(connection, READ)[0][0] in REPLICAS, "the replicas are read again")
        equal(ask(connection, READ)[0][1], "2002")


TRANSACTIONS = [
    ("read committed", "BEGIN READ ONLY"),
    ("repeatable read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
]


@rows(TRANSACTIONS)
def a_transaction_sees_what_was_written_before_it(p, begin):
    one = lab(p)
    with one.connect() as connection:
        with paused(*one.replicas()):
            write(connection, 3001)
            ask(connection, begin)
            equal(ask(connection, READ), [["c1-east", "3001"]])
            ask(connection, "COMMIT")
        write(connection, 3002)

        def is_read_there():
            ask(connection, begin)
            [[who, value]] = ask(connection, READ)
            ask(connection, "COMMIT")
            equal(value, "3002")
            return who in REPLICAS

        until(is_read_there, "the transaction runs on a replica")


WRITES = [
    ("a statement", only("UPDATE accounts SET balance = {} WHERE id = 5")),
    ("a transaction", only("BEGIN", "UPDATE accounts SET balance = {} WHERE id = 5", "COMMIT")),
    ("a string", only("BEGIN; UPDATE accounts SET balance = {} WHERE id = 5; COMMIT")),
    ("a chained transaction", only("BEGIN", "UPDATE accounts SET balance = {} WHERE id = 5",
                                   "COMMIT AND CHAIN", "ROLLBACK")),
    ("one that nobody waits for", only("SET synchronous_commit = off",
                                       "UPDATE accounts SET balance = {} WHERE id = 5")),
    ("... in its transaction alone", only("BEGIN", "SET LOCAL synchronous_commit = off",
                                          "UPDATE accounts SET balance = {} WHERE id = 5", "COMMIT")),
]


@rows(WRITES)
def whatever_writes_is_seen(p, statements):
    one, value = lab(p), value_of()
    with one.connect() as connection, paused(*one.replicas()):
        for statement in statements:
            try:
                ask(connection, statement.format(value))
            except Refused as refused:
                if refused.code != "0A000" or "synchronous_commit" not in statement:
                    raise
        try:
            found = ask(connection, READ)[0]
        except Refused:
            ask(connection, "ROLLBACK")
            return          # the setting was refused, as it is where commits must be waited for
        equal(found[0], "c1-east")
        if "synchronous_commit" not in " ".join(statements):
            equal(found[1], str(value))


@test
def writes_by_prepared_statements_are_seen(p):
    one, value = lab(p), value_of()
    with one.connect() as connection, paused(*one.replicas()):
        answers = connection.ask(
            wire.parse("UPDATE accounts SET balance = $1 WHERE id = $2"), wire.bind([str(value), "5"]),
            wire.execute(), wire.SYNC)
        equal(wire.ready_status(answers), "I")
        answers = connection.ask(wire.parse(READ), wire.bind(), wire.execute(), wire.SYNC)
        equal(wire.rows_of(answers), [["c1-east", str(value)]])


@test
def a_copy_and_a_write_of_unknown_end_are_seen(p):
    one = lab(p)
    with one.connect() as connection, paused(*one.replicas()):
        connection.ask(wire.query("COPY ledger (id, client) FROM STDIN"), wire.message("d", b"77\t1\n"),
                       wire.message("c"))
        equal(ask(connection, "SELECT served_by(), count(*) FROM ledger WHERE id = 77 GROUP BY 1"),
              [["c1-east", "1"]])


@test
def what_was_seen_does_not_vanish(p):
    """One replica stands still; who has seen more elsewhere is never shown that."""
    one = lab(p)
    behind, ahead = one.replicas()
    with one.connect("bank") as writer, one.connect() as reader, paused(behind):
        last, served = 0, set()
        for value in range(20000, 20200):
            write(writer, value)
            if value % 5 == 0:
                until(lambda v=value: ahead.query("SELECT balance FROM accounts WHERE id = 5", "s1")
                      == [[str(v)]], "the replica ahead replays")
            [[who, seen]] = ask(reader, READ)
            if int(seen) < last:
                raise AssertionError(f"{who} shows {seen} after {last}")
            last = int(seen)
            served.add(who)
        if ahead.name not in served:
            raise AssertionError(f"nothing was read on {ahead.name}: {served}")
    stale = behind.query("SELECT 1")
    equal(stale, [["1"]])


OTHER_WAYS = [
    ("of several shards", "/* shardward: primary */ SELECT max(balance) FROM accounts"),
    ("by EXPLAIN", "EXPLAIN ANALYZE SELECT * FROM accounts"),
    ("by COPY", "COPY (SELECT balance FROM accounts WHERE id = 5) TO STDOUT"),
    ("on the primary, by its text", "/* shardward: primary */ " + READ),
]


@rows(OTHER_WAYS)
def what_was_seen_in_another_way_does_not_vanish_either(p, other):
    one, value = lab(p), value_of()
    with one.connect("bank") as writer, one.connect() as reader, paused(*one.replicas()):
        equal(said(ask(reader, READ)[0][0]), "replica")
        write(writer, value)
        equal(wire.ready_status(reader.query(other)), "I")
        equal(ask(reader, READ), [["c1-east", str(value)]])


@test
def a_transaction_over_two_shards_is_seen(p):
    one, value = lab(p), value_of()
    with one.connect() as connection, paused(*one.replicas()):
        for statement in ("BEGIN", f"SELECT balance FROM accounts WHERE id = {10 ** 9}",
                          f"UPDATE accounts SET balance = {value} WHERE id = 5", "COMMIT"):
            ask(connection, statement)
        equal(ask(connection, READ), [["c1-east", str(value)]])


@test
def a_counter_is_read_as_it_was_written(p):
    """Under lag that comes and goes; the same reads without shardward are stale."""
    one = lab(p)
    behind, other = one.replicas()
    stale, served, stop = 0, {"primary": 0, "replica": 0}, threading.Event()

    def stumble():
        while not stop.is_set():
            with paused(other):
                stop.wait(0.02)
            stop.wait(0.02)

    thread = threading.Thread(target=stumble)
    with one.connect() as connection, behind.connect("bank", "bank", "s1") as direct:
        with paused(behind):
            thread.start()
            try:
                for value in range(30000, 30400):
                    write(connection, value)
                    [[who, seen]] = ask(connection, READ)
                    equal(seen, str(value), who)
                    served[said(who)] += 1
                    stale += ask(direct, "SELECT balance FROM accounts WHERE id = 5") != [[str(value)]]
            finally:
                stop.set()
                thread.join()
    if stale == 0 or served["primary"] == 0:
        raise AssertionError(f"nothing was behind: {stale} stale, {served}")


@test
def a_token_is_carried_to_another_connection(p):
    one = lab(p)
    with one.connect() as first, one.connect() as second, paused(*one.replicas()):
        value = value_of()
        write(first, value)
        [[token]] = ask(first, "SHOW shardward.token")
        equal(said(ask(second, READ)[0][0]), "replica")
        ask(second, f"SET shardward.token = '{token}'")
        equal(ask(second, READ), [["c1-east", str(value)]])
        ask(second, "RESET shardward.token")
        equal(said(ask(second, READ)[0][0]), "replica")
        [[shown]] = wire.rows_of(second.ask(wire.parse("SHOW shardward.token"), wire.bind(),
                                            wire.describe("P"), wire.execute(), wire.SYNC))
        if not shown.startswith("1;c1=1:"):
            raise AssertionError(shown)


@test
def a_place_that_is_not_in_the_history_is_not_waited_for(p):
    """It is reported, and the primary's word counts from then on."""
    one = lab(p)
    with one.connect() as connection:
        ask(connection, "SET shardward.token = '1;c1=9:0/1'")
        equal(ask(connection, WHO), [["c1-east"]])
        until(lambda: ask(connection, WHO)[0][0] in REPLICAS, "replicas are read again")


# --- drivers ---

def with_psycopg2(one, turn):
    import psycopg2                                             # noqa: PLC0415
    connection = psycopg2.connect(host="127.0.0.1", port=one.port, user="prefers", password="bank", dbname="bank")
    connection.autocommit = True
    cursor = connection.cursor()

    def read(sql, value):
        cursor.execute(sql.replace("$1", "%s"), (value,))
        return cursor.fetchone() if cursor.description else None

    turn(read)
    connection.close()


def with_psycopg3(one, turn):
    import psycopg                                              # noqa: PLC0415
    with psycopg.connect(host="127.0.0.1", port=one.port, user="prefers", password="bank", dbname="bank",
                         autocommit=True, prepare_threshold=1) as connection:
        def read(sql, value):
            found = connection.execute(sql.replace("$1", "%s"), (value,), binary=True)
            return found.fetchone() if found.description else None

        turn(read)


def with_asyncpg(one, turn):
    import asyncio                                              # noqa: PLC0415

    import asyncpg                                              # noqa: PLC0415
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(
        host="127.0.0.1", port=one.port, user="prefers", password="bank", database="bank"))

    def read(sql, value):
        found = loop.run_until_complete(connection.fetch(sql, value))
        return tuple(found[0]) if found else None

    turn(read)
    loop.run_until_complete(connection.close())
    loop.close()


@rows([("psycopg2", with_psycopg2), ("psycopg3", with_psycopg3), ("asyncpg", with_asyncpg)])
def drivers_see_what_they_write(p, driver):
    one, served = lab(p), []

    def turn(read):
        for number in range(6):
            value = value_of()
            read("UPDATE accounts SET balance = $1 WHERE id = 5", value)
            for _ in range(2):
                who, seen = read("SELECT served_by(), balance FROM accounts WHERE id = 5 AND balance >= $1", 0)
                equal(seen, value, f"{who}, turn {number}")
                served.append(who)

        def is_replica():
            return read("SELECT served_by() FROM accounts WHERE id = 5 AND balance >= $1", 0)[0] in REPLICAS

        until(is_replica, "a replica is read")
        with paused(*one.replicas()):
            value = value_of()
            read("UPDATE accounts SET balance = $1 WHERE id = 5", value)
            equal(read("SELECT served_by(), balance FROM accounts WHERE id = 5 AND balance >= $1", 0),
                  ("c1-east", value))

    driver(one, turn)


# --- what is told of it ---

def names_of(body):
    """The names of the columns of a RowDescription."""
    at, names = 2, []
    while at < len(body):
        end = body.index(b"\0", at)
        names.append(body[at:end].decode())
        at = end + 19
    return names


@test
def reads_on_replicas_are_counted(p):
    one = lab(p)

    def counts():
        with one.console() as console:
            answers = console.query("SHOW STATS")
            names = names_of(answers[0].body)
            [shown] = [dict(zip(names, row, strict=True)) for row in wire.rows_of(answers)
                       if row[:3] == ["bank", "insists", "s1"]]
            return [int(shown[f"total_replica_{what}"]) for what in ("reads", "behind", "again")]

    with one.connect("insists") as connection:
        ask(connection, WHO)
        before = counts()
        ask(connection, WHO)
        after = counts()
        equal([b - a for a, b in zip(before, after, strict=True)], [1, 0, 0])
        with paused(*one.replicas()):
            write(connection, value_of())
            # One that was behind a moment ago is not asked again.
            until(lambda: [ask(connection, WHO), counts()][1][1] > after[1], "one is behind")
        reads, behind, again = [b - a for a, b in zip(after, counts(), strict=True)]
        equal((reads, behind), (0, again))
