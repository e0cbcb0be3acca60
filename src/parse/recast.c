#include "recasting.h"

#include "outlining.h"
#include "walk.h"

#include "shardward/base/buf.h"

#include <pg_query/pg_query_internal.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exported by the library, and declared in none of the headers that it installs. */
PgQueryProtobuf pg_query_nodes_to_protobuf(const void *obj);
char *pg_query_nodes_to_json(const void *obj);

enum { MOST_TEXT = 1 << 24 }; /* bytes of a text that is made */

void sw_recast_refuse(struct sw_recasting *recasting, const char *what, const char *hint)
{
    if (recasting->is_refused)
        return;
    recasting->is_refused = true;
    sw_error_set(recasting->err, "0A000", "%s over several shards is not supported yet", what);
    if (hint != NULL)
        sw_error_hint(recasting->err, "%s", hint);
}

void *sw_recast_node(size_t size, NodeTag tag)
{
    Node *node = palloc0(size);

    node->type = tag;
    return node;
}

Node *sw_recast_column_ref(const char *qualifier, const char *name)
{
    ColumnRef *ref = sw_recast_node(sizeof *ref, T_ColumnRef);

    if (qualifier != NULL)
        ref->fields = lappend(ref->fields, makeString(pstrdup(qualifier)));
    ref->fields = lappend(ref->fields, makeString(pstrdup(name)));
    ref->location = -1;
    return (Node *)ref;
}

Node *sw_recast_gathered(int n)
{
    char name[16];

    (void)snprintf(name, sizeof name, "c%d", n);
    return sw_recast_column_ref("r", name);
}

ResTarget *sw_recast_target(Node *value, const char *name)
{
    ResTarget *target = sw_recast_node(sizeof *target, T_ResTarget);

    target->val = value;
    target->name = name == NULL ? NULL : pstrdup(name);
    target->location = -1;
    return target;
}

/* Of a text of ours, which is known to be right. */
static SelectStmt *parse_ours(const char *text)
{
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(text);

    free(parsed.stderr_buffer);
    return parsed.error == NULL ? (SelectStmt *)linitial_node(RawStmt, parsed.tree)->stmt
                                : NULL;
}

Node *sw_recast_expression(const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return linitial_node(ResTarget, parse_ours(text)->targetList)->val;
}

Node *sw_recast_constant(int n)
{
    return sw_recast_expression("SELECT %d", n);
}

static void print_columns(struct sw_buf *out, int count)
{
    for (int i = 1; i <= count; i++)
        sw_buf_printf(out, "%sc%d", i == 1 ? "" : ", ", i);
}

/* Where the columns of the part are that is finished now. */
static void print_source(struct sw_buf *text, const struct sw_recasting *recasting)
{
    if (recasting->reads_tables) {
        sw_buf_printf(text, " FROM pg_temp." SW_RECAST_TABLE "%d", recasting->part + 1);
        return;
    }
    sw_buf_append_text(text, " FROM ROWS FROM (");
    for (int i = 0; i < recasting->column_count; i++)
        sw_buf_printf(text, "%spg_catalog.unnest($%d)", i == 0 ? "" : ", ",
                      recasting->source->first_parameter + i);
    sw_buf_append_text(text, ")");
}

List *sw_recast_rows(struct sw_recasting *recasting)
{
    int count = recasting->column_count;
    struct sw_buf text;
    SelectStmt *select;

    sw_buf_init(&text, MOST_TEXT);
    sw_buf_append_text(&text, "SELECT FROM (SELECT ");
    for (int i = 0; i < count; i++) {
        const struct sw_recast_column *column = &recasting->columns[i];

        sw_buf_printf(&text, "%su.c%d", i == 0 ? "" : ", ", i + 1);
        if (column->cast != NULL)
            sw_buf_printf(&text, "::%s", column->cast);
        if (column->collation != NULL)
            sw_buf_printf(&text, " COLLATE %s", column->collation);
        sw_buf_printf(&text, " AS c%d", i + 1);
    }
    print_source(&text, recasting);
    sw_buf_append_text(&text, " AS u(");
    print_columns(&text, count);
    sw_buf_append(&text, ")) AS r", sizeof ")) AS r");
    select = text.is_over ? NULL : parse_ours((const char *)sw_buf_bytes(&text));
    sw_buf_finish(&text);
    if (select != NULL)
        return select->fromClause;
    sw_recast_refuse(recasting, "so large a statement", NULL);
    return NIL;
}

/* --- trees and texts --- */

static SelectStmt *find_select(const List *trees, int index)
{
    Node *node = index < list_length(trees) ? list_nth_node(RawStmt, trees, index)->stmt : NULL;

    return node != NULL && IsA(node, SelectStmt) ? (SelectStmt *)node : NULL;
}

