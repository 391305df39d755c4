-- Jobs: work that needs the outside world, done after the transaction that caused it.
--
-- Always true here: a job is queued in the transaction of its cause, so it exists exactly when the
-- cause does; it is done at least once, so every kind of job is safe to do twice; one that keeps
-- failing waits longer each time and after 8 attempts lies in `dead_jobs`, never lost.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create extension if not exists pgmq;

select pgmq.create('jobs');

-- Reached through the commands below only; the queue's tables stay closed even if someone grants
-- them.
alter table pgmq.q_jobs enable row level security;
alter table pgmq.a_jobs enable row level security;

create table private.dead_jobs (
  id bigint generated always as identity primary key,
  kind text not null,
  payload jsonb not null,
  attempts integer not null,
  error text,
  died_at timestamptz not null default now(),
  constraint dead_jobs_attempts_positive check (attempts > 0)
);

comment on table private.dead_jobs is
  'Jobs given up after 8 attempts. Written by fail_job and claim_jobs; retry_dead_job queues one '
  'anew.';

create index dead_jobs_died_at_idx on private.dead_jobs (died_at desc);

alter table private.dead_jobs enable row level security;

-- Calls an Edge Function soon after this transaction commits; the request is only queued here.
-- Where pg_net or the two secrets are missing nothing is sent: the schedule finds the work anyway.
create function private.call_function(name text, body jsonb default '{}') returns void
language plpgsql security definer set search_path = ''
as $$
declare
  v_url text;
  v_key text;
begin
  if to_regclass('vault.decrypted_secrets') is null
    or to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null then
    return;
  end if;

  select
    max(s.decrypted_secret) filter (where s.name = 'project_url'),
    max(s.decrypted_secret) filter (where s.name = 'secret_key')
  into v_url, v_key
  from vault.decrypted_secrets s
  where s.name in ('project_url', 'secret_key');

  if v_url is null or v_key is null then
    return;
  end if;

  perform net.http_post(
    url := v_url || '/functions/v1/' || call_function.name,
    body := call_function.body,
    headers := jsonb_build_object(
      'Content-Type', 'application/json',
      'Authorization', 'Bearer ' || v_key,
      'apikey', v_key
    ),
    timeout_milliseconds := 5000
  );
end;
$$;

comment on function private.call_function(text, jsonb) is
  'Posts to an Edge Function of this project after commit, with the secret key from Vault.';

create function private.enqueue_job(kind text, payload jsonb, delay_seconds integer default 0)
returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform pgmq.send(
    'jobs',
    jsonb_build_object('kind', enqueue_job.kind, 'payload', enqueue_job.payload),
    enqueue_job.delay_seconds
  );
  if enqueue_job.delay_seconds = 0 then
    perform private.call_function('jobs');
  end if;
end;
$$;

comment on function private.enqueue_job(text, jsonb, integer) is
  'Queues a job in the caller''s transaction and wakes the worker once it has committed.';

create function private.enqueue_jobs(kind text, payloads jsonb[]) returns bigint[]
language plpgsql security definer set search_path = ''
as $$
declare
  v_ids bigint[];
begin
  if cardinality(enqueue_jobs.payloads) = 0 then
    return '{}';
  end if;
  v_ids := array(select pgmq.send_batch('jobs', array(
    select jsonb_build_object('kind', enqueue_jobs.kind, 'payload', given.payload)
    from unnest(enqueue_jobs.payloads) with ordinality given (payload, position)
    order by given.position
  )));
  perform private.call_function('jobs');
  return v_ids;
end;
$$;

comment on function private.enqueue_jobs(text, jsonb[]) is
  'Queues many jobs of a kind and wakes the worker once. Returns their ids, as the payloads stand.';

create function private.require_service() returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not private.is_service() then
    perform private.raise_problem(403, 'forbidden', 'Only the shop''s own services may do this.');
  end if;
end;
$$;

comment on function private.require_service() is
  '403 forbidden for everyone but service_role and internals.';

create function private.claim_jobs(max integer, visibility_seconds integer)
returns table (msg_id bigint, kind text, payload jsonb, attempts integer)
language plpgsql security definer set search_path = ''
as $$
declare
  v_messages pgmq.message_record[];
begin
  perform private.require_service();

  v_messages := array(
    select r
    from pgmq.read(
      'jobs',
      least(greatest(coalesce(claim_jobs.visibility_seconds, 60), 1), 3600),
      least(greatest(coalesce(claim_jobs.max, 10), 1), 100)
    ) r
  );

  -- A job whose worker died eight times never reached fail_job; it is given up here.
  insert into private.dead_jobs (kind, payload, attempts, error)
  select m.message ->> 'kind', m.message -> 'payload', m.read_ct - 1, 'The worker did not answer.'
  from unnest(v_messages) m
  where m.read_ct > 8;
  if found then
    perform pgmq.delete('jobs',
      array(select m.msg_id from unnest(v_messages) m where m.read_ct > 8));
  end if;

  return query
  select m.msg_id, m.message ->> 'kind', m.message -> 'payload', m.read_ct
  from unnest(v_messages) m
  where m.read_ct <= 8
  order by m.msg_id;
end;
$$;

create function private.complete_job(msg_id bigint) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.require_service();
  return pgmq.delete('jobs', complete_job.msg_id);
end;
$$;

