begin;
\ir helpers.psql
select plan(52);

select tests.a_product('kettle', 2500, 10);
select tests.a_product('lamp', 4000, 3);
select tests.a_product('chest', 9000, 4, 'sol');
insert into public.warehouses (id, code, name, country, priority)
values (md5('north')::uuid, 'T-NORTH', 'North', 'GB', 10);

create function tests.stock(thing text) returns text
language sql
as $$
  select string_agg(s.on_hand || '/' || s.reserved, ' ' order by w.priority, w.code)
    || ' ' || (select k.available from public.variant_stock k where k.variant_id = tests.variant(thing))
  from public.stock_levels s
  join public.warehouses w on w.id = s.warehouse_id
  where s.variant_id = tests.variant(thing)
$$;

-- What is always true, whatever was done.
create function tests.stock_adds_up() returns boolean
language sql
as $$
  select not exists (
    select from public.stock_levels s
    where s.on_hand <> coalesce((
        select sum(m.quantity) from public.stock_movements m
        where m.variant_id = s.variant_id and m.warehouse_id = s.warehouse_id
      ), 0)
      or s.reserved <> coalesce((
        select sum(r.quantity) from public.reservations r
        where r.variant_id = s.variant_id and r.warehouse_id = s.warehouse_id
          and r.state in ('active', 'committed')
      ), 0)
  ) and not exists (
    select from public.variant_stock k
    where k.available <> coalesce((
      select sum(s.on_hand - s.reserved) from public.stock_levels s
      join public.warehouses w on w.id = s.warehouse_id and w.is_active
      where s.variant_id = k.variant_id
    ), 0)
  )
$$;

create function tests.reserve(
  order_name text, wanted text[], expires_at timestamptz default null
) returns void
language sql
as $$
  select private.reserve_stock(
    md5(order_name)::uuid,
    array(select tests.variant(split_part(w, ':', 1)) from unnest(wanted) w),
    array(select split_part(w, ':', 2)::integer from unnest(wanted) w),
    expires_at
  )
$$;

-- Orders that keep stock; what they say does not matter here.
insert into public.orders (
  id, email, status, payment_provider, currency, subtotal, total, prices_include_tax, item_count,
  shipping_address, billing_address, shipping_method, shipping_method_name, shipping_days_min,
  shipping_days_max
)
select
  md5(o)::uuid, 'shopper@example.test', 'pending', 'stripe', 'GBP', 100, 100, true, 1, '{}', '{}',
  'standard', 'Standard', 1, 2
from unnest(array['o1', 'o2', 'o3', 'o4']) o;

-- Adjusting

select is(tests.stock('kettle'), '10/0 10', 'what was received is there');
select tests.act_as('kit');
select is((public.adjust_stock(tests.variant('kettle'), 5, 'received')).on_hand, 15, 'support adds pieces');
select is((public.adjust_stock(tests.variant('kettle'), -2, 'damaged', note => 'Dropped')).on_hand,
  13, 'and takes broken ones away');
select is(
  (select m.note || ' ' || (m.actor_id = tests.user_id('kit')) from public.stock_movements m
    where m.variant_id = tests.variant('kettle') and m.reason = 'damaged'),
  'Dropped true', 'with a note, under their name'
);
select is((public.adjust_stock(tests.variant('kettle'), 6, 'received', 'T-NORTH')).on_hand, 6,
  'in the warehouse that is named');
select is(tests.stock('kettle'), '13/0 6/0 19', 'and all of it can be bought');
select is((public.adjust_stock(tests.variant('lamp'), 4, 'received',
  idempotency_key => md5('once')::uuid)).on_hand, 7, 'a key counts once');
select is((public.adjust_stock(tests.variant('lamp'), 4, 'received',
  idempotency_key => md5('once')::uuid)).on_hand, 7, 'however often it is sent');
select is(tests.refusal($$ select public.adjust_stock(tests.variant('lamp'), 5, 'received',
  idempotency_key => md5('once')::uuid) $$), 'PT422 idempotency_key_reused',
  'and belongs to one adjustment');
