/*
 * skeleton - a text with its literals lifted out, so that texts which differ in nothing but
 * values are known for the same statement without being parsed.
 *
 *      SELECT name FROM t WHERE id = 42 AND city = 'Ulm' ORDER BY 1
 *      SELECT name FROM t WHERE id = <4> AND city = <s> ORDER BY 1      + 42, 'Ulm'
 *
 * A small lexer follows PostgreSQL's lexical rules (PostgreSQL docs, section 4.1; scan.l with
 * standard_conforming_strings on) as far as it understands them. In place of each lifted
 * literal stands a mark of its class: the grammar, and so the facts, can tell an int4 from a
 * number beyond it, but not two int4. What might mean something else for another value stays
 * where it is: what follows ORDER BY, GROUP BY and DISTINCT ON, type modifiers, what follows
 * INTERVAL and ESCAPE, integers beyond int8.
 *
 * A text has no skeleton when the lexer meets anything that it does not understand, or a word
 * behind which literals are names (nextval, set_config, regclass ...); when its first word is
 * not one of SELECT, INSERT, UPDATE, DELETE, WITH and VALUES; and beyond the sizes below.
 */
#ifndef SW_PARSE_SKELETON_H
#define SW_PARSE_SKELETON_H

#include "shardward/parse/statement.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_literal_class {
    SW_LITERAL_INT4,
    SW_LITERAL_INT8,    /* beyond int4 */
    SW_LITERAL_NUMERIC, /* with a point or an exponent */
    SW_LITERAL_STRING,  /* '...', E'...' without a backslash, $$...$$ */
    SW_LITERAL_BITS,    /* B'...' */
    SW_LITERAL_HEX,     /* X'...' */
    SW_LITERAL_KEPT,    /* any of them that was not lifted */
};

struct sw_literal {
    enum sw_literal_class class;
    uint32_t at, end; /* bytes [at, end) of the source text */
    int64_t integer;  /* of INT4 and INT8: without a sign, which is no part of a literal */
    const char *text; /* of STRING: what it stands for; borrowed from the source text or from
                         the skeleton */
    size_t text_len;
};

enum {
    SW_SKELETON_TEXT = 4096, /* bytes of the source text, at most */
    SW_SKELETON_LITERALS = 128,
};

struct sw_skeleton {
    size_t len;
    int literal_count; /* lifted and kept, in the order of the text */
    int lifted_count;
    struct sw_literal literals[SW_SKELETON_LITERALS];
    char text[SW_SKELETON_TEXT];  /* not longer than the source text */
    char plain[SW_SKELETON_TEXT]; /* strings in which quotes were doubled */
};

/* False: @text (@len bytes, ended by a zero byte) has no skeleton, or no literal to lift. The
 * skeleton borrows @text. */
bool sw_skeleton_make(struct sw_skeleton *skeleton, const char *text, size_t len);

/* The literal that begins at byte @at of the source text or is the next behind it; NULL: there
 * is none. */
const struct sw_literal *sw_skeleton_literal_at(const struct sw_skeleton *skeleton,
                                                uint32_t at);

/* @value with the literal of its slot in its place. */
struct sw_value sw_skeleton_value(const struct sw_skeleton *skeleton,
                                  const struct sw_value *value);

#endif
