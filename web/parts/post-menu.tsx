/** The menu of a post: what one does more rarely. */
import { useSignal } from "@preact/signals";
import { wordsOf } from "../app/errors.ts";
import { t } from "../app/messages.ts";
import { type Author, type Card, plaza } from "../app/plaza.ts";
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

/** What the viewer mutes of a post. */
interface Muted {
  author: boolean;
  /** The post at the top of the conversation, if that is muted. */
  threadId?: number;
}

const PersonDialog = later(() => import("./person-dialog.tsx"), null);

export function PostMenu({ card }: { card: Card }) {
  const task = useSignal<Task | undefined>(undefined);
  const muted = useSignal<Muted>({ author: false });
  const ask = (what: typeof task.value) => () => {
    task.value = what;
  };
  async function learn(): Promise<void> {
    muted.value = await readMuted(card);
  }
  return (
    <>
      <Menu
        class="post-menu"
        label={t("more_about_post")}
        items={() => itemsOf(card, muted.value, ask)}
        onOpen={learn}
      />
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

function itemsOf(card: Card, muted: Muted, ask: (task: Task) => () => void): MenuItem[] {
  const { id, author } = card;
  const isOwn = author.id === userId.value;
  const items: MenuItem[] = [
    { label: t("copy_link"), icon: "globe", run: () => copyLink(card) },
    { label: t("go_to_profile", { name: `@${author.username}` }), icon: "person", href: profilePath(author) },
    { label: t("post_people"), icon: "heart", href: `/posts/${id}/likes` },
  ];
  if (card.edited_at) items.push({ label: t("versions"), icon: "clock", href: `/posts/${id}/versions` });
  const { threadId } = muted;
  if (threadId) items.push({ label: t("thread_unmute"), icon: "bell", run: () => unmuteThread(threadId) });
  else if (me.value) items.push({ label: t("thread_mute"), icon: "mute", run: () => muteThread(id) });
  if (isOwn) {
    items.push({ label: t("edit"), icon: "pen", href: `/compose?edit=${id}` });
    items.push({ label: t("delete"), icon: "trash", run: ask("delete"), isDanger: true });
  } else if (userId.value !== null) {
    const name = `@${author.username}`;
    if (muted.author)
      items.push({ label: t("unmute_name", { name }), icon: "bell", run: () => unmute(author) });
    else items.push({ label: t("mute_name", { name }), icon: "mute", run: ask("mute") });
    items.push({ label: t("block_name", { name }), icon: "lock", run: ask("block"), isDanger: true });
  }
  return items;
}

/** A post does not say what the viewer mutes. So it is asked when the menu opens. */
async function readMuted({ id, author }: Card): Promise<Muted> {
  if (userId.value === null) return { author: false };
  const [mute, post] = await Promise.all([
    plaza.from("mutes").select("muted_until").eq("muted_id", author.id).maybeSingle(),
    plaza.from("posts").select("thread_id").eq("id", id).maybeSingle(),
  ]);
  const threadId = post.data?.thread_id ?? id;
  const threads = await plaza.from("thread_mutes").select("post_id").eq("thread_id", threadId).limit(1);
  const until = mute.data?.muted_until;
  return {
    author: mute.data != null && (until == null || Date.parse(until) > Date.now()),
    threadId: threads.data?.length ? threadId : undefined,
  };
}

async function unmute(author: Author): Promise<void> {
  const people = await import("../store/people.ts");
  await people.unmute(author);
  toast(t("unmuted_name", { name: `@${author.username}` }));
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

async function unmuteThread(thread_id: number): Promise<void> {
  await send({ delete: "thread_mutes", match: { thread_id, user_id: userId.value } });
  toast(t("thread_unmuted"));
}
