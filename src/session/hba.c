#include "shardward/session/hba.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { MAPPED = 12, FOUR = 4, SIXTEEN = 16 };

/* The bytes of an address of IPv4 or IPv6; NULL: it is neither. */
static const uint8_t *bytes_of(const struct sockaddr_storage *address, int *count)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

    *count = FOUR;
    if (address->ss_family == AF_INET)
        return (const uint8_t *)&four->sin_addr;
    if (address->ss_family != AF_INET6)
        return NULL;
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        return six->sin6_addr.s6_addr + MAPPED;
    *count = SIXTEEN;
    return six->sin6_addr.s6_addr;
}

static bool is_within(const struct sw_config_hba *line, const struct sockaddr_storage *address)
{
    int count, whole = line->address_bits / 8, rest = line->address_bits % 8;
    const uint8_t *bytes = bytes_of(address, &count);

    if (line->address_len == 0)
        return true;
    if (bytes == NULL || count != line->address_len ||
        memcmp(bytes, line->address, (size_t)whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ line->address[whole]) >> (8 - rest) == 0;
}

static bool is_named(const char *const *names, int count, const char *name)
{
    if (names == NULL)
        return true;
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool is_of_type(enum sw_hba_type type, const struct sw_hba_client *client)
{
    bool is_local = client->address.ss_family == AF_UNIX;

    switch (type) {
    case SW_HBA_LOCAL:
        return is_local;
    case SW_HBA_HOST:
        return !is_local;
    case SW_HBA_HOSTSSL:
        return !is_local && client->is_tls;
    case SW_HBA_HOSTNOSSL:
        return !is_local && !client->is_tls;
    }
    return false;
}

const struct sw_config_hba *sw_hba_find(const struct sw_config *config,
                                        const struct sw_hba_client *client)
{
    for (int i = 0; i < config->hba_count; i++) {
        const struct sw_config_hba *line = &config->hba[i];

        if (is_of_type(line->type, client) && is_within(line, &client->address) &&
            is_named(line->users, line->user_count, client->user) &&
            is_named(line->databases, line->database_count, client->database))
            return line;
    }
    return NULL;
}

static bool refuse(const char *format, const struct sw_hba_client *client, struct sw_error *err)
{
    char host[INET6_ADDRSTRLEN] = "[local]";
    int count;
    const uint8_t *bytes = bytes_of(&client->address, &count);

    if (bytes != NULL)
        (void)inet_ntop(count == FOUR ? AF_INET : AF_INET6, bytes, host, sizeof host);
    return sw_error_set(err, "28000", "%s host \"%s\", user \"%.64s\", database \"%.64s\", %s",
                        format, host, client->user, client->database,
                        client->is_tls ? "SSL encryption" : "no encryption");
}

bool sw_hba_admit(const struct sw_config *config, int fd, struct sw_hba_client *client,
                  const struct sw_config_hba **line, struct sw_error *err)
{
    socklen_t len = sizeof client->address;

    *line = NULL;
    if (config->hba == NULL)
        return true;
    if (getpeername(fd, (struct sockaddr *)&client->address, &len) != 0)
        client->address.ss_family = AF_UNSPEC;
    *line = sw_hba_find(config, client);
    if (*line == NULL)
        return refuse("no pg_hba.conf entry for", client, err);
    return (*line)->method != SW_HBA_REJECT ||
           refuse("pg_hba.conf rejects connection for", client, err);
}
