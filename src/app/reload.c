/*
 *   file --faults--> refused
 *    |
 *   map --read from its shards by the catalog's reader--> accepted under another map: refused
 *    |
 *   port opened, verifiers made --cannot be--> refused
 *    |
 *   published: workers, pools and sessions follow
 *
 * Nothing is changed before all that can fail has not.
 */
#include "control.h"

#include "notify.h"

#include "shardward/base/log.h"
#include "shardward/topology/changes.h"

#include <string.h>

enum { MOST_REPORT = 1024 * 1024 };

static void start(struct sw_control *control);

/* --- the end of it --- */

static void tell_askers(struct sw_control *control, const struct sw_error *err,
                        const char *report)
{
    struct sw_link *link;

    while ((link = sw_list_first(&control->reload.askers)) != NULL) {
        struct sw_reload_asker *asker = SW_OWNER(link, struct sw_reload_asker, link);

        sw_link_remove(link);
        asker->on_done(asker->owner, err, report);
    }
}

/* @report: lines, NULL: none. */
static void finish(struct sw_control *control, const struct sw_error *err,
                   struct sw_buf *report)
{
    struct sw_reload *reload = &control->reload;

    reload->is_last_refused = err != NULL;
    *(err == NULL ? &reload->used : &reload->refused) += 1;
    if (err != NULL)
        sw_log(SW_LOG_ERROR, "reload-refused", "sqlstate=%s reason=\"%s\"", err->sqlstate,
               err->message);
    else
        sw_log(SW_LOG_INFO, "reloaded", "file=\"%s\"", control->path);
    if (!control->is_draining)
        sw_notify("READY=1\nSTATUS=%s", err == NULL
                                            ? "serving; the configuration was reloaded"
                                            : "serving; a new configuration was refused");
    sw_map_unref(reload->map);
    reload->map = NULL;
    sw_catalog_unref(reload->wish.catalog);
    reload->wish.catalog = NULL;
    if (report != NULL)
        (void)sw_buf_append(report, "", 1);
    tell_askers(control, err, report == NULL ? "" : (const char *)sw_buf_bytes(report));
    reload->is_running = false;
    if (reload->is_wanted)
        start(control);
}

static void refuse(struct sw_control *control, const struct sw_error *err)
{
    finish(control, err, NULL);
}

static void refuse_faults(struct sw_control *control, const struct sw_config_faults *faults)
{
    struct sw_error err;
    struct sw_buf report;

    sw_buf_init(&report, MOST_REPORT);
    for (int i = 0; i < faults->count; i++) {
        const struct sw_config_fault *fault = &faults->faults[i];

        sw_log(SW_LOG_ERROR, "configuration-fault", "at=\"%s:%d:%d\" fault=\"%s\"",
               control->path, fault->line, fault->column, fault->text);
        (void)sw_buf_printf(&report, "%s:%d:%d: %s\n", control->path, fault->line,
                            fault->column, fault->text);
    }
    sw_error_set(&err, "F0000", "the configuration has %d fault%s; nothing was changed",
                 faults->count, faults->count == 1 ? "" : "s");
    finish(control, &err, &report);
    sw_buf_finish(&report);
}

/* --- using it --- */

static void on_change(void *owner, const char *line)
{
    sw_log(SW_LOG_INFO, "changed", "what=\"%s\"", line);
    (void)sw_buf_printf(owner, "%s\n", line);
}

static bool is_same(const char *one, const char *two)
{
    return strcmp(one == NULL ? "" : one, two == NULL ? "" : two) == 0;
}

static bool is_console_elsewhere(const struct sw_config *was, const struct sw_config *is)
{
    return !is_same(was->admin.address, is->admin.address) || was->admin.port != is->admin.port;
}

