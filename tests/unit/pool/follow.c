#include "shardward/base/mem.h"
#include "shardward/pool/pool.h"

#include "../io/pretended.h"

#include <unistd.h>

/*
 * A cluster of two nodes, A and B, a pool of three connections; timeouts.lease is 5 s,
 * timeouts.failover 10 s, two may wait for a primary. A story is told in steps, and what
 * happens is written down:
 *
 *   a         client a asks for a connection        a:A      a has got one to A
 *   <a        he gives it back                      a!57P03  a is refused
 *   >a        he gives it up                        a~57P01  a's connection is lost
 *   /a        he forgets it                         ?A       a dial to A begins
 *   +         the oldest dial succeeds; +7: to a server that was started at 7
 *   -08006    ... or fails                          xA       a connection to A is closed
 *   t500      half a second passes                  hA       a hint at A was given
 *   =A        a state: A is the primary and admits; before the node a `0` (nobody is the
 *             primary), `s` (suspended), `d` (drains) or `r` (refuses); behind it the
 *             generation, and behind a comma the start that is vouched for: =sA1,7
 *   ^a        a asks for one to read on B
 *   ~         a's server says that it is a standby
 *   ,a        a's server confirms nothing; ;a it does again
 *   n         how many connections are lent         n2
 *   l         ... as the hub says it                l2
 */
enum { CLIENTS = 6, DIALS = 16 };

static const char yaml[] =
    "listen: 127.0.0.1:6432\n"
    "limits: {failover_waiting: 2}\n"
    "timeouts: {lease: 5s, failover: 10s}\n"
    "clusters:\n"
    "  c1: {failover: %s, control: {user: u}, nodes: [{name: A, address: 127.0.0.1, port: 1},"
    " {name: B, address: 127.0.0.2, port: 1}]}\n"
    "users: {u: {password: p, server: {user: u}, pool: {size: 3}}}\n"
    "databases: {d: {catalog: {cluster: c1, dbname: d}, businesses: {}}}\n";

void sw_mailbox_post(struct sw_mailbox *mailbox, struct sw_letter *letter)
{
    (void)mailbox;
    (void)letter;
    fail_msg("there is no other worker");
}

/* --- servers --- */

struct sw_dialled {
    char node;
    int tag;
    int64_t started_us;
};

struct sw_backend {
    struct sw_backend_card card;
    char node;
    bool is_standby, is_unheard;
    int user; /* client; -1: none */
};

static struct sw_dial dials[DIALS];
static int first_dial, dial_count;
static struct client {
    struct sw_lease lease;
    char name;
    char node; /* of its backend */
} clients[CLIENTS];

static char node_at(const char *address)
{
    return address[strlen(address) - 1] == '1' ? 'A' : 'B';
}

void sw_dialler_dial(struct sw_dialler *dialler, const struct sw_dial *dial)
{
    (void)dialler;
    assert_true(dial_count < DIALS);
    dials[dial_count++] = *dial;
    tell("?%c", node_at(dial->address));
}

void sw_dialled_free(struct sw_dialled *dialled)
{
    if (dialled != NULL)
        tell("x%c", dialled->node);
    free(dialled);
}

int sw_dialled_tag(const struct sw_dialled *dialled)
{
    return dialled->tag;
}

int64_t sw_dialled_started_us(const struct sw_dialled *dialled)
{
    return dialled->started_us;
}

struct sw_backend_card *sw_backend_card(struct sw_backend *backend)
{
    return &backend->card;
}

struct sw_backend *sw_backend_of_card(struct sw_backend_card *card)
{
    return SW_OWNER(card, struct sw_backend, card);
}

struct sw_backend *sw_backend_adopt(struct sw_loop *loop, struct sw_dialled *dialled,
                                    int prepared_most, sw_backend_on_idle_lost *on_idle_lost,
                                    void *pool)
{
    struct sw_backend *backend = sw_alloc_zero(1, sizeof *backend);

    (void)loop;
    (void)prepared_most;
    (void)on_idle_lost;
    (void)pool;
    sw_link_init(&backend->card.link);
    backend->node = dialled->node;
    free(dialled);
    return backend;
}

void sw_backend_close(struct sw_backend *backend)
{
    tell("x%c", backend->node);
    sw_link_remove(&backend->card.link);
    free(backend);
}

bool sw_backend_is_still(const struct sw_backend *backend)
{
    (void)backend;
    return true;
}

bool sw_backend_is_lost(const struct sw_backend *backend)
{
    (void)backend;
    return false;
}

void sw_backend_guard(struct sw_backend *backend, bool is_guarded)
{
    (void)backend;
    (void)is_guarded;
}

int64_t sw_backend_started_us(const struct sw_backend *backend)
{
    (void)backend;
    return 0;
}

