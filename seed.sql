/*
 * A small town: six people, their follows, a week of their posts, and the replies. The
 * newest post is a few minutes old. Frank's account is private. Everybody can read their
 * password here. So never run this outside development.
 */

-- `npm start` shows this line:
-- sign-in: alice@example.com, bob@example.com, carol@example.com, dave@example.com, erin@example.com, frank@example.com with the password plaza-demo

-- Auth itself writes empty strings into these columns. It cannot read null in them.
with people (n, username, display_name) as (
  values
    (1, 'alice', 'Alice Liddell'),
    (2, 'bob', 'Bob the Builder'),
    (3, 'carol', 'Carol'),
    (4, 'dave', 'Dave ☕'),
    (5, 'erin', 'Erin Ó Briain'),
    (6, 'frank', '')
)
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
  raw_app_meta_data, raw_user_meta_data, created_at, updated_at,
  confirmation_token, recovery_token, email_change, email_change_token_new
)
select
  '00000000-0000-0000-0000-000000000000',
  format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid,
  'authenticated',
  'authenticated',
  username || '@example.com',
  -- The hash of plaza-demo. To compute it would take a tenth of the time of all this file.
  '$2a$10$UspXYIIn.1G4BPzekqwcauoTu3IX0nZUnDy.qfuKCp/K6hx9Q60W.',
  now() - interval '8 days',
  '{"provider": "email", "providers": ["email"]}',
  jsonb_build_object('username', username, 'display_name', display_name),
  now() - interval '8 days',
  now() - interval '8 days',
  '', '', '', ''
from people
on conflict (id) do nothing;

insert into auth.identities (
  provider_id, user_id, provider, identity_data, last_sign_in_at, created_at, updated_at
)
select
  users.id::text,
  users.id,
  'email',
  jsonb_build_object(
    'sub', users.id::text, 'email', users.email, 'email_verified', true, 'phone_verified', false
  ),
  users.created_at,
  users.created_at,
  users.created_at
from auth.users
where users.id::text like '00000000-0000-4000-8000-%'
on conflict (provider_id, provider) do nothing;

update public.profiles
set bio = about.bio, links = about.links
from (
  values
    ('alice', 'Keeps the community garden. Writes about soil, seeds and the people who come by.',
      array['https://example.com/garden', 'https://example.org/seeds']),
    ('bob', 'Can we fix it?', array['https://example.com/bob']),
    ('dave', 'Roasts coffee behind the station. Open from seven.', array[]::text[]),
    ('erin', 'Librarian, sometimes poet.', array['https://example.com/library?shelf=new'])
) as about (username, bio, links)
where profiles.username = about.username
  and profiles.id::text like '00000000-0000-4000-8000-%';

insert into public.follows (follower_id, followee_id, created_at)
select follower.id, followee.id, now() - interval '7 days'
from (
  values
    ('bob', 'alice'), ('dave', 'alice'), ('erin', 'alice'), ('frank', 'alice'),
    ('alice', 'erin'), ('alice', 'dave'),
    ('erin', 'dave'), ('dave', 'bob'), ('bob', 'dave'), ('frank', 'erin')
) as pair (follower, followee)
join public.profiles as follower on follower.username = pair.follower
join public.profiles as followee on followee.username = pair.followee
on conflict do nothing;

-- The job of trust computes the same within ten minutes. Until then, nobody would be suggested.
insert into private.trust (profile_id)
select id
from public.profiles
where id::text like '00000000-0000-4000-8000-%'
on conflict do nothing;

