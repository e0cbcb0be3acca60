/*
 * scattering - a statement over several shards, as the files about it share it.
 */
#ifndef SW_SESSION_SCATTERING_H
#define SW_SESSION_SCATTERING_H

#include "internal.h"

#include "shardward/execute/scatter.h"
#include "shardward/plan/scatter.h"
#include "shardward/wire/request.h"

/* What runs on a leg to gather, and to finish, by its number in the run. */
enum { SW_SCATTERING_AT_BIND, SW_SCATTERING_AT_EXECUTE };

struct sw_scattering {
    struct sw_session *session;
    struct sw_planned *planned;
    char *text;                     /* the client's, of one statement */
    const struct sw_shard **shards; /* in global order */
    int count;

    struct sw_named *portal; /* the mark of the client's; NULL: a simple query */
    uint32_t *types;         /* of its parameters, as the client declared them */
    int type_count;
    bool is_named;      /* the statement has a name, by which it will be bound again */
    struct sw_buf tail; /* of its Bind */
    bool executes;
    uint32_t max_rows;

    struct sw_cook *cook;
    bool asks_clients_text; /* the question under way is the client's own text */
    struct sw_recipe *recipe;
    bool finishes; /* the last query runs */

    struct sw_scatter *scatter; /* what is under way; NULL: nothing */
    struct opening *openings;   /* what its parts hear first */
    int at;                     /* requests of the run that are answered */
    bool has_begun;             /* the client was told what comes before the rows */
};

/* --- scattering.c --- */

/* The client's answer is an error: ours, or (NULL) that of what was under way. The session is
 * READY then, or closed. */
void sw_scattering_fail(struct sw_scattering *scattering, const struct sw_error *err);
/* All is well: answer what is not answered yet. READY, or closed. */
void sw_scattering_end(struct sw_scattering *scattering);
/* Rows may be there. */
void sw_scattering_take_rows(struct sw_scattering *scattering);
/* What was under way has ended. */
void sw_scattering_go_on(struct sw_scattering *scattering);

/* --- cooking.c --- */

/* Find the recipe, or make it; then sw_scattering_gather(), or sw_scattering_fail(). Either may
 * have been called when this returns. */
void sw_scattering_cook(struct sw_scattering *scattering);
/* What was asked is answered. */
void sw_scattering_hear(struct sw_scattering *scattering);

/* --- gathering.c --- */

/* The recipe is there: ask all shards, if the portal is executed. */
void sw_scattering_gather(struct sw_scattering *scattering);
/* They have answered, and a last query makes the answer of that. */
void sw_scattering_finish(struct sw_scattering *scattering);

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

/* --- binding.c --- */

/* The values of a Bind that was kept; *values is to be freed. */
struct sw_parameters sw_scattering_parameters(const struct sw_scattering *scattering,
                                              struct sw_wire_bind *bind,
                                              struct sw_parameter **values);

#endif
