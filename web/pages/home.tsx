/** The posts of the people one follows. Who is not signed in sees the public posts. */
import { t } from "../app/messages.ts";
import { type FeedRow, plaza } from "../app/plaza.ts";
import { isSignedIn } from "../app/session.ts";
import { Empty } from "../parts/empty.tsx";
import { FeedView } from "../parts/feed.tsx";
import { Page } from "../parts/page.tsx";
import { Post } from "../parts/post.tsx";
import { feedOf } from "../store/feeds.ts";
import { keepRows } from "../store/posts.ts";

export function homeFeed() {
  return feedOf<FeedRow>("home", {
    read: (cursors) => plaza.rpc("home_feed", cursors),
    count: (after) => plaza.rpc("count_newer", { feed: "home", after }),
    seen: keepRows,
    isStored: true,
  });
}

export function publicFeed() {
  return feedOf<FeedRow>("public", {
    read: (cursors) => plaza.rpc("public_feed", cursors),
    count: (after) => plaza.rpc("count_newer", { feed: "public", after }),
    seen: keepRows,
    isStored: true,
  });
}

export function Home() {
  if (!isSignedIn.value) return <Welcome />;
  return (
    <Page title={t("home")}>
      <FeedView
        feed={homeFeed()}
        label={t("home")}
        row={(row, id) => <Post row={row} id={id} />}
        empty={
          <Empty icon="people" title={t("home_empty")}>
            {t("home_empty_hint")} <a href="/public">{t("public")}</a>
          </Empty>
        }
      />
    </Page>
  );
}

function Welcome() {
  return (
    <Page title={t("welcome")}>
      <div class="welcome">
        <p>{t("welcome_text")}</p>
        <p class="actions">
          <a class="button main" href="/sign-up">
            {t("sign_up")}
          </a>
          <a class="button plain" href="/sign-in">
            {t("sign_in")}
          </a>
        </p>
      </div>
      <FeedView
        feed={publicFeed()}
        label={t("public")}
        row={(row, id) => <Post row={row} id={id} />}
        empty={<Empty icon="globe" title={t("public_empty")} />}
      />
    </Page>
  );
}
