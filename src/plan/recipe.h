/*
 * recipe - what of a recipe is made by tables.
 */
#ifndef SW_PLAN_RECIPE_H
#define SW_PLAN_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

/* The type of arrays of @type, of pg_catalog; 0: there is none. */
uint32_t sw_array_type_of(uint32_t type);

/* Is @type an array whose text means the same whatever the settings are? It has no arrays. */
bool sw_array_is_plain(uint32_t type);

#endif
