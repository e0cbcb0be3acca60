#ifndef SW_IO_LOCAL_INTERNAL_H
#define SW_IO_LOCAL_INTERNAL_H

#include "shardward/base/error.h"

#include <sys/stat.h>

/* A socket that listens at @path, where what a dead process left is removed. -1: 08006, also if
 * another process listens there. @identity: of the path, for sw_local_remove(). */
int sw_local_listen(const char *path, mode_t mode, struct stat *identity, struct sw_error *err);
/* Remove the path, unless it is another's by now. */
void sw_local_remove(const char *path, const struct stat *identity);

#endif
