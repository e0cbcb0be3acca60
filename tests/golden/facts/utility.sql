begin
start transaction isolation level serializable, read only, deferrable
begin isolation level repeatable read read write not deferrable
begin isolation level read committed isolation level read uncommitted
commit
end
commit and chain
rollback
abort
rollback and no chain
rollback and chain
savepoint "A b"
release savepoint a
rollback to savepoint a
prepare transaction 'a'
commit prepared 'a'
rollback prepared 'a'
set x = 1
SET Search_Path TO a, b
set local x = 'a'
set session x = on
set x.y = 'z'
set time zone 'UTC'
set time zone interval '1:00' hour to minute
set time zone default
set names 'utf8'
set names 'latin1'
set names
set client_encoding = utf8
set client_encoding = 'UTF-8'
set client_encoding = unicode
set client_encoding to "SQL_ASCII"
set client_encoding = 'win1252'
set client_encoding = a, b
set standard_conforming_strings = on
set standard_conforming_strings = 1
set standard_conforming_strings = 'Yes'
set standard_conforming_strings = off
set standard_conforming_strings to default
set schema 'a'
set role a
set role none
reset role
set session authorization a
set session authorization default
reset session authorization
set x to default
set local x to default
set x from current
set xml option document
reset x
reset all
set session characteristics as transaction isolation level serializable, read only, deferrable
set transaction isolation level repeatable read
set local transaction read only
set transaction snapshot 'a'
set transaction_isolation = 'Serializable'
set transaction_isolation = 'wrong'
set local transaction_read_only = on
set transaction_read_only = 1
set transaction_deferrable = 'maybe'
set transaction_isolation to default
reset transaction_isolation
reset transaction isolation level
set x = $1
set catalog 'a'
show x
show Search_Path
show transaction isolation level
show session authorization
show time zone
show all
discard all
discard temp
deallocate a
deallocate prepare "B"
deallocate all
close all
close a
unlisten *
unlisten a
select pg_advisory_unlock_all(); close all; unlisten *; reset all;
 ; ; 
