/*
 * shelf - a few recipes for one planned statement, see cache.h.
 */
#ifndef SW_PLAN_SHELF_H
#define SW_PLAN_SHELF_H

#include <stddef.h>
#include <stdint.h>

struct sw_planned;
struct sw_recipe;
struct sw_recipe_shelf;

/* Put a recipe there, or take it away; what it is about see cache.h. */
void sw_recipe_shelf_keep(struct sw_planned *planned, const char *text, const uint32_t *types,
                          int type_count, struct sw_recipe *recipe);
void sw_recipe_shelf_drop(struct sw_planned *planned, const struct sw_recipe *recipe);
size_t sw_recipe_shelf_size(const struct sw_recipe_shelf *shelf); /* bytes; of NULL: 0 */
void sw_recipe_shelf_free(struct sw_recipe_shelf *shelf);         /* accepts NULL */

#endif
