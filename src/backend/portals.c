/*
 * Portals that give binary values, and what statements give: the types by the server's own
 * numbers, as it describes them. A server keeps the shape of a prepared statement's answer, so
 * that what it has told of one once holds for all portals bound to it there.
 *
 *   Bind       notes the portal, with the formats it was asked for
 *   Execute    is preceded by a Describe that is absorbed, if nobody has asked yet
 *   T, n       tell the statement's types
 *   DataRow    is here whole, and rewritten, if a binary column names types
 *
 * Messages are sent before it is known which of them the server will skip after an error: a
 * portal is_sent while the messages so far, and is_there while those answered so far, leave it.
 * Nothing is noted where both sides number types alike.
 *
 * FETCH gives what its cursor gives, which has to be asked for each portal anew. A cursor that
 * is executed as a portal gives text; of a binary one FETCH in a simple query gives binary
 * values, with a RowDescription before them.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/inner.h"
#include "shardward/wire/request.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <assert.h>
#include <string.h>

enum { SPARE_PORTALS = 16 };

/* Counted: by the statement, its portals, and Describes under way. */
struct sw_results {
    int refs;
    int asked; /* Describes under way */
    bool is_known;
    struct sw_wire_column *columns; /* as described; none if none can name types */
    int count, size;
};

struct sw_portal {
    struct sw_link link;
    char *name; /* NULL: the unnamed one */
    struct sw_results *results;
    bool is_sent, is_there;
    int pending; /* entries of the reply queue that point here */

    uint8_t *is_binary; /* of each column, or of all if it is one */
    int format_count, format_size;

    bool is_resolved;
    struct sw_inner_column *columns;
    int column_count, column_size;
};

/* --- what statements give --- */

static struct sw_results *ref_results(struct sw_results *results)
{
    results->refs++;
    return results;
}

void sw_results_unref(struct sw_results *results)
{
    if (results == NULL || --results->refs > 0)
        return;
    free(results->columns);
    free(results);
}

void sw_results_renew(struct sw_results **results)
{
    if (*results != NULL && (*results)->refs == 1) {
        (*results)->is_known = false;
        return;
    }
    sw_results_unref(*results);
    *results = NULL;
}

static struct sw_results *make_results(void)
{
    struct sw_results *results = sw_alloc_zero(1, sizeof *results);

    results->refs = 1;
    return results;
}

/* Counted for the caller. */
static struct sw_results *results_of(struct sw_backend *backend,
                                     const struct sw_prepared *prepared)
{
    struct sw_results **at;

    if (prepared->is_fetch)
        return make_results();
    at = sw_backend_results(backend, prepared);
    if (*at == NULL)
        *at = make_results();
    return ref_results(*at);
}

static bool may_name_types(const struct sw_backend *backend, const struct sw_results *results)
{
    for (int i = 0; i < results->count; i++)
        if (results->columns[i].type >= SW_FIRST_USER_OID ||
            sw_shape_of_shard(backend->types, results->columns[i].type).kind != SW_SHAPE_PLAIN)
            return true;
    return false;
}

static bool learn(struct sw_backend *backend, struct sw_results *results,
                  const struct sw_frame *frame)
{
    int count = frame->type == 'n' ? 0 : sw_wire_read_columns(frame, NULL, 0);

    if (count < 0)
        return false;
    if (count > results->size) {
        results->columns =
            sw_realloc(results->columns, (size_t)count * sizeof *results->columns);
        results->size = count;
    }
    if (count > 0)
        (void)sw_wire_read_columns(frame, results->columns, count);
    results->count = count;
    if (!may_name_types(backend, results))
        results->count = 0;
    results->is_known = true;
    return true;
}

/* --- portals --- */

static bool has_name(const struct sw_portal *portal, const char *name)
{
    return strcmp(portal->name == NULL ? "" : portal->name, name) == 0;
}

static struct sw_portal *portal_at(struct sw_link *link)
{
    return SW_OWNER(link, struct sw_portal, link);
}

static struct sw_portal *find_sent(struct sw_backend *backend, const char *name)
{
    struct sw_link *all = &backend->portals;

    for (struct sw_link *link = all->next; link != all; link = link->next)
        if (portal_at(link)->is_sent && has_name(portal_at(link), name))
            return portal_at(link);
    return NULL;
}

