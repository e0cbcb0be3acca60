#include "shardward/catalog/lookup.h"

#include "shardward/base/clock.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "talk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { ASK_MS = 5000, MOST_KEPT = 10000 };

struct kept {
    char *secret; /* NULL: there is no such user */
    uint64_t until_us;
};

struct sw_lookup {
    struct sw_board *board;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    atomic_bool is_closing;
    struct sw_link asked;   /* questions, in their order; under the lock */
    struct sw_textmap kept; /* -> struct kept; under the lock */
    int kept_count;

    /* The thread's. */
    struct sw_talk talk;
    char *place; /* where the talk leads, and as whom; NULL: nowhere */
};

static void free_secret(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void sw_lookup_question_free(struct sw_lookup_question *question)
{
    free_secret(question->secret);
    free(question->user);
    sw_map_unref(question->map);
    free(question);
}

/* --- what is kept; under the lock --- */

static void free_kept(struct kept *kept)
{
    if (kept != NULL)
        free_secret(kept->secret);
    free(kept);
}

static char *key_of(const char *database, const char *user)
{
    return sw_format("%s\x1f%s", database, user);
}

static void forget(struct sw_lookup *lookup, const char *key)
{
    struct kept *kept = sw_textmap_remove(&lookup->kept, key);

    lookup->kept_count -= kept != NULL;
    free_kept(kept);
}

static void forget_all(struct sw_lookup *lookup)
{
    struct kept *kept;
    size_t at = 0;

    while ((kept = sw_textmap_next(&lookup->kept, &at, NULL)) != NULL)
        free_kept(kept);
    sw_textmap_finish(&lookup->kept);
    sw_textmap_init(&lookup->kept);
    lookup->kept_count = 0;
}

static void keep(struct sw_lookup *lookup, const struct sw_lookup_question *question)
{
    int cache_ms = question->map->config->auth_query.cache_ms;
    char *key = key_of(question->database->name, question->user);
    struct kept *kept;

    forget(lookup, key);
    if (lookup->kept_count >= MOST_KEPT)
        forget_all(lookup);
    if (cache_ms > 0) {
        kept = sw_alloc_zero(1, sizeof *kept);
        kept->secret = question->secret == NULL ? NULL : sw_strdup(question->secret);
        kept->until_us = sw_clock_us() + (uint64_t)cache_ms * 1000;
        (void)sw_textmap_put(&lookup->kept, key, kept);
        lookup->kept_count++;
    }
    free(key);
}

static bool recall(struct sw_lookup *lookup, struct sw_lookup_question *question)
{
    char *key = key_of(question->database->name, question->user);
    const struct kept *kept = sw_textmap_get(&lookup->kept, key);
    bool is_known = kept != NULL && kept->until_us > sw_clock_us();

    if (is_known)
        question->secret = kept->secret == NULL ? NULL : sw_strdup(kept->secret);
    free(key);
    return is_known;
}

void sw_lookup_forget(struct sw_lookup *lookup, const char *database, const char *user)
{
    char *key = key_of(database, user);

    (void)pthread_mutex_lock(&lookup->lock);
    forget(lookup, key);
    (void)pthread_mutex_unlock(&lookup->lock);
    free(key);
}

/* --- asking; the thread's --- */

static void hang_up(struct sw_lookup *lookup)
{
    if (lookup->place != NULL)
        sw_talk_close(&lookup->talk);
    free_secret(lookup->place);
    lookup->place = NULL;
}

/* The catalog database, where it can be asked now; NULL: nowhere. Of the question's map. */
static const struct sw_node *node_for(const struct sw_lookup *lookup,
                                      const struct sw_lookup_question *question)
{
    struct sw_state *state = sw_board_state(lookup->board);
    const struct sw_node *node = sw_state_primary(state, question->database->catalog->cluster);

    sw_state_unref(state);
    return node;
}

/* Where a talk with @node leads, and as whom. */
static char *place_of(const struct sw_node *node, const struct sw_shard *shard,
                      const struct sw_config_auth_query *query)
{
    char *tls = sw_tls_client_text(node->tls);
    char *place = sw_format("%s\n%d\n%s\n%s\n%s\n%s", node->address, node->port, shard->dbname,
                            tls, query->user, query->password == NULL ? "" : query->password);

    free(tls);
    return place;
}

static bool connect_to(struct sw_lookup *lookup, const struct sw_lookup_question *question,
                       struct sw_error *err)
{
    const struct sw_shard *shard = question->database->catalog;
    const struct sw_node *node = node_for(lookup, question);
    const struct sw_config *config = question->map->config;
    const struct sw_config_auth_query *query = &config->auth_query;
    int connect_ms = config->timeouts.connect_ms > 0 ? config->timeouts.connect_ms : ASK_MS;
    char *place;

    if (node == NULL)
        return sw_error_set(err, "57P03", "cluster \"%s\" has no primary now",
                            shard->cluster->name);
    place = place_of(node, shard, query);
    if (lookup->place != NULL && strcmp(lookup->place, place) == 0 &&
        PQstatus(lookup->talk.conn) == CONNECTION_OK) {
        free_secret(place);
        return true;
    }
    hang_up(lookup);
    lookup->talk = (struct sw_talk){.node = node, .waiting.is_stopping = &lookup->is_closing};
    lookup->place = place;
    if (sw_talk_open_as(&lookup->talk, shard,
                        &(struct sw_talk_as){query->user, query->password, "shardward auth"},
                        connect_ms, err))
        return true;
    hang_up(lookup);
    return false;
}

struct answer {
    struct sw_lookup_question *question;
    struct sw_error *err;
};

static void on_result(void *owner, const PGresult *result)
{
    const struct answer *answer = owner;

    if (PQnfields(result) != 2 || PQntuples(result) > 1)
        sw_error_set(answer->err, "21000",
                     "auth_query gives %d rows of %d columns, and not a name and a password",
                     PQntuples(result), PQnfields(result));
    else if (PQntuples(result) == 1 && !PQgetisnull(result, 0, 1))
        answer->question->secret = sw_strdup(PQgetvalue(result, 0, 1));
}

static bool ask_once(struct sw_lookup *lookup, struct sw_lookup_question *question)
{
    struct sw_error *err = &question->err;
    struct answer answer = {question, err};

    *err = (struct sw_error){0};
    if (!connect_to(lookup, question, err))
        return false;
    sw_talk_renew(&lookup->talk, ASK_MS);
    if (sw_talk_ask(&lookup->talk, question->map->config->auth_query.text, question->user,
                    on_result, &answer, err) &&
        err->sqlstate[0] == '\0')
        return true;
    free_secret(question->secret);
    question->secret = NULL;
    if (sw_error_is(err, "08006"))
        hang_up(lookup);
    return false;
}

/* A connection that was kept may have died meanwhile. */
static bool ask(struct sw_lookup *lookup, struct sw_lookup_question *question)
{
    static struct sw_log_limit limit;
    bool was_there = lookup->place != NULL;

    if (ask_once(lookup, question) ||
        (was_there && sw_error_is(&question->err, "08006") && ask_once(lookup, question)))
        return true;
    sw_log_limited(&limit, SW_LOG_WARNING, "auth-query-failed",
                   "database=\"%s\" sqlstate=%s reason=\"%s\"", question->database->name,
                   question->err.sqlstate, question->err.message);
    return false;
}

static struct sw_lookup_question *wait_for_question(struct sw_lookup *lookup)
{
    struct sw_link *link = sw_list_first(&lookup->asked);

    for (; link == NULL && !atomic_load(&lookup->is_closing);
         link = sw_list_first(&lookup->asked))
        (void)pthread_cond_wait(&lookup->has_work, &lookup->lock);
    if (link == NULL || atomic_load(&lookup->is_closing))
        return NULL;
    sw_link_remove(link);
    return SW_OWNER(link, struct sw_lookup_question, link);
}

static void *run_thread(void *owner)
{
    struct sw_lookup *lookup = owner;
    struct sw_lookup_question *question;

    (void)pthread_mutex_lock(&lookup->lock);
    while ((question = wait_for_question(lookup)) != NULL) {
        if (!recall(lookup, question)) {
            bool is_answered;

            (void)pthread_mutex_unlock(&lookup->lock);
            is_answered = ask(lookup, question);
            (void)pthread_mutex_lock(&lookup->lock);
            if (is_answered)
                keep(lookup, question);
        }
        sw_mailbox_post(question->mailbox, &question->letter);
    }
    (void)pthread_mutex_unlock(&lookup->lock);
    hang_up(lookup);
    return NULL;
}

/* --- for the others --- */

void sw_lookup_ask(struct sw_lookup *lookup, struct sw_lookup_question *question)
{
    (void)pthread_mutex_lock(&lookup->lock);
    sw_list_push_back(&lookup->asked, &question->link);
    (void)pthread_cond_signal(&lookup->has_work);
    (void)pthread_mutex_unlock(&lookup->lock);
}

struct sw_lookup *sw_lookup_create(struct sw_board *board, struct sw_error *err)
{
    struct sw_lookup *lookup = sw_alloc_zero(1, sizeof *lookup);
    int failed;

    lookup->board = board;
    (void)pthread_mutex_init(&lookup->lock, NULL);
    (void)pthread_cond_init(&lookup->has_work, NULL);
    sw_link_init(&lookup->asked);
    sw_textmap_init(&lookup->kept);
    failed = pthread_create(&lookup->thread, NULL, run_thread, lookup);
    if (failed == 0)
        return lookup;
    sw_error_set(err, "53000", "cannot start a thread: %s", strerror(failed));
    free(lookup);
    return NULL;
}

void sw_lookup_close(struct sw_lookup *lookup)
{
    struct sw_link *link;

    if (lookup == NULL)
        return;
    (void)pthread_mutex_lock(&lookup->lock);
    atomic_store(&lookup->is_closing, true);
    (void)pthread_cond_signal(&lookup->has_work);
    (void)pthread_mutex_unlock(&lookup->lock);
    (void)pthread_join(lookup->thread, NULL);
    while ((link = sw_list_first(&lookup->asked)) != NULL) {
        struct sw_lookup_question *question = SW_OWNER(link, struct sw_lookup_question, link);

        sw_link_remove(link);
        sw_mailbox_post(question->mailbox, &question->letter);
    }
    forget_all(lookup);
    sw_textmap_finish(&lookup->kept);
    (void)pthread_mutex_destroy(&lookup->lock);
    (void)pthread_cond_destroy(&lookup->has_work);
    free(lookup);
}
