/*
 *   standing   opened once, asked for the status again and again
 *   fresh      opened now and then, asked for the status once, closed; of a node that is not
 *              well several at a time, so that three failures take little longer than one
 *   writer     of a primary: opened once, writes again and again; left waiting for standbys
 *   history    of a primary on a new timeline: a replication connection that reads of it
 */
#include "patient.h"

#include "shardward/base/clock.h"
#include "shardward/base/log.h"

#include <stdio.h>
#include <string.h>

enum {
    WRITE_SLOW_MS = 1000, /* a write that takes longer is accompanied by others */
    WITNESS_MS = 300,     /* ... is looked after by the status question */
    UNSYNCED_MS = 2000,   /* what was seen of it holds so long */
    HISTORY_RETRY_MS = 3000,
};

struct sw_probe *sw_patient_probe(struct sw_patient *patient, int index)
{
    struct sw_probe *const single[] = {&patient->standing, &patient->writer, &patient->history};

    return index < 3 ? single[index] : &patient->fresh[index - 3];
}

static const struct sw_config_health *limits_of(const struct sw_patient *patient)
{
    return patient->cluster->health;
}

static bool is_well(const struct sw_patient *patient)
{
    return patient->judge.verdict == SW_VERDICT_UP;
}

/* It lives, but lets us not in: to hurry would be of no use. */
static bool is_turned_away(const struct sw_patient *patient)
{
    return patient->judge.verdict == SW_VERDICT_UNKNOWN && patient->judge.is_tried &&
           patient->judge.ailment == SW_AILS_NOTHING;
}

/* How long until the next one of a kind that has @usual_ms. Who has too little time to listen
 * does not ask more often. */
static uint64_t pause_of(const struct sw_patient *patient, int usual_ms, bool is_alert,
                         const struct sw_round *round)
{
    const struct sw_config_health *limits = limits_of(patient);
    int fast_ms = limits->fast_ms * round->factor;

    if ((is_well(patient) || is_turned_away(patient)) && !is_alert)
        return (uint64_t)usual_ms;
    if (patient->judge.verdict == SW_VERDICT_DOWN && limits->status_ms < usual_ms)
        return (uint64_t)limits->status_ms;
    return (uint64_t)(fast_ms < usual_ms ? fast_ms : usual_ms);
}

/* @ms, give or take a fifth. */
static uint64_t jitter(struct sw_patient *patient, uint64_t ms)
{
    patient->noise = patient->noise * 1664525 + 1013904223;
    return ms - ms / 5 + (uint64_t)(patient->noise >> 8) % (2 * (ms / 5) + 1);
}

void sw_patient_hear(struct sw_patient *patient, enum sw_channel channel,
                     enum sw_outcome outcome, uint64_t asked_ms, uint64_t came_ms,
                     const char *text)
{
    sw_judge_hear(&patient->judge, &(struct sw_evidence){.channel = channel,
                                                         .outcome = outcome,
                                                         .asked_ms = asked_ms,
                                                         .came_ms = came_ms,
                                                         .text = text});
    patient->is_changed = true;
}

/* --- asking --- */

static void open_probe(struct sw_patient *patient, struct sw_probe *probe,
                       const struct sw_round *round)
{
    enum sw_probe_news news =
        sw_probe_open(probe, patient->cluster, patient->node, probe == &patient->history);

    probe->opened_ms = probe->asked_ms = round->now_ms;
    probe->has_missed = false;
    if (news == SW_PROBE_LOST)
        sw_patient_take(patient, probe, news, round);
}

static void ask(struct sw_patient *patient, struct sw_probe *probe, const char *sql,
                const struct sw_round *round)
{
    enum sw_probe_news news = sw_probe_ask(probe, sql);

    probe->asked_ms = round->now_ms;
    probe->asked_us = sw_clock_us();
    probe->asked_started_us = patient->vitals.started_us;
    probe->has_missed = false;
    if (news == SW_PROBE_LOST)
        sw_patient_take(patient, probe, news, round);
}

static void ask_status(struct sw_patient *patient, struct sw_probe *probe,
                       const struct sw_round *round)
{
    const struct sw_probe *writer = &patient->writer;
    char sql[SW_QUESTION_LEN];
    bool waits =
        writer->phase == SW_PROBE_ASKING && round->now_ms - writer->asked_ms > WITNESS_MS;

    sw_question_status(sql, sizeof sql, waits ? PQbackendPID(writer->conn) : 0);
    ask(patient, probe, sql, round);
}

