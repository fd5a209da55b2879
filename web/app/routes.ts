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
];

/** @returns the route of a path with its parameters, or undefined if there is no such page */
export function find(path: string): { route: Route; params: Params } | undefined {
  for (const route of routes) {
    const params = match(route.path, path);
    if (params) return { route, params };
  }
  return undefined;
}
