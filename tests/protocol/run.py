#!/usr/bin/python3
"""run.py --shardward PATH [--filter TEXT] [--list]: the protocol suite.

Scripts of exact messages (see script.py and scripts/), to PostgreSQL and through shardward in each of
its ways: what is heard must be the same, message by message. After each script another client of the
same pool looks whether something is left. The last line has the counts; --log FILE keeps what
shardward logged.
"""

import contextlib
import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]
sys.dont_write_bytecode = True

import runner                                                   # noqa: E402
import suite                                                    # noqa: E402
import wire                                                     # noqa: E402
from deviations import DEVIATIONS                               # noqa: E402
from platform_under_test import DATABASE, ORACLE, PASSWORD   # noqa: E402
from script import ADA, BEA, CYD, NEIGHBOUR, begin, hear, messages_of, placeless, play, said, shows   # noqa: E402
from scripts.start import start                                 # noqa: E402
from wire import query                                          # noqa: E402

TOPICS = ("start", "simple", "transactions", "extended", "prepare", "copy", "settings",
          "leftovers")
REFUSED = "refused"                      # in pool mode transaction
LEAST = 150                              # scripts that there must be

NAMES = {ADA: "Ada", BEA: "Bea", CYD: "Cyd"}
PLACES = {ADA: "users_0", BEA: "users_0", CYD: "users_2"}
WRITES = re.compile(rb"INSERT|UPDATE|DELETE|FROM STDIN")
INSTITUTIONS = """
    DELETE FROM doctors; DELETE FROM departments; DELETE FROM hospitals;
    INSERT INTO hospitals VALUES (1, 'Central', 'Harbin'), (2, 'Östlich', 'Wien'), (3, 'Third', '');
    INSERT INTO departments VALUES (1, 1, 'Eyes');
"""


def patients(keys):
    values = ", ".join(f"({key}, '{NAMES[key]}')" for key in keys)
    return f"DELETE FROM patients; INSERT INTO patients (patient_id, name) VALUES {values};"


@dataclass(frozen=True)
class Way:
    """How shardward serves."""
    mode: str
    workers: int
    size: int

    def __str__(self):
        return f"{self.mode}, {self.workers} worker{'s' * (self.workers > 1)}, pool of {self.size}"

    def database(self):
        return DATABASE if self.mode == "transaction" else ORACLE

    def edits(self):
        common = ("workers: auto", f"workers: {self.workers}"), ("size: 20", f"size: {self.size}")
        if self.mode == "transaction":
            return common
        whole = f"databases:\n  {ORACLE}:\n    catalog: {{cluster: c1, dbname: {ORACLE}}}\n  booking:"
        return *common, ("mode: transaction", "mode: session"), ("databases:\n  booking:", whole)


WAYS = [Way("transaction", workers, size) for workers in (1, 2) for size in (1, 8)]
WAYS += [Way("session", workers, 8) for workers in (1, 2)]
ONCE = (WAYS[0], WAYS[-1])               # start-up is the same in all ways of a pool mode


class Rows:
    """The rows that every script finds, put there behind the back of whoever is asked."""

    def __init__(self, databases):
        self.databases = databases               # (connection, what puts the rows there)
        self.are_known = False

    def prepare_for(self, flights):
        if not self.are_known:
            for connection, sql in self.databases:
                connection.execute(sql)
        self.are_known = not any(WRITES.search(messages_of(flight)) for flight in flights)


def rows_on_one(platform):
    return Rows([(platform.oracle(), patients(NAMES) + INSTITUTIONS)])


def rows_on_shards(platform):
    for key, shard in PLACES.items():
        suite.equal(platform.locate("patients", key), shard, f"the shard of patient {key}")
    databases = [(platform.at_shard("institutions"), INSTITUTIONS)]
    for shard in sorted(set(PLACES.values())):
        databases.append((platform.at_shard(shard), patients(key for key in PLACES if PLACES[key] == shard)))
    return Rows(databases)


class Conversation:
    """A server, another client of it, and what was heard there."""

    def __init__(self, connect, database, rows, tells_anywhere=False):
        self.connect, self.database, self.rows = connect, database, rows
        self.tells_anywhere = tells_anywhere     # ParameterStatus, in a flight
        self.neighbour = None

    def play(self, flights):
        if self.neighbour is None:
            self.neighbour = self.connect()
            begin(self.neighbour, start(), self.database, PASSWORD)
        self.rows.prepare_for(flights)
        with self.connect() as client:
            transcript = play(client, flights, start(), self.database, PASSWORD)
            return transcript, [said(hear(self.neighbour, NEIGHBOUR))]

    def close(self):
        if self.neighbour:
            self.neighbour.close()


