insert into t values (1, 'a')
insert into t (k, x) values (1, 'a'), (2, default), ($1, null)
insert into s.t as a (k) values (1) returning a.k, (select 1 from u where u.k = a.k)
insert into t default values
insert into t (k) values (1), (2, 3)
insert into t values (nextval('s'), now(), f(1))
insert into t values ((select k from u where u.k = 1), (select k from u where u.k = t.k))
insert into t (a, k, b) values ((r()).*, 5)
insert into t (a, k, b) values (x.*, 5)
insert into t (a.f, k) values (1, 2)
insert into t (a[1], k) values (1, 2)
insert into t (k) select k from u where u.k = 1
insert into t (k) values (1), (2) limit 1
insert into t (k) (with a as (select 1) values (1))
insert into t values (1) on conflict do nothing
insert into t (k, x) values (1, 2) on conflict (k) do update set x = excluded.x, (y, z) = (select 1, 2 from u where u.k = excluded.k and u.l = t.k) where t.k = 3
insert into t (k) values (1) on conflict (lower((select 1 from v))) where k = 1 do update set k = 2
insert into t (k) select k from u on conflict on constraint c do update set x = 1 returning *
insert into t (k) overriding system value values (1)
insert into db.s.t values (1)
update t set x = 1 where k = 1
update t as a set x = 1, y = default where a.k = 1 and t.k = 2 returning *
update only s.t set x[1] = 1, y.f = 2 where s.t.k = 1
update t set (a, b) = (1, 2), (c, d) = (select 1, 2 from u where u.k = t.k) where k = 3
update t set x = (select y from u where u.k = t.k) where k = 1
update t set x = u.x from u join v on u.k = v.k and v.k = 2 where t.k = u.k
update t set x = s.x from u left join v on u.k = v.k, lateral (select * from w where w.k = u.k) s where t.k = 1
update t set x = 1 where current of c
update t set x = x + 1 where k = 1 or k = 2
delete from t
delete from t where k = 1
delete from t a using u where a.k = u.k and u.k = 1 returning *
delete from t where k in (select k from u)
delete from t where k = $1 and x = $2 or k = $1 and x = $3
with x as (select 1) insert into t (k) select * from x union all select 2 from u
