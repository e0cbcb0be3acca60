#ifndef SW_IO_TLS_INTERNAL_H
#define SW_IO_TLS_INTERNAL_H

#include "shardward/io/tls.h"

#include <openssl/ssl.h>

SSL_CTX *sw_tls_context(const struct sw_tls *tls);
/* What OpenSSL complained of on this thread, which is forgotten then. */
const char *sw_tls_reason(void);

#endif