bool sw_backend_is_standby(const struct sw_backend *backend)
{
    return backend->is_standby;
}

bool sw_backend_is_promoted(const struct sw_backend *backend)
{
    (void)backend;
    return false;
}

bool sw_backend_is_unheard(struct sw_backend *backend, uint64_t now_ms, struct sw_tcp *tcp)
{
    (void)now_ms;
    *tcp = (struct sw_tcp){0};
    return backend->is_unheard;
}

void sw_backend_share_reported(struct sw_backend *backend, struct sw_settings_shared *shared)
{
    (void)backend;
    (void)shared;
}

void sw_backend_leave(struct sw_backend *backend)
{
    (void)backend;
}

static struct client *client_with(const struct sw_backend *backend)
{
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i].lease.backend == backend)
            return &clients[i];
    fail_msg("nobody has it");
    return NULL;
}

/* Who loses his connection gives up all that he has. */
void sw_backend_leave_node(struct sw_backend *backend, const struct sw_error *why)
{
    struct client *client = client_with(backend);

    tell("%c~%s", client->name, why->sqlstate);
    sw_lease_discard(&client->lease);
}

void sw_backend_give_up(struct sw_backend *backend)
{
    struct client *client = client_with(backend);

    tell("%c~08006", client->name);
    sw_lease_discard(&client->lease);
}

void sw_backend_attach(struct sw_backend *backend, struct sw_loop *loop,
                       sw_backend_on_idle_lost *on_idle_lost, void *pool)
{
    (void)backend;
    (void)loop;
    (void)on_idle_lost;
    (void)pool;
}

void sw_backend_detach(struct sw_backend *backend)
{
    (void)backend;
}

void sw_backend_cancel(struct sw_backend *backend, struct sw_canceller *canceller,
                       struct sw_loop *loop, struct sw_mailbox *mailbox)
{
    (void)backend;
    (void)canceller;
    (void)loop;
    (void)mailbox;
}

void sw_backend_use(struct sw_backend *backend, const struct sw_backend_events *events,
                    void *owner)
{
    (void)backend;
    (void)events;
    (void)owner;
}

void sw_backend_probe(struct sw_backend *backend)
{
    (void)backend;
}

void sw_backend_flush(struct sw_backend *backend)
{
    (void)backend;
}

bool sw_backend_is_answered(const struct sw_backend *backend)
{
    (void)backend;
    return true;
}

int sw_backend_fd(const struct sw_backend *backend)
{
    (void)backend;
    return -1;
}

int sw_backend_server_pid(const struct sw_backend *backend)
{
    (void)backend;
    return 0;
}

void sw_backend_describe_tls(const struct sw_backend *backend, char text[SW_TLS_PRINT])
{
    (void)backend;
    text[0] = '\0';
}

/* --- a story --- */

static struct sw_map *map;
static struct sw_state *now;
static struct sw_hub *hub;
static struct sw_pools *pools;
static const struct sw_user *user;
static const struct sw_shard *shard;

static struct sw_map *read_map(const char *failover)
{
    char path[] = "/tmp/sw_unit_follow_XXXXXX";
    struct sw_config_faults faults = {0};
    struct sw_config *config;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_true(dprintf(fd, yaml, failover) > 0);
    (void)close(fd);
    config = sw_config_read(path, &faults);
    (void)unlink(path);
    if (config == NULL)
        fail_msg("%s", faults.faults[0].text);
    return sw_map_build(config);
}

static void on_hint(void *owner, const char *cluster, const char *node, enum sw_pool_hint hint)
{
    (void)owner;
    (void)hint;
    assert_string_equal(cluster, "c1");
    tell("h%s", node);
}

static void on_lent(void *owner)
{
    struct client *client = owner;

    tell("%c:%c", client->name, client->lease.backend->node);
}

static void on_refused(void *owner, const struct sw_error *err)
{
    const struct client *client = owner;

    tell("%c!%s", client->name, err->sqlstate);
}

static void begin(const char *failover)
{
    begin_story(1000);
    first_dial = dial_count = 0;
    map = read_map(failover);
    user = sw_map_user(map, "u");
    shard = map->shards[0];
    now = sw_state_create(map, NULL);
    hub = sw_hub_create(1);
    pools = sw_pools_create(&(struct sw_pools_setup){
        .worker = 0, .hub = hub, .map = map, .state = now, .on_hint = on_hint});
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].name = (char)('a' + i);
        sw_lease_init(&clients[i].lease, on_lent, on_refused, &clients[i]);
    }
}

static void end(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        sw_lease_forget(&clients[i].lease);
        if (clients[i].lease.backend != NULL)
            sw_lease_discard(&clients[i].lease);
    }
    sw_hub_stop(hub);
    sw_pools_close(pools);
    sw_hub_free(hub);
    sw_state_unref(now);
    sw_map_unref(map);
}

