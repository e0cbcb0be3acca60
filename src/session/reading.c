/*
 * How servers read the text of a statement. PostgreSQL turns literals into values when a
 * statement is parsed, so that TimeZone and DateStyle of that moment stay in it, and looks for
 * names again when search_path or role have changed. A server has each statement but once for
 * all clients, and parses it when it first needs it. So statements of one text are different
 * ones where they may be read differently; and one that would have to be parsed under settings
 * that are in force no longer is refused.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/base/text.h"

#include <string.h>
#include <strings.h>

static const char *const of_names[] = {"role", "search_path"};
static const char *const of_literals[] = {
    "backslash_quote",        "datestyle", "intervalstyle", "lc_monetary", "timezone",
    "timezone_abbreviations", "xmloption"};

enum {
    NAME_SETTINGS = sizeof of_names / sizeof *of_names,
    LITERAL_SETTINGS = sizeof of_literals / sizeof *of_literals,
};

bool sw_reading_depends_on(const char *setting)
{
    return setting == NULL || sw_text_is_one_of(setting, of_names, NAME_SETTINGS) ||
           sw_text_is_one_of(setting, of_literals, LITERAL_SETTINGS);
}

struct sw_reading sw_session_reading(const struct sw_session *session)
{
    bool is_local = session->has_local_reading;

    for (int i = 0; i < session->change_count && !is_local; i++)
        is_local = sw_reading_depends_on(session->changes[i].name);
    return (struct sw_reading){session->settings, is_local ? session->reading_serial : 0};
}

/* --- what stands in a text --- */

static bool is_word_part(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Does every ' begin or end a literal, and nothing else? */
static bool is_plain(const char *text)
{
    for (const char *at = text; (at = strchr(at, '$')) != NULL; at++)
        if (at[1] < '0' || at[1] > '9')
            return false;
    return strchr(text, '\\') == NULL && strstr(text, "--") == NULL &&
           strstr(text, "/*") == NULL;
}

/* The next literal in a text from @at on; where that cannot be told, all that is left. */
static const char *next_literal(const char *at, bool is_plain_text, size_t *len)
{
    const char *start = strpbrk(at, is_plain_text ? "'" : "'$");

    if (start != NULL)
        *len = is_plain_text ? strcspn(start + 1, "'") : strlen(start + 1);
    return start == NULL ? NULL : start + 1;
}

static bool has_literal(const char *text, bool (*is_it)(const char *literal, size_t len))
{
    bool is_plain_text = is_plain(text);
    const char *at = text;
    size_t len = 0;

    while ((at = next_literal(at, is_plain_text, &len)) != NULL) {
        if (is_it(at, len))
            return true;
        at += len;
        at += *at == '\'';
    }
    return false;
}

/* Could a setting decide about it? Moments, intervals and money have digits, XML has angles. */
static bool is_doubtful(const char *literal, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr("0123456789<\\", literal[i]) != NULL)
            return true;
    return false;
}

/* Does it hold the name of a moment, which is that of the Parse? */
static bool names_moment(const char *literal, size_t len)
{
    static const char *const moments[] = {"now", "today", "tomorrow", "yesterday"};
    size_t word;

    for (size_t at = 0; at < len; at += word + 1) {
        word = 0;
        while (at + word < len && is_word_part(literal[at + word]))
            word++;
        for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
            if (word == strlen(moments[i]) && strncasecmp(literal + at, moments[i], word) == 0)
                return true;
    }
    return false;
}

bool sw_reading_check(const char *text, struct sw_error *err)
{
    if (!has_literal(text, names_moment))
        return true;
    sw_error_set(err, "0A000",
                 "a prepared statement with now, today, tomorrow or yesterday in a literal is "
                 "not supported");
    sw_error_detail(err, "The word may stand for the moment at which it is parsed.");
    sw_error_hint(err, "Write now() or current_date, or pass the value as a parameter.");
    return false;
}

/* --- statements --- */

