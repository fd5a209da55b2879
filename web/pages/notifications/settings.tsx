/** Of what the person is notified, by whom, and whether it counts. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Enums } from "../../../supabase/database.types.ts";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { toast } from "../../app/toasts.ts";
import { Failed, Waiting } from "../../parts/empty.tsx";
import { Choice } from "../../parts/field.tsx";
import { Page } from "../../parts/page.tsx";

type Kind = Enums<"notification_kind">;
interface Preference {
  kind: Kind;
  from_whom: Enums<"notification_source">;
  delivery: Enums<"notification_delivery">;
}

const kinds: Kind[] = [
  "mention",
  "reply",
  "quote",
  "like",
  "repost",
  "follow",
  "follow_request",
  "request_accepted",
  "post",
  "edited",
  "draft_published",
  "draft_failed",
];
/** These come from the person's own drafts. */
const own = new Set<Kind>(["draft_published", "draft_failed"]);

const usual = (kind: Kind): Preference => ({
  kind,
  from_whom: "everyone",
  delivery: kind === "edited" ? "quiet" : "loud",
});

export default function NotificationSettings() {
  const preferences = useSignal<Map<Kind, Preference> | undefined>(undefined);
  const error = useSignal<unknown>(undefined);

  async function read(): Promise<void> {
    error.value = undefined;
    const answer = await plaza.from("notification_preferences").select("kind, from_whom, delivery");
    if (answer.error) error.value = answer.error;
    else preferences.value = new Map(answer.data.map((each) => [each.kind, each]));
  }
  useEffect(() => void read(), []);

  async function put(next: Preference): Promise<void> {
    const before = preferences.value;
    preferences.value = new Map(before).set(next.kind, next);
    const answer = await plaza.from("notification_preferences").upsert(next);
    if (!answer.error) return;
    preferences.value = before;
    toast(wordsOf(answer.error), { isError: true });
  }

  return (
    <Page title={t("notifications_settings")} backTo="/notifications">
      <p class="lead note">{t("notifications_settings_text")}</p>
      {error.value !== undefined && <Failed error={error.value} onRetry={read} />}
      {!preferences.value && error.value === undefined && <Waiting />}
      {preferences.value &&
        kinds.map((kind) => {
          const preference = preferences.value?.get(kind) ?? usual(kind);
          return (
            <fieldset class="preference" key={kind}>
              <legend>{t(`kind_${kind}` as "kind_like")}</legend>
              {!own.has(kind) && (
                <Choice
                  label={t("from_whom")}
                  name={`${kind}-from`}
                  value={preference.from_whom}
                  onChange={(event) =>
                    put({ ...preference, from_whom: event.currentTarget.value as Preference["from_whom"] })
                  }
                  options={[
                    ["everyone", t("from_everyone")],
                    ["established", t("from_established")],
                    ["following", t("from_following")],
                    ["nobody", t("from_nobody")],
                  ]}
                />
              )}
              <Choice
                label={t("delivery")}
                name={`${kind}-delivery`}
                value={preference.delivery}
                onChange={(event) =>
                  put({ ...preference, delivery: event.currentTarget.value as Preference["delivery"] })
                }
                options={[
                  ["loud", t("delivery_loud")],
                  ["quiet", t("delivery_quiet")],
                  ["off", t("delivery_off")],
                ]}
              />
            </fieldset>
          );
        })}
    </Page>
  );
}
