/*
 * COPY TO STDOUT of rows that several shards have.
 *
 *   COPY table ------------------------------------------------> passed on
 *   COPY (query) --cooking--> rows as they come? -------------->    "
 *                                   |
 *                     ordered, limited, finished --head--> gathering --> written here
 *
 * Where the rows of all shards are just those of the whole, each shard copies its own, by the
 * client's text, and its data is passed on. Otherwise the rows of the query are merged or
 * finished as those of any SELECT, in text, and written as COPY writes them. Whatever stands
 * before the rows then, and what is wrong in the options, is asked of a shard: it copies
 * none of the rows.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    COPY_BUDGET = 16 * 1024 * 1024, /* bytes of rows that wait for the client */
    PIECE = 256 * 1024,             /* ... that are written at once */
};

static void ask(struct sw_scattering *scattering, struct sw_scatter *scatter, const char *text)
{
    static const uint8_t nothing_bound[6] = {0};
    struct sw_buf tail;

    sw_buf_init(&tail, SW_RUN_LIMIT);
    (void)sw_buf_append(&tail, nothing_bound, sizeof nothing_bound);
    sw_scattering_fill(&scatter->run, sw_prepared_create_unnamed(text, NULL, 0), &tail, 0);
    sw_buf_finish(&tail);
}

/* --- each shard's own --- */

static enum sw_copies_head head_of(const struct sw_copy_style *style)
{
    if (style->format == SW_COPY_BINARY)
        return SW_COPIES_BINARY;
    return style->has_header ? SW_COPIES_LINE : SW_COPIES_BARE;
}

static void pass_on(struct sw_scattering *scattering)
{
    struct sw_copying *copying = scattering->copying;
    struct sw_scatter *scatter = sw_scattering_spread(scattering, 0, scattering->count);

    copying->passes = true;
    ask(scattering, scatter,
        scattering->around != NULL ? scattering->around_text : scattering->text);
    sw_scatter_copy(scatter, sw_copies_create(head_of(&copying->out->style), scattering->count,
                                              COPY_BUDGET));
    sw_scatter_start(scatter);
}

void sw_scattering_copy(struct sw_scattering *scattering)
{
    const struct sw_copy_out *out = scattering->planned->script->statements[0].copies;
    struct sw_error err;

    scattering->copying = sw_alloc_zero(1, sizeof *scattering->copying);
    scattering->copying->out = out;
    sw_buf_init(&scattering->copying->head, SW_RUN_LIMIT);
    sw_buf_init(&scattering->copying->rows, SW_RUN_LIMIT);
    scattering->max_rows = 0; /* which is for rows of queries */
    if (out->end == 0)
        pass_on(scattering);
    else if (sw_scattering_enter(scattering, out->at, out->end, &err))
        sw_scattering_cook(scattering);
    else
        sw_scattering_fail(scattering, &err);
}

void sw_scattering_forget_copy(struct sw_scattering *scattering)
{
    struct sw_copying *copying = scattering->copying;

    if (copying == NULL)
        return;
    scattering->copying = NULL;
    sw_buf_finish(&copying->head);
    sw_buf_finish(&copying->rows);
    free(copying->quotes);
    free(copying);
}

/* --- what comes before the rows --- */

/* Around the client's query: one that gives the same columns, and no row. */
static const char before_query[] = "SELECT * FROM (", behind_query[] = ") copied LIMIT 0";

static void ask_head(struct sw_scattering *scattering)
{
    const struct sw_copy_out *out = scattering->copying->out;
    const char *around = scattering->around_text;
    struct sw_scatter *scatter = sw_scattering_spread(scattering, 0, 1);
    struct sw_buf text;

    sw_buf_init(&text, SW_RUN_LIMIT);
    (void)sw_buf_append(&text, around, (size_t)out->at);
    (void)sw_buf_append_text(&text, before_query);
    (void)sw_buf_append(&text, around + out->at, (size_t)(out->end - out->at));
    (void)sw_buf_append_text(&text, behind_query);
    (void)sw_buf_append(&text, around + out->end, strlen(around + out->end) + 1);
    scattering->copying->asks_head = true;
    ask(scattering, scatter, (const char *)sw_buf_bytes(&text));
    sw_buf_finish(&text);
    sw_scatter_start(scatter);
}

/* The values of rows that are written here come in this format. */
static void choose_format(struct sw_scattering *scattering)
{
    const uint8_t is_binary = scattering->copying->out->style.format == SW_COPY_BINARY;
    const uint8_t tail[] = {0, 0, 0, 0, 0, 1, 0, is_binary};

    sw_buf_clear(&scattering->tail);
    (void)sw_buf_append(&scattering->tail, tail, sizeof tail);
}

static bool are_rows_all(const struct sw_recipe *recipe)
{
    return recipe->finish == NULL && recipe->key_count == 0 &&
           recipe->limit.kind == SW_ROWS_UNSAID && recipe->offset.kind == SW_ROWS_UNSAID &&
           recipe->visible_count == recipe->gathered_count;
}

