#!/usr/bin/python3
"""run.py --shardward PATH [--only NAME] [--quick] [--runs N] [--soak SECONDS]
       [--log DIR] [--list]: faults.

Clusters with standbys behind shardward, clients that write histories, something that breaks, and a
verdict: was anything lost that was acknowledged? Without names all scenarios run, with --quick the
few that take a minute. --runs repeats what takes a primary away so often, and prints how long writes
were away.

As root everything runs in namespaces of its own, of processes and of the network: whatever becomes
of this program, no process is left. The last line is "N passed, N failed, N skipped".
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
sys.dont_write_bytecode = True

import replicated       # noqa: E402 - it finds the other rooms
import suite            # noqa: E402
import clocks           # noqa: E402,F401 - the tables of scenarios
import controls         # noqa: E402,F401
import disks            # noqa: E402,F401
import distances        # noqa: E402,F401
import encrypted        # noqa: E402,F401
import figures          # noqa: E402
import following        # noqa: E402,F401
import names            # noqa: E402,F401
import networks         # noqa: E402,F401
import pairs            # noqa: E402,F401
import primaries        # noqa: E402,F401
import promotions       # noqa: E402,F401
import proxies          # noqa: E402
import rejoining        # noqa: E402,F401
import standbys         # noqa: E402,F401
import table            # noqa: E402
import terms            # noqa: E402,F401
import volumes          # noqa: E402
import watching         # noqa: E402,F401
from world import SUMMARY, Lab      # noqa: E402

suite.TEST_TIMEOUT_S = 240
ISOLATED = ["unshare", "--net", "--ipc", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"]


def words():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shardward", required=True)
    parser.add_argument("--only", default="", help="only scenarios whose name holds this text")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=0, help="figures of so many runs, instead of scenarios")
    parser.add_argument("--soak", type=float, default=proxies.soak_s, metavar="SECONDS",
                        help="how long the scenario that is named a soak takes")
    parser.add_argument("--log", help="a directory for the logs and histories of all scenarios")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--keeper", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def is_isolated():
    if os.geteuid() != 0:
        return False
    tried = subprocess.run([*ISOLATED, "ip", "link", "set", "lo", "up"], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return tried.returncode == 0


def outside():
    """Run ourselves again, inside; the directory is ours to remove."""
    directory = replicated.work_directory("shardward-faults-")
    keeper, thread = volumes.start_keeper()
    argv = [sys.executable, "-B", __file__, *sys.argv[1:], "--inside", str(directory), "--keeper", str(keeper.fileno())]
    within = ISOLATED if is_isolated() else []
    child = subprocess.Popen([*within, *argv], stdin=subprocess.DEVNULL, pass_fds=[keeper.fileno()])
    keeper.close()

    def end(_number, _frame):
        # Without a namespace it has to clean up by itself.
        child.send_signal(signal.SIGKILL if within else signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        return child.wait()
    finally:
        thread.join()
        shutil.rmtree(directory, ignore_errors=True)


def wanted(args):
    def is_wanted(name):
        return args.only in name and (not args.quick or "quick" in table.tags_of(name))
    return is_wanted


def inside(args):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    in_namespace = os.getpid() == 1
    if in_namespace:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    lab = Lab(args.shardward, args.inside, has_clouds=in_namespace, log_dir=args.log)
    report = suite.Report()
    keeper = socket.socket(fileno=args.keeper)
    volumes.keeper = keeper if in_namespace else None
    proxies.soak_s = args.soak
    suite.TEST_TIMEOUT_S += int(args.soak)
    if args.runs:
        figures.run(lab, report, args.runs, args.only)
    else:
        suite.run(lab, report, wanted(args))
        if lab.summary:
            table.show([SUMMARY, *lab.summary])
    if report.failures:
        print("\nfailed:", *report.failures, sep="\n  ")
    print(report.line())
    return 1 if report.failed or not report.passed else 0


def main():
    args = words()
    if args.list:
        for name, _ in suite.tests:
            print(name, *sorted(table.tags_of(name)))
        return 0
    return inside(args) if args.inside else outside()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
