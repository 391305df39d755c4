-- Storage: pictures and videos that people and sellers upload.
--
-- Always true here: both buckets are public to read, by an address that needs no key; what is
-- written lies in a folder named by its owner, and only the owner (or an admin, for products)
-- writes there. The rows that speak of a file, profiles.avatar_path and product_media, hold its
-- path.
--
--   avatars/{user id}/…     that user                       2 MiB
--   media/{seller id}/…     the seller's members, admins    50 MiB, videos too
--   media/shop/…            admins                          50 MiB, videos too

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- No SVG: it can carry scripts, and would be served from the project's own address.
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values
  ('avatars', 'avatars', true, 2097152,
    array['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif']),
  ('media', 'media', true, 52428800,
    array['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif',
      'video/mp4', 'video/webm', 'video/quicktime'])
on conflict (id) do nothing;

-- For listing one's own files, and for replacing and removing them, which look first. Public
-- addresses ask no policy.
create policy supamarket_select_own on storage.objects
  for select to authenticated
  using (
    bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text
    or bucket_id = 'media' and (
      (storage.foldername(name))[1] = any (array(select private.current_seller_ids())::text[])
      or (select private.is_staff())
    )
  );

create policy supamarket_insert_own on storage.objects
  for insert to authenticated
  with check (
    bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text
    or bucket_id = 'media' and (
      (storage.foldername(name))[1] = any (array(select private.active_seller_ids())::text[])
      or (select private.has_role('admin'))
    )
  );

create policy supamarket_update_own on storage.objects
  for update to authenticated
  using (
    bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text
    or bucket_id = 'media' and (
      (storage.foldername(name))[1] = any (array(select private.active_seller_ids())::text[])
      or (select private.has_role('admin'))
    )
  )
  with check (
    bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text
    or bucket_id = 'media' and (
      (storage.foldername(name))[1] = any (array(select private.active_seller_ids())::text[])
      or (select private.has_role('admin'))
    )
  );

create policy supamarket_delete_own on storage.objects
  for delete to authenticated
  using (
    bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text
    or bucket_id = 'media' and (
      (storage.foldername(name))[1] = any (array(select private.active_seller_ids())::text[])
      or (select private.has_role('admin'))
    )
  );
