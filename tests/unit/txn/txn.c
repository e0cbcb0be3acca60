#include "shardward/txn/txn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct sw_txn_settings none;

static void begin(struct sw_txn *txn, const char *text)
{
    sw_txn_begin(txn, text, SW_ISOLATION_DEFAULT, none);
}

static struct sw_txn_settings make(const char *value)
{
    return (struct sw_txn_settings){
        .settings = sw_settings_with(NULL, "search_path", value),
        .told = sw_settings_with(NULL, "TimeZone", value),
    };
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
 * A script is steps with blanks between them:
 *
 *   b begin   B begin, heard by a server alone   n note an option   f fail   x end   c chain
 *   sA savepoint A    rA release A    tA rollback to A    eA set A    lA set local A
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
        begin(txn, what[0] == 'b' ? "b" : NULL);
        break;
    case 'n':
        sw_txn_note_option(txn, "n", SW_ISOLATION_DEFAULT);
        break;
    case 'e':
    case 'l':
        sw_txn_note_setting(txn, name, what, what[0] == 'l');
        break;
    case 'a':
        sw_txn_note_setting(txn, NULL, what, false);
        break;
    case 'f':
        sw_txn_fail(txn);
        break;
    case 'x':
        sw_txn_end(txn);
        break;
    case 'c':
        sw_txn_chain(txn, none);
        break;
    case 's':
        sw_txn_savepoint(txn, name, none);
        break;
    case 'r':
        is_done = sw_txn_release(txn, name);
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

/* "SAVEPOINT sw_3" as "s3" */
static void journal_of(const struct sw_txn *txn, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (int i = 0; i < txn->journal_count; i++) {
        const struct sw_entry *entry = &txn->journal[i];
        const char *between = i > 0 ? " " : "";

        if (entry->kind == SW_ENTRY_SAVEPOINT) {
            assert_memory_equal(entry->text, "SAVEPOINT sw_", 13);
            len += (size_t)snprintf(text + len, size - len, "%ss%s", between, entry->text + 13);
        } else {
            len += (size_t)snprintf(text + len, size - len, "%s%s", between, entry->text);
        }
    }
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
        const char *journal, *savepoints, *refused;
    } rows[] = {
        {"", 'I', "", "", ""},
        {"f", 'I', "", "", ""},
        {"x", 'I', "", "", ""},
        {"b", 'T', "b", "", ""},
        {"B", 'T', "", "", ""},
        {"b f", 'E', "b", "", ""},
        {"b f f", 'E', "b", "", ""},
        {"b x", 'I', "", "", ""},
        {"b f x", 'I', "", "", ""},
        {"b n n", 'T', "b n n", "", ""},
        {"b n x b", 'T', "b", "", ""},
        {"b sA x b", 'T', "b", "", ""},

        {"b sA", 'T', "b s2", "A", ""},
        {"B sA", 'T', "s2", "A", ""},
        {"b sA n sB n", 'T', "b s2 n s4 n", "AB", ""},

        {"b rA", 'T', "b", "", "rA"},
        {"b sA rB", 'T', "b s2", "A", "rB"},
        {"b sA n rA", 'T', "b n", "", ""},
        {"b sA sB sC rB", 'T', "b s2", "A", ""},
        {"b sA sB rA rB", 'T', "b", "", "rB"},
        {"b sA eX sB eY rB", 'T', "b s2 eX eY", "A", ""},

        {"tA", 'I', "", "", "tA"},
        {"b f tA", 'E', "b", "", "tA"},
        {"b sA f tB", 'E', "b s2", "A", "tB"},
        {"b sA tA", 'T', "b s2", "A", ""},
        {"b sA f tA", 'T', "b s2", "A", ""},
        {"b sA n f tA f tA", 'T', "b s2", "A", ""},
        {"b n sA n n tA", 'T', "b n s3", "A", ""},
        {"b n sA n sB n tA", 'T', "b n s3", "A", ""},
        {"b n sA n sB n tB", 'T', "b n s3 n s5", "AB", ""},
        {"b n sA n sB n tA tB", 'T', "b n s3", "A", "tB"},
        {"b sA n tA n", 'T', "b s2 n", "A", ""},
        /* Marks are not used twice. */
        {"b sA sB tA sC", 'T', "b s2 s4", "AC", ""},
        /* What was released is rolled back with what lies around it. */
        {"b sA sB n rB tA", 'T', "b s2", "A", ""},

        /* The newest of a name hides the older ones until it is released. */
        {"b sA n sA n tA", 'T', "b s2 n s4", "AA", ""},
        {"b sA n sA n rA tA", 'T', "b s2", "A", ""},
        {"b sA sB sA rA", 'T', "b s2 s3", "AB", ""},
        {"b sA sB sA rA rA", 'T', "b", "", ""},
        {"b sA sB sA tB", 'T', "b s2 s3", "AB", ""},

        /* A later change of a setting takes the place of an earlier one ... */
        {"b eX eY eX", 'T', "b eY eX", "", ""},
        {"b lX lX lX", 'T', "b lX", "", ""},
        /* ... of the same kind, with no savepoint or RESET ALL between them. */
        {"b eX lX eX", 'T', "b lX eX", "", ""},
        {"b eX sA eX eX", 'T', "b eX s3 eX", "A", ""},
        {"b eX a eX", 'T', "b eX a eX", "", ""},
        {"b eX sA eX rA eX", 'T', "b eX eX", "", ""},

        /* AND CHAIN keeps how the transaction began. */
        {"b c", 'T', "b", "", ""},
        {"b n eX sA c", 'T', "b n", "", ""},
        {"b f c", 'T', "b", "", ""},
        {"B c", 'T', "", "", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char refused[64], journal[64], savepoints[16];
        struct sw_txn txn;

        sw_txn_init(&txn);
        run(&txn, rows[i].script, refused);
        journal_of(&txn, journal, sizeof journal);
        savepoints_of(&txn, savepoints);
        assert_int_equal(sw_txn_status(&txn), rows[i].status);
        assert_string_equal(journal, rows[i].journal);
        assert_string_equal(savepoints, rows[i].savepoints);
        assert_string_equal(refused, rows[i].refused);
        sw_txn_finish(&txn);
        assert_int_equal(txn.state, SW_TXN_IDLE);
    }
}

static void the_role_keeps_its_place(void **state)
{
    char journal[64];
    struct sw_txn txn;

    sw_txn_init(&txn);
    begin(&txn, "b");
    sw_txn_note_setting(&txn, "role", "one", false);
    sw_txn_note_setting(&txn, "X", "eX", false);
    sw_txn_note_setting(&txn, "role", "two", false);
    journal_of(&txn, journal, sizeof journal);
    assert_string_equal(journal, "b one eX two");
    sw_txn_finish(&txn);
}

static void savepoint_names_tell_case_and_length_apart(void **state)
{
    static const char *const others[] = {"S", "s1", "", "s ", "point"};
    const struct sw_txn_settings *before = &none;
    struct sw_txn txn;

    sw_txn_init(&txn);
    begin(&txn, "begin");
    sw_txn_savepoint(&txn, "s", none);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(sw_txn_rollback_to(&txn, others[i], &before));
        assert_false(sw_txn_release(&txn, others[i]));
        assert_int_equal(sw_txn_savepoint_mark(&txn, others[i]), 0);
    }
    assert_ptr_equal(before, &none);
    assert_int_equal(txn.journal_count, 2);
    assert_int_equal(sw_txn_savepoint_mark(&txn, "s"), 2);
    assert_true(sw_txn_release(&txn, "s"));
    sw_txn_finish(&txn);
}

