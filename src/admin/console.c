/*
 *   GREETING --start-up packet--> LOGIN --proof--> READY --command--> WAITING
 *       |                           |              |   <---answered---   |
 *       +---------- client gone, FATAL ------------+---------------------+
 *                        |
 *                        v
 *                    CLOSING --socket let go--> freed
 *
 * An unknown user and a wrong password look the same, as in the session room.
 */
#include "internal.h"

#include "shardward/auth/sasl.h"
#include "shardward/base/log.h"
#include "shardward/base/mem.h"
#include "shardward/session/encryption.h"
#include "shardward/wire/startup.h"
#include "shardward/wire/write.h"

#include <string.h>
#include <sys/random.h>

enum {
    AUTH_OK = 0,
    MESSAGE_LIMIT = 1024 * 1024, /* bytes of one message of a console */
};

static const char database_name[] = "shardward";

struct sw_buf *sw_console_out(struct sw_console *console)
{
    return sw_stream_out(console->stream);
}

/* --- login --- */

static void fail_login(struct sw_console *console)
{
    static struct sw_log_limit limit;
    struct sw_error err;

    sw_log_limited(&limit, SW_LOG_WARNING, "console-login-failed", "console=%u user=\"%s\"",
                   console->id, console->user_name);
    sw_error_set(&err, "28P01", "password authentication failed for user \"%s\"",
                 console->user_name);
    sw_console_fatal(console, &err);
}

static void welcome(struct sw_console *console)
{
    static const char *const parameters[][2] = {
        {"server_version", "15.0 (shardward " SW_VERSION ")"},
        {"server_encoding", "UTF8"},
        {"client_encoding", "UTF8"},
        {"DateStyle", "ISO, MDY"},
        {"IntervalStyle", "postgres"},
        {"TimeZone", "UTC"},
        {"integer_datetimes", "on"},
        {"standard_conforming_strings", "on"},
    };
    struct sw_buf *out = sw_console_out(console);
    uint32_t key;

    free(console->scram);
    console->scram = NULL;
    sw_timer_close(console->login_timer);
    console->login_timer = NULL;
    console->state = SW_CONSOLE_READY;
    sw_write_auth(out, AUTH_OK, NULL, 0);
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        sw_write_parameter_status(out, parameters[i][0], parameters[i][1]);
    if (getrandom(&key, sizeof key, 0) < 0)
        key = console->id;
    sw_write_key_data(out, console->id, key);
    sw_write_ready(out, 'I');
    sw_log(SW_LOG_INFO, "console-ready", "console=%u user=\"%s\"", console->id,
           console->user_name);
}

static void take_proof(struct sw_console *console, const struct sw_frame *frame)
{
    struct sw_error err;

    if (!sw_sasl_answer(console->scram, frame, sw_console_out(console), &err)) {
        if (sw_error_is(&err, "28P01"))
            fail_login(console);
        else
            sw_console_fatal(console, &err);
        return;
    }
    if (console->scram->step == SW_SCRAM_DONE && console->user < 0)
        fail_login(console);
    else if (console->scram->step == SW_SCRAM_DONE)
        welcome(console);
}

static int find_user(const struct sw_config *config, const char *name)
{
    for (int i = 0; i < config->admin.user_count; i++)
        if (strcmp(config->admin.users[i].name, name) == 0)
            return i;
    return -1;
}

static void start_sasl(struct sw_console *console)
{
    const struct sw_tls *tls = sw_stream_tls(console->stream);
    struct sw_scram_verifier mock;
    const uint8_t *binding;
    size_t len = 0;

    console->scram = sw_alloc(sizeof *console->scram);
    if (console->user < 0)
        sw_scram_mock_verifier(console->user_name, &mock);
    sw_scram_init(console->scram,
                  console->user < 0 ? &mock : &console->admin->verifiers[console->user]);
    binding = tls == NULL ? NULL : sw_tls_binding(tls, &len);
    if (binding != NULL)
        sw_scram_offer_binding(console->scram, binding, len);
    console->state = SW_CONSOLE_LOGIN;
    sw_sasl_offer(console->scram, sw_console_out(console));
}

static void start_console(struct sw_console *console, const struct sw_startup *startup)
{
    const struct sw_config *config = console->admin->map->config;
    struct sw_error err;

    if ((startup->version & 0xffff) != 0 || startup->unknown_option_count > 0)
        sw_write_negotiate(sw_console_out(console), 0x00030000, startup->unknown_options,
                           startup->unknown_option_count);
    console->user_name = sw_strdup(startup->user);
    console->user = find_user(config, startup->user);
    console->may_change = console->user >= 0 && config->admin.users[console->user].may_change;
    if (strcmp(startup->database, database_name) == 0 && !startup->is_replication) {
        start_sasl(console);
        return;
    }
    sw_error_set(&err, "3D000", "the console's database is \"%s\"", database_name);
    sw_error_hint(&err, "Applications connect to the port of `listen`.");
    sw_console_fatal(console, &err);
}

