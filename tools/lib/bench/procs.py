"""procs - what processes used, from /proc and strace."""

import os
import signal
import subprocess
import time
from pathlib import Path

ATTACH_TIMEOUT_S = 10


def family(pid):
    """A process and all its descendants."""
    found, waiting = [], [pid]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for task in _tasks(pid):
            try:
                waiting += map(int, (task / "children").read_text().split())
            except OSError:
                pass
    return found


def _tasks(pid):
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def cpu_ns(pids):
    """CPU time of all threads so far, user and system, as the scheduler counts it."""
    total = 0
    for task in (task for pid in pids for task in _tasks(pid)):
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except OSError:
            pass
    return total


def memory_bytes(pids):
    """Proportional set size: a page that n processes share counts 1/n for each."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def open_files(pids):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


class SystemCalls:
    """Counts the system calls of processes while a with-block runs: .count is there behind it."""

    def __init__(self, pids, report_file):
        self.pids, self.report_file, self.count = pids, Path(report_file), None

    def __enter__(self):
        targets = [arg for pid in self.pids for arg in ("-p", str(pid))]
        self.strace = subprocess.Popen(["strace", "-f", "-c", "-o", self.report_file, *targets],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + ATTACH_TIMEOUT_S
        while not all(self._is_traced(task) for pid in self.pids for task in _tasks(pid)):
            if self.strace.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise OSError("strace may not look at the proxy here")
            time.sleep(0.02)
        return self

    @staticmethod
    def _is_traced(task):
        return "\nTracerPid:\t0\n" not in (task / "status").read_text()

    def __exit__(self, *_):
        self._end()
        total = self.report_file.read_text().splitlines()[-1].split()
        assert total[-1] == "total", total
        self.count = int(total[3])

    def _end(self):
        if self.strace.poll() is None:
            self.strace.send_signal(signal.SIGINT)
        self.strace.wait()
