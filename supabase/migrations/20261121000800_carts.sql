-- Carts: what a signed-in person, guest or account, means to buy.
--
-- Always true here: one cart a user; a line names a variant and a quantity, never an amount: prices
-- are looked up whenever the cart is read. A guest is an anonymous Supabase user, so a guest who
-- upgrades keeps the same user id and therefore the same cart. Every command on a cart locks the
-- cart row first, so commands of one person on several devices, and place_order, take turns.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table public.carts (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  currency text not null references public.currencies (code) on delete restrict,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint carts_one_per_user unique (user_id)
);

comment on table public.carts is
  'One cart a user, made by the first add_to_cart. Written by the cart commands and place_order '
  'only.';
comment on column public.carts.version is
  'Goes up with every change, so a client can tell whether its copy is stale.';

create index carts_currency_idx on public.carts (currency);

alter table public.carts enable row level security;

create policy select_own on public.carts
  for select to authenticated
  using (user_id = (select auth.uid()));

grant select on public.carts to authenticated;

create table public.cart_items (
  cart_id uuid not null references public.carts (id) on delete cascade,
  variant_id uuid not null references public.product_variants (id) on delete cascade,
  quantity integer not null,
  unit_price_seen bigint not null,
  added_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (cart_id, variant_id),
  constraint cart_items_quantity_in_range check (quantity between 1 and 99999),
  constraint cart_items_price_not_negative check (unit_price_seen >= 0)
);

comment on table public.cart_items is
  'Lines of a cart. Written by the cart commands and place_order only.';
comment on column public.cart_items.unit_price_seen is
  'Minor units. The price when the line was last set; a difference to today''s is shown as '
  'price_changed.';

create index cart_items_variant_id_idx on public.cart_items (variant_id);

alter table public.cart_items enable row level security;

create policy select_own on public.cart_items
  for select to authenticated
  using (
    cart_id = any (array(select c.id from public.carts c where c.user_id = (select auth.uid())))
  );

grant select on public.cart_items to authenticated;

-- The lines of a cart with today's price and stock. PL/pgSQL because its plans are kept for the
-- session, where a plain SQL function would be planned anew by every call.
create function private.cart_document(user_id uuid) returns jsonb
language plpgsql stable security definer
set search_path = '' set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_cart public.carts;
  v_settings public.shop_settings;
  v_document jsonb;
begin
  select * into strict v_settings from public.shop_settings;
  select * into v_cart from public.carts c where c.user_id = cart_document.user_id;

  select jsonb_build_object(
      'id', v_cart.id,
      'currency', v_settings.currency,
      'items', coalesce(jsonb_agg(jsonb_build_object(
        'variant_id', line.variant_id,
        'product_id', line.product_id,
        'sku', line.sku,
        'title', line.title,
        'variant_title', line.variant_title,
        'options', line.options,
        'image', line.image,
        'slug', line.slug,
        'quantity', line.quantity,
        'unit_price', line.unit_price,
        'base_price', line.base_price,
        'line_total', line.line_total,
        'price_seen', line.unit_price_seen,
        'price_changed', line.unit_price <> line.unit_price_seen,
        'available', line.available,
        'warning', case
          when not line.is_sellable then 'unavailable'
          when line.available <= 0 then 'out_of_stock'
          when line.available < line.quantity
            or line.available <= v_settings.low_stock_threshold then 'low_stock'
        end
      ) order by line.added_at, line.variant_id), '[]'),
      'item_count', coalesce(sum(line.quantity), 0),
      'subtotal', coalesce(sum(line.line_total), 0),
      'discount', 0,
      'total', coalesce(sum(line.line_total), 0),
      'savings', coalesce(sum(line.saving), 0),
      'version', coalesce(v_cart.version, 0)
    )
  into v_document
  from (
    select
      i.variant_id, v.product_id, v.sku, p.title, v.title as variant_title, v.options, l.image,
      p.slug, i.quantity, i.unit_price_seen, i.added_at,
      coalesce(e.amount, i.unit_price_seen) as unit_price,
      coalesce(e.base_amount, i.unit_price_seen) as base_price,
      coalesce(s.available, 0) as available,
      sellable.is_sellable,
      case when sellable.is_sellable then i.quantity * e.amount else 0 end as line_total,
      case when sellable.is_sellable then i.quantity * (e.base_amount - e.amount) else 0 end
        as saving
    from public.cart_items i
    join public.product_variants v on v.id = i.variant_id
    join public.products p on p.id = v.product_id
    left join public.product_listing l on l.product_id = p.id
    left join public.variant_stock s on s.variant_id = i.variant_id
    left join private.effective_prices(
      array(select c.variant_id from public.cart_items c where c.cart_id = v_cart.id),
      v_settings.currency,
      now()
    ) e on e.variant_id = i.variant_id
    cross join lateral (
      select p.status = 'active' and v.is_active and e.amount is not null as is_sellable
    ) sellable
    where i.cart_id = v_cart.id
  ) line;

  return v_document;
end;
$$;

comment on function private.cart_document(uuid) is
  'The answer of every cart command: lines at today''s prices with stock warnings, and totals.';

