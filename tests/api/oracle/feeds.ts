/** The questions about feeds. Each feed is read in one request, read page by page, and counted. */
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Answers, type Question, rowsOf } from "./ask.ts";
import { everybody, type PersonId, type Viewer } from "./model.ts";
import { outcome } from "./moves.ts";
import type { Row } from "./questions.ts";
import { itemFrom, itemOf } from "./rows.ts";
import { as, label, type Stage, tagOf } from "./stage.ts";

interface Feed {
  name: string;
  /** What the feed is about: a tag, or the id of a list, profile or post. */
  of?: string | number;
  title: string;
  call: string;
  args?: Record<string, unknown>;
  /** Null if only signed-in people may read this feed, and the viewer is a guest. */
  rows: (() => Row[]) | null;
}

export const feeds = (stage: Stage, viewer: Viewer, answers: Answers): Question[] =>
  feedsOf(stage, viewer, answers).flatMap((feed, n) => feedQuestions(stage, viewer, feed, n));

function feedsOf(stage: Stage, viewer: Viewer, answers: Answers): Feed[] {
  const { world } = stage;
  const own = (rows: (viewer: PersonId) => Row[]) => (viewer === null ? null : () => rows(viewer));
  return [
    { name: "home", title: "home", call: "home_feed", rows: own((me) => answers.home(world, me)) },
    {
      name: "public",
      title: "the public feed",
      call: "public_feed",
      rows: () => answers.publicFeed(world, viewer),
    },
    {
      name: "bookmarks",
      title: "bookmarks",
      call: "bookmarks_feed",
      rows: own((me) => answers.bookmarksFeed(world, me)),
    },
    ...[0, 1, 2].map((n): Feed => {
      const tag = tagOf(stage, n);
      const rows = () => answers.tagFeed(world, viewer, tag);
      return { name: "tag", of: tag, title: `the tag ${tag}`, call: "tag_feed", args: { tag }, rows };
    }),
    ...world.lists.map((list, n): Feed => {
      const rows = () => (list.deleted ? [] : answers.listFeed(world, viewer, list));
      return {
        name: "list",
        of: list.id,
        title: `list ${n + 1}`,
        call: "list_feed",
        args: { list_id: list.id },
        rows,
      };
    }),
    ...everybody(world).flatMap((one, n): Feed[] => {
      // A newcomer's name may be somebody else's by now.
      const isPerson = world.people.some(({ id }) => id === one.id);
      const args = isPerson && n % 2 === 0 ? { username: one.username } : { profile_id: one.id };
      const about = { of: one.id, args };
      return [
        {
          ...about,
          name: "profile",
          title: `${one.name}'s posts`,
          call: "profile_feed",
          rows: () => answers.profileFeed(world, viewer, one.id),
        },
        {
          ...about,
          name: "profile_replies",
          title: `${one.name}'s replies`,
          call: "profile_replies",
          rows: () => answers.profileReplies(world, viewer, one.id),
        },
        {
          ...about,
          name: "profile_likes",
          title: `${one.name}'s likes`,
          call: "profile_likes",
          rows: () => answers.profileLikes(world, viewer, one.id),
        },
      ];
    }),
    ...world.posts.flatMap(({ id }): Feed[] => {
      const about = { of: id, args: { post_id: id } };
      return [
        {
          ...about,
          name: "replies",
          title: `the replies to ${label(stage, id)}`,
          call: "replies",
          rows: () => answers.replies(world, viewer, id),
        },
        {
          ...about,
          name: "quotes",
          title: `the quotes of ${label(stage, id)}`,
          call: "quotes",
          rows: () => answers.quotes(world, viewer, id),
        },
      ];
    }),
  ];
}

/** Reads a feed in one request and page by page, and counts it from one of its rows. */
function feedQuestions(stage: Stage, viewer: Viewer, feed: Feed, n: number): Question[] {
  const { world } = stage;
  const client = as(stage, viewer);
  const kind = feed.name;
  const expected = () => feed.rows?.().map((row) => itemOf(world, viewer, row)) ?? "42501";
  const pageSize = 1 + (n % 3);
  const questions: Question[] = [
    { kind, text: feed.title, ask: () => readFeed(stage, client, feed, 100), expected },
    {
      kind,
      text: `${feed.title}, ${pageSize} a page`,
      ask: () => readFeed(stage, client, feed, pageSize),
      expected,
    },
  ];
  // In the public feed, posts by people outside the history count too.
  const { rows } = feed;
  if (kind === "public" || !rows) return questions;
  // The feed's last row, or the row before it.
  const after = () => rows().at(-1 - (n % 2))?.id ?? 1;
  return [
    ...questions,
    ...(n % 3 > 0
      ? []
      : [
          {
            kind,
            text: `the newer rows of ${feed.title}`,
            ask: () =>
              rowsOf(client.rpc(feed.call, { ...feed.args, after: after(), page_size: 100 }), itemFrom),
            expected: () =>
              rows()
                .filter(({ id }) => id > after())
                .map((row) => itemOf(world, viewer, row)),
          },
        ]),
    {
      kind,
      text: `count_newer of ${feed.title}`,
      ask: async () => {
        const answer = await client.rpc("count_newer", { feed: kind, after: after(), of: feed.of });
        return answer.error ? outcome(answer) : answer.data;
      },
      expected: () => rows().filter(({ id }) => id > after()).length,
    },
  ];
}

/** Reads every page. From the public feed it keeps only the history's own posts. */
async function readFeed(stage: Stage, client: SupabaseClient, feed: Feed, size: number): Promise<unknown> {
  const isPublic = feed.name === "public";
  const ours = new Set(stage.world.people.map(({ username }) => username));
  const oldest = isPublic ? (stage.world.posts[0]?.id ?? Number.MAX_SAFE_INTEGER) : 0;
  const pageSize = isPublic ? Math.max(size, 5) : size;
  const read: ReturnType<typeof itemFrom>[] = [];
  for (;;) {
    const before = read.at(-1)?.id;
    const answer = await client.rpc(feed.call, { ...feed.args, before, page_size: pageSize });
    if (answer.error) return outcome(answer);
    const page: typeof read = answer.data.map(itemFrom);
    read.push(...page);
    if (page.length < pageSize || (page.at(-1)?.id ?? 0) < oldest || read.length > 10_000) break;
  }
  return isPublic ? read.filter(({ post }) => ours.has(post.author)) : read;
}
