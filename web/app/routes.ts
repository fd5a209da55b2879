/** Every page of the client. Home is in the first file. The others are loaded when they are opened. */
import { Home } from "../pages/home.tsx";
import { match, type Params, type Route } from "./router.ts";

const routes: Route[] = [
  { path: "/", page: Home },
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
