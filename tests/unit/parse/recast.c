#include "shardward/parse/recast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_COLUMNS = 16, OID_INT8 = 20, OID_FLOAT4 = 700 };

struct row {
    enum sw_recast_need need;
    const char *names; /* of the client's columns */
    const char *sql;
    const char *gather, *finish;
};

/* Gathered columns are bigints. */
/* clang-format off */
static const struct row rows[] = {
    {SW_RECAST_ROWS, "a",
     "select a from t where x = 1 order by b desc limit 3 offset 2",
     "SELECT a, b AS \"?hidden 1?\" FROM t WHERE x = 1 ORDER BY b DESC LIMIT LEAST(3::numeric OPERATOR(pg_catalog.+) 2::numeric, 9223372036854775807)::bigint",
     "SELECT r.c1 AS a FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r ORDER BY r.c2 DESC LIMIT 3 OFFSET 2"},
    {SW_RECAST_ROWS, "a,b",
     "select * from t order by 2, a desc nulls last",
     "SELECT *, b AS \"?hidden 1?\", a AS \"?hidden 2?\" FROM t ORDER BY 2, a DESC NULLS LAST",
     "SELECT r.c1 AS a, r.c2 AS b FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3, u.c4 AS c4 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) , pg_catalog.unnest($4) ) u(c1, c2, c3, c4)) r ORDER BY r.c3, r.c4 DESC NULLS LAST"},
    {SW_RECAST_ROWS, "x,a,b,y",
     "select x, t.*, y from t, u order by 3, 4, 1",
     "SELECT x, t.*, y, t.b AS \"?hidden 1?\", y AS \"?hidden 2?\", x AS \"?hidden 3?\" FROM t, u ORDER BY 3, 4, 1",
     "SELECT r.c1 AS x, r.c2 AS a, r.c3 AS b, r.c4 AS y FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3, u.c4 AS c4, u.c5 AS c5, u.c6 AS c6, u.c7 AS c7 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) , pg_catalog.unnest($4) , pg_catalog.unnest($5) , pg_catalog.unnest($6) , pg_catalog.unnest($7) ) u(c1, c2, c3, c4, c5, c6, c7)) r ORDER BY r.c5, r.c6, r.c7"},
    {SW_RECAST_SOURCE, "n,a,c",
     "select now() as n, a, count(*) as c from t group by 1, 2",
     "SELECT now(), a, count(*) FROM t GROUP BY 1, 2",
     "SELECT now() AS n, r.c2 AS a, COALESCE(pg_catalog.sum(r.c3), 0)::bigint AS c FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r GROUP BY now(), r.c2"},
    {SW_RECAST_SOURCE, "r,c",
     "select random() as r, count(*) as c from t group by 1",
     "SELECT random(), count(*) FROM t GROUP BY 1",
     "SELECT r.c1 AS r, COALESCE(pg_catalog.sum(r.c2), 0)::bigint AS c FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r GROUP BY r.c1"},
    {SW_RECAST_DISTINCT, "a,n",
     "select distinct a, now() as n from t order by 2, a",
     "SELECT DISTINCT a, now() AS n FROM t",
     "SELECT DISTINCT r.c1 AS a, now() AS n FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r ORDER BY now(), r.c1"},
    {SW_RECAST_DISTINCT, "r",
     "select distinct random() as r from t",
     "SELECT DISTINCT random() AS r FROM t",
     "SELECT DISTINCT r.c1 AS r FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r"},
    {SW_RECAST_ROWS, "a,b",
     "select * from t limit 5",
     "SELECT * FROM t LIMIT 5",
     "SELECT r.c1 AS a, r.c2 AS b FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r LIMIT 5"},
    {SW_RECAST_ROWS, "a",
     "select a from t limit all offset 3",
     "SELECT a FROM t",
     "SELECT r.c1 AS a FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r LIMIT ALL OFFSET 3"},
    {SW_RECAST_ROWS, "a",
     "select a from t order by a limit $1 offset $2",
     "SELECT a, a AS \"?hidden 1?\" FROM t ORDER BY a LIMIT LEAST($1::numeric OPERATOR(pg_catalog.+) $2::numeric, 9223372036854775807)::bigint",
     "SELECT r.c1 AS a FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r ORDER BY r.c2 LIMIT $1 OFFSET $2"},
    {SW_RECAST_ROWS, "a",
     "select a from t order by a fetch first 2 rows with ties",
     "SELECT a, a AS \"?hidden 1?\" FROM t ORDER BY a FETCH FIRST 2 ROWS WITH TIES",
     "SELECT r.c1 AS a FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r ORDER BY r.c2 FETCH FIRST 2 ROWS WITH TIES"},
    {SW_RECAST_ROWS, "a",
     "select a from t limit 1 + 1",
     "SELECT a FROM t LIMIT (1 + 1)",
     "SELECT r.c1 AS a FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r LIMIT (1 + 1)"},
    {SW_RECAST_ROWS, "n",
     "select a + 1 as n from t order by n, b",
     "SELECT a + 1 AS n, a + 1 AS \"?hidden 1?\", b AS \"?hidden 2?\" FROM t ORDER BY n, b",
     "SELECT r.c1 AS n FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r ORDER BY r.c2, r.c3"},
    {SW_RECAST_ROWS, "b,a",
     "select a as b, b as a from t order by a",
     "SELECT a AS b, b AS a, b AS \"?hidden 1?\" FROM t ORDER BY a",
     "SELECT r.c1 AS b, r.c2 AS a FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r ORDER BY r.c3"},
    {SW_RECAST_ROWS, "k,n",
     "select k, count(*) as n from t group by k having count(*) > 1 order by n desc",
     "SELECT k, count(*) AS n, count(*) AS \"?hidden 1?\" FROM t GROUP BY k HAVING count(*) > 1 ORDER BY n DESC",
     "SELECT r.c1 AS k, r.c2 AS n FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r ORDER BY r.c3 DESC"},
    {SW_RECAST_ROWS, "k,b",
     "select distinct k, b from t order by b",
     "SELECT DISTINCT k, b, b AS \"?hidden 1?\" FROM t ORDER BY b",
     "SELECT r.c1 AS k, r.c2 AS b FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r ORDER BY r.c3"},
    {SW_RECAST_ROWS, "a,b",
     "select a, b from t union all select 1, 2 from u order by b limit $1",
     "SELECT q.*, q.c2 AS \"?hidden 1?\" FROM (SELECT a, b FROM t UNION ALL SELECT 1, 2 FROM u) q(c1, c2) ORDER BY q.c2 LIMIT $1",
     "SELECT r.c1 AS a, r.c2 AS b FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r ORDER BY r.c3 LIMIT $1"},
    {SW_RECAST_ROWS, "a",
     "with q as (select a from t) select a from q order by 1",
     "WITH q AS (SELECT a FROM t) SELECT a, a AS \"?hidden 1?\" FROM q ORDER BY 1",
     "SELECT r.c1 AS a FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r ORDER BY r.c2"},
    {SW_RECAST_DISTINCT, "a,b",
     "select a, b from t union select 1, 2 from u order by 1 limit 4",
     "SELECT q.* FROM (SELECT a, b FROM t UNION SELECT 1, 2 FROM u) q(c1, c2)",
     "SELECT DISTINCT r.c1 AS a, r.c2 AS b FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r ORDER BY r.c1 LIMIT 4"},
    {SW_RECAST_SOURCE, "a",
     "select distinct a from t order by a limit 3",
     "SELECT DISTINCT a FROM t",
     "SELECT DISTINCT r.c1 AS a FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r ORDER BY r.c1 LIMIT 3"},
    {SW_RECAST_SOURCE, "l",
     "select distinct lower(a) as l from t order by lower(a)",
     "SELECT DISTINCT lower(a) AS l FROM t",
     "SELECT DISTINCT r.c1 AS l FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r ORDER BY r.c1"},
    {SW_RECAST_SOURCE, "a,b",
     "select distinct on (a) a, b from t order by a, b desc limit 3",
     "SELECT DISTINCT ON (a) a, b, a AS \"?hidden 1?\", a AS \"?hidden 2?\", b AS \"?hidden 3?\" FROM t ORDER BY a, b DESC",
     "SELECT DISTINCT ON (r.c4) r.c1 AS a, r.c2 AS b FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3, u.c4 AS c4, u.c5 AS c5 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) , pg_catalog.unnest($4) , pg_catalog.unnest($5) ) u(c1, c2, c3, c4, c5)) r ORDER BY r.c4, r.c5 DESC LIMIT 3"},
    {SW_RECAST_SOURCE, "a,b",
     "select distinct on (a, b) a, b from t order by a, 1 desc, b",
     "SELECT DISTINCT ON (a, b) a, b, a AS \"?hidden 1?\", b AS \"?hidden 2?\", a AS \"?hidden 3?\", a AS \"?hidden 4?\", b AS \"?hidden 5?\" FROM t ORDER BY a, 1 DESC, b",
     "SELECT DISTINCT ON (r.c5, r.c7) r.c1 AS a, r.c2 AS b FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3, u.c4 AS c4, u.c5 AS c5, u.c6 AS c6, u.c7 AS c7 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) , pg_catalog.unnest($4) , pg_catalog.unnest($5) , pg_catalog.unnest($6) , pg_catalog.unnest($7) ) u(c1, c2, c3, c4, c5, c6, c7)) r ORDER BY r.c5, r.c7"},
    {SW_RECAST_SOURCE, "a,b",
     "select distinct on (lower(a)) a, b from t",
     "SELECT DISTINCT ON (lower(a)) a, b, lower(a) AS \"?hidden 1?\" FROM t",
     "SELECT DISTINCT ON (r.c3) r.c1 AS a, r.c2 AS b FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r"},
    {SW_RECAST_SOURCE, "count",
     "select count(*) from t where x in (1, 2)",
     "SELECT count(*) FROM t WHERE x IN (1, 2)",
     "SELECT COALESCE(pg_catalog.sum(r.c1), 0)::bigint AS count FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r"},
    {SW_RECAST_SOURCE, "c",
     "select count(*) as c from t having count(*) > 3",
     "SELECT count(*) FROM t",
     "SELECT COALESCE(pg_catalog.sum(r.c1), 0)::bigint AS c FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r HAVING COALESCE(pg_catalog.sum(r.c1), 0)::bigint > 3"},
    {SW_RECAST_SOURCE, "a,s",
     "select a, sum(b) + 1 as s from t group by a having count(*) > 1 order by s desc, a limit 3",
     "SELECT a, sum(b), count(*) FROM t GROUP BY 1",
     "SELECT r.c1 AS a, pg_catalog.sum(r.c2)::bigint + 1 AS s FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r GROUP BY r.c1 HAVING COALESCE(pg_catalog.sum(r.c3), 0)::bigint > 1 ORDER BY s DESC, a LIMIT 3"},
    {SW_RECAST_SOURCE, "l,avg",
     "select lower(a) as l, round(avg(b), 2) as avg from t group by l order by 2",
     "SELECT lower(a), sum(b), count(b) FROM t GROUP BY 1",
     "SELECT r.c1 AS l, round(pg_catalog.sum(r.c2) OPERATOR(pg_catalog./) (NULLIF(pg_catalog.sum(r.c3), 0)), 2) AS avg FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r GROUP BY r.c1 ORDER BY 2"},
    {SW_RECAST_SOURCE, "a,n",
     "select b as a, count(*) as n from t group by a, b",
     "SELECT a, b, count(*) FROM t GROUP BY 1, 2",
     "SELECT r.c2 AS a, COALESCE(pg_catalog.sum(r.c3), 0)::bigint AS n FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r GROUP BY r.c1, r.c2"},
    {SW_RECAST_SOURCE, "m,c",
     "select max(b) - min(b) as m, coalesce(sum(b), 0) as c from t",
     "SELECT max(b), min(b), sum(b) FROM t",
     "SELECT pg_catalog.max(r.c1) - pg_catalog.min(r.c2) AS m, COALESCE(pg_catalog.sum(r.c3)::bigint, 0) AS c FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r"},
    {SW_RECAST_SOURCE, "f",
     "select sum(b) filter (where a > 1) as f from t",
     "SELECT sum(b) FILTER (WHERE a > 1) FROM t",
     "SELECT pg_catalog.sum(r.c1)::bigint AS f FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r"},
    {SW_RECAST_SOURCE, "id,name,count",
     "select t.id, t.name, count(*) from t join u on t.k = u.k group by t.id order by t.name",
     "SELECT t.id, t.name, count(*) FROM t JOIN u ON t.k = u.k GROUP BY 1, 2",
     "SELECT r.c1 AS id, r.c2 AS name, COALESCE(pg_catalog.sum(r.c3), 0)::bigint AS count FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r GROUP BY r.c1, r.c2 ORDER BY r.c2"},
    {SW_RECAST_SOURCE, "a,x",
     "select a, string_agg(b, ',' order by b) as x from t group by a",
     "SELECT a, b FROM t",
     "SELECT r.c1 AS a, string_agg(r.c2, ',' ORDER BY r.c2) AS x FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r GROUP BY r.c1"},
    {SW_RECAST_SOURCE, "a,d",
     "select a, count(distinct b) as d from t group by a",
     "SELECT a, b FROM t",
     "SELECT r.c1 AS a, count(DISTINCT r.c2) AS d FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r GROUP BY r.c1"},
    {SW_RECAST_SOURCE, "a,c",
     "select a, count(*) as c from t group by rollup (a)",
     "SELECT a FROM t",
     "SELECT r.c1 AS a, count(*) AS c FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r GROUP BY ROLLUP (r.c1)"},
    {SW_RECAST_SOURCE, "a,r",
     "select a, rank() over (partition by b order by a) as r from t where a > 0",
     "SELECT a, b FROM t WHERE a > 0",
     "SELECT r.c1 AS a, rank() OVER (PARTITION BY r.c2 ORDER BY r.c1) AS r FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r"},
    {SW_RECAST_SOURCE, "a,r",
     "select a, sum(count(*)) over (order by a) as r from t group by a",
     "SELECT a, count(*) FROM t GROUP BY 1",
     "SELECT r.c1 AS a, sum(COALESCE(pg_catalog.sum(r.c2), 0)::bigint) OVER (ORDER BY r.c1) AS r FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r GROUP BY r.c1"},
    {SW_RECAST_SOURCE, "s",
     "select stddev(b) as s from t",
     "SELECT b FROM t",
     "SELECT stddev(r.c1) AS s FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r"},
    {SW_RECAST_SOURCE, "d",
     "select distinct sum(b) as d from t group by a order by d",
     "SELECT a, sum(b) FROM t GROUP BY 1",
     "SELECT DISTINCT pg_catalog.sum(r.c2)::bigint AS d FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r GROUP BY r.c1 ORDER BY d"},
    {SW_RECAST_SOURCE, "one",
     "select 1 as one from t having true",
     "SELECT 1 FROM t",
     "SELECT 1 AS one FROM (SELECT u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r HAVING true"},
    {SW_RECAST_ROWS, "k,v,w",
     "select * from t order by v, w",
     "SELECT *, v AS \"?hidden 1?\", w AS \"?hidden 2?\" FROM t ORDER BY v, w",
     "SELECT r.c1 AS k, r.c2 AS v, r.c3 AS w FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3, u.c4 AS c4, u.c5 AS c5 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) , pg_catalog.unnest($4) , pg_catalog.unnest($5) ) u(c1, c2, c3, c4, c5)) r ORDER BY r.c4, r.c5"},
    {SW_RECAST_ROWS, "k,v,w,n",
     "select *, w + 1 as n from t order by v, n",
     "SELECT *, w + 1 AS n, v AS \"?hidden 1?\", w + 1 AS \"?hidden 2?\" FROM t ORDER BY v, n",
     "SELECT r.c1 AS k, r.c2 AS v, r.c3 AS w, r.c4 AS n FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3, u.c4 AS c4, u.c5 AS c5, u.c6 AS c6 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) , pg_catalog.unnest($4) , pg_catalog.unnest($5) , pg_catalog.unnest($6) ) u(c1, c2, c3, c4, c5, c6)) r ORDER BY r.c5, r.c6"},
    {SW_RECAST_SOURCE, "k,v,w",
     "select distinct on (v, w) * from t order by v, w, k",
     "SELECT DISTINCT ON (v, w) *, v AS \"?hidden 1?\", w AS \"?hidden 2?\", v AS \"?hidden 3?\", w AS \"?hidden 4?\", k AS \"?hidden 5?\" FROM t ORDER BY v, w, k",
     "SELECT DISTINCT ON (r.c6, r.c7) r.c1 AS k, r.c2 AS v, r.c3 AS w FROM (SELECT u.c1 AS c1, u.c2 AS c2, u.c3 AS c3, u.c4 AS c4, u.c5 AS c5, u.c6 AS c6, u.c7 AS c7, u.c8 AS c8 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) , pg_catalog.unnest($3) , pg_catalog.unnest($4) , pg_catalog.unnest($5) , pg_catalog.unnest($6) , pg_catalog.unnest($7) , pg_catalog.unnest($8) ) u(c1, c2, c3, c4, c5, c6, c7, c8)) r ORDER BY r.c6, r.c7, r.c8"},
    {SW_RECAST_SOURCE, "a",
     "select a from t group by a having bool_or(b > 1)",
     "SELECT a, bool_or(b > 1) FROM t GROUP BY 1",
     "SELECT r.c1 AS a FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r GROUP BY r.c1 HAVING pg_catalog.bool_or(r.c2)"},
    {SW_RECAST_SOURCE, "v,n",
     "select v, count(*) as n from t group by v",
     "SELECT v, count(*) FROM t GROUP BY 1",
     "SELECT r.c1 AS v, COALESCE(pg_catalog.sum(r.c2), 0)::bigint AS n FROM (SELECT u.c1 AS c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2)) r GROUP BY r.c1"},
};

