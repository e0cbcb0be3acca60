/*
 * SHOW POOLS, DATABASES, LISTS, MEM, and RECONNECT.
 */
#include "ask.h"
#include "columns.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct sw_column pools[] = {
    TEXT("database"),
    TEXT("user"),
    SUM4("cl_active"),
    SUM4("cl_waiting"),
    SUM4("cl_active_cancel_req"),
    SUM4("cl_waiting_cancel_req"),
    SUM4("sv_active"),
    SUM4("sv_active_cancel"),
    SUM4("sv_being_canceled"),
    SUM4("sv_idle"),
    SUM4("sv_used"),
    SUM4("sv_tested"),
    SUM4("sv_login"),
    MOST8("maxwait"),
    MOST8("maxwait_us"),
    TEXT("pool_mode"),
    TEXT("shard"),
    TEXT("node"),
    INT4("pool_size"),
    INT4("reserve_pool"),
};
static const struct sw_column databases[] = {
    TEXT("name"),
    {"host", SW_COLUMN_TEXT,
     SW_FOLD_SAME}, /* of the primary; workers follow it by themselves */
    {"port", SW_COLUMN_INT4, SW_FOLD_MAX},
    TEXT("database"),
    TEXT("force_user"),
    INT4("pool_size"),
    INT4("min_pool_size"),
    INT4("reserve_pool"),
    TEXT("pool_mode"),
    INT4("max_connections"),
    SUM4("current_connections"),
    INT4("max_client_connections"),
    SUM4("current_client_connections"),
    {"paused", SW_COLUMN_INT4, SW_FOLD_MAX},
    INT4("disabled"),
    INT4("businesses"),
    INT4("shards"),
    INT4("tables"),
};
static const struct sw_column lists[] = {TEXT("list"), SUM8("items")};
static const struct sw_column mem[] = {INT4("worker"), TEXT("name"), INT8("items"),
                                       INT8("bytes")};

const struct sw_columns sw_columns_pools = COLUMNS(pools);
const struct sw_columns sw_columns_databases = COLUMNS(databases);
const struct sw_columns sw_columns_lists = COLUMNS(lists);
const struct sw_columns sw_columns_mem = COLUMNS(mem);

/* --- SHOW POOLS --- */

static void put_zeros(struct sw_answer *answer, int count)
{
    for (int i = 0; i < count; i++)
        sw_answer_number(answer, 0);
}

static void put_pool(void *owner, const struct sw_pool_facts *facts)
{
    struct sw_part *part = owner;
    struct sw_answer *answer = &part->answer;

    sw_answer_row(answer);
    sw_answer_text(answer, facts->database);
    sw_answer_text(answer, facts->user);
    sw_answer_number(answer, facts->lent); /* each is lent to one client */
    sw_answer_number(answer, facts->waiting);
    put_zeros(answer, 2);
    sw_answer_number(answer, facts->lent);
    put_zeros(answer, 2);
    sw_answer_number(answer, facts->idle);
    put_zeros(answer, 2);
    sw_answer_number(answer, facts->opening);
    sw_answer_number(answer, (int64_t)(facts->longest_wait_ms / 1000));
    sw_answer_number(answer, (int64_t)(facts->longest_wait_ms % 1000 * 1000));
    sw_answer_text(answer, sw_pool_mode_name(facts->mode));
    sw_answer_text(answer, facts->shard);
    sw_answer_text(answer, facts->node);
    sw_answer_number(answer, facts->size);
    sw_answer_number(answer, facts->reserve);
}

