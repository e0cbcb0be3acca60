/*
 * lookup - users who are not in the configuration, looked up in PostgreSQL as its `auth_query`
 * says.
 *
 * A thread of its own asks, as the user of `auth_query`, on a connection to the catalog
 * database that nobody else uses and no client's settings reach. Answers are kept for a while,
 * for all workers, also that there is no such user. What is found is a secret: it is never
 * logged.
 */
#ifndef SW_CATALOG_LOOKUP_H
#define SW_CATALOG_LOOKUP_H

#include "shardward/board/board.h"
#include "shardward/io/mailbox.h"

struct sw_lookup;

/* A question; the heap's, and its reader's when it comes back. */
struct sw_lookup_question {
    struct sw_letter letter; /* on_read, of the asker, is called in @mailbox */
    struct sw_link link;
    struct sw_mailbox *mailbox;
    struct sw_map *map; /* shared; it has an auth_query */
    const struct sw_database *database;
    char *user;
    /* The answer: a verifier or md5 hash; NULL: no such user, or none that may log in by a
     * password. err.sqlstate is empty unless nobody could be asked. */
    char *secret;
    struct sw_error err;
    void *asker;
};

/* NULL: the thread could not be started. @board is borrowed until it is closed. */
struct sw_lookup *sw_lookup_create(struct sw_board *board, struct sw_error *err);
/* Wait for the thread; questions that are left are answered to nobody. No mailbox may have been
 * closed before. Accepts NULL. */
void sw_lookup_close(struct sw_lookup *lookup);

/* Takes the question. From any thread, as the next one. */
void sw_lookup_ask(struct sw_lookup *lookup, struct sw_lookup_question *question);
/* What was found of a user is not to be believed any longer. */
void sw_lookup_forget(struct sw_lookup *lookup, const char *database, const char *user);
void sw_lookup_question_free(struct sw_lookup_question *question);

#endif
