/*
 * The files of this room, and what they share: one client's session.
 *
 *   sessions.c    all clients; a session's birth, end, and the bytes that come
 *   rest.c        what has to be seen to between statements
 *   limits.c      ... and for how long something may last
 *   census.c      how many there are of a user or a database
 *   greeting.c    start-up packet, authentication, welcome
 *   seeking.c     ... of users that are looked up in PostgreSQL
 *   query.c       simple queries
 *   extended.c    Parse, Bind, Describe, Execute, Close, Flush, Sync
 *   preparing.c   ... what becomes of a Parse
 *   binding.c     ... and of a Bind
 *   pointing.c    where in its text an error lies
 *   by_name.c     PREPARE and EXECUTE, said in SQL
 *   control.c     transaction control and what else is answered without a server
 *   together.c    control that several shards have to hear
 *   participants.c  the legs of a transaction
 *   target.c      where a run goes
 *   collecting.c  requests become a run
 *   running.c     a run on its leg
 *   failing.c     ... that fails
 *   copying.c     COPY FROM STDIN
 *   rows.c        ... into a sharded table
 *   outcome.c     what the session becomes when a run is over
 *   ddl.c         DDL, which runs on all shards of a business
 *   journal.c     ... the note that it leaves on each
 *   scattering.c  statements over several shards
 *   asking.c      ... as they are collected
 *   cooking.c     ... how their answers are put together
 *   gathering.c   ... what they are sent
 *   copying_out.c ... COPY TO STDOUT of them
 *   explaining.c  ... EXPLAIN of them
 *   fetching.c    ... portals of theirs that go on
 *   declaring.c   ... cursors
 *   spreading.c   ... and their legs
 *   relieving.c   ... on replicas
 *   drawing.c     numbers for new rows
 *   names.c       prepared statements and portals
 *   cursors.c     ... the portals that DECLARE makes
 *   reading.c     ... and by which settings servers read their text
 *   renewing.c    ... and what they mean by now
 *   keeping.c     what clients leave behind on servers
 *   temporaries.c ... their temporary tables
 *   kinds.c         what runs were, and what errors
 *   tally.c       what was done, counted
 *   statements.c  ... and by statement
 *   cancel.c      CancelRequest
 *   resolving.c   a COMMIT whose answer was lost
 *   durability.c  what may be set, so that commits last
 *   direct.c      clients that have a server for themselves
 *   directory.c   sessions by their ids
 *   own.c         settings of shardward itself
 *   replicas.c    runs that only read, on replicas; tokens.c what they have to see
 *   pause.c       statements that wait for the end of a pause
 *   facts.c       what can be told of the clients, and their end by order
 */
#ifndef SW_SESSION_INTERNAL_H
#define SW_SESSION_INTERNAL_H

#include "direct.h"
#include "directory.h"
#include "drawing.h"
#include "keeping.h"
#include "limits.h"
#include "measure.h"
#include "names.h"
#include "reads.h"
#include "resolving.h"
#include "seeking.h"
#include "several.h"
#include "statements.h"
#include "target.h"
#include "temporaries.h"

#include "shardward/auth/password.h"
#include "shardward/auth/scram.h"
#include "shardward/base/settings.h"
#include "shardward/base/textmap.h"
#include "shardward/execute/leg.h"
#include "shardward/io/stream.h"
#include "shardward/plan/cache.h"
#include "shardward/plan/splice.h"
#include "shardward/session/session.h"
#include "shardward/session/tally.h"
#include "shardward/txn/txn.h"
#include "shardward/wire/frame.h"
#include "shardward/wire/startup.h"

struct sw_joint;
struct sw_scattering;
struct sw_wire_bind;
struct sw_wire_parse;

