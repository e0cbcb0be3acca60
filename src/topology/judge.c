/*
 * Does what a table really is allow that one shard answers for it? Reading needs: a table, no
 * part of it elsewhere, a key whose equality and stored form are what routing hashes, and
 * constraints that each shard can promise by itself. Writing needs that nothing happens on the
 * way that a shard cannot see the whole of.
 */
#include "compare.h"

#include "shardward/base/text.h"

#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

struct judgement {
    struct sw_comparison *comparison;
    const struct sw_table *table;
    const struct sw_schema_table *facts;
    struct sw_catalog_table *into;
};

/* The first reason stays. */
static void block(struct judgement *judgement, const char *message, const char *detail,
                  const char *hint)
{
    if (judgement->into->block == NULL)
        judgement->into->block =
            sw_comparison_block(judgement->comparison, message, detail, hint);
}

static void block_writes(struct judgement *judgement, const char *message, const char *detail,
                         const char *hint)
{
    if (judgement->into->write_block == NULL)
        judgement->into->write_block =
            sw_comparison_block(judgement->comparison, message, detail, hint);
}

/* Are all its rows on one shard, or on each that has any? */
static bool is_in_one_place(const struct sw_table *table)
{
    return table->keys == NULL || table->placement->shard_count == 1;
}

static const struct sw_shard *only_shard(const struct sw_table *table)
{
    return table->keys == NULL ? table->shard : table->placement->shards[0];
}

/* --- what it is --- */

static void judge_kind(struct judgement *judgement)
{
    static const char *const words[] = {[SW_TABLE_VIEW] = "a view",
                                        [SW_TABLE_MATERIALIZED_VIEW] = "a materialized view",
                                        [SW_TABLE_FOREIGN] = "a foreign table"};
    const struct sw_schema_table *facts = judgement->facts;

    if (facts->kind != SW_TABLE_ORDINARY && facts->kind != SW_TABLE_PARTITIONED)
        block(judgement,
              sw_comparison_format(judgement->comparison,
                                   "\"%s\" is declared as a table, but it is %s", facts->name,
                                   words[facts->kind]),
              "What it reads may be on other shards.",
              "Name the tables that it reads instead.");
    else if (facts->foreign_descendant != NULL)
        block(judgement,
              sw_comparison_format(judgement->comparison,
                                   "a part of table \"%s\" is the foreign table %s",
                                   facts->name, facts->foreign_descendant),
              "Its rows are on another server.", "Detach the foreign table.");
}

static void judge_kinship(struct judgement *judgement, const struct sw_table *whole,
                          const struct sw_table *part)
{
    if (whole != NULL && part != NULL && !sw_tables_are_placed_alike(whole, part))
        block(judgement,
              sw_comparison_format(judgement->comparison,
                                   "the YAML places \"%s\" otherwise than \"%s\", which it is "
                                   "a part of",
                                   part->name, whole->name),
              "Rows of the one are rows of the other.",
              "Take the part out of the YAML, or give it the same key and placement.");
}

/* Its partitions and heirs may be declared as well, and so may the table that it is one of. */
static void judge_parts(struct judgement *judgement)
{
    const struct sw_schema_table *facts = judgement->facts;
    const struct sw_database *database = judgement->comparison->database;
    const struct sw_catalog_part *own =
        sw_catalog_part(judgement->comparison->into, facts->schema, facts->name);

    for (int i = 0; i < facts->part_count; i++)
        if (facts->parts[i].kind == SW_PART_TABLE)
            judge_kinship(
                judgement, judgement->table,
                sw_database_table(database, facts->parts[i].schema, facts->parts[i].name));
    if (own != NULL && own->kind == SW_PART_TABLE && own->table != NULL)
        judge_kinship(judgement, sw_database_table(database, own->schema, own->table),
                      judgement->table);
}

/* --- its key --- */

static bool type_fits(enum sw_key_type type, uint32_t oid)
{
    switch (type) {
    case SW_KEY_BIGINT:
        return oid == SW_OID_INT2 || oid == SW_OID_INT4 || oid == SW_OID_INT8;
    case SW_KEY_TEXT:
        return oid == SW_OID_TEXT || oid == SW_OID_VARCHAR;
    case SW_KEY_UUID:
        return oid == SW_OID_UUID;
    case SW_KEY_DATE:
        return oid == SW_OID_DATE;
    case SW_KEY_TIMESTAMP:
        return oid == SW_OID_TIMESTAMP;
    case SW_KEY_TIMESTAMPTZ:
        return oid == SW_OID_TIMESTAMPTZ;
    }
    return false;
}

