-- Schema realtime as a Supabase project has it before its first migration, after
-- github.com/supabase/realtime (priv/repo/tenant_db_dump_17.sql). Tables and functions that clients
-- and migrations use have Supabase's names, owners and grants; `authorize`, `servers`, `outbox`,
-- what fills, reads and empties it, and `maintain_messages` are the stack's own, where Supabase has
-- a server-side counterpart (policy probes, logical replication, partition upkeep). Runs as a
-- superuser; safe to run again.

create schema if not exists realtime authorization supabase_admin;
grant usage on schema realtime to postgres with grant option;
grant usage on schema realtime to anon, authenticated, service_role;
grant all on schema realtime to supabase_realtime_admin with grant option;

-- The membership by which the non-superuser `postgres` may create policies on realtime.messages.
grant supabase_realtime_admin to postgres;

alter default privileges in schema realtime grant all on tables to postgres, dashboard_user;
alter default privileges in schema realtime grant all on sequences to postgres, dashboard_user;
alter default privileges in schema realtime grant all on functions to postgres, dashboard_user;

create table if not exists realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp not null default now(),
  inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(),
  binary_payload bytea,
  skip_broadcast boolean not null default false,
  constraint messages_pkey primary key (id, inserted_at),
  constraint messages_payload_exclusive check (payload is null or binary_payload is null)
) partition by range (inserted_at);

alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;

create index if not exists messages_inserted_at_topic_index
  on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;

grant all on realtime.messages to postgres, dashboard_user;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;

-- Catches rows of days that have no partition, so that a message is never refused for that.
create table if not exists realtime.messages_default partition of realtime.messages default;
alter table realtime.messages_default owner to supabase_realtime_admin;
alter table realtime.messages_default enable row level security;

create or replace function realtime.topic() returns text
language sql stable
as $$
  select nullif(current_setting('realtime.topic', true), '')::text;
$$;

create or replace function realtime.send(
  payload jsonb, event text, topic text, private boolean default true
) returns void
language plpgsql
as $$
declare
  v_id uuid := gen_random_uuid();
begin
  perform set_config('realtime.topic', send.topic, true);
  insert into realtime.messages (id, payload, event, topic, private, extension)
  values (
    v_id,
    case
      when send.payload ? 'id' then send.payload
      else jsonb_set(send.payload, '{id}', to_jsonb(v_id))
    end,
    send.event, send.topic, send.private, 'broadcast'
  );
exception when others then
  -- Supabase's promise: a broadcast that cannot be sent never fails the caller's transaction.
  raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end;
$$;

create or replace function realtime.send_binary(
  payload bytea, event text, topic text, private boolean default true
) returns void
language plpgsql
as $$
begin
  perform set_config('realtime.topic', send_binary.topic, true);
  insert into realtime.messages (binary_payload, event, topic, private, extension)
  values (
    send_binary.payload, send_binary.event, send_binary.topic, send_binary.private, 'broadcast'
  );
exception when others then
  raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end;
$$;

create or replace function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text,
  new record, old record, level text default 'ROW'
) returns void
language plpgsql
as $$
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation not in ('INSERT', 'UPDATE', 'DELETE') then
    raise exception 'Unexpected operation type: %', operation;
  end if;
  perform realtime.send(
    jsonb_build_object(
      'old_record', old, 'record', new,
      'operation', operation, 'table', table_name, 'schema', table_schema
    ),
    event_name,
    topic_name
  );
exception when others then
  raise exception 'Failed to process the row: %', sqlerrm;
end;
$$;

-- The servers that listen to this database, ours where Supabase has replication slots. Nothing is
-- announced while none is alive.
create table if not exists realtime.servers (
  id uuid primary key,
  alive_until timestamptz not null,
  -- Told by NOTIFY that there is something to fetch; the others look by themselves. A commit that
  -- notifies waits for every other one that does, so only a server of one session asks for it.
  is_woken boolean not null
);
alter table realtime.servers enable row level security;
revoke all on realtime.servers from postgres, dashboard_user;

