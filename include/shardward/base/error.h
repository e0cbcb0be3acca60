/*
 * error - why something failed, in the words the client shall read.
 *
 * A value, owned by the caller, that never allocates. Whoever fails first sets it, with the
 * SQLSTATE (PostgreSQL docs, appendix A); upper rooms only add what they were trying.
 * Text that does not fit is cut, and what is no UTF-8 in it becomes '?'.
 */
#ifndef SW_BASE_ERROR_H
#define SW_BASE_ERROR_H

#include <stdbool.h>

struct sw_error {
    char sqlstate[6];
    int position; /* in characters of the statement, from 1; 0: none */
    char message[512];
    char detail[256];
    char hint[256];
};

/* Start an error anew: detail, hint and position are emptied. Returns false, so that a failing
 * function can end in `return sw_error_set(...)`. */
bool sw_error_set(struct sw_error *err, const char *sqlstate, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));
void sw_error_detail(struct sw_error *err, const char *format, ...)
    __attribute__((cold, format(printf, 2, 3)));
void sw_error_hint(struct sw_error *err, const char *format, ...)
    __attribute__((cold, format(printf, 2, 3)));

/* Put "<what>: " before the message. */
void sw_error_trying(struct sw_error *err, const char *format, ...)
    __attribute__((cold, format(printf, 2, 3)));

bool sw_error_is(const struct sw_error *err, const char *sqlstate);

#endif
