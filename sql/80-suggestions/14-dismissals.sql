/*
 * dismissals
 *
 * People that somebody does not want to see suggested. A dismissal lasts 30 days, and twice as
 * long each time the same person is dismissed again.
 */

create table private.suggestion_dismissals (
  user_id          uuid         not null references public.profiles (id) on delete cascade,
  profile_id       uuid         not null references public.profiles (id) on delete cascade,
  times            smallint     not null,
  dismissed_until  timestamptz  not null,

  -- Whether somebody dismissed a person.
  primary key (user_id, profile_id)
);

comment on table  private.suggestion_dismissals is 'The people that somebody does not want to see suggested.';
comment on column private.suggestion_dismissals.times is 'How often this person was dismissed.';
revoke all on private.suggestion_dismissals from public, anon, authenticated, service_role;

-- The dismissals that are deleted with an account.
create index suggestion_dismissals_profile_id_idx on private.suggestion_dismissals (profile_id);

-- A dismissal that still lasts is left as it is. So a request that is sent twice counts once.
-- Definer, because nobody may write dismissals.
create function private.dismiss_suggestion(profile_id uuid)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  -- 30 days, then 60, 120, … The last is 42 years.
  most_doublings constant integer := 9;
  viewer_id uuid := private.viewer();
  ends_at timestamptz;
begin
  perform private.take_own_turn(viewer_id);
  perform private.require_profile(viewer_id, dismiss_suggestion.profile_id);
  perform private.charge(viewer_id, 'suggestion', 1);

  insert into private.suggestion_dismissals (user_id, profile_id, times, dismissed_until)
  values (viewer_id, dismiss_suggestion.profile_id, 1, now() + interval '30 days')
  on conflict on constraint suggestion_dismissals_pkey do update
  set times = suggestion_dismissals.times + 1,
      dismissed_until = now() + interval '30 days' * 2 ^ least(suggestion_dismissals.times, most_doublings)
  where suggestion_dismissals.dismissed_until <= now();

  select suggestion_dismissals.dismissed_until into ends_at
  from private.suggestion_dismissals
  where suggestion_dismissals.user_id = viewer_id
    and suggestion_dismissals.profile_id = dismiss_suggestion.profile_id;
  return ends_at;
end;
$$;

comment on function private.dismiss_suggestion is 'What public.dismiss_suggestion() does.';
revoke all on function private.dismiss_suggestion (uuid) from public, anon, authenticated, service_role;
grant execute on function private.dismiss_suggestion (uuid) to authenticated;

create function public.dismiss_suggestion(profile_id uuid)
returns timestamptz
language sql
volatile
security invoker
return private.dismiss_suggestion(dismiss_suggestion.profile_id);

comment on function public.dismiss_suggestion is 'Suggests this person to you no more, and answers until when: for 30 days, and twice as long each time you dismiss them again. While it lasts, a repeated call changes nothing.';
revoke all on function public.dismiss_suggestion (uuid) from public, anon, authenticated, service_role;
grant execute on function public.dismiss_suggestion (uuid) to authenticated;
