"""several - reads over several shards: equal to PostgreSQL's, or refused, on every layout of the rows.

The corpus, every statement of it in all ways; random statements; the answers to a question must not
depend on how it is cut into three (p, not p, p is null), nor on whether one shard is asked or all.
"""

import random
import time
import traceback
from collections import Counter

import flights
from careless import CONTROLS, Careless
from compare import LOST, Answer
from families import BINARY, PIECES, SIMPLE, TEXT, Asked, Sender, read_all
from findings import Findings
from judge import Judge
from layouts import LAYOUTS
from refusals import LAYOUT, Refusals
from selects import Selects
from transactions import SCRIPTS, steps

# By which ways each layout is asked; `--every-way` asks all by all.
ASKED_BY = {"one": (TEXT,), "two": (TEXT, PIECES), "three": (SIMPLE, BINARY), "eight": (SIMPLE,),
            "all_on_one": (BINARY,), "one_empty": (TEXT,)}
WAYS_OF_RANDOM = [{"three": (SIMPLE, BINARY)}, {"three": (SIMPLE,), "eight": (TEXT,)},
                  {"three": (TEXT,), "one_empty": (SIMPLE,)}]
RANDOM_STATEMENTS, PARTITIONS = 3000, 300
MOST_SHOWN = 400                                 # of a line
MOST_LOST = 20                                   # connections; each may have waited for long


