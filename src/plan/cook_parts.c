#include "cooking.h"

#include "shardward/base/mem.h"

#include <string.h>

/* NULL: nothing is known of the relation's columns. */
static const struct sw_catalog_table *facts_of(const struct sw_catalog_database *catalog,
                                               const struct sw_relation *relation)
{
    const struct sw_catalog_table *table =
        catalog == NULL || relation->kind != SW_RELATION_TABLE || relation->has_column_aliases
            ? NULL
            : sw_catalog_table(catalog, relation->schema == NULL ? "public" : relation->schema,
                               relation->name);

    return table != NULL && table->facts != NULL ? table : NULL;
}

static int has_input_column(void *owner, const char *name)
{
    const struct sw_cook_part *part = owner;
    const struct sw_cook *cook = part->cook;
    int query = part->source.core < 0 ? cook->outline->top : part->source.core;
    int level = cook->outline->queries[query].level;
    int answer = 0;

    for (int i = 0; i < cook->statement->relation_count; i++) {
        const struct sw_catalog_table *table;

        if (cook->statement->relations[i].level != level)
            continue;
        table = facts_of(cook->catalog, &cook->statement->relations[i]);
        if (table == NULL)
            answer = -1;
        else if (sw_schema_column_index(table->facts, name) >= 0)
            return 1;
    }
    return answer;
}

bool sw_cook_refuse(struct sw_error *err, const char *message, const char *detail)
{
    sw_error_set(err, "0A000", "%s", message);
    if (detail != NULL)
        sw_error_detail(err, "%s", detail);
    sw_error_hint(err, "Add the key to WHERE, or write the statement in another way.");
    return false;
}

bool sw_cook_refuse_size(struct sw_error *err)
{
    return sw_cook_refuse(err, "so large a statement over several shards is not supported",
                          NULL);
}

bool sw_cook_refuse_unknown(struct sw_error *err)
{
    return sw_cook_refuse(err, "this statement over several shards is not supported yet", NULL);
}

static bool is_exists(const struct sw_outline *outline, int query)
{
    for (int i = 0; i < outline->link_count; i++)
        if (outline->links[i].query == query)
            return outline->links[i].is_exists;
    return false;
}

static bool is_only_one_called_so(const struct sw_statement *statement, int relation)
{
    int count = 0;

    for (int i = 0; i < statement->relation_count; i++) {
        const struct sw_relation *other = &statement->relations[i];

        if ((other->alias != NULL &&
             strcmp(other->alias, statement->relations[relation].name) == 0) ||
            (other->name != NULL &&
             strcmp(other->name, statement->relations[relation].name) == 0))
            count++;
    }
    return count == 1;
}

static void find_primary_key(const struct sw_cook *cook, struct sw_recast_source *source)
{
    const struct sw_catalog_table *table =
        facts_of(cook->catalog, &cook->statement->relations[source->relation]);

    for (int i = 0; table != NULL && i < table->facts->constraint_count; i++)
        if (table->facts->constraints[i].kind == SW_CONSTRAINT_PRIMARY) {
            source->primary_key = table->facts->constraints[i].columns;
            source->primary_count = table->facts->constraints[i].column_count;
        }
}

static struct sw_recast_source source_of(const struct sw_cook *cook,
                                         const struct sw_spread_part *part)
{
    static const enum sw_recast_need needs[] = {
        [SW_SPREAD_COMPLETE] = SW_RECAST_ROWS,
        [SW_SPREAD_DISTINCT] = SW_RECAST_DISTINCT,
        [SW_SPREAD_SOURCE] = SW_RECAST_SOURCE,
    };

    return (struct sw_recast_source){
        .sql = cook->text,
        .index = cook->index,
        .core = part->query == cook->outline->top ? -1 : part->query,
        .relation = part->relation,
        .need = needs[part->spread],
        .is_exists = part->query >= 0 && is_exists(cook->outline, part->query),
        .merged = cook->outline->merged,
        .merged_count = cook->outline->merged_count,
        .has_column = has_input_column,
    };
}

bool sw_cook_choose_parts(struct sw_cook *cook, struct sw_error *err)
{
    struct sw_spread_parts chosen;

    if (!sw_plan_spread(cook->plan, cook->outline, cook->banned, &cook->arena, &chosen, err))
        return false;
    cook->part_count = chosen.count;
    cook->parts =
        sw_arena_alloc(&cook->arena, ((size_t)chosen.count + 1) * sizeof *cook->parts);
    cook->texts =
        sw_arena_alloc(&cook->arena, ((size_t)chosen.count + 1) * sizeof *cook->texts);
    for (int i = 0; i < chosen.count; i++) {
        cook->parts[i].cook = cook;
        cook->parts[i].source = source_of(cook, &chosen.items[i]);
        cook->parts[i].source.owner = &cook->parts[i];
        if (cook->parts[i].source.relation < 0)
            continue;
        find_primary_key(cook, &cook->parts[i].source);
        cook->parts[i].source.is_only_one_called_so =
            is_only_one_called_so(cook->statement, cook->parts[i].source.relation);
    }
    cook->is_whole = chosen.count == 1 && chosen.items[0].query == cook->outline->top;
    return true;
}

void sw_cook_name_columns(struct sw_cook *cook, struct sw_cook_part *part,
                          const struct sw_described_column *columns, int count)
{
    const char **names = sw_arena_alloc(&cook->arena, ((size_t)count + 1) * sizeof *names);
    int wanted = 0;

    for (int i = 0; i < count; i++)
        if (part->source.relation < 0 ||
            sw_outline_wants(cook->outline, cook->statement, part->source.relation,
                             columns[i].name))
            names[wanted++] = sw_arena_strdup(&cook->arena, columns[i].name);
    part->source.names = names;
    part->source.column_count = wanted;
}
