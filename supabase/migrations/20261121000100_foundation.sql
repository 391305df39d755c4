-- Foundation: what every later chapter stands on.
--
-- Schemas and default privileges (everything starts closed), the roles that people have in the
-- shop, the one way to refuse a request, reference data (currencies, countries) and the shop's
-- settings.
-- Always true: `public` holds only what clients may see or call; a role that is revoked stops
-- working with the next statement, because roles are read from rows and never from a token.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create extension if not exists pgcrypto with schema extensions;
create extension if not exists pg_trgm with schema extensions;
create extension if not exists unaccent with schema extensions;

create schema private;
comment on schema private is
  'Implementation: helpers, triggers, commands with rights of their own. Never exposed to clients.';
grant usage on schema private to anon, authenticated, service_role;

-- Global on purpose: a per-schema revoke cannot undo the built-in grant to public.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public
  revoke execute on functions from anon, authenticated, service_role;

-- The secret key reads and writes every table, by rows that RLS would hide as well.
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to service_role;
alter default privileges in schema public grant all on sequences to service_role;

-- Refusals

create function private.raise_problem(
  status integer,
  code text,
  hint text,
  detail jsonb default '{}'
) returns void
language plpgsql set search_path = ''
as $$
begin
  raise exception using
    message = raise_problem.code,
    errcode = 'PT' || raise_problem.status,
    detail = raise_problem.detail::text,
    hint = raise_problem.hint;
end;
$$;
comment on function private.raise_problem is
  'The one way to refuse: HTTP status, stable code for programs, sentence for people, detail as '
  'JSON.';
grant execute on function private.raise_problem to anon, authenticated, service_role;

create function private.raise_invalid_input(field text, message text) returns void
language sql set search_path = ''
as $$
  select private.raise_problem(
    422,
    'invalid_input',
    raise_invalid_input.message,
    jsonb_build_object('field', raise_invalid_input.field, 'message', raise_invalid_input.message)
  );
$$;
comment on function private.raise_invalid_input is
  'Refuses with 422 invalid_input and names the field, e.g. items[0].quantity.';
grant execute on function private.raise_invalid_input to anon, authenticated, service_role;

-- Roles

create type public.app_role as enum ('customer', 'seller', 'support', 'admin');
comment on type public.app_role is
  'What a person is in the shop. Everybody is a customer; support and admin are staff.';

create table private.user_roles (
  user_id uuid not null references auth.users (id) on delete cascade,
  role public.app_role not null,
  granted_by uuid references auth.users (id) on delete set null,
  granted_at timestamptz not null default now(),
  primary key (user_id, role)
);
comment on table private.user_roles is
  'Who has which role. Written by sign-up (customer), grant_role, revoke_role and '
  'set_seller_status.';
create index user_roles_granted_by_idx on private.user_roles (granted_by);
alter table private.user_roles enable row level security;

create function private.has_second_factor() returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return coalesce(auth.jwt() ->> 'aal' = 'aal2', false) or not exists (
    select from auth.mfa_factors f
    where f.user_id = (select auth.uid()) and f.status = 'verified'
  );
end;
$$;
comment on function private.has_second_factor is
  'Whether the caller has shown all that they have: their token says aal2, or no second factor is '
  'enrolled. A command that pays out asks this too.';

create function private.has_role(role public.app_role) returns boolean
-- Not plain SQL, here and in the helpers that policies call: that would be planned anew in every
-- statement of every caller.
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from private.user_roles r
    where r.user_id = (select auth.uid()) and r.role = has_role.role
  ) and (has_role.role in ('customer', 'seller') or private.has_second_factor());
end;
$$;
comment on function private.has_role is
  'Whether the caller has the role now; staff with a second factor have theirs only once it is '
  'shown. In policies: (select private.has_role(''admin'')).';
grant execute on function private.has_role to anon, authenticated, service_role;

create function private.is_staff() returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return exists (
    select from private.user_roles r
    where r.user_id = (select auth.uid()) and r.role in ('support', 'admin')
  ) and private.has_second_factor();
