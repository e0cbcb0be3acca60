#include "conninfo.h"

#include "shardward/base/buf.h"
#include "shardward/base/mem.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

/* A directory of Unix-domain sockets: nothing resolves it, nothing waits for it. */
#define NOWHERE "/detached-by-shardward"

enum { MOST = 4096 };

/* What says where to, and how long to wait; the rest stays. */
static bool is_replaced(const char *keyword)
{
    static const char *const names[] = {"host", "hostaddr", "port", "application_name",
                                        "connect_timeout"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(keyword, names[i]) == 0)
            return true;
    return false;
}

static void append(struct sw_buf *buf, const char *keyword, const char *value)
{
    sw_buf_printf(buf, "%s%s='", sw_buf_len(buf) == 0 ? "" : " ", keyword);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            sw_buf_append_text(buf, "\\");
        sw_buf_append(buf, value, 1);
    }
    sw_buf_append_text(buf, "'");
}

static char *rewrite(const char *conninfo, const char *host, const char *port, const char *name)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    struct sw_buf buf;
    char *text = NULL;
    bool has_any = false;

    if (options == NULL)
        return NULL;
    sw_buf_init(&buf, MOST);
    append(&buf, "host", host);
    append(&buf, "port", port);
    if (name != NULL)
        append(&buf, "application_name", name);
    append(&buf, "connect_timeout", "2");
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        has_any = has_any || option->val != NULL;
        if (option->val != NULL && !is_replaced(option->keyword))
            append(&buf, option->keyword, option->val);
    }
    PQconninfoFree(options);
    if (has_any && sw_buf_append(&buf, "", 1))
        text = sw_strdup((const char *)sw_buf_bytes(&buf));
    sw_buf_finish(&buf);
    return text;
}

char *sw_conninfo_detach(const char *conninfo)
{
    return rewrite(conninfo, NOWHERE, "1", NULL);
}

char *sw_conninfo_follow(const char *conninfo, const struct sw_node *to, const char *name)
{
    char port[16];

    (void)snprintf(port, sizeof port, "%d", to->port);
    return rewrite(conninfo, to->address, port, name);
}

static bool has(const PQconninfoOption *options, const char *keyword, const char *value)
{
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
        if (strcmp(option->keyword, keyword) == 0)
            return option->val != NULL && strcmp(option->val, value) == 0;
    return false;
}

bool sw_conninfo_is_detached(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    bool is_detached = options != NULL && has(options, "host", NOWHERE);

    PQconninfoFree(options);
    return is_detached;
}

bool sw_conninfo_follows(const char *conninfo, const struct sw_node *to, const char *name)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    char port[16];
    bool follows;

    (void)snprintf(port, sizeof port, "%d", to->port);
    follows = options != NULL && has(options, "host", to->address) &&
              has(options, "port", port) && has(options, "application_name", name);
    PQconninfoFree(options);
    return follows;
}
