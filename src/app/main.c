#include "app.h"

#include "shardward/base/log.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "shardward, a sharding proxy for PostgreSQL\n"
    "\n"
    "  shardward run     -c FILE [-v]         be the proxy, until SIGTERM or SIGINT\n"
    "  shardward check   -c FILE [--online]   print every fault of the configuration, what its "
    "map\n"
    "                                         risks, and what the shards say\n"
    "  shardward explain -c FILE [-d DB] SQL  print where a statement would run, and why\n"
    "  shardward locate  -c FILE [-d DB] TABLE KEY ...\n"
    "                                         print the shard that holds a key; a key of "
    "several\n"
    "                                         columns is written as several values\n"
    "  shardward install -c FILE              put schema shardward on every shard, accept the "
    "map\n"
    "  shardward install --print              print the SQL of schema shardward\n"
    "  shardward accept  -c FILE              accept a map that places stored rows elsewhere\n"
    "  shardward repair  -c FILE              finish DDL that a crash left on some shards "
    "only\n"
    "  shardward catalog -c FILE              print what the shards hold, for --catalog\n"
    "\n"
    "  -c, --config FILE   the YAML configuration\n"
    "  -d, --database DB   which database of it; needed when it has several\n"
    "      --catalog FILE  what the shards hold, for explain, as `shardward catalog` prints "
    "it\n"
    "  -v, --verbose       log events of level debug too, whatever the file says\n"
    "      --help, --version\n";

struct arguments {
    const char *config, *database;
    const char *catalog;
    bool prints, is_online;
    char **rest;
    int rest_count;
};

static int complain(const char *what)
{
    (void)fprintf(stderr, "shardward: %s; see shardward --help\n", what);
    return 2;
}

/* 0: go on; else the exit code plus one. */
static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"database", required_argument, NULL, 'd'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {"print", no_argument, NULL, 'p'},
        {"online", no_argument, NULL, 'o'},
        {"catalog", required_argument, NULL, 'C'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:d:vhV", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            arguments->config = optarg;
            break;
        case 'd':
            arguments->database = optarg;
            break;
        case 'o':
            arguments->is_online = true;
            break;
        case 'C':
            arguments->catalog = optarg;
            break;
        case 'p':
            arguments->prints = true;
            break;
        case 'v':
            sw_log_be_verbose();
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return 1;
        case 'V':
            (void)puts("shardward " SW_VERSION);
            return 1;
        default:
            return complain("the command line cannot be read") + 1;
        }
    }
    arguments->rest = argv + optind;
    arguments->rest_count = argc - optind;
    return 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    int done = read_arguments(argc, argv, &arguments);
    const char *command;

    if (done != 0)
        return done - 1;
    if (arguments.rest_count == 0)
        return complain("which command?");
    command = arguments.rest[0];
    if (arguments.prints && strcmp(command, "install") == 0 && arguments.rest_count == 1)
        return sw_app_print_install();
    if (arguments.config == NULL)
        return complain("name the configuration with -c FILE");
    if (strcmp(command, "run") == 0 && arguments.rest_count == 1)
        return sw_app_run(arguments.config);
    if (strcmp(command, "check") == 0 && arguments.rest_count == 1)
        return sw_app_check(arguments.config, arguments.is_online);
    if (strcmp(command, "install") == 0 && arguments.rest_count == 1)
        return sw_app_install(arguments.config, false);
    if (strcmp(command, "accept") == 0 && arguments.rest_count == 1)
        return sw_app_install(arguments.config, true);
    if (strcmp(command, "repair") == 0 && arguments.rest_count == 1)
        return sw_app_repair(arguments.config);
    if (strcmp(command, "catalog") == 0 && arguments.rest_count == 1)
        return sw_app_save_catalog(arguments.config);
    if (strcmp(command, "explain") == 0 && arguments.rest_count == 2)
        return sw_app_explain(arguments.config, arguments.catalog, arguments.database,
                              arguments.rest[1]);
    if (strcmp(command, "locate") == 0 && arguments.rest_count >= 3)
        return sw_app_locate(arguments.config, arguments.database, arguments.rest[1],
                             (const char *const *)arguments.rest + 2, arguments.rest_count - 2);
    return complain("that command, or that number of arguments, is not known");
}
