#include "picture.h"

#include "shardward/base/clock.h"

#include <inttypes.h>
#include <string.h>

/* By database, shard, node and user: as the pages list them. */
static int compare_pools(const struct sw_pool_facts *a, const struct sw_pool_facts *b)
{
    const char *const pairs[][2] = {{a->database, b->database},
                                    {a->shard, b->shard},
                                    {a->node, b->node},
                                    {a->user, b->user}};
    int order = 0;

    for (size_t i = 0; order == 0 && i < sizeof pairs / sizeof *pairs; i++)
        order = strcmp(pairs[i][0], pairs[i][1]);
    return order;
}

static void add_pool(struct sw_picture *picture, const struct sw_pool_facts *facts)
{
    struct sw_pool_copy **at = &picture->pools, *pool;
    int order = 1;

    while (*at != NULL && (order = compare_pools(facts, &(*at)->facts)) > 0)
        at = &(*at)->next;
    if (*at == NULL || order < 0) {
        pool = sw_arena_alloc(&picture->arena, sizeof *pool);
        *pool = (struct sw_pool_copy){.next = *at, .facts = *facts};
        *at = pool;
        return;
    }
    pool = *at;
    pool->facts.idle += facts->idle;
    pool->facts.lent += facts->lent;
    pool->facts.opening += facts->opening;
    pool->facts.waiting += facts->waiting;
    if (facts->longest_wait_ms > pool->facts.longest_wait_ms)
        pool->facts.longest_wait_ms = facts->longest_wait_ms;
}

static struct sw_client_count *find_clients(struct sw_picture *picture, const char *database)
{
    struct sw_client_count *count = picture->clients;

    while (count != NULL && strcmp(count->database, database == NULL ? "" : database) != 0)
        count = count->next;
    if (count != NULL)
        return count;
    count = sw_arena_alloc(&picture->arena, sizeof *count);
    *count = (struct sw_client_count){.next = picture->clients};
    count->database = database == NULL ? "" : database;
    picture->clients = count;
    return count;
}

static void add_clients(struct sw_picture *picture, const struct sw_client_count *from)
{
    struct sw_client_count *into = find_clients(picture, from->database);

    for (int i = 0; i < SW_CLIENT_STATES; i++)
        into->by_state[i] += from->by_state[i];
}

static void add_memory(struct sw_sessions_memory *into, const struct sw_sessions_memory *from)
{
    into->clients += from->clients;
    into->client_bytes += from->client_bytes;
    into->plans += from->plans;
    into->plan_bytes += from->plan_bytes;
    into->plan_hits += from->plan_hits;
    into->plan_misses += from->plan_misses;
    into->plan_evictions += from->plan_evictions;
    into->tallies += from->tallies;
    into->tally_bytes += from->tally_bytes;
}

static void add_classes(struct sw_picture *picture, const struct sw_class_tally *from)
{
    struct sw_class_copy *into = picture->classes;

    while (into != NULL && strcmp(into->tally.database, from->database) != 0)
        into = into->next;
    if (into == NULL) {
        into = sw_arena_alloc(&picture->arena, sizeof *into);
        *into = (struct sw_class_copy){.next = picture->classes, .tally = *from};
        picture->classes = into;
        return;
    }
    for (int i = 0; i < SW_CLASSES; i++) {
        into->tally.of[i].queries += from->of[i].queries;
        into->tally.of[i].errors += from->of[i].errors;
        into->tally.of[i].query_us += from->of[i].query_us;
        sw_histogram_merge(&into->tally.of[i].times, &from->of[i].times);
    }
}

static void add_errors(struct sw_picture *picture, const struct sw_error_count *from)
{
    struct sw_error_count *into = picture->errors;

    while (into != NULL && strcmp(into->class, from->class) != 0)
        into = into->next;
    if (into == NULL) {
        into = sw_arena_alloc(&picture->arena, sizeof *into);
        *into = (struct sw_error_count){.next = picture->errors, .class = from->class};
        picture->errors = into;
    }
    into->count += from->count;
}

