/** The feeds of posts: where each of them is read. */
import { firstRows, takeFirst } from "../app/first.ts";
import { type FeedRow, plaza } from "../app/plaza.ts";
import { type Cursors, type Feed, feedOf } from "./feeds.ts";
import { keepRows } from "./posts.ts";

export function homeFeed(): Feed<FeedRow> {
  return feedOf<FeedRow>("home", {
    read: (cursors) => first("home_feed", cursors),
    given: () => firstRows("home_feed"),
    count: (after) => plaza.rpc("count_newer", { feed: "home", after }),
    seen: keepRows,
    isStored: true,
  });
}

export function publicFeed(): Feed<FeedRow> {
  return feedOf<FeedRow>("public", {
    read: (cursors) => first("public_feed", cursors),
    given: () => firstRows("public_feed"),
    count: (after) => plaza.rpc("count_newer", { feed: "public", after }),
    seen: keepRows,
    isStored: true,
  });
}

/** The first posts may be here already: boot.ts asked for them. */
async function first(rpc: "home_feed" | "public_feed", cursors: Cursors) {
  const isFirst = cursors.before === undefined && cursors.after === undefined;
  const rows = isFirst ? await takeFirst<FeedRow>(rpc) : undefined;
  return rows ? { data: rows, error: null } : plaza.rpc(rpc, cursors);
}

export function tagFeed(tag: string): Feed<FeedRow> {
  return feedOf<FeedRow>(`tag ${tag.toLowerCase()}`, {
    read: (cursors) => plaza.rpc("tag_feed", { tag, ...cursors }),
    count: (after) => plaza.rpc("count_newer", { feed: "tag", after, of: tag }),
    seen: keepRows,
  });
}

export function listFeed(list_id: string): Feed<FeedRow> {
  return feedOf<FeedRow>(`list ${list_id}`, {
    read: (cursors) => plaza.rpc("list_feed", { list_id, ...cursors }),
    count: (after) => plaza.rpc("count_newer", { feed: "list", after, of: list_id }),
    seen: keepRows,
  });
}

export function bookmarksFeed(): Feed<FeedRow> {
  return feedOf<FeedRow>("bookmarks", {
    read: (cursors) => plaza.rpc("bookmarks_feed", cursors),
    seen: keepRows,
    isStored: true,
  });
}

export function quotesFeed(post_id: number): Feed<FeedRow> {
  return feedOf<FeedRow>(`quotes ${post_id}`, {
    read: (cursors) => plaza.rpc("quotes", { post_id, ...cursors }),
    count: (after) => plaza.rpc("count_newer", { feed: "quotes", after, of: String(post_id) }),
    seen: keepRows,
  });
}

export function repliesFeed(post_id: number): Feed<FeedRow> {
  return feedOf<FeedRow>(`replies ${post_id}`, {
    read: (cursors) => plaza.rpc("replies", { post_id, ...cursors }),
    count: (after) => plaza.rpc("count_newer", { feed: "replies", after, of: String(post_id) }),
    seen: keepRows,
  });
}
