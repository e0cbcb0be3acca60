#include "shardward/auth/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 7677, section 3: user "user", password "pencil". */
static const char rfc_password[] = "pencil";
static const char rfc_salt[] = "W22ZaJ0SNY7soEsUEjb6gQ==";
static const char rfc_first_bare[] = "n=user,r=rOprNGfwEbeRWgbNEkqO";
static const char rfc_nonce[] = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
static const char rfc_server_first[] =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
static const char rfc_client_final[] =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
static const char rfc_server_final[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

/* A verifier for "pencil" with the salt above, as PostgreSQL stores it. */
static const char rfc_verifier[] =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

static void hmac(const uint8_t *key, const char *text, uint8_t *out)
{
    assert_non_null(
        HMAC(EVP_sha256(), key, SW_SCRAM_KEY, (const uint8_t *)text, strlen(text), out, NULL));
}

static void salt_password(const char *password, const struct sw_scram_verifier *verifier,
                          uint8_t *salted)
{
    assert_int_equal(PKCS5_PBKDF2_HMAC(password, -1, verifier->salt, (int)verifier->salt_len,
                                       verifier->iterations, EVP_sha256(), SW_SCRAM_KEY,
                                       salted),
                     1);
}

/* The client's side of RFC 5802, section 3: the proof and the signature to expect. */
static void prove(const char *password, const struct sw_scram_verifier *verifier,
                  const char *auth_message, char *proof, char *server_signature)
{
    uint8_t salted[SW_SCRAM_KEY], key[SW_SCRAM_KEY], stored[SW_SCRAM_KEY];
    uint8_t signature[SW_SCRAM_KEY];

    salt_password(password, verifier, salted);
    hmac(salted, "Client Key", key);
    assert_int_equal(EVP_Digest(key, sizeof key, stored, NULL, EVP_sha256(), NULL), 1);
    hmac(stored, auth_message, signature);
    for (int i = 0; i < SW_SCRAM_KEY; i++)
        key[i] ^= signature[i];
    EVP_EncodeBlock((uint8_t *)proof, key, sizeof key);
    hmac(salted, "Server Key", key);
    hmac(key, auth_message, signature);
    EVP_EncodeBlock((uint8_t *)server_signature, signature, sizeof signature);
}

static struct sw_scram_verifier verifier_of(const char *text)
{
    struct sw_scram_verifier verifier;

    assert_true(sw_scram_read_verifier(text, &verifier));
    return verifier;
}

static bool say(struct sw_scram *scram, const char *message, char *answer, struct sw_error *err)
{
    return sw_scram_answer(scram, (const uint8_t *)message, strlen(message), answer, err);
}

static void the_vector_of_rfc_7677_passes(void **state)
{
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);
    char answer[SW_SCRAM_MESSAGE_MAX];
    struct sw_scram scram;
    struct sw_error err;

    sw_scram_init(&scram, &verifier);
    assert_true(say(&scram, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", answer, &err));
    assert_string_equal(scram.client_first_bare, rfc_first_bare);
    /* Our random part of the nonce gives way to the one of the RFC. */
    memcpy(scram.server_first, rfc_server_first, sizeof rfc_server_first);
    memcpy(scram.nonce, rfc_nonce, sizeof rfc_nonce);
    assert_true(say(&scram, rfc_client_final, answer, &err));
    assert_string_equal(answer, rfc_server_final);
    assert_int_equal(scram.step, SW_SCRAM_DONE);
}

static void a_verifier_is_read_in_parts(void **state)
{
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);
    char salt[64];

    assert_int_equal(verifier.iterations, 4096);
    assert_int_equal(verifier.salt_len, 16);
    EVP_EncodeBlock((uint8_t *)salt, verifier.salt, (int)verifier.salt_len);
    assert_string_equal(salt, rfc_salt);
}

#define STORED "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define SERVER "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define SALT_64                                                                                \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define SALT_65                                                                                \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void a_verifier_is_read_strictly(void **state)
{
    static const struct {
        const char *text;
        bool is_read;
    } rows[] = {
        {"SCRAM-SHA-256$4096:AAAA$" STORED ":" SERVER, true},
        {"SCRAM-SHA-256$1:AA==$" STORED ":" SERVER, true},
        {"SCRAM-SHA-256$2147483647:AAA=$" STORED ":" SERVER, true},
        {"SCRAM-SHA-256$4096:" SALT_64 "$" STORED ":" SERVER, true},
        {"SCRAM-SHA-256$4096:" SALT_65 "$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$2147483648:AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$0:AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$04096:AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$-1:AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$+1:AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096 :AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$:AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:AAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:AB==$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:AAB=$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:A===$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:====$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:AA==AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:AA A$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:    AAAA$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:AA-A$" STORED ":" SERVER, false},
        {"SCRAM-SHA-256$4096:AAAA$AAAA:" SERVER, false},
        {"SCRAM-SHA-256$4096:AAAA$" STORED ":AAAA", false},
        {"SCRAM-SHA-256$4096:AAAA$" STORED ":" SERVER "x", false},
        {"SCRAM-SHA-256$4096:AAAA$" STORED ":" SERVER "\n", false},
        {"SCRAM-SHA-256$4096:AAAA$" STORED ":", false},
        {"SCRAM-SHA-256$4096:AAAA$" STORED, false},
        {"SCRAM-SHA-256$4096:AAAA", false},
        {"SCRAM-SHA-256$4096", false},
        {"SCRAM-SHA-256", false},
        {"SCRAM-SHA-1$4096:AAAA$" STORED ":" SERVER, false},
        {"scram-sha-256$4096:AAAA$" STORED ":" SERVER, false},
        {" SCRAM-SHA-256$4096:AAAA$" STORED ":" SERVER, false},
        {"md5c8b53fcbcf1b4b4a3e4b2d4a6c7a6c7a", false},
        {"", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_scram_verifier verifier = {.iterations = -7};

        assert_int_equal(sw_scram_read_verifier(rows[i].text, &verifier), rows[i].is_read);
        if (!rows[i].is_read)
            assert_int_equal(verifier.iterations, -7);
    }
}

static const uint8_t channel[] = "the hash of a certificate";

/* A whole login; false when the server refused the proof. @is_bound: by SCRAM-SHA-256-PLUS. */
static bool log_in_by(const struct sw_scram_verifier *verifier, const char *password,
                      const char *gs2_header, const char *binding, bool is_bound,
                      struct sw_error *err)
{
    char message[SW_SCRAM_MESSAGE_MAX], answer[SW_SCRAM_MESSAGE_MAX];
    char auth_message[4 * SW_SCRAM_MESSAGE_MAX], unproved[SW_SCRAM_MESSAGE_MAX / 2];
    char proof[64], signature[64];
    struct sw_scram scram;

    sw_scram_init(&scram, verifier);
    if (is_bound)
        sw_scram_offer_binding(&scram, channel, sizeof channel - 1);
    scram.is_bound = is_bound;
    (void)snprintf(message, sizeof message, "%sn=,r=abc", gs2_header);
    assert_true(say(&scram, message, answer, err));
    assert_int_equal(scram.step, SW_SCRAM_FINAL);
    assert_memory_equal(answer, "r=abc", 5);
    (void)snprintf(unproved, sizeof unproved, "c=%s,r=%.*s,x=ignored", binding,
                   (int)(strcspn(answer, ",") - 2), answer + 2);
    (void)snprintf(auth_message, sizeof auth_message, "n=,r=abc,%s,%s", answer, unproved);
    prove(password, verifier, auth_message, proof, signature);
    (void)snprintf(message, sizeof message, "%s,p=%s", unproved, proof);
    if (!say(&scram, message, answer, err)) {
        assert_int_equal(scram.step, SW_SCRAM_FAILED);
        return false;
    }
    assert_int_equal(scram.step, SW_SCRAM_DONE);
    assert_memory_equal(answer, "v=", 2);
    assert_string_equal(answer + 2, signature);
    return true;
}

static bool log_in(const struct sw_scram_verifier *verifier, const char *password,
                   const char *gs2_header, const char *binding, struct sw_error *err)
{
    return log_in_by(verifier, password, gs2_header, binding, false, err);
}

static void only_the_right_password_gets_in(void **state)
{
    static const struct {
        const char *made_of, *sent;
        bool is_right;
    } rows[] = {
        {"pencil", "pencil", true}, {"pencil", "Pencil", false},    {"pencil", "", false},
        {"a b\\", "a b\\", true},   {"\xc3\xa9", "\xc3\xa9", true}, {"", "", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_scram_verifier verifier;
        struct sw_error err;

        assert_true(sw_scram_make_verifier(rows[i].made_of, &verifier));
        assert_int_equal(log_in(&verifier, rows[i].sent, "n,,", "biws", &err),
                         rows[i].is_right);
        if (!rows[i].is_right) {
            assert_string_equal(err.sqlstate, "28P01");
            assert_string_equal(err.message, "password authentication failed");
        }
    }
}

static void a_client_that_could_bind_channels_gets_in(void **state)
{
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);
    struct sw_error err;

    assert_true(log_in(&verifier, rfc_password, "y,,", "eSws", &err));
}

static void a_changed_gs2_header_is_refused(void **state)
{
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);
    struct sw_error err;

    assert_false(log_in(&verifier, rfc_password, "y,,", "biws", &err));
    assert_string_equal(err.sqlstate, "08P01");
    assert_string_equal(err.message,
                        "unexpected SCRAM channel-binding attribute in client-final-message");
    assert_false(log_in(&verifier, rfc_password, "n,,", "eSws", &err));
    assert_string_equal(err.sqlstate, "08P01");
    assert_false(log_in(&verifier, rfc_password, "n,,", "", &err));
    assert_string_equal(err.sqlstate, "08P01");
}

static void two_verifiers_of_a_password_differ(void **state)
{
    struct sw_scram_verifier one, other;

    assert_true(sw_scram_make_verifier("pencil", &one));
    assert_true(sw_scram_make_verifier("pencil", &other));
    assert_int_equal(one.iterations, 4096);
    assert_int_equal(one.salt_len, 16);
    assert_memory_not_equal(one.salt, other.salt, 16);
    assert_memory_not_equal(one.stored_key, other.stored_key, SW_SCRAM_KEY);
}

static void an_unknown_user_looks_like_a_known_one(void **state)
{
    struct sw_scram_verifier one, again, other;
    struct sw_error err;

    sw_scram_mock_verifier("ann", &one);
    sw_scram_mock_verifier("ann", &again);
    sw_scram_mock_verifier("bob", &other);
    assert_int_equal(one.iterations, 4096);
    assert_int_equal(one.salt_len, 16);
    assert_memory_equal(one.salt, again.salt, 16);
    assert_memory_not_equal(one.salt, other.salt, 16);
    assert_false(log_in(&one, "pencil", "n,,", "biws", &err));
    assert_string_equal(err.sqlstate, "28P01");
    assert_string_equal(err.message, "password authentication failed");
}

static void nonces_are_never_the_same(void **state)
{
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);
    char one[SW_SCRAM_MESSAGE_MAX], other[SW_SCRAM_MESSAGE_MAX];
    struct sw_scram scram;
    struct sw_error err;

    sw_scram_init(&scram, &verifier);
    assert_true(say(&scram, "n,,n=,r=abc", one, &err));
    assert_int_equal(strlen(scram.nonce), 3 + SW_SCRAM_NONCE);
    sw_scram_init(&scram, &verifier);
    assert_true(say(&scram, "n,,n=,r=abc", other, &err));
    assert_string_not_equal(one, other);
}

