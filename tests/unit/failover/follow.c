#include "shardward/failover/scene.h"

#include "shardward/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NODES = 3, STEPS = 6, SYSTEM = 7, STEP_MS = 1000 };

/* How a node looks. */
struct spec {
    /* P writes, S is a standby, r recovers and writes, X is down; p and s are down, too, but
     * have been seen before; . was not tried. */
    char how;
    int timeline;
    uint64_t lsn;
    const char *history; /* "1:100 2:200"; NULL: not read yet; "!": cannot be read */
    uint64_t system_id;  /* 0: SYSTEM */
    int64_t started_us;  /* 0: 1 */
    bool is_unconfirmed; /* no write of this start was confirmed */
};

/* What is seen, and what follows. */
struct step {
    struct spec nodes[NODES];
    int primary; /* from 1; 0: nobody knows */
    enum sw_admission admission;
    int timeline, generation;
    const char *events; /* "kind@node(lost bytes)", parted by spaces */
    const char *fenced; /* nodes, as "13" */
};

struct row {
    const char *name;
    struct step steps[STEPS]; /* until one in which no node looks like anything */
};

#define ADMIT SW_ADMIT
#define WAIT SW_SUSPEND
#define NEVER SW_REFUSE
/* clang-format off */
#define P(t, l) {.how = 'P', .timeline = (t), .lsn = (l)}
#define S(t, l) {.how = 'S', .timeline = (t), .lsn = (l)}
#define JUST_BACK(t, l) {.how = 'r', .timeline = (t), .lsn = (l)}
#define H(t, l, h) {.how = 'P', .timeline = (t), .lsn = (l), .history = (h)}
#define LATE(t, l) {.how = 'l', .timeline = (t), .lsn = (l)}
#define MISSED(t, l) {.how = 'm', .timeline = (t), .lsn = (l)}
#define DOWN {.how = 'X'}
#define DOWN_P(t) {.how = 'p', .timeline = (t)}
#define DOWN_S(t) {.how = 's', .timeline = (t)}
/* The usual beginning. */
#define GOOD                                                                                   \
    {                                                                                          \
        {P(1, 100), S(1, 90), S(1, 95)}, 1, ADMIT, 1, 1, "", ""                    \
    }

