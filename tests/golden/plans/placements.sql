-- lists
select * from clinics where city = 'Harbin'
select * from clinics where city in ('Harbin', 'Changchun')
select * from clinics where city in ('Harbin', 'Shenzhen')
select * from clinics where city = 'Paris'
select * from clinics where city > 'A'
select * from clinics where city = $1
select * from clinics where city = $1 --$ Guangzhou
insert into clinics (city) values ('Harbin'), ('Changchun')
insert into clinics (city) values ('Paris')
insert into clinics (city) values (7)
-- lists without a default: a value without a place has no row, and gets none
select * from known_clinics where city = 'Paris'
select * from known_clinics where city in ('Paris', 'Harbin')
select * from known_clinics a join clinics b on a.city = b.city where a.city = 'Paris'
insert into known_clinics (city) values ('Paris')
insert into known_clinics (city) values ('Harbin'), ('Paris')
insert into known_clinics (city) values ($1) --$ Paris
update known_clinics set name = 'a' where city = 'Paris'
-- ranges
select * from visits where day = '2026-06-30'
select * from visits where day = '2026-07-01'
select * from visits where day = '2025-12-31'
select * from visits where day = '-infinity'
select * from visits where day = 'infinity'
select * from visits where day = '2027-06-01'
insert into visits (day) values ('2027-06-01')
select * from visits where day in ('2025-01-01', '2026-12-31')
select * from visits where day between '2026-01-01' and '2026-06-30'
select * from visits where day between '2026-01-01' and '2026-07-01'
select * from visits where day >= '2026-01-01' and day < '2026-07-01'
select * from visits where day >= '2026-01-01' and day <= '2026-07-01'
select * from visits where day > '2027-01-01'
select * from visits where day > '2027-01-01' and day < '2027-12-31'
select * from visits where '2026-02-01' <= day and '2026-03-01' > day
select * from visits where day >= '2026-02-01'
select * from visits where day < '2025-01-01'
select * from visits where day between '2026-03-01' and '2026-02-01'
select * from visits where day between $1 and $2
select * from visits where day between $1 and $2 --$ 2026-02-01 2026-03-01
select * from visits where day between $1 and $2 --$ 2026-02-01 2026-08-01
select * from visits where day > null
select * from visits where day between '2026-02-01' and current_date
select * from visits where day between date '2026-02-01' and date '2026-02-01' + 30
select * from visits where not (day between '2026-02-01' and '2026-03-01')
select * from visits where day between symmetric '2026-03-01' and '2026-02-01'
select * from visits where day between '2026-02-01' and '2026-03-01' or day = '2026-04-01'
select * from visits where day >= timestamp '2026-02-01' and day < '2026-03-01'
select * from levels where level between 0 and 9
select * from levels where level between 0 and 10
select * from levels where level < 0
select * from levels where level > 19
select * from levels where level >= 20
select * from levels where level between 12 and 15
select * from days where day between '2026-02-01' and '2026-02-01'
-- dates and moments
select * from days where day = '2026-11-24'
select * from days where day = date '2026-11-24'
select * from days where day = '2026-11-20'::date + 4
select * from days where day = 4 + date '2026-11-20'
select * from days where day = '2026-12-01'::date - 7
select * from days where day = date '2026-11-24' + 4000000000
select * from days where day = date '2026-11-24' + 2000000000
select * from days where day = date 'infinity' - 1
select * from days where day = '24.11.2026'
select * from days where day = '2026-02-30'
select * from days where day = timestamp '2026-11-24'
select * from days where day = current_date
select * from days where day = 20261124
select * from days where day = 1::date
select * from days where day = $1 --$ 2026-11-24
select * from days where day = $1 --$ x00002660:1082
select * from days where day = $1 --$ 2026-11-24:1114
select * from days where day = any ($1) --$ {2026-11-24}:1182
select * from days where day = any ('{2026-11-24}')
select * from days where day = any ('{2026-11-24}'::date[])
select * from days where day = any (array['2026-11-24'::date])
select * from moments where at = '2026-11-24 09:30'
select * from moments where at = timestamp '2026-11-24 09:30'
select * from moments where at = timestamp(0) '2026-11-24 09:30'
select * from moments where at = timestamptz '2026-11-24 09:30+00'
select * from moments where at = now()
select * from zoned where at = '2026-11-24 09:30+08'
select * from zoned where at = '2026-11-24 09:30'
@utc select * from zoned where at = '2026-11-24 09:30'
select * from zoned where at >= '2026-11-24 09:30Z'
select * from zoned where at between '2025-01-01 00:00Z' and '2025-12-31 23:59:59.999999Z'
-- several columns
select * from residents where city = 'Harbin' and id = 42
select * from residents where id = 42 and city = 'Guangzhou'
select * from residents where city = 'Guangzhou'
select * from residents where city = 'Harbin'
select * from residents where id = 42
select * from residents where city = 'Paris'
select * from residents where (city, id) = ('Harbin', 42)
select * from residents where (city, id) in (('Harbin', 42), ('Changchun', 42))
select * from residents where city in ('Harbin', 'Changchun') and id = 42
select * from residents where city in ('Harbin', 'Guangzhou') and id = 42
select * from residents where city = $1
select * from residents where city = $1 and id = $2
select * from residents where city = $1 and id = $2 --$ Harbin 42
select * from residents where city = $1 and id > $2 --$ Guangzhou 42
select * from residents where city = 'Harbin' and id = null
select * from residents a join residents b on a.city = b.city and a.id = b.id where a.city = 'Harbin' and b.id = 42
select * from residents a join residents b using (city, id) where a.city = 'Harbin' and b.id = 42
select * from residents a join residents b using (city) where a.city = 'Harbin' and b.id = 42
select * from residents a, numbers n where a.city = 'Guangzhou' and a.id = n.id and n.id = 42
insert into residents (city, id) values ('Harbin', 42)
insert into residents (id, city) values (42, 'Harbin'), (42, 'Changchun')
insert into residents (city, id) values ('Harbin', 42), ('Guangzhou', 42)
insert into residents (city, id) values ($1, $2)
insert into residents (city, id) values ($1, $2) --$ Harbin 42
insert into residents (city) values ('Harbin')
insert into residents (city, id) values ('Harbin', null)
update residents set city = 'Paris' where city = 'Harbin' and id = 42
select * from pairs where city = 'Harbin' and id = 42
select * from pairs where city = 'Harbin'
select * from pairs where city = 'Harbin' and id in (1, 2, 3, 4)
select * from pairs where city = 'Harbin' and id = any ('{42,42}')
-- constants
select * from numbers where id = 2 * 3 - 7
select * from numbers where id = 7 / 2
select * from numbers where id = -7 / 2
select * from numbers where id = 7 % -2
select * from numbers where id = 7 / 0
select * from numbers where id = 2147483647 + 1
select * from numbers where id = 2147483647::bigint + 1
select * from numbers where id = 9223372036854775807 + 1
select * from numbers where id = '7'::int * 2
select * from numbers where id = cast('7' as bigint)
select * from numbers where id = '7'::text::int
select * from numbers where id = 7::text::int
select * from numbers where id = 32767::int2 + 1::int2
select * from numbers where id = 7::numeric
select * from numbers where id = 7 ^ 2
select * from numbers where id = 1.5 * 2
select * from numbers where id = mine.f(7)
select * from codes where code = 7::text
select * from codes where code = (3 + 4)::text
-- arrays
select * from numbers where id = any (array[1, 3])
select * from numbers where id = any (array[1, 2, 3])
select * from numbers where id = any (array[1, null, 1 + 2])
select * from numbers where id = any ('{1,3}')
select * from numbers where id = any ('{1,3}'::bigint[])
select * from numbers where id = any ('{1,x}')
select * from numbers where id = any ('{}')
select * from numbers where id = any (null)
select * from numbers where id = any ('{{1},{3}}')
select * from numbers where id = any (array[array[1], array[3]])
select * from numbers where id = any ($1)
select * from numbers where id = any ($1) --$ {1,3}
select * from numbers where id = any ($1::bigint[]) --$ {1,3}
select * from numbers where id = any ($1) --$ {1,3}:1007
select * from numbers where id = any ($1) --$ x00000001000000000000001700000001000000010000000400000007:1007
select * from numbers where id = any ($1) --$ {1,3}:1009
select * from numbers where id = any ($1) and id = $2 --$ {1,3} 3
select * from numbers where id = any ($1) and name = any ($1) --$ {1,3}
select * from numbers where id = some (array[1, 3])
select * from numbers where id <> any (array[1, 3])
select * from numbers where id = all (array[1])
select * from codes where code = any ('{"a b",c}')
select * from numbers where id in (1, 3) and id in (3, 5)
select * from numbers where id in (1, 3) and id = any ('{2,4}')
-- ids
select shardward.next_id('residents')
select shardward.next_id('residents'), * from clinics where city = 'Harbin'
insert into clinics (city, id) values ('Harbin', shardward.next_id('clinics'))
