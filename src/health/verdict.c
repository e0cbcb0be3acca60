#include "shardward/health/verdict.h"

#include <stdio.h>
#include <string.h>

enum {
    SLOW_MS = 300,
    REFUSALS_APART_MS = 200, /* two of them, so far apart, are no accident */
    HOLD_MS = 5000,          /* after the first fall; twice as long after each further one */
    MOST_HOLD_MS = 300000,
    MOST_DOUBLINGS = 6,
    FORGIVE_MS = 60000, /* of health, for each fall */
    STALL_MS = 150,
    MOST_LEVEL = 4,
    CALM_MS = 2000, /* without a stall, for each level */
    WINDOW_MS = 2000,
    SHARE_MS = 500, /* of lateness in a window, for each level */
};

/* --- evidence --- */

static void fail(struct sw_judge *judge, const struct sw_evidence *evidence)
{
    uint64_t *first_ms = &judge->channels[evidence->channel].first_ms;

    if (judge->channels[evidence->channel].fails++ == 0 || evidence->asked_ms < *first_ms)
        *first_ms = evidence->asked_ms;
    judge->channels[evidence->channel].are_answers = evidence->outcome != SW_TIMED_OUT;
    judge->rises = 0;
}

static void refuse(struct sw_judge *judge, const struct sw_evidence *evidence)
{
    if (judge->refusals++ == 0)
        judge->first_refusal_ms = evidence->came_ms;
    judge->last_refusal_ms = evidence->came_ms;
    judge->starting_ms = 0;
}

static void clear(struct sw_judge *judge, enum sw_channel channel)
{
    judge->channels[channel].fails = 0;
    judge->channels[channel].first_ms = 0;
    if (channel == SW_BY_CONNECT)
        judge->refusals = 0;
}

static void answer(struct sw_judge *judge, const struct sw_evidence *evidence)
{
    clear(judge, evidence->channel);
    judge->channels[evidence->channel].answered_ms = evidence->came_ms;
    judge->starting_ms = 0;
    if (evidence->channel == SW_BY_STATUS) {
        judge->rises++;
        judge->is_slow = evidence->came_ms - evidence->asked_ms > SLOW_MS;
    } else if (evidence->channel == SW_BY_CONNECT) {
        judge->has_connected = true;
    }
}

/* A long way there: a fresh connection takes several times as long as a question on a standing
 * one. Who has answered that meanwhile is not silent. */
static bool is_refuted(const struct sw_judge *judge, const struct sw_evidence *evidence)
{
    return evidence->outcome == SW_TIMED_OUT &&
           judge->channels[evidence->channel].answered_ms > evidence->asked_ms;
}

void sw_judge_hear(struct sw_judge *judge, const struct sw_evidence *evidence)
{
    judge->is_tried = true;
    if (is_refuted(judge, evidence))
        return;
    if (evidence->outcome != SW_TIMED_OUT)
        judge->answered_ms = evidence->came_ms;
    if (evidence->outcome != SW_ANSWERED)
        (void)snprintf(judge->text, sizeof judge->text, "%s",
                       evidence->text == NULL ? "" : evidence->text);
    switch (evidence->outcome) {
    case SW_ANSWERED:
        answer(judge, evidence);
        break;
    case SW_REFUSED:
        refuse(judge, evidence);
        fail(judge, evidence);
        break;
    case SW_TIMED_OUT:
    case SW_FAILED:
        fail(judge, evidence);
        break;
    case SW_STARTING:
        clear(judge, evidence->channel);
        if (judge->starting_ms == 0)
            judge->starting_ms = evidence->came_ms;
        judge->rises = 0;
        break;
    case SW_TURNED_AWAY:
        judge->starting_ms = 0;
        clear(judge, evidence->channel);
        break;
    case SW_UNSYNCED:
        clear(judge, evidence->channel);
        break;
    }
}

/* --- the verdict --- */

static bool has_fallen(const struct sw_judge *judge, enum sw_channel channel,
                       const struct sw_config_health *limits, const struct sw_moment *moment)
{
    if (moment->is_cut_off && !judge->channels[channel].are_answers)
        return false;
    return judge->channels[channel].fails >= limits->fall &&
           moment->now_ms - judge->channels[channel].first_ms >= (uint64_t)limits->min_down_ms;
}

