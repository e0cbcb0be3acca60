/*
 * The thread waits for wishes, or for the time to ask a silent shard again, and then goes
 * round: a few helpers take one shard after the other, each within the connect timeout. The
 * texts are kept under the names of their shards, so that they outlive a map.
 */
#include "shardward/catalog/reader.h"

#include "prune.h"
#include "read.h"
#include "report.h"

#include "shardward/base/cond.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/topology/accepted.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_HELPERS = 8,
    DEFAULT_TIMEOUT_MS = 5000, /* where the configuration sets no limit */
    RETRY_MS = 5000,           /* until a shard that was not reached is asked again */
    FIRST_PATIENCE_MS =
        700, /* after which the first catalog does not wait for the last shard */
    SHARD_NAME = 160,
};

/* One going round. */
struct round {
    const struct sw_map *map;
    struct sw_state *state;         /* who is primary; NULL: it is to be found out */
    const struct sw_shard **shards; /* by id */
    const struct sw_database **databases;
    struct sw_shard_reading *readings; /* texts of this round; under the lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int next, done; /* under the lock */
    int timeout_ms;
    const atomic_bool *is_stopping;
};

struct sw_catalog_reader {
    struct sw_board *board;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct sw_link wishes;    /* under the lock */
    bool is_first_done;       /* under the lock */
    struct sw_error conflict; /* under the lock; of the first reading */
    bool has_conflict;        /* under the lock */
    atomic_bool is_stopping;
    /* The thread's own. */
    bool has_unfinished;      /* DDL: somebody may repair it meanwhile */
    struct sw_catalog *whole; /* of the last round, if all were reached; its journals are to be
                                 pruned; NULL: nothing is due */
    struct sw_textmap kept;   /* "database.shard" -> the text read last */
    int version;
};

/* Going round */

static void add_shard(struct round *round, const struct sw_database *database,
                      const struct sw_shard *shard)
{
    round->shards[shard->id] = shard;
    round->databases[shard->id] = database;
}

static void round_init(struct round *round, const struct sw_map *map,
                       const atomic_bool *is_stopping, int timeout_ms)
{
    size_t count = (size_t)map->shard_count;

    *round = (struct round){.map = map, .timeout_ms = timeout_ms, .is_stopping = is_stopping};
    round->shards = sw_alloc_zero(count, sizeof(void *));
    round->databases = sw_alloc_zero(count, sizeof(void *));
    round->readings = sw_alloc_zero(count, sizeof *round->readings);
    (void)pthread_mutex_init(&round->lock, NULL);
    sw_cond_init(&round->changed);
    for (int d = 0; d < map->database_count; d++) {
        const struct sw_database *database = &map->databases[d];

        for (int s = 0; s < database->shard_count; s++)
            add_shard(round, database, database->shards[s]);
    }
}

static void round_finish(struct round *round)
{
    sw_readings_free(round->readings, round->map->shard_count);
    sw_state_unref(round->state);
    free(round->shards);
    free(round->databases);
    (void)pthread_mutex_destroy(&round->lock);
    (void)pthread_cond_destroy(&round->changed);
}

/* False: 57P03, nobody takes statements now. */
static bool find_primary(const struct sw_state *state, const struct sw_shard *shard,
                         const struct sw_node **node, struct sw_error *err)
{
    const struct sw_cluster_state *known = sw_state_cluster(state, shard->cluster);

    *node = sw_state_primary(state, shard->cluster);
    if (*node != NULL &&
        (known == NULL || known->admission == SW_ADMIT || known->admission == SW_DRAIN))
        return true;
    return sw_error_set(err, "57P03", "cluster \"%s\" has no primary now: %s",
                        shard->cluster->name, known == NULL ? "" : known->why);
}

/* Without a control user a shard is not read, and nobody complains. */
static struct sw_shard_reading read_one(const struct round *round, const struct sw_shard *shard)
{
    struct sw_shard_reading reading = {0};
    const struct sw_node *node = NULL;
    struct sw_error err;
    char *text = NULL;

    if (shard->cluster->control.user == NULL)
        return reading;
    if (round->state == NULL || find_primary(round->state, shard, &node, &err))
        text = sw_read_shard(shard, node, round->timeout_ms, round->is_stopping, &err);
    reading.text = text;
    reading.len = text == NULL ? 0 : strlen(text);
    reading.why_not = text == NULL ? sw_strdup(err.message) : NULL;
    return reading;
}

