/** What others read about the person. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../../app/messages.ts";
import { me, readMe } from "../../app/session.ts";
import { toast } from "../../app/toasts.ts";
import { UsernameField } from "../../parts/account-fields.tsx";
import { Button } from "../../parts/button.tsx";
import { Waiting } from "../../parts/empty.tsx";
import { Area, Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Page } from "../../parts/page.tsx";
import { PersonLine } from "../../parts/person-line.tsx";
import { changeProfile, type ProfileChange } from "../../store/own-profile.ts";

export default function ProfileSettings() {
  const own = me.value;
  const name = useSignal<string | undefined>(undefined);
  useEffect(() => void readMe(), []);
  if (!own) {
    return (
      <Page title={t("settings_profile")} backTo="/settings">
        <Waiting />
      </Page>
    );
  }
  const { username, display_name, bio, links, avatar_url } = own;

  async function submit(values: Record<string, string>): Promise<void> {
    const wanted = {
      username: (values.username ?? "").trim(),
      display_name: (values.display_name ?? "").trim(),
      bio: (values.bio ?? "").trim(),
      links: linksIn(values.links ?? ""),
    };
    const change: ProfileChange = {};
    // Only what changed: an unchanged name needs no new week.
    if (wanted.username !== username) change.username = wanted.username;
    if (wanted.display_name !== display_name) change.display_name = wanted.display_name;
    if (wanted.bio !== bio) change.bio = wanted.bio;
    if (wanted.links.join("\n") !== links.join("\n")) change.links = wanted.links;
    if (Object.keys(change).length > 0) await changeProfile(change);
    toast(t("saved"));
  }

  return (
    <Page title={t("settings_profile")} backTo="/settings">
      <PersonLine person={{ id: own.id, username, avatar_url, display_name: name.value ?? display_name }} />
      <Form onSubmit={submit} label={t("settings_profile")} keepAs="profile">
        <Field
          label={t("display_name")}
          name="display_name"
          hint={t("display_name_hint")}
          defaultValue={display_name}
          maxLength={50}
          autocomplete="name"
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
        <UsernameField own={username} hint={t("username_change_hint")} />
        <Area label={t("bio")} name="bio" defaultValue={bio} maxLength={500} hint={t("bio_hint")} />
        <Area
          label={t("links")}
          name="links"
          defaultValue={links.join("\n")}
          hint={t("links_hint")}
          maxLength={1_100}
          spellcheck={false}
        />
        <div class="actions">
          <Button kind="main">{t("save")}</Button>
        </div>
      </Form>
    </Page>
  );
}

/** One address a line. Without a scheme it gets https. */
function linksIn(text: string): string[] {
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((link) => (/^[a-z][a-z0-9+.-]*:/i.test(link) ? link : `https://${link}`));
}
