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

struct sw_plan {
    struct sw_plan_context context;
    const struct sw_statement *statement;
    bool is_settled; /* `route` is it, whatever the values are */
    struct sw_route route;
    bool has_unbound; /* `unbound` is the route while no values are there */
    struct sw_route unbound;
    bool calls_writer;      /* a function that writes */
    bool shares_parameters; /* one stands more than once */
    struct sw_arena arena;
    const struct sw_place *places;
    const struct sw_pins *pins;
    const struct sw_direct *direct; /* NULL: the long way alone leads there */
    const struct sw_insertion *insertion;
    const struct sw_copy_plan *copy;
};

/* What does not fit is left out whole. */
static void add_reason(struct sw_route *route, const char *text)
{
    size_t len = strlen(route->reason);

    if (len + strlen(text) + sizeof "; " <= sizeof route->reason)
        (void)snprintf(route->reason + len, sizeof route->reason - len, "%s%s",
                       len == 0 ? "" : "; ", text);
}

static bool set_route(struct sw_route *route, enum sw_route_kind kind, const char *reason)
{
    *route = (struct sw_route){.kind = kind};
    add_reason(route, reason);
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

static int count_places(const struct sw_planner *planner, bool of_tables)
{
    int count = 0;

    for (int i = 0; i < sw_planner_place_count(planner->statement); i++)
        count += of_tables ? planner->places[i].table != NULL
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

static const char *missing_key(const struct sw_place *place)
{
    return place->table->keys[place->missing > 0 ? place->missing : 0];
}

static bool refuse_several(const struct sw_planner *planner, const struct sw_place *place)
{
    const struct sw_table *table = place->table;
    const char *key = missing_key(place);

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

    if (place->kind == SW_PLACE_SHARD)
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
    sw_error_hint(planner->err, "Read or write each table in a statement of its own.");
    return false;
}

static void print_pinned(const struct sw_pinned *pinned, char *out, size_t size)
{
    char value[SW_KEY_SHOWN];

    if (pinned->value->kind == SW_VALUE_PARAMETER) {
        (void)snprintf(out, size, "$%d", pinned->value->parameter);
        return;
    }
    sw_key_value_print(&pinned->key, value);
    (void)snprintf(out, size, pinned->key.type == SW_KEY_BIGINT ? "%s" : "'%s'", value);
}

/* "city = 'Harbin', patient_id = 42"; what does not fit is left out. */
static void print_key(const struct sw_place *place, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (int p = 0; p < place->table->placement->part_count; p++) {
        char value[SW_KEY_SHOWN + 2];
        int more;

        if (place->pinned[p] == NULL)
            continue;
        print_pinned(place->pinned[p], value, sizeof value);
        more = snprintf(out + len, size - len, "%s%.63s = %s", len == 0 ? "" : ", ",
                        place->table->keys[p], value);
        if (more < 0 || (size_t)more >= size - len) {
            out[len] = '\0';
            return;
        }
        len += (size_t)more;
    }
}

/* "bucket 17 of north of by_city": where in its placement a place is. */
static void print_bucket(const struct sw_place *place, char *out, size_t size)
{
    const struct sw_placement *placement = place->table->placement;
    int group = place->bucket / placement->group_buckets;
    int bucket = place->bucket % placement->group_buckets;
    const char *what = placement->kind == SW_PLACEMENT_LIST ? "a list" : "a range";

    if (group == placement->default_group)
        what = "the default";
    if (placement->kind == SW_PLACEMENT_HASH)
        (void)snprintf(out, size, "bucket %d of %s", bucket, placement->name);
    else if (placement->hashed_from == placement->part_count)
        (void)snprintf(out, size, "%s of %s", what, placement->name);
    else
        (void)snprintf(out, size, "bucket %d of %.63s of %s", bucket, placement->groups[group],
                       placement->name);
}

static void explain_sharded(const struct sw_place *place, char *out, size_t size)
{
    const struct sw_table *table = place->table;
    char key[160], bucket[160];

    if (place->kind == SW_PLACE_ANY_OF && place->is_target_of_copy) {
        (void)snprintf(out, size, "%s: the first row tells", table->name);
        return;
    }
    if (place->kind == SW_PLACE_ANY_OF && place->is_filled) {
        (void)snprintf(out, size, "%s: the key of new rows is drawn from a sequence",
                       table->name);
        return;
    }
    if (place->is_at_cursor) {
        (void)snprintf(out, size, "%s: where the cursor is", table->name);
        return;
    }
    if (place->kind == SW_PLACE_ANY_OF) {
        (void)snprintf(out, size, "%s: %s is not known yet, or matches no row", table->name,
                       missing_key(place));
        return;
    }
    if (place->pinned == NULL) {
        (void)snprintf(out, size, "%s: %s has one shard", table->name, table->placement->name);
        return;
    }
    print_key(place, key, sizeof key);
    if (place->has_bucket) {
        print_bucket(place, bucket, sizeof bucket);
        (void)snprintf(out, size, "%s: %s is in %s, on %s", table->name, key, bucket,
                       place->shard->name);
    } else {
        (void)snprintf(out, size, "%s: all rows with %s are on %s", table->name,
                       key[0] == '\0' ? "such a key" : key, place->shard->name);
    }
}

static void explain(const struct sw_place *place, struct sw_route *route)
{
    char text[sizeof route->reason];

    if (sw_table_is_sharded(place->table))
        explain_sharded(place, text, sizeof text);
    else
        (void)snprintf(text, sizeof text, "%s %s",
                       place->is_function ? "function" : "single table", place->table->name);
    add_reason(route, text);
}

static bool has_shard(const struct sw_placement *placement, const struct sw_shard *shard)
{
    for (int i = 0; i < placement->shard_count; i++)
        if (placement->shards[i] == shard)
            return true;
    return false;
}

/* May one shard serve both? */
static bool fit(const struct sw_place *a, const struct sw_place *b)
{
    const struct sw_placement *left, *right;

    if (a->kind == SW_PLACE_SHARD && b->kind == SW_PLACE_SHARD)
        return a->shard == b->shard;
    if (a->kind == SW_PLACE_SHARD)
        return has_shard(b->table->placement, a->shard);
    if (b->kind == SW_PLACE_SHARD)
        return has_shard(a->table->placement, b->shard);
    left = a->table->placement;
    right = b->table->placement;
    return left->shard_count == right->shard_count &&
           memcmp(left->shards, right->shards, (size_t)left->shard_count * sizeof(void *)) == 0;
}

/* Each place must fit the one that decides: the first known shard, else the first of all. */
static bool combine(const struct sw_planner *planner, bool explains, struct sw_route *route)
{
    const struct sw_place *decides = NULL;
    int count = sw_planner_place_count(planner->statement);

    for (int i = 0; i < count; i++) {
        struct sw_place *place = &planner->places[i];

        if (place->kind == SW_PLACE_SEVERAL && !planner->describes)
            return refuse_several(planner, place);
        if (place->kind == SW_PLACE_SEVERAL)
            place->kind = SW_PLACE_ANY_OF;
        if (place->table != NULL && (decides == NULL || (decides->kind != SW_PLACE_SHARD &&
                                                         place->kind == SW_PLACE_SHARD)))
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

        if (place->table == NULL)
            continue;
        if (!fit(decides, place))
            return refuse_pair(planner, decides, place);
        if (explains)
            explain(place, route);
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
    if (!plan->shares_parameters)
        plan->direct = sw_direct_find(planner);
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

static bool locate(const struct sw_plan *plan, struct sw_planner *planner, bool explains,
                   struct sw_route *route)
{
    const struct sw_parameters *parameters = planner->parameters;
    size_t size = (size_t)sw_planner_place_count(plan->statement) * sizeof *plan->places;

    planner->places = memcpy(sw_arena_alloc(&planner->arena, size), plan->places, size);
    if (plan->shares_parameters && parameters != NULL && parameters->values != NULL)
        sw_uses_note(planner);
    return sw_functions_place(planner) && sw_insert_place(planner) && sw_pins_place(planner) &&
           combine(planner, explains, route);
}

enum purpose { TO_RUN, TO_EXPLAIN, TO_DESCRIBE };

static bool locate_in_scratch(const struct sw_plan *plan,
                              const struct sw_parameters *parameters, enum purpose purpose,
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
        .describes = purpose == TO_DESCRIBE,
        .source = {.parameters = parameters, .is_utc = plan->context.is_timezone_utc}};
    struct sw_route found;
    bool is_good;

    if (plan->is_settled) {
        *route = plan->route;
        return true;
    }
    sw_arena_init_over(&planner.arena, scratch, sizeof scratch);
    is_good = locate(plan, &planner, purpose == TO_EXPLAIN, &found);
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
        plan->has_unbound = locate_in_scratch(plan, NULL, TO_RUN, &plan->unbound, &ignored);
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
           locate_in_scratch(plan, parameters, TO_RUN, route, err);
}

bool sw_plan_locate_description(const struct sw_plan *plan, struct sw_route *route,
                                struct sw_error *err)
{
    const struct sw_statement *statement = plan->statement;

    return statement->kind == SW_STATEMENT_SELECT && !statement->writes &&
           locate_in_scratch(plan, NULL, TO_DESCRIBE, route, err);
}

bool sw_plan_route(const struct sw_plan_context *context, const struct sw_statement *statement,
                   const struct sw_parameters *parameters, struct sw_route *route,
                   struct sw_error *err)
{
    struct sw_plan *plan = sw_plan_compile(context, statement, err);
    bool is_good = plan != NULL && locate_in_scratch(plan, parameters, TO_EXPLAIN, route, err);

    sw_plan_free(plan);
    return is_good;
}
