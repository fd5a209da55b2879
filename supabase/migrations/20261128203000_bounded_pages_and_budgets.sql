/*
 * Pages that cost what they show, and a budget for every account: posts know whether
 * everyone sees them, limited posts are listed by place, search keeps its words, people
 * are nobody until confirmed, text has one rule for each field.
 *
 * Written by comparing the migrations before it with sql/. The rows that are there get
 * what they need in the middle, before the new constraints, indexes and triggers.
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

-- Rows are filled and indexes built for as long as it takes.
set local statement_timeout = 0;

SET local check_function_bodies = off;

DROP POLICY "people block in their own name" ON "public"."blocks";

DROP POLICY "people read whom they block" ON "public"."blocks";

DROP POLICY "people unblock in their own name" ON "public"."blocks";

DROP POLICY "people bookmark in their own name" ON "public"."bookmarks";

DROP POLICY "people read their own bookmarks of what they see" ON "public"."bookmarks";

DROP POLICY "people remove their bookmarks" ON "public"."bookmarks";

DROP POLICY "people ask in their own name" ON "public"."follow_requests";

DROP POLICY "people read what they ask and are asked" ON "public"."follow_requests";

DROP POLICY "people unfollow in their own name" ON "public"."follows";

DROP POLICY "whoever may look into both reads who follows whom" ON "public"."follows";

DROP POLICY "people like in their own name" ON "public"."likes";

DROP POLICY "people read likes of what they see, shown or of their own posts" ON "public"."likes";

DROP POLICY "people take their likes back" ON "public"."likes";

DROP POLICY "whoever reads a list and sees the person reads who is on it" ON "public"."list_members";

DROP POLICY "people make lists of their own" ON "public"."lists";

DROP POLICY "people read their own lists, and public ones" ON "public"."lists";

DROP POLICY "people change their own mutes" ON "public"."mutes";

DROP POLICY "people mute in their own name" ON "public"."mutes";

DROP POLICY "people read whom they mute" ON "public"."mutes";

DROP POLICY "people unmute in their own name" ON "public"."mutes";

DROP POLICY "whoever reads a post and sees the person reads a mention" ON "public"."post_mentions";

DROP POLICY "whoever reads a post reads its tags" ON "public"."post_tags";

DROP POLICY "whoever reads a post reads its earlier versions" ON "public"."post_versions";

DROP POLICY "authors delete their own posts" ON "public"."posts";

DROP POLICY "authors edit their own posts" ON "public"."posts";

DROP POLICY "people read the posts that are for them, but for blocks" ON "public"."posts";

DROP POLICY "anyone reads profiles, but for blocks" ON "public"."profiles";

DROP TRIGGER "users_create_profile" ON "auth"."users";

DROP TRIGGER "blocks_take_turn" ON "public"."blocks";

DROP TRIGGER "take_turn" ON "public"."bookmarks";

DROP TRIGGER "take_turn" ON "public"."drafts";

DROP TRIGGER "take_turn" ON "public"."follow_requests";

DROP TRIGGER "take_turn" ON "public"."follows";

DROP TRIGGER "take_turn" ON "public"."likes";

DROP TRIGGER "take_turn" ON "public"."list_members";

DROP TRIGGER "take_turn" ON "public"."lists";

DROP TRIGGER "take_turn" ON "public"."mutes";

DROP TRIGGER "posts_annotate_again" ON "public"."posts";

DROP TRIGGER "posts_count_down" ON "public"."posts";

DROP TRIGGER "posts_count" ON "public"."posts";

DROP TRIGGER "take_turn" ON "public"."posts";

DROP TRIGGER "profiles_limit_posts" ON "public"."profiles";

DROP TRIGGER "take_turn" ON "public"."profiles";

DROP TRIGGER "take_turn" ON "public"."tag_follows";

DROP INDEX "private"."limited_posts_author_id_idx";

DROP INDEX "private"."limited_posts_post_id_idx";

DROP INDEX "public"."drafts_publish_at_idx";

DROP INDEX "public"."post_mentions_profile_id_post_id_idx";

DROP INDEX "public"."post_tags_tag_post_id_idx";

DROP INDEX "public"."posts_quote_of_id_id_idx";

DROP INDEX "public"."posts_reply_to_id_id_idx";

DROP INDEX "public"."posts_search_idx";

DROP INDEX "public"."profiles_display_name_pattern_idx";

DROP INDEX "public"."profiles_search_idx";

DROP INDEX "public"."profiles_username_pattern_idx";

ALTER TABLE "private"."held_usernames"
  DROP CONSTRAINT "held_usernames_profile_id_fkey";

-- Listed anew below, by places.
TRUNCATE "private"."limited_posts";

ALTER TABLE "private"."limited_posts"
  DROP CONSTRAINT "limited_posts_pkey";

ALTER TABLE "private"."limited_posts"
  DROP CONSTRAINT "limited_posts_post_id_fkey";

ALTER TABLE "private"."limited_posts"
  DROP CONSTRAINT "limited_posts_relation_check";

ALTER TABLE "public"."drafts"
  DROP CONSTRAINT "drafts_length";

ALTER TABLE "public"."lists"
  DROP CONSTRAINT "lists_name_format";

ALTER TABLE "public"."post_mentions"
  DROP CONSTRAINT "post_mentions_pkey";

ALTER TABLE "public"."posts"
  DROP CONSTRAINT "posts_content_length";

ALTER TABLE "public"."posts"
  DROP CONSTRAINT "posts_content_warning_format";

ALTER TABLE "public"."posts"
  DROP CONSTRAINT "posts_language_format";

ALTER TABLE "public"."posts"
  DROP CONSTRAINT "posts_repost_is_bare";

ALTER TABLE "public"."posts"
  DROP CONSTRAINT "posts_title_format";

ALTER TABLE "public"."profiles"
  DROP CONSTRAINT "profiles_bio_length";

ALTER TABLE "public"."profiles"
  DROP CONSTRAINT "profiles_display_name_format";

DROP FUNCTION "private"."blocks_take_turn"();

DROP FUNCTION "private"."mentions_of"(uuid, jsonb);

DROP FUNCTION "private"."newest_posts"(uuid[], text[], bigint, bigint, integer);

DROP FUNCTION "private"."posts_count"();

DROP FUNCTION "private"."posts_count_down"();

DROP FUNCTION "private"."profiles_limit_posts"();

DROP FUNCTION "private"."search_config"(text);

DROP FUNCTION "private"."search_name"(text);

DROP FUNCTION "private"."search_operator"(text, text);

DROP FUNCTION "private"."search_text"(text);

DROP FUNCTION "private"."search_vector"(text, text, text);

DROP FUNCTION "private"."sees_post"(uuid, bigint, uuid, public.audience, bigint);

ALTER TABLE "private"."limited_posts"
  DROP COLUMN "relation";

ALTER TABLE "private"."limited_posts"
  DROP COLUMN "target_id";

CREATE TABLE "private"."draft_queue" (
  "author_id" uuid                     NOT NULL,
  "due_at"    timestamp with time zone NOT NULL,
  CONSTRAINT "draft_queue_pkey" PRIMARY KEY (author_id)
);

CREATE TABLE "private"."limit_overrides" (
  "profile_id" uuid    NOT NULL,
  "action"     text    NOT NULL,
  "per_minute" integer NOT NULL,
  "per_hour"   integer NOT NULL,
  "per_day"    integer NOT NULL,
  CONSTRAINT "limit_overrides_per_day_check" CHECK ((per_day >= 0)),
  CONSTRAINT "limit_overrides_per_hour_check" CHECK ((per_hour >= 0)),
  CONSTRAINT "limit_overrides_per_minute_check" CHECK ((per_minute >= 0)),
  CONSTRAINT "limit_overrides_pkey" PRIMARY KEY (profile_id, action)
);

CREATE TABLE "private"."limited_counts" (
  "place"  text   NOT NULL,
  "amount" bigint NOT NULL,
  CONSTRAINT "limited_counts_amount_check" CHECK ((amount >= 0)),
  CONSTRAINT "limited_counts_pkey" PRIMARY KEY (place)
);

ALTER TABLE "private"."limited_counts"
  SET (fillfactor=50);

CREATE TABLE "private"."limits" (
  "action"              text    NOT NULL,
  "per_minute"          integer NOT NULL,
  "per_hour"            integer NOT NULL,
  "per_day"             integer NOT NULL,
  "newcomer_per_minute" integer NOT NULL,
  "newcomer_per_hour"   integer NOT NULL,
  "newcomer_per_day"    integer NOT NULL,
  CONSTRAINT "limits_newcomer_per_day_check" CHECK ((newcomer_per_day >= 0)),
  CONSTRAINT "limits_newcomer_per_hour_check" CHECK ((newcomer_per_hour >= 0)),
  CONSTRAINT "limits_newcomer_per_minute_check" CHECK ((newcomer_per_minute >= 0)),
  CONSTRAINT "limits_per_day_check" CHECK ((per_day >= 0)),
  CONSTRAINT "limits_per_hour_check" CHECK ((per_hour >= 0)),
  CONSTRAINT "limits_per_minute_check" CHECK ((per_minute >= 0)),
  CONSTRAINT "limits_pkey" PRIMARY KEY (action)
);

CREATE TABLE "private"."names" (
  "profile_id"    uuid    NOT NULL,
  "username"      text    NOT NULL,
  "display_name"  text    NOT NULL,
  "is_searchable" boolean NOT NULL,
  "name"          text    GENERATED ALWAYS AS (((username || ' '::text) || display_name)) STORED NOT NULL,
  CONSTRAINT "names_pkey" PRIMARY KEY (profile_id)
);

CREATE TABLE "private"."post_search" (
  "post_id"     bigint   NOT NULL,
  "author_id"   uuid     NOT NULL,
  "is_findable" boolean  NOT NULL,
  "vector"      tsvector NOT NULL,
  CONSTRAINT "post_search_pkey" PRIMARY KEY (post_id)
);

CREATE TABLE "private"."search_grammars" (
  "grammar" text NOT NULL,
  CONSTRAINT "search_grammars_pkey" PRIMARY KEY (grammar)
);

CREATE TABLE "private"."search_switches" (
  "author_id"   uuid                     NOT NULL,
  "switched_at" timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "search_switches_pkey" PRIMARY KEY (author_id)
);

CREATE TABLE "private"."sign_ups" (
  "user_id"        uuid                     NOT NULL,
  "username"       text,
  "reserved_until" timestamp with time zone NOT NULL DEFAULT (now() + '1 day'::interval),
  "mailed_at"      timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "sign_ups_pkey" PRIMARY KEY (user_id),
  CONSTRAINT "sign_ups_username_check" CHECK ((username = lower(username))),
  CONSTRAINT "sign_ups_username_key" UNIQUE (username)
);

CREATE TABLE "private"."usage" (
  "profile_id"    uuid                     NOT NULL,
  "action"        text                     NOT NULL,
  "minute_used"   integer                  NOT NULL DEFAULT 0,
  "minute_until"  timestamp with time zone NOT NULL DEFAULT now(),
  "hour_used"     integer                  NOT NULL DEFAULT 0,
  "hour_until"    timestamp with time zone NOT NULL DEFAULT now(),
  "day_used"      integer                  NOT NULL DEFAULT 0,
  "day_until"     timestamp with time zone NOT NULL DEFAULT now(),
  "per_minute"    integer                  NOT NULL,
  "per_hour"      integer                  NOT NULL,
  "per_day"       integer                  NOT NULL,
  "amounts_until" timestamp with time zone NOT NULL,
  CONSTRAINT "usage_pkey" PRIMARY KEY (profile_id, action)
);

ALTER TABLE "private"."usage"
  SET (fillfactor=50);

ALTER TABLE "private"."limited_posts"
  ADD COLUMN "place" text NOT NULL;

ALTER TABLE "private"."limited_posts"
  ADD COLUMN "author_place" text GENERATED ALWAYS AS (((place || ' '::text) || (author_id)::text)) STORED NOT NULL;

ALTER TABLE "public"."post_mentions"
  ADD COLUMN "usernames" text[];

update public.post_mentions
set usernames = array[username];

ALTER TABLE "public"."post_mentions"
  ALTER COLUMN "usernames" SET NOT NULL,
  DROP COLUMN "username";

ALTER TABLE "public"."post_mentions"
  ADD COLUMN "is_answered" boolean NOT NULL DEFAULT false;

ALTER TABLE "public"."post_mentions"
  ADD COLUMN "since_version" integer NOT NULL DEFAULT 1;

-- True for most of the rows that are there. The others are changed below.
ALTER TABLE "public"."post_tags"
  ADD COLUMN "is_open" boolean NOT NULL DEFAULT true;

-- True for most of the rows that are there. The others are changed below.
ALTER TABLE "public"."posts"
  ADD COLUMN "is_open" boolean NOT NULL DEFAULT true;

ALTER TABLE "private"."held_usernames"
  ALTER COLUMN "profile_id" DROP NOT NULL;

CREATE TYPE "private"."search" AS (
  "wanted"   tsquery,
  "exact"    tsquery,
  "from_id"  uuid,
  "since_id" bigint,
  "until_id" bigint
);

CREATE TYPE "public"."allowance" AS (
  "action"    text,
  "allowed"   integer,
  "per"       text,
  "left"      integer,
  "resets_at" timestamp WITH time zone
);

ALTER TYPE "public"."card" ADD ATTRIBUTE "is_open" boolean CASCADE;

CREATE OR REPLACE FUNCTION private.addressing_ids (
  viewer_id uuid
)
  RETURNS SETOF bigint
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 100
  SET search_path TO ''
  AS $function$
begin
  return query
  select post_mentions.post_id
  from public.post_mentions
  where post_mentions.profile_id = addressing_ids.viewer_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.admits (
  viewer_id      uuid,
  author_id      uuid,
  audience       public.audience,
  is_open        boolean,
  follows_author boolean,
  is_addressed   boolean
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
RETURN CASE WHEN (is_open OR (author_id = viewer_id)) THEN true WHEN (audience = 'mentioned'::public.audience) THEN is_addressed ELSE follows_author END;

CREATE OR REPLACE FUNCTION private.afford()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  rows_so_far integer := current_setting('plaza.' || lower(tg_op) || '_rows');
begin
  if rows_so_far > 100 then
    raise sqlstate 'PT400' using message = 'A request writes at most 100 rows', detail = 'too_many_rows';
  end if;
  perform private.charge(auth.uid(), tg_argv[0], rows_so_far - 1);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.all_of (
  terms text[]
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  if exists (select from unnest(terms) as term where '!' || term = any (terms)) then
    return null;
  end if;
  return array_to_string(terms, ' & ');
end;
$function$;

CREATE OR REPLACE FUNCTION private.answer_follow_request (
  requester_id uuid,
  accepts      boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  perform private.take_turns(viewer_id);
  perform
  from public.profiles
  where profiles.id = viewer_id
  for no key update;

  delete from public.follow_requests
  where follow_requests.requester_id = answer_follow_request.requester_id
    and follow_requests.target_id = viewer_id;
  if found and accepts then
    -- The requester spent for the request. The person who accepts it spends nothing.
    perform set_config('plaza.is_free', 'yes', true);
    insert into public.follows (follower_id, followee_id)
    values (answer_follow_request.requester_id, viewer_id)
    on conflict do nothing;
    perform set_config('plaza.is_free', '', true);
    return true;
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.author_posts (
  viewer_id uuid,
  author_id uuid
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  counts private.author_counts;
begin
  select author_counts.* into counts
  from private.author_counts
  where author_counts.author_id = author_posts.author_id;

  if author_posts.author_id = author_posts.viewer_id then
    return counts.for_everyone + counts.for_followers + counts.for_mentioned;
  elsif not private.looks_into(author_posts.viewer_id, author_posts.author_id) then
    return null;
  end if;
  return counts.for_everyone
    + case when counts.for_followers > 0 and exists (
      select from public.follows
      where follows.follower_id = author_posts.viewer_id and follows.followee_id = author_posts.author_id
    ) then counts.for_followers else 0 end
    -- If the author wrote at most 200 of them, ask about each. Otherwise go through the
    -- viewer's mentions.
    + case when counts.for_mentioned = 0 or author_posts.viewer_id is null then 0
    when counts.for_mentioned <= 200 then (
      select count(*)
      from public.posts
      where posts.author_id = author_posts.author_id
        and posts.audience = 'mentioned'
        and (
          select true from public.post_mentions
          where post_mentions.post_id = posts.id and post_mentions.profile_id = author_posts.viewer_id
        )
    ) else (
      select count(*)
      from public.post_mentions
      where post_mentions.profile_id = author_posts.viewer_id
        and (
          select posts.author_id = author_posts.author_id and posts.audience = 'mentioned'
          from public.posts
          where posts.id = post_mentions.post_id
        )
    ) end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.before_user_created (
  event jsonb
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  username text := event #>> '{user,user_metadata,username}';
  problem private.problem := coalesce(
    private.metadata_problem(event #> '{user,user_metadata}'), private.username_problem(username, null)
  );
begin
  if problem is null or problem.code = 'username_taken' then
    return '{}';
  end if;
  return jsonb_build_object('error', jsonb_build_object(
    'http_code', problem.status,
    'message', format('%s (%s)', problem.message, problem.code)
  ));
end;
$function$;

CREATE OR REPLACE FUNCTION private.blank_characters()
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN
  '\u0001-\u0020\u007F-\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u17B4\u17B5\u180B-\u180F\u2000-\u200F\u2028-\u202F\u205F-\u206F\u2800\u3000\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\U00013430-\U0001343F\U00016FE4\U0001BCA0-\U0001BCA3\U0001D159\U0001D173-\U0001D17A\U000E0000-\U000E0FFF'::text;

CREATE OR REPLACE FUNCTION private.block_between (
  one_id   uuid,
  other_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT true
    FROM public.blocks
   WHERE
     (((blocks.blocker_id = block_between.one_id) AND (blocks.blocked_id = block_between.other_id)) OR ((blocks.blocker_id = block_between.other_id) AND (blocks.blocked_id =
     block_between.one_id)));
END;

CREATE OR REPLACE FUNCTION private.blocks_end_follows()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if (select count(*) from blocked) > 1000 then
    raise sqlstate 'PT400' using message = 'A request blocks at most 1,000 people', detail = 'too_many_rows';
  end if;
  perform private.take_turns(variadic (
    select array_agg(person.id)
    from blocked
    cross join lateral (values (blocked.blocker_id), (blocked.blocked_id)) as person (id)
  ));
  delete from public.follow_requests
  using blocked
  where (follow_requests.requester_id, follow_requests.target_id) in (
    (blocked.blocker_id, blocked.blocked_id), (blocked.blocked_id, blocked.blocker_id)
  );
  delete from public.follows
  using blocked
  where (follows.follower_id, follows.followee_id) in (
    (blocked.blocker_id, blocked.blocked_id), (blocked.blocked_id, blocked.blocker_id)
  );
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.cards (
  viewer_id uuid,
  post_ids  bigint[]
)
  RETURNS TABLE (
    id   bigint,
    card public.card
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(cards.viewer_id));
begin
  return query
  select
    posts.id,
    (
      posts.id,
      (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
      posts.title, posts.content, posts.content_warning, posts.language, posts.entities,
      case when posts.audience = 'mentioned' or posts.entities @> '[{"type": "mention"}]' then array(
        select (
          named.username,
          (mentioned.id, mentioned.username, mentioned.display_name, mentioned.avatar_url)::public.author
        )::public.mention
        from public.post_mentions
        join public.profiles as mentioned on mentioned.id = post_mentions.profile_id
        cross join lateral unnest(
          case
            when post_mentions.usernames = '{}' then array[lower(mentioned.username)]
            else post_mentions.usernames
          end
        ) as named (username)
        where post_mentions.post_id = posts.id and mentioned.id <> all (hidden_ids)
        order by named.username
      ) else '{}' end,
      posts.audience, posts.reply_to_id, posts.quote_of_id, posts.created_at, posts.edited_at,
      counts.likes, counts.replies, counts.reposts, counts.quotes,
      -- Not exists(…): for that, Postgres would read everything that the viewer ever liked.
      (
        select true from public.likes
        where likes.user_id = cards.viewer_id and likes.post_id = posts.id
      ) is true,
      (
        select true from public.bookmarks
        where bookmarks.user_id = cards.viewer_id and bookmarks.post_id = posts.id
      ) is true,
      (
        select true from public.posts as repost
        where repost.repost_of_id = posts.id and repost.author_id = cards.viewer_id
      ) is true,
      posts.is_open
    )::public.card
  from unnest(cards.post_ids) as wanted (id)
  join public.posts on posts.id = wanted.id
  join public.profiles on profiles.id = posts.author_id
  join private.post_counts_of(cards.viewer_id, cards.post_ids) as counts on counts.post_id = posts.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.charge (
  profile_id uuid,
  action     text,
  amount     integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  used private.usage;
  left_over integer;
begin
  loop
    update private.usage
    set minute_used = charge.amount + case when minute_until > now() then minute_used else 0 end,
        minute_until = case when minute_until > now() then minute_until else now() + interval '1 minute' end,
        hour_used = charge.amount + case when hour_until > now() then hour_used else 0 end,
        hour_until = case when hour_until > now() then hour_until else now() + interval '1 hour' end,
        day_used = charge.amount + case when day_until > now() then day_used else 0 end,
        day_until = case when day_until > now() then day_until else now() + interval '1 day' end
    where usage.profile_id = charge.profile_id and usage.action = charge.action and amounts_until > now()
    returning least(per_minute - minute_used, per_hour - hour_used, per_day - day_used) into left_over;
    exit when found;

    insert into private.usage (profile_id, action, per_minute, per_hour, per_day, amounts_until)
    select allowances.*, now() + interval '1 hour'
    from private.allowances
    where allowances.profile_id = charge.profile_id and allowances.action = charge.action
    on conflict on constraint usage_pkey do update
    set per_minute = excluded.per_minute, per_hour = excluded.per_hour, per_day = excluded.per_day,
        amounts_until = excluded.amounts_until;
    if not found then
      return 2147483647;
    end if;
  end loop;
  if left_over >= 0 then
    return left_over;
  end if;

  select usage.* into used
  from private.usage
  where usage.profile_id = charge.profile_id and usage.action = charge.action;
  perform private.refuse_rate(action, case
    when used.day_used > used.per_day then used.day_until
    when used.hour_used > used.per_hour then used.hour_until
    else used.minute_until
  end);
end;
$function$;

CREATE OR REPLACE FUNCTION private.consents_to_follow (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if exists (
    select from public.profiles
    where profiles.id = consents_to_follow.profile_id and profiles.is_private and profiles.id <> auth.uid()
  ) and not exists (
    select from public.follows
    where follows.follower_id = auth.uid() and follows.followee_id = consents_to_follow.profile_id
  ) then
    raise sqlstate 'PT403' using
      message = 'This account is private. Ask to follow it', detail = 'follow_needs_request';
  end if;
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.drafts_queue()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.draft_queue as waiting (author_id, due_at)
  values (new.author_id, greatest(new.publish_at, now()))
  on conflict (author_id) do update
  set due_at = excluded.due_at
  where waiting.due_at > excluded.due_at;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.entity_pattern()
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
declare
  tag_characters constant text := private.tag_characters();
  accented constant text :=
    '\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u0253\u0254\u0256\u0257\u0259\u025B\u0263\u0268\u026F'
    '\u0272\u0289\u028B\u02BB\u0300-\u036F\u1E00-\u1EFF';

  tag constant text := '(?<![&' || tag_characters || '])'
    '[#＃](?![\uFE0F\u20E3])[' || tag_characters || '\uFE0E\uFE0F]+'
    '(?![' || tag_characters || '\uFE0E\uFE0F#＃]|://)';

  mention constant text := '(?<![A-Za-z0-9_!#$%&*@＠])'
    '[@＠][A-Za-z0-9_]{3,30}(?![A-Za-z0-9_@＠' || accented || ']|://)';

  -- Controls, spaces and punctuation end a host, full-width ones included.
  not_host constant text :=
    '\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u061C\u1680\u180E\u2000-\u200B'
    '\u200E-\u206F\u3000-\u3004\u3008-\u3020\u3030\uFEFF\uFF00-\uFF20\uFF5B-\uFF65\uFFF0-\uFFFF';
  host constant text := '[^' || not_host || ']';
  ascii_host constant text := '[A-Za-z0-9' || accented || ']';
  labels constant text := '(?:h(?:[_-]*h)*\.)*h(?:-*h)*\.';  -- h: a character of the host
  ascii_top constant text := '(?:[A-Za-z]{2,}|[Xx][Nn]--[0-9A-Za-z-]+)';
  -- Emoji and other symbols may be in a host, but not in its last part.
  other_top constant text :=
    '[^0-9A-Za-z\u2070-\u2BFF\u30FB\uFE00-\uFE0F\U0001F000-\U0001FFFF' || not_host || ']{2,}';
  host_end constant text := '(?![0-9A-Za-z@+-])(?::[0-9]+)?';

  -- After the host come path, query and fragment, all of the same characters. The
  -- parentheses in them are closed again and may have others inside. Punctuation that
  -- ends the sentence is not part of the link.
  part_character constant text := '[' || tag_characters || '!?*'';:=+,.$/%#\[\]\u2013~@|&-]';
  part_end constant text := '[' || tag_characters || '=_#/+-]';
  parentheses constant text := '\((?:' || part_character || '+|'
    || part_character || '*\(' || part_character || '+\)' || part_character || '*)\)';
  parts constant text :=
    '(?:' || part_character || '|' || parentheses || ')*(?:' || part_end || '|' || parentheses || ')';

  link constant text := '(?<![A-Za-z0-9@＠$#＃\uFEFF\uFFFE\uFFFF])[Hh][Tt][Tt][Pp][Ss]?://'
    || replace(labels, 'h', host) || '(?:' || ascii_top || '|' || other_top || ')' || host_end
    || '(?:/(?:' || parts || ')?|[?#]' || parts || ')?';

  -- It is found in order to be left out: a # in its path does not begin a tag either.
  bare_link constant text := '(?<![A-Za-z0-9@＠$#＃_./' || accented || '-])'
    || replace(labels, 'h', ascii_host) || ascii_top || host_end
    || '/(?:' || parts || ')?';
begin
  return tag || '|' || mention || '|' || link || '|' || bare_link;
end;
$function$;

CREATE OR REPLACE FUNCTION private.explain_visibility (
  post_id bigint
)
  RETURNS public.visibility
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  post public.posts;
  is_visible boolean := private.sees_post(viewer_id, explain_visibility.post_id);
  author_is_private boolean;
  rule text;
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
$function$;

CREATE OR REPLACE FUNCTION private.feed_items (
  viewer_id uuid,
  item_ids  bigint[],
  post_ids  bigint[]
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  card_ids bigint[];
begin
  -- The posts that the page shows, and the posts they quote, if the viewer sees these.
  with shown as (
    select coalesce(original.id, entry.id) as id, coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
    from unnest(feed_items.post_ids) as wanted (id)
    join public.posts as entry on entry.id = wanted.id
    left join public.posts as original on original.id = entry.repost_of_id
  )
  select array_agg(distinct card.id) into card_ids
  from (
    select shown.id from shown
    union all
    select quoted.id
    from shown
    join public.posts as quoted on quoted.id = shown.quote_of_id
    where private.sees_post(feed_items.viewer_id, quoted.id)
  ) as card;

  return query
  with card as materialized (
    select cards.id, cards.card
    from private.cards(feed_items.viewer_id, card_ids) as cards
  )
  select
    item.id,
    shown.card,
    case when entry.repost_of_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = entry.author_id
    ) end,
    case when (shown.card).reply_to_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.posts as parent
      join public.profiles on profiles.id = parent.author_id
      where parent.id = (shown.card).reply_to_id
        and private.sees_post(feed_items.viewer_id, parent.id)
    ) end,
    quoted.card
  from unnest(feed_items.item_ids, feed_items.post_ids) with ordinality as item (id, post_id, place)
  join public.posts as entry on entry.id = item.post_id
  join card as shown on shown.id = coalesce(entry.repost_of_id, entry.id)
  left join card as quoted on quoted.id = (shown.card).quote_of_id
  order by item.place;
end;
$function$;

CREATE OR REPLACE FUNCTION private.feed_page (
  feed      public.feed,
  of        text,
  viewer_id uuid,
  below     bigint,
  above     bigint,
  page_size integer
)
  RETURNS TABLE (
    item_id bigint,
    post_id bigint
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(feed_page.viewer_id));
  muted_ids uuid[] := array(select private.muted_ids(feed_page.viewer_id));
  target_id bigint;
  wanted_tag text;
begin
  case feed_page.feed
    when 'home' then
      return query
      select page.id, page.id
      from unnest(private.timeline(feed_page.viewer_id, null, below, above, page_size)) as page (id);

    when 'list' then
      return query
      select page.id, page.id
      from public.lists
      cross join lateral unnest(
        private.timeline(feed_page.viewer_id, lists.id, below, above, page_size)
      ) as page (id)
      where lists.id = feed_page.of::uuid and private.sees_list(feed_page.viewer_id, lists.owner_id, lists.is_private);

    when 'public' then
      return query
      select posts.id, posts.id
      from public.posts
      where posts.id < below and posts.id > above
        and posts.is_open
        and posts.reply_to_id is null
        and posts.repost_of_id is null
        and posts.author_id <> all (hidden_ids)
        and posts.author_id <> all (muted_ids)
        and not (posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids))
      order by posts.id desc
      limit page_size;

    when 'tag' then
      wanted_tag := private.tag_name(feed_page.of);
      return query
      select found.id, found.id
      from (
        (
          select post_tags.post_id
          from public.post_tags
          join public.posts on posts.id = post_tags.post_id
          where post_tags.tag = wanted_tag
            and post_tags.is_open
            and post_tags.post_id < below and post_tags.post_id > above
            and posts.author_id <> all (hidden_ids)
            and posts.author_id <> all (muted_ids)
            and not (
              posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids)
            )
          order by post_tags.post_id desc
          limit page_size
        )
        union all
        (
          select limited.id
          from private.limited_page(
            feed_page.viewer_id, 'tag:' || wanted_tag, below, above,
            -- A viewer with mutes gets all limited posts that are for them, because the
            -- mutes are asked below.
            case when cardinality(muted_ids) = 0 then page_size end
          ) as limited (id)
          join public.posts on posts.id = limited.id
          where posts.author_id <> all (muted_ids)
            and not (
              posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids)
            )
        )
      ) as found (id)
      order by found.id desc
      limit page_size;

    when 'profile', 'profile_replies' then
      if feed_page.of::uuid = feed_page.viewer_id or exists (
        select from public.follows
        where follows.follower_id = feed_page.viewer_id and follows.followee_id = feed_page.of::uuid
      ) then
        return query
        select posts.id, posts.id
        from public.posts
        where posts.author_id = feed_page.of::uuid
          and posts.id < below and posts.id > above
          and (posts.reply_to_id is null) = (feed_page.feed = 'profile')
          and (posts.is_open or private.sees_post(feed_page.viewer_id, posts.id))
          and (posts.repost_of_id is null or private.sees_post(feed_page.viewer_id, posts.repost_of_id))
        order by posts.id desc
        limit page_size;
        return;
      elsif feed_page.of::uuid = any (hidden_ids) then
        return;
      end if;

      return query
      select found.id, found.id
      from (
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'profile'
            and posts.author_id = feed_page.of::uuid
            and posts.is_open and posts.reply_to_id is null
            and posts.id < below and posts.id > above
            and (
              posts.repost_of_id is null
              or cardinality(hidden_ids) = 0
              or private.sees_post(feed_page.viewer_id, posts.repost_of_id)
            )
          order by posts.id desc
          limit page_size
        )
        union all
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'profile_replies'
            and posts.author_id = feed_page.of::uuid
            and posts.is_open and posts.reply_to_id is not null
            and posts.id < below and posts.id > above
          order by posts.id desc
          limit page_size
        )
        union all
        (
          select limited.id
          from private.limited_page(
            feed_page.viewer_id,
            case feed_page.feed when 'profile' then 'by:' else 'replies-by:' end || feed_page.of::uuid,
            below, above, page_size
          ) as limited (id)
        )
        union all
        (
          select limited.id
          from private.limited_page(feed_page.viewer_id, 'shown-by:' || feed_page.of::uuid, below, above, page_size)
            as limited (id)
          where feed_page.feed = 'profile' and private.looks_into(feed_page.viewer_id, feed_page.of::uuid)
        )
      ) as found (id)
      order by found.id desc
      limit page_size;

    when 'profile_likes' then
      return query
      select likes.id, posts.id
      from public.likes
      join public.posts on posts.id = likes.post_id
      join public.profiles on profiles.id = likes.user_id
      where likes.user_id = feed_page.of::uuid
        and likes.id < below and likes.id > above
        and private.shows_likes_to(feed_page.viewer_id, profiles.id, profiles.shows_likes)
        and posts.author_id <> all (hidden_ids)
        and exists (
          select from private.is_for(
            feed_page.viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open
          )
        )
      order by likes.id desc
      limit page_size;

    when 'bookmarks' then
      return query
      select bookmarks.id, posts.id
      from public.bookmarks
      join public.posts on posts.id = bookmarks.post_id
      where bookmarks.user_id = feed_page.viewer_id
        and bookmarks.id < below and bookmarks.id > above
        and posts.author_id <> all (hidden_ids)
        and exists (
          select from private.is_for(
            feed_page.viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open
          )
        )
      order by bookmarks.id desc
      limit page_size;

    when 'replies', 'quotes' then
      -- For a repost, the replies and quotes of the post that it shows.
      select coalesce(posts.repost_of_id, posts.id) into target_id
      from public.posts
      where posts.id = feed_page.of::bigint and private.sees_post(feed_page.viewer_id, posts.id);
      if target_id is null then
        return;
      end if;

      return query
      select found.id, found.id
      from (
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'replies'
            and posts.reply_to_id = target_id
            and posts.is_open
            and posts.id < below and posts.id > above
            and posts.author_id <> all (hidden_ids)
          order by posts.id desc
          limit page_size
        )
        union all
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'quotes'
            and posts.quote_of_id = target_id
            and posts.is_open
            and posts.id < below and posts.id > above
            and posts.author_id <> all (hidden_ids)
          order by posts.id desc
          limit page_size
        )
        union all
        (
          select limited.id
          from private.limited_page(
            feed_page.viewer_id,
            case feed_page.feed when 'replies' then 'reply:' else 'quote:' end || target_id,
            below, above, page_size
          ) as limited (id)
        )
      ) as found (id)
      order by found.id desc
      limit page_size;
  end case;
end;
$function$;

CREATE OR REPLACE FUNCTION private.few_posts()
  RETURNS integer
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN 200;

CREATE OR REPLACE FUNCTION private.finish_search_switches (
  most integer DEFAULT 2000
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  waiting integer := (select count(*) from (select from private.search_switches limit 20) as first);
  switched_id uuid;
  finished integer := 0;
begin
  for switched_id in
    select search_switches.author_id
    from private.search_switches
    join public.profiles on profiles.id = search_switches.author_id
    order by search_switches.switched_at
    limit 20
    for share of profiles skip locked
  loop
    if private.switch_findable(switched_id, most / greatest(waiting, 1)) then
      delete from private.search_switches
      where search_switches.author_id = switched_id;
      finished := finished + 1;
    end if;
  end loop;
  return finished;
end;
$function$;

CREATE OR REPLACE FUNCTION private.folded (
  words text
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
begin
  return normalize(replace(replace(replace(
    translate(
      lower(regexp_replace(
        normalize(words, nfkd),
        '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]', '', 'g'
      ) collate pg_catalog.pg_c_utf8),
      'łøđħı', 'lodhi'
    ),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), nfkc);
end;
$function$;

CREATE OR REPLACE FUNCTION private.follow_list (
  profile_id   uuid,
  of_followers boolean,
  before       bigint,
  page_size    integer
)
  RETURNS SETOF public.person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  below bigint := coalesce(follow_list.before, 9223372036854775807);
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(follow_list.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.profile_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    (
      select follows.id, follows.follower_id
      from public.follows
      where of_followers
        and follows.followee_id = follow_list.profile_id
        and follows.id < below
        and private.sees_follow(viewer_id, follows.follower_id, follows.followee_id)
      order by follows.id desc
      limit follow_list.page_size
    )
    union all
    (
      select follows.id, follows.followee_id
      from public.follows
      where not of_followers
        and follows.follower_id = follow_list.profile_id
        and follows.id < below
        and private.sees_follow(viewer_id, follows.follower_id, follows.followee_id)
      order by follows.id desc
      limit follow_list.page_size
    )
  ) as listed (id, profile_id);
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.followee_ids (
  viewer_id uuid
)
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 100
  SET search_path TO ''
  AS $function$
begin
  return query
  select follows.followee_id
  from public.follows
  where follows.follower_id = followee_ids.viewer_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_usage()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  forgotten integer;
begin
  with old as (
    select usage.profile_id, usage.action
    from private.usage
    where usage.day_until < now()
    limit 100000
    for update skip locked
  )
  delete from private.usage
  using old
  where usage.profile_id = old.profile_id and usage.action = old.action;
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$function$;

CREATE OR REPLACE FUNCTION private.grammar_of (
  language text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN CASE WHEN
  (split_part(lower(LANGUAGE), '-'::text, 1) = ANY (ARRAY['ar'::text, 'ca'::text, 'da'::text, 'de'::text, 'el'::text, 'en'::text, 'es'::text, 'eu'::text, 'fi'::text, 'fr'::text,
  'ga'::text,
  'hi'::text,
  'hu'::text,
  'hy'::text,
  'id'::text,
  'it'::text,
  'lt'::text,
  'ne'::text,
  'nl'::text,
  'no'::text,
  'pt'::text,
  'ro'::text,
  'ru'::text,
  'sr'::text,
  'sv'::text,
  'ta'::text,
  'tr'::text,
  'yi'::text])) THEN split_part(lower(LANGUAGE), '-'::text, 1) WHEN (split_part(lower(LANGUAGE), '-'::text, 1) = ANY (ARRAY['nb'::text, 'nn'::text])) THEN 'no'::text ELSE ''::text
  END;

CREATE OR REPLACE FUNCTION private.grapheme_pattern()
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
declare
  -- A cluster may end with these characters: Extend and SpacingMark. The non-joiner and
  -- the joiner also belong to them. They are added below, where they are allowed.
  marks constant text :=
    '\u0300-\u036F\u0483-\u0489\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A'
    '\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u0711\u0730-\u074A'
    '\u07A6-\u07B0\u07EB-\u07F3\u07FD\u0816-\u0819\u081B-\u0823\u0825-\u0827\u0829-\u082D'
    '\u0859-\u085B\u0897-\u089F\u08CA-\u08E1\u08E3-\u0903\u093A-\u093C\u093E-\u094F\u0951-\u0957'
    '\u0962\u0963\u0981-\u0983\u09BC\u09BE-\u09CD\u09D7\u09E2\u09E3\u09FE-\u0A03\u0A3C-\u0A51'
    '\u0A70\u0A71\u0A75\u0A81-\u0A83\u0ABC\u0ABE-\u0ACD\u0AE2\u0AE3\u0AFA-\u0B03\u0B3C'
    '\u0B3E-\u0B57\u0B62\u0B63\u0B82\u0BBE-\u0BCD\u0BD7\u0C00-\u0C04\u0C3C\u0C3E-\u0C56'
    '\u0C62\u0C63\u0C81-\u0C83\u0CBC\u0CBE-\u0CD6\u0CE2\u0CE3\u0CF3-\u0D03\u0D3B\u0D3C'
    '\u0D3E-\u0D4D\u0D57\u0D62\u0D63\u0D81-\u0D83\u0DCA-\u0DDF\u0DF2\u0DF3\u0E31\u0E33-\u0E3A'
    '\u0E47-\u0E4E\u0EB1\u0EB3-\u0EBC\u0EC8-\u0ECE\u0F18\u0F19\u0F35\u0F37\u0F39\u0F3E\u0F3F'
    '\u0F71-\u0F84\u0F86\u0F87\u0F8D-\u0FBC\u0FC6\u102D-\u1037\u1039-\u103E\u1056-\u1059'
    '\u105E-\u1060\u1071-\u1074\u1082\u1084-\u1086\u108D\u109D\u135D-\u135F\u1712-\u1715'
    '\u1732-\u1734\u1752\u1753\u1772\u1773\u17B4-\u17D3\u17DD\u180B-\u180D\u180F\u1885\u1886'
    '\u18A9\u1920-\u193B\u1A17-\u1A1B\u1A55-\u1A60\u1A62\u1A65-\u1A7F\u1AB0-\u1B04\u1B34-\u1B44'
    '\u1B6B-\u1B73\u1B80-\u1B82\u1BA1-\u1BAD\u1BE6-\u1BF3\u1C24-\u1C37\u1CD0-\u1CD2\u1CD4-\u1CE8'
    '\u1CED\u1CF4\u1CF7-\u1CF9\u1DC0-\u1DFF\u20D0-\u20F0\u2CEF-\u2CF1\u2D7F\u2DE0-\u2DFF'
    '\u302A-\u302F\u3099\u309A\uA66F-\uA672\uA674-\uA67D\uA69E\uA69F\uA6F0\uA6F1\uA802\uA806'
    '\uA80B\uA823-\uA827\uA82C\uA880\uA881\uA8B4-\uA8C5\uA8E0-\uA8F1\uA8FF\uA926-\uA92D'
    '\uA947-\uA953\uA980-\uA983\uA9B3-\uA9C0\uA9E5\uAA29-\uAA36\uAA43\uAA4C\uAA4D\uAA7C\uAAB0'
    '\uAAB2-\uAAB4\uAAB7\uAAB8\uAABE\uAABF\uAAC1\uAAEB-\uAAEF\uAAF5\uAAF6\uABE3-\uABEA'
    '\uABEC\uABED\uFB1E\uFE00-\uFE0F\uFE20-\uFE2F\uFF9E\uFF9F\U000101FD\U000102E0'
    '\U00010376-\U0001037A\U00010A01-\U00010A0F\U00010A38-\U00010A3F\U00010AE5\U00010AE6'
    '\U00010D24-\U00010D27\U00010D69-\U00010D6D\U00010EAB\U00010EAC\U00010EFA-\U00010EFF'
    '\U00010F46-\U00010F50\U00010F82-\U00010F85\U00011000-\U00011002\U00011038-\U00011046'
    '\U00011070\U00011073\U00011074\U0001107F-\U00011082\U000110B0-\U000110BA\U000110C2'
    '\U00011100-\U00011102\U00011127-\U00011134\U00011145\U00011146\U00011173'
    '\U00011180-\U00011182\U000111B3-\U000111C0\U000111C9-\U000111CC\U000111CE\U000111CF'
    '\U0001122C-\U00011237\U0001123E\U00011241\U000112DF-\U000112EA\U00011300-\U00011303'
    '\U0001133B\U0001133C\U0001133E-\U0001134D\U00011357\U00011362-\U00011374'
    '\U000113B8-\U000113D0\U000113D2\U000113E1\U000113E2\U00011435-\U00011446\U0001145E'
    '\U000114B0-\U000114C3\U000115AF-\U000115C0\U000115DC\U000115DD\U00011630-\U00011640'
    '\U000116AB-\U000116B7\U0001171D-\U0001171F\U00011722-\U0001172B\U0001182C-\U0001183A'
    '\U00011930-\U0001193E\U00011940\U00011942\U00011943\U000119D1-\U000119E0\U000119E4'
    '\U00011A01-\U00011A0A\U00011A33-\U00011A39\U00011A3B-\U00011A3E\U00011A47'
    '\U00011A51-\U00011A5B\U00011A8A-\U00011A99\U00011B60-\U00011B67\U00011C2F-\U00011C3F'
    '\U00011C92-\U00011CB6\U00011D31-\U00011D45\U00011D47\U00011D8A-\U00011D97'
    '\U00011EF3-\U00011EF6\U00011F00\U00011F01\U00011F03\U00011F34-\U00011F42\U00011F5A\U00013440'
    '\U00013447-\U00013455\U0001611E-\U0001612F\U00016AF0-\U00016AF4\U00016B30-\U00016B36'
    '\U00016F4F\U00016F51-\U00016F92\U00016FE4-\U00016FF1\U0001BC9D\U0001BC9E'
    '\U0001CF00-\U0001CF46\U0001D165-\U0001D169\U0001D16D-\U0001D172\U0001D17B-\U0001D182'
    '\U0001D185-\U0001D18B\U0001D1AA-\U0001D1AD\U0001D242-\U0001D244\U0001DA00-\U0001DA36'
    '\U0001DA3B-\U0001DA6C\U0001DA75\U0001DA84\U0001DA9B-\U0001DAAF\U0001E000-\U0001E02A'
    '\U0001E08F\U0001E130-\U0001E136\U0001E2AE\U0001E2EC-\U0001E2EF\U0001E4EC-\U0001E4EF'
    '\U0001E5EE\U0001E5EF\U0001E6E3\U0001E6E6\U0001E6EE\U0001E6EF\U0001E6F5\U0001E8D0-\U0001E8D6'
    '\U0001E944-\U0001E94A\U0001F3FB-\U0001F3FF\U000E0020-\U000E01EF';
  ends constant text := '[\u200C\u200D' || marks || ']*';

  -- Each of them is a cluster of its own.
  controls constant text :=
    '\u0001-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F'
    '\uFEFF\uFFF0-\uFFFB\U00013430-\U0001343F\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A'
    '\U000E0000-\U000E001F\U000E0080-\U000E00FF\U000E01F0-\U000E0FFF';

  -- Hangul: leading consonants, vowels, trailing consonants. Every 28th of the whole
  -- syllables is an open one: it has no trailing consonant, so more vowels may follow.
  leads constant text := '[\u1100-\u115F\uA960-\uA97C]';
  vowels constant text := '[\u1160-\u11A7\uD7B0-\uD7C6\U00016D63\U00016D67-\U00016D6A]';
  trails constant text := '[\u11A8-\u11FF\uD7CB-\uD7FB]';
  open_syllable constant text := '[' || (
    select string_agg(chr(44032 + 28 * n), '') from generate_series(0, 398) as n
  ) || ']';
  hangul constant text := leads || '*(?:' || vowels || '+|' || open_syllable || vowels || '*|[\uAC00-\uD7A3])'
    || trails || '*|' || leads || '+|' || trails || '+';

  flag constant text := '[\U0001F1E6-\U0001F1FF]{2}';

  symbol constant text :=
    '[\u00A9\u00AE\u203C-\u20CF\u2100-\u2BFF\u3030\u303D\u3297\u3299'
    '\U0001F000-\U0001F1E5\U0001F200-\U0001F3FA\U0001F400-\U0001FFFD]';
  joined_symbols constant text := symbol || '(?:[\u200C' || marks || ']*\u200D' || symbol || ')*';

  -- Indic consonants. A virama between two of them joins them.
  consonant constant text := '['
    '\u0915-\u0939\u0958-\u095F\u0978-\u097F\u0995-\u09B9\u09DC-\u09DF\u09F0\u09F1\u0A95-\u0AB9'
    '\u0AF9\u0B15-\u0B39\u0B5C-\u0B5F\u0B71\u0C15-\u0C39\u0C58-\u0C5A\u0D15-\u0D3A\u1000-\u102A'
    '\u103F\u1050-\u1055\u105A-\u105D\u1061\u1065\u1066\u106E-\u1070\u1075-\u1081\u108E'
    '\u1780-\u17B3\u1A20-\u1A54\u1B0B\u1B0C\u1B13-\u1B33\u1B45-\u1B4C\u1B83-\u1BA0\u1BAE\u1BAF'
    '\u1BBB-\u1BBD\uA989-\uA98B\uA98F-\uA9B2\uA9E0-\uA9E4\uA9E7-\uA9EF\uA9FA-\uA9FE\uAA60-\uAA6F'
    '\uAA71-\uAA73\uAA7A\uAA7E\uAA7F\uAAE0-\uAAEA\uABC0-\uABDA\U00010A00\U00010A10-\U00010A35'
    '\U00011103-\U00011126\U00011144\U00011147\U00011380-\U000113B5\U00011900-\U0001192F'
    '\U00011A00\U00011A0B-\U00011A32\U00011A50\U00011A5C-\U00011A83\U00011F04-\U00011F33'
    ']';
  virama constant text :=
    '['
    '\u094D\u09CD\u0ACD\u0B4D\u0C4D\u0D4D\u1039\u17D2\u1A60\u1B44\u1BAB\uA9C0\uAAF6\U00010A3F'
    '\U00011133\U000113D0\U0001193E\U00011A47\U00011A99\U00011F42'
    ']';
  conjunct constant text :=
    consonant || '(?:[\u200D' || marks || ']*' || virama || '[\u200D' || marks || ']*' || consonant || ')*';
begin
  return '\r\n|[' || controls || ']|(?:' || hangul || '|' || flag || '|' || joined_symbols || '|' || conjunct
    || '|[^' || controls || '])' || ends;
end;
$function$;

CREATE OR REPLACE FUNCTION private.cut (
  string         text,
  max_characters integer
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN CASE WHEN (char_length(string) <= max_characters) THEN string ELSE
  (SELECT "left"(cut.string, ((cut.max_characters + 1) - char_length(grapheme.matched[1]))) AS "left" FROM regexp_matches("left"(cut.string, (cut.max_characters + 1)),
  private.grapheme_pattern(), 'g'::text) WITH ORDINALITY grapheme(matched, place) ORDER BY grapheme.place DESC LIMIT 1) END;

CREATE OR REPLACE FUNCTION private.hold_username (
  username text,
  owner_id uuid
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 INSERT INTO private.held_usernames (username, profile_id)
   VALUES (lower(hold_username.username), hold_username.owner_id) ON CONFLICT(username) DO UPDATE
  SET profile_id = excluded.profile_id, held_at = excluded.held_at, held_until = excluded.held_until;
END;

CREATE OR REPLACE FUNCTION private.index_posts (
  post_ids bigint[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  insert into private.post_search (post_id, author_id, is_findable, vector)
  select posts.id, posts.author_id, posts.is_open and profiles.is_searchable, private.post_vector(posts)
  from unnest(index_posts.post_ids) as wanted (id)
  join public.posts on posts.id = wanted.id
  join public.profiles on profiles.id = posts.author_id
  where posts.repost_of_id is null
  order by posts.id
  on conflict (post_id) do update
  set vector = excluded.vector;

  insert into private.search_grammars (grammar)
  select distinct private.grammar_of(posts.language)
  from unnest(index_posts.post_ids) as wanted (id)
  join public.posts on posts.id = wanted.id
  where not exists (
    select from private.search_grammars
    where search_grammars.grammar = private.grammar_of(posts.language)
  )
  order by 1
  on conflict do nothing;
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_addressed (
  viewer_id uuid,
  post_id   bigint,
  version   integer
)
  RETURNS boolean
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
  select exists (
    select from public.post_mentions
    where post_mentions.post_id = is_addressed.post_id
      and post_mentions.profile_id = is_addressed.viewer_id
      and post_mentions.since_version <= is_addressed.version
  );
$function$;

CREATE OR REPLACE FUNCTION private.is_blank (
  string text
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN (string !~ (('[^'::text || private.blank_characters()) || ']'::text));

CREATE OR REPLACE FUNCTION private.is_for (
  viewer_id uuid,
  post_id   bigint,
  author_id uuid,
  audience  public.audience,
  is_open   boolean
)
  RETURNS SETOF boolean
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT true
   WHERE private.admits(viewer_id, author_id, audience, is_open, (( SELECT true
            FROM public.follows
           WHERE ((follows.follower_id = is_for.viewer_id) AND (follows.followee_id = is_for.author_id))) IS TRUE), (( SELECT true
            FROM public.post_mentions
           WHERE ((post_mentions.post_id = is_for.post_id) AND (post_mentions.profile_id = is_for.viewer_id))) IS TRUE));
END;

CREATE OR REPLACE FUNCTION private.is_language (
  tag text
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN
  ((char_length(TAG) <= 64) AND (lower((TAG COLLATE "C")) ~
  '^(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?|x(?:-[a-z0-9]{1,8})+|en-gb-oed|sgn-(?:be-fr|be-nl|ch-de)|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu))$'::text));

CREATE OR REPLACE FUNCTION private.is_one_line (
  string text
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN (string !~ '[\u0001-\u001F\u007F-\u009F\u2028\u2029]'::text);

CREATE OR REPLACE FUNCTION private.is_line (
  string text
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN (private.is_one_line(string) AND ((string = ''::text) OR (NOT private.is_blank(string))));

CREATE OR REPLACE FUNCTION private.is_name (
  string text
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN (private.is_line(string) AND (string !~ '[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]'::text));

CREATE OR REPLACE FUNCTION private.lets_in (
  viewer_id  uuid,
  profile_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT true
   WHERE ((profile_id = viewer_id) OR ( SELECT (NOT profiles.is_private)
            FROM public.profiles
           WHERE (profiles.id = lets_in.profile_id)) OR (( SELECT true
            FROM public.follows
           WHERE ((follows.follower_id = lets_in.viewer_id) AND (follows.followee_id = lets_in.profile_id))) IS TRUE));
END;

CREATE OR REPLACE FUNCTION private.limited_page (
  viewer_id uuid,
  place     text,
  below     bigint,
  above     bigint,
  most      integer
)
  RETURNS SETOF bigint
  LANGUAGE plpgsql
  STABLE
  ROWS 5
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  few constant integer := private.few_posts();
  read_rows integer;
  few_ids bigint[];
begin
  if viewer_id is null then
    return;
  end if;
  -- sees_post() asks about blocks and reposts too, but it is slow. So it is only asked about
  -- posts that are for the viewer. On an author's page a repost may be for them because of
  -- the post that it shows.
  select
    count(*),
    array_agg(newest.post_id) filter (where private.admits(
      limited_page.viewer_id, newest.author_id, newest.audience, false,
      (
        select true from public.follows
        where follows.follower_id = limited_page.viewer_id and follows.followee_id = newest.author_id
      ) is true,
      limited_page.place like 'by:%' or (
        select true from public.post_mentions
        where post_mentions.profile_id = limited_page.viewer_id and post_mentions.post_id = newest.post_id
      ) is true
    ))
  into read_rows, few_ids
  from (
    select limited_posts.post_id, limited_posts.author_id, limited_posts.audience
    from private.limited_posts
    where limited_posts.place = limited_page.place
      and limited_posts.post_id < below and limited_posts.post_id > above
    order by limited_posts.post_id desc
    limit few
  ) as newest;
  if read_rows < few then
    return query
    select one.id
    from (
      select candidate.id
      from unnest(few_ids) as candidate (id)
      order by candidate.id desc
      -- It is asked about one after the other, until there are enough.
      offset 0
    ) as one
    where private.sees_post(limited_page.viewer_id, one.id)
    limit most;
    return;
  end if;

  -- If few posts of the place address people, each is asked whether it mentions the viewer.
  -- If there are more, the viewer's mentions are read instead.
  select
    count(*),
    array_agg(newest.post_id) filter (where limited_page.place like 'by:%' or (
      select true from public.post_mentions
      where post_mentions.profile_id = limited_page.viewer_id and post_mentions.post_id = newest.post_id
    ))
  into read_rows, few_ids
  from (
    select limited_posts.post_id
    from private.limited_posts
    where limited_posts.place = limited_page.place and limited_posts.audience = 'mentioned'
      and limited_posts.post_id < below and limited_posts.post_id > above
    order by limited_posts.post_id desc
    limit few
  ) as newest;

  return query
  select found.post_id
  from (
    (
      select theirs.post_id
      from (
        select limited_page.viewer_id
        union all
        select follows.followee_id from public.follows where follows.follower_id = limited_page.viewer_id
      ) as author (id)
      cross join lateral (
        select limited_posts.post_id
        from private.limited_posts
        where limited_posts.author_place = limited_page.place || ' ' || author.id::text
          and (limited_posts.audience <> 'mentioned' or author.id = limited_page.viewer_id)
          and limited_posts.post_id < below and limited_posts.post_id > above
        order by limited_posts.post_id desc
        limit most
      ) as theirs
      order by theirs.post_id desc
      limit most
    )
    union
    (
      select one.id
      from (
        select candidate.id
        from unnest(few_ids) as candidate (id)
        where read_rows < few
        order by candidate.id desc
        offset 0
      ) as one
      where private.sees_post(limited_page.viewer_id, one.id)
      limit most
    )
    union
    (
      -- The posts that address the viewer. Read from the newest, until there are enough.
      select addressed.post_id
      from (
        select post_mentions.post_id
        from public.post_mentions
        where read_rows = few
          and post_mentions.profile_id = limited_page.viewer_id
          and post_mentions.post_id < below and post_mentions.post_id > above
          and (
            select limited_posts.audience = 'mentioned'
            from private.limited_posts
            where limited_posts.place = limited_page.place and limited_posts.post_id = post_mentions.post_id
          )
        order by post_mentions.post_id desc
        offset 0
      ) as addressed
      where private.sees_post(limited_page.viewer_id, addressed.post_id)
      limit most
    )
    union
    (
      -- On the page of an author, the author's reposts of such posts. This is a subquery, so
      -- that every plan starts with the viewer's mentions.
      select repost.id
      from (
        select (
          select posts.id
          from public.posts
          where posts.repost_of_id = post_mentions.post_id
            and posts.author_id = (select original.author_id from public.posts as original where original.id = post_mentions.post_id)
        )
        from public.post_mentions
        where read_rows = few
          and limited_page.place like 'by:%'
          and post_mentions.profile_id = limited_page.viewer_id
          -- The author may repost a reply. It is on the other page.
          and (
            select limited_posts.audience = 'mentioned'
            from private.limited_posts
            where limited_posts.place in (limited_page.place, 'replies-' || limited_page.place)
              and limited_posts.post_id = post_mentions.post_id
          )
        offset 0
      ) as repost (id)
      where repost.id < below and repost.id > above and private.sees_post(limited_page.viewer_id, repost.id)
      order by repost.id desc
      limit most
    )
  ) as found (post_id)
  order by found.post_id desc
  limit most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.limited_places (
  ids bigint[]
)
  RETURNS TABLE (
    place     text,
    post_id   bigint,
    author_id uuid,
    audience  public.audience
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 1
  SET search_path TO ''
  AS $function$
begin
  return query
  select limited.place, posts.id, decider.author_id, decider.audience
  from public.posts
  join public.profiles on profiles.id = posts.author_id
  left join public.posts as original on original.id = posts.repost_of_id
  cross join lateral (
    select 'reply:' || posts.reply_to_id, false where posts.reply_to_id is not null
    union all
    select 'quote:' || posts.quote_of_id, false where posts.quote_of_id is not null
    union all
    select 'repost:' || posts.repost_of_id, false where posts.repost_of_id is not null and profiles.is_private
    union all
    select 'tag:' || post_tags.tag, false from public.post_tags where post_tags.post_id = posts.id
    union all
    select case when posts.reply_to_id is null then 'by:' else 'replies-by:' end || posts.author_id, true
    where posts.audience = 'mentioned' or (original.author_id = posts.author_id and original.audience = 'mentioned')
    union all
    select 'shown-by:' || posts.author_id, true
    where original.author_id <> posts.author_id and not original.is_open
  ) as limited (place, of_original)
  -- The post that decides who sees it. For a repost on an author's page, it is the post
  -- that the repost shows.
  cross join lateral (
    select original.author_id, original.audience where limited.of_original and original.id is not null
    union all
    select posts.author_id, posts.audience where not limited.of_original or original.id is null
  ) as decider
  where posts.id = any (limited_places.ids) and not posts.is_open;
end;
$function$;

CREATE OR REPLACE FUNCTION private.limited_posts_count()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if tg_op = 'INSERT' then
    insert into private.limited_counts as counts (place, amount)
    select changed.place, count(*)
    from changed
    where changed.place ~ '^(reply|quote|repost):'
    group by changed.place
    order by changed.place
    on conflict (place) do update
    set amount = counts.amount + excluded.amount;
    return null;
  end if;

  perform
  from private.limited_counts
  where limited_counts.place in (select changed.place from changed)
  order by limited_counts.place
  for update;

  update private.limited_counts
  set amount = limited_counts.amount - change.amount
  from (
    select changed.place, count(*) as amount
    from changed
    group by changed.place
  ) as change
  where limited_counts.place = change.place;
  delete from private.limited_counts
  where limited_counts.place in (select changed.place from changed) and limited_counts.amount = 0;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.limited_seen (
  viewer_id  uuid,
  place      text,
  amount     bigint,
  hidden_ids uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  AS $function$
begin
  if viewer_id is null then
    return 0;
  elsif amount <= private.few_posts() then
    return (
      select count(*)
      from private.limited_posts
      where limited_posts.place = limited_seen.place
        and limited_posts.author_id <> all (limited_seen.hidden_ids)
        and exists (
          select from private.is_for(
            limited_seen.viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
          )
        )
    );
  end if;
  return (
    select coalesce(sum(theirs.amount), 0)
    from (
      select limited_seen.viewer_id
      union all
      select follows.followee_id from public.follows where follows.follower_id = limited_seen.viewer_id
    ) as author (id)
    cross join lateral (
      select count(*) as amount
      from private.limited_posts
      where limited_posts.author_place = limited_seen.place || ' ' || author.id::text
        and (limited_posts.audience <> 'mentioned' or author.id = limited_seen.viewer_id)
    ) as theirs
  ) + (
    select count(*)
    from public.post_mentions
    where post_mentions.profile_id = limited_seen.viewer_id
      and (
        select limited_posts.audience = 'mentioned'
          and limited_posts.author_id <> limited_seen.viewer_id
          and limited_posts.author_id <> all (limited_seen.hidden_ids)
        from private.limited_posts
        where limited_posts.place = limited_seen.place and limited_posts.post_id = post_mentions.post_id
      )
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.lists_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if (select count(*) from public.lists where lists.owner_id = new.owner_id) >= 100 then
    raise sqlstate 'PT409' using message = 'You have 100 lists already, and cannot have more', detail = 'lists_full';
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_posts_of (
  profile_id uuid,
  to_delete  boolean
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_tries constant integer := 200;
  ids bigint[];
begin
  for try in 1..most_tries loop
    ids := array(
      select posts.id from public.posts where posts.author_id = lock_posts_of.profile_id
      union
      select repost.id
      from public.posts
      join public.posts as repost on repost.repost_of_id = posts.id
      where posts.author_id = lock_posts_of.profile_id
    );
    begin
      if to_delete then
        perform from public.posts where posts.id = any (ids) order by posts.id for update nowait;
      else
        perform from public.posts where posts.id = any (ids) order by posts.id for no key update nowait;
      end if;
      return ids;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;
  raise sqlstate 'PT503' using
    message = 'Somebody is changing some of these posts at this moment. Try again', detail = 'posts_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_username (
  wanted text
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT pg_advisory_xact_lock(2, (hashtext(lower(wanted)) & 1023))
  AS pg_advisory_xact_lock;
END;

CREATE OR REPLACE FUNCTION private.lone_characters()
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN
  '\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f\u1100-\u11ff\uac00-\ud7a3\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e80-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e\ua9e0-\ua9e4\ua9e6-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7a\uaa7e\uaa7f\u1780-\u17b3\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff'::text;

CREATE OR REPLACE FUNCTION private.looks_into (
  viewer_id  uuid,
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return exists (select from private.lets_in(looks_into.viewer_id, looks_into.profile_id))
    and not exists (select from private.block_between(looks_into.viewer_id, looks_into.profile_id));
end;
$function$;

CREATE OR REPLACE FUNCTION private.metadata_problem (
  metadata jsonb
)
  RETURNS private.problem
  LANGUAGE sql
  IMMUTABLE
RETURN CASE WHEN (octet_length((metadata)::text) > 4096) THEN ROW(400, 'metadata_size'::text, 'The metadata of an account has at most 4,096 bytes'::text)::private.problem ELSE
  NULL::private.problem END;

CREATE OR REPLACE FUNCTION private.my_limits()
  RETURNS SETOF public.allowance
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
begin
  return query
  select distinct on (allowances.action)
    allowances.action, span.allowed, span.per,
    greatest(0, span.allowed - case when span.until > now() then span.used else 0 end),
    case when span.until > now() then span.until end
  from private.allowances
  left join private.usage on usage.profile_id = allowances.profile_id and usage.action = allowances.action
  cross join lateral (
    values
      ('minute', allowances.per_minute, usage.minute_used, usage.minute_until),
      ('hour', allowances.per_hour, usage.hour_used, usage.hour_until),
      ('day', allowances.per_day, usage.day_used, usage.day_until)
  ) as span (per, allowed, used, until)
  where allowances.profile_id = private.viewer()
  -- If two have the same left, take the one that resets later.
  order by allowances.action, 4, span.until desc nulls last;
end;
$function$;

CREATE OR REPLACE FUNCTION private.name_characters (
  name text
)
  RETURNS text[]
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
declare
  characters text[] := '{}';
  run text;
begin
  if octet_length(name) = char_length(name) then
    return characters;
  end if;
  for run in
    select found.parts[1]
    from regexp_matches(name, '([' || private.lone_characters() || ']+)', 'g') as found (parts)
  loop
    for place in 1..char_length(run) loop
      characters := characters || substr(run, place, 1) || substr(run, place, 2);
    end loop;
  end loop;
  return characters;
end;
$function$;

CREATE OR REPLACE FUNCTION private.newest_posts (
  viewer_id  uuid,
  author_ids uuid[],
  tags       text[],
  below      bigint,
  above      bigint,
  wanted     integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  authors integer := cardinality(author_ids);
  reach integer;
  found bigint[] := '{}';
  scanned_id bigint := below;
  complete boolean := false;
begin
  if authors >= 200 then
    foreach reach in array array[authors * 4, authors * 12] loop
      found := found || array(
        select recent.id
        from (
          select posts.id, posts.author_id
          from public.posts
          where posts.id < scanned_id and posts.id > above
          order by posts.id desc
          limit reach
        ) as recent
        -- "is true" makes Postgres ask this of each post in order. Otherwise it would make
        -- a join.
        where (recent.author_id in (select author.id from unnest(author_ids) as author (id))) is true
        order by recent.id desc
        limit wanted - cardinality(found)
      );
      -- Where the next scan goes on. There is nowhere when this one read the last post.
      scanned_id := (
        select posts.id
        from public.posts
        where cardinality(found) < wanted and posts.id < scanned_id and posts.id > above
        order by posts.id desc
        offset reach - 1
        limit 1
      );
      complete := scanned_id is null;
      exit when complete or cardinality(found) * 4 < wanted;
    end loop;
  end if;

  if not complete then
    with head as materialized (
      select newest.author_id, newest.id
      from unnest(author_ids) as author (id)
      cross join lateral (
        select posts.author_id, posts.id
        from public.posts
        where posts.author_id = author.id and posts.id < below and posts.id > above
        order by posts.id desc
        limit 1
      ) as newest
      order by newest.id desc
      limit wanted
    )
    select coalesce(array_agg(candidate.id order by candidate.id desc), '{}') into found
    from (
      select theirs.id
      from head
      cross join lateral (
        select posts.id
        from public.posts
        where posts.author_id = head.author_id
          and posts.id <= head.id
          and posts.id > above
          and posts.id >= (
            select case when count(*) = wanted then min(lowest.id) else 0 end
            from head as lowest
          )
        order by posts.id desc
        limit wanted
      ) as theirs
      order by theirs.id desc
      limit wanted
    ) as candidate;
  end if;

  if cardinality(tags) > 0 then
    found := array(
      select tagged.post_id
      from unnest(tags) as followed (tag)
      cross join lateral (
        select post_tags.post_id
        from public.post_tags
        where post_tags.tag = followed.tag
          and post_tags.is_open
          and post_tags.post_id < below and post_tags.post_id > above
        order by post_tags.post_id desc
        limit wanted
      ) as tagged
      union
      select limited.id
      from unnest(tags) as followed (tag)
      cross join lateral private.limited_page(
        newest_posts.viewer_id, 'tag:' || followed.tag, below, above, wanted
      ) as limited (id)
      union
      select unnest(found)
      order by 1 desc
      limit wanted
    );
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.opens (
  post public.posts
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.pair_lexemes (
  stems      text[],
  next_stems text[]
)
  RETURNS text[]
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
declare
  lexemes text[] := '{}';
  one text;
  other text;
begin
  foreach one in array stems loop
    foreach other in array next_stems loop
      lexemes := lexemes || ('+' || to_hex(hashtextextended(one || ' ' || other, 0) & 1048575));
    end loop;
  end loop;
  return lexemes;
end;
$function$;

CREATE OR REPLACE FUNCTION private.people_named (
  author_id uuid,
  usernames text[]
)
  RETURNS TABLE (
    profile_id uuid,
    username   text
  )
  LANGUAGE sql
  STABLE
  ROWS 2
BEGIN ATOMIC
 SELECT profiles.id,
     lower(profiles.username)
  AS lower
    FROM public.profiles
   WHERE ((lower(profiles.username) = ANY (people_named.usernames)) AND (NOT (profiles.id IN ( SELECT private.hidden_ids(people_named.author_id) AS hidden_ids))));
END;

CREATE OR REPLACE FUNCTION private.post_counts_of (
  viewer_id uuid,
  post_ids  bigint[]
)
  RETURNS SETOF private.post_counts
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(post_counts_of.viewer_id));
  hides boolean := cardinality(hidden_ids) > 0;
begin
  return query
  select
    wanted.id,
    coalesce(counts.likes, 0) - case when hides and counts.likes > 0 then (
      select count(*)
      from public.likes
      where likes.post_id = wanted.id and likes.user_id = any (hidden_ids)
    ) else 0 end,
    coalesce(counts.replies, 0) - case when hides and counts.replies > 0 then (
      select count(*)
      from public.posts
      where posts.reply_to_id = wanted.id and posts.author_id = any (hidden_ids) and posts.is_open
    ) else 0 end - coalesce((
      select limited_counts.amount
        - private.limited_seen(post_counts_of.viewer_id, limited_counts.place, limited_counts.amount, hidden_ids)
      from private.limited_counts
      where limited_counts.place = 'reply:' || wanted.id
    ), 0),
    coalesce(counts.reposts, 0) - case when hides and counts.reposts > 0 then (
      select count(*)
      from public.posts
      join public.profiles on profiles.id = posts.author_id and not profiles.is_private
      where posts.repost_of_id = wanted.id and posts.author_id = any (hidden_ids)
    ) else 0 end - coalesce((
      select limited_counts.amount
        - private.limited_seen(post_counts_of.viewer_id, limited_counts.place, limited_counts.amount, hidden_ids)
      from private.limited_counts
      where limited_counts.place = 'repost:' || wanted.id
    ), 0),
    coalesce(counts.quotes, 0) - case when hides and counts.quotes > 0 then (
      select count(*)
      from public.posts
      where posts.quote_of_id = wanted.id and posts.author_id = any (hidden_ids) and posts.is_open
    ) else 0 end - coalesce((
      select limited_counts.amount
        - private.limited_seen(post_counts_of.viewer_id, limited_counts.place, limited_counts.amount, hidden_ids)
      from private.limited_counts
      where limited_counts.place = 'quote:' || wanted.id
    ), 0)
  from unnest(post_counts_of.post_ids) as wanted (id)
  left join private.post_counts as counts on counts.post_id = wanted.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.post_tags_limit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if not exists (select from changed where not changed.is_open) then
    return null;
  elsif tg_op = 'INSERT' then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select 'tag:' || changed.tag, posts.id, posts.author_id, posts.audience
    from changed
    join public.posts on posts.id = changed.post_id
    where not changed.is_open
    on conflict do nothing;
  else
    delete from private.limited_posts
    using changed
    where limited_posts.place = 'tag:' || changed.tag and limited_posts.post_id = changed.post_id;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.post_vector (
  post public.posts
)
  RETURNS tsvector
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  grammar text := private.grammar_of(post.language);
  words text := '';
begin
  with word as materialized (
    select found.word, found.place
    from unnest(private.search_words(post.title)) with ordinality as found (word, place)
    union all
    select found.word, found.place + 4000
    from unnest(private.search_words(post.content)) with ordinality as found (word, place)
  ),
  stems as materialized (
    select word.word, private.word_stems(word.word, grammar) as stems, array_agg(word.place) as places
    from word
    group by word.word
  )
  select string_agg(lexeme, ' ') into words
  from (
    select '''' || private.stem_lexeme(stem, grammar) || ''':' || array_to_string(stems.places, ',') as lexeme
    from stems
    cross join unnest(stems.stems) as stem
    union all
    select distinct pair
    from word
    join word as following on following.place = word.place + 1
    join stems on stems.word = word.word
    join stems as next_stems on next_stems.word = following.word
    cross join lateral unnest(private.pair_lexemes(stems.stems, next_stems.stems)) as pair
    union all
    select '''#' || (entity ->> 'tag') || ''''
    from jsonb_array_elements(post.entities) as entity
    where entity ->> 'type' = 'tag'
    union all
    select '''to:' || post_mentions.profile_id || ''''
    from public.post_mentions
    where post.audience = 'mentioned' and post_mentions.post_id = post.id
    union all
    select '''to:mentioned'''
    where post.audience = 'mentioned'
    union all
    select '''' || private.time_lexeme(step, post.id) || ''''
    from generate_series(1, 6) as step
  ) as held;

  return (words || ' ''from:' || post.author_id || '''')::tsvector;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_annotate()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into public.post_tags (post_id, tag, is_open)
  select added.id, tag, added.is_open
  from added
  cross join lateral private.tags_in(added.entities) as tag;

  insert into public.post_mentions (post_id, profile_id, usernames)
  select added.id, found.profile_id, array[found.username]
  from added
  cross join lateral private.people_named(added.author_id, private.usernames_in(added.entities)) as found;

  insert into public.post_mentions (post_id, profile_id, usernames, is_answered)
  select added.id, answered.author_id, '{}', true
  from added
  join public.posts as answered on answered.id = added.reply_to_id
  where added.audience = 'mentioned'
    and answered.author_id <> added.author_id
    and answered.author_id not in (select private.hidden_ids(added.author_id))
  on conflict (post_id, profile_id) do update
  set is_answered = true;
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

CREATE OR REPLACE FUNCTION private.posts_count_authors()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  perform
  from private.author_counts
  where author_counts.author_id in (select changed.author_id from changed where changed.repost_of_id is null)
  order by author_counts.author_id
  for no key update;

  update private.author_counts
  set for_everyone = author_counts.for_everyone + step * change.for_everyone,
      for_followers = author_counts.for_followers + step * change.for_followers,
      for_mentioned = author_counts.for_mentioned + step * change.for_mentioned
  from (
    select
      changed.author_id,
      count(*) filter (where changed.audience = 'everyone') as for_everyone,
      count(*) filter (where changed.audience = 'followers') as for_followers,
      count(*) filter (where changed.audience = 'mentioned') as for_mentioned
    from changed
    where changed.repost_of_id is null
    group by changed.author_id
  ) as change
  where author_counts.author_id = change.author_id;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_count_targets()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.post_counts as counts (post_id, replies, reposts, quotes)
  select
    target.post_id,
    count(*) filter (where target.post_id = added.reply_to_id),
    count(*) filter (where target.post_id = added.repost_of_id),
    count(*) filter (where target.post_id = added.quote_of_id)
  from added
  cross join lateral (
    select distinct reference.post_id
    from unnest(array[added.reply_to_id, added.repost_of_id, added.quote_of_id]) as reference (post_id)
    where reference.post_id is not null
  ) as target
  group by target.post_id
  order by target.post_id
  on conflict (post_id) do update
  set replies = counts.replies + excluded.replies,
      reposts = counts.reposts + excluded.reposts,
      quotes = counts.quotes + excluded.quotes;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_count_targets_down()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform
  from private.post_counts
  where post_counts.post_id in (
    select removed.id from removed
    union all
    select posts.id
    from removed
    join public.posts on posts.id in (removed.reply_to_id, removed.repost_of_id, removed.quote_of_id)
  )
  order by post_counts.post_id
  for update;

  delete from private.post_counts
  using removed
  where post_counts.post_id = removed.id;

  update private.post_counts
  set replies = post_counts.replies - change.replies,
      reposts = post_counts.reposts - change.reposts,
      quotes = post_counts.quotes - change.quotes
  from (
    select
      target.post_id,
      count(*) filter (where target.post_id = removed.reply_to_id) as replies,
      count(*) filter (where target.post_id = removed.repost_of_id) as reposts,
      count(*) filter (where target.post_id = removed.quote_of_id) as quotes
    from removed
    cross join lateral (
      select distinct reference.post_id
      from unnest(array[removed.reply_to_id, removed.repost_of_id, removed.quote_of_id]) as reference (post_id)
      where reference.post_id is not null
    ) as target
    group by target.post_id
  ) as change
  where post_counts.post_id = change.post_id
    and exists (select from public.posts where posts.id = change.post_id);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_keep_place()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  childless bigint[];
begin
  -- A removed post keeps its place when a reply or a place is left below it.
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

  -- A place is deleted when nothing is left below it. Then the place above it may have
  -- nothing left below it either.
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
$function$;

CREATE OR REPLACE FUNCTION private.posts_keep_version()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  written_at timestamptz := coalesce(old.edited_at, old.created_at);
  newest integer;
begin
  -- Never before the version it replaces, even if somebody sets the clock back.
  new.edited_at := greatest(clock_timestamp(), written_at);
  new.entities := private.text_entities(new.title, new.content);

  insert into public.post_versions (
    post_id, version, title, content, content_warning, created_at, replaced_at
  )
  select
    old.id, coalesce(max(post_versions.version), 0) + 1, old.title, old.content, old.content_warning,
    written_at, new.edited_at
  from public.post_versions
  where post_versions.post_id = old.id
  returning post_versions.version into newest;

  delete from public.post_versions
  where post_versions.post_id = old.id and post_versions.version between 2 and newest - 50;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_limit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := array(select added.id from added where not added.is_open);
begin
  if cardinality(ids) > 0 then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select limited.place, limited.post_id, limited.author_id, limited.audience
    from private.limited_places(ids) as limited
    on conflict do nothing;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_prepare()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := coalesce(auth.uid(), new.author_id);
  rows_so_far integer;
  room integer;
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

  -- opens() and posts_limit() ask whether the account is private. With this lock, a request
  -- that makes it private or public waits for this post, or this post waits for the request.
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
      raise sqlstate 'PT409' using message = 'You have already reposted this post', detail = 'already_reposted';
    end if;
  end if;
  new.is_open := private.opens(new);
  new.entities := private.text_entities(new.title, new.content);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_search()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.index_posts(array(select added.id from added where added.repost_of_id is null));
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_search_again()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.index_posts(array[new.id]);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_unlimit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if exists (select from removed where not removed.is_open) then
    delete from private.limited_posts
    where limited_posts.post_id in (select removed.id from removed where not removed.is_open);
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_afford_privacy()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is not null then
    perform private.charge(auth.uid(), 'privacy', 1);
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_check_username()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  problem private.problem;
begin
  if tg_op = 'UPDATE' and new.username = old.username then
    return new;
  end if;
  -- users_create_profile() has the lock already. With a second one, two people could wait in a
  -- circle.
  if tg_op = 'UPDATE' then
    perform private.lock_username(new.username);
  end if;
  problem := private.username_problem(new.username, new.id);
  if problem is not null then
    raise exception using
      errcode = 'PT' || problem.status, message = problem.message, detail = problem.code;
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_end_posts()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.lock_posts_of(old.id, true);

  perform
  from public.likes
  where likes.user_id = old.id
    or likes.post_id in (select posts.id from public.posts where posts.author_id = old.id)
  order by likes.user_id, likes.post_id
  for update;

  perform
  from private.post_counts
  where post_counts.post_id in (
    select likes.post_id
    from public.likes
    where likes.user_id = old.id
    union all
    select target.id
    from public.posts
    cross join unnest(array[posts.reply_to_id, posts.repost_of_id, posts.quote_of_id]) as target (id)
    where posts.author_id = old.id
  )
  order by post_counts.post_id
  for update;

  perform
  from private.limited_counts
  where limited_counts.place in (
    select limited_posts.place
    from private.limited_posts
    where limited_posts.post_id in (select posts.id from public.posts where posts.author_id = old.id)
  )
  order by limited_counts.place
  for update;

  delete from public.likes
  where likes.user_id = old.id;
  delete from public.posts
  where posts.author_id = old.id;
  return old;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_end_usage()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  delete from private.usage
  where usage.profile_id = old.id and usage.action in (
    select free.action
    from private.usage as free
    where free.profile_id = old.id
    for update skip locked
  );
  return old;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_hold_last_username()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.hold_username(old.username, null);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_hold_username()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  changed_at timestamptz := (
    select max(held_usernames.held_at)
    from private.held_usernames
    where held_usernames.profile_id = new.id
  );
begin
  delete from private.held_usernames
  where held_usernames.username = lower(new.username) and held_usernames.profile_id = new.id;

  if not found and changed_at > now() - interval '7 days' then
    raise sqlstate 'PT429' using
      message = 'You changed your username a short while ago',
      detail = 'username_changed_recently',
      hint = to_char(
        (changed_at + interval '7 days') at time zone 'UTC',
        '"A new one can be taken from "YYYY-MM-DD"T"HH24:MI:SS"Z"'
      );
  end if;

  perform private.hold_username(old.username, old.id);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_name()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into private.names (profile_id, username, display_name, is_searchable)
  values (new.id, private.folded(new.username), private.folded(new.display_name), new.is_searchable)
  on conflict (profile_id) do update
  set username = excluded.username, display_name = excluded.display_name, is_searchable = excluded.is_searchable;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_open_posts()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := private.lock_posts_of(new.id, false);
begin
  update public.posts
  set is_open = not new.is_private
  where posts.author_id = new.id
    and posts.repost_of_id is null
    and posts.audience = 'everyone'
    and posts.is_open = new.is_private;

  update public.posts
  set is_open = not posts.is_open
  from public.posts as original, public.profiles as author
  where posts.id = any (ids)
    and original.id = posts.repost_of_id
    and author.id = posts.author_id
    and posts.is_open <> (original.is_open and not author.is_private);

  update public.post_tags
  set is_open = posts.is_open
  from public.posts
  where posts.id = post_tags.post_id
    and posts.author_id = new.id
    and post_tags.is_open <> posts.is_open;

  if new.is_private then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select limited.place, limited.post_id, limited.author_id, limited.audience
    from private.limited_places(ids) as limited
    order by limited.place
    on conflict do nothing;
  else
    delete from private.limited_posts
    where limited_posts.post_id = any (ids)
      and (limited_posts.place, limited_posts.post_id) not in (
        select still.place, still.post_id from private.limited_places(ids) as still
      );
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_search_posts()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if not private.switch_findable(new.id, 500) then
    insert into private.search_switches (author_id)
    values (new.id)
    on conflict do nothing;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.publish_due_draft (
  draft public.drafts,
  OUT   is_published boolean,
  OUT   put_off_until timestamp with time zone
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  message text;
  code text;
  state text;
begin
  perform set_config(
    'request.jwt.claims', jsonb_build_object('sub', draft.author_id, 'role', 'authenticated')::text, true
  );
  begin
    perform private.require_active_account(draft.author_id);
    perform private.publish(draft);
    is_published := true;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text, code = pg_exception_detail;
    is_published := false;
  end;
  perform set_config('request.jwt.claims', '', true);

  if is_published then
    null;
  elsif state = 'PGRST' then
    -- The budget is used up: see refuse_rate().
    put_off_until := message::jsonb ->> 'hint';
  elsif left(state, 2) in ('40', '53', '55', '57', '58') then
    -- The trouble will probably pass: rolled back, out of resources, locked, interrupted,
    -- a broken server.
    put_off_until := now() + interval '1 minute';
  else
    update public.drafts
    set failed_at = now(), failure = case when state like 'PT%' then code else state end
    where drafts.id = draft.id;
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.publish_due_drafts()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  author_ids uuid[] := '{}';
  -- The authors who have to wait, and until when.
  put_off jsonb := '{}';
  draft_ids uuid[];
  waiting_id uuid;
  draft public.drafts;
  outcome record;
  published integer := 0;
begin
  perform private.take_turn_without_person();

  for waiting_id in
    select draft_queue.author_id
    from private.draft_queue
    where draft_queue.due_at <= now()
    order by draft_queue.due_at
    limit 100
  loop
    if pg_try_advisory_xact_lock(private.queue_key('turn', waiting_id)) then
      author_ids := author_ids || waiting_id;
    end if;
  end loop;

  draft_ids := array(
    select due.id
    from unnest(author_ids) with ordinality as author (id, place)
    cross join lateral (
      select drafts.id, drafts.publish_at
      from public.drafts
      where drafts.author_id = author.id and drafts.publish_at <= now() and drafts.failed_at is null
      order by drafts.publish_at, drafts.created_at
      limit 100 / nullif(cardinality(author_ids), 0)
    ) as due
    order by author.place, due.publish_at
  );

  perform
  from private.author_counts
  where author_counts.author_id = any (author_ids)
  order by author_counts.author_id
  for no key update;

  with named as (
    select posts.id
    from public.posts
    where posts.id in (
      select coalesce(target.repost_of_id, target.id)
      from public.drafts
      join public.posts as target on target.id in (drafts.reply_to_id, drafts.quote_of_id)
      where drafts.id = any (draft_ids)
    )
    for key share skip locked
  )
  insert into private.post_counts (post_id)
  select named.id
  from named
  order by named.id
  -- This changes nothing. It locks the row.
  on conflict (post_id) do update
  set likes = post_counts.likes;

  for draft in
    select drafts.*
    from unnest(draft_ids) with ordinality as due (id, place)
    join public.drafts using (id)
    order by due.place
  loop
    continue when put_off ? draft.author_id::text;
    outcome := private.publish_due_draft(draft);
    if outcome.is_published then
      published := published + 1;
    elsif outcome.put_off_until is not null then
      put_off := put_off || jsonb_build_object(draft.author_id, outcome.put_off_until);
    end if;
  end loop;

  -- An author with more drafts goes to the end of the queue.
  delete from private.draft_queue
  where draft_queue.author_id = any (author_ids);
  insert into private.draft_queue (author_id, due_at)
  select
    drafts.author_id,
    greatest(min(drafts.publish_at), clock_timestamp(), (put_off ->> drafts.author_id::text)::timestamptz)
  from public.drafts
  where drafts.author_id = any (author_ids) and drafts.publish_at is not null and drafts.failed_at is null
  group by drafts.author_id;
  return published;
end;
$function$;

CREATE OR REPLACE FUNCTION private.queue_key (
  queue     text,
  person_id uuid
)
  RETURNS bigint
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN hashtextextended(((queue || ' of '::text) || person_id), (0)::bigint);

CREATE OR REPLACE FUNCTION private.quotes_muted (
  viewer_id   uuid,
  quote_of_id bigint,
  muted_ids   uuid[]
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return cardinality(quotes_muted.muted_ids) > 0 and exists (
    select from public.posts
    where posts.id = quotes_muted.quote_of_id
      and posts.author_id = any (quotes_muted.muted_ids)
      and private.sees_post(quotes_muted.viewer_id, posts.id)
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_search (
  query text
)
  RETURNS private.search
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  grammars text[] := array(select search_grammars.grammar from private.search_grammars union select '');
  tag_start constant text := '^[#＃]([' || private.tag_characters() || '︎️]+)';
  found private.search := (null, null, null, -9223372036854775808, 9223372036854775807);
  filters text[] := '{}';       -- for every alternative
  alternatives text[] := '{}';
  terms text[] := '{}';         -- in the current alternative
  index_alternatives text[] := '{}';
  index_terms text[] := '{}';   -- the same for the index, which cannot answer all of them
  has_filter boolean := false;  -- the query wants a tag or an author
  has_word boolean := false;    -- the current alternative wants a word
  is_vague boolean := false;    -- an alternative wants no word
  is_nothing boolean := false;  -- nobody has that name, or no post can have that tag
  said record;
  value text;
  author_id uuid;
  words text[];
  asked record;
begin
  if coalesce(char_length(query), 0) not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A search has 1 to 500 characters', detail = 'search_query';
  end if;

  for said in select * from private.search_pieces(query) loop
    if said.is_quoted then
      words := private.search_words(said.piece);

    elsif lower(said.piece) = 'or' and not said.is_unwanted then
      if cardinality(terms) > 0 then
        alternatives := alternatives || private.all_of(terms);
        index_alternatives := index_alternatives || array_to_string(index_terms, ' & ');
        is_vague := is_vague or not has_word;
        terms := '{}';
        index_terms := '{}';
        has_word := false;
      end if;
      continue;

    elsif said.piece ~* '^since:.' and not said.is_unwanted then
      found.since_id := greatest(found.since_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^until:.' and not said.is_unwanted then
      found.until_id := least(found.until_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^from:@?[^@]' then
      select profiles.id into author_id
      from public.profiles
      where lower(profiles.username) = lower(regexp_replace(said.piece, '^from:@?', '', 'i'));
      if said.is_unwanted and author_id is not null then
        filters := filters || format('!''from:%s''', author_id);
      elsif not said.is_unwanted then
        has_filter := true;
        is_nothing := is_nothing or author_id is null or coalesce(found.from_id <> author_id, false);
        found.from_id := author_id;
        filters := filters || format('''from:%s''', author_id);
      end if;
      continue;

    else
      -- A tag ends at the first character that it cannot have. The rest is read as words.
      value := (regexp_match(said.piece, tag_start))[1];
      if value is not null then
        value := private.tag_name(value);
        if said.is_unwanted and value is not null then
          filters := filters || format('!''#%s''', value);
        elsif not said.is_unwanted then
          has_filter := true;
          is_nothing := is_nothing or value is null;
          filters := filters || format('''#%s''', value);
        end if;
        said.is_unwanted := false;
      end if;
      words := private.search_words(regexp_replace(said.piece, tag_start, ''));
    end if;

    if cardinality(words) > 0 then
      asked := private.words_query(words, grammars);
      terms := terms || (case when said.is_unwanted then '!' else '' end || asked.exact);
      -- A post may have all pairs of an unwanted phrase, but not the phrase itself. So the
      -- index cannot exclude it.
      if not said.is_unwanted then
        index_terms := index_terms || asked.indexed;
      elsif cardinality(words) = 1 then
        index_terms := index_terms || ('!' || asked.indexed);
      end if;
      has_word := has_word or not said.is_unwanted;
    end if;
  end loop;

  if cardinality(terms) > 0 then
    alternatives := alternatives || private.all_of(terms);
    index_alternatives := index_alternatives || array_to_string(index_terms, ' & ');
    is_vague := is_vague or not has_word;
  end if;
  if not has_filter and (is_vague or cardinality(alternatives) = 0) then
    raise sqlstate 'PT400' using
      message = 'Search for a word, a #tag or from:somebody', detail = 'search_query';
  end if;
  is_nothing := is_nothing or (cardinality(alternatives) > 0 and array_remove(alternatives, null) = '{}');
  if not is_nothing then
    found.wanted := array_to_string(
      case when cardinality(alternatives) = 0 or '' = any (index_alternatives) then filters
      else filters || ('(' || array_to_string(index_alternatives, ' | ') || ')') end,
      ' & '
    )::tsquery;
    if alternatives <> index_alternatives then
      found.exact := array_to_string(alternatives, ' | ')::tsquery;
    end if;
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_rate (
  action    text,
  resets_at timestamp with time zone
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  refusal text := format('You did this too often for now (%s)', refuse_rate.action);
  -- Rounded up, so that a person who waits until then is not refused again.
  from_when text := to_char(
    date_trunc('second', refuse_rate.resets_at + interval '999999 microseconds') at time zone 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS"Z"'
  );
  seconds integer := greatest(1, ceil(extract(epoch from refuse_rate.resets_at - clock_timestamp())));
begin
  if auth.uid() is null then
    raise sqlstate 'PT429' using message = refusal, detail = 'rate_limited', hint = from_when;
  end if;
  raise sqlstate 'PGRST' using
    message = jsonb_build_object('code', 'PT429', 'message', refusal, 'details', 'rate_limited', 'hint', from_when),
    detail = jsonb_build_object('status', 429, 'headers', jsonb_build_object('Retry-After', seconds::text));
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_active_account (
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  if not exists (
    select from auth.users
    where users.id = require_active_account.profile_id
      and (users.banned_until is null or users.banned_until < now())
      and users.deleted_at is null
      and users.confirmed_at is not null
  ) then
    raise sqlstate 'PT403' using
      message = 'The account is banned, deleted or not confirmed', detail = 'account_inactive';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_open_post (
  viewer_id uuid,
  post_id   bigint
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  post public.posts;
begin
  perform
  from public.posts as named
  left join public.posts as original on original.id = named.repost_of_id
  join public.profiles on profiles.id = coalesce(original.author_id, named.author_id)
  where named.id = require_open_post.post_id and profiles.id is distinct from require_open_post.viewer_id
  for share of profiles;

  post := private.require_post(viewer_id, post_id);
  if not post.is_open and post.author_id is distinct from viewer_id then
    raise sqlstate 'PT403' using
      message = 'This post is not for everyone. Only its author can repost or quote it',
      detail = 'post_not_open';
  end if;
  return post.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_post (
  viewer_id uuid,
  post_id   bigint
)
  RETURNS public.posts
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  post public.posts;
begin
  -- Lock the viewer's profile before the post. Otherwise somebody who writes while their
  -- account is being deleted could wait for the deletion while it waits for them.
  perform
  from public.profiles
  where profiles.id = require_post.viewer_id
  for key share;

  select posts.* into post
  from public.posts
  where posts.id = require_post.post_id
  for key share skip locked;

  if post.repost_of_id is not null and private.sees_post(viewer_id, post.id) then
    select posts.* into post
    from public.posts
    where posts.id = post.repost_of_id
    for key share skip locked;
  end if;
  if post.id is null or not private.sees_post(viewer_id, post.id) then
    raise sqlstate 'PT404' using message = 'There is no such post', detail = 'post_not_found';
  end if;
  return post;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_profile (
  viewer_id  uuid,
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if not exists (
    select from public.profiles
    where profiles.id = require_profile.profile_id
  ) or exists (
    select from private.block_between(require_profile.viewer_id, require_profile.profile_id)
  ) then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_authors (
  viewer_id  uuid,
  hidden_ids uuid[],
  author_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  since_id   bigint,
  before_id  bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  authors tsquery;
  found bigint[] := '{}';
begin
  for authors in
    select string_agg(format('''from:%s''', author.id), ' | ')::tsquery && !!('''to:mentioned'''::tsquery)
    from (
      select writer.id, (writer.place - 1) / 50 as turn
      from unnest(author_ids) with ordinality as writer (id, place)
    ) as author
    group by author.turn
    union all
    select format('''from:%s'' | ''to:%s''', viewer_id, viewer_id)::tsquery
  loop
    found := found || private.search_back(
      viewer_id, hidden_ids, false, wanted && authors, exact, since_id, before_id, before_id - since_id, page_size
    );
  end loop;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_back (
  viewer_id   uuid,
  hidden_ids  uuid[],
  is_findable boolean,
  wanted      tsquery,
  exact       tsquery,
  since_id    bigint,
  before_id   bigint,
  width       bigint,
  page_size   integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  shortest constant bigint := 1 << 24;  -- 4 seconds
  most integer := 500;
  found bigint[] := '{}';
  top bigint := before_id;
  bottom bigint;
  shift integer;
  read_rows integer;
  fitting bigint[];
  unwanted text;
begin
  width := greatest(width, shortest);
  while top > since_id and cardinality(found) < page_size loop
    -- The stretch begins where a long step begins, so that few steps fill it.
    shift := 20 + 4 * least(6, greatest(1, floor((log(2, width) - 22) / 4)::integer));
    bottom := greatest(since_id, ((top - width) >> shift) << shift);

    select count(*), array_agg(row.post_id order by row.post_id desc) filter (where row.fits),
      string_agg(distinct '''from:' || row.author_id || '''', ' | ') filter (where not row.fits)
    into read_rows, fitting, unwanted
    from (
      select
        match.post_id, match.author_id,
        match.author_id <> all (hidden_ids)
          and (search_back.is_findable or match.author_id = viewer_id or (
            select profiles.is_searchable from public.profiles where profiles.id = match.author_id
          )) as fits
      from (
        select findable.* from private.search_findable(wanted, exact, bottom, top, most) as findable
        where search_back.is_findable
        union all
        select limited.* from private.search_limited(wanted, exact, bottom, top, most) as limited
        where not search_back.is_findable
      ) as match
    ) as row;

    if read_rows = most and unwanted is not null then
      wanted := wanted && !!(unwanted::tsquery);
    elsif read_rows = most and width > shortest then
      width := greatest(shortest, least(width, top - bottom) / 16);
    elsif read_rows = most then
      most := most * 8;
    else
      found := found || fitting;
      top := bottom;
      most := 500;
      -- The next stretch is 1.5 times as long as the rest of the page should need.
      width := least(width, 1::bigint << 55) * case
        when cardinality(found) = 0 then 64
        else greatest(2, least(16, 1.5 * (page_size - cardinality(found)) / greatest(coalesce(cardinality(fitting), 0), 0.1)))
      end;
    end if;
  end loop;
  return found[:page_size];
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_circle (
  viewer_id  uuid,
  hidden_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  from_id    uuid,
  since_id   bigint,
  before_id  bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 200;
  author_ids uuid[];
  last_ids bigint[];
  middle_id bigint;
  found bigint[];
  read_rows integer;
  fitting bigint[];
begin
  select coalesce(array_agg(writer.id order by writer.last_id desc), '{}'), array_agg(writer.last_id order by writer.last_id desc)
  into author_ids, last_ids
  from (
    select follows.followee_id as id, (
      select post_search.post_id
      from private.post_search
      where post_search.author_id = follows.followee_id and not post_search.is_findable
        and post_search.post_id < before_id
      order by post_search.post_id desc
      limit 1
    ) as last_id
    from public.follows
    where follows.follower_id = viewer_id and (from_id is null or follows.followee_id = from_id)
  ) as writer
  where writer.last_id >= since_id;

  middle_id := greatest(since_id, last_ids[51] + 1);
  found := private.search_authors(viewer_id, hidden_ids, author_ids[:50], wanted, exact, middle_id, before_id, page_size);
  if middle_id = since_id or cardinality(found) >= page_size then
    return found;
  end if;

  select count(*), array_agg(match.post_id) filter (where (
    select true
    from public.posts
    join public.profiles on profiles.id = posts.author_id
    cross join lateral private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    where posts.id = match.post_id
      and (posts.author_id = viewer_id or profiles.is_searchable)
      and posts.author_id <> all (hidden_ids)
  ))
  into read_rows, fitting
  from private.search_limited(wanted, exact, since_id, middle_id, most) as match;
  if read_rows = most then
    fitting := private.search_authors(viewer_id, hidden_ids, author_ids, wanted, exact, since_id, middle_id, page_size);
  end if;
  return found || fitting;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_findable (
  wanted    tsquery,
  exact     tsquery,
  since_id  bigint,
  before_id bigint,
  most      integer
)
  RETURNS TABLE (
    post_id   bigint,
    author_id uuid
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 100
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET enable_indexscan TO 'off'
  SET jit TO 'off'
  AS $function$
declare
  asked tsquery := private.search_within(wanted, since_id, before_id);
begin
  return query
  select post_search.post_id, post_search.author_id
  from private.post_search
  where post_search.is_findable
    and post_search.vector @@ asked
    and (exact is null or ts_match_vq(post_search.vector, exact))
    and post_search.post_id + 0 >= search_findable.since_id
    and post_search.post_id + 0 < search_findable.before_id
  limit search_findable.most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_limited (
  wanted    tsquery,
  exact     tsquery,
  since_id  bigint,
  before_id bigint,
  most      integer
)
  RETURNS TABLE (
    post_id   bigint,
    author_id uuid
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 100
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET enable_indexscan TO 'off'
  SET jit TO 'off'
  AS $function$
declare
  asked tsquery := private.search_within(wanted, since_id, before_id);
begin
  return query
  select post_search.post_id, post_search.author_id
  from private.post_search
  where not post_search.is_findable
    and post_search.vector @@ asked
    and (exact is null or ts_match_vq(post_search.vector, exact))
    and post_search.post_id + 0 >= search_limited.since_id
    and post_search.post_id + 0 < search_limited.before_id
  limit search_limited.most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_newest (
  hidden_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  since_id   bigint,
  before_id  bigint,
  page_size  integer,
  OUT        post_ids bigint[],
  OUT        first_id bigint,
  OUT        last_id bigint
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET enable_bitmapscan TO 'off'
  SET jit TO 'off'
  AS $function$
declare
  few constant integer := 100;
begin
  post_ids := array(
    select newest.post_id
    from (
      select post_search.post_id, post_search.author_id, post_search.vector
      from private.post_search
      where post_search.is_findable
        and -post_search.post_id > -search_newest.before_id
        and -post_search.post_id <= -search_newest.since_id
      order by -post_search.post_id
      limit few
    ) as newest
    where newest.vector @@ wanted
      and (exact is null or newest.vector @@ exact)
      and newest.author_id <> all (hidden_ids)
    limit search_newest.page_size
  );
  if cardinality(post_ids) < search_newest.page_size then
    select max(newest.post_id), case when count(*) = few then min(newest.post_id) end
    into first_id, last_id
    from (
      select post_search.post_id
      from private.post_search
      where post_search.is_findable
        and -post_search.post_id > -search_newest.before_id
        and -post_search.post_id <= -search_newest.since_id
      order by -post_search.post_id
      limit few
    ) as newest;
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_open_posts (
  viewer_id  uuid,
  hidden_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  since_id   bigint,
  before_id  bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  newest record;
begin
  newest := private.search_newest(hidden_ids, wanted, exact, since_id, before_id, page_size);
  if newest.last_id is null then
    return newest.post_ids;
  end if;
  return newest.post_ids || private.search_back(
    viewer_id, hidden_ids, true, wanted, exact, since_id, newest.last_id, (newest.first_id - newest.last_id) * 8,
    page_size - cardinality(newest.post_ids)
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_people (
  query     text,
  page_size integer
)
  RETURNS SETOF public.person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_custom_plan'
  AS $function$
declare
  most constant integer := 150;
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  wanted text := private.folded(regexp_replace(btrim(search_people.query), '^@', ''));
  pattern text := replace(replace(replace(wanted, '\', '\\'), '%', '\%'), '_', '\_');
  characters text[];
  found_ids uuid[];
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(search_people.page_size);
  if coalesce(char_length(wanted), 0) not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'Search for a name of 1 to 100 characters', detail = 'search_query';
  end if;
  characters := private.name_characters(wanted);

  select array_agg(distinct candidate.profile_id) into found_ids
  from (
    (
      select names.profile_id
      from public.follows
      join private.names on names.profile_id = follows.followee_id
      where follows.follower_id = viewer_id and names.is_searchable and names.name like '%' || pattern || '%'
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.username = wanted
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.username like pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.is_searchable and names.display_name like pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where char_length(wanted) >= 3
        and names.is_searchable and names.name like '%' || pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where cardinality(characters) > 0
        and names.is_searchable and private.name_characters(names.name) @> characters
        and names.name like '%' || pattern || '%' and names.profile_id <> all (hidden_ids)
      limit most
    )
    union all
    (
      select names.profile_id
      from private.names
      where names.profile_id = viewer_id and names.name like '%' || pattern || '%'
    )
  ) as candidate
  where candidate.profile_id <> all (hidden_ids);

  if char_length(wanted) >= 3 and coalesce(cardinality(found_ids), 0) < search_people.page_size then
    -- Half of the trigrams, as in alise for alice. This cannot be a set clause of the
    -- function: only a superuser may create it, unless the library is loaded already.
    perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
    found_ids := found_ids || array(
      select names.profile_id
      from private.names
      where names.is_searchable
        and wanted operator(extensions.<%) names.name
        and names.profile_id <> all (hidden_ids)
        and names.profile_id <> all (coalesce(found_ids, '{}'))
      limit most
    );
  end if;

  select array_agg(ranked.place order by ranked.place), array_agg(ranked.profile_id order by ranked.place)
  into row_ids, profile_ids
  from (
    select
      names.profile_id,
      row_number() over (
        order by
          names.username = wanted desc,
          names.username like pattern || '%' desc,
          names.name like '%' || pattern || '%' desc,
          case when names.name like '%' || pattern || '%' then 0
          else -round(extensions.word_similarity(wanted, names.name)::numeric, 1) end,
          exists (
            select from public.follows
            where follows.follower_id = viewer_id and follows.followee_id = names.profile_id
          ) desc,
          exists (
            select from public.follows
            where follows.follower_id = names.profile_id and follows.followee_id = viewer_id
          ) desc,
          follow_counts.followers desc,
          names.profile_id
      ) as place
    from unnest(found_ids) as found (id)
    join private.names on names.profile_id = found.id
    join private.follow_counts on follow_counts.profile_id = found.id
    order by place
    limit search_people.page_size
  ) as ranked;

  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_pieces (
  query text
)
  RETURNS TABLE (
    is_unwanted boolean,
    is_quoted   boolean,
    piece       text
  )
  LANGUAGE sql
  IMMUTABLE
  ROWS 10
BEGIN ATOMIC
 SELECT (COALESCE(found.parts[1], found.parts[3]) ~ '^-'::text),
     (found.parts[2] IS NOT NULL),
     COALESCE(found.parts[2], ltrim(found.parts[3], '-'::text))
  AS "coalesce"
    FROM regexp_matches(translate(search_pieces.query, '“”„‟«»‹›「」『』＂'::text, repeat('"'::text, 13)), '(-*)"([^"]*)"?|([^"[:space:]   -​ -  　]+)'::text, 'g'::text) found(parts);
END;

CREATE OR REPLACE FUNCTION private.search_posts (
  query     text,
  before    bigint,
  page_size integer
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  search private.search;
  since_id bigint;
  before_id bigint;
  post_ids bigint[];
  circle_ids bigint[];
begin
  perform private.check_page_size(search_posts.page_size);
  search := private.read_search(search_posts.query);
  if search.wanted is null then
    return;
  end if;
  -- From the oldest to the newest post, in steps of 50 days. So the first stretch of time
  -- has a useful length.
  select
    greatest(search.since_id, (min(post_search.post_id) >> 44) << 44),
    least(search.until_id, search_posts.before, ((max(post_search.post_id) >> 44) + 1) << 44)
  into since_id, before_id
  from private.post_search;
  if since_id >= before_id or not exists (select from private.post_search) then
    return;
  end if;

  -- The index may be out of date for accounts that have just switched. They are hidden
  -- here.
  post_ids := private.search_open_posts(
    viewer_id, hidden_ids || array(select search_switches.author_id from private.search_switches limit 1000),
    search.wanted, search.exact, since_id, before_id, search_posts.page_size
  );
  if viewer_id is not null then
    -- If the page is full, only limited posts that are newer than its last post can
    -- still come into it.
    if cardinality(post_ids) = search_posts.page_size then
      since_id := post_ids[search_posts.page_size];
    end if;
    -- A statement of its own. Inside the query below, the planner would run it to make an
    -- estimate, and then run it again.
    circle_ids := private.search_circle(
      viewer_id, hidden_ids, search.wanted, search.exact, search.from_id, since_id, before_id, search_posts.page_size
    );
    post_ids := array(
      select found.id
      from unnest(post_ids || circle_ids) as found (id)
      order by found.id desc
      limit search_posts.page_size
    );
  end if;

  -- Only the rule of the post decides who sees it, and not the index.
  post_ids := array(
    select posts.id
    from unnest(post_ids) with ordinality as found (id, place)
    join public.posts on posts.id = found.id
    where exists (
      select from private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    )
    order by found.place
  );
  return query
  select items.*
  from private.feed_items(viewer_id, post_ids, post_ids) as items;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_within (
  wanted    tsquery,
  since_id  bigint,
  before_id bigint
)
  RETURNS tsquery
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
declare
  at bigint := (since_id >> 24) << 24;
  step integer;
  lexemes text[] := '{}';
begin
  while at < before_id loop
    step := 1;
    while step < 6 and at & ((1::bigint << (24 + 4 * step)) - 1) = 0 and at + (1::bigint << (24 + 4 * step)) <= before_id loop
      step := step + 1;
    end loop;
    lexemes := lexemes || ('''' || private.time_lexeme(step, at) || '''');
    at := at + (1::bigint << (20 + 4 * step));
  end loop;
  return wanted && array_to_string(lexemes, ' | ')::tsquery;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_words (
  words text
)
  RETURNS text[]
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
begin
  return array_remove(
    regexp_split_to_array(
      regexp_replace(
        regexp_replace(
          lower(normalize(search_words.words, nfkc) collate pg_catalog.pg_c_utf8),
          '[\u00ad\u200c\u200d\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]', '', 'g'
        ),
        '([' || private.lone_characters() || ']'
          '[\u3099\u309a\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e'
          '\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d'
          '\ua9e5\uaa7b-\uaa7d\u17b4-\u17d3\u17dd]*)',
        ' \1 ', 'g'
      ),
      '(?:[^' || private.tag_characters() || private.lone_characters() || ']'
        '|[_\u00b7\u05be\u05f3\u05f4\u0f0b\u0f0c\u3003\u301c\u309b\u309c\u30a0\u30fb\ua67e\uff5e])+'
    ),
    ''
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.sees_follow (
  viewer_id   uuid,
  follower_id uuid,
  followee_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return coalesce(sees_follow.viewer_id in (sees_follow.follower_id, sees_follow.followee_id), false)
    or (
      private.looks_into(sees_follow.viewer_id, sees_follow.follower_id)
      and private.looks_into(sees_follow.viewer_id, sees_follow.followee_id)
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.sees_like (
  viewer_id uuid,
  user_id   uuid,
  post_id   bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return (
    select private.shows_likes_to(sees_like.viewer_id, profiles.id, profiles.shows_likes)
    from public.profiles
    where profiles.id = sees_like.user_id
  ) or (
    exists (
      select from public.posts
      where posts.id = sees_like.post_id and posts.author_id = sees_like.viewer_id
    )
    and not exists (select from private.block_between(sees_like.viewer_id, sees_like.user_id))
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.sees_list (
  viewer_id  uuid,
  owner_id   uuid,
  is_private boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return coalesce(sees_list.owner_id = sees_list.viewer_id, false)
    or (not sees_list.is_private and private.looks_into(sees_list.viewer_id, sees_list.owner_id));
end;
$function$;

CREATE OR REPLACE FUNCTION private.sees_post (
  viewer_id uuid,
  post_id   bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.sees_repost (
  viewer_id    uuid,
  author_id    uuid,
  repost_of_id bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return private.looks_into(sees_repost.viewer_id, sees_repost.author_id)
    and private.sees_post(sees_repost.viewer_id, sees_repost.repost_of_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_limits (
  profile_id uuid,
  per_minute integer,
  per_hour   integer,
  per_day    integer,
  action     text
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  changed integer;
begin
  -- The locks of the person's own writes, in their order (00-foundations/30-turns.sql).
  perform pg_advisory_xact_lock(private.queue_key('blocks', profile_id));
  perform private.take_turns(profile_id);
  perform
  from public.profiles
  where profiles.id = set_limits.profile_id
  for key share;

  if num_nulls(per_minute, per_hour, per_day) = 3 then
    delete from private.limit_overrides
    where limit_overrides.profile_id = set_limits.profile_id
      and (set_limits.action is null or limit_overrides.action = set_limits.action);
  else
    insert into private.limit_overrides (profile_id, action, per_minute, per_hour, per_day)
    select
      set_limits.profile_id, limits.action, set_limits.per_minute, set_limits.per_hour, set_limits.per_day
    from private.limits
    where set_limits.action is null or limits.action = set_limits.action
    on conflict on constraint limit_overrides_pkey do update
    set per_minute = excluded.per_minute, per_hour = excluded.per_hour, per_day = excluded.per_day;
  end if;
  get diagnostics changed = row_count;

  -- The copied amounts end now. So the new amounts hold at once, and not in an hour.
  update private.usage
  set amounts_until = '-infinity'
  where usage.profile_id = set_limits.profile_id;
  return changed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.settle()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  rows_written integer := (select count(*) from written);
begin
  if pg_trigger_depth() = 1 and auth.uid() is not null and rows_written > 1 then
    perform private.charge(auth.uid(), tg_argv[0], rows_written - 1);
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.shows_likes_to (
  viewer_id   uuid,
  user_id     uuid,
  shows_likes boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return coalesce(shows_likes_to.user_id = shows_likes_to.viewer_id, false)
    or (shows_likes_to.shows_likes and private.looks_into(shows_likes_to.viewer_id, shows_likes_to.user_id));
end;
$function$;

CREATE OR REPLACE FUNCTION private.spell_language()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  spelled text := lower(new.language collate pg_catalog."C");
  -- Everything from the first single character on.
  tail text := coalesce(substring(spelled from '(?:^|-)[a-z0-9]-.*$'), '');
  head text := left(spelled, char_length(spelled) - char_length(tail));
begin
  -- The check of the table refuses a tag that is not well formed.
  if private.is_language(new.language) then
    new.language := coalesce((
      select string_agg(
        case
          when part.place > 1 and part.name ~ '^[a-z]{2}$' then upper(part.name collate pg_catalog."C")
          when part.place > 1 and part.name ~ '^[a-z]{4}$' then initcap(part.name collate pg_catalog."C")
          else part.name
        end,
        '-' order by part.place
      )
      from string_to_table(head, '-') with ordinality as part (name, place)
    ), '') || tail;
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.spend (
  action text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is not null then
    perform set_config('synchronous_commit', 'off', true);
    perform private.charge(auth.uid(), action, 1);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.stem_lexeme (
  stem    text,
  grammar text
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
begin
  return case
    when grammar = '' or stem ~ '^[0-9]+$' then ':' || stem
    when octet_length(stem) > char_length(stem) and stem ~ ('^[' || private.lone_characters() || ']') then ':' || stem
    else grammar || ':' || stem
  end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.stem_of (
  word    text,
  grammar text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN
  COALESCE((ts_lexize(CASE grammar WHEN 'ar'::text THEN 'arabic_stem'::regdictionary WHEN 'ca'::text THEN 'catalan_stem'::regdictionary WHEN 'da'::text THEN
  'danish_stem'::regdictionary WHEN 'de'::text THEN 'german_stem'::regdictionary WHEN 'el'::text THEN 'greek_stem'::regdictionary WHEN 'en'::text THEN 'english_stem'::regdictionary
  WHEN 'es'::text THEN 'spanish_stem'::regdictionary WHEN 'eu'::text THEN 'basque_stem'::regdictionary WHEN 'fi'::text THEN 'finnish_stem'::regdictionary WHEN 'fr'::text THEN
  'french_stem'::regdictionary WHEN 'ga'::text THEN 'irish_stem'::regdictionary WHEN 'hi'::text THEN CASE WHEN (word ~ '^[a-z]+$'::text) THEN 'english_stem'::regdictionary ELSE
  'hindi_stem'::regdictionary END WHEN 'hu'::text THEN 'hungarian_stem'::regdictionary WHEN 'hy'::text THEN 'armenian_stem'::regdictionary WHEN 'id'::text THEN
  'indonesian_stem'::regdictionary WHEN 'it'::text THEN 'italian_stem'::regdictionary WHEN 'lt'::text THEN 'lithuanian_stem'::regdictionary WHEN 'ne'::text THEN
  'nepali_stem'::regdictionary WHEN 'nl'::text THEN 'dutch_stem'::regdictionary WHEN 'no'::text THEN 'norwegian_stem'::regdictionary WHEN 'pt'::text THEN
  'portuguese_stem'::regdictionary WHEN 'ro'::text THEN 'romanian_stem'::regdictionary WHEN 'ru'::text THEN CASE WHEN (word ~ '^[a-z]+$'::text) THEN 'english_stem'::regdictionary
  ELSE 'russian_stem'::regdictionary END WHEN 'sr'::text THEN 'serbian_stem'::regdictionary WHEN 'sv'::text THEN 'swedish_stem'::regdictionary WHEN 'ta'::text THEN
  'tamil_stem'::regdictionary WHEN 'tr'::text THEN 'turkish_stem'::regdictionary WHEN 'yi'::text THEN 'yiddish_stem'::regdictionary ELSE NULL::regdictionary END, word))[1], word);

CREATE OR REPLACE FUNCTION private.sweep_held_usernames()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  swept integer;
begin
  delete from private.held_usernames
  where held_usernames.username in (
    select expired.username
    from private.held_usernames as expired
    where expired.held_until <= now()
    order by expired.held_until
    limit 1000
    for update skip locked
  );
  get diagnostics swept = row_count;
  return swept;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sweep_sign_ups()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  swept integer;
begin
  delete from auth.users
  where users.id in (
    select waiting.id
    from private.sign_ups
    join auth.users as waiting on waiting.id = sign_ups.user_id
    where sign_ups.mailed_at < now() - interval '7 days' and waiting.confirmed_at is null
    order by sign_ups.mailed_at
    limit 1000
    for update of waiting skip locked
  );
  get diagnostics swept = row_count;
  return swept;
end;
$function$;

CREATE OR REPLACE FUNCTION private.switch_findable (
  author_id uuid,
  most      integer
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := array(
    select posts.id
    from public.posts
    join private.post_search on post_search.post_id = posts.id
    join public.profiles on profiles.id = posts.author_id
    where posts.author_id = switch_findable.author_id
      and post_search.is_findable <> (posts.is_open and profiles.is_searchable)
    order by posts.id desc
    limit most
  );
begin
  perform
  from private.post_search
  where post_search.post_id = any (ids)
  order by post_search.post_id
  for no key update;

  update private.post_search
  set is_findable = not post_search.is_findable
  where post_search.post_id = any (ids);
  return cardinality(ids) < most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tag_follows_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  new.tag := private.tag_name(new.tag);
  if new.tag is null then
    raise sqlstate 'PT400' using
      message = 'A tag has letters, digits and underscores, and at least one letter', detail = 'tag_format';
  elsif (
    select count(*)
    from public.tag_follows
    where tag_follows.user_id = new.user_id and tag_follows.tag <> new.tag
  ) >= 100 then
    raise sqlstate 'PT409' using message = 'You follow 100 tags already, and cannot follow more', detail = 'tag_follows_full';
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tag_name (
  tag text
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  STRICT
  SET search_path TO ''
  AS $function$
declare
  composed text := normalize(regexp_replace(tag, '^[#＃]', ''), nfc);
  capitals text := normalize(upper(composed collate pg_catalog.pg_c_utf8), nfc);
  name text := normalize(lower(capitals collate pg_catalog.pg_c_utf8), nfc);
  -- \p{Nd} up to U+FFFF, the digits of mathematics, and the punctuation among the
  -- characters of tags.
  not_letters constant text := '0-9'
    '\u0660-\u0669\u06F0-\u06F9\u07C0-\u07C9\u0966-\u096F\u09E6-\u09EF\u0A66-\u0A6F\u0AE6-\u0AEF'
    '\u0B66-\u0B6F\u0BE6-\u0BEF\u0C66-\u0C6F\u0CE6-\u0CEF\u0D66-\u0D6F\u0DE6-\u0DEF\u0E50-\u0E59'
    '\u0ED0-\u0ED9\u0F20-\u0F29\u1040-\u1049\u1090-\u1099\u17E0-\u17E9\u1810-\u1819\u1946-\u194F'
    '\u19D0-\u19D9\u1A80-\u1A89\u1A90-\u1A99\u1B50-\u1B59\u1BB0-\u1BB9\u1C40-\u1C49\u1C50-\u1C59'
    '\uA620-\uA629\uA8D0-\uA8D9\uA900-\uA909\uA9D0-\uA9D9\uA9F0-\uA9F9\uAA50-\uAA59\uABF0-\uABF9'
    '\uFF10-\uFF19'
    '\U0001D7CE-\U0001D7FF'
    '_\u00B7\u05BE\u05F3\u05F4\u0F0B\u0F0C\u200C\u200D\u3003\u301C\u309B\u309C\u30A0\u30FB\uA67E\uFF5E';
begin
  -- With U+FE0F or U+20E3 after it, the # is an emoji. A letter that nobody can see,
  -- such as the Hangul filler, makes no tag.
  if char_length(name) <= 100
    and name ~ ('^(?![\uFE0F\u20E3])[' || private.tag_characters() || '\uFE0E\uFE0F]+$')
    and name ~ ('[^' || not_letters || private.blank_characters() || ']')
  then
    return name;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tags_in (
  entities jsonb
)
  RETURNS SETOF text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
  ROWS 2
BEGIN ATOMIC
 SELECT DISTINCT (entity.value ->> 'tag'::text)
    FROM jsonb_array_elements(tags_in.entities) entity(VALUE)
   WHERE ((entity.value ->> 'type'::text) = 'tag'::text);
END;

CREATE OR REPLACE FUNCTION private.take_turn()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  turn bigint;
  action text;
  setting text := 'plaza.' || lower(tg_op);
  -- A statement without a person has no limit of rows.
  room integer := 2147483647;
begin
  -- A trigger or a foreign key caused this write. The statement behind it has its turn
  -- already.
  if pg_trigger_depth() > 1 then
    null;
  elsif viewer_id is null then
    perform private.take_turn_without_person();
  else
    turn := private.queue_key(case tg_nargs when 3 then tg_argv[2] else 'turn' end, viewer_id);
    -- The turn is nearly always free. plpgsql runs an expression much faster than a
    -- statement.
    if not pg_try_advisory_xact_lock(turn) then
      perform pg_advisory_xact_lock(turn);
    end if;

    -- Spend for the first row here. That saves a call for a statement of one row.
    action := case tg_op when 'INSERT' then tg_argv[0] when 'UPDATE' then tg_argv[1] else '' end;
    if action <> '' and current_setting('plaza.is_free', true) is distinct from 'yes' then
      room := least(99, private.charge(viewer_id, action, 1)) + 1;
    else
      room := 100;
    end if;
  end if;
  action := set_config(setting || '_rows', '0', true);
  action := set_config(setting || '_room', room::text, true);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_turn_without_person()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform pg_advisory_xact_lock(hashtextextended('turn without a person', 0));
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_turns (
  VARIADIC people uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  turn bigint;
begin
  for turn in
    select distinct private.queue_key('turn', person.id)
    from unnest(people) as person (id)
    where person.id is not null
    order by 1
  loop
    perform pg_advisory_xact_lock(turn);
  end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.text_entities (
  title   text,
  content text
)
  RETURNS jsonb
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 50;
  mark constant text := chr(1);
  counts jsonb := '{"tag": 0, "mention": 0, "link": 0}';
  entities jsonb[] := '{}';
  field text;
  source text;
  pieces text[];
  piece text;
  is_entity boolean;
  piece_start integer;
  piece_end integer;
  kind text;
  kept integer;
  value text;
begin
  for field, source in values ('title', title), ('content', content) loop
    continue when source is null or source !~ '[#＃@＠]|://';

    -- A mark is put on both sides of every entity. So every second piece is one.
    pieces := string_to_array(
      regexp_replace(translate(source, mark, ' '), private.entity_pattern(), mark || '\&' || mark, 'g'),
      mark
    );
    piece_end := 0;
    is_entity := true;
    foreach piece in array pieces loop
      is_entity := not is_entity;
      piece_start := piece_end;
      piece_end := piece_start + private.utf16_length(piece);
      continue when not is_entity;

      kind := case
        when piece ~ '^[#＃]' then 'tag'
        when piece ~ '^[@＠]' then 'mention'
        when piece ~ '^[A-Za-z]+://' then 'link'
      end;
      kept := counts -> kind;
      continue when kind is null or kept = most;

      value := case kind
        when 'tag' then private.tag_name(piece)
        when 'mention' then substr(piece, 2)
        else piece
      end;
      continue when value is null;

      counts := counts || jsonb_build_object(kind, kept + 1);
      entities := entities || jsonb_build_object(
        'type', kind,
        'field', field,
        'start', piece_start,
        'end', piece_end,
        case kind when 'mention' then 'username' when 'link' then 'url' else 'tag' end, value
      );
    end loop;
  end loop;
  return to_jsonb(entities);
end;
$function$;

CREATE OR REPLACE FUNCTION private.thread (
  post_id   bigint,
  max_depth integer
)
  RETURNS SETOF public.thread_post
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 50
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  most_seen integer := 500;
  most_unseen integer := 500;
  root_id bigint;
  ids bigint[];
  parents bigint[];
  depths integer[];
  seen_ids bigint[];
  level_ids bigint[];
  level_parents bigint[];
  level_seen_ids bigint[];
  depth integer := 0;
begin
  if thread.max_depth is null or thread.max_depth not between 1 and 50 then
    raise sqlstate 'PT400' using message = 'A thread is read 1 to 50 replies deep', detail = 'max_depth_range';
  end if;

  select coalesce(posts.repost_of_id, posts.id) into root_id
  from public.posts
  where posts.id = thread.post_id and private.sees_post(viewer_id, posts.id);
  if root_id is null then
    return;
  end if;

  -- Upwards.
  with recursive ancestor as (
    select posts.id, posts.reply_to_id, 0 as depth
    from public.posts
    where posts.id = root_id
    union all
    select place.id, place.reply_to_id, ancestor.depth - 1
    from ancestor
    cross join lateral (
      select posts.id, posts.reply_to_id
      from public.posts
      where posts.id = ancestor.reply_to_id
      union all
      select deleted_posts.id, deleted_posts.reply_to_id
      from private.deleted_posts
      where deleted_posts.id = ancestor.reply_to_id
    ) as place
    where ancestor.depth > -100
  )
  select array_agg(ancestor.id), array_agg(ancestor.reply_to_id), array_agg(ancestor.depth)
  into ids, parents, depths
  from ancestor;
  seen_ids := array(select above.id from unnest(ids) as above (id) where private.sees_post(viewer_id, above.id));

  -- Downwards, a level at a time.
  level_ids := array[root_id];
  while cardinality(level_ids) > 0 and depth < thread.max_depth and most_seen > 0 loop
    depth := depth + 1;
    with child as materialized (
      select reply.id, parent.id as parent_id, reply.is_seen
      from unnest(level_ids) as parent (id)
      cross join lateral (
        (
          select posts.id, true
          from public.posts
          where posts.reply_to_id = parent.id and posts.is_open and posts.author_id <> all (hidden_ids)
          order by posts.id
          limit most_seen
        )
        union all
        (
          select limited.id, true
          from private.limited_page(
            viewer_id, 'reply:' || parent.id, 9223372036854775807, 0, most_seen
          ) as limited (id)
        )
        union all
        (
          select place.id, false
          from (
            (
              select deleted_posts.id
              from private.deleted_posts
              where deleted_posts.reply_to_id = parent.id
              order by deleted_posts.id
              limit most_unseen
            )
            union all
            (
              select limited_posts.post_id
              from private.limited_posts
              where limited_posts.place = 'reply:' || parent.id
              order by limited_posts.post_id
              limit 500
            )
            union all
            (
              select posts.id
              from public.posts
              where cardinality(hidden_ids) > 0
                and posts.reply_to_id = parent.id
                and posts.author_id = any (hidden_ids)
                and posts.is_open
              limit 500
            )
          ) as place (id)
          where (
            exists (select from public.posts as reply where reply.reply_to_id = place.id)
            or exists (select from private.deleted_posts where deleted_posts.reply_to_id = place.id)
          ) and not private.sees_post(viewer_id, place.id)
        )
      ) as reply (id, is_seen)
    ),
    kept as (
      (select child.* from child where child.is_seen order by child.id limit most_seen)
      union all
      (select child.* from child where not child.is_seen order by child.id limit most_unseen)
    )
    select
      coalesce(array_agg(kept.id order by kept.id), '{}'),
      coalesce(array_agg(kept.parent_id order by kept.id), '{}'),
      coalesce(array_agg(kept.id) filter (where kept.is_seen), '{}')
    into level_ids, level_parents, level_seen_ids
    from kept;

    ids := ids || level_ids;
    parents := parents || level_parents;
    depths := depths || array_fill(depth, array[cardinality(level_ids)]);
    seen_ids := seen_ids || level_seen_ids;
    most_seen := most_seen - cardinality(level_seen_ids);
    most_unseen := most_unseen - (cardinality(level_ids) - cardinality(level_seen_ids));
  end loop;

  return query
  with recursive place as materialized (
    select walked.id, walked.reply_to_id, walked.depth
    from unnest(ids, parents, depths) as walked (id, reply_to_id, depth)
  ),
  -- The order of reading: each post before its replies, older replies first.
  branch as (
    select place.id, place.reply_to_id, place.depth, array[place.id] as path
    from place
    where place.depth = 0
    union all
    select place.id, place.reply_to_id, place.depth, branch.path || place.id
    from branch
    join place on place.reply_to_id = branch.id and place.depth = branch.depth + 1
  ),
  item as materialized (
    select items.id, items.post, items.reply_to, items.quoted
    from private.feed_items(viewer_id, seen_ids, seen_ids) as items
  ),
  -- A post keeps its place when the viewer sees it, or something below it.
  kept as (
    select distinct ancestor.id
    from branch
    join item on item.id = branch.id
    cross join lateral unnest(branch.path) as ancestor (id)
    union
    select place.id
    from place
    where place.depth < 0
  )
  select place.id, place.reply_to_id, place.depth, item.post, item.reply_to, item.quoted
  from place
  join kept on kept.id = place.id
  left join branch on branch.id = place.id
  left join item on item.id = place.id
  order by least(place.depth, 0), branch.path;
end;
$function$;

CREATE OR REPLACE FUNCTION private.time_lexeme (
  step integer,
  id   bigint
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN ((('t'::text || (step)::text) || ':'::text) || ((id >> (20 + (4 * step))))::text);

CREATE OR REPLACE FUNCTION private.timeline (
  viewer_id uuid,
  list_id   uuid,
  below     bigint,
  above     bigint,
  page_size integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(timeline.viewer_id));
  muted_ids uuid[] := array(select private.muted_ids(timeline.viewer_id));
  author_ids uuid[];
  tags text[] := '{}';
  wanted integer := timeline.page_size * 2;
  batch bigint[];
  page bigint[] := '{}';
begin
  if timeline.list_id is null then
    author_ids := array(
      select follows.followee_id
      from public.follows
      where follows.follower_id = timeline.viewer_id and follows.followee_id <> all (muted_ids)
    ) || timeline.viewer_id;
    tags := array(select tag_follows.tag from public.tag_follows where tag_follows.user_id = timeline.viewer_id);
  else
    author_ids := array(
      select list_members.profile_id
      from public.list_members
      where list_members.list_id = timeline.list_id
        and list_members.profile_id <> all (muted_ids)
        and list_members.profile_id <> all (hidden_ids)
        and exists (select from private.lets_in(timeline.viewer_id, list_members.profile_id))
    );
  end if;

  loop
    batch := private.newest_posts(timeline.viewer_id, author_ids, tags, below, above, wanted);
    page := page || array(
      select entry.id
      from unnest(batch) as candidate (id)
      join public.posts as entry on entry.id = candidate.id
      left join public.posts as original on original.id = entry.repost_of_id
      cross join lateral (
        select
          coalesce(original.id, entry.id) as id,
          coalesce(original.author_id, entry.author_id) as author_id,
          coalesce(original.audience, entry.audience) as audience,
          coalesce(original.is_open, entry.is_open) as is_open,
          coalesce(original.reply_to_id, entry.reply_to_id) as reply_to_id,
          coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
      ) as shown
      where shown.author_id <> all (muted_ids)
        and shown.author_id <> all (hidden_ids)
        and (
          select true
          from private.is_for(timeline.viewer_id, shown.id, shown.author_id, shown.audience, shown.is_open)
        ) is true
        and (shown.quote_of_id is null or not private.quotes_muted(timeline.viewer_id, shown.quote_of_id, muted_ids))
        and (
          original.id is null
          or shown.reply_to_id is null
          or not private.quotes_muted(timeline.viewer_id, shown.reply_to_id, muted_ids)
        )
        and (original.id is null) = (
          -- Whether the feed has the post itself.
          (
            case when timeline.list_id is null then shown.author_id = timeline.viewer_id or (
              select true from public.follows
              where follows.follower_id = timeline.viewer_id and follows.followee_id = shown.author_id
            ) is true
            else shown.author_id = any (author_ids) end
            or (cardinality(tags) > 0 and exists (
              select from public.post_tags
              where post_tags.post_id = shown.id and post_tags.tag = any (tags)
            ))
          )
          and (shown.reply_to_id is null or (
            select parent.author_id = timeline.viewer_id or (
              case when timeline.list_id is null then parent.author_id <> all (muted_ids) and (
                select true from public.follows
                where follows.follower_id = timeline.viewer_id and follows.followee_id = parent.author_id
              ) is true
              else parent.author_id = any (author_ids) end
              and (
                select true
                from private.is_for(
                  timeline.viewer_id, parent.id, parent.author_id, parent.audience, parent.is_open
                )
              ) is true
            )
            from public.posts as parent
            where parent.id = shown.reply_to_id
          ) is true)
        )
        -- Whether an earlier repost is shown. It reads the smaller of two: the reposts of
        -- the post, or the set.
        and (original.id is null or not case
          when timeline.list_id is null and cardinality(author_ids) > (
            select post_counts.reposts
            from private.post_counts
            where post_counts.post_id = original.id
          ) then exists (
            select from public.posts as earlier
            where earlier.repost_of_id = original.id
              and earlier.id < entry.id
              and earlier.author_id <> all (muted_ids)
              and (earlier.author_id = timeline.viewer_id or (
                select true from public.follows
                where follows.follower_id = timeline.viewer_id and follows.followee_id = earlier.author_id
              ) is true)
          )
          else exists (
            select from public.posts as earlier
            where earlier.repost_of_id = original.id
              and earlier.author_id = any (author_ids)
              and earlier.id < entry.id
          )
        end)
      order by entry.id desc
    );
    exit when cardinality(page) >= timeline.page_size or cardinality(batch) < wanted;
    below := batch[wanted];
    wanted := least(wanted * 2, 1000);
  end loop;
  return page[1:timeline.page_size];
end;
$function$;

CREATE OR REPLACE FUNCTION private.to_name (
  string         text,
  max_characters integer
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  STRICT
  SET search_path TO ''
  AS $function$
declare
  line text := regexp_replace(string, '[\u0001-\u001F\u007F-\u009F\u2028\u2029]+', ' ', 'g');
  name text := private.cut(
    regexp_replace(line, '[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+', '', 'g'), max_characters
  );
begin
  return case when private.is_blank(name) then '' else name end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.username_problem (
  wanted text,
  asker  uuid
)
  RETURNS private.problem
  LANGUAGE sql
  STABLE
RETURN CASE WHEN (wanted !~ '^[A-Za-z0-9_]{3,30}$'::text) THEN ROW(400, 'username_format'::text, 'A username has 3 to 30 letters, digits and underscores'::text)::private.problem
  WHEN (EXISTS (SELECT FROM private.reserved_usernames
  WHERE (reserved_usernames.username = lower(username_problem.wanted)))) THEN
  ROW(400, 'username_reserved'::text, format('The username %s is reserved'::text, wanted))::private.problem WHEN ((EXISTS (SELECT FROM public.profiles
  WHERE ((lower(profiles.username) = lower(username_problem.wanted)) AND (profiles.id IS DISTINCT FROM username_problem.asker)))) OR (EXISTS (SELECT FROM private.held_usernames
  WHERE
  ((held_usernames.username = lower(username_problem.wanted)) AND COALESCE((held_usernames.profile_id <> username_problem.asker), true) AND (held_usernames.held_until > now()))))
  OR (EXISTS (SELECT FROM private.sign_ups
  WHERE ((sign_ups.username = lower(username_problem.wanted)) AND (sign_ups.user_id IS DISTINCT FROM username_problem.asker) AND (sign_ups.reserved_until > now()))))) THEN
  ROW(409, 'username_taken'::text, format('The username %s is taken'::text, wanted))::private.problem ELSE NULL::private.problem END;

CREATE OR REPLACE FUNCTION private.usernames_in (
  entities jsonb
)
  RETURNS text[]
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN ARRAY(SELECT DISTINCT lower((entity.value ->> 'username'::text)) AS lower FROM jsonb_array_elements(usernames_in.entities) entity(VALUE)
  WHERE ((entity.value ->> 'type'::text) = 'mention'::text));

CREATE OR REPLACE FUNCTION private.users_afford_metadata()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.charge(new.id, 'metadata', 1);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.users_create_profile()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  username text := new.raw_user_meta_data ->> 'username';
  display_name text := coalesce(new.raw_user_meta_data ->> 'display_name', '');
begin
  if exists (select from public.profiles where profiles.id = new.id) then
    return null;
  end if;

  perform private.lock_username(username);
  while username is null or private.username_problem(username, new.id) is not null loop
    username := 'user_' || left(replace(gen_random_uuid()::text, '-', ''), 12);
  end loop;

  insert into public.profiles (id, username, display_name)
  values (new.id, username, private.to_name(display_name, 50));

  delete from private.sign_ups where sign_ups.user_id = new.id;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.users_note_mail()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  wanted text := lower(new.raw_user_meta_data ->> 'username');
begin
  if old.confirmation_sent_at is not null then
    update private.sign_ups
    set username = null, mailed_at = now()
    where sign_ups.user_id = new.id;

    if old.invited_at is null then
      if old.encrypted_password <> '' then
        new.encrypted_password := null;
        new.raw_app_meta_data := coalesce(new.raw_app_meta_data, '{}') || '{"needs_password": true}';
      end if;
      new.raw_user_meta_data := '{}';
    end if;
    return new;
  end if;

  -- No sign-up: an administrator made the account.
  if new.confirmation_sent_at is null or new.invited_at is not null then
    return new;
  end if;

  update private.sign_ups
  set username = null
  where sign_ups.username = wanted and sign_ups.reserved_until <= now();

  insert into private.sign_ups (user_id, username)
  values (new.id, case when private.username_problem(wanted, new.id) is null then wanted end)
  on conflict do nothing;

  -- Somebody else reserves the name at this moment, or the account has a row already.
  if not found then
    insert into private.sign_ups (user_id)
    values (new.id)
    on conflict (user_id) do update
    set mailed_at = excluded.mailed_at;
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.users_note_password()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  new.raw_app_meta_data := new.raw_app_meta_data - 'needs_password';
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.word_stems (
  word    text,
  grammar text
)
  RETURNS text[]
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO ''
  AS $function$
declare
  cut text := left(word_stems.word, 100);
  folded text;
  stem text;
begin
  if octet_length(cut) = char_length(cut) then
    return array[private.stem_of(cut, grammar)];
  end if;
  folded := left(private.folded(cut), 100);
  if grammar = '' or cut ~ ('^[' || private.lone_characters() || ']') then
    return array[folded];
  end if;
  stem := private.folded(private.stem_of(cut, grammar));
  folded := private.stem_of(folded, grammar);
  return case when stem = folded then array[stem] else array[stem, folded] end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.words_query (
  words    text[],
  grammars text[],
  OUT      indexed text,
  OUT      exact text
)
  RETURNS record
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
declare
  grammar text;
  word text;
  stems text[];
  last_stems text[];
  phrase text;
  phrases text[] := '{}';
  pairs text;
  all_pairs text[] := '{}';
begin
  foreach grammar in array grammars loop
    last_stems := null;
    phrase := null;
    pairs := null;
    foreach word in array words loop
      stems := private.word_stems(word, grammar);
      -- Each word has one stem or two.
      phrase := coalesce(phrase || ' <-> ', '') || format(
        case when cardinality(stems) = 1 then '''%1$s''' else '(''%1$s'' | ''%2$s'')' end,
        private.stem_lexeme(stems[1], grammar), private.stem_lexeme(stems[2], grammar)
      );
      if last_stems is not null then
        pairs := coalesce(pairs || ' & ', '')
          || '(''' || array_to_string(private.pair_lexemes(last_stems, stems), ''' | ''') || ''')';
      end if;
      last_stems := stems;
    end loop;
    if '(' || phrase || ')' <> all (phrases) then
      phrases := phrases || ('(' || phrase || ')');
    end if;
    if '(' || pairs || ')' <> all (all_pairs) then
      all_pairs := all_pairs || ('(' || pairs || ')');
    end if;
  end loop;

  exact := '(' || array_to_string(phrases, ' | ') || ')';
  indexed := case when pairs is null then exact else '(' || array_to_string(all_pairs, ' | ') || ')' end;
end;
$function$;

CREATE OR REPLACE FUNCTION public.limits()
  RETURNS SETOF public.allowance
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT mine.action,
     mine.allowed,
     mine.per,
     mine."left",
     mine.resets_at
    FROM private.my_limits() mine(action, allowed, per, "left", resets_at);
END;

REVOKE ALL ON FUNCTION "public"."limits"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.search_people (
  query     text,
  page_size integer DEFAULT 20
)
  RETURNS SETOF public.person
  LANGUAGE sql
  ROWS 20
BEGIN ATOMIC
 SELECT private.spend('search'::text)
  AS spend;
 SELECT listed.id,
     listed.profile,
     listed.is_private,
     listed.is_following,
     listed.is_requested,
     listed.follows_you
    FROM private.search_people(search_people.query, search_people.page_size) listed(id, profile, is_private, is_following, is_requested, follows_you);
END;

CREATE OR REPLACE FUNCTION public.search_posts (
  query     text,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  ROWS 20
BEGIN ATOMIC
 SELECT private.spend('search'::text)
  AS spend;
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.search_posts(search_posts.query, search_posts.before, search_posts.page_size) items(id, post, reposted_by, reply_to, quoted);
END;

CREATE OR REPLACE FUNCTION public.set_limits (
  profile_id uuid,
  per_minute integer DEFAULT NULL::integer,
  per_hour   integer DEFAULT NULL::integer,
  per_day    integer DEFAULT NULL::integer,
  action     text    DEFAULT NULL::text
)
  RETURNS integer
  LANGUAGE sql
RETURN private.set_limits(profile_id, per_minute, per_hour, per_day, action);

REVOKE ALL ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, text) FROM PUBLIC, "anon", "authenticated";

-- Rows -----------------------------------------------------------------------

/*
 * What the rows that are there need. The new triggers are not there yet, and neither
 * are the new indexes and constraints.
 */