/* A field that says where in its text a node stands: `"location":12,`. Returns its length. */
static size_t location_at(const char *json)
{
    static const char *const fields[] = {
        "\"location\":", "\"stmt_location\":", "\"stmt_len\":", "\"name_location\":"};

    for (size_t i = 0; i < lengthof(fields); i++) {
        size_t len = strlen(fields[i]);

        if (strncmp(json, fields[i], len) != 0)
            continue;
        len += strspn(json + len, "-0123456789");
        return len + (json[len] == ',');
    }
    return 0;
}

/* What a tree says, whatever its text looks like. */
static char *say(struct sw_arena *arena, const List *trees)
{
    char *text = sw_arena_strdup(arena, pg_query_nodes_to_json(trees)), *to = text;

    for (const char *from = text; *from != '\0';) {
        size_t skipped = *from == '"' ? location_at(from) : 0;

        if (skipped > 0 && from[skipped - 1] != ',' && to > text && to[-1] == ',')
            to--;
        if (skipped == 0)
            *to++ = *from++;
        else
            from += skipped;
    }
    *to = '\0';
    return text;
}

/* Does @text say it too? */
static bool says(struct sw_arena *arena, const char *text, const char *said)
{
    MemoryContext context = pg_query_enter_memory_context();
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(text);
    bool is = parsed.error == NULL && strcmp(say(arena, parsed.tree), said) == 0;

    free(parsed.stderr_buffer);
    if (parsed.error != NULL)
        pg_query_free_error(parsed.error);
    pg_query_exit_memory_context(context);
    return is;
}

/* The library's printing needs a memory context of its own, so that ours is left before. */
static const char *print(struct sw_recasting *recasting, PgQueryProtobuf packed,
                         const char *said)
{
    PgQueryDeparseResult printed = pg_query_deparse_protobuf(packed);
    const char *text = NULL;

    if (printed.error == NULL && says(recasting->arena, printed.query, said))
        text = sw_arena_strdup(recasting->arena, printed.query);
    else
        sw_recast_refuse(recasting, "a statement of this kind", NULL);
    pg_query_free_deparse_result(printed);
    free(packed.data);
    return text;
}

static List *wrap(SelectStmt *select)
{
    RawStmt *raw = sw_recast_node(sizeof *raw, T_RawStmt);

    raw->stmt = (Node *)select;
    return lappend(NIL, raw);
}

static void *kept(struct sw_arena *arena, const struct sw_facts_list *list)
{
    void *items = sw_arena_alloc(arena, ((size_t)list->count + 1) * sizeof(void *));

    return list->count == 0 ? items
                            : memcpy(items, list->items, (size_t)list->count * sizeof(void *));
}

/* Walk the tree as the facts were found. */
static struct sw_recast_tree number(struct sw_recasting *recasting, SelectStmt *select)
{
    struct sw_statement statement = {0};
    struct sw_outliner outliner;
    struct sw_facts facts;
    struct sw_recast_tree tree = {0};

    sw_outliner_init(&outliner);
    sw_facts_init(&facts, recasting->arena, &statement);
    facts.sql = recasting->source->sql;
    facts.outliner = &outliner;
    if (sw_walk_statement(&facts, (const Node *)select))
        tree = (struct sw_recast_tree){.queries = kept(recasting->arena, &outliner.nodes),
                                       .query_count = outliner.nodes.count,
                                       .tables = kept(recasting->arena, &outliner.tables),
                                       .table_count = outliner.tables.count};
    sw_facts_finish(&facts);
    return tree;
}

static SelectStmt *parse(struct sw_recasting *recasting)
{
    PgQueryInternalParsetreeAndError parsed = pg_query_raw_parse(recasting->source->sql);
    SelectStmt *select =
        parsed.error == NULL ? find_select(parsed.tree, recasting->source->index) : NULL;

    free(parsed.stderr_buffer);
    if (parsed.error != NULL)
        pg_query_free_error(parsed.error);
    if (select == NULL)
        sw_recast_refuse(recasting, "a statement of this kind", NULL);
    return select;
}

/* Set recasting->select to the core, or to the whole. */
static void find_core(struct sw_recasting *recasting, SelectStmt *whole,
                      const struct sw_recast_tree *tree)
{
    int core = recasting->source->core;

    recasting->select = core < 0 ? whole : NULL;
    if (core >= 0 && core < tree->query_count)
        recasting->select = tree->queries[core];
    if (recasting->select == NULL)
        sw_recast_refuse(recasting, "a statement of this kind", NULL);
}

