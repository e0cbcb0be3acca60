#!/usr/bin/python3
"""run.py --shardward PATH [--seed N] [--seconds N] [--statements N] [--only PART]: the oracle suite.

The same rows on one PostgreSQL that holds all tables (the oracle) and through shardward; then the
same statements at both. The answers must be equal, or shardward must have refused (0A000): see
"equal, or refused, never different" in the documentation of routing. First the wrong answers that
other proxies have given, then random statements in rounds until the time is over. A seed gives the
same statements in the same order, however fast the machine is; only where it ends differs.
"""

import contextlib
import random
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE)]
sys.dont_write_bytecode = True

import runner                                    # noqa: E402
import suite                                     # noqa: E402
import wire                                      # noqa: E402
from placed_tables import Places, placed         # noqa: E402
from platform_under_test import DATABASE   # noqa: E402

import drawn                                     # noqa: E402
import keys                                      # noqa: E402
import several                                   # noqa: E402
import wrong_answers                             # noqa: E402
from compare import LOST, Client, answer_of, difference   # noqa: E402
from findings import Findings                    # noqa: E402
from layouts import laid_out                     # noqa: E402
from queries import GROUPS                       # noqa: E402
from rows import KEYS, TABLES, Contents, statements_to_load   # noqa: E402
from ways import INT2, INT4, INT8, SIMPLE, WAYS, Prepared, Request, Statement, render   # noqa: E402
from writes import Writes                        # noqa: E402

SEED, SECONDS, SEVERAL_SECONDS = 20260101, 60, 30
MOST_REFUSED = 10                                # percent of the corpus for several shards
BATCH, WRITES, TRANSACTIONS, PREPARED = 12, 14, 4, 5     # in one round, for each group and way
KEY_STATEMENTS = 4000                            # on tables placed in every way
DRAWN_STATEMENTS = 1200                          # INSERTs that leave columns to a sequence
ROUNDS_OF_ROWS = 4                               # then all rows are loaded anew
LEAST_ROUTED, LEAST_WITH_ROWS = 0.25, 0.12       # of the random statements


