/*
 * oidmap - two numberings of the same types, and tables.
 *
 * PostgreSQL numbers the types of its users (enums, domains, those of extensions) as they come,
 * so that each database has other numbers. Clients know one database only: the catalog
 * database. A map says what a shard calls its types; and, apart, its tables, which are numbered
 * just so. It also tells of which types the binary values name types themselves.
 *
 * Immutable once filled, and counted from any thread.
 */
#ifndef SW_BASE_OIDMAP_H
#define SW_BASE_OIDMAP_H

#include <stdatomic.h>
#include <stdint.h>

/* Below are the oids of initdb, the same on every server. */
enum { SW_FIRST_USER_OID = 16384 };

/* What the binary values of a type are made of. A domain has the shape of its base type. */
enum sw_shape_kind {
    SW_SHAPE_PLAIN,      /* they name no types */
    SW_SHAPE_ARRAY,      /* they name the type of their elements */
    SW_SHAPE_COMPOSITE,  /* ... and that of each field */
    SW_SHAPE_RANGE,      /* of two values of type `of` */
    SW_SHAPE_MULTIRANGE, /* of such ranges */
};

struct sw_shape {
    enum sw_shape_kind kind;
    uint32_t of; /* what the shard calls that type */
};

struct sw_oid_pair {
    uint32_t shard_oid, catalog_oid;
    struct sw_shape shape; /* of a type */
};

struct sw_oid_map {
    atomic_int refs;
    int count;
    struct sw_oid_pair *by_shard, *by_catalog; /* the same pairs, sorted by either */
    struct sw_oid_map *tables; /* of tables; owned; NULL: both number them alike */
};

/* Copies @count pairs, in any order. One reference. Ranges of what names no types are plain. */
struct sw_oid_map *sw_oid_map_create(const struct sw_oid_pair *pairs, int count);
struct sw_oid_map *sw_oid_map_ref(struct sw_oid_map *map); /* accepts NULL */
void sw_oid_map_unref(struct sw_oid_map *map);             /* accepts NULL */

/* The oid on the other side; what is not in the map stays as it is. */
uint32_t sw_oid_of_catalog(const struct sw_oid_map *map, uint32_t shard_oid);
uint32_t sw_oid_of_shard(const struct sw_oid_map *map, uint32_t catalog_oid);

/* The shape of a type by its oid on either side. Of those of initdb only record, record[] and
 * anyarray name types that may be the users'; what is not in the map is plain. */
struct sw_shape sw_shape_of_shard(const struct sw_oid_map *map, uint32_t shard_oid);
struct sw_shape sw_shape_of_catalog(const struct sw_oid_map *map, uint32_t catalog_oid);

#endif
