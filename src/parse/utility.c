#include "utility.h"

#include "by_name.h"
#include "copy.h"
#include "ddl.h"
#include "inner.h"
#include "meeting.h"
#include "settings.h"
#include "temporary.h"
#include "walk.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

struct refusal {
    NodeTag tag;
    const char *command, *hint;
};

static const char view_hint[] =
    "shardward does not look into views; name the tables in each query.";
static const char foreign_hint[] =
    "Rows of a foreign table live on no shard; connect to their server instead.";
static const char operator_hint[] =
    "shardward knows what the operators and functions of pg_catalog do, and no others.";
static const char object_hint[] = "Make it on each shard and on the catalog database.";
static const char maintenance_hint[] = "Connect to the shard's own server for maintenance.";
static const char rights_hint[] = "Manage roles and rights on the servers themselves.";
static const char code_hint[] =
    "Such code may read and write tables that shardward cannot see.";

static const struct refusal refusals[] = {
    {T_AlterCollationStmt, "ALTER COLLATION", object_hint},
    {T_AlterDatabaseSetStmt, "ALTER DATABASE", rights_hint},
    {T_AlterDatabaseStmt, "ALTER DATABASE", rights_hint},
    {T_AlterEventTrigStmt, "ALTER EVENT TRIGGER", code_hint},
    {T_AlterExtensionContentsStmt, "ALTER EXTENSION ADD or DROP", object_hint},
    {T_AlterFdwStmt, "ALTER FOREIGN DATA WRAPPER", foreign_hint},
    {T_AlterForeignServerStmt, "ALTER SERVER", foreign_hint},
    {T_AlterFunctionStmt, "ALTER FUNCTION", code_hint},
    {T_AlterObjectDependsStmt, "ALTER ... DEPENDS ON EXTENSION", object_hint},
    {T_AlterOpFamilyStmt, "ALTER OPERATOR FAMILY", operator_hint},
    {T_AlterOperatorStmt, "ALTER OPERATOR", operator_hint},
    {T_AlterPolicyStmt, "ALTER POLICY", code_hint},
    {T_AlterPublicationStmt, "ALTER PUBLICATION", maintenance_hint},
    {T_AlterRoleSetStmt, "ALTER ROLE", rights_hint},
    {T_AlterRoleStmt, "ALTER ROLE", rights_hint},
    {T_AlterStatsStmt, "ALTER STATISTICS", object_hint},
    {T_AlterSubscriptionStmt, "ALTER SUBSCRIPTION", maintenance_hint},
    {T_AlterSystemStmt, "ALTER SYSTEM", maintenance_hint},
    {T_AlterTSConfigurationStmt, "ALTER TEXT SEARCH CONFIGURATION", object_hint},
    {T_AlterTSDictionaryStmt, "ALTER TEXT SEARCH DICTIONARY", object_hint},
    {T_AlterTableMoveAllStmt, "ALTER ... ALL IN TABLESPACE", maintenance_hint},
    {T_AlterTableSpaceOptionsStmt, "ALTER TABLESPACE", maintenance_hint},
    {T_AlterTypeStmt, "ALTER TYPE ... SET", operator_hint},
    {T_AlterUserMappingStmt, "ALTER USER MAPPING", foreign_hint},
    {T_CallStmt, "CALL", code_hint},
    {T_CheckPointStmt, "CHECKPOINT", maintenance_hint},
    {T_ConstraintsSetStmt, "SET CONSTRAINTS", "Declare the constraint as it shall behave."},
    {T_CreateAmStmt, "CREATE ACCESS METHOD", object_hint},
    {T_CreateCastStmt, "CREATE CAST", operator_hint},
    {T_CreateConversionStmt, "CREATE CONVERSION", operator_hint},
    {T_CreateEventTrigStmt, "CREATE EVENT TRIGGER", code_hint},
    {T_CreateFdwStmt, "CREATE FOREIGN DATA WRAPPER", foreign_hint},
    {T_CreateForeignServerStmt, "CREATE SERVER", foreign_hint},
    {T_CreateForeignTableStmt, "CREATE FOREIGN TABLE", foreign_hint},
    {T_CreateFunctionStmt, "CREATE FUNCTION", code_hint},
    {T_CreateOpClassStmt, "CREATE OPERATOR CLASS", operator_hint},
    {T_CreateOpFamilyStmt, "CREATE OPERATOR FAMILY", operator_hint},
    {T_CreatePLangStmt, "CREATE LANGUAGE", code_hint},
    {T_CreatePolicyStmt, "CREATE POLICY", code_hint},
    {T_CreatePublicationStmt, "CREATE PUBLICATION", maintenance_hint},
    {T_CreateRoleStmt, "CREATE ROLE", rights_hint},
    {T_CreateStatsStmt, "CREATE STATISTICS", object_hint},
    {T_CreateSubscriptionStmt, "CREATE SUBSCRIPTION", maintenance_hint},
    {T_CreateTableSpaceStmt, "CREATE TABLESPACE", maintenance_hint},
    {T_CreateTransformStmt, "CREATE TRANSFORM", operator_hint},
    {T_CreateTrigStmt, "CREATE TRIGGER", code_hint},
    {T_CreateUserMappingStmt, "CREATE USER MAPPING", foreign_hint},
    {T_CreatedbStmt, "CREATE DATABASE", maintenance_hint},
    {T_DefineStmt, "CREATE", operator_hint},
    {T_DoStmt, "DO", code_hint},
    {T_DropOwnedStmt, "DROP OWNED", rights_hint},
    {T_DropRoleStmt, "DROP ROLE", rights_hint},
    {T_DropSubscriptionStmt, "DROP SUBSCRIPTION", maintenance_hint},
    {T_DropTableSpaceStmt, "DROP TABLESPACE", maintenance_hint},
    {T_DropUserMappingStmt, "DROP USER MAPPING", foreign_hint},
    {T_DropdbStmt, "DROP DATABASE", maintenance_hint},
    {T_GrantRoleStmt, "GRANT", rights_hint},
    {T_ImportForeignSchemaStmt, "IMPORT FOREIGN SCHEMA", foreign_hint},
    {T_LoadStmt, "LOAD", maintenance_hint},
    {T_LockStmt, "LOCK TABLE", "Lock rows with SELECT ... FOR UPDATE instead."},
    {T_MergeStmt, "MERGE", "Use INSERT ... ON CONFLICT."},
    {T_ReassignOwnedStmt, "REASSIGN OWNED", rights_hint},
    {T_RefreshMatViewStmt, "REFRESH MATERIALIZED VIEW", view_hint},
    {T_RuleStmt, "CREATE RULE", code_hint},
    {T_SecLabelStmt, "SECURITY LABEL", object_hint},
    {T_ViewStmt, "CREATE VIEW", view_hint},
};

