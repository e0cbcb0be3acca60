/*
 * orders FILE.txt, or orders --collation LOCALE VERSION FILE.txt - what is compared here is in
 * the order of a server.
 *
 * Each line of the file is a type, its OID, a rank and the value in binary (see tests/lib/
 * orders.py). Of two values of one type the one of lower rank has to be less, and those of one
 * rank equal; the merger must take them from one source in their order, and in no other.
 */
#include "lines.h"

#include "shardward/base/mem.h"
#include "shardward/merge/merger.h"
#include "shardward/wire/write.h"

enum { MAX_VALUES = 1000, NAME_SIZE = 32 };

struct value {
    int rank;
    uint8_t *bytes;
    size_t len;
};

struct group {
    char name[NAME_SIZE];
    uint32_t oid;
    enum sw_order order;
    struct value values[MAX_VALUES];
    int count;
};

static int faults, types, pairs;
static struct sw_collation *collation; /* of texts; NULL: they are bytewise */

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void put_row(struct sw_buf *buf, const struct value *value)
{
    size_t start = sw_message_begin(buf, 'D');

    sw_put_int16(buf, 1);
    sw_put_int32(buf, (uint32_t)value->len);
    (void)sw_buf_append(buf, value->bytes, value->len);
    sw_message_end(buf, start);
}

/* Is a source in order that says @a and then @b? */
static bool is_taken(enum sw_order order, bool is_descending, const struct value *a,
                     const struct value *b)
{
    const struct sw_merge_key key = {0, order, is_descending, false, collation};
    const struct sw_merge_recipe recipe = {1, 1, &key, 1, 0, -1};
    struct sw_merger *merger = sw_merger_create(&recipe, 1, 1000);
    struct sw_error err;
    struct sw_buf rows;
    bool is_taken;

    sw_buf_init(&rows, SIZE_MAX);
    put_row(&rows, a);
    put_row(&rows, b);
    is_taken = sw_merger_feed(merger, 0, sw_buf_bytes(&rows), sw_buf_len(&rows), &err);
    if (!is_taken && !sw_error_is(&err, "XX000")) {
        printf("not taken: %s\n", err.message);
        faults++;
    }
    sw_buf_finish(&rows);
    sw_merger_destroy(merger);
    return is_taken;
}

static int compare(enum sw_order order, const struct value *a, const struct value *b)
{
    /* Of character(n) the merger alone knows what counts. */
    if (collation == NULL)
        return sw_order_compare(order, a->bytes, a->len, b->bytes, b->len);
    if (order == SW_ORDER_PADDED)
        return a->rank - b->rank;
    return sw_collation_compare(collation, a->bytes, a->len, b->bytes, b->len);
}

static void check_pair(const struct group *group, const struct value *a, const struct value *b)
{
    const int expected = sign(a->rank - b->rank);
    const int got = sign(compare(group->order, a, b));

    pairs++;
    if (got == expected && is_taken(group->order, false, a, b) == (expected <= 0) &&
        is_taken(group->order, true, a, b) == (expected >= 0))
        return;
    printf("%s: values of rank %d and %d compare as %d\n", group->name, a->rank, b->rank, got);
    faults++;
}

static void check_group(struct group *group)
{
    if (group->count == 0)
        return;
    group->order = sw_order_of(group->oid, true);
    if (group->order == SW_ORDER_NONE) {
        printf("%s: its order is not known\n", group->name);
        faults++;
    }
    for (int i = 0; i < group->count; i++) {
        const struct value *value = &group->values[i];

        if (!sw_order_admits(group->order, value->bytes, value->len)) {
            printf("%s: a value of rank %d is not admitted\n", group->name, value->rank);
            faults++;
        }
        for (int k = 0; k < group->count; k++)
            check_pair(group, value, &group->values[k]);
    }
    types++;
    for (int i = 0; i < group->count; i++)
        free(group->values[i].bytes);
    group->count = 0;
}

static uint8_t nibble(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void add(struct group *group, int rank, const char *hex)
{
    struct value *value = &group->values[group->count++];

    *value = (struct value){.rank = rank, .len = strlen(hex) / 2};
    value->bytes = sw_alloc(value->len + 1);
    for (size_t i = 0; i < value->len; i++)
        value->bytes[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
}

static void check_file(const char *path)
{
    static struct group group;
    FILE *file = fopen(path, "r");
    char *line = NULL, *text, *rest;
    size_t size = 0;

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while ((text = next_statement(file, &line, &size)) != NULL) {
        char name[NAME_SIZE];
        long rank;
        unsigned long oid;

        rest = strchr(text, ' ');
        if (rest == NULL || rest - text >= NAME_SIZE || group.count == MAX_VALUES)
            exit(1);
        (void)snprintf(name, sizeof name, "%.*s", (int)(rest - text), text);
        oid = strtoul(rest, &rest, 10);
        rank = strtol(rest, &rest, 10);
        if (strcmp(name, group.name) != 0)
            check_group(&group);
        memcpy(group.name, name, sizeof name);
        group.oid = (uint32_t)oid;
        add(&group, (int)rank, rest + 2);
    }
    check_group(&group);
    free(line);
    (void)fclose(file);
}

int main(int argc, char **argv)
{
    int i = 1;

    if (argc > 3 && strcmp(argv[1], "--collation") == 0) {
        struct sw_error err;

        collation = sw_collation_open(argv[2], argv[3], &err);
        if (collation == NULL) {
            printf("%s: %s\n", err.message, err.detail);
            return 1;
        }
        i = 4;
    }
    for (; i < argc; i++)
        check_file(argv[i]);
    sw_collation_unref(collation);
    printf("%d types, %d pairs, %d faults\n", types, pairs, faults);
    return faults == 0 && types > 0 ? 0 : 1;
}
