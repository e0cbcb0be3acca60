"""reads - what replicas.py asks for, through SQLAlchemy over psycopg2: postgresql_readonly, stream_results."""

import os
import sys

import sqlalchemy as sa

ACCOUNTS = sa.table("accounts", sa.column("id"), sa.column("balance"))
READ = sa.select(sa.func.served_by(), ACCOUNTS.c.balance).where(ACCOUNTS.c.id == sa.bindparam("id", 5))
HINTED = sa.text("/* shardward: prefer_replica */ SELECT served_by(), balance FROM accounts WHERE id = :id")
ROWS = sa.text("SELECT served_by(), balance, n FROM accounts, generate_series(1, 9) n WHERE id = 5")
SLOW = sa.text("SELECT served_by(), balance, pg_sleep(CASE WHEN served_by() = :quick THEN 0 ELSE 60 END)"
               " FROM accounts WHERE id = 5")


def told(found):
    return " ".join(sorted({f"{who} {balance}" for who, balance, *_ in found}))


class Reads:
    def open(self, user):
        at = sa.engine.URL.create("postgresql+psycopg2", user, *map(os.environ.get, (
            "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE")))
        self.connection = sa.create_engine(at, isolation_level="AUTOCOMMIT", future=True).connect()
        return "opened"

    def say(self, sql):
        self.connection.execute(sa.text(sql))
        return "said"

    def write(self, value):
        done = self.connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.id == 5).values(balance=int(value)))
        return f"wrote {done.rowcount}"

    def read(self, _=""):
        return told(self.connection.execute(READ))

    def hint(self, _):
        return told(self.connection.execute(HINTED, {"id": 5}))

    def _read_only(self, work):
        self.connection.commit()            # which ends what autocommit has made of it
        self.connection.execution_options(isolation_level="READ COMMITTED", postgresql_readonly=True)
        seen = work()
        self.connection.commit()
        self.connection.execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=False)
        return seen

    def only(self, _):
        return self._read_only(lambda: f"{self.read()} {self.read()}")

    def fetch(self, _):
        return self._read_only(lambda: told(self.connection.execute(
            ROWS, execution_options={"stream_results": True, "max_row_buffer": 2})))

    def slow(self, quick):
        return told(self.connection.execute(SLOW, {"quick": quick}))


reads = Reads()
for line in sys.stdin:      # one line of what is asked, one of the answer
    word, _, rest = line.strip().partition(" ")
    print(getattr(reads, word)(rest), flush=True)
