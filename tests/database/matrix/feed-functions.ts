/**
 * The answers of the feeds and of the search for posts. expectations.ts says how to read a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import { type FunctionExpectations, mentioning, rows, shown } from "./expectations.ts";

export const feedFunctions: Record<string, FunctionExpectations> = {
  "replies(bigint,bigint,integer,bigint)": {
    calls: rows("replies({everyone})", ["reply", "mallorys_reply"]),
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      reply          ++++..++++x    ..+...++.+x
      mallorys_reply ++++..+++.x    ..+...++..x`,
  },

  "quotes(bigint,bigint,integer,bigint)": {
    calls: rows("quotes({everyone})", ["quote", "mallorys_quote"]),
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      quote          ++++..++++x    ..+...++.+x
      mallorys_quote ++++..+++.x    ..+...++..x`,
  },

  // Everybody follows the tag. Every post has it, and reposts have no tags. f, m and M follow
  // the owner. The owner follows the author of the reposted post, so home has the post itself.
  "home_feed(bigint,integer,bigint)": {
    calls: rows("home_feed(null, 100)", ["everyone", "followers", "mentioned", "reply", "quote", "repost"]),
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      everyone       x+++..+.++x    x.+...+..+x
      followers      x.+...+..+x    x.+...+..+x
      mentioned      x.......++x    x.......++x
      reply          x.+...+..+x    x.+...+..+x
      quote          x+++..+.++x    x.+...+..+x
      repost         x.+...+...x    x.+...+...x`,
  },

  "public_feed(bigint,integer,bigint)": {
    calls: rows("public_feed(null, 100)", ["everyone", "followers", "mentioned", "reply", "quote", "repost"]),
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      everyone       ++++..+.++x    ..........x
      followers      ..........x    ..........x
      mentioned      ..........x    ..........x
      reply          ..........x    ..........x
      quote          ++++..+.++x    ..........x
      repost         ..........x    ..........x`,
  },

  "tag_feed(text,bigint,integer,bigint)": {
    calls: rows("tag_feed({tag})", ["everyone", "followers", "mentioned", "reply", "quote"]),
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      everyone       ++++..+.++x    ..+...+..+x
      followers      ..+...+..+x    ..+...+..+x
      mentioned      ........++x    ........++x
      reply          ++++..+.++x    ..+...+..+x
      quote          ++++..+.++x    ..+...+..+x`,
  },

  // The owner's lists have walter on them. Walter's list is public and has the owner on it.
  "list_feed(uuid,bigint,integer,bigint)": {
    calls: {
      owners_open: shown("list_feed({open}, null, 100)", "walters"),
      owners_closed: shown("list_feed({closed}, null, 100)", "walters"),
      ...rows("list_feed({walters_list})", ["everyone", "followers", "mentioned", "reply", "repost"]),
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owners_open    ++++..++++x    ..+...++.+x
      owners_closed  .........+x    .........+x
      everyone       ++++..+.++x    ..+...+..+x
      followers      ..+...+..+x    ..+...+..+x
      mentioned      ........++x    .........+x
      reply          ++++..+.++x    ..+...+..+x
      repost         ++++..+.++x    ..+...+..+x`,
  },

  "profile_feed(uuid,bigint,integer,bigint,text)": {
    calls: {
      ...rows("profile_feed({owner})", [
        "everyone",
        "followers",
        "mentioned",
        "quote",
        "repost",
        "own_repost",
      ]),
      ...rows("profile_feed({mallory})", ["mallorys_quote", "mallorys_repost"]),
      by_name: "select from profile_feed(username => upper({name})) where id = {everyone}",
      mallory_mentioned: mentioning("profile_feed({owner})", "everyone", "mallory"),
      erin_mentioned: mentioning("profile_feed({owner})", "everyone", "erin"),
      quoted_by_mallory: "select from profile_feed({mallory}) where (quoted).id = {everyone}",
    },
    grid: `
                        asfrbBmM@oS    asfrbBmM@oS
      everyone          ++++..++++x    ..+...++.+x
      by_name           ++++..++++x    ..+...++.+x
      followers         ..+...++.+x    ..+...++.+x
      mentioned         ........++x    ........++x
      quote             ++++..++++x    ..+...++.+x
      repost            ++++..++++x    ..+...++.+x
      own_repost        ..+...++.+x    ..+...++.+x
      mallorys_quote    +++++++++.x    +++++++++.x
      mallorys_repost   ++++..+++.x    ..+...++..x
      mallory_mentioned ++++..+++.x    ..+...++..x
      erin_mentioned    ++++..+++.x    ..+...++..x
      quoted_by_mallory ++++..+++.x    ..+...++..x`,
  },

  "profile_replies(uuid,bigint,integer,bigint,text)": {
    calls: {
      ...rows("profile_replies({owner})", ["reply"]),
      by_name: "select from profile_replies(username => {name}) where id = {reply}",
      ...rows("profile_replies({mallory})", ["mallorys_reply"]),
      mallory_replies_to: "select from profile_replies({mallory}) where (reply_to).id = {owner}",
    },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      reply              ++++..++++x    ..+...++.+x
      by_name            ++++..++++x    ..+...++.+x
      mallorys_reply     +++++++++.x    +++++++++.x
      mallory_replies_to ++++..+++.x    ..+...++..x`,
  },

  "profile_likes(uuid,bigint,integer,bigint,text)": {
    calls: {
      owners: shown("profile_likes({owner})", "walters"),
      by_name: shown("profile_likes(username => {name})", "walters"),
      franks: shown("profile_likes({frank})", "everyone"),
      bobs: shown("profile_likes({bob})", "everyone"), // who does not show them
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owners         ++++..++++x    ..+...++.+x
      by_name        ++++..++++x    ..+...++.+x
      franks         ++++..++++x    ..+...++.+x
      bobs           ..+.......x    ..+.......x`,
  },

  "bookmarks_feed(bigint,integer,bigint)": {
    calls: { mine: shown("bookmarks_feed()", "everyone") },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      mine           x+++..++++x    x.+...++.+x`,
  },

  "count_newer(feed,bigint,text)": {
    calls: {
      home: "select count_newer('home', 0) >= 0 as answer",
      bookmarks: "select count_newer('bookmarks', 0) >= 0 as answer",
      public: "select count_newer('public', 0) > 0 as answer",
      tag: "select count_newer('tag', 0, {tag}) as answer",
      list: "select count_newer('list', 0, ({walters_list})::text) as answer",
      profile: "select count_newer('profile', 0, ({owner})::text) as answer",
      profile_replies: "select count_newer('profile_replies', 0, ({owner})::text) as answer",
      profile_likes: "select count_newer('profile_likes', 0, ({owner})::text) as answer",
      replies: "select count_newer('replies', 0, ({everyone})::text) as answer",
      quotes: "select count_newer('quotes', 0, ({everyone})::text) as answer",
    },
    grid: `
                      asfrbBmM@oS    asfrbBmM@oS
      home            Lyyyyyyyyyx    Lyyyyyyyyyx
      bookmarks       Lyyyyyyyyyx    Lyyyyyyyyyx
      public          yyyyyyyyyyx    yyyyyyyyyyx
      tag             3343004045x    0040004015x
      list            4454006067x    0050006007x
      profile         3353006557x    0050006527x
      profile_replies 1111001122x    0010001112x
      profile_likes   2222002222x    0020002202x
      replies         2222002221x    0020002201x
      quotes          2222002221x    0020002201x`,
  },

  "search_posts(text,bigint,integer,bigint)": {
    calls: {
      ...rows("search_posts('pebble')", ["everyone", "followers", "mentioned", "reply"]),
      by_tag: "select from search_posts('#' || {tag}) where id = {followers}",
      by_name: "select from search_posts('from:' || {name}) where id = {mentioned}",
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      everyone       ++++..++++x    ..+...++.+x
      followers      ..+...++.+x    ..+...++.+x
      mentioned      ........++x    ........++x
      reply          ++++..++++x    ..+...++.+x
      by_tag         ..+...++.+x    ..+...++.+x
      by_name        ........++x    ........++x`,
  },
};
