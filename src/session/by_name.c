/*
 * PREPARE and EXECUTE, said in SQL. Names are the session's, and the same as those of Parse: to
 * PREPARE is to Parse what stands behind AS,
 *
 *      PREPARE s (bigint) AS SELECT ... WHERE id = $1
 *                            SELECT ... WHERE id = $1     parsed as sw_<hash>, bigint
 *
 * with blanks before it, so that errors point where they should. EXECUTE goes to a server that
 * has the statement as sw_<hash>, which it is given first if it lacks it:
 *
 *      EXECUTE s (42)  ->  EXECUTE sw_<hash> (42)
 *
 * so that the server turns the arguments into parameters. Where they are constants they are
 * read here, too, for the route.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/wire/request.h"
#include "shardward/wire/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 24, OID_LEN = 4, OID_NUMERIC = 1700 };

/* --- PREPARE --- */

/* What is prepared, each character where it stands in @text. */
static char *inner_text(const char *text, const struct sw_by_name *by_name)
{
    int blanks = sw_text_characters(text, (size_t)by_name->at),
        len = by_name->end - by_name->at;
    char *inner = sw_alloc((size_t)blanks + (size_t)len + 1);

    memset(inner, ' ', (size_t)blanks);
    memcpy(inner + blanks, text + by_name->at, (size_t)len);
    inner[blanks + len] = '\0';
    return inner;
}

static void put_types(struct sw_buf *out, const struct sw_by_name *by_name)
{
    for (int i = 0; i < by_name->type_count; i++)
        sw_put_int32(out, by_name->types[i]);
}

static bool refuse_filled(struct sw_error *err)
{
    sw_error_set(err, "0A000",
                 "PREPARE of an INSERT that leaves a column to a sequence is not supported");
    sw_error_hint(err, "Write all columns and values, or prepare it by the extended protocol.");
    return false;
}

static bool prepare(struct sw_session *session, const struct sw_statement *statement,
                    const char *inner, struct sw_error *err)
{
    struct sw_planned *planned = sw_session_plan(session, inner, err);
    const struct sw_insertion *insertion =
        planned == NULL ? NULL : sw_planned_insertion(planned);
    struct sw_wire_parse parse = {
        .name = statement->name, .query = inner, .type_count = statement->by_name.type_count};
    struct sw_buf types;
    bool is_good;

    sw_buf_init(&types, SW_RUN_LIMIT);
    put_types(&types, &statement->by_name);
    parse.types = sw_buf_bytes(&types);
    if (insertion != NULL && insertion->id_count > 0)
        is_good = refuse_filled(err);
    else
        is_good = planned != NULL && sw_session_prepare(session, &parse, planned, err);
    sw_buf_finish(&types);
    sw_planned_unref(planned);
    return is_good;
}

static struct sw_request *be_quiet(struct sw_request *request)
{
    request->is_quiet = true;
    return request;
}

bool sw_session_add_prepare(struct sw_session *session, const struct sw_statement *statement,
                            const char *text, struct sw_error *err)
{
    char *inner = inner_text(text, &statement->by_name);
    bool is_good = prepare(session, statement, inner, err);
    struct sw_named *named;
    struct sw_buf answer;

    free(inner);
    if (!is_good)
        return false;
    (void)be_quiet(&session->run.requests[session->run.count - 1]);
    named = sw_names_get(&session->statements, statement->name);
    /* Of which types its parameters are is to be known. */
    (void)be_quiet(sw_session_add_bytes(session, SW_REQUEST_DESCRIBE_STATEMENT, named,
                                        SW_ROLE_NONE, NULL, NULL, 0));
    sw_buf_init(&answer, 64);
    sw_write_command_complete(&answer, "PREPARE");
    sw_session_add_about(session, SW_REQUEST_LOCAL, NULL, SW_ROLE_NONE, NULL, &answer);
    sw_buf_finish(&answer);
    return true;
}

/* --- the arguments of EXECUTE --- */

static bool is_int(uint32_t type)
{
    return type == SW_OID_INT2 || type == SW_OID_INT4 || type == SW_OID_INT8;
}

/* Is @value, cast in the text, the same when the server has made a parameter of @type of it? */
static bool keeps_value(const struct sw_value *value, uint32_t type)
{
    switch (value->cast) {
    case SW_CAST_NONE:
        return true;
    case SW_CAST_INT2:
    case SW_CAST_INT4:
    case SW_CAST_INT8:
        return is_int(type);
    case SW_CAST_TEXT:
        return type == SW_OID_TEXT || type == SW_OID_VARCHAR;
    case SW_CAST_UUID:
        return type == SW_OID_UUID;
    case SW_CAST_DATE:
        return type == SW_OID_DATE && value->kind == SW_VALUE_STRING;
    case SW_CAST_TIMESTAMP:
        return type == SW_OID_TIMESTAMP;
    case SW_CAST_TIMESTAMPTZ:
        return type == SW_OID_TIMESTAMPTZ;
    }
    return false;
}

