/*
 * tournament - a tree of losers (Knuth, The Art of Computer Programming 3, 5.4.1).
 *
 *            winner 2                Sources meet in pairs. In each node stays who has lost
 *               |                    there, and the winner goes up. When the winner's row has
 *             [ 1 ]                  left, its next one meets only those on its own way: one
 *            /     \                 comparison for each doubling of the sources.
 *        [ 0 ]     [ 3 ]
 *        /   \     /   \
 *       0     1   2     3
 *
 * A source whose rows have all left, and that did not end, stops all: its place is empty
 * (`vacant`) until it has a row again, or ends. There is never more than one such place, except
 * at the start, before the tree stands.
 */
#include "tournament.h"

#include "shardward/base/mem.h"

#include <assert.h>

enum { NULLS_FIRST, VALUES, NULLS_LAST, ENDED };
enum { NONE = -1 };

struct place {
    struct sw_buf rows;       /* that did not leave */
    struct sw_standing first; /* of them */
    struct sw_standing last;  /* that has come; it may have left, but its keys are there */
    struct sw_buf last_keys;  /* ... here, when its row was large */
    bool has_last;
    bool has_ended;
};

struct sw_tournament {
    struct sw_merge_key *keys;
    int key_count;
    int undecided; /* the first key that equal heads leave undecided */
    int column_count;
    int read_count; /* fields that a standing has */

    int source_count;
    struct place *places;
    struct sw_standing fresh; /* that is being added */
    struct sw_field *fields;  /* of all standings */

    int waiting; /* sources of which nothing is known */
    int vacant;
    bool is_built;
    int *nodes; /* losers from 1; the winner in 0 */
};

/* A column that was a key before decides nothing. */
static bool is_repeated(const struct sw_merge_recipe *recipe, int index)
{
    for (int k = 0; k < index; k++)
        if (recipe->keys[k].column == recipe->keys[index].column)
            return true;
    return false;
}

static void take_keys(struct sw_tournament *t, const struct sw_merge_recipe *recipe)
{
    t->keys = sw_alloc_zero((size_t)recipe->key_count, sizeof *t->keys);
    t->column_count = recipe->column_count;
    t->read_count =
        recipe->visible_count < recipe->column_count ? recipe->visible_count + 1 : 0;
    for (int k = 0; k < recipe->key_count; k++) {
        assert(recipe->keys[k].column >= 0 && recipe->keys[k].column < recipe->column_count);
        assert(recipe->keys[k].order != SW_ORDER_NONE);
        if (is_repeated(recipe, k))
            continue;
        t->keys[t->key_count++] = recipe->keys[k];
        (void)sw_collation_ref(recipe->keys[k].collation);
        if (t->read_count <= recipe->keys[k].column)
            t->read_count = recipe->keys[k].column + 1;
    }
    t->undecided = sw_order_is_exact(t->keys[0].order) ? 1 : 0;
}

struct sw_tournament *sw_tournament_create(const struct sw_merge_recipe *recipe,
                                           int source_count)
{
    struct sw_tournament *t = sw_alloc_zero(1, sizeof *t);
    struct sw_field *fields;

    take_keys(t, recipe);
    t->source_count = t->waiting = source_count;
    t->vacant = NONE;
    t->places = sw_alloc_zero((size_t)source_count + 1, sizeof *t->places);
    t->nodes = sw_alloc_zero((size_t)source_count + 1, sizeof *t->nodes);
    /* The fresh one has all fields, so that they are all looked at. */
    t->fields = sw_alloc_zero((size_t)source_count * 2 + 1,
                              (size_t)t->column_count * sizeof *t->fields);
    fields = t->fresh.fields = t->fields;
    for (int i = 0; i < source_count; i++) {
        struct place *place = &t->places[i];

        sw_buf_init(&place->rows, SIZE_MAX);
        sw_buf_init(&place->last_keys, SIZE_MAX);
        place->first.fields = fields += t->column_count;
        place->last.fields = fields += t->column_count;
    }
    return t;
}

void sw_tournament_destroy(struct sw_tournament *t)
{
    if (t == NULL)
        return;
    for (int i = 0; i < t->source_count; i++) {
        sw_buf_finish(&t->places[i].rows);
        sw_buf_finish(&t->places[i].last_keys);
    }
    for (int k = 0; k < t->key_count; k++)
        sw_collation_unref(t->keys[k].collation);
    free(t->keys);
    free(t->places);
    free(t->nodes);
    free(t->fields);
    free(t);
}

