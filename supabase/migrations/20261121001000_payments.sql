-- Payments: attempts to collect an order's money, refunds, and the inbox of the providers' events.
--
-- Always true here: an order has at most one open attempt (a unique index); a provider's event
-- takes effect once, however often and in whatever order it comes; what is taken is never more than
-- asked for, unless it is marked surplus and on its way back; refunds never exceed what was taken.
-- Providers are told things by jobs, never from inside a transaction.
--
-- Money that arrives is a fact and is always recorded, whatever state the order is in: the order
-- takes it when it waits for it, otherwise it is refunded in full. That is how pay against cancel,
-- pay against expiry and paying twice end well in either order.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.payment_state as enum (
  'created', 'requires_action', 'processing', 'authorised', 'captured', 'failed', 'cancelled',
  'partially_refunded', 'refunded'
);

comment on type public.payment_state is
  'One attempt at payment. Open: created, requires_action, processing, authorised.';

create type public.refund_state as enum ('pending', 'succeeded', 'failed');

comment on type public.refund_state is 'pending: asked for, the provider has not settled it yet.';

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

create table public.refunds (
  id uuid primary key default gen_random_uuid(),
  payment_id uuid not null references public.payments (id) on delete restrict,
  order_id uuid not null references public.orders (id) on delete restrict,
  amount bigint not null,
  currency text not null references public.currencies (code) on delete restrict,
  reason text,
  state public.refund_state not null default 'pending',
  provider_refund_id text,
  failure_message text,
  requested_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint refunds_amount_positive check (amount > 0)
);

comment on table public.refunds is
  'Money on its way back, or back. Written by cancel_order, request_refund, record_refund and '
  'payment events.';
comment on column public.refunds.amount is 'Minor units.';
comment on column public.refunds.requested_by is
  'Null when the shop itself or the provider started it.';

create index refunds_payment_id_idx on public.refunds (payment_id);
create index refunds_order_id_idx on public.refunds (order_id);
create index refunds_currency_idx on public.refunds (currency);
create index refunds_requested_by_idx on public.refunds (requested_by)
  where requested_by is not null;
create unique index refunds_provider_refund_idx on public.refunds (payment_id, provider_refund_id)
  where provider_refund_id is not null;

alter table public.refunds enable row level security;

create policy select_participant on public.refunds
  for select to authenticated
  using (
    (select private.is_staff())
    or exists (
      select from public.orders o
      where o.id = refunds.order_id and o.buyer_id = (select auth.uid())
    )
  );

grant select on public.refunds to authenticated;

create table private.payment_events (
  id bigint generated always as identity primary key,
  provider public.payment_provider not null,
  event_id text not null,
  type text not null,
  payload jsonb not null,
  provider_payment_id text,
  provider_session_id text,
  occurred_at timestamptz,
  payment_id uuid references public.payments (id) on delete restrict,
  outcome text,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  constraint payment_events_once unique (provider, event_id),
  constraint payment_events_outcome_known check (
    outcome in (
      'applied', 'ignored', 'unknown_payment', 'deferred', 'amount_mismatch', 'surplus'
    )
  )
);

comment on table private.payment_events is
  'Inbox of the providers'' events, one row an event. unknown_payment and deferred wait: they are '
  'applied as soon as their payment is known, or captured.';
comment on column private.payment_events.occurred_at is
  'UTC, by the provider''s clock; null: it does not say. Events are delivered in any order.';

create index payment_events_payment_id_idx on private.payment_events (payment_id)
  where payment_id is not null;
create index payment_events_waiting_payment_idx on private.payment_events (provider_payment_id)
  where outcome = 'unknown_payment';
create index payment_events_waiting_session_idx on private.payment_events (provider_session_id)
  where outcome = 'unknown_payment';

alter table private.payment_events enable row level security;

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

create table private.refund_transitions (
  from_state public.refund_state not null,
  to_state public.refund_state not null,
  primary key (from_state, to_state)
);

comment on table private.refund_transitions is 'The legal moves of a refund.';

alter table private.refund_transitions enable row level security;

insert into private.refund_transitions (from_state, to_state) values
  ('pending', 'succeeded'),
  ('pending', 'failed'),
  ('succeeded', 'failed');

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