static const struct row rows[] = {
    {"the_one_that_writes_is_primary", {GOOD}},
    {"who_is_only_late_is_not_told_of",
     {GOOD,
      {{P(1, 110), LATE(1, 90), S(1, 95)}, 1, ADMIT, 1, 1, "", ""},
      {{P(1, 120), S(1, 90), S(1, 95)}, 1, ADMIT, 1, 1, "", ""}}},
    {"who_has_missed_something_is_told_of_and_so_is_the_end_of_it",
     {GOOD,
      {{P(1, 110), MISSED(1, 90), S(1, 95)}, 1, ADMIT, 1, 1, "node-suspect@2", ""},
      {{P(1, 120), S(1, 90), S(1, 95)}, 1, ADMIT, 1, 1, "node-up@2", ""},
      {{P(1, 130), S(1, 90), S(1, 95)}, 1, ADMIT, 1, 1, "", ""}}},
    {"wherever_it_stands",
     {{{S(3, 90), S(3, 90), H(3, 95, "1:10 2:20")}, 3, ADMIT, 3, 1, "", ""}}},
    {"nobody_is_before_all_have_been_tried",
     {{{P(1, 100), S(1, 90), {.how = '.'}}, 0, WAIT, 0, 0, "", ""},
      {{P(1, 100), S(1, 90), DOWN}, 1, ADMIT, 1, 1, "node-down@3", ""}}},
    {"nobody_is_if_nobody_writes",
     {{{S(1, 100), S(1, 90), DOWN}, 0, WAIT, 0, 0, "node-down@3", ""}}},
    {"at_first_a_history_that_cannot_be_read_is_none",
     {{{H(2, 100, "!"), S(2, 90), S(2, 90)}, 1, ADMIT, 2, 1, "", ""}}},
    {"of_two_at_first_the_descendant_is",
     {{{P(1, 100), H(2, 120, "1:100"), S(2, 90)}, 2, ADMIT, 2, 1, "fenced@1", "1"}}},
    {"a_write_has_to_be_confirmed_first",
     {{{{.how = 'P', .timeline = 1, .lsn = 100, .is_unconfirmed = true}, S(1, 90), S(1, 90)}, 1, WAIT, 1, 1, "", ""},
      {{P(1, 100), S(1, 90), S(1, 90)}, 1, ADMIT, 1, 1, "", ""}}},

    {"a_lost_primary_is_waited_for",
     {GOOD,
      {{DOWN, S(1, 90), S(1, 95)}, 1, WAIT, 1, 1, "primary-lost@1 node-down@1", ""},
      {{DOWN, S(1, 90), S(1, 95)}, 1, WAIT, 1, 1, "", ""},
      {{P(1, 110), S(1, 90), S(1, 95)}, 1, ADMIT, 1, 1, "primary-back@1 node-up@1", ""}}},
    {"one_that_has_started_anew_is_another_generation",
     {GOOD,
      {{DOWN, S(1, 90), S(1, 95)}, 1, WAIT, 1, 1, "primary-lost@1 node-down@1", ""},
      {{{.how = 'P', .timeline = 1, .lsn = 110, .started_us = 2, .is_unconfirmed = true}, S(1, 90), S(1, 95)}, 1, WAIT, 1, 2, "node-up@1", ""},
      {{{.how = 'P', .timeline = 1, .lsn = 110, .started_us = 2}, S(1, 90), S(1, 95)}, 1, ADMIT, 1, 2, "primary-back@1", ""}}},
    {"so_is_one_that_was_not_missed",
     {GOOD,
      {{{.how = 'P', .timeline = 1, .lsn = 110, .started_us = 2}, S(1, 90), S(1, 95)}, 1, ADMIT, 1, 2, "", ""}}},
    {"one_that_is_only_just_back_is_waited_for",
     {GOOD,
      {{DOWN, S(1, 90), S(1, 95)}, 1, WAIT, 1, 1, "primary-lost@1 node-down@1", ""},
      {{JUST_BACK(1, 110), S(1, 90), S(1, 95)}, 1, WAIT, 1, 1, "", ""}}},
    {"one_that_has_become_a_standby_is_lost",
     {GOOD,
      {{S(1, 100), S(1, 90), S(1, 95)}, 1, WAIT, 1, 1, "primary-lost@1", ""}}},

    {"another_one_is_followed",
     {GOOD,
      {{DOWN, S(1, 90), S(1, 95)}, 1, WAIT, 1, 1, "primary-lost@1 node-down@1", ""},
      {{DOWN, P(2, 120), S(1, 95)}, 1, WAIT, 1, 1, "", ""},
      {{DOWN, H(2, 120, "1:100"), S(2, 110)}, 2, ADMIT, 2, 2, "failover@2 fenced@1", "1"},
      {{P(1, 130), H(2, 140, "1:100"), S(2, 110)}, 2, ADMIT, 2, 2, "node-up@1", "1"},
      {{S(2, 130), H(2, 140, "1:100"), S(2, 110)}, 2, ADMIT, 2, 2, "rejoined@1", ""}}},
    {"also_while_the_old_one_still_writes",
     {GOOD,
      {{P(1, 100), P(2, 120), S(1, 95)}, 1, WAIT, 1, 1, "", ""},
      {{P(1, 100), H(2, 120, "1:100"), S(1, 95)}, 2, ADMIT, 2, 2, "failover@2 fenced@1", "1"}}},
    {"what_the_old_one_had_more_is_lost",
     {GOOD,
      {{P(1, 200), H(2, 120, "1:100"), S(1, 95)}, 2, ADMIT, 2, 2, "failover@2 fenced@1 loss@1(100)", "1"}}},
    {"a_switch_waits_for_a_confirmed_write",
     {GOOD,
      {{DOWN, {.how = 'P', .timeline = 2, .lsn = 120, .history = "1:100", .is_unconfirmed = true}, S(1, 95)}, 2, WAIT, 2, 2, "fenced@1 node-down@1", "1"},
      {{DOWN, H(2, 120, "1:100"), S(1, 95)}, 2, ADMIT, 2, 2, "failover@2", "1"}}},
    {"a_switch_that_leaves_a_standby_fences_nobody",
     {GOOD,
      {{S(1, 100), H(2, 120, "1:100"), S(2, 95)}, 2, ADMIT, 2, 2, "failover@2", ""}}},
    {"several_timelines_may_have_passed",
     {GOOD,
      {{DOWN, H(4, 300, "1:100 2:200 3:250"), S(4, 95)}, 2, ADMIT, 4, 2, "failover@2 fenced@1 node-down@1", "1"}}},
    {"the_same_node_may_go_on_another_timeline",
     {GOOD,
      {{{.how = 'P', .timeline = 2, .lsn = 120, .history = "1:100", .started_us = 2}, S(1, 90), S(1, 95)}, 1, ADMIT, 2, 2, "failover@1", ""}}},

    {"a_descent_that_cannot_be_read_is_refused",
     {GOOD,
      {{DOWN, H(2, 120, "!"), S(1, 95)}, 1, NEVER, 1, 1, "failover-refused@2 node-down@1", ""},
      {{DOWN, H(2, 120, "!"), S(1, 95)}, 1, NEVER, 1, 1, "", ""},
      {{DOWN, H(2, 120, "1:100"), S(1, 95)}, 2, ADMIT, 2, 2, "failover@2 fenced@1", "1"}}},
    {"an_earlier_timeline_never_comes_back",
     {{{DOWN, H(2, 120, "1:100"), S(2, 95)}, 2, ADMIT, 2, 1, "node-down@1", ""},
      {{P(1, 500), DOWN, S(2, 95)}, 2, WAIT, 2, 1, "fenced@1 primary-lost@2 node-down@2 node-up@1", "1"}}},
    {"nor_does_one_that_a_standby_has_left",
     {{{P(1, 100), S(2, 110), DOWN}, 0, WAIT, 0, 0, "node-down@3", ""}}},
    {"who_writes_while_a_standby_is_further_waits",
     {GOOD,
      {{P(1, 100), S(2, 110), DOWN}, 1, WAIT, 1, 1, "node-down@3", ""}}},

    {"also_if_that_standby_is_away_by_now",
     {GOOD,
      {{P(1, 100), DOWN_S(2), DOWN}, 1, WAIT, 1, 1, "node-down@2 node-down@3", ""}}},
    {"also_if_the_later_primary_is_gone_before_it_was_followed",
     {GOOD,
      {{P(1, 100), P(2, 120), S(1, 95)}, 1, WAIT, 1, 1, "", ""},
      {{P(1, 100), DOWN_P(2), S(1, 95)}, 1, WAIT, 1, 1, "node-down@2", ""}}},
    {"who_is_down_on_an_earlier_one_is_no_matter",
     {{{H(2, 100, "1:50"), DOWN_S(1), DOWN_P(1)}, 1, ADMIT, 2, 1, "node-down@2 node-down@3", ""}}},

    {"two_on_one_timeline_are_a_split",
     {GOOD,
      {{DOWN, H(2, 120, "1:100"), H(2, 125, "1:100")}, 1, NEVER, 1, 1, "split-brain fenced@2 fenced@3 node-down@1", "23"},
      {{DOWN, DOWN, H(2, 125, "1:100")}, 1, NEVER, 1, 1, "node-down@2", "23"},
      {{DOWN, S(2, 125), H(2, 125, "1:100")}, 3, ADMIT, 2, 2, "failover@3 fenced@1 node-up@2 rejoined@2 unfenced@3", "1"}}},
    {"of_two_after_a_switch_nobody_writes",
     {GOOD,
      {{DOWN, H(2, 120, "1:100"), S(1, 95)}, 2, ADMIT, 2, 2, "failover@2 fenced@1 node-down@1", "1"},
      {{DOWN, H(2, 120, "1:100"), H(2, 95, "1:95")}, 2, NEVER, 2, 2, "fenced@2 fenced@3 split-brain", "123"},
      {{DOWN, H(2, 120, "1:100"), S(2, 95)}, 2, ADMIT, 2, 2, "primary-back@2 rejoined@3 unfenced@2", "1"}}},
    {"a_later_one_of_another_history_is_a_split",
     {{{H(2, 120, "1:100"), S(2, 90), S(2, 90)}, 1, ADMIT, 2, 1, "", ""},
      {{H(2, 120, "1:100"), H(3, 130, "1:90 2:125"), S(2, 90)}, 1, NEVER, 2, 1, "fenced@1 fenced@2 split-brain", "12"}}},
    {"it_is_one_when_the_other_is_away_too",
     {{{H(2, 120, "1:100"), S(2, 90), S(2, 90)}, 1, ADMIT, 2, 1, "", ""},
      {{DOWN, H(3, 130, "1:90"), S(2, 90)}, 1, NEVER, 2, 1, "fenced@1 fenced@2 node-down@1 split-brain", "12"}}},
    {"who_has_become_a_standby_has_given_in",
     {{{H(2, 120, "1:100"), S(2, 90), S(2, 90)}, 1, ADMIT, 2, 1, "", ""},
      {{S(3, 120), H(3, 130, "1:90"), S(3, 90)}, 2, ADMIT, 3, 2, "failover@2", ""}}},

    {"another_system_is_fenced",
     {{{P(1, 100), {.how = 'P', .timeline = 1, .lsn = 900, .system_id = 8}, S(1, 95)}, 1, ADMIT, 1, 1, "node-quarantined@2", "2"},
      {{P(1, 100), S(1, 90), S(1, 95)}, 1, ADMIT, 1, 1, "", ""}}},
    {"also_if_it_comes_later_and_is_further",
     {GOOD,
      {{DOWN, {.how = 'P', .timeline = 5, .lsn = 900, .history = "1:100", .system_id = 8}, S(1, 95)}, 1, WAIT, 1, 1, "node-down@1 node-quarantined@2 primary-lost@1", "2"}}},
    {"of_two_systems_that_of_the_writer_counts",
     {{{{.how = 'S', .timeline = 1, .lsn = 100, .system_id = 8}, P(1, 100), DOWN}, 2, ADMIT, 1, 1, "node-quarantined@1 node-down@3", "1"}}},
};
/* clang-format on */

