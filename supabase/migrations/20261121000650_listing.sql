-- Listing: the one row a product that shops read.
--
-- product_listing carries everything a product tile, a filter or a sort needs, so that a page of
-- products is one indexed read without joins. Triggers on the tables it is made of rebuild the rows
-- of the products concerned. Orders do not touch it, except when a variant sells out or comes back.
-- Always true: it has a row for each active product with a priced active variant, and no other.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create sequence private.listing_versions;
comment on sequence private.listing_versions is
  'Versions of product_listing rows; one sequence, so that a product taken off and put back grows on.';

create table public.product_listing (
  product_id uuid primary key references public.products (id) on delete cascade,
  slug text not null unique,
  title text not null,
  brand text,
  brand_slug text,
  category text,
  category_id uuid references public.categories (id) on delete set null,
  category_slug text,
  category_slugs text[] not null,
  seller_id uuid references public.sellers (id) on delete cascade,
  seller_name text,
  currency text not null references public.currencies (code) on delete cascade,
  price bigint not null,
  price_max bigint not null,
  base_price bigint not null,
  list_price bigint,
  is_on_sale boolean not null,
  price_changes_at timestamptz,
  in_stock boolean not null,
  rating_average numeric(3, 2) not null,
  rating_count integer not null,
  image text,
  images jsonb not null,
  variants jsonb not null,
  variant_count integer not null,
  default_variant_id uuid not null,
  is_featured boolean not null,
  tags text[] not null,
  attributes jsonb not null,
  search tsvector not null,
  sold_count integer not null default 0,
  published_at timestamptz not null,
  updated_at timestamptz not null default now(),
  version bigint not null
);
comment on table public.product_listing is
  'One denormalised row for each product on sale: tile, filters, sorts, text search. Written by '
  'triggers only; live stock numbers are in variant_stock.';
comment on column public.product_listing.category_slugs is
  'The category and its ancestors; filter with cs.{slug} to include descendants.';
comment on column public.product_listing.price is
  'Minor units of currency: what the cheapest variant costs now.';
comment on column public.product_listing.price_max is 'Minor units: the dearest variant now.';
comment on column public.product_listing.base_price is
  'Minor units: the cheapest variant without its sale.';
comment on column public.product_listing.list_price is 'Minor units: recommended retail price.';
comment on column public.product_listing.price_changes_at is
  'When the next sale of a variant starts or ends; private.refresh_due_listings looks here.';
comment on column public.product_listing.images is '[{path, alt}], at most 8.';
comment on column public.product_listing.variants is
  '[{id, sku, title, options, price, base_price, in_stock}] in order; prices in minor units.';
comment on column public.product_listing.attributes is
  'Option values and specifications, {name: [value]}; filter with cs.{"Size":["M"]}.';
comment on column public.product_listing.search is
  'English text search over title, brand, category, tags and description, without accents.';
comment on column public.product_listing.sold_count is
  'Pieces shipped so far; brought up to date by the scheduler.';
comment on column public.product_listing.version is
  'Grows with every change of any row; compare to drop late events.';
alter table public.product_listing enable row level security;
create policy select_public on public.product_listing
  for select to anon, authenticated using (true);
grant select on public.product_listing to anon, authenticated;

create index product_listing_published_at_idx
  on public.product_listing (published_at desc, product_id desc);
create index product_listing_price_idx on public.product_listing (price, product_id);
create index product_listing_rating_idx
  on public.product_listing (rating_average desc, rating_count desc, product_id desc);
create index product_listing_sold_count_idx
  on public.product_listing (sold_count desc, product_id desc);
create index product_listing_category_id_price_idx
  on public.product_listing (category_id, price, product_id);
create index product_listing_brand_slug_price_idx
  on public.product_listing (brand_slug, price, product_id);
create index product_listing_seller_id_idx
  on public.product_listing (seller_id, published_at desc, product_id desc);
create index product_listing_featured_idx
  on public.product_listing (published_at desc, product_id desc) where is_featured;
create index product_listing_on_sale_idx
  on public.product_listing (published_at desc, product_id desc) where is_on_sale;
create index product_listing_price_changes_at_idx on public.product_listing (price_changes_at)
  where price_changes_at is not null;
create index product_listing_currency_idx on public.product_listing (currency);
-- No pending list: readers would scan it, and the local database has no autovacuum to empty it.
create index product_listing_search_idx
  on public.product_listing using gin (search) with (fastupdate = off);
create index product_listing_category_slugs_idx
  on public.product_listing using gin (category_slugs) with (fastupdate = off);
create index product_listing_attributes_idx
  on public.product_listing using gin (attributes jsonb_path_ops) with (fastupdate = off);
create index product_listing_tags_idx
  on public.product_listing using gin (tags) with (fastupdate = off);
