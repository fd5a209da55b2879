/** Who may write to the person first, and what others see of them in conversations. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CompositeTypes } from "../../../supabase/database.types.ts";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { toast } from "../../app/toasts.ts";
import { Failed, Waiting } from "../../parts/empty.tsx";
import { Choice, Switch } from "../../parts/field.tsx";
import { Page } from "../../parts/page.tsx";

type Settings = CompositeTypes<"chat_settings">;

export default function ChatSettings() {
  const settings = useSignal<Settings | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  async function read(): Promise<void> {
    error.value = undefined;
    const answer = await plaza.rpc("chat_settings");
    if (answer.error) error.value = answer.error;
    else settings.value = answer.data;
  }
  useEffect(() => void read(), []);

  async function put(change: Partial<Settings>): Promise<void> {
    const before = settings.value;
    if (before) settings.value = { ...before, ...change };
    const answer = await plaza.rpc("set_chat_settings", change);
    if (!answer.error) return;
    settings.value = before;
    toast(wordsOf(answer.error), { isError: true });
  }

  const who = [
    ["everyone", t("from_everyone")],
    ["following", t("from_following")],
    ["nobody", t("from_nobody")],
  ] as const;
  const shown = settings.value;
  return (
    <Page title={t("chat_settings")} backTo="/chat">
      {error.value !== undefined && <Failed error={error.value} onRetry={read} />}
      {!shown && error.value === undefined && <Waiting />}
      {shown && (
        <div class="settings-part">
          <Choice
            label={t("chat_who_writes")}
            hint={t("chat_who_writes_hint")}
            name="who_writes"
            value={shown.who_writes}
            options={who}
            onChange={(event) => put({ who_writes: event.currentTarget.value as Settings["who_writes"] })}
          />
          <Choice
            label={t("chat_who_adds")}
            name="who_adds"
            value={shown.who_adds}
            options={who}
            onChange={(event) => put({ who_adds: event.currentTarget.value as Settings["who_adds"] })}
          />
          <Switch
            label={t("chat_receipts")}
            hint={t("chat_receipts_hint")}
            name="shows_receipts"
            checked={shown.shows_receipts}
            onChange={() => put({ shows_receipts: !shown.shows_receipts })}
          />
          <Switch
            label={t("chat_presence")}
            hint={t("chat_presence_hint")}
            name="shows_presence"
            checked={shown.shows_presence}
            onChange={() => put({ shows_presence: !shown.shows_presence })}
          />
        </div>
      )}
    </Page>
  );
}
