/*
 * What a client asks of several shards, as it is collected; and the portals that he has for it.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <stdio.h>
#include <string.h>

static const uint8_t nothing_bound[6] = {0};

bool sw_scattering_refuse(struct sw_error *err, const char *what, const char *hint)
{
    sw_error_set(err, "0A000", "%s over several shards is not supported", what);
    sw_error_hint(err, "%s", hint);
    return false;
}

bool sw_scattering_may_stay(const struct sw_session *session)
{
    return session->txn.state == SW_TXN_OPEN;
}

/* Is something in its way? What only prepares, and what is a scatter itself, runs first. */
bool sw_scattering_has_place(struct sw_session *session, struct sw_error *err)
{
    bool only_prepares = session->batch == NULL && !session->target.executes &&
                         session->change_count == 0 && !session->has_control;

    if (session->ddl != NULL)
        return sw_scattering_refuse(err, "a statement beside DDL", "Send Sync between them.");
    if (session->scattering == NULL && !sw_session_is_pending(session))
        return true;
    session->wants_split =
        session->scattering != NULL || only_prepares || session->txn.state == SW_TXN_OPEN;
    return session->wants_split
               ? false
               : sw_scattering_refuse(
                     err, "a statement behind others in one batch",
                     "Send Sync (or separate queries) before it, or BEGIN before all.");
}

bool sw_session_may_be_several(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_SELECT || statement->kind == SW_STATEMENT_DECLARE ||
           (statement->kind == SW_STATEMENT_EXECUTE && !statement->by_name.is_explained);
}

static bool is_of_cursor(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_DECLARE || statement->kind == SW_STATEMENT_FETCH ||
           statement->kind == SW_STATEMENT_CLOSE;
}

static bool check_declaration(const struct sw_declaration *declares, struct sw_error *err)
{
    if (declares != NULL && declares->is_held)
        return sw_scattering_refuse(err, "a cursor WITH HOLD", "Leave WITH HOLD out.");
    if (declares != NULL && declares->is_scroll)
        return sw_scattering_refuse(err, "a cursor with SCROLL", "Leave SCROLL out.");
    return true;
}

bool sw_session_add_scatter(struct sw_session *session, const struct sw_statement *statement,
                            const struct sw_plan *plan, const struct sw_parameters *parameters,
                            struct sw_error *err)
{
    int most = session->map->shard_count;
    const struct sw_shard **shards;
    struct sw_scattering *scattering;
    int count;

    if (!session->may_scatter || plan == NULL)
        return sw_scattering_refuse(
            err,
            plan == NULL ? "a statement among others in one query string" : "such a statement",
            plan == NULL ? "Send the statements one by one."
                         : "Use a plain SELECT, or add the key to WHERE.");
    if (statement->setting_count > 0)
        return sw_scattering_refuse(err, "set_config()",
                                    "Call it in a statement without tables.");
    if (!check_declaration(statement->declares, err) || !sw_scattering_has_place(session, err))
        return false;
    shards = sw_alloc_zero((size_t)most, sizeof(void *));
    count = sw_plan_list_several(plan, parameters, shards, most, err);
    if (count < 0) {
        free(shards);
        return false;
    }
    scattering = sw_alloc_zero(1, sizeof *scattering);
    scattering->refs = 1;
    scattering->session = session;
    scattering->shards = shards;
    scattering->count = count;
    scattering->read = statement->kind == SW_STATEMENT_SELECT
                           ? sw_session_read_mode(session, statement)
                           : SW_READ_PRIMARY;
    sw_buf_init(&scattering->tail, SW_RUN_LIMIT);
    sw_buf_init(&scattering->formats, SW_RUN_LIMIT);
    sw_buf_init(&scattering->wanted, SW_RUN_LIMIT);
    session->scattering = scattering;
    return true;
}

static void set_text(struct sw_scattering *scattering, struct sw_planned *planned,
                     const char *text)
{
    scattering->planned = sw_planned_ref(planned);
    scattering->text = sw_strdup(text);
}

