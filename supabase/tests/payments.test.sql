begin;
\ir helpers.psql
select plan(66);

select tests.a_product('kettle', 2500, 50);
create temporary table seen (what text primary key, order_id uuid, payment_id uuid);
grant select, insert on seen to public;
create function tests.order(what text) returns uuid
language sql stable as $$ select s.order_id from seen s where s.what = "order".what $$;
create function tests.payment(what text) returns uuid
language sql stable as $$ select s.payment_id from seen s where s.what = payment.what $$;

-- A card order of two kettles by ada: 5000 pence.
create function tests.buy(what text) returns void
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
end;
$$;

-- An event as the webhook passes it on; the answer is its outcome.
create function tests.event(payment_id uuid, state text, more jsonb default '{}',
  event_id text default null)
returns text
language sql
as $$
  select public.apply_payment_event('stripe', coalesce(event_id, 'evt_' || gen_random_uuid()),
    'test',
    jsonb_build_object('payment_id', payment_id, 'state', state, 'amount', 5000, 'currency',
      'gbp') || more) ->> 'outcome'
$$;
create function tests.state(what text) returns text
language sql stable
as $$
  select o.status || ' ' || o.payment_status || ' ' || (
    select string_agg(p.status::text,
      ',' order by p.attempt) from public.payments p where p.order_id = o.id)
  from public.orders o where o.id = tests.order(what)
$$;

-- Only services settle payments

select tests.buy('plain');
select tests.act_as('ada');
select throws_ok(format('select public.start_payment_attempt(%L)', tests.order('plain')), '42501',
  null, 'a shopper starts no payment');
select throws_ok(format($$ select public.apply_payment_event('stripe', 'e', 't', '{}') $$), '42501',
  null, 'reports none');
select throws_ok(format($$ select public.record_refund(%L, 're', 'succeeded') $$,
  gen_random_uuid()), '42501', null, 'books no refund');
select is(tests.refusal(format('select public.request_refund(%L)', tests.order('plain'))),
  'PT403 forbidden', 'and asks for none');
select tests.act_as('mod');
select throws_ok(format('select public.start_payment_attempt(%L)', tests.order('plain')), '42501',
  null, 'nor does an admin');

-- The plain way

select tests.act_as('service');
select is(public.start_payment_attempt(tests.order('plain'), tests.user_id('ada')) ->> 'payment_id',
  tests.payment('plain')::text,
  'paying begins with the payment that was made with the order');
select is(public.start_payment_attempt(tests.order('plain'), tests.user_id('ada')) ->> 'attempt',
  '1', 'beginning twice is beginning once');
select is(tests.refusal(format('select public.start_payment_attempt(%L, %L)', tests.order('plain'),
  tests.user_id('bo'))),
  'PT404 order_not_found', 'nobody pays somebody else''s order');
select is(public.record_payment_started(tests.payment('plain'), 'pi_plain',
  'cs_plain') ->> 'payable', 'true', 'its names at the provider are kept');
select is(tests.event(tests.payment('plain'), 'processing'), 'applied',
  'an event moves the payment');
select is(tests.event(tests.payment('plain'), 'captured',
  '{"card": {"brand": "visa", "last4": "4242"}}', 'evt_paid'), 'applied', 'money comes in');
select is(tests.state('plain'), 'confirmed paid captured', 'the order is confirmed and paid');
select is((select array_agg(distinct r.state)::text from public.reservations r where r.order_id
  = tests.order('plain')), '{committed}', 'its goods are committed');
select is((select expires_at from public.orders where id = tests.order('plain')), null,
  'it does not expire any more');
select is(tests.event(tests.payment('plain'), 'captured', '{}', 'evt_paid'), 'duplicate',
  'the same event again does nothing');
select is(tests.event(tests.payment('plain'), 'captured'), 'ignored',
  'another event of the same capture does nothing');
select is(tests.event(tests.payment('plain'), 'failed'), 'ignored',
  'a late failure does not undo it');
