/*
 * verdict - what follows from answers and failures of one node: pure, with the clock as an
 * argument.
 *
 *             answers, nothing fails          rise answers, a fresh connection, hold-down over
 *      +----> UP <--------------------+-------------------------------- RECOVERING
 *      |       | something fails,     |                                   ^     | fails
 *   UNKNOWN    v or is slow           | all of it is well again           |     v
 *      |    SUSPECT ------------------+                                  (answers)
 *      |       | hard evidence: refused twice, and the standing session is gone
 *      |       | soft evidence: `fall` failures in a row of one kind, for `min_down`
 *      +-----> v                                                          |
 *             DOWN -------------------------------------------------------+
 *
 * There are three kinds of questions, and each has its own failures: a node whose sessions
 * answer, but which lets nobody in, or on which nothing becomes durable, is as DOWN as one that
 * says nothing.
 */
#ifndef SW_HEALTH_VERDICT_H
#define SW_HEALTH_VERDICT_H

#include "shardward/health/vitals.h"

enum sw_channel { SW_BY_STATUS, SW_BY_CONNECT, SW_BY_WRITE, SW_CHANNELS };

enum sw_outcome {
    SW_ANSWERED,
    SW_REFUSED,     /* a host says that nobody listens, or a fresh connection was reset */
    SW_TIMED_OUT,   /* nothing came */
    SW_STARTING,    /* 57P03 */
    SW_TURNED_AWAY, /* 53300, 28xxx, 42xxx: no failure of the node; it lives */
    SW_FAILED,      /* an error that no healthy node gives */
    SW_UNSYNCED,    /* a write waits for standbys: they are at fault, not the primary */
};

struct sw_evidence {
    enum sw_channel channel;
    enum sw_outcome outcome;
    uint64_t asked_ms, came_ms; /* monotonic; it came at the time it was given up, if it did */
    const char *text;           /* of the server or the system; NULL: none */
};

enum { SW_EVIDENCE_TEXT = 120 };

struct sw_judge {
    enum sw_verdict verdict;
    enum sw_ailment ailment;
    bool is_tried;
    bool has_session; /* the standing one; kept by whoever has it */
    bool is_primary;  /* what it last said of itself; the same */
    struct {
        int fails;            /* in a row */
        uint64_t first_ms;    /* when the first of them was asked */
        uint64_t answered_ms; /* the last answer */
        bool are_answers;     /* the last failure came from the host, and not from silence */
    } channels[SW_CHANNELS];
    int refusals; /* of fresh connections, in a row; they count one by one */
    uint64_t first_refusal_ms, last_refusal_ms;
    uint64_t starting_ms;        /* since it says so; 0: it does not */
    bool is_slow;                /* by its last answer */
    uint64_t answered_ms;        /* the last sign of life */
    int rises;                   /* answers since it was DOWN */
    bool has_connected;          /* ... and a fresh connection */
    int falls;                   /* times that it went DOWN, less what has been forgiven */
    uint64_t held_ms;            /* it is not UP before */
    uint64_t forgiven_ms;        /* when a fall was last forgiven, or it came UP */
    char text[SW_EVIDENCE_TEXT]; /* of the last failure */
};

/* What is known besides at the time of a look. */
struct sw_moment {
    uint64_t now_ms;
    uint64_t waits_ms; /* the longest wait for an answer that is under way; 0: none */
    bool is_cut_off;   /* we are at fault, and not those who are silent: that is no evidence */
};

void sw_judge_hear(struct sw_judge *judge, const struct sw_evidence *evidence);
/* Come to a verdict. Returns whether it, or the ailment, is another one. */
bool sw_judge_look(struct sw_judge *judge, const struct sw_config_health *limits,
                   const struct sw_moment *moment);
/* Is it silent by its standing connection, so that it would be DOWN for that alone? Then since
 * when; 0: it is not. */
uint64_t sw_judge_silent_ms(const struct sw_judge *judge,
                            const struct sw_config_health *limits);
/* When the oldest failure that still counts began; 0: none does. */
uint64_t sw_judge_failed_ms(const struct sw_judge *judge);
/* Why, for people. */
void sw_judge_why(const struct sw_judge *judge, char *why, size_t size);

/* The observer's own health: how late its ticks are, one by one and together. */
struct sw_pulse {
    int level;                   /* 0 to 4 */
    uint64_t until_ms;           /* the level falls by one then */
    uint64_t window_ms, late_ms; /* since when lateness is added up, and how much it is */
};

enum { SW_TICK_MS = 100 };

/* A tick that was due at @due_ms comes at @now_ms. True: it stood still meanwhile, and what
 * timed out meanwhile counts for nothing. One that is late a little again and again gets too
 * little time to notice what comes: it is patient, too. */
bool sw_pulse_beat(struct sw_pulse *pulse, uint64_t due_ms, uint64_t now_ms);
/* By how much timeouts are longer. */
int sw_pulse_factor(const struct sw_pulse *pulse);

#endif
