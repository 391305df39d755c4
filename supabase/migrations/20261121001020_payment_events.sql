-- Payment events: the inbox of what the providers tell about payments.
--
-- Always true here: a provider's event takes effect once, however often and in whatever order it
-- comes; one that comes before its payment is known waits for it.
--
-- Money that arrives is a fact and is always recorded, whatever state the order is in: the order
-- takes it when it waits for it, otherwise it is refunded in full. That is how pay against cancel,
-- pay against expiry and paying twice end well in either order.

set local lock_timeout = '5s';
set local statement_timeout = '60s';

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

grant execute on function
  private.record_payment_started(uuid, text, text),
  private.apply_payment_event(text, text, text, jsonb),
  public.record_payment_started(uuid, text, text),
  public.apply_payment_event(text, text, text, jsonb)
  to service_role;
