/** The posts that one has bookmarked. Nobody else sees them. */
import { t } from "../app/messages.ts";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { PostFeed } from "../parts/post-feed.tsx";
import { bookmarksFeed } from "../store/sources.ts";

export default function Bookmarks() {
  return (
    <Page title={t("bookmarks")}>
      <PostFeed
        feed={bookmarksFeed()}
        label={t("bookmarks")}
        empty={
          <Empty icon="bookmark" title={t("bookmarks_empty")}>
            {t("bookmarks_empty_hint")}
          </Empty>
        }
      />
    </Page>
  );
}
