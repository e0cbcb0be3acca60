/*
 * What the servers say of the columns of a statement over several shards, each time that it
 * runs, beside what they said when its recipe was made, and what the client was told.
 *
 * The recipe is made anew if they differ, as long as the client has seen nothing: a column has
 * got another type, in a transaction that is still open, or behind our back. Of a statement
 * that the client has prepared PostgreSQL keeps the columns, and fails if they have changed.
 */
#include "scattering.h"

#include "shardward/base/mem.h"

#include <string.h>

bool sw_session_read_columns(const struct sw_frame *frame, struct sw_description *description)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    int count = frame->type == 'n' ? 0 : sw_cursor_int16(&cursor);
    struct sw_described_column *columns = sw_alloc_zero((size_t)count + 1, sizeof *columns);

    for (int i = 0; i < count && !cursor.is_bad; i++) {
        columns[i].name = sw_cursor_text(&cursor);
        columns[i].table_oid = sw_cursor_int32(&cursor);
        columns[i].attribute = (int16_t)sw_cursor_int16(&cursor);
        columns[i].type = sw_cursor_int32(&cursor);
        columns[i].type_len = (int16_t)sw_cursor_int16(&cursor);
        columns[i].typmod = (int32_t)sw_cursor_int32(&cursor);
        (void)sw_cursor_int16(&cursor);
    }
    description->columns = columns;
    description->column_count = count;
    return !cursor.is_bad;
}

/* --- servers --- */

bool sw_scattering_fits(const struct sw_scattering *scattering, const struct sw_frame *frame)
{
    struct sw_recipe *recipe = scattering->recipe;
    struct sw_description description = {0};
    bool fits = sw_session_read_columns(frame, &description);

    if (fits && scattering->finishes)
        fits = sw_recipe_fits_finished(recipe, description.columns, description.column_count);
    else if (fits)
        fits = sw_recipe_fits_gathered(recipe, description.columns, description.column_count);

    free((void *)(uintptr_t)description.columns);
    return fits;
}

/* May the server have failed because the text, or what it has made of it, is of another time?
 * Its words for that are 0A000 (cached plan must not change result type), or that of names and
 * types. */
static bool is_of_another_time(const struct sw_scatter *scatter)
{
    const struct sw_scatter_failure *failure = &scatter->failure;
    const char *state = failure->err.sqlstate;
    bool is_early =
        failure->request < 0 || scatter->run.requests[failure->request].kind == SW_REQUEST_BIND;

    return sw_buf_len(&failure->frame) > 0 && is_early &&
           (strcmp(state, "0A000") == 0 ||
            (strncmp(state, "42", 2) == 0 && strcmp(state, "42501") != 0));
}

bool sw_scattering_is_outdated(const struct sw_scattering *scattering)
{
    const struct sw_scatter *scatter = scattering->scatter;

    if (scattering->recipe == NULL || !scatter->is_described)
        return false;
    return scatter->has_failed ? is_of_another_time(scatter) : scatter->is_outdated;
}

bool sw_scattering_may_cook_anew(const struct sw_scattering *scattering)
{
    bool is_in_transaction = scattering->session->txn.state != SW_TXN_IDLE;

    return !scattering->is_anew && !scattering->has_begun && scattering->loading == NULL &&
           !(scattering->scatter->has_failed && (is_in_transaction || !scattering->is_kept));
}

void sw_scattering_forget_recipe(struct sw_scattering *scattering)
{
    sw_plan_cache_drop_recipe(scattering->session->sessions->plans, scattering->planned,
                              scattering->recipe);
    sw_recipe_unref(scattering->recipe);
    scattering->recipe = NULL;
    sw_cook_destroy(scattering->cook);
    scattering->cook = NULL;
    if (scattering->copying != NULL)
        sw_scattering_forget_head(scattering);
    if (scattering->explaining != NULL)
        sw_scattering_forget_plans(scattering);
}

/* --- the client --- */

static void note_told(struct sw_named *named, const struct sw_profile *profile)
{
    sw_named_forget_told(named);
    named->told = (struct sw_profile){sw_memdup(profile->bytes, profile->len), profile->len};
}

void sw_session_note_described(struct sw_named *named, const struct sw_frame *frame)
{
    struct sw_description description = {0};
    struct sw_profile profile;
    struct sw_buf bytes;

    if (named->planned->plan == NULL || !sw_plan_may_be_several(named->planned->plan))
        return;
    sw_buf_init(&bytes, SW_RUN_LIMIT);
    if (sw_session_read_columns(frame, &description))
        sw_profile_write(&bytes, description.columns, description.column_count);
    profile = (struct sw_profile){sw_buf_bytes(&bytes), sw_buf_len(&bytes)};
    note_told(named, &profile);
    sw_buf_finish(&bytes);
    free((void *)(uintptr_t)description.columns);
}

/* COPY has no columns, and EXPLAIN always the same one. */
static bool is_prepared_query(const struct sw_scattering *scattering)
{
    return scattering->statement != NULL && scattering->copying == NULL &&
           scattering->explaining == NULL;
}

void sw_scattering_note_told(struct sw_scattering *scattering)
{
    if (is_prepared_query(scattering) && scattering->statement->told.bytes == NULL)
        note_told(scattering->statement, &scattering->recipe->profile);
}

bool sw_scattering_check_told(const struct sw_scattering *scattering, struct sw_error *err)
{
    const struct sw_named *named = scattering->statement;
    const struct sw_profile *profile = &scattering->recipe->profile;

    return !is_prepared_query(scattering) || named->told.bytes == NULL ||
           (named->told.len == profile->len &&
            memcmp(named->told.bytes, profile->bytes, profile->len) == 0) ||
           sw_error_set(err, "0A000", "cached plan must not change result type");
}
