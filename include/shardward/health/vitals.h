/*
 * vitals - what was last learned of a node: the verdict, in what way it fails, and what it says
 * of itself. Plain values, to be copied.
 *
 * What a node says of itself stays when it falls silent; `seen_ms` tells how old it is.
 */
#ifndef SW_HEALTH_VITALS_H
#define SW_HEALTH_VITALS_H

#include "shardward/topology/state.h"

enum {
    SW_TIMELINES = 64, /* ends of timelines that are kept, the latest ones */
    SW_VITAL_NAMES = 256,
};

/* In what way a node fails, when it is not UP. */
enum sw_ailment {
    SW_AILS_NOTHING,
    SW_AILS_SLOW,     /* it lets us wait, and nothing worse yet */
    SW_AILS_SILENT,   /* no answer in time */
    SW_AILS_REFUSED,  /* its host answers, its postmaster is gone */
    SW_AILS_CONNECTS, /* sessions go on, but no new one is let in: a postmaster that hangs */
    SW_AILS_STARTING, /* 57P03: it starts, recovers or stops */
    SW_AILS_WRITES,   /* it answers, but nothing can be made durable on it */
};

/* How the last write on a primary went. */
enum sw_writes {
    SW_WRITES_UNKNOWN,
    SW_WRITES_DONE,     /* it was confirmed */
    SW_WRITES_UNSYNCED, /* it waits for standbys: the quorum is lost, the primary is not */
    SW_WRITES_FAILED,
};

struct sw_vitals {
    enum sw_verdict verdict;
    enum sw_ailment ailment;
    char why[SW_WHY];   /* of the verdict; may be empty */
    int64_t since_us;   /* of the verdict; since 1970 */
    uint64_t failed_ms; /* the first failure of those that made it; monotonic; 0: none */
    uint64_t seen_ms;   /* when it last answered the status question; the same; 0: never */
    bool is_tried;      /* something has come back of it since we watch: an answer or not */
    bool is_cut_off;    /* no node of any cloud answers: it may be us */
    bool has_rights;    /* the control user may see what the question asks for */
    bool may_replicate; /* ... and may ask for the history of timelines */
    int probe_us;       /* the last status question took so long */

    /* By the status question. Numbers that are not known are 0, times -1. */
    enum sw_role role;
    int timeline;
    uint64_t system_id;
    uint64_t written_lsn;  /* of a primary: flushed; of a standby: received */
    uint64_t replayed_lsn; /* of a standby */
    int64_t started_us;    /* its postmaster's start, since 1970 by its clock */
    int sessions_ended; /* how often the standing session has: a crash under the same postmaster
                           leaves nothing else to be seen */
    int64_t term;       /* its setting shardward.term */
    int64_t heard_ms;   /* of a standby: since its primary's last message */
    int64_t replay_ms;  /* of a standby: age of the last commit that it replayed */
    bool is_read_only;  /* its default_transaction_read_only */
    bool is_streaming;  /* of a standby: its receiver streams, ... */
    int sender_port;    /* ... from here */
    char sender_host[SW_VITAL_NAMES];
    char sync_names[SW_VITAL_NAMES];    /* its synchronous_standby_names */
    char sync_standbys[SW_VITAL_NAMES]; /* of a primary: application names of those that are
                                           synchronous now, parted by commas */

    /* Of a primary: by the write, and by its timeline's history. */
    enum sw_writes writes;
    int history_timeline;       /* whose history was read; 0: none was yet */
    int64_t written_started_us; /* the start under which a write was last confirmed; 0: none */
    struct sw_timeline_end ends[SW_TIMELINES]; /* the oldest first */
    int end_count;
    char history_why[SW_WHY]; /* it could not be read; may be empty */
};

/* Does a standby still hear a primary? */
bool sw_vitals_hears(const struct sw_vitals *vitals);

#endif
