/*
 * A run goes to one shard. Each statement in it narrows the choice:
 *
 *   NONE, ANY   any database gives the answer
 *   ANY_OF      any shard of a placement (not bound yet, or a key that equals nothing)
 *   CATALOG     the catalog database
 *   ONE         this shard
 *
 * A transaction binds to the shard of its first statement that names one. What needs no shard,
 * or only prepares, runs beside it.
 */
#include "internal.h"

#include "shardward/base/text.h"

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

static struct sw_plan_context context_of(struct sw_session *session)
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

struct sw_planned *sw_session_plan(struct sw_session *session, const char *text,
                                   struct sw_error *err)
{
    const struct sw_plan_context context = context_of(session);

    return sw_plan_cache_get(session->sessions->plans, &context, text, strlen(text), err);
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
    bool executes = have->executes || next->executes;
    bool binds = have->binds;

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
    have->executes = executes;
    have->binds = binds;
    return true;
}

static const struct sw_shard *enlisted_shard(const struct sw_session *session)
{
    bool is_enlisted = session->txn.is_enlisted && session->leg.state == SW_LEG_ATTACHED;

    return is_enlisted ? session->leg.shard : NULL;
}

/* May the run go beside a transaction that is bound to another shard? */
static bool may_go_aside(const struct sw_target *target)
{
    return !target->binds && (target->kind == SW_TARGET_CATALOG || !target->executes);
}

static bool refuse_second_shard(const struct sw_session *session, const struct sw_target *next,
                                const struct sw_shard *bound, struct sw_error *err)
{
    const char *other = next->shard == NULL ? "another shard" : next->shard->name;

    if (session->txn.state != SW_TXN_IDLE) {
        sw_error_set(err, "0A000", "a transaction over several shards is not supported");
        sw_error_detail(err,
                        "The transaction is bound to shard \"%s\", the statement needs "
                        "\"%s\".",
                        bound->name, other);
        sw_error_hint(err, "Commit before you go on to another shard.");
    } else {
        sw_error_set(err, "0A000", "a batch over several shards is not supported");
        sw_error_detail(err, "It began on shard \"%s\", the statement needs \"%s\".",
                        bound->name, other);
        sw_error_hint(err, "Send Sync (or separate queries) between statements of different "
                           "shards.");
    }
    return false;
}

static bool refuse_beside_ddl(struct sw_error *err)
{
    sw_error_set(err, "0A000", "DDL and other statements in one batch are not supported");
    sw_error_hint(err, "Send Sync (or separate queries) between them.");
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
    context = context_of(session);
    return sw_plan_route(&context, statement, parameters, route, err);
}

bool sw_session_aim_named(struct sw_session *session, struct sw_named *named,
                          const struct sw_parameters *parameters, bool executes,
                          struct sw_error *err)
{
    const struct sw_plan_context context = context_of(session);

    if (!sw_plan_context_is_equal(&context, &named->planned->context)) {
        struct sw_planned *planned = sw_session_plan(session, named->text, err);

        if (planned == NULL)
            return false;
        sw_planned_unref(named->planned);
        named->planned = planned;
        named->statement = &planned->script->statements[0];
    }
    return sw_session_aim(session, named->statement, named->planned->plan, parameters, executes,
                          err);
}

bool sw_session_aim(struct sw_session *session, const struct sw_statement *statement,
                    const struct sw_plan *plan, const struct sw_parameters *parameters,
                    bool executes, struct sw_error *err)
{
    static const enum sw_target_kind kinds[] = {
        [SW_ROUTE_LOCAL] = SW_TARGET_NONE,      [SW_ROUTE_ANY] = SW_TARGET_ANY,
        [SW_ROUTE_CATALOG] = SW_TARGET_CATALOG, [SW_ROUTE_ONE] = SW_TARGET_ONE,
        [SW_ROUTE_ANY_OF] = SW_TARGET_ANY_OF,   [SW_ROUTE_SCHEMA] = SW_TARGET_NONE,
    };
    const struct sw_shard *enlisted = enlisted_shard(session);
    struct sw_target next, joined = session->target;
    struct sw_route route;

    if (!sw_session_find_route(session, statement, plan, parameters, &route, err))
        return false;
    if (route.kind == SW_ROUTE_SCHEMA) /* only prepared; see ddl.c for the rest */
        return true;
    if (session->ddl != NULL && executes)
        return refuse_beside_ddl(err);
    next = (struct sw_target){.kind = kinds[route.kind],
                              .shard = route.shard,
                              .placement = route.placement,
                              .executes = executes};
    if (next.kind == SW_TARGET_CATALOG)
        next.shard = session->database->catalog;
    if (session->batch != NULL && !includes(&next, session->batch->shard))
        return refuse_second_shard(session, &next, session->batch->shard, err);
    if (!join(&joined, &next))
        return refuse_second_shard(session, &next, session->target.shard, err);
    if (enlisted != NULL && session->batch == NULL && !includes(&joined, enlisted) &&
        !may_go_aside(&joined))
        return refuse_second_shard(session, &next, enlisted, err);
    session->target = joined;
    return true;
}

bool sw_session_bind(struct sw_session *session, struct sw_error *err)
{
    const struct sw_shard *enlisted = enlisted_shard(session);

    if (session->batch == &session->aside) {
        sw_error_set(err, "0A000",
                     "transaction control behind a query of the catalog in one "
                     "batch is not supported");
        sw_error_hint(err, "Send Sync between them.");
        return false;
    }
    if (session->batch == NULL && enlisted != NULL && !includes(&session->target, enlisted))
        return refuse_second_shard(session, &session->target, enlisted, err);
    session->target.binds = true;
    return true;
}

struct sw_leg *sw_session_choose_leg(struct sw_session *session, const struct sw_shard **shard,
                                     bool *enlists)
{
    const struct sw_target *target = &session->target;
    const struct sw_shard *enlisted = enlisted_shard(session);

    *enlists = false;
    if (session->batch != NULL) {
        *shard = session->batch->shard;
        return session->batch;
    }
    if (enlisted != NULL && includes(target, enlisted)) {
        *shard = enlisted;
        return &session->leg;
    }
    *shard = target->kind <= SW_TARGET_ANY ? session->database->catalog : target->shard;
    if (session->txn.state == SW_TXN_IDLE)
        return &session->leg;
    *enlists = enlisted == NULL && session->txn.state == SW_TXN_OPEN &&
               (target->binds || (target->executes && (target->kind == SW_TARGET_ONE ||
                                                       target->kind == SW_TARGET_ANY_OF)));
    return *enlists ? &session->leg : &session->aside;
}
