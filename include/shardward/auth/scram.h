/*
 * scram - the server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677; PostgreSQL docs, "SASL
 * Authentication"), as a dialogue of two steps without any I/O.
 *
 * A verifier is what PostgreSQL keeps in pg_authid.rolpassword.
 */
#ifndef SW_AUTH_SCRAM_H
#define SW_AUTH_SCRAM_H

#include "shardward/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SW_SCRAM_KEY = 32,
    SW_SCRAM_SALT_MAX = 64,
    SW_SCRAM_NONCE = 24,         /* characters of our part of the nonce: 18 random bytes */
    SW_SCRAM_MESSAGE_MAX = 1024, /* bytes of a message with a zero byte */
    SW_SCRAM_BINDING_MAX = 64,   /* bytes of a hash */
};

struct sw_scram_verifier {
    int iterations;
    uint8_t salt[SW_SCRAM_SALT_MAX];
    size_t salt_len;
    uint8_t stored_key[SW_SCRAM_KEY];
    uint8_t server_key[SW_SCRAM_KEY];
};

/* Read "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>". False of anything else,
 * also of base64 that an encoder would not write; *verifier is untouched then. */
bool sw_scram_read_verifier(const char *text, struct sw_scram_verifier *verifier);
/* Make one of a password (SASLprep'd as far as ASCII goes; other text is used as it is), with
 * 4096 rounds and a random salt: some milliseconds. False when OpenSSL has no random bytes. */
bool sw_scram_make_verifier(const char *password, struct sw_scram_verifier *verifier);
/* One for a user that does not exist: the salt depends on the name and this process only, no
 * password matches. */
void sw_scram_mock_verifier(const char *user, struct sw_scram_verifier *verifier);

enum sw_scram_step { SW_SCRAM_FIRST, SW_SCRAM_FINAL, SW_SCRAM_DONE, SW_SCRAM_FAILED };

/* One login. Owned by the caller; holds no heap memory. */
struct sw_scram {
    enum sw_scram_step step;
    struct sw_scram_verifier verifier;
    char gs2_header[SW_SCRAM_MESSAGE_MAX];
    char client_first_bare[SW_SCRAM_MESSAGE_MAX];
    char server_first[SW_SCRAM_MESSAGE_MAX];
    char nonce[SW_SCRAM_MESSAGE_MAX]; /* the client's and ours */
    uint8_t binding[SW_SCRAM_BINDING_MAX];
    size_t binding_len; /* 0: nothing to bind to */
    bool is_bound;      /* the client has chosen SCRAM-SHA-256-PLUS */
};

void sw_scram_init(struct sw_scram *scram, const struct sw_scram_verifier *verifier);
/* Before the first message: the dialogue can be bound to its channel, and SCRAM-SHA-256-PLUS is
 * offered. @binding is that of tls-server-end-point, @len at most SW_SCRAM_BINDING_MAX. */
void sw_scram_offer_binding(struct sw_scram *scram, const uint8_t *binding, size_t len);

/*
 * Take the client's next message (@len bytes) and write our answer, as text, into @answer
 * (SW_SCRAM_MESSAGE_MAX bytes): first the server-first-message, then the server-final-message
 * (step is SW_SCRAM_DONE then). False: 28P01 for a wrong proof, 08P01 for a broken message,
 * 28000 for another channel than ours, or for a client that could bind and believes that it was
 * not offered it, 0A000 for what we do not support: channel binding (p=) that was not offered,
 * an authorization identity (a=), a mandatory extension (m=). The dialogue is over then, the
 * step SW_SCRAM_FAILED. The user name in the message is ignored: that of the start-up packet
 * counts.
 */
bool sw_scram_answer(struct sw_scram *scram, const uint8_t *message, size_t len, char *answer,
                     struct sw_error *err);

#endif
