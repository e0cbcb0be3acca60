/*
 * Dates and timestamps, read in the ISO forms that ParseDateTime() and DecodeDateTime() of
 * PostgreSQL's datetime.c take in the same way under every DateStyle, and in no other. What is
 * left out on purpose: 24:00, second 60 (they name a moment of the next day or minute), 10:30.5
 * (ten minutes, thirty seconds and a half), more than six digits of a second (rounded), BC,
 * names of zones and of months.
 */
#include "internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DAY_US INT64_C(86400000000)

enum {
    LAST_YEAR = 5874897,          /* of date; PostgreSQL docs, 8.5 */
    LAST_TIMESTAMP_YEAR = 294276, /* of timestamp */
    LOWEST_DATE = -2451545,       /* 4714-11-24 BC, as a binary value may be */
    FURTHEST_HOURS = 15,          /* of an offset: MAX_TZDISP_HOUR */
};

struct reading {
    const char *at, *end;
    int year, month, day;
    int64_t time_us, offset_us;
    bool has_offset;
};

static bool takes(struct reading *reading, char c)
{
    if (reading->at == reading->end || *reading->at != c)
        return false;
    reading->at++;
    return true;
}

/* @least to @most digits, and no digit behind them. */
static bool reads_digits(struct reading *reading, int least, int most, int *number)
{
    int count = 0, sum = 0;

    for (; reading->at < reading->end && *reading->at >= '0' && *reading->at <= '9';
         reading->at++) {
        if (++count > most)
            return false;
        sum = sum * 10 + (*reading->at - '0');
    }
    *number = sum;
    return count >= least;
}

static bool reads_day(struct reading *reading)
{
    return reads_digits(reading, 4, 7, &reading->year) && takes(reading, '-') &&
           reads_digits(reading, 1, 2, &reading->month) && takes(reading, '-') &&
           reads_digits(reading, 1, 2, &reading->day);
}

/* Behind a dot: one to six digits, as microseconds. */
static bool reads_fraction(struct reading *reading, int *microseconds)
{
    const char *first = reading->at;

    if (!reads_digits(reading, 1, 6, microseconds))
        return false;
    for (int digits = (int)(reading->at - first); digits < 6; digits++)
        *microseconds *= 10;
    return true;
}

static bool reads_time(struct reading *reading)
{
    int hour, minute, second = 0, fraction = 0;

    if (!reads_digits(reading, 1, 2, &hour) || !takes(reading, ':') ||
        !reads_digits(reading, 2, 2, &minute))
        return false;
    if (takes(reading, ':') && (!reads_digits(reading, 2, 2, &second) ||
                                (takes(reading, '.') && !reads_fraction(reading, &fraction))))
        return false;
    reading->time_us =
        (((int64_t)hour * 60 + minute) * 60 + second) * INT64_C(1000000) + fraction;
    return hour < 24 && minute < 60 && second < 60;
}

/* +02, +0200, +02:00, +02:00:00. */
static bool reads_offset(struct reading *reading, bool is_west)
{
    const char *first = reading->at;
    int hours, minutes = 0, seconds = 0;

    if (!reads_digits(reading, 2, 4, &hours) || reading->at - first == 3)
        return false;
    if (reading->at - first == 4) {
        minutes = hours % 100;
        hours /= 100;
    } else if (takes(reading, ':')) {
        if (!reads_digits(reading, 2, 2, &minutes) ||
            (takes(reading, ':') && !reads_digits(reading, 2, 2, &seconds)))
            return false;
    }
    reading->has_offset = true;
    reading->offset_us = ((int64_t)hours * 60 + minutes) * 60 + seconds;
    reading->offset_us *= is_west ? INT64_C(-1000000) : INT64_C(1000000);
    return hours <= FURTHEST_HOURS && minutes < 60 && seconds < 60;
}

