/*
 * report - what a new catalog has to tell, in the log.
 */
#ifndef SW_CATALOG_REPORT_H
#define SW_CATALOG_REPORT_H

#include "shardward/topology/catalog.h"

/* Log what differs, is blocked or could not be read in @catalog and was not so in @before
 * (NULL: there was none). */
void sw_report_catalog(const struct sw_catalog *catalog, const struct sw_catalog *before);

#endif
