/*
 * command - the words of the console.
 *
 *   text     = command { ";" command }
 *   command  = verb { word }            EXPLAIN takes all that follows it, semicolons too
 *   word     = bare | 'quoted' | "quoted" | $1
 *
 * Verbs are read in either case. A bare word ends at a blank, a semicolon, a quote or `=`; a
 * quote inside quotes is doubled. `--` and slash-star comments are blanks. Pure.
 */
#ifndef SW_ADMIN_COMMAND_H
#define SW_ADMIN_COMMAND_H

#include "shardward/base/arena.h"
#include "shardward/base/error.h"

#include <stdbool.h>

enum sw_verb_name {
    SW_SHOW_CLIENTS,
    SW_SHOW_CLUSTERS,
    SW_SHOW_CONFIG,
    SW_SHOW_DATABASES,
    SW_SHOW_EVENTS,
    SW_SHOW_LISTS,
    SW_SHOW_LOSS,
    SW_SHOW_MEM,
    SW_SHOW_NODES,
    SW_SHOW_POOLS,
    SW_SHOW_SERVERS,
    SW_SHOW_SHARDS,
    SW_SHOW_STATEMENTS,
    SW_SHOW_STATS,
    SW_SHOW_TABLES,
    SW_SHOW_TRANSACTIONS,
    SW_SHOW_USERS,
    SW_SHOW_VERSION,
    SW_SHOW_HELP,
    SW_EXPLAIN,
    SW_LOCATE,
    SW_SET,
    SW_RELOAD,
    SW_REPAIR,
    SW_FAILOVER,
    SW_SWITCHOVER,
    SW_FENCE,
    SW_UNFENCE,
    SW_MAINTENANCE,
    SW_PAUSE,
    SW_RESUME,
    SW_RECONNECT,
    SW_WAIT_CLOSE,
    SW_KILL,
    SW_SHUTDOWN,
    SW_HELP,
    SW_VERBS, /* their number */
};

struct sw_verb {
    const char *words;     /* as "SHOW POOLS", which also is the tag's first word */
    const char *arguments; /* as HELP shows them */
    const char *about;
    int least, most; /* words behind the verb */
    bool changes;    /* needs `may: all` */
};

enum { SW_COMMAND_WORDS = 8, SW_COMMAND_PARAMETERS = 8 };

struct sw_command {
    enum sw_verb_name verb;
    struct {
        const char *text; /* NULL: that of parameter number `parameter` */
        int parameter;    /* from 1; 0: none */
    } words[SW_COMMAND_WORDS];
    int word_count;
    int parameter_count;  /* the highest number */
    const char *sql;      /* of EXPLAIN */
    const char *database; /* of `EXPLAIN database: sql`; else NULL */
};

enum sw_command_found { SW_COMMAND_FOUND, SW_COMMAND_END, SW_COMMAND_BAD };

const struct sw_verb *sw_verb(enum sw_verb_name name);

/* The next command of the text at *at, which moves behind it. Its texts live in @arena. BAD:
 * 42601 with a hint that leads to HELP; 54000 of too many words. */
enum sw_command_found sw_command_next(const char **at, struct sw_arena *arena,
                                      struct sw_command *command, struct sw_error *err);

#endif
