-- Rows that belong to users: what the suites of REST, Auth and Realtime look at.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.notes (
  id bigint generated always as identity primary key,
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  body text not null
);
comment on table public.notes is 'Each user reads and writes their own.';
create index notes_owner_id_idx on public.notes (owner_id);
alter table public.notes enable row level security;
grant select, insert, update, delete on public.notes to authenticated;
grant select on public.notes to anon;
grant all on public.notes to service_role;

create policy select_own on public.notes
  for select to authenticated
  using (owner_id = (select auth.uid()));
create policy insert_own on public.notes
  for insert to authenticated
  with check (owner_id = (select auth.uid()));
create policy update_own on public.notes
  for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));
create policy delete_own on public.notes
  for delete to authenticated
  using (owner_id = (select auth.uid()));
