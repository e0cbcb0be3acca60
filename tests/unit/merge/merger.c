#include "shardward/merge/merger.h"

#include "rows_of.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MAX_SOURCES = 4, BUDGET = 4000, ALL = -1 };

struct row {
    const char *name;
    struct sw_merge_recipe recipe;
    const char *sources[MAX_SOURCES]; /* up to NULL */
    const char *expected;
};

static const struct sw_merge_key rising = {0, SW_ORDER_SIGNED, false, false, NULL};
static const struct sw_merge_key falling = {0, SW_ORDER_SIGNED, true, true, NULL};
static const struct sw_merge_key nulls_first = {0, SW_ORDER_SIGNED, false, true, NULL};
static const struct sw_merge_key nulls_last_falling = {0, SW_ORDER_SIGNED, true, false, NULL};
static const struct sw_merge_key texts = {0, SW_ORDER_BYTES, false, false, NULL};
static const struct sw_merge_key second = {1, SW_ORDER_SIGNED, false, false, NULL};
static const struct sw_merge_key text_then_number[] = {{0, SW_ORDER_BYTES, false, false, NULL},
                                                       {1, SW_ORDER_SIGNED, true, true, NULL}};
static const struct sw_merge_key number_then_text[] = {{1, SW_ORDER_SIGNED, true, true, NULL},
                                                       {0, SW_ORDER_BYTES, false, false, NULL}};
static const struct sw_merge_key twice[] = {{0, SW_ORDER_SIGNED, false, false, NULL},
                                            {0, SW_ORDER_SIGNED, true, true, NULL},
                                            {1, SW_ORDER_BYTES, false, false, NULL}};

