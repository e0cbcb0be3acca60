#include "shardward/auth/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { MD5_BYTES = 16, SHA256_BYTES = 32, PREFIX = 3 /* "md5" */ };

bool sw_md5_salt(uint8_t salt[SW_MD5_SALT])
{
    return RAND_bytes(salt, SW_MD5_SALT) == 1;
}

/* "md5" and the digest of both texts. */
static bool md5(const void *first, size_t first_len, const void *second, size_t second_len,
                char out[SW_MD5_TEXT])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    bool is_done = context != NULL && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
                   EVP_DigestUpdate(context, first, first_len) == 1 &&
                   EVP_DigestUpdate(context, second, second_len) == 1 &&
                   EVP_DigestFinal_ex(context, digest, NULL) == 1;

    EVP_MD_CTX_free(context);
    if (!is_done)
        return false;
    memcpy(out, "md5", PREFIX + 1);
    for (size_t i = 0; i < MD5_BYTES; i++)
        (void)snprintf(out + PREFIX + 2 * i, 3, "%02x", digest[i]);
    return true;
}

static bool is_hash(const char *secret)
{
    return strncmp(secret, "md5", PREFIX) == 0 && strlen(secret) == SW_MD5_TEXT - 1 &&
           strspn(secret + PREFIX, "0123456789abcdef") == (size_t)2 * MD5_BYTES;
}

static bool hash_of(const char *secret, const char *user, char out[SW_MD5_TEXT])
{
    if (!is_hash(secret))
        return md5(secret, strlen(secret), user, strlen(user), out);
    memcpy(out, secret, SW_MD5_TEXT);
    return true;
}

/* In a time that tells nothing of either text but its length. */
static bool are_equal(const char *a, const char *b)
{
    uint8_t left[EVP_MAX_MD_SIZE], right[EVP_MAX_MD_SIZE];

    return EVP_Digest(a, strlen(a), left, NULL, EVP_sha256(), NULL) == 1 &&
           EVP_Digest(b, strlen(b), right, NULL, EVP_sha256(), NULL) == 1 &&
           CRYPTO_memcmp(left, right, SHA256_BYTES) == 0;
}

bool sw_md5_is_proof(const char *secret, const char *user, const uint8_t salt[SW_MD5_SALT],
                     const char *answer)
{
    char hash[SW_MD5_TEXT], wanted[SW_MD5_TEXT];
    bool is_known = hash_of(secret == NULL ? "" : secret, user, hash) &&
                    md5(hash + PREFIX, (size_t)2 * MD5_BYTES, salt, SW_MD5_SALT, wanted);

    return is_known && are_equal(answer, wanted) && secret != NULL;
}

bool sw_password_is_proof(const char *secret, const char *user, const char *answer)
{
    char hash[SW_MD5_TEXT];

    if (secret == NULL || !is_hash(secret))
        return are_equal(answer, secret == NULL ? "" : secret) && secret != NULL;
    return md5(answer, strlen(answer), user, strlen(user), hash) && are_equal(hash, secret);
}
