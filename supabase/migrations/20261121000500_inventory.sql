-- Inventory: how many pieces there are, where, and for whom they are kept.
--
-- stock_levels holds the pieces of a variant in a warehouse; orders reserve from them and fulfilment
-- takes them out; every change of on_hand is a row in stock_movements.
-- Always true: 0 <= reserved <= on_hand; on_hand is the sum of the row's movements; reserved is the
-- sum of its active and committed reservations; variant_stock.available is the sum of
-- on_hand - reserved over active warehouses.
-- Locks: a command locks all stock rows of its variants, in (variant_id, warehouse_id) order, before
-- it changes any, and before it touches products; so commands wait for each other and never deadlock.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.movement_reason as enum (
  'received', 'sold', 'returned', 'adjusted', 'damaged', 'lost', 'imported'
);
comment on type public.movement_reason is 'Why the pieces on hand changed.';

create type public.reservation_state as enum ('active', 'committed', 'fulfilled', 'released');
comment on type public.reservation_state is
  'active: order unpaid, may expire; committed: order stands; fulfilled: shipped; released: given back.';

create table public.warehouses (
  id uuid primary key default gen_random_uuid(),
  code text not null unique,
  name text not null,
  line1 text,
  city text,
  postal_code text,
  country text not null references public.countries (code) on delete restrict,
  latitude numeric(8, 5),
  longitude numeric(8, 5),
  serves text[] not null default '{}',
  handling_days_min integer not null default 0,
  handling_days_max integer not null default 1,
  is_active boolean not null default true,
  priority integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint warehouses_code_format check (code ~ '^[A-Z0-9][A-Z0-9-]{0,31}$'),
  constraint warehouses_name_length check (char_length(name) between 1 and 120),
  constraint warehouses_latitude_range check (latitude between -90 and 90),
  constraint warehouses_longitude_range check (longitude between -180 and 180),
  constraint warehouses_handling_days_range
    check (handling_days_min between 0 and handling_days_max and handling_days_max <= 90)
);
comment on table public.warehouses is
  'Places that hold stock. Written by admins; seen by staff and sellers. Stock of an inactive one '
  'is not for sale.';
comment on column public.warehouses.serves is 'Country codes it ships to; empty: everywhere.';
comment on column public.warehouses.handling_days_min is
  'Working days from order to dispatch, at best; part of the delivery estimate.';
comment on column public.warehouses.priority is
  'Smallest first when an order takes stock; the smallest active one is the default warehouse.';
create index warehouses_country_idx on public.warehouses (country);
alter table public.warehouses enable row level security;
create policy select_staff on public.warehouses
  for select to authenticated
  using ((select private.is_staff()) or (select private.has_role('seller')));
create policy insert_admin on public.warehouses
  for insert to authenticated with check ((select private.has_role('admin')));
create policy update_admin on public.warehouses
  for update to authenticated
  using ((select private.has_role('admin')))
  with check ((select private.has_role('admin')));
grant select on public.warehouses to authenticated;
grant
  insert (
    code, name, line1, city, postal_code, country, latitude, longitude, serves, handling_days_min,
    handling_days_max, is_active, priority
  ),
  update (
    code, name, line1, city, postal_code, country, latitude, longitude, serves, handling_days_min,
    handling_days_max, is_active, priority
  )
on public.warehouses to authenticated;
create trigger _100_touch before update on public.warehouses
  for each row execute function private.tg__touch();

insert into public.warehouses (code, name, country) values ('MAIN', 'Main warehouse', 'GB');

create table public.stock_levels (
  variant_id uuid not null references public.product_variants (id) on delete restrict,
  warehouse_id uuid not null references public.warehouses (id) on delete restrict,
  on_hand integer not null default 0,
  reserved integer not null default 0,
  low_stock_threshold integer,
  version integer not null default 1,
  updated_at timestamptz not null default now(),
  primary key (variant_id, warehouse_id),
  constraint stock_levels_not_oversold check (reserved between 0 and on_hand),
  constraint stock_levels_low_stock_threshold_range check (low_stock_threshold >= 0)
)
-- Room on the page keeps the updates of the hot path out of the indexes.
with (fillfactor = 70);
comment on table public.stock_levels is
  'Pieces of a variant in a warehouse. Written by orders, adjust_stock, set_stock and '
  'import_products, never directly. A trigger keeps variant_stock.';