/* What brings it DOWN; SW_AILS_NOTHING: nothing does. */
static enum sw_ailment find_downfall(const struct sw_judge *judge,
                                     const struct sw_config_health *limits,
                                     const struct sw_moment *moment)
{
    if (judge->refusals > 1 && !judge->has_session &&
        judge->last_refusal_ms - judge->first_refusal_ms >= REFUSALS_APART_MS)
        return SW_AILS_REFUSED;
    if (judge->starting_ms != 0 && !judge->has_session &&
        moment->now_ms - judge->starting_ms >= (uint64_t)limits->restart_grace_ms)
        return SW_AILS_STARTING;
    if (has_fallen(judge, SW_BY_STATUS, limits, moment))
        return SW_AILS_SILENT;
    if (has_fallen(judge, SW_BY_CONNECT, limits, moment))
        return judge->channels[SW_BY_CONNECT].are_answers ? SW_AILS_REFUSED : SW_AILS_CONNECTS;
    if (judge->is_primary && has_fallen(judge, SW_BY_WRITE, limits, moment))
        return SW_AILS_WRITES;
    return SW_AILS_NOTHING;
}

/* What is not well, if it is not DOWN. */
static enum sw_ailment find_ailment(const struct sw_judge *judge,
                                    const struct sw_moment *moment)
{
    if (judge->starting_ms != 0)
        return SW_AILS_STARTING;
    if (judge->refusals > 0)
        return SW_AILS_REFUSED;
    if (judge->channels[SW_BY_STATUS].fails > 0)
        return SW_AILS_SILENT;
    if (judge->channels[SW_BY_CONNECT].fails > 0)
        return SW_AILS_CONNECTS;
    if (judge->is_primary && judge->channels[SW_BY_WRITE].fails > 0)
        return SW_AILS_WRITES;
    if (judge->is_slow || moment->waits_ms > SLOW_MS)
        return SW_AILS_SLOW;
    return SW_AILS_NOTHING;
}

static void go_down(struct sw_judge *judge, const struct sw_moment *moment)
{
    uint64_t hold_ms = HOLD_MS;

    judge->has_connected = false;
    judge->rises = 0;
    if (judge->verdict == SW_VERDICT_RECOVERING || judge->verdict == SW_VERDICT_DOWN)
        return; /* the same fall goes on */
    for (int i = 0; i < judge->falls && i < MOST_DOUBLINGS; i++)
        hold_ms *= 2;
    judge->falls++;
    judge->held_ms = moment->now_ms + (hold_ms < MOST_HOLD_MS ? hold_ms : MOST_HOLD_MS);
}

/* A primary is needed, however often it fell. */
static bool may_be_up(const struct sw_judge *judge, const struct sw_config_health *limits,
                      const struct sw_moment *moment)
{
    return judge->rises >= limits->rise && judge->has_connected &&
           (judge->is_primary || moment->now_ms >= judge->held_ms);
}

static void forgive(struct sw_judge *judge, const struct sw_moment *moment)
{
    if (judge->falls > 0 && moment->now_ms - judge->forgiven_ms >= FORGIVE_MS) {
        judge->falls--;
        judge->forgiven_ms = moment->now_ms;
    }
}

static enum sw_verdict judge_well(struct sw_judge *judge, const struct sw_config_health *limits,
                                  const struct sw_moment *moment, enum sw_ailment ailment)
{
    switch (judge->verdict) {
    case SW_VERDICT_UNKNOWN:
    case SW_VERDICT_UP:
    case SW_VERDICT_SUSPECT:
        if (judge->verdict == SW_VERDICT_UNKNOWN && judge->rises == 0)
            return SW_VERDICT_UNKNOWN;
        forgive(judge, moment);
        return ailment == SW_AILS_NOTHING ? SW_VERDICT_UP : SW_VERDICT_SUSPECT;
    case SW_VERDICT_DOWN:
        return judge->rises > 0 ? SW_VERDICT_RECOVERING : SW_VERDICT_DOWN;
    case SW_VERDICT_RECOVERING:
        break;
    }
    if (!may_be_up(judge, limits, moment))
        return SW_VERDICT_RECOVERING;
    judge->forgiven_ms = moment->now_ms;
    return SW_VERDICT_UP;
}

