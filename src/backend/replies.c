#include "shardward/backend/replies.h"

#include "shardward/base/mem.h"

enum { SMALLEST = 16 };

void sw_replies_init(struct sw_replies *replies)
{
    *replies = (struct sw_replies){0};
}

void sw_replies_finish(struct sw_replies *replies)
{
    free(replies->ring);
    sw_replies_init(replies);
}

static struct sw_reply *entry(const struct sw_replies *replies, int at)
{
    return &replies->ring[(replies->first + at) & (replies->size - 1)];
}

void sw_replies_push(struct sw_replies *replies, struct sw_reply reply)
{
    if (replies->count == replies->size) {
        struct sw_replies wider = {.count = replies->count,
                                   .size = replies->size == 0 ? SMALLEST : replies->size * 2};

        wider.ring = sw_alloc((size_t)wider.size * sizeof *wider.ring);
        for (int i = 0; i < replies->count; i++)
            wider.ring[i] = *entry(replies, i);
        free(replies->ring);
        *replies = wider;
    }
    *entry(replies, replies->count++) = reply;
}

const struct sw_reply *sw_replies_head(const struct sw_replies *replies)
{
    return replies->count == 0 ? NULL : entry(replies, 0);
}

void sw_replies_pop(struct sw_replies *replies)
{
    replies->first = (replies->first + 1) & (replies->size - 1);
    replies->count--;
}

static enum sw_reply_turn ends_if(bool is_last)
{
    return is_last ? SW_TURN_ENDS : SW_TURN_WRONG;
}

/* CopyInResponse, CopyOutResponse, CopyData and CopyDone. */
static bool is_copy(uint8_t type)
{
    return type == 'G' || type == 'H' || type == 'd' || type == 'c';
}

enum sw_reply_turn sw_replies_turn(const struct sw_replies *replies, uint8_t type)
{
    const struct sw_reply *head = sw_replies_head(replies);

    if (head == NULL)
        return SW_TURN_WRONG;
    if (type == 'E' && head->kind == SW_REPLY_QUERY)
        return SW_TURN_ERROR;
    /* A deferred constraint may fail at Sync, whose ReadyForQuery still follows. */
    if (type == 'E')
        return head->kind == SW_REPLY_SYNC ? SW_TURN_ERROR : SW_TURN_FAILS;
    switch (head->kind) {
    case SW_REPLY_PARSE:
        return ends_if(type == '1');
    case SW_REPLY_BIND:
        return ends_if(type == '2');
    case SW_REPLY_CLOSE:
    case SW_REPLY_CLOSE_PORTAL:
        return ends_if(type == '3');
    case SW_REPLY_DESCRIBE:
        return type == 't' ? SW_TURN_STAYS : ends_if(type == 'T' || type == 'n');
    case SW_REPLY_EXECUTE:
        return type == 'D' || is_copy(type)
                   ? SW_TURN_STAYS
                   : ends_if(type == 'C' || type == 'I' || type == 's');
    case SW_REPLY_SYNC:
        return ends_if(type == 'Z');
    case SW_REPLY_QUERY:
        if (type == 'T' || type == 'D' || type == 'C' || type == 'I' || is_copy(type))
            return SW_TURN_STAYS;
        return ends_if(type == 'Z');
    case SW_REPLY_LOCAL:
        break;
    }
    return SW_TURN_WRONG;
}

bool sw_replies_skip(struct sw_replies *replies,
                     void (*on_skipped)(void *owner, const struct sw_reply *reply), void *owner)
{
    sw_replies_pop(replies);
    while (replies->count > 0 && entry(replies, 0)->kind != SW_REPLY_SYNC) {
        on_skipped(owner, entry(replies, 0));
        sw_replies_pop(replies);
    }
    return replies->count > 0;
}
