/** The empty home of somebody who follows nobody yet: people to follow, and what else to do first. */
import { t } from "../app/messages.ts";
import { readSuggestions } from "../store/suggestions.ts";
import { Button } from "./button.tsx";
import { Empty } from "./empty.tsx";
import { Suggestions } from "./suggestions.tsx";

/** @param onReady reads home again, after somebody was followed */
export function FirstSteps({ onReady }: { onReady: () => Promise<void> }) {
  return (
    <>
      <Empty icon="people" title={t("home_empty")}>
        <p>
          {t("home_empty_hint")} <a href="/public">{t("public")}</a>
        </p>
        <ul class="steps">
          <li>
            <a href="/settings/profile">{t("first_profile")}</a>
          </li>
          <li>
            <a href="/compose">{t("first_post")}</a>
          </li>
        </ul>
      </Empty>
      <section class="first-people" aria-label={t("suggestions")}>
        <header class="section-head">
          <h2>{t("suggestions")}</h2>
          <Button onClick={onReady}>{t("first_ready")}</Button>
        </header>
        <Suggestions
          label={t("suggestions")}
          read={() => readSuggestions(8)}
          empty={<p class="note padded">{t("suggestions_empty")}</p>}
        />
      </section>
    </>
  );
}
