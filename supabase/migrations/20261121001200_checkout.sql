-- Checkout: from a cart to an order, and everything that moves an order afterwards.
--
-- Always true here: an order, its lines, its reservations, its payment and its key are written in
-- one transaction or not at all; the client sends ids and quantities, and every amount is worked
-- out here. quote_checkout and place_order share the functions that read the input and price the
-- lines, so what was quoted is what is charged unless a price changed in between.
--
-- Money. Amounts are whole minor units. Tax is worked out for each line from its line_total and
-- rounded half away from zero, then added up: contained in the price (total * rate / (1 + rate))
-- where the shop's prices include tax, on top of it otherwise. Of the tax rates of the country the
-- one of the nearest category wins, then the one of the region; no rate means no tax. Shipping
-- is taxed at the country's standard rate (the one without a category).

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.tax_of(amount bigint, rate_bp integer, is_inclusive boolean) returns bigint
language plpgsql immutable set search_path = ''
as $$
begin
  -- round(numeric) rounds half away from zero.
  return round(
    amount::numeric * rate_bp / case when is_inclusive then 10000 + rate_bp else 10000 end
  );
end;
$$;

comment on function private.tax_of(bigint, integer, boolean) is
  'Tax in (inclusive) or on (exclusive) an amount in minor units, at a rate in basis points.';

create type private.checkout_request as (
  idempotency_key text,
  uses_cart boolean,
  variant_ids uuid[],
  quantities integer[],
  email text,
  shipping_address_id uuid,
  shipping_address jsonb,
  billing_address_id uuid,
  billing_address jsonb,
  shipping_method text,
  provider public.payment_provider,
  note text
);

comment on type private.checkout_request is 'The input of quote_checkout and place_order, checked.';

create type private.priced_line as (
  position integer,
  variant_id uuid,
  product_id uuid,
  seller_id uuid,
  sku text,
  title text,
  slug text,
  options jsonb,
  image text,
  quantity integer,
  unit_price bigint,
  base_unit_price bigint,
  line_total numeric,
  tax_rate_bp integer,
  tax numeric,
  weight_grams numeric,
  available integer,
  is_sellable boolean
);

comment on type private.priced_line is
  'A wanted line with today''s price, tax and stock. Sums are numeric until they are known to fit.';

-- An address of the input: an object with known fields only; its values are checked by
-- check_address.
create function private.read_address(input jsonb, field text) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_address jsonb := input -> field;
  v_unknown jsonb;
begin
  if v_address is null or jsonb_typeof(v_address) = 'null' then
    return null;
  end if;
  if jsonb_typeof(v_address) <> 'object' then
    perform private.raise_invalid_input(field, 'An address is an object.');
  end if;
  v_unknown := v_address - array[
    'full_name', 'line1', 'line2', 'city', 'region', 'postal_code', 'country', 'phone'];
  if v_unknown <> '{}' then
    perform private.raise_invalid_input(
      field || '.' || (select min(k) from jsonb_object_keys(v_unknown) k),
      'There is no such field.');
  end if;
  return private.check_address(v_address, field);
end;
$$;

-- Checks every field before anything is cast, so that bad input is always a 422 naming the field.
create function private.read_checkout(input jsonb, is_quote boolean)
returns private.checkout_request
language plpgsql stable set search_path = ''
as $$
declare
  v_request private.checkout_request;
  v_unknown jsonb;
  v_item jsonb;
  v_index integer := 0;
  v_at integer;
  v_field text;
