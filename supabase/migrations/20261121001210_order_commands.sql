-- What happens to orders once they are placed: cancelling, moving along, tracking, ordering again.
--
-- Always true here: a command locks the order before it looks at it, and stock rows last; which
-- moves are legal stands in order_transitions, not here.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Everything that ends with an order given up: its goods go back, its payments are closed, its
-- money is returned. The caller holds the order's lock and has set who acts.
create function private.cancel_locked_order(order_id uuid, reason text) returns public.orders
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
begin
  update public.orders o
  set status = 'cancelled', cancel_reason = cancel_locked_order.reason, cancelled_at = now()
  where o.id = cancel_locked_order.order_id
  returning o.* into v_order;

  perform private.close_open_payments(v_order.id);
  perform private.refund_order(v_order.id, 'Order cancelled');
  perform private.settle_payment_status(v_order.id);
  perform private.release_reservations(v_order.id);

  select * into v_order from public.orders o where o.id = v_order.id;
  return v_order;
end;
$$;

create function private.cancel_order(order_id uuid, reason text) returns public.orders
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_reason text := nullif(trim(cancel_order.reason), '');
  v_is_staff boolean := private.is_staff() or private.is_service();
begin
  if not private.is_service() then
    perform private.require_user();
  end if;
  if char_length(v_reason) > 500 then
    perform private.raise_invalid_input('reason', 'At most 500 characters.');
  end if;

  select * into v_order from public.orders o where o.id = cancel_order.order_id for update;
  if v_order.id is null or not (v_is_staff or v_order.buyer_id is not distinct from auth.uid()) then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order of yours.');
  end if;
  -- Said twice is meant once.
  if v_order.status = 'cancelled' then
    return v_order;
  end if;

  if v_order.buyer_id is not distinct from auth.uid() and not private.is_service() then
    perform private.act_on_orders('customer', v_reason);
  else
    if v_reason is null then
      perform private.raise_invalid_input('reason', 'Staff must say why.');
    end if;
    perform private.act_on_orders(
      case when private.is_service() then 'system' else 'staff' end::public.order_actor, v_reason);
  end if;
  return private.cancel_locked_order(v_order.id, coalesce(v_reason, 'Cancelled by the customer'));
end;
$$;

