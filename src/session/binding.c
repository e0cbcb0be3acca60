/*
 * Bind: which shard its values lead to, and what is sent there.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/request.h"
#include "shardward/wire/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FEW_VALUES = 32 }; /* of a Bind, that need no memory of their own */

struct sw_named *sw_session_find_statement(const struct sw_session *session, const char *name,
                                           struct sw_error *err)
{
    struct sw_named *named = sw_names_get(&session->statements, name);

    if (named == NULL && name[0] == '\0')
        sw_error_set(err, "26000", "unnamed prepared statement does not exist");
    else if (named == NULL)
        sw_error_set(err, "26000", "prepared statement \"%s\" does not exist", name);
    return named;
}

static void read_values(const struct sw_wire_bind *bind, struct sw_parameter *values)
{
    const uint8_t *at = bind->values;
    struct sw_wire_value value;
    int index = 0;

    for (int i = 0; sw_wire_bind_next(bind, &at, &index, &value); i++)
        values[i] = (struct sw_parameter){
            .bytes = value.bytes, .len = value.len, .is_binary = value.is_binary};
}

struct sw_parameters sw_scattering_parameters(const struct sw_scattering *scattering,
                                              struct sw_wire_bind *bind,
                                              struct sw_parameter **values)
{
    const struct sw_description *description = &scattering->recipe->description;

    (void)sw_wire_read_bind_tail(sw_buf_bytes(&scattering->tail), sw_buf_len(&scattering->tail),
                                 bind);
    *values = sw_alloc_zero((size_t)bind->value_count + 1, sizeof **values);
    read_values(bind, *values);
    return (struct sw_parameters){.values = *values,
                                  .count = bind->value_count,
                                  .types = description->parameters,
                                  .type_count = description->parameter_count};
}

/* Route by the values bound; a type that was declared or learned tells how to read them. */
static bool aim_bound(struct sw_session *session, struct sw_named *named,
                      const struct sw_wire_bind *bind, const int64_t *ids, struct sw_error *err)
{
    struct sw_parameter few[FEW_VALUES];
    struct sw_parameter *many = bind->value_count <= FEW_VALUES
                                    ? NULL
                                    : sw_alloc((size_t)bind->value_count * sizeof *many);
    struct sw_parameter *values = many == NULL ? few : many;
    struct sw_parameters parameters = {
        .values = values,
        .count = bind->value_count,
        .types = named->types,
        .type_count = named->type_count,
        .ids = ids,
    };
    bool is_aimed;

    read_values(bind, values);
    /* A portal with a name may be asked for more rows after Sync. */
    session->target.stays |= bind->portal[0] != '\0';
    session->may_scatter = sw_session_may_be_several(named->statement);
    is_aimed = sw_session_aim_named(session, named, &parameters, true, err);
    session->may_scatter = false;
    free(many);
    return is_aimed;
}

static bool check_parameter_count(const struct sw_named *named, const struct sw_wire_bind *bind,
                                  struct sw_error *err)
{
    int used = named->statement == NULL ? 0 : named->statement->parameter_count;
    int required = used > named->type_count ? used : named->type_count;

    return bind->value_count == required ||
           sw_error_set(err, "08P01",
                        "bind message supplies %d parameters, but prepared statement \"%s\" "
                        "requires %d",
                        bind->value_count, named->name, required);
}

static bool check_portal(const struct sw_session *session, const struct sw_named *named,
                         const struct sw_wire_bind *bind, struct sw_error *err)
{
    const struct sw_named *before = sw_names_get(&session->portals, bind->portal);

    if (named->statement == NULL && session->txn.state == SW_TXN_FAILED)
        return sw_error_set(err, "25P02",
                            "current transaction is aborted, commands ignored until end of "
                            "transaction block");
    if (bind->portal[0] == '\0' || before == NULL)
        return true;
    return sw_error_set(err, "42P03", "cursor \"%s\" already exists", bind->portal);
}

