-- The parts of pg_cron, pg_net and Vault that projects call from SQL, with their signatures. The
-- stack's scheduler reads `cron.job` and sends what stands in `net.http_request_queue`.

create schema if not exists cron authorization supabase_admin;
create schema if not exists net authorization supabase_admin;

create table if not exists cron.job (
  jobid bigint generated always as identity primary key,
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default 5432,
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);

create or replace function cron.schedule(job_name text, schedule text, command text)
returns bigint
language sql
security definer
set search_path = ''
as $$
  insert into cron.job (jobname, schedule, command, username)
  values (schedule.job_name, schedule.schedule, schedule.command, session_user)
  on conflict on constraint jobname_username_uniq
    do update set schedule = excluded.schedule, command = excluded.command, active = true
  returning jobid
$$;

create or replace function cron.unschedule(job_name text)
returns boolean
language sql
security definer
set search_path = ''
as $$
  with gone as (
    delete from cron.job j
    where j.jobname = unschedule.job_name and j.username = session_user
    returning 1
  )
  select exists (select from gone)
$$;

create table if not exists net.http_request_queue (
  id bigint generated always as identity primary key,
  method text not null default 'POST',
  url text not null,
  headers jsonb not null default '{}',
  body jsonb,
  timeout_milliseconds integer not null default 5000
);

create or replace function net.http_post(
  url text,
  body jsonb default '{}',
  params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
)
returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_id bigint;
  v_query text;
begin
  select string_agg(p.key || '=' || p.value, '&') into v_query
  from jsonb_each_text(http_post.params) p;

  insert into net.http_request_queue (url, headers, body, timeout_milliseconds)
  values (
    http_post.url || coalesce('?' || v_query, ''),
    http_post.headers,
    http_post.body,
    http_post.timeout_milliseconds
  )
  returning id into v_id;

  -- Sent once the caller's transaction has committed; identical notifications fold into one.
  perform pg_notify('supabase_net', '');
  return v_id;
end
$$;

-- Local secrets stand in plain text; on Supabase, Vault encrypts them.
create table if not exists vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text unique,
  description text not null default '',
  secret text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create or replace view vault.decrypted_secrets as
select s.id, s.name, s.description, s.secret, s.secret as decrypted_secret, s.created_at, s.updated_at
from vault.secrets s;

create or replace function vault.create_secret(
  new_secret text,
  new_name text default null,
  new_description text default ''
)
returns uuid
language sql
security definer
set search_path = ''
as $$
  insert into vault.secrets (secret, name, description)
  values (create_secret.new_secret, create_secret.new_name, create_secret.new_description)
  returning id
$$;

revoke all on all functions in schema cron, net, vault from public;
grant usage on schema cron, net, vault to postgres;
grant execute on all functions in schema cron, net, vault to postgres;
grant select on cron.job, net.http_request_queue, vault.decrypted_secrets to postgres;
