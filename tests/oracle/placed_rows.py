"""placed_rows - the rows that the corpus is about: few, and nasty. They are the same in every run.

Equal values that look different (0 and -0, 1.0 and 1.00, a month and 30 days) are in patients.height,
patients.weight, patients.wait and bills.tax alone.
"""

import random

KEYS = [*range(1, 17), 0, -1, 77, 78, 2**31, 2**53 + 1, 2**63 - 1, -2**63]
KEYS_OF_REFUNDS = (3, 77)
WITHOUT_VISITS = (5, 78, -1)
WARDS = ["A1", "a1", "B2", "", "É", "北", "Z9", "b 2", "10", "9"]
PER_KEY = {"visits": 4, "bills": 3, "events": 3}

_NAMES = ["Ada", "ada", "Ada", "Zoë", "Å", "", "42", "it''s", "b b", "b", "北京", "Ünal", "zz", None]
_CITIES = ["Harbin", "Köln", "Oslo", "oslo", None]
_MOODS = ["sad", "ok", "happy", "Zen", None]
_REMARKS = ["", "late", "Late", "no show", "é", None, "a,b", "%", "\\\\"]

# Values as SQL, by table and column; None is NULL.
_POOLS = {
    "patients": {
        "name": _NAMES, "city": _CITIES,
        "born": ["1970-01-01", "2000-02-29", "infinity", "-infinity", "1999-12-31", "2000-02-29", None],
        "height": ["0", "-0", "1.5", "NaN", "Infinity", "-Infinity", "1.75", "1e-300", None],
        "weight": ["70", "70.0", "70.00", "NaN", "0", "-0.001", "123456789012345678901234567890.5", None],
        "vip": ["t", "f", None], "mood": _MOODS,
        "tags": ["{}", "{a}", "{a,b}", "{b,NULL}", "{\"\"}", None],
        "token": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                  "12345678-9abc-def0-1234-56789abcdef0", None],
        "seen": ["2026-01-01 00:00+00", "2026-01-01 02:00+02", "infinity", "-infinity",
                 "1999-12-31 23:59:59.999999+00", "0044-03-15 12:00:00+00 BC", None],
        "wait": ["1 mon", "30 days", "00:00:00", "-1 day", "1 day 24:00:00", "48:00", None],
        "photo": ["\\x", "\\x00", "\\x00ff", "\\xff", None],
        "note": ["{}", "[1,2]", "{\"a\": 1}", "null", "\"x\"", "3.0", None]},
    "visits": {
        "doctor_id": ["1", "2", "3", "9", None],
        "at": ["2026-03-01 08:00", "2026-03-01 08:00:00.000001", "2026-03-02 00:00", "infinity",
               "-infinity", "2026-12-31 23:59:59", None],
        "fee": ["0", "10", "10", "12.50", "-3.5", "99999999.99", "0.01", None],
        "score": ["0", "1.5", "-2.25", "3", "3", "0.1", "100.125", None],
        "ratio": ["0.5", "0.25", "-1.5", "2", None],
        "grade": ["1", "2", "3", "-32768", "32767", None],
        "points": ["0", "7", "7", "9223372036854775807", "-9223372036854775808", "4294967296", None],
        "paid": ["t", "f", None], "mood": _MOODS, "codes": ["{}", "{1}", "{1,2}", "{2,1}", "{NULL}", None],
        "remark": _REMARKS, "kind": ["a", "ab", "b", "", None]},
    "bills": {
        "visit_id": ["1", "2", "3", "7", None], "amount": ["0", "5", "5.50", "100", "-1.25", "1999.99", None],
        "tax": ["0", "0.0", "1.10", "1.1", "NaN", "Infinity", "0.000000000001", "1e20", None],
        "currency": ["EUR", "CNY", "eur", "", None],
        "due": ["2026-01-31", "2026-02-28", "2026-01-31", "infinity", None],
        "due_time": ["00:00", "23:59:59.999", "24:00", "12:00", None],
        "term": ["1 day", "2 days", "-01:00", "1 year", None], "settled": ["t", "f", None]},
    "refunds": {"bill_id": ["1", "2", None], "amount": ["1", "2.5", "2.5"], "reason": ["x", "", None]},
    "events": {"what": ["in", "out", "in", None], "n": ["1", "1", "2", None]},
}
_SECOND = {"visits": "visit_id", "bills": "bill_id", "refunds": "refund_id"}


def _quote(text):
    return "NULL" if text is None else f"'{text}'"


def _row(dice, table, first):
    """Columns and literals."""
    return {**first, **{column: _quote(dice.choice(pool)) for column, pool in _POOLS[table].items()}}


def _insert(table, rows):
    values = ", ".join("(" + ", ".join(row.values()) + ")" for row in rows)
    return f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES {values}"


def _rows_of_key(dice, table, key):
    if table == "patients":
        return [_row(dice, table, {"patient_id": str(key)})]
    if table == "refunds" and key not in KEYS_OF_REFUNDS or table == "visits" and key in WITHOUT_VISITS:
        return []
    second = _SECOND.get(table)
    count = dice.randint(1, PER_KEY.get(table, 3) + 1)
    rows = [_row(dice, table, {"patient_id": str(key), **({second: str(number)} if second else {})})
            for number in range(1, count + 1)]
    return rows + rows[:1] * 2 if table == "events" else rows


def statements_to_load():
    """INSERTs, each of rows of one key."""
    dice = random.Random("the rows of the corpus")
    for table in _POOLS:
        for key in KEYS:
            rows = _rows_of_key(dice, table, key)
            if rows:
                yield _insert(table, rows)
    for number, code in enumerate(WARDS):
        yield _insert("wards", [{"code": _quote(code), "floor": str(number % 3),
                                 "beds": "NULL" if number == 4 else str(number * number % 7),
                                 "label": _quote(_NAMES[number])}])
    for number, name in ((1, "Ada"), (2, "Zoë"), (3, None), (4, "")):
        yield _insert("doctors", [{"doctor_id": str(number), "name": _quote(name),
                                   "title": _quote(["Dr", "Prof"][number % 2]), "fee": f"{number}.50"}])
