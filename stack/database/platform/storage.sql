-- The schema that Supabase Storage keeps: buckets and objects, their row level security, and the
-- helpers that policies call. Files themselves lie outside the database; a row is their record.

grant usage on schema storage to postgres, anon, authenticated, service_role;
grant all on schema storage to supabase_storage_admin with grant option;
alter default privileges for role supabase_storage_admin in schema storage
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_storage_admin in schema storage
  grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_storage_admin in schema storage
  grant all on sequences to postgres, anon, authenticated, service_role;

-- On Supabase an extension (supautils) lets `postgres` write policies on tables it does not own.
-- PostgreSQL itself leaves that to the owner, so here `postgres` is a member of the owning role.
grant supabase_storage_admin to postgres;

set role supabase_storage_admin;

do $types$
begin
  if to_regtype('storage.buckettype') is null then
    create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
  end if;
end
$types$;

create table if not exists storage.migrations (
  id integer primary key,
  name varchar(100) not null unique,
  hash varchar(40) not null,
  executed_at timestamp default current_timestamp
);

create table if not exists storage.buckets (
  id text primary key,
  name text not null,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text,
  type storage.buckettype not null default 'STANDARD',
  constraint buckets_name_length_check check (length(name) <= 100)
);
comment on column storage.buckets.owner is 'Field is deprecated, use owner_id instead';

create unique index if not exists bname on storage.buckets (name);

create table if not exists storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text constraint "objects_bucketId_fkey" references storage.buckets (id),
  name text,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb
);
comment on column storage.objects.owner is 'Field is deprecated, use owner_id instead';

create unique index if not exists bucketid_objname on storage.objects (bucket_id, name);
create index if not exists name_prefix_search on storage.objects (name text_pattern_ops);
create index if not exists idx_objects_bucket_id_name
  on storage.objects (bucket_id, name collate "C");

alter table storage.migrations enable row level security;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;

revoke all on storage.migrations from postgres, anon, authenticated, service_role;
grant select on storage.migrations to postgres;
grant all on storage.buckets, storage.objects to postgres with grant option;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role;

create or replace function storage.foldername(name text) returns text[]
language plpgsql immutable
as $$
declare
  v_parts text[] := string_to_array(foldername.name, '/');
begin
  return v_parts[1 : cardinality(v_parts) - 1];
end
$$;

create or replace function storage.filename(name text) returns text
language plpgsql immutable
as $$
declare
  v_parts text[] := string_to_array(filename.name, '/');
begin
  return v_parts[cardinality(v_parts)];
end
$$;

create or replace function storage.extension(name text) returns text
language plpgsql immutable
as $$
begin
  return reverse(split_part(reverse(storage.filename(extension.name)), '.', 1));
end
$$;

-- The name of the Storage API call that a statement belongs to, e.g. `storage.object.upload`.
create or replace function storage.operation() returns text
language plpgsql stable
as $$
begin
  return current_setting('storage.operation', true);
end
$$;

create or replace function storage.allow_only_operation(expected_operation text) returns boolean
language sql stable
as $$
  select coalesce(
    expected_operation <> ''
      and regexp_replace(storage.operation(), '^storage\.', '')
        = regexp_replace(expected_operation, '^storage\.', ''),
    false
  )
$$;

create or replace function storage.allow_any_operation(expected_operations text[])
returns boolean
language sql stable
as $$
  select exists (
    select from unnest(expected_operations) as expected (name)
    where storage.allow_only_operation(expected.name)
  )
$$;

create or replace function storage.update_updated_at_column() returns trigger
language plpgsql
as $$
begin
  new.updated_at = now();
  return new;
end
$$;

-- Deleting a row in SQL would leave its file behind, so only the Storage API may, which says so, or
-- the platform itself.
create or replace function storage.protect_delete() returns trigger
language plpgsql
as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), '') <> 'true'
    and not exists (
      select from pg_catalog.pg_roles r
      where r.rolname = current_user and (r.rolsuper or r.rolname = 'supabase_storage_admin')
    )
  then
    raise exception
      'Direct deletion from storage tables is not allowed. Use the Storage API instead.'
      using errcode = '42501', hint = 'This prevents accidental data loss from orphaned objects.';
  end if;
  return null;
end
$$;

