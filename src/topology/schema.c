/*
 * A line is cut into cells in a scratch copy, unescaped in place. The parts of a table are
 * gathered in its draft until all lines are read.
 */
#include "shardward/topology/schema.h"

#include "shardward/base/mem.h"
#include "shardward/base/text.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CELLS = 16, FULL_NAME = 160 };

/* A growing array whose items lie in the schema's arena. */
struct list {
    void *items;
    int count, size;
};

/* A table, and what belongs to it so far. */
struct draft {
    struct sw_schema_table table;
    struct list columns, constraints, parts, triggers, uses;
};

struct reader {
    struct sw_schema *schema;
    struct sw_arena *arena;
    char *cells[MOST_CELLS];
    int cell_count;
    bool is_bad;        /* a cell of the line at hand cannot be read */
    struct list drafts; /* struct draft * */
    struct sw_textmap by_name;
    struct list sequences, functions, operators, casts, types, accepted, ddl;
};

static void *add(struct reader *reader, struct list *list, size_t item_size)
{
    char *items;

    if (list->count == list->size) {
        size_t size = list->size == 0 ? 8 : (size_t)list->size * 2;

        items = sw_arena_alloc(reader->arena, size * item_size);
        if (list->count > 0)
            memcpy(items, list->items, (size_t)list->count * item_size);
        list->items = items;
        list->size = (int)size;
    }
    items = list->items;
    return items + (size_t)list->count++ * item_size;
}

/* Cells: 0 is the kind. A missing or NULL cell is NULL. */
static const char *optional(const struct reader *reader, int at)
{
    const char *cell = at < reader->cell_count ? reader->cells[at] : NULL;

    return cell == NULL ? NULL : sw_arena_strdup(reader->arena, cell);
}

static const char *text(struct reader *reader, int at)
{
    const char *cell = optional(reader, at);

    reader->is_bad = reader->is_bad || cell == NULL;
    return cell == NULL ? "" : cell;
}

static int64_t number(struct reader *reader, int at, int64_t least, int64_t most)
{
    const char *cell = text(reader, at);
    int64_t value = least;

    if (!sw_text_to_int64(cell, strlen(cell), &value) || value < least || value > most)
        reader->is_bad = true;
    return value;
}

static uint32_t oid(struct reader *reader, int at)
{
    return (uint32_t)number(reader, at, 0, UINT32_MAX);
}

static int count(struct reader *reader, int at)
{
    return (int)number(reader, at, -1, INT32_MAX);
}

static bool flag(struct reader *reader, int at)
{
    const char *cell = text(reader, at);

    if (strcmp(cell, "t") != 0 && strcmp(cell, "f") != 0)
        reader->is_bad = true;
    return cell[0] == 't';
}

/* One of the letters of @letters, as its index. */
static int letter(struct reader *reader, int at, const char *letters)
{
    const char *cell = text(reader, at);
    const char *found = cell[0] == '\0' || cell[1] != '\0' ? NULL : strchr(letters, cell[0]);

    reader->is_bad = reader->is_bad || found == NULL;
    return found == NULL ? 0 : (int)(found - letters);
}

static enum sw_volatility volatility(struct reader *reader, int at)
{
    return (enum sw_volatility)letter(reader, at, "isv");
}

/* One name of a list, unquoted; *at goes behind its comma. */
static const char *next_name(struct reader *reader, const char **at)
{
    const char *from = *at;
    char *name = sw_arena_alloc(reader->arena, strlen(from) + 1), *to = name;
    bool is_quoted = false;

    for (; *from != '\0' && (is_quoted || *from != ','); from++) {
        if (*from == '"' && is_quoted && from[1] == '"')
            *to++ = *from++;
        else if (*from == '"')
            is_quoted = !is_quoted;
        else
            *to++ = *from;
    }
    *at = *from == ',' ? from + 1 : from;
    return name;
}

static const char *const *names(struct reader *reader, int at, int *name_count)
{
    const char *cell = optional(reader, at);
    struct list list = {0};

    while (cell != NULL && *cell != '\0')
        *(const char **)add(reader, &list, sizeof(char *)) = next_name(reader, &cell);
    *name_count = list.count;
    return list.items;
}

static bool full_name(char *out, const char *schema, const char *name)
{
    return snprintf(out, FULL_NAME, "%s.%s", schema, name) < FULL_NAME;
}

