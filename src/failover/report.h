/*
 * report - what a node says of itself, and of the primaries that its data knows.
 */
#ifndef SW_FAILOVER_REPORT_H
#define SW_FAILOVER_REPORT_H

#include "line.h"

#include "shardward/failover/quorum.h"
#include "shardward/topology/state.h"

enum { SW_REPORT_TEXT = 1024, SW_REPORT_NAME = 64 };

/* A row of shardward.epoch; term 0: there is none. */
struct sw_epoch {
    int64_t term;
    int node; /* its index; -1: it is not in the file any more */
    int timeline;
    uint64_t switch_lsn, next_xid;
};

struct sw_report {
    bool is_standby;
    uint64_t system_id;
    int64_t started_us;    /* its postmaster's start */
    int64_t term;          /* that it has promised, durably; 0: none */
    char promise[SW_WHY];  /* ... and what was about to be done; may be empty */
    int timeline;          /* as far as it is known; of a standby perhaps an earlier one */
    uint64_t written_lsn;  /* of a primary: flushed; of a standby: received */
    uint64_t replayed_lsn; /* of a standby */
    bool is_streaming;     /* of a standby: from somebody */
    bool is_detached;      /* of a standby: it was recruited, and follows nobody */
    char conninfo[SW_REPORT_TEXT];
    char slot[SW_REPORT_NAME];
    char restore_command[SW_REPORT_TEXT];
    char kept_restore_command[SW_REPORT_TEXT]; /* ... that it had before it was recruited */
    char sync_names[SW_REPORT_TEXT];
    bool is_read_only;
    bool has_tables;         /* the two below; else run `shardward install` */
    struct sw_epoch epoch;   /* the newest */
    struct sw_cohort cohort; /* the newest; of term 0 if there is none */
};

/* Ask the node on @line. */
bool sw_report_take(struct sw_line *line, struct sw_report *report, struct sw_error *err);
/* What it has promised by now, alone: the rest of the report stays. */
bool sw_report_promise(struct sw_line *line, struct sw_report *report, struct sw_error *err);
/* What was promised before a promotion: where it ended, and what was next. */
bool sw_promise_read(const char *promise, uint64_t *lsn, uint64_t *next_xid);

/* The index of a cluster's node by its name; -1: there is none. */
int sw_node_index(const struct sw_cluster *cluster, const char *name);

#endif
