#include "settings.h"

#include "shardward/base/text.h"
#include "shardward/parse/parse.h"
#include "values.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_one_of(const char *text, const char *const *choices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(text, choices[i]) == 0)
            return true;
    return false;
}

/* An encoding's name as PostgreSQL compares it: letters and digits only, lower case. */
static void fold_encoding(const char *name, char *out, size_t size)
{
    size_t len = 0;

    for (; *name != '\0' && len + 1 < size; name++) {
        char c = *name;

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[len++] = c;
    }
    out[len] = '\0';
}

/* All that PostgreSQL 15 has a name for (src/common/encnames.c). */
static bool is_encoding(const char *folded)
{
    static const char *const names[] = {
        "abc",         "alt",          "big5",        "euccn",       "eucjis2004",
        "eucjp",       "euckr",        "euctw",       "gb18030",     "gbk",
        "iso88591",    "iso885910",    "iso885913",   "iso885914",   "iso885915",
        "iso885916",   "iso88592",     "iso88593",    "iso88594",    "iso88595",
        "iso88596",    "iso88597",     "iso88598",    "iso88599",    "johab",
        "koi8",        "koi8r",        "koi8u",       "latin1",      "latin10",
        "latin2",      "latin3",       "latin4",      "latin5",      "latin6",
        "latin7",      "latin8",       "latin9",      "mskanji",     "muleinternal",
        "shiftjis",    "shiftjis2004", "sjis",        "sqlascii",    "tcvn",
        "tcvn5712",    "uhc",          "unicode",     "utf8",        "vscii",
        "win",         "win1250",      "win1251",     "win1252",     "win1253",
        "win1254",     "win1255",      "win1256",     "win1257",     "win1258",
        "win866",      "win874",       "win932",      "win936",      "win949",
        "win950",      "windows1250",  "windows1251", "windows1252", "windows1253",
        "windows1254", "windows1255",  "windows1256", "windows1257", "windows1258",
        "windows866",  "windows874",   "windows932",  "windows936",  "windows949",
        "windows950"};

    return sw_text_is_one_of(folded, names, lengthof(names));
}

static bool refuse_setting(struct sw_error *err, const char *message, const char *hint)
{
    (void)sw_error_set(err, "0A000", "%s", message);
    sw_error_hint(err, "%s", hint);
    return false;
}

static bool check_encoding(const char *value, struct sw_error *err)
{
    static const char *const allowed[] = {"utf8", "unicode", "sqlascii"};
    char folded[64];

    fold_encoding(value, folded, sizeof folded);
    if (is_one_of(folded, allowed, lengthof(allowed)))
        return true;
    if (!is_encoding(folded))
        return sw_error_set(err, "22023", "invalid value for parameter \"%s\": \"%s\"",
                            "client_encoding", value);
    return refuse_setting(err, "a client_encoding other than UTF8 is not supported",
                          "Use client_encoding = UTF8 and convert in the client.");
}

static bool is_conforming_allowed(const char *value)
{
    static const char *const allowed[] = {"on", "true", "yes", "1"};

    return is_one_of(value, allowed, lengthof(allowed));
}

/* 0, 1, or -1 for what is neither. */
static int bool_of_text(const char *text)
{
    static const char *const yes[] = {"on", "true", "yes", "t", "y", "1"};
    static const char *const no[] = {"off", "false", "no", "f", "n", "0"};

    if (is_one_of(text, yes, lengthof(yes)))
        return 1;
    return is_one_of(text, no, lengthof(no)) ? 0 : -1;
}

/* No time at all, with or without a unit. */
static bool is_zero(const char *value)
{
    static const char *const units[] = {"", "us", "ms", "s", "min", "h", "d"};
    size_t digits = strspn(value, "0");

    return digits > 0 && is_one_of(value + digits, units, lengthof(units));
}

/* A server that serves many, or is kept while its client works elsewhere, must not end when it
 * has nothing to do. */
