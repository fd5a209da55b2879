/*
 * posts
 *
 * What people write. A post belongs to its author and goes with their account.
 * Its text is plain text, stored as it came and never HTML: whoever shows it
 * escapes it. What it said before an edit stays readable to whoever can read it.
 *
 * A reply, a quote and a repost are posts that refer to another one. What is done
 * to a repost is done to the post that it shows. A reply and a quote outlive what
 * they refer to; a repost does not.
 */

-- Tables ---------------------------------------------------------------------

create type public.audience as enum ('everyone', 'followers', 'mentioned');
comment on type public.audience is 'Whom a post is for: everyone (of a private account: its followers), followers, or the people mentioned in it.';

create table public.posts (
  id               bigint           default private.new_id(),
  author_id        uuid             not null default auth.uid() references public.profiles (id) on delete cascade,
  title            text             not null default '',
  content          text             not null default '',
  content_warning  text             not null default '',
  language         text,
  entities         jsonb            not null default '[]',
  audience         public.audience  not null default 'everyone',
  reply_to_id      bigint,
  quote_of_id      bigint,
  repost_of_id     bigint           references public.posts (id) on delete cascade,
  -- As the id, the time of the insert itself and not of its transaction.
  created_at       timestamptz      not null default clock_timestamp(),
  edited_at        timestamptz,

  -- The timeline of all: newest first, with the author who decides who sees it.
  constraint posts_pkey primary key (id) include (author_id),
  constraint posts_title_format check (private.rule(
    char_length(title) <= 200 and title !~ '[[:cntrl:]]',
    'title_format', 'A title has at most 200 characters, on one line'
  )),
  constraint posts_content_length check (private.rule(
    repost_of_id is not null or (char_length(content) between 1 and 10000 and content ~ '[^[:space:]]'),
    'content_length', 'A post has 1 to 10,000 characters, not only spaces'
  )),
  constraint posts_content_warning_format check (private.rule(
    char_length(content_warning) <= 200 and content_warning !~ '[[:cntrl:]]',
    'content_warning_format', 'A content warning has at most 200 characters, on one line'
  )),
  constraint posts_language_format check (private.rule(
    language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$',
    'language_format', 'A language is a tag such as en, pt-BR or zh-Hant'
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
comment on column public.posts.language is 'A BCP 47 tag, or null.';
comment on column public.posts.entities is 'The tags, mentions and links in title and content, as ranges beside the text; start and end count UTF-16 code units.';
comment on column public.posts.audience is 'Whom it is for. Never changes.';
comment on column public.posts.reply_to_id is 'The post it answers, which may be deleted by now, or not for you.';
comment on column public.posts.quote_of_id is 'The post it quotes, which may be deleted by now, or not for you.';
comment on column public.posts.repost_of_id is 'The post it shows again.';
comment on column public.posts.edited_at is 'When it was last edited, null when never. What it said before is in post_versions.';

-- A profile's posts, newest first, and each followee's part of a home feed.
create index posts_author_id_id_idx on public.posts (author_id, id desc) include (reply_to_id);
-- A post's replies, oldest first; how many of them are by whom.
create index posts_reply_to_id_id_idx on public.posts (reply_to_id, id) include (author_id)
  where reply_to_id is not null;
create index posts_quote_of_id_id_idx on public.posts (quote_of_id, id) include (author_id)
  where quote_of_id is not null;
-- Once by each; who reposted a post before somebody else did.
create unique index posts_repost_of_id_author_id_key on public.posts (repost_of_id, author_id) include (id)
  where repost_of_id is not null;

create table public.post_versions (
  post_id          bigint       not null references public.posts (id) on delete cascade,
  version          integer      not null,
  title            text         not null,
  content          text         not null,
  content_warning  text         not null default '',
  created_at       timestamptz  not null,
  replaced_at      timestamptz  not null,

  -- A post's history, in order.
  primary key (post_id, version)
);

comment on table  public.post_versions is 'What posts said before they were edited. Whoever can read the post can read them.';
comment on column public.post_versions.version is '1 is what was first written; the post itself is the one after the highest.';
comment on column public.post_versions.content_warning is 'The content warning it had.';
comment on column public.post_versions.created_at is 'From when the post said this.';
comment on column public.post_versions.replaced_at is 'Until when the post said this.';

-- What is left of a deleted post as long as it has replies, so that a thread does
-- not fall apart: its place, and nothing of what it said or who wrote it.
create table private.deleted_posts (
  id           bigint primary key,
  reply_to_id  bigint
);

comment on table private.deleted_posts is 'The places of deleted posts that have replies.';
revoke all on private.deleted_posts from public, anon, authenticated, service_role;

-- The replies to a place.
create index deleted_posts_reply_to_id_idx on private.deleted_posts (reply_to_id) where reply_to_id is not null;

-- Rules ----------------------------------------------------------------------

/*
 * Who sees a post: its author; and, where no block hides the author from the
 * viewer, those whom it is for. Of a private account that is never more than its
 * followers and whom a post addresses by name. A repost is seen by whoever may
 * look into who reposted and sees the post that it shows.
 *
 * Definer, because neither blocks nor follows are everybody's to read, and
 * because a policy on posts may not query posts.
 */
create function private.sees_post(
  viewer_id uuid, post_id bigint, author_id uuid, audience public.audience, repost_of_id bigint
)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if sees_post.repost_of_id is not null then
    return private.looks_into(sees_post.viewer_id, sees_post.author_id) and coalesce((
      select private.sees_post(sees_post.viewer_id, original.id, original.author_id, original.audience, null)
      from public.posts as original
      where original.id = sees_post.repost_of_id
    ), false);
  end if;
  return coalesce(sees_post.author_id = sees_post.viewer_id, false)
    or (
      not exists (
        select from public.blocks
        where (blocks.blocker_id, blocks.blocked_id) = (sees_post.viewer_id, sees_post.author_id)
          or (blocks.blocker_id, blocks.blocked_id) = (sees_post.author_id, sees_post.viewer_id)
      )
      and case sees_post.audience
        when 'mentioned' then exists (
          select from public.post_mentions
          where post_mentions.post_id = sees_post.post_id and post_mentions.profile_id = sees_post.viewer_id
        )
        else (
          sees_post.audience = 'everyone' and exists (
            select from public.profiles
            where profiles.id = sees_post.author_id and not profiles.is_private
          )
        ) or exists (
          select from public.follows
          where follows.follower_id = sees_post.viewer_id and follows.followee_id = sees_post.author_id
        )
      end
    );
end;
$$;

comment on function private.sees_post is 'Whether the viewer (null: who is not signed in) sees a post.';
revoke all on function private.sees_post (uuid, bigint, uuid, public.audience, bigint)
  from public, anon, authenticated, service_role;
grant execute on function private.sees_post (uuid, bigint, uuid, public.audience, bigint) to anon, authenticated;

-- Not to exist and not to be seen are one answer, in the same words; so is to be
-- on its way out, so that nobody waits for a deletion while holding other locks.
create function private.require_post(viewer_id uuid, post_id bigint)
returns public.posts
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post public.posts;
begin
  -- The viewer's profile before posts, or whoever writes while their account is
  -- deleted waits in a circle with the deletion.
  perform
  from public.profiles
  where profiles.id = require_post.viewer_id
  for key share;

  select posts.* into post
  from public.posts
  where posts.id = require_post.post_id
  for key share skip locked;

  if post.repost_of_id is not null
    and private.sees_post(viewer_id, post.id, post.author_id, post.audience, post.repost_of_id) then
    select posts.* into post
    from public.posts
    where posts.id = post.repost_of_id
    for key share skip locked;
  end if;
  if post.id is null
    or not private.sees_post(viewer_id, post.id, post.author_id, post.audience, post.repost_of_id) then
    raise sqlstate 'PT404' using message = 'There is no such post', detail = 'post_not_found';
  end if;
  return post;
end;
$$;

comment on function private.require_post is 'The post, or of a repost what it shows, kept from being deleted until the end of the transaction; the error PT404 when the viewer sees no such post.';
revoke all on function private.require_post (uuid, bigint) from public, anon, authenticated, service_role;

-- What only some may see is not carried further by others.
create function private.require_open_post(viewer_id uuid, post_id bigint)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post public.posts := private.require_post(viewer_id, post_id);
begin
  if post.author_id is distinct from viewer_id
    and not private.sees_post(null, post.id, post.author_id, post.audience, null) then
    raise sqlstate 'PT403' using
      message = 'This post is not for everyone: its author alone can repost or quote it',
      detail = 'post_not_open';
  end if;
  return post.id;
end;
$$;

comment on function private.require_open_post is 'The id of a post that the viewer may repost or quote, or the errors PT404 and PT403.';
revoke all on function private.require_open_post (uuid, bigint) from public, anon, authenticated, service_role;

alter table public.posts enable row level security;
alter table public.post_versions enable row level security;

create policy "people read the posts that are for them, but for blocks"
  on public.posts for select
  to anon, authenticated
  using (private.sees_post((select auth.uid()), id, author_id, audience, repost_of_id));

create policy "people post in their own name"
  on public.posts for insert
  to authenticated
  with check (author_id = (select auth.uid()));

-- One's own post is always seen; one's repost only as long as what it shows is.
create policy "authors edit their own posts"
  on public.posts for update
  to authenticated
  using (
    author_id = (select auth.uid())
    and private.sees_post((select auth.uid()), id, author_id, audience, repost_of_id)
  )
  with check (author_id = (select auth.uid()));

create policy "authors delete their own posts"
  on public.posts for delete
  to authenticated
  using (
    author_id = (select auth.uid())
    and private.sees_post((select auth.uid()), id, author_id, audience, repost_of_id)
  );

-- The question goes through the rules of posts: whatever they come to be, they
-- hold for earlier versions too.
create policy "whoever reads a post reads its earlier versions"
  on public.post_versions for select
  to anon, authenticated
  using (exists (select from public.posts where posts.id = post_versions.post_id));

-- The columns that a client may write are the API: id, entities, created_at and
-- edited_at are ours to fill in, and a post never changes its author, its
-- audience or what it refers to. Versions and counts are the triggers' alone.
revoke all on public.posts, public.post_versions from public, anon, authenticated, service_role;
grant select on public.posts, public.post_versions to anon, authenticated, service_role;
grant insert (
  author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
) on public.posts to authenticated, service_role;
grant update (title, content, content_warning, language) on public.posts to authenticated, service_role;
grant delete on public.posts to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create trigger take_turn
  before insert on public.posts
  for each statement
  execute function private.take_turn();

-- Definer, because what a post refers to is checked and locked past the rules.
create function private.posts_prepare()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := coalesce(auth.uid(), new.author_id);
begin
  -- By a trusted backend, or at its time: see take_turn().
  if new.author_id is distinct from auth.uid() then
    perform private.take_turns(new.author_id);
  end if;
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

-- Definer, because nobody may write history. The post's row is locked by now, so
-- its versions are numbered one after the other.
create function private.posts_keep_version()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  written_at timestamptz := coalesce(old.edited_at, old.created_at);
begin
  -- Never before the version it replaces, whatever became of the clock.
  new.edited_at := greatest(clock_timestamp(), written_at);
  new.entities := private.text_entities(new.title, new.content);

  insert into public.post_versions (
    post_id, version, title, content, content_warning, created_at, replaced_at
  )
  select
    old.id, coalesce(max(post_versions.version), 0) + 1, old.title, old.content, old.content_warning,
    written_at, new.edited_at
  from public.post_versions
  where post_versions.post_id = old.id;
  return new;
end;
$$;

comment on function private.posts_keep_version is 'Keeps what a post said before an edit.';
revoke all on function private.posts_keep_version () from public, anon, authenticated, service_role;

create trigger posts_keep_version
  before update of title, content, content_warning on public.posts
  for each row
  when (
    (old.title, old.content, old.content_warning) is distinct from (new.title, new.content, new.content_warning)
  )
  execute function private.posts_keep_version();

-- Definer, because nobody may write places.
create function private.posts_keep_place()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  childless bigint[];
begin
  -- Every removed post below which something is left keeps its place.
  with recursive kept as (
    select removed.id, removed.reply_to_id
    from removed
    where exists (select from public.posts where posts.reply_to_id = removed.id)
      or exists (select from private.deleted_posts where deleted_posts.reply_to_id = removed.id)
    union
    select removed.id, removed.reply_to_id
    from kept
    join removed on removed.id = kept.reply_to_id
  )
  insert into private.deleted_posts (id, reply_to_id)
  select kept.id, kept.reply_to_id
  from kept;

  -- And a place below which nothing is left goes.
  childless := array(select removed.reply_to_id from removed where removed.reply_to_id is not null);
  while cardinality(childless) > 0 loop
    with gone as (
      delete from private.deleted_posts
      where deleted_posts.id = any (childless)
        and not exists (select from public.posts where posts.reply_to_id = deleted_posts.id)
        and not exists (
          select from private.deleted_posts as child
          where child.reply_to_id = deleted_posts.id
        )
      returning deleted_posts.reply_to_id
    )
    select coalesce(array_agg(gone.reply_to_id) filter (where gone.reply_to_id is not null), '{}')
    into childless
    from gone;
  end loop;

  return null;
end;
$$;

comment on function private.posts_keep_place is 'Keeps threads whole when posts are deleted.';
revoke all on function private.posts_keep_place () from public, anon, authenticated, service_role;

create trigger posts_keep_place
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_keep_place();
