/*
 * SHOW STATS. Averages are those of the last full period, for which the workers are asked by a
 * timer; before there is one, those since the start.
 */
#include "ask.h"
#include "columns.h"
#include "sums.h"

#include "shardward/base/clock.h"
#include "shardward/session/tally.h"

#include <string.h>

enum { PERIOD_MS = 60 * 1000 };

static const struct sw_column stats[] = {
    TEXT("database"),
    TEXT("user"),
    TEXT("shard"),
    TEXT("node"),
    INT8("total_xact_count"),
    INT8("total_query_count"),
    INT8("total_received"),
    INT8("total_sent"),
    INT8("total_xact_time"),
    INT8("total_query_time"),
    INT8("total_wait_time"),
    INT8("avg_xact_count"),
    INT8("avg_query_count"),
    INT8("avg_recv"),
    INT8("avg_sent"),
    INT8("avg_xact_time"),
    INT8("avg_query_time"),
    INT8("avg_wait_time"),
    INT8("total_errors"),
    INT8("total_refused"),
    INT8("query_time_p50"),
    INT8("query_time_p90"),
    INT8("query_time_p99"),
    INT8("total_replica_reads"),
    INT8("total_replica_behind"),
    INT8("total_replica_again"),
};

const struct sw_columns sw_columns_stats = COLUMNS(stats);

static void note_tally(void *owner, const struct sw_tally *tally)
{
    struct sw_part *part = owner;

    part->list = sw_sum_copy(&part->answer.arena, tally, part->list);
}

static void on_worker(struct sw_part *part)
{
    sw_sessions_each_tally(part->worker->sessions, note_tally, part);
}

static struct sw_sums *add_up(const struct sw_ask *ask)
{
    struct sw_sums *sums = sw_sums_create();

    for (int i = 0; i < ask->part_count; i++)
        sw_sums_add(sums, ask->parts[i].list);
    return sums;
}

/* --- showing --- */

/* What one of the sums was at a moment; all zero before it was there. */
static struct sw_tally at_moment(const struct sw_sums *sums, const struct sw_tally *tally)
{
    const struct sw_tally *then = sums == NULL ? NULL : sw_sums_find(sums, tally);

    return then == NULL ? (struct sw_tally){0} : *then;
}

static int64_t ratio(uint64_t what, uint64_t by)
{
    return by == 0 ? 0 : (int64_t)(what / by);
}

static void put_averages(struct sw_answer *answer, const struct sw_tally *from,
                         const struct sw_tally *to, uint64_t period_us)
{
    uint64_t period_s = period_us < 1000000 ? 1 : period_us / 1000000;
    uint64_t transactions = to->transactions - from->transactions;
    uint64_t queries = to->queries - from->queries;

    sw_answer_number(answer, ratio(transactions, period_s));
    sw_answer_number(answer, ratio(queries, period_s));
    sw_answer_number(answer, ratio(to->received - from->received, period_s));
    sw_answer_number(answer, ratio(to->sent - from->sent, period_s));
    sw_answer_number(answer, ratio(to->transaction_us - from->transaction_us, transactions));
    sw_answer_number(answer, ratio(to->query_us - from->query_us, queries));
    sw_answer_number(answer, ratio(to->wait_us - from->wait_us, queries));
}

/* The primary of the shard, as it is now; several shards have none. */
static void put_node(struct sw_answer *answer, const struct sw_state *state,
                     const struct sw_tally *tally)
{
    const struct sw_database *database = sw_map_database(state->map, tally->database);
    const struct sw_node *node = NULL;

    for (int s = 0; tally->shard != NULL && database != NULL && s < database->shard_count; s++)
        if (strcmp(database->shards[s]->name, tally->shard) == 0)
            node = sw_state_primary(state, database->shards[s]->cluster);
    if (tally->shard == NULL)
        sw_answer_null(answer);
    else
        sw_answer_text(answer, node == NULL ? "" : node->name);
}

static void put_sum(struct sw_answer *answer, const struct sw_admin *admin,
                    const struct sw_state *state, const struct sw_tally *tally, uint64_t now_us)
{
    bool has_period = admin->newer != NULL;
    struct sw_tally from = at_moment(admin->older, tally);
    struct sw_tally to = has_period ? at_moment(admin->newer, tally) : *tally;
    uint64_t began_us = admin->older != NULL ? admin->older->at_us : admin->began_us;

    sw_answer_row(answer);
    sw_answer_text(answer, tally->database);
    sw_answer_text(answer, tally->user);
    sw_answer_text(answer, tally->shard);
    put_node(answer, state, tally);
    sw_answer_number(answer, (int64_t)tally->transactions);
    sw_answer_number(answer, (int64_t)tally->queries);
    sw_answer_number(answer, (int64_t)tally->received);
    sw_answer_number(answer, (int64_t)tally->sent);
    sw_answer_number(answer, (int64_t)tally->transaction_us);
    sw_answer_number(answer, (int64_t)tally->query_us);
    sw_answer_number(answer, (int64_t)tally->wait_us);
    put_averages(answer, &from, &to, (has_period ? admin->newer->at_us : now_us) - began_us);
    sw_answer_number(answer, (int64_t)tally->errors);
    sw_answer_number(answer, (int64_t)tally->refused);
    sw_answer_number(answer, (int64_t)sw_histogram_percentile(&tally->times, 50));
    sw_answer_number(answer, (int64_t)sw_histogram_percentile(&tally->times, 90));
    sw_answer_number(answer, (int64_t)sw_histogram_percentile(&tally->times, 99));
    sw_answer_number(answer, (int64_t)tally->reads.replica);
    sw_answer_number(answer, (int64_t)tally->reads.behind);
    sw_answer_number(answer, (int64_t)tally->reads.again);
}

static void on_all(struct sw_console *console, struct sw_ask *ask)
{
    struct sw_state *state = sw_board_state(ask->admin->board);
    struct sw_sums *sums = add_up(ask);

    for (const struct sw_sum *sum = sums->first; sum != NULL; sum = sum->next)
        put_sum(&console->answer, ask->admin, state, &sum->tally, sums->at_us);
    sw_state_unref(state);
    sw_sums_free(sums);
    sw_console_done(console);
}

void sw_show_stats(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {.on_worker = on_worker, .on_all = on_all};

    sw_ask(console->admin, console, &kind, NULL, 0);
}

/* --- periods --- */

static void on_period(struct sw_console *nobody, struct sw_ask *ask)
{
    struct sw_admin *admin = ask->admin;

    (void)nobody;
    sw_sums_free(admin->older);
    admin->older = admin->newer;
    admin->newer = add_up(ask);
}

static void on_due(void *owner)
{
    static const struct sw_ask_kind kind = {.on_worker = on_worker, .on_all = on_period};
    struct sw_admin *admin = owner;

    sw_ask(admin, NULL, &kind, NULL, 0);
    sw_timer_start(admin->period, PERIOD_MS);
}

void sw_stats_start_periods(struct sw_admin *admin)
{
    admin->began_us = sw_clock_us();
    admin->period = sw_timer_create(admin->loop, on_due, admin);
    sw_timer_start(admin->period, PERIOD_MS);
}