-- Nobody until confirmed: the profile of an unconfirmed sign-up becomes the reservation
-- of its name.
insert into private.sign_ups (user_id, username, mailed_at)
select users.id, lower(profiles.username), greatest(users.confirmation_sent_at, now() - interval '6 days')
from auth.users
join public.profiles on profiles.id = users.id
where users.confirmed_at is null
  and not users.is_anonymous
  and users.invited_at is null
  and users.confirmation_sent_at is not null;

delete from public.profiles
where profiles.id in (select users.id from auth.users where users.confirmed_at is null);

update private.held_usernames
set profile_id = null
where profile_id not in (select profiles.id from public.profiles);

-- Texts that the new rules refuse. The triggers would write versions and entities.
alter table public.profiles disable trigger user;
update public.profiles
set display_name = private.to_name(display_name, 50)
where not private.is_name(display_name);
update public.profiles
set bio = ''
where bio <> '' and private.is_blank(bio);
alter table public.profiles enable trigger user;

update public.lists
set name = coalesce(nullif(private.to_name(name, 50), ''), 'List')
where not private.is_name(name);

alter table public.posts disable trigger user;
update public.posts
set title = case when private.is_blank(title) then ''
    else regexp_replace(title, '[\u0001-\u001F\u007F-\u009F\u2028\u2029]+', ' ', 'g') end
