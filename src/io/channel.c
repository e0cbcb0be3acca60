#include "channel.h"

#include "tls.h"

#include "shardward/base/mem.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <errno.h>

enum { RECORD = 16 * 1024 };

static struct sw_channel *create(SSL *ssl)
{
    struct sw_channel *channel = sw_alloc_zero(1, sizeof *channel);

    channel->ssl = ssl;
    (void)SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
    SSL_set_read_ahead(ssl, 1); /* a record with one system call */
    return channel;
}

struct sw_channel *sw_channel_accept(struct sw_tls *tls, int fd, bool is_direct)
{
    SSL *ssl = SSL_new(sw_tls_context(tls));
    struct sw_channel *channel;

    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_accept_state(ssl);
    channel = create(ssl);
    channel->tls = sw_tls_ref(tls);
    channel->is_shaking = true;
    channel->is_direct = is_direct;
    return channel;
}

struct sw_channel *sw_channel_borrow(void *ssl)
{
    struct sw_channel *channel = create(ssl);

    channel->has_more = SSL_has_pending(ssl) == 1;
    return channel;
}

void sw_channel_free(struct sw_channel *channel)
{
    if (channel == NULL)
        return;
    if (channel->tls != NULL)
        SSL_free(channel->ssl);
    sw_tls_unref(channel->tls);
    free(channel);
}

static const char *reason_of(const struct sw_channel *channel)
{
    long verified = SSL_get_verify_result(channel->ssl);

    if (channel->is_shaking && verified != X509_V_OK) {
        ERR_clear_error();
        return X509_verify_cert_error_string(verified);
    }
    return sw_tls_reason();
}

/* Is nothing wrong but that the other side has ended? libpq's own BIO tells it by no errno. */
static bool is_end(int error)
{
    return error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SYSCALL && errno == 0) ||
           (error == SSL_ERROR_SSL &&
            ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

/* What an outcome below 1 means: 0 of an end, else -1 and errno. */
static int fail(struct sw_channel *channel, int outcome)
{
    int error = SSL_get_error(channel->ssl, outcome);

    channel->read_wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        errno = EAGAIN;
        return -1;
    }
    channel->is_broken = true;
    if (is_end(error))
        channel->failure = 0;
    else if (error == SSL_ERROR_SYSCALL)
        channel->failure = errno;
    else
        channel->failure = EPROTO;
    if (channel->failure == EPROTO)
        channel->reason = reason_of(channel);
    ERR_clear_error();
    errno = channel->failure;
    return channel->failure == 0 ? 0 : -1;
}

static bool has_protocol(const struct sw_channel *channel)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(channel->ssl, &name, &len);
    return len > 0;
}

bool sw_channel_shake(struct sw_channel *channel)
{
    int outcome;

    ERR_clear_error();
    errno = 0;
    outcome = SSL_do_handshake(channel->ssl);
    if (outcome != 1) {
        if (fail(channel, outcome) == 0)
            errno = ECONNRESET;
        return false;
    }
    channel->read_wants_write = false;
    if (channel->is_direct && !has_protocol(channel)) {
        channel->is_broken = true;
        channel->reason = "direct TLS without the ALPN protocol postgresql";
        errno = EPROTO;
        return false;
    }
    channel->is_shaking = false;
    channel->has_more = SSL_has_pending(channel->ssl) == 1;
    return true;
}

/* As many records as are there and have room; a failure behind them is told next time. */
ssize_t sw_channel_recv(struct sw_channel *channel, uint8_t *bytes, size_t len)
{
    size_t done = 0;
    int outcome;

    channel->has_more = channel->read_wants_write = false;
    errno = channel->failure;
    if (channel->is_broken)
        return channel->failure == 0 ? 0 : -1;
    ERR_clear_error();
    errno = 0;
    do {
        size_t room = len - done < RECORD ? len - done : RECORD;

        outcome = SSL_read(channel->ssl, bytes + done, (int)room);
        if (outcome > 0)
            done += (size_t)outcome;
    } while (outcome > 0 && done < len && SSL_has_pending(channel->ssl) == 1);
    if (outcome > 0)
        channel->has_more = SSL_has_pending(channel->ssl) == 1;
    else if (done == 0)
        return fail(channel, outcome);
    else if (fail(channel, outcome) == 0 || channel->is_broken)
        channel->has_more = true;
    return (ssize_t)done;
}

ssize_t sw_channel_send(struct sw_channel *channel, const uint8_t *bytes, size_t len)
{
    int outcome;

    ERR_clear_error();
    errno = 0;
    outcome = SSL_write(channel->ssl, bytes, (int)(len < RECORD ? len : RECORD));
    if (outcome > 0)
        return outcome;
    if (fail(channel, outcome) == 0)
        errno = EPIPE;
    return -1;
}

void sw_channel_end(struct sw_channel *channel)
{
    if (channel->tls == NULL || channel->is_shaking || channel->is_broken)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(channel->ssl);
    ERR_clear_error();
}

bool sw_channel_is_certified(const struct sw_channel *channel, const char *name)
{
    X509 *certificate = SSL_get0_peer_certificate(channel->ssl);
    unsigned char *text = NULL;
    const X509_NAME *subject;
    int at, len;
    bool is_named;

    if (certificate == NULL || SSL_get_verify_result(channel->ssl) != X509_V_OK)
        return false;
    subject = X509_get_subject_name(certificate);
    at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0)
        return false;
    len =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    is_named = len >= 0 && (size_t)len == strlen(name) && memcmp(text, name, (size_t)len) == 0;
    OPENSSL_free(text);
    return is_named;
}
