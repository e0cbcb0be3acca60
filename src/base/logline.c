/*
 * A line of the log is made from the format of its event, not from formatted text: what belongs
 * to a value is known then, whatever bytes it holds.
 *
 *   format:  client=%u reason="%s"      pieces: key `client`, value `%u`; key `reason`, value
 * `%s`
 *
 * The line is full when a whole character no longer fits; the room for its end is kept free.
 */
#include "shardward/base/log.h"

#include "shardward/base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { END = 4 /* bytes kept for the end of a value and of the line: `"}\n` and to spare */ };

struct line {
    char *bytes;
    size_t len;
    bool is_full;
    enum sw_log_format as;
};

/* The text of one value before it is quoted; what does not fit is cut. */
struct value {
    char text[SW_LOG_LINE];
    size_t len;
    bool is_number; /* one integer conversion and nothing else */
};

/* --- putting --- */

static bool fits(struct line *line, size_t len)
{
    line->is_full = line->is_full || line->len + len > SW_LOG_LINE - END;
    return !line->is_full;
}

static void put(struct line *line, const char *bytes, size_t len)
{
    if (!fits(line, len))
        return;
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* One character, or one stray byte, inside quotes; both forms escape in JSON's way. */
static size_t put_quoted(struct line *line, const unsigned char *at, size_t len)
{
    size_t size = sw_utf8_character(at, len);
    char escaped[8];
    int written;

    if (size == 0) {
        put_text(line, "\xef\xbf\xbd"); /* U+FFFD, the replacement character */
        return 1;
    }
    if (*at == '"' || *at == '\\') {
        written = snprintf(escaped, sizeof escaped, "\\%c", *at);
        put(line, escaped, (size_t)written);
    } else if (*at == '\n') {
        put_text(line, "\\n");
    } else if (*at < ' ' || *at == 0x7f) {
        written = snprintf(escaped, sizeof escaped, "\\u%04x", *at);
        put(line, escaped, (size_t)written);
    } else {
        put(line, (const char *)at, size);
    }
    return size;
}

static void put_in_quotes(struct line *line, const char *text, size_t len)
{
    if (!fits(line, 1))
        return;
    put_text(line, "\"");
    for (size_t at = 0; at < len && !line->is_full;)
        at += put_quoted(line, (const unsigned char *)text + at, len - at);
    line->bytes[line->len++] = '"'; /* its room was kept */
}

static bool is_plain_word(const struct value *value)
{
    for (size_t i = 0; i < value->len; i++) {
        unsigned char at = (unsigned char)value->text[i];

        if (at <= ' ' || at >= 0x7f || at == '"' || at == '\\' || at == '=')
            return false;
    }
    return value->len > 0;
}

/* The longest pair without its value: `,"key":""`. */
static size_t pair_size(size_t key_len)
{
    return key_len + strlen(",\"\":\"\"");
}

static void put_key(struct line *line, const char *key, size_t len)
{
    if (line->as == SW_LOG_JSON) {
        put_text(line, ",");
        put_in_quotes(line, key, len);
        put_text(line, ":");
    } else {
        put_text(line, " ");
        put(line, key, len);
        put_text(line, "=");
    }
}

static bool is_bare(const struct line *line, const struct value *value)
{
    return line->as == SW_LOG_JSON ? value->is_number : is_plain_word(value);
}

static void put_pair(struct line *line, const char *key, size_t key_len,
                     const struct value *value, bool is_quoted)
{
    size_t whole = line->len + pair_size(key_len) + value->len;

    if (!fits(line, pair_size(key_len)))
        return;
    put_key(line, key, key_len);
    if (!is_quoted && whole <= SW_LOG_LINE - END && is_bare(line, value))
        put(line, value->text, value->len);
    else
        put_in_quotes(line, value->text, value->len);
}

/* --- formatting --- */

struct arguments {
    va_list list;
};

/* Integers are taken in their own length and printed in that of intmax_t. */

static intmax_t take_int(struct arguments *from)
{
    return va_arg(from->list, int);
}

static intmax_t take_unsigned(struct arguments *from)
{
    return va_arg(from->list, unsigned);
}

static intmax_t take_long(struct arguments *from)
{
    return va_arg(from->list, long);
}

static intmax_t take_long_long(struct arguments *from)
{
    return va_arg(from->list, long long);
}

static intmax_t take_size(struct arguments *from)
{
    return (intmax_t)va_arg(from->list, size_t);
}

static intmax_t take_max(struct arguments *from)
{
    return va_arg(from->list, intmax_t);
}

struct conversion {
    char spec[32]; /* as printf reads it */
    char kind;
    bool has_star; /* an int, the precision, comes before the value */
    intmax_t (*take)(struct arguments *from);
};

/* What takes an integer of the length that [at, end) spells. */
static intmax_t (*taker(const char *at, const char *end, char kind))(struct arguments *from)
{
    if (at == end || *at == 'h')
        return kind == 'd' || kind == 'i' || kind == 'c' ? take_int : take_unsigned;
    if (*at == 'z')
        return take_size;
    if (*at == 'j')
        return take_max;
    return end - at > 1 ? take_long_long : take_long;
}

/* The conversion at @at, behind its percent sign; returns what follows it. */
static const char *read_conversion(const char *at, struct conversion *conversion)
{
    const char *end = at + strcspn(at, "diuxXcsfgep%"), *lengths = at + strcspn(at, "hlzj");
    bool is_int;

    if (lengths > end)
        lengths = end;
    conversion->kind = *end;
    conversion->has_star = memchr(at, '*', (size_t)(end - at)) != NULL;
    conversion->take = taker(lengths, end, *end);
    is_int = *end != '\0' && strchr("diuxX", *end) != NULL;
    (void)snprintf(conversion->spec, sizeof conversion->spec, "%%%.*s%s%c", (int)(lengths - at),
                   at, is_int ? "j" : "", *end);
    return end + (*end != '\0');
}

static int print_text(char *out, size_t size, const struct conversion *conversion,
                      struct arguments *from)
{
    int most = conversion->has_star ? va_arg(from->list, int) : 0;
    const char *text = va_arg(from->list, const char *);

    if (text == NULL)
        text = "";
    return conversion->has_star ? snprintf(out, size, conversion->spec, most, text)
                                : snprintf(out, size, conversion->spec, text);
}

static int print_conversion(char *out, size_t size, const struct conversion *conversion,
                            struct arguments *from)
{
    switch (conversion->kind) {
    case 's':
        return print_text(out, size, conversion, from);
    case 'c':
        return snprintf(out, size, conversion->spec, (int)conversion->take(from));
    case 'f':
    case 'g':
    case 'e':
        return snprintf(out, size, conversion->spec, va_arg(from->list, double));
    case 'p':
        return snprintf(out, size, "%p", va_arg(from->list, void *));
    case '%':
        return snprintf(out, size, "%%");
    case '\0':
        return 0;
    default:
        return snprintf(out, size, conversion->spec, conversion->take(from));
    }
}

static bool is_integer(const struct conversion *conversion)
{
    return strcmp(conversion->spec, "%jd") == 0 || strcmp(conversion->spec, "%ji") == 0 ||
           strcmp(conversion->spec, "%ju") == 0;
}

/* Format [from, to) into @value. */
static void format_value(struct value *value, const char *from, const char *to,
                         struct arguments *arguments)
{
    const char *at = from;

    value->len = 0;
    value->is_number = false;
    while (at < to) {
        char *out = value->text + value->len;
        size_t room = sizeof value->text - value->len;
        struct conversion conversion;
        int written = 1;

        if (*at == '%') {
            bool is_first = at == from;

            at = read_conversion(at + 1, &conversion);
            written = print_conversion(out, room, &conversion, arguments);
            value->is_number = is_first && at == to && is_integer(&conversion);
        } else if (room > 1) {
            *out = *at++;
        } else {
            return;
        }
        if (written > 0)
            value->len += (size_t)written < room ? (size_t)written : room - 1;
    }
}

/* One `key=value` of the format; returns what follows it. */
static const char *put_piece(struct line *line, const char *at, struct arguments *arguments,
                             struct value *value)
{
    size_t key_len = strcspn(at, "= "), value_len;
    const char *from = at + key_len;
    bool is_quoted;

    if (*from != '=') {
        *value = (struct value){.text = "true", .len = 4, .is_number = true};
        put_pair(line, at, key_len, value, false);
        return from;
    }
    is_quoted = *++from == '"';
    from += is_quoted;
    value_len = strcspn(from, is_quoted ? "\"" : " ");
    format_value(value, from, from + value_len, arguments);
    put_pair(line, at, key_len, value, is_quoted);
    return from + value_len + (is_quoted && from[value_len] != '\0');
}

static void put_head(struct line *line, const struct timespec *now, enum sw_log_level level,
                     const char *event)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char time[32];
    struct tm utc;
    size_t len;
    int more;

    gmtime_r(&now->tv_sec, &utc);
    len = strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(time + len, sizeof time - len, ".%03dZ", (int)(now->tv_nsec / 1000000));
    more = snprintf(line->bytes, SW_LOG_LINE,
                    line->as == SW_LOG_JSON
                        ? "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%.64s\""
                        : "%s %s %.64s",
                    time, names[level], event);
    line->len = (size_t)more;
}

size_t sw_log_line(char *out, enum sw_log_format as, const struct timespec *now,
                   enum sw_log_level level, const char *event, int suppressed,
                   const char *format, va_list args)
{
    struct line line = {.bytes = out, .as = as};
    struct arguments arguments;
    struct value value;

    va_copy(arguments.list, args);
    put_head(&line, now, level, event);
    if (suppressed > 0) {
        value.len = (size_t)snprintf(value.text, sizeof value.text, "%d", suppressed);
        value.is_number = true;
        put_pair(&line, "suppressed", strlen("suppressed"), &value, false);
    }
    while (*format != '\0')
        format = *format == ' ' ? format + 1 : put_piece(&line, format, &arguments, &value);
    va_end(arguments.list);
    if (as == SW_LOG_JSON)
        out[line.len++] = '}';
    out[line.len++] = '\n';
    return line.len;
}
