#include "function_names.h"
#include "meeting.h"
#include "outlining.h"
#include "settings.h"
#include "values.h"
#include "walk.h"

#include "shardward/base/text.h"
#include "shardward/parse/parse.h"

#include <string.h>

bool sw_function_is_harmless(const char *name)
{
    return sw_text_is_one_of(name, sw_harmless_functions, sw_harmless_function_count);
}

static bool has_named_argument(const List *args)
{
    for (int i = 0; i < list_length(args); i++)
        if (IsA(list_nth(args, i), NamedArgExpr))
            return true;
    return false;
}

static bool is_plain_call(const FuncCall *call)
{
    return call->agg_order == NIL && call->agg_filter == NULL && call->over == NULL &&
           !call->agg_within_group && !call->agg_star && !call->agg_distinct &&
           !call->func_variadic && !has_named_argument(call->args);
}

static const struct sw_value *read_arguments(struct sw_facts *facts, const List *args)
{
    struct sw_value *values =
        sw_arena_alloc(facts->arena, ((size_t)list_length(args) + 1) * sizeof *values);

    for (int i = 0; i < list_length(args); i++)
        values[i] = sw_value_read(facts, list_nth(args, i));
    return values;
}

static void add_function(struct sw_facts *facts, const FuncCall *call)
{
    const List *names = call->funcname;
    const struct sw_value *arguments;
    struct sw_function *function;
    const char *schema, *name;

    if (!sw_walk_name(names, &schema, &name)) {
        sw_facts_refuse(facts, "a function qualified by a database",
                        "Name the function as schema.function.");
        return;
    }
    arguments = read_arguments(facts, call->args);
    function = sw_facts_add(facts, &facts->functions, sizeof(struct sw_function));
    function->is_plain_call = is_plain_call(call);
    function->arguments = arguments;
    function->argument_count = list_length(call->args);
    function->schema =
        list_length(names) == 2 ? sw_facts_text(facts, strVal(linitial(names))) : NULL;
    function->name = sw_facts_text(facts, name);
}

/* Is it known what this function of pg_catalog does? A default of a column may draw numbers. */
static bool describe_known(struct sw_facts *facts, const FuncCall *call, const char *name)
{
    static const char *const user_names[] = {"current_user", "getpgusername", "session_user"};
    static const char *const moments[] = {"now", "statement_timestamp",
                                          "transaction_timestamp"};

    if (sw_text_is_one_of(name, moments, lengthof(moments)))
        facts->names_moment = true;
    if (sw_function_is_by_chance(name))
        facts->names_chance = true;
    if (strcmp(name, "nextval") == 0 && facts->ddl.command != NULL) {
        facts->names_sequence = facts->has_called_nextval = true;
        return true;
    }
    /* These two are described by what stands in their literals. */
    if (strcmp(name, "set_config") == 0 || strcmp(name, "current_setting") == 0)
        facts->statement->is_verbatim = true;
    if (strcmp(name, "set_config") == 0)
        return sw_settings_describe_set_config(facts, call);
    if (strcmp(name, "current_setting") == 0) {
        facts->statement->names_settings = true;
        return sw_settings_is_of_session(call);
    }
    if (strcmp(name, "current_database") == 0) {
        facts->statement->names_database = facts->names_moment = true;
        return true;
    }
    if (sw_text_is_one_of(name, user_names, lengthof(user_names))) {
        facts->statement->names_user = true;
        return true;
    }
    if (sw_text_is_one_of(name, sw_catalog_functions, sw_catalog_function_count)) {
        facts->statement->reads_catalog = facts->names_moment = true;
        return true;
    }
    return sw_meeting_is_known(facts, name) || sw_function_is_harmless(name);
}

/* Ids over all shards are drawn in the catalog database, see sql/shardward/003_ids.sql. */
static bool draws_id(const char *schema, const char *name)
{
    return strcmp(schema, "shardward") == 0 && strcmp(name, "next_id") == 0;
}

/* What JDBC and others ask the catalog with; they compute and read no table. */
static bool is_of_information_schema(const char *schema, const char *name)
{
    static const char *const names[] = {"_pg_char_max_length",
                                        "_pg_char_octet_length",
                                        "_pg_datetime_precision",
                                        "_pg_expandarray",
                                        "_pg_interval_type",
                                        "_pg_numeric_precision",
                                        "_pg_numeric_precision_radix",
                                        "_pg_numeric_scale",
                                        "_pg_truetypid",
                                        "_pg_truetypmod"};

    return strcmp(schema, "information_schema") == 0 &&
           sw_text_is_one_of(name, names, lengthof(names));
}

static bool is_known(struct sw_facts *facts, const FuncCall *call)
{
    const char *schema, *name;

    if (!sw_walk_name(call->funcname, &schema, &name))
        return false;
    if (schema == NULL)
        return describe_known(facts, call, name);
    if (is_of_information_schema(schema, name))
        return true;
    if (!draws_id(schema, name))
        return false;
    facts->statement->reads_catalog = true;
    return true;
}

void sw_walk_function(struct sw_facts *facts, const FuncCall *call)
{
    facts->functions_seen++;
    sw_outliner_note_call(facts, call);
    if (!is_known(facts, call)) {
        facts->names_chance = true; /* who knows */
        add_function(facts, call);
    }
    sw_walk_list(facts, call->args);
    sw_walk_list(facts, call->agg_order);
    sw_walk(facts, call->agg_filter);
    sw_walk(facts, call->over);
}
