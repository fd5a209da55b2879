/** The places of the navigation, in their order. A place without a page is left out. */
import type { IconName } from "../parts/icon.tsx";
import type { MessageKey } from "./messages.ts";
import { find } from "./routes.ts";
import { me } from "./session.ts";
import { unread } from "./sync.ts";

export interface Place {
  href: string;
  label: MessageKey;
  icon: IconName;
  /** Also in the bar at the bottom of narrow screens. */
  isInBar?: boolean;
  signedIn?: boolean;
  /** A number beside it, such as the unread messages. */
  count?: () => number;
}

const all: Place[] = [
  { href: "/", label: "home", icon: "home", isInBar: true },
  { href: "/public", label: "public", icon: "globe" },
  { href: "/search", label: "search", icon: "search", isInBar: true },
  {
    href: "/notifications",
    label: "notifications",
    icon: "bell",
    isInBar: true,
    signedIn: true,
    // A request to follow is one of them.
    count: () => unread.value.notifications,
  },
  {
    href: "/chat",
    label: "chat",
    icon: "chat",
    isInBar: true,
    signedIn: true,
    count: () => unread.value.messages + unread.value.message_requests,
  },
  { href: "/trends", label: "trends", icon: "trend" },
  { href: "/people", label: "suggestions", icon: "people", signedIn: true },
  { href: "/lists", label: "lists", icon: "list", signedIn: true },
  { href: "/bookmarks", label: "bookmarks", icon: "bookmark", signedIn: true },
  { href: "/drafts", label: "drafts", icon: "clock", signedIn: true },
  { href: "/settings", label: "settings", icon: "settings", signedIn: true },
];

/** @param isSignedIn whether somebody is signed in */
export function places(isSignedIn: boolean): Place[] {
  return all.filter(({ href, signedIn }) => (isSignedIn || !signedIn) && find(href));
}

/** The person's own profile. */
export function ownPath(): string {
  return me.value ? `/@${me.value.username}` : "/settings";
}
