-- Inventory: how many pieces there are, where, and for whom they are kept.
--
-- stock_levels holds the pieces of a variant in a warehouse; orders reserve from them and
-- fulfilment takes them out; every change of on_hand is a row in stock_movements.
-- Always true: 0 <= reserved <= on_hand; on_hand is the sum of the row's movements; reserved is the
-- sum of its active and committed reservations; variant_stock.available is the sum of
-- on_hand - reserved over active warehouses.
-- Locks: a command locks all stock rows of its variants, in (variant_id, warehouse_id) order,
-- before it changes any; and stock before variants before products, each in id order. So commands
-- wait for each other and never deadlock.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.movement_reason as enum (
  'received', 'sold', 'returned', 'adjusted', 'damaged', 'lost', 'imported'
);
comment on type public.movement_reason is 'Why the pieces on hand changed.';

create type public.reservation_state as enum ('active', 'committed', 'fulfilled', 'released');
comment on type public.reservation_state is
  'active: order unpaid, may expire; committed: order stands; fulfilled: shipped; released: given '
  'back.';

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
comment on column public.variant_stock.version is
  'Grows with every change; compare to drop late events.';
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
  'Pieces kept for an order, by warehouse. Written with the order, in its transaction; the active '
  'and '
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

-- What keeps the sums

create function private.tg_product_variants__count_stock() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.variant_stock (variant_id, product_id)
  select n.id, n.product_id from new_rows n;
  return null;
end;
$$;
comment on function private.tg_product_variants__count_stock is
  'Gives every new variant its row of live stock.';
create trigger _500_count_stock after insert on public.product_variants
  referencing new table as new_rows
  for each statement execute function private.tg_product_variants__count_stock();

create function private.tg_stock_levels__sum_up() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- Differences are added, not sums written: two warehouses of a variant may change at once.
  if tg_op = 'UPDATE' then
    update public.variant_stock s
    set available = s.available + d.pieces, version = s.version + 1, updated_at = now()
    from (
      select c.variant_id, sum(c.pieces)::integer as pieces
      from (
        -- Added up, not joined: a join planned for one row would be kept for ten thousand.
        select n.variant_id, n.warehouse_id, n.on_hand - n.reserved as pieces from new_rows n
        union all
        select o.variant_id, o.warehouse_id, o.reserved - o.on_hand from old_rows o
      ) c
      join public.warehouses w on w.id = c.warehouse_id and w.is_active
      group by c.variant_id
    ) d
    where s.variant_id = any (array(select n.variant_id from new_rows n))
      and s.variant_id = d.variant_id
      and d.pieces <> 0;
  else
    update public.variant_stock s
    set available = s.available + d.pieces, version = s.version + 1, updated_at = now()
    from (
      select n.variant_id, sum(n.on_hand - n.reserved)::integer as pieces
      from new_rows n
      join public.warehouses w on w.id = n.warehouse_id and w.is_active
      group by n.variant_id
    ) d
    where s.variant_id = any (array(select n.variant_id from new_rows n))
      and s.variant_id = d.variant_id
      and d.pieces <> 0;
  end if;
  return null;
end;
$$;
comment on function private.tg_stock_levels__sum_up is 'Keeps variant_stock.available.';
create trigger _500_sum_up_insert after insert on public.stock_levels
  referencing new table as new_rows
  for each statement execute function private.tg_stock_levels__sum_up();
create trigger _500_sum_up_update after update on public.stock_levels
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.tg_stock_levels__sum_up();

create function private.tg_stock_levels__keep_rows() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'Stock rows stay; set the pieces to 0.' using errcode = '55000';
  end if;
  raise exception 'A stock row keeps its variant and warehouse.' using errcode = '55000';
end;
$$;
comment on function private.tg_stock_levels__keep_rows is
  'Stock rows neither vanish nor move, or sums and movements would part.';
create trigger _100_keep_rows_delete before delete on public.stock_levels
  for each row execute function private.tg_stock_levels__keep_rows();
create trigger _100_keep_rows_update
  before update of variant_id, warehouse_id on public.stock_levels
  for each row execute function private.tg_stock_levels__keep_rows();

create function private.tg_stock_movements__append_only() returns trigger
language plpgsql set search_path = ''
as $$
begin
  -- Losing the account that did it, and the order number coming later, change no amount.
  if tg_op = 'UPDATE'
    and (new.id, new.variant_id, new.warehouse_id, new.quantity, new.reason, new.created_at)
      is not distinct from
      (old.id, old.variant_id, old.warehouse_id, old.quantity, old.reason, old.created_at)
  then
    return new;
  end if;
  raise exception 'Stock movements are append-only; add one that reverses it.'
    using errcode = '55000';
