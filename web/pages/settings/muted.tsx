/** The people whom the person mutes, and until when. */
import type { CompositeTypes } from "../../../supabase/database.types.ts";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { FeedView } from "../../parts/feed.tsx";
import { Page } from "../../parts/page.tsx";
import { PersonLine } from "../../parts/person-line.tsx";
import { FullTime } from "../../parts/time.tsx";
import { useFreshFeed } from "../../store/feeds.ts";
import { keepPeople, unmute } from "../../store/people.ts";

export default function Muted() {
  const feed = useFreshFeed<CompositeTypes<"muted_person">>("muted", {
    read: (cursors) => plaza.rpc("muted_people", cursors),
    seen: keepPeople,
  });
  return (
    <Page title={t("settings_muted")} backTo="/settings">
      <FeedView
        feed={feed}
        label={t("settings_muted")}
        empty={
          <Empty icon="mute" title={t("muted_empty")}>
            {t("mute_text")}
          </Empty>
        }
        row={({ id, profile, muted_until }, rowId) => (
          <PersonLine person={profile} id={`${rowId}-name`} note={<Until at={muted_until} />}>
            <Button
              label={t("unmute_name", { name: `@${profile.username}` })}
              onClick={async () => {
                await unmute(profile);
                feed.drop((row) => row.id === id);
              }}
            >
              {t("unmute")}
            </Button>
          </PersonLine>
        )}
      />
    </Page>
  );
}

function Until({ at }: { at: string | null }) {
  if (at === null) return <>{t("muted_always")}</>;
  return (
    <>
      {t("muted_until")} <FullTime at={at} />
    </>
  );
}
