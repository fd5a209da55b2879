/*
 * posts
 *
 * A post is what somebody writes. It belongs to its author and is deleted with their
 * account (58-ended-accounts.sql). Its text is plain text, stored as it came, and never
 * HTML. The client that shows it escapes it.
 *
 * A reply, a quote and a repost are posts that refer to another post. A reply or a quote
 * of a repost refers to the post that the repost shows. When a post is deleted, its
 * replies and quotes stay, and its reposts are deleted too.
 *
 * The rule that decides who sees a post is in 36-visibility.sql, with most policies. Earlier
 * versions are in 22-versions.sql, the places of deleted posts in 24-places.sql, and the
 * counts in 50-author-counts.sql and 56-post-counts.sql.
 */

-- Tables ---------------------------------------------------------------------

create type public.audience as enum ('everyone', 'followers', 'mentioned');
comment on type public.audience is 'The people that a post is for. everyone: everybody, or the followers when the account is private. followers: the followers of the author. mentioned: the people that the post mentions and, when it is a reply, the author it answers.';

create table public.posts (
  id               bigint           default private.new_id(),
  author_id        uuid             not null default auth.uid() references public.profiles (id) on delete cascade,
  title            text             not null default '',
  content          text             not null default '',
  content_warning  text             not null default '',
  language         text,
  entities         jsonb            not null default '[]',
  audience         public.audience  not null default 'everyone',
  is_open          boolean          not null default false,
  reply_to_id      bigint,
  thread_id        bigint,
  quote_of_id      bigint,
  repost_of_id     bigint           references public.posts (id) on delete cascade,
  -- The time of the insert and not of its transaction, as in the id.
  created_at       timestamptz      not null default clock_timestamp(),
  edited_at        timestamptz,

  -- All posts, newest first. The author is included: a scan keeps the posts of its authors.
  constraint posts_pkey primary key (id) include (author_id),
  constraint posts_title_format check (private.rule(
    char_length(title) <= 200 and private.is_line(title),
    'title_format', 'A title is one line of at most 200 characters, with something to see'
  )),
  constraint posts_content_length check (private.rule(
    repost_of_id is not null or (char_length(content) <= 10000 and not private.is_blank(content)),
    'content_length', 'A post has 1 to 10,000 characters, not only blank ones'
  )),
  constraint posts_content_warning_format check (private.rule(
    char_length(content_warning) <= 200 and private.is_line(content_warning),
    'content_warning_format', 'A content warning is one line of at most 200 characters, with something to see'
  )),
  constraint posts_language_format check (private.rule(
    private.is_language(language),
    'language_format', 'A language is a BCP 47 tag of at most 64 characters, such as en, pt-BR or zh-Hant'
  )),
  constraint posts_repost_is_bare check (private.rule(
    repost_of_id is null or (
      title = '' and content = '' and content_warning = '' and language is null
      and audience = 'everyone' and reply_to_id is null and quote_of_id is null
    ),
    'repost_is_bare', 'A repost has no text of its own. To add words, quote the post'
  ))
);

comment on table  public.posts is 'What people write, as plain text. Clients escape it when they show it. A higher id was written later. Order and page by it.';
comment on column public.posts.id is 'Made of the time of writing. A JSON number carries it exactly.';
comment on column public.posts.author_id is 'The person who wrote it. When left out, it is you.';
comment on column public.posts.title is 'At most 200 characters, on one line. It may be empty.';
comment on column public.posts.content is '1 to 10,000 characters of plain text. Empty in a repost.';
comment on column public.posts.content_warning is 'A warning that clients show in place of the post until the reader asks for the post. At most 200 characters, on one line. Empty when there is no warning.';
comment on column public.posts.language is 'A BCP 47 tag, or null. You may write it in any case. It is kept as RFC 5646 spells it: en-US, zh-Hant-TW.';
comment on column public.posts.entities is 'The tags, mentions and links in title and content, as ranges beside the text. start and end count UTF-16 code units.';
comment on column public.posts.audience is 'The people that the post is for. It never changes.';
comment on column public.posts.is_open is 'Whether everyone sees it, signed in or not. Such a post is for everyone and by a public account. A repost is open only when the post that it shows is open too.';
comment on column public.posts.reply_to_id is 'The post it answers. That post may be deleted by now, or you may not see it.';
comment on column public.posts.thread_id is 'The post at the top of its thread. Null when it answers nothing. That post may be deleted by now, or you may not see it.';
comment on column public.posts.quote_of_id is 'The post it quotes. That post may be deleted by now, or you may not see it.';
comment on column public.posts.repost_of_id is 'The post it shows again.';
comment on column public.posts.edited_at is 'The time of the last edit, or null. What the post said before is in post_versions.';

-- The public feed.
create index posts_public_id_idx on public.posts (id desc) include (author_id)
  where is_open and reply_to_id is null and repost_of_id is null;
-- All posts that somebody sees who is not signed in, newest first.
create index posts_open_id_idx on public.posts (id desc) where is_open;
-- A home feed reads the posts of each followee. A profile's page, for followers.
create index posts_author_id_id_idx on public.posts (author_id, id desc) include (reply_to_id);
-- A profile's page, for everybody else: its posts, then its replies.
create index posts_author_id_id_open_idx on public.posts (author_id, id desc)
  where is_open and reply_to_id is null;
create index posts_author_id_id_open_reply_idx on public.posts (author_id, id desc)
  where is_open and reply_to_id is not null;
