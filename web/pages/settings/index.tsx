/** The way to every setting. */
import { type MessageKey, t } from "../../app/messages.ts";
import { signOut } from "../../app/session.ts";
import { Button } from "../../parts/button.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { Page } from "../../parts/page.tsx";

const all: readonly (readonly [path: string, icon: IconName, title: MessageKey, hint: MessageKey])[] = [
  ["/settings/profile", "person", "settings_profile", "settings_profile_hint"],
  ["/settings/privacy", "lock", "settings_privacy", "settings_privacy_hint"],
  ["/notifications/settings", "bell", "settings_notifications", "settings_notifications_hint"],
  ["/chat/settings", "chat", "settings_chat", "settings_chat_hint"],
  ["/settings/look", "sun", "settings_look", "settings_look_hint"],
  ["/requests", "people", "requests", "settings_requests_hint"],
  ["/settings/muted", "mute", "settings_muted", "settings_muted_hint"],
  ["/settings/blocked", "close", "settings_blocked", "settings_blocked_hint"],
  ["/settings/password", "key", "settings_password", "settings_password_hint"],
  ["/settings/email", "at", "settings_email", "settings_email_hint"],
  ["/settings/devices", "door", "settings_devices", "settings_devices_hint"],
  ["/settings/delete", "trash", "settings_delete", "settings_delete_hint"],
];

export default function Settings() {
  return (
    <Page title={t("settings")}>
      <ul class="settings">
        {all.map(([path, icon, title, hint]) => (
          <li key={path}>
            <a href={path}>
              <Icon name={icon} />
              <span>
                <span class="name">{t(title)}</span>
                <span class="hint">{t(hint)}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
      <p class="padded">
        <Button icon="door" onClick={signOut}>
          {t("sign_out")}
        </Button>
      </p>
    </Page>
  );
}