select is(tests.event(tests.payment('plain'), 'processing'), 'ignored',
  'nor a late step before it');
select is(tests.state('plain'), 'confirmed paid captured', 'it is still paid');
select is((select card_last4 from public.payments where id = tests.payment('plain')), '4242',
  'only brand and last digits of the card are kept');
select is(tests.refusal(format('select public.start_payment_attempt(%L)', tests.order('plain'))),
  'PT409 order_not_payable', 'a paid order is not paid again');

-- Failures and new attempts

select tests.buy('retry');
select public.record_payment_started(tests.payment('retry'), 'pi_retry');
select is(tests.event(tests.payment('retry'), 'failed', '{"failure_code": "card_declined"}'),
  'applied', 'a card is declined');
select is(tests.state('retry'), 'pending failed failed', 'the order stays payable');

-- Events are delivered in any order

select tests.buy('challenged');
select public.start_payment_attempt(tests.order('challenged'));
select is(tests.event(tests.payment('challenged'), 'failed',
  '{"occurred_at": "2026-01-31T12:00:05Z"}'), 'applied', 'a failed challenge');
select is(tests.event(tests.payment('challenged'), 'requires_action',
  '{"occurred_at": "2026-01-31T12:00:05Z"}'), 'ignored', 'is not undone by its own beginning');
select is(tests.event(tests.payment('challenged'), 'requires_action',
  '{"occurred_at": "2026-01-31T12:00:06Z"}'), 'applied', 'the next card may be challenged as well');
select is(tests.event(tests.payment('challenged'), 'failed',
  '{"occurred_at": "2026-01-31T12:00:04Z"}'), 'ignored',
  'which the failure of an older one does not end');
select is(tests.state('challenged'), 'pending pending requires_action', 'it waits for the shopper');
create temporary table second as select public.start_payment_attempt(tests.order('retry'))
  as answer;
grant select on second to public;
select is(answer ->> 'attempt', '2', 'the next try is a new attempt') from second;
select is(answer #>> '{superseded,0,provider_payment_id}', 'pi_retry',
  'that says what to close first') from second;
select is(tests.state('retry'), 'pending pending failed,created', 'and waits for money');
select is(tests.event(tests.payment('retry'), 'processing'), 'ignored',
  'the old attempt does not come back to life');
select is(tests.event((answer ->> 'payment_id')::uuid, 'captured'), 'applied',
  'the new one is paid') from second;
select is(tests.event(tests.payment('retry'), 'captured'), 'surplus',
  'money for the old one as well is too much');
select is((select array_agg(r.amount)::text from public.refunds r where r.order_id
  = tests.order('retry')), '{5000}', 'and goes back');
select is(tests.state('retry'), 'confirmed paid captured,captured', 'the order stays paid once');

-- Wrong amounts

select tests.buy('wrong');
select is(tests.event(tests.payment('wrong'), 'captured', '{"amount": 50}'), 'amount_mismatch',
  'a wrong amount is noticed');
select is(tests.state('wrong'), 'pending pending captured', 'and pays nothing');
select is((select amount from public.refunds where order_id = tests.order('wrong')), 50::bigint,
  'it goes back');
select is(public.start_payment_attempt(tests.order('wrong')) ->> 'attempt', '2',
  'the order can still be paid');
select tests.buy('foreign');
select is(tests.event(tests.payment('foreign'), 'captured', '{"currency": "usd"}'),
  'amount_mismatch', 'the wrong currency is no payment either');

-- Against cancellation and expiry

select tests.buy('late');
select public.record_payment_started(tests.payment('late'), 'pi_late');
select tests.act_as('ada');
select public.cancel_order(tests.order('late'));
select tests.act_as('service');
select is(tests.event(tests.payment('late'), 'captured'), 'applied',
  'money that comes after the cancellation is booked');
select is(tests.state('late'), 'cancelled paid captured', 'the order stays cancelled');
select is((select state::text || amount from public.refunds where order_id = tests.order('late')),
  'pending5000', 'and the money goes back');
