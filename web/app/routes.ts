/** Every page of the client. Home is in the first file. The others are loaded when they are opened. */
import { Home } from "../pages/home.tsx";
import { match, type Params, type Route } from "./router.ts";

const routes: Route[] = [
  { path: "/", page: Home },
  { path: "/public", load: () => import("../pages/public.tsx") },
  { path: "/tags/:tag", load: () => import("../pages/tag.tsx") },
  { path: "/lists", load: () => import("../pages/lists.tsx"), signedIn: true },
  { path: "/lists/:id", load: () => import("../pages/list.tsx") },
  { path: "/bookmarks", load: () => import("../pages/bookmarks.tsx"), signedIn: true },
  { path: "/posts/:id", load: () => import("../pages/thread.tsx") },
  { path: "/posts/:id/:part", load: () => import("../pages/about-post.tsx") },
  { path: "/compose", load: () => import("../pages/compose.tsx"), signedIn: true },
  { path: "/drafts", load: () => import("../pages/drafts.tsx"), signedIn: true },
  { path: "/sign-in", load: () => import("../pages/sign-in.tsx") },

  { path: "/search", load: () => import("../pages/search.tsx") },
  { path: "/trends", load: () => import("../pages/trends/trends.tsx") },
  { path: "/notifications", load: () => import("../pages/notifications/list.tsx"), signedIn: true },
  {
    path: "/notifications/settings",
    load: () => import("../pages/notifications/settings.tsx"),
    signedIn: true,
  },
  { path: "/notifications/:group", load: () => import("../pages/notifications/people.tsx"), signedIn: true },
  { path: "/chat", load: () => import("../pages/chat/list.tsx"), signedIn: true },
  { path: "/chat/new", load: () => import("../pages/chat/new.tsx"), signedIn: true },
  { path: "/chat/settings", load: () => import("../pages/chat/settings.tsx"), signedIn: true },
  { path: "/chat/search", load: () => import("../pages/chat/search.tsx"), signedIn: true },
  { path: "/chat/:id", load: () => import("../pages/chat/room.tsx"), signedIn: true },
  { path: "/chat/:id/about", load: () => import("../pages/chat/about.tsx"), signedIn: true },
  { path: "/join/:code", load: () => import("../pages/chat/join.tsx"), signedIn: true },
  { path: "/sign-up", load: () => import("../pages/sign-up.tsx") },
  { path: "/confirm", load: () => import("../pages/confirm.tsx") },
  { path: "/recover", load: () => import("../pages/recover.tsx") },
  { path: "/new-password", load: () => import("../pages/new-password.tsx"), signedIn: true },
  { path: "/people", load: () => import("../pages/suggestions.tsx"), signedIn: true },
  { path: "/requests", load: () => import("../pages/requests.tsx"), signedIn: true },
  { path: "/requests/:side", load: () => import("../pages/requests.tsx"), signedIn: true },
  { path: "/settings", load: () => import("../pages/settings/index.tsx"), signedIn: true },
  { path: "/settings/profile", load: () => import("../pages/settings/profile.tsx"), signedIn: true },
  { path: "/settings/privacy", load: () => import("../pages/settings/privacy.tsx"), signedIn: true },
  { path: "/settings/look", load: () => import("../pages/settings/look.tsx") },
  { path: "/settings/muted", load: () => import("../pages/settings/muted.tsx"), signedIn: true },
  { path: "/settings/blocked", load: () => import("../pages/settings/blocked.tsx"), signedIn: true },
  { path: "/settings/password", load: () => import("../pages/settings/password.tsx"), signedIn: true },
  { path: "/settings/email", load: () => import("../pages/settings/email.tsx"), signedIn: true },
  { path: "/settings/devices", load: () => import("../pages/settings/devices.tsx"), signedIn: true },
  { path: "/settings/delete", load: () => import("../pages/settings/delete.tsx"), signedIn: true },
  { path: "/@:username/followers", load: () => import("../pages/profile/followers.tsx") },
  { path: "/@:username/following", load: () => import("../pages/profile/following.tsx") },
  { path: "/@:username", load: () => import("../pages/profile/index.tsx") },
  { path: "/@:username/:tab", load: () => import("../pages/profile/index.tsx") },
];

/** @returns the route of a path with its parameters, or undefined if there is no such page */
export function find(path: string): { route: Route; params: Params } | undefined {
  for (const route of routes) {
    const params = match(route.path, path);
    if (params) return { route, params };
  }
  return undefined;
}
