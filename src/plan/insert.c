#include "planner.h"

#include <stdio.h>
#include <string.h>

static bool refuse(struct sw_planner *planner, const char *what, const char *table,
                   const char *hint)
{
    sw_error_set(planner->err, "0A000", "%s into the sharded table \"%s\" is not supported yet",
                 what, table);
    sw_error_hint(planner->err, "%s", hint);
    return false;
}

const struct sw_schema_table *sw_insert_facts(const struct sw_planner *planner,
                                              const struct sw_level *level)
{
    const struct sw_catalog_table *facts = planner->places[level->target].facts;

    return facts == NULL ? NULL : facts->facts;
}

/* Where the column at @index of its table stands in rows of COPY, which have no values of
 * generated columns. */
static int column_of_copy(const struct sw_schema_table *facts, int index)
{
    int at = 0;

    for (int i = 0; i < index; i++)
        at += !facts->columns[i].is_generated;
    return facts->columns[index].is_generated ? -1 : at;
}

int sw_insert_column(const struct sw_planner *planner, const struct sw_level *level,
                     const char *name)
{
    const struct sw_schema_table *facts = sw_insert_facts(planner, level);
    int at = facts == NULL || level->has_column_list ? -1 : sw_schema_column_index(facts, name);

    for (int i = 0; i < level->column_count; i++)
        if (strcmp(level->columns[i], name) == 0)
            return i;
    if (level->source == SW_INSERT_COPY)
        return at < 0 ? -1 : column_of_copy(facts, at);
    return at < level->row_width ? at : -1;
}

/* A part of the key of the rows of an INSERT. */
struct key_part {
    const struct sw_fill *fill; /* NULL: nothing fills it */
    struct sw_value value;      /* in the row at hand; DEFAULT: not drawn yet */
    struct sw_key_value key;    /* the same, read */
    int at;                     /* in the rows; -1: left out */
    int given;                  /* how many rows have been filled */
};

bool sw_insert_check_width(struct sw_planner *planner, const struct sw_level *level,
                           int column_count)
{
    if (level->row_width > column_count)
        return sw_error_set(planner->err, "42601",
                            "INSERT has more expressions than target columns");
    if (level->row_width < column_count && level->has_column_list)
        return sw_error_set(planner->err, "42601",
                            "INSERT has more target columns than expressions");
    return true;
}

/* What fills column @name of @level; NULL: nothing does. */
static const struct sw_fill *fill_of(const struct sw_planner *planner,
                                     const struct sw_level *level, const char *name)
{
    const struct sw_insertion *insertion = planner->insertion;

    if (insertion == NULL || &planner->statement->levels[insertion->level] != level)
        return NULL;
    for (int i = 0; i < insertion->fill_count; i++)
        if (strcmp(insertion->fills[i].column, name) == 0)
            return &insertion->fills[i];
    return NULL;
}

/* Where the parts of the key stand among the columns, and what fills them. */
static bool find_key(struct sw_planner *planner, const struct sw_level *level,
                     const struct sw_table *table, struct key_part *parts)
{
    for (int p = 0; p < table->placement->part_count; p++) {
        int at = sw_insert_column(planner, level, table->keys[p]);

        parts[p] = (struct key_part){.fill = fill_of(planner, level, table->keys[p]), .at = at};
        if (at >= 0 || parts[p].fill != NULL)
            continue;
        sw_error_set(planner->err, "0A000", "INSERT into \"%s\" does not give its key \"%s\"",
                     table->name, table->keys[p]);
        sw_error_hint(planner->err, "Write \"%s\" among the columns, and its value.",
                      table->keys[p]);
        return false;
    }
    return true;
}

bool sw_insert_refuse_null(const struct sw_table *table, int part, struct sw_error *err)
{
    return sw_error_set(err, "23502",
                        "null value in column \"%s\" of relation \"%s\" violates not-null "
                        "constraint",
                        table->keys[part], table->name);
}