static void *run_helper(void *owner)
{
    struct round *round = owner;

    (void)pthread_mutex_lock(&round->lock);
    while (round->next < round->map->shard_count) {
        int id = round->next++;
        struct sw_shard_reading reading;

        (void)pthread_mutex_unlock(&round->lock);
        reading = read_one(round, round->shards[id]);
        (void)pthread_mutex_lock(&round->lock);
        round->readings[id] = reading;
        round->done++;
        (void)pthread_cond_broadcast(&round->changed);
    }
    (void)pthread_mutex_unlock(&round->lock);
    return NULL;
}

static int start_helpers(struct round *round, pthread_t *helpers)
{
    int count = 0;

    while (count < MOST_HELPERS && count < round->map->shard_count &&
           pthread_create(&helpers[count], NULL, run_helper, round) == 0)
        count++;
    if (count == 0)
        (void)run_helper(round);
    return count;
}

static void join_helpers(pthread_t *helpers, int count)
{
    for (int i = 0; i < count; i++)
        (void)pthread_join(helpers[i], NULL);
}

/* Wait until all have answered, or for @patience_ms. */
static bool wait_for_round(struct round *round, int patience_ms)
{
    uint64_t until_ms = sw_cond_in_ms(patience_ms);
    bool is_done;

    (void)pthread_mutex_lock(&round->lock);
    while (round->done < round->map->shard_count &&
           sw_cond_wait(&round->changed, &round->lock, until_ms))
        continue;
    is_done = round->done == round->map->shard_count;
    (void)pthread_mutex_unlock(&round->lock);
    return is_done;
}

/* The command line's way */

void sw_readings_take(const struct sw_map *map, int timeout_ms,
                      struct sw_shard_reading *readings)
{
    static const atomic_bool never = false;
    pthread_t helpers[MOST_HELPERS];
    struct round round;

    round_init(&round, map, &never, timeout_ms);
    join_helpers(helpers, start_helpers(&round, helpers));
    memcpy(readings, round.readings, (size_t)map->shard_count * sizeof *readings);
    memset(round.readings, 0, (size_t)map->shard_count * sizeof *readings);
    round_finish(&round);
}

void sw_readings_free(struct sw_shard_reading *readings, int count)
{
    for (int i = 0; i < count; i++) {
        free((char *)(uintptr_t)readings[i].text);
        free((char *)(uintptr_t)readings[i].why_not);
    }
    free(readings);
}

/* What is kept between rounds */

static const char *keep_name(const struct round *round, int id, char *out)
{
    (void)snprintf(out, SHARD_NAME, "%s.%s", round->databases[id]->name,
                   round->shards[id]->name);
    return out;
}

/* Take over what the round has read; whoever did not answer is believed once more. The
 * readings that come out borrow from what is kept and from the round. */
static void settle(struct sw_catalog_reader *reader, struct round *round,
                   struct sw_shard_reading *out)
{
    char name[SHARD_NAME];

    (void)pthread_mutex_lock(&round->lock);
    for (int id = 0; id < round->map->shard_count; id++) {
        struct sw_shard_reading *reading = &round->readings[id];

        keep_name(round, id, name);
        if (reading->text != NULL) {
            free(sw_textmap_put(&reader->kept, name, (char *)(uintptr_t)reading->text));
            reading->text = NULL;
        }
        out[id].text = sw_textmap_get(&reader->kept, name);
        out[id].len = out[id].text == NULL ? 0 : strlen(out[id].text);
        out[id].why_not = reading->why_not;
        if (out[id].text == NULL && reading->why_not == NULL &&
            round->shards[id]->cluster->control.user != NULL)
            out[id].why_not = "it has not answered yet";
    }
    (void)pthread_mutex_unlock(&round->lock);
}

static struct sw_catalog *build(struct sw_catalog_reader *reader, struct round *round,
                                struct sw_map *map)
{
    size_t count = (size_t)round->map->shard_count;
    struct sw_shard_reading *readings = sw_alloc_zero(count, sizeof *readings);
    struct sw_catalog *catalog;

    settle(reader, round, readings);
    catalog = sw_catalog_build(map, readings, ++reader->version);
    free(readings);
    return catalog;
}

static void publish(struct sw_catalog_reader *reader, struct sw_catalog *catalog)
{
    struct sw_catalog *before = sw_board_catalog(reader->board);

    if (before == NULL || !sw_catalog_is_like(before, catalog)) {
        sw_report_catalog(catalog, before);
        sw_board_publish_catalog(reader->board, catalog);
        sw_log(SW_LOG_INFO, "catalog", "version=%d", catalog->version);
    }
    sw_catalog_unref(before);
}

