#include "shardward/backend/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/*
 * Queues are written one letter for each entry, turns one letter for each message:
 *
 *   L local  P Parse  B Bind  D Describe  E Execute  C Close  O Close portal  S Sync  Q Query
 *   - stays  . ends   F fails, and what follows   e error    ! wrong
 */
static const char kinds[] = {
    [SW_REPLY_LOCAL] = 'L',    [SW_REPLY_PARSE] = 'P',   [SW_REPLY_BIND] = 'B',
    [SW_REPLY_DESCRIBE] = 'D', [SW_REPLY_EXECUTE] = 'E', [SW_REPLY_CLOSE] = 'C',
    [SW_REPLY_SYNC] = 'S',     [SW_REPLY_QUERY] = 'Q',   [SW_REPLY_CLOSE_PORTAL] = 'O',
};
static const char turns[] = {
    [SW_TURN_STAYS] = '-', [SW_TURN_ENDS] = '.',  [SW_TURN_FAILS] = 'F',
    [SW_TURN_ERROR] = 'e', [SW_TURN_WRONG] = '!',
};

static void push(struct sw_replies *replies, char kind, int index)
{
    const char *at = memchr(kinds, kind, sizeof kinds);

    assert_non_null(at);
    sw_replies_push(replies, (struct sw_reply){.kind = (enum sw_reply_kind)(at - kinds),
                                               .use = SW_REPLY_CAPTURE,
                                               .index = index});
}

static void push_all(struct sw_replies *replies, const char *queue)
{
    for (int i = 0; queue[i] != '\0'; i++)
        push(replies, queue[i], i);
}

/* Takes all entries off the queue, into @text. */
static void drain(struct sw_replies *replies, char *text)
{
    for (; sw_replies_head(replies) != NULL; sw_replies_pop(replies))
        *text++ = kinds[sw_replies_head(replies)->kind];
    *text = '\0';
}

static void note_skipped(void *owner, const struct sw_reply *reply)
{
    char *text = owner;
    size_t len = strlen(text);

    text[len] = kinds[reply->kind];
    text[len + 1] = '\0';
}

static void pop_locals(struct sw_replies *replies)
{
    while (sw_replies_head(replies) != NULL && sw_replies_head(replies)->kind == SW_REPLY_LOCAL)
        sw_replies_pop(replies);
}

/* Plays the messages until the first wrong one, as a backend does. */
static void play(struct sw_replies *replies, const char *messages, char *told, char *skipped)
{
    *skipped = '\0';
    for (; *messages != '\0'; messages++) {
        enum sw_reply_turn turn;

        pop_locals(replies);
        turn = sw_replies_turn(replies, (uint8_t)*messages);
        *told++ = turns[turn];
        if (turn == SW_TURN_WRONG)
            break;
        if (turn == SW_TURN_ENDS)
            sw_replies_pop(replies);
        if (turn == SW_TURN_FAILS && !sw_replies_skip(replies, note_skipped, skipped))
            push(replies, 'S', -1);
    }
    *told = '\0';
}

