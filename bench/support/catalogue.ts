import { randomUUID } from "node:crypto";
import type { Bench } from "./bench.ts";
import type { Sql } from "./sql.ts";

const adjectives =
  "amber,ancient,balanced,birch,blue,bold,bright,brushed,calm,carved,classic,clever,coastal,cosy,crimson,crisp,curved,deep,double,dusky,early,easy,emerald,etched,fair,fine,folded,fresh,frosted,gentle,gilded,glazed,golden,grand,green,hand,heavy,high,hollow,honey,ivory,jade,keen,large,light,linen,little,long,lunar,maple,matte,mellow,misty,modern,narrow,natural,nordic,oak,olive,open,pale,pearl,plain,plum,polished,proud,quiet,rapid,raw,red,rich,ripple,round,royal,rustic,sage,salt,sand,satin,sharp,short,silent,silver,simple,slate,slim,small,smooth,soft,solid,spring,square,steady,still,stone,straight,striped,strong,summer,sunny,sweet,swift,tall,teal,thick,thin,tidal,tidy,timber,tiny,true,twin,velvet,vivid,warm,wax,white,wide,wild,winter,woven,yellow";
const nouns =
  "apron,armchair,bag,bakeware,balloon,basin,basket,bath,bell,bench,blanket,board,book,bottle,bowl,box,bracelet,brush,bucket,cabinet,candle,canvas,cap,card,carafe,chair,chest,clock,coat,coaster,colander,comb,cover,crate,cup,curtain,cushion,desk,dish,drawer,dress,drum,easel,fan,flask,fork,frame,funnel,garland,glass,glove,grater,grill,hammer,hamper,hanger,hat,heater,hook,jacket,jar,jug,kettle,key,kite,knife,ladder,ladle,lamp,lantern,lid,light,locker,map,mask,mat,mirror,mitten,mug,necklace,notebook,oven,paddle,pan,parasol,pen,pencil,phone,picture,pillow,pitcher,plane,planter,plate,platter,pot,pouch,press,purse,puzzle,rack,radio,ring,robe,rope,ruler,sack,saddle,sander,scale,scarf,screen,seat,shade,shelf,shirt,shoe,shovel,sieve,sign,skillet,sleeve,slipper,soap,sock,sofa,spade,speaker,spoon,stand,statue,stool,strap,table,tablet,tap,teapot,tent,thermos,tile,toaster,tong,towel,toy,tray,trunk,tub,umbrella,vase,vest,wallet,watch,wheel,whisk,wrap,wreath";

/** Products of one statement; more would only need more memory. */
const chunk = 2000;

/**
 * Brings the catalogue to `size` products of the benchmark's own making, by set-based SQL: one to
 * three variants with prices and stock, two pictures, ratings. Listing rows are made once per chunk
 * by the shop's own function, instead of by every statement's trigger, and nobody is told.
 */
export const fillCatalogue = async (sql: Sql, size: number): Promise<void> => {
  const [{ count = 0 } = {}] = await sql<{ count: number }[]>`
    select count(*)::int as count from public.products where sku like 'BENCH-%'`;
  if (count >= size) return;
  await sql`insert into public.brands (name, slug)
    select 'Maker ' || n, 'maker-' || n from generate_series(1, 200) n on conflict do nothing`;
  await sql`insert into public.categories (name, slug)
    select 'Aisle ' || n, 'aisle-' || n from generate_series(1, 40) n on conflict do nothing`;
  await followUps(sql, "disable");
  try {
    for (let from = count + 1; from <= size; from += chunk) {
      await fillChunk(sql, from, Math.min(from + chunk - 1, size));
    }
  } finally {
    await followUps(sql, "enable");
  }
  // What autovacuum would come round to later.
  await sql.unsafe("vacuum analyze");
};

/** The stack's database, and the one that raw SQL is measured on where that is another. */
export const fillBoth = async ({ on, sql, raw }: Bench, size: number): Promise<void> => {
  await Promise.all([fillCatalogue(sql, size), on === "pglite" && fillCatalogue(raw.sql, size)]);
  // Else the server writes what was just made to disk while it is measured.
  if (on === "postgres") await sql.unsafe("checkpoint");
};

/** Triggers that would rebuild listing rows and tell Realtime about every single one. */
const followUps = async (sql: Sql, verb: "enable" | "disable"): Promise<void> => {
  const triggers = await sql<{ table: string; name: string }[]>`
    select tgrelid::regclass::text as table, quote_ident(tgname) as name
    from pg_trigger
    where not tgisinternal and (tgname like '%refresh_listing%' or tgname like '%broadcast%')`;
  for (const { table, name } of triggers) {
    await sql.unsafe(`alter table ${table} ${verb} trigger ${name}`);
  }
};

