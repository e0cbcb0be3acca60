#include "shardward/execute/ids.h"

#include "shardward/execute/leg.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include "../io/pretended.h"

/*
 * A story is told in steps, and what happens is written down:
 *
 *   a2        waiter a draws two numbers; A: has no deadline, all others wait for 1000 ms
 *   -a        he forgets it
 *   t500      half a second passes
 *   + e n     the answer comes: as many numbers as were asked for; an error; a NULL
 *   r l z     there is no connection; it is lost; it had been lost before it was asked
 *   R         ... from now on there is none, which is known at once
 *   renew     sequences may have changed
 *
 *   ?4        four numbers are asked for      a:1,2     a has got these
 *   x         the fetch is cut off            a!53300   a is refused
 */
enum { AHEAD = 4, WAIT_MS = 1000, WAITERS = 8, MOST = 16 };

/* --- legs without backends, on the catalog database of a map that is only counted --- */

static struct sw_map map;
static struct sw_shard catalog = {.name = "catalog"};
static int map_refs, next_number, wanted;
static struct sw_leg *working;
static bool has_no_connection;

struct sw_map *sw_map_ref(struct sw_map *counted)
{
    assert_ptr_equal(counted, &map);
    map_refs++;
    return counted;
}

void sw_map_unref(struct sw_map *counted)
{
    map_refs -= counted != NULL;
}

struct sw_pool *sw_pools_get(struct sw_pools *pools, const struct sw_user *user,
                             const struct sw_shard *shard)
{
    (void)pools;
    (void)user;
    assert_ptr_equal(shard, &catalog);
    return NULL;
}

struct sw_pool *sw_pools_get_kind(struct sw_pools *pools, const struct sw_user *user,
                                  const struct sw_shard *shard, enum sw_pool_kind kind)
{
    (void)pools;
    (void)user;
    assert_ptr_equal(shard, &catalog);
    return NULL;
}

void sw_leg_init(struct sw_leg *leg, struct sw_loop *loop, const struct sw_leg_sink *sink,
                 void *owner)
{
    *leg = (struct sw_leg){.state = SW_LEG_FREE, .loop = loop, .sink = sink, .owner = owner};
}

static void refuse_leg(struct sw_leg *leg)
{
    struct sw_error err;

    sw_error_set(&err, "08001", "no connection");
    leg->state = SW_LEG_FREE;
    leg->sink->on_refused(leg->owner, &err);
}

void sw_leg_start(struct sw_leg *leg, struct sw_pool *pool, const struct sw_shard *shard,
                  const struct sw_leg_work *work)
{
    const char *sql = sw_run_text(work->run, &work->run->requests[0]);
    const char *count = strrchr(sql, ' ');

    (void)pool;
    (void)shard;
    assert_int_equal(leg->state, SW_LEG_FREE);
    assert_int_equal(work->run->count, 1);
    assert_memory_equal(sql, "SELECT draw", strlen("SELECT draw"));
    wanted = (int)strtol(count, NULL, 10);
    tell("?%d", wanted);
    leg->state = SW_LEG_RUNNING;
    working = leg;
    if (has_no_connection)
        refuse_leg(leg);
}

void sw_leg_release(struct sw_leg *leg)
{
    assert_int_equal(leg->state, SW_LEG_ATTACHED);
    leg->state = SW_LEG_FREE;
}

void sw_leg_cut(struct sw_leg *leg)
{
    if (leg->state != SW_LEG_FREE)
        tell("x");
    leg->state = SW_LEG_FREE;
}

/* --- what comes of a fetch --- */

static void put_row(struct sw_buf *bytes, const char *text)
{
    size_t start = sw_message_begin(bytes, 'D');

    sw_put_int16(bytes, 1);
    sw_put_int32(bytes, text == NULL ? UINT32_MAX : (uint32_t)strlen(text));
    (void)sw_buf_append(bytes, text, text == NULL ? 0 : strlen(text));
    sw_message_end(bytes, start);
}

static void answer_numbers(bool are_null)
{
    struct sw_buf bytes;

    sw_buf_init(&bytes, 65536);
    for (int i = 0; i < wanted; i++) {
        char text[16];

        (void)snprintf(text, sizeof text, "%d", ++next_number);
        put_row(&bytes, are_null ? NULL : text);
    }
    sw_write_command_complete(&bytes, "SELECT");
    working->sink->on_forward(working->owner, sw_buf_bytes(&bytes), sw_buf_len(&bytes));
    sw_buf_finish(&bytes);
}

