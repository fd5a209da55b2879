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
import { Menu, type MenuItem } from "./menu.tsx";
import { profilePath } from "./person-line.tsx";

export function PostMenu({ card }: { card: Card }) {
  const isAsking = useSignal(false);
  const ask = () => {
    isAsking.value = true;
  };
  return (
    <>
      <Menu class="post-menu" label={t("more_about_post")} items={() => itemsOf(card, ask)} />
      {isAsking.value && (
        <Confirm
          title={t("post_delete")}
          text={t("post_delete_text")}
          action={t("delete")}
          onConfirm={() => remove(card)}
          onClose={() => {
            isAsking.value = false;
          }}
        />
      )}
    </>
  );
}

function itemsOf(card: Card, askToDelete: () => void): MenuItem[] {
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
    items.push({ label: t("delete"), icon: "trash", run: askToDelete, isDanger: true });
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
