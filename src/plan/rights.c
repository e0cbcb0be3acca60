/*
 * What a user may do, as PostgreSQL's own rights would refuse it.
 */
#include "planner.h"

static bool may_use(const struct sw_planner *planner, const struct sw_business *business)
{
    const struct sw_user *user = planner->context->user;

    return user == NULL || sw_user_may_use(user, business);
}

bool sw_rights_check_table(const struct sw_planner *planner, const struct sw_table *table)
{
    return may_use(planner, table->business) ||
           sw_error_set(planner->err, "42501", "permission denied for table %s", table->name);
}

/* Of no business: then it is for the shards of every one. */
bool sw_rights_check_ddl(const struct sw_planner *planner, const struct sw_business *business)
{
    const struct sw_database *database = planner->context->database;

    if (business != NULL && may_use(planner, business))
        return true;
    for (int i = 0; business == NULL && i < database->business_count; i++)
        if (!may_use(planner, &database->businesses[i]))
            business = &database->businesses[i];
    if (business == NULL)
        return true;
    sw_error_set(planner->err, "42501", "permission denied for business %s", business->name);
    sw_error_detail(planner->err, "%s would change its shards.",
                    planner->statement->ddl->command);
    return false;
}

static const char *command_of(const struct sw_statement *statement)
{
    if (statement->ddl != NULL)
        return statement->ddl->command;
    if (statement->kind == SW_STATEMENT_INSERT)
        return "INSERT";
    if (statement->kind == SW_STATEMENT_UPDATE)
        return "UPDATE";
    if (statement->kind == SW_STATEMENT_DELETE)
        return "DELETE";
    if (statement->kind == SW_STATEMENT_COPY_FROM)
        return "COPY FROM";
    return statement->locks_rows ? "SELECT FOR UPDATE" : "SELECT";
}

bool sw_rights_check_writes(const struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;

    if (planner->context->user == NULL || !planner->context->user->rights.is_read_only ||
        (!statement->writes && !planner->calls_writer && !statement->locks_rows &&
         statement->ddl == NULL))
        return true;
    return sw_error_set(planner->err, "25006", "cannot execute %s in a read-only transaction",
                        command_of(statement));
}
