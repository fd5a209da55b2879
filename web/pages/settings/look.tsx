/** The language and the colours, on this device. */
import { type Language, language, languages, t, useLanguage } from "../../app/messages.ts";
import { type Contrast, contrast, type Theme, theme } from "../../app/theme.ts";
import { Choice } from "../../parts/field.tsx";
import { Page } from "../../parts/page.tsx";

export default function Look() {
  return (
    <Page title={t("settings_look")} backTo="/settings">
      <div class="form">
        <Choice
          label={t("language")}
          name="language"
          value={language.value}
          options={Object.entries(languages)}
          onChange={({ currentTarget }) => void useLanguage(currentTarget.value as Language)}
        />
        <Choice
          label={t("theme")}
          name="theme"
          value={theme.value}
          options={[
            ["system", t("as_system")],
            ["light", t("theme_light")],
            ["dark", t("theme_dark")],
          ]}
          onChange={({ currentTarget }) => {
            theme.value = currentTarget.value as Theme;
          }}
        />
        <Choice
          label={t("contrast")}
          name="contrast"
          value={contrast.value}
          options={[
            ["system", t("as_system")],
            ["more", t("contrast_more")],
          ]}
          onChange={({ currentTarget }) => {
            contrast.value = currentTarget.value as Contrast;
          }}
        />
        <p class="note">{t("look_note")}</p>
      </div>
    </Page>
  );
}
