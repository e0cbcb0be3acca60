/*
 * tcp - does the other host still confirm what a connection sends it? The kernel knows.
 *
 * A host that is there confirms bytes within moments, however long its server takes to answer:
 * a slow statement has nothing that is not confirmed. A host that is gone, or does not hear us,
 * confirms nothing, and the kernel sends the same bytes again and again, or probes.
 *
 * TCP_USER_TIMEOUT would be the kernel's own way to give such a connection up. But it counts
 * the time for which the other side reads nothing, too, though its host answers every probe of
 * the full window (tcp_probe_timer() in net/ipv4/tcp_timer.c): a COPY into a table that
 * somebody has locked would lose its connection. So it is left off, and whoever looks decides.
 *
 * Source: Linux, tcp(7), TCP_INFO, and struct tcp_info of include/uapi/linux/tcp.h, whose
 * fields are named below.
 */
#ifndef SW_BACKEND_TCP_H
#define SW_BACKEND_TCP_H

#include <stdbool.h>
#include <stdint.h>

struct sw_tcp {
    int unconfirmed; /* segments that were sent and are not confirmed: tcpi_unacked */
    /* In a row, in vain: of the oldest of them, or of questions whether anybody is there, for
     * what has not been sent yet or to keep alive: tcpi_retransmits, tcpi_probes. */
    int repeats;
    uint64_t confirmed_ms; /* since the last confirmation came: tcpi_last_ack_recv */
};

/* False: @fd is not connected by TCP. */
bool sw_tcp_look(int fd, struct sw_tcp *tcp);

/* Something has not been confirmed for @waits_ms: is that too long? Pure. What was sent a
 * moment ago on a connection that had been silent is not: its last confirmation is old, too. */
bool sw_tcp_is_unheard(const struct sw_tcp *tcp, uint64_t waits_ms);

#endif
