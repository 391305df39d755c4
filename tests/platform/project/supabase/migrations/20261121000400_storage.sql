-- Buckets that the suite of Storage looks at. `pictures` and `samples` come from config.toml.
--
--   papers   private; each user in a folder named by their id: everything
--   letters  private; each user in their folder: insert alone, so a box that nobody looks into
--   tiny     private, the same as papers, text of at most 1,000 bytes
set local lock_timeout = '5s';
set local statement_timeout = '60s';

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values
  ('papers', 'papers', false, null, null),
  ('letters', 'letters', false, null, null),
  ('tiny', 'tiny', false, 1000, array['text/*', 'application/json'])
on conflict (id) do nothing;

create policy storage_select_own on storage.objects
  for select to authenticated
  using (
    bucket_id in ('papers', 'tiny')
    and (storage.foldername(name))[1] = (select auth.uid())::text
  );
create policy storage_insert_own on storage.objects
  for insert to authenticated
  with check (
    bucket_id in ('papers', 'tiny', 'letters')
    and (storage.foldername(name))[1] = (select auth.uid())::text
  );
create policy storage_update_own on storage.objects
  for update to authenticated
  using (
    bucket_id in ('papers', 'tiny', 'letters')
    and (storage.foldername(name))[1] = (select auth.uid())::text
  )
  with check (
    bucket_id in ('papers', 'tiny', 'letters')
    and (storage.foldername(name))[1] = (select auth.uid())::text
  );
create policy storage_delete_own on storage.objects
  for delete to authenticated
  using (
    bucket_id in ('papers', 'tiny')
    and (storage.foldername(name))[1] = (select auth.uid())::text
  );