begin
  if input is null or jsonb_typeof(input) <> 'object' then
    perform private.raise_invalid_input('input', 'This must be an object.');
  end if;
  v_unknown := input - array[
    'idempotency_key', 'items', 'email', 'shipping_address_id', 'shipping_address',
    'billing_address_id', 'billing_address', 'shipping_method', 'payment', 'coupons', 'gift_cards',
    'points', 'note'];
  if v_unknown <> '{}' then
    perform private.raise_invalid_input(
      (select min(k) from jsonb_object_keys(v_unknown) k),
      'There is no such field; prices, totals and states are never sent.');
  end if;

  foreach v_field in array array['idempotency_key', 'email', 'shipping_method', 'note'] loop
    if jsonb_typeof(input -> v_field) not in ('string', 'null') then
      perform private.raise_invalid_input(v_field, 'This must be text.');
    end if;
  end loop;

  v_request.idempotency_key := input ->> 'idempotency_key';
  if not is_quote
    and coalesce(char_length(v_request.idempotency_key), 0) not between 8 and 200 then
    perform private.raise_invalid_input('idempotency_key',
      'Send 8 to 200 characters that are new for every order, such as a UUID.');
  end if;

  v_request.uses_cart := coalesce(jsonb_typeof(input -> 'items'), 'null') = 'null';
  if not v_request.uses_cart then
    if jsonb_typeof(input -> 'items') <> 'array' then
      perform private.raise_invalid_input('items', 'This must be a list.');
    end if;
    if jsonb_array_length(input -> 'items') not between 1 and 1000 then
      perform private.raise_invalid_input('items', 'An order has 1 to 1000 lines.');
    end if;
    v_request.variant_ids := '{}';
    v_request.quantities := '{}';
    for v_item in select e.value from jsonb_array_elements(input -> 'items') e loop
      v_field := 'items[' || v_index || ']';
      if jsonb_typeof(v_item) <> 'object' then
        perform private.raise_invalid_input(v_field, 'A line is an object.');
      end if;
      v_unknown := v_item - array['variant_id', 'quantity'];
      if v_unknown <> '{}' then
        perform private.raise_invalid_input(
          v_field || '.' || (select min(k) from jsonb_object_keys(v_unknown) k),
          'There is no such field; a line is variant_id and quantity.');
      end if;
      if private.is_uuid(v_item -> 'variant_id') is not true then
        perform private.raise_invalid_input(v_field || '.variant_id', 'This must be a UUID.');
      end if;
      if (jsonb_typeof(v_item -> 'quantity') = 'number'
        and v_item ->> 'quantity' ~ '^[1-9][0-9]{0,4}$') is not true then
        perform private.raise_invalid_input(
          v_field || '.quantity', 'This must be a whole number from 1 to 99999.');
      end if;
      -- Equal variants become one line at the place of the first; a line is what stock is locked by.
      v_at := array_position(v_request.variant_ids, (v_item ->> 'variant_id')::uuid);
      if v_at is null then
        v_request.variant_ids := v_request.variant_ids || (v_item ->> 'variant_id')::uuid;
        v_request.quantities := v_request.quantities || (v_item ->> 'quantity')::integer;
      else
        v_request.quantities[v_at] :=
          v_request.quantities[v_at] + (v_item ->> 'quantity')::integer;
        if v_request.quantities[v_at] > 99999 then
          perform private.raise_invalid_input('items',
            'Lines of one variant come to more than 99999 pieces.');
        end if;
      end if;
      v_index := v_index + 1;
    end loop;
  end if;

  if input ->> 'email' is not null then
    v_request.email := lower(trim(input ->> 'email'));
    if char_length(v_request.email) > 254
      or v_request.email !~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+\.[^@[:space:][:cntrl:]]+$'
    then
      perform private.raise_invalid_input('email', 'This must be an e-mail address.');
    end if;
  end if;

  foreach v_field in array array['shipping_address', 'billing_address'] loop
    if coalesce(jsonb_typeof(input -> (v_field || '_id')), 'null') <> 'null' then
      if not private.is_uuid(input -> (v_field || '_id')) then
        perform private.raise_invalid_input(v_field || '_id', 'This must be a UUID.');
      end if;
      if input ->> v_field is not null then
        perform private.raise_invalid_input(v_field, 'Send the address or its id, not both.');
      end if;
    end if;
  end loop;
  v_request.shipping_address_id := (input ->> 'shipping_address_id')::uuid;
  v_request.billing_address_id := (input ->> 'billing_address_id')::uuid;
  v_request.shipping_address := private.read_address(input, 'shipping_address');
  v_request.billing_address := private.read_address(input, 'billing_address');
  if not is_quote and v_request.shipping_address_id is null and v_request.shipping_address is null
  then
    perform private.raise_invalid_input('shipping_address', 'This is required.');
  end if;

  v_request.shipping_method := input ->> 'shipping_method';

  if coalesce(jsonb_typeof(input -> 'payment'), 'null') = 'null' then
    if not is_quote then
      perform private.raise_invalid_input('payment', 'This is required.');
    end if;
  else
    if jsonb_typeof(input -> 'payment') <> 'object' then
      perform private.raise_invalid_input('payment', 'This must be an object with a provider.');
    end if;
    v_unknown := (input -> 'payment') - 'provider';
    if v_unknown <> '{}' then
      perform private.raise_invalid_input(
        'payment.' || (select min(k) from jsonb_object_keys(v_unknown) k),
        'There is no such field.');
    end if;
    if jsonb_typeof(input #> '{payment,provider}') is distinct from 'string' then
      perform private.raise_invalid_input('payment.provider', 'This must be stripe or cod.');
    end if;
    case
      when input #>> '{payment,provider}' in ('stripe', 'cod') then
        v_request.provider := (input #>> '{payment,provider}')::public.payment_provider;
      when input #>> '{payment,provider}' in ('paypal', 'razorpay', 'wallet') then
        perform private.raise_invalid_input('payment.provider',
          'This provider is not available yet.');
      else
        perform private.raise_invalid_input('payment.provider', 'This must be stripe or cod.');
    end case;
  end if;

  foreach v_field in array array['coupons', 'gift_cards'] loop
    if coalesce(jsonb_typeof(input -> v_field), 'null') <> 'null' then
      if jsonb_typeof(input -> v_field) <> 'array' then
        perform private.raise_invalid_input(v_field, 'This must be a list.');
      elsif jsonb_array_length(input -> v_field) > 0 then
        perform private.raise_invalid_input(v_field, 'These are not available yet.');
      end if;
    end if;
  end loop;
  if coalesce(jsonb_typeof(input -> 'points'), 'null') <> 'null' then
    if jsonb_typeof(input -> 'points') <> 'number' or input ->> 'points' !~ '^[0-9]+$' then
      perform private.raise_invalid_input('points', 'This must be a whole number, 0 or more.');
    elsif input ->> 'points' <> '0' then
      perform private.raise_invalid_input('points', 'Points are not available yet.');
    end if;
  end if;

  v_request.note := nullif(trim(input ->> 'note'), '');
  if char_length(v_request.note) > 1000 then
    perform private.raise_invalid_input('note', 'At most 1000 characters.');
  end if;
  return v_request;
end;
$$;

comment on function private.read_checkout(jsonb, boolean) is
  'Reads and checks the input of a quote or an order; refuses unknown fields by name.';

create function private.price_lines(
  variant_ids uuid[],
  quantities integer[],
  currency text,
  country text,
  region text,
  is_inclusive boolean
) returns setof private.priced_line
language plpgsql stable rows 10 security definer
-- A plan for these few lines would be made anew by every call otherwise, and take longer than it
-- saves: the arrays are short.
set search_path = '' set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return query
  select
    w.position::integer, v.id, p.id, p.seller_id, v.sku, p.title, p.slug, v.options, l.image,
    w.quantity, e.amount, e.base_amount, line.total, coalesce(t.rate_bp, 0),
    case
      when t.rate_bp > 0 then round(
        line.total * t.rate_bp / case when is_inclusive then 10000 + t.rate_bp else 10000 end)
      else 0
    end,
    w.quantity::numeric * coalesce(v.weight_grams, p.weight_grams, 0),
    coalesce(s.available, 0),
    p.status = 'active' and v.is_active and e.amount is not null
  from unnest(price_lines.variant_ids, price_lines.quantities)
    with ordinality as w (variant_id, quantity, position)
  join public.product_variants v on v.id = w.variant_id
  join public.products p on p.id = v.product_id
  left join public.product_listing l on l.product_id = p.id
  left join public.variant_stock s on s.variant_id = v.id
  left join private.effective_prices(price_lines.variant_ids, price_lines.currency, now()) e
    on e.variant_id = v.id
  cross join lateral (select w.quantity::numeric * e.amount as total) line
  left join lateral (
    select r.rate_bp
    from public.tax_rates r
    left join public.categories rated on rated.id = r.category_id
    where r.country = price_lines.country
      and (r.region is null or lower(r.region) = lower(price_lines.region))
      and (
        r.category_id is null
        or rated.slug = any (
          (select own.path from public.categories own where own.id = p.category_id)::text[]
        )
      )
    order by rated.level desc nulls last, (r.region is not null) desc
    limit 1
  ) t on true
  -- Said again, so that the index is used however many variants there are.
  where v.id = any (price_lines.variant_ids);
end;
$$;

comment on function private.price_lines(uuid[], integer[], text, text, text, boolean) is
  'Prices, taxes and checks wanted lines. Variants that do not exist are missing in the answer.';

-- The ways a parcel can go, in the shop's order; the first is the default.
create function private.shipping_options(
  country text,
  currency text,
  subtotal numeric,
  weight_grams numeric
) returns table (code text, name text, price bigint, min_days integer, max_days integer)
language plpgsql stable rows 5 security definer set search_path = ''
as $$
declare
  v_zone_id uuid := private.shipping_zone_of(shipping_options.country);
begin
  return query
  select
    m.code, m.name,
    case
      when m.free_from <= shipping_options.subtotal then 0
      else m.price + ceil(shipping_options.weight_grams / 1000) * m.price_per_kg
    end::bigint,
    m.min_days::integer, m.max_days::integer
  from public.shipping_methods m
  where m.is_active and m.currency = shipping_options.currency
    and m.zone_id = v_zone_id
  order by m.position, m.code;
end;
$$;

create function private.shipping_tax_rate(country text, region text) returns integer
language plpgsql stable security definer set search_path = ''
as $$
begin
  return coalesce((
    select r.rate_bp
    from public.tax_rates r
    where r.country = shipping_tax_rate.country and r.category_id is null
      and (r.region is null or lower(r.region) = lower(shipping_tax_rate.region))
    order by (r.region is not null) desc
    limit 1
  ), 0);
end;
$$;

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

create function private.quote_checkout(input jsonb) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_request private.checkout_request := private.read_checkout(quote_checkout.input, true);
  v_settings public.shop_settings;
  v_country text;
  v_region text;
  v_lines private.priced_line[];
  v_subtotal numeric := 0;
  v_tax numeric := 0;
  v_shipping_tax bigint := 0;
  v_weight numeric := 0;
  v_methods jsonb;
  v_method jsonb;
  v_problems jsonb := '[]';
begin
  if v_request.uses_cart or v_request.shipping_address_id is not null then
    perform private.require_user();
  end if;
  select * into strict v_settings from public.shop_settings;

  if v_request.uses_cart then
    select array_agg(i.variant_id order by i.added_at, i.variant_id),
      array_agg(i.quantity order by i.added_at, i.variant_id)
    into v_request.variant_ids, v_request.quantities
    from public.cart_items i
    join public.carts c on c.id = i.cart_id
    where c.user_id = auth.uid();
  end if;

  if v_request.shipping_address is not null then
    v_country := v_request.shipping_address ->> 'country';
    v_region := v_request.shipping_address ->> 'region';
  else
    select a.country, a.region into v_country, v_region
    from public.addresses a
    where a.user_id = auth.uid()
      and case
        when v_request.shipping_address_id is null then a.is_default_shipping
        else a.id = v_request.shipping_address_id
      end;
    if not found and v_request.shipping_address_id is not null then
      perform private.raise_problem(404, 'address_not_found', 'You have no such address.');
    end if;
    v_country := coalesce(v_country, v_settings.country);
  end if;

  if v_request.variant_ids is null then
    v_problems := v_problems || jsonb_build_object(
      'code', 'cart_empty', 'message', 'There is nothing in the cart.');
  else
    select array_agg(l order by l.position),
      coalesce(sum(l.line_total) filter (where l.is_sellable), 0),
      coalesce(sum(l.tax) filter (where l.is_sellable), 0),
      coalesce(sum(l.weight_grams) filter (where l.is_sellable), 0)
    into v_lines, v_subtotal, v_tax, v_weight
    from private.price_lines(v_request.variant_ids, v_request.quantities, v_settings.currency,
      v_country, v_region, v_settings.prices_include_tax) l;
    perform private.check_lines_known(quote_checkout.input, v_request.variant_ids, v_lines);
    perform private.check_total(v_subtotal);

    select v_problems || coalesce(jsonb_agg(problem.body order by problem.body ->> 'code'), '[]')
    into v_problems
    from (
      select jsonb_build_object(
        'code', 'product_unavailable',
        'message', 'Some of these products are not for sale now.',
        'lines', private.line_list(v_lines, 'unavailable')
      )
      where exists (select from unnest(v_lines) l where not l.is_sellable)
      union all
      select jsonb_build_object(
        'code', 'out_of_stock',
        'message', 'There is less in stock than you want.',
        'lines', private.line_list(v_lines, 'short')
      )
      where exists (select from unnest(v_lines) l where l.is_sellable and l.available < l.quantity)
    ) as problem (body);
  end if;

  select coalesce(jsonb_agg(jsonb_build_object(
      'code', s.code,
      'name', s.name,
      'price', s.price,
      'min_days', s.min_days,
      'max_days', s.max_days
    )), '[]')
  into v_methods
  from private.shipping_options(v_country, v_settings.currency, v_subtotal, v_weight) s;

  if v_request.shipping_method is null then
    v_method := v_methods -> 0;
  else
    select m.value into v_method
    from jsonb_array_elements(v_methods) m
    where m.value ->> 'code' = v_request.shipping_method;
    if v_method is null and v_methods <> '[]' then
      perform private.raise_invalid_input('shipping_method',
        'There is no such method for this country.');
    end if;
  end if;
  if v_methods = '[]' then
    v_problems := v_problems || jsonb_build_object(
      'code', 'shipping_unavailable', 'message', 'We do not ship to this country.');
  end if;
  v_shipping_tax := private.tax_of(coalesce((v_method ->> 'price')::bigint, 0),
    private.shipping_tax_rate(v_country, v_region), v_settings.prices_include_tax);

  return jsonb_build_object(
    'currency', v_settings.currency,
    'prices_include_tax', v_settings.prices_include_tax,
    'country', v_country,
    'items', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'position', l.position,
        'variant_id', l.variant_id,
        'product_id', l.product_id,
        'seller_id', l.seller_id,
        'sku', l.sku,
        'title', l.title,
        'slug', l.slug,
        'options', l.options,
        'image', l.image,
        'quantity', l.quantity,
        'unit_price', coalesce(l.unit_price, 0),
        'base_unit_price', coalesce(l.base_unit_price, 0),
        'discount', 0,
        'tax_rate_bp', l.tax_rate_bp,
        'tax', case when l.is_sellable then l.tax else 0 end,
        'line_total', case when l.is_sellable then l.line_total else 0 end,
        'available', l.available
      ) order by l.position), '[]')
      from unnest(v_lines) l
    ),
    'item_count', (select coalesce(sum(l.quantity), 0) from unnest(v_lines) l where l.is_sellable),
    'subtotal', v_subtotal,
    'discount', 0,
    'shipping', coalesce((v_method ->> 'price')::bigint, 0),
    'tax', v_tax + v_shipping_tax,
    'total', v_subtotal + coalesce((v_method ->> 'price')::bigint, 0)
      + case when v_settings.prices_include_tax then 0 else v_tax + v_shipping_tax end,
    'shipping_method', v_method ->> 'code',
    'shipping_methods', v_methods,
    'estimated_delivery', now() + make_interval(days => (v_method ->> 'max_days')::integer),
    'problems', v_problems
  );
