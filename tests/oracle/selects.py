"""selects - random SELECTs that need several shards.

Every one has one right answer, but for the order that ORDER BY leaves open: what LIMIT and DISTINCT
ON choose is told by a total order, and columns in which equal values look different are left alone.
"""

from dataclasses import dataclass, field

from families import Asked
from placed_rows import KEYS

INT, NUM, FLOAT, TEXT, BOOL, ENUM, DATE, TIME, KEY = "int num float text bool enum date time key".split()

TABLES = {
    "patients": {"patient_id": KEY, "name": TEXT, "city": TEXT, "born": DATE, "vip": BOOL, "mood": ENUM},
    "visits": {"patient_id": KEY, "visit_id": INT, "doctor_id": INT, "at": TIME, "fee": NUM,
               "score": FLOAT, "ratio": FLOAT, "grade": INT, "paid": BOOL, "mood": ENUM, "remark": TEXT},
    "bills": {"patient_id": KEY, "bill_id": INT, "visit_id": INT, "amount": NUM, "currency": TEXT,
              "due": DATE, "settled": BOOL},
    "refunds": {"patient_id": KEY, "refund_id": INT, "bill_id": INT, "amount": NUM, "reason": TEXT},
    "events": {"patient_id": KEY, "what": TEXT, "n": INT},
    "nothing": {"patient_id": KEY, "x": INT, "t": TEXT},
}
UNIQUE = {"patients": ("patient_id",), "visits": ("patient_id", "visit_id"),
          "bills": ("patient_id", "bill_id"), "refunds": ("patient_id", "refund_id")}
VALUES = {KEY: ("int8", [str(key) for key in KEYS] + ["-7"]), INT: ("int4", ["0", "1", "2", "3", "-5", "40000"]),
          NUM: ("numeric", ["0", "10.0", "12.5", "-1", "99"]), FLOAT: ("float8", ["0", "1.5", "3", "-2.25"]),
          TEXT: ("text", ["", "Ada", "b", "Oslo", "in", "EUR", "é", "zz"]), BOOL: ("bool", ["t", "f"]),
          ENUM: ("mood", ["sad", "happy", "Zen"]), DATE: ("date", ["2000-02-29", "2026-02-01", "infinity"]),
          TIME: ("timestamp", ["2026-03-01 08:00", "2026-06-01", "-infinity"])}
