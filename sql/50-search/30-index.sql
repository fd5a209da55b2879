/*
 * index of posts
 *
 * Search looks up posts here. Each post has one tsvector. Reposts have none. The tsvector
 * holds the words and other lexemes, so that one index answers a whole search. No word can
 * look like one of the other lexemes:
 *
 *     en:run  :東        a word, with the grammar of the post's language, or without one
 *     +1f3a0             two words side by side
 *     #garden            a tag
 *     from:6f1c…         the author
 *     to:6f1c…           a person that the post addresses, if its audience is mentioned
 *     to:mentioned       every post with that audience
 *     t1:7c0 … t6:0      the time of writing, in six steps: t1 is 4 seconds, every other
 *                        is 16 times as long as the one before, and t6 is 50 days
 *
 * Triggers on posts and profiles write the index. 45-lookups.sql reads it.
 */

-- Tables ---------------------------------------------------------------------

create table private.post_search (
  post_id      bigint    not null references public.posts (id) on delete cascade,
  author_id    uuid      not null,
  is_findable  boolean   not null,
  vector       tsvector  not null,

  primary key (post_id)
);

comment on table  private.post_search is 'Each post as search knows it. Reposts are not here.';
comment on column private.post_search.is_findable is 'Whether everyone may find the post: it is open, and its author is searchable.';
revoke all on private.post_search from public, anon, authenticated, service_role;

-- No pending list, because every search would read all of it.
create index post_search_findable_idx on private.post_search using gin (vector) with (fastupdate = off)
  where is_findable;
create index post_search_limited_idx on private.post_search using gin (vector) with (fastupdate = off)
  where not is_findable;
-- The newest findable posts, which hold the common words. The index is on an expression.
-- So Postgres cannot use another index here, which would read the other posts too.
create index post_search_newest_idx on private.post_search ((- post_id))
  where is_findable;
-- The posts of an author that not everyone may find.
create index post_search_author_id_post_id_idx on private.post_search (author_id, post_id)
  where not is_findable;

-- Search looks up a word in the grammar of every language that posts have.
create table private.search_grammars (
  grammar  text  primary key
);

comment on table private.search_grammars is 'The grammars of the languages that posts have.';
revoke all on private.search_grammars from public, anon, authenticated, service_role;

-- Vectors --------------------------------------------------------------------

create function private.time_lexeme(step integer, id bigint)
returns text
language sql
immutable
parallel safe
security invoker
return 't' || time_lexeme.step::text || ':' || (time_lexeme.id >> (20 + 4 * time_lexeme.step))::text;

comment on function private.time_lexeme is 'The lexeme for the stretch of time of an id. Steps are 1 (4 seconds) to 6 (50 days).';
revoke all on function private.time_lexeme (integer, bigint) from public, anon, authenticated, service_role;

-- The content starts at place 4,001, so no phrase reaches from the title into the content.
create function private.post_vector(post public.posts)
returns tsvector
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  grammar text := private.grammar_of(post.language);
  words text := '';