end;
$$;

-- Lines with something wrong, as errors and quotes list them.
create function private.line_list(lines private.priced_line[], kind text) returns jsonb
language plpgsql immutable set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'variant_id', l.variant_id,
      'sku', l.sku,
      'title', l.title,
      'requested', l.quantity,
      'available', case when l.is_sellable then l.available else 0 end
    ) order by l.position), '[]')
    from unnest(line_list.lines) l
    where case line_list.kind
      when 'unavailable' then not l.is_sellable
      else l.is_sellable and l.available < l.quantity
    end
  );
end;
$$;

-- Names the first line of the input whose variant does not exist.
create function private.check_lines_known(
  input jsonb,
  variant_ids uuid[],
  lines private.priced_line[]
) returns void
language plpgsql stable set search_path = ''
as $$
declare
  v_index bigint;
begin
  if cardinality(lines) = cardinality(check_lines_known.variant_ids) then
    return;
  end if;
  select min(e.position) - 1 into v_index
  from jsonb_array_elements(input -> 'items') with ordinality as e (item, position)
  where not exists (
    select from unnest(lines) l where l.variant_id = (e.item ->> 'variant_id')::uuid
  );
  perform private.raise_invalid_input(
    format('items[%s].variant_id', v_index), 'There is no such product variant.');
