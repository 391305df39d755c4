begin;
\ir helpers.psql
select plan(49);

select tests.a_product('kettle', 2500, 10);
select tests.a_product('chest', 9000, 4, 'sol');
insert into public.products (id, sku, title, seller_id)
values (md5('product draft')::uuid, 'P-draft', 'Draft of a chest', md5('seller sol')::uuid);
insert into public.product_variants (id, product_id, sku)
values (tests.variant('draft'), md5('product draft')::uuid, 'V-draft');
insert into public.variant_prices (variant_id, currency, amount)
values (tests.variant('draft'), 'GBP', 1000);
insert into public.product_media (product_id, path) values (md5('product draft')::uuid, 'draft.svg');
insert into public.product_options (product_id, name) values (md5('product draft')::uuid, 'Size');

-- Who sees what

create function tests.sees(what text) returns boolean
language plpgsql
as $$
declare
  v_count integer;
begin
  execute format(
    case what
      when 'products' then 'select count(*) from public.products x where x.id = %L'
      when 'variant_prices' then
        'select count(*) from public.variant_prices x where x.variant_id = %2$L'
      else 'select count(*) from public.' || what || ' x where x.product_id = %L'
    end,
    md5('product draft')::uuid, tests.variant('draft')
  ) into v_count;
  return v_count > 0;
end;
$$;

select tests.act_as(seat) from (values ('anon')) s (seat);
select is(tests.sees(t), false, format('who is not signed in sees no draft in %s', t))
from unnest(array['products', 'product_variants', 'product_media', 'product_options',
  'variant_prices', 'variant_stock', 'product_listing']) t;
select tests.act_as('ada');
select is(tests.sees(t), false, format('a customer sees no draft in %s', t))
from unnest(array['products', 'product_variants', 'product_media', 'product_options',
  'variant_prices', 'variant_stock', 'product_listing']) t;
select tests.act_as('zoe');
select is(tests.sees('products'), false, 'another seller sees no draft');
select tests.act_as('sol');
select is(tests.sees(t), true, format('its seller sees a draft in %s', t))
from unnest(array['products', 'product_variants', 'product_media', 'variant_prices']) t;
select tests.act_as('kit');
select is(tests.sees('products'), true, 'support sees a draft');
select tests.act_as('anon');
select is((select count(*) from public.products p where p.sku in ('P-kettle', 'P-chest')), 2::bigint,
  'everybody sees what is for sale');

-- Who writes what

select tests.act_as('ada');
select is(tests.refusal($$ insert into public.products (sku, title) values ('X', 'X') $$),
  '42501 new row violates row-level security policy for table "products"',
  'customers offer nothing');
select is(tests.refusal($$ insert into public.product_media (product_id, path)
  values (md5('product kettle')::uuid, 'x.svg') $$),
  '42501 new row violates row-level security policy for table "product_media"',
  'nor hang pictures');
select is(tests.refusal($$ insert into public.categories (name, slug) values ('X', 'x') $$),
  '42501 new row violates row-level security policy for table "categories"', 'nor categories');
select tests.act_as('sol');
select is(tests.refusal($$ insert into public.products (sku, title) values ('X', 'X') $$),
  '42501 new row violates row-level security policy for table "products"',
  'a seller offers nothing in the shop''s name');
select is(tests.refusal($$ insert into public.products (sku, title, seller_id)
  values ('X', 'X', md5('seller zoe')::uuid) $$),
  '42501 new row violates row-level security policy for table "products"',
  'nor in another seller''s');
select is(tests.refusal($$ insert into public.products (sku, title, seller_id, is_featured)
  values ('X', 'X', md5('seller sol')::uuid, true) $$),
  'PT403 forbidden', 'nor features it');
select is(tests.refusal($$ update public.products set rating_average = 5 $$),
  '42501 permission denied for table products', 'nor rates it');
select is(tests.refusal($$ delete from public.products $$),
  '42501 permission denied for table products', 'nothing is deleted');
update public.products set title = 'Mallory' where sku = 'P-kettle';
update public.products set title = 'Sea Chest', slug = 'sea-chest' where sku = 'P-chest';
select is(
  (select array_agg(p.title order by p.title) from public.products p
    where p.sku in ('P-chest', 'P-kettle')),
  '{Kettle,Sea Chest}', 'a seller edits what is theirs, and only that'
);
select is((select r.product_id from public.product_slug_redirects r where r.old_slug = 'chest'),
  md5('product chest')::uuid, 'the old address of a product leads on');
