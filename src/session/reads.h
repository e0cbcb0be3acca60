/*
 * reads - where a session's reads may go, and what they have to see.
 *
 * A read leaves the primary only if all that runs with it is known to change nothing and to be
 * answered by a standby as the primary would answer it with the same rows; everything else goes
 * to the primary, silently. What it has to see is a token for each cluster: how far the session
 * has written or seen its WAL. Servers tell that behind each run, in the same flight, as soon
 * as any of the session's reads may leave the primary; others pay nothing.
 */
#ifndef SW_SESSION_READS_H
#define SW_SESSION_READS_H

#include "shardward/config/config.h"
#include "shardward/topology/reads.h"

struct sw_buf;
struct sw_error;
struct sw_frame;
struct sw_leg;
struct sw_leg_guard;
struct sw_leg_work;
struct sw_node;
struct sw_pool;
struct sw_session;
struct sw_shard;
struct sw_statement;

enum { SW_READ_UNSAID = -1 };

struct sw_reads {
    enum sw_read_mode mode, start;  /* of the session; where RESET goes back to */
    int local;                      /* of the transaction, or SW_READ_UNSAID */
    int hint;                       /* of the text at hand, or SW_READ_UNSAID */
    char *start_mode, *start_token; /* from the start-up packet; NULL: not said */
    bool has_worked;                /* it has read or written rows */
    bool is_tracked;                /* tokens are kept */
    struct sw_token *tokens;        /* by the index of the map's clusters */
    uint32_t turn;                  /* decides between replicas that are equal */

    /* Of the run. */
    const struct sw_node *replica; /* where it works and may yet leave; NULL: nowhere */
    const struct sw_cluster *cluster;
    bool is_on_replica;       /* be it one that its transaction cannot leave */
    uint64_t avoided;         /* by the index of its cluster's nodes: they have failed */
    struct sw_error *failure; /* of the last one; NULL: none has */
    bool is_for_primary;      /* whatever it is */
    bool goes_again;          /* elsewhere, when its replica has come to an end with it */
    bool is_told;             /* the client has been sent something of it */
    uint64_t mark;            /* so many bytes were for the client before it */
};

/* --- the setting: own.c --- */

/* Called when the user is known. False: 22023, the start-up packet says nonsense. */
bool sw_session_start_reads(struct sw_session *session, struct sw_error *err);
void sw_session_finish_reads(struct sw_session *session);
/* Take @value of the start-up packet, if @name is a setting of shardward itself. */
bool sw_session_take_own(struct sw_session *session, const char *name, const char *value);
/* What a comment in front of @text says: enum sw_read_mode, or SW_READ_UNSAID. */
int sw_session_hint(const char *text);
/* Where @statement may be read, as the session and the hint have it. */
enum sw_read_mode sw_session_read_mode(struct sw_session *session,
                                       const struct sw_statement *statement);
/* Carry out @statement, which is SET_OWN. False: 22023. */
bool sw_session_set_own(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err);
void sw_session_reset_own(struct sw_session *session); /* RESET ALL has been carried out */
/* If @statement shows such a setting: see to it that servers know its value. */
void sw_session_lend_own(struct sw_session *session, const struct sw_statement *statement);

/* --- tokens.c --- */

/* From now on tokens are kept. */
void sw_session_track(struct sw_session *session);
struct sw_token *sw_session_token(struct sw_session *session, const struct sw_shard *shard);
/* It is not known what the session has seen or written, of any cluster. */
void sw_session_doubt_tokens(struct sw_session *session);
/* The session follows from the map @before to another one. */
void sw_session_move_tokens(struct sw_session *session, const struct sw_map *before);
void sw_session_print_tokens(struct sw_session *session, struct sw_buf *text);
/* Add what @text says to the tokens. False: 22023, and nothing has changed. */
bool sw_session_add_tokens(struct sw_session *session, const char *text, struct sw_error *err);
/* What the leg of a run asks behind it. */
void sw_session_ask(struct sw_session *session, const struct sw_leg *leg,
                    struct sw_leg_work *work);
/* The run on @leg, which still has its server, has ended with @status. */
void sw_session_note_seen(struct sw_session *session, const struct sw_leg *leg, char status);
/* What the run on @leg, which still has its server, has seen at the most. */
struct sw_token sw_session_place(const struct sw_session *session, const struct sw_leg *leg);

/* --- replicas.c --- */

/* Its run is for the primary unless @statement, an EXECUTE, adds nothing but constants to what
 * it executes. True. */
bool sw_session_check_reading(struct sw_session *session, const struct sw_statement *statement);
/* The pool that the run on @leg for @shard borrows from: the primary's, or a replica's, whose
 * guard is in *@work then. False: 57P03, there is no replica; or why the last one failed. */
bool sw_session_choose_pool(struct sw_session *session, const struct sw_leg *leg,
                            const struct sw_shard *shard, struct sw_leg_work *work,
                            struct sw_pool **pool, struct sw_error *err);
/* The run is sent now; something of its answer is sent on. */
void sw_session_mark_answer(struct sw_session *session);
void sw_session_tell_answer(struct sw_session *session);
/* Its replica has failed it, and the client need not know: with an error; without having begun;
 * with the connection. The run is to be started again, when the replica is done with it. */
bool sw_session_leaves_replica(struct sw_session *session, const struct sw_frame *frame);
bool sw_session_shuns_replica(struct sw_session *session, const struct sw_leg *leg,
                              const struct sw_error *err);
bool sw_session_loses_replica(struct sw_session *session, const struct sw_error *err);
/* Is the run over, on @leg, to be started again? */
bool sw_session_goes_again(struct sw_session *session, const struct sw_leg *leg);
/* It is as it was before it was sent. */
void sw_session_unsend(struct sw_session *session);
void sw_session_forget_replica(struct sw_session *session); /* the run is over */
/* Why a replica has failed, to be told if there is no other one. */
void sw_session_keep_failure(struct sw_session *session, const struct sw_error *err);

/* May @statement be executed after what the transaction has done? False: 0A000, who waits for a
 * lock has to see what was written under it, and a replica may not have it. */
bool sw_session_may_meet(struct sw_session *session, const struct sw_statement *statement,
                         struct sw_error *err);

/* For relieving.c: may the session's run, over several shards, leave their primaries? */
bool sw_session_may_relieve(const struct sw_session *session);
/* The index of the node of the shard's cluster that may be read, except for the @avoided ones;
 * -1: none. *usable: how many there would be, whatever they have replayed. */
int sw_session_choose_replica(struct sw_session *session, const struct sw_shard *shard,
                              uint64_t avoided, int *usable);
/* The guard of a read on @node. */
void sw_session_guard(struct sw_session *session, const struct sw_shard *shard,
                      const struct sw_node *node, struct sw_leg_guard *guard);
/* 57P03, there is no replica; or why the last one failed. False. */
bool sw_session_refuse_reading(const struct sw_session *session,
                               const struct sw_cluster *cluster, struct sw_error *err);
/* Is it what a standby cannot do, and a primary perhaps can? Or has its replay gone first, or
 * does the node end? */
bool sw_error_is_of_standby(const struct sw_error *err);
bool sw_error_is_of_moment(const struct sw_error *err);

#endif
