/*
 * privileges
 *
 * The schema private, which is never exposed, and the privileges of a new object: none.
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

-- public is the API, private what the API stands on. Roles of the API may call
-- the private functions granted to them one by one, never through HTTP.
create schema private;
revoke all on schema private from public;
grant usage on schema private to anon, authenticated, service_role;

-- Projects differ in what a new object grants by itself (new ones nothing, old
-- ones everything): here it is nothing. Execute reaches everybody through
-- PUBLIC, and only a default for all schemas takes that away.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
