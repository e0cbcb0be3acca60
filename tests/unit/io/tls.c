/*
 * Streams in TLS. The other side is an SSL object of OpenSSL over memory, so that a test says
 * when which of its bytes are on the way.
 */
#include "end.h"

#include "shardward/io/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { RECORD = 16 * 1024, SOME = 1000 };

static char certificate_path[64], key_path[64];

/* A certificate of its own, in files. */
static void make_certificate(const char *hash, const char *kind)
{
    EVP_PKEY *key = strcmp(kind, "EC") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                                            : EVP_PKEY_Q_keygen(NULL, NULL, kind);
    X509 *certificate = X509_new();
    FILE *file;

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, hash == NULL ? NULL : EVP_get_digestbyname(hash)) >
                0);
    file = fopen(certificate_path, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    (void)fclose(file);
    file = fopen(key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    assert_int_equal(chmod(key_path, 0600), 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static const struct sw_tls_files *files(void)
{
    static struct sw_tls_files both;

    both = (struct sw_tls_files){.certificate = certificate_path, .key = key_path};
    return &both;
}

static struct sw_tls *create(void)
{
    enum sw_tls_part part;
    struct sw_error err;
    struct sw_tls *tls = sw_tls_create(files(), &part, &err);

    assert_non_null(tls);
    return tls;
}

/* The client, and the stream before it. */
struct pair {
    struct end end;
    SSL_CTX *context;
    SSL *client;
    BIO *to, *from; /* what the client has to send, what it was sent */
    struct sw_buf got;
};

static void pair_init(struct pair *pair)
{
    struct sw_tls *tls = create();

    open_end(&pair->end);
    sw_stream_offer_tls(pair->end.stream, tls);
    sw_tls_unref(tls);
    pair->context = SSL_CTX_new(TLS_client_method());
    pair->client = SSL_new(pair->context);
    pair->to = BIO_new(BIO_s_mem());
    pair->from = BIO_new(BIO_s_mem());
    SSL_set_bio(pair->client, pair->from, pair->to);
    SSL_set_connect_state(pair->client);
    sw_buf_init(&pair->got, SIZE_MAX);
}

static void pair_finish(struct pair *pair)
{
    close_end(&pair->end);
    SSL_free(pair->client);
    SSL_CTX_free(pair->context);
    sw_buf_finish(&pair->got);
}

/* The client's bytes go on the way. */
static void push(struct pair *pair)
{
    char *bytes;
    long len = BIO_get_mem_data(pair->to, &bytes);

    for (long at = 0; at < len;) {
        ssize_t sent = send(pair->end.peer, bytes + at, (size_t)(len - at), MSG_DONTWAIT);

        if (sent > 0)
            at += sent;
        else
            turns_run(&pair->end.turns);
    }
    (void)BIO_reset(pair->to);
}

/* What has come for the client is read by it. */
static void pull(struct pair *pair)
{
    static uint8_t bytes[4 * RECORD];
    ssize_t len;
    int got;

    while ((len = recv(pair->end.peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        assert_int_equal(BIO_write(pair->from, bytes, (int)len), len);
    while ((got = SSL_read(pair->client, bytes, sizeof bytes)) > 0)
        assert_true(sw_buf_append(&pair->got, bytes, (size_t)got));
}

static void shake(struct pair *pair)
{
    for (int i = 0; i < 4; i++) {
        pull(pair);
        push(pair);
        turns_run(&pair->end.turns);
    }
    assert_true(SSL_is_init_finished(pair->client));
    assert_non_null(sw_stream_tls(pair->end.stream));
}

static void begin(struct pair *pair)
{
    sw_stream_start_tls(pair->end.stream);
    shake(pair);
}

static void client_writes(struct pair *pair, size_t len, char byte)
{
    char *bytes = malloc(len);

    memset(bytes, byte, len);
    assert_int_equal(SSL_write(pair->client, bytes, (int)len), len);
    free(bytes);
}

static void bytes_go_both_ways(void **state)
{
    struct pair pair;
    char text[SW_TLS_PRINT];

    pair_init(&pair);
    sw_stream_describe_tls(pair.end.stream, text);
    assert_string_equal(text, "");
    begin(&pair);
    client_writes(&pair, SOME, 'c');
    push(&pair);
    turns_run(&pair.end.turns);
    assert_int_equal(sw_buf_len(&pair.end.got), SOME);
    assert_int_equal(sw_stream_received(pair.end.stream), SOME);
    assert_true(sw_buf_append(sw_stream_out(pair.end.stream), "answer", 6));
    sw_stream_flush(pair.end.stream);
    pull(&pair);
    assert_memory_equal(sw_buf_bytes(&pair.got), "answer", 6);
    assert_int_equal(sw_stream_sent(pair.end.stream), 6);
    sw_stream_describe_tls(pair.end.stream, text);
    assert_memory_equal(text, "TLSv1.3/TLS_", 12);
    assert_true(sw_stream_is_still(pair.end.stream));
    pair_finish(&pair);
}

/* Several records come at once, and nothing after them: no poll tells of those that TLS has
 * read already. */
static void nothing_that_tls_holds_is_forgotten(void **state)
{
    struct pair pair;

    pair_init(&pair);
    begin(&pair);
    for (int i = 0; i < 40; i++)
        client_writes(&pair, 10000, (char)('a' + i % 26));
    push(&pair);
    for (int i = 0; i < 10; i++)
        turns_run(&pair.end.turns);
    assert_int_equal(sw_buf_len(&pair.end.got), 400000);
    for (int i = 0; i < 40; i++)
        assert_int_equal(sw_buf_bytes(&pair.end.got)[i * 10000 + 9999], 'a' + i % 26);
    assert_true(sw_stream_is_still(pair.end.stream));
    pair_finish(&pair);
}

static void a_held_stream_goes_on_where_it_was(void **state)
{
    struct pair pair;
    int offers;

    pair_init(&pair);
    begin(&pair);
    sw_stream_hold(pair.end.stream);
    for (int i = 0; i < 12; i++)
        client_writes(&pair, 15000, 'h');
    push(&pair);
    turns_run(&pair.end.turns);
    assert_int_equal(sw_buf_len(&pair.end.got), 0);
    offers = pair.end.offers;
    sw_stream_release(pair.end.stream);
    for (int i = 0; i < 5; i++)
        turns_run(&pair.end.turns);
    assert_true(pair.end.offers > offers);
    assert_int_equal(sw_buf_len(&pair.end.got), 12 * 15000);
    pair_finish(&pair);
}

static void a_slow_reader_gets_all(void **state)
{
    enum { MUCH = 3 * 1024 * 1024 };
    struct pair pair;
    uint8_t *room;

    pair_init(&pair);
    begin(&pair);
    room = sw_buf_room(sw_stream_out(pair.end.stream), MUCH);
    for (int i = 0; i < MUCH; i++)
        room[i] = (uint8_t)(i % 251);
    sw_buf_grown(sw_stream_out(pair.end.stream), MUCH);
    sw_stream_flush(pair.end.stream);
    assert_true(sw_stream_is_congested(pair.end.stream));
    while (sw_buf_len(&pair.got) < MUCH) {
        pull(&pair);
        turns_run(&pair.end.turns);
    }
    assert_int_equal(pair.end.drained, 1);
    for (int i = 0; i < MUCH; i++)
        assert_int_equal(sw_buf_bytes(&pair.got)[i], i % 251);
    pair_finish(&pair);
}

static void tls_may_begin_at_once(void **state)
{
    struct pair pair;

    pair_init(&pair);
    assert_int_equal(SSL_set_alpn_protos(pair.client, (const uint8_t *)"\x0apostgresql", 11),
                     0);
    (void)SSL_do_handshake(pair.client);
    push(&pair);
    turns_run(&pair.end.turns);
    shake(&pair);
    pair_finish(&pair);
}

static void tls_at_once_needs_its_protocol(void **state)
{
    struct pair pair;

    pair_init(&pair);
    for (int i = 0; i < 4; i++) {
        (void)SSL_do_handshake(pair.client);
        push(&pair);
        turns_run(&pair.end.turns);
        pull(&pair);
    }
    assert_int_equal(pair.end.lost, 1);
    assert_true(sw_stream_is_shaking(pair.end.stream));
    pair_finish(&pair);
}

static void a_plain_client_stays_plain(void **state)
{
    struct pair pair;

    pair_init(&pair);
    assert_int_equal(send(pair.end.peer, "plain", 5, 0), 5);
    turns_run(&pair.end.turns);
    assert_int_equal(sw_buf_len(&pair.end.got), 5);
    assert_null(sw_stream_tls(pair.end.stream));
    pair_finish(&pair);
}

static void rubbish_is_a_loss(void **state)
{
    struct pair pair;

    pair_init(&pair);
    sw_stream_start_tls(pair.end.stream);
    assert_int_equal(send(pair.end.peer, "no handshake at all", 19, 0), 19);
    turns_run(&pair.end.turns);
    assert_int_equal(pair.end.lost, 1);
    pair_finish(&pair);
}

/* Output that was written meanwhile goes after the handshake, and a close drops it. */
static void output_waits_for_the_handshake(void **state)
{
    struct pair pair;

    pair_init(&pair);
    sw_stream_start_tls(pair.end.stream);
    assert_true(sw_buf_append(sw_stream_out(pair.end.stream), "later", 5));
    sw_stream_flush(pair.end.stream);
    shake(&pair);
    pull(&pair);
    assert_memory_equal(sw_buf_bytes(&pair.got), "later", 5);
    pair_finish(&pair);
}

static void a_close_is_told(void **state)
{
    struct pair pair;

    pair_init(&pair);
    begin(&pair);
    close_stream(&pair.end);
    turns_run(&pair.end.turns);
    pull(&pair);
    assert_int_equal(SSL_get_shutdown(pair.client), SSL_RECEIVED_SHUTDOWN);
    pair_finish(&pair);
}

/* RFC 5929, section 4.1. */
static void a_binding_is_by_the_hash_of_the_signature(void **state)
{
    static const struct {
        const char *hash, *kind;
        size_t len;
    } rows[] = {
        {"SHA256", "EC", 32}, {"SHA384", "EC", 48}, {"SHA512", "EC", 64},
        {"SHA1", "EC", 32},   {NULL, "ED25519", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_tls *tls;
        size_t len = 1;

        make_certificate(rows[i].hash, rows[i].kind);
        tls = create();
        assert_int_equal(sw_tls_binding(tls, &len) != NULL, rows[i].len > 0);
        assert_int_equal(len, rows[i].len);
        sw_tls_unref(tls);
    }
    make_certificate("SHA256", "EC");
}

static void another_certificate_has_another_fingerprint(void **state)
{
    struct sw_tls *one = create(), *same = create(), *other;

    make_certificate("SHA256", "EC");
    other = create();
    assert_string_equal(sw_tls_fingerprint(one), sw_tls_fingerprint(same));
    assert_string_not_equal(sw_tls_fingerprint(one), sw_tls_fingerprint(other));
    sw_tls_unref(one);
    sw_tls_unref(same);
    sw_tls_unref(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(nothing_that_tls_holds_is_forgotten),
        cmocka_unit_test(a_held_stream_goes_on_where_it_was),
        cmocka_unit_test(a_slow_reader_gets_all),
        cmocka_unit_test(tls_may_begin_at_once),
        cmocka_unit_test(tls_at_once_needs_its_protocol),
        cmocka_unit_test(a_plain_client_stays_plain),
        cmocka_unit_test(rubbish_is_a_loss),
        cmocka_unit_test(output_waits_for_the_handshake),
        cmocka_unit_test(a_close_is_told),
        cmocka_unit_test(a_binding_is_by_the_hash_of_the_signature),
        cmocka_unit_test(another_certificate_has_another_fingerprint),
    };
    char dir[] = "/tmp/shardward-tls-XXXXXX";
    int failed;

    if (mkdtemp(dir) == NULL)
        return 1;
    (void)snprintf(certificate_path, sizeof certificate_path, "%s/own.crt", dir);
    (void)snprintf(key_path, sizeof key_path, "%s/own.key", dir);
    make_certificate("SHA256", "EC");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(certificate_path);
    (void)unlink(key_path);
    (void)rmdir(dir);
    return failed;
}
