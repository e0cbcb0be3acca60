"""tools/bench: a quick run fills every field, and whatever ends it, nothing is left."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree

import clusters
from suite import equal, test

ROOT = Path(__file__).resolve().parents[2]
CONTENDERS = ["direct", "pgbouncer", "haproxy", "pgpool-II", "shardward, 1 shard",
              "shardward, 4 shards", "shardward, 1 shard, 2 workers",
              "shardward, 4 shards, 2 workers", "shardward, session"]
ABSENT = {      # those that have a server connection for each client, or leave logins to the server
    "crowd": ("direct", "haproxy", "pgpool-II", "shardward, session"),
    "login each by scram": ("direct", "haproxy", "pgpool-II"),
}
FIGURES = ("tps", "p50_us", "p99_us", "cpu_us", "calls")


def start(t, *args):
    """tools/bench in a process group of its own, with its directories where they can be seen."""
    return subprocess.Popen(
        [ROOT / "tools" / "bench", "--shardward", t.program, *map(str, args)], cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=clusters.plain_env(), start_new_session=True)


def run(t, *args):
    process = start(t, *args)
    output = process.communicate()[0]
    return process.returncode, output


def left_by(pid):
    """Directories and processes of a run that has ended."""
    mark = f"shardward-bench-{pid}-"
    places = [path for top in ("/var/tmp", os.environ.get("TMPDIR", "/tmp"))
              for path in Path(top).glob(mark + "*")]
    return places + [proc.name for proc in Path("/proc").glob("[0-9]*") if mark in command(proc)]


def command(proc):
    try:
        return (proc / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


@test
def a_quick_bench_in_tls_has_those_that_know_it(t):
    file = t.work / "tls.json"
    status, output = run(t, "--quick", "--tls", "--only", "uncached", "--json", file)
    equal(status, 0, output)
    found = json.loads(file.read_text())
    equal([one["name"] for one in found["contenders"]],
          [name for name in CONTENDERS if name not in ("direct", "haproxy", "pgpool-II", "shardward, session")])


@test
def a_quick_bench_fills_every_row(t):
    files = t.work / "bench.json", t.work / "bench.svg"
    process = start(t, "--quick", "--json", files[0], "--svg", files[1])
    output = process.communicate()[0]
    equal(process.returncode, 0, output)
    found = json.loads(files[0].read_text())
    equal([one["name"] for one in found["contenders"]], CONTENDERS)
    assert all(one["version"] for one in found["contenders"]), found["contenders"]
    equal(len(found["cases"]), 14)
    for number, case in enumerate(found["cases"]):
        absent = ABSENT.get(case["workload"], ())
        equal([row["contender"] for row in case["rows"]],
              [name for name in CONTENDERS if name not in absent], case["name"])
        for row in case["rows"]:
            empty = {"cpu_us", "calls"} if row["contender"] == "direct" else {"calls"} if number else set()
            equal({key for key in FIGURES if not isinstance(row[key], (int, float))}, empty,
                  f"{case['name']}, {row['contender']}")
            assert row["tps"] > 0 and row["p50_us"] > 0 and row["ratios"]["tps"] > 0, row
    equal([one["contender"] for one in found["idle"]],
          [name for name in CONTENDERS if name not in ("direct", "pgpool-II", "shardward, session")])
    for case in found["several"][0]["cases"]:
        assert all(case[f"{key}_us"] > 0 for key in ("direct", "legs", "shardward", "cpu")), case
    equal({case["name"]: case["rows"] for case in found["several"][0]["cases"]},
          {"point select": 10, "IN of 10 keys": 10, "IN of 10 keys, prepared": 10, "count": 1, "top 10": 10,
           "group by": 11, "sorted export": 8000})
    for case in found["cases"]:
        assert case["name"] in output, f"{case['name']} is not in:\n{output}"
    equal(ElementTree.parse(files[1]).getroot().tag, "{http://www.w3.org/2000/svg}svg")
    for name in CONTENDERS:
        assert f">{name}</text>" in files[1].read_text(), name
    equal(left_by(process.pid), [])


@test
def bench_measures_only_what_was_named(t):
    code, output = run(t, "--quick", "--only", "pgbouncer,uncached")
    equal(code, 0, output)
    assert "uncached, simple" in output and "pgbouncer" in output, output
    assert "haproxy" not in output and "select-only" not in output, output


@test
def bench_refuses_what_it_does_not_understand(t):
    for wrong in (["--rounds", "0"], ["--seconds", "x"], ["--json"], ["--what"],
                  ["--svg", "/nowhere/at/all.svg"], ["--shardward", "/nowhere/shardward"]):
        code, output = run(t, *wrong)
        equal(code, 2, f"{wrong}: {output}")
    code, output = run(t, "--only", "nobody")
    equal(code, 1, output)
    assert "'nobody'" in output, output


@test
def an_interrupted_bench_leaves_nothing_behind(t):
    process = start(t, "--only", "pgbouncer,shardward,select-only")
    for line in process.stdout:
        if line.startswith("round "):
            break
    assert left_by(process.pid), "it has not begun"
    os.kill(process.pid, signal.SIGTERM)
    output = process.communicate()[0]
    equal(process.returncode, 143, output)
    deadline = time.monotonic() + 10
    while left_by(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)        # PostgreSQL's children end a moment after their father
    equal(left_by(process.pid), [])
