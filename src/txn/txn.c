#include "shardward/txn/txn.h"

#include "shardward/base/mem.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

void sw_txn_init(struct sw_txn *txn)
{
    *txn = (struct sw_txn){0};
}

static void cut_journal(struct sw_txn *txn, int count)
{
    while (txn->journal_count > count)
        free(txn->journal[--txn->journal_count]);
}

static struct sw_txn_settings keep_settings(struct sw_txn_settings now)
{
    return (struct sw_txn_settings){sw_settings_ref(now.settings), sw_settings_ref(now.told)};
}

static void forget_settings(struct sw_txn_settings *before)
{
    sw_settings_unref(before->settings);
    sw_settings_unref(before->told);
    *before = (struct sw_txn_settings){0};
}

static void cut_savepoints(struct sw_txn *txn, int count)
{
    while (txn->savepoint_count > count) {
        struct sw_savepoint *last = &txn->savepoints[--txn->savepoint_count];

        free(last->name);
        forget_settings(&last->before);
    }
}

void sw_txn_finish(struct sw_txn *txn)
{
    sw_txn_end(txn);
    free(txn->journal);
    free(txn->savepoints);
    sw_txn_init(txn);
}

void sw_txn_note(struct sw_txn *txn, const char *text)
{
    size_t count = (size_t)txn->journal_count + 1;

    txn->journal = sw_realloc(txn->journal, count * sizeof *txn->journal);
    txn->journal[txn->journal_count++] = sw_strdup(text);
}

void sw_txn_begin(struct sw_txn *txn, const char *text, struct sw_txn_settings now)
{
    assert(txn->state == SW_TXN_IDLE);
    txn->state = SW_TXN_OPEN;
    txn->before = keep_settings(now);
    if (text != NULL)
        sw_txn_note(txn, text);
    else
        txn->is_enlisted = true;
}

void sw_txn_enlist(struct sw_txn *txn)
{
    txn->is_enlisted = true;
}

void sw_txn_fail(struct sw_txn *txn)
{
    if (txn->state == SW_TXN_OPEN)
        txn->state = SW_TXN_FAILED;
}

void sw_txn_end(struct sw_txn *txn)
{
    cut_journal(txn, 0);
    cut_savepoints(txn, 0);
    forget_settings(&txn->before);
    txn->is_enlisted = false;
    txn->state = SW_TXN_IDLE;
}

void sw_txn_savepoint(struct sw_txn *txn, const char *name, const char *text,
                      struct sw_txn_settings now)
{
    size_t count = (size_t)txn->savepoint_count + 1;

    if (text != NULL)
        sw_txn_note(txn, text);
    txn->savepoints = sw_realloc(txn->savepoints, count * sizeof *txn->savepoints);
    txn->savepoints[txn->savepoint_count++] =
        (struct sw_savepoint){.name = sw_strdup(name),
                              .before = keep_settings(now),
                              .journal_count = txn->journal_count};
}

/* The newest savepoint of that name, which hides older ones; -1: none. */
static int find(const struct sw_txn *txn, const char *name)
{
    int at = txn->savepoint_count - 1;

    while (at >= 0 && strcmp(txn->savepoints[at].name, name) != 0)
        at--;
    return at;
}

bool sw_txn_release(struct sw_txn *txn, const char *name, const char *text)
{
    int at = find(txn, name);

    if (at < 0)
        return false;
    cut_savepoints(txn, at);
    if (text != NULL)
        sw_txn_note(txn, text);
    return true;
}

bool sw_txn_rollback_to(struct sw_txn *txn, const char *name,
                        const struct sw_txn_settings **before)
{
    int at = find(txn, name);

    if (at < 0)
        return false;
    cut_savepoints(txn, at + 1);
    if (!txn->is_enlisted)
        cut_journal(txn, txn->savepoints[at].journal_count);
    txn->state = SW_TXN_OPEN;
    *before = &txn->savepoints[at].before;
    return true;
}

/* A bare BEGIN is one word, or two, without options. */
static bool is_bare(const char *text)
{
    static const char *const bare[] = {"begin", "begin;", "begin transaction", "begin work",
                                       "start transaction"};

    for (size_t i = 0; i < sizeof bare / sizeof bare[0]; i++)
        if (strcasecmp(text, bare[i]) == 0)
            return true;
    return false;
}

bool sw_txn_has_options(const struct sw_txn *txn)
{
    return txn->journal_count > 1 || (txn->journal_count == 1 && !is_bare(txn->journal[0]));
}

char sw_txn_status(const struct sw_txn *txn)
{
    static const char status[] = {
        [SW_TXN_IDLE] = 'I', [SW_TXN_OPEN] = 'T', [SW_TXN_FAILED] = 'E'};

    return status[txn->state];
}