static void end_first(struct sw_catalog_reader *reader, const struct sw_catalog *catalog)
{
    (void)pthread_mutex_lock(&reader->lock);
    if (!reader->is_first_done)
        reader->has_conflict = !sw_catalog_allows(catalog, &reader->conflict);
    reader->is_first_done = true;
    (void)pthread_cond_broadcast(&reader->changed);
    (void)pthread_mutex_unlock(&reader->lock);
}

/* What was not reached in a round that is over; false: all were. */
static bool first_failure(const struct round *round, struct sw_error *err)
{
    for (int id = 0; id < round->map->shard_count; id++)
        if (round->readings[id].why_not != NULL) {
            sw_error_set(err, "08006", "%s", round->readings[id].why_not);
            return true;
        }
    return false;
}

static void grant_one(struct sw_catalog_wish *wish, const struct sw_error *err)
{
    sw_link_remove(&wish->link);
    wish->is_failed = err != NULL;
    if (err != NULL)
        wish->err = *err;
    sw_mailbox_post(wish->mailbox, &wish->letter);
}

/* Grant @wishes: each is posted to its own mailbox, and is its owner's again. */
static void grant(struct sw_link *wishes, const struct sw_error *err)
{
    struct sw_link *link;

    while ((link = sw_list_first(wishes)) != NULL)
        grant_one(SW_OWNER(link, struct sw_catalog_wish, link), err);
}

static bool has_unfinished(const struct sw_catalog *catalog)
{
    for (int i = 0; i < catalog->database_count; i++)
        if (catalog->databases[i].unfinished_count > 0)
            return true;
    return false;
}

static int timeout_of(const struct sw_map *map)
{
    int timeout_ms = map->config->timeouts.connect_ms;

    return timeout_ms == 0 ? DEFAULT_TIMEOUT_MS : timeout_ms;
}

/* Go round for the current map. False: a shard was not reached. */
static bool go_round(struct sw_catalog_reader *reader, struct sw_error *err)
{
    struct sw_map *map = sw_board_map(reader->board);
    pthread_t helpers[MOST_HELPERS];
    struct sw_catalog *catalog;
    struct round round;
    bool is_failed;
    int count;

    round_init(&round, map, &reader->is_stopping, timeout_of(map));
    round.state = sw_board_state(reader->board);
    count = start_helpers(&round, helpers);
    if (reader->version == 0 && !wait_for_round(&round, FIRST_PATIENCE_MS)) {
        catalog = build(reader, &round, map);
        publish(reader, catalog);
        end_first(reader, catalog);
        sw_catalog_unref(catalog);
    }
    join_helpers(helpers, count);
    is_failed = first_failure(&round, err);
    catalog = build(reader, &round, map);
    publish(reader, catalog);
    end_first(reader, catalog);
    reader->has_unfinished = has_unfinished(catalog);
    sw_catalog_unref(reader->whole);
    reader->whole = is_failed ? NULL : sw_catalog_ref(catalog);
    sw_catalog_unref(catalog);
    round_finish(&round);
    sw_map_unref(map);
    return !is_failed;
}

/* Nobody waits for it. */
static void prune(struct sw_catalog_reader *reader)
{
    if (reader->whole != NULL)
        sw_prune_journals(reader->whole, timeout_of(reader->whole->map), &reader->is_stopping);
    sw_catalog_unref(reader->whole);
    reader->whole = NULL;
}

/* Go round for a map that is not on the board. */
static bool go_round_for(struct sw_catalog_reader *reader, struct sw_catalog_wish *wish,
                         struct sw_error *err)
{
    pthread_t helpers[MOST_HELPERS];
    struct round round;
    bool is_failed;

    round_init(&round, wish->proposed, &reader->is_stopping, timeout_of(wish->proposed));
    round.state = sw_board_state(reader->board);
    join_helpers(helpers, start_helpers(&round, helpers));
    is_failed = first_failure(&round, err);
    wish->catalog = build(reader, &round, wish->proposed);
    round_finish(&round);
    return !is_failed;
}

/* Grant those of @wishes that propose a map, one after the other. */
static void read_proposed(struct sw_catalog_reader *reader, struct sw_link *wishes)
{
    struct sw_link *link, *next;
    struct sw_error err;

    for (link = wishes->next; link != wishes; link = next) {
        struct sw_catalog_wish *wish = SW_OWNER(link, struct sw_catalog_wish, link);

        next = link->next;
        if (wish->proposed != NULL)
            grant_one(wish, go_round_for(reader, wish, &err) ? NULL : &err);
    }
}

