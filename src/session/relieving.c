/*
 * A statement over several shards that only reads, on replicas: for each shard the primary or a
 * replica, by the rules of replicas.c.
 *
 *   gathering --> rows, and the places that each server tells behind them
 *      ^  |
 *      |  a replica lacks what the session has to see, or fails, before a row was given
 *      +--+  another one for its cluster, or the primary; and all are asked again
 *
 * All of them again, and not the one alone: servers are waited for in the order of the shards,
 * and whoever holds later ones must not wait for an earlier one. No row is given before it is
 * known that no replica is behind.
 *
 * What it costs to ask for the places is paid by sessions alone that read on replicas at all;
 * of them also statements that stay on the primaries, so that the next one may leave.
 */
#include "scattering.h"

#include "shardward/base/mem.h"

#include <stdlib.h>

/* Of a cluster. */
struct relief_cluster {
    uint64_t avoided; /* by the index of its nodes: they have failed */
    bool is_for_primary;
    struct sw_token seen; /* by the statement */
    bool has_primary;     /* one of its parts was on the primary */
};

struct sw_relief {
    bool may_leave;
    int cluster_count;
    struct relief_cluster *clusters; /* by the index of the map's */
    const struct sw_node *
        *replicas; /* by the number of the shard; NULL: it is on the primary */
};

static struct relief_cluster *cluster_of(const struct sw_scattering *scattering,
                                         const struct sw_shard *shard)
{
    return &scattering->relief->clusters[shard->cluster - scattering->session->map->clusters];
}

static int number_of(const struct sw_scattering *scattering, const struct sw_shard *shard)
{
    int at = 0;

    while (scattering->shards[at] != shard)
        at++;
    return at;
}

/* --- the beginning --- */

/* Of a transaction, a cursor, COPY and EXPLAIN nobody is asked where he is. */
static bool is_plain(const struct sw_scattering *scattering)
{
    const struct sw_statement *statement = &scattering->planned->script->statements[0];

    return scattering->session->txn.state == SW_TXN_IDLE && scattering->executes &&
           !scattering->stays && statement->kind == SW_STATEMENT_SELECT &&
           statement->copies == NULL && statement->explains == NULL;
}

void sw_scattering_begin_relief(struct sw_scattering *scattering)
{
    const struct sw_session *session = scattering->session;
    struct sw_relief *relief;

    if (!session->reads.is_tracked || !is_plain(scattering))
        return;
    relief = sw_alloc_zero(1, sizeof *relief);
    relief->may_leave = scattering->read != SW_READ_PRIMARY && sw_session_may_relieve(session);
    relief->cluster_count = session->map->cluster_count;
    relief->clusters = sw_alloc_zero((size_t)relief->cluster_count, sizeof *relief->clusters);
    relief->replicas = sw_alloc_zero((size_t)scattering->count, sizeof(struct sw_node *));
    scattering->relief = relief;
}

void sw_scattering_forget_relief(struct sw_scattering *scattering)
{
    struct sw_relief *relief = scattering->relief;

    if (relief == NULL)
        return;
    scattering->relief = NULL;
    free(relief->clusters);
    free(relief->replicas);
    free(relief);
}

void sw_scattering_leave_cooking(struct sw_scattering *scattering)
{
    if (scattering->relief != NULL && scattering->relief->may_leave)
        sw_scattering_settle(scattering, -1);
}

/* --- turns --- */

/* Do the shards give what they have? What comes before and after that is no read of theirs. */
static bool is_gathering(const struct sw_scattering *scattering)
{
    return !sw_scattering_is_cooking(scattering) && !scattering->finishes &&
           scattering->loading == NULL;
}

bool sw_scattering_may_leave(const struct sw_scattering *scattering)
{
    return scattering->relief != NULL && scattering->relief->may_leave &&
           is_gathering(scattering);
}

static void send_to(struct sw_scattering *scattering, struct sw_scatter_part *part, int at,
                    const struct sw_node *node)
{
    struct sw_session *session = scattering->session;

    scattering->relief->replicas[at] = node;
    sw_session_guard(session, part->shard, node, &part->work.guard);
    part->work.guard.is_told = true;
    part->work.asks = SW_ASKS_REPLAYED;
    part->pool =
        sw_pools_get_replica(session->sessions->pools, session->user, part->shard, node);
    session->reads.is_on_replica = true;
}

bool sw_scattering_relieve(struct sw_scattering *scattering, struct sw_scatter_part *part,
                           int at, struct sw_error *err)
{
    struct sw_relief *relief = scattering->relief;
    const struct sw_cluster *cluster = part->shard->cluster;
    const struct relief_cluster *known;
    int usable, index;

    if (relief == NULL || !is_gathering(scattering))
        return true;
    known = cluster_of(scattering, part->shard);
    part->work.asks = SW_ASKS_WRITTEN;
    relief->replicas[at] = NULL;
    if (!relief->may_leave || known->is_for_primary || part->leg->state != SW_LEG_FREE)
        return true;
    index =
        sw_session_choose_replica(scattering->session, part->shard, known->avoided, &usable);
    if (index >= 0)
        send_to(scattering, part, at, &cluster->nodes[index]);
    else if (usable == 0 && scattering->read == SW_READ_REPLICA)
        return sw_session_refuse_reading(scattering->session, cluster, err);
    return true;
}

