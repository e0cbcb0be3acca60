/*
 * Numbers for the rows of an INSERT that leaves a column to a sequence. While they are drawn,
 * the session is RUNNING, and the message at hand is taken again when they are there. Like
 * nextval(), drawing is no part of any transaction: what is not used is a gap.
 */
#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/execute/ids.h"

struct sw_drawing {
    struct sw_draw draw;
    struct sw_planned *planned; /* of the statement that they are for; NULL: of none */
    int64_t *ids;
    int size, count; /* room; how many have been drawn */
    bool is_refused;
    struct sw_error refusal;
};

static void forget_statement(struct sw_drawing *drawing)
{
    sw_planned_unref(drawing->planned);
    drawing->planned = NULL;
    drawing->count = 0;
    drawing->is_refused = false;
}

static void go_on(struct sw_session *session)
{
    session->state = SW_SESSION_READY;
    session->measure.is_waiting = false;
    sw_stream_release(session->stream);
}

static void on_drawn(void *owner)
{
    struct sw_session *session = owner;

    session->drawing->count += session->drawing->draw.count;
    go_on(session);
}

static void on_refused(void *owner, const struct sw_error *err)
{
    struct sw_session *session = owner;

    session->drawing->is_refused = true;
    session->drawing->refusal = *err;
    go_on(session);
}

static struct sw_drawing *drawing_of(struct sw_session *session)
{
    struct sw_drawing *drawing = session->drawing;

    if (drawing != NULL)
        return drawing;
    drawing = session->drawing = sw_alloc_zero(1, sizeof *drawing);
    sw_link_init(&drawing->draw.link);
    drawing->draw.on_drawn = on_drawn;
    drawing->draw.on_refused = on_refused;
    drawing->draw.owner = session;
    return drawing;
}

/* A text that nobody keeps is planned anew each time it is taken. */
static bool is_for(const struct sw_drawing *drawing, const struct sw_insertion *insertion)
{
    return drawing->planned != NULL &&
           sw_insertion_is_equal(sw_planned_insertion(drawing->planned), insertion);
}

static void begin(struct sw_drawing *drawing, struct sw_planned *planned, int count)
{
    forget_statement(drawing);
    drawing->planned = sw_planned_ref(planned);
    if (drawing->size >= count)
        return;
    drawing->size = count;
    drawing->ids = sw_realloc(drawing->ids, (size_t)count * sizeof *drawing->ids);
}

static enum sw_drawn wait_for(struct sw_session *session)
{
    session->state = SW_SESSION_RUNNING;
    session->takes_again = true;
    sw_tally_asked(session);
    session->measure.is_waiting = true;
    sw_stream_hold(session->stream);
    return SW_DRAWN_LATER;
}

/* As long as for a connection; or for the primary of the catalog database, if that may have to
 * be waited for. */
static int wait_ms(const struct sw_session *session)
{
    int lease_ms = session->map->config->timeouts.lease_ms;
    int failover_ms = session->map->config->timeouts.failover_ms;

    if (!sw_session_is_watched(session->database->catalog) || lease_ms == 0)
        return lease_ms;
    return failover_ms == 0 || failover_ms > lease_ms ? failover_ms : lease_ms;
}

static bool draw_fill(struct sw_session *session, const struct sw_fill *fill)
{
    struct sw_drawing *drawing = session->drawing;
    const struct sw_config *config = session->map->config;
    const struct sw_ids_source source = {.map = session->map,
                                         .user = session->user,
                                         .database = session->database,
                                         .expression = fill->draws,
                                         .ahead = config->limits.id_block,
                                         .wait_ms = wait_ms(session)};

    if (!sw_ids_draw(session->sessions->ids, &source, &drawing->draw,
                     drawing->ids + fill->first, fill->count))
        return false;
    drawing->count += fill->count;
    return true;
}

const struct sw_insertion *sw_planned_insertion(const struct sw_planned *planned)
{
    return planned->plan == NULL ? NULL : sw_plan_insertion(planned->plan);
}

enum sw_drawn sw_session_draw(struct sw_session *session, struct sw_planned *planned,
                              const int64_t **ids, struct sw_error *err)
{
    const struct sw_insertion *insertion = sw_planned_insertion(planned);
    struct sw_drawing *drawing;

    *ids = NULL;
    if (insertion == NULL || insertion->id_count == 0)
        return SW_DRAWN;
    drawing = drawing_of(session);
    if (!is_for(drawing, insertion))
        begin(drawing, planned, insertion->id_count);
    if (drawing->is_refused) {
        *err = drawing->refusal;
        forget_statement(drawing);
        return SW_DRAWN_REFUSED;
    }
    if (drawing->count == 0 && sw_session_park(session, go_on))
        return wait_for(session);
    for (int i = 0; i < insertion->fill_count; i++)
        if (drawing->count <= insertion->fills[i].first &&
            !draw_fill(session, &insertion->fills[i]))
            return wait_for(session);
    *ids = drawing->ids;
    return SW_DRAWN;
}

bool sw_session_refuse_drawing(struct sw_session *session, const struct sw_error *err)
{
    if (session->drawing == NULL)
        return false;
    if (sw_session_is_parked(session) && session->go_on == go_on)
        sw_session_unpark(session);
    else if (!sw_session_is_drawing(session))
        return false;
    sw_session_stop_drawing(session);
    on_refused(session, err);
    return true;
}

void sw_session_use_drawn(struct sw_session *session)
{
    if (session->drawing != NULL)
        forget_statement(session->drawing);
}

bool sw_session_is_drawing(const struct sw_session *session)
{
    return session->drawing != NULL && sw_link_is_linked(&session->drawing->draw.link);
}

void sw_session_stop_drawing(struct sw_session *session)
{
    if (session->drawing != NULL)
        sw_draw_forget(&session->drawing->draw);
}

void sw_session_forget_drawing(struct sw_session *session)
{
    if (session->drawing == NULL)
        return;
    sw_session_stop_drawing(session);
    forget_statement(session->drawing);
    free(session->drawing->ids);
    free(session->drawing);
    session->drawing = NULL;
}
