/*
 * recipe - what of a recipe is made by tables.
 */
#ifndef SW_PLAN_RECIPE_H
#define SW_PLAN_RECIPE_H

#include <stdint.h>

/* The type of arrays of @type, of pg_catalog; 0: there is none. */
uint32_t sw_array_type_of(uint32_t type);

#endif
