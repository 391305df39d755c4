-- Checkout: from a cart, or named items, to an order.
--
-- Always true here: an order, its lines, its reservations, its payment and its key are written in
-- one transaction or not at all; what is charged is worked out as for a quote.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.order_document(order_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'id', o.id,
      'number', o.number,
      'status', o.status,
      'payment_status', o.payment_status,
      'payment_provider', o.payment_provider,
      'currency', o.currency,
      'subtotal', o.subtotal,
      'discount', o.discount,
      'shipping', o.shipping,
      'shipping_tax', o.shipping_tax,
      'tax', o.tax,
      'total', o.total,
      'prices_include_tax', o.prices_include_tax,
      'item_count', o.item_count,
      'email', o.email,
      'is_guest', o.is_guest,
      'shipping_address', o.shipping_address,
      'billing_address', o.billing_address,
      'shipping_method', o.shipping_method,
      'shipping_method_name', o.shipping_method_name,
      'estimated_delivery_at', o.estimated_delivery_at,
      'tracking_number', o.tracking_number,
      'tracking_carrier', o.tracking_carrier
    ) || jsonb_build_object(
      'note', o.note,
      'cancel_reason', o.cancel_reason,
      'placed_at', o.placed_at,
      'expires_at', o.expires_at,
      'paid_at', o.paid_at,
      'version', o.version,
      'items', (
        select jsonb_agg(jsonb_build_object(
          'id', i.id,
          'position', i.position,
          'variant_id', i.variant_id,
          'product_id', i.product_id,
          'seller_id', i.seller_id,
          'sku', i.sku,
          'title', i.title,
          'options', i.options,
          'image', i.image,
          'quantity', i.quantity,
          'unit_price', i.unit_price,
          'base_unit_price', i.base_unit_price,
          'discount', i.discount,
          'tax_rate_bp', i.tax_rate_bp,
          'tax', i.tax,
          'line_total', i.line_total
        ) order by i.position)
        from public.order_items i
        where i.order_id = o.id
      )
    )
    from public.orders o
    where o.id = order_document.order_id
  );
end;
$$;

