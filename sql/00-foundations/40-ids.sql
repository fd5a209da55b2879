/*
 * ids
 *
 * The ids of posts, and of all other rows that are listed by time: follows, likes,
 * blocks and more. An id is made of the time. So "newest first" is the order of ids.
 */

-- Ids ------------------------------------------------------------------------

/*
 * A post's id starts with the time it was written. So "newest first" and "older than
 * this one" need no other column, and the index of ids is the timeline:
 *
 *     milliseconds since 2026-01-01 UTC (41 bits)  |  counter (12 bits)
 *
 * That is 53 bits. A JSON number carries it exactly until September 2095.
 *
 * The counter is a sequence modulo 4096. new_id() takes its number and the time in the same
 * millisecond. So two ids can be equal in two cases only: 4096 ids are taken within one
 * millisecond, or somebody sets the clock back and the same counter comes again. Then the
 * primary key refuses the post. Nothing is lost or replaced.
 *
 * The counter is shifted by a secret amount, which differs for each millisecond. Without
 * it, two ids would reveal how many posts were written between them, and among those are
 * posts that the reader may not know about.
 *
 * See docs/decisions/0001-post-ids.md.
 */

create sequence private.id_counter maxvalue 4095 minvalue 0 start 0 cycle cache 1;
revoke all on sequence private.id_counter from public, anon, authenticated, service_role;

create table private.id_secret (
  only_row  boolean primary key default true check (only_row),
  secret    uuid not null default gen_random_uuid()
);

comment on table private.id_secret is 'One row, different in each database. The shift of the counter in ids is computed from it.';
revoke all on private.id_secret from public, anon, authenticated, service_role;

insert into private.id_secret default values;

-- "at time zone" makes it immutable for Postgres too. Otherwise Postgres would prepare it again for
-- every call.
create function private.first_id(at timestamptz)
returns bigint
language sql
immutable
parallel safe
security invoker
return floor((extract(epoch from first_id.at at time zone 'UTC') - 1767225600) * 1000)::bigint << 12;

comment on function private.first_id is 'The lowest id of the millisecond of this time. A row that was written earlier has a lower id.';
revoke all on function private.first_id (timestamptz) from public, anon, authenticated, service_role;

-- Postgres may hold a connection up between the clock and the counter. Meanwhile others may take
-- 4,096 numbers. So it reads the clock again, and tries again in the next millisecond. No machine
-- needs 1,000 tries. Definer, because no role of the API may read the secret or move the counter
-- itself.
create function private.new_id(at timestamptz default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  most_tries constant integer := 1000;
  lowest bigint;
  counter bigint;
  hash bytea;
begin
  for try in 1..most_tries loop
    lowest := private.first_id(coalesce(new_id.at, clock_timestamp()));
    counter := nextval('private.id_counter');
    exit when lowest = private.first_id(coalesce(new_id.at, clock_timestamp()));
  end loop;
  hash := sha256(uuid_send((select id_secret.secret from private.id_secret)) || int8send(lowest));
  return lowest | ((counter + get_byte(hash, 0) * 256 + get_byte(hash, 1)) & 4095);
end;
$$;

comment on function private.new_id is 'A new id for a row that is written at that time, or now. It is greater than the ids of all earlier milliseconds.';
revoke all on function private.new_id (timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.new_id (timestamptz) to authenticated, service_role;

create function private.id_time(id bigint)
returns timestamptz
language sql
immutable
parallel safe
security invoker
return to_timestamp(1767225600 + (id_time.id >> 12) / 1000.0);

comment on function private.id_time is 'When the row with this id was written. It is exact to the millisecond.';
revoke all on function private.id_time (bigint) from public, anon, authenticated, service_role;
