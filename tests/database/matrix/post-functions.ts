/**
 * The answers of the functions about a post. expectations.ts says how to read a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import { type FunctionExpectations, person, rows, shown } from "./expectations.ts";

export const postFunctions: Record<string, FunctionExpectations> = {
  // Nine people like the post for everyone. The owner and mallory answered and quoted it, and
  // mallory reposted it. The owner does not see mallory.
  "post_counts(posts)": {
    calls: {
      likes: "select likes as answer from posts, post_counts(posts) where id = {everyone}",
      replies: "select replies as answer from posts, post_counts(posts) where id = {everyone}",
      quotes: "select quotes as answer from posts, post_counts(posts) where id = {everyone}",
      reposts: "select reposts as answer from posts, post_counts(posts) where id = {everyone}",
      followers: "select from posts, post_counts(posts) where id = {followers}",
      mentioned: "select from posts, post_counts(posts) where id = {mentioned}",
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      likes          9999..99979    ..9...99.79
      replies        2222..22212    ..2...22.11
      quotes         2222..22212    ..2...22.11
      reposts        1111..11101    ..1...11.01
      followers      ..+...++.++    ..+...++.++
      mentioned      ........+++    ........+++`,
  },

  // Frank and mallory show their likes. Bob and heidi do not. Bob also likes the post for followers.
  "likers(bigint,bigint,integer,bigint)": {
    calls: {
      frank: person("likers({everyone})", "frank"),
      bob: person("likers({everyone})", "bob"),
      mallory: person("likers({everyone})", "mallory"),
      bob_of_followers: person("likers({followers})", "bob"),
    },
    grid: `
                       asfrbBmM@oS    asfrbBmM@oS
      frank            ++++..++++x    ..+...++.+x
      bob              ..+......+x    ..+......+x
      mallory          ++++..+++.x    ..+...++..x
      bob_of_followers ..+......+x    ..+......+x`,
  },

  "reposters(bigint,bigint,integer,bigint)": {
    calls: {
      mallory: person("reposters({everyone})", "mallory"),
      owner: person("reposters({walters})", "owner"),
      of_followers: person("reposters({followers})", "owner"),
      of_repost: person("reposters({repost})", "owner"),
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      mallory        ++++..+++.x    ..+...++..x
      owner          ++++..++++x    ..+...++.+x
      of_followers   ..+...++.+x    ..+...++.+x
      of_repost      ++++..++++x    ..+...++.+x`,
  },

  "post(bigint)": {
    calls: {
      everyone: shown("post({everyone})", "everyone"),
      followers: shown("post({followers})", "followers"),
      mentioned: shown("post({mentioned})", "mentioned"),
      repost: shown("post({repost})", "walters"),
      own_repost: shown("post({own_repost})", "followers"),
      mallorys_quote: "select from post({mallorys_quote}) where (quoted).id = {everyone}",
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      everyone       ++++..++++x    ..+...++.+x
      followers      ..+...++.+x    ..+...++.+x
      mentioned      ........++x    ........++x
      repost         ++++..++++x    ..+...++.+x
      own_repost     ..+...++.+x    ..+...++.+x
      mallorys_quote ++++..+++.x    ..+...++..x`,
  },

  "posts_by_ids(bigint[])": {
    calls: rows("posts_by_ids(array[{everyone}, {followers}, {mentioned}, {repost}])", [
      "everyone",
      "followers",
      "mentioned",
      "repost",
    ]),
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      everyone       ++++..++++x    ..+...++.+x
      followers      ..+...++.+x    ..+...++.+x
      mentioned      ........++x    ........++x
      repost         ++++..++++x    ..+...++.+x`,
  },

  "write_post(text,text,text,text,audience,bigint,bigint,bigint,uuid)": {
    calls: {
      post: "select from write_post('hello') as item where (item.post).content = 'hello'",
      reply:
        "select from write_post('hello', reply_to_id => {everyone}) as item where (item.reply_to).id = {owner}",
      quote:
        "select from write_post('hello', quote_of_id => {everyone}) as item where (item.quoted).id = {everyone}",
      reply_followers: "select from write_post('hello', reply_to_id => {followers})",
      repost_walters:
        "select from write_post(repost_of_id => {walters}) as item where (item.post).id = {walters}",
    },
    letters: { R: "already_reposted" },
    grid: `
                      asfrbBmM@oS    asfrbBmM@oS
      post            x+++++++++x    x+++++++++x
      reply           x+++NN++++x    xN+NNN++N+x
      quote           x+++NN++++x    xNCNNNCCN+x
      reply_followers xN+NNN++N+x    xN+NNN++N+x
      repost_walters  x++++++++Rx    x++++++++Rx`,
  },

  "explain_visibility(bigint)": {
    calls: {
      everyone: "select (explain_visibility({everyone})).rule as answer",
      followers: "select (explain_visibility({followers})).rule as answer",
      mentioned: "select (explain_visibility({mentioned})).rule as answer",
      repost: "select (explain_visibility({repost})).rule as answer",
      everyone_visible: "select where (explain_visibility({everyone})).visible",
      followers_visible: "select where (explain_visibility({followers})).visible",
      mentioned_visible: "select where (explain_visibility({mentioned})).visible",
      repost_visible: "select where (explain_visibility({repost})).visible",
    },
    letters: {
      e: "everyone",
      f: "follower",
      F: "followers_only",
      m: "mentioned",
      M: "mentioned_only",
      o: "own",
      p: "private_account",
      b: "you_block_author",
      0: "not_found",
    },
    grid: `
                        asfrbBmM@oS    asfrbBmM@oS
      everyone          eeee0beeeox    ppfp0bffpox
      followers         FFfF0bffFox    ppfp0bffpox
      mentioned         MMMM0bMMmox    MMMM0bMMmox
      repost            eeee0beeeex    ppep0beepex
      everyone_visible  ++++..++++x    ..+...++.+x
      followers_visible ..+...++.+x    ..+...++.+x
      mentioned_visible ........++x    ........++x
      repost_visible    ++++..++++x    ..+...++.+x`,
  },

  "publish_draft(uuid)": {
    calls: { owners: "select publish_draft({draft}) > 0 as answer" },
    letters: { D: "draft_not_found" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owners         xDDDDDDDDyx    xDDDDDDDDyx`,
  },

  "thread(bigint,integer,bigint)": {
    calls: {
      everyone: shown("thread({everyone})", "everyone"),
      followers: shown("thread({followers})", "followers"),
      mentioned: shown("thread({mentioned})", "mentioned"),
      reply: shown("thread({everyone})", "reply"),
      newer: shown("thread({everyone}, 10, {everyone})", "reply"),
      mallorys_reply: shown("thread({everyone})", "mallorys_reply"),
      above_mallorys: shown("thread({mallorys_reply})", "everyone"),
      only_its_place: "select from thread({mallorys_reply}) where id = {everyone} and post is null",
      of_repost: shown("thread({repost})", "walters"),
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      everyone       ++++..++++x    ..+...++.+x
      followers      ..+...++.+x    ..+...++.+x
      mentioned      ........++x    ........++x
      reply          ++++..++++x    ..+...++.+x
      newer          ++++..++++x    ..+...++.+x
      mallorys_reply ++++..+++.x    ..+...++..x
      above_mallorys ++++..+++.x    ..+...++..x
      only_its_place ....++....x    ++.+++..+.x
      of_repost      ++++..++++x    ..+...++.+x`,
  },
};