/* What was fixed when the process started. */
static void tell_unchanged(const struct sw_config *was, const struct sw_config *is,
                           struct sw_buf *report)
{
    if (was->workers != is->workers)
        on_change(report, "workers: takes effect at the next start");
    if (is_console_elsewhere(was, is))
        on_change(report, "admin.listen: takes effect at the next start");
    if (!is_same(was->unix_socket.directory, is->unix_socket.directory) &&
        was->admin.address != NULL)
        on_change(report, "unix_socket of the console: takes effect at the next start");
    if (was->limits.statement_cache != is->limits.statement_cache)
        on_change(report, "limits.statement_cache: takes effect at the next start");
}

static void use(struct sw_control *control, const struct sw_doors *doors)
{
    struct sw_map *before = control->map, *map = sw_map_ref(control->reload.map);
    struct sw_buf report;

    sw_buf_init(&report, MOST_REPORT);
    sw_map_changes(before, map, on_change, &report);
    tell_unchanged(before->config, map->config, &report);
    sw_log_configure(map->config->log.level, map->config->log.format);
    control->map = map;
    sw_board_publish_map(control->board, map, control->reload.wish.catalog);
    sw_health_follow_map(control->health);
    sw_failover_follow_map(control->failover);
    sw_doors_replace(&control->doors, doors, map->config); /* who comes in knows the map */
    sw_map_unref(before);
    finish(control, NULL, &report);
    sw_buf_finish(&report);
}

/* The last steps that may fail; they are undone if the next one does. */
static void try_to_use(struct sw_control *control)
{
    const struct sw_config *config = control->reload.map->config;
    struct sw_doors doors;
    struct sw_error err;

    if (!sw_doors_open(&doors, control, control->map->config, config, &err)) {
        refuse(control, &err);
        return;
    }
    if (!sw_verifiers_prepare(control->verifiers, control->reload.map, &err) ||
        !sw_admin_use_map(control->admin, control->reload.map, &err)) {
        struct sw_error ignored;

        /* Those of the map that stays could be made before. */
        (void)sw_verifiers_prepare(control->verifiers, control->map, &ignored);
        sw_doors_close(&doors);
        refuse(control, &err);
        return;
    }
    use(control, &doors);
}

static void on_read(struct sw_catalog_wish *wish, const struct sw_error *err)
{
    struct sw_control *control = SW_OWNER(wish, struct sw_control, reload.wish);
    struct sw_error conflict;

    if (err != NULL)
        sw_log(SW_LOG_WARNING, "reload-unread", "reason=\"%s\"", err->message);
    if (control->is_draining)
        sw_error_set(&conflict, "57P03", "shardward is shutting down");
    else if (wish->catalog == NULL || sw_catalog_allows(wish->catalog, &conflict)) {
        try_to_use(control);
        return;
    }
    refuse(control, &conflict);
}

static void start(struct sw_control *control)
{
    struct sw_reload *reload = &control->reload;
    struct sw_config_faults faults = {0};
    struct sw_config *config;
    struct sw_error err;
    struct sw_link *link;

    reload->is_running = true;
    reload->is_wanted = false;
    while ((link = sw_list_first(&reload->next)) != NULL) {
        sw_link_remove(link);
        sw_list_push_back(&reload->askers, link);
    }
    if (control->is_draining) {
        sw_error_set(&err, "57P03", "shardward is shutting down");
        refuse(control, &err);
        return;
    }
    sw_notify_reloading();
    config = sw_config_read(control->path, &faults);
    if (config == NULL) {
        refuse_faults(control, &faults);
        return;
    }
    reload->map = sw_map_build(config);
    reload->wish = (struct sw_catalog_wish){
        .mailbox = control->mailbox, .proposed = reload->map, .on_read = on_read};
    sw_catalog_reader_read(control->catalog, &reload->wish);
}

/* --- for the others --- */

void sw_reload_init(struct sw_reload *reload)
{
    *reload = (struct sw_reload){0};
    sw_link_init(&reload->askers);
    sw_link_init(&reload->next);
}

void sw_control_reload(struct sw_control *control, struct sw_reload_asker *asker)
{
    if (asker != NULL) {
        sw_link_init(&asker->link);
        sw_list_push_back(&control->reload.next, &asker->link);
    }
    control->reload.is_wanted = true;
    if (!control->reload.is_running)
        start(control);
}
