/*
 * question - what a node is asked, and how its answers are read.
 */
#ifndef SW_HEALTH_QUESTION_H
#define SW_HEALTH_QUESTION_H

#include "shardward/health/verdict.h"
#include "shardward/health/vitals.h"

#include <libpq-fe.h>

enum { SW_QUESTION_LEN = 2600 };

/* The status question. @writer_pid: of a session of ours that waits for a write; 0: none. */
void sw_question_status(char *sql, size_t size, int writer_pid);
/* The write, which waits for whatever commits wait for. */
extern const char sw_question_write[];

/* Read an answer to the status question. *is_unsynced: the writer waits for standbys. False: it
 * is none. */
bool sw_question_read_status(const PGresult *result, struct sw_vitals *vitals,
                             bool *is_unsynced);
/* The text of a timeline's history, as TIMELINE_HISTORY gives it. */
void sw_question_read_history(const char *text, struct sw_vitals *vitals);

/* What an error of a server or a failed connection says of the node's health. */
enum sw_outcome sw_question_outcome(const char *sqlstate);
/* The SQLSTATE in what libpq says, verbosely, of a connection that was not to be; "" when no
 * server has answered. *text: what it said. */
const char *sw_question_error(const char *message, const char **text, char state[6]);

#endif
