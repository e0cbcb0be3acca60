/*
 * settings - SET, RESET, SHOW, and what a session may set.
 */
#ifndef SW_PARSE_SETTINGS_H
#define SW_PARSE_SETTINGS_H

#include "facts.h"
#include "tree.h"

void sw_settings_describe_set(struct sw_facts *facts, const VariableSetStmt *set);

/* Options of BEGIN and SET TRANSACTION, a list of DefElem; false: refused. */
bool sw_settings_read_options(struct sw_facts *facts, const List *options);

/* set_config(): true if it has become a fact (or a refusal), false if it cannot be told. */
bool sw_settings_describe_set_config(struct sw_facts *facts, const FuncCall *call);

/* Does current_setting() ask for a setting that sessions have, and not for one of a server? */
bool sw_settings_is_of_session(const FuncCall *call);

#endif
