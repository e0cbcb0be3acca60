/*
 * SHOW EVENTS, SHOW LOSS: the board's journal.
 */
#include "columns.h"
#include "internal.h"

static const struct sw_column events[] = {
    INT8("number"), TIME("time"),        TEXT("cluster"), TEXT("node"),
    TEXT("event"),  INT8("duration_ms"), TEXT("detail"),
};
static const struct sw_column loss[] = {
    INT8("number"),     TIME("time"),        TEXT("cluster"), TEXT("node"),
    INT8("lost_bytes"), INT8("lost_writes"), TEXT("detail"),
};

const struct sw_columns sw_columns_events = COLUMNS(events);
const struct sw_columns sw_columns_loss = COLUMNS(loss);

static void begin_row(struct sw_answer *answer, const struct sw_event *event)
{
    sw_answer_row(answer);
    sw_answer_number(answer, (int64_t)event->number);
    sw_answer_time(answer, event->at_us);
    sw_answer_text(answer, event->cluster);
    sw_answer_text(answer, event->node);
}

static void put_event(void *owner, const struct sw_event *event)
{
    struct sw_answer *answer = owner;

    begin_row(answer, event);
    sw_answer_text(answer, sw_event_name(event->kind));
    sw_answer_number(answer, (int64_t)event->duration_ms);
    sw_answer_text(answer, event->detail);
}

static void put_loss(void *owner, const struct sw_event *event)
{
    struct sw_answer *answer = owner;

    if (event->kind != SW_EVENT_LOSS)
        return;
    begin_row(answer, event);
    sw_answer_number(answer, (int64_t)event->lost_bytes);
    if (event->lost_writes == 0)
        sw_answer_null(answer); /* nobody has counted them */
    else
        sw_answer_number(answer, (int64_t)event->lost_writes);
    sw_answer_text(answer, event->detail);
}

void sw_show_events(struct sw_console *console)
{
    sw_events_each(sw_board_events(console->admin->board), put_event, &console->answer);
    sw_console_done(console);
}

void sw_show_loss(struct sw_console *console)
{
    sw_events_each(sw_board_events(console->admin->board), put_loss, &console->answer);
    sw_console_done(console);
}
