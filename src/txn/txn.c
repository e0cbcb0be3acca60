#include "shardward/txn/txn.h"

#include "shardward/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BEGIN_TEXT_LIMIT = 0x7fffffff, KEPT_BEGIN_TEXT = 256, KEPT_ENTRIES = 16 };

void sw_txn_init(struct sw_txn *txn)
{
    *txn = (struct sw_txn){.isolation = SW_ISOLATION_DEFAULT, .is_read_only = -1};
    sw_buf_init(&txn->begin_text, BEGIN_TEXT_LIMIT);
}

struct sw_txn_settings sw_txn_settings_ref(struct sw_txn_settings settings)
{
    (void)sw_settings_ref(settings.settings);
    (void)sw_settings_ref(settings.told);
    (void)sw_temporaries_ref(settings.temporaries);
    return settings;
}

void sw_txn_settings_unref(struct sw_txn_settings *settings)
{
    sw_settings_unref(settings->settings);
    sw_settings_unref(settings->told);
    sw_temporaries_unref(settings->temporaries);
    *settings = (struct sw_txn_settings){0};
}

/* --- the journal --- */

/* The text of BEGIN is kept in a buffer of its own: most transactions say nothing else. */
static void free_entry(struct sw_entry *entry)
{
    free(entry->name);
    if (entry->kind != SW_ENTRY_BEGIN)
        free(entry->text);
}

static void remove_entry(struct sw_txn *txn, int at)
{
    free_entry(&txn->journal[at]);
    memmove(&txn->journal[at], &txn->journal[at + 1],
            (size_t)(txn->journal_count - at - 1) * sizeof *txn->journal);
    txn->journal_count--;
}

static struct sw_entry *insert_entry(struct sw_txn *txn, int at, struct sw_entry entry)
{
    if (txn->journal_count == txn->journal_size) {
        txn->journal_size = txn->journal_size == 0 ? 2 : txn->journal_size * 2;
        txn->journal =
            sw_realloc(txn->journal, (size_t)txn->journal_size * sizeof *txn->journal);
    }
    memmove(&txn->journal[at + 1], &txn->journal[at],
            (size_t)(txn->journal_count - at) * sizeof *txn->journal);
    txn->journal[at] = entry;
    txn->journal_count++;
    return &txn->journal[at];
}

static void note(struct sw_txn *txn, enum sw_entry_kind kind, const char *name, char *text)
{
    (void)insert_entry(txn, txn->journal_count,
                       (struct sw_entry){.kind = kind,
                                         .mark = ++txn->mark,
                                         .name = name == NULL ? NULL : sw_strdup(name),
                                         .text = text});
}

static void cut_journal(struct sw_txn *txn, int mark)
{
    while (txn->journal_count > 0 && txn->journal[txn->journal_count - 1].mark > mark)
        free_entry(&txn->journal[--txn->journal_count]);
}

void sw_txn_note_option(struct sw_txn *txn, const char *text, enum sw_isolation isolation)
{
    note(txn, SW_ENTRY_OPTION, NULL, sw_strdup(text));
    if (isolation != SW_ISOLATION_DEFAULT)
        txn->isolation = isolation;
}

void sw_txn_note_access(struct sw_txn *txn, int is_read_only)
{
    if (is_read_only >= 0)
        txn->is_read_only = is_read_only;
}

int sw_txn_access(const struct sw_txn *txn)
{
    return txn->savepoint_count == 0 ? txn->is_read_only : txn->savepoints[0].is_read_only;
}

void sw_txn_note_query(struct sw_txn *txn, enum sw_isolation isolation, bool is_read_only)
{
    if (txn->has_queried)
        return;
    txn->has_queried = true;
    txn->queried_under = txn->isolation == SW_ISOLATION_DEFAULT ? isolation : txn->isolation;
    if (txn->is_read_only < 0)
        txn->is_read_only = is_read_only;
    for (int i = 0; i < txn->savepoint_count; i++)
        if (txn->savepoints[i].is_read_only < 0)
            txn->savepoints[i].is_read_only = is_read_only;
}