end;
$$;

-- Amounts stay within what JavaScript counts exactly; numeric sums cannot overflow before this.
create function private.check_total(total numeric) returns void
language plpgsql stable set search_path = ''
as $$
begin
  if total > 9000000000000000 then
    perform private.raise_invalid_input('items', 'This order would be too large.');
  end if;
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

-- Everything that ends with an order given up: its goods go back, its payments are closed, its
-- money is returned. The caller holds the order's lock and has set who acts.
create function private.cancel_locked_order(order_id uuid, reason text) returns public.orders
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
begin
  update public.orders o
  set status = 'cancelled', cancel_reason = cancel_locked_order.reason, cancelled_at = now()
  where o.id = cancel_locked_order.order_id
  returning o.* into v_order;

  perform private.close_open_payments(v_order.id);
  perform private.refund_order(v_order.id, 'Order cancelled');
  perform private.settle_payment_status(v_order.id);
  perform private.release_reservations(v_order.id);

  select * into v_order from public.orders o where o.id = v_order.id;
  return v_order;
end;
$$;

create function private.cancel_order(order_id uuid, reason text) returns public.orders
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_reason text := nullif(trim(cancel_order.reason), '');
  v_is_staff boolean := private.is_staff() or private.is_service();
begin
  if not private.is_service() then
    perform private.require_user();
  end if;
  if char_length(v_reason) > 500 then
    perform private.raise_invalid_input('reason', 'At most 500 characters.');
  end if;

  select * into v_order from public.orders o where o.id = cancel_order.order_id for update;
  if v_order.id is null or not (v_is_staff or v_order.buyer_id is not distinct from auth.uid()) then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order of yours.');
  end if;
  -- Said twice is meant once.
  if v_order.status = 'cancelled' then
    return v_order;
  end if;

  if v_order.buyer_id is not distinct from auth.uid() and not private.is_service() then
    perform private.act_on_orders('customer', v_reason);
  else
    if v_reason is null then
      perform private.raise_invalid_input('reason', 'Staff must say why.');
    end if;
    perform private.act_on_orders(
      case when private.is_service() then 'system' else 'staff' end::public.order_actor, v_reason);
  end if;
  return private.cancel_locked_order(v_order.id, coalesce(v_reason, 'Cancelled by the customer'));
