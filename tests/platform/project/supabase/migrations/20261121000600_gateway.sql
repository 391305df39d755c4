-- What the gateway hands on with every request, as SQL sees it.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create function public.request_origin()
  returns jsonb
  language sql
  stable
  set search_path = ''
as $$
  select jsonb_build_object(
    'id', current_setting('request.headers', true)::jsonb ->> 'x-request-id',
    'address', current_setting('request.headers', true)::jsonb ->> 'x-forwarded-for');
$$;

comment on function public.request_origin() is 'The id and the address of the request that asks.';

grant execute on function public.request_origin() to anon, authenticated, service_role;
