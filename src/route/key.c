/*
 * A value comes as a literal or as a parameter. A parameter's type is the one declared for it,
 * or the one that a cast gives it, or (standing once) that of the key, as in PostgreSQL's
 * parse_param.c. A value of another type than the key's is refused, but for integers: comparing
 * a date with a timestamp, or a timestamp with a timestamptz, converts one of them.
 */
#include "shardward/route/key.h"

#include "shardward/key/array.h"

/* Integers that every type which PostgreSQL compares with bigint holds as they are: float4 has
 * 24 bits, and a negative oid is another number. */
enum { MOST_OF_ANY_TYPE = 1 << 24 };

/* A bound parameter with all that is known of its type. */
struct bound {
    const struct sw_parameter *value;
    int number;
    bool is_utc;
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
    case SW_CAST_DATE:
        return SW_OID_DATE;
    case SW_CAST_TIMESTAMP:
        return SW_OID_TIMESTAMP;
    case SW_CAST_TIMESTAMPTZ:
        return SW_OID_TIMESTAMPTZ;
    case SW_CAST_NONE:
        break;
    }
    return SW_OID_NONE;
}

static bool is_int_type(uint32_t type)
{
    return type == SW_OID_INT2 || type == SW_OID_INT4 || type == SW_OID_INT8;
}

static bool is_text_type(uint32_t type)
{
    return type == SW_OID_TEXT || type == SW_OID_VARCHAR;
}

static bool is_type_of_key(uint32_t oid, enum sw_key_type type)
{
    switch (type) {
    case SW_KEY_BIGINT:
        return is_int_type(oid);
    case SW_KEY_TEXT:
        return is_text_type(oid);
    case SW_KEY_UUID:
        return oid == SW_OID_UUID;
    case SW_KEY_DATE:
        return oid == SW_OID_DATE;
    case SW_KEY_TIMESTAMP:
        return oid == SW_OID_TIMESTAMP;
    case SW_KEY_TIMESTAMPTZ:
        return oid == SW_OID_TIMESTAMPTZ;
    }
    return false;
}

bool sw_key_cast_fits(enum sw_key_type type, enum sw_cast cast)
{
    return cast == SW_CAST_NONE || is_type_of_key(type_of_cast(cast), type);
}

static bool refuse_type(enum sw_key_type type, struct sw_error *err)
{
    sw_error_set(err, "0A000", "the key is compared with a value of another type than %s",
                 sw_key_type_name(type));
    sw_error_hint(err, "Write the value, or cast it, as %s.", sw_key_type_name(type));
    return false;
}

static bool refuse_ambiguous(const struct bound *bound, enum sw_key_type type,
                             struct sw_error *err)
{
    sw_error_set(err, "0A000", "the type of parameter $%d cannot be told", bound->number);
    sw_error_detail(err, "It also stands where its type need not be that of the key.");
    sw_error_hint(err, "Declare the parameter's type (%s) in Parse, or bind the value twice.",
                  sw_key_type_name(type));
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
    enum sw_type_oid type =
        value->cast == SW_CAST_NONE ? SW_OID_INT8 : type_of_cast(value->cast);

    if (value->kind == SW_VALUE_STRING)
        return sw_key_integer_of_text(value->text, value->text_len, type, number, err);
    if (!sw_key_integer_fits(value->integer, type, err))
        return false;
    *number = value->integer;
    return true;
}

/* What may not stand beside a text without a cast: `text = 123` is an error on any server. */
static bool refuse_integer(int64_t number, struct sw_error *err)
{
    bool is_int4 = number >= INT32_MIN && number <= INT32_MAX;

    sw_error_set(err, "42883", "operator does not exist: text = %s",
                 is_int4 ? "integer" : "bigint");
    sw_error_hint(err, "Write the key as a string, in quotes.");
    return false;
}

static bool literal(enum sw_key_type type, const struct sw_value *value, bool is_utc,
                    struct sw_key_value *key, struct sw_error *err)
{
    bool is_integer = value->kind == SW_VALUE_INTEGER;
    int64_t number = 0;

    if (type == SW_KEY_TEXT && is_integer && value->cast == SW_CAST_NONE)
        return refuse_integer(value->integer, err);
    if (!sw_key_cast_fits(type, value->cast))
        return refuse_type(type, err);
    if (type == SW_KEY_BIGINT) {
        if (!integer_of_literal(value, &number, err))
            return false;
        sw_key_value_of_number(type, number, key);
    } else if (!is_integer) {
        return sw_key_value_of_text(type, value->text, value->text_len, is_utc, key, err);
    } else if (value->cast == SW_CAST_TEXT) {
        sw_key_value_of_digits(value->integer, key);
    } else if (value->cast == SW_CAST_DATE) {
        sw_key_value_of_number(type, value->integer, key);
    } else {
        return refuse_type(type, err);
    }
    return true;
}

/* A text of unknown type that stands elsewhere too: it may be a float4, a date, anything. A
 * cast makes it worse: '4'::"char"::int4 is 52. */
