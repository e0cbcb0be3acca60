/*
 * SHOW CLUSTERS, SHOW NODES: the board's picture of them.
 */
#include "columns.h"
#include "internal.h"

#include <inttypes.h>

static const struct sw_column clusters[] = {
    TEXT("cluster"), TEXT("failover"), TEXT("primary"),     TEXT("admission"),
    TEXT("why"),     INT8("term"),     INT4("timeline"),    TEXT("sync"),
    INT4("nodes"),   INT4("up"),       BOOL("maintenance"), TIME("switched"),
};
static const struct sw_column nodes[] = {
    TEXT("cluster"),      TEXT("node"),      TEXT("role"),     TEXT("addr"),
    INT4("port"),         TEXT("cloud"),     TEXT("state"),    TEXT("why"),
    TIME("since"),        TEXT("says"),      INT4("timeline"), TEXT("written_lsn"),
    TEXT("replayed_lsn"), INT8("lag_bytes"), INT8("lag_ms"),   INT8("probe_us"),
    INT4("weight"),       BOOL("reads"),     BOOL("sync"),     BOOL("fenced"),
};

const struct sw_columns sw_columns_clusters = COLUMNS(clusters);
const struct sw_columns sw_columns_nodes = COLUMNS(nodes);

/* 0: NULL, not known. */
static void put_known(struct sw_answer *answer, int64_t number)
{
    if (number == 0)
        sw_answer_null(answer);
    else
        sw_answer_number(answer, number);
}

static void put_lag(struct sw_answer *answer, const struct sw_node_state *state, int64_t lag)
{
    if (lag < 0 || state->role != SW_ROLE_STANDBY)
        sw_answer_null(answer);
    else
        sw_answer_number(answer, lag);
}

/* As PostgreSQL's pg_lsn. */
static void put_lsn(struct sw_answer *answer, uint64_t lsn)
{
    if (lsn == 0)
        sw_answer_null(answer);
    else
        sw_answer_format(answer, "%" PRIX32 "/%" PRIX32, (uint32_t)(lsn >> 32), (uint32_t)lsn);
}

static void put_reason(struct sw_answer *answer, const char *why)
{
    sw_answer_text(answer, why[0] == '\0' ? NULL : why);
}

/* --- clusters --- */

/* The names of those whose word commits wait for; none: NULL. */
static void put_sync(struct sw_answer *answer, const struct sw_cluster_state *cluster)
{
    struct sw_buf names;

    sw_buf_init(&names, SIZE_MAX);
    for (int n = 0; n < cluster->cluster->node_count; n++)
        if (cluster->nodes[n].is_sync)
            (void)sw_buf_printf(&names, "%s%s", sw_buf_len(&names) == 0 ? "" : ", ",
                                cluster->cluster->nodes[n].name);
    (void)sw_buf_append(&names, "", 1);
    sw_answer_text(answer, sw_buf_len(&names) == 1 ? NULL : (const char *)sw_buf_bytes(&names));
    sw_buf_finish(&names);
}

static int count_up(const struct sw_cluster_state *cluster)
{
    int up = 0;

    for (int n = 0; n < cluster->cluster->node_count; n++)
        up += cluster->nodes[n].verdict == SW_VERDICT_UP ||
              cluster->nodes[n].verdict == SW_VERDICT_SUSPECT;
    return up;
}

static void put_cluster(struct sw_answer *answer, const struct sw_cluster_state *state)
{
    const struct sw_cluster *cluster = state->cluster;
    bool is_watched = cluster->failover != SW_FAILOVER_OFF;

    sw_answer_row(answer);
    sw_answer_text(answer, cluster->name);
    sw_answer_text(answer, sw_failover_mode_name(cluster->failover));
    sw_answer_text(answer, state->primary < 0 ? NULL : cluster->nodes[state->primary].name);
    sw_answer_text(answer, sw_admission_name(state->admission));
    put_reason(answer, state->why);
    put_known(answer, state->term);
    put_known(answer, state->timeline);
    put_sync(answer, state);
    sw_answer_number(answer, cluster->node_count);
    if (is_watched)
        sw_answer_number(answer, count_up(state));
    else
        sw_answer_null(answer);
    sw_answer_number(answer, state->is_in_maintenance);
    sw_answer_time(answer, (uint64_t)state->switched_us);
}

void sw_show_clusters(struct sw_console *console)
{
    struct sw_state *state = sw_board_state(console->admin->board);

    for (int c = 0; c < state->map->cluster_count; c++)
        put_cluster(&console->answer, &state->clusters[c]);
    sw_state_unref(state);
    sw_console_done(console);
}

/* --- nodes --- */

static void put_node(struct sw_answer *answer, const struct sw_cluster_state *cluster,
                     int index)
{
    const struct sw_node *node = &cluster->cluster->nodes[index];
    const struct sw_node_state *state = &cluster->nodes[index];

    sw_answer_row(answer);
    sw_answer_text(answer, cluster->cluster->name);
    sw_answer_text(answer, node->name);
    sw_answer_text(answer, cluster->primary == index ? "primary" : "replica");
    sw_answer_text(answer, node->address);
    sw_answer_number(answer, node->port);
    sw_answer_text(answer, node->cloud);
    sw_answer_text(answer, sw_verdict_name(state->verdict));
    put_reason(answer, state->why);
    sw_answer_time(answer, (uint64_t)state->since_us);
    sw_answer_text(answer, sw_role_name(state->role));
    put_known(answer, state->timeline);
    put_lsn(answer, state->written_lsn);
    put_lsn(answer, state->replayed_lsn);
    put_lag(answer, state, state->lag_bytes);
    put_lag(answer, state, state->lag_ms);
    put_known(answer, state->probe_us);
    sw_answer_number(answer, node->weight);
    sw_answer_number(answer, state->may_serve_reads);
    sw_answer_number(answer, state->is_sync);
    sw_answer_number(answer, state->is_fenced);
}

void sw_show_nodes(struct sw_console *console)
{
    struct sw_state *state = sw_board_state(console->admin->board);

    for (int c = 0; c < state->map->cluster_count; c++)
        for (int n = 0; n < state->clusters[c].cluster->node_count; n++)
            put_node(&console->answer, &state->clusters[c], n);
    sw_state_unref(state);
    sw_console_done(console);
}
