/*
 * visibility
 *
 * The rule that decides who sees a post. It is written here and nowhere else:
 *
 *   - The author sees the post.
 *   - If one of the viewer and the author blocks the other, the viewer does not see it.
 *   - An open post is for everyone. Any other post is for the people it addresses
 *     (audience mentioned) or for the author's followers.
 *   - A repost is for everybody who may look into the account that reposted, and who sees
 *     the post that it shows.
 *
 * The policies of posts, versions, tags and mentions are here too. Other files ask
 * sees_post() about one post, and is_for() about the posts of a page. What a private
 * account is, and who may look into it, is in 10-people/40-follows.sql.
 */

-- Rules ----------------------------------------------------------------------

-- The rule itself. The planner puts it into the query around it. So Postgres computes the
-- last two arguments only when they decide.
create function private.admits(
  viewer_id uuid, author_id uuid, audience public.audience, is_open boolean,
  follows_author boolean, is_addressed boolean
)
returns boolean
language sql
immutable
security invoker
return case
  when admits.is_open or admits.author_id = admits.viewer_id then true
  when admits.audience = 'mentioned' then admits.is_addressed
  else admits.follows_author
end;

comment on function private.admits is 'Whether a post, not a repost, is for the viewer. It does not ask about blocks.';
revoke all on function private.admits (uuid, uuid, public.audience, boolean, boolean, boolean) from public, anon, service_role;
grant execute on function private.admits (uuid, uuid, public.audience, boolean, boolean, boolean) to authenticated;

-- The rule, for a query about a few posts. It looks up a follow and a mention for each. It
-- says "(select true …) is true" because the planner would turn exists(…) into a join. The
-- join would read everybody that the viewer follows.
create function private.is_for(
  viewer_id uuid, post_id bigint, author_id uuid, audience public.audience, is_open boolean
)
returns setof boolean
language sql
stable
security invoker
rows 1
begin atomic
  select true
  where private.admits(
    is_for.viewer_id, is_for.author_id, is_for.audience, is_for.is_open,
    (
      select true from public.follows
      where follows.follower_id = is_for.viewer_id and follows.followee_id = is_for.author_id
    ) is true,
    (
      select true from public.post_mentions
      where post_mentions.post_id = is_for.post_id and post_mentions.profile_id = is_for.viewer_id
    ) is true
  );
end;

comment on function private.is_for is 'One row when a post, not a repost, is for the viewer. It does not ask about blocks.';
revoke all on function private.is_for (uuid, bigint, uuid, public.audience, boolean) from public, anon, authenticated, service_role;

-- For the policy of posts, which Postgres may ask about thousands of posts. It reads the
-- list once for all of them. Definer, here and below, because row-level security would be
-- asked about each row of the list.
create function private.followee_ids(viewer_id uuid)
returns setof uuid
language plpgsql
stable
security definer
set search_path = ''
rows 100
as $$
begin
  return query
  select follows.followee_id
  from public.follows
  where follows.follower_id = followee_ids.viewer_id;
end;
$$;

comment on function private.followee_ids is 'The people that the viewer follows.';
revoke all on function private.followee_ids (uuid) from public, anon, authenticated, service_role;
grant execute on function private.followee_ids (uuid) to authenticated;

create function private.addressing_ids(viewer_id uuid)
returns setof bigint
language plpgsql
stable
security definer
set search_path = ''
rows 100
as $$
begin
  return query
  select post_mentions.post_id
  from public.post_mentions
  where post_mentions.profile_id = addressing_ids.viewer_id;
end;
$$;

comment on function private.addressing_ids is 'The posts that address the viewer.';
revoke all on function private.addressing_ids (uuid) from public, anon, authenticated, service_role;
grant execute on function private.addressing_ids (uuid) to authenticated;

-- Definer, here and below, because the viewer may not read the blocks and follows of
-- others, and because a policy of posts that queries posts would call itself.
create function private.sees_repost(viewer_id uuid, author_id uuid, repost_of_id bigint)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return private.looks_into(sees_repost.viewer_id, sees_repost.author_id)
    and private.sees_post(sees_repost.viewer_id, sees_repost.repost_of_id);
end;
$$;