-- The entries right below `prefix` whose names begin with `search`: folders as rows without id, then
-- files; sorted by name they mix. `levels` is there for callers of older versions: the prefix says it.
create or replace function storage.search(
  prefix text,
  bucketname text,
  limits integer default 100,
  levels integer default 1,
  offsets integer default 0,
  search text default '',
  sortcolumn text default 'name',
  sortorder text default 'asc'
) returns table (
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
-- PL/pgSQL keeps the plan, which costs more than the listing of a folder.
language plpgsql stable
as $$
#variable_conflict use_column
declare
  v_start text := coalesce(search.prefix, '') || coalesce(search.search, '');
  v_pattern text := replace(replace(replace(v_start, '\', '\\'), '%', '\%'), '_', '\_') || '%';
  v_first integer := greatest(cardinality(string_to_array(coalesce(search.prefix, ''), '/')), 1);
  v_last integer := greatest(cardinality(string_to_array(v_start, '/')), 1);
  v_direction integer := case when lower(search.sortorder) = 'desc' then -1 else 1 end;
begin
  return query
    with listed as (
      select
        array_to_string(o.path_tokens[v_first : v_last], '/') as name,
        o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
      from storage.objects o
      where o.bucket_id = search.bucketname
        and o.name ilike v_pattern
        and cardinality(o.path_tokens) = v_last
      union all
      select distinct
        array_to_string(o.path_tokens[v_first : v_last], '/'),
        null::uuid, null::timestamptz, null::timestamptz, null::timestamptz, null::jsonb
      from storage.objects o
      where o.bucket_id = search.bucketname
        and o.name ilike v_pattern
        and cardinality(o.path_tokens) > v_last
    ),
    numbered as (
      select l.*, row_number() over (
        order by
          case search.sortcolumn
            when 'updated_at' then l.updated_at
            when 'created_at' then l.created_at
            when 'last_accessed_at' then l.last_accessed_at
          end,
          -- A folder stands where its files do, behind names that go on with less than a slash.
          lower(l.name || case when l.id is null then '/' else '' end) collate "C",
          l.name collate "C"
      ) as place
      from listed l
    )
    select n.name, n.id, n.updated_at, n.created_at, n.last_accessed_at, n.metadata
    from numbered n
    order by
      -- By name folders and files mix; by time folders, which have none, stand first.
      search.sortcolumn in ('updated_at', 'created_at', 'last_accessed_at') and n.id is not null,
      n.place * v_direction
    limit least(coalesce(search.limits, 100), 1500) offset coalesce(search.offsets, 0);
end
$$;

-- A page of what begins with `prefix`, with one row for all that shares a further folder: without
-- id, named with a closing slash and, where times sort, as old as its oldest file. The page goes on
-- behind `start_after`, and behind `sort_column_after` when sorted by a time.
create or replace function storage.search_v2(
  prefix text,
  bucket_name text,
  limits integer default 100,
  levels integer default 1,
  start_after text default '',
  sort_order text default 'asc',
  sort_column text default 'name',
  sort_column_after text default ''
) returns table (
  key text,
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  v_direction integer := case when lower(search_v2.sort_order) = 'desc' then -1 else 1 end;
  v_after timestamptz := date_trunc(
    'milliseconds', coalesce(nullif(search_v2.sort_column_after, '')::timestamptz, 'epoch')
  );
begin
  return query
    with listed as (
      select o.path_tokens[search_v2.levels] as key, o.name,
        o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
      from storage.objects o
      where o.bucket_id = search_v2.bucket_name
        and starts_with(o.name, coalesce(search_v2.prefix, ''))
        and cardinality(o.path_tokens) <= search_v2.levels
      union all
      select o.path_tokens[search_v2.levels],
        array_to_string(o.path_tokens[1 : search_v2.levels], '/') || '/',
        null::uuid,
        case when search_v2.sort_column <> 'name' then min(o.created_at) end,
        case when search_v2.sort_column <> 'name' then min(o.created_at) end,
        null::timestamptz, null::jsonb
      from storage.objects o
      where o.bucket_id = search_v2.bucket_name
        and starts_with(o.name, coalesce(search_v2.prefix, ''))
        and cardinality(o.path_tokens) > search_v2.levels
      group by 1, 2
    ),
    dated as (
      select l.*, case search_v2.sort_column
        when 'updated_at' then date_trunc('milliseconds', l.updated_at)
        when 'created_at' then date_trunc('milliseconds', l.created_at)
        else 'epoch'::timestamptz
      end as date
      from listed l
    ),
    numbered as (
      select d.*, row_number() over (order by d.date, d.name collate "C") as place
      from dated d
      where coalesce(search_v2.start_after, '') = ''
        or v_direction = 1
          and (d.date, d.name collate "C") > (v_after, search_v2.start_after collate "C")
        or v_direction = -1
          and (d.date, d.name collate "C") < (v_after, search_v2.start_after collate "C")
    )
    select n.key, n.name, n.id, n.updated_at, n.created_at, n.last_accessed_at, n.metadata
    from numbered n
    order by n.place * v_direction
    limit search_v2.limits;
end
$$;

create or replace trigger update_objects_updated_at
  before update on storage.objects
  for each row execute function storage.update_updated_at_column();

create or replace trigger protect_buckets_delete
  before delete on storage.buckets
  for each statement execute function storage.protect_delete();

create or replace trigger protect_objects_delete
  before delete on storage.objects
  for each statement execute function storage.protect_delete();

reset role;
