/**
 * The answers of the functions about people. expectations.ts says how to read a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import { type FunctionExpectations, person } from "./expectations.ts";

export const peopleFunctions: Record<string, FunctionExpectations> = {
  "username_available(text)": {
    calls: {
      owners: "select (username_available({name})).available as answer",
      free: "select (username_available('quartz')).available as answer",
      why: "select (username_available({name})).reason as answer",
    },
    letters: { t: "username_taken" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owners         nnnnnnnnnyx    nnnnnnnnnyx
      free           yyyyyyyyyyx    yyyyyyyyyyx
      why            ttttttttt_x    ttttttttt_x`,
  },

  "profile(text)": {
    calls: {
      shown: "select from profile({name})",
      counts: "select from profile({name}) where followers = 3 and following = 1",
      uncounted:
        "select from profile({name}) where followers is null and following is null and posts is null",
      posts: "select from profile({name}) where posts > 0",
      is_following: "select from profile({name}) where is_following",
      is_requested: "select from profile({name}) where is_requested",
      is_blocked: "select from profile({name}) where is_blocked",
      is_muted: "select from profile({name}) where is_muted",
      bob_follows_you: "select from profile('bob') where follows_you",
      dave_requests_you: "select from profile('dave') where requests_you",
      mallory_is_blocked: "select from profile('mallory') where is_blocked",
      erin_shown: "select from profile('erin')",
      ivan_shown: "select from profile('ivan')", // who and the owner block each other
    },
    grid: `
                         asfrbBmM@oS    asfrbBmM@oS
      shown              ++++.+++++x    ++++.+++++x
      counts             ++++..++++x    ++++..++++x
      uncounted          .....+....x    .....+....x
      posts              ++++..++++x    ..+...++.+x
      is_following       ..+...++..x    ..+...++..x
      is_requested       ..........x    ...+......x
      is_blocked         .....+....x    .....+....x
      is_muted           .......+..x    .......+..x
      bob_follows_you    .........+x    .........+x
      dave_requests_you  ..........x    .........+x
      mallory_is_blocked .........+x    .........+x
      erin_shown         +++++++++.x    +++++++++.x
      ivan_shown         +++++++++.x    +++++++++.x`,
  },

  "follow_counts(profiles)": {
    calls: {
      followers: "select followers as answer from profiles, follow_counts(profiles) where id = {owner}",
      following: "select following as answer from profiles, follow_counts(profiles) where id = {owner}",
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      followers      3333..33333    3333..33333
      following      1111..11111    1111..11111`,
  },

  // Posts, replies and quotes: 3 for everyone, 1 for followers, 3 for people mentioned. One of the last is also for frank.
  "author_counts(profiles)": {
    calls: { posts: "select posts as answer from profiles, author_counts(profiles) where id = {owner}" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      posts          3343..54673    __4_..54_7_`,
  },

  "followers(uuid,bigint,integer,bigint,text)": {
    calls: {
      bob: person("followers({owner})", "bob"),
      by_name: person("followers(username => {name})", "bob"),
      mallory: person("followers({owner})", "mallory"),
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      bob            ++++..++++x    ..+...++.+x
      by_name        ++++..++++x    ..+...++.+x
      mallory        ..........x    ..........x`,
  },

  "following(uuid,bigint,integer,bigint,text)": {
    calls: {
      walter: person("following({owner})", "walter"),
      of_bob: person("following({bob})", "owner"),
      of_bob_by_name: person("following(username => 'bob')", "owner"),
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      walter         ++++..++++x    ..+...++.+x
      of_bob         ++++..++++x    ..+...++.+x
      of_bob_by_name ++++..++++x    ..+...++.+x`,
  },

  "blocked_people(bigint,integer,bigint)": {
    calls: {
      owner: person("blocked_people()", "owner"),
      mallory: person("blocked_people()", "mallory"),
      ivan: person("blocked_people()", "ivan"), // who blocks the owner too
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          x....+....x    x....+....x
      mallory        x........+x    x........+x
      ivan           x.........x    x.........x`,
  },

  "muted_people(bigint,integer,bigint)": {
    calls: {
      owner: person("muted_people()", "owner"),
      frank: person("muted_people()", "frank"),
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          x......+..x    x......+..x
      frank          x........+x    x........+x`,
  },

  "follow_requests(boolean,bigint,integer,bigint)": {
    calls: {
      dave: person("follow_requests()", "dave"),
      sent: person("follow_requests(true)", "owner"),
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      dave           x.........x    x........+x
      sent           x.........x    x..+......x`,
  },

  "me()": {
    calls: {
      mine: "select from me() where id = {me}",
      name: "select from me() where username = {name}",
      requests: "select from me() where follow_requests = 1",
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      mine           x+++++++++x    x+++++++++x
      name           x........+x    x........+x
      requests       x.........x    x........+x`,
  },

  // Nobody signed in a moment ago: the tokens of these people name no session.
  "delete_account()": {
    calls: { mine: "select delete_account()" },
    letters: { Z: "fresh_sign_in_needed" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      mine           xZZZZZZZZZx    xZZZZZZZZZx`,
  },

  "follow(uuid)": {
    calls: { owner: "select follow({owner}) as answer" },
    letters: { f: "following", q: "requested", I: "follow_yourself" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          xfffPPfffIx    xqfqPPffqIx`,
  },

  "accept_follow_request(uuid)": {
    calls: { daves: "select accept_follow_request({dave}) as answer" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      daves          xnnnnnnnnnx    xnnnnnnnnyx`,
  },

  "decline_follow_request(uuid)": {
    calls: { daves: "select decline_follow_request({dave}) as answer" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      daves          xnnnnnnnnnx    xnnnnnnnnyx`,
  },

  "remove_follower(uuid)": {
    calls: { bob: "select remove_follower({bob}) as answer" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      bob            xnnnnnnnnyx    xnnnnnnnnyx`,
  },

  "limits()": {
    calls: { likes: "select from limits() where action = 'like'" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      likes          x+++++++++x    x+++++++++x`,
  },

  "set_limits(uuid,integer,integer,integer,limited_action)": {
    calls: { likes: "select set_limits({owner}, 1, 1, 1, 'like') as answer" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      likes          xxxxxxxxxx1    xxxxxxxxxx1`,
  },

  "set_trust_seed(uuid,boolean)": {
    calls: { owner: "select set_trust_seed({owner})" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          xxxxxxxxxx+    xxxxxxxxxx+`,
  },

  "search_people(text,integer)": {
    calls: {
      owner: person("search_people({name})", "owner"),
      not_searchable: person("search_people('heidi')", "heidi"), // heidi, who is @
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          ++++..++++x    ++++..++++x
      not_searchable ........+.x    ........+.x`,
  },
};
