/**
 * The messages of a room, in a box that scrolls. It stays at its end while the reader is there, and at its place
 * while older messages come in above. Only the messages near to what is seen are in the document.
 */
import { type Signal, useSignal } from "@preact/signals";
import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { dateLocale, t } from "../../app/messages.ts";
import type { Message, Receipt } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { waiting } from "../../app/sync.ts";
import { announce } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Near } from "../../parts/near.tsx";
import { failedMessages, messageIn } from "../../store/failed-messages.ts";
import type { Room } from "../../store/room.ts";
import { blocksOf } from "./blocks.ts";
import { ChangeLine, MessageItem } from "./message.tsx";
import { FailedItem, WaitingItem } from "./unsent.tsx";
import type { Writing } from "./writing.ts";

/** So near to the end counts as the end. */
const endPx = 90;
/** Older messages are read when the reader comes so near to the first one. */
const nearPx = 600;
/** The height of a message that was never shown. */
const usualMessagePx = 60;
/** Messages of one person within this time stand together. */
const togetherMs = 5 * 60_000;

interface MessageListProps {
  room: Room;
  writing: Signal<Writing>;
  /** The `seq` of a message to show first. */
  jumpTo: number;
}

export function MessageList({ room, writing, jumpTo }: MessageListProps) {
  const box = useRef<HTMLElement>(null);
  const isAtEnd = useSignal(true);
  const list = useRef<HTMLDivElement>(null);
  const heights = useRef(new Map<number, number>()).current;
  const isLoading = useRef(false);
  /** How the box was before this change. */
  const before = useRef<{ firstId?: number; heightPx: number; count: number }>({ heightPx: 0, count: 0 });
  const messages = room.messages.value;
  const unsent = unsentOf(room, messages);
  /** What was unread when the room was opened stands below a line. */
  const readSeq = useRef(room.conversation.peek()?.read_seq ?? 0).current;
  const firstUnread = useRef(
    messages.find((each) => each.seq > readSeq && each.sender?.id !== userId.value && !each.change)?.id,
  ).current;
  const jumped = useRef(0);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { firstId, heightPx, count } = before.current;
    const target = jumpTo > 0 && jumped.current !== jumpTo && element.querySelector(`[data-seq="${jumpTo}"]`);
    if (target) {
      jumped.current = jumpTo;
      target.scrollIntoView({ block: "center" });
    } else if (count === 0 && firstUnread !== undefined) {
      element.querySelector(".unread-line")?.scrollIntoView({ block: "center" });
    } else if (isAtEnd.value && !room.hasNewer.value) element.scrollTop = element.scrollHeight;
    else if (
      firstId !== undefined &&
      firstId !== messages[0]?.id &&
      messages.some(({ id }) => id === firstId)
    )
      element.scrollTop += element.scrollHeight - heightPx;
    remember();
    fill();
  }, [messages, unsent.waiting.length, unsent.failed.length, jumpTo, room.typing.value.length > 0]);

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    // The field below grows, or the window changes.
    const observer = new ResizeObserver(() => {
      if (isAtEnd.value) element.scrollTop = element.scrollHeight;
      latest.current();
    });
    observer.observe(element);
    // A block that comes back may be taller than it was.
    if (list.current) observer.observe(list.current);
    return () => observer.disconnect();
  }, []);

  const newest = messages.at(-1);
  const announcedId = useRef(newest?.id);
  useEffect(() => {
    if (!newest || newest.id === announcedId.current || room.hasNewer.value) return;
    announcedId.current = newest.id;
    if (newest.sender?.id !== userId.value && !newest.change) announce(t("chat_new_message"));
  }, [newest?.id]);

  // For the observer, which is made once.
  const latest = useRef(remember);
  latest.current = remember;
  function remember(): void {
    const element = box.current;
    if (!element) return;
    before.current = {
      firstId: messages[0]?.id,
      heightPx: element.scrollHeight,
      count: messages.length,
    };
    isAtEnd.value =
      !room.hasNewer.peek() && element.scrollHeight - element.scrollTop - element.clientHeight < endPx;
  }

  /** Reads more where the reader is near an end. */
  function fill(): void {
    const element = box.current;
    if (!element || isLoading.current) return;
    const more =
      room.hasOlder.value && element.scrollTop < nearPx
        ? room.older
        : room.hasNewer.value && element.scrollHeight - element.scrollTop - element.clientHeight < nearPx
          ? room.newer
          : undefined;
    if (!more) return;
    isLoading.current = true;
    more().then(
      () => {
        isLoading.current = false;
        // When the page is shown, and the reader is at their place again.
        requestAnimationFrame(fill);
      },
      () => {
        // Without the network, the next move of the reader tries again.
        isLoading.current = false;
      },
    );
  }

  const readers = readersOf(room.receipts.value, messages);
  const lastOwn = messages.findLast(
    (each) => each.sender?.id === userId.value && !each.change && !each.is_deleted,
  );

  function rowOf(message: Message, previous: Message | undefined) {
    const isNewDay = !previous || dayOf(previous) !== dayOf(message);
    return (
      <>
        {isNewDay && (
          <li class="day">
            <span>{dayWords(message)}</span>
          </li>
        )}
        {message.id === firstUnread && (
          <li class="unread-line">
            <span>{t("chat_unread_line")}</span>
          </li>
        )}
        {message.change ? (
          <ChangeLine message={message} />
        ) : (
          <MessageItem
            message={message}
            room={room}
            writing={writing}
            isFirst={isNewDay || message.id === firstUnread || !areTogether(previous, message)}
            isJumpedTo={message.seq === jumpTo}
            readers={readers.get(message.id) ?? []}
            isLastOwn={message.id === lastOwn?.id}
          />
        )}
      </>
    );
  }

  const isEmpty = messages.length === 0 && unsent.waiting.length === 0 && unsent.failed.length === 0;
  return (
    <div class="messages-frame">
      <section
        class="messages"
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes the focus, so that keys scroll it
        tabIndex={0}
        aria-label={t("chat_messages")}
        onScroll={() => {
          remember();
          fill();
        }}
      >
        {isEmpty && <Empty icon="chat" title={t("chat_no_messages")} />}
        <div class="message-blocks" ref={list}>
          {blocksOf(messages).map(({ number, first, rows }) => (
            <Near
              key={number}
              of={number}
              heights={heights}
              usualPx={rows.length * usualMessagePx}
              // What comes in above the reader has its true height at once, or the reader would be moved.
              isAtOnce={!heights.has(number)}
              // Until the reader is there.
              isHeld={jumped.current !== jumpTo && rows.some(({ seq }) => seq === jumpTo)}
              scroller={box}
            >
              {() => (
                <ol>
                  {rows.map((message, index) => (
                    <Fragment key={message.id}>{rowOf(message, messages[first + index - 1])}</Fragment>
                  ))}
                </ol>
              )}
            </Near>
          ))}
          {!room.hasNewer.value && unsent.waiting.length + unsent.failed.length > 0 && (
            <ol>
              {unsent.waiting.map((each) => (
                <WaitingItem key={each.key} message={each.message} />
              ))}
              {unsent.failed.map((each) => (
                <FailedItem key={each.key} failed={each} />
              ))}
            </ol>
          )}
        </div>
      </section>
      {(!isAtEnd.value || room.hasNewer.value) && (
        <Button
          class="to-end"
          icon="down"
          label={t("chat_to_end")}
          onClick={() => {
            room.toEnd();
            isAtEnd.value = true;
            box.current?.scrollTo({ top: box.current.scrollHeight });
          }}
        />
      )}
    </div>
  );
}

