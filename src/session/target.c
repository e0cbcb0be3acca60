/*
 * A run goes to one shard. Each statement in it narrows the choice:
 *
 *   NONE, ANY   any database gives the answer
 *   ANY_OF      any shard of a placement (not bound yet, or a key that equals nothing)
 *   CATALOG     the catalog database
 *   ONE         this shard
 *
 * The shard of a run inside a transaction becomes a participant, and so does whatever database
 * a cursor, or a portal with a name, is opened on. What needs no shard goes to a participant,
 * if there is one; that, what only prepares, and the catalog's answers are had beside the
 * transaction otherwise.
 *
 * What goes to several shards is a run of its own, see scattering.c.
 *
 * A batch whose statements are not on one shard is refused outside of a transaction: it is one
 * implicit transaction. Inside an explicit one it is split where the shard changes: a Sync more
 * changes nothing there.
 */
#include "internal.h"

#include "shardward/base/text.h"

#include <assert.h>
#include <string.h>

/* Does the search_path hold public, and nothing else that could hide or add tables? */
static bool is_path_plain(const char *path, bool has_role)
{
    bool has_public = false;
    char word[64];

    while (*path != '\0') {
        size_t len = strcspn(path, ",");
        const char *from = path, *to = path + len;

        path += len + (path[len] == ',');
        while (from < to && (*from == ' ' || *from == '"'))
            from++;
        while (to > from && (to[-1] == ' ' || to[-1] == '"'))
            to--;
        if ((size_t)(to - from) >= sizeof word)
            return false;
        memcpy(word, from, (size_t)(to - from));
        word[to - from] = '\0';
        if (strcmp(word, "public") == 0)
            has_public = true;
        else if (strcmp(word, "$user") == 0 ? has_role
                                            : has_public || strcmp(word, "pg_catalog") != 0)
            return false;
    }
    return has_public;
}

/* RESET leads to the server's own search_path, which is a plain one. */
static bool is_path_change(const struct sw_session *session, const struct sw_change *change)
{
    bool is_reset =
        change->change == SW_SETTING_RESET_ALL ||
        (change->change == SW_SETTING_RESET && strcmp(change->name, "search_path") == 0);

    if (is_reset)
        return sw_settings_get(session->startup, "search_path") != NULL;
    return strcmp(change->name, "search_path") == 0 || strcmp(change->name, "role") == 0;
}

static bool changes_search_path(const struct sw_session *session)
{
    for (int i = 0; i < session->change_count; i++)
        if (is_path_change(session, &session->changes[i]))
            return true;
    return false;
}

static bool are_settings_plain(const struct sw_settings *settings)
{
    const char *path = sw_settings_get(settings, "search_path");
    const char *role = sw_settings_get(settings, "role");
    bool has_role = role != NULL && strcmp(role, "none") != 0;

    return is_path_plain(path == NULL ? "\"$user\", public" : path, has_role);
}

static bool changes_timezone(const struct sw_session *session)
{
    for (int i = 0; i < session->change_count; i++)
        if (session->changes[i].change == SW_SETTING_RESET_ALL ||
            strcmp(session->changes[i].name, "timezone") == 0)
            return true;
    return false;
}

/* Servers may have defaults of their own: only what the session has set is known. */
static bool is_zone_utc(const struct sw_settings *settings)
{
    static const char *const names[] = {"Etc/UTC", "UTC", "utc"};
    const char *zone = sw_settings_get(settings, "timezone");

    return zone != NULL && sw_text_is_one_of(zone, names, sizeof names / sizeof *names);
}

/* What the settings in force mean for plans is found out once for each list of them. */
static void judge_settings(struct sw_session *session)
{
    if (session->judged_settings == session->settings && session->settings != NULL)
        return;
    sw_settings_unref(session->judged_settings);
    session->judged_settings = sw_settings_ref(session->settings);
    session->is_path_plain = session->settings == NULL || are_settings_plain(session->settings);
    session->is_zone_utc = is_zone_utc(session->settings);
}

/* A transaction is planned with one catalog from its beginning to its end. */
static struct sw_catalog *catalog_of(struct sw_session *session)
{
    struct sw_catalog *current = session->sessions->catalog;

    if (session->catalog != current && session->txn.state == SW_TXN_IDLE) {
        sw_catalog_unref(session->catalog);
        session->catalog = sw_catalog_ref(current);
    }
    return session->catalog;
}

