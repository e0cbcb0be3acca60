-- numbers are those of the list in routing.md
-- 1: only conjuncts of WHERE and inner ON
select k = 1 from t
select case when k = 1 then 2 end from t
select count(*) filter (where k = 1) from t
select * from t left join u on t.k = 1
select * from t order by k = 1
select * from t where x in (select 1 from u where k = 1)
select * from t group by k = 1 having k = 1
select * from t where case when k = 1 then true end
select * from t where coalesce(k = 1, true)
select * from t where (k = 1) is not false
select * from t where (k = 1) is null
-- 2: arms of a set operation
select * from t where id = 1 union select * from t where id = 2
-- 3
select * from t limit 3
-- 4: two keys in one AND
select * from t where k = 1 and l = 2 and k = 3
select * from a, b where a.k = 1 and b.k = 2
-- 5, 6
select * from t where k in (1, f(x))
select k, count(*) from t where k in (1, 3) group by k
-- 7
insert into t (k) values (1 + 1)
insert into t (k) values (f(1))
insert into t select * from u
-- 8
copy t from stdin
-- 9, 10, 11, 12
select count(*) from t having count(*) > 1
select coalesce(sum(v), 0), round(avg(v), 2), sum(a) + 1 from t
select a + 1 from t group by a + 1
select a from t order by b + 1 desc nulls last
-- 14
select * from t where k = '123'
select * from t where k = 123
-- 16
select * from t where k = $1
-- 17
select my_writing_function()
-- 18
select * from t where 'u'::regclass = k
