/*
 * Foundations
 *
 * What every other file stands on: the schema private, which is never exposed;
 * privileges, of which nothing is granted unless a file says so; the way a rule
 * of the product refuses; the order of locks; and the ids of posts.
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

-- Who is asking.
create function private.viewer()
returns uuid
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  viewer_id uuid := auth.uid();
begin
  if viewer_id is null then
    raise sqlstate 'PT401' using message = 'Sign in first', detail = 'not_signed_in';
  end if;
  return viewer_id;
end;
$$;

comment on function private.viewer is 'The id of who is signed in, or the error PT401.';
revoke all on function private.viewer () from public, anon, authenticated, service_role;

create function private.check_page_size(page_size integer)
returns void
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if page_size is null or page_size not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'A page has 1 to 100 rows', detail = 'page_size_range';
  end if;
end;
$$;

comment on function private.check_page_size is 'The error PT400 unless a page can have so many rows.';
revoke all on function private.check_page_size (integer) from public, anon, authenticated, service_role;

-- Locks ----------------------------------------------------------------------

/*
 * Whoever needs several locks takes them in this order, so that nobody waits in
 * a circle:
 *
 *   1. turns: one person's writes wait for each other (here)
 *   2. the profile that changes or goes
 *   3. follows, follow_requests, blocks, posts, likes, by their keys
 *   4. the rows they refer to, which only foreign keys and require_post() lock,
 *      and where a post is being deleted nobody waits for it
 *   5. follow_counts, author_counts, post_counts, each by its key
 *
 * A row of follows, follow_requests or likes is deleted by the request of whom
 * it starts from; the other side has functions, which delete one.
 */

-- 1,024 turns for all people: a bound on the locks that a statement about many
-- takes, for which two people seldom share one.
create function private.take_turns(variadic people uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  turn integer;
begin
  for turn in
    select distinct (hashtextextended(person.id::text, 0) & 1023)::integer
    from unnest(people) as person (id)
    where person.id is not null
    order by 1
  loop
    perform pg_advisory_xact_lock(1, turn);
  end loop;
end;
$$;

comment on function private.take_turns is 'Waits until none of these people writes, and makes their next writes wait.';
revoke all on function private.take_turns (uuid[]) from public, anon, authenticated, service_role;

-- Definer, because nobody may take another's turn. Two requests of one person
-- that name the same rows in another order would wait in a circle, each for a
-- row that the other inserted.
create function private.take_turn()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.take_turns(auth.uid());
  return null;
end;
$$;

comment on function private.take_turn is 'Lets one person write by one request at a time.';
revoke all on function private.take_turn () from public, anon, authenticated, service_role;

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