end;
$$;
comment on function private.is_staff is
  'Whether the caller is support or admin now, and has shown the second factor if one is enrolled.';
grant execute on function private.is_staff to anon, authenticated, service_role;

create function private.is_service() returns boolean
language sql stable set search_path = ''
as $$
  -- The setting `role` is what the gateway switched to; a definer function does not change it, and
  -- a client cannot forge it as it could a claim.
  select coalesce(nullif(current_setting('role', true), 'none'), session_user::text)
    not in ('anon', 'authenticated', 'authenticator');
$$;
comment on function private.is_service is
  'Whether the system itself calls: the secret key, a schedule, a seed or a direct SQL session.';
grant execute on function private.is_service to anon, authenticated, service_role;

create function private.require_user() returns uuid
language plpgsql stable set search_path = ''
as $$
declare
  v_user_id uuid := auth.uid();
begin
  if v_user_id is null then
    perform private.raise_problem(401, 'not_signed_in', 'Sign in first; a guest session will do.');
  end if;
  return v_user_id;
end;
$$;
comment on function private.require_user is 'The caller''s user id, or 401 not_signed_in.';
grant execute on function private.require_user to anon, authenticated, service_role;

create function private.require_role(variadic roles public.app_role[]) returns void
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_held public.app_role[];
begin
  if private.is_service() then
    return;
  end if;
  select array_agg(r.role) into v_held
  from private.user_roles r
  where r.user_id = private.require_user() and r.role = any (require_role.roles);
  if v_held is null then
    perform private.raise_problem(
      403, 'forbidden', 'Your account may not do this.',
      jsonb_build_object('needs', require_role.roles)
    );
  end if;
  if v_held <@ array['support', 'admin']::public.app_role[] and not private.has_second_factor()
  then
    perform private.raise_problem(
      403, 'second_factor_required', 'Confirm with your second factor first.',
      jsonb_build_object('needs', 'aal2')
    );
  end if;
end;
$$;
comment on function private.require_role is
  'Passes the system and callers with one of the roles; 401 not_signed_in or 403 forbidden '
  'otherwise, and 403 second_factor_required for staff who have not shown theirs.';
grant execute on function private.require_role to anon, authenticated, service_role;

-- Shared triggers and helpers

create function private.tg__touch() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;
comment on function private.tg__touch is 'Keeps updated_at.';

create function private.tg__version() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.version := old.version + 1;
  new.updated_at := now();
  return new;
end;
$$;
comment on function private.tg__version is
  'Keeps version and updated_at; clients update with ".eq(version, seen)" to notice a newer edit.';

create function private.slugify(title text) returns text
language sql stable strict set search_path = ''
as $$
  select coalesce(
    nullif(
      trim(both '-' from left(
        regexp_replace(lower(extensions.unaccent(slugify.title)), '[^a-z0-9]+', '-', 'g'), 80
      )),
      ''
    ),
    'item'
  );
$$;
comment on function private.slugify is
  'A URL part from a title: lower case ASCII letters, digits and single dashes, at most 80.';
grant execute on function private.slugify to authenticated, service_role;

-- Reference data

create table public.currencies (
  code text primary key,
  name text not null,
  symbol text not null,
  exponent integer not null,
  constraint currencies_code_format check (code ~ '^[A-Z]{3}$'),
  constraint currencies_exponent_range check (exponent between 0 and 4)
);
comment on table public.currencies is
  'ISO 4217. Amounts anywhere are whole minor units of one of these. Reference data.';
comment on column public.currencies.exponent is
  'Decimals of the major unit: JPY 0, GBP 2, KWD 3. Display amount / 10^exponent.';
alter table public.currencies enable row level security;
create policy select_public on public.currencies for select to anon, authenticated using (true);
grant select on public.currencies to anon, authenticated;

