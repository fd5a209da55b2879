/** The people whom the person blocks. */
import { t } from "../../app/messages.ts";
import { type Person, plaza } from "../../app/plaza.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { People } from "../../parts/people.tsx";
import { useFreshFeed } from "../../store/feeds.ts";
import { keepPeople, unblock } from "../../store/people.ts";

export default function Blocked() {
  const feed = useFreshFeed<Person>("blocked", {
    read: (cursors) => plaza.rpc("blocked_people", cursors),
    seen: keepPeople,
  });
  return (
    <Page title={t("settings_blocked")} backTo="/settings">
      <People
        feed={feed}
        label={t("settings_blocked")}
        empty={
          <Empty icon="people" title={t("blocked_empty")}>
            {t("block_text")}
          </Empty>
        }
        actions={(row) => (
          <Button
            label={t("unblock_name", { name: `@${row.profile.username}` })}
            onClick={async () => {
              await unblock(row.profile);
              feed.drop(({ id }) => id === row.id);
            }}
          >
            {t("unblock")}
          </Button>
        )}
      />
    </Page>
  );
}
