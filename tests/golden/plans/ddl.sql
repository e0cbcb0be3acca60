-- tables of one business
create table patients (patient_id bigint primary key, name text)
create table public.patients (patient_id bigint primary key, name text)
create table doctors (doctor_id bigserial primary key, hospital_id bigint references hospitals)
create index on appointments (patient_id)
create index concurrently on appointments (patient_id)
alter table slots add column note text
alter table slots add foreign key (doctor_id) references appointments
drop table slots, appointments
drop table if exists payments
truncate slots, appointments
truncate doctors
truncate doctors, hospitals cascade
grant select on patients to booking
comment on column patients.name is 'x'
create table appointments_2026 partition of appointments for values from (1) to (2)
alter table appointments attach partition appointments_2026 default
alter table appointments detach partition appointments_2026 concurrently
vacuum slots
analyze patients
reindex table patients
cluster patients using i
create sequence s owned by hospitals.hospital_id

-- of no business
create type mood as enum ('a', 'b')
alter type mood add value 'c'
drop type mood
create domain d as text check (value <> '')
create schema s
drop schema s
create extension pg_trgm
create sequence s
grant usage on schema public to booking
vacuum

-- a table that has no rule
create table visits (visit_id bigint, patient_id bigint, primary key (patient_id, visit_id))
create table visits (visit_id bigint, patient_id bigint references payments)
create table s.visits (visit_id bigint, doctor_id bigint)
create table colours (name text)
create table rooms (room_id bigint, hospital_id bigint references hospitals)
create table visits (like appointments)
alter table visits add column a int
drop table visits
drop table if exists visits
create table visits partition of nothing default
@path create table patients (patient_id bigint)
@path create table public.patients (patient_id bigint)

-- two businesses
drop table patients, slots
alter table appointments add foreign key (patient_id) references patients
create table doctors (like patients)
truncate patients, payments

-- what the map says must stay true
alter table patients rename to people
alter table patients set schema s
alter table patients rename column patient_id to id
alter table patients rename column name to title
alter table patients drop column patient_id
alter table patients drop column name
alter table patients alter patient_id type int
alter table patients alter name type varchar(20)
create table patients (name text)
create table patients (like patients)
alter schema public rename to p
alter schema s rename to t

-- what shards could not keep
create table patients (patient_id bigint, name text unique)
create unique index on patients (name)
create unique index on patients (patient_id, lower(name))
create unique index on patients (lower(name))
alter table patients add constraint c exclude using gist (patient_id with =, name with &&)
alter table patients add constraint c exclude using gist (patient_id with <>)
create unique index on doctors (name)
create table patients (patient_id bigint, n serial)
alter table patients add n int generated always as identity
alter table patients alter patient_id add generated always as identity
alter table patients alter name set default nextval('s')
alter table doctors alter doctor_id set default nextval('s')
alter table patients add at timestamptz default now()
alter table patients add at timestamptz default current_timestamp
alter table patients alter name type text using name || current_user
alter table patients add u uuid default gen_random_uuid()
alter table patients add db text default current_database()
alter table patients add at timestamptz default 'now'
alter table patients alter name type text using 'tomorrow'::date::text
alter table patients add r oid default 'patients'::regclass::oid
alter table patients alter name set default now()
alter table doctors add at timestamptz default now()
create table patients (patient_id bigint, at timestamptz default now())
alter table patients add n int default secret(1)

-- what nobody can tell
drop index i
alter index i rename to j
drop sequence s
create table shardward.t (a int)
drop schema shardward cascade
drop schema pg_catalog
create view v as select 1
create role r
