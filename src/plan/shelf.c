/*
 * Recipes that were made for a planned statement. Its text is one only if it holds no literals
 * that were lifted, or the recipe does not look at them; and a parameter's type makes another
 * statement of it. So there may be many, of which the latest few are kept. What a server says
 * of a statement depends on its search_path, too: only that of the plain one is kept.
 */
#include "shelf.h"

#include "shardward/base/mem.h"
#include "shardward/plan/cache.h"
#include "shardward/plan/scatter.h"

#include <string.h>

enum { KEPT_RECIPES = 8, LARGEST_RECIPE = 64 * 1024 };

struct kept {
    char *text;
    uint32_t *types;
    int type_count;
    struct sw_recipe *recipe; /* NULL: the place is free */
};

struct sw_recipe_shelf {
    struct kept places[KEPT_RECIPES];
    int next; /* the place that is filled next */
};

static bool is_for(const struct kept *kept, const char *text, const uint32_t *types,
                   int type_count)
{
    return kept->recipe != NULL && kept->type_count == type_count &&
           (type_count == 0 ||
            memcmp(kept->types, types, (size_t)type_count * sizeof *types) == 0) &&
           (kept->recipe->asks_clients_text || strcmp(kept->text, text) == 0);
}

struct sw_recipe *sw_planned_recipe(const struct sw_planned *planned, const char *text,
                                    const uint32_t *types, int type_count)
{
    const struct sw_recipe_shelf *shelf = planned->recipes;

    for (int i = 0; shelf != NULL && i < KEPT_RECIPES; i++)
        if (is_for(&shelf->places[i], text, types, type_count))
            return sw_recipe_ref(shelf->places[i].recipe);
    return NULL;
}

static void clear(struct kept *kept)
{
    free(kept->text);
    free(kept->types);
    sw_recipe_unref(kept->recipe);
    *kept = (struct kept){0};
}

void sw_recipe_shelf_keep(struct sw_planned *planned, const char *text, const uint32_t *types,
                          int type_count, struct sw_recipe *recipe)
{
    struct kept *kept;

    if (!planned->context.is_search_path_plain || sw_recipe_size(recipe) > LARGEST_RECIPE)
        return;
    if (planned->recipes == NULL)
        planned->recipes = sw_alloc_zero(1, sizeof *planned->recipes);
    kept = &planned->recipes->places[planned->recipes->next];
    planned->recipes->next = (planned->recipes->next + 1) % KEPT_RECIPES;
    clear(kept);
    *kept = (struct kept){.text = sw_strdup(text),
                          .types = sw_memdup(types, (size_t)type_count * sizeof *types),
                          .type_count = type_count,
                          .recipe = sw_recipe_ref(recipe)};
}

void sw_recipe_shelf_drop(struct sw_planned *planned, const struct sw_recipe *recipe)
{
    for (int i = 0; planned->recipes != NULL && i < KEPT_RECIPES; i++)
        if (planned->recipes->places[i].recipe == recipe)
            clear(&planned->recipes->places[i]);
}

size_t sw_recipe_shelf_size(const struct sw_recipe_shelf *shelf)
{
    size_t size = shelf == NULL ? 0 : sizeof *shelf;

    for (int i = 0; shelf != NULL && i < KEPT_RECIPES; i++) {
        const struct kept *kept = &shelf->places[i];

        if (kept->recipe != NULL)
            size += strlen(kept->text) + 1 + (size_t)kept->type_count * sizeof *kept->types +
                    sw_recipe_size(kept->recipe);
    }
    return size;
}

void sw_recipe_shelf_free(struct sw_recipe_shelf *shelf)
{
    for (int i = 0; shelf != NULL && i < KEPT_RECIPES; i++)
        clear(&shelf->places[i]);
    free(shelf);
}
