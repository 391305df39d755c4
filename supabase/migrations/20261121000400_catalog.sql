-- Catalog: what there is to buy.
--
-- A product has variants (what is bought, priced and stocked) told apart by options; products hang
-- in a tree of categories and may have a brand. Sellers write their own products, admins all of
-- them; nothing that was for sale is ever deleted, it is archived.
-- Always true: an active product has at least one active variant; a slug that was public keeps
-- leading to its product; a category's path is its ancestors' slugs and its own, without cycles.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.product_status as enum ('draft', 'active', 'archived');
comment on type public.product_status is
  'draft: seen by its seller and staff; active: for sale; archived: no longer, kept for its '
  'orders.';

create type public.media_kind as enum ('image', 'video');
comment on type public.media_kind is 'What a media file is.';

create table public.brands (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null unique,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint brands_name_length check (char_length(name) between 1 and 120),
  constraint brands_slug_format check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$')
);
comment on table public.brands is
  'Brands of products. Written by admins, and by import_products where one is missing.';
create index brands_lower_name_idx on public.brands (lower(name));
alter table public.brands enable row level security;
create policy select_public on public.brands for select to anon, authenticated using (true);
create policy insert_admin on public.brands
  for insert to authenticated with check ((select private.has_role('admin')));
create policy update_admin on public.brands
  for update to authenticated
  using ((select private.has_role('admin')))
  with check ((select private.has_role('admin')));
create policy delete_admin on public.brands
  for delete to authenticated using ((select private.has_role('admin')));
grant select on public.brands to anon, authenticated;
grant insert (name, slug), update (name, slug), delete on public.brands to authenticated;
create trigger _100_touch before update on public.brands
  for each row execute function private.tg__touch();

create table public.categories (
  id uuid primary key default gen_random_uuid(),
  parent_id uuid references public.categories (id) on delete restrict,
  name text not null,
  slug text not null unique,
  path text[] not null default '{}',
  level integer not null generated always as (cardinality(path) - 1) stored,
  position integer not null default 0,
  description text not null default '',
  image_path text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint categories_name_length check (char_length(name) between 1 and 120),
  constraint categories_slug_format check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  constraint categories_depth check (cardinality(path) between 1 and 10),
  constraint categories_image_path_length check (char_length(image_path) between 1 and 1000)
);
comment on table public.categories is
  'The category tree. Written by admins, and by their imports where one is missing. Triggers keep '
  'path and move the descendants along; deleting one that is in use is refused.';
comment on column public.categories.path is
  'Slugs from the root to this category, itself included.';
comment on column public.categories.level is '0 at the root.';
comment on column public.categories.position is 'Order among siblings, smallest first.';
comment on column public.categories.image_path is 'Storage path or URL.';
create index categories_parent_id_idx on public.categories (parent_id, position);
create index categories_lower_name_idx on public.categories (lower(name));
alter table public.categories enable row level security;
create policy select_public on public.categories for select to anon, authenticated using (true);
create policy insert_admin on public.categories
  for insert to authenticated with check ((select private.has_role('admin')));
create policy update_admin on public.categories
  for update to authenticated
  using ((select private.has_role('admin')))
  with check ((select private.has_role('admin')));
create policy delete_admin on public.categories
  for delete to authenticated using ((select private.has_role('admin')));
grant select on public.categories to anon, authenticated;
grant
  insert (parent_id, name, slug, position, description, image_path),
  update (parent_id, name, slug, position, description, image_path),
  delete
on public.categories to authenticated;

create function private.tg_categories__place() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_parent_path text[] := '{}';
begin
  new.updated_at := now();
  if new.parent_id is not null then
    -- Shared, so that the parent cannot move away while this row copies its path.
    select c.path into v_parent_path
    from public.categories c where c.id = new.parent_id for share;
  end if;
  if new.parent_id = new.id or (tg_op = 'UPDATE' and old.slug = any (v_parent_path)) then
    perform private.raise_problem(
      409, 'category_cycle', 'A category cannot stand below itself.',
      jsonb_build_object('category_id', new.id, 'parent_id', new.parent_id)
    );
  end if;
  new.path := v_parent_path || new.slug;
  return new;
end;
$$;
comment on function private.tg_categories__place is 'Keeps path; refuses a cycle.';
create trigger _100_place before insert or update of parent_id, slug, path on public.categories
  for each row execute function private.tg_categories__place();

