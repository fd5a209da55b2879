/*
 * posts
 *
 * What people write.
 */

-- Tables ---------------------------------------------------------------------

create type public.audience as enum ('everyone', 'followers', 'mentioned');
comment on type public.audience is 'Whom a post is for: everyone (of a private account: its followers), followers, or the people mentioned in it and, when it is a reply, the author it answers.';

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
  quote_of_id      bigint,
  repost_of_id     bigint           references public.posts (id) on delete cascade,
  -- As the id, the time of the insert itself and not of its transaction.
  created_at       timestamptz      not null default clock_timestamp(),
  edited_at        timestamptz,

  -- The timeline of all: newest first, with the author who decides who sees it.
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
    'repost_is_bare', 'A repost has nothing of its own: to add words, quote'
  ))
);

comment on table  public.posts is 'What people write: plain text, to be escaped by whoever shows it. A higher id was written later: order and page by it.';
comment on column public.posts.id is 'Made of the time of writing; a JSON number carries it exactly.';
comment on column public.posts.author_id is 'Who wrote it: yourself, when left out.';
comment on column public.posts.title is 'At most 200 characters, on one line; may be empty.';
comment on column public.posts.content is '1 to 10,000 characters of plain text; empty in a repost.';
comment on column public.posts.content_warning is 'What to show in its place until the reader asks for it: at most 200 characters, on one line; empty when there is none.';
comment on column public.posts.language is 'A BCP 47 tag, or null. It can be written in any case; it is kept as RFC 5646 spells it: en-US, zh-Hant-TW.';
comment on column public.posts.entities is 'The tags, mentions and links in title and content, as ranges beside the text; start and end count UTF-16 code units.';
comment on column public.posts.audience is 'Whom it is for. Never changes.';
comment on column public.posts.is_open is 'Whether everyone sees it, signed in or not: it is for everyone, by a public account. A repost is open when what it shows is open as well.';
comment on column public.posts.reply_to_id is 'The post it answers, which may be deleted by now, or not for you.';
comment on column public.posts.quote_of_id is 'The post it quotes, which may be deleted by now, or not for you.';
comment on column public.posts.repost_of_id is 'The post it shows again.';
comment on column public.posts.edited_at is 'When it was last edited, null when never. What it said before is in post_versions.';

-- The public feed.
create index posts_public_id_idx on public.posts (id desc) include (author_id)
  where is_open and reply_to_id is null and repost_of_id is null;
-- All that somebody sees who is not signed in, newest first.
create index posts_open_id_idx on public.posts (id desc) where is_open;
-- Each followee's part of a home feed. A profile's page, for followers.
create index posts_author_id_id_idx on public.posts (author_id, id desc) include (reply_to_id);
-- A profile's page, for everybody else: posts, and replies.
create index posts_author_id_id_open_idx on public.posts (author_id, id desc)
  where is_open and reply_to_id is null;
create index posts_author_id_id_open_reply_idx on public.posts (author_id, id desc)
  where is_open and reply_to_id is not null;
-- The posts of somebody that address the viewer. How many these are.
create index posts_author_id_id_mentioned_idx on public.posts (author_id, id desc) where audience = 'mentioned';
-- A post's replies and quotes, by time. Limited ones are in private.limited_posts.
create index posts_reply_to_id_id_open_idx on public.posts (reply_to_id, id) include (author_id)
  where is_open and reply_to_id is not null;
create index posts_quote_of_id_id_open_idx on public.posts (quote_of_id, id) include (author_id)
  where is_open and quote_of_id is not null;
-- How many of them are by hidden people. Whether there are any.
create index posts_reply_to_id_author_id_idx on public.posts (reply_to_id, author_id) where reply_to_id is not null;
create index posts_quote_of_id_author_id_idx on public.posts (quote_of_id, author_id) where quote_of_id is not null;
-- Once by each; who reposted a post before somebody else did.
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

-- Definer, because what a post refers to is checked and locked past the rules.
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
begin
  -- Each post of a person spends one of its kind: see 10-people/12-budgets.sql.
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

  -- A request that makes the account private or public waits for this post, or this post
  -- waits for it: opens() and posts_limit() ask whether the account is private.
  perform
  from public.profiles
  where profiles.id = new.author_id
  for share;

  if new.reply_to_id is not null then
    new.reply_to_id := (private.require_post(viewer_id, new.reply_to_id)).id;
  end if;
  if new.quote_of_id is not null then
    new.quote_of_id := private.require_open_post(viewer_id, new.quote_of_id);
  end if;
  if new.repost_of_id is not null then
    new.repost_of_id := private.require_open_post(viewer_id, new.repost_of_id);
    if exists (
      select from public.posts
      where posts.repost_of_id = new.repost_of_id and posts.author_id = new.author_id
    ) then
      raise sqlstate 'PT409' using message = 'You reposted this post', detail = 'already_reposted';
    end if;
  end if;
  new.is_open := private.opens(new);
  new.entities := private.text_entities(new.title, new.content);
  return new;
end;
$$;

comment on function private.posts_prepare is 'Checks what a new post refers to, and finds what is in its text.';
revoke all on function private.posts_prepare () from public, anon, authenticated, service_role;

create trigger posts_prepare
  before insert on public.posts
  for each row
  execute function private.posts_prepare();
