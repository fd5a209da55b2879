/*
 * profiles
 *
 * Who people are to each other. Usernames are in 15-usernames.sql, the making of a
 * profile in 20-accounts.sql, who reads it in 30-blocks.sql.
 */

-- Table ----------------------------------------------------------------------

-- Immutable, for the check below, which can't look into an array by itself.
create function private.are_links(urls text[])
returns boolean
language sql
immutable
parallel safe
security invoker
return cardinality(urls) <= 5
  and coalesce(array_ndims(urls), 1) = 1
  and not exists (
    select from unnest(urls) as link (url)
    where link.url is null or not private.is_https_url(link.url, 200)
  );

comment on function private.are_links is 'Whether these can be the links of a profile.';
revoke all on function private.are_links (text[]) from public, anon, authenticated, service_role;
grant execute on function private.are_links (text[]) to authenticated, service_role;

create table public.profiles (
  id            uuid         primary key references auth.users (id) on delete cascade,
  username      text         not null,
  display_name  text         not null default '',
  bio           text         not null default '',
  avatar_url    text,
  links         text[]       not null default '{}',
  is_private    boolean      not null default false,
  is_searchable boolean      not null default true,
  shows_likes   boolean      not null default false,
  created_at    timestamptz  not null default now(),

  -- The guard; people hear of private.username_problem() before they get here.
  constraint profiles_username_format check (username ~ '^[A-Za-z0-9_]{3,30}$'),
  constraint profiles_display_name_format check (private.rule(
    char_length(display_name) <= 50 and display_name !~ '[[:cntrl:]]',
    'display_name_format', 'A display name has at most 50 characters, on one line'
  )),
  constraint profiles_bio_length check (private.rule(
    char_length(bio) <= 500,
    'bio_length', 'A bio has at most 500 characters'
  )),
  constraint profiles_avatar_url_format check (private.rule(
    private.is_https_url(avatar_url, 500),
    'avatar_url_format', 'An avatar is an https:// address of at most 500 characters'
  )),
  constraint profiles_links_format check (private.rule(
    private.are_links(links),
    'links_format', 'A profile has at most 5 links, each an https:// address of at most 200 characters'
  ))
);

comment on table  public.profiles is 'People. Made with their account, from the sign-up metadata username and display_name.';
comment on column public.profiles.id is 'The id of the account.';
comment on column public.profiles.username is '3 to 30 letters, digits and underscores, unique whatever the case. A new one can be taken every 7 days; the old one is held back for 30, and its former owner may take it back at any time.';
comment on column public.profiles.display_name is 'At most 50 characters; when empty, show the username.';
comment on column public.profiles.bio is 'Plain text, at most 500 characters.';
comment on column public.profiles.avatar_url is 'An https address, or null.';
comment on column public.profiles.links is 'At most 5 https addresses.';
comment on column public.profiles.is_private is 'Whether only followers see their posts, and only on request does one become a follower. Switching it off accepts the requests that wait.';
comment on column public.profiles.is_searchable is 'Whether search_people() finds them and search_posts() their posts. When off, only they themselves do. It hides nothing: whoever knows the username, or filters profiles or posts, still finds them.';
comment on column public.profiles.shows_likes is 'Whether others see what they liked.';

-- The guard when two people take a name at once.
create unique index profiles_username_key on public.profiles (lower(username));
-- A profile's page, by the name in its address.
create index profiles_username_idx on public.profiles (username);

-- Rules ----------------------------------------------------------------------

alter table public.profiles enable row level security;

create policy "people change their own profile"
  on public.profiles for update
  to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

-- No insert and no delete, for service_role neither: a profile comes and goes
-- with its account (auth.admin.createUser, auth.admin.deleteUser).
revoke all on public.profiles from public, anon, authenticated, service_role;
grant select on public.profiles to anon, authenticated, service_role;
grant update (username, display_name, bio, avatar_url, links, is_private, is_searchable, shows_likes)
  on public.profiles to authenticated, service_role;

-- Somebody as lists show them, beside what they wrote.
create type public.author as (
  id            uuid,
  username      text,
  display_name  text,
  avatar_url    text
);

comment on type public.author is 'Who wrote it: as much of a profile as a list shows.';
