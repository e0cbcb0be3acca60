/*
 * What the server has prepared: statements are parsed again where they are lacking, and the one
 * that was not used for longest is closed when there are too many.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <string.h>

/* A named statement on the server. What was sent and what was answered differ while messages
 * are under way; an error makes them equal again. */
struct known {
    struct sw_link link; /* most recently used first */
    char server_name[SW_PREPARED_NAME];
    bool is_sent, is_there;
    int pending; /* entries of the reply queue that point here */
    struct sw_results *results;
};

static void forget_if_gone(struct sw_backend *backend, struct known *known)
{
    if (known->is_sent || known->is_there || known->pending > 0)
        return;
    (void)sw_textmap_remove(&backend->known, known->server_name);
    sw_link_remove(&known->link);
    sw_results_unref(known->results);
    free(known);
}

void sw_backend_note_unnamed(struct sw_backend *backend, struct sw_prepared *prepared)
{
    if (prepared != NULL)
        (void)sw_prepared_ref(prepared);
    sw_prepared_unref(backend->unnamed);
    backend->unnamed = prepared;
}

static bool is_of_statement(const struct sw_reply *reply)
{
    return reply->kind == SW_REPLY_PARSE || reply->kind == SW_REPLY_CLOSE;
}

void sw_backend_note_answered(struct sw_backend *backend, const struct sw_reply *reply)
{
    struct known *known = reply->about;

    if (!is_of_statement(reply)) {
        sw_backend_note_portal_answered(backend, reply);
        return;
    }
    if (known == NULL)
        return;
    known->pending--;
    known->is_there = reply->kind == SW_REPLY_PARSE;
    forget_if_gone(backend, known);
}

void sw_backend_note_skipped(struct sw_backend *backend, const struct sw_reply *reply)
{
    struct known *known = reply->about;

    if (!is_of_statement(reply)) {
        sw_backend_note_portal_skipped(backend, reply);
        return;
    }
    if (reply->kind == SW_REPLY_PARSE && known == NULL)
        sw_backend_note_unnamed(backend, NULL);
    if (known == NULL)
        return;
    known->pending--;
    known->is_sent = known->is_there;
    forget_if_gone(backend, known);
}

static void close_oldest(struct sw_backend *backend)
{
    struct sw_link *oldest = sw_list_last(&backend->known_list);
    struct known *known = SW_OWNER(oldest, struct known, link);

    if (!known->is_sent)
        return;
    known->is_sent = false;
    known->pending++;
    sw_link_remove(&known->link);
    sw_list_push_front(&backend->known_list, &known->link);
    sw_write_target(sw_stream_out(backend->stream), 'C', 'S', known->server_name);
    sw_replies_push(&backend->replies, (struct sw_reply){.kind = SW_REPLY_CLOSE,
                                                         .use = SW_REPLY_ABSORB,
                                                         .index = -1,
                                                         .about = known});
}

/* Declared types, as this server calls them. */
static void write_parse(struct sw_backend *backend, const struct sw_prepared *prepared)
{
    struct sw_buf *out = sw_stream_out(backend->stream);
    uint32_t *types;

    if (backend->types == NULL || prepared->type_count == 0) {
        sw_write_parse(out, prepared->server_name, prepared->query, prepared->types,
                       prepared->type_count);
        return;
    }
    types = sw_alloc((size_t)prepared->type_count * sizeof *types);
    for (int i = 0; i < prepared->type_count; i++)
        types[i] = sw_oid_of_shard(backend->types, prepared->types[i]);
    sw_write_parse(out, prepared->server_name, prepared->query, types, prepared->type_count);
    free(types);
}

static void send_parse(struct sw_backend *backend, struct sw_prepared *prepared,
                       struct known *known, enum sw_reply_use use, int index)
{
    sw_results_renew(known == NULL ? &backend->unnamed_results : &known->results);
    if (known != NULL)
        known->pending++;
    write_parse(backend, prepared);
    sw_replies_push(
        &backend->replies,
        (struct sw_reply){.kind = SW_REPLY_PARSE, .use = use, .index = index, .about = known});
}

