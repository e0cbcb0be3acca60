"""booking - SQLAlchemy over psycopg2 and over asyncpg: its dialect's start, reflection, the ORM."""

import asyncio
import datetime
import os

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine

KEYS = [int(key) for key in os.environ["KEYS"].split()]
Base = orm.declarative_base()


class Patient(Base):
    __tablename__ = "patients"
    patient_id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
    name = sa.Column(sa.Text, nullable=False)
    phone = sa.Column(sa.Text)
    visits = sa.Column(sa.Integer, nullable=False, server_default="0")
    balance = sa.Column(sa.Integer, nullable=False, server_default="0")
    appointments = orm.relationship("Appointment", back_populates="patient", order_by="Appointment.appointment_id")


class Appointment(Base):
    __tablename__ = "appointments"
    patient_id = sa.Column(sa.BigInteger, sa.ForeignKey("patients.patient_id"), primary_key=True)
    appointment_id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
    doctor_id = sa.Column(sa.BigInteger, nullable=False)
    slot_id = sa.Column(sa.BigInteger, nullable=False)
    status = sa.Column(sa.Text, nullable=False, server_default="booked")
    patient = orm.relationship("Patient", back_populates="appointments")


class Payment(Base):
    __tablename__ = "payments"
    patient_id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
    payment_id = sa.Column(sa.BigInteger, sa.Identity(), primary_key=True)
    appointment_id = sa.Column(sa.BigInteger, nullable=False)
    amount = sa.Column(sa.Numeric(10, 2), nullable=False)


def say(step, *seen):
    print(f"{step}:", *seen, flush=True)


def reflection_step(engine):
    """What alembic and friends ask."""
    inspector = sa.inspect(engine)
    names = ["appointments", "hospitals", "kinds", "patients", "payments"]
    say("reflection", [name for name in sorted(inspector.get_table_names()) if name in names])
    for name in names:
        for column in inspector.get_columns(name):
            say("reflection", name, {key: str(value) for key, value in column.items()})
        say("reflection", inspector.get_pk_constraint(name), inspector.get_foreign_keys(name),
            inspector.get_indexes(name), inspector.get_unique_constraints(name), inspector.get_check_constraints(name),
            inspector.get_table_comment(name))
    say("reflection", [enum["name"] for enum in inspector.get_enums()], inspector.get_view_names(),
        inspector.has_table("patients"), inspector.has_table("nothing"), "public" in inspector.get_schema_names())
    kinds = sa.Table("kinds", sa.MetaData(), autoload_with=engine)
    say("reflection", [column.name for column in kinds.primary_key], kinds.c.moods.type, kinds.c.exact.type)


def orm_step(engine):
    with orm.Session(engine) as session:
        for key in KEYS:                     # one transaction writes on one shard
            session.add(Patient(patient_id=key, name="Zoë"))
            session.commit()
            say("insert", session.get(Patient, key).visits)
        for key in KEYS:
            say("select", session.execute(sa.select(Patient.name, Patient.phone).where(Patient.patient_id == key)).one())
        session.commit()
        patient = session.get(Patient, KEYS[0])
        patient.visits = Patient.visits + 1
        session.commit()
        say("update", patient.visits)
        session.rollback()
        session.add_all([Payment(patient_id=KEYS[2], appointment_id=1, amount=7)])
        session.flush()
        payment = session.execute(sa.select(Payment).where(Payment.patient_id == KEYS[2])).scalar_one()
        say("identity", payment.amount, payment.payment_id > 0)
        session.delete(payment)
        session.commit()
        say("delete", session.execute(sa.select(sa.func.count()).select_from(Payment)
                                      .where(Payment.patient_id == KEYS[2])).scalar())


def batch_step(engine):
    with orm.Session(engine) as session:
        session.add_all([Appointment(patient_id=KEYS[0], appointment_id=n, doctor_id=7, slot_id=n) for n in range(30)])
        session.commit()
        session.bulk_insert_mappings(Appointment, [
            {"patient_id": KEYS[0], "appointment_id": n, "doctor_id": 7, "slot_id": n} for n in range(30, 60)])
        session.commit()
        say("batch", session.execute(sa.select(sa.func.count(), sa.func.sum(Appointment.slot_id))
                                     .where(Appointment.patient_id == KEYS[0])).one())
        session.commit()
        patient = session.get(Patient, KEYS[1])
        session.add(Appointment(patient_id=KEYS[1], appointment_id=1, doctor_id=7, slot_id=1))
        session.commit()
        say("relationship", [appointment.status for appointment in patient.appointments])


def core_step(engine):
    hospitals = sa.table("hospitals", sa.column("hospital_id"), sa.column("name"), sa.column("city"))
    with engine.begin() as conn:
        conn.execute(sa.insert(hospitals), [{"hospital_id": key, "name": "St. Mary", "city": "Cork"} for key in KEYS])
        say("single table", conn.execute(sa.select(hospitals.c.name).where(hospitals.c.hospital_id.in_(KEYS))).all())
        say("single table", conn.execute(sa.delete(hospitals).where(hospitals.c.hospital_id.in_(KEYS))).rowcount)
    with engine.begin() as conn:
        upsert = postgresql.insert(Patient).values(patient_id=KEYS[3], name="Eve")
        upsert = upsert.on_conflict_do_update(index_elements=["patient_id"], set_={"name": upsert.excluded.name})
        say("upsert", conn.execute(upsert.returning(Patient.name)).scalar())
    with engine.connect() as conn:
        rows = conn.execution_options(stream_results=True, max_row_buffer=10).execute(
            sa.select(Appointment.appointment_id).where(Appointment.patient_id == KEYS[0])
            .order_by(Appointment.appointment_id))
        say("cursor", [len(part) for part in rows.partitions(25)])
        say("select", conn.execute(sa.text("SELECT name FROM patients WHERE patient_id = :key"), {"key": KEYS[3]}).one())


