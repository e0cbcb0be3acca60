"""quickstart - the part of tools/quickstart after packages and build; see tools/quickstart."""

import argparse
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import booking    # noqa: E402
import breaking   # noqa: E402
import clusters   # noqa: E402
import processes  # noqa: E402
import topology   # noqa: E402

READY_TIMEOUT_S = 20


class Quickstart:
    def __init__(self, args):
        self.args = args
        self.clusters = clusters.Clusters(args.dir)
        self.dir = self.clusters.dir
        self.pid_file = self.dir / "shardward.pid"
        self.log_file = self.dir / "shardward.log"
        self.began = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.began:5.1f} s] {text}", flush=True)

    def port(self):
        primary = self.clusters.nodes[0]
        return primary.port - 11

    # The three actions

    def start(self):
        if self.clusters.is_ours():
            self.say(f"replacing what runs in {self.dir}")
            self.stop()
            self.clusters = clusters.Clusters(self.args.dir)
        if not clusters.is_free("127.0.0.1", self.args.base_port):
            raise clusters.Failure(f"port {self.args.base_port} is taken; choose another "
                                   "--base-port")
        self.say("starting two PostgreSQL clusters"
                 + ("" if self.args.fast else ", each a primary with two replicas"))
        try:
            self.clusters.start(self.args.base_port, self.args.fast)
            self.clusters.install(self.args.shardward)
            self.say("schema shardward is installed, and the map accepted")
            self._start_shardward()
            self._load()
            self._show_booking()
            self._show_console()
        except BaseException:
            self._keep_log()
            if self.clusters.is_ours():
                self.stop()
            raise
        self._say_what_next()

    def stop(self):
        if not self.clusters.is_ours():
            if self.dir.exists() and any(self.dir.iterdir()):
                raise clusters.Failure(f"{self.dir} is not a directory of quickstart")
            print(f"nothing runs in {self.dir}")
            return
        if not processes.stop(self.pid_file):
            print("shardward did not end by itself and was killed", file=sys.stderr)
        self.clusters.stop()

    def status(self):
        """Exit status 0 if everything runs, 3 if not."""
        if not self.clusters.is_ours():
            print(f"nothing runs in {self.dir}")
            return 3
        pid = processes.living_pid(self.pid_file)
        lines = list(self.clusters.status())
        print(f"{'shardward':10} 127.0.0.1:{self.port()}  {f'pid {pid}' if pid else 'down'}")
        print(*lines, sep="\n")
        return 0 if pid and not any(line.endswith("down") for line in lines) else 3

    def break_(self):
        """What breaking.py tells; see there."""
        if not self.clusters.is_ours():
            raise clusters.Failure(f"nothing runs in {self.dir}")
        for line in breaking.ACTIONS[self.args.what[0]](self.clusters, *self.args.what[1:]):
            self.say(line)
        print(*self.clusters.status(), sep="\n")

    # Its parts

    def _start_shardward(self):
        process = processes.spawn([self.args.shardward, "run", "-c", self.clusters.config_file],
                                  self.pid_file, self.log_file, env=clusters.plain_env())
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                self._connect().close()
                break
            except self.psycopg().OperationalError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    log = self.log_file.read_text()[-2000:]
                    raise clusters.Failure(f"shardward is not there: {error}\n{log}") from error
                time.sleep(0.1)
        self.say(f"shardward listens on 127.0.0.1:{self.port()}")

    @staticmethod
    def psycopg():
        import psycopg  # only start needs it, and only after the packages are installed
        return psycopg

    def _connect(self):
        return self.psycopg().connect(
            host="127.0.0.1", port=self.port(), user=clusters.APP_USER,
            password=clusters.APP_PASSWORD, dbname="booking", autocommit=True, connect_timeout=10)

    def _load(self):
        total = 0

        def say(table, count):
            nonlocal total
            total += count
            self.say(f"{count:6} rows in {table}")

        self.say("loading rows through shardward: prepared INSERTs, pipelined, a Sync per row,"
                 f" {booking.LOADERS} clients")
        booking.load(self._connect, say)
        self.say(f"{total:6} rows")

    def _shards_of(self, sql):
        """What `shardward explain` says about a statement."""
        answer = subprocess.run(
            [self.args.shardward, "explain", "-c", self.clusters.config_file, sql],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False)
        return [line for line in answer.stdout.splitlines() if line.strip()]

    def _run_shown(self, conn, template, *parameters):
        shown = template.format(*(self._literal(value) for value in parameters))
        print(f"\n  {shown};")
        for line in self._shards_of(shown):
            print(f"    | {line}")
        statement = template.format(*["%s"] * len(parameters))
        try:
            cursor = conn.execute(statement, parameters)
        except self.psycopg().Error as error:
            print(f"    = ERROR {error.sqlstate}: {str(error).splitlines()[0]}")
            raise
        rows = cursor.fetchall() if cursor.description else []
        print("    = " + (" | ".join(str(v) for v in rows[0]) if rows else cursor.statusmessage))
        return rows

    @staticmethod
    def _literal(value):
        return str(value) if isinstance(value, (int, float)) else "'" + str(value) + "'"

    def _show_booking(self):
        doctor_id, patient_id = 613, 4711
        with self._connect() as conn:
            def run(template, *parameters):
                return self._run_shown(conn, template, *parameters)

            print("\nA booking, statement by statement, and where each one goes. It leaves"
                  "\npayment_id to its sequence: shardward draws the numbers for all shards.")
            run("SELECT d.doctor_id, d.name, dep.name, h.name FROM doctors d"
                " JOIN departments dep USING (department_id) JOIN hospitals h USING (hospital_id)"
                " WHERE d.doctor_id = {}", doctor_id)
            run("SELECT name, city, balance FROM patients WHERE patient_id = {}", patient_id)

            def pay(patient, appointment):
                run("INSERT INTO payments (patient_id, appointment_id, amount)"
                    " VALUES ({}, {}, {}) RETURNING payment_id, amount", patient, appointment, 80)

            booking.book(run, patient_id, doctor_id, appointment_id=100_001, pay=pay)

            print("\nA booking whose payment fails, and the compensation. The slot is on a shard"
                  "\nof the doctor, the rest on shards of the patient: these are transactions of"
                  "\ntheir own, as long as shardward has no transactions over several shards.")

            def pay_nothing(patient, appointment):
                run("INSERT INTO payments (patient_id, appointment_id, amount)"
                    " VALUES ({}, {}, {})", patient, appointment, 0)

            try:
                booking.book(run, patient_id, doctor_id, appointment_id=100_002, pay=pay_nothing)
            except booking.Refused as refused:
                print(f"\n  not booked: {refused}")
            else:
                raise clusters.Failure("a payment of nothing was accepted")
            left = run("SELECT count(*) FROM appointments WHERE patient_id = {}"
                       " AND appointment_id = {}", patient_id, 100_002)
            if left[0][0] != 0:
                raise clusters.Failure("the compensation left an appointment behind")

    def _ask_console(self, command, columns=None, only=None):
        """Run a command of the console and show its answer: all of it, or these columns, and of
        the rows those whose first column begins with `only`, in order."""
        result = subprocess.run(
            [clusters.BIN / "psql", "-XA", "-P", "footer=off", "-h", "127.0.0.1", "-p",
             str(self.port() + topology.ADMIN_PORT), "-U", "admin", "-d", "shardward", "-c",
             command], env=clusters.plain_env(PGPASSWORD="admin"), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        print(f"\n  {command};")
        if result.returncode != 0:
            raise clusters.Failure(f"the console refused {command}: {result.stdout}")
        names, *rows = [line.split("|") for line in result.stdout.splitlines()]
        chosen = [names.index(name) for name in columns or names]
        table = [[row[i] for i in chosen] for row in [names, *rows]]
        if only:
            table[1:] = sorted(row for row in table[1:] if row[0].startswith(only))
        widths = [max(map(len, column)) for column in zip(*table)]
        for row in table:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths))
            print(f"    {line}".rstrip())
        return table[1:]

    def _show_console(self):
        """The console's word on the booking, and a changed file taken without a restart."""
        config = self.clusters.config_file
        before = config.read_text()

        def pool_sizes():
            columns = ["shard", "node", "sv_active", "sv_idle", "pool_size"]
            return {row[-1] for row in self._ask_console("SHOW POOLS", columns, "users_")}

        print("\nThe console: psql on the next port, as user admin")
        self._ask_console("LOCATE patients 4711")
        with self._connect() as conn:
            conn.execute("SELECT name FROM patients WHERE patient_id = 4711")
            pool_sizes()
            print("\nA change of booking.yaml, taken over while a client is connected: pools of 5"
                  "\nserver connections instead of 20")
            config.write_text(before.replace("size: 20", "size: 5"))
            self._ask_console("RELOAD")
            if pool_sizes() != {"5"}:
                raise clusters.Failure("the reload changed nothing")
            name = conn.execute("SELECT name FROM patients WHERE patient_id = 4711").fetchone()[0]
            print(f"\n  The client has noticed nothing, and goes on: patient 4711 is {name}."
                  "\n  And back again:")
        config.write_text(before)
        self._ask_console("RELOAD")

    def _keep_log(self):
        """stop() removes the directory; what shardward said last is worth more than it."""
        if self.log_file.exists():
            print("the end of shardward's log:\n" + self.log_file.read_text()[-3000:],
                  file=sys.stderr)

    def _say_what_next(self):
        port, program = self.port(), self.args.shardward
        node, dbname = self.clusters.place("users_2")
        where = f"--dir {self.dir}"
        who = "who notices" if self.args.fast else "who is promoted within a second or a few"
        console = f"psql -h 127.0.0.1 -p {port + topology.ADMIN_PORT} -U admin shardward"
        print(f"""
It runs. Connect (password: {clusters.APP_PASSWORD}):
  psql -h 127.0.0.1 -p {port} -U {clusters.APP_USER} booking

Try:
  \\d appointments
  SELECT * FROM patients WHERE patient_id = 42;
  BEGIN; UPDATE patients SET visits = visits + 1 WHERE patient_id = 42 RETURNING visits; COMMIT;
  INSERT INTO payments (patient_id, appointment_id, amount) VALUES (42, 7, 80) RETURNING payment_id;
  SELECT count(*) FROM patients;          -- no key: all shards at once
  UPDATE patients SET visits = 0;         -- no key: refused, with the reason and a hint

Look after it in the console (password: admin):
  {console}
  HELP;                         -- its commands: SHOW CLIENTS, SHOW STATS, KILL, PAUSE, ...
  EXPLAIN SELECT * FROM slots WHERE doctor_id = 7;
and in a browser (or for Prometheus, at /metrics):
  http://127.0.0.1:{port + topology.HTTP_PORT}/

Change it: edit {self.dir}/booking.yaml, then
  {program} check -c {self.dir}/booking.yaml
  {console} -c RELOAD           # or: kill -HUP $(cat {self.pid_file})

Look at a shard without shardward:
  psql -h {node.address} -p {node.port} -U {clusters.APP_USER} {dbname}

Break it, see {who}, and mend it:
  tools/quickstart break kill {node.name} {where}
  tools/quickstart break freeze {node.name} {where}
  tools/quickstart break cloud {node.cloud} {where}
  {console} -c 'SHOW EVENTS'    # what has happened; SHOW CLUSTERS: who is primary now
  tools/quickstart break heal {where}

Watch it, and stop it:
  tail -f {self.log_file}
  tools/quickstart status {where}
  tools/quickstart stop {where}
""")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["start", "stop", "status", "break"])
    parser.add_argument("what", nargs="*")
    parser.add_argument("--dir", required=True)
    parser.add_argument("--base-port", type=int, required=True)
    parser.add_argument("--shardward", default=None)
    parser.add_argument("--fast", action="store_true")
    args = parser.parse_args()
    if args.shardward:
        args.shardward = shutil.which(args.shardward) or args.shardward
    # Being told to end is a failure of start, which then takes back what it began.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    one = Quickstart(args)
    return one.break_() if args.action == "break" else getattr(one, args.action)()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except clusters.Failure as failure:
        sys.exit(f"quickstart: {failure}")
