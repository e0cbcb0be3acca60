/*
 * What a leg asks of a server's WAL: whether a replica has replayed enough to be read, and how
 * far a server has come behind a run.
 *
 * The guard is a statement of its own in front of the run, in the extended protocol: its
 * failure makes the server skip the run, and the run's snapshot is taken after it. Within the
 * run, be it in the same statement, it would come too late: PostgreSQL takes the snapshot
 * first. Functions are called by their full names, so that no search_path can lead elsewhere.
 */
#include "sending.h"

#include "shardward/base/lsn.h"
#include "shardward/base/mem.h"
#include "shardward/wire/response.h"
#include "shardward/wire/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OID_FLOAT8 = 701, OID_PG_LSN = 3220, TENTHS = 10 };

#define HAS_REPLAYED                                                                           \
    "pg_catalog.pg_lsn_ge(pg_catalog.pg_last_wal_replay_lsn(), $1) AND "                       \
    "pg_catalog.pg_is_in_recovery() THEN 1 "
#define WAITS(tenths)                                                                          \
    "WHEN pg_catalog.pg_sleep(pg_catalog.float8mul($2, " tenths ")) IS NULL THEN 0 "

/* It looks again after 1, 3, 6 and 10 tenths of the time. */
static const char guard_text[] = "SELECT pg_catalog.int4div(1, CASE WHEN " HAS_REPLAYED WAITS(
    "1") "WHEN " HAS_REPLAYED WAITS("2") "WHEN " HAS_REPLAYED WAITS("3") "WHEN " HAS_REPLAYED
    WAITS("4") "WHEN " HAS_REPLAYED "ELSE 0 END)";

static void put_text(struct sw_buf *out, const char *text)
{
    size_t len = strlen(text);

    sw_put_int32(out, (uint32_t)len);
    (void)sw_buf_append(out, text, len);
}

void sw_leg_put_guard(struct sw_leg *leg)
{
    static const uint32_t types[] = {OID_PG_LSN, OID_FLOAT8};
    const struct sw_leg_guard *guard = &leg->work.guard;
    struct sw_backend *backend = leg->lease.backend;
    struct sw_prepared *prepared =
        sw_prepared_create(guard_text, types, sizeof types / sizeof *types, "guard");
    char lsn[SW_LSN_TEXT], tenth[32];
    struct sw_buf tail;

    sw_lsn_print(guard->lsn, lsn);
    (void)snprintf(tenth, sizeof tenth, "%d.%04d", guard->wait_ms / (1000 * TENTHS),
                   guard->wait_ms % (1000 * TENTHS));
    sw_buf_init(&tail, sizeof lsn + sizeof tenth + 64);
    sw_put_int16(&tail, 0);
    sw_put_int16(&tail, 2);
    put_text(&tail, lsn);
    put_text(&tail, tenth);
    sw_put_int16(&tail, 0);
    (void)sw_backend_prepare(backend, prepared, SW_REPLY_ABSORB, OURS);
    sw_backend_bind(backend, "", prepared, sw_buf_bytes(&tail), sw_buf_len(&tail),
                    SW_REPLY_ABSORB, OURS);
    sw_backend_execute(backend, "", prepared, 0, SW_REPLY_ABSORB, GUARD);
    sw_buf_finish(&tail);
    sw_prepared_unref(prepared);
}

/* Commits that nobody waits for (synchronous_commit = off) are visible to all before they are
 * flushed. A standby that has been promoted no longer tells how far it is. */
static const char *const asked[] = {
    [SW_ASKS_NOTHING] = "",
    [SW_ASKS_WRITTEN] = "SELECT pg_catalog.pg_current_wal_insert_lsn(),"
                        " pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_flush_lsn())",
    [SW_ASKS_REPLAYED] = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery()"
                         " THEN pg_catalog.pg_last_wal_replay_lsn() END",
};

/* Prepared, it costs the server a third less. */
void sw_leg_send_asked(struct sw_leg *leg)
{
    static const uint8_t nothing[6] = {0}; /* no formats, no values, no formats of results */
    struct sw_backend *backend = leg->lease.backend;
    struct sw_prepared *prepared = sw_prepared_create(asked[leg->work.asks], NULL, 0, "asked");

    (void)sw_backend_prepare(backend, prepared, SW_REPLY_ABSORB, OURS);
    sw_backend_bind(backend, "", prepared, nothing, sizeof nothing, SW_REPLY_ABSORB, OURS);
    sw_backend_execute(backend, "", prepared, 0, SW_REPLY_CAPTURE, OURS);
    sw_write_sync(sw_backend_out(backend));
    sw_backend_expect(backend, SW_REPLY_SYNC, SW_REPLY_ABSORB, OURS);
    sw_prepared_unref(prepared);
}

/* A WAL file's name begins with eight digits of its timeline. */
static int timeline_of(const uint8_t *name, size_t len)
{
    char digits[9] = "";

    if (len < sizeof digits - 1)
        return 0;
    memcpy(digits, name, sizeof digits - 1);
    return (int)strtol(digits, NULL, 16);
}

void sw_leg_read_asked(struct sw_leg *leg, const struct sw_frame *row)
{
    const uint8_t *bytes;
    size_t len;

    leg->has_lsn = sw_wire_read_column(row, 0, &bytes, &len) && bytes != NULL &&
                   sw_lsn_read((const char *)bytes, len, &leg->lsn);
    leg->timeline = 0;
    if (leg->work.asks == SW_ASKS_REPLAYED) {
        if (leg->has_lsn)
            sw_lease_note_replayed(&leg->lease, leg->lsn, leg->asked_ms);
        return;
    }
    if (sw_wire_read_column(row, 1, &bytes, &len) && bytes != NULL)
        leg->timeline = timeline_of(bytes, len);
    leg->has_lsn &= leg->timeline > 0;
}
