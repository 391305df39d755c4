-- Invariants: what must always hold about stock, money and orders, counted over all rows.
--
-- Nothing here changes anything; tests and operators ask.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- What must always hold, counted. Every number is 0 in a healthy shop.
create function private.check_invariants() returns table (name text, broken bigint)
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query
  select 'reserved_is_sum_of_open_reservations', count(*)
  from public.stock_levels s
  full join (
    select r.warehouse_id, r.variant_id, sum(r.quantity) as quantity
    from public.reservations r
    where r.state in ('active', 'committed')
    group by r.warehouse_id, r.variant_id
  ) held on held.warehouse_id = s.warehouse_id and held.variant_id = s.variant_id
  where coalesce(s.reserved, 0) <> coalesce(held.quantity, 0)
  union all
  select 'on_hand_is_sum_of_movements', count(*)
  from public.stock_levels s
  full join (
    select m.warehouse_id, m.variant_id, sum(m.quantity) as quantity
    from public.stock_movements m
    group by m.warehouse_id, m.variant_id
  ) moved on moved.warehouse_id = s.warehouse_id and moved.variant_id = s.variant_id
  where coalesce(s.on_hand, 0) <> coalesce(moved.quantity, 0)
  union all
  select 'stock_within_bounds', count(*)
  from public.stock_levels s
  where s.reserved not between 0 and s.on_hand
  union all
  select 'available_is_on_hand_minus_reserved', count(*)
  from public.variant_stock v
  full join (
    select s.variant_id, sum(s.on_hand - s.reserved) as available
    from public.stock_levels s
    join public.warehouses w on w.id = s.warehouse_id
    where w.is_active
    group by s.variant_id
  ) counted on counted.variant_id = v.variant_id
  where coalesce(v.available, 0) <> coalesce(counted.available, 0)
  union all
  select 'orders_have_items', count(*)
  from public.orders o
  where not exists (select from public.order_items i where i.order_id = o.id)
  union all
  select 'order_totals_are_sums_of_lines', count(*)
  from public.orders o
  join (
    select i.order_id, sum(i.unit_price * i.quantity) as subtotal, sum(i.discount) as discount,
      sum(i.tax) as tax, sum(i.quantity) as pieces
    from public.order_items i
    group by i.order_id
  ) lines on lines.order_id = o.id
  where (o.subtotal, o.discount, o.tax, o.item_count)
      <> (lines.subtotal, lines.discount, lines.tax + o.shipping_tax, lines.pieces)
    or o.total <> o.subtotal - o.discount + o.shipping
      + case when o.prices_include_tax then 0 else o.tax end
  union all
  select 'order_reservations_match_lines', count(*)
  from (
    select i.order_id, i.variant_id, sum(i.quantity) as quantity
    from public.order_items i
    where i.variant_id is not null
    group by i.order_id, i.variant_id
  ) wanted
  left join (
    select r.order_id, r.variant_id, sum(r.quantity) as quantity
    from public.reservations r
    group by r.order_id, r.variant_id
  ) held on held.order_id = wanted.order_id and held.variant_id = wanted.variant_id
  where wanted.quantity is distinct from held.quantity
  union all
  select 'reservations_follow_order_status', count(*)
  from public.reservations r
  join public.orders o on o.id = r.order_id
  where r.state <> all (case
    when o.status = 'pending' then array['active']
    when o.status in ('confirmed', 'processing') then array['committed']
    when o.status = 'cancelled' then array['released']
    else array['fulfilled']
  end::public.reservation_state[])
  union all
  select 'one_open_payment_per_order', count(*)
  from (
    select from public.payments p
    where p.status in ('created', 'requires_action', 'processing', 'authorised')
    group by p.order_id
    having count(*) > 1
  ) double
  union all
  select 'paid_once', count(*)
  from (
    select from public.payments p
    where p.captured_amount > 0 and not p.is_surplus
    group by p.order_id
    having count(*) > 1
  ) double
  union all
  select 'captured_at_most_the_amount', count(*)
  from public.payments p
  where p.captured_amount > p.amount and not p.is_surplus
  union all
  select 'refunds_at_most_captured', count(*)
  from public.payments p
  join (
    select f.payment_id, sum(f.amount) as amount,
      sum(f.amount) filter (where f.state = 'succeeded') as succeeded
    from public.refunds f
    where f.state in ('pending', 'succeeded')
    group by f.payment_id
  ) back on back.payment_id = p.id
  where back.amount > p.captured_amount or p.refunded_amount <> coalesce(back.succeeded, 0)
  union all
  select 'surplus_is_on_its_way_back', count(*)
  from public.payments p
  where p.is_surplus and p.captured_amount > 0
    and not exists (select from public.refunds f where f.payment_id = p.id)
  union all
  select 'cancelled_orders_keep_no_money', count(*)
  from public.orders o
  join public.payments p on p.order_id = o.id
  where o.status = 'cancelled'
    and p.captured_amount > coalesce((
      select sum(f.amount) from public.refunds f
      where f.payment_id = p.id and f.state in ('pending', 'succeeded')
    ), 0)
    -- A refund the provider refused is for staff to settle; it is not lost.
    and not exists (select from public.refunds f where f.payment_id = p.id and f.state = 'failed')
  union all
  select 'goods_follow_money', count(*)
  from public.orders o
  where o.status not in ('pending', 'cancelled') and o.payment_provider <> 'cod'
    and not exists (
      select from public.payments p
      where p.order_id = o.id and p.captured_amount = o.total and not p.is_surplus
    )
  union all
  select 'paid_orders_are_not_pending', count(*)
  from public.orders o
  where o.status = 'pending'
    and o.payment_status in ('paid', 'partially_refunded', 'refunded')
  union all
  select 'every_status_has_its_event', count(*)
  from public.orders o
  where not exists (
      select from public.order_events e
      where e.order_id = o.id and e.kind in ('created', 'status') and e.to_status = o.status::text
    )
    or not exists (
      select from public.order_events e where e.order_id = o.id and e.kind = 'created'
    )
  union all
  select 'idempotency_keys_name_one_order', count(*)
  from (
    select from private.idempotency_keys k
    where k.command = 'place_order'
    group by k.response #>> '{order,id}'
    having count(*) > 1
  ) double;
end;
$$;

create function private.check_invariants_as_service()
returns table (name text, broken bigint)
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform private.require_service();
  return query select c.name, c.broken from private.check_invariants() c;
end;
$$;

create function public.check_invariants() returns table (name text, broken bigint)
language sql stable set search_path = ''
as $$ select * from private.check_invariants_as_service() $$;

comment on function public.check_invariants() is
  'Counts what breaks a rule about stock, money or orders; every number is 0. Service role only.';

grant execute on function
  private.check_invariants_as_service(),
  public.check_invariants()
  to service_role;