static void ask_history(struct sw_patient *patient, const struct sw_round *round)
{
    char sql[64];

    (void)snprintf(sql, sizeof sql, "TIMELINE_HISTORY %d", patient->vitals.timeline);
    ask(patient, &patient->history, sql, round);
}

static struct sw_probe *find_closed(struct sw_patient *patient)
{
    for (int i = 0; i < SW_FRESH; i++)
        if (patient->fresh[i].phase == SW_PROBE_CLOSED)
            return &patient->fresh[i];
    return NULL;
}

static void open_fresh(struct sw_patient *patient, bool is_write, const struct sw_round *round)
{
    struct sw_probe *fresh = find_closed(patient);

    if (fresh == NULL)
        return;
    fresh->is_write = is_write;
    fresh->is_urgent = !is_well(patient);
    open_probe(patient, fresh, round);
}

/* It may have become urgent since it was planned. */
static uint64_t no_later(uint64_t planned_ms, uint64_t pause_ms, const struct sw_round *round)
{
    uint64_t most_ms = round->now_ms + pause_ms;

    return planned_ms > most_ms + pause_ms / 5 ? most_ms : planned_ms;
}

static void start_status(struct sw_patient *patient, const struct sw_round *round)
{
    struct sw_probe *standing = &patient->standing;

    if (sw_probe_is_pending(standing))
        return;
    patient->next_status_ms = no_later(
        patient->next_status_ms,
        pause_of(patient, limits_of(patient)->status_ms, patient->is_alert, round), round);
    if (round->now_ms < patient->next_status_ms)
        return;
    patient->next_status_ms = UINT64_MAX; /* until it has been answered */
    if (standing->phase == SW_PROBE_IDLE)
        ask_status(patient, standing, round);
    else
        open_probe(patient, standing, round);
}

static void start_connect(struct sw_patient *patient, const struct sw_round *round)
{
    uint64_t pause_ms = pause_of(patient, limits_of(patient)->connect_ms, false, round);

    patient->next_connect_ms = no_later(patient->next_connect_ms, pause_ms, round);
    if (round->now_ms < patient->next_connect_ms)
        return;
    patient->next_connect_ms = round->now_ms + jitter(patient, pause_ms);
    open_fresh(patient, false, round);
}

bool sw_patient_is_unsynced(const struct sw_patient *patient, const struct sw_round *round)
{
    return patient->unsynced_ms != 0 && round->now_ms - patient->unsynced_ms < UNSYNCED_MS;
}

static int count_extra_writes(const struct sw_patient *patient)
{
    int count = 0;

    for (int i = 0; i < SW_FRESH; i++)
        count += patient->fresh[i].phase != SW_PROBE_CLOSED && patient->fresh[i].is_write;
    return count;
}

static void start_write(struct sw_patient *patient, const struct sw_round *round)
{
    const struct sw_config_health *limits = limits_of(patient);
    struct sw_probe *writer = &patient->writer;

    if (patient->vitals.role != SW_ROLE_PRIMARY) {
        sw_probe_close(writer);
        return;
    }
    if (sw_probe_is_pending(writer)) {
        if (round->now_ms - writer->asked_ms > WRITE_SLOW_MS &&
            !sw_patient_is_unsynced(patient, round) &&
            count_extra_writes(patient) + 1 < limits->fall &&
            round->now_ms >= patient->next_extra_write_ms) {
            patient->next_extra_write_ms = round->now_ms + (uint64_t)limits->fast_ms;
            open_fresh(patient, true, round);
        }
        return;
    }
    if (round->now_ms < patient->next_write_ms)
        return;
    patient->next_write_ms = round->now_ms + jitter(patient, (uint64_t)limits->write_ms);
    if (writer->phase == SW_PROBE_IDLE)
        ask(patient, writer, sw_question_write, round);
    else
        open_probe(patient, writer, round);
}

static void start_history(struct sw_patient *patient, const struct sw_round *round)
{
    const struct sw_vitals *vitals = &patient->vitals;

    if (vitals->role != SW_ROLE_PRIMARY || vitals->timeline <= 1 ||
        vitals->history_timeline == vitals->timeline ||
        sw_probe_is_pending(&patient->history) || round->now_ms < patient->next_history_ms)
        return;
    patient->next_history_ms = round->now_ms + HISTORY_RETRY_MS;
    open_probe(patient, &patient->history, round);
}

