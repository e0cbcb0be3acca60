/*
 * /metrics: what loops have answered. What is known of clusters and nodes is in
 * metrics_nodes.c, of the process in metrics_process.c.
 */
#include "metrics.h"

#include <stddef.h>

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

/* --- traffic --- */

static void put_tallies(struct sw_exposition *to, const struct sw_picture *picture)
{
    static const struct {
        const char *name, *help;
        size_t offset;
        bool is_time;
    } families[] = {
        {"shardward_transactions_total", "Transactions that have ended.",
         offsetof(struct sw_tally, transactions), false},
        {"shardward_queries_total", "Simple queries, and batches up to Sync.",
         offsetof(struct sw_tally, queries), false},
        {"shardward_errors_total", "Queries that have failed.",
         offsetof(struct sw_tally, errors), false},
        {"shardward_refusals_total", "Errors that shardward itself has raised.",
         offsetof(struct sw_tally, refused), false},
        {"shardward_replica_reads_total", "Queries that a replica has answered.",
         offsetof(struct sw_tally, reads.replica), false},
        {"shardward_replica_behind_total",
         "Queries for which a replica had not replayed enough: the primary has answered.",
         offsetof(struct sw_tally, reads.behind), false},
        {"shardward_replica_again_total",
         "Queries that were started again elsewhere, for that reason or another.",
         offsetof(struct sw_tally, reads.again), false},
        {"shardward_tokens_lost_total",
         "What sessions had written or seen, and a failover has lost.",
         offsetof(struct sw_tally, reads.lost), false},
        {"shardward_received_bytes_total", "Bytes of clients.",
         offsetof(struct sw_tally, received), false},
        {"shardward_sent_bytes_total", "Bytes to clients.", offsetof(struct sw_tally, sent),
         false},
        {"shardward_transaction_seconds_total",
         "Time of transactions, from the first statement on a server to the end.",
         offsetof(struct sw_tally, transaction_us), true},
        {"shardward_wait_seconds_total", "Time for which queries waited for a server.",
         offsetof(struct sw_tally, wait_us), true},
    };

    for (int f = 0; f < COUNT(families); f++) {
        sw_exposition_family(to, SW_METRIC_COUNTER, families[f].name, families[f].help);
        for (const struct sw_sum *sum = picture->sums->first; sum != NULL; sum = sum->next) {
            const struct sw_label labels[] = {{"database", sum->tally.database},
                                              {"user", sum->tally.user},
                                              {"shard", sum->tally.shard}};
            uint64_t value = *(const uint64_t *)(const void *)((const char *)&sum->tally +
                                                               families[f].offset);

            if (families[f].is_time)
                sw_exposition_real(to, labels, COUNT(labels), (double)value / 1e6);
            else
                sw_exposition_count(to, labels, COUNT(labels), value);
        }
    }
}

/* Of all users together. */
static void put_times(struct sw_exposition *to, const struct sw_picture *picture)
{
    struct sw_sums *by_shard = sw_sums_create();

    for (const struct sw_sum *sum = picture->sums->first; sum != NULL; sum = sum->next) {
        struct sw_sum one = {.tally = sum->tally};
        char nobody[] = "";

        one.tally.user = nobody;
        if (one.tally.shard != NULL)
            sw_sums_add(by_shard, &one);
    }
    sw_exposition_family(to, SW_METRIC_HISTOGRAM, "shardward_query_seconds",
                         "Time of queries on servers, from the client's message to the last "
                         "answer; \"4 shards\": of those that went to four at once.");
    for (const struct sw_sum *sum = by_shard->first; sum != NULL; sum = sum->next) {
        const struct sw_label labels[] = {{"database", sum->tally.database},
                                          {"shard", sum->tally.shard}};

        sw_exposition_histogram(to, labels, COUNT(labels), &sum->tally.times,
                                sum->tally.query_us);
    }
    sw_sums_free(by_shard);
}

/* --- what runs were, and what errors --- */

static void put_class_counts(struct sw_exposition *to, const struct sw_picture *picture,
                             bool errors)
{
    for (const struct sw_class_copy *copy = picture->classes; copy != NULL; copy = copy->next)
        for (int i = 0; i < SW_CLASSES; i++) {
            const struct sw_label labels[] = {{"database", copy->tally.database},
                                              {"class", sw_class_name((enum sw_class)i)}};

            sw_exposition_count(to, labels, COUNT(labels),
                                errors ? copy->tally.of[i].errors : copy->tally.of[i].queries);
        }
}

