#include "reader.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_DIGITS = 9 };

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit size_units[] = {
    {"B", 1}, {"kB", INT64_C(1) << 10}, {"MB", INT64_C(1) << 20}, {"GB", INT64_C(1) << 30}};
static const struct unit time_units[] = {
    {"ms", 1}, {"s", 1000}, {"min", INT64_C(60000)}, {"h", INT64_C(3600000)}};

enum { UNITS = 4 };

static void *field_at(void *into, const struct sw_field *field)
{
    return (char *)into + field->offset;
}

const char *sw_reader_digits(const char *text, int *number)
{
    int sum = 0, digits = 0;

    for (; *text >= '0' && *text <= '9'; text++) {
        if (++digits > MOST_DIGITS)
            return NULL;
        sum = sum * 10 + (*text - '0');
    }
    if (digits == 0)
        return NULL;
    *number = sum;
    return text;
}

bool sw_reader_is_name(struct sw_reader *reader, const yaml_node_t *at, const char *what,
                       const char *name)
{
    size_t len = strlen(name);
    bool is_printable = true;

    for (const char *c = name; *c != '\0'; c++)
        is_printable = is_printable && (unsigned char)*c >= ' ' && *c != 0x7f;
    if (len == 0)
        sw_reader_fault(reader, at, "'%.80s' is empty; write a name", what);
    else if (len > SW_READER_NAME)
        sw_reader_fault(reader, at, "'%.80s' is longer than the %d bytes of a PostgreSQL name",
                        name, SW_READER_NAME);
    else if (!is_printable)
        sw_reader_fault(reader, at, "'%.80s' holds a control character; remove it", what);
    return len > 0 && len <= SW_READER_NAME && is_printable;
}

void sw_read_name(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text != NULL && sw_reader_is_name(reader, entry->value, entry->name, text))
        *(const char **)field_at(into, field) = text;
}

void sw_read_number(struct sw_reader *reader, const struct sw_entry *entry,
                    const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry), *end;
    int number = 0;

    if (text == NULL)
        return;
    end = sw_reader_digits(text, &number);
    if (end == NULL || *end != '\0' || number < field->least || number > field->most)
        sw_reader_fault(reader, entry->value,
                        "'%s: %.80s': write a number from %" PRId64 " to %" PRId64, entry->name,
                        text, field->least, field->most);
    else
        *(int *)field_at(into, field) = number;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (int i = 0; i < UNITS; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

/* @number in the largest unit that expresses it without a fraction. */
static struct unit fitting(const struct unit *units, int64_t number)
{
    int i = UNITS - 1;

    while (i > 0 && (number == 0 || number % units[i].factor != 0))
        i--;
    return (struct unit){units[i].name, number / units[i].factor};
}

static bool read_quantity(struct sw_reader *reader, const struct sw_entry *entry,
                          const struct sw_field *field, const struct unit *units,
                          const char *example, int64_t *quantity)
{
    const char *text = sw_reader_scalar(reader, entry), *end;
    const struct unit *unit;
    struct unit least = fitting(units, field->least), most = fitting(units, field->most);
    int number = 0;

    if (text == NULL)
        return false;
    end = sw_reader_digits(text, &number);
    while (end != NULL && *end == ' ')
        end++;
    unit = end == NULL ? NULL : find_unit(units, end);
    if (unit == NULL && end != NULL && *end == '\0' && number == 0 && field->least == 0)
        unit = &units[0];
    if (unit == NULL) {
        sw_reader_fault(reader, entry->value,
                        "'%s: %.80s': write a number with its unit (%s, %s, %s, %s), as %s",
                        entry->name, text, units[0].name, units[1].name, units[2].name,
                        units[3].name, example);
        return false;
    }
    *quantity = number * unit->factor;
    if (*quantity >= field->least && *quantity <= field->most)
        return true;
    sw_reader_fault(reader, entry->value, "'%s: %.80s': write %" PRId64 "%s to %" PRId64 "%s",
                    entry->name, text, least.factor, least.name, most.factor, most.name);
    return false;
}

void sw_read_size(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into)
{
    int64_t bytes;

    if (read_quantity(reader, entry, field, size_units, "64MB", &bytes))
        *(size_t *)field_at(into, field) = (size_t)bytes;
}

void sw_read_time(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into)
{
    int64_t ms;

    if (read_quantity(reader, entry, field, time_units, "500ms", &ms))
        *(int *)field_at(into, field) = (int)ms;
}

void sw_read_bool(struct sw_reader *reader, const struct sw_entry *entry,
                  const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text == NULL)
        return;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        sw_reader_fault(reader, entry->value, "'%s: %.80s': write true or false", entry->name,
                        text);
    *(bool *)field_at(into, field) = strcmp(text, "true") == 0;
}
