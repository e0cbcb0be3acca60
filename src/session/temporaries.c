/*
 * Temporary tables live on one server, which the session keeps for them (keeping.c), and hide
 * tables of their names. Statements that name one are planned for this session alone.
 *
 *   statement carried out  -->  the list that follows from it
 *   ROLLBACK [TO]          -->  the list of then (txn keeps it beside the settings)
 *   COMMIT                 -->  without those that are ON COMMIT DROP
 *
 * What comes behind a statement that changes the list is planned when that has been answered:
 * in a batch it ends a run. A string is looked through statement by statement instead.
 */
#include "internal.h"

#include "shardward/execute/pocket.h"

#include <string.h>

/* --- where they live --- */

static const struct sw_shard *shard_of_transaction(const struct sw_session *session)
{
    const struct sw_txn *txn = &session->txn;
    const struct sw_participant *writer = sw_txn_writer(txn);

    if (writer != NULL)
        return writer->shard;
    return txn->participant_count > 0 ? txn->participants[0].shard : NULL;
}

/* The only shard that the user may reach; NULL: there are several. */
static const struct sw_shard *only_shard(const struct sw_session *session)
{
    const struct sw_database *database = session->database;
    const struct sw_shard *found = NULL;

    for (int b = 0; b < database->business_count; b++) {
        const struct sw_business *business = &database->businesses[b];

        if (!sw_user_may_use(session->user, business))
            continue;
        if (found != NULL || business->shard_count > 1)
            return NULL;
        found = &business->shards[0];
    }
    return found;
}

/* Any place is right; the best one is where its rows will be wanted. */
static const struct sw_shard *choose_home(const struct sw_session *session)
{
    const struct sw_temporaries *temporaries = session->temporaries;
    const struct sw_shard *home = NULL;

    if (session->batch != NULL)
        home = session->batch->shard;
    if (home == NULL && session->target.kind > SW_TARGET_ANY)
        home = session->target.shard;
    if (home == NULL)
        home = shard_of_transaction(session);
    if (home == NULL && temporaries != NULL)
        home = temporaries->list[temporaries->count - 1].shard;
    if (home == NULL)
        home = only_shard(session);
    return home == NULL ? session->database->catalog : home;
}

static bool is_in(const struct sw_placement *placement, const struct sw_shard *shard)
{
    for (int i = 0; i < placement->shard_count; i++)
        if (placement->shards[i] == shard)
            return true;
    return false;
}

/* The catalog database has each table, too, but no rows of it. */
static bool may_be_on(const struct sw_session *session, const struct sw_statement *statement,
                      const struct sw_target *next, const struct sw_shard *home)
{
    return next->kind != SW_TARGET_ANY_OF || is_in(next->placement, home) ||
           (home == session->database->catalog && statement->kind == SW_STATEMENT_DDL);
}

static bool refuse_elsewhere(const struct sw_temporary *there,
                             const struct sw_made_table *makes, struct sw_error *err)
{
    if (!makes->if_not_exists)
        return sw_error_set(err, "42P07", "relation \"%s\" already exists", makes->name);
    sw_error_set(err, "0A000", "temporary table \"%s\" is there, on shard \"%s\"", there->name,
                 there->shard->name);
    sw_error_hint(err, "Drop it first, or give the new one another name.");
    return false;
}

static bool aim_made(const struct sw_session *session, const struct sw_statement *statement,
                     struct sw_target *next, struct sw_error *err)
{
    const struct sw_made_table *makes = statement->makes;
    const struct sw_temporary *there = sw_temporaries_find(session->temporaries, makes->name);
    const struct sw_shard *home = there == NULL ? choose_home(session) : there->shard;
    bool is_free = next->kind <= SW_TARGET_ANY || next->kind == SW_TARGET_ANY_OF;

    if (there != NULL &&
        (is_free ? !may_be_on(session, statement, next, home) : next->shard != home))
        return refuse_elsewhere(there, makes, err);
    if (is_free && may_be_on(session, statement, next, home))
        next->shard = home;
    next->kind = SW_TARGET_ONE;
    next->leaves |= SW_LEFT_TABLES;
    next->writes = true;
    return true;
}

static bool aim_discard(const struct sw_session *session, struct sw_target *next,
                        struct sw_error *err)
{
    const struct sw_temporaries *temporaries = session->temporaries;

