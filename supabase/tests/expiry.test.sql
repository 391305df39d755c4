begin;
\ir helpers.psql
select plan(42);

select tests.a_product('kettle', 2500, 100);
select pgmq.purge_queue('jobs');
create temporary table seen (what text primary key, order_id uuid, payment_id uuid);
grant select, insert on seen to public;
create function tests.order(what text) returns uuid
language sql stable as $$ select s.order_id from seen s where s.what = "order".what $$;
create function tests.payment(what text) returns uuid
language sql stable as $$ select s.payment_id from seen s where s.what = payment.what $$;

-- A card order by ada whose payment was begun at the provider some minutes ago.
create function tests.begin(what text, minutes integer default 0) returns void
language plpgsql
as $$
declare
  v_answer jsonb;
begin
  perform tests.act_as('ada');
  v_answer := public.place_order(tests.order_of('kettle', 2, 'stripe'));
  insert into seen values (what, (v_answer #>> '{order,id}')::uuid,
    (v_answer #>> '{payment,id}')::uuid);
  perform tests.act_as('service');
  perform public.record_payment_started(tests.payment(what), null, 'cs_' || what);
  perform tests.act_as('owner');
  update public.payments set created_at = now() - make_interval(mins => minutes)
  where id = tests.payment(what);
end;
$$;
create function tests.is_due(what text) returns void
language sql
as $$ update public.orders set expires_at = now() - interval '1 second'
  where id = tests.order(what) $$;
create function tests.asked() returns setof text
language sql stable security definer
as $$ select s.what from pgmq.q_jobs q join seen s on s.payment_id
  = (q.message #>> '{payload,payment_id}')::uuid
  where q.message ->> 'kind' = 'payment.reconcile' $$;
-- The jobs are done, without having had an answer.
create function tests.forget_jobs() returns bigint
language sql security definer as $$ select pgmq.purge_queue('jobs') $$;
create function tests.status(what text) returns text
language sql stable security definer
as $$ select o.status::text from public.orders o where o.id = tests.order(what) $$;

-- Asking about what is open

select tests.begin('new');
select tests.begin('older', 6);
select is(private.queue_payment_checks(), 1, 'a payment that is open for a while is asked about');
select results_eq('select tests.asked()', array['older'], 'not one that was only just begun');
select is(private.queue_payment_checks(), 0, 'what is being asked is not asked again');
select tests.forget_jobs();
select is(private.queue_payment_checks(), 1, 'a question without an answer is put again');
select tests.act_as('service');
select is(public.payment_details(tests.payment('older')) ->> 'is_overdue', 'false',
  'the worker learns that there is time to pay');
select is(public.record_payment_check(tests.payment('older'),
  (public.payment_details(tests.payment('older')) ->> 'asked_at')::timestamptz), false,
  'an answer before the time is over gives nothing up');
select tests.act_as('owner');
select tests.forget_jobs();
select is(private.queue_payment_checks(), 0, 'what was answered is left alone for a while');
update private.payment_checks set checked_at = now() - interval '5 minutes 1 second';
update public.payments set created_at = now() - interval '7 minutes'
where id = tests.payment('older');
select is(private.queue_payment_checks(), 1, 'and then asked about again');
select tests.forget_jobs();
update public.payments set created_at = now() - interval '70 minutes'
where id = tests.payment('older');
update private.payment_checks set checked_at = now() - interval '30 minutes';
select is(private.queue_payment_checks(), 0, 'the longer it is open, the less often');
update private.payment_checks set checked_at = now() - interval '36 minutes';
select is(private.queue_payment_checks(), 1, 'but never not at all');
select tests.forget_jobs();
update private.payment_checks set checked_at = now();

-- Orders whose time is over

select tests.is_due('new');
select is(private.expire_orders(), 0,
  'an order whose payment was begun is not given up before the provider was asked');
select is(private.queue_payment_checks(), 1, 'which is done at once');
select results_eq('select tests.asked()', array['new'], 'however new it is');
select is(tests.status('new'), 'pending', 'meanwhile it waits');
select tests.act_as('service');
select is(public.payment_details(tests.payment('new')) ->> 'is_overdue', 'true',
  'the worker learns that the time is over');
select is(public.apply_payment_event('stripe', 'reconcile:cs_new:captured', 'reconcile',
  jsonb_build_object('payment_id', tests.payment('new'), 'state', 'captured', 'amount', 5000,
    'currency', 'GBP')) ->> 'outcome', 'applied', 'what the provider says is booked');
select is(public.record_payment_check(tests.payment('new'), now()), false,
  'a paid order is not given up');
select is(tests.status('new'), 'confirmed', 'it is confirmed though no webhook came');
select is(public.apply_payment_event('stripe', 'reconcile:cs_new:captured', 'reconcile',
  jsonb_build_object('payment_id', tests.payment('new'), 'state', 'captured', 'amount', 5000,
    'currency', 'GBP')) ->> 'outcome', 'duplicate', 'asked twice is booked once');
select is(public.apply_payment_event('stripe', 'evt_late', 'checkout.session.completed',
  jsonb_build_object('provider_session_id', 'cs_new', 'state', 'captured', 'amount', 5000,
    'currency', 'GBP')) ->> 'outcome', 'ignored', 'the webhook that comes after all changes nothing');

select tests.act_as('owner');
select tests.forget_jobs();
select tests.begin('unpaid');
select tests.is_due('unpaid');
select tests.act_as('service');
select is(public.expire_orders(), 0, 'a service that asks for expiry has the provider asked');
select results_eq('select tests.asked()', array['unpaid'], 'at once');
select is(public.apply_payment_event('stripe', 'reconcile:cs_unpaid:cancelled', 'reconcile',
  jsonb_build_object('payment_id', tests.payment('unpaid'), 'state', 'cancelled'))
  ->> 'outcome', 'applied', 'a page that was closed unpaid ends its payment');
select is(public.record_payment_check(tests.payment('unpaid'), now()), true,
  'and its order is given up with the answer');
select is(tests.status('unpaid'), 'cancelled', 'at once');
select tests.act_as('owner');
select is((select cancel_reason from public.orders where id = tests.order('unpaid')), 'expired',
  'because its time was over');
select is((select array_agg(distinct state)::text from public.reservations
  where order_id = tests.order('unpaid')), '{released}', 'its goods are for sale again');

-- An answer from before the time was over says nothing about the time after it

select tests.begin('early');
select tests.act_as('service');
select is(public.record_payment_check(tests.payment('early'), now() - interval '10 minutes'), false,
  'an early answer');
select tests.act_as('owner');
select tests.is_due('early');
select is(private.expire_orders(), 0, 'does not count for giving the order up');
select is(private.queue_payment_checks(), 1, 'so it is asked again');

-- A declined card can be followed by another one on the same page

select tests.begin('declined');
select tests.act_as('service');
select public.apply_payment_event('stripe', 'evt_declined', 'payment_intent.payment_failed',
  jsonb_build_object('payment_id', tests.payment('declined'), 'state', 'failed'));
select tests.act_as('owner');
select tests.is_due('declined');
select is(private.expire_orders(), 0, 'a decline is not the last word of the provider either');

-- A slow payment, as of a bank, is no reason to keep the goods

select tests.begin('slow');
select tests.is_due('slow');
select tests.act_as('service');
select public.apply_payment_event('stripe', 'reconcile:cs_slow:processing', 'reconcile',
  jsonb_build_object('payment_id', tests.payment('slow'), 'state', 'processing'));
select is(public.record_payment_check(tests.payment('slow'), now()), true,
  'a payment that is still under way ends with its order''s time');
select tests.act_as('owner');
select is(tests.status('slow'), 'cancelled', 'as before');

-- A provider that does not answer

select tests.begin('silent');
update public.orders set expires_at = now() - interval '29 minutes'
where id = tests.order('silent');
select is(private.expire_orders(), 0, 'a provider that does not answer is waited for');
update public.orders set expires_at = now() - interval '31 minutes'
where id = tests.order('silent');
select is(private.expire_orders(), 1, 'half an hour, not longer');
select is((select count(*) from pgmq.q_jobs q where q.message ->> 'kind' = 'payment.cancel'
  and q.message #>> '{payload,payment_id}' = tests.payment('silent')::text), 1::bigint,
  'its page is closed when it answers');

-- Who may

select tests.act_as('ada');
select throws_ok(format('select public.record_payment_check(%L, now())', tests.payment('early')),
  '42501', null, 'a shopper answers for no provider');
select tests.act_as('service');
select is(tests.refusal(format('select public.record_payment_check(%L, now())',
  gen_random_uuid())), 'PT404 payment_not_found', 'only payments that are there are asked about');
select is(tests.refusal(format('select public.record_payment_check(%L, now() + interval ''1 day'')',
  tests.payment('early'))), 'PT422 invalid_input asked_at', 'nobody asks in the future');

-- How long an order may wait

select tests.act_as('mod');
select throws_ok('update public.shop_settings set order_hold_minutes = 1381', '23514', null,
  'no order waits longer than the page it is paid on');
select throws_ok('update public.shop_settings set order_hold_minutes = 4', '23514', null,
  'nor is there less time than it takes to pay');
select lives_ok('update public.shop_settings set order_hold_minutes = 1380',
  '23 hours are the longest');

select * from finish();
rollback;