-- Goods come back to the warehouses they went out from.
create function private.restock_order(order_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.lock_stock(array(
    select r.variant_id from public.reservations r
    where r.order_id = restock_order.order_id and r.state = 'fulfilled'
  ));

  with returned as (
    update public.stock_levels s
    set on_hand = s.on_hand + r.quantity, version = s.version + 1, updated_at = now()
    from public.reservations r
    where r.order_id = restock_order.order_id and r.state = 'fulfilled'
      and r.variant_id = s.variant_id and r.warehouse_id = s.warehouse_id
    returning s.warehouse_id, s.variant_id, r.quantity
  )
  insert into public.stock_movements
    (warehouse_id, variant_id, quantity, reason, order_id, actor_id)
  select t.warehouse_id, t.variant_id, t.quantity, 'returned', restock_order.order_id, auth.uid()
  from returned t;
end;
$$;

create function private.set_order_status(
  order_id uuid,
  status public.order_status,
  tracking_number text,
  tracking_carrier text,
  note text,
  expected_version integer
) returns public.orders
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_note text := nullif(trim(set_order_status.note), '');
  v_number text := nullif(trim(set_order_status.tracking_number), '');
  v_carrier text := nullif(trim(set_order_status.tracking_carrier), '');
  v_has_tracking boolean;
begin
  perform private.require_role('support', 'admin');
  if set_order_status.status is null then
    perform private.raise_invalid_input('status', 'This is required.');
  end if;
  if char_length(v_note) > 1000 then
    perform private.raise_invalid_input('note', 'At most 1000 characters.');
  end if;
  if char_length(v_number) > 100 then
    perform private.raise_invalid_input('tracking_number', 'At most 100 characters.');
  end if;
  if char_length(v_carrier) > 100 then
    perform private.raise_invalid_input('tracking_carrier', 'At most 100 characters.');
  end if;

  select * into v_order from public.orders o where o.id = set_order_status.order_id for update;
  if v_order.id is null then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order.');
  end if;
  if v_order.version <> set_order_status.expected_version then
    perform private.raise_problem(409, 'stale_version',
      'Somebody changed this order meanwhile; look at it again.',
      jsonb_build_object('version', v_order.version));
  end if;
  v_has_tracking := v_number is distinct from v_order.tracking_number and v_number is not null
    or v_carrier is distinct from v_order.tracking_carrier and v_carrier is not null;

  perform private.act_on_orders(
    case when private.is_service() then 'system' else 'staff' end::public.order_actor,
    case when set_order_status.status <> v_order.status then v_note end);

  -- The same state again: only what is said along with it is new.
  if set_order_status.status = v_order.status and v_note is not null then
    insert into public.order_events (order_id, kind, message, actor_id, is_public)
    values (v_order.id, 'note', v_note, auth.uid(), false);
  end if;
  if set_order_status.status = 'cancelled' and v_order.status <> 'cancelled' then
    if v_note is null then
      perform private.raise_invalid_input('note', 'Say why the order is cancelled.');
    end if;
    return private.cancel_locked_order(v_order.id, v_note);
  end if;
  if set_order_status.status <> v_order.status
    and set_order_status.status in ('confirmed', 'processing', 'shipped')
    and v_order.payment_provider <> 'cod'
    and v_order.payment_status not in ('paid', 'partially_refunded') then
    perform private.raise_problem(409, 'order_not_paid',
      'This order is not paid; goods go out for money only.',
      jsonb_build_object('payment_status', v_order.payment_status));
  end if;

  if set_order_status.status <> v_order.status or v_has_tracking then
    update public.orders o
    set status = set_order_status.status,
        tracking_number = coalesce(v_number, o.tracking_number),
        tracking_carrier = coalesce(v_carrier, o.tracking_carrier)
    where o.id = v_order.id;
  end if;
  if v_has_tracking then
    insert into public.order_events (order_id, kind, message, actor_id)
    values (v_order.id, 'tracking', concat_ws(' ', v_carrier, v_number), auth.uid());
  end if;

  if set_order_status.status <> v_order.status then
    case set_order_status.status
      when 'shipped' then
        perform private.fulfil_reservations(v_order.id);
      when 'delivered' then
        if v_order.payment_provider = 'cod' then
          -- The money was handed over with the parcel.
          update public.payments p
          set status = 'captured', captured_amount = p.amount, captured_at = now()
          where p.order_id = v_order.id and p.status = 'created';
          perform private.settle_payment_status(v_order.id);
        end if;
      when 'returned' then
        perform private.restock_order(v_order.id);
        -- Refused at the door: nothing was paid. What was paid is refunded by request_refund, after
        -- the goods have been looked at.
        perform private.close_open_payments(v_order.id);
      else
        null;
    end case;
  end if;

  select * into v_order from public.orders o where o.id = v_order.id;
  return v_order;
end;
$$;

create function private.track_order(order_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_is_staff boolean := private.is_staff() or private.is_service();
  v_document jsonb;
begin
  if not private.is_service() then
    perform private.require_user();
  end if;
  select * into v_order from public.orders o where o.id = track_order.order_id;
  if v_order.id is null or not (v_is_staff or v_order.buyer_id is not distinct from auth.uid()) then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order of yours.');
  end if;

  v_document := private.order_document(v_order.id);
  return jsonb_build_object(
    'order', v_document || jsonb_build_object('buyer_id', v_order.buyer_id),
    'items', v_document -> 'items',
    'events', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', e.id,
        'kind', e.kind,
        'from_status', e.from_status,
        'to_status', e.to_status,
        'message', e.message,
        'is_public', e.is_public,
        'created_at', e.created_at
      ) order by e.id), '[]')
      from public.order_events e
      where e.order_id = v_order.id and (e.is_public or v_is_staff)
    ),
    'payments', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', p.id,
        'provider', p.provider,
        'attempt', p.attempt,
        'amount', p.amount,
        'currency', p.currency,
        'status', p.status,
        'captured_amount', p.captured_amount,
        'refunded_amount', p.refunded_amount,
        'failure_code', p.failure_code,
        'failure_message', p.failure_message,
        'card_brand', p.card_brand,
        'card_last4', p.card_last4,
        'created_at', p.created_at
      ) order by p.attempt), '[]')
      from public.payments p
      where p.order_id = v_order.id
    ),
    'refunds', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'id', f.id,
        'payment_id', f.payment_id,
        'amount', f.amount,
        'currency', f.currency,
        'reason', f.reason,
        'state', f.state,
        'created_at', f.created_at
      ) order by f.created_at, f.id), '[]')
      from public.refunds f
      where f.order_id = v_order.id
    )
  );
