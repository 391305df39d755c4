-- Payments: attempts to collect an order's money.
--
-- Always true here: an order has at most one open attempt (a unique index); what is taken is never
-- more than asked for, unless it is marked surplus and on its way back. Providers are told things by
-- jobs, never from inside a transaction.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.payment_state as enum (
  'created', 'requires_action', 'processing', 'authorised', 'captured', 'failed', 'cancelled',
  'partially_refunded', 'refunded'
);

comment on type public.payment_state is
  'One attempt at payment. Open: created, requires_action, processing, authorised.';

create table public.payments (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null references public.orders (id) on delete restrict,
  provider public.payment_provider not null,
  attempt integer not null default 1,
  amount bigint not null,
  currency text not null references public.currencies (code) on delete restrict,
  status public.payment_state not null default 'created',
  captured_amount bigint not null default 0,
  refunded_amount bigint not null default 0,
  is_surplus boolean not null default false,
  provider_payment_id text,
  provider_session_id text,
  failure_code text,
  failure_message text,
  card_brand text,
  card_last4 text,
  captured_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint payments_attempt_unique unique (order_id, attempt),
  constraint payments_attempt_positive check (attempt > 0),
  constraint payments_provider_payment_unique unique (provider, provider_payment_id),
  constraint payments_provider_session_unique unique (provider, provider_session_id),
  constraint payments_amount_positive check (amount > 0),
  constraint payments_not_over_captured check (
    captured_amount >= 0 and (is_surplus or captured_amount <= amount)
  ),
  constraint payments_not_over_refunded check (refunded_amount between 0 and captured_amount)
);

comment on table public.payments is
  'Attempts to pay an order. Written by place_order, start_payment_attempt, payment events and '
  'refunds only. Triggers refuse illegal moves and keep updated_at.';
comment on column public.payments.amount is 'Minor units. What was asked for: the order''s total.';
comment on column public.payments.captured_amount is 'Minor units. What the provider has taken.';
comment on column public.payments.refunded_amount is
  'Minor units. Sum of this payment''s succeeded refunds, worked out from them.';
comment on column public.payments.is_surplus is
  'Money the order did not need (a wrong amount, or paid twice). Refunded in full by itself and '
  'left out of the order''s payment_status.';

create index payments_currency_idx on public.payments (currency);
-- One open attempt an order: two tabs that start paying get the same payment.
create unique index payments_one_open_idx on public.payments (order_id)
  where status in ('created', 'requires_action', 'processing', 'authorised');

alter table public.payments enable row level security;

create policy select_participant on public.payments
  for select to authenticated
  using (
    (select private.is_staff())
    or exists (
      select from public.orders o
      where o.id = payments.order_id and o.buyer_id = (select auth.uid())
    )
  );

grant select on public.payments to authenticated;

create table private.payment_transitions (
  from_status public.payment_state not null,
  to_status public.payment_state not null,
  primary key (from_status, to_status)
);

comment on table private.payment_transitions is
  'The legal moves of a payment. Events that come late find no row here and are ignored; captured '
  'is reachable from every unpaid state, because taken money is a fact.';

alter table private.payment_transitions enable row level security;

insert into private.payment_transitions (from_status, to_status) values
  ('created', 'requires_action'),
  ('created', 'processing'),
  ('created', 'authorised'),
  ('created', 'captured'),
  ('created', 'failed'),
  ('created', 'cancelled'),
  ('requires_action', 'processing'),
  ('requires_action', 'authorised'),
  ('requires_action', 'captured'),
  ('requires_action', 'failed'),
  ('requires_action', 'cancelled'),
  ('processing', 'requires_action'),
  ('processing', 'authorised'),
  ('processing', 'captured'),
  ('processing', 'failed'),
  ('processing', 'cancelled'),
  ('authorised', 'captured'),
  ('authorised', 'failed'),
  ('authorised', 'cancelled'),
  -- A declined card may be followed by another one on the same page of the provider, which may be
  -- declined as well: the reason shown is the last one.
  ('failed', 'failed'),
  ('failed', 'requires_action'),
  ('failed', 'processing'),
  ('failed', 'authorised'),
  ('failed', 'captured'),
  ('failed', 'cancelled'),
  ('cancelled', 'captured'),
  ('captured', 'partially_refunded'),
  ('captured', 'refunded'),
  ('partially_refunded', 'refunded'),
  -- A refund that the provider first accepted can still fail.
  ('partially_refunded', 'captured'),
  ('refunded', 'partially_refunded'),
  ('refunded', 'captured');

