-- Orders: what was bought, by whom, for how much, and everything that happened to it since.
--
-- Always true here: an order adds up (a check); its lines, prices and addresses are copies that
-- never change; it moves only along `order_transitions` and `payment_status_transitions` (one
-- trigger refuses other moves, one writes the timeline); it is confirmed, shipped or delivered only
-- when paid for, or when it is paid on delivery (a check).
--
-- Who wins a race is decided by the order's row lock. Every command that changes an order, its
-- payments, refunds or reservations first locks the order row, then looks at what it finds, then
-- locks payments, and stock rows last, by (variant_id, warehouse_id). One order for all, so nothing
-- deadlocks; looking after locking, so the second of two rivals sees what the first has done.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.order_status as enum (
  'pending', 'confirmed', 'processing', 'shipped', 'delivered', 'cancelled', 'returned'
);

comment on type public.order_status is
  'pending: placed, awaiting payment; confirmed: paid, or to be paid on delivery; the rest as '
  'named.';

create type public.payment_status as enum (
  'pending', 'authorised', 'paid', 'failed', 'partially_refunded', 'refunded'
);

comment on type public.payment_status is
  'What the order''s payments come to, worked out from them. failed: the last attempt was '
  'declined.';

create type public.payment_provider as enum ('stripe', 'cod');

comment on type public.payment_provider is
  'Who takes the money. cod: cash on delivery, completes without leaving the database.';

create type public.order_actor as enum ('customer', 'staff', 'system');

comment on type public.order_actor is
  'Who moves an order: its buyer, support or admin, or the shop itself (payments, expiry, '
  'services).';

create type public.order_event_kind as enum (
  'created', 'status', 'payment', 'refund', 'note', 'tracking'
);

comment on type public.order_event_kind is 'What kind of entry stands in an order''s timeline.';

-- Commands that move stock or money

create table private.idempotency_keys (
  actor_id uuid not null,
  command text not null,
  key text not null,
  request_hash bytea not null,
  response jsonb not null,
  created_at timestamptz not null default now(),
  primary key (actor_id, command, key),
  constraint idempotency_keys_length check (char_length(key) between 8 and 200)
);

comment on table private.idempotency_keys is
  'What a command answered to a key, written in the transaction of its effect: the key exists '
  'exactly when the effect does. Keys of one actor say nothing to another; services share the '
  'actor of zeros.';

alter table private.idempotency_keys enable row level security;

create function private.is_uuid(value jsonb) returns boolean
language plpgsql immutable set search_path = ''
as $$
begin
  return jsonb_typeof(value) = 'string'
    and value #>> '{}' ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
end;
$$;

comment on function private.is_uuid(jsonb) is 'Whether a JSON value can be cast to uuid.';

create function private.request_hash(request jsonb) returns bytea
language plpgsql immutable set search_path = ''
as $$
begin
  return sha256(convert_to(request::text, 'UTF8'));
end;
$$;

comment on function private.request_hash(jsonb) is
  'Tells requests apart; the order of keys and white space do not count.';

-- The answer given to this key before, or null when it is new. Calls with one key take turns here
-- until the end of their transactions, so of any number at once the first acts and the rest read
-- its answer; when it fails and rolls back, the next one acts.
create function private.recall_command(command text, key text, request_hash bytea) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_actor_id uuid := coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000');
  v_known private.idempotency_keys;
begin
  if recall_command.key is null then
    return null;
  end if;
  if char_length(recall_command.key) not between 8 and 200 then
    perform private.raise_invalid_input('idempotency_key', 'This must have 8 to 200 characters.');
  end if;

  perform pg_advisory_xact_lock(
    hashtextextended(v_actor_id || ' ' || recall_command.command || ' ' || recall_command.key, 0)
  );
  -- A statement of its own: it must see what the call before it has committed.
  select * into v_known
  from private.idempotency_keys k
  where k.actor_id = v_actor_id and k.command = recall_command.command
    and k.key = recall_command.key;

  if v_known.request_hash <> recall_command.request_hash then
    perform private.raise_problem(422, 'idempotency_key_reused',
      'This idempotency key was used for another request; take a new one.');
  end if;
  return v_known.response;
end;
$$;

create function private.remember_command(
  command text,
  key text,
  request_hash bytea,
  response jsonb
) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if remember_command.key is not null then
    insert into private.idempotency_keys (actor_id, command, key, request_hash, response)
    values (
      coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000'), remember_command.command,
      remember_command.key, remember_command.request_hash, remember_command.response
    );
  end if;
end;
$$;

-- Orders

create sequence private.order_numbers start with 100001;

comment on sequence private.order_numbers is
  'Order numbers. Gaps are normal: a checkout that fails has used its number up.';

