/*
 * start-up packet --> [proof] --> the settings of the start-up packet are tried on a server
 *                 --> AuthenticationOk, ParameterStatus.., BackendKeyData, ReadyForQuery
 *
 * Nothing tells an unknown user from a wrong password: both hear the same words after the same
 * dialogue. An unknown database is told only after authentication.
 */
#include "internal.h"

#include "shardward/auth/sasl.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/base/text.h"
#include "shardward/io/local.h"
#include "shardward/session/encryption.h"
#include "shardward/session/hba.h"
#include "shardward/wire/write.h"

#include <string.h>

enum { AUTH_OK = 0, AUTH_PASSWORD = 3, AUTH_MD5 = 5 };

static void refuse_login(struct sw_session *session, const struct sw_error *err)
{
    static struct sw_log_limit limit;

    sw_log_limited(&limit, SW_LOG_WARNING, "login-failed", "client=%u user=\"%s\"", session->id,
                   session->user_name);
    sw_session_fatal(session, err);
}

static void fail_login(struct sw_session *session)
{
    struct sw_error err;

    sw_session_doubt_secret(session);
    sw_error_set(&err, "28P01", "password authentication failed for user \"%s\"",
                 session->user_name);
    refuse_login(session, &err);
}

static void try_settings(struct sw_session *session)
{
    if (sw_session_is_direct(session)) {
        sw_session_start_direct(session);
        return;
    }
    session->running = &session->leg;
    sw_leg_start(
        &session->leg,
        sw_pools_get(session->sessions->pools, session->user, session->database->catalog),
        session->database->catalog,
        &(struct sw_leg_work){.run = &session->run, .settings = session->settings});
}

/* A pause is over; the time for the rest of the login begins anew. */
static void try_settings_now(struct sw_session *session)
{
    int login_ms = session->map->config->timeouts.login_ms;

    if (login_ms > 0)
        sw_timer_start(session->login_timer, (uint64_t)login_ms);
    try_settings(session);
}

static bool are_settings_allowed(const struct sw_session *session, struct sw_error *err)
{
    const struct sw_settings *startup = session->startup;

    for (size_t i = 0; startup != NULL && i < startup->count; i++)
        if (!sw_setting_is_allowed(startup->list[i].name, startup->list[i].value, err))
            return false;
    return true;
}

/* Logged in: a server tries the settings, and tells us the parameters to report. */
static void enter(struct sw_session *session)
{
    struct sw_error err;

    free(session->scram);
    session->scram = NULL;
    sw_session_forget_secret(session);
    sw_write_auth(sw_session_out(session), AUTH_OK, NULL, 0);
    session->database = sw_map_database(session->map, session->database_name);
    if (session->database == NULL) {
        sw_error_set(&err, "3D000", "database \"%s\" does not exist", session->database_name);
        sw_session_fatal(session, &err);
        return;
    }
    if (!sw_user_may_connect(session->user, session->database)) {
        sw_error_set(&err, "42501", "permission denied for database \"%s\"",
                     session->database_name);
        sw_error_detail(&err, "User does not have CONNECT privilege.");
        sw_session_fatal(session, &err);
        return;
    }
    if ((!sw_session_is_direct(session) && !are_settings_allowed(session, &err)) ||
        !sw_session_starts_with_commits(session, &err)) {
        sw_session_fatal(session, &err);
        return;
    }
    if (!sw_session_start_reads(session, &err)) {
        sw_session_fatal(session, &err);
        return;
    }
    session->is_counted = sw_census_enter(session->sessions->census, session->user_name,
                                          session->user->clients, session->database, &err);
    if (!session->is_counted) {
        sw_session_fatal(session, &err);
        return;
    }
    /* So that servers, and drivers who ask, know it too; plans do not rely on it. */
    if (session->user->rights.is_read_only)
        session->startup =
            sw_settings_with(session->startup, "default_transaction_read_only", "on");
    session->state = SW_SESSION_ENTERING;
    session->startup = sw_settings_share(&session->sessions->startups, session->startup);
    session->settings = sw_settings_ref(session->startup);
    sw_stream_hold(session->stream);
    if (sw_session_park(session, try_settings_now))
        sw_timer_stop(session->login_timer); /* the client has done its part */
    else
        try_settings(session);
}

void sw_session_entered(struct sw_session *session)
{
    sw_leg_release(&session->leg);
    session->running = NULL;
    session->state = SW_SESSION_READY;
    sw_session_welcome(session, session->id);
}

void sw_session_welcome(struct sw_session *session, uint32_t pid)
{
    struct sw_buf *out = sw_session_out(session);

    sw_timer_close(session->login_timer);
    session->login_timer = NULL;
    session->at_start =
        sw_txn_settings_ref((struct sw_txn_settings){.settings = session->startup,
                                                     .told = session->told,
                                                     .read = (int)session->reads.mode,
                                                     .read_locally = SW_READ_UNSAID});
    sw_tally_entered(session);
    sw_write_key_data(out, pid, session->cancel_key);
    sw_write_ready(out, 'I');
    sw_stream_flush(session->stream);
    sw_stream_release(session->stream);
    sw_session_log_connection(session, "client-ready");
    sw_session_rest(session);
}