static const struct {
    enum sw_recast_need need;
    const char *names, *sql, *message;
} refusals[] = {
    {SW_RECAST_ROWS, "a", "select a from t order by random()", "ORDER BY of what differs each time over several shards is not supported yet"},
    {SW_RECAST_ROWS, "a,b,c", "select *, u.* from t, u order by 1", "ORDER BY of a column among several * over several shards is not supported yet"},
    {SW_RECAST_ROWS, "a", "select a from t limit (select 1)", "a query in LIMIT over several shards is not supported yet"},
    {SW_RECAST_ROWS, "a", "select a from t order by a using <", "ORDER BY ... USING over several shards is not supported yet"},
    {SW_RECAST_ROWS, "a", "explain select a from t", "a statement of this kind over several shards is not supported yet"},
    {SW_RECAST_SOURCE, "l,n", "select lower(a) as l, count(*) as n from t group by lower(t.a)", "an expression that GROUP BY has in another form over several shards is not supported yet"},
    {SW_RECAST_SOURCE, "a,b,n", "select 2 as a, b, count(*) as n from t group by rollup (1), b", "GROUP BY of a constant over several shards is not supported yet"},
    {SW_RECAST_SOURCE, "a,b", "select *, count(*) from t group by a", "* beside aggregates or windows over several shards is not supported yet"},
    {SW_RECAST_SOURCE, "a", "select (select 1), count(*) from t", "a subquery beside aggregates or windows over several shards is not supported yet"},
    {SW_RECAST_SOURCE, "v", "select lower(a) as v, count(*) from t group by v", "GROUP BY of what may be a column or an alias over several shards is not supported yet"},
};
/* clang-format on */

