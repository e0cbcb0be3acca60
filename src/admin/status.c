/*
 * The page for people: how clusters and nodes are, what shards do, who waits, what has happened
 * last. One HTML text that needs nothing else, and loads itself anew.
 */
#include "picture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EVENTS_SHOWN = 25, TEXT = 512 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta http-equiv=\"refresh\" content=\"5\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>shardward</title><style>"
    ":root{color-scheme:light dark;--line:#8884;--dim:#888;--good:#1a7f37;--bad:#cf222e;"
    "--warn:#9a6700}"
    "@media(prefers-color-scheme:dark){:root{--good:#3fb950;--bad:#f85149;--warn:#d29922}}"
    "body{font:14px/1.45 system-ui,sans-serif;margin:2em auto;max-width:76em;padding:0 1em}"
    "h1{font-size:1.5em;margin:0 0 .3em}h2{font-size:1.05em;margin:1.8em 0 .4em}"
    "table{border-collapse:collapse;width:100%}th{font-weight:600;color:var(--dim)}"
    "th,td{padding:.22em .7em .22em 0;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:top}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    ".good{color:var(--good)}.bad{color:var(--bad);font-weight:600}.warn{color:var(--warn)}"
    ".dim{color:var(--dim)}p{margin:.2em 0}"
    "</style></head><body>\n";

/* --- pieces --- */

static void put_text(struct sw_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        size_t plain = strcspn(text, "<>&\"'");

        (void)sw_buf_append(out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        (void)sw_buf_printf(out, "&#%d;", *text);
    }
}

/* A cell of class @kind (NULL: none), formatted, its text escaped. */
__attribute__((format(printf, 3, 4))) static void put_cell(struct sw_buf *out, const char *kind,
                                                           const char *format, ...)
{
    char text[TEXT];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (kind == NULL)
        (void)sw_buf_append_text(out, "<td>");
    else
        (void)sw_buf_printf(out, "<td class=\"%s\">", kind);
    put_text(out, text);
    (void)sw_buf_append_text(out, "</td>");
}

/* @columns are parted by `|`; one that begins with `#` is of numbers. */
static void begin_table(struct sw_buf *out, const char *title, const char *columns)
{
    (void)sw_buf_printf(out, "<h2>%s</h2><table><tr>", title);
    while (*columns != '\0') {
        bool is_number = *columns == '#';
        size_t len = strcspn(columns, "|");

        (void)sw_buf_printf(out, "<th%s>%.*s</th>", is_number ? " class=\"n\"" : "",
                            (int)len - is_number, columns + is_number);
        columns += len + (columns[len] == '|');
    }
    (void)sw_buf_append_text(out, "</tr>\n");
}

static void begin_row(struct sw_buf *out)
{
    (void)sw_buf_append_text(out, "<tr>");
}

static void end_row(struct sw_buf *out)
{
    (void)sw_buf_append_text(out, "</tr>\n");
}

static void end_table(struct sw_buf *out)
{
    (void)sw_buf_append_text(out, "</table>\n");
}

/* --- the head of the page --- */

static void put_lines(struct sw_buf *out, const char *kind, struct sw_buf *lines)
{
    (void)sw_buf_printf(out, "<p class=\"%s\">", kind);
    (void)sw_buf_append(lines, "", 1);
    put_text(out, (const char *)sw_buf_bytes(lines));
    (void)sw_buf_append_text(out, "</p>\n");
}

static void put_summary(struct sw_buf *out, const struct sw_picture *picture)
{
    uint64_t clients = 0, active = 0, waiting = 0;
    struct sw_buf reasons;

    for (const struct sw_client_count *count = picture->clients; count != NULL;
         count = count->next) {
        for (int i = 0; i < SW_CLIENT_STATES; i++)
            clients += count->by_state[i];
        active += count->by_state[SW_CLIENT_ACTIVE];
        waiting += count->by_state[SW_CLIENT_WAITING];
    }
    (void)sw_buf_append_text(out, "<h1>shardward " SW_VERSION "</h1>\n");
    sw_buf_init(&reasons, SIZE_MAX);
    sw_picture_unready(picture, &reasons);
    if (sw_buf_len(&reasons) == 0)
        (void)sw_buf_append_text(out, "<p class=\"good\">ready</p>\n");
    else
        put_lines(out, "bad", &reasons);
    sw_buf_finish(&reasons);
    (void)sw_buf_printf(out,
                        "<p>%" PRIu64 " clients, %" PRIu64 " active, %" PRIu64
                        " waiting; %d workers; <a href=\"/metrics\">metrics</a></p>\n",
                        clients, active, waiting, picture->survey->part_count - 1);
}

/* --- clusters and nodes --- */

static const char *kind_of(enum sw_verdict verdict)
{
    static const char *const kinds[] = {
        [SW_VERDICT_UNKNOWN] = "dim",     [SW_VERDICT_UP] = "good",
        [SW_VERDICT_SUSPECT] = "warn",    [SW_VERDICT_DOWN] = "bad",
        [SW_VERDICT_RECOVERING] = "warn",
    };

    return kinds[verdict];
}

