/** The people who read and write suggestions and their settings. expectations.ts says how to read a grid. */
import { type FunctionExpectations, person, type TableExpectations } from "./expectations.ts";

export const suggestionTables: Record<string, TableExpectations> = {
  suggestions_settings: {
    things: { owners: "user_id = {owner}" },
    // The owner has a row already.
    inserts: { in_owners_name: "(user_id) values ({owner})", own: "(user_id) values ({me})" },
    update: "hides_suggestions = true",
    grid: `
                             asfrbBmM@oS    asfrbBmM@oS
      select  owners         x........++    x........++
      insert  in_owners_name xxxxxxxxxUU    xxxxxxxxxUU
      insert  own            x++++++++UU    x++++++++UU
      update  owners         x........++    x........++
      delete  owners         x........++    x........++`,
  },
};

/** Everybody is trusted and follows the tag that both owners write. Judy and kim follow the owners and lena. */
export const suggestionFunctions: Record<string, FunctionExpectations> = {
  "suggestions(integer)": {
    calls: { owner: person("suggestions()", "owner") },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          x+.+....+.x    x.........x`,
  },

  "people_like(uuid,integer)": {
    calls: {
      owner: person("people_like({lena})", "owner"),
      owners: person("people_like({owner})", "lena"),
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          ++.+....+.x    ..........x
      owners         ++++..++++x    ..+...++.+x`,
  },

  "suggestions_seen(uuid[])": {
    calls: { owner: "select suggestions_seen(array[{owner}])" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          x+++++++++x    x+++++++++x`,
  },

  "dismiss_suggestion(uuid)": {
    calls: { owner: "select dismiss_suggestion({owner}) > now() as answer" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      owner          xyyyPPyyyyx    xyyyPPyyyyx`,
  },
};
