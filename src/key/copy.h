/*
 * copy - what the readers of the formats share.
 */
#ifndef SW_KEY_COPY_INTERNAL_H
#define SW_KEY_COPY_INTERNAL_H

#include "shardward/key/copy.h"

/* The field number rows->field begins. */
void sw_copy_begin_field(struct sw_copy_rows *rows);
/* Keep bytes of the field at hand, if it is of the key. */
void sw_copy_keep(struct sw_copy_rows *rows, const uint8_t *bytes, size_t len);
/* No field of the next row was found yet. */
void sw_copy_begin_row(struct sw_copy_rows *rows);
/* The row is over: are all parts of its key there? @decode appends to `text` what stands in
 * `raw` for a part. */
enum sw_copy_step sw_copy_end_row(struct sw_copy_rows *rows,
                                  void (*decode)(struct sw_copy_rows *rows, int part));

/* copy_binary.c */
void sw_copy_binary_init(struct sw_copy_rows *rows);
size_t sw_copy_binary_read(struct sw_copy_rows *rows, const uint8_t *bytes, size_t len,
                           enum sw_copy_step *step);
enum sw_copy_step sw_copy_binary_end(struct sw_copy_rows *rows);

#endif
