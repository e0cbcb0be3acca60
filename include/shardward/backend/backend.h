/*
 * backend - one server connection: what it has prepared and set, whose turn it is to answer.
 *
 * libpq opened it (see dialler.h); from then on raw protocol is spoken on its socket. A backend
 * has at most one user at a time; without one it only waits for notices, parameters and the
 * end of the connection.
 *
 * A backend lives on one loop, whose thread alone may touch it. A detached one lives on none
 * and shares nothing with anybody, so that it can be handed to another thread in a letter.
 *
 *   IDLE --use--> BUSY --(no reply outstanding, user leaves)--> IDLE
 *     \             |
 *      +--lost------+--> LOST (user or pool is told; close it)
 */
#ifndef SW_BACKEND_BACKEND_H
#define SW_BACKEND_BACKEND_H

#include "shardward/backend/prepared.h"
#include "shardward/backend/replies.h"
#include "shardward/backend/tcp.h"
#include "shardward/base/buf.h"
#include "shardward/base/error.h"
#include "shardward/base/list.h"
#include "shardward/base/oidmap.h"
#include "shardward/base/settings.h"
#include "shardward/io/mailbox.h"
#include "shardward/io/tls.h"
#include "shardward/wire/frame.h"

struct sw_backend;
struct sw_canceller;
struct sw_dialled;

/* How a connection ended. */
enum sw_loss {
    SW_LOSS_CLOSED,
    SW_LOSS_RESET, /* the server ended without having read what it was sent last */
    SW_LOSS_TORN,  /* in the middle of a message already forwarded */
    SW_LOSS_LEFT, /* by us: its node is not to be used any longer. No statement was the cause */
};

struct sw_backend_events {
    /* Whole or partial messages of the server for the client, in order. */
    void (*on_forward)(void *owner, const uint8_t *bytes, size_t len);
    /* All that the last bytes brought has been told: time to flush. */
    void (*on_pause)(void *owner);
    /* An entry of the queue was answered (LOCAL: its turn has come). */
    void (*on_answered)(void *owner, const struct sw_reply *reply);
    /* CopyInResponse, in full: the server waits for CopyData, CopyDone or CopyFail. The owner
     * decides whether its client sees it. */
    void (*on_copy_in)(void *owner, const uint8_t *bytes, size_t len);
    /* An ErrorResponse; the owner decides whether its client sees it. */
    void (*on_error)(void *owner, const struct sw_reply *reply, const struct sw_frame *frame);
    /* An entry was skipped by the server because of that error. */
    void (*on_skipped)(void *owner, const struct sw_reply *reply);
    /* A row of a captured answer. */
    void (*on_row)(void *owner, const struct sw_reply *reply, const struct sw_frame *frame);
    /* ParameterDescription, and the RowDescription that a Describe forwards, in full, before
     * they are. */
    void (*on_types)(void *owner, const struct sw_reply *reply, const struct sw_frame *frame);
    /* ReadyForQuery; its entry is already off the queue. */
    void (*on_ready)(void *owner, const struct sw_reply *reply, char status);
    /* The server reports a parameter, by itself or because of a SET; @reply is the entry that
     * is being answered, NULL if there is none. */
    void (*on_parameter)(void *owner, const struct sw_reply *reply, const char *name,
                         const char *value);
    /* NoticeResponse, in full, to what is answered with rows alone; may be NULL. */
    void (*on_notice)(void *owner, const uint8_t *bytes, size_t len);
    /* NotificationResponse, in full; may be NULL. */
    void (*on_notification)(void *owner, const uint8_t *bytes, size_t len);
    /* What was too much at once for the server has been sent; may be NULL. */
    void (*on_drained)(void *owner);
    /* The connection is gone. @err: the server's last words, if it had any. */
    void (*on_lost)(void *owner, const struct sw_error *err, enum sw_loss loss);
};

/* What the pool writes down about a backend; nobody else looks at it. */
struct sw_backend_card {
    struct sw_link link;
    struct sw_letter letter; /* that hands it to another worker */
    void *holder;
    uint64_t opened_ms, used_ms;
    uint64_t ends_ms; /* when it has lived its time; 0: never */
    int generation;
    int term;            /* the cluster's generation when it was opened */
    uint64_t unheard_ms; /* since when its host was seen to confirm nothing; 0: it does */
};