where not private.is_line(title);
update public.posts
set content_warning = case when private.is_blank(content_warning) then ''
    else regexp_replace(content_warning, '[\u0001-\u001F\u007F-\u009F\u2028\u2029]+', ' ', 'g') end
where not private.is_line(content_warning);
update public.posts
set content = '…'
where repost_of_id is null and private.is_blank(content);
update public.posts
set language = null
where not private.is_language(language);
alter table public.posts enable trigger user;

update public.drafts
set title = case when private.is_blank(title) then ''
    else regexp_replace(title, '[\u0001-\u001F\u007F-\u009F\u2028\u2029]+', ' ', 'g') end
where not private.is_line(title);
update public.drafts
set content_warning = case when private.is_blank(content_warning) then ''
    else regexp_replace(content_warning, '[\u0001-\u001F\u007F-\u009F\u2028\u2029]+', ' ', 'g') end
where not private.is_line(content_warning);
update public.drafts
set language = null
where not private.is_language(language);

-- Who sees posts.
update public.posts
set is_open = false
from public.profiles
where profiles.id = posts.author_id
  and (posts.audience <> 'everyone' or profiles.is_private);
update public.posts
set is_open = false
from public.posts as original
where original.id = posts.repost_of_id and posts.is_open and not original.is_open;
update public.post_tags
set is_open = false
from public.posts
where posts.id = post_tags.post_id and not posts.is_open;

