/*
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