/* --- rows --- */

static const uint8_t *value_of(const struct sw_standing *standing, int column)
{
    return standing->row.message + standing->fields[column].start;
}

static void stand(const struct sw_tournament *t, struct sw_standing *standing)
{
    const struct sw_merge_key *key = &t->keys[0];
    const int32_t len = standing->fields[key->column].len;

    standing->head = 0;
    standing->rank = VALUES;
    if (len < 0)
        standing->rank = key->is_nulls_first ? NULLS_FIRST : NULLS_LAST;
    if (len < 0 || key->collation != NULL)
        return;
    standing->head = sw_order_head(key->order, value_of(standing, key->column), (size_t)len);
    if (key->is_descending)
        standing->head = ~standing->head;
}

static int compare_values(const struct sw_merge_key *key, const uint8_t *a, size_t a_len,
                          const uint8_t *b, size_t b_len)
{
    if (key->collation == NULL)
        return sw_order_compare(key->order, a, a_len, b, b_len);
    return sw_collation_compare(key->collation, a, sw_order_length(key->order, a, a_len), b,
                                sw_order_length(key->order, b, b_len));
}

static int compare_key(const struct sw_merge_key *key, const struct sw_standing *a,
                       const struct sw_standing *b)
{
    const int32_t a_len = a->fields[key->column].len, b_len = b->fields[key->column].len;
    int result;

    if (a_len < 0 || b_len < 0) {
        result = (a_len < 0) - (b_len < 0);
        return key->is_nulls_first ? -result : result;
    }
    result = compare_values(key, value_of(a, key->column), (size_t)a_len,
                            value_of(b, key->column), (size_t)b_len);
    if (result == 0 || !key->is_descending)
        return result;
    return result < 0 ? 1 : -1;
}

static int compare(const struct sw_tournament *t, const struct sw_standing *a,
                   const struct sw_standing *b)
{
    int result = 0;

    if (a->rank != b->rank)
        return a->rank - b->rank;
    if (a->rank == ENDED)
        return 0;
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    for (int k = t->undecided; k < t->key_count && result == 0; k++)
        result = compare_key(&t->keys[k], a, b);
    return result;
}

static bool admit_keys(const struct sw_tournament *t, const struct sw_standing *standing,
                       struct sw_error *err)
{
    for (int k = 0; k < t->key_count; k++) {
        const int column = t->keys[k].column;
        const int32_t len = standing->fields[column].len;

        if (len >= 0 &&
            !sw_order_admits(t->keys[k].order, value_of(standing, column), (size_t)len))
            return sw_error_set(err, "08P01", "column %d of a row is no value of its type",
                                column + 1);
    }
    return true;
}

/* --- places --- */

static void read_first(const struct sw_tournament *t, struct place *place)
{
    struct sw_standing *first = &place->first;
    const uint8_t *message = sw_buf_bytes(&place->rows);
    size_t end;

    first->row = (struct sw_row){message, sw_get_int32(message + 1) + (size_t)1};
    /* It was looked at when it came. */
    (void)sw_row_fields(&first->row, t->read_count, false, first->fields, &end);
    stand(t, first);
}

static size_t size_of_keys(const struct sw_tournament *t, const struct sw_standing *standing)
{
    size_t size = 0;

    for (int k = 0; k < t->key_count; k++) {
        const int32_t len = standing->fields[t->keys[k].column].len;

        size += len > 0 ? (size_t)len : 0;
    }
    return size;
}

/* The memory of the last row that has come is kept behind it, for the next one to be compared
 * with; but not when it is large for what else is in it. */
static void let_go(const struct sw_tournament *t, struct place *place)
{
    struct sw_standing *last = &place->last;

    if (place->rows.size <= SW_ROWS_KEPT ||
        size_of_keys(t, last) > (place->rows.size - SW_ROWS_KEPT) / 2)
        return;
    sw_buf_clear(&place->last_keys);
    (void)sw_buf_append(&place->last_keys, "", 1); /* there may be NULLs only */
    for (int k = 0; k < t->key_count; k++) {
        struct sw_field *field = &last->fields[t->keys[k].column];
        const uint8_t *value = last->row.message + field->start;

        field->start = sw_buf_len(&place->last_keys);
        if (field->len > 0)
            (void)sw_buf_append(&place->last_keys, value, (size_t)field->len);
    }
    last->row.message = sw_buf_bytes(&place->last_keys);
    sw_buf_release(&place->rows);
}

