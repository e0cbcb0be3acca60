/*
 * As PostgreSQL's ProcessStartupPacket() and process_postgres_switches(), measured on 15: the
 * same packets pass, and the others fail with the same words.
 */
#include "shardward/wire/startup.h"

#include "shardward/base/mem.h"
#include "shardward/base/text.h"

#include <string.h>

enum {
    CANCEL_CODE = 80877102,
    SSL_CODE = 80877103,
    GSSENC_CODE = 80877104,
    LENGTH_LEN = 4,
    MAJOR = 3,
};

/* False at the terminator and when the cursor is bad. */
static bool next_pair(struct sw_cursor *cursor, struct sw_startup_pair *pair)
{
    pair->name = sw_cursor_text(cursor);
    if (pair->name[0] == '\0')
        return false;
    pair->value = sw_cursor_text(cursor);
    return !cursor->is_bad;
}

static bool is_protocol_option(const char *name)
{
    return strncmp(name, "_pq_.", 5) == 0;
}

static bool is_setting(const char *name)
{
    static const char *const keys[] = {"database", "options", "replication", "user"};

    return !is_protocol_option(name) &&
           !sw_text_is_one_of(name, keys, sizeof keys / sizeof *keys);
}

static bool is_start_of(const char *text, size_t least, const char *word)
{
    size_t len = strlen(text);

    return len >= least && strncmp(text, word, len) == 0;
}

/* PostgreSQL takes any start of a boolean word that is no start of another. */
static bool read_replication(const char *value, bool *is_replication, struct sw_error *err)
{
    char word[sizeof "false"];
    bool is_short = sw_text_lower(value, word, sizeof word);

    if (strcmp(value, "database") == 0 ||
        (is_short && (is_start_of(word, 1, "true") || is_start_of(word, 1, "yes") ||
                      is_start_of(word, 2, "on") || strcmp(word, "1") == 0))) {
        *is_replication = true;
        return true;
    }
    if (is_short && (is_start_of(word, 1, "false") || is_start_of(word, 1, "no") ||
                     is_start_of(word, 2, "off") || strcmp(word, "0") == 0)) {
        *is_replication = false;
        return true;
    }
    (void)sw_error_set(err, "22023", "invalid value for parameter \"replication\": \"%s\"",
                       value);
    sw_error_hint(err, "Valid values are: \"false\", 0, \"true\", 1, \"database\".");
    return false;
}

static bool add_protocol_option(struct sw_startup *startup, const char *name,
                                struct sw_error *err)
{
    if (startup->unknown_option_count == SW_STARTUP_PAIRS)
        return sw_error_set(err, "54000", "more than %d protocol options in startup packet",
                            SW_STARTUP_PAIRS);
    startup->unknown_options[startup->unknown_option_count++] = name;
    return true;
}

static bool add_setting(struct sw_startup *startup, const char *name, const char *value,
                        struct sw_error *err)
{
    if (startup->setting_count == SW_STARTUP_PAIRS)
        return sw_error_set(err, "54000", "more than %d settings in startup packet",
                            SW_STARTUP_PAIRS);
    startup->settings[startup->setting_count++] = (struct sw_startup_pair){name, value};
    return true;
}

static bool read_key(struct sw_startup *startup, const struct sw_startup_pair *pair,
                     const char **options, struct sw_error *err)
{
    if (is_protocol_option(pair->name))
        return add_protocol_option(startup, pair->name, err);
    if (strcmp(pair->name, "replication") == 0)
        return read_replication(pair->value, &startup->is_replication, err);
    if (strcmp(pair->name, "user") == 0)
        startup->user = pair->value;
    else if (strcmp(pair->name, "database") == 0)
        startup->database = pair->value;
    else if (strcmp(pair->name, "options") == 0)
        *options = pair->value;
    return true;
}

static bool read_keys(struct sw_startup *startup, struct sw_cursor cursor, const char **options,
                      struct sw_error *err)
{
    struct sw_startup_pair pair;

    while (next_pair(&cursor, &pair))
        if (!read_key(startup, &pair, options, err))
            return false;
    if (!sw_cursor_is_done(&cursor))
        return sw_error_set(err, "08P01",
                            "invalid startup packet layout: expected terminator as last byte");
    if (startup->user == NULL || startup->user[0] == '\0')
        return sw_error_set(err, "28000",
                            "no PostgreSQL user name specified in startup packet");
    if (startup->database == NULL || startup->database[0] == '\0')
        startup->database = startup->user;
    return true;
}

