/*
 * notify - tells the service manager how shardward is, as sd_notify(3) does: one datagram of
 * lines `NAME=value` to the socket that NOTIFY_SOCKET names, which may be abstract (`@name`).
 * Without that variable, or when nobody listens, nothing happens.
 */
#ifndef SW_APP_NOTIFY_H
#define SW_APP_NOTIFY_H

void sw_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* RELOADING=1 with the time that systemd wants to see beside it. */
void sw_notify_reloading(void);

#endif
