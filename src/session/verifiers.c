#include "shardward/session/verifiers.h"

#include "shardward/base/mem.h"
#include "shardward/base/textmap.h"

#include <pthread.h>

struct sw_verifiers {
    pthread_mutex_t lock;
    struct sw_textmap by_password; /* -> struct sw_scram_verifier; under the lock */
};

struct sw_verifiers *sw_verifiers_create(void)
{
    struct sw_verifiers *verifiers = sw_alloc_zero(1, sizeof *verifiers);

    (void)pthread_mutex_init(&verifiers->lock, NULL);
    sw_textmap_init(&verifiers->by_password);
    return verifiers;
}

static void free_all(struct sw_textmap *map)
{
    struct sw_scram_verifier *verifier;
    size_t at = 0;

    while ((verifier = sw_textmap_next(map, &at, NULL)) != NULL)
        free(verifier);
    sw_textmap_finish(map);
}

void sw_verifiers_free(struct sw_verifiers *verifiers)
{
    if (verifiers == NULL)
        return;
    free_all(&verifiers->by_password);
    (void)pthread_mutex_destroy(&verifiers->lock);
    free(verifiers);
}

bool sw_verifiers_get(struct sw_verifiers *verifiers, const char *password,
                      struct sw_scram_verifier *verifier)
{
    const struct sw_scram_verifier *found;

    (void)pthread_mutex_lock(&verifiers->lock);
    found = sw_textmap_get(&verifiers->by_password, password);
    if (found != NULL)
        *verifier = *found;
    (void)pthread_mutex_unlock(&verifiers->lock);
    return found != NULL;
}

/* Put the verifier of @password into @map, from what is there already if possible. */
static bool add(struct sw_verifiers *verifiers, struct sw_textmap *map, const char *password)
{
    struct sw_scram_verifier *verifier;

    if (sw_textmap_get(map, password) != NULL)
        return true;
    verifier = sw_alloc_zero(1, sizeof *verifier);
    if (!sw_verifiers_get(verifiers, password, verifier) &&
        !sw_scram_read_verifier(password, verifier) &&
        !sw_scram_make_verifier(password, verifier)) {
        free(verifier);
        return false;
    }
    (void)sw_textmap_put(map, password, verifier);
    return true;
}

bool sw_verifiers_prepare(struct sw_verifiers *verifiers, const struct sw_map *map,
                          struct sw_error *err)
{
    struct sw_textmap next, before;

    sw_textmap_init(&next);
    for (int i = 0; i < map->user_count; i++) {
        const struct sw_user *user = &map->users[i];

        if (user->auth != SW_AUTH_SCRAM || user == map->others ||
            add(verifiers, &next, user->password))
            continue;
        free_all(&next);
        return sw_error_set(err, "F0000", "the password of user \"%s\" cannot be used",
                            user->name);
    }
    (void)pthread_mutex_lock(&verifiers->lock);
    before = verifiers->by_password;
    verifiers->by_password = next;
    (void)pthread_mutex_unlock(&verifiers->lock);
    free_all(&before);
    return true;
}
