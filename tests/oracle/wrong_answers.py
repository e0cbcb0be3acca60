"""wrong_answers - the rows of design/routing.md, "Wrong answers seen in other proxies", in order.

{a} and {c} stand for keys of one shard, {b} for one of another; they have rows in all tables.
"""

from ways import Statement, array, value

APPOINTMENT = "(patient_id, appointment_id, doctor_id, slot_id, booked_at)"
SLOT = "(doctor_id, slot_id, starts_at, capacity)"
TIME = "'2026-01-01 10:00:00+00'"


def plans(a, b, c):
    """Row number, what it is about, statements."""
    va, vb, vc = value(a), value(b), value(c)
    none = value(None)
    return [
        (1, "a key = value anywhere in the tree decides nothing", [
            f"SELECT patient_id = {va} FROM appointments",
            f"SELECT CASE WHEN patient_id = {va} THEN 1 END FROM appointments",
            f"SELECT count(*) FILTER (WHERE patient_id = {va}) FROM appointments",
            f"SELECT count(*) FROM appointments x LEFT JOIN appointments y ON y.patient_id = {va}",
            f"SELECT count(*) FROM appointments x LEFT JOIN appointments y ON x.patient_id = {va}",
            f"SELECT count(*) FROM appointments x LEFT JOIN appointments y ON x.patient_id = {va} AND"
            f" y.patient_id = {va}",
            f"SELECT count(*) FROM appointments x FULL JOIN appointments y ON x.patient_id ="
            f" y.patient_id AND"
            f" x.patient_id = {va} AND y.patient_id = {va}",
            f"SELECT count(*) FROM appointments x RIGHT JOIN appointments y ON x.patient_id = {va}"
            f" WHERE x.patient_id = {va}",
            f"SELECT count(*) FROM appointments x LEFT JOIN appointments y ON y.patient_id = {va}"
            f" WHERE x.patient_id = {va}",
            f"SELECT count(*) FROM appointments x LEFT JOIN appointments y ON y.patient_id = {vb}"
            f" WHERE x.patient_id = {va}",
            f"SELECT name FROM patients ORDER BY patient_id = {va}, name",
            f"SELECT count(*) FROM appointments WHERE doctor_id IN (SELECT doctor_id FROM slots WHERE"
            f" doctor_id = {va})",
            f"SELECT count(*) FROM appointments x WHERE EXISTS (SELECT 1 FROM slots WHERE"
            f" x.patient_id = {va} OR doctor_id = {va})",
            f"SELECT count(*) FROM appointments x WHERE x.patient_id = {va} AND EXISTS (SELECT 1 FROM"
            f" appointments y"
            f" WHERE x.patient_id = {va})",
            f"SELECT count(*) FROM patients WHERE coalesce(patient_id = {va}, true)",
            f"SELECT count(*) FROM patients WHERE NOT patient_id = {va}",
            f"SELECT count(*) FROM patients WHERE (patient_id = {va}) IS NOT TRUE",
            f"SELECT (SELECT count(*) FROM appointments WHERE patient_id = {va}), count(*) FROM"
            f" appointments",
            f"SELECT (SELECT count(*) FROM appointments WHERE patient_id = {va}), count(*) FROM"
            f" appointments WHERE"
            f" patient_id = {va}"]),
        (1, "an equality of two keys that need not hold decides nothing", [
            *(f"SELECT count(*) FROM appointments x, appointments y WHERE x.patient_id = {va} AND"
              f" {condition}"
              for condition in ("(x.patient_id = y.patient_id OR x.slot_id = y.slot_id)",
                                "NOT x.patient_id = y.patient_id", "x.patient_id <> y.patient_id",
                                "(x.patient_id = y.patient_id) IS NOT TRUE",
                                "CASE WHEN x.patient_id = y.patient_id THEN false ELSE true END",
                                "coalesce(x.patient_id = y.patient_id, true)",
                                "x.doctor_id = y.patient_id", "x.patient_id = y.patient_id + 0")),
            *(f"SELECT count(*) FROM appointments x {kind} appointments y ON x.patient_id ="
              f" y.patient_id"
              f" AND x.patient_id = {va}" for kind in ("LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "JOIN")),
            *(f"SELECT count(*) FROM appointments x {kind} appointments y ON x.patient_id ="
              f" y.patient_id"
              f" WHERE x.patient_id = {va}" for kind in ("LEFT JOIN", "RIGHT JOIN", "FULL JOIN",
                  "JOIN")),
            *(f"SELECT count(*) FROM appointments x {kind} appointments y USING (patient_id)"
              f" WHERE patient_id = {va}" for kind in ("LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "JOIN")),
            f"SELECT count(*) FROM appointments x WHERE x.patient_id = {va} AND EXISTS (SELECT 1 FROM"
            " appointments y WHERE y.patient_id = x.patient_id OR y.slot_id = x.slot_id)",
            f"SELECT count(*) FROM appointments x WHERE x.patient_id = {va} AND x.slot_id >"
            " (SELECT count(*) FROM appointments y WHERE y.patient_id <> x.patient_id)",
            f"SELECT count(*) FROM appointments x WHERE EXISTS (SELECT 1 FROM appointments y WHERE"
            f" y.patient_id = x.patient_id AND x.patient_id = {va})",
            f"SELECT count(*) FROM appointments x WHERE NOT EXISTS (SELECT 1 FROM appointments y WHERE"
            f" y.patient_id = x.patient_id AND y.patient_id = {va})"]),
        (1, "names that are not what they seem decide nothing", [
            *(f"SELECT count(*) FROM slots t(slot_id, doctor_id) WHERE doctor_id = {value(k)}"
              for k in range(1, 5)),
            *(f"SELECT count(*) FROM slots t(slot_id, doctor_id) WHERE t.doctor_id = {value(k)}"
              for k in range(1, 5)),
            *(f"SELECT count(*) FROM (SELECT slot_id AS doctor_id FROM slots) t WHERE doctor_id ="
              f" {value(k)}"
              for k in range(1, 5)),
            *(f"SELECT count(*) FROM (slots a CROSS JOIN slots b) AS j(slot_id, doctor_id) WHERE"
              f" doctor_id = {value(k)}" for k in range(1, 5)),
            f"WITH slots AS (SELECT slot_id AS doctor_id FROM public.slots) SELECT count(*) FROM slots"
            f" WHERE doctor_id = {va}",
            "WITH one AS (SELECT 1 AS k), slots AS (SELECT 2 AS k) SELECT one.k, slots.k FROM one,"
            " slots",
            f"WITH one AS (SELECT count(*) AS n FROM slots WHERE doctor_id = {va}), slots AS (SELECT"
            f" 2 AS k)"
            " SELECT one.n, slots.k FROM one, slots",
            f"WITH one AS (SELECT {va}::bigint AS k), two AS (SELECT k FROM one) SELECT one.k, two.k"
            f" FROM"
            " one JOIN two USING (k)",
            f"SELECT count(*) FROM slots WHERE doctor_id = {va} AND EXISTS (WITH slots AS (SELECT 1)"
            " SELECT * FROM slots)",
            "SELECT (WITH slots AS (SELECT 1 AS k) SELECT k FROM slots), count(*) FROM slots"]),
        (2, "arms of a set operation are for several shards", [
            f"SELECT * FROM appointments WHERE patient_id = {va} UNION SELECT * FROM appointments"
            f" WHERE patient_id = {vb}",
            f"SELECT * FROM appointments WHERE patient_id = {va} UNION ALL SELECT * FROM appointments"
            f" WHERE patient_id = {vc}",
            f"SELECT patient_id FROM appointments WHERE patient_id = {va} UNION ALL SELECT doctor_id"
            f" FROM slots",
            f"SELECT patient_id FROM appointments EXCEPT SELECT patient_id FROM appointments WHERE"
            f" patient_id = {va}",
            f"SELECT patient_id FROM appointments WHERE patient_id = {va} INTERSECT SELECT doctor_id"
            f" FROM slots WHERE"
            f" doctor_id = {va}",
            f"SELECT patient_id FROM appointments WHERE patient_id = {va} EXCEPT SELECT doctor_id"
            f" FROM slots WHERE"
            f" doctor_id = {vb}"]),
        (3, "LIMIT without ORDER BY gives as many rows as it says", [
            "SELECT 1 FROM appointments LIMIT 3",
            f"SELECT 1 FROM appointments WHERE patient_id IN ({va}, {vb}) LIMIT 3",
            f"SELECT 1 FROM appointments WHERE patient_id IN ({va}, {vc}) LIMIT 3",
            "SELECT 1 FROM appointments OFFSET 2", "SELECT 1 FROM appointments FETCH FIRST 2 ROWS"
                                                   " ONLY"]),
        (4, "two keys in one AND both count", [
            f"SELECT * FROM appointments WHERE patient_id = {va} AND patient_id = {vb}",
            f"SELECT count(*) FROM appointments WHERE patient_id = {va} AND patient_id = {vb}",
            f"SELECT count(*) FROM appointments WHERE patient_id IN ({va}, {vb}) AND patient_id IN"
            f" ({vb}, 1000)",
            f"SELECT count(*) FROM appointments WHERE patient_id IN ({va}, {vb}) AND patient_id = {va}",
            f"SELECT count(*) FROM appointments x JOIN appointments y USING (patient_id) WHERE"
            f" x.patient_id = {va} AND"
            f" y.patient_id = {vb}",
            f"SELECT count(*) FROM appointments WHERE patient_id = {va} AND patient_id = {none}",
            f"UPDATE appointments SET status = 'done' WHERE patient_id = {va} AND patient_id = {vb}"]),
        (5, "a member of IN that cannot be evaluated is not dropped", [
            f"SELECT count(*) FROM appointments WHERE patient_id IN ({va}, abs({b}))",
            f"SELECT count(*) FROM appointments WHERE patient_id IN ({va}, doctor_id)",
            f"SELECT count(*) FROM appointments WHERE patient_id IN ({va}, NULL)",
            f"SELECT count(*) FROM appointments WHERE patient_id IN ({va}, (SELECT {b}))",
            f"SELECT count(*) FROM appointments WHERE patient_id = {va} OR patient_id = abs({b})",
            f"SELECT count(*) FROM appointments WHERE patient_id = {va} OR status = 'paid'",
            f"SELECT count(*) FROM appointments WHERE patient_id = ANY (ARRAY[{va}, abs({b})])"]),
        (6, "IN with keys of several shards and GROUP BY", [
            f"SELECT status, count(*) FROM appointments WHERE patient_id IN ({va}, {vb}) GROUP BY"
            f" status",
            f"SELECT status, count(*) FROM appointments WHERE patient_id = ANY ({array([a, b])})"
            f" GROUP BY status",
            f"SELECT status, count(*) FROM appointments WHERE patient_id = ANY ({array([a, c])})"
            f" GROUP BY status",
            f"SELECT status, count(*) FROM appointments WHERE patient_id IN ({va}, {vc}) GROUP BY 1"]),
        (7, "INSERT with a computed key, INSERT .. SELECT", [
            f"INSERT INTO appointments {APPOINTMENT} VALUES (abs({b}), 91, 1, 1, {TIME}) RETURNING"
            f" patient_id",
            f"INSERT INTO appointments {APPOINTMENT} VALUES ({a} + 0, 91, 1, 1, {TIME})",
            f"INSERT INTO appointments {APPOINTMENT} VALUES ({a}.4, 92, 1, 1, {TIME})",
            f"INSERT INTO appointments {APPOINTMENT} VALUES ((SELECT {b}), 93, 1, 1, {TIME})",
            f"INSERT INTO appointments {APPOINTMENT} VALUES ({va}, 94, 1, 1, {TIME}), ({vb}, 94, 1,"
            f" 1, {TIME})",
            f"INSERT INTO appointments {APPOINTMENT} VALUES ({va}, 95, 1, 1, {TIME}), ({vc}, 95, 1,"
            f" 1, {TIME})",
            f"INSERT INTO appointments {APPOINTMENT} SELECT patient_id, 96, 1, 1, {TIME} FROM"
            f" appointments WHERE"
            f" patient_id = {va} AND appointment_id = 95",
            f"INSERT INTO appointments {APPOINTMENT} SELECT doctor_id, 97, 1, 1, {TIME} FROM slots",
            f"INSERT INTO appointments {APPOINTMENT} VALUES ({none}, 98, 1, 1, {TIME})",
            f"INSERT INTO appointments VALUES ({va}, 99, 1, 1, 'booked', {TIME})",
            f"INSERT INTO slots {SLOT} SELECT {va}, g, {TIME}, 1 FROM generate_series(51, 53) g"]),
        (8, "COPY does not put all rows on all shards", [
            Statement("COPY slots FROM STDIN",
                      copy=f"{a}\t71\t2026-01-01\t3\t0\n{b}\t71\t2026-01-01\t3\t0\n".encode()),
            Statement("COPY slots (doctor_id, slot_id, starts_at, capacity) FROM STDIN WITH (FORMAT"
                      " csv)",
                      copy=f"{a},72,2026-01-01,3\n{b},72,2026-01-01,3\n".encode())]),
        (9, "HAVING is no matter of one shard", [
            "SELECT status, count(*) FROM appointments GROUP BY status HAVING count(*) > 3",
            f"SELECT patient_id, count(*) FROM appointments GROUP BY 1 HAVING patient_id = {va}",
            f"SELECT count(*) FROM appointments HAVING max(patient_id) = {va}",
            f"SELECT status, count(*) FROM appointments WHERE patient_id = {va} GROUP BY 1 HAVING"
            f" count(*) > 0"]),
        (10, "expressions over aggregates give one row", [
            "SELECT coalesce(sum(slot_id), 0) FROM appointments", "SELECT round(avg(slot_id), 2) FROM"
                " appointments",
            "SELECT sum(slot_id) + 1 FROM appointments", "SELECT count(*), min(status) FROM"
                " appointments",
            f"SELECT coalesce(sum(slot_id), 0) FROM appointments WHERE patient_id = {va} AND status ="
            f" 'none'",
            f"SELECT sum(slot_id) + 1, count(*) FROM appointments WHERE patient_id = {va} AND"
            f" patient_id = {vb}"]),
        (11, "GROUP BY without an aggregate, or by an expression", [
            "SELECT status FROM appointments GROUP BY status", "SELECT slot_id % 2 FROM appointments"
                " GROUP BY 1",
            "SELECT upper(status), count(*) FROM appointments GROUP BY upper(status)",
            "SELECT DISTINCT status FROM appointments",
            f"SELECT slot_id % 2, count(*) FROM appointments WHERE patient_id = {va} GROUP BY slot_id"
            f" % 2"]),
        (12, "ORDER BY an expression, NULLS FIRST, or a column not in the output", [
            Statement("SELECT patient_id FROM patients ORDER BY - (patient_id / 2), patient_id",
                      is_ordered=True),
            Statement("SELECT name FROM patients ORDER BY city NULLS FIRST, patient_id",
                      is_ordered=True),
            Statement("SELECT name FROM patients ORDER BY patient_id DESC LIMIT 4", is_ordered=True),
            Statement(f"SELECT slot_id FROM appointments WHERE patient_id = {va} ORDER BY"
                      f" appointment_id DESC",
                      is_ordered=True)]),
        (13, "text is ordered by its collation", [
            Statement("SELECT name, patient_id FROM patients ORDER BY name, patient_id",
                      is_ordered=True),
            Statement('SELECT name, patient_id FROM patients ORDER BY name COLLATE "C" DESC,'
                      ' patient_id', is_ordered=True),
            "SELECT min(name), max(name) FROM patients"]),
        (14, "digits in quotes are what the key's type makes of them", [
            f"SELECT count(*) FROM appointments WHERE patient_id = '{a}'",
            f"SELECT count(*) FROM appointments WHERE patient_id = ' {a} '",
            f"SELECT count(*) FROM appointments WHERE patient_id = '0{a}'",
            f"SELECT count(*) FROM appointments WHERE patient_id = '{a}.0'",
            f"SELECT count(*) FROM appointments WHERE patient_id = {a}.0",
            f"SELECT count(*) FROM appointments WHERE patient_id = '{a}'::text",
            f"SELECT count(*) FROM appointments WHERE patient_id::text = '{a}'",
            "SELECT count(*) FROM patients WHERE name = '42'", "SELECT count(*) FROM patients WHERE"
                " name = 42"]),
        (15, "a table that is not in the map is nowhere", [
            Statement("SELECT * FROM undeclared", accepts=("42P01",)),
            Statement(f"SELECT * FROM undeclared, appointments WHERE patient_id = {va}",
                      accepts=("42P01",)),
            Statement("INSERT INTO undeclared VALUES (7)", accepts=("42P01",)),
            "SELECT * FROM no_such_table"]),
        (16, "a parameter in binary is what it is in text", [
            Statement(f"SELECT * FROM {table} WHERE {key} = {value(k)}")
            for k in (a, b, c, 1, -1, 2**53 + 1, 2**63 - 1, -2**63)
            for table, key in (("appointments", "patient_id"), ("patients", "patient_id"),
                               ("slots", "doctor_id"))]),
        (17, "a function may write", [
            "SELECT oracle_writes()", f"SELECT oracle_writes() FROM appointments WHERE patient_id ="
                                      f" {va}",
            f"SELECT * FROM appointments WHERE patient_id = {va} AND oracle_writes() > 0",
            "SELECT * FROM oracle_writes()", "SELECT pg_catalog.lower('A')"]),
        (20, "(not in the list) a row whose key changes does not stay where it was", [
            f"UPDATE slots SET doctor_id = {vb} WHERE doctor_id = {va}",
            f"UPDATE slots SET (doctor_id, taken) = ({vb}, 0) WHERE doctor_id = {va}",
            f"UPDATE slots SET taken = 0, doctor_id = {vc} WHERE doctor_id = {va} RETURNING *",
            f"UPDATE slots s SET doctor_id = s.doctor_id + 1 WHERE doctor_id = {va}",
            f"INSERT INTO slots {SLOT} VALUES ({va}, 1, {TIME}, 3) ON CONFLICT (doctor_id, slot_id)"
            f" DO UPDATE SET doctor_id = {vb}",
            f"WITH u AS (UPDATE slots SET doctor_id = {vb} WHERE doctor_id = {va} RETURNING 1)"
            " SELECT count(*) FROM u"]),
    ]


def several(a, b):
    """Strings of several statements: what they are about, the strings."""
    insert = f"INSERT INTO appointments {APPOINTMENT} VALUES ({a}, {{}}, 1, 1, {TIME})"
    read = f"SELECT count(*) FROM appointments WHERE patient_id = {a}"
    wrong = f"SELECT count(*) FROM appointments WHERE patient_id = '{a}x'"
    return [
        ("they are one transaction", [
            f"{insert.format(201)}; {read}", f"{insert.format(202)}; SELECT 1/0; {read}",
            f"{insert.format(203)}; {insert.format(203)}", f"BEGIN; {insert.format(204)}; ROLLBACK;"
                f" {read}",
            f"BEGIN; {insert.format(205)}; COMMIT; {read}", f"{insert.format(206)}; COMMIT;"
                f" {insert.format(206)}",
            f"BEGIN; {insert.format(207)}", f"{insert.format(208)}; SELECT count(*) FROM appointments"
                                            f" WHERE patient_id = {b}",
            f"{insert.format(209)}; ROLLBACK; {read}", f"BEGIN; SELECT 1/0; {read}", f"; {read};;"]),
        ("what stands before one that is in error is done", [
            f"SELECT 1; {wrong}", f"BEGIN; {wrong}", f"{insert.format(211)}; {wrong}",
            f"{insert.format(212)}; COMMIT; {wrong}", f"BEGIN; {insert.format(213)}; COMMIT; {wrong}"])]