update public.products set slug = 'chest' where sku = 'P-chest';
select is(
  (select array_agg(r.old_slug) from public.product_slug_redirects r), '{sea-chest}',
  'an address taken back is one no longer'
);
select is((select p.version from public.products p where p.sku = 'P-chest') > 2, true,
  'every edit counts up the version');
with edit as (
  update public.products set title = 'Too late' where sku = 'P-chest' and version = 1 returning 1
)
select is((select count(*) from edit), 0::bigint, 'so an edit of an old version meets nothing');

-- Slugs

select tests.act_as('mod');
insert into public.products (sku, title) values
  ('S-1', 'Crème Brûlée & Thé'), ('S-2', 'Creme brulee the'), ('S-3', '日本茶');
select results_eq(
  $$ select p.slug from public.products p where p.sku ~ '^S-' order by p.sku $$,
  $$ values ('creme-brulee-the'), ('creme-brulee-the-s-2'), ('item') $$,
  'slugs are made from titles, and each is one product''s'
);

-- Variants

select is(
  tests.refusal($$ update public.products set status = 'active' where sku = 'S-1';
    set constraints all immediate $$),
  'PT409 product_without_variant', 'what is for sale has a variant'
);
set constraints all deferred;
select is(
  tests.refusal($$ update public.product_variants set is_active = false where sku = 'V-kettle';
    set constraints all immediate $$),
  'PT409 product_without_variant', 'the last variant stays on sale while its product does'
);
set constraints all deferred;
insert into public.product_options (product_id, name, position)
select p.id, o.name, o.position
from public.products p, (values ('Size', 1), ('Colour', 2)) o (name, position) where p.sku = 'S-1';
insert into public.product_variants (product_id, sku, options)
select p.id, 'S-1-M', '{"Colour": "Red", "Size": "M"}' from public.products p where p.sku = 'S-1';
select is((select v.title from public.product_variants v where v.sku = 'S-1-M'), 'M / Red',
  'a variant is titled by its options in their order');
select matches(tests.refusal($$ insert into public.product_variants (product_id, sku, options)
  select p.id, 'S-1-N', '{"Size": "M", "Colour": "Red"}' from public.products p where p.sku = 'S-1' $$),
  '^23505', 'two variants of a product differ in an option');
select matches(tests.refusal($$ insert into public.product_variants (product_id, sku, options)
  select p.id, 'S-1-O', '{"Size": 5}' from public.products p where p.sku = 'S-1' $$),
  '^23514', 'options are words');
select is((select s.available from public.variant_stock s
  join public.product_variants v on v.id = s.variant_id where v.sku = 'S-1-M'), 0,
  'a new variant has a stock of none');

-- Categories

select tests.act_as('owner');
insert into public.categories (id, parent_id, name, slug) values
  (md5('a')::uuid, null, 'A', 'a'), (md5('b')::uuid, md5('a')::uuid, 'B', 'b'),
  (md5('c')::uuid, md5('b')::uuid, 'C', 'c');
select tests.act_as('mod');
update public.products set category_id = md5('c')::uuid where sku = 'P-kettle';
select is((select c.path || c.level::text from public.categories c where c.slug = 'c'), '{a,b,c,2}',
  'a category knows its way from the root');
select is((select l.title from public.product_listing l where l.category_slugs @> '{a}'), 'Kettle',
  'a category lists what stands below it');
select is(
  tests.refusal($$ update public.categories set parent_id = md5('c')::uuid where slug = 'a' $$),
  'PT409 category_cycle', 'a category cannot stand below itself'
);
select is(
  tests.refusal($$ update public.categories set parent_id = id where slug = 'a' $$),
  'PT409 category_cycle', 'nor in itself'
);
update public.categories set parent_id = null, slug = 'bee' where slug = 'b';
select is((select c.path from public.categories c where c.slug = 'c'), '{bee,c}',
  'what stands below moves along');
select is((select l.category_slugs from public.product_listing l where l.title = 'Kettle'),
  '{bee,c}', 'and so does what is listed');
select matches(tests.refusal($$ delete from public.categories where slug = 'c' $$), '^23(503|001)',
  'a category in use is not deleted');
select tests.act_as('anon');
select is((select count(*) from public.categories c where c.slug in ('a', 'bee', 'c')), 3::bigint,
  'everybody sees the categories');

select * from finish();
rollback;