/* Wait for a wish, or at most @patience_ms (-1: for ever). */
static void wait_for_wish(struct sw_catalog_reader *reader, int patience_ms)
{
    uint64_t until_ms = sw_cond_in_ms(patience_ms);

    while (sw_list_first(&reader->wishes) == NULL && !atomic_load(&reader->is_stopping) &&
           sw_cond_wait(&reader->changed, &reader->lock, until_ms))
        continue;
}

static void take_wishes(struct sw_catalog_reader *reader, struct sw_link *wishes)
{
    struct sw_link *link;

    sw_link_init(wishes);
    while ((link = sw_list_first(&reader->wishes)) != NULL) {
        sw_link_remove(link);
        sw_list_push_back(wishes, link);
    }
}

static void *run_thread(void *owner)
{
    struct sw_catalog_reader *reader = owner;
    struct sw_link wishes;
    struct sw_error err;
    bool is_good = false;

    (void)pthread_mutex_lock(&reader->lock);
    while (!atomic_load(&reader->is_stopping)) {
        bool proposes_only;

        take_wishes(reader, &wishes);
        (void)pthread_mutex_unlock(&reader->lock);
        proposes_only = sw_list_first(&wishes) != NULL;
        read_proposed(reader, &wishes);
        proposes_only = proposes_only && sw_list_first(&wishes) == NULL;
        if (!proposes_only)
            is_good = go_round(reader, &err);
        grant(&wishes, is_good ? NULL : &err);
        prune(reader);
        (void)pthread_mutex_lock(&reader->lock);
        wait_for_wish(reader, is_good && !reader->has_unfinished ? -1 : RETRY_MS);
    }
    take_wishes(reader, &wishes);
    (void)pthread_mutex_unlock(&reader->lock);
    sw_error_set(&err, "57P01", "shardward is stopping");
    grant(&wishes, &err);
    return NULL;
}

struct sw_catalog_reader *sw_catalog_reader_create(struct sw_board *board, struct sw_error *err)
{
    struct sw_catalog_reader *reader = sw_alloc_zero(1, sizeof *reader);
    int failed;

    reader->board = board;
    sw_link_init(&reader->wishes);
    sw_textmap_init(&reader->kept);
    (void)pthread_mutex_init(&reader->lock, NULL);
    sw_cond_init(&reader->changed);
    failed = pthread_create(&reader->thread, NULL, run_thread, reader);
    if (failed == 0)
        return reader;
    sw_error_set(err, "53000", "cannot start the thread that reads the catalog: %s",
                 strerror(failed));
    free(reader);
    return NULL;
}

bool sw_catalog_reader_wait(struct sw_catalog_reader *reader, struct sw_error *err)
{
    bool is_good;

    (void)pthread_mutex_lock(&reader->lock);
    while (!reader->is_first_done)
        (void)pthread_cond_wait(&reader->changed, &reader->lock);
    is_good = !reader->has_conflict;
    if (!is_good)
        *err = reader->conflict;
    (void)pthread_mutex_unlock(&reader->lock);
    return is_good;
}

static void on_granted(struct sw_letter *letter)
{
    struct sw_catalog_wish *wish = SW_OWNER(letter, struct sw_catalog_wish, letter);

    wish->on_read(wish, wish->is_failed ? &wish->err : NULL);
}

void sw_catalog_reader_read(struct sw_catalog_reader *reader, struct sw_catalog_wish *wish)
{
    wish->letter.on_read = on_granted;
    (void)pthread_mutex_lock(&reader->lock);
    sw_list_push_back(&reader->wishes, &wish->link);
    (void)pthread_cond_broadcast(&reader->changed);
    (void)pthread_mutex_unlock(&reader->lock);
}

void sw_catalog_reader_close(struct sw_catalog_reader *reader)
{
    const char *name;
    size_t at = 0;
    char *text;

    if (reader == NULL)
        return;
    (void)pthread_mutex_lock(&reader->lock);
    atomic_store(&reader->is_stopping, true);
    (void)pthread_cond_broadcast(&reader->changed);
    (void)pthread_mutex_unlock(&reader->lock);
    (void)pthread_join(reader->thread, NULL);
    while ((text = sw_textmap_next(&reader->kept, &at, &name)) != NULL)
        free(text);
    sw_textmap_finish(&reader->kept);
    (void)pthread_mutex_destroy(&reader->lock);
    (void)pthread_cond_destroy(&reader->changed);
    free(reader);
}
