/*
 * A value comes as a literal or as a parameter, and the key has one of three types: one
 * function for each pair. A parameter's type is the one declared for it, or the one that a cast
 * gives it, or (standing once) that of the key, as in PostgreSQL's parse_param.c.
 */
#include "shardward/route/key.h"

#include "canonical.h"

#include <string.h>

/* Integers that every type which PostgreSQL compares with bigint holds as they are: float4 has
 * 24 bits, and a negative oid is another number. */
enum { MOST_OF_ANY_TYPE = 1 << 24 };

/* A bound parameter with all that is known of its type. */
struct bound {
    const struct sw_parameter *value;
    int number;
    enum sw_cast cast;
    uint32_t type;        /* 0: the key's, or any */
    bool may_be_any_type; /* type is 0, and it stands elsewhere too */
};

static enum sw_type_oid type_of_cast(enum sw_cast cast)
{
    switch (cast) {
    case SW_CAST_INT2:
        return SW_OID_INT2;
    case SW_CAST_INT4:
        return SW_OID_INT4;
    case SW_CAST_INT8:
        return SW_OID_INT8;
    case SW_CAST_TEXT:
        return SW_OID_TEXT;
    case SW_CAST_UUID:
        return SW_OID_UUID;
    case SW_CAST_NONE:
        break;
    }
    return SW_OID_NONE;
}

static bool is_int_cast(enum sw_cast cast)
{
    return cast == SW_CAST_INT2 || cast == SW_CAST_INT4 || cast == SW_CAST_INT8;
}

static bool is_int_type(uint32_t type)
{
    return type == SW_OID_INT2 || type == SW_OID_INT4 || type == SW_OID_INT8;
}

static bool is_text_type(uint32_t type)
{
    return type == SW_OID_TEXT || type == SW_OID_VARCHAR;
}

static const char *name_of(enum sw_key_type type)
{
    switch (type) {
    case SW_KEY_BIGINT:
        return "bigint";
    case SW_KEY_TEXT:
        return "text";
    case SW_KEY_UUID:
        return "uuid";
    }
    return "";
}

static bool refuse_type(enum sw_key_type type, struct sw_error *err)
{
    sw_error_set(err, "0A000", "the key is compared with a value of another type than %s",
                 name_of(type));
    sw_error_hint(err, "Write the value, or cast it, as %s.", name_of(type));
    return false;
}

static bool refuse_ambiguous(const struct bound *bound, enum sw_key_type type,
                             struct sw_error *err)
{
    sw_error_set(err, "0A000", "the type of parameter $%d cannot be told", bound->number);
    sw_error_detail(err, "It also stands where its type need not be that of the key.");
    sw_error_hint(err, "Declare the parameter's type (%s) in Parse, or bind the value twice.",
                  name_of(type));
    return false;
}

/* As PostgreSQL says it of a value that should have @len bytes. */
static bool refuse_binary(const struct bound *bound, size_t len, struct sw_error *err)
{
    if (bound->value->len < len)
        return sw_error_set(err, "08P01", "insufficient data left in message");
    return sw_error_set(err, "22P03", "incorrect binary data format in bind parameter %d",
                        bound->number);
}

static bool integer_of_literal(const struct sw_value *value, int64_t *number,
                               struct sw_error *err)
{
    enum sw_type_oid type = is_int_cast(value->cast) ? type_of_cast(value->cast) : SW_OID_INT8;

    if (value->cast == SW_CAST_TEXT || value->cast == SW_CAST_UUID)
        return refuse_type(SW_KEY_BIGINT, err);
    if (value->kind == SW_VALUE_STRING)
        return sw_integer_of_text(value->text, value->text_len, type, number, err);
    if (!sw_integer_fits(value->integer, type, err))
        return false;
    *number = value->integer;
    return true;
}

static bool text_of_literal(const struct sw_value *value, struct sw_canonical *canonical,
                            struct sw_error *err)
{
    if (value->kind == SW_VALUE_INTEGER && value->cast == SW_CAST_TEXT) {
        sw_canonical_decimal(canonical, value->integer);
        return true;
    }
    if (value->kind == SW_VALUE_INTEGER && value->cast == SW_CAST_NONE) {
        bool is_int4 = value->integer >= INT32_MIN && value->integer <= INT32_MAX;

        sw_error_set(err, "42883", "operator does not exist: text = %s",
                     is_int4 ? "integer" : "bigint");
        sw_error_hint(err, "Write the key as a string, in quotes.");
        return false;
    }
    if (value->kind != SW_VALUE_STRING ||
        (value->cast != SW_CAST_NONE && value->cast != SW_CAST_TEXT))
        return refuse_type(SW_KEY_TEXT, err);
    sw_canonical_borrow(canonical, value->text, value->text_len);
    return true;
}

