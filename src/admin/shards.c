/*
 * SHOW SHARDS: what the map tells of each, and what its pools and clients do. Workers count by
 * the number that a shard has in the map of the question.
 */
#include "ask.h"
#include "columns.h"

#include "shardward/base/histogram.h"
#include "shardward/base/textmap.h"
#include "shardward/session/tally.h"

#include <string.h>

static const struct sw_column shards[] = {
    TEXT("database"),       TEXT("business"),       TEXT("shard"),      TEXT("cluster"),
    TEXT("dbname"),         TEXT("node"),           TEXT("addr"),       INT4("port"),
    TEXT("cloud"),          INT4("pools"),          INT4("sv_active"),  INT4("sv_idle"),
    INT4("sv_login"),       INT4("cl_waiting"),     INT8("queries"),    INT8("errors"),
    INT8("received"),       INT8("sent"),           INT8("query_time"), INT8("wait_time"),
    INT8("query_time_p50"), INT8("query_time_p99"),
};

const struct sw_columns sw_columns_shards = COLUMNS(shards);

/* What one worker, or all, have counted of one shard. */
struct counts {
    int64_t pools, lent, idle, opening, waiting;
    uint64_t queries, errors, received, sent, query_us, wait_us;
    struct sw_histogram times;
};

/* --- on the workers --- */

/* NULL: the map no longer has it. */
static struct counts *find(struct sw_part *part, const char *database, const char *shard)
{
    const struct sw_map *map = part->ask->map;
    struct counts *all = part->list;

    for (int i = 0; i < map->shard_count; i++)
        if (strcmp(map->shards[i]->name, shard) == 0 &&
            strcmp(map->shards[i]->database->name, database) == 0)
            return &all[i];
    return NULL;
}

static void count_pool(void *owner, const struct sw_pool_facts *facts)
{
    struct counts *counts = find(owner, facts->database, facts->shard);

    if (counts == NULL)
        return;
    counts->pools++;
    counts->lent += facts->lent;
    counts->idle += facts->idle;
    counts->opening += facts->opening;
    counts->waiting += facts->waiting;
}

static void count_tally(void *owner, const struct sw_tally *tally)
{
    struct counts *counts =
        tally->shard == NULL ? NULL : find(owner, tally->database, tally->shard);

    if (counts == NULL)
        return;
    counts->queries += tally->queries;
    counts->errors += tally->errors;
    counts->received += tally->received;
    counts->sent += tally->sent;
    counts->query_us += tally->query_us;
    counts->wait_us += tally->wait_us;
    sw_histogram_merge(&counts->times, &tally->times);
}

static void show_part(struct sw_part *part)
{
    size_t size = (size_t)part->ask->map->shard_count * sizeof(struct counts);

    part->list = sw_arena_alloc(&part->answer.arena, size + 1);
    memset(part->list, 0, size);
    sw_pools_each(part->worker->pools, count_pool, part);
    sw_sessions_each_tally(part->worker->sessions, count_tally, part);
}

/* --- all together --- */

static struct counts add_up(const struct sw_ask *ask, int shard)
{
    struct counts sum = {0};

    for (int i = 0; i < ask->part_count; i++) {
        const struct counts *part = (const struct counts *)ask->parts[i].list + shard;

        if (part->pools > sum.pools)
            sum.pools = part->pools; /* each worker has its half of the same ones */
        sum.lent += part->lent;
        sum.idle += part->idle;
        sum.opening += part->opening;
        sum.waiting += part->waiting;
        sum.queries += part->queries;
        sum.errors += part->errors;
        sum.received += part->received;
        sum.sent += part->sent;
        sum.query_us += part->query_us;
        sum.wait_us += part->wait_us;
        sw_histogram_merge(&sum.times, &part->times);
    }
    return sum;
}

static void put_primary(struct sw_answer *answer, const struct sw_node *primary)
{
    if (primary == NULL) {
        for (int i = 0; i < 4; i++)
            sw_answer_null(answer);
        return;
    }
    sw_answer_text(answer, primary->name);
    sw_answer_text(answer, primary->address);
    sw_answer_number(answer, primary->port);
    sw_answer_text(answer, primary->cloud);
}

static void put_counts(struct sw_answer *answer, const struct counts *counts)
{
    sw_answer_number(answer, counts->pools);
    sw_answer_number(answer, counts->lent);
    sw_answer_number(answer, counts->idle);
    sw_answer_number(answer, counts->opening);
    sw_answer_number(answer, counts->waiting);
    sw_answer_number(answer, (int64_t)counts->queries);
    sw_answer_number(answer, (int64_t)counts->errors);
    sw_answer_number(answer, (int64_t)counts->received);
    sw_answer_number(answer, (int64_t)counts->sent);
    sw_answer_number(answer, (int64_t)counts->query_us);
    sw_answer_number(answer, (int64_t)counts->wait_us);
    sw_answer_number(answer, (int64_t)sw_histogram_percentile(&counts->times, 50));
    sw_answer_number(answer, (int64_t)sw_histogram_percentile(&counts->times, 99));
}

static void put_shard(struct sw_answer *answer, const struct sw_shard *shard,
                      const struct sw_node *primary, const struct counts *counts)
{
    sw_answer_row(answer);
    sw_answer_text(answer, shard->database->name);
    sw_answer_text(answer, shard->business == NULL ? NULL : shard->business->name);
    sw_answer_text(answer, shard->name);
    sw_answer_text(answer, shard->cluster->name);
    sw_answer_text(answer, shard->dbname);
    put_primary(answer, primary);
    put_counts(answer, counts);
}

static void on_all(struct sw_console *console, struct sw_ask *ask)
{
    struct sw_state *state = sw_board_state(ask->admin->board);

    for (int d = 0; d < ask->map->database_count; d++)
        for (int s = 0; s < ask->map->databases[d].shard_count; s++) {
            const struct sw_shard *shard = ask->map->databases[d].shards[s];
            const struct counts counts = add_up(ask, shard->id);

            put_shard(&console->answer, shard, sw_state_primary(state, shard->cluster),
                      &counts);
        }
    sw_state_unref(state);
    sw_console_done(console);
}

void sw_show_shards(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {.on_worker = show_part, .on_all = on_all};

    sw_ask(console->admin, console, &kind, NULL, 0);
}
