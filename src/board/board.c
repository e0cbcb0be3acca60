#include "shardward/board/board.h"

#include "shardward/base/mem.h"

#include <pthread.h>

struct sw_board {
    struct sw_events *events;
    pthread_mutex_t lock; /* for all that follows */
    struct sw_map *map;
    struct sw_catalog *catalog; /* NULL: none yet */
    struct sw_state *state;     /* of the map */
    struct sw_link watchers;
};

struct sw_board *sw_board_create(struct sw_map *map)
{
    struct sw_board *board = sw_alloc_zero(1, sizeof *board);

    (void)pthread_mutex_init(&board->lock, NULL);
    board->events = sw_events_create();
    board->map = sw_map_ref(map);
    board->state = sw_state_create(map, NULL);
    sw_link_init(&board->watchers);
    return board;
}

void sw_board_free(struct sw_board *board)
{
    if (board == NULL)
        return;
    sw_map_unref(board->map);
    sw_catalog_unref(board->catalog);
    sw_events_free(board->events);
    sw_state_unref(board->state);
    (void)pthread_mutex_destroy(&board->lock);
    free(board);
}

struct sw_events *sw_board_events(const struct sw_board *board)
{
    return board->events;
}

struct sw_map *sw_board_map(struct sw_board *board)
{
    struct sw_map *map;

    (void)pthread_mutex_lock(&board->lock);
    map = sw_map_ref(board->map);
    (void)pthread_mutex_unlock(&board->lock);
    return map;
}

/* Under the lock. A watcher whose letter is still under way will look later than now. */
static void tell_watchers(struct sw_board *board)
{
    for (struct sw_link *link = board->watchers.next; link != &board->watchers;
         link = link->next) {
        struct sw_watcher *watcher = SW_OWNER(link, struct sw_watcher, link);

        if (!atomic_flag_test_and_set(&watcher->is_told))
            sw_mailbox_post(watcher->mailbox, &watcher->letter);
    }
}

void sw_board_publish_map(struct sw_board *board, struct sw_map *map,
                          struct sw_catalog *catalog)
{
    struct sw_map *map_before;
    struct sw_catalog *catalog_before = NULL;
    struct sw_state *state_before;

    (void)pthread_mutex_lock(&board->lock);
    map_before = board->map;
    board->map = sw_map_ref(map);
    if (catalog != NULL) {
        catalog_before = board->catalog;
        board->catalog = sw_catalog_ref(catalog);
    }
    state_before = board->state;
    board->state = sw_state_create(map, state_before);
    tell_watchers(board);
    (void)pthread_mutex_unlock(&board->lock);
    sw_map_unref(map_before);
    sw_state_unref(state_before);
    sw_catalog_unref(catalog_before);
}

struct sw_catalog *sw_board_catalog(struct sw_board *board)
{
    struct sw_catalog *catalog;

    (void)pthread_mutex_lock(&board->lock);
    catalog = board->catalog == NULL ? NULL : sw_catalog_ref(board->catalog);
    (void)pthread_mutex_unlock(&board->lock);
    return catalog;
}

void sw_board_publish_catalog(struct sw_board *board, struct sw_catalog *catalog)
{
    struct sw_catalog *before = NULL;

    (void)pthread_mutex_lock(&board->lock);
    if (catalog->map == board->map) {
        before = board->catalog;
        board->catalog = sw_catalog_ref(catalog);
        tell_watchers(board);
    }
    (void)pthread_mutex_unlock(&board->lock);
    sw_catalog_unref(before);
}

struct sw_state *sw_board_state(struct sw_board *board)
{
    struct sw_state *state;

    (void)pthread_mutex_lock(&board->lock);
    state = sw_state_ref(board->state);
    (void)pthread_mutex_unlock(&board->lock);
    return state;
}

bool sw_board_publish_state(struct sw_board *board, struct sw_state *state)
{
    struct sw_state *before = NULL;

    (void)pthread_mutex_lock(&board->lock);
    if (state->map == board->map) {
        before = board->state;
        board->state = sw_state_ref(state);
        tell_watchers(board);
    }
    (void)pthread_mutex_unlock(&board->lock);
    sw_state_unref(before);
    return before != NULL;
}

static void on_told(struct sw_letter *letter)
{
    struct sw_watcher *watcher = SW_OWNER(letter, struct sw_watcher, letter);

    atomic_flag_clear(
        &watcher->is_told); /* first: what is published from now on is told anew */
    watcher->on_news(watcher->owner);
}

void sw_board_watch(struct sw_board *board, struct sw_watcher *watcher,
                    struct sw_mailbox *mailbox, void (*on_news)(void *owner), void *owner)
{
    *watcher = (struct sw_watcher){
        .letter.on_read = on_told, .mailbox = mailbox, .on_news = on_news, .owner = owner};
    atomic_flag_clear(&watcher->is_told);
    (void)pthread_mutex_lock(&board->lock);
    sw_list_push_back(&board->watchers, &watcher->link);
    (void)pthread_mutex_unlock(&board->lock);
}

void sw_board_unwatch(struct sw_board *board, struct sw_watcher *watcher)
{
    (void)pthread_mutex_lock(&board->lock);
    sw_link_remove(&watcher->link);
    (void)pthread_mutex_unlock(&board->lock);
}
