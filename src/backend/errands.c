#include "errands.h"

#include "shardward/base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* One with something to do. */
struct sw_errand_node {
    struct sw_link link; /* in the list of nodes: the one looked at last is the last */
    char *address;
    int port;
    int busy;             /* threads that work for it */
    struct sw_link asked; /* errands, longest waiting first */
};

struct sw_errands {
    int per_node;
    int closing_fd; /* readable from the moment of closing on */
    pthread_mutex_t lock;
    pthread_cond_t work;
    /* Under the lock. */
    struct sw_link nodes;
    bool is_closing;
    int thread_count, idle_count;
    pthread_t threads[SW_ERRAND_THREADS_MOST];
};

static struct sw_errand *errand_of(struct sw_link *link)
{
    return SW_OWNER(link, struct sw_errand, link);
}

static struct sw_errand_node *node_of(struct sw_link *link)
{
    return SW_OWNER(link, struct sw_errand_node, link);
}

/* Under the lock: what may be worked on now, or NULL. Nodes have their turns. */
static struct sw_errand *take(struct sw_errands *errands)
{
    for (struct sw_link *link = errands->nodes.next; link != &errands->nodes;
         link = link->next) {
        struct sw_errand_node *node = node_of(link);
        struct sw_link *first = sw_list_first(&node->asked);

        if (first == NULL || node->busy == errands->per_node)
            continue;
        sw_link_remove(first);
        node->busy++;
        sw_link_remove(&node->link);
        sw_list_push_back(&errands->nodes, &node->link);
        return errand_of(first);
    }
    return NULL;
}

static void free_node(struct sw_errand_node *node)
{
    sw_link_remove(&node->link);
    free(node->address);
    free(node);
}

/* Under the lock: one of its errands is done. */
static void leave(struct sw_errand_node *node)
{
    node->busy--;
    if (node->busy == 0 && sw_list_first(&node->asked) == NULL)
        free_node(node);
}

static void *run_thread(void *owner)
{
    struct sw_errands *errands = owner;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    (void)pthread_mutex_lock(&errands->lock);
    while (!errands->is_closing) {
        struct sw_errand *errand = take(errands);
        struct sw_errand_node *node;

        if (errand == NULL) {
            errands->idle_count++;
            (void)pthread_cond_wait(&errands->work, &errands->lock);
            errands->idle_count--;
            continue;
        }
        node = errand->node;
        (void)pthread_mutex_unlock(&errands->lock);
        errand->work(errand, errands->closing_fd);
        (void)pthread_mutex_lock(&errands->lock);
        leave(node);
    }
    (void)pthread_mutex_unlock(&errands->lock);
    return NULL;
}

struct sw_errands *sw_errands_create(int per_node)
{
    struct sw_errands *errands = sw_alloc_zero(1, sizeof *errands);

    (void)pthread_mutex_init(&errands->lock, NULL);
    (void)pthread_cond_init(&errands->work, NULL);
    sw_link_init(&errands->nodes);
    errands->per_node = per_node;
    errands->closing_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return errands;
}

/* Under the lock. */
static struct sw_errand_node *find_node(struct sw_errands *errands, const char *address,
                                        int port)
{
    struct sw_errand_node *node;

    for (struct sw_link *link = errands->nodes.next; link != &errands->nodes;
         link = link->next) {
        node = node_of(link);
        if (node->port == port && strcmp(node->address, address) == 0)
            return node;
    }
    node = sw_alloc_zero(1, sizeof *node);
    node->address = sw_strdup(address);
    node->port = port;
    sw_link_init(&node->asked);
    sw_list_push_back(&errands->nodes, &node->link);
    return node;
}

/* Under the lock: how many errands could be taken now. */
static int count_ready(const struct sw_errands *errands)
{
    int count = 0;

    for (struct sw_link *link = errands->nodes.next; link != &errands->nodes;
         link = link->next) {
        const struct sw_errand_node *node = node_of(link);
        int room = errands->per_node - node->busy;

        for (struct sw_link *at = node->asked.next; room > 0 && at != &node->asked;
             at = at->next, room--)
            count++;
    }
    return count;
}

/* Under the lock. A thread that is idle may not have woken yet for the errand before this one.
 */
static void start_thread_if_needed(struct sw_errands *errands)
{
    int at = errands->thread_count;

    if (count_ready(errands) > errands->idle_count && at < SW_ERRAND_THREADS_MOST &&
        pthread_create(&errands->threads[at], NULL, run_thread, errands) == 0)
        errands->thread_count++;
}

void sw_errands_add(struct sw_errands *errands, const char *address, int port,
                    struct sw_errand *errand)
{
    sw_link_init(&errand->link);
    (void)pthread_mutex_lock(&errands->lock);
    errand->node = find_node(errands, address, port);
    sw_list_push_back(&errand->node->asked, &errand->link);
    start_thread_if_needed(errands);
    (void)pthread_cond_signal(&errands->work);
    (void)pthread_mutex_unlock(&errands->lock);
}

static void drop_all(struct sw_errand_node *node)
{
    struct sw_link *link;

    /* Threads that were cancelled at work are busy for ever. */
    assert(node->busy > 0 || sw_list_first(&node->asked) != NULL);
    while ((link = sw_list_first(&node->asked)) != NULL) {
        sw_link_remove(link);
        errand_of(link)->drop(errand_of(link));
    }
    free_node(node);
}

void sw_errands_close(struct sw_errands *errands)
{
    struct sw_link *link, *next;

    if (errands == NULL)
        return;
    (void)pthread_mutex_lock(&errands->lock);
    errands->is_closing = true;
    (void)eventfd_write(errands->closing_fd, 1);
    (void)pthread_cond_broadcast(&errands->work);
    (void)pthread_mutex_unlock(&errands->lock);
    for (int i = 0; i < errands->thread_count; i++) {
        (void)pthread_cancel(errands->threads[i]);
        (void)pthread_join(errands->threads[i], NULL);
    }
    for (link = errands->nodes.next; link != &errands->nodes; link = next) {
        next = link->next;
        drop_all(node_of(link));
    }
    (void)close(errands->closing_fd);
    (void)pthread_cond_destroy(&errands->work);
    (void)pthread_mutex_destroy(&errands->lock);
    free(errands);
}
