begin;
\ir helpers.psql
select plan(28);

select tests.a_product('kettle', 2500, 10);
select tests.a_product('chest', 9000, 0, 'sol');

-- A field of a product's listing row as text.
create function tests.listed(thing text, field text) returns text
language sql
as $$
  select to_jsonb(l) #>> string_to_array(field, '.')
  from public.product_listing l where l.product_id = md5('product ' || thing)::uuid
$$;

select is(tests.listed('kettle', 'title'), 'Kettle', 'what is for sale is listed');
select is(tests.listed('kettle', 'price'), '2500', 'with its price');
select is(tests.listed('kettle', 'in_stock'), 'true', 'and whether there is any');
select is(tests.listed('chest', 'in_stock'), 'false', 'or not');
select is(tests.listed('chest', 'seller_name'), 'Sol and Co', 'and who sells it');

insert into public.product_variants (id, product_id, sku, options, position)
select tests.variant('kettle-red'), md5('product kettle')::uuid, 'V-kettle-red', '{"Colour": "Red"}', 1;
select is(tests.listed('kettle', 'variant_count'), '1', 'a variant without a price is not for sale');
insert into public.variant_prices (variant_id, currency, amount)
values (tests.variant('kettle-red'), 'GBP', 2900);
select is(tests.listed('kettle', 'variants.1.options.Colour'), 'Red', 'a variant with a price is');
select is(tests.listed('kettle', 'price') || '-' || tests.listed('kettle', 'price_max'), '2500-2900',
  'prices span the variants');
select is(tests.listed('kettle', 'attributes.Colour'), '["Red"]', 'options can be filtered by');
update public.products
set specifications = '{"Material": ["Steel", "Beech"], "Litres": 2}', tags = '{camping}'
where sku = 'P-kettle';
select is(tests.listed('kettle', 'attributes'),
  '{"Colour": ["Red"], "Litres": ["2"], "Material": ["Beech", "Steel"]}', 'and so can specifications');
update public.product_variants set is_active = false where id = tests.variant('kettle-red');
select is(tests.listed('kettle', 'price_max'), '2500', 'a variant taken off sale is gone');

insert into public.product_media (product_id, path, alt, position)
values (md5('product kettle')::uuid, 'b.svg', 'Back', 2), (md5('product kettle')::uuid, 'a.svg', 'Front', 1);
select is(tests.listed('kettle', 'image'), 'a.svg', 'the first picture stands for the product');
delete from public.product_media where path = 'a.svg';
select is(tests.listed('kettle', 'images'), '[{"alt": "Back", "path": "b.svg"}]', 'pictures follow');

insert into public.brands (id, name, slug) values (md5('brand')::uuid, 'Késtrel', 'kestrel');
update public.products set brand_id = md5('brand')::uuid where sku = 'P-kettle';
update public.brands set name = 'Kestrél Enamel' where slug = 'kestrel';
select is(tests.listed('kettle', 'brand'), 'Kestrél Enamel', 'a renamed brand is renamed here');
select is(
  (select array_agg(l.title) from public.product_listing l
    where l.search @@ websearch_to_tsquery('english', 'kestrel camping kettles')),
  '{Kettle}', 'text search knows title, brand and tags, word forms and accents'
);

-- What it does not do

select set_config('tests.version', tests.listed('kettle', 'version'), true) is not null as noted;
select private.refresh_listing(array[md5('product kettle')::uuid]);
select is(tests.listed('kettle', 'version'), current_setting('tests.version'),
  'building a row anew that is the same changes nothing');
update public.stock_levels set reserved = 9 where variant_id = tests.variant('kettle');
select is(tests.listed('kettle', 'version'), current_setting('tests.version'),
  'nor does an order, while there is stock');
update public.stock_levels set reserved = 10 where variant_id = tests.variant('kettle');
select is(tests.listed('kettle', 'in_stock'), 'false', 'selling out does');
select ok(tests.listed('kettle', 'version')::bigint > current_setting('tests.version')::bigint,
  'and every change counts up the version');
update public.stock_levels set reserved = 0 where variant_id = tests.variant('kettle');

update public.products set status = 'archived' where sku = 'P-kettle';
select is(tests.listed('kettle', 'title'), null, 'what is archived is not listed');
update public.products set status = 'active' where sku = 'P-kettle';
select is(tests.listed('kettle', 'title'), 'Kettle', 'until it is back');

-- Time passes

select private.set_price(tests.variant('kettle'), 2000, 'sale', null, now() + interval '1 hour');
update public.variant_prices set ends_at = now() - interval '1 second'
where variant_id = tests.variant('kettle') and kind = 'sale';
update public.product_listing
set price = 2000, is_on_sale = true, price_changes_at = now() - interval '1 second'
where title = 'Kettle';
select is(private.refresh_due_listings(), 1, 'when a sale ends its product is due');
select is(tests.listed('kettle', 'price'), '2500', 'and costs its base price again');
select is(private.refresh_due_listings(), 0, 'once');
select private.lock_stock(array[tests.variant('kettle')]);
insert into public.stock_movements (variant_id, warehouse_id, quantity, reason)
select tests.variant('kettle'), w.id, -3, 'sold' from public.warehouses w where w.code = 'MAIN';
select private.refresh_due_listings();
select is(tests.listed('kettle', 'sold_count'), '3', 'what was shipped is counted');

update public.shop_settings set currency = 'JPY';
select is(tests.listed('kettle', 'title'), null, 'a shop in another currency lists what has a price in it');
update public.shop_settings set currency = 'GBP';

select tests.act_as('anon');
select is((select count(*) from public.product_listing l where l.title in ('Kettle', 'Chest')),
  2::bigint, 'everybody reads the listing');
select is(tests.refusal('update public.product_listing set price = 1'),
  '42501 permission denied for table product_listing', 'and nobody writes it');

select * from finish();
rollback;