/* Temporary tables are no part of what is shared with other sessions. */
static struct sw_plan_context shared_context(struct sw_session *session)
{
    judge_settings(session);
    return (struct sw_plan_context){
        .database = session->database,
        .user = session->user,
        .is_search_path_plain = session->is_path_plain && !session->has_local_search_path &&
                                !changes_search_path(session),
        .is_timezone_utc =
            session->is_zone_utc && !session->has_local_timezone && !changes_timezone(session),
        .catalog = catalog_of(session),
        .map = session->map};
}

struct sw_plan_context sw_session_context(struct sw_session *session)
{
    struct sw_plan_context context = shared_context(session);

    context.temporaries = session->temporaries;
    return context;
}

static struct sw_planned *beside_temporaries(const struct sw_session *session,
                                             struct sw_planned *planned)
{
    return planned == NULL || session->temporaries == NULL
               ? planned
               : sw_planned_beside(planned, session->temporaries);
}

struct sw_planned *sw_session_plan(struct sw_session *session, const char *text,
                                   struct sw_error *err)
{
    const struct sw_plan_context context = shared_context(session);

    return beside_temporaries(session, sw_plan_cache_get(session->sessions->plans, &context,
                                                         text, strlen(text), err));
}

static bool includes(const struct sw_target *target, const struct sw_shard *shard)
{
    switch (target->kind) {
    case SW_TARGET_NONE:
    case SW_TARGET_ANY:
        return true;
    case SW_TARGET_CATALOG:
    case SW_TARGET_ONE:
        return target->shard == shard;
    case SW_TARGET_ANY_OF:
        break;
    }
    for (int i = 0; i < target->placement->shard_count; i++)
        if (target->placement->shards[i] == shard)
            return true;
    return false;
}

/* Narrow @have by @next; false when nothing is left. */
static bool join(struct sw_target *have, const struct sw_target *next)
{
    const struct sw_target before = *have;

    if (have->kind <= SW_TARGET_ANY && next->kind > have->kind) {
        *have = *next;
    } else if (next->kind > SW_TARGET_ANY && have->kind != SW_TARGET_ANY_OF) {
        if (!includes(next, have->shard))
            return false;
    } else if (next->kind == SW_TARGET_ONE || next->kind == SW_TARGET_CATALOG) {
        if (!includes(have, next->shard))
            return false;
        *have = *next;
    } else if (next->kind == SW_TARGET_ANY_OF) {
        int i = 0;

        while (i < have->placement->shard_count && !includes(next, have->placement->shards[i]))
            i++;
        if (i == have->placement->shard_count)
            return false;
        have->shard = have->placement->shards[i];
    }
    have->executes = before.executes || next->executes;
    have->stays = before.stays || next->stays;
    have->read = sw_target_read(&before, next);
    have->writes = before.writes || next->writes;
    have->locks_rows = before.locks_rows || next->locks_rows;
    have->leaves = before.leaves | next->leaves;
    have->may_unlock = before.may_unlock || next->may_unlock;
    return true;
}

/* The participant that can do what @target asks for: the one that was written to, else the
 * first. */
static const struct sw_participant *fitting(const struct sw_session *session,
                                            const struct sw_target *target)
{
    const struct sw_txn *txn = &session->txn;
    const struct sw_participant *writer = sw_txn_writer(txn);

    if (target->writes && writer != NULL && !writer->is_lost && includes(target, writer->shard))
        return writer;
    for (int i = 0; i < txn->participant_count; i++)
        if (!txn->participants[i].is_lost && includes(target, txn->participants[i].shard))
            return &txn->participants[i];
    return NULL;
}

/* Is a shard of its own needed, for what no participant can do? */
static bool joins(const struct sw_session *session, const struct sw_target *target)
{
    return session->txn.state == SW_TXN_OPEN && target->executes &&
           (target->kind == SW_TARGET_ONE || target->kind == SW_TARGET_ANY_OF ||
            target->stays) &&
           fitting(session, target) == NULL;
}

static const struct sw_shard *shard_of(const struct sw_session *session,
                                       const struct sw_target *target)
{
    return target->kind <= SW_TARGET_ANY ? session->database->catalog : target->shard;
}

static bool refuse_second_shard(const struct sw_target *next, const struct sw_shard *bound,
                                struct sw_error *err)
{
    sw_error_set(err, "0A000", "a batch over several shards is not supported");
    sw_error_detail(err, "It began on shard \"%s\", the statement needs \"%s\".", bound->name,
                    next->shard == NULL ? "another shard" : next->shard->name);
    sw_error_hint(err, "Send Sync (or separate queries) between statements of different "
                       "shards, or BEGIN before them.");
    return false;
}

