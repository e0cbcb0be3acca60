/*
 *   client                                   server
 *   n,,n=user,r=<c>                     ->
 *                                       <-   r=<c><s>,s=<salt>,i=<iterations>
 *   c=biws,r=<c><s>,p=<ClientProof>     ->
 *                                       <-   v=<ServerSignature>
 *
 * AuthMessage      client-first without its gs2 header, server-first, client-final without p=
 * ClientSignature  HMAC(StoredKey, AuthMessage)
 * ClientKey        ClientProof XOR ClientSignature; its SHA-256 must be the StoredKey
 * ServerSignature  HMAC(ServerKey, AuthMessage)
 *
 * The texts of the errors are PostgreSQL's (libpq/auth-scram.c).
 */
#include "shardward/auth/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    ITERATIONS = 4096,
    SALT_LEN = 16, /* as PostgreSQL makes them */
    BLOCK = 64,    /* of SHA-256 */
    NONCE_BYTES = SW_SCRAM_NONCE / 4 * 3,
    BASE64_MAX = (SW_SCRAM_SALT_MAX + 2) / 3 * 4,
};

struct slice {
    const char *text;
    size_t len;
};

/* The slice before the first @end, which is taken too; false when there is none. */
static bool cut_at(struct slice *rest, char end, struct slice *part)
{
    const char *found = memchr(rest->text, end, rest->len);

    if (found == NULL)
        return false;
    *part = (struct slice){rest->text, (size_t)(found - rest->text)};
    *rest = (struct slice){found + 1, rest->len - part->len - 1};
    return true;
}

static bool is_equal(struct slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.text, text, slice.len) == 0;
}

/* Strict: exactly what an encoder would have written. */
static bool decode_base64(struct slice slice, uint8_t *bytes, size_t size, size_t *len)
{
    uint8_t plain[BASE64_MAX], again[BASE64_MAX + 1];
    const uint8_t *text = (const uint8_t *)slice.text;
    int plain_len;

    if (slice.len == 0 || slice.len % 4 != 0 || slice.len > BASE64_MAX)
        return false;
    plain_len = EVP_DecodeBlock(plain, text, (int)slice.len);
    if (plain_len < 0)
        return false;
    /* The padding was decoded to zero bytes. */
    for (size_t at = slice.len; text[at - 1] == '=' && at > slice.len - 2; at--)
        plain_len--;
    if (plain_len <= 0 || (size_t)plain_len > size ||
        EVP_EncodeBlock(again, plain, plain_len) != (int)slice.len ||
        memcmp(again, text, slice.len) != 0)
        return false;
    memcpy(bytes, plain, (size_t)plain_len);
    *len = (size_t)plain_len;
    return true;
}

static bool decode_key(struct slice slice, uint8_t *key)
{
    size_t len;

    return decode_base64(slice, key, SW_SCRAM_KEY, &len) && len == SW_SCRAM_KEY;
}