create function private.tg_categories__carry_children() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  update public.categories c set path = '{}' where c.parent_id = new.id;
  return null;
end;
$$;
comment on function private.tg_categories__carry_children is
  'Makes the children of a moved or renamed category compute their paths anew, level by level.';
create trigger _500_carry_children after update on public.categories
  for each row when (old.path is distinct from new.path)
  execute function private.tg_categories__carry_children();

create function private.tg_categories__one_move_at_a_time() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('categories', 0));
  return null;
end;
$$;
comment on function private.tg_categories__one_move_at_a_time is
  'Two moves at once could each be fine and together make a cycle; so they queue.';
create trigger _050_one_move_at_a_time before update of parent_id, slug on public.categories
  for each statement execute function private.tg_categories__one_move_at_a_time();

create table public.products (
  id uuid primary key default gen_random_uuid(),
  seller_id uuid references public.sellers (id) on delete restrict,
  sku text not null unique,
  slug text not null default '' unique,
  title text not null,
  description text not null default '',
  brand_id uuid references public.brands (id) on delete restrict,
  category_id uuid references public.categories (id) on delete restrict,
  tags text[] not null default '{}',
  features text[] not null default '{}',
  specifications jsonb not null default '{}',
  dimensions jsonb not null default '{}',
  weight_grams integer,
  list_price bigint,
  is_featured boolean not null default false,
  status public.product_status not null default 'draft',
  seo_title text,
  seo_description text,
  metadata jsonb not null default '{}',
  rating_average numeric(3, 2) not null default 0,
  rating_count integer not null default 0,
  rating_histogram integer[] not null default '{0,0,0,0,0}',
  version integer not null default 1,
  published_at timestamptz,
  suspended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint products_sku_format
    check (sku ~ '^[^[:space:][:cntrl:]]([^[:cntrl:]]{0,62}[^[:space:][:cntrl:]])?$'),
  constraint products_slug_format
    check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 120),
  constraint products_title_length check (char_length(title) between 1 and 300),
  constraint products_description_length check (char_length(description) <= 20000),
  constraint products_tags_count check (cardinality(tags) <= 50),
  constraint products_features_count check (cardinality(features) <= 50),
  constraint products_specifications_shape check (jsonb_typeof(specifications) = 'object'),
  constraint products_dimensions_shape check (
    jsonb_typeof(dimensions) = 'object'
    and not jsonb_path_exists(dimensions, '$.* ? (@.type() != "number" || @ <= 0)')
  ),
  constraint products_metadata_shape check (jsonb_typeof(metadata) = 'object'),
  constraint products_weight_positive check (weight_grams > 0),
  constraint products_list_price_positive check (list_price > 0),
  constraint products_seo_title_length check (char_length(seo_title) <= 200),
  constraint products_seo_description_length check (char_length(seo_description) <= 500),
  constraint products_rating_average_range check (rating_average between 0 and 5),
  constraint products_rating_count_not_negative check (rating_count >= 0),
  constraint products_rating_histogram_shape check (cardinality(rating_histogram) = 5)
);
comment on table public.products is
  'What is offered; what is bought is a variant. Written by its seller or admins and by '
  'import_products. Triggers make the slug, keep old slugs as redirects, count version, stamp '
  'published_at and keep product_listing. Never deleted: archived.';
comment on column public.products.seller_id is 'Null: the shop itself sells it.';
comment on column public.products.sku is 'The product''s own (parent) sku; variants have theirs.';
comment on column public.products.slug is 'URL part; made from the title where none is given.';
comment on column public.products.specifications is
  'Named facts, e.g. {"Material": "Oak"}; become filters in product_listing.attributes.';
comment on column public.products.dimensions is
  'Millimetres, e.g. {"length": 300, "width": 200, "height": 90}.';
comment on column public.products.weight_grams is 'Grams, packed; a variant may say otherwise.';
comment on column public.products.list_price is
  'Recommended retail price, minor units of the shop''s currency; shown struck through.';
comment on column public.products.metadata is
  'Free, for integrations; readable by whoever sees the product.';
comment on column public.products.rating_histogram is 'Reviews with 1, 2, 3, 4 and 5 stars.';
comment on column public.products.published_at is 'When it first became active.';
comment on column public.products.suspended_at is
  'When its seller''s suspension archived it; it comes back with the seller.';
