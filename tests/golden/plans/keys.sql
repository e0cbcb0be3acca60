-- text
select * from codes where code = 'abc'
select * from codes where code = 'abc'::text
select * from codes where code = 'abc'::varchar
-- 14: digits are no number to a text key
select * from codes where code = '123'
select * from codes where code = '0123'
select * from codes where code = 123
select * from codes where code = 12345678901
select * from codes where code = 123::text
select * from codes where code = 123::int
select * from codes where code = $1 --$ 123
select * from codes where code = $1 --$ x313233
select * from codes where code = $1 --$ 123:25
select * from codes where code = $1 --$ 123:1043
select * from codes where code = $1 --$ 123:1042
select * from codes where code = $1 --$ 123:23
select * from codes where code = $1 --$ NULL
select * from codes where code = $1 and code = $1 --$ 123
select * from codes a, codes b where a.code = $1 and b.code = $1 --$ 123
select * from codes where code = $1 and name = $1 --$ 123
select * from codes where code = $1 and name = $1 --$ 123:25
select * from codes where code = 'a
insert into codes (code) values (123)
insert into codes (code) values (date '2026-01-01' + 1)
insert into codes (code) values ('123')
insert into codes (code) values ('abc'), ('abc')
-- uuid
select * from uuids where id = '00112233-4455-6677-8899-aabbccddeeff'
select * from uuids where id = '{00112233-4455-6677-8899-AABBCCDDEEFF}'
select * from uuids where id = '00112233445566778899aabbccddeeff'::uuid
select * from uuids where id = '0011-2233-4455-6677-8899-aabb-ccdd-eeff'
select * from uuids where id = '0-0112233445566778899aabbccddeeff'
select * from uuids where id = '{00112233445566778899aabbccddeeff'
select * from uuids where id = '00112233445566778899aabbccddeeff '
select * from uuids where id = 'abc'
select * from uuids where id = 1
select * from uuids where id = '00112233445566778899aabbccddeeff'::text
select * from uuids where id = $1 --$ 00112233-4455-6677-8899-aabbccddeeff
select * from uuids where id = $1 --$ 00112233-4455-6677-8899-aabbccddeeff:2950
select * from uuids where id = $1 --$ x00112233445566778899aabbccddeeff:2950
select * from uuids where id = $1 --$ x00112233445566778899aabbccddeeff
select * from uuids where id = $1 --$ x001122:2950
select * from uuids where id = $1 --$ 00112233-4455-6677-8899-aabbccddeeff:25
select * from uuids where id = $1::uuid --$ 00112233-4455-6677-8899-aabbccddeeff:25
-- placements
select * from numbers n, more_numbers m where n.id = 7 and m.id = n.id
select * from numbers n, more_numbers m where n.id = 1 and m.id = n.id
select * from numbers n, more_numbers m where n.id = 2 and m.id = n.id
select * from numbers n, more_numbers m where n.id = 3 and m.id = n.id
select * from numbers n, codes c where n.id = 1 and c.code = n.id
select * from numbers n, two_numbers t where n.id = $1 and t.id = $1
select * from numbers n, more_numbers m where n.id = $1 and m.id = $1
select * from numbers n, two_numbers t where n.id = null and t.id = 1
select * from numbers where id in (1, 2, 3, 4, 5, 6, 7, 8)
select * from lonely
select * from lonely where id in (1, 2, 3, 4, 5, 6, 7, 8)
select * from lonely, numbers where numbers.id = 1
update lonely set name = 'a'
insert into lonely (id) values (1), (2), (3)
insert into lonely (name) values ('a')
-- names
select * from app.things where id = 1
select * from things where id = 1
@path select * from app.things where id = 1
select * from pg_odd
select * from settings
select current_database()
select current_user
select user from settings
select * from information_schema.tables
select * from pg_database
-- a unique constraint that each shard checks for its own rows
alter table loose_numbers add unique (other)
create unique index on loose_numbers (other)
create unique index on numbers (other)
