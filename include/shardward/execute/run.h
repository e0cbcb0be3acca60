/*
 * run - what a client asked for between two points at which it may expect answers (Sync, Flush,
 * or the end of a simple query), as a list of requests for one server.
 *
 * A run names statements by what they are, not by what a server calls them. It owns its bytes
 * and shares its statements; it is filled, run, and cleared, and keeps its memory in between
 * unless that grew large.
 */
#ifndef SW_EXECUTE_RUN_H
#define SW_EXECUTE_RUN_H

#include "shardward/backend/prepared.h"
#include "shardward/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum sw_request_kind {
    SW_REQUEST_QUERY, /* text: a simple query */
    SW_REQUEST_PARSE,
    SW_REQUEST_BIND, /* text: the portal; bytes: what follows the names in the message */
    SW_REQUEST_DESCRIBE_STATEMENT,
    SW_REQUEST_DESCRIBE_PORTAL, /* text: the portal */
    SW_REQUEST_EXECUTE,         /* text: the portal */
    SW_REQUEST_CLOSE_PORTAL,    /* text: the portal */
    SW_REQUEST_SYNC,
    SW_REQUEST_FLUSH,
    SW_REQUEST_INJECT, /* text: a statement of ours, whose answer the client does not see */
    SW_REQUEST_COPY,   /* text: the same, but for what its execution answers */
    SW_REQUEST_LOCAL,  /* bytes: messages for the client, in their turn */
    SW_REQUEST_FAIL,   /* bytes: an ErrorResponse of ours; the server must fail here too */
};

struct sw_request {
    enum sw_request_kind kind;
    struct sw_prepared *prepared; /* of PARSE, BIND and DESCRIBE_STATEMENT; of a portal: what it
                                     was bound to, or NULL */
    size_t text, bytes, bytes_len; /* offsets in the run's bytes */
    uint32_t max_rows;             /* of EXECUTE */
    bool is_quiet;    /* of PARSE, BIND, DESCRIBE and CLOSE_PORTAL: the client hears of it no
                         more than of a simple query: of a portal's columns, and of errors */
    bool is_for_rows; /* of EXECUTE: rows are forwarded, and nothing else of the answer */
    bool is_done;     /* answered, and not with an error */
    void *before;     /* its owner's, as are the next two */
    void *about;      /* its owner's, as is `role` */
    int role;
};

struct sw_run {
    struct sw_buf bytes;
    struct sw_request *requests;
    int count, size;
    bool needs_server; /* holds a request that a server must answer */
};

enum { SW_RUN_LIMIT = 0x7fffffff };

void sw_run_init(struct sw_run *run);
void sw_run_finish(struct sw_run *run);
void sw_run_clear(struct sw_run *run);

/* Append a request. @text may be NULL; @prepared is shared; @bytes are copied. Returns it; it
 * stays valid until the next one is appended. */
struct sw_request *sw_run_add(struct sw_run *run, enum sw_request_kind kind,
                              struct sw_prepared *prepared, const char *text, const void *bytes,
                              size_t bytes_len);

const char *sw_run_text(const struct sw_run *run, const struct sw_request *request);
const uint8_t *sw_run_bytes(const struct sw_run *run, const struct sw_request *request);

#endif