static void answer_error(void)
{
    struct sw_error err;
    struct sw_frame frame;
    struct sw_buf bytes;

    sw_error_set(&err, "42501", "permission denied");
    sw_buf_init(&bytes, 4096);
    sw_write_error(&bytes, "ERROR", &err);
    assert_int_equal(sw_frame_next(sw_buf_bytes(&bytes), sw_buf_len(&bytes), 4096, &frame),
                     SW_FRAME_WHOLE);
    working->sink->on_error(working->owner, 0, &frame);
    sw_buf_finish(&bytes);
}

static void lose_leg(enum sw_loss loss)
{
    struct sw_error err;

    sw_error_set(&err, "08006", "lost");
    working->state = SW_LEG_FREE;
    working->sink->on_lost(working->owner, &err, loss);
}

static void answer(char how)
{
    size_t told_before = strlen(told);

    assert_int_equal(working->state, SW_LEG_RUNNING);
    if (how == 'r') {
        refuse_leg(working);
    } else if (how == 'l' || how == 'z') {
        lose_leg(how == 'l' ? SW_LOSS_CLOSED : SW_LOSS_RESET);
    } else {
        if (how == 'e')
            answer_error();
        else
            answer_numbers(how == 'n');
        working->state = SW_LEG_ATTACHED;
        working->sink->on_done(working->owner, 'I');
    }
    assert_int_equal(strlen(told), told_before); /* nobody hears of it within this turn */
}

/* --- those who draw --- */

static const struct sw_user user = {.name = "booking", .pool = {.size = 2}};
static const struct sw_database database = {.name = "booking", .catalog = &catalog};
static struct sw_ids *ids;

static struct waiter {
    struct sw_draw draw;
    char name;
    int64_t numbers[MOST];
    int again; /* so many more does he draw when he has got his */
} waiters[WAITERS];

static void tell_numbers(const struct waiter *waiter, int count)
{
    tell("%c:%d", waiter->name, (int)waiter->numbers[0]);
    for (int i = 1; i < count; i++) {
        size_t len = strlen(told);

        (void)snprintf(told + len, sizeof told - len, ",%d", (int)waiter->numbers[i]);
    }
}

static void draw(struct waiter *waiter, int count)
{
    const struct sw_ids_source source = {.map = &map,
                                         .user = &user,
                                         .database = &database,
                                         .expression = "draw",
                                         .ahead = AHEAD,
                                         .wait_ms = waiter->name == 'A' ? 0 : WAIT_MS};

    if (!sw_ids_draw(ids, &source, &waiter->draw, waiter->numbers, count))
        return;
    assert_false(sw_link_is_linked(&waiter->draw.link));
    tell_numbers(waiter, count);
}

static void on_drawn(void *owner)
{
    struct waiter *waiter = owner;
    int again = waiter->again;

    tell_numbers(waiter, waiter->draw.count);
    waiter->again = 0;
    if (again > 0)
        draw(waiter, again);
}

static void on_refused(void *owner, const struct sw_error *err)
{
    struct waiter *waiter = owner;

    tell("%c!%s", waiter->name, err->sqlstate);
}

static struct waiter *waiter_of(char name)
{
    return &waiters[name == 'A' ? WAITERS - 1 : name - 'a'];
}

static void begin(void)
{
    begin_story(5000);
    next_number = 0;
    has_no_connection = false;
    working = NULL;
    ids = sw_ids_create(NULL, NULL);
    for (int i = 0; i < WAITERS; i++) {
        struct waiter *waiter = &waiters[i];

        *waiter = (struct waiter){.name = i == WAITERS - 1 ? 'A' : (char)('a' + i)};
        sw_link_init(&waiter->draw.link);
        waiter->draw.on_drawn = on_drawn;
        waiter->draw.on_refused = on_refused;
        waiter->draw.owner = waiter;
    }
}

static void end(void)
{
    for (int i = 0; i < WAITERS; i++)
        sw_draw_forget(&waiters[i].draw);
    sw_ids_close(ids);
    assert_int_equal(map_refs, 0);
    assert_int_equal(timer_count, 0);
    assert_int_equal(posted_count, 0);
}

static void step(const char *word)
{
    if (strcmp(word, "renew") == 0)
        sw_ids_renew(ids);
    else if (*word == 't')
        let_pass((uint64_t)strtol(word + 1, NULL, 10));
    else if (*word == '-')
        sw_draw_forget(&waiter_of(word[1])->draw);
    else if (*word == 'R')
        has_no_connection = true;
    else if (word[1] == '\0')
        answer(*word);
    else
        draw(waiter_of(*word), (int)strtol(word + 1, NULL, 10));
    settle();
}

