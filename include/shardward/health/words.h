/*
 * words - what servers say, read: positions, histories of timelines, errors. Pure.
 */
#ifndef SW_HEALTH_WORDS_H
#define SW_HEALTH_WORDS_H

#include "shardward/health/verdict.h"

/* "16/B374D848"; 0: it is none. */
uint64_t sw_words_lsn(const char *text);
/* The text of a timeline's history, as TIMELINE_HISTORY gives it; of too many the last ones. */
void sw_words_history(const char *text, struct sw_vitals *vitals);
/* What an error of a server says of its health. */
enum sw_outcome sw_words_outcome(const char *sqlstate);
/* What a connection that was not to be says of the node: by its SQLSTATE, or if that is empty
 * by what libpq says of the system's error. */
enum sw_outcome sw_words_failure(const char *sqlstate, const char *text);

#endif
