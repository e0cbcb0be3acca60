/*
 * What the shards of a statement are sent, with the client's values, and what becomes of their
 * answers: rows are merged, or gathered for a last query that one of the shards runs.
 */
#include "scattering.h"

#include "shardward/base/mem.h"
#include "shardward/wire/write.h"

enum {
    MERGE_BUDGET = 16 * 1024 * 1024, /* bytes of rows that wait for those of other shards */
};

/* --- what servers are sent --- */

void sw_scattering_write_values(struct sw_buf *out, const struct sw_wire_bind *bind,
                                const struct sw_columns *columns, int array_count)
{
    const uint8_t *end = bind->values;
    struct sw_wire_value value;
    int index = 0;

    sw_put_int16(out, (uint16_t)(bind->value_count + array_count));
    for (const uint8_t *at = bind->values; sw_wire_bind_next(bind, &at, &index, &value);
         end = at)
        sw_put_int16(out, value.is_binary);
    for (int i = 0; i < array_count; i++)
        sw_put_int16(out, 1);
    sw_put_int16(out, (uint16_t)(bind->value_count + array_count));
    (void)sw_buf_append(out, bind->values, (size_t)(end - bind->values));
    for (int i = 0; i < array_count; i++) {
        sw_put_int32(out, (uint32_t)sw_columns_array_size(columns, i));
        sw_columns_write_array(columns, i, out);
    }
}

static void write_results(struct sw_buf *out, const struct sw_wire_bind *bind)
{
    sw_put_int16(out, (uint16_t)bind->result_count);
    (void)sw_buf_append(out, bind->results, (size_t)bind->result_count * 2);
}

/* Hidden columns come in binary, and all of them if they become arrays. */
static void write_gathered(struct sw_buf *out, const struct sw_wire_bind *bind,
                           const struct sw_recipe *recipe)
{
    if (recipe->finish != NULL) {
        sw_put_int16(out, 1);
        sw_put_int16(out, 1);
        return;
    }
    if (recipe->gathered_count == recipe->visible_count) {
        write_results(out, bind);
        return;
    }
    sw_put_int16(out, (uint16_t)recipe->gathered_count);
    for (int i = 0; i < recipe->gathered_count; i++)
        sw_put_int16(out, i >= recipe->visible_count || sw_wire_wants_binary(bind, i));
}

/* One reference. Servers keep what is named, if no word in it stands for the moment of its
 * Parse. */
static struct sw_prepared *prepare(const struct sw_scattering *scattering, const char *text,
                                   const uint32_t *types, int type_count)
{
    struct sw_prepared *prepared;
    struct sw_error ignored;
    struct sw_buf whole;
    char *scope;

    if (!scattering->is_named || !sw_reading_check(text, &ignored))
        return sw_prepared_create_unnamed(text, types, type_count);
    sw_buf_init(&whole, SW_RUN_LIMIT);
    scope = sw_session_scope(scattering->session, text, scattering->planned);
    (void)sw_buf_append_text(&whole, scope);
    (void)sw_buf_append(&whole, scattering->recipe->scope, sizeof scattering->recipe->scope);
    prepared = sw_prepared_create(text, types, type_count, (const char *)sw_buf_bytes(&whole));
    sw_buf_finish(&whole);
    free(scope);
    return prepared;
}

static void add_bind(struct sw_run *run, struct sw_prepared *prepared, const char *portal,
                     const struct sw_buf *tail)
{
    sw_run_add(run, SW_REQUEST_BIND, prepared, portal, sw_buf_bytes(tail), sw_buf_len(tail))
        ->is_quiet = true;
    sw_run_add(run, SW_REQUEST_DESCRIBE_PORTAL, prepared, portal, NULL, 0)->is_quiet = true;
}

static void add_execute(struct sw_run *run, struct sw_prepared *prepared, const char *portal,
                        uint32_t most)
{
    struct sw_request *execute = sw_run_add(run, SW_REQUEST_EXECUTE, prepared, portal, NULL, 0);

    execute->is_for_rows = true;
    execute->max_rows = most;
}