static bool refuse_two_shards(struct sw_planner *planner, const struct sw_place *place,
                              const struct sw_shard *other)
{
    sw_error_set(planner->err, "0A000", "statement needs more than one shard");
    sw_error_detail(planner->err, "%s: rows for %s and for %s.", place->table->name,
                    place->shard->name, other->name);
    if (place->is_filled)
        sw_error_hint(planner->err, "Keys drawn from a sequence fall on any shard: insert each "
                                    "row in a statement of its own.");
    else
        sw_error_hint(planner->err, "Insert the rows of each %s in a statement of its own.",
                      place->table->keys[place->table->placement->part_count - 1]);
    return false;
}

/* Only the first part may be without a place. */
bool sw_insert_refuse_nowhere(const struct sw_table *table, const struct sw_key_value *first,
                              struct sw_error *err)
{
    const struct sw_placement *placement = table->placement;
    char value[SW_KEY_SHOWN];

    sw_key_value_print(first, value);
    sw_error_set(err, "22023", "no shard has a place for \"%s\" = '%s' of \"%s\"",
                 table->keys[0], value, table->name);
    sw_error_detail(err, "Placement %s has no %s that holds it, and no default.",
                    placement->name, placement->kind == SW_PLACEMENT_LIST ? "list" : "range");
    sw_error_hint(err, "Add the value, or a default, to the map of the placement.");
    return false;
}

/* An integer is assigned to a text column as its digits; a date, a number of days here, is not.
 */
static struct sw_value as_assigned(enum sw_key_type type, const struct sw_value *value)
{
    struct sw_value copy = *value;

    if (type == SW_KEY_TEXT && value->kind == SW_VALUE_INTEGER && value->cast != SW_CAST_DATE)
        copy.cast = SW_CAST_TEXT;
    return copy;
}

size_t sw_insert_count_characters(const struct sw_key_value *value)
{
    const char *bytes = sw_key_value_bytes(value);
    size_t count = 0;

    for (size_t i = 0; i < value->len; i++)
        count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return count;
}

static int most_characters(const struct sw_schema_table *facts, const char *column,
                           const char **type)
{
    enum { TYPMOD_OFFSET = 4 }; /* PostgreSQL docs, "pg_attribute": VARHDRSZ */
    int at = facts == NULL ? -1 : sw_schema_column_index(facts, column);

    if (at < 0 || facts->columns[at].typmod < TYPMOD_OFFSET)
        return -1;
    *type = facts->columns[at].type;
    return facts->columns[at].typmod - TYPMOD_OFFSET;
}

int sw_insert_most(const struct sw_planner *planner, const struct sw_level *level,
                   const char *column, const char **type)
{
    return most_characters(sw_insert_facts(planner, level), column, type);
}

/* A varchar(n) would store another text than the one that was hashed: it cuts spaces. */
static bool fits_column(struct sw_planner *planner, const struct sw_place *place, int part,
                        const struct sw_key_value *value)
{
    const char *type;
    int most = value->type != SW_KEY_TEXT
                   ? -1
                   : most_characters(place->facts == NULL ? NULL : place->facts->facts,
                                     place->table->keys[part], &type);

    if (most < 0 || sw_insert_count_characters(value) <= (size_t)most)
        return true;
    return sw_error_set(planner->err, "22001", "value too long for type %s", type);
}

/* @row is NULL of DEFAULT VALUES. */
static struct sw_value value_of(const struct sw_planner *planner, const struct sw_value *row,
                                struct key_part *part)
{
    const struct sw_parameters *parameters = planner->parameters;

    if (row != NULL && part->at >= 0 &&
        (part->fill == NULL || row[part->at].kind != SW_VALUE_DEFAULT))
        return row[part->at];
    if (part->fill == NULL || parameters == NULL || parameters->ids == NULL)
        return (struct sw_value){.kind = SW_VALUE_DEFAULT};
    return (struct sw_value){.kind = SW_VALUE_INTEGER,
                             .integer = parameters->ids[part->fill->first + part->given++]};
}