/* A timestamp(0) stores another value than the one it was given. */
static bool is_rounded(const struct sw_schema_column *column)
{
    enum { FULL_PRECISION = 6 };
    bool is_time =
        column->base_oid == SW_OID_TIMESTAMP || column->base_oid == SW_OID_TIMESTAMPTZ;

    return is_time && column->typmod >= 0 && column->typmod < FULL_PRECISION;
}

static void judge_key_column(struct judgement *judgement, const struct sw_schema_column *column,
                             enum sw_key_type type)
{
    struct sw_comparison *comparison = judgement->comparison;
    const char *what = sw_comparison_format(comparison, "key \"%s\" of table \"%s\"",
                                            column->name, judgement->facts->name);

    if (!type_fits(type, column->base_oid))
        block(judgement,
              sw_comparison_format(comparison, "%s is of type %s, the YAML says %s", what,
                                   column->type, sw_key_type_name(type)),
              "Equal values could be on different shards.",
              "Correct the type of the placement, or of the column.");
    else if (is_rounded(column))
        block(judgement,
              sw_comparison_format(comparison, "%s is of type %s, which rounds values", what,
                                   column->type),
              "The stored value could belong on another shard.",
              "Give the column full precision.");
    else if (!column->is_deterministic)
        block(judgement,
              sw_comparison_format(comparison, "%s has the nondeterministic collation %s", what,
                                   column->collation),
              "Texts of different bytes could be equal.",
              "Give the column a deterministic collation.");
    else if (column->is_generated)
        block(judgement, sw_comparison_format(comparison, "%s is a generated column", what),
              "Its value is known to a server only.",
              "Choose a column that is stored as given.");
}

static void judge_key(struct judgement *judgement)
{
    const struct sw_table *table = judgement->table;

    for (int part = 0; table->keys != NULL && part < table->placement->part_count; part++) {
        int at = sw_schema_column_index(judgement->facts, table->keys[part]);

        if (at >= 0)
            judge_key_column(judgement, &judgement->facts->columns[at],
                             table->placement->types[part]);
        else
            block(judgement,
                  sw_comparison_format(judgement->comparison,
                                       "table \"%s\" has no column \"%s\", its key by the YAML",
                                       table->name, table->keys[part]),
                  NULL, "Correct the key in the YAML.");
    }
}

/* --- its constraints --- */

static int find_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* Are two rows with the same values in these columns on one shard? */
static bool holds_key(const struct sw_table *table,
                      const struct sw_schema_constraint *constraint)
{
    for (int part = 0; part < table->placement->part_count; part++)
        if (find_name(constraint->columns, constraint->column_count, table->keys[part]) < 0)
            return false;
    return true;
}

static void judge_unique(struct judgement *judgement,
                         const struct sw_schema_constraint *constraint)
{
    const struct sw_table *table = judgement->table;

    if (is_in_one_place(table) || table->config->is_unique_local ||
        holds_key(table, constraint))
        return;
    block(judgement,
          sw_comparison_format(judgement->comparison,
                               "\"%s\" of table \"%s\" cannot hold over several shards",
                               constraint->name, table->name),
          sw_comparison_format(judgement->comparison, "%s does not contain the key.",
                               constraint->definition),
          "Add the key to it; or write `unique: local` for the table, if each shard may check "
          "its own rows only.");
}

/* Does each part of the key refer to the same part of the other's? */
static bool key_refers_to_key(const struct sw_table *table, const struct sw_table *other,
                              const struct sw_schema_constraint *constraint)
{
    for (int part = 0; part < table->placement->part_count; part++) {
        int at = find_name(constraint->columns, constraint->column_count, table->keys[part]);

        if (at < 0 || strcmp(constraint->other_columns[at], other->keys[part]) != 0)
            return false;
    }
    return true;
}

/* Has each shard of @table all rows of a reference table? */
static bool is_covered(const struct sw_table *table, const struct sw_table *reference)
{
    const struct sw_placement *placement = reference->placement;
    int count = table->keys == NULL && !table->is_reference ? 1 : table->placement->shard_count;

    for (int i = 0; i < count; i++) {
        const struct sw_shard *shard = table->keys == NULL && !table->is_reference
                                           ? table->shard
                                           : table->placement->shards[i];
        int at = 0;

        while (at < placement->shard_count && placement->shards[at] != shard)
            at++;
        if (at == placement->shard_count)
            return false;
    }
    return true;
}

/* Is the row that is referred to always on the shard of the row that refers? */
static bool is_colocated(const struct sw_table *table, const struct sw_table *other,
                         const struct sw_schema_constraint *constraint)
{
    if (other != NULL && other->is_reference)
        return is_covered(table, other);
    if (table->is_reference)
        return false;
    if (other == NULL)
        return is_in_one_place(table);
    if (is_in_one_place(table) && is_in_one_place(other))
        return only_shard(table) == only_shard(other);
    return table->keys != NULL && other->keys != NULL && table->placement == other->placement &&
           key_refers_to_key(table, other, constraint);
}