end;
$$;

-- Goods come back to the warehouses they went out from.
create function private.restock_order(order_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.lock_stock(array(
    select r.variant_id from public.reservations r
    where r.order_id = restock_order.order_id and r.state = 'fulfilled'
  ));

  with returned as (
    update public.stock_levels s
    set on_hand = s.on_hand + r.quantity, version = s.version + 1, updated_at = now()
    from public.reservations r
    where r.order_id = restock_order.order_id and r.state = 'fulfilled'
      and r.variant_id = s.variant_id and r.warehouse_id = s.warehouse_id
    returning s.warehouse_id, s.variant_id, r.quantity
  )
  insert into public.stock_movements
    (warehouse_id, variant_id, quantity, reason, order_id, actor_id)
  select t.warehouse_id, t.variant_id, t.quantity, 'returned', restock_order.order_id, auth.uid()
  from returned t;
end;
$$;

create function private.set_order_status(
  order_id uuid,
  status public.order_status,
  tracking_number text,
  tracking_carrier text,
  note text,
  expected_version integer
) returns public.orders
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_note text := nullif(trim(set_order_status.note), '');
  v_number text := nullif(trim(set_order_status.tracking_number), '');
  v_carrier text := nullif(trim(set_order_status.tracking_carrier), '');
  v_has_tracking boolean;
begin
  perform private.require_role('support', 'admin');
  if set_order_status.status is null then
    perform private.raise_invalid_input('status', 'This is required.');
  end if;
  if char_length(v_note) > 1000 then
    perform private.raise_invalid_input('note', 'At most 1000 characters.');
  end if;
  if char_length(v_number) > 100 then
    perform private.raise_invalid_input('tracking_number', 'At most 100 characters.');
  end if;
  if char_length(v_carrier) > 100 then
    perform private.raise_invalid_input('tracking_carrier', 'At most 100 characters.');
  end if;

  select * into v_order from public.orders o where o.id = set_order_status.order_id for update;
  if v_order.id is null then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order.');
  end if;
  if v_order.version <> set_order_status.expected_version then
    perform private.raise_problem(409, 'stale_version',
      'Somebody changed this order meanwhile; look at it again.',
      jsonb_build_object('version', v_order.version));
  end if;
  v_has_tracking := v_number is distinct from v_order.tracking_number and v_number is not null
    or v_carrier is distinct from v_order.tracking_carrier and v_carrier is not null;

  perform private.act_on_orders(
    case when private.is_service() then 'system' else 'staff' end::public.order_actor,
    case when set_order_status.status <> v_order.status then v_note end);

  -- The same state again: only what is said along with it is new.
  if set_order_status.status = v_order.status and v_note is not null then
    insert into public.order_events (order_id, kind, message, actor_id, is_public)
    values (v_order.id, 'note', v_note, auth.uid(), false);
  end if;
  if set_order_status.status = 'cancelled' and v_order.status <> 'cancelled' then
    if v_note is null then
      perform private.raise_invalid_input('note', 'Say why the order is cancelled.');
    end if;
    return private.cancel_locked_order(v_order.id, v_note);
  end if;
  if set_order_status.status <> v_order.status
    and set_order_status.status in ('confirmed', 'processing', 'shipped')
    and v_order.payment_provider <> 'cod'
    and v_order.payment_status not in ('paid', 'partially_refunded') then
    perform private.raise_problem(409, 'order_not_paid',
      'This order is not paid; goods go out for money only.',
      jsonb_build_object('payment_status', v_order.payment_status));
  end if;

  if set_order_status.status <> v_order.status or v_has_tracking then
    update public.orders o
    set status = set_order_status.status,
        tracking_number = coalesce(v_number, o.tracking_number),
        tracking_carrier = coalesce(v_carrier, o.tracking_carrier)
    where o.id = v_order.id;
  end if;
  if v_has_tracking then
    insert into public.order_events (order_id, kind, message, actor_id)
    values (v_order.id, 'tracking', concat_ws(' ', v_carrier, v_number), auth.uid());
  end if;

  if set_order_status.status <> v_order.status then
    case set_order_status.status
      when 'shipped' then
        perform private.fulfil_reservations(v_order.id);
      when 'delivered' then
        if v_order.payment_provider = 'cod' then
          -- The money was handed over with the parcel.
          update public.payments p
          set status = 'captured', captured_amount = p.amount, captured_at = now()
          where p.order_id = v_order.id and p.status = 'created';
          perform private.settle_payment_status(v_order.id);
        end if;
      when 'returned' then
        perform private.restock_order(v_order.id);
        -- Refused at the door: nothing was paid. What was paid is refunded by request_refund, after
        -- the goods have been looked at.
        perform private.close_open_payments(v_order.id);
      else
        null;
    end case;
  end if;

  select * into v_order from public.orders o where o.id = v_order.id;
  return v_order;
end;
$$;

create function private.track_order(order_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_is_staff boolean := private.is_staff() or private.is_service();
  v_document jsonb;
begin
  if not private.is_service() then
    perform private.require_user();
  end if;
  select * into v_order from public.orders o where o.id = track_order.order_id;
  if v_order.id is null or not (v_is_staff or v_order.buyer_id is not distinct from auth.uid()) then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order of yours.');
  end if;

  v_document := private.order_document(v_order.id);
  return jsonb_build_object(
    'order', v_document || jsonb_build_object('buyer_id', v_order.buyer_id),
    'items', v_document -> 'items',
    'events', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', e.id,
        'kind', e.kind,
        'from_status', e.from_status,
        'to_status', e.to_status,
        'message', e.message,
        'is_public', e.is_public,
        'created_at', e.created_at
      ) order by e.id), '[]')
      from public.order_events e
      where e.order_id = v_order.id and (e.is_public or v_is_staff)
    ),
    'payments', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', p.id,
        'provider', p.provider,
        'attempt', p.attempt,
        'amount', p.amount,
        'currency', p.currency,
        'status', p.status,
        'captured_amount', p.captured_amount,
        'refunded_amount', p.refunded_amount,
        'failure_code', p.failure_code,
        'failure_message', p.failure_message,
        'card_brand', p.card_brand,
        'card_last4', p.card_last4,
        'created_at', p.created_at
      ) order by p.attempt), '[]')
      from public.payments p
      where p.order_id = v_order.id
    ),
    'refunds', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', f.id,
        'payment_id', f.payment_id,
        'amount', f.amount,
        'currency', f.currency,
        'reason', f.reason,
        'state', f.state,
        'created_at', f.created_at
      ) order by f.created_at, f.id), '[]')
      from public.refunds f
      where f.order_id = v_order.id
    )
  );
