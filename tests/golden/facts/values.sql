values (1)
insert into t values (2147483647, 2147483648, 9223372036854775807, 9223372036854775808, 1.0, 1e2, 007, 00000000000000000007)
insert into t values (-1, - 1, -(1), -(-1), +1, -2147483648, -9223372036854775808, - 9223372036854775808, -9223372036854775809, -(9223372036854775808))
insert into t values (-1::int8, -(1)::int8, (-1)::int8, -(1::int2), -('1'::int4), -(1::text), - - 1::int4, -(-9223372036854775808)::int8)
insert into t values (1::int2, 1::smallint, 1::int, 1::integer, 1::int4, 1::bigint, 1::pg_catalog.int8, cast(1 as int8), int8 '1', bigint '1', 1::mine.int8, 1::"integer")
insert into t values ('a'::text, 'a'::varchar, 'a'::character varying, 'a'::varchar(3), 'a'::char, 'a'::char(3), 'a'::bpchar, 'a'::uuid, uuid 'a', 'a'::name, 'a'::citext)
insert into t values ('1'::int4::int4, '1'::int4::int8, '1'::text::text, $1::int4::int4, $1::text::varchar, 1::int4[], '{1}'::int4[], '1'::setof int4)
insert into t values ('1'::int4::int4, '1'::int4::int8, '1'::text::text, $1::int4::int4, $1::text::varchar, 1::int4[], '{1}'::int4[], '1'::numeric, '1'::date)
insert into t values (null, null::int4, null::date, null::int4::text, null::int4[], true, false, b'1', x'1')
insert into t values ('', 'it''s', E'a\nb', U&'\0061', $$a'b$$, $x$a$$b$x$, 'ä', n'a')
insert into t values ($1, $2::int8, $3::uuid, $4::varchar(2), $5::date, -$6, ($7), $8 collate "C")
insert into t values (1 + 1, f(), current_date, array[1], row(1), (1), interval '1' day, t, 'a' || 'b', case when true then 1 end)
select * from t where k = -1 and l = '1'::int4 and m = $1::int8 and n = null and o = null::text and p = 1.0
select * from t where k in (1, -1, '1', '1'::int4, $1, $1::int8, null, 1 + 1, (select 1), 2147483648)
select * from t where k = default
select $0
select $65535
select $65536
select $99999999999
select * from t where k = interval $1 and l = $2
