/*
 * EXPLAIN of a query over several shards: how it would be answered, and what each of its shards
 * says of its part.
 *
 *   cooking --> shard 0 --> shard 1 ... --> who finishes --> answered
 *                                 |              ^
 *                    ANALYZE:     +--gathering---+
 *
 * The shards explain the text that they would be asked, one after the other. Who would finish
 * explains that, with arrays that are empty; with ANALYZE those are gathered first, by the same
 * text once more, since EXPLAIN gives no rows.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <stdio.h>
#include <string.h>

enum { OID_TEXT = 25, LINES_LIMIT = 1 << 24 };

/* --- lines --- */

static void add_row(struct sw_explaining *explaining, const char *indent, const char *line,
                    size_t len)
{
    size_t start = sw_message_begin(&explaining->rows, 'D');

    sw_put_int16(&explaining->rows, 1);
    sw_put_int32(&explaining->rows, (uint32_t)(strlen(indent) + len));
    (void)sw_buf_append_text(&explaining->rows, indent);
    (void)sw_buf_append(&explaining->rows, line, len);
    sw_message_end(&explaining->rows, start);
    explaining->count++;
}

/* A row for each line. */
static void add_lines(struct sw_explaining *explaining, const char *indent, const char *text,
                      size_t len)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end == NULL ? len : (size_t)(end - text);

        add_row(explaining, indent, text, line);
        line += end != NULL;
        text += line;
        len -= line;
    }
}

static bool print_way(struct sw_scattering *scattering, struct sw_error *err)
{
    const struct sw_planned *planned = scattering->planned;
    struct sw_parameter *values;
    struct sw_wire_bind bind;
    struct sw_parameters parameters = sw_scattering_parameters(scattering, &bind, &values);
    struct sw_buf lines;
    bool is_good;

    sw_buf_init(&lines, LINES_LIMIT);
    is_good = sw_plan_explain(&planned->context, planned->script, scattering->text, 0,
                              &parameters, &lines, err);
    if (is_good) {
        sw_recipe_print(scattering->recipe, sw_scattering_text(scattering), &lines);
        add_lines(scattering->explaining, "", (const char *)sw_buf_bytes(&lines),
                  sw_buf_len(&lines));
    }
    sw_buf_finish(&lines);
    free(values);
    return is_good;
}

/* --- asking --- */

static void refuse(struct sw_scattering *scattering, const char *what, const char *hint)
{
    struct sw_error err;

    sw_error_set(&err, "0A000", "EXPLAIN %s over several shards is not supported", what);
    sw_error_hint(&err, "%s", hint);
    sw_scattering_fail(scattering, &err);
}

void sw_scattering_explain(struct sw_scattering *scattering)
{
    const struct sw_explain *explain = scattering->planned->script->statements[0].explains;
    struct sw_error err;

    scattering->explaining = sw_alloc_zero(1, sizeof *scattering->explaining);
    scattering->explaining->explain = explain;
    sw_buf_init(&scattering->explaining->rows, SW_RUN_LIMIT);
    if (explain->end == 0)
        refuse(scattering, "of a cursor", "Explain its query.");
    else if (!explain->is_text)
        refuse(scattering, "in such a format", "Leave FORMAT out.");
    else if (!sw_scattering_enter(scattering, explain->at, explain->end, &err))
        sw_scattering_fail(scattering, &err);
    else
        sw_scattering_cook(scattering);
}

void sw_scattering_end_explaining(struct sw_scattering *scattering)
{
    if (scattering->explaining == NULL)
        return;
    sw_buf_finish(&scattering->explaining->rows);
    free(scattering->explaining);
    scattering->explaining = NULL;
}

void sw_scattering_forget_plans(struct sw_scattering *scattering)
{
    struct sw_explaining *explaining = scattering->explaining;

    sw_buf_clear(&explaining->rows);
    explaining->has_begun = explaining->has_asked = false;
    explaining->at = 0;
    explaining->count = 0;
}

char *sw_scattering_explained(const struct sw_scattering *scattering, const char *text)
{
    return sw_format("%.*s%s", scattering->explaining->explain->at, scattering->around_text,
                     text);
}

static void ask(struct sw_scattering *scattering, int shard)
{
    const struct sw_description *description = &scattering->recipe->description;
    struct sw_scatter *scatter = sw_scattering_spread(scattering, shard, 1);
    char *text = sw_scattering_explained(scattering, sw_scattering_text(scattering));
    struct sw_prepared *prepared =
        sw_prepared_create_unnamed(text, description->parameters, description->parameter_count);
    struct sw_wire_bind bind;
    struct sw_buf tail;

    (void)sw_wire_read_bind_tail(sw_buf_bytes(&scattering->tail), sw_buf_len(&scattering->tail),
                                 &bind);
    sw_buf_init(&tail, SW_RUN_LIMIT);
    sw_scattering_write_values(&tail, &bind, NULL, 0);
    sw_put_int16(&tail, 0);
    sw_scattering_fill(&scatter->run, prepared, &tail, 0);
    sw_buf_finish(&tail);
    free(text);
    sw_scatter_start(scatter);
}

