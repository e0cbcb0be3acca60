/*
 * measure - what a session has done, as it is counted.
 */
#ifndef SW_SESSION_MEASURE_H
#define SW_SESSION_MEASURE_H

#include "shardward/session/tally.h"

struct sw_session;
struct sw_shard;
struct sw_tallies;
struct sw_kinds;
struct sw_error;
struct sw_frame;

/* What is being counted for one session. Tallies are the sessions', and outlive it. */
struct sw_measure {
    struct sw_tally *here;          /* of what needs no server; NULL until the login is over */
    struct sw_class_tally *classes; /* the same */
    struct sw_tally *run;           /* of the run on a server; NULL: there is none */
    uint64_t began_us;              /* of that run */
    uint64_t waited_us;             /* of it, for a server connection */
    bool is_waiting;
    struct sw_tally *transaction; /* in which its first server counts; NULL: none yet */
    uint64_t transaction_began_us;
    uint64_t opened_us;      /* when the transaction was, that is open now; 0: none is */
    uint64_t received, sent; /* bytes that are counted already */
    uint64_t connected_us;
    uint64_t queries;
    uint64_t rows; /* of a run over several shards */
};

struct sw_tallies *sw_tallies_create(void);
void sw_tallies_free(struct sw_tallies *tallies);
/* kinds.c: what runs were, and what errors. */
struct sw_kinds *sw_kinds_create(void);
void sw_kinds_free(struct sw_kinds *kinds);
struct sw_class_tally *sw_kinds_of(struct sw_kinds *kinds, const char *database);
/* A run is over, but not yet forgotten; @took_us 0: it was not measured. */
void sw_kinds_note_run(struct sw_session *session, uint64_t took_us);
/* The client is told an error of ours, or of a server. */
void sw_kinds_note_error(struct sw_kinds *kinds, const struct sw_error *err);
void sw_kinds_note_frame(struct sw_kinds *kinds, const struct sw_frame *frame);

void sw_tally_entered(struct sw_session *session); /* the login is over */
void sw_tally_refusal(struct sw_session *session); /* an error of ours */
/* A run that needs a server is there; it is about to start on @shard; its leg was started; it
 * has its server connection; it is over, but not yet forgotten. */
void sw_tally_asked(struct sw_session *session);
void sw_tally_start(struct sw_session *session, const struct sw_shard *shard);
void sw_tally_started(struct sw_session *session);
/* The run starts on several shards at once. */
void sw_tally_start_several(struct sw_session *session, int count);
void sw_tally_lent(struct sw_session *session);
void sw_tally_end(struct sw_session *session);
void sw_tally_gone(struct sw_session *session); /* the client */

#endif
