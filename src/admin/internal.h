/*
 * The files of this room, and what they share.
 *
 *   admin.c      the port and all consoles
 *   console.c    one connection: greeting, login, and the bytes that come
 *   dialogue.c   what a logged-in console asks for: simple queries; how a command runs
 *   extended.c   ... and the extended protocol
 *   command.c    the words of a command
 *   runners.c    verb -> columns and the function that runs it
 *   show.c       what the map tells
 *   settings.c   SHOW CONFIG, SET
 *   businesses.c what SHOW CONFIG tells of databases
 *   places.c     where a statement would run and where a key lives, in words
 *   asked.c      EXPLAIN and LOCATE
 *   ask.c        questions to the workers
 *   stats.c      SHOW STATS
 *   statements.c SHOW STATEMENTS
 *   servers.c    SHOW SERVERS
 *   clients.c    SHOW CLIENTS, KILL
 *   transactions.c SHOW TRANSACTIONS
 *   pools.c      SHOW POOLS, DATABASES, LISTS, MEM
 *   shards.c     SHOW SHARDS
 *   nodes.c      SHOW CLUSTERS, NODES
 *   events.c     SHOW EVENTS, LOSS
 *   orders.c     PAUSE, RESUME, RECONNECT, WAIT_CLOSE, RELOAD, SHUTDOWN
 *   repair.c     REPAIR
 *   appointing.c FAILOVER, SWITCHOVER, FENCE, UNFENCE, MAINTENANCE
 *   answer.c     rows on their way
 *
 * and those of HTTP, which know no console:
 *
 *   http.c       the ports
 *   survey.c     questions to all loops, by a thread that has none
 *   picture.c    the answers, added up; whether all is well
 *   metrics.c    /metrics, with metrics_nodes.c and metrics_process.c; exposition.c is its
 * format status.c     the page for people
 */
#ifndef SW_ADMIN_INTERNAL_H
#define SW_ADMIN_INTERNAL_H

#include "answer.h"

#include "shardward/admin/admin.h"
#include "shardward/admin/command.h"
#include "shardward/auth/scram.h"
#include "shardward/base/list.h"
#include "shardward/base/textmap.h"
#include "shardward/io/listener.h"
#include "shardward/io/stream.h"
#include "shardward/wire/frame.h"
#include <stdatomic.h>

struct sw_repair_job;
struct sw_sums;

struct sw_admin {
    int refs; /* of its maker and of every console that is not yet freed */
    struct sw_loop *loop;
    struct sw_board *board;
    struct sw_map *map;                   /* the current one */
    struct sw_scram_verifier *verifiers;  /* of the map's admin users */
    struct sw_listener *listener, *local; /* NULL: none is configured */
    struct sw_mailbox *mailbox;
    const struct sw_admin_worker *workers;
    int worker_count;
    atomic_bool is_closing; /* questions under way are for nobody any more */
    struct sw_sums *older,
        *newer; /* SHOW STATS: at the ends of the last full period, or NULL */
    struct sw_timer *period;
    uint64_t began_us;
    struct sw_catalog_reader *catalog;
    struct sw_failover *failover;
    struct sw_repair_job *repair; /* under way; NULL: none is */
    void (*on_shutdown)(void *owner, bool waits);
    void (*on_reload)(void *owner, uint32_t console);
    void *owner;
    struct sw_link consoles;
    int count;
    uint32_t last_id;
};

enum sw_console_state {
    SW_CONSOLE_GREETING, /* waits for the start-up packet */
    SW_CONSOLE_LOGIN,    /* waits for a password message */
    SW_CONSOLE_READY,    /* reads requests */
    SW_CONSOLE_WAITING,  /* a command is under way; the stream is held */
    SW_CONSOLE_CLOSING,
};

/* A text of the extended protocol. Owned by its name. */
struct sw_prepared_command {
    char *text;
    struct sw_arena arena;
    struct sw_command command; /* its texts live in the arena */
    bool is_empty;
    uint32_t types[SW_COMMAND_PARAMETERS]; /* 0: not declared */
};

struct sw_portal {
    struct sw_arena arena;
    struct sw_command command; /* every word has its text */
    bool is_empty;
    uint16_t *formats; /* in the arena */
    int format_count;
    bool has_run;
    struct sw_answer answer;
    size_t sent; /* rows */
};

struct sw_console {
    struct sw_link link;
    struct sw_admin *admin;
    enum sw_console_state state;
    uint32_t id;
    int fd;
    struct sw_stream *stream;
    struct sw_timer *login_timer;
    struct sw_scram *scram; /* during the login */
    char *user_name;
    int user; /* index in the map's admin users; -1: unknown */
    bool may_change;
    char *database; /* of EXPLAIN and LOCATE; NULL: the only one */

    /* The command under way. */
    struct sw_arena arena; /* of a simple query's command */
    struct sw_command command;
    struct sw_answer answer;
    struct sw_error err;
    bool has_failed;
    bool is_in_steps; /* the loop over commands is on the stack */

