/*
 *      CREATE TEMP TABLE t (...)              DDL that makes a table in pg_temp
 *      CREATE TEMP TABLE t AS SELECT ...      a query, and the table that it makes
 *      SELECT ... INTO TEMP t ...             the same
 */
#include "temporary.h"

#include "shardward/base/text.h"

#include "walk.h"

#include <string.h>

bool sw_temporary_is_schema(const char *schema)
{
    return schema != NULL && strcmp(schema, "pg_temp") == 0;
}

bool sw_temporary_is(const RangeVar *range)
{
    return range->relpersistence == 't' || sw_temporary_is_schema(range->schemaname);
}

static void fail_schema(struct sw_facts *facts, const RangeVar *range)
{
    sw_facts_fail(facts, "42P16", "cannot create temporary relation in non-temporary schema");
    facts->statement->refusal.position =
        sw_text_characters(facts->sql, (size_t)range->location) + 1;
}

/* A name like pg_class would hide what catalog queries read. */
static void check_name(struct sw_facts *facts, const RangeVar *range)
{
    if (range->catalogname != NULL)
        sw_facts_refuse(facts, "a table qualified by a database", NULL);
    else if (range->schemaname != NULL && strncmp(range->schemaname, "pg_temp", 7) != 0)
        fail_schema(facts, range);
    else if (range->schemaname != NULL && !sw_temporary_is_schema(range->schemaname))
        sw_facts_refuse(facts, "a temporary schema by its number", "Write pg_temp.");
    else if (strncmp(range->relname, "pg_", 3) == 0)
        sw_facts_refuse(facts, "a temporary table whose name begins with pg_", NULL);
}

static void make(struct sw_facts *facts, const RangeVar *range, bool if_not_exists,
                 OnCommitAction on_commit)
{
    struct sw_made_table *makes = sw_arena_alloc(facts->arena, sizeof *makes);

    check_name(facts, range);
    facts->tables_seen++;
    *makes = (struct sw_made_table){.name = sw_facts_text(facts, range->relname),
                                    .if_not_exists = if_not_exists,
                                    .is_dropped_at_commit = on_commit == ONCOMMIT_DROP};
    facts->makes = makes;
    facts->statement->makes = makes;
    facts->statement->leaves |= SW_LEFT_TABLES;
    facts->statement->writes = true;
}

/* --- of columns --- */

void sw_temporary_describe_table(struct sw_facts *facts, const CreateStmt *create)
{
    make(facts, create->relation, create->if_not_exists, create->oncommit);
    facts->tables_seen--; /* it is counted as an object, too */
    if (create->inhRelations != NIL || create->partspec != NULL || create->partbound != NULL)
        sw_facts_refuse(facts, "a temporary table that inherits or is partitioned", NULL);
}

void sw_temporary_describe_like(struct sw_facts *facts, const TableLikeClause *like)
{
    if (facts->makes != NULL && (like->options & CREATE_TABLE_LIKE_DEFAULTS) != 0)
        facts->makes->takes_defaults = true;
}

/* What a default says of a server would be said of the one on which the table happens to be. */
void sw_temporary_check(struct sw_facts *facts)
{
    if (facts->makes == NULL)
        return;
    if (facts->ddl.calls_nextval)
        sw_facts_refuse(facts, "nextval() in a temporary table",
                        "Use serial, or an identity column.");
    if (facts->statement->reads_catalog || facts->statement->names_database)
        sw_facts_refuse(facts, "a temporary table that depends on the catalog",
                        "Give the value with the rows.");
}

/* --- of a query --- */

static void describe_query(struct sw_facts *facts, const SelectStmt *query)
{
    sw_walk_query(facts, (const Node *)query);
    facts->statement->kind = SW_STATEMENT_CREATE_AS;
    facts->statement->is_verbatim = true;
    if (facts->settings.count > 0)
        sw_facts_refuse(facts, "set_config() in CREATE TABLE AS", "Use SET.");
}

static void refuse_permanent(struct sw_facts *facts, const char *what)
{
    sw_facts_refuse(facts, what, "Create the table, then INSERT its rows.");
}

void sw_temporary_describe_as(struct sw_facts *facts, const CreateTableAsStmt *create)
{
    const IntoClause *into = create->into;

    if (create->objtype != OBJECT_TABLE) {
        refuse_permanent(facts, "CREATE MATERIALIZED VIEW");
    } else if (!sw_temporary_is(into->rel)) {
        refuse_permanent(facts, "CREATE TABLE AS");
    } else if (!IsA(create->query, SelectStmt)) {
        sw_facts_refuse(facts, "CREATE TABLE AS EXECUTE", "Write the query itself.");
    } else {
        make(facts, into->rel, create->if_not_exists, into->onCommit);
        describe_query(facts, (const SelectStmt *)create->query);
    }
}

/* Of several arms it is the first one that has it. */
static const IntoClause *into_of(const SelectStmt *select)
{
    while (select->op != SETOP_NONE)
        select = select->larg;
    return select->intoClause;
}

void sw_temporary_describe_into(struct sw_facts *facts, const SelectStmt *select)
{
    const IntoClause *into = into_of(select);

    if (into == NULL || !sw_temporary_is(into->rel)) {
        (void)sw_walk_statement(facts, (const Node *)select);
        return;
    }
    facts->into = into;
    make(facts, into->rel, false, into->onCommit);
    describe_query(facts, select);
}