end;
$$;

create function private.reorder(order_id uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.require_user();
  v_cart_id uuid;
  v_skipped jsonb;
begin
  if not exists (
    select from public.orders o where o.id = reorder.order_id and o.buyer_id = v_user_id
  ) then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order of yours.');
  end if;
  v_cart_id := private.lock_cart();

  with wanted as (
    select i.sku, i.title, i.position, i.quantity, i.variant_id, e.amount,
      coalesce(p.status = 'active' and v.is_active and e.amount is not null, false) as is_sellable
    from public.order_items i
    cross join public.shop_settings s
    left join public.product_variants v on v.id = i.variant_id
    left join public.products p on p.id = v.product_id
    left join private.effective_prices(
      array(select b.variant_id from public.order_items b where b.order_id = reorder.order_id),
      s.currency, now()
    ) e on e.variant_id = i.variant_id
    where i.order_id = reorder.order_id
  ), added as (
    insert into public.cart_items as c (cart_id, variant_id, quantity, unit_price_seen)
    select v_cart_id, w.variant_id, w.quantity, w.amount from wanted w where w.is_sellable
    on conflict on constraint cart_items_pkey do update
      set quantity = least(c.quantity + excluded.quantity, 99999),
          unit_price_seen = excluded.unit_price_seen,
          updated_at = now()
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'sku', w.sku, 'title', w.title, 'reason', 'unavailable'
    ) order by w.position), '[]')
  into v_skipped
  from wanted w
  where not w.is_sellable;

  return jsonb_build_object('cart', private.cart_document(v_user_id), 'skipped', v_skipped);