static bool check_idle_time(const char *value, struct sw_error *err)
{
    return is_zero(value) ||
           refuse_setting(err, "idle_session_timeout other than 0 is not supported",
                          "Set timeouts.idle_session, in the YAML: it is told as PostgreSQL "
                          "tells it.");
}

bool sw_setting_is_allowed(const char *name, const char *value, struct sw_error *err)
{
    if (strcasecmp(name, "idle_session_timeout") == 0)
        return check_idle_time(value, err);
    if (strcasecmp(name, "client_encoding") == 0)
        return check_encoding(value, err);
    if (strcasecmp(name, "standard_conforming_strings") == 0 && !is_conforming_allowed(value))
        return refuse_setting(err, "standard_conforming_strings other than on is not supported",
                              "Write backslash escapes as E'...'.");
    if (strcasecmp(name, "transform_null_equals") == 0 && bool_of_text(value) != 0)
        return refuse_setting(err, "transform_null_equals other than off is not supported",
                              "Write IS NULL instead of = NULL.");
    if (strcasecmp(name, "array_nulls") == 0 && bool_of_text(value) != 1)
        return refuse_setting(err, "array_nulls other than on is not supported",
                              "Write the word NULL in an array in quotes.");
    if (strcasecmp(name, "session_authorization") == 0)
        return refuse_setting(err, "SET SESSION AUTHORIZATION is not supported",
                              "Log in as the user that the session shall have.");
    return true;
}

bool sw_setting_is_durable(const char *name, const char *value)
{
    static const char *const durable[] = {"on", "remote_apply", "true", "yes", "1"};
    static const char *const deaf[] = {"error", "fatal", "panic"};

    if (strcasecmp(name, "synchronous_standby_names") == 0)
        return false;
    if (strcasecmp(name, "client_min_messages") == 0)
        return value != NULL && !is_one_of(value, deaf, lengthof(deaf));
    return strcasecmp(name, "synchronous_commit") != 0 ||
           (value != NULL && is_one_of(value, durable, lengthof(durable)));
}

/* Settings whose value must be told before they are set. */
static bool is_guarded(const char *name)
{
    static const char *const guarded[] = {"array_nulls",
                                          "client_encoding",
                                          "idle_session_timeout",
                                          "session_authorization",
                                          "standard_conforming_strings",
                                          "transform_null_equals"};

    return is_one_of(name, guarded, lengthof(guarded));
}

static bool is_of_transaction(const char *name)
{
    static const char *const names[] = {"transaction_isolation", "transaction_read_only",
                                        "transaction_deferrable"};

    return is_one_of(name, names, lengthof(names));
}

/* The text of a constant, in @number if it is an integer; NULL: not a constant. */
static const char *text_of_constant(const Node *node, char *number, size_t size)
{
    const A_Const *constant = (const A_Const *)node;

    if (node == NULL || !IsA(node, A_Const) || constant->isnull)
        return NULL;
    if (IsA(&constant->val, String))
        return constant->val.sval.sval;
    if (IsA(&constant->val, Boolean))
        return constant->val.boolval.boolval ? "on" : "off";
    if (!IsA(&constant->val, Integer))
        return NULL;
    (void)snprintf(number, size, "%d", constant->val.ival.ival);
    return number;
}

static int isolation_of_text(const char *text)
{
    static const char *const levels[] = {"read uncommitted", "read committed",
                                         "repeatable read", "serializable"};

    for (size_t i = 0; i < lengthof(levels); i++)
        if (strcasecmp(text, levels[i]) == 0)
            return (int)i;
    return -1;
}

static bool read_option(struct sw_facts *facts, const char *name, const Node *value)
{
    struct sw_transaction_options *options = &facts->statement->options;
    char number[16];
    const char *text = text_of_constant(value, number, sizeof number);
    int *option = strcasecmp(name, "transaction_isolation") == 0   ? &options->isolation
                  : strcasecmp(name, "transaction_read_only") == 0 ? &options->is_read_only
                                                                   : &options->is_deferrable;
    int read = -1;

    if (text != NULL && is_of_transaction(name))
        read = option == &options->isolation ? isolation_of_text(text) : bool_of_text(text);
    if (read == -1) {
        sw_facts_refuse(facts, "this form of a transaction option",
                        "Use SET TRANSACTION with the words of the SQL standard.");
        return false;
    }
    *option = read;
    return true;
}