ORDERS = ["", "", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"]
OPERATIONS = ["UNION", "UNION ALL", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL"]
JOINS = ["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]
SUMMED, ORDERED = (INT, NUM, FLOAT), (KEY, INT, NUM, TEXT, ENUM, DATE, TIME, FLOAT)


@dataclass
class From:
    text: str
    columns: dict                                # spelled: kind
    unique: list                                 # columns that no two rows share; empty: none
    parts: list = field(default_factory=list)    # aliases


class Selects:
    def __init__(self, dice):
        self.dice = dice

    def chance(self, share):
        return self.dice.random() < share

    def pick(self, *choices):
        return self.dice.choice(choices)

    def some(self, choices, least=1, most=3):
        choices = list(choices)
        return self.dice.sample(choices, min(len(choices), self.dice.randint(least, most)))

    # Values and conditions

    def value(self, kind):
        type_, pool = VALUES[kind]
        text = self.dice.choice(pool)
        if self.may_have_parameters and self.chance(0.2):
            self.parameters.append((type_, None if self.chance(0.05) else text))
            return f"${len(self.parameters)}"
        if kind in (KEY, INT, NUM) and not self.chance(0.1):
            return text
        return f"'{text}'" if self.chance(0.5) else f"'{text}'::{type_}"

    def column(self, from_, *kinds):
        found = [name for name, kind in from_.columns.items() if not kinds or kind in kinds]
        return self.dice.choice(found) if found else None

    def comparison(self, from_):
        name = self.column(from_)
        kind = from_.columns[name]
        if kind == BOOL:
            return self.pick(name, f"NOT {name}", f"{name} IS NOT TRUE", f"{name} IS NULL")
        shape = self.dice.randrange(9)
        if shape == 0:
            return f"{name} IS {self.pick('', 'NOT ')}NULL"
        if shape == 1:
            values = ", ".join(self.value(kind) for _ in range(self.dice.randint(1, 4)))
            return f"{name} {self.pick('', '', 'NOT ')}IN ({values})"
        if shape == 2:
            return f"{name} BETWEEN {self.value(kind)} AND {self.value(kind)}"
        if shape == 3 and kind == TEXT:
            return f"{name} LIKE {self.pick(repr('%a%'), repr('_'), repr('b%'), repr('%'))}"
        if shape == 4 and kind == INT:
            return f"{name} % 2 = {self.pick(0, 1)}"
        if shape == 5:
            other = self.column(from_, kind)
            return f"{name} {self.pick('=', '<', 'IS DISTINCT FROM')} {other}"
        return f"{name} {self.pick('=', '<>', '<', '>', '<=', '>=')} {self.value(kind)}"

    def condition(self, from_, depth=2):
        if depth == 0 or self.chance(0.5):
            return self.comparison(from_)
        left, right = self.condition(from_, depth - 1), self.condition(from_, depth - 1)
        return self.pick(f"({left} AND {right})", f"({left} OR {right})", f"NOT ({left})",
                         f"({left} OR {right})")

    def where(self, from_, share=0.6):
        parts = []
        if self.chance(share):
            parts.append(self.condition(from_))
        if self.chance(0.15):
            parts.append(self.subquery(from_))
        if self.chance(0.12):
            keys = ", ".join(str(key) for key in self.some(KEYS, 1, 5))
            parts.append(f"{from_.parts[0]}.patient_id IN ({keys})")
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    # FROM

    def _plain(self, table, alias):
        columns = {f"{alias}.{name}": kind for name, kind in TABLES[table].items()}
        unique = [f"{alias}.{name}" for name in UNIQUE.get(table, ())]
        return From(f"{table} {alias}", columns, unique, [alias])

    def table(self):
        return self.dice.choices(list(TABLES), [5, 7, 4, 2, 3, 1])[0]

    def from_(self, joins=0.3):
        one = self._plain(self.table(), "a")
        if not self.chance(joins):
            return one
        two = self._plain(self.table(), "b")
        kind = self.dice.choice(JOINS)
        on = self.meeting(one, two, kind) if self.chance(0.3) else "a.patient_id = b.patient_id"
        if self.chance(0.2) and kind != "FULL JOIN":
            on += f" AND {self.comparison(two)}"
        if self.chance(0.12) and kind != "FULL JOIN":
            on += f" AND {self.subquery_of_others(one)}"
        text = f"{one.text} {kind} {two.text} ON {on}"
        if self.chance(0.15) and kind == "JOIN":
            text = f"{one.text}, {two.text}"
            return From(text, {**one.columns, **two.columns}, [], ["a", "b"])
        if self.chance(0.15):
            return self.third(one, two, text)
        return From(text, {**one.columns, **two.columns},
                    one.unique + two.unique if one.unique and two.unique else [], ["a", "b"])

    def third(self, one, two, text):
        three = self._plain(self.table(), "c")
        on = f"c.patient_id = {self.pick('a', 'b')}.patient_id"
        if self.chance(0.3):
            on += f" AND {self.subquery_of_others(three)}"
        return From(f"{text} {self.pick('JOIN', 'LEFT JOIN', 'RIGHT JOIN')} {three.text} ON {on}",
                    {**one.columns, **two.columns, **three.columns}, [], ["a", "b", "c"])

    def meeting(self, one, two, join):
        """By something else than the key."""
        name = self.column(one)
        other = self.column(two, one.columns[name])
        if other is None or one.columns[name] == BOOL:
            return "a.patient_id = b.patient_id"
        operator = "=" if join == "FULL JOIN" else self.pick("=", "=", "=", "<", "<>")
        more = f" AND {self.comparison(one)}" if join != "FULL JOIN" and self.chance(0.3) else ""
        return f"{name} {operator} {other}{more}"

    def rows_of(self, from_, where=None):
        """FROM and WHERE. Two tables without ON are joined there."""
        where = self.where(from_) if where is None else where
        if ", " in from_.text and "JOIN" not in from_.text:
            where = where.replace(" WHERE ", " WHERE a.patient_id = b.patient_id AND (", 1) + ")" if where \
                else " WHERE a.patient_id = b.patient_id"
        return f"FROM {from_.text}{where}"

    def subquery_of_others(self, from_):
        """Of rows that have not the key of those around it."""
        inner = self._plain(self.table(), "s")
        if self.chance(0.2):
            inner.text += f" {self.pick('JOIN', 'LEFT JOIN', 'RIGHT JOIN')} events u ON u.patient_id = s.patient_id"
        name = self.column(from_)
        kind = from_.columns[name]
        other = self.column(inner, kind)
        if other is None or kind == BOOL:
            return f"{self.pick('', 'NOT ')}EXISTS (SELECT 1 {self.rows_of(inner)})"
        more = f" AND {self.comparison(inner)}" if self.chance(0.5) else ""
        where = self.where(inner, 0.5)
        return self.pick(
            f"{name} {self.pick('=', '<', '>=')} (SELECT {self.pick('min', 'max')}({other}) FROM {inner.text}{where})",
            f"{name} {self.pick('', 'NOT ')}IN (SELECT {other} FROM {inner.text}{where})",
            f"{name} {self.pick('= ANY', '> ANY', '<> ALL', '<= ALL')} (SELECT {other} FROM {inner.text}{where})",
            f"{self.pick('', 'NOT ')}EXISTS (SELECT 1 FROM {inner.text} WHERE {other} = {name}{more})",
            f"(SELECT count(*) FROM {inner.text} WHERE {other} {self.pick('=', '<')} {name}{more}) > {self.pick(0, 1, 5)}",
            f"(SELECT count(*) FROM {inner.text}{where}) > {self.pick(0, 3, 20)}")

    def subquery(self, from_):
        if self.chance(0.4):
            return self.subquery_of_others(from_)
        inner = self._plain(self.table(), "s")
        key = f"{from_.parts[0]}.patient_id"
        more = f" AND {self.comparison(inner)}" if self.chance(0.6) else ""
        return self.pick(
            f"{self.pick('', 'NOT ')}EXISTS (SELECT 1 FROM {inner.text} WHERE s.patient_id = {key}{more})",
            f"{key} {self.pick('', 'NOT ')}IN (SELECT s.patient_id FROM {inner.text} WHERE true{more})",
            f"(SELECT count(*) FROM {inner.text} WHERE s.patient_id = {key}{more}) > {self.pick(0, 1, 2)}",
            f"{key} = ANY (SELECT s.patient_id FROM {inner.text} WHERE s.patient_id = {key}{more})")

    # Output

    def expression(self, from_):
        name = self.column(from_)
        kind = from_.columns[name]
        if self.chance(0.05):
            return f"({self.subquery_of_others(from_)})"
        more = {INT: [f"{name} + 1", f"{name} * -1", f"{name}::text"],
                NUM: [f"{name} * 2", f"round({name}, 1)", f"coalesce({name}, 0)"],
                TEXT: [f"upper({name})", f"{name} || 'x'", f"length({name})", f"coalesce({name}, '-')",
                       f"{name} = 'Ada'"],
                BOOL: [f"NOT {name}", f"CASE WHEN {name} THEN 'y' ELSE 'n' END"],
                KEY: [f"{name} % 3"], DATE: [f"{name} IS NULL"],
                ENUM: [f"{name}::text"]}
        return self.dice.choice(more[kind]) if kind in more and self.chance(0.4) else name

    def order(self, *expressions):
        return " ORDER BY " + ", ".join(e + self.dice.choice(ORDERS) for e in expressions)

    def limit(self):
        parts = []
        if self.chance(0.8):
            parts.append(f"LIMIT {self.dice.choice([0, 1, 2, 3, 7, 30, 500])}")
        if self.chance(0.4) or not parts:
            parts.append(f"OFFSET {self.dice.choice([0, 1, 2, 5, 40])}")
        return " " + " ".join(parts)

    def aggregate(self, from_):
        kind = self.pick("count(*)", "count", "sum", "sum", "avg", "min", "max", "count distinct", "bool",
                         "variance", "string", "array")
        star = "count(*)"
        if kind == "count(*)":
            return star
        if kind == "count":
            made = f"count({self.column(from_)})"
        elif kind == "count distinct":
            made = f"count(DISTINCT {self.column(from_)})"
        elif kind == "bool":
            name = self.column(from_, BOOL)
            made = f"{self.pick('bool_and', 'bool_or', 'every')}({name})" if name else star
        elif kind in ("min", "max"):
            made = f"{kind}({self.column(from_, *ORDERED)})"
        elif kind == "string":
            name = self.column(from_, TEXT)
            made = f"string_agg({name}, ',' ORDER BY {name}{self.dice.choice(ORDERS)})" if name else star
        elif kind == "array":
            name = self.column(from_, INT, KEY)
            made = f"array_agg({name} ORDER BY {name}{self.dice.choice(ORDERS)})"
        else:
            name = self.column(from_, *SUMMED) or self.column(from_, KEY)
            if from_.columns[name] == FLOAT:
                self.marks.add("float")
            function = self.pick("stddev", "variance", "stddev_pop", "var_pop") if kind == "variance" else kind
            made = f"{function}({name})"
        if self.chance(0.15) and not made.startswith("*"):
            made += f" FILTER (WHERE {self.comparison(from_)})"
        return made

    def around(self, aggregate):
        """An expression over an aggregate, now and then."""
        if not aggregate.startswith(("count", "sum")) or not self.chance(0.25):
            return aggregate
        return self.pick(f"coalesce({aggregate}, 0)", f"{aggregate} + 1",
                         f"CASE WHEN {aggregate} > 2 THEN 'many' ELSE 'few' END", f"- {aggregate}")

    # Statements

    def plain_rows(self):
        from_ = self.from_()
        columns = [self.expression(from_) for _ in range(self.dice.randint(1, 4))]
        output = "*" if self.chance(0.12) and len(from_.parts) == 1 else ", ".join(columns)
        sql = f"SELECT {output} {self.rows_of(from_)}"
        if self.chance(0.25):
            return sql
        keys = [self.expression(from_) for _ in range(self.dice.randint(1, 3))]
        if output != "*" and self.chance(0.3):
            keys[0] = str(self.dice.randint(1, len(columns)))
        if from_.unique and self.chance(0.6):
            keys += from_.unique
        return sql + self.order(*keys) + (self.limit() if self.chance(0.5) else "")

    def without_floats(self, from_, most):
        """Some columns: equal floats may look different."""
        found = [name for name in self.some(from_.columns, 1, most) if from_.columns[name] != FLOAT]
        return found or ["a.patient_id"]

    def distinct(self):
        from_ = self.from_()
        columns = self.without_floats(from_, 3)
        sql = f"SELECT DISTINCT {', '.join(columns)} {self.rows_of(from_)}"
        if self.chance(0.5):
            sql += self.order(*(map(str, range(1, len(columns) + 1)) if self.chance(0.5) else columns))
            sql += self.limit() if self.chance(0.4) else ""
        return sql

    def distinct_on(self):
        from_ = self._plain(self.pick("patients", "visits", "bills"), "a")
        one = self.column(from_, TEXT, BOOL, ENUM, INT, KEY)
        columns = ", ".join(self.some(from_.columns))
        return (f"SELECT DISTINCT ON ({one}) {one}, {columns} {self.rows_of(from_)}"
                f"{self.order(one, *from_.unique)}{self.limit() if self.chance(0.3) else ''}")

    def groups(self):
        from_ = self.from_()
        by = self.without_floats(from_, 2)
        if self.chance(0.2):
            kind = from_.columns[by[0]]
            by[0] = {INT: f"{by[0]} % 2", TEXT: f"upper({by[0]})", KEY: f"{by[0]} % 3"}.get(kind, by[0])
        aggregates = [self.around(self.aggregate(from_)) for _ in range(self.dice.randint(0, 3))]
        group = ", ".join(map(str, range(1, len(by) + 1))) if self.chance(0.3) else ", ".join(by)
        sql = f"SELECT {', '.join(by + aggregates)} {self.rows_of(from_)} GROUP BY {group}"
        if self.chance(0.3):
            sql += f" HAVING {self.pick('count(*) > 2', 'count(*) % 2 = 1', 'min(a.patient_id) < 5')}"
        if self.chance(0.5):
            positions = [str(n) for n in range(1, len(by) + 1)]
            first = [self.pick("count(*)", "max(a.patient_id)")] if self.chance(0.3) else []
            sql += self.order(*first, *positions) + (self.limit() if self.chance(0.4) else "")
        return sql

    def whole_aggregates(self):
        from_ = self.from_()
        made = [self.around(self.aggregate(from_)) for _ in range(self.dice.randint(1, 4))]
        having = f" HAVING count(*) > {self.pick(0, 3, 1000)}" if self.chance(0.1) else ""
        return f"SELECT {', '.join(made)} {self.rows_of(from_)}{having}"

    def set_operation(self):
        kind = self.pick(INT, TEXT, KEY, DATE, ENUM)
        arms = []
        for _ in range(self.dice.randint(2, 3)):
            from_ = self._plain(self.table(), "a")
            name = self.column(from_, kind) or f"NULL::{VALUES[kind][0]}"
            arms.append(f"SELECT {name} {self.rows_of(from_)}")
        if self.chance(0.25):
            arms.insert(self.dice.randrange(len(arms) + 1), f"SELECT {self.value(kind)}::{VALUES[kind][0]}")
        sql = arms[0]
        for arm in arms[1:]:
            sql = f"({sql})" if self.chance(0.2) else sql
            sql += f" {self.dice.choice(OPERATIONS)} {arm}"
        if self.chance(0.5):
            sql += self.order("1") + (self.limit() if self.chance(0.4) else "")
        return sql

    def derived(self):
        from_ = self._plain(self.table(), "a")
        names = [name.split(".")[1] for name in self.some(from_.columns)]
        inner = f"SELECT a.patient_id AS k, {', '.join(f'a.{n} AS c{i}' for i, n in enumerate(names))}" \
                f" {self.rows_of(from_)}"
        outer = self.pick("SELECT count(*), min(k) FROM q", "SELECT * FROM q",
                          "SELECT k, c0 FROM q ORDER BY k, c0",
                          "SELECT k, count(*) FROM q GROUP BY k", "SELECT c0, count(*) FROM q GROUP BY c0",
                          "SELECT q.k, p.name FROM q JOIN patients p ON p.patient_id = q.k",
                          "SELECT q.k, v.visit_id FROM q LEFT JOIN visits v ON v.visit_id = q.k",
                          "SELECT count(*) FROM q WHERE c0 IS NOT NULL AND k < (SELECT max(visit_id) FROM visits)")
        if self.chance(0.3):
            return f"WITH q AS ({inner}) " + self.pick(
                "SELECT x.k, y.k FROM q x JOIN q y ON x.c0 = y.c0", "SELECT k FROM q WHERE k > (SELECT min(k) FROM q)",
                "SELECT k FROM q UNION ALL SELECT count(*) FROM q", "SELECT count(*) FROM q x, q y",
                "SELECT k FROM q EXCEPT SELECT visit_id FROM visits")
        if self.chance(0.4):
            return f"WITH q AS ({inner}) {outer}"
        return outer.replace("FROM q", f"FROM ({inner}) q", 1)

    def window(self):
        from_ = self._plain(self.pick("visits", "bills"), "a")
        unique = from_.unique[1]
        function = self.pick(f"row_number() OVER (PARTITION BY a.patient_id ORDER BY {unique} DESC)",
                             "count(*) OVER (PARTITION BY a.patient_id)",
                             f"lag({unique}) OVER (PARTITION BY a.patient_id ORDER BY {unique})",
                             f"rank() OVER (ORDER BY a.patient_id, {unique})", "count(*) OVER ()")
        sql = f"SELECT {', '.join(from_.unique)}, {function} {self.rows_of(from_)}"
        return sql + (self.order(*from_.unique) + (self.limit() if self.chance(0.3) else "")
                      if self.chance(0.5) else "")

    def begin(self, may_have_parameters):
        self.may_have_parameters, self.parameters, self.marks = may_have_parameters, [], set()

    def next(self, number):
        self.begin(self.chance(0.4))
        make = self.dice.choices([self.plain_rows, self.distinct, self.distinct_on, self.groups,
                                  self.whole_aggregates, self.set_operation, self.derived, self.window],
                                 [30, 10, 5, 20, 15, 10, 6, 4])[0]
        sql = make()
        if self.chance(0.06):                    # how a statement is written changes nothing
            sql = self.pick(f"{sql} -- LIMIT 1", f"/* SELECT 1 */ {sql}", f"{sql} ;", f"\n\t{sql}\n",
                            f"{sql}/* x */")
        return Asked(sql, "random", number, self.parameters, self.marks)

    # Statements whose answers are known from others

    def partition(self, number):
        """A statement, and what it is where p, where not p, and where p is null."""
        self.begin(False)
        from_ = self.from_()
        if "JOIN" not in from_.text and ", " in from_.text:
            from_ = self._plain(self.table(), "a")
        output = self.pick("*" if len(from_.parts) == 1 else "a.*", ", ".join(self.some(from_.columns)))
        p = self.condition(from_)
        whole = f"SELECT {output} FROM {from_.text}"
        return self._asked(whole, number), [self._asked(f"{whole} WHERE {where}", number)
                                            for where in (p, f"NOT ({p})", f"({p}) IS NULL")]

    def _asked(self, sql, number):
        return Asked(sql, "generated", number, [], set(self.marks))

    def routed_and_scattered(self, number):
        """A statement for one key, and the same without saying so."""
        self.begin(False)
        from_ = self._plain(self.table(), "a")
        key = self.dice.choice(KEYS)
        made = self.pick(lambda: ", ".join(self.some(from_.columns)),
                         lambda: ", ".join(self.aggregate(from_) for _ in range(2)))()
        more = f" AND {self.condition(from_)}" if self.chance(0.5) else ""
        return tuple(self._asked(f"SELECT {made} FROM {from_.text} WHERE {which}{more}", number)
                     for which in (f"a.patient_id = {key}", f"a.patient_id::text = '{key}'"))
