begin;
\ir helpers.psql
select plan(55);

select tests.a_product('chest', 9000, 5, 'sol');

create function tests.import(rows jsonb) returns text
language sql
as $$
  select (r ->> 'created') || ' created, ' || (r ->> 'updated') || ' updated, '
    || (r ->> 'unchanged') || ' unchanged, ' || jsonb_array_length(r -> 'errors') || ' wrong'
  from public.import_products(rows) r
$$;
create function tests.wrong(rows jsonb) returns text
language sql
as $$
  select coalesce(string_agg((e.value ->> 'row') || ' ' || (e.value ->> 'field'), ', '), 'nothing')
  from jsonb_array_elements(public.import_products(rows) -> 'errors') e (value)
$$;

create function tests.catalogue() returns jsonb
language sql
as $$
  select '[
    {"sku": "I-MUG", "title": "Enamel Mug", "price": 1200, "list_price": 1500, "sale_price": 990,
     "category": "Kitchen > Drinking > Mugs", "brand": "Kestrel", "stock": 20, "image": "mug.svg",
     "images": ["mug.svg", "mug-2.svg"], "tags": ["gift"], "features": ["Light"], "barcode": "5012345678900",
     "weight_grams": 180, "description": "A mug.", "specifications": {"Material": "Steel"},
     "dimensions": {"height": 90}, "slug": "the-mug"},
    {"sku": "I-TEE-M", "parent_sku": "I-TEE", "title": "Tee", "price": 3000, "stock": 4, "options": {"Size": "M"}},
    {"sku": "I-TEE-L", "parent_sku": "I-TEE", "title": "Tee", "price": 3200, "options": {"Size": "L"}, "image": "l.svg"},
    {"sku": 10002, "title": "Globe", "price": 85, "category": "Globes"},
    {"sku": "I-OLD", "title": "Globe", "price": 85, "category": "globes", "status": "draft", "brand": "KESTREL"}
  ]'::jsonb
$$;
-- Who

select tests.act_as('anon');
select is(tests.refusal($$ select public.import_products('[]') $$),
  '42501 permission denied for function import_products', 'importing needs an account');
select tests.act_as('ada');
select is(tests.refusal($$ select public.import_products('[]') $$), 'PT403 forbidden',
  'and not a customer''s');
select tests.act_as('kit');
select is(tests.refusal($$ select public.import_products('[]') $$), 'PT403 forbidden', 'nor support''s');

-- A catalogue

select tests.act_as('mod');
select is(tests.refusal($$ select public.import_products('{}') $$), 'PT422 invalid_input rows',
  'rows are a list');
select is(
  tests.refusal($$ select public.import_products((
    select jsonb_agg(jsonb_build_object('sku', n)) from generate_series(1, 1001) n)) $$),
  'PT422 invalid_input rows', 'of at most 1000'
);
select is(tests.import('[]'), '0 created, 0 updated, 0 unchanged, 0 wrong', 'nothing is fine');

select is(tests.import(tests.catalogue()), '5 created, 0 updated, 0 unchanged, 0 wrong',
  'new skus are created');
select results_eq(
  $$ select l.slug, l.title, l.brand, l.category_slugs, l.price, l.base_price, l.list_price, l.in_stock,
      l.image, jsonb_array_length(l.images), l.attributes
    from public.product_listing l where l.slug = 'the-mug' $$,
  $$ values ('the-mug', 'Enamel Mug', 'Kestrel', '{kitchen,drinking,mugs}'::text[], 990::bigint,
    1200::bigint, 1500::bigint, true, 'mug.svg', 2, '{"Material": ["Steel"]}'::jsonb) $$,
  'with everything that was said'
);
select results_eq(
  $$ select v.sku, v.title, v.options, v.is_default, s.available
    from public.product_variants v
    join public.products p on p.id = v.product_id
    join public.variant_stock s on s.variant_id = v.id
    where p.sku = 'I-TEE' order by v.position $$,
  $$ values ('I-TEE-M', 'M', '{"Size": "M"}'::jsonb, true, 4), ('I-TEE-L', 'L', '{"Size": "L"}', false, 0) $$,
  'rows of one parent are variants of one product'
);
select is(
  (select m.path || ' ' || m.alt from public.product_media m
    join public.product_variants v on v.id = m.variant_id where v.sku = 'I-TEE-L'),
  'l.svg Tee, L', 'the picture of a later row is its variant''s'
);
select is(
  (select array_agg(p.slug order by p.slug) from public.products p where p.title = 'Globe'),
  '{globe,globe-i-old}', 'products of one title have slugs of their own'
);
select is((select count(*) from public.categories c where lower(c.name) = 'globes'), 1::bigint,
  'a category is found whatever its case');
