/*
 * accepted - what decides where rows live, in a canonical text, and whether it has changed.
 *
 * Each shard keeps the rows of its businesses under which it has taken in data:
 *
 *   shard                       booking.orders_0
 *   placement orders.by_patient hash bigint 1024: orders_0 0-511, orders_1 512-1023
 *   table public.appointments   orders.by_patient(patient_id)
 *   table public.hospitals      single on institutions
 *
 * A row that differs from the map's makes rows vanish from sight; one that the shard does not
 * know yet is new, and one that the map does not know any more hides nothing but itself.
 */
#ifndef SW_TOPOLOGY_ACCEPTED_H
#define SW_TOPOLOGY_ACCEPTED_H

#include "shardward/topology/map.h"
#include "shardward/topology/schema.h"

/* What @map says of @shard, which belongs to @database; not of a catalog database. The rows
 * and their texts lie in @arena. */
const struct sw_accepted *sw_accepted_of(const struct sw_database *database,
                                         const struct sw_shard *shard, struct sw_arena *arena,
                                         int *count);
/* The part of it that is about tables of @business. */
const struct sw_accepted *sw_accepted_of_business(const struct sw_business *business,
                                                  struct sw_arena *arena, int *count);

/* The text of @what among @count rows, or NULL. */
const char *sw_accepted_find(const struct sw_accepted *rows, int count, const char *what);

/* Does what @shard has accepted allow the map? False: 55000, with what differs. */
bool sw_accepted_allows(const struct sw_database *database, const struct sw_shard *shard,
                        const struct sw_schema *schema, struct sw_error *err);

#endif
