"""rejoining - conf/rejoin.sh, the example of a `rejoin_command`, makes a former primary a standby."""

import signal
import time
from pathlib import Path

import replicated
import server
from promotions import MOVED, set_promotion
from server import until
from stories import conclude, must_serve, until_grown, world
from table import scenario

EXAMPLE = Path(__file__).resolve().parents[2] / "conf/rejoin.sh"
LOST = 3


def all_programs(_directory):
    return server.BIN


def without_rewind(directory):
    """pg_rewind finds that it cannot."""
    programs = directory / "programs"
    programs.mkdir()
    for one in server.BIN.iterdir():
        (programs / one.name).symlink_to(one)
    (programs / "pg_rewind").unlink()
    (programs / "pg_rewind").write_text("#!/bin/sh\nexit 1\n")
    (programs / "pg_rewind").chmod(0o755)
    return programs


def command(w, old, programs):
    """The example with its values set; the node is started by whoever sees `start`."""
    account, shell = server.server_user(), "sh -s"
    if account:
        shell = f"setpriv --reuid={account['user']} --regid={account['group']} --init-groups sh -s"
    values = {"ON": shell, "BIN": programs, "DATA": old.data, "STOP": "true", "START": f"touch {w.dir / 'start'}",
              "SUPERUSER": f"user={server.SUPERUSER} password={server.SUPERUSER_PASSWORD} dbname=postgres",
              "REPLICATION": f"user={replicated.REPLICATOR} password={replicated.REPLICATOR}"}
    script = w.dir / "rejoin"
    script.write_text("#!/bin/sh\n" + "".join(f'export {name}="{value}"\n' for name, value in values.items())
                      + f"exec {EXAMPLE} > {w.dir / 'rejoin.log'} 2>&1\n")
    script.chmod(0o755)
    server.give(w.dir)
    server.give(old.data.parent)
    return script


@scenario(("it is rewound", "managed", all_programs), ("it cannot be, and is copied", "managed", without_rewind))
def the_example_makes_a_former_primary_a_standby(lab, programs):
    with world(lab, "managed", clusters=1) as w:
        old, *standbys = w.c1.servers
        set_promotion(w, f"rejoin_command: '{command(w, old, programs(w.dir))}'")
        w.load()
        before = w.timelines()
        old.set(work_mem="5MB")
        # What it has committed alone is lost with it.
        old.query("SELECT pg_switch_wal()")
        for one in standbys:
            one.signal_backends("walreceiver", signal.SIGSTOP)
        with old.connect() as connection:
            server.ask(connection, "SET synchronous_commit = local")
            for size in (13000000, *[1] * LOST):
                server.ask(connection, f"SELECT pg_logical_emit_message(true, 'test', repeat('x', {size}))")
        old.kill()
        for one in standbys:
            one.signal_backends("walreceiver", signal.SIGCONT)
        must_serve(w, time.monotonic(), "after the kill")
        until((w.dir / "start").exists, "the example has it started", 60)
        old.start()
        new = w.primary(w.c1)
        until(lambda: " rejoined " in w.log(), "it is welcome", 60)
        until_grown(new, old)
        assert old.query("SHOW work_mem") == [["5MB"]], "its own settings are lost"
        lost = (old.data.with_name(old.data.name + ".rejoin") / "lost-on-timeline-1").read_text().splitlines()
        assert len(lost) >= LOST and all("COMMIT" in line for line in lost), lost
        conclude(w, before, MOVED)
