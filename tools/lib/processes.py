"""processes - start a program in the background and later stop that program, and no other.

A pid file holds the pid and the moment (clock ticks since boot) at which that process started.
A pid that was given to another process since then has another moment, so it is never signalled.
"""

import os
import signal
import subprocess
import time
from pathlib import Path


def started_at(pid):
    """The start moment of a living process, or None. A zombie does not live."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def spawn(argv, pid_file, log_file, env=None, **as_user):
    """Start argv in a session of its own, with its output appended to log_file; as_user are
    subprocess.Popen's user, group and extra_groups."""
    with open(log_file, "ab") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env=env, start_new_session=True, **as_user)
    Path(pid_file).write_text(f"{process.pid} {started_at(process.pid)}\n")
    return process


def living_pid(pid_file):
    """The pid in a pid file if it still is the process that was started, else None."""
    try:
        pid, moment = Path(pid_file).read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if started_at(pid) == moment else None


def wait_for_end(pid, timeout_s):
    moment = started_at(pid)
    deadline = time.monotonic() + timeout_s
    while moment is not None and started_at(pid) == moment:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def stop(pid_file, timeout_s=15):
    """SIGTERM, and SIGKILL for one that does not listen. True if it ended by itself."""
    pid = living_pid(pid_file)
    went_willingly = True
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        went_willingly = wait_for_end(pid, timeout_s)
        if not went_willingly:
            os.kill(pid, signal.SIGKILL)
            wait_for_end(pid, timeout_s)
    Path(pid_file).unlink(missing_ok=True)
    return went_willingly