    char *text;               /* of the simple query; NULL: none */
    const char *at;           /* what of it is still to come */
    struct sw_portal *portal; /* that is executed */
    uint32_t portal_rows;     /* at most; 0: all */
    bool skips_to_sync;
    struct sw_timer *again; /* PAUSE, WAIT_CLOSE: ask the workers again; NULL: neither is under
                               way */
    struct sw_textmap statements, portals;
};

/* console.c */
void sw_console_open(struct sw_admin *admin, int fd);
void sw_console_close(struct sw_console *console);
void sw_console_fatal(struct sw_console *console, const struct sw_error *err);
struct sw_buf *sw_console_out(struct sw_console *console);

/* admin.c */
void sw_admin_unref(struct sw_admin *admin);

/* dialogue.c */
void sw_dialogue_take(struct sw_console *console, const struct sw_frame *frame);
void sw_dialogue_forget(struct sw_console *console); /* all that the dialogue holds */
/* The command under way is done: its rows are in console->answer, or console->err says why not.
 * To be called exactly once for each, from inside its runner or later. */
void sw_console_done(struct sw_console *console);
void sw_console_fail(struct sw_console *console, const struct sw_error *err);

/* Start console->command. Afterwards it is done, or the console is WAITING. */
void sw_dialogue_run(struct sw_console *console);
void sw_dialogue_tag(struct sw_console *console, const struct sw_command *command);

/* extended.c */
void sw_extended_parse(struct sw_console *console, const struct sw_frame *frame);
void sw_extended_bind(struct sw_console *console, const struct sw_frame *frame);
void sw_extended_describe(struct sw_console *console, const struct sw_frame *frame);
void sw_extended_execute(struct sw_console *console, const struct sw_frame *frame);
void sw_extended_close(struct sw_console *console, const struct sw_frame *frame);
void sw_extended_flush(struct sw_console *console, const struct sw_frame *frame);
void sw_extended_sync(struct sw_console *console, const struct sw_frame *frame);
/* The command of console->portal is done. */
void sw_extended_answer(struct sw_console *console);
void sw_extended_forget(struct sw_console *console);

/* ask.c: the console that waits, or NULL. */
struct sw_console *sw_admin_waiting(const struct sw_admin *admin, uint32_t id);

/* runners.c */
struct sw_runner {
    const struct sw_columns *columns; /* count 0: no rows */
    void (*run)(struct sw_console *console);
};
const struct sw_runner *sw_runner(enum sw_verb_name verb);

/* show.c, settings.c, places.c: fill console->answer, and end in done or fail. */
void sw_show_version(struct sw_console *console);
void sw_show_users(struct sw_console *console);
void sw_show_shards(struct sw_console *console);
void sw_show_clusters(struct sw_console *console);
void sw_show_nodes(struct sw_console *console);
void sw_show_events(struct sw_console *console);
void sw_show_loss(struct sw_console *console);
void sw_show_transactions(struct sw_console *console);
void sw_show_tables(struct sw_console *console);
void sw_show_help(struct sw_console *console);
void sw_show_config(struct sw_console *console);
void sw_explain(struct sw_console *console);
void sw_locate(struct sw_console *console);
void sw_set(struct sw_console *console);
void sw_shutdown(struct sw_console *console);
void sw_order_repair(struct sw_console *console);
void sw_order_failover(struct sw_console *console);
void sw_order_switchover(struct sw_console *console);
void sw_order_fence(struct sw_console *console);
void sw_order_unfence(struct sw_console *console);
void sw_order_maintenance(struct sw_console *console);
void sw_reload(struct sw_console *console);
void sw_show_clients(struct sw_console *console);
void sw_show_stats(struct sw_console *console);
void sw_kill(struct sw_console *console);
void sw_pause(struct sw_console *console);
void sw_resume(struct sw_console *console);
void sw_reconnect(struct sw_console *console);
void sw_wait_close(struct sw_console *console);
void sw_show_servers(struct sw_console *console);
void sw_show_pools(struct sw_console *console);
void sw_show_databases(struct sw_console *console);
void sw_show_lists(struct sw_console *console);
void sw_show_mem(struct sw_console *console);
void sw_show_statements(struct sw_console *console);

extern const struct sw_columns sw_columns_version, sw_columns_users, sw_columns_shards,
    sw_columns_nodes, sw_columns_tables, sw_columns_help, sw_columns_config,
    sw_columns_property, sw_columns_clients, sw_columns_stats, sw_columns_pools,
    sw_columns_databases, sw_columns_lists, sw_columns_mem, sw_columns_repair,
    sw_columns_servers, sw_columns_reload, sw_columns_appointed, sw_columns_statements,
    sw_columns_clusters, sw_columns_events, sw_columns_loss, sw_columns_transactions;

/* businesses.c: rows of SHOW CONFIG. */
void sw_put_databases(struct sw_answer *answer, const struct sw_map *map);

/* repair.c: nobody waits for what is under way any more. */
void sw_repair_leave(struct sw_admin *admin);

/* stats.c */
void sw_stats_start_periods(struct sw_admin *admin);

/* clients.c: address and port of both ends of a socket; a time, NULL if 0. */
void sw_put_ends(struct sw_answer *answer, int fd);
void sw_put_time(struct sw_answer *answer, uint64_t unix_s);

#endif