/* As check_XactIsoLevel() and its sisters in PostgreSQL's variable.c. */
bool sw_txn_may_set(const struct sw_txn *txn, int isolation, int is_read_only,
                    int is_deferrable, struct sw_error *err)
{
    if (!txn->has_queried)
        return true;
    if (isolation >= 0 && isolation != (int)txn->queried_under)
        return sw_error_set(err, "25001",
                            "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    if (is_read_only == 0 && txn->is_read_only == 1)
        return sw_error_set(err, "25001",
                            "transaction read-write mode must be set before any query");
    return is_deferrable < 0 ||
           sw_error_set(err, "25001",
                        "SET TRANSACTION [NOT] DEFERRABLE must be called before any query");
}

/* The role decides what other settings may be: it keeps its place. */
static bool is_replaced(const struct sw_entry *entry, enum sw_entry_kind kind, const char *name)
{
    return entry->kind == kind && entry->name != NULL && strcmp(entry->name, name) == 0 &&
           strcmp(name, "role") != 0;
}

void sw_txn_note_setting(struct sw_txn *txn, const char *name, const char *text, bool is_local)
{
    enum sw_entry_kind kind = is_local ? SW_ENTRY_SET_LOCAL : SW_ENTRY_SET;

    for (int i = txn->journal_count - 1; name != NULL && i >= 0; i--) {
        const struct sw_entry *entry = &txn->journal[i];

        if (entry->kind == SW_ENTRY_SAVEPOINT ||
            (entry->kind == SW_ENTRY_SET && entry->name == NULL))
            break;
        if (is_replaced(entry, kind, name)) {
            remove_entry(txn, i);
            break;
        }
    }
    note(txn, kind, name, sw_strdup(text));
}

/* --- begin and end --- */

static void keep_begin(struct sw_txn *txn, const char *text)
{
    sw_buf_clear(&txn->begin_text);
    (void)sw_buf_append(&txn->begin_text, text, strlen(text) + 1);
    (void)insert_entry(txn, 0,
                       (struct sw_entry){.kind = SW_ENTRY_BEGIN,
                                         .mark = ++txn->mark,
                                         .text = (char *)sw_buf_bytes(&txn->begin_text)});
}

void sw_txn_begin(struct sw_txn *txn, const char *text, enum sw_isolation isolation,
                  struct sw_txn_settings now)
{
    assert(txn->state == SW_TXN_IDLE);
    txn->state = SW_TXN_OPEN;
    txn->isolation = isolation;
    txn->before = sw_txn_settings_ref(now);
    txn->is_sealed = text == NULL;
    if (text != NULL)
        keep_begin(txn, text);
    else
        txn->mark++;
}

static void cut_savepoints(struct sw_txn *txn, int count)
{
    while (txn->savepoint_count > count) {
        struct sw_savepoint *last = &txn->savepoints[--txn->savepoint_count];

        free(last->name);
        sw_txn_settings_unref(&last->before);
    }
}

static void forget_participants(struct sw_txn *txn)
{
    while (txn->participant_count > 0)
        sw_txn_leave(txn);
}

/* What an idle session need not keep. */
static void shrink(struct sw_txn *txn)
{
    if (txn->begin_text.size > KEPT_BEGIN_TEXT)
        sw_buf_release(&txn->begin_text);
    if (txn->journal_size > KEPT_ENTRIES) {
        free(txn->journal);
        txn->journal = NULL;
        txn->journal_size = 0;
    }
}

void sw_txn_end(struct sw_txn *txn)
{
    cut_journal(txn, 0);
    cut_savepoints(txn, 0);
    sw_txn_settings_unref(&txn->before);
    forget_participants(txn);
    shrink(txn);
    txn->mark = 0;
    txn->is_sealed = txn->has_queried = false;
    txn->isolation = SW_ISOLATION_DEFAULT;
    txn->is_read_only = -1;
    txn->state = SW_TXN_IDLE;
}

void sw_txn_finish(struct sw_txn *txn)
{
    sw_txn_end(txn);
    sw_buf_finish(&txn->begin_text);
    free(txn->journal);
    free(txn->savepoints);
    free(txn->participants);
    free(txn->opening);
    sw_txn_init(txn);
}

void sw_txn_chain(struct sw_txn *txn, struct sw_txn_settings now)
{
    struct sw_txn_settings kept = sw_txn_settings_ref(now); /* it may be what ends */

    for (int i = txn->journal_count - 1; i >= 0; i--)
        if (txn->journal[i].kind != SW_ENTRY_BEGIN && txn->journal[i].kind != SW_ENTRY_OPTION)
            remove_entry(txn, i);
    cut_savepoints(txn, 0);
    sw_txn_settings_unref(&txn->before);
    forget_participants(txn);
    txn->before = kept;
    txn->has_queried = false;
    txn->state = SW_TXN_OPEN;
}

void sw_txn_fail(struct sw_txn *txn)
{
    if (txn->state == SW_TXN_OPEN)
        txn->state = SW_TXN_FAILED;
}

/* --- savepoints --- */

void sw_txn_savepoint(struct sw_txn *txn, const char *name, struct sw_txn_settings now)
{
    size_t count = (size_t)txn->savepoint_count + 1;

    note(txn, SW_ENTRY_SAVEPOINT, NULL, sw_format("SAVEPOINT sw_%d", txn->mark + 1));
    txn->savepoints = sw_realloc(txn->savepoints, count * sizeof *txn->savepoints);
    txn->savepoints[txn->savepoint_count++] =
        (struct sw_savepoint){.name = sw_strdup(name),
                              .mark = txn->mark,
                              .is_read_only = txn->is_read_only,
                              .before = sw_txn_settings_ref(now)};
}

/* The newest savepoint of that name, which hides older ones; -1: none. */
static int find(const struct sw_txn *txn, const char *name)
{
    int at = txn->savepoint_count - 1;

    while (at >= 0 && strcmp(txn->savepoints[at].name, name) != 0)
        at--;
    return at;
}

int sw_txn_savepoint_mark(const struct sw_txn *txn, const char *name)
{
    int at = find(txn, name);

    return at < 0 ? 0 : txn->savepoints[at].mark;
}

bool sw_txn_release(struct sw_txn *txn, const char *name)
{
    int at = find(txn, name), mark;

    if (at < 0)
        return false;
    mark = txn->savepoints[at].mark;
    cut_savepoints(txn, at);
    for (int i = txn->journal_count - 1; i >= 0; i--)
        if (txn->journal[i].kind == SW_ENTRY_SAVEPOINT && txn->journal[i].mark >= mark)
            remove_entry(txn, i);
    for (int i = 0; i < txn->participant_count; i++) {
        struct sw_participant *participant = &txn->participants[i];

        if (participant->heard >= mark &&
            (participant->release == 0 || participant->release > mark))
            participant->release = mark;
    }
    return true;
}

static void use_settings(struct sw_participant *participant, struct sw_settings *settings)
{
    (void)sw_settings_ref(settings);
    sw_settings_unref(participant->settings);
    participant->settings = settings;
}

static void roll_back_participant(struct sw_participant *participant,
                                  const struct sw_savepoint *to)
{
    if (participant->heard >= to->mark) {
        participant->heard = to->mark;
        use_settings(participant, to->before.settings);
    }
    if (participant->release > to->mark)
        participant->release = 0;
    if (participant->written >= to->mark)
        participant->written = 0;
    if (participant->locked >= to->mark)
        participant->locked = 0;
}

bool sw_txn_rollback_to(struct sw_txn *txn, const char *name,
                        const struct sw_txn_settings **before)
{
    int at = find(txn, name);

    if (at < 0)
        return false;
    cut_savepoints(txn, at + 1);
    cut_journal(txn, txn->savepoints[at].mark);
    for (int i = 0; i < txn->participant_count; i++)
        roll_back_participant(&txn->participants[i], &txn->savepoints[at]);
    txn->state = SW_TXN_OPEN;
    txn->is_read_only = txn->savepoints[at].is_read_only;
    *before = &txn->savepoints[at].before;
    return true;
}

/* --- what others ask --- */

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
    for (int i = 0; i < txn->journal_count; i++) {
        const struct sw_entry *entry = &txn->journal[i];

        if (entry->kind == SW_ENTRY_BEGIN ? !is_bare(entry->text)
                                          : entry->kind != SW_ENTRY_SAVEPOINT)
            return true;
    }
    return false;
}