    if (temporaries == NULL)
        return true;
    for (int i = 1; i < temporaries->count; i++) {
        if (temporaries->list[i].shard == temporaries->list[0].shard)
            continue;
        sw_error_set(err, "0A000",
                     "DISCARD TEMP of temporary tables on several shards is not supported");
        sw_error_hint(err, "Drop them one by one, or DISCARD ALL.");
        return false;
    }
    next->kind = SW_TARGET_ONE;
    next->shard = temporaries->list[0].shard;
    next->writes = true;
    return true;
}

bool sw_session_aim_temporary(const struct sw_session *session,
                              const struct sw_statement *statement, struct sw_target *next,
                              struct sw_error *err)
{
    if (!next->executes)
        return true;
    if (statement->makes != NULL)
        return aim_made(session, statement, next, err);
    return !statement->discards_temporaries || aim_discard(session, next, err);
}

/* --- which there are --- */

bool sw_session_changes_temporaries(const struct sw_session *session,
                                    const struct sw_statement *statement)
{
    return sw_plan_changes_temporaries(session->temporaries, statement);
}

bool sw_session_has_had_temporaries(const struct sw_session *session)
{
    return session->temporaries != NULL || session->temporaries_before != NULL ||
           session->txn.before.temporaries != NULL;
}

void sw_session_use_temporaries(struct sw_session *session, struct sw_temporaries *temporaries)
{
    sw_temporaries_unref(session->temporaries);
    session->temporaries = temporaries;
}

static void follow(struct sw_session *session, const struct sw_statement *statement,
                   const struct sw_shard *shard)
{
    if (sw_session_changes_temporaries(session, statement))
        session->temporaries =
            sw_plan_follow_temporaries(session->temporaries, statement, shard);
}

static void foresee_end(struct sw_session *session, const struct sw_statement *statement)
{
    struct sw_temporaries *before = session->txn.state == SW_TXN_IDLE
                                        ? session->temporaries_before
                                        : session->txn.before.temporaries;

    if (statement->kind == SW_STATEMENT_ROLLBACK || session->txn.state == SW_TXN_FAILED)
        sw_session_use_temporaries(session, sw_temporaries_ref(before));
    else
        session->temporaries = sw_temporaries_committed(session->temporaries);
}

void sw_session_foresee_temporaries(struct sw_session *session,
                                    const struct sw_statement *statement)
{
    const struct sw_shard *shard = session->target.shard;

    if (sw_ends_transaction(statement))
        foresee_end(session, statement);
    follow(session, statement, shard == NULL ? session->database->catalog : shard);
}

void sw_session_follow_temporaries(struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;
    const struct sw_shard *shard = session->running->shard;

    for (int i = 0; script != NULL && i < script->count && !session->has_failed; i++)
        follow(session, &script->statements[i], shard);
    for (int i = 0; i < session->run.count; i++) {
        const struct sw_request *request = &session->run.requests[i];
        const struct sw_named *named = request->about;

        if (request->kind == SW_REQUEST_EXECUTE && request->is_done && named != NULL &&
            named->statement != NULL)
            follow(session, named->statement, shard);
    }
}

void sw_session_settle_temporaries(struct sw_session *session, bool is_good)
{
    if (session->temporaries == NULL && session->temporaries_before == NULL)
        return;
    if (!is_good)
        sw_session_use_temporaries(session, sw_temporaries_ref(session->temporaries_before));
    session->temporaries = sw_temporaries_committed(session->temporaries);
    sw_temporaries_unref(session->temporaries_before);
    session->temporaries_before = sw_temporaries_ref(session->temporaries);
}

/* --- the servers --- */

static bool is_gone(void *owner, const struct sw_shard *shard)
{
    const struct sw_session *session = owner;

    return !sw_temporaries_are_on(session->temporaries, shard);
}

void sw_session_sweep_temporaries(struct sw_session *session)
{
    if (session->pocket != NULL && session->txn.state == SW_TXN_IDLE &&
        session->batch == NULL && (sw_pocket_left(session->pocket) & SW_LEFT_TABLES) != 0)
        sw_pocket_sweep(session->pocket, SW_LEFT_TABLES, is_gone);
}
