/*
 * What was gathered, and is more than memory may hold, becomes temporary tables on the server
 * that finishes: chunk by chunk, each when the one before has been stored.
 *
 *   BEGIN or SAVEPOINT; CREATE TEMPORARY TABLE ... AS the first chunk
 *   INSERT ... the next one, as often as it takes
 *   the client's answer, of the tables; ROLLBACK, or ROLLBACK TO and RELEASE
 *
 * So nothing is left of them, whatever happens: outside of the client's transaction a server is
 * closed if it has come as far as BEGIN and not to ROLLBACK.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/parse/recast.h"
#include "shardward/wire/write.h"

#include <string.h>

#define SAVEPOINT "shardward_gathered"

struct sw_loading {
    struct sw_spill *spill;
    int at; /* the shard that finishes */
    bool has_tables;
    struct sw_error *cancelled; /* while a chunk is read; NULL: it is not */
};

static void go_on(struct sw_scattering *scattering);

static bool is_in_transaction(const struct sw_scattering *scattering)
{
    return scattering->session->txn.state != SW_TXN_IDLE;
}

static void inject(struct sw_run *run, const char *text)
{
    (void)sw_run_add(run, SW_REQUEST_INJECT, NULL, text, NULL, 0);
}

/* --- chunks --- */

static struct sw_prepared *prepare(const struct sw_recipe *recipe, int part, int from, int to,
                                   bool creates)
{
    struct sw_prepared *prepared;
    struct sw_buf text;

    sw_buf_init(&text, SW_RUN_LIMIT);
    (void)sw_buf_printf(&text,
                        creates ? "CREATE TEMPORARY TABLE pg_temp." SW_RECAST_TABLE "%d AS "
                                : "INSERT INTO pg_temp." SW_RECAST_TABLE "%d ",
                        part + 1);
    for (int i = 0; i < to - from; i++)
        (void)sw_buf_printf(&text, "%spg_catalog.unnest($%d)",
                            i == 0 ? "SELECT * FROM ROWS FROM (" : ", ", i + 1);
    for (int i = 0; i < to - from; i++)
        (void)sw_buf_printf(&text, "%sc%d", i == 0 ? ") AS u(" : ", ", i + 1);
    (void)sw_buf_append(&text, ")", sizeof ")");
    prepared = sw_prepared_create_unnamed((const char *)sw_buf_bytes(&text),
                                          recipe->finish_types + from, to - from);
    sw_buf_finish(&text);
    return prepared;
}

static void add_part(struct sw_scattering *scattering, struct sw_run *run, int part, int from,
                     int to)
{
    const struct sw_loading *loading = scattering->loading;
    struct sw_prepared *prepared;
    struct sw_buf tail;

    if (loading->has_tables && !sw_spill_has_rows(loading->spill, from))
        return;
    prepared = prepare(scattering->recipe, part, from, to, !loading->has_tables);
    sw_buf_init(&tail, SW_RUN_LIMIT);
    sw_put_int16(&tail, 1); /* all are binary */
    sw_put_int16(&tail, 1);
    sw_put_int16(&tail, (uint16_t)(to - from));
    sw_spill_write_arrays(loading->spill, from, to, &tail);
    sw_put_int16(&tail, 0);
    sw_run_add(run, SW_REQUEST_BIND, prepared, "", sw_buf_bytes(&tail), sw_buf_len(&tail))
        ->is_quiet = true;
    sw_run_add(run, SW_REQUEST_EXECUTE, prepared, "", NULL, 0)->is_for_rows = true;
    sw_buf_finish(&tail);
    sw_prepared_unref(prepared);
}

static void add_parts(struct sw_scattering *scattering, struct sw_run *run)
{
    const int *parts = scattering->recipe->gathered_parts;
    int count = scattering->recipe->gathered_count;

    for (int from = 0, to, part = 0; from < count; from = to, part++) {
        to = parts == NULL ? count : from + 1;
        while (to < count && parts[to] == parts[from])
            to++;
        add_part(scattering, run, part, from, to);
    }
}

