-- schema_version
-- The number of the newest migration that was applied.
SELECT coalesce(max(version), 0) AS version FROM schema_migrations;

-- server_facts
-- What an operator must know of the server and of the login: its version, its clock, and rights the service should not
-- have. has_*_privilege is null for tables that are not there.
SELECT current_setting('server_version_num')::integer AS version, current_setting('server_version') AS version_name,
       extract(epoch FROM clock_timestamp())::float8 AS now, current_user::text AS login,
       to_regclass('schema_migrations') IS NOT NULL AS migrated,
       coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false) AS superuser,
       ARRAY(SELECT t.name || ' ' || lower(r.name)
             FROM unnest(ARRAY['events', 'decisions']) AS t(name), unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS r(name)
             WHERE has_table_privilege(to_regclass(t.name), r.name) ORDER BY 1) AS may_change,
       ARRAY(SELECT c.relname::text FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.oid = to_regclass(c.relname::text)
             AND c.relname IN ('events', 'decisions') AND pg_has_role(c.relowner, 'USAGE') ORDER BY 1) AS owns;