insert into public.currencies (code, name, symbol, exponent) values
  ('AED', 'UAE dirham', 'AED', 2),
  ('ARS', 'Argentine peso', 'ARS', 2),
  ('AUD', 'Australian dollar', 'A$', 2),
  ('BDT', 'Bangladeshi taka', '৳', 2),
  ('BGN', 'Bulgarian lev', 'BGN', 2),
  ('BHD', 'Bahraini dinar', 'BHD', 3),
  ('BRL', 'Brazilian real', 'R$', 2),
  ('CAD', 'Canadian dollar', 'CA$', 2),
  ('CHF', 'Swiss franc', 'CHF', 2),
  ('CLP', 'Chilean peso', 'CLP', 0),
  ('CNY', 'Chinese yuan', 'CN¥', 2),
  ('COP', 'Colombian peso', 'COP', 2),
  ('CZK', 'Czech koruna', 'Kč', 2),
  ('DKK', 'Danish krone', 'kr', 2),
  ('EGP', 'Egyptian pound', 'EGP', 2),
  ('EUR', 'Euro', '€', 2),
  ('GBP', 'Pound sterling', '£', 2),
  ('GHS', 'Ghanaian cedi', 'GH₵', 2),
  ('HKD', 'Hong Kong dollar', 'HK$', 2),
  ('HUF', 'Hungarian forint', 'Ft', 2),
  ('IDR', 'Indonesian rupiah', 'Rp', 2),
  ('ILS', 'Israeli new shekel', '₪', 2),
  ('INR', 'Indian rupee', '₹', 2),
  ('ISK', 'Icelandic króna', 'kr', 0),
  ('JOD', 'Jordanian dinar', 'JOD', 3),
  ('JPY', 'Japanese yen', '¥', 0),
  ('KES', 'Kenyan shilling', 'KSh', 2),
  ('KRW', 'South Korean won', '₩', 0),
  ('KWD', 'Kuwaiti dinar', 'KWD', 3),
  ('LKR', 'Sri Lankan rupee', 'Rs', 2),
  ('MAD', 'Moroccan dirham', 'MAD', 2),
  ('MXN', 'Mexican peso', 'MX$', 2),
  ('MYR', 'Malaysian ringgit', 'RM', 2),
  ('NGN', 'Nigerian naira', '₦', 2),
  ('NOK', 'Norwegian krone', 'kr', 2),
  ('NZD', 'New Zealand dollar', 'NZ$', 2),
  ('OMR', 'Omani rial', 'OMR', 3),
  ('PEN', 'Peruvian sol', 'S/', 2),
  ('PHP', 'Philippine peso', '₱', 2),
  ('PKR', 'Pakistani rupee', 'Rs', 2),
  ('PLN', 'Polish złoty', 'zł', 2),
  ('QAR', 'Qatari riyal', 'QAR', 2),
  ('RON', 'Romanian leu', 'lei', 2),
  ('RSD', 'Serbian dinar', 'RSD', 2),
  ('SAR', 'Saudi riyal', 'SAR', 2),
  ('SEK', 'Swedish krona', 'kr', 2),
  ('SGD', 'Singapore dollar', 'S$', 2),
  ('THB', 'Thai baht', '฿', 2),
  ('TND', 'Tunisian dinar', 'TND', 3),
  ('TRY', 'Turkish lira', '₺', 2),
  ('TWD', 'New Taiwan dollar', 'NT$', 2),
  ('UAH', 'Ukrainian hryvnia', '₴', 2),
  ('UGX', 'Ugandan shilling', 'USh', 0),
  ('USD', 'US dollar', '$', 2),
  ('VND', 'Vietnamese đồng', '₫', 0),
  ('XAF', 'Central African CFA franc', 'FCFA', 0),
  ('XOF', 'West African CFA franc', 'F CFA', 0),
  ('ZAR', 'South African rand', 'R', 2);

create table public.countries (
  code text primary key,
  name text not null,
  postal_code_pattern text,
  postal_code_example text,
  region_required boolean not null default false,
  constraint countries_code_format check (code ~ '^[A-Z]{2}$'),
  constraint countries_postal_code_example_fits
    check (postal_code_example ~ postal_code_pattern)
);
comment on table public.countries is
  'ISO 3166-1 and what an address there must have. Reference data; admins may tighten a pattern.';
