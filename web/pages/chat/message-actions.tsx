/** What one can do with a message. Edits, deletions and reactions go through the outbox, so they work offline. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import { type Message, plaza, type Reaction, reactionsOf } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { send } from "../../app/sync.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm, Dialog } from "../../parts/dialog.tsx";
import { Failed, Waiting } from "../../parts/empty.tsx";
import { Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import type { MenuItem } from "../../parts/menu.tsx";
import { FullTime } from "../../parts/time.tsx";
import type { Room } from "../../store/room.ts";
import type { Writing } from "./writing.ts";

export type OpenedDialog = "react" | "delete" | "delete_for_all" | "versions" | null;

export function itemsOf(
  message: Message,
  room: Room,
  writing: Signal<Writing>,
  opened: Signal<OpenedDialog>,
): MenuItem[] {
  const isOwn = message.sender?.id === userId.value;
  const role = room.conversation.value?.role ?? "member";
  const mayWrite = !room.conversation.value?.is_frozen && !room.conversation.value?.is_request;
  const open = (dialog: OpenedDialog) => () => {
    opened.value = dialog;
  };
  const write = (next: Writing) => () => {
    writing.value = next;
  };
  const items: (MenuItem | false)[] = [
    mayWrite && { label: t("react"), icon: "smile", run: open("react") },
    mayWrite && { label: t("reply"), icon: "reply", run: write({ answers: message }) },
    mayWrite && isOwn && { label: t("edit"), icon: "pen", run: write({ edits: message }) },
    message.content !== "" && {
      label: t("copy_text"),
      icon: "list",
      run: () => navigator.clipboard.writeText(message.content).then(() => toast(t("text_copied"))),
    },
    message.edited_at !== null && { label: t("chat_versions"), icon: "clock", run: open("versions") },
    { label: t("chat_delete_for_me"), icon: "trash", run: open("delete"), isDanger: true },
    (isOwn || role !== "member") && {
      label: t("chat_delete_for_all"),
      icon: "trash",
      run: open("delete_for_all"),
      isDanger: true,
    },
  ];
  return items.filter((item) => item !== false);
}

/** The dialog that the menu opened. */
export function Opened({
  message,
  room,
  opened,
}: {
  message: Message;
  room: Room;
  opened: Signal<OpenedDialog>;
}) {
  const close = () => {
    opened.value = null;
  };
  if (opened.value === null) return null;
  if (opened.value === "versions") return <Versions message={message} onClose={close} />;
  if (opened.value === "react") return <Emojis message={message} room={room} onClose={close} />;
  const forAll = opened.value === "delete_for_all";
  return (
    <Confirm
      title={forAll ? t("chat_delete_for_all") : t("chat_delete_for_me")}
      text={forAll ? t("chat_delete_for_all_text") : t("chat_delete_for_me_text")}
      action={t("delete")}
      onClose={close}
      onConfirm={() => act("delete_message", { message_id: message.id, for_everyone: forAll })}
    />
  );
}

/** Puts a change into the outbox. A refusal is told in a toast. @param undo takes back what was shown */
export async function act(
  rpc: "edit_message" | "delete_message" | "react" | "unreact",
  args: Record<string, string | number | boolean>,
  undo: () => void = () => {},
): Promise<void> {
  const refused = (error: unknown) => {
    undo();
    toast(wordsOf(error), { isError: true });
  };
  try {
    const { answer } = await send({ rpc, args });
    answer.catch(refused);
  } catch (error) {
    refused(error);
  }
}

/** It shows at once. */
export async function toggleReaction(message: Message, emoji: string, room: Room): Promise<void> {
  const me = userId.value;
  if (me === null) return;
  const isOn = reactionsOf(message).some((each) => each.emoji === emoji && each.profile_ids.includes(me));
  const show = (on: boolean) =>
    room.change(message.id, (shown) => ({ ...shown, reactions: with_(shown, emoji, me, on) }));
  show(!isOn);
  await act(isOn ? "unreact" : "react", { message_id: message.id, emoji }, () => show(isOn));
}

function with_(message: Message, emoji: string, me: string, isOn: boolean): Reaction[] {
  const reactions = reactionsOf(message);
  const known = reactions.find((each) => each.emoji === emoji);
  if ((known?.profile_ids.includes(me) ?? false) === isOn) return reactions;
  if (!known) return [...reactions, { emoji, count: 1, profile_ids: [me] }];
  const profile_ids = isOn ? [...known.profile_ids, me] : known.profile_ids.filter((id) => id !== me);
  const changed = { emoji, count: known.count + (isOn ? 1 : -1), profile_ids };
  return reactions.map((each) => (each === known ? changed : each)).filter(({ count }) => count > 0);
}

const offered = [..."👍❤😂🎉😮😢🙏🔥👏🤔👀✅"].map((emoji) => (emoji === "❤" ? "❤️" : emoji));

function Emojis({ message, room, onClose }: { message: Message; room: Room; onClose: () => void }) {
  const react = (emoji: string) => {
    onClose();
    return toggleReaction(message, emoji, room);
  };
  return (
    <Dialog title={t("react")} onClose={onClose} class="small">
      <div class="emojis">
        {offered.map((emoji) => (
          <button type="button" class="emoji" key={emoji} onClick={() => void react(emoji)}>
            {emoji}
          </button>
        ))}
      </div>
      <Form
        class="search-box"
        label={t("react_other")}
        onSubmit={({ emoji = "" }) => void react(emoji.trim())}
      >
        <Field label={t("react_other")} name="emoji" required maxLength={32} autocomplete="off" />
        <Button kind="main" type="submit">
          {t("react")}
        </Button>
      </Form>
    </Dialog>
  );
}

interface Version {
  version: number;
  content: string;
  replaced_at: string;
}

function Versions({ message, onClose }: { message: Message; onClose: () => void }) {
  const versions = useSignal<Version[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  async function read(): Promise<void> {
    error.value = undefined;
    const answer = await plaza.rpc("message_versions", { message_id: message.id });
    if (answer.error) error.value = answer.error;
    else versions.value = answer.data;
  }
  useEffect(() => void read(), []);
  return (
    <Dialog title={t("chat_versions")} onClose={onClose}>
      {error.value !== undefined && <Failed error={error.value} onRetry={read} />}
      {!versions.value && error.value === undefined && <Waiting rows={1} />}
      <ol class="versions">
        {versions.value?.map(({ version, content, replaced_at }) => (
          <li key={version}>
            <p class="note">
              {t("version_until")} <FullTime at={replaced_at} />
            </p>
            <p class="text" dir="auto">
              {content}
            </p>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
