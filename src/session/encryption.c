#include "shardward/session/encryption.h"

#include "shardward/base/log.h"
#include "shardward/io/local.h"

void sw_encryption_offer(struct sw_stream *stream, int fd, const struct sw_config *config)
{
    if (config->tls.server != NULL && !sw_socket_is_local(fd))
        sw_stream_offer_tls(stream, config->tls.server);
}

static bool answer(struct sw_stream *stream, const struct sw_startup *startup, bool has_more,
                   struct sw_error *err)
{
    bool begins = startup->kind == SW_STARTUP_SSL && sw_stream_offers_tls(stream);

    /* PostgreSQL takes such a code for the version of a start-up packet then. */
    if (sw_stream_tls(stream) != NULL)
        return sw_error_set(err, "0A000",
                            "unsupported frontend protocol 1234.%d: server supports 3.0 to 3.0",
                            startup->kind == SW_STARTUP_SSL ? 5679 : 5680);
    if (!begins || !has_more)
        (void)sw_buf_append(sw_stream_out(stream), begins ? "S" : "N", 1);
    if (has_more) {
        sw_error_set(err, "08P01", "received unencrypted data after SSL or GSSAPI request");
        sw_error_detail(err, "This could be either a client-software bug or evidence of an "
                             "attempted man-in-the-middle attack.");
        return false;
    }
    if (begins)
        sw_stream_start_tls(stream);
    return true;
}

static bool suffices(const struct sw_stream *stream, int fd, const struct sw_config *config,
                     struct sw_error *err)
{
    if (config->tls.mode < SW_TLS_REQUIRE || sw_stream_tls(stream) != NULL ||
        sw_socket_is_local(fd))
        return true;
    sw_error_set(err, "28000", "SSL required");
    sw_error_hint(err, "Connect with sslmode=require, or stronger.");
    return false;
}

bool sw_encryption_take(struct sw_stream *stream, int fd, const struct sw_config *config,
                        const struct sw_startup *startup, bool has_more, struct sw_error *err)
{
    switch (startup->kind) {
    case SW_STARTUP_SSL:
    case SW_STARTUP_GSSENC:
        return answer(stream, startup, has_more, err);
    case SW_STARTUP_SESSION:
        return suffices(stream, fd, config, err);
    case SW_STARTUP_CANCEL:
        break;
    }
    return true;
}

void sw_encryption_log_loss(const struct sw_stream *stream, const char *reason)
{
    static struct sw_log_limit limit;

    if (sw_stream_is_shaking(stream))
        sw_log_limited(&limit, SW_LOG_WARNING, "tls-handshake-failed", "reason=\"%s\"", reason);
}
