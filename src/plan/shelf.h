/*
 * shelf - a few recipes for one planned statement, see cache.h.
 */
#ifndef SW_PLAN_SHELF_H
#define SW_PLAN_SHELF_H

struct sw_recipe_shelf;

void sw_recipe_shelf_free(struct sw_recipe_shelf *shelf); /* accepts NULL */

#endif
