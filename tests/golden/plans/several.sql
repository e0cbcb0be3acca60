-- what is complete at each shard
select * from a
select * from a where k in (1, 2, 3)
select * from a where k = any($1) --$ {1,2,3}
select v from a order by w limit 3
table a
select k, count(*) from a group by k
select k, v, count(*) from a group by v, k having sum(w) > 1
select count(*) from a group by 1, k
select k, count(*) from a group by 1
select distinct k, v from a
select distinct * from a
select rank() over (partition by k order by v) from a
select sum(v) over w from a window w as (partition by v, k)
-- what is finished
select count(*) from a
select v, count(*) from a group by v
select k + 1, count(*) from a group by k + 1
select k, count(*) from a group by rollup(k)
select distinct v from a
select distinct on (k) k, v from a
select rank() over (order by v) from a
select rank() over (partition by k), rank() over (partition by v) from a
select v from a having true
-- joins
select * from a join b on a.k = b.k
select * from a join b using (k)
select * from a, b where b.k = a.k
select * from a join c on c.a_k = a.k
select * from a join b on a.k = b.k join c on c.a_k = b.k
select * from a join b on a.v = b.v
select * from a, b
select * from a join x on x.x = a.k
select * from a left join b on b.k = a.k
select * from a left join b on b.k = a.k and b.v = 1 where a.v = 2
select * from a right join b on b.k = a.k
select * from a full join b on b.k = a.k
select * from a full join b using (k)
select * from a full join b using (k) where a.v > 1 group by a.k
select * from a full join b on b.v = a.v
select * from a full join b on b.k = a.k or a.v = 1
select * from a full join (values (1)) v(k) on a.k = v.k
select * from (a full join b on a.v = b.v) join c on c.a_k = a.k and c.a_k = b.k
select * from (a full join b on a.v = b.v) left join c on c.a_k = a.k and c.a_k = b.k
select * from a left join b on b.v = a.v
select * from a join b on a.v = b.v left join c on c.a_k = a.k and c.a_k = b.k
select * from (values (1)) v(k) left join a on a.k = v.k
select * from a left join (values (1)) v(k) on a.k = v.k
select * from a cross join generate_series(1, 3)
select * from generate_series(1, 3) g left join a on true
select * from a left join b on b.k = a.k where b.k is null
select b.k, count(*) from a left join b on b.k = a.k group by b.k
select a.k, count(b.v) from a left join b on b.k = a.k group by a.k
select * from d join e on d.city = e.city and d.k = e.k
select * from d join e on d.k = e.k
select * from d join e using (city, k)
select city, count(*) from d group by city
select city, k, count(*) from d group by k, city
select * from a, s
-- derived tables
select * from (select k, v from a) t where v = 1
select * from (select k as n, v from a) t join b on b.k = t.n
select * from (select k, v from a) t(p, q) join b on b.k = t.p
select * from (select k, v from a) t(p, k) join b on b.k = t.k
select * from (select k, count(*) n from b group by k) g join a on a.k = g.k
select * from (select v, count(*) n from b group by v) g
select * from (select v, count(*) n from b group by v) g join a on a.v = g.v
select * from (select * from a limit 5) t
select * from (select distinct k from a) t join b using (k)
select max(n) from (select k, count(*) n from a group by k) t
select * from a, lateral (select * from b where b.k = a.k order by v limit 1) l
select * from a left join lateral (select max(v) from b where b.k = a.k) l on true
select * from a, lateral (select * from b where b.v = a.v limit 1) l
with t as (select * from a) select * from t join b on b.k = t.k
with t as (select k, max(v) m from a group by k) select * from t where m > 1
with t as (select v, max(k) m from a group by v) select * from t where m > 1
with t(q) as (select k from a) select * from t join b on b.k = q
with recursive t as (select k from a union all select k + 1 from t) select * from t
-- subqueries
select * from a where exists (select from b where b.k = a.k)
select * from a where not exists (select from b where b.k = a.k and b.v > a.v)
select * from a where exists (select from b where b.v = a.v)
select (select max(v) from b where b.k = a.k) from a
select (select max(b.v) from b where b.k = a.k) from a
select (select max(b.v) from b) from a
select (select sum(a.v)) from a
select * from a where k in (select k from b)
select * from a where k not in (select k from b where v = 1)
select * from a where k in (select k from b limit 1)
select * from a where v in (select v from b)
select * from a where k in (select v from b)
select * from a where (v, k) in (select v, k from b)
select * from a where (k, v) in (select v, k from b)
select * from a left join b on b.k = a.k where b.k in (select a_k from c)
select * from d where (city, k) in (select city, k from e)
select * from a where exists (select from b, c where b.k = a.k and c.a_k = a.k)
select * from a where exists (select from b where b.v = a.v and exists (select from c where c.a_k = a.k))
select * from a where v in (1, (select 2))
select exists (select from a)
-- set operations
select k from a union all select k from b
select k from a union all select x from x
select k from a union select k from b
select v from a union select v from b
select v from a union all (select v from b union select 1)
select k from a intersect select k from b
select v from a intersect select v from b
select k, v from a except select k, v from b
select k from a except select v from b
select v from a except all select v from b
select k from a union all select 1
(select k from a limit 1) union all select k from b
select k from a union all select k from b order by 1 limit 3
-- a subquery that holds all rows
select count(*) from (select distinct v from a) t
select * from (select v, count(*) n from a group by v) g where n > 1
select g.n, x from (select v, count(*) n from a group by v) g, generate_series(1, 2) x
with t as (select v, max(k) m from a group by v) select * from t, t u where t.m > u.m
select exists (select from a where v = 1)
select 1 where 5 > (select avg(v) from a)
select * from (select * from a order by v limit 5) t order by k
select count(*) from (select v from a union select v from b) u
select count(*) from (select * from (select v from a limit 3) t) u
with t as (select 1 as v) select * from (select max(a.v) from a where a.v in (select v from t)) g
select * from (select max(v) from a) p, (select max(v) from b) q
-- what looks complete, and is not
select distinct * from (select v from a) t
with t as (select v from a) select distinct * from t
select distinct g.* from a cross join generate_series(1, 3) g
select distinct b.* from a left join b on b.k = a.k
select row_number() over w, v from a window w as ()
select u.k, count(*) from (select k from a union all select x from x) u(k) group by u.k
select * from (select k from a union all select x from x) u(k) join b on b.k = u.k
select * from a where a.k in (select k from a union all select x from x)
select * from (a join b on a.v = b.v) full join c on c.a_k = a.k and c.a_k = b.k
select * from (a cross join b) full join c on c.a_k = a.k and a.k = b.k
select a.k, (select count(*) from b full join c on b.k = c.a_k and b.k = a.k) from a
select * from (select c.* from a join c on c.a_k = a.k) t join b on b.k = t.k
select * from (select * from (a cross join generate_series(1, 2)) as j(q, k)) t join b on b.k = t.k
select (select count(*) filter (where a.v > 1)) from a
select * from a where (row(a.v, a.k), a.w) in (select b.r, b.k from b)
with r as (select gen_random_uuid() as id) select r.id, a.k from a, r
select * from a where v > (select random())
select array_agg(t.v) from (select v from a order by v) t
-- what is not for several
select * from a for update
select tableoid from a
select * from a, pg_class
select * from x join a on a.k = x.x
-- placements that coincide, of two businesses too
select * from a join y on y.y = a.k
select count(*) from a join m on m.k = a.k
select * from a left join m using (k) where a.k = 5
select * from m where k in (select y from y)
select v from a union all select v from m
select * from a join x on x.x = a.k
-- in parts
select k from a where v > (select avg(v) from a)
select k, (select max(v) from b), (select min(v) from b) from a
select (select count(*) from a), (select count(*) from b)
select 1 where exists (select from a) and not exists (select from b)
select k from a where v not in (select v from b where w > 1)
select k from a where exists (select from b where b.v = 1)
select k from a where exists (select from b where b.v = v)
select k from a where exists (select from b where b.v = a.v and exists (select from c where c.v = 1))
select k from a where exists (select from b, (select max(c.v) as m from c) t where b.v = a.v and t.m > b.v)
select k from a where v > (select avg(n) from (select count(*) n from b group by v) t where t.n > a.w)
select k from a except select k from x
(select v from a except select v from b) union all select v from c
select k from a union all select 1
select k from a union (select v from b order by v limit 3)
with t as (select v, count(*) n from a group by v) select * from t x join t y on x.n > y.n
with t as (select * from a) select * from t x join t y on x.v = y.v
with t as (select v from a), u as (select v from b) select * from t, u
with t as (select v from a union select 1) select * from t
select count(*) from (select a.k from a join b on a.v = b.v) t
select * from a join (select v, max(k) from b group by v) t using (v)
select * from (select k, v from a where v = 1 order by k limit 3) t, b
select random(), a.k from a, b where a.v = b.v
select * from a join b on a.k = b.k and a.k not in (select f.b from f) join a x on x.v = a.v
select * from a join b on a.k = b.k and exists (select from f where f.b = a.v) join a x on x.k = a.k
select * from a join b on a.v = b.v and exists (select from f where f.b = a.v)
select * from f left join b on f.a = b.k and exists (select from b x where x.k = b.k)
select count(distinct r) from a, random() r
select count(*) from a, generate_series(1, (random() * 3)::int) g
select k from a where v > (select random())
select k from a where k = 1 and v in (select v from b where k = 3)
select k from a where k in (1, 2) and v in (select v from b where k = 1)
select (select sum(w)) from a
select ctid from a, b
select * from a, b for update
select * from a, s, b
-- reference tables
select * from f
select count(*) from f x, f y
select * from f where a = 1 order by b limit 1
select a.*, f.b from a join f on f.a = a.v
select a.*, f.b from a left join f on f.a = a.v
select a.*, f.b from f left join a on f.a = a.v
select a.*, f.b from a right join f on f.a = a.v
select a.*, f.b from a full join f on f.a = a.v
select f.b, count(*) from a, f where f.a = a.v group by f.b
select * from a join f on f.a = a.v where a.k = 5
select * from p join f on f.a = p.v
select * from p join f on f.a = p.v where p.k = 5
select * from p left join f on f.a = p.v
select * from s join f on f.a = s.v
select * from m join f on f.a = m.v
select * from a where v in (select f.b from f)
select * from a where exists (select from f where f.a = a.v)
select k, (select f.b from f where f.a = a.v) from a
select k, (select f.b from f limit 1) from a
select k, (select max(f.b) from f) from a
select k, array(select f.b from f) from a
select k, array(select f.b from f where f.a = a.v) from a
select k, (select x.b from (select b from f) x order by x.b limit 1) from a
select k, r from a, (select b, row_number() over () as r from f) x
select k, (select y.b from (select distinct on (a) b from f) y where y.b = a.v) from a
select k from a union all select b from f
select b from f union select b from f
select k from a where v in (select b from f union select b from f)
select k from a where v in (select b from f union select b from f limit 1)
with x as (select b from f) select * from a join x on x.b = a.v
select * from a join lateral (select * from f where f.a = a.v order by f.b limit 1) x on true
select * from f for update
select a.* from a join f on f.a = a.v where a.k = 1 for update of a
insert into f values (1, 2)
insert into f select v, k from a where k = 1
update f set b = 1
delete from f where a = 1
update a set v = f.b from f where f.a = a.v and a.k = 1
delete from a using f where f.a = a.v and a.k = 1
copy f to stdout
copy (select a.*, f.b from a join f on f.a = a.v) to stdout
copy f from stdin
truncate f
alter table f add c int default 1
alter table f add c uuid default gen_random_uuid()
alter table f alter a type int using (random() * 10)::int
alter table f add c text default current_database()
alter table f add c date default 'Today', add d timestamptz default ' now '
alter table f add c text default 'nowhere'
alter table f add c oid default 'f'::regclass::oid
alter table f alter a set default random()
explain select * from f
