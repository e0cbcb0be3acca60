#include "reader.h"

#include "shardward/base/mem.h"

#include <string.h>

struct home {
    int cluster;
    const char *dbname;
};

static const struct sw_field home_fields[] = {
    {"cluster", sw_read_cluster_name, offsetof(struct home, cluster), true, 0, 0},
    {"dbname", sw_read_name, offsetof(struct home, dbname), true, 0, 0},
};

/* Note under @name where it stands; a second time in one database is a fault. */
static void expect_new(struct sw_reader *reader, struct sw_textmap *names, const char *name,
                       const yaml_node_t *at, const char *what)
{
    const yaml_node_t *before = sw_textmap_put(names, name, (void *)(uintptr_t)at);

    if (before != NULL)
        sw_reader_fault(reader, at,
                        "%s '%.80s' stands twice in this database (first in line %zu)", what,
                        name, before->start_mark.line + 1);
}

/* Read cluster and dbname; no two shards of a database, nor a shard and the catalog, may share
 * them. */
static struct home read_home(struct sw_reader *reader, const struct sw_entry *entry)
{
    struct home home = {-1, NULL};
    char *name;

    if (!sw_reader_fields(reader, entry, home_fields, sizeof home_fields / sizeof *home_fields,
                          &home) ||
        home.cluster < 0 || home.dbname == NULL)
        return home;
    name = sw_format("%s on %s", home.dbname, reader->config->clusters[home.cluster].name);
    expect_new(reader, &reader->homes, name, entry->value, "the PostgreSQL database");
    free(name);
    return home;
}

static void read_catalog(struct sw_reader *reader, const struct sw_entry *entry,
                         const struct sw_field *field, void *into)
{
    struct sw_config_database *database = into;
    struct home home = read_home(reader, entry);

    database->catalog_cluster = home.cluster;
    database->catalog_dbname = home.dbname;
}

static void read_shard(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_shard *shard = item;
    struct home home;

    shard->name = sw_arena_strdup(&reader->config->arena, entry->name);
    sw_reader_is_name(reader, entry->key, "a shard's name", entry->name);
    expect_new(reader, &reader->shard_names, entry->name, entry->key, "the shard");
    home = read_home(reader, entry);
    shard->cluster = home.cluster;
    shard->dbname = home.dbname;
}

/* Those of a business that stands before it. */
static void share_shards(struct sw_reader *reader, const struct sw_entry *entry,
                         struct sw_config_business *business)
{
    const char *name = sw_reader_scalar(reader, entry);
    const struct sw_config_business *other =
        name == NULL ? NULL : sw_textmap_get(&reader->business_names, name);

    if (name == NULL)
        return;
    if (other == NULL || other->shards_of >= 0) {
        sw_reader_fault(reader, entry->value,
                        "'shards: %.80s': write the shards, or the name of a business above "
                        "that has shards of its own",
                        name);
        return;
    }
    business->shards_of = (int)(other - reader->first_business);
    business->shards = other->shards;
    business->shard_count = other->shard_count;
}

static void read_shards(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    struct sw_config_business *business = into;

    if (entry->value->type == YAML_SCALAR_NODE) {
        share_shards(reader, entry, business);
        return;
    }
    business->shards = sw_reader_each(reader, entry, sizeof *business->shards, read_shard,
                                      &business->shard_count);
    if (business->shards != NULL && business->shard_count == 0)
        sw_reader_fault(reader, entry->key, "business '%.80s' has no shard; write at least one",
                        business->name);
}

int sw_read_placement_name(struct sw_reader *reader, const struct sw_entry *entry)
{
    const struct sw_config_business *business = reader->business;
    const char *text = sw_reader_scalar(reader, entry);

    for (int i = 0; text != NULL && i < business->placement_count; i++)
        if (strcmp(business->placements[i].name, text) == 0)
            return i;
    if (text != NULL)
        sw_reader_fault(reader, entry->value,
                        "business '%.60s' has no placement '%.60s'; write one that stands "
                        "under its 'placements'",
                        business->name, text);
    return -1;
}

static void read_table_placement(struct sw_reader *reader, const struct sw_entry *entry,
                                 const struct sw_field *field, void *into)
{
    struct sw_config_table *table = into;

    table->placement = sw_read_placement_name(reader, entry);
}

