/*
 * question - what a node is asked, and how its answers are read.
 */
#ifndef SW_HEALTH_QUESTION_H
#define SW_HEALTH_QUESTION_H

#include "shardward/health/words.h"

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

#endif
