-- Imports: a catalogue arrives as rows, and may arrive again.
--
-- import_products takes up to 1,000 rows a call, does the good ones and names each bad one; callers
-- stream a file of any size in such calls. It works on sets, so a row costs microseconds.
-- Always true: a call is done whole or not at all; a sku is one variant however often it is sent;
-- sending the same rows again changes nothing and says so.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type private.import_row as (
  row integer,
  sku text,
  parent_sku text,
  title text,
  description text,
  category text,
  brand text,
  tags text[],
  features text[],
  specifications jsonb,
  dimensions jsonb,
  weight_grams integer,
  list_price bigint,
  status public.product_status,
  slug text,
  barcode text,
  options jsonb,
  currency text,
  price bigint,
  sale_price bigint,
  stock integer,
  images text[],
  product_id uuid,
  variant_id uuid,
  is_new_product boolean,
  is_new_variant boolean,
  is_lead boolean,
  category_id uuid,
  brand_id uuid
);
comment on type private.import_row is
  'A row of import_products once read; null: not given, leave as it is. The lead row of a product '
  'says what the product is, the others only add their variant.';

create function private.read_import_rows(
  rows jsonb,
  out good private.import_row[],
  out errors jsonb
)
language plpgsql stable set search_path = ''
as $$
declare
  v_known text[] := array[
    'sku', 'title', 'price', 'currency', 'description', 'category', 'brand', 'options',
    'parent_sku', 'stock', 'image', 'images', 'tags', 'barcode', 'weight_grams', 'list_price',
    'sale_price', 'specifications', 'features', 'dimensions', 'status', 'slug'
  ];
