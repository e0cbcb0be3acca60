"""writes - random INSERTs, UPDATEs and DELETEs whose outcome does not depend on the plan.

Times are always given, since now() differs between two servers; a row that several rows of FROM
join with is set to what is the same for all of them.
"""

from queries import BUSINESSES, Queries, Relation
from rows import KEYS, STATUSES, TABLES, new_row
from ways import INT, STRING, Statement, value

LEVELS = ["BEGIN", "BEGIN", "START TRANSACTION", "BEGIN ISOLATION LEVEL REPEATABLE READ",
          "BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN READ WRITE"]


class Writes(Queries):
    may_err = True                               # may the key of a new row be in error?

    def table(self):
        return TABLES[self.dice.choice(BUSINESSES[self.business])]

    def a_key(self):
        chance = self.dice.random()
        if chance < 0.8:
            return self.focus
        return self.dice.choice(self.near[self.focus] if chance < 0.94 else KEYS)

    def where(self, relation, outer=()):
        parts = self.pinning([relation])
        if not parts and self.chance(0.6):       # most of those are refused, and change nothing
            parts = [f"{relation.alias}.{(relation.key or relation.columns[0])} = {value(self.focus)}"]
        if self.chance(0.5):
            parts.append(self.condition([relation], list(outer), 0, 1))
        return parts

    def target(self):
        table = self.table()
        alias = self.alias()
        return table, Relation(alias, table.bigints, table.key, table.ints, table.texts, table.unique)

    def returning(self, alias):
        return self.pick("", "", f" RETURNING {alias}.*", " RETURNING *", f" RETURNING {alias}.*, 1 +"
            f" 1 AS two")

    # INSERT

    def insert_text(self, table, most=3, has_wrong_key=False):
        count = 1 if has_wrong_key else self.pick(1, 1, self.dice.randint(1, most))
        rows = [new_row(self.dice, table, self.a_key()) for _ in range(count)]
        if has_wrong_key:
            rows[0][table.key or table.unique[0]] = self.pick(value(None), "DEFAULT", "(SELECT 3)",
                "NULL",
                                                              "2 + 2")
        columns = list(rows[0])
        if "status" in columns and self.chance(0.2):
            columns.remove("status")
        if self.chance(0.02):
            columns.remove(table.key or table.unique[0])
        self.dice.shuffle(columns)
        values = ", ".join("(" + ", ".join(row[c] for c in columns) + ")" for row in rows)
        names = ", ".join(columns) if self.chance(0.9) else ", ".join(f'"{c}"' for c in columns)
        return f"INSERT INTO {self.rarely('public.', share=.1)}{table.name} ({names}) VALUES {values}"

    def conflict(self, table):
        unique = ", ".join(table.unique)
        free = [c for c in (*table.bigints, *table.ints, *table.texts) if c not in table.unique]
        if self.chance(0.4) or not free:
            return self.pick("", "", " ON CONFLICT DO NOTHING", f" ON CONFLICT ({unique}) DO NOTHING")
        column = self.dice.choice(free)
        sets = self.pick(f"{column} = excluded.{column}", f"{column} = {table.name}.{column}",
                         f"({column}) = ROW (excluded.{column})")
        if self.chance(0.05) and table.key:
            sets = f"{table.key} = excluded.{table.key}"
        where = self.pick("", "", f" WHERE {table.name}.{table.bigints[0]} = {value(self.focus)}",
                          f" WHERE excluded.{table.bigints[-1]} > 2")
        return f" ON CONFLICT ({unique}) DO UPDATE SET {sets}{where}"

    def insert(self):
        table = self.table()
        if self.chance(0.06):
            return Statement(f"INSERT INTO {table.name} SELECT * FROM {table.name} t WHERE"
                             f" t.{table.unique[0]} ="
                             f" {value(self.focus)}{self.pick('', ' ON CONFLICT DO NOTHING')}")
        if self.chance(0.04):
            row = new_row(self.dice, table, self.a_key())
            return Statement(f"INSERT INTO {table.name} VALUES ({', '.join(row.values())})")
        returning = self.pick("", " RETURNING *", f" RETURNING {table.name}.*, {table.bigints[0]} % 7"
                                                  f" AS rest")
        # Of two errors in one statement, which one is told first depends on who looks at it.
        has_wrong_key = self.may_err and self.chance(0.05)
        text = self.insert_text(table, has_wrong_key=has_wrong_key)
        return Statement(text + self.conflict(table) + returning, may_err=not has_wrong_key)

    # UPDATE, DELETE

    def assignments(self, table, relation):
        free = [c for c in (*table.ints, *table.texts) if c not in table.unique]
        free += [c for c in table.bigints if c not in table.unique]
        if not free or (self.chance(0.05) and table.key):
            key, other = table.unique[0], value(self.dice.choice(KEYS))
            return self.pick(f"{key} = {other}", f"({key}) = ROW ({other})", f'"{key}" = {other}',
                             f"{key} = {relation.alias}.{key} + 1")
        column = self.dice.choice(free)
        if column in table.ints:
            return self.pick(f"{column} = {relation.alias}.{column} + {value(1, INT)}",
                             f"{column} = {value(self.dice.randint(0, 4), INT)}",
                             f"{column} = CASE WHEN {relation.alias}.{relation.columns[0]} ="
                             f" {value(self.focus)}"
                             " THEN 1 ELSE 2 END",
                             f"{column} = DEFAULT" if column == "taken" else f"{column} = 1")
        if column == "status":
            return f"{column} = {value(self.dice.choice(STATUSES), STRING)}"
        if column in table.texts:
            return self.pick(f"{column} = upper({relation.alias}.{column})",
                             f"{column} = {value('x', STRING)}")
        return f"{column} = {value(self.dice.randint(1, 6))}"

    def update(self):
        table, relation = self.target()
        parts = self.where(relation)
        source = ""
        if self.chance(0.4):
            text, other = self.relation(depth=2)
            source = f" FROM {text}"
            parts += self.pinning([other])
            parts.append(f"{other.alias}.{self.dice.choice(other.columns)} ="
                         f" {relation.alias}.{self.dice.choice(relation.columns)}")
        self.dice.shuffle(parts)
        where = " WHERE " + " AND ".join(parts) if parts else ""
        returning = self.pick("", "", f" RETURNING {relation.alias}.*")
        return Statement(f"UPDATE {table.name} {relation.alias} SET {self.assignments(table, relation)}"
                         f"{source}{where}{returning}")

    def delete(self):
        table, relation = self.target()
        parts = self.where(relation)
        parts.append(f"{relation.alias}.{table.unique[-1]} = {self.dice.randint(1, 4)}"
                     if table.unique[-1] in table.bigints else "true")
        using = ""
        if self.chance(0.35):
            text, other = self.relation(depth=2)
            using = f" USING {text}"
            parts += self.pinning([other])
            parts.append(f"{other.alias}.{other.columns[0]} ="
                         f" {relation.alias}.{self.dice.choice(relation.columns)}")
        self.dice.shuffle(parts)
        returning = self.pick("", "", f" RETURNING {relation.alias}.*")
        return Statement(f"DELETE FROM {self.rarely('ONLY ', share=.05)}{table.name}"
                         f" {relation.alias}{using}"
                         f" WHERE {' AND '.join(parts)}{returning}")

    # WITH

    def cte(self):
        key = value(self.focus)
        low = self.dice.randint(1, 4)
        insert = self.insert_text(TABLES["appointments"], 2) + " ON CONFLICT DO NOTHING"
        return Statement(self.pick(
            f"WITH d AS (DELETE FROM appointments WHERE patient_id = {key} AND appointment_id = {low}"
            f" RETURNING *)"
            " SELECT patient_id, appointment_id, status FROM d",
            f"WITH d AS (DELETE FROM slots WHERE doctor_id = {key} AND slot_id = {low} RETURNING *)"
            f" SELECT d.slot_id, a.appointment_id FROM d LEFT JOIN appointments a ON a.patient_id ="
            f" {key}",
            f"WITH u AS (UPDATE slots SET taken = 1 WHERE doctor_id = {key} AND slot_id = {low}"
            f" RETURNING doctor_id)"
            f" SELECT count(*), (SELECT sum(taken) FROM slots WHERE doctor_id = {key}) FROM u",
            f"WITH u AS (UPDATE slots SET taken = taken + 1 WHERE doctor_id = {key} AND slot_id = {low}"
            f" RETURNING doctor_id, slot_id) {insert}",
            f"WITH i AS ({insert} RETURNING doctor_id, slot_id) UPDATE slots SET taken = 0 WHERE"
            f" doctor_id = {key}"
            " AND slot_id IN (SELECT slot_id FROM i) RETURNING slots.slot_id",
            f"WITH i AS ({insert} RETURNING patient_id) SELECT count(*), max(patient_id) FROM i",
            f"WITH i AS ({insert} RETURNING patient_id) SELECT count(*) FROM appointments a JOIN i"
            f" USING (patient_id)",
            f"WITH appointments AS (SELECT * FROM slots WHERE doctor_id = {key})"
            f" DELETE FROM appointments WHERE patient_id = {key} AND appointment_id = {low}",
            f"WITH slots AS (SELECT patient_id FROM appointments WHERE patient_id = {key})"
            f" UPDATE appointments SET status = 'done' FROM slots WHERE appointments.patient_id ="
            f" slots.patient_id"
            " RETURNING appointments.appointment_id",
            f"WITH d AS (DELETE FROM appointments WHERE patient_id = {key} AND appointment_id = {low}"
            f" RETURNING *)"
            " INSERT INTO appointments SELECT * FROM d",
            f"WITH a AS (DELETE FROM appointments WHERE patient_id = {key} AND appointment_id = {low}),"
            f" s AS (DELETE FROM slots WHERE doctor_id = {self.key_value()} AND slot_id = {low})"
            f" SELECT 1 AS one"))

    def write(self):
        """Any of them."""
        self.begin()
        if self.business == "orders" and self.chance(0.15):
            return self.cte()
        return self.pick(self.insert, self.insert, self.insert, self.update, self.update, self.delete)()

    def read(self):
        return self.pick(self.keys, self.keys, self.conditions, self.joins, self.aggregates)()

    # Transactions

    def transaction(self):
        """The statements of one, mostly about one key and thus one shard."""
        return self._about_one_key(lambda: self._transaction(LEVELS, self.read, self.write))

    def wide_transaction(self):
        """The statements of one that reads on any shard, and mostly writes on one."""
        focus, business = self.dice.choice(KEYS), self.pick("orders", "orders", "users", "payments")
        plain_begin = self.begin

        def mostly(share, function):
            self.begin = lambda *_, **__: plain_begin(
                *((focus, business) if self.chance(share) else (None, None)))
            try:
                return function()
            finally:
                self.begin = plain_begin
        return list(self._transaction(
            ["BEGIN"], lambda: mostly(0.2, self.keys), lambda: mostly(0.95, self.write)))

    def several(self):
        """Several statements for one message; in it they are one transaction. What happens if
        shardward finds one of them in error is a test of its own."""
        self.may_err = False
        def statements():
            ends = self.pick(("", ""), ("BEGIN", "COMMIT"), ("BEGIN", "ROLLBACK"), ("BEGIN", ""),
                             ("", "COMMIT"))
            inner = [self.pick(self.read, self.write)() for _ in range(self.dice.randint(2, 4))]
            yield "; ".join(filter(None, [ends[0], *(s.sql for s in inner), ends[1]]))
        return Statement(self._about_one_key(statements)[0])

    def _about_one_key(self, function):
        focus = self.dice.choice(KEYS)
        business = self.pick("orders", "orders", "orders", "users", "payments", "institutions")
        plain_begin = self.begin
        # Whatever a statement is about, here it is about this; now and then not.
        self.begin = lambda *_, **__: plain_begin(
            *((focus, business) if self.chance(0.97) else (None, None)))
        try:
            return list(function())
        finally:
            self.begin = plain_begin

    def _transaction(self, begins, read, write):
        yield Statement(self.pick(*begins))
        savepoints = []
        for _ in range(self.dice.randint(2, 7)):
            chance = self.dice.random()
            if chance < 0.16:
                savepoints.append(self.pick("a", "b", '"B b"'))
                yield Statement(f"SAVEPOINT {savepoints[-1]}")
            elif chance < 0.26 and savepoints:
                word = self.rarely("SAVEPOINT ")
                yield Statement(f"ROLLBACK TO {word}{self.dice.choice(savepoints)}")
            elif chance < 0.31 and savepoints:
                yield Statement(f"RELEASE {savepoints.pop()}")
            elif chance < 0.33:
                yield Statement("SELECT 1 AS one")
            elif chance < 0.36:
                yield Statement("SELECT 1/0")
            elif chance < 0.55:
                yield read()
            else:
                yield write()
        if savepoints and self.chance(0.5):
            yield Statement(f"ROLLBACK TO {savepoints[0]}")
        yield Statement(self.pick("COMMIT", "COMMIT", "COMMIT", "END", "ROLLBACK", "ROLLBACK"))
