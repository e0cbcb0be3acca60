/*
 * Facts and map to a route. Compiling: what needs no table; what each relation is; what may not
 * stand together; which conditions pin which relation. Locating: where each relation's rows
 * are; whether that is one place.
 */
#include "shardward/plan/plan.h"

#include "shardward/base/mem.h"

#include "planner.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

enum { SCRATCH = 4096 }; /* bytes of the stack that most statements are located in */

static bool set_route(struct sw_route *route, enum sw_route_kind kind, const char *reason)
{
    *route = (struct sw_route){.kind = kind};
    sw_route_add_reason(route, reason);
    return true;
}

/* Statements that name no table by their kind; false: one that may. */
static bool route_by_kind(enum sw_statement_kind kind, struct sw_route *route)
{
    switch (kind) {
    case SW_STATEMENT_BEGIN:
    case SW_STATEMENT_COMMIT:
    case SW_STATEMENT_ROLLBACK:
    case SW_STATEMENT_SAVEPOINT:
    case SW_STATEMENT_RELEASE:
    case SW_STATEMENT_ROLLBACK_TO:
    case SW_STATEMENT_SET_TRANSACTION:
        return set_route(route, SW_ROUTE_LOCAL, "transaction control");
    case SW_STATEMENT_EXECUTE:
        return set_route(route, SW_ROUTE_ANY, "where what it executes leads");
    case SW_STATEMENT_PREPARE:
    case SW_STATEMENT_DEALLOCATE:
    case SW_STATEMENT_DISCARD_ALL:
    case SW_STATEMENT_SET_OWN:
        return set_route(route, SW_ROUTE_LOCAL, "the session's own affair");
    case SW_STATEMENT_SET:
    case SW_STATEMENT_SHOW:
    case SW_STATEMENT_UNLISTEN:
    case SW_STATEMENT_HARMLESS:
        return set_route(route, SW_ROUTE_ANY, "no table");
    case SW_STATEMENT_LISTEN:
    case SW_STATEMENT_NOTIFY:
        return set_route(route, SW_ROUTE_CATALOG, "where all clients of the database meet");
    case SW_STATEMENT_FETCH:
    case SW_STATEMENT_CLOSE:
        return set_route(route, SW_ROUTE_ANY, "where its cursor is");
    case SW_STATEMENT_SELECT:
    case SW_STATEMENT_DECLARE:
    case SW_STATEMENT_INSERT:
    case SW_STATEMENT_UPDATE:
    case SW_STATEMENT_DELETE:
    case SW_STATEMENT_COPY_FROM:
    case SW_STATEMENT_CREATE_AS:
    case SW_STATEMENT_TRUNCATE:
    case SW_STATEMENT_DDL:
    case SW_STATEMENT_REFUSED:
        break;
    }
    return false;
}

bool sw_user_check(const struct sw_planner *planner)
{
    const struct sw_user *user = planner->context->user;

    if (!planner->statement->names_user || user == NULL ||
        strcmp(user->name, user->server_user) == 0)
        return true;
    sw_error_set(planner->err, "0A000",
                 "the servers would name the user \"%s\" instead of \"%s\"", user->server_user,
                 user->name);
    sw_error_hint(planner->err, "Give the server's user the same name, in the YAML.");
    return false;
}

static bool is_of_table(const struct sw_place *place)
{
    return place->table != NULL || place->temporary != NULL;
}

static int count_places(const struct sw_planner *planner, bool of_tables)
{
    int count = 0;

    for (int i = 0; i < sw_planner_place_count(planner->statement); i++)
        count += of_tables ? is_of_table(&planner->places[i])
                           : planner->places[i].kind == SW_PLACE_CATALOG;
    return count;
}

static bool refuse_mixture(const struct sw_planner *planner, const char *what)
{
    sw_error_set(planner->err, "0A000", "%s cannot stand beside tables in one statement", what);
    sw_error_detail(planner->err, "It is answered by the catalog database, tables by shards.");
    sw_error_hint(planner->err, "Ask in two statements.");
    return false;
}

