/*
 * Cursors over several shards: what DECLARE, FETCH, MOVE and CLOSE say of them.
 *
 * A cursor is a portal that goes on (see fetching.c), under the name that the client gave it.
 * Its snapshot is that of DECLARE. The shards hear FETCH from it instead of Execute, since each
 * of the client's FETCHes has formats of its own. It goes forward only.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <stdio.h>
#include <string.h>

bool sw_scattering_is_mute(const struct sw_statement *statement)
{
    return statement->kind == SW_STATEMENT_DECLARE || statement->kind == SW_STATEMENT_CLOSE ||
           (statement->fetches != NULL && statement->fetches->is_move);
}

/* --- which cursor --- */

static bool adopt(struct sw_session *session, struct sw_named *named, struct sw_error *err)
{
    if (!sw_scattering_has_place(session, err))
        return false;
    session->scattering = named->scattering;
    named->scattering->refs++;
    return true;
}

/* CLOSE ALL closes those over several shards first, each in a run of its own. */
static bool close_all(struct sw_session *session)
{
    struct sw_named *named;
    const char *name;
    size_t at = 0;

    while ((named = sw_textmap_next(&session->portals.named, &at, &name)) != NULL) {
        struct sw_error ignored;

        if (!named->is_scattered || sw_scattering_is_mute(named->statement))
            continue;
        if (named->scattering->is_open && adopt(session, named, &ignored)) {
            session->scattering->closes = true;
            session->wants_split = true;
        }
        if (session->wants_split)
            return true;
        sw_names_put(&session->portals, name, NULL);
        at = 0;
    }
    return false;
}

bool sw_session_reach_cursor(struct sw_session *session, const struct sw_statement *statement,
                             bool executes, bool *is_good, struct sw_error *err)
{
    struct sw_named *named;

    *is_good = false;
    if (!executes || statement->kind == SW_STATEMENT_DECLARE)
        return false;
    if (statement->kind == SW_STATEMENT_CLOSE && statement->cursor == NULL)
        return close_all(session);
    named =
        statement->cursor == NULL ? NULL : sw_names_get(&session->portals, statement->cursor);
    if (named == NULL || !named->is_scattered)
        return false;
    if (statement->kind == SW_STATEMENT_CLOSE ||
        (statement->fetches != NULL && (named->is_cursor || statement->fetches->is_move)))
        *is_good = adopt(session, named, err);
    else if (statement->kind == SW_STATEMENT_FETCH)
        (void)sw_scattering_refuse(err, "FETCH from a portal", "Use Execute, or DECLARE.");
    else
        (void)sw_scattering_refuse(err, "WHERE CURRENT OF a cursor", "Use the key of its row.");
    return true;
}

/* --- what is said of it --- */

static void add_answer(struct sw_scattering *scattering, struct sw_named *portal,
                       const char *tag)
{
    struct sw_buf answer;

    sw_buf_init(&answer, 64);
    if (tag != NULL)
        sw_write_command_complete(&answer, tag);
    sw_session_add_about(scattering->session, SW_REQUEST_LOCAL, portal, SW_ROLE_SCATTER,
                         scattering->name, &answer);
    sw_buf_finish(&answer);
}

static bool begin_declare(struct sw_scattering *scattering,
                          const struct sw_statement *statement, struct sw_error *err)
{
    struct sw_session *session = scattering->session;

    if (session->txn.state != SW_TXN_OPEN)
        return sw_error_set(err, "25P01",
                            "DECLARE CURSOR can only be used in transaction blocks");
    if (statement->cursor[0] == '\0')
        return sw_error_set(err, "34000", "invalid cursor name: must not be empty");
    if (!sw_session_check_cursor(session, statement, NULL, 0, err))
        return false;
    scattering->declares = scattering->is_cursor = true;
    scattering->is_binary = statement->declares->is_binary;
    scattering->is_no_scroll = statement->declares->is_no_scroll;
    sw_scattering_name_portal(scattering, statement->cursor);
    return true;
}

static bool refuse_direction(const struct sw_scattering *scattering, struct sw_error *err)
{
    if (!scattering->is_no_scroll)
        return sw_scattering_refuse(err, "FETCH other than forward from a cursor",
                                    "Keep the rows that are needed again.");
    sw_error_set(err, "55000", "cursor can only scan forward");
    sw_error_hint(err, "Declare it with SCROLL option to enable backward scan.");
    return false;
}

