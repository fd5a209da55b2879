/*
 * trends: more history
 *
 * :posts more posts of the town of trend-town.sql, older than 36 days before :end. Without the checks and indexes of
 * posts, which are made again afterwards.
 */

set session_replication_role = replica;

create temporary table said as
select array_agg('#topic' || tag order by tag) as contents, array_agg(private.text_entities('', '#topic' || tag) order by tag) as entities
from generate_series(1, 3000) as tag;

create temporary table author as
select array_agg(md5('person ' || n)::uuid order by n) as ids
from generate_series(1, 5000) as n;

-- The counters of these ids are none that the other posts have.
insert into public.posts (id, author_id, content, is_open, entities)
select
  (first_ms + n * (last_ms - first_ms) / :posts << 12) | (2048 + (n & 2047)),
  author.ids[1 + n * 7919 % 5000],
  said.contents[1 + n * 104729 % 3000],
  true,
  said.entities[1 + n * 104729 % 3000]
from generate_series(1, :posts::bigint) as n
cross join said
cross join author
cross join (
  select
    private.first_id(:end::timestamptz - interval '330 days') >> 12 as first_ms,
    private.first_id(:end::timestamptz - interval '36 days') >> 12 as last_ms
) as span;

set session_replication_role = origin;
