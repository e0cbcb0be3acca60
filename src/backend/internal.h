/*
 * internal - a server connection, as the files of this room share it.
 */
#ifndef SW_BACKEND_INTERNAL_H
#define SW_BACKEND_INTERNAL_H

#include "shardward/backend/backend.h"
#include "shardward/base/textmap.h"
#include "shardward/io/stream.h"

#include <libpq-fe.h>

struct sw_dialled {
    PGconn *conn;
    int tag;                    /* of who dialled */
    char default_isolation[24]; /* as current_setting() names it */
    int64_t started_us;         /* the postmaster, by its own clock since 1970 */
    bool is_replica;
};

struct sw_results;
struct sw_portal;

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
    struct sw_textmap known; /* by the names of statements on the server */
    struct sw_link known_list;
    struct sw_prepared *unnamed; /* what the server's unnamed statement was made of */
    struct sw_results *unnamed_results;
    struct sw_link portals, spare_portals; /* the newest first */
    struct sw_portal *simple; /* what a simple query gives, of a binary cursor perhaps */
    int spare_portal_count;

    struct sw_oid_map *types; /* of its user's; NULL: nothing to translate */
    struct sw_settings *settings;
    struct sw_settings *reported;
    char status;
    bool is_lost, is_closing;
    bool is_promoted;                 /* it is no standby any longer, as it was when opened */
    bool is_raw;                      /* one client's alone: see raw.c */
    struct sw_cancelling *cancelling; /* a cancel on its way to the server; NULL: none */
    bool may_be_struck;               /* by a cancel that we no longer wait for */
    bool has_reported;                /* something since its list was shared */
    bool is_standby;                  /* the server says so */
    bool is_left;                     /* by us */
    bool is_guarded;                  /* a commit counts only if standbys have confirmed it */
    struct sw_error farewell;         /* the server's last FATAL */
    uint64_t unconfirmed_ms; /* when something of ours was first seen unconfirmed; 0: not now */

    uint64_t rows; /* of forwarded answers, not asked for yet */
    size_t tail;   /* bytes still to come of a message already begun */
    bool is_tail_forwarded;
    const uint8_t *span; /* bytes to be forwarded in one go */
    size_t span_len;
};

/* --- what the server has prepared: known.c --- */

/* The server's unnamed statement is made of @prepared from now on; NULL: of nothing known. */
void sw_backend_note_unnamed(struct sw_backend *backend, struct sw_prepared *prepared);
/* What @reply is about was answered, or skipped after an error. */
void sw_backend_note_answered(struct sw_backend *backend, const struct sw_reply *reply);
void sw_backend_note_skipped(struct sw_backend *backend, const struct sw_reply *reply);
void sw_backend_forget_prepared(struct sw_backend *backend);
/* Where it is kept what @prepared, which was sent, gives on this server. */
struct sw_results **sw_backend_results(struct sw_backend *backend,
                                       const struct sw_prepared *prepared);

/* --- binary values that name types: portals.c --- */

void sw_results_unref(struct sw_results *results); /* accepts NULL */
/* For another statement; the memory is used again if nobody else does. */
void sw_results_renew(struct sw_results **results);

/* T or n, as the server sent it. False: it broke the protocol. */
bool sw_backend_note_described(struct sw_backend *backend, const struct sw_reply *reply,
                               const struct sw_frame *frame);
/* Do rows for @reply name types? It may be NULL. */
bool sw_backend_renames_rows(struct sw_backend *backend, const struct sw_reply *reply);
bool sw_backend_rename_row(struct sw_backend *backend, const struct sw_reply *reply,
                           uint8_t *message, const struct sw_frame *frame);
/* The portal, or statement described, that @reply is about was answered, or skipped. */
void sw_backend_note_portal_answered(struct sw_backend *backend, const struct sw_reply *reply);
void sw_backend_note_portal_skipped(struct sw_backend *backend, const struct sw_reply *reply);
/* All that was sent was answered or skipped: what was not carried out is undone. */
void sw_backend_restore_portals(struct sw_backend *backend);
/* The transaction is over. */
void sw_backend_close_portals(struct sw_backend *backend);
void sw_backend_forget_portals(struct sw_backend *backend);

/* --- one client's alone: raw.c --- */

size_t sw_backend_take_raw(struct sw_backend *backend, const uint8_t *bytes, size_t len);

/* --- cancels: canceller.c --- */

/* Let the cancel on its way, if any, go on without us. */
void sw_backend_stop_waiting(struct sw_backend *backend);

/* --- what the server says: answers.c --- */

size_t sw_backend_on_bytes(void *owner, const uint8_t *bytes, size_t len);
/* LOCAL entries at the head of the queue have their turn at once. */
void sw_backend_answer_locals(struct sw_backend *backend);
/* Tell the user, or the pool, once. */
void sw_backend_be_lost(struct sw_backend *backend, const char *reason);
/* A notice that has to be here as a whole before it is passed on. */
bool sw_backend_looks_into(const struct sw_backend *backend, const struct sw_frame *frame);
/* ... is it the warning that a commit's wait for its standbys was cancelled? What follows it
 * looks like any success. */
bool sw_backend_is_unconfirmed(const struct sw_backend *backend, const struct sw_frame *frame);

#endif