struct sw_sessions {
    int refs; /* of its maker and of every session that is not yet freed */
    struct sw_loop *loop;
    struct sw_map *map;         /* the current one */
    struct sw_catalog *catalog; /* the current one; NULL: nothing is known yet */
    struct sw_state *state;     /* of the nodes; the current one */
    struct sw_pools *pools;
    struct sw_plan_cache *plans;
    struct sw_ids *ids;
    struct sw_settings_shared startups; /* settings of clients that came lately */
    struct sw_verifiers *verifiers;
    struct sw_census *census;
    struct sw_tallies *tallies;
    struct sw_kinds *kinds;
    struct sw_statement_book *statements;
    struct sw_prepared *mark; /* what servers are asked in front of a COMMIT */
    struct sw_link parked;    /* sessions that wait for the end of a pause */
    struct sw_textmap paused; /* names of databases */
    bool is_paused;           /* all are */
    struct sw_link all;
    struct sw_directory directory;
    uint32_t worker;
    uint32_t last_number; /* of a session of this worker; its id is made of both */
    bool is_draining;     /* sessions end when they are at rest */
    uint32_t last_portal; /* a number, of a portal over several shards */
    void (*on_left)(void *owner);
    void (*read_again)(void *owner, struct sw_rereading *rereading);
    void (*forget_reading)(void *owner, struct sw_rereading *rereading);
    void (*seek_user)(void *owner, struct sw_sought *sought);
    void (*forget_sought)(void *owner, struct sw_sought *sought);
    void (*doubt_user)(void *owner, const struct sw_sought *sought);
    void (*carry_cancel)(void *owner, struct sw_cancel *cancel);
    void *owner;
};

enum sw_session_state {
    SW_SESSION_GREETING, /* waits for the start-up packet */
    SW_SESSION_ASKING,   /* has brought a CancelRequest, and waits until it was taken */
    SW_SESSION_LOGIN,    /* waits for a password message */
    SW_SESSION_ENTERING, /* logged in; its settings are tried on a server */
    SW_SESSION_READY,    /* reads requests */
    SW_SESSION_RUNNING,  /* a leg works; the client's stream is held, but for is_copying */
    SW_SESSION_DIRECT,   /* all goes to its own server, and comes from there */
    SW_SESSION_CLOSING,  /* the client is gone; a leg rolls back, or the socket is let go */
};

/* What ended the collecting of a run. */
enum sw_run_end {
    SW_RUN_ENDS_QUERY, /* a simple query is a run */
    SW_RUN_ENDS_SYNC,
    SW_RUN_ENDS_FLUSH,   /* Flush, or the run grew too long: the batch stays open */
    SW_RUN_ENDS_PREPARE, /* Flush after Parse and Describe alone: the server need not keep
                            anything, so it is sent a Sync */
    SW_RUN_ENDS_SPLIT,   /* inside an explicit transaction, the batch goes on elsewhere */
};

/* What a request means for the session, once it is_done or is not. */
enum sw_request_role {
    SW_ROLE_NONE,
    SW_ROLE_PARSED,          /* named `about` exists; `before` had its name */
    SW_ROLE_BOUND,           /* the portal of that text exists; `before` had its name */
    SW_ROLE_CLOSED_PORTAL,   /* ... no longer exists */
    SW_ROLE_CLOSED,          /* named `about` no longer exists */
    SW_ROLE_CONTROL,         /* a server has carried out the control `about` */
    SW_ROLE_DDL,             /* the answer of DDL stands here */
    SW_ROLE_SCATTER,         /* ... the rows of several shards, and their tag */
    SW_ROLE_SCATTER_COLUMNS, /* ... their RowDescription */
};

/* A setting that the run changes, and the value a server says it then has. */
struct sw_change {
    enum sw_setting_change change;
    char *name; /* NULL: RESET ALL */
    char *value;
};

struct sw_session {
    struct sw_link link;
    struct sw_link parked;                     /* during a pause */
    void (*go_on)(struct sw_session *session); /* ... and what comes after it */
    struct sw_sessions *sessions;
    enum sw_session_state state;
    uint32_t id, cancel_key;
    int fd;
    struct sw_session *next_in_slot; /* of the directory */
    struct sw_direct *direct;        /* in pool mode session; NULL: not */
    struct sw_cancel *asked;         /* of a session that asks; NULL: nothing */
    struct sw_stream *stream;
    enum sw_hba_method hba;    /* what hba says of it */
    enum sw_config_auth auth;  /* how it logs in */
    uint8_t salt[SW_MD5_SALT]; /* of a login by MD5 */
    struct sw_timer *login_timer;
    struct sw_limit limit;

    struct sw_scram *scram;     /* during a login by SCRAM */
    struct sw_sought *sought;   /* its user is being looked up */
    char *secret;               /* of a user that was found so, during the login */
    bool is_of_others;          /* its user was found so */
    struct sw_map *map;         /* in which user and database were found */
    struct sw_catalog *catalog; /* that statements are planned with; may be NULL */
    const struct sw_user *user;
    const struct sw_database *database;
    char *user_name, *database_name; /* as the client named them */

