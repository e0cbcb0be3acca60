/*
 * ParameterStatus: a client is told of each reported parameter when it differs from what it was
 * told before, whichever server says so.
 */
#include "internal.h"

#include "shardward/wire/write.h"

#include <string.h>

void sw_session_tell_parameter(struct sw_session *session, const char *name, const char *value)
{
    const char *told = sw_settings_get(session->told, name);

    /* A participant that hears late of a setting reports what was told before. */
    if (told != NULL && strcmp(told, value) == 0)
        return;
    sw_write_parameter_status(sw_session_out(session), name, value);
    session->told = sw_settings_with(session->told, name, value);
}

/* All that is reported to a client who was told nothing yet. */
static void tell_first(struct sw_session *session, struct sw_settings *reported)
{
    for (size_t i = 0; i < reported->count; i++)
        sw_write_parameter_status(sw_session_out(session), reported->list[i].name,
                                  reported->list[i].value);
    session->told = sw_settings_ref(reported);
}

void sw_session_tell(struct sw_session *session, struct sw_settings *reported)
{
    if (session->told == reported)
        return;
    if (session->told == NULL) {
        tell_first(session, reported);
        return;
    }
    for (size_t i = 0; reported != NULL && i < reported->count; i++)
        sw_session_tell_parameter(session, reported->list[i].name, reported->list[i].value);
    if (sw_settings_are_equal(session->told, reported)) {
        (void)sw_settings_ref(reported);
        sw_settings_unref(session->told);
        session->told = reported;
    }
}