/** What waits for the network, and what was refused. A message that arrived is not shown twice. */
function unsentOf(room: Room, messages: Message[]) {
  const arrived = new Set(messages.map(({ client_id }) => client_id));
  const failed = failedMessages.value.filter(({ message }) => message.conversation_id === room.id);
  return {
    waiting: waiting.value.flatMap((entry) => {
      const message = messageIn(entry);
      return message?.conversation_id === room.id && !arrived.has(entry.key)
        ? [{ key: entry.key, message }]
        : [];
    }),
    failed: failed.filter(
      ({ key }) => !arrived.has(key) && !waiting.value.some((entry) => entry.key === key),
    ),
  };
}

/** Under which message each reader stands: the last one that they have read. */
function readersOf(receipts: Receipt[], messages: Message[]): Map<number, Receipt["profile"][]> {
  const readers = new Map<number, Receipt["profile"][]>();
  for (const { profile, read_seq } of receipts) {
    if (profile.id === userId.value) continue;
    const last = messages.findLast(({ seq, change }) => seq <= read_seq && !change);
    if (last) readers.set(last.id, [...(readers.get(last.id) ?? []), profile]);
  }
  return readers;
}

function areTogether(previous: Message | undefined, { sender, created_at }: Message): boolean {
  if (!previous || previous.change || previous.sender?.id !== sender?.id) return false;
  return new Date(created_at).getTime() - new Date(previous.created_at).getTime() < togetherMs;
}

const dayOf = ({ created_at }: Message) => new Date(created_at).toDateString();

function dayWords({ created_at }: Message): string {
  const date = new Date(created_at);
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  return date.toLocaleDateString(dateLocale.value, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: isThisYear ? undefined : "numeric",
  });
}
