begin;
\ir helpers.psql
select plan(68);

-- Profiles

select is(
  (select count(*) from public.profiles p where p.user_id in (tests.user_id('ada'), tests.user_id('gil'))),
  2::bigint, 'everybody who signs up has a profile, guests too'
);
select is(
  (select array_agg(r.role) from private.user_roles r where r.user_id = tests.user_id('ada')),
  '{customer}', 'everybody who signs up is a customer'
);
insert into auth.users (id, email, raw_user_meta_data)
values (tests.user_id('nell'), 'nell@example.test', jsonb_build_object('full_name', repeat('n', 900)));
select is(
  (select char_length(p.full_name) from public.profiles p where p.user_id = tests.user_id('nell')),
  200, 'no name that a sign-up form sends can make the sign-up fail'
);

select tests.act_as('anon');
select is(tests.refusal('select * from public.profiles'),
  '42501 permission denied for table profiles', 'nobody reads profiles without signing in');

select tests.act_as('ada');
select is((select count(*) from public.profiles), 1::bigint, 'a customer reads one profile');
update public.profiles set full_name = 'Ada Byron', currency = 'EUR', phone = '+44 20 7946 0018';
select is((select p.full_name from public.profiles p), 'Ada Byron', 'a customer edits it');
select is(
  tests.refusal('update public.profiles set user_id = tests.user_id(''bo'')'),
  '42501 permission denied for table profiles', 'a profile cannot be given away'
);
select matches(
  tests.refusal($$ update public.profiles set notification_preferences = '{"email": true}' $$),
  '^23514', 'notification preferences are switches by channel and kind'
);
select lives_ok(
  $$ update public.profiles set notification_preferences = '{"email": {"orders": false}}' $$,
  'a switch can be turned off'
);
select matches(
  tests.refusal($$ update public.profiles set phone = 'call me' $$), '^23514',
  'a phone number looks like one'
);
select tests.act_as('bo');
update public.profiles set full_name = 'Mallory' where user_id = tests.user_id('ada');
select tests.act_as('kit');
select is(
  (select p.full_name from public.profiles p where p.user_id = tests.user_id('ada')), 'Ada Byron',
  'support reads every profile, and nobody else has changed this one'
);
update public.profiles set full_name = 'Kit was here' where user_id = tests.user_id('ada');
select tests.act_as('owner');
select is(
  (select p.full_name from public.profiles p where p.user_id = tests.user_id('ada')), 'Ada Byron',
  'not even support edits it'
);

-- Addresses

select tests.act_as('ada');
insert into public.addresses (full_name, line1, city, postal_code, country, is_default_shipping)
values ('  Ada   Byron ', '12 St James''s Square', 'London', ' sw1y 4lb ', 'gb', true);
select is(
  (select concat_ws('|', a.full_name, a.postal_code, a.country) from public.addresses a),
  'Ada Byron|SW1Y 4LB|GB', 'an address is trimmed and put in order'
);
select is((select a.user_id from public.addresses a), tests.user_id('ada'), 'it is its writer''s');
insert into public.addresses
  (full_name, line1, city, postal_code, country, is_default_shipping, is_default_billing)
values ('Ada Byron', '1 Rue de Rivoli', 'Paris', '75001', 'FR', true, true);
select is(
  (select string_agg(a.city, ', ') from public.addresses a where a.is_default_shipping), 'Paris',
  'making one address the default unmakes the other'
);
update public.addresses set is_default_shipping = true where city = 'London';
select results_eq(
  'select a.city, a.is_default_shipping, a.is_default_billing from public.addresses a order by a.city',
  $$ values ('London', true, false), ('Paris', false, true) $$,
  'shipping and billing defaults move apart from each other'
);