char sw_txn_status(const struct sw_txn *txn)
{
    static const char status[] = {
        [SW_TXN_IDLE] = 'I', [SW_TXN_OPEN] = 'T', [SW_TXN_FAILED] = 'E'};

    return status[txn->state];
}

/* --- participants --- */

struct sw_participant *sw_txn_participant(const struct sw_txn *txn,
                                          const struct sw_shard *shard)
{
    for (int i = 0; i < txn->participant_count; i++)
        if (txn->participants[i].shard == shard)
            return &txn->participants[i];
    return NULL;
}

const struct sw_participant *sw_txn_writer(const struct sw_txn *txn)
{
    for (int i = 0; i < txn->participant_count; i++)
        if (txn->participants[i].written > 0)
            return &txn->participants[i];
    return NULL;
}

static bool may_join(const struct sw_txn *txn, const char *name, struct sw_error *err)
{
    static const char *const levels[] = {
        [SW_READ_UNCOMMITTED] = "READ UNCOMMITTED",
        [SW_READ_COMMITTED] = "READ COMMITTED",
        [SW_REPEATABLE_READ] = "REPEATABLE READ",
        [SW_SERIALIZABLE] = "SERIALIZABLE",
    };

    if (txn->is_sealed) {
        sw_error_set(err, "0A000", "shard \"%s\" cannot join this transaction", name);
        sw_error_detail(err, "It began inside a query string that failed, and with what "
                             "options is not known.");
        sw_error_hint(err, "Send BEGIN in a query of its own.");
        return false;
    }
    assert(txn->isolation != SW_ISOLATION_DEFAULT);
    if (txn->isolation <= SW_READ_COMMITTED)
        return true;
    sw_error_set(err, "0A000", "a %s transaction over several shards is not supported",
                 levels[txn->isolation]);
    sw_error_detail(err,
                    "There is no snapshot common to several shards, as \"%s\" would "
                    "need it.",
                    name);
    sw_error_hint(err, "Use READ COMMITTED, or one shard for each transaction.");
    return false;
}