static bool is_same_value(const struct sw_settings *a, const struct sw_settings *b,
                          const char *name)
{
    const char *left = sw_settings_get(a, name), *right = sw_settings_get(b, name);

    return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

static bool are_same_values(const struct sw_settings *a, const struct sw_settings *b,
                            const char *const *names, int count)
{
    for (int i = 0; a != b && i < count; i++)
        if (!is_same_value(a, b, names[i]))
            return false;
    return true;
}

static void put_values(struct sw_buf *scope, const struct sw_settings *settings,
                       const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        const char *value = sw_settings_get(settings, names[i]);

        (void)sw_buf_printf(scope, "%s\n", value == NULL ? "" : value);
    }
}

/* A server keeps the shape of a statement's answer: after DDL it is to be parsed anew. */
char *sw_session_scope(const struct sw_session *session, const char *text,
                       const struct sw_planned *planned)
{
    const struct sw_reading now = sw_session_reading(session);
    struct sw_buf scope;
    char *copy;

    sw_buf_init(&scope, SW_RUN_LIMIT);
    (void)sw_buf_printf(&scope, "%d\n",
                        session->catalog == NULL ? 0 : session->catalog->version);
    put_values(&scope, now.settings, of_names, NAME_SETTINGS);
    if (has_literal(text, is_doubtful))
        put_values(&scope, now.settings, of_literals, LITERAL_SETTINGS);
    if (now.local > 0)
        (void)sw_buf_printf(&scope, "%u %llu", (unsigned)session->id,
                            (unsigned long long)now.local);
    if (planned->dropped > 0)
        (void)sw_buf_printf(&scope, " anew %d", planned->dropped);
    /* A server does not look anew for a name that a temporary table has taken meanwhile. */
    if (planned->context.temporaries != NULL)
        (void)sw_buf_printf(&scope, " %llu",
                            (unsigned long long)planned->context.temporaries->serial);
    copy = sw_strndup((const char *)sw_buf_bytes(&scope), sw_buf_len(&scope));
    sw_buf_finish(&scope);
    return copy;
}

bool sw_session_reads_alike(const struct sw_session *session, const struct sw_named *named)
{
    const struct sw_reading now = sw_session_reading(session);

    return now.settings == named->reading.settings && now.local == named->reading.local;
}

static bool refuse_stale(struct sw_error *err)
{
    sw_error_set(err, "0A000",
                 "settings by which literals of the prepared statement were read have changed");
    sw_error_hint(err, "Prepare the statement again, or pass the values as parameters.");
    return false;
}

static void replace_prepared(const struct sw_session *session, const struct sw_named *named,
                             struct sw_prepared **at)
{
    struct sw_prepared *before = *at;
    char *scope = sw_session_scope(session, before->query, named->planned);
    struct sw_prepared *prepared =
        before->server_name[0] == '\0'
            ? sw_prepared_create_unnamed(before->query, before->types, before->type_count)
            : sw_prepared_create(before->query, before->types, before->type_count, scope);

    free(scope);
    prepared->is_fetch = before->is_fetch;
    if (before->learned != NULL)
        sw_prepared_learn(prepared, before->learned, before->learned_count);
    sw_prepared_unref(before);
    *at = prepared;
}

void sw_session_read_anew(const struct sw_session *session, struct sw_named *named)
{
    if (named->prepared != NULL)
        replace_prepared(session, named, &named->prepared);
    if (named->filled != NULL)
        replace_prepared(session, named, &named->filled);
}

bool sw_session_read_again(const struct sw_session *session, struct sw_named *named,
                           struct sw_error *err)
{
    const struct sw_reading now = sw_session_reading(session);
    struct sw_reading *before = &named->reading;

    if (named->prepared == NULL || sw_session_reads_alike(session, named))
        return true;
    if ((now.local != before->local ||
         !are_same_values(now.settings, before->settings, of_literals, LITERAL_SETTINGS)) &&
        has_literal(named->prepared->query, is_doubtful))
        return refuse_stale(err);
    if (now.local != before->local ||
        !are_same_values(now.settings, before->settings, of_names, NAME_SETTINGS))
        sw_session_read_anew(session, named);
    (void)sw_settings_ref(now.settings);
    sw_settings_unref(before->settings);
    *before = now;
    return true;
}