-- What the servers have to fetch, in the order it was written; stands in for Supabase's logical
-- replication. A server fetches what was committed since its last snapshot, in whatever order.
drop table if exists realtime.outbox;
create unlogged table realtime.outbox (
  position bigint generated always as identity primary key,
  transaction_id xid8 not null default pg_current_xact_id(),
  -- A message has these:
  message_id uuid,
  message_inserted_at timestamp,
  topic text,
  private boolean,
  -- and a change of a published table these (see realtime-changes.sql).
  entity oid,
  action text,
  record jsonb,
  old_record jsonb,
  happened_at timestamptz,
  constraint outbox_is_message_or_change check ((message_id is null) <> (entity is null))
);
create index outbox_transaction_id_idx on realtime.outbox (transaction_id);
alter table realtime.outbox enable row level security;
revoke all on realtime.outbox from postgres, dashboard_user;

create or replace function realtime.announce_message() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_wakes boolean;
begin
  -- Nothing is written when nobody listens.
  insert into realtime.outbox (message_id, message_inserted_at, topic, private)
  select new.id, new.inserted_at, new.topic, new.private
  where exists (select from realtime.servers s where s.alive_until > now())
  returning (
    select bool_or(s.is_woken) from realtime.servers s where s.alive_until > now()
  ) into v_wakes;
  if v_wakes then
    perform pg_notify('realtime_outbox', '');
  end if;
  return null;
end;
$$;

drop trigger if exists announce_message on realtime.messages;
create trigger announce_message
  after insert on realtime.messages
  for each row
  -- Rows that probe a policy have no event.
  when (
    new.event is not null and new.private is not null and not new.skip_broadcast
    and (new.payload is not null or new.binary_payload is not null)
  )
  execute function realtime.announce_message();

-- What has been committed since the snapshot `since`, and the snapshot to ask from next time.
create or replace function realtime.outbox_since(
  since text, out snapshot text, out announced jsonb
)
language plpgsql
-- The table is never analysed in the state it is read in.
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
  v_since pg_snapshot := since::pg_snapshot;
begin
  -- One statement, so that both are of the same snapshot.
  select
    pg_current_snapshot()::text,
    jsonb_agg(
      case
        when o.message_id is null then jsonb_build_object('position', o.position)
        else jsonb_build_object(
          'id', o.message_id, 'inserted_at', o.message_inserted_at,
          'topic', o.topic, 'private', o.private
        )
      end
      order by o.position
    )
  into snapshot, announced
  from realtime.outbox o
  where o.transaction_id >= pg_snapshot_xmin(v_since)
    and not pg_visible_in_snapshot(o.transaction_id, v_since);
end;
$$;

-- The messages of these ids and times, as far as they are still there. A function, because planning
-- the query for all partitions takes longer than running it.
create or replace function realtime.stored_messages(keys jsonb)
returns table (
  id uuid, topic text, private boolean, event text, payload text, binary_payload text
)
language plpgsql stable
-- By the primary key, however little is known of today's partition.
set plan_cache_mode = 'force_generic_plan' set enable_seqscan = off set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  return query
    select
      m.id, m.topic, m.private, m.event, m.payload::text, encode(m.binary_payload, 'base64')
    from jsonb_to_recordset(keys) as k (id uuid, inserted_at timestamp)
    join realtime.messages m on m.id = k.id and m.inserted_at = k.inserted_at;
end;
$$;

-- Keeps a server alive for `seconds` and forgets what was visible in the snapshot `done`, which all
-- servers have fetched by now; returns the present snapshot.
create or replace function realtime.keep_server(
  server_id uuid, wake boolean, seconds integer, done text default null
) returns text
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
  insert into realtime.servers as s (id, alive_until, is_woken)
  values (server_id, now() + make_interval(secs => seconds), wake)
  on conflict (id) do update set alive_until = excluded.alive_until;
  delete from realtime.servers s where s.alive_until < now();
  -- What a server leaves behind that ended without a word.
  delete from realtime.subscription s
  where not exists (select from realtime.servers o where o.id <> server_id) and done is null;
  delete from realtime.outbox o
  where o.transaction_id < pg_snapshot_xmax(done::pg_snapshot)
    and pg_visible_in_snapshot(o.transaction_id, done::pg_snapshot);
  return pg_current_snapshot()::text;
end;
$$;

-- Which of the extensions `reads` and `writes` the caller may use on a topic, as the policies on
-- realtime.messages have it; `problem` says why nothing is allowed when a policy failed. Leaves
-- nothing behind. Has the session's search_path, not a fixed one: policies may call functions that
-- rely on it.
create or replace function realtime.authorize(
  role_name text, topic_name text, claims text, headers text, reads text[], writes text[],
  out readable text[], out writable text[], out problem text
)
language plpgsql
as $$
declare
  v_now timestamp := now() at time zone 'utc';
  v_probes uuid[] := array(select gen_random_uuid() from unnest(reads));
  v_extension text;
