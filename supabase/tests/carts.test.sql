begin;
\ir helpers.psql
select plan(22);

select tests.a_product('kettle', 2500, 10);
select tests.a_product('lamp', 4000, 0);
select tests.a_product('oldie', 900, 5);

select tests.act_as('anon');
select is(tests.refusal('select public.get_cart()'),
  '42501 permission denied for function get_cart',
  'who is not even a guest has no cart');

select tests.act_as('gil');
select is(public.get_cart() -> 'items', '[]', 'a guest begins with an empty cart');
select is(public.get_cart() -> 'id', 'null', 'reading makes no cart');
select is(public.add_to_cart(tests.variant('kettle'), 2) ->> 'total', '5000',
  'a guest can put things in, at the shop''s price');
select is(public.add_to_cart(tests.variant('kettle')) #>> '{items,0,quantity}', '3',
  'adding a variant again adds to its line');
select is(public.set_cart_item(tests.variant('kettle'), 1) ->> 'item_count', '1',
  'setting a quantity replaces it');
select is(public.add_to_cart(tests.variant('lamp')) #>> '{items,1,warning}', 'out_of_stock',
  'what is sold out warns, and may stay in the cart');
select is(public.set_cart_item(tests.variant('kettle'), 8) #>> '{items,0,warning}', null,
  'enough in stock does not warn');
select is(public.set_cart_item(tests.variant('kettle'), 11) #>> '{items,0,warning}', 'low_stock',
  'wanting more than there is warns');
select is(public.set_cart_item(tests.variant('lamp'), 0) ->> 'item_count', '11',
  'zero takes a line out');

select is(tests.refusal($$ select public.add_to_cart(tests.variant('nothing')) $$),
  'PT404 variant_not_found', 'what does not exist cannot be put in');
select is(tests.refusal($$ select public.add_to_cart(tests.variant('kettle'), 0) $$),
  'PT422 invalid_input quantity', 'nothing cannot be added');
select is(tests.refusal($$ select public.add_to_cart(tests.variant('kettle'), 99990) $$),
  'PT422 invalid_input quantity', 'a line stops at 99999 pieces');
select is(tests.refusal($$ select public.set_cart_item(tests.variant('kettle'), null) $$),
  'PT422 invalid_input quantity', 'a quantity must be said');

select tests.act_as('owner');
update public.variant_prices set amount = 2600 where variant_id = tests.variant('kettle');
select tests.act_as('gil');
select is(public.get_cart() #>> '{items,0,price_changed}', 'true',
  'a price that changed is pointed out');
select is(public.get_cart() ->> 'total', '28600', 'and the new price counts');
select is(public.set_cart_item(tests.variant('kettle'), 2) #>> '{items,0,price_changed}', 'false',
  'setting the line accepts the new price');

select public.add_to_cart(tests.variant('oldie'));
select tests.act_as('owner');
update public.products set status = 'archived' where sku = 'P-oldie';
select tests.act_as('gil');
select is(public.get_cart() #>> '{items,1,warning}', 'unavailable',
  'what is no longer sold says so');
select is(public.get_cart() ->> 'total', '5200', 'and costs nothing');
select is(tests.refusal($$ select public.add_to_cart(tests.variant('oldie')) $$),
  'PT409 product_unavailable', 'and cannot be put in');

select tests.act_as('ada');
select is_empty('select * from public.cart_items', 'nobody sees the cart of somebody else');
select tests.act_as('gil');
select is(public.clear_cart() -> 'items', '[]', 'a cart can be emptied');

select * from finish();
rollback;