static void put_classes(struct sw_exposition *to, const struct sw_picture *picture)
{
    sw_exposition_family(
        to, SW_METRIC_COUNTER, "shardward_class_queries_total",
        "Queries by what they were: read or write on one shard, several shards, copy, ddl, "
        "control of transactions, session (of a client that has a server of its own), local.");
    put_class_counts(to, picture, false);
    sw_exposition_family(to, SW_METRIC_COUNTER, "shardward_class_errors_total",
                         "Those of them that have failed.");
    put_class_counts(to, picture, true);
    sw_exposition_family(to, SW_METRIC_HISTOGRAM, "shardward_class_seconds",
                         "Time of queries on servers, by what they were.");
    for (const struct sw_class_copy *copy = picture->classes; copy != NULL; copy = copy->next)
        for (int i = 0; i < SW_CLASS_LOCAL; i++) {
            const struct sw_label labels[] = {{"database", copy->tally.database},
                                              {"class", sw_class_name((enum sw_class)i)}};

            sw_exposition_histogram(to, labels, COUNT(labels), &copy->tally.of[i].times,
                                    copy->tally.of[i].query_us);
        }
}

static void put_errors(struct sw_exposition *to, const struct sw_picture *picture)
{
    sw_exposition_family(to, SW_METRIC_COUNTER, "shardward_sqlstates_total",
                         "Errors that clients were told, by the class of their SQLSTATE; those "
                         "of clients that have a server of their own are not read.");
    for (const struct sw_error_count *count = picture->errors; count != NULL;
         count = count->next) {
        const struct sw_label label = {"class", count->class};

        sw_exposition_count(to, &label, 1, count->count);
    }
}

/* --- clients --- */

static void put_clients(struct sw_exposition *to, const struct sw_picture *picture)
{
    static const char *const states[SW_CLIENT_STATES] = {"login", "idle", "idle in transaction",
                                                         "waiting", "active"};

    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_clients",
                         "Clients that are connected; without a database: who has not said "
                         "which.");
    for (const struct sw_client_count *count = picture->clients; count != NULL;
         count = count->next)
        for (int i = 0; i < SW_CLIENT_STATES; i++) {
            const struct sw_label labels[] = {{"database", count->database},
                                              {"state", states[i]}};

            sw_exposition_count(to, labels, COUNT(labels), count->by_state[i]);
        }
    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_clients_limit",
                         "limits.clients of the configuration.");
    sw_exposition_count(to, NULL, 0, (uint64_t)picture->map->config->limits.clients);
}

/* --- pools --- */

static uint64_t pool_size(const struct sw_pool_facts *facts)
{
    return (uint64_t)facts->size;
}

static uint64_t pool_reserve(const struct sw_pool_facts *facts)
{
    return (uint64_t)facts->reserve;
}

static uint64_t pool_idle(const struct sw_pool_facts *facts)
{
    return (uint64_t)facts->idle;
}

static uint64_t pool_lent(const struct sw_pool_facts *facts)
{
    return (uint64_t)facts->lent;
}

static uint64_t pool_opening(const struct sw_pool_facts *facts)
{
    return (uint64_t)facts->opening;
}

static uint64_t pool_waiting(const struct sw_pool_facts *facts)
{
    return (uint64_t)facts->waiting;
}

enum { POOL_LABELS = 4 };

static void put_pool_labels(struct sw_label *labels, const struct sw_pool_facts *facts)
{
    labels[0] = (struct sw_label){"database", facts->database};
    labels[1] = (struct sw_label){"user", facts->user};
    labels[2] = (struct sw_label){"shard", facts->shard};
    labels[3] = (struct sw_label){"node", facts->node};
}

static void put_pools(struct sw_exposition *to, const struct sw_picture *picture)
{
    static const struct {
        const char *name, *help;
        uint64_t (*value)(const struct sw_pool_facts *facts);
    } families[] = {
        {"shardward_pool_size", "Server connections that a pool may open.", pool_size},
        {"shardward_pool_reserve", "... and more of them for who waits too long.",
         pool_reserve},
        {"shardward_pool_idle", "Server connections that nobody uses.", pool_idle},
        {"shardward_pool_lent", "Server connections that work for a client.", pool_lent},
        {"shardward_pool_opening", "Server connections that are being opened.", pool_opening},
        {"shardward_pool_waiting", "Clients that wait for a server connection.", pool_waiting},
    };
    struct sw_label labels[POOL_LABELS];

    for (int f = 0; f < COUNT(families); f++) {
        sw_exposition_family(to, SW_METRIC_GAUGE, families[f].name, families[f].help);
        for (const struct sw_pool_copy *pool = picture->pools; pool != NULL;
             pool = pool->next) {
            put_pool_labels(labels, &pool->facts);
            sw_exposition_count(to, labels, POOL_LABELS, families[f].value(&pool->facts));
        }
    }
    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_pool_longest_wait_seconds",
                         "For how long the first of those who wait has waited.");
    for (const struct sw_pool_copy *pool = picture->pools; pool != NULL; pool = pool->next) {
        put_pool_labels(labels, &pool->facts);
        sw_exposition_real(to, labels, POOL_LABELS, (double)pool->facts.longest_wait_ms / 1e3);
    }
}

