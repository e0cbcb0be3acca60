/*
 * Which values can the key of a relation have? A predicate `key IN (values)` that prunes a
 * relation pins it; an equality of two keys hands the pins of one side to the other, if it
 * prunes that other side. This goes on until nothing changes:
 *
 *      appointments a JOIN slots s ON ...   WHERE a.patient_id = 1   pins a
 *      EXISTS (SELECT ... b WHERE b.patient_id = a.patient_id)       pins b through a
 *
 * Values are handed on, never shards: each relation hashes them under its own placement.
 */
#include "planner.h"

#include <stdlib.h>
#include <string.h>

/* Pins are bits: one row per relation, one column per predicate. */
enum { MOST_BITS = 1 << 20, WORD = 64, MOST_COMPARED = 64 };

struct sw_pins {
    uint64_t *words;
    int words_per_relation;
};

/* The pins while they are sought. */
struct search {
    struct sw_planner *planner;
    struct sw_pins *pins;
    int *left, *right; /* scratch: as many as there are relations */
};

static uint64_t *row(const struct sw_pins *pins, int relation)
{
    return pins->words + (size_t)relation * (size_t)pins->words_per_relation;
}

static const struct sw_table *sharded_table(const struct sw_planner *planner, int relation)
{
    const struct sw_table *table = planner->places[relation].table;

    return table != NULL && table->key != NULL ? table : NULL;
}

/* Does @relation have a key column of that name, under this name? */
static bool has_key(const struct sw_planner *planner, int relation, const char *name)
{
    const struct sw_table *table = sharded_table(planner, relation);

    return table != NULL && !planner->statement->relations[relation].has_column_aliases &&
           strcmp(table->key, name) == 0;
}

/* May a name below be hidden? The alias of a join, as in `(a JOIN b ON ...) AS j(x, y)`, is a
 * derived relation that gives the columns of a and b new names. */
static bool renames(const struct sw_relation *relation)
{
    return relation->kind == SW_RELATION_DERIVED && relation->has_column_aliases;
}

int sw_pins_relations_of(const struct sw_planner *planner, int level,
                         const struct sw_column *column, int *found)
{
    const struct sw_statement *statement = planner->statement;
    int count = 0;

    if (column->relation >= 0) {
        found[0] = column->relation;
        return has_key(planner, column->relation, column->name) ? 1 : 0;
    }
    for (int i = column->from; i < column->to && i < statement->relation_count; i++) {
        if (statement->relations[i].level != level)
            continue;
        if (renames(&statement->relations[i]))
            return 0;
        if (has_key(planner, i, column->name))
            found[count++] = i;
    }
    return count > 1 && !column->is_merged ? 0 : count;
}

static bool prunes(const struct sw_planner *planner, const struct sw_predicate *predicate,
                   int relation)
{
    return relation >= predicate->prunes_from && relation < predicate->prunes_to &&
           planner->statement->relations[relation].level == predicate->level &&
           !planner->places[relation].is_target_of_insert;
}

static void pin_by_values(struct search *search, int index)
{
    const struct sw_predicate *predicate = &search->planner->statement->predicates[index];
    int count = sw_pins_relations_of(search->planner, predicate->level, &predicate->column,
                                     search->left);

    for (int i = 0; i < count; i++)
        if (prunes(search->planner, predicate, search->left[i]))
            row(search->pins, search->left[i])[index / WORD] |= (uint64_t)1 << (index % WORD);
}

/* Hand the pins of @from on to @to; true if @to has got a new one. */
static bool hand_on(struct search *search, const struct sw_predicate *predicate, int from,
                    int to)
{
    const struct sw_table *a = sharded_table(search->planner, from);
    const struct sw_table *b = sharded_table(search->planner, to);
    const struct sw_pins *pins = search->pins;
    bool is_new = false;

    if (!prunes(search->planner, predicate, to) ||
        a->placement->key_type != b->placement->key_type)
        return false;
    for (int i = 0; i < pins->words_per_relation; i++) {
        uint64_t more = row(pins, from)[i] & ~row(pins, to)[i];

        row(pins, to)[i] |= more;
        is_new = is_new || more != 0;
    }
    return is_new;
}

