-- What every Supabase project has before its first migration: roles, schemas, extensions and
-- default privileges, after github.com/supabase/postgres (migrations/db/init-scripts). Runs once,
-- as the superuser supabase_admin, when the database is created; safe to run again.

do $roles$
declare
  definition record;
begin
  for definition in
    select *
    from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit'),
      ('postgres', 'login createdb createrole replication bypassrls'),
      ('supabase_auth_admin', 'login noinherit createrole'),
      ('supabase_storage_admin', 'login noinherit createrole'),
      ('supabase_realtime_admin', 'nologin noinherit'),
      ('dashboard_user', 'nologin createdb createrole replication')
    ) as wanted (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles r where r.rolname = definition.name) then
      execute format('create role %I %s', definition.name, definition.attributes);
    end if;
  end loop;
end
$roles$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;
grant anon, authenticated, service_role to supabase_storage_admin;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role supabase_auth_admin set search_path = 'auth';
alter role supabase_storage_admin set search_path = 'storage';

do $database$
begin
  -- Supabase gives `postgres` every privilege on the database, but not its ownership.
  execute format('grant all on database %I to postgres with grant option', current_database());
  execute format('alter database %I set search_path = "$user", public, extensions', current_database());
end
$database$;

create schema if not exists extensions authorization supabase_admin;
grant usage on schema extensions to postgres, anon, authenticated, service_role;
grant create on schema extensions to postgres;

create schema if not exists auth authorization supabase_auth_admin;
create schema if not exists storage authorization supabase_storage_admin;
create schema if not exists realtime authorization supabase_admin;
create schema if not exists vault authorization supabase_admin;

alter schema public owner to pg_database_owner;
grant usage, create on schema public to postgres;
grant usage on schema public to anon, authenticated, service_role;

-- New objects reach the Data API roles only through explicit grants of the migrations; functions
-- keep PostgreSQL's own default (execute to public), as on Supabase.
alter default privileges for role postgres in schema public
  grant all on tables to service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to service_role;
alter default privileges for role postgres in schema public
  grant all on functions to anon, authenticated, service_role;

do $extensions$
declare
  wanted text;
begin
  foreach wanted in array array['uuid-ossp', 'pgcrypto', 'pg_trgm', 'unaccent', 'ltree'] loop
    if exists (select from pg_catalog.pg_available_extensions e where e.name = wanted) then
      execute format('create extension if not exists %I with schema extensions', wanted);
    end if;
  end loop;
end
$extensions$;
