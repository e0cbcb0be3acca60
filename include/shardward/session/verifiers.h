/*
 * verifiers - what the users' passwords are checked against, made once for the whole process.
 *
 * Making a verifier of a password costs milliseconds, so it is done ahead of the login, by the
 * thread that reads the configuration; the workers only look up.
 */
#ifndef SW_SESSION_VERIFIERS_H
#define SW_SESSION_VERIFIERS_H

#include "shardward/auth/scram.h"
#include "shardward/topology/map.h"

struct sw_verifiers;

struct sw_verifiers *sw_verifiers_create(void);
void sw_verifiers_free(struct sw_verifiers *verifiers); /* accepts NULL */

/* Make those of @map's users that are not there yet, and forget those of other passwords.
 * F0000: a password cannot be used; nothing is forgotten then. */
bool sw_verifiers_prepare(struct sw_verifiers *verifiers, const struct sw_map *map,
                          struct sw_error *err);
/* Copy the verifier of @password; false: it was not prepared. From any thread. */
bool sw_verifiers_get(struct sw_verifiers *verifiers, const char *password,
                      struct sw_scram_verifier *verifier);

#endif
