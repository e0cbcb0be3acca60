#include "shardward/board/events.h"

#include "shardward/base/log.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 4, OF_EACH = 700, NAME = 100 };

/* What a reader has seen. */
struct seen {
    uint64_t count, first, last;
    bool has_gap;
    struct sw_event event; /* the last one, with copies of its texts: */
    char cluster[NAME], node[NAME], detail[SW_EVENT_DETAIL];
};

static void see(void *owner, const struct sw_event *event)
{
    struct seen *seen = owner;

    if (seen->count == 0)
        seen->first = event->number;
    else if (event->number != seen->last + 1)
        seen->has_gap = true;
    seen->count++;
    seen->last = event->number;
    seen->event = *event;
    (void)snprintf(seen->cluster, sizeof seen->cluster, "%s", event->cluster);
    (void)snprintf(seen->node, sizeof seen->node, "%s", event->node == NULL ? "" : event->node);
    (void)snprintf(seen->detail, sizeof seen->detail, "%s",
                   event->detail == NULL ? "" : event->detail);
}

/* Only errors are logged, so that tests of many events take others. */
static struct sw_events *make_events(void)
{
    sw_log_configure(SW_LOG_ERROR, SW_LOG_TEXT);
    return sw_events_create();
}

static void a_ring_is_empty_at_first(void **state)
{
    struct sw_events *events = make_events();
    struct seen seen = {0};

    sw_events_each(events, see, &seen);
    assert_int_equal(seen.count, 0);
    sw_events_free(events);
}

static void an_event_is_read_as_it_was_added(void **state)
{
    struct sw_events *events = make_events();
    struct seen seen = {0};

    sw_events_add(events, &(struct sw_event){.at_us = 1700000000000001,
                                             .kind = SW_EVENT_FAILOVER,
                                             .cluster = "c1",
                                             .node = "c1-west",
                                             .detail = "c1-east is down",
                                             .duration_ms = 1234});
    sw_events_each(events, see, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.event.number, 1);
    assert_int_equal(seen.event.at_us, 1700000000000001);
    assert_int_equal(seen.event.kind, SW_EVENT_FAILOVER);
    assert_int_equal(seen.event.duration_ms, 1234);
    assert_string_equal(seen.cluster, "c1");
    assert_string_equal(seen.node, "c1-west");
    assert_string_equal(seen.detail, "c1-east is down");
    sw_events_free(events);
}

static void an_event_without_a_time_is_of_now(void **state)
{
    struct sw_events *events = make_events();
    struct seen seen = {0};
    time_t before = time(NULL);

    sw_events_add(events, &(struct sw_event){.kind = SW_EVENT_MAINTENANCE, .cluster = "c1"});
    sw_events_each(events, see, &seen);
    assert_true(seen.event.at_us / 1000000 >= (uint64_t)before);
    assert_true(seen.event.at_us / 1000000 <= (uint64_t)time(NULL));
    assert_null(seen.event.node);
    assert_null(seen.event.detail);
    sw_events_free(events);
}

static void the_oldest_make_room(void **state)
{
    struct sw_events *events = make_events();
    struct seen seen = {0};

    for (int i = 0; i < SW_EVENTS_KEPT + 1; i++)
        sw_events_add(events, &(struct sw_event){.kind = SW_EVENT_NODE_UP, .cluster = "c1"});
    sw_events_each(events, see, &seen);
    assert_int_equal(seen.count, SW_EVENTS_KEPT);
    assert_int_equal(seen.first, 2);
    assert_int_equal(seen.last, SW_EVENTS_KEPT + 1);
    assert_false(seen.has_gap);
    sw_events_free(events);
}