static bool integer_of_any_type(const struct bound *bound, int64_t *number,
                                struct sw_error *err)
{
    struct sw_error ignored;

    if (bound->cast != SW_CAST_NONE || bound->value->is_binary ||
        !sw_key_integer_of_text((const char *)bound->value->bytes, bound->value->len,
                                SW_OID_INT8, number, &ignored) ||
        *number < 0 || *number > MOST_OF_ANY_TYPE)
        return refuse_ambiguous(bound, SW_KEY_BIGINT, err);
    return true;
}

/* Of an integer, the declared type settles the length. */
static bool has_length(const struct bound *bound, struct sw_error *err)
{
    size_t len = bound->type == SW_OID_INT2 ? 2 : bound->type == SW_OID_INT4 ? 4 : 8;

    return !is_int_type(bound->type) || bound->value->len == len ||
           refuse_binary(bound, len, err);
}

static bool value_of_binary(enum sw_key_type type, const struct bound *bound,
                            struct sw_key_value *key, struct sw_error *err)
{
    size_t expected;

    if (type == SW_KEY_BIGINT && !has_length(bound, err))
        return false;
    if (sw_key_value_of_binary(type, bound->value->bytes, bound->value->len, key, &expected,
                               err))
        return true;
    return expected == 0 ? false : refuse_binary(bound, expected, err);
}

static bool value_of_text(enum sw_key_type type, const struct bound *bound,
                          enum sw_type_oid oid, struct sw_key_value *key, struct sw_error *err)
{
    const char *text = (const char *)bound->value->bytes;
    int64_t number = 0;

    if (type != SW_KEY_BIGINT)
        return sw_key_value_of_text(type, text, bound->value->len, bound->is_utc, key, err);
    if (!sw_key_integer_of_text(text, bound->value->len, oid, &number, err))
        return false;
    sw_key_value_of_number(type, number, key);
    return true;
}

/* May a parameter that stands elsewhere too, with a type unknown, be told at all? Of uuids it
 * may: nothing else compares with them, so that another type there fails on any server. */
static bool settle_any_type(enum sw_key_type type, const struct bound *bound,
                            struct sw_key_value *key, struct sw_error *err)
{
    int64_t number = 0;

    if (type == SW_KEY_UUID && !(bound->value->is_binary && bound->cast == SW_CAST_UUID))
        return bound->value->is_binary ? value_of_binary(type, bound, key, err)
                                       : value_of_text(type, bound, SW_OID_NONE, key, err);
    if (type != SW_KEY_BIGINT)
        return refuse_ambiguous(bound, type, err);
    if (!integer_of_any_type(bound, &number, err))
        return false;
    sw_key_value_of_number(type, number, key);
    return true;
}

static bool fits_cast(enum sw_key_type type, const struct bound *bound,
                      const struct sw_key_value *key, struct sw_error *err)
{
    return type != SW_KEY_BIGINT || bound->cast == SW_CAST_NONE ||
           sw_key_integer_fits(key->number, type_of_cast(bound->cast), err);
}

static bool parameter(enum sw_key_type type, const struct bound *bound,
                      struct sw_key_value *key, struct sw_error *err)
{
    bool is_cast_text = is_text_type(bound->type) && !is_text_type(type_of_cast(bound->cast)) &&
                        bound->cast != SW_CAST_NONE;

    if (!sw_key_cast_fits(type, bound->cast) ||
        (bound->type != SW_OID_NONE && !is_type_of_key(bound->type, type) && !is_cast_text))
        return refuse_type(type, err);
    if (is_cast_text) /* binary or not, the bytes are the text that is cast */
        return value_of_text(type, bound, type_of_cast(bound->cast), key, err);
    if (bound->may_be_any_type)
        return settle_any_type(type, bound, key, err);
    if (bound->value->is_binary)
        return value_of_binary(type, bound, key, err) && fits_cast(type, bound, key, err);
    return value_of_text(type, bound,
                         is_int_type(bound->type) ? (enum sw_type_oid)bound->type : SW_OID_INT8,
                         key, err) &&
           fits_cast(type, bound, key, err);
}

static uint32_t declared_type(const struct sw_parameters *parameters, int number)
{
    uint32_t type = number <= parameters->type_count ? parameters->types[number - 1] : 0;

    /* unknown is how PostgreSQL marks a parameter whose type it has yet to find out. */
    return type == SW_OID_UNKNOWN ? SW_OID_NONE : type;
}

static struct bound bind(const struct sw_value *value, const struct sw_key_source *source)
{
    const struct sw_parameters *parameters = source->parameters;
    struct bound bound = {.value = &parameters->values[value->parameter - 1],
                          .number = value->parameter,
                          .is_utc = source->is_utc,
                          .cast = value->cast,
                          .type = declared_type(parameters, value->parameter)};

