"""judge - is an answer one that PostgreSQL may give?

What ORDER BY leaves open, and LIMIT without it, is for the server to choose: so there are many
right answers, of which PostgreSQL gives one. To know them all, PostgreSQL is asked again: the rows
that compare as equal are those that FETCH FIRST n ROWS WITH TIES adds, whatever the keys are.
"""

import math
import re
import struct
from collections import Counter
from decimal import Decimal

from compare import difference

FLOAT4, FLOAT8, NUMERIC = 700, 701, 1700
RELATIVE, ABSOLUTE = 1e-9, 1e-7
MOST_GROUPS = 400
_TOKEN = re.compile(r"""(?P<skip>--[^\n]*|/\*.*?\*/|E'(?:\\.|[^'])*'|'(?:''|[^'])*'|"(?:""|[^"])*")"""
                    r"|(?P<word>[A-Za-z_]\w*)|(?P<open>[(\[])|(?P<close>[)\]])", re.DOTALL | re.I)
_AFTER = ("LIMIT", "OFFSET", "FETCH", "FOR")


def _words(sql):
    """(word, where it is) outside of all parentheses."""
    depth, found = 0, []
    for token in _TOKEN.finditer(sql):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["word"] and depth == 0:
            found.append((token["word"].upper(), token.start()))
    return found


def _without_comments(sql):
    def plain(token):
        return " " if (token["skip"] or "").startswith(("--", "/*")) else token[0]
    return _TOKEN.sub(plain, sql).strip().rstrip("; \n\t")


class Shape:
    """What stands at the end of a SELECT: ORDER BY, LIMIT, OFFSET."""

    def __init__(self, sql):
        sql = _without_comments(sql)
        words = _words(sql)
        if sql.startswith("(") and sql.endswith(")") and not words:
            sql = sql[1:-1]
            words = _words(sql)
        after = [(word, at) for word, at in words if word in _AFTER]
        self.is_ordered = any(a[0] == "ORDER" and b[0] == "BY" for a, b in zip(words, words[1:]))
        self.is_cut = any(word in ("LIMIT", "OFFSET", "FETCH") for word, _ in after)
        end = after[0][1] if after else len(sql)
        self.stem = sql[:end].rstrip()           # without all that
        self.offset = ""
        for (word, at), (_, next_at) in zip(after, [*after[1:], ("", len(sql))]):
            if word == "OFFSET":
                self.offset = re.sub(r"\s+ROWS?\s*$", "", sql[at:next_at].strip(), flags=re.I)


def _float(value, type_, format_):
    if format_ == 0:
        return float(value)
    return struct.unpack("!f" if type_ == FLOAT4 else "!d", value)[0]


def _is_close(a, b):
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


class Rows:
    """How values of these columns are compared, for a statement of these marks."""

    def __init__(self, columns, marks):
        kinds = [(column[3], column[6]) for column in columns or []]
        self.floats = {n: kind for n, kind in enumerate(kinds)
                       if kind[0] in (FLOAT4, FLOAT8)} if "float" in marks else {}
        self.alike = {n: kind[0] for n, kind in enumerate(kinds)
                      if kind[0] in (FLOAT4, FLOAT8, NUMERIC)} if "alike" in marks else {}

    def plain(self, row):
        """Without the looks of values that are equal."""
        row = list(row)
        for n, type_ in self.alike.items():
            if row[n] is not None:
                number = Decimal(row[n].decode())
                row[n] = b"0" if number == 0 else str(number.normalize()).encode()
        return tuple(row)

    def same(self, mine, theirs):
        for n, (a, b) in enumerate(zip(mine, theirs)):
            if a != b and (n not in self.floats or a is None or b is None
                           or not _is_close(_float(a, *self.floats[n]), _float(b, *self.floats[n]))):
                return False
        return True

    def _key(self, row):
        exact = [(v is not None, v or b"") for n, v in enumerate(row) if n not in self.floats]
        return exact, [(row[n] is not None, _float(row[n], *kind) if row[n] else 0.0)
                       for n, kind in self.floats.items()]

    def same_sequence(self, mine, theirs):
        return len(mine) == len(theirs) and all(map(self.same, mine, theirs))

    def same_multiset(self, mine, theirs):
        if Counter(mine) == Counter(theirs):
            return True
        return bool(self.floats) and self.same_sequence(sorted(mine, key=self._key),
                                                        sorted(theirs, key=self._key))


class Judge:
    def __init__(self, oracle, sender):
        self.oracle, self.sender = oracle, sender

    def verdict(self, asked, way, got, expected):
        """What is wrong with the answer, in a few words; None if nothing is."""
        what = difference(got, expected)
        if what not in (None, "rows", "command tag"):
            return what
        for mine, theirs in zip(got.results, expected.results):
            if mine.tag != theirs.tag:
                return "command tag" if len(mine.rows) == len(theirs.rows) else "number of rows"
        if got.code or "loose" in asked.marks:
            return None
        rows = Rows(expected.results[0].columns, asked.marks) if expected.results else Rows([], set())
        mine, theirs = ([rows.plain(row) for result in answer.results for row in result.rows]
                        for answer in (got, expected))
        return self._rows(asked, way, rows, mine, theirs)

    def _rows(self, asked, way, rows, mine, theirs):
        if rows.same_sequence(mine, theirs):
            return None
        if len(mine) != len(theirs):
            return "number of rows"
        if "ordered" in asked.marks:
            return "rows, or their order"
        shape = Shape(asked.sql)
        if shape.is_ordered:
            return self._by_groups(asked, way, rows, shape, mine)
        if shape.is_cut:
            more = Counter(mine) - Counter(self._ask(asked, way, rows, shape.stem))
            return "rows that no such statement has" if more else None
        return None if rows.same_multiset(mine, theirs) else "rows"

    def _ask(self, asked, way, rows, sql):
        answer = self.oracle.send(self.sender.messages(asked, way, sql))
        assert not answer.code, f"the oracle was asked for {sql}:\n{answer}"
        return [rows.plain(row) for row in answer.results[0].rows]

    def groups(self, asked, way, rows, shape):
        """All rows without LIMIT, by groups of equal keys."""
        whole = self._ask(asked, way, rows, shape.stem)
        ends = [0]
        while ends[-1] < len(whole):
            assert len(ends) < MOST_GROUPS, f"too many rows to judge: {asked}"
            head = self._ask(asked, way, rows, f"{shape.stem} FETCH FIRST {ends[-1] + 1} ROWS WITH TIES")
            ends.append(len(head))
        # With ties, the last answer has all rows, in one order.
        whole = head if len(ends) > 1 else whole
        return [whole[a:b] for a, b in zip(ends, ends[1:])]

    def _skipped(self, asked, way, rows, shape, total):
        if not shape.offset:
            return 0
        return total - len(self._ask(asked, way, rows, f"{shape.stem} {shape.offset}"))

    def _by_groups(self, asked, way, rows, shape, mine):
        groups = self.groups(asked, way, rows, shape)
        total = sum(map(len, groups))
        at = self._skipped(asked, way, rows, shape, total)
        begin = 0                                # of the group, in the whole
        for group in groups:
            first, last = max(begin, at), min(begin + len(group), at + len(mine))
            if first < last:
                part = mine[first - at:last - at]
                is_whole = last - first == len(group)
                fits = (rows.same_multiset(part, group) if is_whole
                        else not Counter(part) - Counter(group))
                if not fits:
                    return "rows, or their order"
            begin += len(group)
        return None