/* Read the key of one row; *is_unbound: it is not there yet. */
static bool read_key(struct sw_planner *planner, const struct sw_place *place,
                     const struct sw_value *row, struct key_part *parts, bool *is_unbound)
{
    const struct sw_table *table = place->table;

    for (int p = 0; p < table->placement->part_count; p++) {
        enum sw_key_type type = table->placement->types[p];
        struct sw_value value;

        parts[p].value = value_of(planner, row, &parts[p]);
        if (parts[p].fill != NULL && parts[p].value.kind == SW_VALUE_DEFAULT) {
            *is_unbound = true;
            continue;
        }
        value = as_assigned(type, &parts[p].value);
        switch (sw_key_read(type, &value, &planner->source, &parts[p].key, planner->err)) {
        case SW_KEY_KNOWN:
            if (!fits_column(planner, place, p, &parts[p].key))
                return false;
            break;
        case SW_KEY_NULL:
            return sw_insert_refuse_null(table, p, planner->err);
        case SW_KEY_UNBOUND:
            *is_unbound = true;
            break;
        case SW_KEY_UNKNOWN:
            if (!sw_error_is_servers(planner->err))
                sw_error_trying(planner->err, "cannot tell the shard of a new row of \"%s\"",
                                table->name);
            return false;
        }
    }
    return true;
}

static void keep_first(struct sw_planner *planner, struct sw_place *place,
                       const struct key_part *parts, int bucket)
{
    size_t count = (size_t)place->table->placement->part_count;
    struct sw_pinned *kept = sw_arena_alloc(&planner->arena, count * sizeof *kept);
    const struct sw_pinned **pinned = sw_arena_alloc(&planner->arena, count * sizeof(void *));

    for (size_t p = 0; p < count; p++) {
        struct sw_value *value = sw_arena_alloc(&planner->arena, sizeof *value);

        *value = parts[p].value;
        kept[p] = (struct sw_pinned){parts[p].key, value};
        pinned[p] = &kept[p];
    }
    place->kind = SW_PLACE_SHARD;
    place->shard = place->table->placement->buckets[bucket].shard;
    place->bucket = bucket;
    place->has_bucket = true;
    place->pinned = pinned;
}

static bool place_row(struct sw_planner *planner, struct sw_place *place,
                      const struct sw_value *row, struct key_part *parts)
{
    const struct sw_placement *placement = place->table->placement;
    struct sw_key_value key[SW_KEY_PARTS];
    bool is_unbound = false;
    int bucket;

    if (!read_key(planner, place, row, parts, &is_unbound))
        return false;
    if (is_unbound)
        return true;
    for (int p = 0; p < placement->part_count; p++)
        key[p] = parts[p].key;
    bucket = sw_key_bucket(placement, key);
    if (bucket < 0)
        return sw_insert_refuse_nowhere(place->table, &key[0], planner->err);
    if (place->kind != SW_PLACE_SHARD)
        keep_first(planner, place, parts, bucket);
    return place->shard == placement->buckets[bucket].shard ||
           refuse_two_shards(planner, place, placement->buckets[bucket].shard);
}

static bool gives_value(const struct sw_level *level, int at)
{
    if (at < 0 || level->source == SW_INSERT_COPY)
        return at >= 0;
    if (at >= level->row_width)
        return false;
    for (int row = 0; row < level->row_count; row++)
        if (level->values[(size_t)row * (size_t)level->row_width + (size_t)at].kind ==
            SW_VALUE_DEFAULT)
            return false;
    return true;
}

static bool is_word_part(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_';
}

/* Does an expression, as PostgreSQL prints it, hold one of @words outside of its literals? */
static const char *find_word(const char *text, const char *const *words, size_t count)
{
    bool is_literal = false;

    for (size_t len; *text != '\0'; text += len) {
        len = 0;
        while (is_word_part(text[len]))
            len++;
        for (size_t i = 0; i < count && !is_literal && len > 0; i++)
            if (strlen(words[i]) == len && memcmp(text, words[i], len) == 0)
                return words[i];
        is_literal ^= *text == '\'';
        len += len == 0;
    }
    return NULL;
}