select is(tests.refusal(format('select public.adjust_stock(%s)', w.args)), w.refusal, w.story)
from (values
  ($$ tests.variant('lamp'), 0, 'adjusted' $$, 'PT422 invalid_input quantity', 'nothing is no change'),
  ($$ tests.variant('lamp'), -1, 'received' $$, 'PT422 invalid_input quantity',
    'what is received is not less'),
  ($$ tests.variant('lamp'), 1, 'lost' $$, 'PT422 invalid_input quantity', 'what is lost is not more'),
  ($$ tests.variant('lamp'), 2000000000, 'received' $$, 'PT422 invalid_input quantity',
    'a billion is enough'),
  ($$ tests.variant('lamp'), -1, 'sold' $$, 'PT422 invalid_input reason', 'only orders sell'),
  ($$ tests.variant('lamp'), 1, 'received', 'NOWHERE' $$, 'PT422 invalid_input warehouse_code',
    'a warehouse must exist'),
  ($$ gen_random_uuid(), 1, 'received' $$, 'PT404 variant_not_found', 'a variant must exist'),
  ($$ tests.variant('lamp'), -8, 'lost' $$, 'PT409 stock_out_of_range', 'more than is there is not lost')
) as w (args, refusal, story);

-- Who

select tests.act_as('ada');
select is(tests.refusal($$ select public.adjust_stock(tests.variant('lamp'), 1, 'received') $$),
  'PT403 forbidden', 'customers adjust nothing');
select is_empty('select * from public.stock_levels', 'and see no warehouse stock');
select is_empty('select * from public.stock_movements', 'no movements');
select is_empty('select * from public.reservations', 'no reservations');
select is_empty('select * from public.warehouses', 'no warehouses');
select tests.act_as('sol');
select is((public.adjust_stock(tests.variant('chest'), 1, 'received')).on_hand, 5,
  'a seller adds to their own');
select is(tests.refusal($$ select public.adjust_stock(tests.variant('lamp'), 1, 'received') $$),
  'PT404 variant_not_found', 'and to nobody else''s');
select results_eq('select s.variant_id from public.stock_levels s',
  $$ values (tests.variant('chest')) $$, 'a seller sees the stock of their own');
select is((select count(*) from public.stock_movements), 2::bigint, 'and its movements');
select is(tests.refusal('update public.stock_levels set on_hand = 99'),
  '42501 permission denied for table stock_levels', 'but writes it by commands only');
select tests.act_as('anon');
select is((select k.available from public.variant_stock k where k.variant_id = tests.variant('kettle')),
  19, 'everybody sees what can be bought');
select is(tests.refusal('select * from public.stock_levels'),
  '42501 permission denied for table stock_levels', 'and not where it lies');

-- Reserving

select tests.act_as('owner');
select tests.reserve('o1', '{kettle:15,lamp:2}', now() + interval '30 minutes');
select is(tests.stock('kettle'), '13/13 6/2 4', 'an order takes from the first warehouse, then the next');
select is((select count(*) from public.reservations r where r.order_id = md5('o1')::uuid
  and r.state = 'active' and r.expires_at is not null), 3::bigint, 'which is written down');
select is(
  tests.refusal($$ select tests.reserve('o2', '{kettle:5}') $$),
  'PT409 out_of_stock', 'nobody gets more than there is'
);
do $do$
declare
  v_detail text;
begin
  perform tests.reserve('o2', '{kettle:5,lamp:6,nothing:1}');
exception when sqlstate 'PT409' then
  get stacked diagnostics v_detail = pg_exception_detail;
  perform set_config('tests.detail', v_detail, true);