static void append(struct place *place, const struct sw_standing *fresh)
{
    (void)sw_buf_append(&place->rows, fresh->row.message, fresh->row.size);
    place->last.row.message =
        sw_buf_bytes(&place->rows) + sw_buf_len(&place->rows) - fresh->row.size;
    place->first.row.message = sw_buf_bytes(&place->rows);
    place->has_last = true;
    if (place->last_keys.memory != NULL)
        sw_buf_release(&place->last_keys);
}

bool sw_tournament_add(struct sw_tournament *t, int source, const struct sw_row *row,
                       struct sw_error *err)
{
    struct place *place = &t->places[source];
    struct sw_standing *fresh = &t->fresh, swapped;
    bool was_empty = sw_buf_len(&place->rows) == 0;
    size_t end;

    fresh->row = *row;
    if (!sw_row_fields(row, t->column_count, true, fresh->fields, &end))
        return sw_rows_refuse(err);
    if (!admit_keys(t, fresh, err))
        return false;
    stand(t, fresh);
    if (place->has_last && compare(t, &place->last, fresh) > 0)
        return sw_error_set(err, "XX000", "a shard's rows are not in the order asked for");
    swapped = place->last;
    place->last = *fresh;
    *fresh = swapped;
    append(place, &place->last);
    if (was_empty) {
        read_first(t, place);
        t->waiting--;
    }
    return true;
}

void sw_tournament_end(struct sw_tournament *t, int source)
{
    struct place *place = &t->places[source];

    place->has_ended = true;
    if (sw_buf_len(&place->rows) > 0)
        return;
    place->first.rank = ENDED;
    t->waiting--;
}

size_t sw_tournament_held(const struct sw_tournament *t, int source)
{
    return sw_buf_len(&t->places[source].rows);
}

/* --- the tree --- */

static bool beats(const struct sw_tournament *t, int a, int b)
{
    const int result = compare(t, &t->places[a].first, &t->places[b].first);

    return result < 0 || (result == 0 && a < b);
}

/* The source in place @at of the tree's last row, and its way up. */
static void replay(struct sw_tournament *t, int source)
{
    int winner = source;

    for (int at = (source + t->source_count) / 2; at > 0; at /= 2) {
        if (beats(t, t->nodes[at], winner)) {
            const int loser = winner;

            winner = t->nodes[at];
            t->nodes[at] = loser;
        }
    }
    t->nodes[0] = winner;
}

/* Who comes first at a node waits there for the other. */
static void build(struct sw_tournament *t)
{
    for (int at = 0; at < t->source_count; at++)
        t->nodes[at] = NONE;
    for (int source = 0; source < t->source_count; source++) {
        int winner = source, at = (source + t->source_count) / 2;

        for (; at > 0 && t->nodes[at] != NONE; at /= 2) {
            if (beats(t, t->nodes[at], winner)) {
                const int loser = winner;

                winner = t->nodes[at];
                t->nodes[at] = loser;
            }
        }
        t->nodes[at] = winner;
    }
    t->is_built = true;
}

const struct sw_standing *sw_tournament_next(struct sw_tournament *t)
{
    const struct sw_standing *first;

    if (t->waiting > 0 || t->source_count == 0)
        return NULL;
    if (!t->is_built)
        build(t);
    else if (t->vacant != NONE)
        replay(t, t->vacant);
    t->vacant = NONE;
    first = &t->places[t->nodes[0]].first;
    return first->rank == ENDED ? NULL : first;
}

void sw_tournament_pop(struct sw_tournament *t)
{
    const int source = t->nodes[0];
    struct place *place = &t->places[source];

    sw_buf_take(&place->rows, place->first.row.size);
    if (sw_buf_len(&place->rows) > 0) {
        read_first(t, place);
    } else if (place->has_ended) {
        place->first.rank = ENDED;
    } else {
        let_go(t, place);
        t->waiting++;
        t->vacant = source;
        return;
    }
    replay(t, source);
}

bool sw_tournament_is_over(const struct sw_tournament *t)
{
    for (int i = 0; i < t->source_count; i++)
        if (!t->places[i].has_ended || sw_buf_len(&t->places[i].rows) > 0)
            return false;
    return true;
}