static bool refuse_beside_ddl(struct sw_error *err)
{
    sw_error_set(err, "0A000", "DDL and other statements in one batch are not supported");
    sw_error_hint(err, "Send Sync (or separate queries) between them.");
    return false;
}

struct sw_planned *sw_session_plan_query(struct sw_session *session, const char *text,
                                         const struct sw_skeleton **lifted,
                                         struct sw_error *err)
{
    const struct sw_plan_context context = shared_context(session);

    return beside_temporaries(session,
                              sw_plan_cache_get_query(session->sessions->plans, &context, text,
                                                      strlen(text), lifted, err));
}

static bool refuse_spliced(struct sw_error *err)
{
    sw_error_set(err, "0A000",
                 "INSERT without a column list, or that leaves a column to a sequence, is not "
                 "supported among several statements");
    sw_error_hint(err, "Write all columns and values, or send the statements one by one.");
    return false;
}

/* Without a plan in store one is made, for whatever error its making brings. */
bool sw_session_find_route(struct sw_session *session, const struct sw_statement *statement,
                           const struct sw_plan *plan, const struct sw_parameters *parameters,
                           struct sw_route *route, struct sw_error *err)
{
    struct sw_plan_context context;

    if (plan != NULL)
        return sw_plan_locate(plan, parameters, route, err);
    context = sw_session_context(session);
    if (!sw_plan_route(&context, statement, parameters, route, err))
        return false;
    return !route->needs_splice || refuse_spliced(err);
}

bool sw_session_aim_named(struct sw_session *session, struct sw_named *named,
                          const struct sw_parameters *parameters, bool executes,
                          struct sw_error *err)
{
    session->reads.hint = named->hint;
    if (named->statement->kind == SW_STATEMENT_EXECUTE)
        return sw_session_aim_execute(session, named, executes, err) &&
               sw_session_check_reading(session, named->statement);
    return sw_session_renew_named(session, named, err) &&
           sw_session_read_again(session, named, err) &&
           sw_session_aim(session, named->statement, named->planned->plan, parameters, executes,
                          err);
}

/* What is collected cannot hold @next: a reason to split, or to refuse. */
static bool leave_course(struct sw_session *session, const struct sw_target *next,
                         struct sw_error *err)
{
    const struct sw_shard *bound =
        session->batch != NULL ? session->batch->shard : session->target.shard;

    assert(bound != NULL);
    /* A string of several statements is one run in any case. */
    session->wants_split =
        session->txn.state == SW_TXN_OPEN && (session->run.count > 0 || session->batch != NULL);
    return session->wants_split ? false : refuse_second_shard(next, bound, err);
}

static const char *name_of(const struct sw_shard *shard)
{
    return shard->name;
}

/* May the run be what it has become with its last statement? */
static bool check_use(struct sw_session *session, const struct sw_target *joined,
                      struct sw_error *err)
{
    const struct sw_participant *participant =
        session->batch != NULL ? sw_session_participant(session, session->batch)
                               : fitting(session, joined);

    if (session->txn.state != SW_TXN_OPEN || (participant == NULL && !joins(session, joined)))
        return true;
    if (participant == NULL && session->txn.participant_count > 0)
        sw_session_find_isolation(session);
    if (sw_txn_may_use(&session->txn,
                       participant != NULL ? participant->shard : shard_of(session, joined),
                       joined->writes, name_of, err))
        return true;
    /* What was collected may run nevertheless, as it came first. */
    session->wants_split = session->run.needs_server || session->batch != NULL;
    return false;
}

static bool aim_at(struct sw_session *session, const struct sw_target *next,
                   struct sw_error *err)
{
    struct sw_target joined = session->target;

    if (session->scattering != NULL) { /* which runs first */
        session->wants_split = true;
        return false;
    }
    if ((session->batch != NULL && !includes(next, session->batch->shard)) ||
        !join(&joined, next))
        return leave_course(session, next, err);
    if (!check_use(session, &joined, err))
        return false;
    session->target = joined;
    session->may_write |= joined.writes;
    return true;
}

static bool refuse_table(const struct sw_statement *statement, struct sw_error *err)
{
    int target = 0;

    while (!statement->levels[target].is_at_cursor)
        target++;
    return sw_error_set(
        err, "24000", "cursor \"%s\" is not a simply updatable scan of table \"%s\"",
        statement->cursor, statement->relations[statement->levels[target].target].name);
}