static void refuse_command(struct sw_facts *facts, NodeTag tag)
{
    for (size_t i = 0; i < lengthof(refusals); i++) {
        if (refusals[i].tag == tag) {
            sw_facts_refuse(facts, refusals[i].command, refusals[i].hint);
            return;
        }
    }
    sw_facts_refuse(facts, "this command", maintenance_hint);
}

static void describe_transaction(struct sw_facts *facts, const TransactionStmt *transaction)
{
    struct sw_statement *statement = facts->statement;

    statement->name = sw_facts_text(facts, transaction->savepoint_name);
    statement->is_chained = transaction->chain;
    statement->is_start = transaction->kind == TRANS_STMT_START;
    switch (transaction->kind) {
    case TRANS_STMT_BEGIN:
    case TRANS_STMT_START:
        statement->kind = SW_STATEMENT_BEGIN;
        (void)sw_settings_read_options(facts, transaction->options);
        break;
    case TRANS_STMT_COMMIT:
        statement->kind = SW_STATEMENT_COMMIT;
        break;
    case TRANS_STMT_ROLLBACK:
        statement->kind = SW_STATEMENT_ROLLBACK;
        break;
    case TRANS_STMT_SAVEPOINT:
        statement->kind = SW_STATEMENT_SAVEPOINT;
        break;
    case TRANS_STMT_RELEASE:
        statement->kind = SW_STATEMENT_RELEASE;
        break;
    case TRANS_STMT_ROLLBACK_TO:
        statement->kind = SW_STATEMENT_ROLLBACK_TO;
        break;
    case TRANS_STMT_PREPARE:
    case TRANS_STMT_COMMIT_PREPARED:
    case TRANS_STMT_ROLLBACK_PREPARED:
        sw_facts_refuse(facts, "a transaction prepared by the client",
                        "shardward itself prepares transactions that span shards.");
        break;
    }
}

static void describe_deallocate(struct sw_facts *facts, const DeallocateStmt *deallocate)
{
    facts->statement->kind = SW_STATEMENT_DEALLOCATE;
    facts->statement->name = sw_facts_text(facts, deallocate->name);
}

