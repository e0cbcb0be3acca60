/*
 * The texts of faults are ours where PostgreSQL has the same rule (keys that others can read),
 * else OpenSSL's reasons.
 */
#include "shardward/io/tls.h"

#include "tls.h"

#include "shardward/base/mem.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PRINT_BYTES = 8 };

struct sw_tls {
    atomic_int refs;
    SSL_CTX *context;
    char fingerprint[2 * PRINT_BYTES + 1];
    uint8_t binding[EVP_MAX_MD_SIZE];
    unsigned binding_len; /* 0: none */
};

static const char *const mode_names[] = {
    [SW_TLS_DISABLE] = "disable",     [SW_TLS_ALLOW] = "allow",
    [SW_TLS_PREFER] = "prefer",       [SW_TLS_REQUIRE] = "require",
    [SW_TLS_VERIFY_CA] = "verify-ca", [SW_TLS_VERIFY_FULL] = "verify-full",
};

const char *sw_tls_mode_name(enum sw_tls_mode mode)
{
    return mode_names[mode];
}

const char *sw_tls_reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);

    if (ERR_SYSTEM_ERROR(code))
        reason = strerror(ERR_GET_REASON(code));
    ERR_clear_error();
    return reason == NULL ? "unknown reason" : reason;
}

/* --- the files --- */

static bool refuse(enum sw_tls_part *part, enum sw_tls_part which, struct sw_error *err,
                   const char *what, const char *path)
{
    *part = which;
    return sw_error_set(err, "F0000", "%s '%.150s': %s", what, path, sw_tls_reason());
}

/* PostgreSQL docs, "Secure TCP/IP Connections with SSL". */
static bool is_key_private(const char *path, struct sw_error *err)
{
    struct stat facts;

    if (stat(path, &facts) != 0)
        return sw_error_set(err, "F0000", "cannot read the key '%.150s': %s", path,
                            strerror(errno));
    if (!S_ISREG(facts.st_mode))
        return sw_error_set(err, "F0000", "the key '%.150s' is no file", path);
    if (facts.st_uid != geteuid() && facts.st_uid != 0)
        return sw_error_set(err, "F0000",
                            "the key '%.150s' must belong to who runs shardward, or to root",
                            path);
    if (facts.st_mode & (facts.st_uid == 0 && geteuid() != 0 ? 037 : 077))
        return sw_error_set(err, "F0000",
                            "the key '%.150s' may be read by others; its mode must be 0600 or "
                            "less, or 0640 or less of a file of root's",
                            path);
    return true;
}

/* Nobody is there to type a pass phrase. */
static int no_pass_phrase(char *text, int size, int is_writing, void *owner)
{
    (void)text;
    (void)size;
    (void)is_writing;
    (void)owner;
    return 0;
}

static bool load_own(SSL_CTX *context, const struct sw_tls_files *files, enum sw_tls_part *part,
                     struct sw_error *err)
{
    if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
        return refuse(part, SW_TLS_CERTIFICATE, err, "cannot use the certificate",
                      files->certificate);
    *part = SW_TLS_KEY;
    if (!is_key_private(files->key, err))
        return false;
    if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1)
        return refuse(part, SW_TLS_KEY, err, "cannot use the key", files->key);
    if (SSL_CTX_check_private_key(context) == 1)
        return true;
    ERR_clear_error();
    return sw_error_set(err, "F0000", "'%.150s' is not the key of the certificate", files->key);
}

static bool load(SSL_CTX *context, const struct sw_tls_files *files, enum sw_tls_part *part,
                 struct sw_error *err)
{
    SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
    if (files->certificate != NULL && !load_own(context, files, part, err))
        return false;
    if (files->ca != NULL && SSL_CTX_load_verify_locations(context, files->ca, NULL) != 1)
        return refuse(part, SW_TLS_CA, err, "cannot use the root certificates", files->ca);
    if (files->ciphers != NULL && SSL_CTX_set_cipher_list(context, files->ciphers) != 1)
        return refuse(part, SW_TLS_CIPHERS, err, "cannot use the ciphers", files->ciphers);
    return true;
}

/* --- a server's context --- */

/* RFC 7301 as PostgreSQL 17 wants it: who names protocols must name this one. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                           const unsigned char *offered, unsigned offered_len, void *owner)
{
    static const unsigned char ours[] = "\x0apostgresql";
    unsigned char *out = NULL;
    int outcome =
        SSL_select_next_proto(&out, chosen_len, ours, sizeof ours - 1, offered, offered_len);

    (void)ssl;
    (void)owner;
    *chosen = out;
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* No state is kept for clients that come again, and nothing that may be renegotiated. */
static SSL_CTX *create_context(const struct sw_tls_files *files)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL)
        return NULL;
    (void)SSL_CTX_set_min_proto_version(context,
                                        files->needs_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_num_tickets(context, 0);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return context;
}

/* Names of the roots tell a client which of its certificates to show. */
static bool ask_clients(SSL_CTX *context, const struct sw_tls_files *files,
                        enum sw_tls_part *part, struct sw_error *err)
{
    STACK_OF(X509_NAME) * names;

    if (files->ca == NULL)
        return true;
    names = SSL_load_client_CA_file(files->ca);
    if (names == NULL)
        return refuse(part, SW_TLS_CA, err, "cannot use the root certificates", files->ca);
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return true;
}

