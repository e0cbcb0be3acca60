/*
 * startup - what a client sends before it is logged in (PostgreSQL docs, "Start-up",
 * "StartupMessage", "CancelRequest", "SSLRequest", "GSSENCRequest").
 */
#ifndef SW_WIRE_STARTUP_H
#define SW_WIRE_STARTUP_H

#include "shardward/base/error.h"
#include "shardward/wire/frame.h"

/* Bytes of a start-up packet as an untyped frame: PostgreSQL takes 10,000 behind the length. */
enum { SW_STARTUP_LIMIT = 4 + 10000 };

enum sw_startup_kind {
    SW_STARTUP_SSL,
    SW_STARTUP_GSSENC,
    SW_STARTUP_CANCEL,
    SW_STARTUP_SESSION,
};

struct sw_startup_pair {
    const char *name, *value; /* borrowed from the packet, but for those out of `options` */
};

enum { SW_STARTUP_PAIRS = 128 };

/* Owns what `options` was unescaped into; free with sw_startup_finish(). Keys other than user,
 * database, options and replication are settings; the last of equal keys counts. */
struct sw_startup {
    enum sw_startup_kind kind;
    uint32_t version;    /* of a session: major << 16 | minor */
    uint32_t cancel_pid; /* of a cancel */
    uint32_t cancel_key;
    const char *user;     /* never NULL or empty of a session */
    const char *database; /* the user's name when missing or empty */
    bool is_replication;  /* replication= names a walsender */
    /* Those of `options` (-c a=b, --a=b) first, their names in lower case and `-` as `_`; then
     * the other keys, spelled as sent. To be applied in this order; a name may come twice. */
    struct sw_startup_pair settings[SW_STARTUP_PAIRS];
    int setting_count;
    const char *unknown_options[SW_STARTUP_PAIRS]; /* names of _pq_.* keys */
    int unknown_option_count;
    char *options_memory;
};

/*
 * Read a start-up packet (an untyped frame). On failure the error is what PostgreSQL would send
 * as FATAL: 08P01 for a broken packet, 0A000 for an unsupported protocol version (the version
 * is filled in then), 28000 without a user name, 22023 for a broken `replication`, 42601 for
 * broken `options` (42704 without a name before the `=`), 54000 for more than SW_STARTUP_PAIRS
 * settings. After a failure nothing is owned; sw_startup_finish() is allowed, not needed.
 *
 * Of the switches that PostgreSQL takes in `options`, -c and -- are known, no others. Bytes
 * behind the code of SSLRequest and GSSENCRequest are ignored, as PostgreSQL does; a
 * CancelRequest must have its exact length.
 */
bool sw_startup_read(struct sw_startup *startup, const struct sw_frame *frame,
                     struct sw_error *err);
void sw_startup_finish(struct sw_startup *startup);

#endif
