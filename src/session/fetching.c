/*
 * A portal over several shards that goes on after its Execute, inside of a transaction.
 *
 *   open     Bind makes a portal on each of its shards: that is its snapshot there. If its rows
 *            have to be finished they are gathered at once, and the last query is the one
 * portal fetch    in rounds: each shard whose rows run short is asked for some more, until
 * there are as many as the client wants. Between its statements the legs are free for others
 *   close    the portals on the shards go with it; else they go with the transaction, or with
 *            their savepoint
 *
 * What a round asks for has to be kept until the client wants it: so it is as much as the
 * client wants, more from round to round, and never more than fits into the budget, as long as
 * rows are about as large as those that came before; since they may be larger, the rounds of a
 * portal grow slowly.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/wire/write.h"

#include <string.h>

enum {
    FILL_BUDGET = 8 * 1024 * 1024, /* bytes of a round, for all its shards together */
    FIRST_BATCH = 100,             /* rows, while it is not known how large they are */
    GROWTH = 4,                    /* times as many as have come, since they may be larger */
};

/* --- what a round is --- */

static bool has_all(const struct sw_scattering *scattering)
{
    return scattering->most >= 0 && scattering->given >= scattering->most;
}

static int source_count(const struct sw_scattering *scattering)
{
    return scattering->recipe->finish != NULL ? 1 : scattering->count;
}

static const struct sw_shard *shard_of(const struct sw_scattering *scattering, int source)
{
    return scattering
        ->shards[scattering->recipe->finish != NULL ? sw_scattering_finisher(scattering)
                                                    : source];
}

/* How many rows of one shard fit, as far as is known. */
static int64_t count_fitting(const struct sw_scattering *scattering)
{
    const struct sw_merger *merger = scattering->merger;
    size_t size = sw_merger_row_size(merger);
    int64_t most = 0, fitting;

    if (size == 0)
        return FIRST_BATCH;
    for (int i = 0; i < source_count(scattering); i++)
        if (sw_merger_fed(merger, i) > most)
            most = sw_merger_fed(merger, i);
    fitting = (int64_t)(FILL_BUDGET / (size_t)source_count(scattering) / size);
    return most < fitting / GROWTH ? most * GROWTH : fitting;
}

uint32_t sw_scattering_batch(const struct sw_scattering *scattering)
{
    int64_t fitting = count_fitting(scattering);
    int64_t wanted = scattering->most < 0
                         ? fitting
                         : scattering->skips + scattering->most - scattering->given;

    /* Rows that OFFSET skips are not given. */
    for (int i = 0; i < scattering->rounds && wanted < fitting; i++)
        wanted *= 2;
    if (wanted > fitting)
        wanted = fitting;
    return wanted < 1 ? 1 : (uint32_t)wanted;
}

/* Has it so few rows that it is asked along with those that have none? */
static bool runs_short(const struct sw_scattering *scattering, int source, uint32_t batch)
{
    const struct sw_merger *merger = scattering->merger;

    return sw_merger_wants(merger, source) &&
           sw_merger_held(merger, source) <= sw_merger_row_size(merger) * (batch / 2);
}

static void add_execute(struct sw_scattering *scattering, uint32_t rows)
{
    struct sw_request *execute = sw_run_add(&scattering->scatter->run, SW_REQUEST_EXECUTE, NULL,
                                            scattering->server_portal, NULL, 0);

    execute->is_for_rows = true;
    execute->max_rows = rows;
}