select is(
  tests.refusal(format(
    'insert into public.addresses (full_name, line1, city, region, postal_code, country, phone)
     values (%L, %L, %L, %s, %L, %L, %s)',
    w.full_name, w.line1, w.city, quote_nullable(w.region), w.postal_code, w.country,
    quote_nullable(w.phone)
  )),
  'PT422 invalid_input ' || w.field, w.story
)
from (values
  ('', '1 High Street', 'London', null, 'SW1Y 4LB', 'GB', null, 'full_name', 'a name is needed'),
  ('Ada', '  ', 'London', null, 'SW1Y 4LB', 'GB', null, 'line1', 'a street is needed'),
  ('Ada', '1 High Street', '', null, 'SW1Y 4LB', 'GB', null, 'city', 'a town is needed'),
  ('Ada', '1 High Street', 'London', null, 'SW1Y 4LB', 'XX', null, 'country', 'a country must exist'),
  ('Ada', '1 High Street', 'London', null, '75001', 'GB', null, 'postal_code',
    'a British postcode looks like one'),
  ('Ada', '1 High Street', 'Berlin', null, '1011', 'DE', null, 'postal_code',
    'a German postcode has five digits'),
  ('Ada', '1 High Street', 'Dublin', null, '', 'IE', null, 'postal_code',
    'where there are postcodes one is needed'),
  ('Ada', '1 High Street', 'Albany', null, '12207', 'US', null, 'region', 'a US address has a state'),
  ('Ada', '1 High Street', 'London', null, 'SW1Y 4LB', 'GB', 'none', 'phone',
    'a phone number has digits'),
  (repeat('a', 201), '1 High Street', 'London', null, 'SW1Y 4LB', 'GB', null, 'full_name',
    'a name has an end')
) as w (full_name, line1, city, region, postal_code, country, phone, field, story);
select is(
  tests.refusal($$ insert into public.addresses (full_name, line1, city, country)
    values ('Ada', 'Main Street', 'Nassau', 'BS') $$),
  'accepted', 'where there are no postcodes none is asked for'
);
select is(
  (select count(*) from public.countries c where c.postal_code_example !~ c.postal_code_pattern),
  0::bigint, 'the example of each country is a postcode there'
);
select ok((select count(*) > 240 from public.countries), 'all countries are there');

select tests.act_as('bo');
select is_empty('select * from public.addresses', 'nobody reads the addresses of somebody else');
delete from public.addresses;
update public.addresses set city = 'Mallory';
select is(
  tests.refusal($$ insert into public.addresses (user_id, full_name, line1, city, country)
    values (tests.user_id('ada'), 'Bo', 'Main Street', 'Nassau', 'BS') $$),
  '42501 new row violates row-level security policy for table "addresses"',
  'nobody writes into the address book of somebody else'
);
select tests.act_as('kit');
select is_empty('select * from public.addresses', 'support does not browse address books');
select tests.act_as('anon');
select is(tests.refusal('select * from public.addresses'),
  '42501 permission denied for table addresses', 'no addresses without signing in');
select tests.act_as('owner');
select is(
  (select string_agg(a.city, ', ' order by a.city) from public.addresses a
    where a.user_id in (tests.user_id('ada'), tests.user_id('bo'))),
  'London, Nassau, Paris',
  'and none was changed or deleted by them'
);
select throws_ok(
  $$ select private.check_address('{"full_name": 7}', 'shipping_address') $$,
  'PT422', 'invalid_input', 'an address from outside is checked by the same rules'
);
select is(
  tests.refusal($$ select private.check_address('{"full_name": 7}', 'shipping_address') $$),
  'PT422 invalid_input shipping_address.full_name', 'and the field is named with its place'
);

-- Roles