static void free_portal(struct sw_portal *portal)
{
    free(portal->name);
    free(portal->is_binary);
    free(portal->columns);
    free(portal);
}

static void forget_if_gone(struct sw_backend *backend, struct sw_portal *portal)
{
    if (portal->is_sent || portal->is_there || portal->pending > 0)
        return;
    sw_link_remove(&portal->link);
    sw_results_unref(portal->results);
    portal->results = NULL;
    if (backend->spare_portal_count == SPARE_PORTALS) {
        free_portal(portal);
        return;
    }
    free(portal->name);
    portal->name = NULL;
    sw_list_push_front(&backend->spare_portals, &portal->link);
    backend->spare_portal_count++;
}

static struct sw_portal *make_portal(struct sw_backend *backend, const char *name)
{
    struct sw_link *spare = sw_list_first(&backend->spare_portals);
    struct sw_portal *portal;

    if (spare == NULL) {
        portal = sw_alloc_zero(1, sizeof *portal);
        sw_link_init(&portal->link);
    } else {
        portal = portal_at(spare);
        sw_link_remove(spare);
        backend->spare_portal_count--;
    }
    if (name[0] != '\0')
        portal->name = sw_strdup(name);
    portal->is_resolved = false;
    portal->format_count = portal->column_count = 0;
    sw_list_push_front(&backend->portals, &portal->link);
    return portal;
}

static void keep_formats(struct sw_portal *portal, const struct sw_wire_bind *bind)
{
    if (bind->result_count > portal->format_size) {
        portal->format_size = bind->result_count;
        portal->is_binary = sw_realloc(portal->is_binary, (size_t)portal->format_size);
    }
    portal->format_count = bind->result_count;
    for (int i = 0; i < bind->result_count; i++)
        portal->is_binary[i] = sw_wire_wants_binary(bind, i);
}

static bool is_binary(const struct sw_portal *portal, int column)
{
    int at = portal->format_count == 1 ? 0 : column;

    return at < portal->format_count && portal->is_binary[at];
}

static void add_column(struct sw_portal *portal, int index, uint32_t type)
{
    if (portal->column_count == portal->column_size) {
        portal->column_size = portal->column_size == 0 ? 4 : portal->column_size * 2;
        portal->columns =
            sw_realloc(portal->columns, (size_t)portal->column_size * sizeof *portal->columns);
    }
    portal->columns[portal->column_count++] = (struct sw_inner_column){index, type};
}

static void add_if_it_names_types(const struct sw_backend *backend, struct sw_portal *portal,
                                  int index)
{
    uint32_t type = portal->results->columns[index].type;

    if (sw_shape_of_shard(backend->types, type).kind != SW_SHAPE_PLAIN)
        add_column(portal, index, type);
}

/* Which of its columns name types, now that it is known what they are. */
static void resolve(const struct sw_backend *backend, struct sw_portal *portal)
{
    const struct sw_results *results = portal->results;

    assert(portal->format_count == 0 || results->is_known);
    portal->is_resolved = true;
    for (int i = 0; portal->format_count > 0 && i < results->count; i++)
        if (is_binary(portal, i))
            add_if_it_names_types(backend, portal, i);
}

/* A simple query's rows come in the formats that are told before them. */
static bool note_simple(struct sw_backend *backend, const struct sw_frame *frame)
{
    struct sw_portal *simple = backend->simple;

    if (simple == NULL) {
        simple = backend->simple = sw_alloc_zero(1, sizeof *simple);
        simple->results = make_results();
    }
    if (!learn(backend, simple->results, frame))
        return false;
    simple->column_count = 0;
    for (int i = 0; i < simple->results->count; i++)
        if (simple->results->columns[i].is_binary)
            add_if_it_names_types(backend, simple, i);
    return true;
}

bool sw_backend_note_described(struct sw_backend *backend, const struct sw_reply *reply,
                               const struct sw_frame *frame)
{
    if (reply->kind == SW_REPLY_QUERY)
        return note_simple(backend, frame);
    return reply->kind != SW_REPLY_DESCRIBE || reply->about == NULL ||
           learn(backend, reply->about, frame);
}

