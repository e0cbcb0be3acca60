/*
 * The ports and Unix-domain sockets of clients and of those who watch, and how a reload changes
 * them.
 */
#include "control.h"

#include <string.h>

enum { PATH_SIZE = 256 };

static bool is_port_another(const struct sw_config *was, const struct sw_config *is)
{
    return was == NULL || was->listen_port != is->listen_port ||
           strcmp(was->listen_address, is->listen_address) != 0;
}

static bool is_path_another(const struct sw_config *was, const struct sw_config *is)
{
    return was == NULL || was->unix_socket.directory == NULL ||
           was->listen_port != is->listen_port ||
           strcmp(was->unix_socket.directory, is->unix_socket.directory) != 0;
}

static bool is_http_another(const struct sw_config *was, const struct sw_config *is)
{
    return was == NULL || was->http.address == NULL || was->http.port != is->http.port ||
           strcmp(was->http.address, is->http.address) != 0;
}

static bool open_to_clients(struct sw_doors *doors, struct sw_control *control,
                            const struct sw_config *was, const struct sw_config *is,
                            struct sw_error *err)
{
    const struct sw_listener_host host = sw_control_host(control);
    char path[PATH_SIZE];

    if (is_port_another(was, is)) {
        doors->port = sw_listener_open(&host, is->listen_address, is->listen_port, err);
        if (doors->port == NULL)
            return false;
    }
    if (is->unix_socket.directory == NULL || !is_path_another(was, is))
        return true;
    sw_config_socket_path(is, is->listen_port, path, sizeof path);
    doors->local = sw_listener_open_local(&host, path, is->unix_socket.mode, err);
    return doors->local != NULL;
}

bool sw_doors_open(struct sw_doors *doors, struct sw_control *control,
                   const struct sw_config *was, const struct sw_config *is,
                   struct sw_error *err)
{
    *doors = (struct sw_doors){NULL, NULL, NULL};
    if (is->http.address != NULL && is_http_another(was, is)) {
        doors->http = sw_http_open(control->http, is->http.address, is->http.port, err);
        if (doors->http == NULL)
            return false;
    }
    if (open_to_clients(doors, control, was, is, err))
        return true;
    sw_doors_close(doors);
    return false;
}

static void replace(struct sw_listener **door, struct sw_listener *new)
{
    sw_listener_close(*door);
    *door = new;
    sw_listener_start(new);
}

void sw_doors_replace(struct sw_doors *doors, const struct sw_doors *new,
                      const struct sw_config *is)
{
    if (new->port != NULL)
        replace(&doors->port, new->port);
    if (new->local != NULL || is->unix_socket.directory == NULL)
        replace(&doors->local, new->local);
    else
        sw_listener_set_mode(doors->local, is->unix_socket.mode);
    if (new->http != NULL || is->http.address == NULL) {
        sw_http_shut(doors->http);
        doors->http = new->http;
    }
}

void sw_doors_close_to_clients(struct sw_doors *doors)
{
    replace(&doors->port, NULL);
    replace(&doors->local, NULL);
}

void sw_doors_close(struct sw_doors *doors)
{
    sw_doors_close_to_clients(doors);
    sw_http_shut(doors->http);
    doors->http = NULL;
}
