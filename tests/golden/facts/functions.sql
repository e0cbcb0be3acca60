select now(), pg_catalog.now(), mine.now(), now(1), count(*), lower('a')
select db.s.f()
select current_setting('port'), current_setting('PORT', true)
select f(), s.f((select 1 from t)), "Now"(), nextval('s'), currval('s'), pg_advisory_lock(1), table_to_xml('t', true, true, ''), dblink('a'), query_to_xml('select 1', true, true, '')
select sum(f(x) order by g(y)) filter (where h(z)) over (partition by i(a) order by j(b)) from k(l(1)) where m(c) order by n(d) limit o(e)
select percentile_cont(0.5) within group (order by f(x)), array_agg(distinct y) from t
select set_config('Search_Path', 'a', false), set_config('x', f(), true), set_config('y', $1, 't')
select set_config(f(), 'a', false)
select set_config($1, 'a', false)
select set_config('a', 'a', $1)
select set_config('a', 'a', is_local => true)
select set_config('transaction_isolation', 'serializable', true)
select set_config('client_encoding', 'latin1', false)
select set_config('client_encoding', 'UTF-8', false)
select set_config('client_encoding', $1, false)
select set_config('standard_conforming_strings', 'off', true)
select set_config('session_authorization', 'a', true)
select set_config('role', 'a', true)
select mine.set_config('a', 'b', true)
select current_setting('x'), current_setting('server_version', true)
select current_setting(x) from t
select current_setting($1)
select current_database(), current_catalog, current_user, session_user, user, current_role, current_schema, current_schemas(true), current_schema()
select 't'::regclass, 't'::regclass[], 1::pg_catalog.regtype, to_regclass('t'), regclass('t')
select pg_get_expr('a', 1), format_type(1, 2), pg_table_is_visible(1), obj_description(1, 'a'), col_description(1, 2), has_table_privilege('t', 'select'), pg_get_userbyid(1)
select extract(day from x), position('a' in b), substring(a from 1 for 2), trim(both from x), overlay(a placing b from 1), x at time zone 'utc', normalize(a), (a, b) overlaps (c, d), collation for (a), xmlexists('a' passing by value b), treat(a as int4), x is normalized, a similar to b escape 'c', a like b escape 'c', a is document from t
select coalesce(f(), 1), greatest(g(), 1), nullif(h(), 1), xmlelement(name a, xmlattributes(i() as b), j()), xmlforest(k()), xmlserialize(content l() as text), xmlparse(document m()), xmlroot(n(), version '1')
select f(variadic array[g()]), h(a => i()), j(b := k())
select inet_server_addr(), pg_backend_pid(), txid_current(), pg_stat_get_backend_idset(), lo_get(1), pg_postmaster_start_time(), pg_read_file('a'), pg_relation_size('t'), setseed(1), pg_notify('a', 'b')
select random(), gen_random_uuid(), clock_timestamp(), pg_sleep(0), pg_advisory_unlock_all(), version()
select 1 operator(mine.+) 2
select * from t order by x using operator(mine.<)
select 1 operator(mine.=) any (select 1)
select pg_catalog.set_config('a', 'b', false) from t
select ts_stat('select 1'), ts_rewrite('a', 'select 1'), cursor_to_xml('a', 1, true, true, ''), database_to_xml(true, true, ''), xpath('a', 'b')
select current_catalog
select current_user
select current_role
select user
select session_user
select current_schema
select current_date, current_time, current_time(1), current_timestamp, current_timestamp(1), localtime, localtime(1), localtimestamp, localtimestamp(1)
select "current_user"(), pg_catalog."current_database"()
select information_schema._pg_expandarray('{1}'::int[]), information_schema._pg_keysequal('{1}', '{2}'), mine._pg_expandarray('{1}')
select pg_try_advisory_lock($1, $2)
select pg_advisory_xact_lock(1) from t
select pg_advisory_unlock(1)
select pg_advisory_unlock_all()
select pg_advisory_unlock_all() where a
select pg_advisory_unlock_all() limit 0
select pg_advisory_unlock_all(), 1
select pg_advisory_unlock_all() from t
with x as (select 1) select pg_advisory_unlock_all()
select mine.pg_advisory_unlock_all()
select pg_catalog.pg_advisory_unlock_all()
select pg_listening_channels()
create table t (a int default pg_advisory_lock(1))