static bool read_iterations(struct slice slice, int *iterations)
{
    int sum = 0;

    if (slice.len == 0 || slice.text[0] == '0')
        return false;
    for (size_t i = 0; i < slice.len; i++) {
        int digit = slice.text[i] - '0';

        if (digit < 0 || digit > 9 || sum > (INT_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *iterations = sum;
    return true;
}

bool sw_scram_read_verifier(const char *text, struct sw_scram_verifier *verifier)
{
    struct slice rest = {text, strlen(text)}, mechanism, iterations, salt, stored_key;
    struct sw_scram_verifier read = {0};

    if (!cut_at(&rest, '$', &mechanism) || !is_equal(mechanism, "SCRAM-SHA-256") ||
        !cut_at(&rest, ':', &iterations) || !read_iterations(iterations, &read.iterations) ||
        !cut_at(&rest, '$', &salt) ||
        !decode_base64(salt, read.salt, sizeof read.salt, &read.salt_len) ||
        !cut_at(&rest, ':', &stored_key) || !decode_key(stored_key, read.stored_key) ||
        !decode_key(rest, read.server_key))
        return false;
    *verifier = read;
    return true;
}

static CRYPTO_ONCE method_once = CRYPTO_ONCE_STATIC_INIT;
static const EVP_MD *method; /* SHA-256; OpenSSL takes microseconds to find it */

static void find_method(void)
{
    method = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (method == NULL)
        abort();
}

static const EVP_MD *sha256_method(void)
{
    if (CRYPTO_THREAD_run_once(&method_once, find_method) != 1)
        abort();
    return method;
}

static bool hash_two(EVP_MD_CTX *context, const uint8_t *head, size_t head_len,
                     const void *tail, size_t tail_len, uint8_t *result)
{
    return EVP_DigestInit_ex(context, sha256_method(), NULL) == 1 &&
           EVP_DigestUpdate(context, head, head_len) == 1 &&
           EVP_DigestUpdate(context, tail, tail_len) == 1 &&
           EVP_DigestFinal_ex(context, result, NULL) == 1;
}

/* RFC 2104, of a key that is shorter than a block. OpenSSL's own HMAC() takes four times as
 * long for texts like these: it finds its methods anew each time. */
static bool hmac(const uint8_t *key, const void *data, size_t len, uint8_t *result)
{
    uint8_t inner[BLOCK], outer[BLOCK], hash[SW_SCRAM_KEY];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_done;

    for (size_t i = 0; i < BLOCK; i++) {
        uint8_t byte = i < SW_SCRAM_KEY ? key[i] : 0;

        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
    }
    is_done = context != NULL && hash_two(context, inner, BLOCK, data, len, hash) &&
              hash_two(context, outer, BLOCK, hash, sizeof hash, result);
    EVP_MD_CTX_free(context);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
    return is_done;
}

static bool sha256(const uint8_t *bytes, size_t len, uint8_t *result)
{
    return EVP_Digest(bytes, len, result, NULL, sha256_method(), NULL) == 1;
}

static bool derive_keys(const char *password, struct sw_scram_verifier *verifier)
{
    uint8_t salted[SW_SCRAM_KEY], client_key[SW_SCRAM_KEY];
    bool is_done = PKCS5_PBKDF2_HMAC(password, (int)strlen(password), verifier->salt,
                                     (int)verifier->salt_len, verifier->iterations,
                                     EVP_sha256(), sizeof salted, salted) == 1 &&
                   hmac(salted, "Client Key", strlen("Client Key"), client_key) &&
                   sha256(client_key, sizeof client_key, verifier->stored_key) &&
                   hmac(salted, "Server Key", strlen("Server Key"), verifier->server_key);

    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(client_key, sizeof client_key);
    return is_done;
}

bool sw_scram_make_verifier(const char *password, struct sw_scram_verifier *verifier)
{
    struct sw_scram_verifier made = {.iterations = ITERATIONS, .salt_len = SALT_LEN};

    if (RAND_bytes(made.salt, SALT_LEN) != 1 || !derive_keys(password, &made))
        return false;
    *verifier = made;
    return true;
}

static CRYPTO_ONCE mock_once = CRYPTO_ONCE_STATIC_INIT;
static uint8_t mock_secret[SW_SCRAM_KEY];

static void make_mock_secret(void)
{
    if (RAND_bytes(mock_secret, sizeof mock_secret) != 1)
        abort();
}

void sw_scram_mock_verifier(const char *user, struct sw_scram_verifier *verifier)
{
    uint8_t digest[SW_SCRAM_KEY];

    if (CRYPTO_THREAD_run_once(&mock_once, make_mock_secret) != 1 ||
        !hmac(mock_secret, user, strlen(user), digest))
        abort();
    *verifier = (struct sw_scram_verifier){.iterations = ITERATIONS, .salt_len = SALT_LEN};
    memcpy(verifier->salt, digest, SALT_LEN);
    /* Nobody knows a ClientKey whose hash this is. */
    if (RAND_bytes(verifier->stored_key, SW_SCRAM_KEY) != 1 ||
        RAND_bytes(verifier->server_key, SW_SCRAM_KEY) != 1)
        abort();
}

void sw_scram_init(struct sw_scram *scram, const struct sw_scram_verifier *verifier)
{
    *scram = (struct sw_scram){.step = SW_SCRAM_FIRST, .verifier = *verifier};
}

void sw_scram_offer_binding(struct sw_scram *scram, const uint8_t *binding, size_t len)
{
    memcpy(scram->binding, binding, len);
    scram->binding_len = len;
}

static bool malformed(struct sw_error *err, const char *detail)
{
    (void)sw_error_set(err, "08P01", "malformed SCRAM message");
    sw_error_detail(err, "%s", detail);
    return false;
}

static bool expected(struct sw_error *err, const char *what, struct slice found)
{
    unsigned c = found.len > 0 ? (unsigned char)found.text[0] : 0;
    bool is_shown = c >= 0x21 && c <= 0x7e;
    char detail[128];

    (void)snprintf(detail, sizeof detail,
                   is_shown ? "Expected %s but found character \"%c\"."
                            : "Expected %s but found character \"0x%02x\".",
                   what, c);
    return malformed(err, detail);
}

static bool take_comma(struct slice *rest, struct sw_error *err)
{
    if (rest->len == 0 || rest->text[0] != ',')
        return expected(err, "a comma", *rest);
    *rest = (struct slice){rest->text + 1, rest->len - 1};
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Take an attribute of any name, and the comma behind it. */
static bool take_any(struct slice *rest, char *name, struct slice *value, struct sw_error *err)
{
    if (rest->len == 0 || !is_letter(rest->text[0]))
        return expected(err, "an attribute", *rest);
    *name = rest->text[0];
    *rest = (struct slice){rest->text + 1, rest->len - 1};
    if (rest->len == 0 || rest->text[0] != '=')
        return expected(err, "\"=\"", *rest);
    *rest = (struct slice){rest->text + 1, rest->len - 1};
    if (!cut_at(rest, ',', value)) {
        *value = *rest;
        *rest = (struct slice){rest->text + rest->len, 0};
    }
    return true;
}

static bool take(struct slice *rest, char name, struct slice *value, struct sw_error *err)
{
    const char what[] = {'a', 't', 't', 'r', 'i', 'b', 'u', 't', 'e', ' ', name, '\0'};
    char found;

    if (rest->len == 0 || rest->text[0] != name)
        return expected(err, what, *rest);
    return take_any(rest, &found, value, err);
}

/* The flag by which the client says whether it binds: n, y (it would, but was not offered it),
 * or p= with the type of binding. */
static bool take_binding_flag(const struct sw_scram *scram, struct slice *rest,
                              struct sw_error *err)
{
    char flag = rest->text[0];
    struct slice type = {"", 0};

    if (flag != 'n' && flag != 'y' && flag != 'p')
        return expected(err, "a channel-binding flag", *rest);
    if (flag == 'p' && scram->binding_len == 0)
        return sw_error_set(err, "0A000",
                            "client requires SCRAM channel binding, but it is not supported");
    if (flag == 'p' && !scram->is_bound)
        return malformed(err, "The client selected SCRAM-SHA-256 without channel binding, but "
                              "the SCRAM message includes channel binding data.");
    if (flag != 'p' && scram->is_bound)
        return malformed(err, "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message "
                              "does not include channel binding data.");
    if (flag == 'y' && scram->binding_len > 0) {
        (void)sw_error_set(err, "28000", "SCRAM channel binding negotiation error");
        sw_error_detail(err, "The client supports SCRAM channel binding but thinks the server "
                             "does not.  However, this server does support channel binding.");
        return false;
    }
    *rest = (struct slice){rest->text + 1, rest->len - 1};
    if (flag != 'p')
        return true;
    if (rest->len == 0 || rest->text[0] != '=')
        return expected(err, "\"=\"", *rest);
    *rest = (struct slice){rest->text + 1, rest->len - 1};
    type.text = rest->text;
    while (rest->len > 0 && rest->text[0] != ',') {
        *rest = (struct slice){rest->text + 1, rest->len - 1};
        type.len++;
    }
    if (!is_equal(type, "tls-server-end-point"))
        return sw_error_set(err, "08P01", "unsupported SCRAM channel-binding type");
    return true;
}

static bool take_gs2_header(const struct sw_scram *scram, struct slice *rest,
                            struct sw_error *err)
{
    if (!take_binding_flag(scram, rest, err) || !take_comma(rest, err))
        return false;
    if (rest->len > 0 && rest->text[0] == 'a')
        return sw_error_set(err, "0A000",
                            "client uses authorization identity, but it is not supported");
    return take_comma(rest, err);
}

static bool is_printable(struct slice slice)
{
    for (size_t i = 0; i < slice.len; i++)
        if (slice.text[i] < 0x21 || slice.text[i] > 0x7e || slice.text[i] == ',')
            return false;
    return true;
}

/* The user name is that of the start-up packet; the one in here is ignored, as libpq leaves it
 * empty. */
static bool read_first_bare(struct slice rest, struct slice *nonce, struct sw_error *err)
{
    struct slice ignored;
    char name;

    if (rest.len > 0 && rest.text[0] == 'm')
        return sw_error_set(err, "0A000", "client requires an unsupported SCRAM extension");
    if (!take(&rest, 'n', &ignored, err) || !take(&rest, 'r', nonce, err))
        return false;
    if (!is_printable(*nonce))
        return sw_error_set(err, "08P01", "non-printable characters in SCRAM nonce");
    while (rest.len > 0)
        if (!take_any(&rest, &name, &ignored, err))
            return false;
    return true;
}

static void copy(char *out, struct slice slice)
{
    memcpy(out, slice.text, slice.len);
    out[slice.len] = '\0';
}

static bool make_server_first(struct sw_scram *scram, struct slice client_nonce,
                              struct sw_error *err)
{
    uint8_t random[NONCE_BYTES], nonce[SW_SCRAM_NONCE + 1], salt[BASE64_MAX + 1];
    int len;

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return sw_error_set(err, "XX000", "could not generate random nonce");
    (void)EVP_EncodeBlock(nonce, random, sizeof random);
    (void)EVP_EncodeBlock(salt, scram->verifier.salt, (int)scram->verifier.salt_len);
    len = snprintf(scram->server_first, sizeof scram->server_first, "r=%.*s%s,s=%s,i=%d",
                   (int)client_nonce.len, client_nonce.text, (const char *)nonce,
                   (const char *)salt, scram->verifier.iterations);
    if (len < 0 || (size_t)len >= sizeof scram->server_first)
        return sw_error_set(err, "08P01", "SCRAM nonce is too long");
    copy(scram->nonce,
         (struct slice){scram->server_first + strlen("r="), client_nonce.len + SW_SCRAM_NONCE});
    return true;
}

static bool answer_first(struct sw_scram *scram, struct slice message, char *answer,
                         struct sw_error *err)
{
    struct slice bare = message, nonce = {"", 0};

    if (!take_gs2_header(scram, &bare, err) || !read_first_bare(bare, &nonce, err) ||
        !make_server_first(scram, nonce, err))
        return false;
    copy(scram->gs2_header, (struct slice){message.text, message.len - bare.len});
    copy(scram->client_first_bare, bare);
    copy(answer, (struct slice){scram->server_first, strlen(scram->server_first)});
    scram->step = SW_SCRAM_FINAL;
    return true;
}

static bool is_same_binding(const struct sw_scram *scram, struct slice value)
{
    uint8_t plain[SW_SCRAM_MESSAGE_MAX + SW_SCRAM_BINDING_MAX];
    uint8_t encoded[(sizeof plain + 2) / 3 * 4 + 1];
    size_t len = strlen(scram->gs2_header);

    memcpy(plain, scram->gs2_header, len);
    if (scram->is_bound) {
        memcpy(plain + len, scram->binding, scram->binding_len);
        len += scram->binding_len;
    }
    (void)EVP_EncodeBlock(encoded, plain, (int)len);
    return is_equal(value, (const char *)encoded);
}

/* The last message of the client. */
struct final {
    struct slice nonce;
    struct slice unproved; /* what the proof signs: all before ",p=" */
    struct slice proof;
};

static bool read_final(const struct sw_scram *scram, struct slice message, struct final *final,
                       struct sw_error *err)
{
    struct slice rest = message, binding = {"", 0};
    char name;

    if (!take(&rest, 'c', &binding, err))
        return false;
    if (!is_same_binding(scram, binding) && scram->is_bound)
        return sw_error_set(err, "28000", "SCRAM channel binding check failed");
    if (!is_same_binding(scram, binding))
        return sw_error_set(
            err, "08P01", "unexpected SCRAM channel-binding attribute in client-final-message");
    if (!take(&rest, 'r', &final->nonce, err))
        return false;
    do {
        final->unproved = (struct slice){message.text, message.len - rest.len - 1};
        if (!take_any(&rest, &name, &final->proof, err))
            return false;
    } while (name != 'p');
    return true;
}

static bool check_final(const struct sw_scram *scram, struct slice message,
                        const struct final *final, uint8_t *proof, struct sw_error *err)
{
    if (!decode_key(final->proof, proof))
        return malformed(err, "Malformed proof in client-final-message.");
    if (final->proof.text + final->proof.len != message.text + message.len)
        return malformed(err, "Garbage found at the end of client-final-message.");
    if (is_equal(final->nonce, scram->nonce))
        return true;
    (void)sw_error_set(err, "08P01", "invalid SCRAM response");
    sw_error_detail(err, "Nonce does not match.");
    return false;
}

static bool is_proved(const struct sw_scram_verifier *verifier, const uint8_t *proof,
                      const uint8_t *signature)
{
    uint8_t client_key[SW_SCRAM_KEY], hash[SW_SCRAM_KEY];
    bool is_right;

    for (int i = 0; i < SW_SCRAM_KEY; i++)
        client_key[i] = proof[i] ^ signature[i];
    is_right = sha256(client_key, sizeof client_key, hash) &&
               CRYPTO_memcmp(hash, verifier->stored_key, sizeof hash) == 0;
    OPENSSL_cleanse(client_key, sizeof client_key);
    return is_right;
}

static bool answer_final(struct sw_scram *scram, struct slice message, char *answer,
                         struct sw_error *err)
{
    char signed_text[3 * SW_SCRAM_MESSAGE_MAX];
    uint8_t proof[SW_SCRAM_KEY], signature[SW_SCRAM_KEY];
    uint8_t encoded[(SW_SCRAM_KEY + 2) / 3 * 4 + 1];
    struct final final = {{"", 0}, {"", 0}, {"", 0}};
    int len;

    if (!read_final(scram, message, &final, err) ||
        !check_final(scram, message, &final, proof, err))
        return false;
    len = snprintf(signed_text, sizeof signed_text, "%s,%s,%.*s", scram->client_first_bare,
                   scram->server_first, (int) final.unproved.len, final.unproved.text);
    if (!hmac(scram->verifier.stored_key, signed_text, (size_t)len, signature))
        return sw_error_set(err, "XX000", "could not compute SCRAM signature");
    if (!is_proved(&scram->verifier, proof, signature))
        return sw_error_set(err, "28P01", "password authentication failed");
    if (!hmac(scram->verifier.server_key, signed_text, (size_t)len, signature))
        return sw_error_set(err, "XX000", "could not compute SCRAM signature");
    (void)EVP_EncodeBlock(encoded, signature, sizeof signature);
    (void)snprintf(answer, SW_SCRAM_MESSAGE_MAX, "v=%s", (const char *)encoded);
    scram->step = SW_SCRAM_DONE;
    return true;
}

static bool is_message(const uint8_t *message, size_t len, struct sw_error *err)
{
    if (len == 0)
        return malformed(err, "The message is empty.");
    if (len >= SW_SCRAM_MESSAGE_MAX)
        return malformed(err, "The message is too long.");
    if (memchr(message, 0, len) != NULL)
        return malformed(err, "Message length does not match input length.");
    return true;
}

bool sw_scram_answer(struct sw_scram *scram, const uint8_t *message, size_t len, char *answer,
                     struct sw_error *err)
{
    struct slice slice = {(const char *)message, len};
    enum sw_scram_step step = scram->step;

    scram->step = SW_SCRAM_FAILED;
    if (!is_message(message, len, err))
        return false;
    switch (step) {
    case SW_SCRAM_FIRST:
        return answer_first(scram, slice, answer, err);
    case SW_SCRAM_FINAL:
        return answer_final(scram, slice, answer, err);
    case SW_SCRAM_DONE:
    case SW_SCRAM_FAILED:
        break;
    }
    return sw_error_set(err, "08P01", "unexpected SCRAM message");
}
