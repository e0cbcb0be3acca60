/*
 * The settings of shardward itself: shardward.read and shardward.token. Servers never hear of
 * them; only SHOW is theirs, so they are lent the value for that moment.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/parse/hint.h"
#include "shardward/parse/parse.h"
#include "shardward/wire/write.h"

#include <string.h>
#include <strings.h>

static const char *const names[] = {
    [SW_OWN_READ] = "shardward.read",
    [SW_OWN_TOKEN] = "shardward.token",
};

/* --- the start --- */

bool sw_session_take_own(struct sw_session *session, const char *name, const char *value)
{
    char **to;

    if (strcmp(name, names[SW_OWN_READ]) == 0)
        to = &session->reads.start_mode;
    else if (strcmp(name, names[SW_OWN_TOKEN]) == 0)
        to = &session->reads.start_token;
    else
        return false;
    free(*to);
    *to = sw_strdup(value);
    return true;
}

static bool refuse_value(enum sw_own_setting setting, const char *value, struct sw_error *err)
{
    sw_error_set(err, "22023", "invalid value for parameter \"%s\": \"%.100s\"", names[setting],
                 value);
    if (setting == SW_OWN_READ)
        sw_error_hint(err, "Available values: primary, prefer_replica, replica.");
    return false;
}

static bool find_mode(const char *value, enum sw_read_mode *mode, struct sw_error *err)
{
    return sw_read_mode_find(value, mode) || refuse_value(SW_OWN_READ, value, err);
}

static bool refuse_direct(struct sw_error *err)
{
    sw_error_set(err, "0A000", "reads on replicas are not supported in session pooling mode");
    sw_error_hint(err, "Connect as a user of pool mode transaction.");
    return false;
}

bool sw_session_start_reads(struct sw_session *session, struct sw_error *err)
{
    struct sw_reads *reads = &session->reads;

    reads->start = session->user->read;
    reads->local = reads->hint = SW_READ_UNSAID;
    reads->turn = session->id;
    if (reads->start_mode != NULL && !find_mode(reads->start_mode, &reads->start, err))
        return false;
    if (reads->start != SW_READ_PRIMARY && session->user->pool.mode == SW_POOL_SESSION)
        return refuse_direct(err);
    reads->mode = reads->start;
    if (reads->mode != SW_READ_PRIMARY)
        sw_session_track(session);
    return reads->start_token == NULL ||
           sw_session_add_tokens(session, reads->start_token, err);
}

void sw_session_finish_reads(struct sw_session *session)
{
    sw_session_forget_replica(session);
    free(session->reads.start_mode);
    free(session->reads.start_token);
    free(session->reads.tokens);
}

/* --- where reads may go --- */

/* A word that is none of ours is taken for the strictest. */
int sw_session_hint(const char *text)
{
    enum sw_read_mode mode = SW_READ_PRIMARY;
    char word[32];
    const char *hint;
    size_t len;

    if (text[0] != '/' && text[0] != '-' && text[0] > ' ')
        return SW_READ_UNSAID;
    hint = sw_hint_find(text, &len);
    if (hint == NULL)
        return SW_READ_UNSAID;
    if (len < sizeof word) {
        memcpy(word, hint, len);
        word[len] = '\0';
        (void)sw_read_mode_find(word, &mode);
    }
    return (int)mode;
}

static bool is_of_name(const struct sw_config_function *config,
                       const struct sw_function *function)
{
    const char *schema = function->schema == NULL ? "public" : function->schema;

    return strcmp(config->name, function->name) == 0 && strcmp(config->schema, schema) == 0;
}

/* Are all functions of that name declared to have no effect? */
static bool is_harmless(const struct sw_database *database, const struct sw_function *function)
{
    bool is_declared = false;

    for (int b = 0; b < database->business_count; b++) {
        const struct sw_business *business = &database->businesses[b];

        for (int i = 0; i < business->function_count; i++) {
            const struct sw_config_function *config = business->functions[i].config;

            if (!is_of_name(config, function))
                continue;
            if (!config->is_harmless)
                return false;
            is_declared = true;
        }
    }
    return is_declared;
}

