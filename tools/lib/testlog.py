"""testlog.py TESTLOG FAILURES - counts the tests in meson's testlog.json.

Prints "PASSED FAILED SKIPPED"; the output of what failed goes to the file FAILURES. The tests
inside a cmocka program count one by one, another program counts as one. A skip that
tests/allowed-skips.txt does not name is a failure.
"""

import json
import re
import sys
from pathlib import Path

ALLOWED_SKIPS = Path(__file__).resolve().parents[2] / "tests" / "allowed-skips.txt"


def allowed(name):
    lines = ALLOWED_SKIPS.read_text().splitlines() if ALLOWED_SKIPS.exists() else []
    return any(line.split("  ", 1)[0].strip() == name for line in lines if not line.startswith("#"))


def count(entry):
    """(passed, failed, skipped, reasons) of one program."""
    output = (entry.get("stdout") or "") + "\n" + (entry.get("stderr") or "")
    total = sum(int(n) for n in re.findall(r"^\[==========\] .*?Running (\d+) test", output, re.M))
    if entry["result"] == "SKIP" or (total == 0 and entry["result"] == "OK"):
        names = [entry["name"]] if entry["result"] == "SKIP" else []
        total = 1
        passed = 1 - len(names)
    else:
        names = sorted(set(re.findall(r"^\[  SKIPPED \] (\w+)$", output, re.M)))
        passed = len(re.findall(r"^\[       OK \] ", output, re.M))
    skipped = [name for name in names if allowed(name)]
    failed = total - passed - len(skipped)
    if entry["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and failed <= 0:
        failed = 1      # it crashed after its tests, or a sanitizer complained
    reasons = [f"{name}: skipped, but not allowed" for name in names if name not in skipped]
    if failed:
        reasons.append(f"{entry['name']}: {entry['result']}\n{output[-20000:]}")
    return passed, failed, len(skipped), reasons


def main():
    log, failures = Path(sys.argv[1]), Path(sys.argv[2])
    totals, reasons = [0, 0, 0], []
    for line in log.read_text().splitlines() if log.exists() else []:
        passed, failed, skipped, why = count(json.loads(line))
        totals = [a + b for a, b in zip(totals, (passed, failed, skipped))]
        reasons += why
    failures.write_text("".join(f"{reason}\n" for reason in reasons))
    print(*totals)


if __name__ == "__main__":
    main()
