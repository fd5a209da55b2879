/**
 * The people who read and write the tables about people. expectations.ts says how to read a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import type { TableExpectations } from "./expectations.ts";

export const peopleTables: Record<string, TableExpectations> = {
  profiles: {
    things: { owner: "id = {owner}" },
    // The profile exists. So the insert adds nothing, even for a superuser.
    inserts: { owner: "(id, username) values ({owner}, {name}) on conflict do nothing" },
    update: "bio = 'changed'",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owner          ++++..+++++    ++++..+++++
      insert  owner          xxxxxxxxxxx    xxxxxxxxxxx
      update  owner          x........++    x........++
      delete  owner          xxxxxxxxxxx    xxxxxxxxxxx`,
  },

  blocks: {
    things: {
      owners: "blocker_id = {owner} and blocked_id = {mallory}",
      theirs: "blocker_id = {erin} and blocked_id = {owner}",
      mutual: "blocker_id = {owner} and blocked_id = {ivan}", // who blocks the owner too
    },
    inserts: {
      in_owners_name: "(blocker_id, blocked_id) values ({owner}, {walter})",
      of_owner: "(blocker_id, blocked_id) values ({me}, {owner})",
    },
    update: "blocked_id = {walter}",
    letters: { I: "block_yourself" },
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         x........++    x........++
      select  theirs         x....+....+    x....+....+
      select  mutual         x.........+    x.........+
      insert  in_owners_name xxxxxxxxx++    xxxxxxxxx++
      insert  of_owner       x+++PU+++II    x+++PU+++II
      update  owners         xxxxxxxxxxx    xxxxxxxxxxx
      delete  owners         x........++    x........++
      delete  theirs         x....+....+    x....+....+
      delete  mutual         x.........+    x.........+`,
  },

  mutes: {
    things: {
      owners: "muter_id = {owner} and muted_id = {frank}",
      graces: "muter_id = {grace} and muted_id = {owner}",
      mallorys: "muter_id = {mallory} and muted_id = {owner}",
    },
    inserts: {
      in_owners_name: "(muter_id, muted_id) values ({owner}, {walter})",
      of_owner: "(muter_id, muted_id) values ({me}, {owner})",
    },
    update: "hides_notifications = false",
    letters: { I: "mute_yourself" },
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         x........++    x........++
      select  graces         x......+..+    x......+..+
      select  mallorys       x.........+    x.........+
      insert  in_owners_name xxxxxxxxx++    xxxxxxxxx++
      insert  of_owner       x+++PP+U+II    x+++PP+U+II
      update  owners         x........++    x........++
      update  graces         x......+..+    x......+..+
      delete  owners         x........++    x........++
      delete  graces         x......+..+    x......+..+
      delete  mallorys       x.........+    x.........+`,
  },

  follows: {
    things: {
      owners: "follower_id = {owner} and followee_id = {walter}",
      bobs: "follower_id = {bob} and followee_id = {owner}",
    },
    inserts: {
      in_owners_name: "(follower_id, followee_id) values ({owner}, {carol})",
      of_owner: "(follower_id, followee_id) values ({me}, {owner})",
    },
    update: "notifies = true",
    letters: { I: "follow_yourself", Q: "follow_needs_request" },
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         ++++..+++++    ..+...++.++
      select  bobs           ++++..+++++    ..+...++.++
      insert  in_owners_name xxxxxxxxx++    xxxxxxxxx++
      insert  of_owner       x+U+PPUU+II    xQUQPPUUQII
      update  owners         x........++    x........++
      update  bobs           x.+.......+    x.+.......+
      delete  owners         x........++    x........++
      delete  bobs           x.+.......+    x.+.......+`,
  },

  follow_requests: {
    things: { daves: "requester_id = {dave} and target_id = {owner}" },
    inserts: {
      in_walters_name: "(requester_id, target_id) values ({walter}, {owner})",
      of_owner: "(requester_id, target_id) values ({me}, {owner})",
    },
    update: "target_id = {walter}",
    letters: { I: "follow_yourself", G: "follow_needs_no_request", A: "already_following" },
    grid: `
                              asfrbBmM@oS    asfrbBmM@oS
      select  daves           -              x..+.....++
      insert  in_walters_name xxxxPPxxxxG    xxxxPPxxxx+
      insert  of_owner        xGGGPPGGGII    x+AUPPAA+II
      update  daves           -              xxxxxxxxxxx
      delete  daves           -              x..+......+`,
  },

  lists: {
    things: { open: "id = {open}", closed: "id = {closed}" },
    inserts: { in_owners_name: "(owner_id, name) values ({owner}, 'New')" },
    update: "name = 'changed'",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  open           ++++..+++++    ..+...++.++
      select  closed         .........++    .........++
      insert  in_owners_name xxxxxxxxx++    xxxxxxxxx++
      update  open           x........++    x........++
      update  closed         x........++    x........++
      delete  open           x........++    x........++
      delete  closed         x........++    x........++`,
  },

  list_members: {
    things: {
      bob_on_open: "list_id = {open} and profile_id = {bob}",
      mallory_on_open: "list_id = {open} and profile_id = {mallory}",
      walter_on_closed: "list_id = {closed} and profile_id = {walter}",
    },
    inserts: {
      carol_on_open: "(list_id, profile_id) values ({open}, {carol})",
      carol_on_closed: "(list_id, profile_id) values ({closed}, {carol})",
      blocked_on_open: "(list_id, profile_id) values ({open}, {mallory})",
      blocker_on_open: "(list_id, profile_id) values ({open}, {erin})",
    },
    update: "profile_id = {carol}",
    letters: { G: "list_not_found" },
    grid: `
                               asfrbBmM@oS    asfrbBmM@oS
      select  bob_on_open      ++++..+++++    ..+...++.++
      select  mallory_on_open  ++++..+++.+    ..+...++..+
      select  walter_on_closed .........++    .........++
      insert  carol_on_open    xxxxGGxxx++    xGxGGGxxG++
      insert  carol_on_closed  xGGGGGGGG++    xGGGGGGGG++
      insert  blocked_on_open  xxxxGGxxxPP    xGxGGGxxGPP
      insert  blocker_on_open  xxxxGGxxxPP    xGxGGGxxGPP
      update  bob_on_open      xxxxxxxxxxx    xxxxxxxxxxx
      delete  bob_on_open      x........++    x........++
      delete  mallory_on_open  x.........+    x.........+
      delete  walter_on_closed x........++    x........++`,
  },
};
