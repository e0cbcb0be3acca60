/*
 * sasl - the messages of the protocol in which the SCRAM dialogue travels (PostgreSQL docs,
 * "SASL Authentication").
 */
#ifndef SW_AUTH_SASL_H
#define SW_AUTH_SASL_H

#include "shardward/auth/scram.h"
#include "shardward/base/buf.h"
#include "shardward/wire/frame.h"

/* AuthenticationSASL: the mechanisms that the client may choose from. */
void sw_sasl_offer(const struct sw_scram *scram, struct sw_buf *out);

/* Take the client's next message and append our answer. False: 08P01 of a message that is none
 * of SASL or names a mechanism that was not offered, or as sw_scram_answer(). */
bool sw_sasl_answer(struct sw_scram *scram, const struct sw_frame *frame, struct sw_buf *out,
                    struct sw_error *err);

#endif
