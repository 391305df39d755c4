begin;
\ir helpers.psql
select plan(58);

select tests.a_product('kettle', 2500, 10);
select tests.a_product('lamp', 1999, 3);
select tests.a_product('book', 1099, 50, 'sol');
insert into public.tax_rates (country, rate_bp, name) values ('GB', 2000, 'VAT');
insert into public.addresses (id, user_id, full_name, line1, city, postal_code, country)
values (md5('address ada')::uuid, tests.user_id('ada'), 'Ada', '1 Road', 'Leeds', 'LS1 1AA', 'GB');

-- Quote

select tests.act_as('anon');
select is(public.quote_checkout(jsonb_build_object('items',
  tests.order_of('kettle', 2) -> 'items')) ->> 'total',
  '5000', 'anybody can ask what things cost; from 50 pounds shipping is free');
select is(tests.refusal($$ select public.quote_checkout('{}') $$), 'PT401 not_signed_in',
  'a quote of a cart needs somebody who has one');
select tests.act_as('ada');
select is(public.quote_checkout('{}') #>> '{problems,0,code}', 'cart_empty',
  'an empty cart is a problem, not an error');
select is(public.quote_checkout(tests.order_of('kettle', 11)) #>> '{problems,0,lines,0,available}',
  '10',
  'a quote says what is short, and how much is left');
select is(jsonb_array_length(public.quote_checkout(tests.order_of('kettle',
  1)) -> 'shipping_methods'), 2,
  'a quote offers the ways to ship');
select is(public.quote_checkout(tests.order_of('lamp',
  1) || '{"shipping_method": "express"}') ->> 'shipping',
  '1295', 'the chosen way counts');

-- Money

select tests.act_as('owner');
select is(private.tax_of(1999, 2000, true), 333::bigint,
  'tax inside a price is rounded to the penny');
select is(private.tax_of(1, 5000, false), 1::bigint, 'half a penny is rounded up');
select is(private.tax_of(-1, 5000, false), -1::bigint, 'and away from zero below it');
select tests.act_as('ada');
select is(public.quote_checkout(tests.order_of('lamp', 1)) ->> 'tax', '416',
  'tax is that of the lines (333) and of shipping (83)');

select tests.act_as('owner');
insert into public.categories (id, name, slug) values (md5('food')::uuid, 'Food', 'food');
insert into public.categories (id, parent_id, name, slug) values (md5('tea')::uuid,
  md5('food')::uuid, 'Tea', 'tea');
update public.products set category_id = md5('tea')::uuid where sku = 'P-lamp';
insert into public.tax_rates (country, category_id, rate_bp, name) values ('GB',
  md5('food')::uuid, 500, 'Food');
insert into public.tax_rates (country, region, rate_bp, name) values ('GB', 'Jersey', 0, 'None');
select tests.act_as('ada');
select is(public.quote_checkout(tests.order_of('lamp', 1)) #>> '{items,0,tax_rate_bp}', '500',
  'the rate of a category goes for those below it');