struct sw_backend_card *sw_backend_card(struct sw_backend *backend);
struct sw_backend *sw_backend_of_card(struct sw_backend_card *card);

/* Tells the pool that a connection without user is gone. */
typedef void sw_backend_on_idle_lost(void *pool, struct sw_backend *backend);

/* Adopt a connection; takes @dialled. At most @prepared_most named statements are kept on the
 * server, the least recently used one is closed for a new one. */
struct sw_backend *sw_backend_adopt(struct sw_loop *loop, struct sw_dialled *dialled,
                                    int prepared_most, sw_backend_on_idle_lost *on_idle_lost,
                                    void *pool);
/* Can it be detached: no user, nothing outstanding, nothing half read, not lost? */
bool sw_backend_is_still(const struct sw_backend *backend);
/* Take a still backend off its loop; and put a detached one on another. */
void sw_backend_detach(struct sw_backend *backend);
void sw_backend_attach(struct sw_backend *backend, struct sw_loop *loop,
                       sw_backend_on_idle_lost *on_idle_lost, void *pool);
/* Close the connection. No event follows. The memory lives until the loop has let go of the
 * socket; that of a detached backend is gone at once. */
void sw_backend_close(struct sw_backend *backend);
/* Its node is not to be used any longer: it is lost from now on, and its user is told so with
 * @why, at once (SW_LOSS_LEFT; TORN in the middle of a message). It has a user. */
void sw_backend_leave_node(struct sw_backend *backend, const struct sw_error *why);
/* Does a commit count only if its standbys have confirmed it? Then one that the server no
 * longer waits for is no success: the connection is lost instead. */
void sw_backend_guard(struct sw_backend *backend, bool is_guarded);
bool sw_backend_is_lost(const struct sw_backend *backend);
/* The server has said by itself that it is a standby (in_hot_standby, or 25006 where servers do
 * not report that). */
bool sw_backend_is_standby(const struct sw_backend *backend);

void sw_backend_use(struct sw_backend *backend, const struct sw_backend_events *events,
                    void *owner);
/* Until the user leaves: what the server calls the types that the client knows. NULL: the same
 * (as for a new user). Shared. */
void sw_backend_translate(struct sw_backend *backend, struct sw_oid_map *types);
/* The user leaves; no reply may be outstanding. */
void sw_backend_leave(struct sw_backend *backend);

/* The connection is one client's alone: its messages are written to the output as they come, no
 * reply is expected, and all that the server says is forwarded. Of the events, on_forward,
 * on_ready, on_pause, on_drained and on_lost remain. */
void sw_backend_be_raw(struct sw_backend *backend);

/* Messages are appended to the output, each with its entry in the queue of replies; what has
 * been appended is sent by flush. */
struct sw_buf *sw_backend_out(struct sw_backend *backend);
void sw_backend_expect(struct sw_backend *backend, enum sw_reply_kind kind,
                       enum sw_reply_use use, int index);
void sw_backend_flush(struct sw_backend *backend);
/* So much waits to be sent that writers should pause until on_drained. */
bool sw_backend_is_congested(const struct sw_backend *backend);

/* In the extended protocol, each with its entry of @use (if it is not given: forwarded) and
 * @index. Between two numberings of types they also see to it that the types in binary values
 * have the names that the reader knows: those in parameters are renamed as they are sent, and
 * of each portal that gives binary values it is known which of its columns name types. The
 * server is asked for that (once for each statement that it has prepared) unless the client
 * asks first. What a portal to be described or executed was bound to may be NULL. */
void sw_backend_bind(struct sw_backend *backend, const char *portal,
                     const struct sw_prepared *prepared, const uint8_t *tail, size_t tail_len,
                     enum sw_reply_use use, int index);
void sw_backend_describe_statement(struct sw_backend *backend,
                                   const struct sw_prepared *prepared, enum sw_reply_use use,
                                   int index);
void sw_backend_describe_portal(struct sw_backend *backend, const char *portal,
                                const struct sw_prepared *prepared, enum sw_reply_use use,
                                int index);