/* FROM has a and b; of v it is not known. */
static int has_column(void *owner, const char *name)
{
    if (strcmp(name, "v") == 0)
        return -1;
    return strcmp(name, "a") == 0 || strcmp(name, "b") == 0;
}

struct source {
    struct sw_recast_source source;
    char text[200];
    const char *names[MOST_COLUMNS];
};

static void begin(struct source *source, enum sw_recast_need need, const char *names,
                  const char *sql)
{
    int count = 0;

    (void)snprintf(source->text, sizeof source->text, "%s", names);
    for (char *name = strtok(source->text, ","); name != NULL; name = strtok(NULL, ","))
        source->names[count++] = name;
    source->source = (struct sw_recast_source){.sql = sql,
                                               .core = -1,
                                               .relation = -1,
                                               .need = need,
                                               .names = source->names,
                                               .column_count = count,
                                               .first_parameter = 1,
                                               .has_column = has_column};
}

static int count_columns(const struct sw_recast_source *source,
                         const struct sw_recast_gather *gather)
{
    return (gather->is_visible ? source->column_count : 0) + gather->hidden_count;
}

static const char *finish(const struct source *source, bool *is_raw,
                          const struct sw_recast_column *columns, int count,
                          struct sw_arena *arena, struct sw_error *err)
{
    const struct sw_recast_part part = {&source->source, columns, count};

