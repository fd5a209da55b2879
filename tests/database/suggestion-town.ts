/** The town of the tests of suggestions: eight people with old accounts, who are trusted, and nothing between them. */
import { createDatabase, type Database, type Person } from "./database.ts";
import { suggestionsOf, told } from "./suggestion-claims.ts";

const names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"] as const;

export interface SuggestionTown extends AsyncDisposable {
  db: Database;
  /** Eight people, alice first. */
  people: { [name in (typeof names)[number]]: Person };
  /** Deletes everything that they did. */
  reset(): Promise<void>;
  follow(who: Person, ...others: Person[]): Promise<void>;
  unfollow(who: Person, other: Person): Promise<void>;
  /** The suggestions of somebody, each in one line. */
  read(who: Person, pageSize?: number): Promise<string[]>;
  /** The usernames of the suggestions of somebody. */
  namesOf(who: Person, pageSize?: number): Promise<string[]>;
}

export async function createSuggestionTown(): Promise<SuggestionTown> {
  const db = await createDatabase();
  const people = {} as SuggestionTown["people"];
  for (const name of names) people[name] = await db.signUp(name);
  const emptied = [
    ...["follows", "follow_requests", "blocks", "mutes", "posts", "tag_follows", "suggestions_settings"],
    ...["lists", "views", "dismissals", "pools"].map((table) => `private.suggestion_${table}`),
  ];
  return {
    db,
    people,
    async reset() {
      for (const table of emptied) await db.admin.unsafe(`delete from ${table}`);
      await db.admin`
        update profiles set is_private = false, is_discoverable = true, created_at = now() - interval '20 days'`;
      await db.admin`update auth.users set banned_until = null, email_confirmed_at = now(), deleted_at = null`;
      await db.admin`delete from private.trust`;
      await db.admin`insert into private.trust (profile_id) select id from profiles`;
    },
    async follow(who, ...others) {
      for (const { id } of others) {
        await db.admin`insert into follows (follower_id, followee_id) values (${who.id}, ${id})`;
      }
    },
    async unfollow(who, { id }) {
      await db.admin`delete from follows where follower_id = ${who.id} and followee_id = ${id}`;
    },
    read: async (who, pageSize = 10) => (await suggestionsOf(who, pageSize)).map(told),
    namesOf: async (who, pageSize = 10) =>
      (await suggestionsOf(who, pageSize)).map(({ profile }) => profile.username),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}