end;
$$;

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

-- What must always hold, counted. Every number is 0 in a healthy shop.
create function private.check_invariants() returns table (name text, broken bigint)
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
  select 'reserved_is_sum_of_open_reservations', count(*)
  from public.stock_levels s
  full join (
    select r.warehouse_id, r.variant_id, sum(r.quantity) as quantity
    from public.reservations r
    where r.state in ('active', 'committed')
    group by r.warehouse_id, r.variant_id
  ) held on held.warehouse_id = s.warehouse_id and held.variant_id = s.variant_id
  where coalesce(s.reserved, 0) <> coalesce(held.quantity, 0)
  union all
  select 'on_hand_is_sum_of_movements', count(*)
  from public.stock_levels s
  full join (
    select m.warehouse_id, m.variant_id, sum(m.quantity) as quantity
    from public.stock_movements m
    group by m.warehouse_id, m.variant_id
  ) moved on moved.warehouse_id = s.warehouse_id and moved.variant_id = s.variant_id
  where coalesce(s.on_hand, 0) <> coalesce(moved.quantity, 0)
  union all
  select 'stock_within_bounds', count(*)
  from public.stock_levels s
  where s.reserved not between 0 and s.on_hand
  union all
  select 'available_is_on_hand_minus_reserved', count(*)
  from public.variant_stock v
  full join (
    select s.variant_id, sum(s.on_hand - s.reserved) as available
    from public.stock_levels s
    join public.warehouses w on w.id = s.warehouse_id
    where w.is_active
    group by s.variant_id
  ) counted on counted.variant_id = v.variant_id
  where coalesce(v.available, 0) <> coalesce(counted.available, 0)
  union all
  select 'orders_have_items', count(*)
  from public.orders o
  where not exists (select from public.order_items i where i.order_id = o.id)
  union all
  select 'order_totals_are_sums_of_lines', count(*)
  from public.orders o
  join (
    select i.order_id, sum(i.unit_price * i.quantity) as subtotal, sum(i.discount) as discount,
      sum(i.tax) as tax, sum(i.quantity) as pieces
    from public.order_items i
    group by i.order_id
  ) lines on lines.order_id = o.id
  where (o.subtotal, o.discount, o.tax, o.item_count)
      <> (lines.subtotal, lines.discount, lines.tax + o.shipping_tax, lines.pieces)
    or o.total <> o.subtotal - o.discount + o.shipping
      + case when o.prices_include_tax then 0 else o.tax end
  union all
  select 'order_reservations_match_lines', count(*)
  from (
    select i.order_id, i.variant_id, sum(i.quantity) as quantity
    from public.order_items i
    where i.variant_id is not null
    group by i.order_id, i.variant_id
  ) wanted
  left join (
    select r.order_id, r.variant_id, sum(r.quantity) as quantity
    from public.reservations r
    group by r.order_id, r.variant_id
  ) held on held.order_id = wanted.order_id and held.variant_id = wanted.variant_id
  where wanted.quantity is distinct from held.quantity
  union all
  select 'reservations_follow_order_status', count(*)
  from public.reservations r
  join public.orders o on o.id = r.order_id
  where r.state <> all (case
    when o.status = 'pending' then array['active']
    when o.status in ('confirmed', 'processing') then array['committed']
    when o.status = 'cancelled' then array['released']
    else array['fulfilled']
  end::public.reservation_state[])
  union all
  select 'one_open_payment_per_order', count(*)
  from (
    select from public.payments p
    where p.status in ('created', 'requires_action', 'processing', 'authorised')
    group by p.order_id
    having count(*) > 1
  ) double
  union all
  select 'paid_once', count(*)
  from (
    select from public.payments p
    where p.captured_amount > 0 and not p.is_surplus
    group by p.order_id
    having count(*) > 1
  ) double
  union all
  select 'captured_at_most_the_amount', count(*)
  from public.payments p
  where p.captured_amount > p.amount and not p.is_surplus
  union all
  select 'refunds_at_most_captured', count(*)
  from public.payments p
  join (
    select f.payment_id, sum(f.amount) as amount,
      sum(f.amount) filter (where f.state = 'succeeded') as succeeded
    from public.refunds f
    where f.state in ('pending', 'succeeded')
    group by f.payment_id
  ) back on back.payment_id = p.id
  where back.amount > p.captured_amount or p.refunded_amount <> coalesce(back.succeeded, 0)
  union all
  select 'surplus_is_on_its_way_back', count(*)
  from public.payments p
  where p.is_surplus and p.captured_amount > 0
    and not exists (select from public.refunds f where f.payment_id = p.id)
  union all
  select 'cancelled_orders_keep_no_money', count(*)
  from public.orders o
  join public.payments p on p.order_id = o.id
  where o.status = 'cancelled'
    and p.captured_amount > coalesce((
      select sum(f.amount) from public.refunds f
      where f.payment_id = p.id and f.state in ('pending', 'succeeded')
    ), 0)
    -- A refund the provider refused is for staff to settle; it is not lost.
    and not exists (select from public.refunds f where f.payment_id = p.id and f.state = 'failed')
  union all
  select 'goods_follow_money', count(*)
  from public.orders o
  where o.status not in ('pending', 'cancelled') and o.payment_provider <> 'cod'
    and not exists (
      select from public.payments p
      where p.order_id = o.id and p.captured_amount = o.total and not p.is_surplus
    )
  union all
  select 'paid_orders_are_not_pending', count(*)
  from public.orders o
  where o.status = 'pending'
    and o.payment_status in ('paid', 'partially_refunded', 'refunded')
  union all
  select 'every_status_has_its_event', count(*)
  from public.orders o
  where not exists (
      select from public.order_events e
      where e.order_id = o.id and e.kind in ('created', 'status') and e.to_status = o.status::text
    )
    or not exists (
      select from public.order_events e where e.order_id = o.id and e.kind = 'created'
    )
  union all
  select 'idempotency_keys_name_one_order', count(*)
  from (
    select from private.idempotency_keys k
    where k.command = 'place_order'
    group by k.response #>> '{order,id}'
    having count(*) > 1
  ) double;
