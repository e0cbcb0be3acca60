#include "shardward/catalog/install.h"

#include "read.h"
#include "sql.h"
#include "talk.h"

#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/topology/accepted.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 60000, MOST_SQL = 64 << 20 };

/* All that is to be done on one shard; the lock keeps two installers apart. */
static const char begin[] = "BEGIN;\n"
                            "SET LOCAL search_path = pg_catalog;\n"
                            "SELECT pg_advisory_xact_lock(hashtext('shardward install'));\n";

struct installer {
    const struct sw_database *database;
    const struct sw_shard *shard;
    enum sw_install_mode mode;
    struct sw_talk talk;
    int version;             /* of the schema that is there */
    struct sw_schema *found; /* what the shard says of itself */
    FILE *out;
};

static const char *where(const struct installer *installer)
{
    return installer->shard->business == NULL ? "catalog database" : "shard";
}

static void tell(const struct installer *installer, const char *text)
{
    (void)fprintf(installer->out, "%s %s (database %s on cluster %s): %s\n", where(installer),
                  installer->shard->name, installer->shard->dbname,
                  installer->shard->cluster->name, text);
}

static bool complain(const struct installer *installer, const struct sw_error *err)
{
    const char *user = installer->shard->cluster->control.user;

    tell(installer, err->message);
    if (err->hint[0] != '\0')
        (void)fprintf(installer->out, "  hint: %s\n", err->hint);
    if (sw_error_is(err, "42501"))
        (void)fprintf(installer->out,
                      "  hint: the control user needs rights; run as a superuser or the "
                      "database's owner:\n"
                      "    GRANT CONNECT, CREATE ON DATABASE \"%s\" TO \"%s\";\n"
                      "    ALTER SCHEMA shardward OWNER TO \"%s\";  -- if somebody else made "
                      "it\n",
                      installer->shard->dbname, user, user);
    return false;
}

static void append_migration(struct sw_buf *sql, const struct sw_migration *migration)
{
    sw_buf_append_text(sql, migration->sql);
    sw_buf_printf(sql, "INSERT INTO shardward.version (version) VALUES (%d);\n",
                  migration->version);
}

static bool run(struct installer *installer, struct sw_buf *sql, struct sw_error *err)
{
    bool is_good =
        !sql->is_over && sw_buf_append(sql, "", 1) &&
        sw_talk_run(&installer->talk, (const char *)sw_buf_bytes(sql), NULL, NULL, err);

    if (sql->is_over)
        sw_error_set(err, "54000", "the map is too large to be accepted");
    sw_buf_finish(sql);
    return is_good;
}

static bool migrate(struct installer *installer, struct sw_error *err)
{
    struct sw_buf sql;
    char text[100];

    if (installer->version == sw_migration_count) {
        tell(installer, "schema shardward is up to date");
        return true;
    }
    if (installer->version > sw_migration_count)
        return sw_error_set(err, "55000",
                            "schema shardward has version %d, this program knows %d: it is too "
                            "old",
                            installer->version, sw_migration_count);
    sw_buf_init(&sql, MOST_SQL);
    sw_buf_append_text(&sql, begin);
    for (int i = installer->version; i < sw_migration_count; i++)
        append_migration(&sql, &sw_migrations[i]);
    sw_buf_append_text(&sql, "COMMIT;\n");
    if (!run(installer, &sql, err))
        return false;
    (void)snprintf(text, sizeof text, "schema shardward: version %d, was %d",
                   sw_migration_count, installer->version);
    tell(installer, text);
    return true;
}

static void append_quoted(struct sw_buf *sql, const char *before, const char *text)
{
    char *quoted = sw_text_literal(text);

    sw_buf_append_text(sql, before);
    sw_buf_append_text(sql, quoted);
    free(quoted);
}

/* The rows of the map that the shard has not accepted yet, as SQL and as words for people. */
static int append_changes(struct installer *installer, const struct sw_accepted *rows,
                          int count, struct sw_buf *sql, struct sw_buf *words)
{
    const struct sw_schema *found = installer->found;
    int changes = 0;

    for (int i = 0; i < count; i++) {
        const char *was =
            sw_accepted_find(found->accepted, found->accepted_count, rows[i].what);

        if (was != NULL && strcmp(was, rows[i].text) == 0)
            continue;
        changes++;
        append_quoted(sql, "INSERT INTO shardward.accepted (what, text) VALUES (",
                      rows[i].what);
        append_quoted(sql, ", ", rows[i].text);
        sw_buf_append_text(sql, ") ON CONFLICT (what) DO UPDATE SET text = EXCLUDED.text;\n");
        sw_buf_printf(words, "%s%s: %s%s%s", changes == 1 ? "" : "; ", rows[i].what,
                      was == NULL ? "" : was, was == NULL ? "" : " -> ", rows[i].text);
    }
    return changes;
}

static bool accept_rows(struct installer *installer, const struct sw_accepted *rows, int count,
                        struct sw_error *err)
{
    struct sw_buf sql, words;
    int changes;
    bool is_good = true;