create index products_seller_id_idx on public.products (seller_id);
create index products_brand_id_idx on public.products (brand_id);
create index products_category_id_idx on public.products (category_id);
alter table public.products enable row level security;
create policy select_public on public.products for select to anon using (status = 'active');
create policy select_visible on public.products
  for select to authenticated
  using (
    status = 'active'
    or seller_id = any (array(select private.current_seller_ids()))
    or (select private.is_staff())
  );
create policy insert_seller on public.products
  for insert to authenticated
  with check (
    seller_id = any (array(select private.active_seller_ids()))
    or (select private.has_role('admin'))
  );
create policy update_seller on public.products
  for update to authenticated
  using (
    seller_id = any (array(select private.active_seller_ids()))
    or (select private.has_role('admin'))
  )
  with check (
    seller_id = any (array(select private.active_seller_ids()))
    or (select private.has_role('admin'))
  );
grant select on public.products to anon, authenticated;
grant
  insert (
    id, seller_id, sku, slug, title, description, brand_id, category_id, tags, features,
    specifications, dimensions, weight_grams, list_price, is_featured, status, seo_title,
    seo_description, metadata
  ),
  update (
    sku, slug, title, description, brand_id, category_id, tags, features, specifications,
    dimensions, weight_grams, list_price, is_featured, status, seo_title, seo_description, metadata
  )
on public.products to authenticated;

create table public.product_slug_redirects (
  old_slug text primary key,
  product_id uuid not null references public.products (id) on delete cascade,
  created_at timestamptz not null default now()
);
comment on table public.product_slug_redirects is
  'Slugs that products had before. Written by a trigger on products; a slug taken by a product '
  'again '
  'leaves this table.';
create index product_slug_redirects_product_id_idx on public.product_slug_redirects (product_id);
alter table public.product_slug_redirects enable row level security;
create policy select_public on public.product_slug_redirects
  for select to anon, authenticated
  using (
    exists (select from public.products p where p.id = product_slug_redirects.product_id)
  );
grant select on public.product_slug_redirects to anon, authenticated;

create table public.product_options (
  id uuid primary key default gen_random_uuid(),
  product_id uuid not null references public.products (id) on delete cascade,
  name text not null,
  position integer not null default 0,
  created_at timestamptz not null default now(),
  constraint product_options_product_id_name_key unique (product_id, name),
  constraint product_options_name_length check (char_length(name) between 1 and 60)
);
comment on table public.product_options is
  'Names and order of what tells a product''s variants apart, e.g. Size before Colour.';
alter table public.product_options enable row level security;

create table public.product_variants (
  id uuid primary key default gen_random_uuid(),
  product_id uuid not null references public.products (id) on delete restrict,
  sku text not null unique,
  barcode text,
  title text not null default '',
  options jsonb not null default '{}',
  position integer not null default 0,
  weight_grams integer,
  is_active boolean not null default true,
  is_default boolean not null default false,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint product_variants_product_id_options_key unique (product_id, options),
  constraint product_variants_sku_format
    check (sku ~ '^[^[:space:][:cntrl:]]([^[:cntrl:]]{0,62}[^[:space:][:cntrl:]])?$'),
  constraint product_variants_barcode_format check (barcode ~ '^[0-9A-Za-z-]{4,64}$'),
  constraint product_variants_title_length check (char_length(title) <= 300),
  constraint product_variants_options_shape check (
    jsonb_typeof(options) = 'object'
    and not jsonb_path_exists(options, '$.* ? (@.type() != "string")')
    and octet_length(options::text) <= 1000
  ),
  constraint product_variants_weight_positive check (weight_grams > 0)
);
comment on table public.product_variants is
  'What is bought, priced and stocked. Written by the product''s seller or admins and by '
  'import_products; taken off sale by is_active, never deleted. A trigger titles it by its '
  'options.';
comment on column public.product_variants.options is
  'Value of each option, e.g. {"Size": "M"}; {} for the only variant of a plain product.';
comment on column public.product_variants.weight_grams is 'Grams, packed; null: the product''s.';
comment on column public.product_variants.is_default is
  'Shown first; where none is marked, the first by position is.';
create unique index product_variants_default_key on public.product_variants (product_id)
  where is_default;
create index product_variants_product_id_idx on public.product_variants (product_id, position);
create index product_variants_barcode_idx on public.product_variants (barcode);
alter table public.product_variants enable row level security;

