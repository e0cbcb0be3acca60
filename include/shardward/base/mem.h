/*
 * mem - memory from the heap. Running out is fatal: these functions return memory or abort.
 * What they return is given back with free().
 */
#ifndef SW_BASE_MEM_H
#define SW_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

void *sw_alloc(size_t size);
void *sw_alloc_zero(size_t count, size_t size);
void *sw_realloc(void *memory, size_t size);
void *sw_memdup(const void *bytes, size_t size);
char *sw_strdup(const char *text);
char *sw_strndup(const char *text, size_t len);
/* A new text made as by printf. */
char *sw_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
