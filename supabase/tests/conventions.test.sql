-- The rules that every migration keeps, asked of the catalog. A failure names what breaks the rule.
begin;
\ir helpers.psql
select plan(24);

create view tests.relations as
select c.oid, c.relkind, n.nspname || '.' || c.relname as name, c.relrowsecurity, c.reloptions
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f');

create view tests.routines as
select p.oid, n.nspname as schema, p.proname, n.nspname || '.' || p.proname as name, p.prosecdef,
  p.proconfig, p.proacl, p.prorettype
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('public', 'private');

create view tests.policies as
select concat_ws(' ', p.polrelid::regclass, p.polname) as name, p.*,
  concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    as expression
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') or p.polname like 'supamarket%';

create view tests.foreign_keys as
select concat_ws(' ', k.conrelid::regclass, k.conname) as name, k.*
from pg_constraint k
join tests.relations r on r.oid = k.conrelid
where k.contype = 'f';

-- Tables

select is_empty(
  $$ select name from tests.relations where relkind in ('r', 'p') and not relrowsecurity $$,
  'every table has row level security');
select is_empty(
  $$ select name from tests.relations
     where relkind = 'v' and not coalesce('security_invoker=true' = any (reloptions), false) $$,
  'every view asks with the rights of who looks');
select is_empty(
  $$ select name from tests.relations where relkind in ('m', 'f') $$,
  'there is no materialised view or foreign table, which know no policies');
select is_empty(
  $$ select name from tests.relations where obj_description(oid, 'pg_class') is null $$,
  'every table and view says what it is and who writes it');
select is_empty(
  $$ select name from tests.relations r
     where relkind in ('r', 'p')
       and not exists (select from pg_index i where i.indrelid = r.oid and i.indisprimary) $$,
  'every table has a primary key');
select is_empty(
  $$ select r.name || '.' || a.attname
     from tests.relations r
     join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
     where a.atttypid in (
       'timestamp'::regtype, 'real'::regtype, 'double precision'::regtype, 'money'::regtype,
       'json'::regtype, 'timetz'::regtype, 'character'::regtype
     ) $$,
  'instants have a time zone, amounts are no floats, documents are jsonb');
select is_empty(
  $$ select r.name || '.' || a.attname
     from tests.relations r
     join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
     where r.relkind = 'r' and r.name like 'public.%' and a.atttypid = 'bigint'::regtype
       and a.attname not in ('id', 'version')
       and coalesce(col_description(r.oid, a.attnum), '') !~* 'minor units' $$,
  'every column of money says that it counts minor units');
select is_empty(
  $$ select t.typname from pg_type t
     where t.typnamespace = 'public'::regnamespace and t.typtype = 'e'
       and obj_description(t.oid, 'pg_type') is null $$,
  'every enum says what its values mean');

-- Foreign keys

select is_empty(
  $$ select name from tests.foreign_keys k
     where not exists (
       select from pg_index i
       where i.indrelid = k.conrelid and i.indisvalid
         -- A partial index serves when it only leaves out the rows that point nowhere.
         and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ 'IS NOT NULL')
         and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
     ) $$,
  'every foreign key has an index to follow it backwards');
select is_empty(
  $$ select name from tests.foreign_keys where confdeltype = 'a' $$,
  'every foreign key says what happens when its target goes');
select is_empty(
  $$ select concat_ws(' ', k.conrelid::regclass, k.conname)
     from pg_constraint k
     join tests.relations r on r.oid = k.conrelid
     where not k.convalidated $$,
  'every constraint is validated');

-- Policies

select is_empty(
  $$ select name from tests.policies where 0 = any (polroles) $$,
  'every policy names its role');
select is_empty(
  $$ select name from tests.policies where polcmd = '*' $$,
  'every policy is for one action');
select is_empty(
  $$ select concat_ws(' ', p.polrelid::regclass, p.polcmd, r.role::regrole)
     from tests.policies p
     cross join unnest(p.polroles) as r (role)
     group by p.polrelid, p.polcmd, r.role
     having count(*) > 1 $$,
  'a table has one policy for an action and a role');
select is_empty(
  $$ select name from tests.policies
     where polcmd = 'w' and (polqual is null or polwithcheck is null) $$,
  'every update policy checks the row before and after');
select is_empty(
  -- A call without arguments, or with a constant, is the same for every row: once is enough.
  $$ select name from tests.policies
     where regexp_replace(
       expression, 'SELECT (auth|realtime|private)\.[a-z_]+\((''[a-z]+''::[a-z_.]+)?\)', '', 'g'
     ) ~ '(auth|realtime|private)\.[a-z_]+\((''[a-z]+''::[a-z_.]+)?\)' $$,
  'every policy asks who calls once a statement, not once a row');
select is_empty(
  $$ select name from tests.policies
     where expression ~* 'raw_user_meta_data|user_metadata|auth\.jwt\(' $$,
  'no policy believes what a token or its user says about roles');

-- Functions

select is_empty(
  $$ select name from tests.routines
     where not coalesce('search_path=""' = any (proconfig), false) $$,
  'every function pins its search path');
select is_empty(
  $$ select name from tests.routines where schema = 'public' and prosecdef $$,
  'no function of the API runs with rights of its own');
select is_empty(
  $$ select name from tests.routines group by name having count(*) > 1 $$,
  'no function is overloaded');
select is_empty(
  $$ select name from tests.routines
     where schema = 'public' and obj_description(oid, 'pg_proc') is null $$,
  'every command says what it does');
select is_empty(
  $$ select name from tests.routines
     where proacl is null or exists (select from aclexplode(proacl) a where a.grantee = 0) $$,
  'no function is granted to everybody');

-- Triggers

select is_empty(
  $$ select concat_ws(' ', t.tgrelid::regclass, t.tgname)
     from pg_trigger t
     join tests.routines f on f.oid = t.tgfoid
     where not t.tgisinternal and (t.tgname !~ '^_[0-9]{3}_[a-z_]+$' or f.proname !~ '^tg_') $$,
  'every trigger is numbered, and its function says that it is one');
select is_empty(
  $$ select name from tests.routines
     where prorettype = 'trigger'::regtype
       and (schema <> 'private' or has_function_privilege('authenticated', oid, 'execute')) $$,
  'trigger functions are called by triggers only');

select * from finish();
rollback;