-- Only if there are no posts. A post has no key but its time, so a second run would add them again.
insert into public.posts (id, author_id, title, content, created_at)
select private.new_id(written.at), profiles.id, post.title, post.content, written.at
from (
  values
    ('alice', interval '6 days 5 hours', 'The garden opens', E'Gates are open from nine on Saturday. Bring gloves, @bob has spades.\n\nThe herb spiral is finished; the pond is not.'),
    ('dave', interval '6 days 3 hours', '', 'New beans from Huehuetenango. First ten cups are on the house.'),
    ('erin', interval '5 days 22 hours', 'Borrowed, not bought', 'The library now lends tools as well: drills, a sewing machine, a telescope. Same card, two weeks.'),
    ('bob', interval '5 days 4 hours', 'Shed, day one', 'Foundations poured. If it rains tonight I will say I planned for it.'),
    ('bob', interval '4 days 20 hours', 'Shed, day two', 'It rained. I planned for it.'),
    ('carol', interval '4 days 6 hours', '', 'Moved here yesterday. Where does one find decent bread?'),
    ('dave', interval '4 days 5 hours', '', 'The bakery on Mill Lane. Go before ten, ask for the rye.'),
    ('erin', interval '3 days 21 hours', 'November', E'The river kept\nits grey for us\nand gave it back\nas rain.'),
    ('alice', interval '3 days 2 hours', 'What the frost took', 'Two tomatoes and all of the basil. The kale is pleased with itself. #garden'),
    ('frank', interval '2 days 23 hours', '', 'test'),
    ('frank', interval '2 days 22 hours', '', 'Is this thing on? <b>bold?</b> <script>alert("no")</script> It seems to be text. Good.'),
    ('bob', interval '2 days 3 hours', 'Shed, done', 'Door opens, door closes. That is the whole of carpentry.'),
    ('erin', interval '1 day 20 hours', '', 'Story hour is at four on Wednesdays, in three languages: English, Gaeilge, Türkçe. 日本語 from January.'),
    ('dave', interval '1 day 1 hour', 'Closed on Monday', 'The grinder needs a new burr. Back on Tuesday.'),
    ('alice', interval '20 hours', 'Seed swap', 'Sunday at two, in the greenhouse. Label your jars: last year''s "mystery squash" was a pumpkin.'),
    ('carol', interval '5 hours', '', 'The rye was worth it. Thank you, strangers.'),
    ('erin', interval '40 minutes', '', 'Somebody returned a book that was due in 1998. The fine would buy a shelf. We settled for cake.'),
    ('alice', interval '4 minutes', '', 'First snow on the cold frames 🌨️ #garden')
) as post (author, age, title, content)
join public.profiles on profiles.username = post.author
cross join lateral (select now() - post.age) as written (at)
where not exists (select from public.posts)
order by written.at;

-- Replies, and a reply to one of them.
insert into public.posts (id, author_id, content, reply_to_id, created_at)
select private.new_id(written.at), profiles.id, answer.content, parent.id, written.at
from (
  values
    ('bob', 'Gates are open%', interval '31 minutes', 'Spades are sharpened. So am I.'),
    ('erin', 'Moved here yesterday%', interval '50 minutes', 'Welcome! Mill Lane, and the library next door has a map.'),
    ('carol', 'The bakery on Mill Lane%', interval '2 hours', 'Before ten. Noted.'),
    ('dave', 'First snow on%', interval '2 minutes', 'Coffee is on for everybody who shovels.')
) as answer (author, question, delay, content)
join public.profiles on profiles.username = answer.author
join public.posts as parent on parent.content like answer.question
cross join lateral (select parent.created_at + answer.delay) as written (at)
where not exists (select from public.posts where posts.reply_to_id is not null);

insert into public.posts (id, author_id, content, reply_to_id, created_at)
select private.new_id(written.at), profiles.id, 'Leave some roots for the rest of us, @bob.', parent.id, written.at
from public.posts as parent
join public.profiles on profiles.username = 'alice'
cross join lateral (select parent.created_at + interval '12 minutes') as written (at)
where parent.content like 'Spades are sharpened%'
  and not exists (select from public.posts where posts.reply_to_id = parent.id);

-- A quote, a repost, and likes.
insert into public.posts (id, author_id, content, quote_of_id, created_at)
select private.new_id(written.at), profiles.id, 'There will be tea.', quoted.id, written.at
from public.posts as quoted
join public.profiles on profiles.username = 'dave'
cross join lateral (select quoted.created_at + interval '3 hours') as written (at)
where quoted.title = 'Seed swap'
  and not exists (select from public.posts where posts.quote_of_id is not null);

insert into public.posts (id, author_id, repost_of_id, created_at)
select private.new_id(written.at), profiles.id, original.id, written.at
from public.posts as original
join public.profiles on profiles.username = 'dave'
cross join lateral (select original.created_at + interval '9 minutes') as written (at)
where original.content like 'Somebody returned a book%'
  and not exists (select from public.posts where posts.repost_of_id is not null);

insert into public.likes (user_id, post_id)
select fan.id, posts.id
from (
  values
    ('bob', 'Seed swap'), ('dave', 'Seed swap'), ('erin', 'Seed swap'), ('frank', 'Seed swap'),
    ('alice', 'Shed, done'), ('dave', 'Shed, done'), ('carol', 'November'), ('alice', 'November')
) as liked (username, title)
join public.profiles as fan on fan.username = liked.username
join public.posts on posts.title = liked.title
on conflict do nothing;

-- A profile begins when its address is confirmed. These people have been here for longer.
update public.profiles
set created_at = users.created_at
from auth.users
where users.id = profiles.id and users.id::text like '00000000-0000-4000-8000-%';

update public.profiles
set is_private = true
where username = 'frank' and not is_private and id::text like '00000000-0000-4000-8000-%';

-- An edited post, as when its author finds a mistake after posting.
update public.posts
set content = replace(content, 'in three languages:', 'now in three languages:')
where content like 'Story hour%in three languages:%' and edited_at is null;

-- The people that a newcomer is shown. A job computes them every ten minutes.
select private.refresh_suggestion_pools();