static const struct row rows[] = {
    {"no source", {1, 1, NULL, 0, 0, ALL}, {NULL}, ""},
    {"no source, in order", {1, 1, &rising, 1, 0, ALL}, {NULL}, ""},
    {"sources without rows", {1, 1, &rising, 1, 0, ALL}, {"", "", ""}, ""},
    {"unordered sources without rows", {1, 1, NULL, 0, 0, ALL}, {"", ""}, ""},
    {"one source", {1, 1, &rising, 1, 0, ALL}, {"1 2 3"}, "1 2 3"},
    {"two sources", {1, 1, &rising, 1, 0, ALL}, {"1 3 5", "2 4 6"}, "1 2 3 4 5 6"},
    {"three sources",
     {1, 1, &rising, 1, 0, ALL},
     {"7 8", "-3 -2 -1 0", "4"},
     "-3 -2 -1 0 4 7 8"},
    {"four sources", {1, 1, &rising, 1, 0, ALL}, {"4", "3", "2", "1"}, "1 2 3 4"},
    {"one of them without rows", {1, 1, &rising, 1, 0, ALL}, {"2 4", "", "1 3"}, "1 2 3 4"},
    {"descending", {1, 1, &falling, 1, 0, ALL}, {"5 1 -7", "4 3"}, "5 4 3 1 -7"},
    {"NULLs are last", {1, 1, &rising, 1, 0, ALL}, {"1 - -", "2 -"}, "1 2 - - -"},
    {"NULLs are first", {1, 1, &nulls_first, 1, 0, ALL}, {"- 1", "- 0"}, "- - 0 1"},
    {"descending, NULLs are first", {1, 1, &falling, 1, 0, ALL}, {"- 1", "- 3"}, "- - 3 1"},
    {"descending, NULLs are last",
     {1, 1, &nulls_last_falling, 1, 0, ALL},
     {"1 -", "3 -"},
     "3 1 - -"},
    {"equal rows in the order of their sources",
     {2, 2, &rising, 1, 0, ALL},
     {"1,c 2,c", "1,b 1,a 2,b", "0,z 1,a"},
     "0,z 1,c 1,b 1,a 1,a 2,c 2,b"},
    {"by the second column", {2, 2, &second, 1, 0, ALL}, {"b,1 a,3", "c,2"}, "b,1 c,2 a,3"},
    {"texts",
     {1, 1, &texts, 1, 0, ALL},
     {"abcdefgh abcdefgh abcdefghb", "a abcdefgha abd"},
     "a abcdefgh abcdefgh abcdefgha abcdefghb abd"},
    {"an empty text and NULL",
     {2, 2, &texts, 1, 0, ALL},
     {",1 a,1 -,1", ",2 -,2"},
     ",1 ,2 a,1 -,1 -,2"},
    {"text, then number",
     {2, 2, text_then_number, 2, 0, ALL},
     {"a,- a,2 b,9", "a,3 a,2 a,1"},
     "a,- a,3 a,2 a,2 a,1 b,9"},
    {"number, then text",
     {2, 2, number_then_text, 2, 0, ALL},
     {"x,- b,2 d,2", "a,2 c,2 -,2"},
     "x,- a,2 b,2 c,2 d,2 -,2"},
    {"a key that comes again counts once",
     {2, 2, twice, 3, 0, ALL},
     {"1,b 2,a", "1,a 1,c"},
     "1,a 1,b 1,c 2,a"},
    {"a hidden key", {2, 1, &second, 1, 0, ALL}, {"b,1 a,3", "c,2"}, "b c a"},
    {"a hidden column that is no key",
     {3, 1, &second, 1, 0, ALL},
     {"b,1,x -,3,y", "c,2,"},
     "b c -"},
    {"hidden columns, unordered",
     {3, 2, NULL, 0, 0, ALL},
     {"b,1,x -,3,y", "c,-,"},
     "b,1 -,3 c,-"},
    {"unordered", {2, 2, NULL, 0, 0, ALL}, {"5,x 1,y", "", "3,z"}, "5,x 1,y 3,z"},
    {"LIMIT", {1, 1, &rising, 1, 0, 3}, {"1 3 5", "2 4 6"}, "1 2 3"},
    {"LIMIT 0", {1, 1, &rising, 1, 0, 0}, {"1 3 5", "2 4 6"}, ""},
    {"LIMIT above the rows", {1, 1, &rising, 1, 0, 9}, {"1", "2"}, "1 2"},
    {"OFFSET", {1, 1, &rising, 1, 2, ALL}, {"1 3 5", "2 4 6"}, "3 4 5 6"},
    {"OFFSET beyond the end", {1, 1, &rising, 1, 7, ALL}, {"1 3 5", "2 4 6"}, ""},
    {"OFFSET and LIMIT", {1, 1, &rising, 1, 2, 2}, {"1 3 5", "2 4 6"}, "3 4"},
    {"OFFSET, LIMIT and a hidden key", {2, 1, &second, 1, 1, 2}, {"a,1 b,3", "c,2 d,4"}, "c b"},
    {"the greatest OFFSET and LIMIT", {1, 1, &rising, 1, INT64_MAX, INT64_MAX}, {"1"}, ""},
    {"unordered, rows longer than what comes at once",
     {1, 1, NULL, 0, 0, ALL},
     {"aaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccc"},
     "aaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccc"},
    {"unordered LIMIT", {1, 1, NULL, 0, 0, 3}, {"5 1", "3 4"}, "5 1 3"},
    {"unordered LIMIT 0", {1, 1, NULL, 0, 0, 0}, {"5 1", "3 4"}, ""},
    {"unordered OFFSET", {1, 1, NULL, 0, 1, ALL}, {"5 1", "3 4"}, "1 3 4"},
    {"unordered OFFSET and LIMIT", {2, 1, NULL, 0, 1, 2}, {"5,a 1,b", "3,c 4,d"}, "1 3"},
};

struct input {
    struct sw_buf bytes;
    bool has_ended;
};

/* Feed up to @piece bytes of a source, or say its end. */
static void feed(struct sw_merger *merger, struct input *input, int source, size_t piece)
{
    struct sw_error err;
    size_t len = sw_buf_len(&input->bytes) < piece ? sw_buf_len(&input->bytes) : piece;

    if (len == 0) {
        assert_true(sw_merger_end(merger, source, &err));
        input->has_ended = true;
        return;
    }
    assert_true(sw_merger_feed(merger, source, sw_buf_bytes(&input->bytes), len, &err));
    sw_buf_take(&input->bytes, len);
}