    return sw_recast_finish(&part, 1, is_raw, SW_RECAST_ARRAYS, arena, err);
}

static void a_statement_becomes_two(void **state)
{
    const struct row *row = *state;
    struct sw_recast_column columns[MOST_COLUMNS] = {0};
    struct sw_recast_gather gather;
    struct source source;
    struct sw_arena arena;
    struct sw_error err;
    bool is_raw = false;
    int count;

    sw_arena_init(&arena);
    begin(&source, row->need, row->names, row->sql);
    assert_true(sw_recast_gather(&source.source, false, &arena, &gather, &err));
    assert_string_equal(gather.text, row->gather);
    count = count_columns(&source.source, &gather);
    for (int i = 0; i < count; i++)
        columns[i].type = OID_INT8;
    assert_string_equal(finish(&source, &is_raw, columns, count, &arena, &err), row->finish);
    assert_false(is_raw);
    sw_arena_finish(&arena);
}

static void what_cannot_be_done_is_refused(void **state)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct sw_recast_gather gather;
        struct source source;
        struct sw_arena arena;
        struct sw_error err;

        sw_arena_init(&arena);
        begin(&source, refusals[i].need, refusals[i].names, refusals[i].sql);
        assert_false(sw_recast_gather(&source.source, false, &arena, &gather, &err));
        assert_string_equal(err.sqlstate, "0A000");
        assert_string_equal(err.message, refusals[i].message);
        sw_arena_finish(&arena);
    }
}

