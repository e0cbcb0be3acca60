/*
 *   write, read --> BUSY: a thread of the loop's pool --> on_done
 *                    |
 *                    +-- closed meanwhile: freed when the thread is done
 */
#include "shardward/io/spool.h"

#include "internal.h"

#include "shardward/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sw_spool {
    struct sw_loop *loop;
    char *directory;
    sw_spool_on_done *on_done;
    void *owner;
    bool is_busy, is_closed;
    uint64_t size;

    /* The thread's alone while it is busy. */
    uv_work_t work;
    int fd;           /* -1: there is no file yet */
    int failure;      /* errno; 0: none */
    const char *step; /* that failed */
    struct iovec *pieces;
    int count;
    uint64_t at;
    uint8_t *bytes; /* NULL: it writes */
    size_t len;

    void (*release)(void *held);
    void *held;
};

/* --- in the thread --- */

static int open_unlinked(const char *directory)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/shardward-XXXXXX", directory);
    int fd;

    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC); /* of mode 0600 */
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

static int open_nameless(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

    return fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
               ? open_unlinked(directory)
               : fd;
}

static void fail(struct sw_spool *spool, const char *step)
{
    spool->failure = errno;
    spool->step = step;
}

/* @done bytes of the pieces are written. */
static void advance(struct sw_spool *spool, size_t done)
{
    spool->at += done;
    while (spool->count > 0 && done >= spool->pieces->iov_len) {
        done -= spool->pieces->iov_len;
        spool->pieces++;
        spool->count--;
    }
    if (spool->count == 0)
        return;
    spool->pieces->iov_base = (uint8_t *)spool->pieces->iov_base + done;
    spool->pieces->iov_len -= done;
}

static void write_all(struct sw_spool *spool)
{
    advance(spool, 0);
    while (spool->count > 0) {
        int count = spool->count < IOV_MAX ? spool->count : IOV_MAX;
        ssize_t done = pwritev(spool->fd, spool->pieces, count, (off_t)spool->at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            fail(spool, "write to");
            return;
        }
        advance(spool, (size_t)done);
    }
}

static void read_all(struct sw_spool *spool)
{
    for (size_t at = 0; at < spool->len;) {
        ssize_t done =
            pread(spool->fd, spool->bytes + at, spool->len - at, (off_t)(spool->at + at));

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            errno = done < 0 ? errno : EIO;
            fail(spool, "read");
            return;
        }
        at += (size_t)done;
    }
}

static void do_work(uv_work_t *work)
{
    struct sw_spool *spool = SW_OWNER(work, struct sw_spool, work);

    if (spool->fd < 0)
        spool->fd = open_nameless(spool->directory);
    if (spool->fd < 0)
        fail(spool, "create");
    else if (spool->bytes == NULL)
        write_all(spool);
    else
        read_all(spool);
}

/* --- in the loop --- */

static void close_in_thread(uv_work_t *work)
{
    struct sw_spool *spool = SW_OWNER(work, struct sw_spool, work);

    if (spool->fd >= 0)
        (void)close(spool->fd);
}

static void on_closed(uv_work_t *work, int status)
{
    struct sw_spool *spool = SW_OWNER(work, struct sw_spool, work);

    (void)status;
    free(spool->bytes);
    free(spool->directory);
    free(spool);
}

/* To give back a large file takes a while, too. */
static void end(struct sw_spool *spool)
{
    int failed = uv_queue_work(&spool->loop->uv, &spool->work, close_in_thread, on_closed);

    assert(failed == 0);
}

static void release(struct sw_spool *spool)
{
    if (spool->release != NULL)
        spool->release(spool->held);
    spool->release = NULL;
}

static void put_error(const struct sw_spool *spool, struct sw_error *err)
{
    bool is_full = spool->failure == ENOSPC || spool->failure == EDQUOT;

    sw_error_set(err, is_full ? "53100" : "58030",
                 "could not %s a temporary file in \"%s\": %s", spool->step, spool->directory,
                 strerror(spool->failure));
}

static void on_worked(uv_work_t *work, int status)
{
    struct sw_spool *spool = SW_OWNER(work, struct sw_spool, work);
    struct sw_error err;

    (void)status;
    spool->is_busy = false;
    release(spool);
    if (spool->is_closed) {
        end(spool);
        return;
    }
    if (spool->failure != 0)
        put_error(spool, &err);
    spool->on_done(spool->owner, spool->failure != 0 ? &err : NULL);
}

static void begin(struct sw_spool *spool)
{
    int failed;

    spool->is_busy = true;
    spool->failure = 0;
    failed = uv_queue_work(&spool->loop->uv, &spool->work, do_work, on_worked);
    assert(failed == 0);
}

/* --- for the owner --- */

struct sw_spool *sw_spool_create(struct sw_loop *loop, const char *directory,
                                 sw_spool_on_done *on_done, void *owner)
{
    struct sw_spool *spool = sw_alloc_zero(1, sizeof *spool);

    spool->loop = loop;
    spool->directory = sw_strdup(directory);
    spool->fd = -1;
    sw_spool_tell(spool, on_done, owner);
    return spool;
}

void sw_spool_close(struct sw_spool *spool)
{
    if (spool == NULL)
        return;
    spool->is_closed = true;
    if (!spool->is_busy)
        end(spool);
}

void sw_spool_tell(struct sw_spool *spool, sw_spool_on_done *on_done, void *owner)
{
    spool->on_done = on_done;
    spool->owner = owner;
}

bool sw_spool_is_busy(const struct sw_spool *spool)
{
    return spool->is_busy;
}

uint64_t sw_spool_size(const struct sw_spool *spool)
{
    return spool->size;
}

/* What was kept of the last thing. */
static void forget(struct sw_spool *spool)
{
    assert(!spool->is_busy && !spool->is_closed);
    free(spool->bytes);
    spool->bytes = NULL;
}

struct written {
    struct iovec *pieces;
    void (*release)(void *held);
    void *held;
};

static void release_written(void *held)
{
    struct written *written = held;

    written->release(written->held);
    free(written->pieces);
    free(written);
}

void sw_spool_write(struct sw_spool *spool, const struct iovec *pieces, int count,
                    void (*release_held)(void *held), void *held)
{
    struct written *written = sw_alloc(sizeof *written);

    forget(spool);
    *written =
        (struct written){sw_memdup(pieces, (size_t)count * sizeof *pieces), release_held, held};
    spool->release = release_written;
    spool->held = written;
    spool->pieces = written->pieces;
    spool->count = count;
    spool->at = spool->size;
    for (int i = 0; i < count; i++)
        spool->size += pieces[i].iov_len;
    begin(spool);
}

void sw_spool_read(struct sw_spool *spool, uint64_t at, size_t len)
{
    forget(spool);
    assert(at + len <= spool->size);
    spool->bytes = sw_alloc(len + 1);
    spool->at = at;
    spool->len = len;
    begin(spool);
}

const uint8_t *sw_spool_bytes(const struct sw_spool *spool)
{
    return spool->bytes;
}
