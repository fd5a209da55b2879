/*
 * write post
 *
 * Writes a post and answers it as a feed shows it. So a client needs one request to send a
 * post and show it. An insert into posts does the same, but can only answer columns: the
 * people that the post mentions are known when the insert is over.
 */

-- Definer, because it builds the row that feeds have. The insert keeps every rule, as the
-- triggers of posts ask who is signed in. The author is always the viewer.
create function private.write_post(
  content text, title text, content_warning text, language text, audience public.audience,
  reply_to_id bigint, quote_of_id bigint, repost_of_id bigint
)
returns public.feed_item
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
  new_id bigint;
  item public.feed_item;
begin
  insert into public.posts (
    author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
  )
  values (
    viewer_id, write_post.title, write_post.content, write_post.content_warning, write_post.language,
    write_post.audience, write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id
  )
  returning posts.id into new_id;

  select items.* into item
  from private.feed_items(viewer_id, array[new_id], array[new_id]) as items;
  return item;
end;
$$;

comment on function private.write_post is 'What public.write_post() does.';
revoke all on function private.write_post (text, text, text, text, public.audience, bigint, bigint, bigint)
  from public, anon, authenticated, service_role;
grant execute on function private.write_post (text, text, text, text, public.audience, bigint, bigint, bigint)
  to authenticated;

create function public.write_post(
  content text default '',
  title text default '',
  content_warning text default '',
  language text default null,
  audience public.audience default 'everyone',
  reply_to_id bigint default null,
  quote_of_id bigint default null,
  repost_of_id bigint default null
)
returns public.feed_item
language sql
volatile
security invoker
return private.write_post(
  write_post.content, write_post.title, write_post.content_warning, write_post.language, write_post.audience,
  write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id
);

comment on function public.write_post is 'Writes a post, a reply, a quote or a repost in your name, and answers it as a row of a feed. The arguments are the columns of posts.';
revoke all on function public.write_post (text, text, text, text, public.audience, bigint, bigint, bigint)
  from public, anon, authenticated, service_role;
grant execute on function public.write_post (text, text, text, text, public.audience, bigint, bigint, bigint)
  to authenticated;