static void take_packet(struct sw_console *console, const struct sw_frame *frame, bool has_more)
{
    const struct sw_config *config = console->admin->map->config;
    struct sw_startup startup;
    struct sw_error err;

    if (!sw_startup_read(&startup, frame, &err) ||
        !sw_encryption_take(console->stream, console->fd, config, &startup, has_more, &err))
        sw_console_fatal(console, &err);
    else if (startup.kind == SW_STARTUP_CANCEL)
        sw_console_close(console);
    else if (startup.kind == SW_STARTUP_SESSION)
        start_console(console, &startup);
    sw_startup_finish(&startup);
}

/* --- bytes --- */

static enum sw_frame_status next_frame(const struct sw_console *console, const uint8_t *bytes,
                                       size_t len, struct sw_frame *frame)
{
    if (console->state == SW_CONSOLE_GREETING)
        return sw_frame_next_untyped(bytes, len, SW_STARTUP_LIMIT, frame);
    return sw_frame_next(bytes, len,
                         console->state == SW_CONSOLE_LOGIN ? SW_STARTUP_LIMIT : MESSAGE_LIMIT,
                         frame);
}

/* One message, or 0 when it is not all here yet. */
static size_t take_next(struct sw_console *console, const uint8_t *bytes, size_t len)
{
    struct sw_frame frame;
    struct sw_error err;

    switch (next_frame(console, bytes, len, &frame)) {
    case SW_FRAME_WHOLE:
        if (console->state == SW_CONSOLE_GREETING)
            take_packet(console, &frame, len > frame.size);
        else if (console->state == SW_CONSOLE_LOGIN)
            take_proof(console, &frame);
        else
            sw_dialogue_take(console, &frame);
        return frame.size;
    case SW_FRAME_HEADER:
    case SW_FRAME_SHORT:
        return 0;
    case SW_FRAME_LONG:
    case SW_FRAME_BAD:
        break;
    }
    sw_error_set(&err, "08P01", "invalid message length");
    sw_console_fatal(console, &err);
    return 0;
}

static bool reads(const struct sw_console *console)
{
    return console->state <= SW_CONSOLE_READY && !sw_stream_is_congested(console->stream);
}

static size_t on_bytes(void *owner, const uint8_t *bytes, size_t len)
{
    struct sw_console *console = owner;
    size_t at = 0;

    while (at < len && reads(console)) {
        size_t step = take_next(console, bytes + at, len - at);

        if (step == 0)
            break;
        at += step;
    }
    if (console->state == SW_CONSOLE_CLOSING)
        return at;
    sw_stream_flush(console->stream);
    if (sw_stream_is_congested(console->stream))
        sw_stream_hold(console->stream);
    return at;
}

static void on_drained(void *owner)
{
    struct sw_console *console = owner;

    if (console->state != SW_CONSOLE_WAITING)
        sw_stream_release(console->stream);
}

static void on_lost(void *owner, const char *reason)
{
    sw_encryption_log_loss(((struct sw_console *)owner)->stream, reason);
    sw_console_close(owner);
}

/* --- birth and end --- */

static void on_closed(void *owner)
{
    struct sw_console *console = owner;

    sw_socket_close(console->fd);
    sw_link_remove(&console->link);
    sw_dialogue_forget(console);
    sw_admin_unref(console->admin);
    free(console->scram);
    free(console->user_name);
    free(console->database);
    free(console);
}

void sw_console_close(struct sw_console *console)
{
    if (console->state == SW_CONSOLE_CLOSING)
        return;
    if (console->state >= SW_CONSOLE_READY)
        sw_log(SW_LOG_INFO, "console-gone", "console=%u user=\"%s\"", console->id,
               console->user_name);
    console->state = SW_CONSOLE_CLOSING;
    console->admin->count--;
    sw_timer_close(console->login_timer);
    sw_timer_close(console->again);
    console->login_timer = console->again = NULL;
    sw_stream_close(console->stream);
}

void sw_console_fatal(struct sw_console *console, const struct sw_error *err)
{
    if (console->state == SW_CONSOLE_CLOSING)
        return;
    sw_write_error(sw_console_out(console), "FATAL", err);
    sw_stream_flush(console->stream);
    sw_console_close(console);
}

static void on_login_timeout(void *owner)
{
    struct sw_error err;

    sw_error_set(&err, "08P01", "canceling authentication due to timeout");
    sw_console_fatal(owner, &err);
}

void sw_console_open(struct sw_admin *admin, int fd)
{
    static const struct sw_stream_events events = {on_bytes, on_drained, on_lost, on_closed};
    struct sw_console *console = sw_alloc_zero(1, sizeof *console);
    int login_ms = admin->map->config->timeouts.login_ms;

    console->admin = admin;
    console->id = ++admin->last_id & 0x7fffffff;
    console->user = -1;
    sw_textmap_init(&console->statements);
    sw_textmap_init(&console->portals);
    sw_list_push_back(&admin->consoles, &console->link);
    admin->count++;
    admin->refs++;
    console->fd = fd;
    console->stream = sw_stream_open(admin->loop, fd, &events, console);
    sw_encryption_offer(console->stream, fd, admin->map->config);
    console->login_timer = sw_timer_create(admin->loop, on_login_timeout, console);
    if (login_ms > 0)
        sw_timer_start(console->login_timer, (uint64_t)login_ms);
}