static bool uuid_of_literal(const struct sw_value *value, struct sw_canonical *canonical,
                            struct sw_error *err)
{
    if (value->kind != SW_VALUE_STRING ||
        (value->cast != SW_CAST_NONE && value->cast != SW_CAST_UUID))
        return refuse_type(SW_KEY_UUID, err);
    return sw_uuid_of_text(value->text, value->text_len, canonical, err);
}

static bool literal(enum sw_key_type type, const struct sw_value *value,
                    struct sw_canonical *canonical, struct sw_error *err)
{
    int64_t number = 0;

    switch (type) {
    case SW_KEY_BIGINT:
        if (!integer_of_literal(value, &number, err))
            return false;
        sw_canonical_integer(canonical, number);
        return true;
    case SW_KEY_TEXT:
        return text_of_literal(value, canonical, err);
    case SW_KEY_UUID:
        return uuid_of_literal(value, canonical, err);
    }
    return false;
}

/* Big-endian, as int2send, int4send and int8send write it. */
static int64_t integer_of_bytes(const uint8_t *bytes, size_t len)
{
    uint64_t sum = bytes[0] >= 0x80 ? UINT64_MAX : 0;

    for (size_t i = 0; i < len; i++)
        sum = sum << 8 | bytes[i];
    return (int64_t)sum;
}

static bool integer_of_binary(const struct bound *bound, int64_t *number, struct sw_error *err)
{
    size_t len = bound->value->len;
    bool is_some_int = len == 2 || len == 4 || len == 8;
    size_t right_len = is_some_int ? len : 8;

    if (bound->may_be_any_type)
        return refuse_ambiguous(bound, SW_KEY_BIGINT, err);
    if (is_int_type(bound->type))
        right_len = bound->type == SW_OID_INT2 ? 2 : bound->type == SW_OID_INT4 ? 4 : 8;
    if (len != right_len)
        return refuse_binary(bound, right_len, err);
    *number = integer_of_bytes(bound->value->bytes, len);
    return true;
}

/* A text of unknown type that stands elsewhere too: it may be a float4, a date, anything. A
 * cast makes it worse: '4'::"char"::int4 is 52. */
static bool integer_of_any_type(const struct bound *bound, int64_t *number,
                                struct sw_error *err)
{
    struct sw_error ignored;

    if (bound->cast != SW_CAST_NONE ||
        !sw_integer_of_text((const char *)bound->value->bytes, bound->value->len, SW_OID_INT8,
                            number, &ignored) ||
        *number < 0 || *number > MOST_OF_ANY_TYPE)
        return refuse_ambiguous(bound, SW_KEY_BIGINT, err);
    return true;
}

static bool integer_of_bound(const struct bound *bound, int64_t *number, struct sw_error *err)
{
    enum sw_type_oid type =
        is_int_type(bound->type) ? (enum sw_type_oid)bound->type : SW_OID_INT8;
    enum sw_type_oid cast = is_int_cast(bound->cast) ? type_of_cast(bound->cast) : SW_OID_INT8;
    bool is_cast_text = is_text_type(bound->type) && is_int_cast(bound->cast);

    if (bound->cast == SW_CAST_TEXT || bound->cast == SW_CAST_UUID)
        return refuse_type(SW_KEY_BIGINT, err);
    if (bound->type != SW_OID_NONE && !is_int_type(bound->type) && !is_cast_text)
        return refuse_type(SW_KEY_BIGINT, err);
    if (is_cast_text)
        return sw_integer_of_text((const char *)bound->value->bytes, bound->value->len, cast,
                                  number, err);
    if (bound->value->is_binary) {
        if (!integer_of_binary(bound, number, err))
            return false;
    } else if (bound->may_be_any_type) {
        if (!integer_of_any_type(bound, number, err))
            return false;
    } else if (!sw_integer_of_text((const char *)bound->value->bytes, bound->value->len, type,
                                   number, err)) {
        return false;
    }
    return sw_integer_fits(*number, cast, err);
}

static bool text_of_bound(const struct bound *bound, struct sw_canonical *canonical,
                          struct sw_error *err)
{
    if ((bound->cast != SW_CAST_NONE && bound->cast != SW_CAST_TEXT) ||
        (bound->type != SW_OID_NONE && !is_text_type(bound->type)))
        return refuse_type(SW_KEY_TEXT, err);
    if (bound->may_be_any_type)
        return refuse_ambiguous(bound, SW_KEY_TEXT, err);
    sw_canonical_borrow(canonical, bound->value->bytes, bound->value->len);
    return true;
}

/* Nothing but uuid compares with uuid: a parameter that stands elsewhere with another type
 * fails on any server. */
static bool uuid_of_bound(const struct bound *bound, struct sw_canonical *canonical,
                          struct sw_error *err)
{
    bool is_cast_text = is_text_type(bound->type) && bound->cast == SW_CAST_UUID;