void sw_scattering_explain_on(struct sw_scattering *scattering)
{
    struct sw_explaining *explaining = scattering->explaining;
    struct sw_error err;

    if (!explaining->has_begun && !print_way(scattering, &err)) {
        sw_scattering_fail(scattering, &err);
        return;
    }
    explaining->has_begun = true;
    explaining->has_asked = explaining->at == scattering->count;
    if (!explaining->has_asked)
        ask(scattering, explaining->at);
    else if (scattering->recipe->finish == NULL)
        sw_scattering_conclude(scattering);
    else if (explaining->explain->runs)
        sw_scattering_gather(scattering);
    else
        sw_scattering_finish(scattering);
}

/* --- hearing --- */

bool sw_scattering_awaits_plan(const struct sw_scattering *scattering)
{
    return scattering->explaining != NULL &&
           (!scattering->explaining->has_asked || scattering->finishes);
}

static void add_heading(struct sw_scattering *scattering)
{
    struct sw_explaining *explaining = scattering->explaining;
    int at = scattering->finishes ? sw_scattering_finisher(scattering) : explaining->at;
    char line[200];

    (void)snprintf(line, sizeof line, "%.63s%s:", scattering->shards[at]->name,
                   scattering->finishes ? ", of what was gathered" : "");
    add_row(explaining, "", line, strlen(line));
}

void sw_scattering_hear_plan(struct sw_scattering *scattering)
{
    const struct sw_buf *said = &scattering->scatter->said;
    const uint8_t *at = sw_buf_bytes(said);
    size_t left = sw_buf_len(said), len;
    const uint8_t *line;
    struct sw_frame frame;

    add_heading(scattering);
    while (sw_frame_next(at, left, left, &frame) == SW_FRAME_WHOLE) {
        if (frame.type == 'D' && sw_wire_read_column(&frame, 0, &line, &len) && line != NULL)
            add_row(scattering->explaining, "  ", (const char *)line, len);
        at += frame.size;
        left -= frame.size;
    }
    sw_scattering_settle(scattering, -1);
    if (scattering->finishes) {
        sw_scattering_conclude(scattering);
        return;
    }
    scattering->explaining->at++;
    sw_scattering_explain_on(scattering);
}

/* --- the answer --- */

void sw_scattering_describe_plan(struct sw_scattering *scattering)
{
    struct sw_buf *out = sw_session_out(scattering->session);
    size_t start = sw_message_begin(out, 'T');
    struct sw_wire_bind bind;

    (void)sw_wire_read_bind_tail(sw_buf_bytes(&scattering->tail), sw_buf_len(&scattering->tail),
                                 &bind);
    sw_put_int16(out, 1);
    sw_put_text(out, "QUERY PLAN");
    sw_put_int32(out, 0);
    sw_put_int16(out, 0);
    sw_put_int32(out, OID_TEXT);
    sw_put_int16(out, UINT16_MAX);
    sw_put_int32(out, UINT32_MAX);
    sw_put_int16(out, sw_wire_wants_binary(&bind, 0));
    sw_message_end(out, start);
}

/* The first rows, as many as a limit leaves. */
static size_t limited(const struct sw_scattering *scattering)
{
    const struct sw_buf *rows = &scattering->explaining->rows;
    const uint8_t *bytes = sw_buf_bytes(rows);
    size_t left = sw_buf_len(rows), at = 0;
    struct sw_frame frame;

    for (uint32_t i = 0; i < scattering->max_rows; i++) {
        if (sw_frame_next(bytes + at, left - at, left - at, &frame) != SW_FRAME_WHOLE)
            break;
        at += frame.size;
    }
    return scattering->max_rows == 0 ? left : at;
}

void sw_scattering_end_plan(struct sw_scattering *scattering)
{
    const struct sw_explaining *explaining = scattering->explaining;
    struct sw_buf *out = sw_session_out(scattering->session);

    (void)sw_buf_append(out, sw_buf_bytes(&explaining->rows), limited(scattering));
    if (scattering->max_rows > 0 && explaining->count >= scattering->max_rows)
        sw_write_empty(out, 's');
    else
        sw_write_command_complete(out, "EXPLAIN");
}
