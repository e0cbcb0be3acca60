/*
 * The data of COPY FROM: the input is the style and the size of the pieces, and then the data.
 * Read in pieces it says the same as read at once.
 */
#include "shardward/key/copy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 4 };

static void print(struct sw_buf *out, enum sw_copy_step step, const struct sw_copy_rows *rows)
{
    (void)sw_buf_printf(out, "%d", (int)step);
    for (int p = 0; p < rows->part_count && step == SW_COPY_ROW; p++) {
        const struct sw_copy_field *field = &rows->fields[p];

        (void)sw_buf_printf(out, "/%d:%zu:", field->bytes == NULL, field->len);
        if (field->bytes != NULL)
            (void)sw_buf_append(out, field->bytes, field->len);
    }
}

static void read_all(const struct sw_copy_style *style, const uint8_t *data, size_t len,
                     size_t piece, struct sw_buf *out)
{
    static const int columns[] = {1, 0};
    enum sw_copy_step step = SW_COPY_MORE;
    struct sw_copy_rows rows;

    sw_copy_rows_init(&rows, style, 2, columns, 2);
    sw_buf_init(out, SIZE_MAX);
    while (len > 0 && (step == SW_COPY_MORE || step == SW_COPY_ROW)) {
        size_t taken = sw_copy_rows_read(&rows, data, len < piece ? len : piece, &step);

        if (taken > len || (taken == 0 && step == SW_COPY_MORE))
            abort();
        data += taken;
        len -= taken;
        if (step != SW_COPY_MORE)
            print(out, step, &rows);
    }
    if (step == SW_COPY_MORE || step == SW_COPY_ROW)
        print(out, sw_copy_rows_end(&rows), &rows);
    sw_copy_rows_finish(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char quotes[] = "\"'\\!";
    struct sw_copy_style style = {.null = "\\N"};
    struct sw_buf whole, parts;

    if (size < HEAD)
        return 0;
    style.format = (enum sw_copy_format)(data[0] % 3);
    style.has_header = data[0] & 4;
    style.delimiter = style.format == SW_COPY_CSV ? ',' : '\t';
    style.quote = quotes[data[1] % 2];
    style.escape = quotes[data[2] % 4];
    read_all(&style, data + HEAD, size - HEAD, size, &whole);
    read_all(&style, data + HEAD, size - HEAD, (size_t)data[3] % 7 + 1, &parts);
    if (sw_buf_len(&whole) != sw_buf_len(&parts) ||
        memcmp(sw_buf_bytes(&whole), sw_buf_bytes(&parts), sw_buf_len(&whole)) != 0)
        abort();
    sw_buf_finish(&whole);
    sw_buf_finish(&parts);
    return 0;
}