static void a_first_message_is_read_strictly(void **state)
{
    static const struct {
        const char *message, *sqlstate; /* NULL: accepted */
    } rows[] = {
        {"n,,n=,r=abc", NULL},
        {"y,,n=ann,r=abc", NULL},
        {"n,,n=,r=abc,x=1,Y=2", NULL},
        {"n,,n=,r=!~=+", NULL},
        {"p=tls-server-end-point,,n=,r=abc", "0A000"},
        {"n,a=bob,n=,r=abc", "0A000"},
        {"n,,m=1,n=,r=abc", "0A000"},
        {"x,,n=,r=abc", "08P01"},
        {"N,,n=,r=abc", "08P01"},
        {"n", "08P01"},
        {"n,", "08P01"},
        {"n,,", "08P01"},
        {"nn,,n=,r=abc", "08P01"},
        {"n,n=,r=abc", "08P01"},
        {"n,,n", "08P01"},
        {"n,,n=", "08P01"},
        {"n,,r=abc", "08P01"},
        {"n,,r=abc,n=", "08P01"},
        {"n,,n,r=abc", "08P01"},
        {"n,,n=,r", "08P01"},
        {"n,,n=,r=a\x7f", "08P01"},
        {"n,,n=,r=a b", "08P01"},
        {"n,,n=,r=\xc3\xa9", "08P01"},
        {"n,,n=,r=abc,1=x", "08P01"},
        {"n,,n=,r=abc,x", "08P01"},
        {"n,,n=,r=abc,,", "08P01"},
        {"", "08P01"},
    };
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char answer[SW_SCRAM_MESSAGE_MAX] = "untouched";
        struct sw_scram scram;
        struct sw_error err;

        sw_scram_init(&scram, &verifier);
        assert_int_equal(say(&scram, rows[i].message, answer, &err), rows[i].sqlstate == NULL);
        if (rows[i].sqlstate != NULL) {
            assert_string_equal(err.sqlstate, rows[i].sqlstate);
            assert_string_equal(answer, "untouched");
            assert_int_equal(scram.step, SW_SCRAM_FAILED);
        }
    }
}