end;
$$;
comment on function private.tg_stock_movements__append_only is 'Movements are never changed.';
create trigger _100_append_only before update or delete on public.stock_movements
  for each row execute function private.tg_stock_movements__append_only();

create function private.tg_warehouses__stop_stock() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- Whoever changes stock reads whether the warehouse is active: they finish first, or begin after.
  lock table public.stock_levels in exclusive mode;
  return null;
end;
$$;
comment on function private.tg_warehouses__stop_stock is
  'Opening and closing a warehouse waits for all changes of stock, and they for it.';
create trigger _050_stop_stock before update of is_active on public.warehouses
  for each statement execute function private.tg_warehouses__stop_stock();

create function private.tg_warehouses__count_in_or_out() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  update public.variant_stock v
  set
    available = v.available
      + case when new.is_active then 1 else -1 end * (s.on_hand - s.reserved),
    version = v.version + 1,
    updated_at = now()
  from public.stock_levels s
  where s.warehouse_id = new.id and s.variant_id = v.variant_id and s.on_hand <> s.reserved;
  return null;
end;
$$;
comment on function private.tg_warehouses__count_in_or_out is
  'Adds the stock of a warehouse that opens to what can be bought, and takes out that of one that '
  'closes.';
create trigger _500_count_in_or_out after update of is_active on public.warehouses
  for each row when (old.is_active is distinct from new.is_active)
  execute function private.tg_warehouses__count_in_or_out();

-- Reservations

create function private.lock_stock(variant_ids uuid[]) returns void
-- The plan is kept, here and below: arrays would else be planned for anew with every order.
language plpgsql security definer
set search_path = '' set plan_cache_mode = 'force_generic_plan'
as $$
begin
  perform from public.stock_levels s
  where s.variant_id = any (lock_stock.variant_ids)
  order by s.variant_id, s.warehouse_id
  for no key update;
end;
$$;
comment on function private.lock_stock is
  'Locks all stock rows of the variants in the order that every command keeps.';

create function private.reserve_stock(
  order_id uuid,
  variant_ids uuid[],
  quantities integer[],
  expires_at timestamptz default null
) returns void
language plpgsql security definer
set search_path = '' set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_taken bigint;
begin
  perform private.lock_stock(reserve_stock.variant_ids);

  -- A statement of its own: begun under the locks, it sees what the order before has left.
  -- "= any (…)" because the planner uses the index for it, where it would read a whole small table
  -- for a join with lines it cannot count.
  with offered as (
    select
      s.variant_id,
      s.warehouse_id,
      least(
        s.on_hand - s.reserved,
        greatest(
          w.quantity - coalesce(sum(s.on_hand - s.reserved) over (
            partition by s.variant_id order by h.priority, h.code
            rows between unbounded preceding and 1 preceding
          ), 0),
          0
        )
      )::integer as take
    from unnest(reserve_stock.variant_ids, reserve_stock.quantities) as w (variant_id, quantity)
    join public.stock_levels s on s.variant_id = w.variant_id
    join public.warehouses h on h.id = s.warehouse_id and h.is_active
    where s.variant_id = any (reserve_stock.variant_ids)
  ),
  taken as (
    update public.stock_levels s
    set reserved = s.reserved + o.take, version = s.version + 1, updated_at = now()
    from offered o
    where s.variant_id = any (reserve_stock.variant_ids)
      and s.variant_id = o.variant_id
      and s.warehouse_id = o.warehouse_id
      and o.take > 0
    returning s.variant_id, s.warehouse_id, o.take
  ),
  kept as (
    insert into public.reservations
      (order_id, variant_id, warehouse_id, quantity, state, expires_at)
    select
      reserve_stock.order_id, t.variant_id, t.warehouse_id, t.take,
      case when reserve_stock.expires_at is null then 'committed' else 'active' end
        ::public.reservation_state,
      reserve_stock.expires_at
    from taken t
    returning quantity
  )
  select sum(k.quantity) into v_taken from kept k;

  -- The refusal takes back what was kept so far; of a short variant that is all there is.
  if v_taken is distinct from (select sum(q) from unnest(reserve_stock.quantities) q) then
    perform private.raise_problem(
      409, 'out_of_stock', 'Lower the quantity or remove the item.',
      (
        select jsonb_build_object('lines', jsonb_agg(
          jsonb_build_object(
            'variant_id', w.variant_id,
            'sku', v.sku,
            'title', concat_ws(' – ', p.title, nullif(v.title, '')),
            'requested', w.quantity,
            'available', kept.quantity
          )
          order by w.position
        ))
        from unnest(reserve_stock.variant_ids, reserve_stock.quantities)
          with ordinality as w (variant_id, quantity, position)
        cross join lateral (
          select coalesce(sum(r.quantity), 0) as quantity
          from public.reservations r
          where r.order_id = reserve_stock.order_id and r.variant_id = w.variant_id
        ) kept
        left join public.product_variants v on v.id = w.variant_id
        left join public.products p on p.id = v.product_id
        where kept.quantity < w.quantity
      )
    );
  end if;