    if ((bound->cast != SW_CAST_NONE && bound->cast != SW_CAST_UUID) ||
        (bound->type != SW_OID_NONE && bound->type != SW_OID_UUID && !is_cast_text))
        return refuse_type(SW_KEY_UUID, err);
    if (bound->may_be_any_type && bound->value->is_binary && bound->cast == SW_CAST_UUID)
        return refuse_ambiguous(bound, SW_KEY_UUID, err);
    if (!bound->value->is_binary || is_cast_text)
        return sw_uuid_of_text((const char *)bound->value->bytes, bound->value->len, canonical,
                               err);
    if (bound->value->len != 16)
        return refuse_binary(bound, 16, err);
    sw_canonical_borrow(canonical, bound->value->bytes, bound->value->len);
    return true;
}

static bool parameter(enum sw_key_type type, const struct bound *bound,
                      struct sw_canonical *canonical, struct sw_error *err)
{
    int64_t number = 0;

    switch (type) {
    case SW_KEY_BIGINT:
        if (!integer_of_bound(bound, &number, err))
            return false;
        sw_canonical_integer(canonical, number);
        return true;
    case SW_KEY_TEXT:
        return text_of_bound(bound, canonical, err);
    case SW_KEY_UUID:
        return uuid_of_bound(bound, canonical, err);
    }
    return false;
}

static uint32_t declared_type(const struct sw_parameters *parameters, int number)
{
    uint32_t type = number <= parameters->type_count ? parameters->types[number - 1] : 0;

    /* unknown is how PostgreSQL marks a parameter whose type it has yet to find out. */
    return type == SW_OID_UNKNOWN ? SW_OID_NONE : type;
}

static struct bound bind(const struct sw_value *value, const bool *has_other_uses,
                         const struct sw_parameters *parameters)
{
    struct bound bound = {.value = &parameters->values[value->parameter - 1],
                          .number = value->parameter,
                          .cast = value->cast,
                          .type = declared_type(parameters, value->parameter)};

    if (bound.type == SW_OID_NONE && has_other_uses != NULL &&
        has_other_uses[value->parameter - 1])
        bound.may_be_any_type = true;
    else if (bound.type == SW_OID_NONE)
        bound.type = type_of_cast(value->cast);
    return bound;
}

static enum sw_key_status locate_parameter(const struct sw_placement *placement,
                                           const struct sw_value *value,
                                           const bool *has_other_uses,
                                           const struct sw_parameters *parameters, int *bucket,
                                           struct sw_error *err)
{
    struct sw_canonical canonical;
    struct bound bound;

    if (parameters == NULL || parameters->values == NULL)
        return SW_KEY_UNBOUND;
    if (value->parameter < 1 || value->parameter > parameters->count) {
        sw_error_set(err, "08P01",
                     "bind message supplies %d parameters, but the statement requires %d",
                     parameters->count, value->parameter);
        return SW_KEY_UNKNOWN;
    }
    bound = bind(value, has_other_uses, parameters);
    if (bound.value->bytes == NULL)
        return SW_KEY_NULL;
    if (!parameter(placement->key_type, &bound, &canonical, err))
        return SW_KEY_UNKNOWN;
    *bucket = sw_canonical_bucket(placement, &canonical);
    return SW_KEY_KNOWN;
}

enum sw_key_status sw_key_locate(const struct sw_placement *placement,
                                 const struct sw_value *value, const bool *has_other_uses,
                                 const struct sw_parameters *parameters, int *bucket,
                                 struct sw_error *err)
{
    struct sw_canonical canonical;

    switch (value->kind) {
    case SW_VALUE_NULL:
        return SW_KEY_NULL;
    case SW_VALUE_PARAMETER:
        return locate_parameter(placement, value, has_other_uses, parameters, bucket, err);
    case SW_VALUE_DEFAULT:
        sw_error_set(err, "0A000", "the key has the value DEFAULT");
        sw_error_hint(err, "Give the key's value in the statement.");
        return SW_KEY_UNKNOWN;
    case SW_VALUE_UNKNOWN:
        sw_error_set(err, "0A000", "the key is an expression that cannot be told here");
        sw_error_hint(err, "Give the key as a literal or as a parameter.");
        return SW_KEY_UNKNOWN;
    case SW_VALUE_INTEGER:
    case SW_VALUE_STRING:
        break;
    }
    if (!literal(placement->key_type, value, &canonical, err))
        return SW_KEY_UNKNOWN;
    *bucket = sw_canonical_bucket(placement, &canonical);
    return SW_KEY_KNOWN;
}

bool sw_key_locate_text(const struct sw_placement *placement, const char *text, int *bucket,
                        const struct sw_shard **shard, struct sw_error *err)
{
    struct sw_value value = {.kind = SW_VALUE_STRING, .text = text, .text_len = strlen(text)};
    struct sw_canonical canonical;

    if (!literal(placement->key_type, &value, &canonical, err))
        return false;
    *bucket = sw_canonical_bucket(placement, &canonical);
    *shard = placement->buckets[*bucket].shard;
    return true;
}
