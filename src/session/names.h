/*
 * names - what a client calls its statements and portals, be it in the protocol or in SQL; and
 * by which settings servers read their text.
 */
#ifndef SW_SESSION_NAMES_H
#define SW_SESSION_NAMES_H

#include "shardward/base/error.h"
#include "shardward/base/settings.h"
#include "shardward/base/textmap.h"
#include "shardward/plan/cache.h"
#include "shardward/plan/scatter.h"
#include "shardward/plan/splice.h"
#include "shardward/wire/frame.h"

struct sw_prepared;
struct sw_session;

/*
 * By what a server reads the text of a statement when it parses it: names by search_path and
 * role, literals by TimeZone, DateStyle and the like.
 */
struct sw_reading {
    struct sw_settings *settings; /* of the session; shared */
    uint64_t local; /* serial of what SET LOCAL, or a SET of the batch, has made of
                       them; 0: nothing */
};

/* A statement that the client prepared, or the portal's memory of it. Counted. */
struct sw_named {
    int refs;
    char *name;
    struct sw_planned *planned;
    const struct sw_statement *statement; /* NULL: an empty query */
    struct sw_prepared *prepared;         /* NULL: answered without a server */
    struct sw_reading reading;            /* by which it was parsed */
    char *text;
    int hint;                   /* what its text says about where it may be read, see reads.h */
    struct sw_splice splice;    /* what servers have been given besides */
    struct sw_prepared *filled; /* what is bound in place of `prepared`: it takes numbers that
                                   we   draw, as further parameters; NULL: none */
    struct sw_splice fill_splice; /* what stands in it besides */
    bool has_learned;             /* its types from the server */
    bool is_spent;                /* a portal of control that has run, and cannot run again */
    bool is_cursor;               /* a portal that DECLARE has made */
    bool is_held;                 /* ... WITH HOLD */
    bool is_persistent;           /* ... and whose transaction has been committed */
    bool is_scattered;            /* a portal over several shards */
    struct sw_scattering *scattering; /* ... and what is known of it; shared; else NULL */
    const struct sw_shard *shard;     /* of a named portal: where it lives */
    int mark;                         /* ... and the transaction's mark when it was made */
    uint32_t *types; /* of the parameters: declared, or learned from the server */
    int type_count;
    struct sw_profile told; /* what was said first of its columns, if it may go to several
                               shards; owned */
};

/* Statements, or portals, by the names that the client gave them; "" is the unnamed one. */
struct sw_names {
    struct sw_named *unnamed;
    struct sw_textmap named;
};

/* names.c */
struct sw_named *sw_named_create(const char *name, struct sw_planned *planned, const char *text,
                                 struct sw_prepared *prepared, const uint32_t *types,
                                 int type_count);
struct sw_named *sw_named_copy(const struct sw_named *named); /* one reference, not spent */
struct sw_named *sw_named_ref(struct sw_named *named);
void sw_named_unref(struct sw_named *named);
void sw_named_learn_types(struct sw_named *named, const struct sw_frame *frame);
void sw_named_forget_told(struct sw_named *named); /* it is parsed anew */
struct sw_named *sw_names_get(const struct sw_names *names, const char *name);
/* Put under @name (taking a reference) in place of what was there; NULL removes. */
void sw_names_put(struct sw_names *names, const char *name, struct sw_named *named);
void sw_names_clear(struct sw_names *names);
void sw_names_clear_named(struct sw_names *names); /* all but the unnamed one */

/* cursors.c */

/* 42P03 if @statement declares a cursor of a name that is taken; but not if one of @before, the
 * @count statements before it in its string, closes that. */
bool sw_session_check_cursor(const struct sw_session *session,
                             const struct sw_statement *statement,
                             const struct sw_statement *before, int count,
                             struct sw_error *err);
/* Of the simple query that was carried out: its cursors come and go. */
void sw_session_follow_cursors(struct sw_session *session);
/* The same of the portal @portal of @named, whose Execute was collected last; it is undone if
 * that does not come about. */
void sw_session_add_cursors(struct sw_session *session, struct sw_named *named,
                            const char *portal);
/* A transaction is over: portals are gone, but for cursors WITH HOLD. */
void sw_session_clear_portals(struct sw_session *session);
/* ... of which those that were declared in it are there to stay if it was committed. */
void sw_session_settle_cursors(struct sw_session *session, bool is_committed);
/* Does @shard have a cursor WITH HOLD, as far as is known here? */
bool sw_session_holds_cursor(const struct sw_session *session, const struct sw_shard *shard);
/* Portals that were made when the transaction had come to @mark, or later, are gone. */
void sw_session_forget_portals_from(struct sw_session *session, int mark);

/* by_name.c */

/* Collect the PREPARE @statement of @text, and its answer: as a Parse of what stands in it.
 * False: as a Parse is refused. */
bool sw_session_add_prepare(struct sw_session *session, const struct sw_statement *statement,
                            const char *text, struct sw_error *err);
/* Collect the EXECUTE @text of a simple query, which is planned. */
bool sw_session_add_execute(struct sw_session *session, const char *text, struct sw_error *err);
/* Aim at where the statement leads that @named, an EXECUTE, runs by the name as it is now; it
 * is what servers are given from now on. False: 42601 for another number of arguments, 0A000 if
 * that is no query, or as the statement itself. */
bool sw_session_aim_execute(struct sw_session *session, struct sw_named *named, bool executes,
                            struct sw_error *err);

/* reading.c */

/* Is it a setting by which servers read the text of a statement? NULL: RESET ALL. */
bool sw_reading_depends_on(const char *setting);
/* By what a server of the session would read a text now; borrowed. */
struct sw_reading sw_session_reading(const struct sw_session *session);
/* The scope in which other clients' statements of the same text are the same. To be freed. */
char *sw_session_scope(const struct sw_session *session, const char *text,
                       const struct sw_planned *planned);
/* What servers know it by is another statement from now on, which they parse by what is in
 * force now. */
void sw_session_read_anew(const struct sw_session *session, struct sw_named *named);
/* 0A000 if @text cannot be prepared under a name: what it says depends on the moment. */
bool sw_reading_check(const char *text, struct sw_error *err);
bool sw_session_reads_alike(const struct sw_session *session, const struct sw_named *named);
/* See to it that servers which do not know @named yet read it as it has to be read: PostgreSQL
 * keeps to the literals as they were read at its Parse, and looks for names anew. 0A000 if both
 * cannot be had. */
bool sw_session_read_again(const struct sw_session *session, struct sw_named *named,
                           struct sw_error *err);

/* renewing.c */

/* Plan @named anew if what it means may have changed. False: it would be given something else
 * than its servers have been given. */
bool sw_session_renew_named(struct sw_session *session, struct sw_named *named,
                            struct sw_error *err);

#endif
