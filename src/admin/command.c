#include "shardward/admin/command.h"

#include "shardward/base/text.h"

#include <string.h>
#include <strings.h>

static const struct sw_verb verbs[SW_VERBS] = {
    [SW_SHOW_CLIENTS] = {"SHOW CLIENTS", "", "who is connected, and what they do", 0, 0, false},
    [SW_SHOW_CLUSTERS] = {"SHOW CLUSTERS", "",
                          "the clusters: who is primary, and whether it takes statements", 0, 0,
                          false},
    [SW_SHOW_CONFIG] = {"SHOW CONFIG", "", "the configuration in force, without its secrets", 0,
                        0, false},
    [SW_SHOW_DATABASES] = {"SHOW DATABASES", "", "what applications name in dbname=", 0, 0,
                           false},
    [SW_SHOW_EVENTS] = {"SHOW EVENTS", "",
                        "what has happened to clusters and nodes, the last 1000", 0, 0, false},
    [SW_SHOW_LISTS] = {"SHOW LISTS", "", "how many there are of everything", 0, 0, false},
    [SW_SHOW_LOSS] = {"SHOW LOSS", "", "acknowledged writes that a new primary did not have", 0,
                      0, false},
    [SW_SHOW_MEM] = {"SHOW MEM", "", "memory by worker and purpose", 0, 0, false},
    [SW_SHOW_NODES] = {"SHOW NODES", "",
                       "the PostgreSQL servers of all clusters, and how they are", 0, 0, false},
    [SW_SHOW_POOLS] = {"SHOW POOLS", "", "clients and servers by user, shard and node", 0, 0,
                       false},
    [SW_SHOW_SERVERS] = {"SHOW SERVERS", "", "the server connections", 0, 0, false},
    [SW_SHOW_SHARDS] = {"SHOW SHARDS", "", "the shards of all databases, and what they do", 0,
                        0, false},
    [SW_SHOW_STATEMENTS] = {"SHOW STATEMENTS", "", "what was run most, by time", 0, 0, false},
    [SW_SHOW_STATS] = {"SHOW STATS", "", "traffic and times by database, user, shard and node",
                       0, 0, false},
    [SW_SHOW_TABLES] = {"SHOW TABLES", "", "the tables and where their rows live", 0, 0, false},
    [SW_SHOW_TRANSACTIONS] = {"SHOW TRANSACTIONS", "",
                              "open transactions, their shards, and how long they are open", 0,
                              0, false},
    [SW_SHOW_USERS] = {"SHOW USERS", "", "who may connect", 0, 0, false},
    [SW_SHOW_VERSION] = {"SHOW VERSION", "", "the version of shardward", 0, 0, false},
    [SW_SHOW_HELP] = {"SHOW HELP", "", "this list", 0, 0, false},
    [SW_EXPLAIN] = {"EXPLAIN", "[database:] statement", "where a statement would run, and why",
                    0, 0, false},
    [SW_LOCATE] = {"LOCATE", "table key ... [IN database]", "the shard that holds a key", 2,
                   SW_COMMAND_WORDS, false},
    [SW_SET] = {"SET", "database = name", "the database of EXPLAIN and LOCATE", 2, 3, false},
    [SW_RELOAD] = {"RELOAD", "", "read the configuration file again", 0, 0, true},
    [SW_REPAIR] = {"REPAIR", "", "finish DDL that only some of its shards have made", 0, 0,
                   true},
    [SW_FAILOVER] = {"FAILOVER", "cluster [TO node] [FORCE]",
                     "promote a standby; FORCE: what is missing on it may be lost", 1, 4, true},
    [SW_SWITCHOVER] = {"SWITCHOVER", "cluster TO node",
                       "make a standby the primary while that is well", 3, 3, true},
    [SW_FENCE] = {"FENCE", "node", "it takes no writes, and nothing is sent to it", 1, 1, true},
    [SW_UNFENCE] = {"UNFENCE", "node", "it takes part again", 1, 1, true},
    [SW_MAINTENANCE] = {"MAINTENANCE", "ON | OFF [cluster]", "nobody is promoted by itself", 1,
                        2, true},
    [SW_PAUSE] = {"PAUSE", "[database]",
                  "let transactions finish, close servers, let the rest wait for RESUME", 0, 1,
                  true},
    [SW_RESUME] = {"RESUME", "[database]", "go on after PAUSE", 0, 1, true},
    [SW_RECONNECT] = {"RECONNECT", "[database]",
                      "close each server connection when it is released", 0, 1, true},
    [SW_WAIT_CLOSE] = {"WAIT_CLOSE", "[database]",
                       "wait until RECONNECT or RELOAD has replaced the last server connection",
                       0, 1, false},
    [SW_KILL] = {"KILL", "client | database", "end one client, or all of a database", 1, 1,
                 true},
    [SW_SHUTDOWN] = {"SHUTDOWN", "[WAIT]",
                     "end shardward; WAIT: when open transactions have ended", 0, 1, true},
    [SW_HELP] = {"HELP", "", "this list", 0, 0, false},
};

