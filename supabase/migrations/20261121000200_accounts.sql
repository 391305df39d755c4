-- Accounts: the people behind auth.users.
--
-- A profile and the role `customer` come with every sign-up, guests included. Addresses are a
-- person's own rows; they are checked against their country by the same function that checkout
-- uses.
-- Always true: at most one default shipping and one default billing address a person; the shop
-- never loses its last admin through revoke_role.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.profiles (
  user_id uuid primary key references auth.users (id) on delete cascade,
  full_name text,
  phone text,
  avatar_path text,
  locale text,
  currency text references public.currencies (code) on delete set null,
  notification_preferences jsonb not null default
    '{"email": {"orders": true, "marketing": false}, '
    '"in_app": {"orders": true, "marketing": true}}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint profiles_full_name_length check (char_length(full_name) between 1 and 200),
  constraint profiles_phone_format check (phone ~ '^\+?[0-9][0-9 ().-]{3,30}$'),
  constraint profiles_avatar_path_length check (char_length(avatar_path) between 1 and 500),
  constraint profiles_locale_format check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint profiles_notification_preferences_shape check (
    jsonb_typeof(notification_preferences) = 'object'
    and not jsonb_path_exists(notification_preferences, '$.* ? (@.type() != "object")')
    and not jsonb_path_exists(notification_preferences, '$.*.* ? (@.type() != "boolean")')
    and octet_length(notification_preferences::text) <= 4000
  )
);
comment on table public.profiles is
  'What a person tells about themselves. Made by a trigger on sign-up, edited by its owner.';
comment on column public.profiles.avatar_path is
  'Path in the Storage bucket avatars, {user id}/{file}; or a URL.';
comment on column public.profiles.currency is 'Preferred currency; null: the shop''s.';
comment on column public.profiles.notification_preferences is
  '{channel: {kind: boolean}}, e.g. {"email": {"orders": true}}.';
create index profiles_currency_idx on public.profiles (currency);
alter table public.profiles enable row level security;
create policy select_own on public.profiles
  for select to authenticated
  using (user_id = (select auth.uid()) or (select private.is_staff()));
create policy update_own on public.profiles
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));
grant select on public.profiles to authenticated;
grant update (full_name, phone, avatar_path, locale, currency, notification_preferences)
  on public.profiles to authenticated;
create trigger _100_touch before update on public.profiles
  for each row execute function private.tg__touch();

create function private.tg_users__create_profile() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- Whatever a sign-up form sends must not be able to make the sign-up fail.
  insert into public.profiles (user_id, full_name)
  values (
    new.id,
    nullif(left(trim(coalesce(
      new.raw_user_meta_data ->> 'full_name', new.raw_user_meta_data ->> 'name', ''
    )), 200), '')
  )
  on conflict (user_id) do nothing;

  insert into private.user_roles (user_id, role)
  values (new.id, 'customer')
  on conflict (user_id, role) do nothing;
  return new;
end;
$$;
comment on function private.tg_users__create_profile is
  'Gives every new user, guest or not, a profile and the role customer.';
create trigger _500_create_profile after insert on auth.users
  for each row execute function private.tg_users__create_profile();

create table public.addresses (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  label text,
  full_name text not null,
  line1 text not null,
  line2 text,
  city text not null,
  region text,
  postal_code text,
  country text not null references public.countries (code) on delete restrict,
  phone text,
  is_default_shipping boolean not null default false,
  is_default_billing boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint addresses_label_length check (char_length(label) between 1 and 60)
);
comment on table public.addresses is
  'A person''s address book, their own rows. A trigger trims and checks each against its country, '
  'and making one the default unmakes the other. Orders copy an address and never point here.';
create index addresses_user_id_idx on public.addresses (user_id);
create index addresses_country_idx on public.addresses (country);
create unique index addresses_default_shipping_key on public.addresses (user_id)
  where is_default_shipping;
create unique index addresses_default_billing_key on public.addresses (user_id)
  where is_default_billing;
alter table public.addresses enable row level security;
create policy select_own on public.addresses
  for select to authenticated using (user_id = (select auth.uid()));
