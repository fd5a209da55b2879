/**
 * The questions about tables and counts. Plain selects ask for all rows of the history's
 * people. Row-level security decides which of them the viewer gets.
 */
import { type Answers, type Question, rowsOf } from "./ask.ts";
import { everybody, hidden, type Text, tagsOf, type Viewer } from "./model.ts";
import { threadOf } from "./notices.ts";
import { as, type Stage, written } from "./stage.ts";

type Cell = string | number | boolean | null | string[];
type Cells = Record<string, Cell | Record<string, Cell>>;

interface Table {
  name: string;
  /** The value of select=, without times, which the model does not know. */
  columns: string;
  /** Select the rows in which this column has one of these values. */
  filter: [string, (string | number)[]];
  /** Null if only signed-in people may read this table, and the viewer is a guest. */
  rows: (() => Cells[]) | null;
}

/** @returns a question for each table and view of the API */
export function tables(stage: Stage, viewer: Viewer, answers: Answers): Question[] {
  return tablesOf(stage, viewer, answers)
    .filter(({ filter: [, ids] }) => ids.length > 0)
    .map(({ name, columns, filter: [column, ids], rows }) => ({
      kind: `${name} (rows)`,
      text: `the rows of ${name}`,
      ask: async () => {
        const request = as(stage, viewer).from(name).select(columns).in(column, ids);
        return sorted(await rowsOf(request, flat));
      },
      expected: () => (rows === null ? "42501" : sorted(rows().map(flat))),
    }));
}