const struct sw_verb *sw_verb(enum sw_verb_name name)
{
    return &verbs[name];
}

/* --- tokens --- */

struct token {
    const char *at;
    size_t len;
    char quote; /* 0: a bare word, or one of `;` and `=` */
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *at)
{
    for (;;) {
        if (is_blank(*at)) {
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");

            at = end == NULL ? at + strlen(at) : end + 2;
        } else {
            return at;
        }
    }
}

/* The length of the quoted word at @at with its quotes; 0: it has no end. */
static size_t quoted_len(const char *at)
{
    const char *end = at + 1;

    for (;;) {
        end = strchr(end, *at);
        if (end == NULL)
            return 0;
        if (end[1] != *at)
            return (size_t)(end - at) + 1;
        end += 2;
    }
}

/* The token at *at, which moves behind it; of length 0 at the end. */
static bool next_token(const char **at, struct token *token, struct sw_error *err)
{
    const char *from = skip_blanks(*at);

    *token = (struct token){.at = from};
    if (*from == '\'' || *from == '"') {
        token->quote = *from;
        token->len = quoted_len(from);
        if (token->len == 0)
            return sw_error_set(err, "42601", "a quoted word has no end");
    } else if (*from == ';' || *from == '=') {
        token->len = 1;
    } else {
        token->len = strcspn(from, " \t\n\v\f\r;='\"");
    }
    *at = from + token->len;
    return true;
}

static bool is_punctuation(const struct token *token)
{
    return token->quote == 0 && token->len == 1 && (*token->at == ';' || *token->at == '=');
}

/* The text of a word, its quotes taken off. */
static const char *word_text(const struct token *token, struct sw_arena *arena)
{
    char *text, *to;

    if (token->quote == 0)
        return sw_arena_text(arena, token->at, token->len);
    text = to = sw_arena_alloc(arena, token->len);
    for (size_t i = 1; i < token->len - 1; i++) {
        *to++ = token->at[i];
        i += token->at[i] == token->quote;
    }
    return text;
}

/* --- commands --- */

static bool refuse(struct sw_error *err, const char *what, const char *from, const char *to)
{
    size_t len = sw_text_utf8_len(from, to - from > 100 ? 100 : (size_t)(to - from));

    sw_error_set(err, "42601", "%s: \"%.*s\"", what, (int)len, from);
    sw_error_hint(err, "HELP lists the commands.");
    return false;
}

/* Does the text begin with the words of a verb? Returns what follows, else NULL. */
static const char *match_verb(const char *at, const char *words)
{
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        struct token token;
        struct sw_error err;

        if (!next_token(&at, &token, &err) || token.quote != 0 || token.len != len ||
            strncasecmp(token.at, words, len) != 0)
            return NULL;
        words += len + (words[len] == ' ');
    }
    return at;
}