/* --- making what is seen --- */

static void read_history(const char *text, struct sw_vitals *vitals)
{
    while (*text != '\0') {
        char *rest;
        struct sw_timeline_end end = {.timeline = (int)strtol(text, &rest, 10)};

        end.lsn = strtoull(rest + 1, &rest, 10);
        vitals->ends[vitals->end_count++] = end;
        text = *rest == ' ' ? rest + 1 : rest;
    }
    vitals->history_timeline = vitals->timeline;
}

static struct sw_vitals vitals_of(const struct spec *spec)
{
    struct sw_vitals vitals = {.is_tried = spec->how != '.', .heard_ms = -1, .replay_ms = -1};

    if (spec->how == '.')
        return vitals;
    vitals.verdict = strchr("Xps", spec->how) != NULL  ? SW_VERDICT_DOWN
                     : strchr("lm", spec->how) != NULL ? SW_VERDICT_SUSPECT
                     : spec->how == 'r'                ? SW_VERDICT_RECOVERING
                                                       : SW_VERDICT_UP;
    vitals.ailment = spec->how == 'l'   ? SW_AILS_SLOW
                     : spec->how == 'm' ? SW_AILS_SILENT
                                        : vitals.ailment;
    if (spec->how == 'X')
        return vitals;
    vitals.seen_ms = 1;
    vitals.role = strchr("Sslm", spec->how) != NULL ? SW_ROLE_STANDBY : SW_ROLE_PRIMARY;
    vitals.timeline = spec->timeline;
    vitals.written_lsn = spec->lsn;
    vitals.system_id = spec->system_id == 0 ? SYSTEM : spec->system_id;
    vitals.started_us = spec->started_us == 0 ? 1 : spec->started_us;
    vitals.written_started_us = spec->is_unconfirmed ? 0 : vitals.started_us;
    if (spec->history != NULL && spec->history[0] == '!')
        (void)snprintf(vitals.history_why, sizeof vitals.history_why, "no right");
    else if (spec->history != NULL)
        read_history(spec->history, &vitals);
    return vitals;
}

