#include "internal.h"

#include <poll.h>

void *sw_prober_run(void *owner)
{
    struct sw_health *health = owner;
    struct pollfd fd = {.fd = health->wake_fd, .events = POLLIN};

    while (!atomic_load(&health->is_stopping))
        (void)poll(&fd, 1, -1);
    return NULL;
}