comment on column public.countries.postal_code_pattern is
  'Regular expression for the postal code in upper case; null: a postal code is optional.';
comment on column public.countries.region_required is
  'Whether an address needs its state or province.';
alter table public.countries enable row level security;
create policy select_public on public.countries for select to anon, authenticated using (true);
grant select on public.countries to anon, authenticated;

insert into public.countries
  (code, name, postal_code_pattern, postal_code_example, region_required)
values
  ('AD', 'Andorra', null, null, false),
  ('AE', 'United Arab Emirates', null, null, false),
  ('AF', 'Afghanistan', null, null, false),
  ('AG', 'Antigua & Barbuda', null, null, false),
  ('AI', 'Anguilla', null, null, false),
  ('AL', 'Albania', '^[0-9]{4}$', '1001', false),
  ('AM', 'Armenia', '^[0-9]{4}$', '0010', false),
  ('AO', 'Angola', null, null, false),
  ('AQ', 'Antarctica', null, null, false),
  ('AR', 'Argentina', '^([A-HJ-NP-Z])?[0-9]{4}([A-Z]{3})?$', 'C1002AAO', false),
  ('AS', 'American Samoa', null, null, false),
  ('AT', 'Austria', '^[1-9][0-9]{3}$', '1010', false),
  ('AU', 'Australia', '^[0-9]{4}$', '2000', true),
  ('AW', 'Aruba', null, null, false),
  ('AX', 'Åland Islands', '^22[0-9]{3}$', '22100', false),
  ('AZ', 'Azerbaijan', null, null, false),
  ('BA', 'Bosnia & Herzegovina', '^[0-9]{5}$', '71000', false),
  ('BB', 'Barbados', null, null, false),
  ('BD', 'Bangladesh', '^[0-9]{4}$', '1000', false),
  ('BE', 'Belgium', '^[1-9][0-9]{3}$', '1000', false),
  ('BF', 'Burkina Faso', null, null, false),
  ('BG', 'Bulgaria', '^[0-9]{4}$', '1000', false),
  ('BH', 'Bahrain', null, null, false),
  ('BI', 'Burundi', null, null, false),
  ('BJ', 'Benin', null, null, false),
  ('BL', 'St. Barthélemy', null, null, false),
  ('BM', 'Bermuda', null, null, false),
  ('BN', 'Brunei', null, null, false),
  ('BO', 'Bolivia', null, null, false),
  ('BQ', 'Caribbean Netherlands', null, null, false),
  ('BR', 'Brazil', '^[0-9]{5}-?[0-9]{3}$', '01310-100', true),
  ('BS', 'Bahamas', null, null, false),
  ('BT', 'Bhutan', null, null, false),
  ('BV', 'Bouvet Island', null, null, false),
  ('BW', 'Botswana', null, null, false),
  ('BY', 'Belarus', '^[0-9]{6}$', '220030', false),
  ('BZ', 'Belize', null, null, false),
  (
    'CA', 'Canada', '^[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9]$',
    'M5V 3L9', true
  ),
  ('CC', 'Cocos (Keeling) Islands', null, null, false),
  ('CD', 'Congo (Democratic Republic)', null, null, false),
  ('CF', 'Central African Republic', null, null, false),
  ('CG', 'Congo', null, null, false),
  ('CH', 'Switzerland', '^[1-9][0-9]{3}$', '3005', false),
  ('CI', 'Côte d’Ivoire', null, null, false),
  ('CK', 'Cook Islands', null, null, false),
  ('CL', 'Chile', null, null, false),
  ('CM', 'Cameroon', null, null, false),
  ('CN', 'China', '^[0-9]{6}$', '100000', false),
  ('CO', 'Colombia', null, null, false),
  ('CR', 'Costa Rica', null, null, false),
  ('CU', 'Cuba', null, null, false),
  ('CV', 'Cape Verde', null, null, false),
  ('CW', 'Curaçao', null, null, false),
  ('CX', 'Christmas Island', null, null, false),
  ('CY', 'Cyprus', '^[0-9]{4}$', '1010', false),
  ('CZ', 'Czechia', '^[0-9]{3} ?[0-9]{2}$', '110 00', false),
  ('DE', 'Germany', '^[0-9]{5}$', '10115', false),
  ('DJ', 'Djibouti', null, null, false),
  ('DK', 'Denmark', '^[0-9]{4}$', '1050', false),
  ('DM', 'Dominica', null, null, false),
  ('DO', 'Dominican Republic', null, null, false),
  ('DZ', 'Algeria', '^[0-9]{5}$', '16000', false),
  ('EC', 'Ecuador', null, null, false),
  ('EE', 'Estonia', '^[0-9]{5}$', '10111', false),
  ('EG', 'Egypt', '^[0-9]{5}$', '11511', false),
  ('EH', 'Western Sahara', null, null, false),
  ('ER', 'Eritrea', null, null, false),
  ('ES', 'Spain', '^[0-9]{5}$', '28001', false),
  ('ET', 'Ethiopia', null, null, false),
  ('FI', 'Finland', '^[0-9]{5}$', '00100', false),
  ('FJ', 'Fiji', null, null, false),
  ('FK', 'Falkland Islands', null, null, false),
  ('FM', 'Micronesia', null, null, false),
  ('FO', 'Faroe Islands', '^[0-9]{3}$', '100', false),
  ('FR', 'France', '^[0-9]{5}$', '75001', false),
  ('GA', 'Gabon', null, null, false),
  (
    'GB', 'United Kingdom', '^(GIR ?0AA|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})$',
    'SW1A 1AA', false
  ),
  ('GD', 'Grenada', null, null, false),
  ('GE', 'Georgia', '^[0-9]{4}$', '0105', false),
  ('GF', 'French Guiana', '^973[0-9]{2}$', '97300', false),
  ('GG', 'Guernsey', '^GY[0-9]{1,2} ?[0-9][A-Z]{2}$', 'GY1 1AA', false),
  ('GH', 'Ghana', null, null, false),
  ('GI', 'Gibraltar', '^GX11 ?1AA$', 'GX11 1AA', false),
  ('GL', 'Greenland', '^39[0-9]{2}$', '3900', false),
  ('GM', 'Gambia', null, null, false),
  ('GN', 'Guinea', null, null, false),
  ('GP', 'Guadeloupe', '^971[0-9]{2}$', '97110', false),
  ('GQ', 'Equatorial Guinea', null, null, false),
  ('GR', 'Greece', '^[0-9]{3} ?[0-9]{2}$', '105 57', false),
  ('GS', 'South Georgia & South Sandwich Islands', null, null, false),
  ('GT', 'Guatemala', null, null, false),
  ('GU', 'Guam', '^969[0-9]{2}(-[0-9]{4})?$', '96910', false),
  ('GW', 'Guinea-Bissau', null, null, false),
  ('GY', 'Guyana', null, null, false),
  ('HK', 'Hong Kong', null, null, false),
  ('HM', 'Heard & McDonald Islands', null, null, false),
  ('HN', 'Honduras', null, null, false),
  ('HR', 'Croatia', '^[0-9]{5}$', '10000', false),
  ('HT', 'Haiti', null, null, false),
  ('HU', 'Hungary', '^[0-9]{4}$', '1051', false),
  ('ID', 'Indonesia', '^[0-9]{5}$', '10110', false),
  ('IE', 'Ireland', '^[A-Z][0-9][0-9W] ?[0-9A-Z]{4}$', 'D02 AF30', false),
  ('IL', 'Israel', '^[0-9]{5}([0-9]{2})?$', '9414219', false),
  ('IM', 'Isle of Man', '^IM[0-9]{1,2} ?[0-9][A-Z]{2}$', 'IM1 1AA', false),
  ('IN', 'India', '^[1-9][0-9]{2} ?[0-9]{3}$', '110001', true),
  ('IO', 'British Indian Ocean Territory', null, null, false),
  ('IQ', 'Iraq', null, null, false),
  ('IR', 'Iran', null, null, false),
  ('IS', 'Iceland', '^[0-9]{3}$', '101', false),
  ('IT', 'Italy', '^[0-9]{5}$', '00118', false),
  ('JE', 'Jersey', '^JE[0-9]{1,2} ?[0-9][A-Z]{2}$', 'JE2 3AB', false),
  ('JM', 'Jamaica', null, null, false),
  ('JO', 'Jordan', null, null, false),
  ('JP', 'Japan', '^[0-9]{3}-?[0-9]{4}$', '100-0001', false),
  ('KE', 'Kenya', '^[0-9]{5}$', '00100', false),
  ('KG', 'Kyrgyzstan', null, null, false),
  ('KH', 'Cambodia', null, null, false),
  ('KI', 'Kiribati', null, null, false),
  ('KM', 'Comoros', null, null, false),
  ('KN', 'St. Kitts & Nevis', null, null, false),
  ('KP', 'North Korea', null, null, false),
  ('KR', 'South Korea', '^[0-9]{5}$', '04524', false),
  ('KW', 'Kuwait', null, null, false),
  ('KY', 'Cayman Islands', null, null, false),
  ('KZ', 'Kazakhstan', '^([0-9]{6}|[A-Z][0-9]{2}[A-Z][0-9][A-Z][0-9])$', '050000', false),
  ('LA', 'Laos', null, null, false),
  ('LB', 'Lebanon', null, null, false),
  ('LC', 'St. Lucia', null, null, false),
  ('LI', 'Liechtenstein', '^94(8[5-9]|9[0-8])$', '9490', false),
  ('LK', 'Sri Lanka', '^[0-9]{5}$', '00100', false),
  ('LR', 'Liberia', null, null, false),
  ('LS', 'Lesotho', null, null, false),
  ('LT', 'Lithuania', '^(LT-)?[0-9]{5}$', 'LT-01100', false),
  ('LU', 'Luxembourg', '^(L-)?[0-9]{4}$', '1111', false),
  ('LV', 'Latvia', '^(LV-)?[0-9]{4}$', 'LV-1010', false),
  ('LY', 'Libya', null, null, false),
  ('MA', 'Morocco', '^[0-9]{5}$', '10000', false),
  ('MC', 'Monaco', '^980[0-9]{2}$', '98000', false),
  ('MD', 'Moldova', '^(MD-)?[0-9]{4}$', 'MD-2001', false),
  ('ME', 'Montenegro', '^[0-9]{5}$', '81000', false),
  ('MF', 'St. Martin', null, null, false),
  ('MG', 'Madagascar', null, null, false),
  ('MH', 'Marshall Islands', null, null, false),
  ('MK', 'North Macedonia', '^[0-9]{4}$', '1000', false),
  ('ML', 'Mali', null, null, false),
  ('MM', 'Myanmar', null, null, false),
  ('MN', 'Mongolia', null, null, false),
  ('MO', 'Macao', null, null, false),
  ('MP', 'Northern Mariana Islands', null, null, false),
  ('MQ', 'Martinique', '^972[0-9]{2}$', '97200', false),
  ('MR', 'Mauritania', null, null, false),
  ('MS', 'Montserrat', null, null, false),
  ('MT', 'Malta', '^[A-Z]{3} ?[0-9]{2,4}$', 'VLT 1117', false),
  ('MU', 'Mauritius', null, null, false),
  ('MV', 'Maldives', null, null, false),
  ('MW', 'Malawi', null, null, false),
  ('MX', 'Mexico', '^[0-9]{5}$', '06000', true),
  ('MY', 'Malaysia', '^[0-9]{5}$', '50050', false),
  ('MZ', 'Mozambique', null, null, false),
  ('NA', 'Namibia', null, null, false),
  ('NC', 'New Caledonia', null, null, false),
  ('NE', 'Niger', null, null, false),
  ('NF', 'Norfolk Island', null, null, false),
  ('NG', 'Nigeria', null, null, false),
  ('NI', 'Nicaragua', null, null, false),
  ('NL', 'Netherlands', '^[1-9][0-9]{3} ?[A-Z]{2}$', '1012 JS', false),
  ('NO', 'Norway', '^[0-9]{4}$', '0150', false),
  ('NP', 'Nepal', null, null, false),
  ('NR', 'Nauru', null, null, false),
  ('NU', 'Niue', null, null, false),
  ('NZ', 'New Zealand', '^[0-9]{4}$', '6011', false),
  ('OM', 'Oman', null, null, false),
  ('PA', 'Panama', null, null, false),
  ('PE', 'Peru', null, null, false),
  ('PF', 'French Polynesia', null, null, false),
  ('PG', 'Papua New Guinea', null, null, false),
  ('PH', 'Philippines', '^[0-9]{4}$', '1000', false),
  ('PK', 'Pakistan', '^[0-9]{5}$', '44000', false),
  ('PL', 'Poland', '^[0-9]{2}-[0-9]{3}$', '00-001', false),
  ('PM', 'St. Pierre & Miquelon', null, null, false),
  ('PN', 'Pitcairn Islands', null, null, false),
  ('PR', 'Puerto Rico', '^00[679][0-9]{2}(-[0-9]{4})?$', '00901', false),
  ('PS', 'Palestinian Territories', null, null, false),
  ('PT', 'Portugal', '^[0-9]{4}-?[0-9]{3}$', '1000-205', false),
  ('PW', 'Palau', null, null, false),
  ('PY', 'Paraguay', null, null, false),
  ('QA', 'Qatar', null, null, false),
  ('RE', 'Réunion', '^974[0-9]{2}$', '97400', false),
  ('RO', 'Romania', '^[0-9]{6}$', '010011', false),
  ('RS', 'Serbia', '^[0-9]{5}$', '11000', false),
  ('RU', 'Russia', '^[0-9]{6}$', '101000', false),
  ('RW', 'Rwanda', null, null, false),
  ('SA', 'Saudi Arabia', '^[0-9]{5}(-[0-9]{4})?$', '11564', false),
  ('SB', 'Solomon Islands', null, null, false),
  ('SC', 'Seychelles', null, null, false),
  ('SD', 'Sudan', null, null, false),
  ('SE', 'Sweden', '^[0-9]{3} ?[0-9]{2}$', '111 22', false),
  ('SG', 'Singapore', '^[0-9]{6}$', '238801', false),
  ('SH', 'St. Helena', null, null, false),
  ('SI', 'Slovenia', '^[0-9]{4}$', '1000', false),
  ('SJ', 'Svalbard & Jan Mayen', null, null, false),
  ('SK', 'Slovakia', '^[0-9]{3} ?[0-9]{2}$', '811 01', false),
  ('SL', 'Sierra Leone', null, null, false),
  ('SM', 'San Marino', '^4789[0-9]$', '47890', false),
  ('SN', 'Senegal', null, null, false),
  ('SO', 'Somalia', null, null, false),
  ('SR', 'Suriname', null, null, false),
  ('SS', 'South Sudan', null, null, false),
  ('ST', 'São Tomé & Príncipe', null, null, false),
  ('SV', 'El Salvador', null, null, false),
  ('SX', 'Sint Maarten', null, null, false),
  ('SY', 'Syria', null, null, false),
  ('SZ', 'Eswatini', null, null, false),
  ('TC', 'Turks & Caicos Islands', null, null, false),
  ('TD', 'Chad', null, null, false),
  ('TF', 'French Southern Territories', null, null, false),
  ('TG', 'Togo', null, null, false),
  ('TH', 'Thailand', '^[0-9]{5}$', '10110', false),
  ('TJ', 'Tajikistan', null, null, false),
  ('TK', 'Tokelau', null, null, false),
  ('TL', 'Timor-Leste', null, null, false),
  ('TM', 'Turkmenistan', null, null, false),
  ('TN', 'Tunisia', '^[0-9]{4}$', '1000', false),
  ('TO', 'Tonga', null, null, false),
  ('TR', 'Türkiye', '^[0-9]{5}$', '34000', false),
  ('TT', 'Trinidad & Tobago', null, null, false),
  ('TV', 'Tuvalu', null, null, false),
  ('TW', 'Taiwan', '^[0-9]{3}([0-9]{2,3})?$', '100', false),
  ('TZ', 'Tanzania', null, null, false),
  ('UA', 'Ukraine', '^[0-9]{5}$', '01001', false),
  ('UG', 'Uganda', null, null, false),
  ('UM', 'U.S. Outlying Islands', null, null, false),
  ('US', 'United States', '^[0-9]{5}(-[0-9]{4})?$', '10001', true),
  ('UY', 'Uruguay', null, null, false),
  ('UZ', 'Uzbekistan', null, null, false),
  ('VA', 'Vatican City', '^00120$', '00120', false),
  ('VC', 'St. Vincent & Grenadines', null, null, false),
  ('VE', 'Venezuela', null, null, false),
  ('VG', 'British Virgin Islands', null, null, false),
  ('VI', 'U.S. Virgin Islands', '^008[0-9]{2}(-[0-9]{4})?$', '00802', false),
  ('VN', 'Vietnam', '^[0-9]{5,6}$', '100000', false),
  ('VU', 'Vanuatu', null, null, false),
  ('WF', 'Wallis & Futuna', null, null, false),
  ('WS', 'Samoa', null, null, false),
  ('YE', 'Yemen', null, null, false),
  ('YT', 'Mayotte', '^976[0-9]{2}$', '97600', false),
  ('ZA', 'South Africa', '^[0-9]{4}$', '8001', false),
  ('ZM', 'Zambia', null, null, false),
  ('ZW', 'Zimbabwe', null, null, false);