create table public.product_media (
  id uuid primary key default gen_random_uuid(),
  product_id uuid not null references public.products (id) on delete cascade,
  variant_id uuid references public.product_variants (id) on delete cascade,
  path text not null,
  kind public.media_kind not null default 'image',
  alt text not null default '',
  position integer not null default 0,
  width integer,
  height integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint product_media_path_length check (char_length(path) between 1 and 1000),
  constraint product_media_alt_length check (char_length(alt) <= 500),
  constraint product_media_width_positive check (width > 0),
  constraint product_media_height_positive check (height > 0)
);
comment on table public.product_media is
  'Pictures and videos of a product or of one of its variants, in order.';
comment on column public.product_media.path is
  'Path in Storage, or a URL (absolute, or from the shop''s root).';
comment on column public.product_media.width is 'Pixels.';
comment on column public.product_media.height is 'Pixels.';
create index product_media_product_id_idx on public.product_media (product_id, position);
create index product_media_variant_id_idx on public.product_media (variant_id);
alter table public.product_media enable row level security;

-- Parts of a product are seen by whoever sees the product, and written by whoever may write it.

create policy select_visible on public.product_options
  for select to anon, authenticated
  using (exists (select from public.products p where p.id = product_options.product_id));
create policy select_visible on public.product_variants
  for select to anon, authenticated
  using (exists (select from public.products p where p.id = product_variants.product_id));
create policy select_visible on public.product_media
  for select to anon, authenticated
  using (exists (select from public.products p where p.id = product_media.product_id));

create function private.editable_product(product_id uuid) returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (
    select from public.products p
    where p.id = editable_product.product_id
      and (
        p.seller_id = any (array(select private.active_seller_ids()))
        or (select private.has_role('admin'))
      )
  );
$$;
comment on function private.editable_product is
  'Whether the caller may write the product: its active seller, or an admin.';
grant execute on function private.editable_product to authenticated, service_role;

create policy insert_editor on public.product_options
  for insert to authenticated with check (private.editable_product(product_id));
create policy update_editor on public.product_options
  for update to authenticated
  using (private.editable_product(product_id)) with check (private.editable_product(product_id));
create policy delete_editor on public.product_options
  for delete to authenticated using (private.editable_product(product_id));
grant select on public.product_options to anon, authenticated;
grant insert (product_id, name, position), update (name, position), delete
  on public.product_options to authenticated;

create policy insert_editor on public.product_variants
  for insert to authenticated with check (private.editable_product(product_id));
create policy update_editor on public.product_variants
  for update to authenticated
  using (private.editable_product(product_id)) with check (private.editable_product(product_id));
grant select on public.product_variants to anon, authenticated;
grant
  insert (
    id, product_id, sku, barcode, title, options, position, weight_grams, is_active, is_default
  ),
  update (sku, barcode, title, options, position, weight_grams, is_active, is_default)
on public.product_variants to authenticated;

create policy insert_editor on public.product_media
  for insert to authenticated with check (private.editable_product(product_id));
create policy update_editor on public.product_media
  for update to authenticated
  using (private.editable_product(product_id)) with check (private.editable_product(product_id));
create policy delete_editor on public.product_media
  for delete to authenticated using (private.editable_product(product_id));
grant select on public.product_media to anon, authenticated;
grant
  insert (product_id, variant_id, path, kind, alt, position, width, height),
  update (variant_id, path, kind, alt, position, width, height),
  delete
on public.product_media to authenticated;
create trigger _100_touch before update on public.product_media
  for each row execute function private.tg__touch();

-- Triggers

create function private.tg_products__prepare() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_base text;
begin
  if new.slug = '' then
    v_base := private.slugify(new.title);
    new.slug := v_base;
    if exists (select from public.products p where p.slug = new.slug) then
      new.slug := left(v_base, 80) || '-' || left(private.slugify(new.sku), 30);
    end if;
    if exists (select from public.products p where p.slug = new.slug) then
      new.slug := left(v_base, 80) || '-' || left(new.id::text, 8);
    end if;
  end if;

  if new.status = 'active' then
    new.published_at := coalesce(new.published_at, clock_timestamp());
    new.suspended_at := null;
    if new.seller_id is not null and not exists (
      select from public.sellers s where s.id = new.seller_id and s.status = 'active'
    ) then
      perform private.raise_problem(
        409, 'seller_not_active', 'Products go on sale once their seller is admitted.',
        jsonb_build_object('seller_id', new.seller_id)
      );
    end if;
  end if;
  return new;
