/*
 * The recipe of a statement over several shards: made in dialogue with the first of them, which
 * is needed anyway, and kept with what was planned of the text.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <string.h>

/* --- asking --- */

static void add_describe(struct sw_scatter *scatter, struct sw_prepared *prepared)
{
    sw_run_add(&scatter->run, SW_REQUEST_PARSE, prepared, NULL, NULL, 0)->is_quiet = true;
    (void)sw_run_add(&scatter->run, SW_REQUEST_DESCRIBE_STATEMENT, prepared, NULL, NULL, 0);
}

/* All values are NULL; what it gives are texts. */
static void add_row(struct sw_scatter *scatter, struct sw_prepared *prepared)
{
    struct sw_buf tail;

    sw_buf_init(&tail, SW_RUN_LIMIT);
    sw_put_int16(&tail, 0);
    sw_put_int16(&tail, (uint16_t)prepared->type_count);
    for (int i = 0; i < prepared->type_count; i++)
        sw_put_int32(&tail, UINT32_MAX);
    sw_put_int16(&tail, 0);
    sw_run_add(&scatter->run, SW_REQUEST_BIND, prepared, "", sw_buf_bytes(&tail),
               sw_buf_len(&tail))
        ->is_quiet = true;
    sw_buf_finish(&tail);
    sw_run_add(&scatter->run, SW_REQUEST_EXECUTE, prepared, "", NULL, 0)->is_for_rows = true;
}

static void ask(struct sw_scattering *scattering, const struct sw_question *question)
{
    struct sw_scatter *scatter = sw_scattering_spread(scattering, 0, 1);
    struct sw_prepared *prepared = sw_prepared_create_unnamed(
        question->text, question->parameters, question->parameter_count);

    scattering->asks_clients_text = question->is_clients;
    if (question->kind == SW_QUESTION_DESCRIBE)
        add_describe(scatter, prepared);
    else
        add_row(scatter, prepared);
    (void)sw_run_add(&scatter->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    sw_prepared_unref(prepared);
    sw_scatter_start(scatter);
}

/* --- hearing --- */

static bool is_broken(struct sw_error *err)
{
    return sw_error_set(err, "08P01", "a server's answer cannot be read");
}

static bool read_parameters(const struct sw_frame *frame, struct sw_description *description)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    int count = sw_cursor_int16(&cursor);
    uint32_t *types = sw_alloc_zero((size_t)count + 1, sizeof *types);

    for (int i = 0; i < count; i++)
        types[i] = sw_cursor_int32(&cursor);
    description->parameters = types;
    description->parameter_count = count;
    return !cursor.is_bad;
}

static bool next_message(const uint8_t **at, size_t *len, struct sw_frame *frame)
{
    if (sw_frame_next(*at, *len, *len, frame) != SW_FRAME_WHOLE)
        return false;
    *at += frame->size;
    *len -= frame->size;
    return true;
}

static bool hear_description(struct sw_scattering *scattering, struct sw_error *err)
{
    const struct sw_buf *said = &scattering->scatter->said;
    struct sw_description description = {0};
    const uint8_t *at = sw_buf_bytes(said);
    size_t len = sw_buf_len(said);
    struct sw_frame frame;
    bool is_good = true;

    while (is_good && next_message(&at, &len, &frame)) {
        if (frame.type == 't' && description.parameters == NULL)
            is_good = read_parameters(&frame, &description);
        else if ((frame.type == 'T' || frame.type == 'n') && description.columns == NULL)
            is_good = sw_session_read_columns(&frame, &description);
    }
    if (!is_good || description.parameters == NULL || description.columns == NULL)
        is_good = is_broken(err);
    else
        is_good = sw_cook_hear_description(scattering->cook, &description, err);
    free((void *)(uintptr_t)description.parameters);
    free((void *)(uintptr_t)description.columns);
    return is_good;
}

