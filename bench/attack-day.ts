/**
 * What one attacker can do in a day: every action of private.limits, as often as it
 * allows, as the person and with all triggers. The clock is simulated: the windows of the
 * budget are ended by hand, minute by minute. The worst is written that we know of: posts
 * where everybody looks, that mention the reader, and two of three are for few.
 */
import type postgres from "postgres";
import { attacker, type Town } from "./attack-town.ts";

const uid = `md5('${attacker}')::uuid`;
/** A statement that deletes or writes more rows is refused. */
const mostRows = 100;

interface Writing {
  /** Takes back what is in the way. That is free. */
  clear?: (rows: string) => string;
  /** Writes the rows. */
  write: (rows: string) => string;
  /** Rows that one statement can write. */
  most?: number;
  /** Auth does this for the person. */
  byAuth?: true;
}

const audience = `(array['everyone', 'followers', 'mentioned'])[1 + n % 3]::public.audience`;
/** Somebody of a hundred, beginning with this one; among 251 to 300 are the private accounts. */
const person = (from: number, many = 100) => `md5('person ' || ${from} + n % ${many})::uuid`;
/** For each row another one of the newest posts by others. */
const othersPost = (rows: string) => `
  select id from public.posts
  where author_id <> ${uid} and is_open and repost_of_id is null
  order by id desc offset (select min(n) from ${rows}) limit (select count(*) from ${rows})`;
/** Rows that name somebody. If there is such a row, it is deleted first. */
const naming = (table: string, me: string, they: string, whom: string): Writing => ({
  clear: (rows) =>
    `delete from public.${table} where ${me} = ${uid} and ${they} in (select ${whom} from ${rows})`,
  write: (rows) => `insert into public.${table} (${they}) select ${whom} from ${rows}`,
});
const aboutPosts = (table: string): Writing => ({
  clear: (rows) => `delete from public.${table} where user_id = ${uid} and post_id in (${othersPost(rows)})`,
  write: (rows) => `insert into public.${table} (post_id) ${othersPost(rows)}`,
});

/** The group of the attacker and the reader in which the attacker writes. The action conversation makes it. */
const group = "(select id from public.conversations(page_size => 100) where name = 'Group 0')";
const newestGroup = "(select id from public.conversations(page_size => 1))";
/** Not a change of the group, which has no text to edit. */
const newestMessage = `(select max(id) from public.messages(${group}, page_size => 100) where change is null)`;

/** By the names of private.limits. \`rows\` is a relation of the numbers n of what is written. */
const writings: Record<string, Writing> = {
  // It ends the attacker's follows, so it comes first. Blocks hide the attacker: they are taken back.
  block: naming("blocks", "blocker_id", "blocked_id", person(1)),
  privacy: {
    write: () => `update public.profiles set is_private = not is_private where id = ${uid}`,
    most: 1,
  },
  profile: {
    write: (rows) => `update public.profiles set display_name = 'Name ' || n from ${rows} where id = ${uid}`,
    most: 1,
  },
  metadata: {
    write: (rows) =>
      `update auth.users set raw_user_meta_data = raw_user_meta_data || jsonb_build_object('n', n) from ${rows} where id = ${uid}`,
    most: 1,
    byAuth: true,
  },
  post: {
    write: (rows) =>
      `insert into public.posts (content, audience) select '#garden beta @person_1 post ' || n, ${audience} from ${rows}`,
  },
  // Half are limited replies with a reply below: nobody else sees them, and a thread looks below.
  reply: {
    write: (rows) => `
      insert into public.posts (content, audience, reply_to_id)
      select '@person_1 reply ' || n, case when n % 8 = 0 then 'everyone' else 'followers' end::public.audience,
        case
          when n % 8 in (0, 1) then 1
          when n % 2 = 0 then 5
          else coalesce((
            select id from public.posts
            where author_id = ${uid} and reply_to_id = 5
            order by id desc offset (n % 20) / 2 limit 1
          ), 5)
        end
      from ${rows}`,
  },
  quote: {
    write: (rows) => `
      insert into public.posts (content, audience, quote_of_id)
      select '@person_1 quote ' || n, ${audience}, 2 from ${rows}`,
  },
  repost: {
    clear: (rows) =>
      `delete from public.posts where author_id = ${uid} and repost_of_id in (${othersPost(rows)})`,
    write: (rows) => `insert into public.posts (repost_of_id) ${othersPost(rows)}`,
  },
  edit: {
    write: (rows) => `
      update public.posts set content = content || '.'
      where id in (
        select id from public.posts where author_id = ${uid} and repost_of_id is null
        order by id desc limit (select count(*) from ${rows})
      )`,
  },
  like: aboutPosts("likes"),
  bookmark: aboutPosts("bookmarks"),
  draft: {
    clear: (rows) =>
      `delete from public.drafts where author_id = ${uid} and title in (select 'Draft ' || n % 100 from ${rows})`,
    write: (rows) =>
      `insert into public.drafts (title, content) select 'Draft ' || n % 100, '#garden beta ' || n from ${rows}`,
  },
  follow: naming("follows", "follower_id", "followee_id", person(101)),
  follow_request: naming("follow_requests", "requester_id", "target_id", person(251, 50)),
  tag_follow: naming("tag_follows", "user_id", "tag", "'tag' || n % 100"),
  mute: naming("mutes", "muter_id", "muted_id", person(1)),
  list: {
    clear: (rows) =>
      `delete from public.lists where owner_id = ${uid} and name in (select 'List ' || n % 100 from ${rows})`,
    write: (rows) =>
      `insert into public.lists (name, is_private) select 'List ' || n % 100, false from ${rows}`,
  },
  list_member: {
    clear: (rows) => `
      delete from public.list_members
      where (list_id, profile_id) in (
        select lists.id, ${person(101)} from ${rows} join public.lists on owner_id = ${uid} and name = 'List ' || n / 100 % 10
      )`,
    write: (rows) => `
      insert into public.list_members (list_id, profile_id)
      select lists.id, ${person(101)} from ${rows} join public.lists on owner_id = ${uid} and name = 'List ' || n / 100 % 10`,
  },
  setting: {
    clear: () => `delete from public.notification_preferences where user_id = ${uid}`,
    write: (rows) =>
      `insert into public.notification_preferences (kind)
       select kind from unnest(enum_range(null::public.notification_kind)) with ordinality as one (kind, place)
       where place <= (select count(*) from ${rows})`,
    most: 10,
  },
  suggestion: { write: (rows) => `select public.dismiss_suggestion(${person(101)}) from ${rows}` },
  // The reader is in the first group, and hears of everything in it. To add people is another action.
  conversation: {
    write: (rows) => `
      select public.create_group('Group ' || n, case when n = 0 then array[md5('person 1')::uuid] else '{}' end)
      from ${rows}`,
  },
  message: {
    write: (rows) => `
      select public.send_message(${group}, gen_random_uuid()::text, '@person_1 beta message ' || n) from ${rows}`,
  },
  message_edit: {
    write: (rows) =>
      `select public.edit_message(${newestMessage}, '@person_1 beta edited ' || n) from ${rows}`,
  },
  reaction: {
    write: (rows) => `
      select case when n % 2 = 0 then public.react(message, '👍') else public.unreact(message, '👍') end
      from ${rows} cross join ${newestMessage} as newest (message)`,
  },
  membership: {
    write: (rows) => `select public.update_group(${newestGroup}, description => 'Text ' || n) from ${rows}`,
  },
  mark_read: { write: (rows) => `select public.mark_read(9223372036854775807) from ${rows}` },
  search: {
    write: (rows) => `select n from ${rows} left join lateral public.search_posts('nothing' || n) on true`,
  },
};

