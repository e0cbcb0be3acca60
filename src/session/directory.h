/*
 * directory - the sessions of a worker by their ids. Costs a session one pointer, and the table
 * another one or two.
 */
#ifndef SW_SESSION_DIRECTORY_H
#define SW_SESSION_DIRECTORY_H

#include <stdint.h>

struct sw_session;

struct sw_directory {
    struct sw_session **slots; /* each a chain, by `next_in_slot` */
    uint32_t size, count;      /* size: a power of two, or 0 */
};

void sw_directory_add(struct sw_directory *directory, struct sw_session *session);
void sw_directory_remove(struct sw_directory *directory, struct sw_session *session);
struct sw_session *sw_directory_find(const struct sw_directory *directory, uint32_t id);
void sw_directory_finish(struct sw_directory *directory);

#endif