    if (bound.type == SW_OID_NONE && source->has_other_uses != NULL &&
        source->has_other_uses[value->parameter - 1])
        bound.may_be_any_type = true;
    else if (bound.type == SW_OID_NONE)
        bound.type = type_of_cast(value->cast);
    return bound;
}

/* UNBOUND, UNKNOWN, NULL; or KNOWN: there are bytes to read. */
static enum sw_key_status find_bound(const struct sw_value *value,
                                     const struct sw_key_source *source, struct bound *bound,
                                     struct sw_error *err)
{
    const struct sw_parameters *parameters = source->parameters;

    if (parameters == NULL || parameters->values == NULL)
        return SW_KEY_UNBOUND;
    if (value->parameter < 1 || value->parameter > parameters->count) {
        sw_error_set(err, "08P01",
                     "bind message supplies %d parameters, but the statement requires %d",
                     parameters->count, value->parameter);
        return SW_KEY_UNKNOWN;
    }
    *bound = bind(value, source);
    if (bound->value->is_unknown) {
        sw_error_set(err, "0A000", "the value of $%d is not a constant", value->parameter);
        sw_error_hint(err, "Give the key as a constant.");
        return SW_KEY_UNKNOWN;
    }
    return bound->value->bytes == NULL ? SW_KEY_NULL : SW_KEY_KNOWN;
}

static enum sw_key_status read_parameter(enum sw_key_type type, const struct sw_value *value,
                                         const struct sw_key_source *source,
                                         struct sw_key_value *key, struct sw_error *err)
{
    struct bound bound;
    enum sw_key_status status = find_bound(value, source, &bound, err);

    if (status != SW_KEY_KNOWN)
        return status;
    return parameter(type, &bound, key, err) ? SW_KEY_KNOWN : SW_KEY_UNKNOWN;
}

enum sw_key_status sw_key_read(enum sw_key_type type, const struct sw_value *value,
                               const struct sw_key_source *source, struct sw_key_value *key,
                               struct sw_error *err)
{
    struct sw_value lifted;

    if (value->slot > 0 && source->parameters != NULL && source->parameters->lifted != NULL) {
        lifted = sw_skeleton_value(source->parameters->lifted, value);
        value = &lifted;
    }
    switch (value->kind) {
    case SW_VALUE_NULL:
        return SW_KEY_NULL;
    case SW_VALUE_PARAMETER:
        return read_parameter(type, value, source, key, err);
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
    return literal(type, value, source->is_utc, key, err) ? SW_KEY_KNOWN : SW_KEY_UNKNOWN;
}

static bool open_array(const struct bound *bound, struct sw_arena *arena,
                       struct sw_key_array *array, struct sw_error *err)
{
    const struct sw_parameter *value = bound->value;

    if (value->is_binary
            ? sw_key_array_of_binary(value->bytes, value->len, arena, array)
            : sw_key_array_of_text((const char *)value->bytes, value->len, arena, array))
        return true;
    sw_error_set(err, "0A000", "parameter $%d is no array of one dimension", bound->number);
    sw_error_hint(err, "Bind an array, as {1,2,3}.");
    return false;
}

/* The declared type is that of the array, a cast names its elements. */
static bool settle_elements(enum sw_key_type type, struct bound *bound, struct sw_error *err)
{
    if (bound->may_be_any_type)
        return refuse_ambiguous(bound, type, err);
    if (bound->type == SW_OID_NONE || bound->type == type_of_cast(bound->cast))
        return true;
    bound->type = sw_type_of_elements(bound->type);
    return bound->type != SW_OID_NONE || refuse_type(type, err);
}

static bool read_elements(enum sw_key_type type, const struct bound *bound,
                          const struct sw_key_array *array, struct sw_key_list *list,
                          struct sw_error *err)
{
    for (int i = 0; i < array->count; i++) {
        struct sw_parameter element = {.bytes = array->elements[i].bytes,
                                       .len = array->elements[i].len,
                                       .is_binary = bound->value->is_binary};
        struct bound one = *bound;

        if (element.bytes == NULL)
            continue;
        one.value = &element;
        if (element.is_binary)
            one.type = array->type;
        if (!parameter(type, &one, &list->values[list->count], err))
            return false;
        list->count++;
    }
    return true;
}

enum sw_key_status sw_key_read_array(enum sw_key_type type, const struct sw_value *value,
                                     const struct sw_key_source *source, struct sw_arena *arena,
                                     struct sw_key_list *list, struct sw_error *err)
{
    struct bound bound;
    struct sw_key_array array;
    enum sw_key_status status = find_bound(value, source, &bound, err);

    if (status != SW_KEY_KNOWN)
        return status;
    if (!settle_elements(type, &bound, err) || !open_array(&bound, arena, &array, err))
        return SW_KEY_UNKNOWN;
    *list = (struct sw_key_list){
        .values = sw_arena_alloc(arena, (size_t)array.count * sizeof *list->values)};
    return read_elements(type, &bound, &array, list, err) ? SW_KEY_KNOWN : SW_KEY_UNKNOWN;
}
