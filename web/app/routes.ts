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
];

/** @returns the route of a path with its parameters, or undefined if there is no such page */
export function find(path: string): { route: Route; params: Params } | undefined {
  for (const route of routes) {
    const params = match(route.path, path);
    if (params) return { route, params };
  }
  return undefined;
}