/* The portal exists from now on; what was there before comes back if the Bind is skipped. */
static void note_bound(struct sw_session *session, const char *portal, struct sw_named *named)
{
    struct sw_named *before = sw_names_get(&session->portals, portal);

    if (before != NULL)
        session->run.requests[session->run.count - 1].before = sw_named_ref(before);
    sw_names_put(&session->portals, portal, named);
}

/* Our numbers are texts, behind the client's values. */
static void write_filled_tail(struct sw_buf *out, const struct sw_wire_bind *bind,
                              const int64_t *ids, int id_count)
{
    const uint8_t *end = bind->values;
    struct sw_wire_value value;
    int index = 0;

    sw_put_int16(out, (uint16_t)(bind->format_count == 0 ? 0 : bind->value_count + id_count));
    for (const uint8_t *at = bind->values; sw_wire_bind_next(bind, &at, &index, &value);
         end = at)
        if (bind->format_count > 0)
            sw_put_int16(out, value.is_binary);
    for (int i = 0; i < id_count && bind->format_count > 0; i++)
        sw_put_int16(out, 0);
    sw_put_int16(out, (uint16_t)(bind->value_count + id_count));
    (void)sw_buf_append(out, bind->values, (size_t)(end - bind->values));
    for (int i = 0; i < id_count; i++) {
        char digits[32];
        int len = snprintf(digits, sizeof digits, "%" PRId64, ids[i]);

        sw_put_int32(out, (uint32_t)len);
        (void)sw_buf_append(out, digits, (size_t)len);
    }
    (void)sw_buf_append(out, end, (size_t)(bind->tail + bind->tail_len - end));
}

static void add_filled(struct sw_session *session, const struct sw_wire_bind *bind,
                       struct sw_named *named, const int64_t *ids)
{
    struct sw_request *request;
    struct sw_buf tail;

    sw_buf_init(&tail, SW_RUN_LIMIT);
    write_filled_tail(&tail, bind, ids, sw_planned_insertion(named->planned)->id_count);
    request = sw_session_add_bytes(session, SW_REQUEST_BIND, named, SW_ROLE_BOUND, bind->portal,
                                   sw_buf_bytes(&tail), sw_buf_len(&tail));
    sw_prepared_unref(request->prepared);
    request->prepared = sw_prepared_ref(named->filled);
    sw_buf_finish(&tail);
    note_bound(session, bind->portal, named);
}

/* False without an error, and takes_again: the numbers are still to come. */
static bool add_filled_bind(struct sw_session *session, struct sw_named *named,
                            const struct sw_wire_bind *bind, struct sw_error *err)
{
    const int64_t *ids;
    bool is_aimed;

    if (!sw_session_renew_named(session, named, err) ||
        sw_session_draw(session, named->planned, &ids, err) != SW_DRAWN)
        return false;
    is_aimed = aim_bound(session, named, bind, ids, err);
    if (is_aimed)
        add_filled(session, bind, named, ids);
    sw_session_use_drawn(session);
    return is_aimed;
}

bool sw_session_bind_portal(struct sw_session *session, const struct sw_wire_bind *bind,
                            struct sw_error *err)
{
    struct sw_named *named = sw_session_find_statement(session, bind->statement, err);

    if (named == NULL || !sw_session_may_run(session, named->statement, err) ||
        !check_parameter_count(named, bind, err) || !check_portal(session, named, bind, err))
        return false;
    if (named->prepared == NULL) {
        sw_session_answer_about(session, '2', named, SW_ROLE_BOUND, bind->portal);
        note_bound(session, bind->portal, named);
        return true;
    }
    if (named->filled != NULL)
        return add_filled_bind(session, named, bind, err);
    if (!aim_bound(session, named, bind, NULL, err))
        return false;
    if (session->scattering != NULL) {
        note_bound(session, bind->portal, sw_session_scatter_portal(session, named, bind));
        return true;
    }
    (void)sw_session_add_bytes(session, SW_REQUEST_BIND, named, SW_ROLE_BOUND, bind->portal,
                               bind->tail, bind->tail_len);
    note_bound(session, bind->portal, named);
    return true;
}
