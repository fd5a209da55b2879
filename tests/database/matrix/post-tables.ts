/**
 * The people who read and write the tables about posts, and the views that count.
 * expectations.ts says how to read a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import type { TableExpectations } from "./expectations.ts";

export const postTables: Record<string, TableExpectations> = {
  posts: {
    things: {
      everyone: "id = {everyone}",
      followers: "id = {followers}",
      mentioned: "id = {mentioned}",
      reply: "id = {reply}",
      quote: "id = {quote}",
      repost: "id = {repost}",
      own_repost: "id = {own_repost}", // of the post for followers
    },
    inserts: {
      in_owners_name: "(author_id, content) values ({owner}, 'Hers')",
      reply_to_everyone: "(author_id, content, reply_to_id) values ({me}, 'So', {everyone})",
      reply_to_followers: "(author_id, content, reply_to_id) values ({me}, 'So', {followers})",
      reply_to_mentioned: "(author_id, content, reply_to_id) values ({me}, 'So', {mentioned})",
      reply_to_own_repost: "(author_id, content, reply_to_id) values ({me}, 'So', {own_repost})",
      quote_everyone: "(author_id, content, quote_of_id) values ({me}, 'So', {everyone})",
      quote_followers: "(author_id, content, quote_of_id) values ({me}, 'So', {followers})",
      quote_mentioned: "(author_id, content, quote_of_id) values ({me}, 'So', {mentioned})",
      repost_everyone: "(author_id, repost_of_id) values ({me}, {quote})",
      repost_followers: "(author_id, repost_of_id) values ({me}, {followers})",
      repost_mentioned: "(author_id, repost_of_id) values ({me}, {mentioned})",
      repost_repost: "(author_id, repost_of_id) values ({me}, {repost})", // what it shows is walter's
    },
    update: "content = 'changed'",
    letters: { R: "already_reposted", E: "repost_is_bare" },
    grid: `
                                  asfrbBmM@oS    asfrbBmM@oS
      select  everyone            ++++..+++++    ..+...++.++
      select  followers           ..+...++.++    ..+...++.++
      select  mentioned           ........+++    ........+++
      select  reply               ++++..+++++    ..+...++.++
      select  quote               ++++..+++++    ..+...++.++
      select  repost              ++++..+++++    ..+...++.++
      select  own_repost          ..+...++.++    ..+...++.++
      insert  in_owners_name      xxxxxxxxx++    xxxxxxxxx++
      insert  reply_to_everyone   x+++NN+++++    xN+NNN++N++
      insert  reply_to_followers  xN+NNN++N++    xN+NNN++N++
      insert  reply_to_mentioned  xNNNNNNN+++    xNNNNNNN+++
      insert  reply_to_own_repost xN+NNN++N++    xN+NNN++N++
      insert  quote_everyone      x+++NN+++++    xNCNNNCCN++
      insert  quote_followers     xNCNNNCCN++    xNCNNNCCN++
      insert  quote_mentioned     xNNNNNNNC++    xNNNNNNNC++
      insert  repost_everyone     x+++NN+++++    xNCNNNCCN++
      insert  repost_followers    xNCNNNCCNRR    xNCNNNCCNRR
      insert  repost_mentioned    xNNNNNNNC++    xNNNNNNNC++
      insert  repost_repost       x+++NN+++RR    xN+NNN++NRR
      update  everyone            x........++    x........++
      update  followers           x........++    x........++
      update  mentioned           x........++    x........++
      update  reply               x........++    x........++
      update  quote               x........++    x........++
      update  repost              x........EE    x........EE
      delete  everyone            x........++    x........++
      delete  followers           x........++    x........++
      delete  mentioned           x........++    x........++
      delete  reply               x........++    x........++
      delete  quote               x........++    x........++
      delete  repost              x........++    x........++`,
  },

  post_versions: {
    things: {
      everyone: "post_id = {everyone}",
      followers: "post_id = {followers}",
      mentioned: "post_id = {mentioned}",
      // The versions of a post for the people it mentions. The second version added mallory and frank.
      first: "post_id = {late} and version = 1",
      second: "post_id = {late} and version = 2",
    },
    inserts: {
      version: `(post_id, version, title, content, created_at, replaced_at)
        values ({everyone}, 2, '', 'Never said', now(), now())`,
    },
    update: "content = 'Never said'",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  everyone       ++++..+++++    ..+...++.++
      select  followers      ..+...++.++    ..+...++.++
      select  mentioned      ........+++    ........+++
      select  first          ........+++    ........+++
      select  second         ......+.+++    ......+.+++
      insert  version        xxxxxxxxxxx    xxxxxxxxxxx
      update  everyone       xxxxxxxxxxx    xxxxxxxxxxx
      delete  everyone       xxxxxxxxxxx    xxxxxxxxxxx`,
  },

  post_tags: {
    things: {
      everyone: "post_id = {everyone} and tag = {tag}",
      followers: "post_id = {followers} and tag = {tag}",
      mentioned: "post_id = {mentioned} and tag = {tag}",
    },
    inserts: { tag: "(post_id, tag) values ({everyone}, 'other')" },
    update: "tag = 'other'",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  everyone       ++++..+++++    ..+...++.++
      select  followers      ..+...++.++    ..+...++.++
      select  mentioned      ........+++    ........+++
      insert  tag            xxxxxxxxxxx    xxxxxxxxxxx
      update  everyone       xxxxxxxxxxx    xxxxxxxxxxx
      delete  everyone       xxxxxxxxxxx    xxxxxxxxxxx`,
  },

  // Every one of the three posts mentions heidi, who is @, mallory, who is b, and erin, who is B.
  post_mentions: {
    things: {
      heidi_in_everyone: "post_id = {everyone} and usernames = array['heidi']",
      heidi_in_followers: "post_id = {followers} and usernames = array['heidi']",
      heidi_in_mentioned: "post_id = {mentioned} and usernames = array['heidi']",
      mallory_in_everyone: "post_id = {everyone} and usernames = array['mallory']",
      mallory_in_mentioned: "post_id = {mentioned} and usernames = array['mallory']",
      erin_in_everyone: "post_id = {everyone} and usernames = array['erin']",
      erin_in_mentioned: "post_id = {mentioned} and usernames = array['erin']",
      walter_in_answer: "post_id = {answer} and profile_id = {walter} and is_answered",
    },
    inserts: { carol: "(post_id, profile_id, usernames) values ({mentioned}, {carol}, array['carol'])" },
    update: "profile_id = {carol}",
    grid: `
                                   asfrbBmM@oS    asfrbBmM@oS
      select  heidi_in_everyone    ++++..+++++    ..+...++.++
      select  heidi_in_followers   ..+...++.++    ..+...++.++
      select  heidi_in_mentioned   ........+++    ........+++
      select  mallory_in_everyone  ++++..+++.+    ..+...++..+
      select  mallory_in_mentioned ........+.+    ........+.+
      select  erin_in_everyone     ++++..+++.+    ..+...++..+
      select  erin_in_mentioned    ........+.+    ........+.+
      select  walter_in_answer     ........+++    ........+++
      insert  carol                xxxxxxxxxxx    xxxxxxxxxxx
      update  heidi_in_mentioned   xxxxxxxxxxx    xxxxxxxxxxx
      delete  heidi_in_mentioned   xxxxxxxxxxx    xxxxxxxxxxx`,
  },

  drafts: {
    things: { owners: "id = {draft}" },
    inserts: { in_owners_name: "(author_id, content) values ({owner}, 'Hers')" },
    update: "content = 'changed'",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         x........++    x........++
      insert  in_owners_name xxxxxxxxx++    xxxxxxxxx++
      update  owners         x........++    x........++
      delete  owners         x........++    x........++`,
  },

  // Likes and bookmarks --------------------------------------------------------------

  // The owner, frank (m) and mallory (b) show their likes. Bob (f) does not.
  likes: {
    things: {
      owners: "user_id = {owner} and post_id = {walters}",
      mine: "user_id = {me} and post_id = {everyone}",
      bobs: "user_id = {bob} and post_id = {everyone}",
      bobs_of_followers: "user_id = {bob} and post_id = {followers}",
      franks: "user_id = {frank} and post_id = {everyone}",
      mallorys: "user_id = {mallory} and post_id = {everyone}",
    },
    inserts: {
      in_owners_name: "(user_id, post_id) values ({owner}, {reply})",
      everyone: "(user_id, post_id) values ({me}, {reply})",
      followers: "(user_id, post_id) values ({me}, {own_repost})", // the post that it shows
      mentioned: "(user_id, post_id) values ({me}, {mentioned})",
      again: "(user_id, post_id) values ({me}, {everyone})",
    },
    update: "post_id = {walters}",
    grid: `
                                asfrbBmM@oS    asfrbBmM@oS
      select  owners            ++++..+++++    ..+...++.++
      select  mine              ++++..+++++    ..+...++.++
      select  bobs              ..+......++    ..+......++
      select  bobs_of_followers ..+......++    ..+......++
      select  franks            ++++..+++++    ..+...++.++
      select  mallorys          ++++..+++.+    ..+...++..+
      insert  in_owners_name    xxxxNNxxx++    xNxNNNxxN++
      insert  everyone          x+++NN+++++    xN+NNN++N++
      insert  followers         xNUNNN++N++    xNUNNN++N++
      insert  mentioned         xNNNNNNN+++    xNNNNNNN+++
      insert  again             xUUUNNUUUUU    xNUNNNUUNUU
      update  mine              xxxxxxxxxxx    xxxxxxxxxxx
      delete  owners            x........++    x........++
      delete  mine              x+++..+++++    x.+...++.++
      delete  bobs              x.+.......+    x.+.......+
      delete  mallorys          x.........+    x.........+`,
  },

  bookmarks: {
    things: {
      owners: "user_id = {owner} and post_id = {walters}",
      mine: "user_id = {me} and post_id = {everyone}",
      bobs: "user_id = {bob} and post_id = {everyone}",
    },
    inserts: {
      in_owners_name: "(user_id, post_id) values ({owner}, {reply})",
      everyone: "(user_id, post_id) values ({me}, {reply})",
      followers: "(user_id, post_id) values ({me}, {followers})",
      mentioned: "(user_id, post_id) values ({me}, {mentioned})",
    },
    update: "post_id = {walters}",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         x........++    x........++
      select  mine           x+++..+++++    x.+...++.++
      select  bobs           x.+.......+    x.+.......+
      insert  in_owners_name xxxxNNxxx++    xNxNNNxxN++
      insert  everyone       x+++NN+++++    xN+NNN++N++
      insert  followers      xN+NNN++N++    xN+NNN++N++
      insert  mentioned      xNNNNNNN+++    xNNNNNNN+++
      update  mine           xxxxxxxxxxx    xxxxxxxxxxx
      delete  owners         x........++    x........++
      delete  mine           x+++..+++++    x.+...++.++
      delete  bobs           x.+.......+    x.+.......+`,
  },

  tag_follows: {
    things: { owners: "user_id = {owner} and tag = {tag}" },
    inserts: { in_owners_name: "(user_id, tag) values ({owner}, 'other')" },
    update: "tag = 'other'",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         x........++    x........++
      insert  in_owners_name xxxxxxxxx++    xxxxxxxxx++
      update  owners         xxxxxxxxxxx    xxxxxxxxxxx
      delete  owners         x........++    x........++`,
  },

  // Counts: the tests of the functions show what each person counts -------------------

  follow_counts: {
    things: { owner: "profile_id = {owner}" },
    inserts: { owner: "(profile_id) values ({owner})" },
    update: "followers = 1000000",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owner          ++++..+++++    ++++..+++++
      insert  owner          VVVVVVVVVVV    VVVVVVVVVVV
      update  owner          VVVVVVVVVVV    VVVVVVVVVVV
      delete  owner          VVVVVVVVVVV    VVVVVVVVVVV`,
  },

  author_counts: {
    things: { owner: "author_id = {owner}" },
    inserts: { owner: "(author_id) values ({owner})" },
    update: "author_id = {walter}",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owner          ++++..+++++    ++++..+++++
      insert  owner          xxxxxxxxxxx    xxxxxxxxxxx
      update  owner          xxxxxxxxxxx    xxxxxxxxxxx
      delete  owner          xxxxxxxxxxx    xxxxxxxxxxx`,
  },

  post_counts: {
    things: {
      everyone: "post_id = {everyone}",
      followers: "post_id = {followers}",
      mentioned: "post_id = {mentioned}",
    },
    inserts: { everyone: "(post_id) values ({everyone})" },
    update: "likes = 1000000",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  everyone       ++++..+++++    ..+...++.++
      select  followers      ..+...++.++    ..+...++.++
      select  mentioned      ........+++    ........+++
      insert  everyone       VVVVVVVVVVV    VVVVVVVVVVV
      update  everyone       VVVVVVVVVVV    VVVVVVVVVVV
      delete  everyone       VVVVVVVVVVV    VVVVVVVVVVV`,
  },
};
