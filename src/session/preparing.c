/*
 * Parse: what a statement is on servers, and by which text it is bound there.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/plan/scatter.h"
#include "shardward/wire/request.h"

#include <string.h>

static uint32_t *read_types(const struct sw_wire_parse *parse)
{
    uint32_t *types = sw_alloc_zero((size_t)parse->type_count, sizeof *types);

    for (int i = 0; i < parse->type_count; i++)
        types[i] = sw_wire_parse_type(parse, i);
    return types;
}

/* RESET to start-up values is replaced by statements of ours, like control. */
static bool is_answered_here(struct sw_session *session, const struct sw_planned *planned)
{
    const struct sw_script *script = planned->script;
    const struct sw_statement *statement = script->count == 0 ? NULL : &script->statements[0];

    return statement == NULL || sw_is_control(statement) ||
           statement->kind == SW_STATEMENT_PREPARE ||
           sw_session_resets_to_startup(session, statement) ||
           sw_session_is_ddl(session, statement) || sw_session_copies_rows(planned);
}

static struct sw_prepared *prepare(const struct sw_session *session,
                                   const struct sw_wire_parse *parse,
                                   const struct sw_planned *planned, const char *text,
                                   const uint32_t *types)
{
    struct sw_prepared *prepared;
    char *scope;

    if (parse->name[0] == '\0')
        return sw_prepared_create_unnamed(text, types, parse->type_count);
    scope = sw_session_scope(session, text, planned);
    prepared = sw_prepared_create(text, types, parse->type_count, scope);
    free(scope);
    return prepared;
}

static bool check_parse(struct sw_session *session, const struct sw_wire_parse *parse,
                        const struct sw_planned *planned, struct sw_error *err)
{
    const struct sw_parameters unbound = {.values = NULL};
    const struct sw_script *script = planned->script;

    if (strlen(parse->query) > session->sessions->map->config->limits.query)
        return sw_error_set(err, "54000", "the query is longer than %zu bytes (limits.query)",
                            session->sessions->map->config->limits.query);
    if (script->count > 1)
        return sw_error_set(err, "42601",
                            "cannot insert multiple commands into a prepared statement");
    if (script->count > 0 && !sw_session_may_run(session, &script->statements[0], err))
        return false;
    if (parse->name[0] != '\0' && sw_names_get(&session->statements, parse->name) != NULL)
        return sw_error_set(err, "42P05", "prepared statement \"%s\" already exists",
                            parse->name);
    if (parse->name[0] != '\0' && !sw_reading_check(parse->query, err))
        return false;
    return script->count == 0 ||
           sw_session_aim(session, &script->statements[0], planned->plan, &unbound, false, err);
}

/* Is the unnamed statement parsed again, as it stands? */
static bool is_same_again(const struct sw_session *session, const struct sw_named *before,
                          const struct sw_wire_parse *parse, const struct sw_planned *planned)
{
    if (parse->name[0] != '\0' || before->planned != planned || before->prepared == NULL ||
        before->has_learned || before->type_count != parse->type_count ||
        !sw_session_reads_alike(session, before))
        return false;
    for (int i = 0; i < parse->type_count; i++)
        if (before->types[i] != sw_wire_parse_type(parse, i))
            return false;
    return true;
}

/* What a statement is on servers. */
struct draft {
    char *text;              /* as servers parse it; NULL: as the client wrote it */
    struct sw_splice splice; /* what was put into it */
    char *filled;            /* as it is bound; NULL: as it was parsed */
    struct sw_splice fill_splice;
    int parameter_count; /* of the client's */
    int id_count;        /* and of ours, behind them */
};

static void finish_draft(struct draft *draft)
{
    free(draft->text);
    free(draft->filled);
    sw_splice_clear(&draft->splice);
    sw_splice_clear(&draft->fill_splice);
}

/* The text that is bound takes our numbers as parameters; what the client hears of its own text
 * is what PostgreSQL says of that. */
static struct sw_prepared *prepare_filled(const struct sw_session *session,
                                          const struct sw_wire_parse *parse,
                                          const struct sw_planned *planned,
                                          const struct draft *draft)
{
    int count = draft->parameter_count + draft->id_count;
    uint32_t *types = sw_alloc_zero((size_t)count, sizeof *types);
    char *scope = sw_session_scope(session, draft->filled, planned);
    struct sw_prepared *prepared;

    for (int i = 0; i < parse->type_count; i++)
        types[i] = sw_wire_parse_type(parse, i);
    for (int i = draft->parameter_count; i < count; i++)
        types[i] = SW_OID_INT8;
    prepared = sw_prepared_create(draft->filled, types, count, scope);
    free(scope);
    free(types);
    return prepared;
}