static bool read_formats(const struct sw_buf *formats, struct sw_wire_bind *bind)
{
    return sw_wire_read_bind_tail(sw_buf_bytes(formats), sw_buf_len(formats), bind);
}

static void want_formats(struct sw_scattering *scattering, const struct sw_wire_bind *bind)
{
    sw_buf_clear(&scattering->wanted);
    sw_put_int16(&scattering->wanted, 0);
    sw_put_int16(&scattering->wanted, 0);
    if (bind != NULL) {
        sw_put_int16(&scattering->wanted, (uint16_t)bind->result_count);
        (void)sw_buf_append(&scattering->wanted, bind->results, (size_t)bind->result_count * 2);
    } else {
        sw_put_int16(&scattering->wanted, scattering->is_binary);
        if (scattering->is_binary)
            sw_put_int16(&scattering->wanted, 1);
    }
}

static void keep_formats(struct sw_scattering *scattering)
{
    sw_buf_clear(&scattering->formats);
    (void)sw_buf_append(&scattering->formats, sw_buf_bytes(&scattering->wanted),
                        sw_buf_len(&scattering->wanted));
}

/* Rows that are here have the formats of the FETCH that they were asked for. */
static bool choose_formats(struct sw_scattering *scattering, struct sw_error *err)
{
    int count = scattering->recipe->description.column_count;
    struct sw_wire_bind have, want;
    bool is_same = read_formats(&scattering->formats, &have);

    (void)read_formats(&scattering->wanted, &want);
    if (want.result_count > 1 && want.result_count != count)
        return sw_error_set(err, "08P01",
                            "bind message has %d result formats but query has %d columns",
                            want.result_count, count);
    for (int i = 0; i < count && is_same; i++)
        is_same = sw_wire_wants_binary(&have, i) == sw_wire_wants_binary(&want, i);
    if (!is_same && sw_scattering_holds_rows(scattering))
        return sw_scattering_refuse(err, "FETCH in other formats than before from a cursor",
                                    "Fetch from it in one way.");
    keep_formats(scattering);
    return true;
}

static bool begin_fetch(struct sw_scattering *scattering, const struct sw_fetch *fetch,
                        struct sw_error *err)
{
    bool is_on_row = scattering->has_moved && !scattering->is_over;
    bool is_again = fetch->rows == 0 && is_on_row;

    if (fetch->is_other || (is_again && !fetch->is_move))
        return refuse_direction(scattering, err);
    if (!fetch->is_move && !choose_formats(scattering, err))
        return false;
    if (fetch->is_move && sw_buf_len(&scattering->formats) == 0) {
        want_formats(scattering, NULL);
        keep_formats(scattering);
    }
    scattering->is_fetch = scattering->executes = true;
    scattering->is_move = fetch->is_move;
    scattering->skips = fetch->skips;
    scattering->most = is_again ? 1 : fetch->rows;
    scattering->given = is_again;
    scattering->rounds = 0;
    scattering->max_rows = 0;
    return true;
}

bool sw_scattering_execute_cursor(struct sw_scattering *scattering,
                                  const struct sw_statement *statement, struct sw_named *portal,
                                  struct sw_error *err)
{
    if (statement->kind == SW_STATEMENT_DECLARE) {
        if (!begin_declare(scattering, statement, err))
            return false;
        add_answer(scattering, portal, "DECLARE CURSOR");
    } else if (statement->kind == SW_STATEMENT_CLOSE) {
        scattering->closes = true;
        add_answer(scattering, portal, "CLOSE CURSOR");
    } else {
        if (portal == NULL)
            want_formats(scattering, NULL);
        if (!begin_fetch(scattering, statement->fetches, err))
            return false;
        add_answer(scattering, portal, NULL);
    }
    return true;
}

struct sw_named *sw_scattering_bind_cursor(struct sw_scattering *scattering,
                                           const struct sw_named *named,
                                           const struct sw_wire_bind *bind)
{
    struct sw_named *portal =
        sw_named_create(named->name, named->planned, named->text, NULL, NULL, 0);

    want_formats(scattering, bind);
    portal->is_scattered = true;
    portal->scattering = scattering;
    scattering->refs++;
    scattering->portal = portal;
    sw_session_answer_about(scattering->session, '2', portal, SW_ROLE_BOUND, bind->portal);
    sw_named_unref(portal); /* which the run has now */
    return portal;
}

