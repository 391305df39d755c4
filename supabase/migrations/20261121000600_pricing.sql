-- Pricing: what a variant costs, and the tables that tax and shipping are computed from.
--
-- Amounts are minor units of their currency. A variant has one base price a currency and any number
-- of sale prices in windows of time; what a shopper pays is the sale price while one runs.
-- Always true: one base price per variant and currency; sale windows of a variant and currency do
-- not overlap; every country has a shipping zone, for one zone is the rest of the world.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.price_kind as enum ('base', 'sale');
comment on type public.price_kind is 'base: always valid; sale: valid in its window, below base.';

create table public.variant_prices (
  id uuid primary key default gen_random_uuid(),
  variant_id uuid not null references public.product_variants (id) on delete cascade,
  currency text not null references public.currencies (code) on delete restrict,
  kind public.price_kind not null default 'base',
  amount bigint not null,
  starts_at timestamptz,
  ends_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint variant_prices_amount_range check (amount between 1 and 999999999999),
  constraint variant_prices_window check (starts_at < ends_at),
  constraint variant_prices_base_is_timeless
    check (kind <> 'base' or (starts_at is null and ends_at is null))
);
comment on table public.variant_prices is
  'Base and sale prices. Written by set_price and import_products. A trigger keeps sale windows '
  'apart.';
comment on column public.variant_prices.amount is 'Minor units of currency.';
comment on column public.variant_prices.starts_at is 'First moment it is valid; null: since ever.';
comment on column public.variant_prices.ends_at is
  'First moment it no longer is; null: never ends.';
create unique index variant_prices_base_key on public.variant_prices (variant_id, currency)
  include (amount) where kind = 'base';
create index variant_prices_variant_id_idx on public.variant_prices (variant_id, currency, kind);
create index variant_prices_currency_idx on public.variant_prices (currency);
alter table public.variant_prices enable row level security;
create policy select_visible on public.variant_prices
  for select to anon, authenticated
  using (
    exists (select from public.product_variants v where v.id = variant_prices.variant_id)
  );
grant select on public.variant_prices to anon, authenticated;
create trigger _100_touch before update on public.variant_prices
  for each row execute function private.tg__touch();

create table public.tax_rates (
  id uuid primary key default gen_random_uuid(),
  country text not null references public.countries (code) on delete restrict,
  region text,
  category_id uuid references public.categories (id) on delete cascade,
  rate_bp integer not null,
  name text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tax_rates_country_region_category_id_key
    unique nulls not distinct (country, region, category_id),
  constraint tax_rates_rate_range check (rate_bp between 0 and 10000),
  constraint tax_rates_region_length check (char_length(region) between 1 and 120),
  constraint tax_rates_name_length check (char_length(name) between 1 and 60)
);
comment on table public.tax_rates is
  'Sales tax by destination; the most specific row applies, and no row means no tax. Whether '
  'prices '
  'contain it is shop_settings.prices_include_tax. Written by admins.';
comment on column public.tax_rates.region is 'State or province as addresses write it; null: all.';
comment on column public.tax_rates.category_id is
  'Applies to the category and those below it; null: to everything.';
comment on column public.tax_rates.rate_bp is 'Basis points: 2000 is 20 %.';
create index tax_rates_category_id_idx on public.tax_rates (category_id);
alter table public.tax_rates enable row level security;
create policy select_public on public.tax_rates for select to anon, authenticated using (true);
create policy insert_admin on public.tax_rates
  for insert to authenticated with check ((select private.has_role('admin')));
create policy update_admin on public.tax_rates
  for update to authenticated
  using ((select private.has_role('admin')))
  with check ((select private.has_role('admin')));
create policy delete_admin on public.tax_rates
  for delete to authenticated using ((select private.has_role('admin')));
grant select on public.tax_rates to anon, authenticated;
grant
  insert (country, region, category_id, rate_bp, name),
  update (country, region, category_id, rate_bp, name),
  delete
on public.tax_rates to authenticated;
create trigger _100_touch before update on public.tax_rates
  for each row execute function private.tg__touch();