begin
  with given as materialized (
    select (r.number - 1)::integer as row, r.value as given, k.value
    from jsonb_array_elements(read_import_rows.rows) with ordinality as r (value, number)
    cross join lateral (
      select case jsonb_typeof(r.value) when 'object' then jsonb_strip_nulls(r.value) else '{}' end
    ) as k (value)
  ),
  wrong as materialized (
    select g.row, g.value ->> 'sku' as sku, f.field, f.message
    from given g
    cross join lateral (
      select 'row' as field, 'A row is an object.' as message
      where jsonb_typeof(g.given) <> 'object'
      union all
      select u.field, 'There is no such field.'
      from jsonb_object_keys(g.value) as u (field)
      where u.field <> all (v_known)
      union all
      select t.field, 'This must be text.'
      from unnest(array[
        'sku', 'parent_sku', 'title', 'description', 'category', 'brand', 'currency', 'barcode',
        'image', 'status', 'slug'
      ]) as t (field)
      where jsonb_typeof(g.value -> t.field) <> 'string'
        and not (
          t.field in ('sku', 'parent_sku', 'barcode')
          and jsonb_typeof(g.value -> t.field) = 'number'
        )
      union all
      select n.field, format('A whole number from %s to %s.', n.least, n.most)
      from (values
        ('price', 1, 999999999999), ('list_price', 1, 999999999999),
        ('sale_price', 1, 999999999999), ('stock', 0, 1000000000),
        ('weight_grams', 1, 1000000000)
      ) as n (field, least, most)
      where g.value ? n.field
        and not coalesce(
          jsonb_path_exists(
            g.value -> n.field,
            '$ ? (@.type() == "number" && @ >= $least && @ <= $most && @ == @.floor())',
            jsonb_build_object('least', n.least, 'most', n.most)
          ),
          false
        )
      union all
      select a.field, 'A list of at most 50 texts.'
      from unnest(array['tags', 'features', 'images']) as a (field)
      where g.value ? a.field
        and (
          jsonb_typeof(g.value -> a.field) <> 'array'
          or jsonb_path_exists(
            g.value -> a.field, 'strict $[*] ? (@.type() != "string" || @ == "")'
          )
          or jsonb_path_exists(g.value -> a.field, '$ ? (@.size() > 50)')
        )
      union all
      select 'sku', case
        when not g.value ? 'sku' then 'This is required.'
        else 'At most 64 characters, without spaces around it.'
      end
      where jsonb_typeof(g.given) = 'object'
        and coalesce(g.value ->> 'sku', '')
          !~ '^[^[:space:][:cntrl:]]([^[:cntrl:]]{0,62}[^[:space:][:cntrl:]])?$'
      union all
      select 'parent_sku', 'At most 64 characters, without spaces around it.'
      where g.value ->> 'parent_sku'
        !~ '^[^[:space:][:cntrl:]]([^[:cntrl:]]{0,62}[^[:space:][:cntrl:]])?$'
      union all
      select 'title', 'From 1 to 300 characters.'
      where char_length(trim(g.value ->> 'title')) not between 1 and 300
      union all
      select 'description', 'At most 20000 characters.'
      where char_length(g.value ->> 'description') > 20000
      union all
      select 'brand', 'From 1 to 120 characters.'
      where char_length(trim(g.value ->> 'brand')) not between 1 and 120
      union all
      select 'category', 'Names of 1 to 120 characters, at most 10 levels: A > B.'
      where g.value ? 'category'
        and (
          cardinality(string_to_array(g.value ->> 'category', '>')) > 10
          or exists (
            select from unnest(string_to_array(g.value ->> 'category', '>')) as s (name)
            where char_length(trim(s.name)) not between 1 and 120
          )
        )
      union all
      select 'currency', 'There is no such currency.'
      where g.value ? 'currency'
        and not exists (
          select from public.currencies c where c.code = g.value ->> 'currency'
        )
      union all
      select 'barcode', 'From 4 to 64 letters, digits and dashes.'
      where g.value ->> 'barcode' !~ '^[0-9A-Za-z-]{4,64}$'
      union all
      select 'status', 'Use draft, active or archived.'
      where g.value ->> 'status' not in ('draft', 'active', 'archived')
      union all
      select 'slug', 'At most 120 lower-case letters and digits, with single dashes between.'
      where g.value ->> 'slug' !~ '^[a-z0-9]+(-[a-z0-9]+)*$'
        or char_length(g.value ->> 'slug') > 120
      union all
      select 'image', 'From 1 to 1000 characters.'
      where char_length(g.value ->> 'image') not between 1 and 1000
      union all
      select 'images', 'Each at most 1000 characters.'
      where jsonb_typeof(g.value -> 'images') = 'array'
        and exists (
          select from jsonb_array_elements_text(g.value -> 'images') as i (path)
          where char_length(i.path) > 1000
        )
      union all
      select 'options', 'Names and values as text, e.g. {"Size": "M"}; 1000 characters in all.'
      where g.value ? 'options'
        and (
          jsonb_typeof(g.value -> 'options') <> 'object'
          or jsonb_path_exists(
            g.value -> 'options', '$.* ? (@.type() != "string" && @.type() != "number")'
          )
          or octet_length((g.value -> 'options')::text) > 900
          or exists (
            select from jsonb_object_keys(
              case jsonb_typeof(g.value -> 'options')
                when 'object' then g.value -> 'options' else '{}'
              end
            ) as o (name)
            where char_length(o.name) not between 1 and 60
          )
        )
      union all
      select 'specifications', 'An object, e.g. {"Material": "Oak"}.'
      where jsonb_typeof(g.value -> 'specifications') <> 'object'
      union all
      select 'dimensions', 'Millimetres as numbers, e.g. {"length": 300}.'
      where g.value ? 'dimensions'
        and (
          jsonb_typeof(g.value -> 'dimensions') <> 'object'
          or jsonb_path_exists(g.value -> 'dimensions', '$.* ? (@.type() != "number" || @ <= 0)')
        )
      union all
      select 'sale_price', 'A sale price is below the price.'
      where jsonb_typeof(g.value -> 'sale_price') = 'number'
        and jsonb_typeof(g.value -> 'price') = 'number'
        and (g.value -> 'sale_price') >= (g.value -> 'price')
    ) f
  )
  select
    (
      select jsonb_agg(jsonb_build_object(
        'row', w.row, 'sku', w.sku, 'field', w.field, 'message', w.message
      ))
      -- One message a field: the first that applies.
      from (select distinct on (e.row, e.field) e.* from wrong e) w
    ),
    (
      select array_agg(
        row(
          g.row,
          g.value ->> 'sku',
          g.value ->> 'parent_sku',
          trim(g.value ->> 'title'),
          g.value ->> 'description',
          g.value ->> 'category',
          trim(g.value ->> 'brand'),
          case when g.value ? 'tags'
            then array(select jsonb_array_elements_text(g.value -> 'tags')) end,
          case when g.value ? 'features'
            then array(select jsonb_array_elements_text(g.value -> 'features')) end,
          g.value -> 'specifications',
          g.value -> 'dimensions',
          (g.value ->> 'weight_grams')::numeric::integer,
          (g.value ->> 'list_price')::numeric::bigint,
          (g.value ->> 'status')::public.product_status,
          g.value ->> 'slug',
          g.value ->> 'barcode',
          (
            select coalesce(jsonb_object_agg(o.key, o.value), '{}')
            from jsonb_each_text(g.value -> 'options') o
            having g.value ? 'options'
          ),
          coalesce(g.value ->> 'currency', (select s.currency from public.shop_settings s)),
          (g.value ->> 'price')::numeric::bigint,
          (g.value ->> 'sale_price')::numeric::bigint,
          (g.value ->> 'stock')::numeric::integer,
          case when g.value ? 'image' or g.value ? 'images' then array(
            select i.path
            from (
              select g.value ->> 'image' as path, 0 as place
              union all
              select e.path, e.place
              from jsonb_array_elements_text(g.value -> 'images') with ordinality as e (path, place)
            ) i
            where i.path is not null
            group by i.path
            order by min(i.place)
          ) end,
          null, null, null, null, null, null, null
        )::private.import_row
        order by g.row
      )
      from given g
      where not exists (select from wrong w where w.row = g.row)
    )
  into errors, good;
  errors := coalesce(errors, '[]');
  good := coalesce(good, '{}');
