#include "copy.h"

#include "walk.h"

static void refuse_file(struct sw_facts *facts, const CopyStmt *copy)
{
    struct sw_error *refusal = &facts->statement->refusal;

    sw_facts_fail(facts, "0A000", "COPY %s a %s of the server is not supported",
                  copy->is_from ? "from" : "to", copy->is_program ? "program" : "file");
    sw_error_detail(refusal, "It would be that of one server, of which there are several.");
    sw_error_hint(refusal, "Use COPY %s, or \\copy of psql.",
                  copy->is_from ? "FROM STDIN" : "TO STDOUT");
}

/* COPY takes no parameters: the server would not know them. */
static void check_parameters(struct sw_facts *facts)
{
    if (facts->uses.count > 0)
        sw_facts_fail(facts, "42P02", "there is no parameter $%d", facts->uses.count);
}

static void describe_query(struct sw_facts *facts, const Node *query)
{
    (void)sw_walk_statement(facts, query);
    if (facts->statement->writes)
        sw_facts_refuse(facts, "COPY of a query that writes", "Use RETURNING without COPY.");
}

static void describe_to(struct sw_facts *facts, const CopyStmt *copy)
{
    if (copy->query != NULL) {
        describe_query(facts, copy->query);
        return;
    }
    facts->statement->kind = SW_STATEMENT_SELECT;
    sw_walk_copied(facts, copy->relation);
}

static void describe_from(struct sw_facts *facts, const CopyStmt *copy)
{
    facts->statement->kind = SW_STATEMENT_COPY_FROM;
    sw_walk_copied_into(facts, copy);
}

void sw_copy_describe(struct sw_facts *facts, const CopyStmt *copy)
{
    if (copy->filename != NULL || copy->is_program)
        refuse_file(facts, copy);
    else if (copy->is_from)
        describe_from(facts, copy);
    else
        describe_to(facts, copy);
    check_parameters(facts);
    if (facts->settings.count > 0)
        sw_facts_refuse(facts, "set_config() in COPY", "Use SET.");
}