static char **read_texts(const struct sw_frame *frame, int *count)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    char **texts;

    *count = sw_cursor_int16(&cursor);
    texts = sw_alloc_zero((size_t)*count + 1, sizeof *texts);
    for (int i = 0; i < *count; i++) {
        const uint8_t *bytes;
        size_t len;

        if (sw_wire_read_column(frame, i, &bytes, &len) && bytes != NULL)
            texts[i] = sw_strndup((const char *)bytes, len);
    }
    return texts;
}

static bool hear_row(struct sw_scattering *scattering, struct sw_error *err)
{
    const struct sw_buf *said = &scattering->scatter->said;
    const uint8_t *at = sw_buf_bytes(said);
    size_t len = sw_buf_len(said);
    struct sw_frame frame;
    char **texts;
    bool is_good;
    int count;

    if (!next_message(&at, &len, &frame) || frame.type != 'D')
        return is_broken(err);
    texts = read_texts(&frame, &count);
    is_good = sw_cook_hear_row(scattering->cook, (const char *const *)texts, count, err);
    for (int i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
    return is_good;
}

/* What went wrong is not about our question, but about its time and place. */
static bool is_of_the_moment(const struct sw_error *err)
{
    static const char *const classes[] = {"08", "40", "53", "54", "55", "57", "58"};

    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(err->sqlstate, classes[i], 2) == 0)
            return true;
    return false;
}

static void fail(struct sw_scattering *scattering)
{
    const struct sw_error *why = &scattering->scatter->failure.err;
    struct sw_error err;

    if (scattering->asks_clients_text || is_of_the_moment(why)) {
        sw_scattering_fail(scattering, NULL);
        return;
    }
    sw_error_set(&err, "0A000", "the statement cannot be run on several shards");
    sw_error_detail(&err, "%s", why->message);
    sw_error_hint(&err, "Add the key to WHERE, or write the statement in another way.");
    sw_scattering_fail(scattering, &err);
}

static void ask_on(struct sw_scattering *scattering)
{
    const struct sw_question *question = sw_cook_question(scattering->cook);

    if (question != NULL) {
        ask(scattering, question);
        return;
    }
    scattering->recipe = sw_cook_recipe(scattering->cook);
    sw_plan_cache_keep_recipe(scattering->session->sessions->plans, scattering->planned,
                              scattering->text, scattering->types, scattering->type_count,
                              scattering->recipe);
    sw_scattering_leave_cooking(scattering);
    sw_scattering_gather(scattering);
}

void sw_scattering_hear(struct sw_scattering *scattering)
{
    const struct sw_question *question = sw_cook_question(scattering->cook);
    struct sw_error err;
    bool is_good;

    if (scattering->scatter->has_failed) {
        fail(scattering);
        return;
    }
    is_good = question->kind == SW_QUESTION_DESCRIBE ? hear_description(scattering, &err)
                                                     : hear_row(scattering, &err);
    sw_scattering_settle(scattering, 0);
    if (is_good)
        ask_on(scattering);
    else
        sw_scattering_fail(scattering, &err);
}

void sw_scattering_cook_anew(struct sw_scattering *scattering)
{
    sw_scattering_settle(scattering, 0);
    sw_scattering_forget_recipe(scattering);
    scattering->finishes = false;
    scattering->is_anew = true;
    sw_scattering_cook(scattering);
}

void sw_scattering_cook(struct sw_scattering *scattering)
{
    struct sw_error err;

    scattering->recipe = sw_planned_recipe(scattering->planned, scattering->text,
                                           scattering->types, scattering->type_count);
    scattering->is_kept = scattering->recipe != NULL;
    if (scattering->is_kept) {
        sw_scattering_gather(scattering);
        return;
    }
    scattering->cook = sw_cook_create(scattering->planned->plan, scattering->text, 0,
                                      scattering->types, scattering->type_count, &err);
    if (scattering->cook == NULL)
        sw_scattering_fail(scattering, &err);
    else
        ask_on(scattering);
}
