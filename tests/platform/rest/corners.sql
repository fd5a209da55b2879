-- What a frontend meets less often: odd names, domains, computed columns of many types, odd relationships.
create table public.colours (r integer primary key, g integer, b integer, p text, t1 integer, pgrst_present text);
create table public.pixels (
  id integer primary key,
  r integer references public.colours (r),
  "pgrst_row" text
);
create table public."文章" (id integer primary key, "标题" text);
create table public."文章评论" (id integer primary key, "文章_id" integer references public."文章" (id));

create domain public.words as tsvector;
create domain public.more_words as public.words;
create domain public.settings as jsonb;
create domain public.more_settings as public.settings;
create domain public.with_default as text default 'of the domain';
create table public.papers (
  id    integer primary key,
  body  text,
  found public.more_words,
  extra public.more_settings,
  kind  public.with_default default 'of the column',
  other public.with_default
);
create function public.vector(public.papers) returns tsvector language sql immutable
  return to_tsvector('english', $1.body);
create function public.domain_vector(public.papers) returns public.more_words language sql immutable
  return to_tsvector('english', $1.body)::public.more_words;
create function public.colour_name(public.colours) returns text language sql immutable return 'c' || $1.r;
create function public.pixels_of(public.colours) returns setof public.pixels rows 1 language sql stable
begin atomic
  select pixels.* from public.pixels where pixels.r = $1.r;
end;

-- Composite results
create type public.author as (id integer, username text);
create type public.card as (id integer, title text, author public.author, facts jsonb);
create function public.cards() returns setof public.card language sql stable
  as $$ values (1, 'one', row(1, 'alice')::public.author, '{"n": 1}'::jsonb), (2, 'two', row(2, 'bob')::public.author, '{"n": 2}') $$;
create function public.one_card() returns public.card language sql stable
  as $$ select 7, 'seven', row(1, 'alice')::public.author, '{}'::jsonb $$;
create function public.headline(public.card) returns text language sql stable return $1.title || '!';

-- A function of one json parameter, and overloads
create function public.takes(data json) returns text language sql stable return 'data';
create function public.falls() returns text language sql stable return 'nothing';
create function public.falls(data json) returns text language sql stable return 'data';
create function public.candidates(b text, a integer) returns text language sql stable return 'ba';
create function public.candidates(a integer, b integer, c integer default 0) returns text language sql stable return 'abc';
create function public.candidates(a integer, b integer) returns text language sql stable return 'ab';

-- Many to many, twice over
create table public.users (id integer primary key, name text);
create table public.projects (id integer primary key, name text);
create table public.tasks (id integer primary key, name text, project_id integer references public.projects (id));
create table public.users_tasks (
  user_id integer references public.users (id),
  task_id integer references public.tasks (id),
  primary key (user_id, task_id)
);
create table public.sites (id integer primary key, main_project_id integer, name text);
create table public.big_projects (id integer primary key, name text);
create table public.main_jobs (
  big_project_id integer references public.big_projects (id),
  site_id integer references public.sites (id),
  primary key (big_project_id, site_id)
);
create table public.jobs (
  big_project_id integer references public.big_projects (id),
  site_id integer references public.sites (id),
  primary key (big_project_id, site_id)
);
alter table public.sites add constraint main_project foreign key (main_project_id) references public.big_projects (id);

-- Media types
create domain "text/html" as text;
create domain "image/png" as bytea;
create domain "text/plain" as text;
create domain "*/*" as bytea;
create domain "application/json" as json;
create domain "application/vnd.lines" as text;
create function public.page() returns "text/html" language sql stable
  as $$ select '<h1>Hello</h1>'::"text/html" $$;
create function public.picture() returns "image/png" language sql stable as $$ select '\x89504e47'::"image/png" $$;
create function public.plain() returns "text/plain" language sql stable as $$ select 'words'::"text/plain" $$;
create function public.no_page() returns "text/html" language sql stable as $$ select null::"text/html" $$;
create function public.any_file() returns "*/*" language plpgsql stable as $$
begin
  perform set_config('response.headers',
    '[{"Content-Type": "text/calendar"}, {"Content-Disposition": "attachment; filename=\"termine–mai.ics\""}]', true);
  return convert_to('BEGIN:VCALENDAR', 'utf8');
end $$;
create function public.add_line(state "application/vnd.lines", line anyelement) returns "application/vnd.lines"
  language sql immutable as $$ select (state || line::text || E'\n')::"application/vnd.lines" $$;
create aggregate public.as_lines(anyelement) (
  sfunc = public.add_line, stype = "application/vnd.lines", initcond = ''
);
create function public.add_task(state "text/plain", task public.tasks) returns "text/plain"
  language sql immutable as $$ select (state || task.name || ';')::"text/plain" $$;
create aggregate public.as_tasks(public.tasks) (sfunc = public.add_task, stype = "text/plain", initcond = '');

-- Domain representations
create domain public.rgb as integer check (value between 0 and 16777215);
create function public.rgb_to_json(public.rgb) returns json language sql immutable
  return to_json('#' || lpad(to_hex($1), 6, '0'));
create function public.rgb_from_text(text) returns public.rgb language sql immutable
  return ('x' || lpad(substr($1, 2), 8, '0'))::bit(32)::integer::public.rgb;
create function public.rgb_from_json(json) returns public.rgb language sql immutable
  return public.rgb_from_text($1 #>> '{}');
create cast (public.rgb as json) with function public.rgb_to_json(public.rgb) as implicit;
create cast (json as public.rgb) with function public.rgb_from_json(json) as implicit;
create cast (text as public.rgb) with function public.rgb_from_text(text) as implicit;
create table public.paints (id integer primary key, name text, colour public.rgb);

insert into public.colours values (1, 10, 100, 'one', 11, 'x'), (2, 20, 200, 'two', 22, 'y');
insert into public.pixels values (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');
insert into public."文章" values (1, '你好');
insert into public."文章评论" values (1, 1);
insert into public.papers (id, body, found, extra) values
  (1, 'a quick fox', to_tsvector('english', 'a quick fox'), '{"k": {"l": 1}}'),
  (2, 'lazy dogs', to_tsvector('english', 'lazy dogs'), '{"k": {"l": 2}}');
insert into public.users values (1, 'ann'), (2, 'ben');
insert into public.projects values (1, 'house'), (2, 'garden');
insert into public.tasks values (1, 'walls', 1), (2, 'roof', 1), (3, 'trees', 2);
insert into public.users_tasks values (1, 1), (1, 2), (2, 3);
insert into public.paints values (1, 'red', 16711680), (2, 'green', 65280);
analyze;

grant select on all tables in schema public to anon;
revoke select on public.people, public.guarded, public.canary from anon;
grant select (id, handle, name, mood, born, boss_id, settings) on public.people to anon;
grant select, insert, update, delete on all tables in schema public to authenticated, service_role;
revoke all on public.canary from authenticated;
grant execute on all functions in schema public to anon, authenticated, service_role;
