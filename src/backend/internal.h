#ifndef SW_BACKEND_INTERNAL_H
#define SW_BACKEND_INTERNAL_H

#include <libpq-fe.h>

struct sw_dialled {
    PGconn *conn;
    char default_isolation[24]; /* as current_setting() names it */
};

#endif
