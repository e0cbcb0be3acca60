/*
 * A primary on another timeline may lack what was done at the end of the one before, DDL among
 * it; and a shard that had no primary has not been read. What the shards hold is read anew
 * then.
 */
#include "control.h"

#include "shardward/base/log.h"

static void read_again(struct sw_switches *switches);

static void on_read(struct sw_catalog_wish *wish, const struct sw_error *err)
{
    struct sw_switches *switches = SW_OWNER(wish, struct sw_switches, wish);

    switches->is_reading = false;
    if (err != NULL)
        sw_log(SW_LOG_WARNING, "catalog-unread", "reason=\"%s\"", err->message);
    if (switches->is_wanted && switches->catalog != NULL)
        read_again(switches);
}

static void read_again(struct sw_switches *switches)
{
    switches->is_reading = true;
    switches->is_wanted = false;
    switches->wish = (struct sw_catalog_wish){.mailbox = switches->mailbox, .on_read = on_read};
    sw_catalog_reader_read(switches->catalog, &switches->wish);
}

/* The clusters that take statements on another timeline than was seen; returns whether there
 * are any. */
static bool note_timelines(struct sw_switches *switches)
{
    struct sw_state *state = sw_board_state(switches->board);
    bool are_new = false;

    for (int i = 0; i < state->map->cluster_count; i++) {
        const struct sw_cluster_state *cluster = &state->clusters[i];
        const char *name = cluster->cluster->name;
        uintptr_t seen = (uintptr_t)sw_textmap_get(&switches->timelines, name);

        if (cluster->admission != SW_ADMIT || cluster->timeline == 0 ||
            (uintptr_t)cluster->timeline == seen)
            continue;
        (void)sw_textmap_put(&switches->timelines, name,
                             (void *)(uintptr_t)(unsigned int)cluster->timeline);
        are_new = true;
    }
    sw_state_unref(state);
    return are_new;
}

static void on_news(void *owner)
{
    struct sw_switches *switches = owner;

    if (switches->catalog == NULL || !note_timelines(switches))
        return;
    switches->is_wanted = true;
    if (!switches->is_reading)
        read_again(switches);
}

void sw_switches_start(struct sw_switches *switches, struct sw_board *board,
                       struct sw_mailbox *mailbox, struct sw_catalog_reader *catalog)
{
    switches->board = board;
    switches->mailbox = mailbox;
    switches->catalog = catalog;
    sw_textmap_init(&switches->timelines);
    (void)note_timelines(switches);
    sw_board_watch(board, &switches->watcher, mailbox, on_news, switches);
}

void sw_switches_stop(struct sw_switches *switches)
{
    if (switches->catalog == NULL)
        return;
    sw_board_unwatch(switches->board, &switches->watcher);
    sw_textmap_finish(&switches->timelines);
    switches->catalog = NULL;
}