    struct sw_settings *startup;         /* to which RESET goes back */
    struct sw_settings *settings;        /* in force, SET LOCAL apart */
    struct sw_settings *told;            /* parameters as last reported to the client */
    struct sw_settings *judged_settings; /* those that is_path_plain and is_zone_utc are by */
    struct sw_txn_settings at_start;     /* where DISCARD ALL goes back to; shared */
    struct sw_txn_settings before_run;   /* as they were when it started; shared */
    struct sw_txn txn;
    struct sw_reads reads;

    struct sw_names statements, portals;
    struct sw_measure measure;

    /* The run that is collected or works. */
    struct sw_run run;
    struct sw_target target;
    struct sw_planned *planned; /* of the simple query that runs */
    struct sw_splice splice;    /* what its server is given besides */
    struct sw_drawing *drawing; /* of numbers for it; NULL: never yet */
    enum sw_run_end run_end;
    bool has_failed;                  /* the run, with an error from or for a server */
    enum sw_request_kind failed_kind; /* of the request that failed */
    bool has_answered;                /* the client has heard something of it */
    bool joins;                       /* its shard becomes a participant with it */
    int other_count;                  /* see `others` */
    int tries;                        /* how often it had to start again */
    struct sw_leg *running;
    struct sw_session_ddl *ddl;       /* of the run; NULL: none */
    struct sw_session_rows *rows;     /* of COPY into a sharded table; NULL: none */
    struct sw_scattering *scattering; /* it goes to several shards; NULL: it does not */
    bool may_scatter;                 /* what is aimed may do so */

    /* The batch, which Flush parts into several runs. */
    struct sw_leg *batch; /* the leg of a batch that Flush has left open */
    struct sw_change *changes;
    int change_count;
    const char **read_back; /* names for the leg's work */
    bool may_write;         /* it holds a write, or a COMMIT */
    bool has_control;       /* ... control that a server carries out */
    bool has_begun;         /* ... a BEGIN among it */
    bool injects_resets;    /* RESET was replaced by settings back to the start-up values */
    bool skips_to_sync;     /* after an error in it */
    bool wants_split;       /* a message was not refused: what is collected has to run first */
    bool takes_again;       /* ... and then it is taken again */

    struct sw_pocket *pocket; /* servers that it keeps; NULL: none yet */
    struct sw_temporaries *temporaries, *temporaries_before; /* the batch's last COMMIT */
    struct sw_leg leg;      /* of the first participant, or of a statement outside */
    struct sw_leg **others; /* of further participants, in their order */
    const struct sw_shard *unnamed_portal_at; /* where the unnamed portal lives */
    struct sw_together *together;             /* control under way on several legs */
    struct sw_resolution *resolution;         /* of a COMMIT that was lost; NULL: none */
    struct sw_leg *aside; /* beside the transaction, which it does not bind; NULL: never yet */
    bool aside_is_open;   /* ... was sent the journal */
    bool is_path_plain, is_zone_utc; /* by judged_settings */
    bool has_local_search_path;      /* SET LOCAL search_path, until the transaction ends */
    bool has_local_timezone;         /* ... of TimeZone */
    bool has_local_reading;          /* ... of any setting by which texts are read */
    uint64_t reading_serial;         /* of the last change of such a setting */
    size_t unread;       /* bytes still to come of a message that is too long, and dropped; or
                            of CopyData */
    uint8_t unread_type; /* its type */
    bool is_copying;     /* RUNNING: the client's CopyData is wanted */
    bool is_copy_held;   /* ... but the server has to read first what it was sent */
    bool is_throttled;   /* the client does not read: its stream is held until it does */
    bool is_stream_open;
    bool has_left;         /* by Terminate: it awaits nothing more */
    bool is_counted;       /* in the census */
    bool is_surplus;       /* one client too many: it may ask for a cancel, and not log in */
    struct sw_error *loss; /* a participant was lost; the client was not told yet; NULL: none */
};