end;
$$;

create function private.check_invariants_as_service()
returns table (name text, broken bigint)
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform private.require_service();
  return query select c.name, c.broken from private.check_invariants() c;
end;
$$;

create function public.quote_checkout(input jsonb) returns jsonb
language sql stable set search_path = ''
as $$ select private.quote_checkout(quote_checkout.input) $$;

comment on function public.quote_checkout(jsonb) is
  'What place_order would charge for the same input, with shipping methods to choose from and a '
  'list of problems. Anonymous callers must name items. 422 invalid_input.';

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

create function public.cancel_order(order_id uuid, reason text default null) returns public.orders
language sql set search_path = ''
as $$ select private.cancel_order(cancel_order.order_id, cancel_order.reason) $$;

comment on function public.cancel_order(uuid, text) is
  'Cancels an order: releases its stock and refunds what was paid. The buyer until it is shipped; '
  'staff with a reason. 404 order_not_found, 409 invalid_transition.';

create function public.set_order_status(
  order_id uuid,
  status public.order_status,
  tracking_number text default null,
  tracking_carrier text default null,
  note text default null,
  expected_version integer default null
) returns public.orders
language sql set search_path = ''
as $$
  select private.set_order_status(set_order_status.order_id, set_order_status.status,
    set_order_status.tracking_number, set_order_status.tracking_carrier, set_order_status.note,
    set_order_status.expected_version)
$$;

comment on function public.set_order_status(uuid, public.order_status, text, text, text, integer) is
  'Moves an order along, or adds tracking or a note to it. Staff and services. '
  '409 invalid_transition, order_not_paid, stale_version.';

create function public.track_order(order_id uuid) returns jsonb
language sql stable set search_path = ''
as $$ select private.track_order(track_order.order_id) $$;

comment on function public.track_order(uuid) is
  'One document with an order, its lines, timeline, payments and refunds. Its buyer and staff; '
  '404 order_not_found for everyone else.';

create function public.reorder(order_id uuid) returns jsonb
language sql set search_path = ''
as $$ select private.reorder(reorder.order_id) $$;

comment on function public.reorder(uuid) is
  'Puts the lines of an order of the caller into the cart again; says what is not for sale any '
  'more.';

create function public.check_invariants() returns table (name text, broken bigint)
language sql stable set search_path = ''
as $$ select * from private.check_invariants_as_service() $$;

comment on function public.check_invariants() is
  'Counts what breaks a rule about stock, money or orders; every number is 0. Service role only.';

grant execute on function
  private.place_order(jsonb),
  private.quote_checkout(jsonb),
  private.cancel_order(uuid, text),
  private.set_order_status(uuid, public.order_status, text, text, text, integer),
  private.track_order(uuid),
  private.reorder(uuid),
  public.place_order(jsonb),
  public.quote_checkout(jsonb),
  public.cancel_order(uuid, text),
  public.set_order_status(uuid, public.order_status, text, text, text, integer),
  public.track_order(uuid),
  public.reorder(uuid)
  to authenticated;

grant execute on function private.quote_checkout(jsonb), public.quote_checkout(jsonb) to anon;

grant execute on function
  private.cancel_order(uuid, text),
  private.set_order_status(uuid, public.order_status, text, text, text, integer),
  private.track_order(uuid),
  private.check_invariants_as_service(),
  public.cancel_order(uuid, text),
  public.set_order_status(uuid, public.order_status, text, text, text, integer),
  public.track_order(uuid),
  public.check_invariants()
  to service_role;

do $do$
begin
  if to_regnamespace('cron') is not null then
    perform cron.schedule('purge-idempotency-keys', '17 3 * * *',
      'select private.purge_idempotency_keys()');
  end if;
end;
$do$;
