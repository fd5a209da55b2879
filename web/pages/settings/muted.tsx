/** The people whom the person mutes, and until when. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../app/messages.ts";
import { type Author, plaza } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { Button } from "../../parts/button.tsx";
import { Empty, Failed, Waiting } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { PersonLine } from "../../parts/person-line.tsx";
import { FullTime } from "../../parts/time.tsx";
import { unmute } from "../../store/people.ts";

interface Mute {
  muted_until: string | null;
  profile: Author;
}

/** The API gives no cursor for mutes. Nobody reads further than this. */
const mostMutes = 500;

export default function Muted() {
  const rows = useSignal<Mute[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  async function read(): Promise<void> {
    const answer = await plaza
      .from("mutes")
      .select("muted_until, profile:profiles!muted_id(id, username, display_name, avatar_url)")
      .eq("muter_id", userId.value ?? "")
      // A mute that ended does nothing any more.
      .or(`muted_until.is.null,muted_until.gt.${new Date().toISOString()}`)
      .order("created_at", { ascending: false })
      .limit(mostMutes);
    error.value = answer.error;
    if (answer.data) rows.value = answer.data;
  }
  useEffect(() => void read(), []);

  async function end(person: Author): Promise<void> {
    await unmute(person);
    rows.value = rows.value?.filter(({ profile }) => profile.id !== person.id);
  }

  return (
    <Page title={t("settings_muted")} backTo="/settings">
      {error.value ? (
        <Failed error={error.value} onRetry={read} />
      ) : !rows.value ? (
        <Waiting />
      ) : rows.value.length === 0 ? (
        <Empty icon="mute" title={t("muted_empty")}>
          {t("mute_text")}
        </Empty>
      ) : (
        <ul>
          {rows.value.map(({ profile, muted_until }) => (
            <li key={profile.id} class="row">
              <PersonLine person={profile} note={<Until at={muted_until} />}>
                <Button
                  label={t("unmute_name", { name: `@${profile.username}` })}
                  onClick={() => end(profile)}
                >
                  {t("unmute")}
                </Button>
              </PersonLine>
            </li>
          ))}
        </ul>
      )}
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
