/*
 * direct - a client that has a server for itself: what it says goes there as it is, and what
 * the server says comes back as it is.
 */
#ifndef SW_SESSION_DIRECT_H
#define SW_SESSION_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_session;

/* Is its user one of pool mode session, and its database whole on one server, and all his? Only
 * then may pass what nobody has read. */
bool sw_session_is_direct(const struct sw_session *session);
/* Of such a one: open its server connection; the session is DIRECT then, or closed. */
void sw_session_start_direct(struct sw_session *session);
size_t sw_session_take_directly(struct sw_session *session, const uint8_t *bytes, size_t len);
void sw_session_direct_drained(struct sw_session *session); /* the client's stream */
void sw_session_cancel_directly(struct sw_session *session);
void sw_session_end_direct(struct sw_session *session);
/* Does its server have something to answer? Its transaction's status, socket and process; I, -1
 * and 0 of any other session. */
bool sw_session_works_directly(const struct sw_session *session);
char sw_session_direct_status(const struct sw_session *session);
int sw_session_direct_fd(const struct sw_session *session);
uint32_t sw_session_direct_pid(const struct sw_session *session);

#endif