static bool check_mixture(const struct sw_planner *planner)
{
    if (count_places(planner, true) == 0)
        return true;
    if (count_places(planner, false) > 0)
        return refuse_mixture(planner, "a catalog relation");
    if (planner->statement->reads_catalog)
        return refuse_mixture(planner, "an expression that reads the catalog");
    if (planner->statement->meets_others || planner->statement->minds_leftovers)
        return refuse_mixture(planner, "an advisory lock or a notification");
    if (planner->statement->names_database)
        return refuse_mixture(planner, "the name of the database");
    return true;
}

static bool route_without_tables(const struct sw_planner *planner, struct sw_route *route)
{
    const struct sw_database *database = planner->context->database;
    bool is_catalog = count_places(planner, false) > 0 || planner->statement->reads_catalog;

    if (planner->statement->names_database) {
        if (strcmp(database->catalog->dbname, database->name) != 0) {
            sw_error_set(planner->err, "0A000",
                         "the server would name the database \"%s\" instead of \"%s\"",
                         database->catalog->dbname, database->name);
            sw_error_hint(planner->err, "Give the catalog database the name of the database.");
            return false;
        }
        is_catalog = true;
    }
    if (is_catalog)
        return set_route(route, SW_ROUTE_CATALOG, "catalog only");
    if (planner->statement->meets_others)
        return set_route(route, SW_ROUTE_CATALOG, "where all clients of the database meet");
    return set_route(route, SW_ROUTE_ANY, "no table");
}

static bool refuse_several(const struct sw_planner *planner, const struct sw_place *place)
{
    const struct sw_table *table = place->table;
    const char *key = sw_place_missing_key(place);

    sw_error_set(planner->err, "0A000", "statement needs more than one shard");
    sw_error_hint(planner->err, "Add %s = ... to WHERE.", key);
    if (place->missing < 0) {
        sw_error_detail(planner->err, "%s: the values of %s are on %s and %s.", table->name,
                        key, place->shard->name, place->other->name);
        sw_error_hint(planner->err, "Ask for the rows of each %s in a statement of its own.",
                      key);
    } else if (place->doubt != NULL) {
        sw_error_detail(planner->err, "%s, %s: %s.", table->name, key, place->doubt->message);
        sw_error_hint(planner->err, "%s", place->doubt->hint);
    } else {
        sw_error_detail(planner->err, "%s: no condition tells which %s.", table->name, key);
    }
    return false;
}

static void where(const struct sw_place *place, char *out, size_t size)
{
    const struct sw_table *table = place->table;

    if (place->temporary != NULL)
        (void)snprintf(out, size, "temporary table %.63s is on %.63s", place->temporary->name,
                       place->shard->name);
    else if (place->kind == SW_PLACE_SHARD)
        (void)snprintf(out, size, "%.63s is on %.63s", table->name, place->shard->name);
    else
        (void)snprintf(out, size, "%.63s is on shards of business %.63s", table->name,
                       table->business->name);
}

static bool refuse_pair(const struct sw_planner *planner, const struct sw_place *a,
                        const struct sw_place *b)
{
    char where_a[160], where_b[160];

    where(a, where_a, sizeof where_a);
    where(b, where_b, sizeof where_b);
    sw_error_set(planner->err, "0A000", "statement needs more than one shard");
    sw_error_detail(planner->err, "%s, %s.", where_a, where_b);
    if (a->temporary != NULL || b->temporary != NULL)
        sw_error_hint(planner->err,
                      "Make the temporary table where it is wanted: CREATE TEMP TABLE ... AS "
                      "SELECT ... of rows of that shard [WITH NO DATA].");
    else
        sw_error_hint(planner->err, "Read or write each table in a statement of its own.");
    return false;
}

bool sw_placement_has(const struct sw_placement *placement, const struct sw_shard *shard)
{
    for (int i = 0; i < placement->shard_count; i++)
        if (placement->shards[i] == shard)
            return true;
    return false;
}

