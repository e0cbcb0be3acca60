/*
 * What can be told of the clients, and their end by order.
 */
#include "internal.h"

#include "shardward/base/clock.h"
#include "shardward/execute/joint.h"

#include <string.h>

static const struct sw_leg *busy_leg(const struct sw_session *session)
{
    return session->running != NULL ? session->running : &session->leg;
}

static enum sw_client_state state_of(const struct sw_session *session)
{
    if (session->measure.here == NULL)
        return SW_CLIENT_LOGIN;
    if (session->state == SW_SESSION_DIRECT && sw_session_works_directly(session))
        return SW_CLIENT_ACTIVE;
    if (session->state == SW_SESSION_DIRECT)
        return sw_session_direct_status(session) == 'I' ? SW_CLIENT_IDLE : SW_CLIENT_OPEN;
    if (session->state != SW_SESSION_RUNNING)
        return session->txn.state == SW_TXN_IDLE && session->batch == NULL ? SW_CLIENT_IDLE
                                                                           : SW_CLIENT_OPEN;
    return session->measure.is_waiting ? SW_CLIENT_WAITING : SW_CLIENT_ACTIVE;
}

static struct sw_client_facts facts_of(const struct sw_session *session, uint64_t now_us,
                                       uint64_t now_s)
{
    const struct sw_measure *measure = &session->measure;
    const struct sw_leg *leg = busy_leg(session);
    bool is_direct = session->state == SW_SESSION_DIRECT;
    bool is_busy = session->state == SW_SESSION_RUNNING || sw_session_works_directly(session);

    return (struct sw_client_facts){
        .id = session->id,
        .fd = session->fd,
        .state = state_of(session),
        .user = session->user_name,
        .database = session->database_name,
        .application = sw_settings_get(session->settings, "application_name"),
        .shard = is_direct            ? session->database->catalog->name
                 : leg->shard == NULL ? NULL
                                      : leg->shard->name,
        .server_fd = is_direct ? sw_session_direct_fd(session) : sw_leg_server_fd(leg),
        .connected_s = now_s - (now_us - measure->connected_us) / 1000000,
        .asked_s = measure->began_us == 0 ? 0 : now_s - (now_us - measure->began_us) / 1000000,
        .busy_us = is_busy ? now_us - measure->began_us : 0,
        .received = sw_stream_received(session->stream),
        .sent = sw_stream_sent(session->stream),
        .queries = measure->queries,
    };
}

void sw_sessions_each(const struct sw_sessions *sessions,
                      void (*on_client)(void *owner, const struct sw_client_facts *facts),
                      void *owner)
{
    uint64_t now_us = sw_clock_us(), now_s = (uint64_t)time(NULL);

    for (struct sw_link *link = sessions->all.next; link != &sessions->all; link = link->next) {
        const struct sw_session *session = SW_OWNER(link, struct sw_session, link);

        if (session->state != SW_SESSION_CLOSING) {
            struct sw_client_facts facts = facts_of(session, now_us, now_s);

            sw_stream_describe_tls(session->stream, facts.tls);
            on_client(owner, &facts);
        }
    }
}

/* One that is not yet counted began with the run that is under way. */
static struct sw_transaction_facts transaction_of(const struct sw_session *session,
                                                  const struct sw_client_facts *client,
                                                  uint64_t now_us, uint64_t unix_us)
{
    const struct sw_measure *measure = &session->measure;
    uint64_t began_us = measure->opened_us != 0 ? measure->opened_us : measure->began_us;

    return (struct sw_transaction_facts){
        .client = client,
        .has_failed =
            session->txn.state == SW_TXN_FAILED || sw_session_direct_status(session) == 'E',
        .began_us = unix_us - (now_us - began_us),
        .asked_us = measure->began_us < began_us ? 0 : unix_us - (now_us - measure->began_us),
        .participants = session->txn.participants,
        .participant_count = session->txn.participant_count,
    };
}

static bool is_in_transaction(const struct sw_session *session)
{
    return session->state != SW_SESSION_CLOSING && session->measure.here != NULL &&
           (session->txn.state != SW_TXN_IDLE || session->batch != NULL ||
            sw_session_direct_status(session) != 'I');
}

void sw_sessions_each_transaction(
    const struct sw_sessions *sessions,
    void (*on_transaction)(void *owner, const struct sw_transaction_facts *facts), void *owner)
{
    uint64_t now_us = sw_clock_us(), unix_us = sw_clock_unix_us();

    for (struct sw_link *link = sessions->all.next; link != &sessions->all; link = link->next) {
        const struct sw_session *session = SW_OWNER(link, struct sw_session, link);

        if (is_in_transaction(session)) {
            const struct sw_client_facts client = facts_of(session, now_us, unix_us / 1000000);
            const struct sw_transaction_facts facts =
                transaction_of(session, &client, now_us, unix_us);

            on_transaction(owner, &facts);
        }
    }
}