class Oracle:
    def __init__(self, platform, report, args):
        self.platform, self.report, self.seed = platform, report, args.seed
        self.most_statements = args.statements
        self.deadline = time.monotonic() + args.seconds
        self.findings, self.counts = Findings(), Counter()
        self.contents = Contents(platform)
        self.mine = Client(platform.logged_in, platform.connect)
        self.theirs = Client(platform.oracle_wire, platform.oracle)
        self.where = ""                          # for messages: how far we are

    def close(self):
        for side in (self.contents, self.mine, self.theirs):
            side.close()

    def is_over(self):
        return time.monotonic() > self.deadline or \
            0 < self.most_statements <= self.counts["statements"]

    # Rows

    def load(self):
        """The same random rows on both sides, through shardward and directly."""
        self.contents.empty()
        dice = random.Random(f"{self.seed} rows")
        for sql in statements_to_load(dice):
            request = render(Statement(sql), SIMPLE, random.Random(0))
            request.sql = Statement(sql).plain()
            for client in (self.mine, self.theirs):
                answer = client.ask(request)
                assert not answer.code, f"{request}\n{answer}"

    def audit(self, name):
        """Compare the contents; if they differ, start with new ones."""
        wrong = self.contents.audit()
        if wrong:
            self.findings.of(name).append(f"{self.where}: contents differ after the writes (seed"
                                          f" {self.seed})\n"
                                          + "\n".join(wrong[:12]))
            self.load()

    # One statement

    def ask(self, name, statement, request):
        """At shardward, and if it does not refuse at the oracle. The answer of shardward."""
        return self.compare(name, request, lambda client: client.ask(request), statement.is_ordered,
                            statement.accepts)

    def compare(self, name, request, ask, is_ordered=False, accepts=()):
        """What ask(client) answers; `request` is for messages."""
        self.counts["statements"] += 1
        got = ask(self.mine)
        if got.is_refusal or got.code in accepts:
            self.counts["refused"] += 1
            self._fail_transaction_of_oracle(name, request, got)
            return got
        expected = ask(self.theirs)
        what = difference(got, expected, is_ordered)
        if what:
            self.counts["different"] += 1
            self._note(name, request, what, got, expected)
            self._mourn(name)
        elif got.code:
            self.counts["errors"] += 1
        else:
            self.counts["routed"] += 1
            self.counts["with rows"] += any(result.rows or (result.tag or "")[-2:] not in (" 0", "")
                                            for result in got.results)
        return got

    def _note(self, name, request, what, got, expected):
        self.findings.of(name).append(
            f"{what}: seed {self.seed}, {self.where}\n{request}\n"
            f"shardward:\n{got}\nPostgreSQL:\n{expected}")

    def _mourn(self, name):
        death = self.platform.mourn()
        if death:
            self.findings.of(name).append(f"shardward died: {death}")

    def _fail_transaction_of_oracle(self, name, request, got):
        """A refusal is an error: it ends the transaction of the oracle too."""
        if got.status == "I":
            return
        expected = self.theirs.query("SELECT 1/0")
        if got.status != expected.status:
            self._note(name, request, "transaction state after a refusal", got, expected)

    def end_transaction(self):
        for client in (self.mine, self.theirs):
            client.query("ROLLBACK")

    # Tests

    def timed(self, name, function, *arguments):
        began = time.monotonic()
        try:
            function(*arguments)
        except Exception:                        # noqa: BLE001 - one test must not end the others
            self.findings.of(name).append(traceback.format_exc(limit=-4))
            self._mourn(name)
        self.findings.seconds[name] += time.monotonic() - began

    def test(self, name, function):
        """A test that is over when its function returns."""
        self.timed(name, function, name)
        self.findings.report(self.report, name)

    # The comparer must find what is wrong

    def control_of_comparison(self, name):
        for what, mine, theirs in [
                ("rows", "SELECT 1 AS x", "SELECT 2 AS x"),
                ("rows", "VALUES (1), (1), (2)", "VALUES (1), (2), (2)"),
                ("rows", "SELECT NULL::text AS x", "SELECT '' AS x"),
                ("rows, or their order", "VALUES (1), (2) ORDER BY 1", "VALUES (1), (2) ORDER BY 1"
                    " DESC"),
                ("columns", "SELECT 1 AS x", "SELECT 1 AS y"),
                ("columns", "SELECT 1 AS x", "SELECT 1::bigint AS x"),
                ("columns", "SELECT 1 AS x", "SELECT 1 AS x, 1 AS x"),
                ("command tag", "BEGIN", "START TRANSACTION"),
                ("transaction state", "BEGIN", "COMMIT"),
                ("SQLSTATE class", "SELECT 1/0", "SELECT no_such_column"),
                ("SQLSTATE class", "SELECT 1", "SELECT 1/0"),
                ("SQLSTATE class", "SELECT 1/0", "SELECT 1"),
                ("2 results instead of 1", "SELECT 1; SELECT 2", "SELECT 1"),
                (None, "VALUES (1), (2)", "VALUES (2), (1)"),
                (None, "SELECT 1/0", "SELECT 'x'::int")]:
            got = difference(self.mine.query(mine), self.theirs.query(theirs), "ORDER BY" in mine)
            self.end_transaction()
            if got != what:
                self.findings.of(name).append(f"{mine!r} and {theirs!r}: {got}, not {what}")

    def control_of_audit(self, name):
        """A row that is missing, changed, doubled, or on a wrong shard."""
        suite.equal(self.contents.audit(), [])
        key = next(key for key in KEYS if self.platform.locate("slots", key) == "orders_0")
        right, wrong = self.contents.shards["orders_0"], self.contents.shards["orders_3"]
        row = right.execute("SELECT slots FROM slots WHERE doctor_id = %s LIMIT 1", (key,)).fetchone()
        slot = right.execute("SELECT * FROM slots WHERE doctor_id = %s LIMIT 1", (key,)).fetchone()
        insert = "INSERT INTO slots VALUES (%s, %s, %s, %s, %s)"
        which = "doctor_id = %s AND slot_id = %s"
        for what, steps in [
                ("missing", [(right, f"DELETE FROM slots WHERE {which}", slot[:2])]),
                ("is on orders_3", [(wrong, insert, slot)]),
                ("too many", [(right, insert, slot)]),
                ("too many", [(wrong, f"DELETE FROM slots WHERE {which}", slot[:2]),
                              (right, f"UPDATE slots SET taken = capacity WHERE {which}", slot[:2])])]:
            for conn, sql, parameters in steps:
                conn.execute(sql, parameters)
            found = self.contents.audit()
            if not any(what in line for line in found):
                self.findings.of(name).append(f"{row}: no {what!r} in {found}")
        self.load()
        suite.equal(self.contents.audit(), [])

    # Wrong answers of others

    def keys_for_plans(self):
        place = lambda key: self.platform.locate("appointments", key)   # noqa: E731
        a = KEYS[0]
        return (a, next(key for key in KEYS[1:] if place(key) != place(a)),
                next(key for key in KEYS[1:] if place(key) == place(a)))

    def make_traps(self):
        """A table that the map does not know, a function that writes, a table in another schema."""
        connections = {**self.contents.shards, "oracle": self.contents.oracle}
        for name, conn in connections.items():
            conn.execute("CREATE TABLE undeclared AS SELECT 1 AS id")
            conn.execute("CREATE FUNCTION oracle_writes() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN"
                         " DELETE FROM slots WHERE slot_id = 51; RETURN (SELECT count(*) FROM slots);"
                         " END'")
            if name.startswith("users") or name in ("oracle", "catalog"):
                conn.execute("CREATE SCHEMA other")
                conn.execute("CREATE TABLE other.patients AS SELECT patient_id, 'other' AS name FROM"
                             " patients")

    def wrong_answers(self):
        self.make_traps()
        for number, title, statements in wrong_answers.plans(*self.keys_for_plans()):
            self.test(f"wrong_answers.{number:02}: {title}",
                      lambda name, s=statements, n=number: self._wrong_answer(name, n, s))
        self.test("wrong_answers.18: a prepared statement under another search_path", self._search_path)
        self.test("wrong_answers.19: two writers that touch shards in different order",
                  self._two_writers)
        a, b, _ = self.keys_for_plans()
        self.test("parameters.binary_values_of_a_wrong_size", self._wrong_size)
        for title, statements in wrong_answers.several(a, b):
            self.test(f"several_in_one_message: {title}",
                      lambda name, s=statements: self._several(name, s))
        self.load()

    def _wrong_size(self, name):
        for type_ in (0, INT2, INT4, INT8):
            for size in range(10):
                request = Request("SELECT count(*) FROM appointments WHERE patient_id = $1",
                                  is_extended=True,
                                  values=[bytes(size - 1) + b"\1" if size else b""], types=[type_],
                                  formats=[1])
                self.where = f"{size} bytes"
                self.ask(name, Statement(request.sql), request)

    def _several(self, name, statements):
        for sql in statements:
            self.where = "simple"
            self.ask(name, Statement(sql), Request(sql))
            self.end_transaction()
        self.audit(name)

    def _wrong_answer(self, name, number, statements):
        for statement in statements:
            statement = statement if isinstance(statement, Statement) else Statement(statement)
            for way in WAYS:
                if statement.copy and way != SIMPLE:
                    continue
                for turn in range(2):
                    self.where = f"{way}, turn {turn}"
                    dice = random.Random(f"{number} {turn}")
                    request = render(statement, way, dice)
                    if way == SIMPLE and turn == 0:
                        request.sql = statement.plain()
                    self.ask(name, statement, request)
        self.audit(name)

    def _search_path(self, name):
        key = str(KEYS[0])
        run = wire.bind([key], "s") + wire.describe("P") + wire.execute() + wire.SYNC
        flights = [wire.parse("SELECT name FROM patients WHERE patient_id = $1", "s") + wire.SYNC, run,
                   wire.query("SET search_path = other, public"), run,
                   wire.query("SELECT name FROM patients WHERE patient_id = " + key),
                   wire.query("SET search_path = public"), run, wire.query("RESET search_path"), run]
        with self.platform.logged_in() as mine, self.platform.oracle_wire() as theirs:
            for number, flight in enumerate(flights):
                got, expected = answer_of(mine.ask(flight)), answer_of(theirs.ask(flight))
                what = difference(got, expected)
                if what and not got.is_refusal:
                    self._note(name, Request(f"flight {number}"), what, got, expected)

    def _two_writers(self, name):
        """Each commits or is refused, soon, and what was committed has happened once."""
        a, b, _ = self.keys_for_plans()
        update = "UPDATE patients SET visits = visits + 1 WHERE patient_id = {}"
        ends, barrier = {}, threading.Barrier(2, timeout=10)

        def write(keys):
            client = Client(self.platform.logged_in, None)
            client.query("BEGIN")
            client.query(update.format(keys[0]))
            barrier.wait()
            codes = [client.query(update.format(keys[1])).code, client.query("COMMIT").results[-1].tag]
            ends[keys] = codes
            client.close()

        threads = [threading.Thread(target=write, args=(keys,)) for keys in ((a, b), (b, a))]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(ends) < 2 or time.monotonic() - began > 8 or any(code == LOST for code,
            _ in ends.values()):
            self.findings.of(name).append(f"not ended soon: {ends}")
        for keys, (_, tag) in ends.items():
            for key in keys if tag == "COMMIT" else ():
                self.theirs.query(update.format(key))
        self.audit(name)

    # Random statements

    def generator(self, *what):
        return Writes(random.Random(" ".join(map(str, (self.seed, *what)))), self.platform.locate)

    def read_batch(self, name, group, way, number):
        dice = self.generator(number, group, way)
        for _ in range(BATCH):
            statement = getattr(dice, group)()
            self.ask(name, statement, render(statement, way, dice.dice))

    def prepared_batch(self, name, number):
        """Statements that are parsed once and run with keys of several shards."""
        dice = self.generator(number, "prepared")
        statements = [dice.pick(dice.keys, dice.keys, dice.conditions, dice.subqueries, dice.update)()
                      for _ in range(PREPARED)]
        prepared = [Prepared(s, f"s{number}_{i}", dice.dice) for i, s in enumerate(statements)]
        good = [(s, p) for s, p in zip(statements, prepared)
                if not self.compare(name, p, lambda client, p=p: client.send(p.parse())).code]
        for _ in range(PREPARED):
            for statement, one in good:
                key = dice.dice.choice(KEYS)
                messages = one.run(key)
                self.where = f"round {number}, key {key}"
                self.compare(name, one, lambda client, m=messages: client.send(m), statement.is_ordered)
        for client in (self.mine, self.theirs):
            client.query("DEALLOCATE ALL")
        self.audit(name)

    def write_batch(self, name, way, number):
        dice = self.generator(number, "writes", way)
        for _ in range(WRITES):
            statement = dice.write()
            self.ask(name, statement, render(statement, way, dice.dice))
        self.audit(name)

    def transaction_batch(self, name, way, number):
        dice = self.generator(number, "transactions", way)
        for _ in range(TRANSACTIONS):
            in_one = way == SIMPLE and dice.chance(0.3)
            statements = [dice.several()] if in_one else dice.transaction()
            requests = [render(s, way, dice.dice, psycopg_too=False) for s in statements]
            for statement, request in zip(statements, requests):
                self.ask(name, statement, request)
            self.end_transaction()
        self.audit(name)

    def wide_transaction_batch(self, name, way, number):
        """Transactions over several shards, and what each of their ends leaves behind."""
        dice = self.generator(number, "wide transactions", way)
        for _ in range(TRANSACTIONS):
            for statement in dice.wide_transaction():
                self.ask(name, statement, render(statement, way, dice.dice, psycopg_too=False))
            self.end_transaction()
        self.audit(name)

    def random_statements(self):
        batches = [(f"random.{group}, {way}", self.read_batch, (group,
            way)) for group in GROUPS for way in WAYS]
        batches += [("random.prepared_statements", self.prepared_batch, ())]
        batches += [(f"random.writes, {way}", self.write_batch, (way,)) for way in WAYS]
        batches += [(f"random.transactions, {way}", self.transaction_batch, (way,)) for way in WAYS]
        batches += [(f"random.transactions over shards, {way}", self.wide_transaction_batch, (way,))
                    for way in WAYS]
        before = Counter(self.counts)
        number = 0
        while number == 0 or not self.is_over():
            if number % ROUNDS_OF_ROWS == 0:
                self.load()
            for name, function, arguments in batches:
                if number > 0 and self.is_over():
                    break
                self.where = f"round {number}"
                self.timed(name, function, name, *arguments, number)
            number += 1
        for name, _, _ in batches:
            self.findings.report(self.report, name)
        self.counts.subtract(before)
        return number

    def check_the_mix(self, name):
        for what, least in (("routed", LEAST_ROUTED), ("with rows", LEAST_WITH_ROWS)):
            if self.counts[what] < least * self.counts["statements"]:
                self.findings.of(name).append(f"only {self.counts[what]} {what} of"
                                              f" {self.counts['statements']}")

    @contextlib.contextmanager
    def placed_tables(self, *more):
        """Tables whose keys are placed in every way, by a shardward of their own."""
        with placed(self.platform, *more) as other:
            plain = self.mine
            self.mine = Client(lambda: self.platform.logged_in(other.port), None)
            try:
                yield Places(self.platform, other)
            finally:
                self.mine.close()
                self.mine = plain

    def keys_of_every_kind(self, name):
        with self.placed_tables() as places:
            try:
                keys.run(self, name, self.mine, places, KEY_STATEMENTS)
            finally:
                for setting in ("datestyle", "timezone"):
                    self.theirs.query(f"RESET {setting}")

    def drawn_numbers(self):
        with self.placed_tables(*drawn.MORE) as places:
            self.test("drawn.columns_left_to_a_sequence",
                      lambda name: setattr(self, "drawn", drawn.run(self, name, self.mine, places, DRAWN_STATEMENTS)))
            self.test("control.numbers_given_twice_are_found",
                      lambda name: drawn.control(self, name, self.drawn, places))

    def nothing_in_catalog(self, _name):
        suite.equal(self.contents.catalog_rows(), [])

    def sample_of_locate(self, name):
        """Keys of no table, each put where `shardward locate` says."""
        dice = random.Random(f"{self.seed} locate")
        for _ in range(12):
            key = dice.randint(-2**63, 2**63 - 1)
            sql = ("INSERT INTO payments (patient_id, payment_id, appointment_id, amount, paid_at)"
                   f" VALUES ({key}, 1, 1, 1, 'epoch')")
            self.ask(name, Statement(sql), Request(sql))
        self.audit(name)

    def run(self):
        self.load()
        self.test("control.the_comparison_finds_differences", self.control_of_comparison)
        self.test("control.the_audit_finds_rows_that_are_missing_or_misplaced", self.control_of_audit)
        self.wrong_answers()
        self.counts.clear()
        rounds = self.random_statements()
        counts = self.counts
        self.test("keys.placed_in_every_way", self.keys_of_every_kind)
        self.drawn_numbers()
        self.test("placement.keys_of_the_whole_range_are_where_locate_says", self.sample_of_locate)
        self.test("placement.the_catalog_database_stays_without_rows", self.nothing_in_catalog)
        self.test("mix.enough_statements_are_routed_and_find_rows", self.check_the_mix)
        print(f"random statements: {counts['statements']} in {rounds} rounds, seed {self.seed}:"
              f" {counts['routed']} routed and equal ({counts['with rows']} with rows),"
              f" {counts['refused']} refused, {counts['errors']} errors on both sides,"
              f" {counts['different']} different", flush=True)


def main():
    parser = runner.words(__doc__, has_names=False)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for the random statements to"
        " end")
    parser.add_argument("--statements", type=int, default=0, help="end after so many random ones")
    parser.add_argument("--only", choices=["one", "several"], help="what concerns one shard, or several")
    parser.add_argument("--several-seconds", type=float, default=SEVERAL_SECONDS,
                        help="for the random statements over several shards to end")
    parser.add_argument("--every-way", action="store_true",
                        help="ask all statements of the corpus in all ways of all layouts")
    parser.add_argument("--most-refused", type=float, default=MOST_REFUSED, metavar="PERCENT",
                        help="of the corpus; more is a failure")
    parser.add_argument("--update", action="store_true", help="write docs/refusals.md")
    args = parser.parse_args()

    def tests(platform, report):
        if args.only != "several":
            with contextlib.closing(Oracle(platform, report, args)) as oracle:
                oracle.run()
        if args.only != "one":
            with laid_out(platform) as layouts:
                several.Several(layouts, report, args).run()
    return runner.run("oracle", args, tests)


if __name__ == "__main__":
    sys.exit(main())
