/*
 * Of each column: its name with a zero byte, the type, the typmod.
 */
#include "shardward/base/mem.h"
#include "shardward/plan/scatter.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PROFILE = 1 << 24 };

void sw_profile_write(struct sw_buf *out, const struct sw_described_column *columns, int count)
{
    for (int i = 0; i < count; i++) {
        (void)sw_buf_append(out, columns[i].name, strlen(columns[i].name) + 1);
        (void)sw_buf_append(out, &columns[i].type, sizeof columns[i].type);
        (void)sw_buf_append(out, &columns[i].typmod, sizeof columns[i].typmod);
    }
}

struct sw_profile sw_profile_keep(struct sw_arena *arena,
                                  const struct sw_described_column *columns, int count)
{
    struct sw_profile profile;
    struct sw_buf bytes;
    uint8_t *kept;

    sw_buf_init(&bytes, MOST_PROFILE);
    sw_profile_write(&bytes, columns, count);
    profile.len = sw_buf_len(&bytes);
    kept = sw_arena_alloc(arena, profile.len + 1);
    if (profile.len > 0)
        memcpy(kept, sw_buf_bytes(&bytes), profile.len);
    profile.bytes = kept;
    sw_buf_finish(&bytes);
    return profile;
}

bool sw_profile_is(const struct sw_profile *profile, const struct sw_described_column *columns,
                   int count)
{
    struct sw_buf other;
    bool is;

    sw_buf_init(&other, MOST_PROFILE);
    sw_profile_write(&other, columns, count);
    is = !other.is_over && sw_buf_len(&other) == profile->len &&
         (profile->len == 0 || memcmp(sw_buf_bytes(&other), profile->bytes, profile->len) == 0);
    sw_buf_finish(&other);
    return is;
}

enum { OID_INT4 = 23 };

/* The client's columns come first, if rows are merged; the number of the part, if they are not,
 * and there are several. */
static bool begins_as_described(const struct sw_recipe *recipe,
                                const struct sw_described_column *columns, int count)
{
    int first = recipe->gathered_parts != NULL;

    if (count != first + recipe->gathered_count || (first && columns[0].type != OID_INT4))
        return false;
    for (int i = 0; i < recipe->visible_count; i++)
        if (columns[i].type != recipe->description.columns[i].type ||
            columns[i].typmod != recipe->description.columns[i].typmod)
            return false;
    for (int i = 0; i < recipe->gathered_count && recipe->described_types != NULL; i++)
        if (columns[first + i].type != recipe->described_types[i])
            return false;
    return true;
}

bool sw_recipe_fits_gathered(struct sw_recipe *recipe,
                             const struct sw_described_column *columns, int count)
{
    if (recipe->gathered.bytes != NULL)
        return sw_profile_is(&recipe->gathered, columns, count);
    if (!begins_as_described(recipe, columns, count))
        return false;
    recipe->gathered = sw_profile_keep(&recipe->arena, columns, count);
    return true;
}

bool sw_recipe_fits_finished(const struct sw_recipe *recipe,
                             const struct sw_described_column *columns, int count)
{
    return sw_profile_is(&recipe->finished, columns, count);
}
