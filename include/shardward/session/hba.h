/*
 * hba - who may come from where, as pg_hba.conf says it of PostgreSQL: the first line that fits
 * counts (PostgreSQL docs, "The pg_hba.conf File").
 */
#ifndef SW_SESSION_HBA_H
#define SW_SESSION_HBA_H

#include "shardward/config/config.h"

#include <sys/socket.h>

struct sw_hba_client {
    struct sockaddr_storage address; /* AF_UNIX: through a Unix-domain socket */
    bool is_tls;
    const char *user, *database;
};

/* NULL: no line fits. An IPv4 address that came as IPv6 (::ffff:10.0.0.1) is one of IPv4. */
const struct sw_config_hba *sw_hba_find(const struct sw_config *config,
                                        const struct sw_hba_client *client);

/* May the client of @fd try to log in? *line is the one that fits, NULL where the configuration
 * has none at all. False: 28000 in PostgreSQL's words. */
bool sw_hba_admit(const struct sw_config *config, int fd, struct sw_hba_client *client,
                  const struct sw_config_hba **line, struct sw_error *err);

#endif