static bool have_same_shards(const struct sw_placement *a, const struct sw_placement *b)
{
    return a->shard_count == b->shard_count &&
           memcmp(a->shards, b->shards, (size_t)a->shard_count * sizeof(void *)) == 0;
}

static bool is_reference(const struct sw_place *place)
{
    return place->table != NULL && place->table->is_reference;
}

/* Has each shard of @placement the rows of a reference table? */
static bool covers(const struct sw_place *reference, const struct sw_placement *placement)
{
    for (int i = 0; i < placement->shard_count; i++)
        if (!sw_placement_has(reference->table->placement, placement->shards[i]))
            return false;
    return true;
}

/* May one shard serve both? */
static bool fit(const struct sw_place *a, const struct sw_place *b)
{
    if (a->kind == SW_PLACE_SHARD && b->kind == SW_PLACE_SHARD)
        return a->shard == b->shard;
    if (a->kind == SW_PLACE_SHARD)
        return sw_placement_has(b->table->placement, a->shard);
    if (b->kind == SW_PLACE_SHARD)
        return sw_placement_has(a->table->placement, b->shard);
    return is_reference(b) ? covers(b, a->table->placement)
                           : have_same_shards(a->table->placement, b->table->placement);
}

/* Each shard must have all tables. What is asked of them is found out when they are asked, see
 * cook.c. */
static bool scatter(const struct sw_planner *planner, const struct sw_place *place,
                    bool explains, struct sw_route *route)
{
    assert(place->table != NULL);
    for (int i = 0; i < sw_planner_place_count(planner->statement); i++) {
        const struct sw_place *other = &planner->places[i];

        if (other->table != NULL &&
            !(is_reference(other)
                  ? covers(other, place->table->placement)
                  : have_same_shards(place->table->placement, other->table->placement)))
            return refuse_pair(planner, place, other);
    }
    *route = (struct sw_route){.kind = SW_ROUTE_SEVERAL,
                               .placement = place->table->placement,
                               .shard = place->table->placement->shards[0]};
    if (explains && place->kind == SW_PLACE_SEVERAL)
        sw_place_explain_several(place, route);
    for (int i = 0; i < sw_planner_place_count(planner->statement) &&
                    place->kind != SW_PLACE_SEVERAL && explains;
         i++)
        if (planner->places[i].kind == SW_PLACE_SHARD)
            sw_place_explain(&planner->places[i], route);
    return true;
}

/* A reference table is wherever other tables are. */
static bool decides_more(const struct sw_place *place, const struct sw_place *than)
{
    return than == NULL || (than->kind != SW_PLACE_SHARD && place->kind == SW_PLACE_SHARD) ||
           (is_reference(than) && !is_reference(place));
}

/* Each place must fit the one that decides: the first known shard, else the first of all. */
static bool combine(const struct sw_planner *planner, bool explains, struct sw_route *route)
{
    const struct sw_place *decides = NULL;
    int count = sw_planner_place_count(planner->statement);

    for (int i = 0; i < count; i++) {
        const struct sw_place *place = &planner->places[i];

        if (place->kind == SW_PLACE_SEVERAL)
            return planner->may_scatter ? scatter(planner, place, explains, route)
                                        : refuse_several(planner, place);
        if (is_of_table(place) && decides_more(place, decides))
            decides = place;
    }
    assert(decides != NULL);
    *route = (struct sw_route){.kind = SW_ROUTE_ONE, .shard = decides->shard};
    if (decides->kind == SW_PLACE_ANY_OF)
        *route = (struct sw_route){.kind = SW_ROUTE_ANY_OF,
                                   .placement = decides->table->placement,
                                   .shard = decides->table->placement->shards[0]};
    for (int i = 0; i < count; i++) {
        const struct sw_place *place = &planner->places[i];

        if (!is_of_table(place))
            continue;
        if (!fit(decides, place))
            return planner->may_scatter ? scatter(planner, decides, explains, route)
                                        : refuse_pair(planner, decides, place);
        if (explains)
            sw_place_explain(place, route);
    }
    return true;
}

