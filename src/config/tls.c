/*
 * TLS to clients, and to the nodes of a cluster. The files are tried when the configuration is
 * read, so that what is wrong with them is a fault of the line that names them.
 */
#include "reader.h"

#include <string.h>

struct word {
    const char *text;
    const yaml_node_t *at;
};

/* A section at hand. */
struct draft {
    enum sw_tls_mode mode;
    struct word certificate, key, ca, ciphers;
    bool needs_13;
};

static void read_mode(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);
    struct draft *draft = into;

    for (int i = 0; text != NULL && i < SW_TLS_MODES; i++)
        if (strcmp(text, sw_tls_mode_name((enum sw_tls_mode)i)) == 0) {
            draft->mode = (enum sw_tls_mode)i;
            return;
        }
    if (text != NULL)
        sw_reader_fault(reader, entry->value,
                        "'mode: %.80s': write disable, allow, prefer, require, verify-ca or "
                        "verify-full",
                        text);
}

static void read_version(struct sw_reader *reader, const struct sw_entry *entry,
                         const struct sw_field *field, void *into)
{
    const char *text = sw_reader_scalar(reader, entry);

    if (text == NULL)
        return;
    ((struct draft *)into)->needs_13 = strcmp(text, "1.3") == 0;
    if (strcmp(text, "1.3") != 0 && strcmp(text, "1.2") != 0)
        sw_reader_fault(reader, entry->value, "'min_version: %.80s': write 1.2 or 1.3", text);
}

static void read_word(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct word *word = (void *)((char *)into + field->offset);
    const char *text = sw_reader_scalar(reader, entry);

    if (text != NULL && *text == '\0')
        sw_reader_fault(reader, entry->value, "'%s' is empty; write it, or remove the key",
                        entry->name);
    else
        *word = (struct word){text, entry->value};
}

static void read_path(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct word *word = (void *)((char *)into + field->offset);

    read_word(reader, entry, field, into);
    if (word->text != NULL)
        word->text = sw_reader_beside(reader, word->text);
}

static const struct sw_field tls_fields[] = {
    {.name = "mode", .read = read_mode, .is_required = true},
    {.name = "certificate", .read = read_path, .offset = offsetof(struct draft, certificate)},
    {.name = "key", .read = read_path, .offset = offsetof(struct draft, key)},
    {.name = "ca", .read = read_path, .offset = offsetof(struct draft, ca)},
    {.name = "ciphers", .read = read_word, .offset = offsetof(struct draft, ciphers)},
    {.name = "min_version", .read = read_version},
};

static bool read_draft(struct sw_reader *reader, const struct sw_entry *entry,
                       struct draft *draft)
{
    int before = reader->faults->count;

    return sw_reader_fields(reader, entry, tls_fields, sizeof tls_fields / sizeof *tls_fields,
                            draft) &&
           reader->faults->count == before;
}

static struct sw_tls_files files_of(const struct draft *draft)
{
    return (struct sw_tls_files){draft->certificate.text, draft->key.text, draft->ca.text,
                                 draft->ciphers.text, draft->needs_13};
}

static bool verifies(const struct draft *draft)
{
    return draft->mode >= SW_TLS_VERIFY_CA;
}

static void blame(struct sw_reader *reader, const struct draft *draft, enum sw_tls_part part,
                  const struct sw_error *err)
{
    const yaml_node_t *const at[] = {
        [SW_TLS_CERTIFICATE] = draft->certificate.at,
        [SW_TLS_KEY] = draft->key.at,
        [SW_TLS_CA] = draft->ca.at,
        [SW_TLS_CIPHERS] = draft->ciphers.at,
    };

    sw_reader_fault(reader, at[part], "%s", err->message);
}

/* Roots are there if they are needed, and only then. */
static bool check_ca(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct draft *draft, const char *who)
{
    if (verifies(draft) == (draft->ca.text != NULL))
        return true;
    if (verifies(draft))
        sw_reader_fault(reader, entry->value,
                        "'mode: %s' needs 'ca', the root certificates by which %s judged",
                        sw_tls_mode_name(draft->mode), who);
    else
        sw_reader_fault(reader, draft->ca.at,
                        "'ca' is of no use to 'mode: %s'; remove it, or write verify-ca",
                        sw_tls_mode_name(draft->mode));
    return false;
}

void sw_check_cert(struct sw_reader *reader, const yaml_node_t *at, const char *what)
{
    if (reader->config->tls.mode < SW_TLS_VERIFY_CA)
        sw_reader_fault(reader, at,
                        "'%s' needs 'tls' of 'mode: verify-ca', which asks for certificates",
                        what);
}

void sw_read_tls(struct sw_reader *reader, const struct sw_entry *entry,
                 const struct sw_field *field, void *into)
{
    struct sw_config *config = into;
    struct draft draft = {.mode = SW_TLS_DISABLE};
    enum sw_tls_part part;
    struct sw_error err;
    struct sw_tls_files files;

    if (!read_draft(reader, entry, &draft) || draft.mode == SW_TLS_DISABLE)
        return;
    if (draft.certificate.text == NULL || draft.key.text == NULL) {
        sw_reader_fault(reader, entry->value,
                        "'mode: %s' needs 'certificate' and 'key', which clients are shown",
                        sw_tls_mode_name(draft.mode));
        return;
    }
    if (!check_ca(reader, entry, &draft, "clients are"))
        return;
    files = files_of(&draft);
    config->tls.mode = draft.mode;
    config->tls.files = files;
    config->tls.server = sw_tls_create(&files, &part, &err);
    if (config->tls.server == NULL)
        blame(reader, &draft, part, &err);
}

static bool check_node(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct draft *draft)
{
    if ((draft->certificate.text == NULL) != (draft->key.text == NULL))
        sw_reader_fault(reader, entry->value,
                        "'certificate' and 'key' belong together; write both, or neither");
    else if (draft->ciphers.text != NULL)
        sw_reader_fault(reader, draft->ciphers.at,
                        "the node chooses among 'ciphers'; remove the key");
    else
        return check_ca(reader, entry, draft, "the node is");
    return false;
}

void sw_read_node_tls(struct sw_reader *reader, const struct sw_entry *entry,
                      const struct sw_field *field, void *into)
{
    struct sw_tls_client *client = sw_arena_alloc(&reader->config->arena, sizeof *client);
    struct draft draft = {.mode = SW_TLS_DISABLE};
    enum sw_tls_part part;
    struct sw_error err;

    *client = (struct sw_tls_client){.mode = SW_TLS_DISABLE};
    *(const struct sw_tls_client **)(void *)((char *)into + field->offset) = client;
    if (!read_draft(reader, entry, &draft) || draft.mode == SW_TLS_DISABLE ||
        !check_node(reader, entry, &draft))
        return;
    *client = (struct sw_tls_client){draft.mode, files_of(&draft)};
    if (!sw_tls_client_check(client, &part, &err))
        blame(reader, &draft, part, &err);
}
