/*
 * draft - the map of one placement while it is read.
 *
 * Owners of the buckets of the group at hand are noted as the ranges arrive, so that overlaps
 * are found at the range and gaps at the end of the group. Spans are compared when all of them
 * are there.
 */
#ifndef SW_CONFIG_DRAFT_H
#define SW_CONFIG_DRAFT_H

#include "reader.h"

enum { SW_MOST_BUCKETS = 65536 };

struct sw_span_draft {
    struct sw_key_span span;
    const yaml_node_t *at;
};

struct sw_map_draft {
    struct sw_config_placement *placement;
    int group;   /* at hand */
    int shard;   /* at hand */
    int *owners; /* of each bucket of the group; -1: nobody yet */
    struct sw_config_range *ranges;
    int range_count, range_size;
    struct sw_span_draft *spans;
    int span_count, span_size;
    const char **groups;
};

/* buckets.c */

/* Read `{shard: 0-255, ...}`: whose the buckets of the group at hand are. */
void sw_read_buckets(struct sw_reader *reader, const struct sw_entry *entry);
/* Buckets first..last of the group at hand are of the shard at hand. */
void sw_draft_add_range(struct sw_map_draft *draft, int first, int last);
/* The shard of the business that @at names; -1 after a fault. */
int sw_draft_find_shard(struct sw_reader *reader, const yaml_node_t *at, const char *name);

/* spans.c */

/* Read a value or a list of values, or a range or a list of ranges, for the group at hand. */
void sw_read_spans(struct sw_reader *reader, const struct sw_entry *entry);
/* Sort the spans, note those that overlap, and keep them in the placement. */
void sw_draft_keep_spans(struct sw_reader *reader);

#endif
