/** The empty home of somebody who follows nobody yet: people to follow, and what else to do first. */
import { t } from "../app/messages.ts";
import { begun } from "../store/people.ts";
import { readSuggestions } from "../store/suggestions.ts";
import { Button } from "./button.tsx";
import { Suggestions } from "./suggestions.tsx";

/** @param onReady reads home again, after somebody was followed */
export default function FirstSteps({ onReady }: { onReady: () => Promise<void> }) {
  return (
    <>
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
        {begun.value > 0 && (
          <Button kind="main" onClick={onReady}>
            {t("first_ready")}
          </Button>
        )}
      </div>
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
