#include "utility.h"

#include "settings.h"

#include <string.h>

struct refusal {
    NodeTag tag;
    const char *command, *hint;
};

static const char ddl_hint[] = "Change the schema on every shard with a migration tool.";
static const char cursor_hint[] = "Fetch the rows with a plain SELECT, or portals of the "
                                  "extended protocol.";
static const char prepare_hint[] = "Prepare statements with the extended protocol; drivers do.";
static const char notify_hint[] = "Notifications do not cross servers.";
static const char maintenance_hint[] = "Connect to the shard's own server for maintenance.";
static const char rights_hint[] = "Manage roles and rights on the servers themselves.";
static const char code_hint[] =
    "Such code may read and write tables that shardward cannot see.";

static const struct refusal refusals[] = {
    {T_AlterDatabaseStmt, "ALTER DATABASE", rights_hint},
    {T_AlterDatabaseSetStmt, "ALTER DATABASE", rights_hint},
    {T_AlterDefaultPrivilegesStmt, "ALTER DEFAULT PRIVILEGES", rights_hint},
    {T_AlterDomainStmt, "ALTER DOMAIN", ddl_hint},
    {T_AlterEnumStmt, "ALTER TYPE", ddl_hint},
    {T_AlterExtensionStmt, "ALTER EXTENSION", ddl_hint},
    {T_AlterFunctionStmt, "ALTER FUNCTION", ddl_hint},
    {T_AlterObjectSchemaStmt, "ALTER ... SET SCHEMA", ddl_hint},
    {T_AlterOwnerStmt, "ALTER ... OWNER", rights_hint},
    {T_AlterRoleSetStmt, "ALTER ROLE", rights_hint},
    {T_AlterRoleStmt, "ALTER ROLE", rights_hint},
    {T_AlterSeqStmt, "ALTER SEQUENCE", ddl_hint},
    {T_AlterSystemStmt, "ALTER SYSTEM", maintenance_hint},
    {T_AlterTableStmt, "ALTER TABLE", ddl_hint},
    {T_CallStmt, "CALL", code_hint},
    {T_CheckPointStmt, "CHECKPOINT", maintenance_hint},
    {T_ClosePortalStmt, "CLOSE", cursor_hint},
    {T_ClusterStmt, "CLUSTER", maintenance_hint},
    {T_CommentStmt, "COMMENT", ddl_hint},
    {T_CompositeTypeStmt, "CREATE TYPE", ddl_hint},
    {T_ConstraintsSetStmt, "SET CONSTRAINTS", "Declare the constraint as it shall behave."},
    {T_CopyStmt, "COPY", "Write rows with INSERT, with many rows per statement."},
    {T_CreateDomainStmt, "CREATE DOMAIN", ddl_hint},
    {T_CreateEnumStmt, "CREATE TYPE", ddl_hint},
    {T_CreateExtensionStmt, "CREATE EXTENSION", ddl_hint},
    {T_CreateForeignTableStmt, "CREATE FOREIGN TABLE", ddl_hint},
    {T_CreateFunctionStmt, "CREATE FUNCTION", ddl_hint},
    {T_CreatePolicyStmt, "CREATE POLICY", ddl_hint},
    {T_CreatePublicationStmt, "CREATE PUBLICATION", maintenance_hint},
    {T_CreateRoleStmt, "CREATE ROLE", rights_hint},
    {T_CreateSchemaStmt, "CREATE SCHEMA", ddl_hint},
    {T_CreateSeqStmt, "CREATE SEQUENCE", ddl_hint},
    {T_CreateStmt, "CREATE TABLE", ddl_hint},
    {T_CreateSubscriptionStmt, "CREATE SUBSCRIPTION", maintenance_hint},
    {T_CreateTableAsStmt, "CREATE TABLE AS", ddl_hint},
    {T_CreateTrigStmt, "CREATE TRIGGER", ddl_hint},
    {T_CreatedbStmt, "CREATE DATABASE", maintenance_hint},
    {T_DeclareCursorStmt, "DECLARE CURSOR", cursor_hint},
    {T_DefineStmt, "CREATE", ddl_hint},
    {T_DiscardStmt, "DISCARD PLANS, SEQUENCES or TEMP", "Use DISCARD ALL."},
    {T_DoStmt, "DO", code_hint},
    {T_DropOwnedStmt, "DROP OWNED", rights_hint},
    {T_DropRoleStmt, "DROP ROLE", rights_hint},
    {T_DropStmt, "DROP", ddl_hint},
    {T_DropdbStmt, "DROP DATABASE", maintenance_hint},
    {T_ExecuteStmt, "EXECUTE", prepare_hint},
    {T_ExplainStmt, "EXPLAIN", "Run EXPLAIN on the shard's own server."},
    {T_FetchStmt, "FETCH", cursor_hint},
    {T_GrantRoleStmt, "GRANT", rights_hint},
    {T_GrantStmt, "GRANT", rights_hint},
    {T_IndexStmt, "CREATE INDEX", ddl_hint},
    {T_ListenStmt, "LISTEN", notify_hint},
    {T_LoadStmt, "LOAD", maintenance_hint},
    {T_LockStmt, "LOCK TABLE", "Lock rows with SELECT ... FOR UPDATE instead."},
    {T_MergeStmt, "MERGE", "Use INSERT ... ON CONFLICT."},
    {T_NotifyStmt, "NOTIFY", notify_hint},
    {T_PrepareStmt, "PREPARE", prepare_hint},
    {T_ReassignOwnedStmt, "REASSIGN OWNED", rights_hint},
    {T_RefreshMatViewStmt, "REFRESH MATERIALIZED VIEW", ddl_hint},
    {T_ReindexStmt, "REINDEX", maintenance_hint},
    {T_RenameStmt, "ALTER ... RENAME", ddl_hint},
    {T_RuleStmt, "CREATE RULE", ddl_hint},
    {T_SecLabelStmt, "SECURITY LABEL", ddl_hint},
    {T_TruncateStmt, "TRUNCATE", "Delete the rows by their key, or truncate on each shard."},
    {T_VacuumStmt, "VACUUM or ANALYZE", maintenance_hint},
    {T_ViewStmt, "CREATE VIEW", ddl_hint},
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
    else if (IsA(node, DiscardStmt) && ((const DiscardStmt *)node)->target == DISCARD_ALL)
        facts->statement->kind = SW_STATEMENT_DISCARD_ALL;
    else if (IsA(node, UnlistenStmt))
        describe_harmless(facts, "UNLISTEN");
    else if (IsA(node, ClosePortalStmt) && ((const ClosePortalStmt *)node)->portalname == NULL)
        describe_harmless(facts, "CLOSE CURSOR ALL");
    else
        refuse_command(facts, nodeTag(node));
}
