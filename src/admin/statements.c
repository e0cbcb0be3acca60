/*
 * SHOW STATEMENTS: those of all workers, the most expensive ones first.
 */
#include "ask.h"
#include "columns.h"

#include "shardward/session/tally.h"

#include <stdlib.h>

enum { MOST_SHOWN = 100, CALLS = 4, MEAN = 6, TOTAL = 5 };

static const struct sw_column statements[] = {
    TEXT("database"),
    TEXT("user"),
    TEXT("statement"),
    {"route", SW_COLUMN_TEXT, SW_FOLD_SAME},
    SUM8("calls"),
    SUM8("total_time"),
    {"mean_time", SW_COLUMN_INT8, SW_FOLD_SUM},
    MOST8("max_time"),
    SUM8("rows"),
    SUM8("errors"),
};

const struct sw_columns sw_columns_statements = COLUMNS(statements);

static void put_statement(void *owner, const struct sw_statement_tally *tally)
{
    struct sw_part *part = owner;
    struct sw_answer *answer = &part->answer;

    sw_answer_row(answer);
    sw_answer_text(answer, tally->database);
    sw_answer_text(answer, tally->user);
    sw_answer_text(answer, tally->text);
    sw_answer_text(answer, tally->route);
    sw_answer_number(answer, (int64_t)tally->calls);
    sw_answer_number(answer, (int64_t)tally->total_us);
    sw_answer_number(answer, 0);
    sw_answer_number(answer, (int64_t)tally->most_us);
    sw_answer_number(answer, (int64_t)tally->rows);
    sw_answer_number(answer, (int64_t)tally->errors);
}

static void show_part(struct sw_part *part)
{
    sw_sessions_each_statement(part->worker->sessions, put_statement, part);
}

static int by_total(const void *a, const void *b)
{
    int64_t left = (*(struct sw_cell *const *)a)[TOTAL].number;
    int64_t right = (*(struct sw_cell *const *)b)[TOTAL].number;

    return left < right ? 1 : left > right ? -1 : 0;
}

static void on_all(struct sw_console *console, struct sw_ask *ask)
{
    struct sw_answer *answer = &console->answer;

    for (int i = 0; i < ask->part_count; i++)
        sw_answer_append(answer, &ask->parts[i].answer);
    sw_answer_fold(answer);
    for (size_t r = 0; r < answer->row_count; r++)
        answer->rows[r][MEAN].number =
            answer->rows[r][TOTAL].number / answer->rows[r][CALLS].number;
    if (answer->row_count > 0)
        qsort(answer->rows, answer->row_count, sizeof(struct sw_cell *), by_total);
    if (answer->row_count > MOST_SHOWN)
        answer->row_count = MOST_SHOWN;
    sw_console_done(console);
}

void sw_show_statements(struct sw_console *console)
{
    static const struct sw_ask_kind kind = {&sw_columns_statements, show_part, on_all};

    sw_ask(console->admin, console, &kind, NULL, 0);
}