static void put_lag(struct sw_buf *out, const struct sw_node_state *state)
{
    if (state->role != SW_ROLE_STANDBY || state->lag_bytes < 0)
        put_cell(out, "n", "%s", "");
    else if (state->lag_ms < 0)
        put_cell(out, "n", "%" PRId64 " bytes", state->lag_bytes);
    else
        put_cell(out, "n", "%" PRId64 " bytes, %" PRId64 " ms", state->lag_bytes,
                 state->lag_ms);
}

/* What a node that is gone has said last counts for nothing. */
static bool claims_more(const struct sw_node_state *state)
{
    return state->role == SW_ROLE_PRIMARY &&
           (state->verdict == SW_VERDICT_UP || state->verdict == SW_VERDICT_SUSPECT);
}

static void put_node(struct sw_buf *out, const struct sw_cluster_state *cluster, int index)
{
    const struct sw_node *node = &cluster->cluster->nodes[index];
    const struct sw_node_state *state = &cluster->nodes[index];
    bool is_primary = cluster->primary == index;

    begin_row(out);
    put_cell(out, NULL, "%s", index == 0 ? cluster->cluster->name : "");
    put_cell(out, "dim", "%s",
             index == 0 ? sw_failover_mode_name(cluster->cluster->failover) : "");
    put_cell(out, NULL, "%s", node->name);
    put_cell(out, NULL, "%s:%d", node->address, node->port);
    put_cell(out, NULL, "%s", node->cloud == NULL ? "" : node->cloud);
    put_cell(out, is_primary ? NULL : "dim", "%s%s",
             is_primary           ? "primary"
             : claims_more(state) ? "says primary"
                                  : "replica",
             state->is_sync ? ", sync" : "");
    put_cell(out, state->is_fenced ? "bad" : kind_of(state->verdict), "%s%s",
             state->verdict == SW_VERDICT_UNKNOWN ? "not watched"
                                                  : sw_verdict_name(state->verdict),
             state->is_fenced ? ", fenced" : "");
    put_lag(out, state);
    put_cell(out, "dim", "%s", state->why);
    end_row(out);
}

static void put_clusters(struct sw_buf *out, const struct sw_picture *picture)
{
    begin_table(out, "Clusters", "cluster|failover|node|address|cloud|role|state|#behind|why");
    for (int c = 0; c < picture->state->map->cluster_count; c++) {
        const struct sw_cluster_state *cluster = &picture->state->clusters[c];

        for (int n = 0; n < cluster->cluster->node_count; n++)
            put_node(out, cluster, n);
    }
    end_table(out);
}

/* --- traffic --- */

/* What was counted since the sum of the same name in @before. */
static struct sw_tally since(const struct sw_sums *before, const struct sw_tally *now)
{
    const struct sw_tally *then = before == NULL ? NULL : sw_sums_find(before, now);
    struct sw_tally recent = *now;

    if (then == NULL)
        return recent;
    recent.queries -= then->queries;
    recent.errors -= then->errors;
    recent.wait_us -= then->wait_us;
    for (int i = 0; i < SW_HISTOGRAM_BUCKETS; i++)
        recent.times.counts[i] -= then->times.counts[i];
    return recent;
}

static void put_tally(struct sw_buf *out, const struct sw_picture *picture,
                      const struct sw_tally *tally)
{
    double seconds = (double)(picture->sums->at_us - picture->before->at_us) / 1e6;
    const struct sw_tally recent = since(picture->before, tally);

    begin_row(out);
    put_cell(out, NULL, "%s", tally->database);
    put_cell(out, NULL, "%s", tally->user);
    put_cell(out, tally->shard == NULL ? "dim" : NULL, "%s",
             tally->shard == NULL ? "without a server" : tally->shard);
    put_cell(out, "n", "%.1f", (double)recent.queries / seconds);
    put_cell(out, "n", "%.2f", (double)sw_histogram_percentile(&recent.times, 50) / 1e3);
    put_cell(out, "n", "%.2f", (double)sw_histogram_percentile(&recent.times, 99) / 1e3);
    put_cell(out, "n", "%.2f",
             recent.queries == 0 ? 0.0 : (double)recent.wait_us / 1e3 / (double)recent.queries);
    put_cell(out, recent.errors > 0 ? "n warn" : "n", "%" PRIu64, recent.errors);
    put_cell(out, "n", "%" PRIu64, tally->queries);
    put_cell(out, "n", "%" PRIu64, tally->errors);
    end_row(out);
}

static void put_traffic(struct sw_buf *out, const struct sw_picture *picture)
{
    begin_table(out, "Traffic",
                "database|user|shard|#queries/s|#p50 ms|#p99 ms|#wait ms|#errors|"
                "#queries since start|#errors since start");
    for (const struct sw_sum *sum = picture->sums->first; sum != NULL; sum = sum->next)
        put_tally(out, picture, &sum->tally);
    end_table(out);
}

