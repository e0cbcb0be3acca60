/*
 * survey - one question to all loops of the process, asked by a thread that has none.
 *
 *   take() --letter--> each loop: copies what it knows, under its own eyes --> take() is woken
 *
 * A loop that does not answer in time makes the survey late: until it has answered, nobody is
 * asked again, and what all have answered last is what is known.
 */
#ifndef SW_ADMIN_SURVEY_H
#define SW_ADMIN_SURVEY_H

#include "sums.h"

#include "shardward/admin/http.h"
#include "shardward/pool/pool.h"

/* One worker's half of a pool. */
struct sw_pool_copy {
    struct sw_pool_copy *next;
    struct sw_pool_facts facts;
};

/* Clients of one database. */
struct sw_client_count {
    struct sw_client_count *next;
    const char *database; /* NULL: not said yet */
    uint64_t by_state[SW_CLIENT_STATES];
};

/* What runs of one database were. */
struct sw_class_copy {
    struct sw_class_copy *next;
    struct sw_class_tally tally;
};

/* Errors of one class of SQLSTATE. */
struct sw_error_count {
    struct sw_error_count *next;
    const char *class;
    uint64_t count;
};

struct sw_survey;

struct sw_survey_part {
    struct sw_letter letter;
    struct sw_survey *survey;
    const struct sw_admin_worker *worker; /* NULL: of the control thread */
    /* Filled in by the loop, and read when it has answered. */
    uint64_t took_us;
    bool has_answered; /* under the surveyor's lock */
    struct sw_arena arena;
    struct sw_sum *tallies;
    struct sw_pool_copy *pools;
    struct sw_client_count *clients;
    struct sw_class_copy *classes;
    struct sw_error_count *errors;
    struct sw_sessions_memory memory;
    struct sw_http_facts control;
};

struct sw_survey {
    struct sw_surveyor *surveyor;
    uint64_t began_us;
    int left; /* parts; under the lock, as is: */
    bool is_unwanted;
    int part_count;
    struct sw_survey_part parts[]; /* the workers, by their numbers, then the control thread */
};

struct sw_surveyor;

struct sw_surveyor *sw_surveyor_create(const struct sw_http_setup *setup);
void sw_surveyor_close(struct sw_surveyor *surveyor); /* no take() is under way */
void sw_surveyor_free(struct sw_surveyor *surveyor);  /* all letters have been read */

/*
 * Ask, and wait for SW_HTTP_PATIENCE_MS at the most, or until @gives_up is set and
 * sw_surveyor_wake() called. Whoever asks too often is told what was answered a moment ago.
 * Returns what all answered last (NULL: never yet); *late: the survey that still waits for an
 * answer (NULL: none does). Both are borrowed until the next take(); one at a time.
 */
const struct sw_survey *sw_survey_take(struct sw_surveyor *surveyor,
                                       const atomic_bool *gives_up,
                                       const struct sw_survey **late);
void sw_surveyor_wake(struct sw_surveyor *surveyor);

/* Has this part of a late survey been answered? */
bool sw_survey_has_answered(const struct sw_survey_part *part);
/* "worker 3", "control" */
void sw_survey_name(const struct sw_survey *survey, int part, char *name, size_t size);

#endif
