-- plain conditions
select * from t
select * from t where k = 1
select * from t where 1 = k
select * from t where (((k))) = ((1))
select * from only t where t.k = $1
select * from s.t where s.t.k = 1
select * from t where s.t.k = 1
select * from s.t as a where s.t.k = 1
select * from s.t where t.k = 1
select * from db.s.t
select * from t where db.s.t.k = 1
select * from t a where a.k = 1 and t.k = 2
select * from t as a(x, y) where a.x = 1
select * from a.t, b.t where t.k = 1
select * from a.t, b.t where a.t.k = 1
select * from t where k in (1, 2, $3)
select * from t where k not in (1, 2)
select * from t where k <> 1
select * from t where not k = 1
select * from t where not (k <> 1)
select * from t where k = any($1)
select * from t where k = any(array[1,2])
select * from t where (k, l) = (1, 2)
select * from t where (k, l) in ((1, 2))
select * from t where k is not distinct from 1
select * from t where k between 1 and 1
select * from t where k like 'a'
select * from t where nullif(k, 1) = 2
select * from t where k operator(pg_catalog.=) 1
select * from t where k operator(mine.=) 1
select * from t where k is null
select * from t where k = 1 is true
select * from t where (k = 1) = true
select * from t where k collate "C" = 'a'
select * from t where k::text = 'a'
select * from t where k = 'a' collate "C"
-- AND and OR
select * from t where k = 1 and k = 2
select * from t where k = 1 or k = 2
select * from t where k = 1 or k = 2 or k in (3, 4) or 5 = k
select * from t where k = 1 or l = 2
select * from t where (k = 1 and l = 2) or (l = 3 and k = 4)
select * from t where (k = 1 or k = 2) and (k = 2 or k = 3)
select * from t where k = 1 or (k = 2 and (k = 3 or k = 4))
select * from t where k = 1 or k = f(2)
select * from t where k = 1 or true
select * from t where k = 1 or k is null
select * from t where k = 1 or not k = 2
select * from t, u where t.k = 1 or u.k = 1
select * from t, u where (t.k = 1 and u.k = 1) or (t.k = 2 and u.k = 2)
select * from t, u where t.k = u.k or t.k = 1
-- sublinks
select * from t where exists (select 1 from u where u.k = t.k)
select * from t where exists (select 1 from u where k = 1)
select * from t where k in (select k from u where u.l = 2)
select * from t where k = (select max(k) from u)
select * from t where k = 1 and exists (select 1 from u where u.k = t.k and exists (select 1 from v where v.k = u.k and v.k = t.k))
select (select x from u where u.k = t.k) from t where t.k = 1
select * from t order by (select x from u where u.k = t.k) limit (select 1 from v)
select count(*) filter (where exists (select 1 from u)) over (partition by (select 1 from v)) from t group by (select 1 from w) having exists (select 1 from x)
select distinct on ((select 1 from u)) * from t
select array(select k from u), row((select 1 from v)), case when exists (select 1 from w) then 1 else (select 2 from x) end from t
select * from t where k = all (select k from u)
select * from t a where exists (select 1 from t a where a.k = 1)
select * from t a where exists (select 1 from u b where a.k = 1 and b.k = a.k)
-- FROM
select * from (select * from t where k = 1) s where s.k = 2
select * from t a, (select * from u where u.k = a.k) s
select * from t a, lateral (select * from u where u.k = a.k) s
select * from t a where exists (select 1 from u a, (select * from v where v.k = a.k) s)
select * from t a where exists (select 1 from u a, lateral (select * from v where v.k = a.k) s)
select * from t a, generate_series(1, a.k) g where g = 1 and generate_series.k = 1
select * from generate_series(1, 2) where generate_series.k = 1
select * from rows from (f(1) as (a int, b mine.text), unnest(array[1])) with ordinality as x(a, b, c)
select * from json_to_recordset('[]') as x(a int, b regclass)
select * from xmltable('/a' passing (select x from t) columns a int path 'x' default (select 1 from u)) where xmltable.a = 1
select * from t tablesample system (1)
select * from (values (1, (select 2 from t)), (3, 4)) v(a, b) where v.a = 1
select * from current_date
values (1, 2), ((select 3 from t), 4)
table t
select * from t union all select * from u where k = 1 order by 1 limit (select 2 from v)
(select * from t where k = 1 limit 1) except (select * from t where k = 2) intersect select 1
select * from t for update
select * from t a, u where a.k = 1 for no key update of a nowait for share of u skip locked
select t.*, $1, $2, $2 from t where k = $4
select * into n from t
select * from t union select * into n from t
select
select 1
select t.k from t group by rollup (t.k), grouping sets ((t.l), cube (t.k, f(t.m)), ()) having grouping(t.k) = 0 window w as (partition by t.k order by t.l using < rows between (select 1 from u) preceding and current row)
select a.b.c.d.e from t where (t).k = 1 and (t.x).k = 2 and t.x[(select 1 from u)] = 3
select * from t as a(x, k) where k = 1
select * from t as a(x, k), u where k = 1 and u.k = 2
select * from t, generate_series(1, 2) as g(i) where k = 1
select count(*) from t where k = 1 or k = 2 and l = 3 or k in (3)
select (select k from u where u.k = 1 union select k from v where v.k = t.k order by 1 limit (select 1 from w)) from t
