#include "shardward/topology/schema.h"

#include <stdio.h>

static const char *kind_of(enum sw_table_kind kind)
{
    switch (kind) {
    case SW_TABLE_ORDINARY:
        return "table";
    case SW_TABLE_PARTITIONED:
        return "partitioned table";
    case SW_TABLE_VIEW:
        return "view";
    case SW_TABLE_MATERIALIZED_VIEW:
        return "materialized view";
    case SW_TABLE_FOREIGN:
        return "foreign table";
    }
    return "";
}

static void describe_default(const struct sw_schema_column *column, struct sw_buf *out)
{
    if (column->identity != '\0')
        sw_buf_printf(out, " generated %s as identity",
                      column->identity == 'a' ? "always" : "by default");
    else if (column->default_text != NULL)
        sw_buf_printf(out, column->is_generated ? " generated always as (%s)" : " default %s",
                      column->default_text);
}

static void describe_column(const struct sw_schema_column *column, struct sw_buf *out)
{
    sw_buf_printf(out, "column %s %s", column->name, column->type);
    if (column->collation != NULL)
        sw_buf_printf(out, " collate %s", column->collation);
    if (column->is_not_null)
        sw_buf_append_text(out, " not null");
    describe_default(column, out);
    sw_buf_append_text(out, "\n");
}

void sw_schema_describe(const struct sw_schema_table *table, enum sw_schema_depth depth,
                        struct sw_buf *out)
{
    sw_buf_printf(out, "%s\n", kind_of(table->kind));
    for (int i = 0; i < table->column_count; i++)
        describe_column(&table->columns[i], out);
    for (int i = 0; i < table->constraint_count; i++)
        sw_buf_printf(out, "constraint %s %s\n", table->constraints[i].name,
                      table->constraints[i].definition);
    if (depth == SW_SCHEMA_SHAPE)
        return;
    for (int i = 0; i < table->trigger_count; i++)
        sw_buf_printf(out, "trigger %s\n", table->triggers[i].definition);
    if (table->rules[0] != '\0')
        sw_buf_printf(out, "rules %s\n", table->rules);
    if (table->has_row_security)
        sw_buf_append_text(out, "row security\n");
}