static void a_long_text_is_cut_between_characters(void **state)
{
    struct sw_events *events = make_events();
    char detail[2 * SW_EVENT_DETAIL + 1] = "", exact[SW_EVENT_DETAIL] = "";
    struct seen seen = {0};

    memset(exact, 'x', sizeof exact - 1);
    for (int i = 0; i < SW_EVENT_DETAIL; i++)
        memcpy(detail + 2 * (size_t)i, "\xc3\xa4", 2);
    sw_events_add(events, &(struct sw_event){.cluster = "c1", .detail = exact});
    sw_events_each(events, see, &seen);
    assert_string_equal(seen.detail, exact);
    sw_events_add(events, &(struct sw_event){.cluster = "c1", .detail = detail});
    seen = (struct seen){0};
    sw_events_each(events, see, &seen);
    assert_int_equal(strlen(seen.detail), SW_EVENT_DETAIL - 2); /* 398 is whole, 399 is not */
    assert_memory_equal(seen.detail, detail, SW_EVENT_DETAIL - 2);
    sw_events_free(events);
}

static void sum_totals(void *owner, const struct sw_event_totals *totals)
{
    struct sw_event_totals *sums = owner;

    for (int k = 0; k < SW_EVENT_KINDS; k++)
        sums->counts[k] += totals->counts[k];
    sums->lost_bytes += totals->lost_bytes;
    sums->lost_writes += totals->lost_writes;
    if (totals->node != NULL && strcmp(totals->node, "b") == 0) {
        sums->last_s[0] = totals->last_s[SW_EVENT_LOSS];
        sums->last_duration_ms[0] = totals->last_duration_ms[SW_EVENT_NODE_SUSPECT];
    }
}

static void totals_outlive_the_ring(void **state)
{
    struct sw_events *events = make_events();
    struct sw_event_totals sums = {0};

    for (int i = 0; i < SW_EVENTS_KEPT + 5; i++)
        sw_events_add(events, &(struct sw_event){.kind = SW_EVENT_NODE_SUSPECT,
                                                 .cluster = "c1",
                                                 .node = i % 2 == 0 ? "a" : "b",
                                                 .duration_ms = (uint64_t)i});
    sw_events_add(events, &(struct sw_event){.kind = SW_EVENT_LOSS,
                                             .at_us = 5000000,
                                             .cluster = "c1",
                                             .node = "b",
                                             .lost_bytes = 48,
                                             .lost_writes = 2});
    sw_events_each_total(events, sum_totals, &sums);
    assert_int_equal(sums.counts[SW_EVENT_NODE_SUSPECT], SW_EVENTS_KEPT + 5);
    assert_int_equal(sums.counts[SW_EVENT_LOSS], 1);
    assert_int_equal(sums.counts[SW_EVENT_NODE_UP], 0);
    assert_int_equal(sums.lost_bytes, 48);
    assert_int_equal(sums.lost_writes, 2);
    assert_int_equal(sums.last_s[0], 5);
    assert_int_equal(sums.last_duration_ms[0], SW_EVENTS_KEPT + 3);
    sw_events_free(events);
}

static void every_kind_has_a_name_of_its_own(void **state)
{
    for (int i = 0; i < SW_EVENT_KINDS; i++) {
        assert_non_null(sw_event_name((enum sw_event_kind)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(sw_event_name((enum sw_event_kind)i),
                                    sw_event_name((enum sw_event_kind)j));
    }
}

static void *add_many(void *owner)
{
    for (int i = 0; i < OF_EACH; i++)
        sw_events_add(owner, &(struct sw_event){.kind = SW_EVENT_COHORT, .cluster = "c1"});
    return NULL;
}

static void several_threads_may_add(void **state)
{
    struct sw_events *events = make_events();
    struct sw_event_totals sums = {0};
    struct seen seen = {0};
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, events), 0);
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    sw_events_each(events, see, &seen);
    assert_int_equal(seen.last, THREADS * OF_EACH);
    assert_false(seen.has_gap);
    sw_events_each_total(events, sum_totals, &sums);
    assert_int_equal(sums.counts[SW_EVENT_COHORT], THREADS * OF_EACH);
    sw_events_free(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_is_empty_at_first),
        cmocka_unit_test(an_event_is_read_as_it_was_added),
        cmocka_unit_test(an_event_without_a_time_is_of_now),
        cmocka_unit_test(the_oldest_make_room),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(totals_outlive_the_ring),
        cmocka_unit_test(every_kind_has_a_name_of_its_own),
        cmocka_unit_test(several_threads_may_add),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
