/*
 * What a lookup in PostgreSQL gives as a user's secret, and what a client sends for it: the
 * input is a secret, a zero byte, the user's name, a zero byte, the answer. The same answer is
 * also the body of a SASL message, of a dialogue that is bound to its channel.
 */
#include "shardward/auth/password.h"
#include "shardward/auth/sasl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t salt[SW_MD5_SALT] = {1, 2, 3, 4};

static void prove(const char *secret, const char *user, const char *answer)
{
    bool is_hash = strncmp(secret, "md5", 3) == 0 && strlen(secret) == SW_MD5_TEXT - 1;

    if (sw_md5_is_proof(NULL, user, salt, answer) || sw_password_is_proof(NULL, user, answer))
        abort();
    /* The digest is unknown to the fuzzer. */
    if (sw_md5_is_proof(secret, user, salt, answer))
        abort();
    if (!is_hash && sw_password_is_proof(secret, user, answer) != (strcmp(secret, answer) == 0))
        abort();
    (void)sw_password_is_proof(secret, user, answer);
}

static void answer_sasl(const char *secret, const uint8_t *body, size_t len)
{
    const struct sw_frame frame = {.type = 'p', .body = body, .body_len = len, .size = len + 5};
    struct sw_scram_verifier verifier;
    struct sw_scram scram;
    struct sw_error err = {0};
    struct sw_buf out;

    if (!sw_scram_read_verifier(secret, &verifier))
        sw_scram_mock_verifier("somebody", &verifier);
    sw_scram_init(&scram, &verifier);
    sw_scram_offer_binding(&scram, salt, sizeof salt);
    sw_buf_init(&out, 1 << 16);
    sw_sasl_offer(&scram, &out);
    if (!sw_sasl_answer(&scram, &frame, &out, &err) && strlen(err.sqlstate) != 5)
        abort();
    if (scram.step == SW_SCRAM_DONE)
        abort();
    sw_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(3, size + 1), *user, *answer;
    size_t left;

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    user = text + strlen(text) + 1;
    answer = user + strlen(user) + 1;
    left = (size_t)(answer - text) < size ? size - (size_t)(answer - text) : 0;
    prove(text, user, answer);
    answer_sasl(text, data + (size - left), left);
    free(text);
    return 0;
}