/* What the DBA answers for; a bool. */
static void read_local(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text != NULL && strcmp(text, "local") != 0)
        sw_reader_fault(reader, entry->value,
                        "'%s: %.80s': write local, if each shard may answer for itself, or "
                        "leave the key out",
                        entry->name, text);
    *(bool *)((char *)into + field->offset) = text != NULL;
}

static void add_key(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_table *table = reader->table;
    const char **keys = (const char **)(uintptr_t)table->keys;
    const char *text = sw_reader_scalar(reader, entry);

    if (text == NULL || !sw_reader_is_name(reader, entry->value, entry->name, text))
        return;
    for (int i = 0; i < table->key_count; i++)
        if (strcmp(keys[i], text) == 0)
            sw_reader_fault(reader, entry->value, "'%.80s' stands twice in the key", text);
    if (table->key_count == SW_KEY_PARTS)
        sw_reader_fault(reader, entry->value, "a key has at most %d columns",
                        (int)SW_KEY_PARTS);
    else
        keys[table->key_count++] = text;
}

/* A column, or a list of columns. */
static void read_key(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct sw_field *field, void *into)
{
    struct sw_config_table *table = into;
    int count = 0;

    table->keys = sw_arena_alloc(&reader->config->arena, SW_KEY_PARTS * sizeof *table->keys);
    reader->table = table;
    if (entry->value->type == YAML_SEQUENCE_NODE)
        sw_reader_sequence(reader, entry, 0, add_key, &count);
    else
        add_key(reader, entry, NULL);
}

static const struct sw_field table_fields[] = {
    {.name = "key", .read = read_key},
    {.name = "placement", .read = read_table_placement},
    {"reference", sw_read_bool, offsetof(struct sw_config_table, is_reference), false, 0, 0},
    {"unique", read_local, offsetof(struct sw_config_table, is_unique_local), false, 0, 0},
    {"foreign_keys", read_local, offsetof(struct sw_config_table, is_foreign_local), false, 0,
     0},
    {"triggers", read_local, offsetof(struct sw_config_table, is_trigger_local), false, 0, 0},
    {"row_security", read_local, offsetof(struct sw_config_table, is_row_security_local), false,
     0, 0},
};

/* "name" or "schema.name". */
static void name_table(struct sw_reader *reader, const struct sw_entry *entry,
                       struct sw_config_table *table)
{
    const char *dot = strchr(entry->name, '.');
    struct sw_arena *arena = &reader->config->arena;
    char *full;

    table->schema =
        dot == NULL ? "public" : sw_arena_text(arena, entry->name, (size_t)(dot - entry->name));
    table->name = sw_arena_strdup(arena, dot == NULL ? entry->name : dot + 1);
    if (strchr(table->name, '.') != NULL) {
        sw_reader_fault(reader, entry->key,
                        "'%.80s' has more than one dot; write the table as name or schema.name",
                        entry->name);
        return;
    }
    if (!sw_reader_is_name(reader, entry->key, "a table's schema", table->schema) ||
        !sw_reader_is_name(reader, entry->key, "a table's name", table->name))
        return;
    if (strncmp(table->schema, "pg_", 3) == 0 ||
        strcmp(table->schema, "information_schema") == 0)
        sw_reader_fault(reader, entry->key, "schema '%s' belongs to PostgreSQL; remove it",
                        table->schema);
    full = sw_format("%s.%s", table->schema, table->name);
    expect_new(reader, &reader->table_names, full, entry->key, "the table");
    free(full);
}

static void check_kind(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_config_table *table)
{
    const struct sw_config_business *business = reader->business;
    bool is_keyed = sw_reader_has(reader, entry, "key"),
         is_placed = sw_reader_has(reader, entry, "placement");

    if (table->is_reference && (is_keyed || is_placed))
        sw_reader_fault(reader, entry->key,
                        "table '%.80s' is a reference table, of which each shard has all rows; "
                        "remove its key and placement",
                        entry->name);
    else if (is_keyed && !is_placed)
        sw_reader_fault(reader, entry->key, "table '%.80s' has a key; write its placement too",
                        entry->name);
    else if (is_placed && !is_keyed)
        sw_reader_fault(reader, entry->key, "table '%.80s' has a placement; write its key too",
                        entry->name);
    else if (!is_keyed && !table->is_reference && business->shard_count > 1)
        sw_reader_fault(reader, entry->key,
                        "table '%.80s' needs a key and a placement, as business '%.60s' has %d "
                        "shards; or reference: true, if each of them has all its rows; or move "
                        "it to a business with one shard",
                        entry->name, business->name, business->shard_count);
}