select tests.act_as('mod');
select is(
  array(select public.grant_role(tests.user_id('bo'), 'support')), '{customer,support}',
  'an admin gives a role'
);
select tests.act_as('bo');
select is(array(select public.my_roles()), '{customer,support}', 'everybody can ask for their roles');
select ok((select count(*) > 5 from public.profiles), 'the role works at once');
select tests.act_as('mod');
select is(
  array(select public.revoke_role(tests.user_id('bo'), 'support')), '{customer}',
  'an admin takes it back'
);
select tests.act_as('bo');
select is((select count(*) from public.profiles), 1::bigint, 'and it stops working at once');
select is(
  tests.refusal($$ select public.grant_role(tests.user_id('bo'), 'admin') $$),
  'PT403 forbidden', 'nobody makes themselves an admin'
);
select is(
  tests.refusal('insert into private.user_roles (user_id, role) values (tests.user_id(''bo''), ''admin'')'),
  '42501 permission denied for table user_roles', 'nor by writing the table'
);
select tests.act_as('kit');
select is(
  tests.refusal($$ select public.grant_role(tests.user_id('bo'), 'support') $$),
  'PT403 forbidden', 'support gives no roles'
);
select tests.act_as('mod');
select is(
  tests.refusal($$ select public.grant_role(gen_random_uuid(), 'support') $$),
  'PT404 user_not_found', 'a role goes to somebody who exists'
);
select tests.act_as('owner');
delete from private.user_roles r where r.role = 'admin' and r.user_id <> tests.user_id('mod');
select tests.act_as('mod');
select is(
  tests.refusal($$ select public.revoke_role(tests.user_id('mod'), 'admin') $$),
  'PT409 last_admin', 'the last admin stays'
);
select tests.act_as('service');
select is(
  array(select public.grant_role(tests.user_id('bo'), 'admin')), '{customer,admin}',
  'the secret key makes the first admin'
);
select tests.act_as('anon');
select is(tests.refusal('select public.my_roles()'),
  '42501 permission denied for function my_roles', 'who is not signed in has no roles');
select is((select s.currency from public.shop_settings s), 'GBP', 'everybody reads the settings');

select tests.act_as('ada');
update public.shop_settings set name = 'Mallory';
select tests.act_as('mod');
update public.shop_settings set name = 'New name' where name <> 'Mallory';
select is((select s.name from public.shop_settings s), 'New name', 'only admins change the settings');

-- Second factor

select tests.act_as('owner');
insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)
values (md5('factor')::uuid, tests.user_id('mod'), 'totp', 'unverified', now(), now());
select tests.act_as('mod');
select ok(private.has_role('admin'), 'an admin who has not finished enrolling works on');
select tests.act_as('owner');
update auth.mfa_factors set status = 'verified' where user_id = tests.user_id('mod');
select tests.act_as('mod');
select ok(not private.has_role('admin') and not private.is_staff(),
  'once enrolled, an admin without the second factor is none');
select ok(private.has_role('customer'), 'but is a customer as before');
select is(
  tests.refusal($$ select public.grant_role(tests.user_id('bo'), 'support') $$),
  'PT403 second_factor_required', 'a command says what is missing'
);
select tests.act_as('mod', 'aal2');
select ok(private.has_role('admin') and private.is_staff(), 'who shows it is an admin');
select lives_ok(
  $$ select public.grant_role(tests.user_id('bo'), 'support') $$, 'and gives orders again'
);
select tests.act_as('kit');
select ok(private.is_staff(), 'staff without a factor are not asked for one');

-- Users as staff see them

select is(
  public.list_users('ada@example') #>> '{users,0,id}', tests.user_id('ada')::text,
  'staff find a user by a part of the address'
);
select is(
  public.list_users(tests.user_id('gil')::text) #> '{users,0,is_anonymous}', 'true',
  'or by id, guests too'
);
select is(public.list_users('%') -> 'total', '0', 'what is typed is no pattern');
select is(
  public.list_users('mod@example') #> '{users,0,has_second_factor}', 'true',
  'they see who has a second factor'
);
select ok(
  jsonb_array_length(public.list_users(null, 1, 2) -> 'users') = 2
  and public.list_users(null, 1, 2) -> 'users' <> public.list_users(null, 2, 2) -> 'users',
  'they leaf through them'
);
select is(
  tests.refusal('select public.list_users(null, 0)'), 'PT422 invalid_input page', 'from page 1 on'
);
select is(
  tests.refusal('select public.check_account_change()'), 'PT403 forbidden',
  'support changes no accounts'
);
select tests.act_as('ada');
select is(tests.refusal('select public.list_users()'), 'PT403 forbidden', 'customers see no list');
select tests.act_as('mod', 'aal2');
select lives_ok(
  $$ select public.check_account_change(tests.user_id('ada')) $$, 'an admin may change accounts'
);
select is(
  tests.refusal($$ select public.check_account_change(tests.user_id('mod')) $$),
  'PT409 own_account', 'but not their own'
);
select is(
  tests.refusal('select public.check_account_change(gen_random_uuid())'),
  'PT404 user_not_found', 'nor one that is not there'
);

select * from finish();
rollback;
