/*
 * The legs of a statement over several shards. Inside of a transaction they are those of its
 * participants, which the shards become as their turn comes; outside they are the session's
 * first ones, and go back to their pools as soon as nothing more is asked of them.
 */
#include "scattering.h"

#include "shardward/base/mem.h"

/* Statements that a part hears first: the transaction's own list serves one part at a time. */
struct opening {
    char **texts;
    int count;
    bool joins; /* its shard becomes a participant */
};

static void forget_openings(struct sw_scattering *scattering)
{
    for (int i = 0; scattering->openings != NULL && i < scattering->scatter->count; i++) {
        for (int t = 0; t < scattering->openings[i].count; t++)
            free(scattering->openings[i].texts[t]);
        free(scattering->openings[i].texts);
    }
    free(scattering->openings);
    scattering->openings = NULL;
}

static void keep_opening(struct opening *opening, const char *const *texts, int count)
{
    opening->texts = sw_alloc_zero((size_t)count, sizeof *opening->texts);
    opening->count = count;
    for (int i = 0; i < count; i++)
        opening->texts[i] = sw_strdup(texts[i]);
}

/* --- turns --- */

static bool take_part(struct sw_session *session, struct sw_scatter_part *part,
                      struct opening *opening, struct sw_error *err)
{
    struct sw_txn *txn = &session->txn;
    struct sw_participant *participant = sw_txn_participant(txn, part->shard);
    const char *const *texts;
    int count;

    if (participant == NULL) {
        if (!sw_session_may_join(session, part->shard, err))
            return false;
        participant = sw_txn_join(txn, part->shard, txn->before.settings);
        opening->joins = true;
    }
    part->leg = sw_session_leg(session, (int)(participant - txn->participants));
    if (!opening->joins && part->leg->state != SW_LEG_ATTACHED)
        return sw_error_set(err, "08006", "the connection to shard \"%s\" was lost",
                            part->shard->name);
    sw_txn_note_use(txn, participant, false, false);
    part->work.settings = txn->before.settings;
    texts = sw_txn_opening(txn, participant, &count);
    keep_opening(opening, texts, count);
    part->work.opening = (const char *const *)opening->texts;
    part->work.opening_count = count;
    part->work.tells_of_opening = true;
    return true;
}

/* It has failed since the statement began, as when a participant was lost meanwhile. */
static bool refuse_failed(struct sw_session *session, struct sw_error *err)
{
    if (session->loss == NULL)
        return sw_error_set(err, "25P02",
                            "current transaction is aborted, commands ignored until end of "
                            "transaction block");
    *err = *session->loss;
    sw_session_forget_loss(session);
    return false;
}

/* Ours takes the place of the client's there, or that of a statement in the simple protocol. */
static void note_unnamed_portal(struct sw_session *session, const struct sw_scatter_part *part)
{
    const struct sw_run *run = &part->scatter->run;
    bool is_taken = part->work.opening_count > 0;

    for (int i = 0; i < run->count; i++)
        is_taken |= run->requests[i].kind == SW_REQUEST_INJECT ||
                    (run->requests[i].kind == SW_REQUEST_BIND &&
                     sw_run_text(run, &run->requests[i])[0] == '\0');
    if (is_taken && session->unnamed_portal_at == part->shard)
        session->unnamed_portal_at = NULL;
}

static bool on_turn(void *owner, int index, struct sw_error *err)
{
    struct sw_scattering *scattering = owner;
    struct sw_session *session = scattering->session;
    struct sw_scatter_part *part = &scattering->scatter->parts[index];

    part->pool = sw_pools_get(session->sessions->pools, session->user, part->shard);
    if (session->txn.state == SW_TXN_FAILED)
        return refuse_failed(session, err);
    if (session->txn.state == SW_TXN_IDLE) {
        int at = 0;

        while (scattering->shards[at] != part->shard)
            at++;
        part->leg = sw_session_leg(session, at);
        part->work.settings = session->settings;
        if (!sw_scattering_relieve(scattering, part, at, err))
            return false;
    } else if (!take_part(session, part, &scattering->openings[index], err)) {
        return false;
    }
    note_unnamed_portal(session, part);
    part->work.types = sw_session_types_on(session, part->shard);
    sw_session_may_keep(session, part->leg);
    return true;
}

/* --- the ends --- */

static bool is_part_of_transaction(const struct sw_session *session)
{
    return session->txn.state != SW_TXN_IDLE;
}

int sw_scattering_finisher(const struct sw_scattering *scattering)
{
    return (int)(scattering->session->id % (uint32_t)scattering->count);
}

