-- kinds
begin
commit and chain
rollback
savepoint a
set transaction isolation level serializable
deallocate all
discard all
set work_mem = '1MB'
show work_mem
close all

-- no table, catalog
select 1
select now()
select current_database()
select current_user
select * from pg_class
select * from pg_catalog.pg_statistic_ext
select 'patients'::regclass
select * from information_schema.tables
select * from pg_stat_activity
select * from pg_catalog.pg_stats
select * from pg_locks
select * from pg_settings
select * from pg_catalog.patients
select * from pg_no_such_thing
select * from pg_temp.t
select * from pg_toast.pg_toast_1
select * from pg_class, patients where patient_id = 1
select 'patients'::regclass from patients where patient_id = 1
select current_database() from hospitals
delete from pg_class
update pg_catalog.pg_proc set proname = 'x'

-- tables
select * from hospitals
select * from public.hospitals
select * from hospitals h join departments d using (hospital_id)
select * from nothing
select * from other.hospitals
@path select * from hospitals
@path select * from public.hospitals
@path select * from pg_class
select * from hospitals, sync_messages
select * from hospitals where hospital_id = 1 for update
select book_slot(42)
select public.f(1) from hospitals

-- one key
select * from patients where patient_id = 42
select * from patients where 42 = patient_id
select * from patients p where p.patient_id = '42'
select * from patients where patient_id = 42::int
select * from patients where patient_id = '42'::bigint
select * from patients where patient_id = -42
select * from patients where patient_id in (42)
select * from patients where patient_id in (42, 42)
select * from patients where patient_id = 42 or patient_id = 42
select * from patients where patient_id = 42 and city = 'Harbin'
select * from patients where (patient_id = 42 and city = 'a') or (patient_id = 42 and city = 'b')
select * from patients where patient_id = null
select * from patients where patient_id in (null, 42)
select * from patients where patient_id = 'abc'
select * from patients where patient_id = '99999999999999999999'
select * from patients where patient_id = 70000::int2
select * from patients where patient_id = '42'::text
select * from patients where patient_id = 42.0
select * from patients where patient_id = 1 + 1
select * from patients where patient_id = abs(-42)
select * from patients where patient_id > 42
select * from patients where patient_id between 42 and 42
select * from patients where not patient_id = 42
select * from patients
select * from patients as p(a, patient_id) where patient_id = 42
select * from patients as p(patient_id) where p.patient_id = 42
select * from (patients p cross join patients q) as j(x, y, z, u, v, w, r, patient_id) where patient_id = 42
select * from (select patient_id from patients) as p where p.patient_id = 42

-- joins and subqueries
select * from patients p join appointments a on a.patient_id = p.patient_id where p.patient_id = 42
select * from appointments a join slots s on s.doctor_id = a.doctor_id where a.patient_id = 42
select * from appointments a join slots s on s.doctor_id = a.doctor_id where a.patient_id = 42 and s.doctor_id = 42
select * from appointments a, slots s where a.patient_id = 42 and s.doctor_id = a.patient_id
select * from appointments a, slots s where a.patient_id = 42 and s.doctor_id = 43
select * from appointments a join appointments b using (patient_id) where patient_id = 42
select * from appointments a left join appointments b using (patient_id) where a.patient_id = 42
select * from appointments a left join appointments b using (patient_id) where patient_id = 42
select * from appointments a left join appointments b on a.patient_id = b.patient_id and b.patient_id = 42
select * from appointments a left join appointments b on b.patient_id = 42 where a.patient_id = 42
select * from appointments a full join appointments b on a.patient_id = b.patient_id where a.patient_id = 42
select * from appointments a, appointments b, appointments c where a.patient_id = b.patient_id and c.patient_id = b.patient_id and c.patient_id = 42
select * from appointments where patient_id = 42 and exists (select 1 from appointments b where b.patient_id = appointments.patient_id)
select * from appointments a where exists (select 1 from appointments b where b.patient_id = a.patient_id and b.patient_id = 42)
select * from appointments a where a.patient_id = 42 and a.doctor_id in (select doctor_id from slots)
select (select count(*) from appointments b where b.patient_id = a.patient_id) from appointments a where a.patient_id = 42
with x as (select * from appointments where patient_id = 42) select * from x
with x as (select * from appointments) select * from x where patient_id = 42
with recursive x as (select * from appointments where patient_id = 42 union all select a.* from appointments a, x where a.appointment_id = x.slot_id) select * from x
select * from patients p, lateral (select * from appointments a where a.patient_id = p.patient_id) x where p.patient_id = 42
select * from hospitals, patients where patient_id = 42

