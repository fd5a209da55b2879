/** The home of somebody who follows nobody yet: people to follow, and on an empty home what else to do first. */
import { useEffect } from "preact/hooks";
import { t } from "../app/messages.ts";
import { readMe } from "../app/session.ts";
import { begun } from "../store/people.ts";
import { homeFeed } from "../store/sources.ts";
import { readSuggestions } from "../store/suggestions.ts";
import { Button } from "./button.tsx";
import { Suggestions } from "./suggestions.tsx";

export default function FirstSteps() {
  const feed = homeFeed();
  // Somebody was followed on another page.
  useEffect(() => {
    if (begun.peek() > 0) void readMe();
  }, []);
  const ready = begun.value > 0 && (
    <Button
      kind="main"
      onClick={async () => {
        await feed.restart();
        await readMe();
      }}
    >
      {t("first_ready")}
    </Button>
  );
  return (
    <>
      {feed.blocks.value.length > 0 ? (
        ready && <p class="padded">{ready}</p>
      ) : (
        <div class="first">
          <h2>{t("home_empty")}</h2>
          <p>{t("home_empty_hint")}</p>
          <ul class="links">
            <li>
              <a href="/settings/profile">{t("first_profile")}</a>
            </li>
            <li>
              <a href="/compose">{t("first_post")}</a>
            </li>
            <li>
              <a href="/public">{t("first_look")}</a>
            </li>
          </ul>
          {ready}
        </div>
      )}
      <section aria-label={t("suggestions")}>
        <h2 class="section-head">{t("suggestions")}</h2>
        <Suggestions
          label={t("suggestions")}
          read={() => readSuggestions(8)}
          empty={<p class="note padded">{t("suggestions_empty")}</p>}
        />
      </section>
    </>
  );
}
