#include "shardward/io/mailbox.h"

#include "turns.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { POSTERS = 4, LETTERS = 2000 };

/* A letter that writes its word into a text, and may answer with another letter. */
struct note {
    struct sw_letter letter;
    char word;
    char *text;
    struct sw_mailbox *mailbox;
    struct note *answer; /* posted when this one is read; NULL: none */
};

static void on_note(struct sw_letter *letter)
{
    struct note *note = SW_OWNER(letter, struct note, letter);
    size_t len = strlen(note->text);

    note->text[len] = note->word;
    if (note->answer != NULL)
        sw_mailbox_post(note->mailbox, &note->answer->letter);
}

static void init_notes(struct note *notes, size_t count, char *text, struct sw_mailbox *mailbox)
{
    for (size_t i = 0; i < count; i++)
        notes[i] = (struct note){.letter.on_read = on_note,
                                 .word = (char)('a' + i),
                                 .text = text,
                                 .mailbox = mailbox};
}

static void letters_are_read_once_in_the_order_they_were_posted(void **state)
{
    char text[16] = "";
    struct note notes[3];
    struct turns turns;
    struct sw_mailbox *mailbox;

    turns_init(&turns);
    mailbox = sw_mailbox_create(turns.loop);
    init_notes(notes, 3, text, mailbox);
    sw_mailbox_post(mailbox, &notes[1].letter);
    sw_mailbox_post(mailbox, &notes[0].letter);
    sw_mailbox_post(mailbox, &notes[2].letter);
    assert_string_equal(text, "");
    turns_run(&turns);
    assert_string_equal(text, "bac");
    sw_mailbox_post(mailbox, &notes[0].letter);
    turns_run(&turns);
    assert_string_equal(text, "baca");
    sw_mailbox_close(mailbox);
    turns_finish(&turns);
}

static void a_letter_may_be_answered_while_it_is_read(void **state)
{
    char text[16] = "";
    struct note notes[3];
    struct turns turns;
    struct sw_mailbox *mailbox;

    turns_init(&turns);
    mailbox = sw_mailbox_create(turns.loop);
    init_notes(notes, 3, text, mailbox);
    notes[0].answer = &notes[2];
    sw_mailbox_post(mailbox, &notes[0].letter);
    sw_mailbox_post(mailbox, &notes[1].letter);
    turns_run(&turns);
    assert_string_equal(text, "abc");
    sw_mailbox_close(mailbox);
    turns_finish(&turns);
}

static void closing_reads_what_is_left_and_what_answers_it(void **state)
{
    char text[16] = "";
    struct note notes[3];
    struct turns turns;
    struct sw_mailbox *mailbox;

    turns_init(&turns);
    mailbox = sw_mailbox_create(turns.loop);
    init_notes(notes, 3, text, mailbox);
    notes[1].answer = &notes[2];
    sw_mailbox_post(mailbox, &notes[0].letter);
    sw_mailbox_post(mailbox, &notes[1].letter);
    sw_mailbox_close(mailbox);
    assert_string_equal(text, "abc");
    turns_finish(&turns);
    sw_mailbox_close(NULL);
}

struct office {
    struct sw_loop *loop;
    struct sw_mailbox *mailbox;
    int read;            /* letters, of all posters */
    int next[POSTERS];   /* number of the letter that each poster's next one must have */
    bool is_out_of_turn; /* a letter came before or after its turn */
};

struct numbered {
    struct sw_letter letter;
    struct office *office;
    int poster, number;
};

struct poster {
    pthread_t thread;
    struct office *office;
    struct numbered letters[LETTERS];
};

static void on_numbered(struct sw_letter *letter)
{
    struct numbered *numbered = SW_OWNER(letter, struct numbered, letter);
    struct office *office = numbered->office;

    if (office->next[numbered->poster]++ != numbered->number)
        office->is_out_of_turn = true;
    if (++office->read == POSTERS * LETTERS)
        sw_loop_stop(office->loop);
}

static void *post_all(void *owner)
{
    struct poster *poster = owner;

    for (int i = 0; i < LETTERS; i++)
        sw_mailbox_post(poster->office->mailbox, &poster->letters[i].letter);
    return NULL;
}

static void no_letter_of_several_threads_is_lost_or_overtaken_by_its_next(void **state)
{
    static struct poster posters[POSTERS];
    struct office office = {0};
    struct turns turns;

    turns_init(&turns);
    office.loop = turns.loop;
    office.mailbox = sw_mailbox_create(turns.loop);
    for (int p = 0; p < POSTERS; p++) {
        posters[p].office = &office;
        for (int i = 0; i < LETTERS; i++)
            posters[p].letters[i] = (struct numbered){
                .letter.on_read = on_numbered, .office = &office, .poster = p, .number = i};
        assert_int_equal(pthread_create(&posters[p].thread, NULL, post_all, &posters[p]), 0);
    }
    sw_loop_run(turns.loop);
    for (int p = 0; p < POSTERS; p++)
        (void)pthread_join(posters[p].thread, NULL);
    assert_int_equal(office.read, POSTERS * LETTERS);
    assert_false(office.is_out_of_turn);
    sw_mailbox_close(office.mailbox);
    turns_finish(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_are_read_once_in_the_order_they_were_posted),
        cmocka_unit_test(a_letter_may_be_answered_while_it_is_read),
        cmocka_unit_test(closing_reads_what_is_left_and_what_answers_it),
        cmocka_unit_test(no_letter_of_several_threads_is_lost_or_overtaken_by_its_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
