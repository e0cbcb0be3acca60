"""queries - random SELECTs.

A statement is about one key, its focus, and mostly compares with it, so that many statements
are for one shard: conditions stand in places where they say which shard, and in others where they
do not. LIMIT and DISTINCT ON stand only where ORDER BY is total.
"""

from dataclasses import dataclass

from rows import CITIES, KEYS, NAMES, STATUSES, TABLES
from ways import BIGINT, INT, STRING, Statement, array, value

JOINS = ["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]
BUSINESSES = {"orders": ["appointments", "appointments", "slots"], "users": ["patients"],
              "payments": ["payments"], "institutions": ["doctors", "departments", "schedules"],
              "hospitals": ["sync_messages"],
              "mixed": ["appointments", "payments", "patients", "doctors"]}
MOST_RELATIONS = 3


@dataclass
class Relation:
    alias: str
    columns: tuple                               # bigints
    key: str = None                              # None: not sharded, or not known by a key
    ints: tuple = ()
    texts: tuple = ()
    unique: tuple = ()                           # of a plain table


class Queries:
    def __init__(self, dice, locate):
        """locate(table, key) is the shard of a key."""
        self.dice = dice
        self.near = {key: [k for k in KEYS if locate("appointments", k) == locate("appointments", key)]
                     for key in KEYS}
        self.begin()

    def chance(self, share):
        return self.dice.random() < share

    def pick(self, *choices):
        return self.dice.choice(choices)

    def begin(self, focus=None, business=None):
        """A new statement."""
        self.focus = focus
        if focus is None:                        # small ones are values of other columns too
            self.focus = self.dice.choice(KEYS[:4] if self.chance(0.35) else KEYS)
        weights = [70, 8, 8, 8, 2, 4]
        self.business = business or self.dice.choices(list(BUSINESSES), weights)[0]
        # How often WHERE, and how often ON, tells the shard of a relation.
        self.pins, self.pins_of_on = self.dice.choices(
            [(1.0, 0.2), (0.8, 0.3), (0.3, 0.2), (0.4, 0.7), (0.0, 0.9)], [50, 12, 10, 18, 10])[0]
        self.aliases = 0

    # Values and conditions

    def number(self):
        chance = self.dice.random()
        if chance < 0.75:
            return self.focus
        if chance < 0.88:
            return self.dice.choice(self.near[self.focus])
        return self.dice.choice(KEYS[:5]) if chance < 0.97 else None

    def key_value(self):
        return value(self.number())

    def rarely(self, text, other="", share=0.3):
        return text if self.chance(share) else other

    def name(self, relation, column, is_alone=False):
        return column if self.chance(0.3 if is_alone else 0.08) else f"{relation.alias}.{column}"

    def column(self, relations, keys=0.6):
        with_key = [r for r in relations if r.key]
        if with_key and self.chance(keys):
            relation = self.dice.choice(with_key)
            return self.name(relation, relation.key, len(relations) == 1)
        relation = self.dice.choice(relations)
        return self.name(relation, self.dice.choice(relation.columns), len(relations) == 1)

    def other_atom(self, relations):
        """A condition on something else than a bigint."""
        relation = self.dice.choice(relations)
        if relation.ints and self.chance(0.5):
            return (f"{relation.alias}.{self.dice.choice(relation.ints)} "
                    f"{self.pick('=', '<', '>=', '<>')} {value(self.dice.randint(0, 5), INT)}")
        if relation.texts:
            texts = STATUSES + NAMES[:3] + CITIES[:2]
            return (f"{relation.alias}.{self.dice.choice(relation.texts)} "
                    f"{self.pick('=', '<>', '<')} {value(self.dice.choice(texts), STRING)}")
        return self.pick("true", "1 = 1", "NULL IS NULL")

    def atom(self, relations, outer, depth):
        pool = relations + (outer if self.chance(0.4) else [])
        column = self.column(pool)
        chance = self.dice.random()
        if chance < 0.28:
            return self.pick(f"{column} = {self.key_value()}", f"{self.key_value()} = {column}")
        if chance < 0.38:
            values = [self.key_value() for _ in range(self.dice.randint(1, 3))]
            return f"{column} {self.rarely('NOT ', share=.15)}IN ({', '.join(values)})"
        if chance < 0.42:
            numbers = array(self.number() for _ in range(self.dice.randint(0, 2)))
            return f"{column} {self.pick('= ANY', '= ANY', '= SOME', '<> ALL')} ({numbers})"
        if chance < 0.62:
            return f"{self.column(relations)} = {self.column(pool)}"
        if chance < 0.74:
            return self.other_atom(relations)
        if chance < 0.88 or depth >= 2:
            return self.odd_atom(column)
        if self.chance(0.6):
            return self.rarely("NOT ") + f"EXISTS ({self.select(relations + outer, depth + 1)})"
        return (f"{self.column(relations)} {self.rarely('NOT ')}IN "
                f"({self.select_one(relations + outer, depth + 1)})")

    def odd_atom(self, column):
        """A key condition where it says nothing, or less than it seems."""
        equal = f"{column} = {self.key_value()}"
        return self.pick(
            f"NOT {equal}", f"NOT ({equal})", f"({equal}) IS NOT FALSE", f"({equal}) IS TRUE",
            f"({equal}) IS NULL", f"coalesce({equal}, true)", f"CASE WHEN {equal} THEN true ELSE"
                f" false END",
            f"CASE WHEN {equal} THEN false ELSE true END", f"({equal}) = false", f"({equal}) = true",
            f"{column} IS NULL", f"{column} IS NOT NULL", f"{column} >= {self.key_value()}",
            f"{column} BETWEEN {self.key_value()} AND {self.key_value()}",
            f"{column} <> {self.key_value()}", f"{column} IS NOT DISTINCT FROM {self.key_value()}",
            f"({column}, 1) = ({self.key_value()}, 1)", f"({column}) = ({self.key_value()})",
            f"{column} / 1 = {self.key_value()}", f"{column} + 0 = {self.key_value()}",
            f"{column}::bigint = {self.key_value()}", f"NOT (NOT ({equal}))",
            f"NOT ({column} <> {self.key_value()})", f"{column} = {self.key_value()} IS TRUE",
            f"({equal} OR true)", f"({equal} OR {column} IS NULL)", f"{equal} AND {equal}",
            f"({column}, {column}) IN (({self.key_value()}, {self.key_value()}))",
            f"{column} IN (VALUES ({self.focus}), ({self.focus}))",
            f"{column} OPERATOR(pg_catalog.=) {self.key_value()}",
            f"{column} OPERATOR(pg_catalog.<>) {self.key_value()}")

    def condition(self, relations, outer, depth, most=2):
        parts = []
        for _ in range(self.dice.randint(1, most)):
            if self.chance(0.15):
                arms = [" AND ".join(self.atom(relations, outer, depth)
                                     for _ in range(self.dice.randint(1, 2))) for _ in range(2)]
                parts.append(f"({arms[0]} OR {arms[1]})")
            else:
                parts.append(self.atom(relations, outer, depth))
        return " AND ".join(parts)

    def pinning(self, relations):
        """Conditions that tell the shard of most of the relations."""
        parts, first = [], None
        for relation in relations:
            if not relation.key or not self.chance(self.pins):
                continue
            column = f"{relation.alias}.{relation.key}"
            if len(relations) == 1 and self.chance(0.2):
                column = relation.key
            if first and self.chance(0.3):
                parts.append(f"{column} = {first}")
            elif self.chance(0.85):
                parts.append(f"{column} = {value(self.focus)}")
            else:
                some = self.dice.choice(self.near[self.focus])
                parts.append(self.pick(
                    f"{column} IN ({value(self.focus)}, {value(some)})",
                    f"{column} = ANY ({array([self.focus, some])})",
                    f"({column} = {value(self.focus)} OR {column} = {value(some)})"))
            first = column
        return parts

    # FROM

    def alias(self):
        self.aliases += 1
        return f"t{self.aliases}"

    def relation(self, outer=(), depth=0):
        table = TABLES[self.dice.choice(BUSINESSES[self.business])]
        alias = self.alias()
        relation = Relation(alias, table.bigints, table.key, table.ints, table.texts, table.unique)
        chance = self.dice.random()
        if chance < 0.86 or depth >= 2:
            return f"{self.rarely('public.', share=.1)}{table.name} {alias}", relation
        if chance < 0.9 and table.name in ("slots", "appointments"):
            one, two, *rest = table.bigints
            names = ", ".join([two, one, *rest])
            # Mostly by the column that has the key's name, but is not the key.
            key = table.key if self.chance(0.7) else two
            return f"{table.name} {alias}({names})", Relation(alias, table.bigints, key)
        return self.derived(table, alias, list(outer), depth)

    def derived(self, table, alias, outer, depth):
        inner = Relation(self.alias(), table.bigints, table.key, table.ints, table.texts)
        names = list(table.bigints)
        if self.chance(0.2):
            names = names[1:] + names[:1]
        outputs = ", ".join(f"{inner.alias}.{c} AS {n}" for c, n in zip(table.bigints, names))
        where = self.pinning([inner]) + ([self.condition([inner], outer, depth + 1, 1)]
                                         if self.chance(0.4) else [])
        where = " WHERE " + " AND ".join(where) if where else ""
        # A key that is fixed inside needs no second condition outside.
        return (f"(SELECT {outputs} FROM {table.name} {inner.alias}{where}) {alias}",
                Relation(alias, tuple(names), table.key if self.chance(0.3) else None))

    def side(self, depth, outer, kinds):
        """The right side of a join: a relation, or a join in parentheses."""
        text, relation = self.relation(outer, depth)
        if depth >= 2 or self.chance(0.85):
            return text, [relation]
        right, other = self.relation(outer, depth)
        on = self.on([relation], [other], outer, depth)
        return f"({text} {self.dice.choice(kinds)} {right} ON {on})", [relation, other]

    def join(self, depth, outer, kinds):
        text, relation = self.relation(outer, depth)
        relations = [relation]
        while self.chance(0.55) and len(relations) < MOST_RELATIONS:
            right, more = self.side(depth, outer, kinds)
            kind = self.dice.choice(kinds)
            shared = [c for c in more[0].columns if all(c in r.columns for r in relations)]
            chance = self.dice.random()
            if chance < 0.2 and shared:
                using = self.dice.sample(shared, self.dice.randint(1, min(2, len(shared))))
                text = f"{text} {kind} {right} USING ({', '.join(using)})"
            elif chance < 0.22:
                text = f"{text} NATURAL {kind} {right}"
            elif chance < 0.27:
                text = f"{text} CROSS JOIN {right}"
            elif chance < 0.34 and depth < 2:
                alias = self.alias()
                inner = self.select(relations + outer, depth + 1, ["doctor_id"])
                text = f"{text} {self.pick('CROSS JOIN LATERAL', ', LATERAL')} ({inner}) {alias}"
                more = [Relation(alias, ("c1",))]
            else:
                text = f"{text} {kind} {right} ON {self.on(relations, more, outer, depth)}"
            relations += more
        return text, relations

    def on(self, left, right, outer, depth):
        one, other, parts = self.dice.choice(left), self.dice.choice(right), []
        if self.chance(0.6):
            parts.append(f"{other.alias}.{other.key or other.columns[0]} = "
                         f"{one.alias}.{one.key if one.key and self.chance(.6) else one.columns[-1]}")
        for relation in left + right:
            if relation.key and self.chance(self.pins_of_on):
                parts.append(f"{relation.alias}.{relation.key} = {value(self.focus)}")
        if not parts or self.chance(0.4):
            parts.append(self.condition(left + right, outer, depth + 1, 1))
        self.dice.shuffle(parts)
        return " AND ".join(parts)

    def source(self, depth, outer, kinds):
        """FROM and WHERE."""
        text, relations = self.join(depth, outer, kinds)
        if self.chance(0.15) and len(relations) < MOST_RELATIONS:
            more, others = self.join(depth, outer, kinds)
            text, relations = f"{text}, {more}", relations + others
        parts = self.pinning(relations)
        if self.chance(0.6):
            parts.append(self.condition(relations, outer, depth))
        self.dice.shuffle(parts)
        where = " WHERE " + " AND ".join(parts) if parts else ""
        return f"FROM {text}{where}", relations

    # SELECT

    def output(self, relations):
        relation = self.dice.choice(relations)
        chance = self.dice.random()
        if chance < 0.08:
            return (f"CASE WHEN {relation.alias}.{relation.columns[0]} = {value(self.focus)}"
                    " THEN 'one' ELSE 'other' END")
        if chance < 0.12:
            return f"{relation.alias}.{relation.columns[0]} = {self.focus}"
        if chance < 0.2 and relation.texts:
            return f"{relation.alias}.{self.dice.choice(relation.texts)}"
        return f"{relation.alias}.{self.dice.choice(relation.columns)}"

    def select(self, outer, depth, columns=None, kinds=None):
        source, relations = self.source(depth, outer, kinds or JOINS)
        if columns:
            relation = self.dice.choice(relations)
            outputs = f"{relation.alias}.{self.dice.choice(relation.columns)} AS c1"
        else:
            outputs = ", ".join(self.output(relations) for _ in range(self.dice.randint(1, 3)))
        return f"SELECT {outputs} {source}"

    def select_one(self, outer, depth):
        return self.select(outer, depth, ["c1"])

    def finish(self, sql, width):
        """With ORDER BY over all outputs, and then perhaps LIMIT."""
        if self.chance(0.5):
            return Statement(sql)
        columns = list(range(1, width + 1))
        self.dice.shuffle(columns)
        order = ", ".join(f"{c}{self.pick('', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST')}"
                          for c in columns)
        limit = self.pick("", "", f" LIMIT {value(self.dice.randint(0, 4), BIGINT)}",
                          " LIMIT 2 OFFSET 1",
                          " OFFSET 1", " FETCH FIRST ROW ONLY")
        return Statement(f"{sql} ORDER BY {order}{limit}", is_ordered=True)

    def outputs(self, relations, count):
        return ", ".join(f"{r.alias}.{self.dice.choice(r.columns)}"
                         for r in (self.dice.choice(relations) for _ in range(count)))

    # The groups

    def joins(self):
        self.begin()
        source, relations = self.source(0, [], ["JOIN", "INNER JOIN"])
        return self.finish(f"SELECT {self.outputs(relations, 3)} {source}", 3)

    def outer_joins(self):
        self.begin(business=self.pick("orders", "orders", "orders", "institutions", "users"))
        source, relations = self.source(0, [], JOINS[2:])
        if self.chance(0.3):
            return Statement(f"SELECT {self.pick('*', 'count(*)')} {source}")
        return self.finish(f"SELECT {self.outputs(relations, 3)} {source}", 3)

    def subqueries(self):
        self.begin()
        text, relation = self.relation()
        parts = self.pinning([relation])
        inner = self.select_one([relation], 1)
        correlated = [f"EXISTS ({self.select([relation], 1)})",
                      f"NOT EXISTS ({self.select([relation], 1)})",
                      f"{relation.alias}.{relation.columns[0]} IN ({inner})",
                      f"{relation.alias}.{relation.columns[-1]} = ANY ({inner})",
                      f"{relation.alias}.{relation.columns[0]} >= ALL ({inner})",
                      f"{relation.alias}.{relation.columns[-1]} NOT IN ({inner})",
                      f"{relation.alias}.{relation.columns[0]} = (SELECT max(c1) FROM ({inner}) q)"]
        parts += self.dice.sample(correlated, self.dice.randint(0, 2))
        where = " WHERE " + " AND ".join(parts) if parts else ""
        table = TABLES[self.dice.choice(BUSINESSES[self.business])]
        key = table.key or table.bigints[0]
        scalar = self.pick(
            f"(SELECT count(*) FROM {table.name} y WHERE y.{key} ="
            f" {relation.alias}.{relation.columns[0]})",
            f"(SELECT max(y.{table.bigints[-1]}) FROM {table.name} y WHERE y.{key} ="
            f" {value(self.focus)})",
            f"(SELECT {relation.alias}.{relation.columns[-1]})",
            f"EXISTS ({self.select([relation], 1)})", f"ARRAY({self.select_one([relation], 1)} ORDER"
                                                      f" BY 1)")
        return Statement(f"SELECT {relation.alias}.{relation.columns[0]}, {scalar} FROM {text}{where}")

    def derived_tables(self):
        self.begin()
        inner, relations = self.source(1, [], JOINS)
        key = next((f"{r.alias}.{r.key}" for r in relations if r.key),
                   f"{relations[0].alias}.{relations[0].columns[0]}")
        inner = f"SELECT {key} AS k, {self.outputs(relations, 1)} AS v {inner}"
        if self.chance(0.3):
            inner = f"SELECT DISTINCT k, v FROM ({inner}) i"
        elif self.chance(0.2):
            inner += " ORDER BY 1, 2 LIMIT 3"
        where = self.pick("", f" WHERE d.k = {self.key_value()}", f" WHERE d.v = {self.key_value()}")
        chance = self.dice.random()
        if chance < 0.5:
            return self.finish(f"SELECT d.k, d.v FROM ({inner}) d{where}", 2)
        text, other = self.relation()
        pins = self.pinning([other])
        pins = " AND " + " AND ".join(pins) if pins else ""
        if chance < 0.75:
            on = f"d.k = {other.alias}.{other.key or other.columns[0]}{pins}"
            return self.finish(f"SELECT d.v, {other.alias}.{other.columns[-1]} FROM ({inner}) d "
                               f"{self.dice.choice(JOINS)} {text} ON {on}{where}", 2)
        lateral = (f"SELECT count(*) AS n FROM {text} WHERE"
                   f" {other.alias}.{other.key or other.columns[0]}"
                   f" = {self.pick('d.k', 'd.v')}{pins}")
        return self.finish(f"SELECT d.k, l.n FROM ({inner}) d, LATERAL ({lateral}) l{where}", 2)

    def ctes(self):
        self.begin()
        body, relations = self.source(0, [], JOINS)
        key = next((f"{r.alias}.{r.key}" for r in relations if r.key),
                   f"{relations[0].alias}.{relations[0].columns[0]}")
        table = TABLES[self.dice.choice(BUSINESSES[self.business])]
        column = table.key or table.bigints[0]
        pin = f" AND z.{column} = {value(self.focus)}" if self.chance(self.pins) else ""
        # Some hide a table behind their name.
        name = self.pick("w", "w", table.name, "slots")
        materialized = self.pick("", "", "MATERIALIZED ", "NOT MATERIALIZED ")
        outputs = f"{key} AS k, {self.outputs(relations, 1)} AS v"
        with_ = f"WITH {name} AS {materialized}(SELECT {outputs} {body})"
        qualified = f"public.{table.name}" if self.chance(0.7) else table.name
        if self.chance(0.15):
            return Statement(
                f"WITH RECURSIVE r(k, n) AS (SELECT {key}, 1 {body} UNION SELECT"
                f" z.{table.bigints[-1]}, r.n + 1"
                f" FROM {qualified} z JOIN r ON r.k = z.{column}{pin} WHERE r.n < 3) SELECT * FROM r")
        if self.chance(0.3):
            two = f"two AS (SELECT k FROM {name} WHERE k = {self.key_value()})"
            z = f"{qualified} z"
            return Statement(self.pick(
                f"{with_}, {two} SELECT two.k, z.{table.bigints[-1]} FROM two LEFT JOIN {z}"
                f" ON z.{column} = two.k{pin}",
                f"{with_}, {two} SELECT c.v, two.k FROM {name} c LEFT JOIN two ON c.v = two.k",
                f"{with_}, two AS (SELECT 1 AS one) SELECT k, v FROM {name}",
                f"{with_} SELECT q.k FROM (WITH {table.name} AS (SELECT k FROM {name})"
                f" SELECT k FROM {table.name}) q",
                f"{with_} SELECT k, (WITH two AS (SELECT count(*) AS n FROM {name}) SELECT n FROM two)"
                f" FROM {name}",
                f"WITH one AS (SELECT z.{column} AS k FROM {table.name} z WHERE true{pin}),"
                f" {table.name} AS (SELECT {self.focus} AS k) SELECT * FROM one NATURAL JOIN"
                f" {table.name}",
                f"SELECT (WITH {name} AS (SELECT 1 AS k) SELECT k FROM {name}), z.{column} FROM"
                f" {table.name} z WHERE true{pin}"))
        rest = self.pick(
            f"SELECT k, v FROM {name}", f"SELECT k, v FROM {name} WHERE k = {self.key_value()}",
            f"SELECT c.k, z.{table.bigints[-1]} FROM {name} c JOIN {qualified} z ON z.{column} ="
            f" c.k{pin}",
            f"SELECT c.v, z.{table.bigints[0]} FROM {name} c LEFT JOIN {qualified} z ON z.{column} ="
            f" c.k{pin}",
            f"SELECT z.{table.bigints[0]}, 1 FROM {qualified} z WHERE z.{column} IN (SELECT k FROM"
            f" {name}){pin}",
            f"SELECT k, (SELECT count(*) FROM {qualified} z WHERE z.{column} = c.k{pin}) FROM {name} c")
        return self.finish(f"{with_} {rest}", 2)

    def set_operations(self):
        self.begin()
        arms = [self.select([], 1, ["c1"]) for _ in range(self.pick(2, 2, 3))]
        sql = arms[0]
        for arm in arms[1:]:
            operator = self.pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL",
                                 "INTERSECT ALL")
            sql = f"{sql} {operator} {arm}" if self.chance(0.7) else f"({sql}) {operator} ({arm})"
        if self.chance(0.2):
            where = self.pick("", f" WHERE c1 = {self.key_value()}")
            return Statement(f"SELECT count(*), min(c1) FROM ({sql}) u{where}")
        return self.finish(sql, 1)

    def conditions(self):
        self.begin()
        text, relation = self.relation()
        parts = self.pinning([relation]) + [self.condition([relation], [], 0, 3)]
        self.dice.shuffle(parts)
        joined = parts[0]
        for part in parts[1:]:
            joined = f"{joined} {self.pick('AND', 'AND', 'AND', 'OR')} {part}"
        if self.chance(0.1):
            joined = f"NOT ({joined})"
        if self.chance(0.5):
            return Statement(f"SELECT {self.pick('*', 'count(*)', relation.alias + '.*')} FROM {text}"
                             f" WHERE {joined}")
        order = ", ".join(f"{relation.alias}.{c}" for c in relation.unique) if relation.unique else None
        sql = f"SELECT {relation.alias}.{relation.columns[0]} FROM {text} WHERE {joined}"
        return Statement(f"{sql} ORDER BY {order}" if order else sql, is_ordered=bool(order))

    def aggregates(self):
        self.begin()
        source, relations = self.source(0, [], JOINS)
        relation = self.dice.choice(relations)
        alias, column = relation.alias, self.dice.choice(relation.columns)
        equal = f"{alias}.{relation.key or column} = {value(self.focus)}"
        functions = ["count(*)", f"count({alias}.{column})", f"count(DISTINCT {alias}.{column})",
                     f"sum({alias}.{column})", f"min({alias}.{column})", f"round(avg({alias}.{column}"
                         f" / 1000), 2)",
                     f"coalesce(sum({alias}.{column}), 0) + 1", f"count(*) FILTER (WHERE {equal})",
                     f"bool_or({equal})", f"max({alias}.{column}) = {self.focus}",
                     f"array_agg({alias}.{column} ORDER BY {alias}.{column})",
                     f"string_agg({alias}.{column}::text, ',' ORDER BY {alias}.{column})",
                     f"sum(CASE WHEN {equal} THEN 1 ELSE 0 END)", f"stddev({alias}.{column} % 100)"]
        chosen = ", ".join(self.dice.sample(functions, 2))
        having = self.pick("", f" HAVING count(*) > {value(1)}", f" HAVING max({alias}.{column}) ="
            f" {value(self.focus)}",
                           f" HAVING bool_and({equal})")
        chance = self.dice.random()
        if chance < 0.4:
            return Statement(f"SELECT {chosen} {source}{having}")
        if chance < 0.5:
            sets = f"{self.pick('ROLLUP', 'CUBE')} ({alias}.{column})"
            return Statement(f"SELECT {alias}.{column}, {chosen} {source} GROUP BY {sets}{having}")
        key = f"{alias}.{relation.key or column}"
        if chance < 0.65:
            return Statement(f"SELECT {key}, {chosen} {source} GROUP BY {key} HAVING {key} ="
                             f" {value(self.focus)}")
        group = self.pick(f"{alias}.{column}", f"{alias}.{column} % 2", key)
        return self.finish(f"SELECT {group}, {chosen} {source} GROUP BY 1{having}", 1 + 2)

    def windows_and_limits(self):
        self.begin()
        text, relation = self.relation(depth=2)
        parts = self.pinning([relation]) + ([self.condition([relation], [], 1,
            1)] if self.chance(0.4) else [])
        where = " WHERE " + " AND ".join(parts) if parts else ""
        alias, columns = relation.alias, relation.columns
        total = ", ".join(f"{alias}.{c}" for c in (relation.unique or columns))
        over = f"(PARTITION BY {alias}.{self.dice.choice(columns)} ORDER BY {total})"
        chance = self.dice.random()
        if chance < 0.4:
            function = self.pick("row_number()", f"sum({alias}.{columns[-1]})",
                                 f"lag({alias}.{columns[-1]})",
                                 "rank()", f"first_value({alias}.{columns[0]})", "count(*)", "ntile(2)")
            return Statement(f"SELECT {alias}.{columns[0]}, {function} OVER {over} FROM {text}{where}")
        if chance < 0.5:
            return Statement(f"SELECT x, n FROM (SELECT {alias}.{columns[0]} AS x, row_number() OVER"
                             f" {over} AS n"
                             f" FROM {text}{where}) q WHERE n = 1 AND x = {self.key_value()}")
        if chance < 0.65:
            return self.finish(f"SELECT DISTINCT {self.outputs([relation], 2)} FROM {text}{where}", 2)
        if chance < 0.75:
            first = f"{alias}.{self.dice.choice(columns)}"
            return Statement(f"SELECT DISTINCT ON ({first}) {first}, {total} FROM {text}{where} ORDER"
                             f" BY {first}, {total}",
                             is_ordered=True)
        limit = self.pick(f"LIMIT {value(2)}", f"LIMIT {value(1)} OFFSET {value(1)}",
                          "FETCH FIRST 2 ROWS ONLY", "OFFSET 2",
                          "LIMIT ALL", "LIMIT 0")
        lock = self.rarely(f" FOR {self.pick('UPDATE', 'SHARE', 'NO KEY UPDATE')}", share=0.2)
        return Statement(f"SELECT * FROM {text}{where} ORDER BY {total} {limit}{lock}",
                         is_ordered=bool(relation.unique))

    def keys(self):
        """One key in all its spellings, in the places where keys stand."""
        self.begin(business="orders" if self.chance(0.7) else self.pick("users", "payments"))
        table = TABLES[self.dice.choice(BUSINESSES[self.business])]
        key, one = table.key or table.bigints[0], value(self.focus if self.chance(0.95) else None)
        two = value(self.dice.choice(self.near[self.focus]))
        other = value(self.dice.choice(KEYS))
        where = self.pick(
            f"{key} = {one}", f"{key} = {one}", f"{key} = {one}", f"{one} = {key}", f"{key} IN ({one})",
            f"{key} IN ({one}, {two})", f"{key} = {one} AND {key} = {other}", f"{key} = {one} AND"
                f" {key} = {two}",
            f"{key} IN ({one}, {other}) AND {key} IN ({two}, {one})", f"{key} = {one} OR {key} = {two}",
            f"{key} = {one} AND {key} = {value(None)}", f"({key}) = ({one})", f"{table.name}.{key} ="
                f" {one}",
            f"public.{table.name}.{key} = {one}", f"{key} = ANY ({array([self.focus])})",
            f"\"{key}\" = {one}",
            f"{key} = ANY ({array([self.focus, None])})", f"{key.upper()} = {one}", f"({key} = {one})"
                f" AND true",
            f"{key} = {one} AND {table.bigints[-1]} = {one}", f"{table.bigints[-1]} = {one} AND {key}"
                f" = {one}",
            f"{key} IN ({one}, NULL)", f"{key} = {one} AND NOT {key} = {one}", f"{key} = {one} AND"
                f" {key} <> {two}")
        return Statement(f"SELECT {self.pick('*', 'count(*)', key, key + ', 1 AS one')} FROM"
                         f" {table.name} WHERE {where}",
                         may_err=True)


GROUPS = ["keys", "conditions", "joins", "outer_joins", "subqueries", "derived_tables", "ctes",
          "set_operations", "aggregates", "windows_and_limits"]
