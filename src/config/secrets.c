/*
 * Passwords: text or file, a password or its verifier.
 */
#include "reader.h"

#include "shardward/base/mem.h"

#include <string.h>

enum { MOST_SECRET = 4096, KEY_DIGITS = 44 };

#define VERIFIER "SCRAM-SHA-256$"

static size_t base64_len(const char *text)
{
    size_t len =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    while (len % 4 != 0 && text[len] == '=')
        len++;
    return len % 4 == 0 ? len : 0;
}

/* SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>: PostgreSQL docs, pg_authid. */
static bool is_verifier(const char *text)
{
    int iterations = 0;
    size_t salt;

    text = sw_reader_digits(text + strlen(VERIFIER), &iterations);
    if (text == NULL || iterations == 0 || *text++ != ':')
        return false;
    salt = base64_len(text);
    if (salt == 0 || text[salt] != '$')
        return false;
    text += salt + 1;
    return base64_len(text) == KEY_DIGITS && text[KEY_DIGITS] == ':' &&
           base64_len(text + KEY_DIGITS + 1) == KEY_DIGITS && text[2 * KEY_DIGITS + 1] == '\0';
}

static bool is_md5(const char *text)
{
    return strncmp(text, "md5", 3) == 0 && strlen(text) == 35 &&
           strspn(text + 3, "0123456789abcdef") == 32;
}

void sw_read_password(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct sw_secret *secret = (void *)((char *)into + field->offset);
    const char *text = sw_reader_scalar(reader, entry);

    secret->at = entry->value;
    if (text != NULL && *text == '\0')
        sw_reader_fault(reader, entry->value, "'password' is empty; write the password");
    else
        secret->text = text;
}

static void cut_line_end(char *text, size_t *len)
{
    if (*len > 0 && text[*len - 1] == '\n')
        text[--*len] = '\0';
    if (*len > 0 && text[*len - 1] == '\r')
        text[--*len] = '\0';
}

void sw_read_password_file(struct sw_reader *reader, const struct sw_entry *entry,
                           const struct sw_field *field, void *into)
{
    struct sw_secret *secret = (void *)((char *)into + field->offset);
    const char *name = sw_reader_scalar(reader, entry), *why = NULL;
    const char *path;
    size_t len = 0;
    char *text;

    secret->file_at = entry->value;
    if (name == NULL)
        return;
    path = sw_reader_beside(reader, name);
    text = sw_file_read(path, MOST_SECRET, &len, &why);
    if (text != NULL)
        cut_line_end(text, &len);
    if (text == NULL)
        sw_reader_fault(reader, entry->value, "cannot read '%.150s': %s", path, why);
    else if (len == 0 || strlen(text) != len || strchr(text, '\n') != NULL)
        sw_reader_fault(reader, entry->value,
                        "'%.150s' must hold one line: the password or its verifier", path);
    else if (secret->text == NULL)
        secret->text = sw_arena_strdup(&reader->config->arena, text);
    free(text);
}

void sw_secret_check_source(struct sw_reader *reader, const struct sw_secret *secret)
{
    if (secret->at != NULL && secret->file_at != NULL)
        sw_reader_fault(reader, secret->file_at,
                        "both 'password' and 'password_file' are given; remove one");
}

bool sw_secret_is_verifier(const struct sw_secret *secret)
{
    return secret->text != NULL && strncmp(secret->text, VERIFIER, strlen(VERIFIER)) == 0;
}

static bool is_scram(enum sw_config_auth auth)
{
    return auth == SW_AUTH_SCRAM || auth >= SW_AUTH_PEER;
}

void sw_secret_check_login(struct sw_reader *reader, const struct sw_secret *secret,
                           enum sw_config_auth auth)
{
    const yaml_node_t *at = secret->at != NULL ? secret->at : secret->file_at;

    sw_secret_check_source(reader, secret);
    if (secret->text != NULL && is_md5(secret->text) && is_scram(auth))
        sw_reader_fault(reader, at,
                        "an md5 hash is of no use to scram-sha-256; write the password or its "
                        "SCRAM-SHA-256 verifier, or 'auth: md5'");
    else if (sw_secret_is_verifier(secret) && !is_verifier(secret->text))
        sw_reader_fault(reader, at,
                        "this is no SCRAM-SHA-256 verifier; write it as pg_authid has it: "
                        "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>");
    else if (sw_secret_is_verifier(secret) && !is_scram(auth))
        sw_reader_fault(reader, at,
                        "a SCRAM-SHA-256 verifier is of no use to %s; write the password or "
                        "its md5 hash, or 'auth: scram-sha-256'",
                        sw_config_auth_name(auth));
}
