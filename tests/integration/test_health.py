"""What shardward says of nodes that fail in many ways, and whom it takes for the primary. Each test has
one cluster of its own, and a shardward before it that follows."""

import atexit
import contextlib
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import wire
from suite import SANITIZER_WORDS, equal, rows, test

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))

import replicated                       # noqa: E402
from server import Refused, until       # noqa: E402
from world import Lab, World            # noqa: E402

LABS = {}
WRITE = "INSERT INTO ledger (id, client) VALUES ({}, 1)"
WATCHERS = "SELECT {} FROM pg_stat_activity WHERE application_name = 'shardward health'"


def lab_of(p):
    if not LABS:
        directory = replicated.work_directory("shardward-health-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        LABS[None] = Lab(p.program, directory)
    return LABS[None]


class Watched(World):
    """A primary and two standbys; what is logged of them."""

    def __init__(self, p, edits=(), **options):
        super().__init__(lab_of(p), "follow", clusters=1, **options)
        text = self.config_file.read_text()
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        self.config_file.write_text(text)

    def __exit__(self, *failure):
        said = self.log_file.read_text(errors="replace")
        super().__exit__(*failure)
        for word in SANITIZER_WORDS:
            assert word not in said, said[said.index(word):][:4000]

    def lines(self, event, since=0):
        """The lines of an event, each as a dict, that were logged behind the first `since` bytes."""
        found = []
        for line in self.log_file.read_bytes()[since:].decode(errors="replace").splitlines():
            words = line.split(" ", 3)
            if len(words) == 4 and words[2] == event:
                values = re.findall(r'([\w-]+)=("(?:\\.|[^"\\])*"|\S*)', words[3])
                found.append({key: value.strip('"') for key, value in values})
        return found

    def mark(self):
        return self.log_file.stat().st_size

    def await_verdict(self, node, verdict, since):
        """The words that the verdict was given with."""
        def find():
            return [line for line in self.lines("verdict", since)
                    if (line["node"], line["verdict"]) == (node.name, verdict)]
        return until(find, f"{node.name} is {verdict}")[0]["why"]

    def await_event(self, event, since=0):
        return until(lambda: self.lines(event, since), f"event {event}")[0]

    def downs(self, since=0):
        return [line for line in self.lines("verdict", since) if line["verdict"] == "down"]

    @staticmethod
    def await_question(node):
        """Wait until the node has been asked how it is, twice: the first answer has been read then."""
        for _ in range(2):
            [[now]] = node.query("SELECT clock_timestamp()")
            until(lambda at=now: node.query(WATCHERS.format("count(*)") + " AND query LIKE '%pg_control_system%'"
                                            f" AND query_start > '{at}'") != [["0"]], f"{node.name} is asked")

    def insert(self, key):
        with self.connect() as client:
            return client.query(WRITE.format(key))

    def writes(self, key):
        equal(wire.kinds(self.insert(key)), "CZ")


@contextlib.contextmanager
def frozen(node, **options):
    node.freeze(**options)
    try:
        yield
    finally:
        node.thaw()


@rows([("the primary is killed", 0, "kill", "start", "it refuses connections"),
       ("the primary is frozen", 0, "freeze", "thaw", "it does not answer"),
       ("a standby is killed", 1, "kill", "start", "it refuses connections"),
       ("a standby is frozen", 1, "freeze", "thaw", "it does not answer")])
def who_fails_is_down_and_who_is_back_is_up(p, index, breaks, mends, words):
    with Watched(p) as w:
        node = w.c1.servers[index]
        mark = w.mark()
        getattr(node, breaks)()
        why = w.await_verdict(node, "down", mark)
        assert why.startswith(words), why
        mark = w.mark()
        getattr(node, mends)()
        w.await_verdict(node, "up", mark)
        w.writes(1)
        equal({line["node"] for line in w.downs()}, {node.name})


@test
def a_postmaster_that_lets_nobody_in_is_down_though_sessions_go_on(p):
    with Watched(p) as w:
        primary, mark = w.c1.servers[0], w.mark()
        with primary.connect() as session:
            with frozen(primary, only_postmaster=True):
                why = w.await_verdict(primary, "down", mark)
                assert why.startswith("it opens no connections"), why
                equal(wire.rows_of(session.query("SELECT 1")), [["1"]])
            w.await_verdict(primary, "up", mark)
        w.writes(1)


@test
def a_crash_of_one_process_is_no_failover_and_waits_for_a_confirmed_write(p):
    with Watched(p) as w:
        primary, mark = w.c1.servers[0], w.mark()
        with primary.connect() as session:
            [[pid]] = wire.rows_of(session.query("SELECT pg_backend_pid()"))
            os.kill(int(pid), signal.SIGKILL)
        until(lambda: [c for c in w.lines("cluster", mark) if c["admission"] == "suspended"],
              "statements wait")
        w.writes(1)
        equal({line["primary"] for line in w.lines("cluster", mark)}, {primary.name})


@test
def a_restart_is_another_generation_of_the_same_primary(p):
    with Watched(p) as w:
        primary, mark = w.c1.servers[0], w.mark()
        primary.stop()
        primary.start()
        w.writes(1)
        last = w.lines("cluster", mark)[-1]
        equal((last["primary"], last["generation"], last["admission"]), (primary.name, "2", "admits"))


@test
def who_is_full_is_not_down(p):
    with Watched(p) as w:
        primary, taken = w.c1.servers[0], []
        with contextlib.ExitStack() as stack:
            try:
                while len(taken) < 200:
                    taken.append(stack.enter_context(primary.connect("bank", "bank", "s1")))
            except Refused as refused:
                equal(refused.code, "53300")
            before = primary.log_file.read_text().count("shardward@postgres FATAL")
            until(lambda: primary.log_file.read_text().count("shardward@postgres FATAL") >= before + 3,
                  "it has turned health away three times")
            equal(w.downs(), [])
            equal({line["sqlstate"] for line in w.lines("health-turned-away")}, {"53300"})


@test
def a_primary_whose_commits_wait_for_standbys_is_not_down(p):
    with Watched(p, is_sync=True) as w:
        primary, *standbys = w.c1.servers
        waits = WATCHERS.format("count(*)") + " AND wait_event = 'SyncRep' AND now() - query_start > '4 s'"
        with contextlib.ExitStack() as stack:
            for one in standbys:
                stack.enter_context(frozen(one))
            until(lambda: primary.query(waits) != [["0"]], "a write has waited for longer than it may")
            equal([line for line in w.downs() if line["node"] == primary.name], [])
            equal(primary.query(WATCHERS.format("count(*) < 8")), [["t"]])
        w.writes(1)


@test
def an_observer_that_stood_still_finds_nobody_down(p):
    with Watched(p) as w:
        mark = w.mark()
        w.shardward.send_signal(signal.SIGSTOP)
        time.sleep(3)                   # what is tested, longer than all that makes a node down
        w.shardward.send_signal(signal.SIGCONT)
        w.await_event("health-stalled", mark)
        w.writes(1)
        for one in w.c1.servers:
            w.await_question(one)
        equal(w.downs(mark), [])


@test
def a_node_of_another_system_is_fenced(p):
    with Watched(p) as w:
        one = w.c1.servers[1]
        one.kill()
        one.replace_data(w.lab.template("c2").data)
        one.write_auto_conf()
        one.start()
        event = w.await_event("node-quarantined")
        equal((event["node"], event["detail"]), (one.name, "wrong system identifier"))
        w.writes(1)
        equal(w.lines("cluster")[-1]["primary"], w.c1.servers[0].name)


# --- who is primary ---


@test
def the_primary_need_not_stand_first(p):
    first = "      - {name: c1-east"
    with Watched(p) as w:
        w.stop_shardward()
        lines = w.config_file.read_text().splitlines(keepends=True)
        at = next(i for i, line in enumerate(lines) if line.startswith(first))
        lines[at:at + 3] = reversed(lines[at:at + 3])
        w.config_file.write_text("".join(lines))
        mark = w.mark()
        w.start_shardward()
        w.writes(1)
        equal(w.lines("cluster", mark)[-1]["primary"], w.c1.servers[0].name)


@test
def a_cluster_without_a_primary_does_not_keep_shardward_from_starting(p):
    """What its shards hold is read when it has one."""
    with Watched(p) as w:
        old, new, _ = w.c1.servers
        w.stop_shardward()
        old.kill()
        new.promote()
        new.stop()
        mark = w.mark()
        process = w.spawn_shardward()
        w.await_event("ready", mark)
        assert process.poll() is None
        new.start()
        until(lambda: wire.kinds(w.insert(1)) == "CZ", "its shards have been read")
        equal(new.query("SELECT id FROM ledger", "s1"), [["1"]])


@test
def whose_history_cannot_be_read_is_not_followed(p):
    role = "ALTER ROLE shardward {}"
    with Watched(p) as w:
        old, new, _ = w.c1.servers
        old.query(role.format("NOREPLICATION"))
        [[lsn]] = old.query("SELECT pg_current_wal_flush_lsn()")
        until(lambda: new.query(f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'") == [["t"]], "it is replayed")
        old.kill()
        new.promote()
        event = w.await_event("failover-refused")
        assert "needs REPLICATION" in event["detail"], event
        try:
            w.insert(1)
        except Refused as refused:
            equal(refused.code, "57P03")
        else:
            raise AssertionError("it takes statements")
        new.query(role.format("REPLICATION"))
        w.await_event("failover")
        w.writes(2)
        equal(new.query("SELECT id FROM ledger", "s1"), [["2"]])


@test
def columns_that_a_failover_has_lost_are_lost(p):
    """DDL that its standby had not received when it was promoted."""
    with Watched(p) as w, w.connect() as client:
        old, new, other = w.c1.servers
        for one in (new, other):
            one.set(primary_conninfo="")
            until(lambda s=one: s.query("SELECT count(*) FROM pg_stat_wal_receiver") == [["0"]], "it hears nothing")
        equal(wire.kinds(client.query("ALTER TABLE ledger ADD COLUMN word text")), "CZ")
        equal(wire.kinds(client.query("INSERT INTO ledger (id, client, word) VALUES (1, 1, 'x')")), "CZ")
        w.await_question(old)           # so that it is known how far it was
        mark = w.mark()
        old.kill()
        new.promote()
        w.await_event("loss", mark)
        w.await_event("catalog", mark)
        equal(wire.kinds(client.query("INSERT INTO ledger VALUES (2, 1)")), "CZ")
        equal(new.query("SELECT id FROM ledger", "s1"), [["2"]])


@test
def a_reload_keeps_what_is_known(p):
    with Watched(p) as w:
        old, new, _ = w.c1.servers
        old.kill()
        new.promote()
        w.await_event("failover")
        mark = w.mark()
        text = w.config_file.read_text()
        w.config_file.write_text(text.replace("failover: follow", "failover: follow\n    health: {status: 300ms}"))
        w.shardward.send_signal(signal.SIGHUP)
        w.await_event("reloaded", mark)
        w.writes(1)
        equal([line for line in w.lines("cluster", mark) if line["primary"] != new.name], [])
        equal(new.query("SELECT id FROM ledger", "s1"), [["1"]])


SLOW = """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(SECONDS); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT ON ledger FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION slow()"""
MUCH = 3000                     # rows of 8 KiB: more than all buffers of a connection take


@test
def who_reads_nothing_for_long_is_not_lost(p):
    """The host of a server that is at work confirms what fits, and answers probes of what does not."""
    with Watched(p, [("failover: follow", "failover: follow\n    health: {unheard: 1s}")]) as w:
        w.c1.servers[0].query(SLOW.replace("SECONDS", "12"), "s1")
        rows_of_much = "".join(f"{key}\t1\t{'x' * 8192}\n" for key in range(1, MUCH + 1))
        with w.connect(timeout_s=60) as client:
            answers = client.ask(wire.query("COPY ledger (id, client, node) FROM STDIN"),
                                 wire.message("d", rows_of_much.encode()), wire.message("c"))
            equal([answer.fields() for answer in answers if answer.kind == "E"], [])
        equal([w.lines("server-unheard"), w.lines("server-lost"), w.downs()], [[], [], []])
        equal(w.c1.servers[0].query(f"SELECT count(*) FROM ledger WHERE id <= {MUCH}", "s1"), [[str(MUCH)]])