/* Takes the splices of @draft. */
static struct sw_named *make_named(const struct sw_session *session,
                                   const struct sw_wire_parse *parse,
                                   struct sw_planned *planned, bool is_ours,
                                   struct draft *draft)
{
    const char *text = draft->text == NULL ? parse->query : draft->text;
    uint32_t *types = read_types(parse);
    struct sw_prepared *prepared =
        is_ours ? NULL : prepare(session, parse, planned, text, types);
    struct sw_named *named =
        sw_named_create(parse->name, planned, parse->query, prepared, types, parse->type_count);

    if (prepared != NULL)
        prepared->is_fetch =
            named->statement != NULL && named->statement->kind == SW_STATEMENT_FETCH;
    named->reading = sw_session_reading(session);
    (void)sw_settings_ref(named->reading.settings);
    if (draft->filled != NULL)
        named->filled = prepare_filled(session, parse, planned, draft);
    named->splice = draft->splice;
    named->fill_splice = draft->fill_splice;
    draft->splice = draft->fill_splice = (struct sw_splice){0};
    sw_prepared_unref(prepared);
    free(types);
    return named;
}

/* Has its text been parsed by a shard, when it was found out how several of them are asked? */
static bool is_known_to_parse(const struct sw_named *named)
{
    const struct sw_prepared *prepared = named->prepared;
    struct sw_recipe *recipe;

    if (named->planned->recipes == NULL)
        return false;
    recipe =
        sw_planned_recipe(named->planned, named->text, prepared->types, prepared->type_count);
    sw_recipe_unref(recipe);
    return recipe != NULL;
}

static void add_parse(struct sw_session *session, const struct sw_wire_parse *parse,
                      struct sw_planned *planned, struct draft *draft)
{
    bool is_ours = is_answered_here(session, planned);
    struct sw_named *before = sw_names_get(&session->statements, parse->name);
    bool is_again =
        before != NULL && !is_ours && is_same_again(session, before, parse, planned);
    struct sw_named *named =
        is_again ? sw_named_ref(before) : make_named(session, parse, planned, is_ours, draft);

    if (before != NULL)
        (void)sw_named_ref(before);
    if (is_again)
        sw_named_forget_told(named);
    sw_names_put(&session->statements, parse->name, named);
    if (is_ours || is_known_to_parse(named))
        sw_session_answer(session, '1', named, SW_ROLE_PARSED);
    else
        sw_session_add_about(session, SW_REQUEST_PARSE, named, SW_ROLE_PARSED, NULL, NULL);
    session->run.requests[session->run.count - 1].before = before;
    sw_named_unref(named);
}

static bool refuse_many(const struct sw_insertion *insertion, struct sw_error *err)
{
    sw_error_set(err, "0A000", "too many rows leave \"%s\" to a sequence",
                 insertion->fills[0].column);
    sw_error_detail(err, "Each takes a parameter, of which a statement has at most %d.",
                    UINT16_MAX);
    sw_error_hint(err, "Insert fewer rows at a time.");
    return false;
}

static bool write_draft(const struct sw_wire_parse *parse, const struct sw_planned *planned,
                        struct draft *draft, struct sw_error *err)
{
    const struct sw_insertion *insertion = sw_planned_insertion(planned);
    struct sw_splice_values values = {.ids = NULL};
    int used;

    if (insertion == NULL)
        return true;
    if (insertion->id_count == 0) {
        draft->text = sw_splice(parse->query, insertion, &values, &draft->splice, err);
        return draft->text != NULL;
    }
    /* Servers keep what is bound, even for the unnamed statement. */
    if (!sw_reading_check(parse->query, err))
        return false;
    used = planned->script->statements[0].parameter_count;
    draft->parameter_count = used > parse->type_count ? used : parse->type_count;
    draft->id_count = insertion->id_count;
    if (draft->parameter_count + draft->id_count > UINT16_MAX)
        return refuse_many(insertion, err);
    values.first_parameter = draft->parameter_count + 1;
    draft->filled = sw_splice(parse->query, insertion, &values, &draft->fill_splice, err);
    return draft->filled != NULL;
}

bool sw_session_prepare(struct sw_session *session, const struct sw_wire_parse *parse,
                        struct sw_planned *planned, struct sw_error *err)
{
    struct draft draft = {0};
    bool is_good =
        check_parse(session, parse, planned, err) && write_draft(parse, planned, &draft, err);

    if (is_good)
        add_parse(session, parse, planned, &draft);
    else
        sw_session_point_at(parse->query, err);
    finish_draft(&draft);
    return is_good;
}