static void read_table(struct reader *reader)
{
    struct draft *draft = sw_arena_alloc(reader->arena, sizeof *draft);
    struct sw_schema_table *table = &draft->table;
    char name[FULL_NAME];

    *(struct draft **)add(reader, &reader->drafts, sizeof(void *)) = draft;
    table->schema = text(reader, 1);
    table->name = text(reader, 2);
    table->kind = (enum sw_table_kind)letter(reader, 3, "rpvmf");
    table->has_row_security = flag(reader, 4);
    table->rules = text(reader, 5);
    table->foreign_descendant = optional(reader, 6);
    if (full_name(name, table->schema, table->name))
        (void)sw_textmap_put(&reader->by_name, name, draft);
    else
        reader->is_bad = true;
}

/* The table that the line belongs to; NULL: there is none. */
static struct draft *draft_of(struct reader *reader)
{
    char name[FULL_NAME];
    struct draft *draft = full_name(name, text(reader, 1), text(reader, 2))
                              ? sw_textmap_get(&reader->by_name, name)
                              : NULL;

    reader->is_bad = reader->is_bad || draft == NULL;
    return draft;
}

static void read_column(struct reader *reader)
{
    struct draft *draft = draft_of(reader);
    struct sw_schema_column *column;
    const char *identity = text(reader, 12);

    if (draft == NULL)
        return;
    column = add(reader, &draft->columns, sizeof *column);
    column->name = text(reader, 3);
    column->type_oid = oid(reader, 4);
    column->base_oid = oid(reader, 5);
    column->type = text(reader, 6);
    column->typmod = count(reader, 7);
    column->collation = optional(reader, 8);
    column->is_deterministic = flag(reader, 9);
    column->is_not_null = flag(reader, 10);
    column->default_text = optional(reader, 11);
    column->identity = identity[0];
    column->is_generated = flag(reader, 13);
    column->default_sequence = optional(reader, 14);
}

static void read_constraint(struct reader *reader)
{
    struct draft *draft = draft_of(reader);
    struct sw_schema_constraint *constraint;
    int others;

    if (draft == NULL)
        return;
    constraint = add(reader, &draft->constraints, sizeof *constraint);
    constraint->name = text(reader, 3);
    constraint->kind = (enum sw_constraint_kind)letter(reader, 4, "puxifc");
    constraint->columns = names(reader, 5, &constraint->column_count);
    constraint->definition = text(reader, 6);
    if (constraint->kind != SW_CONSTRAINT_FOREIGN)
        return;
    constraint->other_schema = text(reader, 7);
    constraint->other_table = text(reader, 8);
    constraint->other_columns = names(reader, 9, &others);
    reader->is_bad = reader->is_bad || others != constraint->column_count;
}

static void add_part(struct reader *reader, struct list *list, enum sw_part_kind kind)
{
    struct sw_schema_part *part = add(reader, list, sizeof *part);

    part->kind = kind;
    part->schema = text(reader, 3);
    part->name = text(reader, 4);
}

static void read_part(struct reader *reader, enum sw_part_kind kind)
{
    struct draft *draft = draft_of(reader);

    if (draft != NULL)
        add_part(reader, &draft->parts, kind);
}

static void read_index(struct reader *reader)
{
    read_part(reader, SW_PART_INDEX);
}

static void read_partition(struct reader *reader)
{
    read_part(reader, SW_PART_TABLE);
}

static void read_sequence(struct reader *reader)
{
    if (optional(reader, 1) == NULL)
        add_part(reader, &reader->sequences, SW_PART_SEQUENCE);
    else
        read_part(reader, SW_PART_SEQUENCE);
}

static void read_trigger(struct reader *reader)
{
    struct draft *draft = draft_of(reader);
    struct sw_schema_trigger *trigger;

    if (draft == NULL)
        return;
    trigger = add(reader, &draft->triggers, sizeof *trigger);
    trigger->name = text(reader, 3);
    trigger->function_schema = text(reader, 4);
    trigger->function = text(reader, 5);
    trigger->definition = text(reader, 6);
}

static void read_use(struct reader *reader)
{
    struct draft *draft = draft_of(reader);
    struct sw_schema_use *use;

    if (draft == NULL)
        return;
    use = add(reader, &draft->uses, sizeof *use);
    use->purpose = text(reader, 3);
    use->function_schema = text(reader, 4);
    use->function = text(reader, 5);
    use->volatility = volatility(reader, 6);
    use->extension = optional(reader, 7);
}

