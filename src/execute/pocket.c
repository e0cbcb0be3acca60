#include "shardward/execute/pocket.h"

#include "shardward/base/mem.h"

#include <string.h>

enum {
    NOTES_LIMIT = 0x7fffffff,
    MANY_NOTES = 64 * 1024, /* bytes; a kept server that brings more is not read for a while */
    HEADER = 5,
    PID = 4, /* bytes of a NotificationResponse, behind its header */
};

/* A place for the server of one shard; empty while a leg has it. */
struct kept {
    struct sw_link link;
    struct sw_pocket *pocket;
    const struct sw_shard *shard;
    struct sw_lease lease;
    unsigned left;
};

static struct kept *kept_of(struct sw_link *link)
{
    return SW_OWNER(link, struct kept, link);
}

struct sw_pocket *sw_pocket_create(bool keeps_all, uint32_t client_pid,
                                   const struct sw_pocket_events *events, void *owner)
{
    struct sw_pocket *pocket = sw_alloc_zero(1, sizeof *pocket);

    sw_link_init(&pocket->servers);
    sw_buf_init(&pocket->notes, NOTES_LIMIT);
    pocket->keeps_all = keeps_all;
    pocket->client_pid = client_pid;
    pocket->events = events;
    pocket->owner = owner;
    return pocket;
}

void sw_pocket_empty(struct sw_pocket *pocket)
{
    struct sw_link *link, *next;

    for (link = pocket->servers.next; link != &pocket->servers; link = next) {
        struct kept *kept = kept_of(link);

        next = link->next;
        if (kept->lease.backend != NULL)
            sw_lease_discard(&kept->lease);
        sw_link_remove(link);
        free(kept);
    }
}

void sw_pocket_destroy(struct sw_pocket *pocket)
{
    if (pocket == NULL)
        return;
    sw_pocket_empty(pocket);
    sw_buf_finish(&pocket->notes);
    free(pocket->loss);
    free(pocket);
}

bool sw_pocket_wants(const struct sw_pocket *pocket, unsigned left)
{
    return pocket->keeps_all || left != 0;
}

void sw_pocket_break(struct sw_pocket *pocket, const struct sw_error *why)
{
    if (pocket->loss == NULL)
        pocket->loss = sw_alloc(sizeof *pocket->loss);
    *pocket->loss = *why;
}

/* --- a connection that no leg has --- */

static void on_bytes(void *owner, const uint8_t *bytes, size_t len)
{
    (void)owner;
    (void)bytes;
    (void)len;
}

static void on_pause(void *owner)
{
    (void)owner;
}

/* It is told when the connection is used next. */
static void on_parameter(void *owner, const struct sw_reply *reply, const char *name,
                         const char *value)
{
    (void)owner;
    (void)reply;
    (void)name;
    (void)value;
}

static void on_notification(void *owner, const uint8_t *bytes, size_t len)
{
    const struct kept *kept = owner;
    struct sw_pocket *pocket = kept->pocket;

    sw_pocket_note(pocket, bytes, len, sw_backend_server_pid(kept->lease.backend));
    if (sw_buf_len(&pocket->notes) > MANY_NOTES)
        sw_backend_hold(kept->lease.backend);
    pocket->events->on_note(pocket->owner);
}

static void on_lost(void *owner, const struct sw_error *err, enum sw_loss loss)
{
    struct kept *kept = owner;
    struct sw_pocket *pocket = kept->pocket;
    struct sw_error why = *err; /* the backend's own memory goes with the discard */

    (void)loss;
    sw_lease_discard(&kept->lease);
    if (kept->left == 0)
        return;
    sw_pocket_break(pocket, &why);
    pocket->events->on_lost(pocket->owner);
}

static const struct sw_backend_events events = {
    .on_forward = on_bytes,
    .on_pause = on_pause,
    .on_parameter = on_parameter,
    .on_notification = on_notification,
    .on_lost = on_lost,
};

/* --- for legs --- */

static struct kept *find(const struct sw_pocket *pocket, const struct sw_shard *shard)
{
    for (struct sw_link *link = pocket->servers.next; link != &pocket->servers;
         link = link->next)
        if (kept_of(link)->shard == shard)
            return kept_of(link);
    return NULL;
}

bool sw_pocket_take(struct sw_pocket *pocket, const struct sw_shard *shard,
                    struct sw_lease *lease, unsigned *left)
{
    struct kept *kept = find(pocket, shard);

    if (kept == NULL || kept->lease.backend == NULL)
        return false;
    sw_backend_release(kept->lease.backend);
    sw_backend_leave(kept->lease.backend);
    sw_lease_move(lease, &kept->lease);
    *left = kept->left;
    return true;
}