/* CLOSE ALL is for the shard of all portals. */
static bool narrow_to_portals(const struct sw_session *session, struct sw_target *next,
                              struct sw_error *err)
{
    const struct sw_named *named;
    size_t at = 0;

    while ((named = sw_textmap_next(&session->portals.named, &at, NULL)) != NULL) {
        const struct sw_target there = {.kind = SW_TARGET_ONE, .shard = named->shard};

        if (named->shard == NULL || join(next, &there))
            continue;
        sw_error_set(err, "0A000", "CLOSE ALL of cursors on several shards is not supported");
        sw_error_hint(err, "Close them one by one.");
        return false;
    }
    return true;
}

/* What is about a cursor goes where that is. One that was declared in this run is where the run
 * goes; of one that is not known any server says so. */
static bool narrow_to_cursor(const struct sw_session *session,
                             const struct sw_statement *statement, struct sw_target *next,
                             struct sw_error *err)
{
    const struct sw_named *named = NULL;
    struct sw_target there = {.kind = SW_TARGET_ONE};

    next->stays |= next->executes && statement->kind == SW_STATEMENT_DECLARE;
    if (next->executes && (statement->leaves & SW_LEFT_CURSORS) != 0) {
        next->leaves |= SW_LEFT_CURSORS;
        next->writes = true; /* COMMIT runs its query to the end, which may fail */
    }
    if (statement->kind == SW_STATEMENT_CLOSE && statement->cursor == NULL)
        return narrow_to_portals(session, next, err);
    if (statement->cursor != NULL && statement->kind != SW_STATEMENT_DECLARE)
        named = sw_names_get(&session->portals, statement->cursor);
    if (named == NULL || named->shard == NULL)
        return true;
    there.shard = named->shard;
    return join(next, &there) || refuse_table(statement, err);
}

/* Locks and notifications belong to the transaction, and to whatever server the session keeps
 * for them. If a COMMIT fails elsewhere, none of them may have come about; and whoever waits
 * for a lock has to see what was written under it. */
static void meet_others(const struct sw_session *session, const struct sw_statement *statement,
                        struct sw_target *next)
{
    bool minds = statement->minds_leftovers && session->pocket != NULL;

    if (!statement->meets_others && !minds)
        return;
    next->kind = SW_TARGET_CATALOG;
    next->stays |= next->executes;
    next->locks_rows |= next->executes;
    next->writes |= next->executes && statement->acts_at_commit;
    next->may_unlock |= next->executes && statement->may_unlock;
    if (next->executes)
        next->leaves |= statement->leaves;
}

static bool refuse_rows(struct sw_error *err)
{
    sw_error_set(err, "0A000",
                 "COPY into a sharded table is not supported among several statements");
    sw_error_hint(err, "Send the statements one by one.");
    return false;
}

bool sw_session_aim_copy(struct sw_session *session, const struct sw_placement *placement,
                         const struct sw_shard *shard, struct sw_error *err)
{
    const struct sw_target next = {
        .kind = shard == NULL ? SW_TARGET_ANY_OF : SW_TARGET_ONE,
        .shard = shard == NULL ? placement->shards[0] : shard,
        .placement = placement,
        .executes = true,
        .writes = true,
    };

    return session->ddl != NULL ? refuse_beside_ddl(err) : aim_at(session, &next, err);
}

/* It was DDL of a temporary table when it was prepared. */
static bool refuse_moved(struct sw_error *err)
{
    sw_error_set(err, "0A000", "the table of the prepared statement has become another");
    sw_error_hint(err, "Prepare the statement again.");
    return false;
}

/* Of a placement without a key, that of reference tables, each is as good as the others. */
static const struct sw_shard *choose_shard(const struct sw_session *session,
                                           const struct sw_route *route)
{
    const struct sw_placement *placement = route->placement;

    if (route->kind == SW_ROUTE_SEVERAL)
        return placement->shards[0];
    return route->kind == SW_ROUTE_ANY_OF && placement->part_count == 0
               ? placement->shards[session->id % (uint32_t)placement->shard_count]
               : route->shard;
}

