#include "shardward/topology/reads.h"

#include "shardward/base/lsn.h"

#include <stdio.h>
#include <string.h>

/* --- how far behind --- */

bool sw_reads_may_serve(const struct sw_config_reads *limits, bool is_read, int64_t lag_bytes,
                        int64_t lag_ms)
{
    int64_t most_bytes = (int64_t)limits->max_lag_bytes, most_ms = limits->max_lag_ms;

    if (!is_read) {
        most_bytes /= 2;
        most_ms /= 2;
    }
    return lag_bytes >= 0 && lag_bytes <= most_bytes && lag_ms >= 0 && lag_ms <= most_ms;
}

/* --- tokens --- */

struct sw_token sw_token_join(struct sw_token a, struct sw_token b)
{
    if (a.kind != b.kind)
        return a.kind > b.kind ? a : b;
    return (struct sw_token){.kind = a.kind,
                             .timeline = a.timeline > b.timeline ? a.timeline : b.timeline,
                             .lsn = a.lsn > b.lsn ? a.lsn : b.lsn};
}

static const struct sw_timeline_end *find_end(const struct sw_cluster_state *cluster,
                                              int timeline)
{
    for (int i = 0; i < cluster->end_count; i++)
        if (cluster->ends[i].timeline == timeline)
            return &cluster->ends[i];
    return NULL;
}

/* Is @lsn of @timeline a place of the history that leads to the cluster's timeline? One that
 * the cluster has not come to yet, as far as is known here, is none so far. */
static bool is_in_history(const struct sw_cluster_state *cluster, int timeline, uint64_t lsn)
{
    const struct sw_timeline_end *end = find_end(cluster, timeline);

    return timeline == cluster->timeline || (end != NULL && lsn <= end->lsn);
}

bool sw_token_is_lost(const struct sw_token *token, const struct sw_cluster_state *cluster)
{
    return token->kind == SW_TOKEN_PLACE && cluster->timeline > 0 &&
           token->timeline < cluster->timeline &&
           !is_in_history(cluster, token->timeline, token->lsn);
}

bool sw_token_fits(const struct sw_token *token, const struct sw_cluster_state *cluster,
                   int timeline)
{
    if (token->kind == SW_TOKEN_NOTHING)
        return true;
    if (token->kind == SW_TOKEN_UNKNOWN || timeline <= 0 || sw_token_is_lost(token, cluster))
        return false;
    if (timeline == token->timeline)
        return true;
    /* A replica of an earlier timeline has the place if it lies before that one's end. */
    if (timeline < token->timeline)
        return find_end(cluster, timeline) != NULL &&
               is_in_history(cluster, timeline, token->lsn);
    return is_in_history(cluster, token->timeline, token->lsn) &&
           (timeline == cluster->timeline || find_end(cluster, timeline) != NULL);
}

/* --- their texts --- */

void sw_token_print(const struct sw_token *token, char text[SW_TOKEN_TEXT])
{
    char lsn[SW_LSN_TEXT];

    sw_lsn_print(token->lsn, lsn);
    if (token->kind != SW_TOKEN_PLACE)
        (void)snprintf(text, SW_TOKEN_TEXT, token->kind == SW_TOKEN_NOTHING ? "-" : "?");
    else
        (void)snprintf(text, SW_TOKEN_TEXT, "%d:%s", token->timeline, lsn);
}

bool sw_token_read(const char *text, size_t len, struct sw_token *token)
{
    struct sw_token read = {.kind = SW_TOKEN_PLACE};
    size_t at = 0;

    if (len == 1 && (text[0] == '-' || text[0] == '?')) {
        *token =
            (struct sw_token){.kind = text[0] == '-' ? SW_TOKEN_NOTHING : SW_TOKEN_UNKNOWN};
        return true;
    }
    for (; at < len && at < 9 && text[at] >= '0' && text[at] <= '9'; at++)
        read.timeline = read.timeline * 10 + (text[at] - '0');
    if (read.timeline == 0 || at == len || text[at] != ':' ||
        !sw_lsn_read(text + at + 1, len - at - 1, &read.lsn))
        return false;
    *token = read;
    return true;
}

/* --- whom to ask --- */

struct candidate {
    int index, weight, outstanding;
    bool is_near;
};

/* Does @a come before @b, with something more to do for each? */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
    if (a->is_near != b->is_near)
        return a->is_near;
    return (int64_t)(a->outstanding + 1) * b->weight <
           (int64_t)(b->outstanding + 1) * a->weight;
}

static bool is_near(const struct sw_node *node, const char *cloud)
{
    return cloud != NULL && node->cloud != NULL && strcmp(cloud, node->cloud) == 0;
}

int sw_reads_choose(const struct sw_state *state, const struct sw_cluster *cluster,
                    const struct sw_read_wish *wish, int *usable)
{
    const struct sw_cluster_state *known = sw_state_cluster(state, cluster);
    const struct sw_node *primary = sw_state_primary(state, cluster);
    struct candidate best = {.index = -1};
    int count = cluster->node_count < SW_READ_NODES ? cluster->node_count : SW_READ_NODES;
    int usable_count = 0;

    for (int i = 0; i < count && known != NULL; i++) {
        int index = (int)((unsigned)i + wish->chance % (unsigned)count) % count;
        const struct sw_node *node = &cluster->nodes[index];
        const struct sw_node_state *is = sw_state_node(state, cluster, node);
        const struct candidate next = {index, node->weight, wish->outstanding[index],
                                       is_near(node, wish->cloud)};

        if (is == NULL || !is->may_serve_reads || is->is_fenced || node == primary ||
            node->weight == 0 || (wish->avoided >> index & 1) != 0)
            continue;
        usable_count++;
        if ((wish->late >> index & 1) == 0 && sw_token_fits(wish->token, known, is->timeline) &&
            (best.index < 0 || is_better(&next, &best)))
            best = next;
    }
    if (usable != NULL)
        *usable = usable_count;
    return best.index;
}