static void describe_show(struct sw_facts *facts, const VariableShowStmt *show)
{
    facts->statement->kind = SW_STATEMENT_SHOW;
    facts->statement->name = sw_facts_lower(facts, show->name);
}

static void describe_harmless(struct sw_facts *facts, const char *tag)
{
    facts->statement->kind = SW_STATEMENT_HARMLESS;
    facts->statement->name = tag;
}

static void describe_discard(struct sw_facts *facts, const DiscardStmt *discard)
{
    switch (discard->target) {
    case DISCARD_ALL:
        facts->statement->kind = SW_STATEMENT_DISCARD_ALL;
        break;
    case DISCARD_PLANS:
        describe_harmless(facts, "DISCARD PLANS");
        break;
    case DISCARD_SEQUENCES:
        describe_harmless(facts, "DISCARD SEQUENCES");
        break;
    case DISCARD_TEMP:
        describe_harmless(facts, "DISCARD TEMP");
        facts->statement->discards_temporaries = true;
        facts->statement->takes_away = SW_LEFT_TABLES;
        break;
    }
}

/* What it prepares is described for itself, when its text is; here it is only found out
 * whether it can be. */
static void describe_prepare(struct sw_facts *facts, const PrepareStmt *prepare)
{
    struct sw_statement *statement = facts->statement;

    if (!sw_walk_statement(facts, prepare->query))
        refuse_command(facts, nodeTag(prepare->query));
    facts->levels.count = facts->relations.count = facts->predicates.count = 0;
    facts->functions.count = facts->uses.count = facts->settings.count = 0;
    facts->types.count = 0;
    *statement = (struct sw_statement){.location = statement->location,
                                       .len = statement->len,
                                       .refusal = statement->refusal,
                                       .options = statement->options,
                                       .is_verbatim = statement->is_verbatim};
    sw_by_name_describe_prepare(facts, prepare);
}

/* As PostgreSQL's defGetBoolean() reads it; what is in error there is true here. */
static bool is_false(const Node *value)
{
    if (value == NULL)
        return false;
    if (IsA(value, Integer))
        return intVal(value) == 0;
    return IsA(value, String) &&
           (strcasecmp(strVal(value), "false") == 0 || strcasecmp(strVal(value), "off") == 0);
}

/* The last one of several counts. */
static bool runs_what_it_explains(const ExplainStmt *explain)
{
    bool runs = false;

    for (int i = 0; i < list_length(explain->options); i++) {
        const DefElem *option = list_nth(explain->options, i);

        if (strcmp(option->defname, "analyze") == 0)
            runs = !is_false(option->arg);
    }
    return runs;
}

static bool is_text_wanted(const ExplainStmt *explain)
{
    for (int i = 0; i < list_length(explain->options); i++) {
        const DefElem *option = list_nth(explain->options, i);

        if (strcmp(option->defname, "format") == 0 &&
            (option->arg == NULL || !IsA(option->arg, String) ||
             strcmp(strVal(option->arg), "text") != 0))
            return false;
    }
    return true;
}

static void note_explained(struct sw_facts *facts, const ExplainStmt *explain)
{
    struct sw_explain *explains = sw_arena_alloc(facts->arena, sizeof *explains);
    const struct sw_statement *statement = facts->statement;

    explains->runs = runs_what_it_explains(explain);
    explains->is_text = is_text_wanted(explain);
    if (!IsA(explain->query, DeclareCursorStmt)) {
        explains->at = sw_inner_find_explained(facts, explain->options != NIL);
        explains->end = statement->location + statement->len;
    }
    facts->statement->explains = explains;
}

/* The facts are those of what is explained, which changes nothing unless it is run. */
static void describe_explain(struct sw_facts *facts, const ExplainStmt *explain)
{
    const Node *query = explain->query;

    if (IsA(query, ExecuteStmt)) {
        sw_by_name_describe_execute(facts, (const ExecuteStmt *)query);
        facts->statement->by_name.is_explained = true;
        return;
    }
    note_explained(facts, explain);
    if (IsA(query, DeclareCursorStmt))
        query = ((const DeclareCursorStmt *)query)->query;
    if (IsA(query, CreateTableAsStmt))
        sw_facts_refuse(facts, "EXPLAIN of CREATE TABLE AS", "Explain its query.");
    else if (!sw_walk_statement(facts, query))
        refuse_command(facts, nodeTag(query));
    if (facts->settings.count > 0)
        sw_facts_refuse(facts, "EXPLAIN of set_config()", "Use SET.");
    if (runs_what_it_explains(explain))
        return;
    facts->statement->writes = facts->statement->locks_rows = false;
    facts->statement->acts_at_commit = false;
    facts->statement->leaves = facts->statement->takes_away = 0;
}

