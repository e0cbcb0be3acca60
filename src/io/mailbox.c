/*
 * The box is a stack onto which posters push; the reader takes all of it at once and turns it
 * round. Whoever pushes onto an empty stack rings: letters that come before the reader looks
 * are covered by that one ring.
 */
#include "shardward/io/mailbox.h"

#include "shardward/base/mem.h"

#include <stdatomic.h>

struct sw_mailbox {
    _Atomic(struct sw_letter *) newest;
    struct sw_waker *waker;
};

static struct sw_letter *turn_round(struct sw_letter *newest)
{
    struct sw_letter *oldest = NULL;

    while (newest != NULL) {
        struct sw_letter *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* Returns whether there was any. */
static bool read_letters(struct sw_mailbox *mailbox)
{
    struct sw_letter *letter =
        turn_round(atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire));
    bool has_any = letter != NULL;

    while (letter != NULL) {
        struct sw_letter *next = letter->next;

        letter->on_read(letter);
        letter = next;
    }
    return has_any;
}

void sw_mailbox_read(struct sw_mailbox *mailbox)
{
    (void)read_letters(mailbox);
}

static void on_woken(void *owner)
{
    sw_mailbox_read(owner);
}

struct sw_mailbox *sw_mailbox_create(struct sw_loop *loop)
{
    struct sw_mailbox *mailbox = sw_alloc_zero(1, sizeof *mailbox);

    atomic_init(&mailbox->newest, NULL);
    mailbox->waker = sw_waker_create(loop, on_woken, mailbox);
    return mailbox;
}

void sw_mailbox_post(struct sw_mailbox *mailbox, struct sw_letter *letter)
{
    struct sw_letter *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);

    do
        letter->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, letter,
                                                  memory_order_release, memory_order_relaxed));
    if (newest == NULL)
        sw_waker_wake(mailbox->waker);
}

void sw_mailbox_close(struct sw_mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    while (read_letters(mailbox))
        ;
    sw_waker_close(mailbox->waker);
    free(mailbox);
}
