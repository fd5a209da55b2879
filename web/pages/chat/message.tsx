/** One message: who said it, what it says, reactions, and how far the others are. */
import { type Signal, useSignal } from "@preact/signals";
import { dateLocale, t } from "../../app/messages.ts";
import { type Message, type Receipt, reactionsOf } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { Avatar } from "../../parts/avatar.tsx";
import { Icon } from "../../parts/icon.tsx";
import { LongText } from "../../parts/long-text.tsx";
import { Menu } from "../../parts/menu.tsx";
import { nameOf } from "../../parts/person-line.tsx";
import { Quoted } from "../../parts/post.tsx";
import type { Room } from "../../store/room.ts";
import { itemsOf, Opened, type OpenedDialog, toggleReaction } from "./message-actions.tsx";
import { ChangeWords, senderName, shortText } from "./words.tsx";
import type { Writing } from "./writing.ts";

interface MessageItemProps {
  message: Message;
  room: Room;
  writing: Signal<Writing>;
  /** The first of some messages of one person. It shows who. */
  isFirst: boolean;
  isJumpedTo: boolean;
  /** Whose last read message this is. */
  readers: Receipt["profile"][];
  /** The last message of the person who is signed in. It says whether it was read. */
  isLastOwn: boolean;
}

export function MessageItem(props: MessageItemProps) {
  const { message, room, writing, isFirst, isJumpedTo, readers, isLastOwn } = props;
  const { sender, is_deleted } = message;
  const opened = useSignal<OpenedDialog>(null);
  const isOwn = sender !== null && sender.id === userId.value;
  const isGroup = room.conversation.value?.kind === "group";
  return (
    <li
      class={`message ${isOwn ? "own-message" : ""} ${isFirst ? "opens" : ""} ${isJumpedTo ? "jumped" : ""}`}
      data-seq={message.seq}
    >
      {!isOwn && isGroup && (
        <span class="message-face">{isFirst && sender && <Avatar person={sender} size="small" />}</span>
      )}
      <div class="message-body">
        {isFirst && !isOwn && isGroup && (
          <p class="message-sender">
            <bdi class="name">{senderName(message)}</bdi>
          </p>
        )}
        {/* Who speaks, for people who cannot see on which side it stands. */}
        {!(isFirst && !isOwn && isGroup) && (
          <span class="unseen">{isOwn ? t("chat_you") : senderName(message)}: </span>
        )}
        <div class="bubble">
          {message.reply_to_id !== null && !is_deleted && <Answered message={message} room={room} />}
          {is_deleted ? (
            <p class="deleted">{t("chat_deleted")}</p>
          ) : (
            <LongText
              text={message.content}
              field="content"
              entities={message.entities}
              mentions={message.mentions}
            />
          )}
          {message.post && !is_deleted && <Quoted card={message.post} />}
          {message.post_id !== null && !message.post && !is_deleted && (
            <p class="post-gone">{t("post_quoted_gone")}</p>
          )}
          <p class="message-foot">
            {message.edited_at && <span>{t("post_edited")}</span>}
            {message.expires_at && <Icon name="clock" />}
            <Clock at={message.created_at} />
            {isOwn && isLastOwn && <Progress message={message} room={room} />}
          </p>
        </div>
        <Reactions message={message} room={room} />
        {isGroup && readers.length > 0 && <Readers people={readers} />}
      </div>
      {!is_deleted && (
        <Menu
          class="message-menu"
          label={t("more_about_message")}
          items={() => itemsOf(message, room, writing, opened)}
        />
      )}
      <Opened message={message} room={room} opened={opened} />
    </li>
  );
}

/** What happened to the group. */
export function ChangeLine({ message }: { message: Message }) {
  return (
    <li class="change" data-seq={message.seq}>
      <ChangeWords message={message} />
    </li>
  );
}

/** What this message answers. A click goes there. */
function Answered({ message, room }: { message: Message; room: Room }) {
  const shown = room.messages.value.find(({ id }) => id === message.reply_to_id);
  const quote = shown ?? message.reply_to;
  if (!quote) return <p class="answered">{t("chat_answers_gone")}</p>;
  return (
    <a class="answered" href={`/chat/${room.id}?at=${quote.seq}`}>
      <bdi class="name">{senderName(quote)}</bdi>
      <span class="answered-text" dir="auto">
        {shortText(quote)}
      </span>
    </a>
  );
}

function Clock({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time
      dateTime={at}
      title={date.toLocaleString(dateLocale.value, { dateStyle: "full", timeStyle: "short" })}
    >
      {date.toLocaleTimeString(dateLocale.value, { timeStyle: "short" })}
    </time>
  );
}

/** How far the person's last message came. The furthest that holds for everybody. */
function Progress({ message, room }: { message: Message; room: Room }) {
  const others = room.receipts.value.filter(({ profile }) => profile.id !== userId.value);
  const { seq } = message;
  const state =
    others.length > 0 && others.every(({ read_seq }) => read_seq >= seq)
      ? "read"
      : others.length > 0 && others.every(({ delivered_seq }) => delivered_seq >= seq)
        ? "delivered"
        : "sent";
  return <span class={`progress ${state}`}>{t(`progress_${state}`)}</span>;
}

const mostFaces = 8;

function Readers({ people }: { people: Receipt["profile"][] }) {
  const words = t("read_by", { names: people.map(nameOf).join(", ") });
  return (
    <p class="readers" role="img" aria-label={words} title={words}>
      {people.slice(0, mostFaces).map((person) => (
        <Avatar key={person.id} person={person} size="small" />
      ))}
      {people.length > mostFaces && <span class="note">+{people.length - mostFaces}</span>}
    </p>
  );
}

function Reactions({ message, room }: { message: Message; room: Room }) {
  if (message.is_deleted || reactionsOf(message).length === 0) return null;
  return (
    <ul class="reactions" aria-label={t("reactions")}>
      {reactionsOf(message).map(({ emoji, count, profile_ids }) => {
        const isOn = profile_ids.includes(userId.value ?? "");
        return (
          <li key={emoji}>
            <button
              type="button"
              class="reaction"
              aria-pressed={isOn}
              aria-label={t("reaction_count", { emoji, count })}
              onClick={() => void toggleReaction(message, emoji, room)}
            >
              <span>{emoji}</span> {count}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