/* ON DELETE SET NULL or SET DEFAULT would give a row another key where it stands. */
static bool moves_key(const struct sw_table *table,
                      const struct sw_schema_constraint *constraint)
{
    if (is_in_one_place(table) || (strstr(constraint->definition, " SET NULL") == NULL &&
                                   strstr(constraint->definition, " SET DEFAULT") == NULL))
        return false;
    for (int part = 0; part < table->placement->part_count; part++)
        if (find_name(constraint->columns, constraint->column_count, table->keys[part]) >= 0)
            return true;
    return false;
}

static void judge_foreign(struct judgement *judgement,
                          const struct sw_schema_constraint *constraint)
{
    const struct sw_table *table = judgement->table;
    const struct sw_table *other = sw_database_table(
        judgement->comparison->database, constraint->other_schema, constraint->other_table);

    if (moves_key(table, constraint)) {
        block(judgement,
              sw_comparison_format(judgement->comparison,
                                   "\"%s\" of table \"%s\" would change the key of rows",
                                   constraint->name, table->name),
              constraint->definition, "Choose another action for ON DELETE and ON UPDATE.");
        return;
    }
    if (table->config->is_foreign_local || is_colocated(table, other, constraint))
        return;
    block(
        judgement,
        sw_comparison_format(judgement->comparison,
                             "\"%s\" of table \"%s\" refers to rows that may be on other "
                             "shards",
                             constraint->name, table->name),
        constraint->definition,
        "Drop it, or make it part of both keys; or write `foreign_keys: local` for the table, "
        "if each shard may look at its own rows only.");
}

static void judge_constraints(struct judgement *judgement)
{
    for (int i = 0; i < judgement->facts->constraint_count; i++) {
        const struct sw_schema_constraint *constraint = &judgement->facts->constraints[i];

        switch (constraint->kind) {
        case SW_CONSTRAINT_PRIMARY:
        case SW_CONSTRAINT_UNIQUE:
        case SW_CONSTRAINT_EXCLUSION:
        case SW_CONSTRAINT_UNIQUE_INDEX:
            judge_unique(judgement, constraint);
            break;
        case SW_CONSTRAINT_FOREIGN:
            judge_foreign(judgement, constraint);
            break;
        case SW_CONSTRAINT_CHECK:
            break;
        }
    }
}

/* --- what happens on the way --- */

/* Extensions of PostgreSQL's contrib whose functions look at nothing but their arguments. */
static const char *const pure_extensions[] = {
    "btree_gin",     "btree_gist", "citext",   "cube",     "earthdistance",
    "fuzzystrmatch", "hstore",     "intarray", "isn",      "ltree",
    "pg_trgm",       "pgcrypto",   "seg",      "unaccent", "uuid-ossp",
};

bool sw_extension_is_pure(const char *extension)
{
    return extension != NULL &&
           sw_text_is_one_of(extension, pure_extensions, COUNT(pure_extensions));
}

static bool is_declared_harmless(const struct sw_database *database, const char *schema,
                                 const char *name)
{
    for (int b = 0; b < database->business_count; b++) {
        const struct sw_business *business = &database->businesses[b];

        for (int i = 0; i < business->function_count; i++) {
            const struct sw_config_function *function = business->functions[i].config;

            if (function->is_harmless && strcmp(function->name, name) == 0 &&
                strcmp(function->schema, schema) == 0)
                return true;
        }
    }
    return false;
}

bool sw_function_looks_at_nothing(const struct sw_database *database, const char *schema,
                                  const char *name, enum sw_volatility volatility,
                                  const char *extension)
{
    return volatility == SW_IMMUTABLE || sw_extension_is_pure(extension) ||
           is_declared_harmless(database, schema, name);
}

static void judge_row_security(struct judgement *judgement)
{
    if (!judgement->facts->has_row_security || judgement->table->config->is_row_security_local)
        return;
    block(
        judgement,
        sw_comparison_format(judgement->comparison, "table \"%s\" has row security",
                             judgement->table->name),
        "Its policies may ask who the user is, or look at other tables.",
        "Write `row_security: local` for the table, if its policies need only the row and the "
        "role that shardward logs in with.");
}

/* PostgreSQL docs, "Trigger Functions": those that come with it. */
static bool is_known_trigger(const struct sw_schema_trigger *trigger)
{
    static const char *const names[] = {"suppress_redundant_updates_trigger",
                                        "tsvector_update_trigger",
                                        "tsvector_update_trigger_column"};

    return strcmp(trigger->function_schema, "pg_catalog") == 0 &&
           sw_text_is_one_of(trigger->function, names, COUNT(names));
}

