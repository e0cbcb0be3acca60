#include "shardward/txn/fate.h"

/* A connection that was opened before the COMMIT was sent and still lives: servers end all of
 * them when they lose what they had not written. Clocks of loops are read once a turn. */
enum { TURN_MS = 250 };

static bool is_of_before(const struct sw_commit_mark *mark, const struct sw_commit_trace *trace)
{
    return trace->at.started_us == mark->at.started_us &&
           trace->at.opened_ms + TURN_MS < mark->sent_ms;
}

/* The same timeline, on another connection: the server may have been started anew, or have
 * crashed and gone on under the same postmaster. */
static enum sw_commit_fate of_same_timeline(const struct sw_commit_mark *mark,
                                            const struct sw_commit_trace *trace)
{
    if (!trace->is_checkpoint_of_start)
        return SW_FATE_UNKNOWN;
    if (mark->xid < trace->next_xid)
        return SW_FATE_COMMITTED;
    /* That start may have been long ago, before the number was given. */
    return trace->at.started_us == mark->at.started_us ? SW_FATE_UNKNOWN
                                                       : SW_FATE_NOT_COMMITTED;
}

/* Was all that the transaction had written before its COMMIT taken over? Then its number was
 * not given anew. */
static enum sw_commit_fate of_next_timeline(const struct sw_commit_mark *mark,
                                            const struct sw_timeline_end *end)
{
    if (mark->lsn > end->lsn || (end->next_xid != 0 && mark->xid >= end->next_xid))
        return SW_FATE_NOT_COMMITTED;
    return SW_FATE_COMMITTED;
}

static enum sw_commit_fate of_committed(const struct sw_commit_mark *mark,
                                        const struct sw_commit_trace *trace,
                                        const struct sw_timeline_end *ends, int end_count)
{
    bool was_lost_twice = trace->at.generation - mark->at.generation > 1 ||
                          (unsigned)(trace->at.sessions_ended - mark->at.sessions_ended) > 1;

    if (mark->at.timeline == 0 || trace->at.timeline == 0)
        return SW_FATE_UNKNOWN;
    if (mark->at.timeline == trace->at.timeline && is_of_before(mark, trace))
        return SW_FATE_COMMITTED;
    /* The number may have been lost with the first one, and given anew until the second one. */
    if (was_lost_twice)
        return SW_FATE_UNKNOWN;
    if (mark->at.timeline == trace->at.timeline)
        return of_same_timeline(mark, trace);
    for (int i = 0; i < end_count; i++)
        if (ends[i].timeline == mark->at.timeline)
            return of_next_timeline(mark, &ends[i]);
    return SW_FATE_UNKNOWN;
}

enum sw_commit_fate sw_commit_fate_of(const struct sw_commit_mark *mark,
                                      const struct sw_commit_trace *trace,
                                      const struct sw_timeline_end *ends, int end_count)
{
    switch (trace->status) {
    case SW_XACT_IN_PROGRESS:
        return SW_FATE_OPEN;
    case SW_XACT_COMMITTED:
        return of_committed(mark, trace, ends, end_count);
    case SW_XACT_ABORTED:
    case SW_XACT_IN_FUTURE:
        return SW_FATE_NOT_COMMITTED;
    case SW_XACT_FORGOTTEN:
        return SW_FATE_UNKNOWN;
    }
    return SW_FATE_UNKNOWN;
}
