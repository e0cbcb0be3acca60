/*
 * text - reading numbers and names out of text.
 */
#ifndef SW_BASE_TEXT_H
#define SW_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does @text (@len bytes, may hold no zero byte) read as a 64-bit integer in the way of
 * PostgreSQL's int8in: spaces around it, a sign, decimal digits? */
bool sw_text_to_int64(const char *text, size_t len, int64_t *value);

/* Letters A-Z lowered into @out (@size bytes with the zero byte); false when it does not fit.
 */
bool sw_text_lower(const char *text, char *out, size_t size);

/* Is the text one of the @count texts of the sorted array @sorted (by strcmp)? */
bool sw_text_is_one_of(const char *text, const char *const *sorted, size_t count);

/* The length in bytes of the UTF-8 character at @at (@len > 0 bytes), or 0 of bytes that are
 * none (RFC 3629, and PostgreSQL: shortest form, no surrogates, up to U+10FFFF). */
size_t sw_utf8_character(const unsigned char *at, size_t len);
bool sw_text_is_utf8(const char *text);
/* How many characters of UTF-8 begin in the @len bytes at @text. */
int sw_text_characters(const char *text, size_t len);

/* How many of the @len bytes at @text, from the first one, are whole characters of UTF-8: @len
 * if all are. */
size_t sw_text_utf8_len(const char *text, size_t len);

/* @text as a literal of SQL, whatever standard_conforming_strings says; free() it. */
char *sw_text_literal(const char *text);

#endif
