-- What sw_harmless_functions in function_names.c is made from: run on PostgreSQL 15 of the same
-- minor as the servers, sort by bytes (LC_ALL=C), and compare before anything is added. A name is
-- harmless only if all its overloads are. (sw_catalog_functions is chosen by hand.)
with p as (select p.*, d.description from pg_proc p left join pg_description d on d.objoid=p.oid and d.classoid='pg_proc'::regclass where pronamespace='pg_catalog'::regnamespace),
bad as (select proname from p where provolatile='v'
 or (proname::text ~ '(in|out)$' and (prorettype='cstring'::regtype or 'cstring'::regtype = any(proargtypes::oid[])))
 or proname::text ~ '(recv|send)$'
 or 'internal'::regtype = any(proargtypes::oid[]) or prorettype='internal'::regtype
 or prorettype in ('trigger'::regtype,'event_trigger'::regtype,'index_am_handler'::regtype,'table_am_handler'::regtype,'language_handler'::regtype,'fdw_handler'::regtype,'tsm_handler'::regtype)
 or description is null
 or description ~ '^(implementation of .* operator|deprecated, use .* instead|I/O|internal|(less-equal-greater|aggregate (transition|final)|btree|hash|gin|gist|brin|spgist|SP-GiST|GiST|GIN|BRIN|join|restriction) )'
 or description ~ '(selectivity|transition function|final function|support|inverse)'
 or proname::text ~ '^(pg_|has_|lo_|binary_upgrade|txid_|inet_(client|server)|hash_(array|record|range|multirange|aclitem)|hashenum|to_reg|satisfies_|fmgr_|acl|hash_aclitem)'
 or proname::text ~ '(_to_xml|_xmlschema|_validator$)'
 or proname::text in ('current_database','current_user','session_user','getpgusername','row_security_active','regclass','format_type','obj_description','col_description','shobj_description','ts_debug','ts_parse','ts_token_type','makeaclitem','mxid_age','oidvectortypes','getdatabaseencoding','amvalidate','set_config','current_setting','array_unnest_support','get_current_ts_config'))
select distinct proname from p where proname not in (select proname from bad)
union select unnest(array['clock_timestamp','timeofday','random','gen_random_uuid','pg_sleep','pg_sleep_for','pg_sleep_until','version','pg_size_pretty','pg_size_bytes','pg_client_encoding','pg_column_size','pg_collation_for',
    -- implementations of operators that people call by name
    'array_cat','starts_with','xpath','xpath_exists','json_agg','jsonb_agg','json_object_agg','jsonb_object_agg'])::name
order by 1
