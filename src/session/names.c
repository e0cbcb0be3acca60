#include "internal.h"

#include "shardward/base/mem.h"
#include "shardward/wire/response.h"

struct sw_named *sw_named_create(const char *name, struct sw_planned *planned, const char *text,
                                 struct sw_prepared *prepared, const uint32_t *types,
                                 int type_count)
{
    struct sw_named *named = sw_alloc_zero(1, sizeof *named);

    named->refs = 1;
    named->name = sw_strdup(name);
    named->planned = sw_planned_ref(planned);
    named->statement = planned->script->count > 0 ? &planned->script->statements[0] : NULL;
    named->text = sw_strdup(text);
    named->hint = sw_session_hint(text);
    named->prepared = prepared == NULL ? NULL : sw_prepared_ref(prepared);
    named->types = sw_memdup(types, (size_t)type_count * sizeof *types);
    named->type_count = type_count;
    return named;
}

struct sw_named *sw_named_copy(const struct sw_named *named)
{
    struct sw_named *copy = sw_named_create(named->name, named->planned, named->text,
                                            named->prepared, named->types, named->type_count);

    sw_splice_copy(&copy->splice, &named->splice);
    sw_splice_copy(&copy->fill_splice, &named->fill_splice);
    copy->filled = named->filled == NULL ? NULL : sw_prepared_ref(named->filled);
    copy->reading =
        (struct sw_reading){sw_settings_ref(named->reading.settings), named->reading.local};
    copy->has_learned = named->has_learned;
    copy->is_cursor = named->is_cursor;
    copy->is_held = named->is_held;
    return copy;
}

struct sw_named *sw_named_ref(struct sw_named *named)
{
    named->refs++;
    return named;
}

void sw_named_unref(struct sw_named *named)
{
    if (named == NULL || --named->refs > 0)
        return;
    free(named->name);
    free(named->text);
    sw_planned_unref(named->planned);
    sw_prepared_unref(named->prepared);
    sw_settings_unref(named->reading.settings);
    sw_prepared_unref(named->filled);
    sw_splice_clear(&named->splice);
    sw_splice_clear(&named->fill_splice);
    sw_named_forget_told(named);
    sw_scattering_unref(named->scattering);
    free(named->types);
    free(named);
}

void sw_named_forget_told(struct sw_named *named)
{
    free((void *)(uintptr_t)named->told.bytes);
    named->told = (struct sw_profile){0};
}

void sw_named_learn_types(struct sw_named *named, const struct sw_frame *frame)
{
    const uint8_t *oid;
    int count;

    if (!sw_wire_read_parameter_types(frame, &count, &oid))
        return;
    free(named->types);
    named->types = sw_alloc_zero((size_t)count, sizeof *named->types);
    named->type_count = count;
    named->has_learned = true;
    for (int i = 0; i < count; i++, oid += 4)
        named->types[i] =
            (uint32_t)oid[0] << 24 | (uint32_t)oid[1] << 16 | (uint32_t)oid[2] << 8 | oid[3];
    sw_prepared_learn(named->prepared, named->types, count);
    if (named->filled != NULL)
        sw_prepared_learn(named->filled, named->types, count);
}

struct sw_named *sw_names_get(const struct sw_names *names, const char *name)
{
    return name[0] == '\0' ? names->unnamed : sw_textmap_get(&names->named, name);
}

void sw_names_put(struct sw_names *names, const char *name, struct sw_named *named)
{
    struct sw_named *before;

    if (named != NULL)
        (void)sw_named_ref(named);
    if (name[0] == '\0') {
        before = names->unnamed;
        names->unnamed = named;
    } else if (named == NULL) {
        before = sw_textmap_remove(&names->named, name);
    } else {
        before = sw_textmap_put(&names->named, name, named);
    }
    sw_named_unref(before);
}

void sw_names_clear(struct sw_names *names)
{
    sw_named_unref(names->unnamed);
    names->unnamed = NULL;
    sw_names_clear_named(names);
}

void sw_names_clear_named(struct sw_names *names)
{
    size_t at = 0;
    struct sw_named *named;

    while ((named = sw_textmap_next(&names->named, &at, NULL)) != NULL)
        sw_named_unref(named);
    sw_textmap_finish(&names->named);
}
