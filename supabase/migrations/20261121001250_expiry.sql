-- Expiry: what becomes of orders that nobody has paid, and asking the provider before deciding.
--
-- Always true here: an order whose payment was begun at a provider is given up only after the
-- provider was asked once its time was over, so a webhook that never came cancels no paid order.
-- The question also closes what can still be paid. A provider that does not answer for half an hour
-- holds goods no longer: the order is given up, and money that shows up later goes back.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table private.payment_checks (
  payment_id uuid primary key references public.payments (id) on delete cascade,
  job_id bigint,
  checked_at timestamptz
);

comment on table private.payment_checks is
  'When the provider was last asked about a payment. Written by queue_payment_checks and '
  'record_payment_check.';
comment on column private.payment_checks.job_id is
  'The job that asks; it is on its way for as long as the queue holds it.';
comment on column private.payment_checks.checked_at is
  'When the last question that was answered had been put; null before the first one.';

alter table private.payment_checks enable row level security;

-- Only the newest attempt: older ones were closed by jobs of their own when they were replaced.
create view private.unsettled_payments with (security_invoker = true) as
select o.id as order_id, o.expires_at, p.id as payment_id, p.created_at, c.job_id, c.checked_at
from public.orders o
cross join lateral (
  select * from public.payments a where a.order_id = o.id order by a.attempt desc limit 1
) p
left join private.payment_checks c on c.payment_id = p.id
where o.status = 'pending'
  and p.status in ('created', 'requires_action', 'processing', 'authorised', 'failed')
  and coalesce(p.provider_payment_id, p.provider_session_id) is not null;

comment on view private.unsettled_payments is
  'Payments of unpaid orders that exist at their provider, where they may have been paid without '
  'our knowing. Read by this chapter''s functions only.';

create function private.queue_payment_checks(max integer default 200) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  v_payment_ids uuid[];
begin
  -- Two runs at once would queue the same; the second has nothing to add.
  if not pg_try_advisory_xact_lock(hashtextextended('queue_payment_checks', 0)) then
    return 0;
  end if;

  v_payment_ids := array(
    select u.payment_id
    from private.unsettled_payments u
    where not exists (select from pgmq.q_jobs q where q.msg_id = u.job_id)
      and case
        when u.expires_at <= now() then coalesce(u.checked_at < u.expires_at, true)
        -- After 5 minutes, then after as long as it has been open: 5, 10, 20, 40 minutes.
        else now() >= coalesce(u.checked_at, u.created_at)
          + greatest(interval '5 minutes', u.checked_at - u.created_at)
      end
    order by u.expires_at
    limit least(greatest(coalesce(queue_payment_checks.max, 200), 1), 1000)
  );
  if cardinality(v_payment_ids) = 0 then
    return 0;
  end if;

  insert into private.payment_checks (payment_id, job_id)
  select queued.payment_id, queued.job_id
  from unnest(
    v_payment_ids,
    private.enqueue_jobs('payment.reconcile', array(
      select jsonb_build_object('payment_id', asked.payment_id)
      from unnest(v_payment_ids) with ordinality asked (payment_id, position)
      order by asked.position
    ))
  ) queued (payment_id, job_id)
  on conflict (payment_id) do update set job_id = excluded.job_id;
  return cardinality(v_payment_ids);
end;
$$;

comment on function private.queue_payment_checks(integer) is
  'Queues a payment.reconcile job for unpaid orders'' payments that it is time to ask about: those '
  'whose time is over at once, the others less and less often. Returns how many.';