/* A client that holds no server and waits for none: as PgBouncer, it counts as active. */
static void put_idle_client(void *owner, const struct sw_client_facts *facts)
{
    struct sw_part *part = owner;
    struct sw_answer *answer = &part->answer;
    const struct sw_user *user;

    if (facts->state == SW_CLIENT_LOGIN || facts->shard != NULL)
        return;
    user = sw_map_user(part->ask->map, facts->user);
    sw_answer_row(answer);
    sw_answer_text(answer, facts->database);
    sw_answer_text(answer, facts->user);
    sw_answer_number(answer, facts->state != SW_CLIENT_WAITING);
    sw_answer_number(answer, facts->state == SW_CLIENT_WAITING); /* for the end of a pause */
    put_zeros(answer, 11);
    sw_answer_text(answer,
                   sw_pool_mode_name(user == NULL ? SW_POOL_TRANSACTION : user->pool.mode));
    for (int i = 0; i < 4; i++)
        sw_answer_null(answer);
}

static void show_pools(struct sw_part *part)
{
    sw_pools_each(part->worker->pools, put_pool, part);
    sw_sessions_each(part->worker->sessions, put_idle_client, part);
}

void sw_show_pools(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_pools, show_pools, sw_ask_join};

    sw_ask(console->admin, console, &kind, NULL, 0);
}

/* --- SHOW DATABASES --- */

struct connections {
    int servers, clients;
};

static void count_connections(void *owner, const struct sw_pool_facts *facts)
{
    struct sw_part *part = owner;
    const struct sw_map *map = part->ask->map;
    const struct sw_database *database = sw_map_database(map, facts->database);
    struct connections *counts = part->list;

    if (database != NULL)
        counts[database - map->databases].servers += facts->idle + facts->lent + facts->opening;
}

static void count_client(void *owner, const struct sw_client_facts *facts)
{
    struct sw_part *part = owner;
    const struct sw_map *map = part->ask->map;
    const struct sw_database *database =
        facts->state == SW_CLIENT_LOGIN ? NULL : sw_map_database(map, facts->database);
    struct connections *counts = part->list;

    if (database != NULL)
        counts[database - map->databases].clients++;
}

static void put_database(struct sw_part *part, const struct sw_database *database,
                         const struct connections *connections)
{
    const struct sw_node *node = sw_pools_primary(part->worker->pools, database->catalog);
    struct sw_answer *answer = &part->answer;
    int shards = database->shard_count - 1, tables = 0;

    for (int b = 0; b < database->business_count; b++)
        tables += database->businesses[b].table_count;
    sw_answer_row(answer);
    sw_answer_text(answer, database->name);
    sw_answer_text(answer, node->address);
    sw_answer_number(answer, node->port);
    sw_answer_text(answer, database->catalog->dbname);
    for (int i = 0; i < 3; i++)
        sw_answer_null(answer); /* pools are the users' */
    sw_answer_number(answer, 0);
    sw_answer_text(answer, "transaction");
    sw_answer_number(answer, database->connections);
    sw_answer_number(answer, connections->servers);
    sw_answer_number(answer, database->clients);
    sw_answer_number(answer, connections->clients);
    sw_answer_number(answer, sw_sessions_are_paused(part->worker->sessions, database->name));
    sw_answer_number(answer, 0);
    sw_answer_number(answer, database->business_count);
    sw_answer_number(answer, shards);
    sw_answer_number(answer, tables);
}

static void show_databases(struct sw_part *part)
{
    const struct sw_map *map = part->ask->map;
    struct connections *counts =
        sw_arena_alloc(&part->answer.arena, (size_t)map->database_count * sizeof *counts);

    part->list = counts;
    sw_pools_each(part->worker->pools, count_connections, part);
    sw_sessions_each(part->worker->sessions, count_client, part);
    for (int d = 0; d < map->database_count; d++)
        put_database(part, &map->databases[d], &counts[d]);
}

void sw_show_databases(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_databases, show_databases, sw_ask_join};

    sw_ask(console->admin, console, &kind, NULL, 0);
}

/* --- SHOW LISTS --- */

static void put_item(struct sw_answer *answer, const char *list, int64_t items)
{
    sw_answer_row(answer);
    sw_answer_text(answer, list);
    sw_answer_number(answer, items);
}