comment on function private.sees_repost is 'Whether the viewer sees a repost. The viewer is null when nobody is signed in.';
revoke all on function private.sees_repost (uuid, uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function private.sees_repost (uuid, uuid, bigint) to authenticated;

create function private.sees_post(viewer_id uuid, post_id bigint)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  post record;
begin
  select posts.author_id, posts.audience, posts.is_open, posts.repost_of_id into post
  from public.posts
  where posts.id = sees_post.post_id;

  if post.repost_of_id is not null then
    return private.sees_repost(sees_post.viewer_id, post.author_id, post.repost_of_id);
  end if;
  return exists (
    select from private.is_for(sees_post.viewer_id, sees_post.post_id, post.author_id, post.audience, post.is_open)
  ) and not exists (
    select from private.block_between(sees_post.viewer_id, post.author_id)
  );
end;
$$;

comment on function private.sees_post is 'Whether the viewer sees a post or a repost. The viewer is null when nobody is signed in. False when there is no such post.';
revoke all on function private.sees_post (uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function private.sees_post (uuid, bigint) to anon, authenticated;

create function private.refuse_post()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT404' using message = 'There is no such post', detail = 'post_not_found';
end;
$$;

comment on function private.refuse_post is 'Raises the error PT404.';
revoke all on function private.refuse_post () from public, anon, authenticated, service_role;

-- There are three cases: no such post exists, the viewer does not see it, or somebody is
-- deleting it at this moment. All get one answer, in the same words.
create function private.find_post(viewer_id uuid, post_id bigint)
returns public.posts
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post public.posts;
begin
  select posts.* into post
  from public.posts
  where posts.id = find_post.post_id;

  if post.repost_of_id is not null and private.sees_post(viewer_id, post.id) then
    select posts.* into post
    from public.posts
    where posts.id = post.repost_of_id;
  end if;
  if post.id is null or not private.sees_post(viewer_id, post.id) then
    perform private.refuse_post();
  end if;
  return post;
end;
$$;

comment on function private.find_post is 'The post. For a repost, the post that it shows. The error PT404 when the viewer sees no such post.';
revoke all on function private.find_post (uuid, bigint) from public, anon, authenticated, service_role;

-- Only its author may repost or quote a limited post.
create function private.find_open_post(viewer_id uuid, post_id bigint)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post public.posts := private.find_post(viewer_id, post_id);
begin
  if not post.is_open and post.author_id is distinct from viewer_id then
    raise sqlstate 'PT403' using
      message = 'This post is not for everyone. Only its author can repost or quote it',
      detail = 'post_not_open';
  end if;
  return post.id;
end;
$$;

comment on function private.find_open_post is 'The id of a post that the viewer may repost or quote. For a repost, the id of the post that it shows. The error PT404 when the viewer does not see the post, PT403 when it is limited and by somebody else.';
revoke all on function private.find_open_post (uuid, bigint) from public, anon, authenticated, service_role;

-- Open posts -------------------------------------------------------------------

-- The audience of a post and the original of a repost never change. An account can become
-- private or public. Then profiles_open_posts() changes is_open of its posts
-- (55-open-and-close.sql). posts_prepare() says why that cannot happen meanwhile.
create function private.opens(post public.posts)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  author_is_private boolean;
begin
  select profiles.is_private into author_is_private
  from public.profiles
  where profiles.id = post.author_id;

  return post.audience = 'everyone'
    and author_is_private is false
    and (post.repost_of_id is null or exists (
      select from public.posts as original
      where original.id = post.repost_of_id and original.is_open
    ));
end;
$$;

comment on function private.opens is 'Whether a new post is open: everyone sees it, signed in or not.';
revoke all on function private.opens (public.posts) from public, anon, authenticated, service_role;

-- Policies -------------------------------------------------------------------

create policy "everyone reads open posts"
  on public.posts for select
  to anon
  using (is_open);

-- It looks at the columns of the row and does not look the row up by its id. So it also
-- holds for a row that an insert is about to return.
create policy "people read the posts for them, by people who are not hidden"
  on public.posts for select
  to authenticated
  using (
    author_id not in (select private.hidden_ids((select auth.uid())))
    and case
      when repost_of_id is null then private.admits(
        (select auth.uid()), author_id, audience, is_open,
        author_id in (select private.followee_ids((select auth.uid()))),
        id in (select private.addressing_ids((select auth.uid())))
      )
      else private.sees_repost((select auth.uid()), author_id, repost_of_id)
    end
  );

-- Authors always see their own posts. They see their own repost only as long as they
-- see the post that it shows.
create policy "authors edit their own posts"
  on public.posts for update
  to authenticated
  using (
    author_id = (select auth.uid())
    and (repost_of_id is null or private.sees_post((select auth.uid()), repost_of_id))
  )
  with check (author_id = (select auth.uid()));

create policy "authors delete their own posts"
  on public.posts for delete
  to authenticated
  using (
    author_id = (select auth.uid())
    and (repost_of_id is null or private.sees_post((select auth.uid()), repost_of_id))
  );

-- An edit can address more people. The earlier versions were not for them. Definer, so that
-- the policy of post_mentions does not ask about the post a second time.
create function private.is_addressed(viewer_id uuid, post_id bigint, version integer)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select from public.post_mentions
    where post_mentions.post_id = is_addressed.post_id
      and post_mentions.profile_id = is_addressed.viewer_id
      and post_mentions.since_version <= is_addressed.version
  );
$$;

comment on function private.is_addressed is 'Whether a version of a post addresses the viewer.';
revoke all on function private.is_addressed (uuid, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.is_addressed (uuid, bigint, integer) to anon, authenticated;

-- The policies of versions and tags ask the policy of posts. So every rule of posts holds
-- for them too.
create policy "people read the versions of a post that are for them"
  on public.post_versions for select
  to anon, authenticated
  using (exists (
    select from public.posts
    where posts.id = post_versions.post_id
      and (
        posts.audience <> 'mentioned'
        or posts.author_id = (select auth.uid())
        or private.is_addressed((select auth.uid()), posts.id, post_versions.version)
      )
  ));

create policy "people who read a post read its tags"
  on public.post_tags for select
  to anon, authenticated
  using (exists (select from public.posts where posts.id = post_tags.post_id));

-- This one does not ask the policy of posts, because that policy reads the viewer's
-- mentions.
create policy "people who see a post read its mentions of people not hidden"
  on public.post_mentions for select
  to anon, authenticated
  using (
    private.sees_post((select auth.uid()), post_id)
    and profile_id not in (select private.hidden_ids((select auth.uid())))
  );

-- Explained ------------------------------------------------------------------

create type public.visibility_rule as enum (
  'own', 'everyone', 'follower', 'mentioned',
  'private_account', 'followers_only', 'mentioned_only', 'you_block_author', 'not_found'
);
comment on type public.visibility_rule is 'The rules that decide who sees a post. The first four let you see it.';

create type public.visibility as (
  visible      boolean,
  rule         public.visibility_rule,
  explanation  text
);

comment on type public.visibility is 'Whether you see a post, and the rule that decides it: as a code for programs and as a sentence for people.';

/*
 * sees_post() decides. This function only finds the words, from the post and from the
 * relation of the two people.
 *
 * If the author blocks the viewer, the viewer gets the answer for a deleted post. If the
 * viewer blocks the author, the viewer is told of their own block, unless the author
 * blocks the viewer too. Definer, because it reads posts that the viewer does not see.
 */
create function private.explain_visibility(post_id bigint)
returns public.visibility
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := auth.uid();
  post public.posts;
  is_visible boolean := private.sees_post(viewer_id, explain_visibility.post_id);
  author_is_private boolean;
  rule public.visibility_rule;
begin
  select posts.* into post
  from public.posts
  where posts.id = explain_visibility.post_id;

  if post.id is null
    or post.author_id in (select private.blocker_ids(viewer_id))
    -- A repost is deleted with the post that it shows. If the viewer does not see that
    -- post, the repost must not reveal that the post still exists.
    or (post.repost_of_id is not null and not private.sees_post(viewer_id, post.repost_of_id))
  then
    rule := 'not_found';
  elsif post.author_id in (select private.hidden_ids(viewer_id)) then
    rule := 'you_block_author';
  elsif is_visible and post.repost_of_id is not null then
    return private.explain_visibility(post.repost_of_id);
  else
    select profiles.is_private into author_is_private
    from public.profiles
    where profiles.id = post.author_id;
    rule := case
      when post.author_id = viewer_id then 'own'
      when post.audience = 'mentioned' then case when is_visible then 'mentioned' else 'mentioned_only' end
      when not is_visible then case when author_is_private then 'private_account' else 'followers_only' end
      when post.is_open then 'everyone'
      else 'follower'
    end;
  end if;

  return (is_visible, rule, case rule
    when 'not_found' then 'There is no such post, or you cannot see it.'
    when 'you_block_author' then 'You block its author.'
    when 'own' then 'You wrote it.'
    when 'mentioned' then 'It is for the people it addresses, and you are one of them.'
    when 'mentioned_only' then 'It is for the people it addresses, and you are not one of them.'
    when 'private_account' then 'Its author''s account is private. Only followers see its posts.'
    when 'followers_only' then 'It is for followers of its author, and you are not one of them.'
    when 'follower' then 'It is for followers of its author, and you are one of them.'
    when 'everyone' then 'It is for everyone.'
  end)::public.visibility;
end;
$$;

comment on function private.explain_visibility is 'What public.explain_visibility() answers.';
revoke all on function private.explain_visibility (bigint) from public, anon, authenticated, service_role;
grant execute on function private.explain_visibility (bigint) to anon, authenticated;

create function public.explain_visibility(post_id bigint)
returns public.visibility
language sql
stable
security invoker
return private.explain_visibility(explain_visibility.post_id);

comment on function public.explain_visibility is 'Why you can or cannot see a post.';
revoke all on function public.explain_visibility (bigint) from public, anon, authenticated, service_role;
grant execute on function public.explain_visibility (bigint) to anon, authenticated;