static bool pin_by_equality(struct search *search, const struct sw_predicate *predicate)
{
    struct sw_planner *planner = search->planner;
    int lefts =
        sw_pins_relations_of(planner, predicate->level, &predicate->column, search->left);
    int rights =
        sw_pins_relations_of(planner, predicate->level, &predicate->other, search->right);
    bool is_new = false;

    for (int l = 0; l < lefts; l++) {
        for (int r = 0; r < rights; r++) {
            is_new = hand_on(search, predicate, search->left[l], search->right[r]) || is_new;
            is_new = hand_on(search, predicate, search->right[r], search->left[l]) || is_new;
        }
    }
    return is_new;
}

static void close_over_equalities(struct search *search)
{
    const struct sw_statement *statement = search->planner->statement;
    bool is_new = true;

    while (is_new) {
        is_new = false;
        for (int i = 0; i < statement->predicate_count; i++)
            if (statement->predicates[i].kind == SW_PREDICATE_EQUALS)
                is_new = pin_by_equality(search, &statement->predicates[i]) || is_new;
    }
}

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

static void add_bucket(struct sw_bucket_set *set, int bucket, const struct sw_value *value)
{
    for (int i = 0; i < set->count && set->count < MOST_COMPARED; i++)
        if (set->buckets[i] == bucket)
            return;
    set->buckets[set->count] = bucket;
    set->values[set->count++] = value;
}

bool sw_bucket_set_of(struct sw_planner *planner, const struct sw_placement *placement,
                      const struct sw_value *values, int count, struct sw_bucket_set *set,
                      struct sw_error *why)
{
    size_t size = (size_t)count;

    *set = (struct sw_bucket_set){
        .buckets = sw_arena_alloc(&planner->arena, size * sizeof *set->buckets),
        .values = sw_arena_alloc(&planner->arena, size * sizeof(void *))};
    for (int i = 0; i < count; i++) {
        int bucket = 0;

        switch (sw_key_locate(placement, &values[i], planner->has_other_uses,
                              planner->parameters, &bucket, why)) {
        case SW_KEY_KNOWN:
            add_bucket(set, bucket, &values[i]);
            break;
        case SW_KEY_NULL:
            break;
        case SW_KEY_UNBOUND:
            set->is_unbound = true;
            break;
        case SW_KEY_UNKNOWN:
            return false;
        }
    }
    return true;
}

bool sw_error_is_servers(const struct sw_error *why)
{
    return !sw_error_is(why, "0A000");
}

static bool holds(const int *sorted, int count, int bucket)
{
    return bsearch(&bucket, sorted, (size_t)count, sizeof bucket, compare_ints) != NULL;
}

/* Keep of @all what is in @more too; a contradiction keeps the first bucket. */
static void intersect(struct sw_bucket_set *all, struct sw_bucket_set *more)
{
    int kept = 0, count = all->count;

    qsort(more->buckets, (size_t)more->count, sizeof *more->buckets, compare_ints);
    for (int i = 0; i < count; i++) {
        if (!holds(more->buckets, more->count, all->buckets[i]))
            continue;
        all->buckets[kept] = all->buckets[i];
        all->values[kept++] = all->values[i];
    }
    all->count = kept > 0 ? kept : 1;
}

static void settle(struct sw_place *place, const struct sw_bucket_set *set)
{
    const struct sw_placement *placement = place->table->placement;

    place->kind = SW_PLACE_SHARD;
    place->bucket = set->buckets[0];
    place->value = set->values[0];
    place->shard = placement->buckets[place->bucket].shard;
    for (int i = 1; i < set->count; i++) {
        const struct sw_shard *shard = placement->buckets[set->buckets[i]].shard;

        if (shard != place->shard) {
            place->kind = SW_PLACE_SEVERAL;
            place->other = shard;
        }
    }
}