/* --- telling what follows --- */

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Their order is nobody's affair. */
static void sort_words(char *text, size_t size)
{
    char copy[512], *words[SW_TIDINGS], *rest = NULL;
    size_t count = 0, len = 0;

    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < SW_TIDINGS;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    qsort(words, count, sizeof *words, compare_words);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%s", i == 0 ? "" : " ", words[i]);
}

static void print_events(const struct sw_tidings *tidings, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (int i = 0; i < tidings->count; i++) {
        const struct sw_tiding *tiding = &tidings->items[i];

        len += (size_t)snprintf(text + len, size - len, " %s", sw_event_name(tiding->kind));
        if (tiding->node >= 0)
            len += (size_t)snprintf(text + len, size - len, "@%d", tiding->node + 1);
        if (tiding->lost_bytes > 0)
            len += (size_t)snprintf(text + len, size - len, "(%d)", (int)tiding->lost_bytes);
    }
    sort_words(text, size);
}

static void print_step(const struct sw_cluster_state *to, const struct sw_node_state *nodes,
                       const char *events, char *text, size_t size)
{
    char fenced[NODES + 1] = "";
    size_t count = 0;

    for (int i = 0; i < NODES; i++)
        if (nodes[i].is_fenced)
            fenced[count++] = (char)('1' + i);
    (void)snprintf(text, size,
                   "primary %d %s timeline %d generation %d fenced [%s] events [%s]",
                   to->primary + 1, sw_admission_name(to->admission), to->timeline,
                   to->generation, fenced, events);
}

static void print_expected(const struct step *step, char *text, size_t size)
{
    char events[256];

    (void)snprintf(events, sizeof events, "%s", step->events);
    sort_words(events, sizeof events);
    (void)snprintf(text, size,
                   "primary %d %s timeline %d generation %d fenced [%s] events [%s]",
                   step->primary, sw_admission_name(step->admission), step->timeline,
                   step->generation, step->fenced, events);
}

