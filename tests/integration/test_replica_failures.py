"""Reads on replicas that fail them, lag, or are promoted."""

import struct

import wire
from replica_lab import REPLICAS, READ, WHO, lab, paused, said, start_reading, value_of, write
from server import Refused, ask, until
from suite import equal, rows, test


SLOW = ("SELECT served_by(), pg_sleep(CASE WHEN served_by() = '{}' THEN 0 ELSE 60 END) FROM accounts "
        "WHERE id = 5")


def find_reader(nodes):
    """The replica that works on the slow read."""
    def look():
        return [node for node in nodes if node.query(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'"
            " AND pid <> pg_backend_pid()")]
    return until(look, "a replica reads")[0]


# Its first row waits in the replica's buffer, and is sent with whatever ends the second one.
TWO_ROWS = ("SELECT served_by(), pg_sleep(CASE WHEN i = 1 OR served_by() = 'c1-east' THEN 0 ELSE 60 END)"
            " FROM accounts, generate_series(1, 2) i WHERE id = 5")

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
        thread, answers = start_reading(connection, TWO_ROWS, extended)
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
            equal(wire.kinds(answers), "12TDDCZ" if extended else "TDDCZ")
            equal([row[0] for row in wire.rows_of(answers)], ["c1-east"] * 2)
        equal(answers[-1].body, b"I")
        until(lambda: ask(connection, WHO)[0][0] in REPLICAS, "replicas are read again")


@rows([("simple", False), ("extended", True)])
def a_read_is_cancelled_on_its_replica(p, extended):
    one = lab(p)
    with one.connect() as connection:
        thread, answers = start_reading(connection, SLOW.format("nobody"), extended)
        find_reader(one.replicas())
        with wire.Wire("127.0.0.1", one.port) as asker:
            asker.send(struct.pack("!II", 16, 80877102) + connection.key)
            equal(asker.read_to_end(), [])
        thread.join(30)
        equal(wire.error_of(answers)["C"], "57014")
        equal(ask(connection, WHO)[0][0] in REPLICAS, True)


def die(node):
    node.kill()


def stand_still(node):
    """Its connections stay, and nobody answers on them."""
    node.freeze()


@rows([("prefer_replica", "prefers", die), ("replica", "insists", die),
       ("prefer_replica, it stands still", "prefers", stand_still),
       ("replica, it stands still", "insists", stand_still)])
def a_read_goes_on_when_its_replica_is_lost(p, user, be_lost):
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
                be_lost(one.node("c1-west"))
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