create policy insert_own on public.addresses
  for insert to authenticated with check (user_id = (select auth.uid()));
create policy update_own on public.addresses
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));
create policy delete_own on public.addresses
  for delete to authenticated using (user_id = (select auth.uid()));
grant select, delete on public.addresses to authenticated;
grant insert (
  user_id, label, full_name, line1, line2, city, region, postal_code, country, phone,
  is_default_shipping, is_default_billing
) on public.addresses to authenticated;
grant update (
  label, full_name, line1, line2, city, region, postal_code, country, phone,
  is_default_shipping, is_default_billing
) on public.addresses to authenticated;

create function private.check_address(address jsonb, field_prefix text default '') returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_prefix text := coalesce(nullif(check_address.field_prefix, '') || '.', '');
  v_limit record;
  v_value text;
  v_clean jsonb := '{}';
  v_country record;
begin
  if jsonb_typeof(check_address.address) is distinct from 'object' then
    perform private.raise_invalid_input(
      coalesce(nullif(check_address.field_prefix, ''), 'address'), 'An address is an object.'
    );
  end if;

  for v_limit in
    select * from (values
      ('full_name', 200, true), ('line1', 200, true), ('line2', 200, false),
      ('city', 120, true), ('region', 120, false), ('postal_code', 20, false),
      ('country', 2, true), ('phone', 32, false)
    ) as l (field, longest, is_required)
  loop
    if jsonb_typeof(check_address.address -> v_limit.field) not in ('string', 'null') then
      perform private.raise_invalid_input(v_prefix || v_limit.field, 'This must be text.');
    end if;
    v_value := nullif(trim(regexp_replace(
      check_address.address ->> v_limit.field, '[[:space:][:cntrl:]]+', ' ', 'g'
    )), '');
    if v_value is null and v_limit.is_required then
      perform private.raise_invalid_input(v_prefix || v_limit.field, 'This is required.');
    end if;
    if char_length(v_value) > v_limit.longest then
      perform private.raise_invalid_input(
        v_prefix || v_limit.field, format('At most %s characters.', v_limit.longest)
      );
    end if;
    if v_limit.field in ('country', 'postal_code') then
      v_value := upper(v_value);
    end if;
    v_clean := v_clean || jsonb_build_object(v_limit.field, v_value);
  end loop;

  select c.name, c.postal_code_pattern, c.postal_code_example, c.region_required
  into v_country
  from public.countries c
  where c.code = v_clean ->> 'country';
  if not found then
    perform private.raise_invalid_input(
      v_prefix || 'country', 'Use a two-letter ISO 3166 country code, such as GB.'
    );
  end if;
  if v_country.region_required and v_clean ->> 'region' is null then
    perform private.raise_invalid_input(
      v_prefix || 'region', format('An address in %s needs its state or province.', v_country.name)
    );
  end if;
  if v_country.postal_code_pattern is not null
    and coalesce(v_clean ->> 'postal_code', '') !~ v_country.postal_code_pattern
  then
    perform private.raise_invalid_input(
      v_prefix || 'postal_code',
      format('A postal code in %s looks like %s.', v_country.name, v_country.postal_code_example)
    );
  end if;
  if v_clean ->> 'phone' !~ '^\+?[0-9][0-9 ().-]{3,30}$' then
    perform private.raise_invalid_input(
      v_prefix || 'phone', 'A phone number has digits, spaces and + ( ) . - only.'
    );
  end if;
  return v_clean;
end;
$$;
comment on function private.check_address is
  'Returns the address trimmed, with country and postal code in upper case, or refuses with '
  'invalid_input naming the field under the prefix. Extra fields are dropped.';
grant execute on function private.check_address to authenticated, service_role;

