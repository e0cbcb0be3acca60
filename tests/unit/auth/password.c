#include "shardward/auth/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* md5 of "secret" and "joe", as pg_authid has it. */
#define HASH "md5c59ec932d911ffdf487595b5a2adf973"

static void md5_is_proved_by_what_postgresql_takes(void **state)
{
    static const struct {
        const char *secret, *user;
        uint8_t salt[SW_MD5_SALT];
        const char *answer;
        bool is_proof;
    } rows[] = {
        {"secret", "joe", {1, 2, 3, 4}, "md5850be429f1fe77df3f603ac424abb440", true},
        {HASH, "joe", {1, 2, 3, 4}, "md5850be429f1fe77df3f603ac424abb440", true},
        {"secret", "joe", {0, 0, 255, 128}, "md52092fcb583c1587cbd13a66f47a9f844", true},
        {HASH, "joe", {0, 0, 255, 128}, "md52092fcb583c1587cbd13a66f47a9f844", true},
        {"secret", "joe", {1, 2, 3, 5}, "md5850be429f1fe77df3f603ac424abb440", false},
        {"secret", "jo", {1, 2, 3, 4}, "md5850be429f1fe77df3f603ac424abb440", false},
        {"secreT", "joe", {1, 2, 3, 4}, "md5850be429f1fe77df3f603ac424abb440", false},
        {"secret", "joe", {1, 2, 3, 4}, "MD5850be429f1fe77df3f603ac424abb440", false},
        {"secret", "joe", {1, 2, 3, 4}, "md5850be429f1fe77df3f603ac424abb44", false},
        {"secret", "joe", {1, 2, 3, 4}, "md5850be429f1fe77df3f603ac424abb4400", false},
        {"secret", "joe", {1, 2, 3, 4}, "secret", false},
        {"secret", "joe", {1, 2, 3, 4}, HASH, false},
        {HASH, "joe", {1, 2, 3, 4}, HASH, false},
        {"secret", "joe", {1, 2, 3, 4}, "", false},
        {NULL, "joe", {1, 2, 3, 4}, "md5850be429f1fe77df3f603ac424abb440", false},
        {NULL, "joe", {1, 2, 3, 4}, "", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(
            sw_md5_is_proof(rows[i].secret, rows[i].user, rows[i].salt, rows[i].answer),
            rows[i].is_proof);
}

/* What is proved by the empty password of the empty user would be proved of nobody's secret. */
static void nothing_proves_nobodys_secret(void **state)
{
    static const uint8_t salt[SW_MD5_SALT] = {1, 2, 3, 4};

    assert_true(sw_md5_is_proof("", "", salt, "md5ada29999d4c1ee52a9d35ac6fe6129e8"));
    assert_false(sw_md5_is_proof(NULL, "", salt, "md5ada29999d4c1ee52a9d35ac6fe6129e8"));
    assert_true(sw_password_is_proof("", "joe", ""));
    assert_false(sw_password_is_proof(NULL, "joe", ""));
}

static void a_password_is_proved_by_itself(void **state)
{
    static const struct {
        const char *secret, *user, *answer;
        bool is_proof;
    } rows[] = {
        {"secret", "joe", "secret", true},
        {"secret", "joe", "Secret", false},
        {"secret", "joe", "secre", false},
        {"secret", "joe", "secrets", false},
        {"secret", "joe", "", false},
        {HASH, "joe", "secret", true},
        {HASH, "jo", "secret", false},
        {HASH, "joe", HASH, false},
        {HASH, "joe", "secrets", false},
        {NULL, "joe", "secret", false},
        /* What only looks like a hash is a password. */
        {"md5", "joe", "md5", true},
        {HASH "0", "joe", HASH "0", true},
        {"md5C59EC932D911FFDF487595B5A2ADF973", "joe", "md5C59EC932D911FFDF487595B5A2ADF973",
         true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(sw_password_is_proof(rows[i].secret, rows[i].user, rows[i].answer),
                         rows[i].is_proof);
}

static void salts_differ(void **state)
{
    uint8_t salts[8][SW_MD5_SALT];
    int equal = 0;

    for (int i = 0; i < 8; i++) {
        assert_true(sw_md5_salt(salts[i]));
        equal += i > 0 && memcmp(salts[i], salts[i - 1], SW_MD5_SALT) == 0;
    }
    assert_int_equal(equal, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md5_is_proved_by_what_postgresql_takes),
        cmocka_unit_test(nothing_proves_nobodys_secret),
        cmocka_unit_test(a_password_is_proved_by_itself),
        cmocka_unit_test(salts_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
