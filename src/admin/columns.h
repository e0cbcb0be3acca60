/*
 * columns - short names for the rows of a list of columns.
 *
 * A column that PgBouncer has too has PgBouncer's type, be it the text of a time or an int4 for
 * yes and no: what reads PgBouncer's console reads this one. Columns of our own have the type
 * of what they are.
 */
#ifndef SW_ADMIN_COLUMNS_H
#define SW_ADMIN_COLUMNS_H

#include "answer.h"

#define TEXT(name)                                                                             \
    {                                                                                          \
        name, SW_COLUMN_TEXT, SW_FOLD_KEY                                                      \
    }
#define INT4(name)                                                                             \
    {                                                                                          \
        name, SW_COLUMN_INT4, SW_FOLD_KEY                                                      \
    }
#define INT8(name)                                                                             \
    {                                                                                          \
        name, SW_COLUMN_INT8, SW_FOLD_KEY                                                      \
    }
#define BOOL(name)                                                                             \
    {                                                                                          \
        name, SW_COLUMN_BOOL, SW_FOLD_KEY                                                      \
    }
#define TIME(name)                                                                             \
    {                                                                                          \
        name, SW_COLUMN_TIMESTAMPTZ, SW_FOLD_KEY                                               \
    }
#define SUM4(name)                                                                             \
    {                                                                                          \
        name, SW_COLUMN_INT4, SW_FOLD_SUM                                                      \
    }
#define SUM8(name)                                                                             \
    {                                                                                          \
        name, SW_COLUMN_INT8, SW_FOLD_SUM                                                      \
    }
#define MOST8(name)                                                                            \
    {                                                                                          \
        name, SW_COLUMN_INT8, SW_FOLD_MAX                                                      \
    }
#define COLUMNS(list)                                                                          \
    {                                                                                          \
        list, sizeof(list) / sizeof *(list)                                                    \
    }

#endif
