/**
 * Reads suggestions, and asks whether their reasons are true: as the viewer, through the tables that the viewer may
 * read. So a reason that tells something hidden is found to be untrue.
 */
import type { TransactionSql } from "postgres";
import type { Caller, Database, Person } from "./database.ts";

/** The kinds, in the order of their numbers: the first is 1. */
export const kinds = [
  "followed_by",
  "follows_you",
  "both_follow",
  "followed_alongside",
  "followers_follow",
  "writes_about",
  "new_here",
  "many_follow",
] as const;
export type Kind = (typeof kinds)[number];

export interface Reason {
  kind: Kind;
  people: { id: string; username: string }[];
  others: number;
  tag: string | null;
}

export interface Suggestion {
  profile: { id: string; username: string };
  is_private: boolean;
  follows_you: boolean;
  reasons: Reason[];
}

/**
 * Writes the list of somebody, the best first, as the worker does.
 *
 * @param witnesses three people for each of the first places: somebody that the viewer follows, and two who follow both
 */
export async function giveList(
  db: Database,
  viewer: Person,
  list: [Person, Kind, number?][],
  witnesses: (Person | null)[] = [],
): Promise<boolean> {
  const [row] = await db.owner`
    select private.write_suggestion_list(
      ${viewer.id}, ${list.map(([{ id }]) => id)}::uuid[],
      ${list.map(([, kind]) => kinds.indexOf(kind) + 1)}::smallint[],
      ${list.map(([, , score], place) => score ?? 1 - place / 100)}::real[],
      ${witnesses.map((witness) => witness?.id ?? null)}::uuid[]
    ) as written`;
  return row?.written;
}

export async function suggestionsOf(viewer: Person, pageSize = 10): Promise<Suggestion[]> {
  const rows = await viewer.asks(
    (sql) => sql`select to_jsonb(shown) as row from suggestions(${pageSize}) as shown`,
  );
  return rows.map(({ row }) => row);
}

export async function peopleLike(ask: Caller, person: Person, pageSize = 10): Promise<Suggestion[]> {
  const rows = await ask(
    (sql) => sql`select to_jsonb(shown) as row from people_like(${person.id}, ${pageSize}) as shown`,
  );
  return rows.map(({ row }) => row);
}

/** A suggestion in one line: `erin: followed_by bob, dave +1`. */
export const told = ({ profile, reasons }: Suggestion): string =>
  `${profile.username}: ${reasons
    .map(({ kind, people, others, tag }) =>
      [
        kind,
        people.map(({ username }) => username).join(", "),
        others ? `+${others}` : "",
        tag ? `#${tag}` : "",
      ]
        .filter((part) => part !== "")
        .join(" "),
    )
    .join("; ")}`;

/** @returns the reasons that the viewer finds to be untrue, each in one line */
export async function untrue(viewer: Person, shown: Suggestion[]): Promise<string[]> {
  return viewer.asks(async (sql) => {
    const wrong: string[] = [];
    for (const suggestion of shown) {
      if (suggestion.reasons.length === 0) wrong.push(`${told(suggestion)} has no reason`);
      for (const reason of suggestion.reasons) {
        if (!(await holds(sql, viewer.id, suggestion.profile.id, reason))) {
          wrong.push(told({ ...suggestion, reasons: [reason] }));
        }
      }
    }
    return wrong;
  });
}

/** Whether the viewer can find the reason in what they read. */
async function holds(
  sql: TransactionSql,
  viewer: string,
  person: string,
  { kind, people, others, tag }: Reason,
): Promise<boolean> {
  const named = people.map(({ id }) => id);
  const one = async (query: Promise<Record<string, unknown>[]>) => (await query)[0]?.answer;
  /** A reason names two people, or as many as there are, and counts all others. */
  const tells = async (query: Promise<Record<string, unknown>[]>) => {
    const all = (await query).map(({ id }) => id as string);
    return (
      all.length > 0 &&
      named.length === Math.min(all.length, 2) &&
      named.every((id) => all.includes(id)) &&
      named.length + others === all.length
    );
  };
  const isBare = named.length === 0 && tag === null;

  switch (kind) {
    case "followed_by":
      return tells(sql`
        select mine.followee_id as id
        from follows as mine join follows as theirs on theirs.follower_id = mine.followee_id
        where mine.follower_id = ${viewer} and theirs.followee_id = ${person}
          and mine.followee_id not in (select muted_id from mutes)`);
    case "both_follow":
      return tells(sql`
        select mine.followee_id as id
        from follows as mine join follows as theirs on theirs.followee_id = mine.followee_id
        where mine.follower_id = ${viewer} and theirs.follower_id = ${person}
          and mine.followee_id not in (select muted_id from mutes)`);
    case "followers_follow":
      return tells(sql`
        select mine.follower_id as id
        from follows as mine join follows as theirs on theirs.follower_id = mine.follower_id
        where mine.followee_id = ${viewer} and theirs.followee_id = ${person}
          and mine.follower_id not in (select muted_id from mutes)`);
    case "follows_you":
      return (
        isBare &&
        others === 0 &&
        (await one(sql`
          select true as answer from follows
          where follower_id = ${person} and followee_id = ${viewer}`)) === true
      );
    case "followed_alongside":
      return (
        named.length === 1 &&
        others === 0 &&
        (await one(sql`
          select count(*) >= 2 as answer
          from follows as one join follows as other on other.follower_id = one.follower_id
          where one.followee_id = ${named[0] as string} and other.followee_id = ${person}`)) === true
      );
    case "writes_about":
      return (
        named.length === 0 &&
        (await one(sql`
          select true as answer
          from post_tags join posts on posts.id = post_tags.post_id
          where posts.author_id = ${person} and post_tags.tag = ${tag}
            and (
              exists (select from tag_follows where tag_follows.tag = post_tags.tag)
              or exists (
                select from post_tags as mine join posts as written on written.id = mine.post_id
                where written.author_id = ${viewer} and mine.tag = post_tags.tag
              )
            )`)) === true
      );
    case "new_here":
      return (
        isBare &&
        others === 0 &&
        (await one(sql`
          select true as answer from profiles
          where id = ${person} and created_at > now() - interval '14 days'`)) === true
      );
    case "many_follow":
      return (
        isBare &&
        others >= 3 &&
        (await one(
          sql`select followers = ${others} as answer from follow_counts where profile_id = ${person}`,
        )) === true
      );
  }
}