/* --- what was seen --- */

void sw_scattering_note_part(struct sw_scattering *scattering,
                             const struct sw_scatter_part *part)
{
    struct sw_token place = {.kind = SW_TOKEN_UNKNOWN};
    struct relief_cluster *cluster;

    if (scattering->relief == NULL || part->work.asks == SW_ASKS_NOTHING ||
        part->result == SW_PART_REFUSED || part->leg->is_behind)
        return;
    cluster = cluster_of(scattering, part->shard);
    if (part->leg->state == SW_LEG_ATTACHED)
        place = sw_session_place(scattering->session, part->leg);
    cluster->seen = sw_token_join(cluster->seen, place);
    cluster->has_primary |= part->work.asks == SW_ASKS_WRITTEN;
}

/* A primary's place lies behind all that there is, whatever was known before. */
void sw_session_note_scatter_seen(struct sw_session *session)
{
    const struct sw_relief *relief = session->scattering->relief;

    if (relief == NULL) {
        sw_session_doubt_tokens(session);
        return;
    }
    session->reads.has_worked = true;
    for (int i = 0; i < relief->cluster_count; i++) {
        const struct relief_cluster *cluster = &relief->clusters[i];
        struct sw_token *token = &session->reads.tokens[i];

        if (cluster->seen.kind != SW_TOKEN_NOTHING)
            *token =
                cluster->has_primary ? cluster->seen : sw_token_join(*token, cluster->seen);
    }
}

/* --- leaving them --- */

/* Nothing of what was seen by now is given to anybody. */
static void forget_seen(struct sw_relief *relief)
{
    for (int i = 0; i < relief->cluster_count; i++) {
        relief->clusters[i].seen = (struct sw_token){.kind = SW_TOKEN_NOTHING};
        relief->clusters[i].has_primary = false;
    }
}

static bool is_on_replicas(const struct sw_scattering *scattering)
{
    for (int i = 0; i < scattering->count; i++)
        if (scattering->relief->replicas[i] != NULL)
            return true;
    return false;
}

/* A replica has the columns of another time: whatever they are, the primaries tell. */
static bool leave_all(struct sw_scattering *scattering)
{
    for (int i = 0; i < scattering->relief->cluster_count; i++)
        scattering->relief->clusters[i].is_for_primary = true;
    return true;
}

static bool is_of_replica(const struct sw_scattering *scattering,
                          const struct sw_scatter_part *part)
{
    const struct sw_error *err = &scattering->scatter->failure.err;

    return part->leg->is_behind || sw_error_is_of_standby(err) ||
           (sw_error_is_of_moment(err) && scattering->read == SW_READ_PREFER_REPLICA);
}

/* @part of what is under way has failed. Is that the fault of its @replica, and not of the
 * statement? Then its cluster is read elsewhere from now on. */
static bool leave(struct sw_scattering *scattering, const struct sw_scatter_part *part,
                  const struct sw_node *replica)
{
    const struct sw_error *err = &scattering->scatter->failure.err;
    struct relief_cluster *cluster = cluster_of(scattering, part->shard);
    bool is_lost = part->result == SW_PART_REFUSED || part->result == SW_PART_LOST;

    scattering->session->measure.run->reads.behind += part->leg->is_behind;
    if (!is_lost || part->leg->is_behind) {
        cluster->is_for_primary = is_of_replica(scattering, part);
        return cluster->is_for_primary;
    }
    if (sw_error_is(err, "57014") || sw_error_is(err, "53300"))
        return false;
    cluster->avoided |= UINT64_C(1) << (replica - part->shard->cluster->nodes);
    sw_session_keep_failure(scattering->session, err);
    return true;
}

static bool leaves(struct sw_scattering *scattering)
{
    const struct sw_scatter *scatter = scattering->scatter;
    const struct sw_scatter_part *part;
    const struct sw_node *replica;

    if (sw_scattering_is_outdated(scattering))
        return leave_all(scattering);
    if (!scatter->has_failed || scatter->failure.part < 0)
        return false;
    part = &scatter->parts[scatter->failure.part];
    replica = scattering->relief->replicas[number_of(scattering, part->shard)];
    return replica != NULL && leave(scattering, part, replica);
}

/* The columns perhaps, which stay what they are. */
static bool has_given_rows(const struct sw_scattering *scattering)
{
    const struct sw_merger *merger = scattering->scatter->merger;

    return merger != NULL && sw_merger_rows(merger) > 0;
}

bool sw_scattering_starts_again(struct sw_scattering *scattering)
{
    struct sw_session *session = scattering->session;

    if (scattering->relief == NULL || has_given_rows(scattering) ||
        sw_scattering_is_cooking(scattering) || scattering->loading != NULL ||
        !is_on_replicas(scattering) || !leaves(scattering))
        return false;
    sw_scattering_settle(scattering, -1);
    forget_seen(scattering->relief);
    scattering->finishes = false;
    session->measure.run->reads.again++;
    session->reads.is_on_replica = false;
    sw_scattering_gather(scattering);
    return true;
}

void sw_scattering_leave_replica(struct sw_scattering *scattering, int at)
{
    if (scattering->relief == NULL || scattering->relief->replicas[at] == NULL)
        return;
    sw_scattering_settle(scattering, -1);
    scattering->relief->replicas[at] = NULL;
}
