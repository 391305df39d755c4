-- What `postgres_changes` needs of the database: who subscribes to which table (Supabase's
-- `realtime.subscription`), a trigger on each table of the publication that writes changes into
-- `realtime.outbox` while somebody does (Supabase decodes the write-ahead log), and functions that
-- say who of the subscribers may see which change. Runs as a superuser; safe to run again.

do $types$
begin
  if to_regtype('realtime.action') is null then
    create type realtime.action as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ERROR');
  end if;
  if to_regtype('realtime.equality_op') is null then
    create type realtime.equality_op as enum (
      'eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in',
      'like', 'ilike', 'is', 'match', 'imatch', 'isdistinct'
    );
  end if;
  if to_regtype('realtime.user_defined_filter') is null then
    create type realtime.user_defined_filter as (
      column_name text, op realtime.equality_op, value text, negate boolean
    );
  end if;
end
$types$;

create or replace function realtime.to_regrole(role_name text) returns regrole
-- Roles are not renamed while somebody is subscribed; generated columns take nothing less.
language sql immutable
as $$
  select role_name::regrole;
$$;

create table if not exists realtime.subscription (
  id bigint generated always as identity primary key,
  subscription_id uuid not null,
  entity regclass not null,
  filters realtime.user_defined_filter[] not null default '{}',
  claims jsonb not null,
  claims_role regrole not null generated always as (realtime.to_regrole(claims ->> 'role')) stored,
  created_at timestamp not null default timezone('utc', now()),
  action_filter text not null default '*'
    constraint subscription_action_filter_check
    check (action_filter in ('*', 'INSERT', 'UPDATE', 'DELETE')),
  -- Null: every column that the role may select.
  selected_columns text[]
);
create index if not exists ix_realtime_subscription_entity on realtime.subscription (entity);
create index if not exists subscription_subscription_id_idx
  on realtime.subscription (subscription_id);
alter table realtime.subscription enable row level security;
revoke all on realtime.subscription from postgres, dashboard_user;

-- A condition of a filter as SQL over `c.value`, the row's value, and `f.value`, the text that the
-- client gave; `type_name` is the column's type.
create or replace function realtime.condition(
  op realtime.equality_op, type_name text, is_negated boolean
) returns text
language sql immutable set search_path = ''
as $$
  select case when is_negated then 'not ' else '' end || '('
    || case op
      when 'eq' then format('c.value = f.value::%s', type_name)
      when 'neq' then format('c.value <> f.value::%s', type_name)
      when 'lt' then format('c.value < f.value::%s', type_name)
      when 'lte' then format('c.value <= f.value::%s', type_name)
      when 'gt' then format('c.value > f.value::%s', type_name)
      when 'gte' then format('c.value >= f.value::%s', type_name)
      when 'in' then format('c.value = any (f.value::%s[])', type_name)
      when 'like' then format('c.value like f.value::%s', type_name)
      when 'ilike' then format('c.value ilike f.value::%s', type_name)
      when 'match' then format('c.value ~ f.value::%s', type_name)
      when 'imatch' then format('c.value ~* f.value::%s', type_name)
      when 'isdistinct' then format('c.value is distinct from f.value::%s', type_name)
      -- Its keywords are no values: `true` of a column of type boolean, or `null` of any.
      when 'is' then
        'case f.value when ''null'' then c.value is null'
        || case when type_name = 'boolean' then
          ' when ''true'' then c.value is true when ''false'' then c.value is false'
          ' when ''unknown'' then c.value is unknown'
        else '' end
        || ' end'
    end
    || ')';
$$;

-- Refuses what could not be evaluated later, so that no subscription can fail a change.
create or replace function realtime.subscription_check_filters() returns trigger
language plpgsql
as $$
declare
  v_columns text[] := array(
    select a.attname
    from pg_catalog.pg_attribute a
    where a.attrelid = new.entity and a.attnum > 0 and not a.attisdropped
      and has_column_privilege(new.claims ->> 'role', a.attrelid, a.attnum, 'select')
  );
  v_filter realtime.user_defined_filter;
  v_type text;
  v_column text;
  v_count integer;
