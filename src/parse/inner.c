#include "inner.h"

#include <parser/scanner.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Its tokens, one after the other. The text has been through the grammar: the scanner finds no
 * error in it. What it allocates goes with the memory context of the parse. */
struct reader {
    core_yyscan_t scanner;
    core_yy_extra_type extra;
    const char *from;
    int token, at; /* bytes from the start of the script's text; a token of 0: the end */
    int start;
};

static void begin(struct reader *reader, const struct sw_facts *facts)
{
    memset(reader, 0, sizeof *reader);
    reader->start = facts->statement->location;
    reader->from = facts->sql + reader->start;
    reader->scanner =
        scanner_init(reader->from, &reader->extra, &ScanKeywords, ScanKeywordTokens);
}

static bool is_comment(const char *text)
{
    return strncmp(text, "--", 2) == 0 || strncmp(text, "/*", 2) == 0;
}

static void take(struct reader *reader)
{
    core_YYSTYPE value;
    YYLTYPE location;

    do {
        reader->token = core_yylex(&value, &location, reader->scanner);
    } while (reader->token != 0 && is_comment(reader->from + location));
    reader->at = reader->start + (int)location;
}

/* Go from an opening parenthesis to the one that closes it. */
static void skip_parentheses(struct reader *reader)
{
    int depth = 1;

    while (depth > 0 && reader->token != 0) {
        take(reader);
        depth += reader->token == '(' ? 1 : reader->token == ')' ? -1 : 0;
    }
}

void sw_inner_find_copied(const struct sw_facts *facts, int *at, int *end)
{
    struct reader reader;

    begin(&reader, facts);
    while (reader.token != '(')
        take(&reader);
    *at = reader.at + 1;
    skip_parentheses(&reader);
    *end = reader.at;
}

/* Keywords are written as they are, names in quotation marks if they would be one. */
static bool is_for(const struct reader *reader)
{
    const char *word = reader->from + (reader->at - reader->start);
    unsigned char next;

    if (strncasecmp(word, "for", strlen("for")) != 0)
        return false;
    next = (unsigned char)word[strlen("for")];
    return !isalnum(next) && next != '_' && next != '$' && next < 0x80;
}

int sw_inner_find_declared(const struct sw_facts *facts)
{
    struct reader reader;

    begin(&reader, facts);
    do {
        take(&reader);
    } while (reader.token != 0 && !is_for(&reader));
    return reader.at + (int)strlen("for");
}

static bool is_option(const struct reader *reader)
{
    const char *word = reader->from + (reader->at - reader->start);

    return strncasecmp(word, "analyze", 7) == 0 || strncasecmp(word, "analyse", 7) == 0 ||
           strncasecmp(word, "verbose", 7) == 0;
}

int sw_inner_find_explained(const struct sw_facts *facts, bool has_options)
{
    struct reader reader;

    begin(&reader, facts);
    take(&reader);
    take(&reader);
    if (has_options && reader.token == '(') {
        skip_parentheses(&reader);
        take(&reader);
    } else {
        while (has_options && is_option(&reader))
            take(&reader);
    }
    return reader.at;
}
