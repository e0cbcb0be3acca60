"""careless - what a proxy that does not care answers: the control of the judge.

It asks the shards behind shardward's back and puts their answers together in one of several wrong
ways, and in a few that are right although PostgreSQL's own answer has another order.
"""

from compare import Answer, Result
from families import Asked
from judge import Shape


def _joined(answers, rows, tag=None):
    first = answers[0].results[0]
    return Answer(results=[Result(first.columns, rows, tag or f"SELECT {len(rows)}")])


def _all(answers):
    return [row for answer in answers for row in answer.results[0].rows]


def _one_missing(answers):
    rows = max((answer.results[0].rows for answer in answers), key=len)
    return _joined(answers, [row for answer in answers if answer.results[0].rows is not rows
                             for row in answer.results[0].rows])


def _first(answers):
    return answers[0]


def _appended(answers):
    return _joined(answers, _all(answers))


def _backwards(answers):
    return _joined(answers, _all(answers)[::-1])


def _sorted_bytes(answers):
    """By the bytes of the text, whatever the type."""
    return _joined(answers, sorted(_all(answers), key=lambda row: [v or b"" for v in row]))


def _twice(answers):
    return _joined(answers, _all([*answers, answers[0]]))


def _wrong_tag(answers):
    rows = _all(answers)
    return _joined(answers, rows, f"SELECT {len(answers[0].results[0].rows)}")


def _renamed(answers):
    answer = _appended(answers)
    first = answer.results[0]
    first.columns = [("?column?", *column[1:]) for column in first.columns]
    return answer


def _untyped(answers):
    answer = _appended(answers)
    first = answer.results[0]
    first.columns = [(*column[:3], 25, -1, -1, 0) for column in first.columns]
    return answer


def _cut_to(count):
    """The right number of rows, the first ones to come."""
    return lambda answers: _joined(answers, _all(answers)[:count])


def _failed(_answers):
    return Answer(code="22012", message="division by zero")


def _merged(column, key):
    """In the order of a key of rows, the last shard first where they are equal."""
    return lambda answers: _joined(answers, sorted(
        _all(answers[::-1]), key=lambda row: (row[column] is None, key(row[column]) if row[column]
                                              is not None else 0)))


def _cut_after(merged, begin, end):
    def answer(answers):
        return _joined(answers, merged(answers).results[0].rows[begin:end])
    answer.wants_all_rows = True
    return answer


def _changed(factor):
    """The numbers of the only row, each times @factor."""
    def answer(answers):
        row = answers[0].results[0].rows[0]
        return _joined(answers, [tuple(repr(float(value) * factor).encode() for value in row)])
    return answer


def _asked(sql, *marks):
    return Asked(sql, "control", marks=set(marks))