static struct sw_portal *note_bound(struct sw_backend *backend, const char *name,
                                    const struct sw_prepared *prepared,
                                    const struct sw_wire_bind *bind)
{
    struct sw_portal *before = find_sent(backend, name), *portal;
    struct sw_results *results =
        sw_wire_wants_any_binary(bind) ? results_of(backend, prepared) : NULL;
    bool is_plain = results == NULL || (results->is_known && results->count == 0);

    if (before == NULL && is_plain) {
        sw_results_unref(results);
        return NULL;
    }
    portal = make_portal(backend, name);
    portal->is_sent = true;
    if (before != NULL) {
        before->is_sent = false;
        forget_if_gone(backend, before);
    }
    portal->results = results;
    if (!is_plain)
        keep_formats(portal, bind);
    return portal;
}

/* --- messages --- */

static void expect(struct sw_backend *backend, enum sw_reply_kind kind, enum sw_reply_use use,
                   int index, void *about)
{
    sw_replies_push(
        &backend->replies,
        (struct sw_reply){.kind = kind, .use = use, .index = index, .about = about});
}

static void expect_of_portal(struct sw_backend *backend, enum sw_reply_kind kind,
                             enum sw_reply_use use, int index, struct sw_portal *portal)
{
    if (portal != NULL)
        portal->pending++;
    expect(backend, kind, use, index, portal);
}

/* The types in the values that were appended last. */
static void rename_parameters(struct sw_backend *backend, const struct sw_prepared *prepared,
                              size_t tail_len)
{
    struct sw_buf *out = sw_stream_out(backend->stream);
    bool has_learned = prepared->learned != NULL;

    if (!out->is_over)
        sw_wire_translate_bind(out->memory + out->end - tail_len, tail_len,
                               has_learned ? prepared->learned : prepared->types,
                               has_learned ? prepared->learned_count : prepared->type_count,
                               backend->types);
}

void sw_backend_bind(struct sw_backend *backend, const char *portal,
                     const struct sw_prepared *prepared, const uint8_t *tail, size_t tail_len,
                     enum sw_reply_use use, int index)
{
    struct sw_portal *noted = NULL;
    struct sw_wire_bind bind;

    sw_write_bind(sw_stream_out(backend->stream), portal, prepared->server_name, tail,
                  tail_len);
    if (backend->types != NULL && sw_wire_read_bind_tail(tail, tail_len, &bind)) {
        rename_parameters(backend, prepared, tail_len);
        noted = note_bound(backend, portal, prepared, &bind);
    }
    expect_of_portal(backend, SW_REPLY_BIND, use, index, noted);
}

/* Takes @results, which may be NULL. */
static void expect_description(struct sw_backend *backend, struct sw_results *results,
                               enum sw_reply_use use, int index)
{
    if (results != NULL)
        results->asked++;
    expect(backend, SW_REPLY_DESCRIBE, use, index, results);
}

void sw_backend_describe_statement(struct sw_backend *backend,
                                   const struct sw_prepared *prepared, enum sw_reply_use use,
                                   int index)
{
    sw_write_target(sw_stream_out(backend->stream), 'D', 'S', prepared->server_name);
    expect_description(backend, backend->types == NULL ? NULL : results_of(backend, prepared),
                       use, index);
}

/* A portal that has been noted, unless a cursor has its name by now. */
static struct sw_portal *find_bound(struct sw_backend *backend, const char *name,
                                    const struct sw_prepared *prepared)
{
    return prepared != NULL && prepared->is_cursor ? NULL : find_sent(backend, name);
}

void sw_backend_describe_portal(struct sw_backend *backend, const char *portal,
                                const struct sw_prepared *prepared, enum sw_reply_use use,
                                int index)
{
    const struct sw_portal *sent = find_bound(backend, portal, prepared);
    struct sw_results *results = sent == NULL ? NULL : sent->results;

    sw_write_target(sw_stream_out(backend->stream), 'D', 'P', portal);
    expect_description(backend, results == NULL ? NULL : ref_results(results), use, index);
}

void sw_backend_execute(struct sw_backend *backend, const char *portal,
                        const struct sw_prepared *prepared, uint32_t max_rows,
                        enum sw_reply_use use, int index)
{
    struct sw_buf *out = sw_stream_out(backend->stream);
    struct sw_portal *sent = find_bound(backend, portal, prepared);
    struct sw_results *results = sent == NULL ? NULL : sent->results;

