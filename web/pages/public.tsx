/** The posts that are for everyone. */
import { t } from "../app/messages.ts";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { PostFeed } from "../parts/post-feed.tsx";
import { publicFeed } from "../store/sources.ts";

export default function Public() {
  return (
    <Page title={t("public")}>
      <PostFeed
        feed={publicFeed()}
        label={t("public")}
        empty={<Empty icon="globe" title={t("public_empty")} />}
      />
    </Page>
  );
}