static void texts_and_names_are_copied(void **state)
{
    char begin_text[] = "begin", option[] = "option", set[] = "set", name[] = "s",
         setting[] = "x";
    const struct sw_txn_settings *before;
    char journal[64];
    struct sw_txn txn;

    sw_txn_init(&txn);
    begin(&txn, begin_text);
    sw_txn_note_option(&txn, option, SW_ISOLATION_DEFAULT);
    sw_txn_note_setting(&txn, setting, set, false);
    sw_txn_savepoint(&txn, name, none);
    memset(begin_text, '-', sizeof begin_text - 1);
    memset(option, '-', sizeof option - 1);
    memset(set, '-', sizeof set - 1);
    name[0] = setting[0] = '-';
    journal_of(&txn, journal, sizeof journal);
    assert_string_equal(journal, "begin option set s4");
    assert_string_equal(txn.journal[2].name, "x");
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
        sw_txn_begin(&txn, "begin", SW_ISOLATION_DEFAULT, now);
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
    sw_txn_begin(&txn, NULL, SW_ISOLATION_DEFAULT, start);
    sw_txn_savepoint(&txn, "s", one);
    sw_txn_savepoint(&txn, "s", two);
    expect_refs(start, 2);
    expect_refs(one, 2);
    expect_refs(two, 2);

    assert_true(sw_txn_rollback_to(&txn, "s", &before));
    assert_ptr_equal(before->settings, two.settings);
    assert_ptr_equal(before->told, two.told);
    expect_refs(two, 2);

    assert_true(sw_txn_release(&txn, "s"));
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
        begin(&txn, "begin");
        sw_txn_savepoint(&txn, "a", all[0]);
        sw_txn_savepoint(&txn, "b", all[1]);
        sw_txn_savepoint(&txn, "c", all[2]);
        if (rows[i].how == 'r')
            (void)sw_txn_release(&txn, name);
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
        const char *begin; /* NULL: a server alone has heard it */
        const char *script;
        bool has_options;
    } rows[] = {
        {"begin", "", false},
        {"BEGIN", "", false},
        {"Begin;", "", false},
        {"begin transaction", "", false},
        {"begin work", "", false},
        {"START TRANSACTION", "", false},
        {NULL, "", false},
        {"begin", "n", true},
        {"begin", "eX", true},
        {"begin", "lX", true},
        {"begin", "sA", false},
        {"begin", "sA eX tA", false},
        {"begin", "sA eX rA", true},
        {"begin read only", "", true},
        {"begin isolation level serializable", "", true},
        {"START TRANSACTION READ ONLY", "", true},
        {"begin deferrable", "", true},
        {NULL, "n", true},
    };
    char refused[64];
    struct sw_txn txn;

    sw_txn_init(&txn);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(sw_txn_has_options(&txn));
        begin(&txn, rows[i].begin);
        run(&txn, rows[i].script, refused);
        assert_int_equal(sw_txn_has_options(&txn), rows[i].has_options);
        sw_txn_end(&txn);
    }
    sw_txn_finish(&txn);
}

