#include "shardward/execute/run.h"

#include "shardward/base/mem.h"

#include <string.h>

enum { KEPT_REQUESTS = 64, KEPT_BYTES = 4096 };

void sw_run_init(struct sw_run *run)
{
    *run = (struct sw_run){0};
    sw_buf_init(&run->bytes, SW_RUN_LIMIT);
}

void sw_run_finish(struct sw_run *run)
{
    sw_run_clear(run);
    sw_buf_finish(&run->bytes);
    free(run->requests);
}

void sw_run_clear(struct sw_run *run)
{
    for (int i = 0; i < run->count; i++)
        sw_prepared_unref(run->requests[i].prepared);
    run->count = 0;
    run->needs_server = false;
    if (run->size > KEPT_REQUESTS) {
        free(run->requests);
        run->requests = NULL;
        run->size = 0;
    }
    if (run->bytes.size > KEPT_BYTES)
        sw_buf_release(&run->bytes);
    else
        sw_buf_clear(&run->bytes);
}

struct sw_request *sw_run_add(struct sw_run *run, enum sw_request_kind kind,
                              struct sw_prepared *prepared, const char *text, const void *bytes,
                              size_t bytes_len)
{
    struct sw_request *request;

    if (run->count == run->size) {
        run->size = run->size == 0 ? 8 : run->size * 2;
        run->requests = sw_realloc(run->requests, (size_t)run->size * sizeof *run->requests);
    }
    request = &run->requests[run->count++];
    *request = (struct sw_request){.kind = kind, .bytes_len = bytes_len};
    if (prepared != NULL)
        request->prepared = sw_prepared_ref(prepared);
    request->text = sw_buf_len(&run->bytes);
    if (text != NULL)
        (void)sw_buf_append(&run->bytes, text, strlen(text) + 1);
    request->bytes = sw_buf_len(&run->bytes);
    (void)sw_buf_append(&run->bytes, bytes, bytes_len);
    if (kind != SW_REQUEST_LOCAL && kind != SW_REQUEST_FAIL && kind != SW_REQUEST_SYNC &&
        kind != SW_REQUEST_FLUSH)
        run->needs_server = true;
    return request;
}

const char *sw_run_text(const struct sw_run *run, const struct sw_request *request)
{
    const uint8_t *bytes = sw_buf_bytes(&run->bytes);

    return bytes == NULL ? "" : (const char *)bytes + request->text;
}

const uint8_t *sw_run_bytes(const struct sw_run *run, const struct sw_request *request)
{
    const uint8_t *bytes = sw_buf_bytes(&run->bytes);

    return bytes == NULL ? NULL : bytes + request->bytes;
}
