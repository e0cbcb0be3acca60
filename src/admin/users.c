/*
 * SHOW USERS.
 */
#include "ask.h"
#include "columns.h"

static const struct sw_column users[] = {TEXT("name"),
                                         TEXT("pool_mode"),
                                         INT4("pool_size"),
                                         INT4("min_pool_size"),
                                         INT4("reserve_pool_size"),
                                         INT4("max_user_connections"),
                                         SUM4("current_connections"),
                                         INT4("max_user_client_connections"),
                                         SUM4("current_client_connections"),
                                         TEXT("auth"),
                                         TEXT("server_user")};

const struct sw_columns sw_columns_users = COLUMNS(users);

struct connections {
    int servers, clients;
};

/* NULL: the map no longer has the user. */
static struct connections *of(struct sw_part *part, const char *name)
{
    const struct sw_map *map = part->ask->map;
    const struct sw_user *named = sw_map_user(map, name);
    const struct sw_user *user = named == NULL ? map->others : named;
    struct connections *all = part->list;

    return user == NULL ? NULL : &all[user - map->users];
}

static void count_pool(void *owner, const struct sw_pool_facts *facts)
{
    struct connections *connections = of(owner, facts->user);

    if (connections != NULL)
        connections->servers += facts->idle + facts->lent + facts->opening;
}

static void count_client(void *owner, const struct sw_client_facts *facts)
{
    struct connections *connections =
        facts->state == SW_CLIENT_LOGIN ? NULL : of(owner, facts->user);

    if (connections != NULL)
        connections->clients++;
}

static void put_user(struct sw_answer *answer, const struct sw_user *user,
                     const struct connections *connections)
{
    sw_answer_row(answer);
    sw_answer_text(answer, user->name);
    sw_answer_text(answer, sw_pool_mode_name(user->pool.mode));
    sw_answer_number(answer, user->pool.size);
    sw_answer_number(answer, user->pool.min);
    sw_answer_number(answer, user->pool.reserve);
    sw_answer_number(answer, user->connections);
    sw_answer_number(answer, connections->servers);
    sw_answer_number(answer, user->clients);
    sw_answer_number(answer, connections->clients);
    sw_answer_text(answer, sw_config_auth_name(user->auth));
    sw_answer_text(answer, user->server_user);
}

static void show_users(struct sw_part *part)
{
    const struct sw_map *map = part->ask->map;
    struct connections *all =
        sw_arena_alloc(&part->answer.arena, (size_t)map->user_count * sizeof *all);

    part->list = all;
    sw_pools_each(part->worker->pools, count_pool, part);
    sw_sessions_each(part->worker->sessions, count_client, part);
    for (int i = 0; i < map->user_count; i++)
        put_user(&part->answer, &map->users[i], &all[i]);
}

void sw_show_users(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_users, show_users, sw_ask_join};

    sw_ask(console->admin, console, &kind, NULL, 0);
}
