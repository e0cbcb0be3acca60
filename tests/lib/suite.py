"""suite - tests are functions marked with @test; their names are sentences.

A test gets the platform (see platform_under_test) and fails by raising. `skip(reason)` leaves a
test out, which is a failure too unless tests/allowed-skips.txt names it.
"""

import signal
import sys
import time
import traceback
from pathlib import Path

ALLOWED_SKIPS = Path(__file__).resolve().parents[1] / "allowed-skips.txt"
TEST_TIMEOUT_S = 60
SANITIZER_WORDS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "ThreadSanitizer")

tests = []


class Skip(Exception):
    pass


def skip(reason):
    raise Skip(reason)


def _module_of(function):
    return function.__module__.removeprefix("test_").replace("__main__", "tools")


def test(function):
    tests.append((f"{_module_of(function)}.{function.__name__}", function))
    return function


def rows(table):
    """Makes one test of each row: rows((name, argument...), ...)(function)."""
    def mark(function):
        for name, *arguments in table:
            full = f"{_module_of(function)}.{function.__name__}: {name}"
            tests.append((full, lambda p, a=tuple(arguments): function(p, *a)))
        return function
    return mark


def equal(got, expected, what=""):
    if got == expected:
        return
    if isinstance(got, dict) and isinstance(expected, dict):
        wrong = [k for k in {**expected, **got} if got.get(k) != expected.get(k)][:10]
        got, expected = ({k: d.get(k) for k in wrong} for d in (got, expected))
    raise AssertionError(f"{what}\n  expected: {expected!r:.4000}\n  got:      {got!r:.4000}")


def _allowed_skips():
    if not ALLOWED_SKIPS.exists():
        return set()
    lines = ALLOWED_SKIPS.read_text().splitlines()
    return {line.split("  ", 1)[0].strip() for line in lines if line and not line.startswith("#")}


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def ok(self, name, seconds=0.0):
        self.passed += 1
        print(f"ok    {name}  ({seconds:.2f} s)", flush=True)

    def fail(self, name, text):
        self.failed += 1
        self.failures.append(name)
        print(f"FAIL  {name}\n" + "\n".join(f"      {line}" for line in text.splitlines()), flush=True)

    def skip(self, name, reason):
        if name not in _allowed_skips():
            self.fail(name, f"skipped ({reason}), but {ALLOWED_SKIPS.name} does not allow it")
            return
        self.skipped += 1
        print(f"skip  {name}  ({reason})", flush=True)

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def _on_alarm(_signum, _frame):
    raise TimeoutError(f"the test took more than {TEST_TIMEOUT_S} s")


def run(platform, report, wanted):
    signal.signal(signal.SIGALRM, _on_alarm)
    for name, function in tests:
        if not wanted(name):
            continue
        began = time.monotonic()
        outcome, text = "ok", ""
        signal.alarm(TEST_TIMEOUT_S)
        try:
            function(platform)
        except Skip as reason:
            outcome, text = "skip", str(reason)
        except Exception:                                   # noqa: BLE001 - a test may raise anything
            outcome, text = "fail", traceback.format_exc(limit=-4)
        finally:
            signal.alarm(0)
        death = platform.mourn()
        if death:
            outcome, text = "fail", f"{text}\nshardward died: {death}"
        seconds = time.monotonic() - began
        {"ok": lambda: report.ok(name, seconds), "fail": lambda: report.fail(name, text),
         "skip": lambda: report.skip(name, text)}[outcome]()
    sys.stdout.flush()


def check_the_end(platform, report):
    """What shardward as a whole must have done by now: its end is the last test."""
    status = platform.shardward.stop()
    if status == 0:
        report.ok("shardward.ends_within_10_seconds_of_SIGTERM")
    else:
        report.fail("shardward.ends_within_10_seconds_of_SIGTERM",
                    f"exit status {status}\n{platform.shardward.log()[-3000:]}")
    said = [line for line in platform.shardward.log().splitlines()
            if any(word in line for word in SANITIZER_WORDS)]
    if said:
        report.fail("shardward.pleases_the_sanitizers", platform.shardward.log()[-12000:])
    else:
        report.ok("shardward.pleases_the_sanitizers")
