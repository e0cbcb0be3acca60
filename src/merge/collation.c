/*
 * collation - strcoll_l() wants texts that end in zero bytes, and so they are copied; short
 * ones to the stack.
 *
 * Keys of strxfrm() would be compared faster, but do not always say what strcoll() does, which
 * is why PostgreSQL does not use them (TRUST_STRXFRM in varlena.c).
 */
#include "shardward/merge/collation.h"

#include "shardward/base/mem.h"

#include <gnu/libc-version.h>
#include <langinfo.h>
#include <locale.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { SHORT = 1024 };

struct sw_collation {
    atomic_int refs;
    locale_t locale;
};

static bool refuse(struct sw_error *err, const char *locale, const char *reason)
{
    sw_error_set(err, "0A000", "texts cannot be compared as by collation %s", locale);
    sw_error_detail(err, "%s", reason);
    return false;
}

static bool is_version_ours(const char *locale, const char *version, struct sw_error *err)
{
    char reason[160];

    if (version == NULL)
        return refuse(err, locale, "The server does not tell the version of its C library.");
    if (strcmp(version, gnu_get_libc_version()) == 0)
        return true;
    (void)snprintf(reason, sizeof reason,
                   "The server's C library has version %.40s, that of shardward %.40s.",
                   version, gnu_get_libc_version());
    return refuse(err, locale, reason);
}

struct sw_collation *sw_collation_open(const char *locale, const char *version,
                                       struct sw_error *err)
{
    struct sw_collation *collation;
    locale_t opened;

    if (!is_version_ours(locale, version, err))
        return NULL;
    opened = newlocale(LC_COLLATE_MASK | LC_CTYPE_MASK, locale, (locale_t)0);
    if (opened == (locale_t)0) {
        refuse(err, locale, "This machine does not have its locale.");
        return NULL;
    }
    if (strcmp(nl_langinfo_l(CODESET, opened), "UTF-8") != 0) {
        refuse(err, locale, "The encoding of its locale is not UTF-8.");
        freelocale(opened);
        return NULL;
    }
    collation = sw_alloc_zero(1, sizeof *collation);
    collation->locale = opened;
    atomic_init(&collation->refs, 1);
    return collation;
}

struct sw_collation *sw_collation_ref(struct sw_collation *collation)
{
    if (collation != NULL)
        atomic_fetch_add(&collation->refs, 1);
    return collation;
}

void sw_collation_unref(struct sw_collation *collation)
{
    if (collation == NULL || atomic_fetch_sub(&collation->refs, 1) > 1)
        return;
    freelocale(collation->locale);
    free(collation);
}

/* A copy with a zero byte, in @place if it fits there. */
static char *ended(const uint8_t *text, size_t len, char place[SHORT])
{
    char *copy = len < SHORT ? place : sw_alloc(len + 1);

    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

int sw_collation_compare(const struct sw_collation *collation, const uint8_t *a, size_t a_len,
                         const uint8_t *b, size_t b_len)
{
    char a_place[SHORT], b_place[SHORT];
    char *a_text, *b_text;
    int result;

    if (a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0))
        return 0;
    a_text = ended(a, a_len, a_place);
    b_text = ended(b, b_len, b_place);
    result = strcoll_l(a_text, b_text, collation->locale);
    if (result == 0)
        result = strcmp(a_text, b_text);
    if (a_text != a_place)
        free(a_text);
    if (b_text != b_place)
        free(b_text);
    return result;
}
