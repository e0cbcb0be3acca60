"""guard - watches over shardward while a test mistreats it.

    with unharmed(p):
        ...     # whatever a hostile client does

While the block runs, a bystander asks for a row again and again. At the end its answers were all
right and it was served all the time; no client's connection, file or transaction of the block is
left in shardward; no server connection is in a transaction.
"""

import contextlib
import itertools
import os
import re
import resource
import threading
import time
from pathlib import Path

import wire

SETTLE_S = 8            # for the traces of a client to go after it has gone


def eventually(condition, what):
    """Wait until condition() is true; its last answer tells what it was instead."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        answer = condition()
        if answer is True:
            return
        assert time.monotonic() < deadline, f"{what}: {answer}"
        time.sleep(0.02)


def sockets_at(address, port):
    """inode -> state of the IPv4 sockets with this local end, as /proc/net/tcp has them."""
    octets = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
    found = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == f"{octets}:{port:04X}":
            found[fields[9]] = fields[3]
    return found


LISTEN = "0A"


def files_of(pid):
    """What a process has open: name of each file descriptor, sockets as their inode."""
    names = []
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.append(os.readlink(fd))
        except OSError:
            pass
    return names


def client_count(shardward):
    """The connections that clients have to it, the backlog of the listener not among them."""
    inodes = {re.sub(r"\D", "", name) for name in files_of(shardward.process.pid)
              if name.startswith("socket:")}
    ours = sockets_at("127.0.0.1", shardward.port)
    return sum(1 for inode, state in ours.items() if inode in inodes and state != LISTEN)


def other_files(shardward):
    """How many files it has open that are no sockets: these must not become more."""
    return sum(1 for name in files_of(shardward.process.pid) if not name.startswith("socket:"))


def memory_peak(shardward):
    """The most memory it had since forget_memory_peak(), in bytes."""
    status = Path(f"/proc/{shardward.process.pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)[1]) * 1024


def forget_memory_peak(shardward):
    """Returns what it has now."""
    Path(f"/proc/{shardward.process.pid}/clear_refs").write_text("5")
    return memory_peak(shardward)


def cpu_seconds(shardward):
    fields = Path(f"/proc/{shardward.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def has_own_memory(program):
    """Whether a sanitizer does the bookkeeping of memory: its sizes then say nothing."""
    code = Path(program).read_bytes()
    return b"__asan_init" in code or b"__tsan_init" in code


class Bystander:
    """A client that reads one row as fast as it can, in a thread of its own."""

    def __init__(self, p, port):
        self.key = p.new_patient("users_1", name="bystander")
        self.connection = p.logged_in(port)
        self.answers, self.trouble, self.is_over = 0, None, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        sql = f"SELECT name FROM patients WHERE patient_id = {self.key}"
        try:
            while not self.is_over:
                rows = wire.rows_of(self.connection.query(sql))
                assert rows == [["bystander"]], rows
                self.answers += 1
                time.sleep(0.002)
        except Exception as error:                          # noqa: BLE001 - the test tells it
            self.trouble = repr(error)

    def is_served(self):
        """Waits for an answer to a question that is asked from now on."""
        seen = self.answers
        eventually(lambda: self.trouble is not None or self.answers >= seen + 2, "the bystander waits")
        assert self.trouble is None, f"the bystander got {self.trouble}"

    def stop(self):
        self.is_over = True
        self.thread.join(wire.TIMEOUT_S)
        self.connection.close()
        assert not self.thread.is_alive(), "the bystander got no answer"
        assert self.trouble is None, f"the bystander got {self.trouble}"
        assert self.answers > 0, "the bystander was never served"


def in_transaction(p):
    """Server connections that hold a transaction although nothing runs in it."""
    held = []
    for node in p.clusters.nodes:
        if p.clusters.postmaster_pid(node) is not None:
            with p.at_node("postgres", node) as conn:
                held += conn.execute("SELECT pid, datname, state, query FROM pg_stat_activity"
                                     " WHERE usename = 'booking'"
                                     " AND state LIKE 'idle in transaction%'").fetchall()
    return held


@contextlib.contextmanager
def unharmed(p, shardward=None):
    shardward = shardward or p.shardward
    eventually(lambda: client_count(shardward) == 0 or client_count(shardward),
               "clients of the test before")
    files = other_files(shardward)
    bystander = Bystander(p, shardward.port)
    try:
        bystander.is_served()
        yield bystander
        bystander.is_served()
    finally:
        bystander.stop()
    eventually(lambda: client_count(shardward) == 0 or client_count(shardward),
               "connections of clients are left")
    eventually(lambda: other_files(shardward) <= files or (files, other_files(shardward)),
               "files are left")
    eventually(lambda: in_transaction(p) == [] or in_transaction(p), "transactions are left")


@contextlib.contextmanager
def file_limit(shardward, more):
    """It may open so many more files than it has now. Numbers below the limit that are free count, too."""
    pid = shardward.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    unused = (number for number in itertools.count() if number not in taken)
    limit = next(itertools.islice(unused, more, None))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
