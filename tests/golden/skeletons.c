/*
 * skeletons FILE.sql MAP.yaml ... - the lexer that lifts literals, beside the two that know
 * better: libpg_query's scanner, and the full parse.
 *
 * Of every statement of the files, and of many texts put together at random, the literals must
 * be those that the scanner finds. With other values in the place of its literals every
 * statement must come to the same route, or the same refusal, by its skeleton as by a parse.
 */
#include "lines.h"

#include "shardward/parse/parse.h"
#include "shardward/plan/cache.h"

#include <pg_query.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    MUTATIONS = 30,  /* of every statement */
    SOUPS = 200000,  /* texts put together at random */
    SOUP_WORDS = 12, /* at most, in one of them */
    /* Most of what clients send has a skeleton. */
    LEAST_PERCENT = 40,
};

static struct {
    int statements, skeletons, mutations, lifted_hits, soups;
} counts;

static uint32_t random_state = 42;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

/* --- the scanner's tokens --- */

struct tokens {
    const uint8_t *at, *end;
};

struct token {
    uint64_t start, end, kind;
};

static uint64_t varint(struct tokens *tokens)
{
    uint64_t number = 0;

    for (int shift = 0; tokens->at < tokens->end; shift += 7) {
        uint8_t byte = *tokens->at++;

        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return number;
}

/* The next message ScanToken within ScanResult (pg_query.proto). */
static bool next_token(struct tokens *tokens, struct token *token)
{
    while (tokens->at < tokens->end) {
        uint64_t field = varint(tokens), len = varint(tokens);
        struct tokens inside;

        if ((field & 7) != 2)
            continue;
        inside = (struct tokens){tokens->at, tokens->at + len};
        tokens->at += len;
        *token = (struct token){0};
        while (inside.at < inside.end) {
            uint64_t member = varint(&inside) >> 3, value = varint(&inside);

            if (member == 1)
                token->start = value;
            else if (member == 2)
                token->end = value;
            else if (member == 4)
                token->kind = value;
        }
        return true;
    }
    return false;
}

/* The class that a token has by its number in gram.h; -1: it is no literal. */
static int class_of(const char *text, const struct token *token)
{
    enum { FCONST = 260, SCONST, USCONST, BCONST, XCONST, ICONST = 266 };
    bool is_whole = true;

    for (uint64_t i = token->start; i < token->end; i++)
        is_whole = is_whole && text[i] >= '0' && text[i] <= '9';
    switch (token->kind) {
    case ICONST:
        return SW_LITERAL_INT4;
    case FCONST:
        return is_whole ? SW_LITERAL_INT8 : SW_LITERAL_NUMERIC;
    case SCONST:
    case USCONST:
        return SW_LITERAL_STRING;
    case BCONST:
        return SW_LITERAL_BITS;
    case XCONST:
        return SW_LITERAL_HEX;
    default:
        return -1;
    }
}

static bool complain(const char *text, const char *why)
{
    (void)fprintf(stderr, "%s:\n  %s\n", why, text);
    return false;
}

static bool compare_tokens(const char *text, const struct sw_skeleton *skeleton,
                           const PgQueryScanResult *scanned)
{
    struct tokens tokens = {(const uint8_t *)scanned->pbuf.data,
                            (const uint8_t *)scanned->pbuf.data + scanned->pbuf.len};
    struct token token;
    int count = 0;

    while (next_token(&tokens, &token)) {
        const struct sw_literal *literal = &skeleton->literals[count];
        int class = class_of(text, &token);

        if (class < 0)
            continue;
        if (count++ == skeleton->literal_count)
            return complain(text, "the scanner finds one literal more");
        if (literal->at != token.start || literal->end != token.end)
            return complain(text, "the scanner finds a literal elsewhere");
        if (literal->class != SW_LITERAL_KEPT && (int)literal->class != class)
            return complain(text, "the scanner finds a literal of another class");
    }
    return count == skeleton->literal_count ||
           complain(text, "the scanner finds one literal less");
}

/* False: the two disagree. What has no skeleton is right in any case. */
static bool check_tokens(const char *text, struct sw_skeleton *skeleton, bool *has_skeleton)
{
    PgQueryScanResult scanned;
    bool is_good;

    *has_skeleton = sw_skeleton_make(skeleton, text, strlen(text));
    if (!*has_skeleton)
        return true;
    scanned = pg_query_scan(text);
    is_good = scanned.error == NULL ? compare_tokens(text, skeleton, &scanned)
                                    : complain(text, "the scanner finds an error");
    pg_query_free_scan_result(scanned);
    return is_good;
}

/* --- texts put together at random --- */

static bool check_soup(struct sw_skeleton *skeleton)
{
    static const char *const words[] = {
        "1",       "23",      "2147483647",  "2147483648", "9223372036854775808",
        "1.5",     ".5",      "5.",          "1e5",        "1E-3",
        "1..2",    "1e",      "2x",          "$1",         "$2a",
        "''",      "'a'",     "'it''s'",     "'\\'",       "E'a'",
        "E'\\n'",  "e''",     "N'n'",        "n",          "U&'\\0041'",
        "u&",      "b'01'",   "B''",         "x'1F'",      "$$a$$",
        "$t$'$t$", "$a$b$a$", "$",           "a$1",        "-",
        "--c\n",   "/*c*/",   "/*/**/*/",    "/*",         "*/",
        "+",       "*",       "<@",          "@-",         "=-",
        "::",      ":",       ":=",          "=>",         "..",
        ".",       "(",       ")",           "[",          "]",
        ",",       ";",       "\"q\"",       "\"q\"\"r\"", "U&\"q\"",
        "a",       "select",  "order by",    "limit",      "interval",
        "escape",  "int4",    "numeric(",    "as",         "distinct on (",
        "\n",      " ",       "\t",          "\x01",       "\xc3\xa4",
        "{",       "\\",      "uescape '!'", "float(3)",   "'a'\n'b'",
    };
    char text[SOUP_WORDS * 24] = "select ";
    uint32_t count = 1 + random_below(SOUP_WORDS);
    bool has_skeleton;

    for (uint32_t i = 0; i < count; i++) {
        strcat(text, words[random_below(sizeof words / sizeof *words)]);
        if (random_below(2) == 0)
            strcat(text, " ");
    }
    if (!check_tokens(text, skeleton, &has_skeleton))
        return false;
    counts.soups += has_skeleton;
    return true;
}

/* --- other values in the place of the literals --- */

static void put_string(struct sw_buf *out, const struct sw_literal *literal)
{
    static const char letters[] = "abcdef0123456789'-\\ ";

    (void)sw_buf_append_text(out, "'");
    if (random_below(4) == 0) {
        for (uint32_t left = random_below(12); left > 0; left--) {
            const char *letter = &letters[random_below(sizeof letters - 1)];

            (void)sw_buf_append(out, letter, 1);
            if (*letter == '\'')
                (void)sw_buf_append_text(out, "'");
        }
    } else {
        /* Much like what it was: a key of the same type, perhaps. */
        for (size_t i = 0; i < literal->text_len; i++) {
            char letter = literal->text[i];

            if (letter >= '0' && letter <= '9' && random_below(3) == 0)
                letter = (char)('0' + random_below(10));
            (void)sw_buf_append(out, &letter, 1);
            if (letter == '\'')
                (void)sw_buf_append_text(out, "'");
        }
    }
    (void)sw_buf_append_text(out, "'");
}

static void put_literal(struct sw_buf *out, const struct sw_literal *literal,
                        const char *source)
{
    switch (literal->class) {
    case SW_LITERAL_INT4:
        (void)sw_buf_printf(out, "%u", random_below(random_below(2) == 0 ? 3 : 100000));
        break;
    case SW_LITERAL_INT8:
        (void)sw_buf_printf(out, "%u%09u", 3 + random_below(9000000), random_below(1000000000));
        break;
    case SW_LITERAL_NUMERIC:
        (void)sw_buf_printf(out, "%u.%u", random_below(3), random_below(100));
        break;
    case SW_LITERAL_STRING:
        put_string(out, literal);
        break;
    case SW_LITERAL_BITS:
        (void)sw_buf_append_text(out, random_below(2) == 0 ? "b'0'" : "b'101'");
        break;
    case SW_LITERAL_HEX:
        (void)sw_buf_append_text(out, random_below(2) == 0 ? "x'0'" : "X'1f'");
        break;
    case SW_LITERAL_KEPT:
        (void)sw_buf_append(out, source + literal->at, literal->end - literal->at);
        break;
    }
}

static void mutate(const char *text, const struct sw_skeleton *skeleton, struct sw_buf *out)
{
    size_t at = 0;

    sw_buf_clear(out);
    for (int i = 0; i < skeleton->literal_count; i++) {
        const struct sw_literal *literal = &skeleton->literals[i];

        (void)sw_buf_append(out, text + at, literal->at - at);
        put_literal(out, literal, text);
        at = literal->end;
    }
    (void)sw_buf_append(out, text + at, strlen(text + at) + 1);
}

/* What becomes of a statement: its route, or its refusal. */
struct outcome {
    bool is_routed;
    struct sw_route route;
    struct sw_error err;
};

static struct outcome by_cache(struct sw_plan_cache *cache,
                               const struct sw_plan_context *context, const char *text)
{
    struct outcome outcome = {0};
    struct sw_parameters parameters = {.values = NULL};
    struct sw_planned *planned = sw_plan_cache_get_query(cache, context, text, strlen(text),
                                                         &parameters.lifted, &outcome.err);

    if (planned != NULL && planned->plan != NULL)
        outcome.is_routed =
            sw_plan_locate(planned->plan, &parameters, &outcome.route, &outcome.err);
    else if (planned != NULL && planned->script->count == 1)
        outcome.is_routed = sw_plan_route(context, &planned->script->statements[0], &parameters,
                                          &outcome.route, &outcome.err);
    sw_planned_unref(planned);
    return outcome;
}

static struct outcome by_parse(const struct sw_plan_context *context, const char *text)
{
    struct outcome outcome = {0};
    struct sw_parameters parameters = {.values = NULL};
    struct sw_script *script = sw_parse(text, &outcome.err);

    if (script != NULL && script->count == 1)
        outcome.is_routed = sw_plan_route(context, &script->statements[0], &parameters,
                                          &outcome.route, &outcome.err);
    sw_script_unref(script);
    return outcome;
}

static bool is_same(const struct outcome *a, const struct outcome *b)
{
    if (a->is_routed != b->is_routed)
        return false;
    if (a->is_routed)
        return a->route.kind == b->route.kind && a->route.shard == b->route.shard &&
               a->route.placement == b->route.placement;
    return strcmp(a->err.sqlstate, b->err.sqlstate) == 0 &&
           strcmp(a->err.message, b->err.message) == 0 &&
           strcmp(a->err.detail, b->err.detail) == 0 && strcmp(a->err.hint, b->err.hint) == 0;
}

static const char *shard_name(const struct outcome *outcome)
{
    return outcome->is_routed && outcome->route.shard != NULL ? outcome->route.shard->name
                                                              : "no shard";
}

static bool check_outcome(struct sw_plan_cache *cache, const struct sw_plan_context *context,
                          const char *text)
{
    struct outcome cached = by_cache(cache, context, text), parsed = by_parse(context, text);

    if (is_same(&cached, &parsed))
        return true;
    (void)fprintf(stderr, "%s\n  by its skeleton: %s %s\n  by a parse: %s %s\n", text,
                  shard_name(&cached), cached.err.message, shard_name(&parsed),
                  parsed.err.message);
    return false;
}

static bool check_statement(struct sw_plan_cache *cache, const struct sw_plan_context *context,
                            const char *text)
{
    static struct sw_skeleton skeleton;
    bool has_skeleton, is_good;
    struct sw_buf other;

    counts.statements++;
    is_good =
        check_tokens(text, &skeleton, &has_skeleton) && check_outcome(cache, context, text);
    if (!has_skeleton || !is_good)
        return is_good;
    counts.skeletons++;
    sw_buf_init(&other, 1 << 20);
    for (int i = 0; i < MUTATIONS && is_good; i++) {
        mutate(text, &skeleton, &other);
        counts.mutations++;
        is_good = check_outcome(cache, context, (const char *)sw_buf_bytes(&other));
    }
    sw_buf_finish(&other);
    return is_good;
}

/* --- files --- */

static bool check_file(const char *path, struct sw_map *map)
{
    struct sw_plan_context context = {.database = &map->databases[0],
                                      .user = &map->users[0],
                                      .is_search_path_plain = true,
                                      .map = map};
    struct sw_plan_cache *cache = sw_plan_cache_create(64 << 20);
    FILE *file = fopen(path, "r");
    char *line = NULL, *text;
    size_t size = 0;
    bool is_good = file != NULL;

    while (file != NULL && (text = next_statement(file, &line, &size)) != NULL)
        is_good = check_statement(cache, &context, text) && is_good;
    counts.lifted_hits += (int)sw_plan_cache_counters(cache)->lifted_hits;
    free(line);
    if (file != NULL)
        (void)fclose(file);
    sw_plan_cache_free(cache);
    return is_good;
}

static bool check_files(int count, char **paths)
{
    bool is_good = count > 0;

    for (int i = 0; i + 1 < count; i += 2) {
        struct sw_config_faults faults;
        struct sw_config *config = sw_config_read(paths[i + 1], &faults);
        struct sw_map *map = config == NULL ? NULL : sw_map_build(config);

        is_good = map != NULL && check_file(paths[i], map) && is_good;
        sw_map_unref(map);
    }
    return is_good;
}

int main(int argc, char **argv)
{
    static struct sw_skeleton skeleton;
    bool is_good = check_files(argc - 1, argv + 1);

    for (int i = 0; i < SOUPS && is_good; i++)
        is_good = check_soup(&skeleton);
    (void)printf(
        "%d statements, %d skeletons, %d mutations, %d of them by skeleton, %d soups\n",
        counts.statements, counts.skeletons, counts.mutations, counts.lifted_hits,
        counts.soups);
    return is_good && counts.skeletons * 100 > counts.statements * LEAST_PERCENT &&
                   counts.lifted_hits * 2 > counts.mutations && counts.soups > SOUPS / 100
               ? 0
               : 1;
}
