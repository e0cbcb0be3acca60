/*
 * SHOW CLIENTS, and KILL.
 */
#include "ask.h"
#include "columns.h"

#include "shardward/base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static const struct sw_column clients[] = {
    TEXT("type"),         TEXT("user"),       TEXT("database"),
    TEXT("state"),        TEXT("addr"),       INT4("port"),
    TEXT("local_addr"),   INT4("local_port"), TEXT("connect_time"),
    TEXT("request_time"), INT4("wait"),       INT4("wait_us"),
    INT4("close_needed"), TEXT("ptr"),        TEXT("link"),
    INT4("remote_pid"),   TEXT("tls"),        TEXT("application_name"),
    INT8("id"),           INT4("worker"),     TEXT("shard"),
    INT8("queries"),      INT8("received"),   INT8("sent"),
};

const struct sw_columns sw_columns_clients = COLUMNS(clients);

void sw_put_time(struct sw_answer *answer, uint64_t unix_s)
{
    time_t seconds = (time_t)unix_s;
    char text[40];
    struct tm utc;

    if (unix_s == 0) {
        sw_answer_null(answer);
        return;
    }
    gmtime_r(&seconds, &utc);
    (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
    sw_answer_text(answer, text);
}

/* As PgBouncer tells it: the port is that of which the path ends. */
static void put_local(struct sw_answer *answer, const struct sockaddr_un *here)
{
    const char *dot = strrchr(here->sun_path, '.');

    sw_answer_text(answer, "unix");
    sw_answer_number(answer, dot == NULL ? 0 : strtol(dot + 1, NULL, 10));
}

static void put_address(struct sw_answer *answer, const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    char text[INET6_ADDRSTRLEN] = "";

    if (address->ss_family == AF_INET)
        (void)inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
    else if (address->ss_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
    sw_answer_text(answer, text);
    sw_answer_number(answer, address->ss_family == AF_INET6  ? ntohs(six->sin6_port)
                             : address->ss_family == AF_INET ? ntohs(four->sin_port)
                                                             : 0);
}

void sw_put_ends(struct sw_answer *answer, int fd)
{
    struct sockaddr_storage there = {0}, here = {0};
    socklen_t len = sizeof there;

    if (getpeername(fd, (struct sockaddr *)&there, &len) != 0)
        there.ss_family = AF_UNSPEC;
    len = sizeof here;
    if (getsockname(fd, (struct sockaddr *)&here, &len) != 0)
        here.ss_family = AF_UNSPEC;
    if (there.ss_family == AF_UNIX) {
        /* One of both ends has a path: the one that listened. */
        const struct sockaddr_un *ends[] = {(const struct sockaddr_un *)&there,
                                            (const struct sockaddr_un *)&here};

        put_local(answer, ends[ends[0]->sun_path[0] == '\0']);
        put_local(answer, ends[ends[0]->sun_path[0] == '\0']);
    } else {
        put_address(answer, &there);
        put_address(answer, &here);
    }
}

static void put_client(void *owner, const struct sw_client_facts *facts)
{
    static const char *const states[SW_CLIENT_STATES] = {"login", "idle", "idle in transaction",
                                                         "waiting", "active"};
    struct sw_part *part = owner;
    struct sw_answer *answer = &part->answer;
    bool is_waiting = facts->state == SW_CLIENT_WAITING;

    sw_answer_row(answer);
    sw_answer_text(answer, "C");
    sw_answer_text(answer, facts->user);
    sw_answer_text(answer, facts->database);
    sw_answer_text(answer, states[facts->state]);
    sw_put_ends(answer, facts->fd);
    sw_put_time(answer, facts->connected_s);
    sw_put_time(answer, facts->asked_s);
    sw_answer_number(answer, is_waiting ? (int64_t)(facts->busy_us / 1000000) : 0);
    sw_answer_number(answer, is_waiting ? (int64_t)(facts->busy_us % 1000000) : 0);
    sw_answer_number(answer, 0);
    sw_answer_format(answer, "c%u", facts->id);
    if (facts->server_fd < 0)
        sw_answer_null(answer);
    else
        sw_answer_format(answer, "s%d", facts->server_fd);
    sw_answer_number(answer, 0);
    sw_answer_text(answer, facts->tls);
    sw_answer_text(answer, facts->application == NULL ? "" : facts->application);
    sw_answer_number(answer, facts->id);
    sw_answer_number(answer, (int64_t)(part->worker - part->ask->admin->workers));
    sw_answer_text(answer, facts->shard);
    sw_answer_number(answer, (int64_t)facts->queries);
    sw_answer_number(answer, (int64_t)facts->received);
    sw_answer_number(answer, (int64_t)facts->sent);
}

static void show_part(struct sw_part *part)
{
    sw_sessions_each(part->worker->sessions, put_client, part);
}

void sw_show_clients(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_clients, show_part, sw_ask_append};

    sw_ask(console->admin, console, &kind, NULL, 0);
}

/* --- KILL --- */

static void kill_part(struct sw_part *part)
{
    part->count = sw_sessions_kill(part->worker->sessions, part->ask->number, part->ask->word);
}

static void on_killed(struct sw_console *console, struct sw_ask *ask)
{
    struct sw_error err;

    if (sw_ask_sum(ask) > 0 || ask->number == 0) {
        sw_console_done(console);
        return;
    }
    sw_error_set(&err, "42704", "there is no client %u", ask->number);
    sw_error_hint(&err, "SHOW CLIENTS has their ids.");
    sw_console_fail(console, &err);
}

void sw_kill(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {.on_worker = kill_part, .on_all = on_killed};
    const char *word = console->command.words[0].text;
    struct sw_error err;
    int64_t id;

    if (sw_map_database(console->admin->map, word) != NULL) {
        sw_ask(console->admin, console, &kind, word, 0);
    } else if (sw_text_to_int64(word, strlen(word), &id) && id > 0 && id <= INT32_MAX) {
        sw_ask(console->admin, console, &kind, NULL, (uint32_t)id);
    } else {
        sw_error_set(&err, "42704", "\"%.64s\" is neither a client's id nor a database", word);
        sw_error_hint(&err, "SHOW CLIENTS and SHOW DATABASES tell.");
        sw_console_fail(console, &err);
    }
}
