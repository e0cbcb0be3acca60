#include "reader.h"

#include "shardward/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

char *sw_file_read(const char *path, size_t most, size_t *len, const char **why)
{
    FILE *file = fopen(path, "rb");
    char *bytes;
    bool is_short;

    if (file == NULL) {
        *why = strerror(errno);
        return NULL;
    }
    bytes = sw_alloc(most + 2);
    errno = 0;
    *len = fread(bytes, 1, most + 1, file);
    is_short = ferror(file) == 0 && *len <= most;
    if (!is_short)
        *why = ferror(file) != 0 ? strerror(errno) : "it is too large";
    (void)fclose(file);
    if (!is_short) {
        free(bytes);
        return NULL;
    }
    bytes[*len] = '\0';
    return sw_realloc(bytes, *len + 1);
}
