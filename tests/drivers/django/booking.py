"""booking - Django: models, migrations in autocommit, transactions, what its backend asks by itself."""

import datetime
import os

import django
from django.conf import settings

KEYS = [int(key) for key in os.environ["KEYS"].split()]

settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"],
        "PASSWORD": os.environ["PGPASSWORD"], "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}},
    INSTALLED_APPS=["django.contrib.postgres"], TIME_ZONE="Europe/Berlin", USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()

from django.contrib.postgres.fields import ArrayField                   # noqa: E402
from django.core.management import call_command                         # noqa: E402
from django.db import DatabaseError, connection, models, transaction    # noqa: E402
from django.db.migrations.exceptions import MigrationSchemaMissing  # noqa: E402
from django.db.migrations.executor import MigrationExecutor             # noqa: E402
from django.db.models import Count, F, Max, Q                           # noqa: E402


class Hospital(models.Model):
    hospital_id = models.BigIntegerField(primary_key=True)
    name = models.TextField()
    city = models.TextField()

    class Meta:
        app_label, db_table = "booking", "hospitals"


class Patient(models.Model):
    patient_id = models.BigIntegerField(primary_key=True)
    name = models.TextField()
    phone = models.TextField(null=True)
    city = models.TextField(null=True)
    visits = models.IntegerField(default=0)
    balance = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        app_label, db_table = "booking", "patients"


class Appointment(models.Model):
    patient_id = models.BigIntegerField()
    appointment_id = models.BigIntegerField(primary_key=True)
    doctor_id = models.BigIntegerField()
    slot_id = models.BigIntegerField()
    status = models.TextField(default="booked")
    booked_at = models.DateTimeField()

    class Meta:
        app_label, db_table = "booking", "appointments"


class Note(models.Model):
    patient_id = models.BigIntegerField(primary_key=True)
    title = models.CharField(max_length=40, db_index=True)
    words = ArrayField(models.CharField(max_length=20), default=list)
    doc = models.JSONField(null=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    data = models.BinaryField(null=True)
    token = models.UUIDField(null=True)
    span = models.DurationField(null=True)
    day = models.DateField(null=True)

    class Meta:
        app_label, db_table = "booking", "notes_django"


def say(step, *seen):
    print(f"{step}:", *seen, flush=True)


NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.timezone.utc)


def rows_step():
    for key in KEYS:
        Patient.objects.create(patient_id=key, name="Zoë", created_at=NOON)
        say("insert", Patient.objects.get(pk=key).name)
    for key in KEYS:
        say("select", Patient.objects.filter(pk=key).values_list("name", "phone", "visits", "created_at").get())
    say("select", Patient.objects.filter(pk=KEYS[0], phone__isnull=True).exists(),
        Patient.objects.filter(Q(pk=KEYS[0]) & Q(name__icontains="zo")).count())
    patient = Patient.objects.get(pk=KEYS[1])
    patient.visits = F("visits") + 1
    patient.save()                            # UPDATE, and an INSERT if that meets no row
    patient.refresh_from_db()
    say("update", patient.visits, Patient.objects.filter(pk=KEYS[1]).update(city="Cork"))
    say("update", Patient.objects.update_or_create(pk=KEYS[2], defaults={"phone": "+49 1"})[1],
        Patient.objects.get_or_create(pk=KEYS[2], defaults={"name": "nobody"})[1])
    Hospital.objects.bulk_create([Hospital(hospital_id=key, name="St. Mary", city="Cork") for key in KEYS])
    say("single table", Hospital.objects.filter(pk__in=KEYS).aggregate(Count("pk"), Max("name")))
    say("single table", list(Hospital.objects.filter(pk__in=KEYS).values("city").annotate(n=Count("pk"))))
    say("delete", Hospital.objects.filter(pk__in=KEYS).delete())


def batch_step():
    Appointment.objects.bulk_create(
        [Appointment(patient_id=KEYS[0], appointment_id=n, doctor_id=7, slot_id=n, booked_at=NOON) for n in range(300)],
        batch_size=100)
    mine = Appointment.objects.filter(patient_id=KEYS[0]).order_by("appointment_id")
    say("batch", mine.count(), mine.filter(slot_id__gt=290).update(status="done"), len(mine[10:20]))
    some = list(mine[:3])
    with transaction.atomic():
        say("cursor", sum(row.slot_id for row in mine.iterator(chunk_size=50)))
    # Outside of a transaction Django declares it WITH HOLD.
    say("cursor with hold", sum(row.slot_id for row in mine.iterator(chunk_size=50)))
    say("batch", [row.status for row in some])