/* RFC 5802, section 6, in PostgreSQL's words (libpq/auth-scram.c). */
static void a_binding_is_negotiated(void **state)
{
    static const struct {
        const char *message;
        bool is_offered, is_chosen;
        const char *sqlstate; /* NULL: accepted */
    } rows[] = {
        {"n,,n=,r=abc", true, false, NULL},
        {"y,,n=,r=abc", false, false, NULL},
        {"y,,n=,r=abc", true, false, "28000"},
        {"n,,n=,r=abc", true, true, "08P01"},
        {"y,,n=,r=abc", true, true, "08P01"},
        {"p=tls-server-end-point,,n=,r=abc", true, true, NULL},
        {"p=tls-server-end-point,,n=,r=abc", true, false, "08P01"},
        {"p=tls-server-end-point,,n=,r=abc", false, false, "0A000"},
        {"p=tls-server-end-points,,n=,r=abc", true, true, "08P01"},
        {"p=tls-server-end,,n=,r=abc", true, true, "08P01"},
        {"p=tls-server-end-point", true, true, "08P01"},
        {"p=tls-server-end-point,a=b,n=,r=abc", true, true, "0A000"},
        {"p=,,n=,r=abc", true, true, "08P01"},
        {"p,,n=,r=abc", true, true, "08P01"},
        {"p", true, true, "08P01"},
    };
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char answer[SW_SCRAM_MESSAGE_MAX];
        struct sw_scram scram;
        struct sw_error err;

        sw_scram_init(&scram, &verifier);
        if (rows[i].is_offered)
            sw_scram_offer_binding(&scram, channel, sizeof channel - 1);
        scram.is_bound = rows[i].is_chosen;
        assert_int_equal(say(&scram, rows[i].message, answer, &err), rows[i].sqlstate == NULL);
        if (rows[i].sqlstate != NULL)
            assert_string_equal(err.sqlstate, rows[i].sqlstate);
    }
}