ALTER TABLE "public"."posts"
  ALTER COLUMN "is_open" SET DEFAULT false;

ALTER TABLE "public"."post_tags"
  ALTER COLUMN "is_open" SET DEFAULT false;

insert into private.limited_posts (place, post_id, author_id, audience)
select limited.place, limited.post_id, limited.author_id, limited.audience
from private.limited_places(array(select posts.id from public.posts where not posts.is_open)) as limited;
insert into private.limited_counts (place, amount)
select limited_posts.place, count(*)
from private.limited_posts
where limited_posts.place ~ '^(reply|quote|repost):'
group by limited_posts.place;

-- Budgets, and the queue of scheduled posts.
insert into private.limits (
  action, per_minute, per_hour, per_day, newcomer_per_minute, newcomer_per_hour, newcomer_per_day
)
values
  ('post',            20,   150,   500,    5,   30,    60),
  ('reply',           20,   200,   800,    6,   40,   100),
  ('quote',           10,    60,   300,    3,   15,    40),
  ('repost',          30,   300,  1000,   10,   60,   150),
  ('edit',            20,   100,   300,   10,   50,   100),
  ('like',            60,   600,  3000,   20,  150,   400),
  ('bookmark',        60,   600,  3000,   30,  200,   500),
  ('draft',           60,   600,  3000,   30,  300,  1000),
  ('follow',          30,   100,   400,   10,   40,    80),
  ('follow_request',  20,    60,   200,    5,   20,    40),
  ('tag_follow',      30,   100,   300,   30,   60,   100),
  ('block',          100,  1000,  3000,   50,  200,   500),
  ('mute',           100,  1000,  3000,   50,  200,   500),
  ('list',            10,    60,   200,    5,   20,    40),
  ('list_member',    100,  1000,  3000,  100,  200,   400),
  ('profile',         10,    60,   200,   10,   30,    60),
  ('privacy',          2,     5,    10,    2,    3,     5),
  ('metadata',         5,    20,    50,    5,   10,    20),
  ('search',          60,  1000,  5000,   40,  300,  1000);

