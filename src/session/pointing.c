/*
 * Where in its text an error lies. Plans know names, not places, since they may be those of
 * another text with other literals: an error is rare enough to read the text once more.
 */
#include "internal.h"

#include "shardward/base/text.h"

#include <stdio.h>
#include <string.h>

/* Is it what the error is about? */
static bool is_meant(const struct sw_relation *relation, const struct sw_error *err)
{
    char words[sizeof err->message];

    if (relation->kind != SW_RELATION_TABLE || relation->location < 0)
        return false;
    (void)snprintf(words, sizeof words, "relation \"%s%s%s\" does not exist",
                   relation->schema == NULL ? "" : relation->schema,
                   relation->schema == NULL ? "" : ".", relation->name);
    return strcmp(words, err->message) == 0;
}

static const struct sw_relation *find_meant(const struct sw_statement *statement,
                                            const struct sw_error *err)
{
    if (statement->kind == SW_STATEMENT_COPY_FROM || statement->ddl != NULL)
        return NULL; /* PostgreSQL does not tell */
    for (int i = 0; i < statement->relation_count; i++)
        if (is_meant(&statement->relations[i], err))
            return &statement->relations[i];
    return NULL;
}

void sw_session_point_at(const char *text, struct sw_error *err)
{
    const struct sw_relation *meant = NULL;
    struct sw_script *script;
    struct sw_error ignored;

    if (!sw_error_is(err, "42P01") || (script = sw_parse(text, &ignored)) == NULL)
        return;
    for (int i = 0; meant == NULL && i < script->count; i++)
        meant = find_meant(&script->statements[i], err);
    if (meant != NULL)
        err->position = sw_text_characters(text, (size_t)meant->location) + 1;
    sw_script_unref(script);
}