static void add_part(struct sw_picture *picture, const struct sw_survey_part *part)
{
    if (part->worker == NULL) {
        picture->control = part->control;
        return;
    }
    sw_sums_add(picture->sums, part->tallies);
    for (const struct sw_pool_copy *pool = part->pools; pool != NULL; pool = pool->next)
        add_pool(picture, &pool->facts);
    for (const struct sw_client_count *count = part->clients; count != NULL;
         count = count->next)
        add_clients(picture, count);
    for (const struct sw_class_copy *copy = part->classes; copy != NULL; copy = copy->next)
        add_classes(picture, &copy->tally);
    for (const struct sw_error_count *count = part->errors; count != NULL; count = count->next)
        add_errors(picture, count);
    add_memory(&picture->memory, &part->memory);
}

void sw_picture_init(struct sw_picture *picture, struct sw_board *board,
                     const struct sw_survey *survey, const struct sw_survey *late)
{
    *picture = (struct sw_picture){.map = sw_board_map(board),
                                   .catalog = sw_board_catalog(board),
                                   .state = sw_board_state(board),
                                   .events = sw_board_events(board),
                                   .late = late,
                                   .survey = survey,
                                   .has_answers = survey != NULL,
                                   .sums = sw_sums_create()};
    sw_arena_init(&picture->arena);
    (void)find_clients(picture, NULL);
    for (int d = 0; d < picture->map->database_count; d++)
        (void)find_clients(picture, picture->map->databases[d].name);
    for (int i = 0; survey != NULL && i < survey->part_count; i++)
        add_part(picture, &survey->parts[i]);
}

void sw_picture_finish(struct sw_picture *picture)
{
    sw_sums_free(picture->sums);
    sw_state_unref(picture->state);
    sw_catalog_unref(picture->catalog);
    sw_map_unref(picture->map);
    sw_arena_finish(&picture->arena);
}

/* --- is it well? --- */

void sw_picture_unhealthy(const struct sw_picture *picture, struct sw_buf *out)
{
    const struct sw_survey *late = picture->late;

    for (int i = 0; late != NULL && i < late->part_count; i++) {
        char name[32];

        if (sw_survey_has_answered(&late->parts[i]))
            continue;
        sw_survey_name(late, i, name, sizeof name);
        (void)sw_buf_printf(out, "%s has not answered for %" PRIu64 " ms\n", name,
                            (sw_clock_us() - late->began_us) / 1000);
    }
}

static bool admits(const struct sw_cluster_state *cluster)
{
    return cluster->primary >= 0 &&
           (cluster->admission == SW_ADMIT || cluster->admission == SW_DRAIN);
}

/* Its statements are carried out, or wait for the next primary: it has had one, and some node
 * answers. */
static bool is_usable(const struct sw_cluster_state *cluster)
{
    bool is_alive = false;

    for (int i = 0; i < cluster->cluster->node_count; i++)
        is_alive |= cluster->nodes[i].verdict != SW_VERDICT_DOWN;
    return admits(cluster) ||
           (cluster->admission != SW_REFUSE && cluster->generation > 0 && is_alive);
}

static void describe_cluster(const struct sw_cluster_state *cluster, struct sw_buf *out)
{
    if (cluster->primary < 0)
        (void)sw_buf_printf(out, "cluster %s has no primary", cluster->cluster->name);
    else
        (void)sw_buf_printf(out, "cluster %s %s", cluster->cluster->name,
                            sw_admission_name(cluster->admission));
    (void)sw_buf_printf(out, "%s%s\n", cluster->why[0] == '\0' ? "" : ": ", cluster->why);
}

void sw_picture_lame(const struct sw_picture *picture, struct sw_buf *out)
{
    const struct sw_state *state = picture->state;

    for (int c = 0; c < state->map->cluster_count; c++)
        if (!admits(&state->clusters[c]))
            describe_cluster(&state->clusters[c], out);
}

void sw_picture_unready(const struct sw_picture *picture, struct sw_buf *out)
{
    const struct sw_state *state = picture->state;
    bool has_usable = false;

    sw_picture_unhealthy(picture, out);
    if (picture->has_answers && picture->control.is_draining)
        (void)sw_buf_append_text(out, "draining: no new clients are taken in\n");
    if (picture->catalog == NULL)
        (void)sw_buf_append_text(out, "the shards have not been read yet\n");
    for (int c = 0; c < state->map->cluster_count; c++)
        has_usable |= is_usable(&state->clusters[c]);
    if (!has_usable)
        (void)sw_buf_append_text(out, "no cluster can be used\n");
}