-- The open replies and quotes of a post, by time. Limited ones are in private.limited_posts.
create index posts_reply_to_id_id_open_idx on public.posts (reply_to_id, id) include (author_id)
  where is_open and reply_to_id is not null;
create index posts_quote_of_id_id_open_idx on public.posts (quote_of_id, id) include (author_id)
  where is_open and quote_of_id is not null;
-- How many replies and quotes are by hidden people. Whether a post has any.
create index posts_reply_to_id_author_id_idx on public.posts (reply_to_id, author_id) where reply_to_id is not null;
create index posts_quote_of_id_author_id_idx on public.posts (quote_of_id, author_id) where quote_of_id is not null;
-- Each person reposts a post once. Who reposted it before somebody else.
create unique index posts_repost_of_id_author_id_key on public.posts (repost_of_id, author_id) include (id)
  where repost_of_id is not null;

alter table public.posts enable row level security;

create policy "people post in their own name"
  on public.posts for insert
  to authenticated
  with check (author_id = (select auth.uid()));

revoke all on public.posts from public, anon, authenticated, service_role;
grant select on public.posts to anon, authenticated, service_role;
grant insert (
  author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
) on public.posts to authenticated, service_role;
grant update (title, content, content_warning, language) on public.posts to authenticated, service_role;
grant delete on public.posts to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create trigger spell_language
  before insert or update of language on public.posts
  for each row
  when (new.language is not null)
  execute function private.spell_language();

-- Definer, because it checks posts that the author may not see.
create function private.posts_prepare()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := coalesce(auth.uid(), new.author_id);
  rows_so_far integer;
  room integer;
  answered public.posts;
begin
  -- A person's post spends the budget of its kind (10-people/12-budgets.sql).
  if auth.uid() is not null then
    rows_so_far := set_config('plaza.insert_rows', (current_setting('plaza.insert_rows')::integer + 1)::text, true);
    if rows_so_far > 100 then
      raise sqlstate 'PT400' using message = 'A request writes at most 100 rows', detail = 'too_many_rows';
    end if;
    room := private.charge(viewer_id, case
      when new.repost_of_id is not null then 'repost'
      when new.quote_of_id is not null then 'quote'
      when new.reply_to_id is not null then 'reply'
      else 'post'
    end, 1);
  end if;

  -- opens() and posts_limit() ask whether the account is private. So nobody may make it
  -- private or public at this moment: not the author, whose turn it is, and not a trusted
  -- backend, which waits in the queue of posts. A post that a trusted backend writes has no
  -- turn, so it locks the profile.
  if auth.uid() is null then
    perform
    from public.profiles
    where profiles.id = new.author_id
    for share;
  else
    perform pg_advisory_xact_lock(private.queue_key('posts', viewer_id));
  end if;

  if new.reply_to_id is not null then
    answered := private.find_post(viewer_id, new.reply_to_id);
    new.reply_to_id := answered.id;
    new.thread_id := coalesce(answered.thread_id, answered.id);
  end if;
  if new.quote_of_id is not null then
    new.quote_of_id := private.find_open_post(viewer_id, new.quote_of_id);
  end if;
  if new.repost_of_id is not null then
    new.repost_of_id := private.find_open_post(viewer_id, new.repost_of_id);
    if exists (
      select from public.posts
      -- Not by new.author_id. A viewer may name somebody else there, and only the policy refuses that.
      where posts.repost_of_id = new.repost_of_id and posts.author_id = viewer_id
    ) then
      raise sqlstate 'PT409' using message = 'You have already reposted this post', detail = 'already_reposted';
    end if;
  end if;
  new.is_open := private.opens(new);
  new.entities := private.text_entities(new.title, new.content);
  return new;
end;
$$;

comment on function private.posts_prepare is 'Checks the posts that a new post refers to, decides whether it is open, and finds the entities in its text.';
revoke all on function private.posts_prepare () from public, anon, authenticated, service_role;

create trigger posts_prepare
  before insert on public.posts
  for each row
  execute function private.posts_prepare();

-- A repost is open only as long as the post that it shows. So that post is held until the
-- repost is written. A quote is a post of its own, and only keeps the other one from being
-- deleted at this moment. Definer, because the author may not see these posts.
-- 10-people/30-blocks.sql says why its trigger has a capital letter.
create function private.keep_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if new.reply_to_id is not null then
    perform private.keep_existing_post(new.reply_to_id);
  end if;
  if new.quote_of_id is not null then
    perform private.keep_existing_post(new.quote_of_id);
  end if;
  if new.repost_of_id is not null then
    perform private.keep_existing_post(new.repost_of_id);
    if not private.hold_post(new.repost_of_id) then
      perform private.keep_addressed(new.repost_of_id);
    end if;
    if private.opens(new) <> new.is_open then
      -- The account has become private meanwhile. That is refused as if it had been before.
      perform private.find_open_post(coalesce(auth.uid(), new.author_id), new.repost_of_id);
      perform private.refuse_busy_post();
    end if;
  end if;
  return null;
end;
$$;

comment on function private.keep_posts is 'Keeps the posts that a new post refers to until the transaction ends.';
revoke all on function private.keep_posts () from public, anon, authenticated, service_role;

create trigger "Keep_posts"
  after insert on public.posts
  for each row
  when (num_nonnulls(new.reply_to_id, new.quote_of_id, new.repost_of_id) > 0)
  execute function private.keep_posts();
