/*
 * ask - a question to all workers, by letters there and back.
 *
 *   ask --letter--> each worker: on_worker() fills its part --letter--> control: on_all()
 *
 * The console may have gone when the answers are here; they are thrown away then.
 */
#ifndef SW_ADMIN_ASK_H
#define SW_ADMIN_ASK_H

#include "answer.h"
#include "internal.h"
#include "shardward/io/mailbox.h"

struct sw_ask;

struct sw_part {
    struct sw_letter letter;
    struct sw_ask *ask;
    const struct sw_admin_worker *worker;
    struct sw_answer answer; /* its arena holds whatever on_worker() has to bring back */
    void *list;              /* ... beside rows; in that arena */
    int count;
};

struct sw_ask_kind {
    const struct sw_columns *columns; /* of the parts' answers */
    void (*on_worker)(struct sw_part *part);
    /* All parts are here. @console is NULL if the question was nobody's. */
    void (*on_all)(struct sw_console *console, struct sw_ask *ask);
};

struct sw_ask {
    struct sw_admin *admin;
    uint32_t console_id; /* 0: nobody's */
    const struct sw_ask_kind *kind;
    struct sw_map *map; /* that of the question, for the workers to read; shared */
    char *word;         /* what the question is about; may be NULL */
    uint32_t number;
    int left, part_count;
    struct sw_part parts[];
};

/* Ask; @console may be NULL, @word (copied) too. */
void sw_ask(struct sw_admin *admin, struct sw_console *console, const struct sw_ask_kind *kind,
            const char *word, uint32_t number);
/* An on_all that appends the parts' rows to the command's, and ends it. */
void sw_ask_append(struct sw_console *console, struct sw_ask *ask);
/* The same, rows of equal keys folded into one. */
void sw_ask_join(struct sw_console *console, struct sw_ask *ask);
/* An on_all that only ends the command. */
void sw_ask_done(struct sw_console *console, struct sw_ask *ask);
/* An on_worker: close the servers of database `word` (NULL: all) when they are released. */
void sw_reconnect_part(struct sw_part *part);
int sw_ask_sum(const struct sw_ask *ask); /* of the parts' counts */

#endif
