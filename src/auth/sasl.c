#include "shardward/auth/sasl.h"

#include "shardward/wire/write.h"

#include <string.h>

enum { AUTH_SASL = 10, AUTH_SASL_CONTINUE = 11, AUTH_SASL_FINAL = 12 };

static const char plain[] = "SCRAM-SHA-256", bound[] = "SCRAM-SHA-256-PLUS";

/* A list of names, ended by an empty one; the better one first. */
void sw_sasl_offer(const struct sw_scram *scram, struct sw_buf *out)
{
    static const char both[] = "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0";
    static const char one[] = "SCRAM-SHA-256\0";

    if (scram->binding_len > 0)
        sw_write_auth(out, AUTH_SASL, both, sizeof both);
    else
        sw_write_auth(out, AUTH_SASL, one, sizeof one);
}

static bool choose(struct sw_scram *scram, const char *mechanism)
{
    scram->is_bound = scram->binding_len > 0 && strcmp(mechanism, bound) == 0;
    return scram->is_bound || strcmp(mechanism, plain) == 0;
}

/* SASLInitialResponse: mechanism, length, message. Later SASLResponse: the message alone. */
static bool read_message(struct sw_scram *scram, const struct sw_frame *frame,
                         const uint8_t **message, size_t *len, struct sw_error *err)
{
    struct sw_cursor cursor = sw_cursor_of(frame);

    if (frame->type != 'p')
        return sw_error_set(err, "08P01", "expected SASL response, got message type %d",
                            frame->type);
    *len = frame->body_len;
    if (scram->step == SW_SCRAM_FIRST) {
        if (!choose(scram, sw_cursor_text(&cursor)))
            return sw_error_set(err, "08P01",
                                "client selected an invalid SASL authentication mechanism");
        *len = sw_cursor_int32(&cursor);
    }
    *message = sw_cursor_bytes(&cursor, *len);
    if (!sw_cursor_is_done(&cursor))
        return sw_error_set(err, "08P01", "invalid SASL response");
    return true;
}

bool sw_sasl_answer(struct sw_scram *scram, const struct sw_frame *frame, struct sw_buf *out,
                    struct sw_error *err)
{
    char answer[SW_SCRAM_MESSAGE_MAX];
    const uint8_t *message = NULL;
    size_t len = 0;

    if (!read_message(scram, frame, &message, &len, err) ||
        !sw_scram_answer(scram, message, len, answer, err))
        return false;
    sw_write_auth(out, scram->step == SW_SCRAM_DONE ? AUTH_SASL_FINAL : AUTH_SASL_CONTINUE,
                  answer, strlen(answer));
    return true;
}
