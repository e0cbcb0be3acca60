#include "shardward/health/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

uint64_t sw_words_lsn(const char *text)
{
    char *rest;
    uint64_t high = strtoull(text, &rest, 16);

    return *rest == '/' ? high << 32 | strtoull(rest + 1, NULL, 16) : 0;
}

/* Lines of "timeline \t LSN \t reason"; comments begin with #. */
void sw_words_history(const char *text, struct sw_vitals *vitals)
{
    vitals->end_count = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char *rest;
        /* Entries are parted by empty lines, which strtol() would pass over. */
        long timeline = isdigit((unsigned char)*text) ? strtol(text, &rest, 10) : 0;
        uint64_t lsn = timeline > 0 ? sw_words_lsn(rest) : 0;

        if (lsn != 0) {
            if (vitals->end_count == SW_TIMELINES)
                memmove(vitals->ends, vitals->ends + 1,
                        (size_t)--vitals->end_count * sizeof *vitals->ends);
            vitals->ends[vitals->end_count++] =
                (struct sw_timeline_end){.timeline = (int)timeline, .lsn = lsn};
        }
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

/* The classes that say that the node lives and is well, but does not serve us. */
enum sw_outcome sw_words_outcome(const char *sqlstate)
{
    static const char *const failures[] = {"53100", "53200", "58", "XX", "57P02", "57P01"};

    if (strcmp(sqlstate, "57P03") == 0)
        return SW_STARTING;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (strncmp(sqlstate, failures[i], strlen(failures[i])) == 0)
            return SW_FAILED;
    return SW_TURNED_AWAY;
}

/* Without a word from the server: does its host say that nobody is there, or did nothing come?
 */
enum sw_outcome sw_words_failure(const char *sqlstate, const char *text)
{
    static const char *const refusals[] = {"refused", "reset", "closed the connection",
                                           "terminated abnormally", "No such file"};
    static const char *const silences[] = {"timed out", "unreachable", "No route", "timeout",
                                           "translate host name"};

    if (sqlstate[0] != '\0')
        return sw_words_outcome(sqlstate);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strstr(text, refusals[i]) != NULL)
            return SW_REFUSED;
    for (size_t i = 0; i < sizeof silences / sizeof *silences; i++)
        if (strstr(text, silences[i]) != NULL)
            return SW_TIMED_OUT;
    return SW_TURNED_AWAY;
}
