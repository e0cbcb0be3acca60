/*
 * Cursors: portals that DECLARE makes on the shard of its query. They share their names with
 * those of Bind, and their lives: until they are closed, until the transaction ends, or goes
 * back to a savepoint from before them. Those WITH HOLD stay when it is committed, on a server
 * that the session keeps for them.
 *
 * A simple query has made its cursors when it is over; a batch counts on them as soon as their
 * Execute is collected, and undoes that if the server skips it.
 */
#include "internal.h"

#include <string.h>

static bool closes(const struct sw_statement *statement, const char *cursor, bool is_held)
{
    return (sw_ends_transaction(statement) && !is_held) ||
           (statement->kind == SW_STATEMENT_CLOSE &&
            (statement->cursor == NULL || strcmp(statement->cursor, cursor) == 0));
}

bool sw_session_check_cursor(const struct sw_session *session,
                             const struct sw_statement *statement,
                             const struct sw_statement *before, int count, struct sw_error *err)
{
    const struct sw_named *named =
        statement->kind != SW_STATEMENT_DECLARE || statement->cursor[0] == '\0'
            ? NULL
            : sw_names_get(&session->portals, statement->cursor);

    if (named == NULL)
        return true;
    for (int i = 0; i < count; i++)
        if (closes(&before[i], statement->cursor, named->is_held))
            return true;
    return sw_error_set(err, "42P03", "cursor \"%s\" already exists", statement->cursor);
}

/* @text: of its DECLARE @statement, which @planned is about. */
static struct sw_named *make_cursor(const struct sw_statement *statement,
                                    struct sw_planned *planned, const char *text)
{
    struct sw_prepared *prepared = sw_prepared_create_unnamed(text, NULL, 0);
    struct sw_named *cursor =
        sw_named_create(statement->cursor, planned, text, prepared, NULL, 0);

    cursor->is_cursor = prepared->is_cursor = true;
    cursor->is_held = (statement->leaves & SW_LEFT_CURSORS) != 0;
    sw_prepared_unref(prepared);
    return cursor;
}

static void declare(struct sw_session *session, const struct sw_statement *statement)
{
    const struct sw_request *last = &session->run.requests[session->run.count - 1];
    struct sw_named *cursor =
        make_cursor(statement, session->planned, sw_run_text(&session->run, last));

    cursor->shard = session->running->shard;
    cursor->mark = session->txn.mark;
    sw_names_put(&session->portals, statement->cursor, cursor);
    sw_named_unref(cursor);
}

void sw_session_follow_cursors(struct sw_session *session)
{
    const struct sw_script *script = session->planned == NULL ? NULL : session->planned->script;

    for (int i = 0; script != NULL && i < script->count; i++) {
        const struct sw_statement *statement = &script->statements[i];

        if (sw_ends_transaction(statement))
            sw_session_clear_portals(session);
        else if (statement->kind == SW_STATEMENT_DECLARE)
            declare(session, statement);
        else if (statement->kind == SW_STATEMENT_CLOSE && statement->cursor != NULL)
            sw_names_put(&session->portals, statement->cursor, NULL);
        else if (statement->kind == SW_STATEMENT_CLOSE)
            sw_names_clear_named(&session->portals);
    }
}

static void add_note(struct sw_session *session, struct sw_named *named,
                     enum sw_request_role role, const char *name)
{
    (void)sw_session_add_bytes(session, SW_REQUEST_LOCAL, named, role, name, NULL, 0);
}

static void add_closed(struct sw_session *session, const char *name)
{
    struct sw_named *named = sw_names_get(&session->portals, name);

    if (named == NULL)
        return;
    add_note(session, named, SW_ROLE_CLOSED_PORTAL, name);
    sw_names_put(&session->portals, name, NULL);
}

/* All but the one that says so. */
static void add_all_closed(struct sw_session *session, const char *portal)
{
    const char *name;
    size_t at = 0;

    while (sw_textmap_next(&session->portals.named, &at, &name) != NULL) {
        if (strcmp(name, portal) == 0)
            continue;
        add_closed(session, name);
        at = 0;
    }
}

void sw_session_add_cursors(struct sw_session *session, struct sw_named *named,
                            const char *portal)
{
    const struct sw_statement *statement = named->statement;
    struct sw_named *cursor;

    if (statement->kind == SW_STATEMENT_CLOSE && statement->cursor == NULL)
        add_all_closed(session, portal);
    else if (statement->kind == SW_STATEMENT_CLOSE)
        add_closed(session, statement->cursor);
    if (statement->kind != SW_STATEMENT_DECLARE || statement->cursor[0] == '\0')
        return;
    cursor = make_cursor(statement, named->planned, named->text);
    add_note(session, cursor, SW_ROLE_BOUND, statement->cursor);
    sw_names_put(&session->portals, statement->cursor, cursor);
    sw_named_unref(cursor);
}

static bool has_held(const struct sw_session *session)
{
    const struct sw_named *named;
    size_t at = 0;

    if (session->portals.named.count == 0)
        return false;
    while ((named = sw_textmap_next(&session->portals.named, &at, NULL)) != NULL)
        if (named->is_held)
            return true;
    return false;
}

void sw_session_clear_portals(struct sw_session *session)
{
    const struct sw_named *named;
    const char *name;
    size_t at = 0;

    if (!has_held(session)) {
        sw_names_clear(&session->portals);
        return;
    }
    sw_names_put(&session->portals, "", NULL);
    while ((named = sw_textmap_next(&session->portals.named, &at, &name)) != NULL) {
        if (named->is_held)
            continue;
        sw_names_put(&session->portals, name, NULL);
        at = 0;
    }
}

void sw_session_settle_cursors(struct sw_session *session, bool is_committed)
{
    struct sw_named *named;
    const char *name;
    size_t at = 0;

    if (session->portals.named.count == 0)
        return;
    while ((named = sw_textmap_next(&session->portals.named, &at, &name)) != NULL) {
        if (!named->is_held || named->is_persistent)
            continue;
        if (is_committed) {
            named->is_persistent = true;
            named->mark = 0;
        } else {
            sw_names_put(&session->portals, name, NULL);
            at = 0;
        }
    }
}

bool sw_session_holds_cursor(const struct sw_session *session, const struct sw_shard *shard)
{
    const struct sw_named *named;
    size_t at = 0;

    while ((named = sw_textmap_next(&session->portals.named, &at, NULL)) != NULL)
        if (named->is_held && named->shard == shard)
            return true;
    return false;
}

void sw_session_forget_portals_from(struct sw_session *session, int mark)
{
    const struct sw_named *named;
    const char *name;
    size_t at = 0;

    while ((named = sw_textmap_next(&session->portals.named, &at, &name)) != NULL) {
        if (named->mark < mark || named->is_persistent)
            continue;
        sw_names_put(&session->portals, name, NULL);
        at = 0;
    }
}
