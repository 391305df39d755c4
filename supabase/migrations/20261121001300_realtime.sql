-- Realtime: what the shop tells those who watch, the moment it is committed.
--
-- Always true here: a broadcast is a nudge. It carries ids, states and the row's version, and may
-- be lost; who missed one reads the table. Topics are private and open to those who may read the
-- rows they speak of; clients send nothing into them.
--
--   order:{id}     its buyer and staff          order.status, payment.status
--   user:{id}      that user                    order.created, order.status, payment.status
--   seller:{id}    that seller's members        order.created, order.status, payment.status
--   product:{id}   who may read the product     stock.changed, price.changed
--   admin:orders   staff                        order.created, order.status, payment.status
--   admin:stock    staff                        stock.changed

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function private.tg_orders__broadcast() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_payload jsonb := jsonb_build_object(
    'order_id', new.id,
    'number', new.number,
    'status', new.status,
    'payment_status', new.payment_status,
    'total', new.total,
    'currency', new.currency,
    'item_count', new.item_count,
    'version', new.version,
    'created_at', new.placed_at
  );
  v_topics text[] := array['admin:orders'];
begin
  if new.buyer_id is not null then
    v_topics := v_topics || ('user:' || new.buyer_id);
  end if;
  if new.seller_ids <> '{}' then
    v_topics := v_topics || array(select 'seller:' || id from unnest(new.seller_ids) id);
  end if;

  if tg_op = 'INSERT' then
    perform realtime.send(v_payload, 'order.created', topic, true) from unnest(v_topics) topic;
    return null;
  end if;

  v_topics := v_topics || ('order:' || new.id);
  if new.status is distinct from old.status then
    perform realtime.send(v_payload, 'order.status', topic, true) from unnest(v_topics) topic;
  end if;
  if new.payment_status is distinct from old.payment_status then
    perform realtime.send(v_payload, 'payment.status', topic, true) from unnest(v_topics) topic;
  end if;
  return null;
end;
$$;

create trigger _900_broadcast_creation
  after insert on public.orders
  for each row execute function private.tg_orders__broadcast();

create trigger _900_broadcast_moves
  after update on public.orders
  for each row
  when ((new.status, new.payment_status) is distinct from (old.status, old.payment_status))
  execute function private.tg_orders__broadcast();

-- Rows of variant_stock are written only when there is more or less of the variant than before.
create function private.tg_variant_stock__broadcast() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object(
      'variant_id', n.variant_id,
      'product_id', n.product_id,
      'available', n.available,
      'in_stock', n.available > 0,
      'version', n.version
    ),
    'stock.changed', topic, true
  )
  from new_rows n
  cross join unnest(array['product:' || n.product_id, 'admin:stock']) topic;
  return null;
end;
$$;

create trigger _900_broadcast
  after update on public.variant_stock
  referencing new table as new_rows
  for each statement execute function private.tg_variant_stock__broadcast();

-- From the listing, because that is where a price change arrives whatever caused it: a new price,
-- or a sale that began or ended.
create function private.tg_product_listing__broadcast() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object(
      'product_id', new.product_id,
      'currency', new.currency,
      'price', new.price,
      'price_max', new.price_max,
      'base_price', new.base_price,
      'is_on_sale', new.is_on_sale,
      'version', new.version
    ),
    'price.changed', 'product:' || new.product_id, true
  );
  return null;
end;
$$;

create trigger _900_broadcast_price
  after update on public.product_listing
  for each row
  when (
    (new.price, new.price_max, new.base_price, new.is_on_sale)
      is distinct from (old.price, old.price_max, old.base_price, old.is_on_sale)
    or jsonb_path_query_array(new.variants, '$[*].price')
      is distinct from jsonb_path_query_array(old.variants, '$[*].price')
  )
  execute function private.tg_product_listing__broadcast();

-- Finds the product of a topic without casting any part of the topic.
-- squawk-ignore require-concurrent-index-creation -- No shop has rows before its first migration.
create index products_topic_idx on public.products (('product:' || id::text));

-- Topics are built from what the caller is or has and compared; no part of a topic is ever cast.
create function private.may_hear(topic text) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  return case
    when topic is null then false
    when topic like 'product:%' then exists (
      select from public.products p
      where 'product:' || p.id::text = topic
        and (
          p.status = 'active'
          or p.seller_id = any (array(select private.current_seller_ids()))
          or private.is_staff()
        )
    )
    when topic like 'user:%' then topic = 'user:' || auth.uid()
    when topic like 'order:%' then
      private.is_staff()
      or exists (
        select from public.orders o
        where o.buyer_id = auth.uid() and topic = 'order:' || o.id
      )
    when topic like 'seller:%' then exists (
      select from private.current_seller_ids() id where topic = 'seller:' || id
    )
    when topic in ('admin:orders', 'admin:stock') then private.is_staff()
    else false
  end;
end;
$$;

comment on function private.may_hear(text) is
  'Whether the caller may listen to a private Realtime topic. Asked by the policies of '
  'realtime.messages, once a join.';

grant execute on function private.may_hear(text) to anon, authenticated;

-- Reading only: there is no insert policy, so nobody can speak in the shop's name.
create policy supamarket_hear_public on realtime.messages
  for select to anon
  using (extension = 'broadcast' and (select private.may_hear((select realtime.topic()))));

create policy supamarket_hear on realtime.messages
  for select to authenticated
  using (extension = 'broadcast' and (select private.may_hear((select realtime.topic()))));

-- Tables that people watch with postgres_changes; their own policies filter what each one gets.
do $do$
declare
  v_table text;
begin
  if not exists (select from pg_catalog.pg_publication p where p.pubname = 'supabase_realtime') then
    return;
  end if;
  foreach v_table in array array['orders', 'order_events', 'product_listing', 'variant_stock'] loop
    if not exists (
      select from pg_catalog.pg_publication_tables t
      where t.pubname = 'supabase_realtime' and t.schemaname = 'public' and t.tablename = v_table
    ) then
      -- Dynamic because alter publication takes no parameters; the names stand right above.
      execute format('alter publication supabase_realtime add table public.%I', v_table);
    end if;
  end loop;
end;
$do$;
