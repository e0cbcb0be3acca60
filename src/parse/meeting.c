#include "meeting.h"

#include "walk.h"

#include <string.h>

struct meeting {
    const char *name;
    unsigned leaves;
    bool acts_at_commit;
    bool minds_leftovers; /* and nothing else */
    bool may_unlock;
};

static const char unlock_all[] = "pg_advisory_unlock_all";

static const struct meeting meetings[] = {
    {"pg_advisory_lock", SW_LEFT_LOCKS, false, false, false},
    {"pg_advisory_lock_shared", SW_LEFT_LOCKS, false, false, false},
    {"pg_advisory_unlock", 0, false, false, true},
    {unlock_all, 0, false, true, true},
    {"pg_advisory_unlock_shared", 0, false, false, true},
    {"pg_advisory_xact_lock", 0, false, false, false},
    {"pg_advisory_xact_lock_shared", 0, false, false, false},
    {"pg_listening_channels", 0, false, true, false},
    {"pg_notify", 0, true, false, false},
    {"pg_try_advisory_lock", SW_LEFT_LOCKS, false, false, false},
    {"pg_try_advisory_lock_shared", SW_LEFT_LOCKS, false, false, false},
    {"pg_try_advisory_xact_lock", 0, false, false, false},
    {"pg_try_advisory_xact_lock_shared", 0, false, false, false},
};

bool sw_meeting_is_known(struct sw_facts *facts, const char *name)
{
    struct sw_statement *statement = facts->statement;

    for (size_t i = 0; facts->ddl.command == NULL && i < lengthof(meetings); i++) {
        const struct meeting *meeting = &meetings[i];

        if (strcmp(meeting->name, name) != 0)
            continue;
        statement->meets_others |= !meeting->minds_leftovers;
        statement->minds_leftovers |= meeting->minds_leftovers;
        statement->acts_at_commit |= meeting->acts_at_commit;
        statement->may_unlock |= meeting->may_unlock;
        statement->leaves |= meeting->leaves;
        return true;
    }
    return false;
}

static void describe(struct sw_facts *facts, enum sw_statement_kind kind)
{
    facts->statement->kind = kind;
    facts->statement->acts_at_commit = true;
    facts->statement->meets_others = kind != SW_STATEMENT_UNLISTEN;
    facts->statement->minds_leftovers = kind == SW_STATEMENT_UNLISTEN;
}

bool sw_meeting_describe(struct sw_facts *facts, const Node *node)
{
    if (IsA(node, ListenStmt)) {
        describe(facts, SW_STATEMENT_LISTEN);
        facts->statement->leaves = SW_LEFT_CHANNELS;
    } else if (IsA(node, NotifyStmt)) {
        describe(facts, SW_STATEMENT_NOTIFY);
    } else if (IsA(node, UnlistenStmt)) {
        describe(facts, SW_STATEMENT_UNLISTEN);
        if (((const UnlistenStmt *)node)->conditionname == NULL)
            facts->statement->takes_away = SW_LEFT_CHANNELS;
    } else {
        return false;
    }
    return true;
}

/* Nothing but SELECT f(): whatever else stands there could keep it from being called. */
static const FuncCall *bare_call(const SelectStmt *select)
{
    const ResTarget *target;

    if (list_length(select->targetList) != 1 || select->op != SETOP_NONE ||
        select->distinctClause != NIL || select->intoClause != NULL ||
        select->fromClause != NIL || select->whereClause != NULL ||
        select->groupClause != NIL || select->havingClause != NULL ||
        select->windowClause != NIL || select->sortClause != NIL ||
        select->limitOffset != NULL || select->limitCount != NULL ||
        select->lockingClause != NIL || select->withClause != NULL)
        return NULL;
    target = linitial(select->targetList);
    return IsA(target->val, FuncCall) ? (const FuncCall *)target->val : NULL;
}

void sw_meeting_note_taken(struct sw_facts *facts, const Node *node)
{
    const FuncCall *call = IsA(node, SelectStmt) ? bare_call((const SelectStmt *)node) : NULL;
    const char *schema, *name;

    if (call != NULL && call->args == NIL && call->agg_filter == NULL && call->over == NULL &&
        sw_walk_name(call->funcname, &schema, &name) && schema == NULL &&
        strcmp(name, unlock_all) == 0)
        facts->statement->takes_away = SW_LEFT_LOCKS;
}
