/*
 * What a session has written and seen, cluster by cluster.
 *
 * A primary tells how far its WAL is written behind what the session has done there; whatever
 * that was, it lies before. A replica tells how far it has replayed: the next replica must not
 * show less. Where nothing was asked, or nothing answered, the token is not known, and the next
 * read goes to the primary, which tells it anew.
 */
#include "internal.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <stdio.h>
#include <string.h>

/* --- keeping --- */

static void fill(struct sw_session *session, enum sw_token_kind kind)
{
    for (int i = 0; i < session->map->cluster_count; i++)
        session->reads.tokens[i] = (struct sw_token){.kind = kind};
}

void sw_session_track(struct sw_session *session)
{
    struct sw_reads *reads = &session->reads;

    if (reads->is_tracked)
        return;
    reads->is_tracked = true;
    reads->tokens = sw_alloc_zero((size_t)session->map->cluster_count, sizeof *reads->tokens);
    fill(session, reads->has_worked ? SW_TOKEN_UNKNOWN : SW_TOKEN_NOTHING);
}

struct sw_token *sw_session_token(struct sw_session *session, const struct sw_shard *shard)
{
    return &session->reads.tokens[shard->cluster - session->map->clusters];
}

void sw_session_doubt_tokens(struct sw_session *session)
{
    session->reads.has_worked = true;
    if (session->reads.is_tracked)
        fill(session, SW_TOKEN_UNKNOWN);
}

static const struct sw_cluster *find_cluster(const struct sw_map *map, const char *name)
{
    for (int i = 0; i < map->cluster_count; i++)
        if (strcmp(map->clusters[i].name, name) == 0)
            return &map->clusters[i];
    return NULL;
}

void sw_session_move_tokens(struct sw_session *session, const struct sw_map *before)
{
    struct sw_reads *reads = &session->reads;
    struct sw_token *tokens = reads->tokens;

    if (reads->start_mode == NULL) {
        reads->mode = reads->mode == reads->start ? session->user->read : reads->mode;
        reads->start = session->user->read;
    }
    if (!reads->is_tracked)
        return;
    reads->tokens = sw_alloc_zero((size_t)session->map->cluster_count, sizeof *reads->tokens);
    fill(session, SW_TOKEN_UNKNOWN);
    for (int i = 0; i < before->cluster_count; i++) {
        const struct sw_cluster *now = find_cluster(session->map, before->clusters[i].name);

        if (now != NULL)
            reads->tokens[now - session->map->clusters] = tokens[i];
    }
    free(tokens);
}

/* --- their text: "1;c1=2:16/B374D848;c2=?" --- */

/* What a name must not hold there is written by its number. */
static void put_name(struct sw_buf *text, const char *name)
{
    for (; *name != '\0'; name++)
        if (strchr(";=%", *name) != NULL)
            (void)sw_buf_printf(text, "%%%02X", (unsigned)*name);
        else
            (void)sw_buf_append(text, name, 1);
}

void sw_session_print_tokens(struct sw_session *session, struct sw_buf *text)
{
    char place[SW_TOKEN_TEXT];

    sw_session_track(session);
    (void)sw_buf_append_text(text, "1");
    for (int i = 0; i < session->map->cluster_count; i++) {
        if (session->reads.tokens[i].kind == SW_TOKEN_NOTHING)
            continue;
        sw_token_print(&session->reads.tokens[i], place);
        (void)sw_buf_append_text(text, ";");
        put_name(text, session->map->clusters[i].name);
        (void)sw_buf_printf(text, "=%s", place);
    }
}

static bool is_name_of(const struct sw_cluster *cluster, const char *text, size_t len)
{
    struct sw_buf name;
    bool is_it;

    sw_buf_init(&name, SW_RUN_LIMIT);
    put_name(&name, cluster->name);
    is_it = sw_buf_len(&name) == len && memcmp(sw_buf_bytes(&name), text, len) == 0;
    sw_buf_finish(&name);
    return is_it;
}

/* One "name=place" of @len bytes. */
static bool add_token(const struct sw_session *session, const char *text, size_t len,
                      struct sw_token *tokens)
{
    const char *place = memchr(text, '=', len);
    struct sw_token token;
    int i = 0;

