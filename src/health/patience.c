/*
 * What has taken too long, and what follows of everything that was heard.
 */
#include "patient.h"

#include "shardward/base/log.h"

#include <time.h>

static const struct sw_config_health *limits_of(const struct sw_patient *patient)
{
    return patient->cluster->health;
}

static bool is_over(uint64_t since_ms, int limit_ms, const struct sw_round *round)
{
    return round->now_ms - since_ms >= (uint64_t)limit_ms * (uint64_t)round->factor;
}

static void miss(struct sw_patient *patient, enum sw_channel channel, uint64_t asked_ms,
                 const struct sw_round *round)
{
    sw_patient_hear(patient, channel, SW_TIMED_OUT, asked_ms, round->now_ms,
                    "no answer in time");
}

static void give_up_standing(struct sw_patient *patient, const struct sw_round *round)
{
    struct sw_probe *standing = &patient->standing;

    if (!sw_probe_is_pending(standing) ||
        !is_over(standing->asked_ms, limits_of(patient)->status_timeout_ms, round))
        return;
    miss(patient, SW_BY_STATUS, standing->asked_ms, round);
    sw_probe_close(standing);
    sw_patient_end_session(patient);
    patient->next_status_ms = round->now_ms;
}

static void give_up_writer(struct sw_patient *patient, const struct sw_round *round)
{
    struct sw_probe *writer = &patient->writer;

    if (!sw_probe_is_pending(writer) ||
        !is_over(writer->asked_ms, limits_of(patient)->write_timeout_ms, round))
        return;
    if (sw_patient_is_unsynced(patient, round)) {
        writer->asked_ms = round->now_ms; /* it goes on waiting */
        return;
    }
    if (writer->phase == SW_PROBE_ASKING) {
        patient->vitals.writes = SW_WRITES_FAILED;
        miss(patient, SW_BY_WRITE, writer->asked_ms, round);
    }
    sw_probe_close(writer);
    patient->next_write_ms = round->now_ms;
}

static void give_up_extra_write(struct sw_patient *patient, struct sw_probe *fresh,
                                const struct sw_round *round)
{
    if (!is_over(fresh->opened_ms, limits_of(patient)->write_timeout_ms, round))
        return;
    if (fresh->phase == SW_PROBE_ASKING && !sw_patient_is_unsynced(patient, round))
        miss(patient, SW_BY_WRITE, fresh->opened_ms, round);
    sw_probe_close(fresh);
}

static void give_up_fresh(struct sw_patient *patient, struct sw_probe *fresh,
                          const struct sw_round *round)
{
    const struct sw_config_health *limits = limits_of(patient);

    if (fresh->is_urgent && !fresh->has_missed &&
        is_over(fresh->opened_ms, limits->status_timeout_ms, round)) {
        miss(patient, SW_BY_STATUS, fresh->opened_ms, round);
        fresh->has_missed = true;
    }
    if (!is_over(fresh->opened_ms, limits->connect_timeout_ms, round))
        return;
    if (fresh->phase == SW_PROBE_CONNECTING)
        miss(patient, SW_BY_CONNECT, fresh->opened_ms, round);
    sw_probe_close(fresh);
}

void sw_patient_give_up(struct sw_patient *patient, const struct sw_round *round)
{
    give_up_standing(patient, round);
    give_up_writer(patient, round);
    for (int i = 0; i < SW_FRESH; i++) {
        struct sw_probe *fresh = &patient->fresh[i];

        if (!sw_probe_is_pending(fresh))
            continue;
        if (fresh->is_write)
            give_up_extra_write(patient, fresh, round);
        else
            give_up_fresh(patient, fresh, round);
    }
    if (sw_probe_is_pending(&patient->history) &&
        is_over(patient->history.opened_ms, limits_of(patient)->connect_timeout_ms, round))
        sw_probe_close(&patient->history);
}

void sw_patient_excuse(struct sw_patient *patient, const struct sw_round *round)
{
    for (int i = 0; i < SW_PATIENT_PROBES; i++) {
        struct sw_probe *probe = sw_patient_probe(patient, i);

        probe->opened_ms = probe->asked_ms = round->now_ms;
    }
}

/* --- the verdict --- */

static uint64_t longest_wait(struct sw_patient *patient, const struct sw_round *round)
{
    uint64_t since_ms = round->now_ms;

    if (sw_probe_is_pending(&patient->standing))
        since_ms = patient->standing.asked_ms;
    for (int i = 0; i < SW_FRESH; i++) {
        const struct sw_probe *fresh = &patient->fresh[i];

        if (sw_probe_is_pending(fresh) && !fresh->is_write && fresh->opened_ms < since_ms)
            since_ms = fresh->opened_ms;
    }
    return round->now_ms - since_ms;
}

void sw_patient_judge(struct sw_patient *patient, const struct sw_round *round)
{
    struct sw_judge *judge = &patient->judge;
    struct sw_vitals *vitals = &patient->vitals;
    uint64_t failed_ms = sw_judge_failed_ms(judge);
    const struct sw_moment moment = {
        .now_ms = round->now_ms,
        .waits_ms = longest_wait(patient, round),
        .is_cut_off = round->is_deaf ||
                      (round->has_clouds && failed_ms != 0 && round->newest_ms < failed_ms)};
    enum sw_verdict before = judge->verdict;
    struct timespec now;

    if (sw_judge_look(judge, limits_of(patient), &moment))
        patient->is_changed = true;
    if (!patient->is_changed && vitals->is_cut_off == moment.is_cut_off)
        return;
    patient->is_changed = true;
    vitals->verdict = judge->verdict;
    vitals->ailment = judge->ailment;
    vitals->failed_ms = failed_ms;
    vitals->is_tried = judge->is_tried;
    vitals->is_cut_off = moment.is_cut_off;
    sw_judge_why(judge, vitals->why, sizeof vitals->why);
    if (before == judge->verdict && vitals->since_us != 0)
        return;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    vitals->since_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    if (judge->verdict == SW_VERDICT_UNKNOWN)
        return;
    sw_log(SW_LOG_INFO, "verdict", "cluster=%s node=%s verdict=%s why=\"%s\"",
           patient->cluster->name, patient->node->name, sw_verdict_name(judge->verdict),
           vitals->why);
    if (judge->verdict != SW_VERDICT_UP)
        sw_patient_hurry(patient, round);
}
