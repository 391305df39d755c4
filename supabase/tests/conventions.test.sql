-- The rules of the house that the catalog itself can answer for.
begin;
select plan(16);

create view tests.tables as
select c.oid, n.nspname as schema, c.relname as name, c.relrowsecurity as has_rls
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p');

create view tests.functions as
select p.oid, n.nspname as schema, p.proname as name, p.prosecdef as is_definer, p.proconfig, p.prorettype
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('public', 'private')
  and not exists (
    select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e'
  );

create view tests.policies as
select p.schemaname, p.tablename, p.policyname, p.roles, p.cmd, p.qual, p.with_check
from pg_catalog.pg_policies p
where p.schemaname in ('public', 'private');

select is_empty(
  'select t.schema, t.name from tests.tables t where not t.has_rls',
  'row level security is on for every table, private ones too'
);
select is_empty(
  $$ select f.schema, f.name from tests.functions f
    where not exists (select from unnest(f.proconfig) c (setting) where c.setting ~ '^search_path=""?$') $$,
  'every function pins its search path to nothing'
);
select is_empty(
  $$ select f.name from tests.functions f where f.schema = 'public' and f.is_definer $$,
  'no function in public runs with rights of its own'
);
select is_empty(
  $$ select f.schema, f.name from tests.functions f
    where has_function_privilege('public', f.oid, 'execute') $$,
  'no function may be executed by everybody'
);
select is_empty(
  $$ select f.name from tests.functions f group by f.schema, f.name having count(*) > 1 $$,
  'no function is overloaded'
);
select is_empty(
  $$ select p.tablename, p.policyname from tests.policies p where p.roles && '{public}' $$,
  'every policy names its roles'
);
select is_empty(
  $$ select p.tablename, p.policyname from tests.policies p where p.cmd = 'ALL' $$,
  'no policy is for everything at once'
);
select is_empty(
  $$ select p.tablename, r.role, p.cmd from tests.policies p cross join unnest(p.roles) r (role)
    group by p.tablename, r.role, p.cmd having count(*) > 1 $$,
  'a table, role and action have one policy'
);
select is_empty(
  $$ select p.tablename, p.policyname from tests.policies p
    where concat_ws(' ', p.qual, p.with_check) ~ '(auth\.uid|auth\.jwt|auth\.role|has_role|is_staff)\('
      and regexp_replace(
        concat_ws(' ', p.qual, p.with_check),
        'SELECT (private\.|auth\.)(uid|jwt|role|has_role|is_staff)\(', '', 'g'
      ) ~ '(auth\.uid|auth\.jwt|auth\.role|has_role|is_staff)\(' $$,
  'policies ask who the caller is once a statement'
);
select is_empty(
  $$ select p.tablename, p.policyname from tests.policies p
    where p.cmd = 'UPDATE' and (p.qual is null or p.with_check is null) $$,
  'an update policy checks the row before and after'
);
select is_empty(
  $$ select k.conrelid::regclass, k.conname
    from pg_catalog.pg_constraint k
    join tests.tables t on t.oid = k.conrelid
    where k.contype = 'f'
      and not exists (
        select from pg_catalog.pg_index i
        where i.indrelid = k.conrelid
          and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
      ) $$,
  'every foreign key is indexed'
);
select is_empty(
  $$ select k.conrelid::regclass, k.conname
    from pg_catalog.pg_constraint k
    join tests.tables t on t.oid = k.conrelid
    where k.contype = 'f' and k.confdeltype = 'a' $$,
  'every foreign key says what a deletion does'
);
select is_empty(
  $$ select t.schema, t.name from tests.tables t
    where obj_description(t.oid, 'pg_class') is null $$,
  'every table says what it is'
);
select is_empty(
  $$ select f.name from tests.functions f
    where f.schema = 'public' and obj_description(f.oid, 'pg_proc') is null $$,
  'every command says what it does'
);
select is_empty(
  $$ select t.oid::regtype from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where n.nspname = 'public' and t.typtype = 'e' and obj_description(t.oid, 'pg_type') is null $$,
  'every enum says what it means'
);
select is_empty(
  $$ select c.relname from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'v'
      and not coalesce(c.reloptions @> '{security_invoker=true}', false) $$,
  'every view obeys the rights of its reader'
);

select * from finish();
rollback;
