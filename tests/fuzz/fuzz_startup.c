/* Start-up packets: the input is what a client sends first, from the length on. */
#include "shardward/wire/startup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const struct sw_startup *startup)
{
    size_t sum = strlen(startup->user) + strlen(startup->database);

    for (int i = 0; i < startup->setting_count; i++)
        sum += strlen(startup->settings[i].name) + strlen(startup->settings[i].value);
    for (int i = 0; i < startup->unknown_option_count; i++)
        sum += strlen(startup->unknown_options[i]);
    /* No byte of the packet is read into more than two texts. */
    if (sum > 2 * (size_t)SW_STARTUP_LIMIT)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_startup startup;
    struct sw_frame frame;
    struct sw_error err;

    if (sw_frame_next_untyped(data, size, SW_STARTUP_LIMIT, &frame) != SW_FRAME_WHOLE)
        return 0;
    if (!sw_startup_read(&startup, &frame, &err)) {
        if (strlen(err.sqlstate) != 5 || err.message[0] == '\0')
            abort();
        return 0;
    }
    if (startup.kind == SW_STARTUP_SESSION)
        touch(&startup);
    sw_startup_finish(&startup);
    return 0;
}
