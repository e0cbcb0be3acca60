#include "reader.h"

#include "shardward/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_SIZE = 4096 };

const char *sw_reader_beside(struct sw_reader *reader, const char *name)
{
    struct sw_arena *arena = &reader->config->arena;
    const char *own = reader->config->path, *slash = strrchr(own, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - own) + 1, len = strlen(name);
    char *path;

    if (name[0] == '/' || folder == 0)
        return sw_arena_strdup(arena, name);
    path = sw_arena_alloc(arena, folder + len + 1);
    memcpy(path, own, folder);
    memcpy(path + folder, name, len + 1);
    return path;
}

/* All of it, or one byte more than @most. */
static char *read_up_to(FILE *file, size_t most, size_t *len)
{
    size_t size = most + 1 < FIRST_SIZE ? most + 1 : FIRST_SIZE;
    char *bytes = sw_alloc(size + 1);

    *len = fread(bytes, 1, size, file);
    while (*len == size && size <= most) {
        size = size > most / 2 ? most + 1 : size * 2;
        bytes = sw_realloc(bytes, size + 1);
        *len += fread(bytes + *len, 1, size - *len, file);
    }
    bytes[*len] = '\0';
    return bytes;
}

char *sw_file_read(const char *path, size_t most, size_t *len, const char **why)
{
    FILE *file = fopen(path, "rb");
    char *bytes;
    bool is_short;

    if (file == NULL) {
        *why = strerror(errno);
        return NULL;
    }
    errno = 0;
    bytes = read_up_to(file, most, len);
    is_short = ferror(file) == 0 && *len <= most;
    if (!is_short)
        *why = ferror(file) != 0 ? strerror(errno) : "it is too large";
    (void)fclose(file);
    if (is_short)
        return sw_realloc(bytes, *len + 1);
    free(bytes);
    return NULL;
}
