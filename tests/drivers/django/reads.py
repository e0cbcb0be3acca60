"""reads - what replicas.py asks for, through Django: models, atomic(), and the cursors of iterator()."""

import os
import sys

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": "",
        "PASSWORD": os.environ["PGPASSWORD"], "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()

from django.db import connection, models, transaction                   # noqa: E402
from django.db.models.expressions import RawSQL                         # noqa: E402


class Account(models.Model):
    id = models.BigIntegerField(primary_key=True)
    balance = models.BigIntegerField()

    class Meta:
        app_label, db_table = "bank", "accounts"


def found():
    return Account.objects.filter(id=5).annotate(who=RawSQL("served_by()", ())).values_list("who", "balance")


def told(rows):
    return " ".join(sorted({f"{who} {balance}" for who, balance, *_ in rows}))


def ask(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def open_as(user):
    connection.close()
    connection.settings_dict["USER"] = user
    connection.connect()
    return "opened"


def say(sql):
    ask(sql)
    return "said"


def write(value):
    return f"wrote {Account.objects.filter(id=5).update(balance=int(value))}"


def read(_=""):
    return told(found())


def hint(_):
    return told(ask("/* shardward: prefer_replica */ SELECT served_by(), balance FROM accounts WHERE id = %s", 5))


def read_only(work):
    with transaction.atomic():
        ask("SET TRANSACTION READ ONLY")
        return work()


def only(_):
    return read_only(lambda: f"{read()} {read()}")


def fetch(_):
    return read_only(lambda: told(found().iterator(chunk_size=2)))


def slow(quick):
    return told(ask("SELECT served_by(), balance, pg_sleep(CASE WHEN served_by() = %s THEN 0 ELSE 60 END)"
                    " FROM accounts WHERE id = 5", quick))


WORDS = {"open": open_as, "say": say, "write": write, "read": read, "hint": hint, "only": only, "fetch": fetch,
         "slow": slow}
for line in sys.stdin:      # one line of what is asked, one of the answer
    word, _, rest = line.strip().partition(" ")
    print(WORDS[word](rest), flush=True)