static bool skips_spaces(struct reading *reading)
{
    const char *first = reading->at;

    while (reading->at < reading->end && sw_key_is_space(*reading->at))
        reading->at++;
    return reading->at > first;
}

/* Z, or an offset; directly behind a day none may stand: 2026-01-31-02 is no day. */
static bool reads_zone(struct reading *reading, bool has_time)
{
    bool has_space = skips_spaces(reading);

    if (reading->at == reading->end)
        return true;
    if (!has_space && !has_time)
        return false;
    if (takes(reading, 'Z') || takes(reading, 'z'))
        return reading->has_offset = true;
    if (takes(reading, '+'))
        return reads_offset(reading, false);
    return takes(reading, '-') && reads_offset(reading, true);
}

static bool begins_with_digit(const struct reading *reading)
{
    return reading->at < reading->end && *reading->at >= '0' && *reading->at <= '9';
}

static bool reads_moment(struct reading *reading)
{
    struct reading behind;
    bool has_time;

    skips_spaces(reading);
    if (!reads_day(reading))
        return false;
    behind = *reading;
    has_time = skips_spaces(&behind) && begins_with_digit(&behind);
    if (has_time)
        *reading = behind;
    else
        has_time = takes(reading, 'T') || takes(reading, 't');
    if (has_time && !reads_time(reading))
        return false;
    if (!reads_zone(reading, has_time))
        return false;
    skips_spaces(reading);
    return reading->at == reading->end;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool is_on_calendar(const struct reading *reading)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int length;

    if (reading->year < 1 || reading->month < 1 || reading->month > 12 || reading->day < 1)
        return false;
    length = lengths[reading->month - 1] + (reading->month == 2 && is_leap(reading->year));
    return reading->day <= length;
}