-- A copy of one of the caller's addresses. It was checked when it was saved.
create function private.address_snapshot(address_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_address jsonb;
begin
  select jsonb_build_object(
      'full_name', a.full_name,
      'line1', a.line1,
      'line2', a.line2,
      'city', a.city,
      'region', a.region,
      'postal_code', a.postal_code,
      'country', a.country,
      'phone', a.phone
    )
  into v_address
  from public.addresses a
  where a.id = address_snapshot.address_id and a.user_id = auth.uid();
  if v_address is null then
    perform private.raise_problem(404, 'address_not_found', 'You have no such address.');
  end if;
  return v_address;
end;
$$;

create function private.place_order(input jsonb) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_request private.checkout_request;
  v_hash bytea;
  v_known jsonb;
  v_user_id uuid := private.require_user();
  v_is_guest boolean;
  v_email text;
  v_settings public.shop_settings;
  v_cart_id uuid;
  v_lines private.priced_line[];
  v_subtotal numeric;
  v_tax numeric;
  v_weight numeric;
  v_pieces bigint;
  v_seller_ids uuid[];
  v_are_sellable boolean;
  v_are_available boolean;
  v_method record;
  v_shipping_tax bigint;
  v_total bigint;
  v_order_id uuid := gen_random_uuid();
  v_expires_at timestamptz;
  v_payment jsonb;
  v_answer jsonb;
begin
  v_request := private.read_checkout(place_order.input, false);

  -- Repetitions wait here for the first call and get its answer. Before any other lock.
  v_hash := private.request_hash(place_order.input - 'idempotency_key');
  v_known := private.recall_command('place_order', v_request.idempotency_key, v_hash);
  if v_known is not null then
    return v_known;
  end if;

  select u.email, u.is_anonymous into v_email, v_is_guest from auth.users u where u.id = v_user_id;
  if not found then
    perform private.raise_problem(401, 'not_signed_in', 'This account is gone; sign in again.');
  end if;
  v_request.email := coalesce(v_request.email, nullif(v_email, ''));
  if v_request.email is null then
    perform private.raise_invalid_input('email', 'This is required of guests.');
  end if;
  select * into strict v_settings from public.shop_settings;

  if v_request.uses_cart then
    -- The cart's lock keeps lines from being added between here and their deletion.
    v_cart_id := private.lock_cart();
    select array_agg(i.variant_id order by i.added_at, i.variant_id),
      array_agg(i.quantity order by i.added_at, i.variant_id)
    into v_request.variant_ids, v_request.quantities
    from public.cart_items i
    where i.cart_id = v_cart_id;
    if v_request.variant_ids is null then
      perform private.raise_problem(409, 'cart_empty', 'There is nothing in the cart to order.');
    end if;
  end if;

  if v_request.shipping_address_id is not null then
    v_request.shipping_address := private.address_snapshot(v_request.shipping_address_id);
  end if;
  if v_request.billing_address_id is not null then
    v_request.billing_address := private.address_snapshot(v_request.billing_address_id);
  end if;

  select array_agg(l order by l.position), sum(l.line_total), sum(l.tax), sum(l.weight_grams),
    sum(l.quantity), array_agg(distinct l.seller_id) filter (where l.seller_id is not null),
    bool_and(l.is_sellable), bool_and(l.available >= l.quantity)
  into v_lines, v_subtotal, v_tax, v_weight, v_pieces, v_seller_ids, v_are_sellable,
    v_are_available
  from private.price_lines(v_request.variant_ids, v_request.quantities, v_settings.currency,
    v_request.shipping_address ->> 'country', v_request.shipping_address ->> 'region',
    v_settings.prices_include_tax) l;
  perform private.check_lines_known(place_order.input, v_request.variant_ids, v_lines);
  if not v_are_sellable then
    perform private.raise_problem(409, 'product_unavailable',
      'Some of these products are not for sale now; remove them.',
      jsonb_build_object('lines', private.line_list(v_lines, 'unavailable')));
  end if;
  perform private.check_total(v_subtotal + v_tax);
  -- Sold out is told before anything is written or waited for; reserve_stock decides under its
  -- locks.
  if not v_are_available then
    perform private.raise_problem(409, 'out_of_stock', 'Lower the quantity or remove the item.',
      jsonb_build_object('lines', private.line_list(v_lines, 'short')));
  end if;

  select s.* into v_method
  from private.shipping_options(v_request.shipping_address ->> 'country', v_settings.currency,
    v_subtotal, v_weight) s
  where v_request.shipping_method is null or s.code = v_request.shipping_method
  limit 1;
  if not found then
    if exists (
      select from private.shipping_options(v_request.shipping_address ->> 'country',
        v_settings.currency, v_subtotal, v_weight)
    ) then
      perform private.raise_invalid_input('shipping_method',
        'There is no such method for this country.');
    end if;
    perform private.raise_problem(409, 'shipping_unavailable', 'We do not ship to this country.',
      jsonb_build_object('country', v_request.shipping_address ->> 'country'));
  end if;
  v_shipping_tax := private.tax_of(v_method.price,
    private.shipping_tax_rate(v_request.shipping_address ->> 'country',
      v_request.shipping_address ->> 'region'),
    v_settings.prices_include_tax);
  v_total := v_subtotal + v_method.price
    + case when v_settings.prices_include_tax then 0 else v_tax + v_shipping_tax end;
  if v_request.provider <> 'cod' then
    v_expires_at := now() + make_interval(mins => v_settings.order_hold_minutes);
  end if;

  insert into public.orders (
    id, buyer_id, is_guest, email, status, payment_provider, currency, subtotal, shipping,
    shipping_tax, tax, total, prices_include_tax, item_count, shipping_address, billing_address,
    shipping_method, shipping_method_name, shipping_days_min, shipping_days_max,
    estimated_delivery_at, note, seller_ids, expires_at
  )
  values (
    v_order_id, v_user_id, coalesce(v_is_guest, false), v_request.email,
    -- Nothing is left to wait for when the money is collected at the door.
    case when v_request.provider = 'cod' then 'confirmed' else 'pending' end::public.order_status,
    v_request.provider, v_settings.currency, v_subtotal, v_method.price, v_shipping_tax,
    v_tax + v_shipping_tax, v_total, v_settings.prices_include_tax, v_pieces,
    v_request.shipping_address, coalesce(v_request.billing_address, v_request.shipping_address),
    v_method.code, v_method.name, v_method.min_days, v_method.max_days,
    now() + make_interval(days => v_method.max_days), v_request.note, coalesce(v_seller_ids, '{}'),
    v_expires_at
  );

  with lines as (
    insert into public.order_items (
      order_id, position, variant_id, product_id, seller_id, sku, title, options, image, quantity,
      unit_price, base_unit_price, tax_rate_bp, tax, line_total
    )
    select v_order_id, l.position, l.variant_id, l.product_id, l.seller_id, l.sku, l.title,
      l.options, l.image, l.quantity, l.unit_price, l.base_unit_price, l.tax_rate_bp, l.tax,
      l.line_total
    from unnest(v_lines) l
  ), payment as (
    insert into public.payments (order_id, provider, amount, currency)
    values (v_order_id, v_request.provider, v_total, v_settings.currency)
    returning id, provider, status, amount, currency
  )
  select to_jsonb(payment.*) into v_payment from payment;

  v_answer := jsonb_build_object('order', private.order_document(v_order_id), 'payment', v_payment);
  perform private.remember_command('place_order', v_request.idempotency_key, v_hash, v_answer);

  if v_cart_id is not null then
    delete from public.cart_items i where i.cart_id = v_cart_id;
  end if;

  -- Stock last, for these are the rows that everybody waits for. Without an expiry the order
  -- stands, and what is reserved is committed.
  perform private.reserve_stock(
    v_order_id, v_request.variant_ids, v_request.quantities, v_expires_at);
  return v_answer;
end;
$$;

comment on function private.place_order(jsonb) is
  'Validates, prices, reserves, snapshots and numbers an order in one transaction.';

create function public.place_order(input jsonb) returns jsonb
-- Not plain SQL: that would be planned anew for every order.
language plpgsql set search_path = ''
as $$
begin
  return private.place_order(place_order.input);
end;
$$;

comment on function public.place_order(jsonb) is
  'Places an order in one transaction; the same idempotency_key and body give the same answer. '
  '409 out_of_stock names every short line, 422 invalid_input names the field.';

grant execute on function
  private.place_order(jsonb),
  public.place_order(jsonb)
  to authenticated;

create function private.purge_idempotency_keys() returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  v_count integer;
begin
  delete from private.idempotency_keys k where k.created_at < now() - interval '7 days';
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;

comment on function private.purge_idempotency_keys() is
  'Forgets keys after 7 days: nobody repeats a request that long, and answers hold addresses.';

do $do$
begin
  if to_regnamespace('cron') is not null then
    perform cron.schedule('purge-idempotency-keys', '17 3 * * *',
      'select private.purge_idempotency_keys()');
  end if;
end;
$do$;
