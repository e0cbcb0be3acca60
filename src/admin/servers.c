/*
 * SHOW SERVERS.
 */
#include "ask.h"
#include "columns.h"

#include <time.h>

static const struct sw_column servers[] = {
    TEXT("type"),         TEXT("user"),        TEXT("database"),
    TEXT("state"),        TEXT("addr"),        INT4("port"),
    TEXT("local_addr"),   INT4("local_port"),  TEXT("connect_time"),
    TEXT("request_time"), INT4("wait"),        INT4("wait_us"),
    INT4("close_needed"), TEXT("ptr"),         TEXT("link"),
    INT4("remote_pid"),   TEXT("tls"),         TEXT("application_name"),
    INT4("worker"),       TEXT("shard"),       TEXT("node"),
    TEXT("dbname"),       TEXT("server_user"),
};

const struct sw_columns sw_columns_servers = COLUMNS(servers);

/* A connection that a client holds. */
struct held {
    struct held *next;
    uint32_t client;
    int fd;
};

static void note_held(void *owner, uint32_t client, int fd)
{
    struct sw_part *part = owner;
    struct held *held = sw_arena_alloc(&part->answer.arena, sizeof *held);

    *held = (struct held){part->list, client, fd};
    part->list = held;
}

/* The client that a connection works for; NULL: none. */
static void put_link(struct sw_part *part, int fd)
{
    const struct held *held = part->list;

    while (held != NULL && held->fd != fd)
        held = held->next;
    if (held == NULL)
        sw_answer_null(&part->answer);
    else
        sw_answer_format(&part->answer, "c%u", held->client);
}

static void put_server(void *owner, const struct sw_server_facts *facts)
{
    struct sw_part *part = owner;
    struct sw_answer *answer = &part->answer;
    uint64_t now_s = (uint64_t)time(NULL);

    sw_answer_row(answer);
    sw_answer_text(answer, "S");
    sw_answer_text(answer, facts->pool->user);
    sw_answer_text(answer, facts->pool->database);
    sw_answer_text(answer, facts->is_lent ? "active" : "idle");
    sw_put_ends(answer, facts->fd);
    sw_put_time(answer, now_s - facts->open_ms / 1000);
    sw_put_time(answer, now_s - facts->unused_ms / 1000);
    sw_answer_number(answer, 0);
    sw_answer_number(answer, 0);
    sw_answer_number(answer, facts->is_spent);
    sw_answer_format(answer, "s%d", facts->fd);
    put_link(part, facts->fd);
    sw_answer_number(answer, facts->pid);
    sw_answer_text(answer, facts->tls);
    sw_answer_text(answer, "");
    sw_answer_number(answer, (int64_t)(part->worker - part->ask->admin->workers));
    sw_answer_text(answer, facts->pool->shard);
    sw_answer_text(answer, facts->pool->node);
    sw_answer_text(answer, facts->pool->dbname);
    sw_answer_text(answer, facts->pool->server_user);
}

static void show_part(struct sw_part *part)
{
    sw_sessions_each_held(part->worker->sessions, note_held, part);
    sw_pools_each_server(part->worker->pools, put_server, part);
}

void sw_show_servers(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_servers, show_part, sw_ask_append};

    sw_ask(console->admin, console, &kind, NULL, 0);
}
