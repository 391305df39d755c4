begin;
\ir helpers.psql
select plan(60);

select tests.a_product('kettle', 2500, 20);
select tests.a_product('book', 1000, 20, 'sol');
select tests.a_product('pen', 300, 20, 'zoe');

create temporary table seen (what text primary key, order_id uuid);
grant select, insert on seen to public;

create function tests.seen(what text) returns uuid
language sql stable as $$ select s.order_id from seen s where s.what = seen.what $$;

select tests.act_as('ada');
insert into seen
select 'mixed', (public.place_order(tests.order_of('x', 1) || jsonb_build_object('items',
  jsonb_build_array(
  jsonb_build_object('variant_id', tests.variant('kettle'), 'quantity', 1),
  jsonb_build_object('variant_id', tests.variant('book'), 'quantity', 2)))) #>> '{order,id}')::uuid;
insert into seen select 'card', (public.place_order(tests.order_of('kettle', 1,
  'stripe')) #>> '{order,id}')::uuid;
insert into seen select 'cod',
  (public.place_order(tests.order_of('kettle', 3)) #>> '{order,id}')::uuid;

-- Who reads what

select is((select count(*) from public.orders), 3::bigint, 'a buyer sees their own orders');
select is((select count(*) from public.order_items where order_id = tests.seen('mixed')), 2::bigint,
  'with all their lines');
select is((select count(*) from public.order_events), 3::bigint, 'and their timelines');
select is((select count(*) from public.payments), 3::bigint, 'and their payments');
select tests.act_as('bo');
select is_empty('select * from public.orders', 'a stranger sees no orders');
select is_empty('select * from public.order_items', 'no lines');
select is_empty('select * from public.order_events', 'no timelines');
select is_empty('select * from public.payments', 'no payments');
select is_empty('select * from public.refunds', 'no refunds');
select tests.act_as('sol');
select is((select array_agg(id) from public.orders), array[tests.seen('mixed')],
  'a seller sees the orders that hold his goods');
select is((select array_agg(sku) from public.order_items), array['V-book'],
  'but only his own lines of them');
select is_empty('select * from public.payments', 'and not how they are paid');
select tests.act_as('zoe');
select is_empty('select * from public.orders', 'another seller sees nothing of them');
select tests.act_as('kit');
select is((select count(*) from public.orders where id in (select order_id from seen)), 3::bigint,
  'support sees all orders');
select is((select count(*) from public.order_items where order_id in (select order_id from seen)),
  4::bigint, 'all lines');
select is((select count(*) from public.payments where order_id in (select order_id from seen)),
  3::bigint, 'all payments');
select tests.act_as('anon');
select throws_ok('select * from public.orders', '42501', null,
  'who is not signed in reads no orders');
select throws_ok('select * from public.order_items', '42501', null, 'nor lines');

-- Nobody writes past the commands

select tests.act_as('mod');
select throws_ok($$ update public.orders set total = 0 $$, '42501', null,
  'not even an admin writes orders directly');
select throws_ok($$ delete from public.order_events $$, '42501', null, 'nor deletes history');
select throws_ok($$ update public.payments set status = 'captured' $$, '42501', null,
  'nor marks payments paid');
select tests.act_as('service');
select is(tests.refusal($$ update public.orders set total = 0, subtotal = 0, shipping = 0 $$),
  'PT409 order_is_frozen',
  'and amounts do not change even for the secret key');
select tests.act_as('owner');
select is(tests.refusal($$ update public.orders set total = 1, subtotal = 1, shipping = 0 $$),
  'PT409 order_is_frozen',
  'amounts of a placed order never change');
select is(tests.refusal($$ update public.orders set status = 'delivered' where id
  = tests.seen('cod') $$), 'PT409 invalid_transition',
  'whoever writes, an order cannot jump');
select throws_ok(format('update public.orders set status = %L where id = %L',
  'confirmed', tests.seen('card')),
  '23514', null, 'nor be confirmed without money, whoever writes');

-- Moves

select tests.act_as('bo');
select is(tests.refusal(format('select public.cancel_order(%L)', tests.seen('cod'))),
  'PT404 order_not_found',
  'a stranger cannot cancel');
select is(tests.refusal(format('select public.set_order_status(%L, %L)', tests.seen('cod'),
  'shipped')), 'PT403 forbidden',
  'a customer cannot ship');
select is(tests.refusal(format('select public.track_order(%L)', tests.seen('cod'))),
  'PT404 order_not_found',
  'a stranger cannot track');
select tests.act_as('sol');
select is(tests.refusal(format('select public.set_order_status(%L, %L)', tests.seen('mixed'),
  'shipped')), 'PT403 forbidden',
  'nor can a seller');
select tests.act_as('anon');
select throws_ok(format('select public.track_order(%L)', tests.seen('cod')), '42501', null,
  'nor who is not signed in');

select tests.act_as('kit');
select is(tests.refusal(format('select public.set_order_status(%L, %L)', tests.seen('card'),
  'shipped')), 'PT409 order_not_paid',
  'an unpaid card order is not shipped');
select is(tests.refusal(format('select public.set_order_status(%L, %L)', tests.seen('card'),
  'confirmed')), 'PT409 order_not_paid',
  'nor confirmed by hand');
select is(tests.refusal(format('select public.set_order_status(%L, %L)', tests.seen('cod'),
  'delivered')),
  'PT409 invalid_transition', 'what was not shipped is not delivered');
select is(tests.refusal(format('select public.set_order_status(%L, %L, expected_version => 7)',
  tests.seen('cod'), 'processing')),
  'PT409 stale_version', 'who looks at an old version is told');
select is((public.set_order_status(tests.seen('cod'), 'processing', expected_version => 1)).status,
  'processing',
  'an order moves along');
select is((public.set_order_status(tests.seen('cod'), 'shipped', 'TN 1', 'DHL')).tracking_number,
  'TN 1',
  'a parcel gets its tracking number');
select tests.act_as('owner');
select is((select (on_hand,
  reserved)::text from public.stock_levels where variant_id = tests.variant('kettle')), '(17,2)',
  'its goods have left the warehouse');
select tests.act_as('ada');
select is(tests.refusal(format('select public.cancel_order(%L)', tests.seen('cod'))),
  'PT409 invalid_transition',
  'what is on its way is not cancelled');
select is(public.track_order(tests.seen('cod')) #>> '{order,tracking_carrier}', 'DHL',
  'the buyer can track it');
select tests.act_as('kit');
select is((public.set_order_status(tests.seen('cod'), 'shipped', 'TN 2')).tracking_number, 'TN 2',
  'the same state again only adds what is new');
select is((public.set_order_status(tests.seen('cod'), 'shipped', note => 'fragile')).version, 4,
  'a note moves nothing');
select is((public.set_order_status(tests.seen('cod'), 'delivered')).payment_status, 'paid',
  'cash on delivery is paid when delivered');
select is((select captured_amount from public.payments where order_id = tests.seen('cod')),
  7500::bigint, 'in full');
select is((public.set_order_status(tests.seen('cod'), 'returned')).status, 'returned',
  'and can come back');
select tests.act_as('owner');
select is((select (on_hand,
  reserved)::text from public.stock_levels where variant_id = tests.variant('kettle')), '(20,2)',
  'what comes back is on the shelf again');
select is((select array_agg(m.quantity order by m.id)::text from public.stock_movements m
  where m.order_id = tests.seen('cod')),
  '{-3,3}', 'with a movement each way');
select tests.act_as('kit');
select is((public.request_refund(tests.seen('cod'), 500)).state, 'succeeded',
  'cash is given back by hand, at once');
select is((select payment_status from public.orders where id = tests.seen('cod')),
  'partially_refunded', 'and the order shows it');

select tests.act_as('ada');
select is((public.cancel_order(tests.seen('mixed'), 'too late')).status, 'cancelled',
  'a buyer can cancel before shipping');
select is((public.cancel_order(tests.seen('mixed'))).cancel_reason, 'too late',
  'cancelling twice is cancelling once');
select is((select status::text from public.payments where order_id = tests.seen('mixed')),
  'cancelled', 'its payment is closed');
select tests.act_as('owner');
select is((select reserved from public.stock_levels where variant_id = tests.variant('book')), 0,
  'its goods are for sale again');
select tests.act_as('kit');
select is(tests.refusal(format('select public.cancel_order(%L)', tests.seen('card'))),
  'PT422 invalid_input reason',
  'staff say why they cancel');
select is((public.cancel_order(tests.seen('card'), 'suspected fraud')).status, 'cancelled',
  'and then can');

-- Timeline

select results_eq(
  format($$ select e.kind::text, e.from_status,
    e.to_status from public.order_events e where e.order_id = %L order by e.id $$,
    tests.seen('cod')),
  $$ values ('created', null, 'confirmed'), ('status', 'confirmed', 'processing'), ('status',
    'processing', 'shipped'),
    ('tracking', null, null), ('tracking', null, null), ('note', null, null), ('status', 'shipped',
      'delivered'),
    ('payment', 'pending', 'paid'), ('status', 'delivered', 'returned'), ('refund', null,
      'succeeded'),
    ('payment', 'paid', 'partially_refunded') $$,
  'everything that happened stands in the timeline, in order');
select tests.act_as('ada');
select is((select count(*) from public.order_events where order_id = tests.seen('cod') and kind
  = 'note'), 0::bigint,
  'notes among staff are not for the buyer');
select is((select e.message from public.order_events e where e.order_id = tests.seen('card')
  and e.to_status = 'cancelled'),
  'suspected fraud', 'the reason of a cancellation is');

-- An account that goes leaves its orders

select tests.act_as('owner');
delete from auth.users where id = tests.user_id('ada');
select is((select count(*) from public.orders where buyer_id is null and id in (select order_id
  from seen)), 3::bigint, 'orders outlive the account');
select tests.act_as('kit');
select is(public.track_order(tests.seen('cod')) #>> '{order,status}', 'returned',
  'and staff still see them');
select tests.act_as('service');
select is_empty('select * from public.check_invariants() where broken <> 0',
  'all sums of the shop hold');

select * from finish();
rollback;
