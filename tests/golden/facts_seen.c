/*
 * facts_seen FILE.sql ... - no table and no function call is missed: the walkers must meet as
 * many as stand in the JSON that libpg_query prints of the same text.
 */
#include "lines.h"

#include "shardward/parse/parse.h"

#include <pg_query.h>

/* Quotes within JSON strings are escaped, so that @key is found in no literal. */
static int count_keys(const char *json, const char *key)
{
    int count = 0;

    for (const char *at = strstr(json, key); at != NULL; at = strstr(at + 1, key))
        count++;
    return count;
}

static bool has_refusal(const struct sw_script *script)
{
    for (int i = 0; i < script->count; i++)
        if (script->statements[i].kind == SW_STATEMENT_REFUSED)
            return true;
    return false;
}

/* The source of `(a, b) = (SELECT ...)` is printed once per column: one statement may have
 * more in JSON, but never fewer. */
static bool is_consistent(const char *json, int seen, const char *key)
{
    int printed = count_keys(json, key);

    return strstr(json, "\"MultiAssignRef\"") != NULL ? seen <= printed : seen == printed;
}

static bool check(const char *sql)
{
    struct sw_error err;
    struct sw_script *script = sw_parse(sql, &err);
    PgQueryParseResult parsed;
    bool is_good = true;

    if (script == NULL)
        return true;
    parsed = pg_query_parse(sql);
    if (parsed.error != NULL ||
        (!has_refusal(script) &&
         (!is_consistent(parsed.parse_tree, script->tables_seen, "\"relname\":") ||
          !is_consistent(parsed.parse_tree, script->functions_seen, "\"funcname\":")))) {
        (void)fprintf(stderr, "%d tables, %d functions seen in: %s\n%s\n", script->tables_seen,
                      script->functions_seen, sql, parsed.parse_tree);
        is_good = false;
    }
    pg_query_free_parse_result(parsed);
    sw_script_unref(script);
    return is_good;
}

static int check_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL, *sql;
    size_t size = 0;
    int failures = 0;

    if (file == NULL) {
        perror(path);
        return 1;
    }
    while ((sql = next_statement(file, &line, &size)) != NULL)
        failures += !check(sql);
    free(line);
    (void)fclose(file);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = 0;

    for (int i = 1; i < argc; i++)
        failures += check_file(argv[i]);
    return failures == 0 && argc > 1 ? 0 : 1;
}
