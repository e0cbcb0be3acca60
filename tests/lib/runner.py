"""runner - what the programs that test on a platform have in common: their words, and their end."""

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import suite
from platform_under_test import Platform


def words(description, has_names=True):
    """A parser of what all runners understand."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--shardward", required=True)
    parser.add_argument("--log", help="where to leave shardward's log")
    if has_names:
        parser.add_argument("--filter", default="", help="only tests whose name holds this text")
        parser.add_argument("--list", action="store_true")
    return parser


def run(name, args, tests):
    """Call tests(platform, report) between the start and the end of a platform, in a directory of its
    own; print the counts. Returns the exit status. SIGTERM ends all that, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = suite.Report()
    state_dir = Path(tempfile.mkdtemp(prefix=f"shardward-{name}-"))
    state_dir.chmod(0o755)
    platform = Platform(args.shardward, state_dir)
    try:
        platform.start()
        tests(platform, report)
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