void sw_sessions_each_state(const struct sw_sessions *sessions,
                            void (*on_client)(void *owner, const char *database,
                                              enum sw_client_state state),
                            void *owner)
{
    for (struct sw_link *link = sessions->all.next; link != &sessions->all; link = link->next) {
        const struct sw_session *session = SW_OWNER(link, struct sw_session, link);

        if (session->state != SW_SESSION_CLOSING)
            on_client(owner, session->database_name, state_of(session));
    }
}

/* Who hears of what one session holds. */
struct hearer {
    uint32_t id;
    void (*on_held)(void *owner, uint32_t id, int server_fd);
    void *owner;
};

static void tell_held(const struct hearer *hearer, int fd)
{
    if (fd >= 0)
        hearer->on_held(hearer->owner, hearer->id, fd);
}

static void tell_leg(const struct hearer *hearer, const struct sw_leg *leg)
{
    tell_held(hearer, sw_leg_server_fd(leg));
}

static void tell_kept(void *owner, int fd)
{
    tell_held(owner, fd);
}

static void tell_session(const struct hearer *hearer, const struct sw_session *session)
{
    const struct sw_joint *joint = sw_session_joint(session);

    tell_held(hearer, sw_session_direct_fd(session));
    if (session->pocket != NULL)
        sw_pocket_each_fd(session->pocket, tell_kept, (void *)(uintptr_t)hearer);
    tell_leg(hearer, &session->leg);
    if (session->aside != NULL)
        tell_leg(hearer, session->aside);
    for (int i = 0; i < session->other_count; i++)
        tell_leg(hearer, session->others[i]);
    for (int i = 0; joint != NULL && i < joint->count; i++)
        tell_leg(hearer, &joint->shards[i].leg);
}

void sw_sessions_each_held(const struct sw_sessions *sessions,
                           void (*on_held)(void *owner, uint32_t id, int server_fd),
                           void *owner)
{
    for (struct sw_link *link = sessions->all.next; link != &sessions->all; link = link->next) {
        const struct sw_session *session = SW_OWNER(link, struct sw_session, link);
        const struct hearer hearer = {session->id, on_held, owner};

        if (session->state != SW_SESSION_CLOSING)
            tell_session(&hearer, session);
    }
}

static bool is_meant(const struct sw_session *session, uint32_t id, const char *database)
{
    if (session->state == SW_SESSION_CLOSING)
        return false;
    if (id != 0)
        return session->id == id;
    return session->database_name != NULL && strcmp(session->database_name, database) == 0;
}

int sw_sessions_kill(struct sw_sessions *sessions, uint32_t id, const char *database)
{
    struct sw_link *link, *next;
    int count = 0;

    for (link = sessions->all.next; link != &sessions->all; link = next) {
        struct sw_session *session = SW_OWNER(link, struct sw_session, link);

        next = link->next;
        if (!is_meant(session, id, database))
            continue;
        sw_session_end_by_order(session);
        count++;
    }
    return count;
}

static void count_tally(void *owner, const struct sw_tally *tally)
{
    struct sw_sessions_memory *memory = owner;

    memory->tallies++;
    memory->tally_bytes += sizeof *tally;
}

void sw_sessions_measure(const struct sw_sessions *sessions, struct sw_sessions_memory *memory)
{
    const struct sw_plan_counters *plans = sw_plan_cache_counters(sessions->plans);

    *memory = (struct sw_sessions_memory){
        .plans = atomic_load_explicit(&plans->entries, memory_order_relaxed),
        .plan_bytes = atomic_load_explicit(&plans->bytes, memory_order_relaxed),
        .plan_hits = atomic_load_explicit(&plans->hits, memory_order_relaxed) +
                     atomic_load_explicit(&plans->lifted_hits, memory_order_relaxed),
        .plan_misses = atomic_load_explicit(&plans->misses, memory_order_relaxed),
        .plan_evictions = atomic_load_explicit(&plans->evictions, memory_order_relaxed)};
    for (struct sw_link *link = sessions->all.next; link != &sessions->all; link = link->next) {
        const struct sw_session *session = SW_OWNER(link, struct sw_session, link);

        memory->clients++;
        memory->client_bytes += sizeof *session + session->run.bytes.size +
                                (size_t)session->run.size * sizeof *session->run.requests;
    }
    sw_sessions_each_tally(sessions, count_tally, memory);
    memory->tallies += (uint64_t)sw_statement_book_entries(sessions->statements);
    memory->tally_bytes += sw_statement_book_bytes(sessions->statements);
}
