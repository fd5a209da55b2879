/*
 * visibility
 *
 * Who sees a post.
 */

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

create policy "people read the posts that are for them, but for blocks"
  on public.posts for select
  to anon, authenticated
  using (private.sees_post((select auth.uid()), id, author_id, audience, repost_of_id));

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

-- An edit can address more people. What the post said before was not for them. Definer,
-- so that the rules of post_mentions do not ask the rules of posts once more.
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

-- The question goes through the rules of posts: whatever they come to be, they
-- hold for earlier versions too.
create policy "whoever reads a post reads its versions since it addresses them"
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

create policy "whoever reads a post reads its tags"
  on public.post_tags for select
  to anon, authenticated
  using (exists (select from public.posts where posts.id = post_tags.post_id));

create policy "whoever reads a post and sees the person reads a mention"
  on public.post_mentions for select
  to anon, authenticated
  using (
    exists (select from public.posts where posts.id = post_mentions.post_id)
    and exists (select from public.profiles where profiles.id = post_mentions.profile_id)
  );/*
 * explain_visibility
 *
 * Why the viewer can or cannot see a post: the rule of sees_post() that decides.
 */

create type public.visibility as (
  visible      boolean,
  rule         text,
  explanation  text
);

comment on type public.visibility is 'Whether a post is visible to you, the rule that decides as a code, and in words.';

/*
 * To whom the author blocks, a post does not exist; it is explained in the words
 * for one that does not. Whoever blocks the author is told of their own block, as
 * long as the author does not block them. Definer, because the post is looked at
 * past the rules.
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
  author public.profiles;
  follows_author boolean;
begin
  select posts.* into post
  from public.posts
  where posts.id = explain_visibility.post_id;
  select profiles.* into author
  from public.profiles
  where profiles.id = post.author_id;

  -- A repost goes with what it shows: where that is not seen, whoever shows it again
  -- must not tell that it is still there.
  if post.id is null
    or post.author_id in (select private.blocker_ids(viewer_id))
    or (post.repost_of_id is not null and not exists (
      select from public.posts as original
      where original.id = post.repost_of_id
        and private.sees_post(viewer_id, original.id, original.author_id, original.audience, null)
    )) then
    return (false, 'not_found', 'There is no such post, or none for you.')::public.visibility;
  elsif post.author_id in (select private.hidden_ids(viewer_id)) then
    return (false, 'you_block_author', 'You block its author.')::public.visibility;
  end if;

  follows_author := exists (
    select from public.follows
    where follows.follower_id = viewer_id and follows.followee_id = post.author_id
  );
  if post.repost_of_id is not null then
    if not private.looks_into(viewer_id, post.author_id) then
      return (false, 'private_account', 'Its author''s account is private: only followers see what it posts.')::public.visibility;
    end if;
    return private.explain_visibility(post.repost_of_id);
  end if;

  return case
    when post.author_id = viewer_id then
      (true, 'own', 'You wrote it.')::public.visibility
    when post.audience = 'mentioned' and exists (
      select from public.post_mentions
      where post_mentions.post_id = post.id and post_mentions.profile_id = viewer_id
    ) then
      (true, 'mentioned', 'It is for the people mentioned in it, and you are one of them.')::public.visibility
    when post.audience = 'mentioned' then
      (false, 'mentioned_only', 'It is for the people mentioned in it.')::public.visibility
    when follows_author and (post.audience = 'followers' or author.is_private) then
      (true, 'follower', 'It is for followers of its author, and you are one of them.')::public.visibility
    when author.is_private then
      (false, 'private_account', 'Its author''s account is private: only followers see what it posts.')::public.visibility
    when post.audience = 'followers' then
      (false, 'followers_only', 'It is for followers of its author.')::public.visibility
    else
      (true, 'everyone', 'It is for everyone.')::public.visibility
  end;
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
