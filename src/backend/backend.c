#include "shardward/backend/backend.h"

#include "internal.h"

#include "shardward/backend/dialler.h"
#include "shardward/base/mem.h"
#include "shardward/base/textmap.h"
#include "shardward/io/stream.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <string.h>

enum {
    MESSAGE_LIMIT = 0x40000000,     /* PostgreSQL's own limit of a message, 1 GB */
    WHOLE_LIMIT = 64 * 1024 * 1024, /* of messages that are read, not passed on */
    KEPT_REPLIES = 1024,            /* a longer queue is not kept by an idle connection */
};

/* A named statement on the server. What was sent and what was answered differ while messages
 * are under way; an error makes them equal again. */
struct known {
    struct sw_link link; /* most recently used first */
    char server_name[SW_PREPARED_NAME];
    bool is_sent, is_there;
    int pending; /* entries of the reply queue that point here */
};

struct sw_backend {
    struct sw_backend_card card;
    struct sw_dialled *dialled;
    struct sw_stream *stream; /* NULL: detached */
    struct sw_replies replies;

    const struct sw_backend_events *events; /* NULL: no user */
    void *user;
    sw_backend_on_idle_lost *on_idle_lost;
    void *pool;

    int prepared_most;
    struct sw_textmap known; /* server name -> struct known */
    struct sw_link known_list;
    struct sw_prepared *unnamed; /* what the server's unnamed statement was made of */

    struct sw_oid_map *types; /* of its user's; NULL: nothing to translate */
    struct sw_settings *settings;
    struct sw_settings *reported;
    char status;
    bool is_lost, is_closing;
    bool has_reported;        /* something since its list was shared */
    struct sw_error farewell; /* the server's last FATAL */

    uint64_t rows; /* of forwarded answers, not asked for yet */
    size_t tail;   /* bytes still to come of a message already begun */
    bool is_tail_forwarded;
    const uint8_t *span; /* bytes to be forwarded in one go */
    size_t span_len;
};

/* --- what the server has prepared --- */

static void forget_if_gone(struct sw_backend *backend, struct known *known)
{
    if (known->is_sent || known->is_there || known->pending > 0)
        return;
    (void)sw_textmap_remove(&backend->known, known->server_name);
    sw_link_remove(&known->link);
    free(known);
}

static void note_unnamed(struct sw_backend *backend, struct sw_prepared *prepared)
{
    if (prepared != NULL)
        (void)sw_prepared_ref(prepared);
    sw_prepared_unref(backend->unnamed);
    backend->unnamed = prepared;
}

static void note_answered(struct sw_backend *backend, const struct sw_reply *reply)
{
    struct known *known = reply->about;

    if (known == NULL)
        return;
    known->pending--;
    known->is_there = reply->kind == SW_REPLY_PARSE;
    forget_if_gone(backend, known);
}

