#!/usr/bin/python3
"""run.py --shardward PATH: tests of tools/quickstart and, in test_bench.py, of tools/bench."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tools" / "lib"),
                str(Path(__file__).resolve().parent)]

import clusters                     # noqa: E402
import suite                        # noqa: E402
from suite import equal, test       # noqa: E402

START_LIMIT_S = 180
suite.TEST_TIMEOUT_S = 600


class Tools:
    """Where the tests put their platforms. 'one' has replicas, 'two' is a fast one beside it."""

    def __init__(self, program, work):
        self.program, self.work = Path(program).resolve(), Path(work)
        first = clusters.free_base_port(12000)
        self.ports = {"one": first, "two": first + 20, "three": first + 40}

    def mourn(self):
        return None

    def dir(self, name):
        return self.work / name

    def quickstart(self, *args, root=ROOT, as_user=None, **env):
        argv = [root / "tools" / "quickstart", *args]
        if as_user:
            argv = ["setpriv", f"--reuid={as_user}", "--regid=nogroup", "--clear-groups", *argv]
        return subprocess.run([str(arg) for arg in argv], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              cwd="/", timeout=390, env={**clusters.plain_env(), **env})

    def start(self, name, *more, **options):
        return self.quickstart("start", "--dir", self.dir(name), "--base-port", self.ports[name],
                               "--shardward", self.program, *more, **options)

    def ask(self, name, sql):
        result = subprocess.run(
            [clusters.BIN / "psql", "-XAt", "-h", "127.0.0.1", "-p", str(self.ports[name]), "-U",
             "booking", "-d", "booking", "-c", sql], stdin=subprocess.DEVNULL, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=clusters.plain_env(PGPASSWORD="booking"))
        return result.stdout.strip()

    def processes(self, name):
        """The processes whose command line names a platform's directory."""
        wanted, found = str(self.dir(name)).encode(), []
        for proc in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (proc / "cmdline").read_bytes() and int(proc.name) != os.getpid():
                    found.append(proc.name)
            except OSError:
                pass
        return found


@test
def quickstart_starts_everything_within_three_minutes(t):
    began = time.monotonic()
    result = t.start("one")
    equal(result.returncode, 0, result.stdout)
    assert time.monotonic() - began < START_LIMIT_S, "too slow"
    t.said = result.stdout


@test
def it_shows_for_each_statement_of_the_booking_its_shard(t):
    for shard in ("institutions", r"users_\d", r"orders_\d", r"payments_\d"):
        assert re.search(rf"\| .*\b{shard}\b", t.said), f"{shard} is not in:\n{t.said}"
    paid = t.said.split("RETURNING payment_id, amount;")[1].split(";")[0]
    assert re.search(r"\| shard: +payments_\d", paid) and re.search(r"= [1-9]\d* \| 80", paid), paid
    assert re.search(r"= ERROR 23514", t.said), "the payment that fails"
    assert "not booked:" in t.said and "compensation" in t.said, t.said


@test
def it_shows_the_console_and_a_reload(t):
    located, pools, again = t.said.split("LOCATE patients 4711;")[1].split("  SHOW POOLS;")
    assert re.search(r"shard +users_\d", located), t.said
    reload, back = again.split("  RELOAD;")[0], again.split("  RELOAD;")[1]
    equal(t.said.count("  RELOAD;"), 2)
    for text, size in ((pools, 20), (reload, 5)):
        sizes = re.findall(r"^    users_\d .* (\d+)$", text, re.M)
        assert sizes and set(sizes) == {str(size)}, text
    assert re.search(r"pool.*20.*5", pools.split("  RELOAD;")[1]), "what has changed"
    assert re.search(r"pool.*5.*20", back), "and back"
    assert "goes on: patient 4711 is " in reload, reload


@test
def it_says_how_to_connect_look_reload_break_and_stop(t):
    port, folder = t.ports["one"], t.dir("one")
    for words in (f"psql -h 127.0.0.1 -p {port} -U booking booking",
                  f"psql -h 127.0.0.1 -p {port + 1} -U admin shardward",
                  f"http://127.0.0.1:{port + 2}/",
                  "(password: booking)", "(password: admin)", "-c RELOAD", f"edit {folder}/booking.yaml",
                  f"tools/quickstart break kill c2-west --dir {folder}",
                  f"tools/quickstart break heal --dir {folder}",
                  f"tools/quickstart stop --dir {folder}"):
        assert words in t.said, (words, t.said)
    log = (folder / "shardward.log").read_text()
    equal((log.count(" reloaded "), log.count(" reload-refused ")), (2, 0))
    program = subprocess.run([t.program, "check", "-c", folder / "booking.yaml"], check=False)
    equal(program.returncode, 0, "the file that it leaves is good")