create function private.tg_refunds__guard_moves() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  new.updated_at := now();
  if new.state is distinct from old.state and not exists (
    select from private.refund_transitions t
    where t.from_state = old.state and t.to_state = new.state
  ) then
    perform private.raise_problem(409, 'invalid_transition',
      format('A refund that is %s cannot become %s.', old.state, new.state),
      jsonb_build_object('from', old.state, 'to', new.state));
  end if;
  return new;
end;
$$;

create trigger _100_guard_moves
  before update on public.refunds
  for each row execute function private.tg_refunds__guard_moves();

create function private.tg_refunds__record() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.order_events (order_id, kind, from_status, to_status, message, actor_id)
  values (
    new.order_id, 'refund', case when tg_op = 'UPDATE' then old.state::text end, new.state::text,
    new.reason, case when tg_op = 'INSERT' then new.requested_by end
  );
  return null;
end;
$$;

create trigger _200_record_request
  after insert on public.refunds
  for each row execute function private.tg_refunds__record();

create trigger _200_record_moves
  after update on public.refunds
  for each row when (new.state is distinct from old.state)
  execute function private.tg_refunds__record();

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

-- Asks for money back. The caller holds the order's lock, and has looked what is left.
create function private.create_refund(payment_id uuid, amount bigint, currency text, reason text)
returns public.refunds
language plpgsql security definer set search_path = ''
as $$
declare
  v_payment public.payments;
  v_refund public.refunds;
begin
  select * into strict v_payment from public.payments p where p.id = create_refund.payment_id;

  insert into public.refunds (payment_id, order_id, amount, currency, reason, requested_by, state)
  values (
    v_payment.id, v_payment.order_id, create_refund.amount, create_refund.currency,
    create_refund.reason, auth.uid(),
    -- Cash goes back by hand: there is nobody to wait for.
    case when v_payment.provider = 'cod' then 'succeeded' else 'pending' end::public.refund_state
  )
  returning * into v_refund;

  if v_refund.state = 'succeeded' then
    perform private.settle_refunds(v_payment.id);
  else
    perform private.enqueue_job('payment.refund', jsonb_build_object('refund_id', v_refund.id));
  end if;
  return v_refund;
end;
$$;

-- Works a payment's refunded amount, its state and the order's payment status out from its refunds.
create function private.settle_refunds(payment_id uuid) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  v_order_id uuid;
begin
  update public.payments p
  set refunded_amount = r.amount,
      status = case
        when r.amount = 0 then 'captured'
        when r.amount < p.captured_amount then 'partially_refunded'
        else 'refunded'
      end::public.payment_state
  from (
    select coalesce(sum(f.amount), 0) as amount
    from public.refunds f
    where f.payment_id = settle_refunds.payment_id and f.state = 'succeeded'
  ) r
  where p.id = settle_refunds.payment_id
  returning p.order_id into v_order_id;

  perform private.settle_payment_status(v_order_id);
end;
$$;

-- What of a payment is neither refunded nor on its way back.
create function private.refundable_amount(payment_id uuid) returns bigint
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    select p.captured_amount - coalesce((
      select sum(f.amount) from public.refunds f
      where f.payment_id = p.id and f.state in ('pending', 'succeeded')
    ), 0)
    from public.payments p
    where p.id = refundable_amount.payment_id
  );
end;
$$;

-- Gives back whatever an order has been paid and has not given back. The caller holds its lock.
create function private.refund_order(order_id uuid, reason text) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.create_refund(p.id, left_over.amount, p.currency, refund_order.reason)
  from public.payments p
  cross join lateral (select private.refundable_amount(p.id) as amount) left_over
  where p.order_id = refund_order.order_id and left_over.amount > 0;
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

-- record_payment_started and an event that knows only the provider's ids must not miss each other:
-- both take this lock before they look, so the later one sees what the earlier one has written.
create function private.lock_provider_ids(
  provider public.payment_provider,
  provider_payment_id text,
  provider_session_id text
) returns void
language plpgsql set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(named.key)
  from (
    select distinct hashtextextended(lock_provider_ids.provider || ':' || id, 0) as key
    from unnest(array[
      lock_provider_ids.provider_payment_id, lock_provider_ids.provider_session_id
    ]) id
    where id is not null
    order by key
  ) named;
