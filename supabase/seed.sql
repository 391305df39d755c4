-- The demo shop, part one: people, settings, tax, shipping, warehouses, categories.
-- Products stand in seeds/catalogue.sql. Fixed ids; safe to run twice; changes no row that is
-- there.

set local statement_timeout = '60s';

insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data,
  raw_user_meta_data, created_at, updated_at, confirmation_token, recovery_token,
  email_change_token_new, email_change
)
select
  '00000000-0000-0000-0000-000000000000', u.id, 'authenticated', 'authenticated', u.email,
  extensions.crypt(u.password, extensions.gen_salt('bf')), now(),
  '{"provider": "email", "providers": ["email"]}', jsonb_build_object('full_name', u.full_name),
  now(), now(), '', '', '', ''
from (values
  (
    '11111111-1111-4111-8111-111111111111'::uuid, 'admin@supamarket.test', 'supamarket-admin',
    'Robin Harbour'
  ),
  (
    '22222222-2222-4222-8222-222222222222'::uuid, 'ada@supamarket.test', 'supamarket-ada',
    'Ada Byron'
  ),
  (
    '33333333-3333-4333-8333-333333333333'::uuid, 'sol@supamarket.test', 'supamarket-sol',
    'Sol Carpenter'
  )
) as u (id, email, password, full_name)
where not exists (select from auth.users o where o.id = u.id or o.email = u.email);