end;
$$;
comment on function private.tg_products__prepare is
  'Makes the slug, stamps the first publication, keeps products of inactive sellers off sale.';
create trigger _200_prepare before insert or update of status, slug on public.products
  for each row execute function private.tg_products__prepare();
create trigger _100_version before update on public.products
  for each row execute function private.tg__version();
create trigger _100_version before update on public.product_variants
  for each row execute function private.tg__version();

create function private.tg_products__guard_featured() returns trigger
language plpgsql set search_path = ''
as $$
begin
  perform private.require_role('admin');
  return new;
end;
$$;
comment on function private.tg_products__guard_featured is 'What the shop features, admins decide.';
create trigger _300_guard_featured_insert before insert on public.products
  for each row when (new.is_featured)
  execute function private.tg_products__guard_featured();
create trigger _300_guard_featured_update before update of is_featured on public.products
  for each row when (old.is_featured is distinct from new.is_featured)
  execute function private.tg_products__guard_featured();

create function private.tg_products__keep_redirects() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.product_slug_redirects r where r.old_slug = new.slug;
  if tg_op = 'UPDATE' then
    insert into public.product_slug_redirects (old_slug, product_id)
    values (old.slug, new.id)
    on conflict (old_slug) do update set product_id = excluded.product_id;
  end if;
  return null;
end;
$$;
comment on function private.tg_products__keep_redirects is
  'A slug given up becomes a redirect; a slug taken is one no longer.';
create trigger _500_keep_redirects_insert after insert on public.products
  for each row execute function private.tg_products__keep_redirects();
create trigger _500_keep_redirects_update after update of slug on public.products
  for each row when (old.slug <> new.slug)
  execute function private.tg_products__keep_redirects();

create function private.tg_product_variants__title() returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.title := (
    select string_agg(o.value, ' / ' order by p.position nulls last, o.key)
    from jsonb_each_text(new.options) o
    left join public.product_options p on p.product_id = new.product_id and p.name = o.key
  );
  return new;
end;
$$;
comment on function private.tg_product_variants__title is
  'Titles a variant by its option values, e.g. M / Red.';
create trigger _200_title before insert or update of title, options on public.product_variants
  for each row when (new.title = '' and new.options <> '{}')
  execute function private.tg_product_variants__title();

create function private.tg__active_product_has_variant() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_product_id uuid := to_jsonb(new) ->> tg_argv[0];
begin
  if exists (
    select from public.products p where p.id = v_product_id and p.status = 'active'
  ) and not exists (
    select from public.product_variants v where v.product_id = v_product_id and v.is_active
  ) then
    perform private.raise_problem(
      409, 'product_without_variant',
      'An active product needs an active variant; archive it instead.',
      jsonb_build_object('product_id', v_product_id)
    );
  end if;
  return null;
end;
$$;
comment on function private.tg__active_product_has_variant is
  'At the end of the transaction, an active product has at least one active variant.';
create constraint trigger _900_active_product_has_variant_insert
  after insert on public.products deferrable initially deferred
  for each row when (new.status = 'active')
  execute function private.tg__active_product_has_variant('id');
create constraint trigger _900_active_product_has_variant_update
  after update of status on public.products deferrable initially deferred
  for each row when (new.status = 'active' and old.status <> 'active')
  execute function private.tg__active_product_has_variant('id');
create constraint trigger _900_active_product_has_variant
  after update of is_active on public.product_variants deferrable initially deferred
  for each row when (old.is_active and not new.is_active)
  execute function private.tg__active_product_has_variant('product_id');

create function private.tg_sellers__carry_products() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if new.status = 'active' then
    update public.products p
    set status = 'active'
    where p.seller_id = new.id and p.suspended_at is not null;
  else
    update public.products p
    set status = 'archived', suspended_at = now()
    where p.seller_id = new.id and p.status = 'active';
  end if;
  return null;
end;
$$;
comment on function private.tg_sellers__carry_products is
  'A seller who stops being active takes the products off sale, and brings them back on return.';
create trigger _500_carry_products after update of status on public.sellers
  for each row when (old.status is distinct from new.status)
  execute function private.tg_sellers__carry_products();