/* --- a story --- */

static const struct sw_config_reads reads;

static void tell_story(const struct row *row)
{
    static const struct sw_node nodes[NODES] = {{.name = "n1", .address = "a"},
                                                {.name = "n2", .address = "b"},
                                                {.name = "n3", .address = "c"}};
    const struct sw_cluster cluster = {
        .name = "c", .reads = &reads, .nodes = nodes, .node_count = NODES};
    struct sw_node_state states[NODES] = {{0}};
    struct sw_cluster_state to = {.cluster = &cluster, .nodes = states};
    struct sw_memory memory;
    struct sw_arena arena;

    sw_memory_init(&memory);
    sw_arena_init(&arena);
    for (int i = 0; i < STEPS && row->steps[i].nodes[0].how != '\0'; i++) {
        struct sw_vitals vitals[NODES];
        struct sw_tidings tidings = {.count = 0};
        struct sw_scene scene = {.cluster = &cluster,
                                 .vitals = vitals,
                                 .now_ms = (uint64_t)(i + 1) * STEP_MS,
                                 .now_us = 1,
                                 .memory = &memory,
                                 .arena = &arena,
                                 .to = &to,
                                 .nodes = states,
                                 .tidings = &tidings};
        char events[256], got[512], wanted[512];

        for (int n = 0; n < NODES; n++)
            vitals[n] = vitals_of(&row->steps[i].nodes[n]);
        sw_nodes_take(&scene);
        sw_follow_decide(&scene);
        sw_nodes_measure(&scene);
        print_events(&tidings, events, sizeof events);
        print_step(&to, states, events, got, sizeof got);
        print_expected(&row->steps[i], wanted, sizeof wanted);
        if (strcmp(got, wanted) != 0)
            fail_msg("step %d:\n  %s, not\n  %s", i + 1, got, wanted);
    }
    sw_memory_finish(&memory);
    sw_arena_finish(&arena);
}

static void check_row(void **state)
{
    tell_story(*state);
}

/* --- what stands beside the stories --- */

static void a_failover_lasts_from_the_first_failure(void **state)
{
    static const struct sw_node nodes[] = {{.name = "n1"}, {.name = "n2"}};
    const struct sw_cluster cluster = {
        .name = "c", .reads = &reads, .nodes = nodes, .node_count = 2};
    struct sw_vitals vitals[] = {vitals_of(&(struct spec)P(1, 100)),
                                 vitals_of(&(struct spec)S(1, 100))};
    struct sw_node_state states[2] = {{0}};
    struct sw_cluster_state to = {.cluster = &cluster, .nodes = states};
    struct sw_tidings tidings = {.count = 0};
    struct sw_memory memory;
    struct sw_arena arena;
    struct sw_scene scene = {.cluster = &cluster,
                             .vitals = vitals,
                             .now_ms = 1000,
                             .memory = &memory,
                             .arena = &arena,
                             .to = &to,
                             .nodes = states,
                             .tidings = &tidings};

    (void)state;
    sw_memory_init(&memory);
    sw_arena_init(&arena);
    sw_nodes_take(&scene);
    sw_follow_decide(&scene);
    vitals[0] = vitals_of(&(struct spec)DOWN);
    vitals[0].failed_ms = 5000;
    scene.now_ms = 5400;
    sw_nodes_take(&scene);
    sw_follow_decide(&scene);
    assert_int_equal(tidings.items[0].kind, SW_EVENT_NODE_DOWN);
    assert_int_equal(tidings.items[0].duration_ms, 400);
    vitals[1] = vitals_of(&(struct spec)H(2, 120, "1:100"));
    scene.now_ms = 6200;
    tidings.count = 0;
    sw_nodes_take(&scene);
    sw_follow_decide(&scene);
    assert_int_equal(tidings.items[tidings.count - 1].kind, SW_EVENT_FAILOVER);
    assert_int_equal(tidings.items[tidings.count - 1].duration_ms, 1200);
    assert_int_equal(to.end_count, 1);
    assert_int_equal(to.ends[0].lsn, 100);
    sw_memory_finish(&memory);
    sw_arena_finish(&arena);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS + 1] = {
        cmocka_unit_test(a_failover_lasts_from_the_first_failure),
    };

    for (int i = 0; i < ROWS; i++)
        tests[i + 1] = (struct CMUnitTest){.name = rows[i].name,
                                           .test_func = check_row,
                                           .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