select is((public.record_refund((select id from public.refunds where order_id
  = tests.order('late')), 're_late', 'succeeded')).state, 'succeeded',
  'the provider says it did');
select is(tests.state('late'), 'cancelled refunded refunded', 'and everything shows it');
select tests.buy('gone');
select tests.act_as('ada');
select public.cancel_order(tests.order('gone'));
select tests.act_as('service');
select is(public.record_payment_started(tests.payment('gone'), 'pi_gone') ->> 'payable', 'false',
  'who was just asking the provider hears that the order is gone');
select is((select count(*) from public.claim_jobs(100) j where j.kind = 'payment.cancel'
  and j.payload ->> 'payment_id' = tests.payment('gone')::text),
  1::bigint, 'and what was opened there gets closed');

-- Out of order and unknown

select tests.buy('early');
select is(public.apply_payment_event('stripe', 'evt_early', 't',
  '{"provider_payment_id": "pi_early", "state": "captured", "amount": 5000, "currency": "gbp"}')
  ->> 'outcome', 'unknown_payment', 'an event may come before its payment has a name');
select is(public.record_payment_started(tests.payment('early'), 'pi_early') ->> 'status',
  'captured', 'it is applied as soon as it has one');
select is(tests.state('early'), 'confirmed paid captured', 'and the order is paid');
select tests.buy('upside');
select is(tests.event(tests.payment('upside'), 'refunded',
  '{"provider_refund_id": "re_up", "amount": 1000}'), 'deferred',
  'a refund may come before its capture');
select is(tests.event(tests.payment('upside'), 'captured'), 'applied', 'when the capture comes');
select is(tests.state('upside'), 'confirmed partially_refunded partially_refunded',
  'both are booked');
select is(tests.event(tests.payment('upside'), 'ignored'), 'ignored',
  'what we do not care for is kept and ignored');

-- Refunds

select tests.act_as('kit');
select is(tests.refusal(format('select public.request_refund(%L, 5001)', tests.order('plain'))),
  'PT422 invalid_input amount', 'no more is refunded than was paid');
select is((public.request_refund(tests.order('plain'), 2000, 'scratched',
  'refund-key-1')).amount, 2000::bigint, 'staff refund a part');
select is((public.request_refund(tests.order('plain'), 2000, 'scratched', 'refund-key-1')).id,
  (select id from public.refunds where order_id = tests.order('plain')),
    'once, however often it is asked for with one key');
select is((public.request_refund(tests.order('plain'))).amount, 3000::bigint,
  'and then all that is left');
select is(tests.refusal(format('select public.request_refund(%L)', tests.order('plain'))),
  'PT409 nothing_to_refund', 'and no more');
select tests.act_as('service');
select public.record_refund(r.id, 're_a',
  'succeeded') from public.refunds r where r.order_id = tests.order('plain') and amount = 2000;
select is(tests.state('plain'), 'confirmed partially_refunded partially_refunded',
  'what is back counts, what is under way does not');
select is(tests.event(tests.payment('plain'), 'refunded',
  '{"provider_refund_id": "re_a", "amount": 2000}'), 'ignored',
  'the provider''s own event of it changes nothing');
select public.record_refund(r.id, 're_b', 'failed',
  'account closed') from public.refunds r where r.order_id = tests.order('plain') and amount = 3000;
select is((public.request_refund(tests.order('plain'))).amount, 3000::bigint,
  'what failed can be tried again');
select is(public.refund_details((select id from public.refunds where order_id
  = tests.order('plain') and state = 'pending')) ->> 'provider_payment_id',
  'pi_plain', 'the worker learns what to refund');
select is(tests.event(tests.payment('plain'), 'refunded',
  '{"provider_refund_id": "re_x", "amount": 9000}'), 'ignored',
  'a refund of more than was paid cannot be');

select is_empty('select * from public.check_invariants() where broken <> 0',
  'all sums of the shop hold');

select * from finish();
rollback;