export interface Attacker {
  /** Does an action this number of times. Rejects with the refusal of the budget. */
  act(action: string, times: number): Promise<void>;
}

/**
 * @param sql the attacker's own connection
 * @param auth one that may change accounts
 */
export function createAttacker(sql: Town, auth: Town): Attacker {
  const done = new Map<string, number>();
  return {
    async act(action, times) {
      const { clear, write, most = mostRows, byAuth } = writings[action] as Writing;
      for (let left = times; left > 0; ) {
        const first = done.get(action) ?? 0;
        const count = Math.min(left, most);
        const rows = `generate_series(${first}, ${first + count - 1}) as n`;
        if (clear) await sql.unsafe(clear(rows));
        const written = await (byAuth ? auth : sql).unsafe(write(rows));
        if (written.count !== count)
          throw new Error(`${action}: ${written.count} rows were written, not ${count}`);
        if (action === "block") await sql.unsafe("delete from public.blocks");
        done.set(action, first + count);
        left -= count;
      }
    },
  };
}

/**
 * Spends a day's budget, and proves that it is spent: one more of each action is refused.
 * Returns what was done, by action.
 *
 * @param admin a superuser
 */
export async function spendDay(sql: Town, admin: Town): Promise<Record<string, number>> {
  const { act } = createAttacker(sql, admin);
  const limits = await admin`select action, per_day from private.limits`;
  const unknown = limits.filter(({ action }) => !writings[action]);
  if (unknown.length > 0)
    throw new Error(`The attacker does not know how to: ${unknown.map(({ action }) => action)}`);

  for (let hour = 0; hour < 24; hour++) {
    for (let minute = 0; minute < 60; minute++) {
      let didNothing = true;
      for (const action of Object.keys(writings)) {
        const [limit] = await sql`select "left" from public.limits() where action = ${action}`;
        if (limit?.left > 0) {
          await act(action, limit?.left);
          didNothing = false;
        }
      }
      if (didNothing) break;
      await admin.unsafe(`update private.usage set minute_until = '-infinity' where profile_id = ${uid}`);
    }
    await admin.unsafe(
      `update private.usage set minute_until = '-infinity', hour_until = '-infinity' where profile_id = ${uid}`,
    );
  }

  const used: Record<string, number> = {};
  for (const { action, per_day } of limits) {
    const [usage] = await admin.unsafe(
      `select day_used from private.usage where profile_id = ${uid} and action = '${action}'`,
    );
    if (usage?.day_used !== per_day)
      throw new Error(`${action}: ${usage?.day_used} times in a day, not ${per_day}`);
    const refusal = await act(action, 1).then(
      () => "nothing",
      (error: postgres.PostgresError) => `${error.code} ${error.message}`,
    );
    if (!refusal.includes("PT429")) throw new Error(`One more ${action} was answered with ${refusal}`);
    used[action] = per_day;
  }
  return used;
}