static bool only_reads(const struct sw_session *session, const struct sw_statement *statement)
{
    for (int i = 0; i < statement->function_count; i++)
        if (!is_harmless(session->database, &statement->functions[i]))
            return false;
    return statement->only_reads;
}

enum sw_read_mode sw_session_read_mode(struct sw_session *session,
                                       const struct sw_statement *statement)
{
    struct sw_reads *reads = &session->reads;
    int mode = reads->hint != SW_READ_UNSAID    ? reads->hint
               : reads->local != SW_READ_UNSAID ? reads->local
                                                : (int)reads->mode;

    if (mode == SW_READ_PRIMARY || session->user->pool.mode == SW_POOL_SESSION ||
        !only_reads(session, statement))
        return SW_READ_PRIMARY;
    sw_session_track(session);
    return (enum sw_read_mode)mode;
}

/* --- SET and RESET --- */

static void warn_local(struct sw_buf *answer)
{
    struct sw_error warning;

    sw_error_set(&warning, "25P01", "SET LOCAL can only be used in transaction blocks");
    sw_write_notice(answer, "WARNING", &warning);
}

static bool set_mode(struct sw_session *session, const struct sw_own_change *own,
                     struct sw_buf *answer, struct sw_error *err)
{
    struct sw_reads *reads = &session->reads;
    enum sw_read_mode mode = reads->start;

    if (own->value != NULL && !find_mode(own->value, &mode, err))
        return false;
    if (own->change != SW_SETTING_SET_LOCAL)
        reads->mode = mode;
    if (own->change != SW_SETTING_SET_LOCAL)
        reads->local = SW_READ_UNSAID;
    else if (session->txn.state == SW_TXN_IDLE)
        warn_local(answer);
    else
        reads->local = (int)mode;
    if (mode != SW_READ_PRIMARY)
        sw_session_track(session);
    return true;
}

void sw_session_reset_own(struct sw_session *session)
{
    session->reads.mode = session->reads.start;
    session->reads.local = SW_READ_UNSAID;
}

/* A token only makes reads stricter, and so is no part of a transaction. */
static bool set_token(struct sw_session *session, const struct sw_own_change *own,
                      struct sw_error *err)
{
    struct sw_reads *reads = &session->reads;

    sw_session_track(session);
    if (own->value != NULL)
        return sw_session_add_tokens(session, own->value, err);
    for (int i = 0; i < session->map->cluster_count; i++)
        reads->tokens[i] = (struct sw_token){.kind = SW_TOKEN_NOTHING};
    return true;
}

bool sw_session_set_own(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err)
{
    const struct sw_own_change *own = statement->own;

    (void)text;
    if (own->setting == SW_OWN_TOKEN)
        return set_token(session, own, err);
    return set_mode(session, own, answer, err);
}

/* --- SHOW --- */

static void put_value(struct sw_session *session, enum sw_own_setting setting,
                      struct sw_buf *value)
{
    const struct sw_reads *reads = &session->reads;

    if (setting == SW_OWN_TOKEN)
        sw_session_print_tokens(session, value);
    else
        (void)sw_buf_append_text(value,
                                 sw_read_mode_name(reads->local == SW_READ_UNSAID
                                                       ? reads->mode
                                                       : (enum sw_read_mode)reads->local));
    (void)sw_buf_append(value, "", 1);
}

void sw_session_lend_own(struct sw_session *session, const struct sw_statement *statement)
{
    enum sw_own_setting setting;
    struct sw_buf value, sql;

    if (statement->kind != SW_STATEMENT_SHOW || !sw_setting_is_own(statement->name))
        return;
    setting = strcmp(statement->name, names[SW_OWN_READ]) == 0 ? SW_OWN_READ : SW_OWN_TOKEN;
    sw_buf_init(&value, SW_RUN_LIMIT);
    put_value(session, setting, &value);
    sw_buf_init(&sql, SW_RUN_LIMIT);
    sw_put_sql_set_config(&sql, names[setting], (const char *)sw_buf_bytes(&value), true);
    (void)sw_buf_append(&sql, "", 1);
    (void)sw_run_add(&session->run, SW_REQUEST_INJECT, NULL, (const char *)sw_buf_bytes(&sql),
                     NULL, 0);
    sw_buf_finish(&sql);
    sw_buf_finish(&value);
}
