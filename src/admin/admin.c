#include "internal.h"
#include "sums.h"

#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/wire/startup.h"
#include "shardward/wire/write.h"

#include <sys/socket.h>

/* Of the admin users of @config; NULL: a password cannot be used. */
static struct sw_scram_verifier *make_verifiers(const struct sw_config *config,
                                                struct sw_error *err)
{
    struct sw_scram_verifier *verifiers =
        sw_alloc_zero((size_t)config->admin.user_count + 1, sizeof *verifiers);

    for (int i = 0; i < config->admin.user_count; i++) {
        const struct sw_config_admin_user *user = &config->admin.users[i];

        if (sw_scram_read_verifier(user->password, &verifiers[i]) ||
            sw_scram_make_verifier(user->password, &verifiers[i]))
            continue;
        sw_error_set(err, "F0000", "the password of admin user \"%s\" cannot be used",
                     user->name);
        free(verifiers);
        return NULL;
    }
    return verifiers;
}

static void turn_away(int fd)
{
    struct sw_error err;
    struct sw_buf out;

    sw_error_set(&err, "53300", "sorry, too many consoles already");
    sw_buf_init(&out, SW_STARTUP_LIMIT);
    sw_write_error(&out, "FATAL", &err);
    if (send(fd, sw_buf_bytes(&out), sw_buf_len(&out), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        sw_log(SW_LOG_DEBUG, "console-lost", "reason=\"%s\"", err.message);
    sw_buf_finish(&out);
    sw_socket_close(fd);
}

static void on_accept(void *owner, int fd)
{
    struct sw_admin *admin = owner;

    if (admin->count < SW_CONSOLES_MOST)
        sw_console_open(admin, fd);
    else
        turn_away(fd);
}

static bool open_port(struct sw_admin *admin, struct sw_error *err)
{
    const struct sw_config *config = admin->map->config;
    const struct sw_listener_host host = {
        .loop = admin->loop, .on_accept = on_accept, .owner = admin};
    char path[256];

    if (config->admin.address == NULL)
        return true;
    admin->listener = sw_listener_open(&host, config->admin.address, config->admin.port, err);
    sw_listener_start(admin->listener);
    if (admin->listener == NULL || config->unix_socket.directory == NULL)
        return admin->listener != NULL;
    sw_config_socket_path(config, config->admin.port, path, sizeof path);
    admin->local = sw_listener_open_local(&host, path, config->unix_socket.mode, err);
    sw_listener_start(admin->local);
    return admin->local != NULL;
}

struct sw_admin *sw_admin_create(const struct sw_admin_setup *setup, struct sw_error *err)
{
    struct sw_admin *admin = sw_alloc_zero(1, sizeof *admin);

    admin->refs = 1;
    admin->loop = setup->loop;
    admin->map = sw_map_ref(setup->map);
    admin->board = setup->board;
    admin->catalog = setup->catalog;
    admin->failover = setup->failover;
    admin->on_shutdown = setup->on_shutdown;
    admin->on_reload = setup->on_reload;
    admin->owner = setup->owner;
    admin->mailbox = sw_mailbox_create(setup->loop);
    admin->workers = setup->workers;
    admin->worker_count = setup->worker_count;
    sw_link_init(&admin->consoles);
    admin->verifiers = make_verifiers(admin->map->config, err);
    if (admin->verifiers != NULL && open_port(admin, err)) {
        sw_stats_start_periods(admin);
        return admin;
    }
    sw_admin_close(admin);
    sw_admin_free(admin);
    return NULL;
}

bool sw_admin_use_map(struct sw_admin *admin, struct sw_map *map, struct sw_error *err)
{
    struct sw_scram_verifier *verifiers = make_verifiers(map->config, err);
    struct sw_map *before = admin->map;

    if (verifiers == NULL)
        return false;
    free(admin->verifiers);
    admin->verifiers = verifiers;
    admin->map = sw_map_ref(map);
    sw_map_unref(before);
    return true;
}

void sw_admin_unref(struct sw_admin *admin)
{
    if (--admin->refs > 0)
        return;
    sw_map_unref(admin->map);
    free(admin->verifiers);
    sw_sums_free(admin->older);
    sw_sums_free(admin->newer);
    free(admin);
}

void sw_admin_close(struct sw_admin *admin)
{
    struct sw_link *link, *next;
    struct sw_error err;

    if (admin == NULL)
        return;
    atomic_store(&admin->is_closing, true);
    sw_timer_close(admin->period);
    admin->period = NULL;
    sw_listener_close(admin->listener);
    sw_listener_close(admin->local);
    admin->listener = admin->local = NULL;
    sw_error_set(&err, "57P01", "terminating connection due to administrator command");
    for (link = admin->consoles.next; link != &admin->consoles; link = next) {
        next = link->next;
        sw_console_fatal(SW_OWNER(link, struct sw_console, link), &err);
    }
}

void sw_admin_free(struct sw_admin *admin)
{
    if (admin == NULL)
        return;
    sw_repair_leave(admin);
    sw_mailbox_close(admin->mailbox);
    sw_admin_unref(admin);
}
