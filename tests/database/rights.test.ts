/**
 * The rights of the roles of the API, listed by hand: the columns they may write and the
 * functions they may call. They have no other rights. Which rows the people of a role read
 * and write is in the matrix (matrix/matrix.test.ts).
 */
import type { TransactionSql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chatFunctions } from "./chat-town.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

const roles = ["anon", "authenticated", "service_role", "supabase_auth_admin"];

let db: Database;
let alice: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, mallory] = [await db.signUp("alice"), await db.signUp("mallory")];
});
afterAll(() => db?.[Symbol.asyncDispose]());

describe("columns", () => {
  /** The columns that authenticated and service_role may write. Anon writes nothing. */
  const writable: Record<string, { insert?: string; update?: string }> = {
    profiles: {
      update:
        "avatar_url bio display_name is_discoverable is_private is_searchable links shows_likes username",
    },
    blocks: { insert: "blocked_id blocker_id" },
    mutes: {
      insert: "hides_notifications muted_id muted_until muter_id",
      update: "hides_notifications muted_id muted_until muter_id",
    },
    follows: { insert: "followee_id follower_id notifies", update: "notifies" },
    follow_requests: { insert: "requester_id target_id" },
    lists: { insert: "is_private name owner_id", update: "is_private name" },
    list_members: { insert: "list_id profile_id" },
    posts: {
      insert:
        "audience author_id content content_warning language quote_of_id reply_to_id repost_of_id title",
      update: "content content_warning language title",
    },
    drafts: {
      insert:
        "audience author_id content content_warning id language publish_at quote_of_id reply_to_id title",
      update: "audience content content_warning language publish_at quote_of_id reply_to_id title",
    },
    likes: { insert: "post_id user_id" },
    bookmarks: { insert: "post_id user_id" },
    tag_follows: { insert: "tag user_id" },
    thread_mutes: { insert: "post_id user_id" },
    suggestions_settings: { insert: "hides_suggestions user_id", update: "hides_suggestions user_id" },
    notification_preferences: {
      insert: "delivery from_whom kind user_id",
      update: "delivery from_whom kind user_id",
    },
  };

  test.each(["anon", "authenticated", "service_role"])("%s writes only the promised ones", async (role) => {
    const granted = await db.admin`
      select relname, privilege, string_agg(attname, ' ' order by attname) as columns
      from pg_attribute
      join pg_class on pg_class.oid = attrelid
      cross join unnest(array['insert', 'update']) as privilege
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
        and attnum > 0 and not attisdropped
        and has_column_privilege(${role}, attrelid, attnum, privilege)
      group by relname, privilege
    `;
    const found: Record<string, Record<string, string>> = {};
    for (const { relname, privilege, columns } of granted) {
      found[relname] = { ...found[relname], [privilege]: columns };
    }
    expect(found).toEqual(role === "anon" ? {} : writable);
  });
});

describe("tables", () => {
  const privileges = ["truncate", "references", "trigger", "maintain"];
  const granted = (role: string) => db.admin`
    select relname || ': ' || privilege as granted
    from pg_class
    cross join unnest(${privileges}::text[]) as privilege
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
      and has_table_privilege(${role}, pg_class.oid, privilege)
  `;

  test("only their owner can truncate them, or add a trigger or a foreign key", async () => {
    for (const role of roles)
      expect(
        (await granted(role)).map((row) => row.granted),
        role,
      ).toEqual([]);
    expect((await granted("postgres")).length).toBeGreaterThan(privileges.length);
  });

  test("nobody can move or read our sequences", async () => {
    const sequences = (role: string) => db.admin`
      select relname from pg_class
      where relnamespace in ('public'::regnamespace, 'private'::regnamespace)
        and case when relkind = 'S' then has_sequence_privilege(${role}, oid, 'select, usage, update') end
    `;
    for (const role of roles) expect([...(await sequences(role))], role).toEqual([]);
    expect((await sequences("postgres")).length).toBeGreaterThan(0);
  });
});

