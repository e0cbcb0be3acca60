/*
 * One thread for each name that is being looked up. It is detached: when name servers do not
 * answer, nobody waits for it, at the end of the process neither.
 */
#include "shardward/backend/resolve.h"

#include "shardward/base/clock.h"
#include "shardward/base/list.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct name {
    struct name *next;
    char *host;
    char *known; /* its addresses, as they were found last; NULL: not yet */
    struct sw_resolve *under_way;
};

struct sw_resolve {
    struct name *name;
    int users; /* its thread is one */
    int over_fd;
    uint64_t begun_ms;
    bool is_over;
    int failure; /* of getaddrinfo(); 0: none */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct name *names; /* under the lock, as all that hangs on it */

bool sw_resolve_is_name(const char *host)
{
    struct in6_addr address;

    return host[0] != '/' && inet_pton(AF_INET, host, &address) != 1 &&
           inet_pton(AF_INET6, host, &address) != 1;
}

/* Under the lock. */
static struct name *find_name(const char *host)
{
    struct name *name = names;

    while (name != NULL && strcmp(name->host, host) != 0)
        name = name->next;
    if (name != NULL)
        return name;
    name = sw_alloc_zero(1, sizeof *name);
    name->host = sw_strdup(host);
    name->next = names;
    return names = name;
}

/* Under the lock. */
static void leave(struct sw_resolve *resolve)
{
    if (--resolve->users > 0)
        return;
    (void)close(resolve->over_fd);
    free(resolve);
}

/* Numeric, parted by commas; NULL: there is none. */
static char *print(const struct addrinfo *info)
{
    char one[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE], *all = NULL, *more;

    for (; info != NULL; info = info->ai_next) {
        if (getnameinfo(info->ai_addr, info->ai_addrlen, one, sizeof one, NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        more = all == NULL ? sw_strdup(one) : sw_format("%s,%s", all, one);
        free(all);
        all = more;
    }
    return all;
}

/* Under the lock. A name that a server knows not is none any longer; other failures are those
 * of servers. */
static void finish(struct sw_resolve *resolve, char *found, int failure)
{
    struct name *name = resolve->name;

    if (found != NULL || failure == EAI_NONAME) {
        free(name->known);
        name->known = found;
    }
    resolve->failure = failure;
    resolve->is_over = true;
    name->under_way = NULL;
    (void)eventfd_write(resolve->over_fd, 1);
}

static void *run(void *owner)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    static struct sw_log_limit limit;
    struct sw_resolve *resolve = owner;
    struct addrinfo *info = NULL;
    int failure = getaddrinfo(resolve->name->host, NULL, &hints, &info);
    char *found = failure == 0 ? print(info) : NULL;
    uint64_t took_ms = sw_clock_ms() - resolve->begun_ms;

    if (failure == 0) {
        freeaddrinfo(info);
        failure = found == NULL ? EAI_NONAME : 0;
    }
    if (failure != 0 || took_ms > SW_RESOLVE_LATE_MS)
        sw_log_limited(&limit, SW_LOG_WARNING, "name-server", "host=%s ms=%llu reason=\"%s\"",
                       resolve->name->host, (unsigned long long)took_ms,
                       failure == 0 ? "late" : gai_strerror(failure));
    (void)pthread_mutex_lock(&lock);
    finish(resolve, found, failure);
    leave(resolve);
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

static void start_thread(struct sw_resolve *resolve)
{
    pthread_attr_t detached;
    pthread_t thread;

    (void)pthread_attr_init(&detached);
    (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &detached, run, resolve) != 0) {
        resolve->users--;
        finish(resolve, NULL, EAI_MEMORY);
    }
    (void)pthread_attr_destroy(&detached);
}

struct sw_resolve *sw_resolve_begin(const char *host)
{
    struct sw_resolve *resolve;
    struct name *name;

    (void)pthread_mutex_lock(&lock);
    name = find_name(host);
    resolve = name->under_way;
    if (resolve != NULL) {
        resolve->users++;
    } else {
        resolve = sw_alloc_zero(1, sizeof *resolve);
        *resolve = (struct sw_resolve){.name = name,
                                       .users = 2,
                                       .over_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                       .begun_ms = sw_clock_ms()};
        name->under_way = resolve;
        start_thread(resolve);
    }
    (void)pthread_mutex_unlock(&lock);
    return resolve;
}

int sw_resolve_fd(const struct sw_resolve *resolve)
{
    return resolve->over_fd;
}

enum sw_resolved sw_resolve_look(const struct sw_resolve *resolve, char **addresses,
                                 struct sw_error *err)
{
    enum sw_resolved resolved = SW_RESOLVE_FAILED;
    bool is_late = sw_clock_ms() - resolve->begun_ms >= SW_RESOLVE_LATE_MS;

    (void)pthread_mutex_lock(&lock);
    if (resolve->name->known != NULL && (resolve->is_over || is_late)) {
        *addresses = sw_strdup(resolve->name->known);
        resolved = SW_RESOLVE_FOUND;
    } else if (!resolve->is_over) {
        resolved = SW_RESOLVE_GOES_ON;
    } else {
        sw_error_set(err, "08006", "could not translate host name \"%s\" to address: %s",
                     resolve->name->host, gai_strerror(resolve->failure));
    }
    (void)pthread_mutex_unlock(&lock);
    return resolved;
}

void sw_resolve_end(struct sw_resolve *resolve)
{
    if (resolve == NULL)
        return;
    (void)pthread_mutex_lock(&lock);
    leave(resolve);
    (void)pthread_mutex_unlock(&lock);
}