end;
$$;

create function private.find_payment(
  provider public.payment_provider,
  payment_id uuid,
  provider_payment_id text,
  provider_session_id text
) returns uuid
language plpgsql security definer set search_path = ''
as $$
begin
  return coalesce(
    (select p.id from public.payments p
      where p.provider = find_payment.provider and p.id = find_payment.payment_id),
    (select p.id from public.payments p
      where p.provider = find_payment.provider
        and p.provider_payment_id = find_payment.provider_payment_id),
    (select p.id from public.payments p
      where p.provider = find_payment.provider
        and p.provider_session_id = find_payment.provider_session_id)
  );
end;
$$;

create function private.record_payment_started(
  payment_id uuid,
  provider_payment_id text,
  provider_session_id text
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_payment public.payments;
  v_event_id bigint;
  v_is_payable boolean;
begin
  perform private.require_service();

  select * into v_payment from public.payments p where p.id = record_payment_started.payment_id;
  if v_payment.id is null then
    perform private.raise_problem(404, 'payment_not_found', 'There is no such payment.');
  end if;

  perform private.lock_provider_ids(v_payment.provider, record_payment_started.provider_payment_id,
    record_payment_started.provider_session_id);
  select * into v_order from public.orders o where o.id = v_payment.order_id for update;

  update public.payments p
  set provider_payment_id =
        coalesce(p.provider_payment_id, record_payment_started.provider_payment_id),
      provider_session_id =
        coalesce(record_payment_started.provider_session_id, p.provider_session_id)
  where p.id = v_payment.id
  returning p.* into v_payment;

  -- Webhooks can be quicker than the answer of the call that caused them.
  for v_event_id in
    select e.id
    from private.payment_events e
    where e.outcome = 'unknown_payment' and e.provider = v_payment.provider
      and (
        e.provider_payment_id = v_payment.provider_payment_id
        or e.provider_session_id = v_payment.provider_session_id
      )
    order by e.id
  loop
    perform private.settle_payment_event(v_event_id, v_payment.id);
  end loop;

  select * into v_payment from public.payments p where p.id = v_payment.id;
  select * into v_order from public.orders o where o.id = v_order.id;
  v_is_payable := v_order.status = 'pending'
    and v_payment.status in ('created', 'requires_action', 'processing', 'authorised');
  -- Cancelled or expired while the provider was being asked: what was just opened is closed again.
  if not v_is_payable and v_payment.status in ('created', 'requires_action', 'processing',
    'authorised', 'cancelled', 'failed') then
    perform private.enqueue_job('payment.cancel', jsonb_build_object('payment_id', v_payment.id));
  end if;

  return jsonb_build_object(
    'payment_id', v_payment.id,
    'order_id', v_order.id,
    'status', v_payment.status,
    'payable', v_is_payable
  );
end;
$$;

-- A refund that the provider tells us about: ours, or one made by hand in its dashboard. The caller
-- holds the order's lock. True when something changed.
create function private.apply_refund(
  payment public.payments,
  refund_id uuid,
  provider_refund_id text,
  state public.refund_state,
  amount bigint,
  currency text,
  failure_message text
) returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  v_refund public.refunds;
  v_twin public.refunds;
begin
  select * into v_twin
  from public.refunds f
  where f.payment_id = (apply_refund.payment).id
    and f.provider_refund_id = apply_refund.provider_refund_id;

  select * into v_refund
  from public.refunds f
  where f.payment_id = (apply_refund.payment).id and f.id = apply_refund.refund_id;

  if v_refund.id is null then
    v_refund := v_twin;
  elsif v_twin.id is not null and v_twin.id <> v_refund.id then
    -- The provider's event came without our id and was booked on its own before the worker's
    -- answer:
    -- the money is counted there, so ours is closed.
    update public.refunds f
    set state = 'failed', failure_message = 'Booked as refund ' || v_twin.id
    where f.id = v_refund.id and f.state = 'pending';
    v_refund := v_twin;
  end if;

  if v_refund.id is null then
    -- Our books and the provider's must not part: a refund of more than was taken cannot be.
    if apply_refund.amount is null or apply_refund.state = 'failed'
      or (apply_refund.payment).refunded_amount + apply_refund.amount
        > (apply_refund.payment).captured_amount then
      return false;
    end if;
    insert into public.refunds
      (payment_id, order_id, amount, currency, reason, state, provider_refund_id)
    values (
      (apply_refund.payment).id, (apply_refund.payment).order_id, apply_refund.amount,
      coalesce(upper(apply_refund.currency), (apply_refund.payment).currency),
      'Refunded at the provider', apply_refund.state, apply_refund.provider_refund_id
    );
  else
    update public.refunds f
    set state = case
          when exists (
            select from private.refund_transitions t
            where t.from_state = f.state and t.to_state = apply_refund.state
          ) then apply_refund.state
          else f.state
        end,
        provider_refund_id = coalesce(f.provider_refund_id, apply_refund.provider_refund_id),
        failure_message = coalesce(apply_refund.failure_message, f.failure_message)
    where f.id = v_refund.id
      and (
        f.provider_refund_id is null and apply_refund.provider_refund_id is not null
        or exists (
          select from private.refund_transitions t
          where t.from_state = f.state and t.to_state = apply_refund.state
        )
      );
    if not found then
      return false;
    end if;
  end if;

  perform private.settle_refunds((apply_refund.payment).id);
  return true;
end;
$$;

-- Whether what an event tells has been overtaken by one that was applied before it. Providers count
-- in seconds: of events of the same second, a failure comes after what it is the end of.
create function private.is_overtaken(event private.payment_events, payment public.payments)
returns boolean
language sql stable set search_path = ''
as $$
  select exists (
    select from private.payment_events e
    where e.payment_id = (is_overtaken.payment).id
      and e.outcome = 'applied'
      and e.payload ->> 'state' <> 'refunded'
      and (
        e.occurred_at > (is_overtaken.event).occurred_at
        or e.occurred_at = (is_overtaken.event).occurred_at
          and (is_overtaken.payment).status = 'failed'
          and (is_overtaken.event).payload ->> 'state'
            in ('requires_action', 'processing', 'authorised')
      )
  )
$$;

-- Applies one inbox row to its payment. Safe to call again: a settled row is left alone.
create function private.settle_payment_event(event_row_id bigint, payment_id uuid) returns text
language plpgsql security definer set search_path = ''
as $$
declare
  v_event private.payment_events;
  v_body jsonb;
  v_order public.orders;
  v_payment public.payments;
  v_amount bigint;
  v_currency text;
  v_outcome text := 'ignored';
begin
  -- The order first, then its payment, then the event: as every other command does.
  select o.* into strict v_order
  from public.orders o
  where o.id = (
    select p.order_id from public.payments p where p.id = settle_payment_event.payment_id
  )
  for update;
  select * into strict v_payment
  from public.payments p where p.id = settle_payment_event.payment_id
  for update;
  select * into strict v_event
  from private.payment_events e where e.id = settle_payment_event.event_row_id
  for update;
  if v_event.outcome is not null and v_event.outcome not in ('unknown_payment', 'deferred') then
    return 'duplicate';
  end if;

  perform private.act_on_orders('system');
  v_body := v_event.payload;
  v_amount := (v_body ->> 'amount')::bigint;
  v_currency := upper(coalesce(v_body ->> 'currency', v_payment.currency));

  -- The first event that names the provider's ids fills them in.
  update public.payments p
  set provider_payment_id = coalesce(p.provider_payment_id, v_event.provider_payment_id),
      provider_session_id = coalesce(p.provider_session_id, v_event.provider_session_id),
      card_brand = coalesce(v_body #>> '{card,brand}', p.card_brand),
      card_last4 = coalesce(v_body #>> '{card,last4}', p.card_last4)
  where p.id = v_payment.id
  returning p.* into v_payment;

  if v_body ->> 'state' = 'captured' then
    if v_payment.status in ('captured', 'partially_refunded', 'refunded') then
      null; -- Another event of the same capture.
    elsif v_amount <> v_payment.amount or v_currency <> v_payment.currency then
      update public.payments p
      set status = 'captured', captured_amount = v_amount, captured_at = now(), is_surplus = true,
          failure_code = 'amount_mismatch',
          failure_message = format('Asked for %s %s, got %s %s.',
            v_payment.amount, v_payment.currency, v_amount, v_currency)
      where p.id = v_payment.id;
      perform private.create_refund(v_payment.id, v_amount, v_currency, 'Wrong amount');
      perform private.settle_payment_status(v_order.id);
      v_outcome := 'amount_mismatch';
    elsif exists (
      select from public.payments p
      where p.order_id = v_order.id and p.id <> v_payment.id
        and p.captured_amount > 0 and not p.is_surplus
    ) then
      update public.payments p
      set status = 'captured', captured_amount = v_amount, captured_at = now(), is_surplus = true
      where p.id = v_payment.id;
      perform private.create_refund(v_payment.id, v_amount, v_currency, 'Paid twice');
      v_outcome := 'surplus';
    else
      update public.payments p
      set status = 'captured', captured_amount = v_amount, captured_at = now(),
          failure_code = null, failure_message = null
      where p.id = v_payment.id;
      v_outcome := 'applied';
      if v_order.status = 'pending' then
        -- One update, so that the check on goods and money sees both sides of it.
        update public.orders o
        set status = 'confirmed', payment_status = 'paid', paid_at = now(), expires_at = null
        where o.id = v_order.id;
        perform private.commit_reservations(v_order.id);
        perform private.close_open_payments(v_order.id, v_payment.id);
      else
        perform private.settle_payment_status(v_order.id);
        if v_order.status = 'cancelled' then
          -- Its goods may be sold by now; the money goes back.
          perform private.refund_order(v_order.id, 'Paid after the order was cancelled');
        end if;
      end if;
    end if;

  elsif v_body ->> 'state' = 'refunded' then
    if v_payment.captured_amount = 0 then
      v_outcome := 'deferred'; -- The capture is on its way; this is applied right after it.
    elsif private.apply_refund(
      v_payment, (v_body ->> 'refund_id')::uuid, v_body ->> 'provider_refund_id',
      coalesce(v_body ->> 'refund_state', 'succeeded')::public.refund_state, v_amount, v_currency,
      v_body ->> 'failure_message'
    ) then
      v_outcome := 'applied';
    end if;

  elsif v_body ->> 'state' <> 'ignored' and not private.is_overtaken(v_event, v_payment) and exists (
    select from private.payment_transitions t
    where t.from_status = v_payment.status
      and t.to_status = (v_body ->> 'state')::public.payment_state
  ) and (
    -- Only the newest attempt can come back to life: the older one has been replaced.
    v_payment.status <> 'failed'
    or not exists (
      select from public.payments p
      where p.order_id = v_order.id and p.attempt > v_payment.attempt
    )
  ) then
    update public.payments p
    set status = (v_body ->> 'state')::public.payment_state,
        failure_code = case when v_body ->> 'state' = 'failed' then v_body ->> 'failure_code' end,
        failure_message =
          case when v_body ->> 'state' = 'failed' then v_body ->> 'failure_message' end
    where p.id = v_payment.id;
    perform private.settle_payment_status(v_order.id);
    v_outcome := 'applied';
  end if;

  update private.payment_events e
  set outcome = v_outcome,
      payment_id = v_payment.id,
      processed_at = case when v_outcome <> 'deferred' then now() end
  where e.id = v_event.id;

  -- What was waiting for the capture can be applied now.
  if v_body ->> 'state' = 'captured' and v_outcome <> 'ignored' then
    perform private.settle_payment_event(e.id, v_payment.id)
    from private.payment_events e
    where e.payment_id = v_payment.id and e.outcome = 'deferred';
  end if;
  return v_outcome;
end;
$$;

-- The event's form. The function that verified the signature wrote it, so a fault is a bug of ours;
-- still nothing here may fail on a cast, or the provider would retry for ever.
create function private.check_payment_event(event jsonb) returns void
language plpgsql stable set search_path = ''
as $$
declare
  v_unknown jsonb;
  v_field text;
begin
  if event is null or jsonb_typeof(event) <> 'object' then
    perform private.raise_invalid_input('event', 'This must be an object.');
  end if;
  v_unknown := event - array[
    'payment_id', 'provider_payment_id', 'provider_session_id', 'provider_refund_id', 'refund_id',
    'state', 'refund_state', 'amount', 'currency', 'failure_code', 'failure_message', 'card',
    'occurred_at', 'raw'];
  if v_unknown <> '{}' then
    perform private.raise_invalid_input(
      'event.' || (select min(k) from jsonb_object_keys(v_unknown) k),
      'There is no such field.');
  end if;
  foreach v_field in array array['payment_id', 'refund_id'] loop
    if event ->> v_field is not null and not private.is_uuid(event -> v_field) then
      perform private.raise_invalid_input('event.' || v_field, 'This must be a UUID.');
    end if;
  end loop;
  if coalesce(event ->> 'state', '') not in ('requires_action', 'processing', 'authorised',
    'captured', 'failed', 'cancelled', 'refunded', 'ignored') then
    perform private.raise_invalid_input('event.state', 'This is not a known state.');
  end if;
  if event ->> 'occurred_at' !~ '^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$' then
    perform private.raise_invalid_input('event.occurred_at',
      'This must be an instant in UTC, as 2026-01-31T12:00:00Z.');
  end if;
  if coalesce(event ->> 'refund_state', 'pending') not in ('pending', 'succeeded', 'failed') then
    perform private.raise_invalid_input('event.refund_state',
      'This must be pending, succeeded or failed.');
  end if;
  if event ->> 'amount' is not null
    and (jsonb_typeof(event -> 'amount') <> 'number' or event ->> 'amount' !~ '^[0-9]{1,15}$') then
    perform private.raise_invalid_input('event.amount',
      'This must be a whole number of minor units.');
  end if;
  if event ->> 'state' = 'captured'
    and (coalesce(event ->> 'amount', '0') = '0' or event ->> 'currency' is null) then
    perform private.raise_invalid_input('event.amount', 'A capture needs its amount and currency.');
  end if;
  if event ->> 'currency' is not null and not exists (
    select from public.currencies c where c.code = upper(event ->> 'currency')
  ) then
    perform private.raise_invalid_input('event.currency', 'This is not a known currency.');
  end if;
  if event ->> 'state' = 'refunded' and event ->> 'provider_refund_id' is null then
    perform private.raise_invalid_input('event.provider_refund_id',
      'A refund needs its id at the provider.');
  end if;
end;
$$;

create function private.apply_payment_event(
  provider text,
  event_id text,
  type text,
  event jsonb
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  v_provider public.payment_provider;
  v_row_id bigint;
  v_known_outcome text;
  v_payment_id uuid;
  v_order_id uuid;
  v_outcome text;
begin
  perform private.require_service();
  if coalesce(apply_payment_event.provider, '') not in ('stripe') then
    perform private.raise_invalid_input('provider', 'This provider sends no events.');
  end if;
  if coalesce(apply_payment_event.event_id, '') = '' then
    perform private.raise_invalid_input('event_id', 'This is required.');
  end if;
  perform private.check_payment_event(apply_payment_event.event);
  v_provider := apply_payment_event.provider::public.payment_provider;

  -- First into the inbox: a second delivery waits here for the first one's transaction.
  insert into private.payment_events as e
    (provider, event_id, type, payload, provider_payment_id, provider_session_id, occurred_at)
  values (
    v_provider, apply_payment_event.event_id, coalesce(apply_payment_event.type, ''),
    apply_payment_event.event, apply_payment_event.event ->> 'provider_payment_id',
    apply_payment_event.event ->> 'provider_session_id',
    (apply_payment_event.event ->> 'occurred_at')::timestamptz
  )
  on conflict on constraint payment_events_once do nothing
  returning e.id into v_row_id;

  if v_row_id is null then
    select e.id, e.outcome, e.payment_id into v_row_id, v_known_outcome, v_payment_id
    from private.payment_events e
    where e.provider = v_provider and e.event_id = apply_payment_event.event_id;
    if v_known_outcome not in ('unknown_payment', 'deferred') then
      return jsonb_build_object(
        'outcome', 'duplicate',
        'payment_id', v_payment_id,
        'order_id', (select p.order_id from public.payments p where p.id = v_payment_id)
      );
    end if;
  end if;

  v_payment_id := private.find_payment(v_provider,
    (apply_payment_event.event ->> 'payment_id')::uuid,
    apply_payment_event.event ->> 'provider_payment_id',
    apply_payment_event.event ->> 'provider_session_id');
  if v_payment_id is null then
    perform private.lock_provider_ids(v_provider,
      apply_payment_event.event ->> 'provider_payment_id',
      apply_payment_event.event ->> 'provider_session_id');
    v_payment_id := private.find_payment(v_provider,
      (apply_payment_event.event ->> 'payment_id')::uuid,
      apply_payment_event.event ->> 'provider_payment_id',
      apply_payment_event.event ->> 'provider_session_id');
  end if;

  if v_payment_id is null then
    v_outcome := 'unknown_payment';
    update private.payment_events e set outcome = v_outcome where e.id = v_row_id;
  else
    v_outcome := private.settle_payment_event(v_row_id, v_payment_id);
    select p.order_id into v_order_id from public.payments p where p.id = v_payment_id;
  end if;
  return jsonb_build_object(
    'outcome', v_outcome, 'payment_id', v_payment_id, 'order_id', v_order_id
  );
end;
$$;

create function private.request_refund(
  order_id uuid,
  amount bigint,
  reason text,
  idempotency_key text
) returns public.refunds
language plpgsql security definer set search_path = ''
as $$
declare
  v_order public.orders;
  v_payment public.payments;
  v_left bigint;
  v_refund public.refunds;
  v_known jsonb;
  v_hash bytea;
begin
  if not (private.is_staff() or private.is_service()) then
    perform private.raise_problem(403, 'forbidden', 'Only staff may refund.');
  end if;
  if length(request_refund.reason) > 500 then
    perform private.raise_invalid_input('reason', 'At most 500 characters.');
  end if;
  v_hash := private.request_hash(jsonb_build_array(request_refund.order_id, request_refund.amount,
    request_refund.reason));
  v_known := private.recall_command('request_refund', request_refund.idempotency_key, v_hash);
  if v_known is not null then
    select * into v_refund from public.refunds f where f.id = (v_known ->> 'refund_id')::uuid;
    return v_refund;
  end if;

  select * into v_order from public.orders o where o.id = request_refund.order_id for update;
  if v_order.id is null then
    perform private.raise_problem(404, 'order_not_found', 'There is no such order.');
  end if;

  select p.* into v_payment
  from public.payments p
  where p.order_id = v_order.id and p.captured_amount > 0 and not p.is_surplus
  order by p.attempt desc
  limit 1;
  v_left := coalesce(private.refundable_amount(v_payment.id), 0);
  if v_left <= 0 then
    perform private.raise_problem(409, 'nothing_to_refund',
      'Nothing of this order is left to refund.');
  end if;
  if request_refund.amount <= 0 or request_refund.amount > v_left then
    perform private.raise_invalid_input('amount',
      format('This must be from 1 to %s, what is left.', v_left));
  end if;

  perform private.act_on_orders('staff');
  v_refund := private.create_refund(v_payment.id, coalesce(request_refund.amount, v_left),
    v_payment.currency, request_refund.reason);
  perform private.remember_command('request_refund', request_refund.idempotency_key, v_hash,
    jsonb_build_object('refund_id', v_refund.id));
  return v_refund;
end;
$$;

create function private.record_refund(
  refund_id uuid,
  provider_refund_id text,
  state text,
  failure_message text
) returns public.refunds
language plpgsql security definer set search_path = ''
as $$
declare
  v_refund public.refunds;
  v_payment public.payments;
begin
  perform private.require_service();
  if coalesce(record_refund.state, '') not in ('pending', 'succeeded', 'failed') then
    perform private.raise_invalid_input('state', 'This must be pending, succeeded or failed.');
  end if;
  select * into v_refund from public.refunds f where f.id = record_refund.refund_id;
  if v_refund.id is null then
    perform private.raise_problem(404, 'refund_not_found', 'There is no such refund.');
  end if;

  perform from public.orders o where o.id = v_refund.order_id for update;
  select * into v_payment from public.payments p where p.id = v_refund.payment_id for update;
  perform private.act_on_orders('system');
  perform private.apply_refund(v_payment, v_refund.id, record_refund.provider_refund_id,
    record_refund.state::public.refund_state, v_refund.amount, v_refund.currency,
    record_refund.failure_message);

  select * into v_refund from public.refunds f where f.id = v_refund.id;
  return v_refund;
end;
$$;

create function private.refund_details(refund_id uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  v_document jsonb;
begin
  perform private.require_service();
  select jsonb_build_object(
      'refund_id', f.id,
      'payment_id', f.payment_id,
      'order_id', f.order_id,
      'provider', p.provider,
      'provider_payment_id', p.provider_payment_id,
      'provider_session_id', p.provider_session_id,
      'provider_refund_id', f.provider_refund_id,
      'amount', f.amount,
      'currency', f.currency,
      'state', f.state,
      'reason', f.reason
    )
  into v_document
  from public.refunds f
  join public.payments p on p.id = f.payment_id
  where f.id = refund_details.refund_id;
  if v_document is null then
    perform private.raise_problem(404, 'refund_not_found', 'There is no such refund.');
  end if;
  return v_document;
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

create function public.record_payment_started(
  payment_id uuid,
  provider_payment_id text default null,
  provider_session_id text default null
) returns jsonb
language sql set search_path = ''
as $$
  select private.record_payment_started(record_payment_started.payment_id,
    record_payment_started.provider_payment_id, record_payment_started.provider_session_id)
$$;

comment on function public.record_payment_started(uuid, text, text) is
  'Notes what the provider calls a payment and says whether it may still be paid. Service role '
  'only.';

create function public.apply_payment_event(provider text, event_id text, type text, event jsonb)
returns jsonb
language sql set search_path = ''
as $$
  select private.apply_payment_event(apply_payment_event.provider, apply_payment_event.event_id,
    apply_payment_event.type, apply_payment_event.event)
$$;

comment on function public.apply_payment_event(text, text, text, jsonb) is
  'Records a verified event of a provider and applies it once, in whatever order events come. '
  'Service role only.';

create function public.request_refund(
  order_id uuid,
  amount bigint default null,
  reason text default null,
  idempotency_key text default null
) returns public.refunds
language sql set search_path = ''
as $$
  select private.request_refund(request_refund.order_id, request_refund.amount,
    request_refund.reason, request_refund.idempotency_key)
$$;

comment on function public.request_refund(uuid, bigint, text, text) is
  'Gives an amount (minor units; absent: all that is left) of a paid order back. Staff. '
  '404 order_not_found, 409 nothing_to_refund, 422 invalid_input.';

create function public.record_refund(
  refund_id uuid,
  provider_refund_id text,
  state text,
  failure_message text default null
) returns public.refunds
language sql set search_path = ''
as $$
  select private.record_refund(record_refund.refund_id, record_refund.provider_refund_id,
    record_refund.state, record_refund.failure_message)
$$;

comment on function public.record_refund(uuid, text, text, text) is
  'Notes the provider''s answer to a refund. Service role only. 404 refund_not_found.';

create function public.refund_details(refund_id uuid) returns jsonb
language sql stable set search_path = ''
as $$ select private.refund_details(refund_details.refund_id) $$;

comment on function public.refund_details(uuid) is
  'What the worker needs to make a refund at the provider. Service role only.';

create function public.payment_details(payment_id uuid) returns jsonb
language sql stable set search_path = ''
as $$ select private.payment_details(payment_details.payment_id) $$;

comment on function public.payment_details(uuid) is
  'What the worker needs to ask the provider about a payment or to close it there; is_overdue: the '
  'time to pay is over. Service role only.';

grant execute on function
  private.start_payment_attempt(uuid, uuid),
  private.record_payment_started(uuid, text, text),
  private.apply_payment_event(text, text, text, jsonb),
  private.request_refund(uuid, bigint, text, text),
  private.record_refund(uuid, text, text, text),
  private.refund_details(uuid),
  private.payment_details(uuid),
  public.start_payment_attempt(uuid, uuid),
  public.record_payment_started(uuid, text, text),
  public.apply_payment_event(text, text, text, jsonb),
  public.request_refund(uuid, bigint, text, text),
  public.record_refund(uuid, text, text, text),
  public.refund_details(uuid),
  public.payment_details(uuid)
  to service_role;

grant execute on function
  private.request_refund(uuid, bigint, text, text),
  public.request_refund(uuid, bigint, text, text)
  to authenticated;
