-- Quotes: what a shopper's input comes to, with today's prices, taxes, stock and shipping.
--
-- Always true here: the client sends ids and quantities, and every amount is worked out here.
-- quote_checkout and place_order share the functions that read the input and price the lines, so
-- what was quoted is what is charged unless a price changed in between.
--
-- Money. Amounts are whole minor units. Tax is worked out for each line from its line_total and
-- rounded half away from zero, then added up: contained in the price (total * rate / (1 + rate))
-- where the shop's prices include tax, on top of it otherwise. Of the tax rates of the country the
-- one of the nearest category wins, then the one of the region; no rate means no tax. Shipping
-- is taxed at the country's standard rate (the one without a category).

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

create function public.quote_checkout(input jsonb) returns jsonb
language sql stable set search_path = ''
as $$ select private.quote_checkout(quote_checkout.input) $$;

comment on function public.quote_checkout(jsonb) is
  'What place_order would charge for the same input, with shipping methods to choose from and a '
  'list of problems. Anonymous callers must name items. 422 invalid_input.';

grant execute on function
  private.quote_checkout(jsonb),
  public.quote_checkout(jsonb)
  to anon, authenticated;
