/*
 * tls - what a server shows and asks for in a TLS handshake: its certificate and key, whose
 * certificates it takes from clients, versions and ciphers.
 *
 * Immutable but for its count, and shared by all threads. A connection keeps what its handshake
 * was made with: a new certificate is another sw_tls, for those that come later.
 */
#ifndef SW_IO_TLS_H
#define SW_IO_TLS_H

#include "shardward/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* As libpq's sslmode, and for clients as PgBouncer's client_tls_sslmode. */
enum sw_tls_mode {
    SW_TLS_DISABLE,
    SW_TLS_ALLOW,
    SW_TLS_PREFER,
    SW_TLS_REQUIRE,
    SW_TLS_VERIFY_CA,
    SW_TLS_VERIFY_FULL,
};

enum { SW_TLS_MODES = SW_TLS_VERIFY_FULL + 1, SW_TLS_PRINT = 64 };

const char *sw_tls_mode_name(enum sw_tls_mode mode);

/* One end's side of TLS as files (PEM, by their paths) and words; NULL: none. */
struct sw_tls_files {
    const char *certificate; /* with the certificates between it and the root behind it */
    const char *key;         /* not encrypted; readable by nobody else, as PostgreSQL wants */
    const char *ca;          /* root certificates by which the other side's is judged */
    const char *ciphers;     /* of TLS 1.2, in OpenSSL's words */
    bool needs_13;           /* TLS 1.3 at least; else 1.2 */
};

/* Which of them is at fault. */
enum sw_tls_part { SW_TLS_CERTIFICATE, SW_TLS_KEY, SW_TLS_CA, SW_TLS_CIPHERS };

struct sw_tls;

/* Read the files for a server, which asks every client for a certificate that @files->ca
 * vouches for if that is given. NULL: F0000 with the reason, and *part. */
struct sw_tls *sw_tls_create(const struct sw_tls_files *files, enum sw_tls_part *part,
                             struct sw_error *err);
struct sw_tls *sw_tls_ref(struct sw_tls *tls); /* accepts NULL */
void sw_tls_unref(struct sw_tls *tls);         /* accepts NULL */

/*
 * How we, as a client, go to a server in TLS: libpq does it, and reads the files at each dial.
 */
struct sw_tls_client {
    enum sw_tls_mode mode;
    struct sw_tls_files files; /* `ciphers` are NULL */
};

/* Could it be used as it stands? Certificate and key may be missing. False: F0000, and *part.
 */
bool sw_tls_client_check(const struct sw_tls_client *client, enum sw_tls_part *part,
                         struct sw_error *err);
/* A copy that owns its texts; NULL of NULL. */
struct sw_tls_client *sw_tls_client_copy(const struct sw_tls_client *client);
void sw_tls_client_free(struct sw_tls_client *client); /* of a copy; accepts NULL */
/* A text that two have in common only if they are the same; free() it. */
char *sw_tls_client_text(const struct sw_tls_client *client);

/* Hexadecimal digits that are others when a certificate is another one. */
const char *sw_tls_fingerprint(const struct sw_tls *tls);
/* When the certificate's time is over: seconds since 1970; 0: not known. */
int64_t sw_tls_expires(const struct sw_tls *tls);
/* What SCRAM binds to a channel by tls-server-end-point (RFC 5929, section 4.1): a hash of the
 * certificate. NULL: the certificate's signature has none. */
const uint8_t *sw_tls_binding(const struct sw_tls *tls, size_t *len);

#endif
