/*
 * settings - what a session has set: an immutable, counted list of name = value.
 *
 * Names are PostgreSQL's parameters in lower case, values as current_setting() shows them or as
 * the client gave them. Two lists made by the same changes compare equal. A change makes a new
 * list; the old one stays as it was, so that a snapshot is a reference. NULL is the empty list.
 * Counts may change from one thread only.
 */
#ifndef SW_BASE_SETTINGS_H
#define SW_BASE_SETTINGS_H

#include "shardward/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct sw_setting {
    const char *name, *value;
};

struct sw_settings {
    int refs;
    size_t count;
    struct sw_setting list[]; /* sorted by name */
};

struct sw_settings *sw_settings_ref(struct sw_settings *settings);
void sw_settings_unref(struct sw_settings *settings);
/* A list of its own with the same content, for another thread. One reference. */
struct sw_settings *sw_settings_copy(const struct sw_settings *settings);

/* The list with @name set to @value, or without @name when @value is NULL. Takes the caller's
 * reference to @settings and returns one to the result. */
struct sw_settings *sw_settings_with(struct sw_settings *settings, const char *name,
                                     const char *value);

/* The value of @name, or NULL. */
const char *sw_settings_get(const struct sw_settings *settings, const char *name);
bool sw_settings_are_equal(const struct sw_settings *a, const struct sw_settings *b);

/*
 * A few lists that are in use again and again. Lists of the same content become one, so that
 * comparing them ends at their addresses.
 */
enum { SW_SETTINGS_SHARED = 8 };

struct sw_settings_shared {
    struct sw_settings *lists[SW_SETTINGS_SHARED]; /* last used first; shared */
};

/* A list with the content of @settings. Takes the caller's reference and returns one. */
struct sw_settings *sw_settings_share(struct sw_settings_shared *shared,
                                      struct sw_settings *settings);
void sw_settings_shared_finish(struct sw_settings_shared *shared);

/* SQL text: a quoted literal (standard_conforming_strings is on), a quoted name, and the
 * statement that sets. */
void sw_put_sql_literal(struct sw_buf *sql, const char *text);
void sw_put_sql_name(struct sw_buf *sql, const char *name);
void sw_put_sql_set_config(struct sw_buf *sql, const char *name, const char *value,
                           bool is_local);

#endif
