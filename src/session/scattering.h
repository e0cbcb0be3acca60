/*
 * scattering - a statement over several shards, as the files about it share it.
 */
#ifndef SW_SESSION_SCATTERING_H
#define SW_SESSION_SCATTERING_H

#include "internal.h"

#include "shardward/execute/scatter.h"
#include "shardward/merge/copy_writer.h"
#include "shardward/plan/scatter.h"
#include "shardward/wire/request.h"

enum { SW_SERVER_PORTAL = 32 };

/* COPY TO of rows that several shards have. */
struct sw_copying {
    const struct sw_copy_out *out; /* of the client's statement */
    bool passes;                   /* what each shard copies by itself is passed on */
    bool asks_head;                /* the question under way is what comes before the rows */
    bool has_head;
    struct sw_buf head; /* ... CopyOutResponse, a line of names */
    struct sw_copy_writer writer;
    bool *quotes;       /* of the writer */
    struct sw_buf rows; /* that are to be written */
};

/* EXPLAIN of it: its shards are asked one after the other, and then who finishes. */
struct sw_explaining {
    const struct sw_explain *explain; /* of the client's statement */
    bool has_begun;
    int at;             /* the shard that is asked */
    bool has_asked;     /* they have all answered */
    struct sw_buf rows; /* of the answer */
    uint32_t count;
};

struct sw_loading;
struct sw_relief;

struct sw_scattering {
    struct sw_session *session;
    struct sw_planned *planned;
    char *text;                /* the client's, of one statement; or the query within */
    struct sw_planned *around; /* the client's statement, if that is about a query; or NULL */
    char *around_text;
    int shift;                        /* characters of it that stand before the query */
    struct sw_copying *copying;       /* it is COPY; NULL: it is not */
    struct sw_explaining *explaining; /* it is EXPLAIN; NULL: it is not */
    const struct sw_shard **shards;   /* in global order */
    int count;
    int refs; /* of the session, while it runs, and of its portal */

    struct sw_named *portal;    /* the client's, which the run has; NULL: a simple query */
    struct sw_named *statement; /* that it is of; NULL: a simple query */
    uint32_t *types;            /* of its parameters, as the client declared them */
    int type_count;
    bool is_named;      /* the statement has a name, by which it will be bound again */
    struct sw_buf tail; /* of its Bind */
    bool executes;
    uint32_t max_rows;

    struct sw_cook *cook;
    bool asks_clients_text; /* the question under way is the client's own text */
    struct sw_recipe *recipe;
    bool is_kept;               /* the recipe is of an earlier run */
    bool is_anew;               /* ... was thrown away, and made anew */
    bool finishes;              /* the last query runs */
    struct sw_loading *loading; /* what was gathered goes to tables, of which that is made;
                                   NULL: it does not */

    enum sw_read_mode read; /* where its shards may be read, as the session and its text say */
    struct sw_relief *relief; /* what is read of them; NULL: nobody wants to know */

    struct sw_scatter *scatter; /* what is under way; NULL: nothing */
    struct opening *openings;   /* what its parts hear first */
    int at;                     /* requests of the run that are answered */
    bool has_begun;             /* the client was told what comes before the rows */

    /* A portal that goes on, see fetching.c. */
    bool stays;
    bool is_open;    /* there are portals for it on the shards */
    bool is_failed;  /* an error has ended it */
    bool is_over;    /* no row is left */
    bool closes;     /* the run closes it */
    bool is_closed;  /* behind its Execute, in the run that binds it */
    bool waits;      /* for the client, who has to read */
    bool has_server; /* the run has had one */
    bool is_cursor;  /* DECLARE has made it */
    bool declares;   /* the run is that DECLARE */
    bool is_fetch;   /* the run is FETCH, or MOVE */
    bool is_move;
    bool is_binary; /* of a cursor: where the client does not say so */
    bool is_no_scroll;
    bool has_moved; /* a row has been taken from it */
    bool has_asked; /* shards for rows that the client gets, of a portal that goes on */
    int settings;   /* their mark in the transaction, when rows were computed */
    int rounds;     /* of the statement at hand */
    struct sw_merger *merger;
    int64_t skips, most, given; /* rows, of that statement; most -1: all */
    /* Of a cursor: the tails of Binds that ask for the formats of the rows that are here, and
     * of those that the client wants now. */
    struct sw_buf formats, wanted;
    char *name;                           /* the client's, of the portal */
    char server_portal[SW_SERVER_PORTAL]; /* its name on the shards */
};

