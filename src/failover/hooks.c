#include "hooks.h"

#include "shardward/base/clock.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VARIABLES = 7 };

/* Owned by the thread that waits for the command. */
struct hook {
    struct hook *next; /* of those that run */
    const char *what;
    char *command, *cluster, *node;
    char **environment; /* ours, and the variables in front of it */
    char *variables[VARIABLES];
};

/* A command may outlive its manager, and the map that it was in. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for this: */
static struct hook *running;

static void list(struct hook *hook)
{
    (void)pthread_mutex_lock(&lock);
    hook->next = running;
    running = hook;
    (void)pthread_mutex_unlock(&lock);
}

static void unlist(const struct hook *hook)
{
    struct hook **at = &running;

    (void)pthread_mutex_lock(&lock);
    while (*at != hook)
        at = &(*at)->next;
    *at = hook->next;
    (void)pthread_mutex_unlock(&lock);
}

bool sw_hook_is_running(const char *cluster, const char *node)
{
    const struct hook *hook;

    (void)pthread_mutex_lock(&lock);
    hook = running;
    while (hook != NULL &&
           (strcmp(hook->cluster, cluster) != 0 || strcmp(hook->node, node) != 0))
        hook = hook->next;
    (void)pthread_mutex_unlock(&lock);
    return hook != NULL;
}

/* --- one of them --- */

static void free_hook(struct hook *hook)
{
    unlist(hook);
    for (int i = 0; i < VARIABLES; i++)
        free(hook->variables[i]);
    free(hook->environment);
    free(hook->command);
    free(hook->cluster);
    free(hook->node);
    free(hook);
}

static char **with_ours(struct hook *hook)
{
    size_t count = 0;
    char **all;

    while (environ[count] != NULL)
        count++;
    all = sw_alloc_zero(count + VARIABLES + 1, sizeof *all);
    memcpy(all, hook->variables, sizeof hook->variables);
    memcpy(all + VARIABLES, environ, count * sizeof *all);
    return all;
}

/* What it starts shall not ignore SIGPIPE because we do. Returns what posix_spawn() does. */
static int start(const struct hook *hook, pid_t *pid)
{
    char shell[] = "/bin/sh", flag[] = "-c";
    char *const words[] = {shell, flag, hook->command, NULL};
    posix_spawnattr_t attributes;
    sigset_t usual;
    int failed;

    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigdefault(&attributes, &usual);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawn(pid, shell, NULL, &attributes, words, hook->environment);
    (void)posix_spawnattr_destroy(&attributes);
    return failed;
}

static void *run_hook(void *owner)
{
    struct hook *hook = owner;
    uint64_t began_us = sw_clock_us();
    int status = -1, failed;
    pid_t pid;

    failed = start(hook, &pid);
    while (failed == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    sw_log(failed == 0 && status == 0 ? SW_LOG_INFO : SW_LOG_ERROR, "hook",
           "what=%s node=\"%s\" exit=%d ms=%" PRIu64, hook->what, hook->node,
           WIFEXITED(status) ? WEXITSTATUS(status) : -1, (sw_clock_us() - began_us) / 1000);
    free_hook(hook);
    return NULL;
}

void sw_hook_run(const char *what, const char *command, const struct sw_cluster *cluster,
                 const struct sw_node *node, const struct sw_node *primary)
{
    struct hook *hook = sw_alloc_zero(1, sizeof *hook);
    pthread_attr_t detached;
    pthread_t thread;

    hook->what = what;
    hook->command = sw_strdup(command);
    hook->cluster = sw_strdup(cluster->name);
    hook->node = sw_strdup(node->name);
    hook->variables[0] = sw_format("CLUSTER=%s", cluster->name);
    hook->variables[1] = sw_format("NODE=%s", node->name);
    hook->variables[2] = sw_format("ADDRESS=%s", node->address);
    hook->variables[3] = sw_format("PORT=%d", node->port);
    hook->variables[4] = sw_format("PRIMARY=%s", primary->name);
    hook->variables[5] = sw_format("PRIMARY_ADDRESS=%s", primary->address);
    hook->variables[6] = sw_format("PRIMARY_PORT=%d", primary->port);
    hook->environment = with_ours(hook);
    list(hook);
    (void)pthread_attr_init(&detached);
    (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &detached, run_hook, hook) != 0)
        free_hook(hook);
    (void)pthread_attr_destroy(&detached);
}
