/*
 * metrics - the families of /metrics, by what they are about.
 */
#ifndef SW_ADMIN_METRICS_H
#define SW_ADMIN_METRICS_H

#include "picture.h"

#include "shardward/admin/exposition.h"

/* metrics_process.c: the process, as the kernel counts it, and its certificate. */
void sw_metrics_process(struct sw_exposition *to, const struct sw_picture *picture);
/* metrics_nodes.c: clusters, nodes, and what has happened to them. */
void sw_metrics_nodes(struct sw_exposition *to, const struct sw_picture *picture);

#endif