end;
$$;
comment on function private.reserve_stock is
  'Keeps the pieces of every line (each variant stands in one) for an order, from warehouses by '
  'priority, or refuses with 409 out_of_stock naming each short line. Without an expiry the order '
  'stands at once. Call it before the transaction locks variants or products, and as its last act: '
  'until it ends, everybody else waits for these rows.';

create function private.release_reservations(order_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  with given_back as (
    update public.reservations r
    set state = 'released', expires_at = null, updated_at = now()
    where r.order_id = release_reservations.order_id and r.state in ('active', 'committed')
    returning r.variant_id, r.warehouse_id, r.quantity
  ),
  locked as materialized (
    select s.variant_id, s.warehouse_id
    from public.stock_levels s
    where s.variant_id = any (array(select g.variant_id from given_back g))
    order by s.variant_id, s.warehouse_id
    for no key update
  )
  update public.stock_levels s
  set reserved = s.reserved - g.quantity, version = s.version + 1, updated_at = now()
  from locked l
  join given_back g on g.variant_id = l.variant_id and g.warehouse_id = l.warehouse_id
  where s.variant_id = any (array(select k.variant_id from locked k))
    and s.variant_id = l.variant_id
    and s.warehouse_id = l.warehouse_id;
end;
$$;
comment on function private.release_reservations is
  'Gives back what an order keeps, if anything; harmless to repeat.';

create function private.commit_reservations(order_id uuid) returns void
-- Not plain SQL: that would be planned anew for every order.
language plpgsql security definer set search_path = ''
as $$
begin
  update public.reservations r
  set state = 'committed', expires_at = null, updated_at = now()
  where r.order_id = commit_reservations.order_id and r.state = 'active';
end;
$$;
comment on function private.commit_reservations is
  'The order stands: what it keeps no longer expires. Harmless to repeat.';

create function private.fulfil_reservations(order_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  with shipped as (
    update public.reservations r
    set state = 'fulfilled', expires_at = null, updated_at = now()
    where r.order_id = fulfil_reservations.order_id and r.state in ('active', 'committed')
    returning r.variant_id, r.warehouse_id, r.quantity
  ),
  locked as materialized (
    select s.variant_id, s.warehouse_id
    from public.stock_levels s
    where s.variant_id = any (array(select h.variant_id from shipped h))
    order by s.variant_id, s.warehouse_id
    for no key update
  ),
  taken as (
    update public.stock_levels s
    set
      on_hand = s.on_hand - h.quantity,
      reserved = s.reserved - h.quantity,
      version = s.version + 1,
      updated_at = now()
    from locked l
    join shipped h on h.variant_id = l.variant_id and h.warehouse_id = l.warehouse_id
    where s.variant_id = any (array(select k.variant_id from locked k))
      and s.variant_id = l.variant_id
      and s.warehouse_id = l.warehouse_id
    returning s.variant_id, s.warehouse_id, h.quantity
  )
  insert into public.stock_movements
    (variant_id, warehouse_id, quantity, reason, order_id, actor_id)
  select t.variant_id, t.warehouse_id, -t.quantity, 'sold', fulfil_reservations.order_id, auth.uid()
  from taken t
  order by t.variant_id, t.warehouse_id;
end;
$$;
comment on function private.fulfil_reservations is
  'What the order keeps leaves the warehouse, with a movement a line. Harmless to repeat.';

-- Commands

create function private.default_warehouse_id() returns uuid
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_id uuid;
begin
  select w.id into v_id
  from public.warehouses w where w.is_active order by w.priority, w.code limit 1;
  if not found then
    perform private.raise_problem(409, 'no_warehouse', 'Open a warehouse first.');
  end if;
  return v_id;
end;
$$;
comment on function private.default_warehouse_id is 'The active warehouse that comes first.';

create function private.set_on_hand(
  variant_ids uuid[],
  warehouse_ids uuid[],
  quantities integer[],
  reason public.movement_reason
) returns setof uuid
language plpgsql security definer set search_path = ''
as $$
begin
  return query
    with wanted as materialized (
      select u.variant_id, u.warehouse_id, u.on_hand, coalesce(s.on_hand, 0) as before
      from unnest(
        set_on_hand.variant_ids, set_on_hand.warehouse_ids, set_on_hand.quantities
      ) as u (variant_id, warehouse_id, on_hand)
      left join public.stock_levels s
        on s.variant_id = u.variant_id and s.warehouse_id = u.warehouse_id
    ),
    counted as (
      insert into public.stock_levels as s (variant_id, warehouse_id, on_hand)
      select w.variant_id, w.warehouse_id, w.on_hand from wanted w
      order by w.variant_id, w.warehouse_id
      on conflict on constraint stock_levels_pkey do update
        set on_hand = excluded.on_hand, version = s.version + 1, updated_at = now()
        where s.on_hand <> excluded.on_hand
      returning s.variant_id, s.warehouse_id
    ),
    moved as (
      insert into public.stock_movements (variant_id, warehouse_id, quantity, reason, actor_id)
      select w.variant_id, w.warehouse_id, w.on_hand - w.before, set_on_hand.reason, auth.uid()
      from wanted w
      join counted c on c.variant_id = w.variant_id and c.warehouse_id = w.warehouse_id
      where w.on_hand <> w.before
      order by w.variant_id, w.warehouse_id
      returning stock_movements.variant_id
    )
    select m.variant_id from moved m;
end;
$$;
comment on function private.set_on_hand is
  'Sets pieces on hand (absolute) and writes the movements; returns the variants that changed. The '
  'caller has locked the rows (lock_stock) and made sure that none falls below reserved.';

create function private.adjust_stock(
  variant_id uuid,
  quantity integer,
  reason public.movement_reason,
  warehouse_code text default null,
  note text default null,
  idempotency_key uuid default null
) returns public.stock_levels
language plpgsql security definer set search_path = ''
as $$
declare
  v_warehouse_id uuid;
  v_level public.stock_levels;
  v_earlier public.stock_movements;
begin
  if not private.is_service() and not private.is_staff() then
    perform private.require_role('seller');
    if not exists (
      select
      from public.product_variants v
      join public.products p on p.id = v.product_id
      where v.id = adjust_stock.variant_id
        and p.seller_id = any (array(select private.active_seller_ids()))
    ) then
      perform private.raise_problem(404, 'variant_not_found', 'There is no such variant.');
    end if;
  elsif not exists (
    select from public.product_variants v where v.id = adjust_stock.variant_id
  ) then
    perform private.raise_problem(404, 'variant_not_found', 'There is no such variant.');
  end if;

  if adjust_stock.reason is null or adjust_stock.reason in ('sold', 'imported') then
    perform private.raise_invalid_input(
      'reason', 'Use received, returned, adjusted, damaged or lost.'
    );
  end if;
  if coalesce(adjust_stock.quantity, 0) = 0
    or abs(adjust_stock.quantity::bigint) > 1000000000
    or (adjust_stock.reason in ('received', 'returned') and adjust_stock.quantity < 0)
    or (adjust_stock.reason in ('damaged', 'lost') and adjust_stock.quantity > 0)
  then
    perform private.raise_invalid_input(
      'quantity',
      'Pieces to add, or below 0 to take away; received and returned add, damaged and lost take '
      'away.'
    );
  end if;
  if char_length(adjust_stock.note) > 500 then
    perform private.raise_invalid_input('note', 'At most 500 characters.');
  end if;

  if adjust_stock.warehouse_code is null then
    v_warehouse_id := private.default_warehouse_id();
  else
    select w.id into v_warehouse_id
    from public.warehouses w where w.code = adjust_stock.warehouse_code;
    if not found then
      perform private.raise_invalid_input('warehouse_code', 'There is no such warehouse.');
    end if;
  end if;

  perform private.lock_stock(array[adjust_stock.variant_id]);

  if adjust_stock.idempotency_key is not null then
    select * into v_earlier
    from public.stock_movements m
    where m.actor_id is not distinct from auth.uid()
      and m.idempotency_key = adjust_stock.idempotency_key;
    if found then
      if (v_earlier.variant_id, v_earlier.warehouse_id, v_earlier.quantity, v_earlier.reason)
        is distinct from
        (adjust_stock.variant_id, v_warehouse_id, adjust_stock.quantity, adjust_stock.reason)
      then
        perform private.raise_problem(
          422, 'idempotency_key_reused', 'This key was used for another adjustment.'
        );
      end if;
      select * into v_level
      from public.stock_levels s
      where s.variant_id = adjust_stock.variant_id and s.warehouse_id = v_warehouse_id;
      return v_level;
    end if;
  end if;

  insert into public.stock_levels (variant_id, warehouse_id)
  values (adjust_stock.variant_id, v_warehouse_id)
  on conflict on constraint stock_levels_pkey do nothing;

  update public.stock_levels s
  set on_hand = s.on_hand + adjust_stock.quantity, version = s.version + 1, updated_at = now()
  where s.variant_id = adjust_stock.variant_id
    and s.warehouse_id = v_warehouse_id
    and s.on_hand::bigint + adjust_stock.quantity between s.reserved and 1000000000
  returning * into v_level;
  if not found then
    perform private.raise_problem(
      409, 'stock_out_of_range',
      'There are not that many pieces to take away, or far too many to add.',
      (
        select jsonb_build_object(
          'variant_id', s.variant_id, 'on_hand', s.on_hand, 'reserved', s.reserved,
          'quantity', adjust_stock.quantity
        )
        from public.stock_levels s
        where s.variant_id = adjust_stock.variant_id and s.warehouse_id = v_warehouse_id
      )
    );
  end if;

  insert into public.stock_movements
    (variant_id, warehouse_id, quantity, reason, note, actor_id, idempotency_key)
  values (
    adjust_stock.variant_id, v_warehouse_id, adjust_stock.quantity, adjust_stock.reason,
    nullif(trim(adjust_stock.note), ''), auth.uid(), adjust_stock.idempotency_key
  );
  return v_level;
end;
$$;
comment on function private.adjust_stock is
  'Adds or takes away pieces with a reason. Staff, or the variant''s active seller.';
grant execute on function private.adjust_stock to authenticated, service_role;

create function public.adjust_stock(
  variant_id uuid,
  quantity integer,
  reason public.movement_reason,
  warehouse_code text default null,
  note text default null,
  idempotency_key uuid default null
) returns public.stock_levels
language sql set search_path = ''
as $$
  select private.adjust_stock(
    adjust_stock.variant_id, adjust_stock.quantity, adjust_stock.reason,
    adjust_stock.warehouse_code, adjust_stock.note, adjust_stock.idempotency_key
  );
$$;
comment on function public.adjust_stock is
  'Adds or takes away (quantity below 0) pieces of a variant with a reason, in the named or the '
  'default warehouse; returns the stock row. Never below what orders reserve. Staff, or the '
  'variant''s seller. The same idempotency_key counts once.';
grant execute on function public.adjust_stock to authenticated, service_role;

create function private.set_stock(rows jsonb) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_all boolean := private.is_service() or private.is_staff();
  v_seller_ids uuid[] := '{}';
  v_default_id uuid;
  v_checked jsonb;
  v_updated integer;
  v_good integer;
begin
  if not v_all then
    perform private.require_role('seller');
    v_seller_ids := array(select private.active_seller_ids());
  end if;
  if jsonb_typeof(set_stock.rows) is distinct from 'array' then
    perform private.raise_invalid_input('rows', 'An array of {sku, quantity, warehouse}.');
  end if;
  if jsonb_array_length(set_stock.rows) > 1000 then
    perform private.raise_invalid_input('rows', 'At most 1000 rows a call.');
  end if;
  v_default_id := private.default_warehouse_id();

  perform private.lock_stock(array(
    select v.id
    from jsonb_array_elements(set_stock.rows) as r (value)
    join public.product_variants v on v.sku = r.value ->> 'sku'
  ));

  with given as (
    select
      (r.number - 1)::integer as row,
      r.value ->> 'sku' as sku,
      r.value ->> 'warehouse' as warehouse,
      case
        when jsonb_typeof(r.value -> 'quantity') = 'number'
          and (r.value ->> 'quantity')::numeric between 0 and 1000000000
          and (r.value ->> 'quantity')::numeric % 1 = 0
        then (r.value ->> 'quantity')::numeric::integer
      end as quantity
    from jsonb_array_elements(set_stock.rows) with ordinality as r (value, number)
  ),
  resolved as (
    select
      g.row, g.sku, g.warehouse, g.quantity,
      v.id as variant_id,
      coalesce(w.id, case when g.warehouse is null then v_default_id end) as warehouse_id,
      s.reserved,
      row_number() over (
        partition by v.id, coalesce(w.id, v_default_id) order by g.row
      ) as occurrence
    from given g
    left join (
      public.product_variants v
      join public.products p
        on p.id = v.product_id and (v_all or p.seller_id = any (v_seller_ids))
    ) on v.sku = g.sku
    left join public.warehouses w on w.code = g.warehouse
    left join public.stock_levels s
      on s.variant_id = v.id and s.warehouse_id = coalesce(w.id, v_default_id)
  ),
  judged as (
    select
      r.row, r.sku, r.variant_id, r.warehouse_id, r.quantity,
      case
        when r.variant_id is null then 'sku'
        when r.quantity is null then 'quantity'
        when r.warehouse_id is null then 'warehouse'
        when r.occurrence > 1 then 'sku'
        when r.quantity < r.reserved then 'quantity'
      end as field,
      case
        when r.variant_id is null then 'There is no such variant.'
        when r.quantity is null then 'A whole number of pieces from 0 to 1000000000.'
        when r.warehouse_id is null then 'There is no such warehouse.'
        when r.occurrence > 1 then 'The same variant and warehouse stand in an earlier row.'
        when r.quantity < r.reserved then format('%s pieces are reserved for orders.', r.reserved)
      end as message
    from resolved r
  )
  select jsonb_agg(to_jsonb(j) order by j.row) into v_checked from judged j;

  select count(*) into v_good
  from jsonb_array_elements(v_checked) as j (value) where j.value ->> 'field' is null;

  select count(*) into v_updated
  from (
    select array_agg(j.variant_id) as variants, array_agg(j.warehouse_id) as warehouses,
      array_agg(j.quantity) as quantities
    from jsonb_to_recordset(v_checked)
      as j (variant_id uuid, warehouse_id uuid, quantity integer, field text)
    where j.field is null
  ) a
  cross join lateral private.set_on_hand(a.variants, a.warehouses, a.quantities, 'adjusted');

  return jsonb_build_object(
    'updated', v_updated,
    'unchanged', v_good - v_updated,
    'errors', coalesce((
      select jsonb_agg(
        jsonb_build_object(
          'row', j.row, 'sku', j.sku, 'field', j.field, 'message', j.message
        )
        order by j.row
      )
      from jsonb_to_recordset(v_checked) as j (row integer, sku text, field text, message text)
      where j.field is not null
    ), '[]')
  );
end;
$$;
comment on function private.set_stock is
  'Sets pieces on hand for many skus. Staff, or active sellers for their own variants.';
grant execute on function private.set_stock to authenticated, service_role;

create function public.set_stock(rows jsonb) returns jsonb
language sql set search_path = ''
as $$ select private.set_stock(set_stock.rows); $$;
comment on function public.set_stock is
  'Sets pieces on hand from [{sku, quantity, warehouse?}], at most 1000 rows; good rows are done, '
  'each bad one is named: {updated, unchanged, errors: [{row, sku, field, message}]}, row counted '
  'from 0. Staff, or sellers for their own variants.';
grant execute on function public.set_stock to authenticated, service_role;

create view public.low_stock
with (security_invoker = true) as
select
  s.variant_id,
  v.product_id,
  p.seller_id,
  w.code as warehouse,
  v.sku,
  p.title,
  v.title as variant_title,
  s.on_hand,
  s.reserved,
  s.on_hand - s.reserved as available,
  coalesce(s.low_stock_threshold, g.low_stock_threshold) as threshold
from public.stock_levels s
cross join public.shop_settings g
join public.warehouses w on w.id = s.warehouse_id and w.is_active
join public.product_variants v on v.id = s.variant_id and v.is_active
join public.products p on p.id = v.product_id and p.status = 'active'
where s.on_hand - s.reserved <= coalesce(s.low_stock_threshold, g.low_stock_threshold);
comment on view public.low_stock is
  'Stock rows of what is for sale at or below their threshold; staff see all, sellers their own.';
grant select on public.low_stock to authenticated;