select 1; ; insert into t values (1) ;  copy t from stdin;  
/* a */ select 1 -- b
create table t (a int)
create table t as select 1
create view v as select 1
create function f() returns int language sql as 'select 1'
alter table t add b int
drop table t
truncate t
copy t from stdin
copy s.t (b, a) from stdin (format csv, header, freeze)
copy t from stdin csv header delimiter ';' null 'no' quote '''' escape '!'
copy t from stdin (format text, delimiter e'\t', null '', header match)
copy t from stdin (format csv, header off, force_null (a))
copy t from stdin (encoding 'UTF8', freeze on)
copy t from stdin (encoding 'latin1')
copy t from stdin (format csv, quote e'\\')
copy binary t from stdin
copy t from stdin delimiter 'A'
copy t from stdin csv delimiter 'A'
copy t from stdin where a > 1 and f(b)
copy t from stdin where a > $1
copy t from stdin where set_config('a.b', 'c', false) = 'c'
copy t from stdin where a in (select 1)
copy t from 'a'
copy t from program 'a'
copy t to 'a'
copy (select 1) to program 'a'
copy (select 1) to stdout
copy s.t to stdout
copy t (b, a) to stdout (format csv, header)
copy (select a from t where a = 1 order by a limit 1) to stdout binary
copy (select a from t where a = $1) to stdout
copy (with x as (select 1) select a from x union values (1)) to stdout
copy (with x as (insert into t values (1) returning a) select a from x) to stdout
copy (insert into t values (1) returning a) to stdout
copy (delete from t) to stdout
copy /* ( */ (select ')', $$)$$, $x$ ) $x$, e'\')', "a)(", (1) from t /* ) */) to stdout with csv header quote '|' null '-' force quote a, b
select 1; copy ((select 1) union (select 2)) to stdout (format csv, force_quote *, encoding 'latin1')
copy (select a from t for update) to stdout
copy (select set_config('a.b', 'c', false)) to stdout
copy (select f(1)) to stdout
copy (select a into u from t) to stdout
explain select 1
prepare a as select 1
execute a
listen a
notify a
declare c cursor for select 1
fetch c
move c
call f()
do 'begin end'
lock t
vacuum
analyze t
merge into t using u on t.k = u.k when matched then delete
grant select on t to u
comment on table t is 'a'
create type t as enum ('a')
create extension a
refresh materialized view v
set constraints all deferred
alter system set a = 1
import foreign schema a from server b into c
selec 1
select 'ä', 'ä' frm t t
select (1
select 'a
select "a
select U&'\zzzz'
select $$a
select * from t where
select /* a
insert into t values (1
select * from (select 1)
set transform_null_equals = on
set transform_null_equals = off
create table t (a int references b match partial)
select E'\u12'
select float(0) '1'
select E'\xff'
explain select * from t where id = 1
explain update t set a = 1 where id = 1
explain (analyze off, verbose) delete from t where id = 1
explain (analyze, analyze 0) delete from t where id = 1
explain analyze update t set a = 1 where id = 1
explain (costs off, analyze true) insert into t (id) values (1)
explain (analyze 'maybe') select * from t where id = $1 for update
explain select * from t where id = 1 for update
explain declare c cursor for select * from t where id = 1
/* explain */ explain /* ( */ (format json, costs 'off', settings) (select ')' from t) union select 1
explain (select 1)
explain analyze verbose (select a from t)
explain create table u as select * from t
explain analyze select set_config('work_mem', '1MB', false)
explain explain select 1
declare "C d" cursor for select * from t where id = $1 for update
declare c binary insensitive scroll cursor for values (1)
declare c no scroll cursor without hold for select 1
declare c cursor with hold for select 1
declare c cursor for select set_config('work_mem', '1MB', false)
declare c cursor for with x as (delete from t where current of d returning 1) select 1
fetch backward all in "C d"
move absolute -3 from c
update t set a = 1 where current of "C d"
delete from a using b where current of c
with x as (delete from t where current of c returning 1) update u set a = 1 where current of c
with x as (delete from t where current of c returning 1) update u set a = 1 where current of d
prepare "S s" as select * from t where id = $1
prepare s (int, text, "char", numeric(10, 2), timestamp with time zone, int8[], pg_catalog.bool) as insert into t values ($1)
prepare s (mood) as select 1
prepare s (t.a%type) as select 1
prepare U&"s" as select 1
prepare s as create table u as select 1
prepare s as merge into t using u on true when matched then delete
prepare s as select set_config('work_mem', $1, false)
execute "S s"
execute s (1, -2, 'x', null, true, 1 + 1, date '2024-01-01', '4'::int8, 1.5, now())
explain (analyze, format json) execute s(1)
explain analyze execute execute
execute s(next_id('t'))
execute s((select 1))
execute s('t'::regclass)
execute s(current_user)
execute U&"s"(1)
/* as */ Prepare /* as /* as */ */ s /* as "as" */ As /**/ update t set a = 1 where id = $1
discard plans
discard sequences
discard temp
discard temporary
prepare s (numeric($$"$$)) as select 1
listen "News"
unlisten news
notify news, 'read'
declare c cursor with hold for select a from t where id = 1
explain declare c cursor with hold for select 1
explain select pg_advisory_lock(1)
explain analyze select pg_advisory_lock(1)
DECLARE c NO SCROLL CURSOR FOR SELECT 1;
declare "for" binary insensitive cursor /* for */ for select 2 ;
DECLARE forum SCROLL CURSOR WITH HOLD FOR VALUES (1);
FETCH c;
FETCH ALL c;
FETCH 0 c;
MOVE FORWARD 5 FROM c;
FETCH BACKWARD -3 c;
FETCH RELATIVE 4 c;
FETCH RELATIVE 0 c;
FETCH RELATIVE -1 c;
FETCH BACKWARD ALL c;
FETCH PRIOR c;
FETCH LAST c;
MOVE ABSOLUTE 2 c;