    if (results != NULL && !results->is_known && results->asked == 0) {
        sw_write_target(out, 'D', 'P', portal);
        expect_description(backend, ref_results(results), SW_REPLY_ABSORB, SW_REPLY_OF_NOBODY);
    }
    sw_write_execute(out, portal, max_rows);
    expect_of_portal(backend, SW_REPLY_EXECUTE, use, index, sent);
}

void sw_backend_close_portal(struct sw_backend *backend, const char *portal,
                             enum sw_reply_use use, int index)
{
    struct sw_portal *sent = find_sent(backend, portal);

    sw_write_target(sw_stream_out(backend->stream), 'C', 'P', portal);
    expect_of_portal(backend, SW_REPLY_CLOSE_PORTAL, use, index, sent);
    if (sent != NULL)
        sent->is_sent = false;
}

/* --- answers --- */

/* What bore the name before is older, and so stands behind it. */
static void replace_older(struct sw_backend *backend, struct sw_portal *portal)
{
    const char *name = portal->name == NULL ? "" : portal->name;
    struct sw_link *link = portal->link.next;

    while (link != &backend->portals &&
           !(portal_at(link)->is_there && has_name(portal_at(link), name)))
        link = link->next;
    if (link == &backend->portals)
        return;
    portal_at(link)->is_there = false;
    forget_if_gone(backend, portal_at(link));
}

static void end_description(const struct sw_reply *reply)
{
    struct sw_results *results = reply->about;

    if (results == NULL)
        return;
    results->asked--;
    sw_results_unref(results);
}

void sw_backend_note_portal_answered(struct sw_backend *backend, const struct sw_reply *reply)
{
    struct sw_portal *portal = reply->about;

    if (reply->kind == SW_REPLY_DESCRIBE) {
        end_description(reply);
        return;
    }
    if (portal == NULL)
        return;
    portal->pending--;
    if (reply->kind == SW_REPLY_BIND) {
        portal->is_there = true;
        replace_older(backend, portal);
    }
    if (reply->kind == SW_REPLY_CLOSE_PORTAL)
        portal->is_there = false;
    forget_if_gone(backend, portal);
}

void sw_backend_note_portal_skipped(struct sw_backend *backend, const struct sw_reply *reply)
{
    struct sw_portal *portal = reply->about;

    (void)backend;
    if (reply->kind == SW_REPLY_DESCRIBE)
        end_description(reply);
    else if (portal != NULL)
        portal->pending--;
}

void sw_backend_restore_portals(struct sw_backend *backend)
{
    struct sw_link *all = &backend->portals, *next;

    for (struct sw_link *link = all->next; link != all; link = next) {
        struct sw_portal *portal = portal_at(link);

        next = link->next;
        portal->is_sent = portal->is_there;
        forget_if_gone(backend, portal);
    }
}

void sw_backend_close_portals(struct sw_backend *backend)
{
    struct sw_link *all = &backend->portals;

    for (struct sw_link *link = all->next; link != all; link = link->next)
        portal_at(link)->is_there = false;
    sw_backend_restore_portals(backend);
}

void sw_backend_forget_portals(struct sw_backend *backend)
{
    struct sw_link *spare = &backend->spare_portals, *next;

    sw_backend_close_portals(backend);
    for (struct sw_link *link = spare->next; link != spare; link = next) {
        next = link->next;
        free_portal(portal_at(link));
    }
    sw_link_init(spare);
    if (backend->simple != NULL) {
        sw_results_unref(backend->simple->results);
        free_portal(backend->simple);
    }
}

static struct sw_portal *portal_of(const struct sw_backend *backend,
                                   const struct sw_reply *reply)
{
    if (reply != NULL && reply->kind == SW_REPLY_QUERY)
        return backend->simple;
    return reply != NULL && reply->kind == SW_REPLY_EXECUTE ? reply->about : NULL;
}

bool sw_backend_renames_rows(struct sw_backend *backend, const struct sw_reply *reply)
{
    struct sw_portal *portal = portal_of(backend, reply);

    if (portal == NULL || backend->types == NULL)
        return false;
    if (!portal->is_resolved && portal != backend->simple)
        resolve(backend, portal);
    return portal->column_count > 0;
}

bool sw_backend_rename_row(struct sw_backend *backend, const struct sw_reply *reply,
                           uint8_t *message, const struct sw_frame *frame)
{
    const struct sw_portal *portal = portal_of(backend, reply);

    return sw_wire_translate_row(message, frame, portal->columns, portal->column_count,
                                 backend->types);
}
