/*
 * replies - the queue of expected responses of one server connection.
 *
 * Every message sent to a server that will be answered has an entry here, in order, that says
 * what becomes of the answer; entries that are not the server's (SW_REPLY_LOCAL) stand where
 * our own words belong between its answers. Pure: no I/O.
 *
 * After an error in the extended protocol the server skips what follows up to Sync, and so does
 * the queue.
 */
#ifndef SW_BACKEND_REPLIES_H
#define SW_BACKEND_REPLIES_H

#include <stdbool.h>
#include <stdint.h>

enum sw_reply_kind {
    SW_REPLY_LOCAL,    /* nothing from the server */
    SW_REPLY_PARSE,    /* 1 */
    SW_REPLY_BIND,     /* 2 */
    SW_REPLY_DESCRIBE, /* [t] then T or n */
    SW_REPLY_EXECUTE,  /* D.., or H d.. c, or G, then C, I or s */
    SW_REPLY_CLOSE,    /* 3; of a statement */
    SW_REPLY_CLOSE_PORTAL,
    SW_REPLY_SYNC,  /* Z */
    SW_REPLY_QUERY, /* anything, then Z */
};

enum sw_reply_use {
    SW_REPLY_FORWARD, /* to the client */
    SW_REPLY_ABSORB,  /* to nobody */
    SW_REPLY_COLUMNS, /* of DESCRIBE: to the client, if it is RowDescription */
    SW_REPLY_CAPTURE, /* rows to the owner */
    SW_REPLY_ROWS,    /* of EXECUTE: rows alone are forwarded, and notices told by themselves */
};

enum { SW_REPLY_OF_NOBODY = -1 };

struct sw_reply {
    enum sw_reply_kind kind;
    enum sw_reply_use use;
    int index;   /* what its owner knows it by, or SW_REPLY_OF_NOBODY */
    void *about; /* what the backend has noted of that statement or portal; NULL: nothing */
};

struct sw_replies {
    struct sw_reply *ring;
    int first, count, size; /* size is a power of two */
};

void sw_replies_init(struct sw_replies *replies);
void sw_replies_finish(struct sw_replies *replies);
void sw_replies_push(struct sw_replies *replies, struct sw_reply reply);

/* The entry whose turn it is, or NULL. It stays until sw_replies_pop(). */
const struct sw_reply *sw_replies_head(const struct sw_replies *replies);
void sw_replies_pop(struct sw_replies *replies);

/* What a message of the server means for the head entry. */
enum sw_reply_turn {
    SW_TURN_STAYS, /* belongs to the head, more will come */
    SW_TURN_ENDS,  /* belongs to the head and is its last */
    SW_TURN_FAILS, /* ErrorResponse that ends the head, and what follows up to Sync */
    SW_TURN_ERROR, /* ErrorResponse inside a simple query: its ReadyForQuery will follow */
    SW_TURN_WRONG, /* the server breaks the protocol */
};

enum sw_reply_turn sw_replies_turn(const struct sw_replies *replies, uint8_t type);

/* After SW_TURN_FAILS: drop the head and all entries before the next SYNC; @on_skipped is
 * called for each of them but the head. Returns false when there is no SYNC: one must be sent.
 */
bool sw_replies_skip(struct sw_replies *replies,
                     void (*on_skipped)(void *owner, const struct sw_reply *reply),
                     void *owner);

#endif