@test
def its_status_names_six_nodes_and_shardward(t):
    result = t.quickstart("status", "--dir", t.dir("one"))
    equal(result.returncode, 0, result.stdout)
    equal(len(re.findall(r" primary$", result.stdout, re.M)), 2, result.stdout)
    equal(len(re.findall(r" replica$", result.stdout, re.M)), 4, result.stdout)
    assert re.search(r"^shardward .* pid \d+$", result.stdout, re.M), result.stdout


@test
def its_rows_are_there_through_shardward(t):
    equal(t.ask("one", "SELECT count(*) FROM doctors"), "1000")
    equal(t.ask("one", "SELECT count(*) FROM patients WHERE patient_id = 10000"), "1")
    equal(t.ask("one", "SELECT taken FROM slots WHERE doctor_id = 613 AND slot_id = 1"), "1")


@test
def its_payments_have_numbers_that_no_two_shards_give(t):
    numbers = []
    platform = clusters.Clusters(t.dir("one"))
    for shard in ("payments_0", "payments_1"):
        node, dbname = platform.place(shard)
        numbers += platform.psql(node, dbname, "-Atc", "SELECT payment_id FROM payments").split()
    equal((len(numbers), len(set(numbers))), (2001, 2001))


@test
def a_second_one_runs_beside_it(t):
    result = t.start("two", "--fast")
    equal(result.returncode, 0, result.stdout)
    for name in ("one", "two"):
        equal(t.ask(name, "SELECT count(*) FROM doctors"), "1000", name)
        equal(t.quickstart("status", "--dir", t.dir(name)).returncode, 0, name)


def broken(t, *what):
    """What `break` says, and the state of each node after it."""
    result = t.quickstart("break", *what, "--dir", t.dir("one"))
    equal(result.returncode, 0, result.stdout)
    return result.stdout, dict(re.findall(r"^(c\d-\w+) .* (\w+)$", result.stdout, re.M))


HEALTHY = {f"c{n}-{cloud}": "primary" if (n, cloud) in ((1, "east"), (2, "west")) else "replica"
           for n in (1, 2) for cloud in ("east", "west", "north")}


@test
def a_node_is_killed_and_comes_back(t):
    equal(broken(t, "kill", "c2-north")[1], {**HEALTHY, "c2-north": "down"})
    said, nodes = broken(t, "heal")
    equal(nodes, HEALTHY, said)
    assert "c2-north is started" in said, said


@test
def a_cloud_is_frozen_and_goes_on(t):
    said, nodes = broken(t, "cloud", "north")
    equal(nodes, {**HEALTHY, "c1-north": "frozen", "c2-north": "frozen"}, said)
    equal(broken(t, "heal")[1], HEALTHY)


@test
def who_was_primary_follows_who_is_promoted(t):
    broken(t, "kill", "c2-west")
    one_on_c2 = "UPDATE patients SET visits = visits WHERE patient_id = 4711"
    equal(t.ask("one", one_on_c2), "UPDATE 1", "the failover is waited for")
    said, nodes = broken(t, "heal")
    (new,) = (name for name, role in nodes.items() if role == "primary" and name.startswith("c2"))
    equal(nodes, {**HEALTHY, new: "primary", "c2-west": "replica"}, said)
    assert new != "c2-west" and f"c2-west is rewound, and follows {new}" in said, said


@test
def what_is_not_there_is_not_broken(t):
    for what, word in ((("kill", "c9-east"), "c1-east"), (("cloud", "south"), "north"), (("kill",), "name"),
                       ((), "heal")):
        result = t.quickstart("break", *what, "--dir", t.dir("one"))
        assert result.returncode != 0 and word in result.stdout, result.stdout
    result = t.quickstart("break", "heal", "--dir", t.dir("three"))
    assert result.returncode == 1 and "nothing runs" in result.stdout, result.stdout


@test
def starting_again_replaces_the_one_before(t):
    equal(t.ask("two", "DELETE FROM patients WHERE patient_id = 5"), "DELETE 1")
    result = t.start("two", "--fast")
    equal(result.returncode, 0, result.stdout)
    equal(t.ask("two", "SELECT count(*) FROM patients WHERE patient_id = 5"), "1")
    equal(t.ask("one", "SELECT count(*) FROM doctors"), "1000")


