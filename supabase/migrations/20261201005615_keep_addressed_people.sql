/*
 * An edit or a repost of a post for few keeps the accounts of the people it addresses. Before, an account that was
 * deleted at the same moment could leave rows behind. They are deleted here.
 *
 * Written by comparing the migrations before it with sql/.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;


SET local check_function_bodies = off;

CREATE OR REPLACE FUNCTION private.keep_addressed (
  post_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if exists (
    select
    from public.post_mentions
    where post_mentions.post_id = keep_addressed.post_id
      and not exists (select from private.hold_person(post_mentions.profile_id))
  ) then
    perform private.refuse_busy_profile();
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_posts()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.posts_annotate_again()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  kept_names text[] := private.usernames_in(new.entities);
begin
  if not new.is_open then
    perform private.keep_addressed(new.id);
  end if;
  delete from public.post_tags
  where post_tags.post_id = new.id
    and post_tags.tag not in (select private.tags_in(new.entities));
  insert into public.post_tags (post_id, tag, is_open)
  select new.id, tag, new.is_open
  from private.tags_in(new.entities) as tag
  on conflict do nothing;

  -- The version that an edit makes comes after the highest one that is kept.
  insert into public.post_mentions (post_id, profile_id, usernames, since_version)
  select new.id, found.profile_id, array[found.username], (
    select coalesce(max(post_versions.version), 0) + 1
    from public.post_versions
    where post_versions.post_id = new.id
  )
  from private.people_named(new.author_id, array(
    select unnest(kept_names)
    except
    select unnest(private.usernames_in(old.entities))
  )) as found
  cross join lateral private.hold_person(found.profile_id)
  on conflict (post_id, profile_id) do update
  set usernames = post_mentions.usernames || excluded.usernames;

  update public.post_mentions
  set usernames = array(
    select username
    from unnest(post_mentions.usernames) as username
    where username = any (kept_names)
  )
  where post_mentions.post_id = new.id
    and not post_mentions.usernames <@ kept_names;
  delete from public.post_mentions
  where post_mentions.post_id = new.id
    and post_mentions.usernames = '{}'
    and not post_mentions.is_answered;
  return null;
end;
$function$;

COMMENT ON FUNCTION "private"."keep_addressed"(bigint) IS 'Nobody can delete the accounts that a post addresses until the transaction ends. The error PT503 when somebody is deleting one of them.';

REVOKE ALL ON FUNCTION "private"."keep_addressed"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_addressed"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_addressed"(bigint) TO "postgres";

-- The rows that were left behind.
SET local statement_timeout = 0;
DELETE FROM "private"."addressed_posts"
WHERE NOT EXISTS (SELECT FROM "public"."profiles" WHERE "profiles"."id" = "addressed_posts"."profile_id");
