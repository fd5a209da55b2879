/** The followers of a person, and the people whom the person follows. */
import { useEffect } from "preact/hooks";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { People, peopleFeed } from "../../parts/people.tsx";
import { nameOf } from "../../parts/person-line.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { profileOf, readProfile, relationOf } from "../../store/people.ts";

export function PeopleOf({ username, kind }: { username: string; kind: "followers" | "following" }) {
  const { profile } = profileOf(username).value;
  useEffect(() => {
    if (!profileOf(username).peek().profile) void readProfile(username);
  }, [username]);
  const isOwn = profile !== undefined && profile.id === userId.value;
  const isHidden = profile?.is_private === true && !isOwn && !relationOf(profile.id).value.is_following;
  const feed = peopleFeed(`${kind} ${username.toLowerCase()}`, (cursors) =>
    plaza.rpc(kind, { username, ...cursors }),
  );

  return (
    <Page title={profile ? nameOf(profile) : `@${username}`} backTo={`/@${username}`}>
      <Tabs
        label={t("profile_parts")}
        tabs={[
          { href: `/@${username}/followers`, label: t("followers") },
          { href: `/@${username}/following`, label: t("following") },
        ]}
      />
      <People
        feed={feed}
        label={t(kind)}
        empty={
          isHidden ? (
            <Empty icon="lock" title={t("profile_private")} />
          ) : (
            <Empty icon="people" title={t(`${kind}_empty`)} />
          )
        }
      />
    </Page>
  );
}