comment on column public.stock_levels.on_hand is 'Pieces in the building.';
comment on column public.stock_levels.reserved is 'Of those, pieces kept for orders.';
comment on column public.stock_levels.low_stock_threshold is 'Pieces; null: shop_settings''.';
create index stock_levels_warehouse_id_idx on public.stock_levels (warehouse_id);
alter table public.stock_levels enable row level security;

create function private.own_variant(variant_id uuid) returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (
    select
    from public.product_variants v
    join public.products p on p.id = v.product_id
    where v.id = own_variant.variant_id
      and p.seller_id = any (array(select private.current_seller_ids()))
  );
$$;
comment on function private.own_variant is 'Whether the caller works for the variant''s seller.';
grant execute on function private.own_variant to authenticated, service_role;

create policy select_staff on public.stock_levels
  for select to authenticated
  using ((select private.is_staff()) or private.own_variant(variant_id));
grant select on public.stock_levels to authenticated;

create table public.variant_stock (
  variant_id uuid primary key references public.product_variants (id) on delete cascade,
  product_id uuid not null references public.products (id) on delete cascade,
  available integer not null default 0,
  version bigint not null default 1,
  updated_at timestamptz not null default now()
)
with (fillfactor = 70);
comment on table public.variant_stock is
  'What can be bought of a variant now, over all active warehouses; live, public. Kept by triggers '
  'on product_variants, stock_levels and warehouses.';
comment on column public.variant_stock.available is 'Pieces.';
comment on column public.variant_stock.version is 'Grows with every change; compare to drop late events.';
create index variant_stock_product_id_idx on public.variant_stock (product_id);
alter table public.variant_stock enable row level security;
create policy select_visible on public.variant_stock
  for select to anon, authenticated
  using (exists (select from public.products p where p.id = variant_stock.product_id));
grant select on public.variant_stock to anon, authenticated;

create table public.stock_movements (
  id bigint generated always as identity primary key,
  variant_id uuid not null,
  warehouse_id uuid not null,
  quantity integer not null,
  reason public.movement_reason not null,
  order_id uuid,
  note text,
  actor_id uuid references auth.users (id) on delete set null,
  idempotency_key uuid,
  created_at timestamptz not null default now(),
  constraint stock_movements_stock_level_fkey foreign key (variant_id, warehouse_id)
    references public.stock_levels (variant_id, warehouse_id) on delete restrict,
  constraint stock_movements_quantity_not_zero check (quantity <> 0),
  constraint stock_movements_note_length check (char_length(note) <= 500)
);
comment on table public.stock_movements is
  'Every change of stock_levels.on_hand, append-only; their sum is on_hand.';
comment on column public.stock_movements.quantity is 'Pieces; negative when they left.';
create index stock_movements_variant_id_warehouse_id_idx
  on public.stock_movements (variant_id, warehouse_id, id);
create index stock_movements_actor_id_idx on public.stock_movements (actor_id);
create index stock_movements_order_id_idx on public.stock_movements (order_id)
  where order_id is not null;
create index stock_movements_created_at_idx on public.stock_movements (created_at);
create unique index stock_movements_idempotency_key on public.stock_movements
  (actor_id, idempotency_key) nulls not distinct where idempotency_key is not null;
alter table public.stock_movements enable row level security;
create policy select_staff on public.stock_movements
  for select to authenticated
  using ((select private.is_staff()) or private.own_variant(variant_id));
grant select on public.stock_movements to authenticated;

create table public.reservations (
  order_id uuid not null,
  variant_id uuid not null,
  warehouse_id uuid not null,
  quantity integer not null,
  state public.reservation_state not null default 'active',
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (order_id, variant_id, warehouse_id),
  constraint reservations_stock_level_fkey foreign key (variant_id, warehouse_id)
    references public.stock_levels (variant_id, warehouse_id) on delete restrict,
  constraint reservations_quantity_positive check (quantity > 0)
);
comment on table public.reservations is
  'Pieces kept for an order, by warehouse. Written with the order, in its transaction; the active and '
  'committed ones add up to stock_levels.reserved.';
comment on column public.reservations.quantity is 'Pieces.';
comment on column public.reservations.expires_at is
  'When an unpaid order gives them back; null once the order stands.';
create index reservations_variant_id_warehouse_id_idx
  on public.reservations (variant_id, warehouse_id);
alter table public.reservations enable row level security;
create policy select_staff on public.reservations
  for select to authenticated
  using ((select private.is_staff()) or private.own_variant(variant_id));
grant select on public.reservations to authenticated;