begin
  foreach v_filter in array new.filters loop
    if v_filter.column_name <> all (v_columns) then
      raise exception 'invalid column for filter %', v_filter.column_name;
    end if;
    select format_type(a.atttypid, null) into v_type
    from pg_catalog.pg_attribute a
    where a.attrelid = new.entity and a.attname = v_filter.column_name;

    if v_filter.op = 'is' then
      if v_filter.value not in ('null', 'true', 'false', 'unknown') then
        raise exception
          'invalid value for is filter: must be null, true, false, or unknown';
      elsif v_filter.value <> 'null' and v_type <> 'boolean' then
        raise exception 'is % filter requires a boolean column, got %', v_filter.value, v_type;
      end if;
      continue;
    elsif v_filter.op = 'in' then
      -- Dynamic because of the column's type; also where a value that is none of it fails.
      execute format('select cardinality($1::%s[])', v_type) into v_count using v_filter.value;
      if v_count > 100 then
        raise exception 'too many values for `in` filter. Maximum 100';
      end if;
    elsif v_filter.op in ('match', 'imatch') then
      begin
        perform '' ~ v_filter.value;
      exception when invalid_regular_expression then
        raise exception 'invalid regular expression for % filter: %', v_filter.op, sqlerrm;
      end;
    elsif v_filter.op not in ('like', 'ilike') then
      execute format('select $1::%s', v_type) using v_filter.value;
    end if;

    begin
      execute format(
        'select %s from (select null::%s as value) c, (select $1 as value) f',
        realtime.condition(v_filter.op, v_type, false), v_type
      ) using v_filter.value;
    exception when undefined_function or wrong_object_type then
      raise exception 'operator % is not supported on column % of type %: %',
        v_filter.op, v_filter.column_name, v_type, sqlerrm;
    end;
  end loop;

  foreach v_column in array coalesce(new.selected_columns, '{}') loop
    if v_column <> all (v_columns) then
      raise exception 'invalid column for select %', v_column;
    end if;
  end loop;
  new.selected_columns := (select array_agg(c order by c) from unnest(new.selected_columns) c);
  return new;
end;
$$;

drop trigger if exists tr_check_filters on realtime.subscription;
create trigger tr_check_filters
  before insert or update on realtime.subscription
  for each row execute function realtime.subscription_check_filters();

-- A row as JSON, the same whatever the writer's session is set to.
create or replace function realtime.document_of(source_row record) returns jsonb
language plpgsql stable
set timezone = 'UTC' set intervalstyle = 'postgres' set bytea_output = 'hex'
as $$
begin
  return to_jsonb(source_row);
end;
$$;

create or replace function realtime.key_columns(entity oid) returns text[]
language sql stable set search_path = ''
as $$
  select array(
    select a.attname::text
    from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indrelid = entity and i.indisprimary
  );
$$;

-- What is kept of an old row: its replica identity, as the write-ahead log has it.
create or replace function realtime.identity_columns(entity oid) returns text[]
language sql stable set search_path = ''
as $$
  select case c.relreplident
    when 'd' then realtime.key_columns(c.oid)
    when 'f' then array(
      select a.attname::text
      from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    )
    else array(
      select a.attname::text
      from pg_catalog.pg_index i
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
      where i.indrelid = c.oid and i.indisreplident
    )
  end
  from pg_catalog.pg_class c
  where c.oid = entity;
$$;

-- The columns of these names.
create or replace function realtime.columns_of(document jsonb, names text[]) returns jsonb
language sql immutable set search_path = ''
as $$
  select coalesce(jsonb_object_agg(e.key, e.value), '{}')
  from jsonb_each(document) e
  where e.key = any (names);
$$;