static bool read_settings(struct sw_startup *startup, struct sw_cursor cursor,
                          struct sw_error *err)
{
    struct sw_startup_pair pair;

    while (next_pair(&cursor, &pair))
        if (is_setting(pair.name) && !add_setting(startup, pair.name, pair.value, err))
            return false;
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next argument, unescaped, with a zero byte behind it at *out; NULL when there is none
 * left. It takes no more room than in @text, as the zero byte stands for the space behind. */
static char *next_argument(const char **text, char **out)
{
    char *argument = *out;
    bool is_escaped = false;

    while (is_space(**text))
        ++*text;
    if (**text == '\0')
        return NULL;
    for (; **text != '\0' && (is_escaped || !is_space(**text)); ++*text) {
        is_escaped = !is_escaped && **text == '\\';
        if (!is_escaped)
            *(*out)++ = **text;
    }
    *(*out)++ = '\0';
    return argument;
}

static void spell_name(char *name)
{
    (void)sw_text_lower(name, name, strlen(name) + 1);
    for (; *name != '\0'; name++)
        if (*name == '-')
            *name = '_';
}

/* @text is "name=value", to be cut in two. */
static bool read_option(struct sw_startup *startup, const char *lead, char *text,
                        struct sw_error *err)
{
    char *equals = strchr(text, '=');

    if (equals == NULL)
        return sw_error_set(err, "42601", "%s%s requires a value", lead, text);
    *equals = '\0';
    if (equals == text)
        return sw_error_set(err, "42704", "unrecognized configuration parameter \"\"");
    spell_name(text);
    return add_setting(startup, text, equals + 1, err);
}

static bool read_options(struct sw_startup *startup, const char *options, struct sw_error *err)
{
    char *argument, *out;

    out = startup->options_memory = sw_alloc(strlen(options) + 1);
    while ((argument = next_argument(&options, &out)) != NULL) {
        const char *lead = "--";
        char *text = NULL;

        if (strncmp(argument, "--", 2) == 0 && argument[2] != '\0') {
            text = argument + 2;
        } else if (strncmp(argument, "-c", 2) == 0) {
            lead = "-c ";
            text = argument[2] != '\0' ? argument + 2 : next_argument(&options, &out);
        }
        if (text == NULL)
            return sw_error_set(
                err, "42601", "invalid command-line argument for server process: %s", argument);
        if (!read_option(startup, lead, text, err))
            return false;
    }
    return true;
}

static bool read_session(struct sw_startup *startup, struct sw_cursor cursor,
                         struct sw_error *err)
{
    const char *options = NULL;

    if (startup->version >> 16 != MAJOR)
        return sw_error_set(err, "0A000",
                            "unsupported frontend protocol %u.%u: server supports %d.0 to %d.0",
                            startup->version >> 16, startup->version & 0xffff, MAJOR, MAJOR);
    return read_keys(startup, cursor, &options, err) &&
           (options == NULL || read_options(startup, options, err)) &&
           read_settings(startup, cursor, err);
}

static bool read_cancel(struct sw_startup *startup, struct sw_cursor cursor,
                        struct sw_error *err)
{
    startup->cancel_pid = sw_cursor_int32(&cursor);
    startup->cancel_key = sw_cursor_int32(&cursor);
    if (!sw_cursor_is_done(&cursor))
        return sw_error_set(err, "08P01", "invalid length of query cancel packet");
    return true;
}

bool sw_startup_read(struct sw_startup *startup, const struct sw_frame *frame,
                     struct sw_error *err)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    uint32_t code = sw_cursor_int32(&cursor);

    *startup = (struct sw_startup){.kind = SW_STARTUP_SESSION};
    if (cursor.is_bad || frame->body_len > SW_STARTUP_LIMIT - LENGTH_LEN)
        return sw_error_set(err, "08P01", "invalid length of startup packet");
    /* PostgreSQL ignores what stands behind these two codes. */
    if (code == SSL_CODE || code == GSSENC_CODE) {
        startup->kind = code == SSL_CODE ? SW_STARTUP_SSL : SW_STARTUP_GSSENC;
        return true;
    }
    if (code == CANCEL_CODE) {
        startup->kind = SW_STARTUP_CANCEL;
        return read_cancel(startup, cursor, err);
    }
    startup->version = code;
    if (read_session(startup, cursor, err))
        return true;
    sw_startup_finish(startup);
    return false;
}

void sw_startup_finish(struct sw_startup *startup)
{
    free(startup->options_memory);
    startup->options_memory = NULL;
    startup->setting_count = 0;
}
