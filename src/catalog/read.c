#include "read.h"

#include "sql.h"
#include "talk.h"

#include "shardward/base/mem.h"
#include "shardward/catalog/reader.h"

#include <string.h>

enum { MOST_TEXT = 256 << 20 };

struct reading {
    struct sw_buf text;
    bool has_schema;  /* shardward's own */
    bool has_journal; /* ... of a version that has it */
};

/* Rows become lines as they are: their first column is the kind. */
static void on_result(void *owner, const PGresult *result)
{
    struct reading *reading = owner;
    int rows = PQntuples(result), columns = PQnfields(result);

    for (int row = 0; row < rows; row++) {
        if (strcmp(PQgetvalue(result, row, 0), "shardward") == 0) {
            reading->has_schema = PQgetvalue(result, row, 1)[0] == 't';
            reading->has_journal = PQgetvalue(result, row, 2)[0] == 't';
            continue;
        }
        for (int column = 0; column < columns; column++) {
            if (column > 0)
                sw_buf_append_text(&reading->text, "\t");
            sw_schema_write_cell(&reading->text, PQgetisnull(result, row, column)
                                                     ? NULL
                                                     : PQgetvalue(result, row, column));
        }
        sw_buf_append_text(&reading->text, "\n");
    }
}

static bool read_all(struct sw_talk *talk, struct reading *reading, struct sw_error *err)
{
    if (!sw_talk_run(talk, sw_sql_reading, on_result, reading, err))
        return false;
    if (reading->has_schema && !sw_talk_run(talk, sw_sql_accepted, on_result, reading, err))
        return false;
    if (reading->has_journal && !sw_talk_run(talk, sw_sql_journal, on_result, reading, err))
        return false;
    return !reading->text.is_over ||
           sw_error_set(err, "54000", "the schema is larger than %d MB", MOST_TEXT >> 20);
}

char *sw_read_shard(const struct sw_shard *shard, const struct sw_node *node, int timeout_ms,
                    const atomic_bool *is_stopping, struct sw_error *err)
{
    struct sw_talk talk = {.node = node, .waiting.is_stopping = is_stopping};
    struct reading reading = {.has_schema = false};
    char *text = NULL;

    sw_buf_init(&reading.text, MOST_TEXT);
    if (sw_talk_open(&talk, shard, timeout_ms, err)) {
        if (read_all(&talk, &reading, err))
            text = sw_strndup(
                sw_buf_len(&reading.text) == 0 ? "" : (const char *)sw_buf_bytes(&reading.text),
                sw_buf_len(&reading.text));
        else
            sw_error_trying(err, "cannot read the schema of shard \"%s\"", shard->name);
    }
    sw_talk_close(&talk);
    sw_buf_finish(&reading.text);
    return text;
}