create function private.tg_addresses__normalise() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_clean jsonb := private.check_address(to_jsonb(new));
begin
  new.full_name := v_clean ->> 'full_name';
  new.line1 := v_clean ->> 'line1';
  new.line2 := v_clean ->> 'line2';
  new.city := v_clean ->> 'city';
  new.region := v_clean ->> 'region';
  new.postal_code := v_clean ->> 'postal_code';
  new.country := v_clean ->> 'country';
  new.phone := v_clean ->> 'phone';
  new.updated_at := now();

  if new.is_default_shipping or new.is_default_billing then
    -- One writer a person at a time, so that two defaults set at once do not collide.
    perform pg_advisory_xact_lock(hashtextextended('addresses:' || new.user_id, 0));
    update public.addresses a
    set
      is_default_shipping = a.is_default_shipping and not new.is_default_shipping,
      is_default_billing = a.is_default_billing and not new.is_default_billing
    where a.user_id = new.user_id
      and a.id <> new.id
      and (
        (a.is_default_shipping and new.is_default_shipping)
        or (a.is_default_billing and new.is_default_billing)
      );
  end if;
  return new;
end;
$$;
comment on function private.tg_addresses__normalise is
  'Trims and checks an address, and takes the default mark off the other ones.';
create trigger _100_normalise before insert or update on public.addresses
  for each row execute function private.tg_addresses__normalise();

create function private.grant_role(user_id uuid, role public.app_role)
returns setof public.app_role
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.require_role('admin');
  if not exists (select from auth.users u where u.id = grant_role.user_id) then
    perform private.raise_problem(404, 'user_not_found', 'There is no such user.');
  end if;
  if grant_role.role is null then
    perform private.raise_invalid_input('role', 'This is required.');
  end if;

  insert into private.user_roles (user_id, role, granted_by)
  values (grant_role.user_id, grant_role.role, auth.uid())
  on conflict on constraint user_roles_pkey do nothing;

  return query
    select r.role from private.user_roles r
    where r.user_id = grant_role.user_id order by r.role;
end;
$$;
comment on function private.grant_role is 'Gives a user a role, at once. Admins only.';
grant execute on function private.grant_role to authenticated, service_role;

create function public.grant_role(user_id uuid, role public.app_role)
returns setof public.app_role
language sql set search_path = ''
as $$ select private.grant_role(grant_role.user_id, grant_role.role); $$;
comment on function public.grant_role is
  'Gives a user a role, with effect at once; returns the roles they now have. Admins only.';
grant execute on function public.grant_role to authenticated, service_role;

create function private.revoke_role(user_id uuid, role public.app_role)
returns setof public.app_role
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.require_role('admin');
  if not exists (select from auth.users u where u.id = revoke_role.user_id) then
    perform private.raise_problem(404, 'user_not_found', 'There is no such user.');
  end if;

  if revoke_role.role = 'admin' then
    -- Two admins who revoke each other at the same moment wait for one another here.
    perform from private.user_roles r where r.role = 'admin' order by r.user_id for update;
    if not exists (
      select from private.user_roles r where r.role = 'admin' and r.user_id <> revoke_role.user_id
    ) then
      perform private.raise_problem(
        409, 'last_admin', 'Make somebody else an admin first: a shop needs one.'
      );
    end if;
  end if;

  delete from private.user_roles r
  where r.user_id = revoke_role.user_id and r.role = revoke_role.role;

  return query
    select r.role from private.user_roles r
    where r.user_id = revoke_role.user_id order by r.role;
end;
$$;
comment on function private.revoke_role is 'Takes a role from a user, at once. Admins only.';
grant execute on function private.revoke_role to authenticated, service_role;

create function public.revoke_role(user_id uuid, role public.app_role)
returns setof public.app_role
language sql set search_path = ''
as $$ select private.revoke_role(revoke_role.user_id, revoke_role.role); $$;
comment on function public.revoke_role is
  'Takes a role from a user, with effect at once; returns the roles left. Admins only; the last '
  'admin stays.';
grant execute on function public.revoke_role to authenticated, service_role;

create function private.list_users(search text, page integer, page_size integer) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_search text := nullif(trim(list_users.search), '');
  -- Escaped, so that what is looked for stands as it was typed.
  v_pattern text := '%' || regexp_replace(v_search, '([\\%_])', '\\\1', 'g') || '%';
