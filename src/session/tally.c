/*
 * Counting runs. A run that needs a server is measured from its start to its end with two looks
 * at the clock; the tally it counts for is found by index, once per run.
 */
#include "internal.h"

#include "shardward/base/clock.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/parse/normal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct sw_tallies {
    struct sw_textmap by_name;
    struct sw_map *map;      /* for which `table` holds; shared */
    struct sw_tally **table; /* of its users and shards: [user * shard_count + shard id] */
};

struct sw_tallies *sw_tallies_create(void)
{
    struct sw_tallies *tallies = sw_alloc_zero(1, sizeof *tallies);

    sw_textmap_init(&tallies->by_name);
    return tallies;
}

static void free_tally(struct sw_tally *tally)
{
    free(tally->database);
    free(tally->user);
    free(tally->shard);
    free(tally);
}

void sw_tallies_free(struct sw_tallies *tallies)
{
    struct sw_tally *tally;
    size_t at = 0;

    while ((tally = sw_textmap_next(&tallies->by_name, &at, NULL)) != NULL)
        free_tally(tally);
    sw_textmap_finish(&tallies->by_name);
    sw_map_unref(tallies->map);
    free(tallies->table);
    free(tallies);
}

/* @shard NULL: of what is answered without a server. */
static struct sw_tally *find_by_name(struct sw_tallies *tallies,
                                     const struct sw_session *session, const char *shard)
{
    char *key = sw_format("%s\x1f%s\x1f%s", session->database_name, session->user_name,
                          shard == NULL ? "" : shard);
    struct sw_tally *tally = sw_textmap_get(&tallies->by_name, key);

    if (tally == NULL) {
        tally = sw_alloc_zero(1, sizeof *tally);
        tally->database = sw_strdup(session->database_name);
        tally->user = sw_strdup(session->user_name);
        tally->shard = shard == NULL ? NULL : sw_strdup(shard);
        (void)sw_textmap_put(&tallies->by_name, key, tally);
    }
    free(key);
    return tally;
}

static struct sw_tally *find_of_shard(struct sw_tallies *tallies,
                                      const struct sw_session *session,
                                      const struct sw_shard *shard)
{
    return find_by_name(tallies, session, shard->name);
}

static void use_map(struct sw_tallies *tallies, struct sw_map *map)
{
    sw_map_unref(tallies->map);
    tallies->map = sw_map_ref(map);
    free(tallies->table);
    tallies->table = sw_alloc_zero((size_t)map->user_count * (size_t)map->shard_count + 1,
                                   sizeof(struct sw_tally *));
}

static struct sw_tally *find(const struct sw_session *session, const struct sw_shard *shard)
{
    struct sw_tallies *tallies = session->sessions->tallies;
    const struct sw_map *map = session->map;
    struct sw_tally **at;

    if (tallies->map != session->sessions->map)
        use_map(tallies, session->sessions->map);
    if (map != tallies->map)
        return find_of_shard(tallies, session, shard);
    at = &tallies->table[(session->user - map->users) * map->shard_count + shard->id];
    if (*at == NULL)
        *at = find_of_shard(tallies, session, shard);
    return *at;
}

/* --- what happens to a session --- */

void sw_tally_entered(struct sw_session *session)
{
    session->measure.here = find_by_name(session->sessions->tallies, session, NULL);
    session->measure.classes = sw_kinds_of(session->sessions->kinds, session->database_name);
}

void sw_tally_refusal(struct sw_session *session)
{
    if (session->measure.here != NULL)
        session->measure.here->refused++;
}

void sw_tally_asked(struct sw_session *session)
{
    struct sw_measure *measure = &session->measure;

    if (session->tries > 0)
        return; /* it starts again */
    measure->began_us = sw_clock_us();
    measure->waited_us = 0;
    measure->is_waiting = false;
}

void sw_tally_start(struct sw_session *session, const struct sw_shard *shard)
{
    session->measure.run = find(session, shard);
}

void sw_tally_start_several(struct sw_session *session, int count)
{
    char shards[32];

    (void)snprintf(shards, sizeof shards, "%d shard%s", count, count == 1 ? "" : "s");
    session->measure.run = find_by_name(session->sessions->tallies, session, shards);
    session->measure.rows = 0;
    session->measure.is_waiting = true;
}

void sw_tally_started(struct sw_session *session)
{
    if (session->running != NULL && session->running->state == SW_LEG_LEASING)
        session->measure.is_waiting = true;
}

void sw_tally_lent(struct sw_session *session)
{
    struct sw_measure *measure = &session->measure;

    if (!measure->is_waiting || measure->run == NULL)
        return;
    measure->is_waiting = false;
    measure->waited_us = sw_clock_us() - measure->began_us;
    measure->run->wait_us += measure->waited_us;
}

static void count_bytes(struct sw_session *session, struct sw_tally *tally)
{
    struct sw_measure *measure = &session->measure;
    uint64_t received = sw_stream_received(session->stream);
    uint64_t sent = sw_stream_sent(session->stream);

    tally->received += received - measure->received;
    tally->sent += sent - measure->sent;
    measure->received = received;
    measure->sent = sent;
}

