/**
 * The people of the matrix. There are two owners with the same things. Alice's account is
 * public and paula's is private. And there is somebody in every relation to both owners. A
 * relation is one letter, everywhere in the matrix.
 *
 * The end of act() makes each relation. The people who block or are blocked followed and
 * liked before, and posts addressed them. So they are denied things that they once had.
 * Paula's account was public until everybody had acted. Some people have no letter. Everybody
 * sees everything by walter. Ivan and each owner block each other. Judy and kim follow lena and
 * the owners.
 */
import type { Caller, Database, Person } from "../database.ts";
import { deliverWaiting } from "../recount.ts";

/** The letters, in the order in which answers stand in a grid. */
export const relations = {
  a: "anonymous",
  s: "stranger",
  f: "follower",
  r: "requested", // asked to follow paula, and is not accepted; to alice a stranger
  b: "blocked", // the owner blocks them
  B: "blocker", // they block the owner
  m: "muted", // a follower that the owner mutes
  M: "muter", // a follower who mutes the owner
  "@": "mentioned", // a stranger that every post of the owner addresses
  o: "owner",
  S: "service_role",
} as const;

export type Relation = keyof typeof relations;
export type State = "public" | "private";

const cast: Partial<Record<Relation, string>> = {
  s: "carol",
  f: "bob",
  r: "dave",
  b: "mallory",
  B: "erin",
  m: "frank",
  M: "grace",
  "@": "heidi",
};

export interface World {
  db: Database;
  callers: Record<State, Record<Relation, Caller>>;
  /** The SQL for each {placeholder}. {me} is the caller. If the caller is not a person, it is the owner. */
  values: Record<State, Record<Relation, Record<string, string>>>;
  /** How many cells were asked. */
  cells: number;
}

export async function createWorld(db: Database): Promise<World> {
  const people: Record<string, Person> = {};
  for (const name of ["alice", "paula", "walter", "ivan", "judy", "kim", "lena", ...Object.values(cast)]) {
    people[name] = await db.signUp(name);
  }
  const person = (name: string) => people[name] as Person;
  const ids = Object.fromEntries(Object.entries(people).map(([name, who]) => [name, uuid(who)]));
  for (const name of ["alice", "paula", "frank", "mallory"]) {
    await run(person(name), "update profiles set shows_likes = true where id = {me}", ids);
  }
  await run(person("heidi"), "update profiles set is_searchable = false where id = {me}", ids);

  const about = {
    public: await act(person("alice"), "granite", ids, person),
    private: await act(person("paula"), "basalt", ids, person),
  };
  await run(person("paula"), "update profiles set is_private = true where id = {me}", ids);
  await run(person("dave"), "select follow({paula})", ids);
  // So much happened in one second that some notifications are left to the job.
  await deliverWaiting(db.admin);
  // Two people can block each other only at the same moment, because nobody can block a
  // person they do not see. So this insert is made without the check.
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    for (const both of ["{alice}, {ivan}", "{ivan}, {alice}", "{paula}, {ivan}", "{ivan}, {paula}"]) {
      await sql.unsafe(fill(`insert into blocks (blocker_id, blocked_id) values (${both})`, ids));
    }
    // Judy and kim follow lena and both owners, so they are alike. No count has these follows.
    for (const fan of ["{judy}", "{kim}"]) {
      for (const followee of ["{lena}", "{alice}", "{paula}"]) {
        await sql.unsafe(
          fill(`insert into follows (follower_id, followee_id) values (${fan}, ${followee})`, ids),
        );
      }
    }
  });

  await makeTrends(db);
  for (const is of [about.public, about.private]) {
    const [likes] = await db.admin.unsafe(
      fill(
        `select group_id from private.notification_groups
         where recipient_id = {owner} and kind = 'like' and object_id = {everyone}`,
        is,
      ),
    );
    is.likes_group = String(likes?.group_id);
  }

  const callers = (owner: Person) =>
    every((relation): Caller => {
      if (relation === "a") return db.as("anon");
      if (relation === "S") return db.as("service_role");
      return relation === "o" ? owner.asks : person(cast[relation] as string).asks;
    });
  const values = (state: State) =>
    every((relation) => ({
      ...about[state],
      me: ids[cast[relation] ?? ""] ?? (about[state].owner as string),
    }));
  return {
    db,
    callers: { public: callers(person("alice")), private: callers(person("paula")) },
    values: { public: values("public"), private: values("private") },
    cells: 0,
  };
}

