-- What the suite of Realtime listens to: rooms whose private channels belong to their owners, and
-- tables of every kind that postgres_changes treats differently.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.test_rooms (
  name text primary key,
  owner_id uuid not null,
  is_open boolean not null default false,
  is_silent boolean not null default false
);
comment on table public.test_rooms is
  'Private channels `test-room:<name>`: their owner hears broadcasts unless the room is silent, '
  'and sees who is there; in an open one the owner may also speak and be present.';
alter table public.test_rooms enable row level security;
grant all on public.test_rooms to service_role;

create schema private;
grant usage on schema private to anon, authenticated;

create function private.may_use_room(extension text, writes boolean) returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (
    select from public.test_rooms r
    where 'test-room:' || r.name = (select realtime.topic())
      and r.owner_id = (select auth.uid())
      and (r.is_open or not may_use_room.writes)
      and not (r.is_silent and may_use_room.extension = 'broadcast')
  );
$$;

create policy test_read_room on realtime.messages
  for select to authenticated
  using (private.may_use_room(messages.extension, false));
create policy test_write_room on realtime.messages
  for insert to authenticated
  with check (private.may_use_room(messages.extension, true));
-- Whatever is about `test-broken:…` fails in its policy.
create policy test_broken on realtime.messages
  for select to authenticated
  using (
    case when realtime.topic() like 'test-broken:%' then
      1 / strpos(realtime.topic(), 'zero') = 1
    end
  );
create policy test_public_topics on realtime.messages
  for select to anon, authenticated
  using (realtime.topic() like 'test-open:%');

create table public.test_tasks (
  id bigint generated always as identity primary key,
  owner_id uuid,
  batch text not null,
  title text not null default '',
  points integer,
  price numeric,
  is_done boolean,
  tags text[],
  details jsonb,
  due_at timestamptz,
  secret text
);
comment on table public.test_tasks is
  'Seen by their owners, without an owner by everybody; `secret` is for the service only.';
alter table public.test_tasks enable row level security;
grant select (id, owner_id, batch, title, points, price, is_done, tags, details, due_at)
  on public.test_tasks to anon, authenticated;
grant all on public.test_tasks to service_role;
create policy select_public on public.test_tasks
  for select to anon
  using (owner_id is null);
create policy select_own on public.test_tasks
  for select to authenticated
  using (owner_id is null or owner_id = (select auth.uid()));

create table public.test_counters (
  id text primary key,
  value integer not null,
  note text
);
comment on table public.test_counters is 'Without policies; old rows are known in full.';
alter table public.test_counters replica identity full;
grant select on public.test_counters to anon, authenticated;
grant all on public.test_counters to service_role;

create table public.test_fragile (
  id bigint generated always as identity primary key,
  batch text not null,
  divisor integer not null
);
comment on table public.test_fragile is 'Its policy fails for users, where the divisor is 0.';
alter table public.test_fragile enable row level security;
grant select on public.test_fragile to anon, authenticated;
create policy select_public on public.test_fragile
  for select to anon
  using (true);
create policy select_divided on public.test_fragile
  for select to authenticated
  using (1 / divisor = 1);

create table public.test_hidden (
  id bigint generated always as identity primary key,
  batch text not null
);
comment on table public.test_hidden is 'Published, but nobody else may select from it.';
alter table public.test_hidden enable row level security;
grant select (batch) on public.test_hidden to anon;

create table public.test_unpublished (
  id bigint generated always as identity primary key,
  batch text not null
);
comment on table public.test_unpublished is 'Not in the publication.';
alter table public.test_unpublished enable row level security;
grant select on public.test_unpublished to anon, authenticated;
create policy select_public on public.test_unpublished
  for select to anon, authenticated
  using (true);

alter publication supabase_realtime
  add table public.test_tasks, public.test_counters, public.test_fragile, public.test_hidden;