static void the_average_of_reals_is_computed_from_the_rows(void **state)
{
    struct sw_recast_column columns[] = {{.type = OID_FLOAT4}, {.type = OID_INT8}};
    struct sw_recast_gather gather;
    struct source source;
    struct sw_arena arena;
    struct sw_error err;
    bool is_raw = false;

    sw_arena_init(&arena);
    begin(&source, SW_RECAST_SOURCE, "avg", "select avg(b) from t");
    assert_true(sw_recast_gather(&source.source, false, &arena, &gather, &err));
    assert_string_equal(gather.text, "SELECT sum(b), count(b) FROM t");
    assert_null(finish(&source, &is_raw, columns, 2, &arena, &err));
    assert_true(is_raw);
    assert_true(sw_recast_gather(&source.source, true, &arena, &gather, &err));
    assert_string_equal(gather.text, "SELECT b FROM t");
    sw_arena_finish(&arena);
}

static void collations_and_labels_of_enums_are_brought_back(void **state)
{
    struct sw_recast_column columns[] = {{.type = 25, .collation = "\"C\""},
                                         {.type = 16500, .cast = "mood"},
                                         {.type = 25, .collation = "\"C\""}};
    struct source source;
    struct sw_arena arena;
    struct sw_error err;
    bool is_raw = false;

    sw_arena_init(&arena);
    begin(&source, SW_RECAST_ROWS, "a,b", "select a, b from t order by a");
    assert_string_equal(
        finish(&source, &is_raw, columns, 3, &arena, &err),
        "SELECT r.c1 AS a, r.c2 AS b FROM (SELECT u.c1 COLLATE \"C\" AS c1, u.c2::mood AS c2, "
        "u.c3 COLLATE \"C\" AS c3 FROM ROWS FROM (pg_catalog.unnest($1) , "
        "pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, c2, c3)) r ORDER BY r.c3");
    sw_arena_finish(&arena);
}