end;
$$;

create function private.reorder(order_id uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_user_id uuid := private.require_user();
  v_cart_id uuid;
  v_skipped jsonb;
begin
  if not exists (
    select from public.orders o where o.id = reorder.order_id and o.buyer_id = v_user_id
  ) then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order of yours.');
  end if;
  v_cart_id := private.lock_cart();

  with wanted as (
    select i.sku, i.title, i.position, i.quantity, i.variant_id, e.amount,
      coalesce(p.status = 'active' and v.is_active and e.amount is not null, false) as is_sellable
    from public.order_items i
    cross join public.shop_settings s
    left join public.product_variants v on v.id = i.variant_id
    left join public.products p on p.id = v.product_id
    left join private.effective_prices(
      array(select b.variant_id from public.order_items b where b.order_id = reorder.order_id),
      s.currency, now()
    ) e on e.variant_id = i.variant_id
    where i.order_id = reorder.order_id
  ), added as (
    insert into public.cart_items as c (cart_id, variant_id, quantity, unit_price_seen)
    select v_cart_id, w.variant_id, w.quantity, w.amount from wanted w where w.is_sellable
    on conflict on constraint cart_items_pkey do update
      set quantity = least(c.quantity + excluded.quantity, 99999),
          unit_price_seen = excluded.unit_price_seen,
          updated_at = now()
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'sku', w.sku, 'title', w.title, 'reason', 'unavailable'
    ) order by w.position), '[]')
  into v_skipped
  from wanted w
  where not w.is_sellable;

  return jsonb_build_object('cart', private.cart_document(v_user_id), 'skipped', v_skipped);
end;
$$;

create function public.cancel_order(order_id uuid, reason text default null) returns public.orders
language sql set search_path = ''
as $$ select private.cancel_order(cancel_order.order_id, cancel_order.reason) $$;

comment on function public.cancel_order(uuid, text) is
  'Cancels an order: releases its stock and refunds what was paid. The buyer until it is shipped; '
  'staff with a reason. 404 order_not_found, 409 invalid_transition.';

create function public.set_order_status(
  order_id uuid,
  status public.order_status,
  tracking_number text default null,
  tracking_carrier text default null,
  note text default null,
  expected_version integer default null
) returns public.orders
language sql set search_path = ''
as $$
  select private.set_order_status(set_order_status.order_id, set_order_status.status,
    set_order_status.tracking_number, set_order_status.tracking_carrier, set_order_status.note,
    set_order_status.expected_version)
$$;

comment on function public.set_order_status(uuid, public.order_status, text, text, text, integer) is
  'Moves an order along, or adds tracking or a note to it. Staff and services. '
  '409 invalid_transition, order_not_paid, stale_version.';

create function public.track_order(order_id uuid) returns jsonb
language sql stable set search_path = ''
as $$ select private.track_order(track_order.order_id) $$;

comment on function public.track_order(uuid) is
  'One document with an order, its lines, timeline, payments and refunds. Its buyer and staff; '
  '404 order_not_found for everyone else.';

create function public.reorder(order_id uuid) returns jsonb
language sql set search_path = ''
as $$ select private.reorder(reorder.order_id) $$;

comment on function public.reorder(uuid) is
  'Puts the lines of an order of the caller into the cart again; says what is not for sale any '
  'more.';

grant execute on function
  private.cancel_order(uuid, text),
  private.set_order_status(uuid, public.order_status, text, text, text, integer),
  private.track_order(uuid),
  public.cancel_order(uuid, text),
  public.set_order_status(uuid, public.order_status, text, text, text, integer),
  public.track_order(uuid)
  to authenticated, service_role;

grant execute on function
  private.reorder(uuid),
  public.reorder(uuid)
  to authenticated;
