/** People who are followed by the same people. They are read when the viewer opens this. */
import { useSignal } from "@preact/signals";
import { t } from "../../app/messages.ts";
import type { ProfilePage } from "../../app/plaza.ts";
import { Icon } from "../../parts/icon.tsx";
import { Suggestions } from "../../parts/suggestions.tsx";
import { readPeopleLike } from "../../store/suggestions.ts";

export function PeopleLike({ profile }: { profile: ProfilePage }) {
  const isOpen = useSignal(false);
  const words = t("people_like", { name: `@${profile.username}` });
  return (
    <details
      class="people-like"
      onToggle={(event) => {
        if (event.currentTarget.open) isOpen.value = true;
      }}
    >
      <summary>
        <Icon name="people" /> {words}
      </summary>
      {isOpen.value && (
        <Suggestions
          label={words}
          read={() => readPeopleLike(profile.id, 5)}
          empty={<p class="note padded">{t("people_like_empty")}</p>}
        />
      )}
    </details>
  );
}