static void read_function(struct reader *reader)
{
    struct sw_schema_function *function = add(reader, &reader->functions, sizeof *function);

    function->schema = text(reader, 1);
    function->name = text(reader, 2);
    function->arguments = text(reader, 3);
    function->argument_count = count(reader, 4);
    function->default_count = count(reader, 5);
    function->is_variadic = flag(reader, 6);
    function->volatility = volatility(reader, 7);
    function->language = text(reader, 8);
    function->extension = optional(reader, 9);
    function->is_lookalike = flag(reader, 10);
}

static void read_operator(struct reader *reader)
{
    struct sw_schema_operator *found = add(reader, &reader->operators, sizeof *found);

    found->schema = text(reader, 1);
    found->name = text(reader, 2);
    found->function_schema = text(reader, 3);
    found->function = text(reader, 4);
    found->volatility = volatility(reader, 5);
    found->extension = optional(reader, 6);
}

static void read_cast(struct reader *reader)
{
    struct sw_schema_cast *cast = add(reader, &reader->casts, sizeof *cast);

    cast->from = text(reader, 1);
    cast->to = text(reader, 2);
    cast->function_schema = text(reader, 3);
    cast->function = text(reader, 4);
    cast->volatility = volatility(reader, 5);
    cast->extension = optional(reader, 6);
}

static void read_type(struct reader *reader)
{
    struct sw_schema_type *type = add(reader, &reader->types, sizeof *type);

    type->schema = text(reader, 1);
    type->name = text(reader, 2);
    type->oid = oid(reader, 3);
    type->is_row = flag(reader, 4);
    type->table_oid = optional(reader, 5) == NULL ? 0 : oid(reader, 5);
    if (optional(reader, 6) != NULL)
        type->shape.kind = (enum sw_shape_kind)letter(reader, 6, "pacrm");
    if (optional(reader, 7) != NULL)
        type->shape.of = oid(reader, 7);
}

static void read_installed(struct reader *reader)
{
    reader->schema->installed = count(reader, 1);
    reader->schema->map_version = count(reader, 2);
}

static void read_accepted(struct reader *reader)
{
    struct sw_accepted *accepted = add(reader, &reader->accepted, sizeof *accepted);

    accepted->what = text(reader, 1);
    accepted->text = text(reader, 2);
}

static void read_ddl(struct reader *reader)
{
    struct sw_schema_ddl *ddl = add(reader, &reader->ddl, sizeof *ddl);

    ddl->id = text(reader, 1);
    ddl->at = text(reader, 2);
    ddl->places = names(reader, 3, &ddl->place_count);
    ddl->tables = names(reader, 4, &ddl->table_count);
    ddl->changes_rows = flag(reader, 5);
    ddl->statement = text(reader, 6);
    ddl->age = (enum sw_note_age)letter(reader, 7, "nfo");
}

static const struct {
    const char *kind;
    void (*read)(struct reader *reader);
} line_kinds[] = {
    {"table", read_table},         {"column", read_column},     {"constraint", read_constraint},
    {"index", read_index},         {"sequence", read_sequence}, {"partition", read_partition},
    {"trigger", read_trigger},     {"use", read_use},           {"function", read_function},
    {"operator", read_operator},   {"cast", read_cast},         {"type", read_type},
    {"installed", read_installed}, {"accepted", read_accepted}, {"ddl", read_ddl},
};

static char unescaped(char c)
{
    return (char)(c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c);
}

static void unescape(char *cell)
{
    char *to = cell;

    for (; *cell != '\0'; cell++) {
        if (*cell == '\\' && cell[1] != '\0')
            *to++ = unescaped(*++cell);
        else
            *to++ = *cell;
    }
    *to = '\0';
}

/* Cut @line, which is changed, into the reader's cells. */
static void cut(struct reader *reader, char *line)
{
    reader->cell_count = 0;
    while (line != NULL && reader->cell_count < MOST_CELLS) {
        char *tab = strchr(line, '\t');

        if (tab != NULL)
            *tab++ = '\0';
        reader->cells[reader->cell_count++] = strcmp(line, "\\N") == 0 ? NULL : line;
        if (reader->cells[reader->cell_count - 1] != NULL)
            unescape(line);
        line = tab;
    }
    reader->is_bad = line != NULL;
}