create function private.fail_job(msg_id bigint, error text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_attempts integer;
  v_message jsonb;
  v_delay integer;
begin
  perform private.require_service();

  select q.read_ct, q.message into v_attempts, v_message
  from pgmq.q_jobs q
  where q.msg_id = fail_job.msg_id
  for update;
  if not found then
    perform private.raise_problem(404, 'job_not_found', 'This job is done or given up already.');
  end if;

  if v_attempts >= 8 then
    insert into private.dead_jobs (kind, payload, attempts, error)
    values (v_message ->> 'kind', v_message -> 'payload', v_attempts, left(fail_job.error, 2000));
    perform pgmq.delete('jobs', fail_job.msg_id);
    return jsonb_build_object('dead', true, 'retry_in_seconds', null);
  end if;

  -- 10 s after the first failure, doubled after each: seven pauses, 21 minutes in all.
  v_delay := 5 * (2 ^ greatest(v_attempts, 1))::integer;
  perform pgmq.set_vt('jobs', fail_job.msg_id, v_delay);
  return jsonb_build_object('dead', false, 'retry_in_seconds', v_delay);
end;
$$;

create function private.job_status() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not (private.is_staff() or private.is_service()) then
    perform private.raise_problem(403, 'forbidden', 'Only staff may see this.');
  end if;
  return (
    select jsonb_build_object(
      'queued', count(*) filter (where q.vt <= clock_timestamp()),
      'in_flight', count(*) filter (where q.vt > clock_timestamp() and q.read_ct > 0),
      'delayed', count(*) filter (where q.vt > clock_timestamp() and q.read_ct = 0),
      'oldest_seconds', floor(extract(epoch from clock_timestamp() - min(q.enqueued_at))),
      'dead', (select count(*) from private.dead_jobs),
      'dead_jobs', (
        select coalesce(jsonb_agg(to_jsonb(d) order by d.id desc), '[]')
        from (select * from private.dead_jobs order by id desc limit 50) d
      )
    )
    from pgmq.q_jobs q
  );
end;
$$;

create function private.retry_dead_job(id bigint) returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  v_job private.dead_jobs;
begin
  if not (private.has_role('admin') or private.is_service()) then
    perform private.raise_problem(403, 'forbidden', 'Only an administrator may do this.');
  end if;
  -- Deleting takes the row for this call alone, so two clicks queue one job.
  delete from private.dead_jobs d where d.id = retry_dead_job.id returning d.* into v_job;
  if v_job.id is null then
    return false;
  end if;
  perform private.enqueue_job(v_job.kind, v_job.payload);
  return true;
end;
$$;

create function public.claim_jobs(max integer default 10, visibility_seconds integer default 60)
returns table (msg_id bigint, kind text, payload jsonb, attempts integer)
language sql set search_path = ''
as $$ select * from private.claim_jobs(claim_jobs.max, claim_jobs.visibility_seconds) $$;

comment on function public.claim_jobs(integer, integer) is
  'Takes up to `max` jobs for `visibility_seconds`; unfinished ones come back. Service role only.';

create function public.complete_job(msg_id bigint) returns boolean
language sql set search_path = ''
as $$ select private.complete_job(complete_job.msg_id) $$;

comment on function public.complete_job(bigint) is 'Marks a claimed job done. Service role only.';

create function public.fail_job(msg_id bigint, error text) returns jsonb
language sql set search_path = ''
as $$ select private.fail_job(fail_job.msg_id, fail_job.error) $$;

comment on function public.fail_job(bigint, text) is
  'Puts a claimed job back for later, or among the dead after its 8th attempt. Service role only.';

create function public.job_status() returns jsonb
language sql stable set search_path = ''
as $$ select private.job_status() $$;

comment on function public.job_status() is
  'Depth and age of the job queue and its dead letters. Staff.';

create function public.retry_dead_job(id bigint) returns boolean
language sql set search_path = ''
as $$ select private.retry_dead_job(retry_dead_job.id) $$;

comment on function public.retry_dead_job(bigint) is
  'Queues a dead job anew; false when there is none of this id. Administrators.';

grant execute on function
  private.claim_jobs(integer, integer),
  private.complete_job(bigint),
  private.fail_job(bigint, text),
  private.job_status(),
  private.retry_dead_job(bigint),
  public.claim_jobs(integer, integer),
  public.complete_job(bigint),
  public.fail_job(bigint, text),
  public.job_status(),
  public.retry_dead_job(bigint)
  to service_role;

grant execute on function
  private.job_status(),
  private.retry_dead_job(bigint),
  public.job_status(),
  public.retry_dead_job(bigint)
  to authenticated;

-- pg_cron and pg_net exist on Supabase; the local stack brings the same two schemas.
do $do$
begin
  if to_regnamespace('cron') is null
    and exists (select from pg_catalog.pg_available_extensions e where e.name = 'pg_cron') then
    create extension pg_cron;
  end if;
  if to_regnamespace('net') is null
    and exists (select from pg_catalog.pg_available_extensions e where e.name = 'pg_net') then
    create extension pg_net with schema extensions;
  end if;
  if to_regnamespace('cron') is not null then
    -- Finds what the prompt call after commit missed, and jobs whose pause is over.
    perform cron.schedule('run-jobs', '* * * * *', $$
      select private.call_function('jobs')
      where exists (select from pgmq.q_jobs q where q.vt <= clock_timestamp())
    $$);
    -- Sales that start or end, and pieces sold.
    perform cron.schedule('refresh-listing', '* * * * *', 'select private.refresh_due_listings()');
  end if;
end;
$do$;
