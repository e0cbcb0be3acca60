/*
 * drawing - numbers for new rows, which come from sequences of all shards.
 */
#ifndef SW_SESSION_DRAWING_H
#define SW_SESSION_DRAWING_H

#include "shardward/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct sw_planned;
struct sw_session;

enum sw_drawn {
    SW_DRAWN,         /* *ids: what the plan wants; NULL: it wants none */
    SW_DRAWN_LATER,   /* the session waits, and takes the message at hand again */
    SW_DRAWN_REFUSED, /* *err */
};

/* Draw the numbers that @planned wants for its new rows. They are the session's until they are
 * used, whatever comes of the statement. */
enum sw_drawn sw_session_draw(struct sw_session *session, struct sw_planned *planned,
                              const int64_t **ids, struct sw_error *err);
void sw_session_use_drawn(struct sw_session *session);
bool sw_session_is_drawing(const struct sw_session *session); /* it waits for numbers */
/* If the session waits for numbers, or is to begin so after a pause: its statement fails. */
bool sw_session_refuse_drawing(struct sw_session *session, const struct sw_error *err);
void sw_session_stop_drawing(struct sw_session *session); /* it does not wait any longer */
void sw_session_forget_drawing(struct sw_session *session);

#endif
