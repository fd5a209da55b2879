/**
 * The rules that every object in public and private keeps. Each is a query of the catalog.
 * Each also has a statement that breaks it, to show that the query finds the offender.
 */
import type { TransactionSql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "./database.ts";

interface Rule {
  rule: string;
  /** Selects the names of the objects that break the rule. */
  offenders: string;
  /** Breaks the rule. The test undoes it. */
  broken: string;
}

const ours = "in ('public'::regnamespace, 'private'::regnamespace)";
const apiRoles = "('anon'::regrole), ('authenticated'::regrole), ('service_role'::regrole)";

/** The text of every function and policy, by name. */
const definitions = `
  select proname as name, lower(pg_get_functiondef(pg_proc.oid)) as body from pg_proc
  where pronamespace ${ours} and prokind = 'f'
  union all
  select tablename || ': ' || policyname, lower(concat(qual, ' ', with_check)) from pg_policies
  where schemaname in ('public', 'private')`;

const rules: Rule[] = [
  {
    rule: "every table of the API has row-level security",
    offenders: `
      select oid::regclass from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity`,
    broken: "alter table posts disable row level security",
  },
  {
    rule: "a view of the API uses the row-level security of its reader",
    offenders: `
      select oid::regclass from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
        and not coalesce(reloptions @> '{security_invoker=on}' or reloptions @> '{security_invoker=true}', false)`,
    broken: "create view public.everything as select * from public.posts",
  },
  {
    rule: "a policy names its roles",
    offenders: `
      select tablename || ': ' || policyname from pg_policies
      where schemaname in ('public', 'private') and roles = '{public}'`,
    broken: "create policy broken on posts for select using (true)",
  },
  {
    rule: "a role has one permissive policy for each operation",
    offenders: `
      select format('%s %s %s', tablename, role, operation)
      from pg_policies
      cross join unnest(roles) as role
      cross join unnest(case cmd when 'ALL' then '{SELECT,INSERT,UPDATE,DELETE}'::text[] else array[cmd] end) as operation
      where permissive = 'PERMISSIVE' and schemaname = 'public'
      group by tablename, role, operation
      having count(*) > 1`,
    broken: "create policy broken on posts for all to anon using (false)",
  },
  {
    rule: "a policy calls auth.uid() once, not for every row",
    offenders: `
      select tablename || ': ' || policyname from pg_policies
      where regexp_replace(concat(qual, with_check), '\\( SELECT auth\\.\\w+\\(\\)', '', 'g') ~ 'auth\\.\\w+\\(|current_setting\\('`,
    broken: "create policy broken on posts for all to anon using (author_id = auth.uid())",
  },
  {
    // In a condition, the planner and `supabase db lint` call it too, and get "Sign in first".
    rule: "a function asks who the viewer is in a variable or a subquery",
    offenders: `
      select name from (${definitions}) as definitions
      where name <> 'viewer'
        and regexp_replace(body, '(:= |then |\\(select )private\\.viewer\\(\\)', '', 'g') ~ 'private\\.viewer\\('`,
    broken: `create function private.broken() returns bigint language plpgsql set search_path = '' as
      'begin return (select count(*) from public.profiles where id = private.viewer()); end'`,
  },
  {
    rule: "a policy's name is a sentence",
    offenders: `
      select tablename || ': ' || policyname from pg_policies
      where schemaname in ('public', 'private') and policyname !~ '^\\w+( [\\w'']+)+'`,
    broken: "create policy broken on posts for all to anon using (false)",
  },
  {
    rule: "insert and update are granted by column",
    offenders: `
      select table_name || ' to ' || grantee from information_schema.role_table_grants
      where table_schema = 'public' and privilege_type in ('INSERT', 'UPDATE')
        and grantee in ('anon', 'authenticated', 'service_role', 'PUBLIC')`,
    broken: "grant insert on posts to authenticated",
  },
  {
    rule: "people who are not signed in write nothing",
    offenders: `
      select attrelid::regclass || '.' || attname from pg_attribute
      join pg_class on pg_class.oid = attrelid
      where relnamespace ${ours} and relkind in ('r', 'p', 'v') and attnum > 0
        and (has_column_privilege('anon', attrelid, attnum, 'insert, update') or has_table_privilege('anon', attrelid, 'delete, truncate'))`,
    broken: "grant delete on posts to anon",
  },
  {
    rule: "nothing is granted to everybody",
    offenders: `
      select 'function ' || pg_proc.oid::regprocedure from pg_proc
      cross join aclexplode(coalesce(proacl, acldefault('f', proowner))) as granted
      where pronamespace ${ours} and granted.grantee = 0
      union all
      select 'table ' || pg_class.oid::regclass from pg_class
      cross join aclexplode(relacl) as granted
      where relnamespace ${ours} and granted.grantee = 0`,
    broken: "grant execute on function public.home_feed to public",
  },
  {
    rule: "nobody may use a new table or function until it is granted",
    // It reads the default privileges: what a new object would grant.
    offenders: `
      select format('%s of %s to %s', defaclobjtype, defaclnamespace::regnamespace, granted.grantee::regrole)
      from pg_default_acl
      cross join aclexplode(defaclacl) as granted
      where defaclrole = 'postgres'::regrole and defaclnamespace in (0, 'public'::regnamespace, 'private'::regnamespace)
        and granted.grantee in (select role from (values ${apiRoles}, (0::oid::regrole)) as api (role))
      union all
      select 'functions to everybody' where not exists (
        select from pg_default_acl
        where defaclrole = 'postgres'::regrole and defaclnamespace = 0 and defaclobjtype = 'f'
      )`,
    broken: "alter default privileges for role postgres in schema public grant select on tables to anon",
  },
  {
    rule: "a table that people write has a turn, a bound on rows and a budget",
    offenders: `
      select format('%s: %s', pg_class.oid::regclass, needed.what) from pg_class
      cross join (values ('insert', 4), ('update', 16), ('delete', 8)) as event (name, bit)
      cross join lateral (
        values
          -- The bits of tgtype: 1 is for each row, 2 is before.
          (format('take_turn before %s', event.name), 'take_turn', 2 + event.bit),
          -- A new post spends in posts_prepare().
          (format('afford before %s for each row', event.name), case
            when (relname, event.name) <> ('posts', 'insert') then 'afford'
          end, 3 + event.bit),
          -- To delete is free.
          (format('settle after %s', event.name), case
            when event.name <> 'delete' and (relname, event.name) <> ('posts', 'insert') then 'settle'
          end, event.bit)
      ) as needed (what, function_name, bits)
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and needed.function_name is not null
        and (has_table_privilege('authenticated', pg_class.oid, event.name)
          or (event.name <> 'delete' and has_any_column_privilege('authenticated', pg_class.oid, event.name)))
        and not exists (
          select from pg_trigger
          join pg_proc on pg_proc.oid = tgfoid
          where tgrelid = pg_class.oid and pronamespace = 'private'::regnamespace and tgenabled = 'O'
            and proname = needed.function_name
            and tgtype & (bits | 3) = bits
        )`,
    broken: "drop trigger afford_insert on likes",
  },
  {
    rule: "security definer functions are in private",
    offenders: `select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and prosecdef`,
    broken: "alter function public.home_feed security definer",
  },
  {
    // A procedure that commits cannot set the search path.
    rule: "a function has an SQL-standard body or an empty search_path",
    offenders: `
      select oid::regprocedure from pg_proc
      where pronamespace ${ours} and prokind = 'f' and prosqlbody is null
        and not coalesce(proconfig @> '{"search_path=\\"\\""}', false)`,
    broken: "alter function private.new_id reset search_path",
  },
  {
    rule: "a procedure of a job names the schema of everything, because it has no search_path",
    offenders: `
      select oid::regprocedure from pg_proc
      where pronamespace ${ours} and prokind = 'p'
        and prosrc ~ '(?<![.\\w])(?!coalesce)\\w+\\('`,
    broken: `create procedure private.broken() language plpgsql as
      'begin perform private.deliver_batch(); perform pg_sleep(0); end'`,
  },
  {
    rule: "an invoker function in SQL has an SQL-standard body",
    offenders: `
      select pg_proc.oid::regprocedure from pg_proc
      join pg_language on pg_language.oid = prolang
      where pronamespace ${ours} and lanname = 'sql' and not prosecdef and prosqlbody is null`,
    broken:
      "create function private.broken() returns integer language sql set search_path = '' as 'select 1'",
  },
  {
    rule: "everything is owned by postgres",
    offenders: `
      select oid::regclass::text from pg_class where relnamespace ${ours} and relowner <> 'postgres'::regrole
      union all
      select oid::regprocedure::text from pg_proc where pronamespace ${ours} and proowner <> 'postgres'::regrole`,
    broken: "alter table posts owner to pg_database_owner",
  },
  {
    rule: "a foreign key has an index that begins with it",
    offenders: `
      select conrelid::regclass || ': ' || conname from pg_constraint
      where contype = 'f' and connamespace ${ours} and not exists (
        select from pg_index
        where indrelid = conrelid
          -- Looking for a value never asks for null.
          and (indpred is null or pg_get_expr(indpred, indrelid) = format('(%s IS NOT NULL)', (
            select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1]
          )))
          and (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey
      )`,
    broken: "drop index posts_author_id_id_idx",
  },
  {
    rule: "a table has a primary key",
    offenders: `
      select oid::regclass from pg_class
      where relnamespace ${ours} and relkind in ('r', 'p')
        and not exists (select from pg_constraint where conrelid = pg_class.oid and contype = 'p')`,
    broken: "create table public.broken (id bigint)",
  },
  {
    rule: "tables, types and functions have a comment",
    offenders: `
      select oid::regclass::text from pg_class
      where relnamespace ${ours} and relkind in ('r', 'p', 'v') and obj_description(oid, 'pg_class') is null
      union all
      select oid::regprocedure::text from pg_proc
      where pronamespace ${ours} and obj_description(oid, 'pg_proc') is null
      union all
      select pg_type.oid::regtype::text from pg_type
      left join pg_class on pg_class.oid = typrelid
      where typnamespace ${ours} and typtype in ('c', 'e', 'd') and coalesce(relkind, 'c') = 'c'
        and obj_description(pg_type.oid, 'pg_type') is null`,
    broken: "comment on table posts is null",
  },
  {
    rule: "a column of the API has a comment, unless its name explains it",
    offenders: `
      select attrelid::regclass || '.' || attname from pg_attribute
      join pg_class on pg_class.oid = attrelid
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') and attnum > 0 and not attisdropped
        and attname not in ('title', 'content', 'created_at', 'post_id', 'profile_id', 'author_id')
        and col_description(attrelid, attnum) is null`,
    broken: "alter table posts add column broken integer",
  },
  {
    rule: "a trigger is named after its function",
    offenders: `
      select tgrelid::regclass || ': ' || tgname from pg_trigger
      join pg_proc on pg_proc.oid = tgfoid
      where not tgisinternal and pronamespace ${ours} and not starts_with(lower(tgname), proname)`,
    broken: "alter trigger posts_keep_version on posts rename to broken",
  },
  {
    rule: "the constraints and indexes of a table begin with its name",
    offenders: `
      select conrelid::regclass || ': ' || conname from pg_constraint
      join pg_class on pg_class.oid = conrelid
      where connamespace ${ours} and not starts_with(conname, relname)
      union all
      select indexrelid::regclass::text from pg_index
      join pg_class on pg_class.oid = indrelid
      join pg_class as index on index.oid = indexrelid
      where pg_class.relnamespace ${ours} and not starts_with(index.relname, pg_class.relname)`,
    broken: "create index broken on posts (edited_at)",
  },
  {
    rule: "a column is a timestamptz if, and only if, its name ends in _at or _until",
    offenders: `
      select attrelid::regclass || '.' || attname from pg_attribute
      join pg_class on pg_class.oid = attrelid
      where relnamespace ${ours} and relkind in ('r', 'p', 'v') and attnum > 0
        and (atttypid = 'timestamptz'::regtype) <> (attname ~ '_(at|until)$')`,
    broken: "alter table posts add column broken timestamptz",
  },
  {
    rule: "a column with a foreign key is called id or ends in _id",
    offenders: `
      select conrelid::regclass || '.' || attname from pg_constraint
      join pg_attribute on attrelid = conrelid and attnum = any (conkey)
      where contype = 'f' and connamespace ${ours} and attname !~ '(^|_)id$'`,
    broken: "alter table posts add column broken bigint references posts",
  },
  {
    rule: "only block_between() and hidden_from() say whether a block hides two people from each other",
    // The other functions check, list and show blocks.
    offenders: `
      select name from (${definitions}) as definition
      where body ~ '(public\\.|from )blocks\\M'
        and name not in ('block_between', 'hidden_from', 'blocker_ids', 'blocked_ids', 'blocks_check', 'blocked_people', 'profile')`,
    broken: `
      create function private.broken() returns boolean language sql
      return exists (select from public.blocks where blocker_id = auth.uid())`,
  },
  {
    rule: "only lets_in() says who may look into an account",
    offenders: `
      select name from (${definitions}) as definition
      where body ~ 'not \\(?(\\w+\\.)?is_private' and body ~ 'public\\.follows\\M|from follows\\M' and name <> 'lets_in'`,
    broken: `
      create policy broken on lists for all to anon using (
        exists (select from profiles where id = owner_id and not is_private)
        or exists (select from public.follows where followee_id = owner_id))`,
  },
  {
    rule: "only admits() says who sees a post",
    // The other functions count posts by audience, or find posts that may be for the viewer.
    offenders: `
      select name from (${definitions}) as definition
      where body ~ '\\maudience\\M\\)? *(=|<>|in\\M)|case +\\S*audience\\M'
        and body ~ '(public\\.|from |join )(follows|post_mentions)\\M'
        and name not in ('addressed_places', 'limited_page', 'many_limited_seen', 'author_posts', 'card_of', 'posts_annotate', 'post_vector')`,
    broken: `
      create function private.broken(post posts) returns boolean language sql
      return post.audience = 'everyone' or exists (select from public.follows where followee_id = post.author_id)`,
  },
  {
    // notice_holds looks for follows that notify.
    rule: "one function each says who sees a follow, a list, and what somebody likes",
    offenders: `
      select name from (${definitions}) as definition
      where (body ~ 'looks_into' and body ~ 'followe[er]_id' and name not in ('sees_follow', 'feed_page', 'author_posts', 'notice_holds'))
        or (body ~ 'looks_into' and body ~ 'not \\(*(\\w+\\)?\\.)?is_private' and name not in ('sees_list', 'feed_page'))
        or (body ~ 'looks_into' and body ~ 'shows_likes' and name not in ('shows_likes_to', 'feed_page'))`,
    broken: `
      create function private.broken(list lists) returns boolean language sql
      return not list.is_private and private.looks_into(auth.uid(), list.owner_id)`,
  },
];

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

class Undo extends Error {}

async function found(sql: TransactionSql, rule: Rule): Promise<string[]> {
  return (await sql.unsafe(rule.offenders).values()).flat().map(String);
}

test.each(rules)("$rule", async (rule) => {
  let before: string[] = [];
  let after: string[] = [];
  await db.admin
    .begin(async (sql) => {
      before = await found(sql, rule);
      await sql.unsafe(`set local search_path = public; ${rule.broken}`).simple();
      after = await found(sql, rule);
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  expect(before).toEqual([]);
  expect(after).not.toEqual([]);
});
