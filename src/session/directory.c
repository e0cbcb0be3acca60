#include "internal.h"

#include "shardward/base/mem.h"

enum { FIRST_SIZE = 16 };

/* Ids of one worker differ in what stands before its number, and follow upon each other. */
static struct sw_session **slot_of(const struct sw_directory *directory, uint32_t id)
{
    return &directory->slots[(id / SW_WORKERS_MOST) & (directory->size - 1)];
}

static void put(struct sw_directory *directory, struct sw_session *session)
{
    struct sw_session **slot = slot_of(directory, session->id);

    session->next_in_slot = *slot;
    *slot = session;
}

static void resize(struct sw_directory *directory, uint32_t size)
{
    const struct sw_directory before = *directory;

    directory->size = size;
    directory->slots = sw_alloc_zero(size, sizeof(struct sw_session *));
    for (uint32_t i = 0; i < before.size; i++)
        for (struct sw_session *session = before.slots[i], *next; session != NULL;
             session = next) {
            next = session->next_in_slot;
            put(directory, session);
        }
    free(before.slots);
}

void sw_directory_add(struct sw_directory *directory, struct sw_session *session)
{
    if (directory->size == 0)
        resize(directory, FIRST_SIZE);
    else if (directory->count == directory->size)
        resize(directory, 2 * directory->size);
    put(directory, session);
    directory->count++;
}

void sw_directory_remove(struct sw_directory *directory, struct sw_session *session)
{
    struct sw_session **at = slot_of(directory, session->id);

    while (*at != session)
        at = &(*at)->next_in_slot;
    *at = session->next_in_slot;
    directory->count--;
    if (directory->size > FIRST_SIZE && directory->count < directory->size / 4)
        resize(directory, directory->size / 2);
}

struct sw_session *sw_directory_find(const struct sw_directory *directory, uint32_t id)
{
    struct sw_session *session = directory->size == 0 ? NULL : *slot_of(directory, id);

    while (session != NULL && session->id != id)
        session = session->next_in_slot;
    return session;
}

void sw_directory_finish(struct sw_directory *directory)
{
    free(directory->slots);
    *directory = (struct sw_directory){0};
}