class Several:
    def __init__(self, layouts, report, args):
        self.layouts, self.report, self.args = layouts, report, args
        self.sender = Sender(layouts.oracle)
        self.judge = Judge(layouts.oracle, self.sender)
        self.findings, self.counts = Findings(), Counter()
        self.refusals = Refusals()

    # One statement

    def note(self, name, asked, what, got, expected, where):
        self.counts["different"] += 1
        said = f"{asked}\nshardward:\n{got}\nPostgreSQL:\n{expected}"
        self.findings.of(name).append(f"{what}: {where}, seed {self.args.seed}\n"
                                      + "\n".join(line[:MOST_SHOWN] for line in said.splitlines()))
        death = self.layouts.mourn()
        if death:
            self.findings.of(name).append(f"shardward died: {death}")
        self.counts["lost"] += isinstance(got, Answer) and got.code == LOST
        assert self.counts["lost"] < MOST_LOST, "too many connections are lost"

    def ask(self, name, asked, ways):
        """On all layouts of @ways. Returns (refusals, of, the answer that LAYOUT gave first)."""
        wanted = list(dict.fromkeys(way for some in ways.values() for way in some))
        first = None
        for way in wanted:
            messages = self.sender.messages(asked, way)
            expected = self.layouts.oracle.send(messages)
            self.look_into_the_mirror(name, asked, way, messages, expected)
            for layout, some in ways.items():
                if way in some:
                    got = self.layouts.clients[layout].send(messages)
                    self.compare(name, asked, way, layout, got, expected)
                    if layout == LAYOUT and first is None:
                        first = got, got.is_refusal and not expected.is_refusal
        return first

    def look_into_the_mirror(self, name, asked, way, messages, expected):
        """PostgreSQL must give the answer of PostgreSQL: if not, the statement is no good question."""
        got = self.layouts.mirror.send(messages)
        what = self.judge.verdict(asked, way, got, expected)
        if what:
            self.findings.of(name).append(f"PostgreSQL has two answers, {what}: {way}, seed"
                                          f" {self.args.seed}\n{asked}\none:\n{expected}\nother:\n{got}")
        if way == SIMPLE and asked.family != "random" and bool(expected.code) != ("fails" in asked.marks):
            self.findings.of(name).append(f"PostgreSQL says so: {expected}\n{asked}")

    def compare(self, name, asked, way, layout, got, expected):
        self.counts["answers"] += 1
        if got.is_refusal and expected.code != got.code:
            self.counts["refused"] += 1
            if got.status != "I":
                self.note(name, asked, "transaction state after a refusal", got, expected, layout)
            return
        what = self.judge.verdict(asked, way, got, expected)
        if what:
            self.note(name, asked, what, got, expected, f"{layout}, {way}")
        else:
            self.counts["errors" if got.code else "equal"] += 1

    # Tests

    def test(self, name, function):
        began = time.monotonic()
        try:
            function(name)
        except Exception:                        # noqa: BLE001 - one test must not end the others
            self.findings.of(name).append(traceback.format_exc(limit=-6))
            death = self.layouts.mourn()
            if death:
                self.findings.of(name).append(f"shardward died: {death}")
        self.findings.seconds[name] += time.monotonic() - began
        self.findings.report(self.report, name)

    def family(self, name, family):
        ways = ASKED_BY
        if self.args.every_way:
            ways = {layout.name: (SIMPLE, TEXT, BINARY, PIECES) for layout in LAYOUTS}
        for asked in family.statements:
            got, is_refused = self.ask(name, asked, ways)
            self.refusals.note(family, asked, got, is_refused)

    def script(self, name, script):
        """Statements of one session, on each layout; a refusal fails the transaction, as an error does."""
        for number, layout in enumerate(LAYOUTS):
            client = self.layouts.clients[layout.name]
            for asked in steps(script):
                way = SIMPLE if ";" in asked.sql else (SIMPLE, TEXT, BINARY)[number % 3]
                messages = self.sender.messages(asked, way)
                got = client.send(messages)
                if got.is_refusal:
                    self.counts["refused"] += 1
                    if got.status == "E":
                        self.layouts.oracle.query("SELECT 1/0")
                    continue
                expected = self.layouts.oracle.send(messages)
                what = self.judge.verdict(asked, way, got, expected)
                if what:
                    self.note(name, asked, what, got, expected, f"{layout.name}, {way}, in {script[0]!r}")
            for one in (client, self.layouts.oracle):
                one.query("ROLLBACK")
                one.query("RESET ALL")
                one.query("DEALLOCATE ALL")

    def prepared(self, name):
        """Statements that are parsed once, and run with one set of values after the other."""
        texts = {}
        for family in read_all():
            for asked in family.statements:
                if asked.parameters:
                    texts.setdefault((asked.sql, tuple(t for t, _ in asked.parameters)), []).append(asked)
        for number, group in enumerate(texts.values()):
            layout = LAYOUTS[number % len(LAYOUTS)].name
            clients = (self.layouts.clients[layout], self.layouts.oracle)
            for turn, asked in enumerate([*group, *group]):
                flight = self.sender.of_a_name(asked, "p", is_first=turn == 0, is_binary=turn % 2 == 1)
                got, expected = (client.send(flight) for client in clients)
                self.compare(name, asked, (TEXT, BINARY)[turn % 2], layout, got, expected)
                if turn == 0 and (got.code or expected.code):
                    break
            for client in clients:
                client.query("DEALLOCATE ALL")

    def flights(self, name, some):
        for number, (sql, messages) in enumerate(some):
            layout = LAYOUTS[number % len(LAYOUTS)].name
            asked = Asked(sql, "flights", number, marks={"ordered"})
            got, expected = (client.send(messages)
                             for client in (self.layouts.clients[layout], self.layouts.oracle))
            self.compare(name, asked, TEXT, layout, got, expected)

    def random_statements(self, name):
        selects = Selects(random.Random(f"{self.args.seed} several"))
        end = time.monotonic() + self.args.several_seconds
        while self.counts["random"] < RANDOM_STATEMENTS and time.monotonic() < end:
            self.counts["random"] += 1
            asked = selects.next(self.counts["random"])
            ways = WAYS_OF_RANDOM[self.counts["random"] % len(WAYS_OF_RANDOM)]
            _, is_refused = self.ask(name, asked, ways)
            self.counts["random refused"] += is_refused

    def partitions(self, name):
        """The rows of a question are those where p, where not p, and where p is null."""
        selects = Selects(random.Random(f"{self.args.seed} partitions"))
        for number in range(PARTITIONS):
            whole, parts = selects.partition(number)
            layout = ("three", "eight", "one_empty")[number % 3]
            client = self.layouts.clients[layout]
            answers = [client.query(asked.plain()) for asked in (whole, *parts)]
            if any(answer.is_refusal for answer in answers):
                self.counts["partitions refused"] += 1
                continue
            self.counts["partitions"] += 1
            rows = [[row for result in answer.results for row in result.rows] for answer in answers]
            if any(answer.code for answer in answers) or \
                    Counter(rows[0]) != Counter(row for part in rows[1:] for row in part):
                self.note(name, whole, f"the whole is not its parts, {parts[0].sql}", answers[0],
                          "\n".join(map(str, answers[1:])), layout)

    def routed_or_not(self, name):
        """One shard asked for a key, and all of them."""
        selects = Selects(random.Random(f"{self.args.seed} routed"))
        for number in range(PARTITIONS // 2):
            routed, scattered = selects.routed_and_scattered(number)
            client = self.layouts.clients[("three", "eight")[number % 2]]
            one, all_ = (client.query(asked.plain()) for asked in (routed, scattered))
            if one.is_refusal or all_.is_refusal:
                self.counts["routed refused"] += 1
                continue
            what = self.judge.verdict(routed, SIMPLE, all_, one)
            if what:
                self.note(name, scattered, f"{what}, unlike {routed.sql}", all_, one, "scattered, routed")

    def control(self, name):
        """Answers that are wrong in every way of a careless proxy must be found."""
        for what, mode, asked, is_wrong in CONTROLS:
            expected = self.layouts.oracle.query(asked.sql)
            assert not expected.code, f"{asked.sql}\n{expected}"
            with Careless(self.layouts, LAYOUT) as careless:
                got = careless.answer(mode, asked)
            found = self.judge.verdict(asked, SIMPLE, got, expected)
            if bool(found) != is_wrong:
                self.findings.of(name).append(f"{what}: {found}\n{asked.sql}\n{got}\n{expected}")

    def refusals_are_written_down(self, name):
        if self.args.update:
            self.refusals.update()
        what = self.refusals.difference()
        if what:
            self.findings.of(name).append(what)

    def few_are_refused(self, name):
        percent = self.refusals.percent()
        if percent > self.args.most_refused:
            self.findings.of(name).append(f"{percent:.1f} % of the corpus are refused, not at most"
                                          f" {self.args.most_refused}")

    def run(self):
        self.test("several.control_wrong_answers_are_found", self.control)
        for family in read_all():
            self.test(f"several.corpus, {family.name}", lambda name, f=family: self.family(name, f))
        for script in SCRIPTS:
            self.test(f"several.session, {script[0]}", lambda name, s=script: self.script(name, s))
        self.test("several.prepared_once_and_run_again", self.prepared)
        self.test("several.portals_that_are_left", lambda name: self.flights(name, flights.left()))
        dice = random.Random(f"{self.args.seed} flights")
        self.test("several.pipelines", lambda name: self.flights(name, flights.pipelines(dice)))
        self.test("several.refusals_are_those_of_docs_refusals_md", self.refusals_are_written_down)
        self.test("several.few_are_refused", self.few_are_refused)
        self.test("several.random", self.random_statements)
        self.test("several.a_whole_is_its_three_parts", self.partitions)
        self.test("several.one_shard_or_all_of_them", self.routed_or_not)
        counts = self.counts
        print(f"several: {sum(self.refusals.counts.values())} statements of the corpus,"
              f" {self.refusals.percent():.1f} % of the multi-shard ones refused; {counts['random']}"
              f" random ones, {counts['random refused']} refused; {counts['partitions']} partitions,"
              f" {counts['partitions refused']} refused; of {counts['answers']} answers"
              f" {counts['equal']} equal, {counts['errors']} errors on both sides,"
              f" {counts['refused']} refused, {counts['different']} different; seed {self.args.seed}",
              flush=True)