end;
$$;
comment on function private.read_import_rows is
  'Reads rows by their shape alone: typed good rows, and [{row, sku, field, message}] for the '
  'others.';

create function private.find_or_make_category(name text, may_make boolean) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  v_part text;
  v_id uuid;
  v_parent_id uuid;
  v_slug text;
begin
  if find_or_make_category.name !~ '>' then
    select c.id into v_id
    from public.categories c
    where c.slug = find_or_make_category.name
      or lower(c.name) = lower(trim(find_or_make_category.name))
    order by c.slug = find_or_make_category.name desc, c.level, c.position, c.id
    limit 1;
    if found then
      return v_id;
    end if;
  end if;

  foreach v_part in array string_to_array(find_or_make_category.name, '>') loop
    v_part := trim(v_part);
    select c.id into v_id
    from public.categories c
    where lower(c.name) = lower(v_part) and c.parent_id is not distinct from v_parent_id
    order by c.position, c.id
    limit 1;
    if not found then
      if not find_or_make_category.may_make then
        return null;
      end if;
      v_slug := private.slugify(v_part);
      if v_parent_id is not null and exists (
        select from public.categories c where c.slug = v_slug
      ) then
        select left(c.slug, 60) || '-' || left(v_slug, 60) into v_slug
        from public.categories c where c.id = v_parent_id;
      end if;
      if exists (select from public.categories c where c.slug = v_slug) then
        v_slug := v_slug || '-' || left(gen_random_uuid()::text, 8);
      end if;
      insert into public.categories (parent_id, name, slug, position)
      values (
        v_parent_id, v_part, v_slug,
        (
          select coalesce(max(c.position), 0) + 1
          from public.categories c where c.parent_id is not distinct from v_parent_id
        )
      )
      returning id into v_id;
    end if;
    v_parent_id := v_id;
  end loop;
  return v_id;
