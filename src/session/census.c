#include "shardward/session/census.h"

#include "shardward/base/mem.h"
#include "shardward/base/textmap.h"

#include <assert.h>
#include <pthread.h>

struct count {
    int clients;
};

struct sw_census {
    pthread_mutex_t lock;
    struct sw_textmap users, databases; /* -> struct count; under the lock */
};

struct sw_census *sw_census_create(void)
{
    struct sw_census *census = sw_alloc_zero(1, sizeof *census);

    (void)pthread_mutex_init(&census->lock, NULL);
    sw_textmap_init(&census->users);
    sw_textmap_init(&census->databases);
    return census;
}

void sw_census_free(struct sw_census *census)
{
    if (census == NULL)
        return;
    assert(census->users.count == 0 && census->databases.count == 0);
    sw_textmap_finish(&census->users);
    sw_textmap_finish(&census->databases);
    (void)pthread_mutex_destroy(&census->lock);
    free(census);
}

static bool is_full(const struct sw_textmap *map, const char *name, int limit)
{
    const struct count *count = sw_textmap_get(map, name);

    return limit > 0 && count != NULL && count->clients >= limit;
}

/* Only who is in has a count. */
static void enter(struct sw_textmap *map, const char *name)
{
    struct count *count = sw_textmap_get(map, name);

    if (count == NULL) {
        count = sw_alloc_zero(1, sizeof *count);
        (void)sw_textmap_put(map, name, count);
    }
    count->clients++;
}

bool sw_census_enter(struct sw_census *census, const char *user, int user_limit,
                     const struct sw_database *database, struct sw_error *err)
{
    bool may_enter = true;

    (void)pthread_mutex_lock(&census->lock);
    if (is_full(&census->databases, database->name, database->clients))
        may_enter = sw_error_set(err, "53300", "too many connections for database \"%s\"",
                                 database->name);
    else if (is_full(&census->users, user, user_limit))
        may_enter = sw_error_set(err, "53300", "too many connections for role \"%s\"", user);
    if (may_enter) {
        enter(&census->users, user);
        enter(&census->databases, database->name);
    }
    (void)pthread_mutex_unlock(&census->lock);
    return may_enter;
}

static void leave(struct sw_textmap *map, const char *name)
{
    struct count *count = sw_textmap_get(map, name);

    if (--count->clients == 0)
        free(sw_textmap_remove(map, name));
}

void sw_census_leave(struct sw_census *census, const char *user, const char *database)
{
    (void)pthread_mutex_lock(&census->lock);
    leave(&census->users, user);
    leave(&census->databases, database);
    (void)pthread_mutex_unlock(&census->lock);
}