select is(public.quote_checkout(jsonb_set(tests.order_of('kettle', 1), '{shipping_address,region}',
  '"jersey"'))
  #>> '{items,0,tax_rate_bp}', '0', 'a region has its own rate');
select is(public.quote_checkout(jsonb_set(jsonb_set(tests.order_of('kettle', 1),
  '{shipping_address,country}', '"IE"'),
  '{shipping_address,postal_code}', '"D02 X285"')) ->> 'tax', '0', 'no rate means no tax');
select tests.act_as('owner');
update public.shop_settings set prices_include_tax = false;
select tests.act_as('ada');
select is(public.place_order(tests.order_of('kettle', 1)) #>> '{order,total}', '3594',
  'where prices are net, tax comes on top: 2500 + 495 + 20 %');
select tests.act_as('owner');
update public.shop_settings set prices_include_tax = true;

-- Orders

select tests.act_as('ada');
create temporary table placed as
  select public.place_order(tests.order_of('kettle', 2, 'stripe', 'key-of-ada-1')) as answer;
grant select on placed to public;
select is(answer #>> '{order,status}', 'pending',
  'an order to be paid by card waits for it') from placed;
select is(answer #>> '{order,total}', '5000', 'and costs what was quoted') from placed;
select is(answer -> 'payment' ->> 'amount', '5000', 'its payment asks for the total') from placed;
select isnt(answer #>> '{order,expires_at}', null, 'and it does not wait for ever') from placed;
select is((select available from public.variant_stock where variant_id = tests.variant('kettle')),
  7,
  'its goods are kept for it');
select is(public.place_order(tests.order_of('kettle', 2, 'stripe', 'key-of-ada-1')), answer,
  'the same key and body give the same answer') from placed;
select is((select count(*) from public.orders where payment_provider = 'stripe'), 1::bigint,
  'and no second order');
select is(tests.refusal($$ select public.place_order(tests.order_of('kettle', 1, 'stripe',
  'key-of-ada-1')) $$),
  'PT422 idempotency_key_reused', 'another order needs another key');
select tests.act_as('bo');
select isnt(public.place_order(tests.order_of('kettle', 2, 'stripe',
  'key-of-ada-1')) #>> '{order,id}',
  answer #>> '{order,id}', 'the key of one shopper says nothing to another') from placed;

select is(tests.refusal($$ select public.place_order(tests.order_of('lamp', 4)) $$),
  'PT409 out_of_stock',
  'nobody can buy past the last piece');
select is((select count(*) from public.orders where buyer_id = tests.user_id('bo')), 1::bigint,
  'and what was refused leaves nothing behind');
select is(public.place_order(tests.order_of('lamp', 3)) #>> '{order,status}', 'confirmed',
  'an order paid on delivery stands at once');
select is((select state::text from public.reservations where variant_id = tests.variant('lamp')),
  null,
  'reservations are not for shoppers to see');
select tests.act_as('owner');
select is((select state::text from public.reservations where variant_id = tests.variant('lamp')),
  'committed',
  'and its goods are committed');
select is((select in_stock from public.product_listing where product_id
  = md5('product lamp')::uuid), false,
  'the last piece sold takes the product out of stock in the listing');

select tests.act_as('ada');
select public.add_to_cart(tests.variant('book'), 2);
select public.add_to_cart(tests.variant('kettle'), 1);
select is(jsonb_array_length(public.place_order((tests.order_of('x',
  1) - 'items') - 'email') #> '{order,items}'), 2,
  'without items the cart is ordered');
select is(public.get_cart() -> 'items', '[]', 'and emptied with it');
select is((select email from public.orders order by number desc limit 1), 'ada@example.test',
  'an account''s address is taken where none is given');
select is(tests.refusal($$ select public.place_order(tests.order_of('x', 1) - 'items') $$),
  'PT409 cart_empty',
  'an empty cart cannot be ordered');
select is(public.place_order((tests.order_of('book', 1) - 'shipping_address')
  || jsonb_build_object('shipping_address_id',
    md5('address ada')::uuid)) #>> '{order,shipping_address,city}', 'Leeds',
  'an address can be taken from the book');
select is((public.place_order(tests.order_of('book', 1) || jsonb_build_object('items',
  jsonb_build_array(
    jsonb_build_object('variant_id', tests.variant('book'), 'quantity', 1),
    jsonb_build_object('variant_id', tests.variant('book'),
      'quantity', 2)))) #>> '{order,items,0,quantity}'), '3',
  'lines of one variant are added up');
select tests.act_as('bo');
select is(tests.refusal($$ select public.place_order((tests.order_of('book',
  1) - 'shipping_address')
  || jsonb_build_object('shipping_address_id', md5('address ada')::uuid)) $$),
    'PT404 address_not_found',
  'somebody else''s address is not there');
select tests.act_as('gil');
select is(tests.refusal($$ select public.place_order(tests.order_of('book', 1) - 'email') $$),
  'PT422 invalid_input email', 'a guest must say where to write to');
select is(public.place_order(tests.order_of('book', 1)) #>> '{order,is_guest}', 'true',
  'a guest can buy');
select tests.act_as('anon');
select matches(tests.refusal($$ select public.place_order(tests.order_of('book', 1)) $$), '^42501',
  'without a guest session nobody can');

-- Input: every fault is a 422 that names its field

select tests.act_as('ada');
select results_eq(
  $$
    select tests.refusal(format('select public.place_order(%L)',
      tests.order_of('book', 1) || patch))
    from (values
      (1, '{"total": 1}'::jsonb), (2, '{"status": "paid"}'), (3, '{"idempotency_key": "short"}'),
      (4, '{"idempotency_key": 12345678}'), (5, '{"items": []}'), (6, '{"items": "all"}'), (7,
        '{"items": [1]}'),
      (8, '{"items": [{"variant_id": "x", "quantity": 1}]}'),
      (9, '{"items": [{"variant_id": "00000000-0000-0000-0000-000000000000", "quantity": 1}]}'),
      (10, '{"email": "nobody"}'), (11, '{"shipping_address": {"country": "GB"}}'), (12,
        '{"shipping_address": null}'),
      (13, '{"shipping_address_id": "x", "shipping_address": null}'), (14,
        '{"billing_address": []}'),
      (15, '{"shipping_method": "pigeon"}'), (16, '{"payment": null}'), (17,
        '{"payment": {"provider": "wallet"}}'),
      (18, '{"payment": {"provider": "cod", "amount": 1}}'), (19, '{"coupons": ["TEN"]}'), (20,
        '{"points": 5}'),
      (21, '{"points": "0"}'), (22, '{"note": 1}')
    ) as faults (n, patch)
    order by n
  $$,
  array[
    'PT422 invalid_input total', 'PT422 invalid_input status',
      'PT422 invalid_input idempotency_key',
    'PT422 invalid_input idempotency_key', 'PT422 invalid_input items', 'PT422 invalid_input items',
    'PT422 invalid_input items[0]', 'PT422 invalid_input items[0].variant_id',
    'PT422 invalid_input items[0].variant_id', 'PT422 invalid_input email',
    'PT422 invalid_input shipping_address.full_name', 'PT422 invalid_input shipping_address',
    'PT422 invalid_input shipping_address_id', 'PT422 invalid_input billing_address',
    'PT422 invalid_input shipping_method', 'PT422 invalid_input payment',
      'PT422 invalid_input payment.provider',
    'PT422 invalid_input payment.amount', 'PT422 invalid_input coupons',
      'PT422 invalid_input points',
    'PT422 invalid_input points', 'PT422 invalid_input note'
  ],
  'every fault in the input is named');
select results_eq(
  $$
    select distinct tests.refusal(format('select public.place_order(%L)',
      jsonb_set(tests.order_of('book', 1), '{items,0,quantity}', q)))
    from unnest(array['0', '-1', '1.5', '1e9', '"2"', 'null', 'true', '[1]', '{}',
      '100000']::jsonb[]) q
  $$,
  array['PT422 invalid_input items[0].quantity'], 'a quantity is a whole number from 1 to 99999');

-- Unavailable

select tests.act_as('owner');
update public.products set status = 'draft' where sku = 'P-kettle';
select tests.act_as('ada');
select is(tests.refusal($$ select public.place_order(tests.order_of('kettle', 1)) $$),
  'PT409 product_unavailable',
  'what is not for sale cannot be bought');
select is(public.quote_checkout(tests.order_of('kettle', 1)) #>> '{problems,0,code}',
  'product_unavailable',
  'and a quote says so');

-- Again

select is(public.reorder(id) #>> '{cart,items,0,sku}', 'V-book',
  'an order can be put into the cart again')
from public.orders where buyer_id = tests.user_id('ada') and item_count = 3 limit 1;
select is(public.reorder((answer #>> '{order,id}')::uuid) #>> '{skipped,0,sku}', 'V-kettle',
  'what is not sold any more is left out, and named') from placed;
select tests.act_as('bo');
select is(tests.refusal(format('select public.reorder(%L)', answer #>> '{order,id}')),
  'PT404 order_not_found',
  'an order of somebody else is not there') from placed;

-- Expiry

select tests.act_as('owner');
update public.orders set expires_at = now() where id = (select (answer #>> '{order,id}')::uuid
  from placed);
select is(private.expire_orders(), 1, 'an unpaid order whose time is over is given up');
select is(private.expire_orders(), 0, 'once');
select is((select row(o.status, o.cancel_reason)::text from public.orders o,
  placed where o.id = (answer #>> '{order,id}')::uuid),
  '(cancelled,expired)', 'it says why');
select is((select array_agg(distinct r.state)::text from public.reservations r,
  placed where r.order_id = (answer #>> '{order,id}')::uuid),
  '{released}', 'its goods are for sale again');
select tests.act_as('service');
select is(tests.refusal(format('select public.start_payment_attempt(%L)', answer #>> '{order,id}')),
  'PT410 order_expired', 'and it cannot be paid any more') from placed;
select is(public.expire_orders(10), 0, 'a service can ask for expiry itself');
select tests.act_as('ada');
select matches(tests.refusal('select public.expire_orders(10)'), '^42501', 'a shopper cannot');
select matches(tests.refusal('select * from public.check_invariants()'), '^42501',
  'nor count the shop''s faults');

select tests.act_as('service');
select is_empty('select * from public.check_invariants() where broken <> 0',
  'all sums of the shop hold');
select tests.act_as('owner');
update private.idempotency_keys set created_at = now() - interval '8 days';
select cmp_ok(private.purge_idempotency_keys(), '>', 0, 'keys are forgotten after a week');
select is((select count(*) from private.idempotency_keys), 0::bigint,
  'with the addresses in their answers');
select ok(not has_table_privilege('authenticated', 'private.idempotency_keys', 'select'),
  'nobody reads keys');

select * from finish();
rollback;
