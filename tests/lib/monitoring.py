"""monitoring - a client of the HTTP port, which reads metrics as strictly as Prometheus does, and
a hand that holds one thread of a process still.
"""

import contextlib
import ctypes
import http.client
import math
import os
import re
from pathlib import Path

from topology import HTTP_PORT

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
TYPES = {"counter", "gauge", "histogram"}


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, dict(response.getheaders())
        self.text = response.read().decode()


def ask(port, path, method="GET", timeout=20, **options):
    """One request to the shardward that listens on port."""
    connection = http.client.HTTPConnection("127.0.0.1", port + HTTP_PORT, timeout=timeout)
    with contextlib.closing(connection):
        connection.request(method, path, **options)
        return Answer(connection.getresponse())


def _labels(text):
    found, at = {}, 0
    while text and at < len(text):
        match = LABEL.match(text, at)
        assert match, f"no label at {text[at:]!r}"
        assert match[1] not in found, f"{match[1]} stands twice in {text!r}"
        found[match[1]] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match[2])
        at = match.end()
        if at < len(text):
            assert text[at] == ",", f"no comma at {text[at:]!r}"
            at += 1
    return found


def _number(text):
    if text in ("+Inf", "-Inf", "NaN"):
        return float(text.replace("Inf", "inf"))
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", text), f"no number: {text!r}"
    return float(text)


class Metrics:
    """All families of one page: types by name, and samples by name and labels."""

    def __init__(self, text):
        self.types, self.helps, self.samples = {}, {}, {}
        self._family = None
        assert text.endswith("\n")
        for line in text.splitlines():
            (self._comment if line.startswith("#") else self._sample)(line)
        for name, kind in self.types.items():
            assert any(self._base(n) == name for n, _ in self.samples), f"{name} has no samples"
            if kind == "histogram":
                self._check_histogram(name)

    def _comment(self, line):
        match = re.fullmatch(r"# (HELP|TYPE) (\S+) (.+)", line)
        assert match and NAME.fullmatch(match[2]), f"no comment of a family: {line!r}"
        if match[1] == "HELP":
            assert match[2] not in self.helps, f"{match[2]} begins twice"
            self._family = match[2]
            self.helps[match[2]] = match[3]
        else:
            assert match[2] == self._family and match[2] not in self.types and match[3] in TYPES, line
            self.types[match[2]] = match[3]

    def _base(self, name):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        return base if self.types.get(base) == "histogram" else name

    def _sample(self, line):
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line!r}"
        labels = _labels(match[2])
        assert self._base(match[1]) == self._family and self._family in self.types, \
            f"{match[1]} stands in family {self._family}"
        key = (match[1], tuple(sorted(labels.items())))
        assert key not in self.samples, f"twice: {key}"
        self.samples[key] = _number(match[3])
        if self.types[self._family] == "counter":
            assert match[1].endswith("_total") and self.samples[key] >= 0, line

    def _check_histogram(self, name):
        series = {}
        for (sample, labels), value in self.samples.items():
            if sample == f"{name}_bucket":
                rest = tuple(pair for pair in labels if pair[0] != "le")
                series.setdefault(rest, []).append((_number(dict(labels)["le"]), value))
        assert series
        for labels, buckets in series.items():
            assert buckets == sorted(buckets) and math.isinf(buckets[-1][0]), f"{name} {labels}"
            assert [v for _, v in buckets] == sorted(v for _, v in buckets), f"{name} {labels}"
            assert buckets[-1][1] == self.samples[f"{name}_count", labels], f"{name} {labels}"
            assert (f"{name}_sum", labels) in self.samples

    def all(self, name, **labels):
        """The samples of that name that have these labels, with all their labels."""
        return [(dict(found), value) for (sample, found), value in self.samples.items()
                if sample == name and labels.items() <= dict(found).items()]

    def sum(self, name, **labels):
        return sum(value for _, value in self.all(name, **labels))

    def one(self, name, **labels):
        found = self.all(name, **labels)
        assert len(found) == 1, f"{name} {labels}: {found}"
        return found[0][1]


def metrics(port):
    answer = ask(port, "/metrics")
    assert answer.status == 200, f"{answer.status} {answer.text}"
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(answer.text)


_PTRACE_DETACH, _PTRACE_SEIZE, _PTRACE_INTERRUPT = 17, 0x4206, 0x4207
_libc = ctypes.CDLL(None, use_errno=True)


def _ptrace(request, thread):
    if _libc.ptrace(ctypes.c_long(request), ctypes.c_long(thread), None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace of thread {thread}")


def thread_named(pid, name):
    """The number of one thread of a process; the first one has the process's own name."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    raise AssertionError(f"no thread {name!r} in {pid}")


@contextlib.contextmanager
def still(thread):
    """One thread does nothing meanwhile; the others go on."""
    _ptrace(_PTRACE_SEIZE, thread)
    _ptrace(_PTRACE_INTERRUPT, thread)
    os.waitpid(thread, 0x40000000)      # __WALL
    try:
        yield
    finally:
        _ptrace(_PTRACE_DETACH, thread)
