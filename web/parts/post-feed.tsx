/** A feed of posts. */
import type { ComponentChildren } from "preact";
import type { FeedRow } from "../app/plaza.ts";
import type { Feed } from "../store/feeds.ts";
import { FeedView } from "./feed.tsx";
import { Post } from "./post.tsx";

/** @param label what the feed is, for screen readers. @param empty what to show if there is nothing */
export function PostFeed({
  feed,
  label,
  empty,
}: {
  feed: Feed<FeedRow>;
  label: string;
  empty: ComponentChildren;
}) {
  return <FeedView feed={feed} label={label} row={(row, id) => <Post row={row} id={id} />} empty={empty} />;
}
