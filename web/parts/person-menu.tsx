/** What one does with a person more rarely. Profiles and lists of people have it. */
import { useSignal } from "@preact/signals";
import { t } from "../app/messages.ts";
import type { Author } from "../app/plaza.ts";
import { isSignedIn, userId } from "../app/session.ts";
import { toast } from "../app/toasts.ts";
import { relationOf, unblock, unmute } from "../store/people.ts";
import { later } from "./later.tsx";
import { Menu, type MenuItem } from "./menu.tsx";
import type { PersonTask } from "./person-dialog.tsx";
import { profilePath } from "./person-line.tsx";

const PersonDialog = later(() => import("./person-dialog.tsx"), null);

/** Nothing, if it is the viewer or nobody is signed in. */
export function PersonMenu({ person }: { person: Author }) {
  const task = useSignal<PersonTask | undefined>(undefined);
  const ask = (what: typeof task.value) => () => {
    task.value = what;
  };
  if (!isSignedIn.value || person.id === userId.value) return null;

  function items(): MenuItem[] {
    const { follows_you, is_blocked, is_muted } = relationOf(person.id).value;
    const all: MenuItem[] = [{ label: t("copy_link"), icon: "globe", run: () => copyLink(person) }];
    if (!is_blocked) {
      all.push({ label: t("chat_write"), icon: "chat", href: `/chat/new?with=${person.username}` });
      all.push({ label: t("lists_put"), icon: "list", run: ask("lists") });
    }
    if (is_muted) all.push({ label: t("unmute"), icon: "bell", run: () => unmute(person) });
    else all.push({ label: t("mute"), icon: "mute", run: ask("mute") });
    if (follows_you) all.push({ label: t("remove_follower"), icon: "close", run: ask("remove") });
    if (is_blocked) all.push({ label: t("unblock"), icon: "check", run: () => unblock(person) });
    else all.push({ label: t("block"), icon: "lock", run: ask("block"), isDanger: true });
    return all;
  }

  return (
    <>
      <Menu label={t("more_about", { name: `@${person.username}` })} items={items} />
      {task.value && <PersonDialog person={person} task={task.value} onClose={ask(undefined)} />}
    </>
  );
}

async function copyLink(person: Author): Promise<void> {
  await navigator.clipboard.writeText(`${location.origin}${profilePath(person)}`);
  toast(t("link_copied"));
}