static void note_declared(struct sw_facts *facts, int options)
{
    struct sw_declaration *declares = sw_arena_alloc(facts->arena, sizeof *declares);
    const struct sw_statement *statement = facts->statement;

    *declares = (struct sw_declaration){
        .at = sw_inner_find_declared(facts),
        .end = statement->location + statement->len,
        .is_scroll = (options & CURSOR_OPT_SCROLL) != 0,
        .is_no_scroll = (options & CURSOR_OPT_NO_SCROLL) != 0,
        .is_held = (options & CURSOR_OPT_HOLD) != 0,
        .is_binary = (options & CURSOR_OPT_BINARY) != 0,
    };
    facts->statement->declares = declares;
}

static void describe_declare(struct sw_facts *facts, const DeclareCursorStmt *declare)
{
    note_declared(facts, declare->options);
    (void)sw_walk_statement(facts, declare->query);
    facts->statement->kind = SW_STATEMENT_DECLARE;
    if (declare->options & CURSOR_OPT_HOLD)
        facts->statement->leaves |= SW_LEFT_CURSORS;
    if (facts->settings.count > 0)
        sw_facts_refuse(facts, "a cursor for set_config()", "Use SET.");
    if (facts->statement->cursor != NULL)
        sw_facts_refuse(facts, "a cursor for WHERE CURRENT OF", NULL);
    facts->statement->cursor = sw_facts_text(facts, declare->portalname);
}

static void describe_cursor(struct sw_facts *facts, enum sw_statement_kind kind,
                            const char *name)
{
    facts->statement->kind = kind;
    facts->statement->cursor = sw_facts_text(facts, name);
    if (kind == SW_STATEMENT_CLOSE && name == NULL)
        facts->statement->takes_away = SW_LEFT_CURSORS;
}

static void describe_fetch(struct sw_facts *facts, const FetchStmt *fetch)
{
    struct sw_fetch *fetches = sw_arena_alloc(facts->arena, sizeof *fetches);
    bool is_relative = fetch->direction == FETCH_RELATIVE;
    long rows = fetch->direction == FETCH_BACKWARD ? -fetch->howMany : fetch->howMany;

    fetches->is_move = fetch->ismove;
    fetches->is_other = fetch->direction == FETCH_ABSOLUTE || rows < 0;
    fetches->skips = is_relative && rows > 1 ? rows - 1 : 0;
    fetches->rows = is_relative && rows > 1 ? 1 : rows == FETCH_ALL ? -1 : rows;
    facts->statement->fetches = fetches;
    describe_cursor(facts, SW_STATEMENT_FETCH, fetch->portalname);
}

void sw_utility_describe(struct sw_facts *facts, const Node *node)
{
    if (IsA(node, TransactionStmt))
        describe_transaction(facts, (const TransactionStmt *)node);
    else if (IsA(node, VariableSetStmt))
        sw_settings_describe_set(facts, (const VariableSetStmt *)node);
    else if (IsA(node, VariableShowStmt))
        describe_show(facts, (const VariableShowStmt *)node);
    else if (IsA(node, DeallocateStmt))
        describe_deallocate(facts, (const DeallocateStmt *)node);
    else if (IsA(node, ExplainStmt))
        describe_explain(facts, (const ExplainStmt *)node);
    else if (IsA(node, CopyStmt))
        sw_copy_describe(facts, (const CopyStmt *)node);
    else if (IsA(node, CreateTableAsStmt))
        sw_temporary_describe_as(facts, (const CreateTableAsStmt *)node);
    else if (IsA(node, DiscardStmt))
        describe_discard(facts, (const DiscardStmt *)node);
    else if (IsA(node, PrepareStmt))
        describe_prepare(facts, (const PrepareStmt *)node);
    else if (IsA(node, ExecuteStmt))
        sw_by_name_describe_execute(facts, (const ExecuteStmt *)node);
    else if (IsA(node, DeclareCursorStmt))
        describe_declare(facts, (const DeclareCursorStmt *)node);
    else if (IsA(node, FetchStmt))
        describe_fetch(facts, (const FetchStmt *)node);
    else if (IsA(node, ClosePortalStmt))
        describe_cursor(facts, SW_STATEMENT_CLOSE, ((const ClosePortalStmt *)node)->portalname);
    else if (!sw_meeting_describe(facts, node) && !sw_ddl_describe(facts, node))
        refuse_command(facts, nodeTag(node));
}