static void a_subquery_is_finished_where_it_stands(void **state)
{
    const char *sql = "with t as (select a, sum(b) as s from u group by a) "
                      "select count(*) from t where s > 1";
    struct sw_recast_column columns[] = {{.type = 25}, {.type = OID_INT8}};
    struct sw_recast_gather gather;
    struct source source;
    struct sw_arena arena;
    struct sw_error err;
    bool is_raw = false;

    sw_arena_init(&arena);
    begin(&source, SW_RECAST_SOURCE, "a,s", sql);
    source.source.core = 0;
    assert_string_equal(sw_recast_core(&source.source, &arena, &err),
                        "SELECT a, sum(b) AS s FROM u GROUP BY a");
    assert_true(sw_recast_gather(&source.source, false, &arena, &gather, &err));
    assert_string_equal(gather.text, "SELECT a, sum(b) FROM u GROUP BY 1");
    assert_true(gather.has_to_finish);
    assert_string_equal(
        finish(&source, &is_raw, columns, 2, &arena, &err),
        "WITH t AS (SELECT r.c1 AS a, pg_catalog.sum(r.c2)::bigint AS s FROM (SELECT u.c1 AS "
        "c1, u.c2 AS c2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, "
        "c2)) r "
        "GROUP BY r.c1) SELECT "
        "count(*) FROM t WHERE s > 1");
    sw_arena_finish(&arena);
}

static void exists_gathers_one_row(void **state)
{
    struct sw_recast_gather gather;
    struct source source;
    struct sw_arena arena;
    struct sw_error err;

    sw_arena_init(&arena);
    begin(&source, SW_RECAST_ROWS, "", "select exists (select from t)");
    source.source.core = 0;
    source.source.is_exists = true;
    assert_true(sw_recast_gather(&source.source, false, &arena, &gather, &err));
    assert_string_equal(gather.text, "SELECT 1 AS \"?hidden 1?\" FROM t LIMIT 1");
    assert_int_equal(gather.hidden_count, 1);
    sw_arena_finish(&arena);
}

/* clang-format off */
static const struct {
    const char *sql;
    int relation;
    const char *names, *gather;
} pulled[] = {
    {"select t.a from t join u on t.b = u.b", 0, "a,b", "SELECT a, b FROM t"},
    {"select count(*) from t, u", 0, "", "SELECT 1 FROM t"},
    {"select * from s.t as x(a, b), u", 0, "a,b", "SELECT a, b FROM s.t x(a, b)"},
    {"select * from t, u where t.a > 1 and t.b = u.b and b in (1, $2) and u.a = 3", 0, "a,b",
     "SELECT a, b FROM t WHERE t.a > 1 AND b IN (1, $2)"},
    {"select * from t, u where t.a > 1 or u.a = 3", 0, "a", "SELECT a FROM t"},
    {"select * from t, u where t.a = 1 and f(t.a) and t.a / 0 = 1 and t.a = (select 1)", 0, "a", "SELECT a FROM t WHERE t.a = 1"},
    {"select * from t x, u where x.a is null and t.b = 1 and x.a like 'x' and 2 < x.a", 0, "a,b",
     "SELECT a, b FROM t x WHERE x.a IS NULL AND 2 < x.a"},
    {"select * from t left join u on u.a = t.a and u.b = 1 and t.c = 2 where t.c = 3 and u.b is null", 0, "a,c",
     "SELECT a, c FROM t WHERE t.c = 3"},
    {"select * from t left join u on u.a = t.a and u.b = 1 and t.c = 2 where t.c = 3 and u.b is null", 1, "a,b",
     "SELECT a, b FROM u WHERE u.b = 1"},
    {"select * from t right join u on t.a = 1 and u.a = 1 where t.b = 2 and u.b = 2", 0, "a,b", "SELECT a, b FROM t WHERE t.a = 1"},
    {"select * from t right join u on t.a = 1 and u.a = 1 where t.b = 2 and u.b = 2", 1, "a,b", "SELECT a, b FROM u WHERE u.b = 2"},
    {"select * from t full join u on t.a = 1 where t.b = 2", 0, "a,b", "SELECT a, b FROM t"},
    {"select * from (t join u on t.a = 1) left join v on u.a = v.a and t.b = 3 where t.b = 2", 0, "a,b",
     "SELECT a, b FROM t WHERE t.b = 2 AND t.a = 1"},
    {"select * from v left join (t join u on t.a = 1) on v.a = u.a and t.b = 3 where t.b = 2", 1, "a,b",
     "SELECT a, b FROM t WHERE t.b = 3 AND t.a = 1"},
    {"select * from (t join u on t.a = 1) as j(x, a, b) where a = 2", 0, "a,b", "SELECT a, b FROM t WHERE t.a = 1"},
    {"select * from t natural join u where a = 1 and t.b = 2", 0, "a,b", "SELECT a, b FROM t WHERE t.b = 2"},
    {"select * from t join u using (m) where m = 1 and t.m = 2 and b = 3", 0, "b,m", "SELECT b, m FROM t WHERE t.m = 2 AND b = 3"},
    {"select 1 from u where exists (select from t where t.a = u.a and t.b = $1 and u.b = 1)", 1, "a,b",
     "SELECT a, b FROM t WHERE t.b = $1"},
    {"with q as (select a from t where a <> all ($1::int[])) select * from q, q as p", 0, "a",
     "SELECT a FROM t WHERE a <> ALL($1::int[])"},
    {"select a from t where not (a between 1 and 2 or a is distinct from 3) union select 1", 0, "a",
     "SELECT a FROM t WHERE NOT (a BETWEEN 1 AND 2 OR a IS DISTINCT FROM 3)"},
};
/* clang-format on */