create table public.shipping_zones (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  countries text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint shipping_zones_name_length check (char_length(name) between 1 and 120)
);
comment on table public.shipping_zones is
  'Countries that ship alike. A country is in one zone; the zone without countries is the rest of '
  'the world. Written by admins; a trigger checks the codes.';
create unique index shipping_zones_rest_of_world_key on public.shipping_zones ((countries = '{}'))
  where countries = '{}';
create index shipping_zones_countries_idx on public.shipping_zones using gin (countries);
alter table public.shipping_zones enable row level security;
create policy select_public on public.shipping_zones for select to anon, authenticated using (true);
create policy insert_admin on public.shipping_zones
  for insert to authenticated with check ((select private.has_role('admin')));
create policy update_admin on public.shipping_zones
  for update to authenticated
  using ((select private.has_role('admin')))
  with check ((select private.has_role('admin')));
create policy delete_admin on public.shipping_zones
  for delete to authenticated using ((select private.has_role('admin')));
grant select on public.shipping_zones to anon, authenticated;
grant insert (name, countries), update (name, countries), delete
  on public.shipping_zones to authenticated;
create trigger _100_touch before update on public.shipping_zones
  for each row execute function private.tg__touch();

create table public.shipping_methods (
  id uuid primary key default gen_random_uuid(),
  zone_id uuid not null references public.shipping_zones (id) on delete cascade,
  code text not null,
  name text not null,
  currency text not null references public.currencies (code) on delete restrict,
  price bigint not null,
  price_per_kg bigint not null default 0,
  free_from bigint,
  min_days integer not null,
  max_days integer not null,
  is_active boolean not null default true,
  position integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint shipping_methods_zone_id_code_key unique (zone_id, code),
  constraint shipping_methods_code_format check (code ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
  constraint shipping_methods_name_length check (char_length(name) between 1 and 120),
  constraint shipping_methods_price_not_negative check (price >= 0),
  constraint shipping_methods_price_per_kg_not_negative check (price_per_kg >= 0),
  constraint shipping_methods_free_from_not_negative check (free_from >= 0),
  constraint shipping_methods_days_range check (min_days between 0 and max_days and max_days <= 365)
);
comment on table public.shipping_methods is
  'Ways to ship to a zone. The same code (standard, express) in each zone. Written by admins.';
comment on column public.shipping_methods.price is 'Minor units of currency, a parcel.';
comment on column public.shipping_methods.price_per_kg is
  'Minor units of currency added for each kilogram begun.';
comment on column public.shipping_methods.free_from is
  'Goods value in minor units of currency from which shipping is free; null: never.';
comment on column public.shipping_methods.min_days is
  'Working days from dispatch to delivery, at best.';
create index shipping_methods_currency_idx on public.shipping_methods (currency);
alter table public.shipping_methods enable row level security;
create policy select_public on public.shipping_methods
  for select to anon, authenticated using (true);
create policy insert_admin on public.shipping_methods
  for insert to authenticated with check ((select private.has_role('admin')));
create policy update_admin on public.shipping_methods
  for update to authenticated
  using ((select private.has_role('admin')))
  with check ((select private.has_role('admin')));
create policy delete_admin on public.shipping_methods
  for delete to authenticated using ((select private.has_role('admin')));
grant select on public.shipping_methods to anon, authenticated;
grant
  insert (
    zone_id, code, name, currency, price, price_per_kg, free_from, min_days, max_days, is_active,
    position
  ),
  update (
    code, name, currency, price, price_per_kg, free_from, min_days, max_days, is_active, position
  ),
  delete
on public.shipping_methods to authenticated;
create trigger _100_touch before update on public.shipping_methods
  for each row execute function private.tg__touch();

-- Checkout works in an empty shop: one zone, two ways to ship.
with zone as (
  insert into public.shipping_zones (name) values ('Worldwide') returning id
)
insert into public.shipping_methods
  (zone_id, code, name, currency, price, free_from, min_days, max_days, position)
select z.id, m.code, m.name, s.currency, m.price, m.free_from, m.min_days, m.max_days, m.position
from zone z
cross join public.shop_settings s
cross join (values
  ('standard', 'Standard delivery', 495, 5000, 3, 7, 1),
  ('express', 'Express delivery', 1295, null, 1, 3, 2)
) as m (code, name, price, free_from, min_days, max_days, position);

-- What keeps the rules

create function private.tg_variant_prices__keep_sales_apart() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- The variant's row is the queue in which sales for it are written one after the other.
  perform from public.product_variants v where v.id = new.variant_id for no key update;
  if exists (
    select from public.variant_prices p
    where p.variant_id = new.variant_id
      and p.currency = new.currency
      and p.kind = 'sale'
      and p.id <> new.id
      and tstzrange(p.starts_at, p.ends_at) && tstzrange(new.starts_at, new.ends_at)
  ) then
    perform private.raise_problem(
      409, 'sale_overlaps', 'Another sale of this variant runs in that time.',
      jsonb_build_object('variant_id', new.variant_id)
    );
  end if;
  return new;
end;
$$;
comment on function private.tg_variant_prices__keep_sales_apart is
  'Refuses a sale that overlaps another one of the same variant and currency.';
create trigger _200_keep_sales_apart before insert or update on public.variant_prices
  for each row when (new.kind = 'sale')
  execute function private.tg_variant_prices__keep_sales_apart();

create function private.tg_shipping_zones__check_countries() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_wrong text;
begin
  perform pg_advisory_xact_lock(hashtextextended('shipping_zones', 0));
  select u.code into v_wrong
  from unnest(new.countries) as u (code)
  where not exists (select from public.countries c where c.code = u.code)
  limit 1;
  if found then
    perform private.raise_invalid_input('countries', format('%s is not a country code.', v_wrong));
  end if;
  select z.name into v_wrong
  from public.shipping_zones z where z.id <> new.id and z.countries && new.countries limit 1;
  if found then
    perform private.raise_problem(
      409, 'country_in_two_zones',
      format('The zone %s has one of these countries already.', v_wrong)
    );
  end if;
  return new;
end;
$$;
comment on function private.tg_shipping_zones__check_countries is
  'A zone lists existing countries, and a country stands in one zone.';
create trigger _200_check_countries before insert or update of countries on public.shipping_zones
  for each row execute function private.tg_shipping_zones__check_countries();

create function private.shipping_zone_of(country text) returns uuid
-- Not plain SQL: that would be planned anew for every order.
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    select z.id
    from public.shipping_zones z
    where z.countries @> array[shipping_zone_of.country] or z.countries = '{}'
    order by z.countries = '{}'
    limit 1
  );
