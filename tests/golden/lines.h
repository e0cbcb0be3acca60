/*
 * lines - reading golden .sql files: one statement (or script) per line, `--` lines are
 * comments, empty lines count for nothing.
 */
#ifndef GOLDEN_LINES_H
#define GOLDEN_LINES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next statement without its line end, in memory that the next call may reuse; NULL at the
 * end. Start with *line = NULL, *size = 0; free *line in the end. */
static inline char *next_statement(FILE *file, char **line, size_t *size)
{
    ssize_t len;

    while ((len = getline(line, size, file)) >= 0) {
        if (len > 0 && (*line)[len - 1] == '\n')
            (*line)[len - 1] = '\0';
        if ((*line)[0] != '\0' && strncmp(*line, "--", 2) != 0)
            return *line;
    }
    return NULL;
}

#endif