static void start_round(struct sw_scattering *scattering)
{
    uint32_t batch = sw_scattering_batch(scattering);
    struct sw_scatter *scatter;
    int count = 0, part = 0;

    for (int i = 0; i < source_count(scattering); i++)
        count += runs_short(scattering, i, batch);
    scatter = sw_scattering_spread(scattering, 0, count);
    for (int i = 0; i < source_count(scattering); i++) {
        if (!runs_short(scattering, i, batch))
            continue;
        scatter->parts[part].shard = shard_of(scattering, i);
        scatter->parts[part++].source = i;
    }
    if (scattering->is_cursor)
        sw_scattering_add_fetch(scattering, batch);
    else
        add_execute(scattering, batch);
    (void)sw_run_add(&scatter->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    sw_scatter_fill(scatter, scattering->merger, batch);
    scattering->rounds++;
    scattering->has_asked = true;
    sw_scatter_start(scatter);
}

/* --- settings --- */

/* Rows do not depend on them. */
static const char *const others[] = {"application_name", "idle_in_transaction_session_timeout",
                                     "lock_timeout", "statement_timeout", "work_mem"};

/* Of what was set in the transaction and is in force, the last one; 0: nothing is. */
static int settings_mark(const struct sw_txn *txn)
{
    for (int i = txn->journal_count - 1; i >= 0; i--) {
        const struct sw_entry *entry = &txn->journal[i];

        if ((entry->kind == SW_ENTRY_SET || entry->kind == SW_ENTRY_SET_LOCAL) &&
            (entry->name == NULL ||
             !sw_text_is_one_of(entry->name, others, sizeof others / sizeof *others)))
            return entry->mark;
    }
    return 0;
}

/* PostgreSQL computes rows, and writes them, under the settings of the statement that fetches
 * them. Those that are here, and what was gathered for a last query, are of an earlier one. */
static bool check_settings(const struct sw_scattering *scattering, struct sw_error *err)
{
    bool is_early = scattering->recipe->finish != NULL && !scattering->has_asked;

    return settings_mark(&scattering->session->txn) == scattering->settings ||
           (!is_early && !sw_scattering_holds_rows(scattering)) ||
           sw_scattering_refuse(err, "changing a setting between the fetches of a portal",
                                "Change it before, or fetch all rows first.");
}

/* --- rows for the client --- */

bool sw_scattering_holds_rows(const struct sw_scattering *scattering)
{
    for (int i = 0; i < source_count(scattering); i++)
        if (sw_merger_held(scattering->merger, i) > 0)
            return true;
    return false;
}

/* Take some of those that are there and wanted; FETCH has no columns before it has rows. */
static int64_t take_rows(struct sw_scattering *scattering, struct sw_buf *rows)
{
    bool skips = scattering->skips > 0;
    int64_t most = skips                  ? scattering->skips
                   : scattering->most < 0 ? INT64_MAX
                                          : scattering->most - scattering->given;
    int64_t count =
        sw_merger_pull_some(scattering->merger, rows, SW_STREAM_CONGESTED + 1, most);

    scattering->has_moved |= count > 0;
    if (skips)
        scattering->skips -= count;
    else
        scattering->given += count;
    if (count > 0 && !skips && !scattering->is_move) {
        sw_scattering_begin(scattering);
        (void)sw_buf_append(sw_session_out(scattering->session), sw_buf_bytes(rows),
                            sw_buf_len(rows));
    }
    sw_buf_clear(rows);
    return count;
}

/* As many as are there and wanted. False: he has to read first. */
static bool give_rows(struct sw_scattering *scattering)
{
    struct sw_session *session = scattering->session;
    struct sw_buf rows;
    bool is_congested;

    sw_buf_init(&rows, SIZE_MAX);
    do {
        sw_stream_flush(session->stream);
        is_congested = sw_stream_is_congested(session->stream);
    } while (!is_congested && !has_all(scattering) && take_rows(scattering, &rows) > 0);
    sw_buf_finish(&rows);
    return !is_congested;
}

static void fetch(struct sw_scattering *scattering)
{
    scattering->waits = !give_rows(scattering);
    if (scattering->waits)
        return;
    if (!has_all(scattering) && !sw_merger_is_over(scattering->merger)) {
        start_round(scattering);
        return;
    }
    scattering->is_over |= !has_all(scattering);
    sw_scattering_conclude(scattering);
}

void sw_scattering_fetch(struct sw_scattering *scattering)
{
    struct sw_error err;

    if (check_settings(scattering, &err))
        fetch(scattering);
    else
        sw_scattering_fail(scattering, &err);
}

void sw_scattering_fetched(struct sw_scattering *scattering)
{
    sw_scattering_settle(scattering, -1);
    scattering->is_open = true;
    scattering->settings = settings_mark(&scattering->session->txn);
    if (scattering->declares)
        sw_scattering_declared(scattering);
    if (scattering->executes)
        sw_scattering_fetch(scattering);
    else
        sw_scattering_end(scattering);
}

/* --- the end of the portal --- */

void sw_scattering_close(struct sw_scattering *scattering)
{
    int count = source_count(scattering);
    struct sw_scatter *scatter = sw_scattering_spread(scattering, 0, count);

    for (int i = 0; i < count; i++)
        scatter->parts[i].shard = shard_of(scattering, i);
    sw_run_add(&scatter->run, SW_REQUEST_CLOSE_PORTAL, NULL, scattering->server_portal, NULL, 0)
        ->is_quiet = true;
    (void)sw_run_add(&scatter->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    sw_scatter_start(scatter);
}
