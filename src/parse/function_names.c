/*
 * Taken from pg_proc of PostgreSQL 15.20, by name over all overloads.
 *
 * Harmless: immutable or stable, and the volatile ones that only tell time, chance or sleep.
 * Left out: what reads tables (table_to_xml, ts_stat), the catalog, files, server or backend
 * state (pg_stat_*, txid_*, inet_server_addr), sequences; what hashes OIDs, which differ
 * between servers (hashenum, hash_record); input, output, transition, index support and
 * operator functions.
 *
 * Catalog: the answer is made from pg_catalog (or, as pg_timezone_names, from what any server
 * has beside it), so that the catalog database can give it.
 */
#include "function_names.h"

#include "shardward/base/text.h"

/* clang-format off */
const char *const sw_harmless_functions[] = {
    "abbrev", "abs", "acos", "acosd", "age", "area", "array_agg", "array_append", "array_cat",
    "array_dims", "array_fill", "array_larger", "array_length", "array_lower", "array_ndims",
    "array_position", "array_positions", "array_prepend", "array_remove", "array_replace",
    "array_smaller", "array_to_json", "array_to_string", "array_to_tsvector", "array_upper",
    "ascii", "asin", "asind", "atan", "atan2", "atan2d", "atand", "avg", "bit", "bit_and",
    "bit_count", "bit_length", "bit_or", "bit_xor", "bitcmp", "bool", "bool_and", "bool_or",
    "bound_box", "box", "bpchar", "bpchar_larger", "bpchar_smaller", "bpcharcmp", "broadcast",
    "btarraycmp", "btboolcmp", "btbpchar_pattern_cmp", "btcharcmp", "btequalimage",
    "btfloat48cmp", "btfloat4cmp", "btfloat84cmp", "btfloat8cmp", "btint24cmp", "btint28cmp",
    "btint2cmp", "btint42cmp", "btint48cmp", "btint4cmp", "btint82cmp", "btint84cmp",
    "btint8cmp", "btnamecmp", "btnametextcmp", "btoidcmp", "btoidvectorcmp", "btrecordcmp",
    "btrim", "bttext_pattern_cmp", "bttextcmp", "bttextnamecmp", "bttidcmp",
    "btvarstrequalimage", "byteacmp", "cardinality", "cash_cmp", "cash_words", "cashlarger",
    "cashsmaller", "cbrt", "ceil", "ceiling", "center", "char", "char_length",
    "character_length", "chr", "cidr", "circle", "clock_timestamp", "concat", "concat_ws",
    "convert", "convert_from", "convert_to", "corr", "cos", "cosd", "cosh", "cot", "cotd",
    "count", "covar_pop", "covar_samp", "cume_dist", "current_schema", "current_schemas",
    "date", "date_bin", "date_cmp", "date_cmp_timestamp", "date_cmp_timestamptz",
    "date_larger", "date_part", "date_smaller", "date_trunc", "datemultirange", "daterange",
    "daterange_canonical", "daterange_subdiff", "decode", "degrees", "dense_rank", "dexp",
    "diagonal", "diameter", "div", "dlog1", "dlog10", "dround", "dtrunc", "encode",
    "enum_cmp", "enum_first", "enum_larger", "enum_last", "enum_range", "enum_smaller",
    "every", "exp", "extract", "factorial", "family", "first_value", "float4", "float4larger",
    "float4smaller", "float8", "float8_combine", "float8_regr_combine", "float8larger",
    "float8smaller", "floor", "format", "gcd", "gen_random_uuid", "generate_series",
    "generate_subscripts", "get_bit", "get_byte", "hash_numeric", "hash_numeric_extended",
    "hashbpchar", "hashbpcharextended", "hashchar", "hashcharextended", "hashfloat4",
    "hashfloat4extended", "hashfloat8", "hashfloat8extended", "hashinet", "hashinetextended",
    "hashint2", "hashint2extended", "hashint4", "hashint4extended", "hashint8",
    "hashint8extended", "hashmacaddr", "hashmacaddr8", "hashmacaddr8extended",
    "hashmacaddrextended", "hashname", "hashnameextended", "hashoid", "hashoidextended",
    "hashoidvector", "hashoidvectorextended", "hashtext", "hashtextextended", "hashtid",
    "hashtidextended", "height", "host", "hostmask", "inet_merge", "inet_same_family",
    "initcap", "int2", "int2larger", "int2smaller", "int4", "int4_avg_combine", "int4inc",
    "int4larger", "int4multirange", "int4range", "int4range_canonical", "int4range_subdiff",
    "int4smaller", "int8", "int8dec", "int8dec_any", "int8inc", "int8inc_any", "int8larger",
    "int8multirange", "int8range", "int8range_canonical", "int8range_subdiff", "int8smaller",
    "interval", "interval_cmp", "interval_combine", "interval_hash", "interval_hash_extended",
    "interval_larger", "interval_smaller", "is_normalized", "isclosed", "isempty", "isfinite",
    "ishorizontal", "isopen", "isparallel", "isperp", "isvertical", "json_agg",
    "json_array_elements", "json_array_elements_text", "json_array_length",
    "json_build_array", "json_build_object", "json_each", "json_each_text",
    "json_extract_path", "json_extract_path_text", "json_object", "json_object_agg",
    "json_object_keys", "json_populate_record", "json_populate_recordset", "json_strip_nulls",
    "json_to_record", "json_to_recordset", "json_to_tsvector", "json_typeof", "jsonb_agg",
    "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length",
    "jsonb_build_array", "jsonb_build_object", "jsonb_cmp", "jsonb_each", "jsonb_each_text",
    "jsonb_extract_path", "jsonb_extract_path_text", "jsonb_hash", "jsonb_hash_extended",
    "jsonb_insert", "jsonb_object", "jsonb_object_agg", "jsonb_object_keys",
    "jsonb_path_exists", "jsonb_path_exists_tz", "jsonb_path_match", "jsonb_path_match_tz",
    "jsonb_path_query", "jsonb_path_query_array", "jsonb_path_query_array_tz",
    "jsonb_path_query_first", "jsonb_path_query_first_tz", "jsonb_path_query_tz",
    "jsonb_populate_record", "jsonb_populate_recordset", "jsonb_pretty", "jsonb_set",
    "jsonb_set_lax", "jsonb_strip_nulls", "jsonb_to_record", "jsonb_to_recordset",
    "jsonb_to_tsvector", "jsonb_typeof", "justify_days", "justify_hours", "justify_interval",
    "lag", "last_value", "lcm", "lead", "left", "length", "like", "like_escape", "line", "ln",
    "log", "log10", "lower", "lower_inc", "lower_inf", "lpad", "lseg", "ltrim", "macaddr",
    "macaddr8", "macaddr8_cmp", "macaddr8_set7bit", "macaddr_cmp", "make_date",
    "make_interval", "make_time", "make_timestamp", "make_timestamptz", "masklen", "max",
    "md5", "min", "min_scale", "mod", "mode", "money", "multirange", "multirange_cmp",
    "multirange_intersect_agg_transfn", "name", "nameconcatoid", "netmask", "network",
    "network_cmp", "network_larger", "network_smaller", "normalize", "notlike", "now",
    "npoints", "nth_value", "ntile", "num_nonnulls", "num_nulls", "numeric", "numeric_cmp",
    "numeric_div_trunc", "numeric_exp", "numeric_inc", "numeric_larger", "numeric_ln",
    "numeric_log", "numeric_smaller", "numeric_sqrt", "nummultirange", "numnode", "numrange",
    "numrange_subdiff", "octet_length", "oid", "oidlarger", "oidsmaller", "overlaps",
    "overlay", "parse_ident", "path", "pclose", "percent_rank", "percentile_cont",
    "percentile_disc", "pg_client_encoding", "pg_collation_for",
    "pg_column_size", "pg_size_bytes", "pg_size_pretty", "pg_sleep", "pg_sleep_for",
    "pg_sleep_until", "phraseto_tsquery", "pi", "plainto_tsquery", "point", "polygon",
    "popen", "position", "pow", "power", "querytree", "quote_ident", "quote_literal",
    "quote_nullable", "radians", "radius", "random", "range_agg", "range_cmp",
    "range_intersect_agg", "range_intersect_agg_transfn", "range_merge", "rank",
    "regexp_count", "regexp_instr", "regexp_like", "regexp_match", "regexp_matches",
    "regexp_replace", "regexp_split_to_array", "regexp_split_to_table", "regexp_substr",
    "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope",
    "regr_sxx", "regr_sxy", "regr_syy", "repeat", "replace", "reverse", "right", "round",
    "row_number", "row_to_json", "rpad", "rtrim", "scale", "set_bit", "set_byte",
    "set_masklen", "setweight", "sha224", "sha256", "sha384", "sha512", "sign",
    "similar_escape", "similar_to_escape", "sin", "sind", "sinh", "slope", "split_part",
    "sqrt", "starts_with", "statement_timestamp", "stddev", "stddev_pop", "stddev_samp",
    "string_agg", "string_to_array", "string_to_table", "strip", "strpos", "substr",
    "substring", "sum", "tan", "tand", "tanh", "text", "text_larger", "text_smaller",
    "textlen", "tidlarger", "tidsmaller", "time", "time_cmp", "time_hash",
    "time_hash_extended", "time_larger", "time_smaller", "timeofday", "timestamp",
    "timestamp_cmp", "timestamp_cmp_date", "timestamp_cmp_timestamptz", "timestamp_hash",
    "timestamp_hash_extended", "timestamp_larger", "timestamp_smaller", "timestamptz",
    "timestamptz_cmp", "timestamptz_cmp_date", "timestamptz_cmp_timestamp",
    "timestamptz_larger", "timestamptz_smaller", "timetz", "timetz_cmp", "timetz_hash",
    "timetz_hash_extended", "timetz_larger", "timetz_smaller", "timezone", "to_ascii",
    "to_char", "to_date", "to_hex", "to_json", "to_jsonb", "to_number", "to_timestamp",
    "to_tsquery", "to_tsvector", "transaction_timestamp", "translate", "trim_array",
    "trim_scale", "trunc", "ts_delete", "ts_filter", "ts_headline", "ts_lexize", "ts_rank",
    "ts_rank_cd", "tsmultirange", "tsquery_cmp", "tsrange", "tsrange_subdiff",
    "tstzmultirange", "tstzrange", "tstzrange_subdiff", "tsvector_cmp", "tsvector_to_array",
    "unistr", "unnest", "upper", "upper_inc", "upper_inf", "uuid_cmp", "uuid_hash",
    "uuid_hash_extended", "var_pop", "var_samp", "varbit", "varbitcmp", "varchar", "variance",
    "version", "websearch_to_tsquery", "width", "width_bucket", "xid", "xid8_larger",
    "xid8_smaller", "xid8cmp", "xml", "xml_is_well_formed", "xml_is_well_formed_content",
    "xml_is_well_formed_document", "xmlagg", "xmlcomment", "xmlexists", "xmlvalidate",
    "xpath", "xpath_exists",
};
const size_t sw_harmless_function_count =
    sizeof sw_harmless_functions / sizeof sw_harmless_functions[0];

