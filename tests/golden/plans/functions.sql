select book_slot(7, 42)
select book_slot(7, 43)
select book_slot(7, '42'), book_slot(8, 42::bigint)
select book_slot(7, 42), book_slot(7, 43)
select * from book_slot(7, 42) as b
select * from tools.bookings(42) b join appointments a on a.patient_id = 42
select * from tools.bookings(43) b join appointments a on a.patient_id = 42
select tools.bookings(patient_id) from appointments where patient_id = 42
insert into appointments (patient_id, note) values (42, tools.bookings(42))
select book_slot(7, $1)
select book_slot(7, $1) --$ 42
select book_slot(7, $1) --$ 0000000000000042:20
select book_slot(7, $1) --$ x000000000000002a:20
select book_slot(7, null)
select book_slot(7, random()::bigint)
select book_slot(7, 'x')
select book_slot(7)
select book_slot(7, 42, 1)
select book_slot(key => 42, slot => 7)
select book_slot(variadic array[7, 42])
select other.book_slot(7, 42)
@path select book_slot(7, 42)
@path select tools.bookings(42)
select report('2026-01-01'), (select count(*) from hospitals)
select report('2026-01-01'), book_slot(7, 42)
select greeting('Ada')
select greeting(note) from appointments where patient_id = 42
select report('2026-01-01') from pg_class
select unknown(1)