bool sw_session_aim(struct sw_session *session, const struct sw_statement *statement,
                    const struct sw_plan *plan, const struct sw_parameters *parameters,
                    bool executes, struct sw_error *err)
{
    static const enum sw_target_kind kinds[] = {
        [SW_ROUTE_LOCAL] = SW_TARGET_NONE,      [SW_ROUTE_ANY] = SW_TARGET_ANY,
        [SW_ROUTE_CATALOG] = SW_TARGET_CATALOG, [SW_ROUTE_ONE] = SW_TARGET_ONE,
        [SW_ROUTE_ANY_OF] = SW_TARGET_ANY_OF,   [SW_ROUTE_SEVERAL] = SW_TARGET_ANY_OF,
        [SW_ROUTE_SCHEMA] = SW_TARGET_NONE,
    };
    struct sw_target next;
    struct sw_route route;
    bool is_good;

    if (sw_session_reach_cursor(session, statement, executes, &is_good, err))
        return is_good;
    if (!sw_session_keeps_commits(session, statement, err) ||
        (executes && !sw_session_may_meet(session, statement, err)) ||
        !sw_session_find_route(session, statement, plan, parameters, &route, err))
        return false;
    if (route.kind == SW_ROUTE_SCHEMA) /* only prepared; see ddl.c for the rest */
        return !executes || refuse_moved(err);
    if (route.kind == SW_ROUTE_SEVERAL && executes)
        return sw_session_add_scatter(session, statement, plan, parameters, err);
    if (route.needs_rows) /* see rows.c for the rest */
        return executes ? refuse_rows(err) : true;
    if (session->ddl != NULL && executes)
        return refuse_beside_ddl(err);
    if (route.needs_ids && executes)
        return refuse_spliced(err);
    next = (struct sw_target){.kind = kinds[route.kind],
                              .shard = choose_shard(session, &route),
                              .placement = route.placement,
                              .executes = executes,
                              .read = executes && !route.writes
                                          ? sw_session_read_mode(session, statement)
                                          : SW_READ_PRIMARY,
                              .writes = executes && route.writes,
                              .locks_rows = executes && statement->locks_rows};
    sw_session_lend_own(session, statement);
    meet_others(session, statement, &next);
    if (next.kind == SW_TARGET_CATALOG)
        next.shard = session->database->catalog;
    return sw_session_aim_temporary(session, statement, &next, err) &&
           narrow_to_cursor(session, statement, &next, err) && aim_at(session, &next, err);
}

bool sw_session_aim_at_portal(struct sw_session *session, const struct sw_named *named,
                              const char *name, struct sw_error *err)
{
    const struct sw_shard *shard = name[0] == '\0' ? session->unnamed_portal_at : named->shard;
    const struct sw_participant *participant =
        shard == NULL ? NULL : sw_txn_participant(&session->txn, shard);
    const struct sw_target next = {.kind = SW_TARGET_ONE, .shard = shard, .executes = true};

    if (named->is_persistent)
        return aim_at(session, &next, err);
    if (session->txn.state == SW_TXN_IDLE)
        return true; /* it lives in the open batch */
    if ((session->batch != NULL && session->batch->shard == shard) ||
        (participant != NULL && !participant->is_lost))
        return aim_at(session, &next, err);
    return sw_error_set(err, "34000", "portal \"%s\" does not exist", name);
}

void sw_session_bind(struct sw_session *session)
{
    const struct sw_participant *participant = fitting(session, &session->target);

    if (session->txn.state == SW_TXN_IDLE || participant == NULL)
        return;
    session->target.kind = SW_TARGET_ONE;
    session->target.shard = participant->shard;
}

bool sw_session_may_end_in_place(const struct sw_session *session)
{
    const struct sw_txn *txn = &session->txn;
    const struct sw_participant *participant;

    if (session->batch != NULL)
        participant = sw_session_participant(session, session->batch);
    else
        participant = fitting(session, &session->target);
    if (txn->participant_count == 0)
        return session->batch == NULL && joins(session, &session->target);
    return txn->participant_count == 1 && participant != NULL && !participant->is_lost;
}

struct sw_leg *sw_session_choose_leg(struct sw_session *session, const struct sw_shard **shard,
                                     bool *joins_now)
{
    const struct sw_target *target = &session->target;
    const struct sw_participant *participant = fitting(session, target);

    *joins_now = false;
    if (session->batch != NULL) {
        *shard = session->batch->shard;
        return session->batch;
    }
    if (participant != NULL) {
        *shard = participant->shard;
        return sw_session_leg(session, (int)(participant - session->txn.participants));
    }
    *shard = shard_of(session, target);
    if (session->txn.state == SW_TXN_IDLE)
        return &session->leg;
    *joins_now = joins(session, target);
    return *joins_now ? sw_session_leg(session, session->txn.participant_count)
                      : sw_session_aside(session);
}
