select * from a, b where a.k = b.k and a.k = 1
select * from a join b on a.k = b.k
select * from a join b on a.k = b.k and b.k = 1 where a.l = 2
select * from a join b on k = 1
select * from a cross join b where k = 1
select * from a left join b on a.k = b.k and b.k = 1
select * from a left join b on a.k = 1
select * from a left join b on a.k = b.k where a.k = 1
select * from a right join b on a.k = b.k and a.k = 1
select * from a full join b on a.k = b.k and a.k = 1
select * from a full join b on a.k = b.k where a.k = 1
select * from a natural join b where k = 1
select * from a join b using (k)
select * from a join b using (k) where k = 1
select * from a join b using (k) join c using (k) where k = 1
select * from a join b using (k, l) join c using (l) where k = 1 and l = 2
select * from a join b using (k) join c using (l) where k = 1 and l = 2
select * from a left join b using (k) where k = 1
select * from a join b using (k) left join c using (k) where k = 1
select * from a join b using (k) natural join c where k = 1
select * from a join b using (k), c where k = 1
select * from a right join b using (k) where k = 1
select * from a full join b using (k) where k = 1
select * from a join b using (k) as u where u.k = 1
select * from (a join b on a.k = b.k) as j where j.k = 1 and a.k = 2 and k = 3
select * from (a join b on a.k = b.k) as j join c on c.k = b.k and j.k = c.k
select * from (a join b on a.k = b.k) left join c on a.k = c.k
select * from a left join (b join c on b.k = c.k and b.l = 1) on a.k = b.k
select * from a left join (b left join c on b.k = c.k) on a.k = c.k
select * from (a left join b on a.k = b.k) join c on a.k = c.k
select * from (a full join b on a.k = b.k) left join c on a.k = c.k
select * from a right join (b join c on b.k = c.k) on a.k = b.k
select * from (a join b on a.k = b.k) right join c on true
select * from a join (b join c using (k)) using (k) where a.k = 1
select * from a join (select * from b where k = 1) s using (k)
select * from x a where exists (select 1 from b join c on a.k = c.k, d a)
select * from a join b on exists (select 1 from c where c.k = a.k and c.l = b.l)
select * from a left join lateral (select * from b where b.k = a.k) s on true
select * from a join b on a.k = 1 or a.k = 2
select * from a join a on a.k = 1
select * from a left join b on a.k = b.k left join c on b.k = c.k and c.k = 3
select * from a, b left join c on a.k = c.k
select * from excluded where excluded.k = 1
select * from (a join b on a.k = b.k) as j(k, l) where k = 1
select * from (a join b on a.k = b.k) as j(k, l) join c using (k)
select * from a as x(k) join b using (k) where b.k = 1
select * from a, (b natural join c) where a.k = 1 and k = 2