static void note_skipped(struct sw_backend *backend, const struct sw_reply *reply)
{
    struct known *known = reply->about;

    if (reply->kind == SW_REPLY_PARSE && known == NULL)
        note_unnamed(backend, NULL);
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

void sw_backend_inject(struct sw_backend *backend, const char *sql, int index)
{
    static const uint8_t no_parameters[6] = {0};
    static const char portal[] = "sw_inject"; /* the client's unnamed portal stays as it is */
    struct sw_buf *out = sw_stream_out(backend->stream);

    note_unnamed(backend, NULL);
    sw_write_target(out, 'C', 'P', portal); /* of an earlier statement, which may have failed */
    sw_write_parse(out, "", sql, NULL, 0);
    sw_write_bind(out, portal, "", no_parameters, sizeof no_parameters);
    sw_write_execute(out, portal, 0);
    sw_backend_expect(backend, SW_REPLY_CLOSE, SW_REPLY_ABSORB, -1);
    sw_backend_expect(backend, SW_REPLY_PARSE, SW_REPLY_ABSORB, -1);
    sw_backend_expect(backend, SW_REPLY_BIND, SW_REPLY_ABSORB, -1);
    sw_backend_expect(backend, SW_REPLY_EXECUTE, SW_REPLY_ABSORB, index);
}

bool sw_backend_prepare(struct sw_backend *backend, struct sw_prepared *prepared,
                        enum sw_reply_use use, int index)
{
    if (prepared->server_name[0] != '\0')
        return prepare_named(backend, prepared, use, index);
    if (backend->unnamed == prepared && use != SW_REPLY_FORWARD)
        return false;
    note_unnamed(backend, prepared);
    send_parse(backend, prepared, NULL, use, index);
    return true;
}

static void forget_prepared(struct sw_backend *backend)
{
    struct sw_link *link;

    while ((link = sw_list_first(&backend->known_list)) != NULL) {
        struct known *known = SW_OWNER(link, struct known, link);

        known->is_sent = known->is_there = false;
        known->pending = 0;
        forget_if_gone(backend, known);
    }
    sw_textmap_finish(&backend->known);
    note_unnamed(backend, NULL);
}

/* --- what the server says --- */

static void forward_span(struct sw_backend *backend)
{
    if (backend->span_len > 0 && backend->events != NULL)
        backend->events->on_forward(backend->user, backend->span, backend->span_len);
    backend->span_len = 0;
}

static void forward(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    if (backend->span_len > 0 && backend->span + backend->span_len == bytes) {
        backend->span_len += len;
        return;
    }
    forward_span(backend);
    backend->span = bytes;
    backend->span_len = len;
}

static void be_lost(struct sw_backend *backend, const char *reason)
{
    struct sw_error err = backend->farewell;
    enum sw_loss loss = backend->tail > 0 && backend->is_tail_forwarded ? SW_LOSS_TORN
                        : sw_stream_was_reset(backend->stream)          ? SW_LOSS_RESET
                                                                        : SW_LOSS_CLOSED;

    if (backend->is_lost)
        return;
    backend->is_lost = true;
    forward_span(backend);
    if (err.message[0] == '\0')
        sw_error_set(&err, "08006", "server connection lost: %s", reason);
    if (backend->events != NULL)
        backend->events->on_lost(backend->user, &err, loss);
    else
        backend->on_idle_lost(backend->pool, backend);
}

/* LOCAL entries at the head have their turn at once. */
static void answer_locals(struct sw_backend *backend)
{
    const struct sw_reply *head;

    while (!backend->is_closing && (head = sw_replies_head(&backend->replies)) != NULL &&
           head->kind == SW_REPLY_LOCAL) {
        struct sw_reply reply = *head;

        sw_replies_pop(&backend->replies);
        forward_span(backend);
        backend->events->on_answered(backend->user, &reply);
    }
}

static void take_parameter(struct sw_backend *backend, const struct sw_frame *frame)
{
    const char *name, *value;

    if (!sw_wire_read_parameter_status(frame, &name, &value))
        return;
    backend->reported = sw_settings_with(backend->reported, name, value);
    backend->has_reported = true;
    if (backend->events != NULL) {
        forward_span(backend);
        backend->events->on_parameter(backend->user, name, value);
    }
}

static void on_skipped(void *owner, const struct sw_reply *reply)
{
    struct sw_backend *backend = owner;

    note_skipped(backend, reply);
    if (backend->events->on_skipped != NULL)
        backend->events->on_skipped(backend->user, reply);
}

static void take_error(struct sw_backend *backend, const struct sw_frame *frame)
{
    enum sw_reply_turn turn = sw_replies_turn(&backend->replies, 'E');
    struct sw_reply reply;
    struct sw_error err;
    bool is_fatal;

    sw_wire_read_error(frame, &err, &is_fatal);
    if (is_fatal)
        backend->farewell = err;
    if (turn == SW_TURN_WRONG || is_fatal)
        return; /* the end of the connection follows, and is told with these words */
    reply = *sw_replies_head(&backend->replies);
    forward_span(backend);
    if (turn == SW_TURN_FAILS) {
        note_skipped(backend, &reply);
        if (!sw_replies_skip(&backend->replies, on_skipped, backend)) {
            sw_write_sync(sw_stream_out(backend->stream));
            sw_backend_expect(backend, SW_REPLY_SYNC, SW_REPLY_FORWARD, -1);
            sw_stream_flush(backend->stream);
        }
    }
    backend->events->on_error(backend->user, &reply, frame);
}

static void take_ready(struct sw_backend *backend, const struct sw_frame *frame)
{
    struct sw_reply reply = *sw_replies_head(&backend->replies);

    backend->status = (char)(frame->body_len == 1 ? frame->body[0] : '?');
    sw_replies_pop(&backend->replies);
    forward_span(backend);
    backend->events->on_ready(backend->user, &reply, backend->status);
}

/* Only rows and notices are passed on piece by piece; other messages have to be here in full.
 */
static bool is_read_whole(uint8_t type, const struct sw_reply *head)
{
    bool is_passed_on = type == 'D' || type == 'N' || type == 'A';

    return !is_passed_on || (head != NULL && head->use == SW_REPLY_CAPTURE);
}

/* A message that answers the head entry and may be here only in part. Types are translated in
 * the stream's own buffer: those messages are here in full. */
static void take_answer(struct sw_backend *backend, const struct sw_frame *frame,
                        const uint8_t *bytes, size_t here, enum sw_reply_turn turn)
{
    struct sw_reply reply = *sw_replies_head(&backend->replies);

    if (backend->types != NULL && (frame->type == 'T' || frame->type == 't') &&
        !sw_wire_translate_types((uint8_t *)(uintptr_t)bytes, frame, backend->types)) {
        be_lost(backend, "the server broke the protocol");
        return;
    }
    if (frame->type == 't') {
        forward_span(backend);
        backend->events->on_types(backend->user, &reply, frame);
    }
    if (frame->type == 'D' && reply.use == SW_REPLY_CAPTURE)
        backend->events->on_row(backend->user, &reply, frame);
    if (frame->type == 'C' && reply.use == SW_REPLY_FORWARD)
        backend->rows += sw_wire_rows_of_tag(frame);
    backend->is_tail_forwarded = reply.use == SW_REPLY_FORWARD;
    backend->tail = frame->size - here;
    if (backend->is_tail_forwarded)
        forward(backend, bytes, here);
    if (turn != SW_TURN_ENDS)
        return;
    note_answered(backend, &reply);
    sw_replies_pop(&backend->replies);
    if (reply.index != SW_REPLY_OF_NOBODY) {
        forward_span(backend);
        backend->events->on_answered(backend->user, &reply);
    }
}

/* Notices belong to the client even of statements of ours that stand for his, as COMMIT. */
static bool is_for_client(const struct sw_reply *head)
{
    return head == NULL || head->use == SW_REPLY_FORWARD || head->kind == SW_REPLY_EXECUTE;
}

static void take_message(struct sw_backend *backend, const struct sw_frame *frame,
                         const uint8_t *bytes, size_t here)
{
    const struct sw_reply *head = sw_replies_head(&backend->replies);
    enum sw_reply_turn turn;

    if (frame->type == 'S') {
        take_parameter(backend, frame);
        return;
    }
    if (frame->type == 'E') {
        take_error(backend, frame);
        return;
    }
    if (frame->type == 'N' || frame->type == 'A') {
        bool is_wanted = frame->type == 'N' && backend->events != NULL && is_for_client(head);

        backend->is_tail_forwarded = is_wanted;
        backend->tail = frame->size - here;
        if (is_wanted)
            forward(backend, bytes, here);
        return;
    }
    turn = sw_replies_turn(&backend->replies, frame->type);
    if (turn == SW_TURN_WRONG)
        be_lost(backend, "the server broke the protocol");
    else if (frame->type == 'Z')
        take_ready(backend, frame);
    else
        take_answer(backend, frame, bytes, here, turn);
}

/* The rest of a message whose beginning was dealt with already. */
static size_t take_tail(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    size_t part = len < backend->tail ? len : backend->tail;

    if (backend->is_tail_forwarded)
        forward(backend, bytes, part);
    backend->tail -= part;
    return part;
}

/* One step into [bytes, bytes + len); returns how far, 0 when more has to come first. */
static size_t take_next(struct sw_backend *backend, const uint8_t *bytes, size_t len)
{
    struct sw_frame frame;
    enum sw_frame_status status;
    size_t here;

    if (backend->tail > 0)
        return take_tail(backend, bytes, len);
    status = sw_frame_next(bytes, len, MESSAGE_LIMIT, &frame);
    if (status == SW_FRAME_SHORT)
        return 0;
    if (status == SW_FRAME_HEADER &&
        is_read_whole(frame.type, sw_replies_head(&backend->replies)))
        status = frame.size <= WHOLE_LIMIT ? SW_FRAME_SHORT : SW_FRAME_BAD;
    if (status == SW_FRAME_BAD || status == SW_FRAME_LONG) {
        be_lost(backend, "the server sent a message that cannot be read");
        return len;
    }
    if (status == SW_FRAME_SHORT)
        return 0;
    here = status == SW_FRAME_WHOLE ? frame.size : len;
    take_message(backend, &frame, bytes, here);
    return here;
}

static size_t on_bytes(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_backend *backend = owner;
    size_t at = 0;

    while (at < len && !backend->is_closing && !backend->is_lost) {
        size_t step = take_next(backend, bytes + at, len - at);

        if (step == 0)
            break;
        at += step;
        answer_locals(backend);
    }
    if (!backend->is_closing) {
        forward_span(backend);
        if (backend->events != NULL)
            backend->events->on_pause(backend->user);
    }
    return at;
}

static void on_drained(void *owner)
{
    (void)owner;
}

static void on_lost(void *owner, const char *reason)
{
    be_lost(owner, reason);
}

static void free_backend(struct sw_backend *backend)
{
    forget_prepared(backend);
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

static const struct sw_stream_events stream_events = {on_bytes, on_drained, on_lost, on_closed};

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
}

struct sw_backend *sw_backend_adopt(struct sw_loop *loop, struct sw_dialled *dialled,
                                    int prepared_most, sw_backend_on_idle_lost *on_idle_lost,
                                    void *pool)
{
    struct sw_backend *backend = sw_alloc_zero(1, sizeof *backend);

    sw_link_init(&backend->card.link);
    sw_link_init(&backend->known_list);
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
    backend->on_idle_lost = on_idle_lost;
    backend->pool = pool;
    backend->has_reported = true;
    backend->stream =
        sw_stream_open(loop, PQsocket(backend->dialled->conn), &stream_events, backend);
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
    note_unnamed(backend, NULL);
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
    sw_link_remove(&backend->card.link);
    if (backend->stream != NULL)
        sw_stream_close(backend->stream);
    else
        free_backend(backend);
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
        note_unnamed(backend, NULL);
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
    answer_locals(backend);
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

bool sw_backend_is_answered(const struct sw_backend *backend)
{
    return backend->replies.count == 0;
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