bool sw_txn_may_use(const struct sw_txn *txn, const struct sw_shard *shard, bool writes,
                    const char *(*name_of)(const struct sw_shard *shard), struct sw_error *err)
{
    const struct sw_participant *writer = sw_txn_writer(txn);

    if (writes && writer != NULL && writer->shard != shard) {
        sw_error_set(err, "0A000",
                     "a transaction that writes on several shards is not "
                     "supported");
        sw_error_detail(err,
                        "The transaction has written on shard \"%s\", the statement "
                        "writes on \"%s\".",
                        name_of(writer->shard), name_of(shard));
        sw_error_hint(err, "Commit before you write on another shard.");
        return false;
    }
    return txn->participant_count == 0 || sw_txn_participant(txn, shard) != NULL ||
           may_join(txn, name_of(shard), err);
}

void sw_txn_fix_isolation(struct sw_txn *txn, enum sw_isolation isolation)
{
    static const char *const texts[] = {
        [SW_READ_UNCOMMITTED] = "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
        [SW_READ_COMMITTED] = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        [SW_REPEATABLE_READ] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        [SW_SERIALIZABLE] = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    };

    if (txn->isolation != SW_ISOLATION_DEFAULT)
        return;
    txn->isolation = isolation;
    /* With the mark of BEGIN: who has heard that needs no more. */
    if (!txn->is_sealed)
        (void)insert_entry(txn, 1,
                           (struct sw_entry){.kind = SW_ENTRY_OPTION,
                                             .mark = txn->journal[0].mark,
                                             .text = sw_strdup(texts[isolation])});
}

