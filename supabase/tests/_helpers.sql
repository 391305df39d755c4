-- Shared by the pgTAP files: people with names, things to buy, and changing seats. The runner executes
-- this first in the transaction of each file, so everything here is rolled back with it.

create schema tests;
grant usage on schema tests to anon, authenticated, service_role;
alter default privileges in schema tests grant execute on functions to anon, authenticated, service_role;

create function tests.user_id(name text) returns uuid
language sql immutable
as $$ select md5('user ' || name)::uuid $$;

-- ada, bo: customers; gil: guest; sol, zoe: sellers; kit: support; mod: admin.
insert into auth.users (id, email, is_anonymous)
select tests.user_id(n), case when n <> 'gil' then n || '@example.test' end, n = 'gil'
from unnest(array['ada', 'bo', 'gil', 'sol', 'zoe', 'kit', 'mod']) n;

insert into private.user_roles (user_id, role) values
  (tests.user_id('kit'), 'support'),
  (tests.user_id('mod'), 'admin'),
  (tests.user_id('sol'), 'seller'),
  (tests.user_id('zoe'), 'seller');

insert into public.sellers (id, owner_id, name, slug, status)
select md5('seller ' || n)::uuid, tests.user_id(n), initcap(n) || ' and Co', n || '-and-co', 'active'
from unnest(array['sol', 'zoe']) n;
insert into public.seller_members (seller_id, user_id, role)
select md5('seller ' || n)::uuid, tests.user_id(n), 'owner' from unnest(array['sol', 'zoe']) n;

-- The shop as the migrations leave it, whatever a seed has furnished it with.
update public.shop_settings
set currency = 'GBP', country = 'GB', prices_include_tax = true, order_hold_minutes = 30, low_stock_threshold = 5;
delete from public.tax_rates;
delete from public.shipping_zones;
with zone as (
  insert into public.shipping_zones (name) values ('Worldwide') returning id
)
insert into public.shipping_methods (zone_id, code, name, currency, price, free_from, min_days, max_days, position)
select z.id, m.code, m.name, 'GBP', m.price, m.free_from, m.min_days, m.max_days, m.position
from zone z
cross join (values
  ('standard', 'Standard delivery', 495, 5000, 3, 7, 1),
  ('express', 'Express delivery', 1295, null, 1, 3, 2)
) as m (code, name, price, free_from, min_days, max_days, position);

-- Takes a seat: a name, or anon, service (the secret key), owner (the migrations' role).
create function tests.act_as(name text) returns void
language plpgsql
as $$
begin
  perform set_config('request.jwt.claims', '', true);
  if name = 'owner' then
    perform set_config('role', 'postgres', true);
  elsif name = 'anon' then
    perform set_config('role', 'anon', true);
  elsif name = 'service' then
    perform set_config('role', 'service_role', true);
    perform set_config('request.jwt.claims', '{"role": "service_role"}', true);
  else
    perform set_config('role', 'authenticated', true);
    perform set_config('request.jwt.claims', json_build_object(
      'sub', tests.user_id(name), 'role', 'authenticated', 'is_anonymous', name = 'gil')::text, true);
  end if;
end;
$$;

create function tests.variant(name text) returns uuid
language sql immutable
as $$ select md5('variant ' || name)::uuid $$;

-- An active product with one variant: price in pence, pieces in the default warehouse.
create function tests.a_product(name text, price bigint, on_hand integer, seller text default null)
returns uuid
language plpgsql
as $$
declare
  v_product_id uuid := md5('product ' || name)::uuid;
begin
  insert into public.products (id, sku, title, status, seller_id, weight_grams)
  values (v_product_id, 'P-' || name, initcap(name), 'draft', md5('seller ' || seller)::uuid, 500);
  insert into public.product_variants (id, product_id, sku, is_default)
  values (tests.variant(a_product.name), v_product_id, 'V-' || name, true);
  insert into public.variant_prices (variant_id, currency, amount)
  values (tests.variant(a_product.name), 'GBP', price);
  update public.products set status = 'active' where id = v_product_id;
  if on_hand > 0 then
    insert into public.stock_levels (variant_id, warehouse_id, on_hand)
    select tests.variant(a_product.name), w.id, on_hand from public.warehouses w where w.code = 'MAIN';
    insert into public.stock_movements (variant_id, warehouse_id, quantity, reason)
    select tests.variant(a_product.name), w.id, on_hand, 'received'
    from public.warehouses w where w.code = 'MAIN';
  end if;
  return v_product_id;
end;
$$;

-- What a shopper sends to place_order.
create function tests.order_of(name text, quantity integer, provider text default 'cod', key text default null)
returns jsonb
language sql volatile
as $$
  select jsonb_build_object(
    'idempotency_key', coalesce(key, gen_random_uuid()::text),
    'items', jsonb_build_array(
      jsonb_build_object('variant_id', tests.variant(name), 'quantity', quantity)),
    'email', 'shopper@example.test',
    'shipping_address', jsonb_build_object(
      'full_name', 'Ada Lovelace', 'line1', '12 St James''s Square', 'city', 'London',
      'postal_code', 'SW1Y 4JH', 'country', 'GB'),
    'payment', jsonb_build_object('provider', provider))
$$;

-- A statement's error as 'CODE field', for lists of refusals.
create function tests.refusal(statement text) returns text
language plpgsql
as $$
declare
  v_detail text;
begin
  execute statement;
  return 'accepted';
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  return sqlstate || ' ' || sqlerrm
    || case when v_detail like '{%' then coalesce(' ' || (v_detail::jsonb ->> 'field'), '') else '' end;
end;
$$;
