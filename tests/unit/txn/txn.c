#include "shardward/txn/txn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct sw_txn_settings none;

static struct sw_txn_settings make(const char *value)
{
    return (struct sw_txn_settings){sw_settings_with(NULL, "search_path", value),
                                    sw_settings_with(NULL, "TimeZone", value)};
}

static void drop(struct sw_txn_settings settings)
{
    sw_settings_unref(settings.settings);
    sw_settings_unref(settings.told);
}

static void expect_refs(struct sw_txn_settings settings, int refs)
{
    assert_int_equal(settings.settings->refs, refs);
    assert_int_equal(settings.told->refs, refs);
}

/*
 * A script is steps with blanks between them. A small letter is told to the journal with a text
 * of its own, a capital one stands for what the shard has heard already:
 *
 *   b B begin   n note   e enlist   f fail   x end
 *   sA SA savepoint A    rA RA release A    tA rollback to A
 *
 * Steps that are refused are gathered in @refused.
 */
static void step(struct sw_txn *txn, const char *what, char *refused)
{
    const struct sw_txn_settings *before;
    const char name[] = {what[1], '\0'};
    bool is_done = true;

    switch (what[0]) {
    case 'b':
    case 'B':
        sw_txn_begin(txn, what[0] == 'b' ? "b" : NULL, none);
        break;
    case 'n':
        sw_txn_note(txn, "n");
        break;
    case 'e':
        sw_txn_enlist(txn);
        break;
    case 'f':
        sw_txn_fail(txn);
        break;
    case 'x':
        sw_txn_end(txn);
        break;
    case 's':
    case 'S':
        sw_txn_savepoint(txn, name, what[0] == 's' ? what : NULL, none);
        break;
    case 'r':
    case 'R':
        is_done = sw_txn_release(txn, name, what[0] == 'r' ? what : NULL);
        break;
    case 't':
        is_done = sw_txn_rollback_to(txn, name, &before);
        break;
    default:
        fail();
    }
    if (!is_done)
        memcpy(refused + strlen(refused), what, strlen(what) + 1);
}

static void run(struct sw_txn *txn, const char *script, char *refused)
{
    refused[0] = '\0';
    for (size_t len; *script != '\0'; script += len + strspn(script + len, " ")) {
        char what[3] = "";

        len = strcspn(script, " ");
        assert_in_range(len, 1, 2);
        memcpy(what, script, len);
        step(txn, what, refused);
    }
}

static void journal_of(const struct sw_txn *txn, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (int i = 0; i < txn->journal_count; i++)
        len +=
            (size_t)snprintf(text + len, size - len, "%s%s", i > 0 ? " " : "", txn->journal[i]);
}

static void savepoints_of(const struct sw_txn *txn, char *text)
{
    for (int i = 0; i < txn->savepoint_count; i++)
        *text++ = txn->savepoints[i].name[0];
    *text = '\0';
}