static void put_class(struct sw_buf *out, const struct sw_class_tally *tally,
                      enum sw_class class)
{
    const struct sw_histogram *times = &tally->of[class].times;

    begin_row(out);
    put_cell(out, NULL, "%s", tally->database);
    put_cell(out, NULL, "%s", sw_class_name(class));
    put_cell(out, "n", "%" PRIu64, tally->of[class].queries);
    put_cell(out, "n", "%" PRIu64, tally->of[class].errors);
    put_cell(out, "n", "%.2f", (double)sw_histogram_percentile(times, 50) / 1e3);
    put_cell(out, "n", "%.2f", (double)sw_histogram_percentile(times, 90) / 1e3);
    put_cell(out, "n", "%.2f", (double)sw_histogram_percentile(times, 99) / 1e3);
    end_row(out);
}

static void put_classes(struct sw_buf *out, const struct sw_picture *picture)
{
    begin_table(out, "What queries were, since the start",
                "database|class|#queries|#errors|#p50 ms|#p90 ms|#p99 ms");
    for (const struct sw_class_copy *copy = picture->classes; copy != NULL; copy = copy->next)
        for (int i = 0; i < SW_CLASSES; i++)
            if (copy->tally.of[i].queries > 0 || copy->tally.of[i].errors > 0)
                put_class(out, &copy->tally, (enum sw_class)i);
    end_table(out);
}

static void put_pools(struct sw_buf *out, const struct sw_picture *picture)
{
    begin_table(out, "Server connections",
                "database|user|shard|node|#idle|#lent|#opening|#of|#clients waiting|#for ms");
    for (const struct sw_pool_copy *pool = picture->pools; pool != NULL; pool = pool->next) {
        const struct sw_pool_facts *facts = &pool->facts;

        begin_row(out);
        put_cell(out, NULL, "%s", facts->database);
        put_cell(out, NULL, "%s", facts->user);
        put_cell(out, NULL, "%s", facts->shard);
        put_cell(out, NULL, "%s", facts->node);
        put_cell(out, "n", "%d", facts->idle);
        put_cell(out, "n", "%d", facts->lent);
        put_cell(out, "n", "%d", facts->opening);
        put_cell(out, "n", "%d", facts->size);
        put_cell(out, facts->waiting > 0 ? "n warn" : "n", "%d", facts->waiting);
        put_cell(out, "n", "%" PRIu64, facts->longest_wait_ms);
        end_row(out);
    }
    end_table(out);
}

/* --- what has happened --- */

struct event_rows {
    struct sw_buf memory[EVENTS_SHOWN]; /* a ring */
    uint64_t count;
};

static void put_event(void *owner, const struct sw_event *event)
{
    struct event_rows *rows = owner;
    struct sw_buf *out = &rows->memory[rows->count++ % EVENTS_SHOWN];
    time_t at = (time_t)(event->at_us / 1000000);
    char when[32];
    struct tm utc;

    gmtime_r(&at, &utc);
    (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &utc);
    sw_buf_clear(out);
    begin_row(out);
    put_cell(out, NULL, "%s", when);
    put_cell(out, NULL, "%s", event->cluster);
    put_cell(out, NULL, "%s", event->node == NULL ? "" : event->node);
    put_cell(out, event->kind == SW_EVENT_LOSS || event->kind == SW_EVENT_SPLIT ? "bad" : NULL,
             "%s", sw_event_name(event->kind));
    put_cell(out, "n", "%" PRIu64, event->duration_ms);
    put_cell(out, NULL, "%s", event->detail == NULL ? "" : event->detail);
    end_row(out);
}

static void put_events(struct sw_buf *out, const struct sw_picture *picture)
{
    struct event_rows rows = {.count = 0};

    for (int i = 0; i < EVENTS_SHOWN; i++)
        sw_buf_init(&rows.memory[i], SIZE_MAX);
    sw_events_each(picture->events, put_event, &rows);
    if (rows.count > 0) {
        begin_table(out, "Events, the last first", "time (UTC)|cluster|node|event|#ms|detail");
        for (uint64_t i = rows.count; i > 0 && i + EVENTS_SHOWN > rows.count; i--) {
            const struct sw_buf *row = &rows.memory[(i - 1) % EVENTS_SHOWN];

            (void)sw_buf_append(out, sw_buf_bytes(row), sw_buf_len(row));
        }
        end_table(out);
    }
    for (int i = 0; i < EVENTS_SHOWN; i++)
        sw_buf_finish(&rows.memory[i]);
}

void sw_status_write(const struct sw_picture *picture, struct sw_buf *out)
{
    (void)sw_buf_append_text(out, head);
    put_summary(out, picture);
    put_clusters(out, picture);
    put_traffic(out, picture);
    put_classes(out, picture);
    put_pools(out, picture);
    put_events(out, picture);
    (void)sw_buf_append_text(out, "</body></html>\n");
}
