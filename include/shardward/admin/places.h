/*
 * places - where a statement would run and where a key lives, in words: one answer for the
 * console and the command line. Needs no server.
 */
#ifndef SW_ADMIN_PLACES_H
#define SW_ADMIN_PLACES_H

#include "shardward/base/buf.h"
#include "shardward/base/error.h"
#include "shardward/topology/catalog.h"
#include "shardward/topology/map.h"
#include "shardward/topology/state.h"

struct sw_places {
    const struct sw_map *map;
    const struct sw_catalog *catalog; /* NULL: unknown */
    const struct sw_state *state;     /* where primaries are, for LOCATE; NULL: unknown */
    const char *database;             /* NULL: the only one of the map */
};

/* Both append lines of `name: value` to @out. False: what a client would be told, or 3D000 (no
 * such database, or several and none named), 42P01 (no such table), 22023 (@keys are not as
 * many as the key has columns, or have no place). */
bool sw_places_explain(const struct sw_places *places, const char *sql, struct sw_buf *out,
                       struct sw_error *err);
bool sw_places_locate(const struct sw_places *places, const char *table,
                      const char *const *keys, int key_count, struct sw_buf *out,
                      struct sw_error *err);

#endif