create table public.orders (
  id uuid primary key default gen_random_uuid(),
  number text not null default 'SM-' || nextval('private.order_numbers'),
  buyer_id uuid references auth.users (id) on delete set null,
  is_guest boolean not null default false,
  email text not null,
  status public.order_status not null,
  payment_status public.payment_status not null default 'pending',
  payment_provider public.payment_provider not null,
  currency text not null references public.currencies (code) on delete restrict,
  subtotal bigint not null,
  discount bigint not null default 0,
  shipping bigint not null default 0,
  shipping_tax bigint not null default 0,
  tax bigint not null default 0,
  total bigint not null,
  prices_include_tax boolean not null,
  item_count integer not null,
  shipping_address jsonb not null,
  billing_address jsonb not null,
  shipping_method text not null,
  shipping_method_name text not null,
  shipping_days_min integer not null,
  shipping_days_max integer not null,
  estimated_delivery_at timestamptz,
  tracking_number text,
  tracking_carrier text,
  note text,
  cancel_reason text,
  seller_ids uuid[] not null default '{}',
  metadata jsonb not null default '{}',
  version integer not null default 1,
  placed_at timestamptz not null default now(),
  expires_at timestamptz,
  paid_at timestamptz,
  cancelled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint orders_number_unique unique (number),
  constraint orders_add_up check (
    total = subtotal - discount + shipping + case when prices_include_tax then 0 else tax end
  ),
  constraint orders_amounts_in_range check (
    discount between 0 and subtotal and shipping >= 0 and shipping_tax between 0 and tax
    and subtotal >= 0 and total between 0 and 9007199254740991
  ),
  constraint orders_have_items check (item_count > 0),
  -- The last line of defence behind "no goods without money": no command can get around a check.
  constraint orders_goods_follow_money check (
    status in ('pending', 'cancelled')
    or payment_provider = 'cod'
    or payment_status in ('paid', 'partially_refunded', 'refunded')
  ),
  constraint orders_only_unpaid_expire check (
    expires_at is null or status in ('pending', 'cancelled')
  ),
  constraint orders_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

comment on table public.orders is
  'One row an order. Written by place_order, cancel_order, set_order_status, payment events and '
  'expiry only. Triggers keep version and updated_at, refuse illegal moves, write order_events and '
  'tell Realtime.';
comment on column public.orders.subtotal is
  'Minor units. Lines at their unit prices, before discount.';
comment on column public.orders.discount is 'Minor units. Taken off the subtotal.';
comment on column public.orders.shipping is 'Minor units. Tax as prices_include_tax says.';
comment on column public.orders.shipping_tax is 'Minor units. The part of tax that is on shipping.';
comment on column public.orders.tax is
  'Minor units. Sum of the lines'' tax and shipping_tax; contained in total when '
  'prices_include_tax.';
comment on column public.orders.total is 'Minor units. What the buyer pays.';
comment on column public.orders.item_count is 'Pieces, not lines.';
comment on column public.orders.seller_ids is
  'Marketplace sellers with a line in this order; what their right to read it hangs on.';
comment on column public.orders.expires_at is
  'An unpaid order is cancelled after this and its stock released. Null once paid, and for cod.';
comment on column public.orders.metadata is 'Free for integrations; the buyer can read it.';

create index orders_buyer_id_placed_at_idx on public.orders (buyer_id, placed_at desc);
create index orders_placed_at_idx on public.orders (placed_at desc);
create index orders_status_placed_at_idx on public.orders (status, placed_at desc);
create index orders_currency_idx on public.orders (currency);
create index orders_seller_ids_idx on public.orders using gin (seller_ids);
create index orders_expires_at_idx on public.orders (expires_at) where status = 'pending';

alter table public.orders enable row level security;

create policy select_participant on public.orders
  for select to authenticated
  using (
    buyer_id = (select auth.uid())
    or (select private.is_staff())
    or seller_ids && array(select private.current_seller_ids())
  );

grant select on public.orders to authenticated;

create table public.order_items (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null references public.orders (id) on delete cascade,
  position integer not null,
  -- Checked at the end of the transaction: the checks lock variants and products, which come after
  -- stock, and an order is written before its stock is locked.
  variant_id uuid references public.product_variants (id) on delete set null
    deferrable initially deferred,
  product_id uuid references public.products (id) on delete set null
    deferrable initially deferred,
  seller_id uuid references public.sellers (id) on delete set null,
  sku text not null,
  title text not null,
  options jsonb not null default '{}',
  image text,
  quantity integer not null,
  unit_price bigint not null,
  base_unit_price bigint not null,
  discount bigint not null default 0,
  tax_rate_bp integer not null default 0,
  tax bigint not null default 0,
  line_total bigint not null,
  created_at timestamptz not null default now(),
  constraint order_items_position_unique unique (order_id, position),
  constraint order_items_quantity_in_range check (quantity between 1 and 99999),
  constraint order_items_add_up check (line_total = unit_price * quantity - discount),
  constraint order_items_amounts_in_range check (
    unit_price >= 0 and discount >= 0 and line_total >= 0 and tax >= 0
    and tax_rate_bp between 0 and 10000
  )
);

comment on table public.order_items is
  'Lines of an order: title, options and prices as they were when it was placed. Written by '
  'place_order.';
comment on column public.order_items.unit_price is 'Minor units. The price charged a piece.';
comment on column public.order_items.base_unit_price is 'Minor units. The price without any sale.';
comment on column public.order_items.discount is
  'Minor units. This line''s part of the order''s discount.';
comment on column public.order_items.tax_rate_bp is 'Basis points: 2000 is 20 %.';
comment on column public.order_items.tax is
  'Minor units, rounded for this line; contained in line_total when the order''s prices include '
  'tax.';
comment on column public.order_items.line_total is 'Minor units. unit_price x quantity - discount.';

create index order_items_variant_id_idx on public.order_items (variant_id);
create index order_items_product_id_idx on public.order_items (product_id);
create index order_items_seller_id_idx on public.order_items (seller_id)
  where seller_id is not null;

alter table public.order_items enable row level security;

-- The buyer is asked for by name: a seller may read the order, and yet only his own lines of it.
create policy select_participant on public.order_items
  for select to authenticated
  using (
    (select private.is_staff())
    or seller_id = any (array(select private.current_seller_ids()))
    or exists (
      select from public.orders o
      where o.id = order_items.order_id and o.buyer_id = (select auth.uid())
    )
  );

grant select on public.order_items to authenticated;

create table public.order_events (
  id bigint generated always as identity primary key,
  order_id uuid not null references public.orders (id) on delete cascade,
  kind public.order_event_kind not null,
  from_status text,
  to_status text,
  message text,
  actor_id uuid references auth.users (id) on delete set null,
  is_public boolean not null default true,
  created_at timestamptz not null default clock_timestamp()
);

comment on table public.order_events is
  'Timeline of an order, append-only. from_status and to_status are order states for kinds created '
  'and status, payment states for kind payment. Written by triggers and commands.';
comment on column public.order_events.is_public is 'Shown to the buyer; the rest is for staff.';

create index order_events_order_id_idx on public.order_events (order_id, id);
create index order_events_actor_id_idx on public.order_events (actor_id) where actor_id is not null;

alter table public.order_events enable row level security;

-- Whoever may read the order (the subquery is under its policy) may read its public events.
create policy select_participant on public.order_events
  for select to authenticated
  using (
    (select private.is_staff())
    or (is_public and exists (select from public.orders o where o.id = order_events.order_id))
  );

grant select on public.order_events to authenticated;

create table private.order_transitions (
  from_status public.order_status not null,
  to_status public.order_status not null,
  actor public.order_actor not null,
  primary key (from_status, to_status, actor)
);

comment on table private.order_transitions is
  'The legal moves of an order and who may make them. Anything else is refused by trigger.';

alter table private.order_transitions enable row level security;

insert into private.order_transitions (from_status, to_status, actor) values
  ('pending', 'cancelled', 'customer'),
  ('confirmed', 'cancelled', 'customer'),
  ('processing', 'cancelled', 'customer'),
  ('pending', 'cancelled', 'staff'),
  ('confirmed', 'processing', 'staff'),
  ('confirmed', 'shipped', 'staff'),
  ('confirmed', 'cancelled', 'staff'),
  ('processing', 'shipped', 'staff'),
  ('processing', 'cancelled', 'staff'),
  ('shipped', 'delivered', 'staff'),
  ('shipped', 'returned', 'staff'),
  ('delivered', 'returned', 'staff'),
  ('pending', 'confirmed', 'system'),
  ('pending', 'cancelled', 'system'),
  ('confirmed', 'processing', 'system'),
  ('confirmed', 'shipped', 'system'),
  ('confirmed', 'cancelled', 'system'),
  ('processing', 'shipped', 'system'),
  ('processing', 'cancelled', 'system'),
  ('shipped', 'delivered', 'system'),
  ('shipped', 'returned', 'system'),
  ('delivered', 'returned', 'system');

create table private.payment_status_transitions (
  from_status public.payment_status not null,
  to_status public.payment_status not null,
  primary key (from_status, to_status)
);

comment on table private.payment_status_transitions is
  'The legal moves of an order''s payment status. Back from refunded: a refund can fail late.';

alter table private.payment_status_transitions enable row level security;

insert into private.payment_status_transitions (from_status, to_status) values
  ('pending', 'authorised'),
  ('pending', 'paid'),
  ('pending', 'failed'),
  ('failed', 'pending'),
  ('failed', 'authorised'),
  ('failed', 'paid'),
  ('authorised', 'paid'),
  ('authorised', 'failed'),
  ('authorised', 'pending'),
  ('paid', 'partially_refunded'),
  ('paid', 'refunded'),
  ('partially_refunded', 'paid'),
  ('partially_refunded', 'refunded'),
  ('refunded', 'paid'),
  ('refunded', 'partially_refunded');

-- Who acts and why travel to the triggers as settings of the transaction, so that the triggers
-- alone check moves and write the timeline, whichever command made the change.
create function private.act_on_orders(actor public.order_actor, message text default null)
returns void
language plpgsql set search_path = ''
as $$
begin
  perform
    set_config('supamarket.actor', act_on_orders.actor::text, true),
    set_config('supamarket.message', coalesce(act_on_orders.message, ''), true);
end;
$$;

-- Definer, as all guards of moves: the table of moves is readable to nobody who makes one.
create function private.tg_orders__guard_moves() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  -- Empty for a change made by hand in Studio or psql: then any actor's move will do.
  v_actor text := nullif(current_setting('supamarket.actor', true), '');
begin
  new.version := old.version + 1;
  new.updated_at := now();

  if new.status is distinct from old.status and not exists (
    select from private.order_transitions t
    where t.from_status = old.status and t.to_status = new.status
      and (v_actor is null or t.actor = v_actor::public.order_actor)
  ) then
    perform private.raise_problem(409, 'invalid_transition',
      format('An order that is %s cannot become %s.', old.status, new.status),
      jsonb_build_object('from', old.status, 'to', new.status));
  end if;

  if new.payment_status is distinct from old.payment_status and not exists (
    select from private.payment_status_transitions t
    where t.from_status = old.payment_status and t.to_status = new.payment_status
  ) then
    perform private.raise_problem(409, 'invalid_transition',
      format('A payment status of %s cannot become %s.', old.payment_status, new.payment_status),
      jsonb_build_object('from', old.payment_status, 'to', new.payment_status));
  end if;

  return new;
end;
$$;

create trigger _100_guard_moves
  before update on public.orders
  for each row execute function private.tg_orders__guard_moves();

-- Copies and amounts are what the buyer agreed to. on delete set null may still clear the buyer.
create function private.tg_orders__freeze() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if row(
    new.number, new.currency, new.subtotal, new.discount, new.shipping, new.shipping_tax, new.tax,
    new.total, new.prices_include_tax, new.item_count, new.payment_provider, new.placed_at
  ) is distinct from row(
    old.number, old.currency, old.subtotal, old.discount, old.shipping, old.shipping_tax, old.tax,
    old.total, old.prices_include_tax, old.item_count, old.payment_provider, old.placed_at
  ) then
    perform private.raise_problem(409, 'order_is_frozen',
      'Amounts of a placed order do not change; cancel it or refund it.');
  end if;
  return new;
end;
$$;

create trigger _110_freeze
  before update of number, currency, subtotal, discount, shipping, shipping_tax, tax, total,
    prices_include_tax, item_count, payment_provider, placed_at
  on public.orders
  for each row execute function private.tg_orders__freeze();

create function private.tg_orders__record() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_message text := nullif(current_setting('supamarket.message', true), '');
  v_actor_id uuid := auth.uid();
begin
  if tg_op = 'INSERT' then
    insert into public.order_events (order_id, kind, to_status, actor_id)
    values (new.id, 'created', new.status::text, v_actor_id);
    return null;
  end if;

  insert into public.order_events (order_id, kind, from_status, to_status, message, actor_id)
  select new.id, move.kind, move.from_status, move.to_status, move.message, v_actor_id
  from (
    values
      ('payment'::public.order_event_kind, old.payment_status::text, new.payment_status::text,
        null, new.payment_status is distinct from old.payment_status),
      ('status', old.status::text, new.status::text,
        v_message, new.status is distinct from old.status)
  ) as move (kind, from_status, to_status, message, has_happened)
  where move.has_happened;

  -- A message belongs to one move; the next one in this transaction brings its own.
  if v_message is not null then
    perform set_config('supamarket.message', '', true);
  end if;
  return null;
end;
$$;

create trigger _200_record_creation
  after insert on public.orders
  for each row execute function private.tg_orders__record();

create trigger _200_record_moves
  after update on public.orders
  for each row
  when ((new.status, new.payment_status) is distinct from (old.status, old.payment_status))
  execute function private.tg_orders__record();

-- Orders come after stock in the chapters, so the ties from stock to orders are made here. Both
-- tables are empty at this point: there is nothing to scan or to block.
alter table public.reservations
  -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
  add constraint reservations_order_id_fkey
  foreign key (order_id) references public.orders (id) on delete restrict;

alter table public.stock_movements
  -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
  add constraint stock_movements_order_id_fkey
  foreign key (order_id) references public.orders (id) on delete restrict;
