/**
 * The answers of the functions about notifications and streams. expectations.ts says how to read
 * a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import { type FunctionExpectations, person } from "./expectations.ts";

const group = (kind: string, post?: string) =>
  `select count as answer from notifications() where kind = '${kind}'${post ? ` and (post).id = {${post}}` : ""}`;
const ownStream = "'user:' || {owner}::text";

export const notificationFunctions: Record<string, FunctionExpectations> = {
  "notifications(bigint,bigint,integer,notification_kind[])": {
    calls: {
      // Eight people liked it. A block hides mallory and erin, and a mute hides frank.
      likes: group("like", "everyone"),
      // Only bob liked it.
      likes_of_followers: group("like", "followers"),
      // Bob and grace, but not frank, who is muted.
      follows: group("follow"),
      requests: group("follow_request"),
      mallorys_reply: group("reply", "mallorys_reply"),
      mallorys_quote: group("quote", "mallorys_quote"),
      mallorys_repost: group("repost", "everyone"),
      mention_everyone: group("mention", "everyone"),
      mention_mentioned: group("mention", "mentioned"),
      mention_late: group("mention", "late"),
    },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      likes              x........5x    x........5x
      likes_of_followers x........1x    x........1x
      follows            x........2x    x........2x
      requests           x.........x    x........1x
      mallorys_reply     x.........x    x.........x
      mallorys_quote     x.........x    x.........x
      mallorys_repost    x.........x    x.........x
      mention_everyone   x.......1.x    x.........x
      mention_mentioned  x.......1.x    x.......1.x
      mention_late       x.....1.1.x    x.....1.1.x`,
  },

  "notification_actors(bigint,bigint,integer)": {
    calls: {
      bob: person("notification_actors({likes_group})", "bob"),
      frank: person("notification_actors({likes_group})", "frank"), // The owner mutes frank.
      mallory: person("notification_actors({likes_group})", "mallory"),
      erin: person("notification_actors({likes_group})", "erin"),
    },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      bob                x........+x    x........+x
      frank              x.........x    x.........x
      mallory            x.........x    x.........x
      erin               x.........x    x.........x`,
  },

  "mark_read(bigint)": {
    calls: {
      nothing: "select mark_read(0) = (select notifications from unread()) as answer",
      everything: "select mark_read(9223372036854775807) as answer",
    },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      nothing            xyyyyyyyyyx    xyyyyyyyyyx
      everything         x000000000x    x000000000x`,
  },

  "mark_group_read(bigint)": {
    calls: { likes: "select mark_group_read({likes_group}) as answer" },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      likes              xnnnnnnnnyx    xnnnnnnnnyx`,
  },

  "mark_group_unread(bigint)": {
    calls: { likes: "select mark_group_unread({likes_group}) as answer" },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      likes              xnnnnnnnnyx    xnnnnnnnnyx`,
  },

  "sync(jsonb,integer)": {
    calls: {
      mine: "select from sync() where stream = 'user:' || {me}::text",
      owners: `select from sync() where stream = ${ownStream}`,
      named: `select from sync(jsonb_build_object(${ownStream}, 0)) where stream = ${ownStream}`,
      likes: `
        select from sync(jsonb_build_object(${ownStream}, 0)), jsonb_array_elements(events) as event
        where event -> 'payload' ->> 'group_id' = {likes_group}::text
        limit 1`,
      mallory: "select from sync() where snapshot::text ~ 'mallory'",
    },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      mine               x+++++++++x    x+++++++++x
      owners             x........+x    x........+x
      named              x........+x    x........+x
      likes              x........+x    x........+x
      mallory            x.........x    x.........x`,
  },

  "unread()": {
    calls: {
      mine: "select from unread()",
      owners: `select requests as answer from unread() where cursors ? (${ownStream})`,
    },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      mine               x+++++++++x    x+++++++++x
      owners             x........0x    x........1x`,
  },
};
