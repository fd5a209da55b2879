/*
 * trends: more history
 *
 * :posts more posts of the town of trend-town.sql, older than 36 days before :end. Without the checks and indexes of
 * posts, which are made again afterwards. :place is 1 for the first such history of a town, and 2 for the second.
 */

set session_replication_role = replica;

create temporary table said as
select tag, '#topic' || tag as content, private.text_entities('', '#topic' || tag) as entities
from generate_series(0, 2999) as tag;

create temporary table author as
select n, md5('person ' || n + 1)::uuid as id
from generate_series(0, 4999) as n;

-- Their ids have other counters than the ids of trend-town.sql, and each history has its own.
insert into public.posts (id, author_id, content, is_open, entities)
select
  (first_ms + post.n * (last_ms - first_ms) / :posts << 12) | (2048 + 512 * :place + (post.n & 511)),
  author.id, said.content, true, said.entities
from generate_series(1, :posts::bigint) as post (n)
join author on author.n = post.n * 7919 % 5000
join said on said.tag = post.n * 104729 % 3000
cross join (
  select
    private.first_id(:end::timestamptz - interval '330 days') >> 12 as first_ms,
    private.first_id(:end::timestamptz - interval '36 days') >> 12 as last_ms
) as span;

set session_replication_role = origin;
