/*
 * REPAIR works on shards for as long as that takes, and so has a thread of its own:
 *
 *   REPAIR --> thread: sw_repair() --letter--> the catalog is read anew --> answered
 *
 * When the process ends meanwhile, it does not wait: each shard is repaired in a transaction.
 */
#include "columns.h"
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/catalog/repair.h"

#include <pthread.h>
#include <string.h>

static const struct sw_column repair_columns[] = {TEXT("said")};

const struct sw_columns sw_columns_repair = COLUMNS(repair_columns);

struct sw_repair_job {
    struct sw_admin *admin;
    uint32_t console;
    struct sw_map *map;
    pthread_mutex_t lock;
    struct sw_mailbox *mailbox; /* NULL: nobody waits any more */
    struct sw_letter letter;
    struct sw_catalog_wish wish;
    char *said; /* lines */
    size_t said_len;
    bool is_good;
};

static void free_repair(struct sw_repair_job *repair)
{
    /* The thread that has posted the letter may not have let go of it yet. */
    (void)pthread_mutex_lock(&repair->lock);
    (void)pthread_mutex_unlock(&repair->lock);
    sw_map_unref(repair->map);
    (void)pthread_mutex_destroy(&repair->lock);
    free(repair->said);
    free(repair);
}

/* --- on the control thread, behind the work --- */

static void put_said(struct sw_answer *answer, const char *said)
{
    while (*said != '\0') {
        size_t len = strcspn(said, "\n");

        sw_answer_row(answer);
        sw_answer_format(answer, "%.*s", (int)len, said);
        said += len + (said[len] == '\n');
    }
}

static void on_read(struct sw_catalog_wish *wish, const struct sw_error *unread)
{
    struct sw_repair_job *repair = SW_OWNER(wish, struct sw_repair_job, wish);
    struct sw_admin *admin = repair->admin;
    struct sw_console *console = sw_admin_waiting(admin, repair->console);
    struct sw_error err;

    (void)unread; /* the log has it, and the reader tries again by itself */
    admin->repair = NULL;
    if (console != NULL && repair->is_good) {
        put_said(&console->answer, repair->said);
        sw_console_done(console);
    } else if (console != NULL) {
        sw_error_set(&err, "55000", "something is unfinished still");
        sw_error_detail(&err, "%s", repair->said);
        sw_console_fail(console, &err);
    }
    free_repair(repair);
}

static void on_worked(struct sw_letter *letter)
{
    struct sw_repair_job *repair = SW_OWNER(letter, struct sw_repair_job, letter);
    struct sw_admin *admin = repair->admin;

    if (atomic_load(&admin->is_closing)) {
        admin->repair = NULL;
        free_repair(repair);
        return;
    }
    repair->wish = (struct sw_catalog_wish){.mailbox = admin->mailbox, .on_read = on_read};
    sw_catalog_reader_read(admin->catalog, &repair->wish);
}

/* --- the work --- */

static void *work(void *owner)
{
    struct sw_repair_job *repair = owner;
    FILE *out = open_memstream(&repair->said, &repair->said_len);
    bool is_awaited;

    repair->is_good = out != NULL && sw_repair(repair->map, out);
    if (out == NULL || fclose(out) != 0)
        repair->is_good = false;
    if (repair->said == NULL)
        repair->said = sw_strdup("");
    (void)pthread_mutex_lock(&repair->lock);
    is_awaited = repair->mailbox != NULL;
    if (is_awaited)
        sw_mailbox_post(repair->mailbox, &repair->letter);
    (void)pthread_mutex_unlock(&repair->lock);
    if (!is_awaited)
        free_repair(repair);
    return NULL;
}

static bool start(struct sw_repair_job *repair)
{
    pthread_attr_t detached;
    pthread_t thread;
    bool is_started;

    (void)pthread_attr_init(&detached);
    (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    is_started = pthread_create(&thread, &detached, work, repair) == 0;
    (void)pthread_attr_destroy(&detached);
    return is_started;
}

void sw_order_repair(struct sw_console *console)
{
    struct sw_admin *admin = console->admin;
    struct sw_repair_job *repair;
    struct sw_error err;

    if (admin->repair != NULL) {
        sw_error_set(&err, "55006", "a repair is under way");
        sw_console_fail(console, &err);
        return;
    }
    repair = sw_alloc_zero(1, sizeof *repair);
    repair->admin = admin;
    repair->console = console->id;
    repair->map = sw_map_ref(admin->map);
    repair->mailbox = admin->mailbox;
    repair->letter.on_read = on_worked;
    (void)pthread_mutex_init(&repair->lock, NULL);
    if (start(repair)) {
        admin->repair = repair;
        return;
    }
    free_repair(repair);
    sw_error_set(&err, "53000", "no thread could be started");
    sw_console_fail(console, &err);
}

void sw_repair_leave(struct sw_admin *admin)
{
    if (admin->repair == NULL)
        return;
    (void)pthread_mutex_lock(&admin->repair->lock);
    admin->repair->mailbox = NULL;
    (void)pthread_mutex_unlock(&admin->repair->lock);
    admin->repair = NULL;
}