static bool shares_parameters(const struct sw_statement *statement)
{
    for (int i = 0; i < statement->parameter_count; i++)
        if (statement->parameter_uses[i] > 1)
            return true;
    return false;
}

/* A query that only reads rows of sharded tables; whether it can be done shows later. */
static bool may_scatter(const struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;
    bool has_sharded = false;

    for (int i = 0; i < statement->relation_count; i++) {
        const struct sw_table *table = planner->places[i].table;

        if ((table != NULL && !sw_table_is_sharded(table) && !table->is_reference) ||
            planner->places[i].temporary != NULL)
            return false;
        has_sharded = has_sharded || sw_table_is_sharded(table);
    }
    return has_sharded &&
           (statement->kind == SW_STATEMENT_SELECT ||
            statement->kind == SW_STATEMENT_DECLARE) &&
           !statement->writes && !statement->locks_rows && !planner->calls_writer;
}

static bool compile_query(struct sw_plan *plan, struct sw_planner *planner)
{
    planner->places =
        sw_arena_alloc(&planner->arena, (size_t)sw_planner_place_count(planner->statement) *
                                            sizeof *planner->places);
    if (!sw_functions_resolve(planner) || !sw_user_check(planner) ||
        !sw_relations_resolve(planner) || !sw_rights_check_writes(planner) ||
        !check_mixture(planner))
        return false;
    plan->is_settled = count_places(planner, true) == 0;
    if (plan->is_settled)
        return route_without_tables(planner, &plan->route);
    plan->calls_writer = planner->calls_writer;
    plan->shares_parameters = shares_parameters(planner->statement);
    if (!sw_insertion_find(planner) || !sw_pins_find(planner))
        return false;
    if (!plan->shares_parameters && planner->statement->copy_out == NULL)
        plan->direct = sw_direct_find(planner);
    plan->may_scatter = may_scatter(planner);
    return true;
}

static bool compile(struct sw_plan *plan, struct sw_error *err)
{
    struct sw_planner planner = {
        .context = &plan->context, .statement = plan->statement, .err = err};
    bool is_good;

    if (plan->statement->kind == SW_STATEMENT_REFUSED) {
        *err = plan->statement->refusal;
        return false;
    }
    if (!sw_temporaries_check_types(&planner))
        return false;
    plan->is_settled =
        plan->statement->ddl != NULL || route_by_kind(plan->statement->kind, &plan->route);
    if (plan->is_settled)
        return plan->statement->ddl == NULL || sw_ddl_route(&planner, &plan->route);
    sw_arena_init(&planner.arena);
    is_good = compile_query(plan, &planner);
    plan->arena = planner.arena;
    plan->places = planner.places;
    plan->pins = planner.pins;
    plan->insertion = planner.insertion;
    plan->copy = planner.copy;
    return is_good;
}

void sw_plan_free(struct sw_plan *plan)
{
    if (plan == NULL)
        return;
    sw_arena_finish(&plan->arena);
    free(plan);
}

const struct sw_insertion *sw_plan_insertion(const struct sw_plan *plan)
{
    return plan->insertion;
}

const struct sw_copy_plan *sw_plan_copy(const struct sw_plan *plan)
{
    return plan->copy;
}

size_t sw_plan_size(const struct sw_plan *plan)
{
    return sizeof *plan + sw_arena_size(&plan->arena);
}

bool sw_plan_may_be_several(const struct sw_plan *plan)
{
    return plan->is_settled ? plan->route.kind == SW_ROUTE_SEVERAL : plan->may_scatter;
}

