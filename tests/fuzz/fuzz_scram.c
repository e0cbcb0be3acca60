/*
 * Logins: the input is the client's first message, a zero byte, its last message. "<nonce>" in
 * the last one becomes the nonce of this login, so that the readers behind it are reached. The
 * whole input is also read as a verifier.
 */
#include "shardward/auth/scram.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_verifier(const uint8_t *data, size_t size)
{
    struct sw_scram_verifier verifier;
    char *text = calloc(1, size + 1);

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    if (sw_scram_read_verifier(text, &verifier) &&
        (verifier.iterations < 1 || verifier.salt_len < 1 ||
         verifier.salt_len > SW_SCRAM_SALT_MAX))
        abort();
    free(text);
}

/* @out has room for @size and SW_SCRAM_MESSAGE_MAX bytes more. */
static size_t fill_nonce(const uint8_t *data, size_t size, const char *nonce, uint8_t *out)
{
    const uint8_t *mark = memmem(data, size, "<nonce>", 7);
    size_t before, nonce_len = strlen(nonce);

    if (mark == NULL) {
        memcpy(out, data, size);
        return size;
    }
    before = (size_t)(mark - data);
    memcpy(out, data, before);
    memcpy(out + before, nonce, nonce_len);
    memcpy(out + before + nonce_len, mark + 7, size - before - 7);
    return size - 7 + nonce_len;
}

static void finish(struct sw_scram *scram, const uint8_t *data, size_t size)
{
    uint8_t *message = malloc(size + SW_SCRAM_MESSAGE_MAX);
    char answer[SW_SCRAM_MESSAGE_MAX];
    struct sw_error err;
    size_t len;

    if (message == NULL)
        abort();
    len = fill_nonce(data, size, scram->nonce, message);
    /* The password is unknown to the fuzzer: whoever gets in has found a hole. */
    if (sw_scram_answer(scram, message, len, answer, &err) || scram->step != SW_SCRAM_FAILED)
        abort();
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    size_t first_len = zero == NULL ? size : (size_t)(zero - data);
    struct sw_scram_verifier verifier;
    char answer[SW_SCRAM_MESSAGE_MAX];
    struct sw_scram scram;
    struct sw_error err;

    read_verifier(data, size);
    sw_scram_mock_verifier("somebody", &verifier);
    sw_scram_init(&scram, &verifier);
    if (!sw_scram_answer(&scram, data, first_len, answer, &err))
        return 0;
    if (strcmp(answer, scram.server_first) != 0 || scram.step != SW_SCRAM_FINAL)
        abort();
    if (zero != NULL)
        finish(&scram, zero + 1, size - first_len - 1);
    return 0;
}
