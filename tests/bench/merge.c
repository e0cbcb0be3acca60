/*
 * merge [LOCALE] - what it costs to make the rows of 8 shards one answer, in nanoseconds a row:
 *
 *   as they come    without keys
 *   by bigint       ORDER BY a bigint
 *   by a hidden     ... that is sorted by, but not shown
 *   by text         ORDER BY a text, collation C, whose first bytes are all the same
 *   ... collated    ... by the collation of LOCALE, if it is given
 *   by numeric      ORDER BY a numeric DESC
 *   as arrays       the parameters of a last query
 *
 * Narrow rows, of a bigint, a numeric and a text; what a socket gives at once is 64 kB. The
 * best of several rounds counts: others may use the machine, too. Run by `meson test
 * --benchmark`.
 */
#include "shardward/base/mem.h"
#include "shardward/merge/columns.h"
#include "shardward/merge/merger.h"
#include "shardward/wire/write.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    SOURCES = 8,
    ROWS = 1000000,
    ROUNDS = 5,
    PIECE = 64 << 10,
    BUDGET = 4 << 20,
    COLUMNS = 3,
};

static struct sw_buf shards[SOURCES];
static uint32_t random_state = 42;

static void die(const char *what)
{
    (void)fprintf(stderr, "merge: %s\n", what);
    exit(1);
}

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

static void write_row(struct sw_buf *buf, uint32_t number)
{
    char text[32];
    const int len = snprintf(text, sizeof text, "patient %010u", number);
    const size_t start = sw_message_begin(buf, 'D');

    sw_put_int16(buf, COLUMNS);
    sw_put_int32(buf, (uint32_t)len);
    (void)sw_buf_append(buf, text, (size_t)len);
    sw_put_int32(buf, 8);
    sw_put_int32(buf, 0);
    sw_put_int32(buf, number);
    /* Minus the number. */
    sw_put_int32(buf, 14);
    sw_put_int16(buf, 3);
    sw_put_int16(buf, 2);
    sw_put_int16(buf, 0x4000);
    sw_put_int16(buf, 0);
    sw_put_int16(buf, (uint16_t)(number / 100000000 + 1));
    sw_put_int16(buf, (uint16_t)(number / 10000 % 10000));
    sw_put_int16(buf, (uint16_t)(number % 10000));
    sw_message_end(buf, start);
}

/* Each shard has its share, in order, of numbers that rise. */
static void fill_shards(void)
{
    uint32_t number = 0;

    for (int i = 0; i < SOURCES; i++)
        sw_buf_init(&shards[i], SIZE_MAX);
    for (int i = 0; i < ROWS; i++)
        write_row(&shards[random_below(SOURCES)], number += random_below(100));
}

static size_t piece_at(int source, size_t at)
{
    const size_t left = sw_buf_len(&shards[source]) - at;

    return left < PIECE ? left : PIECE;
}

/* Feed what is wanted; false: nothing is. */
static bool feed_all(struct sw_merger *merger, size_t *at, bool *has_ended)
{
    struct sw_error err;
    bool is_fed = false;

    for (int i = 0; i < SOURCES; i++) {
        const size_t len = piece_at(i, at[i]);

        if (has_ended[i] || !sw_merger_wants(merger, i))
            continue;
        is_fed = true;
        if (len == 0 ? !sw_merger_end(merger, i, &err)
                     : !sw_merger_feed(merger, i, sw_buf_bytes(&shards[i]) + at[i], len, &err))
            die(err.message);
        has_ended[i] = len == 0;
        at[i] += len;
    }
    return is_fed;
}

static void merge(const struct sw_merge_key *key, int visible_count)
{
    const struct sw_merge_recipe recipe = {COLUMNS, visible_count, key, key != NULL, 0, -1};
    struct sw_merger *merger = sw_merger_create(&recipe, SOURCES, BUDGET);
    size_t at[SOURCES] = {0};
    bool has_ended[SOURCES] = {false};
    struct sw_buf out;

    sw_buf_init(&out, SIZE_MAX);
    while (!sw_merger_is_over(merger)) {
        bool is_fed = feed_all(merger, at, has_ended);

        while (sw_merger_pull(merger, &out, PIECE) > 0) {
            sw_buf_clear(&out);
            is_fed = true;
        }
        if (!is_fed)
            die("it stands still");
    }
    if (sw_merger_rows(merger) != ROWS)
        die("rows are missing");
    sw_buf_finish(&out);
    sw_merger_destroy(merger);
}

static void as_they_come(void)
{
    merge(NULL, COLUMNS);
}

static void by_bigint(void)
{
    static const struct sw_merge_key key = {1, SW_ORDER_SIGNED, false, false, NULL};

    merge(&key, COLUMNS);
}

static void by_hidden(void)
{
    static const struct sw_merge_key key = {1, SW_ORDER_SIGNED, false, false, NULL};

    merge(&key, 1);
}

static void by_text(void)
{
    static const struct sw_merge_key key = {0, SW_ORDER_BYTES, false, false, NULL};

    merge(&key, COLUMNS);
}

static struct sw_collation *collation;

static void by_collated(void)
{
    const struct sw_merge_key key = {0, SW_ORDER_BYTES, false, false, collation};

    merge(&key, COLUMNS);
}

static void by_numeric(void)
{
    static const struct sw_merge_key key = {2, SW_ORDER_NUMERIC, true, true, NULL};

    merge(&key, COLUMNS);
}

static void as_arrays(void)
{
    static const uint32_t types[COLUMNS] = {25, 20, 1700};
    struct sw_columns *columns = sw_columns_create(
        &(struct sw_columns_layout){.types = types, .count = COLUMNS}, SOURCES, SIZE_MAX);
    struct sw_buf out;

    sw_buf_init(&out, SIZE_MAX);
    for (int i = 0; i < SOURCES; i++) {
        for (size_t at = 0; at < sw_buf_len(&shards[i]); at += PIECE) {
            struct sw_error err;

            if (!sw_columns_feed(columns, i, sw_buf_bytes(&shards[i]) + at, piece_at(i, at),
                                 &err))
                die(err.message);
        }
    }
    for (int i = 0; i < COLUMNS; i++)
        sw_columns_write_array(columns, i, &out);
    if (sw_columns_rows(columns) != ROWS)
        die("rows are missing");
    sw_buf_finish(&out);
    sw_columns_destroy(columns);
}

static double cpu_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure(void (*run)(void))
{
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        const double began = cpu_ns();
        double took;

        run();
        took = (cpu_ns() - began) / ROWS;
        if (round == 0 || took < best)
            best = took;
    }
    return best;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } rows[] = {{"as they come", as_they_come}, {"by bigint", by_bigint},
                {"by a hidden", by_hidden},     {"by text", by_text},
                {"by numeric", by_numeric},     {"as arrays", as_arrays}};

    fill_shards();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        (void)printf("%-13s %6.0f ns\n", rows[i].name, measure(rows[i].run));
    if (argc > 1) {
        struct sw_error err;

        collation = sw_collation_open(argv[1], gnu_get_libc_version(), &err);
        if (collation == NULL)
            die(err.detail);
        (void)printf("%-13s %6.0f ns\n", "... collated", measure(by_collated));
        sw_collation_unref(collation);
    }
    for (int i = 0; i < SOURCES; i++)
        sw_buf_finish(&shards[i]);
    return 0;
}
