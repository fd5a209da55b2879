/**
 * The people who read and write the tables about notifications. expectations.ts says how to read
 * a grid.
 *
 *   a anonymous  s stranger  f follower   r requested  b blocked   B blocker
 *   m muted      M muter     @ mentioned  o owner      S service_role
 */
import type { TableExpectations } from "./expectations.ts";

export const notificationTables: Record<string, TableExpectations> = {
  notification_preferences: {
    things: { owners: "user_id = {owner}" },
    inserts: {
      in_owners_name: "(user_id, kind) values ({owner}, 'draft_published')",
      own: "(user_id, kind) values ({me}, 'draft_published')",
    },
    update: "delivery = 'off'",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         x........++    x........++
      insert  in_owners_name xxxxxxxxx++    xxxxxxxxx++
      insert  own            x++++++++++    x++++++++++
      update  owners         x........++    x........++
      delete  owners         x........++    x........++`,
  },

  thread_mutes: {
    things: { owners: "user_id = {owner} and post_id = {walters}" },
    inserts: {
      in_owners_name: "(user_id, post_id) values ({owner}, {reply})",
      everyone: "(user_id, post_id) values ({me}, {everyone})",
      followers: "(user_id, post_id) values ({me}, {followers})",
      mentioned: "(user_id, post_id) values ({me}, {mentioned})",
    },
    update: "post_id = {everyone}",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         x........++    x........++
      insert  in_owners_name xxxxNNxxx++    xNxNNNxxN++
      insert  everyone       x+++NN+++++    xN+NNN++N++
      insert  followers      xN+NNN++N++    xN+NNN++N++
      insert  mentioned      xNNNNNNN+++    xNNNNNNN+++
      update  owners         xxxxxxxxxxx    xxxxxxxxxxx
      delete  owners         x........++    x........++`,
  },
};
