begin;
\ir helpers.psql
select plan(34);

select tests.a_product('kettle', 2500, 10);
select tests.a_product('chest', 9000, 4, 'sol');

create function tests.price(name text, at timestamptz default now()) returns text
language sql
as $$
  select concat_ws(' ', p.amount, p.base_amount, p.kind)
  from private.effective_prices(array[tests.variant(name)], 'GBP', at) p
$$;

select is(tests.price('kettle'), '2500 2500 base', 'a variant costs its base price');
select tests.act_as('mod');
select is((public.set_price(tests.variant('kettle'), 2600)).amount, 2600::bigint, 'an admin sets it');
select is((public.set_price(tests.variant('kettle'), 1900, 'sale', now() - interval '1 hour',
  now() + interval '1 hour')).kind::text, 'sale', 'and a sale');
select is((public.set_price(tests.variant('kettle'), 1500, 'sale', now() + interval '1 day',
  now() + interval '2 days')).amount, 1500::bigint, 'and the next one');
select tests.act_as('owner');
select is(tests.price('kettle'), '1900 2600 sale', 'while a sale runs its price counts');
select is(tests.price('kettle', now() + interval '90 minutes'), '2600 2600 base',
  'between sales the base price does');
select is(tests.price('kettle', now() + interval '2 days'), '2600 2600 base',
  'a sale is over at its end');
select is(tests.price('kettle', now() + interval '1 day'), '1500 2600 sale',
  'and has begun at its beginning');
select is_empty($$ select * from private.effective_prices(array[tests.variant('kettle')], 'JPY') $$,
  'in a currency without a price it is not for sale');
select results_eq(
  $$ select l.price, l.base_price, l.is_on_sale, l.price_changes_at
    from public.product_listing l where l.title = 'Kettle' $$,
  $$ values (1900::bigint, 2600::bigint, true, now() + interval '1 hour') $$,
  'the listing shows it, and when it changes'
);

select tests.act_as('mod');
select is(tests.refusal(format('select public.set_price(tests.variant(''kettle''), %s)', w.args)),
  w.refusal, w.story)
from (values
  ($$ 1800, 'sale', now(), null $$, 'PT409 sale_overlaps', 'sales do not overlap'),
  ($$ 2600, 'sale', now() + interval '9 days' $$, 'PT422 invalid_input amount',
    'a sale is below the base price'),
  ($$ 0 $$, 'PT422 invalid_input amount', 'a price is above nothing'),
  ($$ -5 $$, 'PT422 invalid_input amount', 'and not negative'),
  ($$ null $$, 'PT422 invalid_input amount', 'and said'),
  ($$ 1000000000000 $$, 'PT422 invalid_input amount', 'and not absurd'),
  ($$ 100, 'base', now() $$, 'PT422 invalid_input starts_at', 'a base price has no window'),
  ($$ 100, 'sale', now(), now() $$, 'PT422 invalid_input ends_at', 'a sale ends after it starts'),
  ($$ 100, 'base', currency => 'XXX' $$, 'PT422 invalid_input currency', 'a currency must exist')
) as w (args, refusal, story);
select is(tests.refusal('select public.set_price(gen_random_uuid(), 100)'), 'PT404 variant_not_found',
  'a variant must exist');
select public.set_price(tests.variant('kettle'), null, 'sale') is null as ended;
select tests.act_as('owner');
select is(tests.price('kettle'), '2600 2600 base', 'sales can be ended');
select is((select count(*) from public.variant_prices p where p.variant_id = tests.variant('kettle')),
  1::bigint, 'all of them');

select tests.act_as('sol');
select is((public.set_price(tests.variant('chest'), 8000)).amount, 8000::bigint,
  'a seller prices their own');
select is(tests.refusal($$ select public.set_price(tests.variant('kettle'), 1) $$),
  'PT404 variant_not_found', 'and nobody else''s');
select tests.act_as('ada');
select is(tests.refusal($$ select public.set_price(tests.variant('kettle'), 1) $$),
  'PT403 forbidden', 'customers price nothing');
select is(tests.refusal('update public.variant_prices set amount = 1'),
  '42501 permission denied for table variant_prices', 'not even by writing the table');
select tests.act_as('kit');
select is(tests.refusal($$ select public.set_price(tests.variant('kettle'), 1) $$),
  'PT403 forbidden', 'nor does support');

-- Tax and shipping

select tests.act_as('ada');
select is(tests.refusal($$ insert into public.tax_rates (country, rate_bp, name) values ('GB', 0, 'None') $$),
  '42501 new row violates row-level security policy for table "tax_rates"', 'customers set no tax');
update public.shipping_methods set price = 0;
select tests.act_as('mod');
select is((select min(m.price) > 0 from public.shipping_methods m), true, 'nor make shipping free');
select tests.act_as('owner');
insert into public.shipping_zones (id, name, countries) values (md5('z')::uuid, 'Lowlands', '{AQ,BV}');
select tests.act_as('mod');
select is(tests.refusal($$ insert into public.shipping_zones (name, countries) values ('X', '{BV}') $$),
  'PT409 country_in_two_zones', 'a country is in one zone');
select is(tests.refusal($$ insert into public.shipping_zones (name, countries) values ('X', '{XX}') $$),
  'PT422 invalid_input countries', 'which lists countries that exist');
select matches(tests.refusal($$ insert into public.shipping_zones (name) values ('X') $$), '^23505',
  'one zone is the rest of the world');
select tests.act_as('owner');
select is(private.shipping_zone_of('BV'), md5('z')::uuid, 'a country finds its zone');
select is(
  (select count(*) from public.countries c where not exists (
    select from public.shipping_methods m where m.zone_id = private.shipping_zone_of(c.code)
  ) and c.code not in ('AQ', 'BV')),
  0::bigint, 'and every country has a way to ship'
);

select * from finish();
rollback;
