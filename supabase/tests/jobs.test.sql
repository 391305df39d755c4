begin;
\ir helpers.psql
select plan(24);

-- Whatever the migrations or other tests left in the queue is not this test's.
select pgmq.purge_queue('jobs');

select tests.act_as('ada');
select throws_ok('select * from public.claim_jobs()', '42501', null, 'a shopper takes no jobs');
select throws_ok('select public.complete_job(1)', '42501', null, 'nor ends them');
select is(tests.refusal('select public.job_status()'), 'PT403 forbidden', 'nor looks at the queue');
select is(tests.refusal('select public.retry_dead_job(1)'), 'PT403 forbidden', 'nor revives jobs');
select throws_ok($$ select private.enqueue_job('x', '{}') $$, '42501', null, 'nor makes them');
select throws_ok('select * from pgmq.q_jobs', '42501', null, 'nor reads the queue''s tables');

select tests.act_as('owner');
select private.enqueue_job('test.one', '{"n": 1}');
select private.enqueue_job('test.later', '{"n": 2}', 3600);

select tests.act_as('service');
create temporary table claimed as select * from public.claim_jobs(10, 30);
grant select on claimed to public;
select results_eq('select kind, payload, attempts from claimed', $$ values ('test.one',
  '{"n": 1}'::jsonb, 1) $$,
  'a worker gets what is due, with what was said');
select is_empty('select * from public.claim_jobs()', 'nobody else gets it meanwhile');
select is(public.fail_job(msg_id, 'outage') ->> 'retry_in_seconds', '10',
  'what failed is tried again soon') from claimed;
select tests.act_as('kit');
select is(public.job_status() ->> 'delayed', '1', 'staff see what waits');
select is(public.job_status() ->> 'in_flight', '1', 'and what is being tried');

-- Eight times

select tests.act_as('owner');
update pgmq.q_jobs set read_ct = 8 where msg_id = (select msg_id from claimed);
select tests.act_as('service');
select is(public.fail_job(msg_id, 'still out') ->> 'dead', 'true',
  'after the eighth try it is given up') from claimed;
select is(tests.refusal(format('select public.complete_job(%s)', msg_id)), 'accepted',
  'ending what is gone does no harm') from claimed;
select tests.act_as('kit');
select is(public.job_status() #>> '{dead_jobs,0,error}', 'still out',
  'staff see what died of what');
select is(tests.refusal('select public.retry_dead_job(1)'), 'PT403 forbidden',
  'support cannot revive it');
select tests.act_as('mod');
select ok(public.retry_dead_job((public.job_status() #>> '{dead_jobs,0,id}')::bigint),
  'an administrator can');
select is(public.job_status() ->> 'dead', '0', 'once');
select tests.act_as('service');
select is((select count(*) from public.claim_jobs()), 1::bigint, 'and it is done again');

-- A worker that never answers

select tests.act_as('owner');
update pgmq.q_jobs set read_ct = 8, vt = now() where message ->> 'kind' = 'test.one';
select tests.act_as('service');
select is_empty('select * from public.claim_jobs()',
  'a job that killed its worker eight times is not handed out again');
select is(public.job_status() ->> 'dead', '1', 'but kept among the dead');

-- Many at once

select tests.act_as('owner');
create temporary table many as
select private.enqueue_jobs('test.many', array['{"n": 1}', '{"n": 2}', '{"n": 3}']::jsonb[]) as ids;
grant select on many to public;
select results_eq(
  $$ select q.message -> 'payload' ->> 'n' from many, unnest(ids) with ordinality i (id, position)
    join pgmq.q_jobs q on q.msg_id = i.id order by i.position $$,
  array['1', '2', '3'], 'many jobs are queued as they were given');
select is(private.enqueue_jobs('test.many', '{}'), '{}', 'none is none');
select tests.act_as('ada');
select throws_ok($$ select private.enqueue_jobs('x', '{}') $$, '42501', null,
  'a shopper queues none');

-- Schedules

select tests.act_as('owner');
select set_eq(
  $$ select jobname from cron.job where jobname in ('run-jobs', 'reconcile-payments', 'expire-orders',
    'refresh-listing', 'purge-idempotency-keys') $$,
  array['run-jobs', 'reconcile-payments', 'expire-orders', 'refresh-listing',
    'purge-idempotency-keys'],
  'what must happen by itself is scheduled');

select * from finish();
rollback;
