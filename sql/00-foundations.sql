/*
 * Foundations
 *
 * What every other file stands on: the schema private, which is never exposed;
 * privileges, of which nothing is granted unless a file says so; the way a rule
 * of the product refuses; and the ids of posts.
 */

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

-- Rules ----------------------------------------------------------------------

-- For check constraints: a broken rule is told in words, with a code, instead of
-- as the name of a constraint. As with any check, null passes.
create function private.rule(holds boolean, code text, message text)
returns boolean
language plpgsql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
begin
  if not holds then
    raise sqlstate 'PT400' using message = rule.message, detail = rule.code;
  end if;
  return true;
end;
$$;

comment on function private.rule is 'True, or the error PT400 with the message and, as detail, the code.';
revoke all on function private.rule (boolean, text, text) from public, anon, authenticated, service_role;
grant execute on function private.rule (boolean, text, text) to authenticated, service_role;

-- White space, quotes, angle brackets and backslashes have no place in a URL, and
-- a user@host is there to deceive.
create function private.is_https_url(url text, max_length integer)
returns boolean
language sql
immutable
parallel safe
security invoker
return char_length(url) <= max_length and url ~ '^https://[^[:space:][:cntrl:]/?#@"<>\\]+([/?#][^[:space:][:cntrl:]"<>\\]*)?$';

comment on function private.is_https_url is 'Whether it is an https URL that can stand in a page as it is.';
revoke all on function private.is_https_url (text, integer) from public, anon, authenticated, service_role;
grant execute on function private.is_https_url (text, integer) to authenticated, service_role;

-- Ids ------------------------------------------------------------------------

/*
 * A post's id is the time it was written, so that "newest first" and "older than
 * this one" need no other column, and the index of ids is the timeline:
 *
 *     milliseconds since 2026-01-01 UTC (41 bits)  |  counter (12 bits)
 *
 * 53 bits in all: JSON numbers carry it exactly until September 2095. The counter
 * is a sequence modulo 4096, so two ids are the same only if 4096 ids are taken
 * within one millisecond, or if the clock is set back and meets the same counter
 * again; the primary key then refuses the post, and nothing is lost or replaced.
 * The counter is shifted by a secret amount, another one each millisecond:
 * otherwise two ids would tell how many posts were written between them, those
 * that their reader may not know of included.
 * See docs/decisions/0001-post-ids.md.
 */

create sequence private.id_counter maxvalue 4095 minvalue 0 start 0 cycle cache 1;
revoke all on sequence private.id_counter from public, anon, authenticated, service_role;

create table private.id_secret (
  only_row  boolean primary key default true check (only_row),
  secret    uuid not null default gen_random_uuid()
);

comment on table private.id_secret is 'One row, different in each database: what the counter in ids is shifted by.';
revoke all on private.id_secret from public, anon, authenticated, service_role;

insert into private.id_secret default values;

-- Definer, because nobody may read the secret or move the counter but through it.
create function private.new_id(at timestamptz default clock_timestamp())
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  ms bigint := floor((extract(epoch from new_id.at) - 1767225600) * 1000);
  hash bytea := sha256(uuid_send((select id_secret.secret from private.id_secret)) || int8send(ms));
  shift integer := get_byte(hash, 0) * 256 + get_byte(hash, 1);
begin
  return (ms << 12) | ((nextval('private.id_counter') + shift) & 4095);
end;
$$;

comment on function private.new_id is 'A new id for what is written at that time, greater than those of earlier milliseconds.';
revoke all on function private.new_id (timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.new_id (timestamptz) to authenticated, service_role;