-- The shop

create table public.shop_settings (
  id boolean primary key default true,
  name text not null default 'Supamarket',
  currency text not null default 'GBP' references public.currencies (code) on delete restrict,
  country text not null default 'GB' references public.countries (code) on delete restrict,
  prices_include_tax boolean not null default true,
  order_hold_minutes integer not null default 30,
  low_stock_threshold integer not null default 5,
  support_email text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint shop_settings_single_row check (id),
  constraint shop_settings_name_length check (char_length(name) between 1 and 120),
  constraint shop_settings_order_hold_range check (order_hold_minutes between 5 and 1380),
  constraint shop_settings_low_stock_range check (low_stock_threshold between 0 and 1000000)
);
comment on table public.shop_settings is
  'The one row of settings that the whole shop obeys. Everybody reads it, admins change it.';
comment on column public.shop_settings.currency is
  'What product_listing, carts and orders are priced in.';
comment on column public.shop_settings.order_hold_minutes is
  'Minutes that an unpaid order keeps its stock: time to fetch a card, and no more than a payment '
  'page can live (24 hours, less half an hour''s reserve at its end).';
comment on column public.shop_settings.low_stock_threshold is
  'Pieces left at which a variant counts as low, where its stock row says nothing else.';
create index shop_settings_currency_idx on public.shop_settings (currency);
create index shop_settings_country_idx on public.shop_settings (country);
alter table public.shop_settings enable row level security;
create policy select_public on public.shop_settings for select to anon, authenticated using (true);
create policy update_admin on public.shop_settings
  for update to authenticated
  using ((select private.has_role('admin')))
  with check ((select private.has_role('admin')));
grant select on public.shop_settings to anon, authenticated;
grant update (
  name, currency, country, prices_include_tax, order_hold_minutes, low_stock_threshold,
  support_email
) on public.shop_settings to authenticated;
create trigger _100_touch before update on public.shop_settings
  for each row execute function private.tg__touch();

insert into public.shop_settings default values;