end;
$$;
comment on function private.find_or_make_category is
  'The category that a slug, a name or a path of names (A > B) means; made where missing if '
  'allowed, '
  'else null.';

create function private.find_or_make_brand(name text) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  v_id uuid;
begin
  select b.id into v_id
  from public.brands b
  where lower(b.name) = lower(find_or_make_brand.name) or b.slug = find_or_make_brand.name
  order by b.slug = find_or_make_brand.name, b.id
  limit 1;
  if not found then
    insert into public.brands as b (name, slug)
    values (find_or_make_brand.name, private.slugify(find_or_make_brand.name))
    -- Brands that are written alike are one: "Café Noir" and "Cafe noir".
    on conflict (slug) do update set slug = excluded.slug
    returning b.id into v_id;
  end if;
  return v_id;
end;
$$;
comment on function private.find_or_make_brand is 'The brand of that name, made where missing.';

create function private.import_products(rows jsonb) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_is_shop boolean := private.is_service() or private.has_role('admin');
  v_seller_id uuid;
  v_warehouse_id uuid;
  v_rows private.import_row[];
  v_errors jsonb;
  v_more jsonb;
  v_categories jsonb := '{}';
  v_brands jsonb := '{}';
  v_name text;
  v_touched uuid[];
  v_changed uuid[] := '{}';
  v_products uuid[];