void sw_pocket_put(struct sw_pocket *pocket, const struct sw_shard *shard,
                   struct sw_lease *lease, unsigned left)
{
    struct kept *kept = find(pocket, shard);

    if (kept == NULL) {
        kept = sw_alloc_zero(1, sizeof *kept);
        kept->pocket = pocket;
        kept->shard = shard;
        sw_list_push_back(&pocket->servers, &kept->link);
    }
    sw_lease_move(&kept->lease, lease);
    kept->left = left;
    sw_backend_leave(kept->lease.backend);
    sw_backend_use(kept->lease.backend, &events, kept);
}

void sw_pocket_sweep(struct sw_pocket *pocket, unsigned bit,
                     bool (*is_gone)(void *owner, const struct sw_shard *shard))
{
    for (struct sw_link *link = pocket->servers.next; link != &pocket->servers;
         link = link->next) {
        struct kept *kept = kept_of(link);

        if (kept->lease.backend == NULL || (kept->left & bit) == 0 ||
            !is_gone(pocket->owner, kept->shard))
            continue;
        kept->left &= ~bit;
        if (!sw_pocket_wants(pocket, kept->left))
            sw_lease_discard(&kept->lease);
    }
}

/* --- notifications --- */

/* What the client has sent itself shall bear the number by which it knows itself. */
void sw_pocket_note(struct sw_pocket *pocket, const uint8_t *bytes, size_t len, int server_pid)
{
    uint8_t pid[PID];
    uint32_t from;

    if (len < HEADER + PID)
        return;
    memcpy(pid, bytes + HEADER, PID);
    from = (uint32_t)pid[0] << 24 | (uint32_t)pid[1] << 16 | (uint32_t)pid[2] << 8 | pid[3];
    if (from == (uint32_t)server_pid)
        from = pocket->client_pid;
    for (int i = 0; i < PID; i++)
        pid[i] = (uint8_t)(from >> (24 - 8 * i));
    (void)sw_buf_append(&pocket->notes, bytes, HEADER);
    (void)sw_buf_append(&pocket->notes, pid, PID);
    (void)sw_buf_append(&pocket->notes, bytes + HEADER + PID, len - HEADER - PID);
}

void sw_pocket_told(struct sw_pocket *pocket)
{
    sw_buf_clear(&pocket->notes);
    sw_buf_release(&pocket->notes);
    for (struct sw_link *link = pocket->servers.next; link != &pocket->servers;
         link = link->next)
        if (kept_of(link)->lease.backend != NULL)
            sw_backend_release(kept_of(link)->lease.backend);
}

/* --- for others --- */

bool sw_pocket_holds(const struct sw_pocket *pocket)
{
    for (struct sw_link *link = pocket->servers.next; link != &pocket->servers;
         link = link->next)
        if (kept_of(link)->lease.backend != NULL)
            return true;
    return false;
}

unsigned sw_pocket_left(const struct sw_pocket *pocket)
{
    unsigned left = 0;

    for (struct sw_link *link = pocket->servers.next; link != &pocket->servers;
         link = link->next)
        if (kept_of(link)->lease.backend != NULL)
            left |= kept_of(link)->left;
    return left;
}

void sw_pocket_each_fd(const struct sw_pocket *pocket, void (*on_fd)(void *owner, int fd),
                       void *owner)
{
    for (struct sw_link *link = pocket->servers.next; link != &pocket->servers;
         link = link->next)
        if (kept_of(link)->lease.backend != NULL)
            on_fd(owner, sw_backend_fd(kept_of(link)->lease.backend));
}

static void leave(struct kept *kept)
{
    struct sw_error why;

    sw_lease_discard(&kept->lease);
    if (kept->left == 0)
        return;
    sw_error_set(&why, "57P01",
                 "terminating connection because shard \"%s\", where the session has left "
                 "something behind, is elsewhere in the new configuration",
                 kept->shard->name);
    sw_pocket_break(kept->pocket, &why);
}

void sw_pocket_move(struct sw_pocket *pocket,
                    const struct sw_shard *(*successor)(void *owner,
                                                        const struct sw_shard *shard,
                                                        struct sw_pool **pool))
{
    struct sw_link *link, *next;

    for (link = pocket->servers.next; link != &pocket->servers; link = next) {
        struct kept *kept = kept_of(link);
        struct sw_pool *pool = NULL;
        const struct sw_shard *shard = successor(pocket->owner, kept->shard, &pool);

        next = link->next;
        if (kept->lease.backend != NULL && shard != NULL && pool == kept->lease.pool &&
            sw_pocket_wants(pocket, kept->left)) {
            kept->shard = shard;
            continue;
        }
        if (kept->lease.backend != NULL)
            leave(kept);
        sw_link_remove(link);
        free(kept);
    }
}
