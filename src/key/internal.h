/*
 * What the files of this room share.
 */
#ifndef SW_KEY_INTERNAL_H
#define SW_KEY_INTERNAL_H

#include "shardward/key/value.h"

/* How much of a foreign text an error shows. */
enum { SW_KEY_TEXT_SHOWN = 200 };

bool sw_key_is_space(char c);
int sw_key_shown(size_t len);

/* dates.c: text to days or microseconds since 2000-01-01, and back. */
bool sw_key_moment_of_text(enum sw_key_type type, const char *text, size_t len, bool is_utc,
                           int64_t *number, struct sw_error *err);
bool sw_key_moment_is_valid(enum sw_key_type type, int64_t number, struct sw_error *err);
void sw_key_moment_print(enum sw_key_type type, int64_t number, char out[SW_KEY_SHOWN]);

#endif