static void answer(struct sw_dialled *dialled, const char *sqlstate)
{
    struct sw_dial *dial = &dials[first_dial++];
    struct sw_error err = {0};

    assert_true(first_dial <= dial_count);
    if (dialled != NULL) {
        dialled->node = node_at(dial->address);
        dialled->tag = dial->tag;
    } else {
        sw_error_set(&err, sqlstate, "it does not work");
    }
    dial->on_dialled(dial->owner, dialled, dialled == NULL ? &err : NULL);
}

static void be_dialled(const char *at)
{
    struct sw_dialled *dialled = sw_alloc_zero(1, sizeof *dialled);

    dialled->started_us = strtol(at, NULL, 10);
    answer(dialled, NULL);
}

static void publish(const char *at)
{
    struct sw_state *next = sw_state_create(map, now);
    struct sw_cluster_state *cluster = &next->clusters[0];
    const char *kinds = "asdr", *kind = strchr(kinds, *at);
    char *rest;

    cluster->admission = SW_ADMIT;
    if (kind != NULL) {
        cluster->admission = (enum sw_admission)(kind - kinds);
        at++;
    }
    cluster->primary = *at == '0' ? -1 : *at - 'A';
    cluster->generation = (int)strtol(at + 1, &rest, 10);
    cluster->primary_started_us = *rest == ',' ? strtol(rest + 1, NULL, 10) : 0;
    sw_pools_use_state(pools, next);
    sw_state_unref(now);
    now = next;
}

static void ask(struct client *client)
{
    if (sw_pool_borrow(sw_pools_get(pools, user, shard), &client->lease))
        on_lent(client);
}

static struct sw_lease *lease_of(char name)
{
    return &clients[name - 'a'].lease;
}

static void step(const char *at)
{
    switch (*at) {
    case '^':
        if (sw_pool_borrow(sw_pools_get_replica(pools, user, shard, &shard->cluster->nodes[1]),
                           lease_of(at[1])))
            on_lent(&clients[at[1] - 'a']);
        return;
    case '<':
        sw_lease_return(lease_of(at[1]));
        return;
    case '>':
        sw_lease_discard(lease_of(at[1]));
        return;
    case '/':
        sw_lease_forget(lease_of(at[1]));
        return;
    case '~':
        lease_of(at[1])->backend->is_standby = true;
        return;
    case ',':
        lease_of(at[1])->backend->is_unheard = true;
        return;
    case ';':
        lease_of(at[1])->backend->is_unheard = false;
        return;
    case '+':
        be_dialled(at + 1);
        return;
    case '-':
        answer(NULL, at + 1);
        return;
    case 't':
        let_pass((uint64_t)strtol(at + 1, NULL, 10));
        return;
    case '=':
        publish(at + 1);
        return;
    case 'n':
        tell("n%d", sw_pools_lent(pools, "c1"));
        return;
    case 'l':
        tell("l%d", sw_hub_lent(hub, "c1", now->version));
        return;
    default:
        ask(&clients[*at - 'a']);
        return;
    }
}

struct row {
    const char *name, *failover, *story, *told;
};