/* sessions.c */
struct sw_buf *sw_session_out(struct sw_session *session);
/* At level info if log.connections is on, else debug. */
void sw_session_log_connection(const struct sw_session *session, const char *event);
void sw_session_close(struct sw_session *session);
void sw_session_fatal(struct sw_session *session, const struct sw_error *err);
void sw_session_end_by_order(struct sw_session *session); /* 57P01 */
/* A leg of a closing session has come to rest. */
void sw_session_leg_is_done(struct sw_session *session);

/* rest.c */
/* A statement is over, or something else has to be seen to between two. May close it. */
void sw_session_rest(struct sw_session *session);

/* greeting.c */
size_t sw_session_greet(struct sw_session *session, const uint8_t *bytes, size_t len);
void sw_session_on_login_message(struct sw_session *session, const struct sw_frame *frame);
void sw_session_entered(struct sw_session *session);
/* The last words of the login. @pid: what the client takes for its server process. */
void sw_session_welcome(struct sw_session *session, uint32_t pid);

/* cancel.c */

/* Does it run what a cancel must not reach: a commit that waits for standbys, or one whose fate
 * is being asked for? */
bool sw_session_is_committing(const struct sw_session *session);
/* Cancel what it runs at this moment: nothing, perhaps. */
void sw_session_cancel(struct sw_session *session);
/* Have what session @id runs cancelled, if that is its key; then close. */
void sw_session_ask_to_cancel(struct sw_session *session, uint32_t id, uint32_t key);
void sw_session_forget_asked(struct sw_session *session); /* it does not wait any longer */

/* preparing.c */

/* Collect a Parse, and give its name to the statement. */
bool sw_session_prepare(struct sw_session *session, const struct sw_wire_parse *parse,
                        struct sw_planned *planned, struct sw_error *err);

/* binding.c */

/* 26000: there is none. */
struct sw_named *sw_session_find_statement(const struct sw_session *session, const char *name,
                                           struct sw_error *err);
/* Collect a Bind, and give its name to the portal. False without an error, and takes_again: it
 * is to be taken again later. */
bool sw_session_bind_portal(struct sw_session *session, const struct sw_wire_bind *bind,
                            struct sw_error *err);

/* query.c, extended.c */
void sw_session_on_query(struct sw_session *session, const struct sw_frame *frame);
void sw_session_on_parse(struct sw_session *session, const struct sw_frame *frame);
void sw_session_on_bind(struct sw_session *session, const struct sw_frame *frame);
void sw_session_on_describe(struct sw_session *session, const struct sw_frame *frame);
void sw_session_on_execute(struct sw_session *session, const struct sw_frame *frame);
void sw_session_on_close(struct sw_session *session, const struct sw_frame *frame);
void sw_session_on_flush(struct sw_session *session, const struct sw_frame *frame);
void sw_session_on_sync(struct sw_session *session, const struct sw_frame *frame);
/* A message of type @type without body, as our own answer; of a portal, @text is its name. */
void sw_session_answer_about(struct sw_session *session, char type, struct sw_named *named,
                             enum sw_request_role role, const char *text);
void sw_session_answer(struct sw_session *session, char type, struct sw_named *named,
                       enum sw_request_role role);

/* control.c */

/* Is it answered without a server, unless a server has heard of the transaction? */
bool sw_is_control(const struct sw_statement *statement);
bool sw_ends_transaction(const struct sw_statement *statement); /* COMMIT, ROLLBACK */
/* Is something collected that a server has to hear, or a batch open there? */
bool sw_session_is_pending(const struct sw_session *session);

/* How a piece of control is carried out. */
enum sw_control_way {
    SW_CONTROL_HERE,     /* no server hears of it now */
    SW_CONTROL_IN_PLACE, /* it joins the run */
    SW_CONTROL_SPLIT,    /* what is collected has to run before */
    SW_CONTROL_TOGETHER, /* it is a run of its own, on the participants' legs */
};

enum sw_control_way sw_session_control_way(const struct sw_session *session,
                                           const struct sw_statement *statement);
/* 25P02 unless @statement may run now. */
bool sw_session_may_run(struct sw_session *session, const struct sw_statement *statement,
                        struct sw_error *err);
/* A participant was lost: the next statement is told. */
void sw_session_keep_loss(struct sw_session *session, const struct sw_error *err);
void sw_session_forget_loss(struct sw_session *session);
/* Carry out control that no server has to hear. Appends the answer (notices, CommandComplete)
 * to @answer. @text: the statement as the client wrote it. */
