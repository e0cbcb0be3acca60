/*
 * Statements by the normal form of their text. What a plan was last counted in is remembered in
 * the plan, so that the text is looked at only when plan and entry have not met yet. When the
 * book is full, a hand goes round the entries, as a clock's: one that was used since the hand
 * last came by is spared, the first that was not makes room.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/parse/normal.h"

#include <string.h>

enum { HEADS = 1024 /* a power of two */ };

struct entry {
    struct sw_statement_tally tally;
    uint64_t serial; /* of its statement; 0: the entry is free */
    uint64_t hash;
    int next; /* of the same head; -1: none */
    bool is_used;
    char text[SW_TALLIED_TEXT];
};

struct sw_statement_book {
    struct entry *entries;
    int heads[HEADS];
    int count, hand;
    uint64_t last_serial;
};

struct sw_statement_book *sw_statement_book_create(void)
{
    struct sw_statement_book *book = sw_alloc_zero(1, sizeof *book);

    for (int i = 0; i < HEADS; i++)
        book->heads[i] = -1;
    return book;
}

void sw_statement_book_free(struct sw_statement_book *book)
{
    free(book->entries);
    free(book);
}

int sw_statement_book_entries(const struct sw_statement_book *book)
{
    return book->count;
}

size_t sw_statement_book_bytes(const struct sw_statement_book *book)
{
    size_t entries = book->entries == NULL ? 0 : SW_TALLIED_STATEMENTS;

    return sizeof *book + entries * sizeof *book->entries;
}

/* FNV-1a of the text; the tally's names are worth their addresses. */
static uint64_t hash_of(const char *text, const struct sw_tally *here)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)(uintptr_t)here;

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static int *head_of(struct sw_statement_book *book, uint64_t hash)
{
    return &book->heads[hash & (HEADS - 1)];
}

static void unlink_entry(struct sw_statement_book *book, int index)
{
    int *at = head_of(book, book->entries[index].hash);

    while (*at != index)
        at = &book->entries[*at].next;
    *at = book->entries[index].next;
}

/* The index of an entry that may be written anew. */
static int make_room(struct sw_statement_book *book)
{
    if (book->entries == NULL)
        book->entries = sw_alloc_zero(SW_TALLIED_STATEMENTS, sizeof *book->entries);
    if (book->count < SW_TALLIED_STATEMENTS)
        return book->count++;
    while (book->entries[book->hand].is_used) {
        book->entries[book->hand].is_used = false;
        book->hand = (book->hand + 1) % SW_TALLIED_STATEMENTS;
    }
    unlink_entry(book, book->hand);
    return book->hand;
}

/* @text fits into an entry. */
static int find(struct sw_statement_book *book, const char *text, const struct sw_tally *here)
{
    uint64_t hash = hash_of(text, here);
    int *head = head_of(book, hash), index = *head;
    struct entry *entry;

    while (index >= 0 && (book->entries[index].hash != hash ||
                          book->entries[index].tally.user != here->user ||
                          strcmp(book->entries[index].text, text) != 0))
        index = book->entries[index].next;
    if (index >= 0)
        return index;
    index = make_room(book);
    entry = &book->entries[index];
    *entry = (struct entry){.serial = ++book->last_serial, .hash = hash, .next = *head};
    memcpy(entry->text, text, strlen(text) + 1);
    entry->tally.database = here->database;
    entry->tally.user = here->user;
    *head = index;
    return index;
}

/* The plan's entry, if it has not been given to another statement since. */
static struct entry *entry_of(struct sw_statement_book *book, struct sw_planned *planned,
                              const char *text, const struct sw_tally *here)
{
    char normal[SW_TALLIED_TEXT];
    int index = planned->counted.index;

    if (planned->counted.serial == 0 ||
        book->entries[index].serial != planned->counted.serial) {
        (void)sw_sql_normal(text, normal, sizeof normal);
        index = find(book, normal, here);
        planned->counted.index = index;
        planned->counted.serial = book->entries[index].serial;
    }
    return &book->entries[index];
}

void sw_statement_book_count(struct sw_statement_book *book, struct sw_planned *planned,
                             const char *text, const struct sw_tally *here, const char *shard,
                             uint64_t took_us, uint64_t rows, bool has_failed)
{
    struct entry *entry = entry_of(book, planned, text, here);
    struct sw_statement_tally *tally = &entry->tally;

    entry->is_used = true;
    tally->calls++;
    tally->rows += rows;
    tally->errors += has_failed;
    tally->total_us += took_us;
    if (took_us > tally->most_us)
        tally->most_us = took_us;
    if (tally->route != shard)
        tally->route = tally->route == NULL ? shard : "several";
}

void sw_sessions_each_statement(const struct sw_sessions *sessions,
                                void (*on_statement)(void *owner,
                                                     const struct sw_statement_tally *tally),
                                void *owner)
{
    const struct sw_statement_book *book = sessions->statements;

    for (int i = 0; i < book->count; i++) {
        struct sw_statement_tally tally = book->entries[i].tally;

        tally.text = book->entries[i].text;
        on_statement(owner, &tally);
    }
}