# What it is, how the answer is made, the statement, is it wrong?
CONTROLS = [
    ("rows of one shard left out", _one_missing, _asked("SELECT patient_id, visit_id, remark FROM visits"), True),
    ("one shard asked", _first, _asked("SELECT name FROM patients"), True),
    ("one shard asked twice", _twice, _asked("SELECT name FROM patients"), True),
    ("all rows, in no order", _appended, _asked("SELECT patient_id, visit_id, remark FROM visits"), False),
    ("all rows, in no order", _backwards, _asked("SELECT * FROM events"), False),
    ("an order that is not merged", _appended, _asked("SELECT name FROM patients ORDER BY name"), True),
    ("an order that is not merged", _appended,
     _asked("SELECT patient_id, visit_id FROM visits ORDER BY at, 1, 2", "ordered"), True),
    ("an order by bytes", _sorted_bytes,
     _asked("SELECT patient_id FROM patients ORDER BY patient_id", "ordered"), True),
    ("an order by a column that is not in the output", _appended,
     _asked("SELECT name FROM patients ORDER BY patient_id"), True),
    ("descending", _merged(0, int), _asked("SELECT patient_id FROM patients ORDER BY 1 DESC"), True),
    ("ties in another order", _merged(0, bytes),
     _asked("SELECT city, patient_id FROM patients ORDER BY city"), False),
    ("ties in another order, said to be none", _merged(0, bytes),
     _asked("SELECT city, patient_id FROM patients ORDER BY city", "ordered"), True),
    ("NULLS FIRST", _merged(0, bytes),
     _asked("SELECT city, patient_id FROM patients ORDER BY city NULLS FIRST"), True),
    ("ties that LIMIT cuts in another place", _cut_after(_merged(0, bytes), 0, 9),
     _asked("SELECT city, patient_id FROM patients ORDER BY city LIMIT 9"), False),
    ("ties that OFFSET and LIMIT cut in another place", _cut_after(_merged(0, bytes), 3, 10),
     _asked("SELECT city, patient_id FROM patients ORDER BY city LIMIT 7 OFFSET 3"), False),
    ("OFFSET forgotten", _cut_after(_merged(0, bytes), 0, 7),
     _asked("SELECT city, patient_id FROM patients ORDER BY city LIMIT 7 OFFSET 9"), True),
    ("ties in another order, before a comment", _merged(0, bytes),
     _asked("SELECT city, patient_id FROM patients ORDER BY /* 1 */ city ; -- LIMIT 1"), False),
    ("a row too far", _cut_after(_merged(0, bytes), 1, 24),
     _asked("SELECT city, patient_id FROM patients ORDER BY city LIMIT 23"), True),
    ("ties that are torn apart by another key", _merged(0, bytes),
     _asked("SELECT city, patient_id FROM patients ORDER BY city, patient_id"), True),
    ("another sum of floats, as it may be", _changed(1 + 1e-13),
     _asked("SELECT 0.1::float8 + 0.2 AS x", "float"), False),
    ("another sum of floats, too far away", _changed(1.00001),
     _asked("SELECT 0.1::float8 + 0.2 AS x", "float"), True),
    ("another float where none may be", _changed(1 + 1e-13), _asked("SELECT 0.1::float8 + 0.2 AS x"), True),
    ("another scale, as it may be", _changed(1), _asked("SELECT 1.500 AS x", "alike"), False),
    ("another scale where none may be", _changed(1), _asked("SELECT 1.500 AS x"), True),
    ("LIMIT of each shard", _appended, _asked("SELECT name FROM patients LIMIT 3"), True),
    ("LIMIT of each shard", _appended, _asked("SELECT patient_id FROM patients ORDER BY 1 LIMIT 2"), True),
    ("the first rows to come", _cut_to(3), _asked("SELECT name FROM patients LIMIT 3"), False),
    ("the first rows to come", _cut_to(2), _asked("SELECT patient_id FROM patients ORDER BY 1 LIMIT 2"),
     True),
    ("OFFSET of each shard", _appended, _asked("SELECT name FROM patients OFFSET 2"), True),
    ("aggregates of each shard", _appended, _asked("SELECT count(*) FROM visits"), True),
    ("an aggregate of one shard", _first, _asked("SELECT count(*) FROM visits"), True),
    ("groups of each shard", _appended, _asked("SELECT city, count(*) FROM patients GROUP BY city"), True),
    ("groups of each shard", _appended, _asked("SELECT city FROM patients GROUP BY city"), True),
    ("groups of each shard by key", _appended,
     _asked("SELECT patient_id, count(*) FROM visits GROUP BY 1"), False),
    ("HAVING of each shard", _appended,
     _asked("SELECT mood FROM visits GROUP BY mood HAVING count(*) > 5"), True),
    ("a float of one shard", _first, _asked("SELECT sum(score) FROM visits", "float"), True),
    ("DISTINCT of each shard", _appended, _asked("SELECT DISTINCT city FROM patients"), True),
    ("UNION of each shard", _appended, _asked("SELECT city FROM patients UNION SELECT NULL"), True),
    ("EXCEPT of each shard", _appended,
     _asked("SELECT what FROM events EXCEPT SELECT what FROM events WHERE patient_id = 1"), True),
    ("a subquery of each shard", _appended,
     _asked("SELECT name FROM patients WHERE patient_id = (SELECT max(patient_id) FROM patients)"), True),
    ("another tag", _wrong_tag, _asked("SELECT name FROM patients"), True),
    ("other names", _renamed, _asked("SELECT name FROM patients"), True),
    ("other types", _untyped, _asked("SELECT patient_id FROM patients"), True),
    ("an error instead of rows", _failed, _asked("SELECT name FROM patients"), True),
]


class Careless:
    def __init__(self, layouts, name):
        self.clients = [layouts.shard_client(f"{name}_{number}") for number in range(3)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.close()

    def answer(self, mode, asked):
        sql = Shape(asked.sql).stem if hasattr(mode, "wants_all_rows") else asked.sql
        return mode([client.query(sql) for client in self.clients])