bool sw_session_control(struct sw_session *session, const struct sw_statement *statement,
                        const char *text, struct sw_buf *answer, struct sw_error *err);
/* What a server has to be told instead of @text; and the tag of the answer. */
const char *sw_session_control_text(const struct sw_session *session,
                                    const struct sw_statement *statement, const char *text);
const char *sw_session_control_tag(const struct sw_session *session,
                                   const struct sw_statement *statement);
/* A server has carried it out, on the leg of the run. @text: as the client wrote it. */
void sw_session_after_control(struct sw_session *session, const struct sw_statement *statement,
                              const char *text);
void sw_session_end_transaction(struct sw_session *session, bool is_committed);
/* End it and begin the next one as AND CHAIN does; it has no participants yet. */
void sw_session_chain_transaction(struct sw_session *session, bool is_committed);
/* Back to savepoint @name, which exists. */
void sw_session_roll_back_to(struct sw_session *session, const char *name);

/* together.c */

/* Answer what was collected, which needs no server, and then carry @statement out on the legs
 * of all participants that have to hear it; then the run @end-s. */
void sw_session_together(struct sw_session *session, const struct sw_statement *statement,
                         enum sw_run_end end);
/* Is it a COMMIT for which a managed cluster's standbys are waited? */
bool sw_session_commits_together(const struct sw_session *session);
/* A COMMIT under way fails if the leader's server can still be asked to cancel it. */
void sw_session_cancel_together(struct sw_session *session);
/* The session is closing: legs are its own again. */
void sw_session_forget_together(struct sw_session *session);

/* participants.c */

/* The leg of participant @index; made if there is none yet. */
struct sw_leg *sw_session_leg(struct sw_session *session, int index);
/* The leg beside the transaction; made if there is none yet. */
struct sw_leg *sw_session_aside(struct sw_session *session);
/* The participant whose leg it is, or NULL. */
struct sw_participant *sw_session_participant(const struct sw_session *session,
                                              const struct sw_leg *leg);
/* The leg of the shard that does the run becomes the first participant's, with all said that
 * was said. */
void sw_session_join_first(struct sw_session *session);
/* May @shard be read in the transaction, as a participant more? 0A000. */
bool sw_session_may_join(struct sw_session *session, const struct sw_shard *shard,
                         struct sw_error *err);
/* Find out which isolation the transaction has, if the client did not say. */
void sw_session_find_isolation(struct sw_session *session);
/* What ran on the leg beside them was a query, perhaps. */
void sw_session_note_query_aside(struct sw_session *session);
/* Note which participants have lost their servers. */
void sw_session_note_losses(struct sw_session *session);
bool sw_session_has_lost_participant(const struct sw_session *session);
/* Cut what has outlived its transaction, and forget the legs that are not in use. */
void sw_session_sweep_legs(struct sw_session *session);
bool sw_session_has_busy_leg(const struct sw_session *session);
/* Call @act with each leg. */
void sw_session_each_leg(struct sw_session *session, void (*act)(struct sw_leg *leg));

/* pointing.c */

/* Of a table that does not exist, tell where in @text it stands, as PostgreSQL does. */
void sw_session_point_at(const char *text, struct sw_error *err);

/* target.c */

/* What statements are planned with now; borrowed. */
struct sw_plan_context sw_session_context(struct sw_session *session);
/* What @text means to this session now; as sw_plan_cache_get() and its sister. */
struct sw_planned *sw_session_plan(struct sw_session *session, const char *text,
                                   struct sw_error *err);
struct sw_planned *sw_session_plan_query(struct sw_session *session, const char *text,
                                         const struct sw_skeleton **lifted,
                                         struct sw_error *err);
/* Find the route of @statement and join it to the run's target. @plan: of it, in the context of
 * now; NULL: there is none. False: it is refused, or wants_split is set. */
bool sw_session_aim(struct sw_session *session, const struct sw_statement *statement,
                    const struct sw_plan *plan, const struct sw_parameters *parameters,
                    bool executes, struct sw_error *err);
/* The same of a COPY into a table of @placement: its rows are for @shard (NULL: not known). */
bool sw_session_aim_copy(struct sw_session *session, const struct sw_placement *placement,
                         const struct sw_shard *shard, struct sw_error *err);
/* The same of a statement prepared before; what it means may have changed since. */
bool sw_session_aim_named(struct sw_session *session, struct sw_named *named,
                          const struct sw_parameters *parameters, bool executes,
                          struct sw_error *err);