bool sw_session_describe_fetch(struct sw_session *session, struct sw_named *named)
{
    const struct sw_statement *statement = named->statement;
    const struct sw_named *cursor = statement == NULL ||
                                            statement->kind != SW_STATEMENT_FETCH ||
                                            statement->fetches->is_move
                                        ? NULL
                                        : sw_names_get(&session->portals, statement->cursor);
    struct sw_buf bytes;
    size_t start;

    if (cursor == NULL || !cursor->is_scattered || !cursor->is_cursor)
        return false;
    sw_buf_init(&bytes, SW_RUN_LIMIT);
    start = sw_message_begin(&bytes, 't');
    sw_put_int16(&bytes, 0);
    sw_message_end(&bytes, start);
    sw_scattering_write_columns(cursor->scattering, &cursor->scattering->tail, &bytes);
    sw_session_add_about(session, SW_REQUEST_LOCAL, named, SW_ROLE_NONE, NULL, &bytes);
    sw_buf_finish(&bytes);
    return true;
}

/* --- what comes of it --- */

/* Formats of its own it has none. */
static void forget_formats(struct sw_scattering *scattering)
{
    struct sw_wire_bind bind;
    const uint8_t none[2] = {0};
    struct sw_buf tail;

    sw_buf_init(&tail, SW_RUN_LIMIT);
    if (read_formats(&scattering->tail, &bind)) {
        sw_scattering_write_values(&tail, &bind, NULL, 0);
        (void)sw_buf_append(&tail, none, sizeof none);
        sw_buf_clear(&scattering->tail);
        (void)sw_buf_append(&scattering->tail, sw_buf_bytes(&tail), sw_buf_len(&tail));
    }
    sw_buf_finish(&tail);
}

void sw_scattering_declare(struct sw_scattering *scattering)
{
    const struct sw_declaration *declares = scattering->planned->script->statements[0].declares;
    struct sw_error err;

    sw_named_unref(scattering->statement); /* nothing was told of its columns */
    scattering->statement = NULL;
    forget_formats(scattering);
    if (sw_scattering_enter(scattering, declares->at, declares->end, &err))
        sw_scattering_cook(scattering);
    else
        sw_scattering_fail(scattering, &err);
}

void sw_scattering_declared(struct sw_scattering *scattering)
{
    struct sw_session *session = scattering->session;
    struct sw_named *cursor =
        sw_named_create(scattering->name, scattering->planned, scattering->text, NULL, NULL, 0);

    cursor->is_scattered = cursor->is_cursor = true;
    cursor->mark = session->txn.mark;
    cursor->scattering = scattering;
    scattering->refs++;
    sw_names_put(&session->portals, scattering->name, cursor);
    sw_named_unref(cursor);
}

void sw_scattering_closed(struct sw_scattering *scattering)
{
    const struct sw_named *named =
        sw_names_get(&scattering->session->portals, scattering->name);

    scattering->is_open = false;
    if (named != NULL && named->scattering == scattering)
        sw_names_put(&scattering->session->portals, scattering->name, NULL);
}

void sw_scattering_add_fetch(struct sw_scattering *scattering, uint32_t rows)
{
    struct sw_run *run = &scattering->scatter->run;
    struct sw_prepared *prepared;
    struct sw_wire_bind bind;
    struct sw_buf tail;
    char text[96];

    (void)snprintf(text, sizeof text, "FETCH FORWARD %u FROM %s", rows,
                   scattering->server_portal);
    prepared = sw_prepared_create_unnamed(text, NULL, 0);
    prepared->is_fetch = true;
    sw_buf_init(&tail, SW_RUN_LIMIT);
    (void)read_formats(&scattering->formats, &bind);
    sw_put_int16(&tail, 0);
    sw_put_int16(&tail, 0);
    sw_scattering_write_formats(&tail, &bind, scattering->recipe);
    sw_run_add(run, SW_REQUEST_BIND, prepared, "", sw_buf_bytes(&tail), sw_buf_len(&tail))
        ->is_quiet = true;
    sw_buf_finish(&tail);
    sw_run_add(run, SW_REQUEST_EXECUTE, prepared, "", NULL, 0)->is_for_rows = true;
    sw_prepared_unref(prepared);
}
