/*
 * copy_writer - rows as COPY TO STDOUT would write them.
 *
 *   DataRow (1, 'a,b', NULL)   -->   CopyData 1,"a,b",
 *
 * Byte for byte what PostgreSQL makes of the same values (docs, "COPY", "File Formats";
 * src/backend/commands/copyto.c, CopyAttributeOutText and CopyAttributeOutCSV).
 */
#ifndef SW_MERGE_COPY_WRITER_H
#define SW_MERGE_COPY_WRITER_H

#include "shardward/base/buf.h"
#include "shardward/key/copy.h"

struct sw_copy_writer {
    struct sw_copy_style style; /* its texts are borrowed */
    const bool *quotes;         /* of each column: FORCE_QUOTE; borrowed; NULL: none */
    bool has_begun;             /* in binary: the signature was written */
};

/* Append @rows, whole DataRow messages of @len bytes whose values are texts (of the binary
 * format, binary), as CopyData. False: there is no room in @out, or a row is none. */
bool sw_copy_write(struct sw_copy_writer *writer, const uint8_t *rows, size_t len,
                   struct sw_buf *out);
/* What comes behind the last row. */
void sw_copy_write_end(struct sw_copy_writer *writer, struct sw_buf *out);

#endif