-- The columns whose value is at most 64 bytes long.
create or replace function realtime.short_values(document jsonb) returns jsonb
language sql immutable strict set search_path = ''
as $$
  select coalesce(jsonb_object_agg(e.key, e.value), '{}')
  from jsonb_each(document) e
  where octet_length(e.value::text) <= 64;
$$;

create or replace function realtime.capture_change() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  v_wakes boolean;
begin
  if not exists (select from realtime.subscription s where s.entity = tg_relid) then
    return null;
  end if;
  v_wakes := (select bool_or(s.is_woken) from realtime.servers s where s.alive_until > now());
  if v_wakes is null then
    return null;
  end if;
  insert into realtime.outbox (entity, action, record, old_record, happened_at)
  values (
    tg_relid,
    tg_op,
    case when tg_op <> 'DELETE' then realtime.document_of(new) end,
    case when tg_op <> 'INSERT' then
      realtime.columns_of(realtime.document_of(old), realtime.identity_columns(tg_relid))
    end,
    clock_timestamp()
  );
  if v_wakes then
    perform pg_notify('realtime_outbox', '');
  end if;
  return null;
end;
$$;

-- Puts the trigger on every table of the publication, for the verbs that it publishes, and takes it
-- off the others.
create or replace function realtime.follow_publication() returns void
language plpgsql security definer set search_path = ''
as $$
declare
  v_table record;
begin
  for v_table in
    with published as (
      select
        format('%I.%I', t.schemaname, t.tablename)::regclass as entity,
        concat_ws(
          ' or ',
          case when p.pubinsert then 'insert' end,
          case when p.pubupdate then 'update' end,
          case when p.pubdelete then 'delete' end
        ) as verbs,
        -- As pg_trigger has it: for each row, and a bit a verb.
        1 + 4 * p.pubinsert::integer + 8 * p.pubdelete::integer + 16 * p.pubupdate::integer as bits
      from pg_catalog.pg_publication p
      join pg_catalog.pg_publication_tables t on t.pubname = p.pubname
      where p.pubname = 'supabase_realtime'
    ),
    captured as (
      select t.tgrelid::regclass as entity, t.tgtype::integer as bits
      from pg_catalog.pg_trigger t
      where t.tgname = 'realtime_capture'
    )
    select
      coalesce(p.entity, c.entity) as entity,
      c.entity is not null as is_captured,
      p.verbs
    from published p
    full join captured c on c.entity = p.entity
    where p.bits is distinct from c.bits
  loop
    -- Dynamic because DDL takes no parameters.
    if v_table.is_captured then
      execute format('drop trigger realtime_capture on %s', v_table.entity);
    end if;
    if v_table.verbs <> '' then
      execute format(
        'create trigger realtime_capture after %s on %s
         for each row execute function realtime.capture_change()',
        v_table.verbs, v_table.entity
      );
    end if;
  end loop;
end;
$$;

create or replace function realtime.tg_follow_publication() returns event_trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- A new or altered table matters only where the publication does not name its tables.
  if tg_tag like '%PUBLICATION' or exists (
    select from pg_catalog.pg_publication p
    where p.pubname = 'supabase_realtime' and (
      p.puballtables
      or exists (select from pg_catalog.pg_publication_namespace n where n.pnpubid = p.oid)
    )
  ) then
    perform realtime.follow_publication();
  end if;
end;
$$;

drop event trigger if exists realtime_follow_publication;
create event trigger realtime_follow_publication
  on ddl_command_end
  when tag in (
    'CREATE PUBLICATION', 'ALTER PUBLICATION', 'DROP PUBLICATION',
    'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE'
  )
  execute function realtime.tg_follow_publication();

-- Which changes of one table pass the filters of which subscriptions to it (of the `chosen` ones,
-- when they are given). All subscriptions that ask the same of a column are answered by one query.
create or replace function realtime.passing(entity oid, positions bigint[], chosen uuid[])
returns table (subscription bigint, change bigint)
language plpgsql
as $$
declare
  v_condition record;
  v_subscriptions bigint[] := '{}';
  v_changes bigint[] := '{}';
  v_more_subscriptions bigint[];
  v_more_changes bigint[];