def transaction_step(engine):
    with orm.Session(engine) as session:
        patient = session.get(Patient, KEYS[2], with_for_update=True)
        patient.balance = 5
        session.flush()
        session.rollback()
        say("transaction", session.get(Patient, KEYS[2]).balance)
        session.commit()
        with session.begin():
            session.get(Patient, KEYS[2]).balance = 6
            try:
                with session.begin_nested():
                    session.execute(sa.insert(Patient).values(patient_id=KEYS[2], name="again"))
            except sa.exc.IntegrityError as error:
                say("savepoint", error.orig.pgcode)
        say("savepoint", session.get(Patient, KEYS[2]).balance)
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as conn:
        say("isolation", conn.get_isolation_level(), conn.execute(sa.text("SHOW transaction_isolation")).scalar())
    with engine.connect() as conn:
        say("isolation", conn.get_isolation_level(), conn.default_isolation_level)


def types_step(engine):
    kinds = sa.Table("kinds", sa.MetaData(), autoload_with=engine)
    values = {"patient_id": KEYS[1], "n": 1, "flag": True, "exact": 12, "bytes": b"\0\xff", "day": datetime.date(2026, 7, 1),
              "span": datetime.timedelta(days=1), "docb": {"a": [1, None]}, "numbers": [1, None, 3], "words": ["a b"],
              "mood": "glad", "moods": ["sad", "glad"], "label": None}
    with engine.begin() as conn:
        conn.execute(sa.insert(kinds).values(**values, visit=sa.text("'(2026-07-01,glad,)'")))
        row = conn.execute(sa.select(kinds).where(kinds.c.patient_id == KEYS[1], kinds.c.n == 1,
                                                  kinds.c.numbers.any(3), kinds.c.docb["a"][0].astext == "1")).one()
        for name in (*list(values)[2:], "visit"):
            say("types", name, bytes(row[name]) if name == "bytes" else row[name])


def errors_step(engine):
    for sql in (f"INSERT INTO patients (patient_id, name) VALUES ({KEYS[0]}, 'again')", "SELEC 1",
                "SELECT * FROM no_such_table", "SELECT 1/0"):
        with engine.connect() as conn:
            try:
                conn.execute(sa.text(sql))
                raise AssertionError(sql)
            except sa.exc.DBAPIError as error:
                say("errors", type(error).__name__, error.orig.pgcode)
    with engine.connect() as conn:
        say("errors", conn.execute(sa.text("SELECT 'goes on'")).scalar())


def pool_step():
    """pre_ping asks before each use; what comes back to the pool is rolled back."""
    engine = sa.create_engine("postgresql+psycopg2://", pool_size=1, max_overflow=0, pool_pre_ping=True)
    for key in KEYS:
        with engine.connect() as conn:
            conn.execute(sa.update(Patient).where(Patient.patient_id == key).values(balance=77))
    with engine.connect() as conn:
        say("pool", [conn.execute(sa.select(Patient.balance).where(Patient.patient_id == key)).scalar() for key in KEYS])
    engine.dispose()


def ddl_step(engine):
    notes = sa.Table("notes_sqlalchemy", sa.MetaData(),
                     sa.Column("patient_id", sa.BigInteger, primary_key=True, autoincrement=False),
                     sa.Column("note", sa.Text, index=True))
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    notes.create(autocommit, checkfirst=True)
    with engine.begin() as conn:
        conn.execute(sa.insert(notes).values(patient_id=KEYS[3], note="seen"))
        say("ddl", conn.execute(sa.select(notes.c.note).where(notes.c.patient_id == KEYS[3])).scalar())
    notes.drop(autocommit, checkfirst=True)
    say("ddl", sa.inspect(autocommit).has_table("notes_sqlalchemy"))


async def async_step():
    engine = create_async_engine("postgresql+asyncpg://")
    async with engine.connect() as conn:
        for key in KEYS:
            say("async", (await conn.execute(sa.select(Patient.name).where(Patient.patient_id == key))).scalar())
        rows = await conn.stream(sa.select(Appointment.appointment_id).where(Appointment.patient_id == KEYS[0])
                                 .order_by(Appointment.appointment_id).limit(5))
        say("async", [row[0] async for row in rows])
        say("async", await conn.run_sync(lambda sync: len(sa.inspect(sync).get_columns("kinds"))))
    async with engine.begin() as conn:
        await conn.execute(sa.update(Patient).where(Patient.patient_id == KEYS[3]).values(visits=3))
        async with conn.begin_nested() as nested:
            await conn.execute(sa.update(Patient).where(Patient.patient_id == KEYS[3]).values(visits=4))
            await nested.rollback()
        say("async", (await conn.execute(sa.select(Patient.visits).where(Patient.patient_id == KEYS[3]))).scalar())
    await engine.dispose()


def main():
    engine = sa.create_engine("postgresql+psycopg2://")
    with engine.connect() as conn:
        say("connect", engine.dialect.server_version_info, engine.dialect.default_schema_name,
            conn.execute(sa.text("SELECT 1")).scalar())
    reflection_step(engine)
    orm_step(engine)
    batch_step(engine)
    core_step(engine)
    transaction_step(engine)
    types_step(engine)
    errors_step(engine)
    pool_step()
    ddl_step(engine)
    asyncio.run(async_step())
    engine.dispose()
    say("done", "all")


if __name__ == "__main__":
    main()
