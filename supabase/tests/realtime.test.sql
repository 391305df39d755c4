begin;
\ir helpers.psql
select plan(39);

select tests.a_product('kettle', 2500, 10);
select tests.a_product('book', 1000, 10, 'sol');
select tests.a_product('draft', 1000, 10);
select tests.a_product('sketch', 1000, 10, 'sol');
update public.products set status = 'draft' where id = md5('product draft')::uuid;
update public.products set status = 'archived' where id = md5('product sketch')::uuid;
-- What making them has told does not count.
delete from realtime.messages;
create temporary table placed (answer jsonb);
grant select, insert on placed to public;
create function tests.order_topic() returns text
language sql stable as $$ select 'order:' || (answer #>> '{order,id}') from placed $$;


-- What was sent since the last look.
create function tests.heard(event text) returns setof text
language sql stable security definer
as $$ select m.topic from realtime.messages m where m.event = heard.event and m.extension
  = 'broadcast' $$;
create function tests.sent() returns setof realtime.messages
language sql stable security definer as $$ select m.* from realtime.messages m $$;
-- Whether the seat may listen, asked as the Realtime server asks.
create function tests.may_join(topic text) returns boolean
language plpgsql
as $$
begin
  perform set_config('realtime.topic', topic, true);
  return exists (select from realtime.messages where event = 'probe' and extension = 'broadcast');
end;
$$;

select tests.act_as('ada');
insert into placed select public.place_order(tests.order_of('x', 1,
  'stripe') || jsonb_build_object('items', jsonb_build_array(
  jsonb_build_object('variant_id', tests.variant('kettle'), 'quantity', 1),
  jsonb_build_object('variant_id', tests.variant('book'), 'quantity', 2))));
select set_eq($$ select tests.heard('order.created') $$,
  array['admin:orders', 'user:' || tests.user_id('ada'), 'seller:' || md5('seller sol')::uuid],
  'a new order is told to staff, its buyer and its sellers');
select set_eq($$ select tests.heard('stock.changed') $$,
  array['admin:stock', 'product:' || md5('product kettle')::uuid,
    'product:' || md5('product book')::uuid],
  'stock that went is told to whoever looks at the product');
select is((select (m.payload - 'id' - 'version')::text from tests.sent() m where m.topic
  = 'product:' || md5('product book')::uuid),
  jsonb_build_object('variant_id', tests.variant('book'), 'product_id', md5('product book')::uuid,
    'available', 8, 'in_stock', true)::text,
  'with what is left');

select tests.act_as('service');
select public.apply_payment_event('stripe', 'evt', 't', jsonb_build_object('payment_id',
  answer #>> '{payment,id}', 'state', 'captured',
  'amount', (answer #> '{payment,amount}'), 'currency', 'gbp')) from placed;
select set_eq($$ select tests.heard('payment.status') $$,
  array['admin:orders', 'user:' || tests.user_id('ada'),
    'seller:' || md5('seller sol')::uuid, tests.order_topic()],
  'a payment is told to all who follow the order');
select set_eq($$ select tests.heard('order.status') $$,
  array['admin:orders', 'user:' || tests.user_id('ada'),
    'seller:' || md5('seller sol')::uuid, tests.order_topic()],
  'and so is its confirmation');
select tests.act_as('owner');
select is((select m.payload ->> 'version' from realtime.messages m where m.event = 'order.status'
  and m.topic = 'admin:orders'),
  (select o.version::text from public.orders o,
    placed where o.id = (answer #>> '{order,id}')::uuid), 'events carry the row''s version');
select is((select bool_and(m.private) from realtime.messages m), true, 'all topics are private');

update public.variant_prices set amount = 2400 where variant_id = tests.variant('kettle');
select set_eq($$ select tests.heard('price.changed') $$,
  array['product:' || md5('product kettle')::uuid], 'a new price is told');

-- Who may listen

insert into realtime.messages (topic, extension, event, private) values ('probe', 'broadcast',
  'probe', true);
select tests.act_as('anon');
select ok(tests.may_join('product:' || md5('product kettle')::uuid),
  'everybody hears of stock and prices');
select ok(not tests.may_join('product:' || md5('product draft')::uuid), 'but not of a draft''s');
select ok(not tests.may_join('product:' || md5('product sketch')::uuid),
  'nor of those of what is not sold any more');
select ok(not tests.may_join('product:'' or true --'), 'nor by a trick for a name');
select ok(not tests.may_join('admin:orders'), 'not everybody hears of orders');
select ok(not tests.may_join(tests.order_topic()), 'nor of one order');
select ok(not tests.may_join('user:' || tests.user_id('ada')), 'nor what ada hears');
select tests.act_as('gil');
select ok(tests.may_join('product:' || md5('product book')::uuid), 'a guest hears of products');
select ok(tests.may_join('user:' || tests.user_id('gil')), 'and what is theirs');
select ok(not tests.may_join('user:' || tests.user_id('ada')), 'not what is ada''s');
select tests.act_as('ada');
select ok(tests.may_join(tests.order_topic()), 'a buyer follows the order');
select ok(not tests.may_join('order:' || gen_random_uuid()), 'not one that is not there');
select ok(not tests.may_join('product:' || md5('product draft')::uuid),
  'an account hears no draft either');
select ok(not tests.may_join('order:'' or true --'), 'nor one with a trick for a name');
select ok(not tests.may_join('admin:stock'), 'nor the staff''s topics');
select ok(not tests.may_join('seller:' || md5('seller sol')::uuid), 'nor a seller''s');
select tests.act_as('bo');
select ok(not tests.may_join(tests.order_topic()), 'a stranger does not follow it');
select tests.act_as('sol');
select ok(tests.may_join('seller:' || md5('seller sol')::uuid), 'a seller hears of sales');
select ok(tests.may_join('product:' || md5('product sketch')::uuid),
  'and of the stock of all that is theirs');
select ok(not tests.may_join('product:' || md5('product draft')::uuid), 'not of others'' drafts');
select ok(not tests.may_join('seller:' || md5('seller zoe')::uuid), 'not of those of others');
select ok(not tests.may_join(tests.order_topic()), 'and does not follow the whole order');
select tests.act_as('kit');
select ok(tests.may_join('admin:orders'), 'support hears of all orders');
select ok(tests.may_join('admin:stock'), 'and of all stock');
select ok(tests.may_join('product:' || md5('product draft')::uuid), 'of drafts, too');
select ok(tests.may_join(tests.order_topic()), 'and follows any order');
select ok(not tests.may_join('user:' || tests.user_id('ada')), 'but not people');
select ok(not tests.may_join('somewhere'), 'a topic that we do not know is closed');
select throws_ok($$ insert into realtime.messages (topic, extension, event) values ('admin:orders',
  'broadcast', 'order.created') $$,
  '42501', null, 'nobody speaks in the shop''s name');

-- The topic of a product is found by an index, however many products there are.

select tests.act_as('owner');
set local enable_seqscan = off;
create temporary table plan (line text);
do $$
declare
  v_line text;
begin
  for v_line in explain select from public.products p where 'product:' || p.id::text = 'product:x'
  loop
    insert into plan values (v_line);
  end loop;
end;
$$;
select matches((select string_agg(line, e'\n') from plan), 'products_topic_idx',
  'a topic finds its product by an index');
select set_has($$ select tablename::text from pg_catalog.pg_publication_tables where pubname
  = 'supabase_realtime' and schemaname = 'public' $$,
  $$ values ('orders'), ('order_events'), ('product_listing'), ('variant_stock') $$,
  'tables that people watch are published');

select * from finish();
rollback;