const fillChunk = (sql: Sql, from: number, to: number): Promise<unknown> =>
  sql.begin(async (tx) => {
    const warehouse = tx`(select id from public.warehouses where is_active order by priority limit 1)`;
    await tx`
      with words as (
        select string_to_array(${adjectives}, ',') as adjectives, string_to_array(${nouns}, ',') as nouns
      )
      insert into public.products (
        sku, slug, title, description, brand_id, category_id, tags, features, specifications, status,
        rating_average, rating_count, rating_histogram, published_at
      )
      select
        'BENCH-' || n, 'bench-' || n,
        initcap(w.adjectives[1 + n * 7 % cardinality(w.adjectives)] || ' '
          || w.adjectives[1 + (n / 11 * 13 + n) % cardinality(w.adjectives)] || ' '
          || w.nouns[1 + n * 3 % cardinality(w.nouns)]) || ' No. ' || n,
        'A ' || w.adjectives[1 + n * 5 % cardinality(w.adjectives)] || ' '
          || w.nouns[1 + n * 17 % cardinality(w.nouns)] || ' for every day, made to last and easy to '
          || 'look after. ' || repeat('It goes well with what you have. ', 1 + n % 4),
        b.id, c.id, array['bench', w.nouns[1 + n * 3 % cardinality(w.nouns)]],
        array['Made to last', 'Easy to look after'],
        jsonb_build_object('Material', w.adjectives[1 + n % 12], 'Origin', w.nouns[1 + n % 20]),
        'active', 1 + (n % 40) / 10.0, n % 500,
        array[n % 5, n % 7, n % 11, n % 53, n % 97], now() - n * interval '1 minute'
      from generate_series(${from}::int, ${to}::int) n
      cross join words w
      join public.brands b on b.slug = 'maker-' || (1 + n % 200)
      join public.categories c on c.slug = 'aisle-' || (1 + n % 40)`;
    const made = tx`
      select p.id, p.sku, k as n
      from generate_series(${from}::int, ${to}::int) k
      join public.products p on p.sku = 'BENCH-' || k`;
    await tx`
      insert into public.product_variants (product_id, sku, options, position, is_default)
      select p.id, p.sku || '-' || k, jsonb_build_object('Size', (array['S', 'M', 'L'])[k]), k, k = 1
      from (${made}) p cross join lateral generate_series(1, 1 + p.n % 3) k`;
    await tx`
      insert into public.variant_prices (variant_id, currency, kind, amount)
      select v.id, s.currency, 'base', 500 + p.n * 37 % 20000 + v.position * 100
      from (${made}) p
      join public.product_variants v on v.product_id = p.id
      cross join public.shop_settings s`;
    await tx`
      insert into public.product_media (product_id, path, alt, position)
      select p.id, '/storefront/demo/bench-' || p.n || '-' || k || '.svg', 'Picture ' || k, k
      from (${made}) p cross join generate_series(1, 2) k`;
    await tx`
      insert into public.stock_levels (variant_id, warehouse_id, on_hand)
      select v.id, ${warehouse}, case when p.n % 20 = 0 then 0 else 1000000 end
      from (${made}) p join public.product_variants v on v.product_id = p.id`;
    await tx`
      insert into public.stock_movements (variant_id, warehouse_id, quantity, reason)
      select v.id, ${warehouse}, 1000000, 'imported'
      from (${made}) p join public.product_variants v on v.product_id = p.id
      where p.n % 20 <> 0`;
    await tx`select private.refresh_listing(array(select m.id from (${made}) m))`;
  });

/** A product of its own with so many pieces; returns its variant. */
export const addProduct = async (
  sql: Sql,
  stock: number,
): Promise<{ variantId: string; productId: string }> => {
  const sku = `HOT-${randomUUID().slice(0, 8)}`.toUpperCase();
  const row = JSON.stringify([{ sku, title: `Hot item ${sku}`, price: 999, stock }]);
  await sql`select private.import_products(${row}::text::jsonb)`;
  const [found] = await sql<{ id: string; product_id: string }[]>`
    select id, product_id from public.product_variants where sku = ${sku}`;
  if (!found) throw new Error("The hot item could not be imported.");
  return { variantId: found.id, productId: found.product_id };
};

/** Variants that can be bought, spread over the catalogue. */
export const sellableVariants = async (sql: Sql, count: number): Promise<string[]> => {
  const rows = await sql<{ variant_id: string }[]>`
    select k.variant_id from public.variant_stock k
    join public.product_variants v on v.id = k.variant_id
    where k.available > 100000 and v.sku like 'BENCH-%'
    order by k.variant_id limit ${count}`;
  return rows.map(({ variant_id }) => variant_id);
};
