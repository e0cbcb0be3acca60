#!/usr/bin/python3
"""run.py --shardward PATH [--filter TEXT] [--list] [--cache DIR]: real drivers, on PostgreSQL and
through shardward.

Each driver has a program in its own language (see drivers.py), which prints a line `step: what it
saw` for all that it does, and `done: ...` as the last one. It runs on a PostgreSQL database with all
tables, through shardward on the sharded booking database, in pool modes transaction and session, and on a
database that is whole in mode session: what it sees must be the same. A program
finds the server by libpq's variables of the environment, in KEYS four patients of its own, each on
another shard, and in WATCH the URL of a PostgreSQL whose pg_stat_activity shows what runs for the first
of them, or without a table. Whatever it does not expect ends it with another exit status than 0. Some have a second
one, for reads on replicas: see replicas.py.

--cache DIR keeps what is built and fetched; the last line has the counts; --log FILE keeps what
shardward logged.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]
sys.dont_write_bytecode = True

import replicas                                                 # noqa: E402
import runner                                                   # noqa: E402
import suite                                                    # noqa: E402
from deviations import DEVIATIONS, deviation                    # noqa: E402
from drivers import DRIVERS, READERS                            # noqa: E402
from platform_under_test import DATABASE, ORACLE, PASSWORD, USER   # noqa: E402

import clusters                                                 # noqa: E402

WHOLE = "whole"                          # as ORACLE; served in pool mode session
KEEPER, SITTER = "keeper", "sitter"      # users whose pool mode is session: of the shards, of WHOLE
DIRECT, WAYS = "direct", ("direct", "transaction", "session over shards", "session")
AT_ONCE = 2                              # programs
TIMEOUT_S = 55
STEP = re.compile(r"([a-z][a-z0-9 ]*):(?: (.*))?")

_PATIENTS = "          patients: {key: patient_id, placement: by_patient}\n"
_USERS, _DATABASES = "users:\n  booking:\n", "databases:\n  booking:\n"


def rules():
    """Lines of YAML: the table of tables.sql, and one that each driver makes and drops."""
    names = ["kinds", *(f"notes_{driver.name}" for driver in DRIVERS)]
    return "".join(f"          {name}: {{key: patient_id, placement: by_patient}}\n" for name in names)


def in_mode_session(user, database):
    return (f"  {user}:\n    password: {PASSWORD}\n    databases: [{database}]\n"
            f"    server: {{user: {USER}, password: {PASSWORD}}}\n    pool: {{mode: session, size: 20}}\n")


_SINGLE = "          schedules: {}\n"
EDITS = (
    (_SINGLE, _SINGLE + "          django_migrations: {}\n"),
    (_PATIENTS, _PATIENTS + rules()),
    (_USERS, f"users:\n{in_mode_session(KEEPER, DATABASE)}{in_mode_session(SITTER, WHOLE)}  booking:\n"),
    (_DATABASES, f"databases:\n  {WHOLE}:\n    catalog: {{cluster: c1, dbname: {WHOLE}}}\n  booking:\n"),
)


def prepare(platform):
    """The tables and types, wherever they belong; and a shardward that knows them."""
    def load(node, dbname):
        platform.clusters.psql(node, dbname, "-1", "-f", HERE / "tables.sql", user=USER)

    for shard in ("catalog", *platform.shards("users")):
        load(*platform.clusters.place(shard))
    load(platform.main_node, ORACLE)
    platform.clusters.psql(platform.main_node, "postgres", "-c",
                           f"CREATE DATABASE {WHOLE} TEMPLATE {ORACLE} OWNER {USER}")
    suite.equal(platform.shardward.stop(), 0, "the exit status of the shardward before")
    config = platform.clusters.config_file
    text = config.read_text()
    for old, new in EDITS:
        assert text.count(old) == 1, f"{old!r} is not in the config once"
        text = text.replace(old, new)
    config.write_text(text)
    platform.shardward.start()


def server_of(platform, way):
    """Where the programs connect to, as libpq's variables."""
    node = platform.main_node
    host, port, user, database = {
        DIRECT: (node.address, node.port, USER, ORACLE),
        "transaction": ("127.0.0.1", platform.port, USER, DATABASE),
        "session over shards": ("127.0.0.1", platform.port, KEEPER, DATABASE),
        "session": ("127.0.0.1", platform.port, SITTER, WHOLE)}[way]
    return {"PGHOST": host, "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": PASSWORD,
            "PGDATABASE": database,
            "WATCH": f"postgresql://{node.address}:{node.port}/{ORACLE}?user={USER}&password={PASSWORD}"
                     "&sslmode=disable"}


@dataclass
class Outcome:
    """What a program did."""
    status: object               # its exit status, or why there is none
    output: str                  # of both, as it came
    steps: dict                  # step: what was seen, line by line
    seconds: float


def steps_of(output):
    """Lines that name no step belong to the one before."""
    steps, seen = {}, None
    for line in output.splitlines():
        if match := STEP.fullmatch(line):
            seen = steps.setdefault(match[1], [])
            line = match[2] or ""
        if seen is not None:
            seen.append(line)
    return steps


class Programs:
    """Those that run now; each is a session of its own, so that its children go with it."""

    def __init__(self):
        self.running = set()

    @staticmethod
    def _kill(process):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def execute(self, argv, env, directory):
        began = time.monotonic()
        process = subprocess.Popen(
            [str(arg) for arg in argv], env=clusters.plain_env(**env), cwd=directory, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            errors="backslashreplace", start_new_session=True)
        self.running.add(process)
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
            status = process.returncode
        except subprocess.TimeoutExpired:
            self._kill(process)
            out, err = process.communicate()
            status = "timeout"
        finally:
            self.running.discard(process)
        return Outcome(status, out + err, steps_of(out), time.monotonic() - began)

    def kill(self):
        for process in list(self.running):
            self._kill(process)


