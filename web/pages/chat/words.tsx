/** How conversations and what happened in them are told in words and pictures. */
import { number, t } from "../../app/messages.ts";
import type { Conversation, Message } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { Avatar } from "../../parts/avatar.tsx";
import { nameOf } from "../../parts/person-line.tsx";
import { Phrase } from "../../parts/phrase.tsx";
import { otherOf, titleOf } from "../../store/conversations.ts";

/** The picture of a conversation: the other person, or the first letter of a group. */
export function Face({
  conversation,
  size,
}: {
  conversation: Conversation;
  size?: "small" | "medium" | "large";
}) {
  const { id, picture_url } = conversation;
  const person = otherOf(conversation) ?? {
    username: `conversation ${id}`,
    display_name: titleOf(conversation),
    avatar_url: picture_url,
  };
  return <Avatar person={person} size={size} />;
}

/** The newest message in one line, or what the person began to write. */
export function Preview({ row }: { row: Conversation }) {
  const { last_message: message, draft } = row;
  if (draft) {
    return (
      <span class="preview">
        <b class="draft-mark">{t("chat_draft")}</b> <bdi>{draft}</bdi>
      </span>
    );
  }
  if (!message) return <span class="preview note">{t("chat_no_messages")}</span>;
  if (message.change)
    return (
      <span class="preview">
        <ChangeWords message={message} />
      </span>
    );
  const isOwn = message.sender?.id === userId.value;
  const who = isOwn ? t("chat_you") : row.kind === "group" ? senderName(message) : "";
  return (
    <span class="preview">
      {who && (
        <>
          <bdi>{who}</bdi>:{" "}
        </>
      )}
      <bdi>{shortText(message)}</bdi>
    </span>
  );
}

export function senderName({ sender }: Pick<Message, "sender">): string {
  return sender ? nameOf(sender) : t("chat_somebody_gone");
}

/** The text of a message for one line. */
export function shortText({
  content,
  is_deleted,
  post_id,
}: Pick<Message, "content" | "is_deleted"> & { post_id?: number | null }): string {
  if (is_deleted) return t("chat_deleted");
  return content || (post_id ? t("chat_shared_post") : "");
}

/** What happened to a group, as a sentence. */
export function ChangeWords({ message }: { message: Message }) {
  const { change, content, target } = message;
  const name = (words: string) => <bdi class="name">{words}</bdi>;
  const who = name(senderName(message));
  const whom = name(target ? nameOf(target) : t("chat_somebody_gone"));
  // A block hides the person and what they set: the name, the time, the role.
  if (!message.sender && !content && isChange(change))
    return <Phrase of={hiddenChanges[change]} nodes={{ who, target: whom }} />;
  if (change === "expiry") {
    const seconds = Number(content);
    if (!seconds) return <Phrase of="change_expiry_off" nodes={{ who }} />;
    return <Phrase of="change_expiry" nodes={{ who, value: durationWords(seconds) }} />;
  }
  if (change === "role") {
    return (
      <Phrase of={content === "admin" ? "change_admin" : "change_member"} nodes={{ who, target: whom }} />
    );
  }
  return (
    <Phrase
      of={`change_${change}` as "change_added"}
      nodes={{ who, target: whom, value: <bdi>{content}</bdi> }}
    />
  );
}

/** The sentences that do not say what it is now. */
const hiddenChanges = {
  expiry: "change_expiry_hidden",
  named: "change_named_hidden",
  role: "change_role_hidden",
} as const;

function isChange(change: Message["change"]): change is keyof typeof hiddenChanges {
  return change !== null && Object.hasOwn(hiddenChanges, change);
}

const units = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** 86400 as "1 day". @param seconds of a duration */
export function durationWords(seconds: number): string {
  const [unit, size] = units.find(([, each]) => seconds % each === 0) ?? (["second", 1] as const);
  return number(seconds / size, { style: "unit", unit, unitDisplay: "long" });
}
