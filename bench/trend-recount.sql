/*
 * trends: a recount
 *
 * Computes the tables of trends from the posts of the last 36 days, for the moment of trend_state: the windows of now,
 * and those at the end of each hour of four weeks. This is what a system does that keeps no counts.
 */

truncate private.trend_uses, private.trend_people, private.trend_voices, private.trend_counts, private.trend_hours,
  private.trend_forecasts, private.trends;

create temporary table uses on commit drop as
select
  said.kind, said.term, posts.author_id as profile_id, posts.id as post_id,
  private.trend_voice(posts.title, posts.content, posts.author_id) as voice,
  private.trend_language(posts.language) as language,
  coalesce(trust.counts, false) as counts
from private.trend_state
join public.posts on posts.id >= private.first_id(trend_state.refreshed_at - interval '35 days 1 hour')
  and posts.id < private.first_id(trend_state.refreshed_at)
  and posts.is_open and posts.repost_of_id is null and posts.entities <> '[]'
join public.profiles on profiles.id = posts.author_id and profiles.is_discoverable
left join private.trust on trust.profile_id = posts.author_id
cross join unnest(private.trend_terms(posts.entities)) as said;

create index on uses (post_id);
analyze uses;

insert into private.trend_uses (kind, term, profile_id, post_id, voice, language)
select uses.kind, uses.term, uses.profile_id, uses.post_id, uses.voice, uses.language
from private.trend_state
join uses on uses.post_id >= private.first_id(trend_state.refreshed_at - interval '168 hours');

insert into private.trend_people (kind, term, profile_id, post_id, voice, language)
select distinct on (uses.kind, uses.term, uses.profile_id)
  uses.kind, uses.term, uses.profile_id, uses.post_id, uses.voice, uses.language
from private.trend_state
join uses on uses.post_id >= private.first_id(trend_state.refreshed_at - interval '168 hours') and uses.counts
order by uses.kind, uses.term, uses.profile_id, uses.post_id desc;

insert into private.trend_voices (kind, term, voice, post_id, level)
select latest.kind, latest.term, latest.voice, latest.post_id, private.trend_level(trend_state.refreshed_at, latest.post_id)
from private.trend_state
cross join (
  select distinct on (trend_people.kind, trend_people.term, trend_people.voice) trend_people.*
  from private.trend_people
  order by trend_people.kind, trend_people.term, trend_people.voice, trend_people.post_id desc
) as latest;

insert into private.trend_counts (kind, term, in_hour, in_half_day, in_day, in_week)
select
  trend_voices.kind, trend_voices.term,
  count(*) filter (where trend_voices.level <= 1),
  count(*) filter (where trend_voices.level <= 2),
  count(*) filter (where trend_voices.level <= 3),
  count(*)
from private.trend_voices
group by trend_voices.kind, trend_voices.term;

-- Numbers are grouped faster than texts.
create temporary table terms on commit drop as
select row_number() over () as id, said.kind, said.term
from (select distinct uses.kind, uses.term from uses) as said;

create temporary table counting on commit drop as
select terms.id as term_id, uses.profile_id, uses.post_id, uses.voice
from uses
join terms on terms.kind = uses.kind and terms.term = uses.term
where uses.counts;

create index on counting (post_id);
analyze counting;

insert into private.trend_hours (kind, term, ended_at, in_hour, in_half_day, in_day, in_week)
select terms.kind, terms.term, counted.ended_at, counted.in_hour, counted.in_half_day, counted.in_day, counted.in_week
from (
  select
    voices.term_id, hour.ended_at,
    count(*) filter (where voices.post_id >= private.first_id(hour.ended_at - interval '1 hour')) as in_hour,
    count(*) filter (where voices.post_id >= private.first_id(hour.ended_at - interval '12 hours')) as in_half_day,
    count(*) filter (where voices.post_id >= private.first_id(hour.ended_at - interval '24 hours')) as in_day,
    count(*) as in_week
  from private.trend_state
  cross join lateral generate_series(
    trend_state.closed_at - interval '671 hours', trend_state.closed_at, interval '1 hour'
  ) as hour (ended_at)
  cross join lateral (
    select latest.term_id, counting.voice, max(latest.post_id) as post_id
    from (
      select counting.term_id, counting.profile_id, max(counting.post_id) as post_id
      from counting
      where counting.post_id >= private.first_id(hour.ended_at - interval '168 hours')
        and counting.post_id < private.first_id(hour.ended_at)
      group by counting.term_id, counting.profile_id
    ) as latest
    join counting on counting.post_id = latest.post_id and counting.term_id = latest.term_id
    where counting.post_id >= private.first_id(hour.ended_at - interval '168 hours')
      and counting.post_id < private.first_id(hour.ended_at)
    group by latest.term_id, counting.voice
  ) as voices
  group by voices.term_id, hour.ended_at
) as counted
join terms on terms.id = counted.term_id
where counted.in_day >= 3 or terms.term = '';