static void check_row(const struct row *row, size_t piece, size_t most)
{
    struct input inputs[MAX_SOURCES] = {{.has_ended = false}};
    struct sw_merger *merger;
    struct sw_buf expected, out;
    int count = 0, ended = 0;

    sw_buf_init(&expected, SIZE_MAX);
    sw_buf_init(&out, SIZE_MAX);
    put_rows(&expected, row->expected);
    for (; count < MAX_SOURCES && row->sources[count] != NULL; count++) {
        sw_buf_init(&inputs[count].bytes, SIZE_MAX);
        put_rows(&inputs[count].bytes, row->sources[count]);
    }
    merger = sw_merger_create(&row->recipe, count, BUDGET);
    while (ended < count) {
        for (int i = 0; i < count; i++) {
            if (inputs[i].has_ended)
                continue;
            do
                feed(merger, &inputs[i], i, piece);
            while (row->recipe.key_count == 0 && !inputs[i].has_ended);
            ended += inputs[i].has_ended;
            (void)sw_merger_pull(merger, &out, sw_buf_len(&out) + most);
        }
    }
    while (sw_merger_pull(merger, &out, sw_buf_len(&out) + most) > 0)
        assert_true(sw_merger_rows(merger) > 0);
    assert_true(sw_merger_is_over(merger));
    if (sw_buf_len(&out) != sw_buf_len(&expected) ||
        (sw_buf_len(&out) > 0 &&
         memcmp(sw_buf_bytes(&out), sw_buf_bytes(&expected), sw_buf_len(&out)) != 0))
        fail_msg("%s, in pieces of %zu, %zu at once", row->name, piece, most);
    sw_merger_destroy(merger);
    for (int i = 0; i < count; i++)
        sw_buf_finish(&inputs[i].bytes);
    sw_buf_finish(&expected);
    sw_buf_finish(&out);
}

static void rows_leave_as_the_recipe_says(void **state)
{
    static const size_t pieces[] = {1, 3, 11, 40, 1000}, mosts[] = {1, 30, 100000};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++)
            for (size_t m = 0; m < sizeof mosts / sizeof mosts[0]; m++)
                check_row(&rows[i], pieces[p], mosts[m]);
}

/* --- what is refused --- */

struct refusal {
    const char *name;
    const char *bytes;
    size_t len;
    const char *sqlstate; /* NULL: taken */
    const char *at_end;
};

#define BYTES(text) text, sizeof(text) - 1

/* Rows of an int4, the key, and a text. */
static const struct refusal refusals[] = {
    {"nothing", BYTES(""), NULL, NULL},
    {"a row", BYTES("D\0\0\0\23\0\2\0\0\0\4\0\0\0\1\0\0\0\1a"), NULL, NULL},
    {"a message of another type", BYTES("C\0\0\0\5\0"), "08P01", NULL},
    {"a length below 4", BYTES("D\0\0\0\3"), "08P01", NULL},
    {"a negative length", BYTES("D\xff\xff\xff\xff"), "08P01", NULL},
    {"no room for a count", BYTES("D\0\0\0\4"), "08P01", NULL},
    {"one field", BYTES("D\0\0\0\16\0\1\0\0\0\4\0\0\0\1"), "08P01", NULL},
    {"three fields", BYTES("D\0\0\0\22\0\3\377\377\377\377\377\377\377\377\377\377\377\377"),
     "08P01", NULL},
    {"a field that is too long", BYTES("D\0\0\0\23\0\2\0\0\0\4\0\0\0\1\0\0\0\2a"), "08P01",
     NULL},
    {"a field without its length", BYTES("D\0\0\0\21\0\2\0\0\0\4\0\0\0\1\0\0\0"), "08P01",
     NULL},
    {"a length of -2", BYTES("D\0\0\0\22\0\2\0\0\0\4\0\0\0\1\xff\xff\xff\xfe"), "08P01", NULL},
    {"bytes behind the fields", BYTES("D\0\0\0\23\0\2\0\0\0\4\0\0\0\1\0\0\0\0a"), "08P01",
     NULL},
    {"a key in text",
     BYTES("D\0\0\0\24\0\2\0\0\0\3"
           "123\0\0\0\3abc"),
     "08P01", NULL},
    {"rows in order",
     BYTES("D\0\0\0\22\0\2\0\0\0\4\0\0\0\1\0\0\0\0"
           "D\0\0\0\22\0\2\0\0\0\4\0\0\0\1\0\0\0\0"),
     NULL, NULL},
    {"rows out of order",
     BYTES("D\0\0\0\22\0\2\0\0\0\4\0\0\0\1\0\0\0\0"
           "D\0\0\0\22\0\2\0\0\0\4\0\0\0\0\0\0\0\0"),
     "XX000", NULL},
    {"a value behind NULL",
     BYTES("D\0\0\0\16\0\2\xff\xff\xff\xff\0\0\0\0"
           "D\0\0\0\22\0\2\0\0\0\4\0\0\0\0\0\0\0\0"),
     "XX000", NULL},
    {"an end within a message", BYTES("D\0\0\0\22\0\2\0"), NULL, "08P01"},
    {"an end within a header", BYTES("D"), NULL, "08P01"},
};