static void tables_are_pulled(void **state)
{
    static const char *const merged[] = {"m"};

    for (size_t i = 0; i < sizeof pulled / sizeof *pulled; i++) {
        struct sw_recast_gather gather;
        struct source source;
        struct sw_arena arena;
        struct sw_error err;

        sw_arena_init(&arena);
        begin(&source, SW_RECAST_ROWS, pulled[i].names, pulled[i].sql);
        source.source.relation = pulled[i].relation;
        source.source.merged = merged;
        source.source.merged_count = 1;
        assert_true(sw_recast_gather(&source.source, false, &arena, &gather, &err));
        assert_string_equal(gather.text, pulled[i].gather);
        assert_int_equal(gather.hidden_count,
                         source.source.column_count > 0 ? source.source.column_count : 1);
        assert_true(gather.has_to_finish);
        sw_arena_finish(&arena);
    }
}

static void parts_are_finished_where_they_stand(void **state)
{
    const char *sql = "select x.a, (select count(*) from t) from t as x, u where x.a > 1";
    struct sw_recast_column columns[] = {{.type = OID_INT8}, {.type = 25, .cast = "mood"}};
    struct source sources[3];
    struct sw_recast_part parts[3];
    struct sw_arena arena;
    struct sw_error err;
    bool is_raw = false;

    sw_arena_init(&arena);
    begin(&sources[0], SW_RECAST_SOURCE, "count", sql);
    sources[0].source.core = 0;
    begin(&sources[1], SW_RECAST_ROWS, "a,b", sql);
    sources[1].source.relation = 0;
    sources[1].source.first_parameter = 2;
    assert_string_equal(sw_recast_core(&sources[1].source, &arena, &err), "SELECT * FROM t x");
    begin(&sources[2], SW_RECAST_ROWS, "", sql);
    sources[2].source.relation = 1;
    sources[2].source.first_parameter = 4;
    for (int i = 0; i < 3; i++)
        parts[i] = (struct sw_recast_part){&sources[i].source, columns, i == 1 ? 2 : 1};
    assert_string_equal(
        sw_recast_finish(parts, 3, &is_raw, SW_RECAST_ARRAYS, &arena, &err),
        "SELECT x.a, (SELECT COALESCE(pg_catalog.sum(r.c1), 0)::bigint AS count FROM (SELECT "
        "u.c1 AS c1 FROM ROWS FROM (pg_catalog.unnest($1) ) u(c1)) r) FROM (SELECT u.c1 AS a, "
        "u.c2::mood AS b FROM ROWS FROM (pg_catalog.unnest($2) , pg_catalog.unnest($3) ) u(c1, "
        "c2)) x, (SELECT u.c1 AS \"?column?\" FROM ROWS FROM (pg_catalog.unnest($4) ) u(c1)) u "
        "WHERE x.a > 1");
    assert_string_equal(
        sw_recast_finish(parts, 3, &is_raw, SW_RECAST_TABLES, &arena, &err),
        "SELECT x.a, (SELECT COALESCE(pg_catalog.sum(r.c1), 0)::bigint AS count FROM (SELECT "
        "u.c1 AS c1 FROM pg_temp.sw_gathered_1 u(c1)) r) FROM (SELECT u.c1 AS a, u.c2::mood AS "
        "b FROM pg_temp.sw_gathered_2 u(c1, c2)) x, (SELECT u.c1 AS \"?column?\" FROM "
        "pg_temp.sw_gathered_3 u(c1)) u WHERE x.a > 1");
    sw_arena_finish(&arena);
}