static void start_sasl(struct sw_session *session)
{
    struct sw_verifiers *verifiers = session->sessions->verifiers;
    const struct sw_tls *tls = sw_stream_tls(session->stream);
    struct sw_scram_verifier verifier;
    const uint8_t *binding;
    size_t len = 0;

    session->scram = sw_alloc(sizeof *session->scram);
    if (session->secret != NULL && !sw_scram_read_verifier(session->secret, &verifier))
        session->user = NULL;
    /* A password that was changed a moment ago opens as little as that of an unknown user. */
    if (session->user != NULL && session->secret == NULL &&
        !sw_verifiers_get(verifiers, session->user->password, &verifier))
        session->user = NULL;
    if (session->user == NULL)
        sw_scram_mock_verifier(session->user_name, &verifier);
    sw_scram_init(session->scram, &verifier);
    binding = tls == NULL ? NULL : sw_tls_binding(tls, &len);
    if (binding != NULL)
        sw_scram_offer_binding(session->scram, binding, len);
    sw_sasl_offer(session->scram, sw_session_out(session));
}

static void ask_for_md5(struct sw_session *session)
{
    struct sw_error err;

    if (sw_md5_salt(session->salt)) {
        sw_write_auth(sw_session_out(session), AUTH_MD5, session->salt, SW_MD5_SALT);
        return;
    }
    sw_error_set(&err, "XX000", "could not generate random MD5 salt");
    sw_session_fatal(session, &err);
}

/* The kernel vouches for who has come through a Unix-domain socket. */
static void look_at_peer(struct sw_session *session)
{
    struct sw_error err;
    uid_t peer;

    if (sw_socket_peer(session->fd, &peer) && peer == session->user->peer) {
        enter(session);
        return;
    }
    sw_error_set(&err, "28000", "Peer authentication failed for user \"%s\"",
                 session->user_name);
    refuse_login(session, &err);
}

static void look_at_certificate(struct sw_session *session)
{
    struct sw_error err;

    if (sw_stream_is_certified(session->stream, session->user_name)) {
        enter(session);
        return;
    }
    sw_error_set(&err, "28000", "certificate authentication failed for user \"%s\"",
                 session->user_name);
    refuse_login(session, &err);
}

/* How the client has to log in. A name that is no user's is asked for what most users are asked
 * for, also where users would get in without a password. */
static enum sw_config_auth choose_auth(const struct sw_session *session)
{
    const struct sw_map *map = session->map;
    struct sw_scram_verifier verifier;

    if (session->user == NULL)
        return map->others == NULL ? map->config->auth : map->others->auth;
    if (session->hba == SW_HBA_PEER)
        return SW_AUTH_PEER;
    if (session->hba == SW_HBA_CERT)
        return SW_AUTH_CERT;
    if (session->hba == SW_HBA_TRUST)
        return SW_AUTH_TRUST;
    /* As PostgreSQL's method md5 does with who has a SCRAM verifier. */
    if (session->secret != NULL && sw_scram_read_verifier(session->secret, &verifier))
        return SW_AUTH_SCRAM;
    return session->user->auth;
}

void sw_session_ask_for_proof(struct sw_session *session)
{
    if (session->secret != NULL) {
        session->user = session->map->others;
        session->is_of_others = true;
    }
    session->auth = choose_auth(session);
    session->state = SW_SESSION_LOGIN;
    switch (session->auth) {
    case SW_AUTH_SCRAM:
        start_sasl(session);
        break;
    case SW_AUTH_MD5:
        ask_for_md5(session);
        break;
    case SW_AUTH_PASSWORD:
        sw_write_auth(sw_session_out(session), AUTH_PASSWORD, NULL, 0);
        break;
    case SW_AUTH_PEER:
        look_at_peer(session);
        break;
    case SW_AUTH_CERT:
        look_at_certificate(session);
        break;
    case SW_AUTH_TRUST:
        enter(session);
        break;
    }
}

static void on_sasl(struct sw_session *session, const struct sw_frame *frame)
{
    struct sw_error err;

    if (!sw_sasl_answer(session->scram, frame, sw_session_out(session), &err)) {
        if (sw_error_is(&err, "28P01"))
            fail_login(session);
        else
            sw_session_fatal(session, &err);
        return;
    }
    if (session->scram->step != SW_SCRAM_DONE)
        return;
    if (session->user == NULL)
        fail_login(session);
    else
        enter(session);
}

