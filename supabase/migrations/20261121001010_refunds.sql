-- Refunds: money on its way back to a buyer, or back.
--
-- Always true here: the refunds of a payment never exceed what it took; what a payment and its order
-- have been refunded is worked out from the refunds. Providers are told by jobs, never from inside a
-- transaction.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

create type public.refund_state as enum ('pending', 'succeeded', 'failed');

comment on type public.refund_state is 'pending: asked for, the provider has not settled it yet.';

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

grant execute on function
  private.request_refund(uuid, bigint, text, text),
  public.request_refund(uuid, bigint, text, text)
  to authenticated, service_role;

grant execute on function
  private.record_refund(uuid, text, text, text),
  private.refund_details(uuid),
  public.record_refund(uuid, text, text, text),
  public.refund_details(uuid)
  to service_role;