static void list_pool(void *owner, const struct sw_pool_facts *facts)
{
    struct sw_part *part = owner;

    put_item(&part->answer, "free_servers", facts->idle);
    put_item(&part->answer, "used_servers", facts->lent);
    put_item(&part->answer, "login_servers", facts->opening);
}

static void list_client(void *owner, const struct sw_client_facts *facts)
{
    struct sw_part *part = owner;

    put_item(&part->answer, facts->state == SW_CLIENT_LOGIN ? "login_clients" : "used_clients",
             1);
}

static void show_lists(struct sw_part *part)
{
    sw_pools_each(part->worker->pools, list_pool, part);
    sw_sessions_each(part->worker->sessions, list_client, part);
}

/* What every answer has, also when there is none of it; behind the counts of the workers. */
static void put_lists(struct sw_console *console, struct sw_ask *ask)
{
    static const char *const always[] = {
        "free_clients",  "used_clients", "login_clients", "free_servers", "used_servers",
        "login_servers", "dns_names",    "dns_zones",     "dns_queries",  "dns_pending"};
    struct sw_answer *answer = &console->answer;
    const struct sw_config *config = ask->map->config;
    int nodes = 0;

    for (int c = 0; c < config->cluster_count; c++)
        nodes += config->clusters[c].node_count;
    put_item(answer, "databases", ask->map->database_count);
    put_item(answer, "users", ask->map->user_count);
    put_item(answer, "shards", ask->map->shard_count - ask->map->database_count);
    put_item(answer, "nodes", nodes);
    put_item(answer, "workers", ask->part_count);
    put_item(answer, "consoles", ask->admin->count);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        put_item(answer, always[i], 0);
    sw_ask_join(console, ask);
}

void sw_show_lists(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_lists, show_lists, put_lists};

    sw_ask(console->admin, console, &kind, NULL, 0);
}

/* --- SHOW MEM --- */

static void put_memory(struct sw_part *part, const char *name, uint64_t items, uint64_t bytes)
{
    struct sw_answer *answer = &part->answer;

    sw_answer_row(answer);
    sw_answer_number(answer, (int64_t)(part->worker - part->ask->admin->workers));
    sw_answer_text(answer, name);
    sw_answer_number(answer, (int64_t)items);
    sw_answer_number(answer, (int64_t)bytes);
}

static void show_mem(struct sw_part *part)
{
    struct sw_sessions_memory memory;

    sw_sessions_measure(part->worker->sessions, &memory);
    put_memory(part, "clients", memory.clients, memory.client_bytes);
    put_memory(part, "statement cache", memory.plans, memory.plan_bytes);
    put_memory(part, "statistics", memory.tallies, memory.tally_bytes);
}

/* Of the process as the kernel counts it (proc(5), statm: the second number, in pages). */
static void put_process(struct sw_console *console, struct sw_ask *ask)
{
    long long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file != NULL) {
        if (fscanf(file, "%lld %lld", &all, &resident) != 2) /* NOLINT(cert-err34-c) */
            resident = 0;
        (void)fclose(file);
    }
    sw_answer_row(&console->answer);
    sw_answer_null(&console->answer);
    sw_answer_text(&console->answer, "process, resident");
    sw_answer_number(&console->answer, 1);
    sw_answer_number(&console->answer, (int64_t)resident * sysconf(_SC_PAGESIZE));
    sw_ask_append(console, ask);
}

void sw_show_mem(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_mem, show_mem, put_process};

    sw_ask(console->admin, console, &kind, NULL, 0);
}

/* --- RECONNECT --- */

static bool is_meant(void *owner, const struct sw_pool_facts *facts)
{
    const struct sw_ask *ask = owner;

    return strcmp(facts->database, ask->word) == 0;
}

void sw_reconnect_part(struct sw_part *part)
{
    struct sw_ask *ask = part->ask;

    sw_pools_reconnect(part->worker->pools, ask->word == NULL ? NULL : is_meant, ask);
}