class Oracle(Conversation):
    def __init__(self, platform, rows):
        node = platform.main_node
        super().__init__(lambda: wire.Wire(node.address, node.port), ORACLE, rows)
        self.heard = {}

    def expects(self, name, flights):
        if name not in self.heard:
            self.heard[name] = self.play(flights)
        return self.heard[name]


def differences(name, flights, oracle, way):
    """(where, got, expected) of what differs."""
    found = []
    for what, got, expected in zip(("client", "another client"), way.play(flights), oracle.expects(name, flights)):
        if len(got) != len(expected):
            found.append((f"{what}: {len(got)} flights\n{shows(got)}", len(got), len(expected)))
        for number, (one, other) in enumerate(zip(got, expected)):
            if way.tells_anywhere and number > 0:
                one, other = placeless(one), placeless(other)
            if one != other:
                found.append((f"{what}, flight {number}", one, other))
    return found


def check_the_same(name, flights, oracle, way):
    for what, got, expected in differences(name, flights, oracle, way):
        suite.equal(got, expected, what)


def check_refused(_name, flights, oracle, way):
    """Each flight is refused, and behind it all is as if nothing had been asked for."""
    (_, *got), neighbour = way.play(flights)
    expected, expected_neighbour = oracle.expects("nothing", [query("ROLLBACK")])
    for heard in got[:len(flights)]:
        codes = [body["C"] for kind, body in heard if kind == "E"]
        suite.equal(codes, ["0A000"], shows([heard]))
    suite.equal(got[-1], expected[-1], "the probe")
    suite.equal(neighbour, expected_neighbour)


def check_differs(name, flights, oracle, way):
    """Of a deviation: it is one, and does not leave the session, or another one, astray."""
    found = differences(name, flights, oracle, way)
    assert found, "the same as PostgreSQL: no deviation any more"
    for what, got, expected in found:
        assert what.startswith("client"), f"{what}\n  expected: {expected!r}\n  got: {got!r}"
    transcript, _ = way.play(flights)
    assert not isinstance(transcript[-1], str), shows(transcript)


def all_scripts():
    """(topic, name, flights), in order."""
    for topic in (*TOPICS, REFUSED):
        for name, *flights in importlib.import_module(f"scripts.{topic}").SCRIPTS:
            yield topic, name, flights


def tests_of(way, oracle, server):
    for topic, name, flights in all_scripts():
        full = f"{topic}: {name}"
        if topic == "start" and way not in ONCE:
            continue
        check = check_the_same
        if way.mode == "transaction" and topic == REFUSED:
            check = check_refused
        elif (way.mode, full) in DEVIATIONS:
            check = check_differs
        yield f"{way}: {full}", lambda _, c=check, n=full, f=flights: c(n, f, oracle, server)


def check_the_scripts():
    names = [f"{topic}: {name}" for topic, name, _ in all_scripts()]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"two scripts of one name: {twice}"
    assert len(names) >= LEAST, f"{len(names)} scripts"
    unknown = {name for _, name in DEVIATIONS} - set(names)
    assert not unknown, f"deviations of no script: {unknown}"


def serve(platform, report, way, oracle, rows, wanted):
    """One shardward that serves in that way, and its scripts; the rows are where it finds them."""
    suite.tests[:] = [(name, test) for name, test in tests_of(way, oracle, None) if wanted(name)]
    if not suite.tests:
        return
    try:
        with platform.another_shardward(*way.edits()) as other, contextlib.closing(Conversation(
                lambda: platform.wire(other.port), way.database(), rows,
                tells_anywhere=way.mode == "transaction")) as server:
            suite.tests[:] = tests_of(way, oracle, server)
            suite.run(platform, report, wanted)
    except AssertionError as error:
        report.fail(f"{way}: shardward", f"{error}\n{platform.shardward.log()[-3000:]}")


def main():
    args = runner.words(__doc__).parse_args()
    check_the_scripts()
    if args.list:
        print(*(name for way in WAYS for name, _ in tests_of(way, None, None)), sep="\n")
        return 0

    def tests(platform, report):
        rows = {"transaction": rows_on_shards(platform), "session": rows_on_one(platform)}
        oracle = Oracle(platform, rows["session"])
        for way in WAYS:
            serve(platform, report, way, oracle, rows[way.mode], lambda name: args.filter in name)
    return runner.run("protocol", args, tests)


if __name__ == "__main__":
    sys.exit(main())