/* A placement with faults of its own has no parts to count. */
static void check_parts(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_config_table *table)
{
    const struct sw_config_placement *placement;

    if (table->placement < 0 || table->key_count == 0)
        return;
    placement = &reader->business->placements[table->placement];
    if (placement->part_count != table->key_count && placement->part_count > 0)
        sw_reader_fault(reader, entry->key,
                        "the key of table '%.80s' has %d column%s, placement '%.80s' needs %d; "
                        "write key: [column, ...]",
                        entry->name, table->key_count, table->key_count == 1 ? "" : "s",
                        placement->name, placement->part_count);
}

static void read_table(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_table *table = item;

    table->placement = -1;
    name_table(reader, entry, table);
    if (sw_reader_fields(reader, entry, table_fields,
                         sizeof table_fields / sizeof *table_fields, table)) {
        check_kind(reader, entry, table);
        check_parts(reader, entry, table);
    }
}

static void read_tables(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    struct sw_config_business *business = into;

    business->tables = sw_reader_each(reader, entry, sizeof *business->tables, read_table,
                                      &business->table_count);
}

static const struct sw_field business_fields[] = {
    {.name = "shards", .read = read_shards, .is_required = true},
    {.name = "placements", .read = sw_read_placements},
    {.name = "tables", .read = read_tables},
    {.name = "functions", .read = sw_read_functions},
};

static void read_business(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_business *business = item;

    business->name = sw_arena_strdup(&reader->config->arena, entry->name);
    sw_reader_is_name(reader, entry->key, "a business' name", entry->name);
    business->shards_of = -1;
    reader->business = business;
    if (reader->first_business == NULL)
        reader->first_business = business;
    sw_reader_fields(reader, entry, business_fields,
                     sizeof business_fields / sizeof *business_fields, business);
    (void)sw_textmap_put(&reader->business_names, business->name, business);
}

static void read_businesses(struct sw_reader *reader, const struct sw_entry *entry,
                            const struct sw_field *field, void *into)
{
    struct sw_config_database *database = into;

    database->businesses = sw_reader_each(reader, entry, sizeof *database->businesses,
                                          read_business, &database->business_count);
}

static const struct sw_field database_fields[] = {
    {.name = "catalog", .read = read_catalog, .is_required = true},
    {.name = "businesses", .read = read_businesses},
    {.name = "default_business"},
    {"clients", sw_read_number, offsetof(struct sw_config_database, clients), false, 0,
     1000000},
    {"connections", sw_read_number, offsetof(struct sw_config_database, connections), false, 0,
     1000000},
};

static void read_database(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_database *database = item;

    database->name = sw_arena_strdup(&reader->config->arena, entry->name);
    sw_reader_is_name(reader, entry->key, "a database's name", entry->name);
    sw_textmap_init(&reader->shard_names);
    sw_textmap_init(&reader->homes);
    sw_textmap_init(&reader->table_names);
    sw_textmap_init(&reader->function_names);
    sw_textmap_init(&reader->business_names);
    reader->first_business = NULL;
    sw_reader_fields(reader, entry, database_fields,
                     sizeof database_fields / sizeof *database_fields, database);
    sw_textmap_finish(&reader->shard_names);
    sw_textmap_finish(&reader->homes);
    sw_textmap_finish(&reader->table_names);
    sw_textmap_finish(&reader->function_names);
    sw_textmap_finish(&reader->business_names);
}

void sw_read_databases(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    config->databases = sw_reader_each(reader, entry, sizeof *config->databases, read_database,
                                       &config->database_count);
    if (config->databases != NULL && config->database_count == 0)
        sw_reader_fault(reader, entry->value, "'databases' is empty; write at least one");
}