static void live_through(const char *steps)
{
    char word[16];
    int len;

    for (; sscanf(steps, "%15s%n", word, &len) == 1; steps += len)
        step(word);
}

struct story {
    const char *title, *steps, *told;
};

static void check_stories(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        begin();
        live_through(stories[i].steps);
        if (strcmp(told, stories[i].told) != 0)
            fail_msg("%s: %s\n     told: %s\n expected: %s", stories[i].title, stories[i].steps,
                     told, stories[i].told);
        end();
    }
}

#define CHECK(stories) check_stories(stories, sizeof(stories) / sizeof *(stories))

static void a_block_is_drawn_once_and_shared_out(void **state)
{
    static const struct story stories[] = {
        {"one asks, all are served", "a1 + b1 c2", "?4 a:1 b:2 c:3,4"},
        {"nobody waits while it lasts", "a1 + a1 a1 a1", "?4 a:1 a:2 a:3 a:4"},
        {"used up, the next one is fetched", "a4 + b1 + c1", "?4 a:1,2,3,4 ?4 b:5 c:6"},
        {"a large draw fetches all it needs", "a7 + b1", "?7 a:1,2,3,4,5,6,7 ?4"},
        {"what is left goes first", "a3 + b2 + c1", "?4 a:1,2,3 ?4 b:4,5 c:6"},
        {"... and is kept behind a large draw", "a3 + b6 + c1 d1",
         "?4 a:1,2,3 ?6 b:4,5,6,7,8,9 c:10 ?4"},
    };

    (void)state;
    CHECK(stories);
}

static void those_who_wait_are_served_in_their_order(void **state)
{
    static const struct story stories[] = {
        {"one fetch for all", "a1 b2 c1 +", "?4 a:1 b:2,3 c:4"},
        {"further ones as long as somebody waits", "a3 b3 c3 + + +",
         "?4 a:1,2,3 ?4 b:4,5,6 ?4 c:7,8,9"},
        {"who wants little does not overtake", "a2 b5 c1 + d1 +",
         "?4 a:1,2 ?5 b:3,4,5,6,7 c:8 d:9"},
        {"who comes in between waits, too", "a1 b4 + c1 +", "?4 a:1 ?4 b:2,3,4,5 c:6"},
    };

    (void)state;
    CHECK(stories);
}

static void a_failure_reaches_those_who_waited_and_only_them(void **state)
{
    static const struct story stories[] = {
        {"an error", "a1 b1 e c1 +", "?4 a!42501 b!42501 ?4 c:1"},
        {"no connection", "a1 b1 r c1 +", "?4 a!08001 b!08001 ?4 c:1"},
        {"... which is known at once", "R a1 b1", "?4 a!08001 ?4 b!08001"},
        {"lost", "a1 b1 l c1 +", "?4 a!08006 b!08006 ?4 c:1"},
        {"no numbers", "a1 n c1 +", "?4 a!0A000 ?4 c:5"},
        {"what is left stays good", "a3 + b2 c1 e d1", "?4 a:1,2,3 ?4 b!42501 c!42501 d:4"},
        /* a connection that was dead before it was asked: the pool may have two of that kind */
        {"the next connection is asked", "a1 b1 z + c1", "?4 ?4 a:1 b:2 c:3"},
        {"... as often as the pool has connections", "a1 z z z b1 +",
         "?4 ?4 ?4 a!08006 ?4 b:1"},
        {"... from the last success on", "a1 z z + b4 z z +",
         "?4 ?4 ?4 a:1 ?4 ?4 ?4 b:2,3,4,5"},
    };

    (void)state;
    CHECK(stories);
}

static void everybody_has_his_own_deadline(void **state)
{
    static const struct story stories[] = {
        {"neither too early", "a1 t999 +", "?4 a:1"},
        {"nor too late; nobody else wants it", "a1 t1000 b1", "?4 x a!53300 ?4"},
        {"a fetch that took too long is begun again", "a1 t600 b1 t400 +",
         "?4 x a!53300 ?4 b:1"},
        {"... and goes on if it did not", "a1 t600 b1 t400 c1 t599 + t9000",
         "?4 x a!53300 ?4 b:1 c:2"},
        {"who came before it began is refused alone", "a1 t600 b1 t100 c1 t300 t600 +",
         "?4 x a!53300 ?4 b!53300 c:1"},
        {"all of one moment", "a1 b1 t1000", "?4 x a!53300 b!53300"},
        {"none", "A1 t99999 +", "?4 A:1"},
        {"one behind who has none", "A1 t300 b1 t999 t1 +", "?4 b!53300 A:1"},
        {"one before who has none", "b1 A1 t1000 +", "?4 x b!53300 ?4 A:1"},
        {"the next block has its own time", "a4 b1 t900 + t99 +", "?4 a:1,2,3,4 ?4 b:5"},
        {"... but not who waits for it", "a4 b1 t900 + t100 +", "?4 a:1,2,3,4 ?4 b!53300"},
        {"a served one is not due any more", "a1 t500 + b1 t5000 b1", "?4 a:1 b:2 b:3"},
    };

    (void)state;
    CHECK(stories);
}