/* --- asking.c --- */

/* 0A000: @what is not to be had. False. */
bool sw_scattering_refuse(struct sw_error *err, const char *what, const char *hint);
/* Inside of a transaction, portals may go on. */
bool sw_scattering_may_stay(const struct sw_session *session);
/* May it be a run now? 0A000; or wants_split is set. */
bool sw_scattering_has_place(struct sw_session *session, struct sw_error *err);
/* Name what there will be for it on the shards. */
void sw_scattering_name_portal(struct sw_scattering *scattering, const char *portal);

/* --- declaring.c --- */

/* The run is what @statement, of which @portal is (NULL: a simple query), says of a cursor.
 * False: it is not to be had there. */
bool sw_scattering_execute_cursor(struct sw_scattering *scattering,
                                  const struct sw_statement *statement, struct sw_named *portal,
                                  struct sw_error *err);
/* DECLARE: go on with its query. */
void sw_scattering_declare(struct sw_scattering *scattering);
/* Its cursor is open. */
void sw_scattering_declared(struct sw_scattering *scattering);
/* The cursor is closed. */
void sw_scattering_closed(struct sw_scattering *scattering);
/* Ask for so many rows. */
void sw_scattering_add_fetch(struct sw_scattering *scattering, uint32_t rows);
/* What is said of a cursor is bound. The portal, borrowed. */
struct sw_named *sw_scattering_bind_cursor(struct sw_scattering *scattering,
                                           const struct sw_named *named,
                                           const struct sw_wire_bind *bind);
/* Is it about a cursor, and has no columns to be described? */
bool sw_scattering_is_mute(const struct sw_statement *statement);

/* --- scattering.c --- */

/* RowDescription, with the formats that @formats, the tail of a Bind, asks for. */
void sw_scattering_write_columns(const struct sw_scattering *scattering,
                                 const struct sw_buf *formats, struct sw_buf *out);
/* Tell the client what comes before the rows, unless he was told. */
void sw_scattering_begin(struct sw_scattering *scattering);
/* All rows were given: what comes after them. READY, or closed. */
void sw_scattering_conclude(struct sw_scattering *scattering);

/* The client's answer is an error: ours, or (NULL) that of what was under way. The session is
 * READY then, or closed. */
void sw_scattering_fail(struct sw_scattering *scattering, const struct sw_error *err);
/* All is well: answer what is not answered yet. READY, or closed. */
void sw_scattering_end(struct sw_scattering *scattering);
/* Rows may be there. */
void sw_scattering_take_rows(struct sw_scattering *scattering);
/* The last answer is complete. */
void sw_scattering_conclude(struct sw_scattering *scattering);
/* What was under way has ended. */
void sw_scattering_go_on(struct sw_scattering *scattering);

/* The recipe is not there yet. */
bool sw_scattering_is_cooking(const struct sw_scattering *scattering);
/* Go on with the query that stands in the client's text from byte @at to @end. */
bool sw_scattering_enter(struct sw_scattering *scattering, int at, int end,
                         struct sw_error *err);

/* --- cooking.c --- */

/* Find the recipe, or make it; then sw_scattering_gather(), or sw_scattering_fail(). Either may
 * have been called when this returns. */