/* All at once or byte by byte; @is_pulled: each row has left when the next one comes. */
static void check_refusal(const struct refusal *row, bool is_bytewise, bool is_pulled)
{
    const struct sw_merge_recipe recipe = {2, 1, &rising, 1, 0, ALL};
    struct sw_merger *merger = sw_merger_create(&recipe, 1, BUDGET);
    struct sw_error err = {.sqlstate = ""};
    const size_t piece = is_bytewise ? 1 : row->len;
    bool is_taken = true;
    struct sw_buf out;

    sw_buf_init(&out, SIZE_MAX);
    for (size_t at = 0; at < row->len && is_taken; at += piece) {
        is_taken = sw_merger_feed(merger, 0, (const uint8_t *)row->bytes + at, piece, &err);
        if (is_pulled)
            (void)sw_merger_pull(merger, &out, SIZE_MAX);
    }
    if (is_taken != (row->sqlstate == NULL) || (!is_taken && !sw_error_is(&err, row->sqlstate)))
        fail_msg("%s: %s", row->name, is_taken ? "taken" : err.message);
    if (is_taken)
        is_taken = sw_merger_end(merger, 0, &err);
    if (row->sqlstate == NULL && is_taken != (row->at_end == NULL))
        fail_msg("%s, at the end: %s", row->name, is_taken ? "taken" : err.message);
    sw_merger_destroy(merger);
    sw_buf_finish(&out);
}

static void what_is_no_row_in_order_is_refused(void **state)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        check_refusal(&refusals[i], false, false);
        check_refusal(&refusals[i], false, true);
        check_refusal(&refusals[i], true, false);
        check_refusal(&refusals[i], true, true);
    }
}

static void unordered_rows_are_refused_by_their_count_of_fields(void **state)
{
    static const struct sw_merge_recipe all = {2, 2, NULL, 0, 0, ALL},
                                        hiding = {2, 1, NULL, 0, 0, ALL};
    struct sw_error err;
    struct sw_merger *merger = sw_merger_create(&all, 1, BUDGET);

    assert_false(sw_merger_feed(merger, 0, (const uint8_t *)"D\0\0\0\6\0\1", 7, &err));
    assert_true(sw_error_is(&err, "08P01"));
    sw_merger_destroy(merger);
    /* Where fields are counted through, they must be there. */
    merger = sw_merger_create(&hiding, 1, BUDGET);
    assert_false(sw_merger_feed(merger, 0, (const uint8_t *)"D\0\0\0\6\0\2", 7, &err));
    assert_true(sw_error_is(&err, "08P01"));
    sw_merger_destroy(merger);
}

/* --- what is held --- */

static void feed_rows(struct sw_merger *merger, int source, const char *text)
{
    struct sw_error err;
    struct sw_buf bytes;

    sw_buf_init(&bytes, SIZE_MAX);
    put_rows(&bytes, text);
    assert_true(sw_merger_feed(merger, source, sw_buf_bytes(&bytes), sw_buf_len(&bytes), &err));
    sw_buf_finish(&bytes);
}