def sets_of_keys(platform, count):
    """So many lists of patients, with one on each shard."""
    drawn = {shard: [] for shard in platform.shards("users")}
    while min(map(len, drawn.values())) < count:
        key = platform.new_key()
        drawn[platform.locate("patients", key)].append(key)
    return list(zip(*drawn.values()))[:count]


class Plays:
    """All programs in all ways, some at once, in the background."""

    def __init__(self, platform, drivers, readers, cache):
        self.platform, self.cache = platform, cache
        self.pool, self.programs = ThreadPoolExecutor(AT_ONCE), Programs()
        sets = sets_of_keys(platform, 2 * len(drivers))
        self.keys = {driver.name: sets[2 * number:][:2] for number, driver in enumerate(drivers)}
        # One way at a time, and one build.
        self.turns = {driver.folder: threading.Lock() for driver in (*drivers, *readers)}
        self.built = {driver.name: self.pool.submit(self._build, driver) for driver in (*drivers, *readers)}
        self.played = {(driver.name, way): self.pool.submit(self._play, driver, way)
                       for way in WAYS for driver in drivers}

    def _places(self, driver):
        out = self.cache / driver.folder
        out.mkdir(parents=True, exist_ok=True)
        return {"src": HERE / driver.folder, "out": out}

    def _build(self, driver):
        places = self._places(driver)
        with self.turns[driver.folder]:
            for argv in driver.build:
                outcome = self.programs.execute([arg.format(**places) for arg in argv],
                                                driver.environment(places), places["out"])
                if outcome.status != 0:
                    return outcome
        return None

    def words_of(self, driver):
        """What runs it: the words, the environment, the directory."""
        places = self._places(driver)
        return [arg.format(**places) for arg in driver.run], driver.environment(places), places["out"]

    def _play(self, driver, way):
        if self.built[driver.name].result():
            return Outcome("not built", "", {}, 0)
        argv, env, directory = self.words_of(driver)
        keys = self.keys[driver.name][way == "session over shards"]
        with self.turns[driver.folder]:
            return self.programs.execute(
                argv, {**env, **server_of(self.platform, way), "KEYS": " ".join(map(str, keys))}, directory)

    def outcome(self, driver, way):
        return self.played[driver.name, way].result()

    def check_built(self, driver):
        failed = self.built[driver.name].result()
        assert not failed, f"exit status {failed.status}\n{failed.output[-6000:]}"

    def close(self):
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.programs.kill()
        self.pool.shutdown()


def check_done(plays, driver, way):
    """It came to its end, and did what it is there for."""
    outcome = plays.outcome(driver, way)
    assert outcome.status == 0 and list(outcome.steps)[-1:] == ["done"], \
        f"exit status {outcome.status}\n{outcome.output[-6000:]}"
    suite.equal(list(outcome.steps), driver.steps, f"the steps\n{outcome.output}")
    empty = [step for step, lines in outcome.steps.items() if not "".join(lines).strip()]
    assert not empty, f"nothing seen: {empty}"


def check_step(plays, driver, way, step):
    expected = plays.outcome(driver, DIRECT).steps.get(step)
    assert expected, f"not done on PostgreSQL\n{plays.outcome(driver, DIRECT).output[-2000:]}"
    got, differs = plays.outcome(driver, way).steps.get(step), deviation(way, driver.name, step)
    if differs:
        assert differs != expected, "the same as PostgreSQL: no deviation any more"
        expected = differs
    suite.equal(got, expected, plays.outcome(driver, way).output[-2000:] if got is None else "")


def tests_of(plays, driver):
    if driver.build:
        yield f"{driver.name}: is built", lambda _: plays.check_built(driver)
    for way in WAYS:
        yield (f"{driver.name}: {way}: comes to its end",
               lambda _, w=way: check_done(plays, driver, w))
        for step in driver.steps if way != DIRECT else ():
            yield (f"{driver.name}: {way}: {step}",
                   lambda _, w=way, s=step: check_step(plays, driver, w, s))


def check_the_deviations():
    """Each is of something that is done."""
    for known in DEVIATIONS.values():
        for name, step in known:
            assert any(name in (driver.name, "*") and step in driver.steps for driver in DRIVERS), \
                f"no step: {name}, {step}"


def main():
    parser = runner.words(__doc__)
    parser.add_argument("--cache", type=Path, help="where to keep what is built and fetched")
    args = parser.parse_args()
    check_the_deviations()

    def wanted(drivers, tests):
        return [driver for driver in drivers if any(args.filter in name for name, _ in tests(None, driver))]

    players, readers = wanted(DRIVERS, tests_of), wanted(READERS, replicas.tests_of)

    def all_tests(plays):
        yield from (test for driver in players for test in tests_of(plays, driver))
        yield from (test for driver in readers for test in replicas.tests_of(plays, driver))

    if args.list:
        print(*(name for name, _ in all_tests(None)), sep="\n")
        return 0

    def tests(platform, report):
        prepare(platform)
        cache = (args.cache or platform.dir / "cache").resolve()
        with contextlib.closing(Plays(platform, players, readers, cache)) as plays:
            suite.tests[:] = all_tests(plays)
            suite.run(platform, report, lambda name: args.filter in name)
    return runner.run("drivers", args, tests)


if __name__ == "__main__":
    sys.exit(main())
