"""pgbench - the cases, and one run of pgbench."""

import re
import shutil
import subprocess
from dataclasses import dataclass

import clusters
import servers

SELECT_ONLY = f"""\\set aid random(1, {servers.ACCOUNTS})
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
"""

# All rows share the key, so that every sharding proxy can run it on one shard.
TPCB_LIKE = f"""\\set bid random(1, {servers.BRANCHES})
\\set tid random(1, {servers.TELLERS})
\\set aid random(1, {servers.ACCOUNTS_OF_A_BRANCH})
\\set delta random(-5000, 5000)
BEGIN;
UPDATE bench_accounts SET abalance = abalance + :delta WHERE bid = :bid AND aid = :aid;
SELECT abalance FROM bench_accounts WHERE bid = :bid AND aid = :aid;
UPDATE bench_tellers SET tbalance = tbalance + :delta WHERE bid = :bid AND tid = :tid;
UPDATE bench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO bench_history (bid, tid, aid, delta, mtime)
    VALUES (:bid, :tid, :aid, :delta, CURRENT_TIMESTAMP);
END;
"""

# The name of the column makes every text a new one, also for whoever leaves literals out.
UNCACHED = f"""\\set aid random(1, {servers.ACCOUNTS})
\\set word random(1, 1000000000)
SELECT abalance AS word_:word FROM pgbench_accounts WHERE aid = :aid;
"""

# What one row of one shard can be made to give: 100 MB in rows of a kilobyte, and a row of 40 MB.
WIDE = f"""\\set aid random(1, {servers.ACCOUNTS})
SELECT repeat('x', 1000) FROM pgbench_accounts, generate_series(1, 100000) WHERE aid = :aid;
"""
LARGE_ROW = f"""\\set aid random(1, {servers.ACCOUNTS})
SELECT repeat('x', 40000000) FROM pgbench_accounts WHERE aid = :aid;
"""

CLIENTS, CROWD, QUICK_CROWD = 16, 1_000, 40
SPARE_TIME_S = 120      # for logging in, and for what --seconds does not end


@dataclass(frozen=True)
class Case:
    workload: str
    protocol: str
    clients: int
    script: str
    transactions: int = None        # of each client; None: as many as the time allows
    login: str = "scram"            # or "trust"
    is_login_each: bool = False     # a new connection for each transaction
    has_calls: bool = True          # its system calls are counted

    @property
    def name(self):
        count = "1 client" if self.clients == 1 else f"{self.clients:,} clients"
        return f"{self.workload}, {self.protocol}, {count}"


CASES = [
    *(Case("select-only", protocol, CLIENTS, SELECT_ONLY)
      for protocol in ("simple", "extended", "prepared")),
    *(Case("tpcb-like", protocol, CLIENTS, TPCB_LIKE)
      for protocol in ("simple", "extended", "prepared")),
    Case("uncached", "simple", CLIENTS, UNCACHED),
    *(Case("select-only", protocol, 1, SELECT_ONLY) for protocol in ("simple", "prepared")),
    Case("crowd", "simple", CROWD, SELECT_ONLY, has_calls=False),
    *(Case(f"login each by {login}", "simple", CLIENTS, SELECT_ONLY, login=login,
           is_login_each=True) for login in ("scram", "trust")),
    Case("100 MB", "simple", 1, WIDE, transactions=10, has_calls=False),
    Case("row of 40 MB", "simple", 1, LARGE_ROW, transactions=10, has_calls=False),
]


@dataclass
class Outcome:
    transactions: int
    tps: float
    latencies_us: list          # of a sample of the transactions, sorted

    def percentile(self, percent):
        return self.latencies_us[min(len(self.latencies_us) - 1,
                                     len(self.latencies_us) * percent // 100)]


def run(case, running, work_dir, seconds=None, transactions=None, sampling=1.0, most_clients=CROWD):
    """One run, for some seconds or for some transactions of each client."""
    clients = min(case.clients, most_clients)
    place = work_dir / "pgbench"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "script.sql").write_text(case.script)
    sslmode = "require" if running.place.has_tls else "disable"
    limit = ["-T", str(seconds)] if seconds else ["-t", str(transactions)]
    through = f"pgbench, {case.name}, through {running.contender.name}"
    try:
        result = subprocess.run(
            [clusters.BIN / "pgbench", "-n", "-f", "script.sql", "-M", case.protocol,
             "-c", str(clients), "-j", str(min(2, clients)), *limit, *["-C"] * case.is_login_each,
             "--log", "--log-prefix=log", f"--sampling-rate={sampling}", "-h", running.address,
             "-p", str(running.port), "-U", servers.USER, servers.DBNAME],
            cwd=place, env=clusters.plain_env(PGPASSWORD=servers.PASSWORD, PGSSLMODE=sslmode,
                                              PGGSSENCMODE="disable"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, timeout=(seconds or 0) + SPARE_TIME_S)
    except subprocess.TimeoutExpired as late:
        raise clusters.Failure(f"{through}: no end after {late.timeout:.0f} s") from late
    done = re.search(r"actually processed: (\d+)", result.stdout)
    tps = re.search(r"^tps = ([\d.]+)", result.stdout, re.M)
    failed = re.search(r"failed transactions: (\d+)", result.stdout)
    if result.returncode != 0 or not done or not tps or (failed and int(failed[1]) > 0):
        raise clusters.Failure(f"{through}:\n{result.stdout[-2000:]}")
    latencies = sorted(int(line.split()[2]) for log in place.glob("log*")
                       for line in log.read_text().splitlines())
    return Outcome(int(done[1]), float(tps[1]), latencies or [0])
