#include "shardward/execute/spill.h"

#include "shardward/wire/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 4096, ROWS = 2000, OID_INT4 = 23, OID_TEXT = 25 };

static const uint32_t types[] = {OID_INT4, OID_TEXT, OID_INT4};
static const int parts[] = {0, 0, 1};
static const struct sw_columns_layout layout = {types, parts, 3};

struct test {
    struct sw_loop *loop;
    struct sw_spill *spill;
    int changes;
    struct sw_error err;
};

static void on_change(void *owner, const struct sw_error *err)
{
    struct test *test = owner;

    test->changes++;
    if (err != NULL)
        test->err = *err;
    sw_loop_stop(test->loop);
}

static void begin(struct test *test, const char *directory, uint64_t file)
{
    const struct sw_spill_limits limits = {
        .directory = directory, .memory = BUDGET, .file = file};

    *test = (struct test){.loop = sw_loop_create()};
    test->spill = sw_spill_create(test->loop, &layout, 1, &limits, on_change, test);
}

static void end(struct test *test)
{
    sw_spill_destroy(test->spill);
    sw_loop_destroy(test->loop);
}

static void wait(struct test *test)
{
    while (sw_spill_is_busy(test->spill) && test->err.message[0] == '\0')
        sw_loop_run(test->loop);
}

static void put_number(struct sw_buf *out, uint32_t number)
{
    sw_put_int32(out, 4);
    sw_put_int32(out, number);
}

/* Row @n: of part 0 (n, a text of it), and each fifth one of part 1 (NULL). */
static void put_row(struct sw_buf *out, uint32_t n)
{
    size_t start = sw_message_begin(out, 'D');
    char text[16];

    sw_put_int16(out, 4);
    put_number(out, n % 5 == 4);
    (void)snprintf(text, sizeof text, "%u", n);
    put_number(out, n);
    sw_put_int32(out, (uint32_t)strlen(text));
    (void)sw_buf_append(out, text, strlen(text));
    sw_put_int32(out, UINT32_MAX);
    sw_message_end(out, start);
}

static bool feed(struct test *test, uint32_t n, struct sw_error *err)
{
    struct sw_buf bytes;
    bool is_taken;

    sw_buf_init(&bytes, SIZE_MAX);
    put_row(&bytes, n);
    is_taken = sw_spill_feed(test->spill, 0, sw_buf_bytes(&bytes), sw_buf_len(&bytes), err);
    sw_buf_finish(&bytes);
    return is_taken;
}

/* --- what is in chunks --- */

struct reading {
    uint32_t row; /* the next one of part 0 */
    int of_part_1;
};

static uint32_t number_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           bytes[3];
}

static const uint8_t *check_head(const uint8_t *at, uint32_t type, uint32_t *rows)
{
    uint32_t has_rows = number_at(at + 4);

    assert_in_range(has_rows, 0, 1);
    assert_int_equal(number_at(at + 12), type);
    *rows = has_rows ? number_at(at + 16) : 0;
    return at + 4 + (has_rows ? 20 : 12);
}

static void check_part_0(const struct test *test, struct reading *reading)
{
    struct sw_buf numbers, texts;
    const uint8_t *number, *text;
    uint32_t rows, also;

    sw_buf_init(&numbers, SIZE_MAX);
    sw_buf_init(&texts, SIZE_MAX);
    sw_spill_write_arrays(test->spill, 0, 1, &numbers);
    sw_spill_write_arrays(test->spill, 1, 2, &texts);
    number = check_head(sw_buf_bytes(&numbers), OID_INT4, &rows);
    text = check_head(sw_buf_bytes(&texts), OID_TEXT, &also);
    assert_int_equal(rows, also);
    assert_int_equal(rows > 0, sw_spill_has_rows(test->spill, 0));
    for (uint32_t i = 0; i < rows; i++) {
        char wanted[16];

        reading->row += reading->row % 5 == 4;
        (void)snprintf(wanted, sizeof wanted, "%u", reading->row);
        assert_int_equal(number_at(number), 4);
        assert_int_equal(number_at(number + 4), reading->row++);
        assert_int_equal(number_at(text), strlen(wanted));
        assert_memory_equal(text + 4, wanted, strlen(wanted));
        number += 8;
        text += 4 + strlen(wanted);
    }
    assert_ptr_equal(number, sw_buf_bytes(&numbers) + sw_buf_len(&numbers));
    assert_ptr_equal(text, sw_buf_bytes(&texts) + sw_buf_len(&texts));
    sw_buf_finish(&numbers);
    sw_buf_finish(&texts);
}