static bool read_line(struct reader *reader, char *line)
{
    cut(reader, line);
    for (size_t i = 0; i < sizeof line_kinds / sizeof *line_kinds; i++) {
        if (reader->cells[0] == NULL || strcmp(reader->cells[0], line_kinds[i].kind) != 0)
            continue;
        line_kinds[i].read(reader);
        return !reader->is_bad;
    }
    return false;
}

static void finish_tables(struct reader *reader)
{
    struct sw_schema *schema = reader->schema;
    struct draft **drafts = reader->drafts.items;

    schema->table_count = reader->drafts.count;
    schema->tables =
        sw_arena_alloc(reader->arena, (size_t)schema->table_count * sizeof *schema->tables);
    for (int i = 0; i < schema->table_count; i++) {
        struct draft *draft = drafts[i];
        struct sw_schema_table *table = &schema->tables[i];
        char name[FULL_NAME];

        *table = draft->table;
        table->columns = draft->columns.items;
        table->column_count = draft->columns.count;
        table->constraints = draft->constraints.items;
        table->constraint_count = draft->constraints.count;
        table->parts = draft->parts.items;
        table->part_count = draft->parts.count;
        table->triggers = draft->triggers.items;
        table->trigger_count = draft->triggers.count;
        table->uses = draft->uses.items;
        table->use_count = draft->uses.count;
        if (full_name(name, table->schema, table->name))
            (void)sw_textmap_put(&schema->by_name, name, table);
    }
}

static void finish(struct reader *reader)
{
    struct sw_schema *schema = reader->schema;

    finish_tables(reader);
    schema->sequences = reader->sequences.items;
    schema->sequence_count = reader->sequences.count;
    schema->functions = reader->functions.items;
    schema->function_count = reader->functions.count;
    schema->operators = reader->operators.items;
    schema->operator_count = reader->operators.count;
    schema->casts = reader->casts.items;
    schema->cast_count = reader->casts.count;
    schema->types = reader->types.items;
    schema->type_count = reader->types.count;
    schema->accepted = reader->accepted.items;
    schema->accepted_count = reader->accepted.count;
    schema->ddl = reader->ddl.items;
    schema->ddl_count = reader->ddl.count;
}

static bool read_lines(struct reader *reader, char *at, struct sw_error *err)
{
    for (int line = 1; at != NULL; line++) {
        char *end = strchr(at, '\n');

        if (end != NULL)
            *end++ = '\0';
        if (*at != '\0' && !read_line(reader, at))
            return sw_error_set(err, "22P02", "line %d of the schema cannot be read", line);
        at = end;
    }
    return true;
}

struct sw_schema *sw_schema_read(const char *bytes, size_t len, struct sw_error *err)
{
    struct sw_schema *schema = sw_alloc_zero(1, sizeof *schema);
    struct reader reader = {.schema = schema, .arena = &schema->arena};
    char *copy = sw_strndup(bytes, len);

    sw_arena_init(&schema->arena);
    sw_textmap_init(&schema->by_name);
    sw_textmap_init(&reader.by_name);
    if (read_lines(&reader, copy, err)) {
        finish(&reader);
    } else {
        sw_schema_free(schema);
        schema = NULL;
    }
    sw_textmap_finish(&reader.by_name);
    free(copy);
    return schema;
}

void sw_schema_free(struct sw_schema *schema)
{
    if (schema == NULL)
        return;
    sw_textmap_finish(&schema->by_name);
    sw_arena_finish(&schema->arena);
    free(schema);
}

const struct sw_schema_table *sw_schema_find(const struct sw_schema *schema,
                                             const char *table_schema, const char *table)
{
    char name[FULL_NAME];

    return full_name(name, table_schema, table) ? sw_textmap_get(&schema->by_name, name) : NULL;
}

int sw_schema_column_index(const struct sw_schema_table *table, const char *name)
{
    for (int i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return i;
    return -1;
}

void sw_schema_write_cell(struct sw_buf *out, const char *cell)
{
    static const char specials[] = "\\\t\n\r", letters[] = "\\tnr";

    if (cell == NULL)
        sw_buf_append_text(out, "\\N");
    for (; cell != NULL && *cell != '\0'; cell++) {
        const char *special = strchr(specials, *cell);

        if (special == NULL)
            sw_buf_append(out, cell, 1);
        else
            sw_buf_printf(out, "\\%c", letters[special - specials]);
    }
}