static void count_transaction(struct sw_session *session, struct sw_tally *tally,
                              uint64_t now_us)
{
    struct sw_measure *measure = &session->measure;
    bool is_open = session->txn.state != SW_TXN_IDLE || session->batch != NULL ||
                   sw_session_direct_status(session) != 'I' ||
                   !sw_session_is_ready_due(session);

    if (measure->run != NULL && measure->transaction == NULL) {
        measure->transaction = measure->run;
        measure->transaction_began_us = measure->began_us;
    }
    if (is_open && measure->opened_us == 0)
        measure->opened_us =
            measure->transaction != NULL ? measure->transaction_began_us : sw_clock_us();
    if (is_open)
        return;
    measure->opened_us = 0;
    if (measure->transaction != NULL) {
        tally = measure->transaction;
        tally->transaction_us +=
            (now_us > 0 ? now_us : sw_clock_us()) - measure->transaction_began_us;
    }
    tally->transactions++;
    measure->transaction = NULL;
}

/* --- slow statements --- */

/* The text that a request is about, and where it was planned; NULL: it is about none. */
static const char *text_of(const struct sw_session *session, const struct sw_request *request,
                           struct sw_planned **planned)
{
    const struct sw_named *named = request->about;

    if (request->kind == SW_REQUEST_QUERY ||
        (request->role == SW_ROLE_SCATTER && named == NULL)) {
        *planned = session->planned;
        return sw_run_text(&session->run, request);
    }
    *planned = named == NULL ? NULL : named->planned;
    return named == NULL ? NULL : named->text;
}

/* What the client asked for first. */
static const char *first_text(const struct sw_session *session)
{
    const char *text = NULL;
    struct sw_planned *planned;

    for (int i = 0; text == NULL && i < session->run.count; i++)
        text = text_of(session, &session->run.requests[i], &planned);
    return text == NULL ? "" : text;
}

static void log_slow(const struct sw_session *session, uint64_t took_us)
{
    static struct sw_log_limit limit;
    const struct sw_measure *measure = &session->measure;
    const struct sw_shard *shard = session->running != NULL  ? session->running->shard
                                   : session->direct != NULL ? session->database->catalog
                                                             : NULL;
    char normal[2048];

    (void)sw_sql_normal(first_text(session), normal, sizeof normal);
    sw_log_limited(&limit, SW_LOG_WARNING, "slow-statement",
                   "client=%u user=\"%s\" database=\"%s\" shard=\"%s\" node=\"%s\" "
                   "ms=%" PRIu64 " wait_ms=%" PRIu64 " failed=%d statement=\"%s\"",
                   session->id, session->user_name, session->database_name, measure->run->shard,
                   shard == NULL ? "" : sw_pools_primary(session->sessions->pools, shard)->name,
                   took_us / 1000, measure->waited_us / 1000, session->has_failed, normal);
}

static bool is_executed(const struct sw_request *request)
{
    return request->kind == SW_REQUEST_QUERY || request->kind == SW_REQUEST_EXECUTE ||
           request->role == SW_ROLE_SCATTER;
}

/* A batch that executes several statements gives each the same share of its time and rows. */
static void count_statements(struct sw_session *session, uint64_t took_us)
{
    const struct sw_measure *measure = &session->measure;
    uint64_t rows = session->running == NULL ? measure->rows : session->running->rows,
             count = 0;

    for (int i = 0; i < session->run.count; i++)
        count += is_executed(&session->run.requests[i]);
    for (int i = 0; i < session->run.count; i++) {
        struct sw_planned *planned = NULL;
        const char *text = text_of(session, &session->run.requests[i], &planned);

        if (is_executed(&session->run.requests[i]) && text != NULL && planned != NULL)
            sw_statement_book_count(session->sessions->statements, planned, text, measure->here,
                                    measure->run->shard, took_us / count, rows / count,
                                    session->has_failed);
    }
}

static void count_run(struct sw_session *session, uint64_t took_us)
{
    struct sw_tally *tally = session->measure.run;
    int slow_ms = session->map->config->log.slow_ms;

    tally->query_us += took_us;
    sw_histogram_add(&tally->times, took_us);
    count_statements(session, took_us);
    if (slow_ms > 0 && took_us >= (uint64_t)slow_ms * 1000)
        log_slow(session, took_us);
}

void sw_tally_end(struct sw_session *session)
{
    struct sw_measure *measure = &session->measure;
    struct sw_tally *tally = measure->run != NULL ? measure->run : measure->here;
    uint64_t now_us = 0;

    if (tally == NULL)
        return;
    if (measure->run != NULL || session->ddl != NULL)
        now_us = sw_clock_us();
    if (measure->run != NULL)
        count_run(session, now_us - measure->began_us);
    sw_kinds_note_run(session, now_us == 0 ? 0 : now_us - measure->began_us);
    if (session->has_failed)
        tally->errors++;
    if (sw_session_is_ready_due(session)) {
        tally->reads.replica += session->reads.is_on_replica;
        tally->queries++;
        measure->queries++;
    }
    count_bytes(session, tally);
    count_transaction(session, tally, now_us);
    measure->run = NULL;
    measure->is_waiting = false;
}

void sw_tally_gone(struct sw_session *session)
{
    if (session->measure.here != NULL)
        count_bytes(session, session->measure.here);
}

void sw_sessions_each_tally(const struct sw_sessions *sessions,
                            void (*on_tally)(void *owner, const struct sw_tally *tally),
                            void *owner)
{
    const struct sw_tally *tally;
    size_t at = 0;

    while ((tally = sw_textmap_next(&sessions->tallies->by_name, &at, NULL)) != NULL)
        on_tally(owner, tally);
}