end;
$$;
comment on function private.shipping_zone_of is
  'The zone that ships to a country: the one that lists it, else the rest of the world.';

-- Commands

create function private.effective_prices(
  variant_ids uuid[],
  currency text,
  at timestamptz default now()
) returns table (variant_id uuid, amount bigint, base_amount bigint, kind public.price_kind)
-- The plan is kept: an array of ids would else be planned for anew with every order.
language plpgsql stable rows 10
set search_path = '' set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return query
    select
      b.variant_id,
      coalesce(s.amount, b.amount),
      b.amount,
      coalesce(s.kind, b.kind)
    from public.variant_prices b
    left join public.variant_prices s
      on s.variant_id = b.variant_id
      -- Said again, or the planner reads the whole table for the few sales it expects there.
      and s.variant_id = any (effective_prices.variant_ids)
      and s.currency = b.currency
      and s.kind = 'sale'
      and s.amount < b.amount
      and (s.starts_at is null or s.starts_at <= effective_prices.at)
      and (s.ends_at is null or s.ends_at > effective_prices.at)
    where b.variant_id = any (effective_prices.variant_ids)
      and b.currency = effective_prices.currency
      and b.kind = 'base';
end;
$$;
comment on function private.effective_prices is
  'What each variant costs at a moment, minor units: the sale price where one runs and is lower, '
  'else the base price; no row for a variant without a price in the currency.';

create function private.set_price(
  variant_id uuid,
  amount bigint,
  kind public.price_kind default 'base',
  starts_at timestamptz default null,
  ends_at timestamptz default null,
  currency text default null
) returns public.variant_prices
language plpgsql security definer set search_path = ''
as $$
declare
  v_currency text := set_price.currency;
  v_base bigint;
  v_price public.variant_prices;