select is((select count(*) from public.brands b where lower(b.name) = 'kestrel'), 1::bigint,
  'and so is a brand');
select is((select p.published_at from public.products p where p.sku = 'I-OLD'), null, 'a draft stays one');
select results_eq(
  $$ select m.quantity, m.reason::text, m.actor_id from public.stock_movements m
    join public.product_variants v on v.id = m.variant_id where v.sku = 'I-MUG' $$,
  $$ values (20, 'imported', tests.user_id('mod')) $$, 'stock comes with its movement'
);

-- Again

select set_config('tests.before', (select string_agg(l.version::text, ' ' order by l.slug)
  from public.product_listing l), true) is not null as noted;
select is(tests.import(tests.catalogue()), '0 created, 0 updated, 5 unchanged, 0 wrong',
  'the same rows again change nothing');
select is((select string_agg(l.version::text, ' ' order by l.slug) from public.product_listing l),
  current_setting('tests.before'), 'really nothing');
select is(tests.import('[{"sku": "I-TEE-L", "parent_sku": "I-TEE", "title": "Long Tee", "price": 3200}]'),
  '0 created, 0 updated, 1 unchanged, 0 wrong', 'a later row does not retitle the product');
select is(tests.import(format('[%s]', w.row)::jsonb), '0 created, 1 updated, 0 unchanged, 0 wrong', w.story)
from (values
  ('{"sku": "I-MUG", "title": "Steel Mug"}', 'a title can change'),
  ('{"sku": "I-MUG", "price": 1300}', 'a price can'),
  ('{"sku": "I-MUG", "sale_price": 980}', 'a sale price can'),
  ('{"sku": "I-MUG", "stock": 7}', 'stock can'),
  ('{"sku": "I-MUG", "images": ["mug-3.svg"]}', 'pictures can'),
  ('{"sku": "I-MUG", "category": "Kitchen"}', 'a category can'),
  ('{"sku": "I-MUG", "brand": "Other"}', 'a brand can'),
  ('{"sku": "I-MUG", "tags": []}', 'tags can go'),
  ('{"sku": "I-MUG", "barcode": "5012345678917"}', 'a barcode can change'),
  ('{"sku": "I-MUG", "slug": "steel-mug"}', 'a slug can'),
  ('{"sku": "I-TEE-L", "parent_sku": "I-TEE", "options": {"Size": "XL"}}', 'options can')
) as w (row, story);
select results_eq(
  $$ select l.slug, l.title, l.price, l.base_price, l.image, l.category_slug, l.tags
    from public.product_listing l
    join public.products p on p.id = l.product_id where p.sku = 'I-MUG' $$,
  $$ values ('steel-mug', 'Steel Mug', 980::bigint, 1300::bigint, 'mug-3.svg', 'kitchen', '{}'::text[]) $$,
  'what was not said stayed, what was said came'
);
select is((select v.title from public.product_variants v where v.sku = 'I-TEE-L'), 'XL',
  'a variant is titled by its new options');
select is(tests.import('[{"sku": "I-TEE-S", "parent_sku": "I-TEE", "price": 2900, "options": {"Size": "S"}}]'),
  '1 created, 0 updated, 0 unchanged, 0 wrong', 'a variant can join later');

-- Bad rows

