/** The people who call the functions of trends. expectations.ts says how to read a grid. */
import { type FunctionExpectations, rows } from "./expectations.ts";

/** Both owners have a tag and a link that trend. Only posts of the public owner may be shown beside them. */
export const trendFunctions: Record<string, FunctionExpectations> = {
  "trending_tags(trend_period,text,trend_scope,integer)": {
    calls: {
      trend: "select from trending_tags() where tag = {tag}",
      sample:
        "select from trending_tags() cross join unnest(posts) as post where tag = {tag} and post.id = {quote}",
      few: "select from trending_tags('day', null, 'network') where tag = {tag}",
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      trend          ++++..+.++x    ..........x
      sample         ++++..+.++x    ..........x
      few            L.........x    L.........x`,
  },

  "trending_links(trend_period,text,trend_scope,integer)": {
    calls: {
      trend: "select from trending_links() where url = 'https://example.com/' || {tag}",
      few: "select from trending_links('day', null, 'network')",
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      trend          ++++..+.++x    ..........x
      few            L.........x    L.........x`,
  },

  "trending_posts(trend_period,text,trend_scope,integer)": {
    calls: {
      ...rows("trending_posts()", ["everyone"]),
      around: "select from trending_posts(scope => 'network') where id = {everyone}",
    },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      everyone       ++++..+.++x    ..........x
      around         L.+...+...x    L.........x`,
  },

  "explain_trend(text,timestamp with time zone,trend_period,trend_kind)": {
    calls: { trends: "select explain_trend({tag}) ->> 'trends' as answer" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      trends         yyyyyyyyyyx    yyyyyyyyyyx`,
  },

  "hide_trend(trend_kind,text,text)": {
    calls: { tag: "select hide_trend('tag', {tag})" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      tag            xxxxxxxxxx+    xxxxxxxxxx+`,
  },

  "show_trend(trend_kind,text)": {
    calls: { tag: "select show_trend('tag', {tag})" },
    grid: `
                     asfrbBmM@oS    asfrbBmM@oS
      tag            xxxxxxxxxx+    xxxxxxxxxx+`,
  },
};
