#!/usr/bin/python3
"""run.py --shardward PATH [--filter TEXT] [--list]: the integration tests.

Starts one platform in a directory of its own, and shardward before it; runs every test of the
test_*.py files beside this one; prints a line per test and the counts as the last line. --log
FILE keeps what shardward logged.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]
sys.dont_write_bytecode = True

import runner        # noqa: E402
import suite         # noqa: E402

# The order of the modules; what breaks servers comes last.
LAST = ["test_server_loss"]


def load_modules():
    """The names of all files, in their order."""
    names = sorted(path.stem for path in HERE.glob("test_*.py"))
    names = [n for n in names if n not in LAST] + [n for n in LAST if n in names]
    for name in names:
        importlib.import_module(name)
    return [name.removeprefix("test_") for name in names]


def main():
    words = runner.words(__doc__)
    words.add_argument("--without", default="", help="leave out these comma-separated files: ddl,tls")
    words.add_argument("--half", type=int, default=0, choices=(1, 2), help="every other file: those, or these")
    args = words.parse_args()
    files = load_modules()
    meant = set(files[args.half - 1::2] if args.half else files) - set(args.without.split(","))
    if args.list:
        print(*(name for name, _ in suite.tests), sep="\n")
        return 0
    return runner.run("test", args, lambda platform, report: suite.run(
        platform, report, lambda name: args.filter in name and name.split(".")[0] in meant))


if __name__ == "__main__":
    sys.exit(main())