create function private.tg_payments__guard_moves() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  new.updated_at := now();
  if new.status is distinct from old.status and not exists (
    select from private.payment_transitions t
    where t.from_status = old.status and t.to_status = new.status
  ) then
    perform private.raise_problem(409, 'invalid_transition',
      format('A payment that is %s cannot become %s.', old.status, new.status),
      jsonb_build_object('from', old.status, 'to', new.status));
  end if;
  return new;
end;
$$;

create trigger _100_guard_moves
  before update on public.payments
  for each row execute function private.tg_payments__guard_moves();

-- Works an order's payment status out from its payments. The caller holds the order's lock.
create function private.settle_payment_status(order_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  v_status public.payment_status;
begin
  select case
      when sum(p.captured_amount) filter (where not p.is_surplus) > 0 then
        case
          when sum(p.refunded_amount) filter (where not p.is_surplus)
            >= sum(p.captured_amount) filter (where not p.is_surplus) then 'refunded'
          when sum(p.refunded_amount) filter (where not p.is_surplus) > 0 then 'partially_refunded'
          else 'paid'
        end
      when bool_or(p.status = 'authorised') then 'authorised'
      when (array_agg(p.status order by p.attempt desc))[1] = 'failed' then 'failed'
      else 'pending'
    end::public.payment_status
  into v_status
  from public.payments p
  where p.order_id = settle_payment_status.order_id;

  update public.orders o
  set payment_status = v_status,
      paid_at = case when v_status = 'paid' then coalesce(o.paid_at, now()) else o.paid_at end
  where o.id = settle_payment_status.order_id and o.payment_status is distinct from v_status;
end;
$$;

-- Ends the attempts nobody may pay any more. What exists at the provider is closed there by a job,
-- and only the provider's answer moves it: it may have been paid a moment ago.
create function private.close_open_payments(order_id uuid, keep_payment_id uuid default null)
returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.enqueue_job('payment.cancel', jsonb_build_object('payment_id', p.id))
  from public.payments p
  where p.order_id = close_open_payments.order_id
    and p.id is distinct from close_open_payments.keep_payment_id
    and p.status in ('created', 'requires_action', 'processing', 'authorised', 'failed')
    and p.provider <> 'cod'
    and coalesce(p.provider_payment_id, p.provider_session_id) is not null;

  update public.payments p
  set status = 'cancelled'
  where p.order_id = close_open_payments.order_id
    and p.id is distinct from close_open_payments.keep_payment_id
    and p.status in ('created', 'requires_action', 'processing', 'authorised')
    and (p.provider = 'cod' or coalesce(p.provider_payment_id, p.provider_session_id) is null);
end;
$$;

create function private.start_payment_attempt(order_id uuid, buyer_id uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_payment public.payments;
  v_superseded jsonb := '[]';
begin
  perform private.require_service();

  select * into v_order from public.orders o where o.id = start_payment_attempt.order_id for update;
  if v_order.id is null
    or (start_payment_attempt.buyer_id is not null
      and v_order.buyer_id is distinct from start_payment_attempt.buyer_id) then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order of yours.');
  end if;
  if v_order.status = 'cancelled' and v_order.cancel_reason = 'expired'
    or v_order.status = 'pending' and v_order.expires_at <= now() then
    perform private.raise_problem(410, 'order_expired',
      'The time to pay this order is over and its goods were released; place it again.');
  end if;
  if v_order.status <> 'pending' or v_order.payment_provider = 'cod'
    or v_order.payment_status not in ('pending', 'failed', 'authorised') then
    perform private.raise_problem(409, 'order_not_payable',
      'This order is not waiting for a payment.',
      jsonb_build_object('status', v_order.status, 'payment_status', v_order.payment_status));
  end if;

  select * into v_payment
  from public.payments p
  where p.order_id = v_order.id
    and p.status in ('created', 'requires_action', 'processing', 'authorised');

  if v_payment.id is null then
    -- What failed may still be payable at the provider, in another tab say. The caller closes it
    -- there before it opens the new attempt; the job does so if the caller dies on the way.
    select coalesce(jsonb_agg(jsonb_build_object(
        'payment_id', p.id,
        'provider_payment_id', p.provider_payment_id,
        'provider_session_id', p.provider_session_id
      ) order by p.attempt), '[]')
    into v_superseded
    from public.payments p
    where p.order_id = v_order.id and p.status = 'failed'
      and coalesce(p.provider_payment_id, p.provider_session_id) is not null;
    perform private.close_open_payments(v_order.id);

    insert into public.payments (order_id, provider, attempt, amount, currency)
    select v_order.id, v_order.payment_provider, coalesce(max(p.attempt), 0) + 1, v_order.total,
      v_order.currency
    from public.payments p
    where p.order_id = v_order.id
    having coalesce(max(p.attempt), 0) < 20
    returning * into v_payment;
    if v_payment.id is null then
      perform private.raise_problem(429, 'too_many_attempts',
        'This order was tried to be paid too often; place it again.');
    end if;
    perform private.settle_payment_status(v_order.id);
  end if;

  return jsonb_build_object(
    'payment_id', v_payment.id,
    'attempt', v_payment.attempt,
    'created_at', v_payment.created_at,
    'status', v_payment.status,
    'provider', v_payment.provider,
    'amount', v_payment.amount,
    'currency', v_payment.currency,
    'provider_payment_id', v_payment.provider_payment_id,
    'provider_session_id', v_payment.provider_session_id,
    'order_id', v_order.id,
    'order_number', v_order.number,
    'email', v_order.email,
    'expires_at', v_order.expires_at,
    'subtotal', v_order.subtotal,
    'discount', v_order.discount,
    'shipping', v_order.shipping,
    'tax', v_order.tax,
    'prices_include_tax', v_order.prices_include_tax,
    'superseded', v_superseded,
    'items', (
      select jsonb_agg(jsonb_build_object(
        'sku', i.sku,
        'title', i.title,
        'image', i.image,
        'quantity', i.quantity,
        'unit_price', i.unit_price,
        'line_total', i.line_total
      ) order by i.position)
      from public.order_items i
      where i.order_id = v_order.id
    )
  );
end;
$$;

create function private.payment_details(payment_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_document jsonb;
begin
  perform private.require_service();
  select jsonb_build_object(
      'payment_id', p.id,
      'order_id', p.order_id,
      'attempt', p.attempt,
      'provider', p.provider,
      'provider_payment_id', p.provider_payment_id,
      'provider_session_id', p.provider_session_id,
      'status', p.status,
      'amount', p.amount,
      'currency', p.currency,
      'is_overdue', o.status = 'pending' and coalesce(o.expires_at <= now(), false),
      'asked_at', now()
    )
  into v_document
  from public.payments p
  join public.orders o on o.id = p.order_id
  where p.id = payment_details.payment_id;
  if v_document is null then
    perform private.raise_problem(404, 'payment_not_found', 'There is no such payment.');
  end if;
  return v_document;
end;
$$;

create function public.start_payment_attempt(order_id uuid, buyer_id uuid default null)
returns jsonb
language sql set search_path = ''
as $$
  select private.start_payment_attempt(start_payment_attempt.order_id,
    start_payment_attempt.buyer_id)
$$;

comment on function public.start_payment_attempt(uuid, uuid) is
  'The open payment of an unpaid order, or a new one after a failure. Service role only. '
  '404 order_not_found, 409 order_not_payable, 410 order_expired, 429 too_many_attempts.';

create function public.payment_details(payment_id uuid) returns jsonb
language sql stable set search_path = ''
as $$ select private.payment_details(payment_details.payment_id) $$;

comment on function public.payment_details(uuid) is
  'What the worker needs to ask the provider about a payment or to close it there; is_overdue: the '
  'time to pay is over. Service role only.';

grant execute on function
  private.start_payment_attempt(uuid, uuid),
  private.payment_details(uuid),
  public.start_payment_attempt(uuid, uuid),
  public.payment_details(uuid)
  to service_role;