-- writes
insert into patients (patient_id, name) values (42, 'a')
insert into patients (name, patient_id) values ('a', 42), ('b', 42)
insert into patients (patient_id, name) values (42, 'a'), (43, 'b')
insert into patients values (42, 'a')
insert into patients (name) values ('a')
insert into patients (patient_id, name) values (null, 'a')
insert into patients (patient_id, name) values (default, 'a')
insert into patients (patient_id, name) values (1 + 1, 'a')
insert into patients (patient_id, name) values (42)
insert into patients (patient_id) values (42, 'a')
insert into patients (patient_id, name) values ('x', 'a')
insert into patients default values
insert into patients (patient_id, name) select 42, 'a'
insert into patients (patient_id, name) values (42, 'a') on conflict (patient_id) do nothing
insert into patients (patient_id, name) values (42, 'a') on conflict (patient_id) do update set name = 'b'
insert into patients (patient_id, name) values (42, 'a') on conflict (patient_id) do update set patient_id = 43
insert into patients (patient_id, name) values (42, (select name from hospitals))
insert into patients (patient_id, name) values (42, (select name from patients where patient_id = 42))
insert into hospitals values (1, 'a', 'b')
insert into hospitals select department_id, name, name from departments
insert into hospitals (hospital_id) select patient_id from patients where patient_id = 42
update patients set name = 'b' where patient_id = 42
update patients set name = 'b'
update patients set patient_id = 43 where patient_id = 42
update patients p set name = 'b' from appointments a where a.patient_id = p.patient_id and p.patient_id = 42
update hospitals set name = 'b'
delete from patients where patient_id = 42
delete from patients
delete from patients where patient_id = null
delete from appointments a using appointments b where a.patient_id = b.patient_id and b.patient_id = 42
with gone as (delete from patients where patient_id = 42 returning *) select * from gone
with gone as (delete from patients where patient_id = 42 returning *) insert into patients (patient_id, name) values (42, 'x')
with gone as (delete from patients where patient_id = 42 returning *) insert into patients (patient_id, name) values (43, 'x')
select * from patients where patient_id = 42 for update
update patients set (name, patient_id) = ('a', 43) where patient_id = 42
merge into patients p using hospitals h on p.patient_id = 42 when matched then delete
table hospitals
values (1)
select * into x from hospitals
explain select * from patients where patient_id = 42
update patients set name = default where current of c
delete from only patients where patient_id = 42
select * from patients tablesample system (1) where patient_id = 42
select * from patients where (patient_id, city) = (42, 'a')
select * from patients where patient_id = any (array[42])
select * from patients where patient_id operator(pg_catalog.=) 42
select * from patients where patient_id is not distinct from 42
select * from patients where exists (select 1 where patient_id = 42)
select * from booking.public.patients where patient_id = 42
select * from patients where patients.patient_id = 42
select * from patients p where patients.patient_id = 42
select * from patients where public.patients.patient_id = 42
insert into patients (patient_id, name) (values (42, 'a'))
insert into patients as p (patient_id, name) values (42, 'a') on conflict (patient_id) do update set name = p.name where p.patient_id = 43
insert into patients (patient_id, name) values (42, 'a') returning (select name from patients q where q.patient_id = 42)

-- EXPLAIN
explain select * from patients where patient_id = 1
explain select * from patients
explain (costs off) update patients set name = 'x' where patient_id = 1
explain analyze update patients set name = 'x' where patient_id = 1
explain insert into patients values (1, 'Ada')
explain select 1
explain select * from pg_class
explain refresh materialized view m

-- cursors
declare c cursor for select * from patients where patient_id = 1
declare c cursor for select * from patients
declare c cursor for select 1
declare c cursor for select * from pg_class
fetch all from c
close c
delete from patients where current of c
update hospitals set name = 'x' where current of c
update patients set patient_id = 2 where current of c
update patients set name = a.note from appointments a where current of c
delete from patients using payments where current of c
listen news
unlisten *
notify news
select pg_notify('news', 'read')
select pg_try_advisory_xact_lock(7)
select pg_advisory_lock(oid::int) from pg_class
select pg_advisory_lock(patient_id) from patients where patient_id = 42
select pg_notify('news', name) from hospitals
declare c cursor with hold for select * from patients where patient_id = 42
select pg_advisory_unlock_all() from patients where patient_id = 42
select pg_listening_channels(), name from hospitals
