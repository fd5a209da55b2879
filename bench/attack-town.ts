/**
 * The town that the scenario attack is about: databases on one throw-away server. Each
 * is a copy of another, so two towns differ only in what was added to one of them.
 */
import postgres from "postgres";
import { superuser } from "../platform/postgres/server.ts";
import { databaseUrl, onAdmin } from "../sql/tools/server.ts";
import type { Contender } from "./measure.ts";

export type Town = postgres.Sql;

const people = 300;
const posts = 20_000;

/** Who reads: a stranger to the attacker, one who follows the attacker, and one who blocks the attacker. */
export const readers = { stranger: "person 1", follower: "person 202", blocker: "person 203" };
/** The flooder, and the attacker of a day. */
export const attacker = "person 201";

/** What honest people write is for few, too: one of 20 for followers, one of 50 for the people it mentions. */
const audience = `(
  case when n % 20 = 9 then 'followers' when n % 50 = 18 then 'mentioned' else 'everyone' end
)::public.audience`;

/** Copies a database and fills the copy, as a superuser. */
export async function createTown(
  port: number,
  name: string,
  template: string,
  fill: (sql: Town) => Promise<void>,
): Promise<string> {
  await onAdmin(port, `create database ${name} template ${template} owner postgres`);
  const sql = postgres(databaseUrl(port, name, superuser), { max: 1, onnotice() {} });
  try {
    await fill(sql);
  } finally {
    await sql.end();
  }
  return name;
}

/**
 * A town whose readers follow 100, with a thread of 500 replies, one of 300, and a post
 * with 500 quotes. A few of all these are limited. Every post mentions one person, so all cards cost about the same. The
 * newest posts are quotes. Person 201, the attacker, has 40 posts and 40 replies. The last
 * 50 people are private. The readers may search as often as they like.
 */
export async function populate(sql: Town): Promise<void> {
  await sql.unsafe(`
    select setseed(0.5);
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now() - interval '30 days'
      from generate_series(1, ${people}) as n;
    update public.profiles
      set created_at = now() - interval '30 days', shows_likes = true, is_private = id in (
        select md5('person ' || n)::uuid from generate_series(251, 300) as n
      );
    select private.set_limits(md5(reader)::uuid, 1000000000, 1000000000, 1000000000, null)
      from unnest(array['${Object.values(readers).join("', '")}']) as reader;
    insert into public.follows (follower_id, followee_id)
      select md5('person ' || reader)::uuid, md5('person ' || n)::uuid
      from unnest(array[1, 202, 203]) as reader cross join generate_series(101, 200) as n
      union all
      select md5('person ' || n)::uuid, md5('person 150')::uuid from generate_series(2, 60) as n
      union all
      select md5('${attacker}')::uuid, md5('person ' || n)::uuid from generate_series(101, 140) as n
      union all
      select md5('${readers.follower}')::uuid, md5('${attacker}')::uuid;
    insert into public.blocks (blocker_id, blocked_id)
      values (md5('${readers.blocker}')::uuid, md5('${attacker}')::uuid);
    insert into public.tag_follows (user_id, tag)
      select md5('person ' || reader)::uuid, 'garden' from unnest(array[1, 202, 203]) as reader;
    insert into public.posts (id, author_id, audience, content)
      select private.new_id(now() - interval '20 days' + n * interval '1 minute'),
        md5('person ' || 1 + floor(random() * 200))::uuid, ${audience},
        case when n % 10 = 0 then '#garden ' else '' end || case when n % 2 = 0 then 'beta ' else 'alpha ' end || n
          || ' @person_' || 1 + n % 200
      from generate_series(1, ${posts}) as n;
    insert into public.posts (id, author_id, content) values
      (1, md5('person 150')::uuid, 'The one that is answered'),
      (2, md5('person 150')::uuid, 'The one that is quoted'),
      (5, md5('person 150')::uuid, 'The one that is answered less');
    insert into public.posts (author_id, content, quote_of_id)
      select md5('${attacker}')::uuid, 'page of the flooder @person_2 ' || n,
        (select id from public.posts where id > 5 order by id offset n limit 1)
      from generate_series(1, 40) as n;
    insert into public.posts (author_id, content, reply_to_id)
      select md5('${attacker}')::uuid, 'answer of the flooder @person_2 ' || n, 2 from generate_series(1, 40) as n;
    insert into public.posts (author_id, audience, content, reply_to_id)
      select md5('person ' || 1 + n % 200)::uuid, ${audience}, 'reply @person_2 ' || n, case when n <= 500 then 1 else 5 end
      from generate_series(1, 800) as n;
    insert into public.posts (author_id, audience, content, quote_of_id)
      select md5('person ' || 1 + n % 200)::uuid, ${audience}, 'quote @person_2 ' || n, 2 from generate_series(1, 500) as n;
    insert into public.likes (user_id, post_id)
      select md5('person ' || who)::uuid, post.id
      from unnest(array[1, 150, 201]) as who
      cross join (select id from public.posts order by id desc limit 40) as post;
    insert into public.bookmarks (user_id, post_id) select user_id, post_id from public.likes;
    insert into public.lists (id, owner_id, name) values (md5('list')::uuid, md5('${readers.stranger}')::uuid, 'Fifty');
    insert into public.list_members (list_id, profile_id)
      select md5('list')::uuid, md5('person ' || n)::uuid from generate_series(101, 150) as n;
  `);
  await sql.unsafe("vacuum (analyze)");
}

/** Connects as anybody (null) or as a person, with their claims. */
export async function connect(
  stack: AsyncDisposableStack,
  port: number,
  town: string,
  person: string | null,
): Promise<Town> {
  const role = person === null ? "anon" : "authenticated";
  const sql = postgres(databaseUrl(port, town), { max: 1, onnotice() {} });
  stack.defer(() => sql.end());
  const [who] = await sql`select md5(${person})::uuid as id`;
  const claims = JSON.stringify(person === null ? { role } : { role, sub: who?.id });
  await sql`select set_config('request.jwt.claims', ${claims}, false), set_config('role', ${role}, false)`;
  await sql`set statement_timeout = '20s'`;
  return sql;
}

/** A page that is read by this connection. */
export const of = (sql: Town, query: string): Contender => ({
  name: query,
  run: () => sql.unsafe(query, [], { prepare: true }),
});