/* --- what is known of texts --- */

static void put_cache(struct sw_exposition *to, const struct sw_picture *picture)
{
    const struct sw_sessions_memory *memory = &picture->memory;
    const struct {
        enum sw_metric_type type;
        const char *name, *help;
        uint64_t value;
    } families[] = {
        {SW_METRIC_COUNTER, "shardward_statement_cache_hits_total",
         "Texts that were found in the statement cache.", memory->plan_hits},
        {SW_METRIC_COUNTER, "shardward_statement_cache_misses_total",
         "Texts that had to be parsed and planned.", memory->plan_misses},
        {SW_METRIC_COUNTER, "shardward_statement_cache_evictions_total",
         "Texts that had to leave for others.", memory->plan_evictions},
        {SW_METRIC_GAUGE, "shardward_statement_cache_entries", "Texts that are known.",
         memory->plans},
        {SW_METRIC_GAUGE, "shardward_statement_cache_bytes", "Memory of what is known.",
         memory->plan_bytes},
        {SW_METRIC_GAUGE, "shardward_statement_cache_limit_bytes",
         "limits.statement_cache of the configuration.",
         picture->map->config->limits.statement_cache},
    };

    for (int f = 0; f < COUNT(families); f++) {
        sw_exposition_family(to, families[f].type, families[f].name, families[f].help);
        sw_exposition_count(to, NULL, 0, families[f].value);
    }
}

/* --- the loops --- */

static void put_loops(struct sw_exposition *to, const struct sw_picture *picture)
{
    const struct sw_survey *late = picture->late;
    const struct sw_survey *survey = late != NULL ? late : picture->survey;
    char name[32];
    const struct sw_label label = {"loop", name};

    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_loop_up",
                         "1 if a thread's event loop answers, 0 if it does not.");
    for (int i = 0; i < survey->part_count; i++) {
        sw_survey_name(survey, i, name, sizeof name);
        sw_exposition_count(to, &label, 1,
                            late == NULL || sw_survey_has_answered(&late->parts[i]));
    }
    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_loop_answer_seconds",
                         "How long a thread's event loop took to answer this question.");
    for (int i = 0; late == NULL && i < survey->part_count; i++) {
        sw_survey_name(survey, i, name, sizeof name);
        sw_exposition_real(to, &label, 1, (double)survey->parts[i].took_us / 1e6);
    }
}

static void put_control(struct sw_exposition *to, const struct sw_picture *picture)
{
    const struct sw_http_facts *control = &picture->control;
    const struct sw_label version = {"version", SW_VERSION}, used = {"result", "used"},
                          refused = {"result", "refused"};

    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_info", "Which shardward this is.");
    sw_exposition_count(to, &version, 1, 1);
    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_workers",
                         "Threads that serve clients.");
    sw_exposition_count(to, NULL, 0, (uint64_t)picture->survey->part_count - 1);
    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_draining",
                         "1 if no new clients are taken in.");
    sw_exposition_count(to, NULL, 0, control->is_draining);
    sw_exposition_family(to, SW_METRIC_COUNTER, "shardward_reloads_total",
                         "Configurations that were read again.");
    sw_exposition_count(to, &used, 1, control->reloads);
    sw_exposition_count(to, &refused, 1, control->refused_reloads);
    sw_exposition_family(to, SW_METRIC_GAUGE, "shardward_last_reload_refused",
                         "1 if the last configuration that was read was not taken.");
    sw_exposition_count(to, NULL, 0, control->is_last_refused);
}

void sw_metrics_write(const struct sw_picture *picture, struct sw_buf *out)
{
    struct sw_exposition to;

    sw_exposition_init(&to, out);
    sw_metrics_process(&to, picture);
    put_control(&to, picture);
    put_loops(&to, picture);
    put_clients(&to, picture);
    put_pools(&to, picture);
    put_tallies(&to, picture);
    put_times(&to, picture);
    put_classes(&to, picture);
    put_errors(&to, picture);
    put_cache(&to, picture);
    sw_metrics_nodes(&to, picture);
}