    if (place == NULL || !sw_token_read(place + 1, len - (size_t)(place + 1 - text), &token))
        return false;
    while (i < session->map->cluster_count &&
           !is_name_of(&session->map->clusters[i], text, (size_t)(place - text)))
        i++;
    if (i == session->map->cluster_count)
        return false;
    tokens[i] = sw_token_join(tokens[i], token);
    return true;
}

static bool add_all(const struct sw_session *session, const char *text, struct sw_token *tokens)
{
    if (*text++ != '1')
        return false;
    while (*text == ';') {
        size_t len = strcspn(text + 1, ";");

        if (!add_token(session, text + 1, len, tokens))
            return false;
        text += len + 1;
    }
    return *text == '\0';
}

bool sw_session_add_tokens(struct sw_session *session, const char *text, struct sw_error *err)
{
    struct sw_reads *reads = &session->reads;
    size_t count = (size_t)session->map->cluster_count;
    struct sw_token *tokens;
    bool is_good;

    sw_session_track(session);
    tokens = sw_memdup(reads->tokens, count * sizeof *tokens);
    is_good = add_all(session, text, tokens);
    if (is_good)
        memcpy(reads->tokens, tokens, count * sizeof *tokens);
    else
        sw_error_set(err, "22023", "invalid value for parameter \"shardward.token\"");
    free(tokens);
    return is_good;
}

/* --- what servers tell --- */

static bool copies(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_COPY_FROM;
}

/* A server that waits for data must not be sent anything else. */
static bool has_copy(const struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;

    for (int i = 0; script != NULL && i < script->count; i++)
        if (copies(&script->statements[i]))
            return true;
    for (int i = 0; i < session->run.count; i++) {
        const struct sw_named *named = session->run.requests[i].about;

        if (named != NULL && named->statement != NULL && copies(named->statement))
            return true;
    }
    return false;
}

static bool ends_outside(const struct sw_session *session)
{
    return sw_session_is_ready_due(session) &&
           (session->txn.state == SW_TXN_IDLE || sw_session_run_ends_transaction(session));
}

/* Has it read or written rows, or ended a transaction that may have? */
static bool touches_rows(const struct sw_session *session)
{
    return session->may_write || session->batch != NULL || session->txn.state != SW_TXN_IDLE ||
           (session->target.executes && session->target.kind >= SW_TARGET_CATALOG);
}

void sw_session_ask(struct sw_session *session, const struct sw_leg *leg,
                    struct sw_leg_work *work)
{
    bool is_on_replica = work->guard.replica != NULL || leg->replica != NULL;

    if (!session->reads.is_tracked || leg == session->aside || work->read_back_count > 0 ||
        work->question != NULL || !touches_rows(session) || !ends_outside(session) ||
        has_copy(session))
        return;
    work->asks = is_on_replica ? SW_ASKS_REPLAYED : SW_ASKS_WRITTEN;
}

struct sw_token sw_session_place(const struct sw_session *session, const struct sw_leg *leg)
{
    const struct sw_node_state *node =
        leg->replica == NULL
            ? NULL
            : sw_state_node(session->sessions->state, leg->shard->cluster, leg->replica);
    int timeline = leg->replica == NULL ? leg->timeline : node == NULL ? 0 : node->timeline;

    if (!leg->has_lsn || timeline <= 0)
        return (struct sw_token){.kind = SW_TOKEN_UNKNOWN};
    return (struct sw_token){.kind = SW_TOKEN_PLACE, .timeline = timeline, .lsn = leg->lsn};
}

/* Does what the run is part of go on? A batch that has failed has ended on its server. */
static bool goes_on(const struct sw_session *session, char status)
{
    return status != 'I' || (session->run_end == SW_RUN_ENDS_FLUSH && !session->has_failed);
}

/* The primary's place lies behind all that there is, whatever was known before. */
void sw_session_note_seen(struct sw_session *session, const struct sw_leg *leg, char status)
{
    struct sw_token *token, place;

    session->reads.has_worked |= touches_rows(session);
    if (!session->reads.is_tracked || leg == session->aside || goes_on(session, status))
        return;
    token = sw_session_token(session, leg->shard);
    place = sw_session_place(session, leg);
    if (leg->replica != NULL)
        *token = sw_token_join(*token, place);
    else if (place.kind == SW_TOKEN_PLACE || touches_rows(session))
        *token = place;
}
