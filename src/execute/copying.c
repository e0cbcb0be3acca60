/*
 * COPY FROM STDIN: a leg while its server waits for data. The server ends COPY as it is told
 * to, or by an error of its own; what is on its way then it drops.
 */
#include "shardward/execute/leg.h"
#include "shardward/wire/write.h"

static struct sw_buf *out_of(const struct sw_leg *leg)
{
    return sw_backend_out(leg->lease.backend);
}

void sw_leg_copy(struct sw_leg *leg, const uint8_t *data, size_t len)
{
    size_t start = sw_message_begin(out_of(leg), 'd');

    (void)sw_buf_append(out_of(leg), data, len);
    sw_message_end(out_of(leg), start);
}

/* In the extended protocol a server keeps its answer until it is asked for that. */
static void finish(struct sw_leg *leg)
{
    leg->is_copying = false;
    sw_write_flush(out_of(leg));
}

void sw_leg_end_copy(struct sw_leg *leg)
{
    sw_write_empty(out_of(leg), 'c');
    finish(leg);
}

void sw_leg_fail_copy(struct sw_leg *leg, const char *reason)
{
    size_t start = sw_message_begin(out_of(leg), 'f');

    sw_put_text(out_of(leg), reason);
    sw_message_end(out_of(leg), start);
    finish(leg);
}

void sw_leg_flush_copy(struct sw_leg *leg)
{
    sw_backend_flush(leg->lease.backend);
}

bool sw_leg_is_congested(const struct sw_leg *leg)
{
    return sw_backend_is_congested(leg->lease.backend);
}
