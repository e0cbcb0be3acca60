#include "shardward/backend/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum {
    UNHEARD_MS = 1000,
    UNHEARD_REPEATS = 2, /* a single packet may be lost anywhere */
};

bool sw_tcp_look(int fd, struct sw_tcp *tcp)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return false;
    *tcp = (struct sw_tcp){.unconfirmed = (int)info.tcpi_unacked,
                           .repeats = info.tcpi_retransmits > info.tcpi_probes
                                          ? info.tcpi_retransmits
                                          : info.tcpi_probes,
                           .confirmed_ms = info.tcpi_last_ack_recv};
    return true;
}

bool sw_tcp_is_unheard(const struct sw_tcp *tcp, uint64_t waits_ms)
{
    return tcp->repeats >= UNHEARD_REPEATS ||
           (tcp->unconfirmed > 0 && tcp->confirmed_ms >= UNHEARD_MS && waits_ms >= UNHEARD_MS);
}
