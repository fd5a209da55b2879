/**
 * What happens in the town beside the requests of its people: a trusted backend writes rows of
 * many people, cron runs the jobs, and Auth changes, makes and deletes accounts.
 */
import type { TransactionSql } from "postgres";
import type { Choice } from "./actions.ts";
import type { Town } from "./town.ts";

type Work = (sql: TransactionSql, town: Town, roll: Choice["roll"]) => Promise<unknown>;

export interface Background {
  /** Logs in. */
  role: string;
  /** Each is one transaction. */
  works: Record<string, Work>;
  /** The longest pause between two of them. */
  pauseMs: number;
}

/**
 * As the API sends it with the secret key. Each request has at most one row of each person:
 * see 00-foundations/30-turns.sql.
 */
const trusted =
  (work: Work): Work =>
  async (sql, town, roll) => {
    await sql`select set_config('role', 'service_role', true),
      set_config('request.jwt.claims', '{"role": "service_role"}', true)`;
    return work(sql, town, roll);
  };

const service: Record<string, Work> = {
  // Authors like their own posts, which they always see.
  "import likes": trusted(
    (sql, { posts }) => sql`
      insert into likes (user_id, post_id)
      select author_id, max(id) from posts
      where id = any (${posts}::bigint[]) and repost_of_id is null
      group by author_id order by random() on conflict do nothing`,
  ),
  "import follows": trusted(
    (sql, { people }, roll) => sql`
      insert into follows (follower_id, followee_id)
      select one.id, other.id
      from profiles as one cross join lateral (
        select candidate.id
        from profiles as candidate
        where candidate.id <> one.id and not candidate.is_private and not exists (
          select from blocks
          where (blocker_id, blocked_id) in ((one.id, candidate.id), (candidate.id, one.id))
        )
        order by random() limit 1
      ) as other
      where one.id = any (${people.slice(roll(6)).map(({ id }) => id)}::uuid[])
      order by random() on conflict do nothing`,
  ),
  "import posts": trusted(
    (sql, { people, posts }, roll) => sql`
      insert into posts (author_id, content, reply_to_id)
      select person, 'imported #town', case when place = 1 then ${posts[roll(posts.length)] ?? null}::bigint end
      from unnest(${people.map(({ id }) => id)}::uuid[]) with ordinality as person (person, place)
      order by md5(${roll(1000)} || person::text) limit 4 returning id as post`,
  ),
  "remove a post": trusted(
    (sql, { posts }, roll) => sql`delete from posts where id = ${posts[roll(8)] ?? null}`,
  ),
  "remove likes": trusted(
    (sql, { posts }, roll) => sql`delete from likes where post_id = ${posts[roll(12)] ?? null}`,
  ),
  "remove follows": trusted(
    (sql, { people }, roll) => sql`delete from follows where followee_id = ${people[roll(12)]?.id ?? null}`,
  ),
  "change profiles": trusted(
    (sql, { people }, roll) => sql`
      update profiles set bio = 'by the house', is_private = ${roll(2) === 0}
      where id = any (${people.slice(roll(12)).map(({ id }) => id)}::uuid[])`,
  ),
  "set limits": trusted(
    (sql, { people }, roll) =>
      sql`select set_limits(${people[roll(12)]?.id ?? null}, 1000000, 1000000, 1000000)`,
  ),
};

const jobs: Record<string, Work> = {
  "publish drafts": (sql) => sql`select private.publish_due_drafts()`,
  "finish switches": (sql) => sql`select private.finish_search_switches()`,
  "forget places": (sql) => sql`select private.forget_places()`,
  "sweep sign-ups": (sql) => sql`select private.sweep_sign_ups()`,
  "sweep usernames": (sql) => sql`select private.sweep_held_usernames()`,
  "deliver notices": (sql) => sql`select private.deliver_batch()`,
  "refresh pools": (sql) => sql`select private.refresh_suggestion_pools()`,
  "write a list": (sql, { people }, roll) => sql`
    select private.write_suggestion_list(
      ${people[roll(12)]?.id ?? null}, ${[people[roll(12)]?.id ?? null]}::uuid[], array[${1 + roll(7)}]::smallint[], '{1}'
    )`,
  "forget usage": (sql) => sql`select private.forget_usage()`,
};

const auth: Record<string, Work> = {
  "change metadata": (sql, { people }, roll) => sql`
    update auth.users set raw_user_meta_data = ${sql.json({ theme: roll(99) })} where id = ${people[roll(12)]?.id ?? null}`,
  ban: (sql, { people }, roll) =>
    sql`update auth.users set banned_until = now() + interval '100 ms' where id = ${people[roll(12)]?.id ?? null}`,
  /** Somebody leaves. For some time they still send requests. Then somebody new comes. */
  "delete an account": async (sql, town, roll) => {
    const place = roll(12);
    await sql`delete from auth.users where id = ${town.people[place]?.id ?? null}`;
    void town.signUp().then((newcomer) => {
      town.people[place] = newcomer;
    });
  },
};

export const background: Background[] = [
  { role: "authenticator", works: service, pauseMs: 60 },
  { role: "authenticator", works: service, pauseMs: 60 },
  { role: "postgres", works: jobs, pauseMs: 60 },
  { role: "postgres", works: jobs, pauseMs: 60 },
  { role: "supabase_auth_admin", works: auth, pauseMs: 120 },
  { role: "supabase_auth_admin", works: auth, pauseMs: 120 },
];