describe("functions", () => {
  /** The roles that may call each function. Nobody may call trigger functions and helpers of definers. */
  const everyone = "anon authenticated service_role";
  const callable: Record<string, string> = {
    // People, signed in or not.
    "public.count_newer": "anon authenticated",
    "public.explain_visibility": "anon authenticated",
    "public.followers": "anon authenticated",
    "public.following": "anon authenticated",
    "public.likers": "anon authenticated",
    "public.list_feed": "anon authenticated",
    "public.people_like": "anon authenticated",
    "public.post": "anon authenticated",
    "public.posts_by_ids": "anon authenticated",
    "public.profile": "anon authenticated",
    "public.profile_feed": "anon authenticated",
    "public.profile_likes": "anon authenticated",
    "public.profile_replies": "anon authenticated",
    "public.public_feed": "anon authenticated",
    "public.quotes": "anon authenticated",
    "public.replies": "anon authenticated",
    "public.reposters": "anon authenticated",
    "public.search_people": "anon authenticated",
    "public.search_posts": "anon authenticated",
    "public.tag_feed": "anon authenticated",
    "public.explain_trend": "anon authenticated",
    "public.thread": "anon authenticated",
    "public.trending_links": "anon authenticated",
    "public.trending_posts": "anon authenticated",
    "public.trending_tags": "anon authenticated",
    "public.username_available": "anon authenticated",
    // People who are signed in.
    "public.accept_follow_request": "authenticated",
    "public.blocked_people": "authenticated",
    "public.follow_requests": "authenticated",
    "public.message": "authenticated",
    "public.muted_people": "authenticated",
    "public.bookmarks_feed": "authenticated",
    "public.decline_follow_request": "authenticated",
    "public.delete_account": "authenticated",
    "public.dismiss_suggestion": "authenticated",
    "public.follow": "authenticated",
    "public.home_feed": "authenticated",
    "public.limits": "authenticated",
    "public.mark_group_read": "authenticated",
    "public.mark_group_unread": "authenticated",
    "public.mark_read": "authenticated",
    "public.me": "authenticated",
    "public.notification_actors": "authenticated",
    "public.notifications": "authenticated",
    "public.publish_draft": "authenticated",
    "public.remove_follower": "authenticated",
    "public.suggestions": "authenticated",
    "public.suggestions_seen": "authenticated",
    "public.sync": "authenticated",
    "public.unread": "authenticated",
    "public.write_post": "authenticated",
    ...Object.fromEntries(chatFunctions.map((name) => [name, "authenticated"])),
    // Functions that requests embed in rows.
    "public.author_counts": everyone,
    "public.follow_counts": everyone,
    "public.post_counts": everyone,

    // A trusted backend.
    "public.hide_trend": "service_role",
    "public.set_limits": "service_role",
    "public.set_trust_seed": "service_role",
    "public.show_trend": "service_role",

    // Private functions that do the work for these.
    "private.count_newer": "anon authenticated",
    "private.explain_trend": "anon authenticated",
    "private.explain_visibility": "anon authenticated",
    "private.feed": "anon authenticated",
    "private.follow_list": "anon authenticated",
    "private.people_like": "anon authenticated",
    "private.people_of_post": "anon authenticated",
    "private.person_meant": "anon authenticated",
    "private.posts_by_ids": "anon authenticated",
    "private.profile": "anon authenticated",
    "private.search_people": "anon authenticated",
    "private.search_posts": "anon authenticated",
    "private.thread": "anon authenticated",
    "private.trending": "anon authenticated",
    "private.trending_posts": "anon authenticated",
    "private.username_available": "anon authenticated",
    "private.answer_follow_request": "authenticated",
    "private.blocked_people": "authenticated",
    "private.message": "authenticated",
    "private.muted_people": "authenticated",
    "private.request_list": "authenticated",
    "private.delete_account": "authenticated",
    "private.dismiss_suggestion": "authenticated",
    "private.follow": "authenticated",
    "private.mark_group": "authenticated",
    "private.mark_read": "authenticated",
    "private.me": "authenticated",
    "private.my_limits": "authenticated",
    "private.notification_actors": "authenticated",
    "private.notifications_page": "authenticated",
    "private.publish_draft": "authenticated",
    "private.remove_follower": "authenticated",
    "private.suggestions": "authenticated",
    "private.suggestions_seen": "authenticated",
    "private.sync_user": "authenticated",
    "private.unread": "authenticated",
    "private.write_post": "authenticated",
    "private.author_posts": everyone,
    "private.follow_counts_of": everyone,
    "private.post_counts_of": everyone,

    "private.hide_trend": "service_role",
    "private.job_health": "service_role",
    "private.set_limits": "service_role",
    "private.set_trust_seed": "service_role",
    "private.show_trend": "service_role",
    "private.spend": "anon authenticated",

    // Policies call these with the rights of the reader or writer.
    "private.blocker_ids": "authenticated",
    "private.consents_to_follow": "authenticated",
    "private.hidden_ids": "anon authenticated",
    "private.is_addressed": "anon authenticated",
    "private.looks_into": "anon authenticated",
    "private.sees_like": "anon authenticated",
    "private.sees_post": "anon authenticated",
    "private.addressing_ids": "authenticated",
    "private.admits": "authenticated",
    "private.followee_ids": "authenticated",
    "private.sees_follow": "anon authenticated",
    "private.sees_list": "anon authenticated",
    "private.sees_repost": "authenticated",

    // Defaults, checks, indexes and triggers call these with the rights of the writer.
    "private.are_links": "authenticated service_role",
    "private.blank_characters": "authenticated service_role",
    "private.is_blank": "authenticated service_role",
    "private.is_https_url": "authenticated service_role",
    "private.is_language": "authenticated service_role",
    "private.is_line": "authenticated service_role",
    "private.is_name": "authenticated service_role",
    "private.is_one_line": "authenticated service_role",
    "private.new_id": "authenticated service_role",
    "private.rule": "authenticated service_role",
    "private.tag_characters": "authenticated service_role",
    "private.tag_name": "authenticated service_role",

    // Auth's hook.
    "private.before_user_created": "supabase_auth_admin",
  };

  test("can be called by the listed roles, and by nobody else", async () => {
    const granted = await db.admin`
      select pronamespace::regnamespace || '.' || proname as name, string_agg(role, ' ' order by role) as roles
      from pg_proc
      cross join unnest(${roles}::text[]) as role
      where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
        and has_function_privilege(role, pg_proc.oid, 'execute')
      group by name
    `;
    expect(Object.fromEntries(granted.map((row) => [row.name, row.roles]))).toEqual(callable);
  });
});