static void answers_follow_the_queue(void **state)
{
    static const struct {
        const char *queue, *messages, *turns, *skipped, *left;
    } rows[] = {
        {"PBDES", "12nCZ", ".....", "", ""},
        {"PBDES", "12TDDDCZ", "...---..", "", ""},
        {"PDS", "1tTZ", ".-..", "", ""},
        {"PDS", "1tnZ", ".-..", "", ""},
        {"BES", "2DsZ", ".-..", "", ""},
        {"BES", "2IZ", "...", "", ""},
        {"BEBES", "2C2CZ", ".....", "", ""},
        {"CS", "3Z", "..", "", ""},
        {"BEOS", "2C3Z", "....", "", ""},
        {"S", "Z", ".", "", ""},
        {"SSS", "ZZ", "..", "", "S"},
        {"PBDES", "12", "..", "", "DES"},
        {"", "", "", "", ""},

        {"Q", "Z", ".", "", ""},
        {"Q", "IZ", "-.", "", ""},
        {"Q", "TDDCZ", "----.", "", ""},
        {"Q", "TDCTCCZ", "------.", "", ""},
        {"Q", "HdddcCZ", "------.", "", ""},
        {"Q", "HddEZ", "---e.", "", ""},
        {"Q", "TDCHdcCCZ", "--------.", "", ""},
        {"BES", "2HddcCZ", ".----..", "", ""},
        {"BES", "2HdEZ", ".--F.", "", ""},
        {"Q", "GCZ", "--.", "", ""},
        {"Q", "GEZ", "-e.", "", ""},
        {"Q", "GCGCZ", "----.", "", ""},
        {"BE", "2GC", ".-.", "", ""},
        {"BE", "2GEZ", ".-F.", "", ""},
        {"Q", "EZ", "e.", "", ""},
        {"Q", "CTDEZ", "---e.", "", ""},
        {"QQ", "EZCZ", "e.-.", "", ""},

        {"PBDES", "E", "F", "BDE", "S"},
        {"PBDES", "EZ", "F.", "BDE", ""},
        {"PBDES", "12nEZ", "...F.", "", ""},
        {"PDS", "1tEZ", ".-F.", "", ""},
        {"BES", "2DDEZ", ".--F.", "", ""},
        {"PSPBS", "EZ12Z", "F....", "", ""},
        {"PBESBES", "EZ2CZ", "F....", "BE", ""},
        {"PBESBES", "EZEZ", "F.F.", "BEE", ""},
        {"CBES", "EZ", "F.", "BE", ""},
        /* Sync itself may fail, and is answered all the same. */
        {"BES", "2CEZ", "..e.", "", ""},
        {"SBES", "EZ2CZ", "e....", "", ""},
        /* No Sync behind the error: one is sent. */
        {"P", "E", "F", "", "S"},
        {"PBE", "1EZ", ".F.", "E", ""},
        /* The server discards a Query too until it has seen Sync. */
        {"PQS", "EZ", "F.", "Q", ""},

        {"L", "Z", "!", "", ""},
        {"LLPLS", "1Z", "..", "", ""},
        {"PLBLS", "1", ".", "", "LBLS"},
        {"PLBLSL", "EZ", "F.", "LBL", "L"},
        {"LPLE", "E", "F", "LE", "S"},

        {"", "Z", "!", "", ""},
        {"", "E", "!", "", ""},
        {"S", "ZZ", ".!", "", ""},
        {"PBES", "2", "!", "", "PBES"},
        {"PBES", "11", ".!", "", "BES"},
        {"PBES", "12Z", "..!", "", "ES"},
        {"BDES", "2tC", ".-!", "", "DES"},
        {"Q", "C1", "-!", "", "Q"},
        {"Q", "W", "!", "", "Q"},
        {"BDS", "2H", ".!", "", "DS"},
        {"PBES", "E2", "F!", "BE", "S"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char told[32], skipped[32], left[32];
        struct sw_replies replies;

        sw_replies_init(&replies);
        push_all(&replies, rows[i].queue);
        play(&replies, rows[i].messages, told, skipped);
        drain(&replies, left);
        assert_string_equal(told, rows[i].turns);
        assert_string_equal(skipped, rows[i].skipped);
        assert_string_equal(left, rows[i].left);
        sw_replies_finish(&replies);
    }
}

static void any_other_message_breaks_the_protocol(void **state)
{
    static const struct {
        char kind;
        const char *stays, *ends;
        char error;
    } rows[] = {
        {'P', "", "1", 'F'},         {'B', "", "2", 'F'}, {'D', "t", "Tn", 'F'},
        {'E', "DGHdc", "CIs", 'F'},  {'C', "", "3", 'F'}, {'S', "", "Z", 'e'},
        {'Q', "TDCIGHdc", "Z", 'e'},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_replies replies;

        sw_replies_init(&replies);
        push(&replies, rows[i].kind, 0);
        for (int type = 0; type <= 0xff; type++) {
            char turn = turns[sw_replies_turn(&replies, (uint8_t)type)];

            if (type == 'E')
                assert_int_equal(turn, rows[i].error);
            else if (type != 0 && strchr(rows[i].stays, type) != NULL)
                assert_int_equal(turn, '-');
            else if (type != 0 && strchr(rows[i].ends, type) != NULL)
                assert_int_equal(turn, '.');
            else
                assert_int_equal(turn, '!');
            assert_int_equal(replies.count, 1);
        }
        sw_replies_finish(&replies);
    }
}

static void an_empty_queue_has_no_head(void **state)
{
    struct sw_replies replies;

    sw_replies_init(&replies);
    assert_null(sw_replies_head(&replies));
    push_all(&replies, "S");
    assert_non_null(sw_replies_head(&replies));
    sw_replies_pop(&replies);
    assert_null(sw_replies_head(&replies));
    push_all(&replies, "SS");
    sw_replies_finish(&replies);
    assert_null(sw_replies_head(&replies));
    sw_replies_finish(&replies);
}

static void an_entry_comes_back_as_it_was_pushed(void **state)
{
    struct sw_replies replies;
    const struct sw_reply reply = {SW_REPLY_PARSE, SW_REPLY_ABSORB, 7, &replies};
    const struct sw_reply *head;

    sw_replies_init(&replies);
    sw_replies_push(&replies, reply);
    head = sw_replies_head(&replies);
    assert_int_equal(head->kind, SW_REPLY_PARSE);
    assert_int_equal(head->use, SW_REPLY_ABSORB);
    assert_int_equal(head->index, 7);
    assert_ptr_equal(head->about, &replies);
    sw_replies_finish(&replies);
}

/* The ring is filled to @held entries at every place where it may begin. */
static void order_survives_growing_at_any_place(void **state)
{
    static const int helds[] = {1, 15, 16, 17, 31, 32, 33, 200};

    for (size_t i = 0; i < sizeof helds / sizeof *helds; i++) {
        for (int start = 0; start < 40; start++) {
            int next_in = 0, next_out = 0;
            struct sw_replies replies;

            sw_replies_init(&replies);
            for (; next_out < start; next_out++) {
                push(&replies, 'P', next_in++);
                assert_int_equal(sw_replies_head(&replies)->index, next_out);
                sw_replies_pop(&replies);
            }
            for (int held = 0; held < helds[i]; held++)
                push(&replies, 'P', next_in++);
            assert_int_equal(replies.count, helds[i]);
            assert_true(replies.size >= replies.count);
            assert_int_equal(replies.size & (replies.size - 1), 0);
            for (; next_out < next_in; next_out++) {
                assert_int_equal(sw_replies_head(&replies)->index, next_out);
                sw_replies_pop(&replies);
            }
            assert_null(sw_replies_head(&replies));
            sw_replies_finish(&replies);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_follow_the_queue),
        cmocka_unit_test(any_other_message_breaks_the_protocol),
        cmocka_unit_test(an_empty_queue_has_no_head),
        cmocka_unit_test(an_entry_comes_back_as_it_was_pushed),
        cmocka_unit_test(order_survives_growing_at_any_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
