/*
 * hides
 *
 * The terms that a moderator takes off all lists of trends. They are counted and scored as before,
 * so the history says what trended. Posts that say a hidden term are not among the trending posts.
 */

create table private.trend_hides (
  kind       public.trend_kind  not null,
  term       text                not null check (term <> ''),
  reason     text                not null check (char_length(reason) <= 500),
  hidden_at  timestamptz         not null default now(),

  primary key (kind, term)
);

comment on table private.trend_hides is 'The tags and links that are in no list of trends.';
revoke all on private.trend_hides from public, anon, authenticated, service_role;

-- Links differ in the case of their host and in their fragment. Tags differ in case.
create function private.trend_term_of(kind public.trend_kind, words text)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  term text := case trend_term_of.kind
    when 'tag' then private.tag_name(trend_term_of.words)
    else nullif(private.trend_link(trend_term_of.words), '')
  end;
begin
  if term is null then
    raise sqlstate 'PT400' using message = 'There is no such tag or link: a link begins with http:// or https://', detail = 'trend_term_format';
  end if;
  return term;
end;
$$;

comment on function private.trend_term_of is 'A tag or link as trends count it. The error PT400 if it is neither.';
revoke all on function private.trend_term_of (public.trend_kind, text) from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may write hides.
create function private.hide_trend(kind public.trend_kind, term text, reason text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  insert into private.trend_hides (kind, term, reason)
  values (hide_trend.kind, private.trend_term_of(hide_trend.kind, hide_trend.term), left(hide_trend.reason, 500))
  on conflict on constraint trend_hides_pkey do update
  set reason = excluded.reason;
end;
$$;

comment on function private.hide_trend is 'What public.hide_trend() does.';
revoke all on function private.hide_trend (public.trend_kind, text, text) from public, anon, authenticated, service_role;
grant execute on function private.hide_trend (public.trend_kind, text, text) to service_role;

create function private.show_trend(kind public.trend_kind, term text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  delete from private.trend_hides
  where trend_hides.kind = show_trend.kind
    and trend_hides.term = private.trend_term_of(show_trend.kind, show_trend.term);
end;
$$;

comment on function private.show_trend is 'What public.show_trend() does.';
revoke all on function private.show_trend (public.trend_kind, text) from public, anon, authenticated, service_role;
grant execute on function private.show_trend (public.trend_kind, text) to service_role;

-- API ------------------------------------------------------------------------

create function public.hide_trend(kind public.trend_kind, term text, reason text default '')
returns void
language sql
volatile
security invoker
begin atomic
  select private.hide_trend(hide_trend.kind, hide_trend.term, hide_trend.reason);
end;

comment on function public.hide_trend is 'Takes a tag or link off all lists of trends, for everybody and at once. reason is a note for moderators, of at most 500 characters. Only for the service role.';
revoke all on function public.hide_trend (public.trend_kind, text, text) from public, anon, authenticated, service_role;
grant execute on function public.hide_trend (public.trend_kind, text, text) to service_role;

create function public.show_trend(kind public.trend_kind, term text)
returns void
language sql
volatile
security invoker
begin atomic
  select private.show_trend(show_trend.kind, show_trend.term);
end;

comment on function public.show_trend is 'Lets a tag or link that was hidden be in the lists of trends again. Only for the service role.';
revoke all on function public.show_trend (public.trend_kind, text) from public, anon, authenticated, service_role;
grant execute on function public.show_trend (public.trend_kind, text) to service_role;