static void only_the_channel_itself_is_bound(void **state)
{
    static const struct {
        const char *hash;
        const char *sqlstate; /* NULL: let in */
    } rows[] = {
        {"the hash of a certificate", NULL},
        {"the hash of a certificat", "28000"},
        {"the hash of a certificatE", "28000"},
        {"", "28000"},
    };
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char plain[128], encoded[256];
        struct sw_error err;
        int len = snprintf(plain, sizeof plain, "p=tls-server-end-point,,%s", rows[i].hash);

        EVP_EncodeBlock((uint8_t *)encoded, (const uint8_t *)plain, len);
        assert_int_equal(
            log_in_by(&verifier, rfc_password, "p=tls-server-end-point,,", encoded, true, &err),
            rows[i].sqlstate == NULL);
        if (rows[i].sqlstate != NULL)
            assert_string_equal(err.sqlstate, rows[i].sqlstate);
    }
}

static void a_last_message_is_read_strictly(void **state)
{
    static const char proof[] = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    static const struct {
        const char *before, *behind, *message; /* around the nonce; of the error */
    } rows[] = {
        {"c=biws,r=", ",p=", "password authentication failed"},
        {"c=biws,r=", ",x=1,y=2,p=", "password authentication failed"},
        {"c=biws,r=", ",x=1,p=A", "malformed SCRAM message"},
        {"c=biws,r=x", ",p=", "invalid SCRAM response"},
        {"c=biws,r=", "x,p=", "invalid SCRAM response"},
        {"c=biwsx,r=", ",p=",
         "unexpected SCRAM channel-binding attribute in "
         "client-final-message"},
        {"c=,r=", ",p=", "unexpected SCRAM channel-binding attribute in client-final-message"},
        {"r=", ",c=biws,p=", "malformed SCRAM message"},
        {"c=biws,x=1,r=", ",p=", "malformed SCRAM message"},
        {"c=biws,r=", ",q=", "malformed SCRAM message"},
        {"c=biws,r=", ",p", "malformed SCRAM message"},
        {"c=biws,r=", ",p=AAAA,p=", "malformed SCRAM message"},
        {"c=biws,r=", ",", "malformed SCRAM message"},
    };
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char answer[SW_SCRAM_MESSAGE_MAX], message[2 * SW_SCRAM_MESSAGE_MAX];
        struct sw_scram scram;
        struct sw_error err;

        sw_scram_init(&scram, &verifier);
        assert_true(say(&scram, "n,,n=,r=abc", answer, &err));
        (void)snprintf(message, sizeof message, "%s%s%s%s", rows[i].before, scram.nonce,
                       rows[i].behind, proof);
        assert_false(say(&scram, message, answer, &err));
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(scram.step, SW_SCRAM_FAILED);
    }
}