-- Cancels unpaid orders. The caller holds their locks.
create function private.give_up_orders(order_ids uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  -- The stock and the products of all of them at once and in the one order that all keep to: one
  -- order's after another's would not be in that order, and could deadlock with a checkout.
  perform private.lock_stock(array(
    select r.variant_id from public.reservations r
    where r.order_id = any (give_up_orders.order_ids) and r.state in ('active', 'committed')
  ));
  perform from public.products p
  where p.id in (
    select i.product_id from public.order_items i
    where i.order_id = any (give_up_orders.order_ids)
  )
  order by p.id
  for no key update;

  perform private.act_on_orders('system');
  perform private.cancel_locked_order(id, 'expired') from unnest(give_up_orders.order_ids) id;
end;
$$;

-- Rows that a payment or a cancellation holds just now are skipped: whoever locked first decides,
-- and the next run finds what is still due.
create function private.expire_orders(max integer default 200) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  v_order_ids uuid[];
begin
  v_order_ids := array(
    select o.id
    from public.orders o
    where o.status = 'pending' and o.expires_at <= now()
      and not exists (
        select from private.unsettled_payments u
        where u.order_id = o.id
          and coalesce(u.checked_at < u.expires_at, true)
          and u.expires_at > now() - interval '30 minutes'
      )
    order by o.expires_at
    limit least(greatest(coalesce(expire_orders.max, 200), 1), 1000)
    for update skip locked
  );
  if cardinality(v_order_ids) > 0 then
    perform private.give_up_orders(v_order_ids);
  end if;
  return cardinality(v_order_ids);
end;
$$;

comment on function private.expire_orders(integer) is
  'Cancels unpaid orders past expires_at, releases their stock and closes their payments; those '
  'begun at a provider after it was asked, or did not answer for 30 minutes. Returns how many.';

create function private.expire_orders_as_service(max integer) returns integer
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.require_service();
  perform private.queue_payment_checks(expire_orders_as_service.max);
  return private.expire_orders(expire_orders_as_service.max);
end;
$$;

create function private.record_payment_check(payment_id uuid, asked_at timestamptz) returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_is_over boolean;
begin
  perform private.require_service();
  if record_payment_check.asked_at is null or record_payment_check.asked_at > now() then
    perform private.raise_invalid_input('asked_at', 'This must be an instant in the past.');
  end if;

  select o.* into v_order
  from public.orders o
  where o.id = (
    select p.order_id from public.payments p where p.id = record_payment_check.payment_id
  )
  for update;
  if v_order.id is null then
    perform private.raise_problem(404, 'payment_not_found', 'There is no such payment.');
  end if;

  insert into private.payment_checks as c (payment_id, checked_at)
  values (record_payment_check.payment_id, record_payment_check.asked_at)
  on conflict on constraint payment_checks_pkey do update
  set checked_at = greatest(c.checked_at, excluded.checked_at);

  v_is_over := v_order.status = 'pending'
    and v_order.expires_at <= record_payment_check.asked_at
    -- Another attempt may have begun since; that one is asked about on its own.
    and not exists (
      select from private.unsettled_payments u
      where u.order_id = v_order.id and coalesce(u.checked_at < u.expires_at, true)
    );
  if v_is_over then
    perform private.give_up_orders(array[v_order.id]);
  end if;
  return v_is_over;
end;
$$;

create function public.expire_orders(max integer default 200) returns integer
language sql set search_path = ''
as $$ select private.expire_orders_as_service(expire_orders.max) $$;

comment on function public.expire_orders(integer) is
  'Cancels unpaid orders whose time is over, and has providers asked about those whose payment was '
  'begun; the scheduler does both every minute. Service role only.';

create function public.record_payment_check(payment_id uuid, asked_at timestamptz) returns boolean
language sql set search_path = ''
as $$
  select private.record_payment_check(record_payment_check.payment_id,
    record_payment_check.asked_at)
$$;

comment on function public.record_payment_check(uuid, timestamptz) is
  'Notes that the provider has answered what payment_details asked at `asked_at`; an order whose '
  'time was over by then is given up, which is the answer. Service role only. '
  '404 payment_not_found.';

grant execute on function
  private.expire_orders_as_service(integer),
  private.record_payment_check(uuid, timestamptz),
  public.expire_orders(integer),
  public.record_payment_check(uuid, timestamptz)
  to service_role;

do $do$
begin
  if to_regnamespace('cron') is not null then
    perform cron.schedule('reconcile-payments', '* * * * *',
      'select private.queue_payment_checks(200)');
    perform cron.schedule('expire-orders', '* * * * *', 'select private.expire_orders(200)');
  end if;
end;
$do$;