insert into auth.identities
  (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
select
  u.id::text, u.id,
  jsonb_build_object('sub', u.id, 'email', u.email, 'email_verified', true), 'email',
  now(), now(), now()
from auth.users u
where u.id in (
  '11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222',
  '33333333-3333-4333-8333-333333333333'
)
on conflict (provider_id, provider) do nothing;

insert into private.user_roles (user_id, role)
select u.id, 'admin' from auth.users u where u.id = '11111111-1111-4111-8111-111111111111'
on conflict (user_id, role) do nothing;

insert into public.addresses (
  id, user_id, label, full_name, line1, city, postal_code, country, phone, is_default_shipping,
  is_default_billing
)
select
  'a0000000-0000-4000-8000-000000000001', u.id, 'Home', 'Ada Byron', '12 St James''s Square',
  'London', 'SW1Y 4LB', 'GB', '+44 20 7946 0018', true, true
from auth.users u
where u.id = '22222222-2222-4222-8222-222222222222'
on conflict (id) do nothing;

insert into public.sellers (id, owner_id, name, slug, status, description, support_email)
select
  '5e000000-0000-4000-8000-000000000001', u.id, 'Sol''s Workshop', 'sols-workshop', 'active',
  'Wooden toys and games, turned and painted by hand in a shed in Whitby.', 'sol@supamarket.test'
from auth.users u
where u.id = '33333333-3333-4333-8333-333333333333'
on conflict do nothing;

insert into public.seller_members (seller_id, user_id, role)
select s.id, s.owner_id, 'owner'
from public.sellers s
where s.id = '5e000000-0000-4000-8000-000000000001' and s.owner_id is not null
on conflict (seller_id, user_id) do nothing;

insert into private.user_roles (user_id, role)
select m.user_id, 'seller'
from public.seller_members m
where m.seller_id = '5e000000-0000-4000-8000-000000000001'
on conflict (user_id, role) do nothing;

update public.shop_settings
set name = 'Harbour & Pine', support_email = 'hello@supamarket.test'
where name = 'Supamarket';

update public.warehouses
set
  name = 'Harbourside', line1 = '4 Quay Street', city = 'Bristol', postal_code = 'BS1 4JP',
  latitude = 51.45112, longitude = -2.59665
where code = 'MAIN' and name = 'Main warehouse';

insert into public.warehouses (
  id, code, name, line1, city, postal_code, country, latitude, longitude, handling_days_min,
  handling_days_max, priority
)
values (
  'ba000000-0000-4000-8000-000000000002', 'NORTH', 'Pinewood', '9 Longman Drive', 'Inverness',
  'IV1 1SU', 'GB', 57.48610, -4.22360, 1, 2, 10
)
on conflict do nothing;

insert into public.categories (id, parent_id, name, slug, position, description)
values
  ('ca000000-0000-4000-8000-000000000001', null, 'Kitchen & Table', 'kitchen-table', 1,
    'Enamel, oak and stoneware for every day.'),
  ('ca000000-0000-4000-8000-000000000002', null, 'Tea & Coffee', 'tea-coffee', 2,
    'Small batches, roasted and blended in town.'),
  ('ca000000-0000-4000-8000-000000000003', null, 'Home & Light', 'home-light', 3,
    'Warm light, wool and linen.'),
  ('ca000000-0000-4000-8000-000000000004', null, 'Clothing', 'clothing', 4,
    'Made for wind, worn for years.'),
  ('ca000000-0000-4000-8000-000000000005', null, 'Outdoor', 'outdoor', 5,
    'For the beach, the hill and the garden.'),
  ('ca000000-0000-4000-8000-000000000006', null, 'Stationery', 'stationery', 6,
    'Paper, ink and pencils.'),
  ('ca000000-0000-4000-8000-000000000007', null, 'Toys & Games', 'toys-games', 7,
    'To be handed down.'),
  ('ca000000-0000-4000-8000-000000000008', null, 'Bath & Body', 'bath-body', 8,
    'Soap, salt and cotton.')
on conflict do nothing;

insert into public.tax_rates (country, category_id, rate_bp, name)
select r.country, c.id, r.rate_bp, r.name
from (values
  ('GB', null, 2000, 'VAT'), ('IM', null, 2000, 'VAT'), ('GB', 'tea-coffee', 0, 'VAT zero rate'),
  ('AT', null, 2000, 'USt'), ('BE', null, 2100, 'TVA'), ('BG', null, 2000, 'DDS'),
  ('CY', null, 1900, 'FPA'), ('CZ', null, 2100, 'DPH'), ('DE', null, 1900, 'MwSt'),
  ('DK', null, 2500, 'Moms'), ('EE', null, 2400, 'KM'), ('ES', null, 2100, 'IVA'),
  ('FI', null, 2550, 'ALV'), ('FR', null, 2000, 'TVA'), ('GR', null, 2400, 'FPA'),
  ('HR', null, 2500, 'PDV'), ('HU', null, 2700, 'AFA'), ('IE', null, 2300, 'VAT'),
  ('IT', null, 2200, 'IVA'), ('LT', null, 2100, 'PVM'), ('LU', null, 1700, 'TVA'),
  ('LV', null, 2100, 'PVN'), ('MT', null, 1800, 'VAT'), ('NL', null, 2100, 'BTW'),
  ('PL', null, 2300, 'VAT'), ('PT', null, 2300, 'IVA'), ('RO', null, 2100, 'TVA'),
  ('SE', null, 2500, 'Moms'), ('SI', null, 2200, 'DDV'), ('SK', null, 2300, 'DPH'),
  ('DE', 'tea-coffee', 700, 'MwSt'), ('FR', 'tea-coffee', 550, 'TVA'),
  ('IE', 'tea-coffee', 0, 'VAT zero rate'), ('NL', 'tea-coffee', 900, 'BTW')
) as r (country, category, rate_bp, name)
left join public.categories c on c.slug = r.category
where r.category is null or c.id is not null
on conflict on constraint tax_rates_country_region_category_id_key do nothing;

insert into public.shipping_zones (id, name, countries)
select z.id, z.name, z.countries
from (values
  ('20000000-0000-4000-8000-000000000001'::uuid, 'United Kingdom', '{GB,GG,IM,JE}'::text[]),
  (
    '20000000-0000-4000-8000-000000000002', 'Europe',
    (
      '{AD,AT,BE,BG,CH,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IS,IT,LI,LT,LU,LV,MC,MT,NL,NO,PL,PT,RO,'
      'SE,SI,SK,SM}'
    )
  )
) as z (id, name, countries)
where not exists (
  select from public.shipping_zones o where o.id = z.id or o.countries && z.countries
);

insert into public.shipping_methods (
  zone_id, code, name, currency, price, price_per_kg, free_from, min_days, max_days, position
)
select z.id, m.code, m.name, 'GBP', m.price, m.price_per_kg, m.free_from, m.min_days, m.max_days,
  m.position
from (values
  ('United Kingdom', 'standard', 'Royal Mail, 2 to 4 days', 395, 0, 4000, 2, 4, 1),
  ('United Kingdom', 'express', 'Next working day', 795, 0, null, 1, 1, 2),
  ('Europe', 'standard', 'Tracked, 4 to 7 days', 995, 100, 12000, 4, 7, 1),
  ('Europe', 'express', 'Courier, 2 to 3 days', 1995, 250, null, 2, 3, 2)
) as m (zone, code, name, price, price_per_kg, free_from, min_days, max_days, position)
join public.shipping_zones z on z.name = m.zone
on conflict on constraint shipping_methods_zone_id_code_key do nothing;
