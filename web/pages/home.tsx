/** The posts of the people one follows. Who is not signed in sees the public posts. */
import { t } from "../app/messages.ts";
import { isSignedIn, me } from "../app/session.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Empty } from "../parts/empty.tsx";
import { later } from "../parts/later.tsx";
import { Page } from "../parts/page.tsx";
import { PostFeed } from "../parts/post-feed.tsx";
import { UnsentPosts } from "../parts/unsent.tsx";
import { homeFeed, publicFeed } from "../store/sources.ts";

const FirstSteps = later(() => import("../parts/first-steps.tsx"));

export function Home() {
  if (!isSignedIn.value) return <Welcome />;
  const feed = homeFeed();
  return (
    <Page title={t("home")}>
      <a class="invite" href="/compose">
        {me.value && <Avatar person={me.value} />}
        <span>{t("compose_placeholder")}</span>
      </a>
      <UnsentPosts />
      <PostFeed feed={feed} label={t("home")} empty={<FirstSteps />} />
      {/* Own posts alone do not say what to do next. */}
      {me.value?.following === 0 && feed.blocks.value[0] && !feed.hasMore.value && <FirstSteps />}
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
      <PostFeed
        feed={publicFeed()}
        label={t("public")}
        empty={<Empty icon="globe" title={t("public_empty")} />}
      />
    </Page>
  );
}