begin
  readable := '{}';
  writable := '{}';

  -- The raise at the end of this block undoes the probes, the role and the settings.
  begin
    insert into realtime.messages (id, topic, extension, inserted_at, updated_at)
    select p.id, topic_name, p.extension, v_now, v_now
    from unnest(v_probes, reads) as p (id, extension);

    perform
      set_config('role', role_name, true),
      set_config('realtime.topic', topic_name, true),
      set_config('request.jwt.claims', claims, true),
      set_config('request.jwt.claim.sub', coalesce(claims::jsonb ->> 'sub', ''), true),
      set_config('request.jwt.claim.role', role_name, true),
      set_config('request.headers', headers, true);

    readable := array(
      select p.extension
      from unnest(v_probes, reads) as p (id, extension)
      where exists (
        select from realtime.messages m where m.id = p.id and m.inserted_at = v_now
      )
    );

    foreach v_extension in array writes loop
      begin
        insert into realtime.messages (topic, extension, inserted_at, updated_at)
        values (topic_name, v_extension, v_now, v_now);
        writable := writable || v_extension;
      exception when insufficient_privilege then
        null;
      end;
    end loop;

    raise sqlstate 'RTA01';
  exception
    when sqlstate 'RTA01' then
      null;
    when others then
      -- One caller's broken policy is that caller's denial, not a failed batch.
      readable := '{}';
      writable := '{}';
      problem := sqlerrm;
  end;
end;
$$;

-- Keeps one partition a day from yesterday to three days ahead and drops messages older than three
-- days, as Supabase does. A day that already has rows in the default partition stays there.
create or replace function realtime.maintain_messages() returns void
language plpgsql set search_path = ''
as $$
declare
  v_today date := (now() at time zone 'utc')::date;
  v_day date;
  v_name text;
  v_taken boolean;
begin
  for v_day in
    select d::date
    from generate_series(v_today - 1, v_today + 3, interval '1 day') as d
  loop
    v_name := to_char(v_day, '"messages_"YYYY_MM_DD');
    select exists (
      select from realtime.messages_default m
      where m.inserted_at >= v_day and m.inserted_at < v_day + 1
    ) into v_taken;
    if to_regclass(format('realtime.%I', v_name)) is null and not v_taken then
      execute format(
        'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
        v_name, v_day, v_day + 1
      );
      execute format('alter table realtime.%I owner to supabase_realtime_admin', v_name);
      execute format('alter table realtime.%I enable row level security', v_name);
    end if;
  end loop;

  for v_name in
    select c.relname
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'realtime.messages'::regclass
      and c.relname ~ '^messages_\d{4}_\d{2}_\d{2}$'
      and to_date(right(c.relname, 10), 'YYYY_MM_DD') < v_today - 3
  loop
    execute format('drop table realtime.%I', v_name);
  end loop;

  delete from realtime.messages_default m where m.inserted_at < v_today - 3;
end;
$$;

alter function realtime.topic() owner to supabase_realtime_admin;
alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin;
alter function realtime.send_binary(bytea, text, text, boolean) owner to supabase_realtime_admin;
alter function realtime.broadcast_changes(text, text, text, text, text, record, record, text)
  owner to supabase_realtime_admin;
grant execute on function
  realtime.topic(),
  realtime.send(jsonb, text, text, boolean),
  realtime.send_binary(bytea, text, text, boolean),
  realtime.broadcast_changes(text, text, text, text, text, record, record, text)
to postgres, dashboard_user;

revoke execute on function
  realtime.authorize(text, text, text, text, text[], text[]),
  realtime.announce_message(),
  realtime.outbox_since(text),
  realtime.stored_messages(jsonb),
  realtime.keep_server(uuid, boolean, integer, text),
  realtime.maintain_messages()
from public, postgres, dashboard_user;

select realtime.maintain_messages();

do $publication$
begin
  if not exists (select from pg_catalog.pg_publication p where p.pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  -- Migrations run as postgres and add their tables to it.
  alter publication supabase_realtime owner to postgres;
end
$publication$;