/* --- participants --- */

enum { SHARDS = 3, MOST_SAVEPOINTS = 64, MOST_USES = 512 };

/* Shards are addresses to a txn. */
static const struct sw_shard *shard(int i)
{
    static char places[SHARDS];

    return (const struct sw_shard *)&places[i];
}

static const char *name_of(const struct sw_shard *which)
{
    static const char *const names[] = {"zero", "one", "two"};

    for (int i = 0; i < SHARDS; i++)
        if (shard(i) == which)
            return names[i];
    return "none";
}

static void opening_of(struct sw_txn *txn, int i, char *text, size_t size)
{
    size_t len = 0;
    int count;
    const char *const *opening = sw_txn_opening(txn, sw_txn_participant(txn, shard(i)), &count);

    text[0] = '\0';
    for (int k = 0; k < count; k++)
        len += (size_t)snprintf(text + len, size - len, "%s%s", k > 0 ? "; " : "", opening[k]);
}

/*
 * Besides the steps above: j0 shard 0 joins; h0 it hears all; p0 it hears the first statement
 * of its opening; w0 it is written to; k0 it locks rows. The opening of shard 0 follows.
 */
static void participants_hear_what_they_have_not_heard(void **state)
{
    static const struct {
        const char *script, *opening;
    } rows[] = {
        {"b j0", "b"},
        {"b n j0", "b; n"},
        {"b sA eX j0", "b; SAVEPOINT sw_2; eX"},
        {"b sA eX rA j0", "b; eX"},
        {"b sA eX tA j0", "b; SAVEPOINT sw_2"},
        {"b j0 h0", ""},
        {"b j0 h0 sA", "SAVEPOINT sw_2"},
        {"b j0 h0 sA rA", ""},
        {"b j0 h0 sA eX tA", "SAVEPOINT sw_2"},
        {"b j0 p0 sA", "SAVEPOINT sw_2"},
        {"b n j0 p0", "n"},
        {"b n j0 p0 p0", ""},
        /* A released savepoint that was heard is released there first. */
        {"b j0 sA h0 rA", "RELEASE SAVEPOINT sw_2"},
        {"b j0 sA sB h0 rB rA", "RELEASE SAVEPOINT sw_2"},
        {"b j0 sA sB h0 rB", "RELEASE SAVEPOINT sw_3"},
        {"b j0 sA h0 rA sA", "RELEASE SAVEPOINT sw_2; SAVEPOINT sw_3"},
        {"b j0 sA h0 rA sA p0", "SAVEPOINT sw_3"},
        {"b j0 sA h0 sB rA", "RELEASE SAVEPOINT sw_2"},
        /* ... unless it is rolled back with what lies around it. */
        {"b j0 sA sB h0 rB tA", ""},
        {"b j0 sA h0 sB rB tA", ""},
        {"b j0 sA sB h0 rB sC tC", "RELEASE SAVEPOINT sw_3; SAVEPOINT sw_4"},
        /* Who joins late hears no savepoint that is gone, and every one that is not. */
        {"b sA eX j1 h1 sB eY j0", "b; SAVEPOINT sw_2; eX; SAVEPOINT sw_4; eY"},
        {"b sA j1 h1 rA j0", "b"},
        /* AND CHAIN has no participants. */
        {"b n j0 h0 sA c j0", "b; n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *script = rows[i].script;
        char refused[64] = "", opening[128];
        struct sw_txn txn;

        sw_txn_init(&txn);
        for (size_t len; *script != '\0'; script += len + strspn(script + len, " ")) {
            char what[3] = "";
            int of = script[1] - '0', count;

            len = strcspn(script, " ");
            memcpy(what, script, len);
            if (what[0] == 'j') {
                (void)sw_txn_join(&txn, shard(of), NULL);
            } else if (what[0] == 'h') {
                sw_txn_heard_all(&txn, sw_txn_participant(&txn, shard(of)), NULL);
            } else if (what[0] == 'p') {
                (void)sw_txn_opening(&txn, sw_txn_participant(&txn, shard(of)), &count);
                sw_txn_heard(&txn, sw_txn_participant(&txn, shard(of)), 1);
            } else {
                step(&txn, what, refused);
            }
        }
        opening_of(&txn, 0, opening, sizeof opening);
        assert_string_equal(opening, rows[i].opening);
        assert_string_equal(refused, "");
        sw_txn_finish(&txn);
    }
}

static void late_joiners_hear_a_default_isolation_that_was_found(void **state)
{
    char opening[128];
    struct sw_txn txn;

    sw_txn_init(&txn);
    begin(&txn, "b");
    sw_txn_heard_all(&txn, sw_txn_join(&txn, shard(0), NULL), NULL);
    sw_txn_note_setting(&txn, "X", "eX", true);
    sw_txn_fix_isolation(&txn, SW_READ_COMMITTED);
    sw_txn_fix_isolation(&txn, SW_SERIALIZABLE); /* it is known by now */
    assert_int_equal(txn.isolation, SW_READ_COMMITTED);
    opening_of(&txn, 0, opening, sizeof opening);
    assert_string_equal(opening, "eX");
    (void)sw_txn_join(&txn, shard(1), NULL);
    opening_of(&txn, 1, opening, sizeof opening);
    assert_string_equal(opening, "b; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; eX");
    sw_txn_finish(&txn);
}

static void one_shard_may_be_written_and_many_be_read(void **state)
{
    static const struct {
        enum sw_isolation isolation;
        const char *participants; /* r: read, w: written, of shard 0, 1 ... */
        int shard;
        bool writes, is_allowed;
    } rows[] = {
        {SW_ISOLATION_DEFAULT, "", 0, false, true}, {SW_ISOLATION_DEFAULT, "", 0, true, true},
        {SW_SERIALIZABLE, "", 0, true, true},       {SW_ISOLATION_DEFAULT, "r", 0, true, true},
        {SW_SERIALIZABLE, "w", 0, true, true},      {SW_READ_COMMITTED, "r", 1, false, true},
        {SW_READ_COMMITTED, "r", 1, true, true},    {SW_READ_COMMITTED, "w", 1, false, true},
        {SW_READ_COMMITTED, "w", 1, true, false},   {SW_READ_COMMITTED, "wr", 1, false, true},
        {SW_READ_COMMITTED, "wr", 1, true, false},  {SW_READ_COMMITTED, "rw", 1, true, true},
        {SW_READ_COMMITTED, "rw", 2, false, true},  {SW_READ_COMMITTED, "rw", 2, true, false},
        {SW_READ_UNCOMMITTED, "rr", 2, true, true}, {SW_REPEATABLE_READ, "r", 0, false, true},
        {SW_REPEATABLE_READ, "r", 1, false, false}, {SW_SERIALIZABLE, "r", 1, false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_error err = {.sqlstate = "none"};
        struct sw_txn txn;

        sw_txn_init(&txn);
        sw_txn_begin(&txn, "b", rows[i].isolation, none);
        for (int k = 0; rows[i].participants[k] != '\0'; k++)
            sw_txn_note_use(&txn, sw_txn_join(&txn, shard(k), NULL),
                            rows[i].participants[k] == 'w', false);
        assert_int_equal(
            sw_txn_may_use(&txn, shard(rows[i].shard), rows[i].writes, name_of, &err),
            rows[i].is_allowed);
        assert_string_equal(err.sqlstate, rows[i].is_allowed ? "none" : "0A000");
        sw_txn_finish(&txn);
    }
}

static void nobody_joins_a_transaction_of_unknown_options(void **state)
{
    struct sw_error err;
    struct sw_txn txn;

    sw_txn_init(&txn);
    begin(&txn, NULL);
    sw_txn_heard_all(&txn, sw_txn_join(&txn, shard(0), NULL), NULL);
    sw_txn_fix_isolation(&txn, SW_READ_COMMITTED);
    assert_true(sw_txn_may_use(&txn, shard(0), true, name_of, &err));
    assert_false(sw_txn_may_use(&txn, shard(1), false, name_of, &err));
    assert_string_equal(err.sqlstate, "0A000");
    sw_txn_finish(&txn);
}

static void options_stay_as_they_are_from_the_first_query_on(void **state)
{
    static const struct {
        enum sw_isolation said; /* before the query */
        int access;
        bool queries, is_chained;
        int isolation, is_read_only, is_deferrable; /* SET TRANSACTION behind it */
        bool is_allowed;
    } rows[] = {
        {SW_ISOLATION_DEFAULT, -1, false, false, SW_SERIALIZABLE, 0, 1, true},
        {SW_ISOLATION_DEFAULT, -1, true, false, SW_READ_COMMITTED, -1, -1, true},
        {SW_ISOLATION_DEFAULT, -1, true, false, SW_READ_UNCOMMITTED, -1, -1, false},
        {SW_ISOLATION_DEFAULT, -1, true, false, SW_SERIALIZABLE, -1, -1, false},
        {SW_SERIALIZABLE, -1, true, false, SW_SERIALIZABLE, -1, -1, true},
        {SW_SERIALIZABLE, -1, true, false, SW_READ_COMMITTED, -1, -1, false},
        {SW_ISOLATION_DEFAULT, -1, true, false, -1, 1, -1, true},
        {SW_ISOLATION_DEFAULT, -1, true, false, -1, 0, -1, false},
        {SW_ISOLATION_DEFAULT, 0, true, false, -1, 0, -1, true},
        {SW_ISOLATION_DEFAULT, 1, true, false, -1, 0, -1, false},
        {SW_ISOLATION_DEFAULT, 1, false, false, -1, 0, -1, true},
        {SW_ISOLATION_DEFAULT, -1, true, false, -1, -1, 0, false},
        {SW_ISOLATION_DEFAULT, -1, true, false, -1, -1, 1, false},
        {SW_ISOLATION_DEFAULT, -1, true, true, SW_SERIALIZABLE, 0, 1, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_error err = {.sqlstate = "none"};
        struct sw_txn txn;

        sw_txn_init(&txn);
        sw_txn_begin(&txn, "b", rows[i].said, none);
        sw_txn_note_access(&txn, rows[i].access);
        if (rows[i].queries) /* a session whose default is READ ONLY */
            sw_txn_note_query(&txn, SW_READ_COMMITTED, true);
        if (rows[i].is_chained)
            sw_txn_chain(&txn, none);
        assert_int_equal(sw_txn_may_set(&txn, rows[i].isolation, rows[i].is_read_only,
                                        rows[i].is_deferrable, &err),
                         rows[i].is_allowed);
        assert_string_equal(err.sqlstate, rows[i].is_allowed ? "none" : "25001");
        sw_txn_finish(&txn);
    }
}

static void the_writer_leads_and_those_who_lock_come_after(void **state)
{
    static const struct {
        const char *participants; /* r: read, k: locked, w: written, b: both */
        int leader;
        bool is_leader_first;
    } rows[] = {
        {"r", 0, false},  {"w", 0, false},   {"b", 0, false},  {"rr", 0, false},
        {"rk", 0, false}, {"rw", 1, false},  {"kw", 1, true},  {"wk", 0, true},
        {"rb", 1, false}, {"rrw", 2, false}, {"rkw", 2, true}, {"brr", 0, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_commit_order order;
        struct sw_txn txn;

        sw_txn_init(&txn);
        begin(&txn, "b");
        for (int k = 0; rows[i].participants[k] != '\0'; k++) {
            char how = rows[i].participants[k];

            sw_txn_note_use(&txn, sw_txn_join(&txn, shard(k), NULL), how == 'w' || how == 'b',
                            how == 'k' || how == 'b');
        }
        order = sw_txn_commit_order(&txn);
        assert_int_equal(order.leader, rows[i].leader);
        assert_int_equal(order.is_leader_first, rows[i].is_leader_first);
        sw_txn_finish(&txn);
    }
}

static void settings_on_a_server_are_those_it_heard_of(void **state)
{
    struct sw_txn_settings start = make("start"), late = make("late");
    const struct sw_txn_settings *before;
    struct sw_participant *participant;
    struct sw_txn txn;

    sw_txn_init(&txn);
    sw_txn_begin(&txn, "b", SW_ISOLATION_DEFAULT, start);
    participant = sw_txn_join(&txn, shard(0), start.settings);
    assert_ptr_equal(participant->settings, start.settings);
    sw_txn_savepoint(&txn, "a", start);
    assert_true(sw_txn_rollback_to(&txn, "a", &before));
    sw_txn_heard_all(&txn, participant, late.settings);
    assert_ptr_equal(participant->settings, late.settings);
    sw_txn_savepoint(&txn, "b", late);
    assert_true(sw_txn_rollback_to(&txn, "b", &before)); /* which it has not heard */
    assert_ptr_equal(participant->settings, late.settings);
    assert_true(sw_txn_rollback_to(&txn, "a", &before));
    assert_ptr_equal(participant->settings, start.settings);
    sw_txn_end(&txn);
    expect_refs(start, 1);
    expect_refs(late, 1);
    sw_txn_finish(&txn);
    drop(start);
    drop(late);
}

/* --- against a model: servers that hear late, and one that hears everything at once --- */

struct model {
    int setting; /* its value */
    int uses[MOST_USES];
    int use_count;
    struct {
        int mark, setting, use_count;
    } savepoints[MOST_SAVEPOINTS];
    int savepoint_count;
};

static void model_savepoint(struct model *model, int mark)
{
    assert_true(model->savepoint_count < MOST_SAVEPOINTS);
    model->savepoints[model->savepoint_count].mark = mark;
    model->savepoints[model->savepoint_count].setting = model->setting;
    model->savepoints[model->savepoint_count++].use_count = model->use_count;
}

static int model_find(const struct model *model, int mark)
{
    int at = model->savepoint_count - 1;

    while (at >= 0 && model->savepoints[at].mark != mark)
        at--;
    assert_true(at >= 0);
    return at;
}

static void model_roll_back(struct model *model, int mark)
{
    int at = model_find(model, mark);

    model->savepoint_count = at + 1;
    model->setting = model->savepoints[at].setting;
    model->use_count = model->savepoints[at].use_count;
}

/* What a server makes of one of our statements. */
static void model_hear(struct model *model, const char *text)
{
    int value;

    if (sscanf(text, "SAVEPOINT sw_%d", &value) == 1)
        model_savepoint(model, value);
    else if (sscanf(text, "RELEASE SAVEPOINT sw_%d", &value) == 1)
        model->savepoint_count = model_find(model, value);
    else if (sscanf(text, "set %d", &value) == 1)
        model->setting = value;
    else
        assert_string_equal(text, "begin");
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* A statement on a shard: its server catches up, and then is where the one big server is. */
static void use(struct sw_txn *txn, struct model *server, const struct model *one, int at,
                int number, bool writes)
{
    struct sw_participant *participant = sw_txn_participant(txn, shard(at));
    const char *const *opening;
    int count;

    if (participant == NULL) {
        *server = (struct model){0};
        participant = sw_txn_join(txn, shard(at), NULL);
    }
    opening = sw_txn_opening(txn, participant, &count);
    for (int i = 0; i < count; i++)
        model_hear(server, opening[i]);
    sw_txn_note_use(txn, participant, writes, false);
    sw_txn_heard_all(txn, participant, NULL);
    server->uses[server->use_count++] = writes ? number : -number;
    assert_int_equal(server->setting, one->setting);
    assert_int_equal(server->savepoint_count, one->savepoint_count);
}

/* The uses of shard @at that were not rolled back are the same here and there. */
static void compare(const struct sw_txn *txn, const struct model *server,
                    const struct model *one, int at)
{
    const struct sw_participant *participant = sw_txn_participant(txn, shard(at));
    bool is_written = false;
    int count = 0;

    for (int i = 0; i < one->use_count; i++) {
        int number = one->uses[i] < 0 ? -one->uses[i] : one->uses[i];

        if (number % SHARDS != at)
            continue;
        assert_true(count < server->use_count);
        assert_int_equal(server->uses[count++], one->uses[i]);
        is_written |= one->uses[i] > 0;
    }
    assert_int_equal(participant == NULL ? 0 : server->use_count, count);
    assert_int_equal(participant != NULL && participant->written > 0, is_written);
}

static void random_step(struct sw_txn *txn, struct model *servers, struct model *one,
                        uint32_t *seed, int number)
{
    const char name[] = {(char)('a' + next_random(seed) % 3), '\0'};
    int mark = sw_txn_savepoint_mark(txn, name), at = number % SHARDS;
    const struct sw_txn_settings *before;
    char text[32];

    switch (next_random(seed) % 8) {
    case 0:
    case 1:
        if (one->savepoint_count < MOST_SAVEPOINTS) {
            sw_txn_savepoint(txn, name, none);
            model_savepoint(one, txn->mark);
        }
        break;
    case 2:
        assert_int_equal(sw_txn_release(txn, name), mark > 0);
        if (mark > 0)
            one->savepoint_count = model_find(one, mark);
        break;
    case 3:
        for (int i = 0; mark > 0 && i < txn->participant_count; i++)
            if (txn->participants[i].heard >= mark)
                for (int k = 0; k < SHARDS; k++)
                    if (shard(k) == txn->participants[i].shard)
                        model_roll_back(&servers[k], mark);
        if (mark > 0)
            model_roll_back(one, mark);
        assert_int_equal(sw_txn_rollback_to(txn, name, &before), mark > 0);
        break;
    case 4:
        (void)snprintf(text, sizeof text, "set %d", number);
        sw_txn_note_setting(txn, "x", text, false);
        one->setting = number;
        break;
    default:
        one->uses[one->use_count++] = number % 2 == 0 ? number : -number;
        use(txn, &servers[at], one, at, number, number % 2 == 0);
    }
    for (int i = 0; i < SHARDS; i++)
        compare(txn, &servers[i], one, i);
}

static void lazy_servers_end_where_one_server_would(void **state)
{
    uint32_t seed = 1;

    for (int round = 0; round < 500; round++) {
        struct model servers[SHARDS] = {0}, one = {0};
        struct sw_txn txn;

        sw_txn_init(&txn);
        begin(&txn, "begin");
        for (int number = 1; number < 120; number++)
            random_step(&txn, servers, &one, &seed, number);
        sw_txn_finish(&txn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_goes_as_it_is_told),
        cmocka_unit_test(the_role_keeps_its_place),
        cmocka_unit_test(savepoint_names_tell_case_and_length_apart),
        cmocka_unit_test(texts_and_names_are_copied),
        cmocka_unit_test(the_settings_of_the_begin_are_kept_until_the_end),
        cmocka_unit_test(a_rollback_brings_back_the_settings_of_its_savepoint),
        cmocka_unit_test(what_is_cut_lets_its_settings_go),
        cmocka_unit_test(more_than_a_bare_begin_is_an_option),
        cmocka_unit_test(participants_hear_what_they_have_not_heard),
        cmocka_unit_test(late_joiners_hear_a_default_isolation_that_was_found),
        cmocka_unit_test(one_shard_may_be_written_and_many_be_read),
        cmocka_unit_test(nobody_joins_a_transaction_of_unknown_options),
        cmocka_unit_test(options_stay_as_they_are_from_the_first_query_on),
        cmocka_unit_test(the_writer_leads_and_those_who_lock_come_after),
        cmocka_unit_test(settings_on_a_server_are_those_it_heard_of),
        cmocka_unit_test(lazy_servers_end_where_one_server_would),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