/* clang-format off */
#define ROWS_OF_T "(SELECT u.c1 AS id, u.c2 AS a FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2))"
#define ROWS_OF_T2 "(SELECT u.c1 AS id, u.c2 AS id2 FROM ROWS FROM (pg_catalog.unnest($1) , pg_catalog.unnest($2) ) u(c1, c2))"

/* Of table t with the primary key id, or (id, id2). */
static const struct {
    const char *sql, *names;
    int primary_count;
    bool is_only_one_called_so;
    const char *finish;
} finished[] = {
    {"select a, count(*) from t, u group by t.id", "id,a", 1, true, "SELECT a, count(*) FROM " ROWS_OF_T " t, u GROUP BY t.id, t.a"},
    {"select x.* from t x, u group by id", "id,a", 1, true, "SELECT x.* FROM " ROWS_OF_T " x, u GROUP BY id, x.a"},
    {"select x.id, x.a from t x, u group by 1, 2", "id,a", 1, true, "SELECT x.id, x.a FROM " ROWS_OF_T " x, u GROUP BY 1, 2"},
    {"select x.*, x.id from t x, u group by 2", "id,a", 1, true, "SELECT x.*, x.id FROM " ROWS_OF_T " x, u GROUP BY 2"},
    {"select a from t, u group by a", "id,a", 1, true, "SELECT a FROM " ROWS_OF_T " t, u GROUP BY a"},
    {"select a from t, u group by t.id + 1", "id,a", 1, true, "SELECT a FROM " ROWS_OF_T " t, u GROUP BY t.id + 1"},
    {"select 1 from t, u group by id", "id,id2", 2, true, "SELECT 1 FROM " ROWS_OF_T2 " t, u GROUP BY id"},
    {"select 1 from t join u using (m) group by m, id", "id,a", 1, true, "SELECT 1 FROM " ROWS_OF_T " t JOIN u USING (m) GROUP BY m, id, t.a"},
    {"select 1 from t natural join u group by id", "id,a", 1, true, "SELECT 1 FROM " ROWS_OF_T " t NATURAL JOIN u GROUP BY id"},
    {"select 1 from t, u group by id", "id,a", 0, true, "SELECT 1 FROM " ROWS_OF_T " t, u GROUP BY id"},
    {"select s.t.a, u.t.a, s.v.a from s.t, v", "id,a", 0, true, "SELECT t.a, u.t.a, s.v.a FROM " ROWS_OF_T " t, v"},
    {"select s.t.a from s.t, v as t", "id,a", 0, false, "SELECT s.t.a FROM " ROWS_OF_T " t, v t"},
    {"select s.t.a from t as x, s.t", "id,a", 0, true, "SELECT s.t.a FROM " ROWS_OF_T " x, s.t"},
    {"select a from t, u where (a and not b) is null or (c or d) is not true", "id,a", 0, true,
     "SELECT a FROM " ROWS_OF_T " t, u WHERE COALESCE(a AND NOT b) IS NULL OR COALESCE(c OR d) IS NOT TRUE"},
};
/* clang-format on */

static void tables_are_finished_under_their_names(void **state)
{
    static const char *const key[] = {"id", "id2"}, *const merged[] = {"m"};

    for (size_t i = 0; i < sizeof finished / sizeof *finished; i++) {
        struct sw_recast_column columns[2] = {{.type = OID_INT8}, {.type = OID_INT8}};
        struct source source;
        struct sw_arena arena;
        struct sw_error err;
        bool is_raw = false;

        sw_arena_init(&arena);
        begin(&source, SW_RECAST_ROWS, finished[i].names, finished[i].sql);
        source.source.relation = 0;
        source.source.merged = merged;
        source.source.merged_count = 1;
        source.source.primary_key = key;
        source.source.primary_count = finished[i].primary_count;
        source.source.is_only_one_called_so = finished[i].is_only_one_called_so;
        assert_string_equal(finish(&source, &is_raw, columns, 2, &arena, &err),
                            finished[i].finish);
        sw_arena_finish(&arena);
    }
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof *rows + 9];
    size_t count = 0;

    for (; count < sizeof rows / sizeof *rows; count++)
        tests[count] = (struct CMUnitTest){.name = rows[count].sql,
                                           .test_func = a_statement_becomes_two,
                                           .initial_state = (void *)&rows[count]};
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(what_cannot_be_done_is_refused);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(the_average_of_reals_is_computed_from_the_rows);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(collations_and_labels_of_enums_are_brought_back);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(a_subquery_is_finished_where_it_stands);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(exists_gathers_one_row);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(tables_are_pulled);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(parts_are_finished_where_they_stand);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(tables_are_finished_under_their_names);
    return _cmocka_run_group_tests("recast", tests, count, NULL, NULL);
}