static bool refuse_default(const struct sw_planner *planner, const char *table,
                           const char *column, const char *why)
{
    sw_error_set(planner->err, "0A000",
                 "INSERT into \"%s\" leaves \"%s\" to a default that its server would answer "
                 "otherwise",
                 table, column);
    sw_error_detail(planner->err, "%s", why);
    sw_error_hint(planner->err, "Give the column a value.");
    return false;
}

/* What a default says of the user, or of the server, is what the shard's server sees. */
bool sw_insert_check_default(const struct sw_planner *planner, const struct sw_table *table,
                             const struct sw_schema_column *column)
{
    static const char *const of_user[] = {"CURRENT_ROLE", "CURRENT_USER", "SESSION_USER",
                                          "USER", "getpgusername"};
    static const char *const of_server[] = {
        "CURRENT_CATALOG",    "current_database",   "inet_client_addr",
        "inet_client_port",   "inet_server_addr",   "inet_server_port",
        "pg_backend_pid",     "pg_current_xact_id", "pg_current_wal_insert_lsn",
        "pg_current_wal_lsn", "txid_current"};
    const struct sw_user *user = planner->context->user;
    const char *word =
        find_word(column->default_text, of_server, sizeof of_server / sizeof *of_server);
    char why[256];

    if (word != NULL) {
        (void)snprintf(why, sizeof why, "It calls %s.", word);
        return refuse_default(planner, table->name, column->name, why);
    }
    if (user == NULL || strcmp(user->name, user->server_user) == 0 ||
        find_word(column->default_text, of_user, sizeof of_user / sizeof *of_user) == NULL)
        return true;
    (void)snprintf(why, sizeof why,
                   "The servers would name the user \"%.63s\" instead of "
                   "\"%.63s\".",
                   user->server_user, user->name);
    return refuse_default(planner, table->name, column->name, why);
}

static bool check_defaults(struct sw_planner *planner, const struct sw_level *level)
{
    const struct sw_schema_table *facts = sw_insert_facts(planner, level);

    for (int i = 0; facts != NULL && i < facts->column_count; i++) {
        const struct sw_schema_column *column = &facts->columns[i];

        if (column->default_text == NULL ||
            gives_value(level, sw_insert_column(planner, level, column->name)))
            continue;
        if (!sw_insert_check_default(planner, planner->places[level->target].table, column))
            return false;
    }
    return true;
}

static bool place_target(struct sw_planner *planner, const struct sw_level *level)
{
    struct sw_place *place = &planner->places[level->target];
    struct key_part parts[SW_KEY_PARTS] = {0};

    if (level->source == SW_INSERT_QUERY)
        return refuse(planner, "INSERT ... SELECT", place->table->name,
                      "Read the rows first, then insert them with VALUES.");
    if (!find_key(planner, level, place->table, parts))
        return false;
    place->kind = SW_PLACE_ANY_OF;
    if (level->source == SW_INSERT_COPY)
        return true;
    if (level->source == SW_INSERT_DEFAULTS)
        return place_row(planner, place, NULL, parts);
    for (int row = 0; row < level->row_count; row++)
        if (!place_row(planner, place, &level->values[(size_t)row * (size_t)level->row_width],
                       parts))
            return false;
    return true;
}

bool sw_insert_place(struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;

    for (int i = 0; i < statement->level_count; i++) {
        const struct sw_level *level = &statement->levels[i];
        const struct sw_table *table =
            level->target < 0 ? NULL : planner->places[level->target].table;

        if (level->kind != SW_LEVEL_INSERT || table == NULL)
            continue;
        if (!check_defaults(planner, level) ||
            (sw_table_is_sharded(table) && !place_target(planner, level)))
            return false;
    }
    return true;
}