/** Sorts the keys, and replaces a time by whether there is one. */
function flat(row: Cells): Cells {
  const entries = Object.entries(row).map(([key, cell]): [string, Cells[string]] => [
    key,
    key.endsWith("_at") || key.endsWith("_until") ? cell !== null : cell,
  ]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const sorted = (rows: unknown): unknown =>
  Array.isArray(rows) ? rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : rows;

function tablesOf(stage: Stage, viewer: Viewer, answers: Answers): Table[] {
  const { world } = stage;
  const people = everybody(world).map(({ id }) => id);
  const posts = world.posts.map(({ id }) => id);
  const lists = world.lists.map(({ id }) => id);
  const seenPosts = () => world.posts.filter(({ id }) => answers.seenPost(world, viewer, id));
  const seenPeople = () => world.people.filter(({ id }) => !hidden(world, viewer, id));
  const seenLists = () =>
    world.lists.filter((list) => !list.deleted && answers.seesList(world, viewer, list));
  const mine = <T extends { by: string }>(rows: T[]) => rows.filter(({ by }) => by === viewer);
  const own = (rows: () => Cells[]) => (viewer === null ? null : rows);
  const text = ({ title, content, warning }: Text) => ({
    title: written(title),
    content: written(content),
    content_warning: warning,
  });
  return [
    {
      name: "profiles",
      columns:
        "id, username, is_private, shows_likes, is_searchable, follow_counts(followers, following), author_counts(posts)",
      filter: ["id", people],
      rows: () =>
        seenPeople().map((one) => ({
          id: one.id,
          username: one.username,
          is_private: one.isPrivate,
          shows_likes: one.showsLikes,
          is_searchable: one.isSearchable,
          follow_counts: answers.followCounts(world, viewer, one.id),
          author_counts: { posts: answers.authorCount(world, viewer, one.id) },
        })),
    },
    {
      name: "follow_counts",
      columns: "profile_id, followers, following",
      filter: ["profile_id", people],
      rows: () =>
        seenPeople().map(({ id }) => ({ profile_id: id, ...answers.followCounts(world, viewer, id) })),
    },
    {
      name: "author_counts",
      columns: "author_id, posts",
      filter: ["author_id", people],
      rows: () =>
        seenPeople().map(({ id }) => ({ author_id: id, posts: answers.authorCount(world, viewer, id) })),
    },
    {
      name: "posts",
      columns:
        "id, author_id, title, content, content_warning, language, audience, is_open, reply_to_id, thread_id, " +
        "quote_of_id, repost_of_id, edited_at, post_counts(likes, replies, reposts, quotes)",
      filter: ["author_id", people],
      rows: () =>
        seenPosts().map((one) => ({
          id: one.id,
          author_id: one.author,
          ...text(one),
          language: one.language,
          audience: one.audience,
          is_open: answers.isOpen(world, one),
          reply_to_id: one.replyTo,
          thread_id: one.replyTo === null ? null : threadOf(world, one.id),
          quote_of_id: one.quoteOf,
          repost_of_id: one.repostOf,
          edited_at: one.versions.length > 0 ? "edited" : null,
          post_counts: { ...answers.postCounts(world, viewer, one.id) },
        })),
    },
    {
      name: "post_counts",
      columns: "post_id, likes, replies, reposts, quotes",
      filter: ["post_id", posts],
      rows: () => seenPosts().map(({ id }) => ({ post_id: id, ...answers.postCounts(world, viewer, id) })),
    },
    {
      name: "post_tags",
      columns: "post_id, tag, is_open",
      filter: ["post_id", posts],
      rows: () =>
        seenPosts().flatMap((one) =>
          tagsOf(one).map((tag) => ({ post_id: one.id, tag, is_open: answers.isOpen(world, one) })),
        ),
    },
    {
      name: "post_mentions",
      columns: "post_id, profile_id, usernames, is_answered, since_version",
      filter: ["post_id", posts],
      rows: () =>
        seenPosts().flatMap((one) =>
          one.mentions
            .filter(({ of }) => !hidden(world, viewer, of))
            .map(({ of, names, isAnswered, since }) => ({
              post_id: one.id,
              profile_id: of,
              usernames: names,
              is_answered: isAnswered,
              since_version: since,
            })),
        ),
    },
    {
      name: "post_versions",
      columns: "post_id, version, title, content, content_warning",
      filter: ["post_id", posts],
      rows: () =>
        seenPosts().flatMap((one) =>
          answers
            .seenVersions(world, viewer, one)
            .map((version) => ({ post_id: one.id, version, ...text(one.versions[version - 1] as Text) })),
        ),
    },
    {
      name: "follows",
      columns: "follower_id, followee_id, id, notifies",
      filter: ["follower_id", people],
      rows: () =>
        answers
          .seenFollows(world, viewer)
          .map(({ by, to, id, notifies = false }) => ({ follower_id: by, followee_id: to, id, notifies })),
    },
    {
      name: "follow_requests",
      columns: "requester_id, target_id",
      filter: ["requester_id", people],
      rows: own(() =>
        world.requests
          .filter(({ by, to }) => by === viewer || to === viewer)
          .map(({ by, to }) => ({ requester_id: by, target_id: to })),
      ),
    },
    {
      name: "likes",
      columns: "user_id, post_id, id",
      filter: ["user_id", people],
      rows: () =>
        answers.seenLikes(world, viewer).map(({ by, post, id }) => ({ user_id: by, post_id: post, id })),
    },
    {
      name: "bookmarks",
      columns: "user_id, post_id, id",
      filter: ["user_id", people],
      rows: own(() =>
        mine(world.bookmarks)
          .filter(({ post: id }) => answers.seenPost(world, viewer, id))
          .map(({ by, post, id }) => ({ user_id: by, post_id: post, id })),
      ),
    },
    {
      name: "blocks",
      columns: "blocker_id, blocked_id, id",
      filter: ["blocker_id", people],
      rows: own(() => mine(world.blocks).map(({ by, to, id }) => ({ blocker_id: by, blocked_id: to, id }))),
    },
    {
      name: "mutes",
      columns: "muter_id, muted_id, muted_until, hides_notifications",
      filter: ["muter_id", people],
      rows: own(() =>
        mine(world.mutes)
          .filter(({ to }) => !hidden(world, viewer, to))
          .map(({ by, to, until, hidesNotifications }) => ({
            muter_id: by,
            muted_id: to,
            muted_until: until === "forever" ? null : until,
            hides_notifications: hidesNotifications,
          })),
      ),
    },
    {
      name: "lists",
      columns: "id, owner_id, is_private",
      filter: ["owner_id", people],
      rows: () =>
        seenLists().map(({ id, owner, isPrivate }) => ({ id, owner_id: owner, is_private: isPrivate })),
    },
    {
      name: "list_members",
      columns: "list_id, profile_id",
      filter: ["list_id", lists],
      rows: () =>
        seenLists().flatMap((list) =>
          list.members
            .filter((id) => !hidden(world, viewer, id))
            .map((id) => ({ list_id: list.id, profile_id: id })),
        ),
    },
    {
      name: "tag_follows",
      columns: "user_id, tag",
      filter: ["user_id", people],
      rows: own(() => mine(world.tagFollows).map(({ by, tag }) => ({ user_id: by, tag }))),
    },
    {
      name: "notification_preferences",
      columns: "user_id, kind, from_whom, delivery",
      filter: ["user_id", people],
      rows: own(() =>
        world.preferences
          .filter(({ of }) => of === viewer)
          .map(({ of, kind, fromWhom, delivery }) => ({ user_id: of, kind, from_whom: fromWhom, delivery })),
      ),
    },
    {
      name: "thread_mutes",
      columns: "user_id, post_id",
      filter: ["user_id", people],
      rows: own(() => mine(world.threadMutes).map(({ by, post }) => ({ user_id: by, post_id: post }))),
    },
    {
      name: "drafts",
      columns: "id, content, audience, reply_to_id, quote_of_id",
      filter: ["author_id", people],
      rows: own(() =>
        world.drafts
          .filter(({ author }) => author === viewer)
          .map((draft) => ({
            id: draft.id,
            content: written(draft.content),
            audience: draft.audience,
            reply_to_id: draft.replyTo,
            quote_of_id: draft.quoteOf,
          })),
      ),
    },
  ];
}