static const struct sw_error *keep_error(struct sw_planner *planner, const struct sw_error *err)
{
    return memcpy(sw_arena_alloc(&planner->arena, sizeof *err), err, sizeof *err);
}

/* Narrow @all by one predicate; false: the statement is in error. */
static bool narrow(struct sw_planner *planner, const struct sw_predicate *predicate,
                   struct sw_place *place, struct sw_bucket_set *all)
{
    struct sw_bucket_set set;
    struct sw_error why;

    if (!sw_bucket_set_of(planner, place->table->placement, predicate->values,
                          predicate->value_count, &set, &why)) {
        if (sw_error_is_servers(&why)) {
            *planner->err = why;
            return false;
        }
        place->doubt = keep_error(planner, &why);
        return true;
    }
    if (place->kind == SW_PLACE_SEVERAL)
        place->kind = SW_PLACE_ANY_OF;
    if (set.is_unbound || set.count == 0)
        return true;
    if (all->count == 0)
        *all = set;
    else
        intersect(all, &set);
    return true;
}

/* An unbound set may turn out as anything, a set of NULLs matches no row: any shard will do,
 * unless another set says more. */
static bool place_by_pins(struct sw_planner *planner, int relation)
{
    const struct sw_statement *statement = planner->statement;
    const uint64_t *pins = row(planner->pins, relation);
    struct sw_place *place = &planner->places[relation];
    struct sw_bucket_set all = {0};

    for (int p = 0; p < statement->predicate_count; p++)
        if ((pins[p / WORD] >> (p % WORD) & 1) != 0 &&
            !narrow(planner, &statement->predicates[p], place, &all))
            return false;
    if (all.count > 0)
        settle(place, &all);
    return true;
}

/* A placement with one shard needs no key. */
static bool place_relation(struct sw_planner *planner, int relation)
{
    struct sw_place *place = &planner->places[relation];
    const struct sw_table *table = sharded_table(planner, relation);

    if (table == NULL || place->is_target_of_insert)
        return true;
    if (!place_by_pins(planner, relation))
        return false;
    if (place->kind != SW_PLACE_SHARD && table->placement->shard_count == 1) {
        place->kind = SW_PLACE_SHARD;
        place->shard = table->placement->shards[0];
    }
    return true;
}

bool sw_pins_find(struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;
    size_t relations = (size_t)statement->relation_count;
    size_t words = (size_t)statement->predicate_count / WORD + 1;
    struct sw_pins *pins = sw_arena_alloc(&planner->arena, sizeof *pins);
    struct search search = {.planner = planner, .pins = pins};

    if (relations * words * WORD > MOST_BITS) {
        sw_error_set(planner->err, "54001", "statement too complex");
        sw_error_detail(planner->err, "It has %d relations and %d conditions on columns.",
                        statement->relation_count, statement->predicate_count);
        return false;
    }
    pins->words_per_relation = (int)words;
    pins->words = sw_arena_alloc(&planner->arena, relations * words * sizeof *pins->words);
    search.left = sw_arena_alloc(&planner->arena, (relations + 1) * sizeof *search.left);
    search.right = sw_arena_alloc(&planner->arena, (relations + 1) * sizeof *search.right);
    for (int i = 0; i < statement->predicate_count; i++)
        if (statement->predicates[i].kind == SW_PREDICATE_IN)
            pin_by_values(&search, i);
    close_over_equalities(&search);
    planner->pins = pins;
    return true;
}

bool sw_pins_place(struct sw_planner *planner)
{
    for (int i = 0; i < planner->statement->relation_count; i++)
        if (!place_relation(planner, i))
            return false;
    return true;
}