begin
  for v_condition in
    select
      f.column_name, f.op, coalesce(f.negate, false) as is_negated,
      format_type(a.atttypid, null) as type_name,
      array_agg(s.id) as subscriptions, array_agg(f.value) as given
    from realtime.subscription s
    cross join lateral unnest(s.filters) f
    join pg_catalog.pg_attribute a on a.attrelid = s.entity and a.attname = f.column_name
    where s.entity = passing.entity
      and (passing.chosen is null or s.subscription_id = any (passing.chosen))
    group by f.column_name, f.op, coalesce(f.negate, false), a.atttypid
  loop
    begin
      -- Dynamic because of the column's name and type. A deleted row is judged by what is left of
      -- it: a filter on any other column hides it.
      execute format(
        $query$
          with c as materialized (
            select
              o.position, o.action,
              (jsonb_populate_record(null::%1$s, coalesce(o.record, o.old_record))).%2$I as value
            from realtime.outbox o
            where o.position = any ($1) and coalesce(o.record, o.old_record) ? %3$L
          )
          select array_agg(f.id), array_agg(c.position)
          from c
          cross join unnest($2, $3) as f (id, value)
          where %4$s
        $query$,
        passing.entity::regclass, v_condition.column_name, v_condition.column_name,
        realtime.condition(v_condition.op, v_condition.type_name, v_condition.is_negated)
      )
      into v_more_subscriptions, v_more_changes
      using passing.positions, v_condition.subscriptions, v_condition.given;
    exception when others then
      -- The column has changed since; Supabase shows nothing through such a filter.
      raise warning 'WarnApplyingFilters %: %', passing.entity::regclass, sqlerrm;
      continue;
    end;
    v_subscriptions := v_subscriptions || v_more_subscriptions;
    v_changes := v_changes || v_more_changes;
  end loop;

  return query
    select s.id, o.position
    from realtime.subscription s
    cross join realtime.outbox o
    where s.entity = passing.entity and s.filters = '{}' and o.position = any (passing.positions)
      and s.action_filter in ('*', o.action)
      and (passing.chosen is null or s.subscription_id = any (passing.chosen))
    union all
    select s.id, o.position
    from unnest(v_subscriptions, v_changes) as p (subscription, change)
    join realtime.subscription s on s.id = p.subscription
    join realtime.outbox o on o.position = p.change
    where s.action_filter in ('*', o.action)
    group by s.id, o.position, s.filters
    having count(*) = cardinality(s.filters);
end;
$$;

-- The query that shows whether the row of a change is visible to whoever runs it: `$1` positions,
-- `$2` records. A subquery a row, which PostgreSQL does not turn into a join: policies are asked
-- about the rows that changed and no others.
create or replace function realtime.visibility_query(entity oid, key_columns text[]) returns text
language sql stable set search_path = ''
as $$
  select format(
    'select array_agg(c.position) from unnest($1::bigint[], $2::jsonb[]) as c (position, record)'
    ' where (select true from %s t where %s limit 1)',
    entity::regclass,
    string_agg(
      format(
        't.%I = (c.record ->> %L)::%s', a.attname, a.attname, format_type(a.atttypid, a.atttypmod)
      ),
      ' and '
    )
  )
  from pg_catalog.pg_attribute a
  where a.attrelid = entity and a.attname = any (key_columns);
$$;

-- The caller that policies see, until the end of the transaction or of the block that fails.
create or replace function realtime.act_as(role_name name, claims jsonb) returns void
language sql
as $$
  select
    set_config('role', role_name, true),
    set_config('request.jwt.claims', claims::text, true);
$$;

-- Which of the changed rows the prepared `realtime_visibility` shows to a caller, and on which a
-- policy failed.
create or replace function realtime.visible_to(
  role_name name, claims jsonb, changes bigint[], key_columns text[],
  out visible bigint[], out failed bigint[]
)
language plpgsql
as $$
declare
  v_positions bigint[];
  v_keys jsonb[];
  v_found bigint[];
