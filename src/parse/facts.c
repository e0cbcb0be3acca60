#include "facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_SIZE = 8, MOST_PARAMETERS = 65535 };

void sw_facts_init(struct sw_facts *facts, struct sw_arena *arena,
                   struct sw_statement *statement)
{
    *facts = (struct sw_facts){.arena = arena, .statement = statement, .level = -1};
    sw_arena_init(&facts->scratch);
}

void *sw_facts_add(struct sw_facts *facts, struct sw_facts_list *list, size_t item_size)
{
    char *items = list->items;

    if (list->count == list->size) {
        list->size = list->size == 0 ? FIRST_SIZE : list->size * 2;
        items = sw_arena_alloc(&facts->scratch, (size_t)list->size * item_size);
        if (list->count > 0)
            memcpy(items, list->items, (size_t)list->count * item_size);
        list->items = items;
    }
    return memset(items + (size_t)list->count++ * item_size, 0, item_size);
}

static const void *keep(struct sw_facts *facts, const struct sw_facts_list *list,
                        size_t item_size, int *count)
{
    void *items;

    *count = list->count;
    if (list->count == 0)
        return NULL;
    items = sw_arena_alloc(facts->arena, (size_t)list->count * item_size);
    return memcpy(items, list->items, (size_t)list->count * item_size);
}

static void keep_nothing(struct sw_statement *statement)
{
    *statement = (struct sw_statement){.kind = SW_STATEMENT_REFUSED,
                                       .location = statement->location,
                                       .len = statement->len,
                                       .is_verbatim = statement->is_verbatim,
                                       .refusal = statement->refusal};
}

static void keep_ddl(struct sw_facts *facts)
{
    struct sw_ddl *ddl = &facts->ddl;

    if (ddl->command == NULL)
        return;
    ddl->objects = keep(facts, &facts->objects, sizeof *ddl->objects, &ddl->object_count);
    ddl->columns = keep(facts, &facts->columns, sizeof *ddl->columns, &ddl->column_count);
    ddl->uniques = keep(facts, &facts->uniques, sizeof *ddl->uniques, &ddl->unique_count);
    facts->statement->ddl = memcpy(sw_arena_alloc(facts->arena, sizeof *ddl), ddl, sizeof *ddl);
}

static bool is_system_relation(const struct sw_relation *relation)
{
    const char *schema = relation->schema;

    if (relation->kind != SW_RELATION_TABLE)
        return false;
    return schema == NULL
               ? strncmp(relation->name, "pg_", 3) == 0
               : strncmp(schema, "pg_", 3) == 0 || strcmp(schema, "information_schema") == 0;
}

/* See `only_reads`. What standbys tell of themselves is not what the primary tells. */
static bool only_reads(const struct sw_statement *is)
{
    if (is->kind != SW_STATEMENT_SELECT || is->writes || is->locks_rows || is->meets_others ||
        is->acts_at_commit || is->minds_leftovers || is->leaves != 0 || is->reads_catalog ||
        is->names_settings || is->setting_count > 0 || is->copies != NULL ||
        is->explains != NULL)
        return false;
    for (int i = 0; i < is->relation_count; i++)
        if (is_system_relation(&is->relations[i]))
            return false;
    return true;
}

void sw_facts_finish(struct sw_facts *facts)
{
    struct sw_statement *to = facts->statement;

    if (facts->is_refused) {
        keep_nothing(to);
    } else {
        to->levels = keep(facts, &facts->levels, sizeof *to->levels, &to->level_count);
        to->relations =
            keep(facts, &facts->relations, sizeof *to->relations, &to->relation_count);
        to->predicates =
            keep(facts, &facts->predicates, sizeof *to->predicates, &to->predicate_count);
        to->functions =
            keep(facts, &facts->functions, sizeof *to->functions, &to->function_count);
        to->types = keep(facts, &facts->types, sizeof *to->types, &to->type_count);
        to->parameter_uses =
            keep(facts, &facts->uses, sizeof *to->parameter_uses, &to->parameter_count);
        to->settings = keep(facts, &facts->settings, sizeof *to->settings, &to->setting_count);
        keep_ddl(facts);
        to->only_reads = only_reads(to);
    }
    sw_arena_finish(&facts->scratch);
}

void sw_facts_refuse(struct sw_facts *facts, const char *what, const char *hint)
{
    if (facts->is_refused)
        return;
    facts->is_refused = true;
    (void)sw_error_set(&facts->statement->refusal, "0A000", "%s is not supported yet", what);
    if (hint != NULL)
        sw_error_hint(&facts->statement->refusal, "%s", hint);
}

void sw_facts_fail(struct sw_facts *facts, const char *sqlstate, const char *format, ...)
{
    char message[sizeof facts->statement->refusal.message];
    va_list args;

    if (facts->is_refused)
        return;
    facts->is_refused = true;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    (void)sw_error_set(&facts->statement->refusal, sqlstate, "%s", message);
}

struct sw_level *sw_facts_level(const struct sw_facts *facts, int level)
{
    return (struct sw_level *)facts->levels.items + level;
}

struct sw_relation *sw_facts_relation(const struct sw_facts *facts, int relation)
{
    return (struct sw_relation *)facts->relations.items + relation;
}

const char *sw_facts_text(struct sw_facts *facts, const char *text)
{
    return text == NULL ? NULL : sw_arena_strdup(facts->arena, text);
}

const char *sw_facts_lower(struct sw_facts *facts, const char *text)
{
    char *lower = sw_arena_strdup(facts->arena, text);

    for (char *at = lower; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return lower;
}

void sw_facts_use_parameter(struct sw_facts *facts, int number)
{
    if (number < 1 || number > MOST_PARAMETERS) {
        sw_facts_fail(facts, "42P02", "there is no parameter $%d", number);
        return;
    }
    while (facts->uses.count < number)
        (void)sw_facts_add(facts, &facts->uses, sizeof(int));
    ((int *)facts->uses.items)[number - 1]++;
}

struct sw_setting_fact *sw_facts_add_setting(struct sw_facts *facts,
                                             enum sw_setting_change change, const char *name)
{
    struct sw_setting_fact *fact =
        sw_facts_add(facts, &facts->settings, sizeof(struct sw_setting_fact));

    fact->change = change;
    fact->name = name == NULL ? NULL : sw_facts_lower(facts, name);
    return fact;
}
