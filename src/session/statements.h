/*
 * statements - what was done, counted by the texts of statements.
 */
#ifndef SW_SESSION_STATEMENTS_H
#define SW_SESSION_STATEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_planned;
struct sw_statement_book;
struct sw_tally;

struct sw_statement_book *sw_statement_book_create(void);
void sw_statement_book_free(struct sw_statement_book *book);
int sw_statement_book_entries(const struct sw_statement_book *book);
size_t sw_statement_book_bytes(const struct sw_statement_book *book);
/* A run of @planned, whose text is @text, took so long. @here and @shard (of a tally) live as
 * long as the book. */
void sw_statement_book_count(struct sw_statement_book *book, struct sw_planned *planned,
                             const char *text, const struct sw_tally *here, const char *shard,
                             uint64_t took_us, uint64_t rows, bool has_failed);

#endif
