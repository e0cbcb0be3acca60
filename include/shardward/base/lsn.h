/*
 * lsn - places in a server's write-ahead log, as PostgreSQL prints and reads them (pg_lsn).
 */
#ifndef SW_BASE_LSN_H
#define SW_BASE_LSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SW_LSN_TEXT = 20 };

void sw_lsn_print(uint64_t lsn, char text[SW_LSN_TEXT]); /* "16/B374D848" */
/* Read what stands in [text, text + len); false: it is none, and *lsn is untouched. */
bool sw_lsn_read(const char *text, size_t len, uint64_t *lsn);

#endif