end
$do$;
select results_eq(
  $$ select l.sku, l.requested, l.available
    from jsonb_to_recordset(current_setting('tests.detail')::jsonb -> 'lines')
      as l (sku text, requested integer, available integer) order by l.sku $$,
  $$ values ('V-kettle', 5, 4), ('V-lamp', 6, 5), (null, 1, 0) $$,
  'and is told of every short line at once'
);
select is(tests.stock('lamp'), '7/2 5', 'a refused order takes nothing');
select tests.reserve('o3', '{lamp:5}');
select is((select r.state::text from public.reservations r where r.order_id = md5('o3')::uuid),
  'committed', 'an order without an expiry stands');
select is((select l.in_stock from public.product_listing l where l.title = 'Lamp'), false,
  'what is all taken is listed as sold out');
select is(tests.refusal($$ select public.adjust_stock(tests.variant('lamp'), -1, 'lost') $$),
  'PT409 stock_out_of_range', 'what orders keep cannot be taken away');
select ok(tests.stock_adds_up(), 'after reserving, everything adds up');

select private.commit_reservations(md5('o1')::uuid);
select is((select string_agg(distinct r.state || coalesce(r.expires_at::text, ''), '')
  from public.reservations r where r.order_id = md5('o1')::uuid), 'committed',
  'a paid order keeps its pieces for good');
select private.fulfil_reservations(md5('o1')::uuid);
select private.fulfil_reservations(md5('o1')::uuid);
select is(tests.stock('kettle'), '0/0 4/0 4', 'shipping takes the pieces out, once');
select is((select sum(m.quantity) from public.stock_movements m where m.order_id = md5('o1')::uuid
  and m.reason = 'sold'), -17::bigint, 'with movements for the order');
select private.release_reservations(md5('o3')::uuid);
select private.release_reservations(md5('o3')::uuid);
select private.release_reservations(md5('o1')::uuid);
select is(tests.stock('lamp'), '5/0 5', 'what is given back can be bought again, once');
select is((select l.in_stock from public.product_listing l where l.title = 'Lamp'), true,
  'and is listed again');
select ok(tests.stock_adds_up(), 'after shipping and giving back, everything adds up');

update public.warehouses set is_active = false where code = 'T-NORTH';
select is(tests.stock('kettle'), '0/0 4/0 0', 'a closed warehouse sells nothing');
select is(tests.refusal($$ select tests.reserve('o4', '{kettle:1}') $$),
  'PT409 out_of_stock', 'not even to an order');
update public.warehouses set is_active = true where code = 'T-NORTH';
select ok(tests.stock_adds_up(), 'and counts again when it opens');

-- Setting many

select tests.act_as('sol');
select is(
  public.set_stock('[
    {"sku": "V-chest", "quantity": 7}, {"sku": "V-lamp", "quantity": 1},
    {"sku": "V-chest", "quantity": 8}, {"sku": "V-chest", "quantity": -1},
    {"sku": "V-chest", "quantity": 2, "warehouse": "X"}]') - 'errors',
  '{"updated": 1, "unchanged": 0}', 'stock is set by sku, for one''s own'
);
select tests.act_as('kit');
select is(
  public.set_stock('[
    {"sku": "V-chest", "quantity": 7}, {"sku": "V-lamp", "quantity": 9, "warehouse": "T-NORTH"},
    {"sku": "V-nothing", "quantity": 1}, {"sku": "V-kettle", "quantity": "2"}]'),
  '{"updated": 1, "unchanged": 1, "errors": [
    {"row": 2, "sku": "V-nothing", "field": "sku", "message": "There is no such variant."},
    {"row": 3, "sku": "V-kettle", "field": "quantity",
     "message": "A whole number of pieces from 0 to 1000000000."}]}',
  'good rows are done, bad ones named'
);
select is(tests.refusal($$ select public.set_stock('{}') $$), 'PT422 invalid_input rows', 'rows are a list');
select tests.act_as('owner');
select ok(tests.stock_adds_up(), 'after setting, everything adds up');
select throws_ok('update public.stock_movements set quantity = 1', '55000', null,
  'not even the owner rewrites movements');

select * from finish();
rollback;