struct sw_participant *sw_txn_join(struct sw_txn *txn, const struct sw_shard *shard,
                                   struct sw_settings *settings)
{
    struct sw_participant *participant;

    assert(txn->state == SW_TXN_OPEN && sw_txn_participant(txn, shard) == NULL);
    if (txn->participant_count == txn->participant_size) {
        txn->participant_size = txn->participant_size == 0 ? 1 : txn->participant_size * 2;
        txn->participants = sw_realloc(txn->participants, (size_t)txn->participant_size *
                                                              sizeof *txn->participants);
    }
    participant = &txn->participants[txn->participant_count++];
    *participant =
        (struct sw_participant){.shard = shard, .settings = sw_settings_ref(settings)};
    return participant;
}

void sw_txn_leave(struct sw_txn *txn)
{
    sw_settings_unref(txn->participants[--txn->participant_count].settings);
}

static void add_opening(struct sw_txn *txn, const char *text, int *count)
{
    if (*count == txn->opening_size) {
        txn->opening_size = txn->opening_size == 0 ? 2 : txn->opening_size * 2;
        txn->opening =
            sw_realloc(txn->opening, (size_t)txn->opening_size * sizeof *txn->opening);
    }
    txn->opening[(*count)++] = text;
}

const char *const *sw_txn_opening(struct sw_txn *txn, const struct sw_participant *participant,
                                  int *count)
{
    *count = 0;
    if (participant->release > 0) {
        (void)snprintf(txn->release_text, sizeof txn->release_text, "RELEASE SAVEPOINT sw_%d",
                       participant->release);
        add_opening(txn, txn->release_text, count);
    }
    for (int i = 0; i < txn->journal_count; i++)
        if (txn->journal[i].mark > participant->heard)
            add_opening(txn, txn->journal[i].text, count);
    return txn->opening;
}

void sw_txn_heard(struct sw_txn *txn, struct sw_participant *participant, int done)
{
    int before = participant->heard;

    if (done > 0 && participant->release > 0) {
        participant->release = 0;
        done--;
    }
    for (int i = 0; i < txn->journal_count && done > 0; i++) {
        if (txn->journal[i].mark <= before)
            continue;
        participant->heard = txn->journal[i].mark;
        done--;
    }
}

void sw_txn_heard_all(struct sw_txn *txn, struct sw_participant *participant,
                      struct sw_settings *settings)
{
    participant->release = 0;
    participant->heard = txn->mark;
    use_settings(participant, settings);
}

void sw_txn_note_use(struct sw_txn *txn, struct sw_participant *participant, bool writes,
                     bool locks_rows)
{
    if (writes && participant->written == 0)
        participant->written = txn->mark;
    if (locks_rows && participant->locked == 0)
        participant->locked = txn->mark;
}

struct sw_commit_order sw_txn_commit_order(const struct sw_txn *txn)
{
    const struct sw_participant *writer = sw_txn_writer(txn);
    struct sw_commit_order order = {0};

    if (writer == NULL)
        return order;
    order.leader = (int)(writer - txn->participants);
    for (int i = 0; i < txn->participant_count; i++)
        order.is_leader_first |= i != order.leader && txn->participants[i].locked > 0;
    return order;
}