begin
  select array_agg(o.position), array_agg(realtime.columns_of(o.record, key_columns))
  into v_positions, v_keys
  from realtime.outbox o
  where o.position = any (changes) and o.record is not null;
  visible := '{}';
  failed := '{}';
  if v_positions is null then
    return;
  end if;

  begin
    perform realtime.act_as(role_name, claims);
    -- Dynamic because of the prepared statement, whose arguments can only be literals.
    execute format('execute realtime_visibility (%L, %L)', v_positions, v_keys) into v_found;
    perform set_config('role', 'none', true);
    visible := coalesce(v_found, '{}');
    return;
  exception when others then
    raise warning 'WarnApplyingRlsToSubscription: %', sqlerrm;
  end;

  -- A row that a policy fails on hides no other.
  for i in 1 .. cardinality(v_positions) loop
    begin
      perform realtime.act_as(role_name, claims);
      execute format('execute realtime_visibility (%L, %L)', v_positions[i:i], v_keys[i:i])
      into v_found;
      perform set_config('role', 'none', true);
      visible := visible || v_found;
    exception when others then
      failed := failed || v_positions[i];
    end;
  end loop;
end;
$$;

-- Who may see which change, and what stands in the way when it is not the policies' no: one row a
-- subscription and change. One query for each role and claims asks the policies about the whole
-- batch; a policy that fails does so for its caller only. Has the session's search_path, not a
-- fixed one: policies may call functions that rely on it.
create or replace function realtime.audience(positions bigint[], chosen uuid[])
returns table (change bigint, subscription bigint, problem text)
language plpgsql
as $$
declare
  v_table record;
  v_group record;
  v_key text[];
  v_prepared_for name;
  v_visible bigint[];
  v_failed bigint[];
begin
  for v_table in
    select
      c.oid as entity, c.relrowsecurity as has_policies, array_agg(o.position) as positions
    from realtime.outbox o
    join pg_catalog.pg_class c on c.oid = o.entity
    where o.position = any (audience.positions)
    group by c.oid, c.relrowsecurity
  loop
    v_key := realtime.key_columns(v_table.entity);
    v_prepared_for := null;
    for v_group in
      with candidates as (
        select s.id, s.claims_role, s.claims, p.change, o.action, o.record
        from realtime.passing(v_table.entity, v_table.positions, audience.chosen) p
        join realtime.subscription s on s.id = p.subscription
        join realtime.outbox o on o.position = p.change
      )
      select
        r.rolname, c.claims,
        array_agg(c.id) as subscriptions, array_agg(c.change) as changes,
        -- Deleted rows are gone: no policy can be asked about them.
        array_agg(c.change) filter (where c.action = 'DELETE') as deleted,
        case
          when v_key = '{}' then 'Error 400: Bad Request, no primary key'
          when exists (
            select from unnest(v_key) k (name)
            where not has_column_privilege(r.oid, v_table.entity, k.name, 'select')
          ) then 'Error 401: Unauthorized'
        end as problem
      from candidates c
      join pg_catalog.pg_roles r on r.oid = c.claims_role
      group by r.oid, r.rolname, c.claims
      order by r.rolname
    loop
      v_failed := '{}';
      if v_group.problem is not null or not v_table.has_policies then
        v_visible := v_group.changes;
      else
        if v_prepared_for is distinct from v_group.rolname then
          if exists (
            select from pg_catalog.pg_prepared_statements where name = 'realtime_visibility'
          ) then
            deallocate realtime_visibility;
          end if;
          execute 'prepare realtime_visibility as '
            || realtime.visibility_query(v_table.entity, v_key);
          v_prepared_for := v_group.rolname;
        end if;
        select v.visible, v.failed into v_visible, v_failed
        from realtime.visible_to(v_group.rolname, v_group.claims, v_group.changes, v_key) v;
        v_visible := v_visible || v_group.deleted;
      end if;

      return query
        select
          g.change, g.subscription,
          case
            when g.change = any (v_failed) then
              'Error 500: Internal Server Error, RLS policy evaluation failed'
            when g.change = any (v_group.deleted) then null
            else v_group.problem
          end
        from unnest(v_group.subscriptions, v_group.changes) as g (subscription, change)
        where g.change = any (v_visible || v_failed);
    end loop;
  end loop;
