"""table - scenarios are rows of tables: a name, tags, and what the function below is called with.

Tags: `quick` is for every run of tools/check; the others are words to find it by, in what --list prints.
"""

import suite

_tags = {}


def tags_of(name):
    return _tags.get(name, set())


def _named(name, function, arguments):
    def test(lab):
        lab.scenario = name
        function(lab, *arguments)
    return test


def scenario(*rows):
    """Makes one test of each row: (name, "tags", argument...)."""
    def mark(function):
        for name, tags, *arguments in rows:
            full = f"{function.__module__}.{function.__name__}: {name}"
            _tags[full] = set(tags.split())
            suite.tests.append((full, _named(full, function, tuple(arguments))))
        return function
    return mark


def show(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