bool sw_session_scatter_query(struct sw_session *session, const struct sw_statement *statement,
                              const char *text, struct sw_error *err)
{
    struct sw_scattering *scattering = session->scattering;

    if (scattering->planned == NULL) {
        set_text(scattering, session->planned, text);
        (void)sw_buf_append(&scattering->tail, nothing_bound, sizeof nothing_bound);
    } else if (statement->kind == SW_STATEMENT_EXECUTE) {
        sw_put_int16(&scattering->tail, 0);
    }
    if (!is_of_cursor(statement)) {
        scattering->executes = true;
        (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, NULL, SW_ROLE_SCATTER, text, NULL,
                                   0);
        return true;
    }
    if (sw_scattering_execute_cursor(scattering, statement, NULL, err))
        return true;
    sw_session_forget_scatter(session);
    return false;
}

/* Portals with a name of the client's may be many at a time; of the others there is one. */
void sw_scattering_name_portal(struct sw_scattering *scattering, const char *portal)
{
    if (portal[0] == '\0')
        (void)snprintf(scattering->server_portal, SW_SERVER_PORTAL, "sw_portal");
    else
        (void)snprintf(scattering->server_portal, SW_SERVER_PORTAL, "sw_portal_%u",
                       ++scattering->session->sessions->last_portal);
    free(scattering->name);
    scattering->name = sw_strdup(portal);
}

static void set_statement(struct sw_scattering *scattering, struct sw_named *named)
{
    const struct sw_prepared *prepared = named->prepared;

    set_text(scattering, named->planned, named->text);
    scattering->types =
        sw_memdup(prepared->types, (size_t)prepared->type_count * sizeof *prepared->types);
    scattering->type_count = prepared->type_count;
    scattering->is_named = prepared->server_name[0] != '\0';
    scattering->statement = sw_named_ref(named);
}

void sw_session_scatter_named(struct sw_session *session, struct sw_named *target,
                              const struct sw_buf *tail)
{
    set_statement(session->scattering, target);
    (void)sw_buf_append(&session->scattering->tail, sw_buf_bytes(tail), sw_buf_len(tail));
}

struct sw_named *sw_session_scatter_portal(struct sw_session *session, struct sw_named *named,
                                           const struct sw_wire_bind *bind)
{
    struct sw_scattering *scattering = session->scattering;

    if (scattering->planned == NULL) {
        set_statement(scattering, named);
        (void)sw_buf_append(&scattering->tail, bind->tail, bind->tail_len);
    } else if (named->statement->kind == SW_STATEMENT_EXECUTE) {
        sw_put_int16(&scattering->tail, (uint16_t)bind->result_count);
        (void)sw_buf_append(&scattering->tail, bind->results, (size_t)bind->result_count * 2);
    } else {
        return sw_scattering_bind_cursor(scattering, named, bind);
    }
    scattering->portal =
        sw_named_create(named->name, named->planned, named->text, NULL, NULL, 0);
    scattering->portal->is_scattered = true;
    scattering->portal->mark = session->txn.mark;
    scattering->portal->scattering = scattering;
    scattering->refs++;
    sw_session_answer_about(session, '2', scattering->portal, SW_ROLE_BOUND, bind->portal);
    sw_scattering_name_portal(scattering, bind->portal);
    sw_named_unref(scattering->portal); /* which the run has now */
    return scattering->portal;
}

/* The run is about the portal, or becomes so if it goes on from an earlier one. */
static bool reach(struct sw_session *session, struct sw_named *named, struct sw_error *err)
{
    struct sw_scattering *scattering = named->scattering;

    if (session->scattering != NULL && session->scattering->portal == named)
        return true;
    if (!sw_scattering_may_stay(session) || is_of_cursor(named->statement) ||
        (!scattering->is_open && !scattering->is_over))
        return sw_scattering_refuse(
            err, "going on with a portal",
            "BEGIN before it; or bind, describe and execute it without Sync between, "
            "and without a limit of rows (fetch size).");
    if (!sw_scattering_has_place(session, err))
        return false;
    scattering->refs++;
    scattering->portal = named;
    session->scattering = scattering;
    return true;
}

bool sw_session_scatter_describe(struct sw_session *session, struct sw_named *named,
                                 struct sw_error *err)
{
    if (!reach(session, named, err))
        return false;
    (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, named, SW_ROLE_SCATTER_COLUMNS, NULL,
                               NULL, 0);
    return true;
}