/* What is to be put into its text before a server hears it; NULL: nothing. */
const struct sw_insertion *sw_planned_insertion(const struct sw_planned *planned);
bool sw_session_find_route(struct sw_session *session, const struct sw_statement *statement,
                           const struct sw_plan *plan, const struct sw_parameters *parameters,
                           struct sw_route *route, struct sw_error *err);
/* Join the portal @name, of before the run, to the run's target; else as above. */
bool sw_session_aim_at_portal(struct sw_session *session, const struct sw_named *named,
                              const char *name, struct sw_error *err);
/* The run holds control: of a transaction with participants, it is bound to one of them. */
void sw_session_bind(struct sw_session *session);
/* Can the run, as collected, hold the end of the transaction, for a server to hear? Only if
 * nobody else takes part. */
bool sw_session_may_end_in_place(const struct sw_session *session);
/* The leg and the shard of the run; whether the shard becomes a participant with it. */
struct sw_leg *sw_session_choose_leg(struct sw_session *session, const struct sw_shard **shard,
                                     bool *joins);

/* collecting.c */
void sw_session_note_changes(struct sw_session *session, const struct sw_statement *statement);
/* The values that are read back could not tell SET from SET LOCAL: 0A000 of both together. */
bool sw_session_check_changes(const struct sw_session *session,
                              const struct sw_statement *statement, struct sw_error *err);
/* Does @statement RESET to a value of the start-up packet, which servers do not know of? */
bool sw_session_resets_to_startup(const struct sw_session *session,
                                  const struct sw_statement *statement);
/* Join @statement's RESET to the run, if start-up values take its place. */
bool sw_session_add_reset(struct sw_session *session, const struct sw_statement *statement,
                          const char *text);
/* An error of ours in its turn; it fails the batch and the transaction. */
void sw_session_add_failure(struct sw_session *session, const struct sw_error *err);
/* A request about a statement (shared; may be NULL); the bytes are copied. Returns it; it stays
 * valid until the next one is added. */
struct sw_request *sw_session_add_bytes(struct sw_session *session, enum sw_request_kind kind,
                                        struct sw_named *named, enum sw_request_role role,
                                        const char *text, const void *bytes, size_t len);
void sw_session_add_about(struct sw_session *session, enum sw_request_kind kind,
                          struct sw_named *named, enum sw_request_role role, const char *text,
                          const struct sw_buf *bytes);
/* Does the run hold control, to be carried out by a server, that ends the transaction? */
bool sw_session_run_ends_transaction(const struct sw_session *session);
/* ... or a COMMIT, be it among other statements of a string. */
bool sw_session_run_commits(const struct sw_session *session);
void sw_session_forget_run(struct sw_session *session);
/* ... and what is kept from run to run while a batch is open. */
void sw_session_forget_batch(struct sw_session *session);

/* running.c */
extern const struct sw_leg_sink sw_session_sink;
/* Run what was collected, or answer it here if no server is needed. */
void sw_session_dispatch(struct sw_session *session, enum sw_run_end end);
/* Run what was collected so far; the message at hand is taken again after that. */
void sw_session_split(struct sw_session *session);
/* Answer the LOCAL requests before the first one that needs a server. */
void sw_session_answer_first_locals(struct sw_session *session);
/* Report the parameters that differ from what the client was told. */
void sw_session_tell(struct sw_session *session, struct sw_settings *reported);
void sw_session_tell_parameter(struct sw_session *session, const char *name, const char *value);
/* It was sent, and cannot end as it should: one error, then on as after any error. */
void sw_session_fail_run(struct sw_session *session, const struct sw_error *err);
/* May the run that is under way, or was lost, have taken effect for good? */
bool sw_session_may_have_committed(const struct sw_session *session);
/* The run was not sent, and will not be: an error in its place. */
void sw_session_refuse_run(struct sw_session *session, const struct sw_error *err);
/* What @shard calls the types that the client knows from the catalog database; NULL: the same.
 */
struct sw_oid_map *sw_session_types_on(const struct sw_session *session,
                                       const struct sw_shard *shard);
/* Is ReadyForQuery due at the end of the run? */
bool sw_session_is_ready_due(const struct sw_session *session);

/* failing.c */