static void who_forgets_hears_nothing_and_takes_nothing(void **state)
{
    static const struct story stories[] = {
        {"alone", "a1 -a + b1", "?4 b:1"},
        {"the first", "a3 b2 -a + c1", "?4 b:1,2 c:3"},
        {"one in the middle", "a1 b9 c1 -b +", "?4 a:1 c:2"},
        {"before a failure", "a1 b1 -a e", "?4 b!42501"},
        {"before the deadline", "a1 t500 b1 -a t999 +", "?4 x ?4 b:1"},
        {"one that does not wait", "-a a1 + -a b1", "?4 a:1 b:2"},
    };

    (void)state;
    CHECK(stories);
}

static void a_renewed_block_gives_none_of_its_old_numbers(void **state)
{
    static const struct story stories[] = {
        {"what was left is a gap", "a1 + renew b1 +", "?4 a:1 ?4 b:5"},
        {"what is on its way is for nobody", "a1 b1 renew + +", "?4 ?4 a:5 b:6"},
        {"... nor what was left before it", "a3 + b2 renew + +", "?4 a:1,2,3 ?4 ?4 b:9,10"},
        {"a failure is one", "a1 renew e", "?4 a!42501"},
        {"a deadline stays", "a1 t500 renew t500", "?4 x a!53300"},
        {"nothing there", "renew a1 + renew renew b1", "?4 a:1 ?4"},
        {"nobody waits for what is on its way", "a1 -a renew + b1 +", "?4 ?4 b:5"},
    };

    (void)state;
    CHECK(stories);
}

static void who_is_served_may_draw_again_at_once(void **state)
{
    static const struct {
        int again;
        const char *steps, *told;
    } rows[] = {
        {1, "a1 +", "?4 a:1 a:2"},
        {4, "a1 + +", "?4 a:1 ?4 a:2,3,4,5"},
        {1, "a1 b3 + +", "?4 a:1 b:2,3,4 ?4 a:5"},
        {5, "a1 b1 + +", "?4 a:1 b:2 ?5 a:3,4,5,6,7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        waiters[0].again = rows[i].again;
        live_through(rows[i].steps);
        assert_string_equal(told, rows[i].told);
        end();
    }
}

static void blocks_are_of_a_user_a_database_and_an_expression(void **state)
{
    static const struct sw_user same_user = {.name = "booking"}, other_user = {.name = "other"};
    static const struct sw_database other_database = {.name = "other", .catalog = &catalog};
    static const struct {
        const struct sw_user *user;
        const struct sw_database *database;
        const char *expression;
        bool is_shared;
    } rows[] = {
        {&user, &database, "draw", true},
        {&same_user, &database, "draw", true}, /* of another map */
        {&other_user, &database, "draw", false},
        {&user, &other_database, "draw", false},
        {&user, &database, "draw 2", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sw_ids_source source = {.map = &map,
                                             .user = rows[i].user,
                                             .database = rows[i].database,
                                             .expression = rows[i].expression,
                                             .ahead = AHEAD};

        begin();
        live_through("a1 +");
        assert_int_equal(sw_ids_draw(ids, &source, &waiters[1].draw, waiters[1].numbers, 1),
                         rows[i].is_shared);
        live_through("c1");
        assert_string_equal(told, rows[i].is_shared ? "?4 a:1 c:3" : "?4 a:1 ?4 c:2");
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_is_drawn_once_and_shared_out),
        cmocka_unit_test(those_who_wait_are_served_in_their_order),
        cmocka_unit_test(a_failure_reaches_those_who_waited_and_only_them),
        cmocka_unit_test(everybody_has_his_own_deadline),
        cmocka_unit_test(who_forgets_hears_nothing_and_takes_nothing),
        cmocka_unit_test(a_renewed_block_gives_none_of_its_old_numbers),
        cmocka_unit_test(who_is_served_may_draw_again_at_once),
        cmocka_unit_test(blocks_are_of_a_user_a_database_and_an_expression),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
