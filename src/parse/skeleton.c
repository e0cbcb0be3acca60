/*
 * One pass over the text. Everything is copied as it stands, literals that are lifted excepted;
 * so spaces, comments, names, operators and parameters need only be told from literals, never
 * understood.
 */
#include "shardward/parse/skeleton.h"

#include "words.h"

#include <assert.h>
#include <string.h>

enum { NO_CLAUSE = -1 };

/* What stood before the current token, in so far as it changes what a literal means. */
enum before {
    BEFORE_OTHER,
    BEFORE_KEEPER,   /* INTERVAL or ESCAPE: the literal behind it stays */
    BEFORE_CAST,     /* `::` or AS: a type, or a name, follows */
    BEFORE_TYPE,     /* the name of a type: a parenthesis holds its modifiers */
    BEFORE_CLOSING,  /* `)`: a string behind it is typed by what stands before */
    BEFORE_DISTINCT, /* perhaps of DISTINCT ON */
};

struct lexer {
    const char *text, *at, *end;
    const char *copied; /* up to here the text is in the skeleton, or lifted out of it */
    struct sw_skeleton *skeleton;
    size_t plain_len;
    enum before before;
    bool has_begun;      /* the first word has been seen */
    int depth;           /* of parentheses */
    int clause_depth;    /* of ORDER BY and its kin; NO_CLAUSE: we are in none */
    int modifiers_depth; /* of a type's parentheses; NO_CLAUSE: we are in none */
};

enum kind {
    KIND_LETTER, /* of a word; so are `_` and all beyond ASCII */
    KIND_DIGIT,
    KIND_DOLLAR,
    KIND_SPACE,
    KIND_SIGN,  /* of an operator, or of its own */
    KIND_OTHER, /* begins more than one kind of token */
    KIND_BAD,
};

