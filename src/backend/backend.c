#include "internal.h"

#include "shardward/backend/dialler.h"
#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

enum { KEPT_REPLIES = 1024 /* a longer queue is not kept by an idle connection */ };

static void on_drained(void *owner)
{
    struct sw_backend *backend = owner;

    if (backend->events != NULL && backend->events->on_drained != NULL)
        backend->events->on_drained(backend->user);
}

static void on_lost(void *owner, const char *reason)
{
    sw_backend_be_lost(owner, reason);
}

/* What is still expected of the server will not come. */
static void drop_replies(struct sw_backend *backend)
{
    const struct sw_reply *head;

    while ((head = sw_replies_head(&backend->replies)) != NULL) {
        sw_backend_note_skipped(backend, head);
        sw_replies_pop(&backend->replies);
    }
}

static void free_backend(struct sw_backend *backend)
{
    drop_replies(backend);
    sw_backend_forget_portals(backend);
    sw_backend_forget_prepared(backend);
    sw_replies_finish(&backend->replies);
    sw_settings_unref(backend->settings);
    sw_settings_unref(backend->reported);
    sw_oid_map_unref(backend->types);
    sw_dialled_free(backend->dialled);
    free(backend);
}

static void on_closed(void *owner)
{
    free_backend(owner);
}

static const struct sw_stream_events stream_events = {sw_backend_on_bytes, on_drained, on_lost,
                                                      on_closed};

/* --- for the pool and the user --- */

static void read_reported(struct sw_backend *backend)
{
    static const char *const names[] = {
        "server_version",   "server_encoding",
        "client_encoding",  "application_name",
        "is_superuser",     "session_authorization",
        "DateStyle",        "IntervalStyle",
        "TimeZone",         "integer_datetimes",
        "in_hot_standby",   "default_transaction_read_only",
        "scram_iterations", "standard_conforming_strings",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = PQparameterStatus(backend->dialled->conn, names[i]);

        if (value != NULL)
            backend->reported = sw_settings_with(backend->reported, names[i], value);
    }
    /* A client is not told which of the cluster's nodes it is reading. */
    if (backend->dialled->is_replica)
        backend->reported = sw_settings_with(backend->reported, "in_hot_standby", "off");
}

struct sw_backend *sw_backend_adopt(struct sw_loop *loop, struct sw_dialled *dialled,
                                    int prepared_most, sw_backend_on_idle_lost *on_idle_lost,
                                    void *pool)
{
    struct sw_backend *backend = sw_alloc_zero(1, sizeof *backend);

    sw_link_init(&backend->card.link);
    sw_link_init(&backend->known_list);
    sw_link_init(&backend->portals);
    sw_link_init(&backend->spare_portals);
    sw_textmap_init(&backend->known);
    sw_replies_init(&backend->replies);
    backend->dialled = dialled;
    backend->prepared_most = prepared_most;
    backend->status = 'I';
    read_reported(backend);
    sw_backend_attach(backend, loop, on_idle_lost, pool);
    return backend;
}

void sw_backend_attach(struct sw_backend *backend, struct sw_loop *loop,
                       sw_backend_on_idle_lost *on_idle_lost, void *pool)
{
    void *ssl = PQsslStruct(backend->dialled->conn, "OpenSSL");

    backend->on_idle_lost = on_idle_lost;
    backend->pool = pool;
    backend->has_reported = true;
    backend->stream =
        sw_stream_open(loop, PQsocket(backend->dialled->conn), &stream_events, backend);
    if (ssl != NULL)
        sw_stream_borrow_tls(backend->stream, ssl);
}

bool sw_backend_is_still(const struct sw_backend *backend)
{
    return backend->events == NULL && !backend->is_lost && backend->replies.count == 0 &&
           backend->tail == 0 && sw_stream_is_still(backend->stream);
}

static void make_own(struct sw_settings **settings)
{
    struct sw_settings *copy = sw_settings_copy(*settings);

    sw_settings_unref(*settings);
    *settings = copy;
}

void sw_backend_detach(struct sw_backend *backend)
{
    sw_backend_note_unnamed(backend, NULL);
    make_own(&backend->settings);
    make_own(&backend->reported);
    sw_link_remove(&backend->card.link);
    sw_stream_detach(backend->stream);
    backend->stream = NULL;
}

void sw_backend_close(struct sw_backend *backend)
{
    if (backend->is_closing)
        return;
    backend->is_closing = true;
    backend->events = NULL;
    sw_backend_stop_waiting(backend);
    sw_link_remove(&backend->card.link);
    if (backend->stream != NULL)
        sw_stream_close(backend->stream);
    else
        free_backend(backend);
}

void sw_backend_leave_node(struct sw_backend *backend, const struct sw_error *why)
{
    backend->is_left = true;
    backend->farewell = *why;
    sw_backend_be_lost(backend, why->message);
}

void sw_backend_guard(struct sw_backend *backend, bool is_guarded)
{
    backend->is_guarded = is_guarded;
}

bool sw_backend_is_lost(const struct sw_backend *backend)
{
    return backend->is_lost && !backend->is_left;
}

bool sw_backend_is_standby(const struct sw_backend *backend)
{
    return backend->is_standby;
}

