/**
 * Everything that a person can ask the API about a history's people and posts. Each
 * question comes with the answer that the model gives. The questions about feeds are in
 * feeds.ts. Those about rows and counts are in tables.ts, those about notifications in
 * notice-questions.ts. Those about threads, searches and people are here.
 */
import { type Answers, type Question, rowsOf } from "./ask.ts";
import { chats } from "./chat-questions.ts";
import { feeds } from "./feeds.ts";
import {
  everybody,
  hidden,
  type PersonId,
  type Post,
  person,
  pieces,
  tagsOf,
  tie,
  type Viewer,
  type World,
} from "./model.ts";
import { outcome } from "./moves.ts";
import { notices } from "./notice-questions.ts";
import { itemFrom, itemOf, personFrom, personOf, placeFrom, placeOf } from "./rows.ts";
import { as, label, nameOf, type Stage, tagOf, wordOf } from "./stage.ts";
import { tables } from "./tables.ts";

/** Every question that this viewer can ask. */
export function questionsOf(stage: Stage, viewer: Viewer, answers: Answers): Question[] {
  return [
    ...tables(stage, viewer, answers),
    ...feeds(stage, viewer, answers),
    ...threads(stage, viewer, answers),
    ...searches(stage, viewer, answers),
    ...people(stage, viewer, answers),
    ...notices(stage, viewer, answers),
    ...chats(stage, viewer, answers),
  ].map((question) => ({ ...question, text: `${nameOf(stage, viewer)} asks for ${question.text}` }));
}

function threads(stage: Stage, viewer: Viewer, answers: Answers): Question[] {
  const { world } = stage;
  const client = as(stage, viewer);
  const ids = world.posts.map(({ id }) => id).slice(-100);
  const rowsByIds = (wanted: number[]) =>
    wanted.flatMap((id) => answers.postRow(world, viewer, id)).map((row) => itemOf(world, viewer, row));
  const listed = (people: { id: number; by: PersonId }[]) =>
    people.map(({ id, by }) => ({ id, ...personOf(world, viewer, by) }));
  return world.posts.flatMap(({ id }, n): Question[] => [
    ...(n > 0
      ? []
      : [
          {
            kind: "posts_by_ids",
            text: "all posts by their ids",
            ask: () => rowsOf(client.rpc("posts_by_ids", { ids }), itemFrom),
            expected: () => rowsByIds(ids),
          },
          {
            kind: "post",
            text: `the row of ${label(stage, id)}`,
            ask: () => rowsOf(client.rpc("post", { post_id: id }), itemFrom),
            expected: () => rowsByIds([id]),
          },
        ]),
    {
      kind: "likers",
      text: `the people who like ${label(stage, id)}`,
      ask: () => rowsOf(client.rpc("likers", { post_id: id }), withId),
      expected: () => listed(answers.likers(world, viewer, id)),
    },
    {
      kind: "reposters",
      text: `the people who repost ${label(stage, id)}`,
      ask: () => rowsOf(client.rpc("reposters", { post_id: id }), withId),
      expected: () => listed(answers.reposters(world, viewer, id)),
    },
    {
      kind: "thread",
      text: `the thread of ${label(stage, id)}`,
      ask: () => rowsOf(as(stage, viewer).rpc("thread", { post_id: id, max_depth: 50 }), placeFrom),
      expected: () => answers.thread(world, viewer, id).map((place) => placeOf(world, viewer, place)),
    },
    {
      kind: "explain_visibility",
      text: `whether ${label(stage, id)} is visible`,
      ask: async () => (await as(stage, viewer).rpc("explain_visibility", { post_id: id })).data?.visible,
      expected: () => answers.seenPost(world, viewer, id) !== null,
    },
  ]);
}

function searches(stage: Stage, viewer: Viewer, answers: Answers): Question[] {
  const { world, population } = stage;
  const client = as(stage, viewer);
  const [word, other] = [wordOf(stage, 0), wordOf(stage, 1)];
  const has = (one: Post, word: string) =>
    pieces(one).some((piece) => "word" in piece && piece.word === word);
  const looked: [string, (one: Post) => boolean][] = [
    [word, (one) => has(one, word)],
    [`${word} ${other}`, (one) => has(one, word) && has(one, other)],
    [`${other} -${word}`, (one) => has(one, other) && !has(one, word)],
    ...[0, 1, 2].map((n): [string, (one: Post) => boolean] => [
      `#${tagOf(stage, n)}`,
      (one) => tagsOf(one).includes(tagOf(stage, n)),
    ]),
    ...everybody(world).flatMap(({ id, username }): [string, (one: Post) => boolean][] => [
      [`from:${username}`, (one) => one.author === id],
      [`from:@${username.toUpperCase()} ${word}`, (one) => one.author === id && has(one, word)],
      [
        `#${tagOf(stage, 0)} from:${username}`,
        (one) => one.author === id && tagsOf(one).includes(tagOf(stage, 0)),
      ],
    ]),
  ];
  const username = (row: unknown) => (row as ReturnType<typeof personFrom>).username ?? "";
  const byUsername = (rows: unknown): unknown =>
    Array.isArray(rows) ? rows.toSorted((a, b) => (username(a) < username(b) ? -1 : 1)) : rows;
  const found = () => answers.searchPeople(world, viewer).map(({ id }) => personOf(world, viewer, id));
  return [
    ...looked.map(([query, fits]) => ({
      kind: "search_posts",
      text: `the posts found by ${query}`,
      ask: () => rowsOf(client.rpc("search_posts", { query, page_size: 100 }), itemFrom),
      expected: () => answers.searchPosts(world, viewer, fits).map((row) => itemOf(world, viewer, row)),
    })),
    {
      kind: "search_people",
      text: "the people found by what all have in their names",
      ask: async () =>
        byUsername(await rowsOf(client.rpc("search_people", { query: population.token }), personFrom)),
      expected: () => byUsername(found()),
    },
    ...everybody(world).map((one) => ({
      kind: "search_people",
      text: `the person found by the username ${one.username}`,
      ask: async () => {
        const rows = await rowsOf(client.rpc("search_people", { query: `@${one.username}` }), personFrom);
        return Array.isArray(rows) ? rows.filter((row) => username(row) === one.username) : rows;
      },
      expected: () => found().filter((row) => row.username === one.username),
    })),
  ];
}

