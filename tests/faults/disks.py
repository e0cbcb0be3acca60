"""disks - that of a primary hangs, or is full. Its standbys have disks of their own."""

import contextlib

import server
import wire
from faults import beside_shardward, come_back, return_fenced
from stories import Expect, play
from table import scenario
from volumes import Volume

MOVED = Expect(moves=("c1",), stays=("c2",))
STAYED = Expect(stays=("c1", "c2"))
USE_UP = """DO $$ BEGIN
    FOR i IN 1..50000 LOOP
        BEGIN PERFORM pg_logical_emit_message(true, 'number', ''); EXCEPTION WHEN division_by_zero THEN END;
    END LOOP;
END $$"""


# What has a file system of its own

def a_volume(w, name=""):
    w.volume = Volume(w.c1.servers[0], name)
    w.around.callback(w.volume.close)


def its_log(w):
    a_volume(w, "pg_wal")


def its_all(w):
    """Shared memory, too, which is a file here: it answers nobody any more."""
    a_volume(w)


def its_data(w):
    """Without its log."""
    primary = w.c1.servers[0]
    log, elsewhere = primary.data / "pg_wal", primary.data.with_name(f"{primary.name}.wal")
    log.rename(elsewhere)
    log.symlink_to(elsewhere)
    a_volume(w)


# Faults

def hangs(w):
    """What it has in memory it still reads, and it lets everybody in; it makes nothing durable. A client that
    knows nothing of shardward is on it."""
    primary = w.primary(w.c1)
    beside_shardward(w, primary)
    w.volume.freeze()

    def mend():
        w.volume.thaw()
        return_fenced(w, primary)
    return mend


def full(until_it_fails, come_back):
    """Nothing has room on it, and somebody has used up what it had in stock."""
    def fault(w):
        primary = w.primary(w.c1)
        w.volume.fill()
        until_it_fails(primary)

        def mend():
            w.volume.make_room()
            come_back(w, primary)
        return mend
    return fault


def no_page_more(w):
    """Tables grow no more; what changes in its place, and all commits, go on."""
    w.volume.fill()
    server.until(lambda: w.history.codes()["53100"], "clients hear of it")
    return w.volume.make_room


def panics(primary):
    """There is no room for another segment of its log: it ends, is started by itself, and ends again."""
    def has_ended():
        with contextlib.suppress(OSError, wire.Closed, server.Refused):
            primary.query("SELECT pg_switch_wal()")
        return "PANIC" in primary.log_file.read_text(errors="replace")
    server.until(has_ended, f"{primary.name} panics")


def refuses(primary):
    """There is no room for what it notes of each transaction: it lives, and gives out no number any more."""
    def is_over():
        try:
            primary.query(USE_UP)
        except server.Refused as error:
            assert error.code == "53100", error
            return True
    server.until(is_over, f"{primary.name} begins no transaction")


@scenario(("of its log", "managed", its_log), ("of all that it has", "managed", its_all))
def a_disk_hangs(lab, prepare):
    play(lab, "managed", hangs, MOVED, prepare=prepare)


@scenario(("of its log: it panics", "managed", its_log, full(panics, come_back)),
          ("of its data: it lives, and begins no transaction", "managed", its_data, full(refuses, return_fenced)))
def a_disk_is_full(lab, prepare, fault):
    play(lab, "managed", fault, MOVED, prepare=prepare)


@scenario(("of its data: its tables grow no more, and rows change", "managed", its_data, no_page_more))
def a_primary_that_is_kept(lab, prepare, fault):
    play(lab, "managed", fault, STAYED, prepare=prepare)
