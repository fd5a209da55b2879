/** The list of keyboard shortcuts, under `?`. */
import { t } from "../app/messages.ts";
import { areShortcutsOn, help, shortcuts, useShortcuts } from "../app/shortcuts.ts";
import { Dialog } from "./dialog.tsx";
import { Switch } from "./field.tsx";

export default function ShortcutHelp() {
  return (
    <Dialog title={t("keys")} onClose={() => help(false)}>
      <Switch
        label={t("keys_on")}
        hint={t("keys_hint")}
        name="shortcuts"
        checked={areShortcutsOn.value}
        onChange={(event) => useShortcuts(event.currentTarget.checked)}
      />
      <dl class="keys">
        {shortcuts.map(({ keys, label }) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(label)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
