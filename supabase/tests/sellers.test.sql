begin;
\ir helpers.psql
select plan(24);

select tests.a_product('chest', 9000, 4, 'sol');
select tests.a_product('stool', 3000, 4);

select tests.act_as('gil');
select is(tests.refusal($$ select public.register_seller('Gil & Co') $$), 'PT403 forbidden',
  'a guest does not become a seller');
select tests.act_as('bo');
select is((public.register_seller(' Bo & Daughters ')).slug, 'bo-daughters',
  'a customer registers as a seller');
select is(tests.refusal($$ select public.register_seller('Bo again') $$), 'PT409 seller_exists',
  'once');
select is((select s.status::text from public.sellers s where s.slug = 'bo-daughters'), 'pending',
  'and waits, in sight of themselves');
select is((select m.role::text from public.seller_members m), 'owner', 'as its owner');
select is(
  tests.refusal($$ select public.set_seller_status((select s.id from public.sellers s
    where s.slug = 'bo-daughters'), 'active') $$),
  'PT403 forbidden', 'nobody admits themselves'
);
select is(
  tests.refusal($$ update public.sellers set status = 'active' $$),
  '42501 permission denied for table sellers', 'nor by writing the table'
);
select is(tests.refusal($$ insert into public.products (seller_id, sku, title)
  select s.id, 'B-1', 'Bench' from public.sellers s where s.slug = 'bo-daughters' $$),
  '42501 new row violates row-level security policy for table "products"',
  'a seller who waits offers nothing');
select tests.act_as('ada');
select is_empty($$ select * from public.sellers s where s.slug = 'bo-daughters' $$,
  'others do not see who waits');
select is(tests.refusal($$ select public.register_seller('x') $$), 'PT422 invalid_input name',
  'a seller has a name');
select is((public.register_seller('Bo Daughters')).slug ~ '^bo-daughters-[0-9a-f]{8}$', true,
  'names that read alike get slugs of their own');

select tests.act_as('mod');
select is(
  (public.set_seller_status(s.id, 'active')).status::text, 'active', 'an admin admits the seller'
) from public.sellers s where s.slug = 'bo-daughters';
select is(tests.refusal($$ select public.set_seller_status(gen_random_uuid(), 'active') $$),
  'PT404 seller_not_found', 'a seller must exist');
select tests.act_as('bo');
select ok('seller' = any (array(select public.my_roles())), 'who then has the role');
select is(
  tests.refusal($$ insert into public.products (seller_id, sku, title)
    select s.id, 'B-1', 'Bench' from public.sellers s where s.slug = 'bo-daughters' $$),
  'accepted', 'and offers products'
);
update public.sellers set description = 'Benches, mostly.' where slug = 'bo-daughters';
update public.sellers set description = 'Mallory' where slug = 'sol-and-co';
select tests.act_as('anon');
select results_eq(
  $$ select s.slug, s.description from public.sellers s where s.slug ~ '^(bo|sol)-' order by s.slug $$,
  $$ values ('bo-daughters', 'Benches, mostly.'), ('sol-and-co', '') $$,
  'everybody sees admitted sellers, described by themselves only'
);
select is(tests.refusal('select * from public.seller_members'),
  '42501 permission denied for table seller_members', 'who works where is not public');
select tests.act_as('zoe');
select is((select count(*) from public.seller_members), 1::bigint, 'nor seen by other sellers');

-- Suspension

select tests.act_as('mod');
select public.set_seller_status(md5('seller sol')::uuid, 'suspended') is not null as done;
select tests.act_as('anon');
select is_empty($$ select * from public.product_listing l where l.title = 'Chest' $$,
  'the products of a suspended seller leave the shop');
select is_empty($$ select * from public.products p where p.title = 'Chest' $$,
  'by whatever way one looks for them');
select tests.act_as('sol');
select is(
  tests.refusal($$ update public.products set status = 'active' where sku = 'P-chest' $$),
  'accepted', 'who tries to put them back'
);
select is((select p.status::text from public.products p where p.sku = 'P-chest'), 'archived',
  'changes nothing');
select tests.act_as('mod');
select is(tests.refusal($$ update public.products set status = 'active' where sku = 'P-chest' $$),
  'PT409 seller_not_active', 'and even an admin first readmits the seller');
select public.set_seller_status(md5('seller sol')::uuid, 'active') is not null as done;
select tests.act_as('anon');
select is((select l.in_stock from public.product_listing l where l.title = 'Chest'), true,
  'with whom the products come back');

select * from finish();
rollback;