const char *const sw_catalog_functions[] = {
    "aclcontains", "acldefault", "aclexplode", "col_description", "format_type",
    "get_current_ts_config", "getdatabaseencoding", "has_any_column_privilege",
    "has_column_privilege", "has_database_privilege", "has_foreign_data_wrapper_privilege",
    "has_function_privilege", "has_language_privilege", "has_parameter_privilege",
    "has_schema_privilege", "has_sequence_privilege", "has_server_privilege",
    "has_table_privilege", "has_tablespace_privilege", "has_type_privilege", "makeaclitem",
    "obj_description", "oidvectortypes", "pg_available_extension_versions",
    "pg_available_extensions", "pg_char_to_encoding", "pg_collation_is_visible",
    "pg_column_is_updatable", "pg_conversion_is_visible", "pg_describe_object",
    "pg_encoding_max_length", "pg_encoding_to_char", "pg_function_is_visible",
    "pg_get_catalog_foreign_keys", "pg_get_constraintdef", "pg_get_expr",
    "pg_get_function_arg_default", "pg_get_function_arguments",
    "pg_get_function_identity_arguments", "pg_get_function_result", "pg_get_function_sqlbody",
    "pg_get_functiondef", "pg_get_indexdef", "pg_get_keywords", "pg_get_object_address",
    "pg_get_partition_constraintdef", "pg_get_partkeydef", "pg_get_publication_tables",
    "pg_get_replica_identity_index", "pg_get_ruledef", "pg_get_serial_sequence",
    "pg_get_statisticsobjdef", "pg_get_statisticsobjdef_columns",
    "pg_get_statisticsobjdef_expressions", "pg_get_triggerdef", "pg_get_userbyid",
    "pg_get_viewdef", "pg_has_role", "pg_identify_object", "pg_identify_object_as_address",
    "pg_index_column_has_property", "pg_index_has_property", "pg_indexam_has_property",
    "pg_is_in_recovery", "pg_is_other_temp_schema",
    "pg_opclass_is_visible", "pg_operator_is_visible", "pg_opfamily_is_visible",
    "pg_options_to_table", "pg_partition_ancestors", "pg_partition_root", "pg_partition_tree",
    "pg_relation_is_publishable", "pg_relation_is_updatable", "pg_sequence_parameters",
    "pg_show_all_settings", "pg_statistics_obj_is_visible", "pg_table_is_visible",
    "pg_tablespace_location", "pg_timezone_abbrevs", "pg_timezone_names",
    "pg_ts_config_is_visible", "pg_ts_dict_is_visible", "pg_ts_parser_is_visible",
    "pg_ts_template_is_visible", "pg_type_is_visible", "pg_typeof", "regclass",
    "row_security_active", "shobj_description", "to_regclass", "to_regcollation",
    "to_regnamespace", "to_regoper", "to_regoperator", "to_regproc", "to_regprocedure",
    "to_regrole", "to_regtype",
};
const size_t sw_catalog_function_count =
    sizeof sw_catalog_functions / sizeof sw_catalog_functions[0];

/* prokind = 'a' */
static const char *const aggregates[] = {
    "array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "corr", "count",
    "covar_pop", "covar_samp", "cume_dist", "dense_rank", "every", "json_agg",
    "json_object_agg", "jsonb_agg", "jsonb_object_agg", "max", "min", "mode", "percent_rank",
    "percentile_cont", "percentile_disc", "range_agg", "range_intersect_agg", "rank",
    "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope",
    "regr_sxx", "regr_sxy", "regr_syy", "stddev", "stddev_pop", "stddev_samp", "string_agg",
    "sum", "var_pop", "var_samp", "variance", "xmlagg",
};
/* clang-format on */

bool sw_function_is_aggregate(const char *name)
{
    return sw_text_is_one_of(name, aggregates, sizeof aggregates / sizeof aggregates[0]);
}

bool sw_function_is_by_chance(const char *name)
{
    static const char *const names[] = {"clock_timestamp", "gen_random_uuid", "random",
                                        "timeofday"};

    return sw_text_is_one_of(name, names, sizeof names / sizeof names[0]);
}