/* Years begin in March here, so that the leap day ends one. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 730425;
}

static bool refuse_range(const char *text, size_t len, struct sw_error *err)
{
    return sw_error_set(err, "22008", "date/time field value out of range: \"%.*s\"",
                        sw_key_shown(len), text);
}

static bool refuse_form(enum sw_key_type type, const char *text, size_t len,
                        struct sw_error *err)
{
    sw_error_set(err, "0A000", "the %s \"%.*s\" may mean something else under other settings",
                 sw_key_type_name(type), sw_key_shown(len), text);
    sw_error_hint(err, "Write it in ISO form, as %s.",
                  type == SW_KEY_DATE        ? "2026-01-31"
                  : type == SW_KEY_TIMESTAMP ? "2026-01-31 09:30:00"
                                             : "2026-01-31 09:30:00+00");
    return false;
}

static bool refuse_zone(const char *text, size_t len, struct sw_error *err)
{
    sw_error_set(err, "0A000", "the timestamptz \"%.*s\" depends on the session's TimeZone",
                 sw_key_shown(len), text);
    sw_error_hint(err,
                  "Write the offset, as 2026-01-31 09:30:00+00, or SET timezone TO 'UTC'.");
    return false;
}

static bool is_infinite(enum sw_key_type type, const char *text, size_t len, int64_t *number)
{
    const char *end = text + len;
    bool is_low;

    while (text < end && sw_key_is_space(*text))
        text++;
    while (text < end && sw_key_is_space(end[-1]))
        end--;
    is_low = text < end && *text == '-';
    text += is_low;
    if (end - text != 8 || strncasecmp(text, "infinity", 8) != 0)
        return false;
    if (type == SW_KEY_DATE)
        *number = is_low ? INT32_MIN : INT32_MAX;
    else
        *number = is_low ? INT64_MIN : INT64_MAX;
    return true;
}

bool sw_key_moment_of_text(enum sw_key_type type, const char *text, size_t len, bool is_utc,
                           int64_t *number, struct sw_error *err)
{
    struct reading reading = {.at = text, .end = text + len};
    int64_t days;

    if (is_infinite(type, text, len, number))
        return true;
    if (!reads_moment(&reading))
        return refuse_form(type, text, len, err);
    if (!is_on_calendar(&reading) ||
        reading.year > (type == SW_KEY_DATE ? LAST_YEAR : LAST_TIMESTAMP_YEAR))
        return refuse_range(text, len, err);
    days = days_of(reading.year, reading.month, reading.day);
    if (type == SW_KEY_DATE) {
        *number = days;
        return true;
    }
    if (type == SW_KEY_TIMESTAMPTZ && !reading.has_offset && !is_utc)
        return refuse_zone(text, len, err);
    *number = days * DAY_US + reading.time_us;
    if (type == SW_KEY_TIMESTAMPTZ)
        *number -= reading.offset_us;
    return sw_key_moment_is_valid(type, *number, err);
}

bool sw_key_moment_is_valid(enum sw_key_type type, int64_t number, struct sw_error *err)
{
    int64_t days, end;

    if (type == SW_KEY_DATE && (number == INT32_MIN || number == INT32_MAX))
        return true;
    if (type != SW_KEY_DATE && (number == INT64_MIN || number == INT64_MAX))
        return true;
    days = type == SW_KEY_DATE ? number : number / DAY_US - (number % DAY_US < 0);
    end = days_of((type == SW_KEY_DATE ? LAST_YEAR : LAST_TIMESTAMP_YEAR) + 1, 1, 1);
    if (days >= LOWEST_DATE && days < end)
        return true;
    return sw_error_set(err, "22008", "%s out of range",
                        type == SW_KEY_DATE ? "date" : "timestamp");
}

bool sw_key_date_add(int64_t date, int64_t days, int64_t *sum)
{
    struct sw_error ignored;

    return date != INT32_MIN && date != INT32_MAX && !__builtin_add_overflow(date, days, sum) &&
           *sum > INT32_MIN && *sum < INT32_MAX &&
           sw_key_moment_is_valid(SW_KEY_DATE, *sum, &ignored);
}

/* days_of() backwards. */
static void print_day(int64_t days, char out[SW_KEY_SHOWN])
{
    int64_t era_days = days + 730425, cycles = era_days / 146097, rest = era_days % 146097;
    int64_t year, day_of_year, month;

    if (rest < 0) {
        rest += 146097;
        cycles--;
    }
    year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    day_of_year = rest - (365 * year + year / 4 - year / 100);
    month = (5 * day_of_year + 2) / 153;
    year += cycles * 400 + (month >= 10);
    (void)snprintf(out, SW_KEY_SHOWN, "%04" PRId64 "-%02d-%02d%s", year > 0 ? year : 1 - year,
                   (int)(month < 10 ? month + 3 : month - 9),
                   (int)(day_of_year - (153 * month + 2) / 5 + 1), year > 0 ? "" : " BC");
}

static void print_time(int64_t of_day_us, const char *zone, char *out, size_t size)
{
    int seconds = (int)(of_day_us / 1000000);

    (void)snprintf(out, size, " %02u:%02u:%02u.%06u%s", (unsigned)(seconds / 3600) % 24,
                   (unsigned)(seconds / 60) % 60, (unsigned)seconds % 60,
                   (unsigned)(of_day_us % 1000000), zone);
}

void sw_key_moment_print(enum sw_key_type type, int64_t number, char out[SW_KEY_SHOWN])
{
    bool is_date = type == SW_KEY_DATE;
    int64_t days;
    size_t len;

    if (number == (is_date ? INT32_MAX : INT64_MAX) ||
        number == (is_date ? INT32_MIN : INT64_MIN)) {
        (void)snprintf(out, SW_KEY_SHOWN, "%sinfinity", number < 0 ? "-" : "");
        return;
    }
    days = is_date ? number : number / DAY_US - (number % DAY_US < 0);
    print_day(days, out);
    len = strlen(out);
    if (!is_date)
        print_time(number - days * DAY_US, type == SW_KEY_TIMESTAMPTZ ? "+00" : "", out + len,
                   SW_KEY_SHOWN - len);
}