static void judge_triggers(struct judgement *judgement)
{
    struct sw_comparison *comparison = judgement->comparison;

    for (int i = 0; i < judgement->facts->trigger_count; i++) {
        const struct sw_schema_trigger *trigger = &judgement->facts->triggers[i];

        if (is_known_trigger(trigger) || judgement->table->config->is_trigger_local)
            continue;
        block_writes(
            judgement,
            sw_comparison_format(comparison,
                                 "trigger \"%s\" of table \"%s\" may touch "
                                 "other tables",
                                 trigger->name, judgement->table->name),
            sw_comparison_format(comparison, "It calls %s.%s().", trigger->function_schema,
                                 trigger->function),
            "Write `triggers: local` for the table, if its triggers touch only rows of "
            "the same shard, and leave the key alone.");
    }
    if (judgement->facts->rules[0] != '\0')
        block_writes(
            judgement,
            sw_comparison_format(comparison, "table \"%s\" has rules", judgement->table->name),
            judgement->facts->rules, "Drop the rules.");
}

static void judge_uses(struct judgement *judgement)
{
    struct sw_comparison *comparison = judgement->comparison;

    for (int i = 0; i < judgement->facts->use_count; i++) {
        const struct sw_schema_use *use = &judgement->facts->uses[i];

        /* What it would give on a shard, no shard is asked for. */
        if (strcmp(use->function_schema, "shardward") == 0 &&
            strcmp(use->function, "next_id") == 0)
            continue;
        if (sw_function_looks_at_nothing(comparison->database, use->function_schema,
                                         use->function, use->volatility, use->extension))
            continue;
        block_writes(judgement,
                     sw_comparison_format(comparison, "%s of table \"%s\" calls %s.%s()",
                                          use->purpose, judgement->table->name,
                                          use->function_schema, use->function),
                     "The function may look at other tables.",
                     "Declare the function in the YAML with `harmless: true`, if it does not.");
    }
}

static const char implicit_hint[] =
    "Declare the function in the YAML with `harmless: true`, if it does not.";

/* A cast may be applied anywhere, without a word in the text. */
static void judge_casts(struct judgement *judgement)
{
    struct sw_comparison *comparison = judgement->comparison;
    const struct sw_schema *schema =
        sw_comparison_schema(comparison, only_shard(judgement->table));

    for (int i = 0; schema != NULL && i < schema->cast_count; i++) {
        const struct sw_schema_cast *cast = &schema->casts[i];

        if (sw_function_looks_at_nothing(comparison->database, cast->function_schema,
                                         cast->function, cast->volatility, cast->extension))
            continue;
        block(judgement,
              sw_comparison_format(comparison, "the cast from %s to %s calls %s.%s()",
                                   cast->from, cast->to, cast->function_schema, cast->function),
              "It may be applied in any statement, and look at other tables.", implicit_hint);
    }
}

/* Nor does a call say which function of a name it means, nor an operator. */
static void judge_functions(struct judgement *judgement)
{
    struct sw_comparison *comparison = judgement->comparison;
    const struct sw_schema *schema =
        sw_comparison_schema(comparison, only_shard(judgement->table));

    for (int i = 0; schema != NULL && i < schema->function_count; i++) {
        const struct sw_schema_function *function = &schema->functions[i];

        if (!function->is_lookalike ||
            sw_function_looks_at_nothing(comparison->database, function->schema, function->name,
                                         function->volatility, function->extension))
            continue;
        block(judgement,
              sw_comparison_format(comparison,
                                   "function %s.%s(%s) bears the name of one of "
                                   "PostgreSQL's own",
                                   function->schema, function->name, function->arguments),
              "It may be called in its place, and look at other tables.", implicit_hint);
    }
    for (int i = 0; schema != NULL && i < schema->operator_count; i++) {
        const struct sw_schema_operator *found = &schema->operators[i];

        if (sw_function_looks_at_nothing(comparison->database, found->function_schema,
                                         found->function, found->volatility, found->extension))
            continue;
        block(judgement,
              sw_comparison_format(comparison, "operator %s.%s calls %s.%s()", found->schema,
                                   found->name, found->function_schema, found->function),
              "It may be meant in any statement, and look at other tables.", implicit_hint);
    }
}

void sw_judge_table(struct sw_comparison *comparison, const struct sw_table *table,
                    struct sw_catalog_table *into)
{
    struct judgement judgement = {
        .comparison = comparison, .table = table, .facts = into->facts, .into = into};

    if (into->facts == NULL || into->block != NULL)
        return;
    judge_kind(&judgement);
    judge_parts(&judgement);
    judge_key(&judgement);
    judge_constraints(&judgement);
    judge_row_security(&judgement);
    judge_casts(&judgement);
    judge_functions(&judgement);
    judge_triggers(&judgement);
    judge_uses(&judgement);
}
