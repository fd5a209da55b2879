/*
 * drafts
 *
 * Posts that their authors have not published yet. 65-scheduled-posts.sql publishes them
 * at their time.
 */

-- Table ----------------------------------------------------------------------

create table public.drafts (
  id               uuid             primary key default gen_random_uuid(),
  author_id        uuid             not null default auth.uid() references public.profiles (id) on delete cascade,
  title            text             not null default '',
  content          text             not null default '',
  content_warning  text             not null default '',
  language         text,
  audience         public.audience  not null default 'everyone',
  reply_to_id      bigint,
  quote_of_id      bigint,
  publish_at       timestamptz,
  failed_at        timestamptz,
  failure          text,
  created_at       timestamptz      not null default now(),
  edited_at        timestamptz      not null default now(),

  constraint drafts_length check (private.rule(
    char_length(title) <= 200 and char_length(content) <= 10000 and char_length(content_warning) <= 200,
    'draft_length', 'A draft is no longer than a post'
  )),
  -- The same rules as in posts, except that the content may be empty.
  constraint drafts_title_format check (private.rule(
    private.is_line(title),
    'title_format', 'A title is one line of at most 200 characters, with something to see'
  )),
  constraint drafts_content_warning_format check (private.rule(
    private.is_line(content_warning),
    'content_warning_format', 'A content warning is one line of at most 200 characters, with something to see'
  )),
  constraint drafts_language_format check (private.rule(
    private.is_language(language),
    'language_format', 'A language is a BCP 47 tag of at most 64 characters, such as en, pt-BR or zh-Hant'
  ))
);

comment on table  public.drafts is 'Posts that are not published yet, at most 100 for each author. Only the author can see them.';
comment on column public.drafts.id is 'Random. A client may choose it, so that a request that is sent again makes no second draft. The post will have another id.';
comment on column public.drafts.author_id is 'The person who writes it. If you leave it out, it is you.';
comment on column public.drafts.content is 'May be empty in a draft.';
comment on column public.drafts.content_warning is 'As in posts.';
comment on column public.drafts.language is 'As in posts.';
comment on column public.drafts.audience is 'As in posts.';
comment on column public.drafts.reply_to_id is 'As in posts.';
comment on column public.drafts.quote_of_id is 'As in posts.';
comment on column public.drafts.publish_at is 'The time when the database publishes it, usually at most ten seconds late. Null: it does not. A time in the past means now.';
comment on column public.drafts.failed_at is 'When publishing it failed. Null: it did not fail. An edit clears it, and then the database tries again.';
comment on column public.drafts.failure is 'Why publishing it failed: the code of the error.';
comment on column public.drafts.edited_at is 'When its author last changed it.';

-- The drafts of a person. There are at most 100, so this also serves those that are due.
create index drafts_author_id_idx on public.drafts (author_id);

-- Rules ----------------------------------------------------------------------

alter table public.drafts enable row level security;

create policy "people read their own drafts"
  on public.drafts for select
  to authenticated
  using (author_id = (select auth.uid()));

create policy "people draft in their own name"
  on public.drafts for insert
  to authenticated
  with check (author_id = (select auth.uid()));

create policy "people edit their own drafts"
  on public.drafts for update
  to authenticated
  using (author_id = (select auth.uid()))
  with check (author_id = (select auth.uid()));

create policy "people delete their own drafts"
  on public.drafts for delete
  to authenticated
  using (author_id = (select auth.uid()));

revoke all on public.drafts from public, anon, authenticated, service_role;
grant select, delete on public.drafts to authenticated, service_role;
grant insert (
  id, author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, publish_at
) on public.drafts to authenticated, service_role;
grant update (
  title, content, content_warning, language, audience, reply_to_id, quote_of_id, publish_at
) on public.drafts to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- The id of a published draft is a key of its post for 30 days (60-writing/15-post-keys.sql). So an insert that is
-- sent again writes nothing. Definer, because nobody may read keys.
create function private.drafts_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- The policy refuses a draft in the name of somebody else. Nobody learns of the drafts of others here.
  if auth.uid() <> new.author_id then
    return new;
  end if;
  if exists (
    select from private.post_keys
    where post_keys.author_id = new.author_id and post_keys.client_id = new.id
  ) then
    return null;
  end if;
  -- A draft that is there already is inserted again when its answer got lost. It needs no room.
  if not exists (select from public.drafts where drafts.id = new.id and drafts.author_id = new.author_id)
    and (select count(*) from public.drafts where drafts.author_id = new.author_id) >= 100
  then
    raise sqlstate 'PT409' using message = 'You have 100 drafts, and no more fit', detail = 'drafts_full';
  end if;
  return new;
end;
$$;

comment on function private.drafts_check is 'Refuses a 101st draft, and leaves out one that was published.';
revoke all on function private.drafts_check () from public, anon, authenticated, service_role;

create trigger spell_language
  before insert or update of language on public.drafts
  for each row
  when (new.language is not null)
  execute function private.spell_language();

create trigger drafts_check
  before insert on public.drafts
  for each row
  execute function private.drafts_check();

create function private.drafts_edit()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.edited_at := now();
  new.failed_at := null;
  new.failure := null;
  return new;
end;
$$;

comment on function private.drafts_edit is 'Notes the time of an edit. A draft that failed will be tried again.';
revoke all on function private.drafts_edit () from public, anon, authenticated, service_role;

create trigger drafts_edit
  before update of title, content, content_warning, language, audience, reply_to_id, quote_of_id, publish_at
  on public.drafts
  for each row
  execute function private.drafts_edit();

-- Publishing -----------------------------------------------------------------

-- The caller must lock the row of the draft first.
create function private.publish(draft public.drafts)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post_id bigint;
begin
  insert into public.posts (
    author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id
  )
  values (
    draft.author_id, draft.title, draft.content, draft.content_warning, draft.language, draft.audience,
    draft.reply_to_id, draft.quote_of_id
  )
  returning posts.id into post_id;

  insert into private.post_keys (author_id, client_id, post_id)
  values (draft.author_id, draft.id, post_id)
  on conflict do nothing;
  delete from public.drafts
  where drafts.id = draft.id;
  return post_id;
end;
$$;

comment on function private.publish is 'Turns a draft into a post, and answers the id of the post.';
revoke all on function private.publish (public.drafts) from public, anon, authenticated, service_role;

-- Definer, because nobody may call publish() directly.
create function private.publish_draft(draft_id uuid)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
  draft public.drafts;
begin
  perform private.take_own_turn(viewer_id);

  select drafts.* into draft
  from public.drafts
  where drafts.id = publish_draft.draft_id and drafts.author_id = viewer_id
  for update;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such draft', detail = 'draft_not_found';
  end if;
  perform private.start_clock(3);
  return private.publish(draft);
end;
$$;

comment on function private.publish_draft is 'What public.publish_draft() does.';
revoke all on function private.publish_draft (uuid) from public, anon, authenticated, service_role;
grant execute on function private.publish_draft (uuid) to authenticated;

create function public.publish_draft(draft_id uuid)
returns bigint
language sql
volatile
security invoker
return private.publish_draft(publish_draft.draft_id);

comment on function public.publish_draft is 'Publishes one of your drafts now, and deletes the draft. Answers the id of the post.';
revoke all on function public.publish_draft (uuid) from public, anon, authenticated, service_role;
grant execute on function public.publish_draft (uuid) to authenticated;