static enum kind kind_of(char c)
{
    enum { L = KIND_LETTER, D = KIND_DIGIT, P = KIND_DOLLAR, S = KIND_SPACE };
    enum { G = KIND_SIGN, O = KIND_OTHER, B = KIND_BAD };
    static const uint8_t kinds[256] = {
        B, B, B, B, B, B, B, B, B, S, S, B, S, S, B, B, /* \t \n \f \r */
        B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, /**/
        S, G, O, G, P, G, G, O, G, G, G, G, G, O, O, O, /*  !"#$%&'()*+,-./ */
        D, D, D, D, D, D, D, D, D, D, G, G, G, G, G, G, /* 0123456789:;<=>? */
        G, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* @ABC... */
        L, L, L, L, L, L, L, L, L, L, L, G, B, G, G, L, /* ...XYZ[\]^_ */
        G, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* `abc... */
        L, L, L, L, L, L, L, L, L, L, L, B, G, B, G, B, /* ...xyz{|}~ */
        L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /**/
        L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /**/
        L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /**/
        L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /**/
        L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /**/
        L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /**/
        L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /**/
        L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /**/
    };

    return (enum kind)kinds[(unsigned char)c];
}

static bool is_space(char c)
{
    return kind_of(c) == KIND_SPACE;
}

static bool is_digit(char c)
{
    return kind_of(c) == KIND_DIGIT;
}

static bool is_word_start(char c)
{
    return kind_of(c) == KIND_LETTER;
}

static bool is_word(char c)
{
    return kind_of(c) <= KIND_DOLLAR;
}

/* --- what goes into the skeleton --- */

static struct sw_literal *add_literal(struct lexer *lexer, const char *from)
{
    struct sw_skeleton *skeleton = lexer->skeleton;
    struct sw_literal *literal;

    if (skeleton->literal_count == SW_SKELETON_LITERALS)
        return NULL;
    literal = &skeleton->literals[skeleton->literal_count++];
    *literal = (struct sw_literal){.at = (uint32_t)(from - lexer->text),
                                   .end = (uint32_t)(lexer->at - lexer->text)};
    return literal;
}

static void copy_up_to(struct lexer *lexer, const char *to)
{
    size_t len = (size_t)(to - lexer->copied);

    memcpy(lexer->skeleton->text + lexer->skeleton->len, lexer->copied, len);
    lexer->skeleton->len += len;
    lexer->copied = to;
}

static bool stays(const struct lexer *lexer)
{
    return lexer->clause_depth != NO_CLAUSE || lexer->modifiers_depth != NO_CLAUSE ||
           lexer->before == BEFORE_KEEPER;
}

/* The literal [@from, lexer->at), lifted unless its place keeps it. A control character marks
 * it; where a text holds one itself, in a name or a comment, nothing is ever lifted. */
static bool lift(struct lexer *lexer, const char *from, const struct sw_literal *value)
{
    struct sw_literal *literal = add_literal(lexer, from);
    struct sw_skeleton *skeleton = lexer->skeleton;

    if (literal == NULL)
        return false;
    literal->class = SW_LITERAL_KEPT;
    if (!stays(lexer) && value->class != SW_LITERAL_KEPT) {
        literal->class = value->class;
        literal->integer = value->integer;
        literal->text = value->text;
        literal->text_len = value->text_len;
        copy_up_to(lexer, from);
        skeleton->text[skeleton->len++] = (char)(1 + value->class);
        lexer->copied = lexer->at;
        skeleton->lifted_count++;
    }
    lexer->before = BEFORE_OTHER;
    return true;
}

/* --- literals --- */

/* The digits of an integer: int4 if they fit, as in process_integer_literal(). */
static void read_integer(const char *digits, const char *end, struct sw_literal *value)
{
    int64_t number = 0;

    value->class = SW_LITERAL_KEPT;
    for (; digits < end; digits++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *digits - '0', &number))
            return;
    value->class = number <= INT32_MAX ? SW_LITERAL_INT4 : SW_LITERAL_INT8;
    value->integer = number;
}

static void skip_digits(struct lexer *lexer)
{
    while (is_digit(*lexer->at))
        lexer->at++;
}

/* False: an exponent without digits, which is an error of the text. */
static bool skip_exponent(struct lexer *lexer)
{
    const char *at = lexer->at;

    if (*at != 'e' && *at != 'E')
        return true;
    at++;
    if (*at == '+' || *at == '-')
        at++;
    lexer->at = at;
    skip_digits(lexer);
    return lexer->at > at;
}

/* At a digit, or at a point before one. */
static bool take_number(struct lexer *lexer)
{
    const char *from = lexer->at;
    struct sw_literal value = {.class = SW_LITERAL_NUMERIC};

    skip_digits(lexer);
    if (lexer->at[0] == '.' && lexer->at[1] == '.')
        return false;
    if (*lexer->at == '.' || *lexer->at == 'e' || *lexer->at == 'E') {
        if (*lexer->at == '.')
            lexer->at++;
        skip_digits(lexer);
        if (!skip_exponent(lexer))
            return false;
    } else {
        read_integer(from, lexer->at, &value);
    }
    /* Junk behind a number is an error. */
    return !is_word(*lexer->at) && lift(lexer, from, &value);
}

/* Does another piece of the same string follow, as the SQL standard has it: behind a line's
 * end? Strings that touch are left to the parser, too. */
static bool is_continued(const struct lexer *lexer)
{
    const char *at = lexer->at;

    for (;;) {
        if (is_space(*at))
            at++;
        else if (at[0] == '-' && at[1] == '-')
            at += strcspn(at, "\n\r");
        else
            return *at == '\'';
    }
}

/* [from, to) with each doubled quote as one. */
static void set_plain(struct lexer *lexer, const char *from, const char *to,
                      struct sw_literal *value)
{
    char *out = lexer->skeleton->plain + lexer->plain_len;

    value->text = out;
    for (; from < to; from++) {
        *out++ = *from;
        if (*from == '\'')
            from++;
    }
    value->text_len = (size_t)(out - value->text);
    lexer->plain_len += value->text_len;
}

/* At the opening quote; [@from, ...) is the token with what stands before the quote. */
static bool take_string(struct lexer *lexer, const char *from, enum sw_literal_class class,
                        bool has_escapes)
{
    const char *content = ++lexer->at;
    struct sw_literal value = {.class = class};
    bool is_doubled = false;

    for (;; lexer->at++) {
        if (lexer->at == lexer->end || (has_escapes && *lexer->at == '\\'))
            return false;
        if (*lexer->at != '\'')
            continue;
        if (lexer->at[1] != '\'')
            break;
        is_doubled = true;
        lexer->at++;
    }
    value.text = content;
    value.text_len = (size_t)(lexer->at - content);
    if (is_doubled)
        set_plain(lexer, content, lexer->at, &value);
    lexer->at++;
    if (lexer->before == BEFORE_CLOSING || is_continued(lexer) ||
        (is_doubled && class != SW_LITERAL_STRING))
        return false;
    return lift(lexer, from, &value);
}

/* At a dollar that begins $$ or $tag$; false also when it begins neither. */
static bool take_dollar_string(struct lexer *lexer)
{
    const char *from = lexer->at, *content, *found = NULL;
    struct sw_literal value = {.class = SW_LITERAL_STRING};
    size_t tag_len;

    lexer->at++;
    if (is_word_start(*lexer->at))
        while (is_word_start(*lexer->at) || is_digit(*lexer->at))
            lexer->at++;
    if (*lexer->at != '$')
        return false;
    content = ++lexer->at;
    tag_len = (size_t)(content - from);
    for (const char *at = content; found == NULL && at + tag_len <= lexer->end; at++)
        if (memcmp(at, from, tag_len) == 0)
            found = at;
    if (found == NULL || lexer->before == BEFORE_CLOSING)
        return false;
    value.text = content;
    value.text_len = (size_t)(found - content);
    lexer->at = found + tag_len;
    return lift(lexer, from, &value);
}

static bool take_dollar(struct lexer *lexer)
{
    if (!is_digit(lexer->at[1]))
        return take_dollar_string(lexer);
    lexer->at++;
    skip_digits(lexer);
    lexer->before = BEFORE_OTHER;
    return !is_word_start(*lexer->at);
}

/* --- what is no literal --- */

static bool skip_comment(struct lexer *lexer)
{
    int depth = 0;

    if (lexer->at[0] == '-') {
        lexer->at += strcspn(lexer->at, "\n\r");
        return true;
    }
    while (lexer->at < lexer->end) {
        if (lexer->at[0] == '/' && lexer->at[1] == '*') {
            depth++;
            lexer->at += 2;
        } else if (lexer->at[0] == '*' && lexer->at[1] == '/') {
            lexer->at += 2;
            if (--depth == 0)
                return true;
        } else {
            lexer->at++;
        }
    }
    return false;
}

static bool take_quoted_name(struct lexer *lexer)
{
    lexer->at++;
    for (; lexer->at < lexer->end; lexer->at++) {
        if (*lexer->at != '"')
            continue;
        if (lexer->at[1] != '"') {
            lexer->at++;
            lexer->before = lexer->before == BEFORE_CAST ? BEFORE_TYPE : BEFORE_OTHER;
            return true;
        }
        lexer->at++;
    }
    return false;
}

static void follow_clause(struct lexer *lexer, enum sw_word word)
{
    if (word == SW_WORD_CLAUSE_END && lexer->clause_depth == lexer->depth)
        lexer->clause_depth = NO_CLAUSE;
    else if (word == SW_WORD_BY && lexer->clause_depth == NO_CLAUSE)
        lexer->clause_depth = lexer->depth;
    else if (word == SW_WORD_ON && lexer->before == BEFORE_DISTINCT &&
             lexer->clause_depth == NO_CLAUSE)
        lexer->clause_depth = lexer->depth + 1;
}

static enum before before_of(const struct lexer *lexer, enum sw_word word)
{
    if (word == SW_WORD_KEEPER)
        return BEFORE_KEEPER;
    if (word == SW_WORD_AS)
        return BEFORE_CAST;
    if (word == SW_WORD_DISTINCT)
        return BEFORE_DISTINCT;
    return lexer->before == BEFORE_CAST || word == SW_WORD_TYPE ? BEFORE_TYPE : BEFORE_OTHER;
}

/* At the first character of a word: is it that of a string? */
static bool is_prefix(const struct lexer *lexer, char letter)
{
    return sw_word_lower(lexer->at[0]) == letter && lexer->at[1] == '\'';
}

static bool has_unicode_escapes(const struct lexer *lexer)
{
    return sw_word_lower(lexer->at[0]) == 'u' && lexer->at[1] == '&' &&
           (lexer->at[2] == '\'' || lexer->at[2] == '"');
}

/* False: literals may mean anything. */
static bool take_word(struct lexer *lexer)
{
    const char *from = lexer->at, *at = from;
    enum sw_word word;

    while (is_word(*at))
        at++;
    lexer->at = at;
    word = sw_word_of(from, (size_t)(at - from));
    if (word == SW_WORD_OPAQUE || (!lexer->has_begun && word != SW_WORD_FIRST))
        return false;
    lexer->has_begun = true;
    if (word >= SW_WORD_CLAUSE_END)
        follow_clause(lexer, word);
    lexer->before = before_of(lexer, word);
    return true;
}

static bool take_word_or_string(struct lexer *lexer)
{
    const char *from = lexer->at;

    if (from[1] != '\'' && from[1] != '&')
        return take_word(lexer);
    if (has_unicode_escapes(lexer) || is_prefix(lexer, 'n'))
        return false;
    if (is_prefix(lexer, 'e') || is_prefix(lexer, 'b') || is_prefix(lexer, 'x')) {
        enum sw_literal_class class = is_prefix(lexer, 'b')   ? SW_LITERAL_BITS
                                      : is_prefix(lexer, 'x') ? SW_LITERAL_HEX
                                                              : SW_LITERAL_STRING;

        lexer->at++;
        return take_string(lexer, from, class, class == SW_LITERAL_STRING);
    }
    return take_word(lexer);
}

static void open_parenthesis(struct lexer *lexer)
{
    lexer->depth++;
    if (lexer->before == BEFORE_TYPE && lexer->modifiers_depth == NO_CLAUSE)
        lexer->modifiers_depth = lexer->depth;
    lexer->before = BEFORE_OTHER;
}

static void close_parenthesis(struct lexer *lexer)
{
    lexer->depth--;
    if (lexer->depth < lexer->clause_depth)
        lexer->clause_depth = NO_CLAUSE;
    if (lexer->depth < lexer->modifiers_depth)
        lexer->modifiers_depth = NO_CLAUSE;
    lexer->before = BEFORE_CLOSING;
}

/* Operators and the characters that stand for themselves. */
static bool take_sign(struct lexer *lexer)
{
    char c = *lexer->at;

    lexer->at += c == '.' && lexer->at[1] == '.' ? 2 : 1;
    if (c == '(') {
        open_parenthesis(lexer);
    } else if (c == ')') {
        close_parenthesis(lexer);
    } else if (c == ':' && *lexer->at == ':') {
        lexer->at++;
        lexer->before = BEFORE_CAST;
    } else if (c == '.' && lexer->before == BEFORE_TYPE) {
        lexer->before = BEFORE_CAST; /* of a type with its schema */
    } else {
        lexer->before = BEFORE_OTHER;
    }
    return true;
}

static bool take_other(struct lexer *lexer)
{
    const char *at = lexer->at;

    if ((at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*'))
        return skip_comment(lexer);
    if (at[0] == '.' && is_digit(at[1]))
        return take_number(lexer);
    if (at[0] == '\'')
        return take_string(lexer, at, SW_LITERAL_STRING, false);
    if (at[0] == '"')
        return take_quoted_name(lexer);
    return take_sign(lexer);
}

static bool take_token(struct lexer *lexer)
{
    switch (kind_of(*lexer->at)) {
    case KIND_SPACE:
        lexer->at++;
        return true;
    case KIND_LETTER:
        return take_word_or_string(lexer);
    case KIND_DIGIT:
        return take_number(lexer);
    case KIND_DOLLAR:
        return take_dollar(lexer);
    case KIND_SIGN:
        return take_sign(lexer);
    case KIND_OTHER:
        return take_other(lexer);
    case KIND_BAD:
        break;
    }
    return false;
}

bool sw_skeleton_make(struct sw_skeleton *skeleton, const char *text, size_t len)
{
    struct lexer lexer = {.text = text,
                          .at = text,
                          .end = text + len,
                          .copied = text,
                          .skeleton = skeleton,
                          .clause_depth = NO_CLAUSE,
                          .modifiers_depth = NO_CLAUSE};

    skeleton->len = 0;
    skeleton->literal_count = skeleton->lifted_count = 0;
    if (len > SW_SKELETON_TEXT)
        return false;
    while (lexer.at < lexer.end)
        if (!take_token(&lexer))
            return false;
    copy_up_to(&lexer, lexer.end);
    return skeleton->lifted_count > 0;
}

const struct sw_literal *sw_skeleton_literal_at(const struct sw_skeleton *skeleton, uint32_t at)
{
    for (int i = 0; i < skeleton->literal_count; i++)
        if (skeleton->literals[i].at >= at)
            return &skeleton->literals[i];
    return NULL;
}

struct sw_value sw_skeleton_value(const struct sw_skeleton *skeleton,
                                  const struct sw_value *value)
{
    const struct sw_literal *literal = &skeleton->literals[value->slot - 1];
    struct sw_value filled = *value;

    assert((value->kind == SW_VALUE_STRING) == (literal->class == SW_LITERAL_STRING));
    if (value->kind == SW_VALUE_STRING) {
        filled.text = literal->text;
        filled.text_len = literal->text_len;
    } else {
        filled.integer = value->is_negated ? -literal->integer : literal->integer;
    }
    return filled;
}