    sw_buf_init(&sql, MOST_SQL);
    sw_buf_init(&words, MOST_SQL);
    sw_buf_append_text(&sql, begin);
    changes = append_changes(installer, rows, count, &sql, &words);
    sw_buf_append(&words, "", 1);
    append_quoted(&sql,
                  "INSERT INTO shardward.map (version, changes) SELECT coalesce(max(version), "
                  "0) + 1, ",
                  (const char *)sw_buf_bytes(&words));
    sw_buf_append_text(&sql, " FROM shardward.map;\nCOMMIT;\n");
    if (changes == 0) {
        tell(installer, "the map is the one accepted");
        sw_buf_finish(&sql);
    } else {
        is_good = run(installer, &sql, err);
        if (is_good)
            (void)fprintf(installer->out, "%s %s: accepted %s\n", where(installer),
                          installer->shard->name, (const char *)sw_buf_bytes(&words));
    }
    sw_buf_finish(&words);
    return is_good;
}

static bool accept_map(struct installer *installer, struct sw_error *err)
{
    const struct sw_accepted *rows;
    struct sw_arena arena;
    bool is_good;
    int count;

    if (installer->shard->business == NULL)
        return true;
    if (installer->mode == SW_INSTALL &&
        !sw_accepted_allows(installer->database, installer->shard, installer->found, err))
        return false;
    sw_arena_init(&arena);
    rows = sw_accepted_of(installer->database, installer->shard, &arena, &count);
    is_good = accept_rows(installer, rows, count, err);
    sw_arena_finish(&arena);
    return is_good;
}

/* What the shard has, as the catalog's reader finds it. */
static bool look(struct installer *installer, struct sw_error *err)
{
    char *text = sw_read_shard(installer->shard, NULL, TIMEOUT_MS, NULL, err);

    installer->found = text == NULL ? NULL : sw_schema_read(text, strlen(text), err);
    free(text);
    if (installer->found != NULL)
        installer->version = installer->found->installed;
    return installer->found != NULL;
}

static bool install_on(struct installer *installer)
{
    struct sw_error err;
    bool is_good = true;

    if (installer->shard->cluster->control.user == NULL) {
        tell(installer, "its cluster has no control user; write `control: {user: ...}`");
        return false;
    }
    is_good = look(installer, &err) &&
              sw_talk_open(&installer->talk, installer->shard, TIMEOUT_MS, &err) &&
              migrate(installer, &err) && accept_map(installer, &err);
    sw_talk_close(&installer->talk);
    sw_schema_free(installer->found);
    return is_good || complain(installer, &err);
}

struct missing {
    FILE *out;
    const struct sw_cluster *cluster;
    int count;
};

static void on_missing_right(void *owner, const char *statement)
{
    struct missing *missing = owner;

    if (missing->count++ == 0)
        (void)fprintf(missing->out,
                      "cluster %s: the control user may not see all that failover needs\n"
                      "  hint: run as a superuser:\n",
                      missing->cluster->name);
    (void)fprintf(missing->out, "    %s\n", statement);
}

static bool check_watching(const struct sw_cluster *cluster, FILE *out)
{
    struct missing missing = {.out = out, .cluster = cluster};
    struct sw_error err;

    if (!sw_watching_rights(cluster, on_missing_right, &missing, &err)) {
        (void)fprintf(out, "cluster %s: %s\n", cluster->name, err.message);
        return false;
    }
    return missing.count == 0;
}

bool sw_install(const struct sw_map *map, enum sw_install_mode mode, FILE *out)
{
    bool is_good = true;

    for (int d = 0; d < map->database_count; d++) {
        const struct sw_database *database = &map->databases[d];

        for (int s = 0; s < database->shard_count; s++) {
            struct installer installer = {
                .database = database, .shard = database->shards[s], .mode = mode, .out = out};

            is_good = install_on(&installer) && is_good;
        }
    }
    for (int c = 0; c < map->cluster_count; c++)
        if (map->clusters[c].failover == SW_FAILOVER_MANAGED)
            is_good = sw_install_control(&map->clusters[c], out) && is_good;
    for (int c = 0; c < map->cluster_count; c++)
        if (map->clusters[c].failover != SW_FAILOVER_OFF)
            is_good = check_watching(&map->clusters[c], out) && is_good;
    return is_good;
}

void sw_install_print(FILE *out)
{
    for (int i = 0; i < sw_migration_count; i++) {
        struct sw_buf sql;

        sw_buf_init(&sql, MOST_SQL);
        append_migration(&sql, &sw_migrations[i]);
        (void)fprintf(out, "-- %s\nBEGIN;\n", sw_migrations[i].name);
        (void)fwrite(sw_buf_bytes(&sql), 1, sw_buf_len(&sql), out);
        (void)fputs("COMMIT;\n\n", out);
        sw_buf_finish(&sql);
    }
    (void)fprintf(out, "-- the control database of a cluster with failover: managed\n%s",
                  sw_sql_control);
}