bool sw_settings_read_options(struct sw_facts *facts, const List *options)
{
    for (int i = 0; i < list_length(options); i++) {
        const DefElem *option = list_nth(options, i);

        if (!read_option(facts, option->defname, option->arg))
            return false;
    }
    return true;
}

static void describe_characteristics(struct sw_facts *facts, const List *options)
{
    for (int i = 0; i < list_length(options); i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "default_%s",
                       ((const DefElem *)list_nth(options, i))->defname);
        (void)sw_facts_add_setting(facts, SW_SETTING_SET, name);
    }
}

static void describe_multi(struct sw_facts *facts, const VariableSetStmt *set)
{
    if (strcmp(set->name, "TRANSACTION") == 0) {
        facts->statement->kind = SW_STATEMENT_SET_TRANSACTION;
        (void)sw_settings_read_options(facts, set->args);
    } else if (strcmp(set->name, "SESSION CHARACTERISTICS") == 0) {
        describe_characteristics(facts, set->args);
    } else {
        sw_facts_refuse(facts, "SET TRANSACTION SNAPSHOT", "A snapshot belongs to one server.");
    }
}

static void check_value(struct sw_facts *facts, const char *name, const Node *value)
{
    struct sw_error err;
    char number[16];
    const char *text = text_of_constant(value, number, sizeof number);

    if (!is_guarded(name))
        return;
    if (text == NULL)
        sw_facts_refuse(facts, "this value for a setting that changes how text is read",
                        "Give the value as a constant.");
    else if (!sw_setting_is_allowed(name, text, &err) && !facts->is_refused) {
        facts->statement->refusal = err;
        facts->is_refused = true;
    }
}

static void add_value(struct sw_facts *facts, bool is_local, const char *name,
                      const Node *value)
{
    char number[16];
    struct sw_setting_fact *fact =
        sw_facts_add_setting(facts, is_local ? SW_SETTING_SET_LOCAL : SW_SETTING_SET, name);

    fact->is_weak =
        !sw_setting_is_durable(name, text_of_constant(value, number, sizeof number));
}

/* libpg_query's grammar takes $1 here, PostgreSQL's does not. */
static void check_arguments(struct sw_facts *facts, const List *args)
{
    for (int i = 0; i < list_length(args); i++) {
        const Node *arg = list_nth(args, i);

        if (IsA(arg, ParamRef))
            sw_facts_fail(facts, "42601", "syntax error at or near \"$%d\"",
                          ((const ParamRef *)arg)->number);
    }
}

struct own {
    const char *name;
    enum sw_own_setting setting;
};

/* NULL: it is none of shardward's. */
static const struct own *find_own(const char *name)
{
    static const struct own all[] = {{"shardward.read", SW_OWN_READ},
                                     {"shardward.token", SW_OWN_TOKEN}};

    for (size_t i = 0; name != NULL && i < lengthof(all); i++)
        if (strcasecmp(name, all[i].name) == 0)
            return &all[i];
    return NULL;
}

bool sw_setting_is_own(const char *name)
{
    return find_own(name) != NULL;
}

static void describe_own(struct sw_facts *facts, const VariableSetStmt *set)
{
    struct sw_own_change *own = sw_arena_alloc(facts->arena, sizeof *own);
    const Node *only = list_length(set->args) == 1 ? linitial(set->args) : NULL;
    char number[16];

    facts->statement->kind = SW_STATEMENT_SET_OWN;
    own->setting = find_own(set->name)->setting;
    own->change = set->is_local                ? SW_SETTING_SET_LOCAL
                  : set->kind == VAR_SET_VALUE ? SW_SETTING_SET
                                               : SW_SETTING_RESET;
    own->says_reset = set->kind == VAR_RESET;
    own->value = sw_facts_text(facts, text_of_constant(only, number, sizeof number));
    facts->statement->own = own;
    if (set->kind == VAR_SET_VALUE && own->value == NULL)
        sw_facts_refuse(facts, "this value for a setting of shardward",
                        "Give the value as a constant.");
}

