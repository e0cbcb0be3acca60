/*
 * words - the few words of SQL by which the skeleton lexer tells what a literal may be.
 */
#ifndef SW_PARSE_WORDS_H
#define SW_PARSE_WORDS_H

#include <stddef.h>

/* Words that change what literals near them mean. */
enum sw_word {
    SW_WORD_OTHER,
    SW_WORD_FIRST,  /* may begin a text */
    SW_WORD_OPAQUE, /* literals near it may be names, or escape characters */
    SW_WORD_TYPE,   /* a type that is written with modifiers, or the last word before those */
    SW_WORD_CLAUSE_END, /* behind it the positions of ORDER BY and its kin have ended */
    SW_WORD_KEEPER,
    SW_WORD_AS,
    SW_WORD_BY,
    SW_WORD_DISTINCT,
    SW_WORD_ON,
};

/* Of a word that begins at @from, in any case. */
enum sw_word sw_word_of(const char *from, size_t len);

/* ASCII alone. */
static inline char sw_word_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

#endif
