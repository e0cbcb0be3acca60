#include "reader.h"

#include <string.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* Whatever the roles' search_path or the database's objects may be, it means what it says. */
static const char default_query[] =
    "SELECT rolname, CASE WHEN rolvaliduntil OPERATOR(pg_catalog.<) pg_catalog.now()"
    " THEN NULL ELSE rolpassword END FROM pg_catalog.pg_authid"
    " WHERE rolname OPERATOR(pg_catalog.=) $1 AND rolcanlogin";

struct draft {
    struct sw_config_auth_query query;
    struct sw_secret secret;
};

static void read_query(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text != NULL && strstr(text, "$1") == NULL)
        sw_reader_fault(reader, entry->value,
                        "the query has no $1, which stands for the user's name");
    else if (text != NULL)
        ((struct draft *)into)->query.text = text;
}

static const struct sw_field fields[] = {
    {"user", sw_read_name, offsetof(struct draft, query.user), true, 0, 0},
    {"password", sw_read_password, offsetof(struct draft, secret), false, 0, 0},
    {"password_file", sw_read_password_file, offsetof(struct draft, secret), false, 0, 0},
    {.name = "query", .read = read_query},
    {"cache", sw_read_time, offsetof(struct draft, query.cache_ms), false, 0, HOUR_MS},
};

void sw_read_auth_query(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    struct sw_config *config = into;
    struct draft draft = {.query = {.text = default_query, .cache_ms = MINUTE_MS / 6}};

    sw_reader_fields(reader, entry, fields, sizeof fields / sizeof *fields, &draft);
    sw_check_server_password(reader, &draft.secret);
    draft.query.password = draft.secret.text;
    config->auth_query = draft.query;
    reader->auth_query_at = entry->key;
}
