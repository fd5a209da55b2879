/** The menu of a post: what one does more rarely. */
import { useSignal } from "@preact/signals";
import { wordsOf } from "../app/errors.ts";
import { t } from "../app/messages.ts";
import type { Card } from "../app/plaza.ts";
import { me, userId } from "../app/session.ts";
import { send } from "../app/sync.ts";
import { toast } from "../app/toasts.ts";
import { forget, reread } from "../store/posts.ts";
import { Confirm } from "./dialog.tsx";
import { later } from "./later.tsx";
import { Menu, type MenuItem } from "./menu.tsx";
import type { PersonTask } from "./person-dialog.tsx";
import { profilePath } from "./person-line.tsx";

type Task = "delete" | Extract<PersonTask, "block" | "mute">;

const PersonDialog = later(() => import("./person-dialog.tsx"), null);

export function PostMenu({ card }: { card: Card }) {
  const task = useSignal<Task | undefined>(undefined);
  const ask = (what: typeof task.value) => () => {
    task.value = what;
  };
  return (
    <>
      <Menu class="post-menu" label={t("more_about_post")} items={() => itemsOf(card, ask)} />
      {task.value === "delete" ? (
        <Confirm
          title={t("post_delete")}
          text={t("post_delete_text")}
          action={t("delete")}
          onConfirm={() => remove(card)}
          onClose={ask(undefined)}
        />
      ) : (
        task.value && <PersonDialog person={card.author} task={task.value} onClose={ask(undefined)} />
      )}
    </>
  );
}

function itemsOf(card: Card, ask: (task: Task) => () => void): MenuItem[] {
  const { id, author } = card;
  const isOwn = author.id === userId.value;
  const items: MenuItem[] = [
    { label: t("copy_link"), icon: "globe", run: () => copyLink(card) },
    { label: t("go_to_profile", { name: `@${author.username}` }), icon: "person", href: profilePath(author) },
    { label: t("post_people"), icon: "heart", href: `/posts/${id}/likes` },
  ];
  if (card.edited_at) items.push({ label: t("versions"), icon: "clock", href: `/posts/${id}/versions` });
  if (me.value) items.push({ label: t("thread_mute"), icon: "mute", run: () => muteThread(id) });
  if (isOwn) {
    items.push({ label: t("edit"), icon: "pen", href: `/compose?edit=${id}` });
    items.push({ label: t("delete"), icon: "trash", run: ask("delete"), isDanger: true });
  } else if (userId.value !== null) {
    const name = `@${author.username}`;
    items.push({ label: t("mute_name", { name }), icon: "mute", run: ask("mute") });
    items.push({ label: t("block_name", { name }), icon: "lock", run: ask("block"), isDanger: true });
  }
  return items;
}

async function copyLink(card: Card): Promise<void> {
  await navigator.clipboard.writeText(`${location.origin}/posts/${card.id}`);
  toast(t("link_copied"));
}

/** The post disappears at once. If the server refuses, it comes back. */
async function remove({ id }: Card): Promise<void> {
  const { answer } = await send({ delete: "posts", match: { id } });
  forget(id);
  answer.catch((error: unknown) => {
    toast(wordsOf(error), { isError: true });
    void reread(id);
  });
}

async function muteThread(post_id: number): Promise<void> {
  await send({ upsert: "thread_mutes", values: { post_id } });
  toast(t("thread_muted"), {
    action: {
      label: t("undo"),
      run: () => void send({ delete: "thread_mutes", match: { post_id, user_id: userId.value } }),
    },
  });
}