static void a_transaction_goes_as_it_is_told(void **state)
{
    static const struct {
        const char *script;
        char status;
        bool is_enlisted;
        const char *journal, *savepoints, *refused;
    } rows[] = {
        {"", 'I', false, "", "", ""},
        {"f", 'I', false, "", "", ""},
        {"x", 'I', false, "", "", ""},
        {"b", 'T', false, "b", "", ""},
        {"B", 'T', true, "", "", ""},
        {"b f", 'E', false, "b", "", ""},
        {"b f f", 'E', false, "b", "", ""},
        {"b x", 'I', false, "", "", ""},
        {"b f x", 'I', false, "", "", ""},
        {"b e", 'T', true, "b", "", ""},
        {"b e x", 'I', false, "", "", ""},
        {"b n n", 'T', false, "b n n", "", ""},
        {"b n x b", 'T', false, "b", "", ""},
        {"b sA x b", 'T', false, "b", "", ""},

        {"b sA", 'T', false, "b sA", "A", ""},
        {"B SA", 'T', true, "", "A", ""},
        {"b sA n sB n", 'T', false, "b sA n sB n", "AB", ""},

        {"b rA", 'T', false, "b", "", "rA"},
        {"b sA rB", 'T', false, "b sA", "A", "rB"},
        {"b sA n rA", 'T', false, "b sA n rA", "", ""},
        {"b sA sB sC rB", 'T', false, "b sA sB sC rB", "A", ""},
        {"b sA sB rA rB", 'T', false, "b sA sB rA", "", "rB"},
        {"B SA RA", 'T', true, "", "", ""},
        {"B SA RB", 'T', true, "", "A", "RB"},

        {"tA", 'I', false, "", "", "tA"},
        {"b f tA", 'E', false, "b", "", "tA"},
        {"b sA f tB", 'E', false, "b sA", "A", "tB"},
        {"b sA tA", 'T', false, "b sA", "A", ""},
        {"b sA f tA", 'T', false, "b sA", "A", ""},
        {"b sA n f tA f tA", 'T', false, "b sA", "A", ""},
        {"b n sA n n tA", 'T', false, "b n sA", "A", ""},
        {"b n sA n sB n tA", 'T', false, "b n sA", "A", ""},
        {"b n sA n sB n tB", 'T', false, "b n sA n sB", "AB", ""},
        {"b n sA n sB n tA tB", 'T', false, "b n sA", "A", "tB"},
        {"b sA n tA n", 'T', false, "b sA n", "A", ""},
        /* What was released is rolled back with what lies around it. */
        {"b sA sB n rB tA", 'T', false, "b sA", "A", ""},

        /* The newest of a name hides the older ones until it is released. */
        {"b sA n sA n tA", 'T', false, "b sA n sA", "AA", ""},
        {"b sA n sA n rA tA", 'T', false, "b sA", "A", ""},
        {"b sA sB sA rA", 'T', false, "b sA sB sA rA", "AB", ""},
        {"b sA sB sA rA rA", 'T', false, "b sA sB sA rA rA", "", ""},
        {"b sA sB sA tB", 'T', false, "b sA sB", "AB", ""},

        /* What the shard has heard stays heard. */
        {"b sA n e tA", 'T', true, "b sA n", "A", ""},
        {"b e SA f tA", 'T', true, "b", "A", ""},
        {"b sA e SB tA", 'T', true, "b sA", "A", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char refused[64], journal[64], savepoints[16];
        struct sw_txn txn;

        sw_txn_init(&txn);
        run(&txn, rows[i].script, refused);
        journal_of(&txn, journal, sizeof journal);
        savepoints_of(&txn, savepoints);
        assert_int_equal(sw_txn_status(&txn), rows[i].status);
        assert_int_equal(txn.is_enlisted, rows[i].is_enlisted);
        assert_string_equal(journal, rows[i].journal);
        assert_string_equal(savepoints, rows[i].savepoints);
        assert_string_equal(refused, rows[i].refused);
        sw_txn_finish(&txn);
        assert_int_equal(txn.state, SW_TXN_IDLE);
    }
}

static void savepoint_names_tell_case_and_length_apart(void **state)
{
    static const char *const others[] = {"S", "s1", "", "s ", "point"};
    const struct sw_txn_settings *before = &none;
    struct sw_txn txn;

    sw_txn_init(&txn);
    sw_txn_begin(&txn, "begin", none);
    sw_txn_savepoint(&txn, "s", "savepoint s", none);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(sw_txn_rollback_to(&txn, others[i], &before));
        assert_false(sw_txn_release(&txn, others[i], "release"));
    }
    assert_ptr_equal(before, &none);
    assert_int_equal(txn.journal_count, 2);
    assert_true(sw_txn_release(&txn, "s", "release s"));
    sw_txn_finish(&txn);
}

static void texts_and_names_are_copied(void **state)
{
    char begin[] = "begin", note[] = "set", savepoint[] = "savepoint s", name[] = "s";
    const struct sw_txn_settings *before;
    char journal[64];
    struct sw_txn txn;

    sw_txn_init(&txn);
    sw_txn_begin(&txn, begin, none);
    sw_txn_note(&txn, note);
    sw_txn_savepoint(&txn, name, savepoint, none);
    memset(begin, 'x', sizeof begin - 1);
    memset(note, 'x', sizeof note - 1);
    memset(savepoint, 'x', sizeof savepoint - 1);
    name[0] = 'x';
    journal_of(&txn, journal, sizeof journal);
    assert_string_equal(journal, "begin set savepoint s");
    assert_true(sw_txn_rollback_to(&txn, "s", &before));
    sw_txn_finish(&txn);
}

static void the_settings_of_the_begin_are_kept_until_the_end(void **state)
{
    static const struct {
        bool is_failed, is_finished;
    } rows[] = {{false, false}, {true, false}, {false, true}, {true, true}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_txn_settings now = make("a");
        struct sw_txn txn;

        sw_txn_init(&txn);
        sw_txn_begin(&txn, "begin", now);
        expect_refs(now, 2);
        assert_ptr_equal(txn.before.settings, now.settings);
        assert_ptr_equal(txn.before.told, now.told);
        if (rows[i].is_failed)
            sw_txn_fail(&txn);
        expect_refs(now, 2);
        if (rows[i].is_finished)
            sw_txn_finish(&txn);
        else
            sw_txn_end(&txn);
        expect_refs(now, 1);
        assert_null(txn.before.settings);
        assert_null(txn.before.told);
        sw_txn_finish(&txn);
        expect_refs(now, 1);
        drop(now);
    }
}

