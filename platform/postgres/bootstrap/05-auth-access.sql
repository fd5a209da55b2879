-- Who reaches the Auth server's tables, and the functions that policies ask.

-- Row level security without a policy: whoever is granted something here by
-- mistake still sees nothing. The owner and postgres (bypassrls) are not bound.
do $rls$
declare
  each regclass;
begin
  for each in select oid from pg_catalog.pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'
  loop
    execute format('alter table %s enable row level security', each);
  end loop;
end
$rls$;

-- The default privileges gave postgres everything; reading it may pass on.
grant select on all tables in schema auth to postgres with grant option;
revoke all on auth.schema_migrations from dashboard_user;
revoke insert, update, delete, truncate, references, trigger on auth.schema_migrations from postgres;

set local role supabase_auth_admin;

-- The claims of the request's JWT; null outside a request. (`request.jwt.claim`
-- is how PostgREST before version 9 passed them.)
create function auth.jwt() returns jsonb
language sql stable
return coalesce(
  nullif(current_setting('request.jwt.claim', true), ''),
  nullif(current_setting('request.jwt.claims', true), '')
)::jsonb;

create function auth.uid() returns uuid
language sql stable
return coalesce(
  nullif(current_setting('request.jwt.claim.sub', true), ''),
  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
)::uuid;

create function auth.role() returns text
language sql stable
return coalesce(
  nullif(current_setting('request.jwt.claim.role', true), ''),
  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
);

create function auth.email() returns text
language sql stable
return coalesce(
  nullif(current_setting('request.jwt.claim.email', true), ''),
  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
);

comment on function auth.uid() is 'The signed-in user: the claim sub of auth.jwt().';
comment on function auth.role() is 'The claim role of auth.jwt().';
comment on function auth.email() is 'The claim email of auth.jwt().';

reset role;
