-- unbound: for Parse and Describe
select * from patients where patient_id = $1
select * from patients where patient_id = $1 and patient_id = 42
select * from patients where patient_id in ($1, $2)
select * from appointments a, slots s where a.patient_id = $1 and s.doctor_id = $2
select * from patients p, appointments a where p.patient_id = $1 and a.patient_id = $1
select * from hospitals, patients where patient_id = $1
insert into patients (patient_id, name) values ($1, $2)
insert into patients (patient_id, name) values ($1, $2), (42, 'b')
insert into patients (patient_id, name) values (42, $1), (43, 'b')
select $1
-- 16: the same value in every form
select * from patients where patient_id = $1 --$ 42
select * from patients where patient_id = $1 --$ 42:20
select * from patients where patient_id = $1 --$ 42:21
select * from patients where patient_id = $1 --$ 42:23
select * from patients where patient_id = $1 --$ x000000000000002a
select * from patients where patient_id = $1 --$ x000000000000002a:20
select * from patients where patient_id = $1 --$ x0000002a:23
select * from patients where patient_id = $1 --$ x002a:21
select * from patients where patient_id = $1::int --$ 42
select * from patients where patient_id = $1::bigint --$ 42:25
select * from patients where patient_id = $1::bigint --$ x3432:25
select * from patients where patient_id = $1 --$ 42:705
-- forms that are no key
select * from patients where patient_id = $1 --$ NULL
select * from patients where patient_id = $1 --$ abc
select * from patients where patient_id = $1 --$ 42:25
select * from patients where patient_id = $1 --$ 42:1700
select * from patients where patient_id = $1 --$ 42:701
select * from patients where patient_id = $1::text --$ 42
select * from patients where patient_id = $1 --$ x00002a:23
select * from patients where patient_id = $1 --$ x000000000000002a:23
select * from patients where patient_id = $1 --$ 70000:21
select * from patients where patient_id = $2 --$ 42
-- a parameter that stands more than once
select * from patients where patient_id = $1 and balance = $1 --$ 42
select * from patients where patient_id = $1 and balance = $1 --$ 42:23
select * from patients where patient_id = $1 and balance = $1 --$ 16777216
select * from patients where patient_id = $1 and balance = $1 --$ 16777217
select * from patients where patient_id = $1 and balance = $1 --$ -1
select * from patients where patient_id = $1 and balance = $1 --$ abc
select * from patients where patient_id = $1 and balance = $1 --$ x000000000000002a
select * from patients where patient_id = $1 and balance = $1 --$ x000000000000002a:20
select * from appointments a, appointments b where a.patient_id = $1 and b.patient_id = $1 --$ x000000000000002a
select * from appointments a, appointments b where a.patient_id = $1 and b.patient_id = $1 --$ 99999999999
select * from appointments a, appointments b where a.patient_id = $1::int8 and b.patient_id = $1 --$ 99999999999
select * from appointments a, appointments b where a.patient_id = $1 and b.patient_id = $1 and a.slot_id = $1 --$ 99999999999
select * from patients where (patient_id = $1 and patient_id = 42) or patient_id = $2 and balance = $1 --$ 42 42
select * from patients where (patient_id = $1 or patient_id = 7) and (patient_id = $1 or patient_id = 8) --$ 99999999999
insert into patients (patient_id, name) values ($1, 'a'), ($1, 'b') --$ x000000000000002a
insert into patients (patient_id, visits) values ($1, $1) --$ x000000000000002a
insert into patients (patient_id, name) values ($1, $2) --$ 42 abc
insert into patients (patient_id, name) values ($1, $2) --$ NULL abc
insert into patients (patient_id, name) values ($1, 'a'), ($2, 'b') --$ 42 43
