#include "ask.h"

#include "shardward/base/mem.h"

struct sw_console *sw_admin_waiting(const struct sw_admin *admin, uint32_t id)
{
    for (struct sw_link *link = admin->consoles.next; link != &admin->consoles;
         link = link->next) {
        struct sw_console *console = SW_OWNER(link, struct sw_console, link);

        if (console->id == id && console->state == SW_CONSOLE_WAITING)
            return console;
    }
    return NULL;
}

static void free_ask(struct sw_ask *ask)
{
    for (int i = 0; i < ask->part_count; i++)
        sw_answer_finish(&ask->parts[i].answer);
    sw_map_unref(ask->map);
    free(ask->word);
    free(ask);
}

/* On the control thread: a part has come back. */
static void on_answered(struct sw_letter *letter)
{
    struct sw_ask *ask = SW_OWNER(letter, struct sw_part, letter)->ask;
    struct sw_console *console;

    if (--ask->left > 0)
        return;
    console = ask->console_id == 0 ? NULL : sw_admin_waiting(ask->admin, ask->console_id);
    if (!atomic_load(&ask->admin->is_closing) && (console != NULL || ask->console_id == 0))
        ask->kind->on_all(console, ask);
    free_ask(ask);
}

/* On the worker's thread, or, when all threads have ended, on the control thread. */
static void on_asked(struct sw_letter *letter)
{
    struct sw_part *part = SW_OWNER(letter, struct sw_part, letter);
    struct sw_admin *admin = part->ask->admin;

    if (!atomic_load(&admin->is_closing))
        part->ask->kind->on_worker(part);
    part->letter.on_read = on_answered;
    sw_mailbox_post(admin->mailbox, &part->letter);
}

void sw_ask(struct sw_admin *admin, struct sw_console *console, const struct sw_ask_kind *kind,
            const char *word, uint32_t number)
{
    static const struct sw_columns none = {0};
    size_t count = (size_t)admin->worker_count;
    struct sw_ask *ask = sw_alloc_zero(1, sizeof *ask + count * sizeof ask->parts[0]);

    ask->admin = admin;
    ask->console_id = console == NULL ? 0 : console->id;
    ask->kind = kind;
    ask->map = sw_map_ref(admin->map);
    ask->word = word == NULL ? NULL : sw_strdup(word);
    ask->number = number;
    ask->left = ask->part_count = admin->worker_count;
    for (int i = 0; i < admin->worker_count; i++) {
        struct sw_part *part = &ask->parts[i];

        part->ask = ask;
        part->worker = &admin->workers[i];
        part->letter.on_read = on_asked;
        sw_answer_init(&part->answer, kind->columns == NULL ? &none : kind->columns);
    }
    /* The last part may be answered, and the ask freed, as soon as it is posted. */
    for (int i = 0; i < (int)count; i++)
        sw_mailbox_post(admin->workers[i].mailbox, &ask->parts[i].letter);
}

static void append_parts(struct sw_console *console, const struct sw_ask *ask)
{
    for (int i = 0; i < ask->part_count; i++)
        sw_answer_append(&console->answer, &ask->parts[i].answer);
}

void sw_ask_append(struct sw_console *console, struct sw_ask *ask)
{
    append_parts(console, ask);
    sw_console_done(console);
}

void sw_ask_join(struct sw_console *console, struct sw_ask *ask)
{
    append_parts(console, ask);
    sw_answer_fold(&console->answer);
    sw_console_done(console);
}

void sw_ask_done(struct sw_console *console, struct sw_ask *ask)
{
    (void)ask;
    sw_console_done(console);
}

int sw_ask_sum(const struct sw_ask *ask)
{
    int sum = 0;

    for (int i = 0; i < ask->part_count; i++)
        sum += ask->parts[i].count;
    return sum;
}