/* @digits: room for a number. */
static struct sw_parameter read_argument(const struct sw_value *value, uint32_t type,
                                         char *digits)
{
    struct sw_parameter parameter = {.is_unknown = true};

    if (value->kind == SW_VALUE_NULL) {
        parameter.is_unknown = false;
    } else if (value->kind == SW_VALUE_INTEGER && keeps_value(value, type)) {
        parameter.len = (size_t)snprintf(digits, DIGITS, "%" PRId64, value->integer);
        parameter.bytes = (const uint8_t *)digits;
        parameter.is_unknown = false;
    } else if (value->kind == SW_VALUE_STRING && keeps_value(value, type)) {
        parameter.len = value->text_len;
        parameter.bytes = (const uint8_t *)value->text;
        parameter.is_unknown = false;
    }
    return parameter;
}

/* Is the integer, written as a text, the same parameter that EXECUTE would make of it? */
static bool takes_integer(uint32_t type)
{
    return is_int(type) || type == OID_NUMERIC || type == SW_OID_TEXT || type == SW_OID_VARCHAR;
}

static bool is_bindable(const struct sw_value *argument, const struct sw_parameter *value,
                        uint32_t type)
{
    return !value->is_unknown && (argument->kind != SW_VALUE_INTEGER || takes_integer(type));
}

/* Several shards are bound to the arguments as if they had come with Bind. */
static bool bind_arguments(struct sw_session *session, struct sw_named *target,
                           const struct sw_by_name *by_name, const struct sw_parameter *values,
                           struct sw_error *err)
{
    struct sw_buf tail;

    for (int i = 0; i < by_name->argument_count; i++)
        if (!is_bindable(&by_name->arguments[i], &values[i],
                         i < target->type_count ? target->types[i] : 0)) {
            sw_session_forget_scatter(session);
            sw_error_set(err, "0A000",
                         "EXECUTE over several shards with an argument that is no constant of "
                         "its parameter's type is not supported");
            sw_error_hint(err, "Write the argument as a literal, or bind it.");
            return false;
        }
    sw_buf_init(&tail, SW_RUN_LIMIT);
    sw_put_int16(&tail, 0);
    sw_put_int16(&tail, (uint16_t)by_name->argument_count);
    for (int i = 0; i < by_name->argument_count; i++) {
        sw_put_int32(&tail, values[i].bytes == NULL ? UINT32_MAX : (uint32_t)values[i].len);
        if (values[i].bytes != NULL)
            (void)sw_buf_append(&tail, values[i].bytes, values[i].len);
    }
    sw_session_scatter_named(session, target, &tail);
    sw_buf_finish(&tail);
    return true;
}

static bool aim_by_arguments(struct sw_session *session, struct sw_named *target,
                             const struct sw_by_name *by_name, bool executes,
                             struct sw_error *err)
{
    size_t count = (size_t)by_name->argument_count;
    struct sw_parameter *values = sw_alloc_zero(count + 1, sizeof *values);
    char *digits = sw_alloc((count + 1) * DIGITS);
    int hint = target->hint;
    const struct sw_parameters parameters = {.values = values,
                                             .count = by_name->argument_count,
                                             .types = target->types,
                                             .type_count = target->type_count};
    bool is_aimed;

    if (session->reads.hint != SW_READ_UNSAID) /* that of EXECUTE itself */
        target->hint = session->reads.hint;
    for (size_t i = 0; i < count; i++)
        values[i] = read_argument(&by_name->arguments[i],
                                  (int)i < target->type_count ? target->types[i] : 0,
                                  digits + i * DIGITS);
    is_aimed =
        sw_session_aim_named(session, target, &parameters, executes, err) &&
        (session->scattering == NULL || bind_arguments(session, target, by_name, values, err));
    target->hint = hint;
    free(digits);
    free(values);
    return is_aimed;
}

/* --- EXECUTE --- */

/* PostgreSQL prepares nothing else by SQL. */
static bool is_plain_query(const struct sw_named *target)
{
    const struct sw_statement *statement = target->statement;

    return statement != NULL && target->prepared != NULL && statement->setting_count == 0 &&
           statement->makes == NULL &&
           (statement->kind == SW_STATEMENT_SELECT || statement->writes);
}