/* Of which kind was the client's request that failed at @index (-1: none of its own)? */
enum sw_request_kind sw_session_kind_of_failed(const struct sw_session *session, int index);
/* The server's error goes to the client, whose own text it then points at. */
void sw_session_forward_error(struct sw_session *session, int index,
                              const struct sw_frame *frame);

/* copying.c */

/* A server waits for data. */
void sw_session_begin_copy(struct sw_session *session, const uint8_t *bytes, size_t len);
/* It does so no longer: what is still to come of the client's data is dropped. */
void sw_session_leave_copy(struct sw_session *session);
/* Does it read what the client sends for that? */
bool sw_session_reads_copy(const struct sw_session *session);
/* Deal with the beginning of [bytes, bytes + len); returns how far, 0 when more has to come. */
size_t sw_session_take_copy(struct sw_session *session, const uint8_t *bytes, size_t len);
/* Send what was taken. */
void sw_session_flush_copy(struct sw_session *session);
/* CopyData for the server. */
void sw_session_pass_on(struct sw_session *session, const uint8_t *data, size_t len);
/* The server has read it. */
void sw_session_go_on_copying(struct sw_session *session);

/* rows.c */

/* Do the rows of a COPY, which are still to come, tell where it runs? */
bool sw_session_copies_rows(const struct sw_planned *planned);
/* Ask the client for data. Nothing is collected, nor is a batch open in a transaction. @planned
 * is shared, and @named, which is NULL of a simple query. */
bool sw_session_begin_rows(struct sw_session *session, struct sw_planned *planned,
                           struct sw_named *named, const char *text, struct sw_error *err);
void sw_session_take_rows(struct sw_session *session, const uint8_t *data, size_t len);
void sw_session_end_rows(struct sw_session *session);  /* CopyDone has come */
void sw_session_flow_rows(struct sw_session *session); /* the server wants data */
/* If no server has heard of it: it fails with @err. */
bool sw_session_refuse_rows(struct sw_session *session, const struct sw_error *err);
/* Is the server's error only that we let the COPY fail? Then the client was told why. */
bool sw_session_doubts_rows(struct sw_session *session, const struct sw_frame *frame);
void sw_session_forget_rows(struct sw_session *session);

/* The last words about a run: ReadyForQuery if it is due. READY. */
void sw_session_conclude(struct sw_session *session);
/* The error of a run whose answers before it are written: what it says is done. */
void sw_session_end_failed(struct sw_session *session);

/* ddl.c */

/* Is it DDL that goes to several shards, as far as the plan knows? */
bool sw_session_is_ddl(struct sw_session *session, const struct sw_statement *statement);
/* Collect DDL of @text, which holds @statements and nothing else. False: 0A000, 25001. */
bool sw_session_add_ddl(struct sw_session *session, const struct sw_statement *statements,
                        int count, const char *text, struct sw_error *err);
/* Run what was collected. */
void sw_session_run_ddl(struct sw_session *session);
/* It was not begun, and will not be. */
void sw_session_refuse_ddl(struct sw_session *session, const struct sw_error *err);
/* What runs on the shards; NULL: nothing. */
struct sw_joint *sw_session_joint(const struct sw_session *session);
/* The client is gone. True: nothing is under way any longer. */
bool sw_session_abandon_ddl(struct sw_session *session);
void sw_session_forget_ddl(struct sw_session *session);

/* journal.c */

/* The statement that leaves a note of DDL; to be freed. */
char *sw_session_ddl_note(const struct sw_session *session, const struct sw_route *route,
                          const struct sw_statement *statements, int count, const char *text);

/* outcome.c */
/* What the participant of @leg has heard by now. */
void sw_session_follow_opening(struct sw_session *session, const struct sw_leg *leg);
void sw_session_follow_run(struct sw_session *session, char status);
/* What was collected and never carried out did not happen. */
void sw_session_undo_names(struct sw_session *session);

/* pause.c */

/* If a pause concerns a session that holds no server: true, and @go_on is called when the pause
 * is over; the session must be RUNNING or ENTERING. While shardward drains nobody waits for
 * that: the session has been closed. */
bool sw_session_park(struct sw_session *session, void (*go_on)(struct sw_session *session));
void sw_session_unpark(struct sw_session *session); /* it will not go on */
bool sw_session_is_parked(const struct sw_session *session);

#endif
