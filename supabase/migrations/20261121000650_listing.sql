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
  'Versions of product_listing rows; one sequence, so that a product taken off and put back grows '
  'on.';

create table public.product_listing (
  product_id uuid primary key references public.products (id) on delete cascade,
  slug text not null,
  title text not null,
  brand text,
  brand_slug text,
  category text,
  category_id uuid,
  category_slug text,
  category_slugs text[] not null,
  seller_id uuid references public.sellers (id) on delete cascade,
  seller_name text,
  currency text not null,
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

-- Not unique here: products.slug is, and rows of two products may swap slugs in any order.
create index product_listing_slug_idx on public.product_listing (slug);
create index product_listing_published_at_idx
  on public.product_listing (published_at desc, product_id desc);
create index product_listing_price_idx on public.product_listing (price, product_id);
create index product_listing_rating_idx
  on public.product_listing (rating_average desc, rating_count desc, product_id desc);
create index product_listing_sold_count_idx
  on public.product_listing (sold_count desc, product_id desc);
create index product_listing_category_slug_price_idx
  on public.product_listing (category_slug, price, product_id);
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
-- No pending list: readers would scan it, and the local database has no autovacuum to empty it.
create index product_listing_search_idx
  on public.product_listing using gin (search) with (fastupdate = off);
create index product_listing_category_slugs_idx
  on public.product_listing using gin (category_slugs) with (fastupdate = off);
create index product_listing_attributes_idx
  on public.product_listing using gin (attributes jsonb_path_ops) with (fastupdate = off);
create index product_listing_tags_idx
  on public.product_listing using gin (tags) with (fastupdate = off);

create table private.product_sales (
  product_id uuid primary key references public.products (id) on delete cascade,
  pieces bigint not null,
  is_listed boolean not null default false,
  updated_at timestamptz not null default now()
);
comment on table private.product_sales is
  'Pieces shipped of each product. Kept by a trigger on stock_movements; refresh_due_listings '
  'copies '
  'what is not listed yet to product_listing, so that shipping does not rewrite listing rows.';
create index product_sales_unlisted_idx on private.product_sales (product_id) where not is_listed;
alter table private.product_sales enable row level security;

create function private.tg_stock_movements__count_sales() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into private.product_sales as s (product_id, pieces)
  select v.product_id, sum(-n.quantity)
  from new_rows n
  join public.product_variants v on v.id = n.variant_id
  where n.reason = 'sold'
  group by v.product_id
  -- Rows are locked in this order, so shipments of the same products queue and never deadlock.
  order by v.product_id
  on conflict (product_id) do update
    set pieces = s.pieces + excluded.pieces, is_listed = false, updated_at = now();
  return null;
end;
$$;
comment on function private.tg_stock_movements__count_sales is 'Keeps private.product_sales.';
create trigger _500_count_sales after insert on public.stock_movements
  referencing new table as new_rows
  for each statement execute function private.tg_stock_movements__count_sales();

create function private.refresh_listing(product_ids uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  -- Whoever rebuilds a product's row waits for the one before, and then sees what that one saw.
  perform from public.products p
  where p.id = any (refresh_listing.product_ids)
  order by p.id
  for no key update;

  with variant as materialized (
    select
      v.product_id, v.id, v.sku, v.title, v.options, v.position, v.is_default,
      s.currency,
      b.amount as base_price,
      coalesce(o.amount, b.amount) as price,
      coalesce(k.available, 0) > 0 as in_stock
    from public.products p
    cross join public.shop_settings s
    join public.product_variants v on v.product_id = p.id and v.is_active
    join public.variant_prices b
      on b.variant_id = v.id and b.currency = s.currency and b.kind = 'base'
    left join public.variant_prices o
      on o.variant_id = v.id
      and o.currency = s.currency
      and o.kind = 'sale'
      and o.amount < b.amount
      and (o.starts_at is null or o.starts_at <= now())
      and (o.ends_at is null or o.ends_at > now())
    left join public.variant_stock k on k.variant_id = v.id
    where p.id = any (refresh_listing.product_ids) and p.status = 'active'
  ),
  summary as materialized (
    select
      v.product_id,
      min(v.currency) as currency,
      min(v.price) as price,
      max(v.price) as price_max,
      min(v.base_price) as base_price,
      bool_or(v.price < v.base_price) as is_on_sale,
      bool_or(v.in_stock) as in_stock,
      count(*)::integer as variant_count,
      (array_agg(v.id order by v.is_default desc, v.position, v.id))[1] as default_variant_id,
      jsonb_agg(
        jsonb_build_object(
          'id', v.id, 'sku', v.sku, 'title', v.title, 'options', v.options,
          'price', v.price, 'base_price', v.base_price, 'in_stock', v.in_stock
        )
        order by v.position, v.id
      ) as variants
    from variant v
    group by v.product_id
  ),
  fact as (
    select v.product_id, o.key as name, o.value
    from variant v
    cross join lateral jsonb_each_text(v.options) o
    union
    select p.id, f.key, e.value
    from public.products p
    cross join lateral jsonb_each(p.specifications) f
    cross join lateral jsonb_array_elements_text(
      case jsonb_typeof(f.value) when 'array' then f.value else jsonb_build_array(f.value) end
    ) e
    where p.id = any (refresh_listing.product_ids) and p.specifications <> '{}'
  ),
  attribute as (
    select a.product_id, jsonb_object_agg(a.name, a.choices) as attributes
    from (
      select f.product_id, f.name, jsonb_agg(f.value order by f.value) as choices
      from fact f
      where f.value is not null
      group by f.product_id, f.name
    ) a
    group by a.product_id
  ),
  picture as (
    select m.product_id, jsonb_agg(
      jsonb_build_object('path', m.path, 'alt', m.alt) order by m.place
    ) as images
    from (
      select
        d.product_id, d.path, d.alt,
        row_number() over (
          partition by d.product_id order by d.variant_id is not null, d.position, d.id
        ) as place
      from (
        -- Sizes of one colour share a picture: it counts once.
        select distinct on (e.product_id, e.path) e.*
        from public.product_media e
        where e.product_id = any (refresh_listing.product_ids) and e.kind = 'image'
        order by e.product_id, e.path, e.variant_id is not null, e.position, e.id
      ) d
    ) m
    where m.place <= 8
    group by m.product_id
  ),
  change as (
    select v.product_id, min(t.moment) as moment
    from variant v
    join public.variant_prices o
      on o.variant_id = v.id and o.currency = v.currency and o.kind = 'sale'
    cross join lateral (values (o.starts_at), (o.ends_at)) as t (moment)
    where t.moment > now()
    group by v.product_id
  ),
  gone as (
    delete from public.product_listing l
    where l.product_id = any (refresh_listing.product_ids)
      and not exists (select from summary s where s.product_id = l.product_id)
  )
  insert into public.product_listing as l (
    product_id, slug, title, brand, brand_slug, category, category_id, category_slug,
    category_slugs, seller_id, seller_name, currency, price, price_max, base_price, list_price,
    is_on_sale, price_changes_at, in_stock, rating_average, rating_count, image, images, variants,
    variant_count, default_variant_id, is_featured, tags, attributes, search, sold_count,
    published_at, version
  )
  select
    p.id, p.slug, p.title, b.name, b.slug, c.name, c.id, c.slug,
    coalesce(c.path, '{}'), e.id, e.name, s.currency, s.price, s.price_max, s.base_price,
    p.list_price, s.is_on_sale, h.moment, s.in_stock, p.rating_average, p.rating_count,
    m.images -> 0 ->> 'path', coalesce(m.images, '[]'), s.variants,
    s.variant_count, s.default_variant_id, p.is_featured, p.tags, coalesce(a.attributes, '{}'),
    setweight(to_tsvector('pg_catalog.english', extensions.unaccent(p.title)), 'A')
      || setweight(to_tsvector('pg_catalog.english', extensions.unaccent(concat_ws(
        ' ', b.name, c.name, array_to_string(c.path, ' '), array_to_string(p.tags, ' ')
      ))), 'B')
      || setweight(to_tsvector('pg_catalog.english', extensions.unaccent(concat_ws(
        ' ', array_to_string(p.features, ' '), left(p.description, 5000)
      ))), 'C'),
    coalesce(n.pieces, 0), p.published_at, nextval('private.listing_versions')
  from summary s
  join public.products p on p.id = s.product_id
  left join public.brands b on b.id = p.brand_id
  left join public.categories c on c.id = p.category_id
  left join public.sellers e on e.id = p.seller_id
  left join picture m on m.product_id = p.id
  left join attribute a on a.product_id = p.id
  left join change h on h.product_id = p.id
  left join private.product_sales n on n.product_id = p.id
  on conflict (product_id) do update set
    slug = excluded.slug,
    title = excluded.title,
    brand = excluded.brand,
    brand_slug = excluded.brand_slug,
    category = excluded.category,
    category_id = excluded.category_id,
    category_slug = excluded.category_slug,
    category_slugs = excluded.category_slugs,
    seller_id = excluded.seller_id,
    seller_name = excluded.seller_name,
    currency = excluded.currency,
    price = excluded.price,
    price_max = excluded.price_max,
    base_price = excluded.base_price,
    list_price = excluded.list_price,
    is_on_sale = excluded.is_on_sale,
    price_changes_at = excluded.price_changes_at,
    in_stock = excluded.in_stock,
    rating_average = excluded.rating_average,
    rating_count = excluded.rating_count,
    image = excluded.image,
    images = excluded.images,
    variants = excluded.variants,
    variant_count = excluded.variant_count,
    default_variant_id = excluded.default_variant_id,
    is_featured = excluded.is_featured,
    tags = excluded.tags,
    attributes = excluded.attributes,
    search = excluded.search,
    sold_count = excluded.sold_count,
    published_at = excluded.published_at,
    updated_at = now(),
    version = excluded.version
  where (
    l.slug, l.title, l.brand, l.brand_slug, l.category, l.category_id, l.category_slug,
    l.category_slugs, l.seller_id, l.seller_name, l.currency, l.price, l.price_max, l.base_price,
    l.list_price, l.is_on_sale, l.price_changes_at, l.in_stock, l.rating_average, l.rating_count,
    l.image, l.images, l.variants, l.variant_count, l.default_variant_id, l.is_featured, l.tags,
    l.attributes, l.search, l.sold_count, l.published_at
  ) is distinct from (
    excluded.slug, excluded.title, excluded.brand, excluded.brand_slug, excluded.category,
    excluded.category_id, excluded.category_slug, excluded.category_slugs, excluded.seller_id,
    excluded.seller_name, excluded.currency, excluded.price, excluded.price_max,
    excluded.base_price, excluded.list_price, excluded.is_on_sale, excluded.price_changes_at,
    excluded.in_stock, excluded.rating_average, excluded.rating_count, excluded.image,
    excluded.images, excluded.variants, excluded.variant_count, excluded.default_variant_id,
    excluded.is_featured, excluded.tags, excluded.attributes, excluded.search, excluded.sold_count,
    excluded.published_at
  );
end;
$$;
comment on function private.refresh_listing is
  'Rebuilds the listing rows of the products: added, changed where different, or taken off. Locks '
  'the products; a transaction that also writes stock or variants locks those first.';

create function private.refresh_due_listings(limit_to integer default 1000) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  v_due uuid[];
begin
  with counted as (
    update private.product_sales s
    set is_listed = true
    where s.product_id in (
      select d.product_id
      from private.product_sales d
      where not d.is_listed
      order by d.product_id
      limit refresh_due_listings.limit_to
      for update skip locked
    )
    returning s.product_id
  )
  select array_agg(d.product_id) into v_due
  from (
    select c.product_id from counted c
    union
    (
      select l.product_id
      from public.product_listing l
      where l.price_changes_at <= now()
      order by l.price_changes_at
      limit refresh_due_listings.limit_to
    )
  ) d;

  if v_due is not null then
    perform private.refresh_listing(v_due);
  end if;
  return coalesce(cardinality(v_due), 0);
end;
$$;
comment on function private.refresh_due_listings is
  'For the scheduler, each minute: rebuilds the rows of products whose sale has started or ended, '
  'or '
  'which were shipped. Returns how many were due.';

-- What keeps it

create function private.listing_is_deferred() returns boolean
-- Not plain SQL: that would be planned anew for every change of stock.
language plpgsql stable set search_path = ''
as $$
begin
  return current_setting('supamarket.listing', true) is not distinct from 'deferred';
end;
$$;
comment on function private.listing_is_deferred is
  'Set by bulk commands for their transaction, which rebuild all their products once at the end.';

create function private.tg_products__refresh_listing() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if not private.listing_is_deferred() then
    perform private.refresh_listing(array(select c.id from changed c));
  end if;
  return null;
end;
$$;
comment on function private.tg_products__refresh_listing is 'Keeps product_listing.';
create trigger _900_refresh_listing after update on public.products
  referencing new table as changed
  for each statement execute function private.tg_products__refresh_listing();

create function private.tg__refresh_listing_of_product() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if not private.listing_is_deferred() then
    perform private.refresh_listing(array(select distinct c.product_id from changed c));
  end if;
  return null;
end;
$$;
comment on function private.tg__refresh_listing_of_product is
  'Keeps product_listing, for tables that have a product_id.';
create trigger _900_refresh_listing_insert after insert on public.product_variants
  referencing new table as changed
  for each statement execute function private.tg__refresh_listing_of_product();
create trigger _900_refresh_listing_update after update on public.product_variants
  referencing new table as changed
  for each statement execute function private.tg__refresh_listing_of_product();
create trigger _900_refresh_listing_insert after insert on public.product_media
  referencing new table as changed
  for each statement execute function private.tg__refresh_listing_of_product();
create trigger _900_refresh_listing_update after update on public.product_media
  referencing new table as changed
  for each statement execute function private.tg__refresh_listing_of_product();
create trigger _900_refresh_listing_delete after delete on public.product_media
  referencing old table as changed
  for each statement execute function private.tg__refresh_listing_of_product();

create function private.tg_variant_prices__refresh_listing() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if not private.listing_is_deferred() then
    perform private.refresh_listing(array(
      select distinct v.product_id
      from changed c
      join public.product_variants v on v.id = c.variant_id
    ));
  end if;
  return null;
end;
$$;
comment on function private.tg_variant_prices__refresh_listing is 'Keeps product_listing.';
create trigger _900_refresh_listing_insert after insert on public.variant_prices
  referencing new table as changed
  for each statement execute function private.tg_variant_prices__refresh_listing();
create trigger _900_refresh_listing_update after update on public.variant_prices
  referencing new table as changed
  for each statement execute function private.tg_variant_prices__refresh_listing();
create trigger _900_refresh_listing_delete after delete on public.variant_prices
  referencing old table as changed
  for each statement execute function private.tg_variant_prices__refresh_listing();

create function private.tg_variant_stock__refresh_listing() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_flipped uuid[];
begin
  if private.listing_is_deferred() then
    return null;
  end if;
  -- Grouped, not joined: a join planned for one row would be kept for ten thousand.
  select array_agg(distinct flipped.product_id) into v_flipped
  from (
    select c.product_id
    from (
      select n.variant_id, n.product_id, n.available > 0 as in_stock from new_rows n
      union all
      select o.variant_id, o.product_id, o.available > 0 from old_rows o
    ) c
    group by c.variant_id, c.product_id
    having bool_or(c.in_stock) <> bool_and(c.in_stock)
  ) flipped;
  if v_flipped is not null then
    perform private.refresh_listing(v_flipped);
  end if;
  return null;
end;
$$;
comment on function private.tg_variant_stock__refresh_listing is
  'Keeps product_listing.in_stock: acts only when a variant sells out or comes back.';
create trigger _900_refresh_listing after update on public.variant_stock
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.tg_variant_stock__refresh_listing();

create function private.tg__refresh_listing_of_relatives() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if private.listing_is_deferred() then
    return null;
  end if;
  perform private.refresh_listing(array(
    select p.id
    from public.products p
    where p.status = 'active'
      and (
        (tg_table_name = 'brands' and p.brand_id = new.id)
        or (tg_table_name = 'categories' and p.category_id = new.id)
        or (tg_table_name = 'sellers' and p.seller_id = new.id)
      )
  ));
  return null;
end;
$$;
comment on function private.tg__refresh_listing_of_relatives is
  'Keeps product_listing when a brand, category or seller is renamed or moved.';
create trigger _900_refresh_listing after update on public.brands
  for each row when ((old.name, old.slug) is distinct from (new.name, new.slug))
  execute function private.tg__refresh_listing_of_relatives();
create trigger _900_refresh_listing after update on public.categories
  for each row when ((old.name, old.path) is distinct from (new.name, new.path))
  execute function private.tg__refresh_listing_of_relatives();
create trigger _900_refresh_listing after update on public.sellers
  for each row when (old.name is distinct from new.name)
  execute function private.tg__refresh_listing_of_relatives();

create function private.tg_shop_settings__refresh_listing() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.refresh_listing(array(select p.id from public.products p));
  return null;
end;
$$;
comment on function private.tg_shop_settings__refresh_listing is
  'Keeps product_listing when the shop changes its currency.';
create trigger _900_refresh_listing after update of currency on public.shop_settings
  for each row when (old.currency is distinct from new.currency)
  execute function private.tg_shop_settings__refresh_listing();