static const struct row rows[] = {
    {"nobody_watches", "off", "a + <a a", "?A a:A a:A"},
    {"news_without_news_change_nothing", "follow", "=A1 a + <a =A1 a =A1", "?A a:A a:A"},
    /* The primary becomes another node. */
    {"idle_ones_are_closed", "follow", "a + <a =B1 b +", "?A a:A xA ?B b:B"},
    {"lent_ones_are_lost", "follow", "a + b + =B1 c +",
     "?A a:A ?A b:A a~57P01 xA b~57P01 xA ?B c:B"},
    {"those_who_wait_go_along", "follow", "a + b + c + d e =B1 + +",
     "?A a:A ?A b:A ?A c:A a~57P01 xA b~57P01 xA c~57P01 xA ?B ?B d:B e:B"},
    {"a_dial_to_the_old_one_is_of_no_use", "follow", "a =B1 + +", "?A ?B xA a:B"},
    {"and_back_again", "follow", "a + <a =B1 b + <b =A2 c +", "?A a:A xA ?B b:B xB ?A c:A"},
    /* The same node under another number: it was started anew. */
    {"an_earlier_generation_is_lost", "follow", "=A1 a + b + <b =A2 c +",
     "?A a:A ?A b:A xA a~57P01 xA ?A c:A"},
    {"a_dial_of_an_earlier_generation_is_of_no_use", "follow", "=A1 a =A2 + t250 +",
     "?A xA ?A a:A"},
    {"only_the_start_that_is_vouched_for", "follow", "=A1,7 a +8 t250 +7", "?A hA xA ?A a:A"},
    {"another_start_may_be_vouched_for_later", "follow", "=A1,7 a +8 =A2,8 +8",
     "?A hA xA ?A a:A"},
    /* It is lost, and nobody knows a new one. */
    {"nothing_is_lent_or_opened_without_a_primary", "follow", "a + b + <b =sA1 c t9999 =B1 +",
     "?A a:A ?A b:A xA a~57P01 xA ?B c:B"},
    {"so_where_no_node_is_one", "follow", "=01 a t500 =A1 +", "?A a:A"},
    {"idle_ones_are_good_again_with_the_same_primary", "follow", "=A1 a + <a =sA1 b =A1",
     "?A a:A b:A"},
    {"who_waits_for_too_long_is_refused", "follow", "=sA1 a t9999 b t1 t9999",
     "a!57P03 b!57P03"},
    {"who_waited_before_is_given_the_same_time", "follow", "a t4000 =sA1 t9999 t1",
     "?A a!57P03"},
    {"the_time_for_a_lease_begins_anew_behind_it", "follow", "=sA1 a t9000 =A1 t4999 t1",
     "?A a!53300"},
    {"only_so_many_may_wait", "follow", "=sA1 a b c t1 /a e f t1 =A1 + +",
     "c!57P03 f!57P03 ?A ?A b:A e:A"},
    {"also_of_those_who_waited_before", "follow", "a + b + c + d e f =sA1 t1",
     "?A a:A ?A b:A ?A c:A a~57P01 xA b~57P01 xA c~57P01 xA f!57P03"},
    {"a_refusing_cluster_tells_so_at_once", "follow", "a + =rA1 b t1",
     "?A a:A a~57P01 xA b!57P03"},
    {"who_waits_when_it_begins_to_refuse_is_told_too", "follow", "=sA1 a =rA1 t1", "a!57P03"},
    /* The node cannot be reached, and that is all that is known yet. */
    {"a_failed_dial_is_a_hint_and_waits_for_a_failover", "follow", "a -08006 t250 -57P03 =B1 +",
     "?A hA ?A hA ?B a:B"},
    {"a_standby_is_no_primary_and_waits_for_one", "follow", "a -25006 =B1 +", "?A hA ?B a:B"},
    {"where_nobody_watches_a_standby_is_an_error", "off", "a -25006", "?A a!25006"},
    {"a_primary_that_says_it_is_none_is_used_no_more", "follow", "a + ~a <a", "?A a:A hA xA"},
    {"what_its_host_does_not_confirm_is_a_hint_each_second", "follow", "a + ,a t2000",
     "?A a:A hA hA"},
    {"many_at_once_are_one_hint", "follow", "a + b + ,a ,b t1000", "?A a:A ?A b:A hA"},
    {"who_has_given_it_back_gives_no_hint", "follow", "a + ,a <a t1000", "?A a:A"},
    {"where_nobody_watches_there_are_no_hints", "off", "a + ,a t1000", "?A a:A"},
    {"what_is_not_confirmed_for_too_long_is_lost", "off", "a + b + ,a ,b t11000 n",
     "?A a:A ?A b:A a~08006 xA b~08006 xA n0"},
    {"and_not_before", "off", "a + ,a t10999 n", "?A a:A n1"},
    {"nor_when_something_was_confirmed_meanwhile", "off", "a + ,a t9000 ;a t1000 ,a t9000 n",
     "?A a:A n1"},
    /* A planned switch. */
    {"who_has_a_connection_keeps_it_while_it_drains", "follow",
     "=A1 a + b + =dA1 n l c <b n l <a l =B2 +", "?A a:A ?A b:A n2 l2 n1 l1 l0 xA xA ?B c:B"},
    /* Replicas are none of the primary's affairs. */
    {"a_read_on_a_replica_does_not_drain", "follow", "^a + b + =dA1 n l <a l <b l ^a",
     "?B a:B ?A b:A n1 l1 l1 xA l0 a:B"},
    {"nor_does_it_end_with_the_primary", "follow", "^a + =sA1 <a ^b =0 ^c +",
     "?B a:B b:B ?B c:B"},
    {"a_replica_that_is_none_is_an_error_at_once", "follow", "^a -25006 ^b -08006",
     "?B a!25006 ?B b!08006"},
    {"who_does_not_give_it_back_loses_it", "follow", "=A1 a + =dA1 l =B2 l",
     "?A a:A l1 a~57P01 xA l-1"},
};

static void check_row(void **state)
{
    const struct row *row = *state;
    char *story = strdup(row->story), *rest = NULL;

    begin(row->failover);
    for (char *at = strtok_r(story, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        step(at);
        settle();
    }
    assert_string_equal(told, row->told);
    end();
    free(story);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS];

    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