/* NULL: there is none. */
static const char *read_proof(const struct sw_frame *frame, struct sw_error *err)
{
    struct sw_cursor cursor = sw_cursor_of(frame);
    const char *proof = sw_cursor_text(&cursor);

    if (frame->type != 'p')
        sw_error_set(err, "08P01", "expected password response, got message type %d",
                     frame->type);
    else if (!sw_cursor_is_done(&cursor))
        sw_error_set(err, "08P01", "invalid password packet size");
    else if (proof[0] == '\0')
        sw_error_set(err, "28P01", "empty password returned by client");
    else
        return proof;
    return NULL;
}

static void on_password(struct sw_session *session, const struct sw_frame *frame)
{
    const char *secret = session->user == NULL ? NULL : session->user->password;
    struct sw_error err;
    const char *proof = read_proof(frame, &err);
    bool is_proof;

    if (proof == NULL) {
        sw_session_fatal(session, &err);
        return;
    }
    if (session->secret != NULL)
        secret = session->secret;
    if (session->auth == SW_AUTH_MD5)
        is_proof = sw_md5_is_proof(secret, session->user_name, session->salt, proof);
    else
        is_proof = sw_password_is_proof(secret, session->user_name, proof);
    if (is_proof)
        enter(session);
    else
        fail_login(session);
}

void sw_session_on_login_message(struct sw_session *session, const struct sw_frame *frame)
{
    if (session->scram != NULL)
        on_sasl(session, frame);
    else
        on_password(session, frame);
}

static bool take_settings(struct sw_session *session, const struct sw_startup *startup,
                          struct sw_error *err)
{
    static const char setting_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.$";

    for (int i = 0; i < startup->setting_count; i++) {
        const struct sw_startup_pair *pair = &startup->settings[i];
        char name[128];

        if (!sw_text_lower(pair->name, name, sizeof name) ||
            name[strspn(name, setting_letters)] != '\0')
            return sw_error_set(err, "42704", "unrecognized configuration parameter \"%.100s\"",
                                pair->name);
        if (sw_session_take_own(session, name, pair->value))
            continue;
        session->startup = sw_settings_with(session->startup, name, pair->value);
    }
    return true;
}

/* False: the client may not even try. */
static bool admit(struct sw_session *session, struct sw_error *err)
{
    struct sw_hba_client client = {.is_tls = sw_stream_tls(session->stream) != NULL,
                                   .user = session->user_name,
                                   .database = session->database_name};
    const struct sw_config_hba *line;

    if (!sw_hba_admit(session->map->config, session->fd, &client, &line, err))
        return false;
    session->hba = line == NULL ? SW_HBA_AUTH : line->method;
    return true;
}

static void start_session(struct sw_session *session, const struct sw_startup *startup)
{
    struct sw_error err;

    if ((startup->version & 0xffff) != 0 || startup->unknown_option_count > 0)
        sw_write_negotiate(sw_session_out(session), 0x00030000, startup->unknown_options,
                           startup->unknown_option_count);
    session->user_name = sw_strdup(startup->user);
    session->database_name = sw_strdup(startup->database);
    session->map = sw_map_ref(session->sessions->map);
    session->user = sw_map_user(session->map, startup->user);
    if (session->is_surplus) {
        sw_error_set(&err, "53300", "sorry, too many clients already");
        sw_session_fatal(session, &err);
    } else if (startup->is_replication) {
        sw_error_set(&err, "0A000", "replication connections are not supported");
        sw_error_hint(&err, "Replicate from the PostgreSQL nodes themselves.");
        sw_session_fatal(session, &err);
    } else if (!take_settings(session, startup, &err) || !admit(session, &err)) {
        sw_session_fatal(session, &err);
    } else if (!sw_session_seek_user(session)) {
        sw_session_ask_for_proof(session);
    }
}

static void take_packet(struct sw_session *session, const struct sw_frame *frame, bool has_more)
{
    const struct sw_config *config = session->sessions->map->config;
    struct sw_startup startup;
    struct sw_error err;

    if (!sw_startup_read(&startup, frame, &err) ||
        !sw_encryption_take(session->stream, session->fd, config, &startup, has_more, &err))
        sw_session_fatal(session, &err);
    else if (startup.kind == SW_STARTUP_CANCEL)
        sw_session_ask_to_cancel(session, startup.cancel_pid, startup.cancel_key);
    else if (startup.kind == SW_STARTUP_SESSION)
        start_session(session, &startup);
    sw_startup_finish(&startup);
}

size_t sw_session_greet(struct sw_session *session, const uint8_t *bytes, size_t len)
{
    struct sw_frame frame;
    struct sw_error err;

    switch (sw_frame_next_untyped(bytes, len, SW_STARTUP_LIMIT, &frame)) {
    case SW_FRAME_WHOLE:
        take_packet(session, &frame, len > frame.size);
        return frame.size;
    case SW_FRAME_HEADER:
    case SW_FRAME_SHORT:
        return 0;
    case SW_FRAME_LONG:
    case SW_FRAME_BAD:
        break;
    }
    sw_error_set(&err, "08P01", "invalid length of startup packet");
    sw_session_fatal(session, &err);
    return 0;
}