static void nothing_may_stand_behind_the_proof(void **state)
{
    static const char *const tails[] = {",", ",x=1", ",p=AAAA"};
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);

    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char answer[SW_SCRAM_MESSAGE_MAX], message[2 * SW_SCRAM_MESSAGE_MAX];
        struct sw_scram scram;
        struct sw_error err;

        sw_scram_init(&scram, &verifier);
        assert_true(say(&scram, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", answer, &err));
        memcpy(scram.server_first, rfc_server_first, sizeof rfc_server_first);
        memcpy(scram.nonce, rfc_nonce, sizeof rfc_nonce);
        (void)snprintf(message, sizeof message, "%s%s", rfc_client_final, tails[i]);
        assert_false(say(&scram, message, answer, &err));
        assert_string_equal(err.detail, "Garbage found at the end of client-final-message.");
    }
}

static void a_message_may_hold_no_zero_byte(void **state)
{
    static const char message[] = "n,,n=,r=abc\0x";
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);
    char answer[SW_SCRAM_MESSAGE_MAX];
    struct sw_scram scram;
    struct sw_error err;

    sw_scram_init(&scram, &verifier);
    assert_false(
        sw_scram_answer(&scram, (const uint8_t *)message, sizeof message - 1, answer, &err));
    assert_string_equal(err.sqlstate, "08P01");
}