static void a_rollback_brings_back_the_settings_of_its_savepoint(void **state)
{
    struct sw_txn_settings start = make("start"), one = make("one"), two = make("two");
    const struct sw_txn_settings *before = NULL;
    struct sw_txn txn;

    sw_txn_init(&txn);
    sw_txn_begin(&txn, NULL, start);
    sw_txn_savepoint(&txn, "s", NULL, one);
    sw_txn_savepoint(&txn, "s", NULL, two);
    expect_refs(start, 2);
    expect_refs(one, 2);
    expect_refs(two, 2);

    assert_true(sw_txn_rollback_to(&txn, "s", &before));
    assert_ptr_equal(before->settings, two.settings);
    assert_ptr_equal(before->told, two.told);
    expect_refs(two, 2);

    assert_true(sw_txn_release(&txn, "s", NULL));
    expect_refs(two, 1);
    expect_refs(one, 2);
    assert_true(sw_txn_rollback_to(&txn, "s", &before));
    assert_ptr_equal(before->settings, one.settings);
    assert_ptr_equal(before->told, one.told);

    sw_txn_end(&txn);
    expect_refs(start, 1);
    expect_refs(one, 1);
    sw_txn_finish(&txn);
    drop(start);
    drop(one);
    drop(two);
}

static void what_is_cut_lets_its_settings_go(void **state)
{
    static const struct {
        char how; /* r: release, t: rollback to, x: end, f: finish */
        char name;
        int refs[3]; /* of the savepoints a, b, c afterwards */
    } rows[] = {
        {'r', 'a', {1, 1, 1}}, {'r', 'b', {2, 1, 1}}, {'r', 'c', {2, 2, 1}},
        {'r', 'd', {2, 2, 2}}, {'t', 'a', {2, 1, 1}}, {'t', 'b', {2, 2, 1}},
        {'t', 'c', {2, 2, 2}}, {'t', 'd', {2, 2, 2}}, {'x', ' ', {1, 1, 1}},
        {'f', ' ', {1, 1, 1}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_txn_settings all[] = {make("a"), make("b"), make("c")};
        const struct sw_txn_settings *before;
        const char name[] = {rows[i].name, '\0'};
        struct sw_txn txn;

        sw_txn_init(&txn);
        sw_txn_begin(&txn, "begin", none);
        sw_txn_savepoint(&txn, "a", "a", all[0]);
        sw_txn_savepoint(&txn, "b", "b", all[1]);
        sw_txn_savepoint(&txn, "c", "c", all[2]);
        if (rows[i].how == 'r')
            (void)sw_txn_release(&txn, name, "r");
        else if (rows[i].how == 't')
            (void)sw_txn_rollback_to(&txn, name, &before);
        else if (rows[i].how == 'x')
            sw_txn_end(&txn);
        else
            sw_txn_finish(&txn);
        for (size_t at = 0; at < 3; at++)
            expect_refs(all[at], rows[i].refs[at]);
        sw_txn_finish(&txn);
        for (size_t at = 0; at < 3; at++) {
            expect_refs(all[at], 1);
            drop(all[at]);
        }
    }
}

static void more_than_a_bare_begin_is_an_option(void **state)
{
    static const struct {
        const char *begin; /* NULL: the shard has heard it */
        const char *note;  /* NULL: nothing more was said */
        bool has_options;
    } rows[] = {
        {"begin", NULL, false},
        {"BEGIN", NULL, false},
        {"Begin;", NULL, false},
        {"begin transaction", NULL, false},
        {"begin work", NULL, false},
        {"START TRANSACTION", NULL, false},
        {NULL, NULL, false},
        {"begin", "begin", true},
        {"begin", "set local x = 1", true},
        {"begin read only", NULL, true},
        {"begin isolation level serializable", NULL, true},
        {"START TRANSACTION READ ONLY", NULL, true},
        {"begin deferrable", NULL, true},
        {NULL, "set transaction read only", true},
    };
    struct sw_txn txn;

    sw_txn_init(&txn);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(sw_txn_has_options(&txn));
        sw_txn_begin(&txn, rows[i].begin, none);
        if (rows[i].note != NULL)
            sw_txn_note(&txn, rows[i].note);
        assert_int_equal(sw_txn_has_options(&txn), rows[i].has_options);
        sw_txn_end(&txn);
    }
    sw_txn_finish(&txn);
}

static void a_savepoint_is_an_option_too(void **state)
{
    struct sw_txn txn;

    sw_txn_init(&txn);
    sw_txn_begin(&txn, "begin", none);
    assert_false(sw_txn_has_options(&txn));
    sw_txn_savepoint(&txn, "s", "savepoint s", none);
    assert_true(sw_txn_has_options(&txn));
    sw_txn_finish(&txn);
    assert_false(sw_txn_has_options(&txn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_goes_as_it_is_told),
        cmocka_unit_test(savepoint_names_tell_case_and_length_apart),
        cmocka_unit_test(texts_and_names_are_copied),
        cmocka_unit_test(the_settings_of_the_begin_are_kept_until_the_end),
        cmocka_unit_test(a_rollback_brings_back_the_settings_of_its_savepoint),
        cmocka_unit_test(what_is_cut_lets_its_settings_go),
        cmocka_unit_test(more_than_a_bare_begin_is_an_option),
        cmocka_unit_test(a_savepoint_is_an_option_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
