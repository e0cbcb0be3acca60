/*
 * list - intrusive doubly linked list. A link lives inside the thing it links; the list owns
 * nothing. A link that is in no list points to itself.
 */
#ifndef SW_BASE_LIST_H
#define SW_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct sw_link {
    struct sw_link *prev, *next;
};

/* The struct that holds @link as its member @name. */
#define SW_OWNER(link, type, name) ((type *)((char *)(link)-offsetof(type, name)))

static inline void sw_link_init(struct sw_link *link)
{
    link->prev = link->next = link;
}

static inline bool sw_link_is_linked(const struct sw_link *link)
{
    return link->next != link;
}

static inline void sw_link_remove(struct sw_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    sw_link_init(link);
}

static inline void sw_list_push_front(struct sw_link *list, struct sw_link *link)
{
    link->prev = list;
    link->next = list->next;
    list->next->prev = link;
    list->next = link;
}

static inline void sw_list_push_back(struct sw_link *list, struct sw_link *link)
{
    sw_list_push_front(list->prev, link);
}

/* The first link, or NULL of an empty list. */
static inline struct sw_link *sw_list_first(const struct sw_link *list)
{
    return list->next == list ? NULL : list->next;
}

static inline struct sw_link *sw_list_last(const struct sw_link *list)
{
    return list->prev == list ? NULL : list->prev;
}

#endif
