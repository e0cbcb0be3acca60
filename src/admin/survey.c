#include "survey.h"

#include "shardward/base/clock.h"
#include "shardward/base/cond.h"
#include "shardward/base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Asking: so many times at once, and so often in the long run. */
enum { BURST = 10, REFILL_US = 50 * 1000 };

struct sw_surveyor {
    struct sw_http_setup setup;
    struct sw_mailbox *mailbox; /* of the control thread */
    atomic_bool is_closing;
    struct sw_survey *last, *late;
    uint64_t refilled_us;
    int tokens;
    pthread_mutex_t lock; /* for what the parts are about */
    pthread_cond_t has_changed;
};

/* --- on the loops --- */

static void note_tally(void *owner, const struct sw_tally *tally)
{
    struct sw_survey_part *part = owner;

    part->tallies = sw_sum_copy(&part->arena, tally, part->tallies);
}

static void note_pool(void *owner, const struct sw_pool_facts *facts)
{
    struct sw_survey_part *part = owner;
    struct sw_pool_copy *copy = sw_arena_alloc(&part->arena, sizeof *copy);

    copy->next = part->pools;
    copy->facts = *facts;
    copy->facts.user = sw_arena_strdup(&part->arena, facts->user);
    copy->facts.database = sw_arena_strdup(&part->arena, facts->database);
    copy->facts.shard = sw_arena_strdup(&part->arena, facts->shard);
    copy->facts.node = sw_arena_strdup(&part->arena, facts->node);
    copy->facts.address = copy->facts.dbname = copy->facts.server_user = NULL;
    part->pools = copy;
}

static bool is_same(const char *one, const char *two)
{
    return one == NULL || two == NULL ? one == two : strcmp(one, two) == 0;
}

static void note_client(void *owner, const char *database, enum sw_client_state state)
{
    struct sw_survey_part *part = owner;
    struct sw_client_count *count = part->clients;

    while (count != NULL && !is_same(count->database, database))
        count = count->next;
    if (count == NULL) {
        count = sw_arena_alloc(&part->arena, sizeof *count);
        *count = (struct sw_client_count){.next = part->clients};
        count->database = database == NULL ? NULL : sw_arena_strdup(&part->arena, database);
        part->clients = count;
    }
    count->by_state[state]++;
}

static void note_class(void *owner, const struct sw_class_tally *tally)
{
    struct sw_survey_part *part = owner;
    struct sw_class_copy *copy = sw_arena_alloc(&part->arena, sizeof *copy);

    copy->next = part->classes;
    copy->tally = *tally;
    copy->tally.database = sw_arena_strdup(&part->arena, tally->database);
    part->classes = copy;
}

static void note_error(void *owner, const char *class, uint64_t count)
{
    struct sw_survey_part *part = owner;
    struct sw_error_count *copy = sw_arena_alloc(&part->arena, sizeof *copy);

    *copy = (struct sw_error_count){part->errors, sw_arena_strdup(&part->arena, class), count};
    part->errors = copy;
}

static void fill(struct sw_survey_part *part)
{
    const struct sw_surveyor *surveyor = part->survey->surveyor;

    if (part->worker == NULL) {
        surveyor->setup.tell(surveyor->setup.owner, &part->control);
        return;
    }
    sw_sessions_each_tally(part->worker->sessions, note_tally, part);
    sw_sessions_each_state(part->worker->sessions, note_client, part);
    sw_sessions_each_class_tally(part->worker->sessions, note_class, part);
    sw_sessions_each_error_class(part->worker->sessions, note_error, part);
    sw_sessions_measure(part->worker->sessions, &part->memory);
    sw_pools_each(part->worker->pools, note_pool, part);
}

static void free_survey(struct sw_survey *survey)
{
    for (int i = 0; survey != NULL && i < survey->part_count; i++)
        sw_arena_finish(&survey->parts[i].arena);
    free(survey);
}

static void on_asked(struct sw_letter *letter)
{
    struct sw_survey_part *part = SW_OWNER(letter, struct sw_survey_part, letter);
    struct sw_survey *survey = part->survey;
    struct sw_surveyor *surveyor = survey->surveyor;
    bool is_nobodys;

    if (!atomic_load(&surveyor->is_closing))
        fill(part);
    (void)pthread_mutex_lock(&surveyor->lock);
    part->took_us = sw_clock_us() - survey->began_us;
    part->has_answered = true;
    survey->left--;
    is_nobodys = survey->left == 0 && survey->is_unwanted;
    (void)pthread_cond_broadcast(&surveyor->has_changed);
    (void)pthread_mutex_unlock(&surveyor->lock);
    if (is_nobodys)
        free_survey(survey);
}

/* --- asking --- */

struct sw_surveyor *sw_surveyor_create(const struct sw_http_setup *setup)
{
    struct sw_surveyor *surveyor = sw_alloc_zero(1, sizeof *surveyor);

