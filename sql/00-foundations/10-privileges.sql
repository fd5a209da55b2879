/*
 * privileges
 *
 * The schema private, which the API never exposes. And the privileges of a new object:
 * it has none. So nobody may use a table or a function until its own file grants that.
 */

-- Version --------------------------------------------------------------------

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;

-- Privileges -----------------------------------------------------------------

-- The API says this about itself, at its root and in supabase/openapi.json: a title, then a description.
comment on schema public is 'Plaza
The API of an open social network: people, posts, feeds and search. docs/reference/api.md explains it.';

-- public is the API. The API uses what is in private. Each private function is granted
-- by itself to the roles that need it, and no role can call one through HTTP.
create schema private;
revoke all on schema private from public;
grant usage on schema private to anon, authenticated, service_role;

-- In an old Supabase project a new object grants everything, in a new one nothing. Here
-- it is always nothing. Postgres also lets PUBLIC execute every new function. Only a
-- default for all schemas takes that away.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
