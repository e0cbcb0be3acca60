/*
 * Which predicates tell of the parts of a relation's key? `key IN (values)` that prunes a
 * relation pins that part; an equality of two key columns hands the pins of one side to the
 * other, if it prunes that other side. This goes on until nothing changes:
 *
 *      appointments a JOIN slots s ON ...   WHERE a.patient_id = 1   pins a
 *      EXISTS (SELECT ... b WHERE b.patient_id = a.patient_id)       pins b through a
 *
 * Values are handed on, never shards: each relation places them under its own placement.
 */
#include "planner.h"

#include <string.h>

/* Pins are bits: one row per part of a relation's key, one column per predicate. */
enum { MOST_BITS = 1 << 20, WORD = 64 };

struct sw_pins {
    int *first_rows; /* of each relation */
    int row_count;
    uint64_t *words;
    int words_per_row;
};

/* The pins while they are sought. */
struct search {
    struct sw_planner *planner;
    struct sw_pins *pins;
    struct sw_key_part *left, *right; /* scratch: as many as there are relations */
};

static uint64_t *row(const struct sw_pins *pins, struct sw_key_part part)
{
    int at = pins->first_rows[part.relation] + part.part;

    return pins->words + (size_t)at * (size_t)pins->words_per_row;
}

static const struct sw_table *sharded_table(const struct sw_planner *planner, int relation)
{
    const struct sw_table *table = planner->places[relation].table;

    return sw_table_is_sharded(table) ? table : NULL;
}

/* Which part of its key does @relation call @name? -1: none. */
static int part_named(const struct sw_planner *planner, int relation, const char *name)
{
    const struct sw_table *table = sharded_table(planner, relation);

    if (table == NULL || planner->statement->relations[relation].has_column_aliases)
        return -1;
    return sw_table_key_part(table, name);
}

/* May a name below be hidden? The alias of a join, as in `(a JOIN b ON ...) AS j(x, y)`, is a
 * derived relation that gives the columns of a and b new names. */
static bool renames(const struct sw_relation *relation)
{
    return relation->kind == SW_RELATION_DERIVED && relation->has_column_aliases;
}

int sw_pins_parts_of(const struct sw_planner *planner, int level,
                     const struct sw_column *column, struct sw_key_part *found)
{
    const struct sw_statement *statement = planner->statement;
    int from = column->relation >= 0 ? column->relation : column->from;
    int to = column->relation >= 0 ? column->relation + 1 : column->to;
    int count = 0;

    for (int i = from; i < to && i < statement->relation_count; i++) {
        int part;

        if (column->relation < 0 && statement->relations[i].level != level)
            continue;
        if (column->relation < 0 && renames(&statement->relations[i]))
            return 0;
        part = part_named(planner, i, column->name);
        if (part >= 0)
            found[count++] = (struct sw_key_part){i, part};
    }
    return count > 1 && !column->is_merged ? 0 : count;
}

enum sw_key_type sw_pins_type_of(const struct sw_planner *planner, struct sw_key_part part)
{
    return planner->places[part.relation].table->placement->types[part.part];
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
    int count =
        sw_pins_parts_of(search->planner, predicate->level, &predicate->column, search->left);

    for (int i = 0; i < count; i++)
        if (prunes(search->planner, predicate, search->left[i].relation))
            row(search->pins, search->left[i])[index / WORD] |= (uint64_t)1 << (index % WORD);
}

/* Hand the pins of @from on to @to; true if @to has got a new one. */
static bool hand_on(struct search *search, const struct sw_predicate *predicate,
                    struct sw_key_part from, struct sw_key_part to)
{
    const struct sw_pins *pins = search->pins;
    bool is_new = false;

    if (!prunes(search->planner, predicate, to.relation) ||
        sw_pins_type_of(search->planner, from) != sw_pins_type_of(search->planner, to))
        return false;
    for (int i = 0; i < pins->words_per_row; i++) {
        uint64_t more = row(pins, from)[i] & ~row(pins, to)[i];

        row(pins, to)[i] |= more;
        is_new = is_new || more != 0;
    }
    return is_new;
}