end;
$$;

-- A change as Supabase tells of it to a role that selected these columns (null: all). `problem`
-- withholds the row, unless it is its size.
create or replace function realtime.change_document(
  change bigint, role_oid oid, selected_columns text[], problem text
) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  v_largest constant integer := 1024 * 1024;
  v_change record;
  v_key text[];
  v_columns jsonb;
  v_names text[];
  v_problem text := problem;
  v_result jsonb;
begin
  select o.*, n.nspname, c.relname, c.relrowsecurity
  into strict v_change
  from realtime.outbox o
  join pg_catalog.pg_class c on c.oid = o.entity
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where o.position = change;

  v_result := jsonb_build_object(
    'schema', v_change.nspname, 'table', v_change.relname, 'type', v_change.action
  );
  if v_problem is not null then
    return v_result || jsonb_build_object('errors', array[v_problem]);
  end if;

  v_key := realtime.key_columns(v_change.entity);
  select
    jsonb_agg(jsonb_build_object('name', a.attname, 'type', t.typname) order by a.attnum),
    array_agg(a.attname::text)
  into v_columns, v_names
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  where a.attrelid = v_change.entity and a.attnum > 0 and not a.attisdropped
    and has_column_privilege(role_oid, a.attrelid, a.attnum, 'select')
    and (
      selected_columns is null
      or a.attname = any (selected_columns)
      or a.attname = any (v_key)
    );

  if octet_length(coalesce(v_change.record, '{}')::text)
    + octet_length(coalesce(v_change.old_record, '{}')::text) > v_largest
  then
    v_problem := 'Error 413: Payload Too Large';
    v_change.record := realtime.short_values(v_change.record);
    v_change.old_record := realtime.short_values(v_change.old_record);
  end if;

  v_result := v_result || jsonb_build_object(
    'commit_timestamp',
    to_char(v_change.happened_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'columns', v_columns,
    'errors', case when v_problem is not null then array[v_problem] end
  );
  if v_change.record is not null then
    v_result := v_result
      || jsonb_build_object('record', realtime.columns_of(v_change.record, v_names));
  end if;
  if v_change.action = 'DELETE' and v_change.relrowsecurity then
    -- No policy could be asked about a row that is gone.
    v_names := v_key;
  end if;
  if v_change.old_record is not null then
    v_result := v_result
      || jsonb_build_object('old_record', realtime.columns_of(v_change.old_record, v_names));
  end if;
  return v_result;
end;
$$;

-- What has to be sent to whom (to the `chosen` subscriptions, when they are given) because of these
-- changes, in their order.
create or replace function realtime.deliveries(positions bigint[], chosen uuid[] default null)
returns table (payload text, subscription_ids uuid[])
language sql
as $$
  select
    realtime.change_document(a.change, s.claims_role, s.selected_columns, a.problem)::text,
    array_agg(s.subscription_id)
  from realtime.audience(positions, chosen) a
  join realtime.subscription s on s.id = a.subscription
  group by a.change, s.claims_role, s.selected_columns, a.problem
  order by a.change;
$$;

revoke execute on function
  realtime.capture_change(),
  realtime.follow_publication(),
  realtime.tg_follow_publication(),
  realtime.passing(oid, bigint[], uuid[]),
  realtime.act_as(name, jsonb),
  realtime.visible_to(name, jsonb, bigint[], text[]),
  realtime.audience(bigint[], uuid[]),
  realtime.change_document(bigint, oid, text[], text),
  realtime.deliveries(bigint[], uuid[])
from public, postgres, dashboard_user;

select realtime.follow_publication();
