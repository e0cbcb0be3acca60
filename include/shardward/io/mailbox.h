/*
 * mailbox - letters from any thread to the thread of one loop.
 *
 * A letter is embedded in what it carries and says itself what is to be done on the other side.
 * Posting takes no lock; it wakes the loop only when the box was empty. Letters are read in the
 * order in which they were posted. What the poster wrote before it posted is seen by the
 * reader.
 */
#ifndef SW_IO_MAILBOX_H
#define SW_IO_MAILBOX_H

#include "shardward/io/loop.h"

struct sw_mailbox;

struct sw_letter {
    struct sw_letter *next;
    /* Called on the loop's thread; the letter is the reader's then, and may be freed or posted
     * again from inside. */
    void (*on_read)(struct sw_letter *letter);
};

struct sw_mailbox *sw_mailbox_create(struct sw_loop *loop);
/* From any thread, the loop's own included. @letter is borrowed until it is read. */
void sw_mailbox_post(struct sw_mailbox *mailbox, struct sw_letter *letter);
/* Read what has been posted, now. On the loop's thread, and from no letter. */
void sw_mailbox_read(struct sw_mailbox *mailbox);
/* Reads what was posted, also what the reading posts, and closes. Nobody may post afterwards.
 * On the loop's thread, or when that thread has ended. Accepts NULL. */
void sw_mailbox_close(struct sw_mailbox *mailbox);

#endif