describe("schemas", () => {
  test("nothing in private can be read or written by the API's roles", async () => {
    const granted = (role: string) => db.admin`
      select relname || ': ' || privilege as granted
      from pg_class
      cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
      where relnamespace = 'private'::regnamespace and relkind in ('r', 'v', 'm', 'p')
        and (has_table_privilege(${role}, pg_class.oid, privilege)
          or (privilege in ('select', 'insert', 'update') and has_any_column_privilege(${role}, pg_class.oid, privilege)))
    `;
    for (const role of roles)
      expect(
        (await granted(role)).map((row) => row.granted),
        role,
      ).toEqual([]);
    expect((await granted("postgres")).length).toBeGreaterThan(0);
    const [secret] = await db.admin`select count(*) from private.id_secret`;
    expect(secret?.count).toBe(1);
    const { code } = await refusal(mallory.asks((sql) => sql`table private.id_secret`));
    expect(code).toBe("42501");
  });

  test("nobody can create anything in our schemas, or use the schema of pg_cron", async () => {
    const granted = await db.admin`
      select role, nspname from pg_namespace
      cross join unnest(${roles}::text[]) as role
      where (nspname in ('public', 'private') and has_schema_privilege(role, pg_namespace.oid, 'create'))
        or (nspname = 'cron' and has_schema_privilege(role, pg_namespace.oid, 'usage'))
    `;
    expect([...granted]).toEqual([]);
    const [cron] = await db.admin`select to_regclass('cron.job') is not null as is_there`;
    expect(cron?.is_there).toBe(true);
  });
});