function people(stage: Stage, viewer: Viewer, answers: Answers): Question[] {
  const { world } = stage;
  const client = as(stage, viewer);
  const listed = (ties: { id: number; other: string }[]) =>
    ties.toSorted((a, b) => b.id - a.id).map(({ id, other }) => ({ id, ...personOf(world, viewer, other) }));
  const lists = everybody(world).flatMap(({ id: of, name, username }) => [
    {
      kind: "followers",
      text: `${name}'s followers`,
      ask: () => rowsOf(client.rpc("followers", { profile_id: of }), withId),
      expected: () =>
        listed(
          answers
            .seenFollows(world, viewer)
            .filter(({ to }) => to === of)
            .map(({ by, id }) => ({ id, other: by })),
        ),
    },
    {
      kind: "following",
      text: `whom ${name} follows`,
      ask: () => rowsOf(client.rpc("following", { profile_id: of }), withId),
      expected: () =>
        listed(
          answers
            .seenFollows(world, viewer)
            .filter(({ by }) => by === of)
            .map(({ to, id }) => ({ id, other: to })),
        ),
    },
    {
      kind: "profile page",
      text: `${name}'s page`,
      ask: () => rowsOf(client.rpc("profile", { username }), pageFrom),
      expected: () => pageOf(world, viewer, of, answers),
    },
  ]);
  const blocked = () =>
    world.blocks.filter(({ by }) => by === viewer).map(({ to, id }) => ({ id, other: to }));
  const names = stage.everybody.flatMap(({ names }) => names);
  return [
    ...lists,
    ...names.map((username) => ({
      kind: "username_available",
      text: `whether the name ${username} is to be had`,
      ask: async () => (await client.rpc("username_available", { username })).data?.available,
      expected: () => answers.isAvailable(world, viewer, username),
    })),
    ...world.held.map(({ by, username }) => ({
      kind: "profile page",
      text: `the page of the former name ${username}`,
      ask: () => rowsOf(client.rpc("profile", { username }), pageFrom),
      expected: () => pageOf(world, viewer, by, answers),
    })),
    {
      kind: "me",
      text: "their own profile",
      ask: async () => {
        const answer = await client.rpc("me");
        return answer.error ? outcome(answer) : ownFrom(answer.data);
      },
      expected: () => (viewer === null ? "42501" : ownOf(world, viewer, answers)),
    },
    {
      kind: "blocked_people",
      text: "the people they block",
      ask: () => rowsOf(client.rpc("blocked_people"), withId),
      expected: () => (viewer === null ? "42501" : listed(blocked())),
    },
  ];
}

// biome-ignore lint/suspicious/noExplicitAny: as it came over HTTP
const withId = (row: any) => ({ id: row.id, ...personFrom(row) });

// biome-ignore lint/suspicious/noExplicitAny: as it came over HTTP
const ownFrom = (own: any) => ({
  username: own.username,
  isPrivate: own.is_private,
  isSearchable: own.is_searchable,
  showsLikes: own.shows_likes,
  followers: own.followers,
  following: own.following,
  posts: own.posts,
  requests: own.follow_requests,
});

/** What people read of themselves. */
function ownOf(world: World, viewer: PersonId, answers: Answers) {
  const { username, isPrivate, isSearchable, showsLikes } = person(world, viewer);
  return {
    username,
    isPrivate,
    isSearchable,
    showsLikes,
    ...answers.followCounts(world, viewer, viewer),
    posts: answers.authorCount(world, viewer, viewer),
    requests: world.requests.filter(({ to }) => to === viewer).length,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: as it came over HTTP
const pageFrom = (page: any) => ({
  username: page.username,
  isPrivate: page.is_private,
  showsLikes: page.shows_likes,
  followers: page.followers,
  following: page.following,
  posts: page.posts,
  isFollowing: page.is_following,
  isRequested: page.is_requested,
  followsYou: page.follows_you,
  requestsYou: page.requests_you,
  isBlocked: page.is_blocked,
  isMuted: page.is_muted,
});

/** A viewer still has the page of a person they block, to unblock them there. It shows no counts. */
function pageOf(world: World, viewer: Viewer, id: PersonId, answers: Answers) {
  const isNobody = hidden(world, null, id);
  if (isNobody || (viewer !== null && tie(world.blocks, id, viewer))) return [];
  const { username, isPrivate, showsLikes } = person(world, id);
  const isBlocked = tie(world.blocks, viewer, id);
  const counts = isBlocked
    ? { followers: null, following: null, posts: null }
    : { ...answers.followCounts(world, viewer, id), posts: answers.authorCount(world, viewer, id) };
  const relation = {
    isFollowing: tie(world.follows, viewer, id),
    isRequested: tie(world.requests, viewer, id),
    followsYou: viewer !== null && tie(world.follows, id, viewer),
    requestsYou: viewer !== null && tie(world.requests, id, viewer),
    isBlocked,
    isMuted: !isBlocked && answers.mutes(world, viewer, id),
  };
  return [{ username, isPrivate, showsLikes, ...counts, ...relation }];
}