/* Mostly it is the one that was used last. */
static struct known *find_known(const struct sw_backend *backend,
                                const struct sw_prepared *prepared)
{
    struct sw_link *recent = sw_list_first(&backend->known_list);
    struct known *known = recent == NULL ? NULL : SW_OWNER(recent, struct known, link);

    if (known != NULL && strcmp(known->server_name, prepared->server_name) == 0)
        return known;
    return sw_textmap_get(&backend->known, prepared->server_name);
}

static bool prepare_named(struct sw_backend *backend, struct sw_prepared *prepared,
                          enum sw_reply_use use, int index)
{
    struct known *known = find_known(backend, prepared);
    bool is_new = known == NULL || !known->is_sent;

    if (known == NULL) {
        if (backend->known.count >= (size_t)backend->prepared_most)
            close_oldest(backend);
        known = sw_alloc_zero(1, sizeof *known);
        sw_link_init(&known->link);
        memcpy(known->server_name, prepared->server_name, sizeof known->server_name);
        (void)sw_textmap_put(&backend->known, prepared->server_name, known);
    }
    known->is_sent = true;
    sw_link_remove(&known->link);
    sw_list_push_front(&backend->known_list, &known->link);
    if (is_new)
        send_parse(backend, prepared, known, use, index);
    return is_new;
}

void sw_backend_inject(struct sw_backend *backend, const char *sql, enum sw_reply_use use,
                       int index)
{
    static const uint8_t no_parameters[6] = {0};
    static const char portal[] = "sw_inject"; /* the client's unnamed portal stays as it is */
    struct sw_buf *out = sw_stream_out(backend->stream);

    sw_backend_note_unnamed(backend, NULL);
    sw_write_target(out, 'C', 'P', portal); /* of an earlier statement, which may have failed */
    sw_write_parse(out, "", sql, NULL, 0);
    sw_write_bind(out, portal, "", no_parameters, sizeof no_parameters);
    sw_write_execute(out, portal, 0);
    sw_backend_expect(backend, SW_REPLY_CLOSE_PORTAL, SW_REPLY_ABSORB, -1);
    sw_backend_expect(backend, SW_REPLY_PARSE, SW_REPLY_ABSORB, -1);
    sw_backend_expect(backend, SW_REPLY_BIND, SW_REPLY_ABSORB, -1);
    sw_backend_expect(backend, SW_REPLY_EXECUTE, use, index);
}

void sw_backend_ask(struct sw_backend *backend, struct sw_prepared *prepared, int index)
{
    static const uint8_t no_parameters[6] = {0};
    struct sw_buf *out = sw_stream_out(backend->stream);

    (void)prepare_named(backend, prepared, SW_REPLY_ABSORB, SW_REPLY_OF_NOBODY);
    sw_write_bind(out, "", prepared->server_name, no_parameters, sizeof no_parameters);
    sw_write_execute(out, "", 0);
    sw_write_flush(out);
    sw_backend_expect(backend, SW_REPLY_BIND, SW_REPLY_ABSORB, SW_REPLY_OF_NOBODY);
    sw_backend_expect(backend, SW_REPLY_EXECUTE, SW_REPLY_CAPTURE, index);
}

bool sw_backend_prepare(struct sw_backend *backend, struct sw_prepared *prepared,
                        enum sw_reply_use use, int index)
{
    if (prepared->needs != NULL)
        (void)prepare_named(backend, prepared->needs, SW_REPLY_ABSORB, SW_REPLY_OF_NOBODY);
    if (prepared->server_name[0] != '\0')
        return prepare_named(backend, prepared, use, index);
    if (backend->unnamed == prepared && use != SW_REPLY_FORWARD)
        return false;
    sw_backend_note_unnamed(backend, prepared);
    send_parse(backend, prepared, NULL, use, index);
    return true;
}

struct sw_results **sw_backend_results(struct sw_backend *backend,
                                       const struct sw_prepared *prepared)
{
    return prepared->server_name[0] == '\0' ? &backend->unnamed_results
                                            : &find_known(backend, prepared)->results;
}

void sw_backend_forget_prepared(struct sw_backend *backend)
{
    struct sw_link *link;

    while ((link = sw_list_first(&backend->known_list)) != NULL) {
        struct known *known = SW_OWNER(link, struct known, link);

        known->is_sent = known->is_there = false;
        known->pending = 0;
        forget_if_gone(backend, known);
    }
    sw_textmap_finish(&backend->known);
    sw_backend_note_unnamed(backend, NULL);
    sw_results_unref(backend->unnamed_results);
}