insert into private.draft_queue (author_id, due_at)
select drafts.author_id, min(drafts.publish_at)
from public.drafts
where drafts.publish_at is not null and drafts.failed_at is null
group by drafts.author_id;

-- What search knows: about half a millisecond a post.
insert into private.names (profile_id, username, display_name, is_searchable)
select profiles.id, private.folded(profiles.username), private.folded(profiles.display_name), profiles.is_searchable
from public.profiles;
select private.index_posts(array(
  select posts.id from public.posts where posts.repost_of_id is null order by posts.id
));

-- Constraints, indexes and triggers ------------------------------------------

ALTER TABLE "private"."draft_queue"
  ADD CONSTRAINT "draft_queue_author_id_fkey" FOREIGN KEY (author_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."held_usernames"
  ADD CONSTRAINT "held_usernames_profile_id_fkey" FOREIGN KEY (profile_id) REFERENCES public.profiles(id) ON DELETE SET NULL;

ALTER TABLE "private"."limit_overrides"
  ADD CONSTRAINT "limit_overrides_profile_id_fkey" FOREIGN KEY (profile_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."limited_posts"
  ADD CONSTRAINT "limited_posts_pkey" PRIMARY KEY (place, post_id);

ALTER TABLE "private"."limited_posts"
  ADD CONSTRAINT "limited_posts_place_format" CHECK ((place ~ '^((reply|quote|repost):\d+|tag:.+|(by|replies-by|shown-by):[0-9a-f-]{36})$'::text));

ALTER TABLE "private"."names"
  ADD CONSTRAINT "names_profile_id_fkey" FOREIGN KEY (profile_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."post_search"
  ADD CONSTRAINT "post_search_post_id_fkey" FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE "private"."search_switches"
  ADD CONSTRAINT "search_switches_author_id_fkey" FOREIGN KEY (author_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."sign_ups"
  ADD CONSTRAINT "sign_ups_user_id_fkey" FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE "public"."post_mentions"
  ADD CONSTRAINT "post_mentions_pkey" PRIMARY KEY (profile_id, post_id);

CREATE VIEW "private"."allowances" WITH (security_invoker=on) AS  SELECT profiles.id AS profile_id,
    limits.action,
    COALESCE(own.per_minute,
        CASE
            WHEN account.is_new THEN limits.newcomer_per_minute
            ELSE limits.per_minute
        END) AS per_minute,
    COALESCE(own.per_hour,
        CASE
            WHEN account.is_new THEN limits.newcomer_per_hour
            ELSE limits.per_hour
        END) AS per_hour,
    COALESCE(own.per_day,
        CASE
            WHEN account.is_new THEN limits.newcomer_per_day
            ELSE limits.per_day
        END) AS per_day
   FROM (((public.profiles
     CROSS JOIN private.limits)
     CROSS JOIN LATERAL ( SELECT (profiles.created_at > (now() - '1 day'::interval)) AS "?column?") account(is_new))
     LEFT JOIN private.limit_overrides own ON (((own.profile_id = profiles.id) AND (own.action = limits.action))));

CREATE INDEX draft_queue_due_at_idx ON private.draft_queue USING btree (due_at);

CREATE INDEX held_usernames_held_until_idx ON private.held_usernames USING btree (held_until);

CREATE INDEX limited_posts_author_place_post_id_idx ON private.limited_posts USING btree (author_place, post_id DESC) INCLUDE (audience);

CREATE INDEX limited_posts_place_post_id_mentioned_idx ON private.limited_posts USING btree (place, post_id DESC)
  WHERE (audience = 'mentioned'::public.audience);

CREATE INDEX limited_posts_post_id_idx ON private.limited_posts USING hash (post_id);

CREATE INDEX names_display_name_idx ON private.names USING btree (display_name text_pattern_ops)
  WHERE is_searchable;

CREATE INDEX names_name_idx ON private.names USING gin (name extensions.gin_trgm_ops)
  WITH (fastupdate=off)
  WHERE is_searchable;

CREATE INDEX names_username_idx ON private.names USING btree (username text_pattern_ops)
  WHERE is_searchable;

CREATE INDEX post_search_author_id_post_id_idx ON private.post_search USING btree (author_id, post_id)
  WHERE (NOT is_findable);

CREATE INDEX post_search_findable_idx ON private.post_search USING gin (vector)
  WITH (fastupdate=off)
  WHERE is_findable;

CREATE INDEX post_search_limited_idx ON private.post_search USING gin (vector)
  WITH (fastupdate=off)
  WHERE (NOT is_findable);

CREATE INDEX post_search_newest_idx ON private.post_search USING btree (((- post_id)))
  WHERE is_findable;

CREATE INDEX sign_ups_mailed_at_idx ON private.sign_ups USING btree (mailed_at);

CREATE INDEX follows_follower_id_id_idx ON public.follows USING btree (follower_id, id DESC);

CREATE INDEX post_mentions_post_id_idx ON public.post_mentions USING btree (post_id);

CREATE INDEX post_tags_tag_post_id_idx ON public.post_tags USING btree (TAG, post_id DESC)
  WHERE is_open;

CREATE INDEX posts_author_id_id_mentioned_idx ON public.posts USING btree (author_id, id DESC)
  WHERE (audience = 'mentioned'::public.audience);

CREATE INDEX posts_author_id_id_open_idx ON public.posts USING btree (author_id, id DESC)
  WHERE (is_open AND (reply_to_id IS NULL));

CREATE INDEX posts_author_id_id_open_reply_idx ON public.posts USING btree (author_id, id DESC)
  WHERE (is_open AND (reply_to_id IS NOT NULL));

CREATE INDEX posts_open_id_idx ON public.posts USING btree (id DESC)
  WHERE is_open;

CREATE INDEX posts_public_id_idx ON public.posts USING btree (id DESC) INCLUDE (author_id)
  WHERE (is_open AND (reply_to_id IS NULL) AND (repost_of_id IS NULL));

CREATE INDEX posts_quote_of_id_author_id_idx ON public.posts USING btree (quote_of_id, author_id)
  WHERE (quote_of_id IS NOT NULL);

CREATE INDEX posts_quote_of_id_id_open_idx ON public.posts USING btree (quote_of_id, id) INCLUDE (author_id)
  WHERE (is_open AND (quote_of_id IS NOT NULL));

CREATE INDEX posts_reply_to_id_author_id_idx ON public.posts USING btree (reply_to_id, author_id)
  WHERE (reply_to_id IS NOT NULL);

CREATE INDEX posts_reply_to_id_id_open_idx ON public.posts USING btree (reply_to_id, id) INCLUDE (author_id)
  WHERE (is_open AND (reply_to_id IS NOT NULL));

CREATE TRIGGER take_turn
  BEFORE DELETE ON auth.users
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn();

CREATE TRIGGER users_afford_metadata
  BEFORE UPDATE OF raw_user_meta_data ON auth.users
  FOR EACH ROW
  WHEN ((old.raw_user_meta_data IS DISTINCT FROM new.raw_user_meta_data))
  EXECUTE FUNCTION private.users_afford_metadata();

CREATE TRIGGER users_create_profile
  AFTER INSERT OR UPDATE OF email_confirmed_at, phone_confirmed_at ON auth.users
  FOR EACH ROW
  WHEN ((new.confirmed_at IS NOT NULL))
  EXECUTE FUNCTION private.users_create_profile();

CREATE TRIGGER users_note_mail
  BEFORE UPDATE OF confirmation_sent_at, recovery_sent_at ON auth.users
  FOR EACH ROW
  WHEN (((old.confirmed_at IS NULL) AND (((new.confirmation_sent_at IS
    NOT NULL) AND (new.confirmation_sent_at IS DISTINCT FROM old.confirmation_sent_at)) OR ((new.recovery_sent_at IS
    NOT NULL) AND (new.recovery_sent_at IS DISTINCT FROM old.recovery_sent_at)))))
  EXECUTE FUNCTION private.users_note_mail();

CREATE TRIGGER users_note_password
  BEFORE UPDATE OF encrypted_password, raw_app_meta_data ON auth.users
  FOR EACH ROW
  WHEN (((new.raw_app_meta_data ? 'needs_password'::text) AND ((new.encrypted_password)::text <> ''::text)))
  EXECUTE FUNCTION private.users_note_password();

CREATE TRIGGER limited_posts_count_deleted
  AFTER DELETE ON private.limited_posts REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.limited_posts_count();

CREATE TRIGGER limited_posts_count_inserted
  AFTER INSERT ON private.limited_posts REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.limited_posts_count();

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.blocks
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.blocks
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('block');

CREATE TRIGGER settle_insert AFTER INSERT ON public.blocks REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('block');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.blocks
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('block', '', 'blocks');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.bookmarks
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.bookmarks
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('bookmark');

CREATE TRIGGER settle_insert AFTER INSERT ON public.bookmarks REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('bookmark');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.bookmarks
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('bookmark', '');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.drafts
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.drafts
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('draft');

CREATE TRIGGER afford_update
  BEFORE UPDATE ON public.drafts
  FOR EACH ROW
  WHEN
    (((set_config('plaza.update_rows'::text, (((current_setting('plaza.update_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.update_room'::text))::integer))
  EXECUTE FUNCTION private.afford('draft');

CREATE TRIGGER drafts_queue
  AFTER INSERT OR UPDATE ON public.drafts
  FOR EACH ROW
  WHEN (((new.publish_at IS NOT NULL) AND (new.failed_at IS NULL)))
  EXECUTE FUNCTION private.drafts_queue();

CREATE TRIGGER settle_insert AFTER INSERT ON public.drafts REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('draft');

CREATE TRIGGER settle_update AFTER UPDATE ON public.drafts REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.update_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('draft');

CREATE TRIGGER spell_language
  BEFORE INSERT OR UPDATE OF LANGUAGE ON public.drafts
  FOR EACH ROW
  WHEN ((new.language IS NOT NULL))
  EXECUTE FUNCTION private.spell_language();

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.drafts
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('draft', 'draft');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.follow_requests
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.follow_requests
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('follow_request');

CREATE TRIGGER settle_insert AFTER INSERT ON public.follow_requests REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('follow_request');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.follow_requests
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('follow_request', '');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.follows
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.follows
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('follow');

CREATE TRIGGER settle_insert AFTER INSERT ON public.follows REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('follow');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.follows
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('follow', '');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.likes
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.likes
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('like');

CREATE TRIGGER settle_insert AFTER INSERT ON public.likes REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('like');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.likes
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('like', '');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.list_members
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.list_members
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('list_member');

CREATE TRIGGER settle_insert AFTER INSERT ON public.list_members REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('list_member');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.list_members
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('list_member', '');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.lists
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.lists
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('list');

CREATE TRIGGER afford_update
  BEFORE UPDATE ON public.lists
  FOR EACH ROW
  WHEN
    (((set_config('plaza.update_rows'::text, (((current_setting('plaza.update_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.update_room'::text))::integer))
  EXECUTE FUNCTION private.afford('list');

CREATE TRIGGER settle_insert AFTER INSERT ON public.lists REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('list');

CREATE TRIGGER settle_update AFTER UPDATE ON public.lists REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.update_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('list');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.lists
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('list', 'list');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.mutes
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.mutes
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('mute');

CREATE TRIGGER afford_update
  BEFORE UPDATE ON public.mutes
  FOR EACH ROW
  WHEN
    (((set_config('plaza.update_rows'::text, (((current_setting('plaza.update_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.update_room'::text))::integer))
  EXECUTE FUNCTION private.afford('mute');

CREATE TRIGGER settle_insert AFTER INSERT ON public.mutes REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('mute');

CREATE TRIGGER settle_update AFTER UPDATE ON public.mutes REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.update_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('mute');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.mutes
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('mute', 'mute');

CREATE TRIGGER post_tags_limit_deleted
  AFTER DELETE ON public.post_tags REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.post_tags_limit();

CREATE TRIGGER post_tags_limit_inserted
  AFTER INSERT ON public.post_tags REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.post_tags_limit();

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.posts
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_update
  BEFORE UPDATE ON public.posts
  FOR EACH ROW
  WHEN
    (((set_config('plaza.update_rows'::text, (((current_setting('plaza.update_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.update_room'::text))::integer))
  EXECUTE FUNCTION private.afford('edit');

CREATE TRIGGER posts_annotate_again
  AFTER UPDATE OF title, content ON public.posts
  FOR EACH ROW
  WHEN (((old.title IS DISTINCT FROM new.title) OR (old.content IS DISTINCT FROM new.content)))
  EXECUTE FUNCTION private.posts_annotate_again();

CREATE TRIGGER posts_count_authors_deleted
  AFTER DELETE ON public.posts REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_count_authors();

CREATE TRIGGER posts_count_authors_inserted
  AFTER INSERT ON public.posts REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_count_authors();

CREATE TRIGGER posts_count_targets_down
  AFTER DELETE ON public.posts REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_count_targets_down();

CREATE TRIGGER posts_count_targets
  AFTER INSERT ON public.posts REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_count_targets();

CREATE TRIGGER posts_limit
  AFTER INSERT ON public.posts REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_limit();

CREATE TRIGGER posts_search_again
  AFTER UPDATE OF title, content, LANGUAGE ON public.posts
  FOR EACH ROW
  WHEN ((old.title, old.content, old.language) IS DISTINCT FROM (new.title, new.content, new.language))
  EXECUTE FUNCTION private.posts_search_again();

CREATE TRIGGER posts_search
  AFTER INSERT ON public.posts REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_search();

CREATE TRIGGER posts_unlimit
  AFTER DELETE ON public.posts REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.posts_unlimit();

CREATE TRIGGER settle_update AFTER UPDATE ON public.posts REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.update_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('edit');

CREATE TRIGGER spell_language
  BEFORE INSERT OR UPDATE OF LANGUAGE ON public.posts
  FOR EACH ROW
  WHEN ((new.language IS NOT NULL))
  EXECUTE FUNCTION private.spell_language();

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.posts
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('', 'edit');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.profiles
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_update
  BEFORE UPDATE ON public.profiles
  FOR EACH ROW
  WHEN
    (((set_config('plaza.update_rows'::text, (((current_setting('plaza.update_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.update_room'::text))::integer))
  EXECUTE FUNCTION private.afford('profile');

CREATE TRIGGER profiles_afford_privacy
  BEFORE UPDATE OF is_private ON public.profiles
  FOR EACH ROW
  WHEN ((old.is_private <> new.is_private))
  EXECUTE FUNCTION private.profiles_afford_privacy();

CREATE TRIGGER profiles_end_usage
  BEFORE DELETE ON public.profiles
  FOR EACH ROW
  EXECUTE FUNCTION private.profiles_end_usage();

CREATE TRIGGER profiles_hold_last_username
  AFTER DELETE ON public.profiles
  FOR EACH ROW
  EXECUTE FUNCTION private.profiles_hold_last_username();

CREATE TRIGGER profiles_name
  AFTER INSERT OR UPDATE OF username, display_name, is_searchable ON public.profiles
  FOR EACH ROW
  EXECUTE FUNCTION private.profiles_name();

CREATE TRIGGER profiles_open_posts
  AFTER UPDATE OF is_private ON public.profiles
  FOR EACH ROW
  WHEN ((old.is_private <> new.is_private))
  EXECUTE FUNCTION private.profiles_open_posts();

CREATE TRIGGER profiles_search_posts
  AFTER UPDATE OF is_searchable, is_private ON public.profiles
  FOR EACH ROW
  WHEN (((old.is_searchable <> new.is_searchable) OR (old.is_private <> new.is_private)))
  EXECUTE FUNCTION private.profiles_search_posts();

CREATE TRIGGER settle_update AFTER UPDATE ON public.profiles REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.update_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('profile');

CREATE TRIGGER take_turn_before_search
  BEFORE UPDATE OF is_searchable ON public.profiles
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn();

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.profiles
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('', 'profile');

CREATE TRIGGER afford_delete
  BEFORE DELETE ON public.tag_follows
  FOR EACH ROW
  WHEN
    (((set_config('plaza.delete_rows'::text, (((current_setting('plaza.delete_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.delete_room'::text))::integer))
  EXECUTE FUNCTION private.afford('');

CREATE TRIGGER afford_insert
  BEFORE INSERT ON public.tag_follows
  FOR EACH ROW
  WHEN
    (((set_config('plaza.insert_rows'::text, (((current_setting('plaza.insert_rows'::text))::integer + 1))::text, true))::integer >
    (current_setting('plaza.insert_room'::text))::integer))
  EXECUTE FUNCTION private.afford('tag_follow');

CREATE TRIGGER settle_insert AFTER INSERT ON public.tag_follows REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN (
  ((current_setting('plaza.insert_rows'::text))::integer > 1)
) EXECUTE FUNCTION private.settle('tag_follow');

CREATE TRIGGER take_turn
  BEFORE INSERT OR DELETE OR UPDATE ON public.tag_follows
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.take_turn('tag_follow', '');

CREATE POLICY "people block others in their own name" ON "public"."blocks"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((blocker_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people delete the blocks that they read" ON "public"."blocks"
  FOR DELETE
  TO "authenticated"
  USING (((blocker_id = ( SELECT auth.uid() AS uid)) AND (NOT (blocked_id IN ( SELECT private.blocker_ids(( SELECT auth.uid() AS uid)) AS blocker_ids)))));

CREATE POLICY "people read their own blocks of people who do not block them" ON "public"."blocks"
  FOR SELECT
  TO "authenticated"
  USING (((blocker_id = ( SELECT auth.uid() AS uid)) AND (NOT (blocked_id IN ( SELECT private.blocker_ids(( SELECT auth.uid() AS uid)) AS blocker_ids)))));

CREATE POLICY "people bookmark posts in their own name" ON "public"."bookmarks"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people delete their own bookmarks of posts that they see" ON "public"."bookmarks"
  FOR DELETE
  TO "authenticated"
  USING (((user_id = ( SELECT auth.uid() AS uid)) AND (EXISTS ( SELECT
   FROM public.posts
  WHERE (posts.id = bookmarks.post_id)))));

CREATE POLICY "people read their own bookmarks of posts that they see" ON "public"."bookmarks"
  FOR SELECT
  TO "authenticated"
  USING (((user_id = ( SELECT auth.uid() AS uid)) AND (EXISTS ( SELECT
   FROM public.posts
  WHERE (posts.id = bookmarks.post_id)))));

CREATE POLICY "people read requests that they sent or received" ON "public"."follow_requests"
  FOR SELECT
  TO "authenticated"
  USING (((requester_id = ( SELECT auth.uid() AS uid)) OR (target_id = ( SELECT auth.uid() AS uid))));

CREATE POLICY "people send requests in their own name" ON "public"."follow_requests"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((requester_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people end their own follows" ON "public"."follows"
  FOR DELETE
  TO "authenticated"
  USING ((follower_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "the two people, and people who see both accounts, read a follow" ON "public"."follows"
  FOR SELECT
  TO "anon", "authenticated"
  USING (private.sees_follow(( SELECT auth.uid() AS uid), follower_id, followee_id));

CREATE POLICY "people delete their own likes of posts that they see" ON "public"."likes"
  FOR DELETE
  TO "authenticated"
  USING (((user_id = ( SELECT auth.uid() AS uid)) AND (EXISTS ( SELECT
   FROM public.posts
  WHERE (posts.id = likes.post_id)))));

CREATE POLICY "people like posts in their own name" ON "public"."likes"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people read likes of their own posts, and likes that are shown" ON "public"."likes"
  FOR SELECT
  TO "anon", "authenticated"
  USING (((EXISTS ( SELECT
   FROM public.posts
  WHERE (posts.id = likes.post_id))) AND private.sees_like(( SELECT auth.uid() AS uid), user_id, post_id)));

CREATE POLICY "people who read a list read its members who are not hidden" ON "public"."list_members"
  FOR SELECT
  TO "anon", "authenticated"
  USING (((EXISTS ( SELECT
   FROM public.lists
  WHERE (lists.id = list_members.list_id))) AND (EXISTS ( SELECT
   FROM public.profiles
  WHERE (profiles.id = list_members.profile_id)))));

CREATE POLICY "people create lists in their own name" ON "public"."lists"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((owner_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people read their lists and public lists of accounts they see" ON "public"."lists"
  FOR SELECT
  TO "anon", "authenticated"
  USING (private.sees_list(( SELECT auth.uid() AS uid), owner_id, is_private));

CREATE POLICY "people change the mutes that they read" ON "public"."mutes"
  FOR UPDATE
  TO "authenticated"
  USING (((muter_id = ( SELECT auth.uid() AS uid)) AND (NOT (muted_id IN ( SELECT private.hidden_ids(( SELECT auth.uid() AS uid)) AS hidden_ids)))))
  WITH CHECK ((muter_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people delete the mutes that they read" ON "public"."mutes"
  FOR DELETE
  TO "authenticated"
  USING (((muter_id = ( SELECT auth.uid() AS uid)) AND (NOT (muted_id IN ( SELECT private.hidden_ids(( SELECT auth.uid() AS uid)) AS hidden_ids)))));

CREATE POLICY "people mute others in their own name" ON "public"."mutes"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((muter_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "people read their own mutes of people who are not hidden" ON "public"."mutes"
  FOR SELECT
  TO "authenticated"
  USING (((muter_id = ( SELECT auth.uid() AS uid)) AND (NOT (muted_id IN ( SELECT private.hidden_ids(( SELECT auth.uid() AS uid)) AS hidden_ids)))));

CREATE POLICY "people who see a post read its mentions of people not hidden" ON "public"."post_mentions"
  FOR SELECT
  TO "anon", "authenticated"
  USING ((private.sees_post(( SELECT auth.uid() AS uid), post_id) AND (NOT (profile_id IN ( SELECT private.hidden_ids(( SELECT auth.uid() AS uid)) AS hidden_ids)))));

CREATE POLICY "people who read a post read its tags" ON "public"."post_tags"
  FOR SELECT
  TO "anon", "authenticated"
  USING ((EXISTS ( SELECT
   FROM public.posts
  WHERE (posts.id = post_tags.post_id))));

CREATE POLICY "people read the versions of a post that are for them" ON "public"."post_versions"
  FOR SELECT
  TO "anon", "authenticated"
  USING ((EXISTS ( SELECT
   FROM public.posts
  WHERE
    ((posts.id = post_versions.post_id) AND ((posts.audience <> 'mentioned'::public.audience) OR (posts.author_id = ( SELECT auth.uid() AS uid)) OR private.is_addressed(( SELECT
    auth.uid() AS uid), posts.id, post_versions.version))))));

CREATE POLICY "authors delete their own posts" ON "public"."posts"
  FOR DELETE
  TO "authenticated"
  USING (((author_id = ( SELECT auth.uid() AS uid)) AND ((repost_of_id IS NULL) OR private.sees_post(( SELECT auth.uid() AS uid), repost_of_id))));

CREATE POLICY "authors edit their own posts" ON "public"."posts"
  FOR UPDATE
  TO "authenticated"
  USING (((author_id = ( SELECT auth.uid() AS uid)) AND ((repost_of_id IS NULL) OR private.sees_post(( SELECT auth.uid() AS uid), repost_of_id))))
  WITH CHECK ((author_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "everyone reads open posts" ON "public"."posts"
  FOR SELECT
  TO "anon"
  USING (is_open);

CREATE POLICY "people read the posts for them, by people who are not hidden" ON "public"."posts"
  FOR SELECT
  TO "authenticated"
  USING (((NOT (author_id IN ( SELECT private.hidden_ids(( SELECT auth.uid() AS uid)) AS hidden_ids))) AND
CASE
    WHEN (repost_of_id IS NULL) THEN
      private.admits(( SELECT auth.uid() AS uid), author_id, audience, is_open, (author_id IN ( SELECT private.followee_ids(( SELECT auth.uid() AS uid)) AS followee_ids)), (id IN (
      SELECT private.addressing_ids(( SELECT auth.uid() AS uid)) AS addressing_ids)))
    ELSE private.sees_repost(( SELECT auth.uid() AS uid), author_id, repost_of_id)
END));

CREATE POLICY "everybody reads the profiles of people who are not hidden" ON "public"."profiles"
  FOR SELECT
  TO "anon", "authenticated"
  USING ((NOT (id IN ( SELECT private.hidden_ids(( SELECT auth.uid() AS uid)) AS hidden_ids))));

COMMENT ON COLUMN "private"."post_search"."is_findable" IS 'Whether everyone may find the post: it is open, and its author is searchable.';

COMMENT ON COLUMN "public"."blocks"."blocked_id" IS 'The person who is blocked.';

COMMENT ON COLUMN "public"."blocks"."blocker_id" IS 'The person who blocks. When left out, it is you.';

COMMENT ON COLUMN "public"."blocks"."id" IS 'Made of the time of blocking. Order and page by it.';

COMMENT ON COLUMN "public"."bookmarks"."id" IS 'Made of the time of bookmarking. Order and page by it.';

COMMENT ON COLUMN "public"."bookmarks"."user_id" IS 'The person who bookmarks the post. When left out, it is you.';

COMMENT ON COLUMN "public"."drafts"."author_id" IS 'The person who writes it. If you leave it out, it is you.';

COMMENT ON COLUMN "public"."drafts"."content" IS 'May be empty in a draft.';

COMMENT ON COLUMN "public"."drafts"."edited_at" IS 'When its author last changed it.';

COMMENT ON COLUMN "public"."drafts"."failed_at" IS 'When publishing it failed. Null: it did not fail. An edit clears it, and then the database tries again.';

COMMENT ON COLUMN "public"."drafts"."failure" IS 'Why publishing it failed: the code of the error.';

COMMENT ON COLUMN "public"."drafts"."id" IS 'Random. The post will have another id.';

COMMENT ON COLUMN "public"."drafts"."publish_at" IS 'The time when the database publishes it, usually at most ten seconds late. Null: it does not. A time in the past means now.';

COMMENT ON COLUMN "public"."follow_requests"."id" IS 'Made from the time of the request. Order and page by it.';

COMMENT ON COLUMN "public"."follow_requests"."requester_id" IS 'The person who asks. If you leave it out, it is you.';

COMMENT ON COLUMN "public"."follows"."followee_id" IS 'The person who is followed.';

COMMENT ON COLUMN "public"."follows"."follower_id" IS 'The person who follows. When left out, it is you.';

COMMENT ON COLUMN "public"."follows"."id" IS 'Made of the time of following. Order and page by it.';

COMMENT ON COLUMN "public"."likes"."id" IS 'Made of the time of liking. Order and page by it.';

COMMENT ON COLUMN "public"."likes"."user_id" IS 'The person who likes the post. When left out, it is you.';

COMMENT ON COLUMN "public"."lists"."is_private" IS 'True: only its owner sees the list. False: everybody who may look into the owner''s account sees it.';

COMMENT ON COLUMN "public"."lists"."owner_id" IS 'The person who owns it. When left out, it is you.';

COMMENT ON COLUMN "public"."mutes"."muted_id" IS 'The person who is muted.';

COMMENT ON COLUMN "public"."mutes"."muted_until" IS 'The end of the mute. Null: it lasts until you delete it.';

COMMENT ON COLUMN "public"."mutes"."muter_id" IS 'The person who mutes. When left out, it is you.';

COMMENT ON COLUMN "public"."post_mentions"."is_answered" IS 'Whether the post is a reply to few (audience mentioned) that answers a post of theirs. Then it addresses them even if its text does not name them.';

COMMENT ON COLUMN "public"."post_mentions"."since_version" IS 'The first version of the post that addresses them, counted as in post_versions.';

COMMENT ON COLUMN "public"."post_mentions"."usernames" IS 'The names that mean this person, as they stand in the text, in lower case. The person may have another name by now. Empty when a reply addresses them without naming them.';

COMMENT ON COLUMN "public"."post_tags"."is_open" IS 'Whether everyone sees the post, as in posts.';

COMMENT ON COLUMN "public"."post_versions"."content_warning" IS 'The content warning of this version.';

COMMENT ON COLUMN "public"."post_versions"."version" IS '1 is what was first written. The post itself is the version after the highest one. Numbers never change. A post with many edits has version 1 and then the newest ones.';

COMMENT ON COLUMN "public"."posts"."audience" IS 'The people that the post is for. It never changes.';

COMMENT ON COLUMN "public"."posts"."author_id" IS 'The person who wrote it. When left out, it is you.';

COMMENT ON COLUMN "public"."posts"."content" IS '1 to 10,000 characters of plain text. Empty in a repost.';

COMMENT ON COLUMN "public"."posts"."content_warning" IS 'A warning that clients show in place of the post until the reader asks for the post. At most 200 characters, on one line. Empty when there is no warning.';

COMMENT ON COLUMN "public"."posts"."edited_at" IS 'The time of the last edit, or null. What the post said before is in post_versions.';

COMMENT ON COLUMN "public"."posts"."entities" IS 'The tags, mentions and links in title and content, as ranges beside the text. start and end count UTF-16 code units.';

COMMENT ON COLUMN "public"."posts"."id" IS 'Made of the time of writing. A JSON number carries it exactly.';

COMMENT ON COLUMN "public"."posts"."is_open" IS 'Whether everyone sees it, signed in or not. Such a post is for everyone and by a public account. A repost is open only when the post that it shows is open too.';

COMMENT ON COLUMN "public"."posts"."language" IS 'A BCP 47 tag, or null. You may write it in any case. It is kept as RFC 5646 spells it: en-US, zh-Hant-TW.';

COMMENT ON COLUMN "public"."posts"."quote_of_id" IS 'The post it quotes. That post may be deleted by now, or you may not see it.';

COMMENT ON COLUMN "public"."posts"."reply_to_id" IS 'The post it answers. That post may be deleted by now, or you may not see it.';

COMMENT ON COLUMN "public"."posts"."title" IS 'At most 200 characters, on one line. It may be empty.';

COMMENT ON COLUMN "public"."profiles"."display_name" IS 'At most 50 characters, on one line; when it is empty, show the username.';

COMMENT ON COLUMN "public"."profiles"."is_private" IS 'Whether only followers see their posts, and whether you have to ask before you follow them. Switching it off accepts the requests that wait.';

COMMENT ON COLUMN "public"."profiles"."is_searchable" IS 'Whether search_people() finds them and search_posts() their posts. When off, only they themselves do. It hides nothing: anybody who knows the username, or filters profiles or posts, still finds them.';

COMMENT ON COLUMN "public"."profiles"."username" IS '3 to 30 letters, digits and underscores, unique in any case of letters. You can take a new one every 7 days. The old one is held for 30 days, and you can take it back at any time.';

COMMENT ON COLUMN "public"."tag_follows"."tag" IS 'You may write it with the sign or without, in any case. It is kept in lower case and without the sign.';

COMMENT ON COLUMN "public"."tag_follows"."user_id" IS 'The person who follows. When left out, it is you.';

COMMENT ON FUNCTION "private"."addressing_ids"(uuid) IS 'The posts that address the viewer.';

COMMENT ON FUNCTION "private"."admits"(uuid, uuid, public.audience, boolean, boolean, boolean) IS 'Whether a post, not a repost, is for the viewer. It does not ask about blocks.';

COMMENT ON FUNCTION "private"."afford"() IS 'Refuses the 101st row of a person''s statement, and the first row over their budget. Its argument is the action.';

COMMENT ON FUNCTION "private"."all_of"(text[]) IS 'All terms together, as a tsquery in text. Null: two terms contradict each other.';

COMMENT ON FUNCTION "private"."author_posts"(uuid, uuid) IS 'How many posts of an author the viewer sees, without reposts. Null when the viewer may not look into the account.';

COMMENT ON FUNCTION "private"."before_user_created"(jsonb) IS 'Refuses a sign-up whose metadata is too large, or whose username nobody can have: badly formed, or reserved for the house.';

COMMENT ON FUNCTION "private"."blank_characters"() IS 'The characters that nobody can see, as the inside of a bracket expression.';

COMMENT ON FUNCTION "private"."block_between"(uuid, uuid) IS 'A row for each block between two people. No row when neither blocks the other.';

COMMENT ON FUNCTION "private"."blocker_ids"(uuid) IS 'The people who block the viewer.';

COMMENT ON FUNCTION "private"."blocks_check"() IS 'Refuses to block a person who does not exist, or who is hidden.';

COMMENT ON FUNCTION "private"."blocks_end_follows"() IS 'Ends the follows and requests, both ways, between the two people of a new block.';

COMMENT ON FUNCTION "private"."cards"(uuid, bigint[]) IS 'The cards of posts, in any order. Give each id once, and only posts that the viewer sees.';

COMMENT ON FUNCTION "private"."charge"(uuid, text, integer) IS 'Takes an amount off a person''s budget for an action, and answers how much is left. If too little is left, it raises the error PT429.';

COMMENT ON FUNCTION "private"."check_page_size"(integer) IS 'The error PT400 unless page_size is 1 to 100.';

COMMENT ON FUNCTION "private"."consents_to_follow"(uuid) IS 'True when the person may follow the account without asking. The error PT403 when it is private.';

COMMENT ON FUNCTION "private"."cut"(text, integer) IS 'The beginning of a text: as many whole grapheme clusters as fit into max_characters.';

COMMENT ON FUNCTION "private"."drafts_check"() IS 'Refuses a 101st draft.';

COMMENT ON FUNCTION "private"."drafts_edit"() IS 'Notes the time of an edit. A draft that failed will be tried again.';

COMMENT ON FUNCTION "private"."drafts_queue"() IS 'Puts the author of a scheduled draft into the queue.';

COMMENT ON FUNCTION "private"."feed"(public.feed, text, bigint, integer) IS 'What the feeds in public answer.';

COMMENT ON FUNCTION "private"."feed_items"(uuid, bigint[], bigint[]) IS 'The rows of a feed for these posts and reposts, in the order given. Give only posts that the viewer sees.';

COMMENT ON FUNCTION "private"."feed_page"(public.feed, text, uuid, bigint, bigint, integer) IS 'The ids of a page of a feed, between two ids, newest first.';

COMMENT ON FUNCTION "private"."few_posts"() IS 'The most limited posts of a place that are asked about one by one.';

COMMENT ON FUNCTION "private"."finish_search_switches"(integer) IS 'Changes at most this number of posts in the index, shared equally by up to 20 accounts that switched. Answers how many accounts are done.';

COMMENT ON FUNCTION "private"."folded"(text) IS 'A text without capitals and accents.';

COMMENT ON FUNCTION "private"."follow_counts_of"(uuid, uuid) IS 'How many people follow somebody and how many that person follows, without those hidden from the viewer.';

COMMENT ON FUNCTION "private"."follow_requests_check"() IS 'Refuses a request that its target could not accept.';

COMMENT ON FUNCTION "private"."followee_ids"(uuid) IS 'The people that the viewer follows.';

COMMENT ON FUNCTION "private"."follows_check"() IS 'Refuses to follow a person who does not exist, or who is hidden.';

COMMENT ON FUNCTION "private"."forget_usage"() IS 'Deletes up to 100,000 rows of usage whose day is over, and answers how many it deleted.';

COMMENT ON FUNCTION "private"."grammar_of"(text) IS 'The grammar for the words of a language, as two letters. Empty: search compares words as they are written.';

COMMENT ON FUNCTION "private"."grapheme_pattern"() IS 'The regular expression of one grapheme cluster.';

COMMENT ON FUNCTION "private"."hidden_ids"(uuid) IS 'The people who are hidden from the viewer: those the viewer blocks, and those who block the viewer.';

COMMENT ON FUNCTION "private"."hold_username"(text, uuid) IS 'Holds a username for 30 days: for its former owner, or (null) for nobody.';

COMMENT ON FUNCTION "private"."index_posts"(bigint[]) IS 'Writes these posts to the index as they are now.';

COMMENT ON FUNCTION "private"."is_addressed"(uuid, bigint, integer) IS 'Whether a version of a post addresses the viewer.';

COMMENT ON FUNCTION "private"."is_blank"(text) IS 'Whether there is nothing to see in a text. The empty text is blank.';

COMMENT ON FUNCTION "private"."is_for"(uuid, bigint, uuid, public.audience, boolean) IS 'One row when a post, not a repost, is for the viewer. It does not ask about blocks.';

COMMENT ON FUNCTION "private"."is_https_url"(text, integer) IS 'Whether a text is an https URL, of at most max_length characters, that a page can show without changes.';

COMMENT ON FUNCTION "private"."is_language"(text) IS 'Whether a text is a well-formed BCP 47 tag of at most 64 characters, in any case.';

COMMENT ON FUNCTION "private"."is_line"(text) IS 'Whether a text is empty, or one line with something to see.';

COMMENT ON FUNCTION "private"."is_name"(text) IS 'Whether a text is a line, as is_line() says, without characters that control the direction of writing.';

COMMENT ON FUNCTION "private"."is_one_line"(text) IS 'Whether a text has no line separator and no control character.';

COMMENT ON FUNCTION "private"."lets_in"(uuid, uuid) IS 'One row when the account is the viewer''s own, is public, or is followed by the viewer. It does not ask about blocks.';

COMMENT ON FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer) IS 'The ids of the newest limited posts of a place that the viewer sees, between two ids, newest first. At most as many as most; all, when most is null.';

COMMENT ON FUNCTION "private"."limited_places"(bigint[]) IS 'The rows that private.limited_posts must have for these posts.';

COMMENT ON FUNCTION "private"."limited_posts_count"() IS 'Keeps limited_counts equal to a count of limited replies, quotes and reposts.';

COMMENT ON FUNCTION "private"."limited_seen"(uuid, text, bigint, uuid[]) IS 'How many limited posts of a place the viewer sees. amount is how many the place has.';

COMMENT ON FUNCTION "private"."list_members_check"() IS 'Refuses a person who does not exist or who is hidden from the owner, and refuses more than 1,000 people on a list.';

COMMENT ON FUNCTION "private"."lists_check"() IS 'Refuses more than 100 lists for one person.';

COMMENT ON FUNCTION "private"."lock_posts_of"(uuid, boolean) IS 'Locks all posts of somebody, and the reposts of these posts, and returns their ids. It tries for about 4 seconds. Then the error PT503, if others still change some of them.';

COMMENT ON FUNCTION "private"."lock_username"(text) IS 'Waits until nobody else is taking this username. Holds until the transaction ends.';

COMMENT ON FUNCTION "private"."lone_characters"() IS 'The characters that search treats as one word each. The text goes into the brackets of a regular expression.';

COMMENT ON FUNCTION "private"."looks_into"(uuid, uuid) IS 'Whether the viewer sees what an account does. It is their own, it is public, or they follow it, and no block hides the two from each other.';

COMMENT ON FUNCTION "private"."metadata_problem"(jsonb) IS 'Why an account cannot have this metadata, or null.';

COMMENT ON FUNCTION "private"."muted_ids"(uuid) IS 'The people that the viewer mutes now.';

COMMENT ON FUNCTION "private"."mutes_check"() IS 'Refuses to mute a person who does not exist, or who is hidden.';

COMMENT ON FUNCTION "private"."my_limits"() IS 'What public.limits() answers.';

COMMENT ON FUNCTION "private"."name_characters"(text) IS 'The lone characters of a name, and each pair of neighbours among them.';

COMMENT ON FUNCTION "private"."new_id"(timestamp with time zone) IS 'A new id for a row that is written at that time. It is greater than the ids of all earlier milliseconds.';

COMMENT ON FUNCTION "private"."newest_posts"(uuid, uuid[], text[], bigint, bigint, integer) IS 'The ids of the newest posts and reposts by these authors or with these tags, between two ids, newest first. As many as wanted, or all there are. Limited posts with the tags are among them only if the viewer sees them.';

COMMENT ON FUNCTION "private"."opens"(public.posts) IS 'Whether a new post is open: everyone sees it, signed in or not.';

COMMENT ON FUNCTION "private"."pair_lexemes"(text[], text[]) IS 'Two neighbouring words as the index of posts holds them.';

COMMENT ON FUNCTION "private"."people"(uuid, bigint[], uuid[]) IS 'The rows for these people, in the order given. Give only people that the viewer sees.';

COMMENT ON FUNCTION "private"."people_named"(uuid, text[]) IS 'The people who have these usernames (in lower case) now, without those hidden from the author.';

COMMENT ON FUNCTION "private"."post_counts_of"(uuid, bigint[]) IS 'How many likes, replies, reposts and quotes of posts the viewer may know about. One row for each post.';

COMMENT ON FUNCTION "private"."post_tags_limit"() IS 'Adds and deletes the places of limited posts when their tags change.';

COMMENT ON FUNCTION "private"."post_vector"(public.posts) IS 'The tsvector of a post in the index.';

COMMENT ON FUNCTION "private"."posts_annotate"() IS 'Stores the tags of new posts and the people they address.';

COMMENT ON FUNCTION "private"."posts_annotate_again"() IS 'Adds the tags and mentions that an edit adds to the text, and deletes those that it removes.';

COMMENT ON FUNCTION "private"."posts_count_authors"() IS 'Keeps author_counts equal to a count of posts.';

COMMENT ON FUNCTION "private"."posts_count_targets"() IS 'Adds new posts to the counts of the posts that they answer, repost and quote.';

COMMENT ON FUNCTION "private"."posts_count_targets_down"() IS 'Takes deleted posts off the counts of the posts that they answered, reposted and quoted, and deletes their own counts.';

COMMENT ON FUNCTION "private"."posts_keep_place"() IS 'Keeps the places of deleted posts that have replies, and deletes the places that have none.';

COMMENT ON FUNCTION "private"."posts_limit"() IS 'Adds the places of new posts that are not open.';

COMMENT ON FUNCTION "private"."posts_prepare"() IS 'Checks the posts that a new post refers to, decides whether it is open, and finds the entities in its text.';

COMMENT ON FUNCTION "private"."posts_search"() IS 'Writes new posts to the index.';

COMMENT ON FUNCTION "private"."posts_search_again"() IS 'Writes edited posts to the index.';

COMMENT ON FUNCTION "private"."posts_unlimit"() IS 'Deletes the places of deleted posts.';

COMMENT ON FUNCTION "private"."profiles_accept_requests"() IS 'Accepts all waiting requests when an account becomes public.';

COMMENT ON FUNCTION "private"."profiles_afford_privacy"() IS 'Refuses to make an account private or public more often than its budget allows. Each switch changes its posts and its requests.';

COMMENT ON FUNCTION "private"."profiles_create_author_counts"() IS 'Starts the counts of a new profile at zero.';

COMMENT ON FUNCTION "private"."profiles_create_follow_counts"() IS 'Starts the counts of a new profile at zero.';

COMMENT ON FUNCTION "private"."profiles_end_follows"() IS 'Ends all follows of a deleted profile, in one statement.';

COMMENT ON FUNCTION "private"."profiles_end_posts"() IS 'Deletes the posts and likes of a deleted profile.';

COMMENT ON FUNCTION "private"."profiles_end_usage"() IS 'Deletes the usage of a person when their account is deleted.';

COMMENT ON FUNCTION "private"."profiles_hold_last_username"() IS 'Holds the username of a deleted account.';

COMMENT ON FUNCTION "private"."profiles_hold_username"() IS 'Holds the old username for its former owner, and bounds how often somebody takes a new one.';

COMMENT ON FUNCTION "private"."profiles_name"() IS 'Copies the names of a person, folded, for search.';

COMMENT ON FUNCTION "private"."profiles_open_posts"() IS 'Sets is_open of the posts of an account that becomes public or private, and of the reposts of them.';

COMMENT ON FUNCTION "private"."profiles_search_posts"() IS 'Corrects is_findable of an author''s posts: the newest 500 at once, the others soon.';

COMMENT ON FUNCTION "private"."publish"(public.drafts) IS 'Turns a draft into a post, and answers the id of the post.';

COMMENT ON FUNCTION "private"."publish_due_draft"(public.drafts) IS 'Publishes a draft. If it cannot, it notes why, or answers until when the author has to wait.';

COMMENT ON FUNCTION "private"."publish_due_drafts"() IS 'Publishes up to 100 drafts that are due, and answers how many it published.';

COMMENT ON FUNCTION "private"."queue_key"(text, uuid) IS 'The number of the advisory lock of a person''s queue: turn, or blocks. The chance that two people share a number is 1 in 2^64.';

COMMENT ON FUNCTION "private"."quotes_muted"(uuid, bigint, uuid[]) IS 'Whether a quoted or answered post is by a person that the viewer mutes, and the viewer sees it.';

COMMENT ON FUNCTION "private"."read_search"(text) IS 'Reads the query of a search. Raises the error PT400 if the query asks for nothing.';

COMMENT ON FUNCTION "private"."refuse_rate"(text, timestamp with time zone) IS 'Raises the error PT429: the budget for an action is used up until a time.';

COMMENT ON FUNCTION "private"."require_active_account"(uuid) IS 'Raises the error PT403 unless the person could sign in now.';

COMMENT ON FUNCTION "private"."require_open_post"(uuid, bigint) IS 'The id of a post that the viewer may repost or quote. For a repost, the id of the post that it shows. The error PT404 when the viewer does not see the post, PT403 when it is limited and by somebody else.';

COMMENT ON FUNCTION "private"."require_post"(uuid, bigint) IS 'The post. For a repost, the post that it shows. Nobody can delete it until the transaction ends. The error PT404 when the viewer sees no such post.';

COMMENT ON FUNCTION "private"."require_profile"(uuid, uuid) IS 'The error PT404 unless the person exists and no block hides them from the viewer.';

COMMENT ON FUNCTION "private"."require_seen_post"() IS 'Refuses a like or bookmark of a post that the person does not see. For a repost, it takes the post that the repost shows.';

COMMENT ON FUNCTION "private"."rule"(boolean, text, text) IS 'True when the rule holds. Otherwise the error PT400, with the message and with the code as its detail.';

COMMENT ON FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, bigint, bigint, integer) IS 'The newest wanted posts that not everyone may find: posts of these authors for their followers, posts of the viewer, and posts that address the viewer. In any order.';

COMMENT ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, integer) IS 'The newest wanted posts that the viewer may find. is_findable: only posts that everyone may find, or only the others.';

COMMENT ON FUNCTION "private"."search_circle"(uuid, uuid[], tsquery, tsquery, uuid, bigint, bigint, integer) IS 'A page, or more, of the newest wanted posts that not everyone may find. The viewer wrote them, is addressed by them, or sees them as a follower. In any order.';

COMMENT ON FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer) IS 'The wanted posts that everyone may find, in any order.';

COMMENT ON FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer) IS 'The wanted posts that not everyone may find, in any order.';

COMMENT ON FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, bigint, bigint, integer) IS 'The wanted ones of the newest 100 posts that everyone may find. If they do not fill the page, also the first and the last post that it read. The last is null if there are no more posts.';

COMMENT ON FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, integer) IS 'The newest wanted posts that everyone may find and no block hides.';

COMMENT ON FUNCTION "private"."search_pieces"(text) IS 'The pieces of a query, in order.';

COMMENT ON FUNCTION "private"."search_within"(tsquery, bigint, bigint) IS 'A search within a stretch of time. The index knows times to within 4 seconds.';

COMMENT ON FUNCTION "private"."search_words"(text) IS 'The words of a text, in order and in lower case.';

COMMENT ON FUNCTION "private"."sees_follow"(uuid, uuid, uuid) IS 'Whether the viewer sees that one person follows another. The two people see it, and everybody who may look into both accounts.';

COMMENT ON FUNCTION "private"."sees_like"(uuid, uuid, bigint) IS 'Whether the viewer sees that somebody likes a post. The caller has checked that the viewer sees the post.';

COMMENT ON FUNCTION "private"."sees_list"(uuid, uuid, boolean) IS 'Whether the viewer sees a list. It is their own, or it is public and they may look into the owner''s account.';

COMMENT ON FUNCTION "private"."sees_post"(uuid, bigint) IS 'Whether the viewer sees a post or a repost. The viewer is null when nobody is signed in. False when there is no such post.';

COMMENT ON FUNCTION "private"."sees_repost"(uuid, uuid, bigint) IS 'Whether the viewer sees a repost. The viewer is null when nobody is signed in.';

COMMENT ON FUNCTION "private"."set_limits"(uuid, integer, integer, integer, text) IS 'What public.set_limits() does.';

COMMENT ON FUNCTION "private"."settle"() IS 'Spends for the rows of a statement, except the first. take_turn() spent for that one.';

COMMENT ON FUNCTION "private"."shows_likes_to"(uuid, uuid, boolean) IS 'Whether the viewer sees what somebody likes.';

COMMENT ON FUNCTION "private"."spell_language"() IS 'Spells a language tag as RFC 5646 does: en-US, zh-Hant-TW.';

COMMENT ON FUNCTION "private"."spend"(text) IS 'Takes one off the viewer''s budget, for a function that only reads. A viewer who is not signed in spends nothing. The calling function must be volatile.';

COMMENT ON FUNCTION "private"."stem_lexeme"(text, text) IS 'A stem as the index of posts holds it.';

COMMENT ON FUNCTION "private"."stem_of"(text, text) IS 'The stem that a grammar has for a word in lower case.';

COMMENT ON FUNCTION "private"."sweep_held_usernames"() IS 'Forgets up to 1,000 names whose time is over. Returns how many.';

COMMENT ON FUNCTION "private"."sweep_sign_ups"() IS 'Deletes up to 1,000 accounts that were not confirmed within a week of their last mail. Returns how many.';

COMMENT ON FUNCTION "private"."switch_findable"(uuid, integer) IS 'Corrects is_findable of the newest posts of an author. Answers whether it corrected all.';

COMMENT ON FUNCTION "private"."tag_characters"() IS 'The characters of tags, as the inside of a bracket expression.';

COMMENT ON FUNCTION "private"."tag_follows_check"() IS 'Writes a tag as posts have it, and refuses more than 100 tags for one person.';

COMMENT ON FUNCTION "private"."tag_name"(text) IS 'The name of a tag, given with or without its sign. It is the same in any case, and however its accents are encoded. Null when it is not a tag: a name has at most 100 letters, marks, digits and underscores, and at least one letter.';

COMMENT ON FUNCTION "private"."tags_in"(jsonb) IS 'The tags among the entities of a text.';

COMMENT ON FUNCTION "private"."take_turn"() IS 'Lets one person write by one request at a time, spends for the first row, and begins to count.';

COMMENT ON FUNCTION "private"."take_turn_without_person"() IS 'Waits until no statement without a person writes, and makes the next one wait.';

COMMENT ON FUNCTION "private"."time_lexeme"(integer, bigint) IS 'The lexeme for the stretch of time of an id. Steps are 1 (4 seconds) to 6 (50 days).';

COMMENT ON FUNCTION "private"."timeline"(uuid, uuid, bigint, bigint, integer) IS 'The ids of a page of home (when list_id is null) or of the feed of a list: posts and reposts between two ids, newest first.';

COMMENT ON FUNCTION "private"."to_name"(text, integer) IS 'A text made to fit: what is_name() accepts, of at most max_characters, and empty when nothing is left to see.';

COMMENT ON FUNCTION "private"."usernames_in"(jsonb) IS 'The usernames among the entities of a text, in lower case.';

COMMENT ON FUNCTION "private"."users_afford_metadata"() IS 'Refuses to change the metadata of an account more often than its budget allows.';

COMMENT ON FUNCTION "private"."users_create_profile"() IS 'Makes the profile of an account when its address is confirmed.';

COMMENT ON FUNCTION "private"."users_note_mail"() IS 'Reserves the username at the first mail of a sign-up. At a later mail, drops the password and metadata that somebody chose before.';

COMMENT ON FUNCTION "private"."users_note_password"() IS 'Takes needs_password away as soon as there is a password.';

COMMENT ON FUNCTION "private"."viewer"() IS 'The id of the person who is signed in. The error PT401 when nobody is.';

COMMENT ON FUNCTION "private"."word_stems"(text, text) IS 'The one or two stems that a grammar has for a word.';

COMMENT ON FUNCTION "private"."words_query"(text[], text[]) IS 'One word, or several side by side, as two tsqueries in text. indexed is for the index. exact is for the posts that the index finds.';

COMMENT ON FUNCTION "public"."accept_follow_request"(uuid) IS 'Accepts a request to follow you. Answers false if there is none, for example because the requester took it back.';

COMMENT ON FUNCTION "public"."author_counts"(public.profiles) IS 'Embeds the count in profiles: select=*,author_counts(posts).';

COMMENT ON FUNCTION "public"."blocked_people"(bigint, integer) IS 'The people you block, newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."bookmarks_feed"(bigint, integer) IS 'The posts that you bookmarked last. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."count_newer"(public.feed, bigint, text) IS 'How many rows of a feed are newer than the row with the id after. It counts up to 100 and reads only ids. of names the feed: the tag, or the id of the list, profile or post.';

COMMENT ON FUNCTION "public"."decline_follow_request"(uuid) IS 'Deletes a request to follow you. Answers false if there is none. The requester may ask again.';

COMMENT ON FUNCTION "public"."follow"(uuid) IS 'Follows a public account, or sends a request to a private one. Answers following or requested. You may call it again: the second call changes nothing.';

COMMENT ON FUNCTION "public"."follow_counts"(public.profiles) IS 'Embeds the counts in profiles: select=*,follow_counts(followers,following).';

COMMENT ON FUNCTION "public"."followers"(uuid, bigint, integer) IS 'The followers of somebody that you may know about, newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."following"(uuid, bigint, integer) IS 'The people that somebody follows and that you may know about, newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."home_feed"(bigint, integer) IS 'The newest posts and reposts by you and the people you follow, and posts with tags you follow. Each post comes once. Replies are only those to you and to people you follow. Posts by people you mute are left out. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."limits"() IS 'Your budget. For each action: how often you may do it, how often is left, and when all of it is there again (null: you used nothing).';

COMMENT ON FUNCTION "public"."list_feed"(uuid, bigint, integer) IS 'The newest posts and reposts by the people on a list. Each post comes once. Replies are only those to you and to people on the list. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."post_counts"(public.posts) IS 'Embeds the counts in posts: select=*,post_counts(likes,replies,reposts,quotes).';

COMMENT ON FUNCTION "public"."profile"(text) IS 'A profile''s page by its username, in any case. No row when there is no such person, or you cannot see them.';

COMMENT ON FUNCTION "public"."profile_feed"(uuid, bigint, integer) IS 'Somebody''s newest posts and reposts, without replies. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."profile_likes"(uuid, bigint, integer) IS 'The posts that somebody liked last, if they show their likes. Your own are always shown to you. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."profile_replies"(uuid, bigint, integer) IS 'Somebody''s newest replies. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."public_feed"(bigint, integer) IS 'The newest posts for everyone, without replies and reposts. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."publish_draft"(uuid) IS 'Publishes one of your drafts now, and deletes the draft. Answers the id of the post.';

COMMENT ON FUNCTION "public"."quotes"(bigint, bigint, integer) IS 'The newest posts that quote a post. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."remove_follower"(uuid) IS 'Ends somebody''s follow of you. False when they did not follow you.';

COMMENT ON FUNCTION "public"."replies"(bigint, bigint, integer) IS 'The newest replies to a post. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."search_people"(text, integer) IS 'People by the beginning of a name or a part of it, also with a spelling mistake. The best come first. id is the place in this list. page_size is 1 to 100. There is only one page.';

COMMENT ON FUNCTION "public"."search_posts"(text, bigint, integer) IS 'Posts, newest first. The query may have words, "phrases", -unwanted words, either or, #tags, from:somebody, since:2026-01-31 and until:2026-12-31. Days are in UTC, and the day of until is not included. For the next page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, text) IS 'Gives one person other amounts for an action. Without an action, it is every action. Without amounts, the person has the usual ones again. Answers how many actions changed. For the service role.';

COMMENT ON FUNCTION "public"."tag_feed"(text, bigint, integer) IS 'The newest posts and replies with a tag. Newest first. To turn the page, give the id of the last row as before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."thread"(bigint, integer) IS 'A post, the posts that it answers (up to 100) and the replies below it (up to 500, and max_depth deep, which is 1 to 50), in the order of reading. No row when there is no such post, or you cannot see it. If a post has more replies than the thread shows, replies() has them all.';

COMMENT ON FUNCTION "public"."username_available"(text) IS 'Whether you can sign up with this username, or change yours to it.';

COMMENT ON TABLE "private"."author_counts" IS 'How many posts somebody wrote for each audience, without reposts. One row for each profile.';

COMMENT ON TABLE "private"."deleted_posts" IS 'The places of deleted posts. A place exists as long as it has replies, or places, below it.';

COMMENT ON TABLE "private"."draft_queue" IS 'Authors with scheduled drafts. Each author waits for a run from due_at on.';

COMMENT ON TABLE "private"."follow_counts" IS 'How many people follow somebody, and how many that person follows. One row for each profile.';

COMMENT ON TABLE "private"."held_usernames" IS 'Names that people gave up, by a rename or with their account. Until held_until only the former owner can take them back, so that nobody can pass for them.';

COMMENT ON TABLE "private"."id_secret" IS 'One row, different in each database. The shift of the counter in ids is computed from it.';

COMMENT ON TABLE "private"."limit_overrides" IS 'Other amounts for one person, larger or smaller. set_limits() writes them.';

COMMENT ON TABLE "private"."limited_counts" IS 'How many limited posts the places of replies, quotes and reposts have. Without a row, a place has none.';

COMMENT ON TABLE "private"."limited_posts" IS 'Posts that not everyone sees, once for each place. reply:5, quote:5 and repost:5 refer to post 5. tag:garden has the tag garden. by:, replies-by: and shown-by: are on the page of the author with that id. There is no foreign key: posts_unlimit() deletes the rows with the post.';

COMMENT ON TABLE "private"."limits" IS 'How often a person may do each action. The newcomer amounts are for accounts younger than a day. A change here reaches everybody within an hour.';

COMMENT ON TABLE "private"."names" IS 'The folded names of people. Search compares these.';

COMMENT ON TABLE "private"."post_counts" IS 'How many likes, replies, reposts and quotes a post has, by anybody and for any audience.';

COMMENT ON TABLE "private"."post_search" IS 'Each post as search knows it. Reposts are not here.';

COMMENT ON TABLE "private"."reserved_usernames" IS 'Names that nobody may take: people would think that they are the house, or a page of it.';

COMMENT ON TABLE "private"."search_grammars" IS 'The grammars of the languages that posts have.';

COMMENT ON TABLE "private"."search_switches" IS 'Accounts that switched, and have posts that the index still has to change.';

COMMENT ON TABLE "private"."sign_ups" IS 'Sign-ups that wait for confirmation. Until reserved_until nobody else can have the username. A week after the last mail the account is deleted.';

COMMENT ON TABLE "private"."usage" IS 'How often a person did an action in the current minute, hour and day. One row for each person and action.';

COMMENT ON TABLE "public"."blocks" IS 'The people you block. Insert to block, which ends follows and follow requests both ways. Delete to unblock.';

COMMENT ON TABLE "public"."bookmarks" IS 'The posts that you want to find again. Only you see your bookmarks.';

COMMENT ON TABLE "public"."drafts" IS 'Posts that are not published yet, at most 100 for each author. Only the author can see them.';

COMMENT ON TABLE "public"."follow_requests" IS 'Requests to follow a private account. Insert one to ask, delete it to take it back. The owner of the account calls accept_follow_request() or decline_follow_request().';

COMMENT ON TABLE "public"."follows" IS 'A row for each person who follows another. Insert to follow, delete to unfollow. The two people see it, and so does everybody who may look into both accounts. Only its followers may look into a private account.';

COMMENT ON TABLE "public"."likes" IS 'A row for each post that a person likes. Insert to like, delete to take the like back.';

COMMENT ON TABLE "public"."list_members" IS 'The people on a list, at most 1,000. If you can read the list and the person''s profile, you can read this.';

COMMENT ON TABLE "public"."mutes" IS 'The people you mute. Their posts and reposts stay out of your feeds. Only you see your mutes.';

COMMENT ON TABLE "public"."post_mentions" IS 'The people that posts address. If you can read the post and see the person, you can read this.';

COMMENT ON TABLE "public"."post_tags" IS 'Which posts have which tags. If you can read the post, you can read them.';

COMMENT ON TABLE "public"."post_versions" IS 'What posts said before they were edited: the first version of each post, and the newest 50. If you can read the post, you can read them. If it is for the people it mentions, you read the versions from the first one that mentions you.';

COMMENT ON TABLE "public"."posts" IS 'What people write, as plain text. Clients escape it when they show it. A higher id was written later. Order and page by it.';

COMMENT ON TABLE "public"."profiles" IS 'People. A profile is made when its account is confirmed, with the username and display_name of the sign-up metadata.';

COMMENT ON TABLE "public"."tag_follows" IS 'The tags that people follow, at most 100 each. Posts with them are in your home feed. Only you see which tags you follow.';

COMMENT ON TYPE "private"."problem" IS 'Why something is refused: an HTTP status, a code for programs, a message for people.';

COMMENT ON TYPE "private"."search" IS 'A search. wanted is for the index (null: the search finds nothing). exact is for the posts that the index finds (null: there is no more to ask). from_id is the author (null: all authors). since_id and until_id are the first id and the first id after the last.';

COMMENT ON TYPE "public"."allowance" IS 'How often you may do an action. per is minute, hour or day: the one with the least left.';

COMMENT ON TYPE "public"."audience" IS 'The people that a post is for. everyone: everybody, or the followers when the account is private. followers: the followers of the author. mentioned: the people that the post mentions and, when it is a reply, the author it answers.';

COMMENT ON TYPE "public"."author" IS 'Who wrote something: the part of a profile that a list shows.';

COMMENT ON TYPE "public"."card" IS 'A post as a page shows it. is_open says whether everyone sees it. The counts count what you may know about. liked, bookmarked and reposted say what you did.';

COMMENT ON TYPE "public"."feed_item" IS 'A row of a feed. id is the cursor. reposted_by is the person who reposted the post, or null. reply_to is the author of the post that it answers, and quoted is the post that it quotes. Both are null when there is no such post, or you cannot see it.';

COMMENT ON TYPE "public"."mention" IS 'A person that a post addresses: the username as it stands in the text, in lower case, and the person as they are now. A reply with audience mentioned also addresses the author it answers. If the text does not name them, the username is the one they have now, in lower case.';

COMMENT ON TYPE "public"."person" IS 'A row of a list of people. id is the cursor. The rest is the person, and what they are to you.';

COMMENT ON TYPE "public"."profile_page" IS 'A profile with its counts and what the person is to you. posts is null when you may not look into the account. All counts are null when you block the person.';

COMMENT ON TYPE "public"."thread_post" IS 'A row of a thread. depth is 0 for the post itself, negative for the posts that it answers, and positive for replies. post is null when the post is deleted, or you cannot see it.';

COMMENT ON TYPE "public"."visibility" IS 'Whether you see a post, and the rule that decides it: as a code for programs and as a sentence for people.';

COMMENT ON VIEW "private"."allowances" IS 'How often each person may do each action: their own amounts, or the amounts for the age of their account.';

COMMENT ON VIEW "public"."author_counts" IS 'How many posts somebody wrote.';

COMMENT ON VIEW "public"."follow_counts" IS 'How many people follow somebody, and how many that person follows. People that a block hides from you are not counted.';

COMMENT ON VIEW "public"."post_counts" IS 'How many likes, replies, reposts and quotes of a post you may know about. The service role reads the counts of somebody who is not signed in.';

REVOKE ALL ON FUNCTION "private"."addressing_ids"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."addressing_ids"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."addressing_ids"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."addressing_ids"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."admits"(uuid, uuid, public.audience, boolean, boolean, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."admits"(uuid, uuid, public.audience, boolean, boolean, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."admits"(uuid, uuid, public.audience, boolean, boolean, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."admits"(uuid, uuid, public.audience, boolean, boolean, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."afford"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."afford"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."afford"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."all_of"(text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."all_of"(text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."all_of"(text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."blank_characters"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."blank_characters"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."blank_characters"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."blank_characters"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."blank_characters"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."block_between"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."block_between"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."block_between"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."charge"(uuid, text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."charge"(uuid, text, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."charge"(uuid, text, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."cut"(text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."cut"(text, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."cut"(text, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."drafts_queue"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."drafts_queue"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."drafts_queue"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."few_posts"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."few_posts"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."few_posts"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."finish_search_switches"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."finish_search_switches"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."finish_search_switches"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."folded"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."folded"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."folded"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."followee_ids"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."followee_ids"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."followee_ids"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."followee_ids"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."forget_usage"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_usage"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_usage"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."grammar_of"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."grammar_of"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."grammar_of"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."grapheme_pattern"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."grapheme_pattern"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."grapheme_pattern"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_username"(text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_username"(text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_username"(text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."index_posts"(bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."index_posts"(bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."index_posts"(bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_addressed"(uuid, bigint, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_addressed"(uuid, bigint, integer) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."is_addressed"(uuid, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_addressed"(uuid, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_blank"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_blank"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_blank"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_blank"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_blank"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."is_for"(uuid, bigint, uuid, public.audience, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_for"(uuid, bigint, uuid, public.audience, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_for"(uuid, bigint, uuid, public.audience, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_language"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_language"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_language"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_language"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_language"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."is_line"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_line"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_line"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_line"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_line"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."is_name"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_name"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_name"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_name"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_name"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."is_one_line"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_one_line"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_one_line"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_one_line"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_one_line"(text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."lets_in"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lets_in"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lets_in"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."limited_places"(bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."limited_places"(bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."limited_places"(bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."limited_posts_count"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."limited_posts_count"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."limited_posts_count"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."limited_seen"(uuid, text, bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."limited_seen"(uuid, text, bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."limited_seen"(uuid, text, bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_posts_of"(uuid, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_posts_of"(uuid, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_posts_of"(uuid, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_username"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_username"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_username"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lone_characters"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lone_characters"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lone_characters"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."metadata_problem"(jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."metadata_problem"(jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."metadata_problem"(jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."my_limits"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."my_limits"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."my_limits"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."my_limits"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."name_characters"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."name_characters"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."name_characters"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."newest_posts"(uuid, uuid[], text[], bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."newest_posts"(uuid, uuid[], text[], bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."newest_posts"(uuid, uuid[], text[], bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."opens"(public.posts) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."opens"(public.posts) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."opens"(public.posts) TO "postgres";

REVOKE ALL ON FUNCTION "private"."pair_lexemes"(text[], text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."pair_lexemes"(text[], text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."pair_lexemes"(text[], text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."people_named"(uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."people_named"(uuid, text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."people_named"(uuid, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."post_tags_limit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."post_tags_limit"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."post_tags_limit"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."post_vector"(public.posts) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."post_vector"(public.posts) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."post_vector"(public.posts) TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_count_authors"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_count_authors"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_count_authors"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_count_targets"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_count_targets"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_count_targets"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_count_targets_down"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_count_targets_down"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_count_targets_down"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_limit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_limit"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_limit"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_search"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_search"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_search"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_search_again"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_search_again"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_search_again"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_unlimit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."posts_unlimit"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_unlimit"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_afford_privacy"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_afford_privacy"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_afford_privacy"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_end_usage"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_end_usage"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_end_usage"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_hold_last_username"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_hold_last_username"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_hold_last_username"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_name"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_name"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_name"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_open_posts"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_open_posts"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_open_posts"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_search_posts"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_search_posts"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_search_posts"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."publish_due_draft"(public.drafts) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."publish_due_draft"(public.drafts) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."publish_due_draft"(public.drafts) TO "postgres";

REVOKE ALL ON FUNCTION "private"."queue_key"(text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."queue_key"(text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."queue_key"(text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."quotes_muted"(uuid, bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."quotes_muted"(uuid, bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."quotes_muted"(uuid, bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."read_search"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_search"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."read_search"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_rate"(text, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_rate"(text, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_rate"(text, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_active_account"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_active_account"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_active_account"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_authors"(uuid, uuid[], uuid[], tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_circle"(uuid, uuid[], tsquery, tsquery, uuid, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_circle"(uuid, uuid[], tsquery, tsquery, uuid, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_circle"(uuid, uuid[], tsquery, tsquery, uuid, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_newest"(uuid[], tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_pieces"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_pieces"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_pieces"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_within"(tsquery, bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_within"(tsquery, bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_within"(tsquery, bigint, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_words"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_words"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_words"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sees_follow"(uuid, uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sees_follow"(uuid, uuid, uuid) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."sees_follow"(uuid, uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sees_follow"(uuid, uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sees_list"(uuid, uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sees_list"(uuid, uuid, boolean) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."sees_list"(uuid, uuid, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sees_list"(uuid, uuid, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sees_post"(uuid, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sees_post"(uuid, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."sees_post"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sees_post"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sees_repost"(uuid, uuid, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sees_repost"(uuid, uuid, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."sees_repost"(uuid, uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sees_repost"(uuid, uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."set_limits"(uuid, integer, integer, integer, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."set_limits"(uuid, integer, integer, integer, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."set_limits"(uuid, integer, integer, integer, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."set_limits"(uuid, integer, integer, integer, text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."settle"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."settle"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."settle"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."shows_likes_to"(uuid, uuid, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."shows_likes_to"(uuid, uuid, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."shows_likes_to"(uuid, uuid, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."spell_language"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."spell_language"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."spell_language"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."spend"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."spend"(text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."spend"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."spend"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."stem_lexeme"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."stem_lexeme"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."stem_lexeme"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."stem_of"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."stem_of"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."stem_of"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sweep_held_usernames"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sweep_held_usernames"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sweep_held_usernames"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."sweep_sign_ups"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sweep_sign_ups"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sweep_sign_ups"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."switch_findable"(uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."switch_findable"(uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."switch_findable"(uuid, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tags_in"(jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tags_in"(jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tags_in"(jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."take_turn_without_person"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_turn_without_person"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."take_turn_without_person"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."time_lexeme"(integer, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."time_lexeme"(integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."time_lexeme"(integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."to_name"(text, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."to_name"(text, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."to_name"(text, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."usernames_in"(jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."usernames_in"(jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."usernames_in"(jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."users_afford_metadata"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."users_afford_metadata"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."users_afford_metadata"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."users_note_mail"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."users_note_mail"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."users_note_mail"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."users_note_password"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."users_note_password"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."users_note_password"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."word_stems"(text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."word_stems"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."word_stems"(text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."words_query"(text[], text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."words_query"(text[], text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."words_query"(text[], text[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."limits"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."limits"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."limits"() TO "postgres";

REVOKE ALL ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, text) TO "service_role";

ALTER TABLE "public"."drafts"
  ADD CONSTRAINT "drafts_content_warning_format"
    CHECK (private.rule(private.is_line(content_warning), 'content_warning_format'::text, 'A content warning is one line of at most 200 characters, with something to see'::text));

ALTER TABLE "public"."drafts"
  ADD CONSTRAINT "drafts_language_format"
    CHECK (private.rule(private.is_language(language), 'language_format'::text, 'A language is a BCP 47 tag of at most 64 characters, such as en, pt-BR or zh-Hant'::text));

ALTER TABLE "public"."drafts"
  ADD CONSTRAINT "drafts_length"
    CHECK
    (private.rule(((char_length(title) <= 200) AND (char_length(content) <= 10000) AND (char_length(content_warning) <= 200)), 'draft_length'::text,
    'A draft is no longer than a post'::text));

ALTER TABLE "public"."drafts"
  ADD CONSTRAINT "drafts_title_format"
    CHECK (private.rule(private.is_line(title), 'title_format'::text, 'A title is one line of at most 200 characters, with something to see'::text));

ALTER TABLE "public"."lists"
  ADD CONSTRAINT "lists_name_format"
    CHECK
    (private.rule(char_length(name) between 1 and 50 and private.is_name(name), 'list_name_format'::text,
    'A list''s name is one line of 1 to 50 characters, with something to see and without direction marks'::text));

ALTER TABLE "public"."posts"
  ADD CONSTRAINT "posts_content_length" CHECK (private.rule(((repost_of_id IS
    NOT NULL) OR ((char_length(content) <= 10000) AND (NOT private.is_blank(content)))), 'content_length'::text, 'A post has 1 to 10,000 characters, not only blank ones'::text));

ALTER TABLE "public"."posts"
  ADD CONSTRAINT "posts_content_warning_format"
    CHECK
    (private.rule(((char_length(content_warning) <= 200) AND private.is_line(content_warning)), 'content_warning_format'::text,
    'A content warning is one line of at most 200 characters, with something to see'::text));

ALTER TABLE "public"."posts"
  ADD CONSTRAINT "posts_language_format"
    CHECK (private.rule(private.is_language(language), 'language_format'::text, 'A language is a BCP 47 tag of at most 64 characters, such as en, pt-BR or zh-Hant'::text));

ALTER TABLE "public"."posts"
  ADD CONSTRAINT "posts_repost_is_bare"
    CHECK
    (private.rule(((repost_of_id IS NULL) OR ((title = ''::text) AND (content = ''::text) AND (content_warning = ''::text) AND (language IS NULL) AND (audience =
    'everyone'::public.audience) AND (reply_to_id IS NULL) AND (quote_of_id IS NULL))),
    'repost_is_bare'::text, 'A repost has no text of its own. To add words, quote the post'::text));

ALTER TABLE "public"."posts"
  ADD CONSTRAINT "posts_title_format"
    CHECK
    (private.rule(((char_length(title) <= 200) AND private.is_line(title)), 'title_format'::text, 'A title is one line of at most 200 characters, with something to see'::text));

ALTER TABLE "public"."profiles"
  ADD CONSTRAINT "profiles_bio_length"
    CHECK
    (private.rule(((char_length(bio) <= 500) AND ((bio = ''::text) OR (NOT private.is_blank(bio)))), 'bio_length'::text,
    'A bio is empty, or has at most 500 characters, not only blank ones'::text));

ALTER TABLE "public"."profiles"
  ADD CONSTRAINT "profiles_display_name_format"
    CHECK
    (private.rule(((char_length(display_name) <= 50) AND private.is_name(display_name)), 'display_name_format'::text,
    'A display name is one line of at most 50 characters, with something to see and without direction marks'::text));

CREATE INDEX names_characters_idx ON private.names USING gin (private.name_characters(name))
  WITH (fastupdate=off)
  WHERE is_searchable;

-- Last -----------------------------------------------------------------------

-- A language is kept as RFC 5646 spells it. The trigger does it.
update public.posts
set language = language
where language like '%-%';
update public.drafts
set language = language
where language like '%-%';

-- Every Supabase has pg_cron. A bare Postgres may not, and was warned by the migration before.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('finish-search-switches', '10 seconds', 'select private.finish_search_switches()');
    perform cron.schedule('forget-usage', '23 3 * * *', 'select private.forget_usage()');
    perform cron.schedule('sweep-held-usernames', '23 * * * *', 'select private.sweep_held_usernames()');
    perform cron.schedule('sweep-sign-ups', '3-59/5 * * * *', 'select private.sweep_sign_ups()');
  end if;
end;
$$;

analyze public.posts, public.post_tags, public.post_mentions, private.post_search, private.limited_posts, private.names;
