#include "app.h"

#include "shardward/admin/places.h"

#include <stdio.h>

enum { PIECE = 65536, MOST_CATALOG = 1 << 30 };

struct sw_map *sw_app_read_map(const char *path)
{
    struct sw_config_faults faults = {0};
    struct sw_config *config = sw_config_read(path, &faults);

    for (int i = 0; i < faults.count; i++) {
        const struct sw_config_fault *fault = &faults.faults[i];

        if (fault->line > 0)
            (void)fprintf(stderr, "%s:%d:%d: %s\n", path, fault->line, fault->column,
                          fault->text);
        else
            (void)fprintf(stderr, "%s: %s\n", path, fault->text);
    }
    return config == NULL ? NULL : sw_map_build(config);
}

static void print_error(const struct sw_error *err)
{
    (void)fprintf(stderr, "refused: %s: %s\n", err->sqlstate, err->message);
    if (err->detail[0] != '\0')
        (void)fprintf(stderr, "detail: %s\n", err->detail);
    if (err->hint[0] != '\0')
        (void)fprintf(stderr, "hint: %s\n", err->hint);
}

/* The catalog of the saved file at @path; NULL after a complaint, or without a path. */
static struct sw_catalog *read_catalog(struct sw_map *map, const char *path)
{
    struct sw_catalog *catalog = NULL;
    struct sw_error err;
    struct sw_buf text;
    FILE *file = path == NULL ? NULL : fopen(path, "r");
    uint8_t *room;

    if (file == NULL) {
        if (path != NULL)
            perror(path);
        return NULL;
    }
    sw_buf_init(&text, MOST_CATALOG);
    while (!feof(file) && !ferror(file) && (room = sw_buf_room(&text, PIECE)) != NULL)
        sw_buf_grown(&text, fread(room, 1, PIECE, file));
    (void)fclose(file);
    catalog =
        sw_catalog_read(map, sw_buf_len(&text) == 0 ? "" : (const char *)sw_buf_bytes(&text),
                        sw_buf_len(&text), &err);
    if (catalog == NULL)
        (void)fprintf(stderr, "%s: %s\n", path, err.message);
    sw_buf_finish(&text);
    return catalog;
}

/* Print what was found out, or why not; takes @map. */
static int tell(struct sw_map *map, struct sw_buf *out, bool is_good,
                const struct sw_error *err)
{
    if (is_good)
        (void)fwrite(sw_buf_bytes(out), 1, sw_buf_len(out), stdout);
    else
        print_error(err);
    sw_buf_finish(out);
    sw_map_unref(map);
    return is_good ? 0 : 1;
}

int sw_app_explain(const char *path, const char *catalog_path, const char *database,
                   const char *sql)
{
    struct sw_map *map = sw_app_read_map(path);
    struct sw_places places = {.map = map, .database = database};
    struct sw_catalog *catalog = NULL;
    struct sw_error err;
    struct sw_buf out;
    int code = 1;

    if (map == NULL)
        return 1;
    if (catalog_path != NULL && (catalog = read_catalog(map, catalog_path)) == NULL) {
        sw_map_unref(map);
        return 1;
    }
    places.catalog = catalog;
    sw_buf_init(&out, SIZE_MAX);
    code = tell(map, &out, sw_places_explain(&places, sql, &out, &err), &err);
    sw_catalog_unref(catalog);
    return code;
}

int sw_app_locate(const char *path, const char *database, const char *table,
                  const char *const *keys, int key_count)
{
    struct sw_map *map = sw_app_read_map(path);
    const struct sw_places places = {.map = map, .database = database};
    struct sw_error err;
    struct sw_buf out;

    if (map == NULL)
        return 1;
    sw_buf_init(&out, SIZE_MAX);
    return tell(map, &out, sw_places_locate(&places, table, keys, key_count, &out, &err), &err);
}
