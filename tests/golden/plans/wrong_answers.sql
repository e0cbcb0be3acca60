-- The rows of routing.md, "Wrong answers seen in other proxies", that concern one shard.
-- 1: a key = value outside of WHERE decides nothing
select patient_id = 42 from patients
select case when patient_id = 42 then 1 end from patients
select count(*) filter (where patient_id = 42) from patients
select * from appointments a left join patients p on p.patient_id = 42
select * from appointments a left join patients p on a.patient_id = 42
select * from patients order by patient_id = 42
select * from patients where city in (select city from patients where patient_id = 42)
select * from patients group by patient_id having patient_id = 42
select * from patients where (patient_id = 42) is not false
select * from patients where coalesce(patient_id = 42, true)
-- 2: arms of a set operation
select * from patients where patient_id = 42 union select * from patients where patient_id = 43
select * from patients where patient_id = 42 union select * from patients where patient_id = 42
select * from patients where patient_id = 42 union all select * from patients
-- 3: LIMIT
select * from patients limit 10
-- 4: two keys in one AND
select * from patients where patient_id = 42 and patient_id = 43
select * from patients where patient_id in (42, 43) and patient_id in (43, 44)
select * from patients where patient_id in (42, 43) and patient_id = 1
-- 5: a member that cannot be evaluated
select * from patients where patient_id in (42, abs(-43))
select * from patients where patient_id in (42, doctor_id) and patient_id = 42
select * from patients where patient_id = 42 or patient_id = abs(-43)
select * from patients where patient_id = 42 or city = 'Harbin'
-- 6: members on several shards
select city, count(*) from patients where patient_id in (1, 3) group by city
-- 7: INSERT with a computed key, INSERT .. SELECT
insert into patients (patient_id, name) values (abs(-42), 'a')
insert into patients (patient_id, name) select * from patients where patient_id = 42
insert into appointments (patient_id, appointment_id) select patient_id, 1 from patients where patient_id = 42
-- 8: COPY
copy patients from stdin
copy patients (name, patient_id) from stdin csv
copy patients (name) from stdin
copy patients (name, patient_id) from stdin (encoding 'latin1')
copy payments from stdin
copy patients to stdout
copy (select * from patients) to stdout
copy (select * from patients where patient_id = 42) to stdout
copy doctors to stdout
-- 9 to 12: aggregates, grouping, ordering over shards
select city, count(*) from patients group by city having count(*) > 1
select coalesce(sum(balance), 0) from patients
select city from patients group by city
select * from patients order by lower(name) nulls first
-- 14: digits are no number to a text key (see keys.sql)
-- 15: an unknown table is on no shard
select * from unknown_table
insert into unknown_table (a) values (1)
select * from hospitals, unknown_table
-- 17: a function may write
select my_writing_function()
select nextval('s')
select pg_advisory_lock(1)
-- tables of two businesses
select * from hospitals h, patients p where p.patient_id = 42
select * from patients p join payments y on y.patient_id = p.patient_id where p.patient_id = 42
-- 18: another search_path
@path select * from patients where patient_id = 42
@path select * from public.patients where patient_id = 42