bool sw_scattering_prepare_copy(struct sw_scattering *scattering)
{
    const struct sw_copy_out *out = scattering->copying->out;
    struct sw_error err;

    if (scattering->copying->has_head)
        return true;
    if (are_rows_all(scattering->recipe)) {
        pass_on(scattering);
    } else if (out->obstacle != NULL) {
        sw_error_set(&err, "0A000", "COPY over several shards with %s is not supported",
                     out->obstacle);
        sw_error_hint(&err, "Leave it out, or copy without ORDER BY, LIMIT and aggregates.");
        sw_scattering_fail(scattering, &err);
    } else {
        choose_format(scattering);
        ask_head(scattering);
    }
    return false;
}

/* As PostgreSQL finds a name among the columns: the first one has it. */
static void find_quoted(struct sw_scattering *scattering)
{
    const struct sw_description *description = &scattering->recipe->description;
    const struct sw_copy_out *out = scattering->copying->out;
    bool *quotes = sw_alloc_zero((size_t)description->column_count + 1, sizeof *quotes);

    for (int i = 0; i < description->column_count; i++)
        quotes[i] = out->quotes_all;
    for (int n = 0; n < out->quoted_count; n++) {
        int i = 0;

        while (i < description->column_count &&
               strcmp(description->columns[i].name, out->quoted[n]) != 0)
            i++;
        quotes[i] = true;
    }
    scattering->copying->quotes = quotes;
    scattering->copying->writer =
        (struct sw_copy_writer){.style = out->style, .quotes = quotes};
}

int sw_scattering_head_shift(void)
{
    return -(int)(sizeof before_query - 1 + sizeof behind_query - 1);
}

void sw_scattering_forget_head(struct sw_scattering *scattering)
{
    struct sw_copying *copying = scattering->copying;

    copying->has_head = false;
    sw_buf_clear(&copying->head);
    free(copying->quotes);
    copying->quotes = NULL;
}

void sw_scattering_hear_head(struct sw_scattering *scattering)
{
    struct sw_copying *copying = scattering->copying;
    const struct sw_buf *said = &scattering->scatter->said;

    (void)sw_buf_append(&copying->head, sw_buf_bytes(said), sw_buf_len(said));
    copying->asks_head = false;
    copying->has_head = true;
    find_quoted(scattering);
    sw_scattering_settle(scattering, 0);
    sw_scattering_gather(scattering);
}

/* --- the answer --- */

void sw_scattering_begin_copy(struct sw_scattering *scattering)
{
    struct sw_copying *copying = scattering->copying;
    const uint8_t *head = sw_buf_bytes(&copying->head);
    size_t len = sw_buf_len(&copying->head);
    struct sw_frame frame;

    if (!copying->has_head)
        return;
    /* The data of a copy without rows is the writer's in binary. */
    if (copying->out->style.format == SW_COPY_BINARY &&
        sw_frame_next(head, len, len, &frame) == SW_FRAME_WHOLE)
        len = frame.size;
    (void)sw_buf_append(sw_session_out(scattering->session), head, len);
}

bool sw_scattering_pull_copy(struct sw_scattering *scattering)
{
    struct sw_copying *copying = scattering->copying;
    struct sw_buf *out = sw_session_out(scattering->session);
    struct sw_error err;

    if (copying->passes)
        return sw_scatter_pull(scattering->scatter, out, SW_STREAM_CONGESTED + 1);
    if (!sw_scatter_pull(scattering->scatter, &copying->rows, PIECE))
        return false;
    if (!sw_copy_write(&copying->writer, sw_buf_bytes(&copying->rows),
                       sw_buf_len(&copying->rows), out)) {
        sw_error_set(&err, "54000", "a row is too long to be copied");
        sw_scatter_cancel(scattering->scatter, &err);
        return false;
    }
    sw_buf_clear(&copying->rows);
    return true;
}

/* PostgreSQL has answered COPY before it meets an error in the rows. */
void sw_scattering_break_copy(struct sw_scattering *scattering)
{
    struct sw_buf *out = sw_session_out(scattering->session);

    if (scattering->copying->passes && scattering->scatter != NULL)
        (void)sw_copies_pull(scattering->scatter->copies, out, sw_buf_len(out) + 1);
}

void sw_scattering_end_copy(struct sw_scattering *scattering)
{
    struct sw_copying *copying = scattering->copying;
    struct sw_buf *out = sw_session_out(scattering->session);
    const struct sw_scatter *scatter = scattering->scatter;
    int64_t rows =
        copying->passes ? sw_copies_rows(scatter->copies) : sw_merger_rows(scatter->merger);
    char tag[40];

    scattering->session->measure.rows = (uint64_t)rows;
    if (!copying->passes)
        sw_copy_write_end(&copying->writer, out);
    sw_write_empty(out, 'c');
    (void)snprintf(tag, sizeof tag, "COPY %" PRId64, rows);
    sw_write_command_complete(out, tag);
}
