"""findings - what each test has found, until it is reported."""

from collections import Counter

MOST_SHOWN = 4                                   # differences of one test


class Findings:
    def __init__(self):
        self.texts, self.seconds = {}, Counter()

    def of(self, name):
        return self.texts.setdefault(name, [])

    def report(self, report, name):
        texts = self.of(name)
        if not texts:
            report.ok(name, self.seconds[name])
            return
        more = [f"... and {len(texts) - MOST_SHOWN} more"] if len(texts) > MOST_SHOWN else []
        report.fail(name, "\n\n".join([*texts[:MOST_SHOWN], *more]))