    surveyor->setup = *setup;
    surveyor->mailbox = sw_mailbox_create(setup->loop);
    surveyor->tokens = BURST;
    surveyor->refilled_us = sw_clock_us();
    (void)pthread_mutex_init(&surveyor->lock, NULL);
    sw_cond_init(&surveyor->has_changed);
    return surveyor;
}

static struct sw_survey *ask(struct sw_surveyor *surveyor)
{
    int count = surveyor->setup.worker_count + 1;
    struct sw_survey *survey =
        sw_alloc_zero(1, sizeof *survey + (size_t)count * sizeof survey->parts[0]);

    survey->surveyor = surveyor;
    survey->began_us = sw_clock_us();
    survey->left = survey->part_count = count;
    for (int i = 0; i < count; i++) {
        struct sw_survey_part *part = &survey->parts[i];

        part->survey = survey;
        part->letter.on_read = on_asked;
        part->worker = i < count - 1 ? &surveyor->setup.workers[i] : NULL;
        sw_arena_init(&part->arena);
    }
    for (int i = 0; i < count; i++)
        sw_mailbox_post(i < count - 1 ? surveyor->setup.workers[i].mailbox : surveyor->mailbox,
                        &survey->parts[i].letter);
    return survey;
}

/* Under the lock. */
static void wait_for(struct sw_surveyor *surveyor, const struct sw_survey *survey,
                     const atomic_bool *gives_up)
{
    uint64_t until_ms = survey->began_us / 1000 + SW_HTTP_PATIENCE_MS;

    while (survey->left > 0 && !atomic_load(gives_up) &&
           sw_cond_wait(&surveyor->has_changed, &surveyor->lock, until_ms))
        continue;
}

static bool may_ask(struct sw_surveyor *surveyor)
{
    uint64_t now_us = sw_clock_us(), more = (now_us - surveyor->refilled_us) / REFILL_US;

    surveyor->refilled_us += more * REFILL_US;
    surveyor->tokens =
        more > BURST - (uint64_t)surveyor->tokens ? BURST : surveyor->tokens + (int)more;
    if (surveyor->tokens == 0)
        return surveyor->last == NULL;
    surveyor->tokens--;
    return true;
}

const struct sw_survey *sw_survey_take(struct sw_surveyor *surveyor,
                                       const atomic_bool *gives_up,
                                       const struct sw_survey **late)
{
    (void)pthread_mutex_lock(&surveyor->lock);
    if (surveyor->late != NULL && surveyor->late->left == 0) {
        free_survey(surveyor->late); /* what it says is of long ago */
        surveyor->late = NULL;
    }
    if (surveyor->late == NULL && may_ask(surveyor)) {
        struct sw_survey *survey = ask(surveyor);

        wait_for(surveyor, survey, gives_up);
        if (survey->left > 0) {
            surveyor->late = survey;
        } else {
            free_survey(surveyor->last);
            surveyor->last = survey;
        }
    }
    (void)pthread_mutex_unlock(&surveyor->lock);
    *late = surveyor->late;
    return surveyor->last;
}

void sw_surveyor_wake(struct sw_surveyor *surveyor)
{
    (void)pthread_mutex_lock(&surveyor->lock);
    (void)pthread_cond_broadcast(&surveyor->has_changed);
    (void)pthread_mutex_unlock(&surveyor->lock);
}

bool sw_survey_has_answered(const struct sw_survey_part *part)
{
    struct sw_surveyor *surveyor = part->survey->surveyor;
    bool has_answered;

    (void)pthread_mutex_lock(&surveyor->lock);
    has_answered = part->has_answered;
    (void)pthread_mutex_unlock(&surveyor->lock);
    return has_answered;
}

void sw_survey_name(const struct sw_survey *survey, int part, char *name, size_t size)
{
    if (survey->parts[part].worker == NULL)
        (void)snprintf(name, size, "control");
    else
        (void)snprintf(name, size, "worker %d", part);
}

/* --- the end --- */

void sw_surveyor_close(struct sw_surveyor *surveyor)
{
    struct sw_survey *late = surveyor->late;

    atomic_store(&surveyor->is_closing, true);
    surveyor->late = NULL;
    (void)pthread_mutex_lock(&surveyor->lock);
    if (late != NULL && late->left > 0) {
        late->is_unwanted = true; /* its last letter frees it */
        late = NULL;
    }
    (void)pthread_mutex_unlock(&surveyor->lock);
    free_survey(late);
}

void sw_surveyor_free(struct sw_surveyor *surveyor)
{
    sw_mailbox_close(surveyor->mailbox);
    free_survey(surveyor->last);
    (void)pthread_cond_destroy(&surveyor->has_changed);
    (void)pthread_mutex_destroy(&surveyor->lock);
    free(surveyor);
}