describe("mallory", () => {
  let post: number;
  beforeAll(async () => {
    const write = async (who: Person) => {
      const [row] = await who.asks((sql) => sql`insert into posts (content) values ('mine') returning id`);
      return row?.id as number;
    };
    post = await write(mallory);
    await mallory.asks((sql) => sql`insert into drafts (content) values ('not yet')`);
    await mallory.asks((sql) => sql`insert into lists (name) values ('some')`);
    await mallory.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
    await mallory.asks((sql) => sql`insert into mutes (muted_id) values (${alice.id})`);
  });

  const isRefused = async (statement: string) => {
    const { code } = await refusal(mallory.asks((sql) => sql.unsafe(statement)));
    expect(code, statement).toBe("42501");
  };

  test("cannot give her rows to alice", async () => {
    await isRefused(`update posts set author_id = '${alice.id}'`);
    await isRefused(`update drafts set author_id = '${alice.id}'`);
    await isRefused(`update lists set owner_id = '${alice.id}'`);
    await isRefused(`update follows set follower_id = '${alice.id}'`);
    // She may write the column, but only with her own id.
    const bob = await db.signUp("bob");
    await isRefused(`update mutes set muter_id = '${bob.id}'`);
    const kept = await db.admin`
      select author_id from posts where id = ${post}
      union select muter_id from mutes where muted_id = ${alice.id}
    `;
    expect(kept.map((row) => row.author_id)).toEqual([mallory.id]);
  });

  test("cannot set the time of a post, or its entities", async () => {
    const forgeries: [table: string, column: string, value: string][] = [
      ["posts", "id", "1"],
      ["posts", "created_at", "'2001-01-01'"],
      ["posts", "edited_at", "'2001-01-01'"],
      ["posts", "entities", "'[]'"],
      ["drafts", "created_at", "'2001-01-01'"],
      ["drafts", "failed_at", "now()"],
      ["drafts", "failure", "'why'"],
    ];
    for (const [table, column, value] of forgeries) {
      await isRefused(`insert into ${table} (content, ${column}) values ('forged', ${value})`);
      await isRefused(`update ${table} set ${column} = ${value}`);
      const honest = (sql: TransactionSql) => sql.unsafe(`insert into ${table} (content) values ('now')`);
      expect((await mallory.asks(honest)).count, table).toBe(1);
    }
    await isRefused(`insert into likes (post_id, id) values (${post}, 1)`);
    await isRefused(`insert into follows (followee_id, created_at) values ('${alice.id}', '2001-01-01')`);
  });

  test("cannot change the audience of a post, or the posts it refers to", async () => {
    for (const change of [
      "audience = 'followers'",
      "reply_to_id = null",
      "quote_of_id = null",
      "repost_of_id = null",
    ]) {
      await isRefused(`update posts set ${change} where id = ${post}`);
    }
    const edited = await mallory.asks((sql) => sql`update posts set content = 'edited' where id = ${post}`);
    expect(edited.count).toBe(1);
  });

  test("cannot create or delete a profile", async () => {
    await isRefused("insert into profiles (id, username) values (gen_random_uuid(), 'somebody')");
    await isRefused(`delete from profiles where id = '${mallory.id}'`);
    const [profile] = await mallory.asks((sql) => sql`select from profiles where id = ${mallory.id}`);
    expect(profile).toBeDefined();
  });
});