static bool execute_cursor(struct sw_scattering *scattering, struct sw_named *portal,
                           uint32_t max_rows, struct sw_error *err)
{
    const struct sw_fetch *fetch = portal->statement->fetches;

    if (scattering->declares || scattering->is_fetch || scattering->closes)
        return sw_scattering_refuse(err, "executing a portal again", "Bind it again.");
    if (max_rows > 0 && fetch != NULL && (fetch->rows < 0 || fetch->rows >= max_rows))
        return sw_scattering_refuse(err, "FETCH under a limit of rows",
                                    "Leave one of the two out.");
    return sw_scattering_execute_cursor(scattering, portal->statement, portal, err);
}

bool sw_session_scatter_execute(struct sw_session *session, struct sw_named *named,
                                const char *portal, uint32_t max_rows, struct sw_error *err)
{
    struct sw_scattering *scattering;

    if (!reach(session, named, err))
        return false;
    scattering = session->scattering;
    session->wants_split = scattering->executes && sw_scattering_may_stay(session);
    if (session->wants_split)
        return false;
    if (is_of_cursor(named->statement))
        return execute_cursor(scattering, named, max_rows, err);
    if (scattering->is_cursor)
        return sw_scattering_refuse(err, "Execute of a cursor", "Use FETCH.");
    if (scattering->executes)
        return sw_scattering_refuse(err, "executing a portal again",
                                    "BEGIN before it, or bind it again.");
    if (max_rows > 0 && portal[0] != '\0' && !sw_scattering_may_stay(session))
        return sw_scattering_refuse(
            err, "a limit of rows for a portal with a name",
            "BEGIN before it; or do not set a fetch size, or use LIMIT.");
    scattering->executes = true;
    scattering->max_rows = max_rows;
    scattering->most = max_rows > 0 ? (int64_t)max_rows : -1;
    scattering->given = 0;
    scattering->rounds = 0;
    (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, named, SW_ROLE_SCATTER, portal, NULL,
                               0);
    return true;
}

/* What closes a portal of the run comes behind that anyway; of one that is open it is the run.
 */
bool sw_session_scatter_close(struct sw_session *session, struct sw_named *named,
                              const char *portal, struct sw_error *err)
{
    bool is_of_run = session->scattering != NULL && session->scattering->portal == named;

    if (is_of_cursor(named->statement)) {
        ; /* the cursor stays */
    } else if (!is_of_run && named->scattering->is_open && sw_scattering_may_stay(session)) {
        if (!reach(session, named, err))
            return false;
        session->scattering->closes = true;
    } else if (is_of_run && session->scattering->is_open) {
        session->wants_split = true;
        return false;
    } else if (is_of_run) {
        session->scattering->is_closed = true;
    }
    sw_session_answer_about(session, '3', named, SW_ROLE_CLOSED_PORTAL, portal);
    sw_names_put(&session->portals, portal, NULL);
    return true;
}

void sw_scattering_unref(struct sw_scattering *scattering)
{
    if (scattering == NULL || --scattering->refs > 0)
        return;
    sw_scattering_forget_relief(scattering);
    sw_scattering_forget_copy(scattering);
    sw_scattering_forget_loading(scattering);
    sw_scattering_end_explaining(scattering);
    sw_planned_unref(scattering->around);
    free(scattering->around_text);
    sw_cook_destroy(scattering->cook);
    sw_recipe_unref(scattering->recipe);
    sw_planned_unref(scattering->planned);
    sw_merger_destroy(scattering->merger);
    sw_named_unref(scattering->statement);
    sw_buf_finish(&scattering->tail);
    sw_buf_finish(&scattering->formats);
    sw_buf_finish(&scattering->wanted);
    free(scattering->name);
    free(scattering->types);
    free(scattering->text);
    free(scattering->shards);
    free(scattering);
}

void sw_session_forget_scatter(struct sw_session *session)
{
    struct sw_scattering *scattering = session->scattering;

    if (scattering == NULL)
        return;
    session->scattering = NULL;
    sw_scattering_drop(scattering);
    sw_scattering_forget_loading(scattering);
    sw_scattering_forget_relief(scattering);
    scattering->portal = NULL;
    scattering->executes = scattering->has_begun = scattering->waits = false;
    scattering->has_server = false;
    scattering->closes = scattering->declares = scattering->is_fetch = false;
    scattering->is_move = false;
    scattering->at = 0;
    sw_scattering_unref(scattering);
}
