"""Reads on replicas: who may go there, what they see, and what happens when a replica fails them.

A cluster of its own, of one primary and two standbys; every read tells by served_by() who has
answered it.
"""

import atexit
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))

import replicated                                               # noqa: E402
import server                                                   # noqa: E402
import wire                                                     # noqa: E402
from server import Refused, ask, until                          # noqa: E402
from suite import equal, rows, test                             # noqa: E402

USERS = """  prefers:
    read: prefer_replica
    password: bank
    server: {user: bank, password: bank}
  insists:
    read: replica
    password: bank
    server: {user: bank, password: bank}
"""
# Limits that no test meets by chance; one test has others.
LAGS = "    reads: {max_lag: 1h, max_lag_bytes: 1GB, wait: 0}\n"
WHO = "SELECT served_by() FROM accounts WHERE id = 5"
REPLICAS = {"c1-west", "c1-north"}


class Lab:
    """One template for all; a cluster and a shardward that a test may spoil, and is given anew then."""

    def __init__(self, program):
        self.program = str(program)
        self.dir = replicated.work_directory("shardward-reads-")
        atexit.register(self.end)
        addresses = ["127.0.0.1", *(f"127.0.{c}.{n}" for c in (1, 2, 3) for n in (1, 2))]
        self.port = replicated.free_ports(29000, addresses)
        self.template = replicated.Template("c1", {"s1": 0}, self.dir / "templates" / "c1")
        self.template.make("127.0.1.1", self.port + 10)
        self.cluster, self.shardward, self.number = None, None, 0
        self.start()

    def start(self, lags=LAGS):
        self.number += 1
        self.cluster = replicated.Cluster.of(self.template, self.dir / f"nodes-{self.number}",
                                             self.port + 10, False)
        self.cluster.start()
        self.config = self.dir / "bank.yaml"
        text = replicated.config([self.cluster], self.port, "follow")
        text = text.replace("users:\n", "users:\n" + USERS, 1).replace("    nodes:\n", lags + "    nodes:\n", 1)
        self.config.write_text(text)
        self._run("install")
        with open(self.dir / "shardward.log", "ab") as log:
            self.shardward = subprocess.Popen([self.program, "run", "-c", str(self.config)],
                                              stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              env=server.plain_env())
        until(lambda: {self.who_serves("prefers") for _ in range(4)} == REPLICAS, "both replicas are read")

    def _run(self, command):
        subprocess.run([self.program, command, "-c", str(self.config)], check=True, env=server.plain_env(),
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def who_serves(self, user):
        try:
            with self.connect(user) as connection:
                return ask(connection, WHO)[0][0]
        except (OSError, Refused, wire.Closed):
            return None

    def stop(self):
        if self.shardward is not None:
            self.shardward.send_signal(signal.SIGTERM)
            status = self.shardward.wait(15)
            self.shardward = None
            if status != 0:
                raise AssertionError(f"shardward ended with {status}\n{self.log()[-4000:]}")
        if self.cluster is not None:
            self.cluster.end()
            self.cluster = None

    def end(self):
        if self.shardward is not None:
            self.shardward.kill()
            self.shardward.wait()
        if self.cluster is not None:
            self.cluster.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def log(self):
        return (self.dir / "shardward.log").read_text(errors="replace")

    def connect(self, user="prefers", **params):
        return server.connect("127.0.0.1", self.port, user, "bank", "bank", **params)

    def node(self, name):
        return self.cluster.server(name)

    def replicas(self):
        return [self.node(name) for name in sorted(REPLICAS)]


_labs = []


def lab(p):
    if not _labs:
        _labs.append(Lab(p.shardward.program))
    one = _labs[0]
    if one.cluster is None:
        one.start()
    return one


def paused(*nodes):
    """While it lasts these replicas replay nothing."""
    class Pause:
        def __enter__(self):
            for node in nodes:
                node.query("SELECT pg_wal_replay_pause()")
                until(lambda n=node: n.query("SELECT pg_get_wal_replay_pause_state()")[0][0] == "paused",
                      "replay is paused")

        def __exit__(self, *_):
            for node in nodes:
                node.query("SELECT pg_wal_replay_resume()")

    return Pause()


def said(name):
    return "replica" if name in REPLICAS else "primary"


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

def write(connection, value):
    ask(connection, f"UPDATE accounts SET balance = {value} WHERE id = 5")


READ = "SELECT served_by(), balance FROM accounts WHERE id = 5"


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


def value_of(number=[10000]):   # noqa: B006 - a value that was never there
    number[0] += 1
    return number[0]


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


# --- replicas that fail ---

SLOW = ("SELECT served_by(), pg_sleep(CASE WHEN served_by() = '{}' THEN 0 ELSE 60 END) FROM accounts "
        "WHERE id = 5")


def start_reading(connection, sql, extended):
    answers = []

    def read():
        answers.extend(connection.ask(wire.parse(sql), wire.bind(), wire.describe("P"), wire.execute(),
                                      wire.SYNC) if extended else connection.query(sql))

    thread = threading.Thread(target=read)
    thread.start()
    return thread, answers


def find_reader(nodes):
    """The replica that works on the slow read."""
    def look():
        return [node for node in nodes if node.query(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'"
            " AND pid <> pg_backend_pid()")]
    return until(look, "a replica reads")[0]


CONFLICTS = [
    ("prefer_replica, simple", "prefers", False),
    ("prefer_replica, extended", "prefers", True),
    ("replica, simple", "insists", False),
    ("replica, extended", "insists", True),
]


@rows(CONFLICTS)
def a_read_that_replay_cancels_runs_on_the_primary(p, user, extended):
    one = lab(p)
    for node in one.replicas():
        node.set(max_standby_streaming_delay="10ms")
    with one.connect(user) as connection:
        thread, answers = start_reading(connection, SLOW.format("c1-east"), extended)
        find_reader(one.replicas())
        with one.node("c1-east").connect(dbname="s1") as owner:
            ask(owner, "BEGIN")
            ask(owner, "LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
            ask(owner, "SELECT pg_switch_wal()")
            if user == "insists":
                thread.join(30)
            else:
                until(lambda: one.node("c1-east").query(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), "the primary reads")
            ask(owner, "ROLLBACK")
        thread.join(30)
        if user == "insists":
            equal(wire.error_of(answers)["C"], "40001")
        else:
            equal(wire.rows_of(answers)[0][0], "c1-east")
        equal(answers[-1].body, b"I")
        until(lambda: ask(connection, WHO)[0][0] in REPLICAS, "replicas are read again")


@rows([("prefer_replica", "prefers"), ("replica", "insists")])
def a_read_goes_on_when_its_replica_dies(p, user):
    one = lab(p)
    try:
        with one.connect(user) as connection:
            first = one.replicas()[0].name
            # Whoever is not the other replica takes long.
            thread, answers = start_reading(connection, SLOW.format("c1-north"), False)
            reader = until(lambda: answers or one.node("c1-west").query(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'"
                " AND pid <> pg_backend_pid()"), "a replica reads")
            if not answers:
                one.node("c1-west").kill()
                thread.join(30)
            equal(wire.rows_of(answers)[0][0], "c1-north", f"{first} {reader}")
            thread.join(30)
    finally:
        one.stop()


@test
def without_a_replica_it_is_said_or_the_primary_is_read(p):
    one = lab(p)
    try:
        for node in one.replicas():
            node.kill()
        with one.connect("prefers") as connection:
            equal(ask(connection, WHO), [["c1-east"]])
        with one.connect("insists") as connection:
            def is_told():
                try:
                    ask(connection, WHO)
                    return False
                except Refused as refused:
                    return refused.code == "57P03"

            until(is_told, "it is told that there is none")
            equal(ask(connection, "UPDATE accounts SET balance = 1 WHERE id = 5"), [])
    finally:
        one.stop()


@test
def replicas_are_read_while_the_primary_is_lost(p):
    one = lab(p)
    try:
        with one.connect("insists") as connection:
            one.node("c1-east").kill()
            until(lambda: "cluster=c1 primary=c1-east admission=suspended" in one.log(), "the primary is lost")
            for _ in range(4):
                equal(said(ask(connection, WHO)[0][0]), "replica")
    finally:
        one.stop()


@test
def tokens_hold_over_a_promotion(p):
    one = lab(p)
    try:
        with one.connect() as connection:
            value = value_of()
            write(connection, value)
            for node in one.replicas():
                until(lambda n=node: n.query("SELECT balance FROM accounts WHERE id = 5", "s1")
                      == [[str(value)]], "the replica has it")
            one.node("c1-east").kill()
            west, north = one.node("c1-west"), one.node("c1-north")
            west.promote()
            north.set(primary_conninfo=west.conninfo_for(north))

            def is_read_there():
                try:
                    [[who, seen]] = ask(connection, READ)
                except Refused:
                    return False
                equal(seen, str(value))
                return who == "c1-north"

            until(is_read_there, "the other replica is read under the new primary")
            write(connection, value + 1)
            with paused(north):
                write(connection, value + 2)
                equal(ask(connection, READ), [["c1-west", str(value + 2)]])
    finally:
        one.stop()


@test
def who_lags_too_much_is_not_read(p):
    one = lab(p)
    one.stop()
    one.start("    reads: {max_lag: 1h, max_lag_bytes: 1MB, wait: 0}\n")
    try:
        with one.connect() as connection:
            behind, ahead = one.replicas()
            with paused(behind):
                one.node("c1-east").query("CREATE TABLE large AS SELECT repeat(md5(i::text), 30) "
                                          "FROM generate_series(1, 4000) i")
                until(lambda: {ask(connection, WHO)[0][0] for _ in range(8)} == {ahead.name},
                      "the one that lags is not read")
            until(lambda: {ask(connection, WHO)[0][0] for _ in range(8)} == REPLICAS,
                  "it is read again")
    finally:
        one.stop()


@test
def a_guard_waits_for_a_moment(p):
    one = lab(p)
    one.stop()
    one.start("    reads: {max_lag: 1h, wait: 1s}\n")
    try:
        with one.connect("insists") as connection:
            with paused(*one.replicas()):
                write(connection, value_of())
                thread, answers = start_reading(connection, WHO, True)
                find = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                until(lambda: answers or any(node.query(find) for node in one.replicas()), "it waits")
            thread.join(30)
            equal(said(wire.rows_of(answers)[0][0]), "replica")
    finally:
        one.stop()
