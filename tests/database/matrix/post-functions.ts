/**
 * The answers of the functions about a post. expectations.ts says how to read a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import { type FunctionExpectations, shown } from "./expectations.ts";

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

  "thread(bigint,integer)": {
    calls: {
      everyone: shown("thread({everyone})", "everyone"),
      followers: shown("thread({followers})", "followers"),
      mentioned: shown("thread({mentioned})", "mentioned"),
      reply: shown("thread({everyone})", "reply"),
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
      mallorys_reply ++++..+++.x    ..+...++..x
      above_mallorys ++++..+++.x    ..+...++..x
      only_its_place ....++....x    ++.+++..+.x
      of_repost      ++++..++++x    ..+...++.+x`,
  },
};
