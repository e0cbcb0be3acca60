"""main - measures every contender in turn, round after round. tools/bench --help tells the rest."""

import argparse
import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import client           # noqa: E402
import clusters         # noqa: E402
import contender        # noqa: E402
import idle             # noqa: E402
import pgbench          # noqa: E402
import picture          # noqa: E402
import procs            # noqa: E402
import report           # noqa: E402
import servers          # noqa: E402
import several          # noqa: E402

SAMPLE = 0.1                    # of the transactions, for percentiles; all with one client
WARM_UP, QUICK_WARM_UP = 50, 2  # transactions of each client before a measurement
QUICK = 25                      # of each client, instead of the seconds, with --quick
FILES_APART = 200               # what a proxy has open beside its clients
FIRST_PORT = 30000
TLS_LOGIN_S = 0.005             # of one client, both sides, on a slow machine


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, args, work_dir):
        self.args, self.dir = args, work_dir
        contenders, self.missing = contender.read_all(args.shardward)
        if args.tls:
            contenders = [one for one in contenders if one.knows_tls]
        self._choose(contenders)
        self.running = {}
        self.samples = {}               # (case, contender's name) -> one report.Sample a round
        self.calls = {}                 # (case, contender's name) -> system calls, a transaction
        self.idle = {}                  # contender's name -> report.Idle
        self.several = {}               # contender's name -> {case's name: several.Figures}
        self.next_port = FIRST_PORT + 50 * (os.getpid() % 500)
        self.server = servers.Server(work_dir, self._free_port(), self._most_connections())

    def _choose(self, contenders):
        """What --only leaves. Words that name no contender leave all of them; words that name
        neither a case nor "idle" or "several" leave all of those."""
        words = [w.strip().lower() for w in self.args.only.split(",") if w.strip()]

        def named(things):
            return [t for t in things if any(w in t.name.lower() for w in words)]
        wants_idle, wants_several, cases = "idle" in words, "several" in words, named(pgbench.CASES)
        unknown = [w for w in words if w not in ("idle", "several") and not any(
            w in t.name.lower() for t in [*contenders, *pgbench.CASES])]
        if unknown:
            raise clusters.Failure(f"--only: nothing has {unknown[0]!r} in its name")
        self.contenders = named(contenders) or contenders
        is_all = not (cases or wants_idle or wants_several)
        self.cases = pgbench.CASES if is_all else cases
        self.crowds = self._crowds() if wants_idle or is_all else []
        self.readers = [one for one in self.contenders if one.reads_several
                        and (wants_several or is_all) and not self.args.tls]

    def _crowds(self):
        """How many idle clients the limit of open files allows."""
        wanted = [20, 40] if self.args.quick else [1_000, 10_000]
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - FILES_APART
        for count in wanted:
            if count > most:
                self.missing.append((f"{count} idle clients",
                                     f"the limit of open files allows {most}"))
        return [count for count in wanted if count <= most]

    def _most_connections(self):
        """What the server has to stand: clients of proxies that give each a connection."""
        return max((min(c.idle_limit or 0, max(self.crowds, default=0)) for c in self.contenders),
                   default=0)

    def _free_port(self):
        """The first of two free ports."""
        while True:
            port = self.next_port
            self.next_port += 2
            if self.next_port > 60000:
                raise clusters.Failure("no free port")
            if all(clusters.is_free("127.0.0.1", p) for p in (port, port + 1)):
                return port

    def _most_clients(self):
        return max([1, *self.crowds, *(case.clients for case in self.cases)])

    def start_instance(self, one, instance, dirname, login="scram", parts=()):
        place_dir = self.dir / dirname
        place_dir.mkdir()
        if self.args.tls:
            servers.make_certificate(place_dir)
        place = contender.Place(
            place_dir, self._free_port(), self.server.address, self.server.port, servers.USER,
            servers.PASSWORD, servers.verifier(servers.PASSWORD), servers.DBNAME,
            servers.CATALOG, servers.SHARDS, self._most_clients(), self.args.shardward,
            self.args.tls, login == "trust", parts)
        return contender.Running(one, instance, place)

    def start(self):
        say("starting PostgreSQL and the proxies")
        self.server.start()
        for number, one in enumerate(list(self.contenders)):
            try:
                for instance, login in sorted({self._instance(one, case) for case in self.cases}):
                    self.running[one, instance, login] = self.start_instance(
                        one, instance, f"{number}-{instance}-{login}", login)
            except contender.Unavailable as reason:
                self.missing.append((one.name, str(reason)))
                self.contenders.remove(one)

    def stop_instances(self):
        for running in self.running.values():
            running.stop()
        self.running = {}

    def stop(self):
        self.stop_instances()
        self.server.stop()

    @staticmethod
    def _instance(one, case):
        return one.instance_for(case.protocol), case.login

    def instance(self, one, case):
        return self.running[one, *self._instance(one, case)]

    def _warm_up(self, case):
        return QUICK_WARM_UP if self.args.quick or case.transactions else WARM_UP

    def _transactions(self, case):
        """Of each client, where the time does not end a measurement."""
        if self.args.quick and case.transactions:
            return QUICK_WARM_UP
        return case.transactions or QUICK

    def _seconds(self, case):
        """pgbench's time runs while its clients log in, which in TLS takes a crowd seconds."""
        logging_in = TLS_LOGIN_S * case.clients if self.args.tls else 0
        return self.args.seconds + round(logging_in)

    def measure(self, one, case):
        running = self.instance(one, case)
        few = {"most_clients": pgbench.QUICK_CROWD} if self.args.quick else {}
        pgbench.run(case, running, self.dir, transactions=self._warm_up(case), **few)
        pids = running.pids()
        before = procs.cpu_ns(pids)
        if self.args.quick or case.transactions:
            outcome = pgbench.run(case, running, self.dir, **few,
                                  transactions=self._transactions(case))
        else:
            outcome = pgbench.run(case, running, self.dir, seconds=self._seconds(case),
                                  sampling=1.0 if case.clients == 1 else SAMPLE)
        used = procs.cpu_ns(pids) - before
        return report.Sample(outcome.tps, outcome.percentile(50), outcome.percentile(99),
                             used / 1000 / outcome.transactions if pids else None)

    def count_calls(self, one, case):
        """A long run less a short one: what logging in costs is in both."""
        running = self.instance(one, case)
        short, long = (1, 6) if self.args.quick else (5, 65) if case.is_login_each else (20, 420)
        counts = []
        for transactions in (short, long):
            with procs.SystemCalls(running.pids(), self.dir / "strace") as calls:
                pgbench.run(case, running, self.dir, transactions=transactions)
            counts.append(calls.count)
        return (counts[1] - counts[0]) / (case.clients * (long - short))

    def rounds(self):
        for number in range(self.args.rounds):
            for case in self.cases:
                say(f"round {number + 1} of {self.args.rounds}: {case.name}")
                # Nobody always follows the same one.
                turn = number % len(self.contenders)
                for one in self.contenders[turn:] + self.contenders[:turn]:
                    if one.takes(case):
                        self.samples.setdefault((case, one.name), []).append(
                            self.measure(one, case))

    def all_several(self):
        if not self.readers:
            return
        say("loading rows of eight shards")
        parts = several.Parts(self.args.quick)
        parts.load(self.server)
        for one in self.readers:
            running = self.start_instance(one, one.instance_for("simple"), f"several-{one.name}",
                                          parts=parts.ranges())
            try:
                reads = several.Several(parts, self.server, running, self.args.quick)
                for number in range(self.args.rounds):
                    for case in several.CASES:
                        say(f"round {number + 1} of {self.args.rounds}: {case.name}, 8 shards")
                        reads.round(case)
                reads.close()
                self.several[one.name] = reads.figures
            finally:
                running.stop()

    def _counted_cases(self):
        counted = [case for case in self.cases if case.has_calls]
        return counted[:1] if self.args.quick else counted      # strace takes its time

    def all_calls(self):
        say("system calls")
        try:
            for case in self._counted_cases():
                for one in self.contenders:
                    if one.program is not None and one.takes(case):
                        self.calls[case, one.name] = self.count_calls(one, case)
        except OSError as reason:
            self.missing.append(("system calls", str(reason)))

    def all_idle(self):
        for one in self.contenders if self.crowds else []:
            counts = [c for c in self.crowds if one.idle_limit is None or c <= one.idle_limit]
            if not counts:
                self.missing.append((f"{one.name}, idle clients", one.idle_reason))
                continue
            if counts != self.crowds:
                self.missing.append((f"{one.name}, {self.crowds[-1]} idle clients",
                                     one.idle_reason))
            say(f"idle clients: {one.name}")
            try:
                self.idle[one.name] = self.measure_idle(one, counts)
            except (OSError, contender.Unavailable) as reason:
                self.missing.append((f"{one.name}, idle clients", str(reason)))

    def measure_idle(self, one, counts):
        """In a process of its own, which has known some clients before."""
        running = self.start_instance(one, one.instance_for("simple"), f"idle-{one.name}")
        try:
            crowd = idle.Crowd(lambda: client.Client(running.address, running.port, servers.USER,
                                                       servers.PASSWORD, servers.DBNAME,
                                                       self.args.tls))

            def memory():
                return procs.memory_bytes(running.pids())
            crowd.grow(min(50, counts[0]))
            crowd.leave()
            before, grown = idle.settled(memory), {}
            for count in counts:
                crowd.grow(count)
                grown[count] = idle.settled(memory) - before
            crowd.leave()
            left = idle.settled(memory) - before
            most = grown[counts[-1]]
            return report.Idle({n: size / n for n, size in grown.items()},
                               1 - left / most if most > 0 else 0.0)
        finally:
            running.stop()

    def results(self):
        return report.Results(self.args, self.contenders, self.cases, self.crowds, self.samples,
                              self.calls, self.idle, self.several, self.missing)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shardward", required=True)
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--seconds", type=int, default=None)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--train", action="store_true",
                        help="only load the proxies; nothing is printed")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    args = parser.parse_args()
    args.shardward = str(Path(args.shardward).resolve())
    args.rounds = args.rounds or (1 if args.quick else 3)
    args.seconds = args.seconds or 4
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Where the user that PostgreSQL runs as reaches it.
    work_dir = Path(tempfile.mkdtemp(prefix=f"shardward-bench-{os.getpid()}-",
                                     dir="/var/tmp" if os.geteuid() == 0 else None))
    work_dir.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, work_dir, ignore_errors=True)
        bench = Bench(args, work_dir)
        stack.callback(bench.stop)
        bench.start()
        bench.rounds()
        if args.train:
            return
        bench.all_calls()
        bench.stop_instances()      # their server connections are wanted by idle clients
        bench.all_idle()
        bench.all_several()
        results = bench.results()
    print(report.table(results))
    if args.json:
        args.json.write_text(json.dumps(report.plain(results), indent=1) + "\n")
    if args.svg:
        args.svg.write_text(picture.draw(results))


if __name__ == "__main__":
    try:
        main()
    except clusters.Failure as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
