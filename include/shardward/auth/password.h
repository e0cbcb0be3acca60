/*
 * password - the dialogues in which a client sends its password, as it is or hashed with MD5
 * (PostgreSQL docs, "Protocol Flow: Start-up"). No I/O.
 *
 * A secret is what an administrator has written down of a user: the password itself, or what
 * PostgreSQL keeps in pg_authid.rolpassword under password_encryption = md5: "md5" and 32
 * hexadecimal digits. A secret that is NULL is nobody's: nothing proves it, after the same
 * work.
 */
#ifndef SW_AUTH_PASSWORD_H
#define SW_AUTH_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

enum { SW_MD5_SALT = 4, SW_MD5_TEXT = 36 /* with a zero byte */ };

/* A new salt. False when OpenSSL has no random bytes. */
bool sw_md5_salt(uint8_t salt[SW_MD5_SALT]);

/* Is @answer, the whole text that the client has sent, what who knows @secret of @user sends
 * under that salt? */
bool sw_md5_is_proof(const char *secret, const char *user, const uint8_t salt[SW_MD5_SALT],
                     const char *answer);

/* Is @answer the password of @user? */
bool sw_password_is_proof(const char *secret, const char *user, const char *answer);

#endif
