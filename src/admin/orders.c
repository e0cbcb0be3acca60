/*
 * What changes something.
 */
#include "internal.h"

void sw_shutdown(struct sw_console *console)
{
    struct sw_admin *admin = console->admin;

    sw_console_done(console);
    admin->on_shutdown(admin->owner);
}