static void add_certificate(EVP_MD_CTX *sum, const X509 *certificate)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (certificate != NULL && X509_digest(certificate, EVP_sha256(), digest, &len) == 1)
        (void)EVP_DigestUpdate(sum, digest, len);
}

static void take_fingerprint(struct sw_tls *tls)
{
    STACK_OF(X509_OBJECT) *roots =
        X509_STORE_get0_objects(SSL_CTX_get_cert_store(tls->context));
    STACK_OF(X509) *chain = NULL;
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    EVP_MD_CTX *sum = EVP_MD_CTX_new();

    (void)EVP_DigestInit_ex(sum, EVP_sha256(), NULL);
    add_certificate(sum, SSL_CTX_get0_certificate(tls->context));
    (void)SSL_CTX_get0_chain_certs(tls->context, &chain);
    for (int i = 0; i < sk_X509_num(chain); i++)
        add_certificate(sum, sk_X509_value(chain, i));
    for (int i = 0; i < sk_X509_OBJECT_num(roots); i++)
        add_certificate(sum, X509_OBJECT_get0_X509(sk_X509_OBJECT_value(roots, i)));
    (void)EVP_DigestFinal_ex(sum, digest, NULL);
    EVP_MD_CTX_free(sum);
    for (size_t i = 0; i < PRINT_BYTES; i++) {
        tls->fingerprint[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        tls->fingerprint[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
}

int64_t sw_tls_expires(const struct sw_tls *tls)
{
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    struct tm utc;

    if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1)
        return 0;
    return timegm(&utc);
}

/* By the hash of the certificate's own signature; SHA-256 where that is MD5 or SHA-1. */
static void take_binding(struct sw_tls *tls)
{
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    const EVP_MD *hash;
    int nid = NID_undef;

    if (X509_get_signature_info((X509 *)(uintptr_t)certificate, &nid, NULL, NULL, NULL) != 1 ||
        nid == NID_undef)
        return;
    hash = nid == NID_md5 || nid == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(nid);
    if (hash == NULL || X509_digest(certificate, hash, tls->binding, &tls->binding_len) != 1)
        tls->binding_len = 0;
}

struct sw_tls *sw_tls_create(const struct sw_tls_files *files, enum sw_tls_part *part,
                             struct sw_error *err)
{
    SSL_CTX *context = create_context(files);
    struct sw_tls *tls;

    *part = SW_TLS_CERTIFICATE;
    if (context == NULL) {
        sw_error_set(err, "F0000", "cannot use OpenSSL: %s", sw_tls_reason());
        return NULL;
    }
    if (!load(context, files, part, err) || !ask_clients(context, files, part, err)) {
        SSL_CTX_free(context);
        return NULL;
    }
    tls = sw_alloc_zero(1, sizeof *tls);
    atomic_init(&tls->refs, 1);
    tls->context = context;
    take_fingerprint(tls);
    take_binding(tls);
    return tls;
}

bool sw_tls_client_check(const struct sw_tls_client *client, enum sw_tls_part *part,
                         struct sw_error *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bool is_good = context != NULL && load(context, &client->files, part, err);

    *part = context == NULL ? SW_TLS_CERTIFICATE : *part;
    if (context == NULL)
        sw_error_set(err, "F0000", "cannot use OpenSSL: %s", sw_tls_reason());
    SSL_CTX_free(context);
    return is_good;
}

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : sw_strdup(text);
}

struct sw_tls_client *sw_tls_client_copy(const struct sw_tls_client *client)
{
    struct sw_tls_client *copy;

    if (client == NULL)
        return NULL;
    copy = sw_alloc_zero(1, sizeof *copy);
    *copy = *client;
    copy->files.certificate = copy_text(client->files.certificate);
    copy->files.key = copy_text(client->files.key);
    copy->files.ca = copy_text(client->files.ca);
    return copy;
}

void sw_tls_client_free(struct sw_tls_client *client)
{
    if (client == NULL)
        return;
    free((char *)(uintptr_t)client->files.certificate);
    free((char *)(uintptr_t)client->files.key);
    free((char *)(uintptr_t)client->files.ca);
    free(client);
}

char *sw_tls_client_text(const struct sw_tls_client *client)
{
    const struct sw_tls_files *files = &client->files;

    return sw_format("%s\n%s\n%s\n%s\n%d", sw_tls_mode_name(client->mode),
                     files->certificate == NULL ? "" : files->certificate,
                     files->key == NULL ? "" : files->key, files->ca == NULL ? "" : files->ca,
                     files->needs_13);
}

struct sw_tls *sw_tls_ref(struct sw_tls *tls)
{
    if (tls != NULL)
        atomic_fetch_add_explicit(&tls->refs, 1, memory_order_relaxed);
    return tls;
}

void sw_tls_unref(struct sw_tls *tls)
{
    if (tls == NULL || atomic_fetch_sub_explicit(&tls->refs, 1, memory_order_acq_rel) > 1)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

const char *sw_tls_fingerprint(const struct sw_tls *tls)
{
    return tls->fingerprint;
}

const uint8_t *sw_tls_binding(const struct sw_tls *tls, size_t *len)
{
    *len = tls->binding_len;
    return tls->binding_len > 0 ? tls->binding : NULL;
}

SSL_CTX *sw_tls_context(const struct sw_tls *tls)
{
    return tls->context;
}
