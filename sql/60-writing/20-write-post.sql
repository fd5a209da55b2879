/*
 * write post
 *
 * Writes a post and answers it as a feed shows it. So a client needs one request to send a
 * post and show it. An insert into posts does the same, but can only answer columns: the
 * people that the post mentions are known when the insert is over.
 *
 * With a client_id, a client may send the request again: see 15-post-keys.sql.
 */

-- Definer, because it builds the row that feeds have. The insert keeps every rule, as the
-- triggers of posts ask who is signed in. The author is always the viewer. One plan for all arrays of
-- ids, here and in what it calls: otherwise Postgres plans the row of a feed again for every post.
create function private.write_post(
  content text, title text, content_warning text, language text, audience public.audience,
  reply_to_id bigint, quote_of_id bigint, repost_of_id bigint, client_id uuid
)
returns public.feed_item
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  viewer_id uuid := private.viewer();
  new_id bigint;
  is_repeated boolean := false;
  item public.feed_item;
begin
  if write_post.client_id is not null then
    -- Two such requests may come at the same moment. The second waits here, and then finds the
    -- key of the first. It spends nothing, so it is answered even if the budget is used up.
    perform private.take_own_turn(viewer_id);
    select post_keys.post_id into new_id
    from private.post_keys
    where post_keys.author_id = viewer_id and post_keys.client_id = write_post.client_id;
    is_repeated := found;
  end if;

  if not is_repeated then
    perform private.start_clock(3);
    insert into public.posts (
      author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
    )
    -- Null means the same as nothing, as for the other arguments.
    values (
      viewer_id, coalesce(write_post.title, ''), coalesce(write_post.content, ''),
      coalesce(write_post.content_warning, ''), write_post.language, coalesce(write_post.audience, 'everyone'),
      write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id
    )
    returning posts.id into new_id;
    if write_post.client_id is not null then
      insert into private.post_keys (author_id, client_id, post_id)
      values (viewer_id, write_post.client_id, new_id);
    end if;
  end if;

  -- A block, or a private account, may hide the original of a repost by now. That is answered like a deletion.
  select items.* into item
  from private.feed_items(viewer_id, array[new_id], array[new_id]) as items
  where not is_repeated or private.sees_post(viewer_id, new_id);
  if not found then
    raise sqlstate 'PT404' using message = 'This post was written, and is deleted by now', detail = 'post_not_found';
  end if;
  return item;
end;
$$;

comment on function private.write_post is 'What public.write_post() does.';
revoke all on function private.write_post (text, text, text, text, public.audience, bigint, bigint, bigint, uuid)
  from public, anon, authenticated, service_role;
grant execute on function private.write_post (text, text, text, text, public.audience, bigint, bigint, bigint, uuid)
  to authenticated;

create function public.write_post(
  content text default '',
  title text default '',
  content_warning text default '',
  language text default null,
  audience public.audience default 'everyone',
  reply_to_id bigint default null,
  quote_of_id bigint default null,
  repost_of_id bigint default null,
  client_id uuid default null
)
returns public.feed_item
language sql
volatile
security invoker
return private.write_post(
  write_post.content, write_post.title, write_post.content_warning, write_post.language, write_post.audience,
  write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id, write_post.client_id
);

comment on function public.write_post is 'Writes a post, a reply, a quote or a repost in your name, and answers it as a row of a feed. The arguments are the columns of posts. client_id is a key of your own: a request with the same key within 30 days writes nothing, and answers the post that the first one wrote.';
revoke all on function public.write_post (text, text, text, text, public.audience, bigint, bigint, bigint, uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.write_post (text, text, text, text, public.audience, bigint, bigint, bigint, uuid)
  to authenticated;