static bool check_target(const struct sw_named *target, const struct sw_statement *execute,
                         struct sw_error *err)
{
    const struct sw_statement *statement = target->statement;
    int used = statement == NULL ? 0 : statement->parameter_count;
    int expected = used > target->type_count ? used : target->type_count;

    if (!is_plain_query(target))
        return sw_error_set(err, "0A000",
                            "EXECUTE of \"%s\", which is no plain query, is not supported",
                            execute->name);
    if (target->filled != NULL)
        return sw_error_set(err, "0A000",
                            "EXECUTE of \"%s\", which leaves a column to a sequence, is not "
                            "supported",
                            execute->name);
    if (execute->by_name.argument_count == expected)
        return true;
    sw_error_set(err, "42601", "wrong number of parameters for prepared statement \"%s\"",
                 execute->name);
    sw_error_detail(err, "Expected %d parameters but got %d.", expected,
                    execute->by_name.argument_count);
    return false;
}

/* EXECUTE of the name that servers know. */
static void give_name(struct sw_named *named, struct sw_prepared *target)
{
    const struct sw_by_name *by_name = &named->statement->by_name;
    struct sw_splice_piece *piece = sw_alloc(sizeof *piece);
    struct sw_buf text;

    sw_buf_init(&text, SW_RUN_LIMIT);
    (void)sw_buf_append(&text, named->text, (size_t)by_name->at);
    (void)sw_buf_append_text(&text, target->server_name);
    (void)sw_buf_append(&text, named->text + by_name->end,
                        strlen(named->text + by_name->end) + 1);
    sw_prepared_unref(named->prepared);
    named->prepared = sw_prepared_create_naming((const char *)sw_buf_bytes(&text), target);
    sw_buf_finish(&text);
    sw_splice_clear(&named->splice);
    *piece = (struct sw_splice_piece){
        .at = sw_text_characters(named->text, (size_t)by_name->at),
        .removed =
            sw_text_characters(named->text + by_name->at, (size_t)(by_name->end - by_name->at)),
        .added = (int)strlen(target->server_name)};
    named->splice = (struct sw_splice){.pieces = piece, .count = 1};
}

/* A name that is not known is none on any server either, if it is not one of ours there. */
static bool aim_unknown(struct sw_session *session, struct sw_named *named, bool executes,
                        struct sw_error *err)
{
    const struct sw_parameters none = {.values = NULL};
    const char *name = named->statement->name;

    if (strncmp(name, "sw_", 3) == 0)
        return sw_error_set(err, "26000", "prepared statement \"%s\" does not exist", name);
    sw_prepared_unref(named->prepared);
    named->prepared = sw_prepared_create_unnamed(named->text, NULL, 0);
    sw_splice_clear(&named->splice);
    return sw_session_aim(session, named->statement, named->planned->plan, &none, executes,
                          err);
}

bool sw_session_aim_execute(struct sw_session *session, struct sw_named *named, bool executes,
                            struct sw_error *err)
{
    const struct sw_statement *statement = named->statement;
    struct sw_named *target = sw_names_get(&session->statements, statement->name);

    if (target == NULL)
        return aim_unknown(session, named, executes, err);
    if (!check_target(target, statement, err) ||
        !aim_by_arguments(session, target, &statement->by_name, executes, err))
        return false;
    if (session->scattering == NULL)
        give_name(named, target->prepared);
    return true;
}

bool sw_session_add_execute(struct sw_session *session, const char *text, struct sw_error *err)
{
    static const uint8_t no_parameters[6] = {0};
    struct sw_named *named = sw_named_create("", session->planned, text, NULL, NULL, 0);
    bool is_good;

    session->may_scatter = sw_session_may_be_several(named->statement);
    is_good = sw_session_aim_execute(session, named, true, err);
    session->may_scatter = false;
    if (is_good && session->scattering != NULL) {
        is_good = sw_session_scatter_query(session, named->statement, text, err);
    } else if (is_good) {
        (void)be_quiet(sw_session_add_bytes(session, SW_REQUEST_PARSE, named, SW_ROLE_NONE,
                                            NULL, NULL, 0));
        (void)be_quiet(sw_session_add_bytes(session, SW_REQUEST_BIND, named, SW_ROLE_NONE, "",
                                            no_parameters, sizeof no_parameters));
        (void)be_quiet(sw_session_add_bytes(session, SW_REQUEST_DESCRIBE_PORTAL, named,
                                            SW_ROLE_NONE, "", NULL, 0));
        (void)be_quiet(sw_session_add_bytes(session, SW_REQUEST_EXECUTE, named, SW_ROLE_NONE,
                                            "", NULL, 0));
    }
    sw_named_unref(named);
    return is_good;
}
