#include "reader.h"

#include <string.h>

/* The admin user at hand, before it becomes a sw_config_admin_user. */
struct draft {
    const char *name;
    struct sw_secret secret;
    bool may_change;
};

static void read_may(struct sw_reader *reader, const struct sw_entry *entry,
                     const struct sw_field *field, void *into)
{
    struct draft *draft = into;
    const char *text = sw_reader_scalar(reader, entry);

    if (text == NULL || strcmp(text, "all") == 0)
        return;
    draft->may_change = false;
    if (strcmp(text, "look") != 0)
        sw_reader_fault(reader, entry->value, "'may: %.80s': write look or all", text);
}

static const struct sw_field user_fields[] = {
    {"name", sw_read_name, offsetof(struct draft, name), true, 0, 0},
    {"password", sw_read_password, offsetof(struct draft, secret), false, 0, 0},
    {"password_file", sw_read_password_file, offsetof(struct draft, secret), false, 0, 0},
    {.name = "may", .read = read_may},
};

static void read_user(struct sw_reader *reader, const struct sw_entry *entry, void *item)
{
    struct sw_config_admin_user *user = item;
    struct sw_entry here = {"an admin user", entry->value, entry->value};
    struct draft draft = {.name = "", .may_change = true};

    if (sw_reader_fields(reader, &here, user_fields, sizeof user_fields / sizeof *user_fields,
                         &draft)) {
        sw_secret_check_login(reader, &draft.secret, SW_AUTH_SCRAM);
        if (draft.secret.at == NULL && draft.secret.file_at == NULL)
            sw_reader_fault(reader, entry->value,
                            "admin user '%.80s' has no password; write 'password' or "
                            "'password_file'",
                            draft.name);
    }
    *user = (struct sw_config_admin_user){draft.name, draft.secret.text, draft.may_change};
}

static void check_names(struct sw_reader *reader, const struct sw_config *config,
                        const struct sw_entry *entry)
{
    for (int i = 0; i < config->admin.user_count; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(config->admin.users[i].name, config->admin.users[j].name) == 0) {
                sw_reader_fault(reader, entry->value,
                                "admin user '%.80s' stands twice; remove one",
                                config->admin.users[i].name);
                return;
            }
}

static void read_users(struct sw_reader *reader, const struct sw_entry *entry,
                       const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    config->admin.users = sw_reader_sequence(reader, entry, sizeof *config->admin.users,
                                             read_user, &config->admin.user_count);
    if (config->admin.users == NULL)
        return;
    if (config->admin.user_count == 0)
        sw_reader_fault(reader, entry->value, "'users' is empty; write at least one");
    check_names(reader, config, entry);
}

static void read_listen(struct sw_reader *reader, const struct sw_entry *entry,
                        const struct sw_field *field, void *into)
{
    struct sw_config *config = into;

    sw_reader_listen(reader, entry, field->name, &config->admin.address, &config->admin.port);
}

static const struct sw_field admin_fields[] = {
    {.name = "listen", .read = read_listen, .is_required = true},
    {.name = "users", .read = read_users, .is_required = true},
};

void sw_read_admin(struct sw_reader *reader, const struct sw_entry *entry,
                   const struct sw_field *field, void *into)
{
    sw_reader_fields(reader, entry, admin_fields, sizeof admin_fields / sizeof *admin_fields,
                     into);
}