static void on_part(void *owner, int index)
{
    struct sw_scattering *scattering = owner;
    struct sw_scatter *scatter = scattering->scatter;
    const struct sw_scatter_part *part = &scatter->parts[index];
    bool is_needed = sw_scattering_is_cooking(scattering) ||
                     (scattering->copying != NULL && scattering->copying->asks_head) ||
                     (scattering->recipe != NULL && scattering->recipe->finish != NULL &&
                      !scattering->finishes &&
                      part->shard == scattering->shards[sw_scattering_finisher(scattering)]);

    sw_scattering_note_part(scattering, part);
    if (!is_part_of_transaction(scattering->session) && !is_needed &&
        part->leg->state == SW_LEG_ATTACHED)
        sw_leg_release(part->leg);
}

/* The time that it may take counts from its first server on, for all that is asked of them. */
static void on_lent(void *owner, int index)
{
    struct sw_scattering *scattering = owner;

    (void)index;
    sw_tally_lent(scattering->session);
    if (!scattering->has_server)
        sw_session_limit(scattering->session);
    scattering->has_server = true;
}

static void on_notice(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_scattering *scattering = owner;

    (void)sw_buf_append(sw_session_out(scattering->session), bytes, len);
    sw_stream_flush(scattering->session->stream);
}

static bool on_columns(void *owner, int index, const struct sw_frame *frame)
{
    (void)index;
    return sw_scattering_fits(owner, frame);
}

static void on_rows(void *owner)
{
    sw_scattering_take_rows(owner);
}

static void on_done(void *owner)
{
    sw_scattering_go_on(owner);
}

static const struct sw_scatter_events events = {
    .on_turn = on_turn,
    .on_lent = on_lent,
    .on_notice = on_notice,
    .on_columns = on_columns,
    .on_rows = on_rows,
    .on_part = on_part,
    .on_done = on_done,
};

struct sw_scatter *sw_scattering_spread(struct sw_scattering *scattering, int first, int count)
{
    const struct sw_session *session = scattering->session;
    struct sw_scatter *scatter =
        sw_scatter_create(session->sessions->loop, count, &events, scattering);
    bool is_outside = !is_part_of_transaction(session);

    for (int i = 0; i < count; i++)
        scatter->parts[i].shard = scattering->shards[first + i];
    scatter->may_cancel = is_outside;
    scatter->waits_for_all = sw_scattering_may_leave(scattering);
    scatter->tries_most =
        is_outside && (session->pocket == NULL || session->pocket->loss == NULL)
            ? session->user->pool.size + 1
            : 0;
    scattering->openings = sw_alloc_zero((size_t)count, sizeof *scattering->openings);
    scattering->scatter = scatter;
    return scatter;
}

/* A participant that could not even begin takes no part; later ones have left before it. */
static void leave(struct sw_session *session, const struct sw_scatter_part *part, bool joined)
{
    struct sw_txn *txn = &session->txn;
    struct sw_participant *participant = sw_txn_participant(txn, part->shard);

    if (part->leg->state == SW_LEG_ATTACHED)
        sw_leg_release(part->leg);
    if (joined && participant == &txn->participants[txn->participant_count - 1])
        sw_txn_leave(txn);
    else
        participant->is_lost = true;
}

static void follow(struct sw_session *session, const struct sw_scatter_part *part, bool joined)
{
    if (part->result == SW_PART_REFUSED ||
        (part->leg->state == SW_LEG_ATTACHED && part->status == 'I'))
        leave(session, part, joined);
    else if (part->leg->state == SW_LEG_FREE)
        sw_txn_participant(&session->txn, part->shard)->is_lost = true;
    else
        sw_session_follow_opening(session, part->leg);
}

static void release_all_but(struct sw_session *session, const struct sw_shard *kept)
{
    for (int i = 0; i <= session->other_count; i++) {
        struct sw_leg *leg = sw_session_leg(session, i);

        if (leg->state == SW_LEG_ATTACHED && leg->shard != kept)
            sw_leg_release(leg);
    }
}

void sw_scattering_drop(struct sw_scattering *scattering)
{
    if (scattering->scatter == NULL)
        return;
    forget_openings(scattering);
    sw_scatter_destroy(scattering->scatter);
    scattering->scatter = NULL;
}

void sw_scattering_settle(struct sw_scattering *scattering, int kept)
{
    struct sw_session *session = scattering->session;
    struct sw_scatter *scatter = scattering->scatter;

    if (!is_part_of_transaction(session))
        release_all_but(session, kept < 0 ? NULL : scattering->shards[kept]);
    else if (scatter != NULL)
        for (int i = scatter->started - 1; i >= 0; i--)
            follow(session, &scatter->parts[i], scattering->openings[i].joins);
    sw_scattering_drop(scattering);
}