void sw_backend_use(struct sw_backend *backend, const struct sw_backend_events *events,
                    void *owner)
{
    backend->events = events;
    backend->user = owner;
}

void sw_backend_translate(struct sw_backend *backend, struct sw_oid_map *types)
{
    if (backend->types == types)
        return;
    sw_oid_map_unref(backend->types);
    backend->types = sw_oid_map_ref(types);
}

void sw_backend_leave(struct sw_backend *backend)
{
    sw_backend_close_portals(backend);
    sw_backend_translate(backend, NULL);
    backend->events = NULL;
    backend->user = NULL;
    if (backend->replies.size > KEPT_REPLIES)
        sw_replies_finish(&backend->replies);
}

struct sw_backend_card *sw_backend_card(struct sw_backend *backend)
{
    return &backend->card;
}

struct sw_backend *sw_backend_of_card(struct sw_backend_card *card)
{
    return SW_OWNER(card, struct sw_backend, card);
}

struct sw_buf *sw_backend_out(struct sw_backend *backend)
{
    return sw_stream_out(backend->stream);
}

void sw_backend_expect(struct sw_backend *backend, enum sw_reply_kind kind,
                       enum sw_reply_use use, int index)
{
    if (kind == SW_REPLY_QUERY)
        sw_backend_note_unnamed(backend, NULL);
    sw_replies_push(&backend->replies,
                    (struct sw_reply){.kind = kind, .use = use, .index = index});
}

void sw_backend_probe(struct sw_backend *backend)
{
    sw_write_query(sw_stream_out(backend->stream), "");
    sw_backend_expect(backend, SW_REPLY_QUERY, SW_REPLY_ABSORB, -1);
}

void sw_backend_flush(struct sw_backend *backend)
{
    sw_stream_flush(backend->stream);
    sw_backend_answer_locals(backend);
}

bool sw_backend_is_congested(const struct sw_backend *backend)
{
    return sw_stream_is_congested(backend->stream);
}

void sw_backend_describe_tls(const struct sw_backend *backend, char text[SW_TLS_PRINT])
{
    sw_stream_describe_tls(backend->stream, text);
}

int64_t sw_backend_started_us(const struct sw_backend *backend)
{
    return backend->dialled->started_us;
}

bool sw_backend_is_promoted(const struct sw_backend *backend)
{
    return backend->is_promoted;
}

int sw_backend_fd(const struct sw_backend *backend)
{
    return PQsocket(backend->dialled->conn);
}

int sw_backend_server_pid(const struct sw_backend *backend)
{
    return PQbackendPID(backend->dialled->conn);
}

uint64_t sw_backend_take_rows(struct sw_backend *backend)
{
    uint64_t rows = backend->rows;

    backend->rows = 0;
    return rows;
}

/* What has been confirmed since it was first seen was something else. */
static void note_unconfirmed(struct sw_backend *backend, const struct sw_tcp *tcp,
                             uint64_t now_ms)
{
    if (tcp->unconfirmed == 0)
        backend->unconfirmed_ms = 0;
    else if (backend->unconfirmed_ms == 0 ||
             backend->unconfirmed_ms + tcp->confirmed_ms < now_ms)
        backend->unconfirmed_ms = now_ms;
}

bool sw_backend_is_unheard(struct sw_backend *backend, uint64_t now_ms, struct sw_tcp *tcp)
{
    bool owes = !backend->is_lost && (backend->replies.count > 0 || backend->is_raw);

    if (!owes || !sw_tcp_look(sw_backend_fd(backend), tcp))
        *tcp = (struct sw_tcp){0};
    note_unconfirmed(backend, tcp, now_ms);
    return sw_tcp_is_unheard(
        tcp, backend->unconfirmed_ms == 0 ? 0 : now_ms - backend->unconfirmed_ms);
}

void sw_backend_give_up(struct sw_backend *backend)
{
    sw_backend_be_lost(backend, "its host confirms nothing");
}

bool sw_backend_may_be_struck(const struct sw_backend *backend)
{
    return backend->may_be_struck;
}

bool sw_backend_is_answered(const struct sw_backend *backend)
{
    return backend->replies.count == 0 && backend->cancelling == NULL;
}

char sw_backend_status(const struct sw_backend *backend)
{
    return backend->status;
}

struct sw_settings *sw_backend_settings(const struct sw_backend *backend)
{
    return backend->settings;
}

void sw_backend_set_settings(struct sw_backend *backend, struct sw_settings *settings)
{
    (void)sw_settings_ref(settings);
    sw_settings_unref(backend->settings);
    backend->settings = settings;
}

struct sw_settings *sw_backend_reported(const struct sw_backend *backend)
{
    return backend->reported;
}

void sw_backend_share_reported(struct sw_backend *backend, struct sw_settings_shared *shared)
{
    if (backend->has_reported)
        backend->reported = sw_settings_share(shared, backend->reported);
    backend->has_reported = false;
}

const char *sw_backend_default_isolation(const struct sw_backend *backend)
{
    return backend->dialled->default_isolation;
}

void sw_backend_hold(struct sw_backend *backend)
{
    sw_stream_hold(backend->stream);
}

void sw_backend_release(struct sw_backend *backend)
{
    sw_stream_release(backend->stream);
}
