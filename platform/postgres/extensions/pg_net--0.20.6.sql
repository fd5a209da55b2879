-- Stand-in for pg_net 0.20 (github.com/supabase/pg_net): its tables, types,
-- signatures and defaults. Nothing here sends a request. A new one is announced
-- on the channel pg_net.

create schema net;

create domain net.http_method as text
  check (value ilike 'get' or value ilike 'post' or value ilike 'delete');

-- Unlogged as the original's: both are empty after a crash.
create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds integer not null
);
alter table net.http_request_queue alter column id drop not null;

create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);

create index _http_response_created_idx on net._http_response (created);

create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create type net.http_response as (status_code integer, headers jsonb, body text);
create type net.http_response_result as (status net.request_status, message text, response net.http_response);

-- Percent-encodes all but RFC 3986's unreserved characters.
create function net._urlencode_string(string varchar) returns text
language sql
immutable
set search_path = ''
return (
  select coalesce(
    string_agg(
      case
        when letter ~ '^[A-Za-z0-9._~-]?$' then letter
        else upper(regexp_replace(encode(convert_to(letter, 'UTF8'), 'hex'), '(..)', '%\1', 'g'))
      end,
      '' order by place
    ),
    ''
  )
  from regexp_split_to_table(string, '') with ordinality as letters (letter, place)
);

create function net._encode_url_with_params_array(url text, params_array text[]) returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  address text := split_part(url, '#', 1);
  query text := array_to_string(params_array, '&');
begin
  if url !~* '^https?://[^/?#[:space:]]+' then
    raise exception 'not an http or https URL: %', url using errcode = 'invalid_parameter_value';
  end if;
  if query <> '' then
    address := address || case when address !~ '\?' then '?' when address ~ '[?&]$' then '' else '&' end || query;
  end if;
  return address || substr(url, length(split_part(url, '#', 1)) + 1);
end
$$;

create function net._encode_params(params jsonb) returns text[]
language sql
immutable
set search_path = ''
return (
  select coalesce(array_agg(net._urlencode_string(key) || '=' || net._urlencode_string(value)), '{}')
  from jsonb_each_text(params)
);

create function net.wake() returns void
language plpgsql
set search_path = ''
as $$
begin
  notify pg_net;
end
$$;

create function net.check_worker_is_up() returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from pg_catalog.pg_stat_activity where application_name = 'pg_net') then
    raise exception 'the pg_net background worker is not up'
      using detail = 'No session with the application name pg_net is connected.';
  end if;
end
$$;

comment on function net.check_worker_is_up() is
  'Raises an exception if the worker of pg_net is not connected. Otherwise it returns nothing.';

-- The worker connects again and reads its settings anew. Requests under way go on.
create function net.worker_restart() returns boolean
language plpgsql
set search_path = ''
as $$
begin
  notify pg_net, 'restart';
  return true;
end
$$;

-- Waits as long as the statement timeout lets it.
create function net.wait_until_running() returns void
language plpgsql
set search_path = ''
as $$
begin
  while not exists (select from pg_catalog.pg_stat_activity where application_name = 'pg_net') loop
    perform pg_sleep(0.05);
    -- Otherwise the transaction would see the first list of sessions for ever.
    perform pg_stat_clear_snapshot();
  end loop;
end
$$;

comment on function net.wait_until_running() is 'Waits until the worker of pg_net is connected.';

-- Definer: the queue is for the worker, which nobody else may feed or read past
-- these functions.
create function net.http_get(
  url text,
  params jsonb default '{}',
  headers jsonb default '{}',
  timeout_milliseconds integer default 5000
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values (
    'GET',
    net._encode_url_with_params_array(url, net._encode_params(params)),
    headers,
    timeout_milliseconds
  )
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;

create function net.http_post(
  url text,
  body jsonb default '{}',
  params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  request_id bigint;
  content_type text := (
    select value from jsonb_each_text(coalesce(headers, '{}')) where lower(key) = 'content-type' limit 1
  );
begin
  if content_type <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'POST',
    net._encode_url_with_params_array(url, net._encode_params(params)),
    case when content_type is null then headers || '{"Content-Type": "application/json"}' else headers end,
    convert_to(body::text, 'UTF8'),
    timeout_milliseconds
  )
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;

create function net.http_delete(
  url text,
  params jsonb default '{}',
  headers jsonb default '{}',
  timeout_milliseconds integer default 5000,
  body jsonb default null
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'DELETE',
    net._encode_url_with_params_array(url, net._encode_params(params)),
    headers,
    convert_to(body::text, 'UTF8'),
    timeout_milliseconds
  )
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;

-- Waits as long as the statement timeout lets it.
create function net._await_response(request_id bigint) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  while not exists (select from net._http_response where id = request_id) loop
    perform pg_sleep(0.05);
  end loop;
  return true;
end
$$;

create function net._http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result
language plpgsql
set search_path = ''
as $$
declare
  found_response net._http_response;
begin
  if not async then
    perform net._await_response(request_id);
  end if;
  select * into found_response from net._http_response where id = request_id;
  if not found or found_response.error_msg is not null then
    return row(
      'ERROR', coalesce(found_response.error_msg, 'request matching request_id not found'), null
    )::net.http_response_result;
  end if;
  return row(
    'SUCCESS',
    'ok',
    row(found_response.status_code, found_response.headers, found_response.content)::net.http_response
  )::net.http_response_result;
end
$$;

create function net.http_collect_response(request_id bigint, async boolean default true)
returns net.http_response_result
language plpgsql
set search_path = ''
as $$
begin
  raise notice 'The net.http_collect_response function is deprecated.';
  return net._http_collect_response(request_id, async);
end
$$;

-- As since 0.20.6: everyone may ask for a request and read the answers, and
-- only postgres, which the worker runs as, may change them.
grant usage on schema net to public;
grant select on all tables in schema net to public;
grant usage on schema net to supabase_functions_admin, postgres, anon, authenticated, service_role;
grant select, insert, update, delete, truncate on all tables in schema net to postgres;
grant usage on all sequences in schema net to postgres;