void sw_patient_start_due(struct sw_patient *patient, const struct sw_round *round)
{
    start_status(patient, round);
    start_connect(patient, round);
    start_write(patient, round);
    start_history(patient, round);
}

void sw_patient_hurry(struct sw_patient *patient, const struct sw_round *round)
{
    if (!sw_probe_is_pending(&patient->standing))
        patient->next_status_ms = round->now_ms;
    patient->next_connect_ms = round->now_ms;
}

/* --- answers --- */

static void plan_status(struct sw_patient *patient, const struct sw_round *round)
{
    patient->next_status_ms =
        round->now_ms + jitter(patient, pause_of(patient, limits_of(patient)->status_ms,
                                                 patient->is_alert, round));
}

void sw_patient_end_session(struct sw_patient *patient)
{
    if (patient->judge.has_session)
        patient->vitals.sessions_ended++;
    patient->judge.has_session = false;
}

/* Whatever it was: a crash that kills all sessions leaves the postmaster's start as it was, so
 * a write has to be confirmed anew. */
static void lose_session(struct sw_patient *patient, const struct sw_round *round)
{
    sw_patient_end_session(patient);
    patient->vitals.written_started_us = 0;
    patient->next_write_ms = round->now_ms;
    patient->is_changed = true;
    sw_patient_hurry(patient, round);
    patient->next_status_ms = round->now_ms;
}

static void take_loss(struct sw_patient *patient, struct sw_probe *probe,
                      const struct sw_round *round)
{
    bool was_open = probe->phase != SW_PROBE_CONNECTING;
    enum sw_outcome outcome = sw_words_failure(probe->state, probe->text);
    char text[SW_EVIDENCE_TEXT], state[sizeof probe->state];

    (void)snprintf(text, sizeof text, "%s", probe->text);
    (void)snprintf(state, sizeof state, "%s", probe->state);
    sw_probe_close(probe);
    if (probe == &patient->history) {
        if (outcome == SW_TURNED_AWAY)
            (void)snprintf(
                patient->vitals.history_why, SW_WHY,
                "%.100s; the control user needs REPLICATION and a line in pg_hba.conf", text);
        patient->is_changed = true;
    } else if (probe == &patient->standing && was_open) {
        lose_session(patient, round);
    } else if (probe == &patient->writer) {
        patient->next_write_ms = round->now_ms + (uint64_t)limits_of(patient)->fast_ms;
    } else {
        if (outcome == SW_TURNED_AWAY && strcmp(patient->judge.text, text) != 0)
            sw_log(SW_LOG_WARNING, "health-turned-away",
                   "cluster=%s node=%s sqlstate=%s reason=\"%s\"", patient->cluster->name,
                   patient->node->name, state, text);
        sw_patient_hear(patient, SW_BY_CONNECT, was_open ? SW_REFUSED : outcome,
                        probe->opened_ms, round->now_ms, text);
        if (probe == &patient->standing)
            plan_status(patient, round);
    }
}

static void take_open(struct sw_patient *patient, struct sw_probe *probe,
                      const struct sw_round *round)
{
    if (probe == &patient->history) {
        ask_history(patient, round);
        return;
    }
    if (probe == &patient->writer) {
        ask(patient, probe, sw_question_write, round);
        return;
    }
    if (probe == &patient->standing)
        patient->judge.has_session = true;
    sw_patient_hear(patient, SW_BY_CONNECT, SW_ANSWERED, probe->opened_ms, round->now_ms, NULL);
    if (probe != &patient->standing && probe->is_write)
        ask(patient, probe, sw_question_write, round);
    else
        ask_status(patient, probe, round);
}

