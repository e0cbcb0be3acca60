#include "shardward/parse/outline.h"

#include <string.h>

static bool is_around(const struct sw_statement *statement, int outer, int level)
{
    while (level >= 0 && level != outer)
        level = statement->levels[level].parent;
    return level >= 0;
}

static const char *called(const struct sw_relation *table)
{
    return table->alias != NULL ? table->alias : table->name;
}

static bool has_star(const struct sw_outline *outline, const struct sw_statement *statement,
                     const struct sw_relation *table)
{
    for (int i = 0; i < outline->star_count; i++) {
        const struct sw_outline_star *star = &outline->stars[i];

        if (star->of == NULL ? star->level == table->level
                             : is_around(statement, table->level, star->level) &&
                                   strcmp(star->of, called(table)) == 0)
            return true;
    }
    return false;
}

/* `t` as a column may be the row. */
static bool is_row_named(const struct sw_outline *outline, const struct sw_relation *table)
{
    for (int i = 0; i < outline->mention_count; i++)
        if (!outline->mentions[i].is_qualified &&
            strcmp(outline->mentions[i].name, called(table)) == 0)
            return true;
    return false;
}

static bool is_named(const struct sw_outline *outline, const char *name)
{
    for (int i = 0; i < outline->mention_count; i++)
        if (strcmp(outline->mentions[i].name, name) == 0)
            return true;
    for (int i = 0; i < outline->merged_count; i++)
        if (strcmp(outline->merged[i], name) == 0)
            return true;
    return false;
}

bool sw_outline_wants(const struct sw_outline *outline, const struct sw_statement *statement,
                      int relation, const char *name)
{
    const struct sw_relation *table = &statement->relations[relation];

    return table->has_column_aliases || has_star(outline, statement, table) ||
           is_row_named(outline, table) || is_named(outline, name);
}