/* What @change makes of a tree. */
struct change {
    void (*make)(struct sw_recasting *recasting, struct change *change);
    const struct sw_recast_part *parts;
    int part_count;
    struct sw_recast_tree tree;
    SelectStmt *whole;
};

/* Parse the client's text, have @change made, and print recasting->select. */
static const char *recast(struct sw_recasting *recasting, struct change *change)
{
    MemoryContext context = pg_query_enter_memory_context();
    PgQueryProtobuf packed = {0};
    const char *said = NULL, *before = NULL;

    change->whole = parse(recasting);
    if (!recasting->is_refused) {
        if (recasting->gather != NULL)
            before = say(recasting->arena, wrap(change->whole));
        change->tree = number(recasting, change->whole);
        sw_recast_spell(&change->tree, change->parts, change->part_count);
        change->make(recasting, change);
    }
    if (!recasting->is_refused && !recasting->needs_raw) {
        List *changed = wrap(recasting->select);

        said = say(recasting->arena, changed);
        if (recasting->gather != NULL)
            recasting->gather->is_clients = strcmp(said, before) == 0;
        packed = pg_query_nodes_to_protobuf(changed);
    }
    pg_query_exit_memory_context(context);
    return packed.data == NULL ? NULL : print(recasting, packed, said);
}

/* --- the doors --- */

static bool is_of_groups(const struct sw_recasting *recasting)
{
    const SelectStmt *select = recasting->select;

    return recasting->source->need == SW_RECAST_SOURCE &&
           !(select->distinctClause != NIL && !sw_recast_has_groups(select));
}

static void make_core(struct sw_recasting *recasting, struct change *change)
{
    if (recasting->source->relation >= 0)
        sw_recast_pull(recasting, &change->tree, true);
    else
        find_core(recasting, change->whole, &change->tree);
}

static void make_gather(struct sw_recasting *recasting, struct change *change)
{
    if (recasting->source->relation >= 0) {
        sw_recast_pull(recasting, &change->tree, false);
        return;
    }
    find_core(recasting, change->whole, &change->tree);
    if (recasting->is_refused)
        return;
    if (is_of_groups(recasting))
        sw_recast_by_groups(recasting);
    else
        sw_recast_by_rows(recasting);
    if (recasting->source->core >= 0)
        recasting->gather->has_to_finish = true;
}

/* Of a core: in its place. */
static void finish_query(struct sw_recasting *recasting, struct change *change)
{
    SelectStmt *core;

    find_core(recasting, change->whole, &change->tree);
    if (recasting->is_refused)
        return;
    core = recasting->select;
    if (is_of_groups(recasting))
        sw_recast_finish_groups(recasting);
    else
        sw_recast_finish_rows(recasting);
    if (core != change->whole && !recasting->is_refused)
        *core = *recasting->select;
}

static void make_finish(struct sw_recasting *recasting, struct change *change)
{
    for (int i = 0; i < change->part_count && !recasting->is_refused; i++) {
        recasting->part = i;
        recasting->source = change->parts[i].source;
        recasting->columns = change->parts[i].columns;
        recasting->column_count = change->parts[i].column_count;
        if (recasting->source->relation >= 0)
            sw_recast_finish_table(recasting, &change->tree);
        else
            finish_query(recasting, change);
        if (recasting->source->relation >= 0 || recasting->source->core >= 0)
            recasting->select = change->whole;
    }
}

const char *sw_recast_core(const struct sw_recast_source *source, struct sw_arena *arena,
                           struct sw_error *err)
{
    struct sw_recasting recasting = {.source = source, .arena = arena, .err = err};

    return recast(&recasting, &(struct change){.make = make_core});
}

bool sw_recast_gather(const struct sw_recast_source *source, bool is_raw,
                      struct sw_arena *arena, struct sw_recast_gather *gather,
                      struct sw_error *err)
{
    struct sw_recasting recasting = {
        .source = source, .arena = arena, .err = err, .is_raw = is_raw, .gather = gather};

    *gather = (struct sw_recast_gather){0};
    gather->text = recast(&recasting, &(struct change){.make = make_gather});
    return gather->text != NULL;
}

const char *sw_recast_finish(const struct sw_recast_part *parts, int part_count, bool *is_raw,
                             enum sw_recast_place place, struct sw_arena *arena,
                             struct sw_error *err)
{
    struct sw_recasting recasting = {.source = parts[0].source,
                                     .arena = arena,
                                     .err = err,
                                     .is_raw = *is_raw,
                                     .reads_tables = place == SW_RECAST_TABLES};
    struct change change = {.make = make_finish, .parts = parts, .part_count = part_count};
    const char *text = recast(&recasting, &change);

    *is_raw = *is_raw || recasting.needs_raw;
    return text;
}
