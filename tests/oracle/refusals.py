"""refusals - docs/refusals.md: what of the corpus is refused, by reason.

The file is written by a run, see --update. It tells of one layout, of three shards, so that it
depends on nothing but shardward and the corpus.
"""

import re
from collections import Counter
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "docs" / "refusals.md"
LAYOUT = "three"
MOST_DETAILS = 12
_HEAD = """# What is refused of reads over several shards

Written by `tests/oracle/run.py --update`: do not edit. The statements of `tests/oracle/corpus` on
three shards, and those of them that shardward refuses, by reason, with an example of each. All others
are answered as by one PostgreSQL, or fail as there.
"""


class Refusals:
    def __init__(self):
        self.counts, self.refused = Counter(), Counter()
        self.reasons = {}                        # message: {detail: [(asked, hint)]}
        self.uncounted = set()

    def note(self, family, asked, answer, is_refused):
        self.counts[family.name] += 1
        if not family.is_counted:
            self.uncounted.add(family.name)
        if is_refused:
            self.refused[family.name] += 1
            details = self.reasons.setdefault(answer.message, {})
            details.setdefault(answer.detail, []).append((asked, answer.hint))

    def percent(self):
        """Of the counted families."""
        names = [name for name in self.counts if name not in self.uncounted]
        return 100 * sum(self.refused[n] for n in names) / max(1, sum(self.counts[n] for n in names))

    def _families(self):
        yield "| family | statements | refused |"
        yield "|---|---:|---:|"
        for name, count in self.counts.items():
            star = " *" if name in self.uncounted else ""
            yield f"| {name}{star} | {count} | {self.refused[name]} |"
        yield f"| **all** | {sum(self.counts.values())} | {sum(self.refused.values())} |"
        yield ""
        yield (f"{self.percent():.1f} % of the families without a star, in which the statements of one"
               " shard are, and those that are meant to be refused.")

    def _reason(self, message, details):
        yield f"## {message}"
        yield ""
        total = sum(map(len, details.values()))
        yield f"{total} statement{'s' if total != 1 else ''}."
        by_size = sorted(details.items(), key=lambda item: (-len(item[1]), item[0]))
        for detail, statements in by_size[:MOST_DETAILS]:
            asked, hint = min(statements, key=lambda s: (len(s[0].sql), s[0].family, s[0].line))
            yield ""
            yield f"* {len(statements)}: {detail or 'without detail'}{' — ' + hint if hint else ''}"
            yield ""
            yield from ("      " + line for line in asked.sql.splitlines())
        if len(by_size) > MOST_DETAILS:
            yield ""
            yield f"* ... and {len(by_size) - MOST_DETAILS} other details."

    def text(self):
        lines = [_HEAD, *self._families()]
        by_size = sorted(self.reasons.items(), key=lambda item: (-sum(map(len, item[1].values())), item[0]))
        for message, details in by_size:
            lines += ["", *self._reason(message, details)]
        return "\n".join(lines) + "\n"

    def difference(self):
        """What the file does not tell as it is; None if it does."""
        written = FILE.read_text() if FILE.exists() else ""
        mine, theirs = self.text().splitlines(), written.splitlines()
        if mine == theirs:
            return None
        differing = [f"  {a!r}\n  instead of {b!r}" for a, b in zip(mine, theirs) if a != b][:3]
        return (f"{FILE.name} is not what this run gives; run tests/oracle/run.py with --only several"
                " --update\n" + "\n".join(differing))

    def update(self):
        FILE.write_text(self.text())
