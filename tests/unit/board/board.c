#include "shardward/board/board.h"

#include "unit/topology/paths.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { ALARM_S = 30, PUBLISHINGS = 200 };

static struct sw_map *make_map(void)
{
    struct sw_config_faults faults;
    struct sw_config *config = sw_config_read(BOOKING_YAML, &faults);

    assert_non_null(config);
    return sw_map_build(config);
}

/* Looks at the board whenever it is told to, and stops its loop at the last version. */
struct reader {
    struct sw_loop *loop;
    struct sw_mailbox *mailbox;
    struct sw_board *board;
    struct sw_watcher watcher;
    struct sw_map *seen, *last;
    int told;
};

static void on_news(void *owner)
{
    struct reader *reader = owner;

    reader->told++;
    sw_map_unref(reader->seen);
    reader->seen = sw_board_map(reader->board);
    if (reader->seen == reader->last)
        sw_loop_stop(reader->loop);
}

static void open_reader(struct reader *reader, struct sw_board *board)
{
    (void)alarm(ALARM_S);
    *reader = (struct reader){.loop = sw_loop_create(), .board = board};
    reader->mailbox = sw_mailbox_create(reader->loop);
    sw_board_watch(board, &reader->watcher, reader->mailbox, on_news, reader);
}

static void close_reader(struct reader *reader)
{
    sw_board_unwatch(reader->board, &reader->watcher);
    sw_mailbox_close(reader->mailbox);
    sw_loop_destroy(reader->loop);
    sw_map_unref(reader->seen);
    (void)alarm(0);
}

static void a_board_gives_the_map_that_was_published_last(void **state)
{
    struct sw_map *first = make_map(), *second = make_map(), *seen;
    struct sw_board *board = sw_board_create(first);

    seen = sw_board_map(board);
    assert_ptr_equal(seen, first);
    sw_board_publish_map(board, second, NULL);
    sw_map_unref(seen);
    seen = sw_board_map(board);
    assert_ptr_equal(seen, second);
    sw_board_free(board);
    sw_map_unref(seen);
    sw_map_unref(first);
    sw_map_unref(second);
}

static void a_watcher_who_sleeps_is_told_once_and_sees_the_last(void **state)
{
    struct sw_map *first = make_map(), *second = make_map(), *third = make_map();
    struct sw_board *board = sw_board_create(first);
    struct reader reader;

    open_reader(&reader, board);
    reader.last = third;
    sw_board_publish_map(board, second, NULL);
    sw_board_publish_map(board, third, NULL);
    assert_int_equal(reader.told, 0);
    sw_loop_run(reader.loop);
    assert_int_equal(reader.told, 1);
    assert_ptr_equal(reader.seen, third);
    sw_board_publish_map(board, second, NULL);
    reader.last = second;
    sw_loop_run(reader.loop);
    assert_int_equal(reader.told, 2);
    close_reader(&reader);
    sw_board_free(board);
    sw_map_unref(first);
    sw_map_unref(second);
    sw_map_unref(third);
}

static void who_watches_no_more_is_not_told(void **state)
{
    struct sw_map *map = make_map();
    struct sw_board *board = sw_board_create(map);
    struct reader reader;

    open_reader(&reader, board);
    sw_board_unwatch(board, &reader.watcher);
    sw_board_publish_map(board, map, NULL);
    close_reader(&reader);
    assert_int_equal(reader.told, 0);
    sw_board_free(board);
    sw_map_unref(map);
}

static void *read_until_last(void *owner)
{
    struct reader *reader = owner;

    sw_loop_run(reader->loop);
    return NULL;
}

static void readers_of_other_threads_see_the_last_of_many(void **state)
{
    struct sw_map *first = make_map(), *last = make_map();
    struct sw_board *board = sw_board_create(first);
    struct reader readers[2];
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) {
        open_reader(&readers[i], board);
        readers[i].last = last;
        assert_int_equal(pthread_create(&threads[i], NULL, read_until_last, &readers[i]), 0);
    }
    for (int i = 0; i < PUBLISHINGS; i++)
        sw_board_publish_map(board, first, NULL);
    sw_board_publish_map(board, last, NULL);
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_ptr_equal(readers[i].seen, last);
        close_reader(&readers[i]);
    }
    sw_board_free(board);
    sw_map_unref(first);
    sw_map_unref(last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_gives_the_map_that_was_published_last),
        cmocka_unit_test(a_watcher_who_sleeps_is_told_once_and_sees_the_last),
        cmocka_unit_test(who_watches_no_more_is_not_told),
        cmocka_unit_test(readers_of_other_threads_see_the_last_of_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