/* "n,,n=<filler>,r=<nonce>", @len bytes in all. */
static bool say_long(size_t len, size_t nonce_len, struct sw_error *err)
{
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);
    char answer[SW_SCRAM_MESSAGE_MAX], message[2 * SW_SCRAM_MESSAGE_MAX];
    struct sw_scram scram;

    memset(message, 'a', sizeof message);
    memcpy(message, "n,,n=", 5);
    memcpy(message + len - nonce_len - 3, ",r=", 3);
    sw_scram_init(&scram, &verifier);
    return sw_scram_answer(&scram, (const uint8_t *)message, len, answer, err);
}

static void an_overlong_message_is_refused(void **state)
{
    /* "r=", the nonce of both, ",s=", the salt, ",i=4096" fill an answer of 1023 bytes. */
    const size_t longest_nonce = SW_SCRAM_MESSAGE_MAX - 1 - 2 - SW_SCRAM_NONCE - 3 - 24 - 7;
    struct sw_error err;

    assert_true(say_long(SW_SCRAM_MESSAGE_MAX - 1, 10, &err));
    assert_false(say_long(SW_SCRAM_MESSAGE_MAX, 10, &err));
    assert_string_equal(err.sqlstate, "08P01");
    assert_true(say_long(longest_nonce + 8, longest_nonce, &err));
    assert_false(say_long(longest_nonce + 9, longest_nonce + 1, &err));
    assert_string_equal(err.sqlstate, "08P01");
}

static void a_dialogue_that_is_over_stays_over(void **state)
{
    const struct sw_scram_verifier verifier = verifier_of(rfc_verifier);
    char answer[SW_SCRAM_MESSAGE_MAX];
    struct sw_scram scram;
    struct sw_error err;

    sw_scram_init(&scram, &verifier);
    assert_false(say(&scram, "x", answer, &err));
    assert_false(say(&scram, "n,,n=,r=abc", answer, &err));
    assert_string_equal(err.sqlstate, "08P01");
    assert_int_equal(scram.step, SW_SCRAM_FAILED);

    sw_scram_init(&scram, &verifier);
    scram.step = SW_SCRAM_DONE;
    assert_false(say(&scram, "n,,n=,r=abc", answer, &err));
    assert_int_equal(scram.step, SW_SCRAM_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_rfc_7677_passes),
        cmocka_unit_test(a_verifier_is_read_in_parts),
        cmocka_unit_test(a_verifier_is_read_strictly),
        cmocka_unit_test(only_the_right_password_gets_in),
        cmocka_unit_test(a_client_that_could_bind_channels_gets_in),
        cmocka_unit_test(a_changed_gs2_header_is_refused),
        cmocka_unit_test(two_verifiers_of_a_password_differ),
        cmocka_unit_test(an_unknown_user_looks_like_a_known_one),
        cmocka_unit_test(nonces_are_never_the_same),
        cmocka_unit_test(a_first_message_is_read_strictly),
        cmocka_unit_test(a_binding_is_negotiated),
        cmocka_unit_test(only_the_channel_itself_is_bound),
        cmocka_unit_test(a_last_message_is_read_strictly),
        cmocka_unit_test(nothing_may_stand_behind_the_proof),
        cmocka_unit_test(a_message_may_hold_no_zero_byte),
        cmocka_unit_test(an_overlong_message_is_refused),
        cmocka_unit_test(a_dialogue_that_is_over_stays_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