static void check_part_1(const struct test *test, struct reading *reading)
{
    struct sw_buf numbers;
    uint32_t rows;

    sw_buf_init(&numbers, SIZE_MAX);
    sw_spill_write_arrays(test->spill, 2, 3, &numbers);
    (void)check_head(sw_buf_bytes(&numbers), OID_INT4, &rows);
    reading->of_part_1 += (int)rows;
    sw_buf_finish(&numbers);
}

static int read_all(struct test *test, struct reading *reading)
{
    int chunks = 0;

    for (;;) {
        enum sw_spill_step step = sw_spill_next(test->spill);

        if (step == SW_SPILL_OVER)
            return chunks;
        if (step == SW_SPILL_SOON)
            wait(test);
        check_part_0(test, reading);
        check_part_1(test, reading);
        chunks++;
    }
}

/* --- tests --- */

static void all_rows_come_back_in_their_order(void **state)
{
    static const uint32_t counts[] = {0, 1, 5, 100, ROWS};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct reading reading = {0};
        struct sw_error err;
        struct test test;
        int chunks;

        begin(&test, "/tmp", 1 << 20);
        for (uint32_t n = 0; n < counts[i]; n++) {
            assert_true(feed(&test, n, &err));
            if (!sw_spill_wants(test.spill))
                wait(&test);
            assert_true(sw_spill_wants(test.spill));
        }
        assert_true(sw_spill_end(test.spill, 0, &err));
        wait(&test);
        assert_int_equal(sw_spill_has_file(test.spill), counts[i] == ROWS);
        chunks = read_all(&test, &reading);
        assert_true(counts[i] == ROWS ? chunks > 2 : chunks == (counts[i] > 0));
        assert_int_equal(reading.of_part_1, counts[i] / 5);
        assert_int_equal(reading.row, counts[i] - (counts[i] > 0 && counts[i] % 5 == 0));
        assert_string_equal(test.err.message, "");
        end(&test);
    }
}

static void what_cannot_be_written_is_an_error(void **state)
{
    static const struct {
        const char *directory;
        uint64_t file;
        const char *sqlstate;
    } table[] = {
        {"/nowhere", 1 << 20, "58030"}, {"/dev/null", 1 << 20, "58030"},
        {"/tmp", 2 * BUDGET, "53400"},  {"/tmp", 1, "53400"},
        {"/tmp", 0, "53400"}, /* there is no file */
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sw_error err = {.message = ""};
        struct test test;

        begin(&test, table[i].directory, table[i].file);
        for (uint32_t n = 0; n < ROWS && test.err.message[0] == '\0'; n++) {
            if (!feed(&test, n, &err))
                break;
            wait(&test);
        }
        assert_string_equal(test.err.message[0] != '\0' ? test.err.sqlstate : err.sqlstate,
                            table[i].sqlstate);
        end(&test);
    }
}

static void it_may_end_while_a_file_is_written_or_read(void **state)
{
    struct sw_error err;
    struct test test;

    begin(&test, "/tmp", 1 << 20);
    for (uint32_t n = 0; !sw_spill_is_busy(test.spill); n++)
        assert_true(feed(&test, n, &err));
    end(&test);
    assert_int_equal(test.changes, 0);
    begin(&test, "/tmp", 1 << 20);
    for (uint32_t n = 0; !sw_spill_is_busy(test.spill); n++)
        assert_true(feed(&test, n, &err));
    wait(&test);
    assert_int_equal(sw_spill_next(test.spill), SW_SPILL_SOON);
    end(&test);
    assert_int_equal(test.changes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows_come_back_in_their_order),
        cmocka_unit_test(what_cannot_be_written_is_an_error),
        cmocka_unit_test(it_may_end_while_a_file_is_written_or_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