begin
  perform private.require_role('support', 'admin');
  if coalesce(list_users.page, 0) < 1 then
    perform private.raise_invalid_input('page', 'The first page is 1.');
  end if;
  if list_users.page_size is null or list_users.page_size not between 1 and 200 then
    perform private.raise_invalid_input('page_size', 'From 1 to 200.');
  end if;

  return (
    with matching as (
      select u.id, u.email, u.is_anonymous, u.created_at, u.last_sign_in_at, u.email_confirmed_at,
        u.banned_until, p.full_name, p.phone
      from auth.users u
      left join public.profiles p on p.user_id = u.id
      where u.deleted_at is null
        and (
          v_search is null or u.email ilike v_pattern or p.full_name ilike v_pattern
          or u.id::text = lower(v_search)
        )
    ),
    page as (
      select m.*
      from matching m
      order by m.created_at desc nulls last, m.id
      limit list_users.page_size offset (list_users.page - 1)::bigint * list_users.page_size
    )
    select jsonb_build_object(
      'total', (select count(*) from matching),
      'users', coalesce(jsonb_agg(
        jsonb_build_object(
          'id', p.id,
          'email', p.email,
          'full_name', p.full_name,
          'phone', p.phone,
          'roles', (
            select coalesce(jsonb_agg(r.role order by r.role), '[]')
            from private.user_roles r where r.user_id = p.id
          ),
          'is_anonymous', p.is_anonymous,
          'is_confirmed', p.email_confirmed_at is not null,
          'has_second_factor', exists (
            select from auth.mfa_factors f where f.user_id = p.id and f.status = 'verified'
          ),
          'banned_until', case when p.banned_until > now() then p.banned_until end,
          'created_at', p.created_at,
          'last_sign_in_at', p.last_sign_in_at
        )
        order by p.created_at desc nulls last, p.id
      ), '[]')
    )
    from page p
  );
end;
$$;
comment on function private.list_users is
  'Users as staff see them, newest first, and how many there are. Staff only.';
grant execute on function private.list_users to authenticated, service_role;

create function public.list_users(
  search text default null, page integer default 1, page_size integer default 50
) returns jsonb
language sql stable set search_path = ''
as $$ select private.list_users(list_users.search, list_users.page, list_users.page_size); $$;
comment on function public.list_users is
  'Users whose address or name contains the text, or whose id it is; newest first, guests too. '
  'Staff only.';
grant execute on function public.list_users to authenticated, service_role;

create function private.check_account_change(user_id uuid) returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform private.require_role('admin');
  if check_account_change.user_id is null then
    return;
  end if;
  if not exists (select from auth.users u where u.id = check_account_change.user_id) then
    perform private.raise_problem(404, 'user_not_found', 'There is no such user.');
  end if;
  -- So an admin is always left, and nobody locks themselves out by a slip.
  if check_account_change.user_id = auth.uid() then
    perform private.raise_problem(
      409, 'own_account', 'Another admin has to do this to your account.'
    );
  end if;
end;
$$;
comment on function private.check_account_change is
  'Passes admins who may ban or delete this user, or with null make one.';
grant execute on function private.check_account_change to authenticated, service_role;

create function public.check_account_change(user_id uuid default null) returns void
language sql stable set search_path = ''
as $$ select private.check_account_change(check_account_change.user_id); $$;
comment on function public.check_account_change is
  'Whether the caller may ban or delete the user, or without one make and invite users: silent or '
  'refused. Admins only; the function users asks it before it turns to Auth.';
grant execute on function public.check_account_change to authenticated, service_role;

create function private.my_roles() returns setof public.app_role
language sql stable security definer set search_path = ''
as $$
  select r.role from private.user_roles r where r.user_id = (select auth.uid()) order by r.role;
$$;
comment on function private.my_roles is 'The caller''s roles.';
grant execute on function private.my_roles to authenticated, service_role;

create function public.my_roles() returns setof public.app_role
language sql stable set search_path = ''
as $$ select private.my_roles(); $$;
comment on function public.my_roles is 'The caller''s roles as they stand now.';
grant execute on function public.my_roles to authenticated, service_role;
