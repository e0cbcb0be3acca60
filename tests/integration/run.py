#!/usr/bin/python3
"""run.py --shardward PATH [--filter TEXT] [--list]: the integration tests.

Starts one platform in a directory of its own, and shardward before it; runs every test of the
test_*.py files beside this one; prints a line per test and the counts as the last line. --log
FILE keeps what shardward logged.
"""

import contextlib
import functools
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
    names = sorted(path.stem for path in HERE.glob("test_*.py"))
    names = [n for n in names if n not in LAST] + [n for n in LAST if n in names]
    for name in names:
        importlib.import_module(name)


def taker(directory):
    """Whether a file is for this runner: who comes first takes it, and has it from then on."""
    @functools.cache
    def takes(file):
        with contextlib.suppress(FileExistsError):
            (directory / file).touch(exist_ok=False)
            return True
        return False
    return takes


def main():
    words = runner.words(__doc__)
    words.add_argument("--without", default="", help="leave out these comma-separated files: ddl,tls")
    words.add_argument("--share", type=Path, metavar="DIR",
                       help="leave out files that another runner has taken, who shares the directory DIR")
    args = words.parse_args()
    load_modules()
    left_out = set(args.without.split(","))
    takes = taker(args.share) if args.share else lambda _: True
    if args.list:
        print(*(name for name, _ in suite.tests), sep="\n")
        return 0

    def is_ours(file):
        return file not in left_out and takes(file)

    return runner.run("test", args, lambda platform, report: suite.run(
        platform, report, lambda name: args.filter in name and is_ours(name.split(".")[0])))


if __name__ == "__main__":
    sys.exit(main())