static void take_error(struct sw_patient *patient, enum sw_channel channel,
                       const struct sw_probe *probe, const struct sw_round *round)
{
    const char *state = PQresultErrorField(probe->result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(probe->result, PG_DIAG_MESSAGE_PRIMARY);

    sw_patient_hear(patient, channel, state == NULL ? SW_FAILED : sw_words_outcome(state),
                    probe->asked_ms, round->now_ms, text);
}

static void tell_rights(const struct sw_patient *patient)
{
    const struct sw_vitals *vitals = &patient->vitals;

    if (!vitals->has_rights || !vitals->may_replicate)
        sw_log(SW_LOG_WARNING, "health-rights", "cluster=%s node=%s user=\"%s\" lacks=\"%s%s\"",
               patient->cluster->name, patient->node->name, patient->cluster->control.user,
               vitals->has_rights ? "" : "pg_monitor ",
               vitals->may_replicate ? "" : "REPLICATION");
}

static void take_status(struct sw_patient *patient, const struct sw_probe *probe,
                        const struct sw_round *round)
{
    struct sw_vitals *vitals = &patient->vitals;
    enum sw_role role = vitals->role;
    int64_t started_us = vitals->started_us;
    int timeline = vitals->timeline;
    bool waits;

    if (!sw_question_read_status(probe->result, vitals, &waits)) {
        take_error(patient, SW_BY_STATUS, probe, round);
        return;
    }
    sw_patient_hear(patient, SW_BY_STATUS, SW_ANSWERED, probe->asked_ms, round->now_ms, NULL);
    if (vitals->seen_ms == 0)
        tell_rights(patient);
    vitals->seen_ms = round->now_ms;
    vitals->probe_us = (int)(sw_clock_us() - probe->asked_us);
    patient->judge.is_primary = vitals->role == SW_ROLE_PRIMARY;
    if (waits) {
        patient->unsynced_ms = round->now_ms;
        vitals->writes = SW_WRITES_UNSYNCED;
        sw_patient_hear(patient, SW_BY_WRITE, SW_UNSYNCED, patient->writer.asked_ms,
                        round->now_ms, "commits wait for standbys");
    }
    if (role != vitals->role || started_us != vitals->started_us)
        patient->next_write_ms = round->now_ms;
    if (timeline != vitals->timeline) {
        patient->next_history_ms = round->now_ms;
        vitals->history_why[0] = '\0';
    }
}

static void take_write(struct sw_patient *patient, const struct sw_probe *probe,
                       const struct sw_round *round)
{
    struct sw_vitals *vitals = &patient->vitals;

    if (PQresultStatus(probe->result) != PGRES_TUPLES_OK) {
        vitals->writes = SW_WRITES_FAILED;
        take_error(patient, SW_BY_WRITE, probe, round);
        return;
    }
    if (probe->has_warning) /* somebody has cancelled its wait for standbys */
        return;
    sw_patient_hear(patient, SW_BY_WRITE, SW_ANSWERED, probe->asked_ms, round->now_ms, NULL);
    vitals->writes = SW_WRITES_DONE;
    vitals->written_started_us = probe->asked_started_us;
    patient->unsynced_ms = 0;
}

static void take_history(struct sw_patient *patient)
{
    struct sw_vitals *vitals = &patient->vitals;
    const PGresult *result = patient->history.result;

    patient->is_changed = true;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQnfields(result) == 2 &&
        PQntuples(result) == 1) {
        sw_words_history(PQgetvalue(result, 0, 1), vitals);
        vitals->history_timeline = vitals->timeline;
        vitals->history_why[0] = '\0';
    } else {
        (void)snprintf(vitals->history_why, SW_WHY, "%s",
                       PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    }
    sw_probe_close(&patient->history);
}

void sw_patient_take(struct sw_patient *patient, struct sw_probe *probe,
                     enum sw_probe_news news, const struct sw_round *round)
{
    bool is_standing = probe == &patient->standing;

    switch (news) {
    case SW_PROBE_NOTHING:
        return;
    case SW_PROBE_OPEN:
        take_open(patient, probe, round);
        return;
    case SW_PROBE_LOST:
        take_loss(patient, probe, round);
        return;
    case SW_PROBE_ANSWERED:
        break;
    }
    if (probe == &patient->history) {
        take_history(patient);
        return;
    }
    if (probe == &patient->writer || (!is_standing && probe->is_write))
        take_write(patient, probe, round);
    else
        take_status(patient, probe, round);
    if (is_standing)
        plan_status(patient, round);
    else if (probe != &patient->writer)
        sw_probe_close(probe);
}

void sw_patient_close(struct sw_patient *patient)
{
    for (int i = 0; i < SW_PATIENT_PROBES; i++)
        sw_probe_close(sw_patient_probe(patient, i));
    sw_patient_end_session(patient);
}
