/*
 * What runs were, by database, and what errors clients were told: a few numbers of the worker's
 * thread, beside the tallies of users and shards.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/response.h"

#include <string.h>

/* More than PostgreSQL has (docs, appendix A): 43 of them. */
enum { CLASSES_MOST = 64, CLASS_LEN = 2 };

struct error_class {
    char name[CLASS_LEN + 1];
    uint64_t count;
};

struct sw_kinds {
    struct sw_textmap by_database; /* of struct sw_class_tally */
    struct error_class errors[CLASSES_MOST];
    int error_count;
    uint64_t other_errors;
};

const char *sw_class_name(enum sw_class class)
{
    static const char *const names[SW_CLASSES] = {
        [SW_CLASS_READ] = "read",       [SW_CLASS_WRITE] = "write",
        [SW_CLASS_SEVERAL] = "several", [SW_CLASS_COPY] = "copy",
        [SW_CLASS_DDL] = "ddl",         [SW_CLASS_CONTROL] = "control",
        [SW_CLASS_SESSION] = "session", [SW_CLASS_LOCAL] = "local",
    };

    return names[class];
}

struct sw_kinds *sw_kinds_create(void)
{
    struct sw_kinds *kinds = sw_alloc_zero(1, sizeof *kinds);

    sw_textmap_init(&kinds->by_database);
    return kinds;
}

void sw_kinds_free(struct sw_kinds *kinds)
{
    struct sw_class_tally *tally;
    size_t at = 0;

    while ((tally = sw_textmap_next(&kinds->by_database, &at, NULL)) != NULL) {
        free(tally->database);
        free(tally);
    }
    sw_textmap_finish(&kinds->by_database);
    free(kinds);
}

struct sw_class_tally *sw_kinds_of(struct sw_kinds *kinds, const char *database)
{
    struct sw_class_tally *tally = sw_textmap_get(&kinds->by_database, database);

    if (tally == NULL) {
        tally = sw_alloc_zero(1, sizeof *tally);
        tally->database = sw_strdup(database);
        (void)sw_textmap_put(&kinds->by_database, database, tally);
    }
    return tally;
}

/* --- runs --- */

static const struct sw_statement *first_work(const struct sw_script *script)
{
    for (int i = 0; i < script->count; i++)
        if (!sw_is_control(&script->statements[i]))
            return &script->statements[i];
    return NULL;
}

/* The first statement of @request that is no control of a transaction; NULL: there is none. */
static const struct sw_statement *find_work(const struct sw_session *session,
                                            const struct sw_request *request)
{
    const struct sw_named *named = request->about;

    if (request->kind == SW_REQUEST_QUERY)
        return session->planned == NULL ? NULL : first_work(session->planned->script);
    if (request->kind != SW_REQUEST_EXECUTE || named == NULL || named->statement == NULL ||
        sw_is_control(named->statement))
        return NULL;
    return named->statement;
}

static enum sw_class class_on_one(const struct sw_session *session)
{
    const struct sw_statement *work = NULL;
    bool executes = false;

    for (int i = 0; work == NULL && i < session->run.count; i++) {
        const struct sw_request *request = &session->run.requests[i];

        executes |= request->kind == SW_REQUEST_QUERY || request->kind == SW_REQUEST_EXECUTE;
        work = find_work(session, request);
    }
    if (work == NULL)
        return executes ? SW_CLASS_CONTROL : SW_CLASS_READ;
    if (work->kind == SW_STATEMENT_COPY_FROM)
        return SW_CLASS_COPY;
    return session->may_write ? SW_CLASS_WRITE : SW_CLASS_READ;
}

static enum sw_class class_of(const struct sw_session *session)
{
    if (session->ddl != NULL)
        return SW_CLASS_DDL;
    if (session->measure.run == NULL)
        return SW_CLASS_LOCAL;
    if (session->direct != NULL)
        return SW_CLASS_SESSION;
    if (session->scattering != NULL)
        return SW_CLASS_SEVERAL;
    if (session->rows != NULL)
        return SW_CLASS_COPY;
    return class_on_one(session);
}

void sw_kinds_note_run(struct sw_session *session, uint64_t took_us)
{
    enum sw_class class = class_of(session);
    struct sw_class_tally *tally = session->measure.classes;

    tally->of[class].queries += sw_session_is_ready_due(session);
    tally->of[class].errors += session->has_failed;
    if (class == SW_CLASS_LOCAL)
        return;
    tally->of[class].query_us += took_us;
    sw_histogram_add(&tally->of[class].times, took_us);
}

void sw_sessions_each_class_tally(const struct sw_sessions *sessions,
                                  void (*on_tally)(void *owner,
                                                   const struct sw_class_tally *tally),
                                  void *owner)
{
    const struct sw_class_tally *tally;
    size_t at = 0;

    while ((tally = sw_textmap_next(&sessions->kinds->by_database, &at, NULL)) != NULL)
        on_tally(owner, tally);
}

/* --- errors --- */

/* Servers of PostgreSQL send no others, but who knows what is there. */
static bool is_class(const char *sqlstate)
{
    return strspn(sqlstate, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") >= CLASS_LEN;
}

void sw_kinds_note_error(struct sw_kinds *kinds, const struct sw_error *err)
{
    struct error_class *class = kinds->errors;
    const struct error_class *end = kinds->errors + kinds->error_count;

    while (class < end && memcmp(class->name, err->sqlstate, CLASS_LEN) != 0)
        class ++;
    if (class == end && (kinds->error_count == CLASSES_MOST || !is_class(err->sqlstate))) {
        kinds->other_errors++;
        return;
    }
    if (class == end) {
        memcpy(class->name, err->sqlstate, CLASS_LEN);
        kinds->error_count++;
    }
    class->count++;
}

void sw_kinds_note_frame(struct sw_kinds *kinds, const struct sw_frame *frame)
{
    struct sw_error err;

    sw_wire_read_error(frame, &err, NULL);
    sw_kinds_note_error(kinds, &err);
}

void sw_sessions_each_error_class(const struct sw_sessions *sessions,
                                  void (*on_class)(void *owner, const char *class,
                                                   uint64_t count),
                                  void *owner)
{
    const struct sw_kinds *kinds = sessions->kinds;

    for (int i = 0; i < kinds->error_count; i++)
        on_class(owner, kinds->errors[i].name, kinds->errors[i].count);
    if (kinds->other_errors > 0)
        on_class(owner, "other", kinds->other_errors);
}