static const char *find_verb(const char *at, struct sw_command *command)
{
    for (int i = 0; i < SW_VERBS; i++) {
        const char *behind = match_verb(at, verbs[i].words);

        if (behind != NULL) {
            command->verb = (enum sw_verb_name)i;
            return behind;
        }
    }
    return NULL;
}

/* `$1`: which parameter, from 1 to SW_COMMAND_PARAMETERS; 0: it is none. */
static int parameter_number(const struct token *token)
{
    int64_t number;

    if (token->quote != 0 || token->len < 2 || *token->at != '$' ||
        !sw_text_to_int64(token->at + 1, token->len - 1, &number) || number < 1 ||
        number > SW_COMMAND_PARAMETERS)
        return 0;
    return (int)number;
}

static bool take_word(const struct token *token, struct sw_arena *arena,
                      struct sw_command *command, struct sw_error *err)
{
    int parameter = parameter_number(token);

    if (command->word_count == SW_COMMAND_WORDS)
        return sw_error_set(err, "54000", "a command has at most %d words behind its verb",
                            SW_COMMAND_WORDS);
    command->words[command->word_count].parameter = parameter;
    command->words[command->word_count++].text = parameter > 0 ? NULL : word_text(token, arena);
    if (parameter > command->parameter_count)
        command->parameter_count = parameter;
    return true;
}

static bool take_words(const char **at, struct sw_arena *arena, struct sw_command *command,
                       struct sw_error *err)
{
    const struct sw_verb *verb = &verbs[command->verb];
    struct token token;

    for (;;) {
        if (!next_token(at, &token, err))
            return false;
        if (token.len == 0 || (token.quote == 0 && *token.at == ';'))
            break;
        if (is_punctuation(&token)) {
            if (command->verb != SW_SET || command->word_count != 1)
                return refuse(err, "unexpected", token.at, token.at + 1);
        } else if (!take_word(&token, arena, command, err)) {
            return false;
        }
    }
    if (command->word_count >= verb->least && command->word_count <= verb->most)
        return true;
    sw_error_set(err, "42601", "the command is %s%s%s", verb->words,
                 verb->arguments[0] == '\0' ? "" : " ", verb->arguments);
    sw_error_hint(err, "HELP lists the commands.");
    return false;
}

/* `[database:] statement`; a colon that begins a cast is none. */
static bool take_sql(const char **at, struct sw_arena *arena, struct sw_command *command,
                     struct sw_error *err)
{
    const char *from = skip_blanks(*at);
    size_t len = strcspn(from, " \t\n\v\f\r;='\"(:");

    if (len > 0 && from[len] == ':' && from[len + 1] != ':') {
        command->database = sw_arena_text(arena, from, len);
        from = skip_blanks(from + len + 1);
    }
    *at = from + strlen(from);
    command->sql = sw_arena_strdup(arena, from);
    return *from != '\0' || sw_error_set(err, "42601", "EXPLAIN needs a statement");
}

enum sw_command_found sw_command_next(const char **at, struct sw_arena *arena,
                                      struct sw_command *command, struct sw_error *err)
{
    const char *from = skip_blanks(*at), *behind;
    bool is_good;

    while (*from == ';')
        from = skip_blanks(from + 1);
    *at = from;
    if (*from == '\0')
        return SW_COMMAND_END;
    *command = (struct sw_command){0};
    behind = find_verb(from, command);
    if (behind == NULL) {
        (void)refuse(err, "there is no such command", from, from + strcspn(from, ";\n"));
        return SW_COMMAND_BAD;
    }
    *at = behind;
    is_good = command->verb == SW_EXPLAIN ? take_sql(at, arena, command, err)
                                          : take_words(at, arena, command, err);
    return is_good ? SW_COMMAND_FOUND : SW_COMMAND_BAD;
}