begin
  if not private.is_service() and not private.has_role('admin') then
    perform private.require_role('seller');
    if not exists (
      select
      from public.product_variants v
      join public.products p on p.id = v.product_id
      where v.id = set_price.variant_id
        and p.seller_id = any (array(select private.active_seller_ids()))
    ) then
      perform private.raise_problem(404, 'variant_not_found', 'There is no such variant.');
    end if;
  end if;
  -- Price commands on one variant queue here, so what is checked below still holds when written.
  perform from public.product_variants v where v.id = set_price.variant_id for no key update;
  if not found then
    perform private.raise_problem(404, 'variant_not_found', 'There is no such variant.');
  end if;

  if v_currency is null then
    select s.currency into v_currency from public.shop_settings s;
  elsif not exists (select from public.currencies c where c.code = v_currency) then
    perform private.raise_invalid_input('currency', 'There is no such currency.');
  end if;
  if set_price.kind is null then
    perform private.raise_invalid_input('kind', 'Use base or sale.');
  end if;
  if set_price.kind = 'base'
    and (set_price.starts_at is not null or set_price.ends_at is not null)
  then
    perform private.raise_invalid_input('starts_at', 'A base price is always valid.');
  end if;
  if set_price.starts_at >= set_price.ends_at then
    perform private.raise_invalid_input('ends_at', 'A sale ends after it starts.');
  end if;

  if set_price.amount is null and set_price.kind = 'sale' then
    delete from public.variant_prices p
    where p.variant_id = set_price.variant_id
      and p.currency = v_currency
      and p.kind = 'sale'
      and tstzrange(p.starts_at, p.ends_at) && tstzrange(set_price.starts_at, set_price.ends_at);
    return null;
  end if;
  if set_price.amount is null or set_price.amount not between 1 and 999999999999 then
    perform private.raise_invalid_input('amount', 'Minor units from 1 to 999999999999.');
  end if;

  if set_price.kind = 'base' then
    insert into public.variant_prices as p (variant_id, currency, kind, amount)
    values (set_price.variant_id, v_currency, 'base', set_price.amount)
    on conflict do nothing
    returning * into v_price;
    if not found then
      update public.variant_prices p
      set amount = set_price.amount
      where p.variant_id = set_price.variant_id and p.currency = v_currency and p.kind = 'base'
      returning * into v_price;
    end if;
    return v_price;
  end if;

  select p.amount into v_base
  from public.variant_prices p
  where p.variant_id = set_price.variant_id and p.currency = v_currency and p.kind = 'base';
  if v_base is null or set_price.amount >= v_base then
    perform private.raise_invalid_input('amount', 'A sale price is below the base price.');
  end if;
  update public.variant_prices p
  set amount = set_price.amount
  where p.variant_id = set_price.variant_id
    and p.currency = v_currency
    and p.kind = 'sale'
    and (p.starts_at, p.ends_at) is not distinct from (set_price.starts_at, set_price.ends_at)
  returning * into v_price;
  if not found then
    insert into public.variant_prices (variant_id, currency, kind, amount, starts_at, ends_at)
    values (
      set_price.variant_id, v_currency, 'sale', set_price.amount, set_price.starts_at,
      set_price.ends_at
    )
    returning * into v_price;
  end if;
  return v_price;
end;
$$;
comment on function private.set_price is
  'Sets a base or sale price. Admins, or the variant''s active seller.';
grant execute on function private.set_price to authenticated, service_role;

create function public.set_price(
  variant_id uuid,
  amount bigint,
  kind public.price_kind default 'base',
  starts_at timestamptz default null,
  ends_at timestamptz default null,
  currency text default null
) returns public.variant_prices
language sql set search_path = ''
as $$
  select private.set_price(
    set_price.variant_id, set_price.amount, set_price.kind, set_price.starts_at,
    set_price.ends_at, set_price.currency
  );
$$;
comment on function public.set_price is
  'Sets a variant''s base price, or a sale price with an optional window, in minor units of the '
  'named or the shop''s currency; returns the price. Amount null with kind sale ends the sales in '
  'that window. Admins, or the variant''s seller.';
grant execute on function public.set_price to authenticated, service_role;
