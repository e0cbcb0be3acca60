-- What the control user lacks to promote, fence and watch, as statements for a superuser; no
-- row: nothing. Parameters can be granted since PostgreSQL 15.
WITH me AS (
    SELECT quote_ident(current_user) AS role, rolsuper FROM pg_catalog.pg_roles
     WHERE rolname = current_user),
wanted(sql, is_there) AS (
    SELECT 'GRANT ' || r || ' TO ', pg_catalog.pg_has_role(r, 'USAGE')
      FROM pg_catalog.unnest('{pg_monitor,pg_signal_backend}'::text[]) r
    UNION ALL
    SELECT 'GRANT EXECUTE ON FUNCTION ' || f || ' TO ', pg_catalog.has_function_privilege(f, 'EXECUTE')
      FROM pg_catalog.unnest('{"pg_catalog.pg_promote(boolean,integer)",pg_catalog.pg_reload_conf(),
        pg_catalog.pg_show_all_file_settings()}'::text[]) f
    UNION ALL
    SELECT 'GRANT SELECT ON pg_catalog.pg_file_settings TO ',
           pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
    UNION ALL
    SELECT 'GRANT SET, ALTER SYSTEM ON PARAMETER ' || p || ' TO ',
           pg_catalog.has_parameter_privilege(p, 'SET')
           AND pg_catalog.has_parameter_privilege(p, 'ALTER SYSTEM')
      FROM pg_catalog.unnest('{shardward.term,shardward.promise,shardward.restore_command}'::text[]) p
    UNION ALL
    SELECT 'GRANT ALTER SYSTEM ON PARAMETER ' || p || ' TO ',
           pg_catalog.has_parameter_privilege(p, 'ALTER SYSTEM')
      FROM pg_catalog.unnest('{primary_conninfo,restore_command,synchronous_standby_names,
        default_transaction_read_only}'::text[]) p)
SELECT sql || role || ';' FROM wanted, me WHERE NOT rolsuper AND NOT is_there;