static bool pin_by_equality(struct search *search, const struct sw_predicate *predicate)
{
    struct sw_planner *planner = search->planner;
    int lefts = sw_pins_parts_of(planner, predicate->level, &predicate->column, search->left);
    int rights = sw_pins_parts_of(planner, predicate->level, &predicate->other, search->right);
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

bool sw_error_is_servers(const struct sw_error *why)
{
    return !sw_error_is(why, "0A000");
}

static const struct sw_error *keep_error(struct sw_planner *planner, const struct sw_error *err)
{
    return memcpy(sw_arena_alloc(&planner->arena, sizeof *err), err, sizeof *err);
}

/* Bounds tell the way in a range placement alone, and there of the first part. */
static bool is_of_use(const struct sw_predicate *predicate,
                      const struct sw_placement *placement, int part)
{
    return predicate->kind == SW_PREDICATE_IN ||
           (placement->kind == SW_PLACEMENT_RANGE && part == 0);
}

bool sw_pins_hold(const struct sw_planner *planner, struct sw_key_part part, int index)
{
    return (row(planner->pins, part)[index / WORD] >> (index % WORD) & 1) != 0;
}

/* All that the pins of one part say; false: the statement is in error. */
static bool read_domain(struct sw_planner *planner, struct sw_key_part part,
                        struct sw_domain *domain)
{
    struct sw_place *place = &planner->places[part.relation];
    const struct sw_placement *placement = place->table->placement;
    struct sw_error why;

    *domain = (struct sw_domain){0};
    for (int p = 0; p < planner->statement->predicate_count; p++) {
        const struct sw_predicate *predicate = &planner->statement->predicates[p];

        if (!sw_pins_hold(planner, part, p) || !is_of_use(predicate, placement, part.part) ||
            sw_domain_narrow(planner, placement->types[part.part], predicate, domain, &why))
            continue;
        if (sw_error_is_servers(&why)) {
            *planner->err = why;
            return false;
        }
        place->doubt = keep_error(planner, &why);
    }
    return true;
}

static bool place_by_pins(struct sw_planner *planner, int relation)
{
    struct sw_place *place = &planner->places[relation];
    struct sw_domain domains[SW_KEY_PARTS];

    for (int p = 0; p < place->table->placement->part_count; p++)
        if (!read_domain(planner, (struct sw_key_part){relation, p}, &domains[p]))
            return false;
    sw_place_by_domains(planner, place, domains);
    return true;
}

static bool is_at_cursor(const struct sw_statement *statement, int relation)
{
    const struct sw_level *level = &statement->levels[statement->relations[relation].level];

    return level->is_at_cursor && level->target == relation;
}

/* A placement with one shard needs no key. */
static bool place_relation(struct sw_planner *planner, int relation)
{
    struct sw_place *place = &planner->places[relation];
    const struct sw_table *table = sharded_table(planner, relation);

    if (table == NULL || place->is_target_of_insert)
        return true;
    place->is_at_cursor = is_at_cursor(planner->statement, relation);
    if (place->is_at_cursor)
        place->kind = SW_PLACE_ANY_OF;
    else if (!place_by_pins(planner, relation))
        return false;
    if (!place->has_bucket && table->placement->shard_count == 1) {
        place->kind = SW_PLACE_SHARD;
        place->shard = table->placement->shards[0];
        place->pinned = NULL;
    }
    return true;
}

static void count_rows(const struct sw_planner *planner, struct sw_pins *pins)
{
    for (int i = 0; i < planner->statement->relation_count; i++) {
        const struct sw_table *table = sharded_table(planner, i);

        pins->first_rows[i] = pins->row_count;
        pins->row_count += table == NULL ? 0 : table->placement->part_count;
    }
}

bool sw_pins_find(struct sw_planner *planner)
{
    const struct sw_statement *statement = planner->statement;
    size_t relations = (size_t)statement->relation_count, words;
    struct sw_pins *pins = sw_arena_alloc(&planner->arena, sizeof *pins);
    struct search search = {.planner = planner, .pins = pins};

    pins->words_per_row = statement->predicate_count / WORD + 1;
    pins->first_rows = sw_arena_alloc(&planner->arena, relations * sizeof *pins->first_rows);
    count_rows(planner, pins);
    words = (size_t)pins->row_count * (size_t)pins->words_per_row;
    if (words * WORD > MOST_BITS) {
        sw_error_set(planner->err, "54001", "statement too complex");
        sw_error_detail(planner->err, "It has %d relations and %d conditions on columns.",
                        statement->relation_count, statement->predicate_count);
        return false;
    }
    pins->words = sw_arena_alloc(&planner->arena, words * sizeof *pins->words);
    search.left = sw_arena_alloc(&planner->arena, (relations + 1) * sizeof *search.left);
    search.right = sw_arena_alloc(&planner->arena, (relations + 1) * sizeof *search.right);
    for (int i = 0; i < statement->predicate_count; i++)
        if (statement->predicates[i].kind != SW_PREDICATE_EQUALS)
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
