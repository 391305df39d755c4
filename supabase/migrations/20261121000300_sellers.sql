-- Sellers: the merchants of a marketplace. A product without a seller is the shop's own.
--
-- A seller registers, an admin activates; members work for a seller as owner or manager.
-- Always true: only an active seller's products can be active, whoever writes.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.seller_status as enum ('pending', 'active', 'suspended');
comment on type public.seller_status is
  'pending: registered, not yet admitted; active: sells; suspended: hidden, products archived.';

create type public.seller_member_role as enum ('owner', 'manager');
comment on type public.seller_member_role is
  'What a person is for a seller. Both manage products and stock.';

create table public.sellers (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid unique references auth.users (id) on delete set null,
  name text not null,
  slug text not null unique,
  status public.seller_status not null default 'pending',
  description text not null default '',
  support_email text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sellers_name_length check (char_length(name) between 2 and 120),
  constraint sellers_slug_format check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  constraint sellers_description_length check (char_length(description) <= 5000),
  constraint sellers_support_email_format check (support_email ~ '^[^@[:space:]]+@[^@[:space:]]+$')
);
comment on table public.sellers is
  'Merchants. Made by register_seller, admitted by set_seller_status, described by their members.';
comment on column public.sellers.owner_id is
  'Who registered it; null once that account is gone. A person registers one seller.';

create table public.seller_members (
  seller_id uuid not null references public.sellers (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role public.seller_member_role not null,
  created_at timestamptz not null default now(),
  primary key (seller_id, user_id)
);
comment on table public.seller_members is
  'Who works for which seller. The owner''s row comes with register_seller.';
create index seller_members_user_id_idx on public.seller_members (user_id);

create function private.current_seller_ids() returns setof uuid
language plpgsql stable security definer rows 1 set search_path = ''
as $$
begin
  return query
    select m.seller_id from public.seller_members m where m.user_id = (select auth.uid());
end;
$$;
comment on function private.current_seller_ids is
  'Sellers that the caller works for, whatever their status. In policies: '
  'seller_id = any (array(select private.current_seller_ids())).';
grant execute on function private.current_seller_ids to anon, authenticated, service_role;

create function private.active_seller_ids() returns setof uuid
language plpgsql stable security definer rows 1 set search_path = ''
as $$
begin
  return query
    select m.seller_id
    from public.seller_members m
    join public.sellers s on s.id = m.seller_id
    where m.user_id = (select auth.uid()) and s.status = 'active';
end;
$$;
comment on function private.active_seller_ids is
  'Active sellers that the caller works for: those whose products and stock they may change.';
grant execute on function private.active_seller_ids to anon, authenticated, service_role;

alter table public.sellers enable row level security;
create policy select_public on public.sellers
  for select to anon using (status = 'active');
create policy select_visible on public.sellers
  for select to authenticated
  using (
    status = 'active'
    or id = any (array(select private.current_seller_ids()))
    or (select private.is_staff())
  );
create policy update_member on public.sellers
  for update to authenticated
  using (
    id = any (array(select private.current_seller_ids())) or (select private.has_role('admin'))
  )
  with check (
    id = any (array(select private.current_seller_ids())) or (select private.has_role('admin'))
  );
grant select on public.sellers to anon, authenticated;
grant update (name, description, support_email) on public.sellers to authenticated;
create trigger _100_touch before update on public.sellers
  for each row execute function private.tg__touch();

alter table public.seller_members enable row level security;
create policy select_member on public.seller_members
  for select to authenticated
  using (
    seller_id = any (array(select private.current_seller_ids())) or (select private.is_staff())
  );
grant select on public.seller_members to authenticated;

create function private.register_seller(name text) returns public.sellers
language plpgsql security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.require_user();
  v_name text := trim(register_seller.name);
  v_slug text;
  v_seller public.sellers;
begin
  if exists (select from auth.users u where u.id = v_user_id and u.is_anonymous) then
    perform private.raise_problem(403, 'forbidden', 'Make your guest session an account first.');
  end if;
  if v_name is null or char_length(v_name) not between 2 and 120 then
    perform private.raise_invalid_input('name', 'A name has 2 to 120 characters.');
  end if;

  v_slug := private.slugify(v_name);
  -- Names repeat, slugs may not; a few letters of the new id keep the second one readable.
  v_seller.id := gen_random_uuid();
  if exists (select from public.sellers s where s.slug = v_slug) then
    v_slug := left(v_slug, 70) || '-' || left(v_seller.id::text, 8);
  end if;

  insert into public.sellers (id, owner_id, name, slug)
  values (v_seller.id, v_user_id, v_name, v_slug)
  on conflict (owner_id) do nothing
  returning * into v_seller;
  if not found then
    perform private.raise_problem(409, 'seller_exists', 'You have registered as a seller already.');
  end if;

  insert into public.seller_members (seller_id, user_id, role)
  values (v_seller.id, v_user_id, 'owner');
  return v_seller;
end;
$$;
comment on function private.register_seller is 'Registers the caller as a seller, pending.';
grant execute on function private.register_seller to authenticated, service_role;

create function public.register_seller(name text) returns public.sellers
language sql set search_path = ''
as $$ select private.register_seller(register_seller.name); $$;
comment on function public.register_seller is
  'Registers the caller as a seller. It stays pending until an admin calls set_seller_status.';
grant execute on function public.register_seller to authenticated, service_role;

create function private.set_seller_status(seller_id uuid, status public.seller_status)
returns public.sellers
language plpgsql security definer set search_path = ''
as $$
declare
  v_seller public.sellers;
begin
  perform private.require_role('admin');
  if set_seller_status.status is null then
    perform private.raise_invalid_input('status', 'This is required.');
  end if;

  update public.sellers s
  set status = set_seller_status.status
  where s.id = set_seller_status.seller_id
  returning * into v_seller;
  if not found then
    perform private.raise_problem(404, 'seller_not_found', 'There is no such seller.');
  end if;

  if v_seller.status = 'active' then
    insert into private.user_roles (user_id, role, granted_by)
    select m.user_id, 'seller', auth.uid()
    from public.seller_members m
    where m.seller_id = v_seller.id
    on conflict on constraint user_roles_pkey do nothing;
  end if;
  return v_seller;
end;
$$;
comment on function private.set_seller_status is
  'Admits, suspends or readmits a seller. Admins only.';
grant execute on function private.set_seller_status to authenticated, service_role;

create function public.set_seller_status(seller_id uuid, status public.seller_status)
returns public.sellers
language sql set search_path = ''
as $$
  select private.set_seller_status(set_seller_status.seller_id, set_seller_status.status);
$$;
comment on function public.set_seller_status is
  'Admits (members get the role seller), suspends (their active products are archived) or readmits '
  'a seller (those products come back). Admins only.';
grant execute on function public.set_seller_status to authenticated, service_role;