begin
  if not v_is_shop then
    perform private.require_user();
    select s.id into v_seller_id from private.active_seller_ids() as s (id) order by s.id limit 1;
    if not found then
      perform private.raise_problem(
        403, 'forbidden', 'Admins and admitted sellers import products.'
      );
    end if;
  end if;
  if jsonb_typeof(import_products.rows) is distinct from 'array' then
    perform private.raise_invalid_input('rows', 'An array of rows.');
  end if;
  if jsonb_array_length(import_products.rows) > 1000 then
    perform private.raise_invalid_input('rows', 'At most 1000 rows a call.');
  end if;

  -- Two imports at once would both find the same sku, slug, brand or category missing; they queue.
  perform pg_advisory_xact_lock(hashtextextended('import_products', 0));

  select r.good, r.errors into v_rows, v_errors
  from private.read_import_rows(import_products.rows) r;

  -- What each row means for what is there, and what speaks against it.
  with known as materialized (
    select
      r.*,
      coalesce(r.parent_sku, r.sku) as product_sku,
      v.id as found_variant_id,
      p.id as found_product_id,
      p.sku as found_product_sku,
      o.id as own_product_id,
      coalesce(p.seller_id, o.seller_id) as found_seller_id,
      v.is_default,
      b.amount as found_price,
      row_number() over (partition by r.sku order by r.row) as occurrence
    from unnest(v_rows) r
    left join public.product_variants v on v.sku = r.sku
    left join public.products p on p.id = v.product_id
    left join public.products o on o.sku = coalesce(r.parent_sku, r.sku)
    left join public.variant_prices b
      on b.variant_id = v.id and b.currency = r.currency and b.kind = 'base'
  ),
  fresh as materialized (
    select k.product_sku, gen_random_uuid() as product_id
    from known k
    where k.found_product_id is null and k.own_product_id is null
    group by k.product_sku
  ),
  placed as materialized (
    select
      k.*,
      coalesce(k.found_product_id, k.own_product_id, f.product_id) as target_id,
      row_number() over (
        partition by
          coalesce(k.found_product_id, k.own_product_id, f.product_id), coalesce(k.options, '{}')
        order by k.row
      ) as same_options
    from known k
    left join fresh f on f.product_sku = k.product_sku
    where k.occurrence = 1
  ),
  wrong as materialized (
    select k.row, k.sku, 'sku' as field, 'The same sku stands in an earlier row.' as message
    from known k
    where k.occurrence > 1
    union all
    select p.row, p.sku, f.field, f.message
    from placed p
    cross join lateral (
      select
        case when p.found_variant_id is not null or p.parent_sku is null then 'sku'
          else 'parent_sku' end as field,
        'This sku is another seller''s.' as message
      where coalesce(p.found_product_id, p.own_product_id) is not null
        and not (v_is_shop and p.found_seller_id is null)
        and p.found_seller_id is distinct from v_seller_id
      union all
      select 'parent_sku', format('This sku is a variant of %s.', p.found_product_sku)
      where p.found_product_sku <> p.product_sku
      union all
      select 'parent_sku', format('%s is a product with variants; name it as parent_sku.', p.sku)
      where p.found_variant_id is null
        and p.parent_sku is null
        and exists (
          select from public.product_variants v where v.product_id = p.own_product_id
        )
      union all
      select 'price', 'This is required for a new product.'
      where p.found_variant_id is null and p.price is null
      union all
      select 'sale_price', 'A sale price is below the price.'
      where p.sale_price >= coalesce(p.price, p.found_price)
      union all
      select 'sale_price', 'This variant has scheduled sales; use set_price.'
      where p.sale_price is not null
        and exists (
          select from public.variant_prices s
          where s.variant_id = p.found_variant_id
            and s.currency = p.currency
            and s.kind = 'sale'
            and (s.starts_at, s.ends_at) is distinct from (null, null)
        )
      union all
      select 'options', 'Another row has the same options for this product.'
      where p.same_options > 1 and (p.found_variant_id is null or p.options is not null)
      union all
      select 'options', format('Variant %s has the same options.', v.sku)
      from public.product_variants v
      where v.product_id = p.target_id
        and v.sku <> p.sku
        and v.options = coalesce(p.options, '{}')
        and (p.found_variant_id is null or p.options is not null)
      union all
      select 'slug', 'Another product has this slug.'
      where p.slug is not null
        and (
          exists (select from public.products o where o.slug = p.slug and o.id <> p.target_id)
          or exists (
            select from placed q
            where q.slug = p.slug and q.target_id <> p.target_id and q.row < p.row
          )
        )
    ) f
  )
  select
    (
      select jsonb_agg(jsonb_build_object(
        'row', w.row, 'sku', w.sku, 'field', w.field, 'message', w.message
      ))
      from (select distinct on (e.row, e.field) e.* from wrong e) w
    ),
    (
      select array_agg(
        row(
          p.row, p.sku, p.parent_sku, p.title, p.description, p.category, p.brand, p.tags,
          p.features, p.specifications, p.dimensions, p.weight_grams, p.list_price, p.status,
          p.slug, p.barcode, p.options, p.currency, p.price, p.sale_price, p.stock, p.images,
          p.target_id,
          coalesce(p.found_variant_id, gen_random_uuid()),
          coalesce(p.found_product_id, p.own_product_id) is null,
          p.found_variant_id is null,
          -- Of a product that exists, its default variant's row speaks for it.
          coalesce(p.is_default, false) or p.parent_sku is null,
          null, null
        )::private.import_row
        order by p.row
      )
      from placed p
      where not exists (select from wrong w where w.row = p.row)
    )
  into v_more, v_rows;
  v_errors := v_errors || coalesce(v_more, '[]');
  v_rows := coalesce(v_rows, '{}');

  for v_name in select distinct r.category from unnest(v_rows) r where r.category is not null loop
    v_categories := v_categories || jsonb_build_object(
      v_name, private.find_or_make_category(v_name, v_is_shop)
    );
  end loop;
  for v_name in select distinct r.brand from unnest(v_rows) r where r.brand is not null loop
    v_brands := v_brands || jsonb_build_object(v_name, private.find_or_make_brand(v_name));
  end loop;

  -- From here on rows of others may not change what the checks below have seen.
  perform private.lock_stock(array(
    select r.variant_id from unnest(v_rows) r where not r.is_new_variant
  ));
  perform from public.product_variants v
  where v.id in (select r.variant_id from unnest(v_rows) r where not r.is_new_variant)
  order by v.id
  for no key update;
  perform from public.product_media m
  where m.product_id in (
    select r.product_id from unnest(v_rows) r where not r.is_new_product and r.images is not null
  )
  order by m.id
  for update;
  perform from public.products p
  where p.id in (select r.product_id from unnest(v_rows) r where not r.is_new_product)
  order by p.id
  for no key update;

  if exists (select from unnest(v_rows) r where r.stock is not null) then
    v_warehouse_id := private.default_warehouse_id();
  end if;
  with judged as materialized (
    select
      r.*,
      case
        when r.category is not null and v_categories ->> r.category is null
          then 'category'
        when r.stock < s.reserved then 'stock'
      end as field,
      case
        when r.category is not null and v_categories ->> r.category is null
          then 'There is no such category.'
        when r.stock < s.reserved then format('%s pieces are reserved for orders.', s.reserved)
      end as message
    from unnest(v_rows) r
    left join public.stock_levels s
      on s.variant_id = r.variant_id and s.warehouse_id = v_warehouse_id
  ),
  titled as materialized (
    select
      j.*,
      -- Of a new product, the first row with a title speaks for it.
      row_number() over (
        partition by j.product_id order by j.title is null, j.row
      ) = 1 as is_first,
      count(j.title) over (partition by j.product_id) > 0 as has_title
    from judged j
    where j.field is null
  )
  select
    (
      select jsonb_agg(jsonb_build_object(
        'row', w.row, 'sku', w.sku, 'field', w.field, 'message', w.message
      ))
      from (
        select j.row, j.sku, j.field, j.message from judged j where j.field is not null
        union all
        select t.row, t.sku, 'title', 'This is required for a new product.'
        from titled t
        where t.is_new_product and not t.has_title
      ) w
    ),
    (
      select array_agg(
        row(
          t.row, t.sku, t.parent_sku, t.title, t.description, t.category, t.brand, t.tags,
          t.features, t.specifications, t.dimensions, t.weight_grams, t.list_price, t.status,
          t.slug, t.barcode, t.options, t.currency, t.price, t.sale_price, t.stock, t.images,
          t.product_id, t.variant_id, t.is_new_product, t.is_new_variant,
          case when t.is_new_product then t.is_first else t.is_lead end,
          (v_categories ->> t.category)::uuid,
          (v_brands ->> t.brand)::uuid
        )::private.import_row
        order by t.row
      )
      from titled t
      where not t.is_new_product or t.has_title
    )
  into v_more, v_rows;
  v_errors := v_errors || coalesce(v_more, '[]');
  v_rows := coalesce(v_rows, '{}');

  perform set_config('supamarket.listing', 'deferred', true);

  insert into public.products (
    id, seller_id, sku, slug, title, description, brand_id, category_id, tags, features,
    specifications, dimensions, weight_grams, list_price, status
  )
  select
    r.product_id, v_seller_id, coalesce(r.parent_sku, r.sku), coalesce(r.slug, ''), r.title,
    coalesce(r.description, ''), r.brand_id, r.category_id, coalesce(r.tags, '{}'),
    coalesce(r.features, '{}'), coalesce(r.specifications, '{}'), coalesce(r.dimensions, '{}'),
    r.weight_grams, r.list_price, coalesce(r.status, 'active')
  from unnest(v_rows) r
  where r.is_new_product and r.is_lead
  order by r.row;

  with changed as (
    update public.products p
    set
      title = coalesce(r.title, p.title),
      description = coalesce(r.description, p.description),
      brand_id = coalesce(r.brand_id, p.brand_id),
      category_id = coalesce(r.category_id, p.category_id),
      tags = coalesce(r.tags, p.tags),
      features = coalesce(r.features, p.features),
      specifications = coalesce(r.specifications, p.specifications),
      dimensions = coalesce(r.dimensions, p.dimensions),
      weight_grams = coalesce(r.weight_grams, p.weight_grams),
      list_price = coalesce(r.list_price, p.list_price),
      status = coalesce(r.status, p.status),
      slug = coalesce(r.slug, p.slug)
    from unnest(v_rows) r
    where p.id = r.product_id
      and r.is_lead
      and not r.is_new_product
      and (
        p.title, p.description, p.brand_id, p.category_id, p.tags, p.features, p.specifications,
        p.dimensions, p.weight_grams, p.list_price, p.status, p.slug
      ) is distinct from (
        coalesce(r.title, p.title), coalesce(r.description, p.description),
        coalesce(r.brand_id, p.brand_id), coalesce(r.category_id, p.category_id),
        coalesce(r.tags, p.tags), coalesce(r.features, p.features),
        coalesce(r.specifications, p.specifications), coalesce(r.dimensions, p.dimensions),
        coalesce(r.weight_grams, p.weight_grams), coalesce(r.list_price, p.list_price),
        coalesce(r.status, p.status), coalesce(r.slug, p.slug)
      )
    returning r.variant_id
  )
  select array_agg(c.variant_id) into v_touched from changed c;
  v_changed := v_changed || v_touched;

  insert into public.product_options (product_id, name, position)
  select
    o.product_id, o.name, row_number() over (partition by o.product_id order by o.first, o.name)
  from (
    select r.product_id, k.name, min(r.row) as first
    from unnest(v_rows) r
    cross join lateral jsonb_object_keys(r.options) as k (name)
    group by r.product_id, k.name
  ) o
  on conflict on constraint product_options_product_id_name_key do nothing;

  insert into public.product_variants
    (id, product_id, sku, barcode, options, position, weight_grams, is_default)
  select
    r.variant_id, r.product_id, r.sku, r.barcode, coalesce(r.options, '{}'),
    coalesce(
      (select max(v.position) from public.product_variants v where v.product_id = r.product_id), 0
    ) + row_number() over (partition by r.product_id order by r.row),
    case when r.parent_sku is not null and not r.is_lead then r.weight_grams end,
    r.is_lead and r.is_new_product
  from unnest(v_rows) r
  where r.is_new_variant
  order by r.row;

  with changed as (
    update public.product_variants v
    set
      barcode = coalesce(r.barcode, v.barcode),
      options = coalesce(r.options, v.options),
      title = case
        when coalesce(r.options, v.options) is distinct from v.options then '' else v.title
      end,
      weight_grams = case when r.is_lead then v.weight_grams
        else coalesce(r.weight_grams, v.weight_grams) end
    from unnest(v_rows) r
    where v.id = r.variant_id
      and not r.is_new_variant
      and (v.barcode, v.options, v.weight_grams) is distinct from (
        coalesce(r.barcode, v.barcode), coalesce(r.options, v.options),
        case when r.is_lead then v.weight_grams else coalesce(r.weight_grams, v.weight_grams) end
      )
    returning v.id
  )
  select array_agg(c.id) into v_touched from changed c;
  v_changed := v_changed || v_touched;

  with changed as (
    insert into public.variant_prices as p (variant_id, currency, kind, amount)
    select r.variant_id, r.currency, 'base', r.price
    from unnest(v_rows) r
    where r.price is not null
    on conflict (variant_id, currency) where kind = 'base' do update
      set amount = excluded.amount
      where p.amount <> excluded.amount
    returning p.variant_id
  )
  select array_agg(c.variant_id) into v_touched from changed c;
  v_changed := v_changed || v_touched;

  with lowered as (
    update public.variant_prices p
    set amount = r.sale_price
    from unnest(v_rows) r
    where p.variant_id = r.variant_id
      and p.currency = r.currency
      and p.kind = 'sale'
      and p.amount <> r.sale_price
    returning p.variant_id
  ),
  opened as (
    insert into public.variant_prices as p (variant_id, currency, kind, amount)
    select r.variant_id, r.currency, 'sale', r.sale_price
    from unnest(v_rows) r
    where r.sale_price is not null
      and not exists (
        select from public.variant_prices s
        where s.variant_id = r.variant_id and s.currency = r.currency and s.kind = 'sale'
      )
    returning p.variant_id
  )
  select array_agg(c.variant_id) into v_touched
  from (select l.variant_id from lowered l union all select o.variant_id from opened o) c;
  v_changed := v_changed || v_touched;

  if v_warehouse_id is not null then
    select array_agg(c.variant_id) into v_touched
    from (
      select
        array_agg(r.variant_id order by r.row) as variants,
        array_agg(v_warehouse_id) as warehouses,
        array_agg(r.stock order by r.row) as quantities
      from unnest(v_rows) r
      where r.stock is not null
    ) a
    cross join lateral private.set_on_hand(a.variants, a.warehouses, a.quantities, 'imported')
      as c (variant_id);
    v_changed := v_changed || v_touched;
  end if;

  -- The lead row's pictures are the product's, any other row's its variant's.
  with wanted as materialized (
    select
      r.product_id, r.variant_id as row_variant_id,
      case when not r.is_lead then r.variant_id end as variant_id,
      r.images,
      concat_ws(', ', p.title, case when not r.is_lead then (
        select string_agg(o.value, ', ' order by o.key) from jsonb_each_text(r.options) o
      ) end) as alt
    from unnest(v_rows) r
    join public.products p on p.id = r.product_id
    where r.images is not null
      and r.images is distinct from (
        select coalesce(array_agg(m.path order by m.position, m.id), '{}')
        from public.product_media m
        where m.product_id = r.product_id
          and m.variant_id is not distinct from case when not r.is_lead then r.variant_id end
      )
  ),
  dropped as (
    delete from public.product_media m
    using wanted w
    where m.product_id = w.product_id and m.variant_id is not distinct from w.variant_id
  ),
  hung as (
    insert into public.product_media (product_id, variant_id, path, alt, position)
    select w.product_id, w.variant_id, i.path, w.alt, i.place
    from wanted w
    cross join lateral unnest(w.images) with ordinality as i (path, place)
  )
  select array_agg(w.row_variant_id) into v_touched from wanted w;
  v_changed := v_changed || v_touched;

  perform set_config('supamarket.listing', '', true);
  select array_agg(distinct r.product_id) into v_products
  from unnest(v_rows) r
  where r.is_new_variant or r.variant_id = any (v_changed);
  if v_products is not null then
    perform private.refresh_listing(v_products);
  end if;

  return (
    select jsonb_build_object(
      'created', count(*) filter (where r.is_new_variant),
      'updated', count(*) filter (where not r.is_new_variant and r.variant_id = any (v_changed)),
      'unchanged', count(*) filter (
        where not r.is_new_variant and not r.variant_id = any (v_changed)
      ),
      'errors', coalesce((
        select jsonb_agg(e.value order by (e.value ->> 'row')::integer, e.value ->> 'field')
        from jsonb_array_elements(v_errors) as e (value)
      ), '[]')
    )
    from unnest(v_rows) r
  );
end;
$$;
comment on function private.import_products is
  'Imports catalogue rows for the shop (admins, the system) or for the caller''s seller.';
grant execute on function private.import_products to authenticated, service_role;

create function public.import_products(rows jsonb) returns jsonb
language sql set search_path = ''
as $$ select private.import_products(import_products.rows); $$;
comment on function public.import_products is
  'Creates and updates products by sku from at most 1000 rows {sku, title, price, …} (amounts in '
  'minor units); good rows are done, each bad one is named: {created, updated, unchanged, errors: '
  '[{row, sku, field, message}]}, row counted from 0. Fields left out stay as they are; the same '
  'rows again change nothing. Admins (the shop''s own products) and active sellers (theirs).';
grant execute on function public.import_products to authenticated, service_role;