bool sw_plan_settle(const struct sw_plan *plan, struct sw_planner *planner)
{
    const struct sw_parameters *parameters = planner->parameters;
    size_t size = (size_t)sw_planner_place_count(plan->statement) * sizeof *plan->places;

    planner->places = memcpy(sw_arena_alloc(&planner->arena, size), plan->places, size);
    if (plan->shares_parameters && parameters != NULL && parameters->values != NULL)
        sw_uses_note(planner);
    return sw_functions_place(planner) && sw_insert_place(planner) && sw_pins_place(planner);
}

static bool locate_in_scratch(const struct sw_plan *plan,
                              const struct sw_parameters *parameters, bool explains,
                              struct sw_route *route, struct sw_error *err)
{
    alignas(max_align_t) uint8_t scratch[SCRATCH];
    struct sw_planner planner = {
        .context = &plan->context,
        .statement = plan->statement,
        .parameters = parameters,
        .err = err,
        .pins = plan->pins,
        .insertion = plan->insertion,
        .source = {.parameters = parameters, .is_utc = plan->context.is_timezone_utc},
        .may_scatter = plan->may_scatter};
    struct sw_route found;
    bool is_good;

    if (plan->is_settled) {
        *route = plan->route;
        return true;
    }
    sw_arena_init_over(&planner.arena, scratch, sizeof scratch);
    is_good = sw_plan_settle(plan, &planner) && combine(&planner, explains, &found) &&
              sw_copy_check_out(&planner, &found);
    sw_arena_finish(&planner.arena);
    if (!is_good)
        return false;
    *route = found;
    route->writes = plan->statement->writes || plan->calls_writer;
    route->needs_splice = plan->insertion != NULL;
    route->needs_rows = plan->copy != NULL;
    route->needs_ids = plan->insertion != NULL && plan->insertion->id_count > 0 &&
                       (parameters == NULL || parameters->ids == NULL);
    return true;
}

struct sw_plan *sw_plan_compile(const struct sw_plan_context *context,
                                const struct sw_statement *statement, struct sw_error *err)
{
    struct sw_plan *plan = sw_alloc_zero(1, sizeof *plan);
    struct sw_error ignored;

    plan->context = *context;
    plan->statement = statement;
    if (compile(plan, err)) {
        plan->has_unbound = locate_in_scratch(plan, NULL, false, &plan->unbound, &ignored);
        return plan;
    }
    sw_plan_free(plan);
    return NULL;
}

static bool locate_directly(const struct sw_plan *plan, const struct sw_parameters *parameters,
                            struct sw_route *route)
{
    struct sw_key_source source = {.parameters = parameters,
                                   .is_utc = plan->context.is_timezone_utc};
    const struct sw_shard *shard =
        plan->direct == NULL ? NULL : sw_direct_locate(plan->direct, &source);

    if (shard == NULL)
        return false;
    route->kind = SW_ROUTE_ONE;
    route->shard = shard;
    route->placement = NULL;
    route->business = NULL;
    route->hears_catalog = false;
    route->writes = plan->statement->writes;
    route->needs_splice = route->needs_ids = route->needs_rows = false;
    route->reason[0] = '\0';
    return true;
}

static bool has_values(const struct sw_parameters *parameters)
{
    return parameters != NULL && (parameters->values != NULL || parameters->lifted != NULL ||
                                  parameters->ids != NULL);
}

bool sw_plan_locate(const struct sw_plan *plan, const struct sw_parameters *parameters,
                    struct sw_route *route, struct sw_error *err)
{
    if (plan->has_unbound && !has_values(parameters)) {
        *route = plan->unbound;
        return true;
    }
    return locate_directly(plan, parameters, route) ||
           locate_in_scratch(plan, parameters, false, route, err);
}

bool sw_plan_route(const struct sw_plan_context *context, const struct sw_statement *statement,
                   const struct sw_parameters *parameters, struct sw_route *route,
                   struct sw_error *err)
{
    struct sw_plan *plan = sw_plan_compile(context, statement, err);
    bool is_good = plan != NULL && locate_in_scratch(plan, parameters, true, route, err);

    sw_plan_free(plan);
    return is_good;
}