static void a_source_is_wanted_up_to_its_share(void **state)
{
    /* A row has 15 bytes, each source a share of 30. */
    const struct sw_merge_recipe recipe = {1, 1, &rising, 1, 0, ALL};
    struct sw_merger *merger = sw_merger_create(&recipe, 2, 60);
    struct sw_error err;
    struct sw_buf out;

    sw_buf_init(&out, SIZE_MAX);
    assert_true(sw_merger_wants(merger, 0) && sw_merger_wants(merger, 1));
    feed_rows(merger, 0, "1");
    assert_true(sw_merger_wants(merger, 0));
    feed_rows(merger, 0, "2");
    assert_false(sw_merger_wants(merger, 0));
    assert_true(sw_merger_wants(merger, 1));
    assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 0);
    feed_rows(merger, 1, "1 1 1");
    assert_false(sw_merger_wants(merger, 1));
    /* Equal rows: first that of source 0; then it is source 1's turn until 2. */
    assert_int_equal(sw_merger_pull(merger, &out, 1), 1);
    assert_true(sw_merger_wants(merger, 0));
    assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 3);
    assert_true(sw_merger_wants(merger, 1));
    assert_true(sw_merger_end(merger, 1, &err));
    assert_false(sw_merger_wants(merger, 1));
    assert_false(sw_merger_is_over(merger));
    assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 1);
    assert_false(sw_merger_is_over(merger));
    assert_true(sw_merger_end(merger, 0, &err));
    assert_true(sw_merger_is_over(merger));
    assert_int_equal(sw_merger_rows(merger), 5);
    sw_buf_finish(&out);
    sw_merger_destroy(merger);
}

static void a_row_above_the_share_is_waited_for(void **state)
{
    const struct sw_merge_recipe recipe = {1, 1, &texts, 1, 0, ALL};
    struct sw_merger *merger = sw_merger_create(&recipe, 2, 2);
    static const uint8_t start[] = "D\0\0\0\17\0\1\0\0\0\5ab";
    struct sw_error err;

    assert_true(sw_merger_feed(merger, 0, start, sizeof start - 1, &err));
    assert_true(sw_merger_wants(merger, 0));
    assert_true(sw_merger_feed(merger, 0, (const uint8_t *)"cde", 3, &err));
    assert_false(sw_merger_wants(merger, 0));
    assert_true(sw_merger_wants(merger, 1));
    sw_merger_destroy(merger);
}

static void unordered_sources_share_the_budget(void **state)
{
    const struct sw_merge_recipe recipe = {1, 1, NULL, 0, 0, ALL};
    struct sw_merger *merger = sw_merger_create(&recipe, 2, 30);
    struct sw_buf out;

    sw_buf_init(&out, SIZE_MAX);
    feed_rows(merger, 0, "1");
    assert_true(sw_merger_wants(merger, 0) && sw_merger_wants(merger, 1));
    feed_rows(merger, 1, "2");
    assert_false(sw_merger_wants(merger, 0) || sw_merger_wants(merger, 1));
    assert_int_equal(sw_merger_pull(merger, &out, 1), 1);
    assert_true(sw_merger_wants(merger, 0) && sw_merger_wants(merger, 1));
    assert_int_equal(sw_merger_pull(merger, &out, sw_buf_len(&out)), 0);
    assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 1);
    assert_int_equal(sw_merger_rows(merger), 2);
    sw_buf_finish(&out);
    sw_merger_destroy(merger);
}

static void nothing_is_wanted_when_the_limit_is_reached(void **state)
{
    static const struct sw_merge_key *const keys[] = {NULL, &rising};

    for (int i = 0; i < 2; i++) {
        const struct sw_merge_recipe recipe = {1, 1, keys[i], i, 0, 1};
        struct sw_merger *merger = sw_merger_create(&recipe, 2, BUDGET);
        struct sw_error err;
        struct sw_buf out;

        sw_buf_init(&out, SIZE_MAX);
        feed_rows(merger, 0, "1 2");
        feed_rows(merger, 1, "3");
        assert_false(sw_merger_is_over(merger));
        assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 1);
        assert_true(sw_merger_is_over(merger));
        assert_false(sw_merger_wants(merger, 0) || sw_merger_wants(merger, 1));
        /* What is still on its way counts no longer, whatever it is. */
        assert_true(sw_merger_feed(merger, 0, (const uint8_t *)"X", 1, &err));
        assert_true(sw_merger_end(merger, 0, &err));
        assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 0);
        sw_buf_finish(&out);
        sw_merger_destroy(merger);
    }
}

