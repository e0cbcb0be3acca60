#include "words.h"

#include <stdbool.h>
#include <stdint.h>

enum { MOST_WORDS = 12 };

/* By their first letters; an empty text ends a row. */
static const struct {
    uint8_t len;
    uint8_t word;
    char text[26];
} words['z' - 'a' + 1][MOST_WORDS] = {
    ['a' - 'a'] = {{2, SW_WORD_AS, "as"}},
    ['b' -
        'a'] = {{2, SW_WORD_BY, "by"}, {3, SW_WORD_TYPE, "bit"}, {6, SW_WORD_TYPE, "bpchar"}},
    ['c' - 'a'] = {{4, SW_WORD_TYPE, "char"},
                   {9, SW_WORD_TYPE, "character"},
                   {7, SW_WORD_OPAQUE, "currval"},
                   {15, SW_WORD_OPAQUE, "current_setting"}},
    ['d' - 'a'] = {{6, SW_WORD_FIRST, "delete"},
                   {8, SW_WORD_DISTINCT, "distinct"},
                   {3, SW_WORD_TYPE, "dec"},
                   {7, SW_WORD_TYPE, "decimal"}},
    ['e' - 'a'] = {{6, SW_WORD_KEEPER, "escape"}, {6, SW_WORD_CLAUSE_END, "except"}},
    ['f' - 'a'] = {{3, SW_WORD_CLAUSE_END, "for"},
                   {5, SW_WORD_CLAUSE_END, "fetch"},
                   {5, SW_WORD_TYPE, "float"}},
    ['h' - 'a'] = {{6, SW_WORD_CLAUSE_END, "having"}},
    ['i' - 'a'] = {{6, SW_WORD_FIRST, "insert"},
                   {8, SW_WORD_KEEPER, "interval"},
                   {9, SW_WORD_CLAUSE_END, "intersect"}},
    ['l' - 'a'] = {{5, SW_WORD_CLAUSE_END, "limit"}},
    ['n' - 'a'] = {{7, SW_WORD_OPAQUE, "nextval"},
                   {7, SW_WORD_OPAQUE, "next_id"},
                   {7, SW_WORD_TYPE, "numeric"},
                   {5, SW_WORD_TYPE, "nchar"},
                   {8, SW_WORD_TYPE, "national"}},
    ['o' - 'a'] = {{2, SW_WORD_ON, "on"}, {6, SW_WORD_CLAUSE_END, "offset"}},
    ['p' - 'a'] = {{9, SW_WORD_TYPE, "precision"},
                   {22, SW_WORD_OPAQUE, "pg_get_serial_sequence"}},
    ['r' - 'a'] = {{8, SW_WORD_OPAQUE, "regclass"},
                   {12, SW_WORD_OPAQUE, "regcollation"},
                   {9, SW_WORD_OPAQUE, "regconfig"},
                   {13, SW_WORD_OPAQUE, "regdictionary"},
                   {12, SW_WORD_OPAQUE, "regnamespace"},
                   {7, SW_WORD_OPAQUE, "regoper"},
                   {11, SW_WORD_OPAQUE, "regoperator"},
                   {7, SW_WORD_OPAQUE, "regproc"},
                   {12, SW_WORD_OPAQUE, "regprocedure"},
                   {7, SW_WORD_OPAQUE, "regrole"},
                   {7, SW_WORD_OPAQUE, "regtype"}},
    ['s' - 'a'] = {{6, SW_WORD_FIRST, "select"},
                   {6, SW_WORD_TYPE, "second"},
                   {6, SW_WORD_OPAQUE, "setval"},
                   {10, SW_WORD_OPAQUE, "set_config"}},
    ['t' - 'a'] = {{4, SW_WORD_TYPE, "time"},
                   {9, SW_WORD_TYPE, "timestamp"},
                   {11, SW_WORD_TYPE, "timestamptz"},
                   {6, SW_WORD_TYPE, "timetz"},
                   {11, SW_WORD_OPAQUE, "to_regclass"}},
    ['u' - 'a'] = {{6, SW_WORD_FIRST, "update"},
                   {5, SW_WORD_CLAUSE_END, "union"},
                   {7, SW_WORD_OPAQUE, "uescape"}},
    ['v' - 'a'] = {{6, SW_WORD_FIRST, "values"},
                   {7, SW_WORD_TYPE, "varchar"},
                   {7, SW_WORD_TYPE, "varying"},
                   {6, SW_WORD_TYPE, "varbit"}},
    ['w' - 'a'] = {{5, SW_WORD_CLAUSE_END, "where"}, {4, SW_WORD_FIRST, "with"}},
};

static bool is_text(const char *from, size_t len, const char *text)
{
    for (size_t i = 1; i < len; i++) /* the first letter is the row's */
        if (sw_word_lower(from[i]) != text[i])
            return false;
    return true;
}

enum sw_word sw_word_of(const char *from, size_t len)
{
    char first = sw_word_lower(*from);

    if (first < 'a' || first > 'z')
        return SW_WORD_OTHER;
    for (int i = 0; words[first - 'a'][i].len > 0; i++)
        if (words[first - 'a'][i].len == len && is_text(from, len, words[first - 'a'][i].text))
            return (enum sw_word)words[first - 'a'][i].word;
    return SW_WORD_OTHER;
}