begin
  with word as materialized (
    select found.word, found.place
    from unnest(private.search_words(post.title)) with ordinality as found (word, place)
    union all
    select found.word, found.place + 4000
    from unnest(private.search_words(post.content)) with ordinality as found (word, place)
  ),
  stems as materialized (
    select word.word, private.word_stems(word.word, grammar) as stems, array_agg(word.place) as places
    from word
    group by word.word
  )
  select string_agg(lexeme, ' ') into words
  from (
    select '''' || private.stem_lexeme(stem, grammar) || ''':' || array_to_string(stems.places, ',') as lexeme
    from stems
    cross join unnest(stems.stems) as stem
    union all
    select distinct pair
    from word
    join word as following on following.place = word.place + 1
    join stems on stems.word = word.word
    join stems as next_stems on next_stems.word = following.word
    cross join lateral unnest(private.pair_lexemes(stems.stems, next_stems.stems)) as pair
    union all
    select '''#' || (entity ->> 'tag') || ''''
    from jsonb_array_elements(post.entities) as entity
    where entity ->> 'type' = 'tag'
    union all
    select '''to:' || post_mentions.profile_id || ''''
    from public.post_mentions
    where post.audience = 'mentioned' and post_mentions.post_id = post.id
    union all
    select '''to:mentioned'''
    where post.audience = 'mentioned'
    union all
    select '''' || private.time_lexeme(step, post.id) || ''''
    from generate_series(1, 6) as step
  ) as held;

  return (words || ' ''from:' || post.author_id || '''')::tsvector;
end;
$$;

comment on function private.post_vector is 'The tsvector of a post in the index.';
revoke all on function private.post_vector (public.posts) from public, anon, authenticated, service_role;

-- An edit does not write is_findable, because another request may be changing it. One plan for all
-- numbers of posts: otherwise Postgres plans again for every array, which costs a third of a new post.
create function private.index_posts(post_ids bigint[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  insert into private.post_search (post_id, author_id, is_findable, vector)
  select posts.id, posts.author_id, posts.is_open and profiles.is_searchable, private.post_vector(posts)
  from unnest(index_posts.post_ids) as wanted (id)
  join public.posts on posts.id = wanted.id
  join public.profiles on profiles.id = posts.author_id
  where posts.repost_of_id is null
  order by posts.id
  on conflict (post_id) do update
  set vector = excluded.vector;

  insert into private.search_grammars (grammar)
  select distinct private.grammar_of(posts.language)
  from unnest(index_posts.post_ids) as wanted (id)
  join public.posts on posts.id = wanted.id
  where not exists (
    select from private.search_grammars
    where search_grammars.grammar = private.grammar_of(posts.language)
  )
  order by 1
  on conflict do nothing;
end;
$$;

comment on function private.index_posts is 'Writes these posts to the index as they are now.';
revoke all on function private.index_posts (bigint[]) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, here and below, because nobody may write the index. posts_annotate finds the
-- mentions. It runs before this trigger, because its name comes first in the alphabet.
create function private.posts_search()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.index_posts(array(select added.id from added where added.repost_of_id is null));
  return null;
end;
$$;

comment on function private.posts_search is 'Writes new posts to the index.';
revoke all on function private.posts_search () from public, anon, authenticated, service_role;

create trigger posts_search
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_search();

create function private.posts_search_again()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.index_posts(array[new.id]);
  return null;
end;
$$;

comment on function private.posts_search_again is 'Writes edited posts to the index.';
revoke all on function private.posts_search_again () from public, anon, authenticated, service_role;

create trigger posts_search_again
  after update of title, content, language on public.posts
  for each row
  when (
    (old.title, old.content, old.language) is distinct from (new.title, new.content, new.language)
  )
  execute function private.posts_search_again();

/*
 * An account becomes private or public, or switches is_searchable. Changing one post in
 * the index takes about a millisecond. So only the newest posts of the account change at
 * once. finish_search_switches() runs every ten seconds and changes the others.
 *
 * Until then search reads some posts that are no longer findable. It does not show them,
 * because 50-posts.sql asks the rule again. Search does not find a post that becomes
 * findable before it is changed here.
 */
create table private.search_switches (
  author_id    uuid         primary key references public.profiles (id) on delete cascade,
  switched_at  timestamptz  not null default now()
);

comment on table private.search_switches is 'Accounts that switched, and have posts that the index still has to change.';
revoke all on private.search_switches from public, anon, authenticated, service_role;

-- It never waits for a post, because the edit of several posts may wait for another one of
-- them. The next run corrects the posts that it skips.
create function private.switch_findable(author_id uuid, most integer)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  ids bigint[] := array(
    select posts.id
    from public.posts
    join private.post_search on post_search.post_id = posts.id
    join public.profiles on profiles.id = posts.author_id
    where posts.author_id = switch_findable.author_id
      and post_search.is_findable <> (posts.is_open and profiles.is_searchable)
    order by posts.id desc
    limit most
  );
  free_ids bigint[] := array(
    select post_search.post_id
    from private.post_search
    where post_search.post_id = any (ids)
    for no key update skip locked
  );
begin
  update private.post_search
  set is_findable = not post_search.is_findable
  where post_search.post_id = any (free_ids);
  return cardinality(free_ids) < most and cardinality(free_ids) = cardinality(ids);
end;
$$;

comment on function private.switch_findable is 'Corrects is_findable of the newest posts of an author. Answers whether it corrected all.';
revoke all on function private.switch_findable (uuid, integer) from public, anon, authenticated, service_role;

-- Locks the profile, so that it does not switch back meanwhile. If another request has
-- locked a profile, the next run handles it. An account that fails goes to the end, and the others go on.
create function private.finish_search_switches(most integer default 2000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  waiting integer := (select count(*) from (select from private.search_switches limit 20) as first);
  switched_id uuid;
  finished integer := 0;
begin
  for switched_id in
    select search_switches.author_id
    from private.search_switches
    join public.profiles on profiles.id = search_switches.author_id
    order by search_switches.switched_at
    limit 20
    for share of profiles skip locked
  loop
    begin
      if private.switch_findable(switched_id, most / greatest(waiting, 1)) then
        delete from private.search_switches
        where search_switches.author_id = switched_id;
        finished := finished + 1;
      end if;
    exception when others then
      raise warning 'The search switch of % failed: % (%)', switched_id, sqlerrm, sqlstate;
      update private.search_switches
      set switched_at = clock_timestamp()
      where search_switches.author_id = switched_id;
    end;
  end loop;
  return finished;
end;
$$;

comment on function private.finish_search_switches is 'Changes at most this number of posts in the index, shared equally by up to 20 accounts that switched. Answers how many accounts are done.';
revoke all on function private.finish_search_switches (integer) from public, anon, authenticated, service_role;

-- A person who writes a post takes their turn too. So nobody writes a findable post while
-- they switch is_searchable off.
create trigger take_turn_before_search
  before update of is_searchable on public.profiles
  for each statement
  execute function private.take_turn();

create function private.profiles_search_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not private.switch_findable(new.id, 500) then
    insert into private.search_switches (author_id)
    values (new.id)
    on conflict do nothing;
  end if;
  return null;
end;
$$;

comment on function private.profiles_search_posts is 'Corrects is_findable of an author''s posts: the newest 500 at once, the others soon.';
revoke all on function private.profiles_search_posts () from public, anon, authenticated, service_role;

-- profiles_open_posts changes is_open of the posts. It runs before this trigger, because
-- its name comes first in the alphabet.
create trigger profiles_search_posts
  after update of is_searchable, is_private on public.profiles
  for each row
  when (old.is_searchable <> new.is_searchable or old.is_private <> new.is_private)
  execute function private.profiles_search_posts();

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('finish-search-switches', '10 seconds', 'select private.finish_search_switches()');
  end if;
end;
$$;
