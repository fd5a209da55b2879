/** Who sees what, and where one is shown. Each switch is saved at once. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../app/errors.ts";
import { type MessageKey, t } from "../../app/messages.ts";
import { me, readMe } from "../../app/session.ts";
import { toast } from "../../app/toasts.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { Waiting } from "../../parts/empty.tsx";
import { Switch } from "../../parts/field.tsx";
import { Page } from "../../parts/page.tsx";
import { changeProfile } from "../../store/own-profile.ts";
import { hideSuggestions, hidesSuggestions } from "../../store/suggestions.ts";

const switches = {
  is_private: ["private_account", "is_private_hint"],
  shows_likes: ["shows_likes", "shows_likes_hint"],
  is_searchable: ["is_searchable", "is_searchable_hint"],
  is_discoverable: ["is_discoverable", "is_discoverable_hint"],
} as const satisfies Record<string, readonly [MessageKey, MessageKey]>;
type Name = keyof typeof switches;

export default function Privacy() {
  const own = me.value;
  const hides = useSignal<boolean | undefined>(undefined);
  /** What the person chose while it is being saved. */
  const chosen = useSignal<Partial<Record<Name, boolean>>>({});
  const asks = useSignal(false);

  useEffect(() => {
    void readMe();
    hidesSuggestions().then(
      (value) => {
        hides.value = value;
      },
      () => {},
    );
  }, []);
  if (!own) {
    return (
      <Page title={t("settings_privacy")} backTo="/settings">
        <Waiting />
      </Page>
    );
  }

  async function change(name: Name, value: boolean): Promise<void> {
    chosen.value = { ...chosen.value, [name]: value };
    try {
      await changeProfile({ [name]: value });
    } catch (error) {
      toast(wordsOf(error), { isError: true });
    }
    const { [name]: _, ...others } = chosen.value;
    chosen.value = others;
  }

  async function changeHides(value: boolean): Promise<void> {
    hides.value = value;
    try {
      await hideSuggestions(value);
    } catch (error) {
      hides.value = !value;
      toast(wordsOf(error), { isError: true });
    }
  }

  return (
    <Page title={t("settings_privacy")} backTo="/settings">
      <div class="form">
        {(Object.keys(switches) as Name[]).map((name) => (
          <Switch
            key={name}
            name={name}
            label={t(switches[name][0])}
            hint={t(switches[name][1])}
            checked={chosen.value[name] ?? own[name]}
            onChange={({ currentTarget: { checked } }) => {
              // An open account accepts everybody who waits.
              if (name === "is_private" && !checked && own.follow_requests > 0) {
                chosen.value = { ...chosen.value, is_private: false };
                asks.value = true;
              } else void change(name, checked);
            }}
          />
        ))}
        {hides.value !== undefined && (
          <Switch
            name="hides_suggestions"
            label={t("hides_suggestions")}
            hint={t("hides_suggestions_hint")}
            checked={hides.value}
            onChange={({ currentTarget: { checked } }) => void changeHides(checked)}
          />
        )}
      </div>
      {asks.value && (
        <Confirm
          title={t("open_account")}
          text={t("open_account_text", { count: own.follow_requests })}
          action={t("open_account_do")}
          onConfirm={() => change("is_private", false)}
          onClose={() => {
            asks.value = false;
            chosen.value = {};
          }}
        />
      )}
    </Page>
  );
}