bool sw_judge_look(struct sw_judge *judge, const struct sw_config_health *limits,
                   const struct sw_moment *moment)
{
    enum sw_ailment ailment = find_downfall(judge, limits, moment);
    enum sw_verdict verdict = SW_VERDICT_DOWN;
    bool is_other;

    if (ailment == SW_AILS_NOTHING) {
        ailment = find_ailment(judge, moment);
        verdict = judge_well(judge, limits, moment, ailment);
        if (verdict == SW_VERDICT_DOWN && ailment == SW_AILS_NOTHING)
            ailment = judge->ailment;
    } else {
        go_down(judge, moment);
    }
    is_other = verdict != judge->verdict || ailment != judge->ailment;
    judge->verdict = verdict;
    judge->ailment = ailment;
    return is_other;
}

uint64_t sw_judge_silent_ms(const struct sw_judge *judge, const struct sw_config_health *limits)
{
    bool is_silent = judge->channels[SW_BY_STATUS].fails >= limits->fall &&
                     !judge->channels[SW_BY_STATUS].are_answers;

    return is_silent ? judge->channels[SW_BY_STATUS].first_ms : 0;
}

uint64_t sw_judge_failed_ms(const struct sw_judge *judge)
{
    uint64_t oldest_ms = judge->starting_ms;

    for (int i = 0; i < SW_CHANNELS; i++) {
        uint64_t first_ms = judge->channels[i].first_ms;

        if (judge->channels[i].fails > 0 && (oldest_ms == 0 || first_ms < oldest_ms))
            oldest_ms = first_ms;
    }
    return oldest_ms;
}

static const char *words_of(enum sw_ailment ailment)
{
    static const char *const words[] = {
        [SW_AILS_NOTHING] = "",
        [SW_AILS_SLOW] = "it answers late",
        [SW_AILS_SILENT] = "it does not answer",
        [SW_AILS_REFUSED] = "it refuses connections",
        [SW_AILS_CONNECTS] = "it opens no connections",
        [SW_AILS_STARTING] = "it is starting or stopping",
        [SW_AILS_WRITES] = "it makes nothing durable",
    };

    return words[ailment];
}

void sw_judge_why(const struct sw_judge *judge, char *why, size_t size)
{
    const char *words = words_of(judge->ailment);

    if (judge->verdict == SW_VERDICT_UNKNOWN && judge->ailment == SW_AILS_NOTHING)
        (void)snprintf(why, size, "%s", judge->text);
    else if (judge->ailment == SW_AILS_NOTHING || judge->ailment == SW_AILS_SLOW ||
             judge->text[0] == '\0')
        (void)snprintf(why, size, "%s", words);
    else
        (void)snprintf(why, size, "%s: %s", words, judge->text);
}

/* --- the observer --- */

static void rise_to(struct sw_pulse *pulse, uint64_t level, uint64_t now_ms)
{
    if (level > (uint64_t)pulse->level)
        pulse->level = level < MOST_LEVEL ? (int)level : MOST_LEVEL;
    pulse->until_ms = now_ms + CALM_MS;
}

static void add_up(struct sw_pulse *pulse, uint64_t late_ms, uint64_t now_ms)
{
    if (now_ms - pulse->window_ms >= WINDOW_MS) {
        pulse->window_ms = now_ms;
        pulse->late_ms = 0;
    }
    pulse->late_ms += late_ms;
    if (pulse->late_ms >= SHARE_MS)
        rise_to(pulse, pulse->late_ms / SHARE_MS, now_ms);
}

bool sw_pulse_beat(struct sw_pulse *pulse, uint64_t due_ms, uint64_t now_ms)
{
    uint64_t late_ms = now_ms > due_ms ? now_ms - due_ms : 0;

    if (late_ms >= STALL_MS) {
        rise_to(pulse, late_ms / STALL_MS, now_ms);
        return true;
    }
    add_up(pulse, late_ms, now_ms);
    if (pulse->level > 0 && now_ms >= pulse->until_ms) {
        pulse->level--;
        pulse->until_ms = now_ms + CALM_MS;
    }
    return false;
}

int sw_pulse_factor(const struct sw_pulse *pulse)
{
    return 1 + pulse->level;
}