void sw_backend_execute(struct sw_backend *backend, const char *portal,
                        const struct sw_prepared *prepared, uint32_t max_rows,
                        enum sw_reply_use use, int index);
void sw_backend_close_portal(struct sw_backend *backend, const char *portal,
                             enum sw_reply_use use, int index);

/* Make sure that the server has @prepared when the messages appended so far have been dealt
 * with: appends a Parse and its absorbed entry unless it has it. @use and @index go to the
 * entry of that Parse; returns whether one was sent. */
bool sw_backend_prepare(struct sw_backend *backend, struct sw_prepared *prepared,
                        enum sw_reply_use use, int index);

/* A statement of our own inside what is sent for the client, in the extended protocol and
 * without Sync: its answer is absorbed, and its failure makes the server skip what follows.
 * @use (of its execution alone) and @index go to the entry that is answered when it was carried
 * out. */
void sw_backend_inject(struct sw_backend *backend, const char *sql, enum sw_reply_use use,
                       int index);

/* A question of our own, prepared (a named one), whose answer is captured and comes at once,
 * before that of what follows. It takes the unnamed portal. */
void sw_backend_ask(struct sw_backend *backend, struct sw_prepared *prepared, int index);

/* Append an empty query, to whose answer nobody listens: an alive server answers it. */
void sw_backend_probe(struct sw_backend *backend);

/*
 * Ask the server to cancel what it does now. The backend counts as not answered until the
 * server has taken that, or SW_CANCEL_MS have passed, so that nothing which is sent later can
 * be hit; on_pause follows. While a cancel is on its way another one changes nothing. @loop and
 * @mailbox are the backend's.
 */
void sw_backend_cancel(struct sw_backend *backend, struct sw_canceller *canceller,
                       struct sw_loop *loop, struct sw_mailbox *mailbox);
/* A cancel was given up and may strike at any time: nobody else must be given the backend. */
bool sw_backend_may_be_struck(const struct sw_backend *backend);

/* The server owes an answer: has its host been silent for too long, not even confirming what
 * was sent? To be asked now and then, say once a second, with the loop's time; *tcp tells what
 * was seen. A lost one, or one that is not connected by TCP, never is. */
bool sw_backend_is_unheard(struct sw_backend *backend, uint64_t now_ms, struct sw_tcp *tcp);
/* It has been so for too long: it is lost from now on, and its user is told so at once. */
void sw_backend_give_up(struct sw_backend *backend);

/* Version and cipher of its TLS, empty without. Of one that is on a loop. */
void sw_backend_describe_tls(const struct sw_backend *backend, char text[SW_TLS_PRINT]);
/* A standby when it was opened, the server has said that it is none any longer. */
bool sw_backend_is_promoted(const struct sw_backend *backend);
int64_t sw_backend_started_us(const struct sw_backend *backend); /* see dialler.h */
int sw_backend_fd(const struct sw_backend *backend);             /* its socket */
int sw_backend_server_pid(const struct sw_backend *backend);     /* the server's process */
/* Rows that statements for the client have returned or changed since this was last asked. */
uint64_t sw_backend_take_rows(struct sw_backend *backend);

/* No reply is outstanding, and no cancel on its way. */
bool sw_backend_is_answered(const struct sw_backend *backend);
char sw_backend_status(const struct sw_backend *backend); /* I, T or E, of the last 'Z' */

/* What the connection has been set to beyond its start; changed by whoever changes it. */
struct sw_settings *sw_backend_settings(const struct sw_backend *backend);
void sw_backend_set_settings(struct sw_backend *backend, struct sw_settings *settings);
/* What the server reported last (ParameterStatus), name by name. */
struct sw_settings *sw_backend_reported(const struct sw_backend *backend);
/* If it has reported anything since this was last called: keep a shared list instead. */
void sw_backend_share_reported(struct sw_backend *backend, struct sw_settings_shared *shared);

/* default_transaction_isolation as it was when the connection was opened, say "read committed".
 */
const char *sw_backend_default_isolation(const struct sw_backend *backend);

/* Stop or resume reading what the server sends. */
void sw_backend_hold(struct sw_backend *backend);
void sw_backend_release(struct sw_backend *backend);

#endif