/** Makes an owner's things, what the others do with them, and the relations. */
async function act(owner: Person, tag: string, ids: Values, person: (name: string) => Person) {
  const is: Values = { ...ids, owner: uuid(owner), name: `'${owner.username}'`, tag: `'${tag}'` };
  const does = (who: string, statement: string) => run(who === "owner" ? owner : person(who), statement, is);
  /** Writes something, and keeps its id under a name. */
  const writes = async (who: string, name: string, statement: string) => {
    const [row] = await does(who, `insert into ${statement} returning id`);
    is[name] = typeof row?.id === "number" ? String(row.id) : `'${row?.id}'::uuid`;
  };
  const text = `'pebble #${tag} https://example.com/${tag} @heidi @mallory @erin'`;

  await writes("walter", "walters", "posts (content) values ('To be shown again')");
  for (const audience of ["everyone", "followers", "mentioned"]) {
    await writes("owner", audience, `posts (content, audience) values (${text}, '${audience}')`);
    await does("owner", `update posts set title = 'Edited' where id = {${audience}}`);
  }
  await writes("owner", "late", "posts (content, audience) values ('@heidi', 'mentioned')");
  await does("owner", "update posts set content = '@heidi @mallory @frank' where id = {late}");
  await does("owner", "update posts set title = 'Edited' where id = {late}");
  await writes(
    "owner",
    "answer",
    "posts (content, audience, reply_to_id) values ('@heidi', 'mentioned', {walters})",
  );
  await writes("owner", "reply", `posts (content, reply_to_id) values (${text}, {everyone})`);
  await writes("owner", "quote", `posts (content, quote_of_id) values (${text}, {everyone})`);
  await writes("owner", "repost", "posts (repost_of_id) values ({walters})");
  await writes("owner", "own_repost", "posts (repost_of_id) values ({followers})");
  await writes("owner", "draft", "drafts (content) values ('Not yet')");
  await writes("owner", "open", "lists (name, is_private) values ('Open', false)");
  await writes("owner", "closed", "lists (name, is_private) values ('Closed', true)");
  for (const member of [
    "({open}, {walter})",
    "({open}, {bob})",
    "({open}, {mallory})",
    "({closed}, {walter})",
  ]) {
    await does("owner", `insert into list_members (list_id, profile_id) values ${member}`);
  }
  await does("owner", "insert into likes (post_id) values ({walters}), ({everyone})");
  await does("owner", "insert into bookmarks (post_id) values ({walters}), ({everyone})");
  await does("owner", "insert into tag_follows (tag) values ({tag})");
  await does("owner", "select follow({walter})");
  await does(
    "owner",
    "insert into notification_preferences (kind, delivery) values ('draft_failed', 'quiet')",
  );
  await does("owner", "insert into thread_mutes (post_id) values ({walters})");
  await does("owner", "insert into suggestions_settings (hides_suggestions) values (false)");

  await writes("walter", "walters_list", "lists (name, is_private) values ('With the owner', false)");
  await does("walter", "insert into list_members (list_id, profile_id) values ({walters_list}, {owner})");
  for (const name of Object.values(cast)) {
    await does(name, "insert into likes (post_id) values ({everyone})");
    await does(name, "insert into bookmarks (post_id) values ({everyone})");
    await does(name, "insert into tag_follows (tag) values ({tag})");
  }
  await writes(
    "mallory",
    "mallorys_reply",
    "posts (content, reply_to_id) values ('Says mallory', {everyone})",
  );
  await writes(
    "mallory",
    "mallorys_quote",
    "posts (content, quote_of_id) values ('Says mallory', {everyone})",
  );
  await writes("mallory", "mallorys_repost", "posts (repost_of_id) values ({everyone})");
  await does("mallory", "insert into mutes (muted_id) values ({owner})");

  for (const name of ["bob", "mallory", "erin", "frank", "grace"]) await does(name, "select follow({owner})");
  await does("bob", "insert into likes (post_id) values ({followers})");
  await does("owner", "insert into mutes (muted_id) values ({frank})");
  await does("grace", "insert into mutes (muted_id) values ({owner})");
  await does("owner", "insert into blocks (blocked_id) values ({mallory})");
  await does("erin", "insert into blocks (blocked_id) values ({owner})");
  return is;
}

/** The tag and the link of both owners trend, and everybody counts. */
async function makeTrends(db: Database): Promise<void> {
  await db.owner`insert into private.trust (profile_id) select id from profiles`;
  await db.owner`select private.refresh_trends()`;
  await db.owner`
    insert into private.trends (kind, term, period, since_at, scored_at, score, short, long)
    select said.kind::trend_kind, said.start || tag, 'day', now(), now(), 7, facts, facts
    from unnest(array['granite', 'basalt']) as tag
    cross join (values ('tag', ''), ('link', 'https://example.com/')) as said (kind, start)
    cross join (values ('(9,1,0.2,20,10)'::private.trend_facts)) as seen (facts)
  `;
}

type Values = Record<string, string>;

const uuid = (person: Person) => `'${person.id}'::uuid`;

function run(who: Person, statement: string, values: Values) {
  return who.asks((sql) => sql.unsafe(fill(statement, { ...values, me: uuid(who) })));
}

function every<T>(of: (relation: Relation) => T): Record<Relation, T> {
  return Object.fromEntries(
    (Object.keys(relations) as Relation[]).map((relation) => [relation, of(relation)]),
  ) as Record<Relation, T>;
}

/** A statement with its {placeholders} replaced. */
export function fill(statement: string, values: Values): string {
  return statement.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`{${name}} stands for nothing: ${statement}`);
    return value;
  });
}