select is(tests.wrong(format('[%s]', w.row)::jsonb), w.fields, w.story)
from (values
  ('7', '0 row', 'a row is an object'),
  ('{"title": "X", "price": 5}', '0 sku', 'a row has a sku'),
  ('{"sku": "N-1", "price": 5}', '0 title', 'a new product has a title'),
  ('{"sku": "N-1", "title": "X"}', '0 price', 'and a price'),
  ('{"sku": "N-1", "title": " ", "price": 0, "stock": -1, "status": "sold", "options": [], "tags": "x"}',
    '0 options, 0 price, 0 status, 0 stock, 0 tags, 0 title', 'every bad field is named'),
  ('{"sku": "N-1", "title": "X", "price": "5"}', '0 price', 'a price is a number'),
  ('{"sku": "N-1", "title": "X", "price": 5.5}', '0 price', 'and whole'),
  ('{"sku": "N-1", "title": "X", "price": 5e30}', '0 price', 'and has an end'),
  ('{"sku": "N-1", "title": "X", "price": 5, "sale_price": 5}', '0 sale_price', 'a sale price is lower'),
  ('{"sku": "N-1", "title": "X", "price": 5, "prise": 4}', '0 prise', 'an unknown field is not swallowed'),
  ('{"sku": "N-1", "title": "X", "price": 5, "currency": "XXX"}', '0 currency', 'a currency exists'),
  ('{"sku": "N-1", "title": "X", "price": 5, "category": "A > > B"}', '0 category',
    'a category path has no holes'),
  ('{"sku": "N-1", "title": "X", "price": 5, "slug": "steel-mug"}', '0 slug', 'a slug is one product''s'),
  ('{"sku": "I-TEE", "title": "X", "price": 5}', '0 parent_sku', 'a parent is not sold as itself'),
  ('{"sku": "I-TEE-M", "title": "X", "price": 5}', '0 parent_sku', 'a variant keeps its parent'),
  ('{"sku": "I-TEE-Z", "parent_sku": "I-TEE", "price": 5, "options": {"Size": "S"}}', '0 options',
    'options are one variant''s'),
  ('{"sku": "V-chest", "parent_sku": "P-chest", "price": 5}', '0 sku', 'a seller''s product is theirs'),
  ('{"sku": "N-1", "parent_sku": "P-chest", "title": "X", "price": 5, "options": {"Size": "S"}}', '0 parent_sku',
    'and no place for others')
) as w (row, fields, story);
select is(
  public.import_products('[
    {"sku": "D-1", "title": "First", "price": 5}, {"sku": "D-1", "title": "Second", "price": 6},
    {"sku": "D-2", "title": "", "price": 5}, {"sku": "D-3", "title": "Third", "price": 7}]'),
  '{"created": 2, "updated": 0, "unchanged": 0, "errors": [
    {"row": 1, "sku": "D-1", "field": "sku", "message": "The same sku stands in an earlier row."},
    {"row": 2, "sku": "D-2", "field": "title", "message": "From 1 to 300 characters."}]}',
  'good rows are done, bad ones named, of two with one sku the first counts'
);
select tests.act_as('owner');
update public.stock_levels set reserved = 3 where variant_id = tests.variant('chest');

-- Sellers

select tests.act_as('sol');
select is(
  tests.wrong('[
    {"sku": "V-chest", "parent_sku": "P-chest", "stock": 2}, {"sku": "I-MUG", "price": 5},
    {"sku": "Z-1", "title": "Stool", "price": 500, "category": "New things"},
    {"sku": "Z-2", "title": "Bench", "price": 500, "category": "Kitchen"}]'),
  '0 stock, 1 sku, 2 category',
  'a seller keeps to their own products, the shop''s categories, and what orders have reserved'
);
select is((select p.seller_id from public.products p where p.sku = 'Z-2'), md5('seller sol')::uuid,
  'what a seller imports is the seller''s');
select tests.act_as('zoe');
select is(tests.wrong('[{"sku": "Z-2", "price": 1}]'), '0 sku', 'and not another''s');
select tests.act_as('service');
select is(tests.import('[{"sku": "K-1", "title": "By key", "price": 1}]'),
  '1 created, 0 updated, 0 unchanged, 0 wrong', 'the secret key imports for the shop');

select * from finish();
rollback;
