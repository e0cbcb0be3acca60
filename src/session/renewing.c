/*
 * What a statement that was prepared means now: the map, the catalog, settings and temporary
 * tables may have changed since. It is planned anew; but the servers that have it keep to the
 * text they were given, and to the tables that they found by it.
 */
#include "internal.h"

static bool refuse_stale(struct sw_error *err)
{
    sw_error_set(err, "0A000", "the columns that the prepared INSERT is for have changed");
    sw_error_hint(err, "Prepare the statement again.");
    return false;
}

static bool names_temporaries(const struct sw_planned *planned)
{
    return planned->context.temporaries != NULL &&
           sw_plan_names_temporaries(planned->context.temporaries,
                                     &planned->script->statements[0]);
}

/* Of a table that a temporary one hides meanwhile PostgreSQL itself goes on to give the rows,
 * or not, as it happens. */
static bool check_hidden(const struct sw_planned *before, const struct sw_planned *planned,
                         struct sw_error *err)
{
    if (before->plan == NULL || !names_temporaries(planned) || names_temporaries(before))
        return true;
    sw_error_set(err, "0A000",
                 "a temporary table hides one that the prepared statement was for");
    sw_error_hint(err, "Prepare the statement again.");
    return false;
}

static bool check(const struct sw_planned *before, const struct sw_planned *planned,
                  struct sw_error *err)
{
    /* The servers were given what the plan wanted by which it was prepared. */
    if (!sw_insertion_is_equal(sw_planned_insertion(before), sw_planned_insertion(planned)))
        return refuse_stale(err);
    return check_hidden(before, planned, err);
}

bool sw_session_renew_named(struct sw_session *session, struct sw_named *named,
                            struct sw_error *err)
{
    const struct sw_plan_context context = sw_session_context(session);
    struct sw_planned *planned;
    bool is_moved;

    if (sw_plan_context_is_equal(&context, &named->planned->context))
        return true;
    planned = sw_session_plan(session, named->text, err);
    if (planned == NULL)
        return false;
    if (!check(named->planned, planned, err)) {
        sw_planned_unref(planned);
        return false;
    }
    is_moved = planned->context.temporaries != named->planned->context.temporaries;
    sw_planned_unref(named->planned);
    named->planned = planned;
    named->statement = &planned->script->statements[0];
    if (is_moved)
        sw_session_read_anew(session, named);
    return true;
}