static void a_row_that_does_not_fit_stays(void **state)
{
    static const struct sw_merge_key *const keys[] = {NULL, &rising};

    for (int i = 0; i < 2; i++) {
        const struct sw_merge_recipe recipe = {1, 1, keys[i], i, 0, ALL};
        struct sw_merger *merger = sw_merger_create(&recipe, 1, BUDGET);
        struct sw_buf narrow, out;

        sw_buf_init(&narrow, 14);
        sw_buf_init(&out, 15);
        feed_rows(merger, 0, "7");
        assert_int_equal(sw_merger_pull(merger, &narrow, SIZE_MAX), 0);
        assert_true(narrow.is_over);
        assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 1);
        sw_buf_finish(&narrow);
        sw_buf_finish(&out);
        sw_merger_destroy(merger);
    }
}

enum { LARGE = 5 << 20 };

/* A row of a number and LARGE bytes, in pieces. */
static bool feed_large(struct sw_merger *merger, int source, int number, struct sw_error *err)
{
    struct sw_buf bytes;
    bool is_taken = true;
    size_t start;

    sw_buf_init(&bytes, SIZE_MAX);
    start = sw_message_begin(&bytes, 'D');
    sw_put_int16(&bytes, 2);
    sw_put_int32(&bytes, 4);
    sw_put_int32(&bytes, (uint32_t)number);
    sw_put_int32(&bytes, LARGE);
    memset(sw_buf_room(&bytes, LARGE), number, LARGE);
    sw_buf_grown(&bytes, LARGE);
    sw_message_end(&bytes, start);
    while (is_taken && sw_buf_len(&bytes) > 0) {
        const size_t len = sw_buf_len(&bytes) < 60000 ? sw_buf_len(&bytes) : 60000;

        is_taken = sw_merger_feed(merger, source, sw_buf_bytes(&bytes), len, err);
        sw_buf_take(&bytes, len);
    }
    sw_buf_finish(&bytes);
    return is_taken;
}

static void large_rows_are_compared_though_they_have_left(void **state)
{
    const struct sw_merge_recipe recipe = {2, 2, &rising, 1, 0, ALL};
    struct sw_merger *merger = sw_merger_create(&recipe, 2, BUDGET);
    struct sw_error err;
    struct sw_buf out;

    sw_buf_init(&out, SIZE_MAX);
    feed_rows(merger, 1, "9,x");
    for (int number = 1; number <= 3; number++) {
        assert_true(feed_large(merger, 0, number, &err));
        assert_int_equal(sw_merger_pull(merger, &out, SIZE_MAX), 1);
        assert_int_equal(sw_buf_len(&out), LARGE + 19);
        assert_int_equal(sw_buf_bytes(&out)[14], number);
        assert_int_equal(sw_buf_bytes(&out)[LARGE + 18], number);
        sw_buf_clear(&out);
    }
    assert_false(feed_large(merger, 0, 2, &err));
    assert_true(sw_error_is(&err, "XX000"));
    sw_buf_finish(&out);
    sw_merger_destroy(merger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_leave_as_the_recipe_says),
        cmocka_unit_test(what_is_no_row_in_order_is_refused),
        cmocka_unit_test(unordered_rows_are_refused_by_their_count_of_fields),
        cmocka_unit_test(a_source_is_wanted_up_to_its_share),
        cmocka_unit_test(a_row_above_the_share_is_waited_for),
        cmocka_unit_test(unordered_sources_share_the_budget),
        cmocka_unit_test(nothing_is_wanted_when_the_limit_is_reached),
        cmocka_unit_test(a_row_that_does_not_fit_stays),
        cmocka_unit_test(large_rows_are_compared_though_they_have_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
