/** People to follow, and why. */
import { t } from "../app/messages.ts";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Suggestions } from "../parts/suggestions.tsx";
import { readSuggestions } from "../store/suggestions.ts";

export default function SuggestionsPage() {
  return (
    <Page title={t("suggestions")}>
      <Suggestions
        label={t("suggestions")}
        read={() => readSuggestions(30)}
        empty={
          <Empty icon="people" title={t("suggestions_empty")}>
            {t("suggestions_empty_hint")} <a href="/public">{t("public")}</a> ·{" "}
            <a href="/settings/privacy">{t("settings_privacy")}</a>
          </Empty>
        }
      />
    </Page>
  );
}
