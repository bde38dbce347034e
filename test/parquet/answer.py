"""What the tests ask an engine, and the form of its answer."""

import datetime
import json
import sys


def jobs():
    """The Parquet that is to be read: path, when and group (columns), and out."""
    return json.load(sys.stdin)


def text(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(type(value))


def write(out, columns, count, first, last, groups, rows):
    """One line of facts, then one line per row."""
    facts = {"columns": [list(c) for c in columns], "count": count, "first": first, "last": last,
             "groups": {"NULL" if k is None else text(k) if isinstance(k, datetime.date) else k: n for k, n in groups}}
    with open(out, "w", encoding="utf-8") as f:
        for line in [facts, *(list(r) for r in rows)]:
            f.write(json.dumps(line, default=text) + "\n")