/* Takes @prepared. */
static void add(struct sw_run *run, struct sw_prepared *prepared, const struct sw_buf *tail,
                int64_t most)
{
    add_bind(run, prepared, "", tail);
    add_execute(run, prepared, "", most <= INT32_MAX ? (uint32_t)most : 0);
    sw_prepared_unref(prepared);
}

void sw_scattering_fill(struct sw_run *run, struct sw_prepared *prepared,
                        const struct sw_buf *tail, int64_t most)
{
    add(run, prepared, tail, most);
    (void)sw_run_add(run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
}

/* Takes @prepared. Its rows come through a portal that goes on, and what is held of them is the
 * merger. One that has no name of the client's takes the place of the one before. */
static void fill_opening_run(struct sw_scattering *scattering, struct sw_prepared *prepared,
                             const struct sw_buf *tail, struct sw_merger *merger)
{
    struct sw_scatter *scatter = scattering->scatter;
    const char *portal = scattering->server_portal;
    uint32_t batch;

    sw_merger_destroy(scattering->merger); /* of a recipe that did not hold */
    scattering->merger = merger;
    scattering->rounds = 0;
    scattering->has_asked = false;
    batch = sw_scattering_batch(scattering);
    sw_run_add(&scatter->run, SW_REQUEST_CLOSE_PORTAL, NULL, portal, NULL, 0)->is_quiet = true;
    add_bind(&scatter->run, prepared, portal, tail);
    if (scattering->executes) {
        add_execute(&scatter->run, prepared, portal, batch);
        sw_scatter_fill(scatter, merger, batch);
        scattering->rounds++;
        scattering->has_asked = true;
    }
    (void)sw_run_add(&scatter->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    sw_prepared_unref(prepared);
}

void sw_scattering_write_formats(struct sw_buf *out, const struct sw_wire_bind *bind,
                                 const struct sw_recipe *recipe)
{
    if (recipe->finish == NULL)
        write_gathered(out, bind, recipe);
    else
        write_results(out, bind);
}

/* --- gathering --- */

static bool check_results(const struct sw_scattering *scattering,
                          const struct sw_wire_bind *bind, struct sw_error *err)
{
    int count =
        scattering->explaining != NULL ? 1 : scattering->recipe->description.column_count;

    return bind->result_count <= 1 || bind->result_count == count ||
           sw_error_set(err, "08P01",
                        "bind message has %d result formats but query has %d columns",
                        bind->result_count, count);
}

/* A portal that goes on counts for itself what each Execute takes. */
static int64_t limited(const struct sw_scattering *scattering, int64_t limit)
{
    int64_t most = scattering->stays ? 0 : scattering->max_rows;

    return most > 0 && (limit < 0 || limit > most) ? most : limit;
}

static struct sw_merger *make_merger(const struct sw_scattering *scattering, int64_t limit,
                                     int64_t offset)
{
    const struct sw_recipe *recipe = scattering->recipe;
    const struct sw_merge_recipe merge = {
        .column_count = recipe->gathered_count,
        .visible_count = recipe->visible_count,
        .keys = recipe->keys,
        .key_count = recipe->key_count,
        .offset = offset,
        .limit = limited(scattering, limit),
    };

    return sw_merger_create(&merge, scattering->count, MERGE_BUDGET);
}

/* The rows of the last query pass as they are. */
static struct sw_merger *make_passage(const struct sw_scattering *scattering)
{
    int count = scattering->recipe->description.column_count;
    const struct sw_merge_recipe merge = {
        .column_count = count, .visible_count = count, .limit = limited(scattering, -1)};

    return sw_merger_create(&merge, 1, MERGE_BUDGET);
}

static struct sw_columns_layout layout_of(const struct sw_recipe *recipe)
{
    return (struct sw_columns_layout){recipe->gathered_types, recipe->gathered_parts,
                                      recipe->gathered_count};
}

/* As the configuration says now. Tables would have to stay as long as a portal that goes on,
 * and have one name. */
static void gather_rows(const struct sw_scattering *scattering, struct sw_scatter *scatter)
{
    const struct sw_config *config = scattering->session->sessions->map->config;
    const struct sw_columns_layout layout = layout_of(scattering->recipe);
    const struct sw_spill_limits limits = {
        .directory = config->limits.gather_directory,
        .memory = config->limits.gather_memory,
        .file = scattering->stays ? 0 : config->limits.gather_file};

    sw_scatter_gather(scatter, &layout, &limits);
}

const char *sw_scattering_text(const struct sw_scattering *scattering)
{
    const struct sw_recipe *recipe = scattering->recipe;

    return recipe->asks_clients_text ? scattering->text : recipe->gather;
}

static void start_gathering(struct sw_scattering *scattering, const struct sw_wire_bind *bind,
                            int64_t limit, int64_t offset)
{
    const struct sw_recipe *recipe = scattering->recipe;
    struct sw_scatter *scatter = sw_scattering_spread(scattering, 0, scattering->count);
    struct sw_prepared *prepared =
        prepare(scattering, sw_scattering_text(scattering), recipe->description.parameters,
                recipe->description.parameter_count);
    struct sw_buf tail;

    sw_buf_init(&tail, SW_RUN_LIMIT);
    sw_scattering_write_values(&tail, bind, NULL, 0);
    write_gathered(&tail, bind, recipe);
    if (recipe->finish != NULL) {
        sw_scattering_fill(&scatter->run, prepared, &tail, 0);
        gather_rows(scattering, scatter);
    } else if (scattering->stays) {
        fill_opening_run(scattering, prepared, &tail, make_merger(scattering, limit, offset));
    } else {
        sw_scattering_fill(&scatter->run, prepared, &tail,
                           scattering->max_rows > 0
                               ? scattering->max_rows +
                                     (offset < INT32_MAX ? offset : INT32_MAX)
                               : 0);
        sw_scatter_merge(scatter, make_merger(scattering, limit, offset));
    }
    sw_buf_finish(&tail);
    scatter->is_described = true;
    sw_scatter_start(scatter);
}

static void gather(struct sw_scattering *scattering)
{
    struct sw_parameter *values;
    struct sw_wire_bind bind;
    struct sw_parameters parameters = sw_scattering_parameters(scattering, &bind, &values);
    int64_t limit, offset;
    struct sw_error err;
    bool is_run = scattering->executes || scattering->stays;
    bool is_good =
        sw_scattering_check_told(scattering, &err) && check_results(scattering, &bind, &err) &&
        (!is_run || sw_recipe_rows(scattering->recipe, &parameters, &limit, &offset, &err));

    free(values);
    if (!is_good)
        sw_scattering_fail(scattering, &err);
    else if (is_run)
        start_gathering(scattering, &bind, limit, offset);
    else
        sw_scattering_end(scattering);
}

void sw_scattering_gather(struct sw_scattering *scattering)
{
    if (scattering->explaining != NULL && !scattering->explaining->has_asked)
        sw_scattering_explain_on(scattering);
    else if (scattering->copying == NULL || sw_scattering_prepare_copy(scattering))
        gather(scattering);
}

/* --- finishing --- */

/* NULL: it is not to be explained. */
static char *explained(const struct sw_scattering *scattering, const char *text)
{
    return scattering->explaining == NULL ? NULL : sw_scattering_explained(scattering, text);
}

/* A plan that is for any arrays takes them for short, which is slow where long ones are joined:
 * such a text has no name, and is planned for what it is given. */
static struct sw_prepared *prepare_finish(const struct sw_scattering *scattering)
{
    const struct sw_recipe *recipe = scattering->recipe;
    int own = recipe->description.parameter_count, count = own + recipe->gathered_count;
    uint32_t *types = sw_alloc_zero((size_t)count + 1, sizeof *types);
    struct sw_prepared *prepared;
    char *text;

    for (int i = 0; i < count; i++)
        types[i] = i < own ? recipe->description.parameters[i] : recipe->finish_types[i - own];
    text = explained(scattering, recipe->finish);
    if (text == NULL && recipe->is_in_parts)
        prepared = sw_prepared_create_unnamed(recipe->finish, types, count);
    else
        prepared = prepare(scattering, text == NULL ? recipe->finish : text, types, count);
    free(text);
    free(types);
    return prepared;
}

static void write_finish(const struct sw_scattering *scattering,
                         const struct sw_columns *columns, int array_count, struct sw_buf *tail)
{
    struct sw_wire_bind bind;

    (void)sw_wire_read_bind_tail(sw_buf_bytes(&scattering->tail), sw_buf_len(&scattering->tail),
                                 &bind);
    sw_scattering_write_values(tail, &bind, columns, array_count);
    write_results(tail, &bind);
}

/* Takes @prepared. The answer is that of one server. */
static void pass_on(struct sw_scattering *scattering, struct sw_prepared *prepared,
                    const struct sw_buf *tail)
{
    struct sw_scatter *scatter = scattering->scatter;

    add(&scatter->run, prepared, tail, scattering->max_rows);
    if (scattering->explaining == NULL)
        sw_scatter_merge(scatter, make_passage(scattering));
    scatter->is_described = scattering->explaining == NULL;
}

void sw_scattering_add_finish(struct sw_scattering *scattering)
{
    const struct sw_recipe *recipe = scattering->recipe;
    char *text = explained(scattering, recipe->finish_tables);
    struct sw_buf tail;

    sw_buf_init(&tail, SW_RUN_LIMIT);
    write_finish(scattering, NULL, 0, &tail);
    pass_on(scattering,
            sw_prepared_create_unnamed(text == NULL ? recipe->finish_tables : text,
                                       recipe->description.parameters,
                                       recipe->description.parameter_count),
            &tail);
    sw_buf_finish(&tail);
    free(text);
}

/* What stands in @tail, which is freed as soon as it is copied. */
static void finish_arrays(struct sw_scattering *scattering, struct sw_buf *tail, int at)
{
    struct sw_scatter *scatter;

    sw_scattering_settle(scattering, at);
    scattering->finishes = true;
    scatter = sw_scattering_spread(scattering, at, 1);
    if (scattering->stays) {
        fill_opening_run(scattering, prepare_finish(scattering), tail,
                         make_passage(scattering));
        scatter->is_described = true;
    } else {
        pass_on(scattering, prepare_finish(scattering), tail);
        (void)sw_run_add(&scatter->run, SW_REQUEST_SYNC, NULL, NULL, NULL, 0);
    }
    sw_buf_finish(tail);
    sw_scatter_start(scatter);
}

/* It is explained, and not run. */
static void finish_nothing(struct sw_scattering *scattering, int at)
{
    const struct sw_columns_layout layout = layout_of(scattering->recipe);
    struct sw_columns *columns = sw_columns_create(&layout, 1, 0);
    struct sw_buf tail;

    sw_buf_init(&tail, SW_RUN_LIMIT);
    write_finish(scattering, columns, layout.count, &tail);
    sw_columns_destroy(columns);
    finish_arrays(scattering, &tail, at);
}

/* Arrays are copied twice on their way, and each time forgotten where they were. */
void sw_scattering_finish(struct sw_scattering *scattering)
{
    int at = sw_scattering_finisher(scattering);
    struct sw_spill *spill;
    struct sw_buf tail;

    if (scattering->scatter == NULL) {
        finish_nothing(scattering, at);
        return;
    }
    spill = scattering->scatter->spill;
    scattering->scatter->spill = NULL;
    if (sw_spill_has_file(spill)) {
        sw_scattering_leave_replica(scattering, at);
        sw_scattering_load(scattering, spill, at);
        return;
    }
    sw_buf_init(&tail, SW_RUN_LIMIT);
    write_finish(scattering, sw_spill_columns(spill), scattering->recipe->gathered_count,
                 &tail);
    sw_spill_destroy(spill);
    finish_arrays(scattering, &tail, at);
}
