/*
 * SHOW TRANSACTIONS.
 */
#include "ask.h"
#include "columns.h"

#include "shardward/base/clock.h"

static const struct sw_column transactions[] = {
    INT8("client"), TEXT("user"),     TEXT("database"), TEXT("application_name"),
    TEXT("state"),  TEXT("activity"), TIME("began"),    INT8("age_ms"),
    TIME("asked"),  INT8("asked_ms"), TEXT("shards"),   TEXT("written"),
    INT4("worker"),
};

const struct sw_columns sw_columns_transactions = COLUMNS(transactions);

/* The shards that take part, or those that were written to; none: NULL. A client that has
 * a server of its own has no other, and nobody looks at what it writes. */
static void put_shards(struct sw_answer *answer, const struct sw_transaction_facts *facts,
                       bool written)
{
    struct sw_buf names;

    sw_buf_init(&names, SIZE_MAX);
    for (int i = 0; i < facts->participant_count; i++) {
        const struct sw_participant *participant = &facts->participants[i];

        if (!written || participant->written > 0)
            (void)sw_buf_printf(&names, "%s%s", sw_buf_len(&names) == 0 ? "" : ", ",
                                participant->shard->name);
    }
    if (sw_buf_len(&names) == 0) {
        sw_answer_text(answer, written ? NULL : facts->client->shard);
    } else {
        (void)sw_buf_append(&names, "", 1);
        sw_answer_text(answer, (const char *)sw_buf_bytes(&names));
    }
    sw_buf_finish(&names);
}

static void put_age(struct sw_answer *answer, uint64_t now_us, uint64_t then_us)
{
    sw_answer_time(answer, then_us);
    if (then_us == 0)
        sw_answer_null(answer);
    else
        sw_answer_number(answer, now_us < then_us ? 0 : (int64_t)((now_us - then_us) / 1000));
}

static void put_transaction(void *owner, const struct sw_transaction_facts *facts)
{
    static const char *const activities[SW_CLIENT_STATES] = {
        [SW_CLIENT_LOGIN] = "idle",    [SW_CLIENT_IDLE] = "idle",
        [SW_CLIENT_OPEN] = "idle",     [SW_CLIENT_WAITING] = "waiting",
        [SW_CLIENT_ACTIVE] = "active",
    };
    const struct sw_client_facts *client = facts->client;
    struct sw_part *part = owner;
    struct sw_answer *answer = &part->answer;
    uint64_t now_us = sw_clock_unix_us();

    sw_answer_row(answer);
    sw_answer_number(answer, client->id);
    sw_answer_text(answer, client->user);
    sw_answer_text(answer, client->database);
    sw_answer_text(answer, client->application == NULL ? "" : client->application);
    sw_answer_text(answer, facts->has_failed ? "failed" : "open");
    sw_answer_text(answer, activities[client->state]);
    put_age(answer, now_us, facts->began_us);
    put_age(answer, now_us, facts->asked_us);
    put_shards(answer, facts, false);
    put_shards(answer, facts, true);
    sw_answer_number(answer, (int64_t)(part->worker - part->ask->admin->workers));
}

static void show_part(struct sw_part *part)
{
    sw_sessions_each_transaction(part->worker->sessions, put_transaction, part);
}

void sw_show_transactions(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_transactions, show_part, sw_ask_append};

    sw_ask(console->admin, console, &kind, NULL, 0);
}