void sw_scattering_cook(struct sw_scattering *scattering);
/* What was asked is answered. */
void sw_scattering_hear(struct sw_scattering *scattering);
/* The recipe does not hold: what is under way has ended, and it is made anew. */
void sw_scattering_cook_anew(struct sw_scattering *scattering);

/* --- profiles.c --- */

/* RowDescription, or NoData, as far as its columns go. They are to be freed, and the names
 * borrowed from the frame; also when it is broken, which is false. */
bool sw_session_read_columns(const struct sw_frame *frame, struct sw_description *description);
/* Are these columns those that the recipe is for? */
bool sw_scattering_fits(const struct sw_scattering *scattering, const struct sw_frame *frame);
/* Has what was under way ended because the recipe does not hold any more; and may another one
 * be made in its place? */
bool sw_scattering_is_outdated(const struct sw_scattering *scattering);
bool sw_scattering_may_cook_anew(const struct sw_scattering *scattering);
void sw_scattering_forget_recipe(struct sw_scattering *scattering);
/* Are the columns those that the client knows of his statement? False: 0A000, as PostgreSQL. */
bool sw_scattering_check_told(const struct sw_scattering *scattering, struct sw_error *err);
/* The client is told of the recipe's columns, or given rows that have them. */
void sw_scattering_note_told(struct sw_scattering *scattering);

/* --- gathering.c --- */

/* What the shards are to give, if the client wants what @bind asks for. */
void sw_scattering_write_formats(struct sw_buf *out, const struct sw_wire_bind *bind,
                                 const struct sw_recipe *recipe);

/* The recipe is there: ask all shards, if the portal is executed. */
void sw_scattering_gather(struct sw_scattering *scattering);
/* What each shard is asked by the recipe. Borrowed. */
const char *sw_scattering_text(const struct sw_scattering *scattering);
/* They have answered, and a last query makes the answer of that. */
void sw_scattering_finish(struct sw_scattering *scattering);

/* Takes @prepared, which is run on its parameters in @tail. No more than @most rows are needed;
 * 0: all are. */
void sw_scattering_fill(struct sw_run *run, struct sw_prepared *prepared,
                        const struct sw_buf *tail, int64_t most);

/* The last query, of tables, becomes what is under way; without Sync. */
void sw_scattering_add_finish(struct sw_scattering *scattering);

/* --- spilling.c --- */

/* All shards have answered, and not all is in memory: finish on shard number @at. Takes
 * @spill. */
void sw_scattering_load(struct sw_scattering *scattering, struct sw_spill *spill, int at);
/* A chunk was stored, or was not. */
void sw_scattering_go_on_loading(struct sw_scattering *scattering);
/* Nothing is under way but the reading of a file. */
void sw_scattering_cancel_loading(struct sw_scattering *scattering, const struct sw_error *why);
void sw_scattering_forget_loading(struct sw_scattering *scattering);

/* --- copying_out.c --- */

/* Run COPY. As of cooking. */
void sw_scattering_copy(struct sw_scattering *scattering);
/* The recipe is there. False: more has to be done first, and is under way. */
bool sw_scattering_prepare_copy(struct sw_scattering *scattering);
void sw_scattering_hear_head(struct sw_scattering *scattering);
void sw_scattering_forget_head(struct sw_scattering *scattering); /* it has to be asked again */
/* What is wrong in the options stands so much further behind then. */
int sw_scattering_head_shift(void);
void sw_scattering_begin_copy(struct sw_scattering *scattering);
/* As sw_scatter_pull(). */
bool sw_scattering_pull_copy(struct sw_scattering *scattering);
/* It fails: answer what PostgreSQL would have answered before. */
void sw_scattering_break_copy(struct sw_scattering *scattering);
void sw_scattering_end_copy(struct sw_scattering *scattering);
void sw_scattering_forget_copy(struct sw_scattering *scattering);
/* --- fetching.c --- */

