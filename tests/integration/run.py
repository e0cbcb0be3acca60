#!/usr/bin/python3
"""run.py --shardward PATH [--filter TEXT] [--list]: the integration tests.

Starts one platform in a directory of its own, and shardward before it; runs every test of the
test_*.py files beside this one; prints a line per test and the counts as the last line. --log
FILE keeps what shardward logged.
"""

import argparse
import importlib
import shutil
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]
sys.dont_write_bytecode = True

import suite                                     # noqa: E402
from platform_under_test import Platform         # noqa: E402

# The order of the modules; what breaks servers comes last.
LAST = ["test_server_loss"]


def load_modules():
    names = sorted(path.stem for path in HERE.glob("test_*.py"))
    for name in [n for n in names if n not in LAST] + [n for n in LAST if n in names]:
        importlib.import_module(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shardward", required=True)
    parser.add_argument("--filter", default="", help="only tests whose name holds this text")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--log", help="where to leave shardward's log")
    args = parser.parse_args()
    load_modules()
    if args.list:
        print(*(name for name, _ in suite.tests), sep="\n")
        return 0
    # SIGTERM ends us through the cleaning below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = suite.Report()
    state_dir = Path(tempfile.mkdtemp(prefix="shardward-test-"))
    state_dir.chmod(0o755)
    platform = Platform(args.shardward, state_dir)
    try:
        platform.start()
        suite.run(platform, report, lambda name: args.filter in name)
        suite.check_the_end(platform, report)
    finally:
        if args.log and (state_dir / "shardward.log").exists():
            shutil.copy(state_dir / "shardward.log", args.log)
        platform.stop()
        shutil.rmtree(state_dir, ignore_errors=True)
    if report.failures:
        print("\nfailed:", *report.failures, sep="\n  ")
    print(report.line())
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
