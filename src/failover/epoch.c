/*
 * What is written on a primary: the row of its epoch, and the proof that its quorum has it.
 */
#include "promotion.h"

#include "shardward/base/buf.h"
#include "shardward/base/mem.h"
#include "shardward/base/stop.h"
#include "shardward/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 4000 };

static void append_name(struct sw_buf *buf, const char *name)
{
    sw_buf_append_text(buf, sw_buf_len(buf) <= 1 ? "\"" : ",\"");
    sw_buf_append_text(buf, name);
    sw_buf_append_text(buf, "\"");
}

char *sw_cohort_names(const struct sw_cluster *cluster, const struct sw_cohort *cohort)
{
    struct sw_buf buf;
    char *text;

    sw_buf_init(&buf, MOST_NAMES);
    sw_buf_append_text(&buf, "{");
    if (cohort->primary >= 0)
        append_name(&buf, cluster->nodes[cohort->primary].name);
    for (int i = 0; i < cluster->node_count; i++)
        if ((cohort->standbys >> i & 1) != 0)
            append_name(&buf, cluster->nodes[i].name);
    sw_buf_append(&buf, "}", 2);
    text = sw_strdup((const char *)sw_buf_bytes(&buf));
    sw_buf_finish(&buf);
    return text;
}

/* What the primary has flushed by now; free() it. NULL: @err. */
static char *ask_flushed(struct sw_seat *seat, struct sw_error *err)
{
    PGresult *result = sw_line_ask(&seat->line, "SELECT pg_current_wal_flush_lsn()", err);
    char *lsn = result == NULL ? NULL : sw_strdup(PQgetvalue(result, 0, 0));

    PQclear(result);
    return lsn;
}

bool sw_await_quorum(struct sw_seat *seat, const struct sw_cohort *cohort, struct sw_error *err)
{
    struct sw_cohort standbys = *cohort;
    char *names, *quoted, *sql, *lsn;
    bool is_good;

    if (cohort->quorum == 0)
        return true;
    lsn = ask_flushed(seat, err);
    if (lsn == NULL)
        return false;
    standbys.primary = -1;
    names = sw_cohort_names(seat->cluster, &standbys);
    quoted = sw_text_literal(names);
    sql = sw_format("SELECT count(DISTINCT application_name) >= %d FROM pg_stat_replication "
                    "WHERE application_name = ANY (%s::text[]) AND flush_lsn >= '%s'::pg_lsn",
                    cohort->quorum, quoted, lsn);
    is_good = sw_line_await(&seat->line, sql, "its standbys have what it wrote", err);
    free(sql);
    free(quoted);
    free(names);
    free(lsn);
    return is_good;
}

bool sw_epoch_write(struct sw_seat *seat, int64_t term, int timeline, uint64_t switch_lsn,
                    uint64_t next_xid, const struct sw_cohort *cohort, const char *by,
                    struct sw_error *err)
{
    char *names = sw_cohort_names(seat->cluster, cohort), *quoted = sw_text_literal(names);
    char *author = sw_text_literal(by), *node = sw_text_literal(seat->node->name);
    bool is_good;

    sw_stop_at("before_epoch", 1);
    is_good = sw_line_say(&seat->line, err,
                          "INSERT INTO shardward.epoch (term, node, tli, switch_lsn, next_xid, "
                          "cohort, k, by) VALUES (%" PRId64 ", %s, %d, '0/0'::pg_lsn + %" PRIu64
                          "::numeric, %" PRIu64 ", %s, %d, %s)",
                          term, node, timeline, switch_lsn, next_xid, quoted, cohort->quorum,
                          author) &&
              sw_await_quorum(seat, cohort, err);
    free(node);
    free(author);
    free(quoted);
    free(names);
    if (is_good)
        sw_stop_at("after_epoch", 1);
    return is_good;
}

bool sw_ends_read(struct sw_line *line, struct sw_timeline_end *ends, int *count,
                  struct sw_error *err)
{
    PGresult *result = sw_line_ask(line,
                                   "SELECT * FROM (SELECT term, lag(tli) OVER (ORDER BY term) "
                                   "AS ended, switch_lsn - '0/0', "
                                   "next_xid, tli FROM shardward.epoch) e WHERE ended < tli "
                                   "ORDER BY term DESC LIMIT 64", /* SW_TIMELINES */
                                   err);
    int rows = result == NULL ? 0 : PQntuples(result);

    for (int i = 0; i < rows; i++)
        ends[rows - 1 - i] = (struct sw_timeline_end){
            .timeline = (int)strtol(PQgetvalue(result, i, 1), NULL, 10),
            .lsn = strtoull(PQgetvalue(result, i, 2), NULL, 10),
            .next_xid = strtoull(PQgetvalue(result, i, 3), NULL, 10)};
    *count = rows;
    PQclear(result);
    return result != NULL;
}