/* Give the client rows of a portal that is open, and get more of them from the shards. */
void sw_scattering_fetch(struct sw_scattering *scattering);
/* What was under way for such a portal has ended well; it is open now, if it was not. */
void sw_scattering_fetched(struct sw_scattering *scattering);
/* Are there rows here that the client did not want yet? */
bool sw_scattering_holds_rows(const struct sw_scattering *scattering);
/* Close what there is for it on the shards. */
void sw_scattering_close(struct sw_scattering *scattering);
/* How many rows are asked for at once. */
uint32_t sw_scattering_batch(const struct sw_scattering *scattering);

/* The client's values, and behind them one array for each column that was gathered. */
void sw_scattering_write_values(struct sw_buf *out, const struct sw_wire_bind *bind,
                                const struct sw_columns *columns, int array_count);

/* --- explaining.c --- */

/* Run EXPLAIN. As of cooking. */
void sw_scattering_explain(struct sw_scattering *scattering);
/* The recipe is there. */
void sw_scattering_explain_on(struct sw_scattering *scattering);
/* Is the plan of a server what is under way? */
bool sw_scattering_awaits_plan(const struct sw_scattering *scattering);
void sw_scattering_hear_plan(struct sw_scattering *scattering);
/* The text that explains @text, as the client asked for it; from the heap. */
char *sw_scattering_explained(const struct sw_scattering *scattering, const char *text);
/* RowDescription, in the format of the client's Bind; and the rows with their tag. */
void sw_scattering_describe_plan(struct sw_scattering *scattering);
void sw_scattering_end_plan(struct sw_scattering *scattering);
/* They were of a recipe that does not hold any longer. */
void sw_scattering_forget_plans(struct sw_scattering *scattering);
void sw_scattering_end_explaining(struct sw_scattering *scattering);

/* --- spreading.c --- */

/* A scatter over @count of the shards from @first on, not yet started. */
struct sw_scatter *sw_scattering_spread(struct sw_scattering *scattering, int first, int count);
/* What was under way, if anything was, has ended: in a transaction it is noted what its parts
 * have heard, and who was lost. Outside of one legs are released, but for that of shard number
 * @kept (-1: all are). */
void sw_scattering_settle(struct sw_scattering *scattering, int kept);
/* Nobody waits any more for what is under way. */
void sw_scattering_drop(struct sw_scattering *scattering);
/* The shard that runs the last query. */
int sw_scattering_finisher(const struct sw_scattering *scattering);

/* --- relieving.c --- */

/* The run begins: may its shards be read on replicas? */
void sw_scattering_begin_relief(struct sw_scattering *scattering);
/* The recipe is there: no server is needed that is only good for that. */
void sw_scattering_leave_cooking(struct sw_scattering *scattering);
/* May what is about to be asked go to replicas? */
bool sw_scattering_may_leave(const struct sw_scattering *scattering);
/* Outside of a transaction @part, of shard number @at, has its turn, with the primary's pool:
 * it is given that of a replica perhaps. False: 57P03. */
bool sw_scattering_relieve(struct sw_scattering *scattering, struct sw_scatter_part *part,
                           int at, struct sw_error *err);
/* The part has ended; its leg still has its server, perhaps. */
void sw_scattering_note_part(struct sw_scattering *scattering,
                             const struct sw_scatter_part *part);
/* Has it come to its end for the sake of a replica, with no row given to the client? Then it is
 * begun again, elsewhere. */
bool sw_scattering_starts_again(struct sw_scattering *scattering);
/* What was gathered is to become tables on shard number @at: not on a replica. */
void sw_scattering_leave_replica(struct sw_scattering *scattering, int at);
void sw_scattering_forget_relief(struct sw_scattering *scattering);

/* --- binding.c --- */

/* The values of a Bind that was kept; *values is to be freed. */
struct sw_parameters sw_scattering_parameters(const struct sw_scattering *scattering,
                                              struct sw_wire_bind *bind,
                                              struct sw_parameter **values);

#endif