static void load(struct sw_scattering *scattering)
{
    struct sw_loading *loading = scattering->loading;
    struct sw_scatter *scatter = sw_scattering_spread(scattering, loading->at, 1);

    scatter->tries_most = 0; /* what was stored before is on this server alone */
    if (!loading->has_tables)
        inject(&scatter->run, is_in_transaction(scattering)
                                  ? "SAVEPOINT " SAVEPOINT
                                  : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    add_parts(scattering, &scatter->run);
    (void)sw_run_add(&scatter->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    sw_scatter_start(scatter);
}

static bool is_server_there(struct sw_scattering *scattering)
{
    const struct sw_loading *loading = scattering->loading;
    const struct sw_leg *leg = sw_session_leg(scattering->session, loading->at);

    return !loading->has_tables || is_in_transaction(scattering) ||
           (leg->state == SW_LEG_ATTACHED && leg->shard == scattering->shards[loading->at]);
}

static void take_chunk(struct sw_scattering *scattering)
{
    struct sw_error err;

    if (is_server_there(scattering)) {
        load(scattering);
        return;
    }
    sw_error_set(&err, "08006", "the connection to shard \"%s\" was lost",
                 scattering->shards[scattering->loading->at]->name);
    sw_scattering_fail(scattering, &err);
}

static void on_chunk(void *owner, const struct sw_error *err)
{
    struct sw_scattering *scattering = owner;
    struct sw_error why;

    if (err == NULL && scattering->loading->cancelled == NULL) {
        take_chunk(scattering);
        return;
    }
    why = err == NULL ? *scattering->loading->cancelled : *err;
    sw_scattering_fail(scattering, &why);
}

static void finish(struct sw_scattering *scattering)
{
    struct sw_scatter *scatter = sw_scattering_spread(scattering, scattering->loading->at, 1);

    scatter->tries_most = 0;
    scattering->finishes = true;
    sw_scattering_add_finish(scattering);
    if (is_in_transaction(scattering)) {
        inject(&scatter->run, "ROLLBACK TO SAVEPOINT " SAVEPOINT);
        inject(&scatter->run, "RELEASE SAVEPOINT " SAVEPOINT);
    } else {
        inject(&scatter->run, "ROLLBACK");
    }
    (void)sw_run_add(&scatter->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    sw_scatter_start(scatter);
}

static void go_on(struct sw_scattering *scattering)
{
    switch (sw_spill_next(scattering->loading->spill)) {
    case SW_SPILL_CHUNK:
        take_chunk(scattering);
        return;
    case SW_SPILL_SOON:
        return;
    case SW_SPILL_OVER:
        finish(scattering);
        return;
    }
}

/* --- errors --- */

/* May the server make no tables: in a transaction that only reads, on a standby, or for this
 * user? */
static bool makes_no_tables(const struct sw_scatter *scatter)
{
    return sw_error_is(&scatter->failure.err, "25006") ||
           sw_error_is(&scatter->failure.err, "42501");
}

static void fail(struct sw_scattering *scattering)
{
    const struct sw_error *why = &scattering->scatter->failure.err;
    struct sw_error err;

    if (!makes_no_tables(scattering->scatter)) {
        sw_scattering_fail(scattering, NULL);
        return;
    }
    sw_error_set(&err, "53400",
                 "the rows of the shards take more than %zu bytes, and may not be stored on "
                 "shard \"%s\"",
                 scattering->session->sessions->map->config->limits.gather_memory,
                 scattering->shards[scattering->loading->at]->name);
    sw_error_detail(&err, "%s", why->message);
    sw_error_hint(&err, "Let the user make temporary tables there, in a transaction that may "
                        "write; or read fewer rows, or raise limits.gather_memory.");
    sw_scattering_fail(scattering, &err);
}

/* --- for the rest of a statement --- */

void sw_scattering_load(struct sw_scattering *scattering, struct sw_spill *spill, int at)
{
    struct sw_loading *loading = sw_alloc_zero(1, sizeof *loading);

    loading->spill = spill;
    loading->at = at;
    sw_spill_tell(loading->spill, on_chunk, scattering);
    sw_scattering_settle(scattering, at);
    scattering->loading = loading;
    go_on(scattering);
}

void sw_scattering_go_on_loading(struct sw_scattering *scattering)
{
    struct sw_loading *loading = scattering->loading;

    if (scattering->scatter->has_failed) {
        fail(scattering);
        return;
    }
    loading->has_tables = true;
    sw_scattering_settle(scattering, loading->at);
    go_on(scattering);
}

void sw_scattering_cancel_loading(struct sw_scattering *scattering, const struct sw_error *why)
{
    struct sw_loading *loading = scattering->loading;

    if (loading->cancelled == NULL)
        loading->cancelled = sw_memdup(why, sizeof *why);
}

void sw_scattering_forget_loading(struct sw_scattering *scattering)
{
    struct sw_loading *loading = scattering->loading;

    if (loading == NULL)
        return;
    scattering->loading = NULL;
    sw_spill_destroy(loading->spill);
    free(loading->cancelled);
    free(loading);
}