def transaction_step():
    patient = Patient.objects.filter(pk=KEYS[2])
    try:
        with transaction.atomic():
            patient.select_for_update().get()
            patient.update(balance=5)
            raise ZeroDivisionError
    except ZeroDivisionError:
        say("transaction", patient.get().balance)
    with transaction.atomic():
        patient.update(balance=6)
        try:
            with transaction.atomic():        # a savepoint
                Patient.objects.create(patient_id=KEYS[2], name="again", created_at=NOON)
        except DatabaseError as error:
            say("savepoint", type(error).__name__, error.__cause__.pgcode)
        mark = transaction.savepoint()
        patient.update(balance=7)
        transaction.savepoint_rollback(mark)
        transaction.on_commit(lambda: say("transaction", "committed"))
    say("savepoint", patient.get().balance)


def schema_step():
    """As migrations with atomic = False do; the recorder of migrations wants a serial column."""
    with connection.schema_editor(atomic=False) as editor:
        editor.create_model(Note)
    Note.objects.create(
        patient_id=KEYS[3], title="seen", words=["a", "b c"], doc={"a": [1, None]}, amount="12.50", data=b"\0\xff",
        token="00000000-0000-0000-0000-000000000005", span=datetime.timedelta(days=1, hours=2), day=datetime.date(2026, 7, 1))
    note = Note.objects.get(pk=KEYS[3], words__contains=["a"], doc__a__0=1)
    say("types", note.words, note.doc, note.amount, bytes(note.data), note.token, note.span, note.day)
    extra = models.IntegerField(null=True, default=7)
    extra.set_attributes_from_name("extra")
    extra.model = Note
    with connection.schema_editor(atomic=False) as editor:
        editor.add_field(Note, extra)
        editor.add_index(Note, models.Index(fields=["day"], name="notes_django_day"))
    with connection.cursor() as cur:
        cur.execute("SELECT extra FROM notes_django WHERE patient_id = %s", [KEYS[3]])
        say("migration", cur.fetchone())
        introspection = connection.introspection
        say("introspection", [(column.name, column.type_code, column.null_ok)
                              for column in introspection.get_table_description(cur, "doctors")])
        try:                                  # SELECT * FROM notes_django LIMIT 1
            say("introspection of sharded", len(introspection.get_table_description(cur, "notes_django")))
        except DatabaseError as error:
            say("introspection of sharded", "refused", error.__cause__.pgcode)
        say("introspection", {name: value["columns"] for name, value in sorted(
            introspection.get_constraints(cur, "notes_django").items())})
        say("introspection", {"patients", "hospitals"} <= set(introspection.table_names(cur)))
    call_command("inspectdb", "schedules")
    with connection.schema_editor(atomic=False) as editor:
        editor.remove_field(Note, extra)
        editor.delete_model(Note)
    say("migration", "undone")
    try:
        MigrationExecutor(connection).recorder.ensure_schema()
        say("recorder", "made")
    except MigrationSchemaMissing as error:
        say("recorder", "refused", error.__context__.__cause__.diag.message_primary)


def errors_step():
    with connection.cursor() as cur:
        for sql in ("SELEC 1", "SELECT * FROM no_such_table", "SELECT 1/0",
                    f"INSERT INTO patients (patient_id) VALUES ({KEYS[0]})"):
            try:
                cur.execute(sql)
                raise AssertionError(sql)
            except DatabaseError as error:
                say("errors", type(error).__name__, error.__cause__.pgcode)
        cur.execute("SELECT 'goes on'")
        say("errors", cur.fetchone())


def main():
    connection.ensure_connection()
    with connection.cursor() as cur:
        cur.execute("SHOW TimeZone")
        say("connect", connection.pg_version, connection.is_usable(), cur.fetchone())
    rows_step()
    batch_step()
    transaction_step()
    schema_step()
    errors_step()
    connection.close()
    say("reconnect", Patient.objects.get(pk=KEYS[0]).name)
    say("done", "all")


if __name__ == "__main__":
    main()