static void describe_value(struct sw_facts *facts, const VariableSetStmt *set)
{
    const Node *first = set->args == NIL ? NULL : linitial(set->args);
    const Node *only = list_length(set->args) == 1 ? first : NULL;

    check_arguments(facts, set->args);
    if (is_of_transaction(set->name)) {
        facts->statement->kind = SW_STATEMENT_SET_TRANSACTION;
        (void)read_option(facts, set->name, only);
        return;
    }
    check_value(facts, set->name, only);
    add_value(facts, set->is_local, set->name, only);
}

static void describe_reset(struct sw_facts *facts, const VariableSetStmt *set)
{
    if (is_of_transaction(set->name))
        sw_facts_refuse(facts, "RESET of a transaction's own setting",
                        "Use SET TRANSACTION instead.");
    if (strcasecmp(set->name, "session_authorization") == 0)
        sw_facts_refuse(facts, "SET SESSION AUTHORIZATION",
                        "Log in as the user that the session shall have.");
    (void)sw_facts_add_setting(facts, set->is_local ? SW_SETTING_SET_LOCAL : SW_SETTING_RESET,
                               set->name);
}

void sw_settings_describe_set(struct sw_facts *facts, const VariableSetStmt *set)
{
    facts->statement->kind = SW_STATEMENT_SET;
    if (set->kind != VAR_SET_CURRENT && sw_setting_is_own(set->name)) {
        describe_own(facts, set);
        return;
    }
    switch (set->kind) {
    case VAR_SET_VALUE:
        describe_value(facts, set);
        break;
    case VAR_SET_DEFAULT:
    case VAR_RESET:
        describe_reset(facts, set);
        break;
    case VAR_SET_CURRENT:
        sw_facts_refuse(facts, "SET ... FROM CURRENT", "Give the value itself.");
        break;
    case VAR_SET_MULTI:
        describe_multi(facts, set);
        break;
    case VAR_RESET_ALL:
        (void)sw_facts_add_setting(facts, SW_SETTING_RESET_ALL, NULL);
        break;
    }
}

bool sw_settings_describe_set_config(struct sw_facts *facts, const FuncCall *call)
{
    char number[16];
    const Node *first = list_length(call->args) == 3 ? linitial(call->args) : NULL;
    const char *name, *local;
    int is_local;

    if (first == NULL || call->func_variadic || call->agg_filter != NULL || call->over != NULL)
        return false;
    name = text_of_constant(first, number, sizeof number);
    local = text_of_constant(lthird(call->args), number, sizeof number);
    is_local = local == NULL ? -1 : bool_of_text(local);
    if (name == NULL || name == number || is_local == -1 || is_of_transaction(name))
        return false;
    check_value(facts, name, lsecond(call->args));
    if (sw_setting_is_own(name))
        sw_facts_refuse(facts, "set_config() of a setting of shardward", "Use SET.");
    add_value(facts, is_local, name, lsecond(call->args));
    return true;
}

bool sw_settings_is_of_session(const FuncCall *call)
{
    static const char *const of_server[] = {
        "cluster_name",     "config_file",       "data_directory", "external_pid_file",
        "hba_file",         "ident_file",        "in_hot_standby", "listen_addresses",
        "primary_conninfo", "primary_slot_name", "port",           "unix_socket_directories",
    };
    char number[16];
    const char *name = NULL;

    if (call->args != NIL)
        name = text_of_constant(linitial(call->args), number, sizeof number);
    return name != NULL && !is_one_of(name, of_server, lengthof(of_server)) &&
           !sw_setting_is_own(name);
}
