/** For a page that is only for people who are not signed in. */
import { useLayoutEffect } from "preact/hooks";
import { navigate } from "../app/router.ts";
import { isSignedIn } from "../app/session.ts";

/**
 * Leads on who is signed in, or signs in here or in another tab.
 * @param to where they wanted to go
 */
export function useSignedOut(to = "/"): void {
  useLayoutEffect(() => {
    // Only a path of this site. `//other.example` would lead away.
    if (isSignedIn.value) navigate(/^\/(?![/\\])/.test(to) ? to : "/", { replace: true });
  }, [isSignedIn.value]);
}