-- Makes or locks the caller's cart. Every cart command and place_order start here, which makes
-- them take turns per person.
create function private.lock_cart() returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  v_cart_id uuid;
begin
  insert into public.carts as c (user_id, currency)
  select u.id, s.currency
  from auth.users u, public.shop_settings s
  where u.id = auth.uid()
  on conflict on constraint carts_one_per_user
    do update set version = c.version + 1, currency = excluded.currency, updated_at = now()
  returning c.id into v_cart_id;

  -- No row: no token, or the token of an account that is gone.
  if v_cart_id is null then
    perform private.raise_problem(401, 'not_signed_in', 'Sign in first; a guest session will do.');
  end if;
  return v_cart_id;
end;
$$;

-- Writes one line at today's price. Addition happens in the row, under the cart's lock.
create function private.write_cart_item(variant_id uuid, quantity integer, is_addition boolean)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_cart_id uuid;
  v_is_known boolean;
  v_is_sellable boolean;
  v_price bigint;
begin
  perform private.require_user();
  if write_cart_item.variant_id is null then
    perform private.raise_invalid_input('variant_id', 'This is required.');
  end if;
  if write_cart_item.quantity is null or write_cart_item.quantity > 99999
    or write_cart_item.quantity < is_addition::integer then
    perform private.raise_invalid_input(
      'quantity', format('This must be a whole number from %s to 99999.', is_addition::integer));
  end if;

  v_cart_id := private.lock_cart();

  if write_cart_item.quantity = 0 then
    delete from public.cart_items i
    where i.cart_id = v_cart_id and i.variant_id = write_cart_item.variant_id;
    return private.cart_document(auth.uid());
  end if;

  select
    true,
    p.status = 'active' and v.is_active and e.amount is not null,
    e.amount
  into v_is_known, v_is_sellable, v_price
  from public.product_variants v
  join public.products p on p.id = v.product_id
  cross join public.shop_settings s
  left join private.effective_prices(array[write_cart_item.variant_id], s.currency, now()) e
    on e.variant_id = v.id
  where v.id = write_cart_item.variant_id;

  if v_is_known is null then
    perform private.raise_problem(404, 'variant_not_found', 'There is no such product variant.',
      jsonb_build_object('variant_id', write_cart_item.variant_id));
  end if;
  if not v_is_sellable then
    perform private.raise_problem(409, 'product_unavailable', 'This product is not for sale now.',
      jsonb_build_object('variant_id', write_cart_item.variant_id));
  end if;

  insert into public.cart_items as i (cart_id, variant_id, quantity, unit_price_seen)
  values (v_cart_id, write_cart_item.variant_id, write_cart_item.quantity, v_price)
  on conflict on constraint cart_items_pkey do update
    set quantity = case when is_addition then i.quantity else 0 end + excluded.quantity,
        unit_price_seen = excluded.unit_price_seen,
        updated_at = now()
    where case when is_addition then i.quantity else 0 end + excluded.quantity <= 99999;
  if not found then
    perform private.raise_invalid_input('quantity',
      'This line would come to more than 99999 pieces.');
  end if;
  if (select count(*) from public.cart_items i where i.cart_id = v_cart_id) > 1000 then
    perform private.raise_invalid_input('items', 'A cart holds at most 1000 lines.');
  end if;

  return private.cart_document(auth.uid());
end;
$$;

create function private.get_cart() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return private.cart_document(private.require_user());
end;
$$;

create function private.clear_cart() returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_cart_id uuid := private.lock_cart();
begin
  delete from public.cart_items i where i.cart_id = v_cart_id;
  return private.cart_document(auth.uid());
end;
$$;

create function public.get_cart() returns jsonb
language sql stable set search_path = ''
as $$ select private.get_cart() $$;

comment on function public.get_cart() is
  'The caller''s cart at today''s prices, with stock warnings and totals. 401 not_signed_in.';

create function public.add_to_cart(variant_id uuid, quantity integer default 1) returns jsonb
language sql set search_path = ''
as $$ select private.write_cart_item(add_to_cart.variant_id, add_to_cart.quantity, true) $$;

comment on function public.add_to_cart(uuid, integer) is
  'Adds pieces of a variant to the caller''s cart and returns the cart. More than is in stock may '
  'be put in; the line then warns. 404 variant_not_found, 409 product_unavailable, 422.';

create function public.set_cart_item(variant_id uuid, quantity integer) returns jsonb
language sql set search_path = ''
as $$ select private.write_cart_item(set_cart_item.variant_id, set_cart_item.quantity, false) $$;

comment on function public.set_cart_item(uuid, integer) is
  'Sets the quantity of a line of the caller''s cart (0 removes it) and returns the cart.';

create function public.clear_cart() returns jsonb
language sql set search_path = ''
as $$ select private.clear_cart() $$;

comment on function public.clear_cart() is
  'Removes every line of the caller''s cart and returns it.';

grant execute on function
  private.write_cart_item(uuid, integer, boolean),
  private.get_cart(),
  private.clear_cart(),
  public.get_cart(),
  public.add_to_cart(uuid, integer),
  public.set_cart_item(uuid, integer),
  public.clear_cart()
  to authenticated;
