with t as (select * from u where k = 1) select * from t where k = 2
with t as (select * from t) select * from t
with recursive t as (select 1 union all select n + 1 from t) select * from t
with recursive a as (select * from b), b as (select 1) select * from a, b
with a as (select * from b), b as (select 1) select * from a, b
with a as (select 1), b as (select * from a) select * from b, s.a, s.b
with a as (select 1) select * from (with a as (select * from a) select * from a) x, a
select * from (with a as (select 1) select * from a) x, a
with a as (select 1) select (select 1 from a), (with a as (select 1 from c) select 1 from a) from a
with a as (select 1) select * from a union all select * from a
(with a as (select 1) select * from a) union all select * from a
with a as (select 1) insert into a select * from a
with a as (select 1) update a set x = 1 where a.k = (select * from a)
with a as (select 1) delete from a using a as b where b.k = 1
with a as (insert into t (k) values (1) returning *), b as (update u set x = 1 where k = 2 returning *), c as (delete from v where k = 3 returning *) select * from a, b, c
with a as (select * from t where t.k = 1) select * from t where t.k = 2 and exists (select 1 from a where a.k = t.k)
select * from x a where exists (with c as (select * from t where t.k = a.k) select * from c, y a)
with a(x) as materialized (select 1) select a.x from a where a.x = 1
insert into t with t as (select 1) select * from t
with recursive a as (select 1 union select * from a) search depth first by x set y cycle x set z to 1 default 2 using p select * from a
with a as (select 1) select * from t where k in (select k from A) and l in (select l from "A")
with recursive t as (with t as (select * from t) select * from t) select * from t
with a as (select 1), a2 as (with b as (select * from a) select * from b) select * from b
