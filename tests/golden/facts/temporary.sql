create temp table t (a int)
create temp table if not exists "T" (a serial primary key, b int references u, c text default now()) on commit drop
create temporary table t (a int generated always as identity) on commit delete rows
create local temporary table t (a int) on commit preserve rows
create global temp table t (like patients including defaults, b int)
create temp table t (like patients including all)
create temp table t (like patients including indexes)
create table pg_temp.t (a int)
create temp table pg_temp.t (a int)
create temp table public.t (a int)
create temp table pg_temp_3.t (a int)
create temp table pg_class (a int)
create temp table a.b.t (a int)
create temp table t (a int) inherits (u)
create temp table t partition of u default
create temp table t (a int) partition by list (a)
create temp table t (a int default nextval('s'))
create temp table t (a text default current_database())
create temp table t (a oid default 't'::regclass)
create temp table t (a int default f(1))
create temp table t as select * from patients where patient_id = 1
create temp table t (a, b) on commit drop as values (1, 2)
create temp table if not exists t as with c as (select 1) select * from c with no data
create table pg_temp.t as table hospitals
create temp table t as execute q
create temp table t as select set_config('a.b', 'c', false)
create table t as select 1
create materialized view v as select 1
select * into temp t from patients where patient_id = 1
select 1 into temporary table t union all select 2 order by 1
select 1 into unlogged t
select 1 into t
select 1 into pg_temp.t
select * from (select 1 into temp t) x
explain select 1 into temp t
explain create temp table t as select 1
prepare q as select 1 into temp t
copy (select 1 into temp t) to stdout
declare c cursor for select 1 into temp t
create temp view v as select 1
create temp sequence s
create sequence pg_temp.s
create type pg_temp.e as enum ('a')
drop table t, pg_temp.u
drop type pg_temp.t
drop table pg_temp_3.t
alter table pg_temp.t rename to u
alter table t set schema public
alter table t inherit u
alter table t attach partition u default
alter table t alter a set default nextval('s')
create index i on t (a)
create index on t (a)
alter index i rename to j
truncate pg_temp.t
grant select on all tables in schema pg_temp to public
