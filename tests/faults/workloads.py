"""workloads - clients that write a history.

Each is a thread with a connection of its own, which it opens again when it breaks, and counts that:
a client that is idle, or between two transactions, is not to be disconnected by a failover.
"""

import random
import struct
import threading
import time

import server
import wire
from history import FAIL, INFO, OK, Op
from replicated import (ACCOUNTS_OF_A_SHARD, APP_PASSWORD, APP_USER, DATABASE, ROWS_OF_A_SHARD)

OP_TIMEOUT_S = 60           # longer than any wait that shardward promises to end
PAUSE_S = 0.004             # between two ops of a client: dense, and some processor is left for others
UNKNOWN = "08007"           # transaction_resolution_unknown


def cancel(place, key):
    with wire.Wire(*place) as another:
        another.send(struct.pack("!II", 16, 80877102) + key)


class Broken(Exception):
    """The connection is gone; the text says how."""


class Client(threading.Thread):
    """A user of shardward at address:port, or of a node if dbname is a shard's."""

    def __init__(self, history, shard, number, place, dbname=DATABASE, pause_s=PAUSE_S):
        super().__init__(daemon=True)
        self.history, self.shard, self.number = history, shard, number
        self.place, self.dbname, self.pause_s = place, dbname, pause_s
        self.first = int(shard.removeprefix("s")) - 1
        self.first *= ROWS_OF_A_SHARD
        self.keys = iter(range(self.first + number * 1_000_000, self.first + (number + 1) * 1_000_000))
        self.dice = random.Random(number)
        self.connection, self.is_over, self.trouble = None, threading.Event(), None

    def run(self):
        try:
            while not self.is_over.is_set():
                if self.connection is not None or self._connect():
                    self.step()
                self.is_over.wait(self.pause_s if self.connection else 0.05)
        except Exception as error:                          # noqa: BLE001 - the report tells it
            self.trouble = repr(error)
        finally:
            self._disconnect()

    def _connect(self):
        try:
            self.connection = server.connect(*self.place, APP_USER, APP_PASSWORD, self.dbname,
                                             timeout_s=OP_TIMEOUT_S)
            self.greet()
            return True
        except (OSError, wire.Closed, server.Refused, Broken) as error:
            self._disconnect()
            self.history.count(self.history.refused_logins, getattr(error, "code", type(error).__name__))
            return False

    def _disconnect(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def greet(self):
        """After each login."""

    def say(self, sql):
        """(rows, tag) of a statement. Raises server.Refused, or Broken when the connection is gone."""
        try:
            answers = self.connection.query(sql)
        except (OSError, wire.Closed) as error:
            self._break("timeout" if isinstance(error, TimeoutError) else "closed")
        for answer in answers:
            if answer.kind == "E":
                fields = answer.fields()
                if fields["S"] != "ERROR":
                    self._break(fields["C"])
                raise server.Refused(fields)
            if (answer.kind == "N" and "synchronous replication" in answer.fields()["M"]
                    and self.dbname != DATABASE):
                # PostgreSQL calls it a success, and is not sure that a standby has it: shardward may not.
                raise server.Refused({"C": UNKNOWN, "M": answer.fields()["M"]})
        tags = [answer.body.rstrip(b"\0").decode() for answer in answers if answer.kind == "C"]
        return wire.rows_of(answers), tags[-1] if tags else ""

    def _break(self, how):
        self._disconnect()
        if self.dbname == DATABASE:
            self.history.count(self.history.broken, how)
        raise Broken(how)

    def record(self, kind, key, began, outcome, **more):
        self.history.add(Op(kind, self.shard, key, began, time.monotonic(), outcome, **more))

    def autocommit(self, kind, key, sql, **more):
        """One statement that is a transaction; it returns node and timeline."""
        began = time.monotonic()
        try:
            rows, _ = self.say(sql)
            node, tli = rows[0]
            self.record(kind, key, began, OK, node=node, tli=int(tli), **more)
            return True
        except server.Refused as error:
            self.record(kind, key, began, INFO if error.code == UNKNOWN else FAIL, code=error.code, **more)
        except Broken as error:
            self.record(kind, key, began, INFO, code=str(error), **more)
        return False

    def cancel(self):
        """What Ctrl-C in psql does, from another thread."""
        connection = self.connection
        if connection:
            cancel(self.place, connection.key)

    def finish(self):
        self.is_over.set()

    def wait(self):
        self.join(OP_TIMEOUT_S + 5)
        if self.is_alive():
            self.trouble = "hangs"
        return self.trouble


class Ledger(Client):
    """Inserts numbers of its own, each once."""

    def step(self):
        key = next(self.keys)
        self.autocommit("insert", key, f"INSERT INTO ledger (id, client) VALUES ({key}, {self.number})"
                        " RETURNING node, tli")


class Bank(Client):
    """Moves money between two accounts of a shard, and reads the sum of all of them."""

    def step(self):
        if self.dice.random() < 0.2:
            self._sum()
        else:
            self._transfer()

    def _sum(self):
        began = time.monotonic()
        try:
            rows, _ = self.say(f"SELECT sum(balance) FROM accounts WHERE id >= {self.first}"
                               f" AND id < {self.first + ACCOUNTS_OF_A_SHARD}")
            self.record("sum", 0, began, OK, value=int(rows[0][0]))
        except server.Refused as error:
            self.record("sum", 0, began, FAIL, code=error.code)
        except Broken as error:
            self.record("sum", 0, began, INFO, code=str(error))

    def _transfer(self):
        low, high = sorted(self.dice.sample(range(ACCOUNTS_OF_A_SHARD), 2))
        low, high, amount = self.first + low, self.first + high, self.dice.randint(-50, 50)
        key, began, is_asked = next(self.keys), time.monotonic(), False
        try:
            self.say("BEGIN")
            self.say(f"UPDATE accounts SET balance = balance - {amount} WHERE id = {low}")
            self.say(f"INSERT INTO legs (id, transfer, amount) VALUES ({low}, {key}, {-amount})")
            self.say(f"UPDATE accounts SET balance = balance + {amount} WHERE id = {high}")
            rows, _ = self.say(f"INSERT INTO legs (id, transfer, amount) VALUES ({high}, {key}, {amount})"
                               " RETURNING node, tli")
            is_asked = True
            _, tag = self.say("COMMIT")
            outcome, code = (OK, "") if tag == "COMMIT" else (FAIL, tag)
            self.record("transfer", key, began, outcome, code=code, node=rows[0][0], tli=int(rows[0][1]))
        except server.Refused as error:
            self.record("transfer", key, began, INFO if error.code == UNKNOWN else FAIL, code=error.code)
            self._roll_back()
        except Broken as error:
            self.record("transfer", key, began, INFO if is_asked else FAIL, code=str(error))

    def _roll_back(self):
        try:
            self.say("ROLLBACK")
        except (server.Refused, Broken):
            pass


class Counter(Client):
    """Counts in a row of its own, and reads it, at a replica if it may."""

    def __init__(self, *args, reads_at=None, **options):
        super().__init__(*args, **options)
        self.reads_at, self.key, self.value = reads_at, self.first + self.number, 0

    def greet(self):
        if self.reads_at is None and self.dbname == DATABASE:
            try:
                self.say("SET shardward.read = prefer_replica")
            except server.Refused as error:
                self.history.count(self.history.refused_logins, f"prefer_replica: {error.code}")

    def step(self):
        if self.dice.random() < 0.4:
            self.value += 1
            self.autocommit("set", self.key, f"INSERT INTO counters (id, n) VALUES ({self.key}, {self.value})"
                            " ON CONFLICT (id) DO UPDATE SET n = excluded.n RETURNING node, tli",
                            value=self.value)
        else:
            self._get()

    def _get(self):
        began = time.monotonic()
        sql = f"SELECT n, served_by() FROM counters WHERE id = {self.key}"
        try:
            rows = self.reads_at(sql) if self.reads_at else self.say(sql)[0]
            value, node = rows[0] if rows else (0, "")
            self.record("get", self.key, began, OK, value=int(value), node=node)
        except server.Refused as error:
            self.record("get", self.key, began, FAIL, code=error.code)
        except Broken as error:
            self.record("get", self.key, began, INFO, code=str(error))


class Idle(Client):
    """Connected, and asks for nothing until finish(): its connection must then still be there."""

    def step(self):
        self.is_over.wait()
        try:
            self.say("SELECT 1")
        except server.Refused:
            pass
        except Broken:
            pass