@test
def a_directory_of_somebody_else_is_refused_and_left_alone(t):
    t.dir("three").mkdir()
    (t.dir("three") / "letter").write_text("dear")
    for action in ("start", "stop"):
        result = t.quickstart(action, "--dir", t.dir("three"), "--base-port", t.ports["three"],
                              "--shardward", t.program)
        assert result.returncode not in (0, 3), result.stdout
        equal([path.name for path in t.dir("three").iterdir()], ["letter"])
    shutil.rmtree(t.dir("three"))


@test
def a_taken_port_is_refused_and_nothing_is_left(t):
    result = t.quickstart("start", "--dir", t.dir("three"), "--base-port", t.ports["one"],
                          "--shardward", t.program, "--fast")
    assert result.returncode != 0 and "is taken" in result.stdout, result.stdout
    assert not t.dir("three").exists(), "the directory"
    equal(t.ask("one", "SELECT 1"), "1")


@test
def a_status_of_what_does_not_run_is_no_success(t):
    equal(t.quickstart("status", "--dir", t.dir("three")).returncode, 3)
    equal(t.quickstart("stop", "--dir", t.dir("three")).returncode, 0)


@test
def wrong_arguments_are_told(t):
    for wrong in (["begin"], ["--base-port", "x"], ["--base-port", "80"], ["--dir"], ["--what"]):
        result = t.quickstart(*wrong)
        equal(result.returncode, 2, f"{wrong}: {result.stdout}")
    equal(t.quickstart("--help").returncode, 0)


@test
def a_directory_that_servers_cannot_reach_is_no_obstacle(t):
    closed = t.work / "closed"
    closed.mkdir(mode=0o700)
    t.ports["closed/three"] = t.ports["three"]
    result = t.start("closed/three", "--fast")
    equal(result.returncode, 0, result.stdout)
    equal(t.ask("closed/three", "SELECT 1"), "1")
    place = (t.dir("closed/three") / "nodes").resolve()
    equal(t.quickstart("stop", "--dir", t.dir("closed/three")).returncode, 0)
    assert not place.exists() and not t.dir("closed/three").exists()


@test
def an_ordinary_user_can_do_all_of_it(t):
    if os.geteuid() != 0:
        return      # then all the tests have shown it
    home = t.work / "nobody"
    for part in ("tools", "conf", "sql"):
        shutil.copytree(ROOT / part, home / "shardward" / part)
    shutil.copy(t.program, home / "shardward" / "program")
    subprocess.run(["chown", "-R", "nobody:nogroup", home], check=True)
    options = {"root": home / "shardward", "as_user": "nobody", "HOME": str(home)}
    result = t.quickstart("start", "--base-port", t.ports["three"], "--fast", "--shardward",
                          home / "shardward" / "program", **options)
    equal(result.returncode, 0, result.stdout)
    equal(t.ask("three", "SELECT count(*) FROM doctors"), "1000")
    assert (home / ".local/state/shardward/booking.yaml").exists(), "the default directory"
    result = t.quickstart("stop", **options)
    equal(result.returncode, 0, result.stdout)
    assert not (home / ".local/state/shardward").exists(), "the directory"


@test
def stop_ends_one_and_not_the_other(t):
    result = t.quickstart("stop", "--dir", t.dir("one"))
    equal(result.returncode, 0, result.stdout)
    equal(t.ask("two", "SELECT count(*) FROM doctors"), "1000")


@test
def nothing_is_left_behind(t):
    equal(t.quickstart("stop", "--dir", t.dir("two")).returncode, 0)
    for name in ("one", "two", "three"):
        assert not t.dir(name).exists(), name
        equal(t.processes(name), [], name)
        assert clusters.is_free("127.0.0.1", t.ports[name]), f"port of {name}"


import test_bench       # noqa: E402,F401 - after the tests of quickstart


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shardward", required=True)
    parser.add_argument("--filter", default="")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = Path(tempfile.mkdtemp(prefix="shardward-tools-"))
    work.chmod(0o755)
    tools, report = Tools(args.shardward, work), suite.Report()
    try:
        suite.run(tools, report, lambda name: args.filter in name)
    finally:
        for marker in list(work.rglob(clusters.MARKER)):
            if marker.exists():
                tools.quickstart("stop", "--dir", marker.parent)
        shutil.rmtree(work, ignore_errors=True)
    print(report.line())
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
