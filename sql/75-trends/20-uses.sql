/*
 * uses
 *
 * A use says that an open post of the last seven days, by somebody who is discoverable, says a
 * term. A term is a tag or a link. The empty term stands for the network: a post with a tag uses
 * the empty tag too, and a post with a link the empty link.
 */

-- Terms ----------------------------------------------------------------------

create type public.trend_kind as enum ('tag', 'link');
comment on type public.trend_kind is 'What a trend is about. tag: a tag, in lower case and without its sign. link: an address.';

create type private.trend_term as (
  kind  public.trend_kind,
  term  text
);

comment on type private.trend_term is 'A tag or a link. The empty term stands for the network.';

-- Capitals make no other host, and a fragment no other page.
create function private.trend_link(url text)
returns text
language sql
immutable
parallel safe
security invoker
return lower(substring(trend_link.url, '^[^/]*//[^/?#]*') collate pg_catalog.pg_c_utf8)
  || substring(trend_link.url, '^[^/]*//[^/?#]*([^#]*)');

comment on function private.trend_link is 'A link as trends count it: scheme and host in lower case, and without a fragment.';
revoke all on function private.trend_link (text) from public, anon, authenticated, service_role;

create function private.trend_terms(entities jsonb)
returns private.trend_term[]
language sql
immutable
parallel safe
security invoker
begin atomic
  with said as (
    select
      (entity.value ->> 'type')::public.trend_kind as kind,
      coalesce(entity.value ->> 'tag', private.trend_link(entity.value ->> 'url')) as term
    from jsonb_array_elements(trend_terms.entities) as entity
    where entity.value ->> 'type' in ('tag', 'link')
  ),
  kept as (
    select said.kind, said.term
    from said
    where char_length(said.term) <= 500
  )
  select coalesce(array_agg(row(term.kind, term.term)::private.trend_term), '{}')
  from (
    select kept.kind, kept.term from kept
    union
    select kept.kind, '' as term from kept
  ) as term;
end;

comment on function private.trend_terms is 'The terms among the entities of a text, with the empty term of each kind. A link of more than 500 characters is left out.';
revoke all on function private.trend_terms (jsonb) from public, anon, authenticated, service_role;

-- Voices ---------------------------------------------------------------------

-- Ten people who post one text are one voice. It is enough that the same text always gives the
-- same voice. So everything up to the next blank is taken for a part of a link or tag. A short
-- text does not show a campaign: many people write "Good morning".
create function private.trend_voice(title text, content text, author_id uuid)
returns uuid
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  fewest_letters constant integer := 24;
  words text := regexp_replace(trend_voice.title || ' ' || trend_voice.content, '(https?://|[#＃@＠])\S*', '', 'gi');
  capitals text := upper(normalize(words, nfkc) collate pg_catalog.pg_c_utf8);
  letters text := regexp_replace(lower(capitals), '[^[:alpha:]]+', '', 'g');
begin
  if char_length(letters) < fewest_letters then
    return trend_voice.author_id;
  end if;
  return md5(letters)::uuid;
end;
$$;

comment on function private.trend_voice is 'Who speaks in a post: a hash of the letters of its text, without tags, mentions and links. The author, if fewer than 24 letters are left.';
revoke all on function private.trend_voice (text, text, uuid) from public, anon, authenticated, service_role;

-- Table ----------------------------------------------------------------------

-- No foreign keys: the queue tells which posts are deleted.
create table private.trend_uses (
  kind        public.trend_kind  not null,
  term        text                not null,
  profile_id  uuid                not null,
  post_id     bigint              not null,
  voice    uuid                not null,
  language    text,

  -- The terms of a post. The oldest posts.
  primary key (post_id, kind, term)
);

comment on table  private.trend_uses is 'Which posts say which terms. Whether the author counts is not asked here.';
comment on column private.trend_uses.voice is 'Who speaks: see private.trend_voice().';
comment on column private.trend_uses.language is 'The language of the post, without script and region, or null.';
revoke all on private.trend_uses from public, anon, authenticated, service_role;

-- The latest use of a term by somebody.
create unique index trend_uses_latest_key on private.trend_uses (kind, term, profile_id, post_id);

-- Refresh --------------------------------------------------------------------

create type private.trend_key as (
  kind  public.trend_kind,
  term  text,
  id    uuid
);

comment on type private.trend_key is 'A term, and the person or the voice that says it.';

create function private.trend_language(language text)
returns text
language sql
immutable
parallel safe
security invoker
return split_part(trend_language.language, '-', 1);

comment on function private.trend_language is 'A language without script and region: pt for pt-BR.';
revoke all on function private.trend_language (text) from public, anon, authenticated, service_role;

-- Nested loops and indexes, here and in the next files: the work follows the changes, and not the
-- size of the tables. The planner cannot know how few the changes are.
create function private.refresh_trend_uses(at timestamptz, post_ids bigint[], most integer)
returns private.trend_key[]
language plpgsql
volatile
security invoker
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  oldest_id bigint := private.first_id(refresh_trend_uses.at - interval '168 hours');
  keys private.trend_key[];
begin
  with looked as materialized (
    select
      wanted.id as post_id, post.author_id, post.voice, post.language,
      coalesce(post.terms, '{}') as terms
    from unnest(refresh_trend_uses.post_ids) as wanted (id)
    left join lateral (
      select
        posts.author_id,
        private.trend_voice(posts.title, posts.content, posts.author_id) as voice,
        private.trend_language(posts.language) as language,
        private.trend_terms(posts.entities) as terms
      from public.posts
      join public.profiles on profiles.id = posts.author_id
      where posts.id = wanted.id
        and posts.id >= oldest_id
        and posts.is_open
        and posts.repost_of_id is null
        and posts.entities <> '[]'
        and profiles.is_discoverable
    ) as post on true
  ),
  old as materialized (
    select trend_uses.kind, trend_uses.term, trend_uses.profile_id
    from looked
    join private.trend_uses on trend_uses.post_id = looked.post_id
  ),
  removed as (
    delete from private.trend_uses
    using looked
    where trend_uses.post_id = looked.post_id
      and row(trend_uses.kind, trend_uses.term)::private.trend_term <> all (looked.terms)
  ),
  written as (
    insert into private.trend_uses as uses (kind, term, profile_id, post_id, voice, language)
    select said.kind, said.term, looked.author_id, looked.post_id, looked.voice, looked.language
    from looked
    cross join unnest(looked.terms) as said
    on conflict (post_id, kind, term) do update
    set voice = excluded.voice, language = excluded.language
    where (uses.voice, uses.language) is distinct from (excluded.voice, excluded.language)
    returning uses.kind, uses.term, uses.profile_id
  ),
  expired as (
    delete from private.trend_uses
    where (trend_uses.post_id, trend_uses.kind, trend_uses.term) in (
      select oldest.post_id, oldest.kind, oldest.term
      from private.trend_uses as oldest
      where oldest.post_id < oldest_id
      order by oldest.post_id, oldest.kind, oldest.term
      limit most
    )
    returning trend_uses.kind, trend_uses.term, trend_uses.profile_id
  )
  select array_agg(row(changed.kind, changed.term, changed.profile_id)::private.trend_key)
  into keys
  from (table old union table written union table expired) as changed;
  return keys;
end;
$$;

comment on function private.refresh_trend_uses is 'Writes the uses of these posts, and deletes up to most uses that are older than seven days. Answers the people to look at.';
revoke all on function private.refresh_trend_uses (timestamptz, bigint[], integer) from public, anon, authenticated, service_role;
